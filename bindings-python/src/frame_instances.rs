//! Instances, read from a data frame: column by column, then registered row by row.

use placewright::adapter::Session;
use placewright::expr::Timestamp;
use placewright::limits::DEVICES_MAX;
use placewright::{Error, Instance, InstanceStatus};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};

use crate::convert;
use crate::error;
use crate::frame::{Frame, Named, at, gap, pairs, unfit};
use crate::watch::Watcher;

/// A column that may be absent: its name, and its values.
type Part<T> = Option<(String, Vec<Option<T>>)>;

/// The value of a part in a row.
fn of<T>(part: &Part<T>, row: usize) -> Option<&T> {
    part.as_ref().and_then(|(_, values)| values.get(row)?.as_ref())
}

/// The value of a part in a row, where there must be one.
fn sure<T>(part: &(String, Vec<Option<T>>), row: usize) -> Result<&T, Error> {
    part.1.get(row).and_then(Option::as_ref).ok_or_else(|| gap(&part.0, row))
}

/// Instances, read column by column.
pub(crate) struct Instances {
    /// Number of rows.
    rows: usize,
    /// Names.
    name: (String, Vec<Option<String>>),
    /// CPU units.
    cpu: (String, Vec<Option<i64>>),
    /// MiB of memory.
    memory_mib: (String, Vec<Option<i64>>),
    /// Zones.
    zone: Part<String>,
    /// Statuses.
    status: Part<String>,
    /// Whether the agent is connected.
    agent_connected: Part<bool>,
    /// Versions of the agent.
    agent_version: Part<String>,
    /// EC2 instance ids.
    ec2_instance_id: Part<String>,
    /// Capacity providers.
    capacity_provider: Part<String>,
    /// Numbers of GPUs.
    gpus: Part<i64>,
    /// Numbers of awsvpc tasks.
    eni_task_slots: Part<i64>,
    /// Attributes: columns, names, values.
    attributes: Vec<(String, String, Vec<Option<String>>)>,
    /// Custom resources: columns, names, amounts.
    custom: Customs,
    /// What is left of them.
    custom_remaining: Customs,
    /// When they registered.
    registered_at: Part<Timestamp>,
    /// TCP host ports that are taken.
    ports: Part<Vec<i64>>,
    /// UDP host ports that are taken.
    udp_ports: Part<Vec<i64>>,
    /// CPU units that are left.
    cpu_remaining: Part<i64>,
    /// MiB of memory that are left.
    memory_mib_remaining: Part<i64>,
    /// GPUs that are free.
    gpus_remaining: Part<i64>,
    /// Tasks they run.
    running_tasks: Part<i64>,
}

/// Columns, resources, amounts.
type Customs = Vec<(String, String, Vec<Option<i64>>)>;

impl Instances {
    /// A session of the instances of a frame, with options among the keyword arguments.
    pub(crate) fn session<'py>(frame: &Bound<'py, PyAny>, given: Option<&Bound<'py, PyDict>>) -> PyResult<Session> {
        let (instances, options) = Self::read(frame, given)?;
        let mut session = Session::new(convert::to_options(Some(&options))?);
        let py = frame.py();
        let mut watcher = Watcher::of_signals();
        let loaded = py.detach(|| instances.load(&mut session, &mut watcher));
        loaded.map_err(|fault| error::plain(py, &fault))?.ok_or_else(|| watcher.into_error())?;
        Ok(session)
    }

    /// Reads the columns that keyword arguments name; gives those that are left.
    pub(crate) fn read<'py>(
        frame: &Bound<'py, PyAny>,
        given: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<(Self, Bound<'py, PyDict>)> {
        let (frame, named) = (Frame::read(frame)?, Named::new(frame.py(), given)?);
        let name = named.needed(&frame, "name", &["name", "id"])?;
        let cpu = named.needed(&frame, "cpu", &["cpu", "cpu_registered"])?;
        let memory_mib = named.needed(&frame, "memory_mib", &["memory_mib", "memory_mib_registered"])?;
        let mut used = vec![name.clone(), cpu.clone(), memory_mib.clone()];
        let mut part = |part: &str, usual: &[&str]| -> PyResult<Option<String>> {
            let column = named.column(&frame, part, usual)?;
            used.extend(column.clone());
            Ok(column)
        };
        let text = |column: Option<String>| -> PyResult<Part<String>> {
            column.map(|column| Ok((column.clone(), frame.texts(&column)?))).transpose()
        };
        let integer = |column: Option<String>| -> PyResult<Part<i64>> {
            column.map(|column| Ok((column.clone(), frame.integers(&column)?))).transpose()
        };
        let zone = text(part("zone", &["zone"])?)?;
        let status = text(part("status", &["status"])?)?;
        let agent_connected = part("agent_connected", &["agent_connected"])?;
        let agent_connected =
            agent_connected.map(|column| PyResult::Ok((column.clone(), frame.booleans(&column)?))).transpose()?;
        let agent_version = text(part("agent_version", &["agent_version"])?)?;
        let ec2_instance_id = text(part("ec2_instance_id", &["ec2_instance_id"])?)?;
        let capacity_provider = text(part("capacity_provider", &["capacity_provider"])?)?;
        let gpus = integer(part("gpus", &["gpus", "gpus_registered"])?)?;
        let eni_task_slots = integer(part("eni_task_slots", &["eni_task_slots", "eni_task_slots_registered"])?)?;
        let registered_at = part("registered_at", &["registered_at"])?;
        let registered_at =
            registered_at.map(|column| PyResult::Ok((column.clone(), frame.instants(&column)?))).transpose()?;
        let list = |column: Option<String>| -> PyResult<Part<Vec<i64>>> {
            column.map(|column| Ok((column.clone(), frame.lists(&column)?))).transpose()
        };
        let ports = list(part("ports", &["ports"])?)?;
        let udp_ports = list(part("udp_ports", &["udp_ports"])?)?;
        let cpu_remaining = integer(part("cpu_remaining", &["cpu_remaining"])?)?;
        let memory_mib_remaining = integer(part("memory_mib_remaining", &["memory_mib_remaining"])?)?;
        let gpus_remaining = integer(part("gpus_remaining", &["gpus_remaining"])?)?;
        let running_tasks = integer(part("running_tasks", &["running_tasks"])?)?;
        let mut customs = |option: &str| -> PyResult<Customs> {
            let mut customs = Vec::new();
            for (column, resource) in named.take(option)?.map_or(Ok(Vec::new()), |value| pairs(&value))? {
                let amounts = frame.integers(&column)?;
                used.push(column.clone());
                customs.push((column, resource, amounts));
            }
            Ok(customs)
        };
        let (custom, custom_remaining) = (customs("custom")?, customs("custom_remaining")?);
        let wanted = match named.take("attributes")? {
            None => Vec::new(),
            Some(value) => match value.cast::<PyBool>() {
                Ok(all) if all.is_true() => {
                    let further = frame.names().filter(|name| !used.iter().any(|used| used == name));
                    let mut texts = Vec::new();
                    for name in further {
                        if frame.is_text(name)? {
                            texts.push((name.to_string(), name.to_string()));
                        }
                    }
                    texts
                }
                Ok(_) => Vec::new(),
                Err(_) => pairs(&value)?,
            },
        };
        let mut attributes = Vec::new();
        for (column, name) in wanted {
            let values = frame.texts(&column)?;
            attributes.push((column, name, values));
        }
        let read = Self {
            rows: frame.rows,
            name: (name.clone(), frame.texts(&name)?),
            cpu: (cpu.clone(), frame.integers(&cpu)?),
            memory_mib: (memory_mib.clone(), frame.integers(&memory_mib)?),
            zone,
            status,
            agent_connected,
            agent_version,
            ec2_instance_id,
            capacity_provider,
            gpus,
            eni_task_slots,
            attributes,
            custom,
            custom_remaining,
            registered_at,
            ports,
            udp_ports,
            cpu_remaining,
            memory_mib_remaining,
            gpus_remaining,
            running_tasks,
        };
        Ok((read, named.rest))
    }

    /// A cluster that has them, and their custom resources declared. `None` where `watcher` stopped that.
    pub(crate) fn load(&self, session: &mut Session, watcher: &mut Watcher) -> Result<Option<()>, Error> {
        for (_, resource, _) in &self.custom {
            session.declare_resource(resource)?;
        }
        self.register_each(session, watcher)
    }

    /// Registers all of them, or none; `None` where `watcher` stopped that.
    pub(crate) fn register_all(&self, session: &mut Session, watcher: &mut Watcher) -> Result<Option<()>, Error> {
        let savepoint = session.begin();
        match self.register_each(session, watcher) {
            Ok(Some(())) => session.commit(savepoint).map(Some),
            Ok(None) => session.rollback(savepoint).map(|()| None),
            Err(fault) => session.rollback(savepoint).and(Err(fault)),
        }
    }

    /// Registers one after another.
    fn register_each(&self, session: &mut Session, watcher: &mut Watcher) -> Result<Option<()>, Error> {
        let mut next = 1;
        for row in 0..self.rows {
            if row == next {
                let Some(part) = watcher.watch(row) else { return Ok(None) };
                next = row + part;
            }
            self.register(session, row)?;
        }
        Ok(Some(()))
    }

    /// Registers one of them.
    fn register(&self, session: &mut Session, row: usize) -> Result<(), Error> {
        let mut devices = Vec::new();
        if let (Some(&gpus), Some((column, _))) = (of(&self.gpus, row), &self.gpus) {
            match usize::try_from(gpus) {
                Ok(gpus) if gpus <= DEVICES_MAX => devices.extend((0..gpus).map(|number| format!("gpu-{number}"))),
                _ => return Err(unfit(column, row, &format!("number of GPUs from 0 to {DEVICES_MAX}"), &gpus)),
            }
        }
        let mut instance = Instance::new(sure(&self.name, row)?)
            .with_resources(*sure(&self.cpu, row)?, *sure(&self.memory_mib, row)?)
            .with_gpus(devices.iter().map(String::as_str));
        if let (Some(status), Some((column, _))) = (of(&self.status, row), &self.status) {
            let known = InstanceStatus::from_ecs(status).ok_or_else(|| unfit(column, row, "status", status))?;
            instance = instance.with_status(known);
        }
        if let (Some(&slots), Some((column, _))) = (of(&self.eni_task_slots, row), &self.eni_task_slots) {
            let slots =
                u32::try_from(slots).map_err(|_| unfit(column, row, "number of task network interfaces", &slots))?;
            instance.eni_task_slots = Some(slots);
        }
        instance.agent_connected = of(&self.agent_connected, row).copied().unwrap_or(true);
        instance.agent_version = of(&self.agent_version, row).map(String::as_str);
        instance.ec2_instance_id = of(&self.ec2_instance_id, row).map(String::as_str);
        instance.capacity_provider = of(&self.capacity_provider, row).map(String::as_str);
        // The column each attribute came from, in the order of the attributes.
        let mut columns: Vec<&str> = Vec::with_capacity(self.attributes.len() + 1);
        for (column, name, values) in &self.attributes {
            if let Some(Some(value)) = values.get(row) {
                instance.attributes.push((name, Some(value.as_str()).filter(|value| !value.is_empty())));
                columns.push(column);
            }
        }
        if let (Some(zone), Some((column, _))) = (of(&self.zone, row), &self.zone) {
            instance = instance.with_zone(zone);
            columns.push(column);
        }
        for (_, resource, amounts) in &self.custom {
            if let Some(&Some(amount)) = amounts.get(row) {
                instance = instance.with_custom(resource, amount);
            }
        }
        instance.registered_at = of(&self.registered_at, row).copied();
        if let (Some(list), Some((column, _))) = (of(&self.ports, row), &self.ports) {
            instance.registered.tcp_ports = ports(list, column, row)?;
        }
        if let (Some(list), Some((column, _))) = (of(&self.udp_ports, row), &self.udp_ports) {
            instance.registered.udp_ports = ports(list, column, row)?;
        }
        if let (Some(&tasks), Some((column, _))) = (of(&self.running_tasks, row), &self.running_tasks) {
            instance.other_tasks = u32::try_from(tasks).map_err(|_| unfit(column, row, "number of tasks", &tasks))?;
        }
        self.leave(&mut instance, row)?;
        session.register(&instance).map(drop).map_err(|fault| self.located(&fault, row, &columns))
    }

    /// Says what is left of an instance, where a column does: of what no column tells of all is left.
    fn leave<'s>(&'s self, instance: &mut Instance<'s>, row: usize) -> Result<(), Error> {
        let (cpu, memory) = (of(&self.cpu_remaining, row), of(&self.memory_mib_remaining, row));
        let gpus = of(&self.gpus_remaining, row);
        let customs = self.custom_remaining.iter().filter_map(|(_, name, amounts)| Some((name, (*amounts.get(row)?)?)));
        let customs: Vec<_> = customs.collect();
        if cpu.is_none() && memory.is_none() && gpus.is_none() && customs.is_empty() {
            return Ok(());
        }
        let mut left = instance.registered.clone();
        left.cpu = cpu.copied().unwrap_or(left.cpu);
        left.memory_mib = memory.copied().unwrap_or(left.memory_mib);
        if let (Some(&gpus), Some((column, _))) = (gpus, &self.gpus_remaining) {
            let taken = usize::try_from(gpus).ok().and_then(|free| left.gpus.len().checked_sub(free));
            let what = format!("number of GPUs from 0 to {}", left.gpus.len());
            // The first are taken first.
            left.gpus.drain(..taken.ok_or_else(|| unfit(column, row, &what, &gpus))?);
        }
        for (name, amount) in customs {
            match left.custom.iter_mut().find(|(known, _)| *known == name.as_str()) {
                Some((_, known)) => *known = amount,
                None => left.custom.push((name, amount)),
            }
        }
        instance.remaining = Some(left);
        Ok(())
    }

    /// An error of the core at the column and the row that it is about. Its path names a field of ECS's object, which came from
    /// one column.
    fn located(&self, fault: &Error, row: usize, columns: &[&str]) -> Error {
        let path = fault.path().unwrap_or_default();
        let part = |part: &Part<i64>| part.as_ref().map(|(column, _)| column.clone());
        let column = match path.split_once(['.', '[']).unwrap_or((path, "")) {
            ("containerInstanceArn", _) => Some(self.name.0.clone()),
            ("registeredResources", "CPU") => Some(self.cpu.0.clone()),
            ("registeredResources", "MEMORY") => Some(self.memory_mib.0.clone()),
            ("registeredResources", "GPU") => part(&self.gpus),
            ("registeredResources", name) => custom(&self.custom, name),
            ("remainingResources", "CPU") => part(&self.cpu_remaining),
            ("remainingResources", "MEMORY") => part(&self.memory_mib_remaining),
            ("remainingResources", name) => custom(&self.custom_remaining, name),
            ("runningTasksCount", _) => part(&self.running_tasks),
            ("attributes", rest) => {
                let number = rest.strip_suffix(']').and_then(|number| number.parse::<usize>().ok());
                number.and_then(|number| columns.get(number)).map(ToString::to_string)
            }
            _ => None,
        };
        let again = match column {
            Some(column) => at(&column, row, fault.kind(), fault.message().to_string()),
            None => Error::with_message(fault.kind(), fault.message()).in_path(&format!("[{row}]")),
        };
        fault.help().map_or(again.clone(), |help| again.with_help(help))
    }
}

/// The column that a custom resource came from.
fn custom(customs: &Customs, name: &str) -> Option<String> {
    customs.iter().find(|(_, known, _)| known == name).map(|(column, ..)| column.clone())
}

/// Host ports.
fn ports(list: &[i64], column: &str, row: usize) -> Result<Vec<u16>, Error> {
    let port = |port: &i64| u16::try_from(*port).map_err(|_| unfit(column, row, "list of ports from 0 to 65535", port));
    list.iter().map(port).collect()
}

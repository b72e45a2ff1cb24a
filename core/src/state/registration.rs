//! Registering an instance: its description, checked and written into a slot.
//!
//! Everything is checked before anything is written, so an instance that is refused leaves no trace.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::error::{Error, ErrorKind};
use crate::id::{AttributeId, ValueId};
use crate::instance::{Amounts, Instance, InstanceStatus, Protocol};
use crate::limits::{
    AMOUNT_MAX, ATTRIBUTE_BYTES_MAX, CUSTOM_RESOURCES_MAX, DEVICES_MAX, INSTANCE_ATTRIBUTES_MAX, INSTANCES_MAX,
    NAME_BYTES_MAX, TASKS_MAX,
};
use crate::resource::{DIMENSIONS, ResourceKind, registered_amount, remaining_amount};

use super::columns::counted;
use super::devices::Devices;
use super::ports::port_key;
use super::{Details, ENI_UNLIMITED, InstanceInfo, Life, NONE, Occupancy, State, TextId, WORD};

/// An unregistered instance, read and checked.
struct Checked<'a> {
    /// What it has, by dimension.
    registered: [i32; DIMENSIONS],
    /// What is left of it, by dimension.
    remaining: [i32; DIMENSIONS],
    /// Keys of the ports its agent reserved, sorted.
    agent_ports: Vec<u32>,
    /// Keys of the ports taken by nobody known, sorted.
    base_ports: Vec<u32>,
    /// GPUs.
    devices: Devices,
    /// Attributes, each name once.
    attributes: Vec<(&'a str, &'a str)>,
}

/// Resources that cannot be declared as custom ones.
const BUILT_IN_RESOURCES: [&str; 6] = ["CPU", "MEMORY", "PORTS", "PORTS_UDP", "ENI", "GPU"];

/// A name that is too long, or empty.
pub(crate) fn check_name(what: &str, name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::with_message(ErrorKind::InvalidParameter, alloc::format!("{what} is empty")));
    }
    if name.len() > NAME_BYTES_MAX {
        let message = alloc::format!("{what} has {} bytes, more than {NAME_BYTES_MAX}", name.len());
        return Err(Error::with_message(ErrorKind::LimitExceeded, message));
    }
    Ok(())
}

/// An attribute whose name is empty, or whose name or value is too long.
pub(crate) fn check_attribute(name: &str, value: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::with_message(ErrorKind::InvalidAttribute, "attribute name is empty"));
    }
    if name.len() > ATTRIBUTE_BYTES_MAX || value.len() > ATTRIBUTE_BYTES_MAX {
        let message = alloc::format!("attribute name or value has more than {ATTRIBUTE_BYTES_MAX} bytes");
        return Err(Error::with_message(ErrorKind::LimitExceeded, message));
    }
    Ok(())
}

/// Keys of the ports an instance lists as taken, sorted, each once.
fn taken_ports(amounts: &Amounts<'_>) -> Vec<u32> {
    let tcp = amounts.tcp_ports.iter().map(|&port| port_key(Protocol::Tcp, port));
    let udp = amounts.udp_ports.iter().map(|&port| port_key(Protocol::Udp, port));
    let mut keys: Vec<u32> = tcp.chain(udp).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

impl State {
    /// Reads and checks an instance; changes nothing.
    fn check_instance<'a>(&self, spec: &Instance<'a>, eni_slots: Option<u32>) -> Result<Checked<'a>, Error> {
        check_name("container instance id", spec.name).map_err(|error| error.in_path("containerInstanceArn"))?;
        if self.named(spec.name).is_some() {
            let message = alloc::format!("container instance `{}` is already registered", spec.name);
            return Err(Error::with_message(ErrorKind::DuplicateInstance, message).in_path("containerInstanceArn"));
        }
        if spec.other_tasks as usize > TASKS_MAX {
            let message = alloc::format!("`{}` tasks are more than {TASKS_MAX}", spec.other_tasks);
            return Err(Error::with_message(ErrorKind::LimitExceeded, message).in_path("runningTasksCount"));
        }
        let mut registered = [0; DIMENSIONS];
        let mut remaining = [0; DIMENSIONS];
        let left = spec.remaining.as_ref();
        let (cpu, memory) = (ResourceKind::Cpu.column(), ResourceKind::Memory.column());
        // Where in ECS's object an amount would stand; records there have names.
        let has = |name: &str, amount| {
            registered_amount(amount).map_err(|error| error.in_path(name).in_path("registeredResources"))
        };
        let keeps = |name: &str, amount| {
            remaining_amount(amount).map_err(|error| error.in_path(name).in_path("remainingResources"))
        };
        registered[cpu] = has("CPU", spec.registered.cpu)?;
        registered[memory] = has("MEMORY", spec.registered.memory_mib)?;
        remaining[cpu] = left.map_or(Ok(registered[cpu]), |left| keeps("CPU", left.cpu))?;
        remaining[memory] = left.map_or(Ok(registered[memory]), |left| keeps("MEMORY", left.memory_mib))?;
        for &(name, amount) in &spec.registered.custom {
            let column =
                self.custom_column(name).map_err(|error| error.in_path(name).in_path("registeredResources"))?;
            registered[column] = has(name, amount)?;
        }
        for index in 0..self.custom_names.len() {
            #[expect(clippy::cast_possible_truncation, reason = "at most CUSTOM_RESOURCES_MAX names are declared")]
            let column = ResourceKind::Custom(index as u8).column();
            remaining[column] = if left.is_some() { 0 } else { registered[column] };
        }
        for &(name, amount) in left.iter().flat_map(|left| &left.custom) {
            let column = self.custom_column(name).map_err(|error| error.in_path(name).in_path("remainingResources"))?;
            remaining[column] = keeps(name, amount)?;
        }

        let agent_ports = taken_ports(&spec.registered);
        let base_ports = left.map_or_else(|| agent_ports.clone(), taken_ports);
        let ports = ResourceKind::Ports.column();
        registered[ports] = self.host_ports_max;
        #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "there are 131,072 ports")]
        {
            remaining[ports] = self.host_ports_max.saturating_sub(base_ports.len() as i32);
        }

        let eni = ResourceKind::Eni.column();
        registered[eni] =
            eni_slots.map_or(ENI_UNLIMITED, |slots| i32::try_from(slots).unwrap_or(AMOUNT_MAX).min(AMOUNT_MAX - 1));
        remaining[eni] = registered[eni];

        let devices = check_devices(spec).map_err(|error| error.in_path("GPU").in_path("registeredResources"))?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "at most DEVICES_MAX")]
        {
            registered[ResourceKind::Gpu.column()] = devices.len() as i32;
        }
        registered[ResourceKind::GpuShare.column()] = if devices.len() == 0 { 0 } else { 1000 };
        remaining[ResourceKind::Gpu.column()] = devices.whole_free();
        remaining[ResourceKind::GpuShare.column()] = devices.share_free();

        if spec.attributes.len() > INSTANCE_ATTRIBUTES_MAX {
            let message = alloc::format!("an instance has at most {INSTANCE_ATTRIBUTES_MAX} attributes");
            return Err(Error::with_message(ErrorKind::LimitExceeded, message));
        }
        let mut attributes: Vec<(&str, &str)> = Vec::with_capacity(spec.attributes.len());
        for (index, &(name, value)) in spec.attributes.iter().enumerate() {
            let value = value.unwrap_or_default();
            check_attribute(name, value).map_err(|error| error.in_path(&alloc::format!("attributes[{index}]")))?;
            match attributes.iter_mut().find(|known| known.0 == name) {
                Some(known) => known.1 = value,
                None => attributes.push((name, value)),
            }
        }
        Ok(Checked { registered, remaining, agent_ports, base_ports, devices, attributes })
    }

    /// The column of a declared custom resource.
    fn custom_column(&self, name: &str) -> Result<usize, Error> {
        match self.custom_names.iter().position(|known| **known == *name) {
            #[expect(clippy::cast_possible_truncation, reason = "at most CUSTOM_RESOURCES_MAX names are declared")]
            Some(index) => Ok(ResourceKind::Custom(index as u8).column()),
            None => Err(Error::with_message(
                ErrorKind::InvalidParameter,
                alloc::format!("custom resource `{name}` was not declared"),
            )),
        }
    }

    /// Declares a custom resource; declaring it again changes nothing.
    ///
    /// # Errors
    /// [`ErrorKind::LimitExceeded`] beyond [`CUSTOM_RESOURCES_MAX`], [`ErrorKind::InvalidParameter`] for an empty name or that
    /// of a built-in resource.
    pub(crate) fn declare_resource(&mut self, name: &str) -> Result<ResourceKind, Error> {
        check_name("custom resource name", name)?;
        if BUILT_IN_RESOURCES.contains(&name) {
            let message = alloc::format!("resource `{name}` is built in");
            return Err(Error::with_message(ErrorKind::InvalidParameter, message));
        }
        let index = match self.custom_names.iter().position(|known| **known == *name) {
            Some(index) => index,
            None if self.custom_names.len() < CUSTOM_RESOURCES_MAX => {
                let column = self.dimensions();
                self.custom_names.push(name.into());
                let room = self.remaining[ResourceKind::Cpu.column()].capacity();
                self.registered[column].reserve(room);
                self.remaining[column].reserve(room);
                self.grow_columns(column);
                self.custom_names.len() - 1
            }
            None => {
                let message = alloc::format!("at most {CUSTOM_RESOURCES_MAX} custom resources can be declared");
                return Err(Error::with_message(ErrorKind::LimitExceeded, message));
            }
        };
        #[expect(clippy::cast_possible_truncation, reason = "below CUSTOM_RESOURCES_MAX")]
        Ok(ResourceKind::Custom(index as u8))
    }

    /// Fills a slot in for an instance, aside; [`Delta::Register`] brings it to life.
    ///
    /// # Errors
    /// Whatever is wrong with the instance, or a limit; nothing has changed then.
    pub(crate) fn add_instance(&mut self, spec: &Instance<'_>, eni_slots: Option<u32>) -> Result<u32, Error> {
        let checked = self.check_instance(spec, eni_slots)?;
        if self.free.is_empty() && self.slots() >= INSTANCES_MAX {
            return Err(Error::new(ErrorKind::CapacityMax));
        }
        let held = self.hold_attributes(&checked.attributes)?;
        let details = match self.hold_details(spec) {
            Ok(details) => details,
            Err(error) => {
                self.release_attributes(held);
                return Err(error);
            }
        };
        let slot = self.take_slot();
        let at = slot as usize;
        for kind in counted(self.custom_names.len()) {
            let column = kind.column();
            let surplus = i64::from(checked.remaining[column]) - i64::from(checked.registered[column]);
            self.surplus.set(slot, column, surplus);
        }
        for column in 0..self.dimensions() {
            self.registered[column][at] = checked.registered[column];
            self.remaining[column][at] = checked.remaining[column];
        }
        self.info[at] = InstanceInfo { name: spec.name.into(), details };
        self.life[at] = Life::Aside;
        self.order[at] = self.registrations;
        self.registrations += 1;
        self.status[at] = spec.status;
        self.agent[at] = spec.agent_connected;
        self.occupancy[at].running = spec.other_tasks;
        self.occupancy[at].head = NONE;
        self.ports.replace_base(&mut self.base[at], checked.base_ports);
        self.ports.replace_base(&mut self.agent_base[at], checked.agent_ports);
        if checked.devices.len() > 0 {
            self.reserve_task_devices();
        }
        self.devices[at] = checked.devices;
        let slots = self.slots();
        for (name, value) in held {
            self.attributes.set(name, slot, Some(value), slots);
        }
        Ok(slot)
    }

    /// Holds the names and values of attributes, all or none.
    fn hold_attributes(&mut self, attributes: &[(&str, &str)]) -> Result<Vec<(AttributeId, ValueId)>, Error> {
        let mut held = Vec::with_capacity(attributes.len());
        for &(name, value) in attributes {
            match self.hold_attribute(name, value) {
                Ok(pair) => held.push(pair),
                Err(error) => {
                    self.release_attributes(held);
                    return Err(error);
                }
            }
        }
        Ok(held)
    }

    /// Lets go of attributes held together.
    fn release_attributes(&mut self, held: Vec<(AttributeId, ValueId)>) {
        for pair in held {
            self.release_attribute(pair);
        }
    }

    /// What is said of an instance beside its name, if anything is; its shared texts are held.
    fn hold_details(&mut self, spec: &Instance<'_>) -> Result<Option<Box<Details>>, Error> {
        let agent_version = self.hold_text(spec.agent_version)?;
        let capacity_provider = self.hold_text(spec.capacity_provider).inspect_err(|_| {
            self.release_text(agent_version);
        })?;
        let details = Details {
            ec2_instance_id: spec.ec2_instance_id.map(Box::from),
            registered_at: spec.registered_at,
            agent_version,
            capacity_provider,
            other_tasks: spec.other_tasks,
            eni_task_slots: spec.eni_task_slots,
        };
        Ok((details != Details::NONE).then(|| Box::new(details)))
    }

    /// Holds a text that many instances share.
    fn hold_text(&mut self, text: Option<&str>) -> Result<Option<TextId>, Error> {
        let number = text.map(|text| self.texts.hold(text)).transpose()?;
        Ok(number.and_then(TextId::new))
    }

    /// Lets go of a shared text.
    fn release_text(&mut self, text: Option<TextId>) {
        if let Some(text) = text {
            self.texts.release(text.number());
        }
    }

    /// Forgets the facts about an instance.
    pub(super) fn release_info(&mut self, slot: u32) {
        let info = core::mem::take(&mut self.info[slot as usize]);
        self.release_text(info.details().agent_version);
        self.release_text(info.details().capacity_provider);
    }

    /// A slot from the free list, or a new one.
    fn take_slot(&mut self) -> u32 {
        if let Some(slot) = self.free.pop() {
            return slot;
        }
        // Here and not when a slot is given back, so that a rollback never allocates.
        self.free.reserve(self.slots() + 1 - self.free.len());
        #[expect(clippy::cast_possible_truncation, reason = "at most INSTANCES_MAX")]
        let slot = self.slots() as u32;
        self.info.push(InstanceInfo::default());
        self.life.push(Life::Free);
        self.order.push(0);
        self.status.push(InstanceStatus::Inactive);
        self.agent.push(false);
        self.occupancy.push(Occupancy { generation: 1, running: 0, head: NONE });
        self.base.push(0);
        self.agent_base.push(0);
        self.devices.push(Devices::default());
        for index in 0..self.dimensions() {
            self.grow_columns(index);
        }
        slot
    }

    /// Makes both columns of a dimension as long as there are slots.
    fn grow_columns(&mut self, dimension: usize) {
        let padded = self.slots().next_multiple_of(WORD);
        self.registered[dimension].resize(padded, 0);
        self.remaining[dimension].resize(padded, 0);
    }
}

/// The devices of an instance, checked.
fn check_devices(spec: &Instance<'_>) -> Result<Devices, Error> {
    let ids = &spec.registered.gpus;
    if ids.len() > DEVICES_MAX {
        let message = alloc::format!("an instance has at most {DEVICES_MAX} GPUs");
        return Err(Error::with_message(ErrorKind::LimitExceeded, message));
    }
    for (position, id) in ids.iter().enumerate() {
        check_name("GPU id", id)?;
        if ids[..position].contains(id) {
            let message = alloc::format!("GPU `{id}` is listed twice");
            return Err(Error::with_message(ErrorKind::InvalidParameter, message));
        }
    }
    Ok(Devices::new(ids, |id| spec.remaining.as_ref().is_none_or(|left| left.gpus.contains(&id))))
}

//! Writing the columns: filling slots in, applying deltas, giving slots back.
//!
//! A slot is filled in before the delta that brings it to life, and emptied after no savepoint can bring it back. Between
//! the two, [`State::apply`] is the only writer.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::attribute::intern::hash_text;
use crate::demand::GpuDemand;
use crate::error::{Error, ErrorKind};
use crate::id::{AttributeId, DemandId, GENERATION_MAX, GroupId, ValueId};
use crate::instance::{Amounts, Instance, InstanceStatus, Protocol};
use crate::limits::{
    AMOUNT_MAX, ATTRIBUTE_BYTES_MAX, CUSTOM_RESOURCES_MAX, DEVICES_MAX, INSTANCE_ATTRIBUTES_MAX, INSTANCES_MAX,
    NAME_BYTES_MAX, TASKS_MAX,
};
use crate::resource::{DIMENSIONS, ResourceKind, registered_amount, remaining_amount};

use super::delta::Delta;
use super::devices::Devices;
use super::ports::port_key;
use super::{ENI_UNLIMITED, Group, InstanceInfo, Life, NONE, State, Task, WORD};

/// A task about to be brought to life.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewTask {
    /// Slot of its instance.
    pub(crate) instance: u32,
    /// Its group.
    pub(crate) group: GroupId,
    /// What it will hold.
    pub(crate) demand: DemandId,
    /// Pool positions of the GPUs it will hold.
    pub(crate) devices: u64,
    /// Whether its health checks pass, as far as known.
    pub(crate) is_healthy: bool,
    /// Whether scale-in must leave it alone.
    pub(crate) is_protected: bool,
}

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
        check_name("container instance id", spec.name)?;
        if self.named(spec.name).is_some() {
            let message = alloc::format!("container instance `{}` is already registered", spec.name);
            return Err(Error::with_message(ErrorKind::DuplicateInstance, message));
        }
        let mut registered = [0; DIMENSIONS];
        let mut remaining = [0; DIMENSIONS];
        let left = spec.remaining.as_ref();
        let (cpu, memory) = (ResourceKind::Cpu.column(), ResourceKind::Memory.column());
        let of = |kind: &str| alloc::format!("{kind} of `{}`", spec.name);
        registered[cpu] = registered_amount(spec.registered.cpu).map_err(|error| error.in_path(&of("CPU")))?;
        registered[memory] =
            registered_amount(spec.registered.memory_mib).map_err(|error| error.in_path(&of("MEMORY")))?;
        remaining[cpu] = left.map_or(Ok(registered[cpu]), |left| remaining_amount(left.cpu))?;
        remaining[memory] = left.map_or(Ok(registered[memory]), |left| remaining_amount(left.memory_mib))?;
        for &(name, amount) in &spec.registered.custom {
            registered[self.custom_column(name)?] = registered_amount(amount)?;
        }
        for index in 0..self.custom_names.len() {
            #[expect(clippy::cast_possible_truncation, reason = "at most CUSTOM_RESOURCES_MAX names are declared")]
            let column = ResourceKind::Custom(index as u8).column();
            remaining[column] = if left.is_some() { 0 } else { registered[column] };
        }
        for &(name, amount) in left.iter().flat_map(|left| &left.custom) {
            remaining[self.custom_column(name)?] = remaining_amount(amount)?;
        }

        let agent_ports = taken_ports(&spec.registered);
        let base_ports = left.map_or_else(
            || agent_ports.clone(),
            |left| {
                let mut keys = taken_ports(left);
                keys.extend(&agent_ports);
                keys.sort_unstable();
                keys.dedup();
                keys
            },
        );
        let ports = ResourceKind::Ports.column();
        registered[ports] = self.host_ports_max;
        #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "there are 131,072 ports")]
        {
            remaining[ports] = self.host_ports_max.saturating_sub(base_ports.len() as i32);
        }

        let eni = ResourceKind::Eni.column();
        registered[eni] =
            eni_slots.map_or(ENI_UNLIMITED, |slots| i32::try_from(slots).unwrap_or(AMOUNT_MAX).min(AMOUNT_MAX));
        remaining[eni] = registered[eni];

        let devices = check_devices(spec)?;
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
        for &(name, value) in &spec.attributes {
            let value = value.unwrap_or_default();
            check_attribute(name, value)?;
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
    /// [`ErrorKind::LimitExceeded`] beyond [`CUSTOM_RESOURCES_MAX`], [`ErrorKind::InvalidParameter`] for an empty name.
    pub(crate) fn declare_resource(&mut self, name: &str) -> Result<ResourceKind, Error> {
        check_name("custom resource name", name)?;
        let index = match self.custom_names.iter().position(|known| **known == *name) {
            Some(index) => index,
            None if self.custom_names.len() < CUSTOM_RESOURCES_MAX => {
                self.custom_names.push(name.into());
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
        let slot = self.take_slot();
        let at = slot as usize;
        let mut surplus = [0; DIMENSIONS];
        for kind in counted(self.custom_names.len()) {
            let column = kind.column();
            surplus[column] = checked.remaining[column] - checked.registered[column];
        }
        for column in 0..DIMENSIONS {
            self.registered[column][at] = checked.registered[column];
            self.remaining[column][at] = checked.remaining[column];
        }
        self.info[at] = InstanceInfo {
            name: spec.name.into(),
            agent_version: spec.agent_version.map(Box::from),
            ec2_instance_id: spec.ec2_instance_id.map(Box::from),
            capacity_provider: spec.capacity_provider.map(Box::from),
            registered_at: spec.registered_at,
            other_tasks: spec.other_tasks,
            eni_task_slots: spec.eni_task_slots,
            agent_ports: checked.agent_ports.into_boxed_slice(),
            surplus,
        };
        self.life[at] = Life::Aside;
        self.order[at] = self.registrations;
        self.registrations += 1;
        self.status[at] = spec.status;
        self.agent[at] = spec.agent_connected;
        self.running[at] = spec.other_tasks;
        self.head[at] = NONE;
        self.base[at] = self.ports.base(checked.base_ports);
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
                    for pair in held {
                        self.release_attribute(pair);
                    }
                    return Err(error);
                }
            }
        }
        Ok(held)
    }

    /// Holds the name and the value of one attribute.
    ///
    /// # Errors
    /// [`ErrorKind::CapacityMax`]; nothing is held then.
    pub(crate) fn hold_attribute(&mut self, name: &str, value: &str) -> Result<(AttributeId, ValueId), Error> {
        let name = self.attributes.hold_name(name)?;
        match self.attributes.hold_value(value) {
            Ok(value) => Ok((name, value)),
            Err(error) => {
                self.attributes.release_name(name);
                Err(error)
            }
        }
    }

    /// Lets go of a name and a value held together.
    pub(crate) fn release_attribute(&mut self, (name, value): (AttributeId, ValueId)) {
        self.attributes.release_value(value);
        self.attributes.release_name(name);
    }

    /// A slot from the free list, or a new one.
    fn take_slot(&mut self) -> u32 {
        if let Some(slot) = self.free.pop() {
            return slot;
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most INSTANCES_MAX")]
        let slot = self.slots() as u32;
        self.info.push(InstanceInfo::default());
        self.life.push(Life::Free);
        self.generation.push(1);
        self.order.push(0);
        self.status.push(InstanceStatus::Inactive);
        self.agent.push(false);
        self.running.push(0);
        self.head.push(NONE);
        self.base.push(0);
        self.devices.push(Devices::default());
        let padded = self.slots().next_multiple_of(WORD);
        for column in self.registered.iter_mut().chain(&mut self.remaining) {
            column.resize(padded, 0);
        }
        slot
    }

    /// Empties the slot of an instance that will not come back.
    pub(crate) fn reclaim_instance(&mut self, slot: u32) {
        let at = slot as usize;
        let slots = self.slots();
        let carried: Vec<_> = self.attributes.of_instance(slot);
        for (name, value) in carried {
            self.attributes.set(name, slot, None, slots);
            self.release_attribute((name, value));
        }
        self.info[at] = InstanceInfo::default();
        self.devices[at] = Devices::default();
        if self.generation[at] == GENERATION_MAX {
            self.life[at] = Life::Retired;
        } else {
            self.generation[at] += 1;
            self.life[at] = Life::Free;
            self.free.push(slot);
        }
    }

    /// Fills a slot in for a task, aside; [`Delta::Run`] brings it to life. Takes over one holder of the group and one of
    /// the demand.
    ///
    /// # Errors
    /// [`ErrorKind::CapacityMax`]; nothing has changed then, and the holders are still the caller's.
    pub(crate) fn add_task(&mut self, new: NewTask) -> Result<u32, Error> {
        let slot = if let Some(slot) = self.task_free.pop() {
            slot
        } else {
            if self.tasks.len() >= TASKS_MAX {
                return Err(Error::new(ErrorKind::CapacityMax));
            }
            #[expect(clippy::cast_possible_truncation, reason = "at most TASKS_MAX")]
            let slot = self.tasks.len() as u32;
            self.tasks.push(Task {
                sequence: 0,
                instance: 0,
                group: new.group,
                demand: new.demand,
                generation: 1,
                of_instance: [NONE; 2],
                of_group: [NONE; 2],
                life: Life::Free,
                is_healthy: true,
                is_protected: false,
            });
            self.task_devices.push(0);
            slot
        };
        let task = &mut self.tasks[slot as usize];
        task.sequence = self.sequence;
        task.instance = new.instance;
        task.group = new.group;
        task.demand = new.demand;
        task.life = Life::Aside;
        task.is_healthy = new.is_healthy;
        task.is_protected = new.is_protected;
        self.task_devices[slot as usize] = new.devices;
        self.sequence += 1;
        Ok(slot)
    }

    /// Empties the slot of a task that will not come back.
    pub(crate) fn reclaim_task(&mut self, task: u32) {
        let record = &mut self.tasks[task as usize];
        let (group, demand) = (record.group, record.demand);
        if record.generation == GENERATION_MAX {
            record.life = Life::Retired;
        } else {
            record.generation += 1;
            record.life = Life::Free;
            self.task_free.push(task);
        }
        self.demands.release(demand);
        self.group_names.release(group.0);
    }

    /// The number of a group, with one holder more.
    ///
    /// # Errors
    /// [`ErrorKind::CapacityMax`] when there are too many groups, [`ErrorKind::LimitExceeded`] for a name that is too long.
    pub(crate) fn hold_group(&mut self, name: &str) -> Result<GroupId, Error> {
        check_name("task group", name)?;
        let number = self.group_names.hold(name)?;
        if number as usize >= self.groups.len() {
            self.groups.push(Group { head: NONE, active: 0 });
        }
        Ok(GroupId(number))
    }

    /// Carries out a change.
    pub(crate) fn apply(&mut self, delta: Delta) {
        match delta {
            Delta::Run { task } => {
                self.hold_resources(task);
                self.link_instance(task);
                self.count(task);
            }
            Delta::Stop { task } => {
                self.uncount(task);
                self.unlink_instance(task);
                self.release_resources(task);
                self.tasks[task as usize].life = Life::Aside;
            }
            Delta::BeginStop { task } => {
                self.uncount(task);
                self.tasks[task as usize].life = Life::Stopping;
            }
            Delta::UndoBeginStop { task } => self.count(task),
            Delta::FinishStop { task } => {
                self.unlink_instance(task);
                self.release_resources(task);
                self.tasks[task as usize].life = Life::Aside;
            }
            Delta::UndoFinishStop { task } => {
                self.hold_resources(task);
                self.link_instance(task);
                self.tasks[task as usize].life = Life::Stopping;
            }
            Delta::Register { slot } => self.enter(slot),
            Delta::Deregister { slot } => self.leave(slot),
            Delta::Status { slot, to, .. } => self.status[slot as usize] = to,
            Delta::Agent { slot, connected } => self.agent[slot as usize] = connected,
            Delta::Attribute { slot, name, to, .. } => {
                let slots = self.slots();
                self.attributes.set(name, slot, to, slots);
            }
        }
    }

    /// Puts an instance into the registry and the table of names.
    fn enter(&mut self, slot: u32) {
        let order = &self.order;
        let position = self.registry.partition_point(|&other| order[other as usize] < order[slot as usize]);
        self.registry.insert(position, slot);
        let hash = hash_text(&self.info[slot as usize].name);
        let info = &self.info;
        self.names.insert_unique(hash, slot, |&other| hash_text(&info[other as usize].name));
        self.life[slot as usize] = Life::Live;
    }

    /// Takes an instance out of the registry and the table of names.
    fn leave(&mut self, slot: u32) {
        let order = &self.order;
        let position = self.registry.partition_point(|&other| order[other as usize] < order[slot as usize]);
        self.registry.remove(position);
        if let Ok(found) = self.names.find_entry(hash_text(&self.info[slot as usize].name), |&other| other == slot) {
            found.remove();
        }
        self.life[slot as usize] = Life::Aside;
    }

    /// Subtracts what a task holds from its instance.
    fn hold_resources(&mut self, task: u32) {
        let Self { tasks, demands, remaining, registered, ports, devices, task_devices, .. } = self;
        let record = &tasks[task as usize];
        let slot = record.instance;
        let at = slot as usize;
        let demand = demands.get(record.demand);
        for (column, amount) in demand.held_amounts() {
            if registered[column][at] != ENI_UNLIMITED {
                remaining[column][at] -= amount;
            }
        }
        for &key in &demand.ports {
            ports.hold(slot, key, task);
        }
        if demand.gpus() != GpuDemand::None {
            devices[at].take(demand.gpus(), task_devices[task as usize]);
            remaining[ResourceKind::Gpu.column()][at] = devices[at].whole_free();
            remaining[ResourceKind::GpuShare.column()][at] = devices[at].share_free();
        }
    }

    /// Adds what a task holds back to its instance.
    fn release_resources(&mut self, task: u32) {
        let Self { tasks, demands, remaining, registered, ports, devices, task_devices, .. } = self;
        let record = &tasks[task as usize];
        let slot = record.instance;
        let at = slot as usize;
        let demand = demands.get(record.demand);
        for (column, amount) in demand.held_amounts() {
            if registered[column][at] != ENI_UNLIMITED {
                remaining[column][at] += amount;
            }
        }
        for &key in &demand.ports {
            ports.release(slot, key, task);
        }
        if demand.gpus() != GpuDemand::None {
            devices[at].give_back(demand.gpus(), task_devices[task as usize]);
            remaining[ResourceKind::Gpu.column()][at] = devices[at].whole_free();
            remaining[ResourceKind::GpuShare.column()][at] = devices[at].share_free();
        }
    }

    /// Puts a task at the head of its instance's list.
    fn link_instance(&mut self, task: u32) {
        let slot = self.tasks[task as usize].instance as usize;
        let next = core::mem::replace(&mut self.head[slot], task);
        self.tasks[task as usize].of_instance = [next, NONE];
        if let Some(next) = self.tasks.get_mut(next as usize) {
            next.of_instance[1] = task;
        }
    }

    /// Takes a task out of its instance's list.
    fn unlink_instance(&mut self, task: u32) {
        let Task { instance, of_instance: [next, previous], .. } = self.tasks[task as usize];
        match self.tasks.get_mut(previous as usize) {
            Some(previous) => previous.of_instance[0] = next,
            None => self.head[instance as usize] = next,
        }
        if let Some(next) = self.tasks.get_mut(next as usize) {
            next.of_instance[1] = previous;
        }
    }

    /// Makes a task count: for its instance, and for its group.
    fn count(&mut self, task: u32) {
        let Task { instance, group, .. } = self.tasks[task as usize];
        let info = &mut self.groups[group.index()];
        let next = core::mem::replace(&mut info.head, task);
        info.active += 1;
        self.tasks[task as usize].of_group = [next, NONE];
        self.tasks[task as usize].life = Life::Live;
        if let Some(next) = self.tasks.get_mut(next as usize) {
            next.of_group[1] = task;
        }
        self.running[instance as usize] += 1;
        self.tasks_live += 1;
    }

    /// Makes a task count no longer.
    fn uncount(&mut self, task: u32) {
        let Task { instance, group, of_group: [next, previous], .. } = self.tasks[task as usize];
        match self.tasks.get_mut(previous as usize) {
            Some(previous) => previous.of_group[0] = next,
            None => self.groups[group.index()].head = next,
        }
        if let Some(next) = self.tasks.get_mut(next as usize) {
            next.of_group[1] = previous;
        }
        self.groups[group.index()].active -= 1;
        self.running[instance as usize] -= 1;
        self.tasks_live -= 1;
    }
}

/// The dimensions whose remainder is a plain number.
pub(crate) fn counted(custom: usize) -> impl Iterator<Item = ResourceKind> {
    #[expect(clippy::cast_possible_truncation, reason = "at most CUSTOM_RESOURCES_MAX")]
    let custom = (0..custom).map(|index| ResourceKind::Custom(index as u8));
    [ResourceKind::Cpu, ResourceKind::Memory].into_iter().chain(custom)
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

impl InstanceInfo {
    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        let texts: [&Option<Box<str>>; 3] = [&self.agent_version, &self.ec2_instance_id, &self.capacity_provider];
        self.name.len()
            + texts.into_iter().flatten().map(|text| text.len()).sum::<usize>()
            + self.agent_ports.len() * size_of::<u32>()
    }
}

impl State {
    /// Makes room for so many instances, tasks and held ports.
    pub(crate) fn reserve(&mut self, instances: usize, tasks: usize, ports: usize) {
        let more = instances.saturating_sub(self.slots());
        self.info.reserve(more);
        self.life.reserve(more);
        self.generation.reserve(more);
        self.order.reserve(more);
        self.status.reserve(more);
        self.agent.reserve(more);
        self.running.reserve(more);
        self.head.reserve(more);
        self.base.reserve(more);
        self.devices.reserve(more);
        self.free.reserve(instances.saturating_sub(self.free.len()));
        self.registry.reserve(instances.saturating_sub(self.registry.len()));
        let padded = instances.next_multiple_of(WORD);
        for column in self.registered.iter_mut().chain(&mut self.remaining) {
            column.reserve(padded.saturating_sub(column.len()));
        }
        let more = tasks.saturating_sub(self.tasks.len());
        self.tasks.reserve(more);
        self.task_devices.reserve(more);
        self.task_free.reserve(tasks.saturating_sub(self.task_free.len()));
        self.ports.reserve(ports);
    }

    /// Before a task that already ran comes to life: what it holds is taken out of what nobody known holds, so that bringing
    /// it to life counts it once.
    pub(crate) fn make_way(&mut self, task: u32, in_remaining: bool, in_other_tasks: bool) {
        let Self { tasks, demands, remaining, info, ports, devices, task_devices, base, custom_names, running, .. } =
            self;
        let record = &tasks[task as usize];
        let at = record.instance as usize;
        let demand = demands.get(record.demand);
        devices[at].forget_unknown(task_devices[task as usize]);
        if in_other_tasks && info[at].other_tasks > 0 {
            info[at].other_tasks -= 1;
            running[at] -= 1;
        }
        if !in_remaining {
            return;
        }
        for kind in counted(custom_names.len()) {
            let column = kind.column();
            let held = demand.held_amounts().find(|&(of, _)| of == column);
            if let Some((_, amount)) = held {
                info[at].surplus[column] += amount;
                remaining[column][at] += amount;
            }
        }
        if !demand.ports.is_empty() {
            let mut keys = ports.base_keys(base[at]).to_vec();
            keys.retain(|key| !demand.ports.contains(key));
            let freed = demand.ports.len();
            base[at] = ports.base(keys);
            #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "there are 131,072 ports")]
            {
                remaining[ResourceKind::Ports.column()][at] += freed as i32;
            }
        }
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        let columns = self.registered.iter().chain(&self.remaining).map(|column| column.capacity() * size_of::<i32>());
        columns.sum::<usize>()
            + self.info.capacity() * size_of::<InstanceInfo>()
            + self.info.iter().map(InstanceInfo::memory_usage).sum::<usize>()
            + self.life.capacity()
            + self.status.capacity()
            + self.agent.capacity()
            + self.order.capacity() * size_of::<u64>()
            + (self.generation.capacity() + self.running.capacity() + self.head.capacity()) * size_of::<u32>()
            + (self.base.capacity() + self.registry.capacity() + self.free.capacity()) * size_of::<u32>()
            + self.devices.capacity() * size_of::<Devices>()
            + self.devices.iter().map(Devices::memory_usage).sum::<usize>()
            + self.attributes.memory_usage()
            + self.ports.memory_usage()
            + self.names.allocation_size()
            + self.tasks.capacity() * size_of::<Task>()
            + self.task_devices.capacity() * size_of::<u64>()
            + self.task_free.capacity() * size_of::<u32>()
            + self.group_names.memory_usage()
            + self.groups.capacity() * size_of::<Group>()
            + self.demands.memory_usage()
    }
}

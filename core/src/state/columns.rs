//! Writing the columns: filling slots in, applying deltas, giving slots back.
//!
//! A slot is filled in before the delta that brings it to life, and emptied after no savepoint can bring it back. Between
//! the two, [`State::apply`] is the only writer.

use crate::attribute::intern::hash_text;
use crate::demand::GpuDemand;
use crate::error::{Error, ErrorKind};
use crate::id::{AttributeId, DemandId, GENERATION_MAX, GroupId, ValueId};
use crate::limits::TASKS_MAX;
use crate::resource::ResourceKind;

use super::delta::Delta;
use super::devices::{Devices, is_device};
use super::registration::check_name;
use super::task::Task;
use super::{Group, Life, NONE, State, WORD, is_unlimited};

/// Which way what a task holds goes.
#[derive(Debug, Clone, Copy)]
enum Exchange {
    /// From the instance to the task.
    Hold,
    /// Back to the instance.
    Release,
}

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

impl State {
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

    /// Empties the slot of an instance that will not come back.
    pub(crate) fn reclaim_instance(&mut self, slot: u32) {
        let at = slot as usize;
        let slots = self.slots();
        // One by one, since a rollback must not allocate a list of them.
        let mut from = 0;
        while let Some((name, value)) = self.attributes.next_of_instance(slot, from) {
            self.attributes.set(name, slot, None, slots);
            self.release_attribute((name, value));
            from = name.0 + 1;
        }
        self.release_info(slot);
        for kind in counted(self.custom_names.len()) {
            self.surplus.set(slot, kind.column(), 0);
        }
        self.devices[at] = Devices::default();
        if self.occupancy[at].generation == GENERATION_MAX {
            self.life[at] = Life::Retired;
        } else {
            self.occupancy[at].generation += 1;
            self.life[at] = Life::Free;
            self.free.push(slot);
        }
    }

    /// Fills a slot in for a task, aside; [`Delta::Run`] brings it to life. Takes over one holder of the group and one of
    /// the demand.
    ///
    /// # Errors
    /// [`ErrorKind::CapacityMax`]; nothing has changed then, and the holders are still the caller's.
    #[cfg_attr(placewright_for_size, optimize(speed))]
    pub(crate) fn add_task(&mut self, new: NewTask) -> Result<u32, Error> {
        let next = self.sequence.checked_add(1).ok_or(Error::new(ErrorKind::CapacityMax))?;
        let slot = if let Some(free) = self.tasks.get(self.task_free as usize) {
            core::mem::replace(&mut self.task_free, free.of_instance[0])
        } else {
            if self.tasks.len() >= TASKS_MAX {
                return Err(Error::new(ErrorKind::CapacityMax));
            }
            #[expect(clippy::cast_possible_truncation, reason = "at most TASKS_MAX")]
            let slot = self.tasks.len() as u32;
            self.tasks.push(Task::new());
            self.ages.push(0);
            slot
        };
        self.ages[slot as usize] = self.sequence;
        let task = &mut self.tasks[slot as usize];
        task.instance = new.instance;
        task.group = new.group;
        task.demand = new.demand;
        task.life = Life::Aside;
        task.mark(new.is_healthy, new.is_protected);
        match self.task_devices.get_mut(slot as usize) {
            Some(devices) => *devices = new.devices,
            None if new.devices == 0 => {}
            None => {
                self.task_devices.resize(slot as usize, 0);
                self.task_devices.push(new.devices);
            }
        }
        self.sequence = next;
        Ok(slot)
    }

    /// Empties the slot of a task that will not come back.
    pub(crate) fn reclaim_task(&mut self, task: u32) {
        let record = &mut self.tasks[task as usize];
        let (group, demand) = (record.group, record.demand);
        if record.renew() {
            record.life = Life::Free;
            record.of_instance[0] = core::mem::replace(&mut self.task_free, task);
        } else {
            record.life = Life::Retired;
            self.tasks_retired += 1;
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
                self.exchange(task, Exchange::Hold);
                self.link_instance(task);
                self.count(task);
            }
            Delta::Stop { task } => {
                self.uncount(task);
                self.unlink_instance(task);
                self.exchange(task, Exchange::Release);
                self.tasks[task as usize].life = Life::Aside;
            }
            Delta::BeginStop { task } => {
                self.uncount(task);
                self.tasks[task as usize].life = Life::Stopping;
            }
            Delta::UndoBeginStop { task } => self.count(task),
            Delta::FinishStop { task } => {
                self.unlink_instance(task);
                self.exchange(task, Exchange::Release);
                self.tasks[task as usize].life = Life::Aside;
            }
            Delta::UndoFinishStop { task } => {
                self.exchange(task, Exchange::Hold);
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

    /// Subtracts what a task holds from its instance, or adds it back.
    #[cfg_attr(placewright_for_size, optimize(speed))]
    fn exchange(&mut self, task: u32, exchange: Exchange) {
        let Self { tasks, demands, remaining, registered, ports, devices, task_devices, .. } = self;
        let Task { instance: slot, demand, .. } = tasks[task as usize];
        let at = slot as usize;
        let demand = demands.get(demand);
        for &(column, amount) in &*demand.amounts {
            let column = usize::from(column);
            if is_device(column) || is_unlimited(registered, column, slot) {
                continue;
            }
            remaining[column][at] += match exchange {
                Exchange::Hold => -amount,
                Exchange::Release => amount,
            };
        }
        for &key in &*demand.ports {
            match exchange {
                Exchange::Hold => ports.hold(slot, key, task),
                Exchange::Release => ports.release(slot, key, task),
            }
        }
        if demand.gpus() != GpuDemand::None {
            let positions = task_devices.get(task as usize).copied().unwrap_or(0);
            match exchange {
                Exchange::Hold => devices[at].take(demand.gpus(), positions),
                Exchange::Release => devices[at].give_back(demand.gpus(), positions),
            }
            remaining[ResourceKind::Gpu.column()][at] = devices[at].whole_free();
            remaining[ResourceKind::GpuShare.column()][at] = devices[at].share_free();
        }
    }

    /// Puts a task at the head of its instance's list.
    #[inline]
    fn link_instance(&mut self, task: u32) {
        let record = &mut self.tasks[task as usize];
        let next = core::mem::replace(&mut self.occupancy[record.instance as usize].head, task);
        record.of_instance = [next, NONE];
        if let Some(next) = self.tasks.get_mut(next as usize) {
            next.of_instance[1] = task;
        }
    }

    /// Takes a task out of its instance's list.
    fn unlink_instance(&mut self, task: u32) {
        let Task { instance, of_instance: [next, previous], .. } = self.tasks[task as usize];
        match self.tasks.get_mut(previous as usize) {
            Some(previous) => previous.of_instance[0] = next,
            None => self.occupancy[instance as usize].head = next,
        }
        if let Some(next) = self.tasks.get_mut(next as usize) {
            next.of_instance[1] = previous;
        }
    }

    /// Makes a task count: for its instance, and for its group.
    fn count(&mut self, task: u32) {
        let record = &mut self.tasks[task as usize];
        let group = &mut self.groups[record.group.index()];
        let next = core::mem::replace(&mut group.head, task);
        group.active += 1;
        record.of_group = [next, NONE];
        record.life = Life::Live;
        self.occupancy[record.instance as usize].running += 1;
        self.tasks_live += 1;
        if let Some(next) = self.tasks.get_mut(next as usize) {
            next.of_group[1] = task;
        }
    }

    /// Makes a task count no longer.
    fn uncount(&mut self, task: u32) {
        let Task { instance, group, of_group: [next, previous], .. } = self.tasks[task as usize];
        let group = &mut self.groups[group.index()];
        group.active -= 1;
        match self.tasks.get_mut(previous as usize) {
            Some(previous) => previous.of_group[0] = next,
            None => group.head = next,
        }
        if let Some(next) = self.tasks.get_mut(next as usize) {
            next.of_group[1] = previous;
        }
        self.occupancy[instance as usize].running -= 1;
        self.tasks_live -= 1;
    }
}

/// The dimensions whose remainder is a plain number.
pub(crate) fn counted(custom: usize) -> impl Iterator<Item = ResourceKind> {
    #[expect(clippy::cast_possible_truncation, reason = "at most CUSTOM_RESOURCES_MAX")]
    let custom = (0..custom).map(|index| ResourceKind::Custom(index as u8));
    [ResourceKind::Cpu, ResourceKind::Memory].into_iter().chain(custom)
}

impl State {
    /// Makes room for so many instances, tasks and held ports.
    pub(crate) fn reserve(&mut self, instances: usize, tasks: usize, ports: usize) {
        let more = instances.saturating_sub(self.slots());
        self.info.reserve(more);
        self.life.reserve(more);
        self.order.reserve(more);
        self.status.reserve(more);
        self.agent.reserve(more);
        self.occupancy.reserve(more);
        self.base.reserve(more);
        self.agent_base.reserve(more);
        self.devices.reserve(more);
        self.free.reserve(instances.saturating_sub(self.free.len()));
        self.registry.reserve(instances.saturating_sub(self.registry.len()));
        let padded = instances.next_multiple_of(WORD);
        let dimensions = self.dimensions();
        for column in self.registered[..dimensions].iter_mut().chain(&mut self.remaining[..dimensions]) {
            column.reserve(padded.saturating_sub(column.len()));
        }
        self.tasks.reserve(tasks.saturating_sub(self.tasks.len()));
        self.ages.reserve(tasks.saturating_sub(self.ages.len()));
        self.demands.reserve_free();
        self.group_names.reserve_free();
        if self.registered[ResourceKind::Gpu.column()].iter().any(|&gpus| gpus > 0) {
            self.reserve_task_devices();
        }
        self.ports.reserve(ports);
    }

    /// Makes room for the devices of every task there is room for.
    pub(super) fn reserve_task_devices(&mut self) {
        self.task_devices.reserve(self.tasks.capacity().saturating_sub(self.task_devices.len()));
    }

    /// Before a task that already ran comes to life: what it holds is taken out of what nobody known holds, so that bringing
    /// it to life counts it once.
    pub(crate) fn make_way(&mut self, task: u32, in_remaining: bool, in_other_tasks: bool) {
        let held = self.devices_of(task);
        let Self { tasks, demands, remaining, info, ports, devices, base, custom_names, occupancy, surplus, .. } = self;
        let record = &tasks[task as usize];
        let at = record.instance as usize;
        let demand = demands.get(record.demand);
        devices[at].forget_unknown(held);
        if let Some(details) = info[at].details.as_mut().filter(|details| in_other_tasks && details.other_tasks > 0) {
            details.other_tasks -= 1;
            occupancy[at].running -= 1;
        }
        if !in_remaining {
            return;
        }
        for kind in counted(custom_names.len()) {
            let column = kind.column();
            let held = demand.held_amounts().find(|&(of, _)| of == column);
            if let Some((_, amount)) = held {
                surplus.set(record.instance, column, surplus.get(record.instance, column) + i64::from(amount));
                remaining[column][at] += amount;
            }
        }
        if !demand.ports.is_empty() {
            let mut keys = ports.base_keys(base[at]).to_vec();
            keys.retain(|key| !demand.ports.contains(key));
            let freed = demand.ports.len();
            ports.replace_base(&mut base[at], keys);
            #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "there are 131,072 ports")]
            {
                remaining[ResourceKind::Ports.column()][at] += freed as i32;
            }
        }
    }
}

//! Recomputing what the columns say twice, from the task records alone.
//!
//! Slow on purpose and sharing nothing with the writers: a disagreement is a bug of ours, never of the input.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::demand::GpuDemand;
use crate::limits::DEVICE_WHOLE;
use crate::resource::{DIMENSIONS, ResourceKind};

use super::columns::counted;
use super::delta::Delta;
use super::journal::Journal;
use super::{ENI_UNLIMITED, Life, NONE, State};

/// Fails with a message unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($message:tt)*) => {
        if !$holds {
            return Err(format!($($message)*));
        }
    };
}

impl State {
    /// Checks that everything derived within the columns is what the task records say.
    pub(crate) fn validate(&self, journal: &Journal) -> Result<(), String> {
        self.validate_registry()?;
        let mut held_ports = 0;
        for &slot in &self.registry {
            held_ports += self.validate_instance(slot)?;
        }
        ensure!(held_ports == self.ports.held_len(), "{} ports held, tasks hold {held_ports}", self.ports.held_len());
        ensure!(
            self.ports.counts_bases(self.base.iter().chain(&self.agent_base)),
            "lists of reserved ports are miscounted"
        );
        self.validate_groups()?;
        self.validate_slots()?;
        let retained: usize = journal
            .deltas()
            .iter()
            .map(|delta| match delta {
                Delta::Attribute { from, .. } => usize::from(from.is_some()),
                _ => 0,
            })
            .sum();
        self.attributes.validate(retained)
    }

    /// The registry holds exactly the live instances, oldest first, and each is found by its name.
    fn validate_registry(&self) -> Result<(), String> {
        let live = self.life.iter().filter(|&&life| life == Life::Live).count();
        ensure!(live == self.registry.len(), "{live} instances live, {} registered", self.registry.len());
        ensure!(live == self.names.len(), "{live} instances live, {} named", self.names.len());
        for pair in self.registry.windows(2) {
            ensure!(
                self.order[pair[0] as usize] < self.order[pair[1] as usize],
                "registry is out of order at {pair:?}"
            );
        }
        for &slot in &self.registry {
            ensure!(self.life[slot as usize] == Life::Live, "slot {slot} is registered, not live");
            ensure!(self.named(&self.info[slot as usize].name) == Some(slot), "slot {slot} is not found by its name");
            ensure!(self.order[slot as usize] < self.registrations, "slot {slot} registered after the last");
        }
        Ok(())
    }

    /// Amounts, ports, devices and counts of one instance; returns how many ports its tasks hold.
    fn validate_instance(&self, slot: u32) -> Result<usize, String> {
        let at = slot as usize;
        let name = &self.info[at].name;
        let mut held = [0i64; DIMENSIONS];
        let mut running = self.info[at].details().other_tasks;
        let mut taken = vec![0u16; self.devices[at].len()];
        for (position, taken) in taken.iter_mut().enumerate() {
            if self.devices[at].unknown() >> position & 1 != 0 {
                *taken = DEVICE_WHOLE;
            }
        }
        let mut ports: Vec<u32> = Vec::new();
        let mut previous = NONE;
        for task in self.tasks_of_instance(slot) {
            let record = &self.tasks[task as usize];
            ensure!(record.instance == slot, "task {task} is listed on `{name}` and lies elsewhere");
            ensure!(record.of_instance[1] == previous, "task {task} of `{name}` has a wrong previous task");
            ensure!(matches!(record.life, Life::Live | Life::Stopping), "task {task} of `{name}` is gone");
            previous = task;
            running += u32::from(record.life == Life::Live);
            let demand = self.demand_of(task);
            for (column, amount) in demand.held_amounts() {
                held[column] += i64::from(amount);
            }
            for &key in &demand.ports {
                ensure!(self.ports.holder(slot, key) == Some(task), "task {task} of `{name}` does not hold its port");
                ports.push(key);
            }
            let each = match demand.gpus() {
                GpuDemand::None => 0,
                GpuDemand::Share(share) => share,
                _ => DEVICE_WHOLE,
            };
            for (position, taken) in taken.iter_mut().enumerate() {
                if self.devices_of(task) >> position & 1 != 0 {
                    *taken += each;
                }
            }
        }
        ensure!(
            running == self.occupancy[at].running,
            "`{name}` counts {} tasks, runs {running}",
            self.occupancy[at].running
        );
        ensure!(
            taken == self.devices[at].taken(),
            "GPUs of `{name}` are {:?}, tasks say {taken:?}",
            self.devices[at].taken()
        );
        ensure!(taken.iter().all(|&taken| taken <= DEVICE_WHOLE), "a GPU of `{name}` is given out twice");

        let base = self.ports.base_keys(self.base[at]);
        ensure!(ports.iter().all(|key| base.binary_search(key).is_err()), "a task of `{name}` holds a reserved port");
        for kind in counted(self.custom_names.len()) {
            let column = kind.column();
            let expected = i64::from(self.registered[column][at]) + self.surplus.get(slot, column) - held[column];
            let remaining = i64::from(self.remaining[column][at]);
            ensure!(remaining == expected, "{kind:?} of `{name}` remains {remaining}, tasks leave {expected}");
        }
        let column = ResourceKind::Ports.column();
        let room = i64::from(self.host_ports_max) - i64::try_from(base.len() + ports.len()).unwrap_or(i64::MAX);
        ensure!(i64::from(self.remaining[column][at]) == room, "`{name}` has room for {room} ports, not so many");
        let column = ResourceKind::Eni.column();
        let slots = self.registered[column][at];
        let left = if slots == ENI_UNLIMITED { i64::from(slots) } else { i64::from(slots) - held[column] };
        ensure!(i64::from(self.remaining[column][at]) == left, "`{name}` has {left} task ENI slots, not so many");
        ensure!(self.remaining(ResourceKind::Gpu, slot) == self.devices[at].whole_free(), "free GPUs of `{name}`");
        ensure!(
            self.remaining(ResourceKind::GpuShare, slot) == self.devices[at].share_free(),
            "GPU shares of `{name}`"
        );
        Ok(ports.len())
    }

    /// Every group lists exactly its tasks that count.
    fn validate_groups(&self) -> Result<(), String> {
        let mut listed = 0;
        for (number, group) in (0u32..).zip(&self.groups) {
            let group_id = crate::id::GroupId(number);
            let mut previous = NONE;
            let mut active = 0;
            for task in self.tasks_of_group(group_id) {
                let record = &self.tasks[task as usize];
                ensure!(
                    record.group == group_id && record.life == Life::Live,
                    "task {task} is in group {number} wrongly"
                );
                ensure!(record.of_group[1] == previous, "task {task} of group {number} has a wrong previous task");
                previous = task;
                active += 1;
            }
            ensure!(active == group.active, "group {number} counts {}, lists {active}", group.active);
            listed += active as usize;
        }
        ensure!(listed == self.tasks_live, "{} tasks count, groups list {listed}", self.tasks_live);
        Ok(())
    }

    /// Every slot is live, aside, or on its free list once; demands and groups are held by those that name them.
    fn validate_slots(&self) -> Result<(), String> {
        let mut free = self.free.clone();
        free.sort_unstable();
        free.dedup();
        ensure!(free.len() == self.free.len(), "an instance slot is free twice");
        let empty = self.life.iter().filter(|&&life| life == Life::Free).count();
        ensure!(free.len() == empty, "{empty} instance slots are free, {} listed", free.len());
        let mut demands = vec![0u32; self.demands.ids().map(|id| id.index() + 1).max().unwrap_or(0)];
        let mut empty = 0;
        for (slot, task) in (0u32..).zip(&self.tasks) {
            match task.life {
                Life::Free => empty += 1,
                Life::Retired => {}
                Life::Live | Life::Stopping | Life::Aside => {
                    demands[task.demand.index()] += 1;
                    ensure!(self.ages[slot as usize] < self.sequence, "task {slot} is younger than the youngest");
                    ensure!(self.group_names.holders(task.group.0) > 0, "task {slot} is in a group without a name");
                }
            }
        }
        let mut listed = 0;
        let mut free = self.task_free;
        while let Some(task) = self.tasks.get(free as usize) {
            ensure!(task.life == Life::Free, "task slot {free} is listed as free");
            ensure!(listed < empty, "more than {empty} task slots are listed as free");
            listed += 1;
            free = task.of_instance[0];
        }
        ensure!(empty == listed, "{empty} task slots are free, {listed} listed");
        for id in self.demands.ids() {
            ensure!(self.demands.holders(id) >= demands[id.index()], "demand {id:?} has too few holders");
        }
        Ok(())
    }
}

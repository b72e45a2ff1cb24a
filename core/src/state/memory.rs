//! What the columns cost, in bytes held on the heap.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::devices::Devices;
use super::task::Task;
use super::{Details, Group, InstanceInfo, State};

/// Bytes of a column.
fn bytes<T>(column: &Vec<T>) -> usize {
    column.capacity() * size_of::<T>()
}

impl State {
    /// Bytes of what every instance has, and of what few have beside it; texts, attributes, ports and devices are apart.
    pub(crate) fn instances_memory(&self) -> usize {
        let amounts = self.registered.iter().chain(&self.remaining).map(bytes).sum::<usize>();
        let details = self.info.iter().filter(|info| info.details.is_some()).count() * size_of::<Details>();
        let numbers = [&self.base, &self.agent_base];
        let lists = [&self.registry, &self.free];
        amounts
            + details
            + bytes::<InstanceInfo>(&self.info)
            + bytes(&self.life)
            + bytes(&self.status)
            + bytes(&self.agent)
            + bytes(&self.order)
            + bytes(&self.occupancy)
            + numbers.into_iter().chain(lists).map(bytes).sum::<usize>()
            + bytes(&self.devices)
            + self.names.allocation_size()
            + self.surplus.memory_usage()
    }

    /// Bytes of the texts of instances: names, EC2 ids, versions of agents, capacity providers, custom resources.
    pub(crate) fn names_memory(&self) -> usize {
        let id = |info: &InstanceInfo| info.details().ec2_instance_id.as_ref().map_or(0, |id| id.len());
        let custom: usize = self.custom_names.iter().map(|name| name.len()).sum();
        self.info.iter().map(|info| info.name.len() + id(info)).sum::<usize>()
            + self.texts.memory_usage()
            + bytes::<Box<str>>(&self.custom_names)
            + custom
    }

    /// Bytes of the GPUs of instances.
    pub(crate) fn devices_memory(&self) -> usize {
        self.devices.iter().map(Devices::memory_usage).sum()
    }

    /// Bytes of the records of tasks, with the devices they hold.
    pub(crate) fn tasks_memory(&self) -> usize {
        bytes::<Task>(&self.tasks) + bytes(&self.ages) + bytes(&self.task_devices)
    }

    /// Bytes of the task groups and their names.
    pub(crate) fn groups_memory(&self) -> usize {
        bytes::<Group>(&self.groups) + self.group_names.memory_usage()
    }
}

//! Looking at one instance or one task.

use alloc::vec::Vec;

use crate::demand::Demand;
use crate::expr::Timestamp;
use crate::id::{InstanceId, TaskId};
use crate::instance::{InstanceStatus, Protocol};
use crate::resource::ResourceKind;
use crate::state::ports::port_of;
use crate::state::{Details, ENI_UNLIMITED, Life, State};

/// One container instance.
#[derive(Debug, Clone, Copy)]
pub struct InstanceView<'c> {
    /// The columns.
    state: &'c State,
    /// The slot.
    slot: u32,
}

/// One GPU of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceView<'c> {
    /// Device id.
    pub id: &'c str,
    /// Thousandths of it that are taken.
    pub taken: u16,
    /// Whether it is taken by something that is no task of the cluster.
    pub is_taken_outside: bool,
}

impl<'c> InstanceView<'c> {
    /// The instance at a slot.
    pub(crate) const fn new(state: &'c State, slot: u32) -> Self {
        Self { state, slot }
    }

    /// The slot as an index.
    const fn at(self) -> usize {
        self.slot as usize
    }

    /// Facts about it that may be missing.
    fn details(self) -> &'c Details {
        self.state.info[self.at()].details()
    }

    /// Its id in the cluster.
    #[must_use]
    pub fn id(self) -> InstanceId {
        self.state.instance_id(self.slot)
    }

    /// The name it registered with, e.g. an ARN.
    #[must_use]
    pub fn name(self) -> &'c str {
        &self.state.info[self.at()].name
    }

    /// Status.
    #[must_use]
    pub fn status(self) -> InstanceStatus {
        self.state.status[self.at()]
    }

    /// Whether the agent is connected.
    #[must_use]
    pub fn is_agent_connected(self) -> bool {
        self.state.agent[self.at()]
    }

    /// Version of the agent.
    #[must_use]
    pub fn agent_version(self) -> Option<&'c str> {
        self.state.agent_version(self.slot)
    }

    /// EC2 instance id.
    #[must_use]
    pub fn ec2_instance_id(self) -> Option<&'c str> {
        self.details().ec2_instance_id.as_deref()
    }

    /// Capacity provider it belongs to.
    #[must_use]
    pub fn capacity_provider(self) -> Option<&'c str> {
        self.state.capacity_provider(self.slot)
    }

    /// When it registered.
    #[must_use]
    pub fn registered_at(self) -> Option<Timestamp> {
        self.details().registered_at
    }

    /// What it has of a resource, in the resource's unit.
    #[must_use]
    pub fn registered(self, kind: ResourceKind) -> i64 {
        amount(&self.state.registered, kind, self.slot)
    }

    /// What is left of it; negative where it owes some.
    #[must_use]
    pub fn remaining(self, kind: ResourceKind) -> i64 {
        amount(&self.state.remaining, kind, self.slot)
    }

    /// Host ports that are taken, sorted.
    #[must_use]
    pub fn ports(self, protocol: Protocol) -> Vec<u16> {
        self.state.ports_taken(self.slot, protocol)
    }

    /// Host ports the agent reserved at registration, sorted.
    #[must_use]
    pub fn agent_ports(self, protocol: Protocol) -> Vec<u16> {
        let keys = self.state.ports.base_keys(self.state.agent_base[self.at()]).iter().copied();
        keys.map(port_of).filter(|&(of, _)| of == protocol).map(|(_, port)| port).collect()
    }

    /// GPUs in pool order.
    pub fn devices(self) -> impl Iterator<Item = DeviceView<'c>> {
        let devices = &self.state.devices[self.at()];
        devices.ids().zip(devices.taken()).enumerate().map(|(position, (id, &taken))| DeviceView {
            id,
            taken,
            is_taken_outside: devices.unknown() >> position & 1 != 0,
        })
    }

    /// Ids of the GPUs nobody has a part of, in pool order.
    pub fn free_gpus(self) -> impl Iterator<Item = &'c str> {
        self.devices().filter(|device| device.taken == 0).map(|device| device.id)
    }

    /// How many awsvpc tasks it can hold, if that is known.
    #[must_use]
    pub fn eni_task_slots(self) -> Option<u32> {
        self.counted_slots(self.state.registered[ResourceKind::Eni.column()][self.at()])
    }

    /// How many more awsvpc tasks it can hold, if that is known; none where it holds too many.
    #[must_use]
    pub fn eni_task_slots_remaining(self) -> Option<u32> {
        self.counted_slots(self.state.remaining[ResourceKind::Eni.column()][self.at()])
    }

    /// A number of task ENI slots, unless it stands for "unlimited".
    fn counted_slots(self, slots: i32) -> Option<u32> {
        (slots != ENI_UNLIMITED).then(|| u32::try_from(slots).unwrap_or(0))
    }

    /// How many awsvpc tasks it said itself that it can hold.
    #[must_use]
    pub fn eni_task_slots_given(self) -> Option<u32> {
        self.details().eni_task_slots
    }

    /// Attributes sorted by name; `None` as value where it has a name only.
    #[must_use]
    pub fn attributes(self) -> Vec<(&'c str, Option<&'c str>)> {
        let attributes = &self.state.attributes;
        let carried = attributes.of_instance(self.slot).into_iter();
        let text = |(name, value)| {
            let value = attributes.value_text(value);
            (attributes.name_text(name), (!value.is_empty()).then_some(value))
        };
        carried.map(text).collect()
    }

    /// The value of an attribute, empty where it has a name only.
    #[must_use]
    pub fn attribute(self, name: &str) -> Option<&'c str> {
        self.state.attributes.text(name, self.slot)
    }

    /// Tasks whose desired status is not STOPPED, those the cluster was not told of one by one included.
    #[must_use]
    pub fn running_tasks(self) -> u32 {
        self.state.occupancy[self.at()].running
    }

    /// Tasks the cluster was not told of one by one.
    #[must_use]
    pub fn other_tasks(self) -> u32 {
        self.details().other_tasks
    }

    /// Its tasks, oldest first.
    #[must_use]
    pub fn tasks(self) -> Vec<TaskId> {
        let mut tasks: Vec<u32> = self.state.tasks_of_instance(self.slot).collect();
        tasks.sort_unstable_by_key(|&task| self.state.ages[task as usize]);
        tasks.into_iter().map(|task| self.state.task_id(task)).collect()
    }
}

/// The amount of an instance in one dimension; 0 where nothing is declared.
fn amount(columns: &[Vec<i32>], kind: ResourceKind, slot: u32) -> i64 {
    let column = columns.get(kind.column());
    column.and_then(|column| column.get(slot as usize)).copied().unwrap_or(0).into()
}

/// One task.
#[derive(Debug, Clone, Copy)]
pub struct TaskView<'c> {
    /// The columns.
    state: &'c State,
    /// The slot.
    task: u32,
}

impl<'c> TaskView<'c> {
    /// The task at a slot.
    pub(crate) const fn new(state: &'c State, task: u32) -> Self {
        Self { state, task }
    }

    /// Its record.
    fn record(self) -> &'c crate::state::task::Task {
        &self.state.tasks[self.task as usize]
    }

    /// Its id in the cluster.
    #[must_use]
    pub fn id(self) -> TaskId {
        self.state.task_id(self.task)
    }

    /// Its instance.
    #[must_use]
    pub fn instance(self) -> InstanceId {
        self.state.instance_id(self.record().instance)
    }

    /// Name of its task definition.
    #[must_use]
    pub fn definition(self) -> &'c str {
        &self.state.demand_of(self.task).definition
    }

    /// What it holds.
    #[must_use]
    pub fn demand(self) -> &'c Demand {
        &self.state.demand_of(self.task).demand
    }

    /// Its task group.
    #[must_use]
    pub fn group(self) -> &'c str {
        self.state.group_names.text(self.record().group.0)
    }

    /// Ids of the GPUs it has a part of, in pool order.
    pub fn gpu_ids(self) -> impl Iterator<Item = &'c str> {
        let mask = self.state.devices_of(self.task);
        let devices = &self.state.devices[self.record().instance as usize];
        devices.ids().enumerate().filter(move |(position, _)| mask >> position & 1 != 0).map(|(_, id)| id)
    }

    /// Its number in the order of placing and loading, from 0.
    #[must_use]
    pub fn sequence(self) -> u64 {
        self.state.ages[self.task as usize]
    }

    /// Whether its health checks pass, as far as known.
    #[must_use]
    pub fn is_healthy(self) -> bool {
        self.record().is_healthy()
    }

    /// Whether scale-in leaves it alone.
    #[must_use]
    pub fn is_protected(self) -> bool {
        self.record().is_protected()
    }

    /// Whether it no longer counts and still holds its resources.
    #[must_use]
    pub fn is_stopping(self) -> bool {
        self.record().life == Life::Stopping
    }
}

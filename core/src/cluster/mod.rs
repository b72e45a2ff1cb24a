//! A cluster: its state, what follows from it, and the only way to change either.
//!
//! Control-plane calls (register, put an attribute, prepare a request) may allocate. Data-plane calls (place, stop, begin,
//! roll back) allocate nothing within what [`Cluster::reserve`] took. A call that fails has changed nothing.

mod ahead;
mod batch;
mod gpu;
mod options;
mod place;
mod running;
mod savepoint;

use alloc::string::String;
use alloc::vec::Vec;

use crate::attribute::{INSTANCE_TYPE, OS_TYPE, TRUNK_ID};
use crate::counters::Counters;
use crate::error::{Error, ErrorKind};
use crate::expr::Expression;
use crate::id::{InstanceId, RequestId, TaskId};
use crate::index::Index;
use crate::instance::{Instance, InstanceStatus};
use crate::limits::{AMOUNT_MAX, INSTANCE_ATTRIBUTES_MAX, INSTANCES_MAX, TASKS_MAX};
use crate::memory::MemoryUsage;
use crate::prepared::{self, Prepared, PreparedTable};
use crate::resource::ResourceKind;
use crate::select::judge::Reason;
use crate::select::scratch::Scratch;
use crate::state::delta::Delta;
use crate::state::journal::Journal;
use crate::state::registration::check_attribute;
use crate::state::version::Version;
use crate::state::{InstanceFacts, Life, NONE, State};
use crate::view::{InstanceView, TaskView};

pub use batch::Judged;
pub use options::{Capacity, Options, Release, Route, RunningTask, UnknownEni};

/// A cluster of container instances and the tasks on them.
#[derive(Debug)]
pub struct Cluster {
    /// The columns.
    state: State,
    /// What follows from them.
    index: Index,
    /// The undo log.
    journal: Journal,
    /// Which version of the state it is.
    version: Version,
    /// Prepared requests.
    requests: PreparedTable,
    /// Buffers of the data plane.
    scratch: Scratch,
    /// Work done by searches so far.
    counters: Counters,
    /// Choices for the whole cluster.
    options: Options,
    /// What was reserved; in strict mode, also the most there can be.
    reserved: Capacity,
}

/// Where instances stand in the order of their registration, at the moment it was asked for.
#[derive(Debug, Clone)]
pub struct RegistrationPositions {
    /// By slot; [`NONE`] where no instance is.
    by_slot: Vec<u32>,
}

impl RegistrationPositions {
    /// The position of an instance that was there, from 0.
    #[must_use]
    pub fn of(&self, id: InstanceId) -> Option<usize> {
        self.by_slot.get(id.slot() as usize).filter(|&&position| position != NONE).map(|&position| position as usize)
    }
}

/// A copy has the same reserved room as the original.
impl Clone for Cluster {
    fn clone(&self) -> Self {
        let mut copy = Self {
            state: self.state.clone(),
            index: self.index.clone(),
            journal: self.journal.clone(),
            version: self.version,
            requests: self.requests.clone(),
            scratch: self.scratch.clone(),
            counters: self.counters,
            options: self.options.clone(),
            reserved: self.reserved,
        };
        copy.reserve(self.reserved);
        copy
    }
}

impl Default for Cluster {
    fn default() -> Self {
        Self::with_options(Options::default())
    }
}

impl Cluster {
    /// An empty cluster with the default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty cluster.
    #[must_use]
    pub fn with_options(options: Options) -> Self {
        Self {
            state: State::new(options.host_ports_max.clamp(0, AMOUNT_MAX)),
            index: Index::default(),
            journal: Journal::default(),
            version: Version::default(),
            requests: PreparedTable::default(),
            scratch: Scratch::default(),
            counters: Counters::default(),
            options,
            reserved: Capacity::default(),
        }
    }

    /// The choices it was made with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Searches by another route from now on. Answers stay the same.
    ///
    /// Cost: as [`prepare`](Self::prepare) for every prepared request; allocates.
    pub fn set_route(&mut self, route: Route) {
        self.options.route = route;
        if route != Route::Scan {
            for prepared in self.requests.iter_mut().filter(|prepared| prepared.plan.search.is_none()) {
                prepared.plan.search = prepared::hold_search(&self.state, &mut self.index, &prepared.plan);
            }
        }
        self.want_orders();
        self.fit_scratch();
    }

    /// Where the cluster is large, makes sure that the orders exist that prepared requests search.
    fn want_orders(&mut self) {
        if self.may_be_large() {
            for prepared in self.requests.iter() {
                prepared::want_orders(&self.state, &mut self.index, &prepared.plan);
            }
        }
    }

    /// Makes room, so that placing, stopping and rolling back within it allocate nothing. Never gives room back. More than
    /// the limits of a cluster is taken as the limits.
    ///
    /// Cost: linear in the room; allocates.
    pub fn reserve(&mut self, capacity: Capacity) {
        self.reserved = Capacity {
            instances: self.reserved.instances.max(capacity.instances.min(INSTANCES_MAX)),
            tasks: self.reserved.tasks.max(capacity.tasks.min(TASKS_MAX)),
            ports: self.reserved.ports.max(capacity.ports.min(TASKS_MAX)),
            changes: self.reserved.changes.max(capacity.changes.min(4 * TASKS_MAX)),
            savepoints: self.reserved.savepoints.max(capacity.savepoints.min(TASKS_MAX)),
        };
        self.state.reserve(self.reserved.instances, self.reserved.tasks, self.reserved.ports);
        self.journal.reserve(self.reserved.changes, self.reserved.savepoints);
        self.fit_scratch();
    }

    /// What was reserved.
    #[must_use]
    pub fn reserved(&self) -> Capacity {
        self.reserved
    }

    /// Sizes the buffers of the data plane for what the control plane has made.
    fn fit_scratch(&mut self) {
        let slots = self.state.slots().max(self.reserved.instances);
        let tasks = self.state.tasks.len().max(self.reserved.tasks);
        self.scratch.reserve(slots, self.state.attributes.values_len(), tasks);
        self.scratch.batch.reserve(if self.may_be_large() { slots } else { 0 }, self.requests.slots());
        self.index.reserve(slots, tasks);
    }

    /// Carries out a change everywhere.
    #[cfg_attr(placewright_for_size, optimize(speed))]
    fn apply(&mut self, delta: Delta) {
        self.state.apply(delta);
        self.index.follow(&self.state, delta);
        self.journal.record(delta);
        self.version.advance();
    }

    /// A number that is another after every change of instances, tasks and declared resources, and the same again after a
    /// rollback. So one that looks twice knows whether anything has changed meanwhile; it says nothing of two clusters.
    ///
    /// Cost: constant.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version.current()
    }

    /// Declares a custom countable resource. Instances and demands may then have amounts of it.
    ///
    /// # Errors
    /// [`ErrorKind::LimitExceeded`] beyond [`CUSTOM_RESOURCES_MAX`](crate::limits::CUSTOM_RESOURCES_MAX);
    /// [`ErrorKind::InvalidParameter`] for the name of a built-in resource; [`ErrorKind::SavepointOpen`] inside a savepoint.
    ///
    /// Cost: linear in instances for a new name; allocates.
    pub fn declare_resource(&mut self, name: &str) -> Result<ResourceKind, Error> {
        if self.journal.is_open() {
            return Err(Error::new(ErrorKind::SavepointOpen));
        }
        let kind = self.state.declare_resource(name)?;
        self.version.advance();
        Ok(kind)
    }

    /// Names of the declared custom resources, in the order of their declaration.
    pub fn custom_resources(&self) -> impl Iterator<Item = &str> {
        self.state.custom_names.iter().map(AsRef::as_ref)
    }

    /// Registers a container instance. It comes after all others in registration order.
    ///
    /// # Errors
    /// [`ErrorKind::DuplicateInstance`] when its name is taken; an error that names the field when a field is wrong;
    /// [`ErrorKind::CapacityReserved`] or [`ErrorKind::CapacityMax`] when there is no room.
    ///
    /// Cost: linear in its attributes and in the filters in use; at times, when as many came and went as there are slots,
    /// n log n for the orders. Allocates.
    pub fn register(&mut self, instance: &Instance<'_>) -> Result<InstanceId, Error> {
        self.register_with(instance, self.derived_eni_slots(instance))
    }

    /// [`register`](Self::register), with the task ENI slots of an instance that does not say how many it has.
    pub(crate) fn register_with(
        &mut self,
        instance: &Instance<'_>,
        derived_eni_slots: Option<u32>,
    ) -> Result<InstanceId, Error> {
        if self.options.is_strict && self.state.registry.len() >= self.reserved.instances {
            return Err(Error::new(ErrorKind::CapacityReserved));
        }
        self.check_journal(1)?;
        let slot = self.state.add_instance(instance, instance.eni_task_slots.or(derived_eni_slots))?;
        let was_large = self.is_large();
        self.apply(Delta::Register { slot });
        if !was_large {
            self.want_orders();
        }
        self.fit_scratch();
        Ok(self.state.instance_id(slot))
    }

    /// The number of awsvpc tasks an instance can hold by its type.
    fn derived_eni_slots(&self, instance: &Instance<'_>) -> Option<u32> {
        let value = |name| instance.attributes.iter().rev().find(|attribute| attribute.0 == name);
        let is_windows = value(OS_TYPE).is_some_and(|&(_, os)| os == Some("windows"));
        let trunking = value(TRUNK_ID).is_some() && !is_windows;
        let known =
            value(INSTANCE_TYPE).and_then(|&(_, kind)| crate::eni::task_slots(kind.unwrap_or_default(), trunking));
        match self.options.unknown_eni {
            UnknownEni::Unlimited => known,
            UnknownEni::Zero => Some(known.unwrap_or(0)),
        }
    }

    /// Takes an instance out of the cluster; with `force`, its tasks are stopped first. Returns those, oldest first.
    ///
    /// # Errors
    /// [`ErrorKind::InstanceNotFound`]; [`ErrorKind::InstanceNotEmpty`] when it runs tasks and `force` is not given.
    ///
    /// Cost: its tasks, a step for each different set of static facts that prepared requests ask for, and a move within the list
    /// of all instances; allocates.
    pub fn deregister(&mut self, id: InstanceId, force: bool) -> Result<Vec<TaskId>, Error> {
        let slot = self.slot(id)?;
        let mut tasks: Vec<u32> = self.state.tasks_of_instance(slot).collect();
        if !tasks.is_empty() && !force {
            return Err(Error::new(ErrorKind::InstanceNotEmpty));
        }
        self.check_journal(2 * tasks.len() + 1)?;
        tasks.sort_unstable_by_key(|&task| self.state.ages[task as usize]);
        let ids = tasks.iter().map(|&task| self.state.task_id(task)).collect();
        for task in tasks {
            let delta = match self.state.tasks[task as usize].life {
                Life::Stopping => Delta::FinishStop { task },
                _ => Delta::Stop { task },
            };
            self.apply(delta);
            self.settle(delta);
        }
        let delta = Delta::Deregister { slot };
        self.apply(delta);
        self.settle(delta);
        Ok(ids)
    }

    /// Changes the status of an instance.
    ///
    /// # Errors
    /// [`ErrorKind::InstanceNotFound`].
    ///
    /// Cost: a step for each different set of static facts that prepared requests ask for.
    pub fn set_status(&mut self, id: InstanceId, status: InstanceStatus) -> Result<(), Error> {
        let slot = self.slot(id)?;
        self.check_journal(1)?;
        let from = self.state.status[slot as usize];
        if from != status {
            self.apply(Delta::Status { slot, from, to: status });
        }
        Ok(())
    }

    /// Says whether the agent of an instance is connected.
    ///
    /// # Errors
    /// [`ErrorKind::InstanceNotFound`].
    ///
    /// Cost: as [`set_status`](Self::set_status), and each filter that reads it is asked again.
    pub fn set_agent_connected(&mut self, id: InstanceId, connected: bool) -> Result<(), Error> {
        let slot = self.slot(id)?;
        self.check_journal(1)?;
        if self.state.agent[slot as usize] != connected {
            self.apply(Delta::Agent { slot, connected });
        }
        Ok(())
    }

    /// Gives an instance an attribute, or another value for one it has. `None` is a name without a value.
    ///
    /// # Errors
    /// [`ErrorKind::InstanceNotFound`]; [`ErrorKind::InvalidAttribute`] for an empty name; a limit.
    ///
    /// Cost: as [`set_status`](Self::set_status), and each filter that reads the attribute is asked again; where requests spread
    /// over it, the tasks of the instance are counted anew for each of their groups. Allocates.
    pub fn put_attribute(&mut self, id: InstanceId, name: &str, value: Option<&str>) -> Result<(), Error> {
        let slot = self.slot(id)?;
        let value = value.unwrap_or_default();
        check_attribute(name, value)?;
        self.check_journal(1)?;
        let is_new = self.state.attributes.text(name, slot).is_none();
        if is_new && self.state.attributes.carried(slot) >= INSTANCE_ATTRIBUTES_MAX {
            let message = alloc::format!("an instance has at most {INSTANCE_ATTRIBUTES_MAX} attributes");
            return Err(Error::with_message(ErrorKind::LimitExceeded, message));
        }
        let (name, value) = self.state.hold_attribute(name, value)?;
        let from = self.state.attributes.value(name, slot);
        if from == Some(value) {
            self.state.release_attribute((name, value));
            return Ok(());
        }
        let delta = Delta::Attribute { slot, name, from, to: Some(value) };
        self.apply(delta);
        self.settle(delta);
        self.fit_scratch();
        Ok(())
    }

    /// Takes an attribute from an instance.
    ///
    /// # Errors
    /// [`ErrorKind::InstanceNotFound`]; [`ErrorKind::AttributeNotFound`] when it has no such attribute.
    ///
    /// Cost: as [`put_attribute`](Self::put_attribute).
    pub fn delete_attribute(&mut self, id: InstanceId, name: &str) -> Result<(), Error> {
        let slot = self.slot(id)?;
        let known = self.state.attributes.name_id(name);
        let carried = known.and_then(|name| self.state.attributes.value(name, slot).map(|value| (name, value)));
        let Some((name, value)) = carried else {
            return Err(Error::new(ErrorKind::AttributeNotFound));
        };
        self.check_journal(1)?;
        let delta = Delta::Attribute { slot, name, from: Some(value), to: None };
        self.apply(delta);
        self.settle(delta);
        Ok(())
    }

    /// Instances that satisfy an expression, in registration order, whatever their status.
    ///
    /// Cost: linear in instances; allocates.
    #[must_use]
    pub fn query(&self, expression: &Expression) -> Vec<InstanceId> {
        let state = &self.state;
        let matching = state.registry.iter().filter(|&&slot| expression.matches(&InstanceFacts { state, slot }));
        matching.map(|&slot| state.instance_id(slot)).collect()
    }

    /// Instances in registration order.
    pub fn instances(&self) -> impl ExactSizeIterator<Item = InstanceId> + '_ {
        self.state.registry.iter().map(|&slot| self.state.instance_id(slot))
    }

    /// Where each instance stands in the registration order of this moment.
    ///
    /// Cost: linear in instances; allocates.
    #[must_use]
    pub fn registration_positions(&self) -> RegistrationPositions {
        let mut by_slot = alloc::vec![NONE; self.state.slots()];
        for (position, &slot) in (0u32..).zip(&self.state.registry) {
            by_slot[slot as usize] = position;
        }
        RegistrationPositions { by_slot }
    }

    /// One instance.
    ///
    /// # Errors
    /// [`ErrorKind::InstanceNotFound`].
    pub fn instance(&self, id: InstanceId) -> Result<InstanceView<'_>, Error> {
        self.slot(id).map(|slot| InstanceView::new(&self.state, slot))
    }

    /// The instance that registered under a name.
    #[must_use]
    pub fn instance_named(&self, name: &str) -> Option<InstanceId> {
        self.state.named(name).map(|slot| self.state.instance_id(slot))
    }

    /// Tasks that count or still hold resources, oldest first.
    ///
    /// Cost: n log n; allocates.
    pub fn tasks(&self) -> impl ExactSizeIterator<Item = TaskId> + '_ {
        self.state.tasks_by_age().into_iter().map(|task| self.state.task_id(task))
    }

    /// One task.
    ///
    /// # Errors
    /// [`ErrorKind::TaskNotFound`].
    pub fn task(&self, id: TaskId) -> Result<TaskView<'_>, Error> {
        self.task_at(id).map(|task| TaskView::new(&self.state, task))
    }

    /// Tasks that count.
    #[must_use]
    pub fn running_tasks(&self) -> usize {
        self.state.tasks_live
    }

    /// Tasks of a group that count; 0 for a group that nobody knows.
    #[must_use]
    pub fn running_tasks_of(&self, group: &str) -> usize {
        let number = self.state.group_names.get(group);
        number.map_or(0, |number| self.state.groups[crate::id::GroupId(number).index()].active as usize)
    }

    /// Names of attributes that instances carry.
    pub fn attribute_names(&self) -> impl Iterator<Item = &str> {
        self.state.attributes.names().map(|name| self.state.attributes.name_text(name))
    }

    /// The slot of an instance.
    fn slot(&self, id: InstanceId) -> Result<u32, Error> {
        self.state.instance_slot(id).ok_or(Error::new(ErrorKind::InstanceNotFound))
    }

    /// The slot of a task.
    fn task_at(&self, id: TaskId) -> Result<u32, Error> {
        self.state.task_slot(id).ok_or(Error::new(ErrorKind::TaskNotFound))
    }

    /// In strict mode, refuses a task that has no reserved slot.
    #[inline]
    fn check_task_room(&self) -> Result<(), Error> {
        let full =
            self.state.task_free == NONE && self.state.tasks.len() - self.state.tasks_retired >= self.reserved.tasks;
        if self.options.is_strict && full { Err(Error::new(ErrorKind::CapacityReserved)) } else { Ok(()) }
    }

    /// In strict mode, refuses changes inside a savepoint that have no reserved record.
    #[inline]
    fn check_journal(&self, changes: usize) -> Result<(), Error> {
        let full = self.journal.is_open() && self.journal.deltas().len() + changes > self.reserved.changes;
        if self.options.is_strict && full { Err(Error::new(ErrorKind::CapacityReserved)) } else { Ok(()) }
    }

    /// The name of a resource as ECS records it, e.g. `MEMORY`; the declared name of a custom one.
    #[must_use]
    pub fn resource_name(&self, kind: ResourceKind) -> &str {
        match kind {
            ResourceKind::Cpu => "CPU",
            ResourceKind::Memory => "MEMORY",
            ResourceKind::Ports => "PORTS",
            ResourceKind::Eni => "ENI",
            ResourceKind::Gpu | ResourceKind::GpuShare => "GPU",
            ResourceKind::Custom(index) => self.state.custom_names.get(usize::from(index)).map_or("", AsRef::as_ref),
        }
    }

    /// A reason as ECS writes it (semantics.md §2.4).
    #[must_use]
    pub fn reason_text(&self, reason: Reason) -> String {
        match reason {
            Reason::Missing => "MISSING".into(),
            Reason::Inactive => "INACTIVE".into(),
            Reason::Status(status) => status.as_str().into(),
            Reason::Agent => "AGENT".into(),
            Reason::Attribute => "ATTRIBUTE".into(),
            Reason::Location => "LOCATION".into(),
            Reason::Resource(kind) => alloc::format!("RESOURCE:{}", self.resource_name(kind)),
            Reason::MemberOf(_) => "MemberOf placement constraint unsatisfied.".into(),
            Reason::DistinctInstance => "DistinctInstance placement constraint unsatisfied.".into(),
        }
    }

    /// Tasks ever placed or added, less those rolled back: the key of the next random draw.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.state.sequence
    }

    /// Continues the count of tasks of another cluster. Never goes back.
    pub fn advance_sequence(&mut self, sequence: u64) {
        self.state.sequence = self.state.sequence.max(sequence);
    }

    /// Checks that everything kept twice agrees. A fault is a bug of ours, whatever the input was.
    ///
    /// # Errors
    /// What disagrees, in words.
    ///
    /// Cost: linear in everything; allocates. For tests.
    pub fn validate(&self) -> Result<(), String> {
        self.state.validate(&self.journal)?;
        self.index.validate(&self.state)?;
        self.index
            .watches
            .validate_holders(self.requests.iter().filter_map(|prepared| prepared::watched(&prepared.plan)))
    }

    /// Bytes held on the heap: the total of [`memory`](Self::memory).
    ///
    /// Cost: linear in instances.
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        self.memory().total()
    }

    /// Bytes held on the heap, by what they are for.
    ///
    /// Cost: linear in instances.
    #[must_use]
    pub fn memory(&self) -> MemoryUsage {
        let tallies = self.index.tallies.memory_usage();
        MemoryUsage {
            instances: self.state.instances_memory(),
            names: self.state.names_memory(),
            attributes: self.state.attributes.columns_memory(),
            attribute_texts: self.state.attributes.texts_memory(),
            devices: self.state.devices_memory(),
            ports: self.state.ports.memory_usage(),
            tasks: self.state.tasks_memory(),
            demands: self.state.demands.memory_usage(),
            groups: self.state.groups_memory(),
            tallies,
            index: self.index.memory_usage() - tallies,
            requests: self.requests.memory_usage(),
            journal: self.journal.memory_usage(),
            scratch: self.scratch.memory_usage(),
        }
    }

    /// Work done by searches so far.
    #[cfg(feature = "counters")]
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// The columns, for modules that read them.
    pub(crate) const fn state(&self) -> &State {
        &self.state
    }

    /// A prepared request, for modules that explain it.
    pub(crate) fn prepared(&self, id: RequestId) -> Result<&Prepared, Error> {
        self.requests.get(id)
    }
}

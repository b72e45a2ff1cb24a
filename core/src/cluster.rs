//! A cluster: its state, what follows from it, and the only way to change either.
//!
//! Control-plane calls (register, put an attribute, prepare a request) may allocate. Data-plane calls (place, stop, begin,
//! roll back) allocate nothing within what [`Cluster::reserve`] took. A call that fails has changed nothing.

use alloc::string::String;
use alloc::vec::Vec;

use crate::attribute::{INSTANCE_TYPE, OS_TYPE, TRUNK_ID};
use crate::demand::{Demand, GpuDemand};
use crate::error::{Error, ErrorKind};
use crate::expr::Expression;
use crate::id::{InstanceId, RequestId, TaskId};
use crate::index::Index;
use crate::instance::{Instance, InstanceStatus};
use crate::limits::{AMOUNT_MAX, HOST_PORTS_MAX};
use crate::outcome::{Outcome, Placement, Rejection};
use crate::prepared::{self, Prepared, PreparedTable};
use crate::request::Request;
use crate::resource::ResourceKind;
use crate::select::judge::{self, Reason};
use crate::select::plan::AbsentGroup;
use crate::select::scratch::Scratch;
use crate::select::{scan, victim};
use crate::state::columns::{NewTask, check_attribute, counted};
use crate::state::delta::Delta;
use crate::state::journal::Journal;
use crate::state::ports::port_key;
use crate::state::{InstanceFacts, Life, State};
use crate::strategy::StrategyChain;
use crate::transaction::{Savepoint, Transaction};
use crate::view::{InstanceView, TaskView};

/// When a stopped task gives its resources back (semantics.md §1.6, U-17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Release {
    /// At once, when its desired status becomes STOPPED.
    #[default]
    Desired,
    /// When its last status becomes STOPPED, which [`Cluster::finish`] says.
    Last,
}

/// What an instance type outside the table of network interfaces means (semantics.md §1.5, U-15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum UnknownEni {
    /// Its tasks are not counted.
    #[default]
    Unlimited,
    /// It takes no task with a network interface of its own.
    Zero,
}

/// Choices that hold for a whole cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Refuse to grow beyond what was reserved.
    pub is_strict: bool,
    /// When stopped tasks give their resources back.
    pub release: Release,
    /// Host ports an instance can have reserved at once, both protocols together (U-05).
    pub host_ports_max: i32,
    /// Where instances without a spread attribute rank.
    pub absent_group: AbsentGroup,
    /// What an unknown instance type means for network interfaces.
    pub unknown_eni: UnknownEni,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            is_strict: false,
            release: Release::default(),
            host_ports_max: HOST_PORTS_MAX,
            absent_group: AbsentGroup::default(),
            unknown_eni: UnknownEni::default(),
        }
    }
}

/// How much to make room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capacity {
    /// Instances registered at once.
    pub instances: usize,
    /// Tasks at once; tasks stopped inside a savepoint count until the outermost one closes.
    pub tasks: usize,
    /// Static host ports that tasks hold at once.
    pub ports: usize,
    /// Changes inside the outermost savepoint.
    pub changes: usize,
    /// Savepoints open at once.
    pub savepoints: usize,
}

/// A task that already runs.
#[derive(Debug, Clone)]
pub struct RunningTask<'a> {
    /// Its instance.
    pub instance: InstanceId,
    /// Name of its task definition.
    pub definition: &'a str,
    /// What it takes.
    pub demand: &'a Demand,
    /// Its task group.
    pub group: &'a str,
    /// Ids of the GPUs it has; empty when that is not known.
    pub gpu_ids: Vec<&'a str>,
    /// Whether the instance registered with remaining amounts that it is already subtracted from.
    pub in_remaining: bool,
    /// Whether it is one of the instance's [`other_tasks`](Instance::other_tasks), which are then one fewer.
    pub in_other_tasks: bool,
    /// Whether its health checks pass, as far as known.
    pub is_healthy: bool,
    /// Whether scale-in must leave it alone.
    pub is_protected: bool,
    /// Whether it no longer counts and still holds its resources; only under [`Release::Last`].
    pub is_stopping: bool,
}

impl<'a> RunningTask<'a> {
    /// A healthy task that nothing is known of beside this: not in any remaining amounts, not protected, not stopping.
    #[must_use]
    pub fn new(instance: InstanceId, definition: &'a str, demand: &'a Demand, group: &'a str) -> Self {
        Self {
            instance,
            definition,
            demand,
            group,
            gpu_ids: Vec::new(),
            in_remaining: false,
            in_other_tasks: false,
            is_healthy: true,
            is_protected: false,
            is_stopping: false,
        }
    }
}

/// How a request that was judged went: the rejection, if a task found no instance, and each considered instance's reason.
pub type Judged = (Option<Rejection>, Vec<(InstanceId, Reason)>);

/// A cluster of container instances and the tasks on them.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// The columns.
    state: State,
    /// What follows from them.
    index: Index,
    /// The undo log.
    journal: Journal,
    /// Prepared requests.
    requests: PreparedTable,
    /// Buffers of the data plane.
    scratch: Scratch,
    /// Choices for the whole cluster.
    options: Options,
    /// What was reserved; in strict mode, also the most there can be.
    reserved: Capacity,
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
            requests: PreparedTable::default(),
            scratch: Scratch::default(),
            options,
            reserved: Capacity::default(),
        }
    }

    /// The choices it was made with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Makes room, so that placing, stopping and rolling back within it allocate nothing. Never gives room back.
    ///
    /// Cost: linear in the room; allocates.
    pub fn reserve(&mut self, capacity: Capacity) {
        self.reserved = Capacity {
            instances: self.reserved.instances.max(capacity.instances),
            tasks: self.reserved.tasks.max(capacity.tasks),
            ports: self.reserved.ports.max(capacity.ports),
            changes: self.reserved.changes.max(capacity.changes),
            savepoints: self.reserved.savepoints.max(capacity.savepoints),
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
    }

    /// Carries out a change everywhere.
    fn apply(&mut self, delta: Delta) {
        self.state.apply(delta);
        self.index.follow(&self.state, delta);
        self.journal.record(delta);
    }

    /// Declares a custom countable resource. Instances and demands may then have amounts of it.
    ///
    /// # Errors
    /// [`ErrorKind::LimitExceeded`] beyond [`CUSTOM_RESOURCES_MAX`](crate::limits::CUSTOM_RESOURCES_MAX).
    pub fn declare_resource(&mut self, name: &str) -> Result<ResourceKind, Error> {
        self.state.declare_resource(name)
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
    /// Cost: linear in its attributes and in the filters in use; allocates.
    pub fn register(&mut self, instance: &Instance<'_>) -> Result<InstanceId, Error> {
        if self.options.is_strict && self.state.registry.len() >= self.reserved.instances {
            return Err(Error::new(ErrorKind::CapacityReserved));
        }
        self.check_journal(1)?;
        let slots = match instance.eni_task_slots {
            Some(slots) => Some(slots),
            None => self.derived_eni_slots(instance),
        };
        let slot = self.state.add_instance(instance, slots)?;
        self.apply(Delta::Register { slot });
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
    pub fn deregister(&mut self, id: InstanceId, force: bool) -> Result<Vec<TaskId>, Error> {
        let slot = self.slot(id)?;
        let mut tasks: Vec<u32> = self.state.tasks_of_instance(slot).collect();
        if !tasks.is_empty() && !force {
            return Err(Error::new(ErrorKind::InstanceNotEmpty));
        }
        self.check_journal(2 * tasks.len() + 1)?;
        tasks.sort_unstable_by_key(|&task| self.state.tasks[task as usize].sequence);
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
    pub fn put_attribute(&mut self, id: InstanceId, name: &str, value: Option<&str>) -> Result<(), Error> {
        let slot = self.slot(id)?;
        let value = value.unwrap_or_default();
        check_attribute(name, value)?;
        self.check_journal(1)?;
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

    /// Adds a task that already runs, whether or not it would fit. What its instance has left may become negative.
    ///
    /// Ports and GPUs that something else holds are not taken from it: the task then holds fewer.
    ///
    /// # Errors
    /// [`ErrorKind::InstanceNotFound`]; an error of its demand or group; [`ErrorKind::InvalidAmount`] when what the
    /// instance has left would leave the range of amounts; [`ErrorKind::SavepointOpen`] inside a savepoint, since it is a
    /// fact, not an attempt; a limit.
    pub fn add_task(&mut self, running: &RunningTask<'_>) -> Result<TaskId, Error> {
        if self.journal.is_open() {
            return Err(Error::new(ErrorKind::SavepointOpen));
        }
        let slot = self.slot(running.instance)?;
        self.check_task_room()?;
        let demand = self.recognised_demand(running, slot);
        let devices = self.state.devices[slot as usize].recognise(demand.gpus, &running.gpu_ids, running.in_remaining);
        let is_new = self.state.group_names.get(running.group).is_none();
        let group = self.state.hold_group(running.group)?;
        let held = {
            let State { demands, custom_names, .. } = &mut self.state;
            demands.hold(running.definition, &demand, custom_names)
        };
        let added = held.and_then(|demand| {
            self.check_added(slot, demand, running.in_remaining).map(|()| demand).inspect_err(|_| {
                self.state.demands.release(demand);
            })
        });
        let demand = match added {
            Ok(demand) => demand,
            Err(error) => {
                self.state.group_names.release(group.0);
                return Err(error);
            }
        };
        let new = NewTask {
            instance: slot,
            group,
            demand,
            devices,
            is_healthy: running.is_healthy,
            is_protected: running.is_protected,
        };
        let task = match self.state.add_task(new) {
            Ok(task) => task,
            Err(error) => {
                self.state.demands.release(demand);
                self.state.group_names.release(group.0);
                return Err(error);
            }
        };
        if is_new {
            self.index.residues.meet_group(group, running.group);
        }
        self.state.make_way(task, running.in_remaining, running.in_other_tasks);
        self.apply(Delta::Run { task });
        if running.is_stopping && self.options.release == Release::Last {
            self.apply(Delta::BeginStop { task });
        }
        self.fit_scratch();
        Ok(self.state.task_id(task))
    }

    /// What a task that already runs holds of its demand.
    fn recognised_demand(&self, running: &RunningTask<'_>, slot: u32) -> Demand {
        let mut demand = running.demand.clone();
        demand.ports.sort_unstable();
        demand.ports.dedup();
        let agent = &self.state.info[slot as usize].agent_ports;
        let base = self.state.ports.base_keys(self.state.base[slot as usize]);
        demand.ports.retain(|&(protocol, port)| {
            let key = port_key(protocol, port);
            let listed = base.binary_search(&key).is_ok();
            let is_agents = agent.binary_search(&key).is_ok();
            let is_free = self.state.ports.holder(slot, key).is_none();
            is_free && if running.in_remaining { listed && !is_agents } else { !listed }
        });
        demand
    }

    /// Refuses a task whose demand would take what its instance has left out of the range of amounts.
    fn check_added(&self, slot: u32, demand: crate::id::DemandId, in_remaining: bool) -> Result<(), Error> {
        let at = slot as usize;
        for (column, amount) in self.state.demands.get(demand).held_amounts() {
            let kind = ResourceKind::from_column(column);
            let is_counted = counted(self.state.custom_names.len()).any(|counted| counted == kind);
            let (left, most) = if in_remaining && is_counted {
                let all = i64::from(self.state.registered[column][at]) + i64::from(self.state.info[at].surplus[column]);
                (0, all + i64::from(amount))
            } else if self.state.registered[column][at] == crate::state::ENI_UNLIMITED {
                (0, 0)
            } else {
                (i64::from(self.state.remaining[column][at]) - i64::from(amount), 0)
            };
            if left < -i64::from(AMOUNT_MAX) || most > i64::from(AMOUNT_MAX) {
                let message = alloc::format!(
                    "task of `{}` takes {amount} {}, more than an amount can count",
                    self.state.info[at].name,
                    self.resource_name(kind),
                );
                return Err(Error::with_message(ErrorKind::InvalidAmount, message));
            }
        }
        Ok(())
    }

    /// Makes a request ready: compiles it against this cluster, so that placing it reads integers only.
    ///
    /// # Errors
    /// Whatever is wrong with the request; a limit.
    ///
    /// Cost: linear in instances for each constraint or required set not in use yet; allocates.
    pub fn prepare(&mut self, request: &Request) -> Result<RequestId, Error> {
        let prepared = prepared::prepare(&mut self.state, &mut self.index, request, self.options.absent_group)?;
        self.fit_scratch();
        self.requests.insert(prepared)
    }

    /// Lets go of a prepared request.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] when it was released already.
    pub fn release(&mut self, id: RequestId) -> Result<(), Error> {
        let prepared = self.requests.remove(id)?;
        prepared::release(&mut self.state, &mut self.index, &prepared.plan);
        Ok(())
    }

    /// The request behind an id.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] when it was released.
    pub fn request(&self, id: RequestId) -> Result<&Request, Error> {
        Ok(&self.requests.get(id)?.request)
    }

    /// Places one task of a request.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] for a released request; a limit, in strict mode also that of what was reserved.
    ///
    /// Cost: linear in instances (the scan route); does not allocate within what was reserved.
    pub fn place_one(&mut self, id: RequestId) -> Result<Outcome, Error> {
        self.check_task_room()?;
        self.check_journal(1)?;
        let Self { state, index, requests, scratch, .. } = self;
        let Prepared { plan, request } = requests.get(id)?;
        if self.options.is_strict && state.ports.held_len() + request.demand.ports.len() > self.reserved.ports {
            return Err(Error::new(ErrorKind::CapacityReserved));
        }
        for &residue in &plan.residues {
            index.residues.get(residue).focus(state, &mut index.tallies);
        }
        if plan.reads_group() {
            index.tallies.focus(state, plan.group);
        }
        match scan::select(state, index, plan, scratch) {
            Some(slot) => self.run(id, slot).map(Outcome::Placed),
            None => Ok(Outcome::Rejected(Rejection { wanted: 1, placed: 0 })),
        }
    }

    /// Starts a task of a request on a feasible instance.
    fn run(&mut self, id: RequestId, slot: u32) -> Result<Placement, Error> {
        let plan = &self.requests.get(id)?.plan;
        let gpus = self.state.demands.get(plan.demand).gpus();
        let new = NewTask {
            instance: slot,
            group: plan.group,
            demand: plan.demand,
            devices: if gpus == GpuDemand::None { 0 } else { self.state.devices[slot as usize].choose(gpus) },
            is_healthy: true,
            is_protected: false,
        };
        let task = self.state.add_task(new)?;
        self.state.demands.hold_again(new.demand);
        self.state.group_names.hold_again(new.group.0);
        self.apply(Delta::Run { task });
        Ok(Placement { task: self.state.task_id(task), instance: self.state.instance_id(slot) })
    }

    /// Places the tasks of a request one after another, each seeing the ones before, and appends them to `placements`. Stops
    /// at the first that finds no instance, and says so. A request for all or nothing then takes the others back.
    ///
    /// # Errors
    /// As [`place_one`](Self::place_one); tasks placed before the error are taken back.
    pub fn place(&mut self, id: RequestId, placements: &mut Vec<Placement>) -> Result<Option<Rejection>, Error> {
        self.place_judged(id, placements, |_| ())
    }

    /// As [`place`](Self::place), and judges every instance at the moment the first task finds none, before anything is
    /// taken back: the first failing check of each instance considered, in registration order.
    ///
    /// # Errors
    /// As [`place`](Self::place).
    pub fn place_explained(&mut self, id: RequestId, placements: &mut Vec<Placement>) -> Result<Judged, Error> {
        let mut failures = Vec::new();
        let rejection = self.place_judged(id, placements, |cluster| {
            failures = cluster.failures(id).unwrap_or_default();
        })?;
        Ok((rejection, failures))
    }

    /// Places a request; `judge` sees the cluster at the moment a task finds no instance.
    fn place_judged(
        &mut self,
        id: RequestId,
        placements: &mut Vec<Placement>,
        judge: impl FnOnce(&Self),
    ) -> Result<Option<Rejection>, Error> {
        let request = self.request(id)?;
        let (wanted, all_or_nothing) = (request.count, request.all_or_nothing);
        let before = placements.len();
        for placed in 0..wanted {
            match self.place_one(id) {
                Ok(Outcome::Placed(placement)) => placements.push(placement),
                Ok(Outcome::Rejected(_)) => {
                    judge(self);
                    let placed = if all_or_nothing {
                        self.take_back(placements, before);
                        0
                    } else {
                        placed
                    };
                    return Ok(Some(Rejection { wanted, placed }));
                }
                Err(error) => {
                    self.take_back(placements, before);
                    return Err(error);
                }
            }
        }
        Ok(None)
    }

    /// Undoes the newest placements, down to a number of them.
    fn take_back(&mut self, placements: &mut Vec<Placement>, keep: usize) {
        while placements.len() > keep {
            let Some(placement) = placements.pop() else { return };
            let delta = Delta::Run { task: placement.task.slot() };
            if self.journal.is_open() {
                self.journal.pop_after(0);
            }
            self.undo(delta);
            self.state.sequence -= 1;
        }
    }

    /// Starts one task of a request on one instance (StartTask), or says why it cannot.
    ///
    /// The instance must be ACTIVE; requirements and constraints hold as for placing. The caller names the instance, so the
    /// request's launch kind and strategies are not looked at.
    ///
    /// # Errors
    /// [`ErrorKind::InstanceNotFound`], [`ErrorKind::StaleHandle`], or a limit.
    pub fn start(&mut self, id: RequestId, instance: InstanceId) -> Result<Result<Placement, Reason>, Error> {
        let slot = self.slot(instance)?;
        self.check_task_room()?;
        self.check_journal(1)?;
        let Prepared { plan, request } = self.requests.get(id)?;
        let status = self.state.status[slot as usize];
        if status != InstanceStatus::Active {
            return Ok(Err(Reason::Status(status)));
        }
        match judge::first_failure(&self.state, plan, request, slot) {
            Some(reason) => Ok(Err(reason)),
            None => self.run(id, slot).map(Ok),
        }
    }

    /// Stops a task. It ceases to count at once; when it gives its resources back is [`Options::release`].
    ///
    /// # Errors
    /// [`ErrorKind::TaskNotFound`] when it does not exist, or was stopped before.
    ///
    /// Cost: constant, plus its ports and GPUs; does not allocate within what was reserved.
    pub fn stop(&mut self, id: TaskId) -> Result<(), Error> {
        let task = self.task_at(id)?;
        if self.state.tasks[task as usize].life != Life::Live {
            return Err(Error::new(ErrorKind::TaskNotFound));
        }
        self.check_journal(1)?;
        self.stop_slot(task);
        Ok(())
    }

    /// Stops a live task.
    fn stop_slot(&mut self, task: u32) {
        let delta = match self.options.release {
            Release::Desired => Delta::Stop { task },
            Release::Last => Delta::BeginStop { task },
        };
        self.apply(delta);
        self.settle(delta);
    }

    /// Says that a task stopped before has ended: it gives its resources back. Only under [`Release::Last`].
    ///
    /// # Errors
    /// [`ErrorKind::TaskNotFound`] when it does not exist, or was not stopped before.
    pub fn finish(&mut self, id: TaskId) -> Result<(), Error> {
        let task = self.task_at(id)?;
        if self.state.tasks[task as usize].life != Life::Stopping {
            return Err(Error::new(ErrorKind::TaskNotFound));
        }
        self.check_journal(1)?;
        let delta = Delta::FinishStop { task };
        self.apply(delta);
        self.settle(delta);
        Ok(())
    }

    /// Stops up to `count` tasks of a group, chosen by a chain, and appends them to `stopped` in that order. Without a chain
    /// the fullest zone goes first, then the fullest instance (semantics.md §3.6).
    ///
    /// # Errors
    /// A limit; nothing was stopped then.
    pub fn scale_in(
        &mut self,
        group: &str,
        strategies: Option<&StrategyChain>,
        count: u32,
        seed: u64,
        stopped: &mut Vec<TaskId>,
    ) -> Result<(), Error> {
        let Some(number) = self.state.group_names.get(group) else { return Ok(()) };
        let group = crate::id::GroupId(number);
        let active = self.state.groups[group.index()].active;
        self.check_journal(active.min(count) as usize)?;
        let default;
        let chain = if let Some(chain) = strategies {
            chain
        } else {
            default = StrategyChain::service_default();
            &default
        };
        let rules = prepared::resolve_rules(&mut self.state, chain.rules())?;
        self.fit_scratch();
        for _ in 0..count.min(active) {
            let Some(task) = victim::select(&self.state, group, &rules, seed, &mut self.scratch) else { break };
            stopped.push(self.state.task_id(task));
            self.stop_slot(task);
        }
        prepared::release_rules(&mut self.state, &rules);
        Ok(())
    }

    /// The first failing check of each instance a request considers, in registration order; instances that would take a
    /// task are left out. Empty when nothing is considered.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] for a released request.
    ///
    /// Cost: linear in instances; allocates.
    pub fn failures(&self, id: RequestId) -> Result<Vec<(InstanceId, Reason)>, Error> {
        let Prepared { plan, request } = self.requests.get(id)?;
        let considered = self.state.registry.iter().filter(|&&slot| judge::is_considered(&self.state, plan, slot));
        let judged = considered.filter_map(|&slot| {
            let reason = judge::first_failure(&self.state, plan, request, slot)?;
            Some((self.state.instance_id(slot), reason))
        });
        Ok(judged.collect())
    }

    /// Whether a request considers any instance: an ACTIVE one of its launch kind.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] for a released request.
    pub fn considers_any(&self, id: RequestId) -> Result<bool, Error> {
        let plan = &self.requests.get(id)?.plan;
        Ok(self.state.registry.iter().any(|&slot| judge::is_considered(&self.state, plan, slot)))
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

    /// Names of attributes that instances carry.
    pub fn attribute_names(&self) -> impl Iterator<Item = &str> {
        self.state.attributes.names().map(|name| self.state.attributes.name_text(name))
    }

    /// Opens a savepoint inside the innermost open one.
    ///
    /// Cost: constant; does not allocate within what was reserved.
    pub fn begin(&mut self) -> Savepoint {
        let (depth, serial) = self.journal.open(self.state.sequence, self.state.registrations);
        Savepoint { depth, serial }
    }

    /// Undoes everything since a savepoint was opened, and closes it and those inside it. Prepared requests stay prepared.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] when it was closed before.
    ///
    /// Cost: what was done since; does not allocate.
    pub fn rollback(&mut self, savepoint: Savepoint) -> Result<(), Error> {
        let mark = self.journal.mark(savepoint.depth, savepoint.serial).ok_or(Error::new(ErrorKind::StaleHandle))?;
        while let Some(delta) = self.journal.pop_after(mark.position) {
            self.undo(delta);
        }
        self.state.sequence = mark.sequence;
        self.state.registrations = mark.registrations;
        self.journal.close(savepoint.depth);
        Ok(())
    }

    /// Keeps everything since a savepoint was opened, and closes it and those inside it.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] when it was closed before.
    ///
    /// Cost: constant inside another savepoint, what was done since otherwise; does not allocate.
    pub fn commit(&mut self, savepoint: Savepoint) -> Result<(), Error> {
        self.journal.mark(savepoint.depth, savepoint.serial).ok_or(Error::new(ErrorKind::StaleHandle))?;
        self.journal.close(savepoint.depth);
        if !self.journal.is_open() {
            let mut at = 0;
            while let Some(delta) = self.journal.delta(at) {
                self.settle(delta);
                at += 1;
            }
            self.journal.clear();
        }
        Ok(())
    }

    /// Opens a savepoint that is rolled back when the guard is dropped without a commit.
    pub fn transaction(&mut self) -> Transaction<'_> {
        Transaction::new(self)
    }

    /// Savepoints open.
    #[must_use]
    pub fn savepoints(&self) -> usize {
        self.journal.depth()
    }

    /// Takes back one change that is in no journal any more.
    fn undo(&mut self, delta: Delta) {
        let inverse = delta.inverse();
        self.state.apply(inverse);
        self.index.follow(&self.state, inverse);
        match delta {
            Delta::Run { task } => self.state.reclaim_task(task),
            Delta::Register { slot } => self.state.reclaim_instance(slot),
            Delta::Attribute { name, to: Some(value), .. } => self.state.release_attribute((name, value)),
            _ => {}
        }
    }

    /// Gives back what a change replaced, once no savepoint can bring it back.
    fn settle(&mut self, delta: Delta) {
        if self.journal.is_open() {
            return;
        }
        match delta {
            Delta::Stop { task } | Delta::FinishStop { task } => self.state.reclaim_task(task),
            Delta::Deregister { slot } => self.state.reclaim_instance(slot),
            Delta::Attribute { name, from: Some(value), .. } => self.state.release_attribute((name, value)),
            _ => {}
        }
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
    fn check_task_room(&self) -> Result<(), Error> {
        let full = self.state.task_free.is_empty() && self.state.tasks.len() >= self.reserved.tasks;
        if self.options.is_strict && full { Err(Error::new(ErrorKind::CapacityReserved)) } else { Ok(()) }
    }

    /// In strict mode, refuses changes inside a savepoint that have no reserved record.
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
        self.index.validate(&self.state)
    }

    /// Bytes held on the heap, about.
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        self.state.memory_usage()
            + self.index.memory_usage()
            + self.journal.memory_usage()
            + self.requests.memory_usage()
            + self.scratch.memory_usage()
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

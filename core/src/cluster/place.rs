//! The data plane: preparing a request, placing a task of it, stopping tasks, and judging why one finds no instance.

use alloc::vec::Vec;

use crate::demand::GpuDemand;
use crate::error::{Error, ErrorKind};
use crate::id::{DemandId, GroupId, InstanceId, RequestId, TaskId};
use crate::index::effort::Effort;
use crate::instance::InstanceStatus;
use crate::outcome::{Outcome, Placement, Rejection};
use crate::prepared::{self, Prepared};
use crate::request::Request;
use crate::select::indexed::{self, Found};
use crate::select::judge::{Judge, Reason};
use crate::select::plan::Last;
use crate::select::{scan, victim};
use crate::state::columns::NewTask;
use crate::state::delta::Delta;
use crate::state::{Life, State};
use crate::strategy::StrategyChain;

use super::Cluster;
use super::options::{Release, Route};

/// Fewest instances for which [`Route::Auto`] searches an index.
const INDEXED_INSTANCES_MIN: usize = 512;

impl Cluster {
    /// Makes a request ready: compiles it against this cluster, so that placing it reads integers only.
    ///
    /// # Errors
    /// Whatever is wrong with the request; a limit.
    ///
    /// Cost: linear in instances for each constraint or required set not in use yet, and in the tasks of its group where its
    /// instances are asked about for the first time; where an order of instances is needed for the first time, n log n. What a
    /// target workload ranks by is measured when a task is first placed, not here. Allocates.
    pub fn prepare(&mut self, request: &Request) -> Result<RequestId, Error> {
        let is_indexed = self.options.route != Route::Scan;
        let Self { state, index, options, .. } = self;
        let prepared = prepared::prepare(state, index, request, options.absent_group, is_indexed)?;
        if self.may_be_large() {
            prepared::want_orders(&self.state, &mut self.index, &prepared.plan);
        }
        let id = self.requests.insert(prepared)?;
        self.fit_scratch();
        Ok(id)
    }

    /// Lets go of a prepared request.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] when it was released already.
    ///
    /// Cost: what it names; where it was the last to ask which instances run tasks of its group, a step for every 64 instances
    /// and a few for each of those. May allocate.
    pub fn release(&mut self, id: RequestId) -> Result<(), Error> {
        let prepared = self.requests.remove(id)?;
        prepared::release(&mut self.state, &mut self.index, &prepared.plan);
        Ok(())
    }

    /// The request behind an id.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] when it was released.
    #[inline]
    pub fn request(&self, id: RequestId) -> Result<&Request, Error> {
        Ok(&self.requests.get(id)?.request)
    }

    /// Every prepared request that was not released.
    pub fn requests(&self) -> impl Iterator<Item = RequestId> + '_ {
        self.requests.ids()
    }

    /// Places one task of a request.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] for a released request; a limit, in strict mode also that of what was reserved.
    ///
    /// Cost: on the scan route, linear in instances. On the indexed route, steps logarithmic in instances, and a step for each
    /// instance that comes first in the order and is refused; at worst, about twice a pass over the admitted instances, or
    /// twice a scan where ties are narrowed. Where a target workload ranks, also a measurement of each instance that changed
    /// since the last task of that shape (gpu_policies.md §5). `design.md` says for each chain and constraint which route answers it. Does not
    /// allocate within what was reserved.
    pub fn place_one(&mut self, id: RequestId) -> Result<Outcome, Error> {
        self.check_task_room()?;
        self.check_journal(1)?;
        match self.choose(id)? {
            Some(slot) => self.run(id, slot).map(Outcome::Placed),
            None => Ok(Outcome::Rejected(Rejection { wanted: 1, placed: 0 })),
        }
    }

    /// Whether searching an index pays, by the route the cluster was told to take.
    pub(super) fn is_large(&self) -> bool {
        match self.options.route {
            Route::Auto => self.state.registry.len() >= INDEXED_INSTANCES_MIN,
            Route::Scan => false,
            Route::Indexed => true,
        }
    }

    /// Whether it pays, or will once a savepoint has brought instances back.
    pub(super) fn may_be_large(&self) -> bool {
        self.is_large() || self.options.route == Route::Auto && self.state.slots() >= INDEXED_INSTANCES_MIN
    }

    /// The instance that a request's next task goes to.
    pub(super) fn choose(&mut self, id: RequestId) -> Result<Option<u32>, Error> {
        let is_large = self.is_large();
        let Self { state, index, requests, scratch, .. } = self;
        let Prepared { plan, request } = requests.get_mut(id)?;
        check_port_room(self.options.is_strict, self.reserved.ports, state, request)?;
        if plan.shape.is_some() {
            plan.shapes().for_each(|shape| index.gauges.refresh(state, &index.filters, shape));
        }
        let mut luck = plan.search.as_ref().map(|search| search.luck).unwrap_or_default();
        if let Some(search) = plan.search.as_ref().filter(|_| is_large) {
            for &residue in &*plan.residues {
                index.residues.get(residue).focus(state, |group| index.tallies.focus_spare(state, group));
            }
            let mut found = Found::Unknown;
            if luck.tries() {
                index.orders.sync(state, &index.ranks);
                let mut effort = indexed::effort_for(state, index, plan, search);
                found = indexed::select(state, index, plan, search, scratch, &mut effort);
                luck.learn(found != Found::Unknown);
                self.counters.add(effort);
            }
            if let Some(search) = &mut plan.search {
                search.luck = luck;
            }
            match found {
                Found::Instance(slot) => return Ok(Some(slot)),
                Found::Nothing => return Ok(None),
                Found::Unknown => {}
            }
        }
        self.pass_over(id)
    }

    /// The same without a search: by one pass over the admitted instances where that answers it, or over all of them.
    pub(super) fn pass_over(&mut self, id: RequestId) -> Result<Option<u32>, Error> {
        let is_large = self.is_large();
        let Self { state, index, requests, scratch, .. } = self;
        let Prepared { plan, .. } = requests.get(id)?;
        if let Some(search) = plan.search.as_ref().filter(|search| is_large && search.is_swept(plan)) {
            if search.last == Last::SpreadInstance {
                index.tallies.focus_spare(state, plan.group);
            }
            let mut effort = Effort::default();
            let found = indexed::sweep(state, index, plan, search, &mut effort);
            if found != Found::Unknown {
                self.counters.add_sweep(effort, index.admissions.len(search.admission));
            }
            match found {
                Found::Instance(slot) => return Ok(Some(slot)),
                Found::Nothing => return Ok(None),
                Found::Unknown => {}
            }
        }
        self.counters.add_scan(state.registry.len());
        for &residue in &*plan.residues {
            index.residues.get(residue).focus(state, |group| index.tallies.focus(state, group));
        }
        if plan.search.is_none() && plan.reads_group() {
            index.tallies.focus(state, plan.group);
        }
        Ok(scan::select(state, index, plan, scratch))
    }

    /// Starts a task of a request on the instance that was chosen for it.
    #[inline]
    #[cfg_attr(placewright_for_size, optimize(speed))]
    pub(super) fn run(&mut self, id: RequestId, slot: u32) -> Result<Placement, Error> {
        let Prepared { plan, request } = self.requests.get(id)?;
        let devices = match (request.demand.gpus, plan.shape) {
            (GpuDemand::None, _) => 0,
            (GpuDemand::Share(_), Some(shape)) => self.index.gauges.device(shape, slot),
            (gpus, _) => self.state.devices[slot as usize].choose(gpus),
        };
        let task = (plan.group, plan.demand);
        self.run_with(task, slot, devices)
    }

    /// Starts a task with this group and demand on a feasible instance, with the devices at these positions.
    #[cfg_attr(placewright_for_size, optimize(speed))]
    fn run_with(&mut self, (group, demand): (GroupId, DemandId), slot: u32, devices: u64) -> Result<Placement, Error> {
        let new = NewTask { instance: slot, group, demand, devices, is_healthy: true, is_protected: false };
        let task = self.state.add_task(new)?;
        self.state.demands.hold_again(new.demand);
        self.state.group_names.hold_again(new.group.0);
        self.apply(Delta::Run { task });
        Ok(Placement { task: self.state.task_id(task), instance: self.state.instance_id(slot) })
    }

    /// Starts one task of a request on one instance (StartTask), or says why it cannot.
    ///
    /// The instance must be ACTIVE; requirements and constraints hold as for placing. The caller names the instance, so the
    /// request's launch kind and strategies are not looked at.
    ///
    /// # Errors
    /// [`ErrorKind::InstanceNotFound`], [`ErrorKind::StaleHandle`], or a limit.
    ///
    /// Cost: one instance judged, its tasks included where they are asked about; that may allocate.
    pub fn start(&mut self, id: RequestId, instance: InstanceId) -> Result<Result<Placement, Reason>, Error> {
        let slot = self.slot(instance)?;
        self.check_task_room()?;
        self.check_journal(1)?;
        let Prepared { plan, request } = self.requests.get(id)?;
        check_port_room(self.options.is_strict, self.reserved.ports, &self.state, request)?;
        let status = self.state.status[slot as usize];
        if status != InstanceStatus::Active {
            return Ok(Err(Reason::Status(status)));
        }
        let failure = Judge::new(&self.state, plan, request).first_failure(slot);
        match failure {
            Some(reason) => Ok(Err(reason)),
            None => {
                let devices = self.state.devices[slot as usize].choose(request.demand.gpus);
                let task = (plan.group, plan.demand);
                self.run_with(task, slot, devices).map(Ok)
            }
        }
    }

    /// Stops a task. It ceases to count at once; when it gives its resources back is [`Options::release`](crate::Options::release).
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
    ///
    /// Cost: as [`stop`](Self::stop).
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
    ///
    /// Cost: for each task that is stopped, linear in the tasks of the group, for each rule. Allocates nothing within what was
    /// reserved but what `stopped` needs, the default chain, and names of attributes that are new.
    pub fn scale_in(
        &mut self,
        group: &str,
        strategies: Option<&StrategyChain>,
        count: u32,
        seed: u64,
        stopped: &mut Vec<TaskId>,
    ) -> Result<(), Error> {
        let Some(number) = self.state.group_names.get(group) else { return Ok(()) };
        let group = GroupId(number);
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
            self.index.tallies.focus(&self.state, group);
            let chosen = victim::select(&self.state, &self.index.tallies, group, &rules, seed, &mut self.scratch);
            let Some(task) = chosen else { break };
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
    /// Cost: as [`explain`](Self::explain); allocates.
    pub fn failures(&self, id: RequestId) -> Result<Vec<(InstanceId, Reason)>, Error> {
        let Prepared { plan, request } = self.requests.get(id)?;
        let mut judge = Judge::of_many(&self.state, plan, request);
        let judged = self.state.registry.iter().filter_map(|&slot| {
            let reason = if judge.considers(slot) { judge.first_failure(slot) } else { None };
            reason.map(|reason| (self.state.instance_id(slot), reason))
        });
        Ok(judged.collect())
    }

    /// Whether a request considers any instance: an ACTIVE one of its launch kind.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] for a released request.
    ///
    /// Cost: linear in instances at worst.
    pub fn considers_any(&self, id: RequestId) -> Result<bool, Error> {
        let Prepared { plan, request } = self.requests.get(id)?;
        let judge = Judge::new(&self.state, plan, request);
        Ok(self.state.registry.iter().any(|&slot| judge.considers(slot)))
    }
}

/// In strict mode, refuses a request whose host ports have no reserved cells.
pub(super) fn check_port_room(is_strict: bool, reserved: usize, state: &State, request: &Request) -> Result<(), Error> {
    let wanted = request.demand.ports.len();
    let full = is_strict && wanted > 0 && state.ports.held_len() + wanted > reserved;
    if full { Err(Error::new(ErrorKind::CapacityReserved)) } else { Ok(()) }
}

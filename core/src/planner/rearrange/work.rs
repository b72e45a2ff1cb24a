//! A cluster being rearranged: what is where, and one move at a time, carried out by the engine or taken back.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;

use hashbrown::HashMap;

use super::{Move, Progress, RearrangeOptions, Watch, end};
use crate::cluster::Cluster;
use crate::constraint::Constraint;
use crate::demand::Demand;
use crate::error::Error;
use crate::id::{InstanceId, RequestId, TaskId};
use crate::instance::InstanceStatus;
use crate::outcome::Outcome;
use crate::request::{LaunchKind, Request};
use crate::resource::ResourceKind;
use crate::strategy::{BinpackField, Strategy};
use crate::transaction::Savepoint;

/// Attribute of instances outside EC2.
const EXTERNAL: &str = "ecs.capability.external";
/// Instances that are asked one by one where the best one is refused.
const ASKED_MAX: usize = 256;

/// Requests of which tasks are: what to ask the engine for when one is to start elsewhere.
#[derive(Debug)]
pub(super) struct Requests {
    /// Prepared requests.
    ids: Vec<RequestId>,
    /// For those that ask for running tasks, so that what others do may break them: the same without any amounts, which says
    /// whether the constraints alone hold. Of an instance that owes amounts nothing else could be told.
    fragile: Vec<Option<RequestId>>,
    /// By task.
    of_task: HashMap<TaskId, u32>,
}

impl Requests {
    /// Prepares a request for each kind among these tasks; those that are stopping do not count.
    pub(super) fn prepare(
        cluster: &mut Cluster,
        options: &RearrangeOptions,
        tasks: Vec<TaskId>,
    ) -> Result<Self, Error> {
        let field = scarcest(cluster)?;
        let mut numbers: HashMap<(String, String, bool), Vec<(Demand, u32)>> = HashMap::new();
        let mut wanted: Vec<Request> = Vec::new();
        let mut of_task = HashMap::with_capacity(tasks.len());
        for id in tasks {
            let task = cluster.task(id)?;
            if task.is_stopping() {
                continue;
            }
            let is_external = cluster.instance(task.instance())?.attribute(EXTERNAL).is_some();
            let key = (task.definition().to_string(), task.group().to_string(), is_external);
            let known = numbers.entry(key).or_default();
            let number = known.iter().find(|(demand, _)| demand == task.demand()).map(|&(_, number)| number);
            let number = number.unwrap_or_else(|| {
                #[expect(clippy::cast_possible_truncation, reason = "there are no more requests than tasks")]
                let number = wanted.len() as u32;
                let rules = options.rules.iter().find(|rules| rules.group == task.group());
                let mut request = Request::new(task.definition(), task.demand().clone())
                    .with_group(task.group())
                    .with_launch(if is_external { LaunchKind::External } else { LaunchKind::Ec2 })
                    .with_strategies(Strategy::Binpack(field));
                request.constraints = rules.map(|rules| rules.constraints.clone()).unwrap_or_default();
                let of_definition = options.definitions.iter().filter(|(name, _)| name == task.definition());
                request.constraints.extend(of_definition.flat_map(|(_, constraints)| constraints.iter().cloned()));
                wanted.push(request);
                known.push((task.demand().clone(), number));
                number
            });
            of_task.insert(id, number);
        }
        let mut requests = Self { ids: Vec::new(), fragile: Vec::new(), of_task };
        for request in wanted {
            if let Err(error) = requests.prepare_one(cluster, request) {
                requests.release(cluster)?;
                return Err(error);
            }
        }
        Ok(requests)
    }

    /// Prepares one request, and the one that stands for its constraints.
    fn prepare_one(&mut self, cluster: &mut Cluster, mut request: Request) -> Result<(), Error> {
        let is_fragile = request.constraints.iter().any(|constraint| match constraint {
            Constraint::DistinctInstance => false,
            Constraint::MemberOf(expression) => expression.residue().is_some(),
        });
        self.ids.push(cluster.prepare(&request)?);
        request.demand = Demand::new(0, 0);
        self.fragile.push(if is_fragile { Some(cluster.prepare(&request)?) } else { None });
        Ok(())
    }

    /// Lets go of the requests.
    pub(super) fn release(self, cluster: &mut Cluster) -> Result<(), Error> {
        self.ids.into_iter().chain(self.fragile.into_iter().flatten()).try_for_each(|id| cluster.release(id))
    }

    /// Carries out one move; `None` where the target refuses. A caller with a savepoint takes back what was done then.
    pub(super) fn step(
        &self,
        cluster: &mut Cluster,
        planned: &Move,
        stops_first: bool,
    ) -> Result<Option<TaskId>, Error> {
        let Some(&number) = self.of_task.get(&planned.task) else { return Ok(None) };
        exchange(cluster, self.ids[number as usize], planned.task, planned.to, stops_first)
    }
}

/// Starts a task of a request on its target and ends the one it stands for, in the order wanted.
fn exchange(
    cluster: &mut Cluster,
    request: RequestId,
    task: TaskId,
    to: InstanceId,
    stops_first: bool,
) -> Result<Option<TaskId>, Error> {
    if stops_first {
        end(cluster, task)?;
    }
    let Ok(placement) = cluster.start(request, to)? else { return Ok(None) };
    if !stops_first {
        end(cluster, task)?;
    }
    Ok(Some(placement.task))
}

/// The amount that instances in use have the smaller share left of.
fn scarcest(cluster: &Cluster) -> Result<BinpackField, Error> {
    let (mut cpu, mut memory) = ((0_i128, 0_i128), (0_i128, 0_i128));
    for id in cluster.instances() {
        let instance = cluster.instance(id)?;
        if instance.running_tasks() > 0 {
            let add = |sum: &mut (i128, i128), kind| {
                sum.0 += i128::from(instance.remaining(kind));
                sum.1 += i128::from(instance.registered(kind));
            };
            add(&mut cpu, ResourceKind::Cpu);
            add(&mut memory, ResourceKind::Memory);
        }
    }
    Ok(if cpu.0 * memory.1 < memory.0 * cpu.1 { BinpackField::Cpu } else { BinpackField::Memory })
}

/// A task at work.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    /// Its id before the plan.
    first: TaskId,
    /// Its id now.
    now: TaskId,
    /// Instance it is on, by number.
    pub(super) at: usize,
    /// Request.
    request: u32,
    /// Group.
    pub(super) group: u32,
    /// Whether it may move; not any more after it did.
    pub(super) is_movable: bool,
    /// CPU units and memory, for orders.
    pub(super) size: (i64, i64),
}

/// What an instance has left, and how large those of its tasks are that may move: CPU units, and MiB of memory.
#[derive(Debug, Clone, Copy)]
struct Amounts {
    /// Left.
    left: (i64, i64),
    /// The largest of each; `i64::MIN` where none may move.
    largest: (i64, i64),
    /// The smallest of each.
    smallest: (i64, i64),
}

/// The cluster at work.
pub(super) struct Work<'w> {
    /// The cluster, inside a transaction.
    pub(super) cluster: &'w mut Cluster,
    /// Requests.
    requests: &'w Requests,
    /// Options.
    pub(super) options: &'w RearrangeOptions,
    /// Who is asked.
    watch: Watch<'w>,
    /// Instances in registration order.
    pub(super) instances: Vec<InstanceId>,
    /// Numbers of instances.
    number: HashMap<InstanceId, usize>,
    /// Domain of each instance; `None` without the attribute.
    pub(super) domain: Vec<Option<u32>>,
    /// Domains that ACTIVE instances are in.
    pub(super) domains: Vec<u32>,
    /// Tasks, oldest first.
    pub(super) seats: Vec<Seat>,
    /// Tasks on each instance, by number.
    pub(super) on: Vec<Vec<usize>>,
    /// Amounts of each instance, so that searches pass over most without asking the engine.
    amounts: Vec<Amounts>,
    /// Whether each instance had tasks at first.
    was_used: Vec<bool>,
    /// Status of each instance at first.
    statuses: Vec<InstanceStatus>,
    /// Names of groups.
    pub(super) groups: Vec<String>,
    /// Tasks of each group in each domain. `[groups][domains]`
    pub(super) counts: Vec<BTreeMap<u32, u64>>,
    /// Moves of each group. `[groups]`
    moved: Vec<usize>,
    /// Moves so far: task, from, and the id it had.
    moves: Vec<(usize, usize, TaskId)>,
    /// Steps so far.
    steps: u64,
    /// Whether it is over before its time.
    is_cut_short: bool,
}

/// A point to come back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    /// Of the engine.
    savepoint: Savepoint,
    /// Moves at that point.
    moves: usize,
}

impl<'w> Work<'w> {
    /// Looks at the cluster.
    pub(super) fn new(
        cluster: &'w mut Cluster,
        requests: &'w Requests,
        options: &'w RearrangeOptions,
        watch: Watch<'w>,
    ) -> Result<Self, Error> {
        let instances: Vec<InstanceId> = cluster.instances().collect();
        let number: HashMap<InstanceId, usize> = instances.iter().copied().zip(0..).collect();
        let mut values: BTreeMap<String, u32> = BTreeMap::new();
        let mut domain = Vec::with_capacity(instances.len());
        let mut domains: BTreeSet<u32> = BTreeSet::new();
        let mut was_used = Vec::with_capacity(instances.len());
        let mut statuses = Vec::with_capacity(instances.len());
        for &id in &instances {
            let instance = cluster.instance(id)?;
            let value = instance.attribute(&options.attribute).map(|value| {
                let next = u32::try_from(values.len()).unwrap_or(u32::MAX);
                *values.entry(value.to_string()).or_insert(next)
            });
            domains.extend(value.filter(|_| instance.status() == InstanceStatus::Active));
            domain.push(value);
            was_used.push(instance.running_tasks() > 0);
            statuses.push(instance.status());
        }
        let mut groups: Vec<String> = Vec::new();
        let pinned: BTreeSet<&str> =
            options.rules.iter().filter(|rules| rules.is_pinned).map(|rules| rules.group.as_str()).collect();
        let mut group_numbers: HashMap<String, u32> = HashMap::new();
        let mut counts: Vec<BTreeMap<u32, u64>> = Vec::new();
        let mut seats = Vec::new();
        let mut on = vec![Vec::new(); instances.len()];
        for id in cluster.tasks() {
            let task = cluster.task(id)?;
            // One that is stopping holds what it holds, and does not move; the engine knows of it.
            let (Some(&request), Some(&at)) = (requests.of_task.get(&id), number.get(&task.instance())) else {
                continue;
            };
            let group = *group_numbers.entry(task.group().to_string()).or_insert_with(|| {
                groups.push(task.group().to_string());
                counts.push(BTreeMap::new());
                u32::try_from(groups.len() - 1).unwrap_or(u32::MAX)
            });
            let is_pinned = pinned.contains(task.group());
            on[at].push(seats.len());
            if let Some(domain) = domain[at] {
                *counts[group as usize].entry(domain).or_default() += 1;
            }
            seats.push(Seat {
                first: id,
                now: id,
                at,
                request,
                group,
                is_movable: !is_pinned && !task.is_protected(),
                size: (task.demand().cpu, task.demand().memory_mib),
            });
        }
        let moved = vec![0; groups.len()];
        let nothing = Amounts { left: (0, 0), largest: (0, 0), smallest: (0, 0) };
        let mut work = Self {
            amounts: vec![nothing; instances.len()],
            cluster,
            requests,
            options,
            watch,
            instances,
            number,
            domain,
            domains: domains.into_iter().collect(),
            seats,
            on,
            was_used,
            statuses,
            groups,
            counts,
            moved,
            moves: Vec::new(),
            steps: 0,
            is_cut_short: false,
        };
        for at in 0..work.instances.len() {
            work.measure(at)?;
        }
        Ok(work)
    }

    /// Looks at the amounts of an instance anew.
    fn measure(&mut self, at: usize) -> Result<(), Error> {
        let instance = self.cluster.instance(self.instances[at])?;
        let left = (instance.remaining(ResourceKind::Cpu), instance.remaining(ResourceKind::Memory));
        let (mut largest, mut smallest) = ((i64::MIN, i64::MIN), (i64::MAX, i64::MAX));
        for seat in self.on[at].iter().map(|&seat| &self.seats[seat]).filter(|seat| seat.is_movable) {
            largest = (largest.0.max(seat.size.0), largest.1.max(seat.size.1));
            smallest = (smallest.0.min(seat.size.0), smallest.1.min(seat.size.1));
        }
        self.amounts[at] = Amounts { left, largest, smallest };
        Ok(())
    }

    /// Whether some task of an instance might make way for one of this size: one that is smaller, and whose going leaves enough.
    /// A guess that is wrong only where it says yes.
    pub(super) fn might_make_way(&self, at: usize, wanted: (i64, i64)) -> bool {
        let Amounts { left, largest, smallest } = self.amounts[at];
        (smallest.0 < wanted.0 || smallest.1 < wanted.1)
            && left.0.saturating_add(largest.0) >= wanted.0
            && left.1.saturating_add(largest.1) >= wanted.1
    }

    /// Counts a step, and says whether to go on.
    pub(super) fn goes_on(&mut self) -> bool {
        self.steps += 1;
        let progress = Progress { moves: self.moves.len(), steps: self.steps };
        if !self.is_cut_short && (self.steps > self.options.steps || (self.watch)(&progress).is_break()) {
            self.is_cut_short = true;
        }
        !self.is_cut_short
    }

    /// Moves that are still allowed.
    pub(super) fn moves_left(&self) -> usize {
        self.options.moves_max.saturating_sub(self.moves.len())
    }

    /// Moves of a group that are still allowed.
    pub(super) fn group_left(&self, group: u32) -> usize {
        let most = self.options.moves_per_group_max.unwrap_or(usize::MAX);
        most.saturating_sub(self.moved[group as usize]).min(self.moves_left())
    }

    /// Opens a point to come back to.
    pub(super) fn mark(&mut self) -> Mark {
        Mark { savepoint: self.cluster.begin(), moves: self.moves.len() }
    }

    /// Keeps what was done since a point.
    pub(super) fn keep(&mut self, mark: Mark) -> Result<(), Error> {
        self.cluster.commit(mark.savepoint)
    }

    /// Takes back what was done since a point.
    pub(super) fn take_back(&mut self, mark: Mark) -> Result<(), Error> {
        self.cluster.rollback(mark.savepoint)?;
        while self.moves.len() > mark.moves {
            let Some((seat, from, id)) = self.moves.pop() else { break };
            let to = self.seats[seat].at;
            self.sit(seat, to, from);
            self.seats[seat].now = id;
            self.seats[seat].is_movable = true;
            self.moved[self.seats[seat].group as usize] -= 1;
            self.measure(from)?;
            self.measure(to)?;
        }
        Ok(())
    }

    /// Notes that a task is elsewhere.
    fn sit(&mut self, seat: usize, from: usize, to: usize) {
        self.on[from].retain(|&other| other != seat);
        self.on[to].push(seat);
        self.seats[seat].at = to;
        let counts = &mut self.counts[self.seats[seat].group as usize];
        if let Some(count) = self.domain[from].and_then(|domain| counts.get_mut(&domain)) {
            *count -= 1;
        }
        if let Some(domain) = self.domain[to] {
            *counts.entry(domain).or_default() += 1;
        }
    }

    /// How far apart two domains are for a group.
    pub(super) fn skew(&self, group: u32) -> u64 {
        let counts = &self.counts[group as usize];
        let count = |domain: &u32| counts.get(domain).copied().unwrap_or(0);
        let most = self.domains.iter().map(count).max().unwrap_or(0);
        most - self.domains.iter().map(count).min().unwrap_or(0)
    }

    /// Whether a task may go from one domain to another as far as spreading is concerned.
    fn is_even(&mut self, seat: usize, to: usize) -> bool {
        let Some(skew_max) = self.options.skew_max else { return true };
        let from = self.seats[seat].at;
        if self.domain[from] == self.domain[to] {
            return true;
        }
        let group = self.seats[seat].group;
        let before = self.skew(group);
        self.sit(seat, from, to);
        let after = self.skew(group);
        self.sit(seat, to, from);
        after <= before.max(skew_max)
    }

    /// Moves a task to an instance, if the engine, the limits, and what others rely on allow it. Says whether it did.
    pub(super) fn move_to(&mut self, seat: usize, to: usize) -> Result<bool, Error> {
        let Seat { now, at: from, request, group, is_movable, .. } = self.seats[seat];
        if !is_movable || from == to || self.group_left(group) == 0 || !self.is_even(seat, to) {
            return Ok(false);
        }
        let mut fragile: Vec<usize> = self.on[from].iter().chain(&self.on[to]).copied().collect();
        fragile.retain(|&other| other != seat && self.requests.fragile[self.seats[other].request as usize].is_some());
        let mut relied = Vec::new();
        for other in fragile {
            if self.is_content(other)? {
                relied.push(other);
            }
        }
        let mark = self.mark();
        let request = self.requests.ids[request as usize];
        let target = self.instances[to];
        let Some(started) = exchange(self.cluster, request, now, target, self.options.stops_first)? else {
            self.take_back(mark)?;
            return Ok(false);
        };
        for other in relied {
            if !self.is_content(other)? {
                self.take_back(mark)?;
                return Ok(false);
            }
        }
        self.keep(mark)?;
        self.moves.push((seat, from, now));
        self.moved[group as usize] += 1;
        self.sit(seat, from, to);
        self.seats[seat].now = started;
        self.seats[seat].is_movable = false;
        self.measure(from)?;
        self.measure(to)?;
        Ok(true)
    }

    /// Whether the constraints of a task hold where it is, as if it were not there.
    fn is_content(&mut self, seat: usize) -> Result<bool, Error> {
        let Seat { now, at, request, .. } = self.seats[seat];
        let Some(request) = self.requests.fragile[request as usize] else { return Ok(true) };
        self.steps += 1;
        let savepoint = self.cluster.begin();
        end(self.cluster, now)?;
        // An instance that is not ACTIVE takes nothing; that is no fault of the task.
        self.cluster.set_status(self.instances[at], InstanceStatus::Active)?;
        let started = self.cluster.start(request, self.instances[at]);
        self.cluster.rollback(savepoint)?;
        Ok(started?.is_ok())
    }

    /// Moves a task to the tightest instance that is ACTIVE, or another one where that one is not allowed. Says where to.
    pub(super) fn move_anywhere(&mut self, seat: usize) -> Result<Option<usize>, Error> {
        if !self.goes_on() || !self.seats[seat].is_movable || self.group_left(self.seats[seat].group) == 0 {
            return Ok(None);
        }
        let request = self.requests.ids[self.seats[seat].request as usize];
        let savepoint = self.cluster.begin();
        if self.options.stops_first {
            end(self.cluster, self.seats[seat].now)?;
        }
        let outcome = self.cluster.place_one(request);
        self.cluster.rollback(savepoint)?;
        let Outcome::Placed(placement) = outcome? else { return Ok(None) };
        let Some(&best) = self.number.get(&placement.instance) else { return Ok(None) };
        if self.move_to(seat, best)? {
            return Ok(Some(best));
        }
        // Feasible for the engine, and not for the rest of the rules: the others are asked one by one.
        let mut asked = 0;
        for to in 0..self.instances.len() {
            if to == best || self.on[to].is_empty() || !self.has_room(seat, to)? {
                continue;
            }
            asked += 1;
            if asked > ASKED_MAX || !self.goes_on() {
                break;
            }
            if self.move_to(seat, to)? {
                return Ok(Some(to));
            }
        }
        Ok(None)
    }

    /// Whether an instance is ACTIVE and has the amounts of a task left, and both are inside EC2 or both outside.
    pub(super) fn has_room(&self, seat: usize, to: usize) -> Result<bool, Error> {
        let (left, size) = (self.amounts[to].left, self.seats[seat].size);
        if left.0 < size.0 || left.1 < size.1 {
            return Ok(false);
        }
        let (from, to) = (self.instances[self.seats[seat].at], self.instances[to]);
        let (from, to) = (self.cluster.instance(from)?, self.cluster.instance(to)?);
        Ok(to.status() == InstanceStatus::Active
            && from.attribute(EXTERNAL).is_some() == to.attribute(EXTERNAL).is_some())
    }

    /// Changes the status of an instance, so that searches pass it over or find it.
    pub(super) fn set_status(&mut self, instance: usize, status: InstanceStatus) -> Result<(), Error> {
        self.cluster.set_status(self.instances[instance], status)
    }

    /// Status of an instance.
    pub(super) fn status(&self, instance: usize) -> Result<InstanceStatus, Error> {
        Ok(self.cluster.instance(self.instances[instance])?.status())
    }

    /// Moves, emptied instances, steps, and whether it was cut short. Statuses are what they were.
    pub(super) fn finish(self) -> Result<(Vec<Move>, Vec<InstanceId>, u64, bool), Error> {
        for (&instance, &status) in self.instances.iter().zip(&self.statuses) {
            self.cluster.set_status(instance, status)?;
        }
        let moves = self.moves.iter().map(|&(seat, from, _)| Move {
            task: self.seats[seat].first,
            from: self.instances[from],
            to: self.instances[self.seats[seat].at],
        });
        let emptied = (0..self.instances.len()).filter(|&at| {
            let tasks = self.cluster.instance(self.instances[at]).map_or(1, crate::view::InstanceView::running_tasks);
            self.was_used[at] && tasks == 0
        });
        Ok((moves.collect(), emptied.map(|at| self.instances[at]).collect(), self.steps, self.is_cut_short))
    }
}

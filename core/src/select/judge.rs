//! Judging one instance from its facts alone: why a request cannot go there.
//!
//! Exact, one instance at a time, and sharing nothing with the sets and columns of the index, so that explaining a decision
//! also checks it.

use alloc::vec::Vec;

use hashbrown::HashMap;
use smallvec::SmallVec;

use crate::constraint::Constraint;
use crate::demand::GpuDemand;
use crate::expr::{Leaf, Program, Subject};
use crate::id::{AttributeId, ValueId};
use crate::index::eligibility::{Filter, Names};
use crate::instance::InstanceStatus;
use crate::request::Request;
use crate::resource::{ResourceKind, fits};
use crate::state::demands::DemandRecord;
use crate::state::{InstanceFacts, Life, State};
use crate::strategy::{SpreadField, Strategy};

use super::plan::{AbsentGroup, Plan};

/// Why an instance cannot take a task, in the order in which checks are made (semantics.md §2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No such instance.
    Missing,
    /// The instance was deregistered.
    Inactive,
    /// The instance is neither ACTIVE nor gone.
    Status(InstanceStatus),
    /// The agent is disconnected.
    Agent,
    /// A required attribute is absent.
    Attribute,
    /// The instance is in none of the request's zones.
    Location,
    /// Not enough is left of a resource.
    Resource(ResourceKind),
    /// The expression of the n-th constraint does not hold.
    MemberOf(u16),
    /// The instance already runs a task of the group.
    DistinctInstance,
}

/// What a request asks of instances, with everything it names looked up once.
#[derive(Debug)]
pub(crate) struct Judge<'a> {
    /// The columns.
    state: &'a State,
    /// The request made ready.
    plan: &'a Plan,
    /// GPUs it wants.
    gpus: GpuDemand,
    /// What each task takes.
    demand: &'a DemandRecord,
    /// To be external, and whether it wants exactly those or exactly the others.
    external: Option<(Asked, bool)>,
    /// The attributes that the chain needs an instance to carry.
    spreads: SmallVec<[Option<AttributeId>; 2]>,
    /// Facts required beside amounts.
    required: Option<Asked>,
    /// Zones allowed.
    zones: Option<Asked>,
    /// To carry a slice of a GPU, the one wanted or any, where it wants GPUs.
    slice: Option<Asked>,
    /// Expressions.
    conditions: SmallVec<[Condition<'a>; 2]>,
    /// By slot: tasks of the group, where all of them were counted beforehand.
    tasks: Option<Vec<u32>>,
}

/// A question whose attributes are looked up.
#[derive(Debug)]
struct Asked {
    /// The question.
    filter: Filter,
    /// The attributes.
    names: Names,
}

impl Asked {
    /// A question made ready.
    fn new(state: &State, filter: Filter) -> Self {
        Self { names: filter.names(state), filter }
    }

    /// The answer for one instance.
    fn holds(&self, state: &State, slot: u32) -> bool {
        self.filter.holds_by(state, slot, &self.names, |_, _, _| false)
    }
}

/// An expression whose attributes are looked up.
#[derive(Debug)]
struct Condition<'a> {
    /// Which constraint it is.
    number: u16,
    /// The expression.
    program: &'a Program,
    /// By predicate: the attribute.
    names: Names,
    /// By predicate that needs a pattern, and number of a value or group: whether that matches.
    matches: Option<HashMap<(usize, u32), bool, foldhash::fast::FixedState>>,
}

impl<'a> Condition<'a> {
    /// An expression made ready.
    fn new(state: &State, number: u16, program: &'a Program) -> Self {
        let name = |leaf: &Leaf| leaf.attribute().and_then(|name| state.attributes.name_id(name));
        Self { number, program, names: program.leaves().iter().map(name).collect(), matches: None }
    }

    /// Whether it holds for an instance.
    fn holds(&mut self, state: &State, slot: u32) -> bool {
        let Self { program, names, matches, .. } = self;
        // A pattern is matched once for each text, everything else is decided sooner than it is looked up.
        let mut decide = |at: usize, leaf: &Leaf, number: u32, test: &dyn Fn() -> bool| match matches {
            Some(matches) if leaf.is_pattern() => *matches.entry((at, number)).or_insert_with(test),
            _ => test(),
        };
        program.eval(|at, leaf| match leaf.subject() {
            Subject::Attribute => match names[at].and_then(|name| state.attributes.value(name, slot)) {
                Some(value) => {
                    decide(at, leaf, value.0, &|| leaf.test_attribute(Some(state.attributes.value_text(value))))
                }
                None => leaf.test_attribute(None),
            },
            Subject::TaskGroup => {
                let mut tasks = state.tasks_of_instance(slot).map(|task| &state.tasks[task as usize]);
                tasks.any(|task| {
                    let group = task.group.0;
                    task.life == Life::Live
                        && decide(at, leaf, group, &|| leaf.test_group(state.group_names.text(group)))
                }) != leaf.is_negated_group()
            }
            _ => leaf.test_facts(&InstanceFacts { state, slot }),
        })
    }
}

impl<'a> Judge<'a> {
    /// A request made ready to judge an instance.
    pub(crate) fn new(state: &'a State, plan: &'a Plan, request: &'a Request) -> Self {
        let asked = |filter| Asked::new(state, filter);
        let spreads = request.strategies.rules().iter().filter_map(|rule| match rule {
            Strategy::Spread(SpreadField::Attribute(name)) => Some(state.attributes.name_id(name)),
            _ => None,
        });
        let conditions = (0u16..).zip(&request.constraints).filter_map(|(number, constraint)| match constraint {
            Constraint::MemberOf(expression) => Some(Condition::new(state, number, expression.program())),
            Constraint::DistinctInstance => None,
        });
        let slice = match request.demand.gpus {
            GpuDemand::Slice(thousandths) => Some(thousandths),
            _ => None,
        };
        Self {
            state,
            plan,
            gpus: request.demand.gpus,
            demand: state.demands.get(plan.demand),
            external: plan.external.map(|(_, wanted)| (asked(Filter::External), wanted)),
            spreads: spreads.filter(|_| plan.absent_group == AbsentGroup::Exclude).collect(),
            required: Filter::requirements(&request.demand, Vec::new()).map(asked),
            zones: request.zones.clone().map(|zones| asked(Filter::Zones(zones))),
            slice: (request.demand.gpus != GpuDemand::None).then(|| asked(Filter::GpuSlice(slice))),
            conditions: conditions.collect(),
            tasks: None,
        }
    }

    /// The same for many instances: what several may have in common is found out once. Allocates.
    pub(crate) fn of_many(state: &'a State, plan: &'a Plan, request: &'a Request) -> Self {
        let mut judge = Self::new(state, plan, request);
        for condition in &mut judge.conditions {
            condition.matches = Some(HashMap::with_hasher(foldhash::fast::FixedState::with_seed(0)));
        }
        if plan.reads_group() {
            let mut tasks = alloc::vec![0; state.slots()];
            for task in state.tasks_of_group(plan.group) {
                tasks[state.tasks[task as usize].instance as usize] += 1;
            }
            judge.tasks = Some(tasks);
        }
        judge
    }

    /// Whether the request considers an instance at all.
    pub(crate) fn considers(&self, slot: u32) -> bool {
        let is_of_launch_kind =
            || self.external.as_ref().is_none_or(|(external, wanted)| external.holds(self.state, slot) == *wanted);
        self.state.status[slot as usize] == InstanceStatus::Active && is_of_launch_kind()
    }

    /// Tasks of the request's group on an instance.
    pub(crate) fn tasks(&self, slot: u32) -> u32 {
        match &self.tasks {
            Some(tasks) => tasks[slot as usize],
            None => self.state.group_tasks(self.plan.group, slot),
        }
    }

    /// The numbers of the values that an instance has of the attributes which a check reads.
    pub(crate) fn values(&self, reason: Reason, slot: u32) -> impl Iterator<Item = Option<ValueId>> + '_ {
        let asked = match reason {
            Reason::Attribute => self.required.as_ref(),
            Reason::Location => self.zones.as_ref(),
            _ => None,
        };
        let names = asked.into_iter().flat_map(|asked| &asked.names);
        names.map(move |name| name.and_then(|name| self.state.attributes.value(name, slot)))
    }

    /// Calls `report` with each check that an instance fails, in order, until it returns `false`.
    pub(crate) fn judge(&mut self, slot: u32, mut report: impl FnMut(Reason) -> bool) {
        let Self { state, plan, demand, .. } = *self;
        if !state.agent[slot as usize] && !report(Reason::Agent) {
            return;
        }
        let carries =
            |name: &Option<AttributeId>| name.is_some_and(|name| state.attributes.value(name, slot).is_some());
        let lacks = |asked: &Option<Asked>| asked.as_ref().is_some_and(|asked| !asked.holds(state, slot));
        if (!self.spreads.iter().all(carries) || lacks(&self.required)) && !report(Reason::Attribute) {
            return;
        }
        if lacks(&self.zones) && !report(Reason::Location) {
            return;
        }
        for kind in [ResourceKind::Cpu, ResourceKind::Memory] {
            if !has_amount(state, demand, kind, slot) && !report(Reason::Resource(kind)) {
                return;
            }
        }
        let ports_free = !plan.ports_clash && !state.has_port_conflict(slot, &demand.ports);
        let has_ports = ports_free && has_amount(state, demand, ResourceKind::Ports, slot);
        if !has_ports && !report(Reason::Resource(ResourceKind::Ports)) {
            return;
        }
        if !has_amount(state, demand, ResourceKind::Eni, slot) && !report(Reason::Resource(ResourceKind::Eni)) {
            return;
        }
        if !self.has_gpus(slot) && !report(Reason::Resource(ResourceKind::Gpu)) {
            return;
        }
        for (index, _) in (0u8..).zip(&state.custom_names) {
            let kind = ResourceKind::Custom(index);
            if !has_amount(state, demand, kind, slot) && !report(Reason::Resource(kind)) {
                return;
            }
        }
        for condition in &mut self.conditions {
            if !condition.holds(state, slot) && !report(Reason::MemberOf(condition.number)) {
                return;
            }
        }
        if plan.is_distinct && self.tasks(slot) > 0 {
            report(Reason::DistinctInstance);
        }
    }

    /// The first check that an instance fails.
    pub(crate) fn first_failure(&mut self, slot: u32) -> Option<Reason> {
        let mut first = None;
        self.judge(slot, |reason| {
            first = Some(reason);
            false
        });
        first
    }

    /// Whether the GPUs wanted are free.
    fn has_gpus(&self, slot: u32) -> bool {
        let state = self.state;
        let whole = || state.remaining(ResourceKind::Gpu, slot);
        let is_slice = || self.slice.as_ref().is_some_and(|slice| slice.holds(state, slot));
        match self.gpus {
            GpuDemand::None => true,
            GpuDemand::Whole(count) => !is_slice() && fits(i32::from(count), whole()),
            GpuDemand::All => !is_slice() && has_all_gpus(state, slot),
            GpuDemand::Slice(_) => is_slice() && whole() >= 1,
            GpuDemand::Share(share) => !is_slice() && state.remaining(ResourceKind::GpuShare, slot) >= i32::from(share),
        }
    }
}

/// Whether enough is left of one dimension.
fn has_amount(state: &State, demand: &DemandRecord, kind: ResourceKind, slot: u32) -> bool {
    demand.fits(kind.column(), state.remaining[kind.column()][slot as usize])
}

/// Whether an instance has GPUs, and all of them free.
pub(crate) fn has_all_gpus(state: &State, slot: u32) -> bool {
    let column = ResourceKind::Gpu.column();
    let registered = state.registered[column][slot as usize];
    registered > 0 && state.remaining[column][slot as usize] == registered
}

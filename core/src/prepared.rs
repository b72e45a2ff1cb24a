//! Requests made ready: what a [`Request`] names is looked up once, held, and given a number.

use alloc::boxed::Box;
use alloc::vec::Vec;

use smallvec::SmallVec;

use crate::constraint::Constraint;
use crate::demand::{Demand, GpuDemand, RequiredAttribute};
use crate::error::{Error, ErrorKind};
use crate::id::{GENERATION_MAX, GroupId, RequestId};
use crate::index::Index;
use crate::index::admission::Sets;
use crate::index::amounts::Needed;
use crate::index::eligibility::Filter;
use crate::index::gauge::Measure;
use crate::limits::{REQUEST_CONSTRAINTS_MAX, REQUEST_COUNT_MAX};
use crate::request::{LaunchKind, Request};
use crate::resource::ResourceKind;
use crate::select::indexed::RESIDUES_MAX;
use crate::select::plan::{AbsentGroup, Last, Luck, Plan, Rule, Search};
use crate::state::State;
use crate::strategy::{BinpackField, SpreadField, Strategy};

/// A request and its plan.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    /// The request as it was given.
    pub(crate) request: Request,
    /// The request made ready.
    pub(crate) plan: Plan,
}

/// Prepared requests by number.
#[derive(Debug, Clone, Default)]
pub(crate) struct PreparedTable {
    /// By slot: generation, and the request while there is one.
    slots: Vec<(u32, Option<Box<Prepared>>)>,
    /// Slots to be reused.
    free: Vec<u32>,
}

impl PreparedTable {
    /// A prepared request.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] when it was released.
    #[inline]
    pub(crate) fn get(&self, id: RequestId) -> Result<&Prepared, Error> {
        match self.slots.get(id.slot() as usize) {
            Some((generation, Some(prepared))) if *generation == id.generation() => Ok(prepared),
            _ => Err(Error::new(ErrorKind::StaleHandle)),
        }
    }

    /// Slots there are, in use or not.
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// A prepared request, to be changed.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] when it was released.
    pub(crate) fn get_mut(&mut self, id: RequestId) -> Result<&mut Prepared, Error> {
        match self.slots.get_mut(id.slot() as usize) {
            Some((generation, Some(prepared))) if *generation == id.generation() => Ok(prepared),
            _ => Err(Error::new(ErrorKind::StaleHandle)),
        }
    }

    /// Every prepared request.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Prepared> {
        self.slots.iter().filter_map(|(_, prepared)| prepared.as_deref())
    }

    /// The number of every prepared request.
    pub(crate) fn ids(&self) -> impl Iterator<Item = RequestId> {
        let held = (0u32..).zip(&self.slots).filter(|(_, (_, prepared))| prepared.is_some());
        held.filter_map(|(slot, (generation, _))| RequestId::new(slot, *generation))
    }

    /// Every prepared request, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Prepared> {
        self.slots.iter_mut().filter_map(|(_, prepared)| prepared.as_deref_mut())
    }

    /// Gives a prepared request a number.
    pub(crate) fn insert(&mut self, prepared: Prepared) -> Result<RequestId, Error> {
        let slot = if let Some(slot) = self.free.pop() {
            slot
        } else {
            let slot = u32::try_from(self.slots.len()).map_err(|_| Error::new(ErrorKind::CapacityMax))?;
            self.slots.push((1, None));
            slot
        };
        let entry = &mut self.slots[slot as usize];
        entry.1 = Some(Box::new(prepared));
        RequestId::new(slot, entry.0).ok_or_else(|| Error::new(ErrorKind::CapacityMax))
    }

    /// Bytes held on the heap, the requests' own text not counted.
    pub(crate) fn memory_usage(&self) -> usize {
        let held = self.slots.iter().filter(|(_, prepared)| prepared.is_some()).count();
        self.slots.capacity() * size_of::<(u32, Option<Box<Prepared>>)>() + held * size_of::<Prepared>()
    }

    /// Takes a prepared request out.
    pub(crate) fn remove(&mut self, id: RequestId) -> Result<Prepared, Error> {
        self.get(id)?;
        let entry = &mut self.slots[id.slot() as usize];
        let Some(prepared) = entry.1.take() else { return Err(Error::new(ErrorKind::StaleHandle)) };
        if entry.0 < GENERATION_MAX {
            entry.0 += 1;
            self.free.push(id.slot());
        }
        Ok(*prepared)
    }
}

/// Checks what a request asks for, apart from names.
fn check(request: &Request) -> Result<(), Error> {
    if request.count > REQUEST_COUNT_MAX {
        let message = alloc::format!("count `{}` is above {REQUEST_COUNT_MAX}", request.count);
        return Err(Error::with_message(ErrorKind::LimitExceeded, message));
    }
    if request.constraints.len() > REQUEST_CONSTRAINTS_MAX {
        let message = alloc::format!("a request has at most {REQUEST_CONSTRAINTS_MAX} constraints");
        return Err(Error::with_message(ErrorKind::LimitExceeded, message));
    }
    Ok(())
}

/// Resolves a chain; holds the attributes it names. What ranks by a target workload is left open.
///
/// # Errors
/// [`ErrorKind::CapacityMax`] when there are too many attribute names; none is held then.
pub(crate) fn resolve_rules(state: &mut State, rules: &[Strategy]) -> Result<SmallVec<[Rule; 16]>, Error> {
    let mut resolved = SmallVec::new();
    for rule in rules {
        let rule = match rule {
            Strategy::Binpack(BinpackField::Cpu) => Rule::Binpack(ResourceKind::Cpu.column()),
            Strategy::Binpack(BinpackField::Memory) => Rule::Binpack(ResourceKind::Memory.column()),
            Strategy::Spread(SpreadField::InstanceId) => Rule::SpreadInstance,
            Strategy::Spread(SpreadField::Attribute(name)) => match state.attributes.hold_name(name) {
                Ok(name) => Rule::SpreadAttribute(name),
                Err(error) => {
                    release_rules(state, &resolved);
                    return Err(error);
                }
            },
            Strategy::Random => Rule::Random,
            Strategy::BestFit => Rule::BestFit,
            Strategy::DotProduct => Rule::DotProduct,
            Strategy::Fragmentation(_) | Strategy::Headroom(_) => Rule::Gauge(None),
        };
        resolved.push(rule);
    }
    Ok(resolved)
}

/// Lets go of the attributes a chain names.
pub(crate) fn release_rules(state: &mut State, rules: &[Rule]) {
    for rule in rules {
        if let Rule::SpreadAttribute(name) = *rule {
            state.attributes.release_name(name);
        }
    }
}

/// Looks up and holds everything a request names.
///
/// # Errors
/// Whatever is wrong with the request; nothing is held then.
pub(crate) fn prepare(
    state: &mut State,
    index: &mut Index,
    request: &Request,
    absent_group: AbsentGroup,
    is_indexed: bool,
) -> Result<Prepared, Error> {
    check(request)?;
    let mut rules = resolve_rules(state, request.strategies.rules())?;
    let is_new = state.group_names.get(&request.group).is_none();
    let group = match state.hold_group(&request.group) {
        Ok(group) => group,
        Err(error) => {
            release_rules(state, &rules);
            return Err(error);
        }
    };
    let held = {
        let State { demands, custom_names, .. } = state;
        demands.hold(&request.definition, &request.demand, custom_names)
    };
    let demand = match held {
        Ok(demand) => demand,
        Err(error) => {
            state.group_names.release(group.0);
            release_rules(state, &rules);
            return Err(error);
        }
    };
    if is_new {
        index.residues.meet_group(group, &request.group);
    }

    for (rule, strategy) in rules.iter_mut().zip(request.strategies.rules()) {
        let gauge = match strategy {
            Strategy::Fragmentation(workload) => (workload, Measure::Fragmentation),
            Strategy::Headroom(workload) => (workload, Measure::Headroom),
            _ => continue,
        };
        *rule = Rule::Gauge(Some(index.gauges.hold(state, &mut index.filters, gauge, state.demands.get(demand))));
    }

    let mut statics = SmallVec::new();
    let mut residues = SmallVec::new();
    for constraint in &request.constraints {
        let Constraint::MemberOf(expression) = constraint else { continue };
        if let Some(part) = expression.static_part() {
            statics.push(index.filters.hold(state, Filter::Program(part.clone())));
        }
        if let Some(residue) = expression.residue() {
            residues.push(index.residues.hold(state, &mut index.filters, residue));
        }
    }
    let mut hold = |filter| index.filters.hold(state, filter);
    let external = match request.launch {
        LaunchKind::Any => None,
        LaunchKind::Ec2 => Some((hold(Filter::External), false)),
        LaunchKind::External => Some((hold(Filter::External), true)),
    };
    let gpu_slice = match request.demand.gpus {
        GpuDemand::None => None,
        GpuDemand::Slice(thousandths) => Some((hold(Filter::GpuSlice(Some(thousandths))), true)),
        _ => Some((hold(Filter::GpuSlice(None)), false)),
    };
    let spread_attributes = spread_attributes(request, absent_group);
    let mut plan = Plan {
        demand,
        group,
        external,
        requirements: Filter::requirements(&request.demand, spread_attributes).map(&mut hold),
        zones: request.zones.clone().map(|zones| hold(Filter::Zones(zones))),
        gpu_slice,
        statics,
        residues,
        is_distinct: request.constraints.contains(&Constraint::DistinctInstance),
        wants_all_gpus: request.demand.gpus == GpuDemand::All,
        ports_clash: has_port_clash(&request.demand),
        rules,
        shape: None,
        absent_group,
        tie_break: request.tie_break,
        seed: request.seed,
        search: None,
    };
    let shape = plan.shapes().next();
    plan.shape = shape;
    for &key in &state.demands.get(demand).ports {
        index.ports.hold(state, key);
    }
    plan.search = is_indexed.then(|| hold_search(state, index, &plan)).flatten();
    Ok(Prepared { request: request.clone(), plan })
}

/// Holds what the indexed route needs for a plan; `None` where it does not know the chain.
pub(crate) fn hold_search(state: &State, index: &mut Index, plan: &Plan) -> Option<Search> {
    if plan.residues.len() > RESIDUES_MAX {
        return None;
    }
    let (spread, last) = plan.shape()?;
    let either = plan.external.iter().chain(&plan.gpu_slice).copied();
    let within = plan.requirements.iter().chain(&plan.zones).chain(&plan.statics).map(|&id| (id, true));
    let parts = either.chain(within).collect();
    let Index { active, connected, filters, admissions, spreads, watches, ranks, .. } = index;
    let in_sequence = matches!(last, Last::Registration | Last::SpreadInstance);
    let admission = admissions.hold(Sets { active, connected, filters }, ranks, parts, in_sequence);
    let amounts = &state.demands.get(plan.demand).amounts;
    let needed = Needed::new(amounts.iter().map(|&(column, amount)| (usize::from(column), amount)));
    let is_watched = plan.is_distinct || last == Last::SpreadInstance;
    if is_watched {
        watches.hold(state, ranks, plan.group, last == Last::SpreadInstance);
    }
    let spread = spread.map(|attribute| spreads.hold(state, admissions, (plan.group, attribute, admission)));
    Some(Search { admission, needed, spread, is_watched, last, luck: Luck::default() })
}

/// The group that a plan watches, and whether it spreads over instances.
pub(crate) fn watched(plan: &Plan) -> Option<(GroupId, bool)> {
    let search = plan.search.as_ref().filter(|search| search.is_watched)?;
    Some((plan.group, search.last == Last::SpreadInstance))
}

/// Makes sure that the orders a plan searches exist.
pub(crate) fn want_orders(state: &State, index: &mut Index, plan: &Plan) {
    let Some(search) = &plan.search else { return };
    let by = match search.last {
        Last::Random => return,
        Last::Binpack(column, _) => Some(column),
        Last::Registration | Last::SpreadInstance => None,
    };
    index.orders.want(state, &index.ranks, by, search.needed.columns());
}

/// Lets go of everything a prepared request holds.
pub(crate) fn release(state: &mut State, index: &mut Index, plan: &Plan) {
    if let Some(search) = &plan.search {
        if let Some(spread) = search.spread {
            index.spreads.release(spread);
        }
        if let Some((group, spreads)) = watched(plan) {
            index.watches.release(group, spreads);
        }
        index.admissions.release(search.admission);
    }
    for shape in plan.shapes() {
        index.gauges.release(&mut index.filters, shape);
    }
    for &key in &state.demands.get(plan.demand).ports {
        index.ports.release(key);
    }
    for &residue in &plan.residues {
        index.residues.release(&mut index.filters, residue);
    }
    let pairs = plan.external.iter().chain(&plan.gpu_slice).map(|(id, _)| id);
    for &id in pairs.chain(&plan.requirements).chain(&plan.zones).chain(&plan.statics) {
        index.filters.release(id);
    }
    state.demands.release(plan.demand);
    state.group_names.release(plan.group.0);
    release_rules(state, &plan.rules);
}

/// The attributes an instance must carry for the chain's sake.
fn spread_attributes(request: &Request, absent_group: AbsentGroup) -> Vec<RequiredAttribute> {
    if absent_group != AbsentGroup::Exclude {
        return Vec::new();
    }
    let spread = |rule: &Strategy| match rule {
        Strategy::Spread(SpreadField::Attribute(name)) => Some(RequiredAttribute { name: name.clone(), value: None }),
        _ => None,
    };
    request.strategies.rules().iter().filter_map(spread).collect()
}

/// Whether a demand names a port twice, or says that it did.
fn has_port_clash(demand: &Demand) -> bool {
    let mut ports = demand.ports.clone();
    ports.sort_unstable();
    demand.ports_clash || ports.windows(2).any(|pair| pair[0] == pair[1])
}

//! Judging one instance from its facts alone: why a request cannot go there.
//!
//! Slow, exact, and sharing nothing with the sets and columns of the index, so that explaining a decision also checks it.

use crate::constraint::Constraint;
use crate::demand::GpuDemand;
use crate::index::eligibility::Filter;
use crate::instance::InstanceStatus;
use crate::request::Request;
use crate::resource::{ResourceKind, fits};
use crate::state::demands::DemandRecord;
use crate::state::{InstanceFacts, State};
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

/// Whether a request considers an instance at all.
pub(crate) fn is_considered(state: &State, plan: &Plan, slot: u32) -> bool {
    let is_of_launch_kind = || plan.external.is_none_or(|(_, wanted)| Filter::External.holds(state, slot) == wanted);
    state.status[slot as usize] == InstanceStatus::Active && is_of_launch_kind()
}

/// Calls `report` with each check that an instance fails, in order, until it returns `false`.
pub(crate) fn judge(state: &State, plan: &Plan, request: &Request, slot: u32, mut report: impl FnMut(Reason) -> bool) {
    let mut more = true;
    let mut fail = |reason: Reason| {
        more = more && report(reason);
        more
    };
    let demand = state.demands.get(plan.demand);
    if !state.agent[slot as usize] && !fail(Reason::Agent) {
        return;
    }
    let excluded = plan.absent_group == AbsentGroup::Exclude
        && request.strategies.rules().iter().any(|rule| match rule {
            Strategy::Spread(SpreadField::Attribute(name)) => state.attributes.text(name, slot).is_none(),
            _ => false,
        });
    let required = Filter::requirements(&request.demand, alloc::vec::Vec::new());
    if (excluded || required.is_some_and(|required| !required.holds(state, slot))) && !fail(Reason::Attribute) {
        return;
    }
    if let Some(zones) = &request.zones {
        if !Filter::Zones(zones.clone()).holds(state, slot) && !fail(Reason::Location) {
            return;
        }
    }
    for kind in [ResourceKind::Cpu, ResourceKind::Memory] {
        if !has_amount(state, demand, kind, slot) && !fail(Reason::Resource(kind)) {
            return;
        }
    }
    let ports_free = !plan.ports_clash && !state.has_port_conflict(slot, &demand.ports);
    let room = has_amount(state, demand, ResourceKind::Ports, slot);
    let has_ports = ports_free && room;
    if !has_ports && !fail(Reason::Resource(ResourceKind::Ports)) {
        return;
    }
    if !has_amount(state, demand, ResourceKind::Eni, slot) && !fail(Reason::Resource(ResourceKind::Eni)) {
        return;
    }
    if !has_gpus(state, request.demand.gpus, slot) && !fail(Reason::Resource(ResourceKind::Gpu)) {
        return;
    }
    for (index, _) in (0u8..).zip(&state.custom_names) {
        let kind = ResourceKind::Custom(index);
        if !has_amount(state, demand, kind, slot) && !fail(Reason::Resource(kind)) {
            return;
        }
    }
    for (number, constraint) in (0u16..).zip(&request.constraints) {
        if let Constraint::MemberOf(expression) = constraint {
            if !expression.matches(&InstanceFacts { state, slot }) && !fail(Reason::MemberOf(number)) {
                return;
            }
        }
    }
    if plan.is_distinct && state.group_tasks(plan.group, slot) > 0 {
        fail(Reason::DistinctInstance);
    }
}

/// The first check that an instance fails.
pub(crate) fn first_failure(state: &State, plan: &Plan, request: &Request, slot: u32) -> Option<Reason> {
    let mut first = None;
    judge(state, plan, request, slot, |reason| {
        first = Some(reason);
        false
    });
    first
}

/// Whether enough is left of one dimension.
fn has_amount(state: &State, demand: &DemandRecord, kind: ResourceKind, slot: u32) -> bool {
    demand.fits(kind.column(), state.remaining[kind.column()][slot as usize])
}

/// Whether the GPUs wanted are free.
fn has_gpus(state: &State, gpus: GpuDemand, slot: u32) -> bool {
    let whole = state.remaining(ResourceKind::Gpu, slot);
    let is_slice = Filter::GpuSlice(None).holds(state, slot);
    match gpus {
        GpuDemand::None => true,
        GpuDemand::Whole(count) => !is_slice && fits(i32::from(count), whole),
        GpuDemand::All => !is_slice && has_all_gpus(state, slot),
        GpuDemand::Slice(thousandths) => Filter::GpuSlice(Some(thousandths)).holds(state, slot) && whole >= 1,
        GpuDemand::Share(share) => !is_slice && state.remaining(ResourceKind::GpuShare, slot) >= i32::from(share),
    }
}

/// Whether an instance has GPUs, and all of them free.
pub(crate) fn has_all_gpus(state: &State, slot: u32) -> bool {
    let column = ResourceKind::Gpu.column();
    let registered = state.registered[column][slot as usize];
    registered > 0 && state.remaining[column][slot as usize] == registered
}

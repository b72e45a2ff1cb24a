//! Best fit and the dot product: ranks from one instance's own amounts, in integers.
//!
//! CPU, memory and GPUs count, each as a share of what the instance has, in millionths rounded down; what an instance has
//! nothing of does not count. GPUs are added up over devices, in thousandths (gpu_policies.md §2).

use crate::demand::GpuDemand;
use crate::limits::DEVICE_WHOLE;
use crate::resource::ResourceKind;
use crate::state::State;
use crate::state::demands::DemandRecord;

/// Parts that a whole is counted in.
const WHOLE: i64 = 1_000_000;

/// What an instance has of a resource, what is left of it, and what a task takes, in one unit.
#[derive(Debug, Clone, Copy)]
struct Amounts {
    /// What the instance has.
    registered: i64,
    /// What is left.
    left: i64,
    /// What the task takes.
    taken: i64,
}

impl Amounts {
    /// An amount as a share of what the instance has, in millionths; 0 where it has nothing, or owes some.
    fn share(&self, amount: i64) -> i64 {
        if self.registered <= 0 { 0 } else { amount.max(0) * WHOLE / self.registered }
    }
}

/// CPU, memory and GPUs of an instance and a demand.
fn amounts(state: &State, demand: &DemandRecord, slot: u32) -> [Amounts; 3] {
    let of = |kind: ResourceKind, taken: i32| Amounts {
        registered: state.registered[kind.column()][slot as usize].into(),
        left: state.remaining(kind, slot).into(),
        taken: taken.into(),
    };
    let [cpu, memory] = demand.cpu_and_memory;
    let devices = state.devices[slot as usize].taken();
    let left = devices.iter().map(|&taken| i64::from(DEVICE_WHOLE - taken.min(DEVICE_WHOLE))).sum();
    let whole = |count: i64| count * i64::from(DEVICE_WHOLE);
    let taken = match demand.gpus() {
        GpuDemand::None => 0,
        GpuDemand::Share(share) => share.into(),
        GpuDemand::Whole(count) => whole(count.into()),
        GpuDemand::All | GpuDemand::Slice(_) => left,
    };
    let gpus = Amounts { registered: devices.iter().map(|_| whole(1)).sum(), left, taken };
    [of(ResourceKind::Cpu, cpu), of(ResourceKind::Memory, memory), gpus]
}

/// Shares of the instance that are left once it runs the task, added up.
pub(crate) fn best_fit(state: &State, demand: &DemandRecord, slot: u32) -> i64 {
    amounts(state, demand, slot).iter().map(|amounts| amounts.share(amounts.left - amounts.taken)).sum()
}

/// Products of the share that the task takes and the share that is left before, added up. An instance can have more left than
/// it registered; what that takes beyond an `i64` counts as its greatest.
pub(crate) fn dot_product(state: &State, demand: &DemandRecord, slot: u32) -> i64 {
    let product = |amounts: &Amounts| amounts.share(amounts.taken).saturating_mul(amounts.share(amounts.left));
    amounts(state, demand, slot).iter().map(product).fold(0, i64::saturating_add)
}

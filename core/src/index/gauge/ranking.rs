//! The rank of one instance under a target workload, kind by kind from the definition: what explanations say, and what the
//! cells of a gauge are checked against. Shares nothing with them but the workload and the steps of the score.

use crate::demand::GpuDemand;
use crate::index::eligibility::Filter;
use crate::limits::DEVICE_WHOLE;
use crate::resource::ResourceKind;
use crate::state::{InstanceFacts, State};
use crate::workload::score::Steps;
use crate::workload::{Workload, WorkloadKind};

use super::{Free, HEADROOM_SHARE, HEADROOM_UNIT, Measure};

/// What a task costs an instance that can take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ranking {
    /// The key, the least first.
    pub(crate) key: i64,
    /// By how much the measure falls; for fragmentation, by how much what is stranded grows, times the sum of weights.
    pub(crate) loss: i64,
    /// The position a share is taken of.
    pub(crate) position: usize,
}

/// What the free GPUs of an instance are worth, with so much CPU and memory left.
fn worth(state: &State, (workload, measure): (&Workload, Measure), slot: u32, amounts: [i64; 2], free: &Free) -> i64 {
    if free.left().is_empty() || Filter::GpuSlice(None).holds(state, slot) {
        return 0;
    }
    let admits = |kind: &&WorkloadKind| {
        kind.condition.as_ref().is_none_or(|condition| condition.matches(&InstanceFacts { state, slot }))
    };
    let [cpu, memory] = amounts;
    let worth = |kind: &WorkloadKind| {
        let usable = i64::from(kind.weight) * i64::from(kind.usable(cpu, memory, free.left()));
        if measure == Measure::Fragmentation {
            return usable;
        }
        let task = i64::from(kind.weight) * i64::from(kind.thousandths()) * HEADROOM_UNIT;
        let by_devices = i64::from(kind.slots(free.left())) * task;
        let by = |left: i64, each: i64| if each == 0 { i64::MAX } else { left.max(0).saturating_mul(task / each) };
        let together = by_devices.min(by(cpu, kind.cpu)).min(by(memory, kind.memory_mib));
        HEADROOM_UNIT * usable + HEADROOM_SHARE * together
    };
    workload.kinds().iter().filter(admits).map(worth).sum()
}

/// CPU and memory an instance has left.
fn left(state: &State, slot: u32) -> [i64; 2] {
    [ResourceKind::Cpu, ResourceKind::Memory].map(|kind| state.remaining(kind, slot).into())
}

impl Ranking {
    /// The rank of an instance for a task with these amounts and GPUs.
    pub(crate) fn of(
        state: &State,
        (workload, measure): (&Workload, Measure),
        amounts: [i32; 2],
        gpus: GpuDemand,
        slot: u32,
    ) -> Self {
        let gauge = (workload, measure);
        let [cpu, memory] = left(state, slot);
        let after = [cpu - i64::from(amounts[0]), memory - i64::from(amounts[1])];
        let free = Free::of(state, slot);
        let before = worth(state, gauge, slot, [cpu, memory], &free);
        let loss = |free: &Free| before - worth(state, gauge, slot, after, free);
        let (loss, position, taken) = match gpus {
            GpuDemand::Share(share) => {
                let positions = 0..free.left().len();
                let taken = positions.filter_map(|at| Some((loss(&free.without_share(at, share)?), at)));
                let (loss, position) = taken.min().unwrap_or_default();
                (loss, position, i64::from(share))
            }
            GpuDemand::None => (loss(&free), 0, 0),
            GpuDemand::Whole(count) => (loss(&free.without(gpus)), 0, i64::from(count) * i64::from(DEVICE_WHOLE)),
            GpuDemand::All | GpuDemand::Slice(_) => {
                let whole: i64 = free.left().iter().map(|&left| i64::from(left == DEVICE_WHOLE)).sum();
                (loss(&free.without(gpus)), 0, whole * i64::from(DEVICE_WHOLE))
            }
        };
        match measure {
            Measure::Headroom => Self { key: loss, loss, position },
            Measure::Fragmentation => {
                // What is stranded is what is free without what is usable: it falls by what is taken, less the loss.
                let fall = workload.weight_signed() * taken - loss;
                Self { key: Steps::new(workload.weight()).key(fall), loss: -fall, position }
            }
        }
    }
}

/// Free thousandths of an instance, and the part of them that a workload can use, times the sum of its weights.
pub(crate) fn free_and_usable(state: &State, workload: &Workload, slot: u32) -> (u64, u64) {
    let free = Free::of(state, slot);
    let sum = free.left().iter().map(|&left| u64::from(left)).sum();
    let usable = worth(state, (workload, Measure::Fragmentation), slot, left(state, slot), &free);
    (sum, usable.unsigned_abs())
}

/// An instance with GPUs as if nothing ran on it.
#[derive(Debug)]
pub(crate) struct Empty<'s> {
    /// What conditions read.
    facts: InstanceFacts<'s>,
    /// CPU and memory it has.
    amounts: [i64; 2],
    /// Its devices.
    free: Free,
}

impl<'s> Empty<'s> {
    /// An instance; `None` for one without GPUs that kinds can use.
    pub(crate) fn of(state: &'s State, slot: u32) -> Option<Self> {
        let free = Free::empty(state.devices[slot as usize].len());
        let has_gpus = !free.left().is_empty() && !Filter::GpuSlice(None).holds(state, slot);
        let amounts = [ResourceKind::Cpu, ResourceKind::Memory];
        let amounts = amounts.map(|kind| state.registered[kind.column()][slot as usize].into());
        has_gpus.then_some(Self { facts: InstanceFacts { state, slot }, amounts, free })
    }

    /// Its devices.
    pub(crate) fn devices(&self) -> usize {
        self.free.left().len()
    }

    /// Thousandths that tasks of one kind take when it holds as many of them as fit.
    pub(crate) fn reach(&self, kind: &WorkloadKind) -> u32 {
        let admits = kind.condition.as_ref().is_none_or(|condition| condition.matches(&self.facts));
        let by = |has: i64, each: i64| if each == 0 { i64::MAX } else { has.max(0) / each };
        let [cpu, memory] = self.amounts;
        let fits = i64::from(kind.slots(self.free.left())).min(by(cpu, kind.cpu)).min(by(memory, kind.memory_mib));
        if admits { u32::try_from(fits).unwrap_or(0) * kind.thousandths() } else { 0 }
    }
}

//! A target workload made ready: what the free GPUs of an instance are worth under it, in integers.
//!
//! Kinds are grouped by the condition they put on instances and by how large a part of a device they take, so that one pass
//! over an instance's devices serves all kinds of a size, and a kind costs a comparison and a multiplication.

use alloc::vec::Vec;

use crate::demand::GpuDemand;
use crate::expr::Program;
use crate::id::ConstraintId;
use crate::index::eligibility::{Filter, Filters};
use crate::limits::{DEVICE_WHOLE, DEVICES_MAX};
use crate::resource::fits;
use crate::state::State;
use crate::workload::score::Steps;
use crate::workload::{Workload, WorkloadKind};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// What the target workload can use of the free GPUs; its complement is fragmentation.
    Fragmentation,
    /// The same, and twice what tasks of each kind could take side by side.
    Headroom,
}

/// Parts of a thousandth in which headroom is counted.
pub(crate) const HEADROOM_UNIT: i64 = 1 << 10;
/// How much what tasks could take side by side counts beside what the first of them could use.
pub(crate) const HEADROOM_SHARE: i64 = 2;

/// How many parts of a size some free thousandths hold is a multiplication and a shift by so many bits: right for up to 1000
/// thousandths, since 1000 · 1000 < 2²⁰.
const INVERSE_BITS: u32 = 20;

/// What the devices of an instance have left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Free {
    /// Thousandths by position.
    left: [u16; DEVICES_MAX],
    /// How many there are.
    len: usize,
}

impl Free {
    /// Those of an instance.
    pub(crate) fn of(state: &State, slot: u32) -> Self {
        let taken = state.devices[slot as usize].taken();
        let mut free = Self { left: [0; DEVICES_MAX], len: taken.len() };
        for (left, &taken) in free.left.iter_mut().zip(taken) {
            *left = DEVICE_WHOLE - taken.min(DEVICE_WHOLE);
        }
        free
    }

    /// So many devices that nobody has a part of.
    pub(crate) fn empty(len: usize) -> Self {
        Self { left: [DEVICE_WHOLE; DEVICES_MAX], len: len.min(DEVICES_MAX) }
    }

    /// Thousandths by position.
    pub(crate) fn left(&self) -> &[u16] {
        &self.left[..self.len]
    }

    /// What is left when a task has taken its devices: whole ones from the lowest position on.
    pub(crate) fn without(mut self, gpus: GpuDemand) -> Self {
        let count = match gpus {
            GpuDemand::None | GpuDemand::Share(_) => 0,
            GpuDemand::Whole(count) => usize::from(count),
            GpuDemand::All | GpuDemand::Slice(_) => self.len,
        };
        let whole = self.left[..self.len].iter_mut().filter(|left| **left == DEVICE_WHOLE);
        whole.take(count).for_each(|left| *left = 0);
        self
    }

    /// What is left when a share has been taken of one position; `None` where that has not so much.
    pub(crate) fn without_share(mut self, position: usize, share: u16) -> Option<Self> {
        self.left[position] = self.left[position].checked_sub(share)?;
        Some(self)
    }
}

/// How large a part of a device, or how many devices, some kinds take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Size {
    /// Their demand.
    gpus: GpuDemand,
    /// Inverse of a share, rounded up.
    inverse: u32,
}

/// A kind with a GPU.
#[derive(Debug, Clone, Copy)]
struct Kind {
    /// Number of its size.
    size: u32,
    /// CPU units.
    cpu: i32,
    /// MiB of memory.
    memory: i32,
    /// How often it is expected.
    weight: i64,
    /// Weight times thousandths of one task, in parts of a thousandth.
    per_task: i64,
    /// The same for a unit of CPU, rounded down; more than anything where it takes none.
    per_cpu: i64,
    /// The same for a MiB of memory.
    per_memory: i64,
}

/// Kinds with the same condition.
#[derive(Debug, Clone)]
struct Class {
    /// Instances that satisfy it; `None` are all.
    condition: Option<ConstraintId>,
    /// The kinds.
    kinds: Vec<Kind>,
}

/// A workload and a measure, made ready.
#[derive(Debug, Clone)]
pub(crate) struct Gauge {
    /// The workload as it was given.
    pub(super) workload: Workload,
    /// The measure.
    pub(super) measure: Measure,
    /// The sum of all weights.
    weight: i64,
    /// Steps of the score.
    steps: Steps,
    /// Instances with a slice of a GPU, which no kind can use.
    slices: ConstraintId,
    /// Whether some kind takes memory.
    pub(super) reads_memory: bool,
    /// Sizes of kinds.
    sizes: Vec<Size>,
    /// By size, while an instance is measured: thousandths of devices that are large enough, and how many tasks fit on devices.
    rooms: Vec<(i64, i64)>,
    /// Kinds by condition.
    classes: Vec<Class>,
}

impl Gauge {
    /// Makes a workload ready; holds the filters it names.
    pub(super) fn new(state: &State, filters: &mut Filters, workload: &Workload, measure: Measure) -> Self {
        let mut gauge = Self {
            workload: workload.clone(),
            measure,
            weight: workload.weight_signed(),
            steps: Steps::new(workload.weight()),
            slices: filters.hold(state, Filter::GpuSlice(None)),
            reads_memory: false,
            sizes: Vec::new(),
            rooms: Vec::new(),
            classes: Vec::new(),
        };
        for kind in workload.kinds() {
            gauge.add(state, filters, kind);
        }
        gauge.rooms.resize(gauge.sizes.len(), (0, 0));
        gauge
    }

    /// Takes a kind in, unless nothing can ever be of use to it.
    fn add(&mut self, state: &State, filters: &mut Filters, kind: &WorkloadKind) {
        let (Ok(cpu), Ok(memory)) = (i32::try_from(kind.cpu), i32::try_from(kind.memory_mib)) else { return };
        let inverse = match kind.gpus {
            GpuDemand::Share(share) => (1_u32 << INVERSE_BITS).div_ceil(u32::from(share.max(1))),
            GpuDemand::Whole(_) => 0,
            GpuDemand::None | GpuDemand::All | GpuDemand::Slice(_) => return,
        };
        let size = Size { gpus: kind.gpus, inverse };
        let number = self.sizes.iter().position(|known| *known == size).unwrap_or_else(|| {
            self.sizes.push(size);
            self.sizes.len() - 1
        });
        let per_task = i64::from(kind.weight) * i64::from(kind.thousandths()) * HEADROOM_UNIT;
        let per = |amount: i32| if amount == 0 { i64::MAX } else { per_task / i64::from(amount) };
        self.reads_memory |= memory > 0;
        let program: Option<&Program> = kind.condition.as_ref().and_then(|condition| condition.static_part());
        let condition = program.map(|program| filters.hold(state, Filter::Program(program.clone())));
        let known = self.classes.iter().position(|class| class.condition == condition);
        if let (Some(_), Some(condition)) = (known, condition) {
            filters.release(condition);
        }
        let class = known.unwrap_or_else(|| {
            self.classes.push(Class { condition, kinds: Vec::new() });
            self.classes.len() - 1
        });
        #[expect(clippy::cast_possible_truncation, reason = "no more sizes than kinds")]
        let size = number as u32;
        let (weight, per_cpu, per_memory) = (i64::from(kind.weight), per(cpu), per(memory));
        self.classes[class].kinds.push(Kind { size, cpu, memory, weight, per_task, per_cpu, per_memory });
    }

    /// Lets go of the filters it names.
    pub(super) fn release(&self, filters: &mut Filters) {
        filters.release(self.slices);
        for condition in self.classes.iter().filter_map(|class| class.condition) {
            filters.release(condition);
        }
    }

    /// What the free GPUs of an instance are worth to the workload, with so much CPU and memory left.
    ///
    /// Cost: a pass over the devices for each size, and a few steps for each admitted kind; does not allocate.
    pub(super) fn worth(&mut self, filters: &Filters, slot: u32, amounts: [i32; 2], free: &Free) -> i64 {
        if free.len == 0 || filters.members(self.slices).contains(slot) {
            return 0;
        }
        for (size, room) in self.sizes.iter().zip(&mut self.rooms) {
            *room = size.room(free.left());
        }
        let admitted = self
            .classes
            .iter()
            .filter(|class| class.condition.is_none_or(|condition| filters.members(condition).contains(slot)));
        let kinds = admitted.flat_map(|class| &class.kinds);
        let rooms = &self.rooms;
        match self.measure {
            Measure::Fragmentation => kinds.map(|kind| kind.usable(amounts, rooms)).sum(),
            Measure::Headroom => kinds
                .map(|kind| {
                    HEADROOM_UNIT * kind.usable(amounts, rooms) + HEADROOM_SHARE * kind.together(amounts, rooms)
                })
                .sum(),
        }
    }

    /// Bytes held on the heap, the workload's own text not counted.
    pub(super) fn memory_usage(&self) -> usize {
        let kinds = self.classes.iter().map(|class| class.kinds.capacity() * size_of::<Kind>());
        self.sizes.capacity() * size_of::<Size>()
            + self.rooms.capacity() * size_of::<(i64, i64)>()
            + self.classes.capacity() * size_of::<Class>()
            + kinds.sum::<usize>()
    }

    /// What a candidate is ranked by, the least first, where a task takes so many thousandths and the worth of what is left
    /// falls by so much.
    pub(super) fn key(&self, thousandths: i64, loss: i64) -> i64 {
        match self.measure {
            Measure::Fragmentation => self.steps.key(self.weight * thousandths - loss),
            Measure::Headroom => loss,
        }
    }
}

impl Size {
    /// Thousandths of devices that are large enough, and how many tasks fit on devices.
    fn room(self, free: &[u16]) -> (i64, i64) {
        match self.gpus {
            GpuDemand::Share(share) => free.iter().filter(|&&left| left >= share).fold((0, 0), |room, &left| {
                (room.0 + i64::from(left), room.1 + i64::from((u32::from(left) * self.inverse) >> INVERSE_BITS))
            }),
            GpuDemand::Whole(count) => {
                let whole = free.iter().map(|&left| i64::from(left == DEVICE_WHOLE)).sum::<i64>();
                let count = i64::from(count);
                if whole < count { (0, 0) } else { (whole * i64::from(DEVICE_WHOLE), whole / count) }
            }
            GpuDemand::None | GpuDemand::All | GpuDemand::Slice(_) => (0, 0),
        }
    }
}

impl Kind {
    /// Weight times thousandths of devices that are large enough, if one task fits.
    #[inline]
    fn usable(&self, [cpu, memory]: [i32; 2], rooms: &[(i64, i64)]) -> i64 {
        let fits = fits(self.cpu, cpu) && fits(self.memory, memory);
        if fits { self.weight * rooms[self.size as usize].0 } else { 0 }
    }

    /// Weight times thousandths, in parts, of as many tasks as devices, CPU and memory have room for; the last one counts in
    /// part where CPU or memory end.
    #[inline]
    fn together(&self, [cpu, memory]: [i32; 2], rooms: &[(i64, i64)]) -> i64 {
        let devices = rooms[self.size as usize].1 * self.per_task;
        let by = |left: i32, per: i64| i64::from(left.max(0)).saturating_mul(per);
        let cpu = if self.cpu == 0 { devices } else { by(cpu, self.per_cpu) };
        let memory = if self.memory == 0 { devices } else { by(memory, self.per_memory) };
        devices.min(cpu).min(memory)
    }
}

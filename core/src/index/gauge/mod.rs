//! Ranks of instances under a target workload, kept for each shape of task and followed lazily.
//!
//! What a task of some shape (CPU, memory, GPUs) costs an instance depends on what that instance has left and on its static
//! facts alone. So a *shape* has a cell for each instance, and a bounded log says which instances changed since the shape was
//! last asked for: those alone are measured again, and of them only the ones that could take the task. Requests with equal
//! shapes share the cells, requests with equal workloads the gauge.

mod measure;
pub(crate) mod ranking;
mod touches;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::demand::GpuDemand;
use crate::resource::{ResourceKind, fits};
use crate::state::State;
use crate::state::demands::DemandRecord;
use crate::workload::Workload;

use super::eligibility::Filters;
use measure::Gauge;
pub(crate) use measure::{Free, HEADROOM_SHARE, HEADROOM_UNIT, Measure};
use ranking::Ranking;
use touches::{Seen, Touches};

/// The number of a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShapeId(u32);

/// What a task of a shape costs an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Cell {
    /// The key, the least first.
    key: i64,
    /// The position a share is taken of.
    position: u8,
}

/// A gauge in use.
#[derive(Debug, Clone)]
struct Held {
    /// The gauge.
    gauge: Gauge,
    /// By slot: what free GPUs are worth.
    worth: Vec<i64>,
    /// Changes that is up to.
    seen: Seen,
    /// Shapes that use it.
    shapes: u32,
}

/// Tasks that rank instances alike.
#[derive(Debug, Clone)]
struct Shape {
    /// Number of its gauge.
    gauge: usize,
    /// CPU and memory of a task; memory is 0 where the gauge does not read it.
    amounts: [i32; 2],
    /// GPUs of a task.
    gpus: GpuDemand,
    /// By slot: what a task costs; means nothing where an instance has not enough.
    cells: Vec<Cell>,
    /// Changes those are up to.
    seen: Seen,
    /// Prepared requests that use it.
    holders: u32,
}

/// All gauges and shapes in use.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gauges {
    /// Gauges by number.
    gauges: Vec<Option<Held>>,
    /// Shapes by number.
    shapes: Vec<Option<Shape>>,
    /// Shapes in use.
    used: usize,
    /// Instances that changed.
    touches: Touches,
    /// Slots there is room for.
    room: usize,
}

impl Shape {
    /// Whether an instance has what a task takes, as far as the shape knows.
    #[inline]
    fn fits(&self, state: &State, slot: u32) -> bool {
        let has = |kind: ResourceKind, amount: i32| fits(amount, state.remaining(kind, slot));
        let has_gpus = match self.gpus {
            GpuDemand::None => true,
            GpuDemand::Whole(count) => has(ResourceKind::Gpu, i32::from(count)),
            GpuDemand::All | GpuDemand::Slice(_) => has(ResourceKind::Gpu, 1),
            GpuDemand::Share(share) => has(ResourceKind::GpuShare, i32::from(share)),
        };
        let [cpu, memory] = self.amounts;
        has_gpus && has(ResourceKind::Cpu, cpu) && has(ResourceKind::Memory, memory)
    }

    /// What a task costs an instance that has enough.
    fn cell(&self, held: &mut Held, state: &State, filters: &Filters, slot: u32) -> Cell {
        let amounts = [ResourceKind::Cpu, ResourceKind::Memory].map(|kind| state.remaining(kind, slot));
        let amounts = [0, 1].map(|at| amounts[at].saturating_sub(self.amounts[at]));
        let free = Free::of(state, slot);
        let before = held.worth[slot as usize];
        let mut loss = |free: &Free| before - held.gauge.worth(filters, slot, amounts, free);
        let GpuDemand::Share(share) = self.gpus else {
            let after = free.without(self.gpus);
            let taken = |free: &Free| free.left().iter().map(|&left| i64::from(left)).sum::<i64>();
            let loss = loss(&after);
            return Cell { key: held.gauge.key(taken(&free) - taken(&after), loss), position: 0 };
        };
        let mut best: Option<(i64, usize)> = None;
        for (position, &left) in free.left().iter().enumerate() {
            // Devices with equally much left are worth the same.
            if left < share || free.left()[..position].contains(&left) {
                continue;
            }
            let Some(after) = free.without_share(position, share) else { continue };
            let loss = loss(&after);
            if best.is_none_or(|(least, _)| loss < least) {
                best = Some((loss, position));
            }
        }
        let (loss, position) = best.unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, reason = "an instance has at most 64 devices")]
        let position = position as u8;
        Cell { key: held.gauge.key(share.into(), loss), position }
    }
}

impl Gauges {
    /// The shape of a demand under a workload and a measure, with one holder more.
    pub(crate) fn hold(
        &mut self,
        state: &State,
        filters: &mut Filters,
        (workload, measure): (&Workload, Measure),
        demand: &DemandRecord,
    ) -> ShapeId {
        self.room = self.room.max(state.slots());
        self.touches.reserve(self.room);
        let is_same = |held: &Held| held.gauge.measure == measure && held.gauge.workload == *workload;
        let gauge = self.gauges.iter().position(|held| held.as_ref().is_some_and(is_same)).unwrap_or_else(|| {
            let gauge = Gauge::new(state, filters, workload, measure);
            let number = super::vacant(&mut self.gauges);
            self.gauges[number] = Some(Held { gauge, worth: alloc::vec![0; self.room], seen: None, shapes: 0 });
            number
        });
        let Some(held) = &mut self.gauges[gauge] else { return ShapeId(0) };
        let [cpu, memory] = demand.cpu_and_memory;
        let amounts = [cpu, if held.gauge.reads_memory { memory } else { 0 }];
        let gpus = demand.gpus();
        let is_same = |shape: &Shape| (shape.gauge, shape.amounts, shape.gpus) == (gauge, amounts, gpus);
        let number = self.shapes.iter().position(|shape| shape.as_ref().is_some_and(is_same)).unwrap_or_else(|| {
            held.shapes += 1;
            self.used += 1;
            let cells = alloc::vec![Cell::default(); self.room];
            let number = super::vacant(&mut self.shapes);
            self.shapes[number] = Some(Shape { gauge, amounts, gpus, cells, seen: None, holders: 0 });
            number
        });
        if let Some(shape) = &mut self.shapes[number] {
            shape.holders += 1;
        }
        #[expect(clippy::cast_possible_truncation, reason = "a shape needs memory of its own")]
        ShapeId(number as u32)
    }

    /// One holder less; the last one ends the shape, and the last shape its gauge.
    pub(crate) fn release(&mut self, filters: &mut Filters, id: ShapeId) {
        let Some(shape) = &mut self.shapes[id.0 as usize] else { return };
        shape.holders -= 1;
        if shape.holders > 0 {
            return;
        }
        let gauge = shape.gauge;
        self.shapes[id.0 as usize] = None;
        self.used -= 1;
        let Some(held) = &mut self.gauges[gauge] else { return };
        held.shapes -= 1;
        if held.shapes == 0 {
            held.gauge.release(filters);
            self.gauges[gauge] = None;
        }
    }

    /// Makes room for so many slots.
    pub(crate) fn reserve(&mut self, slots: usize) {
        if slots <= self.room {
            return;
        }
        self.room = slots;
        if self.used == 0 {
            return;
        }
        self.touches.reserve(slots);
        for held in self.gauges.iter_mut().flatten() {
            held.worth.resize(slots, 0);
        }
        for shape in self.shapes.iter_mut().flatten() {
            shape.cells.resize(slots, Cell::default());
        }
    }

    /// What an instance has left, or a static fact of it, changed.
    #[inline]
    pub(crate) fn touch(&mut self, slot: u32) {
        if self.used > 0 {
            self.touches.touch(slot);
        }
    }

    /// Brings the cells of a shape up to date.
    ///
    /// Cost: the instances that changed since it was last done, each measured once, or all of them after more changes than the
    /// log holds; does not allocate.
    pub(crate) fn refresh(&mut self, state: &State, filters: &Filters, id: ShapeId) {
        let Self { gauges, shapes, touches, .. } = self;
        let Some(shape) = &mut shapes[id.0 as usize] else { return };
        let Some(held) = &mut gauges[shape.gauge] else { return };
        let Held { gauge, worth, seen, .. } = held;
        touches.since(*seen, state.slots(), |slot| {
            let amounts = [ResourceKind::Cpu, ResourceKind::Memory].map(|kind| state.remaining(kind, slot));
            worth[slot as usize] = gauge.worth(filters, slot, amounts, &Free::of(state, slot));
        });
        *seen = touches.end();
        let mut cells = core::mem::take(&mut shape.cells);
        touches.since(shape.seen, state.slots(), |slot| {
            if shape.fits(state, slot) {
                cells[slot as usize] = shape.cell(held, state, filters, slot);
            }
        });
        shape.cells = cells;
        shape.seen = touches.end();
    }

    /// By slot: the key of an instance that has enough, the least first; a shape that is up to date.
    pub(crate) fn keys(&self, id: ShapeId) -> impl Fn(u32) -> i64 + '_ {
        let cells = self.shapes[id.0 as usize].as_ref().map_or(&[][..], |shape| &shape.cells);
        |slot| cells[slot as usize].key
    }

    /// The device that a share is taken of on an instance that has enough, as a mask of positions.
    pub(crate) fn device(&self, id: ShapeId, slot: u32) -> u64 {
        let shape = self.shapes[id.0 as usize].as_ref();
        shape.map_or(0, |shape| 1 << shape.cells[slot as usize].position)
    }

    /// Checks every cell that is up to date against the definition, kind by kind.
    pub(crate) fn validate(&self, state: &State) -> Result<(), String> {
        for shape in self.shapes.iter().flatten() {
            let Some(held) = &self.gauges[shape.gauge] else { return Err("a shape has no gauge".into()) };
            let current = |slot: &&u32| !self.touches.is_new(shape.seen, **slot) && shape.fits(state, **slot);
            for &slot in state.registry.iter().filter(current) {
                let cell = shape.cells[slot as usize];
                let pledged =
                    Ranking::of(state, (&held.gauge.workload, held.gauge.measure), shape.amounts, shape.gpus, slot);
                let is_share = matches!(shape.gpus, GpuDemand::Share(_));
                if cell.key != pledged.key || is_share && usize::from(cell.position) != pledged.position {
                    return Err(format!("the rank of an instance is out of date: {cell:?}, not {pledged:?}"));
                }
            }
        }
        Ok(())
    }

    /// Bytes held on the heap, the workloads' own text not counted.
    pub(crate) fn memory_usage(&self) -> usize {
        let held = self.gauges.iter().flatten();
        let held = held.map(|held| held.worth.capacity() * size_of::<i64>() + held.gauge.memory_usage());
        let shapes = self.shapes.iter().flatten().map(|shape| shape.cells.capacity() * size_of::<Cell>());
        self.gauges.capacity() * size_of::<Option<Held>>()
            + self.shapes.capacity() * size_of::<Option<Shape>>()
            + held.sum::<usize>()
            + shapes.sum::<usize>()
            + self.touches.memory_usage()
    }
}

//! Tasks coming and going: the same sequence of placements and stops on a cluster and on the kernel.
//!
//! Step for step both place a request drawn by the same generator and stop the task at the same place of their pool, so
//! equal answers keep them equal for ever.

use placewright::{Cluster, Error, InstanceId, RequestId, TaskId};

use crate::cell::{Cell, Limit};
use crate::kernel::{Kernel, Soon, prefetch};
use crate::meter::{Outcome, Sample, measure};
use crate::{Fleet, POOL, ROOM, Rng};

/// Draws of requests that come round again; a power of two.
const DRAWS: usize = 1 << 16;
/// Steps ahead of which the pool's entry is asked for, so that the harness waits for no memory.
const AHEAD: usize = 8;
/// Tasks that are told of beforehand, where they are: the one that goes and those after it.
const FORESEEN: usize = 4;
/// Tasks placed before they are stopped, where only placing is timed.
const PLACED_MAX: usize = 256;
/// Part of a pool's tasks that steps replace before timing begins anew with the fleet as it was: a cell is about the state in its name,
/// and after many steps the state is another.
const REPLACED_PART: usize = 4;
/// Smallest pool with which timing begins anew. With a smaller one a slice of a fast contender replaces as much, and would begin with cold
/// caches each time. It is the same for all contenders of a cell, so that they are timed in the same state.
const POOL_LARGE: usize = 400_000;

/// What tasks come to and go from, and its pool, as they were at first.
#[derive(Debug, Clone)]
struct First<C, T> {
    /// The cluster or kernel.
    host: C,
    /// The pool.
    pool: Vec<T>,
    /// Steps taken then.
    steps: usize,
}

impl<C: Clone, T: Clone> First<C, T> {
    /// Kept where timing may begin anew.
    fn keep(host: &C, pool: &[T]) -> Option<Self> {
        (pool.len() >= POOL_LARGE).then(|| Self { host: host.clone(), pool: pool.to_vec(), steps: 0 })
    }

    /// Puts everything back as it was, if steps have replaced many of the pool's tasks since.
    fn start_over(&mut self, host: &mut C, pool: &mut Vec<T>, steps: usize) {
        if steps - self.steps > self.pool.len() / REPLACED_PART {
            host.clone_from(&self.host);
            pool.clone_from(&self.pool);
            self.steps = steps;
        }
    }
}

/// Steps inside one savepoint.
const SAVEPOINT_STEPS_MAX: usize = ROOM / 2;

/// Which request comes next, and which task of the pool goes.
#[derive(Debug, Clone)]
pub struct Draws {
    /// Numbers of requests.
    requests: Vec<u16>,
    /// Steps taken.
    step: usize,
    /// Places drawn for the next steps, by their number.
    places: [usize; AHEAD + 1],
    /// Steps for which they are drawn.
    drawn: usize,
}

impl Draws {
    /// The draws of a cell with so many requests.
    ///
    /// # Errors
    /// More requests than a draw can number.
    pub fn new(cell: &Cell, requests: usize) -> Outcome<Self> {
        let mut rng = Rng::new(7);
        let mut next = |at: usize| if cell.limit == Limit::Services { at % requests } else { rng.index(requests) };
        let numbers: Result<Vec<u16>, _> = (0..DRAWS).map(|at| u16::try_from(next(at))).collect();
        Ok(Self { requests: numbers?, step: 0, places: [0; AHEAD + 1], drawn: 0 })
    }

    /// The number of the request of this step, and on to the next.
    fn request(&mut self) -> usize {
        let request = self.requests[self.step % DRAWS];
        self.step += 1;
        usize::from(request)
    }

    /// Draws as far as [`AHEAD`] which task of a pool goes, and asks for the last of them. These draws never come round: tasks would go in
    /// the order in which they came, and most of a large pool never.
    fn look_ahead<T>(&mut self, pool: &[T]) {
        self.drawn = self.drawn.max(self.step);
        while self.drawn <= self.step + AHEAD {
            let place = Rng::new(self.drawn as u64).index(pool.len());
            self.places[self.drawn % self.places.len()] = place;
            prefetch(pool, place);
            self.drawn += 1;
        }
    }

    /// The place in the pool of the task that goes, a number of steps after this one.
    fn place(&self, ahead: usize) -> usize {
        self.places[(self.step + ahead) % self.places.len()]
    }
}

/// A cluster that tasks come to and go from.
#[derive(Debug, Clone)]
pub struct Churn {
    /// The cluster.
    pub cluster: Cluster,
    /// The requests.
    pub requests: Vec<RequestId>,
    /// Tasks that may go.
    pool: Vec<TaskId>,
    /// What comes and goes.
    draws: Draws,
    /// How it was at first, where steps replace many of the fleet's tasks.
    first: Option<First<Cluster, TaskId>>,
    /// Whether the cluster is told which tasks go next.
    is_foreseen: bool,
    /// What was in the pool before a step inside a savepoint.
    replaced: Vec<(usize, TaskId)>,
    /// Tasks that were placed and not stopped yet.
    placed: Vec<TaskId>,
}

impl Churn {
    /// A cell on a cluster, with the fleet's tasks on it.
    ///
    /// # Errors
    /// That of the cluster.
    pub fn new(cell: &Cell, fleet: &Fleet, mut cluster: Cluster, tasks: &[TaskId]) -> Outcome<Self> {
        let mut requests = Vec::new();
        for request in cell.requests(fleet)? {
            requests.push(cluster.prepare(&request)?);
        }
        let draws = Draws::new(cell, requests.len())?;
        let mut churn = Self {
            cluster,
            requests,
            pool: Vec::with_capacity(POOL),
            draws,
            first: None,
            is_foreseen: cell.operation.is_foreseen(),
            replaced: Vec::with_capacity(SAVEPOINT_STEPS_MAX),
            placed: Vec::with_capacity(PLACED_MAX),
        };
        if cell.replaces_any() {
            churn.pool = tasks.to_vec();
            churn.first = First::keep(&churn.cluster, &churn.pool);
        } else {
            for _ in 0..4 * own_pool(cell, fleet) {
                if churn.pool.len() < own_pool(cell, fleet) {
                    let task = churn.place()?.map(|placed| placed.1);
                    churn.pool.extend(task);
                }
            }
        }
        Ok(churn)
    }

    /// Places the next request.
    fn place(&mut self) -> Result<Option<(InstanceId, TaskId)>, Error> {
        let request = self.requests[self.draws.request()];
        let placement = self.cluster.place_one(request)?.placement();
        Ok(placement.map(|placement| (placement.instance, placement.task)))
    }

    /// Places the next request and stops a task, if it was placed. Returns where it was placed.
    ///
    /// # Errors
    /// That of the cluster.
    pub fn step(&mut self) -> Result<Option<InstanceId>, Error> {
        self.step_noting(|_, _| ())
    }

    /// A step; `note` is told what it replaces in the pool.
    fn step_noting(&mut self, note: impl FnOnce(usize, TaskId)) -> Result<Option<InstanceId>, Error> {
        self.draws.look_ahead(&self.pool);
        let place = self.draws.place(0);
        if self.is_foreseen && !self.pool.is_empty() {
            let next: [TaskId; FORESEEN] = std::array::from_fn(|ahead| self.pool[self.draws.place(ahead)]);
            self.cluster.prefetch_stops(&next);
        }
        let Some((instance, task)) = self.place()? else { return Ok(None) };
        match self.pool.get_mut(place) {
            Some(entry) => {
                let old = std::mem::replace(entry, task);
                note(place, old);
                self.cluster.stop(old)?;
            }
            None => self.cluster.stop(task)?,
        }
        Ok(Some(instance))
    }

    /// Measures placing and stopping.
    ///
    /// # Errors
    /// That of the cluster.
    pub fn measure_steps(&mut self, operations: usize) -> Outcome<Sample> {
        if let Some(first) = &mut self.first {
            first.start_over(&mut self.cluster, &mut self.pool, self.draws.step);
        }
        measure(operations, || {
            for _ in 0..operations {
                self.step()?;
            }
            Ok(())
        })
    }

    /// Measures placing and stopping inside an open savepoint, which is rolled back afterwards.
    ///
    /// # Errors
    /// That of the cluster.
    pub fn measure_steps_in_savepoint(&mut self, operations: usize) -> Outcome<Sample> {
        let operations = operations.min(SAVEPOINT_STEPS_MAX);
        let savepoint = self.cluster.begin();
        let mut replaced = std::mem::take(&mut self.replaced);
        let sample = measure(operations, || {
            for _ in 0..operations {
                self.step_noting(|place, task| replaced.push((place, task)))?;
            }
            Ok(())
        })?;
        self.cluster.rollback(savepoint)?;
        for (place, task) in replaced.drain(..).rev() {
            self.pool[place] = task;
        }
        self.replaced = replaced;
        Ok(sample)
    }

    /// Measures placing alone; the tasks are stopped afterwards, a few hundred at a time.
    ///
    /// # Errors
    /// That of the cluster.
    pub fn measure_places(&mut self, operations: usize) -> Outcome<Sample> {
        let mut total = Sample::default();
        while total.operations < operations {
            let block = (operations - total.operations).min(PLACED_MAX);
            let sample = measure(block, || {
                for _ in 0..block {
                    let task = self.place()?.map(|placed| placed.1);
                    self.placed.extend(task);
                }
                Ok(())
            })?;
            for task in self.placed.drain(..) {
                self.cluster.stop(task)?;
            }
            total.nanos += sample.nanos;
            total.allocations += sample.allocations;
            total.operations += block;
        }
        Ok(total)
    }
}

/// Tasks of its own that a cell without a right to the fleet's replaces.
fn own_pool(cell: &Cell, fleet: &Fleet) -> usize {
    let pool = if cell.limit == Limit::Services { 10 * crate::cell::SERVICES } else { POOL };
    pool.min(fleet.len().div_ceil(8))
}

/// A task of the kernel's: slot, CPU, memory.
type KernelTask = (u32, i32, i32);

/// A kernel that the same tasks come to and go from.
#[derive(Debug, Clone)]
pub struct KernelChurn<K> {
    /// The kernel.
    kernel: K,
    /// CPU and memory of each request.
    shapes: Vec<(i32, i32)>,
    /// Slots it may use.
    allowed: Option<Vec<u64>>,
    /// Tasks that may go.
    pool: Vec<KernelTask>,
    /// What comes and goes.
    draws: Draws,
    /// As those of [`Churn`].
    first: Option<First<K, KernelTask>>,
    /// Whether the kernel is told which tasks go next.
    is_foreseen: bool,
    /// Tasks that were placed and not released yet.
    placed: Vec<KernelTask>,
}

impl<K: Kernel + Clone> KernelChurn<K> {
    /// A cell on a kernel that holds what is left in a fleet.
    ///
    /// # Errors
    /// As [`Churn::new`].
    pub fn new(cell: &Cell, fleet: &Fleet, kernel: K) -> Outcome<Self> {
        let requests = cell.requests(fleet)?.len();
        let shapes = (0..requests).map(|number| (fleet.shapes[number].cpu, fleet.shapes[number].memory_mib)).collect();
        let draws = Draws::new(cell, requests)?;
        let allowed = cell.limit.allowed(fleet);
        let placed = Vec::with_capacity(PLACED_MAX);
        let pool = Vec::with_capacity(POOL);
        let is_foreseen = cell.operation.is_foreseen();
        let mut churn = Self { kernel, shapes, allowed, pool, draws, first: None, is_foreseen, placed };
        if cell.replaces_any() {
            let task = |task: &crate::FleetTask| {
                let shape = fleet.shapes[usize::from(task.shape)];
                (task.instance, shape.cpu, shape.memory_mib)
            };
            churn.pool = fleet.tasks.iter().map(task).collect();
            churn.first = First::keep(&churn.kernel, &churn.pool);
        } else {
            for _ in 0..4 * own_pool(cell, fleet) {
                if churn.pool.len() < own_pool(cell, fleet) {
                    let task = churn.place();
                    churn.pool.extend(task);
                }
            }
        }
        Ok(churn)
    }

    /// Places the next request.
    fn place(&mut self) -> Option<KernelTask> {
        let (cpu, memory) = self.shapes[self.draws.request()];
        let slot = self.kernel.place(cpu, memory, self.allowed.as_deref())?;
        Some((slot, cpu, memory))
    }

    /// Places the next request and releases a task, if it was placed. Returns where it was placed.
    pub fn step(&mut self) -> Option<u32> {
        self.draws.look_ahead(&self.pool);
        let place = self.draws.place(0);
        if self.is_foreseen && !self.pool.is_empty() {
            self.kernel.prefetch(self.pool[self.draws.place(FORESEEN - 1)].0, Soon::Later);
            self.kernel.prefetch(self.pool[self.draws.place(1)].0, Soon::Next);
        }
        let task = self.place()?;
        let old = self.pool.get_mut(place).map_or(task, |entry| std::mem::replace(entry, task));
        self.kernel.release(old.0, old.1, old.2);
        Some(task.0)
    }

    /// Measures placing and releasing.
    ///
    /// # Errors
    /// None.
    pub fn measure_steps(&mut self, operations: usize) -> Outcome<Sample> {
        if let Some(first) = &mut self.first {
            first.start_over(&mut self.kernel, &mut self.pool, self.draws.step);
        }
        measure(operations, || {
            for _ in 0..operations {
                std::hint::black_box(self.step());
            }
            Ok(())
        })
    }

    /// Measures placing alone, as [`Churn::measure_places`].
    ///
    /// # Errors
    /// None.
    pub fn measure_places(&mut self, operations: usize) -> Outcome<Sample> {
        let mut total = Sample::default();
        while total.operations < operations {
            let block = (operations - total.operations).min(PLACED_MAX);
            let sample = measure(block, || {
                for _ in 0..block {
                    let task = self.place();
                    self.placed.extend(task);
                }
                Ok(())
            })?;
            for (slot, cpu, memory) in self.placed.drain(..) {
                self.kernel.release(slot, cpu, memory);
            }
            total.nanos += sample.nanos;
            total.allocations += sample.allocations;
            total.operations += block;
        }
        Ok(total)
    }

    /// Measures a batch of equal tasks, released afterwards; per task that found an instance.
    ///
    /// # Errors
    /// None.
    pub fn measure_batch(&mut self, shape: (i32, i32), count: usize) -> Outcome<Sample> {
        let mut placed = Vec::with_capacity(count);
        let sample = measure(count, || {
            for _ in 0..count {
                placed.extend(self.kernel.place(shape.0, shape.1, self.allowed.as_deref()));
            }
            Ok(())
        })?;
        let sample = Sample { operations: placed.len().max(1), ..sample };
        for slot in placed {
            self.kernel.release(slot, shape.0, shape.1);
        }
        Ok(sample)
    }
}

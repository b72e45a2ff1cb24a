//! Measuring: CPU time of the thread and allocations, contenders taking turns slice by slice.
//!
//! Whatever disturbs a shared machine then hits all of them; the median over the slices is the figure. A slice begins with
//! [`Settings::lead_in`] times as much work that is not timed, so that the caches hold what the contender itself reads, not
//! what the one before it left.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts and times far below 2^52"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::error::Error;

use rustix::time::{ClockId, clock_gettime};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system allocator, counting the allocations of each thread. A binary that wants them counted makes it global.
#[derive(Debug)]
pub struct Counting;

#[allow(unsafe_code, reason = "an allocator is unsafe by its trait")]
// SAFETY: every call is passed on to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// CPU time of this thread, in nanoseconds.
#[must_use]
pub fn cpu_nanos() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

/// Work that was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sample {
    /// CPU time, in nanoseconds.
    pub nanos: u64,
    /// Allocations.
    pub allocations: u64,
    /// Operations it was.
    pub operations: usize,
}

/// Does so many operations and measures them.
///
/// # Errors
/// That of the work.
pub fn measure(operations: usize, work: impl FnOnce() -> Outcome<()>) -> Outcome<Sample> {
    let allocations = ALLOCATIONS.with(Cell::get);
    let start = cpu_nanos();
    work()?;
    let nanos = cpu_nanos() - start;
    Ok(Sample { nanos, allocations: ALLOCATIONS.with(Cell::get) - allocations, operations })
}

/// What benches return: a fixture that fails is reported, not timed.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// Does about so many operations, untimed work around them included, and says what the timed part took.
pub type Contender<'a> = Box<dyn FnMut(usize) -> Outcome<Sample> + 'a>;

/// How long things are measured: the one place for settings.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Slices; the median counts.
    pub slices: usize,
    /// Work before a slice that is not timed, in slices.
    pub lead_in: usize,
    /// CPU time of a slice, about, in nanoseconds.
    pub slice_nanos: u64,
    /// CPU time of the proof on each route, about, in nanoseconds.
    pub proof_nanos: u64,
    /// Most CPU time for one slice that cannot be made shorter, such as a batch, in nanoseconds.
    pub slice_nanos_max: u64,
}

impl Settings {
    /// For figures.
    pub const FULL: Self = Self {
        slices: 7,
        lead_in: 3,
        slice_nanos: 20_000_000,
        proof_nanos: 200_000_000,
        slice_nanos_max: 1_000_000_000,
    };
    /// To see that everything runs.
    pub const QUICK: Self =
        Self { slices: 3, lead_in: 0, slice_nanos: 500_000, proof_nanos: 5_000_000, slice_nanos_max: 20_000_000 };

    /// Operations that take about a time, judged by a sample.
    #[must_use]
    pub fn operations(sample: Sample, nanos: u64) -> usize {
        let each = (sample.nanos as f64 / sample.operations.max(1) as f64).max(1.0);
        ((nanos as f64 / each) as usize).clamp(1, 100_000)
    }
}

/// What a contender took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// CPU time of an operation, the median over the slices, in nanoseconds.
    pub nanos: f64,
    /// Allocations in all slices.
    pub allocations: u64,
}

/// Lets contenders take turns, slice by slice, after a run that says how many operations fill a slice.
///
/// # Errors
/// That of a contender.
pub fn race(contenders: &mut [Contender<'_>], settings: Settings) -> Outcome<Vec<Timing>> {
    let mut operations = Vec::new();
    for contender in &mut *contenders {
        let first = contender(1)?;
        let few = Settings::operations(first, settings.slice_nanos / 4);
        operations.push(Settings::operations(contender(few)?, settings.slice_nanos));
    }
    let mut figures = vec![Vec::new(); contenders.len()];
    let mut allocations = vec![0; contenders.len()];
    for _ in 0..settings.slices {
        for (at, contender) in contenders.iter_mut().enumerate() {
            for _ in 0..settings.lead_in {
                contender(operations[at])?;
            }
            let sample = contender(operations[at])?;
            figures[at].push(sample.nanos as f64 / sample.operations.max(1) as f64);
            allocations[at] += sample.allocations;
        }
    }
    let timings = figures.iter_mut().zip(allocations).map(|(figures, allocations)| {
        figures.sort_unstable_by(f64::total_cmp);
        Timing { nanos: figures[figures.len() / 2], allocations }
    });
    Ok(timings.collect())
}

//! What all solvers share while they work: steps, the best packing so far, the best bound, and somebody who may stop them.
//!
//! There is no clock here. A *step* is about the work of judging one item against one bin, so a budget in steps gives the same
//! answer everywhere; the caller's `watch` is asked every [`PART`] steps and alone knows the time.

use core::fmt;
use core::ops::ControlFlow;

use super::cheapen::cheapen;
use super::packing::Packing;
use super::problem::Problem;

/// Steps between two looks up.
const PART: u64 = 1024;

/// Where a solver stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Cost of the best packing so far, in millionths; `None` before the first.
    pub value: Option<u128>,
    /// Items that the best packing so far leaves out.
    pub missing: u64,
    /// Best lower bound so far, in millionths.
    pub lower_bound: u128,
    /// Which bound that is.
    pub bound_name: &'static str,
    /// Solver at work.
    pub solver: &'static str,
    /// Steps used.
    pub steps: u64,
}

/// Hears how far solving is, and says whether to go on. Asked about every thousand steps, and at each better packing or bound.
pub type Watch<'w> = &'w mut dyn FnMut(&Progress) -> ControlFlow<()>;

/// One run of solvers.
pub(crate) struct Search<'w> {
    /// Who is asked.
    watch: Watch<'w>,
    /// What is told next.
    progress: Progress,
    /// Steps allowed.
    steps_max: u64,
    /// Steps at which the caller is asked next.
    look_at: u64,
    /// Whether the caller stopped it.
    is_stopped: bool,
    /// The best packing so far and who found it.
    best: Option<(Packing, &'static str)>,
}

impl<'w> Search<'w> {
    /// A run with so many steps at most.
    pub(crate) fn new(steps_max: u64, watch: Watch<'w>) -> Self {
        let progress =
            Progress { value: None, missing: 0, lower_bound: 0, bound_name: "none", solver: "none", steps: 0 };
        Self { watch, progress, steps_max, look_at: PART, is_stopped: false, best: None }
    }

    /// Says which solver is at work from now on.
    pub(crate) fn enter(&mut self, solver: &'static str) {
        self.progress.solver = solver;
    }

    /// Counts steps, and says whether to go on.
    #[inline]
    pub(crate) fn step(&mut self, count: u64) -> bool {
        self.progress.steps = self.progress.steps.saturating_add(count);
        if self.progress.steps >= self.look_at {
            self.look_at = self.progress.steps.saturating_add(PART);
            self.ask();
        }
        !self.is_over()
    }

    /// Asks the caller where no steps are counted, and says whether to go on.
    pub(crate) fn goes_on(&mut self) -> bool {
        self.ask();
        !self.is_stopped
    }

    /// Asks the caller.
    #[cold]
    fn ask(&mut self) {
        if !self.is_stopped && (self.watch)(&self.progress).is_break() {
            self.is_stopped = true;
        }
    }

    /// Whether there is nothing left to do: stopped, out of steps, or proven optimal.
    pub(crate) fn is_over(&self) -> bool {
        self.is_stopped || self.progress.steps >= self.steps_max || self.is_optimal()
    }

    /// Whether the best packing holds everything at the cost of the bound.
    pub(crate) fn is_optimal(&self) -> bool {
        self.progress.missing == 0 && self.progress.value.is_some_and(|value| value <= self.progress.lower_bound)
    }

    /// Whether the caller stopped it.
    pub(crate) fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// Steps used.
    pub(crate) fn steps(&self) -> u64 {
        self.progress.steps
    }

    /// Steps left.
    pub(crate) fn steps_left(&self) -> u64 {
        self.steps_max.saturating_sub(self.progress.steps)
    }

    /// Best lower bound so far, in millionths.
    pub(crate) fn lower_bound(&self) -> u128 {
        self.progress.lower_bound
    }

    /// Name of the bound.
    pub(crate) fn bound_name(&self) -> &'static str {
        self.progress.bound_name
    }

    /// Items left out and cost of the best packing so far; less is better.
    pub(crate) fn rank(&self) -> Option<(u64, u128)> {
        self.progress.value.map(|value| (self.progress.missing, value))
    }

    /// The best packing so far.
    pub(crate) fn best(&self) -> Option<&Packing> {
        self.best.as_ref().map(|(packing, _)| packing)
    }

    /// Offers a packing, which must be feasible: its contents move to cheaper bins where they
    /// can, and it is kept if it then leaves out fewer items than the best so far, or costs less.
    pub(crate) fn offer(&mut self, problem: &Problem, packing: Packing) -> bool {
        let packing = cheapen(problem, packing);
        let rank = (packing.missing(problem), packing.cost(problem));
        if self.rank().is_some_and(|best| best <= rank) {
            return false;
        }
        self.progress.missing = rank.0;
        self.progress.value = Some(rank.1);
        self.best = Some((packing, self.progress.solver));
        self.ask();
        true
    }

    /// Offers a lower bound, which must hold for every packing of all items.
    pub(crate) fn raise(&mut self, bound: u128, name: &'static str) {
        if bound > self.progress.lower_bound || self.progress.bound_name == "none" {
            self.progress.lower_bound = bound;
            self.progress.bound_name = name;
            self.ask();
        }
    }

    /// The best packing so far, and who found it.
    pub(crate) fn found(&self) -> Option<(&Packing, &'static str)> {
        self.best.as_ref().map(|(packing, solver)| (packing, *solver))
    }
}

impl fmt::Debug for Search<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Search").field("progress", &self.progress).field("is_stopped", &self.is_stopped).finish()
    }
}

//! Packs what a dive has left, quickly.

use alloc::vec::Vec;

use super::generate::Residual;
use crate::pack::fill::{Fill, Preference, Sorted, suits};
use crate::pack::packing::Pattern;
use crate::pack::problem::Problem;
use crate::pack::search::Search;
use crate::select::draw::Draws;

/// What packs the rest, and its memory.
#[derive(Debug)]
pub(super) struct Complete {
    fill: Fill,
    draws: Draws,
}

impl Complete {
    pub(super) fn new(seed: u64) -> Self {
        Self { fill: Fill::default(), draws: Draws::new(seed, 2) }
    }

    /// Packs a residual, or says that it cannot.
    pub(super) fn run(
        &mut self,
        problem: &Problem,
        residual: &Residual,
        search: &mut Search<'_>,
    ) -> Option<Vec<Pattern>> {
        if !suits(problem) {
            return None;
        }
        let kinds = Sorted::new(problem, &residual.counts);
        let (patterns, steps) = kinds.fill(&mut self.fill, problem, (Preference::Largest, 4), &mut self.draws);
        search.step(steps);
        Some(patterns)
    }
}

//! Packs what a dive has left, quickly.

use alloc::vec::Vec;

use super::generate::Residual;
use crate::pack::fill::Fill;
use crate::pack::packing::Pattern;
use crate::pack::problem::Problem;
use crate::pack::search::Search;

/// What packs the rest, and its memory.
#[derive(Debug)]
pub(super) struct Complete {
    /// Kinds by size, largest first.
    order: Vec<u32>,
    fill: Fill,
}

impl Complete {
    pub(super) fn new(problem: &Problem) -> Self {
        let mut order: Vec<u32> = (0u32..).take(problem.kinds()).collect();
        order.sort_by_key(|kind| core::cmp::Reverse(problem.demand(*kind)[0]));
        Self { order, fill: Fill::default() }
    }

    /// Packs a residual, or says that it cannot.
    pub(super) fn run(&mut self, problem: &Problem, residual: &Residual, search: &mut Search<'_>) -> Option<Vec<Pattern>> {
        if !problem.is_classic() { return None; }
        let left: Vec<u32> = self.order.iter().copied().filter(|kind| residual.counts[*kind as usize] > 0).collect();
        let sizes: Vec<u64> = left.iter().map(|kind| problem.demand(*kind)[0]).collect();
        let counts: Vec<u32> = left.iter().map(|kind| residual.counts[*kind as usize] as u32).collect();
        let (fillings, steps) = self.fill.run(&sizes, &counts, problem.capacity(0)[0]);
        search.step(steps);
        let patterns = fillings.into_iter().map(|filling| Pattern {
            bin_type: 0,
            count: u64::from(filling.bins),
            content: filling.pattern.into_iter().map(|(at, copies)| (left[at as usize], u64::from(copies))).collect(),
        });
        Some(patterns.collect())
    }
}

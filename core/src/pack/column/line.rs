//! Pricing with one dimension: kinds have a size, bin types a capacity.

use alloc::vec::Vec;

use super::generate::{Pricing, float};
use super::knapsack::{Knapsack, Offer, Worth};
use super::{Content, Stopped};
use crate::pack::problem::Problem;
use crate::pack::search::Search;

/// Sizes and capacities, and the memory of the knapsack.
#[derive(Debug)]
pub(super) struct Line {
    /// Size of each kind. `[kinds]`
    sizes: Vec<u64>,
    /// Capacity. `[types]`
    capacities: Vec<u64>,
    /// Whether a type may hold a kind. `[types × kinds]`
    allowed: Vec<bool>,
    /// Kinds on offer.
    offers: Vec<Offer>,
    /// What solves.
    knapsack: Knapsack,
}

impl Line {
    /// Pricing of a problem with one dimension.
    pub(super) fn of(problem: &Problem) -> Self {
        let mut allowed = Vec::with_capacity(problem.types() * problem.kinds());
        for bin in (0u32..).take(problem.types()) {
            allowed.extend((0u32..).take(problem.kinds()).map(|kind| problem.is_allowed(kind, bin)));
        }
        let capacities = (0u32..).take(problem.types()).map(|bin| problem.capacity(bin)[0]).collect();
        Self::new(problem.demands().to_vec(), capacities, allowed)
    }

    /// Pricing for kinds of these sizes; `allowed` says which type may hold which kind, `[types × kinds]`.
    pub(super) fn new(sizes: Vec<u64>, capacities: Vec<u64>, allowed: Vec<bool>) -> Self {
        Self { sizes, capacities, allowed, offers: Vec::new(), knapsack: Knapsack::default() }
    }
}

impl Pricing for Line {
    fn worth_max(&self, duals: &[f64], counts: &[u64]) -> f64 {
        let capacity = self.capacities.iter().max().copied().unwrap_or(0);
        let (mut densest, mut free) = (0.0f64, 0.0);
        for ((dual, size), count) in duals.iter().zip(&self.sizes).zip(counts) {
            if *size == 0 {
                free += dual.max(0.0) * float(*count);
            } else if *size <= capacity && *count > 0 {
                densest = densest.max(dual * float(capacity) / float(*size));
            }
        }
        densest + free
    }

    fn price(
        &mut self,
        bin: usize,
        prices: &[u32],
        limits: &[u64],
        enough: u64,
        pattern: &mut Content,
        search: &mut Search<'_>,
    ) -> Result<Worth, Stopped> {
        self.offers.clear();
        let mut free: Vec<(u32, u32)> = Vec::new();
        let mut worth_free = 0;
        let allowed = &self.allowed[bin * self.sizes.len()..];
        for (kind, (((size, price), limit), is_allowed)) in
            (0u32..).zip(self.sizes.iter().zip(prices).zip(limits).zip(allowed))
        {
            let limit = u32::try_from(*limit).unwrap_or(u32::MAX);
            if !*is_allowed || *price == 0 || limit == 0 {
                continue;
            }
            if *size == 0 {
                free.push((kind, limit));
                worth_free += u64::from(*price) * u64::from(limit);
            } else {
                self.offers.push(Offer { kind, limit, size: *size, worth: *price });
            }
        }
        let enough = enough.saturating_sub(worth_free);
        let Worth { found, bound } =
            self.knapsack.solve(self.capacities[bin], &self.offers, enough, pattern, search)?;
        pattern.extend(free);
        Ok(Worth { found: found + worth_free, bound: bound + worth_free })
    }
}

//! How large an item is where it has several dimensions: the measures that greedy orders and scores are made of.
//!
//! Amounts are taken as shares of the largest capacity in their dimension, so that millicores and mebibytes can be added. These
//! are floating-point numbers: they order a search and claim nothing. Only additions, products and quotients are used, which
//! give the same result on every platform.

use alloc::vec;
use alloc::vec::Vec;

use super::problem::Problem;

/// A measure of an item's demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// The largest share.
    Largest,
    /// The sum of the shares.
    Sum,
    /// The sum of the shares, each weighted with how scarce its dimension is: the demand of all items for it.
    Weighted,
    /// The product of the shares.
    Product,
}

/// Demand and capacity as shares.
#[derive(Debug, Clone)]
pub(super) struct Shares {
    /// Of kinds. `[kinds × dimensions]`
    demand: Vec<f64>,
    /// Of types. `[types × dimensions]`
    capacity: Vec<f64>,
    /// Dimensions.
    width: usize,
}

impl Shares {
    /// The shares of a problem.
    pub(super) fn new(problem: &Problem) -> Self {
        let width = problem.width();
        let most = problem.largest_capacity();
        let share = |amounts: &[u64]| {
            let parts = amounts.chunks_exact(width).flat_map(|row| row.iter().zip(&most));
            parts.map(|(&amount, &most)| amount as f64 / most as f64).collect()
        };
        Self { demand: share(problem.demands()), capacity: share(&problem.types.capacity), width }
    }

    /// Shares of one item of a kind. `[dimensions]`
    pub(super) fn demand(&self, kind: u32) -> &[f64] {
        &self.demand[kind as usize * self.width..][..self.width]
    }

    /// Shares of a fresh bin of a type. `[dimensions]`
    pub(super) fn capacity(&self, bin_type: u32) -> &[f64] {
        &self.capacity[bin_type as usize * self.width..][..self.width]
    }

    /// The demand of so many items of each kind, in shares, as an average over the items. `[dimensions]`
    pub(super) fn average(&self, counts: &[u64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.width];
        let mut items = 0.0;
        for (demand, &count) in self.demand.chunks_exact(self.width).zip(counts) {
            if count > 0 {
                let count = count as f64;
                items += count;
                sums.iter_mut().zip(demand).for_each(|(sum, share)| *sum += share * count);
            }
        }
        if items > 0.0 {
            sums.iter_mut().for_each(|sum| *sum /= items);
        }
        sums
    }

    /// Kinds, the largest first by a measure; equal ones in their own order.
    pub(super) fn decreasing(&self, measure: Measure, weights: &[f64]) -> Vec<u32> {
        let sizes = self.demand.chunks_exact(self.width).map(|demand| match measure {
            Measure::Largest => demand.iter().fold(0.0, |most: f64, &share| most.max(share)),
            Measure::Sum => demand.iter().sum(),
            Measure::Weighted => dot(demand, weights),
            Measure::Product => demand.iter().product(),
        });
        let mut order: Vec<(f64, u32)> = sizes.zip(0..).collect();
        order.sort_by(|(one, at), (other, beside)| other.total_cmp(one).then(at.cmp(beside)));
        order.into_iter().map(|(_, kind)| kind).collect()
    }
}

/// The sum of products.
pub(super) fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

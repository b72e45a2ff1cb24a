//! What items are worth: guides for buying, no claims.

use alloc::vec;
use alloc::vec::Vec;

use super::types::Market;
use crate::pack::packing::Pattern;
use crate::pack::problem::Problem;

/// Rounds of buying and learning before parts are renewed.
pub(super) const ROUNDS: usize = 4;
/// Rounds of the fractional mix.
const MIXES: usize = 400;
/// How much a round of it lowers the price of what was bought.
const PACE: f64 = 0.05;
/// Least share of the first price that a price may fall to.
const FLOOR: f64 = 0.02;

/// Prices.
#[derive(Debug, Clone)]
pub(super) struct Prices {
    /// Of a unit of each lane. `[lanes]`
    pub(super) unit: Vec<f64>,
    /// Of an item. `[kinds]`
    pub(super) kind: Vec<f64>,
}

impl Prices {
    /// Prices of amounts, from the cheapest mix of bins that has enough of every dimension: the covering programme solved by
    /// multiplicative weights (Plotkin, Shmoys, Tardos, 1995), in sums and products only, so the same on every platform.
    pub(super) fn of(problem: &Problem, market: &Market) -> Self {
        let width = market.lanes();
        let total: Vec<f64> = market.total(problem).iter().map(|&sum| sum as f64).collect();
        let mut weight: Vec<f64> = total.iter().map(|&sum| if sum > 0.0 { 1.0 } else { 0.0 }).collect();
        // Weights are of shares of the total demand.
        let worth = |weight: &[f64], bin_type: u32| -> f64 {
            let has = market.useful(bin_type).iter().zip(&total).zip(weight);
            has.map(|((&has, total), weight)| if *total > 0.0 { has as f64 / total * weight } else { 0.0 }).sum()
        };
        let mut sums = vec![0.0; width];
        for _ in 0..MIXES {
            let best = market.priced.iter().copied().map(|bin_type| {
                let cost = problem.cost(bin_type).max(1) as f64;
                (worth(&weight, bin_type) / cost, bin_type)
            });
            let best = best.fold(None, |best: Option<(f64, u32)>, next| match best {
                Some(best) if best.0 >= next.0 => Some(best),
                _ => Some(next),
            });
            let Some((_, bin_type)) = best else { break };
            let shares: Vec<f64> = market
                .useful(bin_type)
                .iter()
                .zip(&total)
                .map(|(&has, &total)| if total > 0.0 { has as f64 / total } else { 0.0 })
                .collect();
            let most = shares.iter().fold(0.0, |most: f64, &share| most.max(share));
            if most <= 0.0 {
                break;
            }
            let mut sum = 0.0;
            for (weight, share) in weight.iter_mut().zip(&shares) {
                *weight *= 1.0 - PACE * share / most;
                sum += *weight;
            }
            for (weight, sums) in weight.iter_mut().zip(&mut sums) {
                *weight /= sum;
                *sums += *weight;
            }
        }
        let unit: Vec<f64> =
            sums.iter().zip(&total).map(|(&sum, &total)| if total > 0.0 { sum / total } else { 0.0 }).collect();
        let kind = market.demands().chunks_exact(width).map(|demand| amount(demand, &unit)).collect();
        Self { unit, kind }
    }

    /// Moves the price of each kind halfway to what its items cost in these bins.
    pub(super) fn learn(&mut self, problem: &Problem, market: &Market, patterns: &[Pattern]) {
        let mut paid = vec![0.0; self.kind.len()];
        let mut number = vec![0.0; self.kind.len()];
        let (mut cost_all, mut worth_all) = (0.0, 0.0);
        for pattern in patterns {
            let worth: f64 = pattern.content.iter().map(|&(kind, n)| self.kind[kind as usize] * n as f64).sum();
            let (cost, count) = (problem.cost(pattern.bin_type) as f64, pattern.count as f64);
            if worth <= 0.0 || cost <= 0.0 {
                continue;
            }
            cost_all += cost * count;
            worth_all += worth * count;
            for &(kind, n) in &pattern.content {
                paid[kind as usize] += cost / worth * self.kind[kind as usize] * n as f64 * count;
                number[kind as usize] += n as f64 * count;
            }
        }
        if worth_all <= 0.0 {
            return;
        }
        let rate = worth_all / cost_all;
        for (kind, (price, demand)) in
            self.kind.iter_mut().zip(market.demands().chunks_exact(market.lanes())).enumerate()
        {
            if number[kind] > 0.0 {
                let floor = FLOOR * amount(demand, &self.unit);
                *price = (0.5 * *price + 0.5 * paid[kind] / number[kind] * rate).max(floor);
            }
        }
    }
}

/// What an amount is worth.
pub(super) fn amount(demand: &[u64], unit: &[f64]) -> f64 {
    demand.iter().zip(unit).map(|(&wanted, unit)| wanted as f64 * unit).sum()
}

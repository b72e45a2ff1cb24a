//! The cheapest mix of bins in fractions: a bound over all dimensions at once.
//!
//! Prices `y` of a unit of each dimension such that no type has more worth than it costs bound the cost of every packing: what
//! all items are worth at them is paid at least (weak duality). The best such prices solve a linear programme with a variable
//! for each dimension, here by the simplex method on a dictionary (Chvátal, "Linear Programming", 1983, chapter 3), from
//! `y = 0`. Its numbers are floating-point and only guide: the prices are rounded to integers, and scaled so that they hold for
//! every type exactly (Farley, Operations Research 38(5), 1990).

use alloc::vec;
use alloc::vec::Vec;

use super::cover::Grain;
use super::types::Market;
use crate::pack::problem::Problem;

/// Scale of integer prices: the worth of the whole demand in one dimension at most.
const SCALE: f64 = (1_u64 << 40) as f64;
/// What counts as nothing in a dictionary whose numbers are around one.
const NOTHING: f64 = 1e-12;
/// Pivots for each row and variable together.
const PIVOTS: usize = 8;

/// A lower bound on the cost of all items, in millionths; 0 where the method has nothing to say. Amounts count in whole units
/// of a grain. Types that are limited take part as if they were not, at their cost, except those that cost nothing: what they
/// have is taken from the demand.
pub(super) fn mix(problem: &Problem, market: &Market, grain: &Grain) -> u128 {
    let total = &grain.total;
    if market.priced.iter().any(|&bin_type| problem.cost(bin_type) == 0) {
        return 0;
    }
    let wanted: Vec<usize> = (0..market.lanes()).filter(|&dimension| total[dimension] > 0).collect();
    let rows: Vec<(Vec<f64>, f64)> = market
        .priced
        .iter()
        .map(|&bin_type| {
            let has = market.useful(bin_type);
            let share = |&lane: &usize| grain.of(lane, has[lane]) as f64 / total[lane] as f64;
            (wanted.iter().map(share).collect(), problem.cost(bin_type) as f64)
        })
        .collect();
    let unit = rows.iter().map(|(_, cost)| *cost).fold(0.0, f64::max);
    if unit <= 0.0 || wanted.is_empty() {
        return 0;
    }
    let rows: Vec<(Vec<f64>, f64)> = rows.into_iter().map(|(shares, cost)| (shares, cost / unit)).collect();
    let prices = dearest(&rows, wanted.len());
    let most = prices.iter().copied().fold(0.0, f64::max);
    if most <= 0.0 {
        return 0;
    }
    // Prices of the whole demand as integers; of a unit, that over the demand: kept as a fraction, so nothing is lost.
    let prices: Vec<u128> = prices.iter().map(|price| whole(price / most * SCALE)).collect();
    certain(problem, market, grain, &wanted, &prices)
}

/// The bound that integer prices of the whole demand give, whatever they are.
fn certain(problem: &Problem, market: &Market, grain: &Grain, wanted: &[usize], prices: &[u128]) -> u128 {
    let total = &grain.total;
    // The worth of a unit of dimension d is prices[d] / total[d]. With units of 2^-40 it is rounded down, for demand, and up,
    // for capacity, so that the quotient of the two can only be too low.
    const FINE: u32 = 40;
    let unit = |at: usize| {
        let (price, total) = (prices[at], total[wanted[at]]);
        // OK: prices are at most 2^40, so the product is below 2^80.
        ((price << FINE) / total, (price << FINE).div_ceil(total))
    };
    let units: Vec<(u128, u128)> = (0..wanted.len()).map(unit).collect();
    let mut worth = 0_u128;
    for (at, &dimension) in wanted.iter().enumerate() {
        worth = worth.saturating_add(units[at].0.saturating_mul(total[dimension]));
    }
    let mut least: Option<(u128, u128)> = None;
    for &bin_type in &market.priced {
        let has = market.useful(bin_type);
        let mut most = 0_u128;
        for (at, &dimension) in wanted.iter().enumerate() {
            let Some(part) = units[at].1.checked_mul(u128::from(grain.of(dimension, has[dimension]))) else { return 0 };
            most = most.saturating_add(part);
        }
        if most == 0 {
            continue;
        }
        let cost = u128::from(problem.cost(bin_type));
        let is_less = match least {
            None => true,
            Some((least_cost, least_worth)) => match (cost.checked_mul(least_worth), least_cost.checked_mul(most)) {
                (Some(one), Some(other)) => one < other,
                _ => return 0,
            },
        };
        if is_less {
            least = Some((cost, most));
        }
    }
    match least {
        // OK: a quotient rounded down and the rest times the cost over the worth, in parts that do not overflow.
        Some((cost, most)) => {
            let (full, rest) = (worth / most, worth % most);
            let part = rest.checked_mul(cost).map_or(0, |product| product.div_ceil(most));
            full.saturating_mul(cost).saturating_add(part)
        }
        None => 0,
    }
}

/// A float as an integer, rounded down.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range first")]
fn whole(value: f64) -> u128 {
    value.clamp(0.0, SCALE) as u128
}

/// Variables that are not negative, add up to the most, and of which each row has no more than its limit; limits are not
/// negative.
pub(super) fn dearest(rows: &[(Vec<f64>, f64)], variables: usize) -> Vec<f64> {
    // Dictionary: basic = constant - sum of coefficients × non-basic. Slacks are basic at first.
    let mut constants: Vec<f64> = rows.iter().map(|(_, limit)| *limit).collect();
    let mut table: Vec<Vec<f64>> = rows.iter().map(|(shares, _)| shares.clone()).collect();
    let mut gain = vec![1.0; variables];
    let mut basic: Vec<Option<usize>> = vec![None; rows.len()];
    let mut column: Vec<Option<usize>> = (0..variables).map(Some).collect();
    for _ in 0..PIVOTS * (rows.len() + variables) {
        let entering = gain.iter().enumerate().filter(|(_, gain)| **gain > NOTHING);
        let Some((entering, _)) = entering.max_by(|(_, one), (_, other)| one.total_cmp(other)) else { break };
        let ratios = (0..rows.len()).filter(|&row| table[row][entering] > NOTHING);
        let leaving = ratios.min_by(|&one, &other| {
            (constants[one] / table[one][entering]).total_cmp(&(constants[other] / table[other][entering]))
        });
        let Some(leaving) = leaving else { break };
        let pivot = table[leaving][entering];
        let mut row = core::mem::take(&mut table[leaving]);
        row.iter_mut().for_each(|value| *value /= pivot);
        row[entering] = 1.0 / pivot;
        let constant = constants[leaving] / pivot;
        for (other, constant_of) in table.iter_mut().zip(&mut constants) {
            if other.is_empty() {
                continue;
            }
            let factor = other[entering];
            if factor == 0.0 {
                continue;
            }
            *constant_of -= factor * constant;
            for (at, (value, by)) in other.iter_mut().zip(&row).enumerate() {
                *value = if at == entering { -factor * by } else { *value - factor * by };
            }
        }
        let factor = gain[entering];
        for (at, (value, by)) in gain.iter_mut().zip(&row).enumerate() {
            *value = if at == entering { -factor * by } else { *value - factor * by };
        }
        table[leaving] = row;
        constants[leaving] = constant;
        core::mem::swap(&mut basic[leaving], &mut column[entering]);
    }
    let mut values = vec![0.0; variables];
    for (name, constant) in basic.iter().zip(&constants) {
        if let Some(variable) = name {
            values[*variable] = constant.max(0.0);
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dearest_prices_of_two_types() {
        // Two types: (1, 0.5) at 1 and (0.5, 1) at 1. At best both are tight: 2/3 each.
        let rows = [(vec![1.0, 0.5], 1.0), (vec![0.5, 1.0], 1.0)];
        let prices = dearest(&rows, 2);
        assert!(prices.iter().all(|price| (price - 2.0 / 3.0).abs() < 1e-9), "{prices:?}");
    }
}

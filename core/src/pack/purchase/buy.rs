//! Bins for so many items: the one worth most for its cost first, until nothing waits.

use alloc::vec;
use alloc::vec::Vec;

use super::fill::{Filler, Lot};
use super::prices::Prices;
use super::types::Market;
use crate::pack::packing::Pattern;
use crate::pack::problem::Problem;
use crate::pack::search::Search;

/// Numbers of lots, and how many of each.
type Content = Vec<(usize, u64)>;

/// A filling of one bin.
struct Offer {
    /// Worth for its cost.
    rate: f64,
    /// Type.
    bin_type: u32,
    /// Content by lots.
    content: Content,
}

/// Buys bins for all items, unless the search is over before: then what was bought is a part.
pub(super) fn all(
    problem: &Problem,
    market: &Market,
    prices: &Prices,
    is_first: bool,
    search: &mut Search<'_>,
) -> Vec<Pattern> {
    let lots = (0_u32..).take(problem.kinds());
    let mut lots: Vec<Lot> =
        lots.map(|kind| Lot { kind, left: problem.count(kind), price: prices.kind[kind as usize] }).collect();
    let mut used = vec![0; problem.types()];
    let mut filler = Filler::default();
    let free = market.free.clone();
    // The first pass of a solver that was named is made whatever the budget, unless somebody stops it.
    let mut goes_on = |steps: u64| search.step(steps) || is_first && !search.is_stopped() && !search.is_optimal();
    let bought = some(problem, market, &market.priced, &free, &mut lots, &mut used, &mut filler, &mut goes_on);
    search.step(filler.steps);
    bought
}

/// Buys bins for lots, of these types: those that cost nothing first. What is left in the lots could not be packed, or `goes_on`,
/// which is told of the steps of each bin, ended it.
#[expect(clippy::too_many_arguments, reason = "what is bought from whom, into whose memory")]
pub(super) fn some(
    problem: &Problem,
    market: &Market,
    priced: &[u32],
    free: &[u32],
    lots: &mut Vec<Lot>,
    used: &mut [u64],
    filler: &mut Filler,
    goes_on: &mut dyn FnMut(u64) -> bool,
) -> Vec<Pattern> {
    let is_plain = problem.is_plain();
    let mut patterns = Vec::new();
    for &bin_type in free {
        while used[bin_type as usize] < problem.types.limit[bin_type as usize] {
            filler.run(problem, market, is_plain, bin_type, lots);
            if filler.content.is_empty() {
                break;
            }
            let content = filler.content.clone();
            patterns.push(take(problem, bin_type, &content, lots, used));
            if !goes_on(core::mem::take(&mut filler.steps)) {
                return patterns;
            }
        }
    }
    lots.retain(|lot| lot.left > 0);
    while !lots.is_empty() {
        let all: f64 = lots.iter().map(|lot| lot.price * lot.left as f64).sum();
        let items: u64 = lots.iter().map(|lot| lot.left).sum();
        let mut best: Option<Offer> = None;
        // One bin for all that is left: its cost, type and content.
        let mut last: Option<(u64, u32, Content)> = None;
        for &bin_type in priced {
            if used[bin_type as usize] >= problem.types.limit[bin_type as usize] {
                continue;
            }
            let cost = problem.cost(bin_type);
            if last.as_ref().is_some_and(|&(least, ..)| cost >= least) {
                // Types are in the order of their costs: nothing dearer is worth more than a bin that holds everything.
                break;
            }
            let worth = filler.run(problem, market, is_plain, bin_type, lots);
            if filler.content.is_empty() {
                continue;
            }
            if filler.content.iter().map(|&(_, number)| number).sum::<u64>() == items {
                last = Some((cost, bin_type, filler.content.clone()));
            }
            let rate = worth / cost.max(1) as f64;
            if best.as_ref().is_none_or(|best| rate > best.rate) {
                best = Some(Offer { rate, bin_type, content: filler.content.clone() });
            }
        }
        let Some(best) = best else { break };
        let chosen = match last {
            // One bin for all that is left, unless the best and the rest at its rate are cheaper.
            Some((cost, bin_type, content)) if best.rate <= 0.0 || cost as f64 * best.rate <= all * 1.05 => {
                (bin_type, content)
            }
            _ => (best.bin_type, best.content),
        };
        patterns.push(take(problem, chosen.0, &chosen.1, lots, used));
        lots.retain(|lot| lot.left > 0);
        if !goes_on(core::mem::take(&mut filler.steps)) {
            break;
        }
    }
    patterns
}

/// Takes the content of as many equal bins as there are items for.
fn take(problem: &Problem, bin_type: u32, content: &[(usize, u64)], lots: &mut [Lot], used: &mut [u64]) -> Pattern {
    let room = problem.types.limit[bin_type as usize] - used[bin_type as usize];
    let count = content.iter().map(|&(at, number)| lots[at].left / number).min().unwrap_or(1).min(room);
    used[bin_type as usize] += count;
    let content = content.iter().map(|&(at, number)| {
        lots[at].left -= number * count;
        (lots[at].kind, number)
    });
    Pattern { bin_type, count, content: content.collect() }
}

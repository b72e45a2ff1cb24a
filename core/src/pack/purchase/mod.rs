//! Buying: bins of types that differ in size and cost, chosen for what they hold at the price.
//!
//! Every kind has a price, first that of its amounts in the cheapest mix that has them all, later what its items were seen to
//! cost. The bin bought next is the one whose filling is worth most at these prices for its cost, and as many of it as there
//! are items for. Then parts of the packing are given back and bought anew at prices disturbed a little, as long as the budget
//! lasts: two bins become one, one becomes two, and types are exchanged, whatever is cheaper.
//!
//! - [`types`]: which types are worth a look at all;
//! - [`prices`]: what kinds are worth;
//! - [`fill`]: one bin filled at these prices;
//! - [`relax`]: a bound from the cheapest mix in fractions;
//! - [`cover`]: a bound from the cheapest mix in whole bins;
//! - [`apart`]: the same where a few kinds differ from all others;
//! - [`buy`]: bins for so many items;
//! - [`renew`]: parts given back and bought anew.
//!
//! Sources: the greedy is that of set covering by price (Chvátal, "A greedy heuristic for the set-covering problem", Mathematics
//! of Operations Research 4(3), 1979) over fillings made when they are needed; the exchange of parts is ruin and recreate
//! (Schrimpf, Schneider, Stamm-Wilbrandt, Dueck, "Record breaking optimization results using the ruin and recreate principle",
//! Journal of Computational Physics 159, 2000).

mod apart;
mod buy;
mod cover;
mod fill;
mod prices;
mod relax;
mod renew;
mod types;

use super::problem::Problem;
use super::search::Search;

/// Buying takes one in so many of the steps left where other solvers come after it.
const SHARE: u64 = 8;

/// Name of the solver.
pub(super) const NAME: &str = "purchase";

/// Raises the bound by those of the cheapest mix, in fractions and in whole bins.
pub(super) fn bound(problem: &Problem, search: &mut Search<'_>) {
    if problem.kinds() > 0 {
        let market = types::Market::new(problem, search);
        let grains = cover::grains(problem, &market);
        for grain in &grains {
            search.raise(relax::mix(problem, &market, grain), "mix");
        }
        let cover = cover::cover(problem, &market, &grains, search);
        search.raise(cover, "cover");
    }
}

/// Buys bins, offers them, and buys parts anew until its share of the steps is used, or all of them.
pub(super) fn run(problem: &Problem, seed: u64, is_last: bool, search: &mut Search<'_>) {
    if problem.kinds() == 0 {
        return;
    }
    search.enter(NAME);
    let steps = if is_last { search.steps_left() } else { search.steps_left() / SHARE };
    let until = search.steps().saturating_add(steps);
    let market = types::Market::new(problem, search);
    let mut prices = prices::Prices::of(problem, &market);
    let mut best = None;
    for round in 0..prices::ROUNDS {
        let bought = buy::all(problem, &market, &prices, is_last && round == 0, search);
        if search.is_stopped() {
            return;
        }
        prices.learn(problem, &market, &bought);
        let packing = super::packing::Packing { patterns: bought };
        if super::verify::verify(problem, &packing).is_ok() {
            search.offer(problem, packing.clone());
        }
        let rank = (packing.missing(problem), packing.cost(problem));
        if best.as_ref().is_none_or(|(least, _)| rank < *least) {
            best = Some((rank, packing));
        }
        if search.is_over() {
            return;
        }
    }
    let start = search.best().cloned().or(best.map(|(_, packing)| packing));
    if let Some(start) = start {
        renew::run(problem, &market, &prices, start, seed, until, search);
    }
}

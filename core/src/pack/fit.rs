//! Bin-centric passes: one bin at a time, filled with what suits what is left of it.

use alloc::vec;
use alloc::vec::Vec;

use super::greedy::{is_given_up, types_by_worth};
use super::open::{copies, fits, worth};
use super::packing::{Packing, Pattern};
use super::problem::Problem;
use super::room::Occupancy;
use super::search::Search;
use super::size::{Shares, dot};

/// Types that are tried for one bin.
const TYPES_TRIED: usize = 12;
/// Part of the room for a kind that is filled before the next kind is chosen anew.
const PART: u64 = 16;

/// Kinds that one bin chooses from where there are more than [`KINDS_MAX`].
const SAMPLE: usize = 512;
/// Kinds all of which are looked at for each bin.
const KINDS_MAX: usize = 2048;

/// What suits a bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// The item whose demand points most to where much is left: the largest dot product.
    Dot,
    /// The item whose demand is nearest to what is left.
    Distance,
}

/// One pass.
#[derive(Debug)]
struct Pass<'p> {
    /// The problem.
    problem: &'p Problem,
    /// As shares.
    shares: &'p Shares,
    /// Which item suits.
    fit: Fit,
    /// Weights of the dimensions. `[dimensions]`
    weights: Vec<f64>,
    /// Items left of each kind. `[kinds]`
    left: Vec<u64>,
    /// Kinds with items left; ascending unless they are sampled.
    kinds: Vec<u32>,
    /// Place of each kind in that list. `[kinds]`
    places: Vec<u32>,
    /// Whether there were too many kinds to look at all of them for each bin.
    is_sampled: bool,
    /// Where the next sample begins.
    turn: usize,
    /// Kinds of the hardest-first order that are used up, at its beginning.
    used_up: usize,
    /// Whether amounts and allowed types are all that counts.
    is_plain: bool,
    /// Bins of each type so far. `[types]`
    used: Vec<u64>,
    /// Items judged.
    steps: u64,
}

/// Fills bins one by one. With `is_dynamic` the weights follow what is left.
pub(super) fn by_bin(
    problem: &Problem,
    shares: &Shares,
    weights: &[f64],
    fit: Fit,
    is_dynamic: bool,
    search: &mut Search<'_>,
) -> Packing {
    let mut pass = Pass {
        problem,
        shares,
        fit,
        weights: weights.to_vec(),
        left: problem.kinds.count.clone(),
        kinds: (0..).zip(&problem.kinds.count).map(|(kind, _)| kind).collect(),
        places: (0..).zip(&problem.kinds.count).map(|(kind, _)| kind).collect(),
        is_sampled: problem.kinds() > KINDS_MAX,
        turn: 0,
        used_up: 0,
        is_plain: problem.is_plain(),
        used: vec![0; problem.types()],
        steps: 0,
    };
    let mut weighed_at = pass.kinds.len();
    let by_worth = types_by_worth(problem, shares, weights);
    let order = hardest_first(problem, shares, weights);
    let mut patterns = Vec::new();
    while let Some(pattern) = pass.next_bins(&by_worth, &order) {
        pass.used[pattern.bin_type as usize] += pattern.count;
        for &(kind, number) in &pattern.content {
            pass.left[kind as usize] -= number * pattern.count;
        }
        pass.drop_used_up(&pattern.content);
        // Weights are worked out anew for each bin, or every hundredth of the way where that would take too long.
        if is_dynamic && (!pass.is_sampled || pass.kinds.len() <= weighed_at - weighed_at / 100) {
            weighed_at = pass.kinds.len();
            pass.weights = shares.average(&pass.left);
        }
        patterns.push(pattern);
        search.step(core::mem::take(&mut pass.steps) + 1);
        if is_given_up(search) {
            break;
        }
    }
    Packing { patterns }
}

/// Kinds, those with the fewest types first, then the largest. Empty where there is one type, and nothing to be choosy about.
fn hardest_first(problem: &Problem, shares: &Shares, weights: &[f64]) -> Vec<u32> {
    if problem.types() <= 1 {
        return Vec::new();
    }
    let mut order: Vec<(u32, f64, u32)> = (0..)
        .zip(&problem.kinds.rules)
        .map(|(kind, &rules)| {
            let types = problem.rules[rules as usize].allowed.iter().map(|word| word.count_ones()).sum();
            (types, dot(shares.demand(kind), weights), kind)
        })
        .collect();
    order.sort_by(|(types, size, at), (other_types, other_size, beside)| {
        types.cmp(other_types).then(other_size.total_cmp(size)).then(at.cmp(beside))
    });
    order.into_iter().map(|(_, _, kind)| kind).collect()
}

impl Pass<'_> {
    /// Takes kinds of which nothing is left off the list.
    fn drop_used_up(&mut self, content: &[(u32, u64)]) {
        if !self.is_sampled {
            self.kinds.retain(|&kind| self.left[kind as usize] > 0);
            return;
        }
        for &(kind, _) in content.iter().filter(|&&(kind, _)| self.left[kind as usize] == 0) {
            let place = self.places[kind as usize];
            self.kinds.swap_remove(place as usize);
            if let Some(&moved) = self.kinds.get(place as usize) {
                self.places[moved as usize] = place;
            }
        }
    }

    /// The kinds to choose from for one bin: all, or every so many of the list.
    fn sample(&mut self) -> Vec<u32> {
        if !self.is_sampled || self.kinds.len() <= SAMPLE {
            return self.kinds.clone();
        }
        let stride = self.kinds.len() / SAMPLE;
        self.turn = (self.turn + 1) % stride;
        self.kinds.iter().copied().skip(self.turn).step_by(stride).collect()
    }

    /// The next bins to open, all with the same content; `None` where nothing is left that can be packed.
    fn next_bins(&mut self, by_worth: &[u32], order: &[u32]) -> Option<Pattern> {
        let problem = self.problem;
        let open = |used: &[u64], bin_type: u32| used[bin_type as usize] < problem.types.limit[bin_type as usize];
        if order.is_empty() {
            let bin_type = by_worth.iter().copied().find(|&bin_type| open(&self.used, bin_type))?;
            return self.bins_of(bin_type, None);
        }
        while order.get(self.used_up).is_some_and(|&kind| self.left[kind as usize] == 0) {
            self.used_up += 1;
        }
        for &seed in &order[self.used_up..] {
            if self.left[seed as usize] == 0 {
                continue;
            }
            let types = by_worth.iter().copied();
            let types = types.filter(|&bin_type| open(&self.used, bin_type) && problem.is_allowed(seed, bin_type));
            let types: Vec<u32> = types.take(TYPES_TRIED).collect();
            let mut best: Option<(f64, Pattern)> = None;
            for bin_type in types {
                let Some(pattern) = self.bins_of(bin_type, Some(seed)) else { continue };
                let cost = problem.cost(bin_type);
                let value = worth(self.shares, &self.weights, &pattern.content);
                let value = if cost == 0 { f64::INFINITY } else { value / cost as f64 };
                if best.as_ref().is_none_or(|(most, _)| value > *most) {
                    best = Some((value, pattern));
                }
            }
            if let Some((_, pattern)) = best {
                return Some(pattern);
            }
        }
        None
    }

    /// A bin of a type, filled, as often as there are items and bins for it.
    fn bins_of(&mut self, bin_type: u32, seed: Option<u32>) -> Option<Pattern> {
        let content = self.fill(bin_type, seed);
        let times = content.iter().map(|&(kind, number)| self.left[kind as usize] / number).min()?;
        let limit = self.problem.types.limit[bin_type as usize] - self.used[bin_type as usize];
        Some(Pattern { bin_type, count: times.min(limit), content })
    }

    /// Fills one bin.
    fn fill(&mut self, bin_type: u32, mut seed: Option<u32>) -> Vec<(u32, u64)> {
        let problem = self.problem;
        let mut free = problem.capacity(bin_type).to_vec();
        let mut free_shares = self.shares.capacity(bin_type).to_vec();
        let mut rest = (!self.is_plain).then(|| Occupancy::fresh(problem, bin_type));
        let mut content: Vec<(u32, u64)> = Vec::new();
        // Kinds that may still fit; none comes back, as a bin only gets fuller.
        let mut candidates = self.sample();
        candidates.extend(seed.filter(|seed| !candidates.contains(seed)));
        candidates.retain(|&kind| problem.is_allowed(kind, bin_type));
        loop {
            let taken = |kind: u32| content.iter().find(|&&(of, _)| of == kind).map_or(0, |&(_, number)| number);
            self.steps += candidates.len() as u64;
            candidates.retain(|&kind| {
                fits(problem.demand(kind), &free)
                    && rest.as_ref().is_none_or(|rest| rest.room(problem, bin_type, kind) > 0)
                    && taken(kind) < self.left[kind as usize]
            });
            let chosen =
                seed.take().filter(|seed| candidates.contains(seed)).or_else(|| self.choose(&candidates, &free_shares));
            let Some(kind) = chosen else { return content };
            let demand = problem.demand(kind);
            let mut room = copies(demand, &free).min(self.left[kind as usize] - taken(kind));
            if let Some(rest) = &rest {
                room = room.min(rest.room(problem, bin_type, kind));
            }
            let number = (room / PART).max(1);
            for ((free, share), (&wanted, wanted_share)) in
                free.iter_mut().zip(&mut free_shares).zip(demand.iter().zip(self.shares.demand(kind)))
            {
                *free -= wanted * number;
                *share -= wanted_share * number as f64;
            }
            if let Some(rest) = &mut rest {
                rest.add(problem, kind, number);
            }
            match content.iter_mut().find(|(of, _)| *of == kind) {
                Some((_, known)) => *known += number,
                None => content.push((kind, number)),
            }
        }
    }

    /// The candidate that suits best; of equal ones the first.
    fn choose(&self, candidates: &[u32], free: &[f64]) -> Option<u32> {
        let mut best: Option<(f64, u32)> = None;
        for &kind in candidates {
            let parts = self.shares.demand(kind).iter().zip(free).zip(&self.weights);
            let score: f64 = match self.fit {
                Fit::Dot => parts.map(|((share, free), weight)| share * free * weight).sum(),
                Fit::Distance => {
                    -parts.map(|((share, free), weight)| weight * (free - share) * (free - share)).sum::<f64>()
                }
            };
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, kind));
            }
        }
        best.map(|(_, kind)| kind)
    }
}

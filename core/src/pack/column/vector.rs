//! Pricing with several dimensions and rules: the pattern worth most, by branch and bound.
//!
//! Kinds stand in order of worth for size, where the size is a weighted share of the capacity over all dimensions. The weights are
//! those under which a filling that may cut kinds is worth least, nearly: that makes the surrogate bound nearly as sharp as the linear
//! relaxation, and since they are rounded before they are used, it holds whatever they are. The search goes depth first and
//! takes as many copies as there is room for first. A node is left when no dimension, and not their weighted sum either, leaves
//! room for more than the best pattern has (Martello & Toth, "Knapsack Problems", 1990, §3.5; Glover, "Surrogate constraints",
//! Operations Research 16(4), 1968; weights by multiplicative updates, as Plotkin, Shmoys & Tardos 1995 pack). Classes of a bin are kept to exactly. GPUs that kinds share are filled greedily, so a pattern may be missed;
//! the bound then is the one of the node where that could have happened. So it is when the search is cut off.
//!
//! The same patterns serve one dimension, but [`knapsack`](super::knapsack) knows more of it.

use alloc::vec::Vec;

use smallvec::SmallVec;

use super::generate::{Pricing, float};
use super::knapsack::Worth;
use super::{Content, Stopped, spend};
use crate::demand::GpuDemand;
use crate::limits::DEVICE_WHOLE;
use crate::pack::problem::Problem;
use crate::pack::room::Occupancy;
use crate::pack::search::Search;

/// Nodes of one search.
const NODES_MAX: u32 = 2_000;
/// The same for the last word on a bound.
const NODES_SHARP: u32 = 1 << 14;
/// Most GPU shares of a bin that are dealt out anew; it goes as deep as there are shares.
const SHARES_MAX: usize = 64;
/// Units of the weighted share for a unit of weight.
const SHARE: u64 = 1 << 20;
/// Units of the weight of a dimension.
const WEIGHT: f64 = 65_536.0;
/// Rounds in which weights are sought.
const WEIGHTINGS: u32 = 4;

/// Pricing of any problem.
#[derive(Debug)]
pub(super) struct Vectors<'p> {
    problem: &'p Problem,
    /// Whether only amounts count.
    is_plain: bool,
    /// Whether kinds share GPUs.
    has_shares: bool,
    /// Kinds on offer, best first.
    offers: Vec<Offer>,
    /// What the offers from each place on could be worth, by dimension. `[offers + 1 × dimensions]`
    ahead: Vec<Ahead>,
    /// Weighted share and worth of all copies of the offers before each place. `[offers + 1]`
    sums: Vec<(u64, u64)>,
    /// Weights of the dimensions that a type had last. `[types]`
    weights: Vec<SmallVec<[f64; 16]>>,
    /// Nodes of one search.
    nodes_max: u32,
    /// Weighted share of a whole bin.
    whole: u64,
    /// What is left of each dimension and of the weighted share. `[dimensions + 1]`
    left: Vec<u64>,
}

/// A kind on offer.
#[derive(Clone, Copy, Debug)]
struct Offer {
    kind: u32,
    worth: u32,
    /// Copies that are left and fit an empty bin.
    limit: u64,
    /// Weighted share of the capacity, rounded down.
    share: u64,
}

/// What a unit of one dimension is worth at most.
#[derive(Clone, Copy, Debug)]
struct Ahead {
    /// Worth and size of the densest offer.
    densest: (u64, u64),
    /// Worth of all offers that need none of it.
    free: u64,
}

/// A choice on the way down.
#[derive(Debug)]
struct Step {
    /// Place of the offer.
    at: usize,
    /// Copies taken.
    copies: u64,
    /// No pattern with what was chosen above is worth more.
    bound: u64,
    /// Classes and GPUs before the choice.
    before: Option<Occupancy>,
}

impl<'p> Vectors<'p> {
    /// Pricing of a problem.
    pub(super) fn of(problem: &'p Problem) -> Self {
        let mut kinds = (0u32..).take(problem.kinds());
        let even = 1.0 / float(problem.width() as u64);
        let has_shares = kinds.any(|kind| matches!(problem.gpus(kind), GpuDemand::Share(_)));
        Self {
            problem,
            is_plain: problem.is_plain(),
            has_shares,
            offers: Vec::new(),
            ahead: Vec::new(),
            sums: Vec::new(),
            weights: (0..problem.types()).map(|_| (0..problem.width()).map(|_| even).collect()).collect(),
            nodes_max: NODES_MAX,
            whole: 0,
            left: Vec::new(),
        }
    }

    /// Puts what is worth anything in order, and works out what is ahead of each place.
    fn prepare(&mut self, bin: u32, prices: &[u32], limits: &[u64]) {
        let problem = self.problem;
        let capacity = problem.capacity(bin);
        let empty = (!self.is_plain).then(|| Occupancy::fresh(problem, bin));
        self.offers.clear();
        for (kind, (price, limit)) in (0u32..).zip(prices.iter().zip(limits)) {
            if *price == 0 || *limit == 0 || !problem.is_allowed(kind, bin) {
                continue;
            }
            let demand = problem.demand(kind);
            let fits = demand.iter().zip(capacity).filter(|(wanted, _)| **wanted > 0).map(|(wanted, has)| has / wanted);
            let mut limit = fits.min().unwrap_or(u64::MAX).min(*limit);
            if let Some(empty) = &empty {
                limit = limit.min(empty.room(problem, bin, kind));
            }
            if limit > 0 {
                self.offers.push(Offer { kind, worth: *price, limit: limit.min(u64::from(u32::MAX)), share: 0 });
            }
        }
        self.weigh(bin);
        self.look_ahead();
    }

    /// Finds weights of the dimensions, and puts the offers in the order of worth for weighted share.
    ///
    /// From the weights that a type had last, in a few steps: the filling that is best when kinds may be cut shows which
    /// dimensions it overfills, and those weigh more from then on.
    fn weigh(&mut self, bin: u32) {
        let problem = self.problem;
        let width = problem.width();
        let mut weights = core::mem::take(&mut self.weights[bin as usize]);
        let (mut best, mut least) = (weights.clone(), u64::MAX);
        for _ in 0..if width > 1 { WEIGHTINGS } else { 1 } {
            self.share(bin, &weights);
            let bound = self.cut(0, self.whole);
            if bound < least {
                least = bound;
                best.copy_from_slice(&weights);
            }
            let usage = self.usage(bin);
            for (weight, used) in weights.iter_mut().zip(&usage) {
                *weight = (*weight * (1.0 + 0.7 * (used - 1.0).clamp(-0.9, 1.0))).max(1e-4);
            }
            let sum: f64 = weights.iter().sum();
            for weight in &mut weights {
                *weight /= sum;
            }
        }
        self.share(bin, &best);
        self.weights[bin as usize] = best;
    }

    /// Works out weighted shares, and sorts by them.
    fn share(&mut self, bin: u32, weights: &[f64]) {
        let problem = self.problem;
        let capacity = problem.capacity(bin);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "weights lie between 0 and 1")]
        let weights: SmallVec<[u64; 16]> = weights.iter().map(|weight| (weight * WEIGHT) as u64).collect();
        // Shares are rounded down, so that no pattern that fits exceeds the whole.
        self.whole = weights.iter().map(|weight| weight * SHARE).sum();
        for offer in &mut self.offers {
            let parts = problem.demand(offer.kind).iter().zip(capacity).zip(&weights);
            let shares = parts.map(|((wanted, has), weight)| product(*wanted, weight * SHARE, (*has).max(1)));
            offer.share = shares.sum();
        }
        self.offers.sort_unstable_by(|a, b| {
            let (left, right) = (u128::from(a.worth) * u128::from(b.share), u128::from(b.worth) * u128::from(a.share));
            right.cmp(&left).then(b.share.cmp(&a.share)).then(a.kind.cmp(&b.kind))
        });
        self.sums.clear();
        let mut sum = (0u64, 0u64);
        self.sums.push(sum);
        for offer in &self.offers {
            sum.0 = sum.0.saturating_add(offer.share.saturating_mul(offer.limit));
            sum.1 = sum.1.saturating_add(u64::from(offer.worth).saturating_mul(offer.limit));
            self.sums.push(sum);
        }
    }

    /// Place of the offer that is cut when those from `at` on fill so much of the weighted share.
    fn split(&self, at: usize, left: u64) -> usize {
        let end = self.sums[at].0.saturating_add(left);
        at + self.sums[at + 1..].partition_point(|sum| sum.0 <= end)
    }

    /// What the offers from `at` on are worth in so much of the weighted share, if one of them may be cut (Dantzig's bound).
    fn cut(&self, at: usize, left: u64) -> u64 {
        let place = self.split(at, left);
        let worth = self.sums[place].1 - self.sums[at].1;
        let Some(offer) = self.offers.get(place) else { return worth };
        let rest = left - (self.sums[place].0 - self.sums[at].0);
        worth.saturating_add(product(rest, u64::from(offer.worth), offer.share.max(1)))
    }

    /// Share of each dimension's capacity that the filling behind [`Vectors::cut`] of an empty bin would use.
    fn usage(&self, bin: u32) -> SmallVec<[f64; 16]> {
        let capacity = self.problem.capacity(bin);
        let mut usage: SmallVec<[f64; 16]> = capacity.iter().map(|_| 0.0).collect();
        let place = self.split(0, self.whole);
        for (at, offer) in self.offers.iter().enumerate().take(place + 1) {
            let copies = if at < place {
                float(offer.limit)
            } else {
                float(self.whole - self.sums[place].0) / float(offer.share.max(1))
            };
            for ((used, wanted), has) in usage.iter_mut().zip(self.problem.demand(offer.kind)).zip(capacity) {
                *used += copies * float(*wanted) / float((*has).max(1));
            }
        }
        usage
    }

    /// What the offers from each place on could be worth in each dimension alone.
    fn look_ahead(&mut self) {
        let problem = self.problem;
        let width = problem.width();
        self.ahead.clear();
        self.ahead.resize((self.offers.len() + 1) * width, Ahead { densest: (0, 1), free: 0 });
        for at in (0..self.offers.len()).rev() {
            let offer = self.offers[at];
            for (dimension, size) in problem.demand(offer.kind).iter().enumerate() {
                let mut ahead = self.ahead[(at + 1) * width + dimension];
                let worth = u64::from(offer.worth);
                if *size == 0 {
                    ahead.free = ahead.free.saturating_add(worth.saturating_mul(offer.limit));
                } else if u128::from(worth) * u128::from(ahead.densest.1)
                    > u128::from(ahead.densest.0) * u128::from(*size)
                {
                    ahead.densest = (worth, *size);
                }
                self.ahead[at * width + dimension] = ahead;
            }
        }
    }

    /// What the offers from `at` on could add to a bin with so much left.
    fn ahead(&self, at: usize, left: &[u64]) -> u64 {
        let width = left.len() - 1;
        let bounds = self.ahead[at * width..(at + 1) * width].iter().zip(left).map(|(ahead, left)| {
            let (worth, size) = ahead.densest;
            product(*left, worth, size).saturating_add(ahead.free)
        });
        bounds.min().unwrap_or(0).min(self.cut(at, left[width]))
    }

    /// The same, and sharper: kinds that do not fit any more count for nothing, and no kind for more than fits.
    fn scan(&self, at: usize, left: &[u64]) -> u64 {
        let width = left.len() - 1;
        let (mut rest, mut worth) = (left[width], 0u64);
        for offer in &self.offers[at..] {
            let room = self.room(offer, left);
            if room == 0 {
                continue;
            }
            let size = offer.share.saturating_mul(room);
            if size > rest {
                return worth.saturating_add(product(rest, u64::from(offer.worth), offer.share.max(1)));
            }
            rest -= size;
            worth = worth.saturating_add(room.saturating_mul(u64::from(offer.worth)));
        }
        worth
    }

    /// Copies of an offer that still fit.
    fn room(&self, offer: &Offer, left: &[u64]) -> u64 {
        let demand = self.problem.demand(offer.kind);
        let rooms = demand.iter().zip(left).filter(|(wanted, _)| **wanted > 0).map(|(wanted, left)| left / wanted);
        rooms.min().unwrap_or(u64::MAX).min(offer.limit)
    }

    /// Whether the GPUs of a bin could hold what was chosen and so many of a kind, their shares dealt out anew. Also where it
    /// takes too long to tell.
    fn may_hold(&self, bin: u32, stack: &[Step], more: (u32, u64)) -> bool {
        let chosen = stack.iter().map(|step| (self.offers[step.at].kind, step.copies));
        let (mut whole, mut shares) = (0, Vec::new());
        for (kind, copies) in chosen.chain([more]) {
            match self.problem.gpus(kind) {
                GpuDemand::Whole(count) => whole += u64::from(count) * copies,
                GpuDemand::Share(share) => shares.extend((0..copies).map(|_| share)),
                // All of them beside something else is not to be had, however that is dealt out.
                GpuDemand::All | GpuDemand::Slice(_) => return false,
                GpuDemand::None => {}
            }
        }
        let mut left: Vec<u16> = self.problem.devices(bin).to_vec();
        left.sort_unstable();
        let full = left.iter().filter(|&&left| left == DEVICE_WHOLE).count() as u64;
        if whole > full {
            return false;
        }
        let kept = left.len() - usize::try_from(whole).unwrap_or(left.len());
        left.truncate(kept);
        let sum = |parts: &[u16]| parts.iter().map(|&part| u64::from(part)).sum::<u64>();
        if sum(&shares) > sum(&left) {
            return false;
        }
        shares.sort_unstable_by(|one, other| other.cmp(one));
        shares.len() > SHARES_MAX || deal(&shares, &mut left, &mut 1_000)
    }

    /// Takes copies out of what is left, or puts them back.
    fn take(&mut self, offer: &Offer, copies: u64, is_back: bool) {
        let sizes = self.problem.demand(offer.kind).iter().copied().chain([offer.share]);
        for (left, size) in self.left.iter_mut().zip(sizes) {
            if is_back {
                *left += size * copies;
            } else {
                *left -= size * copies;
            }
        }
    }
}

impl Pricing for Vectors<'_> {
    fn sharpen(&mut self) -> bool {
        let is_coarse = self.nodes_max < NODES_SHARP;
        self.nodes_max = if is_coarse { self.nodes_max * 8 } else { NODES_MAX };
        is_coarse
    }

    fn worth_max(&self, duals: &[f64], counts: &[u64]) -> f64 {
        // In some dimension a pattern has at least the mean share; each kind is counted by its largest share of any type.
        let problem = self.problem;
        let mut densest = 0.0f64;
        let mut free = 0.0;
        for (kind, (dual, count)) in (0u32..).zip(duals.iter().zip(counts)) {
            if *dual <= 0.0 || *count == 0 {
                continue;
            }
            let mut share = f64::INFINITY;
            for bin in (0u32..).take(problem.types()).filter(|bin| problem.is_allowed(kind, *bin)) {
                let parts = problem.demand(kind).iter().zip(problem.capacity(bin));
                let largest =
                    parts.filter(|(wanted, _)| **wanted > 0).map(|(wanted, has)| float(*wanted) / float(*has));
                share = share.min(largest.fold(0.0, f64::max));
            }
            if share == 0.0 {
                free += dual * float(*count);
            } else if share.is_finite() {
                densest = densest.max(dual / share);
            }
        }
        densest * float(problem.width() as u64) + free
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
        pattern.clear();
        let problem = self.problem;
        #[expect(clippy::cast_possible_truncation, reason = "bin types are numbered in u32")]
        let bin = bin as u32;
        self.prepare(bin, prices, limits);
        self.left.clear();
        self.left.extend_from_slice(problem.capacity(bin));
        self.left.push(self.whole);
        let mut occupancy = (!self.is_plain).then(|| Occupancy::fresh(problem, bin));
        let mut stack: Vec<Step> = Vec::new();
        let (mut best, mut found, mut worth, mut at) = (enough, 0, 0u64, 0);
        // The bound of what is not looked at although it might be worth more.
        let mut missed = 0;
        let mut nodes = 0;
        loop {
            while at < self.offers.len() && nodes < self.nodes_max {
                let mut bound = worth + self.ahead(at, &self.left);
                if bound > best {
                    bound = bound.min(worth + self.scan(at, &self.left));
                }
                if bound <= best {
                    break;
                }
                nodes += 1;
                let offer = self.offers[at];
                let mut copies = self.room(&offer, &self.left);
                if let Some(occupancy) = &occupancy {
                    let room = occupancy.room(problem, bin, offer.kind);
                    if self.has_shares && room < copies {
                        // Dealt out otherwise, the shares above might leave room for more.
                        let most = occupancy.class_room(problem, bin, offer.kind);
                        if room < copies.min(most) && self.may_hold(bin, &stack, (offer.kind, room + 1)) {
                            missed = missed.max(bound);
                        }
                    }
                    copies = copies.min(room);
                }
                if copies > 0 {
                    let before = occupancy.clone();
                    if let Some(occupancy) = &mut occupancy {
                        occupancy.add(problem, offer.kind, copies);
                    }
                    self.take(&offer, copies, false);
                    worth += u64::from(offer.worth) * copies;
                    stack.push(Step { at, copies, bound, before });
                }
                at += 1;
            }
            if worth > best {
                (best, found) = (worth, worth);
                pattern.clear();
                #[expect(clippy::cast_possible_truncation, reason = "limits are cut to u32")]
                pattern.extend(stack.iter().map(|step| (self.offers[step.at].kind, step.copies as u32)));
            }
            if nodes >= self.nodes_max {
                // Whatever is open lies below a choice on the stack.
                missed = stack
                    .iter()
                    .map(|step| step.bound)
                    .fold(missed, u64::max)
                    .max(worth + self.ahead(at.min(self.offers.len()), &self.left));
                break;
            }
            let Some(mut step) = stack.pop() else { break };
            let offer = self.offers[step.at];
            self.take(&offer, 1, true);
            worth -= u64::from(offer.worth);
            step.copies -= 1;
            occupancy.clone_from(&step.before);
            if step.copies > 0 {
                if let Some(occupancy) = &mut occupancy {
                    occupancy.add(problem, offer.kind, step.copies);
                }
            }
            at = step.at + 1;
            if step.copies > 0 {
                stack.push(step);
            }
        }
        spend(search, u64::from(nodes) * (problem.width() as u64 + 2) * 4 + self.offers.len() as u64 * 4 + 1)?;
        Ok(Worth { found, bound: best.max(missed) })
    }
}

/// Whether shares, largest first, fit GPUs with so much left; also where the looks given are used up.
fn deal(shares: &[u16], left: &mut [u16], looks: &mut u32) -> bool {
    let Some((&share, rest)) = shares.split_first() else { return true };
    for at in 0..left.len() {
        if left[at] < share || left[..at].contains(&left[at]) {
            continue;
        }
        *looks = looks.saturating_sub(1);
        if *looks == 0 {
            return true;
        }
        left[at] -= share;
        let fits = deal(rest, left, looks);
        left[at] += share;
        if fits {
            return true;
        }
    }
    false
}

/// `a × b / c`, rounded down; the greatest number where it is too large.
fn product(a: u64, b: u64, c: u64) -> u64 {
    match a.checked_mul(b) {
        Some(product) => product / c,
        None => u64::try_from(u128::from(a) * u128::from(b) / u128::from(c)).unwrap_or(u64::MAX),
    }
}

/// Types that another one does as well for no more: `true` for each that is not needed. `[types]`
///
/// A bin of such a type may be exchanged for one of the other type in any packing, so the bound without it holds with it.
pub(super) fn dominated(problem: &Problem) -> Vec<bool> {
    let types = problem.types();
    let does_as_well = |other: u32, bin: u32| {
        let (here, there) = (bin as usize, other as usize);
        let capacities = || problem.capacity(other).iter().zip(problem.capacity(bin));
        let is_equal = problem.cost(other) == problem.cost(bin) && capacities().all(|(has, wanted)| has == wanted);
        other != bin
            && problem.limit(other).is_none()
            && problem.cost(other) <= problem.cost(bin)
            && capacities().all(|(has, wanted)| has >= wanted)
            // Of equals, the first one stays, or the one without limit.
            && (!is_equal || other < bin || problem.limit(bin).is_some())
            && problem.devices(other) == problem.devices(bin)
            && problem.types.rooms[there] == problem.types.rooms[here]
            && problem.rules.iter().all(|rules| {
                let is_set = |at: usize| rules.allowed[at / 64] >> (at % 64) & 1 != 0;
                !is_set(here) || is_set(there)
            })
    };
    let numbers = || (0u32..).take(types);
    numbers().map(|bin| numbers().any(|other| does_as_well(other, bin))).collect()
}

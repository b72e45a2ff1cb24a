//! One round of local search: single bins, waiting items, and what a bin must let go of to take one of them.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::packing::Pattern;
use super::problem::Problem;
use super::room::Occupancy;
use super::search::Search;
use crate::demand::GpuDemand;
use crate::select::draw::Draws;

/// Bits that amounts are brought down to, so that sums of two stay in an `i32`.
const BITS: u32 = 28;
/// Items of a bin up to which pairs are let go of, and up to which threes are.
const PAIRS_MAX: usize = 48;
const THREES_MAX: usize = 12;
/// Random moves after an ejection.
const MOVES: usize = 24;
/// Steps that judging the rules of one item in a bin counts for.
const RULES_STEPS: u64 = 8;
/// Bit of a score that says how large what is let go of is; the counters stand above.
const SIZE_BITS: u32 = 40;

/// Amounts in one bin or of one item.
type Row<const W: usize> = [i32; W];

/// What all rounds on a problem share.
#[derive(Debug)]
pub(super) struct Neighbourhood<const W: usize> {
    /// Demand of each kind, rounded up where amounts are too large for 28 bits. `[kinds]`
    demand: Vec<Row<W>>,
    /// Capacity of each type, rounded down there. `[types]`
    capacity: Vec<Row<W>>,
    /// Size of each kind: its share of the scarce dimensions, in 2⁻²⁰. `[kinds]`
    size: Vec<u64>,
    /// Whether amounts are all that counts.
    is_plain: bool,
    /// Whether amounts and allowed types are.
    has_no_rules: bool,
}

impl<const W: usize> Neighbourhood<W> {
    /// Of a problem.
    pub(super) fn new(problem: &Problem) -> Self {
        let width = problem.width();
        let mut shifts = [0_u32; W];
        for (dimension, shift) in shifts.iter_mut().take(width).enumerate() {
            let amounts = problem.types.capacity.iter().skip(dimension).step_by(width);
            let most = amounts.max().copied().unwrap_or(0);
            *shift = (64 - most.leading_zeros()).saturating_sub(BITS);
        }
        let row = |amounts: &[u64], is_up: bool| {
            let mut row = [0_i32; W];
            for ((lane, &amount), &shift) in row.iter_mut().zip(amounts).zip(&shifts) {
                let amount = if is_up { amount.div_ceil(1 << shift) } else { amount >> shift };
                // OK: at most 2^28 after the shift.
                *lane = i32::try_from(amount).unwrap_or(i32::MAX >> 2);
            }
            row
        };
        let total = problem.total_demand();
        let most = problem.largest_capacity();
        let loads: Vec<f64> = total.iter().zip(&most).map(|(&total, &most)| total as f64 / most as f64).collect();
        let all: f64 = loads.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let size = |demand: &[u64]| {
            let parts = demand.iter().zip(&most).zip(&loads);
            let size: f64 = parts.map(|((&wanted, &most), load)| wanted as f64 / most as f64 * load / all).sum();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is at most 1")]
            {
                (size * f64::from(1 << 20)) as u64 + 1
            }
        };
        Self {
            demand: problem.demands().chunks_exact(width).map(|demand| row(demand, true)).collect(),
            capacity: problem.types.capacity.chunks_exact(width).map(|capacity| row(capacity, false)).collect(),
            size: problem.demands().chunks_exact(width).map(size).collect(),
            is_plain: problem.is_plain() && problem.types() == 1,
            has_no_rules: problem.is_plain(),
        }
    }
}

/// Whether there is enough of everything. Amounts stay below 2³⁰, so nothing wraps.
#[inline]
fn fits<const W: usize>(wanted: &Row<W>, free: &Row<W>) -> bool {
    let mut short = 0;
    for lane in 0..W {
        short |= free[lane].wrapping_sub(wanted[lane]);
    }
    short >= 0
}

/// One row more.
#[inline]
fn plus<const W: usize>(one: &Row<W>, other: &Row<W>) -> Row<W> {
    let mut sum = *one;
    for lane in 0..W {
        sum[lane] = sum[lane].wrapping_add(other[lane]);
    }
    sum
}

/// One row less.
#[inline]
fn minus<const W: usize>(one: &Row<W>, other: &Row<W>) -> Row<W> {
    let mut difference = *one;
    for lane in 0..W {
        difference[lane] = difference[lane].wrapping_sub(other[lane]);
    }
    difference
}

/// One bin.
#[derive(Debug, Clone)]
struct Bin<const W: usize> {
    /// Type.
    bin_type: u32,
    /// What is left.
    free: Row<W>,
    /// Its items, by number.
    items: Vec<u32>,
}

/// What a bin lets go of: positions in its list, and how much that hurts.
#[derive(Debug, Clone, Copy)]
struct Ejection {
    /// Bin.
    bin: usize,
    /// Positions, ascending; `usize::MAX` for none.
    positions: [usize; 3],
    /// Counters of what goes, and its size below them.
    score: u64,
}

/// Single bins and their items.
#[derive(Debug)]
pub(super) struct Round<const W: usize> {
    /// Bins.
    bins: Vec<Bin<W>>,
    /// Kind of each item.
    kinds: Vec<u32>,
    /// How often each item waited in vain, and one more.
    counters: Vec<u64>,
    /// Demand of each item.
    demand: Vec<Row<W>>,
    /// Size of each item.
    size: Vec<u64>,
}

impl<const W: usize> Round<W> {
    /// A round on these bins, each of which stands for itself.
    pub(super) fn new(neighbourhood: &Neighbourhood<W>, problem: &Problem, drawn: &[Pattern]) -> Self {
        let mut round =
            Self { bins: Vec::new(), kinds: Vec::new(), counters: Vec::new(), demand: Vec::new(), size: Vec::new() };
        debug_assert_eq!(neighbourhood.demand.len(), problem.kinds());
        for pattern in drawn {
            let mut free = neighbourhood.capacity[pattern.bin_type as usize];
            let mut items = Vec::new();
            for &(kind, number) in &pattern.content {
                let demand = neighbourhood.demand[kind as usize];
                for _ in 0..number {
                    #[expect(clippy::cast_possible_truncation, reason = "a round has few items")]
                    items.push(round.kinds.len() as u32);
                    round.kinds.push(kind);
                    round.demand.push(demand);
                    round.size.push(neighbourhood.size[kind as usize]);
                    free = minus(&free, &demand);
                }
            }
            round.bins.push(Bin { bin_type: pattern.bin_type, free, items });
        }
        round.counters = vec![1; round.kinds.len()];
        round
    }

    /// The bin to be emptied: one that costs something, the least filled first, and after failures others.
    pub(super) fn choose_victim(&self, problem: &Problem, failures: u64, draws: &mut Draws) -> Option<usize> {
        let mut order: Vec<(u64, usize)> = (0..self.bins.len())
            .filter(|&at| problem.cost(self.bins[at].bin_type) > 0)
            .map(|at| (self.bins[at].items.iter().map(|&item| self.size[item as usize]).sum(), at))
            .collect();
        order.sort_unstable();
        let among = order.len().min(1 + usize::try_from(failures).unwrap_or(usize::MAX));
        order.get(draws.below(among)).map(|&(_, at)| at)
    }

    /// Tries to empty a bin into the others. On failure the round is of no more use.
    pub(super) fn empty(
        &mut self,
        problem: &Problem,
        neighbourhood: &Neighbourhood<W>,
        victim: usize,
        ejections_max: u64,
        draws: &mut Draws,
        search: &mut Search<'_>,
    ) -> bool {
        let bin = self.bins.swap_remove(victim);
        let waiting = bin.items;
        self.settle(problem, neighbourhood, waiting, ejections_max, draws, search)
    }

    /// Tries to put an item that is in no bin into one. On failure the round is of no more use.
    pub(super) fn add(
        &mut self,
        problem: &Problem,
        neighbourhood: &Neighbourhood<W>,
        kind: u32,
        ejections_max: u64,
        draws: &mut Draws,
        search: &mut Search<'_>,
    ) -> bool {
        #[expect(clippy::cast_possible_truncation, reason = "a round has few items")]
        let item = self.kinds.len() as u32;
        self.kinds.push(kind);
        self.demand.push(neighbourhood.demand[kind as usize]);
        self.size.push(neighbourhood.size[kind as usize]);
        self.counters.push(1);
        self.settle(problem, neighbourhood, vec![item], ejections_max, draws, search)
    }

    /// Places waiting items until none waits.
    fn settle(
        &mut self,
        problem: &Problem,
        neighbourhood: &Neighbourhood<W>,
        mut waiting: Vec<u32>,
        ejections_max: u64,
        draws: &mut Draws,
        search: &mut Search<'_>,
    ) -> bool {
        // The last one is placed first.
        waiting.sort_by_key(|&item| self.size[item as usize]);
        for _ in 0..ejections_max {
            let Some(item) = waiting.pop() else { return true };
            if let Some(bin) = self.roomy(problem, neighbourhood, item, draws) {
                self.insert(bin, item);
                if !search.step(self.bins.len() as u64) {
                    return waiting.is_empty();
                }
                continue;
            }
            self.counters[item as usize] += 1;
            let (ejection, steps) = self.cheapest(problem, neighbourhood, item, draws);
            if !search.step(steps + MOVES as u64) {
                return false;
            }
            let Some(ejection) = ejection else { return false };
            for position in ejection.positions.into_iter().rev().filter(|&position| position != usize::MAX) {
                waiting.push(self.remove(ejection.bin, position));
            }
            self.insert(ejection.bin, item);
            for _ in 0..MOVES {
                self.shake(problem, neighbourhood, draws);
            }
        }
        waiting.is_empty()
    }

    /// A bin with room for an item: the first from a drawn one on.
    fn roomy(
        &self,
        problem: &Problem,
        neighbourhood: &Neighbourhood<W>,
        item: u32,
        draws: &mut Draws,
    ) -> Option<usize> {
        let demand = &self.demand[item as usize];
        let start = draws.below(self.bins.len());
        let order = (start..self.bins.len()).chain(0..start);
        let mut fitting = order.filter(|&at| fits(demand, &self.bins[at].free));
        fitting.find(|&at| neighbourhood.is_plain || self.holds_with(problem, neighbourhood, at, &[], &[item]))
    }

    /// Whether the rules hold in a bin without some positions and with some items more.
    fn holds_with(
        &self,
        problem: &Problem,
        neighbourhood: &Neighbourhood<W>,
        bin: usize,
        without: &[usize],
        with: &[u32],
    ) -> bool {
        let bin_type = self.bins[bin].bin_type;
        if !with.iter().all(|&item| problem.is_allowed(self.kinds[item as usize], bin_type)) {
            return false;
        }
        if neighbourhood.has_no_rules {
            return true;
        }
        let stays = self.bins[bin].items.iter().enumerate().filter(|(at, _)| !without.contains(at));
        let mut kinds: Vec<u32> =
            stays.map(|(_, item)| item).chain(with).map(|&item| self.kinds[item as usize]).collect();
        // Whole GPUs first, then the largest shares.
        kinds.sort_by_key(|&kind| match problem.gpus(kind) {
            GpuDemand::Share(share) => u16::MAX - share,
            _ => 0,
        });
        let mut rest = Occupancy::fresh(problem, bin_type);
        kinds.into_iter().all(|kind| {
            let has_room = rest.room(problem, bin_type, kind) > 0;
            if has_room {
                rest.add(problem, kind, 1);
            }
            has_room
        })
    }

    /// What hurts least to let go of so that an item has room, and how many items were looked at.
    fn cheapest(
        &self,
        problem: &Problem,
        neighbourhood: &Neighbourhood<W>,
        item: u32,
        draws: &mut Draws,
    ) -> (Option<Ejection>, u64) {
        let mut best: Option<Ejection> = None;
        let mut steps = 0;
        let start = draws.below(self.bins.len());
        for at in (start..self.bins.len()).chain(0..start) {
            steps += self.cheapest_in(problem, neighbourhood, item, at, &mut best);
        }
        (best, steps)
    }

    /// The same for one bin.
    fn cheapest_in(
        &self,
        problem: &Problem,
        neighbourhood: &Neighbourhood<W>,
        item: u32,
        bin: usize,
        best: &mut Option<Ejection>,
    ) -> u64 {
        const NONE: usize = usize::MAX;
        let demand = &self.demand[item as usize];
        let Bin { free, items, .. } = &self.bins[bin];
        let limit = |best: &Option<Ejection>| best.map_or(u64::MAX, |best| best.score);
        let score = |item: u32| (self.counters[item as usize] << SIZE_BITS) + self.size[item as usize];
        let mut steps = items.len() as u64;
        // What must go, in each dimension.
        let need = minus(demand, free);
        let mut judged = 0;
        let mut offer = |positions: [usize; 3], score: u64, best: &mut Option<Ejection>| {
            judged += 1;
            let used = positions.iter().take_while(|&&position| position != NONE).count();
            if neighbourhood.is_plain || self.holds_with(problem, neighbourhood, bin, &positions[..used], &[item]) {
                *best = Some(Ejection { bin, positions, score });
            }
        };
        for (one, &first) in items.iter().enumerate() {
            let first_score = score(first);
            if first_score >= limit(best) {
                continue;
            }
            let first_row = &self.demand[first as usize];
            if fits(&need, first_row) {
                offer([one, NONE, NONE], first_score, best);
                continue;
            }
            if items.len() > PAIRS_MAX {
                continue;
            }
            steps += (items.len() - one) as u64;
            for (two, &second) in items.iter().enumerate().skip(one + 1) {
                let second_score = first_score + score(second);
                if second_score >= limit(best) {
                    continue;
                }
                let both = plus(first_row, &self.demand[second as usize]);
                if fits(&need, &both) {
                    offer([one, two, NONE], second_score, best);
                    continue;
                }
                if items.len() > THREES_MAX {
                    continue;
                }
                for (three, &third) in items.iter().enumerate().skip(two + 1) {
                    let third_score = second_score + score(third);
                    if third_score < limit(best) && fits(&need, &plus(&both, &self.demand[third as usize])) {
                        offer([one, two, three], third_score, best);
                    }
                }
            }
        }
        // Rules are judged from scratch.
        if neighbourhood.has_no_rules { steps } else { steps + judged * RULES_STEPS * items.len() as u64 }
    }

    /// Takes an item out of a bin.
    fn remove(&mut self, bin: usize, position: usize) -> u32 {
        let item = self.bins[bin].items.swap_remove(position);
        self.bins[bin].free = plus(&self.bins[bin].free, &self.demand[item as usize]);
        item
    }

    /// Puts an item into a bin.
    fn insert(&mut self, bin: usize, item: u32) {
        self.bins[bin].items.push(item);
        self.bins[bin].free = minus(&self.bins[bin].free, &self.demand[item as usize]);
    }

    /// One random move: two items of different bins change places, if both fit then.
    fn shake(&mut self, problem: &Problem, neighbourhood: &Neighbourhood<W>, draws: &mut Draws) {
        let (one, other) = (draws.below(self.bins.len()), draws.below(self.bins.len()));
        if one == other || self.bins[one].items.is_empty() || self.bins[other].items.is_empty() {
            return;
        }
        let (at, beside) = (draws.below(self.bins[one].items.len()), draws.below(self.bins[other].items.len()));
        let (first, second) = (self.bins[one].items[at], self.bins[other].items[beside]);
        let (first_row, second_row) = (self.demand[first as usize], self.demand[second as usize]);
        let room_one = plus(&self.bins[one].free, &first_row);
        let room_other = plus(&self.bins[other].free, &second_row);
        if !fits(&second_row, &room_one) || !fits(&first_row, &room_other) {
            return;
        }
        let holds = neighbourhood.is_plain
            || (self.holds_with(problem, neighbourhood, one, &[at], &[second])
                && self.holds_with(problem, neighbourhood, other, &[beside], &[first]));
        if holds {
            self.remove(one, at);
            self.remove(other, beside);
            self.insert(one, second);
            self.insert(other, first);
        }
    }

    /// The bins as patterns.
    pub(super) fn patterns(&self) -> Box<[Pattern]> {
        let pattern = |bin: &Bin<W>| {
            let content = bin.items.iter().map(|&item| (self.kinds[item as usize], 1)).collect();
            Pattern { bin_type: bin.bin_type, count: 1, content }
        };
        self.bins.iter().map(pattern).collect()
    }
}

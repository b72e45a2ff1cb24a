//! Best fit among very many kinds: open bins in buckets by their scarcest dimension and how much of it is left.
//!
//! A bin in a bucket above all levels of an item is sure to hold it as far as amounts go, and one in a bucket below the item's
//! level in that dimension is sure not to; in between a few of each bucket are tried. So one item costs a number of looks that
//! does not grow with the bins, and goes to a bin whose scarcest dimension is nearly as small as it can be.

use alloc::vec;
use alloc::vec::Vec;

use super::greedy::{is_given_up, types_by_worth};
use super::open::{copies, fits};
use super::packing::{Packing, Pattern};
use super::problem::Problem;
use super::room::Occupancy;
use super::search::Search;
use super::size::{Measure, Shares};

/// Levels of a dimension.
const LEVELS: usize = 64;
/// Bins of a bucket that are tried for one item.
const TRIED: usize = 8;

/// Equal bins.
#[derive(Debug, Clone)]
struct Group {
    /// Type, count and content.
    pattern: Pattern,
    /// What rules leave; only where the problem is not plain.
    rest: Option<Occupancy>,
}

/// Open bins.
#[derive(Debug)]
struct Buckets<'p> {
    /// The problem.
    problem: &'p Problem,
    /// Largest capacity of each dimension, at least 1. `[dimensions]`
    most: Vec<u64>,
    /// Groups of equal bins.
    groups: Vec<Group>,
    /// What each has left. `[groups × dimensions]`
    free: Vec<u64>,
    /// Groups by scarcest dimension and level. `[dimensions × (LEVELS + 1)]`
    buckets: Vec<Vec<u32>>,
    /// Bins of each type. `[types]`
    used: Vec<u64>,
    /// Bins looked at.
    steps: u64,
}

/// Items in decreasing size, each into a bin whose scarcest dimension is among the least that are enough.
pub(super) fn by_bucket(problem: &Problem, shares: &Shares, weights: &[f64], search: &mut Search<'_>) -> Packing {
    let width = problem.width();
    let mut open = Buckets {
        problem,
        most: problem.largest_capacity(),
        groups: Vec::new(),
        free: Vec::new(),
        buckets: vec![Vec::new(); width * (LEVELS + 1)],
        used: vec![0; problem.types()],
        steps: 0,
    };
    let by_worth = types_by_worth(problem, shares, weights);
    for kind in shares.decreasing(Measure::Weighted, weights) {
        let mut left = problem.count(kind);
        while left > 0 {
            let Some((bucket, at, room)) = open.find(kind) else { break };
            left -= open.put(bucket, at, room, kind, left);
        }
        for &bin_type in &by_worth {
            while left > 0 {
                let put = open.open(bin_type, kind, left);
                if put == 0 {
                    break;
                }
                left -= put;
            }
        }
        search.step(core::mem::take(&mut open.steps) + 1);
        if is_given_up(search) {
            break;
        }
    }
    Packing { patterns: open.groups.into_iter().map(|group| group.pattern).collect() }
}

impl Buckets<'_> {
    /// The level of an amount.
    fn level(&self, dimension: usize, amount: u64) -> usize {
        let level = u128::from(amount) * LEVELS as u128 / u128::from(self.most[dimension]);
        usize::try_from(level).map_or(LEVELS, |level| level.min(LEVELS))
    }

    /// The bucket of a group.
    fn bucket_of(&self, group: u32) -> usize {
        let width = self.most.len();
        let free = &self.free[group as usize * width..][..width];
        let levels = free.iter().enumerate().map(|(dimension, &free)| (self.level(dimension, free), dimension));
        levels.min().map_or(0, |(level, dimension)| dimension * (LEVELS + 1) + level)
    }

    /// How many items of a kind a bin of a group takes.
    fn room(&self, group: u32, kind: u32) -> u64 {
        let width = self.most.len();
        let free = &self.free[group as usize * width..][..width];
        let demand = self.problem.demand(kind);
        let Group { pattern, rest } = &self.groups[group as usize];
        if !fits(demand, free) || !self.problem.is_allowed(kind, pattern.bin_type) {
            return 0;
        }
        let room = copies(demand, free);
        rest.as_ref().map_or(room, |rest| room.min(rest.room(self.problem, pattern.bin_type, kind)))
    }

    /// A bin for an item: bucket, place in it, and how many of the kind it takes.
    fn find(&mut self, kind: u32) -> Option<(usize, usize, u64)> {
        let demand = self.problem.demand(kind);
        let levels: Vec<usize> = demand.iter().enumerate().map(|(at, &amount)| self.level(at, amount)).collect();
        let lowest = levels.iter().copied().min().unwrap_or(0);
        for level in lowest..=LEVELS {
            for (dimension, _) in levels.iter().enumerate().filter(|&(_, &own)| own <= level) {
                let bucket = dimension * (LEVELS + 1) + level;
                let groups = &self.buckets[bucket];
                for (at, &group) in groups.iter().enumerate().rev().take(TRIED) {
                    self.steps += 1;
                    let room = self.room(group, kind);
                    if room > 0 {
                        return Some((bucket, at, room));
                    }
                }
            }
        }
        None
    }

    /// Puts items into the bins of a group that have room for them, and gives how many.
    fn put(&mut self, bucket: usize, at: usize, room: u64, kind: u32, left: u64) -> u64 {
        let width = self.most.len();
        let number = self.buckets[bucket][at];
        let each = room.min(left);
        let count = self.groups[number as usize].pattern.count;
        let bins = (left / each).min(count);
        if bins < count {
            let mut others = self.groups[number as usize].clone();
            others.pattern.count = count - bins;
            let free = self.free[number as usize * width..][..width].to_vec();
            self.buckets[bucket][at] = self.push(others, &free);
        } else {
            self.buckets[bucket].swap_remove(at);
        }
        let group = &mut self.groups[number as usize];
        group.pattern.count = bins;
        group.pattern.content.push((kind, each));
        if let Some(rest) = &mut group.rest {
            rest.add(self.problem, kind, each);
        }
        for (free, &wanted) in self.free[number as usize * width..][..width].iter_mut().zip(self.problem.demand(kind)) {
            *free -= wanted * each;
        }
        let bucket = self.bucket_of(number);
        self.buckets[bucket].push(number);
        each * bins
    }

    /// Adds a group, and gives its number.
    fn push(&mut self, group: Group, free: &[u64]) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "there are no more groups than items")]
        let number = self.groups.len() as u32;
        self.groups.push(group);
        self.free.extend_from_slice(free);
        number
    }

    /// Opens bins of a type for as many items as they take, all equal, and gives how many that are.
    fn open(&mut self, bin_type: u32, kind: u32, left: u64) -> u64 {
        let limit = self.problem.types.limit[bin_type as usize] - self.used[bin_type as usize];
        if limit == 0 || !self.problem.is_allowed(kind, bin_type) {
            return 0;
        }
        let rest = (!self.problem.is_plain()).then(|| Occupancy::fresh(self.problem, bin_type));
        let pattern = Pattern { bin_type, count: 1, content: Vec::new() };
        let number = self.push(Group { pattern, rest }, self.problem.capacity(bin_type));
        let each = self.room(number, kind).min(left);
        let Some(bins) = left.checked_div(each) else {
            self.groups.pop();
            self.free.truncate(self.groups.len() * self.most.len());
            return 0;
        };
        let bins = bins.min(limit);
        self.groups[number as usize].pattern.count = bins;
        self.used[bin_type as usize] += bins;
        let bucket = self.bucket_of(number);
        self.buckets[bucket].push(number);
        let at = self.buckets[bucket].len() - 1;
        self.put(bucket, at, each, kind, each * bins)
    }
}

//! Bins that are open, in the order of opening, equal ones together; and the first or tightest of them with room.
//!
//! Groups of equal bins stand in blocks that know the most that any of their bins has left in each dimension, so a search
//! passes over blocks in which nothing fits. Bins that not even the least demand to come fits into are closed.

use alloc::vec;
use alloc::vec::Vec;

use super::packing::{Packing, Pattern};
use super::problem::Problem;
use super::room::Occupancy;
use super::size::{Shares, dot};

/// Groups in a block after it was split.
const BLOCK: usize = 48;

/// Equal bins.
#[derive(Debug, Clone)]
struct Group {
    /// Type, count and content.
    pattern: Pattern,
    /// What rules leave; only where the problem is not plain.
    rest: Option<Occupancy>,
}

/// Neighbours in the order of opening.
#[derive(Debug, Clone, Default)]
struct Block {
    /// Groups, by number.
    groups: Vec<u32>,
    /// What each has left. `[groups × dimensions]`
    free: Vec<u64>,
    /// The most that any has left. `[dimensions]`
    most: Vec<u64>,
}

impl Block {
    /// Works out the most anew.
    fn refresh(&mut self, width: usize) {
        self.most.clear();
        self.most.resize(width, 0);
        for free in self.free.chunks_exact(width) {
            self.most.iter_mut().zip(free).for_each(|(most, &free)| *most = (*most).max(free));
        }
    }
}

/// Open bins of one pass.
#[derive(Debug, Clone)]
pub(super) struct OpenBins<'p> {
    /// The problem.
    problem: &'p Problem,
    /// Whether amounts and allowed types are all that counts.
    is_plain: bool,
    /// Groups of equal bins, closed ones too.
    groups: Vec<Group>,
    /// Blocks in the order of opening.
    blocks: Vec<Block>,
    /// Bins of each type that are open. `[types]`
    used: Vec<u64>,
    /// Bins looked at since this was last asked.
    steps: u64,
}

/// Where a group stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Block.
    block: usize,
    /// Place in the block.
    at: usize,
    /// How many of the kind each of its bins takes.
    room: u64,
}

impl<'p> OpenBins<'p> {
    /// No bins.
    pub(super) fn new(problem: &'p Problem) -> Self {
        Self {
            problem,
            is_plain: problem.is_plain(),
            groups: Vec::new(),
            blocks: Vec::new(),
            used: vec![0; problem.types()],
            steps: 0,
        }
    }

    /// Bins looked at since this was last asked.
    pub(super) fn take_steps(&mut self) -> u64 {
        core::mem::take(&mut self.steps)
    }

    /// How many more bins of a type may be opened.
    pub(super) fn limit_left(&self, bin_type: u32) -> u64 {
        self.problem.types.limit[bin_type as usize] - self.used[bin_type as usize]
    }

    /// How many items of a kind a bin of a group takes.
    fn room(&self, group: u32, free: &[u64], kind: u32, demand: &[u64]) -> u64 {
        let pattern = &self.groups[group as usize];
        let bin_type = pattern.pattern.bin_type;
        if !self.problem.is_allowed(kind, bin_type) {
            return 0;
        }
        let room = copies(demand, free);
        match &pattern.rest {
            Some(rest) => room.min(rest.room(self.problem, bin_type, kind)),
            None => room,
        }
    }

    /// The first group from a place on whose bins take an item of a kind.
    fn first(&mut self, mut from: (usize, usize), kind: u32) -> Option<Place> {
        let width = self.problem.width();
        let demand = self.problem.demand(kind);
        while let Some(block) = self.blocks.get(from.0) {
            self.steps += 1;
            if fits(demand, &block.most) {
                for at in from.1..block.groups.len() {
                    self.steps += 1;
                    let free = &block.free[at * width..][..width];
                    if fits(demand, free) {
                        let room = self.room(block.groups[at], free, kind, demand);
                        if room > 0 {
                            return Some(Place { block: from.0, at, room });
                        }
                    }
                }
            }
            from = (from.0 + 1, 0);
        }
        None
    }

    /// Puts as many of `left` items as fit into open bins, the first with room first.
    pub(super) fn put_first(&mut self, kind: u32, mut left: u64) -> u64 {
        let mut from = (0, 0);
        while left > 0 {
            let Some(place) = self.first(from, kind) else { break };
            left -= self.put(place, kind, left);
            from = (place.block, place.at + 1);
        }
        left
    }

    /// Puts as many of `left` items as fit into open bins, always the one with the least left, weighted.
    pub(super) fn put_tightest(&mut self, shares: &Shares, weights: &[f64], kind: u32, mut left: u64) -> u64 {
        while left > 0 {
            let mut best: Option<(f64, Place)> = None;
            let mut from = (0, 0);
            while let Some(place) = self.first(from, kind) {
                let score = self.left_over(place, weights, shares);
                if best.is_none_or(|(least, _)| score < least) {
                    best = Some((score, place));
                }
                from = (place.block, place.at + 1);
            }
            let Some((_, place)) = best else { break };
            left -= self.put(place, kind, left);
        }
        left
    }

    /// What a bin has left, in weighted shares of its own capacity.
    fn left_over(&self, place: Place, weights: &[f64], shares: &Shares) -> f64 {
        let block = &self.blocks[place.block];
        let width = self.problem.width();
        let free = &block.free[place.at * width..][..width];
        let bin_type = self.groups[block.groups[place.at] as usize].pattern.bin_type;
        let parts = free.iter().zip(self.problem.capacity(bin_type)).zip(shares.capacity(bin_type));
        let parts = parts.zip(weights).filter(|(((_, capacity), _), _)| **capacity > 0);
        parts.map(|(((&free, &capacity), share), weight)| free as f64 / capacity as f64 * share * weight).sum()
    }

    /// Puts items into bins of a group that have room for them, splitting the group where not all take the same. Gives how
    /// many.
    fn put(&mut self, place: Place, kind: u32, left: u64) -> u64 {
        let each = place.room.min(left);
        let number = self.blocks[place.block].groups[place.at];
        let bins = (left / each).min(self.groups[number as usize].pattern.count);
        if bins < self.groups[number as usize].pattern.count {
            self.split(place, bins);
        }
        let group = &mut self.groups[number as usize];
        group.pattern.content.push((kind, each));
        if let Some(rest) = &mut group.rest {
            rest.add(self.problem, kind, each);
        }
        let width = self.problem.width();
        let block = &mut self.blocks[place.block];
        for (free, &wanted) in block.free[place.at * width..][..width].iter_mut().zip(self.problem.demand(kind)) {
            *free -= wanted * each;
        }
        block.refresh(width);
        each * bins
    }

    /// Makes a group one of so many bins, and the others one right behind it.
    fn split(&mut self, place: Place, bins: u64) {
        let width = self.problem.width();
        let number = self.blocks[place.block].groups[place.at];
        let mut others = self.groups[number as usize].clone();
        others.pattern.count -= bins;
        self.groups[number as usize].pattern.count = bins;
        let added = self.push_group(others);
        let block = &mut self.blocks[place.block];
        let free: Vec<u64> = block.free[place.at * width..][..width].to_vec();
        block.groups.insert(place.at + 1, added);
        let behind = (place.at + 1) * width;
        block.free.splice(behind..behind, free);
        // The group itself stays in the head.
        let cut = BLOCK.max(place.at + 1);
        if block.groups.len() > 2 * BLOCK && cut < block.groups.len() {
            let groups = block.groups.split_off(cut);
            let free = block.free.split_off(cut * width);
            let mut tail = Block { groups, free, most: Vec::new() };
            tail.refresh(width);
            block.refresh(width);
            self.blocks.insert(place.block + 1, tail);
        }
    }

    /// Adds a group, and gives its number.
    fn push_group(&mut self, group: Group) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "there are no more groups than items")]
        let number = self.groups.len() as u32;
        self.groups.push(group);
        number
    }

    /// Opens bins of a type for as many of `left` items of a kind as they take, all equal, and gives how many that are; 0
    /// where the type holds none, or its limit is reached.
    pub(super) fn open(&mut self, bin_type: u32, kind: u32, left: u64) -> u64 {
        let width = self.problem.width();
        let rest = (!self.is_plain).then(|| Occupancy::fresh(self.problem, bin_type));
        let pattern = Pattern { bin_type, count: 1, content: Vec::new() };
        let number = self.push_group(Group { pattern, rest });
        let capacity = self.problem.capacity(bin_type);
        let room = self.room(number, capacity, kind, self.problem.demand(kind)).min(left);
        let count = left.checked_div(room).unwrap_or(0).min(self.limit_left(bin_type));
        if count == 0 {
            self.groups.pop();
            return 0;
        }
        self.groups[number as usize].pattern.count = count;
        self.used[bin_type as usize] += count;
        if self.blocks.last().is_none_or(|block| block.groups.len() >= BLOCK) {
            self.blocks.push(Block::default());
        }
        let block = self.blocks.len() - 1;
        let last = &mut self.blocks[block];
        last.groups.push(number);
        last.free.extend_from_slice(capacity);
        let at = last.groups.len() - 1;
        debug_assert_eq!(last.free.len(), (at + 1) * width);
        self.put(Place { block, at, room }, kind, room * count)
    }

    /// Closes bins into which not even the least demand to come fits. `[dimensions]`
    pub(super) fn close(&mut self, least: &[u64]) {
        let width = self.problem.width();
        for block in &mut self.blocks {
            let mut kept = 0;
            for at in 0..block.groups.len() {
                if fits(least, &block.free[at * width..][..width]) {
                    block.groups[kept] = block.groups[at];
                    block.free.copy_within(at * width..(at + 1) * width, kept * width);
                    kept += 1;
                }
            }
            if kept < block.groups.len() {
                block.groups.truncate(kept);
                block.free.truncate(kept * width);
                block.refresh(width);
            }
        }
        // Small neighbours become one.
        self.blocks.retain(|block| !block.groups.is_empty());
        let mut merged: Vec<Block> = Vec::with_capacity(self.blocks.len());
        for block in self.blocks.drain(..) {
            match merged.last_mut() {
                Some(last) if last.groups.len() + block.groups.len() <= BLOCK => {
                    last.groups.extend(block.groups);
                    last.free.extend(block.free);
                    last.most.iter_mut().zip(block.most).for_each(|(most, other)| *most = (*most).max(other));
                }
                _ => merged.push(block),
            }
        }
        self.blocks = merged;
    }

    /// The bins as a packing.
    pub(super) fn finish(self) -> Packing {
        Packing { patterns: self.groups.into_iter().map(|group| group.pattern).collect() }
    }
}

/// Whether each amount is there.
#[inline]
pub(super) fn fits(wanted: &[u64], free: &[u64]) -> bool {
    wanted.iter().zip(free).fold(true, |fits, (wanted, free)| fits & (wanted <= free))
}

/// How many items with this demand there is room for; `u64::MAX` where they take nothing.
#[inline]
pub(super) fn copies(demand: &[u64], free: &[u64]) -> u64 {
    let amounts = demand.iter().zip(free).filter(|&(&wanted, _)| wanted > 0);
    amounts.map(|(wanted, free)| free / wanted).min().unwrap_or(u64::MAX)
}

/// What a fill is worth at prices per share of each dimension.
pub(super) fn worth(shares: &Shares, prices: &[f64], content: &[(u32, u64)]) -> f64 {
    content.iter().map(|&(kind, number)| dot(shares.demand(kind), prices) * number as f64).sum()
}

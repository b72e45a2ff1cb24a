//! Instances in registration order, in blocks of 64 ranks, with the greatest of every amount per block and per 64 blocks.
//!
//! What [`Order`](super::order::Order) is to an amount, this is to the rank; since ranks do not change, it is a plain array.
//! A walk can leave out sets of ranks, and then passes over their full blocks without looking.

use alloc::vec::Vec;

use super::bitset::bits;
use super::effort::Effort;
use super::order::Walk;
use super::row::{LANES, NOTHING, Row, at_least, enough, greatest};

/// What a walk pays for a block; a rank that is looked at costs 1.
const BLOCK_PRICE: u32 = 6;

/// Amounts by rank.
#[derive(Debug, Clone)]
pub(crate) struct Sequence {
    /// Amounts of each rank.
    width: usize,
    /// By block and amount: a lane for each rank.
    rows: Vec<Row>,
    /// By stretch of 64 blocks and amount: the greatest of each block.
    maxima: Vec<Row>,
    /// By stretch of 64 blocks: the blocks that have an instance.
    used: Vec<u64>,
}

impl Sequence {
    /// Nothing, with so many amounts for each rank.
    pub(crate) fn new(width: usize) -> Self {
        Self { width, rows: Vec::new(), maxima: Vec::new(), used: Vec::new() }
    }

    /// Makes room for so many ranks.
    pub(crate) fn reserve(&mut self, ranks: usize) {
        let blocks = ranks.div_ceil(LANES);
        let stretches = blocks.div_ceil(LANES);
        if self.used.len() < stretches {
            self.rows.resize(stretches * LANES * self.width, [NOTHING; LANES]);
            self.maxima.resize(stretches * self.width, [NOTHING; LANES]);
            self.used.resize(stretches, 0);
        }
    }

    /// Forgets every rank.
    pub(crate) fn clear(&mut self) {
        self.rows.fill([NOTHING; LANES]);
        self.maxima.fill([NOTHING; LANES]);
        self.used.fill(0);
    }

    /// Amounts of an instance.
    pub(crate) fn set(&mut self, rank: u32, amounts: &[i32]) {
        let (block, lane) = (rank as usize / LANES, rank as usize % LANES);
        self.reserve(rank as usize + 1);
        self.used[block / LANES] |= 1 << (block % LANES);
        for (at, &amount) in amounts.iter().enumerate() {
            self.put(block, lane, at, amount);
        }
    }

    /// An instance is gone.
    pub(crate) fn unset(&mut self, rank: u32) {
        let (block, lane) = (rank as usize / LANES, rank as usize % LANES);
        for at in 0..self.width {
            self.put(block, lane, at, NOTHING);
        }
    }

    /// Changes one amount.
    fn put(&mut self, block: usize, lane: usize, at: usize, amount: i32) {
        let row = &mut self.rows[block * self.width + at];
        let before = core::mem::replace(&mut row[lane], amount);
        let most = &mut self.maxima[block / LANES * self.width + at][block % LANES];
        if amount > *most {
            *most = amount;
        } else if before == *most && amount < before {
            *most = greatest(row);
        }
    }

    /// Amounts of a rank.
    pub(crate) fn amounts(&self, rank: u32) -> impl Iterator<Item = i32> + '_ {
        let (block, lane) = (rank as usize / LANES, rank as usize % LANES);
        (0..self.width).map(move |at| self.rows[block * self.width + at][lane])
    }

    /// Shows `visit` the ranks from one on whose amounts are enough, in order, until it says to stop.
    pub(crate) fn walk(
        &self,
        from: u32,
        amounts: &[i32],
        among: Among<'_>,
        effort: &mut Effort,
        mut visit: impl FnMut(u32) -> bool,
    ) -> Walk {
        let (first_block, first_lane) = (from as usize / LANES, from as usize % LANES);
        let first_stretch = first_block / LANES;
        for (stretch, &used) in self.used.iter().enumerate().skip(first_stretch) {
            let mut blocks = used & among.blocks(stretch);
            if stretch == first_stretch {
                blocks &= u64::MAX << (first_block % LANES);
            }
            for (at, &least) in amounts.iter().enumerate().rev().filter(|(_, least)| **least != NOTHING) {
                if blocks == 0 {
                    break;
                }
                blocks &= at_least(&self.maxima[stretch * self.width + at], least);
            }
            for block in bits(blocks) {
                let block = stretch * LANES + block as usize;
                let mut lanes = among.lanes(block);
                if block == first_block {
                    lanes &= u64::MAX << first_lane;
                }
                for (at, &least) in amounts.iter().enumerate().rev().filter(|(_, least)| **least != NOTHING) {
                    if lanes == 0 {
                        break;
                    }
                    lanes = enough(&self.rows[block * self.width + at], least, lanes);
                }
                #[expect(clippy::cast_possible_truncation, reason = "ranks fit a u32")]
                let first_rank = (block * LANES) as u32;
                if !effort.visit_block(BLOCK_PRICE) {
                    effort.reached = i64::from(first_rank);
                    return Walk::Spent;
                }
                for lane in bits(lanes) {
                    let rank = first_rank + lane;
                    if !effort.visit_instance() {
                        effort.reached = i64::from(rank);
                        return Walk::Spent;
                    }
                    if visit(rank) {
                        return Walk::Stopped;
                    }
                }
            }
        }
        Walk::Ended
    }

    /// Whether the maxima are those of the amounts.
    pub(crate) fn is_sound(&self) -> bool {
        self.rows.chunks(self.width.max(1)).enumerate().all(|(block, rows)| {
            let kept = |at: usize| self.maxima[block / LANES * self.width + at][block % LANES];
            rows.iter().enumerate().all(|(at, row)| greatest(row) == kept(at))
        })
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        (self.rows.capacity() + self.maxima.capacity()) * size_of::<Row>() + self.used.capacity() * size_of::<u64>()
    }
}

/// Which ranks a walk looks at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Among<'a> {
    /// Ranks that are left out.
    pub(crate) without: [Option<&'a Ranked>; 2],
    /// The only ranks that are not; all, where there is no such set.
    pub(crate) within: Option<&'a Ranked>,
}

impl Among<'_> {
    /// Blocks of a stretch that may have some of them.
    #[inline]
    fn blocks(&self, stretch: usize) -> u64 {
        let full = self.without.iter().flatten().fold(0, |full, without| full | without.full(stretch));
        self.within.map_or(u64::MAX, |within| within.some(stretch)) & !full
    }

    /// Lanes of a block that are of them.
    #[inline]
    fn lanes(&self, block: usize) -> u64 {
        let left_out = self.without.iter().flatten().fold(0, |lanes, without| lanes | without.word(block));
        self.within.map_or(u64::MAX, |within| within.word(block)) & !left_out
    }
}

/// A set of ranks that knows its full blocks, and those with some.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ranked {
    /// By block: a bit for each rank.
    words: Vec<u64>,
    /// By stretch of 64 blocks: the blocks that are full, and those with some.
    marks: Vec<Marks>,
    /// Ranks in it.
    len: usize,
}

/// What a set of ranks says of a stretch of 64 blocks, a bit for each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Marks {
    /// Every rank of the block is in the set.
    full: u64,
    /// Some rank is.
    some: u64,
}

impl Ranked {
    /// Makes room for so many ranks.
    pub(crate) fn reserve(&mut self, ranks: usize) {
        let blocks = ranks.div_ceil(LANES);
        if self.words.len() < blocks {
            self.words.resize(blocks, 0);
            self.marks.resize(blocks.div_ceil(LANES), Marks::default());
        }
    }

    /// Takes every rank out.
    pub(crate) fn clear(&mut self) {
        self.words.fill(0);
        self.marks.fill(Marks::default());
        self.len = 0;
    }

    /// Whether no rank is in the set.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether a rank is in the set.
    #[inline]
    pub(crate) fn contains(&self, rank: u32) -> bool {
        self.word(rank as usize / LANES) >> (rank as usize % LANES) & 1 != 0
    }

    /// Puts a rank in, or takes it out.
    pub(crate) fn set(&mut self, rank: u32, member: bool) {
        self.reserve(rank as usize + 1);
        let (block, bit) = (rank as usize / LANES, 1_u64 << (rank as usize % LANES));
        let word = &mut self.words[block];
        let before = *word;
        *word = if member { before | bit } else { before & !bit };
        if *word == before {
            return;
        }
        self.len = if member { self.len + 1 } else { self.len - 1 };
        let (marks, bit) = (&mut self.marks[block / LANES], 1_u64 << (block % LANES));
        marks.full = if *word == u64::MAX { marks.full | bit } else { marks.full & !bit };
        marks.some = if *word == 0 { marks.some & !bit } else { marks.some | bit };
    }

    /// The ranks in it, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0u32..).zip(&self.words).flat_map(|(block, &word)| bits(word).map(move |lane| block * 64 + lane))
    }

    /// Blocks with some rank of it.
    pub(super) fn blocks(&self) -> usize {
        self.words.iter().filter(|&&word| word != 0).count()
    }

    /// Whether what it says of blocks is right.
    pub(super) fn is_sound(&self) -> bool {
        let right = |(stretch, words): (usize, &[u64])| {
            let marked = |is: fn(u64) -> bool| {
                (0..).zip(words).fold(0, |marked, (at, &word)| marked | u64::from(is(word)) << at)
            };
            (self.some(stretch), self.full(stretch)) == (marked(|word| word != 0), marked(|word| word == u64::MAX))
        };
        self.words.chunks(LANES).enumerate().all(right) && self.iter().count() == self.len
    }

    /// The ranks of a block.
    #[inline]
    pub(crate) fn word(&self, block: usize) -> u64 {
        self.words.get(block).copied().unwrap_or(0)
    }

    /// The full blocks of a stretch.
    #[inline]
    fn full(&self, stretch: usize) -> u64 {
        self.marks.get(stretch).map_or(0, |marks| marks.full)
    }

    /// The blocks of a stretch with some rank.
    #[inline]
    fn some(&self, stretch: usize) -> u64 {
        self.marks.get(stretch).map_or(0, |marks| marks.some)
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        self.words.capacity() * size_of::<u64>() + self.marks.capacity() * size_of::<Marks>()
    }
}

//! A packing: which kinds lie together in how many bins of which type.
//!
//! Equal bins are one [`Pattern`] with a count, as equal items are one kind. [`Packing::bins`] turns patterns back into the
//! caller's rows.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::cheapen;
use super::problem::{Problem, Reason};

/// So many bins of one type with the same content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern {
    /// Bin type.
    pub bin_type: u32,
    /// How many such bins, at least 1.
    pub count: u64,
    /// Kinds in each of them and how many of each, by kind, each at least 1.
    pub content: Vec<(u32, u64)>,
}

/// Bins and what lies in them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Packing {
    /// Patterns.
    pub patterns: Vec<Pattern>,
}

/// So many bins of one type, by rows of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bins {
    /// Bin type.
    pub bin_type: u32,
    /// How many such bins, at least 1.
    pub count: u64,
    /// Rows in each of them and how many of each.
    pub items: Vec<(u32, u64)>,
}

/// Items of a row that are not packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unpacked {
    /// The row, by its place in the input.
    pub row: u32,
    /// How many of it.
    pub count: u64,
    /// Why.
    pub reason: Reason,
}

impl Problem {
    /// Whether one more item of some kind would fit into a bin like this, as amounts, classes and GPUs go.
    ///
    /// # Panics
    /// For a type or kind there is not, and a bin that holds too much.
    ///
    /// # Cost
    /// O(kinds × dimensions), and the rules of each.
    #[must_use]
    pub fn takes_more(&self, pattern: &Pattern) -> bool {
        let mut free: Vec<u64> = self.capacity(pattern.bin_type).to_vec();
        for &(kind, number) in &pattern.content {
            free.iter_mut().zip(self.demand(kind)).for_each(|(free, &wanted)| *free -= wanted * number);
        }
        let fits = |kind: u32| {
            self.is_allowed(kind, pattern.bin_type)
                && self.demand(kind).iter().zip(&free).all(|(wanted, free)| wanted <= free)
        };
        let mut content = pattern.content.clone();
        (0_u32..).zip(&self.kinds.count).map(|(kind, _)| kind).filter(|&kind| fits(kind)).any(|kind| {
            content.push((kind, 1));
            let holds = self.holds(pattern.bin_type, &content);
            content.pop();
            holds
        })
    }

    /// Whether a fresh bin of a type holds so many items of these kinds. Shares of GPUs are dealt out largest first, each to where
    /// it leaves least, so of an odd few it is said that they do not fit where they could; [`verify`](super::verify) tries all.
    ///
    /// # Panics
    /// For a type or kind there is not.
    #[must_use]
    pub fn holds(&self, bin_type: u32, content: &[(u32, u64)]) -> bool {
        cheapen::holds(self, bin_type, content)
    }
}

impl Packing {
    /// What its bins cost, in millionths.
    ///
    /// # Panics
    /// For a type there is not; so do the methods below for a type or kind there is not. [`verify`](super::verify) says whether
    /// there are any.
    #[must_use]
    pub fn cost(&self, problem: &Problem) -> u128 {
        self.patterns.iter().map(|p| u128::from(problem.cost(p.bin_type)) * u128::from(p.count)).sum()
    }

    /// How many bins it has.
    #[must_use]
    pub fn bin_count(&self) -> u64 {
        self.patterns.iter().map(|pattern| pattern.count).sum()
    }

    /// How many of each kind it holds. `[kinds]`
    #[must_use]
    pub fn packed(&self, problem: &Problem) -> Vec<u64> {
        let mut packed = vec![0; problem.kinds()];
        for pattern in &self.patterns {
            for &(kind, number) in &pattern.content {
                packed[kind as usize] += number * pattern.count;
            }
        }
        packed
    }

    /// How many items it does not hold.
    #[must_use]
    pub fn missing(&self, problem: &Problem) -> u64 {
        let packed: u64 = self.patterns.iter().map(|p| p.count * p.content.iter().map(|&(_, n)| n).sum::<u64>()).sum();
        problem.items().saturating_sub(packed)
    }

    /// The same packing with equal bins together, contents in order, nothing empty: equal for equal packings.
    #[must_use]
    pub fn normalized(self) -> Self {
        let mut merged: BTreeMap<(u32, Vec<(u32, u64)>), u64> = BTreeMap::new();
        for mut pattern in self.patterns {
            pattern.content.sort_unstable();
            pattern.content.dedup_by(|next, kept| {
                let is_same = next.0 == kept.0;
                if is_same {
                    kept.1 += next.1;
                }
                is_same
            });
            pattern.content.retain(|&(_, number)| number > 0);
            if pattern.count > 0 && !pattern.content.is_empty() {
                *merged.entry((pattern.bin_type, pattern.content)).or_default() += pattern.count;
            }
        }
        let patterns = merged.into_iter().map(|((bin_type, content), count)| Pattern { bin_type, count, content });
        Self { patterns: patterns.collect() }
    }

    /// The bins by rows of the input: each kind's rows are dealt out in the order given.
    ///
    /// # Cost
    /// Linear in patterns and rows.
    #[must_use]
    pub fn bins(&self, problem: &Problem) -> Vec<Bins> {
        let mut hands: Vec<Hand> = (0..problem.kinds()).map(|_| Hand::default()).collect();
        let mut bins = Vec::new();
        for pattern in &self.patterns {
            let mut left = pattern.count;
            while left > 0 {
                let mut items = Vec::with_capacity(pattern.content.len());
                let mut same = left;
                for &(kind, number) in &pattern.content {
                    same = same.min(hands[kind as usize].repeats(problem, kind, number));
                }
                for &(kind, number) in &pattern.content {
                    hands[kind as usize].take(problem, kind, number, same, &mut items);
                }
                bins.push(Bins { bin_type: pattern.bin_type, count: same, items });
                left -= same;
            }
        }
        bins
    }

    /// Rows with items that are in no bin, misfits included, by row. What a kind lacks is missing from its last rows.
    #[must_use]
    pub fn unpacked(&self, problem: &Problem, reason_of: impl Fn(u32) -> Reason) -> Vec<Unpacked> {
        let misfits = problem.misfits().iter();
        let mut unpacked: Vec<Unpacked> = misfits
            .map(|misfit| Unpacked { row: misfit.row, count: problem.row_count(misfit.row), reason: misfit.reason })
            .collect();
        for (kind, packed) in (0..).zip(self.packed(problem)) {
            let mut missing = problem.count(kind).saturating_sub(packed);
            for &row in problem.rows_of(kind).iter().rev() {
                let count = missing.min(problem.row_count(row));
                if count > 0 {
                    unpacked.push(Unpacked { row, count, reason: reason_of(kind) });
                    missing -= count;
                }
            }
        }
        unpacked.sort_unstable_by_key(|unpacked| unpacked.row);
        unpacked
    }
}

/// How far the rows of a kind are dealt out.
#[derive(Debug, Clone, Default)]
struct Hand {
    /// Rows that are used up.
    row: usize,
    /// Copies of the next row that are dealt out.
    used: u64,
}

impl Hand {
    /// Copies left of the next row that has any.
    fn left(&mut self, problem: &Problem, kind: u32) -> u64 {
        let rows = problem.rows_of(kind);
        while let Some(&row) = rows.get(self.row) {
            let left = problem.row_count(row) - self.used;
            if left > 0 {
                return left;
            }
            self.row += 1;
            self.used = 0;
        }
        0
    }

    /// How many bins in a row take `number` copies each from the same rows, at least 1.
    fn repeats(&mut self, problem: &Problem, kind: u32, number: u64) -> u64 {
        (self.left(problem, kind) / number.max(1)).max(1)
    }

    /// Deals `number` copies out to each of `bins` bins. A single bin may take from several rows.
    fn take(&mut self, problem: &Problem, kind: u32, number: u64, bins: u64, items: &mut Vec<(u32, u64)>) {
        let mut wanted = number;
        while wanted > 0 {
            let left = self.left(problem, kind);
            let Some(&row) = problem.rows_of(kind).get(self.row) else { return };
            let each = wanted.min(left / bins);
            items.push((row, each));
            self.used += each * bins;
            wanted -= each;
        }
    }
}

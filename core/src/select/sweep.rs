//! Going once through the instances that a request's static facts admit, instead of along an order: for requests whose
//! admitted instances are few, or those an order comes to last.
//!
//! The best so far is kept; what is dear to ask is asked only of an instance that would be better. Cost: a step for each word
//! of slots, and a few for each admitted instance. Exact where it answers; does not allocate.

use crate::index::Index;
use crate::index::bitset::bits;
use crate::state::{State, WORD};

use super::indexed::{Found, Searcher, spread_of};
use super::plan::{Last, Plan, Search};
use super::scan::fitting;

/// What a search that comes before a sweep may cost whatever the size of the cluster.
const PRICE_LEAST: usize = 32;
/// Words of slots that a unit of the budget of a search stands for.
const PRICE_WORDS: usize = 3;
/// Units that as many words stand for, where they have many admitted instances.
const PRICE_MANY: usize = 21;
/// Admitted instances that a unit stands for, where a word has few.
const PRICE_MEMBERS: usize = 2;

/// About what a sweep costs, in units of a search; `None` where the chain draws, or ties are to be narrowed.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "fewer than slots, which fit a u32")]
pub(super) fn price(state: &State, index: &Index, plan: &Plan, search: &Search) -> Option<u32> {
    let (words, members) = (state.slots() / WORD, index.admissions.len(search.admission));
    // Where a word has many, they are compared at once.
    let compared = (members / PRICE_MEMBERS).min(words * PRICE_MANY / PRICE_WORDS);
    search.is_swept(plan).then_some(PRICE_LEAST.max(words / PRICE_WORDS + compared) as u32)
}

impl Searcher<'_, '_> {
    /// The instance that the request's next task goes to; `Unknown` where the chain draws, ties are to be narrowed, or the
    /// attribute of the spread has too many values.
    pub(super) fn sweep(&self) -> Found {
        let (state, Index { ranks, watches, tallies, .. }) = (self.state, self.index);
        let rank = |slot: u32| i64::from(ranks.of(slot));
        match self.search.last {
            Last::Registration => self.sweep_by(rank),
            Last::Binpack(column, next) if next == self.plan.rules.len() => {
                let column = &state.remaining[column];
                self.sweep_by(|slot| i64::from(column[slot as usize]) << 32 | rank(slot))
            }
            Last::SpreadInstance => {
                let key = |tasks: u32, slot: u32| i64::from(tasks) << 32 | rank(slot);
                match tallies.counts(self.plan.group) {
                    Some(counts) => self.sweep_by(|slot| key(counts[slot as usize], slot)),
                    None => self.sweep_by(|slot| key(watches.tasks(self.plan.group, ranks.of(slot)), slot)),
                }
            }
            Last::Binpack(..) | Last::Random => Found::Unknown,
        }
    }

    /// The feasible instance with the least key, of those in domains with the fewest tasks if something is spread.
    #[inline]
    fn sweep_by(&self, key: impl Fn(u32) -> i64) -> Found {
        let spread = spread_of(self.index, self.plan, self.search);
        if spread.is_none() && self.search.spread.is_some() {
            return Found::Unknown;
        }
        let amounts = &self.state.demands.get(self.plan.demand).amounts;
        let taken = self.taken.filter(|_| self.index.ranks.are_slots());
        let mut best = (u32::MAX, i64::MAX);
        let mut found = Found::Nothing;
        for (word, &members) in self.admitted.words().iter().enumerate() {
            // PERF: sets are cheaper than amounts, so where a group has a task, or a port is taken, on most
            // instances, few are left to compare.
            let mut lanes = members & !taken.map_or(0, |taken| taken.word(word));
            if !self.ports.is_empty() {
                lanes &= !self.ports_taken(word);
            }
            for &(column, amount) in amounts {
                if lanes == 0 {
                    break;
                }
                lanes &= fitting(&self.state.remaining[usize::from(column)], word, amount, lanes);
            }
            for lane in bits(lanes) {
                #[expect(clippy::cast_possible_truncation, reason = "slots fit a u32")]
                let slot = (word * WORD) as u32 + lane;
                let level = spread.map_or(0, |spread| spread.level_of(slot));
                if level > best.0 {
                    continue;
                }
                let key = (level, key(slot));
                if key < best && self.is_free(slot) {
                    best = key;
                    found = Found::Instance(slot);
                }
            }
        }
        found
    }
}

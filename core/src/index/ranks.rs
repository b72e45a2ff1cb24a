//! Registration order as small numbers: an instance registered later has a greater rank.
//!
//! A rank is taken once and kept while the instance is known, a savepoint that may bring it back included. Ranks of
//! instances that are gone leave gaps; when there are as many gaps as slots, everything is numbered again, which only
//! registering does.

use alloc::vec::Vec;

use crate::limits::INSTANCES_MAX;
use crate::state::{Life, NONE, State};

use super::row::LANES;

/// Ranks there can be.
pub(crate) const RANKS_MAX: usize = 2 * INSTANCES_MAX;

/// Ranks both ways.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ranks {
    /// By slot: its rank.
    of: Vec<u32>,
    /// By rank: its slot.
    slots: Vec<u32>,
    /// Whether some rank differs from its slot. As long as no slot was used twice, none does, and nothing is looked up.
    differ: bool,
}

impl Ranks {
    /// The rank of a slot.
    #[inline]
    pub(crate) fn of(&self, slot: u32) -> u32 {
        if self.differ { self.of[slot as usize] } else { slot }
    }

    /// Whether every slot is its own rank, so that sets of one are sets of the other.
    #[inline]
    pub(crate) fn are_slots(&self) -> bool {
        !self.differ
    }

    /// The slot of a rank that is in use.
    #[inline]
    pub(crate) fn slot_of(&self, rank: u32) -> u32 {
        if self.differ { self.slots[rank as usize] } else { rank }
    }

    /// By rank: slots, [`NONE`] in a gap.
    #[inline]
    pub(crate) fn slots(&self) -> &[u32] {
        &self.slots
    }

    /// Ranks that so many instances may come to have.
    pub(crate) fn room(instances: usize) -> usize {
        (2 * instances + LANES).min(RANKS_MAX)
    }

    /// Makes room for so many instances.
    pub(crate) fn reserve(&mut self, instances: usize) {
        self.of.reserve(instances.saturating_sub(self.of.len()));
        self.slots.reserve(instances.saturating_sub(self.slots.len()));
    }

    /// Gives a rank to an instance that has just entered the cluster; returns whether others got new ones.
    pub(crate) fn enter(&mut self, state: &State, slot: u32) -> bool {
        self.of.resize(state.slots(), NONE);
        let kept = self.of[slot as usize];
        let at = state.registry.partition_point(|&other| state.order[other as usize] < state.order[slot as usize]);
        let is_last = at + 1 == state.registry.len();
        if kept != NONE && self.slots.get(kept as usize) == Some(&slot) {
            // It came back to its place, or its slot has been taken again by another.
            let follows = at == 0 || self.of(state.registry[at - 1]) < kept;
            if follows && (is_last || kept < self.of(state.registry[at + 1])) {
                return false;
            }
            self.slots[kept as usize] = NONE;
        }
        if is_last && self.slots.len() < Self::room(state.slots()) {
            #[expect(clippy::cast_possible_truncation, reason = "at most RANKS_MAX")]
            let rank = self.slots.len() as u32;
            self.of[slot as usize] = rank;
            self.differ |= rank != slot;
            self.slots.push(slot);
            return false;
        }
        self.number(state);
        true
    }

    /// Numbers everything again, instances that a savepoint may bring back included.
    fn number(&mut self, state: &State) {
        let is_known = |&(_, life): &(u32, &Life)| matches!(life, Life::Live | Life::Aside);
        self.of.fill(NONE);
        self.slots.clear();
        self.slots.extend((0u32..).zip(&state.life).filter(is_known).map(|(slot, _)| slot));
        self.slots.sort_unstable_by_key(|&slot| state.order[slot as usize]);
        for (rank, &slot) in (0u32..).zip(&self.slots) {
            self.of[slot as usize] = rank;
        }
        self.differ = (0u32..).zip(&self.slots).any(|(rank, &slot)| rank != slot);
    }

    /// Whether ranks follow registration order.
    pub(crate) fn is_sound(&self, state: &State) -> bool {
        state.registry.windows(2).all(|pair| self.of(pair[0]) < self.of(pair[1]))
            && state.registry.iter().all(|&slot| {
                let rank = self.of[slot as usize];
                self.slots.get(rank as usize) == Some(&slot) && self.of(slot) == rank && self.slot_of(rank) == slot
            })
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        (self.of.capacity() + self.slots.capacity()) * size_of::<u32>()
    }
}

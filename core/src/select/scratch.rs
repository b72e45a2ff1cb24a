//! The buffers choosing needs, sized before it starts.

use alloc::vec::Vec;

use crate::state::WORD;

use super::batch::Batch;

/// Working memory of one selection or batch; what it holds between two of them means nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scratch {
    /// Candidates, a bit for each slot.
    pub(crate) candidates: Vec<u64>,
    /// Slots still tied.
    pub(crate) ties: Vec<u32>,
    /// Tasks of the group per value of a spread attribute; position 0 counts instances without it.
    pub(crate) domains: Vec<u32>,
    /// Tasks that scale-in may choose from.
    pub(crate) victims: Vec<u32>,
    /// Tasks in a row.
    pub(crate) batch: Batch,
}

impl Scratch {
    /// Makes room for so many slots, attribute values and tasks.
    pub(crate) fn reserve(&mut self, slots: usize, values: usize, tasks: usize) {
        let words = slots.div_ceil(WORD);
        if self.candidates.len() < words {
            self.candidates.resize(words, 0);
        }
        self.ties.reserve(slots.saturating_sub(self.ties.len()));
        if self.domains.len() <= values {
            self.domains.resize(values + 1, 0);
        }
        self.victims.reserve(tasks.saturating_sub(self.victims.len()));
    }

    /// Makes the tied slots the candidates.
    pub(crate) fn gather_ties(&mut self) {
        self.candidates.fill(0);
        for &slot in &self.ties {
            self.candidates[slot as usize / WORD] |= 1 << (slot as usize % WORD);
        }
    }

    /// Whether a slot is a candidate.
    #[inline]
    pub(crate) fn is_candidate(&self, slot: u32) -> bool {
        self.candidates[slot as usize / WORD] >> (slot as usize % WORD) & 1 != 0
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        self.candidates.capacity() * size_of::<u64>()
            + (self.ties.capacity() + self.domains.capacity() + self.victims.capacity()) * size_of::<u32>()
            + self.batch.memory_usage()
    }
}

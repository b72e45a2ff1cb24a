//! A set of slots, a bit each, sixty-four to a word.

use alloc::vec::Vec;

use crate::state::WORD;

/// A set of slots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bitset {
    /// Bit `slot % 64` of word `slot / 64`.
    words: Vec<u64>,
}

impl Bitset {
    /// A set of these words.
    pub(crate) fn from_words(words: impl Iterator<Item = u64>) -> Self {
        Self { words: words.collect() }
    }

    /// Makes room for slots below `words × 64`.
    pub(crate) fn resize(&mut self, words: usize) {
        self.words.resize(words, 0);
    }

    /// The words.
    #[inline]
    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    /// A word; 0 past the end.
    #[inline]
    pub(crate) fn word(&self, index: usize) -> u64 {
        self.words.get(index).copied().unwrap_or(0)
    }

    /// Whether the slot is in the set.
    #[inline]
    pub(crate) fn contains(&self, slot: u32) -> bool {
        self.word(slot as usize / WORD) >> (slot as usize % WORD) & 1 != 0
    }

    /// Puts the slot in the set, or takes it out.
    #[inline]
    pub(crate) fn set(&mut self, slot: u32, member: bool) {
        let word = slot as usize / WORD;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let bit = 1 << (slot as usize % WORD);
        if member {
            self.words[word] |= bit;
        } else {
            self.words[word] &= !bit;
        }
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }
}

/// The bits set in a word, lowest first.
#[inline]
pub(crate) fn bits(mut word: u64) -> impl Iterator<Item = u32> {
    core::iter::from_fn(move || {
        if word == 0 {
            return None;
        }
        let bit = word.trailing_zeros();
        word &= word - 1;
        Some(bit)
    })
}

//! Text ↔ number, with a count of holders: a string arena and a hash table of offsets, so no text is stored twice.
//!
//! INVARIANT: an entry with holders is in the table exactly once; an entry without is on the free list and in no table.
//! A number is reused once its text is given back; `born` tells two lives of one number apart.
//! The shape is hashbrown's own advice for keys stored elsewhere (hashbrown: `HashTable`).

use alloc::string::String;
use alloc::vec::Vec;
use core::hash::BuildHasher;

use hashbrown::HashTable;

use crate::error::{Error, ErrorKind};

/// One text.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// First byte in the arena.
    start: u32,
    /// Bytes.
    len: u32,
    /// Who needs it; 0 on the free list.
    holders: u32,
    /// Which life of the number this is.
    born: u32,
}

/// Texts by number.
#[derive(Debug, Clone)]
pub(crate) struct Interner {
    /// All texts, one after another, dead ones between them.
    arena: String,
    /// Bytes of the arena nobody needs.
    garbage: usize,
    /// By number.
    entries: Vec<Entry>,
    /// Numbers to be reused.
    free: Vec<u32>,
    /// Numbers by hash of their text.
    table: HashTable<u32>,
    /// Lives begun so far.
    births: u32,
    /// Most numbers there may be.
    entries_max: usize,
}

/// Hash with a fixed seed: the same work in every run.
pub(crate) fn hash_text(text: &str) -> u64 {
    foldhash::quality::FixedState::with_seed(0).hash_one(text)
}

impl Interner {
    /// An empty interner for at most `entries_max` texts.
    pub(crate) fn new(entries_max: usize) -> Self {
        Self {
            arena: String::new(),
            garbage: 0,
            entries: Vec::new(),
            free: Vec::new(),
            table: HashTable::new(),
            births: 0,
            entries_max,
        }
    }

    /// Numbers given out so far, live or free.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The number of `text`, if anybody holds it.
    pub(crate) fn get(&self, text: &str) -> Option<u32> {
        self.table.find(hash_text(text), |&number| self.text(number) == text).copied()
    }

    /// The text of a number.
    pub(crate) fn text(&self, number: u32) -> &str {
        let entry = &self.entries[number as usize];
        &self.arena[entry.start as usize..(entry.start + entry.len) as usize]
    }

    /// Which life of the number this is.
    pub(crate) fn born(&self, number: u32) -> u32 {
        self.entries[number as usize].born
    }

    /// Holders of a number.
    pub(crate) fn holders(&self, number: u32) -> u32 {
        self.entries[number as usize].holders
    }

    /// The number of `text`, with one holder more.
    ///
    /// # Errors
    /// [`ErrorKind::CapacityMax`] when every number, or the arena, is used up.
    pub(crate) fn hold(&mut self, text: &str) -> Result<u32, Error> {
        let hash = hash_text(text);
        if let Some(&number) = self.table.find(hash, |&number| self.text(number) == text) {
            self.hold_again(number);
            return Ok(number);
        }
        // Here and not on release, so that giving a text back never allocates.
        if self.garbage > 4096 && self.garbage > self.arena.len() / 2 {
            self.compact();
        }
        let full = || Error::new(ErrorKind::CapacityMax);
        let start = u32::try_from(self.arena.len()).map_err(|_| full())?;
        let len = u32::try_from(text.len()).map_err(|_| full())?;
        start.checked_add(len).ok_or_else(full)?;
        let number = match self.free.last() {
            Some(&number) => number,
            None if self.entries.len() < self.entries_max => u32::try_from(self.entries.len()).map_err(|_| full())?,
            None => return Err(full()),
        };
        self.births = self.births.wrapping_add(1);
        let entry = Entry { start, len, holders: 1, born: self.births };
        if self.free.pop().is_some() {
            self.entries[number as usize] = entry;
        } else {
            self.entries.push(entry);
            self.reserve_free();
        }
        self.arena.push_str(text);
        let Self { arena, entries, table, .. } = self;
        table.insert_unique(hash, number, |&other| {
            let entry = &entries[other as usize];
            hash_text(&arena[entry.start as usize..(entry.start + entry.len) as usize])
        });
        Ok(number)
    }

    /// Makes room to give every text back.
    pub(crate) fn reserve_free(&mut self) {
        self.free.reserve(self.entries.len() - self.free.len());
    }

    /// One holder more of a number somebody holds already.
    #[inline]
    pub(crate) fn hold_again(&mut self, number: u32) {
        let entry = &mut self.entries[number as usize];
        entry.holders = entry.holders.saturating_add(1);
    }

    /// One holder less; with the last one the text is given back. Returns whether it was the last.
    pub(crate) fn release(&mut self, number: u32) -> bool {
        let entry = &mut self.entries[number as usize];
        entry.holders = entry.holders.saturating_sub(1);
        if entry.holders > 0 {
            return false;
        }
        let hash = hash_text(self.text(number));
        if let Ok(found) = self.table.find_entry(hash, |&other| other == number) {
            found.remove();
        }
        self.garbage += self.entries[number as usize].len as usize;
        self.free.push(number);
        true
    }

    /// Closes the gaps in the arena.
    fn compact(&mut self) {
        let mut arena = String::with_capacity(self.arena.len() - self.garbage);
        for entry in self.entries.iter_mut().filter(|entry| entry.holders > 0) {
            let start = arena.len();
            arena.push_str(&self.arena[entry.start as usize..(entry.start + entry.len) as usize]);
            #[expect(clippy::cast_possible_truncation, reason = "the arena only became shorter")]
            {
                entry.start = start as u32;
            }
        }
        for &number in &self.free {
            self.entries[number as usize].start = 0;
            self.entries[number as usize].len = 0;
        }
        self.arena = arena;
        self.garbage = 0;
        if self.free.len() > self.entries.len() / 2 {
            self.entries.shrink_to_fit();
            self.table.shrink_to(self.entries.len() - self.free.len(), |&number| {
                let entry = &self.entries[number as usize];
                hash_text(&self.arena[entry.start as usize..(entry.start + entry.len) as usize])
            });
        }
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        self.arena.capacity()
            + self.entries.capacity() * size_of::<Entry>()
            + self.free.capacity() * size_of::<u32>()
            + self.table.allocation_size()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number_until_its_last_holder_lets_go() {
        let mut interner = Interner::new(8);
        let a = interner.hold("a").unwrap();
        assert_eq!(interner.hold("a").unwrap(), a);
        assert!(!interner.release(a));
        assert_eq!(interner.get("a"), Some(a));
        let born = interner.born(a);
        assert!(interner.release(a));
        assert_eq!(interner.get("a"), None);
        assert_eq!(interner.hold("b").unwrap(), a, "the number is reused");
        assert_ne!(interner.born(a), born, "but it is another life");
    }

    #[test]
    fn the_arena_is_compacted_and_texts_survive() {
        let mut interner = Interner::new(100_000);
        let kept = interner.hold("kept").unwrap();
        for i in 0..10_000 {
            let number = interner.hold(&alloc::format!("value-{i}")).unwrap();
            interner.release(number);
        }
        assert_eq!(interner.text(kept), "kept");
        assert!(interner.memory_usage() < 64 * 1024, "{}", interner.memory_usage());
    }

    #[test]
    fn one_too_many_is_refused_and_changes_nothing() {
        let mut interner = Interner::new(1);
        interner.hold("a").unwrap();
        assert_eq!(interner.hold("b").unwrap_err().kind(), ErrorKind::CapacityMax);
        assert_eq!(interner.get("b"), None);
        assert!(interner.hold("a").is_ok());
    }
}

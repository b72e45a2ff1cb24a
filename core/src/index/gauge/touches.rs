//! Which instances changed lately: a bounded log, read by caches that follow when they are asked.

use alloc::vec::Vec;

/// The log. Each entry is a slot; a reader remembers how far it has read, and one that lags behind by more than the log holds
/// looks at every slot.
#[derive(Debug, Clone, Default)]
pub(super) struct Touches {
    /// The last entries, the n-th at n modulo the length, a power of two; empty while nobody reads.
    ring: Vec<u32>,
    /// By slot: the number of its last entry plus one, or 0.
    latest: Vec<u64>,
    /// Entries ever written.
    written: u64,
}

/// How far a reader has read; `None` has seen nothing.
pub(super) type Seen = Option<u64>;

impl Touches {
    /// Makes room for so many slots. A log that grows forgets, so that every reader looks at every slot once.
    pub(super) fn reserve(&mut self, slots: usize) {
        if self.latest.len() < slots {
            self.latest.resize(slots, 0);
        }
        let length = (2 * slots).next_power_of_two().max(64);
        if self.ring.len() < length {
            self.written += 2 * length as u64;
            self.ring.clear();
            self.ring.resize(length, 0);
        }
    }

    /// An instance changed.
    #[inline]
    pub(super) fn touch(&mut self, slot: u32) {
        let mask = self.ring.len() - 1;
        #[expect(clippy::cast_possible_truncation, reason = "masked")]
        let at = self.written as usize & mask;
        self.ring[at] = slot;
        self.written += 1;
        self.latest[slot as usize] = self.written;
    }

    /// Where a reader stands that has read everything.
    pub(super) fn end(&self) -> Seen {
        Some(self.written)
    }

    /// Whether an instance changed after a reader read.
    pub(super) fn is_new(&self, seen: Seen, slot: u32) -> bool {
        match seen {
            Some(seen) if self.holds(seen) => self.latest[slot as usize] > seen,
            _ => true,
        }
    }

    /// Whether the log still has everything from an entry on.
    fn holds(&self, seen: u64) -> bool {
        self.written - seen <= self.ring.len() as u64
    }

    /// Calls `visit` with each of so many slots that changed after a reader read, each once.
    pub(super) fn since(&self, seen: Seen, slots: usize, mut visit: impl FnMut(u32)) {
        match seen {
            Some(seen) if self.holds(seen) => {
                let mask = self.ring.len() as u64 - 1;
                for entry in seen..self.written {
                    #[expect(clippy::cast_possible_truncation, reason = "masked")]
                    let slot = self.ring[(entry & mask) as usize];
                    if self.latest[slot as usize] == entry + 1 {
                        visit(slot);
                    }
                }
            }
            #[expect(clippy::cast_possible_truncation, reason = "slots fit a u32")]
            _ => (0..slots as u32).for_each(visit),
        }
    }

    /// Bytes held on the heap.
    pub(super) fn memory_usage(&self) -> usize {
        self.ring.capacity() * size_of::<u32>() + self.latest.capacity() * size_of::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader sees.
    fn seen(touches: &Touches, seen: Seen) -> Vec<u32> {
        let mut slots = Vec::new();
        touches.since(seen, 4, |slot| slots.push(slot));
        slots
    }

    #[test]
    fn each_changed_slot_is_seen_once_and_all_of_them_after_too_many() {
        let mut touches = Touches::default();
        touches.reserve(4);
        assert_eq!(seen(&touches, None), [0, 1, 2, 3]);
        let start = touches.end();
        for slot in [2, 1, 2] {
            touches.touch(slot);
        }
        assert_eq!(seen(&touches, start), [1, 2]);
        assert!(touches.is_new(start, 1) && !touches.is_new(start, 3));
        (0..61).for_each(|_| touches.touch(1));
        assert_eq!(seen(&touches, start), [2, 1]);
        touches.touch(1);
        assert_eq!(seen(&touches, start), [0, 1, 2, 3]);
        assert!(touches.is_new(start, 3));
    }

    #[test]
    fn a_log_that_grows_makes_readers_look_at_everything() {
        let mut touches = Touches::default();
        touches.reserve(4);
        let start = touches.end();
        touches.reserve(40);
        assert!(touches.is_new(start, 0));
        touches.touch(39);
        assert_eq!(touches.latest[39], touches.written);
    }
}

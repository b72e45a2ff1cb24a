//! The undo log: deltas since the oldest open savepoint, and the savepoints themselves.
//!
//! Opening a savepoint costs a push; rolling back costs what was done since. With no savepoint open nothing is recorded.

use alloc::vec::Vec;

use super::delta::Delta;

/// What a savepoint remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Tells savepoints apart for ever.
    pub(crate) serial: u64,
    /// Deltas recorded before it.
    pub(crate) position: usize,
    /// Tasks ever counted when it was opened.
    pub(crate) sequence: u64,
    /// Instances ever registered when it was opened.
    pub(crate) registrations: u64,
    /// The version of the state when it was opened.
    pub(crate) version: u64,
}

/// Deltas and open savepoints.
#[derive(Debug, Clone, Default)]
pub(crate) struct Journal {
    /// Deltas since the oldest open savepoint, oldest first.
    deltas: Vec<Delta>,
    /// Open savepoints, outermost first.
    marks: Vec<Mark>,
    /// Serial of the next savepoint.
    serial: u64,
}

impl Journal {
    /// Whether a savepoint is open.
    pub(crate) fn is_open(&self) -> bool {
        !self.marks.is_empty()
    }

    /// Open savepoints.
    pub(crate) fn depth(&self) -> usize {
        self.marks.len()
    }

    /// Opens a savepoint inside the innermost one.
    pub(crate) fn open(&mut self, sequence: u64, registrations: u64, version: u64) -> (usize, u64) {
        self.serial += 1;
        self.marks.push(Mark { serial: self.serial, position: self.deltas.len(), sequence, registrations, version });
        (self.marks.len() - 1, self.serial)
    }

    /// The savepoint at a depth, if it is still the one with this serial.
    pub(crate) fn mark(&self, depth: usize, serial: u64) -> Option<Mark> {
        self.marks.get(depth).copied().filter(|mark| mark.serial == serial)
    }

    /// Records a delta, if a savepoint is open.
    pub(crate) fn record(&mut self, delta: Delta) {
        if !self.is_open() {
            return;
        }
        // PERF: changes of the hot path are copied number by number. Copied as a whole, they would be loaded wider than they have
        // just been stored, which waits until every store before that has reached the cache.
        self.deltas.push(match delta {
            Delta::Run { task } => Delta::Run { task },
            Delta::Stop { task } => Delta::Stop { task },
            other => other,
        });
    }

    /// The last delta after `position`, taken out.
    pub(crate) fn pop_after(&mut self, position: usize) -> Option<Delta> {
        if self.deltas.len() > position { self.deltas.pop() } else { None }
    }

    /// Closes the savepoint at a depth and those inside it.
    pub(crate) fn close(&mut self, depth: usize) {
        self.marks.truncate(depth);
    }

    /// Deltas recorded, oldest first.
    pub(crate) fn deltas(&self) -> &[Delta] {
        &self.deltas
    }

    /// A recorded delta.
    pub(crate) fn delta(&self, index: usize) -> Option<Delta> {
        self.deltas.get(index).copied()
    }

    /// Forgets all deltas; only when no savepoint is open.
    pub(crate) fn clear(&mut self) {
        self.deltas.clear();
    }

    /// Makes room for `deltas` records and `savepoints` savepoints.
    pub(crate) fn reserve(&mut self, deltas: usize, savepoints: usize) {
        self.deltas.reserve(deltas.saturating_sub(self.deltas.len()));
        self.marks.reserve(savepoints.saturating_sub(self.marks.len()));
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        self.deltas.capacity() * size_of::<Delta>() + self.marks.capacity() * size_of::<Mark>()
    }
}

//! What instances have left beyond what the tasks on them explain.
//!
//! Where what is left is taken as it came, tasks nobody was told of have taken some of it. Few instances are like that once
//! their tasks are known, so this is a table of those amounts and not a column; only the control plane asks it.

use hashbrown::HashMap;

/// By how much remaining plus held exceeds registered, by slot and dimension; what is missing is 0.
#[derive(Debug, Clone, Default)]
pub(crate) struct SurplusTable(HashMap<(u32, u8), i64, foldhash::fast::FixedState>);

/// The key of one dimension of an instance.
#[expect(clippy::cast_possible_truncation, reason = "a column is below DIMENSIONS")]
const fn key(slot: u32, column: usize) -> (u32, u8) {
    (slot, column as u8)
}

impl SurplusTable {
    /// The surplus of an instance in one dimension; negative where something unknown holds it.
    pub(crate) fn get(&self, slot: u32, column: usize) -> i64 {
        self.0.get(&key(slot, column)).copied().unwrap_or(0)
    }

    /// Replaces the surplus of an instance in one dimension.
    pub(crate) fn set(&mut self, slot: u32, column: usize, surplus: i64) {
        if surplus == 0 {
            self.0.remove(&key(slot, column));
        } else {
            self.0.insert(key(slot, column), surplus);
        }
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        self.0.allocation_size()
    }
}

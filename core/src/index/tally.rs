//! Tasks of a group per instance, as a column, for the few groups that requests are looking at.
//!
//! A column is built by walking the group's tasks when a request first looks at the group, and then follows every change.
//! There are a fixed number of columns; the one unused longest makes room. So memory does not grow with groups × instances,
//! and nothing is allocated while placing.

use alloc::string::String;
use alloc::vec::Vec;

use crate::id::GroupId;
use crate::state::{Life, State, WORD};

/// Columns there are.
pub(crate) const COLUMNS: usize = 8;

/// Tasks of one group per instance.
#[derive(Debug, Clone, Default)]
struct Column {
    /// The group.
    group: Option<GroupId>,
    /// By slot: tasks of the group that count.
    counts: Vec<u32>,
    /// When it was last looked at.
    used: u64,
}

/// The columns.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tallies {
    /// The columns, in no order.
    columns: [Column; COLUMNS],
    /// Columns that have had a group; they come first.
    used: usize,
    /// Looks so far.
    clock: u64,
}

impl Tallies {
    /// Makes room for slots below `words` words.
    pub(crate) fn resize(&mut self, words: usize) {
        for column in &mut self.columns {
            column.counts.resize(words * WORD, 0);
        }
    }

    /// Makes sure the group has a column.
    pub(crate) fn focus(&mut self, state: &State, group: GroupId) {
        self.clock += 1;
        let clock = self.clock;
        if let Some(column) = self.column(group) {
            column.used = clock;
            return;
        }
        let Some((at, column)) = self.columns.iter_mut().enumerate().min_by_key(|(_, column)| column.used) else {
            return;
        };
        self.used = self.used.max(at + 1);
        column.used = clock;
        column.group = Some(group);
        column.counts.fill(0);
        for task in state.tasks_of_group(group) {
            column.counts[state.tasks[task as usize].instance as usize] += 1;
        }
    }

    /// Gives the group a column, if one has never had a group.
    pub(crate) fn focus_spare(&mut self, state: &State, group: GroupId) {
        if self.used < COLUMNS {
            self.focus(state, group);
        }
    }

    /// The column of a group.
    #[inline]
    fn column(&mut self, group: GroupId) -> Option<&mut Column> {
        self.columns[..self.used].iter_mut().find(|column| column.group == Some(group))
    }

    /// Tasks of the group per slot, if the group has a column.
    #[inline]
    pub(crate) fn counts(&self, group: GroupId) -> Option<&[u32]> {
        self.columns[..self.used]
            .iter()
            .find(|column| column.group == Some(group))
            .map(|column| column.counts.as_slice())
    }

    /// A task of the group begins to count on the instance.
    pub(crate) fn add(&mut self, group: GroupId, slot: u32) {
        if let Some(column) = self.column(group) {
            column.counts[slot as usize] += 1;
        }
    }

    /// A task of the group ceases to count on the instance.
    pub(crate) fn subtract(&mut self, group: GroupId, slot: u32) {
        if let Some(column) = self.column(group) {
            column.counts[slot as usize] -= 1;
        }
    }

    /// Recounts every column.
    pub(crate) fn validate(&self, state: &State) -> Result<(), String> {
        for column in &self.columns {
            let Some(group) = column.group else { continue };
            let mut counts = alloc::vec![0u32; column.counts.len()];
            for task in state.tasks.iter().filter(|task| task.life == Life::Live && task.group == group) {
                counts[task.instance as usize] += 1;
            }
            if counts != column.counts {
                return Err(alloc::format!("the column of group {group:?} is out of date"));
            }
        }
        Ok(())
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        self.columns.iter().map(|column| column.counts.capacity() * size_of::<u32>()).sum()
    }
}

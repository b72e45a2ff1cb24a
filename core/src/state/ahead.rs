//! What stopping a task, or starting it again, reads and writes: asked for beforehand.

use crate::prefetch::prefetch;
use crate::resource::ResourceKind;

use super::State;

impl State {
    /// Asks for the record of a task.
    #[inline]
    pub(crate) fn prefetch_record(&self, task: u32) {
        prefetch(&self.tasks, task as usize);
    }

    /// Asks for what the record of a task leads to: its neighbours in both lists, the hot columns of its instance, and its age,
    /// which the next task with its slot writes. The record should be there.
    #[inline]
    pub(crate) fn prefetch_around(&self, task: u32) {
        let Some(record) = self.tasks.get(task as usize) else { return };
        for neighbour in record.of_instance.into_iter().chain(record.of_group) {
            self.prefetch_record(neighbour);
        }
        prefetch(&self.ages, task as usize);
        let at = record.instance as usize;
        prefetch(&self.occupancy, at);
        for kind in [ResourceKind::Cpu, ResourceKind::Memory] {
            prefetch(&self.remaining[kind.column()], at);
        }
    }
}

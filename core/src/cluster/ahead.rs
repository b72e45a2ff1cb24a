//! What is known to come, told beforehand, so that its memory is there when it does.
//!
//! The record of a task lies anywhere in a table that is larger than the caches of a processor, and what it leads to lies anywhere in
//! others. Whoever knows which tasks go next hides that wait behind the work before them.

use crate::id::TaskId;

use super::Cluster;

/// Stops before that of a task when its record is asked for.
const RECORD_AHEAD: usize = 3;
/// Stops before that of a task when what its record leads to is asked for.
const AROUND_AHEAD: usize = 1;
/// Fewest instances whose orders are asked for the block of the one that a task leaves next. Where that is sought, it costs more than the
/// wait for a block in a cache.
const BLOCK_INSTANCES_MIN: usize = 300_000;

impl Cluster {
    /// Says which tasks will be stopped next, in that order, so that the processor fetches what stopping them reads and writes. Call it
    /// before every stop, with the tasks still to be stopped, that one first: of each call the second and the fourth count, so that what is
    /// known only now and then does little. With hundreds of thousands of tasks a stop otherwise spends most of its time waiting for memory.
    ///
    /// It changes nothing: tasks that are unknown, or are not stopped after all, cost a few nanoseconds. Without the feature
    /// `prefetch`, or on a processor other than x86 and 64-bit ARM, nothing is fetched.
    ///
    /// Cost: constant.
    ///
    /// ```
    /// # use placewright::{Cluster, Demand, Instance, Request};
    /// # let mut cluster = Cluster::new();
    /// # cluster.register(&Instance::new("i-1").with_resources(4096, 8192))?;
    /// # let request = cluster.prepare(&Request::new("web", Demand::new(64, 128)))?;
    /// # let mut tasks = Vec::new();
    /// # for _ in 0..10 {
    /// #     tasks.extend(cluster.place_one(request)?.placement().map(|placement| placement.task));
    /// # }
    /// for (at, &task) in tasks.iter().enumerate() {
    ///     cluster.prefetch_stops(&tasks[at..]);
    ///     cluster.stop(task)?;
    /// }
    /// # assert_eq!(cluster.running_tasks(), 0);
    /// # Ok::<(), placewright::Error>(())
    /// ```
    #[inline]
    pub fn prefetch_stops(&self, next: &[TaskId]) {
        if !cfg!(feature = "prefetch") {
            return;
        }
        if let Some(task) = next.get(RECORD_AHEAD) {
            self.state.prefetch_record(task.slot());
        }
        if let Some(task) = next.get(AROUND_AHEAD) {
            self.state.prefetch_around(task.slot());
        }
        if self.state.registry.len() >= BLOCK_INSTANCES_MIN {
            let record = next.first().and_then(|task| self.state.tasks.get(task.slot() as usize));
            if let Some(record) = record {
                self.index.prefetch(&self.state, record.instance);
            }
        }
    }
}

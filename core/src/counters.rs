//! Work that searches for instances did, for tests of bounds and for measuring (feature `counters`, unstable).
//!
//! Counting is part of keeping a search within its budget; the feature only shows it.

use crate::index::effort::Effort;

/// Work done since the cluster was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(not(feature = "counters"), expect(unreachable_pub, reason = "shown by the feature alone"))]
pub struct Counters {
    /// Searches of the index.
    pub searches: u64,
    /// Blocks of up to 64 instances they visited.
    pub blocks: u64,
    /// Instances they looked at one by one.
    pub instances: u64,
    /// Instructions of programs they ran for one instance at a time.
    pub instructions: u64,
    /// Times that admitted instances were gone through because a search found nothing within its budget, or had not lately.
    pub sweeps: u64,
    /// Instances those went over.
    pub swept: u64,
    /// Scans: of the scan route, and those that a search left to it.
    pub scans: u64,
    /// Instances those went over.
    pub scanned: u64,
}

impl Counters {
    /// A search is over, or a task of a batch has its answer.
    #[inline]
    pub(crate) fn add(&mut self, effort: Effort) {
        self.searches += u64::from(effort.searches);
        self.add_work(effort);
    }

    /// A sweep is over that went over so many instances.
    #[inline]
    pub(crate) fn add_sweep(&mut self, effort: Effort, instances: usize) {
        self.sweeps += 1;
        self.swept += instances as u64;
        self.add_work(effort);
    }

    /// What a search or a sweep did.
    #[inline]
    fn add_work(&mut self, effort: Effort) {
        self.blocks += u64::from(effort.blocks);
        self.instances += u64::from(effort.instances);
        self.instructions += u64::from(effort.instructions);
    }

    /// A scan begins.
    #[inline]
    pub(crate) fn add_scan(&mut self, instances: usize) {
        self.scans += 1;
        self.scanned += instances as u64;
    }
}

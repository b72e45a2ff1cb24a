//! What a target workload can make of the cluster's GPUs: what it strands now, and which of its kinds have few instances.

use alloc::vec::Vec;

use crate::error::Error;
use crate::id::InstanceId;
use crate::index::gauge::ranking;
use crate::instance::InstanceStatus;
use crate::limits::{DEVICE_WHOLE, WORKLOAD_WEIGHT_MAX};
use crate::workload::{Fragmentation, Workload, WorkloadKind};

use super::Cluster;

/// Parts in which scarcity is counted.
const SCARCITY_UNIT: u128 = 1 << 10;
/// Greatest scarcity: a kind that can use less than this part of the GPUs counts as one that can use so much.
const SCARCITY_MAX: u128 = 100;

impl Cluster {
    /// How much of the GPUs that are free on ACTIVE instances a target workload cannot use, in expectation over its kinds
    /// (gpu_policies.md §3.1).
    ///
    /// Cost: instances with GPUs times kinds; allocates nothing.
    ///
    /// ```
    /// use placewright::{Cluster, GpuDemand, Instance, Workload, WorkloadKind};
    ///
    /// let mut cluster = Cluster::new();
    /// cluster.register(&Instance::new("i-1").with_resources(8000, 64_000).with_gpus(["g0", "g1"]))?;
    /// let workload = Workload::new([
    ///     WorkloadKind::new(4000, 0, GpuDemand::Whole(1)).with_weight(3),
    ///     WorkloadKind::new(16_000, 0, GpuDemand::Whole(2)).with_weight(1),
    /// ])?;
    /// // One task in four cannot use the two free devices, for want of CPU.
    /// let fragmentation = cluster.fragmentation(&workload);
    /// assert_eq!((fragmentation.free(), fragmentation.stranded()), (2000, 500));
    /// # Ok::<(), placewright::Error>(())
    /// ```
    #[must_use]
    pub fn fragmentation(&self, workload: &Workload) -> Fragmentation {
        let is_active = |slot: &&u32| self.state.status[**slot as usize] == InstanceStatus::Active;
        let parts = self.state.registry.iter().filter(is_active).map(|&slot| self.fragmentation_at(workload, slot));
        parts.fold(Fragmentation::none(workload), Fragmentation::plus)
    }

    /// The same of one instance, whatever its status.
    ///
    /// # Errors
    /// [`ErrorKind::InstanceNotFound`](crate::ErrorKind::InstanceNotFound).
    ///
    /// Cost: its devices times kinds; allocates nothing.
    pub fn fragmentation_of(&self, workload: &Workload, instance: InstanceId) -> Result<Fragmentation, Error> {
        Ok(self.fragmentation_at(workload, self.slot(instance)?))
    }

    /// The same of the instance at a slot.
    fn fragmentation_at(&self, workload: &Workload, slot: u32) -> Fragmentation {
        let (free, usable) = ranking::free_and_usable(&self.state, workload, slot);
        Fragmentation::new(free, usable, workload)
    }

    /// The same workload, each kind's weight times how scarce the GPUs are that it could fill: the thousandths of all GPUs
    /// registered, over those that tasks of the kind could take if the instances were empty, at most 100. Weights are scaled
    /// to whole numbers within their range, rounded down and at least 1.
    ///
    /// With such weights an instance that few kinds can use otherwise is kept for those. The weights are worked out once;
    /// instances that register later do not change them.
    ///
    /// Cost: instances with GPUs times kinds; allocates.
    #[must_use]
    pub fn weigh_by_scarcity(&self, workload: &Workload) -> Workload {
        let empty = |slot: u32| ranking::Empty::of(&self.state, slot);
        let instances: Vec<ranking::Empty<'_>> = self.state.registry.iter().filter_map(|&slot| empty(slot)).collect();
        let total: u128 = instances.iter().map(|empty| u128::from(DEVICE_WHOLE) * empty.devices() as u128).sum();
        let scarce = |kind: &WorkloadKind| {
            let reach: u128 = instances.iter().map(|empty| u128::from(empty.reach(kind))).sum();
            let scarcity = if kind.thousandths() == 0 { SCARCITY_UNIT } else { total * SCARCITY_UNIT / reach.max(1) };
            u128::from(kind.weight) * scarcity.clamp(1, SCARCITY_MAX * SCARCITY_UNIT)
        };
        let weights: Vec<u128> = workload.kinds().iter().map(scarce).collect();
        let greatest = weights.iter().copied().max().unwrap_or(1);
        let scaled = |weight: u128| {
            let least = weight * u128::from(WORKLOAD_WEIGHT_MAX) / greatest;
            u32::try_from(least).unwrap_or(WORKLOAD_WEIGHT_MAX).max(1)
        };
        workload.with_weights(weights.into_iter().map(scaled))
    }
}

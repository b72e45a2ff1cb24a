//! Items that no bin type can hold, and why.

use alloc::vec;
use alloc::vec::Vec;

use super::problem::{Reason, Types, gpu_demand};
use crate::demand::GpuDemand;
use crate::limits::DEVICE_WHOLE;

/// Whether a fresh bin with these GPUs has those an item asks for.
pub(super) fn has_gpus(devices: &[u16], gpus: (u8, u16)) -> bool {
    let whole = || devices.iter().filter(|&&left| left == DEVICE_WHOLE).count();
    match gpu_demand(gpus) {
        GpuDemand::None => true,
        GpuDemand::Whole(count) => whole() >= usize::from(count),
        GpuDemand::All | GpuDemand::Slice(_) => !devices.is_empty() && whole() == devices.len(),
        GpuDemand::Share(share) => devices.iter().any(|&left| left >= share),
    }
}

/// The most that the types of one set of rules have.
#[derive(Debug, Clone)]
pub(super) struct Ceiling {
    /// The types, those that hold most first.
    types: Vec<u32>,
    /// Largest capacity in each dimension. `[dimensions]`
    most: Vec<u64>,
}

impl Ceiling {
    /// The ceiling of the types in a set of bits.
    pub(super) fn new(allowed: &[u64], types: &Types, width: usize) -> Self {
        let has = |bin_type: u32| allowed[bin_type as usize / 64] >> (bin_type % 64) & 1 != 0;
        let mut list: Vec<u32> = (0..).zip(&types.cost).map(|(bin_type, _)| bin_type).filter(|&t| has(t)).collect();
        let mut most = vec![0; width];
        for &bin_type in &list {
            for (most, &capacity) in most.iter_mut().zip(&types.capacity[bin_type as usize * width..]) {
                *most = (*most).max(capacity);
            }
        }
        // A type that comes near the most in every dimension holds nearly everything, so it is asked first.
        let share = |bin_type: u32| {
            let capacity = &types.capacity[bin_type as usize * width..][..width];
            let parts = capacity.iter().zip(&most).filter(|&(_, &most)| most > 0);
            parts.map(|(&has, &most)| u128::from(has) * 1024 / u128::from(most)).min().unwrap_or(0)
        };
        list.sort_by_cached_key(|&bin_type| core::cmp::Reverse(share(bin_type)));
        Self { types: list, most }
    }

    /// Whether some type has enough for a demand.
    ///
    /// # Errors
    /// The reason where none has.
    pub(super) fn check(&self, demand: &[u64], types: &Types) -> Result<(), Reason> {
        let width = self.most.len();
        for ((dimension, &wanted), &most) in (0..).zip(demand).zip(&self.most) {
            if wanted > most {
                return Err(Reason::Demand { dimension, wanted, most });
            }
        }
        let holds = |&bin_type: &u32| {
            let capacity = &types.capacity[bin_type as usize * width..][..width];
            demand.iter().zip(capacity).all(|(wanted, has)| wanted <= has)
        };
        if self.types.iter().any(holds) { Ok(()) } else { Err(Reason::Together) }
    }
}

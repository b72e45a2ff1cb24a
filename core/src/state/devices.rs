//! GPUs of one instance by pool position: whole, and in thousandths.
//!
//! A device is free, shared, or taken whole. What tasks hold is a mask of pool positions beside the task, so giving devices
//! back needs no search, and rolling back a stop restores the very same ones.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::demand::GpuDemand;
use crate::limits::{DEVICE_WHOLE, DEVICES_MAX};
use crate::resource::ResourceKind;

/// The devices of one instance; one word where there are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Devices(Option<Box<Pool>>);

/// At least one device.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pool {
    /// Ids in pool order; at most [`DEVICES_MAX`].
    ids: Box<[Box<str>]>,
    /// Thousandths taken of each.
    taken: Box<[u16]>,
    /// Positions taken by nobody the cluster knows.
    unknown: u64,
}

const _: () = assert!(DEVICES_MAX <= 64, "a task's devices are a mask of 64 bits");

impl Devices {
    /// Devices with these ids, in pool order, of which those that `is_free` are free.
    pub(crate) fn new(ids: &[&str], is_free: impl Fn(&str) -> bool) -> Self {
        if ids.is_empty() {
            return Self::default();
        }
        let mut unknown = 0;
        let mut taken = Vec::with_capacity(ids.len());
        for (position, id) in ids.iter().enumerate() {
            let free = is_free(id);
            unknown |= u64::from(!free) << position;
            taken.push(if free { 0 } else { DEVICE_WHOLE });
        }
        let ids = ids.iter().map(|&id| Box::from(id)).collect();
        Self(Some(Box::new(Pool { ids, taken: taken.into_boxed_slice(), unknown })))
    }

    /// Number of devices.
    pub(crate) fn len(&self) -> usize {
        self.taken().len()
    }

    /// Ids in pool order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|pool| &pool.ids).map(AsRef::as_ref)
    }

    /// Thousandths taken of each device, in pool order.
    pub(crate) fn taken(&self) -> &[u16] {
        self.0.as_ref().map_or(&[], |pool| &pool.taken)
    }

    /// The same, to be changed.
    fn taken_mut(&mut self) -> &mut [u16] {
        self.0.as_mut().map_or(&mut [], |pool| &mut pool.taken)
    }

    /// Positions taken by nobody the cluster knows.
    pub(crate) fn unknown(&self) -> u64 {
        self.0.as_ref().map_or(0, |pool| pool.unknown)
    }

    /// Position of an id.
    fn position(&self, id: &str) -> Option<usize> {
        self.ids().position(|known| known == id)
    }

    /// Devices nobody has a part of.
    pub(crate) fn whole_free(&self) -> i32 {
        self.taken().iter().map(|&taken| i32::from(taken == 0)).sum()
    }

    /// Thousandths left on the device that has most left.
    pub(crate) fn share_free(&self) -> i32 {
        self.taken().iter().map(|&taken| i32::from(DEVICE_WHOLE - taken.min(DEVICE_WHOLE))).max().unwrap_or(0)
    }

    /// The positions a feasible demand takes: whole devices lowest first (U-12); a share where it leaves least, lowest
    /// first.
    pub(crate) fn choose(&self, demand: GpuDemand) -> u64 {
        let free = self.taken().iter().enumerate().filter(|&(_, &taken)| taken == 0).map(|(position, _)| 1 << position);
        match demand {
            GpuDemand::None => 0,
            GpuDemand::Whole(count) => free.take(usize::from(count)).fold(0, |mask, bit: u64| mask | bit),
            GpuDemand::All | GpuDemand::Slice(_) => free.fold(0, |mask, bit| mask | bit),
            GpuDemand::Share(share) => self
                .taken()
                .iter()
                .enumerate()
                .filter(|&(_, &taken)| u32::from(taken) + u32::from(share) <= u32::from(DEVICE_WHOLE))
                .max_by_key(|&(position, &taken)| (taken, core::cmp::Reverse(position)))
                .map_or(0, |(position, _)| 1 << position),
        }
    }

    /// The positions a task holds that ran before the cluster knew of it: the ids it names, or, where it names none, the
    /// lowest it can have. With `in_remaining`, what it holds is among the devices taken by nobody known.
    pub(crate) fn recognise(&self, demand: GpuDemand, ids: &[&str], in_remaining: bool) -> u64 {
        let wanted = match demand {
            GpuDemand::None => 0,
            GpuDemand::Whole(count) => usize::from(count),
            GpuDemand::All => self.len(),
            GpuDemand::Slice(_) | GpuDemand::Share(_) => 1,
        };
        let can_take = |position: usize| {
            let unknown = self.unknown() >> position & 1 != 0;
            let left = DEVICE_WHOLE - self.taken()[position];
            unknown || left >= thousandths(demand)
        };
        if !ids.is_empty() {
            let named = ids.iter().filter_map(|id| self.position(id)).filter(|&position| can_take(position));
            return named.take(wanted).fold(0, |mask, position| mask | 1 << position);
        }
        if let (true, GpuDemand::Share(share)) = (in_remaining, demand) {
            // Of the devices not listed free, those of unknown use count as empty until a task is found for them.
            let left = |position: usize| {
                let taken = if self.unknown() >> position & 1 != 0 { 0 } else { self.taken()[position].max(1) };
                DEVICE_WHOLE - taken
            };
            let is_listed_free = |position: usize| self.taken()[position] == 0;
            let fitting = (0..self.len()).filter(|&position| !is_listed_free(position) && left(position) >= share);
            return fitting.min_by_key(|&position| left(position)).map_or(0, |position| 1 << position);
        }
        if in_remaining {
            let taken = (0..self.len()).filter(|position| self.unknown() >> position & 1 != 0);
            return taken.take(wanted).fold(0, |mask, position| mask | 1 << position);
        }
        self.choose(demand)
    }

    /// Marks positions that nobody known held as free, so that a task can take them.
    pub(crate) fn forget_unknown(&mut self, mask: u64) {
        let Some(pool) = &mut self.0 else { return };
        for (position, taken) in pool.taken.iter_mut().enumerate() {
            if (pool.unknown & mask) >> position & 1 != 0 {
                *taken = 0;
            }
        }
        pool.unknown &= !mask;
    }

    /// Gives the positions in `mask` to a task.
    pub(crate) fn take(&mut self, demand: GpuDemand, mask: u64) {
        for (position, taken) in self.taken_mut().iter_mut().enumerate() {
            if mask >> position & 1 != 0 {
                *taken += thousandths(demand);
            }
        }
    }

    /// Takes the positions in `mask` back.
    pub(crate) fn give_back(&mut self, demand: GpuDemand, mask: u64) {
        for (position, taken) in self.taken_mut().iter_mut().enumerate() {
            if mask >> position & 1 != 0 {
                *taken -= thousandths(demand);
            }
        }
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        let Some(pool) = &self.0 else { return 0 };
        let ids: usize = pool.ids.iter().map(|id| id.len() + size_of::<Box<str>>()).sum();
        size_of::<Pool>() + ids + pool.taken.len() * size_of::<u16>()
    }
}

/// Thousandths of each device it takes.
const fn thousandths(demand: GpuDemand) -> u16 {
    match demand {
        GpuDemand::None => 0,
        GpuDemand::Share(share) => share,
        GpuDemand::Whole(_) | GpuDemand::All | GpuDemand::Slice(_) => DEVICE_WHOLE,
    }
}

/// Whether a column says what is left of devices: demands are compared with it, and not subtracted.
pub(crate) const fn is_device(column: usize) -> bool {
    column == ResourceKind::Gpu.column() || column == ResourceKind::GpuShare.column()
}

/// The dimension a GPU demand is compared in, and how much of it is needed.
pub(crate) fn device_amount(demand: GpuDemand) -> Option<(ResourceKind, i32)> {
    match demand {
        GpuDemand::None => None,
        GpuDemand::Whole(count) => Some((ResourceKind::Gpu, i32::from(count))),
        GpuDemand::All | GpuDemand::Slice(_) => Some((ResourceKind::Gpu, 1)),
        GpuDemand::Share(share) => Some((ResourceKind::GpuShare, i32::from(share))),
    }
}

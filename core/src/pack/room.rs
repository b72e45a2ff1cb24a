//! What rules beyond amounts leave of one bin: members of classes, and GPUs.

use alloc::boxed::Box;

use smallvec::SmallVec;

use super::problem::{Problem, UNLIMITED};
use crate::demand::GpuDemand;
use crate::limits::DEVICE_WHOLE;

/// Members of each class in one bin, and what is left of its GPUs. Empty where the problem is plain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Occupancy {
    /// Classes with members in the bin, and how many.
    members: SmallVec<[(u32, u32); 4]>,
    /// Thousandths left of each GPU.
    devices: Box<[u16]>,
}

impl Occupancy {
    /// Of a fresh bin of a type.
    pub(crate) fn fresh(problem: &Problem, bin_type: u32) -> Self {
        Self { members: SmallVec::new(), devices: problem.devices(bin_type).into() }
    }

    /// Members of a class.
    fn count(&self, class: u32) -> u32 {
        self.members.iter().find(|&&(known, _)| known == class).map_or(0, |&(_, count)| count)
    }

    /// How many more items of a kind the bin may hold as far as classes and GPUs go; `u64::MAX` without a limit.
    ///
    /// # Cost
    /// O(classes of the kind × (members of the bin + classes kept apart) + GPUs).
    pub(crate) fn room(&self, problem: &Problem, bin_type: u32, kind: u32) -> u64 {
        self.class_room(problem, bin_type, kind).min(self.gpu_room(problem, kind))
    }

    /// The same as far as classes go: groups, ports and interfaces.
    pub(crate) fn class_room(&self, problem: &Problem, bin_type: u32, kind: u32) -> u64 {
        let mut room = u64::MAX;
        for &class in problem.classes(kind) {
            let most = problem.class_room(bin_type, class);
            if most != UNLIMITED {
                room = room.min(u64::from(most.saturating_sub(self.count(class))));
            }
            let apart = problem.apart(class);
            if !apart.is_empty() && self.members.iter().any(|(other, _)| apart.binary_search(other).is_ok()) {
                return 0;
            }
        }
        room
    }

    /// The same as far as GPUs go, the shares in the bin being where they are.
    fn gpu_room(&self, problem: &Problem, kind: u32) -> u64 {
        let whole = || self.devices.iter().filter(|&&left| left == DEVICE_WHOLE).count() as u64;
        match problem.gpus(kind) {
            GpuDemand::None => u64::MAX,
            GpuDemand::Whole(count) => whole() / u64::from(count.max(1)),
            GpuDemand::All | GpuDemand::Slice(_) => {
                u64::from(!self.devices.is_empty() && whole() == self.devices.len() as u64)
            }
            GpuDemand::Share(share) => self.devices.iter().map(|&left| u64::from(left / share.max(1))).sum(),
        }
    }

    /// Adds so many items of a kind, for which there is room. Shares go where they leave least.
    pub(crate) fn add(&mut self, problem: &Problem, kind: u32, number: u64) {
        for &class in problem.classes(kind) {
            let added = u32::try_from(number).unwrap_or(u32::MAX);
            match self.members.iter_mut().find(|(known, _)| *known == class) {
                Some((_, count)) => *count = count.saturating_add(added),
                None => self.members.push((class, added)),
            }
        }
        match problem.gpus(kind) {
            GpuDemand::None => {}
            GpuDemand::Whole(count) => {
                let wanted = usize::from(count).saturating_mul(usize::try_from(number).unwrap_or(usize::MAX));
                self.devices.iter_mut().filter(|left| **left == DEVICE_WHOLE).take(wanted).for_each(|left| *left = 0);
            }
            GpuDemand::All | GpuDemand::Slice(_) => self.devices.fill(0),
            GpuDemand::Share(share) => {
                for _ in 0..number {
                    let tightest = self.devices.iter_mut().filter(|left| **left >= share).min_by_key(|left| **left);
                    if let Some(left) = tightest {
                        *left -= share;
                    }
                }
            }
        }
    }
}

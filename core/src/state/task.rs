//! The record of one task, in 32 bytes.
//!
//! INVARIANT: a free record is in the list that begins at `State::task_free`, linked through its place in an instance's list.

use crate::id::{DemandId, GENERATION_BITS, GENERATION_MAX, GroupId};

use super::{Life, NONE};

/// One task. Two records fill a line of memory, so that looking at one is one look at memory.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
pub(crate) struct Task {
    /// Slot of its instance.
    pub(crate) instance: u32,
    /// Its group.
    pub(crate) group: GroupId,
    /// What it holds.
    pub(crate) demand: DemandId,
    /// Next and previous task of its instance; the next free record, where it is free.
    pub(crate) of_instance: [u32; 2],
    /// Next and previous task of its group.
    pub(crate) of_group: [u32; 2],
    /// Generation of the slot, and above it what else is known of the task, in 24 bits, lowest byte first.
    marks: [u8; 3],
    /// Where it is in its life.
    pub(crate) life: Life,
}

/// Mark of a task whose health checks pass, as far as known.
const IS_HEALTHY: u32 = 1 << GENERATION_BITS;
/// Mark of a task that scale-in must leave alone.
const IS_PROTECTED: u32 = 2 << GENERATION_BITS;

const _: () =
    assert!(size_of::<Task>() == 32, "with eight bytes for its age and eight for devices, a task is at most 48 bytes");
const _: () = assert!(GENERATION_BITS + 2 <= 24, "the marks of a task are 24 bits");

impl Task {
    /// A free record in its first generation.
    pub(crate) const fn new() -> Self {
        Self {
            instance: 0,
            group: GroupId(0),
            demand: DemandId(0),
            of_instance: [NONE; 2],
            of_group: [NONE; 2],
            marks: [1, 0, 0],
            life: Life::Free,
        }
    }

    /// All marks.
    const fn marks(&self) -> u32 {
        let [low, middle, high] = self.marks;
        u32::from_le_bytes([low, middle, high, 0])
    }

    /// Replaces all marks.
    const fn set_marks(&mut self, marks: u32) {
        let [low, middle, high, _] = marks.to_le_bytes();
        self.marks = [low, middle, high];
    }

    /// Generation of the slot.
    pub(crate) const fn generation(&self) -> u32 {
        self.marks() & GENERATION_MAX
    }

    /// Begins the next generation; returns whether there is one.
    pub(crate) const fn renew(&mut self) -> bool {
        let generation = self.generation();
        if generation < GENERATION_MAX {
            self.set_marks(generation + 1);
        }
        generation < GENERATION_MAX
    }

    /// Says whether its health checks pass and whether scale-in must leave it alone.
    pub(crate) const fn mark(&mut self, is_healthy: bool, is_protected: bool) {
        let healthy = if is_healthy { IS_HEALTHY } else { 0 };
        let protected = if is_protected { IS_PROTECTED } else { 0 };
        self.set_marks(self.generation() | healthy | protected);
    }

    /// Whether its health checks pass, as far as known.
    pub(crate) const fn is_healthy(&self) -> bool {
        self.marks() & IS_HEALTHY != 0
    }

    /// Whether scale-in must leave it alone.
    pub(crate) const fn is_protected(&self) -> bool {
        self.marks() & IS_PROTECTED != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_generation_do_not_disturb_each_other() {
        let mut task = Task::new();
        for (is_healthy, is_protected) in [(true, true), (true, false), (false, true), (false, false)] {
            task.mark(is_healthy, is_protected);
            assert_eq!((task.generation(), task.is_healthy(), task.is_protected()), (1, is_healthy, is_protected));
        }
        task.set_marks(GENERATION_MAX - 1);
        task.mark(true, true);
        assert!(task.renew());
        assert_eq!((task.generation(), task.is_healthy()), (GENERATION_MAX, false));
        assert!(!task.renew(), "a slot ends with its last generation");
    }
}

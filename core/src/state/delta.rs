//! The one way state changes: a small, copyable record of a change, with an inverse.
//!
//! Columns, index and journal are all told of the same delta. What does not fit one stays where it is: a stopped task and a
//! deregistered instance keep their slot, with everything in it, until no savepoint can bring them back.

use crate::id::{AttributeId, ValueId};
use crate::instance::InstanceStatus;

/// A change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delta {
    /// The task, whose record is filled in, starts to count and to hold.
    Run {
        /// Slot of the task.
        task: u32,
    },
    /// The task ceases to count and to hold.
    Stop {
        /// Slot of the task.
        task: u32,
    },
    /// The task ceases to count, but still holds.
    BeginStop {
        /// Slot of the task.
        task: u32,
    },
    /// The task counts again; it held all along.
    UndoBeginStop {
        /// Slot of the task.
        task: u32,
    },
    /// The task, which no longer counted, ceases to hold.
    FinishStop {
        /// Slot of the task.
        task: u32,
    },
    /// The task holds again, and does not count.
    UndoFinishStop {
        /// Slot of the task.
        task: u32,
    },
    /// The instance, whose columns are filled in, is in the cluster.
    Register {
        /// Slot of the instance.
        slot: u32,
    },
    /// The instance, which runs no task, is no longer in the cluster.
    Deregister {
        /// Slot of the instance.
        slot: u32,
    },
    /// The status of the instance changes.
    Status {
        /// Slot of the instance.
        slot: u32,
        /// Status before.
        from: InstanceStatus,
        /// Status after.
        to: InstanceStatus,
    },
    /// The agent of the instance connects or disconnects.
    Agent {
        /// Slot of the instance.
        slot: u32,
        /// Whether it is connected afterwards; it was the opposite before.
        connected: bool,
    },
    /// An attribute of the instance changes; one holder of the name goes with each value.
    Attribute {
        /// Slot of the instance.
        slot: u32,
        /// Attribute.
        name: AttributeId,
        /// Value before, `None` where it was absent.
        from: Option<ValueId>,
        /// Value after, `None` where it is absent.
        to: Option<ValueId>,
    },
}

impl Delta {
    /// The change that undoes this one.
    pub(crate) const fn inverse(self) -> Self {
        match self {
            Self::Run { task } => Self::Stop { task },
            Self::Stop { task } => Self::Run { task },
            Self::BeginStop { task } => Self::UndoBeginStop { task },
            Self::UndoBeginStop { task } => Self::BeginStop { task },
            Self::FinishStop { task } => Self::UndoFinishStop { task },
            Self::UndoFinishStop { task } => Self::FinishStop { task },
            Self::Register { slot } => Self::Deregister { slot },
            Self::Deregister { slot } => Self::Register { slot },
            Self::Status { slot, from, to } => Self::Status { slot, from: to, to: from },
            Self::Agent { slot, connected } => Self::Agent { slot, connected: !connected },
            Self::Attribute { slot, name, from, to } => Self::Attribute { slot, name, from: to, to: from },
        }
    }
}

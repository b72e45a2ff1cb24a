//! What placing came to: ids and integers only. Words are made elsewhere, when somebody asks.

use crate::id::{InstanceId, TaskId};

/// One task that found its instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Placement {
    /// The task.
    pub task: TaskId,
    /// The instance it was placed on.
    pub instance: InstanceId,
}

/// No instance was feasible. An answer, not an error; ask [`Cluster::explain`](crate::Cluster::explain) why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rejection {
    /// Tasks that were asked for.
    pub wanted: u32,
    /// Tasks of them that were placed and stay placed.
    pub placed: u32,
}

/// What became of a single task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was placed.
    Placed(Placement),
    /// No instance was feasible.
    Rejected(Rejection),
}

impl Outcome {
    /// The placement, if there is one.
    #[must_use]
    pub const fn placement(self) -> Option<Placement> {
        match self {
            Self::Placed(placement) => Some(placement),
            Self::Rejected(_) => None,
        }
    }
}

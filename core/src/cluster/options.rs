//! What a cluster is told when it is made, how much it makes room for, and tasks it is told of.

use alloc::vec::Vec;

use crate::demand::Demand;
use crate::id::InstanceId;
use crate::limits::HOST_PORTS_MAX;
use crate::select::plan::AbsentGroup;

/// When a stopped task gives its resources back (semantics.md §1.6, U-17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Release {
    /// At once, when its desired status becomes STOPPED.
    #[default]
    Desired,
    /// When its last status becomes STOPPED, which [`Cluster::finish`](crate::Cluster::finish) says.
    Last,
}

/// What an instance type outside the table of network interfaces means (semantics.md §1.5, U-15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum UnknownEni {
    /// Its tasks are not counted.
    #[default]
    Unlimited,
    /// It takes no task with a network interface of its own.
    Zero,
}

/// How the best instance is found. Every route gives the same answer; they differ in time and memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Route {
    /// The indexed route, where the cluster is large enough for it to pay, and the scan elsewhere.
    #[default]
    Auto,
    /// Every instance is looked at.
    Scan,
    /// Orders and sets that follow every change are searched, whatever the size of the cluster; a search that finds
    /// nothing within its budget ends in a pass over the admitted instances, or in a scan.
    Indexed,
}

/// Choices that hold for a whole cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Refuse to grow beyond what was reserved. Opening a savepoint is never refused: beyond the reserved ones it grows, as
    /// the calls that undo themselves could not promise to be possible otherwise.
    pub is_strict: bool,
    /// When stopped tasks give their resources back.
    pub release: Release,
    /// Host ports an instance can have reserved at once, both protocols together (U-05).
    pub host_ports_max: i32,
    /// Where instances without a spread attribute rank.
    pub absent_group: AbsentGroup,
    /// What an unknown instance type means for network interfaces.
    pub unknown_eni: UnknownEni,
    /// How instances are searched. Every route gives the same answers.
    pub route: Route,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            is_strict: false,
            release: Release::default(),
            host_ports_max: HOST_PORTS_MAX,
            absent_group: AbsentGroup::default(),
            unknown_eni: UnknownEni::default(),
            route: Route::default(),
        }
    }
}

/// How much to make room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capacity {
    /// Instances registered at once.
    pub instances: usize,
    /// Tasks at once; tasks stopped inside a savepoint count until the outermost one closes.
    pub tasks: usize,
    /// Static host ports that tasks hold at once.
    pub ports: usize,
    /// Changes inside the outermost savepoint.
    pub changes: usize,
    /// Savepoints open at once.
    pub savepoints: usize,
}

/// A task that already runs.
#[derive(Debug, Clone)]
pub struct RunningTask<'a> {
    /// Its instance.
    pub instance: InstanceId,
    /// Name of its task definition.
    pub definition: &'a str,
    /// What it takes.
    pub demand: &'a Demand,
    /// Its task group.
    pub group: &'a str,
    /// Ids of the GPUs it has; empty when that is not known.
    pub gpu_ids: Vec<&'a str>,
    /// Whether the instance registered with remaining amounts that it is already subtracted from.
    pub in_remaining: bool,
    /// Whether it is one of the instance's [`other_tasks`](crate::Instance::other_tasks), which are then one fewer.
    pub in_other_tasks: bool,
    /// Whether its health checks pass, as far as known.
    pub is_healthy: bool,
    /// Whether scale-in must leave it alone.
    pub is_protected: bool,
    /// Whether it no longer counts and still holds its resources; only under [`Release::Last`].
    pub is_stopping: bool,
}

impl<'a> RunningTask<'a> {
    /// A healthy task that nothing is known of beside this: not in any remaining amounts, not protected, not stopping.
    #[must_use]
    pub fn new(instance: InstanceId, definition: &'a str, demand: &'a Demand, group: &'a str) -> Self {
        Self {
            instance,
            definition,
            demand,
            group,
            gpu_ids: Vec::new(),
            in_remaining: false,
            in_other_tasks: false,
            is_healthy: true,
            is_protected: false,
            is_stopping: false,
        }
    }
}

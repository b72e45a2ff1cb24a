//! Attributes of instances: names and values as integers, one column per name.
//!
//! A name and a value become a number once, when an instance registers or an attribute is put. Columns hold the numbers,
//! so that comparing two instances compares integers. Values are counted by their holders and given back with the last one;
//! so is a column whose name nobody carries or asks for.

pub(crate) mod intern;
pub(crate) mod table;

/// The zone of an instance.
pub const AVAILABILITY_ZONE: &str = "ecs.availability-zone";
/// The type of an instance, e.g. `c5.large`.
pub const INSTANCE_TYPE: &str = "ecs.instance-type";
/// `linux` or `windows`.
pub const OS_TYPE: &str = "ecs.os-type";
/// `x86_64` or `arm64`.
pub const CPU_ARCHITECTURE: &str = "ecs.cpu-architecture";
/// Present on external instances.
pub const EXTERNAL: &str = "ecs.capability.external";
/// Present on instances that can give a task its own network interface.
pub const TASK_ENI: &str = "ecs.capability.task-eni";
/// Present on instances with a trunk interface.
pub const TRUNK_ID: &str = "ecs.awsvpc-trunk-id";

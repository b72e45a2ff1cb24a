//! Every bound in the system, in one place, so that a reader can see what the engine will refuse.
//!
//! Two kinds stand here: bounds of our own, which keep every table inside the width of its index and every text inside
//! linear time, and the limits of ECS calls, which only the ECS-shaped entry points enforce.

/// Largest amount of one resource an instance can have, and the largest demand that can fit anywhere.
pub const AMOUNT_MAX: i32 = i32::MAX;
/// Most instances in one cluster.
pub const INSTANCES_MAX: usize = 1 << 24;
/// Most tasks in one cluster.
pub const TASKS_MAX: usize = 1 << 26;
/// Most task groups known at once.
pub const GROUPS_MAX: usize = 1 << 24;
/// Most attribute names known at once.
pub const ATTRIBUTE_NAMES_MAX: usize = 1 << 16;
/// Most attribute values known at once.
pub const ATTRIBUTE_VALUES_MAX: usize = 1 << 26;
/// Most custom countable resources beside CPU and memory.
pub const CUSTOM_RESOURCES_MAX: usize = 8;
/// Most GPU devices in one instance.
pub const DEVICES_MAX: usize = 64;
/// Thousandths of one GPU.
pub const DEVICE_WHOLE: u16 = 1000;
/// Most tasks one `place` call asks for.
pub const REQUEST_COUNT_MAX: u32 = 10_000_000;
/// Most constraints of one request, those of its definition included.
pub const REQUEST_CONSTRAINTS_MAX: usize = 64;
/// Most rules in one strategy chain.
pub const REQUEST_STRATEGIES_MAX: usize = 16;
/// Most kinds of tasks in one target workload.
pub const WORKLOAD_KINDS_MAX: usize = 1 << 10;
/// Greatest weight of one kind of a target workload.
pub const WORKLOAD_WEIGHT_MAX: u32 = 1 << 20;
/// Times the random rule draws a registration position before it counts the candidates.
pub const RANDOM_DRAWS_MAX: u32 = 64;

/// Longest instance, task, group, family, service or provider name the library takes, in bytes, and longest other text it
/// keeps of a document, such as the version of an agent.
pub const NAME_BYTES_MAX: usize = 2048;
/// Longest attribute name or value accepted from instance data, in bytes.
pub const ATTRIBUTE_BYTES_MAX: usize = 2048;
/// Most attributes one instance may carry in its data.
pub const INSTANCE_ATTRIBUTES_MAX: usize = 1024;
/// Most bytes of one JSON document.
pub const JSON_BYTES_MAX: usize = 1 << 30;
/// Most levels of nesting in one JSON document.
pub const JSON_DEPTH_MAX: usize = 127;

/// Longest expression, in characters.
pub const EXPRESSION_CHARS_MAX: usize = 2000;
/// Deepest nesting of parentheses and `not` in an expression.
pub const EXPRESSION_DEPTH_MAX: usize = 100;
/// Most bytes of memory one compiled regular expression may take.
pub const PATTERN_BYTES_MAX: usize = 1 << 14;
/// Most groups one inside another in a regular expression.
pub const PATTERN_DEPTH_MAX: u32 = 64;

/// Host ports an instance can have reserved at once, TCP and UDP together.
pub const HOST_PORTS_MAX: i32 = 100;

/// Most dimensions of a packing problem.
pub const PACK_DIMENSIONS_MAX: usize = 16;
/// Largest demand and largest capacity in one dimension of a packing problem.
pub const PACK_AMOUNT_MAX: u64 = 1 << 48;
/// Most items of a packing problem, copies counted.
pub const PACK_COUNT_MAX: u64 = 1 << 32;
/// Most rows of items in a packing problem, copies not counted.
pub const PACK_ROWS_MAX: usize = 1 << 24;
/// Most bin types of a packing problem.
pub const PACK_TYPES_MAX: usize = 1 << 16;
/// Dearest bin of a packing problem, in millionths.
pub const PACK_COST_MAX: u64 = 1 << 46;
/// Millionths in one unit of cost.
pub const PACK_COST_UNIT: u64 = 1_000_000;

/// ECS: most tasks of one RunTask call.
pub const ECS_RUN_TASK_COUNT_MAX: i64 = 10;
/// ECS: most tasks of one service.
pub const ECS_SERVICE_TASKS_MAX: u32 = 5000;
/// ECS: most instances of one StartTask call.
pub const ECS_START_TASK_INSTANCES_MAX: usize = 10;
/// ECS: most constraints of definition and request together.
pub const ECS_CONSTRAINTS_MAX: usize = 10;
/// ECS: most rules of a placement strategy.
pub const ECS_STRATEGIES_MAX: usize = 5;
/// ECS: most items of a capacity provider strategy.
pub const ECS_CAPACITY_PROVIDERS_MAX: usize = 20;
/// ECS: most subnets of an awsvpc configuration.
pub const ECS_SUBNETS_MAX: usize = 16;
/// ECS: most security groups of an awsvpc configuration.
pub const ECS_SECURITY_GROUPS_MAX: usize = 5;
/// ECS: longest task group.
pub const ECS_GROUP_CHARS_MAX: usize = 255;
/// ECS: most custom attributes of one instance.
pub const ECS_CUSTOM_ATTRIBUTES_MAX: usize = 10;
/// ECS: most attributes of one PutAttributes call.
pub const ECS_PUT_ATTRIBUTES_MAX: usize = 10;
/// ECS: longest attribute name and value.
pub const ECS_ATTRIBUTE_CHARS_MAX: usize = 128;
/// ECS: most containers of a task definition.
pub const ECS_CONTAINERS_MAX: usize = 10;
/// ECS: longest family and container name.
pub const ECS_NAME_CHARS_MAX: usize = 255;
/// ECS: highest revision of a family.
pub const ECS_REVISION_MAX: i64 = 1_000_000;
/// ECS: most bytes of a task definition.
pub const ECS_DEFINITION_BYTES_MAX: usize = 64 * 1024;
/// ECS: most container port ranges of one container.
pub const ECS_PORT_RANGES_MAX: usize = 100;

const _: () = assert!(INSTANCES_MAX < 1 << 31, "a slot and its complement must fit an i32");
const _: () = assert!(TASKS_MAX < 1 << 31, "a task slot must fit an i32");
const _: () = assert!(ECS_CONSTRAINTS_MAX <= REQUEST_CONSTRAINTS_MAX);
const _: () = assert!(ECS_STRATEGIES_MAX <= REQUEST_STRATEGIES_MAX);
const _: () = assert!(
    PACK_AMOUNT_MAX.ilog2() + PACK_COUNT_MAX.ilog2() + PACK_COST_MAX.ilog2() < 127,
    "the demand of all items times a cost must fit a u128"
);
const _: () = assert!(PACK_ROWS_MAX < u32::MAX as usize, "a row and a kind must fit a u32");
const _: () = assert!(PACK_TYPES_MAX < u32::MAX as usize, "a bin type must fit a u32");

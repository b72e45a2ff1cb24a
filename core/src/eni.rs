//! Task network interfaces by instance type.

/// How many awsvpc tasks an instance of a type can hold.
pub(crate) fn task_slots(_instance_type: &str, _trunking: bool) -> Option<u32> {
    None
}

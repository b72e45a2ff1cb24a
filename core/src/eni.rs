//! How many tasks with a network interface of their own an instance type can hold (semantics.md §1.5).
//!
//! A table by family, because the numbers follow the family's size and little else. Types it does not know are left to the
//! caller (U-15).

/// Task network interfaces per size, a column of the table: without a trunk, with one.
type Slots = (u32, u32);

/// Types that ECS gives no trunk although their family has one.
const TYPES_WITHOUT_TRUNK: [&str; 10] = [
    "a1.metal",
    "c5.metal",
    "c5a.8xlarge",
    "c5ad.8xlarge",
    "c5d.metal",
    "m5.metal",
    "p3dn.24xlarge",
    "r5.metal",
    "r5.8xlarge",
    "r5d.metal",
];

/// Families that ECS gives no trunk, and whose plain numbers are known.
const FAMILIES_WITHOUT_TRUNK: [&str; 2] = ["t2", "t3"];

/// Tasks in network mode `awsvpc` that an instance of this type can hold, with or without a trunk interface; `None` for a
/// type the table does not know.
///
/// # Example
/// ```
/// assert_eq!(placewright::eni::task_slots("c5.large", false), Some(2));
/// assert_eq!(placewright::eni::task_slots("c5.large", true), Some(10));
/// assert_eq!(placewright::eni::task_slots("x9.large", false), None);
/// ```
#[must_use]
pub fn task_slots(instance_type: &str, trunking: bool) -> Option<u32> {
    if instance_type == "p5.48xlarge" {
        return Some(1);
    }
    let (family, size) = instance_type.split_once('.')?;
    let (plain, trunk) = slots(family, size)?;
    let has_trunk = !TYPES_WITHOUT_TRUNK.contains(&instance_type) && !FAMILIES_WITHOUT_TRUNK.contains(&family);
    Some(if trunking && has_trunk { trunk } else { plain })
}

/// Both numbers of one type.
fn slots(family: &str, size: &str) -> Option<Slots> {
    match family {
        "a1" => match size {
            "medium" => Some((1, 10)),
            "large" => Some((2, 10)),
            "xlarge" => Some((3, 20)),
            "2xlarge" => Some((3, 40)),
            "4xlarge" | "metal" => Some((7, 60)),
            _ => None,
        },
        "m5" | "m5a" | "m5ad" | "m5d" | "r5" | "r5a" | "r5ad" | "r5d" => match size {
            "4xlarge" | "8xlarge" | "12xlarge" => Some((7, 60)),
            "16xlarge" | "24xlarge" | "metal" => Some((14, 120)),
            _ => small(size),
        },
        "c5" | "c5a" | "c5ad" | "c5d" => match size {
            "4xlarge" | "8xlarge" | "9xlarge" | "12xlarge" => Some((7, 60)),
            "16xlarge" | "18xlarge" | "24xlarge" | "metal" => Some((14, 120)),
            _ => small(size),
        },
        "m6g" | "c6g" | "m7g" | "c7g" | "m8g" | "c8g" | "r6g" | "r7g" | "r8g" => match size {
            "medium" => Some((1, 4)),
            "4xlarge" | "8xlarge" | "12xlarge" => Some((7, 60)),
            _ if is_16xlarge_or_larger(size) => Some((14, 120)),
            _ => small(size),
        },
        "m6i" | "m6a" | "c6i" | "c6a" | "m7i" | "m7a" | "c7i" | "c7a" | "r6i" | "r6a" | "r7i" | "r7a" => match size {
            "medium" if matches!(family, "m7a" | "c7a" | "r7a") => Some((1, 4)),
            "8xlarge" => Some((7, 90)),
            "12xlarge" => Some((7, 120)),
            _ if is_16xlarge_or_larger(size) => Some((14, 120)),
            _ => small(size).or_else(|| four(size)),
        },
        "m7i-flex" | "c7i-flex" => match size {
            "large" => Some((2, 4)),
            "xlarge" => Some((3, 10)),
            "2xlarge" => Some((3, 20)),
            "4xlarge" => Some((7, 40)),
            "8xlarge" => Some((7, 60)),
            "12xlarge" => Some((7, 120)),
            "16xlarge" => Some((14, 120)),
            _ => None,
        },
        "m8i" | "c8i" | "r8i" => match size {
            "8xlarge" => Some((9, 90)),
            "12xlarge" => Some((11, 120)),
            "16xlarge" | "24xlarge" => Some((15, 120)),
            _ if is_16xlarge_or_larger(size) => Some((23, 120)),
            _ => small(size).or_else(|| four(size)),
        },
        "t2" => match size {
            "micro" => Some((1, 1)),
            "small" | "medium" | "large" => Some((2, 2)),
            _ => None,
        },
        "t3" => match size {
            "micro" => Some((1, 1)),
            "small" | "medium" | "large" => Some((2, 2)),
            "xlarge" => Some((3, 3)),
            _ => None,
        },
        _ => None,
    }
}

/// The sizes that nearly all families have in common.
fn small(size: &str) -> Option<Slots> {
    match size {
        "large" => Some((2, 10)),
        "xlarge" => Some((3, 20)),
        "2xlarge" => Some((3, 40)),
        _ => None,
    }
}

/// `4xlarge`, where it stands alone.
fn four(size: &str) -> Option<Slots> {
    (size == "4xlarge").then_some((7, 60))
}

/// Whether a size is `metal`, `metal-…` or at least sixteen times `xlarge`.
fn is_16xlarge_or_larger(size: &str) -> bool {
    size == "metal"
        || size.starts_with("metal-")
        || size.strip_suffix("xlarge").and_then(|times| times.parse::<u32>().ok()).is_some_and(|times| times >= 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_as_published() {
        for (name, plain, trunk) in [
            ("a1.medium", 1, 10),
            ("a1.4xlarge", 7, 60),
            ("m5.large", 2, 10),
            ("m5ad.12xlarge", 7, 60),
            ("r5a.24xlarge", 14, 120),
            ("c5.9xlarge", 7, 60),
            ("c5.18xlarge", 14, 120),
            ("m6g.medium", 1, 4),
            ("c7g.metal", 14, 120),
            ("r8g.48xlarge", 14, 120),
            ("m6i.8xlarge", 7, 90),
            ("r7i.12xlarge", 7, 120),
            ("m7a.medium", 1, 4),
            ("c7i.metal-24xl", 14, 120),
            ("m7i-flex.large", 2, 4),
            ("c7i-flex.16xlarge", 14, 120),
            ("m8i.4xlarge", 7, 60),
            ("m8i.8xlarge", 9, 90),
            ("r8i.24xlarge", 15, 120),
            ("c8i.32xlarge", 23, 120),
            ("p5.48xlarge", 1, 1),
            ("t3.xlarge", 3, 3),
            ("c5.metal", 14, 14),
            ("r5.8xlarge", 7, 7),
        ] {
            assert_eq!(task_slots(name, false), Some(plain), "{name} without a trunk");
            assert_eq!(task_slots(name, true), Some(trunk), "{name} with a trunk");
        }
    }

    #[test]
    fn what_the_table_does_not_hold_is_unknown() {
        for name in ["", "c5", "c5.", "m6i.medium", "m5.6xlarge", "inf1.xlarge", "t2.nano", ".large", "m6g.xxlarge"] {
            assert_eq!(task_slots(name, true), None, "{name}");
        }
    }
}

//! Fargate task sizes: which pairs of CPU and memory exist, and the smallest that holds a task (semantics.md §1.8, U-18).

use alloc::format;

use super::{NetworkMode, TaskDefinition, invalid};
use crate::error::{Error, ErrorKind};

/// A pair of CPU units and MiB that Fargate offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FargateSize {
    /// CPU units.
    pub cpu: i64,
    /// Memory in MiB.
    pub memory_mib: i64,
}

/// Which part of the table is on offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FargateOffer {
    /// Tasks run on Windows: 1, 2 and 4 vCPU only. Default: no.
    pub is_windows: bool,
    /// The platform is 1.4.0 or newer, which 8 vCPU and more need. Default: yes.
    pub has_platform_1_4: bool,
    /// Sizes of 32 vCPU, which AWS documents in one place and not in another. Default: yes.
    pub has_32_vcpu: bool,
}

impl Default for FargateOffer {
    fn default() -> Self {
        Self { is_windows: false, has_platform_1_4: true, has_32_vcpu: true }
    }
}

/// GiB of ephemeral storage that can be asked for.
const EPHEMERAL_STORAGE_GIB: core::ops::RangeInclusive<i64> = 21..=200;

/// One row of the table.
struct Row {
    /// CPU units.
    cpu: i64,
    /// Memory in MiB, rising.
    memory: Memory,
    /// Whether Windows tasks can have it.
    on_windows: bool,
}

/// The memory values of a row.
enum Memory {
    /// These.
    Listed(&'static [i64]),
    /// From, to, step.
    Stepped(i64, i64, i64),
}

impl Memory {
    /// Whether the row has the value.
    fn has(&self, memory_mib: i64) -> bool {
        match *self {
            Self::Listed(values) => values.contains(&memory_mib),
            Self::Stepped(from, to, step) => (from..=to).contains(&memory_mib) && (memory_mib - from) % step == 0,
        }
    }

    /// The smallest value of the row that is not below `memory_mib`.
    fn at_least(&self, memory_mib: i64) -> Option<i64> {
        match *self {
            Self::Listed(values) => values.iter().copied().find(|&value| value >= memory_mib),
            Self::Stepped(from, to, _) if memory_mib <= from => Some(from).filter(|&from| from <= to),
            Self::Stepped(_, to, _) if memory_mib > to => None,
            Self::Stepped(from, _, step) => Some(from + ((memory_mib - from) + step - 1) / step * step),
        }
    }
}

/// The table.
const ROWS: [Row; 8] = [
    Row { cpu: 256, memory: Memory::Listed(&[512, 1024, 2048]), on_windows: false },
    Row { cpu: 512, memory: Memory::Stepped(1024, 4096, 1024), on_windows: false },
    Row { cpu: 1024, memory: Memory::Stepped(2048, 8192, 1024), on_windows: true },
    Row { cpu: 2048, memory: Memory::Stepped(4096, 16384, 1024), on_windows: true },
    Row { cpu: 4096, memory: Memory::Stepped(8192, 30720, 1024), on_windows: true },
    Row { cpu: 8192, memory: Memory::Stepped(16384, 61440, 4096), on_windows: false },
    Row { cpu: 16384, memory: Memory::Stepped(32768, 122_880, 8192), on_windows: false },
    Row { cpu: 32768, memory: Memory::Listed(&[61440, 122_880, 249_856]), on_windows: false },
];

/// The rows on offer.
fn rows(offer: FargateOffer) -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(move |row| {
        (!offer.is_windows || row.on_windows)
            && (offer.has_platform_1_4 || row.cpu < 8192)
            && (offer.has_32_vcpu || row.cpu < 32768)
    })
}

/// Every size on offer, by CPU, then memory.
pub fn sizes(offer: FargateOffer) -> impl Iterator<Item = FargateSize> {
    rows(offer).flat_map(|row| {
        let mut next = row.memory.at_least(0);
        core::iter::from_fn(move || {
            let memory_mib = next?;
            next = row.memory.at_least(memory_mib + 1);
            Some(FargateSize { cpu: row.cpu, memory_mib })
        })
    })
}

/// Refuses a pair that is not on offer.
///
/// # Errors
/// [`ErrorKind::InvalidFargateSize`], with the words ECS uses.
///
/// # Example
/// ```
/// use placewright::definition::fargate::{FargateOffer, validate};
/// assert!(validate(4096, 30720, FargateOffer::default()).is_ok());
/// assert!(validate(4096, 31744, FargateOffer::default()).is_err());
/// ```
pub fn validate(cpu: i64, memory_mib: i64, offer: FargateOffer) -> Result<(), Error> {
    match rows(offer).find(|row| row.cpu == cpu) {
        None => Err(Error::with_message(ErrorKind::InvalidFargateSize, "Invalid 'cpu' setting for task.")),
        Some(row) if row.memory.has(memory_mib) => Ok(()),
        Some(_) => Err(Error::new(ErrorKind::InvalidFargateSize)),
    }
}

/// The smallest size that holds so much: the least CPU that has one, and of its sizes the least memory. `None` where the
/// largest is too small.
///
/// # Example
/// ```
/// use placewright::definition::fargate::{FargateOffer, FargateSize, round_up};
/// assert_eq!(round_up(300, 5000, FargateOffer::default()), Some(FargateSize { cpu: 1024, memory_mib: 5120 }));
/// ```
#[must_use]
pub fn round_up(cpu: i64, memory_mib: i64, offer: FargateOffer) -> Option<FargateSize> {
    rows(offer)
        .filter(|row| row.cpu >= cpu)
        .find_map(|row| row.memory.at_least(memory_mib).map(|memory_mib| FargateSize { cpu: row.cpu, memory_mib }))
}

/// Refuses a definition that Fargate would not run.
///
/// # Errors
/// [`ErrorKind::InvalidFargateSize`] for its size, [`ErrorKind::InvalidDefinition`] for the rest.
pub(super) fn validate_definition(definition: &TaskDefinition) -> Result<(), Error> {
    let (Some(cpu), Some(memory_mib)) = (definition.cpu, definition.memory_mib) else {
        return Err(invalid("Fargate needs `cpu` and `memory` of the whole task"));
    };
    if definition.network_mode != NetworkMode::Awsvpc {
        return Err(invalid("Fargate needs network mode `awsvpc`"));
    }
    if !definition.constraints.is_empty() {
        return Err(invalid("Fargate takes no placement constraints"));
    }
    if let Some(container) = definition.containers.iter().find(|container| container.gpu.is_some()) {
        return Err(invalid(format!("Fargate has no GPUs, and container `{}` asks for some", container.name)));
    }
    if let Some(gib) = definition.ephemeral_storage_gib.filter(|gib| !EPHEMERAL_STORAGE_GIB.contains(gib)) {
        let (least, most) = (EPHEMERAL_STORAGE_GIB.start(), EPHEMERAL_STORAGE_GIB.end());
        return Err(invalid(format!("ephemeral storage of `{gib}` GiB is outside {least} to {most}"))
            .in_path("ephemeralStorage"));
    }
    validate(cpu, memory_mib, FargateOffer { is_windows: definition.is_windows(), ..FargateOffer::default() })
}

//! What one task takes from its instance, and what else the instance must offer.
//!
//! A [`Demand`] is what a task definition comes down to once overrides are applied: numbers, ports and devices
//! (semantics.md §1.2–§1.5), and facts about the instance that are judged with them rather than with the constraints
//! (§1.5, §6.3).

use alloc::string::String;
use alloc::vec::Vec;

use crate::instance::Protocol;

/// GPUs one task takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum GpuDemand {
    /// None.
    #[default]
    None,
    /// So many whole devices, at least 1.
    Whole(u16),
    /// Every device of the instance: at least one, and all of them free.
    All,
    /// The device of an instance whose type carries one GPU slice of so many thousandths: 125, 250 or 500.
    Slice(u16),
    /// So many thousandths, 1 to 999, of one device that may be shared.
    Share(u16),
}

/// An attribute an instance must carry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequiredAttribute {
    /// Name.
    pub name: String,
    /// Value it must have; `None` takes any.
    pub value: Option<String>,
}

/// What one task takes, and what its instance must offer besides.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Demand {
    /// CPU units. More than any instance can have fits nowhere.
    pub cpu: i64,
    /// Memory in MiB.
    pub memory_mib: i64,
    /// Custom countable resources by name, each name once.
    pub custom: Vec<(String, i64)>,
    /// Static host ports, sorted, each once.
    pub ports: Vec<(Protocol, u16)>,
    /// Whether it takes a task network interface of the instance.
    pub eni: bool,
    /// GPUs.
    pub gpus: GpuDemand,
    /// Attributes the instance must carry.
    pub required_attributes: Vec<RequiredAttribute>,
    /// `ecs.cpu-architecture` the instance must have, if it has that attribute.
    pub cpu_architecture: Option<String>,
    /// `ecs.os-type` the instance must have, if it has that attribute.
    pub os_type: Option<String>,
    /// The task can never be placed because two of its mappings want one host port (U-14).
    pub ports_clash: bool,
}

impl Demand {
    /// CPU units and memory in MiB, and nothing else.
    #[must_use]
    pub fn new(cpu: i64, memory_mib: i64) -> Self {
        Self { cpu, memory_mib, ..Self::default() }
    }

    /// The same demand with a static host port more.
    #[must_use]
    pub fn with_port(mut self, protocol: Protocol, port: u16) -> Self {
        self.ports.push((protocol, port));
        self
    }

    /// The same demand for GPUs.
    #[must_use]
    pub fn with_gpus(mut self, gpus: GpuDemand) -> Self {
        self.gpus = gpus;
        self
    }

    /// The same demand for so much of a declared custom resource.
    #[must_use]
    pub fn with_custom(mut self, name: impl Into<String>, amount: i64) -> Self {
        self.custom.push((name.into(), amount));
        self
    }
}

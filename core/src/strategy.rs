//! Placement strategies: how the allowed instances are ranked. A strategy never forbids (semantics.md §3).

use alloc::string::String;

use smallvec::SmallVec;

use crate::error::{Error, ErrorKind};
use crate::limits::REQUEST_STRATEGIES_MAX;
use crate::workload::Workload;

/// A resource that `binpack` can look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinpackField {
    /// CPU units.
    Cpu,
    /// Memory.
    Memory,
}

/// What makes two instances one group for `spread`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SpreadField {
    /// Each instance is its own group.
    InstanceId,
    /// Instances with the same value of the attribute are one group, and so are those without it.
    Attribute(String),
}

/// One rule of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// The least remaining amount of the field.
    Binpack(BinpackField),
    /// The group with the fewest tasks of the request's task group.
    Spread(SpreadField),
    /// A uniform draw. Rules after it decide nothing.
    Random,
    /// The least share of the instance's own CPU, memory and GPUs left, added up. Ours, not of ECS (gpu_policies.md §2).
    BestFit,
    /// The least product of what the task takes and what is left, as shares of what the instance has, added up. Ours, not of
    /// ECS (gpu_policies.md §2).
    DotProduct,
    /// Fragmentation gradient descent: the highest integer score of by how much the part of the free GPUs that the target
    /// workload cannot use falls. Chooses the device of a share too. Ours, not of ECS (gpu_policies.md §3).
    Fragmentation(Workload),
    /// Headroom descent: the least loss of what tasks of the target workload could take side by side. Chooses the device of a
    /// share too. Ours, not of ECS (gpu_policies.md §4).
    Headroom(Workload),
}

impl Strategy {
    /// `spread` over an attribute.
    #[must_use]
    pub fn spread(attribute: impl Into<String>) -> Self {
        Self::Spread(SpreadField::Attribute(attribute.into()))
    }
}

/// Who wins where a chain leaves several instances (semantics.md §3.3, U-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TieBreak {
    /// The instance registered first.
    #[default]
    Registration,
    /// A seeded uniform draw.
    Seeded,
}

/// Rules in order: the first narrows the candidates, the next chooses among what is left, and so on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StrategyChain {
    /// The rules; at most [`REQUEST_STRATEGIES_MAX`].
    rules: SmallVec<[Strategy; 2]>,
}

impl StrategyChain {
    /// A chain of the rules, first first. An empty chain leaves the choice to the tie-break.
    ///
    /// # Errors
    /// [`ErrorKind::LimitExceeded`] for more than [`REQUEST_STRATEGIES_MAX`] rules.
    pub fn new(rules: impl IntoIterator<Item = Strategy>) -> Result<Self, Error> {
        let rules: SmallVec<[Strategy; 2]> = rules.into_iter().take(REQUEST_STRATEGIES_MAX + 1).collect();
        if rules.len() > REQUEST_STRATEGIES_MAX {
            return Err(Error::with_message(
                ErrorKind::LimitExceeded,
                alloc::format!("a strategy chain has at most {REQUEST_STRATEGIES_MAX} rules"),
            ));
        }
        Ok(Self { rules })
    }

    /// What a service without a strategy gets: even zones, then the instance with the fewest of its tasks.
    #[must_use]
    pub fn service_default() -> Self {
        let rules = [Strategy::spread("ecs.availability-zone"), Strategy::Spread(SpreadField::InstanceId)];
        Self { rules: rules.into_iter().collect() }
    }

    /// What RunTask without a strategy gets: a uniform draw.
    #[must_use]
    pub fn run_task_default() -> Self {
        Self { rules: [Strategy::Random].into_iter().collect() }
    }

    /// The rules, first first.
    #[must_use]
    pub fn rules(&self) -> &[Strategy] {
        &self.rules
    }
}

impl From<Strategy> for StrategyChain {
    fn from(rule: Strategy) -> Self {
        Self { rules: [rule].into_iter().collect() }
    }
}

//! What is asked for: so many tasks with a demand, in a group, under constraints, by strategies.

use alloc::string::String;
use alloc::vec::Vec;

use crate::constraint::Constraint;
use crate::demand::Demand;
use crate::strategy::{StrategyChain, TieBreak};

/// Which instances a request may use at all. Others are not considered, and give no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LaunchKind {
    /// Instances that are not external.
    #[default]
    Ec2,
    /// Instances with the attribute `ecs.capability.external`.
    External,
    /// Every instance.
    Any,
}

/// A request to place tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Name of the task definition; goes with each task into reports and exports.
    pub definition: String,
    /// What each task takes.
    pub demand: Demand,
    /// Task group: the scope of `spread` and `distinctInstance`.
    pub group: String,
    /// Tasks wanted.
    pub count: u32,
    /// Constraints, those of the definition first.
    pub constraints: Vec<Constraint>,
    /// Strategies.
    pub strategies: StrategyChain,
    /// Who wins a tie.
    pub tie_break: TieBreak,
    /// Seed of `random` and of seeded ties.
    pub seed: u64,
    /// Place all tasks or none.
    pub all_or_nothing: bool,
    /// Which instances are considered.
    pub launch: LaunchKind,
    /// Availability Zones a task with its own network interface may go to; `None` takes any.
    pub zones: Option<Vec<String>>,
}

impl Request {
    /// A request for one task of the named definition, in the group `family:<definition>`, with no constraint, no strategy
    /// and ties to the earliest registered instance.
    #[must_use]
    pub fn new(definition: impl Into<String>, demand: Demand) -> Self {
        let definition = definition.into();
        let family = definition.split(':').next().unwrap_or_default();
        Self {
            group: alloc::format!("family:{family}"),
            definition,
            demand,
            count: 1,
            constraints: Vec::new(),
            strategies: StrategyChain::default(),
            tie_break: TieBreak::default(),
            seed: 0,
            all_or_nothing: false,
            launch: LaunchKind::default(),
            zones: None,
        }
    }

    /// The same request for so many tasks.
    #[must_use]
    pub fn with_count(mut self, count: u32) -> Self {
        self.count = count;
        self
    }

    /// The same request in another task group.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<String>) -> Self {
        self.group = group.into();
        self
    }

    /// The same request with a constraint more.
    #[must_use]
    pub fn with_constraint(mut self, constraint: Constraint) -> Self {
        self.constraints.push(constraint);
        self
    }

    /// The same request with these strategies.
    #[must_use]
    pub fn with_strategies(mut self, strategies: impl Into<StrategyChain>) -> Self {
        self.strategies = strategies.into();
        self
    }

    /// The same request with this seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The same request with ties broken so (semantics.md §3.3).
    #[must_use]
    pub fn with_tie_break(mut self, tie_break: TieBreak) -> Self {
        self.tie_break = tie_break;
        self
    }

    /// The same request for instances in one of these Availability Zones, in place of those said before (semantics.md §1.5).
    /// No instance is in one of none.
    #[must_use]
    pub fn with_zones<Z: Into<String>>(mut self, zones: impl IntoIterator<Item = Z>) -> Self {
        self.zones = Some(zones.into_iter().map(Into::into).collect());
        self
    }

    /// The same request for instances of this launch kind (semantics.md §2.1).
    #[must_use]
    pub fn with_launch(mut self, launch: LaunchKind) -> Self {
        self.launch = launch;
        self
    }

    /// The same request, placing all of its tasks or none (semantics.md §1.6).
    #[must_use]
    pub fn with_all_or_nothing(mut self, all_or_nothing: bool) -> Self {
        self.all_or_nothing = all_or_nothing;
        self
    }
}

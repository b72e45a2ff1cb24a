//! What a session decides where AWS leaves it open, each choice with its default (semantics.md §13).

use crate::cluster::{Options, Release, UnknownEni};
use crate::select::AbsentGroup;
use crate::strategy::{StrategyChain, TieBreak};

/// What RunTask does without a strategy (semantics.md §3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RunTaskDefault {
    /// A seeded uniform draw, as ECS.
    #[default]
    Random,
    /// The feasible instance registered first.
    Registration,
}

impl RunTaskDefault {
    /// The chain it stands for.
    pub(super) fn chain(self) -> StrategyChain {
        match self {
            Self::Random => StrategyChain::run_task_default(),
            Self::Registration => StrategyChain::default(),
        }
    }
}

/// How a session behaves where AWS leaves it open.
///
/// # Example
/// ```
/// use placewright::adapter::{RunTaskDefault, Session, SessionOptions};
///
/// let options = SessionOptions { run_task_default: RunTaskDefault::Registration, ..SessionOptions::default() };
/// let session = Session::new(options);
/// # let _ = session;
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionOptions {
    /// Seed of requests without `xSeed`. Default 0.
    pub seed: u64,
    /// What RunTask does without a strategy. Default: random.
    pub run_task_default: RunTaskDefault,
    /// Who wins a tie (U-01). Default: the instance registered first.
    pub tie_break: TieBreak,
    /// Refuses an awsvpc request without network configuration, and any other with one (U-16). Default: no.
    pub has_strict_network: bool,
    /// Reads `CPU` and `Memory` as strategy fields, as describe output may write them (U-25). Default: no.
    pub has_lenient_fields: bool,
    /// What the engine decides: when resources are released (U-17), the ceiling of host ports (U-05), instances without a
    /// spread attribute (U-29), network interfaces of unknown instance types (U-15).
    pub cluster: Options,
}

impl SessionOptions {
    /// The options with their names as an exported state writes them, those at their default included.
    pub(crate) fn entries(&self) -> [(&'static str, crate::json::Json<'static>); 9] {
        use crate::json::Json;
        [
            ("seed", Json::from(alloc::format!("{}", self.seed))),
            ("runTaskDefault", Json::from(run_task_name(self.run_task_default))),
            ("tieBreak", Json::from(tie_break_name(self.tie_break))),
            ("strictNetwork", Json::from(self.has_strict_network)),
            ("lenientFields", Json::from(self.has_lenient_fields)),
            ("release", Json::from(release_name(self.cluster.release))),
            ("hostPortsMax", Json::from(i64::from(self.cluster.host_ports_max))),
            ("absentGroup", Json::from(absent_group_name(self.cluster.absent_group))),
            ("unknownTypeEni", Json::from(unknown_eni_name(self.cluster.unknown_eni))),
        ]
    }
}

/// Every choice of the default strategy.
pub(crate) const RUN_TASK_DEFAULTS: [RunTaskDefault; 2] = [RunTaskDefault::Random, RunTaskDefault::Registration];
/// Every tie-break.
pub(crate) const TIE_BREAKS: [TieBreak; 2] = [TieBreak::Registration, TieBreak::Seeded];
/// Every moment of release.
pub(crate) const RELEASES: [Release; 2] = [Release::Desired, Release::Last];
/// Every treatment of instances without the spread attribute.
pub(crate) const ABSENT_GROUPS: [AbsentGroup; 3] = [AbsentGroup::Together, AbsentGroup::Last, AbsentGroup::Exclude];
/// Every treatment of unknown instance types.
pub(crate) const UNKNOWN_ENIS: [UnknownEni; 2] = [UnknownEni::Unlimited, UnknownEni::Zero];

/// Name of a default strategy.
pub(crate) const fn run_task_name(choice: RunTaskDefault) -> &'static str {
    match choice {
        RunTaskDefault::Random => "random",
        RunTaskDefault::Registration => "registration",
    }
}

/// Name of a tie-break.
pub(crate) const fn tie_break_name(choice: TieBreak) -> &'static str {
    match choice {
        TieBreak::Registration => "registration",
        TieBreak::Seeded => "seeded",
    }
}

/// Name of a moment of release.
pub(crate) const fn release_name(choice: Release) -> &'static str {
    match choice {
        Release::Desired => "desired",
        Release::Last => "last",
    }
}

/// Name of a treatment of instances without the spread attribute.
pub(crate) const fn absent_group_name(choice: AbsentGroup) -> &'static str {
    match choice {
        AbsentGroup::Together => "together",
        AbsentGroup::Last => "last",
        AbsentGroup::Exclude => "exclude",
    }
}

/// Name of a treatment of unknown instance types.
pub(crate) const fn unknown_eni_name(choice: UnknownEni) -> &'static str {
    match choice {
        UnknownEni::Unlimited => "unlimited",
        UnknownEni::Zero => "zero",
    }
}

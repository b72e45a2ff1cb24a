//! A request made ready: names resolved, filters held, so that choosing reads integers only.

use smallvec::SmallVec;

use crate::id::{AttributeId, ConstraintId, DemandId, GroupId};
use crate::index::admission::AdmissionId;
use crate::index::amounts::Needed;
use crate::index::gauge::ShapeId;
use crate::index::residue::ResidueId;
use crate::index::spread::SpreadId;
use crate::limits::REQUEST_STRATEGIES_MAX;
use crate::strategy::TieBreak;

/// One rule of a chain, resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Least left in a column.
    Binpack(usize),
    /// Fewest tasks of the group on the instance.
    SpreadInstance,
    /// Fewest tasks of the group on instances with the same value.
    SpreadAttribute(AttributeId),
    /// A uniform draw.
    Random,
    /// Least left, as shares of what the instance has.
    BestFit,
    /// Least product of what is taken and what is left, likewise.
    DotProduct,
    /// Least cost by a target workload; `None` in a chain that places nothing, where it decides nothing.
    Gauge(Option<ShapeId>),
}

/// How instances without a spread attribute are ranked (semantics.md §3.2, U-29).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AbsentGroup {
    /// They form one group like any other.
    #[default]
    Together,
    /// They come after all instances that have it.
    Last,
    /// They take no task of a request that spreads over it.
    Exclude,
}

/// What the indexed route searches for, where it knows the chain.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    /// Instances admitted by static facts.
    pub(crate) admission: AdmissionId,
    /// Amounts needed.
    pub(crate) needed: Needed,
    /// The spread that comes first, if one does.
    pub(crate) spread: Option<SpreadId>,
    /// Whether the group is watched.
    pub(crate) is_watched: bool,
    /// What decides among the instances of the least level.
    pub(crate) last: Last,
    /// Whether searching has been worth it lately.
    pub(crate) luck: Luck,
}

impl Search {
    /// Whether going through the admitted instances answers the request as well: it neither draws nor narrows ties.
    #[inline]
    pub(crate) fn is_swept(&self, plan: &Plan) -> bool {
        match self.last {
            Last::Registration | Last::SpreadInstance => true,
            Last::Binpack(_, next) => next == plan.rules.len(),
            Last::Random => false,
        }
    }
}

/// How searches of a request went lately. While one after another spends its budget in vain, some are left out: after the
/// second one, after the third three, from the fourth on seven at a time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Luck {
    /// Searches left out from now on.
    pause: u8,
    /// Searches in vain in a row, as far as that matters.
    failed: u8,
}

impl Luck {
    /// Searches left out after so many in vain, and after more.
    const PAUSES: [u8; 5] = [0, 0, 1, 3, 7];

    /// Whether to search this time.
    #[inline]
    pub(crate) fn tries(&mut self) -> bool {
        let tries = self.pause == 0;
        self.pause = self.pause.saturating_sub(1);
        tries
    }

    /// A search found the answer, or spent its budget in vain.
    #[inline]
    pub(crate) fn learn(&mut self, found: bool) {
        let most = Self::PAUSES.len() - 1;
        #[expect(clippy::cast_possible_truncation, reason = "there are five pauses")]
        let failed = if found { 0 } else { (usize::from(self.failed) + 1).min(most) as u8 };
        self.failed = failed;
        self.pause = Self::PAUSES[usize::from(failed)];
    }
}

/// What decides last on the indexed route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Last {
    /// The earliest registered.
    Registration,
    /// Least left in a column, then the rules from a number on, then the earliest registered.
    Binpack(usize, usize),
    /// Fewest tasks of the group on the instance, then the earliest registered.
    SpreadInstance,
    /// A uniform draw.
    Random,
}

/// A request made ready for one cluster.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// What each task takes.
    pub(crate) demand: DemandId,
    /// Scope of spread and distinctInstance.
    pub(crate) group: GroupId,
    /// External instances, and whether to use exactly them or exactly the others; `None` uses every instance.
    pub(crate) external: Option<(ConstraintId, bool)>,
    /// Facts required beside amounts.
    pub(crate) requirements: Option<ConstraintId>,
    /// Zones allowed.
    pub(crate) zones: Option<ConstraintId>,
    /// Instances that carry a GPU slice, and whether the demand wants exactly them or exactly the others.
    pub(crate) gpu_slice: Option<(ConstraintId, bool)>,
    /// Static parts of the expressions.
    pub(crate) statics: SmallVec<[ConstraintId; 4]>,
    /// Parts of the expressions that read tasks.
    pub(crate) residues: SmallVec<[ResidueId; 2]>,
    /// Whether no two tasks of the group may share an instance.
    pub(crate) is_distinct: bool,
    /// Whether the demand takes every GPU of an instance.
    pub(crate) wants_all_gpus: bool,
    /// Whether the demand can never be met because its own ports clash.
    pub(crate) ports_clash: bool,
    /// The chain.
    pub(crate) rules: SmallVec<[Rule; REQUEST_STRATEGIES_MAX]>,
    /// The first shape that a rule of the chain ranks by: it chooses the device of a share.
    pub(crate) shape: Option<ShapeId>,
    /// Where instances without a spread attribute rank.
    pub(crate) absent_group: AbsentGroup,
    /// Who wins a tie.
    pub(crate) tie_break: TieBreak,
    /// Seed of draws.
    pub(crate) seed: u64,
    /// What the indexed route searches for; `None` leaves the request to the scan.
    pub(crate) search: Option<Search>,
}

impl Plan {
    /// What decides last on the indexed route, and the attribute that is spread over before, if there is one; `None` where
    /// the route does not know the chain.
    pub(crate) fn shape(&self) -> Option<(Option<AttributeId>, Last)> {
        let (spread, first) = match self.rules.first() {
            Some(&Rule::SpreadAttribute(name)) => (Some(name), 1),
            _ => (None, 0),
        };
        let is_last = first + 1 == self.rules.len();
        let seeded = self.tie_break == TieBreak::Seeded;
        let last = match self.rules.get(first) {
            Some(Rule::Random) => Last::Random,
            None if seeded => Last::Random,
            _ if seeded => return None,
            None => Last::Registration,
            Some(&Rule::Binpack(column)) => Last::Binpack(column, first + 1),
            Some(Rule::SpreadInstance) if is_last => Last::SpreadInstance,
            Some(_) => return None,
        };
        Some((spread, last))
    }

    /// The shapes that rules of the chain rank by.
    pub(crate) fn shapes(&self) -> impl Iterator<Item = ShapeId> + '_ {
        self.rules.iter().filter_map(|rule| if let Rule::Gauge(shape) = *rule { shape } else { None })
    }

    /// Whether choosing needs to know how many tasks of the group each instance has.
    pub(crate) fn reads_group(&self) -> bool {
        let spreads = |rule: &Rule| matches!(rule, Rule::SpreadInstance | Rule::SpreadAttribute(_));
        self.is_distinct || self.rules.iter().any(spreads)
    }
}

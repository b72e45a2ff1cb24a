//! A packing problem made ready: flat columns of kinds and bin types, and what each may share a bin with.
//!
//! Items with the same demand under the same rules are one *kind* with a number of copies, so 100,000 tasks of 30 kinds cost
//! like 30. Every rule comes down to one of five: a demand per dimension; *classes* with a number of members a bin has room
//! for (a group with a limit, a host port, task network interfaces); pairs of classes that keep apart; GPUs; and the types a
//! kind may go to at all. The sixth, an even spread, is the only one that looks beyond one bin.
//!
//! Kinds stand in an order of their own, by rules and demand: the same for any order of the input. Items that no bin type can
//! hold are no kinds; they are kept aside with the reason ([`Problem::misfits`]).

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::demand::GpuDemand;
use crate::instance::Protocol;

/// Room of a class that nothing limits.
pub(crate) const UNLIMITED: u32 = u32::MAX;

/// A checked packing problem. Built by [`ProblemBuilder`](super::ProblemBuilder); never changes.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Names of the dimensions.
    pub(super) dimensions: Box<[Box<str>]>,
    /// Rows of items as given.
    pub(super) rows: Rows,
    /// Kinds.
    pub(super) kinds: Kinds,
    /// Distinct sets of rules that kinds have.
    pub(super) rules: Box<[RuleSet]>,
    /// Bin types, in the order given.
    pub(super) types: Types,
    /// Classes.
    pub(super) classes: Classes,
    /// Spreads.
    pub(super) spreads: Box<[SpreadRule]>,
    /// Rows that no bin type can hold, ascending.
    pub(super) misfits: Box<[Misfit]>,
}

/// Rows of items, in the order given.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    /// All ids, one behind the other.
    pub(super) texts: String,
    /// Where each id ends in `texts`. `[rows]`
    pub(super) ends: Vec<usize>,
    /// Copies. `[rows]`
    pub(super) count: Vec<u64>,
    /// Rows of each kind, ascending within a kind. `[rows that have a kind]`
    pub(super) by_kind: Vec<u32>,
    /// Where the rows of each kind begin in `by_kind`. `[kinds + 1]`
    pub(super) starts: Vec<u32>,
}

/// Columns of kinds.
#[derive(Debug, Clone, Default)]
pub(super) struct Kinds {
    /// Demand. `[kinds × dimensions]`
    pub(super) demand: Vec<u64>,
    /// Copies. `[kinds]`
    pub(super) count: Vec<u64>,
    /// Set of rules. `[kinds]`
    pub(super) rules: Vec<u32>,
}

/// Columns of bin types.
#[derive(Debug, Clone, Default)]
pub(super) struct Types {
    /// Names. `[types]`
    pub(super) ids: Vec<Box<str>>,
    /// Capacity. `[types × dimensions]`
    pub(super) capacity: Vec<u64>,
    /// Cost in millionths. `[types]`
    pub(super) cost: Vec<u64>,
    /// Most bins, `u64::MAX` without a limit. `[types]`
    pub(super) limit: Vec<u64>,
    /// Thousandths left of each GPU. `[types]`
    pub(super) devices: Vec<Box<[u16]>>,
    /// Classes whose room differs from what it is elsewhere, sorted by class. `[types]`
    pub(super) rooms: Vec<Box<[(u32, u32)]>>,
}

/// What a set of kinds has in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RuleSet {
    /// Classes each item is a member of, once each, ascending.
    pub(super) classes: Box<[u32]>,
    /// GPUs, as [`gpu_key`] writes them, to be put in order.
    pub(super) gpus: (u8, u16),
    /// Spread it takes part in.
    pub(super) spread: Option<u32>,
    /// Types it may go to as far as everything but amounts is concerned. Bits, `[types / 64]`.
    pub(super) allowed: Box<[u64]>,
}

/// Columns of classes.
#[derive(Debug, Clone, Default)]
pub(super) struct Classes {
    /// What each is. `[classes]`
    pub(super) names: Vec<ClassName>,
    /// Members a bin has room for, unless its type says otherwise; [`UNLIMITED`] without a limit. `[classes]`
    pub(super) room: Vec<u32>,
    /// Classes each must keep apart from, ascending. `[classes]`
    pub(super) apart: Vec<Box<[u32]>>,
}

/// What a class stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ClassName {
    /// A group with a rule.
    Group(Box<str>),
    /// A host port.
    Port(Protocol, u16),
    /// Task network interfaces.
    Eni,
}

impl fmt::Display for ClassName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(name) => write!(out, "group `{name}`"),
            Self::Port(Protocol::Tcp, port) => write!(out, "TCP port {port}"),
            Self::Port(Protocol::Udp, port) => write!(out, "UDP port {port}"),
            Self::Eni => out.write_str("task network interfaces"),
        }
    }
}

/// A spread.
#[derive(Debug, Clone)]
pub(super) struct SpreadRule {
    /// Name of the group.
    pub(super) group: Box<str>,
    /// Largest difference between two domains.
    pub(super) skew_max: u64,
    /// Domain of each type; `u32::MAX` for one that takes none of the group. `[types]`
    pub(super) domain: Box<[u32]>,
    /// Tasks of the group that already run in each domain. `[domains]`
    pub(super) running: Box<[u64]>,
}

/// Why items are not packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// There is no bin type.
    NoTypes,
    /// No bin type satisfies its `memberOf` constraints.
    MemberOf,
    /// The demand in a dimension is more than any type it may go to has.
    Demand {
        /// The dimension.
        dimension: u32,
        /// What it asks for.
        wanted: u64,
        /// The most that such a type has.
        most: u64,
    },
    /// A type has enough of each dimension, but none of all at once.
    Together,
    /// No type it may go to has its host ports free.
    Ports,
    /// No type it may go to has a task network interface left.
    Eni,
    /// No type it may go to has the GPUs.
    Gpus,
    /// No type it may go to has room for another item of its group.
    Group,
    /// No bin type that could hold it has a value of the attribute its group is spread over.
    SpreadAttribute,
    /// The bins that could hold it are used up: their types have limits.
    Limit,
    /// It would unbalance the spread of its group.
    Spread,
}

/// A row that no bin type can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misfit {
    /// The row, by its place in the input.
    pub row: u32,
    /// Why.
    pub reason: Reason,
}

/// A GPU demand as numbers in order: what kind, and how much.
pub(super) const fn gpu_key(gpus: GpuDemand) -> (u8, u16) {
    match gpus {
        GpuDemand::None => (0, 0),
        GpuDemand::Whole(count) => (1, count),
        GpuDemand::All | GpuDemand::Slice(_) => (2, 0),
        GpuDemand::Share(share) => (3, share),
    }
}

/// The GPU demand of numbers that [`gpu_key`] made.
pub(super) const fn gpu_demand(key: (u8, u16)) -> GpuDemand {
    match key {
        (1, count) => GpuDemand::Whole(count),
        (2, _) => GpuDemand::All,
        (3, share) => GpuDemand::Share(share),
        _ => GpuDemand::None,
    }
}

impl Problem {
    /// Names of the dimensions, 1 to [`PACK_DIMENSIONS_MAX`](crate::limits::PACK_DIMENSIONS_MAX).
    pub fn dimensions(&self) -> impl ExactSizeIterator<Item = &str> {
        self.dimensions.iter().map(AsRef::as_ref)
    }

    /// How many dimensions.
    #[must_use]
    pub fn width(&self) -> usize {
        self.dimensions.len()
    }

    /// How many rows of items there are, those of no kind included.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.count.len()
    }

    /// The caller's name of a row; empty for a row there is not.
    #[must_use]
    pub fn row_id(&self, row: u32) -> &str {
        let row = row as usize;
        let start = row.checked_sub(1).map_or(0, |before| self.rows.ends.get(before).copied().unwrap_or(0));
        self.rows.ends.get(row).and_then(|&end| self.rows.texts.get(start..end)).unwrap_or_default()
    }

    /// Copies of a row; 0 for a row there is not.
    #[must_use]
    pub fn row_count(&self, row: u32) -> u64 {
        self.rows.count.get(row as usize).copied().unwrap_or(0)
    }

    /// Rows of a kind, in the order given.
    #[must_use]
    pub fn rows_of(&self, kind: u32) -> &[u32] {
        let kind = kind as usize;
        &self.rows.by_kind[self.rows.starts[kind] as usize..self.rows.starts[kind + 1] as usize]
    }

    /// Rows that no bin type can hold, in the order given.
    #[must_use]
    pub fn misfits(&self) -> &[Misfit] {
        &self.misfits
    }

    /// How many kinds there are, each held by some type. They are numbered from 0.
    #[must_use]
    pub fn kinds(&self) -> usize {
        self.kinds.count.len()
    }

    /// Copies of a kind, at least 1.
    #[must_use]
    pub fn count(&self, kind: u32) -> u64 {
        self.kinds.count[kind as usize]
    }

    /// Items of all kinds.
    #[must_use]
    pub fn items(&self) -> u64 {
        // OK: the builder bounds the sum by `PACK_COUNT_MAX`.
        self.kinds.count.iter().sum()
    }

    /// Demand of one item of a kind. `[dimensions]`
    #[must_use]
    pub fn demand(&self, kind: u32) -> &[u64] {
        let width = self.width();
        &self.kinds.demand[kind as usize * width..][..width]
    }

    /// Demand of all kinds, one behind the other. `[kinds × dimensions]`
    #[must_use]
    pub fn demands(&self) -> &[u64] {
        &self.kinds.demand
    }

    /// Demand of all items in each dimension. `[dimensions]`
    #[must_use]
    pub fn total_demand(&self) -> Vec<u128> {
        let mut total = alloc::vec![0; self.width()];
        for (demand, &count) in self.kinds.demand.chunks_exact(self.width()).zip(&self.kinds.count) {
            for (sum, &amount) in total.iter_mut().zip(demand) {
                *sum += u128::from(amount) * u128::from(count);
            }
        }
        total
    }

    /// How many bin types there are. They are numbered from 0, in the order given.
    #[must_use]
    pub fn types(&self) -> usize {
        self.types.cost.len()
    }

    /// The caller's name of a type.
    #[must_use]
    pub fn type_id(&self, bin_type: u32) -> &str {
        &self.types.ids[bin_type as usize]
    }

    /// The type with this name.
    #[must_use]
    pub fn type_named(&self, id: &str) -> Option<u32> {
        (0..).zip(&self.types.ids).find(|(_, name)| name.as_ref() == id).map(|(bin_type, _)| bin_type)
    }

    /// Capacity of one bin of a type. `[dimensions]`
    #[must_use]
    pub fn capacity(&self, bin_type: u32) -> &[u64] {
        let width = self.width();
        &self.types.capacity[bin_type as usize * width..][..width]
    }

    /// The most that any type has in each dimension, at least 1. `[dimensions]`
    pub(super) fn largest_capacity(&self) -> Vec<u64> {
        let mut most = alloc::vec![1; self.width()];
        for capacity in self.types.capacity.chunks_exact(self.width()) {
            most.iter_mut().zip(capacity).for_each(|(most, &has)| *most = (*most).max(has));
        }
        most
    }

    /// Cost of one bin of a type, in millionths.
    #[must_use]
    pub fn cost(&self, bin_type: u32) -> u64 {
        self.types.cost[bin_type as usize]
    }

    /// Most bins of a type, if there is a limit.
    #[must_use]
    pub fn limit(&self, bin_type: u32) -> Option<u64> {
        let limit = self.types.limit[bin_type as usize];
        (limit != u64::MAX).then_some(limit)
    }

    /// Thousandths left of each GPU in a fresh bin of a type.
    #[must_use]
    pub fn devices(&self, bin_type: u32) -> &[u16] {
        &self.types.devices[bin_type as usize]
    }

    /// GPUs one item of a kind takes.
    #[must_use]
    pub fn gpus(&self, kind: u32) -> GpuDemand {
        gpu_demand(self.rule_set(kind).gpus)
    }

    /// Whether a fresh bin of a type can hold an item of a kind.
    #[must_use]
    pub fn is_allowed(&self, kind: u32, bin_type: u32) -> bool {
        let bits = &self.rule_set(kind).allowed;
        bits[bin_type as usize / 64] >> (bin_type % 64) & 1 != 0
            && self.demand(kind).iter().zip(self.capacity(bin_type)).all(|(wanted, has)| wanted <= has)
    }

    /// The same problem with some of its types only: there are none of the others. Rows stay what they are; a kind that only
    /// others could hold stays unpacked.
    #[must_use]
    pub fn with_types(&self, is_kept: impl Fn(u32) -> bool) -> Self {
        self.with_limits(|bin_type| (!is_kept(bin_type)).then_some(0))
    }

    /// The same problem with at most so many bins of some types, `None` for those that stay as they are. A limit is never
    /// raised by it.
    #[must_use]
    pub fn with_limits(&self, limit_of: impl Fn(u32) -> Option<u64>) -> Self {
        let mut limited = self.clone();
        for (bin_type, limit) in (0_u32..).zip(&mut limited.types.limit) {
            if let Some(most) = limit_of(bin_type) {
                *limit = most.min(*limit);
                if *limit == 0 {
                    for rules in &mut limited.rules {
                        rules.allowed[bin_type as usize / 64] &= !(1 << (bin_type % 64));
                    }
                }
            }
        }
        limited
    }

    /// Classes an item of a kind is a member of, ascending.
    pub(crate) fn classes(&self, kind: u32) -> &[u32] {
        &self.rule_set(kind).classes
    }

    /// Members of a class that a fresh bin of a type has room for; [`UNLIMITED`] without a limit.
    pub(crate) fn class_room(&self, bin_type: u32, class: u32) -> u32 {
        let rooms = &self.types.rooms[bin_type as usize];
        match rooms.binary_search_by_key(&class, |&(class, _)| class) {
            Ok(at) => rooms[at].1,
            Err(_) => self.classes.room[class as usize],
        }
    }

    /// Classes none of whose members may share a bin with a member of this one, ascending.
    pub(crate) fn apart(&self, class: u32) -> &[u32] {
        &self.classes.apart[class as usize]
    }

    /// The rules of a kind.
    pub(super) fn rule_set(&self, kind: u32) -> &RuleSet {
        &self.rules[self.kinds.rules[kind as usize] as usize]
    }

    /// Whether bins of a type hold whatever their amounts allow: no kind has classes or GPUs. Types may still be forbidden.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.rules.iter().all(|rules| rules.classes.is_empty() && rules.gpus == gpu_key(GpuDemand::None))
    }

    /// Whether there is one bin type, without a limit, and amounts are all that counts: the classic problem.
    #[must_use]
    pub fn is_classic(&self) -> bool {
        self.types() == 1 && self.limit(0).is_none() && self.is_plain() && self.spreads.is_empty()
    }

    /// Why items of a row are not packed, in words.
    #[must_use]
    pub fn explain(&self, reason: Reason) -> String {
        let fixed = match reason {
            Reason::Demand { dimension, wanted, most } => {
                let name = self.dimensions.get(dimension as usize).map_or("", AsRef::as_ref);
                return format!(
                    "its demand of {wanted} for `{name}` is more than any bin type it may go to has: {most} at most"
                );
            }
            Reason::NoTypes => "there are no bin types",
            Reason::MemberOf => "no bin type satisfies its memberOf constraints",
            Reason::Together => "no bin type it may go to has enough of all dimensions at once",
            Reason::Ports => "no bin type it may go to has its host ports free",
            Reason::Eni => "no bin type it may go to has a task network interface left",
            Reason::Gpus => "no bin type it may go to has the GPUs it needs",
            Reason::Group => "no bin type it may go to has room for another item of its group",
            Reason::SpreadAttribute => "no bin type it may go to has the attribute that its group is spread over",
            Reason::Limit => "the bins that could hold it are used up: their types have limits",
            Reason::Spread => "it would unbalance the spread of its group: a domain has no room for its share",
        };
        fixed.to_string()
    }
}

//! What is to be packed and into what, as a caller says it: plain descriptions, borrowed, read once by the builder.

use alloc::vec::Vec;

use super::build::TypeFacts;
use crate::constraint::Constraint;
use crate::demand::GpuDemand;
use crate::expr::Expression;
use crate::instance::Protocol;
use crate::limits::{DEVICE_WHOLE, PACK_COST_UNIT};

/// So many equal items.
#[derive(Debug, Clone, PartialEq)]
pub struct Item<'a> {
    /// The caller's name for it. Rows may share one: answers name items by their place in the input.
    pub id: &'a str,
    /// Demand by dimension, at most [`PACK_AMOUNT_MAX`](crate::limits::PACK_AMOUNT_MAX) each. All zero is allowed: such an
    /// item takes no room, but needs a bin to be in.
    pub demand: &'a [u64],
    /// How many; 0 asks for nothing.
    pub count: u64,
    /// Group: the scope of `distinctInstance` and of [`GroupRule`]s. Without one, `distinctInstance` takes the id for it.
    pub group: Option<&'a str>,
    /// `memberOf` on the attributes of bin types, and `distinctInstance`. As everything that is said of a group holds for all
    /// of it, one `distinctInstance` makes the whole group distinct.
    pub constraints: Vec<Constraint>,
    /// The bin types it may go to, by the order in which they are added; `None` for any.
    pub types: Option<Vec<u32>>,
    /// Static host ports.
    pub ports: Vec<(Protocol, u16)>,
    /// Whether it takes a task network interface.
    pub needs_eni: bool,
    /// GPUs. A slice is not known here: say which types have it by `memberOf`, and ask for all of theirs.
    pub gpus: GpuDemand,
}

impl<'a> Item<'a> {
    /// One item with this demand and no rules.
    #[must_use]
    pub const fn new(id: &'a str, demand: &'a [u64]) -> Self {
        Self {
            id,
            demand,
            count: 1,
            group: None,
            constraints: Vec::new(),
            types: None,
            ports: Vec::new(),
            needs_eni: false,
            gpus: GpuDemand::None,
        }
    }

    /// So many of it.
    #[must_use]
    pub fn with_count(mut self, count: u64) -> Self {
        self.count = count;
        self
    }

    /// The same item in a group.
    #[must_use]
    pub fn with_group(mut self, group: &'a str) -> Self {
        self.group = Some(group);
        self
    }

    /// The same item with a constraint more.
    #[must_use]
    pub fn with_constraint(mut self, constraint: Constraint) -> Self {
        self.constraints.push(constraint);
        self
    }

    /// The same item, for these bin types only.
    #[must_use]
    pub fn with_types(mut self, types: impl IntoIterator<Item = u32>) -> Self {
        self.types = Some(types.into_iter().collect());
        self
    }

    /// The same item with a static host port more.
    #[must_use]
    pub fn with_port(mut self, protocol: Protocol, port: u16) -> Self {
        self.ports.push((protocol, port));
        self
    }

    /// The same item with a task network interface.
    #[must_use]
    pub fn with_eni(mut self) -> Self {
        self.needs_eni = true;
        self
    }

    /// The same item with these GPUs.
    #[must_use]
    pub fn with_gpus(mut self, gpus: GpuDemand) -> Self {
        self.gpus = gpus;
        self
    }
}

/// A kind of bin, to be opened as often as its limit allows. An instance that already runs is a type of its own, with limit 1,
/// cost 0, and what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinType<'a> {
    /// The caller's name for it; no two types share one.
    pub id: &'a str,
    /// Capacity by dimension, at most [`PACK_AMOUNT_MAX`](crate::limits::PACK_AMOUNT_MAX) each.
    pub capacity: &'a [u64],
    /// What one costs, in millionths; 1,000,000 by default.
    pub cost: u64,
    /// How many there are at most; `None` is no limit.
    pub limit: Option<u64>,
    /// Attributes: name and value, `None` for one that has a name only. The last of a name wins.
    pub attributes: Vec<(&'a str, Option<&'a str>)>,
    /// Thousandths left of each of its GPUs.
    pub devices: Vec<u16>,
    /// Task network interfaces left; `None` is no limit.
    pub eni_slots: Option<u32>,
    /// Host ports that are taken already.
    pub ports: Vec<(Protocol, u16)>,
    /// Tasks that already run in each bin of the type, by group.
    pub running: Vec<(&'a str, u32)>,
}

impl<'a> BinType<'a> {
    /// A type of empty bins that cost 1 each, as many as are wanted.
    #[must_use]
    pub const fn new(id: &'a str, capacity: &'a [u64]) -> Self {
        Self {
            id,
            capacity,
            cost: PACK_COST_UNIT,
            limit: None,
            attributes: Vec::new(),
            devices: Vec::new(),
            eni_slots: None,
            ports: Vec::new(),
            running: Vec::new(),
        }
    }

    /// The same type at so many millionths a bin.
    #[must_use]
    pub fn with_cost(mut self, millionths: u64) -> Self {
        self.cost = millionths;
        self
    }

    /// The same type, so many of it at most.
    #[must_use]
    pub fn with_limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The same type with an attribute more.
    #[must_use]
    pub fn with_attribute(mut self, name: &'a str, value: &'a str) -> Self {
        self.attributes.push((name, Some(value)));
        self
    }

    /// The same type with so many whole GPUs.
    #[must_use]
    pub fn with_gpus(mut self, count: usize) -> Self {
        self.devices = alloc::vec![DEVICE_WHOLE; count];
        self
    }

    /// The same type with so many task network interfaces.
    #[must_use]
    pub fn with_eni_slots(mut self, slots: u32) -> Self {
        self.eni_slots = Some(slots);
        self
    }

    /// The same type with a host port taken.
    #[must_use]
    pub fn with_port_taken(mut self, protocol: Protocol, port: u16) -> Self {
        self.ports.push((protocol, port));
        self
    }

    /// The same type, each bin already running so many tasks of a group.
    #[must_use]
    pub fn with_running(mut self, group: &'a str, count: u32) -> Self {
        self.running.push((group, count));
        self
    }
}

impl BinType<'_> {
    /// Whether bins of the type satisfy an expression, as `memberOf` of an item would ask. They run no tasks.
    #[must_use]
    pub fn satisfies(&self, expression: &Expression) -> bool {
        let attributes = self.attributes.iter().map(|&(name, value)| (name.into(), value.unwrap_or_default().into()));
        expression.matches(&TypeFacts::with_attributes(attributes.collect()))
    }
}

/// What holds for all items of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupRule<'a> {
    /// Most of the group in one bin; 1 is `distinctInstance`. The least of what is said several times holds.
    pub per_bin_max: Option<u32>,
    /// Groups none of whose items may be in one bin with an item of this one. Holds both ways.
    pub apart_from: Vec<&'a str>,
    /// How evenly the group is spread.
    pub spread: Option<Spread<'a>>,
}

/// Spread of a group over the values of an attribute of bin types, such as zones.
///
/// The domains are the values that the types have on which some item of the group may be; types without the attribute take
/// none of it. When all is packed, no domain has more than `skew_max` items of the group beyond any other. Where tasks that
/// already run are further apart than that, they may stay so, and nothing makes it worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread<'a> {
    /// Name of the attribute, e.g. `ecs.availability-zone`.
    pub attribute: &'a str,
    /// Largest difference between two domains, at least 1.
    pub skew_max: u64,
}

//! The checked builder: from descriptions to columns, or to an error that names what is wrong.
//!
//! Each call checks what can be checked on its own; [`ProblemBuilder::build`] compiles groups and ports into classes, decides
//! which types each set of rules may go to, and merges equal items. Nothing is dropped on the way: a row becomes part of a
//! kind, or a misfit with a reason.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

mod assemble;

use super::item::{BinType, GroupRule, Item};
use super::problem::{Problem, Rows, Types, gpu_key};
use crate::constraint::Constraint;
use crate::demand::GpuDemand;
use crate::error::{Error, ErrorKind};
use crate::expr::{Expression, Facts, Timestamp};
use crate::limits::{
    DEVICE_WHOLE, DEVICES_MAX, NAME_BYTES_MAX, PACK_AMOUNT_MAX, PACK_COST_MAX, PACK_COUNT_MAX, PACK_DIMENSIONS_MAX,
    PACK_ROWS_MAX, PACK_TYPES_MAX,
};

/// Collects items, bin types and rules, and makes a [`Problem`] of them.
///
/// # Example
/// ```
/// use placewright::pack::{BinType, GroupRule, Item, Problem};
///
/// let mut builder = Problem::builder(["cpu", "memory"])?;
/// builder.add_type(&BinType::new("small", &[2048, 4096]).with_cost(96_000))?;
/// builder.add_item(&Item::new("web", &[512, 1024]).with_count(3).with_group("service:web"))?;
/// builder.add_item(&Item::new("batch", &[4096, 1024]))?;
/// builder.add_rule("service:web", &GroupRule { per_bin_max: Some(1), ..GroupRule::default() })?;
/// let problem = builder.build()?;
/// assert_eq!((problem.kinds(), problem.count(0)), (1, 3));
/// assert_eq!(problem.row_id(problem.misfits()[0].row), "batch");
/// # Ok::<(), placewright::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ProblemBuilder {
    /// Names of the dimensions.
    dimensions: Box<[Box<str>]>,
    /// Rows so far.
    rows: Rows,
    /// Demand of each row. `[rows × dimensions]`
    demand: Vec<u64>,
    /// Set of raw rules of each row. `[rows]`
    raw_of_row: Vec<u32>,
    /// Sets of raw rules by number.
    raw: Vec<RawRules>,
    /// Their numbers.
    raw_numbers: BTreeMap<RawRules, u32>,
    /// Distinct expressions by canonical text.
    expressions: Vec<Expression>,
    /// Their numbers.
    expression_numbers: BTreeMap<String, u32>,
    /// Copies of all rows.
    total: u64,
    /// Columns of types.
    types: Types,
    /// What else is known of each type.
    type_facts: Vec<TypeFacts>,
    /// Names of the types.
    type_names: BTreeSet<Box<str>>,
    /// Rules of groups.
    groups: BTreeMap<Box<str>, RawGroup>,
}

/// Rules of a row, as it says them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct RawRules {
    /// Group, if it has one.
    group: Option<Box<str>>,
    /// Expressions, sorted, each once.
    member_of: Vec<u32>,
    /// Types it may go to, sorted, each once.
    types: Option<Vec<u32>>,
    /// Ports, sorted, each once.
    ports: Vec<(crate::instance::Protocol, u16)>,
    /// Whether it takes a network interface.
    needs_eni: bool,
    /// GPUs.
    gpus: (u8, u16),
}

/// Rules of a group.
#[derive(Debug, Clone, Default)]
struct RawGroup {
    /// Most in one bin.
    per_bin_max: Option<u32>,
    /// Groups it keeps apart from.
    apart_from: BTreeSet<Box<str>>,
    /// Attribute and skew.
    spread: Option<(Box<str>, u64)>,
}

impl RawGroup {
    /// Whether it says anything.
    fn is_empty(&self) -> bool {
        self.per_bin_max.is_none() && self.apart_from.is_empty() && self.spread.is_none()
    }
}

/// What is known of a type beyond its columns.
#[derive(Debug, Clone, Default)]
pub(super) struct TypeFacts {
    /// Attributes.
    attributes: BTreeMap<Box<str>, Box<str>>,
    /// Network interfaces left.
    eni_slots: Option<u32>,
    /// Ports taken.
    ports: BTreeSet<(crate::instance::Protocol, u16)>,
    /// Tasks that run in each bin, by group.
    running: BTreeMap<Box<str>, u32>,
}

impl TypeFacts {
    /// Of a type with these attributes and nothing else.
    pub(super) fn with_attributes(attributes: BTreeMap<Box<str>, Box<str>>) -> Self {
        Self { attributes, ..Self::default() }
    }
}

impl Facts for TypeFacts {
    fn is_agent_connected(&self) -> bool {
        true
    }

    fn agent_version(&self) -> Option<&str> {
        None
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(AsRef::as_ref)
    }

    fn ec2_instance_id(&self) -> Option<&str> {
        None
    }

    fn registered_at(&self) -> Option<Timestamp> {
        None
    }

    fn running_tasks_count(&self) -> u32 {
        0
    }

    fn any_group(&self, _test: &mut dyn FnMut(&str) -> bool) -> bool {
        false
    }
}

/// The error for a value that is not allowed.
#[cold]
fn invalid(kind: ErrorKind, message: String) -> Error {
    Error::with_message(kind, message)
}

/// Checks a row of amounts.
fn check_amounts(amounts: &[u64], width: usize, what: &str) -> Result<(), Error> {
    if amounts.len() != width {
        let message = format!("{what} has {} amounts for {width} dimensions", amounts.len());
        return Err(invalid(ErrorKind::InvalidAmount, message).with_help("give one amount for each dimension"));
    }
    match amounts.iter().position(|&amount| amount > PACK_AMOUNT_MAX) {
        Some(at) => {
            let message = format!("{what} of {} is more than {PACK_AMOUNT_MAX}", amounts[at]);
            Err(invalid(ErrorKind::InvalidAmount, message).in_path(&format!("[{at}]")).with_help("use a larger unit"))
        }
        None => Ok(()),
    }
}

/// Checks a name.
fn check_name(name: &str, what: &str, may_be_empty: bool) -> Result<(), Error> {
    if name.len() > NAME_BYTES_MAX {
        return Err(invalid(ErrorKind::LimitExceeded, format!("{what} has more than {NAME_BYTES_MAX} bytes")));
    }
    if name.is_empty() && !may_be_empty {
        return Err(invalid(ErrorKind::InvalidParameter, format!("{what} is empty")));
    }
    Ok(())
}

impl Problem {
    /// Begins a problem in these dimensions.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] for none, an empty name, or a name that comes twice;
    /// [`ErrorKind::LimitExceeded`] for more than [`PACK_DIMENSIONS_MAX`].
    pub fn builder<N: AsRef<str>>(dimensions: impl IntoIterator<Item = N>) -> Result<ProblemBuilder, Error> {
        let mut names: Vec<Box<str>> = Vec::new();
        for name in dimensions {
            let name = name.as_ref();
            if names.len() == PACK_DIMENSIONS_MAX {
                let message = format!("there are more than {PACK_DIMENSIONS_MAX} dimensions");
                return Err(invalid(ErrorKind::LimitExceeded, message));
            }
            check_name(name, "the name of a dimension", false)?;
            if names.iter().any(|known| known.as_ref() == name) {
                return Err(invalid(ErrorKind::InvalidParameter, format!("dimension `{name}` is there twice")));
            }
            names.push(name.into());
        }
        if names.is_empty() {
            return Err(invalid(ErrorKind::InvalidParameter, "there are no dimensions".into())
                .with_help("name at least one, e.g. `cpu`"));
        }
        Ok(ProblemBuilder {
            dimensions: names.into_boxed_slice(),
            rows: Rows::default(),
            demand: Vec::new(),
            raw_of_row: Vec::new(),
            raw: Vec::new(),
            raw_numbers: BTreeMap::new(),
            expressions: Vec::new(),
            expression_numbers: BTreeMap::new(),
            total: 0,
            types: Types::default(),
            type_facts: Vec::new(),
            type_names: BTreeSet::new(),
            groups: BTreeMap::new(),
        })
    }
}

impl ProblemBuilder {
    /// How many dimensions.
    #[must_use]
    pub fn width(&self) -> usize {
        self.dimensions.len()
    }

    /// How many bin types there are so far.
    #[must_use]
    pub fn types(&self) -> usize {
        self.types.cost.len()
    }

    /// The value that each bin type so far has of an attribute, empty where it has a name only. `[types]`
    #[must_use]
    pub fn values_of(&self, attribute: &str) -> Vec<Option<Box<str>>> {
        self.type_facts.iter().map(|facts| facts.attributes.get(attribute).cloned()).collect()
    }

    /// Adds a row of items.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidAmount`] for an amount that is none or too large, or too few or many of them;
    /// [`ErrorKind::InvalidConstraint`] for an expression that asks for running tasks; [`ErrorKind::InvalidParameter`] for a
    /// GPU demand that cannot be; [`ErrorKind::LimitExceeded`] for too many rows or copies. The builder is unchanged then.
    pub fn add_item(&mut self, item: &Item<'_>) -> Result<(), Error> {
        check_amounts(item.demand, self.dimensions.len(), "demand").map_err(|error| error.in_path("demand"))?;
        check_name(item.id, "the id of an item", true)?;
        if self.rows.count.len() == PACK_ROWS_MAX {
            return Err(invalid(
                ErrorKind::LimitExceeded,
                format!("there are more than {PACK_ROWS_MAX} rows of items"),
            )
            .with_help("give equal items one row with a count"));
        }
        let total = self.total.checked_add(item.count).filter(|&total| total <= PACK_COUNT_MAX);
        let total = total.ok_or_else(|| {
            invalid(ErrorKind::LimitExceeded, format!("there are more than {PACK_COUNT_MAX} items")).in_path("count")
        })?;
        let raw = self.raw_rules(item)?;
        self.total = total;
        self.raw_of_row.push(raw);
        self.demand.extend_from_slice(item.demand);
        self.rows.count.push(item.count);
        self.rows.texts.push_str(item.id);
        self.rows.ends.push(self.rows.texts.len());
        Ok(())
    }

    /// The number of the raw rules of a row.
    fn raw_rules(&mut self, item: &Item<'_>) -> Result<u32, Error> {
        match item.gpus {
            GpuDemand::Whole(0) | GpuDemand::Share(0) => {
                return Err(invalid(ErrorKind::InvalidParameter, "GPU demand is 0".into())
                    .in_path("gpus")
                    .with_help("leave it out"));
            }
            GpuDemand::Share(share) if share >= DEVICE_WHOLE => {
                return Err(invalid(
                    ErrorKind::InvalidParameter,
                    format!("GPU share of {share} thousandths is no share"),
                )
                .in_path("gpus")
                .with_help("ask for whole GPUs"));
            }
            GpuDemand::Slice(_) => {
                return Err(invalid(ErrorKind::InvalidParameter, "a GPU slice is asked for by `memberOf`".into())
                    .in_path("gpus")
                    .with_help("ask for all GPUs of a type that has the slice"));
            }
            _ => {}
        }
        if let Some(at) = item.ports.iter().position(|&(_, port)| port == 0) {
            return Err(invalid(ErrorKind::InvalidPort, "host port 0 is no static port".into())
                .in_path(&format!("ports[{at}]"))
                .with_help("leave it out"));
        }
        let mut member_of = Vec::new();
        let mut is_distinct = false;
        for constraint in &item.constraints {
            match constraint {
                Constraint::DistinctInstance => is_distinct = true,
                Constraint::MemberOf(expression) => {
                    let (number, at) = (self.expression(expression), member_of.len());
                    member_of.push(number.map_err(|error| error.in_path(&format!("memberOf[{at}]")))?);
                }
            }
        }
        member_of.sort_unstable();
        member_of.dedup();
        let mut ports = item.ports.clone();
        ports.sort_unstable();
        ports.dedup();
        let group = item.group.or_else(|| is_distinct.then_some(item.id));
        if let Some(group) = group {
            check_name(group, "the name of a group", false).map_err(|error| error.in_path("group"))?;
            if is_distinct {
                let rule = self.groups.entry(group.into()).or_default();
                rule.per_bin_max = Some(1);
            }
        }
        let types = item.types.clone().map(|mut types| {
            types.sort_unstable();
            types.dedup();
            types
        });
        let raw = RawRules {
            group: group.map(Box::from),
            member_of,
            types,
            ports,
            needs_eni: item.needs_eni,
            gpus: gpu_key(item.gpus),
        };
        if let Some(&number) = self.raw_numbers.get(&raw) {
            return Ok(number);
        }
        #[expect(clippy::cast_possible_truncation, reason = "there are no more sets of rules than rows")]
        let number = self.raw.len() as u32;
        self.raw.push(raw.clone());
        self.raw_numbers.insert(raw, number);
        Ok(number)
    }

    /// The number of an expression.
    fn expression(&mut self, expression: &Expression) -> Result<u32, Error> {
        if let Some(&number) = self.expression_numbers.get(expression.as_str()) {
            return Ok(number);
        }
        if expression.residue().is_some() {
            let message = format!("`{expression}` asks for running tasks, and a bin type has none");
            return Err(invalid(ErrorKind::InvalidConstraint, message)
                .with_help("ask for attributes; keep groups apart by rules of groups"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "there are no more expressions than rows have constraints")]
        let number = self.expressions.len() as u32;
        self.expressions.push(expression.clone());
        self.expression_numbers.insert(expression.as_str().into(), number);
        Ok(number)
    }

    /// Adds a bin type.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidAmount`] for a capacity or cost that is too large, or too few or many capacities;
    /// [`ErrorKind::InvalidParameter`] for an id that is empty or comes twice, running tasks in a type without a limit, or a
    /// GPU of more than 1000 thousandths; [`ErrorKind::LimitExceeded`] for too many types or GPUs. The builder is unchanged
    /// then.
    pub fn add_type(&mut self, bin_type: &BinType<'_>) -> Result<(), Error> {
        check_amounts(bin_type.capacity, self.dimensions.len(), "capacity")
            .map_err(|error| error.in_path("capacity"))?;
        check_name(bin_type.id, "the id of a bin type", false).map_err(|error| error.in_path("id"))?;
        if self.types.cost.len() == PACK_TYPES_MAX {
            return Err(invalid(ErrorKind::LimitExceeded, format!("there are more than {PACK_TYPES_MAX} bin types")));
        }
        if self.type_names.contains(bin_type.id) {
            let message = format!("bin type `{}` is there twice", bin_type.id);
            return Err(invalid(ErrorKind::InvalidParameter, message).in_path("id").with_help("use its limit"));
        }
        if bin_type.cost > PACK_COST_MAX {
            let message = format!("a cost of {} millionths is more than {PACK_COST_MAX}", bin_type.cost);
            return Err(invalid(ErrorKind::InvalidAmount, message).in_path("cost").with_help("use a larger unit"));
        }
        if bin_type.devices.len() > DEVICES_MAX {
            let message = format!("a bin has more than {DEVICES_MAX} GPUs");
            return Err(invalid(ErrorKind::LimitExceeded, message).in_path("gpus"));
        }
        if let Some(at) = bin_type.devices.iter().position(|&left| left > DEVICE_WHOLE) {
            let message = format!("a GPU has more than {DEVICE_WHOLE} thousandths");
            return Err(invalid(ErrorKind::InvalidParameter, message).in_path(&format!("gpus[{at}]")));
        }
        if !bin_type.running.is_empty() && bin_type.limit.is_none() {
            let message = "tasks run in a bin type that has no limit";
            return Err(invalid(ErrorKind::InvalidParameter, message.into())
                .in_path("running")
                .with_help("say how many such bins there are"));
        }
        let mut running: BTreeMap<Box<str>, u32> = BTreeMap::new();
        for &(group, count) in &bin_type.running {
            check_name(group, "the name of a group", false).map_err(|error| error.in_path("running"))?;
            let sum = running.entry(group.into()).or_default();
            *sum = sum.saturating_add(count);
        }
        let attributes =
            bin_type.attributes.iter().map(|&(name, value)| (name.into(), value.unwrap_or_default().into()));
        self.type_facts.push(TypeFacts {
            attributes: attributes.collect(),
            eni_slots: bin_type.eni_slots,
            ports: bin_type.ports.iter().copied().collect(),
            running,
        });
        self.types.ids.push(bin_type.id.into());
        self.type_names.insert(bin_type.id.into());
        self.types.capacity.extend_from_slice(bin_type.capacity);
        self.types.cost.push(bin_type.cost);
        // A limit no larger than what `u64::MAX` stands for: nobody packs so many items.
        self.types.limit.push(bin_type.limit.map_or(u64::MAX, |limit| limit.min(u64::MAX - 1)));
        self.types.devices.push(bin_type.devices.as_slice().into());
        Ok(())
    }

    /// Adds a rule for a group. Several of one group all hold.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConstraint`] for a limit of 0, a skew of 0, and two spreads over different attributes;
    /// [`ErrorKind::InvalidParameter`] for an empty name.
    pub fn add_rule(&mut self, group: &str, rule: &GroupRule<'_>) -> Result<(), Error> {
        check_name(group, "the name of a group", false)?;
        if rule.per_bin_max == Some(0) {
            return Err(invalid(ErrorKind::InvalidConstraint, format!("no bin may hold any of group `{group}`"))
                .in_path("perBinMax")
                .with_help("leave the items out, or allow at least 1"));
        }
        for (at, other) in rule.apart_from.iter().enumerate() {
            check_name(other, "the name of a group", false)
                .map_err(|error| error.in_path(&format!("apartFrom[{at}]")))?;
        }
        if let Some(spread) = rule.spread {
            check_name(spread.attribute, "the name of an attribute", false).map_err(|error| error.in_path("spread"))?;
            if spread.skew_max == 0 {
                return Err(invalid(ErrorKind::InvalidConstraint, "a skew of 0 is not always possible".into())
                    .in_path("spread.skewMax")
                    .with_help("allow at least 1"));
            }
            let known = self.groups.get(group).and_then(|known| known.spread.as_ref());
            if known.is_some_and(|(attribute, _)| attribute.as_ref() != spread.attribute) {
                let message = format!("group `{group}` is spread over two attributes");
                return Err(invalid(ErrorKind::InvalidConstraint, message).in_path("spread.attribute"));
            }
        }
        let known = self.groups.entry(group.into()).or_default();
        known.per_bin_max = match (known.per_bin_max, rule.per_bin_max) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        if let Some(spread) = rule.spread {
            let skew = known.spread.as_ref().map_or(spread.skew_max, |&(_, skew)| skew.min(spread.skew_max));
            known.spread = Some((spread.attribute.into(), skew));
        }
        for &other in &rule.apart_from {
            if other == group {
                self.groups.entry(group.into()).or_default().per_bin_max = Some(1);
            } else {
                self.groups.entry(group.into()).or_default().apart_from.insert(other.into());
                self.groups.entry(other.into()).or_default().apart_from.insert(group.into());
            }
        }
        Ok(())
    }
}

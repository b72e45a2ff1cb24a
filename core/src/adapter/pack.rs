//! Packing as JSON: a problem with its options in, an answer out. The shapes are in `docs/packing.md`.
//!
//! It is our own format, so a key it does not have is an error.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;

use crate::constraint::Constraint;
use crate::demand::GpuDemand;
use crate::error::{Error, ErrorKind, nearest};
use crate::expr;
use crate::instance::Protocol;
use crate::json::{Fields, Json, at_index};
use crate::limits::{DEVICE_WHOLE, DEVICES_MAX, PACK_COST_UNIT};
use crate::pack::{
    Answer, BinType, Bound, GroupRule, Item, Options, Packing, Pattern, Problem, ProblemBuilder, Solver, Spread,
};

/// Keys of the whole.
const KEYS: [&str; 6] = ["dimensions", "items", "bins", "groups", "options", "start"];
/// Keys of an item.
const ITEM_KEYS: [&str; 11] = [
    "id",
    "demand",
    "count",
    "group",
    "memberOf",
    "distinctInstance",
    "tcpPorts",
    "udpPorts",
    "eni",
    "gpus",
    "gpuShare",
];
/// Keys of a bin type.
const BIN_KEYS: [&str; 10] =
    ["id", "capacity", "cost", "limit", "attributes", "gpus", "eniSlots", "tcpPorts", "udpPorts", "running"];
/// Keys of a rule.
const GROUP_KEYS: [&str; 4] = ["group", "perBinMax", "apartFrom", "spread"];
/// Keys of a spread.
const SPREAD_KEYS: [&str; 2] = ["attribute", "skewMax"];
/// Keys of the options.
const OPTION_KEYS: [&str; 5] = ["solver", "seed", "steps", "milliseconds", "bound"];
/// Keys of bins to start from; those an answer has.
const START_KEYS: [&str; 3] = ["type", "count", "items"];
/// Decimals of a cost.
const DECIMALS: usize = 6;

/// A problem and how to solve it.
#[derive(Debug, Clone)]
pub struct PackRequest {
    /// The problem.
    pub problem: Problem,
    /// The options, without the time.
    pub options: Options,
    /// Most milliseconds, to be measured by the caller.
    pub milliseconds: Option<u64>,
}

impl PackRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// Those of the builder, with the path of the value in question; [`ErrorKind::JsonUnknownKey`] for a key there is not.
    ///
    /// # Example
    /// ```
    /// use placewright::{adapter::PackRequest, json::Json};
    ///
    /// let text = r#"{"dimensions": ["cpu"], "items": [{"id": "a", "demand": [2], "count": 3}],
    ///                "bins": [{"id": "small", "capacity": [4], "cost": 0.096}]}"#;
    /// let request = PackRequest::from_json(&Json::parse(text)?)?;
    /// assert_eq!((request.problem.count(0), request.problem.cost(0)), (3, 96_000));
    /// # Ok::<(), placewright::Error>(())
    /// ```
    pub fn from_json(json: &Json<'_>) -> Result<Self, Error> {
        let fields = json.as_fields()?;
        check_keys(fields, &KEYS)?;
        let dimensions = fields.required_with("dimensions", |names| {
            let names = names.as_array()?.iter().enumerate();
            names.map(|(at, name)| name.as_text().map_err(|error| at_index(error, at))).collect::<Result<Vec<_>, _>>()
        })?;
        let mut builder = Problem::builder(dimensions).map_err(|error| error.in_path("dimensions"))?;
        fields.required("bins")?;
        fields.each("bins", |bin| add_bin(&mut builder, bin.as_fields()?))?;
        fields.required("items")?;
        fields.each("items", |item| add_item(&mut builder, item.as_fields()?))?;
        fields.each("groups", |rule| add_rule(&mut builder, rule.as_fields()?))?;
        let problem = builder.build()?;
        let mut options = Options::default();
        let mut milliseconds = None;
        if let Some(given) = fields.optional_fields("options")? {
            (options, milliseconds) = read_options(given).map_err(|error| error.in_path("options"))?;
        }
        if fields.get("start").is_some() {
            options.warm_start = Some(read_start(&problem, fields)?);
        }
        Ok(Self { problem, options, milliseconds })
    }
}

/// Refuses keys that are not known.
pub(super) fn check_keys(fields: Fields<'_, '_>, known: &[&'static str]) -> Result<(), Error> {
    match fields.iter().find(|(key, _)| !known.contains(key)) {
        None => Ok(()),
        Some((key, _)) => {
            let error = Error::with_message(ErrorKind::JsonUnknownKey, format!("key `{key}` is unknown"));
            Err(match nearest(key, known.iter().copied()) {
                Some(near) => error.with_help(format!("did you mean `{near}`?")),
                None => error.with_help(format!("write one of {}", known.join(", "))),
            })
        }
    }
}

/// A number that is not negative.
pub(super) fn amount(value: &Json<'_>) -> Result<u64, Error> {
    match value {
        Json::Unsigned(number) => Ok(*number),
        // As JSON writes it, with its fraction. Not by `{:?}`, which says nothing in the browser.
        Json::Float(_) => Err(Error::with_message(
            ErrorKind::InvalidAmount,
            format!("expected an integer from 0 to 2^64 - 1, without fraction or exponent, found `{value}`"),
        )),
        other => {
            let number = other.as_integer()?;
            u64::try_from(number)
                .map_err(|_| Error::with_message(ErrorKind::InvalidAmount, format!("amount `{number}` is negative")))
        }
    }
}

/// A number that is not negative and fits a smaller type.
pub(super) fn small<T: TryFrom<u64>>(value: &Json<'_>) -> Result<T, Error> {
    let number = amount(value)?;
    T::try_from(number)
        .map_err(|_| Error::with_message(ErrorKind::InvalidParameter, format!("number `{number}` is too large")))
}

/// An array of amounts.
pub(super) fn amounts(value: &Json<'_>) -> Result<Vec<u64>, Error> {
    let items = value.as_array()?.iter().enumerate();
    items.map(|(at, value)| amount(value).map_err(|error| at_index(error, at))).collect()
}

/// A cost of at most six decimals, in millionths.
fn cost(value: &Json<'_>) -> Result<u64, Error> {
    let text = match value {
        Json::Integer(number) => number.to_string(),
        Json::Unsigned(number) => number.to_string(),
        Json::Float(number) => number.to_string(),
        other => return Err(other.mismatch("a number")),
    };
    let refused =
        |message: String, help: &str| Err(Error::with_message(ErrorKind::InvalidAmount, message).with_help(help));
    if text.starts_with('-') {
        return refused(format!("cost `{text}` is negative"), "take what costs nothing as 0");
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if fraction.len() > DECIMALS {
        return refused(format!("cost `{text}` has more than {DECIMALS} decimals"), "round it");
    }
    let millionths = whole.parse::<u64>().ok().and_then(|whole| whole.checked_mul(PACK_COST_UNIT));
    let millionths = millionths.and_then(|whole| whole.checked_add(format!("{fraction:0<6}").parse().ok()?));
    match millionths {
        Some(millionths) => Ok(millionths),
        None => refused(format!("cost `{text}` is too large"), "use a larger unit"),
    }
}

/// An id: a string, or an integer taken as its digits.
fn id<'j>(value: &'j Json<'_>) -> Result<Cow<'j, str>, Error> {
    match value {
        Json::Integer(number) => Ok(Cow::Owned(number.to_string())),
        other => other.as_text().map(Cow::Borrowed),
    }
}

/// Static host ports of both protocols.
fn ports(fields: Fields<'_, '_>) -> Result<Vec<(Protocol, u16)>, Error> {
    let mut ports = Vec::new();
    for (key, protocol) in [("tcpPorts", Protocol::Tcp), ("udpPorts", Protocol::Udp)] {
        ports.extend(fields.each(key, |port| {
            let number = port.as_integer()?;
            match u16::try_from(number).ok().filter(|&port| port > 0) {
                Some(port) => Ok((protocol, port)),
                None => {
                    Err(Error::with_message(ErrorKind::InvalidPort, format!("port `{number}` is outside 1 to 65535")))
                }
            }
        })?);
    }
    Ok(ports)
}

/// Adds an item.
pub(super) fn add_item(builder: &mut ProblemBuilder, fields: Fields<'_, '_>) -> Result<(), Error> {
    check_keys(fields, &ITEM_KEYS)?;
    let name = fields.optional_with("id", id)?.unwrap_or_default();
    let demand = fields.required_with("demand", amounts)?;
    let mut item = Item::new(&name, &demand);
    item.count = fields.optional_with("count", amount)?.unwrap_or(1);
    item.group = fields.optional_text("group")?;
    item.ports = ports(fields)?;
    item.needs_eni = fields.optional_bool("eni")?.unwrap_or(false);
    item.gpus = gpus(fields)?;
    if let Some(given) = fields.get("memberOf") {
        let texts = match given {
            Json::Text(text) => vec![text.as_ref()],
            _ => fields.texts("memberOf")?,
        };
        for (at, text) in texts.into_iter().enumerate() {
            let expression = expr::compile(text);
            // A place in the expression is none in the document.
            let expression = expression.map_err(|error| at_index(error.without_span(), at).in_path("memberOf"))?;
            item.constraints.push(Constraint::MemberOf(expression));
        }
    }
    if fields.optional_bool("distinctInstance")?.unwrap_or(false) {
        item.constraints.push(Constraint::DistinctInstance);
    }
    builder.add_item(&item)
}

/// GPUs of an item: `gpus` whole ones or `"all"`, or `gpuShare` thousandths of one.
fn gpus(fields: Fields<'_, '_>) -> Result<GpuDemand, Error> {
    let share = fields.optional_with("gpuShare", small::<u16>)?;
    let whole = fields.optional_with("gpus", |value| match value {
        Json::Text(text) if text == "all" => Ok(GpuDemand::All),
        other => Ok(match small::<u16>(other)? {
            0 => GpuDemand::None,
            count => GpuDemand::Whole(count),
        }),
    })?;
    if share.is_some_and(|share| share >= DEVICE_WHOLE) {
        let message = format!("a share of {} thousandths is none of one GPU", share.unwrap_or(0));
        return Err(Error::with_message(ErrorKind::InvalidParameter, message)
            .in_path("gpuShare")
            .with_help("ask for whole GPUs by `gpus`"));
    }
    match (whole, share) {
        (whole, None | Some(0)) => Ok(whole.unwrap_or(GpuDemand::None)),
        (None | Some(GpuDemand::None), Some(share)) => Ok(GpuDemand::Share(share)),
        _ => Err(Error::with_message(
            ErrorKind::InvalidParameter,
            "an item takes whole GPUs or a share of one, not both",
        )
        .in_path("gpuShare")),
    }
}

/// Adds a bin type.
fn add_bin(builder: &mut ProblemBuilder, fields: Fields<'_, '_>) -> Result<(), Error> {
    with_bin(fields, (Some(PACK_COST_UNIT), None), |bin| builder.add_type(bin))
}

/// Reads a bin type, whose cost, where there is a usual one, and limit may go without saying, and does something with it.
pub(super) fn with_bin(
    fields: Fields<'_, '_>,
    (usual_cost, usual_limit): (Option<u64>, Option<u64>),
    then: impl FnOnce(&BinType<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    check_keys(fields, &BIN_KEYS)?;
    let name = fields.required_with("id", id)?;
    let capacity = fields.required_with("capacity", amounts)?;
    let mut bin = BinType::new(&name, &capacity);
    let price = fields.optional_with("cost", cost)?.or(usual_cost);
    bin.cost = price.ok_or_else(|| {
        Error::with_message(ErrorKind::JsonMissing, format!("key `cost` is missing: offer `{name}` has no price"))
            .with_help("give each offer its price, and 0 to one that costs nothing")
    })?;
    bin.limit = fields.optional_with("limit", amount)?.or(usual_limit);
    bin.ports = ports(fields)?;
    bin.eni_slots = fields.optional_with("eniSlots", small::<u32>)?;
    if let Some(attributes) = fields.optional_fields("attributes")? {
        for (name, value) in attributes.iter() {
            let value = match value {
                Json::Null => None,
                other => Some(other.as_text().map_err(|error| error.in_path(name).in_path("attributes"))?),
            };
            bin.attributes.push((name, value));
        }
    }
    bin.devices = fields.optional_with("gpus", devices)?.unwrap_or_default();
    if let Some(running) = fields.optional_fields("running")? {
        for (group, count) in running.iter() {
            bin.running.push((group, small(count).map_err(|error| error.in_path(group).in_path("running"))?));
        }
    }
    then(&bin)
}

/// GPUs of a bin type: how many, or the thousandths left of each.
fn devices(value: &Json<'_>) -> Result<Vec<u16>, Error> {
    match value {
        Json::Array(left) => {
            left.iter().enumerate().map(|(at, left)| small(left).map_err(|error| at_index(error, at))).collect()
        }
        other => {
            // One more than there may be is refused by the builder.
            let count: usize = small(other)?;
            Ok(vec![DEVICE_WHOLE; count.min(DEVICES_MAX + 1)])
        }
    }
}

/// Adds the rule of a group.
pub(super) fn add_rule(builder: &mut ProblemBuilder, fields: Fields<'_, '_>) -> Result<(), Error> {
    check_keys(fields, &GROUP_KEYS)?;
    let mut rule = GroupRule {
        per_bin_max: fields.optional_with("perBinMax", small::<u32>)?,
        apart_from: fields.texts("apartFrom")?,
        spread: None,
    };
    if let Some(spread) = fields.optional_fields("spread")? {
        let in_spread = |error: Error| error.in_path("spread");
        check_keys(spread, &SPREAD_KEYS).map_err(in_spread)?;
        let attribute = spread.optional_text("attribute").map_err(in_spread)?;
        let skew_max = spread.optional_with("skewMax", amount).map_err(in_spread)?;
        rule.spread = Some(Spread {
            attribute: attribute.unwrap_or(crate::attribute::AVAILABILITY_ZONE),
            skew_max: skew_max.unwrap_or(1),
        });
    }
    builder.add_rule(fields.text("group")?, &rule)
}

/// The options, and the milliseconds.
pub(super) fn read_options(fields: Fields<'_, '_>) -> Result<(Options, Option<u64>), Error> {
    check_keys(fields, &OPTION_KEYS)?;
    let mut options = Options {
        solver: fields.optional_with("solver", |name| Solver::from_name(name.as_text()?))?.unwrap_or_default(),
        seed: fields.optional_with("seed", amount)?.unwrap_or(0),
        steps: fields.optional_with("steps", amount)?,
        bound: fields.optional_with("bound", |name| Bound::from_name(name.as_text()?))?.unwrap_or_default(),
        warm_start: None,
    };
    let milliseconds = fields.optional_with("milliseconds", amount)?;
    if milliseconds.is_some() && options.steps.is_none() {
        // Whoever sets a time wants it used.
        options.steps = Some(u64::MAX);
    }
    Ok((options, milliseconds))
}

/// An item by its index, and how many of it are in a bin.
pub(super) fn placed_items(pair: &Json<'_>) -> Result<(u64, u64), Error> {
    match amounts(pair)?.as_slice() {
        &[row, number] => Ok((row, number)),
        _ => Err(Error::with_message(ErrorKind::JsonType, "expected an item's index and a number")),
    }
}

/// A packing to start from, in the shape of an answer's bins.
pub(super) fn read_start(problem: &Problem, fields: Fields<'_, '_>) -> Result<Packing, Error> {
    let mut kind_of = vec![None; problem.rows()];
    #[expect(clippy::cast_possible_truncation, reason = "there are at most PACK_ROWS_MAX kinds")]
    for kind in 0..problem.kinds() as u32 {
        problem.rows_of(kind).iter().for_each(|&row| kind_of[row as usize] = Some(kind));
    }
    let types: BTreeMap<&str, u32> =
        (0..).take(problem.types()).map(|bin_type: u32| (problem.type_id(bin_type), bin_type)).collect();
    let patterns = fields.each("start", |bins| {
        let bins = bins.as_fields()?;
        check_keys(bins, &START_KEYS)?;
        let name = bins.required_with("type", id)?;
        let bin_type = types.get(name.as_ref()).copied().ok_or_else(|| {
            Error::with_message(ErrorKind::InvalidParameter, format!("bin type `{name}` is unknown")).in_path("type")
        })?;
        let content = bins.each("items", |pair| {
            let (row, number) = placed_items(pair)?;
            let kind = usize::try_from(row).ok().and_then(|row| kind_of.get(row).copied().flatten());
            kind.map(|kind| (kind, number))
                .ok_or_else(|| Error::with_message(ErrorKind::InvalidParameter, format!("no bin holds item {row}")))
        })?;
        Ok(Pattern { bin_type, count: bins.optional_with("count", amount)?.unwrap_or(1), content })
    })?;
    // Sums are checked by `verify`, which the solver asks first; here they only must not overflow.
    let mut total = 0_u64;
    for pattern in &patterns {
        let numbers = pattern.content.iter().try_fold(0_u64, |sum, &(_, number)| sum.checked_add(number));
        total = numbers
            .and_then(|numbers| numbers.checked_mul(pattern.count))
            .and_then(|items| items.checked_add(total))
            .filter(|&total| total <= problem.items())
            .ok_or_else(|| {
                Error::with_message(ErrorKind::InvalidParameter, "more items than there are").in_path("start")
            })?;
    }
    Ok(Packing { patterns }.normalized())
}

/// A cost in units: an integer where it is one.
#[must_use]
pub fn cost_json(millionths: u128) -> Json<'static> {
    let unit = u128::from(PACK_COST_UNIT);
    match i64::try_from(millionths / unit) {
        Ok(whole) if millionths % unit == 0 => Json::Integer(whole),
        // The nearest double of a decimal; it prints as that decimal up to 2^53 millionths.
        _ => Json::Float(millionths as f64 / PACK_COST_UNIT as f64),
    }
}

/// An answer as JSON: the keys of the contract, in its order.
#[must_use]
pub fn answer_json<'p>(problem: &'p Problem, answer: &Answer, milliseconds: u64) -> Json<'p> {
    let bins = answer.packing.bins(problem).into_iter().map(|bins| {
        let items = bins.items.iter().map(|&(row, number)| Json::array([Json::from(row), Json::from(number)]));
        Json::object([
            ("type", Json::from(problem.type_id(bins.bin_type))),
            ("count", Json::from(bins.count)),
            ("items", Json::array(items)),
        ])
    });
    let unpacked = answer.unpacked.iter().map(|unpacked| {
        Json::object([
            ("item", Json::from(unpacked.row)),
            ("id", Json::from(problem.row_id(unpacked.row))),
            ("count", Json::from(unpacked.count)),
            ("reason", Json::from(problem.explain(unpacked.reason))),
        ])
    });
    Json::object([
        ("value", cost_json(answer.value)),
        ("lowerBound", cost_json(answer.lower_bound)),
        ("boundName", Json::from(answer.bound_name)),
        ("gap", Json::Float(answer.gap())),
        ("optimal", Json::Bool(answer.optimal)),
        ("solver", Json::from(answer.solver)),
        ("steps", Json::from(answer.steps)),
        ("milliseconds", Json::from(milliseconds)),
        ("bins", Json::array(bins)),
        ("unpacked", Json::array(unpacked)),
    ])
}

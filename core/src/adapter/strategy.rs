//! Placement strategies as JSON: ECS's own under `placementStrategy`, ours under `xPlacementStrategy`.
//!
//! ECS's key takes what ECS takes and nothing else. Ours is an object with one rule, which comes before the rules of ECS's key;
//! it is not ECS's, so an unknown key in it is refused instead of passed over.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::instance::unknown_word;
use super::request::at_most;
use super::{Session, SessionOptions};
use crate::demand::GpuDemand;
use crate::error::{Error, ErrorKind};
use crate::expr;
use crate::json::{Fields, Json};
use crate::limits::{DEVICES_MAX, WORKLOAD_WEIGHT_MAX};
use crate::strategy::{BinpackField, SpreadField, Strategy, StrategyChain, TieBreak};
use crate::workload::{Workload, WorkloadKind};

/// The key of our own strategies.
const OWN: &str = "xPlacementStrategy";
/// Types of our own strategies, which stand under `xPlacementStrategy`.
pub const OWN_TYPES: [&str; 5] = ["firstFit", "bestFit", "dotProduct", "fragmentation", "headroom"];

/// What a request says about ranking; `None` where it leaves something to the default.
#[derive(Debug, Default)]
pub(super) struct Ranked {
    /// The chain.
    pub(super) chain: Option<StrategyChain>,
    /// Who wins a tie.
    pub(super) tie_break: Option<TieBreak>,
}

/// An error in a strategy.
#[cold]
fn refuse(message: impl Into<String>) -> Error {
    Error::with_message(ErrorKind::InvalidStrategy, message)
}

/// The strategies of a request: ours, then those of ECS.
pub(super) fn ranked(fields: Fields<'_, '_>, options: &SessionOptions, most: usize) -> Result<Ranked, Error> {
    let own = fields.optional_with(OWN, |value| own(value.as_fields()?))?;
    let ecs = strategies(fields, options, most)?;
    let Some(own) = own else { return Ok(Ranked { chain: ecs, tie_break: None }) };
    let Some(own) = own else {
        if ecs.is_some() {
            return Err(refuse("strategy `firstFit` leaves nothing for `placementStrategy` to decide").in_path(OWN));
        }
        let tie_break = Some(TieBreak::Registration);
        return Ok(Ranked { chain: Some(StrategyChain::default()), tie_break });
    };
    let rest = ecs.unwrap_or_default();
    let chain = StrategyChain::new([own].into_iter().chain(rest.rules().iter().cloned()))?;
    Ok(Ranked { chain: Some(chain), tie_break: None })
}

impl Session {
    /// The rule with the type and the field that an entry of `placementStrategy` has, for requests that are no JSON.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidStrategy`] at `type` or `field`.
    pub fn read_rule(&self, kind: &str, field: Option<&str>) -> Result<Strategy, Error> {
        rule(kind, field, self.options.has_lenient_fields)
    }
}

/// The strategy chain of a call that ends tasks; `None` where it gives none. Ours rank instances for a task to come.
pub(super) fn ending(
    fields: Fields<'_, '_>,
    options: &SessionOptions,
    most: usize,
) -> Result<Option<StrategyChain>, Error> {
    if fields.get(OWN).is_some() {
        let message = format!("`{OWN}` says where tasks go, not which of them end");
        return Err(refuse(message).with_help("use `placementStrategy`").in_path(OWN));
    }
    strategies(fields, options, most)
}

/// The strategy chain under ECS's key; `None` where it gives none.
fn strategies(fields: Fields<'_, '_>, options: &SessionOptions, most: usize) -> Result<Option<StrategyChain>, Error> {
    let items = fields.items("placementStrategy")?;
    if items.is_empty() {
        return Ok(None);
    }
    at_most("placement strategies", items.len(), most).map_err(|error| error.in_path("placementStrategy"))?;
    let rules = fields.each("placementStrategy", |value| strategy(value.as_fields()?, options.has_lenient_fields))?;
    StrategyChain::new(rules).map(Some)
}

/// Refuses a key that is not one of those known.
fn only(fields: Fields<'_, '_>, what: &str, known: &[&str]) -> Result<(), Error> {
    match fields.iter().find(|(key, _)| !known.contains(key)) {
        Some((key, _)) => Err(unknown_word(what, key, known).in_path(key)),
        None => Ok(()),
    }
}

/// Our own rule; `None` for first fit, which is no rule at all.
fn own(fields: Fields<'_, '_>) -> Result<Option<Strategy>, Error> {
    let ranks_by = |strategy: fn(Workload) -> Strategy| {
        only(fields, "key", &["type", "workload"])?;
        let Some(_) = fields.get("workload") else {
            let help = "write `workload`, an array of kinds of tasks with their weights";
            return Err(refuse("the strategy needs a target workload").with_help(help).in_path("workload"));
        };
        fields.required_with("workload", read_workload).map(strategy).map(Some)
    };
    let plain = |strategy| only(fields, "key", &["type"]).map(|()| strategy);
    match fields.text("type")? {
        "firstFit" => plain(None),
        "bestFit" => plain(Some(Strategy::BestFit)),
        "dotProduct" => plain(Some(Strategy::DotProduct)),
        "fragmentation" => ranks_by(Strategy::Fragmentation),
        "headroom" => ranks_by(Strategy::Headroom),
        other => {
            let error = unknown_word("strategy type", other, &OWN_TYPES);
            let help = error.help().map(String::from);
            let error = refuse(format!("strategy type `{other}` is unknown")).in_path("type");
            Err(error.with_help(help.unwrap_or_else(|| format!("write one of {}", OWN_TYPES.join(", ")))))
        }
    }
}

/// A target workload, as an array of its kinds: what strategies that are ours rank by, and fragmentation is measured for.
///
/// # Errors
/// [`ErrorKind::JsonType`] for what is no array of objects; [`ErrorKind::InvalidStrategy`] for a kind that cannot be, and for no
/// kind or too many.
///
/// # Example
/// ```
/// use placewright::{adapter::read_workload, json::Json};
///
/// let workload = read_workload(&Json::parse(r#"[{"cpu": 4096, "gpuShare": 500, "weight": 3}, {"cpu": 4096, "gpus": 1}]"#)?)?;
/// assert_eq!(workload.kinds()[0].weight, 3);
/// # Ok::<(), placewright::Error>(())
/// ```
pub fn read_workload(json: &Json<'_>) -> Result<Workload, Error> {
    let kinds = json.as_array()?.iter().enumerate();
    let kinds =
        kinds.map(|(at, value)| value.as_fields().and_then(kind).map_err(|error| crate::json::at_index(error, at)));
    Workload::new(kinds.collect::<Result<Vec<_>, Error>>()?)
}

/// One kind of a target workload.
fn kind(fields: Fields<'_, '_>) -> Result<WorkloadKind, Error> {
    only(fields, "key", &["cpu", "memory", "gpus", "gpuShare", "expression", "weight"])?;
    let amount = |key| fields.optional_integer(key).map(Option::unwrap_or_default);
    let small = |key: &str, most: u16| {
        fields.optional_with(key, |value| {
            let number = value.as_integer()?;
            let small = u16::try_from(number).ok().filter(|small| (1..=most).contains(small));
            small.ok_or_else(|| refuse(format!("`{number}` is outside 1 to {most}")))
        })
    };
    #[expect(clippy::cast_possible_truncation, reason = "an instance has at most 64 devices")]
    let gpus = match (small("gpus", DEVICES_MAX as u16)?, small("gpuShare", 999)?) {
        (None, None) => GpuDemand::None,
        (Some(count), None) => GpuDemand::Whole(count),
        (None, Some(share)) => GpuDemand::Share(share),
        (Some(_), Some(_)) => return Err(refuse("`gpus` and `gpuShare` exclude each other").in_path("gpuShare")),
    };
    let weight = fields.optional_with("weight", |value| {
        let number = value.as_integer()?;
        u32::try_from(number).map_err(|_| refuse(format!("weight `{number}` is outside 1 to {WORKLOAD_WEIGHT_MAX}")))
    })?;
    Ok(WorkloadKind {
        cpu: amount("cpu")?,
        memory_mib: amount("memory")?,
        gpus,
        condition: fields.optional_with("expression", |text: &Json<'_>| expr::compile(text.as_text()?))?,
        weight: weight.unwrap_or(1),
    })
}

/// One rule of a strategy (U-25, U-26).
fn strategy(fields: Fields<'_, '_>, is_lenient: bool) -> Result<Strategy, Error> {
    let field = fields.optional_text("field")?;
    rule(fields.text("type")?, field, is_lenient)
}

/// The rule of ECS with this type and field.
fn rule(kind: &str, field: Option<&str>, is_lenient: bool) -> Result<Strategy, Error> {
    let needs = |what: &str, help: &str| match field {
        Some(field) => refuse(format!("`{field}` is no field of `{what}`")).with_help(help).in_path("field"),
        None => refuse(format!("strategy `{what}` needs a field")).with_help(help).in_path("field"),
    };
    match kind {
        "binpack" => match field {
            Some("cpu") => Ok(Strategy::Binpack(BinpackField::Cpu)),
            Some("memory") => Ok(Strategy::Binpack(BinpackField::Memory)),
            Some(field) if is_lenient && field.eq_ignore_ascii_case("cpu") => Ok(Strategy::Binpack(BinpackField::Cpu)),
            Some(field) if is_lenient && field.eq_ignore_ascii_case("memory") => {
                Ok(Strategy::Binpack(BinpackField::Memory))
            }
            _ => Err(needs("binpack", "write `cpu` or `memory`")),
        },
        "spread" => {
            let is_instance =
                |field: &str| field.eq_ignore_ascii_case("instanceId") || field.eq_ignore_ascii_case("host");
            match field {
                Some(field) if is_instance(field) => Ok(Strategy::Spread(SpreadField::InstanceId)),
                Some(field) => match field.strip_prefix("attribute:").filter(|name| !name.is_empty()) {
                    Some(name) => Ok(Strategy::spread(name)),
                    None => Err(needs("spread", "write `instanceId` or `attribute:` and a name")),
                },
                None => Err(needs("spread", "write `instanceId` or `attribute:` and a name")),
            }
        }
        "random" => match field {
            None => Ok(Strategy::Random),
            Some(_) => Err(refuse(String::from("strategy `random` takes no field")).in_path("field")),
        },
        other => Err(refuse(format!("strategy type `{other}` is unknown"))
            .with_help("write `binpack`, `spread` or `random`")
            .in_path("type")),
    }
}

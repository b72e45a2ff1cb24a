//! Fleets as JSON: items, rules and a catalogue in, a plan out. The shapes are in `docs/fleet.md`.
//!
//! Items, groups and options are those of [`PackRequest`](super::PackRequest); `bins` are instances that already run. It is our
//! own format, so a key it does not have is an error.

use alloc::vec::Vec;

use super::pack::{
    add_item, add_rule, amount, amounts, answer_json, check_keys, cost_json, read_options, small, with_bin,
};
use crate::error::{Error, ErrorKind};
use crate::json::{Fields, Json, at_index};
use crate::limits::PACK_COST_UNIT;
use crate::pack::Problem;
use crate::planner::fleet::{Fleet, FleetOptions, FleetPlan};

/// Keys of the whole.
const KEYS: [&str; 7] = ["dimensions", "items", "groups", "options", "bins", "catalogue", "fleet"];
/// Keys of `fleet`.
const FLEET_KEYS: [&str; 5] = ["headroomPercent", "daemon", "zones", "zonesMin", "current"];
/// Keys of a part of today's fleet.
const CURRENT_KEYS: [&str; 2] = ["type", "count"];

/// A fleet to be planned.
#[derive(Debug)]
pub struct FleetRequest<'j> {
    /// Items, rules, offers and options.
    pub fleet: Fleet<'j>,
    /// Most milliseconds, to be measured by the caller.
    pub milliseconds: Option<u64>,
}

impl<'j> FleetRequest<'j> {
    /// Reads a request. Offers are those that `more` adds, which is given the dimensions and may change options first, and those of
    /// its `catalogue`.
    ///
    /// # Errors
    /// Those of the builder, with the path of the value in question; [`ErrorKind::JsonUnknownKey`] for a key there is not;
    /// those of `more`.
    ///
    /// # Example
    /// ```
    /// use core::ops::ControlFlow;
    ///
    /// use placewright::{adapter::{FleetRequest, fleet_json}, json::Json};
    ///
    /// let text = r#"{"dimensions": ["cpu"], "items": [{"id": "a", "demand": [2], "count": 3}],
    ///                "catalogue": [{"id": "small", "capacity": [2], "cost": 0.05},
    ///                              {"id": "large", "capacity": [4], "cost": 0.096}]}"#;
    /// let json = Json::parse(text)?;
    /// let request = FleetRequest::from_json(&json, |_, _| Ok(()))?;
    /// let plan = request.fleet.plan(&mut |_| ControlFlow::Continue(()))?;
    /// assert_eq!(plan.answer.value, 146_000);
    /// assert_eq!(fleet_json(&plan, 0).get("cost"), Some(&Json::Float(0.146)));
    /// # Ok::<(), placewright::Error>(())
    /// ```
    pub fn from_json(
        json: &'j Json<'_>,
        more: impl FnOnce(&[&str], &mut Fleet<'j>) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let fields = json.as_fields()?;
        check_keys(fields, &KEYS)?;
        let dimensions = fields.required("dimensions").and_then(|_| fields.texts("dimensions"))?;
        let mut builder = Problem::builder(dimensions.iter()).map_err(|error| error.in_path("dimensions"))?;
        fields.each("bins", |bin| with_bin(bin.as_fields()?, (Some(0), Some(1)), |bin| builder.add_type(bin)))?;
        fields.required("items")?;
        fields.each("items", |item| add_item(&mut builder, item.as_fields()?))?;
        fields.each("groups", |rule| add_rule(&mut builder, rule.as_fields()?))?;
        let mut options = FleetOptions::default();
        let mut milliseconds = None;
        if let Some(given) = fields.optional_fields("options")? {
            (options.solve, milliseconds) = read_options(given).map_err(|error| error.in_path("options"))?;
        }
        if let Some(given) = fields.optional_fields("fleet")? {
            read_fleet(given, &mut options).map_err(|error| error.in_path("fleet"))?;
        }
        let mut fleet = Fleet::new(builder, options).map_err(|error| error.in_path("fleet"))?;
        // First, as options that it changes are those of all offers.
        more(&dimensions, &mut fleet)?;
        if let Some(catalogue) = fields.get("catalogue") {
            add_offers(&mut fleet, catalogue).map_err(|error| error.in_path("catalogue"))?;
        }
        Ok(Self { fleet, milliseconds })
    }
}

/// Adds offers in the shape of bins, as an array of them. Each has its price: one of 1 for those without would buy a fleet of them.
///
/// # Errors
/// [`ErrorKind::JsonType`] for what is no array of objects; [`ErrorKind::JsonMissing`] for an offer without a `cost`; those of
/// [`Fleet::add_offer`].
pub fn add_offers(fleet: &mut Fleet<'_>, catalogue: &Json<'_>) -> Result<(), Error> {
    for (at, offer) in catalogue.as_array()?.iter().enumerate() {
        let added = offer.as_fields().and_then(|offer| with_bin(offer, (None, None), |offer| fleet.add_offer(offer)));
        added.map_err(|error| at_index(error, at))?;
    }
    Ok(())
}

/// What `fleet` says.
fn read_fleet<'j>(fields: Fields<'j, '_>, options: &mut FleetOptions<'j>) -> Result<(), Error> {
    check_keys(fields, &FLEET_KEYS)?;
    options.headroom_percent = fields.optional_with("headroomPercent", small::<u32>)?.unwrap_or(0);
    options.daemon = fields.optional_with("daemon", amounts)?.unwrap_or_default();
    options.zones = fields.texts("zones")?;
    options.zones_min = fields.optional_with("zonesMin", small::<usize>)?.unwrap_or(0);
    options.current = fields.each("current", |part| {
        let part = part.as_fields()?;
        check_keys(part, &CURRENT_KEYS)?;
        let count = part.optional_with("count", amount)?.unwrap_or(1);
        Ok((part.text("type")?, count))
    })?;
    Ok(())
}

/// A price of at most six decimals as text, in millionths: what a cell of a catalogue holds.
///
/// # Errors
/// [`ErrorKind::InvalidAmount`] for text that is no number, a negative one, one with more decimals, or one that is too large.
pub fn price(text: &str) -> Result<u64, Error> {
    let is_number = !text.is_empty()
        && text.bytes().filter(|&byte| byte == b'.').count() <= 1
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !is_number {
        let message = alloc::format!("price `{text}` is no decimal number");
        return Err(Error::with_message(ErrorKind::InvalidAmount, message).with_help("write e.g. 0.0425"));
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 6 {
        let message = alloc::format!("price `{text}` has more than 6 decimals");
        return Err(Error::with_message(ErrorKind::InvalidAmount, message).with_help("round it"));
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    let millionths = whole.parse::<u64>().ok().and_then(|whole| whole.checked_mul(PACK_COST_UNIT));
    millionths
        .and_then(|whole| whole.checked_add(alloc::format!("{fraction:0<6}").parse().ok()?))
        .ok_or_else(|| Error::with_message(ErrorKind::InvalidAmount, alloc::format!("price `{text}` is too large")))
}

/// A plan as JSON: the keys of an answer, whose bins also have `offer` and `zone`, then those of the plan.
#[must_use]
pub fn fleet_json(plan: &FleetPlan, milliseconds: u64) -> Json<'_> {
    let problem = &plan.problem;
    let mut answer = answer_json(problem, &plan.answer, milliseconds);
    let Json::Object(entries) = &mut answer else { return answer };
    let mut entries = core::mem::take(entries);
    let bins = plan.answer.packing.bins(problem);
    let named = entries.iter_mut().find(|(key, _)| key == "bins").map(|(_, value)| value);
    if let Some(Json::Array(values)) = named {
        for (value, bins) in values.iter_mut().zip(&bins) {
            let Json::Object(bin) = value else { continue };
            let offer = plan.offer(bins.bin_type).map_or(Json::Null, Json::from);
            let zone = plan.zone(bins.bin_type).map_or(Json::Null, Json::from);
            let unit = cost_json(u128::from(problem.cost(bins.bin_type)));
            bin.extend([("offer".into(), offer), ("zone".into(), zone), ("cost".into(), unit)]);
        }
    }
    let alternatives = plan.alternatives.iter().map(|alternative| {
        Json::object([
            ("name", Json::from(alternative.name)),
            ("type", alternative.offer.as_deref().map_or(Json::Null, Json::from)),
            ("cost", cost_json(alternative.cost)),
            ("instances", Json::from(alternative.instances)),
            ("missing", Json::from(alternative.missing)),
        ])
    });
    let wide = |amount: u128| u64::try_from(amount).map_or_else(|_| Json::Float(amount as f64), Json::from);
    let rooms = problem.dimensions().zip(&plan.rooms).map(|(dimension, room)| {
        Json::object([
            ("dimension", Json::from(dimension)),
            ("capacity", wide(room.capacity)),
            ("used", wide(room.used)),
            ("left", wide(room.capacity - room.used)),
            ("stranded", wide(room.stranded)),
        ])
    });
    let changes = plan.changes.iter().map(|change| {
        Json::object([
            ("type", Json::from(change.offer.as_str())),
            ("from", Json::from(change.from)),
            ("to", Json::from(change.to)),
        ])
    });
    let zones: Vec<Json<'_>> = plan.zones.iter().map(|zone| Json::from(zone.as_str())).collect();
    entries.extend([
        ("cost".into(), cost_json(plan.answer.value)),
        ("alternatives".into(), Json::array(alternatives)),
        ("rooms".into(), Json::array(rooms)),
        ("changes".into(), Json::array(changes)),
        ("zones".into(), Json::array(zones)),
        ("shortOfZones".into(), Json::Bool(plan.is_short_of_zones)),
    ]);
    Json::Object(entries)
}

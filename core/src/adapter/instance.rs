//! ECS `ContainerInstance` objects → [`Instance`], with what the engine has no place for kept beside it.
//!
//! Of a resource record only the value that its `type` names counts. Records of unknown name are preserved and ignored
//! (U-02); other unknown keys are ignored.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use hashbrown::HashSet;

use super::definition::bad_port;
use super::text;
use crate::error::{Error, ErrorKind, nearest};
use crate::expr::Timestamp;
use crate::instance::{Amounts, Instance, InstanceStatus};
use crate::json::{Decimal, Fields, Json};
use crate::limits::JSON_DEPTH_MAX;

/// First and last second that a four-digit year can write.
const SECONDS_RANGE: core::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;

/// Most levels of nesting in what is preserved as it is, so that an exported state around it can be read back.
const PRESERVED_DEPTH_MAX: usize = JSON_DEPTH_MAX - 16;

/// What the session keeps of an instance because the engine has no place for it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Extra {
    /// Registered resource records of unknown name: a canonical JSON array; `None` without any.
    pub(crate) registered: Option<Box<str>>,
    /// Remaining resource records of unknown name: a canonical JSON array; `None` without any.
    pub(crate) remaining: Option<Box<str>>,
    /// Whether what remains was given, so that tasks listed later are already subtracted from it.
    pub(crate) has_remaining: bool,
    /// Whether it registered a record of GPUs that lists none.
    pub(crate) has_empty_gpus: bool,
}

/// An instance as its JSON describes it.
#[derive(Debug)]
pub(super) struct InstanceDocument<'j> {
    /// What the engine takes.
    pub(super) instance: Instance<'j>,
    /// What it has no place for.
    pub(super) extra: Extra,
    /// Tasks it says it runs; an exported state says only those that it does not list.
    pub(super) reported_tasks: u32,
    /// In an exported state, the task ENI slots that were derived when it registered, or that they are not counted.
    pub(super) derived_eni_slots: Option<Option<u32>>,
}

/// Reads an instance. `declared` are the names of custom resources.
pub(super) fn read<'j>(fields: Fields<'j, '_>, declared: &[Box<str>]) -> Result<InstanceDocument<'j>, Error> {
    let name = fields.required_with("containerInstanceArn", text::name)?;
    let mut extra = Extra::default();
    let mut instance = Instance::new(name);
    instance.status = fields.optional_with("status", status)?.unwrap_or_default();
    instance.agent_connected = fields.optional_bool("agentConnected")?.unwrap_or(true);
    if let Some(versions) = fields.optional_fields("versionInfo")? {
        instance.agent_version =
            versions.optional_with("agentVersion", text::kept).map_err(|error| error.in_path("versionInfo"))?;
    }
    instance.ec2_instance_id = fields.optional_with("ec2InstanceId", text::kept)?;
    instance.capacity_provider = fields.optional_with("capacityProviderName", text::kept)?;
    instance.registered_at = fields.optional_with("registeredAt", timestamp)?;
    instance.registered = amounts(fields, "registeredResources", declared, &mut extra.registered)?;
    let records = fields.items("registeredResources")?;
    let lists_gpus = records.iter().any(|record| record.get("name").is_some_and(|name| name.as_text() == Ok("GPU")));
    extra.has_empty_gpus = lists_gpus && instance.registered.gpus.is_empty();
    if fields.get("remainingResources").is_some() {
        instance.remaining = Some(amounts(fields, "remainingResources", declared, &mut extra.remaining)?);
        extra.has_remaining = fields.optional_bool("xRemainingGiven")?.unwrap_or(true);
    }
    instance.attributes = attributes(fields)?;
    instance.eni_task_slots = fields.optional_with("xEniTaskSlots", |slots| count(slots.as_integer()?))?;
    let derived_eni_slots = fields.optional_with("xDerivedEniTaskSlots", |slots| match slots.as_integer()? {
        -1 => Ok(None),
        slots => count(slots).map(Some),
    })?;
    let running = fields.optional_with("runningTasksCount", |tasks| count(tasks.as_integer()?))?;
    let pending = fields.optional_with("pendingTasksCount", |tasks| count(tasks.as_integer()?))?;
    let mut reported_tasks = running.unwrap_or(0).saturating_add(pending.unwrap_or(0));
    if let Some(tasks) = fields.optional_with("xOtherTasks", |tasks| count(tasks.as_integer()?))? {
        instance.other_tasks = tasks;
        reported_tasks = tasks;
    }
    Ok(InstanceDocument { instance, extra, reported_tasks, derived_eni_slots })
}

/// A status of an instance.
pub(super) fn status(value: &Json<'_>) -> Result<InstanceStatus, Error> {
    let text = value.as_text()?;
    InstanceStatus::from_ecs(text).ok_or_else(|| {
        let error = Error::with_message(ErrorKind::InvalidParameter, format!("status `{text}` is unknown"));
        match nearest(text, InstanceStatus::ALL.map(InstanceStatus::as_str)) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error,
        }
    })
}

/// A number of things.
pub(super) fn count(number: i64) -> Result<u32, Error> {
    u32::try_from(number).map_err(|_| {
        Error::with_message(ErrorKind::InvalidParameter, format!("`{number}` is outside 0 to {}", u32::MAX))
    })
}

/// A time as the API writes it, seconds since 1970 with or without a fraction, or as the CLI does, ISO 8601.
pub(super) fn timestamp(value: &Json<'_>) -> Result<Timestamp, Error> {
    let refuse = |text: &str| Error::with_message(ErrorKind::InvalidParameter, format!("`{text}` is no time"));
    match value {
        Json::Integer(seconds) => at(*seconds, 0).ok_or_else(|| refuse(&format!("{seconds}"))),
        Json::Float(seconds) => fractional(*seconds).ok_or_else(|| refuse(&Decimal(*seconds).to_string())),
        Json::Text(text) => Timestamp::parse(text).ok_or_else(|| {
            refuse(text).with_help("write seconds since 1970 or ISO 8601, such as `2018-06-18T22:28:28+00:00`")
        }),
        other => Err(other.mismatch("a time")),
    }
}

/// So many seconds and nanoseconds since 1970.
fn at(seconds: i64, nanoseconds: i128) -> Option<Timestamp> {
    let is_known = SECONDS_RANGE.contains(&seconds);
    is_known.then(|| Timestamp::from_nanoseconds(i128::from(seconds) * 1_000_000_000 + nanoseconds))
}

/// Seconds with a fraction, read from the shortest decimal that stands for the number: the one the text gave.
fn fractional(seconds: f64) -> Option<Timestamp> {
    let text = Decimal(seconds).to_string();
    let (digits, is_negative) = text.strip_prefix('-').map_or((text.as_str(), false), |digits| (digits, true));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: i64 = whole.parse().ok()?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanoseconds = fraction.bytes().chain(core::iter::repeat(b'0')).take(9);
    let nanoseconds = nanoseconds.fold(0_i128, |sum, digit| sum * 10 + i128::from(digit - b'0'));
    if is_negative { at(-whole, -nanoseconds) } else { at(whole, nanoseconds) }
}

/// Attributes: name and value.
fn attributes<'j>(fields: Fields<'j, '_>) -> Result<Vec<(&'j str, Option<&'j str>)>, Error> {
    fields.each("attributes", |attribute| {
        let attribute = attribute.as_fields()?;
        Ok((attribute.text("name")?, attribute.optional_text("value")?))
    })
}

/// The amounts that a list of resource records writes; records of unknown name go to `unknown`.
fn amounts<'j>(
    fields: Fields<'j, '_>,
    key: &str,
    declared: &[Box<str>],
    unknown: &mut Option<Box<str>>,
) -> Result<Amounts<'j>, Error> {
    let mut amounts = Amounts::default();
    let mut others: Vec<Json<'_>> = Vec::new();
    let mut seen = HashSet::new();
    fields.each(key, |value| {
        let record = value.as_fields()?;
        let name = record.text("name")?;
        if !seen.insert(name) {
            let message = format!("resource `{name}` is listed twice");
            return Err(Error::with_message(ErrorKind::InvalidParameter, message).in_path("name"));
        }
        match name {
            "CPU" => amounts.cpu = integer(record)?,
            "MEMORY" => amounts.memory_mib = integer(record)?,
            "PORTS" => amounts.tcp_ports = ports(record)?,
            "PORTS_UDP" => amounts.udp_ports = ports(record)?,
            "GPU" => amounts.gpus = strings(record, text::kept)?,
            _ if declared.iter().any(|known| **known == *name) => amounts.custom.push((name, integer(record)?)),
            _ => others.push(preservable(value)?.clone()),
        }
        Ok(())
    })?;
    if !others.is_empty() {
        *unknown = Some(Json::Array(others).to_canonical().into_boxed_str());
    }
    Ok(amounts)
}

/// The value, unless it nests too deeply to be exported inside a state and read back.
pub(super) fn preservable<'j, 'a>(value: &'j Json<'a>) -> Result<&'j Json<'a>, Error> {
    if !value.is_deeper_than(PRESERVED_DEPTH_MAX) {
        return Ok(value);
    }
    let message = format!("more than {PRESERVED_DEPTH_MAX} levels of nesting in what is preserved as it is");
    Err(Error::with_message(ErrorKind::JsonTooDeep, message))
}

/// The integer of a record, 0 where it has none: only the value that its `type` names counts.
fn integer(record: Fields<'_, '_>) -> Result<i64, Error> {
    let value = |key| match record.iter().find(|(name, _)| *name == key) {
        Some((_, value)) => value.as_integer().map_err(|error| error.in_path(key)),
        None => Ok(0),
    };
    match record.optional_text("type")?.unwrap_or("INTEGER") {
        "INTEGER" => value("integerValue"),
        "LONG" => value("longValue"),
        other => Err(wrong_type(other, "`INTEGER` or `LONG`")),
    }
}

/// The strings of a record.
fn strings<'j, 'a, T>(
    record: Fields<'j, 'a>,
    read: impl FnMut(&'j Json<'a>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    match record.optional_text("type")?.unwrap_or("STRINGSET") {
        "STRINGSET" => record.each("stringSetValue", read),
        other => Err(wrong_type(other, "`STRINGSET`")),
    }
}

/// The ports of a record.
fn ports(record: Fields<'_, '_>) -> Result<Vec<u16>, Error> {
    strings(record, |port| {
        let text = port.as_text()?;
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let port = is_number.then(|| text.parse::<u16>().ok()).flatten().filter(|&port| port > 0);
        port.ok_or_else(|| bad_port(text, 1))
    })
}

/// The error for a record of another type than its name asks for.
#[cold]
fn wrong_type(found: &str, expected: &str) -> Error {
    let message = format!("resource type is `{found}`, expected {expected}");
    Error::with_message(ErrorKind::InvalidParameter, message).in_path("type")
}

/// A name that is none of those known, with the nearest one.
#[cold]
pub(super) fn unknown_word(what: &str, text: &str, known: &[&str]) -> Error {
    let error = Error::with_message(ErrorKind::InvalidParameter, format!("{what} `{text}` is unknown"));
    let near = nearest(text, known.iter().copied());
    error.with_help(near.map_or_else(
        || format!("write one of {}", known.join(", ")),
        |near| -> String { format!("did you mean `{near}`?") },
    ))
}

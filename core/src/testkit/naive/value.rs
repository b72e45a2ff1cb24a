//! Reading JSON fields and the small texts inside them: decimals, amounts with units, versions and dates.
//!
//! A key whose value is `null` counts as absent. Everything is exact: amounts are `i128`, instants are nanoseconds.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Ordering;
use serde_json::Value;

/// Why a call was refused.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    /// One of the six classes of the conformance format.
    pub(super) class: &'static str,
    /// The reason, for people.
    pub(super) text: String,
}

/// What every fallible function of the oracle returns.
pub(super) type Res<T> = Result<T, Fault>;

/// A refusal of the named class.
pub(super) fn fault(class: &'static str, text: impl Into<String>) -> Fault {
    Fault { class, text: text.into() }
}

/// A refusal of class `invalid-input`.
pub(super) fn invalid(text: impl Into<String>) -> Fault {
    fault("invalid-input", text)
}

/// The value under `key`; `null` is absent.
pub(super) fn get<'v>(object: &'v Value, key: &str) -> Option<&'v Value> {
    object.get(key).filter(|value| !value.is_null())
}

/// The text under `key`.
pub(super) fn text<'v>(object: &'v Value, key: &str) -> Res<Option<&'v str>> {
    match get(object, key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(format!("`{key}` must be a string"))),
    }
}

/// The text under `key`, which must be there and not empty.
pub(super) fn name<'v>(object: &'v Value, key: &str) -> Res<&'v str> {
    match text(object, key)? {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(invalid(format!("`{key}` is missing or empty"))),
    }
}

/// The boolean under `key`.
pub(super) fn flag(object: &Value, key: &str) -> Res<Option<bool>> {
    match get(object, key) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(invalid(format!("`{key}` must be a boolean"))),
    }
}

/// The integer under `key`; a number with a fraction or an exponent is refused.
pub(super) fn integer(object: &Value, key: &str) -> Res<Option<i128>> {
    match get(object, key) {
        None => Ok(None),
        Some(value) => match (value.as_i64(), value.as_u64()) {
            (Some(number), _) => Ok(Some(i128::from(number))),
            (None, Some(number)) => Ok(Some(i128::from(number))),
            (None, None) => Err(invalid(format!("`{key}` must be an integer"))),
        },
    }
}

/// The integer under `key`, not negative; absent is 0.
pub(super) fn amount(object: &Value, key: &str) -> Res<i128> {
    match integer(object, key)? {
        Some(number) if number < 0 => Err(invalid(format!("`{key}` is negative"))),
        Some(number) => Ok(number),
        None => Ok(0),
    }
}

/// The list under `key`; absent is empty.
pub(super) fn list<'v>(object: &'v Value, key: &str) -> Res<&'v [Value]> {
    match get(object, key) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(invalid(format!("`{key}` must be a list"))),
    }
}

/// The list of texts under `key`.
pub(super) fn texts<'v>(object: &'v Value, key: &str) -> Res<Vec<&'v str>> {
    let wrong = || invalid(format!("`{key}` must be a list of strings"));
    list(object, key)?.iter().map(|item| item.as_str().ok_or_else(wrong)).collect()
}

/// The last segment of an ARN or id.
pub(super) fn short(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// A finite decimal number: sign, digits before the point without leading zeros, digits after it without trailing ones.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    /// Below zero.
    negative: bool,
    /// Digits before the point.
    whole: String,
    /// Digits after the point.
    part: String,
}

impl Decimal {
    /// `[+-] digits [. digits]`, at least one digit, no exponent.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit());
        if !all_digits || (whole.is_empty() && part.is_empty()) {
            return None;
        }
        let (whole, part) = (whole.trim_start_matches('0').to_string(), part.trim_end_matches('0').to_string());
        let zero = whole.is_empty() && part.is_empty();
        Some(Self { negative: negative && !zero, whole, part })
    }

    /// Exact comparison.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let size = |a: &Self, b: &Self| {
            a.whole.len().cmp(&b.whole.len()).then(a.whole.cmp(&b.whole)).then(a.part.cmp(&b.part))
        };
        match (self.negative, other.negative) {
            (false, false) => size(self, other),
            (true, true) => size(other, self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }

    /// The number times `unit`, if that is an integer that is not negative and not absurdly large.
    fn times(&self, unit: i128) -> Option<i128> {
        if self.negative || self.whole.len() > 18 || self.part.len() > 12 {
            return None;
        }
        let digits: i128 = format!("0{}{}", self.whole, self.part).parse().ok()?;
        let scale = 10_i128.pow(self.part.len() as u32);
        let product = digits * unit;
        (product % scale == 0).then_some(product / scale)
    }
}

/// A task-level amount: `1024`, or a decimal number and a unit worth 1024 (`1 vCPU`, `.5 GB`).
pub(super) fn task_amount(text: &str, unit: &str) -> Res<i128> {
    let trimmed = text.trim_matches(' ');
    let lower = trimmed.to_ascii_lowercase();
    let (number, factor) = match lower.strip_suffix(unit) {
        Some(number) => (number.trim_end_matches(' '), 1024),
        None => (lower.as_str(), 1),
    };
    Decimal::parse(number)
        .and_then(|number| number.times(factor))
        .ok_or_else(|| invalid(format!("`{text}` is not an amount")))
}

/// The components of a version such as `1.14.5-rc1`, without leading zeros; `None` where it is not one.
pub(super) fn version(text: &str) -> Option<Vec<String>> {
    let plain = text.split(['-', '+']).next()?;
    let component = |part: &str| {
        let number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        number.then(|| part.trim_start_matches('0').to_string())
    };
    plain.split('.').map(component).collect()
}

/// Compares two versions component by component, as integers; a missing component is 0.
pub(super) fn compare_versions(a: &[String], b: &[String]) -> Ordering {
    let empty = String::new();
    for i in 0..a.len().max(b.len()) {
        let (left, right) = (a.get(i).unwrap_or(&empty), b.get(i).unwrap_or(&empty));
        let order = left.len().cmp(&right.len()).then(left.cmp(right));
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

/// Nanoseconds in a second.
const SECOND: i128 = 1_000_000_000;

/// `text` as a number, if it is exactly `width` digits.
fn digits(text: &str, width: usize) -> Option<i128> {
    let fits = text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// Days in a month.
fn month_days(year: i128, month: i128) -> i128 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date, counted year by year and month by month.
fn days(year: i128, month: i128, day: i128) -> i128 {
    let leap_days = |year: i128| (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let years = (year - 1970) * 365 + if year > 0 { leap_days(year) } else { -1 } - leap_days(1970);
    let months: i128 = (1..month).map(|month| month_days(year, month)).sum();
    years + months + day - 1
}

/// A date, or a date and time with or without a zone, as nanoseconds since 1970; no zone is UTC.
pub(super) fn instant(text: &str) -> Option<i128> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut fields = date.split('-');
    let (year, month, day) = (digits(fields.next()?, 4)?, digits(fields.next()?, 2)?, digits(fields.next()?, 2)?);
    if fields.next().is_some() || !(1..=12).contains(&month) || !(1..=month_days(year, month)).contains(&day) {
        return None;
    }
    let midnight = days(year, month, day) * 86_400 * SECOND;
    let Some(time) = time else { return Some(midnight) };

    let (clock, offset) = if let Some(clock) = time.strip_suffix('Z') {
        (clock, 0)
    } else if let Some(at) = time.rfind(['+', '-']) {
        let (hours, minutes) = time[at + 1..].split_once(':')?;
        let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
        if hours > 23 || minutes > 59 {
            return None;
        }
        let seconds = hours * 3600 + minutes * 60;
        (&time[..at], if time[at..].starts_with('-') { -seconds } else { seconds })
    } else {
        (time, 0)
    };
    let (clock, part) = match clock.split_once('.') {
        Some((clock, part)) if (1..=9).contains(&part.len()) => {
            (clock, digits(part, part.len())? * 10_i128.pow(9 - part.len() as u32))
        }
        Some(_) => return None,
        None => (clock, 0),
    };
    let mut fields = clock.split(':');
    let (hour, minute, second) = (digits(fields.next()?, 2)?, digits(fields.next()?, 2)?, digits(fields.next()?, 2)?);
    if fields.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(midnight + (hour * 3600 + minute * 60 + second - offset) * SECOND + part)
}

/// A timestamp of instance data: seconds since 1970 as a number, or a date as text.
pub(super) fn timestamp(object: &Value, key: &str) -> Res<Option<i128>> {
    let wrong = || invalid(format!("`{key}` is not a point in time"));
    match get(object, key) {
        None => Ok(None),
        Some(Value::String(text)) => instant(text).map(Some).ok_or_else(wrong),
        Some(Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(seconds), _) => Ok(Some(i128::from(seconds) * SECOND)),
            (None, Some(seconds)) => {
                let whole = seconds as i64;
                Ok(Some(i128::from(whole) * SECOND + ((seconds - whole as f64) * 1e9) as i128))
            }
            (None, None) => Err(wrong()),
        },
        Some(_) => Err(wrong()),
    }
}

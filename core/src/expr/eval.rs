//! What expressions ask of an instance, and how the values of each type compare.
//!
//! Numbers and versions are compared on their digits, so no value is too long and none is rounded.

use core::cmp::Ordering;
use core::fmt;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};

/// What an expression can ask of one instance.
///
/// `None` means that the datum is absent; every comparison on an absent datum is false, the negative ones too.
pub trait Facts {
    /// Whether the agent is connected.
    fn is_agent_connected(&self) -> bool;
    /// Version of the agent, as reported; a text that is no version fails every comparison.
    fn agent_version(&self) -> Option<&str>;
    /// Value of an attribute; empty when it has a name only.
    fn attribute(&self, name: &str) -> Option<&str>;
    /// Id of the EC2 instance.
    fn ec2_instance_id(&self) -> Option<&str>;
    /// When the instance was registered.
    fn registered_at(&self) -> Option<Timestamp>;
    /// Number of tasks whose desired status is RUNNING.
    fn running_tasks_count(&self) -> u32;
    /// Whether the group of any active task passes `test`.
    fn any_group(&self, test: &mut dyn FnMut(&str) -> bool) -> bool;
}

/// An instant: nanoseconds since 1970-01-01T00:00:00Z.
// Aligned to 8 bytes, not to the 16 of its number, so that it leaves no gaps in the details of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(Rust, packed(8))]
pub struct Timestamp(i128);

impl Timestamp {
    /// The instant that many nanoseconds after the epoch.
    #[must_use]
    pub const fn from_nanoseconds(nanoseconds: i128) -> Self {
        Self(nanoseconds)
    }

    /// Nanoseconds after the epoch.
    #[must_use]
    pub const fn as_nanoseconds(self) -> i128 {
        self.0
    }

    /// Reads one of the documented forms: `2018-06-18`, `2018-06-18T22:28:28`, and the latter followed by `Z` or by an
    /// offset such as `+02:00`. Seconds may have a fraction of one to nine digits. No zone means UTC, a date alone means
    /// midnight UTC. Anything else is `None`: a day that does not exist, hour 24, a leap second, an offset beyond 18 hours.
    ///
    /// ```
    /// use placewright::expr::Timestamp;
    ///
    /// let midnight = Timestamp::parse("2018-02-13").unwrap();
    /// assert_eq!(Timestamp::parse("2018-02-13T01:00:00+01:00"), Some(midnight));
    /// assert_eq!(midnight.to_string(), "2018-02-13T00:00:00Z");
    /// assert_eq!(Timestamp::parse("2018-02-30"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let (year, month, day) = (number(date, 0, 4)?, number(date, 5, 2)?, number(date, 8, 2)?);
        let date_bytes = date.as_bytes();
        if date_bytes.get(4) != Some(&b'-') || date_bytes.get(7) != Some(&b'-') {
            return None;
        }
        let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        if rest.is_empty() {
            return Some(Self::at(date.to_datetime(Time::midnight()), 0));
        }

        let (clock, rest) = rest.split_at_checked(9)?;
        let clock_bytes = clock.as_bytes();
        if clock_bytes.first() != Some(&b'T') || clock_bytes.get(3) != Some(&b':') || clock_bytes.get(6) != Some(&b':')
        {
            return None;
        }
        let (hour, minute, second) = (number(clock, 1, 2)?, number(clock, 4, 2)?, number(clock, 7, 2)?);
        let (nanosecond, zone) = fraction(rest)?;
        let time =
            Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, i8::try_from(second).ok()?, nanosecond)
                .ok()?;
        Some(Self::at(date.to_datetime(time), offset_seconds(zone)?))
    }

    /// The instant that a clock `offset` seconds ahead of UTC shows as `local`.
    fn at(local: DateTime, offset: i128) -> Self {
        Self(local.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0)).as_nanos() - offset * 1_000_000_000)
    }
}

/// ISO 8601 in UTC, the fraction without trailing zeros. Instants outside the years −9999 to 9999 print as `@` and the
/// nanoseconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = i64::try_from(self.0.div_euclid(1_000_000_000)).ok().and_then(|seconds| {
            DateTime::constant(1970, 1, 1, 0, 0, 0, 0).checked_add(SignedDuration::from_secs(seconds)).ok()
        });
        let Some(civil) = civil else {
            return write!(f, "@{}", self.as_nanoseconds());
        };
        let sign = if civil.year() < 0 { "-" } else { "" };
        write!(
            f,
            "{sign}{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            civil.year().unsigned_abs(),
            civil.month(),
            civil.day(),
            civil.hour(),
            civil.minute(),
            civil.second(),
        )?;
        let mut fraction = self.0.rem_euclid(1_000_000_000);
        if fraction > 0 {
            let mut width = 9;
            while fraction % 10 == 0 {
                fraction /= 10;
                width -= 1;
            }
            write!(f, ".{fraction:0width$}")?;
        }
        f.write_str("Z")
    }
}

/// The number that `length` digits at byte `start` write.
fn number(text: &str, start: usize, length: usize) -> Option<i16> {
    let digits = text.get(start..start + length)?;
    if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// The fraction at the start of `rest` in nanoseconds, and what follows it.
fn fraction(rest: &str) -> Option<(i32, &str)> {
    let Some(after) = rest.strip_prefix('.') else {
        return Some((0, rest));
    };
    let length = after.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, zone) = after.split_at_checked(length)?;
    if length == 0 || length > 9 {
        return None;
    }
    let scale = (length..9).fold(1, |scale, _| scale * 10);
    Some((digits.parse::<i32>().ok()? * scale, zone))
}

/// Seconds a zone is ahead of UTC.
fn offset_seconds(zone: &str) -> Option<i128> {
    if zone.is_empty() || zone == "Z" {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = (number(zone, 1, 2)?, number(zone, 4, 2)?);
    let seconds = i128::from(hours) * 3600 + i128::from(minutes) * 60;
    let is_offset = zone.len() == 6 && zone.as_bytes().get(3) == Some(&b':') && minutes < 60 && seconds <= 18 * 3600;
    is_offset.then_some(sign * seconds)
}

/// The components of a version, a suffix from the first `-` or `+` on taken away; `None` if it is no version.
pub(super) fn version_core(text: &str) -> Option<&str> {
    let core = text.find(['-', '+']).map_or(text, |end| &text[..end]);
    let is_version = core.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    is_version.then_some(core)
}

/// Compares two version cores component by component; a missing component is 0.
pub(super) fn compare_versions(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let (a, b) = (left.next(), right.next());
        if a.is_none() && b.is_none() {
            return Ordering::Equal;
        }
        match compare_integers(a.unwrap_or("0"), b.unwrap_or("0")) {
            Ordering::Equal => {}
            other => return other,
        }
    }
}

/// Compares two runs of digits as integers of any length.
fn compare_integers(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

/// An integer literal, held at the ends of `i64`: no count is out there, so no comparison with one changes.
pub(super) fn parse_integer(text: &str) -> Option<i64> {
    let (is_negative, digits) = sign(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let magnitude = digits.parse::<i64>().unwrap_or(i64::MAX);
    Some(if is_negative { -magnitude } else { magnitude })
}

/// Whether a text starts with `-`, and what follows its sign.
fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// A finite decimal number, kept as the digits it was written in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decimal<'t> {
    /// −1, 0 or 1.
    sign: i8,
    /// Digits, a point perhaps among them.
    digits: &'t str,
    /// Decimal exponent of the first digit that is not zero: 0.05 has −2, 70 has 1.
    magnitude: i64,
}

impl<'t> Decimal<'t> {
    /// Reads `[+-] digits [. digits] [e [+-] digits]`. Digits may be missing on one side of the point. An exponent of more
    /// than 18 digits is no number to us, but text.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let (is_negative, unsigned) = sign(text);
        let (digits, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number =
            !(whole.is_empty() && part.is_empty()) && whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit());
        if !is_number {
            return None;
        }
        let leading = whole.bytes().chain(part.bytes()).take_while(|&b| b == b'0').count();
        let is_zero = leading == whole.len() + part.len();
        Some(Self {
            sign: if is_zero {
                0
            } else if is_negative {
                -1
            } else {
                1
            },
            digits,
            magnitude: exponent + signed(whole.len()) - signed(leading) - 1,
        })
    }

    /// Digits from the first that is not zero.
    fn significant(self) -> impl Iterator<Item = u8> {
        self.digits.bytes().filter(|&b| b != b'.').skip_while(|&b| b == b'0')
    }

    /// Compares exactly; nothing is rounded.
    pub(super) fn compare(self, other: Self) -> Ordering {
        let by_sign = self.sign.cmp(&other.sign);
        if by_sign != Ordering::Equal || self.sign == 0 {
            return by_sign;
        }
        let by_size = self.magnitude.cmp(&other.magnitude).then_with(|| {
            let (mut left, mut right) = (self.significant(), other.significant());
            loop {
                let (a, b) = (left.next(), right.next());
                if a.is_none() && b.is_none() {
                    return Ordering::Equal;
                }
                match a.unwrap_or(b'0').cmp(&b.unwrap_or(b'0')) {
                    Ordering::Equal => {}
                    different => return different,
                }
            }
        });
        if self.sign < 0 { by_size.reverse() } else { by_size }
    }
}

/// The exponent behind `e`, if it is small enough to reckon with.
fn parse_exponent(text: &str) -> Option<i64> {
    /// Most digits of an exponent, leading zeros aside.
    const DIGITS_MAX: usize = 18;
    let (_, digits) = sign(text);
    if digits.trim_start_matches('0').len() > DIGITS_MAX {
        return None;
    }
    parse_integer(text)
}

/// A length as a signed number.
fn signed(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    /// Compares two texts that are numbers.
    fn compare(left: &str, right: &str) -> Option<Ordering> {
        Some(Decimal::parse(left)?.compare(Decimal::parse(right)?))
    }

    #[test]
    fn decimals_compare_without_rounding() {
        for (left, right, expected) in [
            ("10", "9", Ordering::Greater),
            ("9007199254740993", "9007199254740992", Ordering::Greater),
            ("0.1", "0.10000000000000000000000000001", Ordering::Less),
            ("1e3", "1000", Ordering::Equal),
            ("1e3", "999.999", Ordering::Greater),
            ("-2", "-10", Ordering::Greater),
            ("-0", "0.000", Ordering::Equal),
            ("-1", "0", Ordering::Less),
            ("0.05", "5e-2", Ordering::Equal),
            ("007", "7.", Ordering::Equal),
            (".5", "0.50", Ordering::Equal),
            ("+3", "3", Ordering::Equal),
            ("1e400", "1e399", Ordering::Greater),
            ("1e999999999999999999", "1e999999999999999998", Ordering::Greater),
            ("0e999999999999999999", "0", Ordering::Equal),
            ("1e-999999999999999999", "0", Ordering::Greater),
            ("100", "12", Ordering::Greater),
        ] {
            assert_eq!(compare(left, right), Some(expected), "{left} {right}");
            assert_eq!(compare(right, left), Some(expected.reverse()), "{right} {left}");
        }
    }

    #[test]
    fn what_is_no_finite_decimal_is_text() {
        for text in
            ["", ".", "-", "e5", "1e", "1e+", "inf", "NaN", "1_0", "0x10", "1.2.3", " 1", "1 ", "--1", "1e1e1", "٣"]
        {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
        assert!(Decimal::parse("1e1000000000000000000").is_none());
    }

    #[test]
    fn integers_are_held_at_the_ends() {
        assert_eq!(parse_integer("-0"), Some(0));
        assert_eq!(parse_integer("+12"), Some(12));
        assert_eq!(parse_integer("99999999999999999999"), Some(i64::MAX));
        assert_eq!(parse_integer("-99999999999999999999"), Some(-i64::MAX));
        for text in ["", "-", "1.0", "1e3", "abc", "+-1"] {
            assert_eq!(parse_integer(text), None, "{text}");
        }
    }

    #[test]
    fn versions_compare_by_component() {
        let compare = |a, b| Some(compare_versions(version_core(a)?, version_core(b)?));
        assert_eq!(compare("1.14.10", "1.14.5"), Some(Ordering::Greater));
        assert_eq!(compare("1.9.0", "1.14.5"), Some(Ordering::Less));
        assert_eq!(compare("1.14", "1.14.0.0"), Some(Ordering::Equal));
        assert_eq!(compare("1.014.5-beta", "1.14.5+build.7"), Some(Ordering::Equal));
        assert_eq!(compare("99999999999999999999999", "99999999999999999999998"), Some(Ordering::Greater));
        for text in ["", "v1.2", "1..2", "1.", ".1", "-beta", "1.x", "1.2 ", "一"] {
            assert_eq!(version_core(text), None, "{text}");
        }
    }

    #[test]
    fn dates_are_the_documented_forms_and_no_others() {
        let nanoseconds = |text| Timestamp::parse(text).map(Timestamp::as_nanoseconds);
        assert_eq!(nanoseconds("1970-01-01"), Some(0));
        assert_eq!(nanoseconds("1970-01-01T00:00:01.5Z"), Some(1_500_000_000));
        assert_eq!(nanoseconds("1969-12-31T23:59:59.999999999"), Some(-1));
        assert_eq!(nanoseconds("2018-06-18T22:28:28+00:00"), Some(1_529_360_908_000_000_000));
        assert_eq!(nanoseconds("2018-06-18T22:28:28-01:30"), Some(1_529_366_308_000_000_000));
        assert!(nanoseconds("9999-12-31T23:59:59-18:00").is_some());
        assert!(nanoseconds("0000-01-01T00:00:00+18:00").is_some());
        assert!(nanoseconds("2016-02-29").is_some());
        for text in [
            "",
            "2018",
            "2018-02",
            "2018-02-30",
            "2018-13-01",
            "2018-00-10",
            "2017-02-29",
            "2018-2-03",
            "+2018-02-03",
            "262143-01-01",
            "-2018-02-03",
            "2018-02-03T25:00:00",
            "2018-02-03T24:00:00",
            "2018-02-03T23:59:60",
            "2018-02-03T23:59",
            "2018-02-03 23:59:00",
            "2018-02-03t23:59:00",
            "2018-02-03T23:59:00z",
            "2018-02-03T23:59:00+",
            "2018-02-03T23:59:00+0100",
            "2018-02-03T23:59:00+19:00",
            "2018-02-03T23:59:00+01:60",
            "2018-02-03T23:59:00.",
            "2018-02-03T23:59:00.1234567890",
            "2018-02-03Z",
            "20180203",
            "2018-02-03T23:59:00 Z",
            "２０１８-02-03",
            "2018-02-0é",
            "2018-02-03T23:59:00[UTC]",
            "2018-W07-2",
            "2018-02-03T+1:00:00",
        ] {
            assert_eq!(nanoseconds(text), None, "{text}");
        }
    }

    #[test]
    fn timestamps_print_as_they_are_read() {
        for text in [
            "2018-06-18T22:28:28Z",
            "1969-12-31T23:59:59.999999999Z",
            "0000-01-01T00:00:00Z",
            "2020-02-29T00:00:00.05Z",
        ] {
            assert_eq!(Timestamp::parse(text).map(|t| t.to_string()).as_deref(), Some(text));
        }
        assert_eq!(Timestamp::from_nanoseconds(i128::MIN).to_string(), format!("@{}", i128::MIN));
        assert_eq!(
            Timestamp::from_nanoseconds(i128::from(i64::MAX) * 1_000_000_000).to_string(),
            "@9223372036854775807000000000"
        );
    }
}

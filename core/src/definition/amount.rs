//! Amounts written as text with a unit: `1024`, `1 vCPU`, `.5 vcpu`, `2GB` (semantics.md §1.2, U-09).
//!
//! The arithmetic is exact: digits are integers, the fraction is a power of ten, and an amount that is not a whole number of
//! units is refused instead of rounded.

use alloc::format;

use crate::error::{Error, ErrorKind};

/// Most digits behind the point that can still make a whole number of units: 1024 is 2¹⁰.
const FRACTION_DIGITS_MAX: usize = 10;

/// CPU units of a task-level `cpu`: a whole number of units, or a decimal number of `vCPU`s of 1024 units.
///
/// # Errors
/// [`ErrorKind::InvalidAmount`] for text that is neither, or whose amount is no whole number of units.
///
/// # Example
/// ```
/// use placewright::definition::amount::cpu_units;
/// assert_eq!(cpu_units("512"), Ok(512));
/// assert_eq!(cpu_units(".5 vCPU"), Ok(512));
/// assert!(cpu_units("0.3 vCPU").is_err());
/// ```
pub fn cpu_units(text: &str) -> Result<i64, Error> {
    amount(text, "vcpu", "`cpu`", "such as `512` or `0.5 vCPU`")
}

/// MiB of a task-level `memory`: a whole number of MiB, or a decimal number of `GB` of 1024 MiB.
///
/// # Errors
/// [`ErrorKind::InvalidAmount`] for text that is neither, or whose amount is no whole number of MiB.
pub fn memory_mib(text: &str) -> Result<i64, Error> {
    amount(text, "gb", "`memory`", "such as `1024` or `1 GB`")
}

/// The amount, in units of which the named large one holds 1024.
fn amount(text: &str, large: &str, what: &str, example: &str) -> Result<i64, Error> {
    let refuse = |why: &str| {
        Error::with_message(ErrorKind::InvalidAmount, format!("{what} is `{}`, {why}", shortened(text)))
            .with_help(format!("write a whole number or a number with a unit, {example}"))
    };
    let trimmed = text.trim_matches(' ');
    let digits = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(digits);
    let unit = unit.trim_start_matches(' ');
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return Err(refuse("which is no amount"));
    }
    let whole: i128 = if whole.is_empty() { Ok(0) } else { whole.parse() }.map_err(|_| refuse("which is too large"))?;
    if unit.is_empty() {
        if number.contains('.') {
            return Err(refuse("which has a fraction but no unit"));
        }
        return i64::try_from(whole).map_err(|_| refuse("which is too large"));
    }
    if !unit.eq_ignore_ascii_case(large) {
        return Err(refuse("whose unit is unknown"));
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > FRACTION_DIGITS_MAX {
        return Err(refuse("which is no whole number of units"));
    }
    let scale = (0..fraction.len()).fold(1_i128, |scale, _| scale * 10);
    let parts: i128 =
        if fraction.is_empty() { 0 } else { fraction.parse().map_err(|_| refuse("which is no amount"))? };
    let scaled = parts * 1024;
    if scaled % scale != 0 {
        return Err(refuse("which is no whole number of units"));
    }
    whole
        .checked_mul(1024)
        .and_then(|units| units.checked_add(scaled / scale))
        .and_then(|units| i64::try_from(units).ok())
        .ok_or_else(|| refuse("which is too large"))
}

/// As much of the text as a message repeats.
fn shortened(text: &str) -> &str {
    text.char_indices().nth(40).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_exact_or_refused() {
        for (text, units) in [
            ("0", 0),
            ("1024", 1024),
            ("1 vCPU", 1024),
            ("1VCPU", 1024),
            (".5 vcpu", 512),
            ("0.25  vCPU", 256),
            ("1.0009765625 vCPU", 1025),
            ("2.000000000000000000000000000000 vCPU", 2048),
            (" 8 ", 8),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(cpu_units(text), Ok(units), "{text}");
        }
        for text in [
            "",
            " ",
            ".",
            "1.",
            "1.5",
            "vCPU",
            "0.3 vCPU",
            "1 GB",
            "-1",
            "+1",
            "1e3",
            "1_000",
            "0x10",
            "1.2.3 vCPU",
            "9223372036854775808",
            "9007199254740993000 vCPU",
            "99999999999999999999999999999999999999999",
            "1 v CPU",
            "١",
        ] {
            assert_eq!(cpu_units(text).map_err(|error| error.kind()), Err(ErrorKind::InvalidAmount), "{text}");
        }
        assert_eq!(memory_mib("1GB"), Ok(1024));
        assert_eq!(memory_mib("0.5 gb"), Ok(512));
        assert!(memory_mib("0.3 GB").is_err());
    }
}

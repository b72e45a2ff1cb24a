//! Tree → text, without blanks. Integers exact, floats so that they read back the same, nothing that is not JSON.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::Json;

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self, f, false)
    }
}

/// Prints with sorted keys.
pub(super) fn canonical(value: &Json<'_>, out: &mut String) {
    // OK: writing to a `String` does not fail.
    let _ = write(value, out, true);
}

/// A finite number as the shortest decimal that reads back as it, with a fraction or an exponent. `Debug` writes the same, but builds
/// may be without that (`-Zfmt-debug=none`).
pub(crate) struct Decimal(pub(crate) f64);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0;
        let size = number.abs();
        if size != 0.0 && !(1e-4..1e16).contains(&size) {
            write!(f, "{number:e}")
        } else if number % 1.0 == 0.0 {
            write!(f, "{number}.0")
        } else {
            write!(f, "{number}")
        }
    }
}

/// Prints one value; depth is bounded by that of the tree.
fn write(value: &Json<'_>, out: &mut dyn Write, is_sorted: bool) -> fmt::Result {
    match value {
        Json::Null => out.write_str("null"),
        Json::Bool(true) => out.write_str("true"),
        Json::Bool(false) => out.write_str("false"),
        Json::Integer(number) => write!(out, "{number}"),
        Json::Unsigned(number) => write!(out, "{number}"),
        Json::Float(number) if number.is_finite() => write!(out, "{}", Decimal(*number)),
        Json::Float(_) => out.write_str("null"),
        Json::Text(text) => write_text(text, out),
        Json::Array(items) => {
            out.write_char('[')?;
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.write_char(',')?;
                }
                write(item, out, is_sorted)?;
            }
            out.write_char(']')
        }
        Json::Object(entries) => {
            out.write_char('{')?;
            let mut order: Vec<usize> = (0..entries.len()).collect();
            if is_sorted {
                order.sort_by(|&a, &b| entries[a].0.cmp(&entries[b].0));
            }
            for (position, &index) in order.iter().enumerate() {
                if position > 0 {
                    out.write_char(',')?;
                }
                let (key, value) = &entries[index];
                write_text(key, out)?;
                out.write_char(':')?;
                write(value, out, is_sorted)?;
            }
            out.write_char('}')
        }
    }
}

/// Prints a string with the escapes JSON asks for and no others.
fn write_text(text: &str, out: &mut dyn Write) -> fmt::Result {
    out.write_char('"')?;
    let mut start = 0;
    for (index, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1f => "",
            _ => continue,
        };
        out.write_str(&text[start..index])?;
        if escape.is_empty() {
            write!(out, "\\u{byte:04x}")?;
        } else {
            out.write_str(escape)?;
        }
        start = index + 1;
    }
    out.write_str(&text[start..])?;
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::Decimal;

    #[test]
    fn decimals_are_those_of_debug() {
        let edges = [
            0.0,
            -0.0,
            1.0,
            -2.5,
            0.1,
            1e-4,
            9.999e-5,
            1e15,
            9_999_999_999_999_998.0,
            1e16,
            1.5e300,
            -5e-324,
            f64::MAX,
        ];
        // Mixed bits: many sizes, subnormal numbers among them.
        let mixed = (0..2000_u64)
            .map(|n| f64::from_bits(n.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
            .filter(|number| number.is_finite());
        let times = (0..1000_u32).map(|n| 1_761_900_000.0 + f64::from(n) / 1000.0);
        for number in edges.into_iter().chain(mixed).chain(times) {
            assert_eq!(format!("{}", Decimal(number)), format!("{number:?}"));
        }
    }
}

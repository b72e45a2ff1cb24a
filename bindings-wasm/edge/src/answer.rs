//! Answers as JSON text. One with an integer above 2⁵³ says so in its first character, as `JSON.parse` would round it.

use placewright::json::Json;

/// Greatest integer up to which JavaScript's numbers are exact.
const EXACT_MAX: u64 = (1 << 53) - 1;

/// An answer as JSON text, behind a `0`, or a `1` where it has an integer above 2⁵³.
#[must_use]
pub fn print(answer: &Json<'_>) -> String {
    format!("{}{answer}", u8::from(is_large(answer)))
}

/// Whether an answer has an integer that JavaScript's numbers do not hold.
fn is_large(json: &Json<'_>) -> bool {
    match json {
        Json::Integer(number) => number.unsigned_abs() > EXACT_MAX,
        Json::Unsigned(number) => *number > EXACT_MAX,
        Json::Array(items) => items.iter().any(is_large),
        Json::Object(entries) => entries.iter().any(|(_, value)| is_large(value)),
        _ => false,
    }
}

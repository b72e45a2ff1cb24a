//! JSON in which a key that stands twice in one object is an error; serde_json alone keeps the last.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::case::shown;

/// The value of a text in whose objects no key stands twice.
///
/// serde_json reads the integer `-0` as a float, so it is written as ` 0` first, which leaves every other place as it is.
pub(super) fn parse(text: &str) -> Result<Value, serde_json::Error> {
    let mut plain = String::with_capacity(text.len());
    // Inside a string, behind a backslash there, the character before.
    let (mut is_quoted, mut is_escaped, mut last) = (false, false, ' ');
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        let begins = c == '-' && !is_quoted && !(last.is_ascii_alphanumeric() || "+-.".contains(last));
        let mut rest = characters.clone();
        let is_zero = begins
            && rest.next() == Some('0')
            && !rest.next().is_some_and(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        plain.push(if is_zero { ' ' } else { c });
        is_quoted ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && is_quoted && !is_escaped;
        last = c;
    }
    serde_json::from_str(&plain).map(|Strict(value)| value)
}

/// A JSON value in whose objects no key stands twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

/// Builds the value of a [`Strict`].
struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_string()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut whole = Vec::new();
        while let Some(Strict(element)) = list.next_element()? {
            whole.push(element);
        }
        Ok(Value::Array(whole))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut whole = Map::new();
        while let Some(key) = object.next_key::<String>()? {
            let Strict(member) = object.next_value()?;
            if whole.contains_key(&key) {
                return Err(A::Error::custom(format_args!("duplicate key `{}`", shown(&key))));
            }
            whole.insert(key, member);
        }
        Ok(Value::Object(whole))
    }
}

//! JSON text as a tree that keeps what the text said: every integer exact, every object in its own order.
//!
//! The tree borrows its strings from the text wherever they hold no escape, so reading a large describe output costs less
//! than a generic value would. What it refuses, it refuses with a place: malformed text, a byte order mark, more than
//! [`JSON_DEPTH_MAX`](crate::limits::JSON_DEPTH_MAX) levels, a number no `f64` holds, and the same key twice in one object,
//! at any depth and whether or not anybody would have read that key. It knows nothing of ECS; [`Fields`] is how the
//! adapter asks an object for what it needs.

mod fields;
mod parse;
mod print;
mod watch;

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem::take;

pub use fields::Fields;
pub(crate) use fields::at_index;
pub(crate) use print::Decimal;
pub use watch::Watch;
pub(crate) use watch::{FIRST_PART, Pace};

use crate::error::{Error, ErrorKind};

/// One JSON value.
///
/// A tree that was read has at most [`JSON_DEPTH_MAX`](crate::limits::JSON_DEPTH_MAX) levels. One that was built by hand may
/// have any number: dropping it, and asking it for a key, takes no stack for them. Cloning, comparing and
/// printing it does. As it is dropped level by level, what it holds is not moved out of it by a pattern, but taken with
/// [`core::mem::take`] through a mutable one.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without fraction and exponent that an `i64` holds.
    Integer(i64),
    /// A number without fraction and exponent above that, up to 2⁶⁴ − 1.
    Unsigned(u64),
    /// Any other number.
    Float(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// An object: keys in the order of the text, each once.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// What kind of value it is, in words.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) | Self::Unsigned(_) => "an integer",
            Self::Float(_) => "a number with a fraction or exponent",
            Self::Text(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// The value of a key of an object; `None` for an absent key and for what is no object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Json<'a>> {
        match self {
            Self::Object(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The object.
    ///
    /// # Errors
    /// [`ErrorKind::JsonType`] for anything else.
    pub fn as_fields(&self) -> Result<Fields<'_, 'a>, Error> {
        match self {
            Self::Object(entries) => Ok(Fields::new(entries)),
            other => Err(other.mismatch("an object")),
        }
    }

    /// The elements of the array.
    ///
    /// # Errors
    /// [`ErrorKind::JsonType`] for anything else.
    pub fn as_array(&self) -> Result<&[Json<'a>], Error> {
        match self {
            Self::Array(items) => Ok(items),
            other => Err(other.mismatch("an array")),
        }
    }

    /// The string.
    ///
    /// # Errors
    /// [`ErrorKind::JsonType`] for anything else.
    pub fn as_text(&self) -> Result<&str, Error> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(other.mismatch("a string")),
        }
    }

    /// The integer. `2048.0` and `"2048"` are none.
    ///
    /// # Errors
    /// [`ErrorKind::JsonType`] for anything else, and for an integer above 2⁶³ − 1.
    pub fn as_integer(&self) -> Result<i64, Error> {
        match self {
            Self::Integer(number) => Ok(*number),
            Self::Unsigned(number) => Err(Error::with_message(
                ErrorKind::JsonType,
                format!("expected a 64-bit signed integer, found `{number}`"),
            )),
            other => Err(other.mismatch("an integer")),
        }
    }

    /// The boolean.
    ///
    /// # Errors
    /// [`ErrorKind::JsonType`] for anything else.
    pub fn as_bool(&self) -> Result<bool, Error> {
        match self {
            Self::Bool(value) => Ok(*value),
            other => Err(other.mismatch("a boolean")),
        }
    }

    /// The value at a path as errors write it, e.g. `containerInstances[3].status`; `None` where it leads nowhere.
    #[must_use]
    pub fn at_path(&self, path: &str) -> Option<&Json<'a>> {
        if path.is_empty() {
            return Some(self);
        }
        let inside = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[']);
        match self {
            Self::Array(items) => {
                let (number, rest) = path.strip_prefix('[')?.split_once(']')?;
                items.get(number.parse::<usize>().ok()?)?.at_path(rest.strip_prefix('.').unwrap_or(rest))
            }
            // A key may hold what separates keys, so each that fits is tried.
            Self::Object(entries) => entries.iter().find_map(|(key, value)| {
                let rest = path.strip_prefix(key.as_ref()).filter(|rest| inside(rest) && !key.is_empty())?;
                value.at_path(rest.strip_prefix('.').unwrap_or(rest))
            }),
            _ => None,
        }
    }

    /// The error for a value of another type than wanted.
    #[cold]
    pub(crate) fn mismatch(&self, expected: &str) -> Error {
        Error::with_message(ErrorKind::JsonType, format!("expected {expected}, found {}", self.type_name()))
    }

    /// The same tree, owning its strings.
    #[must_use]
    pub fn into_owned(mut self) -> Json<'static> {
        match &mut self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Integer(number) => Json::Integer(*number),
            Self::Unsigned(number) => Json::Unsigned(*number),
            Self::Float(number) => Json::Float(*number),
            Self::Text(text) => Json::Text(Cow::Owned(take(text).into_owned())),
            Self::Array(items) => Json::Array(take(items).into_iter().map(Json::into_owned).collect()),
            Self::Object(entries) => {
                let entries = take(entries).into_iter();
                Json::Object(entries.map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_owned())).collect())
            }
        }
    }

    /// Whether it has more than so many levels of nesting. Looks no deeper than that.
    #[must_use]
    pub fn is_deeper_than(&self, levels: usize) -> bool {
        let Some(inner) = levels.checked_sub(1) else { return matches!(self, Self::Array(_) | Self::Object(_)) };
        match self {
            Self::Array(items) => items.iter().any(|item| item.is_deeper_than(inner)),
            Self::Object(entries) => entries.iter().any(|(_, value)| value.is_deeper_than(inner)),
            _ => false,
        }
    }

    /// An object of these entries, in this order.
    #[must_use]
    pub fn object(entries: impl IntoIterator<Item = (&'a str, Json<'a>)>) -> Self {
        Self::Object(entries.into_iter().map(|(key, value)| (Cow::Borrowed(key), value)).collect())
    }

    /// An array of these elements.
    #[must_use]
    pub fn array(items: impl IntoIterator<Item = Json<'a>>) -> Self {
        Self::Array(items.into_iter().collect())
    }

    /// A string.
    #[must_use]
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// The value as a text that is equal for equal values: keys sorted, no blanks.
    #[must_use]
    pub fn to_canonical(&self) -> String {
        let mut out = String::new();
        print::canonical(self, &mut out);
        out
    }
}

impl Json<'_> {
    /// Moves the values inside that hold others to `pending`, and drops the rest.
    fn unpack(&mut self, pending: &mut Vec<Self>) {
        let is_nested = |value: &Self| matches!(value, Self::Array(_) | Self::Object(_));
        match self {
            Self::Array(items) => pending.extend(items.drain(..).filter(is_nested)),
            Self::Object(entries) => pending.extend(entries.drain(..).map(|(_, value)| value).filter(is_nested)),
            _ => {}
        }
    }
}

/// Level by level: a tree that was built by hand may be deeper than the stack.
impl Drop for Json<'_> {
    fn drop(&mut self) {
        let mut pending = Vec::new();
        self.unpack(&mut pending);
        while let Some(mut value) = pending.pop() {
            value.unpack(&mut pending);
        }
    }
}

impl From<bool> for Json<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Json<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Json<'_> {
    fn from(number: u32) -> Self {
        Self::Integer(i64::from(number))
    }
}

impl From<u64> for Json<'_> {
    fn from(number: u64) -> Self {
        i64::try_from(number).map_or(Self::Unsigned(number), Self::Integer)
    }
}

impl<'a> From<&'a str> for Json<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Json<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a> From<Vec<Json<'a>>> for Json<'a> {
    fn from(items: Vec<Json<'a>>) -> Self {
        Self::Array(items)
    }
}

//! Text → tree, in one pass of `serde_json`'s reader.
//!
//! The path of an error is collected while the error travels outward, so text without errors pays nothing for it.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::fmt;

use hashbrown::HashSet;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::{Json, Pace, Watch};
use crate::error::{Error, ErrorKind, Span};
use crate::limits::{JSON_BYTES_MAX, JSON_DEPTH_MAX};

/// Keys an object may have before looking for a duplicate takes a hash set.
const LINEAR_KEYS_MAX: usize = 16;
/// Steps into the tree that the path of an error tells.
const PATH_STEPS_MAX: usize = 16;
/// Bytes of a key or an offending text that a message repeats.
const EXCERPT_BYTES_MAX: usize = 80;

impl<'a> Json<'a> {
    /// The value that `text` writes.
    ///
    /// # Errors
    /// [`ErrorKind::JsonSyntax`] with the place for text that is not JSON, that starts with a byte order mark, or that goes
    /// on behind the value; [`ErrorKind::JsonTooDeep`] beyond [`JSON_DEPTH_MAX`] levels; [`ErrorKind::JsonDuplicateKey`] for a
    /// key that an object has twice; [`ErrorKind::LimitExceeded`] for more than [`JSON_BYTES_MAX`] bytes.
    ///
    /// # Cost
    /// Linear in the text. Strings without escapes are borrowed.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        Self::parse_paced(text, &RefCell::new(Pace::unwatched()))
    }

    /// As [`parse`](Self::parse), watched: `watch` hears how many values were read. `None` where it stopped that.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse).
    pub fn parse_watched(text: &'a str, watch: Watch<'_>) -> Result<Option<Self>, Error> {
        let pace = RefCell::new(Pace::new(watch));
        let result = Self::parse_paced(text, &pace);
        pace.borrow().finish(result)
    }

    /// The value that `text` writes.
    fn parse_paced(text: &'a str, pace: &RefCell<Pace<'_>>) -> Result<Self, Error> {
        if text.len() > JSON_BYTES_MAX {
            let message = format!("a JSON text has at most {JSON_BYTES_MAX} bytes, this one has {}", text.len());
            return Err(Error::with_message(ErrorKind::LimitExceeded, message));
        }
        if text.starts_with('\u{feff}') {
            return Err(Error::with_message(ErrorKind::JsonSyntax, "text starts with a byte order mark")
                .at(Span::new(0, 3))
                .with_help("remove the first three bytes"));
        }
        let trace =
            Trace { text, zeros: Cell::new(0), path: RefCell::new(Vec::new()), duplicate: Cell::new(false), pace };
        let mut deserializer = serde_json::Deserializer::from_str(text);
        Value(&trace)
            .deserialize(&mut deserializer)
            .and_then(|value| deserializer.end().map(|()| value))
            .map_err(|error| trace.explain(text, &error))
    }

    /// The value that UTF-8 bytes write.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and [`ErrorKind::JsonSyntax`] with the place for bytes that are not UTF-8.
    pub fn parse_bytes(bytes: &'a [u8]) -> Result<Self, Error> {
        match core::str::from_utf8(bytes) {
            Ok(text) => Self::parse(text),
            Err(error) => {
                let start = error.valid_up_to();
                let end = error.error_len().map_or(bytes.len(), |length| start + length);
                Err(Error::with_message(ErrorKind::JsonSyntax, format!("text is not UTF-8 from byte {start} on"))
                    .at(Span::new(start, end)))
            }
        }
    }
}

/// A step into the tree.
enum Segment {
    /// Into the value of a key.
    Key(String),
    /// Into an element.
    Index(usize),
}

/// The text, and what is learnt of an error on its way out.
struct Trace<'a, 'w> {
    /// The text.
    text: &'a str,
    /// Where in the text the search for the next negative zero goes on, outside of strings and numbers.
    zeros: Cell<usize>,
    /// Steps from the error outward.
    path: RefCell<Vec<Segment>>,
    /// The error is a duplicate key, the innermost step.
    duplicate: Cell<bool>,
    /// Counts values.
    pace: &'a RefCell<Pace<'w>>,
}

impl Trace<'_, '_> {
    /// Whether the next number of the text that is a negative zero is written `-0`, as an integer. The reader hands all of
    /// them out as one and the same float. Over a whole text this looks at each byte once.
    #[cold]
    fn is_integer_zero(&self) -> bool {
        let bytes = self.text.as_bytes();
        let mut at = self.zeros.get();
        while let Some(&byte) = bytes.get(at) {
            let start = at;
            at += 1;
            match byte {
                b'"' => {
                    while let Some(&byte) = bytes.get(at).filter(|&&byte| byte != b'"') {
                        at += if byte == b'\\' { 2 } else { 1 };
                    }
                    at += 1;
                }
                b'-' | b'0'..=b'9' => {
                    let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
                    at += bytes.get(at..).unwrap_or_default().iter().take_while(is_part).count();
                    // OK: what was skipped is ASCII, and so are the bytes a string begins and ends with.
                    let number = &self.text[start..at];
                    if serde_json::from_str(number).is_ok_and(is_negative_zero) {
                        self.zeros.set(at);
                        return number == "-0";
                    }
                }
                _ => {}
            }
        }
        false
    }

    /// Notes a step.
    #[cold]
    fn step(&self, segment: Segment) {
        self.path.borrow_mut().push(segment);
    }

    /// The reader's error as one of ours.
    #[cold]
    fn explain(&self, text: &str, error: &serde_json::Error) -> Error {
        let place = offset(text, error.line(), error.column());
        let mut span = Span::new(floor(text, place.saturating_sub(1)), ceil(text, place));
        let words = error.to_string();
        let words = words.rsplit_once(" at line ").map_or(words.as_str(), |(words, _)| words);
        let path = self.path.borrow();
        let (kind, message) = if self.duplicate.get() {
            let key = match path.first() {
                Some(Segment::Key(key)) => key.as_str(),
                _ => "",
            };
            if text[..span.end].ends_with('"') && span.end >= key.len() + 2 {
                span.start = floor(text, span.end - key.len() - 2);
            }
            (ErrorKind::JsonDuplicateKey, format!("key `{}` appears twice in one object", excerpt(key)))
        } else if words == "recursion limit exceeded" {
            (ErrorKind::JsonTooDeep, format!("more than {JSON_DEPTH_MAX} levels of nesting"))
        } else if error.is_eof() {
            span = Span::new(text.len(), text.len());
            (ErrorKind::JsonSyntax, String::from("text ends in the middle of a value"))
        } else {
            (ErrorKind::JsonSyntax, format!("{words} in line {}, column {}", error.line(), error.column()))
        };
        let mut result = Error::with_message(kind, message).at(span);
        // Of a value a hundred levels down nobody needs every step: where it is entered, and the place in the text, tell.
        let hidden = path.len().saturating_sub(PATH_STEPS_MAX);
        if hidden > 0 {
            result = result.in_path(&format!("({hidden} more)"));
        }
        for segment in path.iter().skip(hidden) {
            result = match segment {
                Segment::Key(key) => result.in_path(excerpt(key)),
                Segment::Index(index) => result.in_path(&format!("[{index}]")),
            };
        }
        result
    }
}

/// Whether it is −0.
fn is_negative_zero(number: f64) -> bool {
    number == 0.0 && number.is_sign_negative()
}

/// As much of a key as a message repeats.
fn excerpt(key: &str) -> &str {
    &key[..floor(key, EXCERPT_BYTES_MAX)]
}

/// The byte offset of a line and a column, both counted from 1 by the reader.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start = match line {
        0 | 1 => 0,
        line => text.match_indices('\n').nth(line - 2).map_or(0, |(index, _)| index + 1),
    };
    (start + column).min(text.len())
}

/// The last character boundary at or before `index`.
fn floor(text: &str, index: usize) -> usize {
    (0..=index.min(text.len())).rev().find(|&index| text.is_char_boundary(index)).unwrap_or(0)
}

/// The first character boundary at or behind `index`.
fn ceil(text: &str, index: usize) -> usize {
    (index..text.len()).find(|&index| text.is_char_boundary(index)).unwrap_or(text.len())
}

/// Reads one value.
#[derive(Clone, Copy)]
struct Value<'t, 'w>(&'t Trace<'t, 'w>);

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        if self.0.pace.borrow_mut().step().is_err() {
            return Err(D::Error::custom("stopped"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(Json::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::from(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json<'de>, E> {
        // The reader gives `-0`, an integer like any other, as a float.
        if is_negative_zero(number) && self.0.is_integer_zero() {
            return Ok(Json::Integer(0));
        }
        Ok(Json::Float(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(String::from(text))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        loop {
            match seq.next_element_seed(self) {
                Ok(Some(item)) => items.push(item),
                Ok(None) => return Ok(Json::Array(items)),
                Err(error) => {
                    self.0.step(Segment::Index(items.len()));
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let mut entries: Vec<(Cow<'de, str>, Json<'de>)> = Vec::new();
        let mut seen: HashSet<Cow<'de, str>> = HashSet::new();
        while let Some(key) = map.next_key_seed(Key)? {
            let is_duplicate = if entries.len() < LINEAR_KEYS_MAX {
                entries.iter().any(|(known, _)| *known == key)
            } else {
                if seen.is_empty() {
                    seen.extend(entries.iter().map(|(known, _)| known.clone()));
                }
                !seen.insert(key.clone())
            };
            if is_duplicate {
                self.0.duplicate.set(true);
                self.0.step(Segment::Key(key.into_owned()));
                return Err(A::Error::custom("duplicate key"));
            }
            match map.next_value_seed(self) {
                Ok(value) => entries.push((key, value)),
                Err(error) => {
                    self.0.step(Segment::Key(key.into_owned()));
                    return Err(error);
                }
            }
        }
        Ok(Json::Object(entries))
    }
}

/// Reads one key.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(String::from(text)))
    }
}

//! An object being asked for what it should hold: the type is checked, and an error carries the key.

use alloc::borrow::Cow;
use alloc::format;
use alloc::vec::Vec;

use super::Json;
use crate::error::{Error, ErrorKind};

/// The entries of one object. `null` in place of a value that may be absent counts as absent.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'j, 'a> {
    /// The entries, in the order of the text.
    entries: &'j [(Cow<'a, str>, Json<'a>)],
}

impl<'j, 'a> Fields<'j, 'a> {
    /// The fields of an object's entries.
    pub(crate) const fn new(entries: &'j [(Cow<'a, str>, Json<'a>)]) -> Self {
        Self { entries }
    }

    /// Every key with its value.
    pub fn iter(self) -> impl Iterator<Item = (&'j str, &'j Json<'a>)> {
        self.entries.iter().map(|(key, value)| (key.as_ref(), value))
    }

    /// The value of a key, unless it is absent or `null`.
    #[must_use]
    pub fn get(self, key: &str) -> Option<&'j Json<'a>> {
        self.entries.iter().find(|(name, _)| name == key).map(|(_, value)| value).filter(|value| **value != Json::Null)
    }

    /// The value of a key that must be there; `null` is a value.
    ///
    /// # Errors
    /// [`ErrorKind::JsonMissing`] without it.
    pub fn required(self, key: &str) -> Result<&'j Json<'a>, Error> {
        match self.entries.iter().find(|(name, _)| name == key) {
            Some((_, value)) => Ok(value),
            None => Err(missing(key)),
        }
    }

    /// What `read` makes of a key's value, unless the key is absent or `null`.
    ///
    /// # Errors
    /// Those of `read`, with the key in their path.
    pub fn optional_with<T>(
        self,
        key: &str,
        read: impl FnOnce(&'j Json<'a>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        match self.get(key) {
            Some(value) => read(value).map(Some).map_err(|error| error.in_path(key)),
            None => Ok(None),
        }
    }

    /// What `read` makes of the value of a key that must be there.
    ///
    /// # Errors
    /// [`ErrorKind::JsonMissing`] without it; those of `read`, with the key in their path.
    pub fn required_with<T>(self, key: &str, read: impl FnOnce(&'j Json<'a>) -> Result<T, Error>) -> Result<T, Error> {
        read(self.required(key)?).map_err(|error| error.in_path(key))
    }

    /// The string of a key, if there is one.
    ///
    /// # Errors
    /// [`ErrorKind::JsonType`] for another type.
    pub fn optional_text(self, key: &str) -> Result<Option<&'j str>, Error> {
        self.optional_with(key, Json::as_text)
    }

    /// The string of a key that must be there.
    ///
    /// # Errors
    /// [`ErrorKind::JsonMissing`] without it, [`ErrorKind::JsonType`] for another type.
    pub fn text(self, key: &str) -> Result<&'j str, Error> {
        self.required_with(key, Json::as_text)
    }

    /// The integer of a key, if there is one.
    ///
    /// # Errors
    /// [`ErrorKind::JsonType`] for another type.
    pub fn optional_integer(self, key: &str) -> Result<Option<i64>, Error> {
        self.optional_with(key, Json::as_integer)
    }

    /// The integer of a key that must be there.
    ///
    /// # Errors
    /// [`ErrorKind::JsonMissing`] without it, [`ErrorKind::JsonType`] for another type.
    pub fn integer(self, key: &str) -> Result<i64, Error> {
        self.required_with(key, Json::as_integer)
    }

    /// The boolean of a key, if there is one.
    ///
    /// # Errors
    /// [`ErrorKind::JsonType`] for another type.
    pub fn optional_bool(self, key: &str) -> Result<Option<bool>, Error> {
        self.optional_with(key, Json::as_bool)
    }

    /// The object of a key, if there is one.
    ///
    /// # Errors
    /// [`ErrorKind::JsonType`] for another type.
    pub fn optional_fields(self, key: &str) -> Result<Option<Fields<'j, 'a>>, Error> {
        self.optional_with(key, Json::as_fields)
    }

    /// The elements of a key's array; none where the key is absent.
    ///
    /// # Errors
    /// [`ErrorKind::JsonType`] for another type.
    pub fn items(self, key: &str) -> Result<&'j [Json<'a>], Error> {
        Ok(self.optional_with(key, Json::as_array)?.unwrap_or_default())
    }

    /// What `read` makes of each element of a key's array; nothing where the key is absent.
    ///
    /// # Errors
    /// [`ErrorKind::JsonType`] for another type; those of `read`, with key and index in their path.
    pub fn each<T>(self, key: &str, mut read: impl FnMut(&'j Json<'a>) -> Result<T, Error>) -> Result<Vec<T>, Error> {
        let items = self.items(key)?;
        let mut results = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            results.push(read(item).map_err(|error| at_index(error, index).in_path(key))?);
        }
        Ok(results)
    }

    /// The strings of a key's array; none where the key is absent.
    ///
    /// # Errors
    /// [`ErrorKind::JsonType`] for another type, of the value or an element.
    pub fn texts(self, key: &str) -> Result<Vec<&'j str>, Error> {
        self.each(key, Json::as_text)
    }
}

/// The error for a key that must be there.
#[cold]
fn missing(key: &str) -> Error {
    Error::with_message(ErrorKind::JsonMissing, format!("key `{key}` is missing"))
}

/// The error, placed at an element.
#[cold]
pub(crate) fn at_index(error: Error, index: usize) -> Error {
    error.in_path(&format!("[{index}]"))
}

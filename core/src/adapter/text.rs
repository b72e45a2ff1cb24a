//! Texts of a document that a session keeps, bounded before they are: nothing else about a text that ECS leaves open, such
//! as the version of an agent, says how long it may be.

use alloc::format;

use crate::error::{Error, ErrorKind};
use crate::json::Json;
use crate::limits::NAME_BYTES_MAX;

/// The text of a value, unless it is too long to be kept.
pub(crate) fn kept<'j>(value: &'j Json<'_>) -> Result<&'j str, Error> {
    bounded(value.as_text()?)
}

/// The text, unless it is too long to be kept.
pub(super) fn bounded(text: &str) -> Result<&str, Error> {
    if text.len() <= NAME_BYTES_MAX {
        return Ok(text);
    }
    let message = format!("text has {} bytes, more than {NAME_BYTES_MAX}", text.len());
    Err(Error::with_message(ErrorKind::LimitExceeded, message))
}

/// The name that a value is: a text that can be kept and is not empty.
pub(super) fn name<'j>(value: &'j Json<'_>) -> Result<&'j str, Error> {
    match kept(value)? {
        "" => Err(Error::with_message(ErrorKind::InvalidParameter, "text is empty")),
        name => Ok(name),
    }
}

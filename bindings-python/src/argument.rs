//! One argument of a call → a value, or an error that names the argument: a wrong Python type is a `TypeError`, what is of the
//! right type and cannot be is malformed input.

use placewright::json::Json;
use placewright::{Error, ErrorKind};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyMapping, PyString};

use crate::convert;
use crate::error;
use crate::iterate;

/// Most characters of a value that a message repeats.
const CHARACTERS_SHOWN: usize = 80;

/// Most milliseconds that work may be given: some thirty years.
const MILLISECONDS_MAX: f64 = 1e12;

/// The error about one argument.
fn about(py: Python<'_>, kind: ErrorKind, name: &str, message: String) -> PyErr {
    error::plain(py, &Error::with_message(kind, message).in_path(name))
}

/// The error for a value of another type.
fn wrong(name: &str, what: &str, value: &Bound<'_, PyAny>) -> PyErr {
    match value.get_type().name() {
        Ok(kind) => PyTypeError::new_err(format!("{name} is {what}, not `{kind}`")),
        Err(fault) => fault,
    }
}

/// A text.
pub(crate) fn text(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    let Ok(text) = value.cast::<PyString>() else { return Err(wrong(name, "a str", value)) };
    convert::read_text(text, name)
}

/// A text, where there is one.
pub(crate) fn optional_text(name: &str, value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<String>> {
    value.map(|value| text(name, value)).transpose()
}

/// A whole number from `least` to `most`; booleans and floats are none.
pub(crate) fn number<T: TryFrom<i64> + PartialOrd + std::fmt::Display>(
    name: &str,
    value: &Bound<'_, PyAny>,
    (least, most): (T, T),
) -> PyResult<T> {
    let is_number =
        !value.is_instance_of::<PyBool>() && (value.is_instance_of::<PyInt>() || value.hasattr("__index__")?);
    if !is_number {
        return Err(wrong(name, "a whole number", value));
    }
    let whole = if value.is_instance_of::<PyInt>() { value.clone() } else { value.call_method0("__index__")? };
    let fitting = whole.extract::<i64>().ok().and_then(|number| T::try_from(number).ok());
    fitting.filter(|number| (&least..=&most).contains(&number)).ok_or_else(|| {
        // The text of a number of thousands of digits is refused by the interpreter.
        let shown = whole.str().map_or_else(|_| "a number".to_string(), |text| text.to_string_lossy().into_owned());
        let shown: String = shown.chars().take(CHARACTERS_SHOWN).collect();
        let message = format!("{name} is {shown}, not from {least} to {most}");
        about(value.py(), ErrorKind::InvalidAmount, name, message)
    })
}

/// An amount of a resource.
pub(crate) fn amount(name: &str, value: &Bound<'_, PyAny>) -> PyResult<i64> {
    number(name, value, (0, placewright::limits::AMOUNT_MAX.into()))
}

/// A time in seconds as whole milliseconds, rounded up.
pub(crate) fn milliseconds(name: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    let is_number = value.hasattr("__float__")? || value.hasattr("__index__")?;
    if value.is_instance_of::<PyBool>() || value.is_instance_of::<PyString>() || !is_number {
        return Err(wrong(name, "a number of seconds", value));
    }
    let seconds = value.extract::<f64>()?;
    let milliseconds = (seconds * 1000.0).ceil();
    if !(0.0..=MILLISECONDS_MAX).contains(&milliseconds) {
        let message = format!("{name} is {seconds}, not from 0 to {}", MILLISECONDS_MAX / 1000.0);
        return Err(about(value.py(), ErrorKind::InvalidAmount, name, message));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number within bounds")]
    Ok(milliseconds as u64)
}

/// A seed; one that is told of here has its own name, and not the one it has in a document.
pub(crate) fn seed(seed: &Bound<'_, PyAny>) -> PyResult<Json<'static>> {
    match convert::to_json(seed)? {
        Json::Integer(number) if number < 0 => {
            let message = format!("seed is {number}, not from 0 to {}", u64::MAX);
            Err(about(seed.py(), ErrorKind::InvalidParameter, "seed", message))
        }
        json => Ok(json),
    }
}

/// A list, none for `None`; `one` reads an element, whose name it is given.
pub(crate) fn list<T>(
    name: &str,
    values: Option<&Bound<'_, PyAny>>,
    one: impl Fn(&str, &Bound<'_, PyAny>) -> PyResult<T>,
) -> PyResult<Option<Vec<T>>> {
    let Some(values) = values else { return Ok(None) };
    if values.is_instance_of::<PyString>() || !values.hasattr("__iter__")? {
        return Err(wrong(name, "a list", values));
    }
    iterate::gather(values, |at, value| one(&format!("{name}[{at}]"), &value)).map(Some)
}

/// Amounts by name; none for `None`.
pub(crate) fn amounts(name: &str, values: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<(String, i64)>> {
    let Some(values) = values else { return Ok(Vec::new()) };
    let Ok(mapping) = values.cast::<PyMapping>() else { return Err(wrong(name, "a mapping", values)) };
    let mut read = Vec::new();
    for (key, value) in iterate::entries(mapping)? {
        let key = text(name, &key)?;
        let value = amount(&format!("{name}.{key}"), &value)?;
        read.push((key, value));
    }
    Ok(read)
}

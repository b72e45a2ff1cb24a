//! Going through what a caller gives, which may have no end, or lie about its length: signals are looked at on the way, and what
//! it is copied to is bounded.

use placewright::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString};

use crate::error;

/// Most bytes that one argument is copied to: enough for any cluster, and few enough to fit memory.
const BYTES_MAX: usize = 1 << 30;
/// Bytes that a value takes beside its text, about.
const VALUE_BYTES: usize = 32;
/// Values that are read between two looks at signals.
const VALUES_BETWEEN_SIGNALS: usize = 1 << 16;
/// Bytes that are copied between two looks at signals: a few milliseconds.
const BYTES_BETWEEN_SIGNALS: usize = 1 << 24;

/// What was read so far.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    /// Bytes, about.
    bytes: usize,
    /// Values since signals were looked at.
    values: usize,
    /// Bytes since signals were looked at.
    unheard: usize,
}

/// Why there is no more to read.
pub(crate) enum Stop {
    /// It is too much.
    Full(Error),
    /// What a signal raised.
    Signal(PyErr),
}

impl Stop {
    /// The exception.
    pub(crate) fn into_error(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Full(error) => error::plain(py, &error),
            Self::Signal(error) => error,
        }
    }
}

impl Budget {
    /// Counts a value with so many bytes of text, before it is copied.
    pub(crate) fn take(&mut self, py: Python<'_>, text: usize) -> Result<(), Stop> {
        // A text has a place of its own.
        let bytes = text.saturating_add(if text > 0 { 2 * VALUE_BYTES } else { VALUE_BYTES });
        self.bytes = self.bytes.saturating_add(bytes);
        self.unheard = self.unheard.saturating_add(bytes);
        self.values += 1;
        if self.bytes > BYTES_MAX {
            let message = format!("an argument has at most {} MiB of values", BYTES_MAX >> 20);
            let error = Error::with_message(ErrorKind::LimitExceeded, message);
            return Err(Stop::Full(error.with_help("does the iterable have an end?")));
        }
        if self.values >= VALUES_BETWEEN_SIGNALS || self.unheard >= BYTES_BETWEEN_SIGNALS {
            (self.values, self.unheard) = (0, 0);
            // An iterator that runs no Python code lets no other thread run either.
            py.detach(|| ());
            py.check_signals().map_err(Stop::Signal)?;
        }
        Ok(())
    }
}

/// Bytes of text in a value, at least.
pub(crate) fn text_bytes(value: &Bound<'_, PyAny>) -> usize {
    value.cast::<PyString>().map_or(0, |text| text.len().unwrap_or(0))
}

/// Whether a value is an array of numpy with no dimension: one value, although it has the method `__iter__`.
pub(crate) fn has_no_dimension(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    value.getattr_opt("ndim")?.map_or(Ok(false), |dimensions| dimensions.eq(0))
}

/// What `one` makes of every element; it is given the element's position.
pub(crate) fn gather<'py, T>(
    values: &Bound<'py, PyAny>,
    mut one: impl FnMut(usize, Bound<'py, PyAny>) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    let py = values.py();
    let mut budget = Budget::default();
    // Its length, where it has one, is only its word.
    let mut read = Vec::new();
    for value in values.try_iter()? {
        let value = value?;
        budget.take(py, text_bytes(&value)).map_err(|stop| stop.into_error(py))?;
        read.push(one(read.len(), value)?);
    }
    Ok(read)
}

/// A key, and what stands there.
pub(crate) type Entry<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

/// The entries of a mapping, as a list of its own: what a value runs while it is read may change the mapping.
pub(crate) fn entries<'py>(mapping: &Bound<'py, PyMapping>) -> PyResult<Vec<Entry<'py>>> {
    if let Ok(dict) = mapping.cast::<PyDict>() {
        return dict.items().iter().map(|item| item.extract()).collect();
    }
    gather(&mapping.call_method0("items")?, |_, item| item.extract())
}

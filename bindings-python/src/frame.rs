//! Columns in: instances and tasks from any data frame that speaks the Arrow PyCapsule interface, or from a dict of columns.
//!
//! Everything is read and checked as plain columns first, so that an error names the column and the row, and the cluster is
//! told of it afterwards.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};
use placewright::error::nearest;
use placewright::expr::Timestamp;
use placewright::{Error, ErrorKind};
use pyo3::basic::CompareOp;
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple, PyType};

use crate::argument;
use crate::convert::{self, Text};
use crate::error;
use crate::frame_arrow;
use crate::iterate;

/// The most columns a message lists.
pub(crate) const NAMES_SHOWN: usize = 20;

/// Rows of a column of Python's between two looks at signals: a few milliseconds.
const ROWS_BETWEEN_SIGNALS: usize = 1 << 16;
/// The most characters of a value that a message repeats.
const CHARACTERS_SHOWN: usize = 80;

/// One column as it came.
pub(crate) enum Cells<'py> {
    /// Of a data frame: its chunks.
    Arrow(DataType, Vec<ArrayRef>),
    /// Of a dict.
    Python(Vec<Bound<'py, PyAny>>),
}

/// A data frame.
pub(crate) struct Frame<'py> {
    /// The interpreter.
    py: Python<'py>,
    /// Names and columns.
    columns: Vec<(String, Cells<'py>)>,
    /// Length of the columns.
    pub(crate) rows: usize,
    /// What it is of, for the path of an error; empty where there is but one frame.
    of: &'static str,
}

/// An error about a column.
pub(crate) fn about(column: &str, kind: ErrorKind, message: String) -> Error {
    Error::with_message(kind, message).in_path(column)
}

/// The error about one value.
pub(crate) fn at(column: &str, row: usize, kind: ErrorKind, message: String) -> Error {
    about(&format!("{column}[{row}]"), kind, message)
}

/// The error for a value that is missing.
pub(crate) fn gap(column: &str, row: usize) -> Error {
    at(column, row, ErrorKind::InvalidParameter, format!("column `{column}` has no value in row {row}"))
}

/// The error for a value of another kind.
pub(crate) fn unfit(column: &str, row: usize, what: &str, value: &dyn std::fmt::Display) -> Error {
    let value: String = value.to_string().chars().take(CHARACTERS_SHOWN).collect();
    at(column, row, ErrorKind::JsonType, format!("column `{column}` holds `{value}` in row {row}, which is no {what}"))
}

/// The number that a float stands for; `None` where it is no whole one.
fn whole(number: f64) -> Option<i64> {
    // Beyond 2^53 a float no longer names one integer.
    #[expect(clippy::cast_possible_truncation, reason = "a whole number of at most 53 bits")]
    (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
}

impl<'py> Frame<'py> {
    /// Reads a data frame, or a dict of columns.
    pub(crate) fn read(frame: &Bound<'py, PyAny>) -> PyResult<Self> {
        let py = frame.py();
        if frame.hasattr("__arrow_c_stream__")? || frame.hasattr("__arrow_c_array__")? {
            let (columns, rows) = frame_arrow::read(frame)?;
            return Ok(Self { py, columns, rows, of: "" });
        }
        let Ok(mapping) = frame.cast::<PyMapping>() else {
            let kind = frame.get_type();
            let message = format!(
                "a frame is a dict of columns, or has the method `__arrow_c_stream__`, as those of polars, pandas, pyarrow and \
                 duckdb; `{}` is neither",
                kind.name()?
            );
            return Err(PyTypeError::new_err(message));
        };
        let mut columns: Vec<(String, Cells<'py>)> = Vec::new();
        let mut rows = None;
        for (name, values) in iterate::entries(mapping)? {
            let name = argument::text("name of a column", &name)?;
            let is_one = values.is_instance_of::<PyString>() || iterate::has_no_dimension(&values)?;
            if is_one || !values.hasattr("__iter__")? {
                return Err(PyTypeError::new_err(format!("column `{name}` is no list of values")));
            }
            // Arrays of numpy and of pandas give their values as Python's own much faster by this.
            let values = if values.hasattr("tolist")? { values.call_method0("tolist")? } else { values };
            let values = iterate::gather(&values, |_, value| Ok(value))?;
            let expected = *rows.get_or_insert(values.len());
            if values.len() != expected {
                let message = format!("column `{name}` has {} rows, those before it {expected}", values.len());
                return Err(error::plain(py, &about(&name, ErrorKind::InvalidParameter, message)));
            }
            columns.push((name, Cells::Python(values)));
        }
        Ok(Self { py, columns, rows: rows.unwrap_or(0), of: "" })
    }

    /// As [`read`](Self::read), a frame that is one of several; `of` says which.
    pub(crate) fn read_as(frame: &Bound<'py, PyAny>, of: &'static str) -> PyResult<Self> {
        Ok(Self { of, ..Self::read(frame)? })
    }

    /// Names of the columns.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// Raises an error of the core.
    pub(crate) fn raise(&self, fault: &Error) -> PyErr {
        if self.of.is_empty() {
            return error::plain(self.py, fault);
        }
        error::plain(self.py, &fault.clone().in_path(self.of))
    }

    /// Whether there is a column.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// A column whose values can be read.
    pub(crate) fn cells(&self, name: &str) -> PyResult<&Cells<'py>> {
        let cells = self.find(name)?;
        if let Cells::Arrow(_, chunks) = cells {
            frame_arrow::validate(name, chunks).map_err(|fault| self.raise(&fault))?;
        }
        Ok(cells)
    }

    /// A column.
    pub(crate) fn find(&self, name: &str) -> PyResult<&Cells<'py>> {
        // A column takes milliseconds, and there may be many.
        self.py.check_signals()?;
        let mut found = self.columns.iter().filter(|(known, _)| known == name);
        match (found.next(), found.next()) {
            (Some((_, cells)), None) => Ok(cells),
            (Some(_), Some(_)) => {
                let message = format!("the frame has several columns `{name}`");
                Err(self.raise(&about(name, ErrorKind::InvalidParameter, message)))
            }
            (None, _) => {
                let message = format!("the frame has no column `{name}`");
                let fault = Error::with_message(ErrorKind::InvalidParameter, message);
                let help = match nearest(name, self.names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => self.names_shown(),
                };
                Err(self.raise(&fault.with_help(help)))
            }
        }
    }

    /// The names of the columns, as a help lists them.
    fn names_shown(&self) -> String {
        let names: Vec<_> = self.names().take(NAMES_SHOWN).map(|name| format!("`{name}`")).collect();
        format!("it has {}", names.join(", "))
    }

    /// The error for a frame that has none of the columns which may hold what is needed.
    pub(crate) fn lacks(&self, usual: &[&str]) -> PyErr {
        let usual: Vec<_> = usual.iter().map(|name| format!("`{name}`")).collect();
        let message = format!("the frame has no column {}", usual.join(" or "));
        self.raise(&Error::with_message(ErrorKind::InvalidParameter, message).with_help(self.names_shown()))
    }

    /// A column of text.
    pub(crate) fn texts(&self, name: &str) -> PyResult<Vec<Option<String>>> {
        match self.cells(name)? {
            Cells::Arrow(kind, chunks) => {
                let chunks: Option<Vec<_>> = chunks.iter().map(|chunk| unpacked(chunk, text_of)).collect();
                chunks.map(|chunks| chunks.concat()).ok_or_else(|| self.wrong(name, kind, "text"))
            }
            Cells::Python(values) => self.each(values, |row, value| match Text::of(value) {
                Ok(Some(Text::Str(text))) => Ok(text.to_string()),
                Err(fault) if !fault.is_instance_of::<PyValueError>(self.py) => Err(fault),
                _ => Err(self.raise(&unfit(name, row, "text", value))),
            }),
        }
    }

    /// A column of integers.
    pub(crate) fn integers(&self, name: &str) -> PyResult<Vec<Option<i64>>> {
        match self.cells(name)? {
            Cells::Arrow(kind, chunks) => {
                let chunks: Option<Vec<_>> = chunks.iter().map(|chunk| unpacked(chunk, integers_of)).collect();
                let numbers = chunks.ok_or_else(|| self.wrong(name, kind, "integers"))?.into_iter().flatten();
                let number = |(row, number): (usize, Option<Whole>)| match number {
                    Some(Err(shown)) => Err(self.raise(&unfit(name, row, "integer", &shown))),
                    Some(Ok(number)) => Ok(Some(number)),
                    None => Ok(None),
                };
                numbers.enumerate().map(number).collect()
            }
            Cells::Python(values) => self.each(values, |row, value| {
                let number = if value.is_instance_of::<PyBool>() {
                    None
                } else if let Ok(number) = value.cast::<PyFloat>() {
                    whole(number.value())
                } else if value.is_instance_of::<PyInt>() || value.hasattr("__index__")? {
                    self.fitting(value.extract::<i64>())?
                } else {
                    None
                };
                number.ok_or_else(|| self.raise(&unfit(name, row, "integer", value)))
            }),
        }
    }

    /// A column of booleans.
    pub(crate) fn booleans(&self, name: &str) -> PyResult<Vec<Option<bool>>> {
        match self.cells(name)? {
            Cells::Arrow(DataType::Boolean, chunks) => {
                Ok(chunks.iter().flat_map(|chunk| chunk.as_boolean().iter()).collect())
            }
            Cells::Arrow(kind, _) => Err(self.wrong(name, kind, "booleans")),
            Cells::Python(values) => self.each(values, |row, value| match value.cast::<PyBool>() {
                Ok(boolean) => Ok(boolean.is_true()),
                Err(_) => Err(self.raise(&unfit(name, row, "boolean", value))),
            }),
        }
    }

    /// A column of instants: as such, as text of ISO 8601, or as nanoseconds after 1970. Those without a zone are of UTC.
    pub(crate) fn instants(&self, name: &str) -> PyResult<Vec<Option<Timestamp>>> {
        let of_text = |row: usize, text: &str| {
            Timestamp::parse(text).ok_or_else(|| self.raise(&unfit(name, row, "time of ISO 8601", &text)))
        };
        let of_number = |number: i64| Timestamp::from_nanoseconds(number.into());
        match self.cells(name)? {
            Cells::Arrow(kind @ DataType::Timestamp(..), chunks) => {
                let chunks: Option<Vec<_>> = chunks.iter().map(instants_of).collect();
                chunks.map(|chunks| chunks.concat()).ok_or_else(|| self.wrong(name, kind, "instants"))
            }
            Cells::Arrow(kind, _) if is_text(kind) => {
                let texts = self.texts(name)?.into_iter().enumerate();
                texts.map(|(row, text)| text.map(|text| of_text(row, &text)).transpose()).collect()
            }
            Cells::Arrow(..) => Ok(self.integers(name)?.into_iter().map(|number| number.map(of_number)).collect()),
            Cells::Python(values) => self.each(values, |row, value| {
                if let Ok(number) = value.cast::<PyInt>() {
                    let number = self.fitting(number.extract::<i64>())?;
                    return number.map(of_number).ok_or_else(|| self.raise(&unfit(name, row, "time", value)));
                }
                let text = match value.getattr_opt("isoformat")? {
                    Some(method) => method.call0()?,
                    None => value.clone(),
                };
                match text.cast::<PyString>() {
                    Ok(text) => of_text(row, &text.extract::<String>()?),
                    Err(_) => Err(self.raise(&unfit(name, row, "time", value))),
                }
            }),
        }
    }

    /// A column of lists of integers.
    pub(crate) fn lists(&self, name: &str) -> PyResult<Vec<Option<Vec<i64>>>> {
        let whole = |row: usize, numbers: Vec<Option<Whole>>| {
            let number = |number: Option<Whole>| match number {
                Some(Ok(number)) => Ok(number),
                Some(Err(shown)) => Err(self.raise(&unfit(name, row, "list of integers", &shown))),
                None => Err(self.raise(&unfit(name, row, "list of integers", &"a gap"))),
            };
            numbers.into_iter().map(number).collect::<PyResult<Vec<_>>>()
        };
        match self.cells(name)? {
            Cells::Arrow(kind, chunks) => {
                let chunks: Option<Vec<_>> = chunks.iter().map(lists_of).collect();
                let lists = chunks.ok_or_else(|| self.wrong(name, kind, "lists of integers"))?.into_iter().flatten();
                lists.enumerate().map(|(row, list)| list.map(|list| whole(row, list)).transpose()).collect()
            }
            Cells::Python(values) => self.each(values, |row, value| {
                if !value.is_instance_of::<PyList>() && !value.is_instance_of::<PyTuple>() {
                    return Err(self.raise(&unfit(name, row, "list of integers", value)));
                }
                let numbers = self.fitting(value.extract::<Vec<i64>>())?;
                numbers.ok_or_else(|| self.raise(&unfit(name, row, "list of integers", value)))
            }),
        }
    }

    /// What Python made of a value; `None` where the value is not of the kind or does not fit, any other exception where that
    /// comes from code of its own.
    pub(crate) fn fitting<T>(&self, read: PyResult<T>) -> PyResult<Option<T>> {
        let is_of_value = |fault: &PyErr| {
            let is = |kind: Bound<'_, PyType>| fault.get_type(self.py).is(&kind);
            is(self.py.get_type::<PyOverflowError>()) || is(self.py.get_type::<PyTypeError>())
        };
        match read {
            Ok(read) => Ok(Some(read)),
            Err(fault) if is_of_value(&fault) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The values of a column of a dict, without gaps.
    pub(crate) fn each<T>(
        &self,
        values: &[Bound<'py, PyAny>],
        mut read: impl FnMut(usize, &Bound<'py, PyAny>) -> PyResult<T>,
    ) -> PyResult<Vec<Option<T>>> {
        let one = |(row, value)| {
            if row % ROWS_BETWEEN_SIGNALS == ROWS_BETWEEN_SIGNALS - 1 {
                self.py.check_signals()?;
            }
            if is_gap(value)? { Ok(None) } else { read(row, value).map(Some) }
        };
        values.iter().enumerate().map(one).collect()
    }

    /// Whether a column is text.
    pub(crate) fn is_text(&self, name: &str) -> PyResult<bool> {
        Ok(match self.columns.iter().find(|(known, _)| known == name) {
            Some((_, Cells::Arrow(kind, _))) => is_text(kind) && !kind.is_null(),
            Some((_, Cells::Python(values))) => {
                for value in values {
                    if !is_gap(value)? {
                        return Ok(value.is_instance_of::<PyString>());
                    }
                }
                false
            }
            None => false,
        })
    }

    /// The error for a column of another type.
    pub(crate) fn wrong(&self, name: &str, kind: &DataType, what: &str) -> PyErr {
        let message = format!("column `{name}` holds {kind}, not {what}");
        self.raise(&about(name, ErrorKind::JsonType, message))
    }
}

/// Whether a value of a dict's column stands for none: `None`, not-a-number of whatever kind, and what pandas and numpy have for
/// it.
pub(crate) fn is_gap(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    if value.is_none() {
        return Ok(true);
    }
    if let Ok(number) = value.cast::<PyFloat>() {
        return Ok(number.value().is_nan());
    }
    if value.is_instance_of::<PyString>() || value.is_instance_of::<PyInt>() || value.is_instance_of::<PyList>() {
        return Ok(false);
    }
    if value.get_type().name()?.to_cow()? == "NAType" {
        return Ok(true);
    }
    // Not a number, and not a time, are unequal to themselves; an array gives no yes or no, and is no gap.
    Ok(value.rich_compare(value, CompareOp::Ne)?.extract::<bool>().unwrap_or(false))
}

/// Whether values of a type are text.
fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// A number as an integer; where it is none, as a message shows it.
type Whole = Result<i64, String>;

/// The values of a chunk, whose distinct ones may stand in a dictionary; `None` where they are of another type.
fn unpacked<T: Clone>(chunk: &ArrayRef, read: fn(&dyn Array) -> Option<Vec<Option<T>>>) -> Option<Vec<Option<T>>> {
    if !matches!(chunk.data_type(), DataType::Dictionary(..)) {
        return read(chunk);
    }
    let chunk = chunk.as_any_dictionary();
    let values = read(chunk.values())?;
    if values.is_empty() {
        return Some(vec![None; chunk.len()]);
    }
    let keys = chunk.normalized_keys().into_iter().enumerate();
    Some(keys.map(|(row, key)| values.get(key).filter(|_| chunk.is_valid(row))?.clone()).collect())
}

/// Texts.
fn text_of(chunk: &dyn Array) -> Option<Vec<Option<String>>> {
    fn owned<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> Option<Vec<Option<String>>> {
        Some(texts.map(|text| text.map(str::to_string)).collect())
    }
    match chunk.data_type() {
        DataType::Utf8 => owned(chunk.as_string::<i32>().iter()),
        DataType::LargeUtf8 => owned(chunk.as_string::<i64>().iter()),
        DataType::Utf8View => owned(chunk.as_string_view().iter()),
        DataType::Null => Some(vec![None; chunk.len()]),
        _ => None,
    }
}

/// Instants.
fn instants_of(chunk: &ArrayRef) -> Option<Vec<Option<Timestamp>>> {
    fn scaled<T: ArrowPrimitiveType<Native = i64>>(chunk: &ArrayRef, nanoseconds: i128) -> Vec<Option<Timestamp>> {
        let instant = |number: i64| Timestamp::from_nanoseconds(i128::from(number) * nanoseconds);
        chunk.as_primitive::<T>().iter().map(|number| number.map(instant)).collect()
    }
    match chunk.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => Some(scaled::<TimestampSecondType>(chunk, 1_000_000_000)),
        DataType::Timestamp(TimeUnit::Millisecond, _) => Some(scaled::<TimestampMillisecondType>(chunk, 1_000_000)),
        DataType::Timestamp(TimeUnit::Microsecond, _) => Some(scaled::<TimestampMicrosecondType>(chunk, 1000)),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => Some(scaled::<TimestampNanosecondType>(chunk, 1)),
        _ => None,
    }
}

/// The integers of a list, or a gap.
type Listed = Option<Vec<Option<Whole>>>;

/// Lists of integers.
fn lists_of(chunk: &ArrayRef) -> Option<Vec<Listed>> {
    let each = |lists: &mut dyn Iterator<Item = Option<ArrayRef>>| {
        let one = |list: Option<ArrayRef>| match list {
            None => Some(None),
            Some(list) => integers_of(&list).map(Some),
        };
        lists.map(one).collect()
    };
    match chunk.data_type() {
        DataType::List(_) => each(&mut chunk.as_list::<i32>().iter()),
        DataType::LargeList(_) => each(&mut chunk.as_list::<i64>().iter()),
        DataType::Null => Some(vec![None; chunk.len()]),
        _ => None,
    }
}

/// Integers, also those that became floats, as they do in some frames where there are gaps; not-a-number is a gap.
fn integers_of(chunk: &dyn Array) -> Option<Vec<Option<Whole>>> {
    fn signed<T: ArrowPrimitiveType<Native: Copy + Into<i64>>>(chunk: &dyn Array) -> Option<Vec<Option<Whole>>> {
        Some(chunk.as_primitive::<T>().iter().map(|number| Some(Ok(number?.into()))).collect())
    }
    fn floating<T: ArrowPrimitiveType<Native: Copy + Into<f64>>>(chunk: &dyn Array) -> Option<Vec<Option<Whole>>> {
        let numbers = chunk.as_primitive::<T>().iter().map(|number| {
            let number = number?.into();
            (!number.is_nan()).then(|| whole(number).ok_or_else(|| number.to_string()))
        });
        Some(numbers.collect())
    }
    match chunk.data_type() {
        DataType::Int8 => signed::<Int8Type>(chunk),
        DataType::Int16 => signed::<Int16Type>(chunk),
        DataType::Int32 => signed::<Int32Type>(chunk),
        DataType::Int64 => signed::<Int64Type>(chunk),
        DataType::UInt8 => signed::<UInt8Type>(chunk),
        DataType::UInt16 => signed::<UInt16Type>(chunk),
        DataType::UInt32 => signed::<UInt32Type>(chunk),
        DataType::UInt64 => {
            let numbers = chunk.as_primitive::<UInt64Type>().iter();
            Some(numbers.map(|number| number.map(|one| i64::try_from(one).map_err(|_| one.to_string()))).collect())
        }
        DataType::Float32 => floating::<Float32Type>(chunk),
        DataType::Float64 => floating::<Float64Type>(chunk),
        DataType::Null => Some(vec![None; chunk.len()]),
        _ => None,
    }
}

/// Keyword arguments that name columns, taken out of all that were given.
pub(crate) struct Named<'py> {
    /// Those that are left.
    pub(crate) rest: Bound<'py, PyDict>,
}

impl<'py> Named<'py> {
    /// A list of its own of what was given.
    pub(crate) fn new(py: Python<'py>, given: Option<&Bound<'py, PyDict>>) -> PyResult<Self> {
        Ok(Self { rest: given.map_or_else(|| Ok(PyDict::new(py)), Bound::copy)? })
    }

    /// What was given under a name.
    pub(crate) fn take(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        let value = self.rest.get_item(name)?.filter(|value| !value.is_none());
        if self.rest.contains(name)? {
            self.rest.del_item(name)?;
        }
        Ok(value)
    }

    /// The column for a part: the one that is named, which must be there, or the first of the usual names that is.
    pub(crate) fn column(&self, frame: &Frame<'_>, part: &str, usual: &[&str]) -> PyResult<Option<String>> {
        match self.take(part)? {
            Some(name) => {
                let name = argument::text(part, &name)?;
                frame.find(&name)?;
                Ok(Some(name))
            }
            None => Ok(usual.iter().find(|name| frame.has(name)).map(ToString::to_string)),
        }
    }

    /// As [`column`](Self::column), for a part that must be there.
    pub(crate) fn needed(&self, frame: &Frame<'_>, part: &str, usual: &[&str]) -> PyResult<String> {
        match self.column(frame, part, usual)? {
            Some(name) => Ok(name),
            // Its own name is the first of the usual ones, so this tells what there is instead.
            None => frame.find(part).map(|_| part.to_string()),
        }
    }
}

/// Columns, and what they are called in a cluster: a mapping, or names that are the same.
pub(crate) fn pairs(value: &Bound<'_, PyAny>) -> PyResult<Vec<(String, String)>> {
    if let Ok(mapping) = value.cast::<PyMapping>() {
        return iterate::entries(mapping)?
            .into_iter()
            .map(|(key, value)| Ok((key.extract()?, value.extract()?)))
            .collect();
    }
    let other = |value: &Bound<'_, PyAny>| Err(PyTypeError::new_err(format!("{} names no column", value.repr()?)));
    let names = convert::to_names(value, Ok, other)?;
    Ok(names.into_iter().map(|name| (name.clone(), name)).collect())
}

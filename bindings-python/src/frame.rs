//! Columns in: instances and tasks from any data frame that speaks the Arrow PyCapsule interface, or from a dict of columns.
//!
//! Everything is read and checked as plain columns first, so that an error names the column and the row, and the cluster is
//! told of it afterwards.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use placewright::adapter::Session;
use placewright::error::nearest;
use placewright::json::Json;
use placewright::limits::DEVICES_MAX;
use placewright::{Error, ErrorKind, Instance, InstanceStatus};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyMapping, PyString};
use pyo3_arrow::input::AnyRecordBatch;

use crate::convert::{self, Text};
use crate::error;

/// The most columns a message lists.
const NAMES_SHOWN: usize = 20;

/// Rows between two looks at signals: a few milliseconds.
const ROWS_BETWEEN_SIGNALS: usize = 1 << 12;
/// The most characters of a value that a message repeats.
const CHARACTERS_SHOWN: usize = 80;

/// One column as it came.
enum Cells<'py> {
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
    rows: usize,
}

/// An error about a column.
fn about(column: &str, kind: ErrorKind, message: String) -> Error {
    Error::with_message(kind, message).in_path(column)
}

/// The error about one value.
fn at(column: &str, row: usize, kind: ErrorKind, message: String) -> Error {
    about(&format!("{column}[{row}]"), kind, message)
}

/// The error for a value that is missing.
fn gap(column: &str, row: usize) -> Error {
    at(column, row, ErrorKind::InvalidParameter, format!("column `{column}` has no value in row {row}"))
}

/// The error for a value of another kind.
fn unfit(column: &str, row: usize, what: &str, value: &dyn std::fmt::Display) -> Error {
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
            return Self::read_arrow(frame);
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
        for item in mapping.items()?.iter() {
            let (name, values) = item.extract::<(String, Bound<'py, PyAny>)>()?;
            if values.is_instance_of::<PyString>() || !values.hasattr("__iter__")? {
                return Err(PyTypeError::new_err(format!("column `{name}` is no list of values")));
            }
            // Arrays of numpy and of pandas give their values as Python's own much faster by this.
            let values = if values.hasattr("tolist")? { values.call_method0("tolist")? } else { values };
            let values = values.try_iter()?.collect::<PyResult<Vec<_>>>()?;
            let expected = *rows.get_or_insert(values.len());
            if values.len() != expected {
                let message = format!("column `{name}` has {} rows, those before it {expected}", values.len());
                return Err(error::plain(py, &about(&name, ErrorKind::InvalidParameter, message)));
            }
            columns.push((name, Cells::Python(values)));
        }
        Ok(Self { py, columns, rows: rows.unwrap_or(0) })
    }

    /// Reads what speaks the Arrow PyCapsule interface; the values are not copied.
    fn read_arrow(frame: &Bound<'py, PyAny>) -> PyResult<Self> {
        let read = || Ok(frame.extract::<AnyRecordBatch>()?.into_table()?.into_inner());
        let (batches, schema) = read().map_err(|fault: PyErr| {
            if !fault.is_instance_of::<PyValueError>(frame.py()) {
                return fault;
            }
            let message = format!("the frame is no table of columns: {}", fault.value(frame.py()));
            error::plain(frame.py(), &Error::with_message(ErrorKind::InvalidParameter, message))
        })?;
        let chunks = |index: usize| batches.iter().map(|batch| batch.column(index).clone()).collect();
        let column = |(index, field): (usize, &arrow_schema::FieldRef)| {
            (field.name().clone(), Cells::Arrow(field.data_type().clone(), chunks(index)))
        };
        let columns = schema.fields().iter().enumerate().map(column).collect();
        Ok(Self { py: frame.py(), columns, rows: batches.iter().map(RecordBatch::num_rows).sum() })
    }

    /// Names of the columns.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// Raises an error of the core.
    fn raise(&self, fault: &Error) -> PyErr {
        error::plain(self.py, fault)
    }

    /// Whether there is a column.
    fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// A column.
    fn cells(&self, name: &str) -> PyResult<&Cells<'py>> {
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
                    None => {
                        let names: Vec<_> = self.names().take(NAMES_SHOWN).map(|name| format!("`{name}`")).collect();
                        format!("it has {}", names.join(", "))
                    }
                };
                Err(self.raise(&fault.with_help(help)))
            }
        }
    }

    /// A column of text.
    fn texts(&self, name: &str) -> PyResult<Vec<Option<String>>> {
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
    fn integers(&self, name: &str) -> PyResult<Vec<Option<i64>>> {
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
                    value.extract::<i64>().ok()
                } else {
                    None
                };
                number.ok_or_else(|| self.raise(&unfit(name, row, "integer", value)))
            }),
        }
    }

    /// A column of booleans.
    fn booleans(&self, name: &str) -> PyResult<Vec<Option<bool>>> {
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

    /// The values of a column of a dict; `None` and not-a-number are gaps.
    fn each<T>(
        &self,
        values: &[Bound<'py, PyAny>],
        mut read: impl FnMut(usize, &Bound<'py, PyAny>) -> PyResult<T>,
    ) -> PyResult<Vec<Option<T>>> {
        let is_gap = |value: &Bound<'py, PyAny>| {
            value.is_none() || value.cast::<PyFloat>().is_ok_and(|one| one.value().is_nan())
        };
        let one = |(row, value)| if is_gap(value) { Ok(None) } else { read(row, value).map(Some) };
        values.iter().enumerate().map(one).collect()
    }

    /// Whether a column is text.
    fn is_text(&self, name: &str) -> bool {
        match self.columns.iter().find(|(known, _)| known == name) {
            Some((_, Cells::Arrow(kind, _))) => is_text(kind) && !kind.is_null(),
            Some((_, Cells::Python(values))) => {
                values.iter().find(|value| !value.is_none()).is_some_and(PyAnyMethods::is_instance_of::<PyString>)
            }
            None => false,
        }
    }

    /// The error for a column of another type.
    fn wrong(&self, name: &str, kind: &DataType, what: &str) -> PyErr {
        let message = format!("column `{name}` holds {kind}, not {what}");
        self.raise(&about(name, ErrorKind::JsonType, message))
    }
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
struct Named<'py> {
    /// Those that are left.
    rest: Bound<'py, PyDict>,
}

impl<'py> Named<'py> {
    /// A list of its own of what was given.
    fn new(py: Python<'py>, given: Option<&Bound<'py, PyDict>>) -> PyResult<Self> {
        Ok(Self { rest: given.map_or_else(|| Ok(PyDict::new(py)), Bound::copy)? })
    }

    /// What was given under a name.
    fn take(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        let value = self.rest.get_item(name)?.filter(|value| !value.is_none());
        if self.rest.contains(name)? {
            self.rest.del_item(name)?;
        }
        Ok(value)
    }

    /// The column for a part: the one that is named, which must be there, or the first of the usual names that is.
    fn column(&self, frame: &Frame<'_>, part: &str, usual: &[&str]) -> PyResult<Option<String>> {
        match self.take(part)? {
            Some(name) => {
                let name = name.extract::<String>()?;
                frame.cells(&name)?;
                Ok(Some(name))
            }
            None => Ok(usual.iter().find(|name| frame.has(name)).map(ToString::to_string)),
        }
    }

    /// As [`column`](Self::column), for a part that must be there.
    fn needed(&self, frame: &Frame<'_>, part: &str, usual: &[&str]) -> PyResult<String> {
        match self.column(frame, part, usual)? {
            Some(name) => Ok(name),
            // Its own name is the first of the usual ones, so this tells what there is instead.
            None => frame.cells(part).map(|_| part.to_string()),
        }
    }
}

/// Columns, and what they are called in a cluster: a mapping, or names that are the same.
fn pairs(value: &Bound<'_, PyAny>) -> PyResult<Vec<(String, String)>> {
    if let Ok(mapping) = value.cast::<PyMapping>() {
        return mapping.items()?.extract();
    }
    let other = |value: &Bound<'_, PyAny>| Err(PyTypeError::new_err(format!("{} names no column", value.repr()?)));
    let names = convert::to_names(value, Ok, other)?;
    Ok(names.into_iter().map(|name| (name.clone(), name)).collect())
}

/// A column that may be absent: its name, and its values.
type Part<T> = Option<(String, Vec<Option<T>>)>;

/// The value of a part in a row.
fn of<T>(part: &Part<T>, row: usize) -> Option<&T> {
    part.as_ref().and_then(|(_, values)| values.get(row)?.as_ref())
}

/// The value of a part in a row, where there must be one.
fn sure<T>(part: &(String, Vec<Option<T>>), row: usize) -> Result<&T, Error> {
    part.1.get(row).and_then(Option::as_ref).ok_or_else(|| gap(&part.0, row))
}

/// Instances, read column by column.
pub(crate) struct Instances {
    /// Number of rows.
    rows: usize,
    /// Names.
    name: (String, Vec<Option<String>>),
    /// CPU units.
    cpu: (String, Vec<Option<i64>>),
    /// MiB of memory.
    memory_mib: (String, Vec<Option<i64>>),
    /// Zones.
    zone: Part<String>,
    /// Statuses.
    status: Part<String>,
    /// Whether the agent is connected.
    agent_connected: Part<bool>,
    /// Versions of the agent.
    agent_version: Part<String>,
    /// EC2 instance ids.
    ec2_instance_id: Part<String>,
    /// Capacity providers.
    capacity_provider: Part<String>,
    /// Numbers of GPUs.
    gpus: Part<i64>,
    /// Numbers of awsvpc tasks.
    eni_task_slots: Part<i64>,
    /// Attributes: columns, names, values.
    attributes: Vec<(String, String, Vec<Option<String>>)>,
    /// Custom resources: columns, names, amounts.
    custom: Vec<(String, String, Vec<Option<i64>>)>,
}

impl Instances {
    /// Reads the columns that keyword arguments name; gives those that are left.
    pub(crate) fn read<'py>(
        frame: &Bound<'py, PyAny>,
        given: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<(Self, Bound<'py, PyDict>)> {
        let (frame, named) = (Frame::read(frame)?, Named::new(frame.py(), given)?);
        let name = named.needed(&frame, "name", &["name", "id"])?;
        let cpu = named.needed(&frame, "cpu", &["cpu", "cpu_registered"])?;
        let memory_mib = named.needed(&frame, "memory_mib", &["memory_mib", "memory_mib_registered"])?;
        let mut used = vec![name.clone(), cpu.clone(), memory_mib.clone()];
        let mut part = |part: &str, usual: &[&str]| -> PyResult<Option<String>> {
            let column = named.column(&frame, part, usual)?;
            used.extend(column.clone());
            Ok(column)
        };
        let text = |column: Option<String>| -> PyResult<Part<String>> {
            column.map(|column| Ok((column.clone(), frame.texts(&column)?))).transpose()
        };
        let integer = |column: Option<String>| -> PyResult<Part<i64>> {
            column.map(|column| Ok((column.clone(), frame.integers(&column)?))).transpose()
        };
        let zone = text(part("zone", &["zone"])?)?;
        let status = text(part("status", &["status"])?)?;
        let agent_connected = part("agent_connected", &["agent_connected"])?;
        let agent_connected =
            agent_connected.map(|column| PyResult::Ok((column.clone(), frame.booleans(&column)?))).transpose()?;
        let agent_version = text(part("agent_version", &["agent_version"])?)?;
        let ec2_instance_id = text(part("ec2_instance_id", &["ec2_instance_id"])?)?;
        let capacity_provider = text(part("capacity_provider", &["capacity_provider"])?)?;
        let gpus = integer(part("gpus", &["gpus", "gpus_registered"])?)?;
        let eni_task_slots = integer(part("eni_task_slots", &["eni_task_slots", "eni_task_slots_registered"])?)?;
        let mut custom = Vec::new();
        for (column, resource) in named.take("custom")?.map_or(Ok(Vec::new()), |value| pairs(&value))? {
            let amounts = frame.integers(&column)?;
            used.push(column.clone());
            custom.push((column, resource, amounts));
        }
        let wanted = match named.take("attributes")? {
            None => Vec::new(),
            Some(value) => match value.cast::<PyBool>() {
                Ok(all) if all.is_true() => {
                    let further = frame.names().filter(|name| !used.iter().any(|used| used == name));
                    further
                        .filter(|name| frame.is_text(name))
                        .map(|name| (name.to_string(), name.to_string()))
                        .collect()
                }
                Ok(_) => Vec::new(),
                Err(_) => pairs(&value)?,
            },
        };
        let mut attributes = Vec::new();
        for (column, name) in wanted {
            let values = frame.texts(&column)?;
            attributes.push((column, name, values));
        }
        let read = Self {
            rows: frame.rows,
            name: (name.clone(), frame.texts(&name)?),
            cpu: (cpu.clone(), frame.integers(&cpu)?),
            memory_mib: (memory_mib.clone(), frame.integers(&memory_mib)?),
            zone,
            status,
            agent_connected,
            agent_version,
            ec2_instance_id,
            capacity_provider,
            gpus,
            eni_task_slots,
            attributes,
            custom,
        };
        Ok((read, named.rest))
    }

    /// A cluster that has them, and their custom resources declared.
    pub(crate) fn load(&self, session: &mut Session, stopped_by: &mut Option<PyErr>) -> Result<(), Error> {
        for (_, resource, _) in &self.custom {
            session.declare_resource(resource)?;
        }
        self.register_each(session, stopped_by)
    }

    /// Registers all of them, or none.
    pub(crate) fn register_all(&self, session: &mut Session, stopped_by: &mut Option<PyErr>) -> Result<(), Error> {
        let savepoint = session.begin();
        match self.register_each(session, stopped_by) {
            Ok(()) => session.commit(savepoint),
            Err(fault) => session.rollback(savepoint).and(Err(fault)),
        }
    }

    /// Registers one after another, and looks at signals from time to time; what one raised is left in `stopped_by`.
    fn register_each(&self, session: &mut Session, stopped_by: &mut Option<PyErr>) -> Result<(), Error> {
        for row in 0..self.rows {
            if row % ROWS_BETWEEN_SIGNALS == ROWS_BETWEEN_SIGNALS - 1 {
                *stopped_by = Python::attach(|py| py.check_signals().err());
                if stopped_by.is_some() {
                    return Err(Error::with_message(ErrorKind::InvalidParameter, "the work was stopped"));
                }
            }
            self.register(session, row)?;
        }
        Ok(())
    }

    /// Registers one of them.
    fn register(&self, session: &mut Session, row: usize) -> Result<(), Error> {
        let mut devices = Vec::new();
        if let (Some(&gpus), Some((column, _))) = (of(&self.gpus, row), &self.gpus) {
            match usize::try_from(gpus) {
                Ok(gpus) if gpus <= DEVICES_MAX => devices.extend((0..gpus).map(|number| format!("gpu-{number}"))),
                _ => return Err(unfit(column, row, &format!("number of GPUs from 0 to {DEVICES_MAX}"), &gpus)),
            }
        }
        let mut instance = Instance::new(sure(&self.name, row)?)
            .with_resources(*sure(&self.cpu, row)?, *sure(&self.memory_mib, row)?)
            .with_gpus(devices.iter().map(String::as_str));
        if let (Some(status), Some((column, _))) = (of(&self.status, row), &self.status) {
            let known = InstanceStatus::from_ecs(status).ok_or_else(|| unfit(column, row, "status", status))?;
            instance = instance.with_status(known);
        }
        if let (Some(&slots), Some((column, _))) = (of(&self.eni_task_slots, row), &self.eni_task_slots) {
            let slots =
                u32::try_from(slots).map_err(|_| unfit(column, row, "number of task network interfaces", &slots))?;
            instance.eni_task_slots = Some(slots);
        }
        instance.agent_connected = of(&self.agent_connected, row).copied().unwrap_or(true);
        instance.agent_version = of(&self.agent_version, row).map(String::as_str);
        instance.ec2_instance_id = of(&self.ec2_instance_id, row).map(String::as_str);
        instance.capacity_provider = of(&self.capacity_provider, row).map(String::as_str);
        // The column each attribute came from, in the order of the attributes.
        let mut columns: Vec<&str> = Vec::with_capacity(self.attributes.len() + 1);
        for (column, name, values) in &self.attributes {
            if let Some(Some(value)) = values.get(row) {
                instance.attributes.push((name, Some(value.as_str()).filter(|value| !value.is_empty())));
                columns.push(column);
            }
        }
        if let (Some(zone), Some((column, _))) = (of(&self.zone, row), &self.zone) {
            instance = instance.with_zone(zone);
            columns.push(column);
        }
        for (_, resource, amounts) in &self.custom {
            if let Some(&Some(amount)) = amounts.get(row) {
                instance = instance.with_custom(resource, amount);
            }
        }
        session.register(&instance).map(drop).map_err(|fault| self.located(&fault, row, &columns))
    }

    /// An error of the core at the column and the row that it is about.
    fn located(&self, fault: &Error, row: usize, columns: &[&str]) -> Error {
        let path = fault.path().unwrap_or_default();
        let attribute =
            path.strip_prefix("attributes[").and_then(|rest| rest.trim_end_matches(']').parse::<usize>().ok());
        let column = if path.starts_with("CPU") {
            Some(self.cpu.0.as_str())
        } else if path.starts_with("MEMORY") {
            Some(self.memory_mib.0.as_str())
        } else if let Some(number) = attribute {
            columns.get(number).copied()
        } else if fault.kind() == ErrorKind::DuplicateInstance || fault.message().starts_with("container instance id") {
            Some(self.name.0.as_str())
        } else {
            None
        };
        let again = match column {
            Some(column) => at(column, row, fault.kind(), fault.message().to_string()),
            None => Error::with_message(fault.kind(), fault.message()).in_path(&format!("[{row}]")),
        };
        fault.help().map_or(again.clone(), |help| again.with_help(help))
    }
}

/// Tasks that already run, as the document that describes them; and for each of its keys the column it came from.
pub(crate) struct Tasks {
    /// `{"tasks": […]}`.
    pub(crate) document: Json<'static>,
    /// Keys and columns.
    columns: Vec<(&'static str, String)>,
}

impl Tasks {
    /// Reads the columns that keyword arguments name.
    pub(crate) fn read<'py>(frame: &Bound<'py, PyAny>, given: Option<&Bound<'py, PyDict>>) -> PyResult<Self> {
        let (frame, named) = (Frame::read(frame)?, Named::new(frame.py(), given)?);
        let mut tasks: Vec<Vec<(&'static str, Json<'static>)>> = vec![Vec::new(); frame.rows];
        let mut columns = Vec::new();
        let mut fill = |key, column: Option<String>, values: Vec<Option<Json<'static>>>| {
            for (task, value) in tasks.iter_mut().zip(values) {
                task.extend(value.map(|value| (key, value)));
            }
            columns.extend(column.map(|column| (key, column)));
        };
        let texts = |column: &str| -> PyResult<Vec<Option<Json<'static>>>> {
            Ok(frame.texts(column)?.into_iter().map(|text| Some(Json::from(text?))).collect())
        };
        for (key, part, usual) in
            [("taskArn", "id", ["id", "name"]), ("containerInstanceArn", "instance", ["instance", "instance"])]
        {
            let column = named.needed(&frame, part, &usual)?;
            let values = texts(&column)?;
            if let Some(row) = values.iter().position(Option::is_none) {
                return Err(frame.raise(&gap(&column, row)));
            }
            fill(key, Some(column), values);
        }
        for (key, part) in [("taskDefinitionArn", "definition"), ("group", "group")] {
            if let Some(column) = named.column(&frame, part, &[part])? {
                let values = texts(&column)?;
                fill(key, Some(column), values);
            }
        }
        for (key, part) in [("cpu", "cpu"), ("memory", "memory_mib")] {
            if let Some(column) = named.column(&frame, part, &[part])? {
                let amounts = frame.integers(&column)?;
                // DescribeTasks writes amounts as text.
                let values = amounts.into_iter().map(|amount| Some(Json::from(amount?.to_string()))).collect();
                fill(key, Some(column), values);
            }
        }
        if let Some(column) = named.column(&frame, "is_protected", &["is_protected"])? {
            let values = frame.booleans(&column)?.into_iter().map(|value| value.map(Json::from)).collect();
            fill("protectionEnabled", Some(column), values);
        }
        if let Some(column) = named.column(&frame, "is_healthy", &["is_healthy"])? {
            let health = |value| Json::from(if value { "HEALTHY" } else { "UNHEALTHY" });
            let values = frame.booleans(&column)?.into_iter().map(|value| value.map(health)).collect();
            fill("healthStatus", Some(column), values);
        }
        if let Some(name) = named.rest.keys().iter().next() {
            return Err(PyTypeError::new_err(format!("unexpected keyword argument `{name}`")));
        }
        let document = Json::object([("tasks", Json::array(tasks.into_iter().map(Json::object)))]);
        Ok(Self { document: document.into_owned(), columns })
    }

    /// An error about the document, as one about the frame.
    pub(crate) fn located(&self, fault: &Error) -> Error {
        let place = || {
            let (row, key) = fault.path()?.strip_prefix("tasks[")?.split_once(']')?;
            let key = key.trim_start_matches('.');
            let column = self.columns.iter().find(|(known, _)| *known == key).map_or("", |(_, column)| column);
            Some(format!("{column}[{row}]"))
        };
        let again = Error::with_message(fault.kind(), fault.message());
        let again = place().map_or(again.clone(), |place| again.in_path(&place));
        fault.help().map_or(again.clone(), |help| again.with_help(help))
    }
}

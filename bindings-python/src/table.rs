//! The class `Table`: columns of equal length, handed to data frames through the Arrow PyCapsule interface.
//!
//! A table is a value: it holds no cluster and no lock, and what reads it shares its memory. To pickle one, it is taken apart into
//! lists.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int32Type, Int64Type, TimestampNanosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchIterator};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use numpy::{PyArray1, PyArrayMethods};
use placewright::error::nearest;
use placewright::{Error, ErrorKind};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList, PyString};
use pyo3_arrow::ffi::to_schema_pycapsule;

use crate::argument;
use crate::arrays;
use crate::columns;
use crate::error;
use crate::handle::Memo;

/// What an instant is called in a schema.
pub(crate) const INSTANT: fn() -> DataType = || DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));

/// What the interface calls a stream.
const STREAM: &std::ffi::CStr = c"arrow_array_stream";

#[doc = stub!(Table)]
#[pyclass(frozen, module = "placewright")]
#[derive(Debug, Clone)]
pub(crate) struct Table(RecordBatch);

impl Table {
    /// A table of named columns.
    pub(crate) fn new(columns: Vec<(String, ArrayRef)>) -> Result<Self, Error> {
        let field = |(name, column): &(String, ArrayRef)| Field::new(name, column.data_type().clone(), true);
        let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
        let columns = columns.into_iter().map(|(_, column)| column).collect();
        // Columns are made row by row, so a difference is a bug of ours, which is better told than hidden.
        let batch = RecordBatch::try_new(Arc::new(schema), columns);
        batch.map(Self).map_err(|fault| Error::with_message(ErrorKind::InvalidParameter, fault.to_string()))
    }

    /// The column of a name.
    fn find(&self, py: Python<'_>, name: &str) -> PyResult<&ArrayRef> {
        self.0.column_by_name(name).ok_or_else(|| {
            let schema = self.0.schema();
            let near = nearest(name, schema.fields().iter().map(|field| field.name().as_str()));
            error::no_column(py, name, near)
        })
    }
}

/// The memory of a column as numpy reads it: without a copy, and without a way to write to it.
#[pyclass(frozen)]
struct Memory {
    /// The column, which keeps the memory.
    _column: ArrayRef,
    /// Where it begins.
    address: usize,
    /// Number of values, of eight bytes each.
    length: usize,
    /// What a value is, in numpy's words.
    kind: &'static str,
}

#[pymethods]
impl Memory {
    /// Numpy's description of an array; the flag beside the address says that it is not written to.
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let order = if cfg!(target_endian = "big") { '>' } else { '<' };
        let interface = PyDict::new(py);
        interface.set_item("version", 3)?;
        interface.set_item("shape", (self.length,))?;
        interface.set_item("typestr", format!("{order}{}", self.kind))?;
        interface.set_item("data", (self.address, true))?;
        Ok(interface)
    }
}

/// An array over the memory of a column, which begins at an address and has so many values.
fn viewed<'py>(
    py: Python<'py>,
    column: &ArrayRef,
    (address, length): (usize, usize),
    kind: &'static str,
) -> PyResult<Bound<'py, PyAny>> {
    let memory = Memory { _column: column.clone(), address, length, kind };
    arrays::ready(py)?.call_method1("asarray", (memory,))
}

/// An array made for the caller, that nobody writes to, so that all of them are alike.
fn kept<T: numpy::Element>(array: &Bound<'_, PyArray1<T>>) {
    drop(array.readwrite().make_nonwriteable());
}

#[pymethods]
impl Table {
    #[doc = stub!(Table.__arrow_c_schema__)]
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Ok(to_schema_pycapsule(py, self.0.schema().as_ref())?)
    }

    #[doc = stub!(Table.__arrow_c_stream__)]
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // Another schema may be asked for, and the interface leaves it to us whether to follow: we do not, as casting between all of
        // Arrow's types would double the size of the library.
        let _ = requested_schema;
        let reader = RecordBatchIterator::new([Ok(self.0.clone())], self.0.schema());
        PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(reader)), STREAM)
    }

    #[doc = stub!(Table.column_names)]
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.0.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    #[doc = stub!(Table.column)]
    #[pyo3(signature = (name, /))]
    fn column<'py>(slf: &Bound<'py, Self>, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let name = argument::text("name", name)?;
        to_column(slf.py(), slf.get().find(slf.py(), &name)?)
    }

    #[doc = stub!(Table.head)]
    #[pyo3(signature = (rows=5, /))]
    fn head(&self, rows: usize) -> Self {
        Self(self.0.slice(0, rows.min(self.0.num_rows())))
    }

    #[doc = stub!(Table.to_dict)]
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let columns = PyDict::new(py);
        for (field, column) in self.0.schema().fields().iter().zip(self.0.columns()) {
            columns.set_item(field.name(), to_list(py, column)?)?;
        }
        Ok(columns)
    }

    fn __copy__<'py>(slf: &Bound<'py, Self>) -> Bound<'py, Self> {
        slf.clone()
    }

    fn __deepcopy__<'py>(slf: &Bound<'py, Self>, _memo: &Memo<'py>) -> Bound<'py, Self> {
        slf.clone()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let parts = PyList::empty(py);
        for (field, column) in self.0.schema().fields().iter().zip(self.0.columns()) {
            let kind = Kind::of(column.data_type()).ok_or_else(|| unforeseen(column.data_type()))?;
            parts.append((field.name(), kind.name(), to_list(py, column)?))?;
        }
        Ok((py.import("placewright._native")?.getattr("_table")?, (parts,)))
    }

    fn __len__(&self) -> usize {
        self.0.num_rows()
    }

    fn __repr__(&self) -> String {
        format!("<Table: {} rows of {}>", self.0.num_rows(), self.column_names().join(", "))
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("placewright._html")?.call_method1("table", (slf,))
    }
}

/// What makes a table anew, for `pickle`: a function, and for each column its name, its kind and its values.
type Reduced<'py> = (Bound<'py, PyAny>, (Bound<'py, PyList>,));

/// Makes a table of columns: what `pickle` keeps.
#[pyfunction]
#[pyo3(name = "_table")]
#[expect(clippy::needless_pass_by_value, reason = "made of a list of Python's")]
pub(crate) fn table(py: Python<'_>, parts: Vec<(String, String, Bound<'_, PyAny>)>) -> PyResult<Table> {
    let mut made_of = Vec::with_capacity(parts.len());
    for (name, kind, values) in &parts {
        let column = match Kind::ALL.into_iter().find(|known| known.name() == kind) {
            Some(Kind::Integers) => columns::figures(values.extract::<Vec<_>>()?.into_iter()),
            Some(Kind::Floats) => columns::decimals(values.extract::<Vec<_>>()?.into_iter()),
            Some(Kind::Booleans) => columns::booleans(values.extract::<Vec<_>>()?.into_iter()),
            Some(Kind::Instants) => columns::instants(values.extract::<Vec<_>>()?.into_iter()),
            Some(Kind::Texts) => columns::texts(values.extract::<Vec<Option<String>>>()?.into_iter()),
            Some(Kind::Words) => {
                let values = values.extract::<Vec<Option<String>>>()?;
                let column = columns::words(values.iter().map(Option::as_deref));
                column.map_err(|fault| error::plain(py, &fault))?
            }
            None => return Err(PyValueError::new_err(format!("a table has no columns of the kind `{kind}`"))),
        };
        made_of.push((name.clone(), column));
    }
    made(py, Table::new(made_of))
}

/// Kinds of columns that tables of ours have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Integers.
    Integers,
    /// Floats.
    Floats,
    /// Booleans.
    Booleans,
    /// Instants.
    Instants,
    /// Text.
    Texts,
    /// Text of few different values.
    Words,
}

impl Kind {
    /// Every kind.
    const ALL: [Self; 6] = [Self::Integers, Self::Floats, Self::Booleans, Self::Instants, Self::Texts, Self::Words];

    /// The kind of a column of a type.
    fn of(kind: &DataType) -> Option<Self> {
        match kind {
            DataType::Int64 => Some(Self::Integers),
            DataType::Float64 => Some(Self::Floats),
            DataType::Boolean => Some(Self::Booleans),
            DataType::Timestamp(..) => Some(Self::Instants),
            DataType::LargeUtf8 => Some(Self::Texts),
            DataType::Dictionary(..) => Some(Self::Words),
            _ => None,
        }
    }

    /// What it is called in what `pickle` keeps.
    const fn name(self) -> &'static str {
        match self {
            Self::Integers => "integers",
            Self::Floats => "floats",
            Self::Booleans => "booleans",
            Self::Instants => "instants",
            Self::Texts => "texts",
            Self::Words => "words",
        }
    }
}

/// The error for a type that no table of ours has.
fn unforeseen(kind: &DataType) -> PyErr {
    PyRuntimeError::new_err(format!("internal error: a column of {kind}"))
}

/// A column as numpy has it: numbers, booleans and instants as an array; text as a list.
fn to_column<'py>(py: Python<'py>, column: &ArrayRef) -> PyResult<Bound<'py, PyAny>> {
    arrays::ready(py)?;
    let is_whole = column.null_count() == 0;
    Ok(match column.data_type() {
        DataType::Int64 if is_whole => {
            let values = column.as_primitive::<Int64Type>().values();
            viewed(py, column, (values.as_ptr().expose_provenance(), values.len()), "i8")?
        }
        #[expect(clippy::cast_precision_loss, reason = "what may be missing is a float in numpy; the docs say so")]
        DataType::Int64 => {
            let values = column.as_primitive::<Int64Type>().iter();
            let numbers = PyArray1::from_iter(py, values.map(|value| value.map_or(f64::NAN, |value| value as f64)));
            kept(&numbers);
            numbers.into_any()
        }
        DataType::Float64 if is_whole => {
            let values = column.as_primitive::<Float64Type>().values();
            viewed(py, column, (values.as_ptr().expose_provenance(), values.len()), "f8")?
        }
        DataType::Float64 => {
            let values = column.as_primitive::<Float64Type>().iter();
            let numbers = PyArray1::from_iter(py, values.map(|value| value.unwrap_or(f64::NAN)));
            kept(&numbers);
            numbers.into_any()
        }
        DataType::Boolean => {
            let flags = PyArray1::from_iter(py, column.as_boolean().iter().map(|value| value.unwrap_or(false)));
            kept(&flags);
            flags.into_any()
        }
        DataType::Timestamp(..) if is_whole => {
            let values = column.as_primitive::<TimestampNanosecondType>().values();
            viewed(py, column, (values.as_ptr().expose_provenance(), values.len()), "M8[ns]")?
        }
        DataType::Timestamp(..) => {
            // What numpy calls "not a time" is the least number.
            let values = column.as_primitive::<TimestampNanosecondType>().iter();
            let numbers = PyArray1::from_iter(py, values.map(|value| value.unwrap_or(i64::MIN)));
            kept(&numbers);
            numbers.call_method1("view", ("datetime64[ns]",))?
        }
        _ => to_list(py, column)?.into_any(),
    })
}

/// A column as a list; `None` where a value is missing. Instants are nanoseconds after the epoch.
fn to_list<'py>(py: Python<'py>, column: &ArrayRef) -> PyResult<Bound<'py, PyList>> {
    fn numbers<'py, T>(py: Python<'py>, column: &ArrayRef) -> PyResult<Bound<'py, PyList>>
    where
        T: ArrowPrimitiveType,
        T::Native: IntoPyObject<'py>,
    {
        PyList::new(py, column.as_primitive::<T>().iter().collect::<Vec<_>>())
    }
    match column.data_type() {
        DataType::Int64 => numbers::<Int64Type>(py, column),
        DataType::Float64 => numbers::<Float64Type>(py, column),
        DataType::Timestamp(..) => numbers::<TimestampNanosecondType>(py, column),
        DataType::Boolean => PyList::new(py, column.as_boolean().iter().collect::<Vec<_>>()),
        DataType::Utf8 => PyList::new(py, column.as_string::<i32>().iter().collect::<Vec<_>>()),
        DataType::LargeUtf8 => PyList::new(py, column.as_string::<i64>().iter().collect::<Vec<_>>()),
        DataType::Dictionary(..) => {
            let column = column.as_dictionary::<Int32Type>();
            let texts: Vec<_> =
                column.values().as_string::<i32>().iter().map(|text| PyString::new(py, text.unwrap_or(""))).collect();
            let of = |key: Option<usize>| key.and_then(|key| texts.get(key));
            PyList::new(py, column.keys_iter().map(of).collect::<Vec<_>>())
        }
        other => Err(unforeseen(other)),
    }
}

/// A table, or the exception.
pub(crate) fn made(py: Python<'_>, table: Result<Table, Error>) -> PyResult<Table> {
    table.map_err(|fault| error::plain(py, &fault))
}

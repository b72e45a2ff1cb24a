//! What speaks the Arrow PyCapsule interface → columns in chunks.
//!
//! Nothing in there is believed: not every producer looks at what it hands on, so a column is validated before it is read.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, FieldRef};
use placewright::{Error, ErrorKind};
use pyo3::exceptions::{PyException, PyKeyboardInterrupt, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3_arrow::error::PyArrowError;
use pyo3_arrow::{PyArray, PyArrayReader};

use crate::error;
use crate::frame::{Cells, about};
use crate::iterate::{self, Budget};

/// Bytes that a chunk takes beside its rows, and a row, about: the values themselves are not copied.
const CHUNK_BYTES: usize = 1 << 10;
const ROW_BYTES: usize = 8;

/// Names and columns, and how many rows these have.
pub(crate) type Columns<'py> = (Vec<(String, Cells<'py>)>, usize);

/// The columns of a frame; their values are not copied.
pub(crate) fn read<'py>(frame: &Bound<'py, PyAny>) -> PyResult<Columns<'py>> {
    let py = frame.py();
    match chunks_of(frame) {
        Ok((field, chunks)) => split(py, &field, &chunks),
        Err(fault) if !is_of_arrow(py, &fault) => Err(fault),
        // One column that does not travel keeps no other from it.
        Err(fault) => by_column(frame)?.ok_or_else(|| unreadable(py, fault)),
    }
}

/// Whether an exception is what the interface came to, rather than something to hand on.
fn is_of_arrow(py: Python<'_>, fault: &PyErr) -> bool {
    let kind = fault.get_type(py);
    [py.get_type::<PyException>(), py.get_type::<PyTypeError>(), py.get_type::<PyValueError>()]
        .iter()
        .any(|known| kind.is(known))
}

/// The error for a frame that the interface cannot carry.
fn unreadable(py: Python<'_>, fault: PyErr) -> PyErr {
    let text = fault.value(py).to_string();
    // What a stream runs in Python may be interrupted too, and comes here as the text of an error.
    if text.contains("Python exception: KeyboardInterrupt") {
        return PyKeyboardInterrupt::new_err(());
    }
    let message = format!("the frame cannot be read through Arrow: {}", text.lines().next().unwrap_or_default());
    let error = error::plain(py, &Error::with_message(ErrorKind::InvalidParameter, message));
    error.set_cause(py, Some(fault));
    error
}

/// The chunks of an array or of a stream.
fn chunks_of(frame: &Bound<'_, PyAny>) -> PyResult<(FieldRef, Vec<ArrayRef>)> {
    if frame.hasattr("__arrow_c_array__")? {
        let (array, field) = frame.extract::<PyArray>()?.into_inner();
        return Ok((field, vec![array]));
    }
    let reader = frame.extract::<PyArrayReader>()?.into_reader()?;
    let (field, mut chunks, mut budget) = (reader.field(), Vec::new(), Budget::default());
    for chunk in reader {
        let chunk = chunk.map_err(PyArrowError::from)?;
        let bytes = chunk.len().saturating_mul(ROW_BYTES).saturating_add(CHUNK_BYTES);
        budget.take(frame.py(), bytes).map_err(|stop| stop.into_error(frame.py()))?;
        chunks.push(chunk);
    }
    Ok((field, chunks))
}

/// Rows in chunks → columns in chunks.
fn split<'py>(py: Python<'py>, field: &FieldRef, chunks: &[ArrayRef]) -> PyResult<Columns<'py>> {
    let refuse = |message: String, path: &str| {
        let fault = Error::with_message(ErrorKind::InvalidParameter, message);
        Err(error::plain(py, &if path.is_empty() { fault } else { fault.in_path(path) }))
    };
    let DataType::Struct(fields) = field.data_type() else {
        return refuse(format!("the frame is no table of columns: it holds {}", field.data_type()), "");
    };
    let mut rows = 0;
    for chunk in chunks {
        if let Some(row) = (0..chunk.len()).find(|row| chunk.is_null(*row)).filter(|_| chunk.null_count() > 0) {
            let row = rows + row;
            return refuse(
                format!("the frame is no table of columns: row {row} is missing as a whole"),
                &format!("[{row}]"),
            );
        }
        rows += chunk.len();
    }
    let chunks: Vec<_> = chunks.iter().filter_map(|chunk| chunk.as_struct_opt()).collect();
    let column = |(index, field): (usize, &FieldRef)| {
        let parts = chunks.iter().map(|chunk| chunk.column(index).clone()).collect();
        (field.name().clone(), Cells::Arrow(field.data_type().clone(), parts))
    };
    Ok((fields.iter().enumerate().map(column).collect(), rows))
}

/// The columns of a frame that gives them one by one, as those of polars do; one that Arrow does not carry as Python's values, for
/// instance one that has no value at all. `None` for another frame.
fn by_column<'py>(frame: &Bound<'py, PyAny>) -> PyResult<Option<Columns<'py>>> {
    let py = frame.py();
    let Some(method) = frame.getattr_opt("get_columns")? else { return Ok(None) };
    let (mut columns, mut rows) = (Vec::new(), 0);
    for column in method.call0()?.try_iter()? {
        let column = column?;
        let cells = match chunks_of(&column) {
            Ok((field, chunks)) => Cells::Arrow(field.data_type().clone(), chunks),
            Err(fault) if !is_of_arrow(py, &fault) => return Err(fault),
            Err(_) => Cells::Python(iterate::gather(&column.call_method0("to_list")?, |_, value| Ok(value))?),
        };
        rows = match &cells {
            Cells::Arrow(_, chunks) => chunks.iter().map(Array::len).sum(),
            Cells::Python(values) => values.len(),
        };
        columns.push((column.getattr("name")?.extract::<String>()?, cells));
    }
    Ok(Some((columns, rows)))
}

/// Refuses a column whose values are not what Arrow says of them: texts that are none, offsets and keys that point nowhere.
pub(crate) fn validate(name: &str, chunks: &[ArrayRef]) -> Result<(), Error> {
    for chunk in chunks {
        chunk.to_data().validate_full().map_err(|fault| {
            about(name, ErrorKind::InvalidParameter, format!("column `{name}` is no valid Arrow data: {fault}"))
        })?;
    }
    Ok(())
}

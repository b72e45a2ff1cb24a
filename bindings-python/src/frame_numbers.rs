//! Columns of numbers that packing asks for beyond those of a cluster: decimals, and integers without a gap.

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};

use crate::frame::{Cells, Frame, gap, is_gap, unfit};

impl Frame<'_> {
    /// A column of integers that are all there.
    pub(crate) fn whole_integers(&self, name: &str) -> PyResult<Vec<i64>> {
        let numbers = self.integers(name)?.into_iter().enumerate();
        numbers.map(|(row, number)| number.ok_or_else(|| self.raise(&gap(name, row)))).collect()
    }

    /// Whether a column is of numbers that may be integers.
    pub(crate) fn is_integers(&self, name: &str) -> PyResult<bool> {
        Ok(match self.find(name)? {
            Cells::Arrow(kind, _) => kind.is_integer() || kind.is_floating(),
            Cells::Python(values) => {
                for value in values {
                    if !is_gap(value)? {
                        let is_number = value.is_instance_of::<PyFloat>() || value.hasattr("__index__")?;
                        return Ok(is_number && !value.is_instance_of::<PyBool>());
                    }
                }
                false
            }
        })
    }

    /// Whether a column is of integers by its type, not of floats that may be whole.
    pub(crate) fn is_whole(&self, name: &str) -> PyResult<bool> {
        let is_float = match self.find(name)? {
            Cells::Arrow(kind, _) => kind.is_floating(),
            Cells::Python(values) => values.iter().any(PyAnyMethods::is_instance_of::<PyFloat>),
        };
        Ok(!is_float && self.is_integers(name)?)
    }

    /// A column of decimal numbers, such as prices: floats, of which a narrow one stands for the shortest decimal that it is the
    /// nearest of; decimals; integers; or objects that write themselves as a decimal, as Python's do.
    pub(crate) fn decimals(&self, name: &str) -> PyResult<Vec<Option<f64>>> {
        match self.cells(name)? {
            Cells::Arrow(kind, chunks) => {
                let is_whole = kind.is_integer() || kind.is_null();
                if is_whole {
                    #[expect(clippy::cast_precision_loss, reason = "beyond 2^53 no price is told apart")]
                    return Ok(self.integers(name)?.into_iter().map(|number| number.map(|one| one as f64)).collect());
                }
                let chunks: Option<Vec<_>> = chunks.iter().map(decimals_of).collect();
                chunks.map(|chunks| chunks.concat()).ok_or_else(|| self.wrong(name, kind, "numbers"))
            }
            Cells::Python(values) => self.each(values, |row, value| {
                let is_number = value.is_instance_of::<PyFloat>() || value.is_instance_of::<PyInt>();
                let number = if value.is_instance_of::<PyBool>() || value.is_instance_of::<PyString>() {
                    None
                } else if is_number || value.hasattr("__float__")? {
                    self.fitting(value.call_method0("__float__").and_then(|number| number.extract::<f64>()))?
                } else {
                    None
                };
                number.filter(|number| number.is_finite()).ok_or_else(|| self.raise(&unfit(name, row, "number", value)))
            }),
        }
    }
}

/// The decimals of a chunk; `None` where it is of another type.
fn decimals_of(chunk: &ArrayRef) -> Option<Vec<Option<f64>>> {
    // Not-a-number is a gap.
    let known = |number: f64| (!number.is_nan()).then_some(number);
    match chunk.data_type() {
        DataType::Float64 => {
            Some(chunk.as_primitive::<Float64Type>().iter().map(|number| number.and_then(known)).collect())
        }
        DataType::Float32 => {
            let shortest = |number: f32| known(number.to_string().parse().unwrap_or(f64::NAN));
            Some(chunk.as_primitive::<Float32Type>().iter().map(|number| number.and_then(shortest)).collect())
        }
        DataType::Decimal128(_, scale) => {
            let scale = i32::from(*scale);
            let written = |number: i128| format!("{number}e{}", -scale).parse::<f64>().ok();
            Some(chunk.as_primitive::<Decimal128Type>().iter().map(|number| number.and_then(written)).collect())
        }
        _ => None,
    }
}

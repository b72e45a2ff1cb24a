//! Numpy, made ready before anything depends on it.
//!
//! The crate `numpy` looks its module up when the first array is made, and panics where that fails: for want of a numpy that
//! works, or because Ctrl-C was heard on the way. So it is looked up here, before a lock is taken or a task placed.

use std::sync::atomic::{AtomicBool, Ordering};

use numpy::{PyArray1, PyArrayMethods};
use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

/// Whether arrays can be made without looking anything up.
static IS_READY: AtomicBool = AtomicBool::new(false);

/// Numpy's module, such that arrays can be made.
///
/// # Errors
/// `ImportError` where there is no numpy that works; what a signal raised.
pub(crate) fn ready(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let numpy = py.import("numpy").map_err(|fault| unusable(py, fault))?;
    if IS_READY.load(Ordering::Acquire) {
        return Ok(numpy);
    }
    let core = py.import("numpy._core.multiarray").or_else(|fault| {
        let is_older = fault.is_instance_of::<PyImportError>(py);
        // Numpy 1 calls it that.
        if is_older { py.import("numpy.core.multiarray") } else { Err(fault) }
    });
    core.and_then(|core| core.getattr("_ARRAY_API")).map_err(|fault| unusable(py, fault))?;
    // Signals are only ever heard by the main thread, so nothing interrupts another one.
    let warm = std::thread::Builder::new().name("placewright".to_string());
    let warm = warm.spawn(|| Python::attach(|py| drop(PyArray1::<i32>::zeros(py, 0, false).readonly())))?;
    if py.detach(|| warm.join()).is_err() {
        return Err(PyImportError::new_err("numpy cannot be used: the interface of its arrays was not found"));
    }
    IS_READY.store(true, Ordering::Release);
    Ok(numpy)
}

/// The error for want of a numpy that works; what a signal raised stays what it is.
fn unusable(py: Python<'_>, fault: PyErr) -> PyErr {
    if !fault.is_instance_of::<pyo3::exceptions::PyException>(py) {
        return fault;
    }
    let message = format!("numpy cannot be used: {}; reinstall it, as arrays are its own", fault.value(py));
    let error = PyImportError::new_err(message);
    error.set_cause(py, Some(fault));
    error
}

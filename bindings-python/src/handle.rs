//! Handles that belong to a cluster: prepared requests, savepoints, transactions.

use placewright::adapter::SessionSavepoint;
use placewright::{Error, ErrorKind, RequestId};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::cluster::Cluster;
use crate::error;
use crate::outcome::{Explanation, PlaceResult};

/// A request made ready for one cluster. It is released when it is collected.
#[pyclass(frozen, module = "placewright")]
#[derive(Debug)]
pub(crate) struct Request {
    /// Its cluster.
    pub(crate) cluster: Py<Cluster>,
    /// Its number there.
    pub(crate) id: RequestId,
    /// Name of the task definition.
    pub(crate) definition: String,
    /// Task group.
    pub(crate) group: String,
    /// Number of tasks.
    pub(crate) count: u32,
}

impl Request {
    /// Its number, for the cluster it belongs to.
    pub(crate) fn of(&self, py: Python<'_>, cluster: &Cluster) -> PyResult<RequestId> {
        if std::ptr::eq(self.cluster.get(), cluster) {
            return Ok(self.id);
        }
        let error = Error::with_message(ErrorKind::StaleHandle, "the request was prepared for another cluster");
        Err(error::plain(py, &error.with_help("prepare it again with this one, also for a copy of the first")))
    }

    /// The refusal to be copied or pickled.
    fn refuse() -> PyErr {
        PyTypeError::new_err(
            "a prepared request belongs to its cluster and cannot be copied or pickled; prepare it again",
        )
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.cluster.get().gate.abandon(self.id);
    }
}

#[pymethods]
impl Request {
    /// The cluster it was prepared for.
    #[getter]
    fn cluster(&self, py: Python<'_>) -> Py<Cluster> {
        self.cluster.clone_ref(py)
    }

    /// Name of the task definition, `family:revision`.
    #[getter]
    fn definition(&self) -> &str {
        &self.definition
    }

    /// Task group.
    #[getter]
    fn group(&self) -> &str {
        &self.group
    }

    /// Number of tasks it asks for.
    #[getter]
    fn count(&self) -> u32 {
        self.count
    }

    /// Places its tasks; see `Cluster.place`.
    #[pyo3(signature = (*, progress=None))]
    fn place(&self, py: Python<'_>, progress: Option<&Bound<'_, PyAny>>) -> PyResult<PlaceResult> {
        self.cluster.get().place_prepared(py, self, progress)
    }

    /// Why its next task would go where it goes; see `Cluster.explain`.
    fn explain(&self, py: Python<'_>) -> PyResult<Explanation> {
        self.cluster.get().explain_prepared(py, self)
    }

    fn __copy__(&self) -> PyResult<()> {
        Err(Self::refuse())
    }

    fn __deepcopy__(&self, _memo: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(Self::refuse())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(Self::refuse())
    }

    fn __repr__(&self) -> String {
        format!("<Request: {} of {} in {}>", self.count, self.definition, self.group)
    }
}

/// A moment a cluster can go back to.
#[pyclass(frozen, module = "placewright")]
#[derive(Debug)]
pub(crate) struct Savepoint {
    /// Its cluster.
    pub(crate) cluster: Py<Cluster>,
    /// The savepoint.
    pub(crate) savepoint: SessionSavepoint,
}

#[pymethods]
impl Savepoint {
    /// Whether it can still be gone back to.
    #[getter]
    fn is_open(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.cluster.get().gate.enter(py)?.savepoints.contains(&self.savepoint))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<Savepoint: {}>", if self.is_open(py)? { "open" } else { "closed" }))
    }
}

/// A savepoint as a context manager.
#[pyclass(frozen, module = "placewright")]
#[derive(Debug)]
pub(crate) struct Transaction {
    /// Its cluster.
    cluster: Py<Cluster>,
    /// The savepoint, once it was entered.
    savepoint: parking_lot::Mutex<Option<SessionSavepoint>>,
}

impl Transaction {
    /// One that was not entered yet.
    pub(crate) const fn new(cluster: Py<Cluster>) -> Self {
        Self { cluster, savepoint: parking_lot::Mutex::new(None) }
    }
}

#[pymethods]
impl Transaction {
    /// Opens the savepoint; gives the cluster.
    fn __enter__(&self, py: Python<'_>) -> PyResult<Py<Cluster>> {
        if self.savepoint.lock().is_some() {
            let error = Error::with_message(ErrorKind::SavepointOpen, "the transaction was entered before");
            return Err(error::plain(py, &error.with_help("make another one: `with cluster.transaction()`")));
        }
        let savepoint = self.cluster.get().open(py)?;
        *self.savepoint.lock() = Some(savepoint);
        Ok(self.cluster.clone_ref(py))
    }

    /// Keeps what was done, or takes it back where an exception leaves the block. Where the savepoint was closed inside,
    /// there is nothing left to do.
    #[pyo3(signature = (kind=None, value=None, traceback=None, /))]
    fn __exit__(
        &self,
        py: Python<'_>,
        kind: Option<&Bound<'_, PyAny>>,
        value: Option<&Bound<'_, PyAny>>,
        traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<bool> {
        let (is_kept, _) = (kind.is_none(), (value, traceback));
        let savepoint = self.savepoint.lock().take();
        if let Some(savepoint) = savepoint {
            self.cluster.get().close_if_open(py, savepoint, is_kept)?;
        }
        Ok(false)
    }
}

/// What `__deepcopy__` remembers.
pub(crate) type Memo<'py> = Bound<'py, PyDict>;

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
    /// All of them or none.
    pub(crate) all_or_nothing: bool,
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

    /// Whether it places all of its tasks or none.
    #[getter]
    fn all_or_nothing(&self) -> bool {
        self.all_or_nothing
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
        match self.is_open(py) {
            Ok(is_open) => Ok(format!("<Savepoint: {}>", if is_open { "open" } else { "closed" })),
            Err(fault) if error::is_busy(py, &fault) => {
                Ok("<Savepoint of a cluster in the middle of a call>".to_string())
            }
            Err(fault) => Err(fault),
        }
    }
}

/// A savepoint as a context manager.
#[pyclass(frozen, module = "placewright")]
#[derive(Debug)]
pub(crate) struct Transaction {
    /// Its cluster.
    cluster: Py<Cluster>,
    /// How far it is.
    stage: parking_lot::Mutex<Stage>,
}

/// How far a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not entered, or left.
    Outside,
    /// Being entered by a thread that waits for the cluster.
    Entering,
    /// Entered, with this savepoint.
    Inside(SessionSavepoint),
}

impl Transaction {
    /// One that was not entered yet.
    pub(crate) const fn new(cluster: Py<Cluster>) -> Self {
        Self { cluster, stage: parking_lot::Mutex::new(Stage::Outside) }
    }
}

#[pymethods]
impl Transaction {
    /// Opens the savepoint; gives the cluster.
    fn __enter__(&self, py: Python<'_>) -> PyResult<Py<Cluster>> {
        // One step: of several threads, one enters.
        let is_first = {
            let mut stage = self.stage.lock();
            *stage == Stage::Outside && std::mem::replace(&mut *stage, Stage::Entering) == Stage::Outside
        };
        if !is_first {
            let error = Error::with_message(ErrorKind::SavepointOpen, "the transaction was entered before");
            return Err(error::plain(py, &error.with_help("make another one: `with cluster.transaction()`")));
        }
        let opened = self.cluster.get().open(py);
        *self.stage.lock() = opened.as_ref().map_or(Stage::Outside, |&savepoint| Stage::Inside(savepoint));
        opened.map(|_| self.cluster.clone_ref(py))
    }

    /// Keeps what was done, or takes it back where an exception leaves the block. Where the savepoint was closed inside,
    /// there is nothing left to do. A signal is heard after that: who presses Ctrl-C wants the work undone.
    #[pyo3(signature = (kind=None, value=None, traceback=None, /))]
    fn __exit__(
        &self,
        py: Python<'_>,
        kind: Option<&Bound<'_, PyAny>>,
        value: Option<&Bound<'_, PyAny>>,
        traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<bool> {
        let (is_kept, _) = (kind.is_none(), (value, traceback));
        let stage = *self.stage.lock();
        if let Stage::Inside(savepoint) = stage {
            self.cluster.get().close_if_open(py, savepoint, is_kept)?;
            let mut stage = self.stage.lock();
            if *stage == Stage::Inside(savepoint) {
                *stage = Stage::Outside;
            }
        }
        py.check_signals()?;
        Ok(false)
    }
}

/// What `__deepcopy__` remembers.
pub(crate) type Memo<'py> = Bound<'py, PyDict>;

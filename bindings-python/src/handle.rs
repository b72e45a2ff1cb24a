//! Handles that belong to a cluster: prepared requests, savepoints, transactions.

use std::ffi::CString;
use std::sync::Arc;

use parking_lot::Mutex;
use placewright::adapter::SessionSavepoint;
use placewright::{Error, ErrorKind, RequestId};
use pyo3::exceptions::{PyException, PyRuntimeWarning, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};

use crate::cluster::Cluster;
use crate::error;
use crate::gate::Fate;
use crate::outcome::{Explanation, PlaceResult};

#[doc = stub!(Request)]
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
    #[doc = stub!(Request.cluster)]
    #[getter]
    fn cluster(&self, py: Python<'_>) -> Py<Cluster> {
        self.cluster.clone_ref(py)
    }

    #[doc = stub!(Request.definition)]
    #[getter]
    fn definition(&self) -> &str {
        &self.definition
    }

    #[doc = stub!(Request.group)]
    #[getter]
    fn group(&self) -> &str {
        &self.group
    }

    #[doc = stub!(Request.count)]
    #[getter]
    fn count(&self) -> u32 {
        self.count
    }

    #[doc = stub!(Request.all_or_nothing)]
    #[getter]
    fn all_or_nothing(&self) -> bool {
        self.all_or_nothing
    }

    #[doc = stub!(Request.place)]
    #[pyo3(signature = (*, progress=None))]
    fn place(&self, py: Python<'_>, progress: Option<&Bound<'_, PyAny>>) -> PyResult<PlaceResult> {
        self.cluster.get().place_prepared(py, self, progress)
    }

    #[doc = stub!(Request.explain)]
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

#[doc = stub!(Savepoint)]
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
    #[doc = stub!(Savepoint.is_open)]
    #[getter]
    fn is_open(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.cluster.get().gate.enter(py)?.is_open(self.savepoint))
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

#[doc = stub!(Transaction)]
#[pyclass(frozen, module = "placewright")]
#[derive(Debug)]
pub(crate) struct Transaction {
    /// Its cluster.
    cluster: Py<Cluster>,
    /// How far it is.
    stage: Mutex<Stage>,
    /// What became of its savepoint.
    fate: Arc<Mutex<Fate>>,
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
    pub(crate) fn new(cluster: Py<Cluster>) -> Self {
        Self { cluster, stage: Mutex::new(Stage::Outside), fate: Arc::new(Mutex::new(Fate::Open)) }
    }

    /// Says so where the savepoint was closed before the block ended, such that the block's end comes to something else than it
    /// promises.
    fn check_fate(
        &self,
        py: Python<'_>,
        kind: Option<&Bound<'_, PyAny>>,
        value: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let message = match (*self.fate.lock(), kind) {
            (Fate::Closed { is_kept: true, is_by_another: true }, Some(_)) => {
                "what the block did cannot be rolled back any more: a transaction that was entered before it has ended \
                 meanwhile, and kept it"
            }
            (Fate::Closed { is_kept: true, is_by_another: false }, Some(_)) => {
                "what the block did cannot be rolled back any more: it was committed inside"
            }
            (Fate::Closed { is_kept: false, is_by_another: true }, None) => {
                "what the block did is not kept: a transaction that was entered before it has ended meanwhile, and rolled it \
                 back"
            }
            _ => return Ok(()),
        };
        // What is no error, such as Ctrl-C, goes its way.
        let is_error = match kind {
            Some(kind) => kind.cast::<PyType>()?.is_subclass_of::<PyException>()?,
            None => true,
        };
        if !is_error {
            let message = CString::new(message)?;
            return PyErr::warn(py, &py.get_type::<PyRuntimeWarning>(), &message, 2);
        }
        let fault = Error::with_message(ErrorKind::NoSavepoint, message);
        let help = "transactions nest; threads and coroutines whose blocks overlap need clusters of their own";
        let told = error::plain(py, &fault.with_help(help));
        told.value(py).setattr("__context__", value)?;
        Err(told)
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Stage::Inside(savepoint) = *self.stage.lock() {
            self.cluster.get().gate.forsake(savepoint);
        }
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
        *self.fate.lock() = Fate::Open;
        let opened = self.cluster.get().open(py, Some(Arc::clone(&self.fate)));
        *self.stage.lock() = opened.as_ref().map_or(Stage::Outside, |&savepoint| Stage::Inside(savepoint));
        opened.map(|_| self.cluster.clone_ref(py))
    }

    /// Keeps what was done, or takes it back where an exception leaves the block. Where the savepoint was rolled back inside,
    /// there is nothing left to do. A signal is heard after that: who presses Ctrl-C wants the work undone.
    #[pyo3(signature = (kind=None, value=None, traceback=None, /))]
    fn __exit__(
        &self,
        py: Python<'_>,
        kind: Option<&Bound<'_, PyAny>>,
        value: Option<&Bound<'_, PyAny>>,
        traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<bool> {
        let _ = traceback;
        let stage = *self.stage.lock();
        if let Stage::Inside(savepoint) = stage {
            let was_open = self.cluster.get().end(py, savepoint, kind.is_none())?;
            {
                let mut stage = self.stage.lock();
                if *stage == Stage::Inside(savepoint) {
                    *stage = Stage::Outside;
                }
            }
            py.check_signals()?;
            return if was_open { Ok(false) } else { self.check_fate(py, kind, value).map(|()| false) };
        }
        py.check_signals()?;
        Ok(false)
    }
}

/// What `__deepcopy__` remembers.
pub(crate) type Memo<'py> = Bound<'py, PyDict>;

//! The bulk lane: many requests in one call, arrays in and arrays out.

use numpy::{PyArray1, PyArrayDescrMethods, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use placewright::{Error, ErrorKind, Placement, RequestId};
use pyo3::exceptions::{PyIndexError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays;
use crate::cluster::Cluster;
use crate::columns;
use crate::error;
use crate::handle::Request;
use crate::iterate;
use crate::table::Table;
use crate::watch::Watcher;

/// Indices that are read between two looks at signals.
const INDICES_BETWEEN_SIGNALS: usize = 1 << 16;

#[doc = stub!(BulkResult)]
#[pyclass(frozen, module = "placewright")]
#[derive(Debug)]
pub(crate) struct BulkResult {
    /// By request: position of the instance, or -1.
    instance: Py<PyArray1<i32>>,
    /// By request: number of the task, or -1.
    task: Py<PyArray1<i64>>,
    /// Requests that were placed.
    placed: usize,
    /// Requests.
    requests: usize,
}

#[pymethods]
impl BulkResult {
    #[doc = stub!(BulkResult.instance)]
    #[getter]
    fn instance<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i32>> {
        self.instance.bind(py).clone()
    }

    #[doc = stub!(BulkResult.task)]
    #[getter]
    fn task<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        self.task.bind(py).clone()
    }

    #[doc = stub!(BulkResult.placed)]
    #[getter]
    fn placed(&self) -> usize {
        self.placed
    }

    #[doc = stub!(BulkResult.rejected)]
    #[getter]
    fn rejected(&self) -> usize {
        self.requests - self.placed
    }

    #[doc = stub!(BulkResult.table)]
    #[getter]
    fn table(&self, py: Python<'_>) -> PyResult<Table> {
        columns::bulk(py, self.instance.bind(py), self.task.bind(py))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let function = py.import("placewright._native")?.getattr("_bulk_result")?;
        Ok((function, (self.instance(py), self.task(py), self.placed)))
    }

    fn __len__(&self) -> usize {
        self.requests
    }

    fn __repr__(&self) -> String {
        format!("<BulkResult: {} of {} requests placed>", self.placed, self.requests)
    }
}

/// What makes a result anew, for `pickle`: a function, and the columns.
type Reduced<'py> = (Bound<'py, PyAny>, (Bound<'py, PyArray1<i32>>, Bound<'py, PyArray1<i64>>, usize));

/// Makes a result anew: what `pickle` keeps.
#[pyfunction]
#[pyo3(name = "_bulk_result")]
pub(crate) fn bulk_result(instance: Py<PyArray1<i32>>, task: Bound<'_, PyArray1<i64>>, placed: usize) -> BulkResult {
    let requests = task.len();
    BulkResult { instance, task: task.unbind(), placed, requests }
}

/// Places one task of each request.
pub(crate) fn place(
    cluster: &Bound<'_, Cluster>,
    requests: &Bound<'_, PyAny>,
    indices: Option<&Bound<'_, PyAny>>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<BulkResult> {
    let py = cluster.py();
    // Before anything is placed: without arrays nobody would learn what was.
    let numpy = arrays::ready(py)?;
    let handles = handles(cluster, requests)?;
    let kinds: Vec<_> = handles.iter().map(|handle| handle.get().id).collect();
    let list = match indices {
        None => kinds,
        Some(indices) => chosen(&numpy, &kinds, indices)?,
    };
    let mut watcher = Watcher::new(progress, list.len())?;
    let mut outcomes: Vec<Option<Placement>> = Vec::with_capacity(list.len());
    let mut guard = cluster.get().gate.enter(py)?;
    let held = &mut *guard;
    let result = py.detach(|| {
        let result = held.session.place_list(&list, &mut outcomes, &mut |done| watcher.watch(done));
        result.map(|is_done| is_done.then(|| columns_of(held.session.cluster(), &outcomes)))
    });
    drop(guard);
    match result {
        Err(fault) => Err(error::plain(py, &fault)),
        Ok(None) => Err(watcher.into_error()),
        Ok(Some((instance, task, placed))) => Ok(BulkResult {
            instance: kept(PyArray1::from_vec(py, instance)),
            task: kept(PyArray1::from_vec(py, task)),
            placed,
            requests: list.len(),
        }),
    }
}

/// An array that nobody writes to any more.
fn kept<T: numpy::Element>(array: Bound<'_, PyArray1<T>>) -> Py<PyArray1<T>> {
    drop(array.readwrite().make_nonwriteable());
    array.unbind()
}

/// Requests that stay prepared as long as this is kept, also where the caller has given them away.
fn handles<'py>(cluster: &Bound<'py, Cluster>, requests: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, Request>>> {
    iterate::gather(requests, |at, request| {
        let request = request.cast_into::<Request>().map_err(|other| {
            let kind = other.into_inner().get_type();
            let name = kind.name().map_or_else(|_| "?".to_string(), |name| name.to_string());
            PyTypeError::new_err(format!("requests[{at}] is a `{name}`; prepare requests first"))
        })?;
        let known = request.get();
        known.of(cluster.py(), cluster.get())?;
        if known.all_or_nothing && known.count > 1 {
            let message =
                format!("the request is for all of {} tasks or none, and a bulk places one of each", known.count);
            let fault = Error::with_message(ErrorKind::InvalidParameter, message).in_path(&format!("requests[{at}]"));
            return Err(error::plain(cluster.py(), &fault.with_help("place it with `place`")));
        }
        Ok(request)
    })
}

/// The requests that an array chooses by position.
fn chosen(numpy: &Bound<'_, PyModule>, kinds: &[RequestId], indices: &Bound<'_, PyAny>) -> PyResult<Vec<RequestId>> {
    // Making an array of it would forget what is masked.
    if numpy.getattr("ma")?.call_method1("is_masked", (indices,))?.is_truthy()? {
        return Err(PyValueError::new_err(
            "indices has masked entries; leave them out with `compressed()`, or fill them",
        ));
    }
    let array = numpy.call_method1("asarray", (indices,))?;
    let untyped = array.cast::<PyUntypedArray>()?;
    if untyped.ndim() != 1 {
        return Err(PyValueError::new_err(format!("indices has {} dimensions, not 1", untyped.ndim())));
    }
    if untyped.len() == 0 {
        return Ok(Vec::new());
    }
    if !matches!(untyped.dtype().kind(), b'i' | b'u') {
        return Err(PyTypeError::new_err(format!("indices are integers, not {}", untyped.dtype())));
    }
    // A copy, always: the array may be of any byte order, at any address and have any stride, as the field of a packed record
    // has, and others may write to it.
    let options = PyDict::new(numpy.py());
    options.set_item("copy", true)?;
    options.set_item("order", "C")?;
    let array = array.call_method("astype", ("int64",), Some(&options))?;
    let array = array.cast::<PyArray1<i64>>()?.try_readonly()?;
    let pick = |(at, &index): (usize, &i64)| {
        if at % INDICES_BETWEEN_SIGNALS == INDICES_BETWEEN_SIGNALS - 1 {
            numpy.py().check_signals()?;
        }
        usize::try_from(index).ok().and_then(|index| kinds.get(index)).copied().ok_or_else(|| {
            PyIndexError::new_err(format!("indices[{at}] is no position in a list of {} requests", kinds.len()))
        })
    };
    array.as_array().iter().enumerate().map(pick).collect()
}

/// Outcomes as columns: positions of instances, numbers of tasks, and how many there are.
fn columns_of(cluster: &placewright::Cluster, outcomes: &[Option<Placement>]) -> (Vec<i32>, Vec<i64>, usize) {
    let positions = cluster.registration_positions();
    let mut placed = 0;
    let (instance, task) = outcomes
        .iter()
        .map(|outcome| match outcome {
            None => (-1, -1),
            Some(placement) => {
                placed += 1;
                let position = positions.of(placement.instance).and_then(|position| i32::try_from(position).ok());
                (position.unwrap_or(-1), placement.task.as_u64().cast_signed())
            }
        })
        .unzip();
    (instance, task, placed)
}

//! What a `Cluster` tells of itself: ids, columns, counts, and the whole of it as text. Nothing here changes what is placed.

use std::borrow::Cow;

use placewright::json::Json;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::call::Named;
use crate::cluster::Cluster;
use crate::table::{self, Table};
use crate::{argument, columns, convert};

#[pymethods]
impl Cluster {
    #[doc = stub!(Cluster.query)]
    #[pyo3(signature = (expression, /))]
    fn query(&self, expression: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
        let compiled = convert::to_expression(expression)?;
        self.read_detached(expression.py(), |held| {
            let cluster = held.session.cluster();
            let found = cluster.query(&compiled).into_iter().filter_map(|id| cluster.instance(id).ok());
            found.map(|instance| instance.name().to_string()).collect()
        })
    }

    #[doc = stub!(Cluster.instance)]
    #[pyo3(signature = (instance, /))]
    fn instance<'py>(&self, py: Python<'py>, instance: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let instance = argument::text("instance", instance)?;
        let described = self.call(py, |session| {
            let id = session.instance_id(&instance)?;
            session.describe_instance(id).map(Json::into_owned)
        })?;
        convert::to_object(py, &described)
    }

    #[doc = stub!(Cluster.task)]
    #[pyo3(signature = (task, /))]
    fn task<'py>(&self, task: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = task.py();
        let named = Named::read(task)?;
        let [named] = named.as_slice() else {
            return Err(PyTypeError::new_err("one task, by id or by number"));
        };
        let described = self.call(py, |session| {
            let id = Self::task_id(session, named)?;
            session.describe_task(id).map(Json::into_owned)
        })?;
        convert::to_object(py, &described)
    }

    #[doc = stub!(Cluster.instance_ids)]
    #[getter]
    fn instance_ids(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.call_detached(py, |session| {
            let cluster = session.cluster();
            cluster.instances().map(|id| cluster.instance(id).map(|instance| instance.name().to_string())).collect()
        })
    }

    #[doc = stub!(Cluster.task_ids)]
    #[getter]
    fn task_ids(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.call_detached(py, |session| {
            let names = session.cluster().tasks().filter_map(|id| session.task_name(id).map(Cow::into_owned));
            Ok(names.collect())
        })
    }

    #[doc = stub!(Cluster.instances)]
    #[getter]
    fn instances(&self, py: Python<'_>) -> PyResult<Table> {
        table::made(py, self.read_detached(py, |held| columns::instances(&held.session))?)
    }

    #[doc = stub!(Cluster.remaining)]
    #[getter]
    fn remaining(&self, py: Python<'_>) -> PyResult<Table> {
        table::made(py, self.read_detached(py, |held| columns::remaining(&held.session))?)
    }

    #[doc = stub!(Cluster.tasks)]
    #[getter]
    fn tasks(&self, py: Python<'_>) -> PyResult<Table> {
        table::made(py, self.read_detached(py, |held| columns::tasks(&held.session, None))?)
    }

    #[doc = stub!(Cluster.attributes)]
    #[getter]
    fn attributes(&self, py: Python<'_>) -> PyResult<Table> {
        table::made(py, self.read_detached(py, |held| columns::attributes(&held.session))?)
    }

    #[pyo3(signature = (instances, /))]
    #[expect(clippy::needless_pass_by_value, reason = "made of a list of Python's")]
    fn _tasks_of(&self, py: Python<'_>, instances: Vec<String>) -> PyResult<Table> {
        table::made(py, self.read_detached(py, |held| columns::tasks(&held.session, Some(&instances)))?)
    }

    #[doc = stub!(Cluster.running_tasks)]
    #[getter]
    fn running_tasks(&self, py: Python<'_>) -> PyResult<usize> {
        self.call(py, |session| Ok(session.cluster().running_tasks()))
    }

    #[doc = stub!(Cluster.running_tasks_of)]
    #[pyo3(signature = (group, /))]
    fn running_tasks_of(&self, py: Python<'_>, group: &Bound<'_, PyAny>) -> PyResult<usize> {
        let group = argument::text("group", group)?;
        self.call(py, |session| Ok(session.cluster().running_tasks_of(&group)))
    }

    #[doc = stub!(Cluster.savepoints)]
    #[getter]
    fn savepoints(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.gate.enter(py)?.savepoints.len())
    }

    #[doc = stub!(Cluster.custom_resources)]
    #[getter]
    fn custom_resources(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.call(py, |session| Ok(session.cluster().custom_resources().map(str::to_string).collect()))
    }

    #[doc = stub!(Cluster.refused_definitions)]
    #[getter]
    fn refused_definitions(&self, py: Python<'_>) -> PyResult<Vec<(String, String)>> {
        self.call(py, |session| {
            let refused = session.refused_definitions().into_iter();
            Ok(refused.map(|(name, reason)| (name, reason.to_string())).collect())
        })
    }

    #[doc = stub!(Cluster.warnings)]
    #[getter]
    fn warnings(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.call(py, |session| Ok(session.warnings().to_vec()))
    }

    fn _forget_warnings(&self, py: Python<'_>) -> PyResult<()> {
        self.call(py, |session| {
            session.take_warnings();
            Ok(())
        })
    }

    #[getter]
    fn _version(&self, py: Python<'_>) -> PyResult<(u64, u64)> {
        self.call(py, |session| Ok(session.version()))
    }

    #[doc = stub!(Cluster.memory_usage)]
    #[getter]
    fn memory_usage(&self, py: Python<'_>) -> PyResult<usize> {
        self.call(py, |session| Ok(session.cluster().memory_usage()))
    }

    #[doc = stub!(Cluster.fingerprint)]
    fn fingerprint(&self, py: Python<'_>) -> PyResult<u128> {
        self.read_detached(py, |held| held.session.cluster().fingerprint().as_u128())
    }

    #[doc = stub!(Cluster.to_json)]
    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        self.export(py)
    }

    #[doc = stub!(Cluster.to_dict)]
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        convert::to_dict(py, self.export(py)?)
    }
}

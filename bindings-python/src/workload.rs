//! What a target workload can make of a cluster's GPUs.

use placewright::adapter::read_workload;
use placewright::{Error, Workload};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::argument;
use crate::cluster::Cluster;
use crate::convert;
use crate::error;
use crate::iterate;

/// A workload, and its kinds as they were given.
fn read<'py>(workload: &Bound<'py, PyAny>) -> PyResult<(Workload, Vec<Bound<'py, PyAny>>)> {
    let kinds = iterate::gather(workload, |_, kind| Ok(kind))?;
    let json = convert::to_json(PyList::new(workload.py(), &kinds)?.as_any())?;
    let read =
        read_workload(&json).map_err(|fault: Error| error::in_tree(workload.py(), &fault.in_path("workload"), &json));
    Ok((read?, kinds))
}

/// What a workload strands in a cluster, or on one instance: thousandths of GPUs that are free, and that it cannot use.
pub(crate) fn fragmentation<'py>(
    cluster: &Cluster,
    workload: &Bound<'py, PyAny>,
    instance: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = workload.py();
    let (workload, _) = read(workload)?;
    let instance = argument::optional_text("instance", instance)?;
    let found = cluster.call_detached(py, |session| match &instance {
        Some(name) => session.cluster().fragmentation_of(&workload, session.instance_id(name)?),
        None => Ok(session.cluster().fragmentation(&workload)),
    })?;
    let class = py.import("placewright._values")?.getattr("Fragmentation")?;
    class.call1((found.free(), found.stranded()))
}

/// The kinds of a workload with their weights times how scarce the GPUs are that they could fill.
pub(crate) fn weighed<'py>(cluster: &Cluster, workload: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
    let py = workload.py();
    let (workload, kinds) = read(workload)?;
    let weighed = cluster.read_detached(py, |held| held.session.cluster().weigh_by_scarcity(&workload))?;
    let replace = py.import("dataclasses")?.getattr("replace")?;
    let all = PyList::empty(py);
    for (kind, weighed) in kinds.iter().zip(weighed.kinds()) {
        let weight = PyDict::new(py);
        weight.set_item("weight", weighed.weight)?;
        all.append(replace.call((kind,), Some(&weight))?)?;
    }
    Ok(all)
}

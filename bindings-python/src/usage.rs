//! A cluster in a few sums: what a sweep keeps of each scenario, so that no table of instances goes to Python.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::cluster::Cluster;

/// Sums over the instances of a cluster, and the running tasks by zone.
#[pyfunction]
#[pyo3(name = "_usage")]
pub(crate) fn usage<'py>(py: Python<'py>, cluster: &Bound<'py, Cluster>) -> PyResult<Bound<'py, PyDict>> {
    let usage = cluster.get().read_detached(py, |held| held.session.cluster().usage())?;
    let sums = PyDict::new(py);
    sums.set_item("instances", usage.instances)?;
    sums.set_item("instances_used", usage.instances_used)?;
    for (name, of) in [("cpu", usage.cpu), ("memory_mib", usage.memory_mib)] {
        sums.set_item(format!("registered_{name}"), of.registered)?;
        sums.set_item(format!("used_{name}"), of.used)?;
        sums.set_item(format!("stranded_{name}"), of.stranded)?;
    }
    sums.set_item("zones", usage.zones)?;
    Ok(sums)
}

//! A cluster in a few sums: what a sweep keeps of each scenario, counted here so that no table of instances goes to Python.

use std::collections::BTreeMap;

use placewright::{Error, ResourceKind};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::cluster::Cluster;
use crate::error;

/// Sums over one resource.
#[derive(Default)]
struct Sums {
    /// What instances registered.
    registered: i64,
    /// What of it is taken.
    used: i64,
    /// What is left on them beyond the share that is left of the other resource.
    stranded: i64,
}

impl Sums {
    /// Adds an instance: `own` and `other` are what it has and what is left of it, of this resource and of the other.
    fn add(&mut self, own: (i64, i64), other: (i64, i64)) {
        // What the instance's own ratio pairs with what is left of the other resource, rounded up. Amounts are below 2^31.
        let left = own.1.max(0);
        let paired = if other.0 > 0 { (own.0 * other.1.max(0) + other.0 - 1) / other.0 } else { left };
        self.registered += own.0;
        self.used += own.0 - own.1;
        self.stranded += (left - paired).max(0);
    }
}

/// Sums over the instances of a cluster, and the running tasks by zone.
#[pyfunction]
#[pyo3(name = "_usage")]
pub(crate) fn usage<'py>(py: Python<'py>, cluster: &Bound<'py, Cluster>) -> PyResult<Bound<'py, PyDict>> {
    let counted = cluster.get().read_detached(py, |held| {
        let cluster = held.session.cluster();
        let (mut cpu, mut memory, mut in_use) = (Sums::default(), Sums::default(), 0_usize);
        let mut zones: BTreeMap<String, u32> = BTreeMap::new();
        for id in cluster.instances() {
            let instance = cluster.instance(id)?;
            let of = |kind| (instance.registered(kind), instance.remaining(kind));
            let (own, other) = (of(ResourceKind::Cpu), of(ResourceKind::Memory));
            cpu.add(own, other);
            memory.add(other, own);
            let tasks = instance.running_tasks();
            in_use += usize::from(tasks > 0);
            if let Some(zone) = instance.attribute("ecs.availability-zone") {
                *zones.entry(zone.to_owned()).or_default() += tasks;
            }
        }
        Ok::<_, Error>((cluster.instances().len(), in_use, cpu, memory, zones))
    })?;
    let (instances, in_use, cpu, memory, zones) = counted.map_err(|fault| error::plain(py, &fault))?;
    let sums = PyDict::new(py);
    sums.set_item("instances", instances)?;
    sums.set_item("instances_used", in_use)?;
    for (name, of) in [("cpu", cpu), ("memory_mib", memory)] {
        sums.set_item(format!("registered_{name}"), of.registered)?;
        sums.set_item(format!("used_{name}"), of.used)?;
        sums.set_item(format!("stranded_{name}"), of.stranded)?;
    }
    sums.set_item("zones", zones)?;
    Ok(sums)
}

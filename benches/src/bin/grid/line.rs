//! What the grid prints of a cell.

use placewright_benches::cell::Cell;
use placewright_benches::meter::Timing;
use serde::Serialize;

/// What is known of a cell; null where something does not apply.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line {
    /// The name.
    pub(crate) cell: String,
    /// What was timed.
    pub(crate) operation: &'static str,
    /// Instances.
    pub(crate) n: usize,
    /// The chain.
    pub(crate) chain: &'static str,
    /// The constraint.
    pub(crate) constraint: &'static str,
    /// The state.
    pub(crate) state: &'static str,
    /// The route.
    pub(crate) route: &'static str,
    /// CPU time of an operation.
    pub(crate) cpu_ns: Option<f64>,
    /// That of the kernel.
    pub(crate) kernel_ns: Option<f64>,
    /// That of the scan route.
    pub(crate) scan_ns: Option<f64>,
    /// That of the rival.
    pub(crate) rival_ns: Option<f64>,
    /// Allocations in all slices.
    pub(crate) allocations: Option<u64>,
    /// Bytes an instance takes, names and attributes included.
    pub(crate) bytes_per_instance: Option<f64>,
    /// Bytes a task takes.
    pub(crate) bytes_per_task: Option<f64>,
}

impl Line {
    /// A cell of which nothing is known yet.
    pub(crate) fn new(cell: &Cell) -> Self {
        Self {
            cell: cell.to_string(),
            operation: cell.operation.name(),
            n: cell.instances,
            chain: cell.chain.name(),
            constraint: cell.limit.name(),
            state: cell.state.name(),
            route: "indexed",
            cpu_ns: None,
            kernel_ns: None,
            scan_ns: None,
            rival_ns: None,
            allocations: None,
            bytes_per_instance: None,
            bytes_per_task: None,
        }
    }

    /// The same with times: of the indexed route, of the scan where it was raced, and of the kernel's designs.
    pub(crate) fn timed(self, timings: &[Timing]) -> Self {
        let indexed = timings.first();
        let kernel = timings.iter().skip(2).map(|timing| timing.nanos).min_by(f64::total_cmp);
        Self {
            cpu_ns: indexed.map(|timing| timing.nanos),
            allocations: indexed.map(|timing| timing.allocations),
            scan_ns: timings.get(1).map(|timing| timing.nanos),
            kernel_ns: kernel,
            ..self
        }
    }

    /// The ratios, for a person.
    pub(crate) fn summary(&self) -> String {
        let ratio = |what: &str, nanos: Option<f64>| match (self.cpu_ns, nanos) {
            (Some(cpu), Some(nanos)) => format!("  {:.2} x {what}", cpu / nanos),
            _ => String::new(),
        };
        let cpu = self.cpu_ns.map_or_else(String::new, |nanos| format!("{nanos:.1} ns"));
        let bytes = match (self.bytes_per_instance, self.bytes_per_task) {
            (Some(instance), Some(task)) => format!("  {instance:.0} bytes an instance, {task:.0} a task"),
            _ => String::new(),
        };
        let allocations = match self.allocations {
            Some(0) | None => String::new(),
            Some(count) => format!("  {count} allocations"),
        };
        let ratios = [("kernel", self.kernel_ns), ("scan", self.scan_ns), ("rival", self.rival_ns)];
        let ratios: String = ratios.iter().map(|&(what, nanos)| ratio(what, nanos)).collect();
        format!("{:72} {cpu:>14}{ratios}{bytes}{allocations}", self.cell)
    }
}

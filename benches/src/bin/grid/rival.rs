//! The crate that users would pick, in a process of its own.

use std::process::Command;

use placewright_benches::cell::{Cell, Operation};
use serde::Deserialize;

/// Whether the rival can answer a cell's question: no constraint, the fullest instance.
pub(crate) fn is_rivals(cell: &Cell) -> bool {
    let binpack = cell.chain.name().starts_with("binpack") && cell.limit.name() == "none";
    binpack && matches!(cell.operation, Operation::Place | Operation::Churn)
}

/// What the rival prints.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rival {
    /// CPU time of a placement.
    pub(crate) place_ns: f64,
    /// CPU time of a placement and a release.
    pub(crate) churn_ns: f64,
}

/// Builds and runs the rival; nothing where that does not work.
pub(crate) fn run(instances: usize) -> Option<Rival> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/rival/Cargo.toml");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["run", "--quiet", "--release", "--manifest-path", manifest, "--", &instances.to_string()];
    let output = Command::new(cargo).args(arguments).output().ok()?;
    let figures = serde_json::from_slice(&output.stdout).ok();
    if figures.is_none() {
        eprintln!("the rival does not run: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    figures
}

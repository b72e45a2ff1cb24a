//! The grid runs through once, proves every cell, and every line it prints can be read.

use std::error::Error;
use std::process::{Command, Stdio};

/// The keys of a line.
const KEYS: [&str; 14] = [
    "cell",
    "operation",
    "n",
    "chain",
    "constraint",
    "state",
    "route",
    "cpuNs",
    "kernelNs",
    "scanNs",
    "rivalNs",
    "allocations",
    "bytesPerInstance",
    "bytesPerTask",
];

/// Operations that allocate nothing once warm.
const FREE: [&str; 10] = [
    "place",
    "churn",
    "churn-in-savepoint",
    "churn-foreseen",
    "churn-foreseen-in-savepoint",
    "batch",
    "list",
    "list-one-by-one",
    "rollback",
    "rollback-placements",
];

#[test]
fn the_quick_grid_runs_through_and_allocates_nothing_where_it_must_not() -> Result<(), Box<dyn Error>> {
    let grid = Command::new(env!("CARGO_BIN_EXE_grid")).arg("--quick").stderr(Stdio::inherit()).output()?;
    assert!(grid.status.success());
    let text = String::from_utf8(grid.stdout)?;
    assert!(text.lines().count() > 1500, "{} cells", text.lines().count());
    for line in text.lines() {
        let line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line)?;
        assert_eq!(line.len(), KEYS.len(), "{line:?}");
        assert!(KEYS.iter().all(|&key| line.contains_key(key)), "{line:?}");
        if FREE.iter().any(|&operation| line["operation"] == operation) {
            assert_eq!(line["allocations"], 0, "{line:?}");
        }
    }
    Ok(())
}

#[test]
fn a_grid_without_instances_or_cells_is_refused_in_words() -> Result<(), Box<dyn Error>> {
    for (arguments, words) in [(["--n", "0"], "at least 1"), (["--only", "no-such-cell"], "no cell of these sizes")] {
        let grid = Command::new(env!("CARGO_BIN_EXE_grid")).arg("--quick").args(arguments).output()?;
        let text = String::from_utf8(grid.stderr)?;
        assert!(!grid.status.success() && text.contains(words) && !text.contains("panicked"), "{text}");
    }
    Ok(())
}

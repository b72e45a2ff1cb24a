//! Instructions of a process, counted by valgrind.

use std::path::Path;
use std::process::Command;

use crate::hot::Hot;
use crate::meter::Outcome;

/// Whether there is something to count with.
#[must_use]
pub fn can_be_counted() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok()
}

/// Instructions of one repetition of an operation: a process does it so many times, another twice as many, and the difference is
/// the operation's alone. `program` is the binary `count`.
///
/// # Errors
/// That valgrind or the program fails.
pub fn of_one(program: &Path, operation: &Hot) -> Outcome<u64> {
    let Hot { name, repetitions, .. } = operation;
    let (once, twice) = (of_process(program, name, *repetitions)?, of_process(program, name, 2 * repetitions)?);
    Ok(twice.saturating_sub(once) / u64::try_from(*repetitions)?)
}

/// Instructions of a process that runs an operation so many times.
fn of_process(program: &Path, name: &str, times: usize) -> Outcome<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["--run", name, &times.to_string()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let count = text.lines().find_map(|line| line.split("Collected :").nth(1)?.trim().parse().ok());
    match count {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(format!("valgrind fails on {name}: {text}").into()),
    }
}

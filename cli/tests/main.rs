//! The tool as its users meet it: the real binary, run as a process.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic in a test is a failed test")]

mod conformance;
mod fleet;
mod pack;
mod place;
mod query;
mod rearrange;
mod replay;
mod shell;
mod solvers;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
struct Output {
    /// Exit code.
    code: Option<i32>,
    /// Standard output.
    out: String,
    /// Standard error.
    err: String,
}

/// Runs the tool in the root of the workspace.
fn run(args: &[&str]) -> Output {
    run_with(args, b"")
}

/// Runs the tool with something on standard input.
fn run_with(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_placewright"))
        .args(args)
        .current_dir(root())
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // The tool may end before it has read everything.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Output {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A folder of its own for one test, emptied.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Asserts that a run was refused in one line, with nothing on standard output.
fn assert_refused(output: &Output) {
    assert_eq!(output.code, Some(2), "{output:?}");
    assert_eq!(output.out, "", "{output:?}");
    assert_eq!(output.err.lines().count(), 1, "{output:?}");
    assert!(output.err.ends_with('\n') && output.err.starts_with("placewright: "), "{output:?}");
}

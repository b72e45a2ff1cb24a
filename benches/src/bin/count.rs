//! Counts the instructions of the ten hottest operations with valgrind, and compares them with those in the repository.
//!
//! Each operation runs in a process of its own, once so many times and once twice as many: the difference is the
//! operation's alone, set-up and proof cancel out. Counts do not depend on what else the machine does. A rise above 2 %
//! fails; `--update` writes the counts down instead. Another compiler makes other code, so its counts are shown, not judged.
//!
//! `cargo run --release -p placewright-benches --bin count -- [--update]`, for the plain target of x86-64.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, ExitCode};

use clap::Parser;
use placewright_benches::hot;
use placewright_benches::meter::Outcome;
use serde::{Deserialize, Serialize};

/// Where the counts are kept.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.json");
/// Highest share of the kept count, in percent.
const PERCENT_MAX: u64 = 102;

/// Counts the instructions of the hottest operations.
#[derive(Debug, Parser)]
struct Arguments {
    /// Write the counts down instead of comparing them
    #[arg(long)]
    update: bool,
    /// Run one operation so many times, and count nothing
    #[arg(long, num_args = 2, value_names = ["OPERATION", "TIMES"])]
    run: Vec<String>,
}

/// The counts in the repository.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// The compiler they were made with.
    rustc: String,
    /// Instructions of one operation, by its name.
    instructions: BTreeMap<String, u64>,
}

fn main() -> Outcome<ExitCode> {
    let arguments = Arguments::parse();
    if let [operation, times] = &arguments.run[..] {
        (hot::find(operation)?.run)(times.parse()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("skipped: no valgrind to count instructions with");
        return Ok(ExitCode::SUCCESS);
    }
    let mut counted = Kept { rustc: rustc()?, instructions: BTreeMap::new() };
    for name in hot::names() {
        let repetitions = hot::find(&name)?.repetitions;
        let (once, twice) = (instructions(&name, repetitions)?, instructions(&name, 2 * repetitions)?);
        let each = twice.saturating_sub(once) / u64::try_from(repetitions)?;
        println!("{name:72} {each:>12} instructions");
        counted.instructions.insert(name, each);
    }
    if arguments.update {
        fs::write(KEPT, serde_json::to_string_pretty(&counted)? + "\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let kept: Kept = serde_json::from_str(&fs::read_to_string(KEPT)?)?;
    if kept.rustc != counted.rustc {
        println!("not judged: the kept counts are of {}, these of {}", kept.rustc, counted.rustc);
        return Ok(ExitCode::SUCCESS);
    }
    let mut code = ExitCode::SUCCESS;
    for (name, &count) in &counted.instructions {
        let Some(&was) = kept.instructions.get(name) else {
            return Err(format!("{name} has no kept count; write it down with --update").into());
        };
        if count * 100 > was * PERCENT_MAX {
            println!("{name} takes {count} instructions, more than 2 % above the {was} that are kept");
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

/// The compiler's version.
fn rustc() -> Outcome<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_string())
}

/// Instructions of a process that runs an operation so many times.
fn instructions(name: &str, times: usize) -> Outcome<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["--run", name, &times.to_string()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let count = text.lines().find_map(|line| line.split("Collected :").nth(1)?.trim().parse().ok());
    match count {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(format!("valgrind fails on {name}: {text}").into()),
    }
}

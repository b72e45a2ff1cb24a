//! Counts the instructions of the ten hottest operations with valgrind, and compares them with those in the repository.
//!
//! Each operation runs in a process of its own, once so many times and once twice as many: the difference is the
//! operation's alone, set-up and proof cancel out. Counts do not depend on what else the machine does.
//!
//! The kept counts are in `benches/instructions.json`, with the compiler and the target they were made with. A rise above 2 %
//! fails. Another compiler makes other code: then that is said, and only a rise above 10 % fails. Counts of another target are
//! shown and not judged, which is said as well. `--update` writes the counts down instead.
//!
//! `cargo run --release -p placewright-benches --bin count -- [--update]`, for the plain target of x86-64.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, ExitCode};

use clap::Parser;
use placewright_benches::meter::Outcome;
use placewright_benches::{control, hot, instructions};
use serde::{Deserialize, Serialize};

/// Where the counts are kept.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.json");
/// Most that a count may rise, in percent of the kept one.
const RISE_MAX: u64 = 2;
/// The same where another compiler made the kept ones: three releases in a row made code within this of each other.
const RISE_MAX_OF_COMPILERS: u64 = 10;

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
    /// Architecture, system and, where it is on, AVX2.
    target: String,
    /// Instructions of one operation, by its name.
    instructions: BTreeMap<String, u64>,
}

fn main() -> Outcome<ExitCode> {
    let arguments = Arguments::parse();
    if let [operation, times] = &arguments.run[..] {
        let operation = hot::find(operation).or_else(|_| control::find(operation));
        (operation?.run)(times.parse()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !instructions::can_be_counted() {
        println!("skipped: no valgrind to count instructions with");
        return Ok(ExitCode::SUCCESS);
    }
    let mut counted = Kept { rustc: rustc()?, target: target(), instructions: BTreeMap::new() };
    for name in hot::names() {
        let each = instructions::of_one(&std::env::current_exe()?, &hot::find(&name)?)?;
        println!("{name:72} {each:>12} instructions");
        counted.instructions.insert(name, each);
    }
    if arguments.update {
        fs::write(KEPT, serde_json::to_string_pretty(&counted)? + "\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let kept: Kept = serde_json::from_str(&fs::read_to_string(KEPT)?)?;
    let rise_max = match allowed_rise(&kept, &counted) {
        Ok(rise_max) => rise_max,
        Err(why) => {
            println!("NOT COMPARED: {why}");
            return Ok(ExitCode::SUCCESS);
        }
    };
    if rise_max != RISE_MAX {
        let (kept, counted) = (&kept.rustc, &counted.rustc);
        println!(
            "NOT COMPARED within {RISE_MAX} %, only within {rise_max} %: {KEPT} was made with {kept}, this with {counted}"
        );
    }
    let risen = risen(&kept, &counted, rise_max)?;
    for words in &risen {
        println!("{words}");
    }
    Ok(if risen.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Most that counts may rise above the kept ones, in percent, or why they cannot be compared.
fn allowed_rise(kept: &Kept, counted: &Kept) -> Result<u64, String> {
    match (kept.target == counted.target, kept.rustc == counted.rustc) {
        (false, _) => Err(format!("{KEPT} has counts of {}, these are of {}", kept.target, counted.target)),
        (true, true) => Ok(RISE_MAX),
        (true, false) => Ok(RISE_MAX_OF_COMPILERS),
    }
}

/// What is to be said of each count that rose by more than so many percent.
fn risen(kept: &Kept, counted: &Kept, rise_max: u64) -> Outcome<Vec<String>> {
    let mut risen = Vec::new();
    for (name, &count) in &counted.instructions {
        let Some(&was) = kept.instructions.get(name) else {
            return Err(format!("{name} has no kept count; write it down with --update").into());
        };
        if count * 100 > was * (100 + rise_max) {
            risen.push(format!(
                "{name} takes {count} instructions, more than {rise_max} % above the {was} that are kept"
            ));
        }
    }
    Ok(risen)
}

/// The target this is built for.
fn target() -> String {
    let avx2 = if cfg!(target_feature = "avx2") { "+avx2" } else { "" };
    format!("{}-{}{avx2}", std::env::consts::ARCH, std::env::consts::OS)
}

/// The compiler's version.
fn rustc() -> Outcome<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Kept, allowed_rise, risen};

    /// One count, of an operation called `place`.
    fn kept(rustc: &str, target: &str, count: u64) -> Kept {
        let instructions = BTreeMap::from([("place".to_string(), count)]);
        Kept { rustc: rustc.into(), target: target.into(), instructions }
    }

    #[test]
    fn counts_of_another_compiler_may_rise_further_and_those_of_another_target_are_not_judged() {
        let was = kept("1", "a", 1000);
        for (rustc, count, expected) in [("1", 1020, 0), ("1", 1021, 1), ("2", 1100, 0), ("2", 1101, 1), ("2", 1, 0)] {
            let now = kept(rustc, "a", count);
            let rise_max = allowed_rise(&was, &now).unwrap_or(u64::MAX);
            assert_eq!(risen(&was, &now, rise_max).map(|risen| risen.len()).ok(), Some(expected), "{rustc} {count}");
        }
        let other = allowed_rise(&was, &kept("1", "b", 1)).err();
        assert!(other.is_some_and(|why| why.contains("of a, these are of b")));
        assert!(risen(&Kept { instructions: BTreeMap::new(), ..was }, &kept("1", "a", 1), 2).is_err(), "no kept count");
    }
}

//! The arguments of every command.

use std::path::PathBuf;

use clap::builder::styling::Styles;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

/// Exit code: unusable input or arguments.
pub(crate) const BAD_INPUT: u8 = 2;

/// Exit codes of every command, for `--help`.
const EXIT_CODES: &str = "\
Exit codes:
  0  done: all tasks placed, all cases passed, the steps ran
  1  a conformance case failed, or the output cannot be written
  2  unusable input or arguments
  3  some tasks were not placed";

/// Amazon ECS task placement, exactly and outside AWS.
#[derive(Debug, Parser)]
#[command(name = "placewright", version, styles = Styles::plain(), after_help = EXIT_CODES)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the steps of a case and print exactly what happened, as one JSON document.
    Replay(ReplayArgs),
    /// Check every conformance case below a folder.
    Conformance(ConformanceArgs),
    /// Print a completion script for a shell.
    Completions(CompletionsArgs),
}

/// Arguments of `replay`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  placewright replay case.json
  placewright replay --reverse --rotate 2 --seed 7 - < case.json

Exit codes:
  0  the steps ran, whatever their outcome
  2  the file or the options are unusable: one line on standard error, nothing on standard output")]
pub(crate) struct ReplayArgs {
    /// Case of the format ecs-placement-conformance/1; `-` reads standard input.
    #[arg(value_name = "CASE.json")]
    pub(crate) case: PathBuf,
    /// Feed the instances, and the attributes of each, in reverse order.
    #[arg(long)]
    pub(crate) reverse: bool,
    /// Move the first N instances, modulo their number, to the end.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) rotate: u64,
    /// What chooses the instances.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) route: RouteName,
    /// Seed of steps without `xSeed`.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
}

/// Routes by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum RouteName {
    /// The engine, asking every instance.
    #[default]
    Scan,
    /// The engine through its indexes.
    Indexed,
    /// The naive model.
    Oracle,
}

/// Arguments of `conformance`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Each case runs as given, reversed and rotated, by the engine and by the oracle; cases in a sub-folder `ordered` only as
given. The last lines are the digest of all placements and `N passed, N failed, N skipped`.

Example:
  placewright conformance core/testdata/placement

Exit codes:
  0  no case failed
  1  a case failed
  2  the folder is unusable")]
pub(crate) struct ConformanceArgs {
    /// Folder with cases; sub-folders count.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Print every reason of a failed case, not only the first.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

/// Arguments of `completions`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Example:
  placewright completions bash > ~/.local/share/bash-completion/completions/placewright")]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

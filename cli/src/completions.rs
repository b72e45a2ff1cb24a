//! `completions`: a script that teaches a shell the arguments.

use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::args::{Args, CompletionsArgs};
use crate::io::{self, Failure};

/// Prints the script.
pub(crate) fn run(args: &CompletionsArgs) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "placewright", &mut script);
    io::print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

//! `placewright`: Amazon ECS task placement from the command line.
//!
//! Arguments in, core out: every command reads its files, asks the library, and prints what it answers. Nothing here
//! decides where a task goes or whether a case passed.
#![forbid(unsafe_code)]

mod answer;
mod args;
mod catalogue;
mod completions;
mod conformance;
mod document;
mod fleet;
mod io;
mod keys;
mod pack;
mod place;
mod query;
mod rearrange;
mod replay;
mod table;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command};
use io::Failure;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return refuse(&error),
    };
    let result = match &args.command {
        Command::Place(args) => place::run(args),
        Command::Query(args) => query::run(args),
        Command::Pack(args) => pack::run(args),
        Command::Fleet(args) => fleet::run(args),
        Command::Rearrange(args) => rearrange::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Conformance(args) => conformance::run(args),
        Command::Completions(args) => completions::run(args),
    };
    match result {
        Ok(code) => code,
        Err(Failure::Input(message)) => {
            io::complain(&message);
            ExitCode::from(args::BAD_INPUT)
        }
        Err(Failure::Text(text)) => {
            io::complain_at_length(&text);
            ExitCode::from(args::BAD_INPUT)
        }
        Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(Failure::Output(message)) => {
            io::complain(&message);
            ExitCode::FAILURE
        }
    }
}

/// Answers arguments that were not understood: `replay` promises one line, the other commands say it at length.
fn refuse(error: &clap::Error) -> ExitCode {
    let is_replay = std::env::args_os().nth(1).is_some_and(|command| command == "replay");
    if error.use_stderr() && is_replay {
        let text = error.render().to_string();
        let lines = text.lines().take_while(|line| !line.starts_with("Usage:")).map(str::trim);
        let line: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        let line = line.join(" ");
        io::complain(line.trim_start_matches("error: "));
    } else {
        // OK: there is nobody left to tell when even this cannot be written.
        drop(error.print());
    }
    if error.use_stderr() { ExitCode::from(args::BAD_INPUT) } else { ExitCode::SUCCESS }
}

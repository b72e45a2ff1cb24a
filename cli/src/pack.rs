//! `pack`: packs items into bins, as one JSON document in, and one or a table out.

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use placewright::adapter::{PackRequest, answer_json};
use placewright::pack::solve;

use crate::answer;
use crate::args::{AnswerFormat, NOT_ALL_PLACED, PackArgs};
use crate::document;
use crate::io::{self, Failure};

/// Reads the problem, solves it within its time, and prints the answer.
pub(crate) fn run(args: &PackArgs) -> Result<ExitCode, Failure> {
    let request = document::with_json(&args.problem, PackRequest::from_json)?;
    let start = Instant::now();
    let time = request.milliseconds.map(Duration::from_millis);
    let answer = solve(&request.problem, &request.options, &mut |_| {
        if time.is_some_and(|time| start.elapsed() >= time) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    let milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    io::print(&match args.format {
        AnswerFormat::Json => format!("{}\n", answer_json(&request.problem, &answer, milliseconds)),
        AnswerFormat::Table => answer::packing(&request.problem, &answer, milliseconds),
    })?;
    Ok(if answer.unpacked.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(NOT_ALL_PLACED) })
}

//! `replay`: runs the steps of a case and prints what happened, as the case format fixes it. Of a packing case, the
//! answer or the error.

use std::process::ExitCode;

use placewright::testkit::case::Reorder;
use placewright::testkit::conformance::{self, ReplayOptions, Route};
use placewright::testkit::packing;

use crate::args::{ReplayArgs, RouteName};
use crate::io::{self, Failure};

/// Runs the case; prints its document and nothing else.
pub(crate) fn run(args: &ReplayArgs) -> Result<ExitCode, Failure> {
    let route = match args.route {
        None => Route::Auto,
        Some(RouteName::Scan) => Route::Scan,
        Some(RouteName::Indexed) => Route::Indexed,
        Some(RouteName::Oracle) => Route::Oracle,
    };
    let order = Reorder { reverse: args.reverse, rotate: args.rotate };
    let text = io::read(&args.case)?;
    let in_case = |message: String| Failure::Input(format!("{}: {message}", io::name(&args.case)));
    if packing::is_case(&text) {
        if args.reverse || args.rotate > 0 || args.route.is_some() || args.seed > 0 {
            return Err(in_case("a packing case takes no --reverse, --rotate, --route or --seed".to_string()));
        }
        let outcome = packing::read(&text).and_then(|case| packing::run(&case)).map_err(in_case)?;
        io::print(&format!("{outcome}\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let case = conformance::read(&text).map_err(in_case)?;
    let document = conformance::replay(&case, &ReplayOptions { order, route, seed: args.seed }).map_err(in_case)?;
    io::print(&format!("{document}\n"))?;
    Ok(ExitCode::SUCCESS)
}

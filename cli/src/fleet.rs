//! `fleet`: chooses instance types for a mix of tasks, as one JSON document in, a catalogue, and one document or tables out.

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use placewright::Error;
use placewright::adapter::{FleetRequest, fleet_json};
use placewright::expr;
use placewright::json::Json;

use crate::answer;
use crate::args::{AnswerFormat, FleetArgs, NOT_ALL_PLACED};
use crate::catalogue::{Catalogue, Columns};
use crate::document;
use crate::io::{self, Failure};

/// What is said where nothing is to be had.
const NO_CATALOGUE: &str = "there are no types to choose from: give a catalogue by --catalogue FILE, CSV with a header \
    (instance_type, alloc_cpu_milli, alloc_memory_mib, price_usd_hour; other names by --id, --column, --price; \
    cli/samples/types.csv is one) or a JSON array, or as `catalogue` in the mix";

/// Reads the mix and the catalogue, plans within the mix's time, and prints the plan.
pub(crate) fn run(args: &FleetArgs) -> Result<ExitCode, Failure> {
    io::check_standard_input(std::iter::once(&args.mix).chain(&args.catalogue))?;
    let only = match &args.only {
        None => None,
        Some(text) => {
            let expression = expr::compile(text);
            Some(expression.map_err(|error| document::in_argument("--only", Some(text), &error))?)
        }
    };
    let columns = Columns::new(args)?;
    let catalogue = args.catalogue.as_deref().map(Catalogue::read).transpose()?;
    let text = io::read(&args.mix)?;
    let in_mix = |error: Error| document::in_file(&args.mix, &text, &error);
    let json = Json::parse(&text).map_err(in_mix)?;
    let is_within = json.get("catalogue").is_some_and(|within| *within != Json::Null);
    // What is wrong with the catalogue is no matter of the mix, and has a file of its own.
    let mut in_catalogue = None;
    let request = FleetRequest::from_json(&json, |dimensions, fleet| {
        let options = fleet.options_mut();
        options.only.clone_from(&only);
        if let Some(percent) = args.headroom {
            options.headroom_percent = percent;
        }
        in_catalogue = match &catalogue {
            Some(catalogue) => catalogue.add_to(fleet, dimensions, &columns).err(),
            None if is_within => None,
            None => Some(Failure::Input(NO_CATALOGUE.to_string())),
        };
        Ok(())
    });
    if let Some(failure) = in_catalogue {
        return Err(failure);
    }
    let request = request.map_err(in_mix)?;
    let start = Instant::now();
    let time = request.milliseconds.map(Duration::from_millis);
    let plan = request.fleet.plan(&mut |_| {
        if time.is_some_and(|time| start.elapsed() >= time) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    let plan = plan.map_err(|error| in_mix(error.in_path("fleet")))?;
    let milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    io::print(&match args.format {
        AnswerFormat::Json => format!("{}\n", fleet_json(&plan, milliseconds)),
        AnswerFormat::Table => answer::fleet(&plan, milliseconds),
    })?;
    Ok(if plan.answer.unpacked.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(NOT_ALL_PLACED) })
}

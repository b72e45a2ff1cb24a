//! `rearrange`: plans moves in a cluster, as describe output in and one JSON document out.

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use placewright::adapter::read_rearrange;
use placewright::json::Json;
use placewright::planner::rearrange::{GroupRules, RearrangeOptions};

use crate::args::{RearrangeArgs, RearrangeGoal};
use crate::document::{self, Document};
use crate::io::{self, Failure};

/// Reads the cluster, its tasks and its services, plans, and prints the plan.
pub(crate) fn run(args: &RearrangeArgs) -> Result<ExitCode, Failure> {
    let files = args.cluster.iter().chain(&args.tasks).chain(&args.definition).chain(&args.services);
    io::check_standard_input(files)?;
    let mut session = document::cluster(&args.cluster, &[])?;
    let of_cluster = session.take_warnings();
    for path in &args.definition {
        document::with_document(path, Document::Definition, |json| session.register_task_definition_json(json))?;
    }
    for tasks in &args.tasks {
        document::with_document(tasks, Document::Tasks, |json| session.load_tasks_json(json))?;
    }
    let options = options(args)?;
    for rules in options.rules.iter().filter(|rules| session.cluster().running_tasks_of(&rules.group) == 0) {
        io::complain(&format!("warning: no task is in the group `{}`", rules.group));
    }
    // The cluster's warnings are about network interfaces, which few tasks ask for.
    let cluster = session.cluster();
    let has_eni = cluster.tasks().any(|id| cluster.task(id).is_ok_and(|task| task.demand().eni));
    document::tell_warnings(if has_eni { of_cluster } else { Vec::new() });
    document::tell_warnings(session.take_warnings());
    let start = Instant::now();
    let time = args.milliseconds.map(Duration::from_millis);
    let plan = session.rearrange(&options, &mut |_| {
        if time.is_some_and(|time| start.elapsed() >= time) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    let in_arguments = |error: placewright::Error| document::in_argument("rearrange", None, &error);
    let plan = plan.map_err(in_arguments)?;
    let json = session.rearrange_plan_json(&plan, &options).map_err(in_arguments)?;
    io::print(&format!("{json}\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// The options: those of the files of services, and the arguments.
fn options(args: &RearrangeArgs) -> Result<RearrangeOptions, Failure> {
    let number = |number: u64| Json::from(number);
    let mut entries = vec![
        ("goal", Json::from(if args.goal == RearrangeGoal::Empty { "empty" } else { "spread" })),
        ("stopFirst", Json::Bool(args.stop_first)),
    ];
    entries.extend(args.group.as_deref().map(|group| ("group", Json::from(group))));
    entries.extend(args.attribute.as_deref().map(|attribute| ("attribute", Json::from(attribute))));
    entries.extend(args.moves.map(|moves| ("moves", number(moves))));
    entries.extend(args.moves_per_group.map(|moves| ("movesPerGroup", number(moves))));
    entries.extend(args.steps.map(|steps| ("steps", number(steps))));
    if args.any_skew {
        entries.push(("skewMax", Json::Null));
    } else if let Some(skew) = args.skew {
        entries.push(("skewMax", number(skew)));
    }
    entries.push(("pinned", Json::array(args.pinned.iter().map(|group| Json::from(group.as_str())))));
    let json = Json::object(entries);
    let mut options = read_rearrange(&json).map_err(|error| document::in_argument("rearrange", None, &error))?;
    for path in &args.services {
        let read = document::with_json(path, |json| {
            // A describe-services answer, or its array alone.
            let services = match json {
                Json::Array(_) => json.clone(),
                other => other.as_fields()?.required("services")?.clone(),
            };
            Ok(read_rearrange(&Json::object([("services", services)]))?.rules)
        })?;
        for rules in read {
            match options.rules.iter_mut().find(|known| known.group == rules.group) {
                Some(known) => known.constraints.extend(rules.constraints),
                None => options.rules.push(GroupRules { is_pinned: false, ..rules }),
            }
        }
    }
    Ok(options)
}

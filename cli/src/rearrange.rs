//! `rearrange`: plans moves in a cluster, as describe output in, and one JSON document or tables out.

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use placewright::adapter::{Session, read_rearrange};
use placewright::json::Json;
use placewright::planner::rearrange::{GroupRules, RearrangeOptions, RearrangePlan};

use crate::args::{AnswerFormat, RearrangeArgs, RearrangeGoal};
use crate::document::{self, Document};
use crate::io::{self, Failure};
use crate::table;

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
    io::print(&match args.format {
        AnswerFormat::Json => format!("{}\n", session.rearrange_plan_json(&plan, &options).map_err(in_arguments)?),
        AnswerFormat::Table => tables(&session, &plan),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A plan for people: its moves in order, what they empty, and figures before and after.
fn tables(session: &Session, plan: &RearrangePlan) -> String {
    let cluster = session.cluster();
    let name = |text: &str| io::one_line(table::short(text));
    let instance = |id| cluster.instance(id).map_or_else(|_| "-".to_string(), |instance| name(instance.name()));
    let moves = plan.moves.iter().zip(1u64..).map(|(planned, number)| {
        let task = cluster.task(planned.task);
        let (group, definition) = task.map_or(("-", "-"), |task| (task.group(), task.definition()));
        let id = session.task_name(planned.task).unwrap_or_default();
        let [from, to] = [planned.from, planned.to].map(instance);
        vec![number.to_string(), name(&id), io::one_line(group), name(definition), from, to]
    });
    let moves: Vec<_> = moves.collect();
    let mut text = if moves.is_empty() {
        "No move makes it better.\n".to_string()
    } else {
        table::columns(&["move", "task", "group", "definition", "from", "to"], &moves)
    };
    if !plan.emptied.is_empty() {
        let emptied: Vec<_> = plan.emptied.iter().map(|&id| vec![instance(id)]).collect();
        text.push('\n');
        text.push_str(&table::columns(&["emptied"], &emptied));
    }
    let (before, after) = (&plan.before, &plan.after);
    let figures = [
        ("instances with tasks", before.instances.to_string(), after.instances.to_string()),
        ("CPU units left on them", before.cpu_left.to_string(), after.cpu_left.to_string()),
        ("MiB of memory left", before.memory_left_mib.to_string(), after.memory_left_mib.to_string()),
        ("GPUs left", before.gpus_left.to_string(), after.gpus_left.to_string()),
        ("greatest skew of a group", before.skew_max.to_string(), after.skew_max.to_string()),
        ("skew of all groups", before.skew_sum.to_string(), after.skew_sum.to_string()),
    ];
    let figures: Vec<_> =
        figures.into_iter().map(|(name, before, after)| vec![name.to_string(), before, after]).collect();
    text.push('\n');
    text.push_str(&table::columns(&["", "before", "after"], &figures));
    if plan.is_cut_short {
        text.push_str("\nThe steps or the time were used up: more moves may be worth while.\n");
    }
    text
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

//! `place`: tasks of a definition onto a cluster, and the answer as tables or as JSON.

use std::collections::HashMap;
use std::fs;
use std::process::ExitCode;

use placewright::adapter::{BatchExplanation, RunTaskResponse, Session};
use placewright::json::Json;
use placewright::report::{Explanation, Failure as Reason};
use placewright::{InstanceId, InstanceStatus, InstanceView, Request, ResourceKind, TieBreak};

use crate::args::{NOT_ALL_PLACED, PlaceArgs, PlaceFormat, TieBreakName};
use crate::document::{self, Document};
use crate::io::{self, Failure};
use crate::table::{self, Pens};

/// Most tasks that are explained.
const EXPLAINED_MAX: usize = 10;
/// Most rows of one table.
const ROWS_MAX: usize = 100;

/// What was in use of an instance before tasks were placed.
struct Before {
    /// The instance.
    id: InstanceId,
    /// Amounts in use, in the order of [`SHOWN`].
    used: [i64; SHOWN.len()],
}

/// The resources that are shown: CPU and memory as bars, and as counts those that come in small numbers.
const SHOWN: [ResourceKind; 4] = [ResourceKind::Cpu, ResourceKind::Memory, ResourceKind::Gpu, ResourceKind::Eni];

/// Places the tasks and prints where they went.
pub(crate) fn run(args: &PlaceArgs) -> Result<ExitCode, Failure> {
    let (mut session, of_cluster, definition) = load(args)?;
    let request = request(args, &mut session, definition.as_deref())?;
    // The cluster's warnings are about network interfaces, which few tasks ask for.
    document::tell_warnings(if request.demand.eni { of_cluster } else { Vec::new() });
    document::tell_warnings(session.take_warnings());
    let before = amounts(&session);
    let explained = if args.explain { EXPLAINED_MAX } else { 0 };
    let failed = |error| document::in_argument("place", None, &error);
    let explanation = session.explain_tasks(&request, explained).map_err(failed)?;
    let response = session.place(&request).map_err(failed)?;
    let is_complete = explanation.not_placed.is_none();
    if let Some(path) = &args.export {
        if path.as_os_str() == "-" {
            return Err(Failure::Input("--export takes a file; standard output has the answer".to_string()));
        }
        let cannot = |error| Failure::Output(format!("cannot write {}: {error}", path.display()));
        fs::write(path, session.export() + "\n").map_err(cannot)?;
    }
    let text = match args.format {
        PlaceFormat::Json => json(&response, &explanation)?,
        PlaceFormat::Table => {
            let pens = Pens::new(args.ascii || !table::is_utf8());
            tables(
                &Answer { session: &session, request: &request, response: &response, before: &before },
                &explanation,
                pens,
            )
        }
    };
    io::print(&text)?;
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::from(NOT_ALL_PLACED) })
}

/// The cluster with its definitions and tasks, the warnings of the cluster, and the name of the definition to place.
fn load(args: &PlaceArgs) -> Result<(Session, Vec<String>, Option<String>), Failure> {
    let zones: Option<Vec<(&str, &str)>> = args.subnet_zone.iter().map(|zone| zone.split_once('=')).collect();
    let zones = zones.ok_or_else(|| Failure::Input("--subnet-zone takes ID=ZONE".to_string()))?;
    let (clusters, definition) = args.files()?;
    let definitions = || definition.into_iter().chain(&args.definition);
    io::check_standard_input(definitions().chain(&args.tasks).chain(&args.request).chain(clusters.iter().copied()))?;
    let mut session = document::cluster(&clusters, &zones)?;
    let warnings = session.take_warnings();
    let mut first = None;
    for path in definitions() {
        let name =
            document::with_document(path, Document::Definition, |json| session.register_task_definition_json(json))?;
        first.get_or_insert(name);
    }
    for path in &args.tasks {
        document::with_document(path, Document::Tasks, |json| session.load_tasks_json(json))?;
    }
    document::tell_warnings(session.take_warnings());
    if !args.subnet.is_empty() && args.subnet_zone.is_empty() {
        io::complain("warning: zones are not checked: no --subnet-zone says where the subnets are");
    }
    Ok((session, warnings, first))
}

/// The request: a RunTask call from a file, or what the arguments ask for.
fn request(args: &PlaceArgs, session: &mut Session, definition: Option<&str>) -> Result<Request, Failure> {
    let mut request = if let Some(path) = &args.request {
        document::with_document(path, Document::Request, |json| session.read_run_task(json))?
    } else {
        let name =
            definition.ok_or_else(|| Failure::Input("no task definition and no --request is given".to_string()))?;
        let of_arguments = |error: placewright::Error| {
            let constraint =
                error.path().and_then(|path| path.strip_prefix("placementConstraints[")?.split(']').next());
            let constraint = constraint.and_then(|at| args.constraint.get(at.parse::<usize>().ok()?));
            let expression = constraint.and_then(|constraint| constraint.strip_prefix("memberOf:"));
            document::in_argument("request", expression, &error)
        };
        session.read_place(&asked(args, name)).map_err(of_arguments)?
    };
    match args.tie_break {
        Some(TieBreakName::Registration) => request.tie_break = TieBreak::Registration,
        Some(TieBreakName::Seeded) => request.tie_break = TieBreak::Seeded,
        None => {}
    }
    Ok(request)
}

/// The arguments in the shape of a RunTask call.
fn asked<'a>(args: &'a PlaceArgs, definition: &'a str) -> Json<'a> {
    let typed = |text: &'a String, key: &'static str| match text.split_once(':') {
        Some((kind, rest)) => Json::object([("type", Json::from(kind)), (key, Json::from(rest))]),
        None => Json::object([("type", Json::from(text.as_str()))]),
    };
    let mut entries = vec![
        ("taskDefinition", Json::from(definition)),
        ("count", Json::from(args.count.unwrap_or(1))),
        ("xSeed", Json::from(args.seed.unwrap_or(0))),
        ("xAllOrNothing", Json::from(args.all_or_nothing)),
        ("placementStrategy", Json::array(args.strategy.iter().map(|rule| typed(rule, "field")))),
        ("placementConstraints", Json::array(args.constraint.iter().map(|rule| typed(rule, "expression")))),
    ];
    entries.extend(args.group.as_deref().map(|group| ("group", Json::from(group))));
    entries.extend(args.launch_type.as_deref().map(|kind| ("launchType", Json::from(kind))));
    if !args.subnet.is_empty() {
        let subnets = Json::array(args.subnet.iter().map(|subnet| Json::from(subnet.as_str())));
        let network = Json::object([("subnets", subnets)]);
        entries.push(("networkConfiguration", Json::object([("awsvpcConfiguration", network)])));
    }
    Json::object(entries)
}

/// What is in use of every instance.
fn amounts(session: &Session) -> Vec<Before> {
    let views = session.cluster().instances().filter_map(|id| session.cluster().instance(id).ok());
    views.map(|instance| Before { id: instance.id(), used: used(instance) }).collect()
}

/// Amounts in use of an instance, in the order of [`SHOWN`].
fn used(instance: InstanceView<'_>) -> [i64; SHOWN.len()] {
    SHOWN.map(|kind| instance.registered(kind) - instance.remaining(kind))
}

/// The RunTask response with the explanation beside it.
fn json(response: &RunTaskResponse, explanation: &BatchExplanation) -> Result<String, Failure> {
    let mut answer = response.to_json();
    if let Json::Object(entries) = &mut answer {
        entries.push(("explanation".into(), explanation.to_json()));
    }
    let text = answer.to_canonical();
    let value: Result<serde_json::Value, _> = serde_json::from_str(&text);
    let pretty = value.and_then(|value| serde_json::to_string_pretty(&value));
    pretty.map(|pretty| pretty + "\n").map_err(|error| Failure::Input(error.to_string()))
}

/// What was asked and answered.
struct Answer<'a> {
    /// The cluster afterwards.
    session: &'a Session,
    /// What was asked for.
    request: &'a Request,
    /// What was placed.
    response: &'a RunTaskResponse,
    /// The amounts before.
    before: &'a [Before],
}

/// The whole answer as text.
fn tables(answer: &Answer<'_>, explanation: &BatchExplanation, pens: Pens) -> String {
    let mut parts = Vec::new();
    let tasks = &answer.response.tasks;
    if !tasks.is_empty() {
        parts.push(placements(answer));
    }
    parts.push(bars(answer, pens));
    let (placed, wanted) = (tasks.len(), answer.request.count);
    let group = io::one_line(&answer.request.group);
    let mut last = format!("{placed} of {wanted} tasks of {} placed in group {group}\n", answer.request.definition);
    if answer.request.all_or_nothing && explanation.not_placed.is_some() && explanation.found > 0 {
        let (found, were) = (explanation.found, if explanation.found == 1 { "was" } else { "were" });
        last.push_str(&format!(
            "{found} found an instance and {were} taken back (all or nothing); the reasons are of that moment\n"
        ));
    }
    if let Some(not_placed) = &explanation.not_placed {
        last.push_str(&reasons(not_placed));
    }
    parts.push(last);
    for (task, explanation) in explanation.placed.iter().enumerate() {
        let lines: String =
            shortened(explanation).to_string().lines().map(|line| format!("  {}\n", io::one_line(line))).collect();
        parts.push(format!("task {}\n{lines}", task + 1));
    }
    parts.join("\n")
}

/// The explanation of a task that was placed, with short ids.
fn shortened(explanation: &Explanation) -> Explanation {
    let mut explanation = explanation.clone();
    if let Some(winner) = &mut explanation.winner {
        winner.name = table::short(&winner.name).to_string();
        if let Some((name, _)) = &mut winner.runner_up {
            *name = table::short(name).to_string();
        }
    }
    explanation
}

/// Where each task went.
fn placements(answer: &Answer<'_>) -> String {
    let tasks = &answer.response.tasks;
    let rows: Vec<Vec<String>> = (1..)
        .zip(tasks)
        .take(ROWS_MAX)
        .map(|(number, task): (usize, _)| {
            let zone = task.availability_zone.as_deref().unwrap_or("-");
            let gpus = if task.gpu_ids.is_empty() { String::new() } else { task.gpu_ids.join(" ") };
            let instance = table::short(&task.container_instance_arn);
            vec![number.to_string(), io::one_line(instance), io::one_line(zone), io::one_line(&gpus)]
        })
        .collect();
    let has_gpus = tasks.iter().any(|task| !task.gpu_ids.is_empty());
    let heading = ["task", "instance", "zone", if has_gpus { "GPUs" } else { "" }];
    table::columns(&heading, &rows) + &more(tasks.len(), "tasks")
}

/// What is in use of each instance, before and after. Of a large cluster only instances that got tasks are shown.
fn bars(answer: &Answer<'_>, pens: Pens) -> String {
    let cluster = answer.session.cluster();
    let all = answer.before.iter().filter_map(|before| Some((before, cluster.instance(before.id).ok()?)));
    let mut new: HashMap<&str, usize> = HashMap::new();
    for task in &answer.response.tasks {
        *new.entry(&task.container_instance_arn).or_default() += 1;
    }
    let all: Vec<_> = all
        .map(|(before, instance)| {
            (instance, before.used, used(instance), new.get(instance.name()).copied().unwrap_or(0))
        })
        .collect();
    let is_large = all.len() > ROWS_MAX;
    let shown = all.iter().filter(|(_, before, after, got)| !is_large || *got > 0 || before != after);
    let gpus = |instance: InstanceView<'_>| Some(instance.registered(ResourceKind::Gpu)).filter(|&gpus| gpus > 0);
    let enis = |instance: InstanceView<'_>| instance.eni_task_slots().filter(|&slots| slots > 0).map(i64::from);
    let has_gpus = all.iter().any(|(instance, ..)| gpus(*instance).is_some());
    let has_enis = all.iter().any(|(instance, ..)| enis(*instance).is_some());
    let counts = [has_gpus.then_some("GPUs"), has_enis.then_some("task ENIs")].into_iter().flatten();
    let rows: Vec<Vec<String>> = shown
        .clone()
        .take(ROWS_MAX)
        .map(|(instance, before, after, got)| {
            let bar = |at: usize| table::bar(instance.registered(SHOWN[at]), before[at], after[at], pens);
            let count = |of: Option<i64>, at: usize| table::count(of, before[at], after[at], pens);
            let zone = instance.attribute("ecs.availability-zone").unwrap_or("-");
            let got = if *got > 0 { format!("+{got}") } else { String::new() };
            let name = io::one_line(table::short(instance.name()));
            let state = match (instance.status(), instance.is_agent_connected()) {
                (InstanceStatus::Active, true) => "",
                (InstanceStatus::Active, false) => "no agent",
                (status, _) => status.as_str(),
            };
            let tasks = instance.running_tasks().to_string();
            let mut row = vec![name, io::one_line(zone), state.into(), tasks, got, bar(0), bar(1)];
            row.extend(has_gpus.then(|| count(gpus(*instance), 2)));
            row.extend(has_enis.then(|| count(enis(*instance), 3)));
            row
        })
        .collect();
    let rest = if is_large { format!("of {} instances, those with new tasks\n", all.len()) } else { String::new() };
    let heading = ["instance", "zone", "state", "tasks", "new", "CPU", "memory"];
    table::columns(&heading.into_iter().chain(counts).collect::<Vec<_>>(), &rows)
        + &more(shown.count(), "instances")
        + &rest
}

/// Why the next task found no instance.
fn reasons(explanation: &Explanation) -> String {
    if explanation.verdicts.is_empty() {
        let registered = explanation.funnel.registered;
        return format!(
            "No Container Instances were found in your cluster: none of {registered} registered is ACTIVE and of the launch \
             type\n"
        );
    }
    let mut text = String::from("\n");
    for (reason, count) in &explanation.reasons {
        text.push_str(&format!("{count} x {reason}\n"));
    }
    text.push('\n');
    let failures = explanation.verdicts.iter().filter_map(|verdict| Some((verdict.name, verdict.failure?)));
    let rows: Vec<Vec<String>> = failures
        .take(ROWS_MAX)
        .map(|(name, failure): (&str, Reason)| {
            vec![io::one_line(table::short(name)), io::one_line(&failure.to_string())]
        })
        .collect();
    text.push_str(&table::columns(&["instance", "why not"], &rows));
    text.push_str(&more(explanation.verdicts.len(), "instances"));
    if let Some(miss) = &explanation.nearest_miss {
        // The phrase ends in the name of the instance.
        let phrase = miss.text.strip_suffix(&miss.name).map(|phrase| phrase.to_string() + table::short(&miss.name));
        text.push_str(&format!("\nnearest: {}\n", io::one_line(phrase.as_ref().unwrap_or(&miss.text))));
    }
    text
}

/// How many rows a table left out, if it did.
fn more(rows: usize, what: &str) -> String {
    match rows.checked_sub(ROWS_MAX) {
        None | Some(0) => String::new(),
        Some(more) => format!("and {more} more {what}\n"),
    }
}

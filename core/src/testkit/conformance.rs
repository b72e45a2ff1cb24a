//! Conformance cases from text to verdict: what `placewright replay` prints and `placewright conformance` concludes.
//!
//! [`read`] takes the text of a case, [`replay`] runs it on a route and gives the document of the format's section "Replay
//! output", [`check`] runs it every way the format asks a runner for and says whether it passed. None of them reads a
//! file, a clock or the environment, so runners in other languages can call them; time comes in through a function.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::case::{self, Reorder};
use super::differential::comparable;
use super::naive::{Oracle, OracleOptions};
use super::replay::{Runner, missing_feature};
use crate::adapter::{Session, SessionOptions};
use crate::cluster;
use crate::limits::ECS_DEFINITION_BYTES_MAX;

/// Most instances of a case that the oracle is asked about: it is cubic where tasks spread.
const ORACLE_INSTANCES_MAX: usize = 2000;

/// What chooses the instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Route {
    /// The engine, by the route it takes of itself.
    #[default]
    Auto,
    /// The engine, asking every instance.
    Scan,
    /// The engine, searching its index.
    Indexed,
    /// The naive model. It knows no codes, only classes.
    Oracle,
}

/// How a case is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReplayOptions {
    /// Order of the instances.
    pub order: Reorder,
    /// What chooses.
    pub route: Route,
    /// Seed of steps without `xSeed`.
    pub seed: u64,
}

/// What became of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Everything expected held, in every order and on every route.
    Pass,
    /// Something did not: one line each.
    Fail(Vec<String>),
    /// A feature is missing; what could be run held.
    Skip(String),
}

/// What a check of one case came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Id of the case; empty where its text has none.
    pub id: String,
    /// Verdict.
    pub verdict: Verdict,
    /// Milliseconds the case took, read and run once in the given order.
    pub millis: u64,
    /// Milliseconds the case allows. Being late is left to the caller, who knows how the program was built.
    pub millis_max: Option<u64>,
    /// What the oracle does not model, where it was left out.
    pub oracle_gap: Option<&'static str>,
    /// What the engine placed in the given order: step and instance of each task.
    pub placements: Vec<(usize, String)>,
}

impl Report {
    /// A report that says no more than the verdict.
    #[must_use]
    pub fn new(id: String, verdict: Verdict) -> Self {
        Self { id, verdict, millis: 0, millis_max: None, oracle_gap: None, placements: Vec::new() }
    }
}

/// How a case is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CheckOptions {
    /// Run it in the given order only: what it expects depends on the order.
    pub is_ordered: bool,
}

/// A case from its text: read, generators expanded, `xSubnets` and `xResources` of the top level put with the cluster.
///
/// # Errors
/// In one line.
pub fn read(text: &str) -> Result<Value, String> {
    let mut case = case::expand(case::parse(text)?)?;
    if let Some(top) = case.as_object_mut() {
        let own: Vec<(&str, Value)> =
            ["xSubnets", "xResources"].into_iter().filter_map(|key| Some((key, top.get(key)?.clone()))).collect();
        let cluster = top.entry("cluster").or_insert_with(|| json!({}));
        if let Some(cluster) = cluster.as_object_mut() {
            for (key, value) in own {
                cluster.entry(key).or_insert(value);
            }
            cluster.entry("containerInstances").or_insert_with(|| json!([]));
        }
    }
    Ok(case)
}

/// Runs every step of a case from [`read`]; the document that `replay` prints.
///
/// # Errors
/// In one line, for a cluster that cannot be loaded.
pub fn replay(case: &Value, options: &ReplayOptions) -> Result<Value, String> {
    let mut case = case.clone();
    case::reorder(&mut case, &options.order);
    let entries = run(&case, options)?;
    Ok(json!({"id": case.get("id").cloned().unwrap_or_default(), "steps": entries}))
}

/// The entries of a case whose instances stand in their order.
fn run(case: &Value, options: &ReplayOptions) -> Result<Vec<Value>, String> {
    match options.route {
        Route::Auto => run_engine(case, options.seed, cluster::Route::Auto),
        Route::Scan => run_engine(case, options.seed, cluster::Route::Scan),
        Route::Indexed => run_engine(case, options.seed, cluster::Route::Indexed),
        Route::Oracle => run_oracle(case, options.seed),
    }
}

/// The entries of the engine.
fn run_engine(case: &Value, seed: u64, route: cluster::Route) -> Result<Vec<Value>, String> {
    let mut runner = Runner::new(case, session_options(seed, route))?;
    steps(case).iter().map(|step| runner.step(step)).collect()
}

/// The entries of the oracle, with what the document needs beside them.
fn run_oracle(case: &Value, seed: u64) -> Result<Vec<Value>, String> {
    let mut missing = missing_feature(case);
    // A case that is skipped as a whole may have a cluster of another build.
    let none = json!({"cluster": {}});
    let loaded = if missing.is_some() { &none } else { case };
    let mut oracle = Oracle::new(loaded, OracleOptions { seed }).map_err(|error| format!("cluster: {error}"))?;
    let mut entries = Vec::new();
    for step in steps(case) {
        missing = missing.or_else(|| missing_feature(step));
        if let Some(feature) = &missing {
            entries.push(json!({"op": step.get("op"), "skipped": feature}));
            continue;
        }
        let mut entry = oracle.step(step);
        if let Some(error) = entry.get_mut("error").and_then(Value::as_object_mut) {
            let class = error.get("class").cloned().unwrap_or_default();
            let text = oracle.last_refusal();
            let message = if text.is_empty() { class.clone() } else { json!(text) };
            error.insert("code".to_string(), class);
            error.insert("message".to_string(), message);
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// The steps of a case.
fn steps(case: &Value) -> &[Value] {
    case.get("steps").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// How many instances a case begins with.
fn instances(case: &Value) -> usize {
    case.pointer("/cluster/containerInstances").and_then(Value::as_array).map_or(0, Vec::len)
}

/// Options of a session in which only the seed is given.
fn session_options(seed: u64, route: cluster::Route) -> SessionOptions {
    let mut options = SessionOptions { seed, ..SessionOptions::default() };
    options.cluster.route = route;
    options
}

/// Checks the text of one case: as given, reversed and rotated, by engine and oracle, against what it expects and what
/// must hold in every case. `clock` says how many milliseconds have passed since some moment.
#[must_use]
pub fn check(text: &str, options: &CheckOptions, clock: &mut dyn FnMut() -> u64) -> Report {
    let start = clock();
    let mut report = Report::new(String::new(), Verdict::Pass);
    let read_and_run = read(text).and_then(|case| {
        let document = replay(&case, &ReplayOptions::default())?;
        Ok((case, document))
    });
    report.millis = clock().saturating_sub(start);
    let (case, document) = match read_and_run {
        Ok(both) => both,
        Err(line) => {
            report.verdict = Verdict::Fail(alloc::vec![line]);
            return report;
        }
    };
    report.id = case.get("id").and_then(Value::as_str).unwrap_or_default().to_string();
    report.millis_max = case.pointer("/limits/maxMillis").and_then(Value::as_u64);
    let entries = document.get("steps").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    report.oracle_gap = oracle_gap(&case);
    report.placements = placements(entries);
    let mut lines = Vec::new();
    for (name, order) in orders(&case, options) {
        let found = check_order(&case, order);
        lines.extend(found.into_iter().map(|line| if name.is_empty() { line } else { format!("{name}: {line}") }));
    }
    let again = replay(&case, &ReplayOptions::default()).map(|again| again.to_string());
    if again.as_ref() != Ok(&document.to_string()) {
        lines.push("a second run in the same process printed something else".to_string());
    }
    let skipped = entries.iter().find_map(|entry| entry.get("skipped")).and_then(Value::as_str);
    report.verdict = match skipped {
        _ if !lines.is_empty() => Verdict::Fail(lines),
        Some(feature) => Verdict::Skip(feature.to_string()),
        None => Verdict::Pass,
    };
    report
}

/// Every order a case is run in, with its name.
fn orders(case: &Value, options: &CheckOptions) -> Vec<(&'static str, Reorder)> {
    let instances = instances(case);
    let half = (instances / 2) as u64;
    let all = [
        ("", Reorder::default()),
        ("reversed", Reorder { reverse: true, rotate: 0 }),
        ("rotated by 1", Reorder { reverse: false, rotate: 1 }),
        ("rotated by half", Reorder { reverse: false, rotate: half }),
    ];
    let is_new = |(at, (_, order)): &(usize, &(&str, Reorder))| {
        let is_same = instances < 2 && *order != Reorder { reverse: true, rotate: 0 };
        *at == 0 || !(options.is_ordered || is_same || (half == 1 && *at == 3))
    };
    all.iter().enumerate().filter(is_new).map(|(_, order)| *order).collect()
}

/// What does not hold in one order.
fn check_order(case: &Value, order: Reorder) -> Vec<String> {
    let mut case = case.clone();
    case::reorder(&mut case, &order);
    let mut lines = Vec::new();
    let scan = match check_engine(&case, &mut lines) {
        Ok(entries) => entries,
        Err(line) => return alloc::vec![line],
    };
    lines.extend(case::judge(&case, &scan));
    lines.extend(case::audit(&case, &scan));
    if oracle_gap(&case).is_some() {
        return lines;
    }
    match run_oracle(&case, 0) {
        Ok(oracle) => {
            let found = case::judge(&case, &oracle).into_iter().chain(case::audit(&case, &oracle));
            lines.extend(found.map(|line| format!("oracle: {line}")));
            lines.extend(difference(&scan, &oracle).map(|step| format!("steps[{step}]: engine and oracle differ")));
        }
        Err(line) => lines.push(format!("oracle: {line}")),
    }
    lines
}

/// The first step to which both routes gave an answer, and not the same one. Where only one of them refused a step, which a
/// case may leave open, they are no longer comparable.
fn difference(scan: &[Value], oracle: &[Value]) -> Option<usize> {
    for (number, (left, right)) in scan.iter().zip(oracle).enumerate() {
        match (left.get("error"), right.get("error")) {
            (None, None) if comparable(left) != comparable(right) => return Some(number),
            (Some(_), None) | (None, Some(_)) => return None,
            _ => {}
        }
    }
    None
}

/// What a case uses that the oracle does not model, if it uses such a thing; the oracle is not asked about the case then.
#[must_use]
pub fn oracle_gap(case: &Value) -> Option<&'static str> {
    let definitions = || {
        let of_steps = steps(case).iter().filter_map(|step| step.get("taskDefinition"));
        case.get("taskDefinitions").and_then(Value::as_array).into_iter().flatten().chain(of_steps)
    };
    let is_fargate = |definition: &Value| {
        let kinds = definition.get("requiresCompatibilities").and_then(Value::as_array);
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "FARGATE"))
    };
    if case.pointer("/cluster/xResources").is_some() {
        Some("custom resources")
    } else if steps(case).iter().any(|step| step.pointer("/request/loadBalancers").is_some()) {
        Some("load balancers")
    } else if definitions().any(is_fargate) {
        Some("Fargate task sizes")
    } else if definitions().any(|definition| definition.to_string().len() > ECS_DEFINITION_BYTES_MAX) {
        Some("the size of a definition")
    } else if instances(case) > ORACLE_INSTANCES_MAX {
        Some("the speed for so many instances")
    } else {
        None
    }
}

/// Runs a case on the engine, watching what only the session shows: both routes answer alike, what is derived agrees, a refusal
/// leaves the exported state as it was, and a session that was exported and imported between any two steps goes on alike.
fn check_engine(case: &Value, lines: &mut Vec<String>) -> Result<Vec<Value>, String> {
    let mut runner = Runner::new(case, session_options(0, cluster::Route::Scan))?;
    let mut indexed = Runner::new(case, session_options(0, cluster::Route::Indexed))?;
    let mut traveller = Runner::new(case, session_options(0, cluster::Route::Auto))?;
    let mut entries = Vec::new();
    for (number, step) in steps(case).iter().enumerate() {
        let before = runner.session().export();
        if !traveller.has_savepoint() {
            match Session::import(&before) {
                Ok(session) if session.export() == before => traveller.set_session(session),
                Ok(_) => lines.push(format!("steps[{number}]: the state does not survive its own JSON")),
                Err(error) => lines.push(format!("steps[{number}]: the exported state is refused: {error}")),
            }
        }
        let entry = runner.step(step)?;
        if traveller.step(step)? != entry {
            lines.push(format!("steps[{number}]: an imported state goes on differently"));
        }
        if indexed.step(step)? != entry {
            lines.push(format!("steps[{number}]: the indexed route answers differently"));
        }
        if let Err(fault) = indexed.session().cluster().validate() {
            lines.push(format!("steps[{number}]: on the indexed route: {fault}"));
        }
        if entry.get("error").is_some() && runner.session().export() != before {
            lines.push(format!("steps[{number}]: was refused and changed the exported state"));
        }
        if let Err(fault) = runner.session().cluster().validate() {
            lines.push(format!("steps[{number}]: {fault}"));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// Step and instance of every task the entries say was placed.
fn placements(entries: &[Value]) -> Vec<(usize, String)> {
    let mut placements = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        let tasks = entry.get("tasks").and_then(Value::as_array).into_iter().flatten();
        let instances = tasks.filter_map(|task| task.get("containerInstanceArn")?.as_str());
        placements.extend(instances.map(|instance| (number, instance.to_string())));
    }
    placements
}

/// SHA-256, in hexadecimal, over every placement of these reports in order of case id: for each the line
/// `["case id",step,"instance"]`, steps counted from 0. Equal on all runners with the same tie-break.
#[must_use]
pub fn digest<'r>(reports: impl IntoIterator<Item = &'r Report>) -> String {
    let mut reports: Vec<&Report> = reports.into_iter().collect();
    reports.sort_by(|left, right| left.id.cmp(&right.id));
    let mut hash = Sha256::new();
    for report in reports {
        for (step, instance) in &report.placements {
            hash.update(json!([report.id, step, instance]).to_string());
            hash.update("\n");
        }
    }
    hash.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A case of one instance for two tasks, whose second step is `step`.
    fn text(step: &Value) -> String {
        json!({
            "format": case::FORMAT,
            "id": "x",
            "limits": {"maxMillis": 5},
            "taskDefinitions": [{"family": "w", "containerDefinitions": [{"name": "a", "cpu": 10, "memory": 10}]}],
            "cluster": {"containerInstances": [{"containerInstanceArn": "ci/a", "registeredResources": [
                {"name": "CPU", "type": "INTEGER", "integerValue": 20},
                {"name": "MEMORY", "type": "INTEGER", "integerValue": 20}]}]},
            "steps": [{"op": "runTask", "request": {"taskDefinition": "w", "count": 2}, "expect": {"placed": 2}}, step]
        })
        .to_string()
    }

    /// A clock that moves by 3 whenever it is read.
    fn clock() -> impl FnMut() -> u64 {
        let mut now = 0;
        move || {
            now += 3;
            now
        }
    }

    #[test]
    fn a_case_passes_fails_or_is_skipped() {
        let check = |step: Value| check(&text(&step), &CheckOptions::default(), &mut clock());
        let good = check(json!({"op": "runTask", "request": {"taskDefinition": "w"}, "expect": {"placed": 0}}));
        assert_eq!(good.verdict, Verdict::Pass);
        assert_eq!((good.id.as_str(), good.millis, good.millis_max), ("x", 3, Some(5)));
        assert_eq!(good.placements, [(0, "ci/a".to_string()), (0, "ci/a".to_string())]);
        let bad = check(json!({"op": "runTask", "request": {"taskDefinition": "w"}, "expect": {"placed": 1}}));
        assert!(matches!(&bad.verdict, Verdict::Fail(lines) if lines.len() >= 2), "{bad:?}");
        let moon = check(json!({"op": "describe", "requires": ["moon"]}));
        assert_eq!(moon.verdict, Verdict::Skip("moon".to_string()));
        let far = check(json!({"op": "fly", "requires": ["moon"]}));
        assert_eq!(far.verdict, Verdict::Skip("moon".to_string()));
        assert_eq!(digest([&good]), digest([&moon]));
        assert_ne!(digest([&good]), digest([]));
    }

    #[test]
    fn what_is_no_case_fails_in_one_line() {
        for text in ["", "[]", "{", &text(&json!({"op": "fly"})), &text(&json!({"op": {"$repeat": 1}}))] {
            let report = check(text, &CheckOptions::default(), &mut clock());
            assert!(matches!(&report.verdict, Verdict::Fail(lines) if lines.len() == 1), "{report:?}");
        }
    }

    #[test]
    fn both_routes_fill_the_same_keys() {
        let case = read(&text(&json!({"op": "stopTask", "task": {"taskArn": "nope"}}))).unwrap();
        for route in [Route::Auto, Route::Scan, Route::Indexed, Route::Oracle] {
            let document = replay(&case, &ReplayOptions { route, ..ReplayOptions::default() }).unwrap();
            let error = document.pointer("/steps/1/error").and_then(Value::as_object).unwrap();
            assert_eq!(error.keys().collect::<Vec<_>>(), ["class", "code", "message"]);
        }
        let lifted = json!({"format": case::FORMAT, "id": "x", "steps": [], "xResources": ["L"]}).to_string();
        assert_eq!(read(&lifted).unwrap().pointer("/cluster/xResources/0"), Some(&json!("L")));
    }
}

//! Packing cases from text to verdict: what a runner in any language does with the files of `testdata/packing`.
//!
//! [`run`] gives the input of a case to what its kind names, [`judge`] compares what came of it with what the case expects,
//! [`check`] does both and holds the answer against the checker and against the same items in reverse. The format is in the
//! folder's README. Nothing here reads a file or a clock.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;
use core::ops::ControlFlow;

use sha2::{Digest as _, Sha256};

use super::conformance::Verdict;
use crate::adapter::{
    FleetRequest, PackRequest, Session, SessionOptions, add_offers, answer_json, fleet_json, read_rearrange,
};
use crate::error::{Error, ErrorKind};
use crate::json::Json;
use crate::pack::{Answer, Problem, solve, verify};
use crate::planner::rearrange::Score;

/// What the key `format` of a packing case holds.
pub const FORMAT: &str = "placewright-packing-conformance/1";
/// Keys of a case.
const KEYS: [&str; 8] = ["format", "id", "title", "tags", "kind", "input", "catalogue", "expect"];
/// Keys of the input of a rearrangement.
const REARRANGE_KEYS: [&str; 4] = ["cluster", "tasks", "taskDefinitions", "rearrange"];

/// What a check of one case came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Id of the case; empty where its text has none.
    pub id: String,
    /// Verdict.
    pub verdict: Verdict,
    /// What the digest is worked out over, from [`line_of`]; empty where nothing was run.
    pub line: String,
}

/// Whether a text is a case of this format; one that is no JSON is none.
#[must_use]
pub fn is_case(text: &str) -> bool {
    Json::parse(text).is_ok_and(|json| json.get("format") == Some(&Json::from(FORMAT)))
}

/// A case from its text.
///
/// # Errors
/// In one line, for what is no case of this format.
pub fn read(text: &str) -> Result<Json<'_>, String> {
    let case = Json::parse(text).map_err(|error| format!("not a case: {error}"))?;
    let entries = case.as_fields().map_err(|error| format!("not a case: {error}"))?;
    if let Some((key, _)) = entries.iter().find(|(key, _)| !KEYS.contains(key)) {
        return Err(format!("not a case: key `{key}` is unknown"));
    }
    let text = |key: &str| entries.text(key).map_err(|error| format!("not a case: {error}"));
    if text("format")? != FORMAT {
        return Err(format!("not a case: its format is not {FORMAT}"));
    }
    text("id")?;
    if !matches!(text("kind")?, "pack" | "fleet" | "rearrange") {
        return Err("not a case: its kind is none of pack, fleet, rearrange".into());
    }
    entries.required("input").map_err(|error| format!("not a case: {error}"))?;
    let expect = entries.required("expect").map_err(|error| format!("not a case: {error}"))?;
    if expect.get("answer").is_some() == expect.get("error").is_some() {
        return Err("not a case: it expects neither an answer nor an error, or both".into());
    }
    Ok(case)
}

/// What came of an input, and what is wrong with it whatever was expected.
struct Run {
    /// `{"answer": …}` or `{"error": {"code", "path", "message"}}`.
    outcome: Json<'static>,
    /// One line each.
    faults: Vec<String>,
}

/// Runs a case from [`read`]: `{"answer": …}` without `milliseconds`, or `{"error": {"code", "path", "message"}}`.
///
/// # Errors
/// In one line, for a case that asks for a time, which no two runs have alike.
pub fn run(case: &Json<'_>) -> Result<Json<'static>, String> {
    run_checked(case).map(|run| run.outcome)
}

/// The same, with what is wrong with the answer.
fn run_checked(case: &Json<'_>) -> Result<Run, String> {
    let nothing = Json::Null;
    let input = case.get("input").unwrap_or(&nothing);
    let time = input.get("options").and_then(|options| options.get("milliseconds"));
    if time.is_some_and(|time| *time != Json::Null) {
        return Err("not a case: it names milliseconds; name steps".into());
    }
    let run = |input: &Json<'_>| match case.get("kind").and_then(|kind| kind.as_text().ok()) {
        Some("fleet") => fleet(input, case.get("catalogue")),
        Some("rearrange") => rearrange(input),
        _ => pack(input),
    };
    // What JSON cannot hold inside JSON, such as a key that comes twice, is given as text.
    let found = match input {
        Json::Text(text) => Json::parse(text).and_then(|input| run(&input)),
        other => run(other),
    };
    Ok(match found {
        Ok((answer, faults)) => {
            Run { outcome: Json::object([("answer", without(&answer, "milliseconds"))]).into_owned(), faults }
        }
        Err(error) => {
            let path = error.path().map_or(Json::Null, Json::from);
            let error = [("code", Json::from(error.code())), ("path", path), ("message", Json::from(error.message()))];
            Run { outcome: Json::object([("error", Json::object(error))]).into_owned(), faults: Vec::new() }
        }
    })
}

/// An object without one of its keys.
fn without<'a>(json: &Json<'a>, key: &str) -> Json<'a> {
    match json {
        Json::Object(entries) => Json::Object(entries.iter().filter(|(name, _)| name != key).cloned().collect()),
        other => other.clone(),
    }
}

/// Packs, and checks the answer.
fn pack(input: &Json<'_>) -> Result<(Json<'static>, Vec<String>), Error> {
    let request = PackRequest::from_json(input)?;
    let answer = solve(&request.problem, &request.options, &mut |_| ControlFlow::Continue(()));
    let mut faults = Vec::new();
    check_answer(&request.problem, &answer, &mut faults);
    if let Some(reversed) = reversed(input) {
        let found = PackRequest::from_json(&reversed).map(|request| {
            let answer = solve(&request.problem, &request.options, &mut |_| ControlFlow::Continue(()));
            check_answer(&request.problem, &answer, &mut faults);
            answer
        });
        let said = |answer: &Answer| (answer.value, answer.lower_bound, answer.bound_name, answer.optimal);
        match found {
            Ok(other) if said(&other) == said(&answer) => {}
            Ok(other) => faults.push(format!("reversed: {:?} and not {:?}", said(&other), said(&answer))),
            Err(error) => faults.push(format!("reversed: {error}")),
        }
    }
    Ok((answer_json(&request.problem, &answer, 0).into_owned(), faults))
}

/// Holds an answer against the checker: rules, cost, and that no item is lost or there twice.
fn check_answer(problem: &Problem, answer: &Answer, faults: &mut Vec<String>) {
    let verdict = match verify(problem, &answer.packing) {
        Ok(verdict) => verdict,
        Err(error) => return faults.push(format!("the packing is refused: {error}")),
    };
    if verdict.cost != answer.value {
        faults.push(format!("the packing costs {} and not {}", verdict.cost, answer.value));
    }
    if answer.lower_bound > answer.value {
        faults.push(format!("the bound {} is above the value {}", answer.lower_bound, answer.value));
    }
    let is_whole = verdict.missing.iter().all(|&missing| missing == 0);
    if answer.optimal != (is_whole && answer.lower_bound == answer.value) {
        faults.push("it is said to be optimal, or not, and should not be, or be".into());
    }
    let mut found = vec![0_u64; problem.rows()];
    for bins in answer.packing.bins(problem) {
        bins.items.iter().for_each(|&(row, number)| found[row as usize] += number * bins.count);
    }
    answer.unpacked.iter().for_each(|unpacked| found[unpacked.row as usize] += unpacked.count);
    for (row, found) in (0_u32..).zip(found) {
        if found != problem.row_count(row) {
            faults.push(format!("item {row} is there {} times and told of {found} times", problem.row_count(row)));
        }
    }
}

/// The input with its items in reverse, and a packing to start from that names them as they stand then.
fn reversed<'a>(input: &Json<'a>) -> Option<Json<'a>> {
    let Json::Object(entries) = input else { return None };
    let items = input.get("items")?.as_array().ok()?;
    let last = i64::try_from(items.len()).ok()?.checked_sub(1)?;
    let turned = |(key, value): &(Cow<'a, str>, Json<'a>)| {
        let value = match key.as_ref() {
            "items" => Json::array(items.iter().rev().cloned()),
            "start" => with_pairs(value, last),
            _ => value.clone(),
        };
        (key.clone(), value)
    };
    Some(Json::Object(entries.iter().map(turned).collect()))
}

/// The bins of a packing to start from, each item named by its place from the end.
fn with_pairs<'a>(start: &Json<'a>, last: i64) -> Json<'a> {
    let turn = |pair: &Json<'a>| match pair {
        Json::Array(pair) => {
            let pair = pair.iter().enumerate().map(|(at, value)| match value {
                Json::Integer(item) if at == 0 => Json::Integer(last.saturating_sub(*item)),
                other => other.clone(),
            });
            Json::array(pair)
        }
        other => other.clone(),
    };
    let bins = |bins: &Json<'a>| match bins {
        Json::Object(entries) => Json::Object(
            entries
                .iter()
                .map(|(key, value)| match value {
                    Json::Array(pairs) if key == "items" => (key.clone(), Json::array(pairs.iter().map(turn))),
                    other => (key.clone(), other.clone()),
                })
                .collect(),
        ),
        other => other.clone(),
    };
    match start {
        Json::Array(all) => Json::array(all.iter().map(bins)),
        other => other.clone(),
    }
}

/// Plans a fleet, and checks the plan.
fn fleet(input: &Json<'_>, catalogue: Option<&Json<'_>>) -> Result<(Json<'static>, Vec<String>), Error> {
    let request = FleetRequest::from_json(input, |_, fleet| match catalogue {
        Some(catalogue) => add_offers(fleet, catalogue).map_err(|error| error.in_path("catalogue")),
        None => Ok(()),
    })?;
    let plan = request.fleet.plan(&mut |_| ControlFlow::Continue(())).map_err(|error| error.in_path("fleet"))?;
    let mut faults = Vec::new();
    check_answer(&plan.problem, &plan.answer, &mut faults);
    let is_dearer = |other: &crate::planner::fleet::Alternative| other.missing == 0 && other.cost < plan.answer.value;
    let is_whole = plan.answer.packing.missing(&plan.problem) == 0;
    if let Some(other) = plan.alternatives.iter().find(|other| other.name == "single-type" && is_dearer(other)) {
        if is_whole {
            faults.push(format!("it costs {}, and a single type {}", plan.answer.value, other.cost));
        }
    }
    Ok((fleet_json(&plan, 0).into_owned(), faults))
}

/// Plans moves, and carries them out.
fn rearrange(input: &Json<'_>) -> Result<(Json<'static>, Vec<String>), Error> {
    let fields = input.as_fields()?;
    if let Some((key, _)) = fields.iter().find(|(key, _)| !REARRANGE_KEYS.contains(key)) {
        return Err(Error::with_message(ErrorKind::JsonUnknownKey, format!("key `{key}` is unknown")));
    }
    let cluster = fields.required("cluster")?;
    let mut session = Session::from_json_tree(cluster, SessionOptions::default())?;
    for definition in fields.each("taskDefinitions", |definition| Ok(definition.clone()))? {
        session.register_task_definition_json(&definition)?;
    }
    if let Some(tasks) = fields.get("tasks") {
        session.load_tasks_json(tasks)?;
    }
    let options = read_rearrange(fields.get("rearrange").unwrap_or(&Json::Object(Vec::new())))
        .map_err(|error| error.in_path("rearrange"))?;
    let plan =
        session.rearrange(&options, &mut |_| ControlFlow::Continue(())).map_err(|error| error.in_path("rearrange"))?;
    let answer = session.rearrange_plan_json(&plan, &options)?;
    let mut faults = Vec::new();
    let mut cluster = session.cluster().clone();
    match plan.apply(&mut cluster, &options).and_then(|_| Score::of(&cluster, &options.attribute)) {
        Ok(score) if score == plan.after => {}
        Ok(score) => faults.push(format!("carried out it comes to {score:?}")),
        Err(error) => faults.push(format!("it cannot be carried out: {error}")),
    }
    Ok((answer, faults))
}

/// What a case expects and an outcome, as [`run`] gives it, does not say: one line each. Answers are compared whole: every
/// key, every number, in the order they are written.
#[must_use]
pub fn judge(case: &Json<'_>, outcome: &Json<'_>) -> Vec<String> {
    let nothing = Json::Null;
    let expect = case.get("expect").unwrap_or(&nothing);
    if let Some(answer) = expect.get("answer") {
        let found = outcome.get("answer").map(|found| without(found, "milliseconds"));
        return match found {
            Some(found) if found == *answer => Vec::new(),
            Some(found) => vec![difference(answer, &found)],
            None => vec![format!("expected an answer, found {outcome}")],
        };
    }
    let part = |json: Option<&Json<'_>>, key: &str| {
        json.and_then(|json| json.get(key)).and_then(|text| text.as_text().ok()).map(String::from)
    };
    let (wanted, found) = (expect.get("error"), outcome.get("error"));
    if found.is_none() {
        return vec![format!("expected the error {}, found {outcome}", part(wanted, "code").unwrap_or_default())];
    }
    let mut lines = Vec::new();
    for key in ["code", "path", "message"] {
        let (wanted, found) = (part(wanted, key), part(found, key).unwrap_or_default());
        // Of a message a part is enough: words may get better.
        let is_there =
            |wanted: &String| if key == "message" { found.contains(wanted.as_str()) } else { *wanted == found };
        if let Some(wanted) = wanted.filter(|wanted| !is_there(wanted)) {
            lines.push(format!("{key} of the error: expected `{wanted}`, found `{found}`"));
        }
    }
    lines
}

/// The first key in which two answers differ, in words.
fn difference(wanted: &Json<'_>, found: &Json<'_>) -> String {
    if let (Json::Object(wanted), Json::Object(found)) = (wanted, found) {
        for (at, (key, value)) in wanted.iter().enumerate() {
            match found.get(at) {
                Some((other, _)) if other != key => return format!("expected the key `{key}`, found `{other}`"),
                Some((_, other)) if other != value => return format!("{key}: expected {value}, found {other}"),
                Some(_) => {}
                None => return format!("expected the key `{key}`"),
            }
        }
        if let Some((key, _)) = found.get(wanted.len()) {
            return format!("the key `{key}` was not expected");
        }
    }
    format!("expected {wanted}, found {found}")
}

/// Checks the text of one case: run twice, against what it expects, against the checker, and with its items in reverse.
#[must_use]
pub fn check(text: &str) -> Report {
    let failed = |id: String, line: String| Report { id, verdict: Verdict::Fail(vec![line]), line: String::new() };
    let case = match read(text) {
        Ok(case) => case,
        Err(line) => return failed(String::new(), line),
    };
    let id = case.get("id").and_then(|id| id.as_text().ok()).unwrap_or_default().to_string();
    let Run { outcome, faults: mut lines } = match run_checked(&case) {
        Ok(run) => run,
        Err(line) => return failed(id, line),
    };
    lines.extend(judge(&case, &outcome));
    if run(&case).as_ref() != Ok(&outcome) {
        lines.push("a second run in the same process came to something else".to_string());
    }
    let verdict = if lines.is_empty() { Verdict::Pass } else { Verdict::Fail(lines) };
    Report { id, verdict, line: line_of(&outcome) }
}

/// What the digest takes of an outcome: the answer, or the code of the error, as compact JSON.
#[must_use]
pub fn line_of(outcome: &Json<'_>) -> String {
    match (outcome.get("answer"), outcome.get("error")) {
        (Some(answer), _) => without(answer, "milliseconds").to_string(),
        (None, Some(error)) => error.get("code").unwrap_or(&Json::Null).to_string(),
        (None, None) => String::new(),
    }
}

/// SHA-256, in hexadecimal, over id and [`line_of`] of each outcome, each followed by a line feed, in order of ids. Equal on all
/// runners.
#[must_use]
pub fn digest<'r>(lines: impl IntoIterator<Item = (&'r str, &'r str)>) -> String {
    let mut lines: Vec<(&str, &str)> = lines.into_iter().collect();
    lines.sort_unstable();
    let mut hash = Sha256::new();
    for (id, line) in lines {
        hash.update(id);
        hash.update("\n");
        hash.update(line);
        hash.update("\n");
    }
    hash.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

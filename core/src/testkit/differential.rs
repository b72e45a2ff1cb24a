//! The engine by both routes against the oracle, step by step, on one case.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::naive::{Oracle, OracleOptions};
use super::replay::Runner;
use crate::adapter::{Session, SessionOptions};
use crate::cluster::Route;

/// What is checked after each step, beside what the step printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checks {
    /// Recompute everything that is derived.
    pub validate: bool,
    /// Export the state, import it and go on with the copy, wherever no savepoint is open.
    pub reimport: bool,
}

/// Runs an expanded case on both; the entries of the engine, or the first difference in words. A case whose cluster both
/// refuse has no entries.
///
/// # Errors
/// The first difference, with the step and what each side said.
pub fn compare(case: &Value, seed: u64, checks: Checks) -> Result<Vec<Value>, String> {
    let engine = |route| {
        let mut options = SessionOptions { seed, ..SessionOptions::default() };
        options.cluster.route = route;
        Runner::new(case, options)
    };
    let (engine, indexed) = (engine(Route::Scan), engine(Route::Indexed));
    let oracle = Oracle::new(case, OracleOptions { seed });
    let (mut engine, mut indexed, mut oracle) = match (engine, indexed, oracle) {
        (Ok(engine), Ok(indexed), Ok(oracle)) => (engine, indexed, oracle),
        (Err(_), Err(_), Err(_)) => return Ok(Vec::new()),
        (_, _, Err(error)) => return Err(format!("only the oracle refuses the cluster: {error}")),
        (Err(error), _, Ok(_)) | (_, Err(error), Ok(_)) => {
            return Err(format!("the engine refuses the cluster: {error}"));
        }
    };
    let mut entries = Vec::new();
    let no_steps = Vec::new();
    for (number, step) in case["steps"].as_array().unwrap_or(&no_steps).iter().enumerate() {
        let entry = checked_step(&mut engine, step, number, checks)?;
        let searched = checked_step(&mut indexed, step, number, checks)?;
        if searched != entry {
            return Err(format!("step {number}: {step}\nscan: {entry}\nindexed: {searched}"));
        }
        let expected = oracle.step(step);
        if comparable(&entry) != comparable(&expected) && !are_two_faults(step, &entry, &expected) {
            return Err(format!("step {number}: {step}\nengine: {entry}\noracle: {expected}"));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// Runs one step, with what is checked after it.
fn checked_step(runner: &mut Runner, step: &Value, number: usize, checks: Checks) -> Result<Value, String> {
    let before = runner.session().cluster().fingerprint();
    let entry = runner.step(step).map_err(|error| format!("step {number}: {error}"))?;
    if entry.get("error").is_some() && runner.session().cluster().fingerprint() != before {
        return Err(format!("step {number}: {step}\nwas refused and changed the state: {entry}"));
    }
    if checks.validate {
        runner.session().cluster().validate().map_err(|fault| format!("step {number}: {step}\nfault: {fault}"))?;
    }
    if checks.reimport && !runner.has_savepoint() {
        let text = runner.session().export();
        let mut session = Session::import(&text).map_err(|error| format!("step {number}: import: {error}"))?;
        if session.export() != text {
            return Err(format!("step {number}: the state does not survive its own JSON\n{text}"));
        }
        session.set_route(runner.session().options().cluster.route);
        runner.set_session(session);
    }
    Ok(entry)
}

/// Whether both refuse an expression, one for what is wrong in it and one for its depth. A text may be both, and which is met
/// first is no part of the language.
fn are_two_faults(step: &Value, left: &Value, right: &Value) -> bool {
    let class = |entry: &Value| entry.pointer("/error/class").and_then(Value::as_str).map(String::from);
    let mut classes = [class(left), class(right)];
    classes.sort_unstable();
    step["op"] == "listContainerInstances"
        && classes == [Some("invalid-expression".to_string()), Some("limit-exceeded".to_string())]
}

/// An entry with what both sides must agree on: of an error, its class.
pub(super) fn comparable(entry: &Value) -> Value {
    let mut entry = entry.clone();
    if let Some(error) = entry.get_mut("error") {
        *error = json!({"class": error["class"]});
    }
    if let Some(failures) = entry.get_mut("failures").and_then(Value::as_array_mut) {
        for failure in failures {
            if let Some(failure) = failure.as_object_mut() {
                failure.remove(&"detail".to_string());
            }
        }
    }
    entry
}

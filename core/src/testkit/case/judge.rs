//! Printed entries against the expectations of a case.
//!
//! Every expectation is one function of the entry and of what is known of the cluster. An expectation that is unknown or
//! malformed is a failure, never passed over: a case that asks for something nobody checks is worse than none.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use serde_json::Value;

use super::world::{World, list, text};
use crate::error::ErrorClass;

/// Most `oneOf` one inside another.
const ALTERNATIVES_DEPTH_MAX: u32 = 4;

/// Judges the entries a runner printed for the steps ("Replay output") against the expectations of the case.
///
/// `case` is expanded, and in the order the runner was given. Returns one line for each failed expectation. A step that
/// was skipped for a missing feature fails nothing.
#[must_use]
pub fn judge(case: &Value, entries: &[Value]) -> Vec<String> {
    let mut failures = Vec::new();
    let mut world = World::of(case);
    let steps: Vec<&Value> = list(case.get("steps")).collect();
    if steps.len() != entries.len() {
        failures.push(format!("{} steps, but {} entries", steps.len(), entries.len()));
    }
    let declared: BTreeSet<&str> = list(case.pointer("/cluster/xResources")).filter_map(Value::as_str).collect();
    let mut features: BTreeSet<&str> = list(case.get("requires")).filter_map(Value::as_str).collect();
    let mut before = None;
    let mut skipping = false;
    for (index, (step, entry)) in steps.iter().zip(entries).enumerate() {
        let op = text(step, "op").unwrap_or_default();
        features.extend(list(step.get("requires")).filter_map(Value::as_str));
        let mut found = Vec::new();
        if text(entry, "op") != Some(op) {
            found.push(format!("op: expected {op}, got {}", short(entry.get("op"))));
        }
        if let Some(feature) = entry.get("skipped") {
            skipping = true;
            if !feature.as_str().is_some_and(|feature| features.contains(feature)) {
                found.push(format!("skipped: {} is not required", short(Some(feature))));
            }
        } else if skipping {
            found.push("a step after a skipped one was run".to_string());
        } else {
            let scene = Scene { step, entry, before, world: &world, declared: &declared };
            match step.get("expect") {
                Some(expect) => scene.check(expect, 0, &mut found),
                None => scene.check(&Value::Object(serde_json::Map::new()), 0, &mut found),
            }
        }
        failures.extend(found.into_iter().map(|line| format!("steps[{index}] {op}: {line}")));
        world.follow(step, entry);
        before = entry.get("state").or(before);
    }
    failures
}

/// One step, its entry, and what stood before it.
#[derive(Debug, Clone, Copy)]
struct Scene<'a> {
    /// The step of the case.
    step: &'a Value,
    /// What the runner printed for it.
    entry: &'a Value,
    /// The state printed for the step before, if there is one.
    before: Option<&'a Value>,
    /// The cluster before the step.
    world: &'a World,
    /// Custom resources the case declares.
    declared: &'a BTreeSet<&'a str>,
}

impl<'a> Scene<'a> {
    /// Checks every expectation of `expect`; `depth` counts the alternatives around it.
    fn check(&self, expect: &Value, depth: u32, found: &mut Vec<String>) {
        let Value::Object(expectations) = expect else {
            found.push("`expect` is not an object".to_string());
            return;
        };
        if let Some(error) = self.entry.get("error") {
            if !expectations.contains_key("error") && !expectations.contains_key("oneOf") {
                found.push(format!("refused: {}: {}", short(error.get("class")), short(error.get("message"))));
                return;
            }
        }
        for (key, wanted) in expectations {
            let failed = match key.as_str() {
                "placed" => self.number(key, wanted, self.placements().map(|placed| placed.len())),
                "placements" => self.placements_in_order(wanted),
                "perInstance" => self.per_instance(key, wanted, self.placements()),
                "perAttribute" => self.per_attribute(key, wanted, self.placements()),
                "only" => self.only(wanted),
                "countsSorted" => self.counts_sorted(wanted),
                "distinct" => self.distinct(wanted),
                "failures" => self.failures(wanted),
                "failuresExact" => self.failures_exact(wanted),
                "error" => self.error(wanted),
                "oneOf" => self.one_of(wanted, depth),
                "after" => self.after(wanted),
                "containerInstanceArns" => self.listed(wanted),
                "ok" | "parsed" => self.flag(key, wanted),
                "stopped" => self.stopped_tasks(wanted),
                "stoppedPerInstance" => self.per_instance(key, wanted, self.stopped_hosts()),
                "stoppedPerAttribute" => self.per_attribute(key, wanted, self.stopped_hosts()),
                _ => vec![format!("unknown expectation `{key}`")],
            };
            found.extend(failed);
        }
    }

    /// The instances of the tasks this step placed, in order.
    fn placements(&self) -> Option<Vec<&'a str>> {
        let tasks = self.entry.get("tasks")?.as_array()?;
        tasks.iter().map(|task| text(task, "containerInstanceArn")).collect()
    }

    /// The tasks this step ended.
    fn stopped(&self) -> Option<Vec<&'a str>> {
        self.entry.get("stopped")?.as_array()?.iter().map(Value::as_str).collect()
    }

    /// The instances of the tasks this step ended.
    fn stopped_hosts(&self) -> Option<Vec<&'a str>> {
        self.stopped()?.into_iter().map(|task| self.world.hosts.get(task).map(String::as_str)).collect()
    }

    /// `placed`.
    fn number(&self, key: &str, wanted: &Value, got: Option<usize>) -> Vec<String> {
        let Some(wanted) = wanted.as_u64() else { return malformed(key) };
        let Some(got) = got else { return missing(key) };
        failed_unless(u64::try_from(got) == Ok(wanted), || format!("{key}: expected {wanted}, got {got}"))
    }

    /// `placements`.
    fn placements_in_order(&self, wanted: &Value) -> Vec<String> {
        let Some(wanted) = texts(wanted) else { return malformed("placements") };
        let Some(got) = self.placements() else { return missing("placements") };
        failed_unless(wanted == got, || format!("placements: expected {wanted:?}, got {got:?}"))
    }

    /// `perInstance` and `stoppedPerInstance`.
    fn per_instance(&self, key: &str, wanted: &Value, got: Option<Vec<&str>>) -> Vec<String> {
        let Some(got) = got else { return missing(key) };
        same_counts(key, wanted, &count(got))
    }

    /// `perAttribute` and `stoppedPerAttribute`. A task on an instance without the attribute belongs to no value.
    fn per_attribute(&self, key: &str, wanted: &Value, got: Option<Vec<&str>>) -> Vec<String> {
        let Value::Object(wanted) = wanted else { return malformed(key) };
        let Some(got) = got else { return missing(key) };
        let mut failed = Vec::new();
        for (name, values) in wanted {
            let value_of = |host: &&str| self.world.attributes.get(*host)?.get(name).map(String::as_str);
            let got = count(got.iter().filter_map(value_of));
            failed.extend(same_counts(&format!("{key} {name}"), values, &got));
        }
        failed
    }

    /// `only`.
    fn only(&self, wanted: &Value) -> Vec<String> {
        let Some(wanted) = texts(wanted) else { return malformed("only") };
        let Some(got) = self.placements() else { return missing("only") };
        let outside: Vec<_> = got.into_iter().filter(|host| !wanted.contains(host)).collect();
        failed_unless(outside.is_empty(), || format!("only: placed on {outside:?}"))
    }

    /// `countsSorted`.
    fn counts_sorted(&self, wanted: &Value) -> Vec<String> {
        let Some(wanted) = integers(wanted) else { return malformed("countsSorted") };
        let Some(placed) = self.placements() else { return missing("countsSorted") };
        let Some(Value::Object(state)) = self.entry.get("state") else { return missing("countsSorted") };
        let placed = count(placed);
        let mut got: Vec<i64> = state.keys().map(|host| placed.get(host.as_str()).copied().unwrap_or(0)).collect();
        got.sort_unstable();
        failed_unless(wanted == got, || format!("countsSorted: expected {wanted:?}, got {got:?}"))
    }

    /// `distinct`.
    fn distinct(&self, wanted: &Value) -> Vec<String> {
        if wanted != &Value::Bool(true) {
            return malformed("distinct");
        }
        let Some(got) = self.placements() else { return missing("distinct") };
        failed_unless(count(got.iter().copied()).len() == got.len(), || format!("distinct: {got:?}"))
    }

    /// The failure entries: instance and reason.
    fn reasons(&self) -> Option<Vec<(&'a str, &'a str)>> {
        let failures = self.entry.get("failures")?.as_array()?;
        failures.iter().map(|failure| Some((text(failure, "arn")?, text(failure, "reason")?))).collect()
    }

    /// `failures`.
    fn failures(&self, wanted: &Value) -> Vec<String> {
        let Value::Object(wanted) = wanted else { return malformed("failures") };
        let Some(got) = self.reasons() else { return missing("failures") };
        let mut failed = Vec::new();
        for (host, allowed) in wanted {
            let Some(allowed) = texts(allowed) else { return malformed("failures") };
            let mut given = got.iter().filter(|(arn, _)| arn == host).map(|(_, reason)| *reason).peekable();
            if given.peek().is_none() {
                failed.push(format!("failures: no entry for {host}"));
            }
            failed.extend(
                given
                    .filter(|reason| !allowed.contains(reason))
                    .map(|reason| format!("failures: {host}: expected one of {allowed:?}, got {reason:?}")),
            );
        }
        failed
    }

    /// `failuresExact`.
    fn failures_exact(&self, wanted: &Value) -> Vec<String> {
        let Value::Object(wanted) = wanted else { return malformed("failuresExact") };
        let Some(got) = self.reasons() else { return missing("failuresExact") };
        let mut failed = Vec::new();
        for (host, reason) in wanted {
            let Some(reason) = reason.as_str() else { return malformed("failuresExact") };
            let given: Vec<_> = got.iter().filter(|(arn, _)| arn == host).map(|(_, reason)| *reason).collect();
            if given != [reason] {
                failed.push(format!("failuresExact: {host}: expected {reason:?}, got {given:?}"));
            }
        }
        let others: Vec<_> = got.iter().filter(|(arn, _)| !wanted.contains_key(*arn)).collect();
        if !others.is_empty() {
            failed.push(format!("failuresExact: also {others:?}"));
        }
        let asked: Vec<String> = match text(self.step, "op") {
            Some("startTask") => list(self.step.pointer("/request/containerInstances"))
                .filter_map(Value::as_str)
                .map(|name| self.world.resolve(name).unwrap_or(name).to_string())
                .collect(),
            _ => self.world.order.clone(),
        };
        let position = |arn: &str| asked.iter().position(|host| host == arn);
        let order: Vec<_> = got.iter().map(|(arn, _)| position(arn)).collect();
        failed.extend(failed_unless(order.is_sorted(), || format!("failuresExact: wrong order: {got:?}")));
        failed
    }

    /// `error`: one of the classes, and nothing changed.
    fn error(&self, wanted: &Value) -> Vec<String> {
        let Some(wanted) = wanted.as_object().filter(|wanted| wanted.keys().all(|key| key == "classAnyOf")) else {
            return malformed("error");
        };
        let Some(classes) = wanted.get("classAnyOf").and_then(texts).filter(|classes| !classes.is_empty()) else {
            return malformed("error");
        };
        if !classes.iter().all(|class| CLASSES.iter().any(|known| known.as_str() == *class)) {
            return malformed("error");
        }
        let Some(error) = self.entry.get("error") else {
            return vec![format!("error: expected one of {classes:?}, but the call was carried out")];
        };
        let mut failed = Vec::new();
        if !text(error, "class").is_some_and(|class| classes.contains(&class)) {
            failed.push(format!(
                "error: expected one of {classes:?}, got {}: {}",
                short(error.get("class")),
                short(error.get("message"))
            ));
        }
        match (self.before, self.entry.get("state")) {
            (_, None) => failed.extend(missing("state")),
            (Some(before), Some(state)) if before != state => failed.push("error: the state has changed".to_string()),
            (Some(_), Some(_)) => {}
            (None, Some(state)) => {
                if !self.is_first_state(state) {
                    failed.push("error: the state is not the one the case starts with".to_string());
                }
            }
        }
        failed
    }

    /// Whether `state` has the instances and the number of tasks the case starts with; amounts are not looked at.
    fn is_first_state(&self, state: &Value) -> bool {
        let Value::Object(state) = state else { return false };
        let is_registered = |id: &String| {
            state.contains_key(id)
                || self.world.instances.get(id).is_some_and(|one| text(one, "status") == Some("INACTIVE"))
        };
        let is_as_given = |(id, row): (&String, &Value)| {
            self.world.instances.get(id).is_some_and(|instance| {
                let running = row.get("runningTasksCount").and_then(Value::as_i64);
                instance.get("runningTasksCount").is_some() || running == self.world.running.get(id).copied()
            })
        };
        self.world.order.iter().all(is_registered) && state.iter().all(is_as_given)
    }

    /// `oneOf`.
    fn one_of(&self, wanted: &Value, depth: u32) -> Vec<String> {
        let Some(alternatives) = wanted.as_array().filter(|alternatives| !alternatives.is_empty()) else {
            return malformed("oneOf");
        };
        if depth >= ALTERNATIVES_DEPTH_MAX {
            return malformed("oneOf");
        }
        let mut all = Vec::new();
        for alternative in alternatives {
            let mut failed = Vec::new();
            self.check(alternative, depth + 1, &mut failed);
            if failed.is_empty() {
                return failed;
            }
            all.push(failed.join("; "));
        }
        vec![format!("oneOf: no alternative holds: {}", all.join(" | "))]
    }

    /// `after`.
    fn after(&self, wanted: &Value) -> Vec<String> {
        let Value::Object(wanted) = wanted else { return malformed("after") };
        let Some(Value::Object(state)) = self.entry.get("state") else { return missing("after") };
        let mut failed = Vec::new();
        for (host, wanted) in wanted {
            match (wanted, state.get(host)) {
                (Value::Null, None) => {}
                (Value::Null, Some(_)) => failed.push(format!("after: {host} is still in the cluster")),
                (Value::Object(_), None) => failed.push(format!("after: {host} is not in the cluster")),
                (Value::Object(wanted), Some(row)) => {
                    for (key, wanted) in wanted {
                        let got = row.get(key);
                        let holds = match key.as_str() {
                            "CPU" | "MEMORY" | "runningTasksCount" | "ENI" => {
                                same(wanted.as_i64(), got.and_then(Value::as_i64))
                            }
                            _ if self.declared.contains(key.as_str()) => {
                                same(wanted.as_i64(), got.and_then(Value::as_i64))
                            }
                            "PORTS" | "PORTS_UDP" => same(ports(wanted), got.and_then(ports)),
                            "status" => same(wanted.as_str(), got.and_then(Value::as_str)),
                            "GPU" => same(texts(wanted), got.and_then(texts)),
                            _ => None,
                        };
                        match holds {
                            Some(true) => {}
                            Some(false) => {
                                failed.push(format!("after: {host} {key}: expected {wanted}, got {}", short(got)));
                            }
                            None => failed.push(format!("after: {host} {key}: unknown or malformed expectation")),
                        }
                    }
                }
                _ => failed.extend(malformed("after")),
            }
        }
        failed
    }

    /// `containerInstanceArns`, as a set.
    fn listed(&self, wanted: &Value) -> Vec<String> {
        let key = "containerInstanceArns";
        let Some(wanted) = texts(wanted) else { return malformed(key) };
        let Some(got) = self.entry.get(key).and_then(texts) else { return missing(key) };
        let (wanted, once): (BTreeSet<_>, BTreeSet<_>) = (wanted.into_iter().collect(), got.iter().copied().collect());
        failed_unless(wanted == once && once.len() == got.len(), || format!("{key}: expected {wanted:?}, got {got:?}"))
    }

    /// `ok` and `parsed`.
    fn flag(&self, key: &str, wanted: &Value) -> Vec<String> {
        let Some(wanted) = wanted.as_bool() else { return malformed(key) };
        let got = self.entry.get(key).and_then(Value::as_bool);
        failed_unless(got.unwrap_or(false) == wanted, || {
            format!("{key}: expected {wanted}, got {}", short(self.entry.get(key)))
        })
    }

    /// `stopped`: how many tasks were ended, or exactly which, as a set.
    fn stopped_tasks(&self, wanted: &Value) -> Vec<String> {
        let got = self.stopped();
        let Some(ids) = wanted.as_array() else { return self.number("stopped", wanted, got.map(|got| got.len())) };
        let wanted: Option<BTreeSet<&str>> = ids.iter().map(Value::as_str).collect();
        let Some(wanted) = wanted else { return malformed("stopped") };
        let Some(got) = got else { return missing("stopped") };
        let once: BTreeSet<&str> = got.iter().copied().collect();
        failed_unless(wanted == once && once.len() == got.len(), || {
            format!("stopped: expected {wanted:?}, got {got:?}")
        })
    }
}

/// The classes an error may have.
const CLASSES: [ErrorClass; 6] = [
    ErrorClass::InvalidInput,
    ErrorClass::InvalidExpression,
    ErrorClass::LimitExceeded,
    ErrorClass::Duplicate,
    ErrorClass::NotFound,
    ErrorClass::Conflict,
];

/// Whether what was printed is what is wanted; `None` where nothing sensible is wanted.
fn same<T: PartialEq>(wanted: Option<T>, got: Option<T>) -> Option<bool> {
    let wanted = wanted?;
    Some(got.is_some_and(|got| got == wanted))
}

/// A list of texts.
fn texts(value: &Value) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}

/// A list of integers.
fn integers(value: &Value) -> Option<Vec<i64>> {
    value.as_array()?.iter().map(Value::as_i64).collect()
}

/// A set of ports; a case writes them as text, a runner as integers.
fn ports(value: &Value) -> Option<BTreeSet<i64>> {
    let port = |port: &Value| port.as_i64().or_else(|| port.as_str()?.parse().ok());
    value.as_array()?.iter().map(port).collect()
}

/// How often each name occurs.
fn count<'n>(names: impl IntoIterator<Item = &'n str>) -> BTreeMap<&'n str, i64> {
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// Whether `got` has the counts `wanted` names, and none that it does not name.
fn same_counts(key: &str, wanted: &Value, got: &BTreeMap<&str, i64>) -> Vec<String> {
    let Value::Object(wanted) = wanted else { return malformed(key) };
    let mut failed = Vec::new();
    for (name, number) in wanted {
        let Some(number) = number.as_i64() else { return malformed(key) };
        let got = got.get(name.as_str()).copied().unwrap_or(0);
        failed.extend(failed_unless(got == number, || format!("{key}: {name}: expected {number}, got {got}")));
    }
    let others = got.iter().filter(|(name, _)| !wanted.contains_key(**name));
    failed.extend(others.map(|(name, number)| format!("{key}: {name}: expected none, got {number}")));
    failed
}

/// No line if it holds, one if not.
fn failed_unless(holds: bool, line: impl FnOnce() -> String) -> Vec<String> {
    if holds { Vec::new() } else { vec![line()] }
}

/// The line for an expectation nobody could check.
fn malformed(key: &str) -> Vec<String> {
    vec![format!("{key}: the expectation is malformed")]
}

/// The line for an entry that lacks what the expectation is about.
fn missing(key: &str) -> Vec<String> {
    vec![format!("{key}: the entry does not say")]
}

/// A printed value, short enough for a line.
fn short(value: Option<&Value>) -> String {
    let whole = value.map_or_else(|| "nothing".to_string(), ToString::to_string);
    whole.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A case of one step on instances a and b in zones x and y; a third, c, has no zone.
    fn case(step: &Value) -> Value {
        json!({
            "cluster": {
                "containerInstances": [
                    {"containerInstanceArn": "ci/a", "attributes": [{"name": "zone", "value": "x"}]},
                    {"containerInstanceArn": "ci/b", "attributes": [{"name": "zone", "value": "y"}]},
                    {"containerInstanceArn": "ci/c"}
                ],
                "tasks": [
                    {"taskArn": "task/1", "containerInstanceArn": "ci/a", "desiredStatus": "RUNNING"},
                    {"taskArn": "task/2", "containerInstanceArn": "ci/b"}
                ],
                "xResources": ["LICENSES"]
            },
            "steps": [step]
        })
    }

    /// The state every entry of these tests ends with.
    fn state() -> Value {
        json!({
            "ci/a": {"CPU": 5, "MEMORY": -3, "PORTS": [22, 80], "PORTS_UDP": [], "runningTasksCount": 1, "status": "ACTIVE",
                "GPU": ["g1", "g0"], "ENI": 2, "LICENSES": 4},
            "ci/b": {"CPU": 5, "MEMORY": 3, "PORTS": [], "PORTS_UDP": [], "runningTasksCount": 1, "status": "DRAINING"},
            "ci/c": {"CPU": 5, "MEMORY": 3, "PORTS": [], "PORTS_UDP": [], "runningTasksCount": 0, "status": "ACTIVE"}
        })
    }

    /// The lines for one step of `op` that expects `expect` and printed `printed`.
    fn lines(op: &str, expect: &Value, printed: &Value) -> Vec<String> {
        let mut entry = printed.clone();
        if let Value::Object(entry) = &mut entry {
            entry.insert("op".to_string(), json!(op));
            entry.entry("state").or_insert_with(state);
        }
        let request = json!({"containerInstances": ["nowhere", "b", "a"]});
        judge(&case(&json!({"op": op, "request": request, "expect": expect})), &[entry])
    }

    /// `expect` holds for the entry `good`, and each of `bad` fails it.
    fn check(op: &str, expect: &Value, good: &[Value], bad: &[Value]) {
        for entry in good {
            assert_eq!(lines(op, expect, entry), Vec::<String>::new(), "{expect} {entry}");
        }
        for entry in bad {
            let lines = lines(op, expect, entry);
            assert!(!lines.is_empty() && lines.iter().all(|line| !line.contains('\n')), "{expect} {entry}");
        }
    }

    /// An entry of runTask that placed tasks on `hosts`.
    fn placed(hosts: &[&str]) -> Value {
        let task =
            |(index, host): (usize, &&str)| json!({"taskArn": format!("t{index}"), "containerInstanceArn": host});
        json!({"tasks": hosts.iter().enumerate().map(task).collect::<Vec<_>>(), "failures": []})
    }

    /// An entry of runTask that placed nothing, for these reasons.
    fn failed(failures: &[(&str, &str)]) -> Value {
        let entry = |(arn, reason): &(&str, &str)| json!({"arn": arn, "reason": reason});
        json!({"tasks": [], "failures": failures.iter().map(entry).collect::<Vec<_>>()})
    }

    /// An entry of a refused call.
    fn refused(class: &str) -> Value {
        json!({"error": {"class": class, "code": "x", "message": "x"}})
    }

    #[test]
    fn placements_are_counted_and_named() {
        let (two, none) = (placed(&["ci/a", "ci/b"]), placed(&[]));
        check(
            "runTask",
            &json!({"placed": 2}),
            core::slice::from_ref(&two),
            &[none.clone(), json!({}), refused("conflict")],
        );
        check(
            "runTask",
            &json!({"placements": ["ci/a", "ci/b"]}),
            core::slice::from_ref(&two),
            &[placed(&["ci/b", "ci/a"]), none.clone()],
        );
        check(
            "runTask",
            &json!({"perInstance": {"ci/a": 1, "ci/b": 1, "ci/c": 0}}),
            core::slice::from_ref(&two),
            &[none.clone(), placed(&["ci/a"])],
        );
        check("runTask", &json!({"perInstance": {"ci/a": 1}}), &[placed(&["ci/a"])], core::slice::from_ref(&two));
        check(
            "runTask",
            &json!({"perAttribute": {"zone": {"x": 1, "y": 1}}}),
            &[two.clone(), placed(&["ci/a", "ci/b", "ci/c"])],
            &[none.clone(), placed(&["ci/a", "ci/a"])],
        );
        check(
            "runTask",
            &json!({"perAttribute": {"zone": {"x": 1}}}),
            &[placed(&["ci/a"])],
            core::slice::from_ref(&two),
        );
        check("runTask", &json!({"only": ["ci/a", "ci/b"]}), &[two.clone(), none.clone()], &[placed(&["ci/c"])]);
        check(
            "runTask",
            &json!({"countsSorted": [0, 1, 1]}),
            core::slice::from_ref(&two),
            &[none, placed(&["ci/a", "ci/a"])],
        );
        check("runTask", &json!({"distinct": true}), &[two], &[placed(&["ci/a", "ci/a"])]);
    }

    #[test]
    fn failures_are_named() {
        let both = failed(&[("ci/a", "AGENT"), ("ci/b", "RESOURCE:CPU")]);
        check(
            "runTask",
            &json!({"failures": {"ci/a": ["RESOURCE:CPU", "AGENT"]}}),
            core::slice::from_ref(&both),
            &[failed(&[("ci/a", "ATTRIBUTE")]), failed(&[("ci/b", "AGENT")]), failed(&[])],
        );
        check(
            "runTask",
            &json!({"failuresExact": {"ci/b": "RESOURCE:CPU", "ci/a": "AGENT"}}),
            core::slice::from_ref(&both),
            &[
                failed(&[("ci/b", "RESOURCE:CPU"), ("ci/a", "AGENT")]),
                failed(&[("ci/a", "AGENT")]),
                failed(&[("ci/a", "AGENT"), ("ci/a", "AGENT"), ("ci/b", "RESOURCE:CPU")]),
                failed(&[("ci/a", "AGENT"), ("ci/b", "RESOURCE:CPU"), ("ci/c", "AGENT")]),
                failed(&[("ci/a", "AGENT"), ("ci/b", "AGENT")]),
            ],
        );
        check(
            "startTask",
            &json!({"failuresExact": {"ci/a": "AGENT", "ci/b": "AGENT", "nowhere": "MISSING"}}),
            &[failed(&[("nowhere", "MISSING"), ("ci/b", "AGENT"), ("ci/a", "AGENT")])],
            &[failed(&[("ci/a", "AGENT"), ("ci/b", "AGENT"), ("nowhere", "MISSING")])],
        );
    }

    #[test]
    fn a_refusal_has_a_class_and_changes_nothing() {
        let expect = json!({"error": {"classAnyOf": ["conflict", "not-found"]}});
        let other = json!({"error": {"class": "conflict"}, "state": {"ci/a": {"runningTasksCount": 1}}});
        check(
            "runTask",
            &expect,
            &[refused("conflict"), refused("not-found")],
            &[refused("duplicate"), placed(&[]), other],
        );
        check("runTask", &json!({}), &[placed(&[])], &[refused("conflict")]);
        check("runTask", &json!({"after": {"ci/a": {"CPU": 5}}}), &[placed(&[])], &[refused("conflict")]);

        let step = json!({"op": "describe"});
        let mut case = case(&step);
        case["steps"] = json!([step, {"op": "runTask", "expect": expect}]);
        let first = json!({"op": "describe", "state": state()});
        let second = |state: Value| json!({"op": "runTask", "error": {"class": "conflict"}, "state": state});
        assert_eq!(judge(&case, &[first.clone(), second(state())]), Vec::<String>::new());
        let mut changed = state();
        changed["ci/a"]["CPU"] = json!(6);
        assert_eq!(judge(&case, &[first, second(changed)]).len(), 1);
    }

    #[test]
    fn one_alternative_is_enough() {
        check(
            "runTask",
            &json!({"oneOf": [{"placed": 1}, {"error": {"classAnyOf": ["conflict"]}}]}),
            &[placed(&["ci/a"]), refused("conflict")],
            &[placed(&[]), refused("duplicate")],
        );
        check("runTask", &json!({"oneOf": [{"placed": 1}], "distinct": true}), &[placed(&["ci/a"])], &[placed(&[])]);
        check("runTask", &json!({"oneOf": [{"after": {}}]}), &[placed(&[])], &[refused("conflict")]);
    }

    #[test]
    fn the_state_afterwards_is_compared_by_kind() {
        let state = |a: Value| json!({"state": {"ci/a": a}});
        let given = |key: &str, value: Value| json!({"after": {"ci/a": {key: value}}});
        let printed = |key: &str, value: Value| state(json!({key: value}));
        for (key, wanted, good, bad) in [
            ("CPU", json!(-5), json!(-5), json!(5)),
            ("MEMORY", json!(7), json!(7), json!("7")),
            ("runningTasksCount", json!(7), json!(7), json!(8)),
            ("ENI", json!(7), json!(7), json!(null)),
            ("LICENSES", json!(7), json!(7), json!(8)),
            ("PORTS", json!(["80", "22", "80"]), json!([22, 80]), json!([22])),
            ("PORTS_UDP", json!([]), json!([]), json!([22])),
            ("status", json!("ACTIVE"), json!("ACTIVE"), json!("DRAINING")),
            ("GPU", json!(["g1", "g0"]), json!(["g1", "g0"]), json!(["g0", "g1"])),
        ] {
            check(
                "describe",
                &given(key, wanted),
                &[printed(key, good)],
                &[printed(key, bad), state(json!({})), json!({"state": {}})],
            );
        }
        check("describe", &json!({"after": {"ci/a": null}}), &[json!({"state": {}})], &[state(json!({}))]);
        check("describe", &given("DISK", json!(1)), &[], &[printed("DISK", json!(1))]);
    }

    #[test]
    fn lists_flags_and_stopped_tasks() {
        let arns = |list: Value| json!({"containerInstanceArns": list});
        let listed = arns(json!(["ci/a", "ci/b"]));
        let bad = [arns(json!(["ci/a"])), arns(json!(["ci/a", "ci/b", "ci/b"])), json!({})];
        check("listContainerInstances", &listed, &[arns(json!(["ci/b", "ci/a"]))], &bad);
        check("stopTask", &json!({"ok": true}), &[json!({"ok": true})], &[json!({}), json!({"ok": false})]);
        check("loadText", &json!({"parsed": true}), &[json!({"parsed": true})], &[json!({}), refused("invalid-input")]);
        let ended = |list: Value| json!({"stopped": list});
        check(
            "scaleIn",
            &json!({"stopped": 2}),
            &[ended(json!(["task/1", "task/2"]))],
            &[ended(json!(["task/1"])), json!({})],
        );
        check(
            "scaleIn",
            &json!({"stopped": ["task/2"]}),
            &[ended(json!(["task/2"]))],
            &[ended(json!(["task/1"])), ended(json!([]))],
        );
        check(
            "scaleIn",
            &json!({"stoppedPerInstance": {"ci/a": 1}}),
            &[ended(json!(["task/1"]))],
            &[ended(json!(["task/2"])), ended(json!(["?"]))],
        );
        check(
            "scaleIn",
            &json!({"stoppedPerAttribute": {"zone": {"y": 1}}}),
            &[ended(json!(["task/2"]))],
            &[ended(json!(["task/1"]))],
        );
    }

    #[test]
    fn what_nobody_can_check_fails() {
        let entry = placed(&["ci/a"]);
        for expect in [
            json!(null),
            json!([]),
            json!({"nosuch": 1}),
            json!({"oneOf": []}),
            json!({"oneOf": [{"nosuch": 1}]}),
            json!({"oneOf": [{"oneOf": [{"oneOf": [{"oneOf": [{"oneOf": [{"placed": 1}]}]}]}]}]}),
            json!({"distinct": false}),
            json!({"error": {"classAnyOf": []}}),
            json!({"error": {"classAnyOf": ["nosuch"]}}),
            json!({"error": {"code": "x", "classAnyOf": ["conflict"]}}),
            json!({"after": {"ci/a": 1}}),
            json!({"after": {"ci/a": {"CPU": null}}}),
            json!({"after": {"ci/a": {"PORTS": ["x"]}}}),
        ] {
            check("runTask", &expect, &[], core::slice::from_ref(&entry));
        }
        for key in [
            "placed",
            "placements",
            "perInstance",
            "perAttribute",
            "only",
            "countsSorted",
            "failures",
            "failuresExact",
            "error",
            "oneOf",
            "after",
            "containerInstanceArns",
            "ok",
            "parsed",
            "stopped",
            "stoppedPerInstance",
            "stoppedPerAttribute",
        ] {
            for value in [json!(null), json!({"ci/a": null}), json!([null]), json!(-1), json!(1.5), json!("x")] {
                check("runTask", &json!({key: value}), &[], core::slice::from_ref(&entry));
            }
        }
        assert_eq!(judge(&case(&json!({"op": "describe"})), &[]).len(), 1);
        assert_eq!(judge(&case(&json!({"op": "describe"})), &[json!({"op": "runTask", "state": {}})]).len(), 1);
        assert!(!judge(&Value::Null, &[Value::Null]).is_empty());
    }

    #[test]
    fn skipped_steps_fail_nothing_unless_nobody_asked() {
        let mut case = case(&Value::Null);
        case["steps"] = json!([
            {"op": "describe", "requires": ["moon"], "expect": {"placed": 1}},
            {"op": "describe"}
        ]);
        let skipped = |feature: &str| json!({"op": "describe", "skipped": feature});
        assert_eq!(judge(&case, &[skipped("moon"), skipped("moon")]), Vec::<String>::new());
        assert_eq!(judge(&case, &[skipped("moon"), json!({"op": "describe", "state": {}})]).len(), 1);
        assert_eq!(judge(&case, &[skipped("sun"), skipped("moon")]).len(), 1);
    }

    #[test]
    fn attributes_follow_the_steps() {
        let step = |op: &str, rest: Value| {
            let mut step = rest;
            step["op"] = json!(op);
            step
        };
        let place = step("runTask", json!({"expect": {"perAttribute": {"zone": {"x": 0, "z": 2}}}}));
        let mut case = case(&place);
        case["steps"] = json!([
            step("putAttributes", json!({"attributes": [{"name": "zone", "value": "z", "targetId": "c"}]})),
            step("deleteAttributes", json!({"attributes": [{"name": "zone", "targetId": "ci/a"}]})),
            step(
                "registerContainerInstance",
                json!({"containerInstance":
                {"containerInstanceArn": "ci/d", "attributes": [{"name": "zone", "value": "z"}]}})
            ),
            place
        ]);
        let ok = |op: &str| json!({"op": op, "ok": true, "state": {}});
        let mut last = placed(&["ci/c", "ci/d", "ci/a"]);
        last["op"] = json!("runTask");
        let entries = [ok("putAttributes"), ok("deleteAttributes"), ok("registerContainerInstance"), last];
        assert_eq!(judge(&case, &entries), Vec::<String>::new());
    }
}

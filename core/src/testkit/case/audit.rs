//! What must hold in every case, whatever it expects.
//!
//! The books of each instance are kept a second time from the printed placements and stops, with demands worked out from
//! the definitions by the few lines below or, where those do not cover a definition, inferred from the first task placed.
//! Shares no code with the engine.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::Value;

use super::world::{World, list, text};

/// CPU units and MiB one task holds.
type Demand = [i64; 2];

/// The two resources, in the order of a [`Demand`].
const AMOUNTS: [&str; 2] = ["CPU", "MEMORY"];

/// The checks every runner makes on its own, over the printed entries.
///
/// No instance holds more than it registered, or less than nothing unless it started so; what remains falls by what the
/// placed tasks reserve and rises by the same when they stop; `runningTasksCount` follows placements and stops; what no
/// task touched does not change; a refused call changes nothing. `case` is expanded, and in the order the runner was given.
/// Returns one line for each violation.
#[must_use]
pub fn audit(case: &Value, entries: &[Value]) -> Vec<String> {
    let mut books = Books::of(case);
    let mut violations = Vec::new();
    for (index, (step, entry)) in list(case.get("steps")).zip(entries).enumerate() {
        if entry.get("skipped").is_some() {
            break;
        }
        let mut found = Vec::new();
        books.enter(step, entry, &mut found);
        let op = text(step, "op").unwrap_or_default();
        violations.extend(found.into_iter().map(|line| format!("steps[{index}] {op}: {line}")));
    }
    violations
}

/// The second set of books.
struct Books {
    /// Instances and where tasks are.
    world: World,
    /// Definitions by family, and by `family:revision` where they say one.
    definitions: BTreeMap<String, Value>,
    /// What each running task holds, where it is known.
    demands: BTreeMap<String, Option<Demand>>,
    /// What each instance had left, where it is known.
    remaining: BTreeMap<String, Option<Demand>>,
    /// The state printed last.
    before: Option<Value>,
}

impl Books {
    /// The books before the first step.
    fn of(case: &Value) -> Self {
        let mut books = Self {
            world: World::of(case),
            definitions: BTreeMap::new(),
            demands: BTreeMap::new(),
            remaining: BTreeMap::new(),
            before: None,
        };
        for definition in list(case.get("taskDefinitions")) {
            books.define(definition);
        }
        for (id, instance) in &books.world.instances {
            books.remaining.insert(id.clone(), Some(opening(instance)));
        }
        for task in list(case.pointer("/cluster/tasks")) {
            let Some(id) = text(task, "taskArn") else { continue };
            let Some(host) = books.world.hosts.get(id).cloned() else { continue };
            let is_plain = ["cpu", "memory", "overrides", "containers"].iter().all(|key| task.get(key).is_none());
            let definition = text(task, "taskDefinitionArn").and_then(|name| books.definitions.get(name));
            let demand = definition.filter(|_| is_plain).and_then(|definition| demand(definition, None));
            books.demands.insert(id.to_string(), demand);
            let instance = books.world.instances.get(&host);
            if instance.is_some_and(|instance| instance.get("remainingResources").is_none()) {
                if let Some(left) = books.remaining.get_mut(&host) {
                    *left = left.and_then(|left| minus(left, demand?, 1));
                }
            }
        }
        books
    }

    /// Takes in a definition; an older one of the same family gives way.
    fn define(&mut self, definition: &Value) {
        let Some(family) = text(definition, "family") else { return };
        let revision = definition.get("revision").and_then(Value::as_i64);
        if let Some(revision) = revision {
            self.definitions.insert(format!("{family}:{revision}"), definition.clone());
        }
        let known = self.definitions.get(family).and_then(|known| known.get("revision")).and_then(Value::as_i64);
        if revision >= known {
            self.definitions.insert(family.to_string(), definition.clone());
        }
    }

    /// Compares one entry with the books, and brings them up to date.
    fn enter(&mut self, step: &Value, entry: &Value, found: &mut Vec<String>) {
        let Some(Value::Object(state)) = entry.get("state") else {
            found.push("the entry has no state".to_string());
            return;
        };
        let op = text(step, "op").unwrap_or_default();
        let is_reading = matches!(op, "describe" | "listContainerInstances" | "loadText" | "registerTaskDefinition");
        if entry.get("error").is_some() || is_reading {
            if self.before.as_ref().is_some_and(|before| Some(before) != entry.get("state")) {
                found.push("the state has changed".to_string());
            }
            if let Some(key) = entry
                .get("error")
                .and(entry.as_object())
                .and_then(|entry| entry.keys().find(|key| !matches!(key.as_str(), "op" | "error" | "state")))
            {
                found.push(format!("`{key}` stands beside an error"));
            }
        }
        let is_carried_out = entry.get("error").is_none();
        let (placed, stopped) = self.movements(step, entry, found);
        let asked = self.asked(step);
        let newcomer = step.pointer("/containerInstance/containerInstanceArn").and_then(Value::as_str);
        self.world.follow(step, entry);
        if is_carried_out && op == "registerTaskDefinition" {
            if let Some(definition) = step.get("taskDefinition") {
                // The newest, whatever number it says.
                if let Some(family) = text(definition, "family") {
                    self.definitions.remove(family);
                }
                self.define(definition);
            }
        }
        self.failures(step, entry, placed.values().map(Vec::len).sum(), found);
        for id in state.keys().filter(|id| !self.world.instances.contains_key(*id)) {
            found.push(format!("{id} is in the state but not registered"));
        }
        let mut demand = asked;
        for (id, row) in state {
            let Some(instance) = self.world.instances.get(id).cloned() else { continue };
            if is_carried_out && newcomer == Some(id) {
                self.remaining.insert(id.clone(), Some(opening(&instance)));
            }
            let none = Vec::new();
            let (came, went) = (placed.get(id).unwrap_or(&none), stopped.get(id).unwrap_or(&none));
            let amounts = self.amounts(id, row, came, went, &mut demand, found);
            self.bounds(id, &instance, row, amounts, found);
            self.remaining.insert(id.clone(), amounts);
            let running = self.world.running.get(id).copied();
            let printed = row.get("runningTasksCount").and_then(Value::as_i64);
            if instance.get("runningTasksCount").is_none() && running != printed {
                found.push(format!("{id}: runningTasksCount is {printed:?}, the tasks say {running:?}"));
            }
            let before = self.before.as_ref().and_then(|before| before.get(id));
            if let Some(before) = before.filter(|_| came.is_empty() && went.is_empty() && is_carried_out) {
                if op != "updateContainerInstancesState" && before != row {
                    found.push(format!("{id}: changed, but no task came or went"));
                }
            }
        }
        for id in self.world.order.iter().filter(|id| !state.contains_key(*id)) {
            let status = self.world.instances.get(id).and_then(|instance| text(instance, "status"));
            if status != Some("INACTIVE") {
                found.push(format!("{id} is registered but not in the state"));
            }
        }
        for id in placed.values().flatten() {
            self.demands.insert(id.clone(), demand);
        }
        for id in stopped.values().flatten() {
            self.demands.remove(id);
        }
        self.before = entry.get("state").cloned();
    }

    /// Tasks that came and went, by instance.
    fn movements(&self, step: &Value, entry: &Value, found: &mut Vec<String>) -> (ByInstance, ByInstance) {
        let (mut placed, mut stopped) = (ByInstance::new(), ByInstance::new());
        for task in list(entry.get("tasks")) {
            match (text(task, "taskArn"), text(task, "containerInstanceArn")) {
                (Some(id), Some(host)) => {
                    if self.world.hosts.contains_key(id) || placed.values().flatten().any(|other: &String| other == id)
                    {
                        found.push(format!("task id {id} is given twice"));
                    }
                    if !self.world.instances.contains_key(host) {
                        found.push(format!("{id} is on {host}, which is not registered"));
                    }
                    placed.entry(host.to_string()).or_default().push(id.to_string());
                    let row = entry.pointer("/state").and_then(|state| state.get(host));
                    for gpu in list(task.get("gpuIds")) {
                        if list(row.and_then(|row| row.get("GPU"))).any(|free| free == gpu) {
                            found.push(format!("{id} holds {gpu}, which is still free"));
                        }
                    }
                }
                _ => found.push("a task without id or instance".to_string()),
            }
        }
        for id in self.world.drained(step, entry) {
            if let Some(host) = self.world.hosts.get(&id) {
                stopped.entry(host.clone()).or_default().push(id);
            }
        }
        for id in list(entry.get("stopped")).filter_map(Value::as_str) {
            match self.world.hosts.get(id) {
                Some(host) if self.demands.contains_key(id) => {
                    let ended: &mut Vec<String> = stopped.entry(host.clone()).or_default();
                    if ended.iter().any(|other| other == id) {
                        found.push(format!("{id} was stopped twice"));
                    } else {
                        ended.push(id.to_string());
                    }
                }
                _ => found.push(format!("{id} was stopped, but did not run")),
            }
        }
        (placed, stopped)
    }

    /// What one task of the step's request reserves, where the definition is simple enough to tell.
    fn asked(&self, step: &Value) -> Option<Demand> {
        let request = step.get("request")?;
        demand(self.definitions.get(text(request, "taskDefinition")?)?, request.get("overrides"))
    }

    /// `failures` is empty exactly where every task asked for was placed.
    fn failures(&self, step: &Value, entry: &Value, placed: usize, found: &mut Vec<String>) {
        if text(step, "op") != Some("runTask") || entry.get("error").is_some() {
            return;
        }
        let asked = step.pointer("/request/count").map_or(Some(1), Value::as_u64);
        let is_complete = u64::try_from(placed).ok() == asked;
        let failures = list(entry.get("failures")).count();
        if is_complete != (failures == 0) || u64::try_from(placed).ok() > asked {
            found.push(format!("{placed} tasks placed of {asked:?}, and {failures} failures"));
        }
    }

    /// What the row says is left, compared with what was left before and what came and went.
    fn amounts(
        &self,
        id: &str,
        row: &Value,
        came: &[String],
        went: &[String],
        demand: &mut Option<Demand>,
        found: &mut Vec<String>,
    ) -> Option<Demand> {
        let printed = AMOUNTS.map(|name| row.get(name).and_then(Value::as_i64));
        let [Some(cpu), Some(memory)] = printed else {
            found.push(format!("{id}: CPU or MEMORY is not an integer"));
            return None;
        };
        let printed = [cpu, memory];
        let mut expected = self.remaining.get(id).copied().flatten();
        for task in went {
            let held = self.demands.get(task).copied().flatten();
            expected = expected.and_then(|left| minus(left, held?, -1));
        }
        if let (Some(left), Some(n)) = (expected, i64::try_from(came.len()).ok().filter(|n| *n > 0)) {
            let taken = minus(left, printed, 1);
            if demand.is_none() && taken.is_some_and(|taken| taken.iter().all(|amount| amount % n == 0)) {
                *demand = taken.map(|taken| taken.map(|amount| amount / n));
            }
            expected = demand.and_then(|demand| minus(left, demand, n));
            if demand.is_some_and(|demand| demand.iter().any(|amount| *amount < 0)) {
                found.push(format!("{id}: a task reserves less than nothing"));
            }
        }
        if expected.is_some_and(|expected| expected != printed) {
            found.push(format!("{id}: CPU and MEMORY left are {printed:?}, the tasks say {expected:?}"));
        }
        Some(printed)
    }

    /// Not more than registered, not less than nothing, unless it already was so.
    fn bounds(&self, id: &str, instance: &Value, row: &Value, amounts: Option<Demand>, found: &mut Vec<String>) {
        let before = self.remaining.get(id).copied().flatten();
        for (index, name) in AMOUNTS.iter().enumerate() {
            let Some(left) = amounts.and_then(|amounts| amounts.get(index).copied()) else { continue };
            let earlier = before.and_then(|before| before.get(index).copied());
            if left < 0 && earlier.is_some_and(|earlier| left < earlier) {
                found.push(format!("{id}: {name} has fallen to {left}"));
            }
            let registered = record(instance, "registeredResources", name);
            if left > registered && instance.get("remainingResources").is_none() {
                found.push(format!("{id}: {name} left is {left}, more than the {registered} registered"));
            }
        }
        let eni = row.get("ENI").and_then(Value::as_i64);
        let eni_before = self.before.as_ref().and_then(|before| before.get(id)?.get("ENI")?.as_i64());
        if eni.is_some_and(|eni| eni < 0) && eni < eni_before {
            found.push(format!("{id}: ENI has fallen below nothing"));
        }
        for name in ["PORTS", "PORTS_UDP"] {
            let ports: Option<Vec<i64>> =
                row.get(name).and_then(Value::as_array).and_then(|ports| ports.iter().map(Value::as_i64).collect());
            if !ports.is_some_and(|ports| ports.is_sorted_by(|left, right| left < right)) {
                found.push(format!("{id}: {name} is not a rising list of integers"));
            }
        }
        let pool: Vec<&Value> = list(instance.get("registeredResources"))
            .filter(|record| text(record, "name") == Some("GPU"))
            .flat_map(|record| list(record.get("stringSetValue")))
            .collect();
        let mut free = list(row.get("GPU")).map(|gpu| pool.iter().position(|other| *other == gpu));
        let mut last = None;
        if !free.all(|position| {
            let rises = position.is_some() && position > last;
            last = position;
            rises
        }) {
            found.push(format!("{id}: GPU is not a part of the pool in its order"));
        }
    }
}

/// Task ids by instance.
type ByInstance = BTreeMap<String, Vec<String>>;

/// What an instance has left before any task of the case is counted.
fn opening(instance: &Value) -> Demand {
    let key = if instance.get("remainingResources").is_some() { "remainingResources" } else { "registeredResources" };
    AMOUNTS.map(|name| record(instance, key, name))
}

/// The amount of one record; a missing one is 0.
fn record(instance: &Value, key: &str, name: &str) -> i64 {
    let record = list(instance.get(key)).find(|record| text(record, "name") == Some(name));
    let field = match record.and_then(|record| text(record, "type")) {
        Some("LONG") => "longValue",
        _ => "integerValue",
    };
    record.and_then(|record| record.get(field)).and_then(Value::as_i64).unwrap_or(0)
}

/// `left - n · demand`, if it is in range.
fn minus(left: Demand, demand: Demand, n: i64) -> Option<Demand> {
    let [cpu, memory] = demand;
    let [cpu_left, memory_left] = left;
    Some([cpu_left.checked_sub(cpu.checked_mul(n)?)?, memory_left.checked_sub(memory.checked_mul(n)?)?])
}

/// CPU and MEMORY of one task, for definitions whose amounts are plain; `None` for the others.
fn demand(definition: &Value, overrides: Option<&Value>) -> Option<Demand> {
    let family = definition.pointer("/runtimePlatform/operatingSystemFamily").and_then(Value::as_str);
    if family.is_some_and(|family| family.starts_with("WINDOWS")) {
        return None;
    }
    let task_level = |key: &str| -> Option<i64> {
        let amount = overrides.and_then(|overrides| overrides.get(key)).or_else(|| definition.get(key));
        amount.map_or(Some(0), |amount| amount.as_str()?.parse().ok())
    };
    let mut sum: Demand = [0, 0];
    for container in list(definition.get("containerDefinitions")) {
        let name = container.get("name");
        let change = list(overrides.and_then(|overrides| overrides.get("containerOverrides")))
            .find(|change| change.get("name") == name);
        let amount = |key: &str| {
            let amount = change.and_then(|change| change.get(key)).or_else(|| container.get(key));
            amount.map_or(Some(0), Value::as_i64)
        };
        let soft = amount("memoryReservation")?;
        let memory = if soft > 0 { soft } else { amount("memory")? };
        sum = minus(sum, [amount("cpu")?, memory], -1)?;
    }
    let [cpu, memory] = sum;
    let (task_cpu, task_memory) = (task_level("cpu")?, task_level("memory")?);
    Some([if task_cpu > 0 { task_cpu } else { cpu }, if task_memory > 0 { task_memory } else { memory }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A cluster of one instance on which one task runs; two steps: place two more, stop the first of them.
    fn case() -> Value {
        json!({
            "taskDefinitions": [{"family": "t", "containerDefinitions": [
                {"name": "x", "cpu": 10, "memory": 50, "memoryReservation": 20}, {"name": "y", "memory": 5}]}],
            "cluster": {
                "containerInstances": [{"containerInstanceArn": "ci/a", "registeredResources": [
                    {"name": "CPU", "type": "INTEGER", "integerValue": 100},
                    {"name": "MEMORY", "type": "INTEGER", "integerValue": 100},
                    {"name": "GPU", "type": "STRINGSET", "stringSetValue": ["g0", "g1"]}]}],
                "tasks": [{"taskArn": "task/1", "containerInstanceArn": "ci/a", "taskDefinitionArn": "t"}]
            },
            "steps": [
                {"op": "runTask", "request": {"taskDefinition": "t", "count": 2}},
                {"op": "stopTask", "task": {"taskArn": "x"}},
                {"op": "runTask", "request": {"taskDefinition": "t"}}
            ]
        })
    }

    /// One row of the state.
    fn row(cpu: i64, memory: i64, running: i64) -> Value {
        json!({"CPU": cpu, "MEMORY": memory, "PORTS": [], "PORTS_UDP": [], "GPU": ["g0", "g1"], "runningTasksCount": running,
            "status": "ACTIVE"})
    }

    /// Entries in which everything is right.
    fn entries() -> Vec<Value> {
        let task = |id: &str| json!({"taskArn": id, "containerInstanceArn": "ci/a"});
        let [first, second, third] = [row(70, 25, 3), row(80, 50, 2), row(80, 50, 2)];
        Vec::from([
            json!({"op": "runTask", "tasks": [task("n1"), task("n2")], "failures": [], "state": {"ci/a": first}}),
            json!({"op": "stopTask", "ok": true, "stopped": ["n1"], "state": {"ci/a": second}}),
            json!({"op": "runTask", "error": {"class": "conflict"}, "state": {"ci/a": third}}),
        ])
    }

    #[test]
    fn right_books_pass_and_each_wrong_number_is_found() {
        assert_eq!(audit(&case(), &entries()), Vec::<String>::new());
        for (pointer, value) in [
            ("/0/state/ci~1a/CPU", json!(71)),
            ("/0/state/ci~1a/MEMORY", json!(-1)),
            ("/0/state/ci~1a/MEMORY", json!("25")),
            ("/0/state/ci~1a/runningTasksCount", json!(2)),
            ("/0/state/ci~1a/GPU", json!(["g1", "g0"])),
            ("/0/state/ci~1a/GPU", json!(["g7"])),
            ("/0/state/ci~1a/PORTS", json!([80, 22])),
            ("/0/state", json!({})),
            ("/0/tasks/1/taskArn", json!("n1")),
            ("/0/tasks/1/taskArn", json!("task/1")),
            ("/0/tasks/1/containerInstanceArn", json!("ci/b")),
            ("/0/tasks/1", json!({"taskArn": "n2", "containerInstanceArn": "ci/a", "gpuIds": ["g0"]})),
            ("/0/failures", json!([{"arn": "ci/a", "reason": "AGENT"}])),
            ("/1/stopped", json!([])),
            ("/1/stopped", json!(["n1", "n1"])),
            ("/1/stopped", json!(["n7"])),
            ("/1/state/ci~1a/CPU", json!(101)),
            ("/2/state/ci~1a/CPU", json!(81)),
            ("/2/tasks", json!([])),
        ] {
            let mut entries = Value::from(entries());
            if let Some(place) = entries.pointer_mut(pointer) {
                *place = value.clone();
            } else if let Some(entry) = entries.get_mut(2).and_then(Value::as_object_mut) {
                entry.insert("tasks".to_string(), value.clone());
            }
            let entries: Vec<Value> = list(Some(&entries)).cloned().collect();
            assert!(!audit(&case(), &entries).is_empty(), "{pointer} {value}");
        }
    }

    #[test]
    fn an_instance_may_start_below_nothing_but_not_sink() {
        let mut case = case();
        case["cluster"]["containerInstances"][0]["remainingResources"] =
            json!([{"name": "CPU", "type": "INTEGER", "integerValue": -5}]);
        case["steps"] = json!([{"op": "describe"}, {"op": "stopTask", "task": {"taskArn": "task/1"}}]);
        let entries = |cpu, memory| {
            Vec::from([
                json!({"op": "describe", "state": {"ci/a": row(-5, 0, 1)}}),
                json!({"op": "stopTask", "ok": true, "stopped": ["task/1"], "state": {"ci/a": row(cpu, memory, 0)}}),
            ])
        };
        assert_eq!(audit(&case, &entries(5, 25)), Vec::<String>::new());
        assert!(!audit(&case, &entries(-6, 25)).is_empty());
    }

    #[test]
    fn nonsense_does_not_panic() {
        for entry in
            [json!(null), json!([]), json!({"state": null}), json!({"tasks": [1], "stopped": {}, "state": {"x": 1}})]
        {
            assert!(!audit(&case(), &[entry]).is_empty());
        }
        assert_eq!(audit(&Value::Null, &[]), Vec::<String>::new());
    }
}

//! Runs the steps of a conformance case against a session and says what happened, judging nothing.
//!
//! The case is of the format `ecs-placement-conformance/1` with its generators expanded. A [`Runner`] takes one step at a
//! time, so that a caller can look at the session between two steps, or put another in its place.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Map, Value, json};

use crate::adapter::{RunTaskResponse, Session, SessionOptions, SessionSavepoint};
use crate::error::{Error, ErrorKind};
use crate::json::Json;

/// Optional features that cases may require and this library has.
pub const FEATURES: [&str; 13] = [
    "allOrNothing",
    "awsvpc",
    "batch.allOrNothing",
    "createService",
    "gpu",
    "launchType",
    "networkMode.awsvpc",
    "overrides",
    "registerTaskDefinition",
    "requiresAttributes",
    "savepoints",
    "scaleIn",
    "startTask",
];

/// Runs every step of an expanded case; the document that `replay` prints.
///
/// # Errors
/// In words, for a case whose cluster cannot be loaded or that has an unknown operation.
pub fn replay(case: &Value, options: SessionOptions) -> Result<Value, String> {
    let mut runner = Runner::new(case, options)?;
    let steps = case.get("steps").and_then(Value::as_array).ok_or("the case has no steps")?;
    let mut entries = Vec::with_capacity(steps.len());
    for step in steps {
        entries.push(runner.step(step)?);
    }
    Ok(json!({"id": case.get("id").cloned().unwrap_or_default(), "steps": entries}))
}

/// A case being run.
#[derive(Debug)]
pub struct Runner {
    /// What it runs against.
    session: Session,
    /// Options of fresh sessions.
    options: SessionOptions,
    /// By step: ids of the tasks it placed and of their instances.
    placed: Vec<Vec<(String, String)>>,
    /// Savepoints open, outermost first, each with the steps there were.
    savepoints: Vec<(usize, SessionSavepoint)>,
    /// The feature that is missing, once one was.
    missing: Option<String>,
}

impl Runner {
    /// The cluster of an expanded case, before its first step; an empty one where the case requires a missing feature, as no
    /// step will run.
    ///
    /// # Errors
    /// In words, for a cluster that cannot be loaded.
    pub fn new(case: &Value, options: SessionOptions) -> Result<Self, String> {
        let missing = missing_feature(case);
        let session =
            if missing.is_some() { Session::new(options.clone()) } else { Self::load(case, options.clone())? };
        Ok(Self { session, options, placed: Vec::new(), savepoints: Vec::new(), missing })
    }

    /// The cluster of a case.
    fn load(case: &Value, options: SessionOptions) -> Result<Session, String> {
        let mut document = case.get("cluster").and_then(Value::as_object).cloned().ok_or("the case has no cluster")?;
        document.entry("containerInstances").or_insert_with(|| json!([]));
        if let Some(definitions) = case.get("taskDefinitions") {
            document.insert("taskDefinitions".to_string(), definitions.clone());
        }
        // In a case the listed tasks are all there are, whatever an instance says it runs.
        for instance in document.get_mut("containerInstances").and_then(Value::as_array_mut).into_iter().flatten() {
            strip_counts(instance);
        }
        let text = Value::Object(document).to_string();
        Session::from_json(&text, options).map_err(|error| format!("cluster: {error}"))
    }

    /// What it runs against.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Goes on with another session, such as one that was exported and imported. Savepoints are not carried over.
    pub fn set_session(&mut self, session: Session) {
        self.session = session;
        self.savepoints.clear();
    }

    /// Whether a savepoint is open.
    #[must_use]
    pub fn has_savepoint(&self) -> bool {
        !self.savepoints.is_empty()
    }

    /// Runs one step; its entry in the replay document.
    ///
    /// # Errors
    /// In words, for an operation the format does not have.
    pub fn step(&mut self, step: &Value) -> Result<Value, String> {
        let op = step.get("op").and_then(Value::as_str).ok_or("a step has no operation")?;
        let mut entry = Map::new();
        entry.insert("op".to_string(), json!(op));
        self.missing = self.missing.take().or_else(|| missing_feature(step));
        if let Some(feature) = &self.missing {
            entry.insert("skipped".to_string(), json!(feature));
            self.placed.push(Vec::new());
            return Ok(Value::Object(entry));
        }
        let placed = self.placed.len();
        self.placed.push(Vec::new());
        match self.run(op, step, placed)? {
            Ok(results) => entry.extend(results),
            Err(error) => {
                let (class, code) = (error.class().as_str(), error.code());
                entry.insert("error".to_string(), json!({"class": class, "code": code, "message": error.to_string()}));
            }
        }
        entry.insert("state".to_string(), to_value(&self.session.state()));
        Ok(Value::Object(entry))
    }

    /// Carries an operation out: its results, or the library's refusal.
    fn run(&mut self, op: &str, step: &Value, index: usize) -> Result<Result<Map<String, Value>, Error>, String> {
        let of = |key: &str| step.get(key).cloned().unwrap_or_default().to_string();
        let session = &mut self.session;
        Ok(match op {
            "runTask" => session.run_task(&of("request")).map(|answer| self.placements(&answer, index)),
            "startTask" => session.start_task(&of("request")).map(|answer| self.placements(&answer, index)),
            "createService" => session.create_service(&of("request")).map(|answer| self.placements(&answer, index)),
            "stopTask" => self.stop_task(step.get("task")),
            "listContainerInstances" => session
                .list_container_instances(&without_op(step))
                .map(|answer| one("containerInstanceArns", json!(answer.container_instance_arns))),
            "registerContainerInstance" => {
                let mut instance = step.get("containerInstance").cloned().unwrap_or_default();
                strip_counts(&mut instance);
                session.register_container_instance(&instance.to_string()).map(|()| done())
            }
            "deregisterContainerInstance" => deregister(session, step),
            "updateContainerInstancesState" => {
                session.update_container_instances_state(&without_op(step)).map(|()| done())
            }
            "putAttributes" => session.put_attributes(&without_op(step)).map(|()| done()),
            "deleteAttributes" => session.delete_attributes(&without_op(step)).map(|()| done()),
            "registerTaskDefinition" => session.register_task_definition(&of("taskDefinition")).map(|_| done()),
            "scaleIn" => session.scale_in(&without_op(step)).map(|stopped| one("stopped", json!(stopped))),
            "describe" => Ok(Map::new()),
            "loadText" => {
                let text = step.get("text").and_then(Value::as_str);
                let text = text.ok_or_else(|| Error::with_message(ErrorKind::InvalidParameter, "`text` is no string"));
                text.and_then(|text| Session::from_json(text, self.options.clone())).map(|_| one("parsed", json!(true)))
            }
            "xBegin" => {
                let savepoint = session.begin();
                self.savepoints.push((index, savepoint));
                Ok(done())
            }
            "xRollback" => self.innermost().and_then(|(steps, savepoint)| {
                self.session.rollback(savepoint)?;
                // What was rolled back was never placed, and its ids are given out again.
                self.placed.iter_mut().skip(steps).for_each(Vec::clear);
                Ok(done())
            }),
            "xCommit" => self.innermost().and_then(|(_, savepoint)| self.session.commit(savepoint)).map(|()| done()),
            "xSetAgentConnected" => {
                let fields = Json::parse(&of_text(step)).and_then(|json| {
                    let fields = json.as_fields()?;
                    let name = String::from(fields.text("containerInstance")?);
                    let connected = fields.required_with("connected", Json::as_bool)?;
                    Ok((name, connected))
                });
                fields.and_then(|(name, connected)| session.set_agent_connected(&name, connected)).map(|()| done())
            }
            other => return Err(format!("operation `{other}` is unknown")),
        })
    }

    /// The innermost savepoint, taken from the list.
    fn innermost(&mut self) -> Result<(usize, SessionSavepoint), Error> {
        self.savepoints.pop().ok_or_else(|| Error::with_message(ErrorKind::NoSavepoint, "no savepoint is open"))
    }

    /// Results of a call that places tasks; notes them for later steps.
    fn placements(&mut self, answer: &RunTaskResponse, index: usize) -> Map<String, Value> {
        let tasks = answer.tasks.iter().map(|task| {
            let mut entry = json!({
                "taskArn": task.task_arn,
                "containerInstanceArn": task.container_instance_arn,
                "group": task.group,
            });
            if !task.gpu_ids.is_empty() {
                entry["gpuIds"] = json!(task.gpu_ids);
            }
            entry
        });
        let tasks: Vec<Value> = tasks.collect();
        let failures: Vec<Value> = answer.failures.iter().map(|failure| to_value(&failure.to_json())).collect();
        if let Some(placed) = self.placed.get_mut(index) {
            let names = answer.tasks.iter().map(|task| (task.task_arn.clone(), task.container_instance_arn.clone()));
            placed.extend(names);
        }
        let mut results = one("tasks", json!(tasks));
        results.insert("failures".to_string(), json!(failures));
        results
    }

    /// Stops the task that a step names.
    fn stop_task(&mut self, task: Option<&Value>) -> Result<Map<String, Value>, Error> {
        let name = self.task_name(task)?;
        let printed = self.session.task_id(&name).ok().and_then(|id| self.session.task_name(id)).map(String::from);
        self.session.stop_task(&name)?;
        let mut results = done();
        results.insert("stopped".to_string(), json!([printed.unwrap_or(name)]));
        Ok(results)
    }

    /// The id of the task that `{"taskArn"}`, `{"step", "index"}` or `{"step", "on"}` names.
    fn task_name(&self, task: Option<&Value>) -> Result<String, Error> {
        let bad = || Error::with_message(ErrorKind::InvalidParameter, "`task` names no task");
        let gone = || Error::with_message(ErrorKind::TaskNotFound, "the step has no such task");
        let task = task.ok_or_else(bad)?;
        if let Some(name) = task.get("taskArn") {
            return name.as_str().map(String::from).ok_or_else(bad);
        }
        let step =
            task.get("step").and_then(Value::as_u64).and_then(|step| usize::try_from(step).ok()).ok_or_else(bad)?;
        let placed = self.placed.get(step).ok_or_else(gone)?;
        if let Some(index) = task.get("index").and_then(Value::as_u64) {
            let name = usize::try_from(index).ok().and_then(|index| placed.get(index)).map(|(name, _)| name.clone());
            return name.ok_or_else(gone);
        }
        let on = task.get("on").and_then(Value::as_str).ok_or_else(bad)?;
        let on = self.session.instance_id(on)?;
        let mut running = placed.iter().filter(|(name, instance)| {
            let is_on = self.session.instance_id(instance).is_ok_and(|id| id == on);
            is_on && self.session.task_id(name).is_ok()
        });
        running.next().map(|(name, _)| name.clone()).ok_or_else(gone)
    }
}

/// Takes out of an instance how many tasks it says it runs.
fn strip_counts(instance: &mut Value) {
    if let Some(instance) = instance.as_object_mut() {
        instance.remove("runningTasksCount");
        instance.remove("pendingTasksCount");
    }
}

/// Deregisters the instance that a step names.
fn deregister(session: &mut Session, step: &Value) -> Result<Map<String, Value>, Error> {
    let text = of_text(step);
    let json = Json::parse(&text)?;
    let fields = json.as_fields()?;
    let force = fields.optional_bool("force")?.unwrap_or(false);
    let stopped = session.deregister_container_instance(fields.text("containerInstance")?, force)?;
    let mut results = done();
    if force {
        results.insert("stopped".to_string(), json!(stopped));
    }
    Ok(results)
}

/// The first feature that a case or a step requires and the library does not have.
pub(super) fn missing_feature(value: &Value) -> Option<String> {
    let required = value.get("requires").and_then(Value::as_array)?;
    required.iter().filter_map(Value::as_str).find(|feature| !FEATURES.contains(feature)).map(String::from)
}

/// A step as the text of a request: what is left of it without `op` and expectations.
fn without_op(step: &Value) -> String {
    let keys = step.as_object().into_iter().flatten();
    let rest: BTreeMap<&String, &Value> =
        keys.filter(|(key, _)| !matches!(key.as_str(), "op" | "expect" | "requires")).collect();
    json!(rest).to_string()
}

/// A step as text.
fn of_text(step: &Value) -> String {
    step.to_string()
}

/// The results of an operation that was carried out.
fn done() -> Map<String, Value> {
    one("ok", json!(true))
}

/// Results with one key.
fn one(key: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(key.to_string(), value)])
}

/// Our tree as a generic value.
fn to_value(json: &Json<'_>) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => json!(value),
        Json::Integer(number) => json!(number),
        Json::Unsigned(number) => json!(number),
        Json::Float(number) => json!(number),
        Json::Text(text) => json!(text),
        Json::Array(items) => Value::Array(items.iter().map(to_value).collect()),
        Json::Object(entries) => {
            Value::Object(entries.iter().map(|(key, value)| (key.to_string(), to_value(value))).collect())
        }
    }
}

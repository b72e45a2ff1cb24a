//! Carrying out what was planned: one task moved, tasks started where a packing has them.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::savepoint::Undo;
use super::{RunTaskResponse, Session};
use crate::constraint::Constraint;
use crate::error::Error;
use crate::json::{Json, at_index};
use crate::pack::Live;
use crate::planner::rearrange::{RearrangeOptions, carry_out};
use crate::request::Request;

impl Session {
    /// Moves a running task to another instance: starts one for it there and then ends it, or the other way round with
    /// `stopFirst`. Reads `task`, `containerInstance` and `stopFirst`, and gives the id of the new task. Constraints of its task
    /// definition hold; those of its service are not in a cluster.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] where the instance has no place for the task, [`ErrorKind::TaskNotFound`] and
    /// [`ErrorKind::InstanceNotFound`] for what is not there. Nothing has changed then.
    ///
    /// # Example
    /// ```
    /// use placewright::adapter::{Session, SessionOptions};
    /// use placewright::json::Json;
    ///
    /// let instance = |name: &str| format!(r#"{{"containerInstanceArn": "{name}", "registeredResources": [
    ///     {{"name": "CPU", "type": "INTEGER", "integerValue": 1024}},
    ///     {{"name": "MEMORY", "type": "INTEGER", "integerValue": 1024}}]}}"#);
    /// let text = format!(r#"{{"containerInstances": [{}, {}]}}"#, instance("a"), instance("b"));
    /// let mut session = Session::from_json(&text, SessionOptions::default())?;
    /// session.register_task_definition(r#"{"family": "web", "containerDefinitions": [{"name": "app", "memory": 512}]}"#)?;
    /// let placed = session.run_task(r#"{"taskDefinition": "web"}"#)?;
    /// let task = &placed.tasks[0];
    /// let to = if task.container_instance_arn == "a" { "b" } else { "a" };
    /// let moved = session.move_task_json(&Json::object([
    ///     ("task", Json::from(task.task_arn.as_str())),
    ///     ("containerInstance", Json::from(to)),
    /// ]))?;
    /// let id = session.task_id(&moved)?;
    /// assert_eq!(session.instance_name(session.cluster().task(id)?.instance()), Some(to));
    /// # Ok::<(), placewright::Error>(())
    /// ```
    pub fn move_task_json(&mut self, request: &Json<'_>) -> Result<String, Error> {
        let fields = request.as_fields()?;
        let task = self.task_id(fields.text("task")?)?;
        let to = self.instance_id(fields.text("containerInstance")?)?;
        let name = String::from(self.cluster.task(task)?.definition());
        let options = RearrangeOptions {
            stops_first: fields.optional_bool("stopFirst")?.unwrap_or(false),
            definitions: Vec::from_iter(self.definition_rules(&name)),
            ..RearrangeOptions::default()
        };
        self.all_or_nothing(|session| {
            let moved = carry_out(&mut session.cluster, task, to, &options)?;
            session.note(Undo::Placed(session.placed));
            session.name_placed(moved)?;
            session.forget_stopped(&[task]);
            Ok(session.tasks.name(moved).map(Cow::into_owned).unwrap_or_default())
        })
    }

    /// The constraints of a task definition that the session knows, under its name.
    pub(super) fn definition_rules(&self, name: &str) -> Option<(String, Vec<Constraint>)> {
        let definition = self.book.accepted(name)?;
        Some((name.into(), definition.constraints.iter().cloned().map(Constraint::MemberOf).collect()))
    }

    /// Starts the tasks of a request on one instance, as many as it has room for; the first that it refuses ends the call. The
    /// request's constraints hold, its strategies play no part.
    ///
    /// # Errors
    /// [`ErrorKind::InstanceNotFound`] for an instance that is not there, and what the engine refuses a request for. Nothing has
    /// changed then.
    pub fn place_on(&mut self, request: &Request, instance: &str) -> Result<RunTaskResponse, Error> {
        let target = self.instance_id(instance)?;
        self.all_or_nothing(|session| {
            let prepared = session.cluster.prepare(request)?;
            let mut response = RunTaskResponse::default();
            for _ in 0..request.count {
                match session.cluster.start(prepared, target)? {
                    Ok(placement) => {
                        let task = session.placed_task(placement, request)?;
                        response.tasks.push(task);
                    }
                    Err(reason) => {
                        response.failures = session.failures([(target, reason)].into());
                        break;
                    }
                }
            }
            session.cluster.release(prepared)?;
            Ok(response)
        })
    }

    /// The problem of placing the tasks of these requests, in the shape of RunTask with any count, on what is left of the
    /// cluster. See [`Live`].
    ///
    /// # Errors
    /// Those of [`read_place`](Self::read_place) and of [`Live::new`], with the path of the request.
    pub fn read_live(&mut self, requests: &Json<'_>) -> Result<Live, Error> {
        let mut read = Vec::new();
        for (at, request) in requests.as_array()?.iter().enumerate() {
            read.push(self.read_place(request).map_err(|error| at_index(error, at))?);
        }
        Live::new(&self.cluster, &read)
    }
}

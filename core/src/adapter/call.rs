//! The calls that place and stop tasks.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::request::seed;
use super::savepoint::Undo;
use super::strategy::ending;
use super::task_names::made_up;
use super::warning::Call;
use super::{BatchExplanation, Failure, PlacedTask, RunTaskResponse, Service, Session, Watch};
use crate::error::{Error, ErrorKind};
use crate::id::{InstanceId, RequestId, TaskId};
use crate::json::{Json, Pace};
use crate::limits::{ECS_START_TASK_INSTANCES_MAX, ECS_STRATEGIES_MAX};
use crate::outcome::Placement;
use crate::report::Explanation;
use crate::request::Request;
use crate::select::Reason;

impl Session {
    /// RunTask: places up to ten tasks. See [`run_task_json`](Self::run_task_json).
    ///
    /// # Errors
    /// Those of [`Json::parse`] and of [`run_task_json`](Self::run_task_json); nothing has changed then.
    pub fn run_task(&mut self, request: &str) -> Result<RunTaskResponse, Error> {
        self.run_task_json(&Json::parse(request)?)
    }

    /// RunTask: places up to ten tasks, one after another, each seeing those before. The first that finds no instance ends
    /// the call, and each instance considered gives one failure (U-20).
    ///
    /// Beside the keys of ECS it takes `xSeed`, a decimal string, and `xAllOrNothing`, a boolean.
    ///
    /// # Errors
    /// What ECS refuses as a whole: bad parameters, limits, an unknown or refused task definition,
    /// [`ErrorKind::NoInstances`] where no instance can be considered (U-23), [`ErrorKind::UnsupportedFeature`] for Fargate,
    /// managed instances and capacity provider strategies. Nothing has changed then.
    pub fn run_task_json(&mut self, request: &Json<'_>) -> Result<RunTaskResponse, Error> {
        let fields = request.as_fields()?;
        self.warn_unknown_keys(fields, Call::RunTask);
        let request = self.run_task_request(fields)?;
        let response = self.all_or_nothing(|session| session.place_tasks(&request))?;
        if response.tasks.is_empty() && response.failures.is_empty() {
            return Err(Error::new(ErrorKind::NoInstances));
        }
        Ok(response)
    }

    /// CreateService: places `desiredCount` more tasks of the group `service:<serviceName>`.
    ///
    /// # Errors
    /// As [`create_service_json`](Self::create_service_json), and those of [`Json::parse`].
    pub fn create_service(&mut self, request: &str) -> Result<RunTaskResponse, Error> {
        self.create_service_json(&Json::parse(request)?)
    }

    /// CreateService: places `desiredCount` more tasks of the group `service:<serviceName>`, without a strategy evenly over
    /// zones and then instances. A second call with the same name adds to the service, which has at most
    /// [`ECS_SERVICE_TASKS_MAX`](crate::limits::ECS_SERVICE_TASKS_MAX) tasks in all. An empty cluster is no error: the
    /// service exists, and its tasks wait.
    ///
    /// # Errors
    /// What ECS refuses as a whole, load balancers without a fitting port included. Nothing has changed then.
    pub fn create_service_json(&mut self, request: &Json<'_>) -> Result<RunTaskResponse, Error> {
        let fields = request.as_fields()?;
        self.warn_unknown_keys(fields, Call::CreateService);
        let (name, request) = self.service_request(fields)?;
        let existing = self.tasks_wanted(name);
        self.all_or_nothing(|session| {
            let response =
                if request.count == 0 { RunTaskResponse::default() } else { session.place_tasks(&request)? };
            let desired_count = existing.saturating_add(u64::from(request.count));
            session.set_service(name, Box::new(Service { definition: request.definition.clone(), desired_count }));
            Ok(response)
        })
    }

    /// Tasks a service is to have: those asked for, and not fewer than it has.
    pub(super) fn tasks_wanted(&self, service: &str) -> u64 {
        let asked_for = self.services.get(service).map_or(0, |service| service.desired_count);
        asked_for.max(self.cluster.running_tasks_of(&format!("service:{service}")) as u64)
    }

    /// StartTask: starts one task on each instance it names. See [`start_task_json`](Self::start_task_json).
    ///
    /// # Errors
    /// Those of [`Json::parse`] and of [`start_task_json`](Self::start_task_json); nothing has changed then.
    pub fn start_task(&mut self, request: &str) -> Result<RunTaskResponse, Error> {
        self.start_task_json(&Json::parse(request)?)
    }

    /// StartTask: starts one task on each of one to ten instances. Each succeeds or fails on its own, in the order asked; an
    /// instance named twice gets two tasks if both fit, and gives at most one failure (U-21).
    ///
    /// # Errors
    /// What ECS refuses as a whole. Nothing has changed then.
    pub fn start_task_json(&mut self, request: &Json<'_>) -> Result<RunTaskResponse, Error> {
        let fields = request.as_fields()?;
        self.warn_unknown_keys(fields, Call::StartTask);
        fields.required("containerInstances")?;
        let names = fields.texts("containerInstances")?;
        let here = |error: Error| error.in_path("containerInstances");
        if names.is_empty() {
            return Err(here(Error::with_message(ErrorKind::InvalidParameter, "no container instance is named")));
        }
        if names.len() > ECS_START_TASK_INSTANCES_MAX {
            let message = format!("at most {ECS_START_TASK_INSTANCES_MAX} instances can be named, not {}", names.len());
            return Err(here(Error::with_message(ErrorKind::LimitExceeded, message)));
        }
        let request = self.start_task_request(fields)?;
        self.all_or_nothing(|session| {
            let prepared = session.cluster.prepare(&request)?;
            let result = session.start_on(prepared, &names, &request);
            session.cluster.release(prepared)?;
            result
        })
    }

    /// Starts one task on each of the named instances.
    fn start_on(&mut self, prepared: RequestId, names: &[&str], request: &Request) -> Result<RunTaskResponse, Error> {
        let mut response = RunTaskResponse::default();
        for name in names {
            let failure = match self.instances.find(name)? {
                None => Some(match self.deregistered.iter().find(|known| super::names::is_alike(known, name)) {
                    Some(known) => (String::from(known.as_ref()), Reason::Inactive),
                    None => (String::from(*name), Reason::Missing),
                }),
                Some(instance) => match self.cluster.start(prepared, instance)? {
                    Ok(placement) => {
                        let task = self.placed_task(placement, request)?;
                        response.tasks.push(task);
                        None
                    }
                    Err(reason) => Some((self.arn(instance), reason)),
                },
            };
            if let Some((arn, reason)) = failure {
                if !response.failures.iter().any(|known| known.arn == arn) {
                    response.failures.push(Failure { arn, reason: self.cluster.reason_text(reason), detail: None });
                }
            }
        }
        Ok(response)
    }

    /// Places the tasks of a request, one after another, each seeing those before, without the limits of ECS calls. The first
    /// that finds no instance ends the call; no instance to consider is no error.
    ///
    /// # Errors
    /// What the engine refuses a request for. Nothing has changed then.
    pub fn place(&mut self, request: &Request) -> Result<RunTaskResponse, Error> {
        self.all_or_nothing(|session| session.place_tasks(request))
    }

    /// Why each of the first `tasks_max` tasks of a request would go where it goes, and why the first that would find no
    /// instance finds none. Places nothing.
    ///
    /// # Errors
    /// What the engine refuses a request for.
    ///
    /// # Cost
    /// That of placing the request on a copy of the cluster, and linear in the cluster for each task explained.
    pub fn explain_tasks(&self, request: &Request, tasks_max: usize) -> Result<BatchExplanation, Error> {
        let mut cluster = self.cluster.clone();
        let prepared = cluster.prepare(request)?;
        let mut explanation = BatchExplanation::default();
        for task in 0..request.count {
            if (task as usize) < tasks_max {
                explanation.placed.push(cluster.explain(prepared)?);
            }
            if cluster.place_one(prepared)?.placement().is_none() {
                explanation.placed.truncate(task as usize);
                explanation.not_placed = Some(cluster.explain(prepared)?);
                break;
            }
            explanation.found += 1;
        }
        Ok(explanation)
    }

    /// Places the tasks of a request.
    fn place_tasks(&mut self, request: &Request) -> Result<RunTaskResponse, Error> {
        let prepared = self.cluster.prepare(request)?;
        let result = self.place_prepared(prepared, request);
        self.cluster.release(prepared)?;
        result
    }

    /// Places the tasks of a prepared request.
    fn place_prepared(&mut self, prepared: RequestId, request: &Request) -> Result<RunTaskResponse, Error> {
        let mut response = RunTaskResponse::default();
        let mut placements = Vec::new();
        let (_, failures) = self.cluster.place_explained(prepared, &mut placements)?;
        for placement in placements {
            let task = self.placed_task(placement, request)?;
            response.tasks.push(task);
        }
        response.failures = self.failures(failures);
        Ok(response)
    }

    /// Failures in the words of ECS.
    pub(super) fn failures(&self, failures: Vec<(InstanceId, Reason)>) -> Vec<Failure> {
        let failure = |(instance, reason)| Failure {
            arn: self.arn(instance),
            reason: self.cluster.reason_text(reason),
            detail: None,
        };
        failures.into_iter().map(failure).collect()
    }

    /// The id of an instance, as the caller wrote it.
    fn arn(&self, instance: InstanceId) -> String {
        self.instances.name(instance).map(String::from).unwrap_or_default()
    }

    /// Makes up the id of a task that was placed. That it was counted is for the caller to note first.
    #[inline]
    #[cfg_attr(placewright_for_size, optimize(speed))]
    pub(super) fn name_placed(&mut self, task: TaskId) -> Result<(), Error> {
        self.placed = self.placed.checked_add(1).ok_or(Error::new(ErrorKind::CapacityMax))?;
        if !self.tasks.may_be_taken(self.placed) || !self.name_beside(task) {
            self.tasks.insert_made_up(task, self.placed);
        }
        Ok(())
    }

    /// Makes up another id where a task has the one that comes next; returns whether one has.
    #[cold]
    #[inline(never)]
    fn name_beside(&mut self, task: TaskId) -> bool {
        let mut name = made_up(self.placed);
        while self.tasks.exact(&name).is_some() || self.reserved.contains(name.as_str()) {
            name.push_str("-x");
        }
        let is_taken = name.ends_with('x');
        if is_taken {
            self.name_task(task, Box::from(name));
        }
        is_taken
    }

    /// Keeps all reserved names from being made up.
    pub(crate) fn avoid_reserved(&mut self) {
        self.reserved.iter().for_each(|name| self.tasks.avoid(name));
    }

    /// Makes up the id of a task that was placed, and describes it.
    pub(super) fn placed_task(&mut self, placement: Placement, request: &Request) -> Result<PlacedTask, Error> {
        self.note(Undo::Placed(self.placed));
        self.name_placed(placement.task)?;
        let instance = self.cluster.instance(placement.instance)?;
        let zone = instance.attribute("ecs.availability-zone");
        let gpu_ids = self.cluster.task(placement.task)?.gpu_ids().map(String::from).collect();
        Ok(PlacedTask {
            task_arn: self.tasks.name(placement.task).map(Cow::into_owned).unwrap_or_default(),
            container_instance_arn: self.arn(placement.instance),
            task_definition_arn: request.definition.clone(),
            group: request.group.clone(),
            availability_zone: zone.map(String::from),
            cpu: request.demand.cpu,
            memory_mib: request.demand.memory_mib,
            gpu_ids,
        })
    }

    /// StopTask: ends a task; what it held is free at once (U-17).
    ///
    /// # Errors
    /// [`ErrorKind::TaskNotFound`] for a task that does not exist, or no longer does.
    pub fn stop_task(&mut self, task: &str) -> Result<(), Error> {
        let id = self.task_id(task)?;
        self.cluster.stop(id)?;
        self.forget_stopped(id);
        Ok(())
    }

    /// Ends several tasks, or none where one of them cannot be ended.
    ///
    /// # Errors
    /// [`ErrorKind::TaskNotFound`] for a task that does not exist, or no longer does. Nothing has changed then.
    pub fn stop_tasks(&mut self, tasks: &[TaskId]) -> Result<(), Error> {
        self.stop_tasks_paced(tasks, &mut Pace::unwatched())
    }

    /// As [`stop_tasks`](Self::stop_tasks), watched: `watch` hears how many tasks were ended. `None` where it stopped that;
    /// nothing has changed then.
    ///
    /// # Errors
    /// Those of [`stop_tasks`](Self::stop_tasks).
    pub fn stop_tasks_watched(&mut self, tasks: &[TaskId], watch: Watch<'_>) -> Result<Option<()>, Error> {
        let mut pace = Pace::new(watch);
        let result = self.stop_tasks_paced(tasks, &mut pace);
        pace.finish(result)
    }

    fn stop_tasks_paced(&mut self, tasks: &[TaskId], pace: &mut Pace<'_>) -> Result<(), Error> {
        self.all_or_nothing(|session| {
            tasks.iter().enumerate().try_for_each(|(at, &task)| {
                session.cluster.prefetch_stops(&tasks[at..]);
                session.cluster.stop(task)?;
                session.forget_stopped(task);
                pace.step()
            })
        })
    }

    /// Says that a stopped task has ended and gives back what it held. Only under
    /// [`Release::Last`](crate::Release::Last), where a stopped task holds it until then (U-17).
    ///
    /// # Errors
    /// [`ErrorKind::TaskNotFound`] for a task that does not exist, or was not stopped before.
    pub fn finish_task(&mut self, task: &str) -> Result<(), Error> {
        let id = self.task_id(task)?;
        self.cluster.finish(id)?;
        self.forget_task(id);
        Ok(())
    }

    /// Ends so many tasks of a group, chosen as a service scheduler would (semantics.md §3.6).
    ///
    /// # Errors
    /// As [`scale_in_json`](Self::scale_in_json), and those of [`Json::parse`].
    pub fn scale_in(&mut self, request: &str) -> Result<Vec<String>, Error> {
        self.scale_in_json(&Json::parse(request)?)
    }

    /// Ends `count` tasks of `group`, chosen by `placementStrategy` as a service scheduler would (semantics.md §3.6); fewer
    /// where the group has no more that may be ended. Gives their ids, in the order they were chosen.
    ///
    /// # Errors
    /// For bad parameters. Nothing has changed then.
    pub fn scale_in_json(&mut self, request: &Json<'_>) -> Result<Vec<String>, Error> {
        self.scale_in_paced(request, &mut Pace::unwatched())
    }

    /// As [`scale_in_json`](Self::scale_in_json), watched: `watch` hears how many tasks were chosen. `None` where it stopped
    /// that; nothing has changed then.
    ///
    /// # Errors
    /// Those of [`scale_in_json`](Self::scale_in_json).
    pub fn scale_in_watched(&mut self, request: &Json<'_>, watch: Watch<'_>) -> Result<Option<Vec<String>>, Error> {
        let mut pace = Pace::new(watch);
        let result = self.scale_in_paced(request, &mut pace);
        pace.finish(result)
    }

    /// Ends tasks of a group, one after another: each is chosen by what is left then, so a call for one is a part of a call
    /// for several.
    fn scale_in_paced(&mut self, request: &Json<'_>, pace: &mut Pace<'_>) -> Result<Vec<String>, Error> {
        let fields = request.as_fields()?;
        let group = fields.text("group")?;
        let count = fields.required_with("count", |count| super::instance::count(count.as_integer()?))?;
        let strategies = ending(fields, &self.options, ECS_STRATEGIES_MAX)?;
        let seed = fields.optional_with("xSeed", seed)?.unwrap_or(self.options.seed);
        self.all_or_nothing(|session| {
            let mut stopped = Vec::new();
            for wanted in 1..=count as usize {
                session.cluster.scale_in(group, strategies.as_ref(), 1, seed, &mut stopped)?;
                if stopped.len() < wanted {
                    break;
                }
                pace.step()?;
            }
            // From now on a service wants what is left, so that it does not grow back.
            let service = group.strip_prefix("service:").filter(|_| !stopped.is_empty());
            if let Some((name, service)) = service.and_then(|name| Some((name, session.services.get(name)?.clone()))) {
                let desired_count = session.cluster.running_tasks_of(group) as u64;
                session.set_service(name, Box::new(Service { desired_count, ..*service }));
            }
            let names = stopped.iter().filter_map(|&task| session.tasks.name(task).map(Cow::into_owned)).collect();
            stopped.into_iter().for_each(|task| session.forget_stopped(task));
            Ok(names)
        })
    }

    /// Takes the name of a task that was stopped, unless it still holds its resources and with them its name.
    pub(super) fn forget_stopped(&mut self, task: TaskId) {
        if self.cluster.task(task).is_err() {
            self.forget_task(task);
        }
    }

    /// Where the next task of a RunTask request would go and why, or why nowhere. Places nothing.
    ///
    /// # Errors
    /// Those of [`run_task`](Self::run_task), except that a cluster without instances is none.
    pub fn explain(&mut self, request: &str) -> Result<Explanation, Error> {
        self.explain_json(&Json::parse(request)?)
    }

    /// As [`explain`](Self::explain), from a tree.
    ///
    /// # Errors
    /// The same, except what is wrong with the text.
    pub fn explain_json(&mut self, request: &Json<'_>) -> Result<Explanation, Error> {
        let request = self.run_task_request(request.as_fields()?)?;
        let prepared = self.cluster.prepare(&request)?;
        let explanation = self.cluster.explain(prepared);
        self.cluster.release(prepared)?;
        explanation
    }

    /// The request that a RunTask call would place, for those who ask the engine themselves.
    ///
    /// # Errors
    /// Those of [`run_task`](Self::run_task), except that a cluster without instances is none.
    pub fn read_run_task(&mut self, request: &Json<'_>) -> Result<Request, Error> {
        let fields = request.as_fields()?;
        self.warn_unknown_keys(fields, Call::RunTask);
        self.run_task_request(fields)
    }

    /// The request that JSON in the shape of a RunTask call asks for, without the limits of that call: up to
    /// [`REQUEST_COUNT_MAX`](crate::limits::REQUEST_COUNT_MAX) tasks of any group. For [`place`](Self::place).
    ///
    /// # Errors
    /// For bad parameters, an unknown or refused task definition, and the library's own bounds.
    pub fn read_place(&mut self, request: &Json<'_>) -> Result<Request, Error> {
        let fields = request.as_fields()?;
        self.warn_unknown_keys(fields, Call::RunTask);
        self.place_request(fields)
    }
}

//! Documents → session: instances, tasks that already run, definitions, all or nothing.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use hashbrown::HashSet;

use super::instance::{self, InstanceDocument};
use super::task::{self, TaskDocument};
use super::task_names::MADE_UP_PREFIX;
use super::{Session, SessionOptions, Watch, text};
use crate::cluster::RunningTask;
use crate::demand::{Demand, GpuDemand};
use crate::error::{Error, ErrorKind};
use crate::json::{Fields, Json, Pace, at_index};

impl Session {
    /// A session from a document of ECS's shapes: `containerInstances` as DescribeContainerInstances gives them, and beside
    /// them, where there are any, `tasks`, `taskDefinitions`, `xSubnets` (subnet → zone) and `xResources` (names of custom
    /// countable resources). Unknown keys are ignored.
    ///
    /// Task definitions that ECS would refuse do not fail the document; each use of one reports the reason.
    ///
    /// # Errors
    /// Those of [`Json::parse`], and whatever is wrong with an instance or a task, with its path.
    ///
    /// # Cost
    /// Linear in the text.
    pub fn from_json(document: &str, options: SessionOptions) -> Result<Self, Error> {
        Self::from_json_tree(&Json::parse(document)?, options)
    }

    /// As [`from_json`](Self::from_json), from a tree.
    ///
    /// # Errors
    /// Whatever is wrong with an instance or a task, with its path.
    pub fn from_json_tree(document: &Json<'_>, options: SessionOptions) -> Result<Self, Error> {
        Self::from_json_paced(document, options, &mut Pace::unwatched())
    }

    /// As [`from_json_tree`](Self::from_json_tree), watched: `watch` hears how many instances and tasks were dealt with. `None`
    /// where it stopped that.
    ///
    /// # Errors
    /// Those of [`from_json_tree`](Self::from_json_tree).
    pub fn from_json_watched(
        document: &Json<'_>,
        options: SessionOptions,
        watch: Watch<'_>,
    ) -> Result<Option<Self>, Error> {
        let mut pace = Pace::new(watch);
        let result = Self::from_json_paced(document, options, &mut pace);
        pace.finish(result)
    }

    /// A session from a document.
    fn from_json_paced(document: &Json<'_>, options: SessionOptions, pace: &mut Pace<'_>) -> Result<Self, Error> {
        let fields = document.as_fields()?;
        let mut session = Self::new(options);
        session.load_cluster(fields, pace)?;
        Ok(session)
    }

    /// Definitions that are known and refused: name and reason, by family and revision.
    #[must_use]
    pub fn refused_definitions(&self) -> Vec<(String, Error)> {
        let refused = self.book.iter().filter_map(|((family, revision), entry)| {
            entry.definition.as_ref().err().map(|error| (format!("{family}:{revision}"), error.clone()))
        });
        refused.collect()
    }

    /// Names of the task definitions that can be placed, `family:revision`, by family, the newest of each family last.
    #[must_use]
    pub fn definitions(&self) -> Vec<String> {
        self.book.accepted_names().collect()
    }

    /// Everything a document may hold, into an empty session.
    pub(crate) fn load_cluster(&mut self, fields: Fields<'_, '_>, pace: &mut Pace<'_>) -> Result<(), Error> {
        fields.required("containerInstances")?;
        for name in fields.texts("xResources")? {
            self.declare_resource(name).map_err(|error| error.in_path("xResources"))?;
        }
        if let Some(subnets) = fields.optional_fields("xSubnets")? {
            let subnet = |(name, zone): (&str, &Json<'_>)| {
                let name = text::bounded(name).map_err(|error| error.in_path("xSubnets"))?;
                match text::kept(zone) {
                    Ok(zone) => Ok((String::from(name), String::from(zone))),
                    Err(error) => Err(error.in_path(name).in_path("xSubnets")),
                }
            };
            self.subnets = Some(subnets.iter().map(subnet).collect::<Result<BTreeMap<_, _>, Error>>()?);
        }
        let tasks = self.read_tasks(fields, pace)?;
        let named = fields.items("tasks")?.iter().filter_map(|task| task.get("containerInstanceArn")?.as_text().ok());
        let listed: HashSet<&str> = named.map(super::names::short).collect();
        let resources = core::mem::take(&mut self.resources);
        let instances = fields.items("containerInstances")?;
        let loaded = instances.iter().enumerate().try_for_each(|(index, value)| {
            pace.step()?;
            self.load_instance(value, &resources, &listed)
                .map_err(|error| at_index(error, index).in_path("containerInstances"))
        });
        self.resources = resources;
        loaded?;
        self.load_definitions(fields)?;
        self.add_tasks(&tasks, pace).map_err(listed_twice)
    }

    /// One instance of a document.
    fn load_instance(&mut self, value: &Json<'_>, declared: &[Box<str>], listed: &HashSet<&str>) -> Result<(), Error> {
        let mut document = instance::read(value.as_fields()?, declared)?;
        if !listed.contains(super::names::short(document.instance.name)) {
            count_others(&mut document);
        }
        self.warn_unknown_type(&document.instance);
        let registered = match document.derived_eni_slots {
            Some(slots) => self.cluster.register_with(&document.instance, slots),
            None => self.cluster.register(&document.instance),
        };
        let id = registered.map_err(listed_twice)?;
        self.name_instance(id, Box::from(document.instance.name), document.extra);
        Ok(())
    }

    /// Task definitions of a document; refused ones are kept with the reason.
    fn load_definitions(&mut self, fields: Fields<'_, '_>) -> Result<(), Error> {
        for (index, value) in fields.items("taskDefinitions")?.iter().enumerate() {
            match self.book.read(value) {
                Ok((key, entry)) => self.set_definition(key, entry),
                Err(error) if error.kind() == ErrorKind::JsonTooDeep => {
                    return Err(at_index(error, index).in_path("taskDefinitions"));
                }
                // A definition without a readable family can never be named, so nobody can miss it.
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Adds tasks that already run: `{"tasks": [...]}` as DescribeTasks gives them, or the array alone.
    ///
    /// # Errors
    /// Those of [`Json::parse`], [`ErrorKind::InstanceNotFound`], [`ErrorKind::DuplicateTask`], and whatever is wrong with a
    /// task, with its path; [`ErrorKind::SavepointOpen`] inside a savepoint, since a running task is a fact, not an attempt.
    /// Nothing has changed then.
    ///
    /// # Cost
    /// Linear in the cluster, which is copied first.
    pub fn load_tasks(&mut self, document: &str) -> Result<(), Error> {
        self.load_tasks_json(&Json::parse(document)?)
    }

    /// As [`load_tasks`](Self::load_tasks), from a tree.
    ///
    /// # Errors
    /// The same, except what is wrong with the text.
    pub fn load_tasks_json(&mut self, document: &Json<'_>) -> Result<(), Error> {
        self.load_tasks_paced(document, &mut Pace::unwatched())
    }

    /// As [`load_tasks_json`](Self::load_tasks_json), watched: `watch` hears how many tasks were read, or added. `None` where it
    /// stopped that; nothing has changed then.
    ///
    /// # Errors
    /// Those of [`load_tasks_json`](Self::load_tasks_json).
    pub fn load_tasks_watched(&mut self, document: &Json<'_>, watch: Watch<'_>) -> Result<Option<()>, Error> {
        let mut pace = Pace::new(watch);
        let result = self.load_tasks_paced(document, &mut pace);
        pace.finish(result)
    }

    /// Adds tasks that already run.
    fn load_tasks_paced(&mut self, document: &Json<'_>, pace: &mut Pace<'_>) -> Result<(), Error> {
        let wrapped;
        let fields = match document {
            Json::Array(_) => {
                wrapped = Json::object([("tasks", document.clone())]);
                wrapped.as_fields()?
            }
            other => other.as_fields()?,
        };
        fields.required("tasks")?;
        if self.depth > 0 {
            return Err(Error::new(ErrorKind::SavepointOpen));
        }
        let before = (self.cluster.clone(), self.tasks.clone(), self.reserved.clone(), self.pending.clone());
        let loaded = self.read_tasks(fields, pace).and_then(|tasks| self.add_tasks(&tasks, pace));
        self.version.advance();
        loaded.inspect_err(|_| (self.cluster, self.tasks, self.reserved, self.pending) = before)
    }

    /// The tasks of a document that hold or count, each with its position: the oldest first, those that have not started
    /// last, otherwise as listed (U-34). Keeps names that sessions make up from being made up again.
    fn read_tasks<'j>(
        &mut self,
        fields: Fields<'j, '_>,
        pace: &mut Pace<'_>,
    ) -> Result<Vec<(usize, TaskDocument<'j>)>, Error> {
        let names = fields.items("tasks")?.iter().filter_map(|task| task.get("taskArn")?.as_text().ok());
        for name in names.filter(|name| name.starts_with(MADE_UP_PREFIX)) {
            self.tasks.avoid(name);
            self.reserved.insert(Box::from(name));
        }
        let release = self.options.cluster.release;
        let tasks = fields.each("tasks", |value| {
            pace.step()?;
            task::read(value.as_fields()?, release)
        })?;
        let mut tasks: Vec<_> =
            tasks.into_iter().enumerate().filter_map(|(index, task)| Some((index, task?))).collect();
        tasks.sort_by_key(|(_, task)| (task.started_at.is_none(), task.started_at));
        Ok(tasks)
    }

    /// Adds tasks in the order given.
    fn add_tasks(&mut self, tasks: &[(usize, TaskDocument<'_>)], pace: &mut Pace<'_>) -> Result<(), Error> {
        for (index, task) in tasks {
            pace.step()?;
            self.add_task(task).map_err(|error| at_index(error, *index).in_path("tasks"))?;
        }
        Ok(())
    }

    /// Adds one task. One whose definition is unknown or refused holds the amounts it names itself.
    fn add_task(&mut self, task: &TaskDocument<'_>) -> Result<(), Error> {
        if self.tasks.exact(task.name).is_some() {
            let message = format!("task `{}` already exists", task.name);
            return Err(Error::with_message(ErrorKind::DuplicateTask, message).in_path("taskArn"));
        }
        let instance = self.instance_id(task.instance).map_err(|error| error.in_path("containerInstanceArn"))?;
        let mut unknown = None;
        let definition = self.book.accepted(task.definition);
        let demand = match (&task.demand, definition) {
            (Some(demand), _) => demand.clone(),
            (None, Some(definition)) => definition.demand(&task.overrides)?,
            (None, None) => Demand::new(task.own_amounts.0, task.own_amounts.1),
        };
        if task.demand.is_none() && definition.is_none() {
            unknown = Some(format!(
                "task definition `{}` of a running task is not known: its tasks hold the CPU and memory they say \
                 themselves, and no ports or GPUs",
                task.definition
            ));
        }
        // An exported task that was given none of the GPUs it asked for must get none: no device has an empty id.
        let has_no_gpus = task.demand.is_some() && demand.gpus != GpuDemand::None && task.gpu_ids.is_empty();
        let gpu_ids = if has_no_gpus { alloc::vec![""] } else { task.gpu_ids.clone() };
        let written = super::names::short(task.definition);
        let name = match definition {
            Some(definition) if task.demand.is_none() => definition.name(),
            _ => String::from(written),
        };
        let family = name.split(':').next().unwrap_or_default();
        let group = task.group.map_or_else(|| format!("family:{family}"), String::from);
        if let Some(sequence) = task.sequence {
            self.cluster.advance_sequence(sequence);
        }
        let id = self.cluster.add_task(&RunningTask {
            instance,
            definition: &name,
            demand: &demand,
            group: &group,
            gpu_ids,
            in_remaining: task.demand.is_some() || self.extras.get(&instance).is_some_and(|extra| extra.has_remaining),
            in_other_tasks: task.demand.is_none(),
            is_healthy: task.is_healthy,
            is_protected: task.is_protected,
            is_stopping: task.is_stopping,
        })?;
        self.name_task(id, Box::from(task.name));
        if task.is_pending {
            self.pending.insert(id);
        }
        if let Some(warning) = unknown {
            self.warn(warning);
        }
        Ok(())
    }
}

/// An id that one document has twice is a fault of the document, not a conflict with what is there.
fn listed_twice(error: Error) -> Error {
    match error.kind() {
        ErrorKind::DuplicateInstance | ErrorKind::DuplicateTask => {
            let message = format!("{}, earlier in this document", error.message());
            let again = Error::with_message(ErrorKind::InvalidParameter, message);
            error.path().map_or(again.clone(), |path| again.in_path(path))
        }
        _ => error,
    }
}

/// Takes the number of tasks that an instance says it runs as tasks nobody will list.
pub(super) fn count_others(document: &mut InstanceDocument<'_>) {
    document.instance.other_tasks = document.reported_tasks;
}

//! The ECS-shaped edge: JSON as AWS writes it goes in, answers in the same shapes come out.
//!
//! A [`Session`] is a cluster that is spoken to in ECS's words: ids are ARNs or short ids (U-63), requests are the JSON an
//! AWS caller would send, answers have the shapes ECS gives them. It tolerates unknown keys, preserves resource records it
//! does not know (U-02), and enforces the limits of ECS calls, which the engine below does not have. Every call either
//! does all it was asked for or returns an error and changes nothing.
//!
//! It decides nothing: what is placed where is the engine's business.

mod book;
mod bulk;
mod call;
mod control;
mod definition;
mod documents;
mod explain;
mod figures;
mod fleet;
mod instance;
mod list;
mod live;
mod load;
mod names;
mod options;
mod pack;
mod rearrange;
mod request;
mod response;
mod savepoint;
mod show;
mod strategy;
mod task;
mod task_names;
mod text;
mod warning;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use hashbrown::{HashMap, HashSet};

pub(crate) use book::Book;
pub use documents::Documents;
pub use explain::BatchExplanation;
pub use fleet::{FleetRequest, add_offers, fleet_json, price};
pub(crate) use instance::Extra;
pub use live::LiveRequest;
pub(crate) use options::{ABSENT_GROUPS, RELEASES, RUN_TASK_DEFAULTS, TIE_BREAKS, UNKNOWN_ENIS};
pub use options::{RunTaskDefault, SessionOptions};
pub(crate) use options::{absent_group_name, release_name, run_task_name, tie_break_name, unknown_eni_name};
pub use pack::{PackRequest, answer_json, cost_json};
pub use rearrange::read_rearrange;
pub use response::{Failure, ListContainerInstancesResponse, PlacedTask, RunTaskResponse};
pub use savepoint::SessionSavepoint;
pub use strategy::{OWN_TYPES as OWN_STRATEGY_TYPES, read_workload};
pub(crate) use task::write_demand;
pub(crate) use text::kept;

use crate::cluster::{Cluster, Route};
use crate::error::{Error, ErrorKind};
use crate::id::{InstanceId, TaskId};
pub use crate::json::Watch;
use crate::state::version::Version;
use names::Names;
use savepoint::Undo;
use task_names::TaskNames;

/// Most deregistered instances whose ids are remembered, so that StartTask can say `INACTIVE` instead of `MISSING`.
const DEREGISTERED_MAX: usize = 1000;

/// A service: what CreateService was asked for under its name so far, and scale-in left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    /// Its task definition, as `family:revision`.
    pub(crate) definition: String,
    /// Tasks it is to have.
    pub(crate) desired_count: u64,
}

/// A cluster that is spoken to in ECS's words.
///
/// # Example
/// ```
/// use placewright::adapter::{Session, SessionOptions};
///
/// let mut session = Session::from_json(
///     r#"{"containerInstances": [{"containerInstanceArn": "ci/a", "registeredResources": [
///         {"name": "CPU", "type": "INTEGER", "integerValue": 2048},
///         {"name": "MEMORY", "type": "INTEGER", "integerValue": 4096}]}]}"#,
///     SessionOptions::default(),
/// )?;
/// session.register_task_definition(
///     r#"{"family": "web", "containerDefinitions": [{"name": "app", "cpu": 256, "memory": 3000}]}"#,
/// )?;
/// let answer = session.run_task(r#"{"taskDefinition": "web", "count": 2}"#)?;
/// assert_eq!(answer.tasks[0].container_instance_arn, "ci/a");
/// assert_eq!(answer.failures[0].reason, "RESOURCE:MEMORY");
/// # Ok::<(), placewright::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Session {
    /// What it decides where AWS leaves it open.
    pub(crate) options: SessionOptions,
    /// The engine.
    pub(crate) cluster: Cluster,
    /// Names of instances.
    instances: Names<InstanceId>,
    /// Names of tasks.
    tasks: TaskNames,
    /// Tasks whose last status is PENDING, as the documents told; of all others it is taken to be RUNNING.
    pub(crate) pending: HashSet<TaskId>,
    /// Task definitions.
    pub(crate) book: Book,
    /// Services by name; boxed, so that the map's code is that of other maps from names.
    pub(crate) services: BTreeMap<String, Box<Service>>,
    /// Subnet → Availability Zone; `None` where zones are not checked.
    pub(crate) subnets: Option<BTreeMap<String, String>>,
    /// Declared custom resources, in the order of their declaration.
    pub(crate) resources: Vec<Box<str>>,
    /// What the engine has no place for, by instance that has any.
    pub(crate) extras: HashMap<InstanceId, Extra>,
    /// Ids of deregistered instances, oldest first.
    pub(crate) deregistered: Vec<Box<str>>,
    /// Names of tasks the documents told of that a made-up name must not take, whether or not those tasks still run.
    pub(crate) reserved: BTreeSet<Box<str>>,
    /// Tasks placed so far, less those rolled back: the number of the last one.
    pub(crate) placed: u64,
    /// Inverses of what was done since the outermost savepoint; empty with none open.
    journal: Vec<Undo>,
    /// Savepoints that are open.
    depth: usize,
    /// Which version of definitions, services and names that are kept free it is.
    version: Version,
    /// What was accepted and is worth a second look, oldest first. No part of the state.
    warnings: Vec<String>,
}

impl Session {
    /// An empty cluster.
    #[must_use]
    pub fn new(options: SessionOptions) -> Self {
        Self {
            cluster: Cluster::with_options(options.cluster.clone()),
            options,
            instances: Names::new(),
            tasks: TaskNames::new(),
            pending: HashSet::new(),
            book: Book::default(),
            services: BTreeMap::new(),
            subnets: None,
            resources: Vec::new(),
            extras: HashMap::new(),
            deregistered: Vec::new(),
            reserved: BTreeSet::new(),
            placed: 0,
            journal: Vec::new(),
            depth: 0,
            version: Version::default(),
            warnings: Vec::new(),
        }
    }

    /// The engine below, to read from.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The options it was made with.
    #[must_use]
    pub fn options(&self) -> &SessionOptions {
        &self.options
    }

    /// Two numbers, one of which is another after every change of the state, definitions and services included; the same again
    /// after a rollback. So one that looks twice knows whether anything has changed meanwhile; they say nothing of two sessions.
    ///
    /// # Cost
    /// Constant.
    #[must_use]
    pub fn version(&self) -> (u64, u64) {
        (self.cluster.version(), self.version.current())
    }

    /// Searches by another route from now on; see [`Cluster::set_route`].
    pub fn set_route(&mut self, route: Route) {
        self.options.cluster.route = route;
        self.cluster.set_route(route);
    }

    /// The instance with this ARN or short id.
    ///
    /// # Errors
    /// [`ErrorKind::InstanceNotFound`], or [`ErrorKind::InvalidParameter`] for a short id that names several.
    pub fn instance_id(&self, name: &str) -> Result<InstanceId, Error> {
        self.instances.find(name)?.ok_or_else(|| not_found(ErrorKind::InstanceNotFound, "container instance", name))
    }

    /// The task with this ARN or short id.
    ///
    /// # Errors
    /// [`ErrorKind::TaskNotFound`], or [`ErrorKind::InvalidParameter`] for a short id that names several.
    pub fn task_id(&self, name: &str) -> Result<TaskId, Error> {
        self.tasks.find(name)?.ok_or_else(|| not_found(ErrorKind::TaskNotFound, "task", name))
    }

    /// The id of an instance as the caller wrote it.
    #[must_use]
    pub fn instance_name(&self, id: InstanceId) -> Option<&str> {
        self.instances.name(id)
    }

    /// The id of a task as the caller wrote it, or as the session made it up.
    #[must_use]
    pub fn task_name(&self, id: TaskId) -> Option<Cow<'_, str>> {
        self.tasks.name(id)
    }
}

/// The error for an id that names nothing.
#[cold]
fn not_found(kind: ErrorKind, what: &str, name: &str) -> Error {
    Error::with_message(kind, alloc::format!("no {what} is named `{name}`"))
}

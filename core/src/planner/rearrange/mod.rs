//! What to move in a live cluster: a plan that empties instances, or evens out how groups lie over zones.
//!
//! A plan is a list of moves in order. Each was carried out by the engine itself, in a transaction that is rolled back, so each
//! is possible when its turn comes: resources, ports, GPUs, network interfaces and constraints hold. A move starts the task
//! anew on its target and then stops it where it was, or the other way round when told so. No move makes another task break
//! its constraints where it did not before, and none takes a group further from even over the zones than it is or may be; what
//! is broken already stays as it is, or gets better.
//!
//! The same cluster and options give the same plan. Methods and sources are in `docs/rearrange.md`.

mod empty;
mod even;
mod score;
mod work;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::ControlFlow;

use crate::attribute::AVAILABILITY_ZONE;
use crate::cluster::{Cluster, Release};
use crate::constraint::Constraint;
use crate::error::{Error, ErrorKind};
use crate::id::{InstanceId, TaskId};
pub use score::Score;
use work::{Requests, Work};

/// Steps where the options name no number: judgements of one task on one instance, or searches for one.
pub const STEPS_DEFAULT: u64 = 1 << 20;

/// What a plan is for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Goal {
    /// As few instances in use as possible.
    #[default]
    Empty,
    /// Groups as even as possible over the values of the attribute; all groups, or one.
    Spread {
        /// The group; all where it is `None`.
        group: Option<String>,
    },
}

/// What is known of the tasks of a group beyond what they hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroupRules {
    /// The group.
    pub group: String,
    /// Constraints each of its tasks was placed under.
    pub constraints: Vec<Constraint>,
    /// Whether its tasks stay where they are.
    pub is_pinned: bool,
}

/// How to rearrange.
#[derive(Debug, Clone, PartialEq)]
pub struct RearrangeOptions {
    /// What for.
    pub goal: Goal,
    /// Most moves.
    pub moves_max: usize,
    /// Most moves of tasks of one group; `None` is no limit.
    pub moves_per_group_max: Option<usize>,
    /// Whether a task is stopped before it starts elsewhere: for tasks of which two at once must not be, and where there is
    /// no room for both.
    pub stops_first: bool,
    /// Attribute whose values are the domains of spreading.
    pub attribute: String,
    /// How far apart, in tasks of a group, two domains may be; a group that is further apart already may stay so. `None`
    /// does not look at domains, except for [`Goal::Spread`], where it is 1.
    pub skew_max: Option<u64>,
    /// What is known of groups. Tasks of others have no constraints but their required attributes.
    pub rules: Vec<GroupRules>,
    /// Constraints of task definitions, by the name that tasks have of them, on top of those of their groups.
    pub definitions: Vec<(String, Vec<Constraint>)>,
    /// Most steps.
    pub steps: u64,
}

impl Default for RearrangeOptions {
    fn default() -> Self {
        Self {
            goal: Goal::default(),
            moves_max: usize::MAX,
            moves_per_group_max: None,
            stops_first: false,
            attribute: AVAILABILITY_ZONE.into(),
            skew_max: Some(1),
            rules: Vec::new(),
            definitions: Vec::new(),
            steps: STEPS_DEFAULT,
        }
    }
}

/// One task goes from one instance to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The task, by its id before the plan. No task moves twice.
    pub task: TaskId,
    /// Where it is.
    pub from: InstanceId,
    /// Where it goes.
    pub to: InstanceId,
}

/// Where planning stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Moves so far.
    pub moves: usize,
    /// Steps so far.
    pub steps: u64,
}

/// Hears how far planning is, and says whether to go on. Asked before each search for a place.
pub type Watch<'w> = &'w mut dyn FnMut(&Progress) -> ControlFlow<()>;

/// Moves, and what they come to.
#[derive(Debug, Clone, PartialEq)]
pub struct RearrangePlan {
    /// Moves, in order.
    pub moves: Vec<Move>,
    /// Instances that had tasks and have none after it, in registration order.
    pub emptied: Vec<InstanceId>,
    /// How the cluster is.
    pub before: Score,
    /// How it is after the moves.
    pub after: Score,
    /// Steps used.
    pub steps: u64,
    /// Whether the caller stopped it, or the steps were used up: then there may be more to be had.
    pub is_cut_short: bool,
}

/// Plans moves. The cluster is as before when this returns.
///
/// Moved are tasks that are neither protected from scale-in nor stopping, nor pinned by the options. An instance with tasks that
/// the cluster was not told of one by one is not emptied. Targets of [`Goal::Empty`] are instances in use; those of
/// [`Goal::Spread`] come first from them.
///
/// # Errors
/// [`ErrorKind::InvalidParameter`] for rules that name a group twice; an error of a constraint; in strict mode, of what was
/// reserved, as the work is done in the cluster itself.
///
/// # Cost
/// A search for each task of each instance that may be emptied, up to a bound of steps; memory linear in tasks. Allocates.
///
/// # Example
/// ```
/// use core::ops::ControlFlow;
///
/// use placewright::planner::rearrange::{RearrangeOptions, rearrange};
/// use placewright::{Cluster, Demand, Instance, RunningTask};
///
/// let mut cluster = Cluster::new();
/// let a = cluster.register(&Instance::new("i-a").with_resources(1024, 1024))?;
/// let b = cluster.register(&Instance::new("i-b").with_resources(1024, 1024))?;
/// let demand = Demand::new(256, 256);
/// for instance in [a, a, b] {
///     cluster.add_task(&RunningTask::new(instance, "web:1", &demand, "service:web"))?;
/// }
/// let plan = rearrange(&mut cluster, &RearrangeOptions::default(), &mut |_| ControlFlow::Continue(()))?;
/// assert_eq!((plan.moves.len(), plan.emptied.as_slice()), (1, [b].as_slice()));
/// assert_eq!((plan.before.instances, plan.after.instances), (2, 1));
/// # Ok::<(), placewright::Error>(())
/// ```
pub fn rearrange(cluster: &mut Cluster, options: &RearrangeOptions, watch: Watch<'_>) -> Result<RearrangePlan, Error> {
    check(options)?;
    let tasks = cluster.tasks().collect();
    let requests = Requests::prepare(cluster, options, tasks)?;
    let plan = {
        let mut transaction = cluster.transaction();
        plan_within(&mut transaction, &requests, options, watch)
    };
    requests.release(cluster)?;
    plan
}

/// Plans moves inside a transaction that the caller rolls back.
fn plan_within(
    cluster: &mut Cluster,
    requests: &Requests,
    options: &RearrangeOptions,
    watch: Watch<'_>,
) -> Result<RearrangePlan, Error> {
    let before = Score::of(cluster, &options.attribute)?;
    let mut work = Work::new(cluster, requests, options, watch)?;
    match &options.goal {
        Goal::Empty => empty::run(&mut work)?,
        Goal::Spread { group } => even::run(&mut work, group.as_deref())?,
    }
    let (moves, emptied, steps, is_cut_short) = work.finish()?;
    let after = Score::of(cluster, &options.attribute)?;
    Ok(RearrangePlan { moves, emptied, before, after, steps, is_cut_short })
}

/// Refuses options that contradict themselves.
fn check(options: &RearrangeOptions) -> Result<(), Error> {
    for (at, rules) in options.rules.iter().enumerate() {
        if options.rules[..at].iter().any(|other| other.group == rules.group) {
            let message = format!("group `{}` has rules twice", rules.group);
            return Err(Error::with_message(ErrorKind::InvalidParameter, message)
                .in_path(&format!("rules[{at}]"))
                .with_help("put all its constraints together"));
        }
    }
    Ok(())
}

impl RearrangePlan {
    /// Carries the plan out in a cluster that is as it was when the plan was made, and gives the ids that the moved tasks have
    /// then, in the order of the moves. A task that stops only when it is told to have ended is told so at once.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] for a move that is not possible any more, with its number; errors of starting and
    /// stopping. Nothing was done then.
    pub fn apply(&self, cluster: &mut Cluster, options: &RearrangeOptions) -> Result<Vec<TaskId>, Error> {
        // A plan may be carried out in parts, so what does not move costs nothing.
        let tasks = self.moves.iter().map(|planned| planned.task).filter(|&task| cluster.task(task).is_ok()).collect();
        let requests = Requests::prepare(cluster, options, tasks)?;
        let savepoint = cluster.begin();
        let mut started = Vec::with_capacity(self.moves.len());
        let mut failure = None;
        for (at, planned) in self.moves.iter().enumerate() {
            match requests.step(cluster, planned, options.stops_first) {
                Ok(Some(task)) => started.push(task),
                Ok(None) => {
                    let message = "the target has no place for the task any more";
                    failure = Some(Error::with_message(ErrorKind::InvalidParameter, message));
                }
                Err(error) => failure = Some(error),
            }
            if let Some(error) = failure.take() {
                failure = Some(error.in_path(&format!("moves[{at}]")));
                break;
            }
        }
        match failure {
            None => cluster.commit(savepoint)?,
            Some(_) => cluster.rollback(savepoint)?,
        }
        requests.release(cluster)?;
        failure.map_or(Ok(started), Err)
    }
}

/// Stops a task, and tells that it has ended where that is told apart.
fn end(cluster: &mut Cluster, task: TaskId) -> Result<(), Error> {
    cluster.stop(task)?;
    if cluster.options().release == Release::Last { cluster.finish(task) } else { Ok(()) }
}

//! Rearranging as JSON: what to do in, a plan out. The shapes are in `docs/rearrange.md`.
//!
//! It is our own format, so a key it does not have is an error; services are read as describe-services writes them, and what
//! else AWS says of them is passed over.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Session;
use super::pack::{amount, check_keys, small};
use super::request::constraint;
use super::savepoint::Undo;
use crate::constraint::Constraint;
use crate::error::{Error, ErrorKind};
use crate::id::{InstanceId, TaskId};
use crate::json::{Fields, Json};
use crate::planner::rearrange::{Goal, GroupRules, Move, RearrangeOptions, RearrangePlan, Score, Watch, rearrange};

/// Keys of what to do.
const KEYS: [&str; 10] =
    ["goal", "group", "attribute", "moves", "movesPerGroup", "stopFirst", "skewMax", "steps", "services", "pinned"];

/// Reads what to do.
///
/// # Errors
/// [`ErrorKind::JsonUnknownKey`] for a key there is not; [`ErrorKind::InvalidParameter`] for a goal there is not, or a group
/// where the goal is none of one; those of constraints.
pub fn read_rearrange(json: &Json<'_>) -> Result<RearrangeOptions, Error> {
    let fields = json.as_fields()?;
    check_keys(fields, &KEYS)?;
    let mut options = RearrangeOptions::default();
    let group = fields.optional_text("group")?.map(String::from);
    options.goal = match (fields.optional_text("goal")?.unwrap_or("empty"), group) {
        ("empty", None) => Goal::Empty,
        ("empty", Some(_)) => {
            return Err(Error::with_message(ErrorKind::InvalidParameter, "a group is for the goal `spread`")
                .in_path("group")
                .with_help("leave it out; `pinned` says which groups stay"));
        }
        ("spread", group) => Goal::Spread { group },
        (other, _) => {
            return Err(Error::with_message(ErrorKind::InvalidParameter, format!("goal `{other}` is unknown"))
                .in_path("goal")
                .with_help("write one of empty, spread"));
        }
    };
    if let Some(attribute) = fields.optional_text("attribute")? {
        options.attribute = attribute.into();
    }
    options.moves_max = fields.optional_with("moves", small::<usize>)?.unwrap_or(usize::MAX);
    options.moves_per_group_max = fields.optional_with("movesPerGroup", small::<usize>)?;
    options.stops_first = fields.optional_bool("stopFirst")?.unwrap_or(false);
    if fields.iter().any(|(key, _)| key == "skewMax") {
        options.skew_max = fields.optional_with("skewMax", amount)?;
    }
    if let Some(steps) = fields.optional_with("steps", amount)? {
        options.steps = steps;
    }
    options.rules = read_services(fields)?;
    for group in fields.texts("pinned")? {
        match options.rules.iter_mut().find(|rules| rules.group == group) {
            Some(rules) => rules.is_pinned = true,
            None => options.rules.push(GroupRules { group: group.into(), is_pinned: true, ..GroupRules::default() }),
        }
    }
    Ok(options)
}

/// Constraints of groups: of a service under its name, or of a group under its own.
fn read_services(fields: Fields<'_, '_>) -> Result<Vec<GroupRules>, Error> {
    fields.each("services", |service| {
        let service = service.as_fields()?;
        let group = match service.optional_text("group")? {
            Some(group) => group.into(),
            None => format!("service:{}", service.text("serviceName")?),
        };
        let constraints = service.each("placementConstraints", |value| constraint(value.as_fields()?))?;
        Ok(GroupRules { group, constraints, is_pinned: false })
    })
}

impl Session {
    /// Plans moves; see [`rearrange`]. The constraints of task definitions that the session knows hold as well. The session is
    /// as before when this returns.
    ///
    /// # Errors
    /// Those of [`rearrange`].
    pub fn rearrange(&mut self, options: &RearrangeOptions, watch: Watch<'_>) -> Result<RearrangePlan, Error> {
        let options = self.with_definitions(options, self.cluster.tasks())?;
        rearrange(&mut self.cluster, &options, watch)
    }

    /// Carries a plan out that [`rearrange_plan_json`](Self::rearrange_plan_json) wrote, with the options it was made with, and
    /// gives the ids that the moved tasks have now, in the order of the moves: each is a new task. The plan may be of a copy of
    /// the session, as it goes by ids of tasks and instances.
    ///
    /// # Errors
    /// [`ErrorKind::TaskNotFound`] and [`ErrorKind::InstanceNotFound`] with the path of the move; [`ErrorKind::InvalidParameter`]
    /// for a move that is not possible any more, and for a task that is not where the plan has it. Nothing has changed then.
    pub fn apply_rearrangement_json(
        &mut self,
        plan: &Json<'_>,
        options: &RearrangeOptions,
    ) -> Result<Vec<String>, Error> {
        let fields = plan.as_fields()?;
        let moves = fields.each("moves", |planned| {
            let planned = planned.as_fields()?;
            let task = planned.required_with("task", |name| self.task_id(name.as_text()?))?;
            let from = planned.required_with("from", |name| self.instance_id(name.as_text()?))?;
            let to = planned.required_with("to", |name| self.instance_id(name.as_text()?))?;
            if self.cluster.task(task)?.instance() != from {
                let message = "the task is not where the plan has it";
                return Err(Error::with_message(ErrorKind::InvalidParameter, message).with_help("plan anew"));
            }
            Ok(Move { task, from, to })
        })?;
        let options = self.with_definitions(options, moves.iter().map(|planned| planned.task))?;
        let plan = RearrangePlan {
            moves,
            emptied: Vec::new(),
            before: Score::default(),
            after: Score::default(),
            steps: 0,
            is_cut_short: false,
        };
        self.all_or_nothing(|session| {
            let started = plan.apply(&mut session.cluster, &options)?;
            session.note(Undo::Placed(session.placed));
            let mut names = Vec::with_capacity(started.len());
            for (planned, task) in plan.moves.iter().zip(started) {
                session.forget_stopped(planned.task);
                session.name_placed(task)?;
                names.push(session.task_name(task).map(Cow::into_owned).unwrap_or_default());
            }
            Ok(names)
        })
    }

    /// Options with the constraints of the task definitions that the session knows and these tasks are of.
    fn with_definitions(
        &self,
        options: &RearrangeOptions,
        tasks: impl Iterator<Item = TaskId>,
    ) -> Result<RearrangeOptions, Error> {
        let mut options = options.clone();
        let mut names: Vec<&str> = Vec::new();
        for id in tasks {
            names.push(self.cluster.task(id)?.definition());
        }
        names.sort_unstable();
        names.dedup();
        for name in names {
            let Some(definition) = self.book.accepted(name) else { continue };
            let constraints = definition.constraints.iter().cloned().map(Constraint::MemberOf).collect();
            options.definitions.push((name.into(), constraints));
        }
        Ok(options)
    }

    /// A plan as JSON, with the names of tasks and instances.
    ///
    /// # Errors
    /// [`ErrorKind::TaskNotFound`] or [`ErrorKind::InstanceNotFound`] for a plan of another cluster.
    pub fn rearrange_plan_json(
        &self,
        plan: &RearrangePlan,
        options: &RearrangeOptions,
    ) -> Result<Json<'static>, Error> {
        let instance = |id: InstanceId| -> Result<Json<'static>, Error> {
            Ok(Json::from(String::from(self.cluster.instance(id)?.name())))
        };
        let moves = plan.moves.iter().map(|planned| {
            let task = self.cluster.task(planned.task)?;
            let name = self.task_name(planned.task).map_or(Json::Null, |name| Json::from(name.into_owned()));
            Ok(Json::object([
                ("task", name),
                ("group", Json::from(String::from(task.group()))),
                ("taskDefinition", Json::from(String::from(task.definition()))),
                ("from", instance(planned.from)?),
                ("to", instance(planned.to)?),
            ]))
        });
        let moves = moves.collect::<Result<Vec<_>, Error>>()?;
        let emptied = plan.emptied.iter().map(|&id| instance(id)).collect::<Result<Vec<_>, Error>>()?;
        Ok(Json::object([
            ("goal", Json::from(if options.goal == Goal::Empty { "empty" } else { "spread" })),
            ("stopFirst", Json::Bool(options.stops_first)),
            ("moves", Json::array(moves)),
            ("emptied", Json::array(emptied)),
            ("before", score(&plan.before)),
            ("after", score(&plan.after)),
            ("steps", Json::from(plan.steps)),
            ("cutShort", Json::Bool(plan.is_cut_short)),
        ]))
    }
}

/// A score as JSON.
fn score(score: &Score) -> Json<'static> {
    Json::object([
        ("instances", Json::from(score.instances as u64)),
        ("cpuLeft", Json::from(score.cpu_left)),
        ("memoryLeft", Json::from(score.memory_left_mib)),
        ("gpusLeft", Json::from(score.gpus_left as u64)),
        ("skewMax", Json::from(score.skew_max)),
        ("skewSum", Json::from(score.skew_sum)),
    ])
}

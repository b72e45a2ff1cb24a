//! The calls that change instances and definitions.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::task_names::TaskName;
use super::{Extra, Session, instance, load};
use crate::cluster::Cluster;
use crate::error::{Error, ErrorKind};
use crate::id::{InstanceId, TaskId};
use crate::instance::{Instance, InstanceStatus};
use crate::json::{Fields, Json};
use crate::limits::{
    ECS_ATTRIBUTE_CHARS_MAX, ECS_CUSTOM_ATTRIBUTES_MAX, ECS_PUT_ATTRIBUTES_MAX, INSTANCE_ATTRIBUTES_MAX,
};
use crate::view::TaskView;

/// Prefixes of attributes that are not custom.
const BUILT_IN_PREFIXES: [&str; 2] = ["ecs.", "com.amazonaws.ecs."];

/// The status, if an instance can be set to it.
fn settable(status: InstanceStatus) -> Result<InstanceStatus, Error> {
    if matches!(status, InstanceStatus::Active | InstanceStatus::Draining) {
        return Ok(status);
    }
    let message = format!("an instance cannot be set to `{status}`");
    Err(Error::with_message(ErrorKind::InvalidParameter, message).with_help("write `ACTIVE` or `DRAINING`"))
}

/// Whether an attribute counts to the limit of custom ones.
fn is_custom(name: &str) -> bool {
    !BUILT_IN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Refuses an attribute that ECS would refuse to set (semantics.md §6.2).
fn validate_attribute(name: &str, value: Option<&str>) -> Result<(), Error> {
    let refuse =
        |message: String, key: &str| Err(Error::with_message(ErrorKind::InvalidAttribute, message).in_path(key));
    let length = name.chars().count();
    if !(1..=ECS_ATTRIBUTE_CHARS_MAX).contains(&length) {
        return refuse(
            format!("an attribute name has 1 to {ECS_ATTRIBUTE_CHARS_MAX} characters, not {length}"),
            "name",
        );
    }
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "_/\\.-".contains(c)) {
        return refuse(
            format!("attribute name `{name}` has other characters than letters, digits and `_ / \\ . -`"),
            "name",
        );
    }
    let Some(value) = value else { return Ok(()) };
    let length = value.chars().count();
    if !(1..=ECS_ATTRIBUTE_CHARS_MAX).contains(&length) {
        return refuse(
            format!("an attribute value has 1 to {ECS_ATTRIBUTE_CHARS_MAX} characters, not {length}"),
            "value",
        );
    }
    if !value.chars().all(|c| c.is_ascii_alphanumeric() || "-_.@/\\: ".contains(c)) {
        return refuse(
            format!("attribute value `{value}` has other characters than letters, digits, blanks and `- _ . @ / \\ :`"),
            "value",
        );
    }
    if value.starts_with(' ') || value.ends_with(' ') {
        return refuse(format!("attribute value `{value}` starts or ends with a blank"), "value");
    }
    Ok(())
}

impl Session {
    /// RegisterTaskDefinition: takes the definition, or describe output around it. The next revision of its family, unless
    /// it names one. Gives `family:revision`.
    ///
    /// # Errors
    /// What ECS refuses a definition for, and those of [`Json::parse`]; nothing has changed then.
    pub fn register_task_definition(&mut self, definition: &str) -> Result<String, Error> {
        self.register_task_definition_json(&Json::parse(definition)?)
    }

    /// As [`register_task_definition`](Self::register_task_definition), from a tree.
    ///
    /// # Errors
    /// What ECS refuses a definition for; nothing has changed then.
    pub fn register_task_definition_json(&mut self, definition: &Json<'_>) -> Result<String, Error> {
        let (key, entry) = self.book.read(definition)?;
        let warnings = match &entry.definition {
            Ok(definition) => definition.warnings(),
            Err(error) => return Err(error.clone()),
        };
        let name = format!("{}:{}", key.0, key.1);
        for warning in warnings {
            self.warn(format!("task definition `{name}`: {warning}"));
        }
        self.set_definition(key, entry);
        Ok(name)
    }

    /// Declares a custom countable resource, as `xResources` of a document does.
    ///
    /// # Errors
    /// [`ErrorKind::LimitExceeded`] beyond [`CUSTOM_RESOURCES_MAX`](crate::limits::CUSTOM_RESOURCES_MAX);
    /// [`ErrorKind::InvalidParameter`] for the name of a built-in resource; [`ErrorKind::SavepointOpen`] inside a savepoint.
    pub fn declare_resource(&mut self, name: &str) -> Result<(), Error> {
        self.cluster.declare_resource(name)?;
        if !self.resources.iter().any(|known| **known == *name) {
            self.resources.push(Box::from(name));
        }
        Ok(())
    }

    /// Registers an instance that is described in the library's own words, within the library's own bounds instead of those
    /// of ECS calls.
    ///
    /// # Errors
    /// As [`Cluster::register`]; nothing has changed then.
    pub fn register(&mut self, instance: &Instance<'_>) -> Result<InstanceId, Error> {
        self.warn_unknown_type(instance);
        let id = self.cluster.register(instance)?;
        // Tasks that are listed later are subtracted already from what is said to remain.
        let extra = Extra { has_remaining: instance.remaining.is_some(), ..Extra::default() };
        self.name_instance(id, Box::from(instance.name), extra);
        Ok(id)
    }

    /// Registers an instance: the `ContainerInstance` object, or an object that has it under `containerInstance`.
    ///
    /// # Errors
    /// [`ErrorKind::DuplicateInstance`] for an id that is taken, [`ErrorKind::AttributeLimit`] and
    /// [`ErrorKind::InvalidAttribute`] for custom attributes ECS would refuse, and whatever is wrong with the JSON; nothing
    /// has changed then.
    pub fn register_container_instance(&mut self, instance: &str) -> Result<(), Error> {
        self.register_container_instance_json(&Json::parse(instance)?)
    }

    /// As [`register_container_instance`](Self::register_container_instance), from a tree.
    ///
    /// # Errors
    /// The same, except what is wrong with the text.
    pub fn register_container_instance_json(&mut self, instance: &Json<'_>) -> Result<(), Error> {
        let outer = instance.as_fields()?;
        let fields = outer.optional_fields("containerInstance")?.unwrap_or(outer);
        let mut document = instance::read(fields, &self.resources)?;
        let mut custom = BTreeSet::new();
        let attributes = document.instance.attributes.iter().take(INSTANCE_ATTRIBUTES_MAX + 1);
        for (index, &(name, value)) in attributes.enumerate() {
            if !is_custom(name) {
                continue;
            }
            validate_attribute(name, value)
                .map_err(|error| crate::json::at_index(error, index).in_path("attributes"))?;
            custom.insert(name);
        }
        custom_limit(document.instance.name, custom.len())?;
        load::count_others(&mut document);
        self.warn_unknown_type(&document.instance);
        let id = self.cluster.register(&document.instance)?;
        self.name_instance(id, Box::from(document.instance.name), document.extra);
        Ok(())
    }

    /// DeregisterContainerInstance: takes an instance out; with `force` its tasks end first. Gives their ids, oldest first.
    ///
    /// # Errors
    /// [`ErrorKind::InstanceNotFound`]; [`ErrorKind::InstanceNotEmpty`] without `force` where it still runs tasks.
    pub fn deregister_container_instance(&mut self, instance: &str, force: bool) -> Result<Vec<String>, Error> {
        let id = self.instance_id(instance)?;
        self.all_or_nothing(|session| {
            let tasks = session.cluster.deregister(id, force)?;
            session.forget_instance(id);
            Ok(tasks.into_iter().filter_map(|task| session.forget_task(task)).map(TaskName::into_text).collect())
        })
    }

    /// UpdateContainerInstancesState: `{"containerInstances": [ids], "status": "ACTIVE" or "DRAINING"}`. On an instance set to
    /// DRAINING, tasks of services whose last status is PENDING are stopped; all other tasks go on.
    ///
    /// # Errors
    /// For an unknown instance or another status, and those of [`Json::parse`]; nothing has changed then.
    pub fn update_container_instances_state(&mut self, request: &str) -> Result<(), Error> {
        self.update_container_instances_state_json(&Json::parse(request)?)
    }

    /// As [`update_container_instances_state`](Self::update_container_instances_state), from a tree.
    ///
    /// # Errors
    /// For an unknown instance or another status; nothing has changed then.
    pub fn update_container_instances_state_json(&mut self, request: &Json<'_>) -> Result<(), Error> {
        let fields = request.as_fields()?;
        let status = fields.required_with("status", |value| settable(instance::status(value)?))?;
        fields.required("containerInstances")?;
        if fields.items("containerInstances")?.is_empty() {
            let error = Error::with_message(ErrorKind::InvalidParameter, "no container instance is named");
            return Err(error.in_path("containerInstances"));
        }
        let ids = fields.each("containerInstances", |name| self.instance_id(name.as_text()?))?;
        self.set_instances_status(&ids, status)
    }

    /// As [`update_container_instances_state`](Self::update_container_instances_state), by number and in the status `ACTIVE` or
    /// `DRAINING`. Errors about an instance say which entry of `containerInstances` it is.
    ///
    /// # Errors
    /// For another status, an instance that there is not, or one that cannot be set so; nothing has changed then.
    pub fn set_instances_status(&mut self, ids: &[InstanceId], status: InstanceStatus) -> Result<(), Error> {
        let status = settable(status).map_err(|error| error.in_path("status"))?;
        for (index, &id) in ids.iter().enumerate() {
            let here = |error: Error| crate::json::at_index(error, index).in_path("containerInstances");
            let instance = self.cluster.instance(id).map_err(here)?;
            let can_drain = matches!(instance.status(), InstanceStatus::Active | InstanceStatus::Draining);
            if status == InstanceStatus::Draining && !can_drain {
                let message = format!("container instance `{}` is {}", instance.name(), instance.status());
                let error = Error::with_message(ErrorKind::InvalidParameter, message)
                    .with_help("only an ACTIVE instance can be set to DRAINING");
                return Err(here(error));
            }
        }
        self.all_or_nothing(|session| {
            for &id in ids {
                session.cluster.set_status(id, status)?;
                if status == InstanceStatus::Draining {
                    session.stop_pending(id)?;
                }
            }
            Ok(())
        })
    }

    /// Ends the tasks of services that are PENDING on an instance, as draining does (semantics.md §8.5).
    fn stop_pending(&mut self, id: InstanceId) -> Result<(), Error> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let is_ended = |task: &TaskId| {
            let is_of_service = |task: TaskView<'_>| task.group().starts_with("service:") && !task.is_stopping();
            self.pending.contains(task) && self.cluster.task(*task).is_ok_and(is_of_service)
        };
        let tasks: Vec<TaskId> = self.cluster.instance(id)?.tasks().into_iter().filter(is_ended).collect();
        tasks.into_iter().try_for_each(|task| {
            self.cluster.stop(task)?;
            self.forget_stopped(task);
            Ok(())
        })
    }

    /// PutAttributes: `{"attributes": [{"name", "value", "targetId"}]}`. Overwrites.
    ///
    /// # Errors
    /// For an unknown target, a name or value ECS refuses, more than ten in one call, or more than ten custom ones on one
    /// instance, and those of [`Json::parse`]; nothing has changed then.
    pub fn put_attributes(&mut self, request: &str) -> Result<(), Error> {
        self.put_attributes_json(&Json::parse(request)?)
    }

    /// As [`put_attributes`](Self::put_attributes), from a tree.
    ///
    /// # Errors
    /// The same, except what is wrong with the text.
    pub fn put_attributes_json(&mut self, request: &Json<'_>) -> Result<(), Error> {
        let changes = self.targeted(request.as_fields()?, validate_attribute)?;
        for (index, change) in changes.iter().enumerate() {
            if changes[..index].iter().any(|other| (other.0, other.1) == (change.0, change.1)) {
                let message = format!("attribute `{}` is given twice for one target", change.1);
                let error = Error::with_message(ErrorKind::InvalidParameter, message);
                return Err(crate::json::at_index(error, index).in_path("attributes"));
            }
        }
        let before = changes.iter().map(|&(id, _, _)| custom_attributes(&self.cluster, id));
        let before = before.collect::<Result<Vec<usize>, Error>>()?;
        self.all_or_nothing(|session| {
            for &(id, name, value) in &changes {
                session.cluster.put_attribute(id, name, value)?;
            }
            for (&(id, _, _), &before) in changes.iter().zip(&before) {
                let after = custom_attributes(&session.cluster, id)?;
                if after > before {
                    custom_limit(session.cluster.instance(id)?.name(), after)?;
                }
            }
            Ok(())
        })?;
        for (_, name, _) in &changes {
            self.warn_reserved_name(name);
        }
        Ok(())
    }

    /// DeleteAttributes: `{"attributes": [{"name", "targetId"}]}`.
    ///
    /// # Errors
    /// For an unknown target or an attribute it does not carry, and those of [`Json::parse`]; nothing has changed then.
    pub fn delete_attributes(&mut self, request: &str) -> Result<(), Error> {
        self.delete_attributes_json(&Json::parse(request)?)
    }

    /// As [`delete_attributes`](Self::delete_attributes), from a tree.
    ///
    /// # Errors
    /// For an unknown target or an attribute it does not carry; nothing has changed then.
    pub fn delete_attributes_json(&mut self, request: &Json<'_>) -> Result<(), Error> {
        let changes = self.targeted(request.as_fields()?, |_, _| Ok(()))?;
        self.all_or_nothing(|session| {
            changes.iter().try_for_each(|&(id, name, _)| session.cluster.delete_attribute(id, name))
        })
    }

    /// Tells whether the agent of an instance is connected; without it no task can start.
    ///
    /// # Errors
    /// [`ErrorKind::InstanceNotFound`].
    pub fn set_agent_connected(&mut self, instance: &str, is_connected: bool) -> Result<(), Error> {
        let id = self.instance_id(instance)?;
        self.cluster.set_agent_connected(id, is_connected)
    }

    /// The attributes of a request with the instances they are for.
    #[expect(clippy::type_complexity, reason = "a triple that lives for one call")]
    fn targeted<'j>(
        &self,
        fields: Fields<'j, '_>,
        validate: impl Fn(&str, Option<&str>) -> Result<(), Error>,
    ) -> Result<Vec<(InstanceId, &'j str, Option<&'j str>)>, Error> {
        fields.required("attributes")?;
        let count = fields.items("attributes")?.len();
        if count > ECS_PUT_ATTRIBUTES_MAX {
            let message = format!("at most {ECS_PUT_ATTRIBUTES_MAX} attributes can be given at once, not {count}");
            return Err(Error::with_message(ErrorKind::LimitExceeded, message).in_path("attributes"));
        }
        if count == 0 {
            let error = Error::with_message(ErrorKind::InvalidParameter, "no attribute is given");
            return Err(error.in_path("attributes"));
        }
        fields.each("attributes", |attribute| {
            let attribute = attribute.as_fields()?;
            let (name, value) = (attribute.text("name")?, attribute.optional_text("value")?);
            validate(name, value)?;
            if let Some(kind) = attribute.optional_text("targetType")?.filter(|kind| *kind != "container-instance") {
                return Err(instance::unknown_word("target type", kind, &["container-instance"]).in_path("targetType"));
            }
            let id = attribute.required_with("targetId", |target| self.instance_id(target.as_text()?))?;
            Ok((id, name, value))
        })
    }
}

/// Custom attributes that an instance carries.
fn custom_attributes(cluster: &Cluster, id: InstanceId) -> Result<usize, Error> {
    Ok(cluster.instance(id)?.attributes().iter().filter(|(name, _)| is_custom(name)).count())
}

/// Refuses more custom attributes than an instance may carry.
fn custom_limit(instance: &str, count: usize) -> Result<(), Error> {
    if count <= ECS_CUSTOM_ATTRIBUTES_MAX {
        return Ok(());
    }
    let message = format!(
        "container instance `{instance}` would carry {count} custom attributes, at most {ECS_CUSTOM_ATTRIBUTES_MAX}"
    );
    Err(Error::with_message(ErrorKind::AttributeLimit, message))
}

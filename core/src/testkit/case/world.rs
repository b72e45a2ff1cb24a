//! What a judge knows of the cluster between two steps: who is registered, with which attributes, and where tasks are.
//!
//! It follows the case and the printed entries; it places nothing and reserves nothing.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::Value;

/// The cluster as the case and the entries so far describe it.
#[derive(Debug, Default)]
pub(super) struct World {
    /// Registered instances, in registration order.
    pub(super) order: Vec<String>,
    /// Each instance as it was registered.
    pub(super) instances: BTreeMap<String, Value>,
    /// Attributes of each instance; one without a value has the empty text.
    pub(super) attributes: BTreeMap<String, BTreeMap<String, String>>,
    /// The instance of every task that runs or ever ran.
    pub(super) hosts: BTreeMap<String, String>,
    /// Tasks of services that the case began with as PENDING and that still run, with their instance.
    pending: BTreeMap<String, String>,
    /// Tasks on each instance whose desired status is not STOPPED.
    pub(super) running: BTreeMap<String, i64>,
}

impl World {
    /// The cluster before the first step of an expanded, reordered case.
    pub(super) fn of(case: &Value) -> Self {
        let mut world = Self::default();
        for instance in list(case.pointer("/cluster/containerInstances")) {
            world.register(instance);
        }
        for task in list(case.pointer("/cluster/tasks")) {
            let (Some(id), Some(host)) = (text(task, "taskArn"), text(task, "containerInstanceArn")) else { continue };
            let Some(host) = world.resolve(host).map(ToString::to_string) else { continue };
            if text(task, "desiredStatus") != Some("STOPPED") {
                *world.running.entry(host.clone()).or_default() += 1;
                let is_of_service = text(task, "group").is_some_and(|group| group.starts_with("service:"));
                if is_of_service && text(task, "lastStatus") == Some("PENDING") {
                    world.pending.insert(id.to_string(), host.clone());
                }
                world.hosts.insert(id.to_string(), host);
            }
        }
        world
    }

    /// The id of the instance a step names by its id or by the last segment of it.
    pub(super) fn resolve(&self, name: &str) -> Option<&str> {
        if let Some((id, _)) = self.instances.get_key_value(name) {
            return Some(id);
        }
        let mut matching = self.order.iter().filter(|id| id.rsplit('/').next() == Some(name));
        matching.next().map(String::as_str)
    }

    /// The tasks that `step` ended by setting their instance to DRAINING; no entry prints them.
    pub(super) fn drained(&self, step: &Value, entry: &Value) -> Vec<String> {
        let is_draining = text(step, "op") == Some("updateContainerInstancesState")
            && text(step, "status") == Some("DRAINING")
            && entry.get("error").is_none();
        let named = list(step.get("containerInstances")).filter(|_| is_draining).filter_map(Value::as_str);
        let hosts: Vec<&str> = named.filter_map(|name| self.resolve(name)).collect();
        self.pending.iter().filter(|(_, host)| hosts.contains(&host.as_str())).map(|(id, _)| id.clone()).collect()
    }

    /// Takes in what `step` did, as its `entry` tells.
    pub(super) fn follow(&mut self, step: &Value, entry: &Value) {
        if entry.get("error").is_some() || entry.get("skipped").is_some() {
            return;
        }
        for task in list(entry.get("tasks")) {
            let (Some(id), Some(host)) = (text(task, "taskArn"), text(task, "containerInstanceArn")) else { continue };
            self.hosts.insert(id.to_string(), host.to_string());
            *self.running.entry(host.to_string()).or_default() += 1;
        }
        let stopped = list(entry.get("stopped")).filter_map(Value::as_str).map(ToString::to_string);
        let stopped: Vec<String> = stopped.chain(self.drained(step, entry)).collect();
        for id in &stopped {
            self.pending.remove(id);
            if let Some(running) = self.hosts.get(id).and_then(|host| self.running.get_mut(host)) {
                *running -= 1;
            }
        }
        match text(step, "op") {
            Some("registerContainerInstance") => {
                if let Some(instance) = step.get("containerInstance") {
                    self.register(instance);
                }
            }
            Some("deregisterContainerInstance") => {
                let id = text(step, "containerInstance").and_then(|name| self.resolve(name)).map(ToString::to_string);
                if let Some(id) = id {
                    self.order.retain(|other| *other != id);
                    self.pending.retain(|_, host| *host != id);
                    self.instances.remove(&id);
                    self.attributes.remove(&id);
                    self.running.remove(&id);
                }
            }
            Some(op @ ("putAttributes" | "deleteAttributes")) => {
                for attribute in list(step.get("attributes")) {
                    let (Some(name), Some(target)) = (text(attribute, "name"), text(attribute, "targetId")) else {
                        continue;
                    };
                    let Some(target) = self.resolve(target).map(ToString::to_string) else { continue };
                    let attributes = self.attributes.entry(target).or_default();
                    if op == "putAttributes" {
                        let value = text(attribute, "value").unwrap_or_default();
                        attributes.insert(name.to_string(), value.to_string());
                    } else {
                        attributes.remove(name);
                    }
                }
            }
            _ => {}
        }
    }

    /// Adds an instance behind all others.
    fn register(&mut self, instance: &Value) {
        let Some(id) = text(instance, "containerInstanceArn") else { return };
        let mut attributes = BTreeMap::new();
        for attribute in list(instance.get("attributes")) {
            if let Some(name) = text(attribute, "name") {
                attributes.insert(name.to_string(), text(attribute, "value").unwrap_or_default().to_string());
            }
        }
        self.order.push(id.to_string());
        self.attributes.insert(id.to_string(), attributes);
        self.instances.insert(id.to_string(), instance.clone());
        self.running.insert(id.to_string(), 0);
    }
}

/// The elements of a list; none where it is missing or something else.
pub(super) fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// A text member.
pub(super) fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

//! The steps of a case. Each reads and checks all of its input before it changes anything.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::{Map, Value, json};

use super::super::strict;
use super::Oracle;
use super::choose::{Ask, Rule};
use super::cluster::{Cluster, Task, find};
use super::definition;
use super::expr::{self, Node};
use super::gpu;
use super::value::{Fault, Res, fault, flag, get, integer, invalid, list, name, text, texts};

/// The entry of a step.
type Entry = Map<String, Value>;

impl Oracle {
    /// Executes a step, filling its entry and the ids it prints.
    pub(super) fn run(&mut self, op: &str, step: &Value, entry: &mut Entry, printed: &mut Vec<String>) -> Res<()> {
        let request = &step["request"];
        let done = match op {
            "runTask" | "createService" => return self.place(op, step, request, entry, printed),
            "startTask" => return self.start(step, request, entry, printed),
            "stopTask" => self.stop(step, entry),
            "scaleIn" => return self.scale_in(step, entry),
            "listContainerInstances" => return self.list(step, entry),
            "describe" => return Ok(()),
            "loadText" => return load_text(step, entry),
            "registerContainerInstance" => self.cluster.register(&step["containerInstance"]),
            "deregisterContainerInstance" => self.deregister(step, entry),
            "updateContainerInstancesState" => self.update_state(step),
            "putAttributes" => self.put_attributes(step),
            "deleteAttributes" => self.delete_attributes(step),
            "registerTaskDefinition" => self.register_definition(step),
            "xBegin" => {
                self.savepoints.push((self.printed.len(), self.cluster.clone()));
                Ok(())
            }
            "xCommit" => self.innermost().map(|_| ()),
            "xRollback" => self.innermost().map(|(steps, cluster)| {
                self.cluster = cluster;
                self.printed.iter_mut().skip(steps).for_each(Vec::clear);
            }),
            "xSetAgentConnected" => self.set_agent_connected(step),
            _ => Err(invalid(format!("unknown step `{op}`"))),
        };
        done?;
        entry.insert("ok".to_string(), json!(true));
        Ok(())
    }

    /// Closes the innermost savepoint.
    fn innermost(&mut self) -> Res<(usize, Cluster)> {
        self.savepoints.pop().ok_or_else(|| fault("conflict", "no savepoint is open"))
    }

    /// `runTask` and `createService`.
    fn place(
        &mut self,
        op: &str,
        step: &Value,
        request: &Value,
        entry: &mut Entry,
        printed: &mut Vec<String>,
    ) -> Res<()> {
        let service = op == "createService";
        let count = if service {
            let count = integer(request, "desiredCount")?.ok_or_else(|| invalid("`desiredCount` is missing"))?;
            if count < 0 {
                return Err(invalid("`desiredCount` is negative"));
            }
            count
        } else {
            let count = integer(request, "count")?.unwrap_or(1);
            if count < 1 {
                return Err(invalid("`count` is below 1"));
            }
            if count > 10 {
                return Err(fault("limit-exceeded", "`count` is above 10"));
            }
            count
        };
        let ask = self.ask(step, request, Some(service))?;
        let mut wanted = 0;
        let all_or_nothing = flag(request, "xAllOrNothing")?.unwrap_or(false);
        if service && text(request, "schedulingStrategy")? == Some("DAEMON") {
            return Err(invalid("daemon services are not placed"));
        }
        if service {
            definition::service_connect(&ask.definition, request)?;
            let before = self.cluster.wanted.get(&ask.group).copied().unwrap_or(0).max(self.cluster.size(&ask.group));
            if count > 0 && before + count > 5000 {
                return Err(fault("limit-exceeded", "a service of more than 5000 tasks"));
            }
            wanted = before + count;
        }

        let considered = self.cluster.considered(&ask);
        if count > 0 && considered.is_empty() && !service {
            return Err(invalid("No Container Instances were found in your cluster."));
        }
        let before = all_or_nothing.then(|| self.cluster.clone());
        let (mut tasks, mut failures) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let reasons: Vec<_> = considered.iter().map(|&at| (at, self.cluster.reason(at, &ask))).collect();
            let fitting = reasons.iter().filter(|(_, reason)| reason.is_none()).map(|&(at, _)| at).collect();
            let Some(at) = self.cluster.choose(fitting, &ask) else {
                failures.extend(reasons.iter().map(|(at, reason)| self.failure(*at, reason.unwrap_or(""))));
                break;
            };
            tasks.push(self.put(at, &ask, printed));
        }
        if let (Some(before), false) = (before, failures.is_empty()) {
            self.cluster = before;
            tasks.clear();
            printed.clear();
        }
        if service {
            self.cluster.wanted.insert(ask.group.clone(), wanted);
        }
        entry.insert("tasks".to_string(), json!(tasks));
        entry.insert("failures".to_string(), json!(failures));
        Ok(())
    }

    /// `startTask`.
    fn start(&mut self, step: &Value, request: &Value, entry: &mut Entry, printed: &mut Vec<String>) -> Res<()> {
        let named = texts(request, "containerInstances")?;
        if !(1..=10).contains(&named.len()) {
            return Err(invalid("`containerInstances` has 1 to 10 entries"));
        }
        let ask = self.ask(step, request, None)?;
        let (mut tasks, mut failures): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
        for id in named {
            let failure = match self.cluster.instance(id) {
                Ok(at) => {
                    let status = self.cluster.instances[at].status.clone();
                    if status != "ACTIVE" {
                        self.failure(at, &status)
                    } else if let Some(reason) = self.cluster.reason(at, &ask) {
                        self.failure(at, reason)
                    } else {
                        tasks.push(self.put(at, &ask, printed));
                        continue;
                    }
                }
                Err(_) => match find(self.cluster.gone.iter().map(String::as_str), id) {
                    Some(gone) => json!({ "arn": self.cluster.gone[gone], "reason": "INACTIVE" }),
                    None => json!({ "arn": id, "reason": "MISSING" }),
                },
            };
            if !failures.iter().any(|other| other["arn"] == failure["arn"]) {
                failures.push(failure);
            }
        }
        entry.insert("tasks".to_string(), json!(tasks));
        entry.insert("failures".to_string(), json!(failures));
        Ok(())
    }

    /// A failure entry.
    fn failure(&self, at: usize, reason: &str) -> Value {
        json!({ "arn": self.cluster.instances[at].id, "reason": reason })
    }

    /// Places a task and returns its entry.
    fn put(&mut self, at: usize, ask: &Ask, printed: &mut Vec<String>) -> Value {
        let (id, gpu_ids) = self.cluster.put(at, ask);
        printed.push(id.clone());
        let mut task =
            json!({ "taskArn": id, "containerInstanceArn": self.cluster.instances[at].id, "group": ask.group });
        if !gpu_ids.is_empty() {
            task["gpuIds"] = json!(gpu_ids);
        }
        task
    }

    /// Reads what the three placing calls have in common. `service` is `None` for `startTask`, which has no constraints,
    /// strategy or launch type of its own.
    fn ask(&self, step: &Value, request: &Value, service: Option<bool>) -> Res<Ask> {
        let mut definition = self.cluster.definition(name(request, "taskDefinition")?)?;
        let group = if service == Some(true) {
            format!("service:{}", name(request, "serviceName")?)
        } else {
            match text(request, "group")? {
                None => format!("family:{}", definition.family),
                Some("") => return Err(invalid("`group` is empty")),
                Some(group) if group.chars().count() > 255 => {
                    return Err(fault("limit-exceeded", "`group` has at most 255 characters"));
                }
                Some(group) if group.starts_with("service:") => {
                    return Err(invalid("only a service may use such a group"));
                }
                Some(group) => group.to_string(),
            }
        };
        let (mut external, mut members, mut distinct, mut chain) = (false, Vec::new(), false, Vec::new());
        if let Some(service) = service {
            external = match text(request, "launchType")? {
                None | Some("EC2") => false,
                Some("EXTERNAL") => true,
                Some(other) => return Err(invalid(format!("launch type `{other}` is not supported"))),
            };
            if !list(request, "capacityProviderStrategy")?.is_empty() {
                return Err(invalid("capacity provider strategies are not supported"));
            }
            (members, distinct) = constraints(request, definition.constraints.len())?;
            let own = gpu::own(request)?;
            chain = strategy(request)?;
            if own == Some(None) && !chain.is_empty() {
                return Err(invalid("`firstFit` leaves nothing to decide"));
            }
            if let Some(own) = own {
                chain.splice(0..0, own);
            } else if chain.is_empty() {
                chain = if service { zones_then_instances() } else { alloc::vec![Rule::Random] };
            }
        }
        if let Some(overrides) = get(request, "overrides") {
            definition = Arc::new(definition::with_overrides(&definition, overrides)?);
        }
        let zones = if definition.demand.awsvpc { self.zones(request)? } else { None };
        let seed = self.seed(step, request)?;
        Ok(Ask { definition, group, members, distinct, chain, external, zones, seed })
    }

    /// The zones of the subnets a request names, where the case says which those are.
    fn zones(&self, request: &Value) -> Res<Option<BTreeSet<String>>> {
        let none = Value::Null;
        let network = get(request, "networkConfiguration").unwrap_or(&none);
        let network = get(network, "awsvpcConfiguration").unwrap_or(&none);
        let subnets = texts(network, "subnets")?;
        if subnets.len() > 16 || texts(network, "securityGroups")?.len() > 5 {
            return Err(fault("limit-exceeded", "more than 16 subnets or 5 security groups"));
        }
        let Some(map) = &self.cluster.subnets else { return Ok(None) };
        let zone = |subnet: &str| map.get(subnet).cloned().ok_or_else(|| invalid(format!("no subnet `{subnet}`")));
        let zones: BTreeSet<String> = subnets.into_iter().map(zone).collect::<Res<_>>()?;
        Ok(if zones.is_empty() { None } else { Some(zones) })
    }

    /// The seed of a step.
    fn seed(&self, step: &Value, request: &Value) -> Res<u64> {
        let given = match text(request, "xSeed")? {
            Some(seed) => Some(seed),
            None => text(step, "xSeed")?,
        };
        match given {
            None => Ok(self.options.seed),
            Some(seed) => seed.parse().map_err(|_| invalid("`xSeed` is not a number of 64 bits")),
        }
    }

    /// `stopTask`.
    fn stop(&mut self, step: &Value, entry: &mut Entry) -> Res<()> {
        let wanted = &step["task"];
        let at = match (text(wanted, "taskArn")?, integer(wanted, "step")?) {
            (Some(id), _) => self.cluster.task(id)?,
            (None, Some(step)) => {
                let none = || fault("not-found", "no such task of that step");
                let ids = usize::try_from(step).ok().and_then(|step| self.printed.get(step)).ok_or_else(none)?;
                let active = |id: &String| self.cluster.tasks.iter().position(|task| task.id == *id);
                match (integer(wanted, "index")?, text(wanted, "on")?) {
                    (Some(index), _) => usize::try_from(index)
                        .ok()
                        .and_then(|index| ids.get(index))
                        .and_then(active)
                        .ok_or_else(none)?,
                    (None, Some(id)) => {
                        let key = self.cluster.instances[self.cluster.instance(id)?].key;
                        let there = |&at: &usize| self.cluster.tasks[at].instance == key;
                        ids.iter().filter_map(active).find(there).ok_or_else(none)?
                    }
                    (None, None) => return Err(invalid("`task` names no task")),
                }
            }
            (None, None) => return Err(invalid("`task` names no task")),
        };
        let task = self.cluster.tasks.remove(at);
        entry.insert("stopped".to_string(), json!([task.id]));
        Ok(())
    }

    /// `scaleIn`: one task after another, each seeing the stops before it.
    fn scale_in(&mut self, step: &Value, entry: &mut Entry) -> Res<()> {
        let group = name(step, "group")?;
        let count = integer(step, "count")?.unwrap_or(1);
        if count < 0 {
            return Err(invalid("`count` is negative"));
        }
        let mut chain = strategy(step)?;
        if chain.is_empty() {
            chain = zones_then_instances();
        }
        let seed = self.seed(step, &Value::Null)?;
        let mut stopped = Vec::new();
        for _ in 0..count {
            let Some(at) = self.cluster.victim(group, &chain, seed) else { break };
            stopped.push(self.cluster.tasks.remove(at).id);
        }
        let left = self.cluster.size(group);
        if let (Some(wanted), false) = (self.cluster.wanted.get_mut(group), stopped.is_empty()) {
            *wanted = left;
        }
        entry.insert("stopped".to_string(), json!(stopped));
        Ok(())
    }

    /// `listContainerInstances`.
    fn list(&self, step: &Value, entry: &mut Entry) -> Res<()> {
        let filter = text(step, "filter")?.map(expr::parse).transpose()?;
        let known = ["ACTIVE", "DRAINING", "REGISTERING", "REGISTRATION_FAILED", "DEREGISTERING", "INACTIVE"];
        let status = text(step, "status")?;
        if status.is_some_and(|status| !known.contains(&status)) {
            return Err(invalid("unknown status"));
        }
        let mut ids = Vec::new();
        for (at, instance) in self.cluster.instances.iter().enumerate() {
            let of_status = match status {
                Some(status) => instance.status == status,
                None => instance.status != "INACTIVE",
            };
            if of_status && filter.as_ref().is_none_or(|filter| expr::holds(filter, &self.cluster.facts(at))) {
                ids.push(instance.id.clone());
            }
        }
        entry.insert("containerInstanceArns".to_string(), json!(ids));
        Ok(())
    }

    /// `deregisterContainerInstance`.
    fn deregister(&mut self, step: &Value, entry: &mut Entry) -> Res<()> {
        let force = flag(step, "force")?.unwrap_or(false);
        let at = self.cluster.instance(name(step, "containerInstance")?)?;
        let key = self.cluster.instances[at].key;
        let stopped: Vec<String> = self.cluster.tasks_on(key).map(|task| task.id.clone()).collect();
        if !stopped.is_empty() && !force {
            return Err(fault("conflict", "the instance still has tasks"));
        }
        self.cluster.tasks.retain(|task| task.instance != key);
        let gone = self.cluster.instances.remove(at);
        self.cluster.gone.push(gone.id);
        if force {
            entry.insert("stopped".to_string(), json!(stopped));
        }
        Ok(())
    }

    /// `updateContainerInstancesState`.
    fn update_state(&mut self, step: &Value) -> Res<()> {
        let status = name(step, "status")?;
        if status != "ACTIVE" && status != "DRAINING" {
            return Err(invalid("`status` is ACTIVE or DRAINING"));
        }
        let named = texts(step, "containerInstances")?;
        if named.is_empty() {
            return Err(invalid("`containerInstances` is empty"));
        }
        let at: Vec<usize> = named.into_iter().map(|id| self.cluster.instance(id)).collect::<Res<_>>()?;
        let drains = |at: &usize| matches!(self.cluster.instances[*at].status.as_str(), "ACTIVE" | "DRAINING");
        if status == "DRAINING" && !at.iter().all(drains) {
            return Err(invalid("only an ACTIVE instance can be set to DRAINING"));
        }
        for at in at {
            self.cluster.instances[at].status = status.to_string();
            if status == "DRAINING" {
                // 8.5: the pending tasks of services stop at once.
                let key = self.cluster.instances[at].key;
                let ends = |task: &Task| task.instance == key && task.pending && task.group.starts_with("service:");
                self.cluster.tasks.retain(|task| !ends(task));
            }
        }
        Ok(())
    }

    /// `xSetAgentConnected`.
    fn set_agent_connected(&mut self, step: &Value) -> Res<()> {
        let connected = flag(step, "connected")?.ok_or_else(|| invalid("`connected` is missing"))?;
        let at = self.cluster.instance(name(step, "containerInstance")?)?;
        self.cluster.instances[at].connected = connected;
        Ok(())
    }

    /// `putAttributes`. semantics.md §6.2.
    fn put_attributes(&mut self, step: &Value) -> Res<()> {
        let given = attribute_list(step)?;
        for attribute in given {
            check_attribute(attribute)?;
        }
        let changed = self.targets(given)?;
        let mut after = self.cluster.clone();
        for (at, name, value) in changed {
            let attributes = &mut after.instances[at].attributes;
            let is_new = attributes.insert(name.clone(), value).is_none();
            let custom = attributes.keys().filter(|name| is_custom(name)).count();
            if is_new && is_custom(&name) && custom > 10 {
                return Err(fault("limit-exceeded", "more than 10 custom attributes"));
            }
        }
        self.cluster = after;
        Ok(())
    }

    /// `deleteAttributes`.
    fn delete_attributes(&mut self, step: &Value) -> Res<()> {
        let changed = self.targets(attribute_list(step)?)?;
        let mut after = self.cluster.clone();
        for (at, name, _) in changed {
            if after.instances[at].attributes.remove(&name).is_none() {
                return Err(fault("not-found", format!("no attribute `{name}`")));
            }
        }
        self.cluster = after;
        Ok(())
    }

    /// Instance, name and value of each attribute of a call; the same one twice is refused.
    fn targets(&self, given: &[Value]) -> Res<Vec<(usize, String, Option<String>)>> {
        let mut seen = BTreeSet::new();
        let (mut unknown, mut twice) = (None, None);
        let mut targets = Vec::new();
        for attribute in given {
            let (wanted, name) = (name(attribute, "targetId")?, name(attribute, "name")?);
            let value = text(attribute, "value")?.map(ToString::to_string);
            match self.cluster.instance(wanted) {
                Ok(at) if seen.insert((self.cluster.instances[at].id.clone(), name)) => {
                    targets.push((at, name.to_string(), value));
                }
                Ok(_) => twice = Some(name),
                Err(_) => unknown = Some(wanted),
            }
        }
        match (unknown, twice) {
            (None, None) => Ok(targets),
            (Some(id), _) => Err(fault("not-found", format!("no container instance `{id}`"))),
            (None, Some(name)) => Err(invalid(format!("`{name}` stands twice for one target"))),
        }
    }

    /// `registerTaskDefinition`.
    fn register_definition(&mut self, step: &Value) -> Res<()> {
        let source = &step["taskDefinition"];
        let definition = definition::load(source)?;
        self.cluster.define(source, Ok(Arc::new(definition)));
        Ok(())
    }
}

/// Placement constraints of a request: its expressions, and whether it has distinctInstance. semantics.md §4.2.
fn constraints(request: &Value, of_definition: usize) -> Res<(Vec<Node>, bool)> {
    let listed = list(request, "placementConstraints")?;
    if listed.len() + of_definition > 10 {
        return Err(fault("limit-exceeded", "more than 10 placement constraints"));
    }
    let (mut members, mut distinct) = (Vec::new(), false);
    for constraint in listed {
        match (text(constraint, "type")?, text(constraint, "expression")?) {
            (Some("distinctInstance"), None) => distinct = true,
            (Some("distinctInstance"), Some(_)) => {
                return Err(invalid("distinctInstance expression should not be specified."));
            }
            (Some("memberOf"), Some(expression)) => members.push(expr::parse(expression)?),
            (Some("memberOf"), None) => return Err(invalid("memberOf needs an expression")),
            _ => return Err(invalid("unknown type of constraint")),
        }
    }
    Ok((members, distinct))
}

/// The placement strategy of a request. semantics.md §3.1.
fn strategy(request: &Value) -> Res<Vec<Rule>> {
    let listed = list(request, "placementStrategy")?;
    if listed.len() > 5 {
        return Err(fault("limit-exceeded", "more than 5 strategies"));
    }
    let mut chain = Vec::new();
    for rule in listed {
        let field = text(rule, "field")?;
        let is_instance = |field: &str| ["instanceid", "host"].contains(&field.to_ascii_lowercase().as_str());
        chain.push(match (text(rule, "type")?, field) {
            (Some("random"), None) => Rule::Random,
            (Some("binpack"), Some("cpu")) => Rule::BinpackCpu,
            (Some("binpack"), Some("memory")) => Rule::BinpackMemory,
            (Some("spread"), Some(field)) if is_instance(field) => Rule::SpreadInstance,
            (Some("spread"), Some(field)) => match field.strip_prefix("attribute:") {
                Some(name) if !name.is_empty() => Rule::SpreadAttribute(name.to_string()),
                _ => return Err(invalid("unknown spread field")),
            },
            _ => return Err(invalid("unknown strategy or field")),
        });
    }
    Ok(chain)
}

/// What a service without a strategy uses, for placing and for scale-in.
fn zones_then_instances() -> Vec<Rule> {
    alloc::vec![Rule::SpreadAttribute("ecs.availability-zone".to_string()), Rule::SpreadInstance]
}

/// The attributes of a call.
fn attribute_list(step: &Value) -> Res<&[Value]> {
    match list(step, "attributes")? {
        [] => Err(invalid("`attributes` is empty")),
        given if given.len() > 10 => Err(fault("limit-exceeded", "more than 10 attributes in one call")),
        given => Ok(given),
    }
}

/// An attribute that counts for the limit.
fn is_custom(name: &str) -> bool {
    !name.starts_with("ecs.") && !name.starts_with("com.amazonaws.")
}

/// The rules for names and values. semantics.md §6.2.
fn check_attribute(attribute: &Value) -> Res<()> {
    let name = name(attribute, "name")?;
    let good = |c: char| c.is_ascii_alphanumeric() || "_/\\.-".contains(c);
    if name.chars().count() > 128 || !name.chars().all(good) {
        return Err(invalid(format!("`{name}` is not an attribute name")));
    }
    let Some(value) = text(attribute, "value")? else { return Ok(()) };
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.@/\\: ".contains(c);
    let padded = value.starts_with(' ') || value.ends_with(' ');
    if !(1..=128).contains(&value.chars().count()) || !value.chars().all(good) || padded {
        return Err(invalid(format!("`{value}` is not an attribute value")));
    }
    Ok(())
}

/// `loadText`: strict JSON, and a cluster that loads.
fn load_text(step: &Value, entry: &mut Entry) -> Res<()> {
    let text = text(step, "text")?.ok_or_else(|| invalid("`text` is missing"))?;
    let value = strict::parse(text).map_err(|error| invalid(error.to_string()))?;
    // Inside one document a name that stands twice, or a task on no instance, makes the document invalid.
    let of_document = |fault: Fault| match fault.class {
        "duplicate" | "not-found" => invalid(fault.text),
        _ => fault,
    };
    Cluster::load(&value, list(&value, "taskDefinitions")?).map_err(of_document)?;
    entry.insert("parsed".to_string(), json!(true));
    Ok(())
}

//! Task definitions: what ECS refuses, and what a task of one reserves. semantics.md §1.2–1.4, §1.7, §6.3.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde_json::Value;

use super::expr::{self, Node};
use super::value::{Res, amount, fault, get, integer, invalid, list, name, short, task_amount, text};

/// What one task reserves.
#[derive(Debug, Clone, Default)]
pub(super) struct Demand {
    /// CPU units.
    pub(super) cpu: i128,
    /// MiB.
    pub(super) memory: i128,
    /// Static TCP host ports.
    pub(super) tcp: BTreeSet<u16>,
    /// Static UDP host ports.
    pub(super) udp: BTreeSet<u16>,
    /// One task ENI.
    pub(super) awsvpc: bool,
    /// GPUs.
    pub(super) gpu: Gpu,
}

/// The GPUs a task asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Gpu {
    /// None.
    #[default]
    None,
    /// So many whole devices, at least one.
    Whole(i128),
    /// Every device of the instance.
    All,
    /// The one device of an instance that comes as such a fraction.
    Fraction(String),
    /// So many thousandths of one device; ours, not ECS's.
    Share(i128),
}

/// A task definition that was accepted.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    /// Its family.
    pub(super) family: String,
    /// What a task of it reserves.
    pub(super) demand: Demand,
    /// `requiresAttributes`, and those that follow from other fields, except the one for awsvpc.
    pub(super) requires: Vec<(String, Option<String>)>,
    /// Attributes that must have this value where the instance has them at all (U-52).
    pub(super) agrees: Vec<(&'static str, &'static str)>,
    /// Its own memberOf expressions.
    pub(super) constraints: Vec<Node>,
    /// As it was written; overrides start from here.
    source: Value,
}

/// Container and family names.
fn check_name(text: &str) -> Res<()> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if (1..=255).contains(&text.chars().count()) && text.chars().all(good) {
        Ok(())
    } else {
        Err(invalid(format!("`{text}` is not a name")))
    }
}

/// The family and revision of a definition, also of one that is refused.
pub(super) fn names(source: &Value) -> (Option<&str>, Option<i128>) {
    (text(source, "family").ok().flatten(), integer(source, "revision").ok().flatten())
}

/// The definition with the overrides of a request in it, which must still be one that ECS accepts (U-06).
pub(super) fn with_overrides(definition: &Definition, overrides: &Value) -> Res<Definition> {
    if !overrides.is_object() {
        return Err(invalid("`overrides` must be an object"));
    }
    let mut source = definition.source.clone();
    for key in ["cpu", "memory"] {
        if let Some(value) = get(overrides, key) {
            source[key] = value.clone();
        }
    }
    for change in list(overrides, "containerOverrides")? {
        let wanted = name(change, "name")?;
        let containers = source["containerDefinitions"].as_array_mut();
        let container = containers.and_then(|all| all.iter_mut().find(|one| one["name"] == wanted));
        let Some(container) = container else {
            return Err(invalid(format!(
                "Override for container named {wanted} is not a container in the TaskDefinition."
            )));
        };
        for key in ["cpu", "memory", "memoryReservation", "resourceRequirements"] {
            if let Some(value) = get(change, key) {
                container[key] = value.clone();
            }
        }
    }
    load(&source)
}

/// Reads a definition and refuses what ECS refuses.
pub(super) fn load(source: &Value) -> Res<Definition> {
    if !source.is_object() {
        return Err(invalid("a task definition must be an object"));
    }
    let family = name(source, "family")?;
    check_name(family)?;
    if integer(source, "revision")?.is_some_and(|revision| !(1..=1_000_000).contains(&revision)) {
        return Err(invalid("`revision` is out of range"));
    }
    let containers = list(source, "containerDefinitions")?;
    if !(1..=10).contains(&containers.len()) {
        return Err(invalid("a task definition has 1 to 10 containers"));
    }
    let mut seen = BTreeSet::new();
    let mut some_essential = false;
    for container in containers {
        let name = name(container, "name")?;
        check_name(name)?;
        if !seen.insert(name) {
            return Err(invalid(format!("two containers are named `{name}`")));
        }
        some_essential |= super::value::flag(container, "essential")?.unwrap_or(true);
    }
    if !some_essential {
        return Err(invalid("no container is essential"));
    }

    let platform = get(source, "runtimePlatform").unwrap_or(&Value::Null);
    let system = text(platform, "operatingSystemFamily")?.unwrap_or("");
    let windows = system.starts_with("WINDOWS");
    let mut agrees = Vec::new();
    match text(platform, "cpuArchitecture")? {
        Some("X86_64") => agrees.push(("ecs.cpu-architecture", "x86_64")),
        Some("ARM64") => agrees.push(("ecs.cpu-architecture", "arm64")),
        Some(other) => return Err(invalid(format!("unknown architecture `{other}`"))),
        None => {}
    }
    if windows {
        agrees.push(("ecs.os-type", "windows"));
    } else if !system.is_empty() {
        agrees.push(("ecs.os-type", "linux"));
    }

    let mut demand = Demand::default();
    (demand.cpu, demand.memory) = amounts(source, containers, windows)?;
    ports(source, containers, &mut demand)?;
    let mut requires = Vec::new();
    demand.gpu = accelerators(source, containers, windows, &mut requires)?;
    for attribute in list(source, "requiresAttributes")? {
        let value = text(attribute, "value")?.map(ToString::to_string);
        requires.push((name(attribute, "name")?.to_string(), value));
    }

    let listed = list(source, "placementConstraints")?;
    if listed.len() > 10 {
        return Err(fault("limit-exceeded", "more than 10 placement constraints"));
    }
    let mut constraints = Vec::new();
    for constraint in listed {
        if text(constraint, "type")? != Some("memberOf") {
            return Err(invalid("a definition may only have memberOf constraints"));
        }
        let expression = text(constraint, "expression")?.ok_or_else(|| invalid("memberOf needs an expression"))?;
        constraints.push(expr::parse(expression)?);
    }
    Ok(Definition { family: family.to_string(), demand, requires, agrees, constraints, source: source.clone() })
}

/// CPU and memory a task reserves. semantics.md §1.2.
fn amounts(source: &Value, containers: &[Value], windows: bool) -> Res<(i128, i128)> {
    let task_level = |key: &str, unit: &str| -> Res<i128> {
        match text(source, key)? {
            Some(text) => task_amount(text, unit),
            None => Ok(0),
        }
    };
    let (mut task_cpu, mut task_memory) = (task_level("cpu", "vcpu")?, task_level("memory", "gb")?);
    if windows {
        (task_cpu, task_memory) = (0, 0);
    }
    if task_cpu != 0 && !(128..=196_608).contains(&task_cpu) {
        return Err(invalid("task-level `cpu` is out of range"));
    }
    let (mut cpu, mut memory) = (0, 0);
    for container in containers {
        cpu += amount(container, "cpu")?;
        let (hard, soft) = (amount(container, "memory")?, amount(container, "memoryReservation")?);
        if hard > 0 && soft > hard {
            return Err(invalid("`memoryReservation` is greater than `memory`"));
        }
        if hard == 0 && soft == 0 && task_memory == 0 {
            return Err(invalid("a container has no memory and neither has the task"));
        }
        if task_memory > 0 && hard > task_memory {
            return Err(invalid("The 'memory' setting for container is greater than for the task."));
        }
        memory += if soft > 0 { soft } else { hard };
    }
    if task_cpu > 0 && cpu > task_cpu || task_memory > 0 && memory > task_memory {
        return Err(invalid("the containers need more than the task has"));
    }
    let of = |task: i128, containers: i128| if task > 0 { task } else { containers };
    Ok((of(task_cpu, cpu), of(task_memory, memory)))
}

/// A port number; 0 only where `zero` allows it.
fn port(mapping: &Value, key: &str) -> Res<Option<u16>> {
    match integer(mapping, key)? {
        None => Ok(None),
        Some(number) => u16::try_from(number).map(Some).map_err(|_| invalid(format!("`{key}` is not a port"))),
    }
}

/// The network mode and the static host ports. semantics.md §1.4.
fn ports(source: &Value, containers: &[Value], demand: &mut Demand) -> Res<()> {
    let mode = text(source, "networkMode")?.unwrap_or("bridge");
    if !["bridge", "default", "host", "awsvpc", "none"].contains(&mode) {
        return Err(invalid(format!("unknown network mode `{mode}`")));
    }
    demand.awsvpc = mode == "awsvpc";
    let (mut tcp, mut udp) = (BTreeSet::new(), BTreeSet::new());
    for container in containers {
        let mappings = list(container, "portMappings")?;
        if mode == "none" && !mappings.is_empty() {
            return Err(invalid("network mode none has no port mappings"));
        }
        let mut ranges: Vec<(&str, u16, u16)> = Vec::new();
        let mut singles: Vec<(&str, u16)> = Vec::new();
        for mapping in mappings {
            text(mapping, "name")?;
            let protocol = text(mapping, "protocol")?.unwrap_or("tcp");
            let taken = match protocol {
                "tcp" => &mut tcp,
                "udp" => &mut udp,
                other => return Err(invalid(format!("unknown protocol `{other}`"))),
            };
            let host = port(mapping, "hostPort")?.filter(|&host| host != 0);
            if let Some(range) = text(mapping, "containerPortRange")? {
                let (first, last) = port_range(range)?;
                let clash = ranges.iter().any(|&(of, a, b)| of == protocol && first <= b && a <= last);
                if mode == "host" || clash || ranges.len() == 100 || get(mapping, "containerPort").is_some() {
                    return Err(invalid("bad `containerPortRange`"));
                }
                ranges.push((protocol, first, last));
                continue;
            }
            let inner = port(mapping, "containerPort")?.filter(|&inner| inner != 0);
            let inner = inner.ok_or_else(|| invalid("`containerPort` is missing or 0"))?;
            singles.push((protocol, inner));
            let fixed = mode == "host" || mode == "awsvpc";
            if fixed && host.is_some_and(|host| host != inner) {
                return Err(invalid("`hostPort` differs from `containerPort`"));
            }
            let wanted = if fixed { Some(inner) } else { host };
            if wanted.is_some_and(|wanted| !taken.insert(wanted)) {
                return Err(invalid("host port is mapped multiple times in task."));
            }
        }
        let within = |&(protocol, inner): &(&str, u16)| {
            ranges.iter().any(|&(of, first, last)| of == protocol && (first..=last).contains(&inner))
        };
        if singles.iter().any(within) {
            return Err(invalid("a port stands in a `containerPortRange` too"));
        }
    }
    if !demand.awsvpc {
        (demand.tcp, demand.udp) = (tcp, udp);
    }
    Ok(())
}

/// The names Service Connect uses must not mean a container port that is mapped twice (U-14).
pub(super) fn service_connect(definition: &Definition, request: &Value) -> Res<()> {
    let none = Value::Null;
    let connect = get(request, "serviceConnectConfiguration").unwrap_or(&none);
    if super::value::flag(connect, "enabled")? == Some(false) {
        return Ok(());
    }
    for service in list(connect, "services")? {
        let wanted = text(service, "portName")?.ok_or_else(|| invalid("`portName` is missing"))?;
        for container in list(&definition.source, "containerDefinitions")? {
            // The container port of every mapping that is not a range, and whether it bears the name.
            let mut ports: Vec<(i128, bool)> = Vec::new();
            for mapping in list(container, "portMappings")? {
                if let Some(inner) = integer(mapping, "containerPort")? {
                    ports.push((inner, text(mapping, "name")? == Some(wanted)));
                }
            }
            let twice = |&(inner, named): &(i128, bool)| named && ports.iter().filter(|one| one.0 == inner).count() > 1;
            if let Some((inner, _)) = ports.iter().find(|one| twice(one)) {
                let name = text(container, "name")?.unwrap_or("");
                return Err(invalid(format!(
                    "Container port {inner} is used in more than one port mapping for container {name}"
                )));
            }
        }
    }
    Ok(())
}

/// `first-last`.
fn port_range(text: &str) -> Res<(u16, u16)> {
    let number = |text: &str| text.parse::<u16>().ok().filter(|&port| port > 0);
    text.split_once('-')
        .and_then(|(first, last)| Some((number(first)?, number(last)?)))
        .filter(|(first, last)| first < last)
        .ok_or_else(|| invalid(format!("`{text}` is not a port range")))
}

/// The GPUs a task asks for. semantics.md §1.3.
fn accelerators(
    source: &Value,
    containers: &[Value],
    windows: bool,
    requires: &mut Vec<(String, Option<String>)>,
) -> Res<Gpu> {
    let mut asked = Vec::new();
    for container in containers {
        for requirement in list(container, "resourceRequirements")? {
            if get(requirement, "sharingStrategy").is_some() {
                return Err(invalid("GPU sharing strategies are not supported"));
            }
            let value = name(requirement, "value")?;
            match text(requirement, "type")? {
                Some("GPU") => asked.push(match value {
                    "ALL" => Gpu::All,
                    "0.125" | "0.25" | "0.5" => Gpu::Fraction(value.to_string()),
                    _ => Gpu::Whole(number(value)?),
                }),
                Some("xGpuShare") => match number(value)? {
                    share @ 1..=999 => asked.push(Gpu::Share(share)),
                    _ => return Err(invalid("`xGpuShare` is 1 to 999 thousandths")),
                },
                Some("InferenceAccelerator") => {
                    let devices = list(source, "inferenceAccelerators")?;
                    if !devices.iter().any(|device| device["deviceName"] == value) {
                        return Err(invalid(format!("no inference accelerator is named `{value}`")));
                    }
                    requires.push(("ecs.capability.task-eia".to_string(), None));
                }
                _ => return Err(invalid("unsupported resource requirement")),
            }
        }
    }
    if windows && !asked.is_empty() {
        return Err(invalid("no GPUs on Windows"));
    }
    let mut total = 0;
    for one in &asked {
        match one {
            Gpu::Whole(count) => total += count,
            _ if asked.len() > 1 => return Err(invalid("no other GPU requirement may stand beside this one")),
            alone => return Ok(alone.clone()),
        }
    }
    Ok(if total > 0 { Gpu::Whole(total) } else { Gpu::None })
}

/// A whole number.
fn number(text: &str) -> Res<i128> {
    let good = !text.is_empty() && text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
    good.then(|| text.parse().ok()).flatten().ok_or_else(|| invalid(format!("`{text}` is not a whole number")))
}

/// A reference to a definition: a family, `family:revision`, or an ARN that ends in one.
pub(super) fn reference(text: &str) -> &str {
    short(text)
}

//! What a cluster is: instances, the tasks on them, definitions, and nothing derived. Whatever follows from the task list
//! is counted again each time it is asked for.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::{Map, Value, json};

use super::definition::{self, Definition, Demand, Gpu};
use super::expr::Facts;
use super::value::{Fault, Res, fault, flag, get, integer, invalid, list, name, short, text, texts, timestamp};

/// A container instance as it was given, except for what the calls change.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    /// `containerInstanceArn`.
    pub(super) id: String,
    /// Distinguishes it from an earlier instance of the same id.
    pub(super) key: u64,
    /// `status`.
    pub(super) status: String,
    /// `agentConnected`.
    pub(super) connected: bool,
    /// Attributes.
    pub(super) attributes: BTreeMap<String, Option<String>>,
    /// `ec2InstanceId`.
    ec2: Option<String>,
    /// `versionInfo.agentVersion`.
    version: Option<String>,
    /// `registeredAt`.
    registered_at: Option<i128>,
    /// `registeredResources`.
    registered: Resources,
    /// `remainingResources`, where given.
    remaining: Option<Resources>,
    /// What would remain if every task of ours were gone.
    base: Resources,
    /// Pool positions that are not free although no task of ours is on them.
    gpus_blocked: BTreeSet<usize>,
    /// Task ENI slots, where known.
    pub(super) eni_slots: Option<i128>,
    /// `xEniTaskSlots` was given.
    pub(super) eni_explicit: bool,
}

/// A list of resource records.
#[derive(Debug, Clone, Default)]
struct Resources {
    /// CPU units.
    cpu: i128,
    /// MiB.
    memory: i128,
    /// TCP ports taken.
    tcp: BTreeSet<u16>,
    /// UDP ports taken.
    udp: BTreeSet<u16>,
    /// Devices, where there is such a record.
    gpus: Option<Vec<String>>,
}

/// A task that holds its instance.
#[derive(Debug, Clone)]
pub(super) struct Task {
    /// `taskArn`.
    pub(super) id: String,
    /// The instance, by key.
    pub(super) instance: u64,
    /// Its group.
    pub(super) group: String,
    /// What it holds.
    pub(super) demand: Arc<Demand>,
    /// Pool positions of its devices, ascending.
    pub(super) devices: Vec<usize>,
    /// `lastStatus` is PENDING.
    pub(super) pending: bool,
    /// `healthStatus` is UNHEALTHY.
    pub(super) unhealthy: bool,
    /// Scale-in must leave it alone.
    pub(super) protected: bool,
}

/// A definition as steps see it: accepted, or the refusal that each use reports.
type Loaded = Result<Arc<Definition>, Fault>;

/// Everything a savepoint restores.
#[derive(Debug, Clone, Default)]
pub(super) struct Cluster {
    /// In registration order.
    pub(super) instances: Vec<Instance>,
    /// Active tasks, oldest first.
    pub(super) tasks: Vec<Task>,
    /// By family and by `family:revision`.
    definitions: BTreeMap<String, Loaded>,
    /// Subnet to zone, where the case has such a map.
    pub(super) subnets: Option<BTreeMap<String, String>>,
    /// Tasks each service is to have, by group.
    pub(super) wanted: BTreeMap<String, i128>,
    /// Ids of instances that were deregistered and not registered again.
    pub(super) gone: Vec<String>,
    /// Ids of the case's active tasks, stopped since or not.
    loaded_ids: BTreeSet<String>,
    /// Instances ever registered.
    keys: u64,
    /// Tasks ever loaded.
    pub(super) loaded: u64,
    /// Tasks ever placed.
    pub(super) placed: u64,
}

/// The amounts and ports an instance has left, and how busy it is.
#[derive(Debug)]
pub(super) struct Left {
    /// CPU units, signed.
    pub(super) cpu: i128,
    /// MiB, signed.
    pub(super) memory: i128,
    /// TCP ports taken.
    pub(super) tcp: BTreeSet<u16>,
    /// UDP ports taken.
    pub(super) udp: BTreeSet<u16>,
    /// Free ENI slots, where known.
    pub(super) eni: Option<i128>,
}

impl Cluster {
    /// The cluster of a case and its definitions.
    pub(super) fn load(cluster: &Value, definitions: &[Value]) -> Res<Self> {
        let mut this = Self::default();
        for source in definitions {
            this.define(source, definition::load(source).map(Arc::new));
        }
        if !cluster.is_object() {
            return Err(invalid("a cluster must be an object"));
        }
        if let Some(map) = get(cluster, "xSubnets") {
            let map = map.as_object().ok_or_else(|| invalid("`xSubnets` must be an object"))?;
            let mut subnets = BTreeMap::new();
            for (subnet, zone) in map {
                let zone = zone.as_str().ok_or_else(|| invalid("a zone must be a string"))?;
                subnets.insert(subnet.clone(), zone.to_string());
            }
            this.subnets = Some(subnets);
        }
        for source in list(cluster, "containerInstances")? {
            this.register(source)?;
        }
        // U-34: the oldest first; one that has not started is younger than any that has.
        let mut running = Vec::new();
        for source in list(cluster, "tasks")? {
            if text(source, "desiredStatus")? != Some("STOPPED") {
                let started = timestamp(source, "startedAt")?;
                running.push((started.is_none(), started, source));
            }
        }
        running.sort_by_key(|&(waits, started, _)| (waits, started));
        let running: Vec<&Value> = running.into_iter().map(|(_, _, source)| source).collect();
        for source in &running {
            this.load_task(source)?;
        }
        for at in 0..this.instances.len() {
            this.settle_amounts(at);
            this.settle_devices(at, &running)?;
        }
        Ok(this)
    }

    /// Keeps a definition under its names; a later one of the same name replaces it.
    pub(super) fn define(&mut self, source: &Value, loaded: Loaded) {
        let (family, revision) = definition::names(source);
        let Some(family) = family else { return };
        // One that names no revision gets the number after the highest of its family.
        let prefix = format!("{family}:");
        let numbers = self.definitions.keys().filter_map(|known| known.strip_prefix(&prefix)?.parse::<i128>().ok());
        let revision = revision.unwrap_or_else(|| numbers.max().unwrap_or(0) + 1);
        self.definitions.insert(format!("{family}:{revision}"), loaded.clone());
        self.definitions.insert(family.to_string(), loaded);
    }

    /// The definition a request names.
    pub(super) fn definition(&self, wanted: &str) -> Res<Arc<Definition>> {
        match self.definitions.get(definition::reference(wanted)) {
            Some(loaded) => loaded.clone(),
            None => Err(fault("not-found", format!("no task definition `{wanted}`"))),
        }
    }

    /// Adds an instance without tasks at the end of the registration order.
    pub(super) fn register(&mut self, source: &Value) -> Res<()> {
        if !source.is_object() {
            return Err(invalid("a container instance must be an object"));
        }
        let id = name(source, "containerInstanceArn")?;
        let status = text(source, "status")?.unwrap_or("ACTIVE");
        let known = ["ACTIVE", "DRAINING", "REGISTERING", "REGISTRATION_FAILED", "DEREGISTERING", "INACTIVE"];
        if !known.contains(&status) {
            return Err(invalid(format!("unknown status `{status}`")));
        }
        let mut attributes = BTreeMap::new();
        for attribute in list(source, "attributes")? {
            let value = text(attribute, "value")?.map(ToString::to_string);
            if attributes.insert(name(attribute, "name")?.to_string(), value).is_some() {
                return Err(invalid("an attribute stands twice"));
            }
        }
        let registered = resources(list(source, "registeredResources")?)?;
        if registered.cpu < 0 || registered.memory < 0 {
            return Err(invalid("a registered amount is negative"));
        }
        let remaining = match get(source, "remainingResources") {
            Some(_) => Some(resources(list(source, "remainingResources")?)?),
            None => None,
        };
        let explicit = integer(source, "xEniTaskSlots")?;
        if explicit.is_some_and(|slots| slots < 0) {
            return Err(invalid("`xEniTaskSlots` is negative"));
        }
        let version = text(get(source, "versionInfo").unwrap_or(&Value::Null), "agentVersion")?;
        let instance = Instance {
            id: id.to_string(),
            key: self.keys,
            status: status.to_string(),
            connected: flag(source, "agentConnected")?.unwrap_or(true),
            ec2: text(source, "ec2InstanceId")?.map(ToString::to_string),
            version: version.map(ToString::to_string),
            registered_at: timestamp(source, "registeredAt")?,
            base: Resources::default(),
            gpus_blocked: BTreeSet::new(),
            eni_slots: explicit.or_else(|| eni_slots(&attributes)),
            eni_explicit: explicit.is_some(),
            attributes,
            registered,
            remaining,
        };
        if self.instances.iter().any(|other| other.id == id) {
            return Err(fault("duplicate", format!("`{id}` is already registered")));
        }
        self.keys += 1;
        self.gone.retain(|other| other != id);
        self.instances.push(instance);
        let at = self.instances.len() - 1;
        self.settle_amounts(at);
        self.settle_devices(at, &[])
    }

    /// Adds a task that already runs; its devices come later.
    fn load_task(&mut self, source: &Value) -> Res<()> {
        let id = name(source, "taskArn")?;
        if !self.loaded_ids.insert(id.to_string()) {
            return Err(fault("duplicate", format!("two tasks are named `{id}`")));
        }
        let instance = self.instance(name(source, "containerInstanceArn")?)?;
        let wanted = text(source, "taskDefinitionArn")?.unwrap_or("");
        // One that is unknown or refused holds nothing; the task still counts.
        let definition = self.definition(wanted).ok();
        let family = definition::reference(wanted).split(':').next().unwrap_or("");
        let group = text(source, "group")?.map_or_else(|| format!("family:{family}"), ToString::to_string);
        self.tasks.push(Task {
            id: id.to_string(),
            instance: self.instances[instance].key,
            group,
            demand: Arc::new(definition.map(|definition| definition.demand.clone()).unwrap_or_default()),
            devices: Vec::new(),
            pending: text(source, "lastStatus")? == Some("PENDING"),
            unhealthy: text(source, "healthStatus")? == Some("UNHEALTHY"),
            protected: flag(source, "protectionEnabled")?.unwrap_or(false),
        });
        self.loaded += 1;
        Ok(())
    }

    /// Finds out what an instance would have left without its tasks. Where it says what remains it is believed, and a
    /// task there holds a static port only if the list shows it taken and the agent had not taken it before.
    fn settle_amounts(&mut self, at: usize) {
        let instance = &mut self.instances[at];
        let Some(remaining) = &instance.remaining else {
            instance.base = instance.registered.clone();
            return;
        };
        let mut base = remaining.clone();
        for task in self.tasks.iter_mut().filter(|task| task.instance == instance.key) {
            let demand = Arc::make_mut(&mut task.demand);
            demand.tcp.retain(|port| remaining.tcp.contains(port) && !instance.registered.tcp.contains(port));
            demand.udp.retain(|port| remaining.udp.contains(port) && !instance.registered.udp.contains(port));
            base.cpu += demand.cpu;
            base.memory += demand.memory;
            base.tcp.retain(|port| !demand.tcp.contains(port));
            base.udp.retain(|port| !demand.udp.contains(port));
        }
        instance.base = base;
    }

    /// Gives the loaded tasks of an instance their devices: those they name, then the rest in file order.
    fn settle_devices(&mut self, at: usize, running: &[&Value]) -> Res<()> {
        let Some(pool) = self.instances[at].registered.gpus.clone() else { return Ok(()) };
        let key = self.instances[at].key;
        // Positions not listed as free, where there is such a list.
        let mut busy = BTreeSet::new();
        if let Some(remaining) = &self.instances[at].remaining {
            let free = remaining.gpus.clone().unwrap_or_default();
            busy = (0..pool.len()).filter(|&position| !free.contains(&pool[position])).collect();
        }
        let told = self.instances[at].remaining.is_some();
        let mut nameless = Vec::new();
        for index in 0..self.tasks.len() {
            if self.tasks[index].instance != key || self.tasks[index].demand.gpu == Gpu::None {
                continue;
            }
            let source = running.iter().find(|source| source["taskArn"] == self.tasks[index].id.as_str());
            let mut positions = Vec::new();
            for container in list(source.copied().unwrap_or(&Value::Null), "containers")? {
                for id in texts(container, "gpuIds")? {
                    let position = pool.iter().position(|device| device == id);
                    positions.push(position.ok_or_else(|| invalid(format!("no GPU `{id}` on the instance")))?);
                }
            }
            if positions.is_empty() {
                nameless.push(index);
            }
            positions.sort_unstable();
            positions.dedup();
            self.tasks[index].devices = positions;
        }
        for index in nameless {
            let candidates: Vec<usize> = (0..pool.len()).filter(|position| !told || busy.contains(position)).collect();
            let gpu = self.tasks[index].demand.gpu.clone();
            let least = self.devices_for(key, &candidates, &gpu, true).unwrap_or_default();
            self.tasks[index].devices = least;
        }
        let held: BTreeSet<usize> = self.tasks_on(key).flat_map(|task| task.devices.iter().copied()).collect();
        self.instances[at].gpus_blocked = busy.difference(&held).copied().collect();
        Ok(())
    }

    /// The instance an id means: the exact id, else the short form of one, else the long form of one.
    pub(super) fn instance(&self, wanted: &str) -> Res<usize> {
        find(self.instances.iter().map(|instance| instance.id.as_str()), wanted)
            .ok_or_else(|| fault("not-found", format!("no container instance `{wanted}`")))
    }

    /// The active task an id means.
    pub(super) fn task(&self, wanted: &str) -> Res<usize> {
        find(self.tasks.iter().map(|task| task.id.as_str()), wanted)
            .ok_or_else(|| fault("not-found", format!("no task `{wanted}`")))
    }

    /// Active tasks of a group.
    pub(super) fn size(&self, group: &str) -> i128 {
        self.tasks.iter().filter(|task| task.group == group).count() as i128
    }

    /// The active tasks of an instance, oldest first.
    pub(super) fn tasks_on(&self, key: u64) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(move |task| task.instance == key)
    }

    /// What an expression can ask about an instance.
    pub(super) fn facts(&self, at: usize) -> Facts<'_> {
        let instance = &self.instances[at];
        Facts {
            connected: instance.connected,
            version: instance.version.as_deref(),
            ec2: instance.ec2.as_deref(),
            registered_at: instance.registered_at,
            attributes: &instance.attributes,
            groups: self.tasks_on(instance.key).map(|task| task.group.as_str()).collect(),
        }
    }

    /// What an instance has left: its own amounts minus those of its tasks.
    pub(super) fn left(&self, at: usize) -> Left {
        let instance = &self.instances[at];
        let mut left = Left {
            cpu: instance.base.cpu,
            memory: instance.base.memory,
            tcp: instance.base.tcp.clone(),
            udp: instance.base.udp.clone(),
            eni: instance.eni_slots,
        };
        for task in self.tasks_on(instance.key) {
            left.cpu -= task.demand.cpu;
            left.memory -= task.demand.memory;
            left.tcp.extend(&task.demand.tcp);
            left.udp.extend(&task.demand.udp);
            if let (Some(eni), true) = (&mut left.eni, task.demand.awsvpc) {
                *eni -= 1;
            }
        }
        left
    }

    /// CPU and memory an instance registered with.
    pub(super) fn registered(&self, at: usize) -> (i128, i128) {
        let registered = &self.instances[at].registered;
        (registered.cpu, registered.memory)
    }

    /// Devices in the pool of an instance.
    pub(super) fn pool(&self, at: usize) -> usize {
        self.instances[at].registered.gpus.as_ref().map_or(0, Vec::len)
    }

    /// Whether a device is taken although no task of ours is on it.
    pub(super) fn is_blocked(&self, at: usize, position: usize) -> bool {
        self.instances[at].gpus_blocked.contains(&position)
    }

    /// Whether an instance carries a slice of a GPU.
    pub(super) fn has_slice(&self, at: usize) -> bool {
        let kind = self.instances[at].attributes.get("ecs.instance-type").and_then(Option::as_deref);
        kind.is_some_and(|kind| kind.starts_with("g6f.") || kind.starts_with("gr6f."))
    }

    /// The pool positions a placement would take, if the instance can give them.
    pub(super) fn devices(&self, at: usize, gpu: &Gpu) -> Option<Vec<usize>> {
        let instance = &self.instances[at];
        let kind = instance.attributes.get("ecs.instance-type").and_then(Option::as_deref);
        let slice = match kind {
            Some("g6f.large" | "g6f.xlarge") => Some("0.125"),
            Some("g6f.2xlarge") => Some("0.25"),
            Some("g6f.4xlarge" | "gr6f.4xlarge") => Some("0.5"),
            _ => None,
        };
        match gpu {
            Gpu::Fraction(wanted) if slice != Some(wanted) => return None,
            Gpu::Whole(_) | Gpu::All | Gpu::Share(_) if slice.is_some() => return None,
            _ => {}
        }
        let pool = instance.registered.gpus.as_ref().map_or(0, Vec::len);
        let unblocked: Vec<usize> = (0..pool).filter(|position| !instance.gpus_blocked.contains(position)).collect();
        let all_there = instance.gpus_blocked.is_empty();
        if *gpu == Gpu::All && !all_there { None } else { self.devices_for(instance.key, &unblocked, gpu, false) }
    }

    /// The devices among `candidates` that a demand takes, lowest positions first; with `least`, fewer if there are not
    /// enough.
    fn devices_for(&self, key: u64, candidates: &[usize], gpu: &Gpu, least: bool) -> Option<Vec<usize>> {
        let holders = |position: usize| self.tasks_on(key).filter(move |task| task.devices.contains(&position));
        let total = candidates.len();
        let free: Vec<usize> =
            candidates.iter().copied().filter(|&position| holders(position).next().is_none()).collect();
        let wanted = match gpu {
            Gpu::None => return Some(Vec::new()),
            Gpu::Whole(count) => usize::try_from(*count).unwrap_or(usize::MAX),
            Gpu::All if least => free.len(),
            Gpu::All => total.max(1),
            Gpu::Fraction(_) => 1,
            Gpu::Share(share) => {
                // Thousandths left of a device; none of one that is held whole.
                let left = |position: usize| {
                    holders(position).fold(1000, |left, task| match task.demand.gpu {
                        Gpu::Share(other) => left - other,
                        _ => -1_000_000,
                    })
                };
                let fitting = candidates.iter().filter(|&&position| left(position) >= *share);
                return fitting.min_by_key(|&&position| (left(position) - share, position)).map(|&p| alloc::vec![p]);
            }
        };
        if free.len() >= wanted || least { Some(free.into_iter().take(wanted).collect()) } else { None }
    }

    /// Ids of the devices at `positions` of an instance's pool.
    pub(super) fn device_ids(&self, at: usize, positions: &[usize]) -> Vec<String> {
        let pool = self.instances[at].registered.gpus.as_deref().unwrap_or(&[]);
        positions.iter().map(|&position| pool[position].clone()).collect()
    }

    /// A name for the next task.
    pub(super) fn next_name(&self) -> String {
        let mut name = format!("task/placed-{}", self.placed + 1);
        while self.loaded_ids.contains(&name) {
            name.push_str("-x");
        }
        name
    }

    /// The cluster as the replay output shows it.
    pub(super) fn state(&self) -> Value {
        let mut state = Map::new();
        for (at, instance) in self.instances.iter().enumerate() {
            let left = self.left(at);
            let mut shown = json!({
                "CPU": clamp(left.cpu),
                "MEMORY": clamp(left.memory),
                "PORTS": left.tcp,
                "PORTS_UDP": left.udp,
                "runningTasksCount": self.tasks_on(instance.key).count(),
                "status": instance.status,
            });
            if let Some(pool) = &instance.registered.gpus {
                let taken: BTreeSet<usize> =
                    self.tasks_on(instance.key).flat_map(|task| task.devices.iter().copied()).collect();
                let free: Vec<&String> = (0..pool.len())
                    .filter(|position| !taken.contains(position) && !instance.gpus_blocked.contains(position))
                    .map(|position| &pool[position])
                    .collect();
                shown["GPU"] = json!(free);
            }
            if let Some(eni) = left.eni {
                shown["ENI"] = json!(clamp(eni));
            }
            state.insert(instance.id.clone(), shown);
        }
        Value::Object(state)
    }
}

/// An amount as JSON has it.
fn clamp(amount: i128) -> i64 {
    amount.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

/// The position of the id that `wanted` means: exact, else the short form of an id, else the long form of one.
pub(super) fn find<'i>(ids: impl Iterator<Item = &'i str>, wanted: &str) -> Option<usize> {
    let ids: Vec<&str> = ids.collect();
    let by = |means: &dyn Fn(&str) -> bool| ids.iter().position(|id| means(id));
    by(&|id| id == wanted)
        .or_else(|| if wanted.contains('/') { None } else { by(&|id| short(id) == wanted) })
        .or_else(|| if wanted.starts_with("arn:") { by(&|id| id == short(wanted)) } else { None })
}

/// Reads resource records; unknown names are passed over (U-02).
fn resources(records: &[Value]) -> Res<Resources> {
    let mut resources = Resources::default();
    let mut seen = BTreeSet::new();
    for record in records {
        let name = name(record, "name")?;
        if !["CPU", "MEMORY", "PORTS", "PORTS_UDP", "GPU"].contains(&name) {
            continue;
        }
        if !seen.insert(name) {
            return Err(invalid(format!("the record `{name}` stands twice")));
        }
        match name {
            "CPU" => resources.cpu = record_amount(record)?,
            "MEMORY" => resources.memory = record_amount(record)?,
            "PORTS" => resources.tcp = record_ports(record)?,
            "PORTS_UDP" => resources.udp = record_ports(record)?,
            _ => {
                let ids = record_set(record)?;
                let distinct: BTreeSet<&&str> = ids.iter().collect();
                if distinct.len() < ids.len() || ids.contains(&"") {
                    return Err(invalid("a GPU id is empty or stands twice"));
                }
                resources.gpus = Some(ids.iter().map(ToString::to_string).collect());
            }
        }
    }
    Ok(resources)
}

/// A number; only the field that `type` names counts.
fn record_amount(record: &Value) -> Res<i128> {
    let number = match text(record, "type")? {
        None | Some("INTEGER") => integer(record, "integerValue")?,
        Some("LONG") => integer(record, "longValue")?,
        Some("DOUBLE") => match get(record, "doubleValue").map(Value::as_f64) {
            None => None,
            Some(Some(number)) if (number as i64) as f64 == number => Some(i128::from(number as i64)),
            Some(_) => return Err(invalid("a `doubleValue` is not an integer")),
        },
        Some(_) => return Err(invalid("a number has another type")),
    };
    match number.unwrap_or(0) {
        number if number.abs() > (1 << 31) - 1 => Err(invalid("an amount is too large")),
        number => Ok(number),
    }
}

/// A set of strings.
fn record_set(record: &Value) -> Res<Vec<&str>> {
    match text(record, "type")? {
        None | Some("STRINGSET") => texts(record, "stringSetValue"),
        Some(_) => Err(invalid("a set has another type")),
    }
}

/// A set of ports.
fn record_ports(record: &Value) -> Res<BTreeSet<u16>> {
    let mut ports = BTreeSet::new();
    for text in record_set(record)? {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u16>() {
            Ok(port) if port > 0 && digits => ports.insert(port),
            _ => return Err(invalid(format!("`{text}` is not a port"))),
        };
    }
    Ok(ports)
}

/// Task ENI slots of an instance type, read off the table of semantics.md §1.5.
fn eni_slots(attributes: &BTreeMap<String, Option<String>>) -> Option<i128> {
    let value = |name: &str| attributes.get(name).and_then(Option::as_deref);
    let kind = value("ecs.instance-type")?;
    let (plain, trunk) = eni_table(kind)?;
    let eligible = kind != "r5.8xlarge" && value("ecs.os-type") != Some("windows");
    Some(if attributes.contains_key("ecs.awsvpc-trunk-id") && eligible { trunk } else { plain })
}

/// The two columns of the table: without a trunk, with one.
fn eni_table(kind: &str) -> Option<(i128, i128)> {
    let (family, size) = kind.split_once('.')?;
    // Memory-optimised families follow their general-purpose kin.
    let family = match family {
        "m5a" | "m5ad" | "m5d" | "r5" | "r5a" | "r5ad" | "r5d" => "m5",
        "c6g" | "m7g" | "c7g" | "m8g" | "c8g" | "r6g" | "r7g" | "r8g" => "m6g",
        "m6a" | "c6i" | "c6a" | "m7i" | "c7i" | "r6i" | "r6a" | "r7i" => "m6i",
        "c7a" | "r7a" => "m7a",
        "c7i-flex" => "m7i-flex",
        "c8i" | "r8i" => "m8i",
        family => family,
    };
    // 0 for medium and large, 1 for xlarge, n for nxlarge.
    let times: u32 = match (size, size.strip_suffix("xlarge")) {
        ("nano" | "micro" | "small" | "medium" | "large", _) => 0,
        (_, Some("")) => 1,
        (_, Some(number)) => number.parse().ok()?,
        _ => return None,
    };
    Some(match (family, size, times) {
        ("p5", "48xlarge", _) | ("t2" | "t3", "micro", _) => (1, 1),
        ("t2" | "t3", "small" | "medium" | "large", _) => (2, 2),
        ("t3", "xlarge", _) => (3, 3),
        ("a1", "medium", _) => (1, 10),
        ("m6g" | "m7a", "medium", _) => (1, 4),
        ("m7i-flex", "large", _) => (2, 4),
        ("a1" | "c5" | "m5" | "m6g" | "m6i" | "m7a" | "m8i", "large", _) => (2, 10),
        (_, _, 0) => return None,
        ("m7i-flex", _, 1) => (3, 10),
        ("m7i-flex", _, 2) => (3, 20),
        ("m7i-flex", _, 4) => (7, 40),
        ("m7i-flex", _, 8) => (7, 60),
        ("m7i-flex", _, 12) => (7, 120),
        ("m7i-flex", _, 16) => (14, 120),
        ("a1" | "c5" | "m5" | "m6g" | "m6i" | "m7a" | "m8i", _, 1) => (3, 20),
        ("a1" | "c5" | "m5" | "m6g" | "m6i" | "m7a" | "m8i", _, 2) => (3, 40),
        ("a1" | "c5" | "m5" | "m6g" | "m6i" | "m7a" | "m8i", _, 4) => (7, 60),
        ("c5", _, 9 | 12) | ("m5" | "m6g", _, 8 | 12) => (7, 60),
        ("c5", _, 18 | 24) | ("m5", _, 16 | 24) => (14, 120),
        ("m6i" | "m7a", _, 8) => (7, 90),
        ("m6i" | "m7a", _, 12) => (7, 120),
        ("m6g" | "m6i" | "m7a", _, 16..) => (14, 120),
        ("m8i", _, 8) => (9, 90),
        ("m8i", _, 12) => (11, 120),
        ("m8i", _, 16 | 24) => (15, 120),
        ("m8i", _, 25..) => (23, 120),
        _ => return None,
    })
}

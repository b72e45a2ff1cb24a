//! Instances and the tasks that already run on them.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde_json::{Map, Value, json};

use super::{Feature, Source};

/// A set of free devices, ports and slots, to keep loaded tasks out of each other's way.
#[derive(Default)]
pub(super) struct Room {
    /// Static ports in use by loaded tasks.
    ports: BTreeSet<(String, u64)>,
    /// Devices of the pool.
    devices: usize,
    /// The device is a slice, which only fractions fit.
    sliced: bool,
    /// Devices in use by loaded tasks.
    used: BTreeSet<usize>,
    /// ENI slots left.
    slots: u64,
    /// Loaded tasks name their devices.
    named: bool,
    /// CPU and memory the loaded tasks use.
    demand: (i64, i64),
    /// Registered CPU and memory.
    registered: (i64, i64),
    /// `remainingResources` will be given.
    trusted: bool,
}

impl Source<'_> {
    /// Instances and the tasks on them.
    pub(super) fn cluster(&mut self, definitions: &[Value]) -> Value {
        let mut instances = Vec::new();
        let mut tasks = Vec::new();
        for n in 0..self.instances {
            let mut room = Room::default();
            let mut instance = self.instance(n, &mut room);
            room.trusted = self.maybe(Feature::Trusted, 25);
            room.named = self.chance(30);
            if self.has(Feature::Loaded) {
                for _ in 0..self.below(4) {
                    let task = self.loaded_task(n, definitions, &mut room);
                    tasks.extend(task);
                }
            }
            if room.trusted {
                instance["remainingResources"] = self.remaining(&instance, &room);
            }
            instances.push(instance);
        }
        let mut cluster = json!({ "containerInstances": instances, "tasks": tasks });
        if self.has(Feature::Subnets) {
            cluster["xSubnets"] = json!({ "sn-a": "z-a", "sn-b": "z-b", "sn-c": "z-c" });
        }
        cluster
    }

    /// An instance without tasks.
    pub(super) fn instance(&mut self, n: usize, room: &mut Room) -> Value {
        room.registered = (self.capacity(), self.capacity());
        let mut ports: Vec<String> = alloc::vec!["22".to_string()];
        if self.maybe(Feature::Boundary, 10) {
            ports.extend((1000..1095 + self.below(5)).map(|port| port.to_string()));
        }
        if self.maybe(Feature::Ports, 8) {
            ports.push("443".to_string());
        }
        let mut records = alloc::vec![
            json!({ "name": "CPU", "type": "INTEGER", "integerValue": room.registered.0, "longValue": 0 }),
            json!({ "name": "MEMORY", "type": "INTEGER", "integerValue": room.registered.1, "doubleValue": 0.0 }),
            json!({ "name": "PORTS", "type": "STRINGSET", "stringSetValue": ports }),
            json!({ "name": "PORTS_UDP", "type": "STRINGSET", "stringSetValue": [] }),
        ];
        let mut attributes = Map::new();
        let mut kind = self.pick(&["", "", "t2.micro", "c5.large", "m5.large", "odd.thing"]);
        if self.maybe(Feature::Gpus, 75) {
            room.devices = self.below(5).max(self.below(5)) as usize;
            if self.chance(15) {
                (kind, room.devices, room.sliced) = ("g6f.large", 1, true);
            }
            let pool: Vec<String> = (0..room.devices).map(|device| format!("gpu-{device}")).collect();
            records.push(json!({ "name": "GPU", "type": "STRINGSET", "stringSetValue": pool }));
        }
        if !kind.is_empty() {
            attributes.insert("ecs.instance-type".to_string(), json!(kind));
        }
        if self.maybe(Feature::Zones, 85) {
            attributes.insert("ecs.availability-zone".to_string(), json!(self.pick(&["z-a", "z-b", "z-c"])));
        }
        match self.below(6) {
            0 => drop(attributes.insert("stack".to_string(), Value::Null)),
            1 | 2 => drop(attributes.insert("stack".to_string(), json!("prod"))),
            3 => drop(attributes.insert("stack".to_string(), json!("test"))),
            _ => {}
        }
        if self.chance(60) {
            let value = self.pick(&["1", "2", "10", "1.5", "x", "two words"]);
            attributes.insert("rack".to_string(), json!(value));
        }
        if self.chance(20) {
            attributes.insert("ecs.cpu-architecture".to_string(), json!(self.pick(&["x86_64", "arm64"])));
            attributes.insert("ecs.os-type".to_string(), json!(self.pick(&["linux", "linux", "windows"])));
        }
        if self.maybe(Feature::External, 25) {
            attributes.insert("ecs.capability.external".to_string(), Value::Null);
        }
        if self.maybe(Feature::Attributes, 20) {
            for n in 0..8 {
                attributes.insert(format!("x{n}"), json!("v"));
            }
        }
        let mut instance = json!({ "containerInstanceArn": format!("ci/{n}"), "registeredResources": records });
        if self.has(Feature::Awsvpc) {
            match self.below(4) {
                0 => {}
                1 => drop(attributes.insert("ecs.capability.task-eni".to_string(), Value::Null)),
                _ => {
                    room.slots = self.below(3);
                    instance["xEniTaskSlots"] = json!(room.slots);
                }
            }
            if self.chance(10) {
                attributes.insert("ecs.awsvpc-trunk-id".to_string(), json!("t-1"));
            }
        }
        let mut listed: Vec<Value> = Vec::new();
        for (name, value) in attributes {
            listed.push(if value.is_null() {
                json!({ "name": name })
            } else {
                json!({ "name": name, "value": value })
            });
        }
        instance["attributes"] = json!(listed);
        if self.chance(70) {
            let version = self.pick(&["1.9.0", "1.14.5", "1.14.10", "2", "1.14.5-rc1", "unknown"]);
            instance["versionInfo"] = json!({ "agentVersion": version });
        }
        if self.chance(70) {
            instance["ec2InstanceId"] = json!(format!("i-{}", self.below(3)));
        }
        match self.below(6) {
            0 => {}
            1 => instance["registeredAt"] = json!(1_518_480_000),
            2 => instance["registeredAt"] = json!(1_518_480_000.5),
            3 => instance["registeredAt"] = json!("2018-02-13T00:00:00Z"),
            4 => instance["registeredAt"] = json!("2018-02-13T01:00:00+02:00"),
            _ => instance["registeredAt"] = json!("2018-06-18T22:28:28Z"),
        }
        if self.maybe(Feature::Status, 20) {
            let others = ["DRAINING", "DRAINING", "REGISTERING", "REGISTRATION_FAILED", "DEREGISTERING", "INACTIVE"];
            instance["status"] = json!(self.pick(&others));
        } else if self.chance(20) {
            instance["status"] = json!("ACTIVE");
        }
        if self.maybe(Feature::Agents, 15) {
            instance["agentConnected"] = json!(false);
        }
        instance
    }

    /// A task that runs on instance `n`, if there is room for what a test can agree on.
    fn loaded_task(&mut self, n: usize, definitions: &[Value], room: &mut Room) -> Option<Value> {
        let id = format!("task/p{}", self.tasks.len());
        let id = if self.chance(3) { format!("task/placed-{}", self.tasks.len() + 1) } else { id };
        let mut task = json!({
            "taskArn": id,
            "containerInstanceArn": format!("ci/{n}"),
            "group": self.group(true),
            // Takes no byte, so that saved inputs mean what they meant.
            "lastStatus": if self.tasks.len() % 3 == 1 { "PENDING" } else { "RUNNING" },
        });
        if self.chance(4) {
            task["startedAt"] = json!(1_518_480_000 + self.below(3));
        }
        let chosen = self.below(definitions.len() as u64) as usize;
        if self.chance(5) {
            task["taskDefinitionArn"] = json!(self.pick(&["nosuch", "bad"]));
        } else {
            // Only the newest of a family, so that the family means this one.
            let family = definitions[chosen]["family"].clone();
            let newest = definitions.iter().rev().find(|definition| definition["family"] == family)?;
            task["taskDefinitionArn"] = family;
            if newest["family"] != "bad" && !self.load_devices(newest, room, &mut task) {
                return None;
            }
        }
        if self.chance(10) {
            task["desiredStatus"] = json!("STOPPED");
            let id = format!("task/p{}", self.tasks.len());
            task["taskArn"] = json!(id);
            self.tasks.push(id);
            return Some(task);
        }
        if self.maybe(Feature::Health, 25) {
            task["healthStatus"] = json!("UNHEALTHY");
        }
        if self.maybe(Feature::Health, 20) {
            task["protectionEnabled"] = json!(true);
        }
        self.tasks.push(id);
        Some(task)
    }

    /// Takes room for a task of a definition; false when it would be in the way of another.
    fn load_devices(&mut self, definition: &Value, room: &mut Room, task: &mut Value) -> bool {
        let (mut cpu, mut memory, mut whole) = (0_i64, 0_i64, 0_usize);
        let (mut all, mut share) = (false, false);
        let mut ports = BTreeSet::new();
        let mode = definition["networkMode"].as_str().unwrap_or("bridge");
        for container in definition["containerDefinitions"].as_array().into_iter().flatten() {
            let amount = |key: &str| container[key].as_i64().unwrap_or(0);
            cpu = cpu.saturating_add(amount("cpu"));
            memory = memory.saturating_add(amount("memory").max(amount("memoryReservation")));
            for mapping in container["portMappings"].as_array().into_iter().flatten() {
                let fallback = if mode == "host" { mapping["containerPort"].as_u64() } else { None };
                let port = mapping["hostPort"].as_u64().filter(|&port| port != 0).or(fallback);
                if let (Some(port), true) = (port, mode != "awsvpc") {
                    ports.insert((mapping["protocol"].as_str().unwrap_or("tcp").to_string(), port));
                }
            }
            for requirement in container["resourceRequirements"].as_array().into_iter().flatten() {
                match (requirement["type"].as_str(), requirement["value"].as_str()) {
                    (Some("GPU"), Some("ALL")) => all = true,
                    (Some("GPU"), Some(value)) => match value.parse::<usize>() {
                        Ok(count) => whole += count,
                        Err(_) => return false,
                    },
                    _ => share = true,
                }
            }
        }
        if cpu > 1 << 20 || memory > 1 << 20 || !room.ports.is_disjoint(&ports) {
            return false;
        }
        if mode == "awsvpc" && room.slots == 0 || !room.trusted && ports.contains(&("tcp".to_string(), 443)) {
            return false;
        }
        let (left_cpu, left_memory) = (room.registered.0 - room.demand.0, room.registered.1 - room.demand.1);
        if !room.trusted && (cpu > left_cpu || memory > left_memory) && !self.maybe(Feature::Negative, 30) {
            return false;
        }
        let wanted = if all { room.devices } else { whole.max(usize::from(share)) };
        if wanted > 0 && room.sliced {
            return false;
        }
        let free: Vec<usize> = (0..room.devices).filter(|device| !room.used.contains(device)).collect();
        if free.len() < wanted || all && (free.len() < room.devices || free.is_empty()) {
            return false;
        }
        if wanted > 0 {
            let skip = if room.named { self.below((free.len() - wanted) as u64 + 1) as usize } else { 0 };
            let taken = &free[skip..skip + wanted];
            room.used.extend(taken);
            if room.named {
                let ids: Vec<String> = taken.iter().map(|device| format!("gpu-{device}")).collect();
                task["containers"] = json!([{ "name": "c0", "gpuIds": ids }]);
            }
        }
        if mode == "awsvpc" {
            room.slots -= 1;
        }
        room.ports.extend(ports);
        room.demand = (room.demand.0 + cpu, room.demand.1 + memory);
        true
    }

    /// What an instance says remains.
    pub(super) fn remaining(&mut self, instance: &Value, room: &Room) -> Value {
        let mut amount = |registered: i64| match self.below(4) {
            0 if self.has(Feature::Negative) => -(self.below(4) as i64) * self.scale,
            1 => registered.min(1 << 20),
            _ => (self.below(self.span) as i64 * self.scale).min(registered),
        };
        let (cpu, memory) = (amount(room.registered.0), amount(room.registered.1));
        let (mut tcp, mut udp) = (alloc::vec!["22".to_string()], Vec::new());
        for record in instance["registeredResources"].as_array().into_iter().flatten() {
            if record["name"] == "PORTS" {
                let texts = record["stringSetValue"].as_array().into_iter().flatten();
                tcp = texts.filter_map(|text| text.as_str().map(ToString::to_string)).collect();
            }
        }
        for (protocol, port) in &room.ports {
            let (taken, port) = (if protocol == "udp" { &mut udp } else { &mut tcp }, port.to_string());
            if self.chance(75) && !taken.contains(&port) {
                taken.push(port);
            }
        }
        if self.chance(20) && !tcp.iter().any(|port| port == "8080") {
            tcp.push("8080".to_string());
        }
        let mut records = alloc::vec![
            json!({ "name": "CPU", "type": "INTEGER", "integerValue": cpu }),
            json!({ "name": "MEMORY", "type": "INTEGER", "integerValue": memory }),
            json!({ "name": "PORTS", "type": "STRINGSET", "stringSetValue": tcp }),
            json!({ "name": "PORTS_UDP", "type": "STRINGSET", "stringSetValue": udp }),
        ];
        // Named devices are in use; nameless tasks are on the busy ones, whichever those are.
        let mut busy = room.used.clone();
        if !room.named && room.devices > 0 {
            let turn = self.below(room.devices as u64) as usize;
            busy = busy.into_iter().map(|device| (device + turn) % room.devices).collect();
        }
        if room.devices > 0 && self.chance(20) {
            busy.insert(self.below(room.devices as u64) as usize);
        }
        if instance["registeredResources"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == "GPU")) {
            let free: Vec<String> = (0..room.devices)
                .filter(|device| !busy.contains(device))
                .map(|device| format!("gpu-{device}"))
                .collect();
            records.push(json!({ "name": "GPU", "type": "STRINGSET", "stringSetValue": free }));
        }
        json!(records)
    }
}

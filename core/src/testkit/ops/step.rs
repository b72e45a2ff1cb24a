//! The steps of a case.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde_json::{Value, json};

use super::cluster::Room;
use super::{Feature, STEPS_MAX, Source};

impl Source<'_> {
    /// The steps of the case, until the bytes are spent.
    pub(super) fn steps(&mut self) -> Vec<Value> {
        let mut steps: Vec<Value> = Vec::new();
        while steps.len() < STEPS_MAX && !self.bytes.is_empty() {
            let at = steps.len();
            let step = self.step(at);
            if ["runTask", "startTask", "createService"].iter().any(|op| step["op"] == *op) {
                self.placing.push(at);
            }
            steps.push(step);
        }
        steps
    }

    /// One step.
    fn step(&mut self, at: usize) -> Value {
        match self.below(64) {
            0..=5 if self.has(Feature::StartTask) => json!({ "op": "startTask", "request": self.request("startTask") }),
            6..=10 if self.has(Feature::CreateService) => {
                json!({ "op": "createService", "request": self.request("createService") })
            }
            11..=20 => json!({ "op": "stopTask", "task": self.task(at) }),
            21..=24 if self.has(Feature::ScaleIn) => self.scale_in(),
            25..=29 if self.has(Feature::Registration) => self.registration(),
            30..=32 if self.has(Feature::Status) => {
                let ids: Vec<String> = (0..self.list_length(2)).map(|_| self.id()).collect();
                let statuses: &[&str] = if self.maybe(Feature::Defects, 5) {
                    &["INACTIVE", "active"]
                } else {
                    &["ACTIVE", "ACTIVE", "DRAINING"]
                };
                let status = self.pick(statuses);
                let op = "updateContainerInstancesState";
                json!({ "op": op, "containerInstances": ids, "status": status })
            }
            33..=37 if self.has(Feature::Attributes) => self.attributes(),
            38..=41 if self.has(Feature::Listing) => self.listing(),
            42..=44 if self.has(Feature::Savepoints) => json!({ "op": "xBegin" }),
            45..=46 if self.has(Feature::Savepoints) => json!({ "op": "xRollback" }),
            47..=48 if self.has(Feature::Savepoints) => json!({ "op": "xCommit" }),
            49..=50 if self.has(Feature::Agents) => {
                let connected = self.chance(75);
                json!({ "op": "xSetAgentConnected", "containerInstance": self.id(), "connected": connected })
            }
            51 if self.has(Feature::Definitions) => {
                let family = format!("f{}", self.below(6));
                let definition =
                    if self.maybe(Feature::Defects, 30) { self.refused(&family) } else { self.definition(&family) };
                self.passing.insert(family);
                json!({ "op": "registerTaskDefinition", "taskDefinition": definition })
            }
            _ => json!({ "op": "runTask", "request": self.request("runTask") }),
        }
    }

    /// The length of a list of names; 0 is a defect.
    fn list_length(&mut self, most: u64) -> u64 {
        if self.maybe(Feature::Defects, 3) { 0 } else { 1 + self.below(most) }
    }

    /// The id of an instance, registered or not.
    fn id(&mut self) -> String {
        let n = self.below(self.instances as u64 + 2);
        if self.maybe(Feature::ShortIds, 10) { n.to_string() } else { format!("ci/{n}") }
    }

    /// A task group; a service's only where asked for.
    pub(super) fn group(&mut self, service: bool) -> String {
        match self.below(8) {
            0 | 1 if service => format!("service:s{}", self.below(2)),
            2 => format!("family:f{}", self.below(3)),
            n => format!("g{}", n % 4),
        }
    }

    /// What a placing call asks for, with one defect at most.
    fn request(&mut self, op: &str) -> Value {
        let defect = if self.maybe(Feature::Defects, 12) { 1 + self.below(16) } else { 0 };
        let defect = if defect == 0 && self.maybe(Feature::Malformed, 5) { 17 } else { defect };
        let chosen = self.below(self.families.len() as u64) as usize;
        let family = self.families[chosen].clone();
        // One that a rollback may have taken away is a defect of its own.
        let passing = self.passing.contains(family.split(':').next().unwrap_or(""));
        let defect = if passing { 0 } else { defect };
        let mut request = json!({ "taskDefinition": family });
        match (op, self.below(8)) {
            ("startTask", _) => {
                let mut length = 1 + self.below(4);
                if defect == 3 {
                    length = 0;
                }
                let ids: Vec<String> = (0..length).map(|_| self.id()).collect();
                request["containerInstances"] = json!(ids);
            }
            ("createService", n) => {
                request["serviceName"] = json!(format!("s{}", self.below(2)));
                request["desiredCount"] = if defect == 3 { json!(-1) } else { json!(n) };
            }
            (_, 0) if defect != 3 => {}
            (_, n) => {
                let count = if n == 7 { 10 } else { 1 + n / 2 };
                request["count"] = json!(if defect == 3 { 11 } else { count });
            }
        }
        if op != "createService" && self.chance(70) {
            request["group"] = json!(self.group(false));
        }
        if self.maybe(Feature::Subnets, 40) {
            let subnet = self.pick(&["sn-a", "sn-b", "sn-c"]);
            request["networkConfiguration"] = json!({ "awsvpcConfiguration": { "subnets": [subnet] } });
        }
        if self.maybe(Feature::Overrides, 15) {
            request["overrides"] = self.overrides(&family);
        }
        if op != "startTask" {
            self.selection(&mut request, op);
        }
        self.spoil(&mut request, op, defect);
        request
    }

    /// Constraints, strategy and the rest of what `startTask` does not have.
    fn selection(&mut self, request: &mut Value, op: &str) {
        let mut constraints = Vec::new();
        if self.maybe(Feature::RequestMembers, 25) {
            for _ in 0..1 + u64::from(self.chance(20)) {
                constraints.push(json!({ "type": "memberOf", "expression": self.expression() }));
            }
        }
        if self.maybe(Feature::Distinct, 20) {
            constraints.push(json!({ "type": "distinctInstance" }));
        }
        if !constraints.is_empty() {
            request["placementConstraints"] = json!(constraints);
        }
        if self.maybe(Feature::Strategies, 80) {
            request["placementStrategy"] = self.chain();
        }
        if self.maybe(Feature::Gpus, 40) {
            self.own_strategy(request);
        }
        if self.maybe(Feature::External, 20) {
            request["launchType"] = json!("EXTERNAL");
        } else if self.chance(10) {
            request["launchType"] = json!("EC2");
        }
        if self.maybe(Feature::Seeds, 40) {
            request["xSeed"] = json!(self.seed());
        }
        if self.maybe(Feature::AllOrNothing, 20) {
            request["xAllOrNothing"] = json!(true);
        }
        if op == "createService" && self.chance(10) {
            request["schedulingStrategy"] = json!("REPLICA");
        }
    }

    /// A seed.
    fn seed(&mut self) -> String {
        match self.below(8) {
            0 => "18446744073709551615".to_string(),
            1 => "0".to_string(),
            _ => (u64::from(self.byte()) * 0x0101_0101_0101).to_string(),
        }
    }

    /// A strategy of up to three rules.
    fn chain(&mut self) -> Value {
        let mut rules = Vec::new();
        for _ in 0..self.below(4) {
            rules.push(match self.below(10) {
                0 => json!({ "type": "random" }),
                1 | 2 => json!({ "type": "binpack", "field": "cpu" }),
                3 | 4 => json!({ "type": "binpack", "field": "memory" }),
                5 => json!({ "type": "spread", "field": self.pick(&["instanceId", "host", "HOST", "instanceid"]) }),
                6 | 7 => json!({ "type": "spread", "field": "attribute:ecs.availability-zone" }),
                8 => json!({ "type": "spread", "field": self.pick(&["attribute:rack", "attribute:stack"]) }),
                _ => json!({ "type": "spread", "field": self.pick(&["attribute:nosuch", "attribute:ecs.instance-type"]) }),
            });
        }
        json!(rules)
    }

    /// A strategy of our own.
    fn own_strategy(&mut self, request: &mut Value) {
        let kind =
            self.pick(&["firstFit", "bestFit", "dotProduct", "fragmentation", "fragmentation", "headroom", "headroom"]);
        let mut own = json!({ "type": kind });
        if kind == "firstFit" {
            request.as_object_mut().map(|request| request.remove("placementStrategy"));
        }
        if ["fragmentation", "headroom"].contains(&kind) {
            let kinds: Vec<Value> = (0..1 + self.below(3)).map(|_| self.expected()).collect();
            own["workload"] = json!(kinds);
        }
        request["xPlacementStrategy"] = own;
    }

    /// A kind of a target workload.
    fn expected(&mut self) -> Value {
        let mut kind = json!({ "weight": 1 + self.below(5) });
        if self.chance(60) {
            kind["cpu"] = json!(self.need(1).min(1 << 30));
        }
        if self.chance(40) {
            kind["memory"] = json!(self.need(1).min(1 << 30));
        }
        match self.below(5) {
            0 => {}
            1 => kind["gpus"] = json!(1 + self.below(2)),
            n => kind["gpuShare"] = json!([125, 250, 500, 750, 999][(self.below(5) + n) as usize % 5]),
        }
        if self.chance(25) {
            kind["expression"] =
                json!(self.pick(&["attribute:rack exists", "attribute:stack == prod", "agentConnected == true"]));
        }
        kind
    }

    /// Amounts in place of the definition's that leave it one ECS accepts.
    fn overrides(&mut self, family: &str) -> Value {
        let containers = self.containers.get(family).cloned().unwrap_or_default();
        let change = |change: Value| json!({ "containerOverrides": [change] });
        // A family may mean one of several definitions; less CPU is right for all of them.
        if self.has(Feature::Definitions) || self.sized.contains(family) || containers.is_empty() {
            return change(json!({ "name": "c0", "cpu": 0 }));
        }
        let amounts = containers.iter().flat_map(|one| [one["memory"].as_i64(), one["memoryReservation"].as_i64()]);
        let most = amounts.flatten().max().unwrap_or(0);
        let name = containers[containers.len() - 1]["name"].clone();
        let reservation = self.need(1).min(1 << 32);
        let memory = reservation + self.below(3) as i64;
        match self.below(5) {
            0 if most <= 100 => json!({ "memory": "1 GB" }),
            0 => json!({}),
            1 | 2 => change(json!({ "name": name, "cpu": self.need(0) })),
            3 => change(json!({ "name": name, "memory": memory, "memoryReservation": reservation })),
            _ => change(json!({ "name": "c0", "cpu": 1, "memory": memory, "memoryReservation": reservation })),
        }
    }

    /// Puts the defect of that number into a request; one that does not apply to the call is left out.
    fn spoil(&mut self, request: &mut Value, op: &str, defect: u64) {
        let constraint = |expression: Value| json!([{ "type": "memberOf", "expression": expression }]);
        match (defect, op) {
            (1, _) => request["taskDefinition"] = json!("nosuch"),
            (2, _) => request["taskDefinition"] = json!("bad"),
            (4, "runTask" | "startTask") => request["group"] = json!("service:s0"),
            (5, "runTask" | "startTask") => request["group"] = json!("g".repeat(256)),
            (6, "createService") => {
                request["overrides"] = json!({ "containerOverrides": [{ "name": "nosuch", "cpu": 1 }] });
            }
            (6, _) => {
                request["overrides"] = json!({ "cpu": "128", "containerOverrides": [{ "name": "c0", "cpu": 129 }] });
            }
            (_, "startTask") => {}
            (7, _) => request["placementStrategy"] = json!([{ "type": "random", "field": "" }]),
            (8, _) => request["placementStrategy"] = json!([{ "type": "binpack", "field": "disk" }]),
            (9, _) => request["placementStrategy"] = json!([{ "type": "spread" }]),
            (10, _) => request["placementStrategy"] = json!(alloc::vec![json!({ "type": "random" }); 6]),
            (11, _) => {
                let one = json!({ "type": "memberOf", "expression": "runningTasksCount >= 0" });
                request["placementConstraints"] = json!(alloc::vec![one; 11]);
            }
            (12, _) => {
                request["placementConstraints"] = json!([{ "type": "distinctInstance", "expression": "" }]);
            }
            (13, _) => request["placementConstraints"] = json!([{ "type": "memberOf" }]),
            (14, _) => request["launchType"] = json!("FARGATE"),
            (15, _) => request["placementConstraints"] = json!([{ "type": "memberof", "expression": "x exists" }]),
            (16, _) => request["placementStrategy"] = json!([{ "type": "pack", "field": "cpu" }]),
            (17, _) => request["placementConstraints"] = constraint(json!(self.malformed())),
            _ => {}
        }
        // A definition that is not there has no containers to override and no room for constraints.
        if matches!(defect, 1 | 2) {
            let request = request.as_object_mut();
            request.map(|request| request.remove("overrides"));
        }
    }

    /// Which task to stop.
    fn task(&mut self, at: usize) -> Value {
        if self.placing.is_empty() || self.chance(20) {
            return match self.below(4) {
                0 => json!({ "taskArn": "task/nosuch" }),
                1 if !self.tasks.is_empty() => {
                    let chosen = self.below(self.tasks.len() as u64) as usize;
                    json!({ "taskArn": self.tasks[chosen] })
                }
                2 if self.has(Feature::ShortIds) => json!({ "taskArn": format!("placed-{}", 1 + self.below(20)) }),
                _ => json!({ "taskArn": format!("task/placed-{}", 1 + self.below(40)) }),
            };
        }
        // Later steps are likelier to have tasks left.
        let back = self.below(8.min(self.placing.len() as u64)) as usize;
        let step = self.placing[self.placing.len() - 1 - back];
        match self.below(8) {
            0 => json!({ "step": step, "on": self.id() }),
            1 => json!({ "step": at, "index": 0 }),
            2..=5 => json!({ "step": step, "index": 0 }),
            _ => json!({ "step": step, "index": self.below(3) }),
        }
    }

    /// A scale-in.
    fn scale_in(&mut self) -> Value {
        let group = self.group(true);
        let count = self.below(5);
        let mut step = json!({ "op": "scaleIn", "group": group, "count": count });
        if self.chance(70) {
            step["placementStrategy"] = self.chain();
        }
        if self.maybe(Feature::Seeds, 40) {
            step["xSeed"] = json!(self.seed());
        }
        match self.below(40) {
            0 if self.has(Feature::Defects) => step["count"] = json!(-1),
            1 if self.has(Feature::Defects) => step["placementStrategy"] = json!([{ "type": "spread" }]),
            _ => {}
        }
        step
    }

    /// Registers or deregisters an instance.
    fn registration(&mut self) -> Value {
        if self.chance(40) {
            let force = self.chance(50);
            let mut step = json!({ "op": "deregisterContainerInstance", "containerInstance": self.id() });
            if force || self.chance(30) {
                step["force"] = json!(force);
            }
            return step;
        }
        let fresh = if self.chance(50) { self.instances as u64 } else { 0 };
        let n = (fresh + self.below(self.instances as u64 + 2)) as usize;
        let mut room = Room::default();
        let mut instance = self.instance(n, &mut room);
        if self.maybe(Feature::Trusted, 20) {
            instance["remainingResources"] = self.remaining(&instance, &room);
        }
        json!({ "op": "registerContainerInstance", "containerInstance": instance })
    }

    /// Puts or deletes attributes.
    fn attributes(&mut self) -> Value {
        let names =
            ["stack", "rack", "ecs.availability-zone", "x8", "x9", "x10", "x11", "ecs.capability.task-eni", "a/b.c"];
        let put = self.chance(65);
        let mut listed: Vec<Value> = Vec::new();
        for _ in 0..1 + self.below(3) {
            let (name, id) = (self.pick(&names), format!("ci/{}", self.below(self.instances as u64 + 1)));
            if listed.iter().any(|other| other["name"] == name && other["targetId"] == id.as_str()) {
                continue;
            }
            let mut attribute = json!({ "name": name, "targetId": id });
            if put && self.chance(80) {
                attribute["value"] = json!(match name {
                    "ecs.availability-zone" => self.pick(&["z-a", "z-b", "z-c"]),
                    "rack" => self.pick(&["1", "2", "10", "a:b@c/d e"]),
                    _ => self.pick(&["prod", "test", "v"]),
                });
            }
            listed.push(attribute);
        }
        if put && self.maybe(Feature::Defects, 10) {
            // Alone, so that it is the only thing wrong.
            let target = format!("ci/{}", self.below(self.instances as u64));
            listed = match self.below(5) {
                0 => alloc::vec![json!({ "name": "a b", "targetId": target })],
                1 => alloc::vec![json!({ "name": "stack", "value": " x", "targetId": target })],
                2 => alloc::vec![json!({ "name": "stack", "value": "x" })],
                3 => alloc::vec![json!({ "name": "n".repeat(129), "targetId": target })],
                _ => alloc::vec![json!({ "name": "stack", "value": "x", "targetId": target }); 2],
            };
        }
        json!({ "op": if put { "putAttributes" } else { "deleteAttributes" }, "attributes": listed })
    }

    /// Lists or describes.
    fn listing(&mut self) -> Value {
        if self.chance(10) {
            return json!({ "op": "describe" });
        }
        let mut step = json!({ "op": "listContainerInstances" });
        if self.chance(85) {
            let malformed = self.maybe(Feature::Malformed, 12);
            step["filter"] = json!(if malformed { self.malformed() } else { self.expression() });
        }
        if self.chance(25) {
            step["status"] = json!(self.pick(&["ACTIVE", "DRAINING", "REGISTERING", "INACTIVE"]));
        }
        step
    }
}

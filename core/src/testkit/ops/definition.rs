//! Task definitions, accepted and refused.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde_json::{Value, json};

use super::{Feature, Source};

impl Source<'_> {
    /// The definitions of the case.
    pub(super) fn definitions(&mut self) -> Vec<Value> {
        let mut definitions = Vec::new();
        for n in 0..2 + self.below(4) {
            let family = format!("f{n}");
            let definition = self.definition(&family);
            definitions.push(definition);
            if self.maybe(Feature::Definitions, 15) {
                let revision = self.definition(&family);
                definitions.push(revision);
            }
        }
        if self.has(Feature::Defects) {
            let refused = self.refused("bad");
            definitions.push(refused);
        }
        definitions
    }

    /// A definition that ECS accepts; it becomes the newest of its family.
    pub(super) fn definition(&mut self, family: &str) -> Value {
        let mut mode = "bridge";
        if self.maybe(Feature::Ports, 30) {
            mode = "host";
        }
        if self.maybe(Feature::Awsvpc, 25) {
            mode = "awsvpc";
        } else if self.chance(5) {
            mode = self.pick(&["none", "default"]);
        }
        let mut taken = BTreeSet::new();
        let mut containers = Vec::new();
        for n in 0..1 + u64::from(self.chance(30)) + u64::from(self.chance(5)) {
            let mut container = json!({ "name": format!("c{n}"), "cpu": self.need(0) });
            let (hard, soft) = (self.need(1), self.need(1));
            match self.below(4) {
                0 => container["memoryReservation"] = json!(soft),
                1 => {
                    container["memory"] = json!(hard.max(soft));
                    container["memoryReservation"] = json!(hard.min(soft));
                }
                _ => container["memory"] = json!(hard),
            }
            if n > 0 && self.chance(20) {
                container["essential"] = json!(false);
            }
            if self.maybe(Feature::Ports, 60) && mode != "none" {
                container["portMappings"] = self.mappings(mode, &mut taken);
            }
            containers.push(container);
        }
        self.sized.remove(family);
        let mut definition = json!({ "family": family });
        if self.has(Feature::Gpus) {
            self.accelerators(&mut containers);
        }
        if mode != "bridge" || self.chance(20) {
            definition["networkMode"] = json!(mode);
        }
        if self.maybe(Feature::Definitions, 30) {
            let revision = 1 + self.below(3);
            definition["revision"] = json!(revision);
            self.families.push(format!("{family}:{revision}"));
        }
        // Task-level amounts start at 128 units, far beyond what most of these instances have.
        let sized = if self.scale == 1 { 2 } else { 30 };
        let total = |key: &str| containers.iter().map(|one| one[key].as_i64().unwrap_or(0).min(1 << 40)).sum::<i64>();
        if self.chance(sized) && total("cpu") <= 512 {
            definition["cpu"] = json!(self.pick(&["512", "1024", "1 vCPU", ".5 vCPU", "1vcpu"]));
            self.sized.insert(family.to_string());
        }
        if self.chance(sized) && total("memory") + total("memoryReservation") <= 1024 {
            definition["memory"] = json!(self.pick(&["1024", "1GB", "2 GB", "1.5 gb"]));
            self.sized.insert(family.to_string());
        }
        if self.maybe(Feature::Requires, 20) {
            definition["requiresAttributes"] = match self.below(8) {
                0 | 4 | 5 => json!([{ "name": "stack" }]),
                1 => json!([{ "name": "stack", "value": "prod" }]),
                2 | 6 | 7 => json!([{ "name": "rack" }]),
                _ => json!([{ "name": "nosuch" }]),
            };
        }
        if self.maybe(Feature::Requires, 15) {
            definition["runtimePlatform"] = match self.below(3) {
                0 => json!({ "cpuArchitecture": "ARM64" }),
                1 => json!({ "cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX" }),
                _ => json!({ "operatingSystemFamily": "LINUX" }),
            };
        }
        if self.maybe(Feature::DefinitionMembers, 20) {
            definition["placementConstraints"] = json!([{ "type": "memberOf", "expression": self.expression() }]);
        }
        self.containers.insert(family.to_string(), containers.clone());
        definition["containerDefinitions"] = json!(containers);
        if !self.families.iter().any(|known| known == family) {
            self.families.push(family.to_string());
        }
        definition
    }

    /// Port mappings that do not clash inside the task.
    fn mappings(&mut self, mode: &str, taken: &mut BTreeSet<(String, u64)>) -> Value {
        let mut mappings = Vec::new();
        for _ in 0..1 + self.below(2) {
            let inner = [80, 443, 53][self.below(3) as usize];
            let mut mapping = json!({ "containerPort": inner });
            let udp = self.chance(30);
            if udp || self.chance(50) {
                mapping["protocol"] = json!(if udp { "udp" } else { "tcp" });
            }
            let fixed = mode == "host" || mode == "awsvpc";
            let outer = match self.below(4) {
                _ if fixed => inner,
                0 => 0,
                1 => 8080,
                _ => inner,
            };
            if !fixed || self.chance(30) {
                mapping["hostPort"] = json!(outer);
            }
            if outer == 0 || taken.insert((if udp { "udp" } else { "tcp" }.to_string(), outer)) {
                mappings.push(mapping);
            }
        }
        if mode == "bridge" && self.chance(10) {
            mappings.push(json!({ "containerPort": 9000 }));
        }
        json!(mappings)
    }

    /// GPU requirements for some containers.
    fn accelerators(&mut self, containers: &mut [Value]) {
        let gpu = |value: &str| json!([{ "type": "GPU", "value": value }]);
        match self.below(16) {
            0 | 1 => containers[0]["resourceRequirements"] = gpu("1"),
            2 => containers[0]["resourceRequirements"] = gpu("2"),
            3 => {
                for container in containers {
                    container["resourceRequirements"] = gpu("1");
                }
            }
            4 => containers[0]["resourceRequirements"] = gpu("ALL"),
            5 => containers[0]["resourceRequirements"] = gpu("0.125"),
            6 | 7 => {
                let share = self.pick(&["250", "500", "999", "333", "1"]);
                containers[0]["resourceRequirements"] = json!([{ "type": "xGpuShare", "value": share }]);
            }
            _ => {}
        }
    }

    /// A definition that ECS refuses, whatever is looked at first.
    pub(super) fn refused(&mut self, family: &str) -> Value {
        let mut container = json!({ "name": "c", "cpu": 1, "memory": 2 });
        let mut definition = json!({ "family": family });
        match self.below(9) {
            0 => container = json!({ "name": "c", "cpu": 1 }),
            1 => container["memoryReservation"] = json!(3),
            2 => container["cpu"] = json!(-1),
            3 => container["portMappings"] = json!([{ "containerPort": 65_536 }]),
            4 => {
                let twice = json!({ "containerPort": 80, "hostPort": 80 });
                container["portMappings"] = json!([twice, { "containerPort": 81, "hostPort": 80 }]);
            }
            5 => {
                definition["networkMode"] = json!("none");
                container["portMappings"] = json!([{ "containerPort": 80 }]);
            }
            6 => definition["placementConstraints"] = json!([{ "type": "distinctInstance" }]),
            7 => container["resourceRequirements"] = json!([{ "type": "GPU", "value": "0.3" }]),
            _ => definition["cpu"] = json!("64"),
        }
        definition["containerDefinitions"] = json!([container]);
        definition
    }
}

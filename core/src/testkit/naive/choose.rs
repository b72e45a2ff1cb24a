//! Judging and choosing: look at every instance, sort by nothing clever, take the first. semantics.md §2.4, §3.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::cluster::{Cluster, Task};
use super::definition::Definition;
use super::expr::{self, Node};
use super::gpu::Expected;

/// One rule of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rule {
    /// `random`
    Random,
    /// `binpack` on `cpu`
    BinpackCpu,
    /// `binpack` on `memory`
    BinpackMemory,
    /// `spread` over `instanceId` or `host`
    SpreadInstance,
    /// `spread` over `attribute:NAME`
    SpreadAttribute(String),
    /// Ours: `bestFit`
    BestFit,
    /// Ours: `dotProduct`
    DotProduct,
    /// Ours: `fragmentation` under a workload
    Fragmentation(Vec<Expected>),
    /// Ours: `headroom` under a workload
    Headroom(Vec<Expected>),
}

/// What a call asks for.
#[derive(Debug)]
pub(super) struct Ask {
    /// What each task is, overrides included.
    pub(super) definition: Arc<Definition>,
    /// The group of each task.
    pub(super) group: String,
    /// memberOf expressions of the request.
    pub(super) members: Vec<Node>,
    /// distinctInstance.
    pub(super) distinct: bool,
    /// The strategy.
    pub(super) chain: Vec<Rule>,
    /// Launch type EXTERNAL.
    pub(super) external: bool,
    /// Zones of the subnets, where they are checked.
    pub(super) zones: Option<BTreeSet<String>>,
    /// Seed of the draws.
    pub(super) seed: u64,
}

impl Cluster {
    /// An attribute of an instance; one without a value reads as the empty text.
    fn attribute(&self, at: usize, name: &str) -> Option<&str> {
        self.instances[at].attributes.get(name).map(|value| value.as_deref().unwrap_or(""))
    }

    /// The instances a call considers: ACTIVE and of the launch type, in registration order.
    pub(super) fn considered(&self, ask: &Ask) -> Vec<usize> {
        let external = |at: usize| self.attribute(at, "ecs.capability.external").is_some();
        let of_kind = |at: &usize| self.instances[*at].status == "ACTIVE" && external(*at) == ask.external;
        (0..self.instances.len()).filter(of_kind).collect()
    }

    /// The first reason of table 2.4, from AGENT on, why an instance cannot take one more task.
    pub(super) fn reason(&self, at: usize, ask: &Ask) -> Option<&'static str> {
        let (instance, definition) = (&self.instances[at], &ask.definition);
        let (demand, left) = (&definition.demand, self.left(at));
        if !instance.connected {
            return Some("AGENT");
        }

        let lacks = |(name, value): &(String, Option<String>)| match (self.attribute(at, name), value) {
            (None, _) => true,
            (Some(have), Some(want)) => have != want,
            (Some(_), None) => false,
        };
        let disagrees = |(name, want): &(&str, &str)| self.attribute(at, name).is_some_and(|have| have != *want);
        let no_eni = || !instance.eni_explicit && self.attribute(at, "ecs.capability.task-eni").is_none();
        if definition.requires.iter().any(lacks) || definition.agrees.iter().any(disagrees) || demand.awsvpc && no_eni()
        {
            return Some("ATTRIBUTE");
        }
        if let Some(zones) = &ask.zones {
            if !self.attribute(at, "ecs.availability-zone").is_some_and(|zone| zones.contains(zone)) {
                return Some("LOCATION");
            }
        }

        if demand.cpu > left.cpu.max(0) {
            return Some("RESOURCE:CPU");
        }
        if demand.memory > left.memory.max(0) {
            return Some("RESOURCE:MEMORY");
        }
        let wanted = demand.tcp.len() + demand.udp.len();
        let clash = !demand.tcp.is_disjoint(&left.tcp) || !demand.udp.is_disjoint(&left.udp);
        if clash || wanted > 0 && left.tcp.len() + left.udp.len() + wanted > 100 {
            return Some("RESOURCE:PORTS");
        }
        if demand.awsvpc && left.eni.is_some_and(|free| free < 1) {
            return Some("RESOURCE:ENI");
        }
        if self.devices(at, &demand.gpu).is_none() {
            return Some("RESOURCE:GPU");
        }

        let facts = self.facts(at);
        if !definition.constraints.iter().chain(&ask.members).all(|member| expr::holds(member, &facts)) {
            return Some("MemberOf placement constraint unsatisfied.");
        }
        if ask.distinct && facts.groups.contains(&ask.group.as_str()) {
            return Some("DistinctInstance placement constraint unsatisfied.");
        }
        None
    }

    /// Active tasks of `group` per value of a spread rule: of an attribute, or of the instance itself.
    fn spread_counts(&self, rule: &Rule, group: &str) -> BTreeMap<Option<String>, i128> {
        let mut counts = BTreeMap::new();
        for task in self.tasks.iter().filter(|task| task.group == group) {
            let host = self.instances.iter().position(|instance| instance.key == task.instance);
            if let Some(at) = host {
                *counts.entry(self.spread_value(at, rule)).or_default() += 1;
            }
        }
        counts
    }

    /// The value that makes an instance one of a spread rule's groups.
    fn spread_value(&self, at: usize, rule: &Rule) -> Option<String> {
        match rule {
            Rule::SpreadAttribute(name) => self.attribute(at, name).map(String::from),
            _ => Some(self.instances[at].id.clone()),
        }
    }

    /// The instance the chain prefers among `candidates`, which are in registration order.
    pub(super) fn choose(&self, mut candidates: Vec<usize>, ask: &Ask) -> Option<usize> {
        let demand = &ask.definition.demand;
        for rule in &ask.chain {
            if candidates.is_empty() {
                return None;
            }
            let counts = self.spread_counts(rule, &ask.group);
            let key = |at: usize| match rule {
                Rule::BinpackCpu => self.left(at).cpu,
                Rule::BinpackMemory => self.left(at).memory,
                Rule::BestFit | Rule::DotProduct | Rule::Fragmentation(_) | Rule::Headroom(_) => {
                    self.gpu_key(at, rule, demand)
                }
                _ => counts.get(&self.spread_value(at, rule)).copied().unwrap_or(0),
            };
            if *rule == Rule::Random {
                let mut draws = Xoshiro::for_draw(ask.seed, self.loaded + self.placed);
                for _ in 0..64 {
                    let at = draws.bounded(self.instances.len());
                    if candidates.contains(&at) {
                        return Some(at);
                    }
                }
                return Some(candidates[draws.bounded(candidates.len())]);
            }
            let keys: Vec<i128> = candidates.iter().map(|&at| key(at)).collect();
            let best = keys.iter().min().copied();
            candidates =
                candidates.into_iter().zip(keys).filter(|&(_, key)| Some(key) == best).map(|(at, _)| at).collect();
        }
        candidates.first().copied()
    }

    /// Places one task on an instance that can take it; returns its id and the ids of its devices.
    pub(super) fn put(&mut self, at: usize, ask: &Ask) -> (String, Vec<String>) {
        let demand = &ask.definition.demand;
        let devices = self.devices_by(at, ask);
        let gpu_ids = self.device_ids(at, &devices);
        let id = self.next_name();
        self.tasks.push(Task {
            id: id.clone(),
            instance: self.instances[at].key,
            group: ask.group.clone(),
            demand: Arc::new(demand.clone()),
            devices,
            pending: false,
            unhealthy: false,
            protected: false,
        });
        self.placed += 1;
        (id, gpu_ids)
    }

    /// The task of `group` that scale-in stops next, by position. semantics.md §3.6.
    pub(super) fn victim(&self, group: &str, chain: &[Rule], seed: u64) -> Option<usize> {
        let host = |task: &Task| self.instances.iter().position(|instance| instance.key == task.instance);
        let host = |at: usize| host(&self.tasks[at]).unwrap_or(usize::MAX);
        let members: Vec<usize> = (0..self.tasks.len()).filter(|&at| self.tasks[at].group == group).collect();
        let mut victims: Vec<usize> = members.iter().copied().filter(|&at| !self.tasks[at].protected).collect();

        // U-35: unhealthy ones first, then those on draining instances.
        let class = |at: usize| match (self.tasks[at].unhealthy, self.instances[host(at)].status.as_str()) {
            (true, _) => 0,
            (false, "DRAINING") => 1,
            (false, _) => 2,
        };
        let first = victims.iter().map(|&at| class(at)).min();
        victims.retain(|&at| Some(class(at)) == first);

        for rule in chain {
            if *rule == Rule::Random && !victims.is_empty() {
                let mut draws = Xoshiro::for_draw(seed, members.len() as u64);
                return Some(victims[draws.bounded(victims.len())]);
            }
            let counts = self.spread_counts(rule, group);
            let key = |at: usize| match rule {
                Rule::BinpackCpu => self.left(host(at)).cpu + self.tasks[at].demand.cpu,
                Rule::BinpackMemory => self.left(host(at)).memory + self.tasks[at].demand.memory,
                _ => counts.get(&self.spread_value(host(at), rule)).copied().unwrap_or(0),
            };
            let most = victims.iter().map(|&at| key(at)).max();
            victims.retain(|&at| Some(key(at)) == most);
        }
        victims.last().copied()
    }
}

/// The generator xoshiro256++ of Blackman and Vigna.
#[derive(Debug)]
pub(super) struct Xoshiro([u64; 4]);

impl Xoshiro {
    /// The generator for the draw with key `number` under `seed`.
    pub(super) fn for_draw(seed: u64, number: u64) -> Self {
        Self::seeded(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// State words are the first outputs of SplitMix64 from `seed`.
    pub(super) fn seeded(seed: u64) -> Self {
        let mut split = seed;
        let mut next = || {
            split = split.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (split ^ (split >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ (mixed >> 31)
        };
        Self([next(), next(), next(), next()])
    }

    /// The next output.
    pub(super) fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.0;
        let output = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c2, d2) = (c ^ a, d ^ b);
        self.0 = [a ^ d2, b ^ c2, c2 ^ (b << 17), d2.rotate_left(45)];
        output
    }

    /// A number below `bound`: the high half of the product.
    pub(super) fn bounded(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

//! Bytes to a whole conformance case: the one source of random operations for property tests, fuzzing and benches.
//!
//! Any bytes decode to something, and the same bytes to the same case. Domains are tiny, so that ties, exact fits and
//! clashes are the rule, and the first bytes switch features off (swarm testing), so that each case is about few things.
//! A request has at most one defect, so that its error class does not depend on what is checked first. The decoder keeps
//! away from input whose meaning nobody has decided, such as two loaded tasks on one port.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde_json::{Value, json};

mod cluster;
mod definition;
mod expression;
mod step;

/// Most steps of one case.
const STEPS_MAX: usize = 60;

/// What a case may contain; each is on in three cases of four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Feature {
    /// Port mappings.
    Ports,
    /// GPUs.
    Gpus,
    /// awsvpc tasks and ENI slots.
    Awsvpc,
    /// External instances.
    External,
    /// `remainingResources`.
    Trusted,
    /// Less than nothing left.
    Negative,
    /// `requiresAttributes` and the platform.
    Requires,
    /// memberOf in definitions.
    DefinitionMembers,
    /// memberOf in requests.
    RequestMembers,
    /// Malformed expressions.
    Malformed,
    /// distinctInstance.
    Distinct,
    /// `startTask`.
    StartTask,
    /// `createService`.
    CreateService,
    /// `scaleIn`.
    ScaleIn,
    /// Registering and deregistering instances.
    Registration,
    /// `updateContainerInstancesState`, and other statuses than ACTIVE.
    Status,
    /// `putAttributes` and `deleteAttributes`.
    Attributes,
    /// `listContainerInstances` and `describe`.
    Listing,
    /// Savepoints.
    Savepoints,
    /// Disconnected agents.
    Agents,
    /// Overrides.
    Overrides,
    /// `xAllOrNothing`.
    AllOrNothing,
    /// `xSeed`.
    Seeds,
    /// Tasks that already run.
    Loaded,
    /// Availability Zones.
    Zones,
    /// Amounts and port sets at their limits.
    Boundary,
    /// Requests that are refused.
    Defects,
    /// Subnets.
    Subnets,
    /// `registerTaskDefinition`.
    Definitions,
    /// Short ids.
    ShortIds,
    /// Unhealthy and protected tasks.
    Health,
    /// Strategies.
    Strategies,
}

/// Random bytes for [`decode`].
#[must_use]
pub fn seeded(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(4096);
    while bytes.len() < 4096 {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bytes.extend_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    bytes
}

/// A whole case from any bytes, generators already expanded.
#[must_use]
pub fn decode(bytes: &[u8]) -> Value {
    let mut source = Source::new(bytes);
    let definitions = source.definitions();
    let cluster = source.cluster(&definitions);
    let steps = source.steps();
    json!({
        "format": "ecs-placement-conformance/1",
        "id": "random",
        "taskDefinitions": definitions,
        "cluster": cluster,
        "steps": steps,
    })
}

/// What came of the steps: counts by outcome. Every outcome the decoder is expected to reach is listed, with 0 where it
/// was not reached, so that a test can ask for all of them.
#[must_use]
pub fn census(entries: &[Value]) -> BTreeMap<String, u64> {
    let mut counts: BTreeMap<String, u64> = OUTCOMES.iter().map(|name| (name.to_string(), 0)).collect();
    let mut add = |name: String, count: usize| *counts.entry(name).or_default() += count as u64;
    for entry in entries {
        let op = entry["op"].as_str().unwrap_or("");
        let length = |key: &str| entry[key].as_array().map_or(0, Vec::len);
        add(format!("op {op}"), 1);
        if let Some(class) = entry["error"]["class"].as_str() {
            add(format!("error {class}"), 1);
            continue;
        }
        let (placed, failed) = (length("tasks"), length("failures"));
        add("placed".to_string(), placed);
        add("placed in part".to_string(), usize::from(placed > 0 && failed > 0));
        add("placed nothing".to_string(), usize::from(placed == 0 && failed > 0));
        for failure in entry["failures"].as_array().into_iter().flatten() {
            add(format!("rejected {}", failure["reason"].as_str().unwrap_or("")), 1);
        }
        for task in entry["tasks"].as_array().into_iter().flatten() {
            add("devices handed out".to_string(), task["gpuIds"].as_array().map_or(0, Vec::len));
        }
        if length("stopped") > 0 {
            add(format!("stopped by {op}"), length("stopped"));
        }
        add("listed".to_string(), length("containerInstanceArns"));
        match op {
            "xRollback" => add("rolled back".to_string(), 1),
            "xCommit" => add("committed".to_string(), 1),
            _ => {}
        }
    }
    counts
}

/// Outcomes that a long enough run must reach.
const OUTCOMES: &[&str] = &[
    "placed",
    "placed in part",
    "placed nothing",
    "devices handed out",
    "listed",
    "rolled back",
    "committed",
    "stopped by stopTask",
    "stopped by scaleIn",
    "stopped by deregisterContainerInstance",
    "error invalid-input",
    "error invalid-expression",
    "error limit-exceeded",
    "error duplicate",
    "error not-found",
    "error conflict",
    "rejected MISSING",
    "rejected INACTIVE",
    "rejected DRAINING",
    "rejected AGENT",
    "rejected ATTRIBUTE",
    "rejected LOCATION",
    "rejected RESOURCE:CPU",
    "rejected RESOURCE:MEMORY",
    "rejected RESOURCE:PORTS",
    "rejected RESOURCE:ENI",
    "rejected RESOURCE:GPU",
    "rejected MemberOf placement constraint unsatisfied.",
    "rejected DistinctInstance placement constraint unsatisfied.",
];

/// Bytes being spent, and what the case has so far.
struct Source<'b> {
    /// Not yet spent.
    bytes: &'b [u8],
    /// Features that are on, by bit.
    features: u32,
    /// What amounts are multiplied by.
    scale: i64,
    /// Amounts are below this before scaling.
    span: u64,
    /// Instances at the start.
    instances: usize,
    /// Names requests may use for definitions that were accepted.
    families: Vec<String>,
    /// Containers of each family.
    containers: BTreeMap<String, Vec<Value>>,
    /// Families that have a task-level cpu or memory.
    sized: BTreeSet<String>,
    /// Families that some step registers.
    passing: BTreeSet<String>,
    /// Ids of loaded tasks.
    tasks: Vec<String>,
    /// Steps that may have placed something.
    placing: Vec<usize>,
}

impl<'b> Source<'b> {
    /// Reads which features are on.
    fn new(bytes: &'b [u8]) -> Self {
        let mut source = Self {
            bytes,
            features: 0,
            scale: 1,
            span: 9,
            instances: 3,
            families: Vec::new(),
            containers: BTreeMap::new(),
            sized: BTreeSet::new(),
            passing: BTreeSet::new(),
            tasks: Vec::new(),
            placing: Vec::new(),
        };
        for shift in [0, 8, 16, 24] {
            source.features |= u32::from(source.byte() | source.byte()) << shift;
        }
        (source.span, source.scale) = match source.below(8) {
            0 | 1 => (9, 1),
            2 | 3 => (41, 1),
            4 => (9, 128),
            5 => (21, 1),
            _ => (121, 1),
        };
        let more = if source.chance(20) { 10 } else { 4 };
        source.instances = 3 + source.below(more) as usize;
        source
    }

    /// The next byte; 0 when there are no more.
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.bytes.split_first().unwrap_or((&0, &[]));
        self.bytes = rest;
        *first
    }

    /// A number below `bound`, which is at least 1.
    fn below(&mut self, bound: u64) -> u64 {
        u64::from(self.byte()) % bound
    }

    /// True in so many cases of a hundred.
    fn chance(&mut self, percent: u64) -> bool {
        u64::from(self.byte()) * 100 < percent * 256
    }

    /// One of some values.
    fn pick<'v>(&mut self, values: &[&'v str]) -> &'v str {
        values[self.below(values.len() as u64) as usize]
    }

    /// Whether a feature is on.
    fn has(&self, feature: Feature) -> bool {
        self.features & (1 << feature as u32) != 0
    }

    /// True in so many cases of a hundred, where the feature is on.
    fn maybe(&mut self, feature: Feature, percent: u64) -> bool {
        self.has(feature) && self.chance(percent)
    }

    /// An amount an instance can have.
    fn capacity(&mut self) -> i64 {
        if self.maybe(Feature::Boundary, 8) {
            return [0, 1, (1 << 30) - 1, 1 << 30][self.below(4) as usize];
        }
        let least = if self.chance(60) { self.span / 2 } else { 0 };
        self.below(self.span).max(least) as i64 * self.scale
    }

    /// An amount a container can ask for.
    fn need(&mut self, least: i64) -> i64 {
        if self.maybe(Feature::Boundary, 1) {
            return [1 << 30, (1 << 30) + 1, 1 << 31, (1 << 32) + 1, i64::MAX][self.below(5) as usize];
        }
        let span = if self.chance(10) { 9 } else { 3 };
        (self.below(span) as i64).max(least) * self.scale
    }
}

#[cfg(test)]
mod tests {
    use super::super::naive::{Oracle, OracleOptions};
    use super::*;

    #[test]
    fn any_bytes_decode_to_the_same_case_each_time() {
        for bytes in [&[][..], &[0], &[255; 40], &[7; 3000], &seeded(1)[..301]] {
            let case = decode(bytes);
            assert_eq!(case, decode(bytes));
            assert!(case["steps"].as_array().unwrap().len() <= STEPS_MAX);
            Oracle::new(&case, OracleOptions::default()).unwrap();
        }
    }

    #[test]
    fn every_outcome_is_reached_and_a_refusal_changes_nothing() {
        let mut entries = Vec::new();
        for seed in 0..150 {
            let case = decode(&seeded(seed));
            let mut oracle = Oracle::new(&case, OracleOptions { seed }).unwrap();
            let mut before = None;
            for step in case["steps"].as_array().unwrap() {
                let entry = oracle.step(step);
                if let (Some(before), true) = (before, entry.get("error").is_some()) {
                    assert_eq!(entry["state"], before, "{step}");
                }
                before = Some(entry["state"].clone());
                entries.push(entry);
            }
        }
        let unreached: Vec<String> =
            census(&entries).into_iter().filter(|&(_, count)| count == 0).map(|(name, _)| name).collect();
        assert!(unreached.is_empty(), "{unreached:?}");
    }
}

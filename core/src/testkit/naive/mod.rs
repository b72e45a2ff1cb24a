//! The oracle: a second, naive model of the whole library, against which the engine is tested.
//!
//! It reads a conformance case, keeps instances, tasks and definitions, and derives every other number again whenever it
//! is asked for: what remains, ports, groups, devices. It judges every instance and narrows the candidates rule by rule.
//! It shares no code with the engine, so that a misreading has to be made twice to go unseen. It is slow, and it checks
//! nothing about the shape of a case beyond what ECS refuses. Rule numbers `U-nn` are those of semantics.md.

mod choose;
mod cluster;
mod definition;
mod expr;
mod gpu;
mod steps;
#[cfg(test)]
mod tests;
mod value;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde_json::{Map, Value, json};

use cluster::Cluster;
use value::{Fault, Res, list};

/// What a run may vary.
#[derive(Debug, Clone, Default)]
pub struct OracleOptions {
    /// Seed of steps without `xSeed`.
    pub seed: u64,
}

/// The naive model of one cluster.
#[derive(Debug, Clone)]
pub struct Oracle {
    /// As it stands.
    cluster: Cluster,
    /// As it stood when each open savepoint was opened, outermost first, with the steps there were.
    savepoints: Vec<(usize, Cluster)>,
    /// Ids of the tasks each step printed.
    printed: Vec<Vec<String>>,
    /// Options of the run.
    options: OracleOptions,
    /// Why the latest refused step was refused.
    last_refusal: String,
}

impl Oracle {
    /// Loads a whole case, generators expanded.
    ///
    /// # Errors
    ///
    /// Why the cluster of the case cannot be loaded.
    pub fn new(case: &Value, options: OracleOptions) -> Result<Self, String> {
        let load = || -> Res<Cluster> { Cluster::load(&case["cluster"], list(case, "taskDefinitions")?) };
        let cluster = load().map_err(|fault| fault.text)?;
        Ok(Self { cluster, savepoints: Vec::new(), printed: Vec::new(), options, last_refusal: String::new() })
    }

    /// Executes one step and returns its entry of the replay output; an `error` has its `class` and nothing else.
    pub fn step(&mut self, step: &Value) -> Value {
        let op = step["op"].as_str().unwrap_or("");
        let mut entry = Map::new();
        let mut printed = Vec::new();
        if let Err(Fault { class, text }) = self.run(op, step, &mut entry, &mut printed) {
            entry.clear();
            entry.insert("error".to_string(), json!({ "class": class }));
            self.last_refusal = text;
        }
        self.printed.push(printed);
        entry.insert("op".to_string(), json!(op));
        entry.insert("state".to_string(), self.cluster.state());
        Value::Object(entry)
    }

    /// Why the latest refused step was refused, for people.
    #[must_use]
    pub fn last_refusal(&self) -> &str {
        &self.last_refusal
    }
}

//! Sums and summaries as JSON, for tools that show them.

use alloc::vec::Vec;

use crate::json::Json;
use crate::report::AttributeSummary;
use crate::usage::{ResourceUsage, Usage};

/// A number of things.
fn count(count: usize) -> Json<'static> {
    Json::from(u64::try_from(count).unwrap_or(u64::MAX))
}

impl ResourceUsage {
    /// `registered`, `used` and `stranded`.
    #[must_use]
    pub fn to_json(&self) -> Json<'static> {
        Json::object([
            ("registered", Json::from(self.registered)),
            ("used", Json::from(self.used)),
            ("stranded", Json::from(self.stranded)),
        ])
    }
}

impl Usage {
    /// `instances`, `instancesUsed`, `cpu`, `memoryMib`, and `zones` by name.
    #[must_use]
    pub fn to_json(&self) -> Json<'_> {
        let zones = self.zones.iter().map(|(zone, tasks)| (zone.as_str(), Json::from(*tasks)));
        Json::object([
            ("instances", count(self.instances)),
            ("instancesUsed", count(self.instances_used)),
            ("cpu", self.cpu.to_json()),
            ("memoryMib", self.memory_mib.to_json()),
            ("zones", Json::object(zones)),
        ])
    }
}

impl AttributeSummary {
    /// `name`, `count`, `values` with a `value` and a `count` each, `valuesTotal`.
    #[must_use]
    pub fn to_json(&self) -> Json<'_> {
        let values: Vec<Json<'_>> = self
            .values
            .iter()
            .map(|(value, number)| Json::object([("value", Json::from(value.as_str())), ("count", count(*number))]))
            .collect();
        Json::object([
            ("name", Json::from(self.name.as_str())),
            ("count", count(self.count)),
            ("values", Json::Array(values)),
            ("valuesTotal", count(self.values_total)),
        ])
    }
}

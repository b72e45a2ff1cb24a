//! Which attributes a cluster's instances carry, and with which values: what completion and menus are made of.

use alloc::string::String;
use alloc::vec::Vec;

use hashbrown::HashMap;

use crate::cluster::Cluster;

/// An attribute name with the values that instances have of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeSummary {
    /// The name.
    pub name: String,
    /// Instances that carry it, those with a name only included.
    pub count: usize,
    /// Values with the number of instances that have them, the most frequent first, otherwise in the order of text.
    pub values: Vec<(String, usize)>,
    /// Different values there are, which may be more than are listed.
    pub values_total: usize,
}

impl Cluster {
    /// Every attribute that an instance carries, by name, each with its `values_max` most frequent values.
    ///
    /// Cost: linear in instances and in what they carry; allocates.
    #[must_use]
    pub fn attribute_summary(&self, values_max: usize) -> Vec<AttributeSummary> {
        let mut found: HashMap<&str, (usize, HashMap<&str, usize>)> = HashMap::new();
        for instance in self.instances().filter_map(|id| self.instance(id).ok()) {
            for (name, value) in instance.attributes() {
                let (count, values) = found.entry(name).or_default();
                *count += 1;
                if let Some(value) = value {
                    *values.entry(value).or_default() += 1;
                }
            }
        }
        let mut summaries: Vec<AttributeSummary> = found
            .into_iter()
            .map(|(name, (count, values))| AttributeSummary {
                name: String::from(name),
                count,
                values_total: values.len(),
                values: most_frequent(values, values_max),
            })
            .collect();
        summaries.sort_unstable_by(|left, right| left.name.cmp(&right.name));
        summaries
    }
}

/// So many of the values, the most frequent first.
pub(super) fn most_frequent(values: HashMap<&str, usize>, values_max: usize) -> Vec<(String, usize)> {
    let mut values: Vec<(&str, usize)> = values.into_iter().collect();
    values.sort_unstable_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(right.0)));
    values.truncate(values_max);
    values.into_iter().map(|(value, count)| (String::from(value), count)).collect()
}

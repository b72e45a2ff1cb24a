//! How well a cluster is arranged.

use alloc::collections::{BTreeMap, BTreeSet};

use crate::cluster::Cluster;
use crate::error::Error;
use crate::instance::InstanceStatus;
use crate::resource::ResourceKind;

/// Figures of a cluster, to be compared before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Score {
    /// Instances with tasks.
    pub instances: usize,
    /// CPU units left on them.
    pub cpu_left: i64,
    /// Memory left on them, in MiB.
    pub memory_left_mib: i64,
    /// GPUs on them of which nobody has a part.
    pub gpus_left: usize,
    /// The largest difference that a group has between two domains, counted in tasks. Domains are the values of the attribute
    /// on ACTIVE instances.
    pub skew_max: u64,
    /// The sum of such differences over all groups.
    pub skew_sum: u64,
}

impl Score {
    /// The score of a cluster, with the values of an attribute as domains.
    ///
    /// # Errors
    /// None for a cluster that agrees with itself.
    ///
    /// Cost: linear in instances and tasks; allocates.
    pub fn of(cluster: &Cluster, attribute: &str) -> Result<Self, Error> {
        let mut score = Self::default();
        let mut domains: BTreeSet<&str> = BTreeSet::new();
        let mut groups: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
        for id in cluster.instances() {
            let instance = cluster.instance(id)?;
            let domain = instance.attribute(attribute);
            domains.extend(domain.filter(|_| instance.status() == InstanceStatus::Active));
            if instance.running_tasks() == 0 {
                continue;
            }
            score.instances += 1;
            score.cpu_left += instance.remaining(ResourceKind::Cpu).max(0);
            score.memory_left_mib += instance.remaining(ResourceKind::Memory).max(0);
            score.gpus_left += instance.free_gpus().count();
            for task in instance.tasks() {
                let task = cluster.task(task)?;
                if task.is_stopping() {
                    continue;
                }
                let counts = groups.entry(task.group()).or_default();
                if let Some(domain) = domain {
                    *counts.entry(domain).or_default() += 1;
                }
            }
        }
        for counts in groups.values() {
            let count = |domain: &&str| counts.get(*domain).copied().unwrap_or(0);
            let most = domains.iter().map(count).max().unwrap_or(0);
            let skew = most - domains.iter().map(count).min().unwrap_or(0);
            score.skew_max = score.skew_max.max(skew);
            score.skew_sum += skew;
        }
        Ok(score)
    }
}

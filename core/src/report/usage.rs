//! A cluster in a few sums.

use alloc::collections::BTreeMap;
use alloc::string::String;

use crate::attribute::AVAILABILITY_ZONE;
use crate::cluster::Cluster;
use crate::resource::ResourceKind;

/// Sums over one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UsageSums {
    /// What instances registered.
    pub registered: i64,
    /// What of it is taken.
    pub used: i64,
    /// What is left on them beyond the share that is left of the other resource.
    pub stranded: i64,
}

impl UsageSums {
    /// Adds an instance: `own` and `other` are what it has and what is left of it, of this resource and of the other.
    fn add(&mut self, own: (i64, i64), other: (i64, i64)) {
        // What the instance's own ratio pairs with what is left of the other resource, rounded up. Amounts are below 2^31.
        let left = own.1.max(0);
        let paired = if other.0 > 0 { (own.0 * other.1.max(0) + other.0 - 1) / other.0 } else { left };
        self.registered += own.0;
        self.used += own.0 - own.1;
        self.stranded += (left - paired).max(0);
    }
}

/// Sums over the instances of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    /// Instances.
    pub instances: usize,
    /// Instances that run a task.
    pub instances_used: usize,
    /// CPU units.
    pub cpu: UsageSums,
    /// Memory in MiB.
    pub memory_mib: UsageSums,
    /// Running tasks by Availability Zone; instances without one are left out.
    pub zones: BTreeMap<String, u64>,
}

impl Cluster {
    /// Sums over the instances, and the running tasks by zone.
    ///
    /// Cost: linear in instances; allocates.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        let views = self.instances().filter_map(|id| self.instance(id).ok());
        for instance in views {
            let of = |kind| (instance.registered(kind), instance.remaining(kind));
            let (cpu, memory) = (of(ResourceKind::Cpu), of(ResourceKind::Memory));
            usage.cpu.add(cpu, memory);
            usage.memory_mib.add(memory, cpu);
            let tasks = instance.running_tasks();
            usage.instances += 1;
            usage.instances_used += usize::from(tasks > 0);
            if let Some(zone) = instance.attribute(AVAILABILITY_ZONE) {
                match usage.zones.get_mut(zone) {
                    Some(sum) => *sum += u64::from(tasks),
                    None => drop(usage.zones.insert(String::from(zone), tasks.into())),
                }
            }
        }
        usage
    }
}

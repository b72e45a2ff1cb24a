//! A cluster in a few sums: what is registered, used and of no use, and where tasks run.

use alloc::collections::BTreeMap;
use alloc::string::String;

use crate::attribute::AVAILABILITY_ZONE;
use crate::cluster::Cluster;
use crate::resource::ResourceKind;

/// Sums over one resource of all instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResourceUsage {
    /// What instances registered.
    pub registered: i64,
    /// What of it is taken.
    pub used: i64,
    /// What is left on an instance beyond the share that is left of its other resource (CPU and memory are each other's): a task
    /// with the instance's own ratio of the two cannot take it. Rounded down on each instance.
    pub stranded: i64,
}

impl ResourceUsage {
    /// Adds an instance: `own` and `other` are what it has and what is left of it, of this resource and of the other.
    fn add(&mut self, own: (i64, i64), other: (i64, i64)) {
        let left = own.1.max(0);
        // What the instance's own ratio pairs with what is left of the other resource, rounded up. Amounts are below 2^31.
        let paired = if other.0 > 0 { (own.0 * other.1.max(0) + other.0 - 1) / other.0 } else { left };
        self.registered += own.0;
        self.used += own.0 - own.1;
        self.stranded += (left - paired).max(0);
    }
}

/// A cluster in a few sums.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    /// Instances.
    pub instances: usize,
    /// Instances that run a task.
    pub instances_used: usize,
    /// CPU units.
    pub cpu: ResourceUsage,
    /// Memory in MiB.
    pub memory_mib: ResourceUsage,
    /// Running tasks by Availability Zone; those of instances without one are left out.
    pub zones: BTreeMap<String, u64>,
}

impl Cluster {
    /// The cluster in a few sums.
    ///
    /// ```
    /// use placewright::{Cluster, Demand, Instance, Request};
    ///
    /// let mut cluster = Cluster::new();
    /// cluster.register(&Instance::new("i-1").with_resources(1000, 1000).with_zone("a"))?;
    /// let request = cluster.prepare(&Request::new("web", Demand::new(100, 900)))?;
    /// cluster.place_one(request)?;
    /// let usage = cluster.usage();
    /// // 100 MiB are left of 1,000, so a tenth of the CPU is of use.
    /// assert_eq!((usage.cpu.used, usage.cpu.stranded, usage.memory_mib.stranded), (100, 800, 0));
    /// assert_eq!((usage.instances_used, usage.zones["a"]), (1, 1));
    /// # Ok::<(), placewright::Error>(())
    /// ```
    ///
    /// Cost: linear in instances; allocates.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        for instance in self.instances().filter_map(|id| self.instance(id).ok()) {
            let of = |kind| (instance.registered(kind), instance.remaining(kind));
            let (cpu, memory) = (of(ResourceKind::Cpu), of(ResourceKind::Memory));
            usage.instances += 1;
            usage.cpu.add(cpu, memory);
            usage.memory_mib.add(memory, cpu);
            let tasks = instance.running_tasks();
            usage.instances_used += usize::from(tasks > 0);
            if let Some(zone) = instance.attribute(AVAILABILITY_ZONE) {
                match usage.zones.get_mut(zone) {
                    Some(count) => *count += u64::from(tasks),
                    None => drop(usage.zones.insert(String::from(zone), u64::from(tasks))),
                }
            }
        }
        usage
    }
}

//! Lists of requests drawn at random from a few kinds: placed by one call or one by one on a cluster, and on the kernel.

use placewright::{Cluster, InstanceId, Placement, RequestId};

use crate::cell::{BATCH, Cell, Operation};
use crate::kernel::Kernel;
use crate::meter::{Outcome, Sample, measure};
use crate::{Fleet, Rng};

/// Different requests in a list.
pub const KINDS: usize = 30;

/// The kinds of a list, in its order.
fn draws() -> impl Iterator<Item = usize> {
    let mut rng = Rng::new(9);
    (0..BATCH).map(move |_| rng.index(KINDS))
}

/// A cluster on which a list is placed, and its tasks stopped afterwards.
#[derive(Debug)]
pub struct Lists {
    /// The cluster.
    cluster: Cluster,
    /// The list.
    list: Vec<RequestId>,
    /// Whether it is placed by one call.
    by_one_call: bool,
    /// What came of it.
    placements: Vec<Option<Placement>>,
}

impl Lists {
    /// The list of a cell on a cluster with the fleet's tasks on it.
    ///
    /// # Errors
    /// That of the cluster.
    pub fn new(cell: &Cell, fleet: &Fleet, cluster: &Cluster) -> Outcome<Self> {
        let mut cluster = cluster.clone();
        let mut ids = Vec::new();
        for request in cell.requests(fleet)?.iter().take(KINDS) {
            ids.push(cluster.prepare(request)?);
        }
        let list: Vec<RequestId> = draws().map(|kind| ids[kind]).collect();
        let placements = Vec::with_capacity(list.len());
        Ok(Self { cluster, list, by_one_call: cell.operation == Operation::List, placements })
    }

    /// Measures so many tasks of the list, at most all. Leaves the placements.
    ///
    /// # Errors
    /// That of the cluster.
    pub fn place(&mut self, tasks: usize) -> Outcome<Sample> {
        let Self { cluster, list, by_one_call, placements } = self;
        placements.clear();
        let list = &list[..tasks.min(list.len())];
        measure(list.len(), || {
            if *by_one_call {
                cluster.place_list(list, placements)?;
            } else {
                for &id in list {
                    placements.push(cluster.place_one(id)?.placement());
                }
            }
            Ok(())
        })
    }

    /// Where the tasks went.
    #[must_use]
    pub fn instances(&self) -> Vec<Option<InstanceId>> {
        self.placements.iter().map(|placed| placed.map(|placed| placed.instance)).collect()
    }

    /// Instances of the cluster in registration order.
    #[must_use]
    pub fn registry(&self) -> Vec<InstanceId> {
        self.cluster.instances().collect()
    }

    /// Stops what was placed.
    ///
    /// # Errors
    /// That of the cluster.
    pub fn stop(&mut self) -> Outcome<()> {
        for placed in self.placements.iter().flatten() {
            self.cluster.stop(placed.task)?;
        }
        Ok(())
    }

    /// Measures placing, and stops.
    ///
    /// # Errors
    /// That of the cluster.
    pub fn run(&mut self, tasks: usize) -> Outcome<Sample> {
        let sample = self.place(tasks)?;
        self.stop()?;
        Ok(sample)
    }
}

/// A kernel on which the same list is placed, and released afterwards.
#[derive(Debug)]
pub struct KernelList<K> {
    /// The kernel.
    kernel: K,
    /// CPU and memory of each task.
    list: Vec<(i32, i32)>,
    /// Where they went.
    pub slots: Vec<Option<u32>>,
}

impl<K: Kernel> KernelList<K> {
    /// The list on a kernel that holds what is left in a fleet.
    pub fn new(fleet: &Fleet, kernel: K) -> Self {
        let shape = |kind: usize| (fleet.shapes[kind].cpu, fleet.shapes[kind].memory_mib);
        let list: Vec<_> = draws().map(shape).collect();
        let slots = Vec::with_capacity(list.len());
        Self { kernel, list, slots }
    }

    /// Measures so many tasks of the list, at most all, and releases them.
    ///
    /// # Errors
    /// None.
    pub fn run(&mut self, tasks: usize) -> Outcome<Sample> {
        let Self { kernel, list, slots } = self;
        slots.clear();
        let list = &list[..tasks.min(list.len())];
        let sample = measure(list.len(), || {
            slots.extend(list.iter().map(|&(cpu, memory)| kernel.place(cpu, memory, None)));
            Ok(())
        })?;
        for (&slot, &(cpu, memory)) in slots.iter().zip(list) {
            if let Some(slot) = slot {
                kernel.release(slot, cpu, memory);
            }
        }
        Ok(sample)
    }
}

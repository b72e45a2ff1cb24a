//! Cells of many tasks: batches of equal ones, and lists of different ones.

use placewright::{Cluster, Demand, Placement, RequestId};
use placewright_benches::Fleet;
use placewright_benches::cell::{BATCH, Cell};
use placewright_benches::kernel::{Scan, Tree};
use placewright_benches::list::{KernelList, Lists};
use placewright_benches::meter::{Contender, Outcome, Sample, Settings, Timing, measure, race};

use super::{Originals, proof_steps};

/// Equal tasks placed by one call, stopped afterwards.
struct Batches {
    /// The cluster.
    cluster: Cluster,
    /// The same request for ever fewer tasks.
    requests: Vec<(RequestId, usize)>,
    /// Where the tasks are.
    placements: Vec<Placement>,
}

impl Batches {
    /// What a task of a batch takes: ten thousand of them fit on a hundred instances.
    const SHAPE: (i32, i32) = (128, 256);

    /// Batches of a cell on a copy of a cluster.
    fn new(cell: &Cell, fleet: &Fleet, cluster: &Cluster) -> Outcome<Self> {
        let mut cluster = cluster.clone();
        let demand = Demand::new(Self::SHAPE.0.into(), Self::SHAPE.1.into());
        let request = placewright::Request::new("batch", demand).with_strategies(cell.chain.chain()?).with_seed(3);
        let request = cell.limit.limit(request, 0, fleet)?;
        let mut requests = Vec::new();
        let mut count = BATCH;
        while count > 0 {
            requests.push((cluster.prepare(&request.clone().with_count(count))?, usize::try_from(count)?));
            count /= 10;
        }
        Ok(Self { cluster, requests, placements: Vec::with_capacity(usize::try_from(BATCH)?) })
    }

    /// Measures the largest batch of at most so many tasks, per task that found an instance. Leaves the placements.
    fn place(&mut self, tasks: usize) -> Outcome<Sample> {
        self.placements.clear();
        let smallest = self.requests[self.requests.len() - 1];
        let (request, count) = *self.requests.iter().find(|request| request.1 <= tasks).unwrap_or(&smallest);
        let sample = measure(count, || {
            self.cluster.place(request, &mut self.placements)?;
            Ok(())
        })?;
        Ok(Sample { operations: self.placements.len().max(1), ..sample })
    }

    /// Stops what was placed.
    fn stop(&mut self) -> Outcome<()> {
        for placement in &self.placements {
            self.cluster.stop(placement.task)?;
        }
        Ok(())
    }

    /// Places and stops.
    fn run(&mut self, tasks: usize) -> Outcome<Sample> {
        let sample = self.place(tasks)?;
        self.stop()?;
        Ok(sample)
    }
}

/// Proves and times batches. Where ten thousand tasks would take too long, there are fewer, which is said.
pub(crate) fn batch(cell: &Cell, originals: &Originals, settings: Settings) -> Outcome<Vec<Timing>> {
    let Originals { fleet, .. } = originals;
    let (mut indexed, mut scan) =
        (Batches::new(cell, fleet, &originals.indexed)?, Batches::new(cell, fleet, &originals.scan)?);
    let (mut kernel_scan, mut kernel_tree) = originals.kernels(cell)?;
    let few = scan.run(10)?;
    indexed.run(10)?;
    let proved = proof_steps(few, settings);
    scan.place(proved)?;
    indexed.place(proved)?;
    let instances = |batches: &Batches| batches.placements.iter().map(|placed| placed.instance).collect::<Vec<_>>();
    if instances(&indexed) != instances(&scan) {
        return Err(format!("{cell}: the routes place a batch differently").into());
    }
    scan.stop()?;
    indexed.stop()?;
    let sample = indexed.run(100)?;
    let most = Settings::operations(sample, settings.slice_nanos_max);
    let count = indexed.requests.iter().map(|request| request.1).find(|&count| count <= most).unwrap_or(1);
    if count < usize::try_from(BATCH)? {
        eprintln!("{cell}: batches of {count}, since one of {BATCH} would take too long");
    }
    let mut contenders: Vec<Contender<'_>> = vec![
        Box::new(|_| indexed.run(count)),
        Box::new(|tasks| scan.run(tasks)),
        Box::new(|tasks| kernel_scan.measure_batch(Batches::SHAPE, tasks.min(count))),
        Box::new(|_| kernel_tree.measure_batch(Batches::SHAPE, count)),
    ];
    race(&mut contenders, settings)
}

/// Proves and times lists. The scan places fewer tasks where all would take too long.
pub(crate) fn list(cell: &Cell, originals: &Originals, settings: Settings) -> Outcome<Vec<Timing>> {
    let Originals { fleet, .. } = originals;
    let (mut indexed, mut scan) =
        (Lists::new(cell, fleet, &originals.indexed)?, Lists::new(cell, fleet, &originals.scan)?);
    let (cpu, memory) = (&fleet.cpu_left, &fleet.memory_left);
    let mut kernel_scan = KernelList::new(fleet, Scan::new(cpu, memory));
    let mut kernel_tree = KernelList::new(fleet, Tree::new(cpu, memory));
    let few = scan.run(10)?;
    indexed.run(10)?;
    let proved = proof_steps(few, settings);
    scan.run(proved)?;
    indexed.run(proved)?;
    let expected = scan.instances();
    if indexed.instances() != expected {
        return Err(format!("{cell}: the routes place a list differently").into());
    }
    if cell.is_kernels() {
        let ids = scan.registry();
        kernel_scan.run(proved)?;
        kernel_tree.run(proved)?;
        for slots in [&kernel_scan.slots, &kernel_tree.slots] {
            let found = slots.iter().map(|slot| slot.map(|slot| ids[slot as usize]));
            if !found.eq(expected.iter().copied()) {
                return Err(format!("{cell}: the kernel places a list differently").into());
            }
        }
    }
    let tasks = usize::try_from(BATCH)?;
    let most = Settings::operations(kernel_scan.run(proved)?, settings.slice_nanos_max);
    let mut contenders: Vec<Contender<'_>> = vec![
        Box::new(|_| indexed.run(tasks)),
        Box::new(|tasks| scan.run(tasks)),
        Box::new(|_| kernel_scan.run(tasks.min(most))),
        Box::new(|_| kernel_tree.run(tasks)),
    ];
    race(&mut contenders, settings)
}

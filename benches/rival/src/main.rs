//! The linear-scan crate a user would pick, on the same workload as our grid: forge-orchestration's fast path, which looks
//! at CPU, memory and the number of GPUs, and knows no constraint. Reads the number of instances, prints JSON.
//!
//! Its score is not ours, so neither are its answers; what is compared is the time of one placement that is committed.
//! Releasing looks the instance up by its id in a list, which is part of its design.

use forge_orchestration::scheduler::{NodeResources, OptimizedScheduler, ResourceRequirements, Workload};
use forge_orchestration::types::NodeId;
use rustix::time::{ClockId, clock_gettime};

/// Slices; the median counts.
const SLICES: usize = 7;
/// CPU time of a slice, about, in nanoseconds.
const SLICE_NANOS: u64 = 20_000_000;

/// SplitMix64, as in the fixtures of the grid.
struct Rng(u64);

impl Rng {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (((mixed ^ (mixed >> 31)) >> 32) * bound) >> 32
    }
}

fn cpu_nanos() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

/// Median nanoseconds of an operation; `work` does so many.
fn median(mut work: impl FnMut(usize)) -> f64 {
    let time = |work: &mut dyn FnMut(usize), operations: usize| {
        let start = cpu_nanos();
        work(operations);
        (cpu_nanos() - start) as f64 / operations as f64
    };
    let each = time(&mut work, 4).max(1.0);
    let operations = ((SLICE_NANOS as f64 / each) as usize).clamp(4, 10_000);
    let mut figures: Vec<f64> = (0..SLICES).map(|_| time(&mut work, operations)).collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures[SLICES / 2]
}

fn main() {
    let argument = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let Some(instances) = argument else {
        eprintln!("usage: placewright-rival INSTANCES");
        std::process::exit(2);
    };
    let mut rng = Rng(0xC0_FFEE);
    let scheduler = OptimizedScheduler::new();
    for _ in 0..instances {
        let shapes = [(16_000, 32_768), (16_000, 65_536), (16_000, 131_072), (32_000, 131_072)];
        let (cpu, memory) = shapes[rng.below(4) as usize];
        let mut node = NodeResources::new(NodeId::new(), cpu, memory);
        // Three quarters full, give or take.
        node.cpu_allocated = cpu * (50 + rng.below(50)) / 100;
        node.memory_allocated = memory * (50 + rng.below(50)) / 100;
        scheduler.register_node(node);
    }
    let workloads: Vec<Workload> = (0..256)
        .map(|number| {
            let cpu = 250 << rng.below(5);
            let memory = (cpu * 1024 / 1000) * (1 << rng.below(4)) * (896 + rng.below(256)) / 1024;
            let resources = ResourceRequirements::new().cpu(cpu).memory(memory);
            Workload::new(format!("w-{number}"), "bench").with_resources(resources)
        })
        .collect();
    let mut step = 0;
    let mut placed: Vec<(NodeId, usize)> = Vec::new();
    let place_ns = {
        let mut nanos = Vec::new();
        for _ in 0..SLICES {
            // Few enough that the state stays what it is.
            let operations = if instances >= 100_000 { 8 } else { 64 };
            let start = cpu_nanos();
            for _ in 0..operations {
                step += 1;
                let id = scheduler.schedule_fast_commit(&workloads[step % workloads.len()]);
                placed.extend(id.map(|id| (id, step % workloads.len())));
            }
            nanos.push((cpu_nanos() - start) as f64 / operations as f64);
            for (id, workload) in placed.drain(..) {
                scheduler.release_workload(id, &workloads[workload].resources, &[]);
            }
        }
        nanos.sort_unstable_by(f64::total_cmp);
        nanos[SLICES / 2]
    };
    let churn_ns = median(|operations| {
        for _ in 0..operations {
            step += 1;
            let workload = &workloads[step % workloads.len()];
            if let Some(id) = scheduler.schedule_fast_commit(workload) {
                scheduler.release_workload(id, &workload.resources, &[]);
            }
        }
    });
    println!("{{\"placeNs\": {place_ns:.1}, \"churnNs\": {churn_ns:.1}}}");
}

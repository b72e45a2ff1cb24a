//! The trace in the order of its arrival, once for each strategy, with the reasons of what was not placed.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use placewright::limits::DEVICE_WHOLE;
use placewright::{
    BinpackField, Capacity, Cluster, Demand, GpuDemand, Outcome, Placement, Reason, RequestId, ResourceKind,
    SpreadField, Strategy, StrategyChain,
};

use crate::Fault;
use crate::trace::{Table, Trace, register};

/// The nodes, those without GPUs included.
const NODES: &str = "openb_node_list_all_node.csv";
/// Seed of the `random` strategy.
const SEED: u64 = 42;

/// The strategies by name; `none` is first fit in order of registration.
fn strategies() -> [(&'static str, StrategyChain); 6] {
    [
        ("none", StrategyChain::default()),
        ("binpack-memory", Strategy::Binpack(BinpackField::Memory).into()),
        ("binpack-cpu", Strategy::Binpack(BinpackField::Cpu).into()),
        ("spread-instance", Strategy::Spread(SpreadField::InstanceId).into()),
        ("spread-model", Strategy::spread("gpu-model").into()),
        ("random", Strategy::Random.into()),
    ]
}

/// Amounts of the three resources: milli-cores, MiB, thousandths of a GPU.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Sums([i64; 3]);

impl Sums {
    /// What one task takes.
    fn of_demand(demand: &Demand) -> Self {
        let gpu = match demand.gpus {
            GpuDemand::Whole(count) => i64::from(count) * i64::from(DEVICE_WHOLE),
            GpuDemand::Share(share) => share.into(),
            _ => 0,
        };
        Self([demand.cpu, demand.memory_mib, gpu])
    }

    /// The same with others more.
    fn plus(self, other: Self) -> Self {
        let [cpu, memory, gpu] = self.0;
        Self([cpu + other.0[0], memory + other.0[1], gpu + other.0[2]])
    }

    /// Shares of a whole, in percent.
    fn percent_of(self, whole: Self) -> String {
        #[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
        let percent = |at: usize| 100.0 * self.0[at] as f64 / whole.0[at].max(1) as f64;
        format!("{:>6.2} % {:>6.2} % {:>6.2} %", percent(0), percent(1), percent(2))
    }
}

/// What a cluster has, and what of it is in use.
fn amounts(cluster: &Cluster) -> Result<(Sums, Sums), Fault> {
    let (mut registered, mut used) = (Sums::default(), Sums::default());
    for id in cluster.instances() {
        let instance = cluster.instance(id)?;
        let of = |kind| (instance.registered(kind), instance.remaining(kind));
        let ((cpu, cpu_left), (memory, memory_left)) = (of(ResourceKind::Cpu), of(ResourceKind::Memory));
        let (mut gpu, mut gpu_used) = (0, 0);
        for device in instance.devices() {
            gpu += i64::from(DEVICE_WHOLE);
            gpu_used += i64::from(device.taken);
        }
        registered = registered.plus(Sums([cpu, memory, gpu]));
        used = used.plus(Sums([cpu - cpu_left, memory - memory_left, gpu_used]));
    }
    Ok((registered, used))
}

/// What became of the trace under one strategy.
#[derive(Default)]
struct Run {
    /// Tasks placed, in order.
    placements: Vec<Placement>,
    /// Time that preparing the requests took.
    preparing: Duration,
    /// Time that placing took, the tasks that found no instance included.
    placing: Duration,
    /// Unplaced tasks by the check at which the nearest instance failed.
    nearest: BTreeMap<Reason, usize>,
    /// First failing checks of all instances, summed over the unplaced tasks.
    failures: BTreeMap<Reason, usize>,
    /// The first unplaced task: its number in order of arrival, and how near it came.
    first: Option<(usize, String)>,
}

impl Run {
    /// Notes why a task found no instance.
    fn note(&mut self, cluster: &Cluster, request: RequestId, arrival: usize) -> Result<(), Fault> {
        let explanation = cluster.explain(request)?;
        for verdict in explanation.verdicts.iter() {
            let failure = verdict.failure.ok_or("a rejected task has a feasible instance")?;
            *self.failures.entry(failure.reason).or_default() += 1;
        }
        let miss = explanation.nearest_miss.ok_or("a rejected task has no nearest miss")?;
        let failure = miss.failures.first().ok_or("a nearest miss has no reason")?;
        *self.nearest.entry(failure.reason).or_default() += 1;
        self.first.get_or_insert((arrival, miss.text));
        Ok(())
    }
}

/// Places the trace under one strategy.
fn run(cluster: &mut Cluster, trace: &Trace, strategies: &StrategyChain) -> Result<Run, Fault> {
    let instances = cluster.instances().len();
    cluster.reserve(Capacity { instances, tasks: trace.arrivals.len(), ..Capacity::default() });
    let start = Instant::now();
    let requests = trace.prepare(cluster, strategies, SEED)?;
    let mut run = Run { preparing: start.elapsed(), ..Run::default() };
    run.placements.reserve(trace.arrivals.len());
    let mut start = Instant::now();
    for (arrival, &kind) in trace.arrivals.iter().enumerate() {
        match cluster.place_one(requests[kind])? {
            Outcome::Placed(placement) => run.placements.push(placement),
            Outcome::Rejected(_) => {
                run.placing += start.elapsed();
                run.note(cluster, requests[kind], arrival)?;
                start = Instant::now();
            }
        }
    }
    run.placing += start.elapsed();
    Ok(run)
}

/// Checks that nothing was lost or made up: the cluster agrees with itself, and what each instance lost its tasks have.
fn check(cluster: &Cluster, run: &Run) -> Result<(), Fault> {
    cluster.validate()?;
    assert_eq!(cluster.running_tasks(), run.placements.len(), "every placement runs");
    for placement in &run.placements {
        assert_eq!(cluster.task(placement.task)?.instance(), placement.instance, "a task is where it was placed");
    }
    let mut tasks = 0;
    for id in cluster.instances() {
        let instance = cluster.instance(id)?;
        let mut held = Sums::default();
        for task in instance.tasks() {
            held = held.plus(Sums::of_demand(cluster.task(task)?.demand()));
            tasks += 1;
        }
        let lost = |kind| instance.registered(kind) - instance.remaining(kind);
        let gpu = instance.devices().map(|device| i64::from(device.taken)).sum();
        let lost = Sums([lost(ResourceKind::Cpu), lost(ResourceKind::Memory), gpu]);
        assert_eq!(lost, held, "{} lost what its tasks hold", instance.name());
        assert!(instance.remaining(ResourceKind::Cpu) >= 0, "{} owes no CPU", instance.name());
        assert!(instance.remaining(ResourceKind::Memory) >= 0, "{} owes no memory", instance.name());
        assert!(instance.devices().all(|device| device.taken <= DEVICE_WHOLE), "{} shares no more", instance.name());
    }
    assert_eq!(tasks, run.placements.len(), "every task is on one instance");
    let unplaced: usize = run.nearest.values().sum();
    assert_eq!(
        run.failures.values().sum::<usize>(),
        unplaced * cluster.instances().len(),
        "each instance has a reason"
    );
    Ok(())
}

/// Counts by reason in a line.
fn counts(cluster: &Cluster, reasons: &BTreeMap<Reason, usize>) -> String {
    let texts = reasons.iter().map(|(&reason, count)| format!("{count} x {}", cluster.reason_text(reason)));
    texts.collect::<Vec<_>>().join(", ")
}

/// Runs one strategy, or each, on a pod list of the folder.
pub(crate) fn run_all(folder: &Path, pods: &Path, strategy: Option<&str>) -> Result<(), Fault> {
    let known = strategies();
    let wanted = |name: &str| strategy.is_none_or(|wanted| wanted == name);
    if !known.iter().any(|&(name, _)| wanted(name)) {
        return Err(format!("the strategies are {}", known.map(|(name, _)| name).join(", ")).into());
    }

    let start = Instant::now();
    let nodes = Table::read(&folder.join(NODES))?;
    let trace = Trace::read(&Table::read(pods)?)?;
    let reading = start.elapsed();
    let start = Instant::now();
    let mut empty = Cluster::new();
    register(&mut empty, &nodes)?;
    let registering = start.elapsed();

    let (registered, _) = amounts(&empty)?;
    let demands = trace.arrivals.iter().map(|&kind| Sums::of_demand(&trace.kinds[kind].0));
    let asked = demands.fold(Sums::default(), Sums::plus);
    let (instances, tasks) = (empty.instances().len(), trace.arrivals.len());
    println!("{instances} instances; {tasks} tasks of {} kinds from {}", trace.kinds.len(), pods.display());
    println!("loading: {reading:.1?} to read the files, {registering:.1?} to register the instances");
    println!();
    println!("strategy         placed unplaced      CPU   memory      GPU    placing   per task  preparing");
    println!("(all that is asked for)          {}", asked.percent_of(registered));

    let mut stories = Vec::new();
    for (name, strategies) in known.iter().filter(|&&(name, _)| wanted(name)) {
        let mut cluster = empty.clone();
        let run = run(&mut cluster, &trace, strategies)?;
        check(&cluster, &run)?;
        let (placed, unplaced) = (run.placements.len(), run.nearest.values().sum::<usize>());
        assert_eq!(placed + unplaced, tasks, "every task is placed or has a reason");
        let shares = amounts(&cluster)?.1.percent_of(registered);
        let per_task = run.placing / u32::try_from(tasks.max(1))?;
        let (placing, preparing) = (format!("{:.1?}", run.placing), format!("{:.1?}", run.preparing));
        let times = format!("{placing:>10} {:>10} {preparing:>10}", format!("{per_task:.1?}"));
        println!("{name:<16} {placed:>6} {unplaced:>8} {shares} {times}");
        if let Some((arrival, miss)) = &run.first {
            stories.push(format!(
                "{name}: {unplaced} unplaced\n  what the nearest instance of each failed: {}\n  \
                 first failing check of every instance, for each: {}\n  the first was task {}: {miss}",
                counts(&cluster, &run.nearest),
                counts(&cluster, &run.failures),
                arrival + 1,
            ));
        }
    }
    println!();
    println!("{}", stories.join("\n"));
    Ok(())
}

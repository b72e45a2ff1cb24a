//! Places a production trace: the 8,152 tasks of the OpenB GPU cluster on its 1,523 instances.
//!
//! `cargo run --release --example openb -- [FOLDER] [--pods FILE] [--strategy NAME]`
//!
//! FOLDER holds `openb_node_list_all_node.csv` and the pod lists of the OpenB trace of 2023 (published by the authors of
//! "Beware of Fragmentation", USENIX ATC 2023); FILE is one of the pod lists in it. Without `--strategy`, each strategy
//! starts from the same empty cluster.
//!
//! How the trace is read:
//!
//! - One CPU unit is one milli-core, so that no amount is rounded. Units only have to agree between what instances have and
//!   what tasks take; on ECS it would be 1024 to the vCPU.
//! - A node is an instance with its memory, one device for each GPU, and its GPU model as the attribute `gpu-model`.
//! - A pod is a task: so many whole GPUs, or so many thousandths of one. Models it is bound to become a `memberOf`
//!   constraint over `gpu-model`. All tasks are in one task group, the scope of `spread`.
//! - Tasks arrive in order of creation, those of one second in file order. Each is tried once, and none ends: this is the
//!   saturation experiment of the paper, in the order of the trace. Lists without times are in file order, which leaves the
//!   tasks that `multigpu` lists add to the end, when the cluster is full.
//!
//! Tasks that take the same share one prepared request, so the timed loop is what a scheduler would run: pick an instance,
//! take the resources. Explaining the tasks that found none is not in that time.
//!
//! On the default list it prints, apart from times and reasons:
//!
//! ```text
//! strategy         placed unplaced      CPU   memory      GPU
//! (all that is asked for)           68.07 %  49.60 %  97.98 %
//! none               7784      368  65.36 %  47.31 %  92.80 %
//! binpack-memory     7657      495  64.23 %  46.32 %  90.73 %
//! binpack-cpu        7677      475  64.40 %  46.47 %  91.04 %
//! spread-instance    8066       86  65.01 %  46.88 %  91.76 %
//! spread-model       7778      374  64.99 %  46.87 %  92.32 %
//! random             7589      563  62.46 %  44.68 %  87.96 %
//! ```

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use placewright::expr::compile;
use placewright::limits::{DEVICE_WHOLE, DEVICES_MAX};
use placewright::{
    BinpackField, Capacity, Cluster, Constraint, Demand, GpuDemand, Instance, Outcome, Placement, Reason, Request,
    RequestId, ResourceKind, SpreadField, Strategy, StrategyChain,
};

/// Where our copy of the trace is, seen from this package.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/openb-gpu-2023");
/// The nodes.
const NODES: &str = "openb_node_list_all_node.csv";
/// The task group of every task.
const GROUP: &str = "openb";
/// Seed of the `random` strategy.
const SEED: u64 = 42;

/// Whatever went wrong; ends the program.
type Fault = Box<dyn Error>;

/// What the command line asks for.
struct Arguments {
    /// Folder of the trace.
    folder: PathBuf,
    /// Name of the pod list.
    pods: String,
    /// The one strategy to run; `None` runs each.
    strategy: Option<String>,
}

impl Arguments {
    /// Reads the command line.
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, Fault> {
        let mut arguments = Self { folder: FOLDER.into(), pods: "openb_pod_list_default.csv".into(), strategy: None };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--pods" => arguments.pods = words.next().ok_or("`--pods` needs a file name")?,
                "--strategy" => arguments.strategy = Some(words.next().ok_or("`--strategy` needs a name")?),
                option if option.starts_with("--") => return Err(format!("option `{option}` is unknown").into()),
                _ => arguments.folder = word.into(),
            }
        }
        Ok(arguments)
    }
}

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

/// A CSV file with a header.
struct Table {
    /// The file, for errors.
    path: PathBuf,
    /// Position of each column by name.
    columns: HashMap<String, usize>,
    /// The rows.
    rows: Vec<csv::StringRecord>,
}

impl Table {
    /// Reads a file.
    fn read(path: &Path) -> Result<Self, Fault> {
        let in_file = |error: csv::Error| format!("{}: {error}", path.display());
        let mut reader = csv::Reader::from_path(path).map_err(in_file)?;
        let header = reader.headers().map_err(in_file)?;
        let columns = header.iter().enumerate().map(|(at, name)| (name.to_owned(), at)).collect();
        let rows = reader.records().collect::<Result<_, _>>().map_err(in_file)?;
        Ok(Self { path: path.to_owned(), columns, rows })
    }

    /// The text of a row in a column; empty where the file has no such column.
    fn text<'r>(&self, row: &'r csv::StringRecord, column: &str) -> &'r str {
        self.columns.get(column).and_then(|&at| row.get(at)).unwrap_or_default()
    }

    /// The whole number of a row in a column.
    fn number<T: TryFrom<i64>>(&self, row: &csv::StringRecord, column: &str) -> Result<T, Fault> {
        let text = self.text(row, column);
        let number = text.parse::<i64>().ok().and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| {
            let line = row.position().map_or(0, csv::Position::line);
            format!("{}:{line}: `{text}` is no whole number for `{column}`", self.path.display()).into()
        })
    }
}

/// Registers every node as an instance.
fn register(cluster: &mut Cluster, nodes: &Table) -> Result<(), Fault> {
    let devices: Vec<String> = (0..DEVICES_MAX).map(|number| format!("GPU-{number}")).collect();
    for row in &nodes.rows {
        let gpus: usize = nodes.number(row, "gpu")?;
        let gpus = devices.get(..gpus).ok_or("an instance has too many GPUs")?;
        let model = nodes.text(row, "model");
        let mut instance = Instance::new(nodes.text(row, "sn"))
            .with_resources(nodes.number(row, "cpu_milli")?, nodes.number(row, "memory_mib")?)
            .with_gpus(gpus.iter().map(String::as_str));
        if !model.is_empty() {
            instance = instance.with_attribute("gpu-model", model);
        }
        cluster.register(&instance)?;
    }
    Ok(())
}

/// The tasks of a trace.
struct Trace {
    /// What tasks take and where they may go: each combination once, by number.
    kinds: Vec<(Demand, String)>,
    /// The kind of each task, in order of arrival.
    arrivals: Vec<usize>,
}

impl Trace {
    /// Reads the pods.
    fn read(pods: &Table) -> Result<Self, Fault> {
        // Some of the resampled lists have no times; their order is that of the file.
        let is_timed = pods.columns.contains_key("creation_time");
        let mut rows = Vec::with_capacity(pods.rows.len());
        for row in &pods.rows {
            rows.push((if is_timed { pods.number::<i64>(row, "creation_time")? } else { 0 }, row));
        }
        rows.sort_by_key(|&(created, _)| created);

        let mut trace = Self { kinds: Vec::new(), arrivals: Vec::with_capacity(rows.len()) };
        let mut numbers = HashMap::new();
        for (_, row) in rows {
            let gpus = match (pods.number(row, "num_gpu")?, pods.number(row, "gpu_milli")?) {
                (0, _) => GpuDemand::None,
                (count, DEVICE_WHOLE) => GpuDemand::Whole(count),
                (1, share @ 1..DEVICE_WHOLE) => GpuDemand::Share(share),
                (count, share) => return Err(format!("{count} GPUs of {share} thousandths is no demand").into()),
            };
            let demand = Demand::new(pods.number(row, "cpu_milli")?, pods.number(row, "memory_mib")?).with_gpus(gpus);
            let kind = (demand, pods.text(row, "gpu_spec").to_owned());
            let number = *numbers.entry(kind).or_insert_with_key(|kind| {
                trace.kinds.push(kind.clone());
                trace.kinds.len() - 1
            });
            trace.arrivals.push(number);
        }
        Ok(trace)
    }

    /// Prepares a request for each kind of task.
    fn prepare(&self, cluster: &mut Cluster, strategies: &StrategyChain) -> Result<Vec<RequestId>, Fault> {
        let mut requests = Vec::with_capacity(self.kinds.len());
        for (number, (demand, models)) in self.kinds.iter().enumerate() {
            let mut request = Request::new(format!("kind-{number}"), demand.clone())
                .with_group(GROUP)
                .with_strategies(strategies.clone())
                .with_seed(SEED);
            if !models.is_empty() {
                let expression = format!("attribute:gpu-model in [{}]", models.replace('|', ", "));
                request = request.with_constraint(Constraint::MemberOf(compile(&expression)?));
            }
            requests.push(cluster.prepare(&request)?);
        }
        Ok(requests)
    }
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
    let requests = trace.prepare(cluster, strategies)?;
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

fn main() -> Result<(), Fault> {
    let arguments = Arguments::read(std::env::args().skip(1))?;
    if !arguments.folder.join(NODES).is_file() {
        println!("the OpenB trace is not at {}; nothing to do", arguments.folder.display());
        return Ok(());
    }
    let known = strategies();
    let wanted = |name: &str| arguments.strategy.as_deref().is_none_or(|wanted| wanted == name);
    if !known.iter().any(|&(name, _)| wanted(name)) {
        return Err(format!("the strategies are {}", known.map(|(name, _)| name).join(", ")).into());
    }

    let start = Instant::now();
    let nodes = Table::read(&arguments.folder.join(NODES))?;
    let trace = Trace::read(&Table::read(&arguments.folder.join(&arguments.pods))?)?;
    let reading = start.elapsed();
    let start = Instant::now();
    let mut empty = Cluster::new();
    register(&mut empty, &nodes)?;
    let registering = start.elapsed();

    let (registered, _) = amounts(&empty)?;
    let demands = trace.arrivals.iter().map(|&kind| Sums::of_demand(&trace.kinds[kind].0));
    let asked = demands.fold(Sums::default(), Sums::plus);
    let (instances, tasks) = (empty.instances().len(), trace.arrivals.len());
    println!("{instances} instances; {tasks} tasks of {} kinds from {}", trace.kinds.len(), arguments.pods);
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

//! Every cell proved, then timed: one JSON object a line on standard output, the ratios on standard error.
//!
//! A cell first takes the same steps on the indexed route and on the scan, and on the kernel where that answers the same
//! question, and fails on the first difference. Then the routes, the kernel (the faster of its designs, built with the same
//! flags) and, where it applies, the rival take turns slice by slice; the median CPU time of an operation counts.
//!
//! `cargo run --release -p placewright-benches --bin grid -- [--only SUBSTRING] [--n 1000,10000] [--quick]`

use std::collections::BTreeMap;
use std::hint::black_box;
use std::process::Command;

use clap::Parser;
use placewright::adapter::{Session, SessionOptions};
use placewright::{Capacity, Cluster, Demand, Placement, RequestId, Route, TaskId, expr};
use placewright_benches::Fleet;
use placewright_benches::cell::{BATCH, Cell, Operation, ROLLBACK};
use placewright_benches::churn::{Churn, KernelChurn};
use placewright_benches::document::{DOCUMENT_INSTANCES_MAX, QUERY, describe};
use placewright_benches::kernel::{Scan, Tree};
use placewright_benches::list::{KernelList, Lists};
use placewright_benches::meter::{Contender, Counting, Outcome, Sample, Settings, Timing, measure, race};
use serde::{Deserialize, Serialize};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Numbers of instances that are timed unless others are asked for.
const INSTANCES: [usize; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];
/// Largest of them in a quick run.
const INSTANCES_QUICK_MAX: usize = 10_000;
/// Fewest and most steps of a proof.
const PROOF_STEPS: (usize, usize) = (20, 2_000);

/// Proves and times the cells of the grid.
#[derive(Debug, Parser)]
struct Arguments {
    /// Only cells whose name holds this text
    #[arg(long, value_name = "SUBSTRING", default_value = "")]
    only: String,
    /// Numbers of instances
    #[arg(long, value_delimiter = ',', value_name = "NUMBERS", value_parser = positive)]
    n: Vec<usize>,
    /// Few and short slices, at most 10,000 instances, no rival: to see that everything runs
    #[arg(long)]
    quick: bool,
}

/// Reads a number of instances.
fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("a cell needs a whole number of instances, at least 1".into()),
    }
}

/// What is known of a cell; null where something does not apply.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    /// The name.
    cell: String,
    /// What was timed.
    operation: &'static str,
    /// Instances.
    n: usize,
    /// The chain.
    chain: &'static str,
    /// The constraint.
    constraint: &'static str,
    /// The state.
    state: &'static str,
    /// The route.
    route: &'static str,
    /// CPU time of an operation.
    cpu_ns: Option<f64>,
    /// That of the kernel.
    kernel_ns: Option<f64>,
    /// That of the scan route.
    scan_ns: Option<f64>,
    /// That of the rival.
    rival_ns: Option<f64>,
    /// Allocations in all slices.
    allocations: Option<u64>,
    /// Bytes an instance takes, names and attributes included.
    bytes_per_instance: Option<f64>,
    /// Bytes a task takes.
    bytes_per_task: Option<f64>,
}

impl Line {
    /// A cell of which nothing is known yet.
    fn new(cell: &Cell) -> Self {
        Self {
            cell: cell.to_string(),
            operation: cell.operation.name(),
            n: cell.instances,
            chain: cell.chain.name(),
            constraint: cell.limit.name(),
            state: cell.state.name(),
            route: "indexed",
            cpu_ns: None,
            kernel_ns: None,
            scan_ns: None,
            rival_ns: None,
            allocations: None,
            bytes_per_instance: None,
            bytes_per_task: None,
        }
    }

    /// The same with times: of the indexed route, of the scan where it was raced, and of the kernel's designs.
    fn timed(self, timings: &[Timing]) -> Self {
        let indexed = timings.first();
        let kernel = timings.iter().skip(2).map(|timing| timing.nanos).min_by(f64::total_cmp);
        Self {
            cpu_ns: indexed.map(|timing| timing.nanos),
            allocations: indexed.map(|timing| timing.allocations),
            scan_ns: timings.get(1).map(|timing| timing.nanos),
            kernel_ns: kernel,
            ..self
        }
    }

    /// The ratios, for a person.
    fn summary(&self) -> String {
        let ratio = |what: &str, nanos: Option<f64>| match (self.cpu_ns, nanos) {
            (Some(cpu), Some(nanos)) => format!("  {:.2} x {what}", cpu / nanos),
            _ => String::new(),
        };
        let cpu = self.cpu_ns.map_or_else(String::new, |nanos| format!("{nanos:.1} ns"));
        let bytes = match (self.bytes_per_instance, self.bytes_per_task) {
            (Some(instance), Some(task)) => format!("  {instance:.0} bytes an instance, {task:.0} a task"),
            _ => String::new(),
        };
        let allocations = match self.allocations {
            Some(0) | None => String::new(),
            Some(count) => format!("  {count} allocations"),
        };
        let ratios = [("kernel", self.kernel_ns), ("scan", self.scan_ns), ("rival", self.rival_ns)];
        let ratios: String = ratios.iter().map(|&(what, nanos)| ratio(what, nanos)).collect();
        format!("{:72} {cpu:>14}{ratios}{bytes}{allocations}", self.cell)
    }
}

/// A fleet, and the clusters of both routes that are copied for each cell.
struct Originals {
    /// The fleet.
    fleet: Fleet,
    /// The cluster whose instances are found by index.
    indexed: Cluster,
    /// The cluster whose instances are found by scan.
    scan: Cluster,
    /// The tasks; both clusters number them alike.
    tasks: Vec<TaskId>,
}

impl Originals {
    /// Those of a cell.
    fn new(cell: &Cell) -> Outcome<Self> {
        let fleet = Fleet::new(cell.instances, cell.state);
        let (indexed, tasks) = fleet.cluster(Route::Indexed)?;
        let (scan, tasks_of_scan) = fleet.cluster(Route::Scan)?;
        if tasks != tasks_of_scan {
            return Err("the routes number tasks differently".into());
        }
        Ok(Self { fleet, indexed, scan, tasks })
    }

    /// The cell on a copy of each.
    fn churns(&self, cell: &Cell) -> Outcome<(Churn, Churn)> {
        let churn = |cluster: &Cluster| Churn::new(cell, &self.fleet, cluster.clone(), &self.tasks);
        Ok((churn(&self.indexed)?, churn(&self.scan)?))
    }

    /// The cell on the kernel's designs.
    fn kernels(&self, cell: &Cell) -> Outcome<(KernelChurn<Scan>, KernelChurn<Tree>)> {
        let (cpu, memory) = (&self.fleet.cpu_left, &self.fleet.memory_left);
        let scan = KernelChurn::new(cell, &self.fleet, Scan::new(cpu, memory))?;
        Ok((scan, KernelChurn::new(cell, &self.fleet, Tree::new(cpu, memory))?))
    }
}

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    let settings = if arguments.quick { Settings::QUICK } else { Settings::FULL };
    let numbers = if arguments.n.is_empty() { INSTANCES.to_vec() } else { arguments.n.clone() };
    let avx2 = if cfg!(target_feature = "avx2") { "with AVX2" } else { "without AVX2" };
    eprintln!("built {avx2}; ratios below 1 are faster than what they name");
    let mut rivals = BTreeMap::new();
    let mut found = false;
    for n in numbers.into_iter().filter(|&n| !arguments.quick || n <= INSTANCES_QUICK_MAX) {
        let mut cells = Cell::all(n);
        cells.retain(|cell| cell.to_string().contains(&arguments.only));
        found |= !cells.is_empty();
        cells.sort_by_key(|cell| cell.state as usize);
        let mut originals: Option<Originals> = None;
        for cell in &cells {
            if originals.as_ref().is_some_and(|originals| originals.fleet.state != cell.state) {
                originals = None;
            }
            let mut line = run(cell, &mut originals, settings)?;
            if !arguments.quick && is_rivals(cell) {
                let figures: Option<Rival> = *rivals.entry(n).or_insert_with(|| rival(n));
                let nanos = |figures: Rival| match cell.operation {
                    Operation::Place => figures.place_ns,
                    _ => figures.churn_ns,
                };
                line.rival_ns = figures.map(nanos);
            }
            eprintln!("{}", line.summary());
            println!("{}", serde_json::to_string(&line)?);
        }
    }
    if found { Ok(()) } else { Err(no_cell(&arguments).into()) }
}

/// Why nothing was timed.
fn no_cell(arguments: &Arguments) -> String {
    let example = Cell::all(INSTANCES[0]).first().map(ToString::to_string).unwrap_or_default();
    format!("no cell of these sizes has `{}` in its name; one is called `{example}`", arguments.only)
}

/// Proves and times one cell.
fn run(cell: &Cell, originals: &mut Option<Originals>, settings: Settings) -> Outcome<Line> {
    let line = Line::new(cell);
    match cell.operation {
        Operation::CompileExpression => return compile_expression(line, settings),
        Operation::LoadJson => return load_json(line, settings),
        Operation::Memory => return memory(line, cell),
        _ => {}
    }
    let originals = match originals {
        Some(originals) => originals,
        None => originals.insert(Originals::new(cell)?),
    };
    let timings = match cell.operation {
        Operation::Batch => batch(cell, originals, settings)?,
        Operation::List | Operation::ListOneByOne => list(cell, originals, settings)?,
        Operation::Explain => explain(cell, originals, settings)?,
        Operation::Rollback | Operation::RollbackPlacements => rollback(cell, originals, settings)?,
        Operation::ColumnScan => column_scan(cell, originals, settings)?,
        _ => churn(cell, originals, settings)?,
    };
    let line = line.timed(&timings);
    // What is raced there is no route.
    let scan_ns = line.scan_ns.filter(|_| cell.operation != Operation::ColumnScan);
    Ok(Line { scan_ns, ..line })
}

/// Steps that take about a proof's time, judged by a few on the scan.
fn proof_steps(sample: Sample, settings: Settings) -> usize {
    Settings::operations(sample, settings.proof_nanos).clamp(PROOF_STEPS.0, PROOF_STEPS.1)
}

/// Proves and times placing, and placing and stopping.
fn churn(cell: &Cell, originals: &Originals, settings: Settings) -> Outcome<Vec<Timing>> {
    let (mut indexed, mut scan) = originals.churns(cell)?;
    let (mut kernel_scan, mut kernel_tree) = originals.kernels(cell)?;
    prove(cell, (&mut indexed, &mut scan), &mut kernel_scan, &mut kernel_tree, settings)?;
    let mut contenders: Vec<Contender<'_>> = match cell.operation {
        Operation::Place => vec![
            Box::new(|operations| indexed.measure_places(operations)),
            Box::new(|operations| scan.measure_places(operations)),
            Box::new(|operations| kernel_scan.measure_places(operations)),
            Box::new(|operations| kernel_tree.measure_places(operations)),
        ],
        Operation::ChurnInSavepoint => vec![
            Box::new(|operations| indexed.measure_steps_in_savepoint(operations)),
            Box::new(|operations| scan.measure_steps_in_savepoint(operations)),
            Box::new(|operations| kernel_scan.measure_steps(operations)),
            Box::new(|operations| kernel_tree.measure_steps(operations)),
        ],
        _ => vec![
            Box::new(|operations| indexed.measure_steps(operations)),
            Box::new(|operations| scan.measure_steps(operations)),
            Box::new(|operations| kernel_scan.measure_steps(operations)),
            Box::new(|operations| kernel_tree.measure_steps(operations)),
        ],
    };
    race(&mut contenders, settings)
}

/// Takes the same steps on both routes, and on the kernel where it answers the same question.
fn prove(
    cell: &Cell,
    (indexed, scan): (&mut Churn, &mut Churn),
    kernel_scan: &mut KernelChurn<Scan>,
    kernel_tree: &mut KernelChurn<Tree>,
    settings: Settings,
) -> Outcome<()> {
    let ids: Vec<_> = scan.cluster.instances().collect();
    let mut steps = PROOF_STEPS.0;
    let mut step = 0;
    while step < steps {
        let mut expected = None;
        let sample = measure(1, || {
            expected = scan.step()?;
            Ok(())
        })?;
        if step == PROOF_STEPS.0 / 2 {
            steps = proof_steps(sample, settings);
        }
        let found = indexed.step()?;
        if found != expected {
            return Err(format!("{cell}: step {step} is {found:?}, the scan says {expected:?}").into());
        }
        if cell.is_kernels() {
            for slot in [kernel_scan.step(), kernel_tree.step()] {
                let found = slot.map(|slot| ids[slot as usize]);
                if found != expected {
                    return Err(format!("{cell}: step {step} of the kernel is {found:?}, not {expected:?}").into());
                }
            }
        }
        step += 1;
    }
    Ok(())
}

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
    fn new(cell: &Cell, cluster: &Cluster) -> Outcome<Self> {
        let mut cluster = cluster.clone();
        let demand = Demand::new(Self::SHAPE.0.into(), Self::SHAPE.1.into());
        let request = placewright::Request::new("batch", demand).with_strategies(cell.chain.chain()?).with_seed(3);
        let mut requests = Vec::new();
        let mut count = BATCH;
        while count > 0 {
            requests.push((cluster.prepare(&request.clone().with_count(count))?, usize::try_from(count)?));
            count /= 10;
        }
        Ok(Self { cluster, requests, placements: Vec::with_capacity(usize::try_from(BATCH)?) })
    }

    /// Measures the largest batch of at most so many tasks. Leaves the placements.
    fn place(&mut self, tasks: usize) -> Outcome<Sample> {
        self.placements.clear();
        let smallest = self.requests[self.requests.len() - 1];
        let (request, count) = *self.requests.iter().find(|request| request.1 <= tasks).unwrap_or(&smallest);
        measure(count, || {
            self.cluster.place(request, &mut self.placements)?;
            Ok(())
        })
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
fn batch(cell: &Cell, originals: &Originals, settings: Settings) -> Outcome<Vec<Timing>> {
    let (mut indexed, mut scan) = (Batches::new(cell, &originals.indexed)?, Batches::new(cell, &originals.scan)?);
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
fn list(cell: &Cell, originals: &Originals, settings: Settings) -> Outcome<Vec<Timing>> {
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

/// Proves and times explanations: both routes must explain alike, and name the instance that placing takes.
fn explain(cell: &Cell, originals: &Originals, settings: Settings) -> Outcome<Vec<Timing>> {
    let (indexed, mut scan) = originals.churns(cell)?;
    let request = scan.requests[0];
    let explanation = scan.cluster.explain(request)?;
    if indexed.cluster.explain(request)? != explanation {
        return Err(format!("{cell}: the routes explain differently").into());
    }
    let savepoint = scan.cluster.begin();
    let placed = scan.cluster.place_one(request)?.placement().map(|placement| placement.instance);
    scan.cluster.rollback(savepoint)?;
    if placed != explanation.winner.map(|winner| winner.instance) {
        return Err(format!("{cell}: the explanation names another instance than placing takes").into());
    }
    let explain = |churn: &Churn, operations| {
        measure(operations, || {
            for _ in 0..operations {
                black_box(churn.cluster.explain(request)?);
            }
            Ok(())
        })
    };
    let mut contenders: Vec<Contender<'_>> =
        vec![Box::new(|operations| explain(&indexed, operations)), Box::new(|operations| explain(&scan, operations))];
    race(&mut contenders, settings)
}

/// Measures a savepoint, a thousand placements and the rollback, and gives the time of a placement. Without the savepoint
/// the tasks are stopped afterwards, untimed.
fn place_and_take_back(churn: &mut Churn, placed: &mut Vec<TaskId>, with_savepoint: bool) -> Outcome<Sample> {
    placed.clear();
    let sample = measure(ROLLBACK, || {
        let savepoint = with_savepoint.then(|| churn.cluster.begin());
        for number in 0..ROLLBACK {
            let request = churn.requests[number % churn.requests.len()];
            placed.extend(churn.cluster.place_one(request)?.placement().map(|placement| placement.task));
        }
        if let Some(savepoint) = savepoint {
            churn.cluster.rollback(savepoint)?;
        }
        Ok(())
    })?;
    if !with_savepoint {
        for &task in &*placed {
            churn.cluster.stop(task)?;
        }
    }
    Ok(sample)
}

/// Proves and times savepoint, placements and rollback, or the placements alone.
fn rollback(cell: &Cell, originals: &Originals, settings: Settings) -> Outcome<Vec<Timing>> {
    let (mut indexed, mut scan) = originals.churns(cell)?;
    let mut placed = Vec::with_capacity(ROLLBACK);
    let fingerprint = indexed.cluster.fingerprint();
    place_and_take_back(&mut indexed, &mut placed, true)?;
    if indexed.cluster.fingerprint() != fingerprint || fingerprint != scan.cluster.fingerprint() {
        return Err(format!("{cell}: a rollback leaves another state").into());
    }
    let with_savepoint = cell.operation == Operation::Rollback;
    let mut placed_by_scan = Vec::with_capacity(ROLLBACK);
    let mut contenders: Vec<Contender<'_>> = vec![
        Box::new(|_| place_and_take_back(&mut indexed, &mut placed, with_savepoint)),
        Box::new(|_| place_and_take_back(&mut scan, &mut placed_by_scan, with_savepoint)),
    ];
    race(&mut contenders, settings)
}

/// Times one read of both whole columns in plain Rust beside the kernel's scan: what "one full column scan" costs here.
fn column_scan(cell: &Cell, originals: &Originals, settings: Settings) -> Outcome<Vec<Timing>> {
    let (cpu, memory) = (&originals.fleet.cpu_left, &originals.fleet.memory_left);
    let shapes = &originals.fleet.shapes;
    let kernel = Scan::new(cpu, memory);
    for shape in shapes {
        let least = kernel.best(shape.cpu, shape.memory_mib).map(|slot| memory[slot as usize]);
        if kernel.least_plainly(shape.cpu, shape.memory_mib) != least {
            return Err(format!("{cell}: the scans differ").into());
        }
    }
    let mut contenders: Vec<Contender<'_>> = vec![
        Box::new(|operations| {
            measure(operations, || {
                for at in 0..operations {
                    let shape = shapes[at % shapes.len()];
                    black_box(kernel.least_plainly(shape.cpu, shape.memory_mib));
                }
                Ok(())
            })
        }),
        Box::new(|operations| {
            measure(operations, || {
                for at in 0..operations {
                    let shape = shapes[at % shapes.len()];
                    black_box(kernel.best(shape.cpu, shape.memory_mib));
                }
                Ok(())
            })
        }),
    ];
    let timings = race(&mut contenders, settings)?;
    // The kernel's scan is the kernel here, and no route.
    Ok(vec![timings[0], timings[0], timings[1]])
}

/// Times compiling a query.
fn compile_expression(line: Line, settings: Settings) -> Outcome<Line> {
    if expr::compile(&expr::compile(QUERY)?.to_string())?.to_string() != expr::compile(QUERY)?.to_string() {
        return Err("the canonical text of the query compiles to another".into());
    }
    let mut contenders: Vec<Contender<'_>> = vec![Box::new(|operations| {
        measure(operations, || {
            for _ in 0..operations {
                black_box(expr::compile(black_box(QUERY))?);
            }
            Ok(())
        })
    })];
    Ok(line.timed(&race(&mut contenders, settings)?))
}

/// Times loading a document, beside what serde_json takes to read it into its generic value; per instance.
fn load_json(line: Line, settings: Settings) -> Outcome<Line> {
    if line.n > DOCUMENT_INSTANCES_MAX {
        return Ok(line);
    }
    let text = describe(line.n);
    let loaded = Session::from_json(&text, SessionOptions::default())?.cluster().instances().len();
    if loaded != line.n {
        return Err(format!("{loaded} of {} instances are loaded", line.n).into());
    }
    let n = line.n;
    let repeat = |operations: usize| operations.div_ceil(n);
    let mut contenders: Vec<Contender<'_>> = vec![
        Box::new(|operations| {
            measure(n * repeat(operations), || {
                for _ in 0..repeat(operations) {
                    black_box(Session::from_json(&text, SessionOptions::default())?);
                }
                Ok(())
            })
        }),
        Box::new(|operations| {
            measure(n * repeat(operations), || {
                for _ in 0..repeat(operations) {
                    black_box(serde_json::from_str::<serde_json::Value>(&text)?);
                }
                Ok(())
            })
        }),
    ];
    let timings = race(&mut contenders, settings)?;
    Ok(Line { rival_ns: timings.get(1).map(|timing| timing.nanos), ..line.timed(&timings[..1]) })
}

/// Bytes per instance and per task: what the cluster holds with room for exactly what is in it.
#[expect(clippy::cast_precision_loss, reason = "bytes far below 2^52")]
fn memory(line: Line, cell: &Cell) -> Outcome<Line> {
    let fleet = Fleet::new(cell.instances, cell.state);
    let empty = fleet.instances(Route::Indexed, Capacity::default())?.memory_usage();
    let room = Capacity { tasks: fleet.tasks.len(), ports: fleet.tasks.len() / 8, ..Capacity::default() };
    let mut cluster = fleet.instances(Route::Indexed, room)?;
    let (tasks, requests) = fleet.start_tasks(&mut cluster)?;
    for request in requests {
        cluster.release(request)?;
    }
    let bytes = cluster.memory_usage();
    Ok(Line {
        bytes_per_instance: Some(empty as f64 / cell.instances as f64),
        bytes_per_task: Some(bytes.saturating_sub(empty) as f64 / tasks.len() as f64),
        ..line
    })
}

/// Whether the rival can answer a cell's question: no constraint, the fullest instance.
fn is_rivals(cell: &Cell) -> bool {
    let binpack = cell.chain.name().starts_with("binpack") && cell.limit.name() == "none";
    binpack && matches!(cell.operation, Operation::Place | Operation::Churn)
}

/// What the rival prints.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rival {
    /// CPU time of a placement.
    place_ns: f64,
    /// CPU time of a placement and a release.
    churn_ns: f64,
}

/// Builds and runs the rival; nothing where that does not work.
fn rival(instances: usize) -> Option<Rival> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/rival/Cargo.toml");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["run", "--quiet", "--release", "--manifest-path", manifest, "--", &instances.to_string()];
    let output = Command::new(cargo).args(arguments).output().ok()?;
    let figures = serde_json::from_slice(&output.stdout).ok();
    if figures.is_none() {
        eprintln!("the rival does not run: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    figures
}

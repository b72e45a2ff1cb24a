//! Every cell proved, then timed: one JSON object a line on standard output, the ratios on standard error.
//!
//! A cell first takes the same steps on the indexed route and on the scan, and on the kernel where that answers the same
//! question, and fails on the first difference. Then the routes, the kernel (the faster of its designs, built with the same
//! flags) and, where it applies, the rival take turns slice by slice; the median CPU time of an operation counts.
//!
//! `cargo run --release -p placewright-benches --bin grid -- [--only SUBSTRING]... [--n 1000,10000] [--quick]`

mod line;
mod rival;
mod rows;
mod texts;
mod what_if;

use std::collections::BTreeMap;
use std::hint::black_box;

use clap::Parser;
use placewright::{Capacity, Cluster, Route, TaskId};
use placewright_benches::Fleet;
use placewright_benches::cell::{Cell, Operation};
use placewright_benches::churn::{Churn, KernelChurn};
use placewright_benches::kernel::{Scan, Tree};
use placewright_benches::meter::{Contender, Counting, Outcome, Sample, Settings, Timing, measure, race};

use line::Line;
use rival::Rival;
use rows::{batch, list};
use texts::{compile_expression, load_json};
use what_if::{explain, rollback};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Numbers of instances that are timed unless others are asked for.
const INSTANCES: [usize; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];
/// Largest of them in a quick run.
const INSTANCES_QUICK_MAX: usize = 10_000;
/// Fewest and most steps of a proof.
const PROOF_STEPS: (usize, usize) = (20, 2_000);
/// Where fewer tasks of a proof than one in so many find an instance, that is said: it then times looking in vain.
const PLACED_SHARE: usize = 20;

/// Proves and times the cells of the grid.
#[derive(Debug, Parser)]
struct Arguments {
    /// Only cells whose name holds this text, or one of these where it is given more than once
    #[arg(long, value_name = "SUBSTRING")]
    only: Vec<String>,
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
        cells.retain(|cell| {
            let name = cell.to_string();
            arguments.only.is_empty() || arguments.only.iter().any(|only| name.contains(only))
        });
        found |= !cells.is_empty();
        cells.sort_by_key(|cell| cell.state as usize);
        let mut originals: Option<Originals> = None;
        for cell in &cells {
            if originals.as_ref().is_some_and(|originals| originals.fleet.state != cell.state) {
                originals = None;
            }
            let mut line = run(cell, &mut originals, settings)?;
            if !arguments.quick && rival::is_rivals(cell) {
                let figures: Option<Rival> = *rivals.entry(n).or_insert_with(|| rival::run(n));
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
    format!("no cell of these sizes has `{}` in its name; one is called `{example}`", arguments.only.join("` or `"))
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
        operation if operation.is_in_savepoint() => vec![
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
    let (mut step, mut placed) = (0, 0);
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
        placed += usize::from(found.is_some());
        step += 1;
    }
    if placed * PLACED_SHARE < steps {
        eprintln!("{cell}: only {placed} of {steps} tasks of the proof find an instance");
    }
    Ok(())
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

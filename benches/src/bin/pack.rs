//! Packs published instances, in shuffled order, through the independent checker: one JSON object a line for each instance,
//! then one for each class.
//!
//! `--data` names a folder of JSON lines with `name`, `capacity`, `items`, and `lb` with `ub` or with `opt` and
//! `best_heuristic`. Times are CPU seconds of the one thread. With `--scale`, times one pass on generated problems instead.

use std::collections::BTreeMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Parser;
use placewright::pack::{BinType, Item, Options, Problem, Solver, solve, verify};
use placewright_benches::meter::cpu_nanos;
use serde::Deserialize;
use serde_json::{Value, json};

/// Arguments.
#[derive(Debug, Parser)]
struct Args {
    /// Folder of the instances; skipped, saying so, where it is absent.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/vbp-mommessin-2024"))]
    data: PathBuf,
    /// Only files that begin so.
    #[arg(long, default_value = "")]
    class: String,
    /// CPU seconds for each instance; without it, and without --steps, as long as the solver likes.
    #[arg(long)]
    seconds: Option<f64>,
    /// Steps for each instance.
    #[arg(long)]
    steps: Option<u64>,
    /// Only every so many instances.
    #[arg(long, default_value_t = 1)]
    stride: usize,
    /// Only instances of at least so many items.
    #[arg(long, default_value_t = 0)]
    least: usize,
    /// Solver.
    #[arg(long, default_value = "auto")]
    solver: String,
    /// Seed of the shuffle and of the solver.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only the lines of classes.
    #[arg(long)]
    brief: bool,
    /// Time one pass on generated problems of growing size instead.
    #[arg(long)]
    scale: bool,
}

/// One line of a file.
#[derive(Debug, Deserialize)]
struct Line {
    /// Name.
    name: String,
    /// One capacity, or one for each dimension.
    capacity: Value,
    /// Sizes, or rows of them.
    items: Vec<Value>,
    /// Published lower bound.
    lb: u64,
    /// Best known value of the one-dimensional sets.
    ub: Option<u64>,
    /// Optimum of the others, where it is known.
    opt: Option<u64>,
    /// Best of the published heuristics.
    best_heuristic: Option<u64>,
}

/// Sums over a class.
#[derive(Debug, Default)]
struct Sum {
    instances: usize,
    value: u64,
    known: u64,
    proven: usize,
    at_known: usize,
    heuristic: u64,
    open: usize,
    better: usize,
    worse: usize,
    ratio: f64,
    nanos: u64,
}

/// Seconds in nanoseconds; those of a negative number are none.
fn nanos_of(seconds: f64) -> u64 {
    let time = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A row of amounts.
fn amounts(value: &Value) -> Result<Vec<u64>, Box<dyn Error>> {
    let one = |value: &Value| value.as_u64().ok_or_else(|| format!("`{value}` is no amount"));
    Ok(match value {
        Value::Array(row) => row.iter().map(one).collect::<Result<_, _>>()?,
        single => vec![one(single)?],
    })
}

/// The same rows in another order.
fn shuffled<T>(mut rows: Vec<T>, mut state: u64) -> Vec<T> {
    for at in (1..rows.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let wide = u128::from(state) * (at as u128 + 1);
        rows.swap(at, usize::try_from(wide >> 64).unwrap_or_default());
    }
    rows
}

/// The problem of rows of amounts.
fn problem(capacity: &[u64], rows: &[Vec<u64>]) -> Result<Problem, Box<dyn Error>> {
    let mut builder = Problem::builder((0..capacity.len()).map(|at| format!("d{at}")))?;
    builder.add_type(&BinType::new("bin", capacity))?;
    for row in rows {
        builder.add_item(&Item::new("", row))?;
    }
    Ok(builder.build()?)
}

/// Packs one instance, and says what came of it.
fn run(line: &Line, args: &Args, sum: &mut Sum) -> Result<Value, Box<dyn Error>> {
    let capacity = amounts(&line.capacity)?;
    let rows = line.items.iter().map(amounts).collect::<Result<Vec<_>, _>>()?;
    let problem = problem(&capacity, &shuffled(rows, args.seed))?;
    let options = Options {
        solver: Solver::from_name(&args.solver)?,
        seed: args.seed,
        steps: args.steps.or(args.seconds.map(|_| u64::MAX)),
        ..Options::default()
    };
    let start = cpu_nanos();
    let deadline = args.seconds.map(|seconds| start.saturating_add(nanos_of(seconds)));
    let answer = solve(&problem, &options, &mut |_| {
        if deadline.is_some_and(|deadline| cpu_nanos() >= deadline) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    let nanos = cpu_nanos() - start;
    let verdict = verify(&problem, &answer.packing)?;
    let bound = u64::try_from(answer.lower_bound.div_ceil(1_000_000))?;
    if verdict.cost != answer.value || verdict.missing.iter().any(|&missing| missing > 0) || bound > verdict.bins {
        return Err(format!("`{}`: the answer is wrong", line.name).into());
    }
    let known = line.ub.or(line.opt);
    if known.is_some_and(|known| bound > known) || (answer.optimal && line.lb > verdict.bins) {
        return Err(format!("`{}`: the bound {bound} is wrong", line.name).into());
    }
    let target = known.unwrap_or(line.lb);
    sum.instances += 1;
    sum.value += verdict.bins;
    sum.known += target;
    sum.proven += usize::from(answer.optimal);
    sum.at_known += usize::from(verdict.bins <= target);
    sum.ratio += verdict.bins as f64 / target as f64;
    sum.nanos += nanos;
    if let Some(heuristic) = line.best_heuristic {
        sum.heuristic += heuristic;
        sum.open += usize::from(heuristic > target);
        sum.better += usize::from(heuristic > target && verdict.bins < heuristic);
        sum.worse += usize::from(verdict.bins > heuristic);
    }
    Ok(json!({
        "name": line.name, "items": line.items.len(), "value": verdict.bins, "bound": bound, "boundName": answer.bound_name,
        "optimal": answer.optimal, "lb": line.lb, "known": known, "bestHeuristic": line.best_heuristic,
        "solver": answer.solver, "steps": answer.steps, "seconds": nanos as f64 / 1e9,
    }))
}

/// Files of instances, by name.
fn files(folder: &Path, class: &str) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_of_class = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(class));
        if is_of_class && path.extension().is_some_and(|extension| extension == "jsonl") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Times passes on generated problems.
fn scale(args: &Args) -> Result<(), Box<dyn Error>> {
    let solver = Solver::from_name(&args.solver)?;
    for (items, kinds) in
        [(100_000, 200), (1_000, 1_000), (3_000, 3_000), (10_000, 10_000), (30_000, 30_000), (100_000, 100_000)]
    {
        let mut state = args.seed;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            1 + (state >> 33) % 400_000
        };
        let distinct: Vec<Vec<u64>> = (0..kinds).map(|_| (0..4).map(|_| draw()).collect()).collect();
        let rows: Vec<Vec<u64>> = (0..items).map(|at| distinct[at % kinds].clone()).collect();
        let start = cpu_nanos();
        let problem = problem(&[1_000_000; 4], &rows)?;
        let built = cpu_nanos();
        let options = Options { solver, steps: args.steps.or(Some(1)), ..Options::default() };
        let deadline = args.seconds.map(|seconds| built.saturating_add(nanos_of(seconds)));
        let answer = solve(&problem, &options, &mut |_| {
            if deadline.is_some_and(|deadline| cpu_nanos() >= deadline) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        let done = cpu_nanos();
        let verdict = verify(&problem, &answer.packing)?;
        let line = json!({
            "items": items, "kinds": kinds, "dimensions": 4, "value": verdict.bins,
            "bound": u64::try_from(answer.lower_bound.div_ceil(1_000_000))?, "solver": answer.solver, "steps": answer.steps,
            "buildSeconds": (built - start) as f64 / 1e9, "solveSeconds": (done - built) as f64 / 1e9,
        });
        println!("{line}");
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    if args.scale {
        return scale(&args);
    }
    if !args.data.is_dir() {
        println!("skipped: there is no folder {}", args.data.display());
        return Ok(());
    }
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    for file in files(&args.data, &args.class)? {
        let class = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_string();
        let sum = sums.entry(class).or_default();
        let text = std::fs::read_to_string(&file)?;
        let lines = text.lines().map(serde_json::from_str::<Line>).collect::<Result<Vec<_>, _>>()?;
        for line in lines.iter().filter(|line| line.items.len() >= args.least).step_by(args.stride) {
            let answer = run(line, &args, sum)?;
            if !args.brief {
                println!("{answer}");
            }
        }
    }
    for (class, sum) in sums.iter().filter(|(_, sum)| sum.instances > 0) {
        let count = sum.instances as f64;
        let mean = |total: u64| total as f64 / count;
        println!(
            "{}",
            json!({
                "class": class, "instances": sum.instances, "value": mean(sum.value), "known": mean(sum.known),
                "above": mean(sum.value) - mean(sum.known), "ratio": sum.ratio / count, "proven": sum.proven,
                "atKnown": sum.at_known, "heuristic": mean(sum.heuristic), "heuristicAbove": sum.open,
                "better": sum.better, "worse": sum.worse, "seconds": mean(sum.nanos) / 1e9,
            })
        );
    }
    Ok(())
}

//! Buys instances for mixes of two production traces, and says how far from the cheapest the plan can be.
//!
//! `cargo run --release --example fleet -- [FOLDER] [--mix azure|openb] [--count N] [--seeds N] [--steps N]`
//!
//! FOLDER holds `ec2-shapes`, `azure-vm-2017` and `openb-gpu-2023`. A mix is N items drawn by a seed, without repetition:
//! from the Azure arrivals, each its vCPU and memory; from the OpenB pods, their CPU, memory and number of GPUs, where a share
//! of a GPU counts as one. The catalogue is every shape sold in us-east-1 but the burstable ones, at its on-demand price. Each
//! plan is checked by `verify`, on the items in the order drawn, which is no order.

use std::collections::HashMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use placewright::pack::{BinType, Bound, Item, Options, Problem, verify};
use placewright::planner::fleet::{Fleet, FleetOptions};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Where our copies are, seen from this package.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
/// Millionths in a unit of cost.
const UNIT: f64 = 1e6;

/// Whatever went wrong; ends the program.
type Fault = Box<dyn Error>;

/// What the command line asks for.
struct Arguments {
    folder: PathBuf,
    mix: String,
    count: usize,
    seeds: u64,
    steps: Option<u64>,
}

impl Arguments {
    /// Reads the command line.
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, Fault> {
        let mut arguments = Self { folder: FOLDER.into(), mix: "azure".into(), count: 1000, seeds: 1, steps: None };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("`{word}` needs a value"));
            match word.as_str() {
                "--mix" => arguments.mix = value()?,
                "--count" => arguments.count = value()?.parse()?,
                "--seeds" => arguments.seeds = value()?.parse()?,
                "--steps" => arguments.steps = Some(value()?.parse()?),
                option if option.starts_with("--") => return Err(format!("option `{option}` is unknown").into()),
                _ => arguments.folder = word.into(),
            }
        }
        Ok(arguments)
    }
}

/// A shape: name, CPU, memory and GPUs, and its price in millionths.
type Shape = (String, [u64; 3], u64);

/// The shapes but the burstable ones.
fn shapes(folder: &Path) -> Result<Vec<Shape>, Fault> {
    let mut reader = csv::Reader::from_path(folder.join("ec2-shapes/ec2_us-east-1.csv"))?;
    let mut shapes = Vec::new();
    for row in reader.deserialize() {
        let row: HashMap<String, String> = row?;
        if row["category"] == "t" || row["price_usd_hour"].is_empty() {
            continue;
        }
        let amount = |column: &str| if row[column].is_empty() { Ok(0) } else { row[column].parse::<u64>() };
        let (whole, fraction) = row["price_usd_hour"].split_once('.').unwrap_or((&row["price_usd_hour"], ""));
        let price = whole.parse::<u64>()? * 1_000_000 + format!("{fraction:0<6}").parse::<u64>()?;
        let has = [amount("alloc_cpu_milli")?, amount("alloc_memory_mib")?, amount("gpu_count")?];
        shapes.push((row["instance_type"].clone(), has, price));
    }
    Ok(shapes)
}

/// Every item of a trace.
fn items(folder: &Path, mix: &str) -> Result<Vec<[u64; 3]>, Fault> {
    match mix {
        "azure" => {
            let text = std::fs::read_to_string(folder.join("azure-vm-2017/flav_map.txt"))?;
            let mut flavours = HashMap::new();
            for line in text.lines() {
                let (size, name) = line.split_once(' ').ok_or("a flavour has no name")?;
                let (cpu, memory) = size.split_once(',').ok_or("a flavour has no memory")?;
                // Quarters of a GiB, so nothing is rounded.
                let memory = memory.parse::<f64>()? * 1024.0;
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small whole number")]
                flavours.insert(name.to_owned(), [cpu.parse::<u64>()? * 1000, memory as u64, 0]);
            }
            let text = std::fs::read_to_string(folder.join("azure-vm-2017/dev.flavors.txt"))?;
            let names = text.lines().filter_map(|line| line.split_once(' ')).flat_map(|(_, names)| names.split(','));
            Ok(names.filter_map(|name| flavours.get(name).copied()).collect())
        }
        "openb" => {
            let mut reader = csv::Reader::from_path(folder.join("openb-gpu-2023/openb_pod_list_default.csv"))?;
            let mut pods = Vec::new();
            for row in reader.deserialize() {
                let row: HashMap<String, String> = row?;
                pods.push([row["cpu_milli"].parse()?, row["memory_mib"].parse()?, row["num_gpu"].parse()?]);
            }
            Ok(pods)
        }
        other => Err(format!("mix `{other}` is unknown; write azure or openb").into()),
    }
}

/// So many of the items, drawn by a seed.
fn drawn(items: &[[u64; 3]], count: usize, seed: u64) -> Vec<[u64; 3]> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut items = items.to_vec();
    let count = count.min(items.len());
    for at in 0..count {
        let wide = u128::from(random.next_u64()) * (items.len() - at) as u128;
        items.swap(at, at + usize::try_from(wide >> 64).unwrap_or(0));
    }
    items.truncate(count);
    items
}

fn main() -> Result<(), Fault> {
    let arguments = Arguments::read(std::env::args().skip(1))?;
    if !arguments.folder.exists() {
        println!("skipped: there is no folder {}", arguments.folder.display());
        return Ok(());
    }
    let shapes = shapes(&arguments.folder)?;
    let all = items(&arguments.folder, &arguments.mix)?;
    println!("mix    items seed       cost      bound    gap  best single type          dearer  seconds");
    for seed in 0..arguments.seeds {
        let mut builder = Problem::builder(["cpu", "memory", "gpu"])?;
        for demand in drawn(&all, arguments.count, seed) {
            builder.add_item(&Item::new("", &demand))?;
        }
        let solve = Options { steps: arguments.steps, bound: Bound::Lp, seed, ..Options::default() };
        let mut fleet = Fleet::new(builder, FleetOptions { solve, ..FleetOptions::default() })?;
        for (name, capacity, price) in &shapes {
            fleet.add_offer(&BinType::new(name, capacity).with_cost(*price))?;
        }
        let start = Instant::now();
        let plan = fleet.plan(&mut |_| ControlFlow::Continue(()))?;
        let seconds = start.elapsed().as_secs_f64();
        let verdict = verify(&plan.problem, &plan.answer.packing)?;
        assert_eq!((verdict.cost, verdict.missing.iter().sum::<u64>()), (plan.answer.value, 0), "the plan is wrong");
        let single = plan.alternatives.iter().find(|alternative| alternative.name == "single-type");
        let name = single.and_then(|single| single.offer.as_deref()).unwrap_or("none");
        let more = single.map_or(0.0, |single| single.cost as f64 / plan.answer.value as f64 - 1.0);
        println!(
            "{:6} {:5} {seed:4} {:10.4} {:10.4} {:5.2}%  {name:22} {:8.2}%  {seconds:7.1}",
            arguments.mix,
            arguments.count,
            plan.answer.value as f64 / UNIT,
            plan.answer.lower_bound as f64 / UNIT,
            plan.answer.gap() * 100.0,
            more * 100.0,
        );
    }
    Ok(())
}

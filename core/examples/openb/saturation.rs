//! The saturation experiment of "Beware of Fragmentation" (USENIX ATC 2023): tasks arrive in random order until they ask for more
//! GPUs than there are, and each is tried once; which part of all GPUs ends up allocated?
//!
//! - For a seed the tasks of a list are shuffled. While they ask for less than the demand wanted, tasks drawn with replacement
//!   are appended; where they ask for more, tasks are dropped. The original's random stream is not reproduced, so means over
//!   seeds are what can be compared with its figures.
//! - The share is noted when the arrived demand first reaches all GPUs, and at the end.
//! - The target workload of `fgd` is the distinct (CPU, GPUs, models) of the list, most frequent first, until they cover 95 %
//!   of its tasks. Of equally frequent ones, the larger comes first. That of `headroom` has memory too, and its weights count
//!   how scarce the instances are that a kind can use.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;

use placewright::limits::DEVICE_WHOLE;
use placewright::{
    BinpackField, Capacity, Cluster, Demand, GpuDemand, Outcome, RequestId, SpreadField, Strategy, StrategyChain,
    Workload, WorkloadKind,
};
use rand_core::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::Fault;
use crate::trace::{Table, Trace, condition, register};

/// The policies by name.
const POLICIES: [&str; 8] = ["first-fit", "binpack", "spread", "random", "best-fit", "dot-product", "fgd", "headroom"];
/// Part of a list's tasks that the target workload covers, in percent.
const COVERED: usize = 95;

/// A share of a whole, in thousandths.
#[derive(Clone, Copy)]
pub(crate) struct Share(u64);

impl Share {
    /// The demand of the published experiment.
    pub(crate) const DEFAULT: Self = Self(1300);
}

impl FromStr for Share {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let (whole, parts) = text.split_once('.').unwrap_or((text, ""));
        let is_number =
            !whole.is_empty() && parts.len() <= 3 && [whole, parts].concat().bytes().all(|b| b.is_ascii_digit());
        let thousandths = is_number.then(|| format!("{whole}{parts:0<3}").parse().ok()).flatten();
        thousandths
            .filter(|share| (1..=10_000).contains(share))
            .map(Self)
            .ok_or_else(|| format!("no share: {text}").into())
    }
}

/// The nodes, the tasks, and how many of them arrive.
pub(crate) struct Experiment {
    /// The instances, nothing on them.
    empty: Cluster,
    /// The tasks.
    trace: Trace,
    /// Thousandths of all GPUs.
    total: u64,
    /// Demand that arrives.
    demand: Share,
}

/// Thousandths of a GPU that a task takes.
fn thousandths(demand: &Demand) -> u64 {
    match demand.gpus {
        GpuDemand::Whole(count) => u64::from(count) * u64::from(DEVICE_WHOLE),
        GpuDemand::Share(share) => share.into(),
        _ => 0,
    }
}

/// A number below a bound.
fn below(draws: &mut Xoshiro256PlusPlus, bound: usize) -> usize {
    let product = u128::from(draws.next_u64()) * bound as u128;
    usize::try_from(product >> 64).unwrap_or(0)
}

impl Experiment {
    /// Reads nodes and pods.
    pub(crate) fn read(nodes: &Path, pods: &Path, demand: Share) -> Result<Self, Fault> {
        let mut empty = Cluster::new();
        register(&mut empty, &Table::read(nodes)?)?;
        let trace = Trace::read(&Table::read(pods)?)?;
        let mut total = 0;
        for id in empty.instances() {
            total += empty.instance(id)?.devices().map(|_| u64::from(DEVICE_WHOLE)).sum::<u64>();
        }
        if total == 0 || trace.arrivals.is_empty() {
            return Err("there are no GPUs, or no tasks".into());
        }
        Ok(Self { empty, trace, total, demand })
    }

    /// The target workload: kinds of tasks by frequency, until they cover most of the list.
    fn workload(&self, with_memory: bool) -> Result<Workload, Fault> {
        let mut counts: HashMap<(i64, i64, GpuDemand, &str), u32> = HashMap::new();
        for &kind in &self.trace.arrivals {
            let (demand, models) = &self.trace.kinds[kind];
            let memory = if with_memory { demand.memory_mib } else { 0 };
            *counts.entry((demand.cpu, memory, demand.gpus, models)).or_default() += 1;
        }
        let size = |gpus: GpuDemand| match gpus {
            GpuDemand::Whole(count) => (DEVICE_WHOLE, count),
            GpuDemand::Share(share) => (share, 1),
            _ => (0, 0),
        };
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|&((cpu, memory, gpus, models), count)| Reverse((count, cpu, size(gpus), memory, models)));
        let (mut covered, mut kinds) = (0, Vec::new());
        for ((cpu, memory, gpus, models), count) in counts {
            if 100 * covered >= COVERED * self.trace.arrivals.len() {
                break;
            }
            covered += count as usize;
            let kind = WorkloadKind::new(cpu, memory, gpus).with_weight(count);
            kinds.push(WorkloadKind { condition: condition(models)?, ..kind });
        }
        Ok(Workload::new(kinds)?)
    }

    /// The chain of a policy.
    fn chain(&self, policy: &str) -> Result<StrategyChain, Fault> {
        Ok(match policy {
            "first-fit" => StrategyChain::default(),
            "binpack" => Strategy::Binpack(BinpackField::Memory).into(),
            "spread" => Strategy::Spread(SpreadField::InstanceId).into(),
            "random" => Strategy::Random.into(),
            "best-fit" => Strategy::BestFit.into(),
            "dot-product" => Strategy::DotProduct.into(),
            "fgd" => Strategy::Fragmentation(self.workload(false)?).into(),
            "headroom" => Strategy::Headroom(self.empty.weigh_by_scarcity(&self.workload(true)?)).into(),
            other => return Err(format!("policy `{other}` is none of {}", POLICIES.join(", ")).into()),
        })
    }

    /// The kinds of the tasks that arrive, in order.
    fn arrivals(&self, seed: u64) -> Vec<usize> {
        let mut draws = Xoshiro256PlusPlus::seed_from_u64(seed);
        let tasks = &self.trace.arrivals;
        let mut arrivals = tasks.clone();
        for at in (1..arrivals.len()).rev() {
            arrivals.swap(at, below(&mut draws, at + 1));
        }
        let of = |kind: usize| thousandths(&self.trace.kinds[kind].0);
        let most = self.total * self.demand.0 / 1000;
        let mut asked: u64 = arrivals.iter().map(|&kind| of(kind)).sum();
        while asked > most {
            asked -= arrivals.pop().map_or(asked, of);
        }
        loop {
            let kind = tasks[below(&mut draws, tasks.len())];
            if asked + of(kind) > most {
                return arrivals;
            }
            asked += of(kind);
            arrivals.push(kind);
        }
    }

    /// One seed: percent of all GPUs allocated when all of them have been asked for, and at the end.
    fn saturate(&self, cluster: &mut Cluster, requests: &[RequestId], seed: u64) -> Result<(f64, f64), Fault> {
        let arrivals = self.arrivals(seed);
        cluster.reserve(Capacity { instances: 0, tasks: arrivals.len(), ..Capacity::default() });
        let (mut arrived, mut allocated, mut at_all) = (0, 0, None);
        for &kind in &arrivals {
            let thousandths = thousandths(&self.trace.kinds[kind].0);
            arrived += thousandths;
            if let Outcome::Placed(_) = cluster.place_one(requests[kind])? {
                allocated += thousandths;
            }
            if arrived >= self.total {
                at_all.get_or_insert(allocated);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
        let percent = |part: u64| 100.0 * part as f64 / self.total as f64;
        Ok((percent(at_all.unwrap_or(allocated)), percent(allocated)))
    }

    /// Runs a policy for some seeds, or each policy, and prints what comes of it.
    pub(crate) fn run(&self, policy: &str, seeds: Range<u64>, is_json: bool) -> Result<(), Fault> {
        let end = self.demand.0 / 10;
        for policy in POLICIES.iter().filter(|&&known| policy == "all" || policy == known) {
            let chain = self.chain(policy)?;
            let (mut sums, count) = ((0.0, 0.0), seeds.clone().count());
            let mut ready = self.empty.clone();
            let requests = self.trace.prepare(&mut ready, &chain, 0)?;
            for seed in seeds.clone() {
                let mut cluster = ready.clone();
                let (all, last) = self.saturate(&mut cluster, &requests, seed)?;
                if is_json {
                    println!(
                        r#"{{"policy":"{policy}","seed":{seed},"allocation100":{all:.3},"allocation{end}":{last:.3}}}"#
                    );
                }
                sums = (sums.0 + all, sums.1 + last);
            }
            if !is_json {
                #[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
                let count = count.max(1) as f64;
                println!("{policy:<12} {:>7.3} % {:>7.3} %", sums.0 / count, sums.1 / count);
            }
        }
        if policy != "all" {
            self.chain(policy)?;
        }
        Ok(())
    }
}

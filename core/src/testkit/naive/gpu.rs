//! Our own strategies for GPUs, as gpu_policies.md has them: every instance measured anew, kind by kind.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde_json::Value;

use super::choose::{Ask, Rule};
use super::cluster::Cluster;
use super::definition::{Demand, Gpu};
use super::expr;
use super::value::{Res, get, integer, invalid, list, text};

/// One kind of a target workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    /// CPU units.
    cpu: i128,
    /// MiB.
    memory: i128,
    /// How many devices, and thousandths of each.
    gpus: (i128, i128),
    /// What an instance must satisfy.
    condition: Option<String>,
    /// How often.
    weight: i128,
}

/// What devices have left, in thousandths.
type Free = Vec<i128>;

impl Cluster {
    /// What each device of an instance has left.
    fn free(&self, at: usize) -> Free {
        let instance = &self.instances[at];
        (0..self.pool(at))
            .map(|position| {
                let holders = self.tasks_on(instance.key).filter(|task| task.devices.contains(&position));
                let left = holders.fold(1000, |left, task| match task.demand.gpu {
                    Gpu::Share(share) => left - share,
                    _ => 0,
                });
                if self.is_blocked(at, position) { 0 } else { left }
            })
            .collect()
    }

    /// The devices of an instance that the task of a request takes.
    pub(super) fn devices_by(&self, at: usize, ask: &Ask) -> Vec<usize> {
        let demand = &ask.definition.demand;
        let ranked = ask.chain.iter().find(|rule| matches!(rule, Rule::Fragmentation(_) | Rule::Headroom(_)));
        let (Some(rule), Gpu::Share(share)) = (ranked, &demand.gpu) else {
            return self.devices(at, &demand.gpu).unwrap_or_default();
        };
        let free = self.free(at);
        let positions = (0..free.len()).filter(|&position| free[position] >= *share);
        positions.min_by_key(|&position| (self.loss(at, rule, demand, &[position]), position)).into_iter().collect()
    }

    /// What an instance is ranked by, least first.
    pub(super) fn gpu_key(&self, at: usize, rule: &Rule, demand: &Demand) -> i128 {
        let (left, free) = (self.left(at), self.free(at));
        let (cpu, memory) = self.registered(at);
        let taken = self.devices(at, &demand.gpu).unwrap_or_default();
        let gpu = match demand.gpu {
            Gpu::None => 0,
            Gpu::Share(share) => share,
            _ => 1000 * taken.len() as i128,
        };
        let resources = [
            (cpu, left.cpu, demand.cpu),
            (memory, left.memory, demand.memory),
            (1000 * free.len() as i128, free.iter().sum(), gpu),
        ];
        let share = |of: i128, whole: i128| if whole > 0 { of.max(0) * 1_000_000 / whole } else { 0 };
        match rule {
            Rule::BestFit => resources.iter().map(|&(has, left, takes)| share(left - takes, has)).sum(),
            Rule::DotProduct => {
                let products = resources.iter().map(|&(has, left, takes)| share(takes, has) * share(left, has));
                products.sum::<i128>().min(i64::MAX.into())
            }
            _ => {
                let loss = match demand.gpu {
                    Gpu::Share(share) => {
                        let able = (0..free.len()).filter(|&position| free[position] >= share);
                        able.map(|position| self.loss(at, rule, demand, &[position])).min().unwrap_or(0)
                    }
                    _ => self.loss(at, rule, demand, &taken),
                };
                match rule {
                    Rule::Fragmentation(kinds) => {
                        let weight: i128 = kinds.iter().map(|kind| kind.weight).sum();
                        100 - score((weight * gpu - loss) as f64 / weight as f64)
                    }
                    _ => loss,
                }
            }
        }
    }

    /// By how much the worth of an instance falls when a task takes these devices.
    fn loss(&self, at: usize, rule: &Rule, demand: &Demand, devices: &[usize]) -> i128 {
        let (left, free) = (self.left(at), self.free(at));
        let mut after = free.clone();
        for &position in devices {
            after[position] -= if let Gpu::Share(share) = demand.gpu { share } else { 1000 };
        }
        self.worth(at, rule, (left.cpu, left.memory), &free)
            - self.worth(at, rule, (left.cpu - demand.cpu, left.memory - demand.memory), &after)
    }

    /// What the free devices of an instance are worth.
    fn worth(&self, at: usize, rule: &Rule, (cpu, memory): (i128, i128), free: &Free) -> i128 {
        let (kinds, is_headroom) = match rule {
            Rule::Fragmentation(kinds) => (kinds, false),
            Rule::Headroom(kinds) => (kinds, true),
            _ => return 0,
        };
        if self.has_slice(at) {
            return 0;
        }
        let facts = self.facts(at);
        let mut sum = 0;
        for kind in kinds {
            let (count, each) = kind.gpus;
            let admits = |text: &String| expr::parse(text).is_ok_and(|condition| expr::holds(&condition, &facts));
            if count == 0 || !kind.condition.as_ref().is_none_or(admits) {
                continue;
            }
            let large: Free = free.iter().copied().filter(|&left| left >= each).collect();
            // Whoever wants nothing of an amount does not mind that it is owed.
            let has = |left: i128, wants: i128| wants == 0 || left >= wants;
            let fits = has(cpu, kind.cpu) && has(memory, kind.memory) && large.len() as i128 >= count;
            let usable = if fits { kind.weight * large.iter().sum::<i128>() } else { 0 };
            if !is_headroom {
                sum += usable;
                continue;
            }
            let task = kind.weight * count * each * 1024;
            let slots =
                if each < 1000 { free.iter().map(|left| left / each).sum() } else { large.len() as i128 / count };
            let mut together = slots * task;
            for (left, takes) in [(cpu, kind.cpu), (memory, kind.memory)] {
                if takes > 0 {
                    together = together.min(left.max(0) * (task / takes));
                }
            }
            sum += 1024 * usable + 2 * together;
        }
        sum
    }
}

/// ⌊100 / (1 + e^(−fall/1000))⌋. The engine decides this in integers; here e is a power series, and 50 is exact for 0.
fn score(fall: f64) -> i128 {
    if fall == 0.0 {
        return 50;
    }
    // e^x = (e^(x/1024))^1024.
    let x = -fall / 1000.0 / 1024.0;
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 1..20 {
        term *= x / f64::from(n);
        sum += term;
    }
    for _ in 0..10 {
        sum *= sum;
    }
    (100.0 / (1.0 + sum)) as i128
}

/// Our own strategy of a request: a rule, or none at all for first fit; `None` where the request has no such key.
pub(super) fn own(request: &Value) -> Res<Option<Option<Rule>>> {
    let Some(own) = get(request, "xPlacementStrategy") else { return Ok(None) };
    let object = own.as_object().ok_or_else(|| invalid("`xPlacementStrategy` must be an object"))?;
    if let Some(key) = object.keys().find(|key| !["type", "workload"].contains(&key.as_str())) {
        return Err(invalid(format!("unknown key `{key}`")));
    }
    let kinds = || -> Res<Vec<Expected>> {
        let kinds = list(own, "workload")?.iter().map(expected).collect::<Res<Vec<_>>>()?;
        if kinds.is_empty() { Err(invalid("a workload has at least one kind")) } else { Ok(kinds) }
    };
    let rule = match text(own, "type")? {
        Some("fragmentation") => Some(Rule::Fragmentation(kinds()?)),
        Some("headroom") => Some(Rule::Headroom(kinds()?)),
        Some(_) if object.contains_key("workload") => return Err(invalid("no workload is wanted")),
        Some("firstFit") => None,
        Some("bestFit") => Some(Rule::BestFit),
        Some("dotProduct") => Some(Rule::DotProduct),
        _ => return Err(invalid("unknown type of strategy")),
    };
    Ok(Some(rule))
}

/// One kind of a workload.
fn expected(kind: &Value) -> Res<Expected> {
    let known = ["cpu", "memory", "gpus", "gpuShare", "expression", "weight"];
    let object = kind.as_object().ok_or_else(|| invalid("a kind must be an object"))?;
    if object.keys().any(|key| !known.contains(&key.as_str())) {
        return Err(invalid("unknown key of a kind"));
    }
    let gpus = match (integer(kind, "gpus")?, integer(kind, "gpuShare")?) {
        (None, None) => (0, 0),
        (Some(count @ 1..=64), None) => (count, 1000),
        (None, Some(share @ 1..=999)) => (1, share),
        _ => return Err(invalid("`gpus` or `gpuShare` is wrong")),
    };
    let (cpu, memory) = (integer(kind, "cpu")?.unwrap_or(0), integer(kind, "memory")?.unwrap_or(0));
    let weight = integer(kind, "weight")?.unwrap_or(1);
    if !(1..=1 << 20).contains(&weight) || [cpu, memory].iter().any(|amount| !(0..=(1 << 31) - 1).contains(amount)) {
        return Err(invalid("an amount or a weight is out of range"));
    }
    let condition = text(kind, "expression")?;
    condition.map(expr::parse).transpose()?;
    let condition = condition.map(ToString::to_string);
    Ok(Expected { cpu, memory, gpus, condition, weight })
}

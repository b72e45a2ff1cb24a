//! Explaining a decision: who was considered, why each instance fell away, who won and by what, and who came nearest.
//!
//! Everything is worked out from the facts of each instance when somebody asks, with none of the sets and columns that
//! choosing uses; placing itself counts nothing. The words are ECS's where ECS has words.

mod assist;
mod attributes;
mod verdicts;

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use hashbrown::HashMap;
use smallvec::SmallVec;

use crate::cluster::Cluster;
use crate::constraint::Constraint;
use crate::demand::GpuDemand;
use crate::error::Error;
use crate::id::{InstanceId, RequestId};
use crate::index::gauge::ranking::Ranking;
use crate::index::gauge::{HEADROOM_UNIT, Measure};
use crate::limits::RANDOM_DRAWS_MAX;
use crate::prepared::Prepared;
use crate::request::Request;
use crate::resource::ResourceKind;
use crate::select::draw::Draws;
use crate::select::fit;
use crate::select::judge::{Judge, Reason};
use crate::select::plan::{AbsentGroup, Plan, Rule};
use crate::state::State;
use crate::strategy::{BinpackField, SpreadField, Strategy, TieBreak};
use crate::workload::Workload;

pub use assist::{Completion, CompletionItem, CompletionKind, Diagnosis, Diagnostic, Suggestion, diagnose};
pub use attributes::AttributeSummary;
use verdicts::{Amounts, Asked, Check};
pub use verdicts::{Failure, Verdict, Verdicts};

/// How many instances were left after each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Funnel {
    /// In the cluster.
    pub registered: usize,
    /// ACTIVE and of the request's launch kind.
    pub considered: usize,
    /// Of those, able to hold the task.
    pub meet_requirements: usize,
    /// Of those, allowed by the constraints.
    pub meet_constraints: usize,
}

/// The key of an instance under one rule; the least wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreTerm {
    /// The rule, e.g. `binpack(memory)`.
    pub rule: String,
    /// The key; `None` where the rule draws.
    pub key: Option<i64>,
}

/// The instance that wins, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Winner {
    /// The instance.
    pub instance: InstanceId,
    /// Its name.
    pub name: String,
    /// Its keys, rule by rule.
    pub score: Vec<ScoreTerm>,
    /// The next best instance and its keys, when another is feasible.
    pub runner_up: Option<(String, Vec<ScoreTerm>)>,
    /// What told the two apart: a rule, or the tie-break.
    pub decided_by: String,
    /// What the winner's rank under a target workload means, where a rule ranks by one.
    pub detail: Option<String>,
}

/// The instance that came nearest to taking the task (semantics.md §2.4, U-24).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearestMiss {
    /// The instance.
    pub instance: InstanceId,
    /// Its name.
    pub name: String,
    /// Everything that is in the way, in the order of checks.
    pub failures: Vec<Failure>,
    /// The same in a phrase, e.g. `256 MiB of memory short on i-7`.
    pub text: String,
}

/// Why a request's next task goes where it goes, or nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Name of the task definition.
    pub definition: String,
    /// Task group.
    pub group: String,
    /// How many instances were left after each step.
    pub funnel: Funnel,
    /// How many instances failed each reason first, in the order of checks.
    pub reasons: Vec<(String, usize)>,
    /// Every instance considered, in registration order.
    pub verdicts: Verdicts,
    /// The winner, when there is one.
    pub winner: Option<Winner>,
    /// The nearest miss, when there is no winner.
    pub nearest_miss: Option<NearestMiss>,
}

impl Cluster {
    /// Explains where the next task of a request goes, or why nowhere. Changes nothing.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`](crate::ErrorKind::StaleHandle) for a released request.
    ///
    /// Cost: linear in instances, in tasks of its group where the request spreads or wants distinct instances, and in all
    /// tasks where an expression reads task groups; where a target workload ranks, for each candidate its devices times the
    /// kinds, and that for each device that a share could take. Allocates.
    pub fn explain(&self, id: RequestId) -> Result<Explanation, Error> {
        let prepared = self.prepared(id)?;
        let (state, request) = (self.state(), &prepared.request);
        let mut judge = Judge::of_many(state, &prepared.plan, request);
        let mut checks = Checks::new(self, prepared);
        let mut funnel = Funnel { registered: state.registry.len(), ..Funnel::default() };
        let mut feasible = Vec::new();
        for &slot in &state.registry {
            if !judge.considers(slot) {
                continue;
            }
            let reason = judge.first_failure(slot);
            let check = reason.map(|reason| checks.number(&judge, slot, reason));
            match reason {
                None => {
                    funnel.meet_constraints += 1;
                    feasible.push(slot);
                }
                Some(Reason::MemberOf(_) | Reason::DistinctInstance) => funnel.meet_requirements += 1,
                Some(_) => {}
            }
            let name = &state.info[slot as usize].name;
            checks.verdicts.push(state.instance_id(slot), name, check);
        }
        let reasons = checks.reasons();
        let verdicts = checks.verdicts;
        funnel.considered = verdicts.len();
        funnel.meet_requirements += funnel.meet_constraints;
        let winner = self.winner(prepared, &judge, feasible);
        let nearest_miss = if winner.is_none() { self.nearest_miss(prepared, &mut judge, &verdicts) } else { None };
        Ok(Explanation {
            definition: request.definition.clone(),
            group: request.group.clone(),
            funnel,
            reasons,
            verdicts,
            winner,
            nearest_miss,
        })
    }

    /// Every check that one instance fails for a request, in the order of checks; empty when it would take the task. An
    /// instance that is not ACTIVE fails with its status first.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`](crate::ErrorKind::StaleHandle) or
    /// [`ErrorKind::InstanceNotFound`](crate::ErrorKind::InstanceNotFound).
    ///
    /// Cost: one instance judged, its tasks included where they are asked about; allocates.
    pub fn explain_instance(&self, id: RequestId, instance: InstanceId) -> Result<Vec<Failure>, Error> {
        let prepared = self.prepared(id)?;
        let slot = self.state().instance_slot(instance).ok_or(Error::new(crate::error::ErrorKind::InstanceNotFound))?;
        let status = self.state().status[slot as usize];
        let mut failures = Vec::new();
        if status != crate::instance::InstanceStatus::Active {
            failures.push(self.failure(prepared, slot, Reason::Status(status)));
        }
        let mut judge = Judge::new(self.state(), &prepared.plan, &prepared.request);
        failures.extend(self.all_failures(prepared, &mut judge, slot));
        Ok(failures)
    }

    /// Every check that an instance fails.
    fn all_failures(&self, prepared: &Prepared, judge: &mut Judge<'_>, slot: u32) -> Vec<Failure> {
        let mut reasons = Vec::new();
        judge.judge(slot, |reason| {
            reasons.push(reason);
            true
        });
        reasons.into_iter().map(|reason| self.failure(prepared, slot, reason)).collect()
    }

    /// A failed check with its figures.
    fn failure(&self, prepared: &Prepared, slot: u32, reason: Reason) -> Failure {
        self.check(prepared, slot, reason).failure(amounts(self.state(), &prepared.request, reason, slot))
    }

    /// A failed check in words.
    fn check(&self, prepared: &Prepared, slot: u32, reason: Reason) -> Check {
        let (state, plan, request) = (self.state(), &prepared.plan, &prepared.request);
        let asked = match reason {
            Reason::Resource(kind) => Some(asked(state, plan, request, kind)),
            _ => None,
        };
        let is_silent = reason == Reason::Resource(ResourceKind::Ports)
            && state.has_port_conflict(slot, &state.demands.get(plan.demand).ports);
        let detail = match reason {
            Reason::Attribute => missing_attributes(state, request, slot),
            Reason::Resource(ResourceKind::Ports) => taken_ports(state, plan, slot),
            Reason::MemberOf(number) => match request.constraints.get(usize::from(number)) {
                Some(Constraint::MemberOf(expression)) => {
                    Some(format!("constraint {}: {}", number + 1, expression.source()))
                }
                _ => None,
            },
            Reason::Location => state.attributes.text(crate::attribute::AVAILABILITY_ZONE, slot).map_or_else(
                || Some("the instance has no zone".into()),
                |zone| Some(format!("the instance is in {zone}")),
            ),
            _ => None,
        };
        let is_share = is_share(request) && reason == Reason::Resource(ResourceKind::Gpu);
        Check { reason, text: self.reason_text(reason), asked, is_silent, is_share, detail }
    }

    /// The nearest miss: furthest through the checks, then the least shortfall, then registration order.
    fn nearest_miss(&self, prepared: &Prepared, judge: &mut Judge<'_>, verdicts: &Verdicts) -> Option<NearestMiss> {
        let rank = |reason: Reason| match reason {
            Reason::MemberOf(_) => Reason::MemberOf(0),
            other => other,
        };
        let failed = verdicts.failed().map(|(instance, check, amounts)| {
            let shortfall = check.asked.map_or(0, |asked| asked.shortfall(amounts));
            (instance, rank(check.reason), shortfall)
        });
        // The earliest registered of equals must win, so later ones replace it only when they are better.
        let (instance, ..) = failed.reduce(|best, other| {
            let better = other.1 > best.1 || (other.1 == best.1 && other.2 < best.2);
            if better { other } else { best }
        })?;
        let failures = self.all_failures(prepared, judge, instance.slot());
        let name: String = self.state().info[instance.slot() as usize].name.clone().into();
        let text = miss_text(&name, &failures);
        Some(NearestMiss { instance, name, failures, text })
    }

    /// The winner among feasible instances, which stand in registration order.
    fn winner(&self, prepared: &Prepared, judge: &Judge<'_>, feasible: Vec<u32>) -> Option<Winner> {
        let state = self.state();
        let (plan, request) = (&prepared.plan, &prepared.request);
        let scores = Scores::new(state, (plan, request), judge, feasible);
        let best = scores.iter().map(|(_, keys)| keys).min()?;
        let draws = plan.rules.contains(&Rule::Random) || plan.tie_break == TieBreak::Seeded;
        let mut tied = scores.iter().filter(|(_, keys)| *keys == best).map(|(slot, _)| slot);
        let slot = if draws { drawn(state, plan, &tied.collect::<Vec<_>>()) } else { tied.next() }?;
        let runner_up = scores.iter().filter(|&(other, _)| other != slot).min_by_key(|(_, keys)| *keys);
        let terms = |keys: &[i64]| terms(request, plan, keys);
        let decided_by = match runner_up {
            None => "being the only feasible instance".to_owned(),
            Some((_, keys)) => match keys.iter().zip(best).position(|(other, best)| other != best) {
                Some(rule) => request.strategies.rules().get(rule).map(rule_text).unwrap_or_default(),
                None if plan.rules.contains(&Rule::Random) => "random".to_owned(),
                None if draws => "seeded tie-break".to_owned(),
                None => "registration order".to_owned(),
            },
        };
        Some(Winner {
            instance: state.instance_id(slot),
            name: state.info[slot as usize].name.clone().into(),
            score: terms(best),
            runner_up: runner_up.map(|(other, keys)| (state.info[other as usize].name.clone().into(), terms(keys))),
            decided_by,
            detail: detail(state, plan, request, slot),
        })
    }
}

/// The checks that instances of one explanation fail first, each kept once however many fail it alike.
struct Checks<'a> {
    /// The cluster.
    cluster: &'a Cluster,
    /// The request.
    prepared: &'a Prepared,
    /// Numbers of those that read the same of every instance.
    plain: Vec<(Reason, u32)>,
    /// Numbers of the others, by what they read.
    others: HashMap<(Reason, SmallVec<[u32; 6]>), u32, foldhash::fast::FixedState>,
    /// By number: instances that fail it first.
    counts: Vec<usize>,
    /// The instances so far.
    verdicts: Verdicts,
}

impl<'a> Checks<'a> {
    /// None yet.
    fn new(cluster: &'a Cluster, prepared: &'a Prepared) -> Self {
        let others = HashMap::with_hasher(foldhash::fast::FixedState::with_seed(0));
        let verdicts = Verdicts::with_capacity(cluster.state().registry.len());
        Self { cluster, prepared, plain: Vec::new(), others, counts: Vec::new(), verdicts }
    }

    /// The number of a check that an instance fails, and the amounts it is about.
    fn number(&mut self, judge: &Judge<'_>, slot: u32, reason: Reason) -> (u32, Amounts) {
        let amounts = amounts(self.cluster.state(), &self.prepared.request, reason, slot);
        let reads = matches!(reason, Reason::Attribute | Reason::Location | Reason::Resource(ResourceKind::Ports));
        let number = if reads {
            let key = (reason, self.read(judge, slot, reason));
            match self.others.get(&key) {
                Some(&number) => number,
                None => {
                    let number = self.add(slot, reason);
                    self.others.insert(key, number);
                    number
                }
            }
        } else {
            match self.plain.iter().find(|(known, _)| *known == reason) {
                Some(&(_, number)) => number,
                None => {
                    let number = self.add(slot, reason);
                    self.plain.push((reason, number));
                    number
                }
            }
        };
        self.counts[number as usize] += 1;
        (number, amounts)
    }

    /// The number of a check that is new.
    fn add(&mut self, slot: u32, reason: Reason) -> u32 {
        self.counts.push(0);
        self.verdicts.add_check(self.cluster.check(self.prepared, slot, reason))
    }

    /// Everything that the words of a check depend on.
    fn read(&self, judge: &Judge<'_>, slot: u32, reason: Reason) -> SmallVec<[u32; 6]> {
        let state = self.cluster.state();
        if reason == Reason::Resource(ResourceKind::Ports) {
            let ports = state.demands.get(self.prepared.plan.demand).ports.chunks(32);
            let taken = |ports: &[u32]| {
                let bits = (0u32..).zip(ports).filter(|&(_, &key)| state.has_port_conflict(slot, &[key]));
                bits.fold(0, |taken, (bit, _)| taken | 1 << bit)
            };
            return ports.map(taken).collect();
        }
        let values = judge.values(reason, slot).map(|value| value.map_or(0, |value| value.0 + 1));
        let has_eni = state.info[slot as usize].details().eni_task_slots.is_some();
        values.chain([u32::from(has_eni)]).collect()
    }

    /// How many instances failed each reason first, in the order of checks.
    fn reasons(&self) -> Vec<(String, usize)> {
        let counted = (0u32..).zip(&self.counts);
        let mut counts: Vec<_> = counted.map(|(number, &count)| (self.verdicts.check(number), count)).collect();
        counts.sort_by_key(|(check, _)| check.reason);
        counts.into_iter().fold(Vec::new(), |mut texts: Vec<(String, usize)>, (check, count)| {
            match texts.last_mut() {
                Some(last) if last.0 == check.text => last.1 += count,
                _ => texts.push((check.text.clone(), count)),
            }
            texts
        })
    }
}

/// The keys of instances under each rule up to the first that draws.
struct Scores {
    /// The instances.
    slots: Vec<u32>,
    /// Keys of each.
    width: usize,
    /// Keys, those of one instance in a row.
    keys: Vec<i64>,
}

impl Scores {
    /// Those of some instances.
    fn new(state: &State, (plan, request): (&Plan, &Request), judge: &Judge<'_>, slots: Vec<u32>) -> Self {
        let demand = state.demands.get(plan.demand);
        let width = plan.rules.iter().take_while(|&&rule| rule != Rule::Random).count();
        let mut scores = Self { keys: alloc::vec![0; slots.len() * width], slots, width };
        for (at, &rule) in plan.rules.iter().enumerate().take(width) {
            match rule {
                Rule::Random => {}
                Rule::BestFit => scores.fill(at, |slot| fit::best_fit(state, demand, slot)),
                Rule::DotProduct => scores.fill(at, |slot| fit::dot_product(state, demand, slot)),
                Rule::Gauge(_) => {
                    if let Some(gauge) = request.strategies.rules().get(at).and_then(gauge_of) {
                        scores
                            .fill(at, |slot| Ranking::of(state, gauge, demand.cpu_and_memory, demand.gpus(), slot).key);
                    }
                }
                Rule::Binpack(column) => scores.fill(at, |slot| state.remaining[column][slot as usize].into()),
                Rule::SpreadInstance => scores.fill(at, |slot| judge.tasks(slot).into()),
                Rule::SpreadAttribute(name) => {
                    let value = |slot| state.attributes.value(name, slot);
                    let mut tasks: Vec<_> =
                        state.registry.iter().map(|&slot| (value(slot), judge.tasks(slot))).collect();
                    tasks.retain(|&(_, tasks)| tasks > 0);
                    tasks.sort_unstable();
                    tasks.dedup_by(|next, sum| {
                        let is_same = next.0 == sum.0;
                        sum.1 += if is_same { next.1 } else { 0 };
                        is_same
                    });
                    let tasks_of =
                        |own| tasks.binary_search_by_key(&own, |&(value, _)| value).map_or(0, |at| tasks[at].1);
                    scores.fill(at, |slot| match value(slot) {
                        None if plan.absent_group == AbsentGroup::Last => i64::MAX,
                        own => tasks_of(own).into(),
                    });
                }
            }
        }
        scores
    }

    /// Notes the n-th key of each instance.
    fn fill(&mut self, at: usize, key: impl Fn(u32) -> i64) {
        for (&slot, keys) in self.slots.iter().zip(self.keys.chunks_exact_mut(self.width)) {
            keys[at] = key(slot);
        }
    }

    /// Each instance and its keys.
    fn iter(&self) -> impl Iterator<Item = (u32, &[i64])> {
        let keys = |at: usize| &self.keys[at * self.width..(at + 1) * self.width];
        self.slots.iter().enumerate().map(move |(at, &slot)| (slot, keys(at)))
    }
}

/// The instance a draw picks among those tied, which stand in registration order (semantics.md §3.2).
fn drawn(state: &State, plan: &Plan, tied: &[u32]) -> Option<u32> {
    let mut draws = Draws::new(plan.seed, state.sequence);
    for _ in 0..RANDOM_DRAWS_MAX {
        let slot = state.registry.get(draws.below(state.registry.len())).copied()?;
        if tied.contains(&slot) {
            return Some(slot);
        }
    }
    tied.get(draws.below(tied.len())).copied()
}

/// Keys with the names of their rules.
fn terms(request: &Request, plan: &Plan, keys: &[i64]) -> Vec<ScoreTerm> {
    let rules = request.strategies.rules().iter().zip(&plan.rules);
    let mut keys = keys.iter().copied();
    rules.map(|(rule, _)| ScoreTerm { rule: rule_text(rule), key: keys.next() }).collect()
}

/// A rule in words.
fn rule_text(rule: &Strategy) -> String {
    match rule {
        Strategy::Binpack(BinpackField::Cpu) => "binpack(cpu)".into(),
        Strategy::Binpack(BinpackField::Memory) => "binpack(memory)".into(),
        Strategy::Spread(SpreadField::InstanceId) => "spread(instanceId)".into(),
        Strategy::Spread(SpreadField::Attribute(name)) => format!("spread(attribute:{name})"),
        Strategy::Random => "random".into(),
        Strategy::BestFit => "bestFit".into(),
        Strategy::DotProduct => "dotProduct".into(),
        Strategy::Fragmentation(_) => "fragmentation".into(),
        Strategy::Headroom(_) => "headroom".into(),
    }
}

/// The target workload a rule ranks by, and how.
const fn gauge_of(rule: &Strategy) -> Option<(&Workload, Measure)> {
    match rule {
        Strategy::Fragmentation(workload) => Some((workload, Measure::Fragmentation)),
        Strategy::Headroom(workload) => Some((workload, Measure::Headroom)),
        _ => None,
    }
}

/// What the rank of the winner under a target workload means, for the first rule that ranks so.
fn detail(state: &State, plan: &Plan, request: &Request, slot: u32) -> Option<String> {
    let (workload, measure) = request.strategies.rules().iter().find_map(gauge_of)?;
    let demand = state.demands.get(plan.demand);
    let ranking = Ranking::of(state, (workload, measure), demand.cpu_and_memory, demand.gpus(), slot);
    let mut text = match measure {
        Measure::Fragmentation => {
            let (by, weight) = (ranking.loss.unsigned_abs(), workload.weight());
            let change = match ranking.loss {
                0 => "stays the same".to_owned(),
                loss => {
                    let thousandths = (by + weight / 2) / weight;
                    format!("{} by {thousandths} thousandths of a GPU", if loss > 0 { "grows" } else { "falls" })
                }
            };
            format!("score {} of 100: what the workload cannot use of its free GPUs {change}", 100 - ranking.key)
        }
        Measure::Headroom => {
            let unit = workload.weight().saturating_mul(HEADROOM_UNIT.unsigned_abs());
            let thousandths = (ranking.loss.unsigned_abs() + unit / 2) / unit;
            format!("its headroom for the workload falls by {thousandths} thousandths of a GPU")
        }
    };
    if is_share(request) {
        text.push_str(&format!(", on the GPU at position {}", ranking.position));
    }
    Some(text)
}

/// Whether a request asks for a share of a GPU.
const fn is_share(request: &Request) -> bool {
    matches!(request.demand.gpus, GpuDemand::Share(_))
}

/// The dimension that a check of a resource is about.
fn dimension(request: &Request, kind: ResourceKind) -> ResourceKind {
    if kind == ResourceKind::Gpu && is_share(request) { ResourceKind::GpuShare } else { kind }
}

/// The amounts of an instance that a check is about.
fn amounts(state: &State, request: &Request, reason: Reason, slot: u32) -> Amounts {
    let Reason::Resource(kind) = reason else { return Amounts::default() };
    let column = dimension(request, kind).column();
    Amounts { registered: state.registered[column][slot as usize], available: state.remaining[column][slot as usize] }
}

/// What a request asks of a resource.
fn asked(state: &State, plan: &Plan, request: &Request, kind: ResourceKind) -> Asked {
    let demand = &request.demand;
    match dimension(request, kind) {
        ResourceKind::Cpu => Asked::Amount(demand.cpu),
        ResourceKind::Memory => Asked::Amount(demand.memory_mib),
        ResourceKind::Gpu if demand.gpus == GpuDemand::All => Asked::All,
        kind => {
            let held = state.demands.get(plan.demand).amounts.iter().find(|&&(of, _)| usize::from(of) == kind.column());
            Asked::Amount(held.map_or(0, |&(_, amount)| amount.into()))
        }
    }
}

/// The required attributes an instance lacks.
fn missing_attributes(state: &State, request: &Request, slot: u32) -> Option<String> {
    let lacks = |name: &str, value: Option<&str>| match (state.attributes.text(name, slot), value) {
        (None, _) => true,
        (Some(has), Some(wanted)) => has != wanted,
        (Some(_), None) => false,
    };
    let required = request.demand.required_attributes.iter();
    let mut missing: Vec<String> = required
        .filter(|required| lacks(&required.name, required.value.as_deref()))
        .map(|required| match &required.value {
            Some(value) => format!("{}={value}", required.name),
            None => required.name.clone(),
        })
        .collect();
    if request.demand.eni
        && lacks(crate::attribute::TASK_ENI, None)
        && state.info[slot as usize].details().eni_task_slots.is_none()
    {
        missing.push(crate::attribute::TASK_ENI.into());
    }
    let own = [
        (crate::attribute::CPU_ARCHITECTURE, &request.demand.cpu_architecture),
        (crate::attribute::OS_TYPE, &request.demand.os_type),
    ];
    for (name, wanted) in own {
        if let (Some(wanted), Some(has)) = (wanted, state.attributes.text(name, slot)) {
            if wanted != has {
                missing.push(format!("{name}={wanted} (has {has})"));
            }
        }
    }
    (!missing.is_empty()).then(|| missing.join(", "))
}

/// The wanted ports that are taken on an instance.
fn taken_ports(state: &State, plan: &Plan, slot: u32) -> Option<String> {
    use crate::instance::Protocol;
    if plan.ports_clash {
        return Some("the task asks for one host port twice".into());
    }
    let keys = state.demands.get(plan.demand).ports.iter();
    let taken: Vec<String> = keys
        .filter(|&&key| state.has_port_conflict(slot, &[key]))
        .map(|&key| match crate::state::ports::port_of(key) {
            (Protocol::Tcp, port) => format!("{port}/tcp"),
            (Protocol::Udp, port) => format!("{port}/udp"),
        })
        .collect();
    if taken.is_empty() {
        Some("no room under the ceiling of reserved ports".into())
    } else {
        Some(format!("taken: {}", taken.join(", ")))
    }
}

/// What stands between an instance and the task, in a phrase.
fn miss_text(name: &str, failures: &[Failure]) -> String {
    let phrase = |failure: &Failure| match (failure.reason, failure.shortfall()) {
        (Reason::Resource(ResourceKind::Cpu), Some(short)) => format!("{short} CPU units short"),
        (Reason::Resource(ResourceKind::Memory), Some(short)) => format!("{short} MiB of memory short"),
        (Reason::Resource(ResourceKind::Ports), _) => {
            format!("host ports not free ({})", failure.detail.as_deref().unwrap_or("in use"))
        }
        (Reason::Resource(ResourceKind::Eni), _) => "no free task network interface".into(),
        (Reason::Resource(ResourceKind::Gpu), Some(short)) if failure.is_share => {
            format!("{short} thousandths of a GPU short")
        }
        (Reason::Resource(ResourceKind::Gpu), Some(1)) => "1 GPU short".into(),
        (Reason::Resource(ResourceKind::Gpu), Some(short)) => format!("{short} GPUs short"),
        (Reason::Resource(_), Some(short)) => {
            format!("{short} of {} short", failure.text.trim_start_matches("RESOURCE:"))
        }
        (Reason::Agent, _) => "its agent is disconnected".into(),
        (Reason::Attribute, _) => format!("lacks {}", failure.detail.as_deref().unwrap_or("a required attribute")),
        (Reason::Location, _) => "in none of the request's zones".into(),
        (Reason::MemberOf(number), _) => format!("would fit without constraint {}", number + 1),
        (Reason::DistinctInstance, _) => "already runs a task of the group".into(),
        _ => failure.text.clone(),
    };
    match failures {
        [only] => format!("{} on {name}", phrase(only)),
        several => {
            let phrases: Vec<String> = several
                .iter()
                .map(|failure| match failure.reason {
                    Reason::MemberOf(number) => format!("constraint {} does not hold", number + 1),
                    _ => phrase(failure),
                })
                .collect();
            format!("{} on {name}", phrases.join(" and "))
        }
    }
}

impl fmt::Display for ScoreTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key {
            Some(i64::MAX) => write!(f, "{} = last", self.rule),
            Some(key) => write!(f, "{} = {key}", self.rule),
            None => write!(f, "{} = drawn", self.rule),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if let (Some(asked), Some(used), Some(available)) = (self.asked, self.used, self.available) {
            let unit = match self.reason {
                Reason::Resource(ResourceKind::Cpu) => " CPU units",
                Reason::Resource(ResourceKind::Memory) => " MiB",
                Reason::Resource(ResourceKind::Gpu) if self.is_share => " thousandths of one",
                _ => "",
            };
            write!(f, " (asked {asked}{unit}, used {used}, available {available})")?;
        }
        match &self.detail {
            Some(detail) => write!(f, " [{detail}]"),
            None => Ok(()),
        }
    }
}

/// Terms one after another.
fn write_terms(f: &mut fmt::Formatter<'_>, terms: &[ScoreTerm]) -> fmt::Result {
    for (at, term) in terms.iter().enumerate() {
        write!(f, "{}{term}", if at == 0 { "" } else { ", " })?;
    }
    Ok(())
}

/// Human text, several lines: the funnel, the winner or the reasons, and the nearest miss.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Funnel { registered, considered, meet_requirements, meet_constraints } = self.funnel;
        writeln!(f, "task of {} in group {}", self.definition, self.group)?;
        writeln!(
            f,
            "{registered} registered -> {considered} considered -> {meet_requirements} meet the requirements -> \
             {meet_constraints} meet the constraints"
        )?;
        if let Some(winner) = &self.winner {
            write!(f, "winner {}", winner.name)?;
            if !winner.score.is_empty() {
                f.write_str(": ")?;
                write_terms(f, &winner.score)?;
            }
            writeln!(f)?;
            if let Some((name, score)) = &winner.runner_up {
                write!(f, "runner-up {name}")?;
                if !score.is_empty() {
                    f.write_str(": ")?;
                    write_terms(f, score)?;
                }
                writeln!(f)?;
            }
            writeln!(f, "decided by {}", winner.decided_by)?;
            if let Some(detail) = &winner.detail {
                writeln!(f, "{detail}")?;
            }
        }
        for (text, count) in &self.reasons {
            writeln!(f, "{count} x {text}")?;
        }
        if let Some(miss) = &self.nearest_miss {
            writeln!(f, "nearest: {}", miss.text)?;
        }
        Ok(())
    }
}

//! Explaining a decision: who was considered, why each instance fell away, who won and by what, and who came nearest.
//!
//! Everything is worked out from the facts of each instance when somebody asks, with none of the sets and columns that
//! choosing uses; placing itself counts nothing. The words are ECS's where ECS has words.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::cluster::Cluster;
use crate::constraint::Constraint;
use crate::demand::GpuDemand;
use crate::error::Error;
use crate::id::{InstanceId, RequestId};
use crate::limits::RANDOM_DRAWS_MAX;
use crate::prepared::Prepared;
use crate::request::Request;
use crate::resource::ResourceKind;
use crate::select::draw::Draws;
use crate::select::judge::{self, Reason};
use crate::select::plan::{AbsentGroup, Plan, Rule};
use crate::state::State;
use crate::strategy::{BinpackField, SpreadField, Strategy, TieBreak};

/// One check that an instance fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The check.
    pub reason: Reason,
    /// The reason as ECS writes it.
    pub text: String,
    /// Amount asked for, where the check is about an amount.
    pub asked: Option<i64>,
    /// Amount of it in use.
    pub used: Option<i64>,
    /// Amount of it left; negative where the instance owes some.
    pub available: Option<i64>,
    /// Whether the amounts are thousandths of one device rather than devices.
    pub is_share: bool,
    /// What else there is to say: the ports that are taken, the attributes that are absent, the expression.
    pub detail: Option<String>,
}

impl Failure {
    /// By how much the amount left falls short; `None` where no amount does, such as where a port is taken.
    #[must_use]
    pub fn shortfall(&self) -> Option<i64> {
        Some(self.asked? - self.available?.max(0)).filter(|&short| short > 0)
    }
}

/// What became of one instance that was considered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The instance.
    pub instance: InstanceId,
    /// Its name.
    pub name: String,
    /// The first check it fails; `None` when it would take the task.
    pub failure: Option<Failure>,
}

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
    pub verdicts: Vec<Verdict>,
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
    /// Cost: linear in instances, and in tasks where the request spreads; allocates.
    pub fn explain(&self, id: RequestId) -> Result<Explanation, Error> {
        let prepared = self.prepared(id)?;
        let (state, plan, request) = (self.state(), &prepared.plan, &prepared.request);
        let mut funnel = Funnel { registered: state.registry.len(), ..Funnel::default() };
        let mut verdicts = Vec::new();
        let mut feasible = Vec::new();
        let mut counts: Vec<(Reason, usize)> = Vec::new();
        for &slot in &state.registry {
            if !judge::is_considered(state, plan, slot) {
                continue;
            }
            funnel.considered += 1;
            let reason = judge::first_failure(state, plan, request, slot);
            match reason {
                None => {
                    funnel.meet_requirements += 1;
                    funnel.meet_constraints += 1;
                    feasible.push(slot);
                }
                Some(reason @ (Reason::MemberOf(_) | Reason::DistinctInstance)) => {
                    funnel.meet_requirements += 1;
                    count(&mut counts, reason);
                }
                Some(reason) => count(&mut counts, reason),
            }
            verdicts.push(Verdict {
                instance: state.instance_id(slot),
                name: state.info[slot as usize].name.clone().into(),
                failure: reason.map(|reason| self.failure(prepared, slot, reason)),
            });
        }
        counts.sort_unstable();
        let reasons = counts.into_iter().map(|(reason, count)| (self.reason_text(reason), count)).fold(
            Vec::new(),
            |mut texts: Vec<(String, usize)>, (text, count)| {
                match texts.last_mut() {
                    Some(last) if last.0 == text => last.1 += count,
                    _ => texts.push((text, count)),
                }
                texts
            },
        );
        let winner = self.winner(prepared, feasible);
        let nearest_miss = if winner.is_none() { self.nearest_miss(prepared) } else { None };
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
    pub fn explain_instance(&self, id: RequestId, instance: InstanceId) -> Result<Vec<Failure>, Error> {
        let prepared = self.prepared(id)?;
        let slot = self.state().instance_slot(instance).ok_or(Error::new(crate::error::ErrorKind::InstanceNotFound))?;
        let status = self.state().status[slot as usize];
        let mut failures = Vec::new();
        if status != crate::instance::InstanceStatus::Active {
            failures.push(self.failure(prepared, slot, Reason::Status(status)));
        }
        failures.extend(self.all_failures(prepared, slot));
        Ok(failures)
    }

    /// Every check that an instance fails.
    fn all_failures(&self, prepared: &Prepared, slot: u32) -> Vec<Failure> {
        let mut reasons = Vec::new();
        judge::judge(self.state(), &prepared.plan, &prepared.request, slot, |reason| {
            reasons.push(reason);
            true
        });
        reasons.into_iter().map(|reason| self.failure(prepared, slot, reason)).collect()
    }

    /// A failed check with its figures.
    fn failure(&self, prepared: &Prepared, slot: u32, reason: Reason) -> Failure {
        let state = self.state();
        let keys = &state.demands.get(prepared.plan.demand).ports;
        let (asked, used, available) = match reason {
            // Room under the ceiling says nothing where the port itself is taken.
            Reason::Resource(ResourceKind::Ports) if state.has_port_conflict(slot, keys) => (None, None, None),
            Reason::Resource(kind) => amounts(state, &prepared.plan, &prepared.request, kind, slot),
            _ => (None, None, None),
        };
        let detail = match reason {
            Reason::Attribute => missing_attributes(state, &prepared.request, slot),
            Reason::Resource(ResourceKind::Ports) => taken_ports(state, &prepared.plan, slot),
            Reason::MemberOf(number) => match prepared.request.constraints.get(usize::from(number)) {
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
        let is_share = matches!(prepared.request.demand.gpus, GpuDemand::Share(_))
            && reason == Reason::Resource(ResourceKind::Gpu);
        Failure { reason, text: self.reason_text(reason), asked, used, available, is_share, detail }
    }

    /// The nearest miss: furthest through the checks, then the least shortfall, then registration order.
    fn nearest_miss(&self, prepared: &Prepared) -> Option<NearestMiss> {
        let state = self.state();
        let (plan, request) = (&prepared.plan, &prepared.request);
        let rank = |reason: Reason| match reason {
            Reason::MemberOf(_) => Reason::MemberOf(0),
            other => other,
        };
        let considered = state.registry.iter().filter(|&&slot| judge::is_considered(state, plan, slot));
        let judged = considered.filter_map(|&slot| {
            let reason = judge::first_failure(state, plan, request, slot)?;
            let shortfall = match reason {
                Reason::Resource(kind) => {
                    let (asked, _, available) = amounts(state, plan, request, kind, slot);
                    (asked.unwrap_or(0) - available.unwrap_or(0).max(0)).max(0)
                }
                _ => 0,
            };
            Some((slot, rank(reason), shortfall))
        });
        // The earliest registered of equals must win, so later ones replace it only when they are better.
        let (slot, ..) = judged.reduce(|best, other| {
            let better = other.1 > best.1 || (other.1 == best.1 && other.2 < best.2);
            if better { other } else { best }
        })?;
        let failures = self.all_failures(prepared, slot);
        let name: String = state.info[slot as usize].name.clone().into();
        let text = miss_text(&name, &failures);
        Some(NearestMiss { instance: state.instance_id(slot), name, failures, text })
    }

    /// The winner among feasible instances, which stand in registration order.
    fn winner(&self, prepared: &Prepared, feasible: Vec<u32>) -> Option<Winner> {
        let state = self.state();
        let (plan, request) = (&prepared.plan, &prepared.request);
        let scored: Vec<(u32, Vec<i64>)> =
            feasible.into_iter().map(|slot| (slot, Vec::with_capacity(plan.rules.len()))).collect();
        let scored = score(state, plan, scored);
        let best = scored.iter().map(|(_, keys)| keys).min()?.clone();
        let tied: Vec<u32> = scored.iter().filter(|(_, keys)| *keys == best).map(|&(slot, _)| slot).collect();
        let draws = plan.rules.contains(&Rule::Random) || plan.tie_break == TieBreak::Seeded;
        let slot = if draws { drawn(state, plan, &tied) } else { tied.first().copied() }?;
        let runner_up = scored.iter().filter(|&&(other, _)| other != slot).min_by_key(|(_, keys)| keys);
        let terms = |keys: &[i64]| terms(request, plan, keys);
        let decided_by = match runner_up {
            None => "being the only feasible instance".to_owned(),
            Some((_, keys)) => match keys.iter().zip(&best).position(|(other, best)| other != best) {
                Some(rule) => request.strategies.rules().get(rule).map(rule_text).unwrap_or_default(),
                None if plan.rules.contains(&Rule::Random) => "random".to_owned(),
                None if draws => "seeded tie-break".to_owned(),
                None => "registration order".to_owned(),
            },
        };
        Some(Winner {
            instance: state.instance_id(slot),
            name: state.info[slot as usize].name.clone().into(),
            score: terms(&best),
            runner_up: runner_up.map(|(other, keys)| (state.info[*other as usize].name.clone().into(), terms(keys))),
            decided_by,
        })
    }
}

/// One instance more that failed a reason first.
fn count(counts: &mut Vec<(Reason, usize)>, reason: Reason) {
    match counts.iter_mut().find(|(known, _)| *known == reason) {
        Some((_, count)) => *count += 1,
        None => counts.push((reason, 1)),
    }
}

/// Appends each instance's key under each rule up to the first that draws.
fn score(state: &State, plan: &Plan, mut scored: Vec<(u32, Vec<i64>)>) -> Vec<(u32, Vec<i64>)> {
    for &rule in &plan.rules {
        match rule {
            Rule::Random => break,
            Rule::Binpack(column) => {
                for (slot, keys) in &mut scored {
                    keys.push(state.remaining[column][*slot as usize].into());
                }
            }
            Rule::SpreadInstance => {
                for (slot, keys) in &mut scored {
                    keys.push(state.group_tasks(plan.group, *slot).into());
                }
            }
            Rule::SpreadAttribute(name) => {
                let value = |slot| state.attributes.value(name, slot);
                let mut tasks: Vec<_> =
                    state.tasks_of_group(plan.group).map(|task| value(state.tasks[task as usize].instance)).collect();
                tasks.sort_unstable();
                for (slot, keys) in &mut scored {
                    let own = value(*slot);
                    let first = tasks.partition_point(|other| *other < own);
                    let count = tasks[first..].partition_point(|other| *other == own);
                    let is_last = own.is_none() && plan.absent_group == AbsentGroup::Last;
                    keys.push(if is_last { i64::MAX } else { i64::try_from(count).unwrap_or(i64::MAX) });
                }
            }
        }
    }
    scored
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
    }
}

/// Asked, used and available of a resource.
fn amounts(
    state: &State,
    plan: &Plan,
    request: &Request,
    kind: ResourceKind,
    slot: u32,
) -> (Option<i64>, Option<i64>, Option<i64>) {
    let demand = &request.demand;
    let kind = match demand.gpus {
        GpuDemand::Share(_) if kind == ResourceKind::Gpu => ResourceKind::GpuShare,
        _ => kind,
    };
    let registered = i64::from(state.registered[kind.column()][slot as usize]);
    let available = i64::from(state.remaining(kind, slot));
    let asked = match kind {
        ResourceKind::Cpu => demand.cpu,
        ResourceKind::Memory => demand.memory_mib,
        ResourceKind::Gpu if demand.gpus == GpuDemand::All => registered.max(1),
        _ => {
            let held = state.demands.get(plan.demand).amounts.iter().find(|&&(of, _)| usize::from(of) == kind.column());
            held.map_or(0, |&(_, amount)| amount.into())
        }
    };
    (Some(asked), Some(registered - available), Some(available))
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

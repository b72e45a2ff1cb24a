//! Which task scale-in ends (semantics.md §3.6).
//!
//! Unhealthy tasks go first, then tasks on DRAINING instances, then the rest; within those the chain decides, each rule
//! with its key as large as possible; what is left ends with the newest task. Protected tasks are never chosen.

use core::cmp::Reverse;

use crate::id::GroupId;
use crate::index::tally::Tallies;
use crate::instance::InstanceStatus;
use crate::state::State;

use super::draw::Draws;
use super::plan::Rule;
use super::scan::{count_domains, domain};
use super::scratch::Scratch;

/// The task of a group to end next; `None` when every task of it is protected, or there is none.
pub(crate) fn select(
    state: &State,
    tallies: &Tallies,
    group: GroupId,
    rules: &[Rule],
    seed: u64,
    scratch: &mut Scratch,
) -> Option<u32> {
    let counts = tallies.counts(group);
    let Scratch { victims, domains, .. } = scratch;
    victims.clear();
    victims.extend(state.tasks_of_group(group).filter(|&task| !state.tasks[task as usize].is_protected()));
    narrow(victims, |task| precedence(state, task));
    for &rule in rules {
        match rule {
            Rule::Binpack(column) => narrow(victims, |task| {
                let held = state.demand_of(task).held_amounts().find(|&(of, _)| of == column);
                let remaining = state.remaining[column][state.tasks[task as usize].instance as usize];
                i64::from(remaining) + held.map_or(0, |(_, amount)| i64::from(amount))
            }),
            Rule::SpreadInstance => {
                let on = |task: u32| state.tasks[task as usize].instance as usize;
                narrow(victims, |task| counts.map_or(0, |counts| counts[on(task)]));
            }
            Rule::SpreadAttribute(name) => {
                count_domains(state, counts, group, domains, |slot| domain(state, name, slot));
                narrow(victims, |task| domains[domain(state, name, state.tasks[task as usize].instance)]);
            }
            Rule::BestFit | Rule::DotProduct | Rule::Gauge(_) => {}
            Rule::Random => {
                victims.sort_unstable_by_key(|&task| state.ages[task as usize]);
                let mut draws = Draws::new(seed, u64::from(state.groups[group.index()].active));
                let nth = draws.below(victims.len());
                return victims.get(nth).copied();
            }
        }
    }
    victims.iter().copied().max_by_key(|&task| state.ages[task as usize])
}

/// Rank before the chain: the least goes first.
fn precedence(state: &State, task: u32) -> Reverse<u8> {
    let task = &state.tasks[task as usize];
    let is_draining = state.status[task.instance as usize] == InstanceStatus::Draining;
    Reverse(match (task.is_healthy(), is_draining) {
        (false, _) => 0,
        (true, true) => 1,
        (true, false) => 2,
    })
}

/// Keeps the tasks with the greatest key.
fn narrow<K: Ord + Copy>(victims: &mut alloc::vec::Vec<u32>, key: impl Fn(u32) -> K) {
    let mut greatest = None;
    let mut kept = 0;
    for at in 0..victims.len() {
        let task = victims[at];
        let key = key(task);
        if greatest.is_none_or(|greatest| key > greatest) {
            greatest = Some(key);
            kept = 0;
        }
        if greatest == Some(key) {
            victims[kept] = task;
            kept += 1;
        }
    }
    victims.truncate(kept);
}

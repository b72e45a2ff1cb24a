//! The route that is always right: every slot is looked at.
//!
//! First the candidates, as a set of slots, a word of 64 at a time: sets are intersected, then the columns of amounts are
//! compared with the demand. Then each rule of the chain narrows them. Cost: linear in slots, with a small factor for each
//! dimension and set; does not allocate.

use crate::expr::Parking;
use crate::id::GroupId;
use crate::index::Index;
use crate::index::bitset::bits;
use crate::index::effort::Effort;
use crate::index::row::at_least;
use crate::limits::RANDOM_DRAWS_MAX;
use crate::resource::fits;
use crate::state::{State, WORD};
use crate::strategy::TieBreak;

use super::draw::Draws;
use super::fit;
use super::indexed::spread_of;
use super::judge::has_all_gpus;
use super::plan::{AbsentGroup, Last, Plan, Rule};
use super::scratch::Scratch;

/// Rank of an instance without a spread attribute, where those rank last.
const LAST: u32 = u32::MAX;

/// The instance that the request's next task goes to.
pub(crate) fn select(state: &State, index: &Index, plan: &Plan, scratch: &mut Scratch) -> Option<u32> {
    if !find_candidates(state, index, plan, scratch) {
        return None;
    }
    choose(state, index, plan, 0, scratch, false)
}

/// The best of the tied slots by the rules from a number on.
pub(crate) fn finish(state: &State, index: &Index, plan: &Plan, from: usize, scratch: &mut Scratch) -> Option<u32> {
    choose(state, index, plan, from, scratch, true)
}

/// Applies the rules from a number on: to the candidates, or, once something has narrowed them, to the tied slots.
fn choose(
    state: &State,
    index: &Index,
    plan: &Plan,
    from: usize,
    scratch: &mut Scratch,
    mut narrowed: bool,
) -> Option<u32> {
    let absent_last = plan.absent_group == AbsentGroup::Last;
    let spread = plan.search.as_ref().and_then(|search| spread_of(index, plan, search));
    // A chain that ends in a spread over instances keeps the instances of its group in order.
    let is_listed = plan.search.as_ref().is_some_and(|search| search.last == Last::SpreadInstance);
    for (at, &rule) in plan.rules.iter().enumerate().skip(from) {
        match rule {
            Rule::Binpack(column) => {
                let column = &state.remaining[column];
                narrow(scratch, &mut narrowed, |slot| column[slot as usize]);
            }
            Rule::SpreadInstance if at + 1 == plan.rules.len() && is_listed => {
                return fewest(index, plan, scratch, narrowed);
            }
            Rule::SpreadInstance => {
                let group = Group::new(state, index, plan);
                narrow(scratch, &mut narrowed, |slot| group.tasks(slot));
            }
            Rule::SpreadAttribute(_) if at == 0 && spread.is_some() => {
                narrow(scratch, &mut narrowed, |slot| spread.map_or(0, |spread| spread.level_of(slot)));
            }
            Rule::SpreadAttribute(name) => {
                let mut domains = core::mem::take(&mut scratch.domains);
                count_domains(state, index.tallies.counts(plan.group), plan.group, &mut domains, |slot| {
                    domain(state, name, slot)
                });
                narrow(scratch, &mut narrowed, |slot| match domain(state, name, slot) {
                    0 if absent_last => LAST,
                    domain => domains[domain],
                });
                scratch.domains = domains;
            }
            Rule::BestFit => {
                let demand = state.demands.get(plan.demand);
                narrow(scratch, &mut narrowed, |slot| fit::best_fit(state, demand, slot));
            }
            Rule::DotProduct => {
                let demand = state.demands.get(plan.demand);
                narrow(scratch, &mut narrowed, |slot| fit::dot_product(state, demand, slot));
            }
            Rule::Gauge(None) => {}
            Rule::Gauge(Some(shape)) => narrow(scratch, &mut narrowed, index.gauges.keys(shape)),
            Rule::Random => return draw(state, plan, scratch, narrowed),
        }
    }
    if plan.tie_break == TieBreak::Seeded {
        return draw(state, plan, scratch, narrowed);
    }
    let order = |slot: &u32| state.order[*slot as usize];
    if narrowed { scratch.ties.iter().copied().min_by_key(order) } else { slots(&scratch.candidates).min_by_key(order) }
}

/// Fills in the candidates; returns whether there are any.
fn find_candidates(state: &State, index: &Index, plan: &Plan, scratch: &mut Scratch) -> bool {
    let words = index.active.words().len();
    let candidates = &mut scratch.candidates[..words];
    if plan.ports_clash {
        return false;
    }
    let demand = state.demands.get(plan.demand);
    if demand.is_beyond() {
        return false;
    }
    let group = Group::new(state, index, plan);
    let mut any = 0;
    for (word, candidates) in candidates.iter_mut().enumerate() {
        let mut mask = static_candidates(index, plan, &demand.ports, word);
        for &(column, amount) in &demand.amounts {
            if mask == 0 {
                break;
            }
            mask &= fitting(&state.remaining[usize::from(column)], word, amount, mask);
        }
        if plan.wants_all_gpus {
            mask = keep(mask, word, |slot| has_all_gpus(state, slot));
        }
        if plan.is_distinct {
            mask = keep(mask, word, |slot| !group.is_on(slot));
        }
        *candidates = mask;
        any |= mask;
    }
    for &residue in &plan.residues {
        let residue = index.residues.get(residue).view(state, &index.filters, &index.tallies);
        let mut parking = Parking::default();
        any = 0;
        for (word, mask) in candidates.iter_mut().enumerate().filter(|(_, mask)| **mask != 0) {
            *mask = residue.holding(word, *mask, &mut parking);
            any |= *mask;
        }
    }
    any != 0
}

/// The slots of a word that the request's sets allow.
fn static_candidates(index: &Index, plan: &Plan, ports: &[u32], word: usize) -> u64 {
    let either = |(id, wanted)| {
        let members = index.filters.members(id).word(word);
        if wanted { members } else { !members }
    };
    let mut mask = index.active.word(word) & index.connected.word(word);
    mask &= plan.external.map_or(u64::MAX, either) & plan.gpu_slice.map_or(u64::MAX, either);
    for &id in plan.requirements.iter().chain(&plan.zones).chain(&plan.statics) {
        mask &= index.filters.members(id).word(word);
    }
    for &key in ports {
        mask &= index.ports.taken(key).map_or(0, |taken| !taken.word(word));
    }
    mask
}

/// The slots of a word whose amount fits the demand. A word with few candidates is looked at slot by slot.
pub(super) fn fitting(column: &[i32], word: usize, demand: i32, mask: u64) -> u64 {
    let lanes = &column[word * WORD..(word + 1) * WORD];
    if mask.count_ones() <= 8 {
        return keep(mask, 0, |lane| fits(demand, lanes[lane as usize]));
    }
    lanes.first_chunk().map_or(0, |lanes| at_least(lanes, demand))
}

/// The slots of a word for which something holds.
fn keep(mask: u64, word: usize, holds: impl Fn(u32) -> bool) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "slots fit a u32")]
    let first = (word * WORD) as u32;
    bits(mask).filter(|&bit| holds(first + bit)).fold(0, |kept, bit| kept | 1 << bit)
}

/// How to find out about the request's group on an instance.
#[derive(Debug, Clone, Copy)]
enum Group<'a> {
    /// The group has a column.
    Column(&'a [u32]),
    /// The group is watched.
    Watched(&'a Index, GroupId),
    /// The tasks of the instance are walked.
    Walked(&'a State, GroupId),
}

impl<'a> Group<'a> {
    /// The best way there is.
    fn new(state: &'a State, index: &'a Index, plan: &Plan) -> Self {
        if index.watches.occupied(plan.group).is_some() {
            return Self::Watched(index, plan.group);
        }
        index.tallies.counts(plan.group).map_or(Self::Walked(state, plan.group), Self::Column)
    }

    /// Tasks of the group on an instance.
    #[inline]
    fn tasks(self, slot: u32) -> u32 {
        match self {
            Self::Column(counts) => counts[slot as usize],
            Self::Watched(index, group) => index.watches.tasks(group, index.ranks.of(slot)),
            Self::Walked(state, group) => state.group_tasks(group, slot),
        }
    }

    /// Whether the group has a task on an instance.
    #[inline]
    fn is_on(self, slot: u32) -> bool {
        match self {
            Self::Watched(index, group) => {
                index.watches.occupied(group).is_some_and(|occupied| occupied.contains(index.ranks.of(slot)))
            }
            _ => self.tasks(slot) > 0,
        }
    }
}

/// The slots of a set.
fn slots(words: &[u64]) -> impl Iterator<Item = u32> + '_ {
    (0u32..).zip(words).flat_map(|(word, &members)| bits(members).map(move |bit| word * 64 + bit))
}

/// Keeps the slots with the least key: of the candidates the first time, of those still tied afterwards.
fn narrow<K: Ord + Copy>(scratch: &mut Scratch, narrowed: &mut bool, key: impl Fn(u32) -> K) {
    let Scratch { candidates, ties, .. } = scratch;
    let mut least = None;
    if *narrowed {
        let mut kept = 0;
        for at in 0..ties.len() {
            let slot = ties[at];
            let key = key(slot);
            if least.is_none_or(|least| key < least) {
                least = Some(key);
                kept = 0;
            }
            if least == Some(key) {
                ties[kept] = slot;
                kept += 1;
            }
        }
        ties.truncate(kept);
    } else {
        ties.clear();
        for slot in slots(candidates) {
            let key = key(slot);
            if least.is_none_or(|least| key < least) {
                least = Some(key);
                ties.clear();
            }
            if least == Some(key) {
                ties.push(slot);
            }
        }
        *narrowed = true;
    }
}

/// The domain of an instance under a spread attribute: 0 without it, otherwise its value's number plus one.
#[inline]
pub(crate) fn domain(state: &State, name: crate::id::AttributeId, slot: u32) -> usize {
    state.attributes.value(name, slot).map_or(0, |value| value.index() + 1)
}

/// Counts the tasks of a group per domain.
///
/// Cost: its tasks, or the instances, whichever are fewer, where the group has a column.
pub(crate) fn count_domains(
    state: &State,
    counts: Option<&[u32]>,
    group: GroupId,
    domains: &mut [u32],
    domain: impl Fn(u32) -> usize,
) {
    domains.fill(0);
    if let Some(counts) = counts.filter(|_| state.groups[group.index()].active as usize > state.registry.len()) {
        for &slot in &state.registry {
            domains[domain(slot)] += counts[slot as usize];
        }
        return;
    }
    for task in state.tasks_of_group(group) {
        domains[domain(state.tasks[task as usize].instance)] += 1;
    }
}

/// The candidate, or the tied slot, with the fewest tasks of the group, the earliest registered of several: the earliest of
/// those without a task, or the first of the others as the index has them, fewest tasks first.
fn fewest(index: &Index, plan: &Plan, scratch: &mut Scratch, narrowed: bool) -> Option<u32> {
    if narrowed {
        scratch.gather_ties();
    }
    let candidates = &scratch.candidates;
    let group = plan.group;
    let is_vacant =
        |slot: &u32| index.watches.occupied(group).is_none_or(|occupied| !occupied.contains(index.ranks.of(*slot)));
    if let Some(slot) = slots(candidates).filter(is_vacant).min_by_key(|&slot| index.ranks.of(slot)) {
        return Some(slot);
    }
    let mut found = None;
    // A list in which tasks are no longer told apart does not stop.
    index.watches.walk(&index.ranks, group, &mut Effort::new(u32::MAX), |slot| {
        let is_candidate = scratch.is_candidate(slot);
        if is_candidate {
            found = Some(slot);
        }
        is_candidate
    });
    let tasks = |rank: u32| index.watches.tasks(group, rank);
    let rank = |slot: u32| index.ranks.of(slot);
    found.or_else(|| slots(candidates).min_by_key(|&slot| (tasks(rank(slot)), rank(slot))))
}

/// A uniform draw among what is left: a bounded number of tries at registration positions, then the n-th candidate in
/// registration order.
fn draw(state: &State, plan: &Plan, scratch: &mut Scratch, narrowed: bool) -> Option<u32> {
    if narrowed {
        scratch.gather_ties();
    }
    let is_candidate = |slot: u32| scratch.is_candidate(slot);
    let mut draws = Draws::new(plan.seed, state.sequence);
    for _ in 0..RANDOM_DRAWS_MAX {
        let slot = state.registry[draws.below(state.registry.len())];
        if is_candidate(slot) {
            return Some(slot);
        }
    }
    let left: u32 = scratch.candidates.iter().map(|word| word.count_ones()).sum();
    let nth = draws.below(left as usize);
    state.registry.iter().copied().filter(|&slot| is_candidate(slot)).nth(nth)
}

//! The route that is always right: every slot is looked at.
//!
//! First the candidates, as a set of slots, a word of 64 at a time: sets are intersected, then the columns of amounts are
//! compared with the demand. Then each rule of the chain narrows them. Cost: linear in slots, with a small factor for each
//! dimension and set; does not allocate.

use crate::expr::Parking;
use crate::id::GroupId;
use crate::index::Index;
use crate::index::bitset::bits;
use crate::limits::RANDOM_DRAWS_MAX;
use crate::resource::fits;
use crate::state::{State, WORD};
use crate::strategy::TieBreak;

use super::draw::Draws;
use super::judge::has_all_gpus;
use super::plan::{AbsentGroup, Plan, Rule};
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
    for &rule in &plan.rules[from..] {
        match rule {
            Rule::Binpack(column) => {
                let column = &state.remaining[column];
                narrow(scratch, &mut narrowed, |slot| column[slot as usize]);
            }
            Rule::SpreadInstance => {
                let counts = index.tallies.counts(plan.group);
                narrow(scratch, &mut narrowed, |slot| group_count(state, plan, counts, slot));
            }
            Rule::SpreadAttribute(name) => {
                let mut domains = core::mem::take(&mut scratch.domains);
                count_domains(state, index.tallies.counts(plan.group), plan.group, &mut domains, |slot| {
                    domain(state, name, slot)
                });
                let last = plan.absent_group == AbsentGroup::Last;
                narrow(scratch, &mut narrowed, |slot| match domain(state, name, slot) {
                    0 if last => LAST,
                    domain => domains[domain],
                });
                scratch.domains = domains;
            }
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
    let counts = index.tallies.counts(plan.group);
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
            mask = keep(mask, word, |slot| group_count(state, plan, counts, slot) == 0);
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
fn fitting(column: &[i32], word: usize, demand: i32, mask: u64) -> u64 {
    let lanes = &column[word * WORD..(word + 1) * WORD];
    if mask.count_ones() <= 8 {
        return keep(mask, 0, |lane| fits(demand, lanes[lane as usize]));
    }
    // PERF: a byte for each comparison lets the compiler compare four lanes at once on plain x86-64; eight bytes of 0 or 1
    // are then gathered into eight bits by one multiplication.
    let mut bytes = [0u8; WORD];
    for (byte, &remaining) in bytes.iter_mut().zip(lanes) {
        *byte = u8::from(remaining >= demand);
    }
    let mut fitting = 0;
    for (at, chunk) in bytes.chunks_exact(8).enumerate() {
        let mut eight = [0u8; 8];
        eight.copy_from_slice(chunk);
        fitting |= (u64::from_le_bytes(eight).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * at);
    }
    fitting
}

/// The slots of a word for which something holds.
fn keep(mask: u64, word: usize, holds: impl Fn(u32) -> bool) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "slots fit a u32")]
    let first = (word * WORD) as u32;
    bits(mask).filter(|&bit| holds(first + bit)).fold(0, |kept, bit| kept | 1 << bit)
}

/// Tasks of the request's group on an instance: from the group's column, or, where it has none, from the task list.
#[inline]
fn group_count(state: &State, plan: &Plan, counts: Option<&[u32]>, slot: u32) -> u32 {
    counts.map_or_else(|| state.group_tasks(plan.group, slot), |counts| counts[slot as usize])
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

/// A uniform draw among what is left: a bounded number of tries at registration positions, then the n-th candidate in
/// registration order.
fn draw(state: &State, plan: &Plan, scratch: &mut Scratch, narrowed: bool) -> Option<u32> {
    let Scratch { candidates, ties, .. } = scratch;
    if narrowed {
        candidates.fill(0);
        for &slot in &*ties {
            candidates[slot as usize / WORD] |= 1 << (slot as usize % WORD);
        }
    }
    let is_candidate = |slot: u32| candidates[slot as usize / WORD] >> (slot as usize % WORD) & 1 != 0;
    let mut draws = Draws::new(plan.seed, state.sequence);
    for _ in 0..RANDOM_DRAWS_MAX {
        let slot = state.registry[draws.below(state.registry.len())];
        if is_candidate(slot) {
            return Some(slot);
        }
    }
    let left: u32 = candidates.iter().map(|word| word.count_ones()).sum();
    let nth = draws.below(left as usize);
    state.registry.iter().copied().filter(|&slot| is_candidate(slot)).nth(nth)
}

//! A plan brought into more zones, at the least that it costs more.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::fleet::{Origin, is_right};
use crate::pack::{Packing, Pattern, Problem};

/// Patterns that are looked at for an item that could move.
const PATTERNS_MAX: usize = 256;
/// Types of new zones that are tried for one item, the cheapest first.
const NEW_ONES_MAX: usize = 16;

/// Zones that a packing has bins in, sorted.
pub(super) fn used(zone_of_type: &[Option<Box<str>>], packing: &Packing) -> Vec<String> {
    let zones = packing.patterns.iter().filter_map(|pattern| zone_of_type[pattern.bin_type as usize].as_deref());
    zones.collect::<BTreeSet<&str>>().into_iter().map(String::from).collect()
}

/// Moves bins, or single items, into zones that have none, until there are bins in so many, or no more can be had.
pub(super) fn widen(
    problem: &Problem,
    origins: &[Option<Origin>],
    zone_of_type: &[Option<Box<str>>],
    zones_min: usize,
    packing: &mut Packing,
) {
    loop {
        let now: BTreeSet<String> = used(zone_of_type, packing).into_iter().collect();
        if now.len() >= zones_min {
            return;
        }
        let is_new = |bin_type: u32| zone_of_type[bin_type as usize].as_deref().is_some_and(|zone| !now.contains(zone));
        // Whether a bin may go and its zone still has one.
        let is_spare = |bin_type: u32| {
            let zone = &zone_of_type[bin_type as usize];
            let there = packing.patterns.iter().filter(|pattern| zone_of_type[pattern.bin_type as usize] == *zone);
            zone.is_none() || there.map(|pattern| pattern.count).sum::<u64>() >= 2
        };
        let next = twin(problem, origins, packing, &is_new, &is_spare)
            .or_else(|| single(problem, packing, &is_new, &is_spare));
        let Some(next) = next else { return };
        *packing = next;
    }
}

/// One bin of a zone that has others goes to the same offer in a new zone: that costs the same.
fn twin(
    problem: &Problem,
    origins: &[Option<Origin>],
    packing: &Packing,
    is_new: &dyn Fn(u32) -> bool,
    is_spare: &dyn Fn(u32) -> bool,
) -> Option<Packing> {
    packing.patterns.iter().enumerate().find_map(|(at, pattern)| {
        let origin = origins[pattern.bin_type as usize]?;
        if !is_spare(pattern.bin_type) {
            return None;
        }
        let twins = (0_u32..).zip(origins).filter(|(_, other)| other.is_some_and(|other| other.offer == origin.offer));
        twins.filter(|&(bin_type, _)| is_new(bin_type)).find_map(|(bin_type, _)| {
            let mut next = packing.clone();
            next.patterns[at].count -= 1;
            next.patterns.push(Pattern { bin_type, count: 1, content: pattern.content.clone() });
            let next = next.normalized();
            is_right(problem, &next).then_some(next)
        })
    })
}

/// One item of a bin goes to a bin of its own in a new zone, or all of a bin whose zone has others: whatever is cheapest.
fn single(
    problem: &Problem,
    packing: &Packing,
    is_new: &dyn Fn(u32) -> bool,
    is_spare: &dyn Fn(u32) -> bool,
) -> Option<Packing> {
    let mut by_cost: Vec<u32> = (0_u32..).take(problem.types()).collect();
    by_cost.sort_by_key(|&bin_type| (problem.cost(bin_type), bin_type));
    let new_ones: Vec<u32> = by_cost.iter().copied().filter(|&bin_type| is_new(bin_type)).collect();
    let mut best: Option<(u128, Packing)> = None;
    let mut offer = |packing: Packing| {
        let packing = packing.normalized();
        if !is_right(problem, &packing) {
            return false;
        }
        let cost = packing.cost(problem);
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, packing));
        }
        true
    };
    for (at, pattern) in packing.patterns.iter().enumerate().take(PATTERNS_MAX) {
        let items: u64 = pattern.content.iter().map(|&(_, number)| number).sum();
        let mut without = packing.clone();
        without.patterns[at].count -= 1;
        if is_spare(pattern.bin_type) {
            let may_go = |bin_type: &&u32| problem.holds(**bin_type, &pattern.content);
            for &bin_type in new_ones.iter().filter(may_go).take(NEW_ONES_MAX) {
                let mut next = without.clone();
                next.patterns.push(Pattern { bin_type, count: 1, content: pattern.content.clone() });
                if offer(next) {
                    break;
                }
            }
        }
        if items < 2 {
            continue;
        }
        for (inside, &(kind, _)) in pattern.content.iter().enumerate() {
            let mut rest = Pattern { count: 1, ..pattern.clone() };
            rest.content[inside].1 -= 1;
            // What the bin has lost may let a smaller one do.
            let smaller = by_cost.iter().copied().filter(|&other| problem.cost(other) < problem.cost(rest.bin_type));
            let smaller = smaller.filter(|&other| problem.holds(other, &rest.content));
            let others: Vec<u32> = smaller.chain([rest.bin_type]).collect();
            // One of each domain may be right where the cheapest is not: a spread is kept.
            let new_ones = new_ones.iter().copied().filter(|&bin_type| problem.is_allowed(kind, bin_type));
            for bin_type in new_ones.take(NEW_ONES_MAX) {
                let mut next = without.clone();
                next.patterns.push(Pattern { bin_type, count: 1, content: alloc::vec![(kind, 1)] });
                let is_found = others.iter().any(|&other| {
                    let mut tried = next.clone();
                    tried.patterns.push(Pattern { bin_type: other, ..rest.clone() });
                    offer(tried)
                });
                if is_found {
                    break;
                }
            }
        }
    }
    best.map(|(_, packing)| packing)
}

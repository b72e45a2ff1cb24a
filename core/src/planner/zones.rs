//! A plan brought into more zones, at the least that it costs more.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::fleet::{Origin, is_right};
use crate::pack::{Packing, Pattern, Problem};

/// Patterns that are looked at for an item that could move.
const PATTERNS_MAX: usize = 256;

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
        let next = twin(problem, origins, zone_of_type, packing, &is_new).or_else(|| single(problem, packing, &is_new));
        let Some(next) = next else { return };
        *packing = next;
    }
}

/// One bin of a zone that has others goes to the same offer in a new zone: that costs the same.
fn twin(
    problem: &Problem,
    origins: &[Option<Origin>],
    zone_of_type: &[Option<Box<str>>],
    packing: &Packing,
    is_new: &dyn Fn(u32) -> bool,
) -> Option<Packing> {
    let bins_in = |zone: &Option<Box<str>>| -> u64 {
        let there = packing.patterns.iter().filter(|p| zone_of_type[p.bin_type as usize] == *zone);
        there.map(|pattern| pattern.count).sum()
    };
    packing.patterns.iter().enumerate().find_map(|(at, pattern)| {
        let origin = origins[pattern.bin_type as usize]?;
        if bins_in(&zone_of_type[pattern.bin_type as usize]) < 2 {
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

/// One item of a bin with several goes to a bin of its own in a new zone, the cheapest.
fn single(problem: &Problem, packing: &Packing, is_new: &dyn Fn(u32) -> bool) -> Option<Packing> {
    let mut best: Option<(u128, Packing)> = None;
    for (at, pattern) in packing.patterns.iter().enumerate().take(PATTERNS_MAX) {
        let items: u64 = pattern.content.iter().map(|&(_, number)| number).sum();
        if items < 2 {
            continue;
        }
        for (inside, &(kind, _)) in pattern.content.iter().enumerate() {
            let fits = |bin_type: &u32| is_new(*bin_type) && problem.is_allowed(kind, *bin_type);
            let Some(bin_type) =
                (0_u32..).take(problem.types()).filter(fits).min_by_key(|&bin_type| problem.cost(bin_type))
            else {
                continue;
            };
            let mut next = packing.clone();
            next.patterns[at].count -= 1;
            let mut rest = Pattern { count: 1, ..pattern.clone() };
            rest.content[inside].1 -= 1;
            // What the bin has lost may let a smaller one do.
            let cheaper =
                (0_u32..).take(problem.types()).filter(|&other| problem.cost(other) < problem.cost(rest.bin_type));
            let mut others: Vec<u32> = cheaper.collect();
            others.sort_by_key(|&other| (problem.cost(other), other));
            others.push(rest.bin_type);
            next.patterns.push(Pattern { bin_type, count: 1, content: alloc::vec![(kind, 1)] });
            let smaller = others.into_iter().find_map(|other| {
                let mut tried = next.clone();
                tried.patterns.push(Pattern { bin_type: other, ..rest.clone() });
                let tried = tried.normalized();
                is_right(problem, &tried).then_some(tried)
            });
            if let Some(next) = smaller {
                let cost = next.cost(problem);
                if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                    best = Some((cost, next));
                }
            }
        }
    }
    best.map(|(_, packing)| packing)
}

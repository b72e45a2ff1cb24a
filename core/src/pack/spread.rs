//! Spreads are settled before anything is packed: the items of the group are dealt out over the domains as evenly as can be,
//! and each share may go to bins of its domain only. So no solver looks beyond one bin. What limits of types keep out of one
//! domain is taken from the others again, as far as the skew demands.
//!
//! Bounds are worked out before the dealing, so they hold for every way to deal.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::packing::{Packing, Pattern};
use super::problem::{Kinds, Problem, RuleSet};

/// A problem whose spreads are settled.
#[derive(Debug, Clone)]
pub(super) struct Dealt {
    /// The problem, with more kinds, no spreads and no rows.
    pub(super) problem: Problem,
    /// The kind of the original that each comes from. `[kinds of the new problem]`
    parents: Vec<u32>,
}

/// Types of each domain of a spread that some kind of its group may go to.
struct Domains {
    /// Types as bits, by domain; `None` for a domain that is not in use. `[domains][types / 64]`
    types: Vec<Option<Vec<u64>>>,
    /// Items of the group in each domain so far.
    counts: Vec<u64>,
}

impl Dealt {
    /// Deals the groups of a problem out; `None` where it has no spreads.
    pub(super) fn new(problem: &Problem) -> Option<Self> {
        if problem.spreads.is_empty() {
            return None;
        }
        let mut domains: Vec<Domains> =
            (0..).zip(&problem.spreads).map(|(number, _)| domains(problem, number)).collect();
        let mut shares: Vec<Vec<(Option<u32>, u64)>> = vec![Vec::new(); problem.kinds()];
        // Kinds with the fewest domains first: others can make up for them.
        let mut order: Vec<(usize, usize)> =
            (0..problem.kinds()).map(|kind| (domain_count(problem, &domains, kind), kind)).collect();
        order.sort_unstable();
        for (_, kind) in order {
            let count = problem.kinds.count[kind];
            let rules = &problem.rules[problem.kinds.rules[kind] as usize];
            let Some(spread) = rules.spread else {
                shares[kind].push((None, count));
                continue;
            };
            let group = &mut domains[spread as usize];
            let open: Vec<usize> =
                (0..group.types.len()).filter(|&at| has_room(problem, &group.types[at], kind)).collect();
            for (domain, share) in poured(&mut group.counts, &open, count) {
                shares[kind].push((u32::try_from(domain).ok(), share));
            }
        }
        Some(Self::built(problem, &domains, shares))
    }

    /// The problem of dealt shares.
    fn built(problem: &Problem, domains: &[Domains], shares: Vec<Vec<(Option<u32>, u64)>>) -> Self {
        let mut rules: Vec<RuleSet> = Vec::new();
        let mut numbers: BTreeMap<RuleSet, u32> = BTreeMap::new();
        let mut kinds = Kinds::default();
        let mut parents = Vec::new();
        for (kind, shares) in (0..).zip(shares) {
            for (domain, count) in shares {
                let mut set = problem.rule_set(kind).clone();
                if let (Some(spread), Some(domain)) = (set.spread.take(), domain) {
                    let types = domains[spread as usize].types[domain as usize].iter().flatten();
                    set.allowed.iter_mut().zip(types).for_each(|(allowed, types)| *allowed &= types);
                }
                #[expect(clippy::cast_possible_truncation, reason = "there are no more sets than kinds")]
                let number = *numbers.entry(set.clone()).or_insert(rules.len() as u32);
                if number as usize == rules.len() {
                    rules.push(set);
                }
                kinds.demand.extend_from_slice(problem.demand(kind));
                kinds.count.push(count);
                kinds.rules.push(number);
                parents.push(kind);
            }
        }
        let problem = Problem {
            dimensions: problem.dimensions.clone(),
            rows: super::problem::Rows::default(),
            kinds,
            rules: rules.into_boxed_slice(),
            types: problem.types.clone(),
            classes: problem.classes.clone(),
            spreads: Vec::new().into_boxed_slice(),
            misfits: Vec::new().into_boxed_slice(),
        };
        Self { problem, parents }
    }

    /// A packing of the dealt problem as one of the original, trimmed to what its spreads allow.
    pub(super) fn restored(&self, original: &Problem, packing: &Packing) -> Packing {
        let mut patterns = packing.patterns.clone();
        for (kind, _) in patterns.iter_mut().flat_map(|pattern| &mut pattern.content) {
            *kind = self.parents[*kind as usize];
        }
        let mut packing = Packing { patterns }.normalized();
        for (spread, _) in (0..).zip(&original.spreads) {
            packing = trimmed(original, packing, spread);
        }
        packing
    }
}

/// The domains of a spread.
fn domains(problem: &Problem, number: u32) -> Domains {
    let spread = &problem.spreads[number as usize];
    let words = problem.types().div_ceil(64);
    let mut types: Vec<Option<Vec<u64>>> = vec![None; spread.running.len()];
    for rules in problem.rules.iter().filter(|rules| rules.spread == Some(number)) {
        for (at, &domain) in spread.domain.iter().enumerate() {
            if rules.allowed[at / 64] >> (at % 64) & 1 != 0 {
                types[domain as usize].get_or_insert_with(|| vec![0; words])[at / 64] |= 1 << (at % 64);
            }
        }
    }
    Domains { types, counts: spread.running.to_vec() }
}

/// Whether a domain has a type that holds an item of a kind. A domain in use may be too small for some of its group.
fn has_room(problem: &Problem, types: &Option<Vec<u64>>, kind: usize) -> bool {
    #[expect(clippy::cast_possible_truncation, reason = "kinds and types are numbered in u32")]
    let holds = |at: usize| problem.is_allowed(kind as u32, at as u32);
    types
        .as_ref()
        .is_some_and(|types| (0..problem.types()).filter(|&at| types[at / 64] >> (at % 64) & 1 != 0).any(holds))
}

/// How many domains hold a kind.
fn domain_count(problem: &Problem, domains: &[Domains], kind: usize) -> usize {
    let rules = &problem.rules[problem.kinds.rules[kind] as usize];
    let group = rules.spread.map(|spread| &domains[spread as usize]);
    group.map_or(0, |group| group.types.iter().filter(|types| has_room(problem, types, kind)).count())
}

/// Pours items into the lowest of some domains, and gives how many each gets.
fn poured(counts: &mut [u64], open: &[usize], mut items: u64) -> Vec<(usize, u64)> {
    let mut order: Vec<usize> = open.to_vec();
    order.sort_by_key(|&at| (counts[at], at));
    let before: Vec<u64> = order.iter().map(|&at| counts[at]).collect();
    let mut level = 0;
    while items > 0 && level < order.len() {
        // The first `level + 1` domains stand equally high; they rise to the next one, or as far as the items go.
        let low = &order[..=level];
        let height = counts[low[0]];
        let step = before.get(level + 1).map_or(u64::MAX, |next| next - height);
        let each = (items / low.len() as u64).min(step);
        low.iter().for_each(|&at| counts[at] += each);
        items -= each * low.len() as u64;
        if each < step {
            low.iter().take(usize::try_from(items).unwrap_or(usize::MAX)).for_each(|&at| counts[at] += 1);
            break;
        }
        level += 1;
    }
    order.iter().zip(before).map(|(&at, before)| (at, counts[at] - before)).filter(|&(_, share)| share > 0).collect()
}

/// Takes items of a group out of domains that have too many of it.
fn trimmed(problem: &Problem, packing: Packing, number: u32) -> Packing {
    let spread = &problem.spreads[number as usize];
    let used = domains(problem, number);
    let in_use: Vec<usize> = (0..used.types.len()).filter(|&at| used.types[at].is_some()).collect();
    let skew = |counts: &[u64]| {
        let values = || in_use.iter().map(|&at| counts[at]);
        values().max().unwrap_or(0) - values().min().unwrap_or(0)
    };
    let allowed = skew(&spread.running).max(spread.skew_max);
    let is_member = |kind: u32| problem.rule_set(kind).spread == Some(number);
    let mut counts = spread.running.to_vec();
    for pattern in &packing.patterns {
        let members: u64 =
            pattern.content.iter().filter(|&&(kind, _)| is_member(kind)).map(|&(_, amount)| amount).sum();
        if members > 0 {
            counts[spread.domain[pattern.bin_type as usize] as usize] += members * pattern.count;
        }
    }
    let most = in_use.iter().map(|&at| counts[at]).min().unwrap_or(0).saturating_add(allowed);
    let mut excess: Vec<u64> = counts.iter().map(|&count| count.saturating_sub(most)).collect();
    let mut patterns: Vec<Pattern> = Vec::new();
    for pattern in packing.patterns {
        let domain = spread.domain[pattern.bin_type as usize];
        let mut waiting = vec![pattern];
        while let Some(mut pattern) = waiting.pop() {
            let member = pattern.content.iter().position(|&(kind, _)| is_member(kind));
            let excess = excess.get_mut(domain as usize).filter(|excess| **excess > 0);
            let (Some(at), Some(excess)) = (member, excess) else {
                patterns.push(pattern);
                continue;
            };
            // As many bins as lose all of this kind; where that is none, one bin loses a part.
            let number = pattern.content[at].1;
            let bins = (*excess / number).min(pattern.count);
            let (bins, lost) = if bins > 0 { (bins, number) } else { (1, *excess) };
            if bins < pattern.count {
                waiting.push(Pattern { count: pattern.count - bins, ..pattern.clone() });
            }
            *excess -= bins * lost;
            pattern.count = bins;
            pattern.content[at].1 -= lost;
            pattern.content.retain(|&(_, number)| number > 0);
            waiting.push(pattern);
        }
    }
    Packing { patterns }.normalized()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_poured_into_the_lowest_domains() {
        let mut counts = [5, 0, 2];
        assert_eq!(poured(&mut counts, &[0, 1, 2], 4), [(1, 3), (2, 1)]);
        assert_eq!(counts, [5, 3, 3]);
        assert_eq!(poured(&mut counts, &[0, 1, 2], 6), [(1, 3), (2, 3)]);
        assert_eq!(counts, [5, 6, 6], "of domains that stand equally high, those that were lower before come first");
        assert_eq!(poured(&mut counts, &[2], 7), [(2, 7)]);
        assert_eq!(poured(&mut counts, &[], 7), []);
    }
}

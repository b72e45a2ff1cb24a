//! From what a builder has collected to the problem: groups and ports become classes, rules the types they allow, equal items kinds.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use super::super::misfit;
use super::super::problem::{ClassName, Classes, Kinds, Misfit, Problem, Reason, RuleSet, SpreadRule, UNLIMITED};
use super::{ProblemBuilder, RawGroup, RawRules, TypeFacts};
use crate::error::Error;

/// Number of what has no spread, or no domain.
const NONE: u32 = u32::MAX;

impl ProblemBuilder {
    /// Makes the problem.
    ///
    /// # Errors
    /// None at present that the calls before did not refuse; kept for rules that are seen only together.
    ///
    /// # Cost
    /// O(rows × (dimensions + log rows) + distinct sets of rules × types). A row that no type can hold is compared with
    /// every type.
    pub fn build(mut self) -> Result<Problem, Error> {
        self.groups.retain(|_, rule| !rule.is_empty());
        let classes = self.classes();
        let spreads = self.spreads();
        for facts in &self.type_facts {
            self.types.rooms.push(rooms_of(facts, &classes));
        }
        // Raw rules → effective ones, each set once.
        let mut numbers: BTreeMap<RuleSet, u32> = BTreeMap::new();
        let matching = self.matching();
        let effective: Vec<Result<RuleSet, Reason>> =
            self.raw.iter().map(|raw| self.effective(raw, &classes, &spreads, &matching)).collect();
        for set in effective.iter().flatten() {
            numbers.insert(set.clone(), 0);
        }
        for (number, (_, slot)) in (0..).zip(&mut numbers) {
            *slot = number;
        }
        let numbered: Vec<Result<u32, Reason>> =
            effective.iter().map(|set| set.as_ref().map(|set| numbers[set]).map_err(|&reason| reason)).collect();
        let rules: Vec<RuleSet> = numbers.into_keys().collect();
        let (mut kinds, misfits) = self.merge(&rules, &numbered);
        let rules = in_use(rules, &mut kinds);
        Ok(Problem {
            dimensions: self.dimensions,
            rows: self.rows,
            kinds,
            rules,
            types: self.types,
            classes,
            spreads,
            misfits: misfits.into_boxed_slice(),
        })
    }

    /// The classes: groups with a rule, ports that rows want, and network interfaces.
    fn classes(&self) -> Classes {
        let mut names: BTreeSet<ClassName> = self.groups.keys().cloned().map(ClassName::Group).collect();
        for raw in &self.raw {
            names.extend(raw.ports.iter().map(|&(protocol, port)| ClassName::Port(protocol, port)));
            if raw.needs_eni {
                names.insert(ClassName::Eni);
            }
        }
        let names: Vec<ClassName> = names.into_iter().collect();
        let mut classes = Classes::default();
        for name in &names {
            let rule = if let ClassName::Group(group) = name { self.groups.get(group) } else { None };
            classes.room.push(match name {
                ClassName::Group(_) => rule.and_then(|rule| rule.per_bin_max).unwrap_or(UNLIMITED),
                ClassName::Port(..) => 1,
                ClassName::Eni => UNLIMITED,
            });
            let others = rule.into_iter().flat_map(|rule| &rule.apart_from);
            let others = others.filter_map(|other| class_number(&names, &ClassName::Group(other.clone())));
            classes.apart.push(others.collect());
        }
        classes.names = names;
        classes
    }

    /// The spreads, in the order of their groups.
    fn spreads(&self) -> Box<[SpreadRule]> {
        let make = |group: &str, rule: &RawGroup| {
            let (attribute, skew_max) = rule.spread.as_ref()?;
            let value = |facts: &TypeFacts| facts.attributes.get(attribute).cloned();
            let domains: BTreeSet<Box<str>> = self.type_facts.iter().filter_map(value).collect();
            let domains: Vec<Box<str>> = domains.into_iter().collect();
            let domain = self.type_facts.iter().map(|facts| {
                let at = value(facts).and_then(|value| domains.binary_search(&value).ok());
                at.and_then(|at| u32::try_from(at).ok()).unwrap_or(NONE)
            });
            let domain: Box<[u32]> = domain.collect();
            let mut running = vec![0_u64; domains.len()];
            for ((facts, &at), &limit) in self.type_facts.iter().zip(&domain).zip(&self.types.limit) {
                if let (Some(sum), Some(&count)) = (running.get_mut(at as usize), facts.running.get(group)) {
                    *sum = sum.saturating_add(u64::from(count).saturating_mul(limit));
                }
            }
            Some(SpreadRule { group: group.into(), skew_max: *skew_max, domain, running: running.into_boxed_slice() })
        };
        self.groups.iter().filter_map(|(group, rule)| make(group, rule)).collect()
    }

    /// For each expression, the types it holds for, as bits.
    fn matching(&self) -> Vec<Box<[u64]>> {
        let types = self.type_facts.len();
        self.expressions
            .iter()
            .map(|expression| {
                let mut bits = vec![0_u64; types.div_ceil(64)];
                for (at, facts) in self.type_facts.iter().enumerate() {
                    bits[at / 64] |= u64::from(expression.matches(facts)) << (at % 64);
                }
                bits.into_boxed_slice()
            })
            .collect()
    }

    /// What raw rules come to, or why no type at all satisfies them.
    fn effective(
        &self,
        raw: &RawRules,
        classes: &Classes,
        spreads: &[SpreadRule],
        matching: &[Box<[u64]>],
    ) -> Result<RuleSet, Reason> {
        let types = self.type_facts.len();
        if types == 0 {
            return Err(Reason::NoTypes);
        }
        let mut members: Vec<u32> = Vec::new();
        let group = raw.group.as_ref().map(|group| ClassName::Group(group.clone()));
        members.extend(group.as_ref().and_then(|name| class_number(&classes.names, name)));
        let ports = raw.ports.iter().map(|&(protocol, port)| ClassName::Port(protocol, port));
        members.extend(ports.filter_map(|name| class_number(&classes.names, &name)));
        if raw.needs_eni {
            members.extend(class_number(&classes.names, &ClassName::Eni));
        }
        members.sort_unstable();
        let spread = raw.group.as_ref().and_then(|group| spreads.iter().position(|spread| spread.group == *group));

        let mut allowed: Vec<bool> = vec![true; types];
        let mut narrow = |reason: Reason, holds: &dyn Fn(usize) -> bool| {
            for (at, allowed) in allowed.iter_mut().enumerate() {
                *allowed = *allowed && holds(at);
            }
            if allowed.contains(&true) { Ok(()) } else { Err(reason) }
        };
        narrow(Reason::Limit, &|at| self.types.limit[at] > 0)?;
        for &expression in &raw.member_of {
            let bits = &matching[expression as usize];
            narrow(Reason::MemberOf, &|at| bits[at / 64] >> (at % 64) & 1 != 0)?;
        }
        if let Some(types) = &raw.types {
            let is_named = |at: usize| u32::try_from(at).is_ok_and(|at| types.binary_search(&at).is_ok());
            narrow(Reason::MemberOf, &is_named)?;
        }
        if let Some(spread) = spread {
            narrow(Reason::SpreadAttribute, &|at| spreads[spread].domain[at] != NONE)?;
        }
        for &class in &members {
            let reason = match classes.names[class as usize] {
                ClassName::Group(_) => Reason::Group,
                ClassName::Port(..) => Reason::Ports,
                ClassName::Eni => Reason::Eni,
            };
            narrow(reason, &|at| room(&self.types.rooms[at], classes, class) > 0)?;
        }
        narrow(Reason::Gpus, &|at| misfit::has_gpus(&self.types.devices[at], raw.gpus))?;
        let mut bits = vec![0_u64; types.div_ceil(64)];
        for (at, allowed) in allowed.into_iter().enumerate() {
            bits[at / 64] |= u64::from(allowed) << (at % 64);
        }
        Ok(RuleSet {
            classes: members.into_boxed_slice(),
            gpus: raw.gpus,
            spread: spread.and_then(|at| u32::try_from(at).ok()),
            allowed: bits.into_boxed_slice(),
        })
    }

    /// Merges equal rows into kinds, and says which rows nothing can hold.
    fn merge(&mut self, rules: &[RuleSet], numbered: &[Result<u32, Reason>]) -> (Kinds, Vec<Misfit>) {
        let width = self.dimensions.len();
        let demand = |row: u32| &self.demand[row as usize * width..][..width];
        let mut misfits = Vec::new();
        let mut fitting: Vec<(u32, u32)> = Vec::new();
        for ((row, &raw), &count) in (0..).zip(&self.raw_of_row).zip(&self.rows.count) {
            match numbered[raw as usize] {
                _ if count == 0 => {}
                Err(reason) => misfits.push(Misfit { row, reason }),
                Ok(rule) => fitting.push((rule, row)),
            }
        }
        fitting.sort_unstable_by(|&(rule, row), &(other_rule, other)| {
            rule.cmp(&other_rule).then_with(|| demand(other).cmp(demand(row))).then(row.cmp(&other))
        });
        let mut ceilings: Vec<Option<misfit::Ceiling>> = vec![None; rules.len()];
        let mut kinds = Kinds::default();
        let mut rows = (Vec::with_capacity(fitting.len()), vec![0]);
        for same in
            fitting.chunk_by(|&(rule, row), &(next_rule, next)| rule == next_rule && demand(row) == demand(next))
        {
            let (rule, first) = same[0];
            let ceiling = ceilings[rule as usize]
                .get_or_insert_with(|| misfit::Ceiling::new(&rules[rule as usize].allowed, &self.types, width));
            if let Err(reason) = ceiling.check(demand(first), &self.types) {
                misfits.extend(same.iter().map(|&(_, row)| Misfit { row, reason }));
                continue;
            }
            kinds.demand.extend_from_slice(demand(first));
            kinds.count.push(same.iter().map(|&(_, row)| self.rows.count[row as usize]).sum());
            kinds.rules.push(rule);
            rows.0.extend(same.iter().map(|&(_, row)| row));
            #[expect(clippy::cast_possible_truncation, reason = "there are at most PACK_ROWS_MAX rows")]
            rows.1.push(rows.0.len() as u32);
        }
        misfits.sort_unstable_by_key(|misfit| misfit.row);
        (self.rows.by_kind, self.rows.starts) = rows;
        (kinds, misfits)
    }
}

/// The sets of rules that kinds have, numbered anew: where nothing is asked for, or nothing holds it, nothing is to be kept.
fn in_use(rules: Vec<RuleSet>, kinds: &mut Kinds) -> Box<[RuleSet]> {
    let mut numbers: Vec<Option<u32>> = vec![None; rules.len()];
    kinds.rules.iter().for_each(|&rule| numbers[rule as usize] = Some(0));
    for (number, slot) in (0..).zip(numbers.iter_mut().flatten()) {
        *slot = number;
    }
    // OK: those that kinds have, have a number.
    kinds.rules.iter_mut().for_each(|rule| *rule = numbers[*rule as usize].unwrap_or(*rule));
    rules.into_iter().zip(numbers).filter(|(_, number)| number.is_some()).map(|(set, _)| set).collect()
}

/// The number of a class.
fn class_number(names: &[ClassName], name: &ClassName) -> Option<u32> {
    names.binary_search(name).ok().and_then(|at| u32::try_from(at).ok())
}

/// Members of a class that a bin has room for.
fn room(rooms: &[(u32, u32)], classes: &Classes, class: u32) -> u32 {
    match rooms.binary_search_by_key(&class, |&(class, _)| class) {
        Ok(at) => rooms[at].1,
        Err(_) => classes.room[class as usize],
    }
}

/// Classes for which a bin of a type has other room than bins elsewhere.
fn rooms_of(facts: &TypeFacts, classes: &Classes) -> Box<[(u32, u32)]> {
    let mut rooms: BTreeMap<u32, u32> = BTreeMap::new();
    let number = |name: &ClassName| class_number(&classes.names, name);
    if let (Some(class), Some(slots)) = (number(&ClassName::Eni), facts.eni_slots) {
        rooms.insert(class, slots);
    }
    for &(protocol, port) in &facts.ports {
        rooms.extend(number(&ClassName::Port(protocol, port)).map(|class| (class, 0)));
    }
    for (group, &count) in facts.running.iter().filter(|&(_, &count)| count > 0) {
        let Some(class) = number(&ClassName::Group(group.clone())) else { continue };
        for &other in &classes.apart[class as usize] {
            rooms.insert(other, 0);
        }
        let most = classes.room[class as usize];
        if most != UNLIMITED {
            let left = rooms.entry(class).or_insert(most);
            *left = (*left).min(most.saturating_sub(count));
        }
    }
    rooms.into_iter().collect()
}

//! Tasks of a group per domain of a spread attribute, and instances per domain that could take one: kept for every group and
//! attribute that a prepared request spreads over.
//!
//! A domain is a value of the attribute, or its absence. Once an attribute has had more than [`DOMAINS_MAX`] values at a time,
//! it is not kept for as long as prepared requests spread over it; they are answered by the scan.

use alloc::string::String;
use alloc::vec::Vec;

use smallvec::SmallVec;

use crate::id::{AttributeId, GroupId, ValueId};
use crate::state::State;

use super::admission::{AdmissionId, Admissions};
use super::vacant;

/// Most values of an attribute that are kept apart.
pub(crate) const DOMAINS_MAX: usize = 64;
/// Domains with the absence of the attribute, which is number 0.
const NUMBERS: usize = DOMAINS_MAX + 1;

/// Names one spread.
pub(crate) type SpreadId = u32;

/// The domains of an attribute.
#[derive(Debug, Clone)]
struct Domains {
    /// The attribute.
    attribute: AttributeId,
    /// By slot: the number of its domain.
    of: Vec<u8>,
    /// By number: the value; number 0 has none.
    values: [Option<ValueId>; NUMBERS],
    /// By number: instances in the domain.
    sizes: [u32; NUMBERS],
    /// Numbers given so far; all below it.
    used: usize,
    /// Whether there were more values than numbers.
    is_spilt: bool,
    /// Spreads over the attribute.
    holders: u32,
}

/// One group over one attribute, for requests that admit the same instances.
#[derive(Debug, Clone)]
struct Spread {
    /// The group.
    group: GroupId,
    /// The attribute, by number of its domains.
    domains: usize,
    /// The instances the requests admit.
    admission: AdmissionId,
    /// By domain: tasks of the group.
    counts: [u32; NUMBERS],
    /// By domain: admitted instances.
    admitted: [u32; NUMBERS],
    /// Prepared requests that use it.
    holders: u32,
}

/// All spreads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spreads {
    /// Attributes in use.
    domains: Vec<Option<Domains>>,
    /// Spreads by number.
    records: Vec<Option<Spread>>,
    /// By group: its spreads.
    of_group: Vec<SmallVec<[SpreadId; 2]>>,
    /// By admission: the spreads of its requests. Hundreds of services have one each, and a change of an instance asks them all.
    of_admission: Vec<SmallVec<[SpreadId; 2]>>,
}

/// A spread as choosing sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SpreadView<'a> {
    /// By slot: the number of its domain.
    of: &'a [u8],
    /// By domain there has been: tasks of the group.
    counts: &'a [u32],
    /// By domain there has been: admitted instances.
    admitted: &'a [u32],
    /// Whether instances without the attribute come last.
    absent_last: bool,
}

impl SpreadView<'_> {
    /// The domains with an admitted instance.
    pub(crate) fn domains(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.admitted.len()).filter(|&domain| self.admitted[domain] > 0)
    }

    /// The domain of an instance.
    #[inline]
    pub(crate) fn domain_of(&self, slot: u32) -> usize {
        usize::from(self.of[slot as usize])
    }

    /// The level of a domain: its tasks.
    #[inline]
    pub(crate) fn level(&self, domain: usize) -> u32 {
        if domain == 0 && self.absent_last { u32::MAX } else { self.counts[domain] }
    }

    /// The least level above one at which an admitted instance stands.
    pub(crate) fn level_above(&self, floor: Option<u32>) -> Option<u32> {
        self.domains().map(|domain| self.level(domain)).filter(|&level| floor.is_none_or(|floor| level > floor)).min()
    }

    /// The level of an instance.
    #[inline]
    pub(crate) fn level_of(&self, slot: u32) -> u32 {
        self.level(self.domain_of(slot))
    }
}

impl Domains {
    /// The domains of an attribute.
    fn new(state: &State, attribute: AttributeId) -> Self {
        let mut domains = Self {
            attribute,
            of: alloc::vec![0; state.slots()],
            values: [None; NUMBERS],
            sizes: [0; NUMBERS],
            used: 1,
            is_spilt: false,
            holders: 0,
        };
        for &slot in &state.registry {
            let number = domains.number(state.attributes.value(attribute, slot));
            domains.of[slot as usize] = number;
            domains.sizes[usize::from(number)] += 1;
        }
        domains
    }

    /// The number of a value; a new one gets the number of a domain without instances.
    fn number(&mut self, value: Option<ValueId>) -> u8 {
        let Some(value) = value else { return 0 };
        let known = (1..NUMBERS).find(|&number| self.values[number] == Some(value) && self.sizes[number] > 0);
        let number = known.or_else(|| (1..NUMBERS).find(|&number| self.sizes[number] == 0));
        let Some(number) = number else {
            self.is_spilt = true;
            return 0;
        };
        self.values[number] = Some(value);
        self.used = self.used.max(number + 1);
        #[expect(clippy::cast_possible_truncation, reason = "there are 65 numbers")]
        {
            number as u8
        }
    }
}

impl Spreads {
    /// The number of a spread, with one holder more.
    pub(crate) fn hold(
        &mut self,
        state: &State,
        admissions: &Admissions,
        (group, attribute, admission): (GroupId, AttributeId, AdmissionId),
    ) -> SpreadId {
        let domains = self.hold_domains(state, attribute);
        let same = |record: &Option<Spread>| {
            record
                .as_ref()
                .is_some_and(|record| (record.group, record.domains, record.admission) == (group, domains, admission))
        };
        if let Some(number) = self.records.iter().position(same) {
            if let Some(record) = &mut self.records[number] {
                record.holders += 1;
            }
            self.release_domains(domains);
            return id(number);
        }
        let mut record = Spread { group, domains, admission, counts: [0; NUMBERS], admitted: [0; NUMBERS], holders: 1 };
        if let Some(domains) = &self.domains[domains] {
            let members = admissions.members(admission);
            for &slot in state.registry.iter().filter(|&&slot| members.contains(slot)) {
                record.admitted[usize::from(domains.of[slot as usize])] += 1;
            }
            for task in state.tasks_of_group(group) {
                record.counts[usize::from(domains.of[state.tasks[task as usize].instance as usize])] += 1;
            }
        }
        let number = vacant(&mut self.records);
        self.records[number] = Some(record);
        enter(&mut self.of_group, group.index(), id(number));
        enter(&mut self.of_admission, admission as usize, id(number));
        id(number)
    }

    /// One holder less; the last one takes the spread with it.
    pub(crate) fn release(&mut self, id: SpreadId) {
        let Some(record) = &mut self.records[id as usize] else { return };
        record.holders -= 1;
        if record.holders > 0 {
            return;
        }
        let (group, domains, admission) = (record.group, record.domains, record.admission);
        self.records[id as usize] = None;
        self.of_group[group.index()].retain(|&mut other| other != id);
        self.of_admission[admission as usize].retain(|&mut other| other != id);
        self.release_domains(domains);
    }

    /// The number of an attribute's domains, with one holder more.
    fn hold_domains(&mut self, state: &State, attribute: AttributeId) -> usize {
        let same = |domains: &Option<Domains>| domains.as_ref().is_some_and(|known| known.attribute == attribute);
        let number = self.domains.iter().position(same).unwrap_or_else(|| vacant(&mut self.domains));
        self.domains[number].get_or_insert_with(|| Domains::new(state, attribute)).holders += 1;
        number
    }

    /// One holder less of an attribute's domains.
    fn release_domains(&mut self, number: usize) {
        if let Some(domains) = &mut self.domains[number] {
            domains.holders -= 1;
            if domains.holders == 0 {
                self.domains[number] = None;
            }
        }
    }

    /// A spread as choosing sees it; `None` where the attribute has too many values.
    #[inline]
    pub(crate) fn view(&self, id: SpreadId, absent_last: bool) -> Option<SpreadView<'_>> {
        let record = self.records[id as usize].as_ref()?;
        let domains = self.domains[record.domains].as_ref().filter(|domains| !domains.is_spilt)?;
        let (counts, admitted) = (&record.counts[..domains.used], &record.admitted[..domains.used]);
        Some(SpreadView { of: &domains.of, counts, admitted, absent_last })
    }

    /// A task of the group begins to count on the instance, or ceases to.
    #[inline]
    pub(crate) fn count(&mut self, group: GroupId, slot: u32, begins: bool) {
        let Some(spreads) = self.of_group.get(group.index()) else { return };
        for &id in spreads {
            let Some(record) = &mut self.records[id as usize] else { continue };
            let Some(domains) = &self.domains[record.domains] else { continue };
            let count = &mut record.counts[usize::from(domains.of[slot as usize])];
            *count = if begins { *count + 1 } else { *count - 1 };
        }
    }

    /// An admission lets an instance in now, or turns it away.
    pub(crate) fn admit(&mut self, admission: AdmissionId, slot: u32, member: bool) {
        let Some(spreads) = self.of_admission.get(admission as usize) else { return };
        for &id in spreads {
            let Some(record) = &mut self.records[id as usize] else { continue };
            let Some(domains) = &self.domains[record.domains] else { continue };
            let admitted = &mut record.admitted[usize::from(domains.of[slot as usize])];
            *admitted = if member { *admitted + 1 } else { *admitted - 1 };
        }
    }

    /// An instance enters the cluster; no admission has let it in yet.
    pub(crate) fn enter(&mut self, state: &State, slot: u32) {
        for domains in self.domains.iter_mut().flatten() {
            domains.of.resize(state.slots(), 0);
            let number = domains.number(state.attributes.value(domains.attribute, slot));
            domains.of[slot as usize] = number;
            domains.sizes[usize::from(number)] += 1;
        }
    }

    /// An instance leaves the cluster; every admission has turned it away, and it runs no task.
    pub(crate) fn leave(&mut self, slot: u32) {
        for domains in self.domains.iter_mut().flatten() {
            domains.sizes[usize::from(domains.of[slot as usize])] -= 1;
        }
    }

    /// An attribute of an instance has changed; admissions have not been asked again yet.
    pub(crate) fn change(&mut self, state: &State, admissions: &Admissions, slot: u32, attribute: AttributeId) {
        let same = |domains: &Option<Domains>| domains.as_ref().is_some_and(|known| known.attribute == attribute);
        let Some(at) = self.domains.iter().position(same) else { return };
        let Some(domains) = &mut self.domains[at] else { return };
        let from = usize::from(domains.of[slot as usize]);
        domains.sizes[from] -= 1;
        let number = domains.number(state.attributes.value(attribute, slot));
        let to = usize::from(number);
        domains.of[slot as usize] = number;
        domains.sizes[to] += 1;
        for record in self.records.iter_mut().flatten().filter(|record| record.domains == at) {
            let admitted = u32::from(admissions.members(record.admission).contains(slot));
            record.admitted[from] -= admitted;
            record.admitted[to] += admitted;
            let tasks = state.group_tasks(record.group, slot);
            record.counts[from] -= tasks;
            record.counts[to] += tasks;
        }
    }

    /// Counts everything again.
    pub(crate) fn validate(&self, state: &State, admissions: &Admissions) -> Result<(), String> {
        for domains in self.domains.iter().flatten().filter(|domains| !domains.is_spilt) {
            let right = state.registry.iter().all(|&slot| {
                let number = usize::from(domains.of[slot as usize]);
                let value = state.attributes.value(domains.attribute, slot);
                value == if number == 0 { None } else { domains.values[number] }
            });
            if !right {
                return Err("the domains of a spread attribute are out of date".into());
            }
        }
        let listed = |lists: &[SmallVec<[SpreadId; 2]>]| lists.iter().map(SmallVec::len).sum::<usize>();
        let kept = self.records.iter().flatten().count();
        if (listed(&self.of_group), listed(&self.of_admission)) != (kept, kept) {
            return Err("the lists of spreads are out of date".into());
        }
        for record in self.records.iter().flatten() {
            let Some(domains) = &self.domains[record.domains] else { continue };
            let (mut counts, mut admitted) = ([0; NUMBERS], [0; NUMBERS]);
            for &slot in &state.registry {
                let number = usize::from(domains.of[slot as usize]);
                counts[number] += state.group_tasks(record.group, slot);
                admitted[number] += u32::from(admissions.members(record.admission).contains(slot));
            }
            if (counts, admitted) != (record.counts, record.admitted) {
                return Err("the counts of a spread are out of date".into());
            }
        }
        Ok(())
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        self.domains.capacity() * size_of::<Option<Domains>>()
            + self.domains.iter().flatten().map(|domains| domains.of.capacity()).sum::<usize>()
            + self.records.capacity() * size_of::<Option<Spread>>()
            + (self.of_group.capacity() + self.of_admission.capacity()) * size_of::<SmallVec<[SpreadId; 2]>>()
    }
}

/// Adds a spread to the list at a place, which may be a new one.
fn enter(lists: &mut Vec<SmallVec<[SpreadId; 2]>>, at: usize, id: SpreadId) {
    if lists.len() <= at {
        lists.resize(at + 1, SmallVec::new());
    }
    lists[at].push(id);
}

/// A place in a table as a number.
#[expect(clippy::cast_possible_truncation, reason = "a spread needs memory of its own")]
fn id(number: usize) -> SpreadId {
    number as SpreadId
}

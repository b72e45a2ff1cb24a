//! Facts about instances that requests ask for, kept as sets of slots.
//!
//! A filter is a question whose answer depends on static facts alone: an attribute-only part of an expression, required
//! attributes, zones, the kind of instance. It is asked once per instance when it appears, and then again only of an
//! instance whose facts changed. An attribute predicate is decided once per distinct value, never once per instance, and
//! the verdict is kept as long as the filter lives. Equal filters are one filter, however many requests use it.
//!
//! The idea is Nomad's computed classes, taken down to single predicates.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

use hashbrown::HashMap;
use smallvec::SmallVec;

use crate::attribute::{AVAILABILITY_ZONE, CPU_ARCHITECTURE, EXTERNAL, INSTANCE_TYPE, OS_TYPE, TASK_ENI};
use crate::demand::{Demand, RequiredAttribute};
use crate::expr::{Leaf, Program, Subject};
use crate::id::{AttributeId, ConstraintId, ValueId};
use crate::state::{InstanceFacts, State};

use super::bitset::Bitset;

/// Filters nobody uses that are kept in case they are asked for again.
const IDLE_MAX: usize = 64;

/// Instance types that carry one slice of a GPU, and the thousandths it has.
const SLICE_TYPES: [(&str, u16); 5] =
    [("g6f.large", 125), ("g6f.xlarge", 125), ("g6f.2xlarge", 250), ("g6f.4xlarge", 500), ("gr6f.4xlarge", 500)];

/// Thousandths of the GPU slice that instances of a type carry, if they carry one.
pub(crate) fn slice_of_type(instance_type: &str) -> Option<u16> {
    SLICE_TYPES.iter().find(|&&(known, _)| known == instance_type).map(|&(_, has)| has)
}

/// For each attribute that a filter reads its number, if anybody carries it or asks for it; `None` for a predicate about
/// something else.
pub(crate) type Names = SmallVec<[Option<AttributeId>; 4]>;

/// A question about static facts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    /// A part of an expression.
    Program(Program),
    /// What a demand requires beside amounts (semantics.md §6.3).
    Requirements {
        /// Attributes to carry.
        attributes: Vec<RequiredAttribute>,
        /// Whether it must be able to give a task its own network interface.
        eni: bool,
        /// Architecture, if the instance tells its own.
        cpu_architecture: Option<String>,
        /// Operating system, if the instance tells its own.
        os_type: Option<String>,
    },
    /// To lie in one of these zones.
    Zones(Vec<String>),
    /// To be an external instance.
    External,
    /// To be of a type that carries one GPU slice; of so many thousandths, where that is given.
    GpuSlice(Option<u16>),
}

/// Adds a text, or that there is none, to a key. The length in front keeps texts apart whatever is in them.
fn add_text(key: &mut String, text: Option<&str>) {
    let _ = match text {
        // OK: writing to a `String` does not fail.
        Some(text) => write!(key, " {}:{text}", text.len()),
        None => write!(key, " -"),
    };
}

impl Filter {
    /// What a demand requires, if it requires anything.
    pub(crate) fn requirements(demand: &Demand, more: Vec<RequiredAttribute>) -> Option<Self> {
        let mut attributes = demand.required_attributes.clone();
        attributes.extend(more);
        attributes.sort_unstable();
        attributes.dedup();
        let asks =
            !attributes.is_empty() || demand.eni || demand.cpu_architecture.is_some() || demand.os_type.is_some();
        asks.then(|| Self::Requirements {
            attributes,
            eni: demand.eni,
            cpu_architecture: demand.cpu_architecture.clone(),
            os_type: demand.os_type.clone(),
        })
    }

    /// Text that two filters share exactly when they ask the same.
    fn key(&self) -> String {
        match self {
            Self::Program(program) => format!("program {program}"),
            Self::Requirements { attributes, eni, cpu_architecture, os_type } => {
                let mut key = String::from(if *eni { "requirements eni" } else { "requirements" });
                add_text(&mut key, cpu_architecture.as_deref());
                add_text(&mut key, os_type.as_deref());
                for RequiredAttribute { name, value } in attributes {
                    add_text(&mut key, Some(name));
                    add_text(&mut key, value.as_deref());
                }
                key
            }
            Self::Zones(zones) => {
                let mut key = String::from("zones");
                zones.iter().for_each(|zone| add_text(&mut key, Some(zone)));
                key
            }
            Self::External => String::from("external"),
            Self::GpuSlice(None) => String::from("slice"),
            Self::GpuSlice(Some(thousandths)) => format!("slice {thousandths}"),
        }
    }

    /// The attributes it reads: of a program that of each predicate, otherwise those looked for, then those to agree with.
    fn attributes(&self) -> SmallVec<[Option<&str>; 4]> {
        match self {
            Self::Program(program) => program.leaves().iter().map(Leaf::attribute).collect(),
            Self::Requirements { attributes, eni, .. } => {
                let wanted = attributes.iter().map(|required| required.name.as_str());
                let own = [CPU_ARCHITECTURE, OS_TYPE].into_iter().chain(eni.then_some(TASK_ENI));
                wanted.chain(own).map(Some).collect()
            }
            Self::Zones(_) => [Some(AVAILABILITY_ZONE)].into_iter().collect(),
            Self::External => [Some(EXTERNAL)].into_iter().collect(),
            Self::GpuSlice(_) => [Some(INSTANCE_TYPE)].into_iter().collect(),
        }
    }

    /// The numbers of the attributes it reads.
    pub(crate) fn names(&self, state: &State) -> Names {
        let number = |name: Option<&str>| name.and_then(|name| state.attributes.name_id(name));
        self.attributes().into_iter().map(number).collect()
    }

    /// Whether the answer may change with this attribute.
    fn reads(&self, attribute: &str) -> bool {
        self.attributes().contains(&Some(attribute))
    }

    /// The answer for one instance, from its facts alone.
    pub(crate) fn holds(&self, state: &State, slot: u32) -> bool {
        self.holds_by(state, slot, &self.names(state), |_, leaf, value| {
            leaf.test_attribute(value.map(|value| state.attributes.value_text(value)))
        })
    }

    /// The same where the attributes it reads have been looked up; `test` decides a predicate, by number, for a value.
    pub(crate) fn holds_by(
        &self,
        state: &State,
        slot: u32,
        names: &[Option<AttributeId>],
        mut test: impl FnMut(usize, &Leaf, Option<ValueId>) -> bool,
    ) -> bool {
        let value = |at: usize| names.get(at).copied().flatten().and_then(|name| state.attributes.value(name, slot));
        let text = |at: usize| value(at).map(|value| state.attributes.value_text(value));
        let agrees = |at: usize, wanted: &Option<String>| match (wanted, text(at)) {
            (Some(wanted), Some(value)) => wanted == value,
            _ => true,
        };
        match self {
            Self::Program(program) => {
                let facts = InstanceFacts { state, slot };
                program.eval(|index, leaf| match leaf.subject() {
                    Subject::Attribute => test(index, leaf, value(index)),
                    _ => leaf.test_facts(&facts),
                })
            }
            Self::Requirements { attributes, eni, cpu_architecture, os_type } => {
                let own = attributes.len();
                let carried = |(at, required): (usize, &RequiredAttribute)| match (value(at), &required.value) {
                    (Some(_), Some(wanted)) => text(at) == Some(wanted),
                    (value, _) => value.is_some(),
                };
                let has_eni =
                    || value(own + 2).is_some() || state.info[slot as usize].details().eni_task_slots.is_some();
                attributes.iter().enumerate().all(carried)
                    && (!eni || has_eni())
                    && agrees(own, cpu_architecture)
                    && agrees(own + 1, os_type)
            }
            Self::Zones(zones) => text(0).is_some_and(|zone| zones.iter().any(|wanted| wanted == zone)),
            Self::External => value(0).is_some(),
            Self::GpuSlice(thousandths) => {
                text(0).and_then(slice_of_type).is_some_and(|has| thousandths.is_none_or(|wanted| wanted == has))
            }
        }
    }
}

/// A filter and its answers.
#[derive(Debug, Clone)]
struct Record {
    /// The question.
    filter: Filter,
    /// The instances for which it holds.
    members: Bitset,
    /// Verdict per predicate of the program and value number, with the life of the number it was reached in.
    verdicts: HashMap<(u32, u32), (u32, bool), foldhash::fast::FixedState>,
    /// Prepared requests that use it.
    holders: u32,
}

/// All filters in use.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filters {
    /// By number.
    records: Vec<Option<Record>>,
    /// Numbers by key.
    numbers: HashMap<String, u32, foldhash::quality::FixedState>,
    /// Numbers to be reused.
    free: Vec<u32>,
    /// Filters nobody holds, longest idle first.
    idle: Vec<u32>,
}

impl Record {
    /// Asks again for one instance. `names` are the attributes that the filter reads.
    fn refresh(&mut self, state: &State, slot: u32, names: &[Option<AttributeId>]) {
        let Self { filter, members, verdicts, .. } = self;
        let member =
            filter.holds_by(state, slot, names, |index, leaf, value| test_value(state, verdicts, index, leaf, value));
        members.set(slot, member);
    }
}

/// Decides an attribute predicate for a value, once per distinct one.
fn test_value(
    state: &State,
    verdicts: &mut HashMap<(u32, u32), (u32, bool), foldhash::fast::FixedState>,
    index: usize,
    leaf: &Leaf,
    value: Option<ValueId>,
) -> bool {
    let Some(value) = value else { return leaf.test_attribute(None) };
    #[expect(clippy::cast_possible_truncation, reason = "an expression has at most 2000 characters")]
    let key = (index as u32, value.0);
    let born = state.attributes.value_born(value);
    match verdicts.get(&key) {
        Some(&(then, verdict)) if then == born => verdict,
        _ => {
            let verdict = leaf.test_attribute(Some(state.attributes.value_text(value)));
            verdicts.insert(key, (born, verdict));
            verdict
        }
    }
}

impl Filters {
    /// The number of a filter, with one holder more; a new one is asked of every instance.
    pub(crate) fn hold(&mut self, state: &State, filter: Filter) -> ConstraintId {
        let key = filter.key();
        if let Some(&number) = self.numbers.get(&key) {
            self.idle.retain(|&idle| idle != number);
            if let Some(record) = &mut self.records[number as usize] {
                record.holders += 1;
            }
            return ConstraintId(number);
        }
        let verdicts = HashMap::with_hasher(foldhash::fast::FixedState::with_seed(0));
        let mut record = Record { filter, members: Bitset::default(), verdicts, holders: 1 };
        record.members.resize(state.slots().div_ceil(crate::state::WORD));
        let names = record.filter.names(state);
        for &slot in &state.registry {
            record.refresh(state, slot, &names);
        }
        let number = if let Some(number) = self.free.pop() {
            self.records[number as usize] = Some(record);
            number
        } else {
            self.records.push(Some(record));
            #[expect(clippy::cast_possible_truncation, reason = "a filter needs memory of its own")]
            {
                (self.records.len() - 1) as u32
            }
        };
        self.numbers.insert(key, number);
        ConstraintId(number)
    }

    /// One holder less; a filter without one stays for a while.
    pub(crate) fn release(&mut self, id: ConstraintId) {
        let Some(record) = &mut self.records[id.index()] else { return };
        record.holders -= 1;
        if record.holders > 0 {
            return;
        }
        // What it remembers of values may be much larger than its answers, and is cheap to find out again.
        record.verdicts.clear();
        record.verdicts.shrink_to_fit();
        self.idle.push(id.0);
        if self.idle.len() > IDLE_MAX {
            let oldest = self.idle.remove(0);
            if let Some(record) = self.records[oldest as usize].take() {
                self.numbers.remove(&record.filter.key());
                self.free.push(oldest);
            }
        }
    }

    /// The instances for which a filter holds.
    #[inline]
    pub(crate) fn members(&self, id: ConstraintId) -> &Bitset {
        match &self.records[id.index()] {
            Some(record) => &record.members,
            #[expect(clippy::unreachable, reason = "prepared requests hold the filters they name")]
            None => unreachable!("filter {id:?} has no holder"),
        }
    }

    /// Asks every filter about one instance.
    pub(crate) fn refresh_all(&mut self, state: &State, slot: u32) {
        for record in self.records.iter_mut().flatten() {
            let names = record.filter.names(state);
            record.refresh(state, slot, &names);
        }
    }

    /// Asks the filters that read an attribute about one instance.
    pub(crate) fn refresh_attribute(&mut self, state: &State, slot: u32, attribute: AttributeId) {
        let attribute = state.attributes.name_text(attribute);
        for record in self.records.iter_mut().flatten().filter(|record| record.filter.reads(attribute)) {
            let names = record.filter.names(state);
            record.refresh(state, slot, &names);
        }
    }

    /// Asks the filters that read whether the agent is connected about one instance.
    pub(crate) fn refresh_agent(&mut self, state: &State, slot: u32) {
        for record in self.records.iter_mut().flatten() {
            let reads = match &record.filter {
                Filter::Program(program) => {
                    program.leaves().iter().any(|leaf| matches!(leaf.subject(), Subject::AgentConnected))
                }
                _ => false,
            };
            if reads {
                let names = record.filter.names(state);
                record.refresh(state, slot, &names);
            }
        }
    }

    /// Asks every filter about every instance, without what is remembered.
    pub(crate) fn validate(&self, state: &State) -> Result<(), String> {
        for record in self.records.iter().flatten() {
            for &slot in &state.registry {
                if record.members.contains(slot) != record.filter.holds(state, slot) {
                    let name = &state.info[slot as usize].name;
                    return Err(format!("filter `{}` is out of date for `{name}`", record.filter.key()));
                }
            }
        }
        Ok(())
    }

    /// Bytes held on the heap, the filters' own text not counted.
    pub(crate) fn memory_usage(&self) -> usize {
        let records = self.records.iter().flatten();
        self.records.capacity() * size_of::<Option<Record>>()
            + records.map(|record| record.members.memory_usage() + record.verdicts.allocation_size()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec;
    use alloc::vec::Vec;

    use super::{Filter, RequiredAttribute};

    /// Filters that ask different things, among them texts that hold what the key puts between texts.
    fn different() -> Vec<Filter> {
        let attribute = |name: &str, value: Option<&str>| RequiredAttribute {
            name: name.to_string(),
            value: value.map(ToString::to_string),
        };
        let requirements =
            |attributes: Vec<RequiredAttribute>, eni, cpu: Option<&str>, os: Option<&str>| Filter::Requirements {
                attributes,
                eni,
                cpu_architecture: cpu.map(ToString::to_string),
                os_type: os.map(ToString::to_string),
            };
        let zones = |names: &[&str]| Filter::Zones(names.iter().map(ToString::to_string).collect());
        vec![
            requirements(vec![attribute("a", None)], false, None, None),
            requirements(vec![attribute("a", None)], true, None, None),
            requirements(vec![attribute("a", Some(""))], false, None, None),
            requirements(vec![attribute("a", Some("-"))], false, None, None),
            requirements(vec![attribute("a -", None)], false, None, None),
            requirements(vec![attribute("a", Some("1:b")), attribute("b", None)], false, None, None),
            requirements(vec![attribute("a", None), attribute("b", None)], false, None, None),
            requirements(vec![], false, Some("x"), None),
            requirements(vec![], false, None, Some("x")),
            zones(&["a", "b"]),
            zones(&["a 1:b"]),
            zones(&["a"]),
            Filter::External,
            Filter::GpuSlice(None),
            Filter::GpuSlice(Some(125)),
            Filter::GpuSlice(Some(250)),
        ]
    }

    #[test]
    fn keys_differ_exactly_where_filters_do() {
        let (filters, again) = (different(), different());
        for (i, one) in filters.iter().enumerate() {
            for (j, other) in again.iter().enumerate() {
                assert_eq!(one.key() == other.key(), i == j, "`{}` and `{}`", one.key(), other.key());
            }
        }
    }
}

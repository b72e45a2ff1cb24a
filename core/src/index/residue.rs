//! The parts of expressions that read tasks: which task groups they name, and the static parts they rest on.
//!
//! A predicate on `task:group` is decided once per group, when the group or the predicate appears, and kept as a set of
//! group numbers. What is left to do per instance is to look whether it runs a task of the set.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::expr::{Parking, Residue, Subject};
use crate::id::{ConstraintId, GroupId};
use crate::state::{Life, State, WORD};

use super::bitset::{Bitset, bits};
use super::eligibility::{Filter, Filters};
use super::tally::Tallies;

/// Groups of one predicate that are looked up in columns rather than by walking an instance's tasks.
const FOCUSED_GROUPS_MAX: usize = 3;

/// A residue in use.
#[derive(Debug, Clone)]
pub(crate) struct ResidueRecord {
    /// The program.
    residue: Residue,
    /// Filters of its static parts.
    statics: Vec<ConstraintId>,
    /// For each predicate that reads tasks: the groups that satisfy its positive form. Empty for other subjects.
    groups: Vec<Bitset>,
}

/// Residues by number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Residues {
    /// By number.
    records: Vec<Option<ResidueRecord>>,
    /// Numbers to be reused.
    free: Vec<u32>,
}

/// Names one residue.
pub(crate) type ResidueId = u32;

impl Residues {
    /// Takes a residue in use.
    pub(crate) fn hold(&mut self, state: &State, filters: &mut Filters, residue: &Residue) -> ResidueId {
        let statics = residue.statics().iter().map(|part| filters.hold(state, Filter::Program(part.clone()))).collect();
        let groups = residue.volatile().iter().map(|_| Bitset::default()).collect();
        let mut record = ResidueRecord { residue: residue.clone(), statics, groups };
        for number in 0u32.. {
            if number as usize >= state.groups.len() {
                break;
            }
            if state.group_names.holders(number) > 0 {
                record.meet_group(number, state.group_names.text(number));
            }
        }
        if let Some(number) = self.free.pop() {
            self.records[number as usize] = Some(record);
            number
        } else {
            self.records.push(Some(record));
            #[expect(clippy::cast_possible_truncation, reason = "a residue needs memory of its own")]
            {
                (self.records.len() - 1) as u32
            }
        }
    }

    /// Lets go of a residue.
    pub(crate) fn release(&mut self, filters: &mut Filters, id: ResidueId) {
        if let Some(record) = self.records[id as usize].take() {
            for part in record.statics {
                filters.release(part);
            }
            self.free.push(id);
        }
    }

    /// A group got a number.
    pub(crate) fn meet_group(&mut self, group: GroupId, name: &str) {
        for record in self.records.iter_mut().flatten() {
            record.meet_group(group.0, name);
        }
    }

    /// A residue in use.
    #[inline]
    pub(crate) fn get(&self, id: ResidueId) -> &ResidueRecord {
        match &self.records[id as usize] {
            Some(record) => record,
            #[expect(clippy::unreachable, reason = "prepared requests hold the residues they name")]
            None => unreachable!("residue {id} has no holder"),
        }
    }

    /// Bytes held on the heap, the programs' own text not counted.
    pub(crate) fn memory_usage(&self) -> usize {
        let groups = self.records.iter().flatten().flat_map(|record| &record.groups);
        self.records.capacity() * size_of::<Option<ResidueRecord>>() + groups.map(Bitset::memory_usage).sum::<usize>()
    }

    /// Asks every predicate about every group again.
    pub(crate) fn validate(&self, state: &State) -> Result<(), String> {
        for record in self.records.iter().flatten() {
            for (leaf, groups) in record.residue.volatile().iter().zip(&record.groups) {
                for number in (0u32..).take(state.groups.len()) {
                    let named = state.group_names.holders(number) > 0 && leaf.subject() == Subject::TaskGroup;
                    if named && groups.contains(number) != leaf.test_group(state.group_names.text(number)) {
                        return Err(format!(
                            "a predicate is out of date for group `{}`",
                            state.group_names.text(number)
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

impl ResidueRecord {
    /// Decides the predicates on `task:group` for one group.
    fn meet_group(&mut self, number: u32, name: &str) {
        for (leaf, groups) in self.residue.volatile().iter().zip(&mut self.groups) {
            if leaf.subject() == Subject::TaskGroup {
                groups.set(number, leaf.test_group(name));
            }
        }
    }

    /// Gives columns to the groups that few predicates name; `focus` gives one.
    pub(crate) fn focus(&self, state: &State, mut focus: impl FnMut(GroupId)) {
        for groups in &self.groups {
            if running(state, groups).nth(FOCUSED_GROUPS_MAX).is_none() {
                running(state, groups).for_each(&mut focus);
            }
        }
    }

    /// Instructions of the program.
    pub(crate) fn instructions(&self) -> u32 {
        self.residue.instructions()
    }

    /// The residue made ready to be asked of many instances in a row.
    pub(crate) fn view<'a>(&'a self, state: &'a State, filters: &'a Filters, tallies: &'a Tallies) -> ResidueView<'a> {
        let mut leaves = [const { LeafView::Walk }; VIEWED_LEAVES_MAX];
        for (view, groups) in leaves.iter_mut().zip(&self.groups) {
            *view = LeafView::new(state, tallies, groups);
        }
        ResidueView { record: self, state, filters, leaves }
    }
}

/// Predicates of one residue that are made ready; those after them walk an instance's tasks.
const VIEWED_LEAVES_MAX: usize = 4;

/// How a predicate on `task:group` finds out about an instance.
#[derive(Debug, Clone, Copy)]
enum LeafView<'a> {
    /// By the columns of the groups it names.
    Columns([Option<&'a [u32]>; FOCUSED_GROUPS_MAX]),
    /// By walking the instance's tasks.
    Walk,
}

impl<'a> LeafView<'a> {
    /// Columns, when every group in the set that has tasks has one.
    fn new(state: &'a State, tallies: &'a Tallies, groups: &'a Bitset) -> Self {
        let mut columns = [None; FOCUSED_GROUPS_MAX];
        for (at, group) in running(state, groups).enumerate() {
            match (columns.get_mut(at), tallies.counts(group)) {
                (Some(column), Some(counts)) => *column = Some(counts),
                _ => return Self::Walk,
            }
        }
        Self::Columns(columns)
    }
}

/// A residue made ready.
#[derive(Debug)]
pub(crate) struct ResidueView<'a> {
    /// The residue.
    record: &'a ResidueRecord,
    /// The columns.
    state: &'a State,
    /// Static questions.
    filters: &'a Filters,
    /// Its first predicates that read tasks.
    leaves: [LeafView<'a>; VIEWED_LEAVES_MAX],
}

impl ResidueView<'_> {
    /// Of the candidates in a word of slots, those for which the residue holds.
    pub(crate) fn holding(&self, word: usize, candidates: u64, parking: &mut Parking) -> u64 {
        self.record.residue.eval_words(
            candidates,
            parking,
            |part| self.filters.members(self.record.statics[part]).word(word),
            |index, leaf, lanes| match leaf.subject() {
                Subject::TaskGroup if leaf.is_negated_group() => !self.running_any(index, word, lanes),
                Subject::TaskGroup => self.running_any(index, word, lanes),
                _ => gather(word, lanes, |slot| leaf.test_count(self.state.occupancy[slot].running)),
            },
        )
    }

    /// Of the lanes in a word of slots, the instances that run a task of a group that the n-th predicate names.
    fn running_any(&self, index: usize, word: usize, lanes: u64) -> u64 {
        match self.leaves.get(index) {
            Some(LeafView::Columns(columns)) => {
                columns.iter().flatten().fold(0, |any, counts| any | gather(word, lanes, |slot| counts[slot] > 0))
            }
            _ => gather(word, lanes, |slot| {
                #[expect(clippy::cast_possible_truncation, reason = "slots fit a u32")]
                let mut tasks = self.state.tasks_of_instance(slot as u32);
                tasks.any(|task| {
                    let task = &self.state.tasks[task as usize];
                    task.life == Life::Live && self.record.groups[index].contains(task.group.0)
                })
            }),
        }
    }
}

/// Of the lanes in a word of slots, those whose slot passes.
fn gather(word: usize, lanes: u64, passes: impl Fn(usize) -> bool) -> u64 {
    bits(lanes).filter(|&bit| passes(word * WORD + bit as usize)).fold(0, |kept, bit| kept | 1 << bit)
}

/// Groups of the set that have tasks.
fn running<'a>(state: &'a State, groups: &'a Bitset) -> impl Iterator<Item = GroupId> + 'a {
    (0u32..)
        .zip(groups.words())
        .flat_map(|(word, &members)| bits(members).map(move |bit| GroupId(word * 64 + bit)))
        .filter(|group| state.groups[group.index()].active > 0)
}

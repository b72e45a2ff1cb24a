//! The parts of expressions that read tasks: which task groups they name, and the static parts they rest on.
//!
//! A predicate on `task:group` is decided once per group, when the group or the predicate appears, and kept as a set of
//! group numbers. What is left to do per instance is to look whether it runs a task of the set.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::expr::{Residue, Subject};
use crate::id::{ConstraintId, GroupId};
use crate::state::State;

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

    /// Gives columns to the groups that few predicates name.
    pub(crate) fn focus(&self, state: &State, tallies: &mut Tallies) {
        for groups in &self.groups {
            if running(state, groups).nth(FOCUSED_GROUPS_MAX).is_none() {
                for group in running(state, groups) {
                    tallies.focus(state, group);
                }
            }
        }
    }

    /// Whether the residue holds for an instance.
    #[inline]
    pub(crate) fn holds(&self, state: &State, filters: &Filters, tallies: &Tallies, slot: u32) -> bool {
        self.residue.eval(
            |part| filters.members(self.statics[part]).contains(slot),
            |index, leaf| match leaf.subject() {
                Subject::TaskGroup => runs_any(state, tallies, &self.groups[index], slot) != leaf.is_negated_group(),
                _ => leaf.test_count(state.running[slot as usize]),
            },
        )
    }
}

/// Groups of the set that have tasks.
fn running<'a>(state: &'a State, groups: &'a Bitset) -> impl Iterator<Item = GroupId> + 'a {
    (0u32..)
        .zip(groups.words())
        .flat_map(|(word, &members)| bits(members).map(move |bit| GroupId(word * 64 + bit)))
        .filter(|group| state.groups[group.index()].active > 0)
}

/// Whether the instance runs a task of a group in the set.
fn runs_any(state: &State, tallies: &Tallies, groups: &Bitset, slot: u32) -> bool {
    let mut unsure = false;
    for (seen, group) in running(state, groups).enumerate() {
        match tallies.counts(group) {
            Some(counts) if seen < FOCUSED_GROUPS_MAX => {
                if counts[slot as usize] > 0 {
                    return true;
                }
            }
            _ => {
                unsure = true;
                break;
            }
        }
    }
    unsure
        && state.tasks_of_instance(slot).any(|task| {
            let task = &state.tasks[task as usize];
            task.life == crate::state::Life::Live && groups.contains(task.group.0)
        })
}

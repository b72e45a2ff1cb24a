//! Instances that prepared requests admit by static facts alone: ACTIVE, connected, and in every set the request names.
//!
//! Requests that name the same sets share one admission. It follows its instances one by one, so that choosing asks one bit
//! of an instance instead of one for each set.

use alloc::string::String;
use alloc::vec::Vec;

use smallvec::SmallVec;

use crate::id::ConstraintId;
use crate::state::{NONE, State};

use super::bitset::Bitset;
use super::eligibility::Filters;
use super::ranks::Ranks;
use super::sequence::Ranked;
use super::vacant;

/// Sets, and whether an instance must be in or outside each.
pub(crate) type Parts = SmallVec<[(ConstraintId, bool); 6]>;

/// Names one admission.
pub(crate) type AdmissionId = u32;

/// What an admission rests on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sets<'a> {
    /// Live instances that are ACTIVE.
    pub(crate) active: &'a Bitset,
    /// Live instances whose agent is connected.
    pub(crate) connected: &'a Bitset,
    /// Static questions.
    pub(crate) filters: &'a Filters,
}

/// The instances that some requests admit.
#[derive(Debug, Clone)]
struct Admission {
    /// What they ask.
    parts: Parts,
    /// The instances.
    members: Bitset,
    /// How many there are.
    len: usize,
    /// Ranks of all others, where requests look at instances in registration order.
    turned_away: Option<Ranked>,
    /// Prepared requests that use it.
    holders: u32,
}

/// All admissions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Admissions {
    /// By number.
    records: Vec<Option<Admission>>,
}

impl Admission {
    /// Bytes held on the heap.
    fn memory_usage(&self) -> usize {
        self.members.memory_usage() + self.turned_away.as_ref().map_or(0, Ranked::memory_usage)
    }

    /// Takes the ranks of those turned away from the set of the others.
    fn rank(&mut self, ranks: &Ranks) {
        let Some(turned_away) = &mut self.turned_away else { return };
        turned_away.clear();
        turned_away.reserve(ranks.slots().len());
        for (rank, &slot) in (0u32..).zip(ranks.slots()) {
            turned_away.set(rank, slot == NONE || ranks.of(slot) != rank || !self.members.contains(slot));
        }
    }
}

impl Sets<'_> {
    /// The members of a word of slots.
    fn word(&self, parts: &Parts, word: usize) -> u64 {
        parts.iter().fold(self.active.word(word) & self.connected.word(word), |mask, &(id, wanted)| {
            let members = self.filters.members(id).word(word);
            mask & if wanted { members } else { !members }
        })
    }
}

impl Admissions {
    /// The number of an admission, with one holder more. `in_sequence` says that the request looks at instances in
    /// registration order.
    pub(crate) fn hold(&mut self, sets: Sets<'_>, ranks: &Ranks, mut parts: Parts, in_sequence: bool) -> AdmissionId {
        parts.sort_unstable_by_key(|&(id, wanted)| (id.0, wanted));
        parts.dedup();
        let same = |record: &Option<Admission>| record.as_ref().is_some_and(|record| record.parts == parts);
        let number = self.records.iter().position(same).unwrap_or_else(|| vacant(&mut self.records));
        match &mut self.records[number] {
            Some(record) => record.holders += 1,
            record => {
                let members = Bitset::from_words((0..sets.active.words().len()).map(|word| sets.word(&parts, word)));
                let len = members.words().iter().map(|word| word.count_ones() as usize).sum();
                *record = Some(Admission { parts, members, len, turned_away: None, holders: 1 });
            }
        }
        if let Some(record) = self.records[number].as_mut().filter(|record| in_sequence && record.turned_away.is_none())
        {
            record.turned_away = Some(Ranked::default());
            record.rank(ranks);
        }
        #[expect(clippy::cast_possible_truncation, reason = "an admission needs memory of its own")]
        {
            number as AdmissionId
        }
    }

    /// One holder less; the last one takes the admission with it.
    pub(crate) fn release(&mut self, id: AdmissionId) {
        let record = &mut self.records[id as usize];
        if let Some(admission) = record {
            admission.holders -= 1;
            if admission.holders == 0 {
                *record = None;
            }
        }
    }

    /// The instances of an admission.
    #[inline]
    pub(crate) fn members(&self, id: AdmissionId) -> &Bitset {
        match &self.records[id as usize] {
            Some(record) => &record.members,
            #[expect(clippy::unreachable, reason = "prepared requests hold the admissions they name")]
            None => unreachable!("admission {id} has no holder"),
        }
    }

    /// How many instances an admission has.
    #[inline]
    pub(crate) fn len(&self, id: AdmissionId) -> usize {
        self.records[id as usize].as_ref().map_or(0, |record| record.len)
    }

    /// The ranks that an admission turns away, where that is known.
    #[inline]
    pub(crate) fn turned_away(&self, id: AdmissionId) -> Option<&Ranked> {
        self.records[id as usize].as_ref()?.turned_away.as_ref()
    }

    /// Makes room for so many ranks.
    pub(crate) fn reserve(&mut self, ranks: usize) {
        for turned_away in self.records.iter_mut().flatten().filter_map(|record| record.turned_away.as_mut()) {
            turned_away.reserve(ranks);
        }
    }

    /// Takes everything by rank anew, after ranks have changed.
    pub(crate) fn rebuild(&mut self, ranks: &Ranks) {
        for record in self.records.iter_mut().flatten() {
            record.rank(ranks);
        }
    }

    /// Asks again about one instance; `changed` learns of each admission that lets it in or turns it away now.
    pub(crate) fn refresh(
        &mut self,
        sets: Sets<'_>,
        ranks: &Ranks,
        slot: u32,
        mut changed: impl FnMut(AdmissionId, bool),
    ) {
        for (id, record) in (0u32..).zip(&mut self.records) {
            let Some(record) = record else { continue };
            let word = sets.word(&record.parts, slot as usize / crate::state::WORD);
            let member = word >> (slot as usize % crate::state::WORD) & 1 != 0;
            if let Some(turned_away) = &mut record.turned_away {
                turned_away.set(ranks.of(slot), !member);
            }
            if member != record.members.contains(slot) {
                record.members.set(slot, member);
                record.len = if member { record.len + 1 } else { record.len - 1 };
                changed(id, member);
            }
        }
    }

    /// Checks every admission against the sets.
    pub(crate) fn validate(&self, state: &State, sets: Sets<'_>, ranks: &Ranks) -> Result<(), String> {
        let right = |record: &Admission| {
            let ranked = |&slot: &u32| {
                let turned_away = record.turned_away.as_ref().map(|ranked| ranked.contains(ranks.of(slot)));
                turned_away.is_none_or(|turned_away| turned_away != record.members.contains(slot))
            };
            (0..sets.active.words().len()).all(|word| record.members.word(word) == sets.word(&record.parts, word))
                && record.len == state.registry.iter().filter(|&&slot| record.members.contains(slot)).count()
                && state.registry.iter().all(ranked)
        };
        if self.records.iter().flatten().all(right) { Ok(()) } else { Err("an admission is out of date".into()) }
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        self.records.capacity() * size_of::<Option<Admission>>()
            + self.records.iter().flatten().map(Admission::memory_usage).sum::<usize>()
    }
}

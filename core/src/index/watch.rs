//! Instances that run tasks of a group, for groups whose requests want distinct instances or spread over instances.
//!
//! A watched group has a set of the instances it is on, and knows how many of its tasks each runs. One that spreads over
//! instances also has a set for each of the first few counts; instances with more of its tasks stand in a list ordered by
//! group, tasks and registration, one for all groups. Groups nobody watches cost nothing.

use alloc::string::String;
use alloc::vec::Vec;

use crate::id::GroupId;
use crate::limits::GROUPS_MAX;
use crate::state::State;

use super::crowd::{Crowd, Crowds};
use super::effort::Effort;
use super::order::{Order, Query, Walk};
use super::ranks::{RANKS_MAX, Ranks};
use super::row::LANES;
use super::sequence::Ranked;

/// Counts from 1 on that have a set of their own.
const LEVELS: usize = 3;
/// Bits of a key for the rank.
const RANK_BITS: u32 = 25;
/// Bits of a key for the tasks of the group.
const TASK_BITS: u32 = 14;
/// Tasks of a group on one instance from which on they are no longer told apart by the list.
const TASKS_MAX: u32 = (1 << TASK_BITS) - 1;

const _: () = assert!(GROUPS_MAX <= 1 << (63 - TASK_BITS - RANK_BITS), "a group fits its part of a key");
const _: () = assert!(RANKS_MAX <= 1 << RANK_BITS, "a rank fits its part of a key");

/// A watched group.
#[derive(Debug, Clone, Default)]
struct Watch {
    /// Ranks of the instances that run a task of it.
    occupied: Ranked,
    /// How many each of them runs.
    crowd: Crowd,
    /// By count from 1 on: ranks of the instances that run so many; empty where nothing spreads over instances.
    levels: Vec<Ranked>,
    /// Prepared requests that watch it.
    holders: u32,
    /// Those of them that spread over instances.
    spreads: u32,
}

/// All watched groups.
#[derive(Debug, Clone)]
pub(crate) struct Watches {
    /// By group.
    of_group: Vec<Option<Watch>>,
    /// Tasks of watched groups on instances.
    crowds: Crowds,
    /// Instances with more than [`LEVELS`] tasks of a group that spreads over instances, by group, tasks and rank.
    list: Order,
    /// Groups watched.
    watched: usize,
    /// Groups that spread over instances.
    spreading: usize,
}

impl Default for Watches {
    fn default() -> Self {
        Self { of_group: Vec::new(), crowds: Crowds::default(), list: Order::new(0), watched: 0, spreading: 0 }
    }
}

/// Where an instance stands in the list.
#[inline]
fn key(group: GroupId, tasks: u32, rank: u32) -> i64 {
    i64::from(group.0) << (TASK_BITS + RANK_BITS) | i64::from(tasks.min(TASKS_MAX)) << RANK_BITS | i64::from(rank)
}

/// The rank of a key.
#[inline]
#[expect(clippy::cast_sign_loss, reason = "a rank is not negative")]
fn rank_of(key: i64) -> u32 {
    (key & ((1 << RANK_BITS) - 1)) as u32
}

/// Whether so many tasks of a group put an instance in the list.
#[inline]
fn is_listed(tasks: u32) -> bool {
    tasks as usize > LEVELS
}

impl Watch {
    /// The set of instances that run so many tasks, if there is one.
    #[inline]
    fn level(&mut self, tasks: u32) -> Option<&mut Ranked> {
        self.levels.get_mut((tasks as usize).wrapping_sub(1))
    }

    /// Makes room for so many ranks.
    fn reserve(&mut self, ranks: usize) {
        self.occupied.reserve(ranks);
        self.crowd.reserve(ranks);
        for level in &mut self.levels {
            level.reserve(ranks);
        }
    }

    /// Bytes held on the heap.
    fn memory_usage(&self) -> usize {
        self.occupied.memory_usage()
            + self.crowd.memory_usage()
            + self.levels.capacity() * size_of::<Ranked>()
            + self.levels.iter().map(Ranked::memory_usage).sum::<usize>()
    }
}

impl Watches {
    /// Watches a group, with one holder more.
    pub(crate) fn hold(&mut self, state: &State, ranks: &Ranks, group: GroupId, spreads: bool) {
        if self.of_group.len() <= group.index() {
            self.of_group.resize(group.index() + 1, None);
        }
        let entry = &mut self.of_group[group.index()];
        let is_new = entry.is_none();
        let watch = entry.get_or_insert_default();
        watch.holders += 1;
        watch.spreads += u32::from(spreads);
        let begins_to_spread = spreads && watch.spreads == 1;
        if begins_to_spread {
            watch.levels.resize(LEVELS, Ranked::default());
            self.spreading += 1;
        }
        watch.reserve(ranks.slots().len());
        if is_new {
            self.watched += 1;
            self.count_all(state, ranks, group);
        } else if begins_to_spread {
            self.list_all(group);
        }
    }

    /// Counts the tasks of a watched group, of which none is counted yet.
    fn count_all(&mut self, state: &State, ranks: &Ranks, group: GroupId) {
        for task in state.tasks_of_group(group) {
            self.count(ranks, group, state.tasks[task as usize].instance, true);
        }
    }

    /// Puts every instance that runs a task of a group where its count belongs.
    fn list_all(&mut self, group: GroupId) {
        let Self { of_group, crowds, list, .. } = self;
        let Some(watch) = &mut of_group[group.index()] else { return };
        let Watch { occupied, crowd, levels, .. } = watch;
        for rank in occupied.iter() {
            let tasks = crowds.get(crowd, rank);
            match levels.get_mut((tasks as usize).wrapping_sub(1)) {
                Some(level) => level.set(rank, true),
                None => list.insert(key(group, tasks, rank), &[]),
            }
        }
    }

    /// One holder less; the last one ends the watch.
    pub(crate) fn release(&mut self, group: GroupId, spreads: bool) {
        let Self { of_group, crowds, list, .. } = self;
        let Some(watch) = &mut of_group[group.index()] else { return };
        watch.holders -= 1;
        watch.spreads -= u32::from(spreads);
        if spreads && watch.spreads == 0 {
            self.spreading -= 1;
            watch.levels = Vec::new();
            for rank in watch.occupied.iter() {
                let tasks = crowds.get(&watch.crowd, rank);
                if is_listed(tasks) {
                    list.remove(key(group, tasks, rank));
                }
            }
        }
        if watch.holders == 0 {
            self.watched -= 1;
            crowds.clear(&mut watch.crowd);
            of_group[group.index()] = None;
        }
    }

    /// Makes room for so many instances and tasks.
    pub(crate) fn reserve(&mut self, instances: usize, tasks: usize) {
        let room = Ranks::room(instances);
        for watch in self.of_group.iter_mut().flatten() {
            watch.reserve(room);
        }
        if self.watched > 0 {
            self.crowds.reserve(tasks.min(room.div_ceil(LANES).saturating_mul(self.watched)), tasks);
        }
        if self.spreading > 0 {
            self.list.reserve((tasks / (LEVELS + 1)).min(instances.saturating_mul(self.spreading)));
        }
    }

    /// The ranks of the instances that run a task of a watched group.
    #[inline]
    pub(crate) fn occupied(&self, group: GroupId) -> Option<&Ranked> {
        self.watch(group).map(|watch| &watch.occupied)
    }

    /// The ranks of the instances that run a few tasks of a group that spreads over instances: those with one, with two, and so
    /// on. Sets without an instance are left out.
    #[inline]
    pub(crate) fn levels(&self, group: GroupId) -> impl Iterator<Item = &Ranked> {
        self.watch(group).into_iter().flat_map(|watch| &watch.levels).filter(|level| !level.is_empty())
    }

    /// What is known of a group.
    #[inline]
    fn watch(&self, group: GroupId) -> Option<&Watch> {
        self.of_group.get(group.index())?.as_ref()
    }

    /// Tasks of a watched group on the instance with a rank.
    #[inline]
    pub(crate) fn tasks(&self, group: GroupId, rank: u32) -> u32 {
        self.watch(group).map_or(0, |watch| self.crowds.get(&watch.crowd, rank))
    }

    /// A task of the group begins to count on the instance, or ceases to.
    #[inline]
    pub(crate) fn count(&mut self, ranks: &Ranks, group: GroupId, slot: u32, begins: bool) {
        let Some(Some(watch)) = self.of_group.get_mut(group.index()) else { return };
        let rank = ranks.of(slot);
        let (before, after) = self.crowds.count(&mut watch.crowd, rank, begins);
        if before == 0 || after == 0 {
            watch.occupied.set(rank, after > 0);
            if watch.occupied.word(rank as usize / LANES) == 0 {
                self.crowds.give_back(&mut watch.crowd, rank);
            }
        }
        if watch.spreads == 0 {
            return;
        }
        if let Some(level) = watch.level(before) {
            level.set(rank, false);
        }
        if let Some(level) = watch.level(after) {
            level.set(rank, true);
        }
        match (is_listed(before), is_listed(after)) {
            (false, false) => {}
            (false, true) => self.list.insert(key(group, after, rank), &[]),
            (true, false) => self.list.remove(key(group, before, rank)),
            (true, true) => self.list.replace(key(group, before, rank), key(group, after, rank), &[]),
        }
    }

    /// Shows `visit` the instances that run tasks of a group that spreads over instances, fewest first, then in registration
    /// order, until it says to stop.
    pub(crate) fn walk(
        &self,
        ranks: &Ranks,
        group: GroupId,
        effort: &mut Effort,
        mut visit: impl FnMut(u32) -> bool,
    ) -> Walk {
        for rank in self.levels(group).flat_map(Ranked::iter) {
            if !effort.visit_instance() {
                return Walk::Spent;
            }
            if visit(ranks.slot_of(rank)) {
                return Walk::Stopped;
            }
        }
        self.walk_list(ranks, group, effort, visit)
    }

    /// The same for those with more tasks than [`levels`](Self::levels) tells of.
    pub(crate) fn walk_list(
        &self,
        ranks: &Ranks,
        group: GroupId,
        effort: &mut Effort,
        mut visit: impl FnMut(u32) -> bool,
    ) -> Walk {
        let (from, to) = (key(group, 0, 0), key(group, TASKS_MAX, (1 << RANK_BITS) - 1));
        let mut is_blurred = false;
        let walk = self.list.walk(&Query { from, to, amounts: &[] }, effort, |key| {
            is_blurred = key >> RANK_BITS & i64::from(TASKS_MAX) == i64::from(TASKS_MAX);
            is_blurred || visit(ranks.slot_of(rank_of(key)))
        });
        if is_blurred { Walk::Spent } else { walk }
    }

    /// Watches every watched group anew, after ranks have changed.
    pub(crate) fn rebuild(&mut self, state: &State, ranks: &Ranks) {
        self.list.clear();
        for number in 0..self.of_group.len() {
            let Some(watch) = &mut self.of_group[number] else { continue };
            watch.occupied.clear();
            watch.levels.iter_mut().for_each(Ranked::clear);
            self.crowds.clear(&mut watch.crowd);
            #[expect(clippy::cast_possible_truncation, reason = "groups are numbered by a u32")]
            self.count_all(state, ranks, GroupId(number as u32));
        }
    }

    /// Counts everything again.
    pub(crate) fn validate(&self, state: &State, ranks: &Ranks) -> Result<(), String> {
        let (mut pages, mut listed) = (0, 0);
        for (group, watch) in (0u32..).map(GroupId).zip(&self.of_group) {
            let Some(watch) = watch else { continue };
            let mut occupied = Ranked::default();
            let mut levels = alloc::vec![Ranked::default(); watch.levels.len()];
            for &slot in &state.registry {
                let (tasks, rank) = (state.group_tasks(group, slot), ranks.of(slot));
                if tasks != self.tasks(group, rank) {
                    return Err(alloc::format!("the tasks of watched group {group:?} are out of date"));
                }
                occupied.set(rank, tasks > 0);
                if let Some(level) = levels.get_mut((tasks as usize).wrapping_sub(1)) {
                    level.set(rank, true);
                }
                listed += usize::from(watch.spreads > 0 && is_listed(tasks));
            }
            let same = |one: &Ranked, other: &Ranked| one.iter().eq(other.iter()) && other.is_sound();
            if !same(&occupied, &watch.occupied)
                || !levels.iter().zip(&watch.levels).all(|(one, other)| same(one, other))
            {
                return Err(alloc::format!("the instances of watched group {group:?} are out of date"));
            }
            pages += occupied.blocks();
        }
        let right = self.list.is_sound(|at, _| {
            u32::try_from(at >> (TASK_BITS + RANK_BITS)).map(GroupId).is_ok_and(|group| {
                let tasks = self.tasks(group, rank_of(at));
                is_listed(tasks) && at == key(group, tasks, rank_of(at))
            })
        });
        if !right || self.list.len() != listed || self.crowds.used() != pages || !self.crowds.is_sound() {
            return Err("the counts of watched groups are out of date".into());
        }
        Ok(())
    }

    /// Checks who watches: `holders` has the group of each prepared request that watches one, and whether it spreads over instances.
    pub(crate) fn validate_holders(&self, holders: impl Iterator<Item = (GroupId, bool)>) -> Result<(), String> {
        let mut right = alloc::vec![(0_u32, 0_u32); self.of_group.len()];
        for (group, spreads) in holders {
            let Some((all, spreading)) = right.get_mut(group.index()) else {
                return Err(alloc::format!("group {group:?} is not watched"));
            };
            *all += 1;
            *spreading += u32::from(spreads);
        }
        let kept = |watch: &Option<Watch>| watch.as_ref().map_or((0, 0), |watch| (watch.holders, watch.spreads));
        let is_right = self.of_group.iter().map(kept).eq(right.iter().copied())
            && self
                .of_group
                .iter()
                .flatten()
                .all(|watch| watch.levels.len() == if watch.spreads > 0 { LEVELS } else { 0 })
            && self.of_group.iter().flatten().all(|watch| watch.holders > 0)
            && self.watched == right.iter().filter(|(all, _)| *all > 0).count()
            && self.spreading == right.iter().filter(|(_, spreading)| *spreading > 0).count();
        if is_right { Ok(()) } else { Err("the holders of watched groups are out of date".into()) }
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        self.of_group.capacity() * size_of::<Option<Watch>>()
            + self.of_group.iter().flatten().map(Watch::memory_usage).sum::<usize>()
            + self.crowds.memory_usage()
            + self.list.memory_usage()
    }
}

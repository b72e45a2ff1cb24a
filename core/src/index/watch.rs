//! Instances that run tasks of a group, for groups whose requests want distinct instances or spread over instances.
//!
//! A watched group has a set of the instances it is on; one that spreads over instances also has these in the order of how
//! many of its tasks they run, then registration. That order is one list for all groups. Groups nobody watches cost nothing.

use alloc::string::String;
use alloc::vec::Vec;

use hashbrown::HashMap;

use crate::id::GroupId;
use crate::limits::GROUPS_MAX;
use crate::state::State;

use super::effort::Effort;
use super::order::{Order, Query, Walk};
use super::ranks::{RANKS_MAX, Ranks};
use super::sequence::Ranked;

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
    /// Tasks of watched groups by group and instance.
    tasks: HashMap<u64, u32, foldhash::fast::FixedState>,
    /// Instances of groups that spread over instances, by group, tasks and rank.
    levels: Order,
    /// Groups watched.
    watched: usize,
    /// Groups that spread over instances.
    spreading: usize,
}

impl Default for Watches {
    fn default() -> Self {
        Self {
            of_group: Vec::new(),
            tasks: HashMap::with_hasher(foldhash::fast::FixedState::with_seed(0)),
            levels: Order::new(0),
            watched: 0,
            spreading: 0,
        }
    }
}

/// A group and an instance as one number.
#[inline]
fn pair(group: GroupId, slot: u32) -> u64 {
    u64::from(group.0) << 32 | u64::from(slot)
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

impl Watches {
    /// Watches a group, with one holder more.
    pub(crate) fn hold(&mut self, state: &State, ranks: &Ranks, group: GroupId, spreads: bool) {
        if self.of_group.len() <= group.index() {
            self.of_group.resize(group.index() + 1, None);
        }
        if self.of_group[group.index()].is_none() {
            self.watched += 1;
            let mut watch = Watch::default();
            watch.occupied.reserve(ranks.slots().len());
            for task in state.tasks_of_group(group) {
                let slot = state.tasks[task as usize].instance;
                *self.tasks.entry(pair(group, slot)).or_insert(0) += 1;
                watch.occupied.set(ranks.of(slot), true);
            }
            self.of_group[group.index()] = Some(watch);
        }
        let Some(watch) = &mut self.of_group[group.index()] else { return };
        watch.holders += 1;
        watch.spreads += u32::from(spreads);
        if spreads && watch.spreads == 1 {
            self.spreading += 1;
            for (slot, tasks) in Self::instances(&self.tasks, state, group) {
                self.levels.insert(key(group, tasks, ranks.of(slot)), &[]);
            }
        }
    }

    /// One holder less; the last one ends the watch.
    pub(crate) fn release(&mut self, state: &State, ranks: &Ranks, group: GroupId, spreads: bool) {
        let Some(watch) = &mut self.of_group[group.index()] else { return };
        watch.holders -= 1;
        watch.spreads -= u32::from(spreads);
        let is_over = watch.holders == 0;
        if spreads && watch.spreads == 0 {
            self.spreading -= 1;
            for (slot, tasks) in Self::instances(&self.tasks, state, group) {
                self.levels.remove(key(group, tasks, ranks.of(slot)));
            }
        }
        if is_over {
            self.watched -= 1;
            for (slot, _) in Self::instances(&self.tasks, state, group) {
                self.tasks.remove(&pair(group, slot));
            }
            self.of_group[group.index()] = None;
        }
    }

    /// The instances that run tasks of a group, each once, with how many.
    fn instances(
        tasks: &HashMap<u64, u32, foldhash::fast::FixedState>,
        state: &State,
        group: GroupId,
    ) -> impl Iterator<Item = (u32, u32)> + use<> {
        let mut slots: Vec<u32> = state.tasks_of_group(group).map(|task| state.tasks[task as usize].instance).collect();
        slots.sort_unstable();
        slots.dedup();
        let with_tasks = |slot| (slot, tasks.get(&pair(group, slot)).copied().unwrap_or(0));
        slots.into_iter().map(with_tasks).collect::<Vec<_>>().into_iter()
    }

    /// Makes room for so many instances and tasks. Twice as many cells as there can be pairs of a watched group and an
    /// instance, since a table more than half full may move under steady churn although it never grows.
    pub(crate) fn reserve(&mut self, instances: usize, tasks: usize) {
        for watch in self.of_group.iter_mut().flatten() {
            watch.occupied.reserve(Ranks::room(instances));
        }
        let pairs = |groups: usize| tasks.min(instances.saturating_mul(groups));
        if self.watched > 0 {
            self.tasks.reserve((2 * pairs(self.watched)).saturating_sub(self.tasks.len()));
        }
        if self.spreading > 0 {
            self.levels.reserve(pairs(self.spreading));
        }
    }

    /// The ranks of the instances that run a task of a watched group.
    #[inline]
    pub(crate) fn occupied(&self, group: GroupId) -> Option<&Ranked> {
        self.of_group.get(group.index())?.as_ref().map(|watch| &watch.occupied)
    }

    /// Tasks of a watched group on an instance.
    #[inline]
    pub(crate) fn tasks(&self, group: GroupId, slot: u32) -> u32 {
        self.tasks.get(&pair(group, slot)).copied().unwrap_or(0)
    }

    /// A task of the group begins to count on the instance, or ceases to.
    #[inline]
    pub(crate) fn count(&mut self, ranks: &Ranks, group: GroupId, slot: u32, begins: bool) {
        let Some(Some(watch)) = self.of_group.get_mut(group.index()) else { return };
        let tasks = self.tasks.entry(pair(group, slot)).or_insert(0);
        let before = *tasks;
        let after = if begins { before + 1 } else { before - 1 };
        *tasks = after;
        let rank = ranks.of(slot);
        if after == 0 {
            self.tasks.remove(&pair(group, slot));
        }
        if before == 0 || after == 0 {
            watch.occupied.set(rank, after > 0);
        }
        if watch.spreads > 0 {
            match (before, after) {
                (0, _) => self.levels.insert(key(group, after, rank), &[]),
                (_, 0) => self.levels.remove(key(group, before, rank)),
                _ => self.levels.replace(key(group, before, rank), key(group, after, rank), &[]),
            }
        }
    }

    /// Shows `visit` the instances that run tasks of a group, fewest first, then in registration order, until it says to
    /// stop.
    pub(crate) fn walk(
        &self,
        ranks: &Ranks,
        group: GroupId,
        effort: &mut Effort,
        mut visit: impl FnMut(u32) -> bool,
    ) -> Walk {
        let (from, to) = (key(group, 0, 0), key(group, TASKS_MAX, (1 << RANK_BITS) - 1));
        let mut is_blurred = false;
        let walk = self.levels.walk(&Query { from, to, amounts: &[] }, effort, |key| {
            is_blurred = key >> RANK_BITS & i64::from(TASKS_MAX) == i64::from(TASKS_MAX);
            is_blurred || visit(ranks.slot_of(rank_of(key)))
        });
        if is_blurred { Walk::Spent } else { walk }
    }

    /// Watches every watched group anew, after ranks have changed.
    pub(crate) fn rebuild(&mut self, state: &State, ranks: &Ranks) {
        let Self { of_group, tasks, levels, .. } = self;
        levels.clear();
        for (group, watch) in (0u32..).map(GroupId).zip(of_group) {
            let Some(watch) = watch else { continue };
            watch.occupied.clear();
            for (slot, count) in Self::instances(tasks, state, group) {
                watch.occupied.set(ranks.of(slot), true);
                if watch.spreads > 0 {
                    levels.insert(key(group, count, ranks.of(slot)), &[]);
                }
            }
        }
    }

    /// Counts everything again.
    pub(crate) fn validate(&self, state: &State, ranks: &Ranks) -> Result<(), String> {
        let (mut pairs, mut listed) = (0, 0);
        for (group, watch) in (0u32..).map(GroupId).zip(&self.of_group) {
            let Some(watch) = watch else { continue };
            let mut occupied = Ranked::default();
            for &slot in &state.registry {
                let tasks = state.group_tasks(group, slot);
                if tasks != self.tasks(group, slot) {
                    return Err(alloc::format!("the tasks of watched group {group:?} are out of date"));
                }
                if tasks > 0 {
                    occupied.set(ranks.of(slot), true);
                    pairs += 1;
                    listed += usize::from(watch.spreads > 0);
                }
                if occupied.contains(ranks.of(slot)) != watch.occupied.contains(ranks.of(slot)) {
                    return Err(alloc::format!("the instances of watched group {group:?} are out of date"));
                }
            }
        }
        let right = self.levels.is_sound(|at, _| {
            let slot = ranks.slot_of(rank_of(at));
            let tasks = |group| self.tasks.get(&pair(group, slot)).copied().unwrap_or(0);
            u32::try_from(at >> (TASK_BITS + RANK_BITS))
                .is_ok_and(|group| at == key(GroupId(group), tasks(GroupId(group)), ranks.of(slot)))
        });
        if !right || self.levels.len() != listed || self.tasks.len() != pairs {
            return Err("the list of watched groups is out of date".into());
        }
        Ok(())
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        self.of_group.capacity() * size_of::<Option<Watch>>()
            + self.of_group.iter().flatten().map(|watch| watch.occupied.memory_usage()).sum::<usize>()
            + self.tasks.allocation_size()
            + self.levels.memory_usage()
    }
}

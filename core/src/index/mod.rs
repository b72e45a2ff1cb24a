//! What follows from the columns: sets and tallies that make choosing fast, and nothing that is not in the columns.
//!
//! The index reads the state, is told of each [`Delta`] after it happened, and writes only itself. Throwing it away and
//! building it again gives the same; [`Index::validate`] checks that.

pub(crate) mod admission;
pub(crate) mod amounts;
pub(crate) mod bitset;
mod crowd;
pub(crate) mod effort;
pub(crate) mod eligibility;
pub(crate) mod gauge;
mod keys;
pub(crate) mod order;
pub(crate) mod ports;
pub(crate) mod ranks;
pub(crate) mod residue;
mod rest;
pub(crate) mod row;
pub(crate) mod sequence;
pub(crate) mod spread;
pub(crate) mod tally;
pub(crate) mod watch;

use alloc::string::String;
use alloc::vec::Vec;

use crate::instance::InstanceStatus;
use crate::state::delta::Delta;
use crate::state::{State, WORD};

use admission::{Admissions, Sets};
use amounts::{ORDERED, Orders, Stated};
use bitset::Bitset;
use eligibility::Filters;
use gauge::Gauges;
use ports::PortSets;
use ranks::Ranks;
use residue::Residues;
use spread::Spreads;
use tally::Tallies;
use watch::Watches;

/// Everything derived from the state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// Live instances that are ACTIVE.
    pub(crate) active: Bitset,
    /// Live instances whose agent is connected.
    pub(crate) connected: Bitset,
    /// Static questions.
    pub(crate) filters: Filters,
    /// Parts of expressions that read tasks.
    pub(crate) residues: Residues,
    /// Tasks per group and instance.
    pub(crate) tallies: Tallies,
    /// Ports that requests want.
    pub(crate) ports: PortSets,
    /// Registration order as numbers.
    pub(crate) ranks: Ranks,
    /// Instances by what is left of them, and by registration.
    pub(crate) orders: Orders,
    /// What requests ask of instances beside amounts, taken together.
    pub(crate) admissions: Admissions,
    /// Tasks per group and domain.
    pub(crate) spreads: Spreads,
    /// Groups whose instances are watched.
    pub(crate) watches: Watches,
    /// Ranks under target workloads.
    pub(crate) gauges: Gauges,
}

/// The first number of a table that nothing has; the table grows by one where each has something.
fn vacant<T>(records: &mut Vec<Option<T>>) -> usize {
    records.iter().position(Option::is_none).unwrap_or_else(|| {
        records.push(None);
        records.len() - 1
    })
}

/// What an instance has of the ordered resources.
#[inline]
fn stated(state: &State, slot: u32) -> Stated {
    ORDERED.map(|column| state.remaining[column][slot as usize])
}

impl Index {
    /// Makes room for so many instances and tasks.
    pub(crate) fn reserve(&mut self, instances: usize, tasks: usize) {
        self.ranks.reserve(instances);
        self.orders.reserve(instances);
        self.admissions.reserve(instances);
        self.watches.reserve(instances, tasks);
        self.gauges.reserve(instances);
    }

    /// Follows a change that the state has just gone through.
    #[cfg_attr(placewright_for_size, optimize(speed))]
    pub(crate) fn follow(&mut self, state: &State, delta: Delta) {
        match delta {
            Delta::Run { task } => {
                self.count(state, task, true);
                self.hold(state, task, true);
            }
            Delta::Stop { task } => {
                self.count(state, task, false);
                self.hold(state, task, false);
            }
            Delta::BeginStop { task } => self.count(state, task, false),
            Delta::UndoBeginStop { task } => self.count(state, task, true),
            Delta::FinishStop { task } => self.hold(state, task, false),
            Delta::UndoFinishStop { task } => self.hold(state, task, true),
            Delta::Register { .. }
            | Delta::Deregister { .. }
            | Delta::Status { .. }
            | Delta::Agent { .. }
            | Delta::Attribute { .. } => self.follow_other(state, delta),
        }
    }

    /// The same of a change that is none of a task. Not part of placing, and therefore a function of its own.
    #[inline(never)]
    fn follow_other(&mut self, state: &State, delta: Delta) {
        match delta {
            Delta::Run { .. }
            | Delta::Stop { .. }
            | Delta::BeginStop { .. }
            | Delta::UndoBeginStop { .. }
            | Delta::FinishStop { .. }
            | Delta::UndoFinishStop { .. } => {}
            Delta::Register { slot } => {
                let words = state.slots().div_ceil(WORD);
                self.active.resize(words);
                self.connected.resize(words);
                self.tallies.resize(words);
                self.follow_instance(state, slot, true);
                self.filters.refresh_all(state, slot);
                self.ports.refresh(state, slot);
                if self.ranks.enter(state, slot) {
                    self.orders.rebuild(state, &self.ranks);
                    self.watches.rebuild(state, &self.ranks);
                    self.admissions.rebuild(&self.ranks);
                } else {
                    self.orders.enter(state, &self.ranks, slot);
                }
                self.spreads.enter(state, slot);
                self.gauges.reserve(state.slots());
                self.gauges.touch(slot);
                self.admit(slot);
            }
            Delta::Deregister { slot } => {
                self.follow_instance(state, slot, false);
                self.admit(slot);
                self.spreads.leave(slot);
                self.orders.leave(state, &self.ranks, slot);
            }
            Delta::Status { slot, .. } => {
                self.follow_instance(state, slot, true);
                self.admit(slot);
            }
            Delta::Agent { slot, .. } => {
                self.follow_instance(state, slot, true);
                self.filters.refresh_agent(state, slot);
                self.gauges.touch(slot);
                self.admit(slot);
            }
            Delta::Attribute { slot, name, .. } => {
                self.filters.refresh_attribute(state, slot, name);
                self.gauges.touch(slot);
                self.spreads.change(state, &self.admissions, slot, name);
                self.admit(slot);
            }
        }
    }

    /// A task counts from now on, or does not any more.
    #[inline]
    #[cfg_attr(placewright_for_size, optimize(speed))]
    fn count(&mut self, state: &State, task: u32, begins: bool) {
        let task = &state.tasks[task as usize];
        if begins {
            self.tallies.add(task.group, task.instance);
        } else {
            self.tallies.subtract(task.group, task.instance);
        }
        self.spreads.count(task.group, task.instance, begins);
        self.watches.count(&self.ranks, task.group, task.instance, begins);
    }

    /// What a task holds is taken now, or free.
    #[inline]
    #[cfg_attr(placewright_for_size, optimize(speed))]
    fn hold(&mut self, state: &State, task: u32, taken: bool) {
        let slot = state.tasks[task as usize].instance;
        if !self.ports.is_empty() {
            for &key in &*state.demand_of(task).ports {
                self.ports.set(key, slot, taken);
            }
        }
        self.gauges.touch(slot);
        self.orders.touch(state, &self.ranks, slot, || {
            let mut before = stated(state, slot);
            for (before, amount) in before.iter_mut().zip(state.demand_of(task).cpu_and_memory) {
                *before += if taken { amount } else { -amount };
            }
            before
        });
    }

    /// Asks for the blocks of the orders in which an instance stands.
    #[inline]
    pub(crate) fn prefetch(&self, state: &State, slot: u32) {
        self.orders.prefetch(state, &self.ranks, slot);
    }

    /// Amounts of an instance are about to change beside any delta.
    pub(crate) fn touch(&mut self, state: &State, slot: u32) {
        self.gauges.touch(slot);
        self.orders.touch(state, &self.ranks, slot, || stated(state, slot));
    }

    /// Static facts of an instance changed.
    fn admit(&mut self, slot: u32) {
        let Self { active, connected, filters, ranks, admissions, spreads, .. } = self;
        admissions.refresh(Sets { active, connected, filters }, ranks, slot, |admission, member| {
            spreads.admit(admission, slot, member);
        });
    }

    /// What admissions rest on.
    pub(crate) fn sets(&self) -> Sets<'_> {
        Sets { active: &self.active, connected: &self.connected, filters: &self.filters }
    }

    /// Status, agent or presence of an instance changed.
    fn follow_instance(&mut self, state: &State, slot: u32, is_live: bool) {
        let is_active = state.status[slot as usize] == InstanceStatus::Active;
        self.active.set(slot, is_live && is_active);
        self.connected.set(slot, is_live && state.agent[slot as usize]);
    }

    /// Checks everything against the columns.
    pub(crate) fn validate(&self, state: &State) -> Result<(), String> {
        let mut active = Bitset::default();
        let mut connected = Bitset::default();
        active.resize(self.active.words().len());
        connected.resize(self.connected.words().len());
        for &slot in &state.registry {
            active.set(slot, state.status[slot as usize] == InstanceStatus::Active);
            connected.set(slot, state.agent[slot as usize]);
        }
        if active != self.active || connected != self.connected {
            return Err("the set of active or connected instances is out of date".into());
        }
        self.filters.validate(state)?;
        self.residues.validate(state)?;
        self.tallies.validate(state)?;
        self.ports.validate(state)?;
        if !self.ranks.is_sound(state) {
            return Err("ranks do not follow registration order".into());
        }
        self.orders.validate(state, &self.ranks)?;
        self.admissions.validate(state, self.sets(), &self.ranks)?;
        self.spreads.validate(state, &self.admissions)?;
        self.watches.validate(state, &self.ranks)?;
        self.gauges.validate(state)
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        self.active.memory_usage()
            + self.connected.memory_usage()
            + self.filters.memory_usage()
            + self.residues.memory_usage()
            + self.tallies.memory_usage()
            + self.ports.memory_usage()
            + self.ranks.memory_usage()
            + self.orders.memory_usage()
            + self.admissions.memory_usage()
            + self.spreads.memory_usage()
            + self.watches.memory_usage()
            + self.gauges.memory_usage()
    }
}

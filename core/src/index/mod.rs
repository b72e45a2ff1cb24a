//! What follows from the columns: sets and tallies that make choosing fast, and nothing that is not in the columns.
//!
//! The index reads the state, is told of each [`Delta`] after it happened, and writes only itself. Throwing it away and
//! building it again gives the same; [`Index::validate`] checks that.

pub(crate) mod bitset;
pub(crate) mod eligibility;
pub(crate) mod ports;
pub(crate) mod residue;
pub(crate) mod tally;

use alloc::string::String;

use crate::instance::InstanceStatus;
use crate::state::delta::Delta;
use crate::state::{State, WORD};

use bitset::Bitset;
use eligibility::Filters;
use ports::PortSets;
use residue::Residues;
use tally::Tallies;

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
}

impl Index {
    /// Follows a change that the state has just gone through.
    pub(crate) fn follow(&mut self, state: &State, delta: Delta) {
        match delta {
            Delta::Run { task } => {
                self.count(state, task);
                self.follow_ports(state, task, true);
            }
            Delta::Stop { task } => {
                self.uncount(state, task);
                self.follow_ports(state, task, false);
            }
            Delta::BeginStop { task } => self.uncount(state, task),
            Delta::UndoBeginStop { task } => self.count(state, task),
            Delta::FinishStop { task } => self.follow_ports(state, task, false),
            Delta::UndoFinishStop { task } => self.follow_ports(state, task, true),
            Delta::Register { slot } => {
                let words = state.slots().div_ceil(WORD);
                self.active.resize(words);
                self.connected.resize(words);
                self.tallies.resize(words);
                self.follow_instance(state, slot, true);
                self.filters.refresh_all(state, slot);
                self.ports.refresh(state, slot);
            }
            Delta::Deregister { slot } => self.follow_instance(state, slot, false),
            Delta::Status { slot, .. } => self.follow_instance(state, slot, true),
            Delta::Agent { slot, .. } => {
                self.follow_instance(state, slot, true);
                self.filters.refresh_agent(state, slot);
            }
            Delta::Attribute { slot, name, .. } => self.filters.refresh_attribute(state, slot, name),
        }
    }

    /// A task counts from now on.
    fn count(&mut self, state: &State, task: u32) {
        let task = &state.tasks[task as usize];
        self.tallies.add(task.group, task.instance);
    }

    /// A task does not count any more.
    fn uncount(&mut self, state: &State, task: u32) {
        let task = &state.tasks[task as usize];
        self.tallies.subtract(task.group, task.instance);
    }

    /// The ports of a task are taken now, or free.
    #[inline]
    fn follow_ports(&mut self, state: &State, task: u32, taken: bool) {
        if self.ports.is_empty() {
            return;
        }
        let slot = state.tasks[task as usize].instance;
        for &key in &state.demand_of(task).ports {
            self.ports.set(key, slot, taken);
        }
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
        self.ports.validate(state)
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        self.active.memory_usage()
            + self.connected.memory_usage()
            + self.filters.memory_usage()
            + self.residues.memory_usage()
            + self.tallies.memory_usage()
            + self.ports.memory_usage()
    }
}

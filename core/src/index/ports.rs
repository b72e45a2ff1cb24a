//! Instances on which a host port is taken, for each port that a prepared request wants.

use alloc::format;
use alloc::string::String;

use hashbrown::HashMap;

use crate::state::{State, WORD};

use super::bitset::Bitset;

/// Who has a port.
#[derive(Debug, Clone)]
struct Holders {
    /// Instances on which it is taken.
    slots: Bitset,
    /// Prepared requests that want it.
    requests: u32,
}

/// Sets of instances by port key.
#[derive(Debug, Clone, Default)]
pub(crate) struct PortSets {
    /// By port key.
    sets: HashMap<u32, Holders, foldhash::fast::FixedState>,
}

impl PortSets {
    /// A prepared request wants the port.
    pub(crate) fn hold(&mut self, state: &State, key: u32) {
        if let Some(holders) = self.sets.get_mut(&key) {
            holders.requests += 1;
            return;
        }
        let mut slots = Bitset::default();
        slots.resize(state.slots().div_ceil(WORD));
        for &slot in &state.registry {
            slots.set(slot, state.has_port_conflict(slot, &[key]));
        }
        self.sets.insert(key, Holders { slots, requests: 1 });
    }

    /// A prepared request no longer wants the port.
    pub(crate) fn release(&mut self, key: u32) {
        if let Some(holders) = self.sets.get_mut(&key) {
            holders.requests -= 1;
            if holders.requests == 0 {
                self.sets.remove(&key);
            }
        }
    }

    /// Whether no prepared request wants a port.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// Instances on which the port is taken, if a prepared request wants it.
    pub(crate) fn taken(&self, key: u32) -> Option<&Bitset> {
        self.sets.get(&key).map(|holders| &holders.slots)
    }

    /// The port of the instance is taken now, or free.
    pub(crate) fn set(&mut self, key: u32, slot: u32, taken: bool) {
        if let Some(holders) = self.sets.get_mut(&key) {
            holders.slots.set(slot, taken);
        }
    }

    /// Looks at every port of one instance.
    pub(crate) fn refresh(&mut self, state: &State, slot: u32) {
        for (&key, holders) in &mut self.sets {
            holders.slots.set(slot, state.has_port_conflict(slot, &[key]));
        }
    }

    /// Looks at every port of every instance.
    pub(crate) fn validate(&self, state: &State) -> Result<(), String> {
        for (&key, holders) in &self.sets {
            for &slot in &state.registry {
                if holders.slots.contains(slot) != state.has_port_conflict(slot, &[key]) {
                    let name = &state.info[slot as usize].name;
                    return Err(format!("port {key} of `{name}` is out of date"));
                }
            }
        }
        Ok(())
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        self.sets.allocation_size() + self.sets.values().map(|holders| holders.slots.memory_usage()).sum::<usize>()
    }
}

//! A number for the whole state, equal for equal states: what rollback restores exactly.
//!
//! Counted in: instances in registration order with everything said of them, tasks in order of age with what they hold.
//! Left out: slots and generations, prepared requests, and the counts of tasks and instances ever seen, so that placing a
//! task and stopping it leads back to the same number.

use core::hash::{BuildHasher, Hash, Hasher};

use crate::cluster::Cluster;
use crate::state::State;

/// A number for a whole state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(u128);

impl Fingerprint {
    /// The number.
    #[must_use]
    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

impl Cluster {
    /// A number for the whole state, the same on every run of one build.
    ///
    /// Cost: linear in everything; allocates.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let half = |seed| {
            let mut hasher = foldhash::quality::FixedState::with_seed(seed).build_hasher();
            write_state(self.state(), &mut hasher);
            u128::from(hasher.finish())
        };
        Fingerprint(half(1) << 64 | half(2))
    }
}

/// Feeds everything to a hasher.
fn write_state(state: &State, hasher: &mut impl Hasher) {
    state.custom_names.hash(hasher);
    for (position, &slot) in state.registry.iter().enumerate() {
        let at = slot as usize;
        let (info, details) = (&state.info[at], state.info[at].details());
        (position, &info.name, state.agent_version(slot), &details.ec2_instance_id).hash(hasher);
        (state.capacity_provider(slot), details.registered_at, details.other_tasks).hash(hasher);
        (details.eni_task_slots, state.ports.base_keys(state.agent_base[at])).hash(hasher);
        (state.status[at], state.agent[at], state.occupancy[at].running).hash(hasher);
        for column in 0..state.dimensions() {
            let surplus = state.surplus.get(slot, column);
            (state.registered[column][at], state.remaining[column][at], surplus).hash(hasher);
        }
        state.ports.base_keys(state.base[at]).hash(hasher);
        let devices = &state.devices[at];
        for id in devices.ids() {
            id.hash(hasher);
        }
        (devices.taken(), devices.unknown()).hash(hasher);
        for (name, value) in state.attributes.of_instance(slot) {
            (state.attributes.name_text(name), state.attributes.value_text(value)).hash(hasher);
        }
    }
    for task in state.tasks_by_age() {
        let record = &state.tasks[task as usize];
        let demand = state.demand_of(task);
        (&state.info[record.instance as usize].name, state.group_names.text(record.group.0)).hash(hasher);
        (&demand.definition, &demand.demand, state.devices_of(task)).hash(hasher);
        (record.is_healthy(), record.is_protected(), record.life == crate::state::Life::Stopping).hash(hasher);
    }
}

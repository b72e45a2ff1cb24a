//! Host ports in use: what the agent reserved, shared by all instances that reserve the same, and one table of what tasks
//! hold.
//!
//! INVARIANT: a port of an instance is in its base set or has one holder in the table, never both.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hash::BuildHasher;

use hashbrown::HashTable;

use crate::instance::Protocol;

/// A protocol and a port in 17 bits.
pub(crate) const fn port_key(protocol: Protocol, port: u16) -> u32 {
    match protocol {
        Protocol::Tcp => port as u32,
        Protocol::Udp => 1 << 16 | port as u32,
    }
}

/// The protocol and port behind a key.
pub(crate) const fn port_of(key: u32) -> (Protocol, u16) {
    #[expect(clippy::cast_possible_truncation, reason = "the low half is the port")]
    let port = key as u16;
    if key >> 16 == 0 { (Protocol::Tcp, port) } else { (Protocol::Udp, port) }
}

/// One port a task holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    /// Instance.
    slot: u32,
    /// Port key.
    key: u32,
    /// Slot of the task.
    task: u32,
}

/// Ports in use in the whole cluster.
#[derive(Debug, Clone)]
pub(crate) struct PortTable {
    /// Base sets, each sorted; number 0 is empty, and so is a free one.
    bases: Vec<Box<[u32]>>,
    /// How many slots have a base set, twice those whose agent reserved it too; not counted for number 0.
    base_users: Vec<u32>,
    /// Numbers of base sets that no slot has.
    free_bases: Vec<u32>,
    /// Numbers of base sets by hash of their keys.
    base_numbers: HashTable<u32>,
    /// Ports held by tasks.
    held: HashTable<Held>,
}

/// Hash of an instance's port, with a fixed seed.
fn hash_port(slot: u32, key: u32) -> u64 {
    foldhash::fast::FixedState::with_seed(0).hash_one(u64::from(slot) << 32 | u64::from(key))
}

/// Hash of a base set, with a fixed seed.
fn hash_keys(keys: &[u32]) -> u64 {
    foldhash::quality::FixedState::with_seed(0).hash_one(keys)
}

impl PortTable {
    /// No ports in use.
    pub(crate) fn new() -> Self {
        let mut table = Self {
            bases: Vec::new(),
            base_users: Vec::new(),
            free_bases: Vec::new(),
            base_numbers: HashTable::new(),
            held: HashTable::new(),
        };
        table.add_base(Box::from([]));
        table
    }

    /// Gives a slot another base set, in any order, for the one it has; a set that no slot has any more is forgotten.
    /// The slot of an instance that has gone keeps its set until it is taken again.
    pub(crate) fn replace_base(&mut self, base: &mut u32, mut keys: Vec<u32>) {
        keys.sort_unstable();
        keys.dedup();
        let known = self.base_numbers.find(hash_keys(&keys), |&number| *self.bases[number as usize] == *keys);
        let number = match known {
            Some(&number) => number,
            None => self.add_base(keys.into_boxed_slice()),
        };
        let old = core::mem::replace(base, number);
        if number != 0 {
            self.base_users[number as usize] += 1;
        }
        if old == 0 {
            return;
        }
        self.base_users[old as usize] -= 1;
        if self.base_users[old as usize] == 0 {
            let keys = core::mem::take(&mut self.bases[old as usize]);
            if let Ok(found) = self.base_numbers.find_entry(hash_keys(&keys), |&number| number == old) {
                found.remove();
            }
            self.free_bases.push(old);
        }
    }

    /// A number for a new base set, sorted.
    fn add_base(&mut self, keys: Box<[u32]>) -> u32 {
        let number = self.free_bases.pop().unwrap_or_else(|| {
            self.bases.push(Box::from([]));
            self.base_users.push(0);
            #[expect(clippy::cast_possible_truncation, reason = "at most one set a slot, and slots fit a u32")]
            let number = (self.bases.len() - 1) as u32;
            number
        });
        let hash = hash_keys(&keys);
        self.bases[number as usize] = keys;
        let bases = &self.bases;
        self.base_numbers.insert_unique(hash, number, |&other| hash_keys(&bases[other as usize]));
        number
    }

    /// Whether every base set has as many users as `bases`, the numbers of all slots, say.
    pub(crate) fn counts_bases<'a>(&self, bases: impl Iterator<Item = &'a u32>) -> bool {
        let mut users = alloc::vec![0; self.bases.len()];
        for &base in bases.filter(|&&base| base != 0) {
            users[base as usize] += 1;
        }
        users == self.base_users && self.base_numbers.len() + self.free_bases.len() == self.bases.len()
    }

    /// The ports of a base set, sorted.
    pub(crate) fn base_keys(&self, base: u32) -> &[u32] {
        &self.bases[base as usize]
    }

    /// The task that holds a port of an instance.
    pub(crate) fn holder(&self, slot: u32, key: u32) -> Option<u32> {
        self.held.find(hash_port(slot, key), |held| held.slot == slot && held.key == key).map(|held| held.task)
    }

    /// Whether a port of an instance is taken, by its base set or by a task.
    pub(crate) fn is_taken(&self, base: u32, slot: u32, key: u32) -> bool {
        self.base_keys(base).binary_search(&key).is_ok() || self.holder(slot, key).is_some()
    }

    /// Gives a free port to a task.
    pub(crate) fn hold(&mut self, slot: u32, key: u32, task: u32) {
        let hash = hash_port(slot, key);
        self.held.insert_unique(hash, Held { slot, key, task }, |held| hash_port(held.slot, held.key));
    }

    /// Takes a port back from the task that holds it.
    pub(crate) fn release(&mut self, slot: u32, key: u32, task: u32) {
        let found = self
            .held
            .find_entry(hash_port(slot, key), |held| held.slot == slot && held.key == key && held.task == task);
        if let Ok(found) = found {
            found.remove();
        }
    }

    /// Ports held by tasks, in the whole cluster.
    pub(crate) fn held_len(&self) -> usize {
        self.held.len()
    }

    /// Makes room for `ports` held at once. Twice that many cells, since a table more than half full may move under steady
    /// churn although it never grows.
    pub(crate) fn reserve(&mut self, ports: usize) {
        let more = (2 * ports).saturating_sub(self.held.len());
        self.held.reserve(more, |held| hash_port(held.slot, held.key));
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        let keys: usize = self.bases.iter().map(|keys| keys.len() * size_of::<u32>()).sum();
        let bases = self.bases.capacity() * size_of::<Box<[u32]>>() + keys;
        let numbers = (self.base_users.capacity() + self.free_bases.capacity()) * size_of::<u32>();
        self.held.allocation_size() + bases + numbers + self.base_numbers.allocation_size()
    }
}

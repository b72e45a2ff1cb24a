//! The state of a cluster as columns: what there is, not what follows from it.
//!
//! Everything about an instance stands at its slot in a column; a task is a small record in a table of its own, linked into
//! the list of its instance and the list of its group. Read access is here; every change goes through a
//! [`Delta`](delta::Delta) in [`columns`].

mod ahead;
pub(crate) mod columns;
pub(crate) mod delta;
pub(crate) mod demands;
pub(crate) mod devices;
pub(crate) mod journal;
pub(crate) mod memory;
pub(crate) mod ports;
pub(crate) mod registration;
pub(crate) mod surplus;
pub(crate) mod task;
pub(crate) mod validate;
pub(crate) mod version;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use hashbrown::HashTable;

use crate::attribute::intern::{Interner, hash_text};
use crate::attribute::table::AttributeTable;
use crate::expr::{Facts, Timestamp};
use crate::id::{GroupId, InstanceId, TaskId};
use crate::instance::{InstanceStatus, Protocol};
use crate::limits::{GROUPS_MAX, INSTANCES_MAX};
use crate::resource::{BUILT_IN, DIMENSIONS, ResourceKind};

use demands::{DemandRecord, DemandTable};
use devices::Devices;
use ports::{PortTable, port_of};
use surplus::SurplusTable;
use task::Task;

/// Slots in one word of a set of slots; columns of amounts are padded to a multiple of it.
pub(crate) const WORD: usize = 64;

/// No slot: the end of a list.
pub(crate) const NONE: u32 = u32::MAX;

/// An instance whose interfaces are not counted has so many task slots, and using one leaves as many.
pub(crate) const ENI_UNLIMITED: i32 = i32::MAX;

/// Whether a column stands for interfaces, and those of an instance are not counted.
#[inline]
pub(crate) fn is_unlimited(registered: &[Vec<i32>; DIMENSIONS], column: usize, slot: u32) -> bool {
    column == ResourceKind::Eni.column() && registered[column][slot as usize] == ENI_UNLIMITED
}

/// Where a slot is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// Empty, on the free list.
    Free,
    /// Filled in, not in the cluster: about to come, or gone and kept for a rollback.
    Aside,
    /// In the cluster.
    Live,
    /// A task that no longer counts and still holds its resources.
    Stopping,
    /// Empty for ever: its generations are spent.
    Retired,
}

/// Facts about an instance that no comparison of columns reads.
#[derive(Debug, Clone, Default)]
pub(crate) struct InstanceInfo {
    /// Unique id.
    pub(crate) name: Box<str>,
    /// What else was said of it, if anything was.
    details: Option<Box<Details>>,
}

/// Facts about an instance that may be missing, all together, so that one without any costs a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Details {
    /// EC2 instance id.
    pub(crate) ec2_instance_id: Option<Box<str>>,
    /// When it registered.
    pub(crate) registered_at: Option<Timestamp>,
    /// Version of the agent, a number of `State::texts`.
    agent_version: Option<TextId>,
    /// Capacity provider it belongs to, likewise.
    capacity_provider: Option<TextId>,
    /// Tasks it runs that are not in the table.
    pub(crate) other_tasks: u32,
    /// Number of task ENI slots the instance was registered with, where it said so itself.
    pub(crate) eni_task_slots: Option<u32>,
}

const _: () = assert!(size_of::<InstanceInfo>() <= 24 && size_of::<Details>() <= 64, "stated in design.md");

impl Details {
    /// Nothing.
    const NONE: Self = Self {
        ec2_instance_id: None,
        registered_at: None,
        agent_version: None,
        capacity_provider: None,
        other_tasks: 0,
        eni_task_slots: None,
    };
}

impl InstanceInfo {
    /// What was said of the instance beside its name.
    pub(crate) fn details(&self) -> &Details {
        static NONE: Details = Details::NONE;
        self.details.as_deref().unwrap_or(&NONE)
    }
}

/// The number of a text in `State::texts`, plus one, so that `Option` of it is no larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TextId(NonZeroU32);

impl TextId {
    /// The text with this number.
    fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number + 1).map(Self)
    }

    /// Its number.
    const fn number(self) -> u32 {
        self.0.get() - 1
    }
}

/// One task group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    /// First task of its list.
    pub(crate) head: u32,
    /// Tasks that count.
    pub(crate) active: u32,
}

/// What every placement reads and writes of its instance beside amounts, together so that it is one look at memory.
#[derive(Debug, Clone, Copy)]
#[repr(align(16))]
pub(crate) struct Occupancy {
    /// Generation of the slot.
    pub(crate) generation: u32,
    /// Tasks whose desired status is not STOPPED.
    pub(crate) running: u32,
    /// First task of its list.
    pub(crate) head: u32,
}

/// The columns.
#[derive(Debug, Clone)]
pub(crate) struct State {
    /// By slot: facts that no comparison of columns reads.
    pub(crate) info: Vec<InstanceInfo>,
    /// By slot: where it is in its life.
    pub(crate) life: Vec<Life>,
    /// By slot: number in the order of registering, from 0.
    pub(crate) order: Vec<u64>,
    /// By slot: status.
    pub(crate) status: Vec<InstanceStatus>,
    /// By slot: whether the agent is connected.
    pub(crate) agent: Vec<bool>,
    /// By slot: what every placement touches beside amounts.
    pub(crate) occupancy: Vec<Occupancy>,
    /// By slot: number of its set of ports taken by nobody known.
    pub(crate) base: Vec<u32>,
    /// By slot: number of the set of ports its agent reserved at registration.
    pub(crate) agent_base: Vec<u32>,
    /// By slot: GPUs.
    pub(crate) devices: Vec<Devices>,
    /// By dimension and slot: what the instance has. Columns are padded to whole words of slots; that of a custom resource
    /// is empty until it is declared.
    pub(crate) registered: [Vec<i32>; DIMENSIONS],
    /// By dimension and slot: what is left of it. Padded likewise.
    pub(crate) remaining: [Vec<i32>; DIMENSIONS],
    /// What is left beyond what tasks explain.
    pub(crate) surplus: SurplusTable,
    /// Texts that many instances share: versions of agents, capacity providers.
    texts: Interner,
    /// Attributes.
    pub(crate) attributes: AttributeTable,
    /// Host ports held.
    pub(crate) ports: PortTable,
    /// Slots of live instances in registration order.
    pub(crate) registry: Vec<u32>,
    /// Slots of live instances by hash of their name.
    pub(crate) names: HashTable<u32>,
    /// Slots to be reused.
    pub(crate) free: Vec<u32>,
    /// Tasks by slot.
    pub(crate) tasks: Vec<Task>,
    /// By task slot: number in the order of placing and loading, from 0.
    pub(crate) ages: Vec<u64>,
    /// Pool positions of the GPUs a task holds, by slot; those past the end hold none.
    task_devices: Vec<u64>,
    /// First task slot to be reused.
    pub(crate) task_free: u32,
    /// Task slots whose generations are spent.
    pub(crate) tasks_retired: usize,
    /// Tasks that count.
    pub(crate) tasks_live: usize,
    /// Names of groups; held once by each task and each prepared request.
    pub(crate) group_names: Interner,
    /// Groups by number.
    pub(crate) groups: Vec<Group>,
    /// What tasks hold.
    pub(crate) demands: DemandTable,
    /// Names of the declared custom resources.
    pub(crate) custom_names: Vec<Box<str>>,
    /// Ceiling of reserved host ports.
    pub(crate) host_ports_max: i32,
    /// Tasks ever placed or loaded, less those rolled back.
    pub(crate) sequence: u64,
    /// Instances ever registered, less those rolled back.
    pub(crate) registrations: u64,
}

impl State {
    /// An empty cluster.
    pub(crate) fn new(host_ports_max: i32) -> Self {
        Self {
            info: Vec::new(),
            life: Vec::new(),
            order: Vec::new(),
            status: Vec::new(),
            agent: Vec::new(),
            occupancy: Vec::new(),
            base: Vec::new(),
            agent_base: Vec::new(),
            devices: Vec::new(),
            registered: Default::default(),
            remaining: Default::default(),
            surplus: SurplusTable::default(),
            texts: Interner::new(2 * INSTANCES_MAX),
            attributes: AttributeTable::new(),
            ports: PortTable::new(),
            registry: Vec::new(),
            names: HashTable::new(),
            free: Vec::new(),
            tasks: Vec::new(),
            ages: Vec::new(),
            task_devices: Vec::new(),
            task_free: NONE,
            tasks_retired: 0,
            tasks_live: 0,
            group_names: Interner::new(GROUPS_MAX),
            groups: Vec::new(),
            demands: DemandTable::default(),
            custom_names: Vec::new(),
            host_ports_max,
            sequence: 0,
            registrations: 0,
        }
    }

    /// Slots there are, live or not.
    pub(crate) fn slots(&self) -> usize {
        self.info.len()
    }

    /// Dimensions there are: those built in, and the declared ones. Their columns come first.
    pub(crate) fn dimensions(&self) -> usize {
        BUILT_IN + self.custom_names.len()
    }

    /// The slot of a live instance.
    pub(crate) fn instance_slot(&self, id: InstanceId) -> Option<u32> {
        let slot = id.slot();
        let known = self.occupancy.get(slot as usize).is_some_and(|known| known.generation == id.generation());
        (known && self.life[slot as usize] == Life::Live).then_some(slot)
    }

    /// The id of the instance at a slot.
    #[inline]
    pub(crate) fn instance_id(&self, slot: u32) -> InstanceId {
        match InstanceId::new(slot, self.occupancy[slot as usize].generation) {
            Some(id) => id,
            #[expect(clippy::unreachable, reason = "a slot whose generations are spent is retired and never named")]
            None => unreachable!("slot {slot} is retired"),
        }
    }

    /// The slot of a task that counts, or still holds.
    pub(crate) fn task_slot(&self, id: TaskId) -> Option<u32> {
        let task = self.tasks.get(id.slot() as usize)?;
        let known = task.generation() == id.generation();
        (known && matches!(task.life, Life::Live | Life::Stopping)).then_some(id.slot())
    }

    /// The id of the task at a slot.
    #[inline]
    pub(crate) fn task_id(&self, task: u32) -> TaskId {
        match TaskId::new(task, self.tasks[task as usize].generation()) {
            Some(id) => id,
            #[expect(clippy::unreachable, reason = "a slot whose generations are spent is retired and never named")]
            None => unreachable!("task slot {task} is retired"),
        }
    }

    /// The slot of the live instance with this name.
    pub(crate) fn named(&self, name: &str) -> Option<u32> {
        self.names.find(hash_text(name), |&slot| &*self.info[slot as usize].name == name).copied()
    }

    /// Version of an instance's agent.
    pub(crate) fn agent_version(&self, slot: u32) -> Option<&str> {
        self.info[slot as usize].details().agent_version.map(|text| self.texts.text(text.number()))
    }

    /// Capacity provider an instance belongs to.
    pub(crate) fn capacity_provider(&self, slot: u32) -> Option<&str> {
        self.info[slot as usize].details().capacity_provider.map(|text| self.texts.text(text.number()))
    }

    /// What a task holds.
    pub(crate) fn demand_of(&self, task: u32) -> &DemandRecord {
        self.demands.get(self.tasks[task as usize].demand)
    }

    /// Pool positions of the GPUs a task holds.
    pub(crate) fn devices_of(&self, task: u32) -> u64 {
        self.task_devices.get(task as usize).copied().unwrap_or(0)
    }

    /// What is left of one dimension of an instance.
    #[inline]
    pub(crate) fn remaining(&self, kind: ResourceKind, slot: u32) -> i32 {
        self.remaining[kind.column()][slot as usize]
    }

    /// Tasks of an instance, those that only hold included, in no order.
    pub(crate) fn tasks_of_instance(&self, slot: u32) -> impl Iterator<Item = u32> + '_ {
        self.list(self.occupancy[slot as usize].head, |task| task.of_instance[0])
    }

    /// Tasks of a group that count, in no order.
    pub(crate) fn tasks_of_group(&self, group: GroupId) -> impl Iterator<Item = u32> + '_ {
        self.list(self.groups[group.index()].head, |task| task.of_group[0])
    }

    /// Tasks of a group that count on an instance.
    pub(crate) fn group_tasks(&self, group: GroupId, slot: u32) -> u32 {
        let of_group = |&task: &u32| {
            let task = &self.tasks[task as usize];
            task.life == Life::Live && task.group == group
        };
        self.tasks_of_instance(slot).filter(of_group).map(|_| 1).sum()
    }

    /// Follows a list from its head.
    fn list(&self, head: u32, next: impl Fn(&Task) -> u32 + 'static) -> impl Iterator<Item = u32> + '_ {
        let mut at = head;
        core::iter::from_fn(move || {
            let task = self.tasks.get(at as usize)?;
            Some(core::mem::replace(&mut at, next(task)))
        })
    }

    /// Live tasks, oldest first.
    pub(crate) fn tasks_by_age(&self) -> Vec<u32> {
        let mut tasks: Vec<u32> = (0u32..)
            .zip(&self.tasks)
            .filter(|(_, task)| matches!(task.life, Life::Live | Life::Stopping))
            .map(|(slot, _)| slot)
            .collect();
        tasks.sort_unstable_by_key(|&task| self.ages[task as usize]);
        tasks
    }

    /// Ports of an instance that are taken, sorted.
    pub(crate) fn ports_taken(&self, slot: u32, protocol: Protocol) -> Vec<u16> {
        let base = self.ports.base_keys(self.base[slot as usize]).iter().copied();
        let held = self.tasks_of_instance(slot).flat_map(|task| {
            let keys = self.demand_of(task).ports.iter().copied();
            keys.filter(move |&key| self.ports.holder(slot, key) == Some(task))
        });
        let mut ports: Vec<u16> =
            base.chain(held).map(port_of).filter(|&(of, _)| of == protocol).map(|(_, port)| port).collect();
        ports.sort_unstable();
        ports
    }

    /// Whether a static port of a demand is taken on an instance.
    pub(crate) fn has_port_conflict(&self, slot: u32, keys: &[u32]) -> bool {
        keys.iter().any(|&key| self.ports.is_taken(self.base[slot as usize], slot, key))
    }
}

/// One instance, as expressions see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InstanceFacts<'s> {
    /// The columns.
    pub(crate) state: &'s State,
    /// The slot.
    pub(crate) slot: u32,
}

impl InstanceFacts<'_> {
    /// Facts that may be missing.
    fn details(&self) -> &Details {
        self.state.info[self.slot as usize].details()
    }
}

impl Facts for InstanceFacts<'_> {
    fn is_agent_connected(&self) -> bool {
        self.state.agent[self.slot as usize]
    }

    fn agent_version(&self) -> Option<&str> {
        self.state.agent_version(self.slot)
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.state.attributes.text(name, self.slot)
    }

    fn ec2_instance_id(&self) -> Option<&str> {
        self.details().ec2_instance_id.as_deref()
    }

    fn registered_at(&self) -> Option<Timestamp> {
        self.details().registered_at
    }

    fn running_tasks_count(&self) -> u32 {
        self.state.occupancy[self.slot as usize].running
    }

    fn any_group(&self, test: &mut dyn FnMut(&str) -> bool) -> bool {
        self.state.tasks_of_instance(self.slot).any(|task| {
            let task = &self.state.tasks[task as usize];
            task.life == Life::Live && test(self.state.group_names.text(task.group.0))
        })
    }
}

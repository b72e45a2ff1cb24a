//! What tasks hold, each distinct demand once: tasks and prepared requests refer to it by number.
//!
//! INVARIANT: a demand with holders is in the table exactly once; one without is on the free list.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::hash::BuildHasher;

use hashbrown::HashTable;
use smallvec::SmallVec;

use crate::demand::{Demand, GpuDemand, RequiredAttribute};
use crate::error::{Error, ErrorKind};
use crate::id::DemandId;
use crate::instance::Protocol;
use crate::limits::{AMOUNT_MAX, DEVICE_WHOLE, TASKS_MAX};
use crate::resource::{ResourceKind, demanded_amount, fits};

use super::devices::{device_amount, is_device};
use super::ports::port_key;

/// Columns with amounts.
pub(crate) type Amounts = SmallVec<[(u8, i32); 4]>;

/// A demand, ready to be compared with columns.
#[derive(Debug, Clone)]
pub(crate) struct DemandRecord {
    /// Name of the task definition.
    pub(crate) definition: Box<str>,
    /// The demand as it was given.
    pub(crate) demand: Demand,
    /// Dimensions it takes something of, in column order, with the amounts. Dimensions of devices are compared, not
    /// subtracted.
    pub(crate) amounts: Amounts,
    /// CPU and memory it takes, once more: what every change of an order reads.
    pub(crate) cpu_and_memory: [i32; 2],
    /// Dimensions it takes more of than any instance can have, a bit for each column; their amounts are held at the most.
    beyond: u32,
    /// Keys of its static host ports, sorted.
    pub(crate) ports: Box<[u32]>,
    /// Tasks and prepared requests that refer to it.
    holders: u32,
}

impl DemandRecord {
    /// GPUs it takes.
    pub(crate) fn gpus(&self) -> GpuDemand {
        self.demand.gpus
    }

    /// Whether it takes more of some dimension than any instance can have.
    pub(crate) fn is_beyond(&self) -> bool {
        self.beyond != 0
    }

    /// Whether what an instance has left of one dimension is enough.
    pub(crate) fn fits(&self, column: usize, remaining: i32) -> bool {
        let asked = self.amounts.iter().find(|&&(of, _)| usize::from(of) == column);
        self.beyond >> column & 1 == 0 && asked.is_none_or(|&(_, amount)| fits(amount, remaining))
    }

    /// Bytes held on the heap.
    fn memory_usage(&self) -> usize {
        let Demand { custom, ports, required_attributes, cpu_architecture, os_type, .. } = &self.demand;
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::capacity);
        let required = required_attributes.iter().map(|required| required.name.capacity() + text(&required.value));
        let spilled = if self.amounts.spilled() { self.amounts.capacity() * size_of::<(u8, i32)>() } else { 0 };
        self.definition.len()
            + spilled
            + size_of_val(&*self.ports)
            + custom.capacity() * size_of::<(String, i64)>()
            + custom.iter().map(|(name, _)| name.capacity()).sum::<usize>()
            + ports.capacity() * size_of::<(Protocol, u16)>()
            + required_attributes.capacity() * size_of::<RequiredAttribute>()
            + required.sum::<usize>()
            + text(cpu_architecture)
            + text(os_type)
    }

    /// The amounts that are subtracted from an instance, with their columns.
    pub(crate) fn held_amounts(&self) -> impl Iterator<Item = (usize, i32)> + '_ {
        let amounts = self.amounts.iter().map(|&(column, amount)| (usize::from(column), amount));
        amounts.filter(|&(column, _)| !is_device(column))
    }
}

/// All demands in use.
#[derive(Debug, Clone, Default)]
pub(crate) struct DemandTable {
    /// By number; `None` on the free list.
    records: Vec<Option<DemandRecord>>,
    /// Numbers to be reused.
    free: Vec<u32>,
    /// Numbers by hash of definition and demand.
    table: HashTable<u32>,
}

/// Hash of what makes two demands the same, with a fixed seed.
fn hash_demand(definition: &str, demand: &Demand) -> u64 {
    foldhash::quality::FixedState::with_seed(0).hash_one((definition, demand))
}

impl DemandTable {
    /// The record of a number in use.
    pub(crate) fn get(&self, id: DemandId) -> &DemandRecord {
        match &self.records[id.index()] {
            Some(record) => record,
            #[expect(clippy::unreachable, reason = "tasks and requests hold the demands they name")]
            None => unreachable!("demand {id:?} has no holder"),
        }
    }

    /// The number of a demand, with one holder more.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] for a custom resource that was not declared or is named twice,
    /// [`ErrorKind::InvalidAmount`] for a negative amount or a GPU share that is no share, [`ErrorKind::InvalidPort`] for
    /// port 0, [`ErrorKind::CapacityMax`] when there are too many demands.
    pub(crate) fn hold(
        &mut self,
        definition: &str,
        demand: &Demand,
        custom_names: &[Box<str>],
    ) -> Result<DemandId, Error> {
        let hash = hash_demand(definition, demand);
        let same = |record: &DemandRecord| *record.definition == *definition && record.demand == *demand;
        let found = self.table.find(hash, |&number| self.records[number as usize].as_ref().is_some_and(same)).copied();
        if let Some(number) = found {
            self.hold_again(DemandId(number));
            return Ok(DemandId(number));
        }
        let ports = port_keys(demand);
        let (amounts, beyond) = amounts(demand, ports.len(), custom_names)?;
        let of = |kind: ResourceKind| amounts.iter().find(|&&(column, _)| usize::from(column) == kind.column());
        let cpu_and_memory =
            [ResourceKind::Cpu, ResourceKind::Memory].map(|kind| of(kind).map_or(0, |&(_, amount)| amount));
        let record = DemandRecord {
            definition: definition.into(),
            amounts,
            cpu_and_memory,
            beyond,
            ports,
            demand: demand.clone(),
            holders: 1,
        };
        let number = if let Some(number) = self.free.pop() {
            self.records[number as usize] = Some(record);
            number
        } else {
            let number = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
            if self.records.len() >= TASKS_MAX {
                return Err(Error::new(ErrorKind::CapacityMax));
            }
            self.records.push(Some(record));
            self.reserve_free();
            number
        };
        let Self { records, table, .. } = self;
        table.insert_unique(hash, number, |&other| {
            records[other as usize].as_ref().map_or(0, |record| hash_demand(&record.definition, &record.demand))
        });
        Ok(DemandId(number))
    }

    /// Makes room to give every demand back.
    pub(crate) fn reserve_free(&mut self) {
        self.free.reserve(self.records.len() - self.free.len());
    }

    /// One holder more.
    #[inline]
    pub(crate) fn hold_again(&mut self, id: DemandId) {
        if let Some(record) = &mut self.records[id.index()] {
            record.holders += 1;
        }
    }

    /// One holder less; the last one takes the demand with it.
    pub(crate) fn release(&mut self, id: DemandId) {
        let Some(record) = &mut self.records[id.index()] else { return };
        record.holders -= 1;
        if record.holders == 0 {
            let hash = hash_demand(&record.definition, &record.demand);
            if let Ok(found) = self.table.find_entry(hash, |&number| number == id.0) {
                found.remove();
            }
            self.records[id.index()] = None;
            self.free.push(id.0);
        }
    }

    /// Holders of a demand.
    pub(crate) fn holders(&self, id: DemandId) -> u32 {
        self.records[id.index()].as_ref().map_or(0, |record| record.holders)
    }

    /// Numbers in use.
    pub(crate) fn ids(&self) -> impl Iterator<Item = DemandId> + '_ {
        (0u32..).zip(&self.records).filter(|(_, record)| record.is_some()).map(|(number, _)| DemandId(number))
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        let records = self.records.iter().flatten().map(DemandRecord::memory_usage).sum::<usize>();
        records
            + self.records.capacity() * size_of::<Option<DemandRecord>>()
            + self.free.capacity() * size_of::<u32>()
            + self.table.allocation_size()
    }
}

/// The dimensions a demand takes something of.
fn amounts(demand: &Demand, ports: usize, custom_names: &[Box<str>]) -> Result<(Amounts, u32), Error> {
    if demand.ports.iter().any(|&(_, port)| port == 0) {
        return Err(Error::with_message(ErrorKind::InvalidPort, "host port `0` cannot be reserved"));
    }
    let refused = match demand.gpus {
        GpuDemand::Share(share) if share == 0 || share >= DEVICE_WHOLE => {
            Some(alloc::format!("GPU share of `{share}` thousandths is outside 1 to 999"))
        }
        GpuDemand::Slice(slice) if !matches!(slice, 125 | 250 | 500) => {
            Some(alloc::format!("GPU slice of `{slice}` thousandths is none of 125, 250, 500"))
        }
        _ => None,
    };
    if let Some(message) = refused {
        return Err(Error::with_message(ErrorKind::InvalidAmount, message));
    }
    if demand.gpus == GpuDemand::Whole(0) {
        return Err(Error::with_message(ErrorKind::InvalidAmount, "a demand for whole GPUs is for at least one"));
    }
    let (mut amounts, mut beyond) = (Amounts::new(), 0);
    let mut push = |kind: ResourceKind, amount: i64| {
        if amount < 0 {
            let message = alloc::format!("demand of {amount} is negative");
            return Err(Error::with_message(ErrorKind::InvalidAmount, message));
        }
        if amount > 0 {
            #[expect(clippy::cast_possible_truncation, reason = "a column is below DIMENSIONS")]
            amounts.push((kind.column() as u8, demanded_amount(amount).unwrap_or(AMOUNT_MAX)));
            beyond |= u32::from(demanded_amount(amount).is_none()) << kind.column();
        }
        Ok(())
    };
    push(ResourceKind::Cpu, demand.cpu)?;
    push(ResourceKind::Memory, demand.memory_mib)?;
    push(ResourceKind::Ports, i64::try_from(ports).unwrap_or(i64::MAX))?;
    push(ResourceKind::Eni, i64::from(demand.eni))?;
    if let Some((kind, amount)) = device_amount(demand.gpus) {
        push(kind, i64::from(amount))?;
    }
    for (name, amount) in &demand.custom {
        let Some(index) = custom_names.iter().position(|known| **known == **name) else {
            let known = custom_names.iter().map(AsRef::as_ref);
            let mut error = Error::with_message(
                ErrorKind::InvalidParameter,
                alloc::format!("custom resource `{name}` was not declared"),
            );
            if let Some(near) = crate::error::nearest(name, known) {
                error = error.with_help(alloc::format!("did you mean `{near}`?"));
            }
            return Err(error);
        };
        #[expect(clippy::cast_possible_truncation, reason = "at most CUSTOM_RESOURCES_MAX names are declared")]
        push(ResourceKind::Custom(index as u8), *amount)?;
    }
    amounts.sort_unstable();
    if amounts.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(Error::with_message(ErrorKind::InvalidParameter, "a custom resource is named twice in one demand"));
    }
    Ok((amounts, beyond))
}

/// The keys of a demand's static host ports, sorted, each once.
fn port_keys(demand: &Demand) -> Box<[u32]> {
    let mut keys: Vec<u32> = demand.ports.iter().map(|&(protocol, port)| port_key(protocol, port)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_boxed_slice()
}

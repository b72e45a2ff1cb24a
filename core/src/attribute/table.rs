//! One column of value numbers per attribute name.
//!
//! A column that most instances have is dense, indexed by slot; one that few have is a sorted list, so that a fleet in which
//! every instance invents its own names costs memory by what it carries, not names × instances.

use alloc::string::String;
use alloc::vec::Vec;

use super::intern::Interner;
use crate::error::{Error, ErrorKind};
use crate::id::{AttributeId, ValueId};
use crate::limits::{ATTRIBUTE_NAMES_MAX, ATTRIBUTE_VALUES_MAX};

/// A cell of a column: 0 is absent, anything else a value number plus one.
type Cell = u32;

/// The values of one attribute.
#[derive(Debug, Clone)]
enum Column {
    /// `(slot, cell)` in order of slot; no cell is absent.
    Sparse(Vec<(u32, Cell)>),
    /// By slot; slots past the end are absent. The second field counts cells that are not absent.
    Dense(Vec<Cell>, usize),
}

impl Column {
    /// The cell of a slot.
    fn get(&self, slot: u32) -> Cell {
        match self {
            Self::Sparse(cells) => {
                cells.binary_search_by_key(&slot, |&(slot, _)| slot).map_or(0, |index| cells[index].1)
            }
            Self::Dense(cells, _) => cells.get(slot as usize).copied().unwrap_or(0),
        }
    }

    /// Sets the cell of a slot and returns what it was.
    fn set(&mut self, slot: u32, cell: Cell, slots: usize) -> Cell {
        match self {
            Self::Sparse(cells) => {
                let was = match cells.binary_search_by_key(&slot, |&(slot, _)| slot) {
                    Ok(index) if cell == 0 => cells.remove(index).1,
                    Ok(index) => core::mem::replace(&mut cells[index].1, cell),
                    Err(_) if cell == 0 => 0,
                    Err(index) => {
                        cells.insert(index, (slot, cell));
                        0
                    }
                };
                if cells.len() > 16 && cells.len() > slots / 8 {
                    let mut dense = alloc::vec![0; slots.max(slot as usize + 1)];
                    for &(slot, cell) in &*cells {
                        dense[slot as usize] = cell;
                    }
                    let held = cells.len();
                    *self = Self::Dense(dense, held);
                }
                was
            }
            Self::Dense(cells, held) => {
                if slot as usize >= cells.len() {
                    cells.resize(slots.max(slot as usize + 1), 0);
                }
                let was = core::mem::replace(&mut cells[slot as usize], cell);
                *held = *held + usize::from(cell != 0) - usize::from(was != 0);
                was
            }
        }
    }

    /// Bytes held on the heap.
    fn memory_usage(&self) -> usize {
        match self {
            Self::Sparse(cells) => cells.capacity() * size_of::<(u32, Cell)>(),
            Self::Dense(cells, _) => cells.capacity() * size_of::<Cell>(),
        }
    }
}

/// Names, values and columns.
#[derive(Debug, Clone)]
pub(crate) struct AttributeTable {
    /// Names; held once per instance that carries one and once per request that spreads over it.
    names: Interner,
    /// Values; held once per cell, and by the journal.
    values: Interner,
    /// By name number.
    columns: Vec<Column>,
    /// By slot: attributes the instance carries.
    carried: Vec<u32>,
}

impl AttributeTable {
    /// A table without attributes.
    pub(crate) fn new() -> Self {
        Self {
            names: Interner::new(ATTRIBUTE_NAMES_MAX),
            values: Interner::new(ATTRIBUTE_VALUES_MAX),
            columns: Vec::new(),
            carried: Vec::new(),
        }
    }

    /// The number of a name, if anybody carries it or asks for it.
    pub(crate) fn name_id(&self, name: &str) -> Option<AttributeId> {
        self.names.get(name).map(AttributeId)
    }

    /// The number of a name, with one holder more.
    ///
    /// # Errors
    /// [`ErrorKind::CapacityMax`] when there are too many names.
    pub(crate) fn hold_name(&mut self, name: &str) -> Result<AttributeId, Error> {
        let number = self.names.hold(name).map_err(|_| {
            Error::with_message(
                ErrorKind::CapacityMax,
                alloc::format!("more than {ATTRIBUTE_NAMES_MAX} attribute names are in use"),
            )
        })?;
        if number as usize >= self.columns.len() {
            self.columns.push(Column::Sparse(Vec::new()));
        }
        Ok(AttributeId(number))
    }

    /// One holder less of a name.
    pub(crate) fn release_name(&mut self, name: AttributeId) {
        if self.names.release(name.0) {
            self.columns[name.index()] = Column::Sparse(Vec::new());
        }
    }

    /// The number of a value, with one holder more.
    ///
    /// # Errors
    /// [`ErrorKind::CapacityMax`] when there are too many values.
    pub(crate) fn hold_value(&mut self, value: &str) -> Result<ValueId, Error> {
        self.values.hold(value).map(ValueId).map_err(|_| {
            Error::with_message(
                ErrorKind::CapacityMax,
                alloc::format!("more than {ATTRIBUTE_VALUES_MAX} attribute values are in use"),
            )
        })
    }

    /// One holder less of a value.
    pub(crate) fn release_value(&mut self, value: ValueId) {
        self.values.release(value.0);
    }

    /// The value of an attribute of an instance.
    pub(crate) fn value(&self, name: AttributeId, slot: u32) -> Option<ValueId> {
        self.columns[name.index()].get(slot).checked_sub(1).map(ValueId)
    }

    /// Sets or removes the value of an attribute; whoever calls minds the holders.
    pub(crate) fn set(
        &mut self,
        name: AttributeId,
        slot: u32,
        value: Option<ValueId>,
        slots: usize,
    ) -> Option<ValueId> {
        let cell = value.map_or(0, |value| value.0 + 1);
        let was = self.columns[name.index()].set(slot, cell, slots).checked_sub(1).map(ValueId);
        if slot as usize >= self.carried.len() {
            self.carried.resize(slots.max(slot as usize + 1), 0);
        }
        let carried = &mut self.carried[slot as usize];
        *carried = *carried + u32::from(value.is_some()) - u32::from(was.is_some());
        was
    }

    /// How many attributes an instance carries.
    pub(crate) fn carried(&self, slot: u32) -> usize {
        self.carried.get(slot as usize).map_or(0, |&carried| carried as usize)
    }

    /// The text of an attribute of an instance; empty where it has a name only.
    pub(crate) fn text(&self, name: &str, slot: u32) -> Option<&str> {
        let name = self.name_id(name)?;
        self.value(name, slot).map(|value| self.value_text(value))
    }

    /// The text of a name.
    pub(crate) fn name_text(&self, name: AttributeId) -> &str {
        self.names.text(name.0)
    }

    /// The text of a value.
    pub(crate) fn value_text(&self, value: ValueId) -> &str {
        self.values.text(value.0)
    }

    /// Which life of the value's number this is.
    pub(crate) fn value_born(&self, value: ValueId) -> u32 {
        self.values.born(value.0)
    }

    /// Names in use, by number.
    pub(crate) fn names(&self) -> impl Iterator<Item = AttributeId> + '_ {
        (0u32..).take(self.names.len()).filter(|&number| self.names.holders(number) > 0).map(AttributeId)
    }

    /// Value numbers given out so far.
    pub(crate) fn values_len(&self) -> usize {
        self.values.len()
    }

    /// Attributes of an instance, sorted by name.
    pub(crate) fn of_instance(&self, slot: u32) -> Vec<(AttributeId, ValueId)> {
        let mut carried: Vec<(AttributeId, ValueId)> =
            self.names().filter_map(|name| self.value(name, slot).map(|value| (name, value))).collect();
        carried.sort_unstable_by(|a, b| self.name_text(a.0).cmp(self.name_text(b.0)));
        carried
    }

    /// The first attribute of an instance by number, from a number on.
    pub(crate) fn next_of_instance(&self, slot: u32, from: u32) -> Option<(AttributeId, ValueId)> {
        if self.carried(slot) == 0 {
            return None;
        }
        let names = (from..).map(AttributeId).take_while(|name| name.index() < self.columns.len());
        names.filter_map(|name| self.value(name, slot).map(|value| (name, value))).next()
    }

    /// Recounts the holders that cells account for; `extra_names` and `extra_values` are held by others.
    pub(crate) fn validate(&self, extra_values: usize) -> Result<(), String> {
        let mut values = alloc::vec![0u32; self.values.len()];
        for name in self.names() {
            let column = &self.columns[name.index()];
            let cells: Vec<Cell> = match column {
                Column::Sparse(cells) => cells.iter().map(|&(_, cell)| cell).collect(),
                Column::Dense(cells, held) => {
                    let cells: Vec<Cell> = cells.iter().copied().filter(|&cell| cell != 0).collect();
                    if cells.len() != *held {
                        return Err(alloc::format!("attribute `{}` counts its cells wrongly", self.name_text(name)));
                    }
                    cells
                }
            };
            if (self.names.holders(name.0) as usize) < cells.len() {
                return Err(alloc::format!("attribute `{}` has too few holders", self.name_text(name)));
            }
            for cell in cells {
                values[cell as usize - 1] += 1;
            }
        }
        let of_columns: usize = values.iter().map(|&cells| cells as usize).sum();
        let of_slots: usize = self.carried.iter().map(|&carried| carried as usize).sum();
        if of_columns != of_slots {
            return Err(alloc::format!("instances carry {of_columns} attributes, {of_slots} are counted"));
        }
        let mut extra = 0;
        for (number, &cells) in (0u32..).zip(&values) {
            let holders = self.values.holders(number);
            if holders < cells {
                return Err(alloc::format!("value `{}` has too few holders", self.values.text(number)));
            }
            extra += (holders - cells) as usize;
        }
        if extra == extra_values {
            Ok(())
        } else {
            Err(alloc::format!("{extra} values are held by no cell, {extra_values} by the journal"))
        }
    }

    /// Bytes of the columns.
    pub(crate) fn columns_memory(&self) -> usize {
        self.carried.capacity() * size_of::<u32>()
            + self.columns.capacity() * size_of::<Column>()
            + self.columns.iter().map(Column::memory_usage).sum::<usize>()
    }

    /// Bytes of the names and values.
    pub(crate) fn texts_memory(&self) -> usize {
        self.names.memory_usage() + self.values.memory_usage()
    }
}

//! Ids as people write them ↔ ids of the engine, long ARNs and short ids treated alike (U-63).
//!
//! INVARIANT: a name is in the table exactly once, at the hash of its last path segment; so a short id and the ARN that
//! ends in it are found at one place.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use hashbrown::HashTable;

use crate::attribute::intern::hash_text;
use crate::error::{Error, ErrorKind};
use crate::id::{InstanceId, TaskId};

/// An id with a slot.
pub(super) trait Slotted: Copy + Eq {
    /// The slot.
    fn slot_index(self) -> usize;
}

impl Slotted for InstanceId {
    fn slot_index(self) -> usize {
        self.slot() as usize
    }
}

impl Slotted for TaskId {
    fn slot_index(self) -> usize {
        self.slot() as usize
    }
}

/// The last path segment of an ARN: its short id.
pub(super) fn short(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, short)| short)
}

/// Whether two ids name the same thing: they are equal, or one is the short id of the other.
pub(super) fn is_alike(a: &str, b: &str) -> bool {
    a == b || (short(a) == short(b) && (short(a).len() == a.len() || short(b).len() == b.len()))
}

/// The error for a short id that names several.
#[cold]
pub(super) fn ambiguous(text: &str) -> Error {
    let message = format!("short id `{text}` names more than one");
    Error::with_message(ErrorKind::InvalidParameter, message).with_help("give the whole ARN")
}

/// Names of instances, or of tasks, as texts.
#[derive(Debug, Clone)]
pub(super) struct Names<Id> {
    /// By slot.
    names: Vec<Option<(Id, Box<str>)>>,
    /// Slots by hash of the short id.
    table: HashTable<u32>,
}

impl<Id: Slotted> Names<Id> {
    /// No names.
    pub(super) fn new() -> Self {
        Self { names: Vec::new(), table: HashTable::new() }
    }

    /// Gives an id its name; the caller has seen that the name is not taken.
    pub(super) fn insert(&mut self, id: Id, name: Box<str>) {
        let slot = id.slot_index();
        if slot >= self.names.len() {
            self.names.resize_with(slot + 1, || None);
        }
        let hash = hash_text(short(&name));
        self.names[slot] = Some((id, name));
        let names = &self.names;
        #[expect(clippy::cast_possible_truncation, reason = "a slot is a u32")]
        self.table.insert_unique(hash, slot as u32, |&other| hash_at(names, other));
    }

    /// Takes the name of an id away.
    pub(super) fn remove(&mut self, id: Id) -> Option<Box<str>> {
        let slot = id.slot_index();
        let entry = self.names.get_mut(slot)?;
        if entry.as_ref()?.0 != id {
            return None;
        }
        let (_, name) = entry.take()?;
        if let Ok(found) = self.table.find_entry(hash_text(short(&name)), |&other| other as usize == slot) {
            found.remove();
        }
        Some(name)
    }

    /// The name of an id.
    pub(super) fn name(&self, id: Id) -> Option<&str> {
        match self.names.get(id.slot_index())? {
            Some((known, name)) if *known == id => Some(name),
            _ => None,
        }
    }

    /// The id that has exactly this name.
    pub(super) fn exact(&self, name: &str) -> Option<Id> {
        self.alike(short(name)).find(|(_, known)| *known == name).map(|(id, _)| id)
    }

    /// The id that `text` names: by its whole name, or, where either is a short id, by that.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] where a short id names several.
    pub(super) fn find(&self, text: &str) -> Result<Option<Id>, Error> {
        let wanted = short(text);
        let is_short = wanted.len() == text.len();
        if let Some(id) = self.exact(text) {
            return Ok(Some(id));
        }
        let mut found = None;
        for (id, name) in self.alike(wanted) {
            if !is_short && name.contains('/') {
                continue;
            }
            if found.replace(id).is_some() {
                return Err(ambiguous(text));
            }
        }
        Ok(found)
    }

    /// The names with a short id.
    fn alike<'n>(&'n self, wanted: &'n str) -> impl Iterator<Item = (Id, &'n str)> {
        self.table.iter_hash(hash_text(wanted)).filter_map(move |&slot| {
            let (id, name) = self.names.get(slot as usize)?.as_ref()?;
            (short(name) == wanted).then_some((*id, name.as_ref()))
        })
    }
}

/// The hash a slot's name stands at.
fn hash_at<Id>(names: &[Option<(Id, Box<str>)>], slot: u32) -> u64 {
    names[slot as usize].as_ref().map_or(0, |(_, name)| hash_text(short(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(slot: u32) -> TaskId {
        TaskId::new(slot, 1).unwrap_or_else(|| unreachable!("generation 1 exists"))
    }

    #[test]
    fn arns_and_short_ids_are_treated_alike() -> Result<(), Error> {
        let mut names = Names::new();
        names.insert(id(0), "arn:aws:ecs:r:1:task/demo/a".into());
        names.insert(id(1), "b".into());
        names.insert(id(2), "task/demo/c".into());
        names.insert(id(3), "other/c".into());
        assert_eq!(names.find("a")?, Some(id(0)));
        assert_eq!(names.find("arn:aws:ecs:r:1:task/demo/a")?, Some(id(0)));
        assert_eq!(names.find("arn:aws:ecs:r:1:task/elsewhere/a")?, None);
        assert_eq!(names.find("arn:aws:ecs:r:1:task/demo/b")?, Some(id(1)));
        assert_eq!(names.find("other/c")?, Some(id(3)));
        assert_eq!(names.find("c").map_err(|error| error.kind()), Err(ErrorKind::InvalidParameter));
        assert_eq!(names.remove(id(3)).as_deref(), Some("other/c"));
        assert_eq!(names.find("c")?, Some(id(2)));
        assert_eq!(names.find("")?, None);
        Ok(())
    }
}

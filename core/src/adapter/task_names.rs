//! Names of tasks: those they came with, kept as text, and those the session made up, derived from a number.
//!
//! A name that is made up costs no text, no hash and no entry in the journal: it is a number, and the numbers are given out in
//! order, so that a sorted list finds the task of one.
//!
//! INVARIANT: `order` is sorted by number. An entry of it is alive where `numbers` has the same at the slot of its task; the
//! others are dead. With no savepoint open they are at most as many as are alive and `DEAD_MIN` more; inside one they stay, so
//! that a name which comes back finds its place without moving those behind it.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::names::{Names, Slotted, ambiguous};
use crate::error::Error;
use crate::id::TaskId;

/// What the names that a session makes up begin with; a number follows.
pub(super) const MADE_UP_PREFIX: &str = "task/placed-";
/// The same in a short id.
const MADE_UP_SHORT: &str = "placed-";

/// Dead entries that are always put up with.
const DEAD_MIN: usize = 64;

/// The name of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TaskName {
    /// A text.
    Own(Box<str>),
    /// One made up from this number.
    MadeUp(u64),
}

impl TaskName {
    /// The name as people read it.
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Own(name) => String::from(name),
            Self::MadeUp(number) => made_up(number),
        }
    }
}

/// The name that is made up from a number.
pub(super) fn made_up(number: u64) -> String {
    format!("{MADE_UP_PREFIX}{number}")
}

/// The number in what follows the prefix of a made-up name; none where it is written in another way.
fn number(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if is_number { text.parse().ok() } else { None }
}

/// Names of tasks.
#[derive(Debug, Clone)]
pub(super) struct TaskNames {
    /// Those that are texts.
    own: Names<TaskId>,
    /// Numbers of those made up, by slot.
    numbers: Vec<Option<(TaskId, u64)>>,
    /// The same by number.
    order: Vec<(TaskId, u64)>,
    /// Entries of `order` that are dead.
    dead: usize,
    /// A made-up name of a greater number is not taken by any text.
    avoided: u64,
}

impl TaskNames {
    /// No names.
    pub(super) fn new() -> Self {
        Self { own: Names::new(), numbers: Vec::new(), order: Vec::new(), dead: 0, avoided: 0 }
    }

    /// Gives a task a name of its own; the caller has seen that it is not taken.
    pub(super) fn insert_own(&mut self, id: TaskId, name: Box<str>) {
        self.avoid(&name);
        self.own.insert(id, name);
    }

    /// Gives a task the made-up name of a number greater than any since [`remove_after`](Self::remove_after).
    pub(super) fn insert_made_up(&mut self, id: TaskId, number: u64) {
        debug_assert!(self.order.last().is_none_or(|&(_, last)| last < number), "numbers are given out in order");
        self.order.push((id, number));
        self.set(id, number);
    }

    /// Gives a task the name back that it had.
    pub(super) fn restore(&mut self, id: TaskId, name: TaskName) {
        match name {
            TaskName::Own(name) => self.own.insert(id, name),
            TaskName::MadeUp(number) => {
                match self.position(number) {
                    Ok(at) => {
                        self.order[at].0 = id;
                        self.dead -= 1;
                    }
                    Err(at) => self.order.insert(at, (id, number)),
                }
                self.set(id, number);
            }
        }
    }

    /// Notes the number at a slot.
    fn set(&mut self, id: TaskId, number: u64) {
        let slot = id.slot_index();
        if slot >= self.numbers.len() {
            self.numbers.resize(slot + 1, None);
        }
        self.numbers[slot] = Some((id, number));
    }

    /// Takes the name of a task away. [`tidy`](Self::tidy) is to follow once no savepoint is open.
    pub(super) fn remove(&mut self, id: TaskId) -> Option<TaskName> {
        let Some(number) = self.number_of(id) else { return self.own.remove(id).map(TaskName::Own) };
        self.numbers[id.slot_index()] = None;
        self.dead += 1;
        Some(TaskName::MadeUp(number))
    }

    /// Clears dead entries away where they are many. For moments in which no name can come back.
    pub(super) fn tidy(&mut self) {
        if self.dead > self.order.len() / 2 + DEAD_MIN {
            let numbers = &self.numbers;
            self.order.retain(|&entry| numbers[entry.0.slot_index()] == Some(entry));
            self.dead = 0;
        }
    }

    /// Takes all made-up names of greater numbers away.
    pub(super) fn remove_after(&mut self, number: u64) {
        while let Some(&entry) = self.order.last().filter(|entry| entry.1 > number) {
            self.order.pop();
            let known = &mut self.numbers[entry.0.slot_index()];
            if *known == Some(entry) {
                *known = None;
            } else {
                self.dead -= 1;
            }
        }
    }

    /// The name of a task.
    pub(super) fn name(&self, id: TaskId) -> Option<Cow<'_, str>> {
        match self.number_of(id) {
            Some(number) => Some(Cow::Owned(made_up(number))),
            None => self.own.name(id).map(Cow::Borrowed),
        }
    }

    /// The task that has exactly this name.
    pub(super) fn exact(&self, name: &str) -> Option<TaskId> {
        self.with_number(name.strip_prefix(MADE_UP_PREFIX)).or_else(|| self.own.exact(name))
    }

    /// The task that `text` names: by its whole name, or, where either is a short id, by that.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`](crate::ErrorKind::InvalidParameter) where a short id names several.
    pub(super) fn find(&self, text: &str) -> Result<Option<TaskId>, Error> {
        if let Some(id) = self.exact(text) {
            return Ok(Some(id));
        }
        let own = self.own.find(text)?;
        match (own, self.with_number(text.strip_prefix(MADE_UP_SHORT))) {
            (Some(_), Some(_)) => Err(ambiguous(text)),
            (own, made_up) => Ok(own.or(made_up)),
        }
    }

    /// Hears of a name that may not be made up, now or ever.
    pub(super) fn avoid(&mut self, name: &str) {
        let Some(rest) = name.strip_prefix(MADE_UP_PREFIX) else { return };
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits > 0 {
            self.avoided = self.avoided.max(rest[..digits].parse().unwrap_or(u64::MAX));
        }
    }

    /// Whether the made-up name of a number may be taken already, by a text.
    pub(super) fn may_be_taken(&self, number: u64) -> bool {
        number <= self.avoided
    }

    /// The number that a task's name is made from.
    fn number_of(&self, id: TaskId) -> Option<u64> {
        let (known, number) = (*self.numbers.get(id.slot_index())?)?;
        (known == id).then_some(number)
    }

    /// The task whose made-up name ends in this text.
    fn with_number(&self, text: Option<&str>) -> Option<TaskId> {
        let at = self.position(number(text?)?).ok()?;
        let (id, number) = self.order[at];
        (self.number_of(id) == Some(number)).then_some(id)
    }

    /// Where the entry of a number is, or would be.
    fn position(&self, number: u64) -> Result<usize, usize> {
        self.order.binary_search_by_key(&number, |&(_, other)| other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn id(slot: u32) -> TaskId {
        TaskId::new(slot, 1).unwrap_or_else(|| unreachable!("generation 1 exists"))
    }

    #[test]
    fn made_up_names_are_found_as_if_they_were_texts() -> Result<(), Error> {
        let mut names = TaskNames::new();
        names.insert_made_up(id(0), 7);
        names.insert_made_up(id(3), 10);
        names.insert_own(id(1), "other/placed-7".into());
        names.insert_own(id(2), "placed-8".into());
        assert_eq!(names.name(id(0)).as_deref(), Some("task/placed-7"));
        assert_eq!(names.find("task/placed-7")?, Some(id(0)));
        assert_eq!(names.find("other/placed-7")?, Some(id(1)));
        assert_eq!(names.find("placed-7").map_err(|error| error.kind()), Err(ErrorKind::InvalidParameter));
        assert_eq!(names.find("a/placed-8")?, Some(id(2)));
        assert_eq!(names.find("placed-10")?, Some(id(3)));
        for other in ["a/placed-10", "placed-010", "placed-+10", "placed-", "task/placed-", "10", "placed-9", ""] {
            assert_eq!(names.find(other)?, None, "{other}");
        }
        assert_eq!(names.remove(id(1)), Some(TaskName::Own("other/placed-7".into())));
        assert_eq!(names.find("placed-7")?, Some(id(0)));
        assert_eq!((names.remove(id(0)), names.remove(id(0))), (Some(TaskName::MadeUp(7)), None));
        assert_eq!((names.find("placed-7")?, names.name(id(0))), (None, None));
        Ok(())
    }

    #[test]
    fn names_come_back_in_order_and_dead_ones_are_cleared_away() {
        let mut names = TaskNames::new();
        (0..1000).for_each(|slot| names.insert_made_up(id(slot), u64::from(slot) + 1));
        let is_whole = |names: &TaskNames| {
            let are_found = (0..1000).all(|slot| names.exact(&made_up(u64::from(slot) + 1)) == Some(id(slot)));
            are_found && names.order.len() == 1000 && names.dead == 0
        };
        for is_tidy in [false, true] {
            for slot in 0..900 {
                assert_eq!(names.remove(id(slot)), Some(TaskName::MadeUp(u64::from(slot) + 1)));
                if is_tidy {
                    names.tidy();
                    assert!(names.dead <= names.order.len() / 2 + DEAD_MIN);
                }
            }
            assert_eq!(names.order.len() < 400, is_tidy);
            for slot in (0..900).rev() {
                names.restore(id(slot), TaskName::MadeUp(u64::from(slot) + 1));
            }
            assert!(is_whole(&names));
        }
        names.remove(id(990));
        names.remove_after(500);
        assert_eq!(
            (names.order.len(), names.dead, names.name(id(500)), names.exact("task/placed-991")),
            (500, 0, None, None)
        );
        // A number is given out again, once it was taken back.
        names.remove(id(499));
        names.remove_after(499);
        names.insert_made_up(id(2000), 500);
        assert_eq!((names.order.len(), names.dead, names.exact("task/placed-500")), (500, 0, Some(id(2000))));
    }

    #[test]
    fn a_text_that_looks_made_up_is_avoided() {
        let mut names = TaskNames::new();
        for (text, avoided) in [
            ("task/placed-", 0),
            ("task/placed-5-x", 5),
            ("task/placed-3", 5),
            ("task/placed-99999999999999999999", u64::MAX),
        ] {
            names.avoid(text);
            assert_eq!(names.avoided, avoided, "{text}");
        }
        assert!(names.may_be_taken(u64::MAX) && !TaskNames::new().may_be_taken(1));
    }
}

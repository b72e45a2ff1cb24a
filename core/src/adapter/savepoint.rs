//! What-if: savepoints of a session, nested like those of the engine.
//!
//! The engine rolls back what is placed; this journal gives back the names, definitions and services that belong to it.
//! With no savepoint open nothing is recorded.

use alloc::boxed::Box;
use alloc::string::String;

use super::book::{Before, Entry, Key};
use super::task_names::TaskName;
use super::{DEREGISTERED_MAX, Extra, Service, Session};
use crate::error::{Error, ErrorKind};
use crate::id::{InstanceId, TaskId};
use crate::transaction::Savepoint;

/// A moment a session can go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionSavepoint {
    /// The engine's savepoint.
    engine: Savepoint,
    /// Length of the journal then.
    mark: usize,
    /// Savepoints open, this one included.
    depth: usize,
    /// The version of definitions and services then.
    book: u64,
}

/// The inverse of one change.
#[derive(Debug, Clone)]
pub(super) enum Undo {
    /// A task got a name that is a text.
    TaskNamed(TaskId),
    /// A task lost its name, and was PENDING or not.
    TaskGone(TaskId, TaskName, bool),
    /// An instance got a name.
    InstanceNamed(InstanceId),
    /// An instance lost its name and what was kept of it.
    InstanceGone(InstanceId, Box<str>, Option<Extra>),
    /// The number of placed tasks was this; those placed since, whose names are made up from greater ones, have none.
    Placed(u64),
    /// A definition was this.
    Definition(Key, Before),
    /// A service was this.
    Service(String, Option<Box<Service>>),
    /// An id went to the end of the list of deregistered ones; the first one, if it was pushed out.
    Deregistered(Option<Box<str>>),
    /// An id left the list of deregistered ones at this position.
    Returned(usize, Box<str>),
}

impl Session {
    /// Opens a savepoint inside those that are open.
    pub fn begin(&mut self) -> SessionSavepoint {
        self.depth += 1;
        let (mark, book) = (self.journal.len(), self.version.current());
        SessionSavepoint { engine: self.cluster.begin(), mark, depth: self.depth, book }
    }

    /// Goes back to a savepoint and closes it, and those opened since.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] for a savepoint that is not open.
    pub fn rollback(&mut self, savepoint: SessionSavepoint) -> Result<(), Error> {
        self.check_open(savepoint)?;
        self.cluster.rollback(savepoint.engine)?;
        while self.journal.len() > savepoint.mark {
            if let Some(undo) = self.journal.pop() {
                self.undo(undo);
            }
        }
        self.depth = savepoint.depth - 1;
        self.version.go_back(savepoint.book);
        Ok(())
    }

    /// Keeps what was done since a savepoint and closes it, and those opened since.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] for a savepoint that is not open.
    pub fn commit(&mut self, savepoint: SessionSavepoint) -> Result<(), Error> {
        self.check_open(savepoint)?;
        self.cluster.commit(savepoint.engine)?;
        self.depth = savepoint.depth - 1;
        if self.depth == 0 {
            self.journal.clear();
            self.tasks.tidy();
        }
        Ok(())
    }

    /// Does `work`; where it fails, everything is as before.
    pub(super) fn all_or_nothing<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        let savepoint = self.begin();
        match work(self) {
            Ok(value) => self.commit(savepoint).map(|()| value),
            Err(error) => self.rollback(savepoint).and(Err(error)),
        }
    }

    /// Refuses a savepoint that is deeper than those open. The engine refuses the rest.
    fn check_open(&self, savepoint: SessionSavepoint) -> Result<(), Error> {
        let is_open = savepoint.depth <= self.depth && savepoint.mark <= self.journal.len();
        if is_open { Ok(()) } else { Err(Error::new(ErrorKind::StaleHandle)) }
    }

    /// Notes an inverse, if anybody can go back.
    pub(super) fn note(&mut self, undo: Undo) {
        if self.depth > 0 {
            self.journal.push(undo);
        }
    }

    /// Carries out an inverse.
    fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::TaskNamed(id) => {
                self.tasks.remove(id);
            }
            Undo::TaskGone(id, name, is_pending) => {
                self.tasks.restore(id, name);
                self.pending.extend(is_pending.then_some(id));
            }
            Undo::InstanceNamed(id) => {
                self.instances.remove(id);
                self.extras.remove(&id);
            }
            Undo::InstanceGone(id, name, extra) => {
                self.instances.insert(id, name);
                self.extras.extend(extra.map(|extra| (id, extra)));
            }
            Undo::Placed(placed) => {
                self.tasks.remove_after(placed);
                self.placed = placed;
            }
            Undo::Definition(key, before) => self.book.restore(key, before),
            Undo::Service(name, before) => self.restore_service(name, before),
            Undo::Deregistered(first) => {
                self.deregistered.pop();
                if let Some(first) = first {
                    self.deregistered.insert(0, first);
                }
            }
            Undo::Returned(position, name) => self.deregistered.insert(position, name),
        }
    }

    /// Undoes the setting of a service. As [`Book::restore`](super::Book), a function of its own, so that the module for pages
    /// without documents can leave it to its second half.
    #[inline(never)]
    fn restore_service(&mut self, name: String, before: Option<Box<Service>>) {
        match before {
            Some(service) => self.services.insert(name, service),
            None => self.services.remove(&name),
        };
    }

    /// Gives a task a name that is a text.
    pub(super) fn name_task(&mut self, id: TaskId, name: Box<str>) {
        self.tasks.insert_own(id, name);
        self.note(Undo::TaskNamed(id));
    }

    /// Takes the name of a task that is gone.
    pub(super) fn forget_task(&mut self, id: TaskId) -> Option<TaskName> {
        let name = self.tasks.remove(id)?;
        let is_pending = self.pending.remove(&id);
        if self.depth > 0 {
            self.journal.push(Undo::TaskGone(id, name.clone(), is_pending));
        } else {
            self.tasks.tidy();
        }
        Some(name)
    }

    /// Names an instance, keeps what the engine has no place for, and forgets that it was deregistered.
    pub(super) fn name_instance(&mut self, id: InstanceId, name: Box<str>, extra: Extra) {
        if !self.deregistered.is_empty() {
            if let Some(position) = self.deregistered.iter().position(|known| *known == name) {
                let known = self.deregistered.remove(position);
                self.note(Undo::Returned(position, known));
            }
        }
        self.instances.insert(id, name);
        if extra != Extra::default() {
            self.extras.insert(id, extra);
        }
        self.note(Undo::InstanceNamed(id));
    }

    /// Takes the name of an instance that is gone, and remembers that it was there.
    pub(super) fn forget_instance(&mut self, id: InstanceId) {
        let Some(name) = self.instances.remove(id) else { return };
        let extra = self.extras.remove(&id);
        let first = (self.deregistered.len() == DEREGISTERED_MAX).then(|| self.deregistered.remove(0));
        self.deregistered.push(name.clone());
        self.note(Undo::InstanceGone(id, name, extra));
        self.note(Undo::Deregistered(first));
    }

    /// Puts a definition into the book.
    pub(super) fn set_definition(&mut self, key: Key, entry: Entry) {
        let before = self.book.set(key.clone(), entry);
        self.note(Undo::Definition(key, before));
        self.version.advance();
    }

    /// Puts a service into the list.
    pub(super) fn set_service(&mut self, name: &str, service: Box<Service>) {
        let before = self.services.insert(String::from(name), service);
        self.note(Undo::Service(String::from(name), before));
        self.version.advance();
    }
}

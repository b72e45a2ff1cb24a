//! Savepoints: opening, rolling back, committing, and what becomes of slots then.

use crate::error::{Error, ErrorKind};
use crate::state::delta::Delta;
use crate::transaction::{Savepoint, Transaction};

use super::Cluster;

impl Cluster {
    /// Opens a savepoint inside the innermost open one.
    ///
    /// Cost: constant; does not allocate within the savepoints that were reserved. Beyond them it grows, in strict mode too:
    /// what a savepoint records is refused there, the savepoint itself is not.
    pub fn begin(&mut self) -> Savepoint {
        let (depth, serial) = self.journal.open(self.state.sequence, self.state.registrations, self.version.current());
        Savepoint { depth, serial }
    }

    /// Undoes everything since a savepoint was opened, and closes it and those inside it. Prepared requests stay prepared.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] when it was closed before.
    ///
    /// Cost: what was done since. Taking back placements, stops and registrations does not allocate; where an instance comes back
    /// or has other attributes again, the filters in use are asked about it anew, which may.
    pub fn rollback(&mut self, savepoint: Savepoint) -> Result<(), Error> {
        let mark = self.journal.mark(savepoint.depth, savepoint.serial).ok_or(Error::new(ErrorKind::StaleHandle))?;
        while let Some(delta) = self.journal.pop_after(mark.position) {
            self.undo(delta);
        }
        self.state.sequence = mark.sequence;
        self.state.registrations = mark.registrations;
        self.version.go_back(mark.version);
        self.journal.close(savepoint.depth);
        Ok(())
    }

    /// Keeps everything since a savepoint was opened, and closes it and those inside it.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] when it was closed before.
    ///
    /// Cost: constant inside another savepoint, what was done since otherwise; does not allocate.
    pub fn commit(&mut self, savepoint: Savepoint) -> Result<(), Error> {
        self.journal.mark(savepoint.depth, savepoint.serial).ok_or(Error::new(ErrorKind::StaleHandle))?;
        self.journal.close(savepoint.depth);
        if !self.journal.is_open() {
            let mut at = 0;
            while let Some(delta) = self.journal.delta(at) {
                self.settle(delta);
                at += 1;
            }
            self.journal.clear();
        }
        Ok(())
    }

    /// Opens a savepoint that is rolled back when the guard is dropped without a commit.
    pub fn transaction(&mut self) -> Transaction<'_> {
        Transaction::new(self)
    }

    /// Savepoints open.
    #[must_use]
    pub fn savepoints(&self) -> usize {
        self.journal.depth()
    }

    /// Takes back one change that is in no journal any more.
    pub(super) fn undo(&mut self, delta: Delta) {
        let inverse = delta.inverse();
        self.state.apply(inverse);
        self.index.follow(&self.state, inverse);
        match delta {
            Delta::Run { task } => self.state.reclaim_task(task),
            Delta::Register { slot } => self.state.reclaim_instance(slot),
            Delta::Attribute { name, to: Some(value), .. } => self.state.release_attribute((name, value)),
            _ => {}
        }
    }

    /// Gives back what a change replaced, once no savepoint can bring it back.
    pub(super) fn settle(&mut self, delta: Delta) {
        if self.journal.is_open() {
            return;
        }
        match delta {
            Delta::Stop { task } | Delta::FinishStop { task } => self.state.reclaim_task(task),
            Delta::Deregister { slot } => self.state.reclaim_instance(slot),
            Delta::Attribute { name, from: Some(value), .. } => self.state.release_attribute((name, value)),
            _ => {}
        }
    }
}

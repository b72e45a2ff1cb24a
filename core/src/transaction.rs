//! Trying things and taking them back.
//!
//! A [`Savepoint`] is a token: a binding can keep it and hand it back later. A [`Transaction`] is the borrowing guard for
//! Rust: it rolls back when dropped, unless it was committed.

use core::ops::{Deref, DerefMut};

use crate::cluster::Cluster;
use crate::error::Error;

/// An open savepoint. Rolling back or committing it closes it and every savepoint opened after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Savepoint {
    /// Savepoints that were open when it was opened.
    pub(crate) depth: usize,
    /// Tells savepoints apart for ever.
    pub(crate) serial: u64,
}

/// A cluster inside a savepoint. Everything done through it is undone when it is dropped without
/// [`commit`](Transaction::commit).
///
/// ```
/// use placewright::{Cluster, Demand, Instance, Request};
///
/// let mut cluster = Cluster::new();
/// cluster.register(&Instance::new("i-1").with_resources(1024, 1024))?;
/// let request = cluster.prepare(&Request::new("web", Demand::new(256, 512)))?;
/// let before = cluster.fingerprint();
/// {
///     let mut what_if = cluster.transaction();
///     assert!(what_if.place_one(request)?.placement().is_some());
/// }
/// assert_eq!(cluster.fingerprint(), before);
/// # Ok::<(), placewright::Error>(())
/// ```
#[derive(Debug)]
pub struct Transaction<'c> {
    /// The cluster.
    cluster: &'c mut Cluster,
    /// The savepoint, until it is committed.
    savepoint: Option<Savepoint>,
}

impl<'c> Transaction<'c> {
    /// Opens a savepoint.
    pub(crate) fn new(cluster: &'c mut Cluster) -> Self {
        let savepoint = Some(cluster.begin());
        Self { cluster, savepoint }
    }

    /// Keeps what was done.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`](crate::ErrorKind::StaleHandle) when the savepoint was closed through the cluster
    /// meanwhile.
    pub fn commit(mut self) -> Result<(), Error> {
        match self.savepoint.take() {
            Some(savepoint) => self.cluster.commit(savepoint),
            None => Ok(()),
        }
    }
}

impl Deref for Transaction<'_> {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        self.cluster
    }
}

impl DerefMut for Transaction<'_> {
    fn deref_mut(&mut self) -> &mut Cluster {
        self.cluster
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if let Some(savepoint) = self.savepoint.take() {
            // A savepoint closed through the cluster meanwhile leaves nothing to undo.
            drop(self.cluster.rollback(savepoint));
        }
    }
}

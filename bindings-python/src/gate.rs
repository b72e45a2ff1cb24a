//! The lock around a session.
//!
//! A call takes it with the interpreter's lock released, so that nobody waits for one lock while holding the other. A thread
//! that comes back for a lock it holds itself, from a progress callback for instance, is told so instead of waiting for ever;
//! so is the child of a fork that another thread's lock was copied into. Waiting ends at Ctrl-C.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use placewright::RequestId;
use placewright::adapter::{Session, SessionSavepoint};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::error;

/// Longest wait before signals are looked at again.
const PATIENCE: Duration = Duration::from_millis(50);

/// Forks that led to this process.
static FORKS: AtomicU32 = AtomicU32::new(0);
/// Threads that were given a number.
static THREADS: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// The number of this thread, from 1; 0 before it has one.
    static THREAD: Cell<u32> = const { Cell::new(0) };
}

/// Tells the module that the process is the child of a fork.
#[pyfunction]
#[pyo3(name = "_after_fork")]
pub(crate) fn after_fork() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// Names the calling thread: forks that led to its process, and its number; never 0.
fn myself() -> u64 {
    let number = THREAD.get();
    let number = if number == 0 {
        let number = THREADS.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        THREAD.set(number);
        number
    } else {
        number
    };
    (u64::from(FORKS.load(Ordering::Relaxed)) << 32) | u64::from(number)
}

/// What the lock protects.
#[derive(Debug)]
pub(crate) struct Held {
    /// The session.
    pub(crate) session: Session,
    /// Open savepoints, outermost first.
    pub(crate) savepoints: Vec<SessionSavepoint>,
    /// Warnings that were taken from the session so far.
    pub(crate) warnings: Vec<String>,
}

/// A session behind its lock.
#[derive(Debug)]
pub(crate) struct Gate {
    /// The session.
    held: Mutex<Held>,
    /// Who holds it; 0 for nobody.
    holder: AtomicU64,
    /// Whether a bug of ours left it in an unknown state.
    is_broken: AtomicBool,
    /// Requests whose handles are gone, to be released by the next call.
    abandoned: Mutex<Vec<RequestId>>,
    /// Whether there are any.
    has_abandoned: AtomicBool,
    /// How often somebody could have changed the session.
    changes: AtomicU64,
}

impl Gate {
    /// A lock around a session.
    pub(crate) fn new(session: Session) -> Self {
        Self {
            held: Mutex::new(Held { session, savepoints: Vec::new(), warnings: Vec::new() }),
            holder: AtomicU64::new(0),
            is_broken: AtomicBool::new(false),
            abandoned: Mutex::new(Vec::new()),
            has_abandoned: AtomicBool::new(false),
            changes: AtomicU64::new(0),
        }
    }

    /// Takes the lock.
    ///
    /// # Errors
    /// For a thread that holds it already, in the child of a fork for a lock that a thread of the parent held, for what a
    /// signal raised, and after a bug of ours.
    pub(crate) fn enter(&self, py: Python<'_>) -> PyResult<Guard<'_>> {
        let me = myself();
        let held = match self.held.try_lock() {
            Some(held) => held,
            None => self.wait(py, me)?,
        };
        self.holder.store(me, Ordering::Relaxed);
        let mut guard = Guard { gate: self, held };
        if self.is_broken.load(Ordering::Relaxed) {
            return Err(PyRuntimeError::new_err("an internal error left this cluster in an unknown state"));
        }
        if self.has_abandoned.swap(false, Ordering::Acquire) {
            for id in self.abandoned.lock().drain(..) {
                // It was prepared here and is released once, so it is known.
                drop(guard.held.session.release(id));
            }
        }
        Ok(guard)
    }

    /// Waits for the lock, the interpreter's released.
    #[cold]
    fn wait(&self, py: Python<'_>, me: u64) -> PyResult<MutexGuard<'_, Held>> {
        loop {
            let holder = self.holder.load(Ordering::Relaxed);
            if holder == me {
                return Err(error::busy(py, "the cluster is in the middle of a call of this very thread"));
            }
            if holder != 0 && holder >> 32 != me >> 32 {
                let message = "another thread was using the cluster when the process forked; make a copy before";
                return Err(error::busy(py, message));
            }
            if let Some(held) = py.detach(|| self.held.try_lock_for(PATIENCE)) {
                return Ok(held);
            }
            py.check_signals()?;
        }
    }

    /// A number that is another one once the session was changed; it may be another one for less.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// Has a request released by the next call. For handles that are collected, at whatever moment that is.
    pub(crate) fn abandon(&self, id: RequestId) {
        self.abandoned.lock().push(id);
        self.has_abandoned.store(true, Ordering::Release);
    }
}

/// The lock, held.
pub(crate) struct Guard<'g> {
    /// The lock.
    gate: &'g Gate,
    /// What it protects.
    held: MutexGuard<'g, Held>,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.gate.is_broken.store(true, Ordering::Relaxed);
        }
        self.gate.holder.store(0, Ordering::Relaxed);
    }
}

impl std::ops::Deref for Guard<'_> {
    type Target = Held;

    fn deref(&self) -> &Held {
        &self.held
    }
}

impl std::ops::DerefMut for Guard<'_> {
    fn deref_mut(&mut self) -> &mut Held {
        // The lock is held, so nobody else counts.
        let changes = self.gate.changes.load(Ordering::Relaxed);
        self.gate.changes.store(changes.wrapping_add(1), Ordering::Relaxed);
        &mut self.held
    }
}

//! The lock around a session.
//!
//! A call takes it with the interpreter's lock released, so that nobody waits for one lock while holding the other. A thread
//! that comes back for a lock it holds itself, from a progress callback for instance, is told so instead of waiting for ever;
//! so is one that holds another cluster's lock, after a while, and the child of a fork that another thread's lock was copied
//! into. Waiting ends at Ctrl-C, except where what waits must be done.
//!
//! Taking the lock and saying who has it is one step, and those who wait look again from time to time instead of standing in
//! a queue: a child of a fork gets a copy of a queue whose threads it does not have.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use placewright::adapter::{Session, SessionSavepoint};
use placewright::{Error, ErrorKind, RequestId};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::error;

/// Longest wait before signals are looked at again.
const PATIENCE: Duration = Duration::from_millis(50);
/// First and longest pause before the lock is looked at again.
const PAUSES: (Duration, Duration) = (Duration::from_micros(10), Duration::from_millis(1));
/// After this long a waiting thread goes before those that come later.
const HUNGER: Duration = Duration::from_millis(5);
/// Longest wait of a thread that holds another cluster's lock, which may be waited for in turn.
const PATIENCE_OF_HOLDER: Duration = Duration::from_secs(1);

/// Forks that led to this process.
static FORKS: AtomicU32 = AtomicU32::new(0);
/// Threads that were given a number.
static THREADS: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// The number of this thread, from 1; 0 before it has one.
    static THREAD: Cell<u32> = const { Cell::new(0) };
    /// Locks that this thread holds.
    static HELD: Cell<u32> = const { Cell::new(0) };
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
    pub(crate) savepoints: Vec<Open>,
}

/// A savepoint that is open.
#[derive(Debug)]
pub(crate) struct Open {
    /// The savepoint.
    pub(crate) savepoint: SessionSavepoint,
    /// Who wants to know what becomes of it.
    pub(crate) fate: Option<Arc<Mutex<Fate>>>,
}

/// What became of a savepoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is open.
    Open,
    /// It was closed.
    Closed {
        /// Whether what was done since was kept.
        is_kept: bool,
        /// Whether that was the end of a transaction around it, which nobody inside asked for.
        is_by_another: bool,
    },
}

/// What closes a savepoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    /// A call that asks for it.
    Call,
    /// The end of its transaction.
    Transaction,
}

impl Held {
    /// Whether a savepoint is open.
    pub(crate) fn is_open(&self, savepoint: SessionSavepoint) -> bool {
        self.savepoints.iter().any(|open| open.savepoint == savepoint)
    }

    /// Closes a savepoint, the innermost for none, and those inside it, which are told.
    pub(crate) fn close(
        &mut self,
        savepoint: Option<SessionSavepoint>,
        is_kept: bool,
        closing: Closing,
    ) -> Result<(), Error> {
        let Some(savepoint) = savepoint.or_else(|| self.savepoints.last().map(|open| open.savepoint)) else {
            return Err(Error::new(ErrorKind::NoSavepoint));
        };
        let Some(position) = self.savepoints.iter().position(|open| open.savepoint == savepoint) else {
            return Err(Error::with_message(ErrorKind::StaleHandle, "the savepoint was closed before"));
        };
        if is_kept {
            self.session.commit(savepoint)?;
        } else {
            self.session.rollback(savepoint)?;
        }
        for (number, open) in self.savepoints.drain(position..).enumerate() {
            if let Some(fate) = open.fate {
                *fate.lock() = Fate::Closed { is_kept, is_by_another: number > 0 && closing == Closing::Transaction };
            }
        }
        Ok(())
    }
}

/// A session behind its lock.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Who holds the lock; 0 for nobody. This is the lock.
    holder: AtomicU64,
    /// The session. Only the holder takes this, so nobody ever waits for it.
    held: Mutex<Held>,
    /// A thread that has waited long; 0 for none.
    hungry: AtomicU64,
    /// Whether a bug of ours left it in an unknown state.
    is_broken: AtomicBool,
    /// Requests whose handles are gone, to be released by the next call.
    abandoned: Mutex<Vec<RequestId>>,
    /// Savepoints of transactions that are gone without their end, to be rolled back by the next call.
    forsaken: Mutex<Vec<SessionSavepoint>>,
    /// Whether there are any of both.
    has_abandoned: AtomicBool,
}

impl Gate {
    /// A lock around a session.
    pub(crate) fn new(session: Session) -> Self {
        Self {
            holder: AtomicU64::new(0),
            held: Mutex::new(Held { session, savepoints: Vec::new() }),
            hungry: AtomicU64::new(0),
            is_broken: AtomicBool::new(false),
            abandoned: Mutex::new(Vec::new()),
            forsaken: Mutex::new(Vec::new()),
            has_abandoned: AtomicBool::new(false),
        }
    }

    /// Takes the lock.
    ///
    /// # Errors
    /// For a thread that holds it already, or that holds another's and would have to wait long; in the child of a fork for a
    /// lock that a thread of the parent held; for what a signal raised; and after a bug of ours.
    pub(crate) fn enter(&self, py: Python<'_>) -> PyResult<Guard<'_>> {
        self.enter_as(py, true)
    }

    /// As [`enter`](Self::enter), for what must be done: no signal ends the waiting. The caller looks at signals afterwards.
    ///
    /// # Errors
    /// As [`enter`](Self::enter), without those of signals.
    pub(crate) fn enter_surely(&self, py: Python<'_>) -> PyResult<Guard<'_>> {
        self.enter_as(py, false)
    }

    /// Takes the lock; says whether a signal ends the waiting.
    fn enter_as(&self, py: Python<'_>, is_interruptible: bool) -> PyResult<Guard<'_>> {
        let me = myself();
        if !self.take(me, false) {
            self.wait(py, me, is_interruptible)?;
        }
        let turn = Turn::new(self);
        let mut guard = Guard { held: self.held.lock(), _turn: turn };
        if self.is_broken.load(Ordering::Relaxed) {
            return Err(PyRuntimeError::new_err("an internal error left this cluster in an unknown state"));
        }
        if self.has_abandoned.swap(false, Ordering::Acquire) {
            for id in self.abandoned.lock().drain(..) {
                // It was prepared here and is released once, so it is known.
                drop(guard.held.session.release(id));
            }
            for savepoint in std::mem::take(&mut *self.forsaken.lock()) {
                // One that was closed with another around it is closed.
                drop(guard.close(Some(savepoint), false, Closing::Transaction));
            }
        }
        Ok(guard)
    }

    /// Takes the lock if nobody has it; of those that come, only if nobody else has waited long.
    fn take(&self, me: u64, has_waited: bool) -> bool {
        let hungry = self.hungry.load(Ordering::Relaxed);
        // In the child of a fork nobody of the parent waits any more.
        let is_behind = !has_waited && hungry != 0 && hungry != me && hungry >> 32 == me >> 32;
        !is_behind && self.holder.compare_exchange(0, me, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Waits until it has the lock, the interpreter's released.
    #[cold]
    fn wait(&self, py: Python<'_>, me: u64, is_interruptible: bool) -> PyResult<()> {
        let started = Instant::now();
        let hunger = Hunger { gate: self, me };
        loop {
            let holder = self.holder.load(Ordering::Relaxed);
            if holder == me {
                return Err(error::busy(py, "the cluster is in the middle of a call of this very thread"));
            }
            if holder != 0 && holder >> 32 != me >> 32 {
                let message = "another thread was using the cluster when the process forked; make a copy before";
                return Err(error::busy(py, message));
            }
            if HELD.get() > 0 && started.elapsed() >= PATIENCE_OF_HOLDER {
                let message =
                    "another thread is using the cluster, and this one is in the middle of a call of another cluster";
                return Err(error::busy(py, message));
            }
            if py.detach(|| hunger.wait(started)) {
                return Ok(());
            }
            if is_interruptible {
                py.check_signals()?;
            }
        }
    }

    /// Has a request released by the next call. For handles that are collected, at whatever moment that is.
    pub(crate) fn abandon(&self, id: RequestId) {
        self.abandoned.lock().push(id);
        self.has_abandoned.store(true, Ordering::Release);
    }

    /// Has a savepoint rolled back by the next call. For transactions that are collected before their end.
    pub(crate) fn forsake(&self, savepoint: SessionSavepoint) {
        self.forsaken.lock().push(savepoint);
        self.has_abandoned.store(true, Ordering::Release);
    }
}

/// A thread that waits for a lock.
struct Hunger<'g> {
    /// The lock.
    gate: &'g Gate,
    /// The thread.
    me: u64,
}

impl Hunger<'_> {
    /// Waits for a while; whether it has the lock.
    fn wait(&self, started: Instant) -> bool {
        let end = Instant::now() + PATIENCE;
        let mut pause = PAUSES.0;
        loop {
            let has_waited = started.elapsed() >= HUNGER;
            if has_waited {
                // OK: where another is hungrier, both look equally often.
                let _ = self.gate.hungry.compare_exchange(0, self.me, Ordering::Relaxed, Ordering::Relaxed);
            }
            if self.gate.take(self.me, has_waited) {
                return true;
            }
            if Instant::now() >= end {
                return false;
            }
            thread::sleep(pause);
            pause = (pause * 2).min(PAUSES.1);
        }
    }
}

impl Drop for Hunger<'_> {
    fn drop(&mut self) {
        // OK: it was another's.
        let _ = self.gate.hungry.compare_exchange(self.me, 0, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// The lock, held.
pub(crate) struct Guard<'g> {
    /// What it protects; given back first.
    held: MutexGuard<'g, Held>,
    /// The lock itself.
    _turn: Turn<'g>,
}

/// A lock that its thread has taken.
struct Turn<'g> {
    /// The lock.
    gate: &'g Gate,
}

impl<'g> Turn<'g> {
    /// The lock that this thread has just taken.
    fn new(gate: &'g Gate) -> Self {
        HELD.set(HELD.get() + 1);
        Self { gate }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.gate.is_broken.store(true, Ordering::Relaxed);
        }
        HELD.set(HELD.get() - 1);
        self.gate.holder.store(0, Ordering::Release);
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
        &mut self.held
    }
}

//! Work that gets better the longer it goes on, on a thread of its own: the caller's thread waits, looks at signals and tells of
//! progress.
//!
//! A solver looks up from time to time, but not within a bounded time: a greedy pass goes to its end, and so do reading and giving
//! memory back. A caller who waits for another thread is free within a moment all the same, when Ctrl-C is heard or the progress
//! callback raises; what the thread still does then is nobody's, and ends at its next look up.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use placewright::{pack, planner};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyType};

use crate::watch::Listener;

/// Longest wait before signals are looked at and progress is told.
const PATIENCE: Duration = Duration::from_millis(20);
/// Bytes of stack, as much as the main thread has: solvers search in depth.
const STACK: usize = 8 << 20;
/// Millionths in one unit of cost.
const MILLIONTHS: f64 = 1e6;

/// A cost in units, as the nearest float.
#[expect(clippy::cast_precision_loss, reason = "a float is what it is to be; claims were made in integers")]
pub(crate) fn units(millionths: u128) -> f64 {
    millionths as f64 / MILLIONTHS
}

/// Where packing stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Moment {
    /// Steps used.
    pub(crate) steps: u64,
    /// Seconds since solving began.
    pub(crate) seconds: f64,
    /// Cost of the best packing so far, in millionths.
    pub(crate) value: Option<u128>,
    /// Items that it leaves out, of those that some type holds.
    pub(crate) missing: u64,
    /// Best lower bound so far, in millionths.
    pub(crate) lower_bound: u128,
    /// Which bound that is.
    pub(crate) bound_name: &'static str,
    /// Solver at work.
    pub(crate) solver: &'static str,
}

/// Where work stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stand {
    /// Of packing.
    Packing(Moment),
    /// Of rearranging: moves and steps.
    Moves(usize, u64),
}

/// What both threads see.
#[derive(Debug, Default)]
struct Shared {
    /// Whether the work is to stop.
    is_stopped: AtomicBool,
    /// Where it stands.
    stand: Mutex<Option<Stand>>,
}

/// The worker's ear: what the core asks whether to go on.
#[derive(Debug)]
pub(crate) struct Ear {
    /// What both threads see.
    shared: Arc<Shared>,
    /// When solving began.
    start: Instant,
    /// How long it may take.
    time: Option<Duration>,
    /// Each better packing and bound.
    pub(crate) history: Vec<Moment>,
}

impl Ear {
    /// Starts the clock, for so many milliseconds.
    pub(crate) fn begin(&mut self, milliseconds: Option<u64>) {
        self.start = Instant::now();
        self.time = milliseconds.map(Duration::from_millis);
    }

    /// Milliseconds since the clock was started.
    pub(crate) fn milliseconds(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Hears how far packing is.
    pub(crate) fn hear_packing(&mut self, progress: &pack::Progress) -> ControlFlow<()> {
        self.note(Moment {
            steps: progress.steps,
            seconds: self.start.elapsed().as_secs_f64(),
            value: progress.value,
            missing: progress.missing,
            lower_bound: progress.lower_bound,
            bound_name: progress.bound_name,
            solver: progress.solver,
        });
        self.verdict()
    }

    /// Hears what packing came to.
    pub(crate) fn hear_answer(&mut self, problem: &pack::Problem, answer: &pack::Answer) {
        self.note(Moment {
            steps: answer.steps,
            seconds: self.start.elapsed().as_secs_f64(),
            value: Some(answer.value),
            missing: answer.packing.missing(problem),
            lower_bound: answer.lower_bound,
            bound_name: answer.bound_name,
            solver: answer.solver,
        });
        self.history.extend(self.last().filter(|last| self.history.last() != Some(last)));
    }

    /// Hears how far rearranging is.
    pub(crate) fn hear_moves(&mut self, progress: &planner::rearrange::Progress) -> ControlFlow<()> {
        *self.shared.stand.lock() = Some(Stand::Moves(progress.moves, progress.steps));
        self.verdict()
    }

    /// Where packing was last.
    fn last(&self) -> Option<Moment> {
        match *self.shared.stand.lock() {
            Some(Stand::Packing(moment)) => Some(moment),
            _ => None,
        }
    }

    /// Notes where packing stands, and keeps it where something is better than before.
    fn note(&mut self, moment: Moment) {
        let figures = |moment: &Moment| (moment.value, moment.missing, moment.lower_bound);
        let is_new = self.history.last().is_none_or(|last| figures(last) != figures(&moment));
        if is_new && (moment.value.is_some() || moment.lower_bound > 0) {
            self.history.push(moment);
        }
        *self.shared.stand.lock() = Some(Stand::Packing(moment));
    }

    /// Whether to go on.
    fn verdict(&self) -> ControlFlow<()> {
        let is_late = self.time.is_some_and(|time| self.start.elapsed() >= time);
        if is_late || self.shared.is_stopped.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

/// Has a thread do the work, which gives what it comes to before it drops what it owns.
///
/// # Errors
/// What a signal or the progress callback raised. The inner error is the work's own.
pub(crate) fn run<T, E>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&mut Ear, &mut dyn FnMut(Result<T, E>)) + Send + 'static,
) -> PyResult<Result<T, E>>
where
    T: Send + 'static,
    E: Send + 'static,
{
    let mut teller = Teller { listener: Listener::read(progress)?, told: None, steps: 0 };
    let shared = Arc::new(Shared::default());
    let _stop = Stop(Arc::clone(&shared));
    let mut ear = Ear { shared: Arc::clone(&shared), start: Instant::now(), time: None, history: Vec::new() };
    let (sender, receiver) = mpsc::sync_channel(1);
    // OK: nobody waits for it any more where the caller was told to stop.
    let worker = move || work(&mut ear, &mut |outcome| drop(sender.send(outcome)));
    thread::Builder::new().name("placewright".to_string()).stack_size(STACK).spawn(worker)?;
    let receiver = Mutex::new(receiver);
    loop {
        let outcome = py.detach(|| receiver.lock().recv_timeout(PATIENCE));
        if let Err(RecvTimeoutError::Disconnected) = outcome {
            return Err(PyRuntimeError::new_err("an internal error ended the work"));
        }
        py.check_signals()?;
        if !matches!(outcome, Ok(Err(_))) {
            let stand = *shared.stand.lock();
            let goes_on = stand.map_or(Ok(true), |stand| teller.tell(py, stand))?;
            if !goes_on {
                shared.is_stopped.store(true, Ordering::Relaxed);
            }
        }
        if let Ok(outcome) = outcome {
            return Ok(outcome);
        }
    }
}

/// Stops the work when it is dropped.
struct Stop(Arc<Shared>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.is_stopped.store(true, Ordering::Relaxed);
    }
}

/// Tells of progress.
struct Teller {
    /// Whom.
    listener: Option<Listener>,
    /// What was told last.
    told: Option<Stand>,
    /// Steps that were told of.
    steps: u64,
}

impl Teller {
    /// Tells where work stands, if that is news; `false` where the callback says that it is enough.
    fn tell(&mut self, py: Python<'_>, stand: Stand) -> PyResult<bool> {
        let Some(listener) = &self.listener else { return Ok(true) };
        if self.told == Some(stand) {
            return Ok(true);
        }
        self.told = Some(stand);
        let (Stand::Packing(Moment { steps, .. }) | Stand::Moves(_, steps)) = stand;
        match listener {
            Listener::Callback(callback) => {
                let said = callback.bind(py).call1((described(py, stand)?,))?;
                Ok(!said.is(PyBool::new(py, false)))
            }
            Listener::Bar(bar) => {
                let bar = bar.bind(py);
                // A fleet is solved in parts, each of which counts from nothing.
                let more = if steps < self.steps { steps } else { steps - self.steps };
                self.steps = steps;
                if let Some(method) = bar.getattr_opt("set_postfix")? {
                    let figures = PyDict::new(py);
                    figures.set_item("refresh", false)?;
                    match stand {
                        Stand::Packing(moment) => {
                            figures.set_item("value", moment.value.map(units))?;
                            figures.set_item("bound", units(moment.lower_bound))?;
                        }
                        Stand::Moves(moves, _) => figures.set_item("moves", moves)?,
                    }
                    method.call((), Some(&figures))?;
                }
                bar.call_method1("update", (more,))?;
                Ok(true)
            }
        }
    }
}

/// Where work stands, as a value of Python's.
fn described(py: Python<'_>, stand: Stand) -> PyResult<Bound<'_, PyAny>> {
    static PACKING: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static MOVES: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    match stand {
        Stand::Packing(moment) => {
            let class = PACKING.import(py, "placewright._packed", "Progress")?;
            let Moment { steps, seconds, value, missing, lower_bound, solver, .. } = moment;
            class.call1((steps, seconds, value.map(units), missing, units(lower_bound), solver))
        }
        Stand::Moves(moves, steps) => {
            MOVES.import(py, "placewright._rearranging", "RearrangeProgress")?.call1((moves, steps))
        }
    }
}

//! Looking up from long work: signals at least every 50 ms, and progress.

use std::time::{Duration, Instant};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// How long work goes on before signals are looked at and progress is told.
const INTERVAL: Duration = Duration::from_millis(20);
/// How long one part is to take, about.
const PART: Duration = Duration::from_millis(4);
/// Most tasks of one part.
const PART_MAX: usize = 1 << 20;

/// Who hears of progress.
#[derive(Debug)]
pub(crate) enum Listener {
    /// Called with what is done and with the total.
    Callback(Py<PyAny>),
    /// Its method `update` is called with what was done since the last time.
    Bar(Py<PyAny>),
}

impl Listener {
    /// Who is given: nobody for `None`, a callable, or an object with a method `update`. Asking for that may run anybody's code,
    /// so this is for before a lock is taken.
    pub(crate) fn read(progress: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Self>> {
        match progress {
            None => Ok(None),
            Some(bar) if bar.hasattr("update")? => Ok(Some(Self::Bar(bar.clone().unbind()))),
            Some(callback) if callback.is_callable() => Ok(Some(Self::Callback(callback.clone().unbind()))),
            Some(_) => Err(PyTypeError::new_err("progress must be callable, or have a method `update`")),
        }
    }
}

/// A watch over one call.
#[derive(Debug)]
pub(crate) struct Watcher {
    /// Who hears of progress.
    listener: Option<Listener>,
    /// How much there is to do.
    total: usize,
    /// How much was told of.
    told: usize,
    /// How much was done when the last part began.
    done: usize,
    /// When the last part began.
    started: Instant,
    /// When signals were looked at.
    looked: Instant,
    /// Size of the next part.
    part: usize,
    /// What stopped the work.
    stopped_by: Option<PyErr>,
}

impl Watcher {
    /// A watch over so much work; see [`Listener::read`].
    pub(crate) fn new(progress: Option<&Bound<'_, PyAny>>, total: usize) -> PyResult<Self> {
        Ok(Self { listener: Listener::read(progress)?, total, ..Self::of_signals() })
    }

    /// Says how much work it is, where that was not known before.
    pub(crate) fn set_total(&mut self, total: usize) {
        self.total = total;
        (self.started, self.looked) = (Instant::now(), Instant::now());
    }

    /// A watch that looks at signals only.
    pub(crate) fn of_signals() -> Self {
        let now = Instant::now();
        Self {
            listener: None,
            total: usize::MAX,
            told: 0,
            done: 0,
            started: now,
            looked: now,
            part: 16,
            stopped_by: None,
        }
    }

    /// What the core calls. A part that fell short is the last.
    pub(crate) fn watch(&mut self, done: usize) -> Option<usize> {
        // Several works may be watched one after another, each counting from nothing.
        self.done = self.done.min(done);
        let now = Instant::now();
        let took = now - self.started;
        let is_last = self.listener.is_some() && (done == self.total || done - self.done < self.part);
        if took < PART / 2 && done - self.done >= self.part {
            self.part = (self.part * 2).min(PART_MAX);
        } else if took > PART * 2 {
            self.part = (self.part / 2).max(1);
        }
        self.done = done;
        if is_last || now - self.looked >= INTERVAL {
            if let Err(error) = Python::attach(|py| self.look(py, done)) {
                self.stopped_by = Some(error);
                return None;
            }
            self.looked = Instant::now();
        }
        self.started = Instant::now();
        Some(self.part)
    }

    /// Looks at signals, and tells of progress.
    fn look(&mut self, py: Python<'_>, done: usize) -> PyResult<()> {
        py.check_signals()?;
        match &self.listener {
            None => {}
            Some(Listener::Callback(callback)) => {
                callback.call1(py, (done, self.total))?;
            }
            Some(Listener::Bar(bar)) => {
                bar.call_method1(py, "update", (done - self.told,))?;
            }
        }
        self.told = done;
        Ok(())
    }

    /// What stopped the work.
    pub(crate) fn into_error(self) -> PyErr {
        self.stopped_by.unwrap_or_else(|| PyValueError::new_err("the work was stopped"))
    }
}

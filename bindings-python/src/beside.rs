//! Long work on a thread of its own, beside the caller's, which looks at signals meanwhile.
//!
//! Work that looks up from time to time is deaf while it gives its memory back: a tree of a hundred megabytes takes a quarter of
//! a second. A caller who waits for another thread leaves that to it, and is free as soon as Ctrl-C is heard.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use placewright::adapter::Watch;
use placewright::json::Json;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::watch::Watcher;

/// Bytes of text from which on a thread is worth its start: about a millisecond of reading.
pub(crate) const BYTES_MIN: usize = 1 << 18;
/// Longest wait before signals are looked at again.
const PATIENCE: Duration = Duration::from_millis(20);
/// How much is done before the worker looks at whether it is to stop.
const PART: usize = 1 << 12;

/// What `work` comes to, with the interpreter's lock released: here, or on a thread of its own where it is long. It is watched,
/// gives `None` where that stopped it, and is stopped by Ctrl-C. What it owns is its to drop.
///
/// # Errors
/// What a signal raised. The inner error is the work's own.
pub(crate) fn run<T, E>(
    py: Python<'_>,
    is_long: bool,
    work: impl FnOnce(Watch<'_>, &mut dyn FnMut(Outcome<T, E>)) + Send + 'static,
) -> PyResult<Result<T, E>>
where
    T: Send + 'static,
    E: Send + 'static,
{
    if !is_long {
        return here(py, work);
    }
    let (sender, receiver) = mpsc::sync_channel(1);
    let is_stopped = Arc::new(AtomicBool::new(false));
    let hears = Arc::clone(&is_stopped);
    let worker = move || {
        let mut watch = |_| (!hears.load(Ordering::Relaxed)).then_some(PART);
        // OK: nobody waits for it any more where the caller was told to stop.
        work(&mut watch, &mut |outcome| drop(sender.send(outcome)));
    };
    thread::Builder::new().name("placewright".to_string()).spawn(worker)?;
    let receiver = Mutex::new(receiver);
    loop {
        match py.detach(|| receiver.lock().recv_timeout(PATIENCE)) {
            Ok(Ok(Some(value))) => return Ok(Ok(value)),
            Ok(Err(fault)) => return Ok(Err(fault)),
            // Only this function stops it, and then does not come here again: a panic, or a bug of ours.
            Ok(Ok(None)) | Err(RecvTimeoutError::Disconnected) => {
                return Err(PyRuntimeError::new_err("an internal error ended the work"));
            }
            Err(RecvTimeoutError::Timeout) => {
                py.check_signals().inspect_err(|_| is_stopped.store(true, Ordering::Relaxed))?;
            }
        }
    }
}

/// What work came to; `None` where it was stopped.
pub(crate) type Outcome<T, E> = Result<Option<T>, E>;

/// The work on this thread.
fn here<T: Send, E: Send>(
    py: Python<'_>,
    work: impl FnOnce(Watch<'_>, &mut dyn FnMut(Outcome<T, E>)) + Send,
) -> PyResult<Result<T, E>> {
    let mut watcher = Watcher::of_signals();
    let outcome = py.detach(|| {
        let mut outcome = Ok(None);
        work(&mut |done| watcher.watch(done), &mut |given| outcome = given);
        outcome
    });
    match outcome {
        Ok(Some(value)) => Ok(Ok(value)),
        Ok(None) => Err(watcher.into_error()),
        Err(fault) => Ok(Err(fault)),
    }
}

/// Drops a tree, one of many values on a thread of its own.
pub(crate) fn discard(tree: Json<'static>) {
    let is_large = match &tree {
        Json::Array(items) => items.len() >= ITEMS_MIN,
        Json::Object(entries) => {
            entries.iter().any(|(_, value)| matches!(value, Json::Array(items) if items.len() >= ITEMS_MIN))
        }
        _ => false,
    };
    if is_large {
        // Where no thread can be had, the closure is dropped here, and the tree with it.
        drop(thread::Builder::new().name("placewright".to_string()).spawn(move || drop(tree)));
    }
}

/// Instances or tasks of a tree from which on dropping it takes milliseconds.
const ITEMS_MIN: usize = 1 << 10;

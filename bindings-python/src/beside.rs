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
    if is_large(&tree) {
        // Where no thread can be had, the closure is dropped here, and the tree with it.
        drop(thread::Builder::new().name("placewright".to_string()).spawn(move || drop(tree)));
    }
}

/// Whether reading a tree, or dropping it, takes more than a few milliseconds.
pub(crate) fn is_large(tree: &Json<'_>) -> bool {
    let is_long = |value: &Json<'_>| matches!(value, Json::Array(items) if items.len() >= ITEMS_MIN);
    match tree {
        Json::Object(entries) => entries.iter().any(|(_, value)| is_long(value)),
        other => is_long(other),
    }
}

/// Instances or tasks of a tree from which on it is large.
const ITEMS_MIN: usize = 1 << 10;
/// Instances or tasks that are handed over at a time.
const ITEMS_OF_A_PIECE: usize = 1 << 8;
/// Pieces that wait to be made objects.
const PIECES_WAITING: usize = 8;

/// A part of the object that a text writes.
pub(crate) enum Piece {
    /// A key, and what stands there.
    Whole(String, Json<'static>),
    /// A key, and some more elements of the array there.
    Items(String, Vec<Json<'static>>),
}

/// Has a thread of its own read the object that a text writes, and calls `take` with one part after another, in order. The thread
/// is left alone with the rest where a signal, or `take`, raises.
///
/// # Errors
/// What these raised. The inner error is about the text.
pub(crate) fn pieces(
    py: Python<'_>,
    text: String,
    mut take: impl FnMut(Piece) -> PyResult<()>,
) -> PyResult<Result<(), placewright::Error>> {
    let (sender, receiver) = mpsc::sync_channel(PIECES_WAITING);
    let is_stopped = Arc::new(AtomicBool::new(false));
    let _stop = Stop(Arc::clone(&is_stopped));
    let worker = move || {
        let tree = Json::parse_watched(&text, &mut |_| (!is_stopped.load(Ordering::Relaxed)).then_some(PART));
        // OK: nobody waits for it any more where the caller was told to stop.
        drop(match tree {
            Ok(Some(mut tree)) => {
                let is_whole = send_pieces(&mut tree, &|piece| sender.send(Ok(Some(piece))).is_ok());
                if is_whole { sender.send(Ok(None)) } else { Ok(()) }
            }
            Ok(None) => Ok(()),
            Err(fault) => sender.send(Err(fault)),
        });
    };
    thread::Builder::new().name("placewright".to_string()).spawn(worker)?;
    let receiver = Mutex::new(receiver);
    loop {
        match py.detach(|| receiver.lock().recv_timeout(PATIENCE)) {
            Ok(Ok(Some(piece))) => take(piece)?,
            Ok(Ok(None)) => return Ok(Ok(())),
            Ok(Err(fault)) => return Ok(Err(fault)),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(PyRuntimeError::new_err("an internal error ended the work"));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        py.check_signals()?;
    }
}

/// Stops the worker when it is dropped.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Hands the parts of an object over; `false` where nobody takes them any more.
fn send_pieces(tree: &mut Json<'_>, send: &dyn Fn(Piece) -> bool) -> bool {
    let Json::Object(entries) = tree else { return true };
    entries.iter_mut().all(|(key, value)| {
        let key = key.to_string();
        let Json::Array(items) = value else { return send(Piece::Whole(key, value.clone().into_owned())) };
        // Also an empty array is one.
        let mut is_taken = send(Piece::Items(key.clone(), Vec::new()));
        for items in items.chunks_mut(ITEMS_OF_A_PIECE) {
            let owned = items.iter_mut().map(|item| std::mem::replace(item, Json::Null).into_owned());
            is_taken = is_taken && send(Piece::Items(key.clone(), owned.collect()));
        }
        is_taken
    })
}

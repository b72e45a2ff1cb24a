//! Making clusters, letting go of them, and what they are as a whole.

use js_sys::Function;
use placewright::adapter::{Session, SessionOptions};
use placewright::json::Json;
use placewright::{Error, ErrorKind};
use placewright_wasm_edge::{Fault, document};
use wasm_bindgen::prelude::*;

use crate::slab::{self, Held};
use crate::watch::{Phase, Watcher};

/// The options that a JSON text names; those by default for an empty one.
fn options(text: &str) -> Result<SessionOptions, Fault> {
    if text.is_empty() {
        return Ok(SessionOptions::default());
    }
    let given = Json::parse(text)?;
    Ok(SessionOptions::from_json(&given)?)
}

/// Makes an empty cluster with the options by default.
#[wasm_bindgen]
#[must_use]
pub fn make() -> u32 {
    slab::insert(Session::new(SessionOptions::default()))
}

/// Makes an empty cluster.
///
/// # Errors
/// For wrong options.
#[wasm_bindgen]
pub fn make_with(given: &str) -> Result<u32, JsValue> {
    Ok(slab::insert(Session::new(options(given)?)))
}

/// Makes a cluster of a document: describe output, the array of instances alone, or an exported state.
///
/// # Errors
/// Whatever is wrong with the document or the options.
#[wasm_bindgen]
pub fn load(text: &str, given: &str, watch: Option<Function>) -> Result<u32, JsValue> {
    let watcher = Watcher(watch);
    let options = if given.is_empty() { None } else { Some(options(given)?) };
    let session = load_text(text, options, &watcher)?;
    Ok(slab::insert(session))
}

/// Reads a document and makes a session of it.
fn load_text(text: &str, options: Option<SessionOptions>, watcher: &Watcher) -> Result<Session, Fault> {
    let document = read(text, watcher)?;
    document::session(&document, options, &mut |done| watcher.ask(done, Phase::Working))
}

/// The tree of a text.
pub(crate) fn read<'t>(text: &'t str, watcher: &Watcher) -> Result<Json<'t>, Fault> {
    if watcher.is_there() {
        document::read_watched(text, &mut |done| watcher.ask(done, Phase::Reading))
    } else {
        document::read(text)
    }
}

/// Lets go of a cluster.
///
/// # Errors
/// For a cluster in the middle of a call, which is kept.
#[wasm_bindgen]
pub fn free(cluster: u32) -> Result<(), JsValue> {
    slab::remove(cluster)
}

/// A copy without savepoints and prepared requests.
///
/// # Errors
/// For a cluster in the middle of a call.
#[wasm_bindgen]
pub fn copy(cluster: u32) -> Result<u32, JsValue> {
    let session = slab::with(cluster, |held| Ok(copied(held)?))?;
    Ok(slab::insert(session))
}

/// The session alone.
fn copied(held: &Held) -> Result<Session, Error> {
    let mut session = held.session.clone();
    if let Some(&(_, outermost)) = held.savepoints.first() {
        session.commit(outermost)?;
    }
    let requests: Vec<_> = session.cluster().requests().collect();
    requests.into_iter().try_for_each(|id| session.release(id))?;
    Ok(session)
}

/// The whole state as canonical JSON.
///
/// # Errors
/// For a cluster in the middle of a call, and where the watch stopped it.
#[wasm_bindgen]
pub fn write(cluster: u32, watch: Option<Function>) -> Result<String, JsValue> {
    let watcher = Watcher(watch);
    slab::with(cluster, |held| {
        let text = held.session.export_watched(&mut |done| watcher.ask(done, Phase::Working));
        text.ok_or(Fault::Stopped)
    })
}

/// The fingerprint, in hexadecimal.
///
/// # Errors
/// For a cluster in the middle of a call.
#[wasm_bindgen]
pub fn fingerprint(cluster: u32) -> Result<String, JsValue> {
    slab::with(cluster, |held| Ok(format!("{:x}", held.session.cluster().fingerprint().as_u128())))
}

/// A figure of a cluster: `size`, `runningTasks` or `savepoints`.
///
/// # Errors
/// For a cluster in the middle of a call.
#[wasm_bindgen]
pub fn figure(cluster: u32, name: &str) -> Result<f64, JsValue> {
    slab::with(cluster, |held| {
        let cluster = held.session.cluster();
        let number = match name {
            "size" => cluster.instances().len(),
            "runningTasks" => cluster.running_tasks(),
            _ => held.savepoints.len(),
        };
        Ok(crate::numbers::from_u64(number as u64))
    })
}

/// Bytes that a cluster holds.
///
/// # Errors
/// For a cluster in the middle of a call.
#[wasm_bindgen]
pub fn memory_usage(cluster: u32) -> Result<f64, JsValue> {
    slab::with(cluster, |held| Ok(crate::numbers::from_u64(held.session.cluster().memory_usage() as u64)))
}

/// Opens a savepoint; gives its number.
///
/// # Errors
/// For a cluster in the middle of a call.
#[wasm_bindgen]
pub fn begin(cluster: u32) -> Result<u32, JsValue> {
    slab::with(cluster, |held| {
        let number = held.next_savepoint;
        held.next_savepoint = number.wrapping_add(1);
        let savepoint = held.session.begin();
        held.savepoints.push((number, savepoint));
        Ok(number)
    })
}

/// Whether a savepoint is open.
///
/// # Errors
/// For a cluster in the middle of a call.
#[wasm_bindgen]
pub fn is_open(cluster: u32, savepoint: u32) -> Result<bool, JsValue> {
    slab::with(cluster, |held| Ok(held.savepoints.iter().any(|(number, _)| *number == savepoint)))
}

/// Keeps or takes back what was done since a savepoint, the innermost for none, and closes it and those inside it.
///
/// # Errors
/// For a savepoint that is not open, and where none is.
#[wasm_bindgen]
pub fn close(cluster: u32, savepoint: Option<u32>, is_kept: bool) -> Result<(), JsValue> {
    slab::with(cluster, |held| {
        let Some(number) = savepoint.or_else(|| held.savepoints.last().map(|(number, _)| *number)) else {
            return Err(Error::new(ErrorKind::NoSavepoint).into());
        };
        let Some(position) = held.savepoints.iter().position(|(open, _)| *open == number) else {
            return Err(Error::with_message(ErrorKind::StaleHandle, "the savepoint was closed before").into());
        };
        let savepoint = held.savepoints[position].1;
        held.forget_positions();
        if is_kept { held.session.commit(savepoint) } else { held.session.rollback(savepoint) }?;
        held.savepoints.truncate(position);
        Ok(())
    })
}

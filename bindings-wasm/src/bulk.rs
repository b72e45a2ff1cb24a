//! The bulk lane: numbers in, numbers out.

use js_sys::Function;
use placewright::{Error, ErrorKind, Placement, RequestId};
use placewright_wasm_edge::Fault;
use wasm_bindgen::prelude::*;

use crate::numbers;
use crate::slab;
use crate::watch::{Phase, Watcher};

/// Stands for an instance where there is none.
const NOT_PLACED: u32 = u32::MAX;

/// Places one task of a prepared request: its number, or -1. `last_instance` says where.
///
/// # Errors
/// For a released request, or a limit.
#[wasm_bindgen]
pub fn place_one(cluster: u32, request: f64) -> Result<f64, JsValue> {
    slab::with(cluster, |held| {
        let request = numbers::request(request)?;
        let placement = held.session.place_one(request)?;
        let (_, positions) = held.with_positions();
        let instance = placement.and_then(|placement| positions.of(placement.instance));
        held.last_instance = instance.and_then(|position| u32::try_from(position).ok()).unwrap_or(NOT_PLACED);
        Ok(placement.map_or(-1.0, |placement| numbers::from_u64(placement.task.as_u64())))
    })
}

/// Position of the instance that `place_one` chose last.
///
/// # Errors
/// For a cluster in the middle of a call.
#[wasm_bindgen]
pub fn last_instance(cluster: u32) -> Result<u32, JsValue> {
    slab::with(cluster, |held| Ok(held.last_instance))
}

/// Places one task of each request, or of each that `indices` chooses: positions of instances by request. `bulk_tasks` has the
/// numbers of the tasks.
///
/// # Errors
/// For a released request, an index out of range, a limit, and where the watch stopped it.
#[wasm_bindgen]
pub fn place_bulk(
    cluster: u32,
    requests: &[f64],
    indices: Option<Box<[u32]>>,
    watch: Option<Function>,
) -> Result<Vec<u32>, JsValue> {
    let watcher = Watcher(watch);
    slab::with(cluster, |held| {
        let kinds = requests.iter().map(|&number| numbers::request(number)).collect::<Result<Vec<_>, _>>()?;
        let list = match indices {
            None => kinds,
            Some(indices) => chosen(&kinds, &indices)?,
        };
        let mut outcomes: Vec<Option<Placement>> = Vec::with_capacity(list.len());
        let watch = &mut |done| watcher.ask(done, Phase::Working);
        if !held.session.place_list(&list, &mut outcomes, watch)? {
            return Err(Fault::Stopped);
        }
        let number = |outcome: &Option<Placement>| outcome.map_or(-1.0, |one| numbers::from_u64(one.task.as_u64()));
        held.tasks = outcomes.iter().map(number).collect();
        let (_, positions) = held.with_positions();
        let position = |outcome: &Option<Placement>| {
            let position = outcome.and_then(|one| positions.of(one.instance));
            position.and_then(|position| u32::try_from(position).ok()).unwrap_or(NOT_PLACED)
        };
        Ok(outcomes.iter().map(position).collect())
    })
}

/// Numbers of the tasks that `place_bulk` placed last, -1 where it placed none. Gives them once.
///
/// # Errors
/// For a cluster in the middle of a call.
#[wasm_bindgen]
pub fn bulk_tasks(cluster: u32) -> Result<Vec<f64>, JsValue> {
    slab::with(cluster, |held| Ok(std::mem::take(&mut held.tasks)))
}

/// The requests that indices choose.
fn chosen(kinds: &[RequestId], indices: &[u32]) -> Result<Vec<RequestId>, Error> {
    let pick = |(at, &index): (usize, &u32)| {
        kinds.get(index as usize).copied().ok_or_else(|| {
            let message = format!("{index} is no position in a list of {} requests", kinds.len());
            Error::with_message(ErrorKind::InvalidParameter, message).in_path(&format!("indices[{at}]"))
        })
    };
    indices.iter().enumerate().map(pick).collect()
}

/// Lets go of a prepared request.
///
/// # Errors
/// For a cluster in the middle of a call; nothing is wrong with one that was let go of before.
#[wasm_bindgen]
pub fn release(cluster: u32, request: f64) -> Result<(), JsValue> {
    slab::with(cluster, |held| {
        if let Ok(request) = numbers::request(request) {
            // One that is gone already is what was wanted.
            drop(held.session.release(request));
        }
        Ok(())
    })
}

/// Stops tasks by number: all of them or, where one does not exist, none.
///
/// # Errors
/// For a task that does not exist.
#[wasm_bindgen]
pub fn stop_numbers(cluster: u32, tasks: &[f64]) -> Result<(), JsValue> {
    slab::with(cluster, |held| {
        let tasks = tasks.iter().map(|&number| numbers::task(number)).collect::<Result<Vec<_>, _>>()?;
        Ok(held.session.stop_tasks(&tasks)?)
    })
}

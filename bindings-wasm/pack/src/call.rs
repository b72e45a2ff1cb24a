//! The calls. Each reads documents, works for as long as its watch lets it, and answers with the document that the command writes.

use placewright::adapter::{FleetRequest, PackRequest, Session, answer_json, fleet_json, read_rearrange};
use placewright::json::Json;
use placewright::pack::{Options, Problem, solve};
use placewright_wasm_edge::{Fault, document, print};
use wasm_bindgen::prelude::*;

use crate::given::merge;
use crate::watch::Watch;

/// An answer, if anybody still wants it.
fn unless_aborted(watch: &Watch, answer: &Json<'_>) -> Result<String, Fault> {
    if watch.aborted() { Err(Fault::Stopped) } else { Ok(print(answer)) }
}

/// A number as JavaScript has them.
const fn float(number: u64) -> f64 {
    number as f64
}

/// Solves a problem.
fn solved(problem: &Problem, options: &Options, milliseconds: Option<u64>, watch: &Watch) -> Result<String, Fault> {
    watch.begin(milliseconds.map(float));
    let answer = solve(problem, options, &mut |progress| watch.ask(progress));
    watch.answered(&answer, answer.packing.missing(problem));
    unless_aborted(watch, &answer_json(problem, &answer, watch.milliseconds()))
}

/// Packs a problem. `given` has options and a packing to start from beside the document.
///
/// # Errors
/// Whatever is wrong with the problem.
#[wasm_bindgen]
pub fn pack(problem: &str, given: &str, watch: &Watch) -> Result<String, JsValue> {
    let mut tree = document::read(problem)?;
    merge(&mut tree, document::read(given)?)?;
    let request = PackRequest::from_json(&tree).map_err(|error| Fault::in_tree(error, &tree))?;
    Ok(solved(&request.problem, &request.options, request.milliseconds, watch)?)
}

/// Plans what to buy for a mix from a catalogue, which is an array as text, or empty where the mix has it.
///
/// # Errors
/// Whatever is wrong with the mix, the catalogue or the options.
#[wasm_bindgen]
pub fn fleet(mix: &str, catalogue: &str, given: &str, watch: &Watch) -> Result<String, JsValue> {
    let mut tree = document::read(mix)?;
    merge(&mut tree, document::read(given)?)?;
    if !catalogue.is_empty() {
        merge(&mut tree, Json::object([("catalogue", document::read(catalogue)?)]))?;
    }
    let in_tree = |error| Fault::in_tree(error, &tree);
    let request = FleetRequest::from_json(&tree, |_, _| Ok(())).map_err(in_tree)?;
    watch.begin(request.milliseconds.map(float));
    let plan = request.fleet.plan(&mut |progress| watch.ask(progress));
    let plan = plan.map_err(|error| in_tree(error.in_path("fleet")))?;
    watch.answered(&plan.answer, plan.answer.packing.missing(&plan.problem));
    Ok(unless_aborted(watch, &fleet_json(&plan, watch.milliseconds()))?)
}

/// The cluster of a document.
fn session(text: &str) -> Result<Session, Fault> {
    document::session(&document::read(text)?, None, &mut |_| Some(usize::MAX))
}

/// Plans moves in a cluster.
///
/// # Errors
/// Whatever is wrong with the cluster or the options.
#[wasm_bindgen]
pub fn rearrange(cluster: &str, options: &str, milliseconds: Option<f64>, watch: &Watch) -> Result<String, JsValue> {
    let given = document::read(options)?;
    let options = read_rearrange(&given).map_err(|error| Fault::in_tree(error, &given))?;
    let mut session = session(cluster)?;
    watch.begin(milliseconds);
    let plan = session.rearrange(&options, &mut |progress| watch.ask_of_moves(progress)).map_err(Fault::from)?;
    watch.planned(&plan);
    let answer = session.rearrange_plan_json(&plan, &options).map_err(Fault::from)?;
    Ok(unless_aborted(watch, &answer)?)
}

/// Packs the tasks of requests, an array of documents in the shape of RunTask, into what is left of a cluster.
///
/// # Errors
/// Whatever is wrong with the cluster, the requests or the options.
#[wasm_bindgen]
pub fn pack_into(cluster: &str, requests: &str, given: &str, watch: &Watch) -> Result<String, JsValue> {
    let mut session = session(cluster)?;
    let mut tree = Json::object([("requests", document::read(requests)?)]);
    merge(&mut tree, document::read(given)?)?;
    let request = session.read_pack_live(&tree).map_err(|error| Fault::in_tree(error, &tree))?;
    Ok(solved(request.live.problem(), &request.options, request.milliseconds, watch)?)
}

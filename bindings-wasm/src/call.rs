//! Calls that take JSON and answer JSON: one door for all of them, so that the module stays small.
//!
//! What comes in is the text that the page made of its arguments or was given; what goes out is parsed there.

use std::borrow::Cow;

use js_sys::Function;
use placewright::adapter::{RunTaskResponse, Session, read_rearrange};
use placewright::json::{Fields, Json};
use placewright::report::AttributeSummary;
use placewright::{Error, ErrorKind, TaskId, expr};
use placewright_wasm_edge::{Fault, print};
use wasm_bindgen::prelude::*;

use crate::cluster::read;
use crate::expression;
use crate::numbers;
use crate::slab::{self, Held};
use crate::watch::{Phase, Watcher};

/// Calls a cluster with a document; the answer as JSON text, behind a `0`, or a `1` where it has an integer above 2⁵³.
///
/// # Errors
/// Whatever the call refuses, and where the watch stopped it.
#[wasm_bindgen]
pub fn call(cluster: u32, name: &str, text: &str, watch: Option<Function>) -> Result<String, JsValue> {
    let watcher = Watcher(watch);
    slab::with(cluster, |held| {
        let document = read(text, &watcher)?;
        answer(held, name, &document, &watcher).map_err(|fault| match fault {
            Fault::Refused(error, None) => Fault::in_tree(error, &document),
            other => other,
        })
    })
}

/// Carries a call out.
fn answer(held: &mut Held, name: &str, document: &Json<'_>, watcher: &Watcher) -> Result<String, Fault> {
    let session = &mut held.session;
    let answer = match name {
        "registerContainerInstance" => {
            session.register_container_instance_json(document)?;
            held.forget_positions();
            Json::Null
        }
        "register" => {
            session.register_json(document)?;
            held.forget_positions();
            Json::Null
        }
        "deregister" => {
            let fields = document.as_fields()?;
            let force = fields.optional_bool("force")?.unwrap_or(false);
            let ended = session.deregister_container_instance(fields.text("containerInstance")?, force)?;
            held.forget_positions();
            texts(ended)
        }
        "declareResource" => {
            session.declare_resource(document.as_text()?)?;
            Json::Null
        }
        "updateContainerInstancesState" => {
            session.update_container_instances_state_json(document)?;
            Json::Null
        }
        "putAttributes" => {
            session.put_attributes_json(document)?;
            Json::Null
        }
        "deleteAttributes" => {
            session.delete_attributes_json(document)?;
            Json::Null
        }
        "setAgentConnected" => {
            let fields = document.as_fields()?;
            let is_connected = fields.required_with("connected", Json::as_bool)?;
            session.set_agent_connected(fields.text("containerInstance")?, is_connected)?;
            Json::Null
        }
        "registerTaskDefinition" => Json::from(session.register_task_definition_json(document)?),
        "loadTasks" => {
            let watch = &mut |done| watcher.ask(done, Phase::Working);
            session.load_tasks_watched(document, watch)?.ok_or(Fault::Stopped)?;
            Json::Null
        }
        "scaleIn" => texts(session.scale_in_json(document)?),
        "finish" => {
            session.finish_task(document.as_text()?)?;
            Json::Null
        }
        "stop" => {
            let tasks = tasks(session, document)?;
            session.stop_tasks(&tasks)?;
            Json::Null
        }
        "applyPlan" => {
            let fields = document.as_fields()?;
            let options = read_rearrange(fields.required("options")?)?;
            texts(session.apply_rearrangement_json(fields.required("plan")?, &options)?)
        }
        "applyPacking" => {
            let fields = document.as_fields()?;
            let (requests, answer) = (fields.required("document")?, fields.required("answer")?);
            let watch = &mut |done| watcher.ask(done, Phase::Working);
            let started = session.apply_packing_json(requests, answer, watch)?.ok_or(Fault::Stopped)?;
            return Ok(print(&started.to_json()));
        }
        "runTask" => return Ok(print(&session.run_task_json(document)?.to_json())),
        "startTask" => return Ok(print(&session.start_task_json(document)?.to_json())),
        "createService" => return Ok(print(&session.create_service_json(document)?.to_json())),
        "place" => return place(session, document, watcher),
        "placePrepared" => return place_prepared(session, document, watcher),
        "prepare" => prepare(session, document)?,
        "explain" => return explain(session, document),
        _ => return look(held, name, document),
    };
    Ok(print(&answer))
}

/// Carries a call out that changes nothing.
fn look(held: &mut Held, name: &str, document: &Json<'_>) -> Result<String, Fault> {
    let session = &held.session;
    let cluster = session.cluster();
    let answer = match name {
        "listContainerInstances" => return Ok(print(&session.list_container_instances_json(document)?.to_json())),
        "query" => {
            let text = document.as_text()?;
            let expression = expr::compile(text).map_err(|error| Fault::in_text(error, text))?;
            let names = cluster.query(&expression).into_iter().filter_map(|id| session.instance_name(id));
            Json::array(names.map(Json::from))
        }
        "instance" => return Ok(print(&session.describe_instance(session.instance_id(document.as_text()?)?)?)),
        "task" => return Ok(print(&session.describe_task(task(session, document)?)?)),
        "instanceIds" => Json::array(cluster.instances().filter_map(|id| session.instance_name(id)).map(Json::from)),
        "taskIds" => Json::array(cluster.tasks().filter_map(|id| session.task_name(id)).map(Json::Text)),
        "runningTasksOf" => Json::from(cluster.running_tasks_of(document.as_text()?) as u64),
        "customResources" => Json::array(cluster.custom_resources().map(Json::from)),
        "definitions" => Json::array(session.definitions().into_iter().map(Json::from)),
        "refusedDefinitions" => Json::array(session.refused_definitions().into_iter().map(|(name, reason)| {
            Json::object([("name", Json::from(name)), ("reason", Json::from(reason.to_string()))])
        })),
        "usage" => return Ok(print(&cluster.usage().to_json())),
        "attributeSummary" => {
            let values_max = document.as_fields()?.optional_with("valuesMax", count)?;
            let summaries = cluster.attribute_summary(values_max.unwrap_or(VALUES_MAX));
            return Ok(print(&Json::array(summaries.iter().map(AttributeSummary::to_json))));
        }
        "warnings" => {
            for warning in held.session.take_warnings() {
                if !held.warnings.contains(&warning) {
                    held.warnings.push(warning);
                }
            }
            Json::array(held.warnings.iter().map(|warning| Json::from(warning.as_str())))
        }
        "diagnose" => return Ok(expression::diagnosis(document.as_text()?, Some(cluster))),
        "complete" => {
            let fields = document.as_fields()?;
            return Ok(expression::completion(fields.text("text")?, position(fields)?, cluster));
        }
        other => {
            let message = format!("no call is named `{other}`");
            return Err(Error::with_message(ErrorKind::InvalidParameter, message).into());
        }
    };
    Ok(print(&answer))
}

/// Values of an attribute that a summary has where nobody says how many.
const VALUES_MAX: usize = 100;

/// A number of something, or a place among such.
fn count(value: &Json<'_>) -> Result<usize, Error> {
    let number = value.as_integer()?;
    usize::try_from(number).map_err(|_| {
        Error::with_message(ErrorKind::InvalidParameter, format!("`{number}` is outside 0 to {}", usize::MAX))
    })
}

/// The place in a text that a call is about.
fn position(fields: Fields<'_, '_>) -> Result<usize, Error> {
    fields.required_with("position", count)
}

/// Texts as an answer.
fn texts(texts: Vec<String>) -> Json<'static> {
    Json::array(texts.into_iter().map(Json::from))
}

/// A task by id, or by number.
fn task(session: &Session, name: &Json<'_>) -> Result<TaskId, Error> {
    match name {
        Json::Text(name) => session.task_id(name),
        Json::Integer(number) => numbers::task_of(*number),
        other => other.as_text().and_then(|name| session.task_id(name)),
    }
}

/// Tasks by id or by number.
fn tasks(session: &Session, names: &Json<'_>) -> Result<Vec<TaskId>, Error> {
    names.as_array()?.iter().map(|name| task(session, name)).collect()
}

/// An answer to a request for so many tasks: ECS's, and the number.
fn placed(response: &RunTaskResponse, wanted: usize) -> String {
    let wanted = Json::from(u64::try_from(wanted).unwrap_or(u64::MAX));
    print(&Json::object([("wanted", wanted), ("response", response.to_json())]))
}

/// Places the tasks of a request.
fn place(session: &mut Session, document: &Json<'_>, watcher: &Watcher) -> Result<String, Fault> {
    let request = session.read_place(document)?;
    let watch = &mut |done| watcher.ask(done, Phase::Working);
    let response = session.place_watched(&request, watch)?.ok_or(Fault::Stopped)?;
    Ok(placed(&response, request.count as usize))
}

/// Places the tasks of a prepared request.
fn place_prepared(session: &mut Session, number: &Json<'_>, watcher: &Watcher) -> Result<String, Fault> {
    let id = numbers::request_of(number.as_integer()?)?;
    let wanted = session.cluster().request(id)?.count as usize;
    let watch = &mut |done| watcher.ask(done, Phase::Working);
    let response = session.place_by_id(id, watch)?.ok_or(Fault::Stopped)?;
    Ok(placed(&response, wanted))
}

/// Makes a request ready.
fn prepare(session: &mut Session, document: &Json<'_>) -> Result<Json<'static>, Error> {
    let request = session.read_place(document)?;
    let id = session.prepare(&request)?;
    Ok(Json::object([
        ("id", Json::from(id.as_u64())),
        ("definition", Json::from(request.definition)),
        ("group", Json::from(request.group)),
        ("count", Json::from(request.count)),
    ]))
}

/// Why the next task of a request, or of a prepared one by its number, would go where it goes.
fn explain(session: &mut Session, document: &Json<'_>) -> Result<String, Fault> {
    let explanation = if let Json::Integer(number) = document {
        session.cluster().explain(numbers::request_of(*number)?)?
    } else {
        let request = session.read_place(document)?;
        let id = session.prepare(&request)?;
        let explanation = session.cluster().explain(id);
        session.release(id)?;
        explanation?
    };
    let mut answer = explanation.to_json();
    if let Json::Object(entries) = &mut answer {
        entries.push((Cow::Borrowed("text"), Json::from(explanation.to_string())));
    }
    Ok(print(&answer))
}

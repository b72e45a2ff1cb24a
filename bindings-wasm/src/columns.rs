//! Columns: a cluster's facts as numbers in the module's memory, and as lists of texts.
//!
//! A column of numbers is written into a buffer of the cluster, and the page is told where that begins. It reads it at once: the
//! next call may move it.

use std::collections::HashMap;

use placewright::adapter::Session;
use placewright::json::Json;
use placewright::view::{InstanceView, TaskView};
use placewright::{Error, ErrorKind, ResourceKind, expr};
use placewright_wasm_edge::{Fault, print};
use wasm_bindgen::prelude::*;

use crate::slab;

/// The name of the attribute with the zone.
const ZONE: &str = "ecs.availability-zone";
/// The name of the attribute with the type.
const INSTANCE_TYPE: &str = "ecs.instance-type";

/// Writes a column of integers; where it begins. `length` says how long it is.
///
/// # Errors
/// For a column there is not.
#[wasm_bindgen]
pub fn integers(cluster: u32, name: &str) -> Result<u32, JsValue> {
    slab::with(cluster, |held| {
        let mut column = std::mem::take(&mut held.integers);
        column.clear();
        let written = write_integers(&held.session, name, &mut column);
        held.integers = column;
        written?;
        Ok(address(held.integers.as_ptr().addr()))
    })
}

/// Length of the last column of integers.
///
/// # Errors
/// For a cluster in the middle of a call.
#[wasm_bindgen]
pub fn length(cluster: u32) -> Result<u32, JsValue> {
    slab::with(cluster, |held| Ok(u32::try_from(held.integers.len()).unwrap_or(u32::MAX)))
}

/// Where the last column of integers begins.
///
/// # Errors
/// For a cluster in the middle of a call.
#[wasm_bindgen]
pub fn codes(cluster: u32) -> Result<u32, JsValue> {
    slab::with(cluster, |held| Ok(address(held.integers.as_ptr().addr())))
}

/// Writes a column of numbers; where it begins. It has an entry for each instance or task.
///
/// # Errors
/// For a column there is not.
#[wasm_bindgen]
pub fn numbers(cluster: u32, name: &str) -> Result<u32, JsValue> {
    slab::with(cluster, |held| {
        let mut column = std::mem::take(&mut held.numbers);
        column.clear();
        let written = write_numbers(&held.session, name, &mut column);
        held.numbers = column;
        written?;
        Ok(address(held.numbers.as_ptr().addr()))
    })
}

/// The words of a column of text with few different values, as JSON; their codes are the last column of integers.
///
/// # Errors
/// For a column there is not.
#[wasm_bindgen]
pub fn words(cluster: u32, name: &str) -> Result<String, JsValue> {
    slab::with(cluster, |held| {
        let mut codes = std::mem::take(&mut held.integers);
        codes.clear();
        let words = write_words(&held.session, name, &mut codes);
        held.integers = codes;
        words
    })
}

/// A column of text as JSON.
///
/// # Errors
/// For a column there is not.
#[wasm_bindgen]
pub fn texts(cluster: u32, name: &str) -> Result<String, JsValue> {
    slab::with(cluster, |held| {
        let session = &held.session;
        let column = match name {
            "instance.id" => Json::array(instances(session).map(|row| Json::from(row.name()))),
            "instance.ec2InstanceId" => {
                Json::array(instances(session).map(|row| row.ec2_instance_id().map_or(Json::Null, Json::from)))
            }
            "task.id" => {
                Json::array(tasks(session).map(|row| session.task_name(row.id()).map_or(Json::Null, Json::Text)))
            }
            other => return Err(unknown(other).into()),
        };
        Ok(print(&column))
    })
}

/// Positions of the instances that satisfy a query.
///
/// # Errors
/// For what is wrong with the expression.
#[wasm_bindgen]
pub fn query_positions(cluster: u32, expression: &str) -> Result<Vec<u32>, JsValue> {
    slab::with(cluster, |held| {
        let expression = expr::compile(expression).map_err(|error| Fault::in_text(error, expression))?;
        let found = held.session.cluster().query(&expression);
        let (_, positions) = held.with_positions();
        let position = |id| positions.of(id).and_then(|position| u32::try_from(position).ok());
        Ok(found.into_iter().filter_map(position).collect())
    })
}

/// An address of the module's memory, which has 32 bits.
fn address(address: usize) -> u32 {
    u32::try_from(address).unwrap_or(0)
}

/// The instances, in registration order.
fn instances(session: &Session) -> impl Iterator<Item = InstanceView<'_>> {
    let cluster = session.cluster();
    cluster.instances().filter_map(|id| cluster.instance(id).ok())
}

/// The tasks, oldest first.
fn tasks(session: &Session) -> impl Iterator<Item = TaskView<'_>> {
    let cluster = session.cluster();
    cluster.tasks().filter_map(|id| cluster.task(id).ok())
}

/// The error for a column there is not.
fn unknown(name: &str) -> Error {
    Error::with_message(ErrorKind::InvalidParameter, format!("no column is named `{name}`"))
}

/// An amount; the engine keeps no greater ones.
fn amount(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A number of something.
fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// The dimension of a custom resource.
fn custom(session: &Session, name: &str) -> Result<ResourceKind, Error> {
    let known = (0u8..).zip(session.cluster().custom_resources()).find(|(_, known)| *known == name);
    known.map(|(index, _)| ResourceKind::Custom(index)).ok_or_else(|| {
        let message = format!("no custom resource is named `{name}`");
        Error::with_message(ErrorKind::InvalidParameter, message)
    })
}

/// A column of integers.
fn write_integers(session: &Session, name: &str, column: &mut Vec<i32>) -> Result<(), Error> {
    let slots = |slots: Option<u32>| slots.map_or(-1, |slots| amount(slots.into()));
    let left = |kind| instances(session).map(move |row| amount(row.remaining(kind)));
    let had = |kind| instances(session).map(move |row| amount(row.registered(kind)));
    match name {
        "cpu" => column.extend(left(ResourceKind::Cpu)),
        "memoryMib" => column.extend(left(ResourceKind::Memory)),
        "gpus" => column.extend(left(ResourceKind::Gpu)),
        "hostPorts" => column.extend(left(ResourceKind::Ports)),
        "eniTaskSlots" => column.extend(instances(session).map(|row| slots(row.eni_task_slots_remaining()))),
        "runningTasks" => column.extend(instances(session).map(|row| amount(row.running_tasks().into()))),
        "registered:cpu" => column.extend(had(ResourceKind::Cpu)),
        "registered:memoryMib" => column.extend(had(ResourceKind::Memory)),
        "registered:gpus" => column.extend(instances(session).map(|row| count(row.devices().count()))),
        "registered:eniTaskSlots" => column.extend(instances(session).map(|row| slots(row.eni_task_slots()))),
        "instance.agentConnected" => column.extend(instances(session).map(|row| i32::from(row.is_agent_connected()))),
        "task.instance" => {
            let positions = session.cluster().registration_positions();
            column.extend(tasks(session).map(|row| positions.of(row.instance()).map_or(-1, count)));
        }
        "task.gpus" => column.extend(tasks(session).map(|row| count(row.gpu_ids().count()))),
        "task.isHealthy" => column.extend(tasks(session).map(|row| i32::from(row.is_healthy()))),
        "task.isProtected" => column.extend(tasks(session).map(|row| i32::from(row.is_protected()))),
        "task.isStopping" => column.extend(tasks(session).map(|row| i32::from(row.is_stopping()))),
        "attribute.instance" => {
            let rows = (0..).zip(instances(session));
            column.extend(rows.flat_map(|(position, row)| row.attributes().into_iter().map(move |_| position)));
        }
        other => match (other.strip_prefix("custom:"), other.strip_prefix("registered:custom:")) {
            (Some(name), _) => column.extend(left(custom(session, name)?)),
            (_, Some(name)) => column.extend(had(custom(session, name)?)),
            _ => return Err(unknown(other)),
        },
    }
    Ok(())
}

/// A column of numbers.
fn write_numbers(session: &Session, name: &str, column: &mut Vec<f64>) -> Result<(), Error> {
    #[expect(clippy::cast_precision_loss, reason = "for the page, which has no other numbers in columns")]
    let double = |number: i64| number as f64;
    match name {
        "instance.registeredAt" => column.extend(instances(session).map(|row| {
            let at = row.registered_at().and_then(|at| i64::try_from(at.as_nanoseconds()).ok());
            // In two parts: the nanoseconds of today are above 2⁵³, and milliseconds would be rounded with them.
            at.map_or(f64::NAN, |at| double(at.div_euclid(1_000_000)) + double(at.rem_euclid(1_000_000)) / 1e6)
        })),
        "task.number" => column.extend(tasks(session).map(|row| crate::numbers::from_u64(row.id().as_u64()))),
        "task.cpu" => column.extend(tasks(session).map(|row| double(row.demand().cpu))),
        "task.memoryMib" => column.extend(tasks(session).map(|row| double(row.demand().memory_mib))),
        other => return Err(unknown(other)),
    }
    Ok(())
}

/// A column of text with few different values: its words as JSON text, its codes into `codes`.
fn write_words(session: &Session, name: &str, codes: &mut Vec<i32>) -> Result<String, Fault> {
    let mut words = Words::default();
    match name {
        "instance.zone" => instances(session).for_each(|row| codes.push(words.code(row.attribute(ZONE)))),
        "instance.instanceType" => {
            instances(session).for_each(|row| codes.push(words.code(row.attribute(INSTANCE_TYPE))));
        }
        "instance.capacityProvider" => {
            instances(session).for_each(|row| codes.push(words.code(row.capacity_provider())));
        }
        "instance.status" => instances(session).for_each(|row| codes.push(words.code(Some(row.status().as_str())))),
        "instance.agentVersion" => instances(session).for_each(|row| codes.push(words.code(row.agent_version()))),
        "task.group" => tasks(session).for_each(|row| codes.push(words.code(Some(row.group())))),
        "task.definition" => tasks(session).for_each(|row| codes.push(words.code(Some(row.definition())))),
        "attribute.name" => instances(session).for_each(|row| {
            row.attributes().into_iter().for_each(|(name, _)| codes.push(words.code(Some(name))));
        }),
        "attribute.value" => instances(session).for_each(|row| {
            row.attributes().into_iter().for_each(|(_, value)| codes.push(words.code(value)));
        }),
        other => return Err(unknown(other).into()),
    }
    Ok(print(&Json::array(words.list.into_iter().map(Json::from))))
}

/// Texts that are numbered as they come.
#[derive(Default)]
struct Words<'a> {
    /// By number.
    list: Vec<&'a str>,
    /// The numbers.
    known: HashMap<&'a str, i32>,
}

impl<'a> Words<'a> {
    /// The number of a text; -1 for none.
    fn code(&mut self, text: Option<&'a str>) -> i32 {
        let Some(text) = text else { return -1 };
        let next = count(self.list.len());
        let code = *self.known.entry(text).or_insert(next);
        if code == next {
            self.list.push(text);
        }
        code
    }
}

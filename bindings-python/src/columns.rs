//! What there is, as columns: a cluster's instances, tasks and attributes, and answers.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, LargeStringBuilder, TimestampNanosecondBuilder,
};
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Int64Array, StringArray};
use numpy::{PyArray1, PyArrayMethods};
use placewright::adapter::{RunTaskResponse, Session};
use placewright::view::{InstanceView, TaskView};
use placewright::{Error, ErrorKind, Explanation, ResourceKind};
use pyo3::prelude::*;

use crate::table::{INSTANT, Table, made};

/// The name of the attribute with the zone.
const ZONE: &str = "ecs.availability-zone";
/// The name of the attribute with the type.
const INSTANCE_TYPE: &str = "ecs.instance-type";

/// Text that is different in most rows.
pub(crate) fn texts<T: AsRef<str>>(values: impl ExactSizeIterator<Item = Option<T>>) -> ArrayRef {
    let mut column = LargeStringBuilder::with_capacity(values.len(), values.len() * 24);
    values.for_each(|value| column.append_option(value));
    Arc::new(column.finish())
}

/// Values that are found again by their address alone.
const WORDS_CACHED: usize = 256;

/// Text with few different values, each kept once.
///
/// PERF: names, values and statuses stand at one address however many rows have them, so a look at the address mostly spares
/// the hash of the text.
pub(crate) fn words<'a>(values: impl ExactSizeIterator<Item = Option<&'a str>>) -> Result<ArrayRef, Error> {
    let too_many = |fault: &dyn std::fmt::Display| Error::with_message(ErrorKind::LimitExceeded, fault.to_string());
    let mut keys = Int32Builder::with_capacity(values.len());
    let mut words: Vec<&'a str> = Vec::new();
    let mut known: HashMap<&'a str, i32> = HashMap::new();
    let mut cached: Vec<(&'a str, i32)> = vec![("", -1); WORDS_CACHED];
    for value in values {
        let Some(value) = value else {
            keys.append_null();
            continue;
        };
        // Texts begin at any address, so the lowest bits tell them apart, and those above too.
        let address = value.as_ptr().addr();
        let place = &mut cached[(address ^ (address >> 8)) % WORDS_CACHED];
        if place.1 < 0 || !std::ptr::eq(place.0, value) {
            let next = i32::try_from(words.len()).map_err(|fault| too_many(&fault))?;
            let key = *known.entry(value).or_insert(next);
            if key == next {
                words.push(value);
            }
            *place = (value, key);
        }
        keys.append_value(place.1);
    }
    let words = Arc::new(StringArray::from(words));
    let column = DictionaryArray::<Int32Type>::try_new(keys.finish(), words).map_err(|fault| too_many(&fault))?;
    Ok(Arc::new(column))
}

/// Numbers that are all there.
fn numbers(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

/// Numbers that may be missing.
pub(crate) fn figures(values: impl ExactSizeIterator<Item = Option<i64>>) -> ArrayRef {
    let mut column = Int64Builder::with_capacity(values.len());
    values.for_each(|value| column.append_option(value));
    Arc::new(column.finish())
}

/// Floats that may be missing.
pub(crate) fn decimals(values: impl ExactSizeIterator<Item = Option<f64>>) -> ArrayRef {
    let mut column = Float64Builder::with_capacity(values.len());
    values.for_each(|value| column.append_option(value));
    Arc::new(column.finish())
}

/// Yes or no, or missing.
pub(crate) fn booleans(values: impl ExactSizeIterator<Item = Option<bool>>) -> ArrayRef {
    let mut column = BooleanBuilder::with_capacity(values.len());
    values.for_each(|value| column.append_option(value));
    Arc::new(column.finish())
}

/// Nanoseconds after 1970, or missing.
pub(crate) fn instants(values: impl ExactSizeIterator<Item = Option<i64>>) -> ArrayRef {
    let mut column = TimestampNanosecondBuilder::with_capacity(values.len()).with_data_type(INSTANT());
    values.for_each(|value| column.append_option(value));
    Arc::new(column.finish())
}

/// Yes or no.
fn flags(values: impl ExactSizeIterator<Item = bool>) -> ArrayRef {
    let mut column = BooleanBuilder::with_capacity(values.len());
    values.for_each(|value| column.append_value(value));
    Arc::new(column.finish())
}

/// The custom resources of a cluster, with their dimensions.
fn customs(session: &Session) -> Vec<(&str, ResourceKind)> {
    (0u8..).zip(session.cluster().custom_resources()).map(|(index, name)| (name, ResourceKind::Custom(index))).collect()
}

/// The instances, in registration order.
fn views(session: &Session) -> Vec<InstanceView<'_>> {
    let cluster = session.cluster();
    cluster.instances().filter_map(|id| cluster.instance(id).ok()).collect()
}

/// A number of devices.
fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Every instance: what it is, has, and has left.
pub(crate) fn instances(session: &Session) -> Result<Table, Error> {
    let rows = views(session);
    let amounts = |kind, is_left: bool| {
        numbers(rows.iter().map(|row| if is_left { row.remaining(kind) } else { row.registered(kind) }))
    };
    let registered_at = instants(rows.iter().map(|row| i64::try_from(row.registered_at()?.as_nanoseconds()).ok()));
    let (cpu, memory) = (ResourceKind::Cpu, ResourceKind::Memory);
    let columns = [
        ("id", texts(rows.iter().map(|row| Some(row.name())))),
        ("zone", words(rows.iter().map(|row| row.attribute(ZONE)))?),
        ("instance_type", words(rows.iter().map(|row| row.attribute(INSTANCE_TYPE)))?),
        ("capacity_provider", words(rows.iter().map(|row| row.capacity_provider()))?),
        ("ec2_instance_id", texts(rows.iter().map(|row| row.ec2_instance_id()))),
        ("status", words(rows.iter().map(|row| Some(row.status().as_str())))?),
        ("agent_connected", flags(rows.iter().map(|row| row.is_agent_connected()))),
        ("agent_version", words(rows.iter().map(|row| row.agent_version()))?),
        ("registered_at", registered_at),
        ("running_tasks", numbers(rows.iter().map(|row| i64::from(row.running_tasks())))),
        ("cpu_registered", amounts(cpu, false)),
        ("cpu_remaining", amounts(cpu, true)),
        ("memory_mib_registered", amounts(memory, false)),
        ("memory_mib_remaining", amounts(memory, true)),
        ("gpus_registered", numbers(rows.iter().map(|row| count(row.devices().count())))),
        ("gpus_remaining", amounts(ResourceKind::Gpu, true)),
        ("eni_task_slots_registered", figures(rows.iter().map(|row| row.eni_task_slots().map(i64::from)))),
        ("eni_task_slots_remaining", figures(rows.iter().map(|row| row.eni_task_slots_remaining().map(i64::from)))),
        ("host_ports_remaining", amounts(ResourceKind::Ports, true)),
    ];
    let mut columns: Vec<_> = columns.into_iter().map(|(name, column)| (name.to_string(), column)).collect();
    for (name, kind) in customs(session) {
        columns.push((format!("custom_{name}_registered"), amounts(kind, false)));
        columns.push((format!("custom_{name}_remaining"), amounts(kind, true)));
    }
    Table::new(columns)
}

/// What is left on every instance, in as few columns as can be.
pub(crate) fn remaining(session: &Session) -> Result<Table, Error> {
    let rows = views(session);
    let amounts = |kind| numbers(rows.iter().map(|row| row.remaining(kind)));
    let mut columns = vec![
        ("id".to_string(), texts(rows.iter().map(|row| Some(row.name())))),
        ("cpu".to_string(), amounts(ResourceKind::Cpu)),
        ("memory_mib".to_string(), amounts(ResourceKind::Memory)),
        ("gpus".to_string(), amounts(ResourceKind::Gpu)),
    ];
    columns.extend(customs(session).into_iter().map(|(name, kind)| (format!("custom_{name}"), amounts(kind))));
    Table::new(columns)
}

/// Every task, oldest first; or those of the instances named, instance by instance.
pub(crate) fn tasks(session: &Session, of_instances: Option<&[String]>) -> Result<Table, Error> {
    let cluster = session.cluster();
    let ids: Vec<_> = match of_instances {
        None => cluster.tasks().collect(),
        Some(names) => {
            let mut ids = Vec::new();
            for name in names {
                ids.extend(cluster.instance(session.instance_id(name)?)?.tasks());
            }
            ids
        }
    };
    let rows: Vec<TaskView<'_>> = ids.iter().filter_map(|&id| cluster.task(id).ok()).collect();
    let instance = |row: &TaskView<'_>| cluster.instance(row.instance()).ok().map(InstanceView::name);
    let columns = [
        ("id", texts(rows.iter().map(|row| session.task_name(row.id())))),
        ("number", numbers(rows.iter().map(|row| row.id().as_u64().cast_signed()))),
        ("sequence", numbers(rows.iter().map(|row| row.sequence().cast_signed()))),
        ("instance", texts(rows.iter().map(instance))),
        ("group", words(rows.iter().map(|row| Some(row.group())))?),
        ("definition", words(rows.iter().map(|row| Some(row.definition())))?),
        ("cpu", numbers(rows.iter().map(|row| row.demand().cpu))),
        ("memory_mib", numbers(rows.iter().map(|row| row.demand().memory_mib))),
        ("gpus", numbers(rows.iter().map(|row| count(row.gpu_ids().count())))),
        ("is_healthy", flags(rows.iter().map(|row| row.is_healthy()))),
        ("is_protected", flags(rows.iter().map(|row| row.is_protected()))),
        ("is_stopping", flags(rows.iter().map(|row| row.is_stopping()))),
    ];
    let mut columns: Vec<_> = columns.into_iter().map(|(name, column)| (name.to_string(), column)).collect();
    for (name, _) in customs(session) {
        let taken = |row: &TaskView<'_>| {
            let custom = row.demand().custom.iter().filter(|(known, _)| known == name);
            custom.fold(0_i64, |sum, (_, amount)| sum.saturating_add(*amount))
        };
        columns.push((format!("custom_{name}"), numbers(rows.iter().map(taken))));
    }
    Table::new(columns)
}

/// Every attribute of every instance, in registration order, then by name.
pub(crate) fn attributes(session: &Session) -> Result<Table, Error> {
    let rows = views(session);
    let carried: Vec<_> = rows
        .iter()
        .flat_map(|row| row.attributes().into_iter().map(|(name, value)| (row.name(), name, value)))
        .collect();
    Table::new(vec![
        ("instance".to_string(), texts(carried.iter().map(|row| Some(row.0)))),
        ("name".to_string(), words(carried.iter().map(|row| Some(row.1)))?),
        ("value".to_string(), words(carried.iter().map(|row| row.2))?),
    ])
}

/// Every instance that was considered, and why it fell away.
pub(crate) fn explanation(explanation: &Explanation) -> Result<Table, Error> {
    let rows: Vec<_> = explanation.verdicts.iter().collect();
    let failures = || rows.iter().map(|row| row.failure.as_ref());
    Table::new(vec![
        ("instance".to_string(), texts(rows.iter().map(|row| Some(row.name)))),
        ("reason".to_string(), words(failures().map(|failure| Some(failure?.text.as_str())))?),
        ("asked".to_string(), figures(failures().map(|failure| failure?.asked))),
        ("used".to_string(), figures(failures().map(|failure| failure?.used))),
        ("available".to_string(), figures(failures().map(|failure| failure?.available))),
        ("detail".to_string(), words(failures().map(|failure| failure?.detail.as_deref()))?),
    ])
}

/// The tasks that were placed, each with its instance.
pub(crate) fn placements(response: &RunTaskResponse) -> Result<Table, Error> {
    let tasks = &response.tasks;
    Table::new(vec![
        ("task".to_string(), texts(tasks.iter().map(|task| Some(task.task_arn.as_str())))),
        ("instance".to_string(), texts(tasks.iter().map(|task| Some(task.container_instance_arn.as_str())))),
    ])
}

/// What became of each request of a list, by numbers; gaps where there was no instance.
pub(crate) fn bulk(
    py: Python<'_>,
    instances: &Bound<'_, PyArray1<i32>>,
    tasks: &Bound<'_, PyArray1<i64>>,
) -> PyResult<Table> {
    let (instances, tasks) = (instances.to_vec()?, tasks.to_vec()?);
    let placed = |number: i64| (number >= 0).then_some(number);
    made(
        py,
        Table::new(vec![
            ("request".to_string(), numbers((0..).take(instances.len()))),
            ("instance".to_string(), figures(instances.iter().map(|&number| placed(number.into())))),
            ("task".to_string(), figures(tasks.iter().map(|&number| placed(number)))),
        ]),
    )
}

//! ECS `Task` objects → tasks that already run.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::definition;
use super::text;
use crate::cluster::Release;
use crate::definition::{Overrides, amount};
use crate::demand::{Demand, GpuDemand, RequiredAttribute};
use crate::error::{Error, ErrorKind};
use crate::expr::Timestamp;
use crate::instance::Protocol;
use crate::json::{Fields, Json};

/// A task as its JSON describes it, if it holds or counts at all.
#[derive(Debug)]
pub(super) struct TaskDocument<'j> {
    /// Its id.
    pub(super) name: &'j str,
    /// The instance it runs on, as written.
    pub(super) instance: &'j str,
    /// Its task definition, as written.
    pub(super) definition: &'j str,
    /// Its group, where it says so.
    pub(super) group: Option<&'j str>,
    /// What its run replaced in the definition.
    pub(super) overrides: Overrides,
    /// What it holds, where an exported state says so.
    pub(super) demand: Option<Demand>,
    /// CPU units and MiB of memory it says it reserves itself; what counts where its definition is not known.
    pub(super) own_amounts: (i64, i64),
    /// Its number in the order of placing, where an exported state says so.
    pub(super) sequence: Option<u64>,
    /// When it started; `None` while it has not.
    pub(super) started_at: Option<Timestamp>,
    /// GPUs it has.
    pub(super) gpu_ids: Vec<&'j str>,
    /// Whether its health checks pass, as far as known.
    pub(super) is_healthy: bool,
    /// Whether scale-in must leave it alone.
    pub(super) is_protected: bool,
    /// Whether its last status is PENDING.
    pub(super) is_pending: bool,
    /// Whether it only waits for its containers to end.
    pub(super) is_stopping: bool,
}

/// Reads a task; `None` for one that is on no instance, or that holds nothing any more.
pub(super) fn read<'j>(fields: Fields<'j, '_>, release: Release) -> Result<Option<TaskDocument<'j>>, Error> {
    let name = fields.required_with("taskArn", text::name)?;
    let last_status = fields.optional_text("lastStatus")?;
    let is_stopping = fields.optional_text("desiredStatus")? == Some("STOPPED");
    let instance = fields.optional_text("containerInstanceArn")?;
    let definition = fields.optional_with("taskDefinitionArn", text::kept)?.unwrap_or_default();
    let mut gpu_ids = Vec::new();
    fields.each("containers", |container| {
        gpu_ids.extend(container.as_fields()?.texts("gpuIds")?);
        Ok(())
    })?;
    let document = TaskDocument {
        name,
        instance: instance.unwrap_or_default(),
        definition,
        group: fields.optional_with("group", text::name)?,
        overrides: fields.optional_with("overrides", definition::read_overrides)?.unwrap_or_default(),
        own_amounts: own_amounts(fields)?,
        demand: fields.optional_with("xDemand", |demand| read_demand(demand.as_fields()?))?,
        sequence: fields.optional_with("xSequence", super::request::seed)?,
        started_at: fields.optional_with("startedAt", super::instance::timestamp)?,
        gpu_ids,
        is_healthy: fields.optional_text("healthStatus")? != Some("UNHEALTHY"),
        is_protected: fields.optional_bool("protectionEnabled")?.unwrap_or(false),
        is_pending: last_status == Some("PENDING"),
        is_stopping,
    };
    let is_gone = is_stopping && (release == Release::Desired || last_status == Some("STOPPED"));
    Ok(if is_gone || instance.is_none() { None } else { Some(document) })
}

/// CPU units and MiB of memory that DescribeTasks says a task reserves: its own, or the sum of its containers'.
fn own_amounts(fields: Fields<'_, '_>) -> Result<(i64, i64), Error> {
    let cpu = |fields: Fields<'_, '_>| fields.optional_with("cpu", |cpu| amount::cpu_units(cpu.as_text()?));
    let memory =
        |fields: Fields<'_, '_>, key| fields.optional_with(key, |memory| amount::memory_mib(memory.as_text()?));
    let containers = fields.each("containers", |container| {
        let container = container.as_fields()?;
        let soft = memory(container, "memoryReservation")?.filter(|&soft| soft > 0);
        Ok((cpu(container)?.unwrap_or(0), soft.or(memory(container, "memory")?).unwrap_or(0)))
    })?;
    let sum = |amounts: &mut dyn Iterator<Item = i64>| amounts.fold(0_i64, i64::saturating_add);
    let own = (cpu(fields)?.filter(|&cpu| cpu > 0), memory(fields, "memory")?.filter(|&memory| memory > 0));
    Ok((
        own.0.unwrap_or_else(|| sum(&mut containers.iter().map(|amounts| amounts.0))),
        own.1.unwrap_or_else(|| sum(&mut containers.iter().map(|amounts| amounts.1))),
    ))
}

/// The keys of an exported demand.
const DEMAND_KEYS: [&str; 9] =
    ["cpu", "memory", "custom", "ports", "eni", "gpus", "requiresAttributes", "cpuArchitecture", "osType"];

/// What a task holds, as an exported state writes it.
pub(crate) fn write_demand(demand: &Demand) -> Json<'_> {
    let mut entries = alloc::vec![("cpu", Json::from(demand.cpu)), ("memory", Json::from(demand.memory_mib))];
    if !demand.custom.is_empty() {
        let custom = demand.custom.iter().map(|(name, amount)| (name.as_str(), Json::from(*amount)));
        entries.push(("custom", Json::object(custom)));
    }
    if !demand.ports.is_empty() {
        let ports = demand.ports.iter().map(|&(protocol, port)| {
            let protocol = if protocol == Protocol::Tcp { "tcp" } else { "udp" };
            Json::from(format!("{protocol}:{port}"))
        });
        entries.push(("ports", Json::array(ports)));
    }
    if demand.eni {
        entries.push(("eni", Json::from(true)));
    }
    let gpus = match demand.gpus {
        GpuDemand::None => None,
        GpuDemand::Whole(count) => Some(format!("whole:{count}")),
        GpuDemand::All => Some(String::from("all:0")),
        GpuDemand::Slice(thousandths) => Some(format!("slice:{thousandths}")),
        GpuDemand::Share(thousandths) => Some(format!("share:{thousandths}")),
    };
    entries.extend(gpus.map(|gpus| ("gpus", Json::from(gpus))));
    if !demand.required_attributes.is_empty() {
        let attributes = demand.required_attributes.iter().map(|attribute| {
            let value = attribute.value.as_deref().map(|value| ("value", Json::from(value)));
            Json::object([("name", Json::from(attribute.name.as_str()))].into_iter().chain(value))
        });
        entries.push(("requiresAttributes", Json::array(attributes)));
    }
    entries.extend(demand.cpu_architecture.as_deref().map(|value| ("cpuArchitecture", Json::from(value))));
    entries.extend(demand.os_type.as_deref().map(|value| ("osType", Json::from(value))));
    Json::object(entries)
}

/// What [`write_demand`] wrote.
fn read_demand(fields: Fields<'_, '_>) -> Result<Demand, Error> {
    if let Some((key, _)) = fields.iter().find(|(key, _)| !DEMAND_KEYS.contains(key)) {
        return Err(Error::with_message(ErrorKind::JsonUnknownKey, format!("key `{key}` is unknown")));
    }
    let bad = |text: &str| Error::with_message(ErrorKind::InvalidParameter, format!("`{text}` is malformed"));
    let mut custom = Vec::new();
    for (name, amount) in fields.optional_fields("custom")?.into_iter().flat_map(Fields::iter) {
        custom.push((String::from(text::bounded(name)?), amount.as_integer()?));
    }
    let ports = fields.each("ports", |port| {
        let text = port.as_text()?;
        let (protocol, number) = text.split_once(':').ok_or_else(|| bad(text))?;
        let protocol = match protocol {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            _ => return Err(bad(text)),
        };
        Ok((protocol, number.parse::<u16>().map_err(|_| bad(text))?))
    })?;
    let gpus = fields.optional_with("gpus", |gpus| {
        let text = gpus.as_text()?;
        let (kind, number) = text.split_once(':').ok_or_else(|| bad(text))?;
        let number = number.parse::<u16>().map_err(|_| bad(text))?;
        match kind {
            "whole" => Ok(GpuDemand::Whole(number)),
            "all" => Ok(GpuDemand::All),
            "slice" => Ok(GpuDemand::Slice(number)),
            "share" if (1..1000).contains(&number) => Ok(GpuDemand::Share(number)),
            _ => Err(bad(text)),
        }
    })?;
    Ok(Demand {
        cpu: fields.integer("cpu")?,
        memory_mib: fields.integer("memory")?,
        custom,
        ports,
        eni: fields.optional_bool("eni")?.unwrap_or(false),
        gpus: gpus.unwrap_or_default(),
        required_attributes: fields.each("requiresAttributes", |attribute| {
            let attribute = attribute.as_fields()?;
            let value = attribute.optional_with("value", text::kept)?.map(String::from);
            Ok(RequiredAttribute { name: String::from(attribute.required_with("name", text::kept)?), value })
        })?,
        cpu_architecture: fields.optional_with("cpuArchitecture", text::kept)?.map(String::from),
        os_type: fields.optional_with("osType", text::kept)?.map(String::from),
        ports_clash: false,
    })
}

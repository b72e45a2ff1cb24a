//! An instance that keyword arguments describe.

use placewright::{Error, ErrorKind, Instance, InstanceStatus};
use pyo3::prelude::*;

use crate::argument;
use crate::cluster::Cluster;
use crate::convert;
use crate::error;

/// What keyword arguments say of an instance beside its name and its amounts.
pub(crate) struct Described<'a, 'py> {
    /// Zone.
    pub(crate) zone: Option<&'a Bound<'py, PyAny>>,
    /// Attributes.
    pub(crate) attributes: Option<&'a Bound<'py, PyAny>>,
    /// Ids of GPUs.
    pub(crate) gpus: Option<&'a Bound<'py, PyAny>>,
    /// Amounts of custom resources.
    pub(crate) custom: Option<&'a Bound<'py, PyAny>>,
    /// TCP ports that are taken.
    pub(crate) ports: Option<&'a Bound<'py, PyAny>>,
    /// UDP ports that are taken.
    pub(crate) udp_ports: Option<&'a Bound<'py, PyAny>>,
    /// Task network interfaces.
    pub(crate) eni_task_slots: Option<&'a Bound<'py, PyAny>>,
    /// EC2 instance id.
    pub(crate) ec2_instance_id: Option<&'a Bound<'py, PyAny>>,
    /// Capacity provider.
    pub(crate) capacity_provider: Option<&'a Bound<'py, PyAny>>,
    /// Version of the agent.
    pub(crate) agent_version: Option<&'a Bound<'py, PyAny>>,
    /// Whether the agent is connected.
    pub(crate) agent_connected: bool,
    /// Status.
    pub(crate) status: Option<&'a Bound<'py, PyAny>>,
}

/// Registers an instance of a name with so much CPU and memory.
pub(crate) fn register(
    cluster: &Cluster,
    name: &Bound<'_, PyAny>,
    (cpu, memory_mib): (&Bound<'_, PyAny>, &Bound<'_, PyAny>),
    described: &Described<'_, '_>,
) -> PyResult<()> {
    let py = name.py();
    let port = |name: &str, value: &Bound<'_, PyAny>| argument::number(name, value, (0, u16::MAX));
    let name = argument::text("name", name)?;
    let (cpu, memory_mib) = (argument::amount("cpu", cpu)?, argument::amount("memory_mib", memory_mib)?);
    let zone = argument::optional_text("zone", described.zone)?;
    let attributes = convert::to_attributes(described.attributes)?;
    let gpus = argument::list("gpus", described.gpus, argument::text)?;
    let custom = argument::amounts("custom", described.custom)?;
    let (ports, udp_ports) =
        (argument::list("ports", described.ports, port)?, argument::list("udp_ports", described.udp_ports, port)?);
    let slots = |value| argument::number("eni_task_slots", value, (0, u32::MAX));
    let eni_task_slots = described.eni_task_slots.map(slots).transpose()?;
    let ec2_instance_id = argument::optional_text("ec2_instance_id", described.ec2_instance_id)?;
    let capacity_provider = argument::optional_text("capacity_provider", described.capacity_provider)?;
    let agent_version = argument::optional_text("agent_version", described.agent_version)?;
    let status = argument::optional_text("status", described.status)?.unwrap_or_else(|| "ACTIVE".to_string());
    let Some(status) = InstanceStatus::from_ecs(&status) else {
        let message = format!("status `{status}` is unknown");
        let known = InstanceStatus::ALL.map(|known| format!("`{known}`")).join(", ");
        let fault = Error::with_message(ErrorKind::InvalidParameter, message).in_path("status");
        return Err(error::plain(py, &fault.with_help(format!("it is one of {known}"))));
    };
    let gpus = gpus.unwrap_or_default();
    let mut instance = Instance::new(&name).with_resources(cpu, memory_mib).with_status(status);
    instance.registered.gpus = gpus.iter().map(String::as_str).collect();
    instance.registered.custom = custom.iter().map(|(name, amount)| (name.as_str(), *amount)).collect();
    if let Some(ports) = ports {
        instance.registered.tcp_ports = ports;
    }
    instance.registered.udp_ports = udp_ports.unwrap_or_default();
    instance.attributes = attributes.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
    if let Some(zone) = &zone {
        instance = instance.with_zone(zone);
    }
    instance.eni_task_slots = eni_task_slots;
    instance.ec2_instance_id = ec2_instance_id.as_deref();
    instance.capacity_provider = capacity_provider.as_deref();
    instance.agent_version = agent_version.as_deref();
    instance.agent_connected = described.agent_connected;
    cluster.call(py, |session| session.register(&instance).map(drop))
}

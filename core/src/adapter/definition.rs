//! ECS task definitions as JSON → [`TaskDefinition`], refused where ECS refuses them.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::text;
use crate::definition::{
    Compatibility, Container, ContainerOverride, CpuArchitecture, GpuRequest, NetworkMode, Overrides, PortMapping,
    TaskDefinition, amount, invalid,
};
use crate::demand::RequiredAttribute;
use crate::error::{Error, ErrorKind};
use crate::expr::{self, Expression};
use crate::instance::Protocol;
use crate::json::{Fields, Json};
use crate::limits::ECS_REVISION_MAX;

/// The definition that an object of ECS's form describes, validated.
pub(super) fn read(fields: Fields<'_, '_>) -> Result<TaskDefinition, Error> {
    let mut definition = TaskDefinition::new(fields.text("family")?);
    definition.revision = fields.optional_with("revision", revision)?;
    definition.network_mode = fields.optional_with("networkMode", network_mode)?.unwrap_or_default();
    definition.cpu = fields.optional_with("cpu", |cpu| amount::cpu_units(cpu.as_text()?))?;
    definition.memory_mib = fields.optional_with("memory", |memory| amount::memory_mib(memory.as_text()?))?;
    fields.required("containerDefinitions")?;
    definition.containers = fields.each("containerDefinitions", |container| read_container(container.as_fields()?))?;
    definition.required_attributes = fields.each("requiresAttributes", required_attribute)?;
    definition.constraints = fields.each("placementConstraints", constraint)?;
    if let Some(platform) = fields.optional_fields("runtimePlatform")? {
        let in_platform = |error: Error| error.in_path("runtimePlatform");
        definition.cpu_architecture =
            platform.optional_with("cpuArchitecture", cpu_architecture).map_err(in_platform)?;
        definition.os_family = platform.optional_with("operatingSystemFamily", os_family).map_err(in_platform)?;
    }
    definition.requires_compatibilities = fields.each("requiresCompatibilities", compatibility)?;
    definition.inference_accelerators = fields.each("inferenceAccelerators", |device| {
        device.as_fields()?.required_with("deviceName", text::kept).map(String::from)
    })?;
    if let Some(storage) = fields.optional_fields("ephemeralStorage")? {
        let gib = storage.integer("sizeInGiB").map_err(|error| error.in_path("ephemeralStorage"))?;
        definition.ephemeral_storage_gib = Some(gib);
    }
    definition.validate()?;
    Ok(definition)
}

/// The number of a revision.
pub(super) fn revision(value: &Json<'_>) -> Result<u32, Error> {
    let number = value.as_integer()?;
    u32::try_from(number)
        .ok()
        .filter(|_| (1..=ECS_REVISION_MAX).contains(&number))
        .ok_or_else(|| invalid(format!("revision `{number}` is outside 1 to {ECS_REVISION_MAX}")))
}

/// A network mode.
fn network_mode(value: &Json<'_>) -> Result<NetworkMode, Error> {
    let text = value.as_text()?;
    NetworkMode::from_ecs(text).ok_or_else(|| unknown("network mode", text, &["bridge", "host", "awsvpc", "none"]))
}

/// A processor architecture.
fn cpu_architecture(value: &Json<'_>) -> Result<CpuArchitecture, Error> {
    let text = value.as_text()?;
    CpuArchitecture::from_ecs(text).ok_or_else(|| unknown("cpu architecture", text, &["X86_64", "ARM64"]))
}

/// An operating system family.
fn os_family(value: &Json<'_>) -> Result<String, Error> {
    let text = text::kept(value)?;
    if text == "LINUX" || text.starts_with("WINDOWS") {
        Ok(String::from(text))
    } else {
        Err(unknown("operating system family", text, &["LINUX", "WINDOWS_SERVER_2022_CORE"]))
    }
}

/// A kind of capacity.
fn compatibility(value: &Json<'_>) -> Result<Compatibility, Error> {
    let text = value.as_text()?;
    Compatibility::from_ecs(text)
        .ok_or_else(|| unknown("compatibility", text, &["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"]))
}

/// The error for a word that is none of those known.
#[cold]
fn unknown(what: &str, text: &str, known: &[&str]) -> Error {
    invalid(format!("{what} `{text}` is unknown")).with_help(format!("write one of {}", known.join(", ")))
}

/// An attribute that the instance must carry.
fn required_attribute(value: &Json<'_>) -> Result<RequiredAttribute, Error> {
    let fields = value.as_fields()?;
    let name = String::from(fields.required_with("name", text::kept)?);
    Ok(RequiredAttribute { name, value: fields.optional_with("value", text::kept)?.map(String::from) })
}

/// The expression of a `memberOf` constraint, the only type a definition may have.
fn constraint(value: &Json<'_>) -> Result<Expression, Error> {
    let fields = value.as_fields()?;
    match fields.text("type")? {
        "memberOf" => fields.required_with("expression", |text| expr::compile(text.as_text()?)),
        "distinctInstance" => Err(Error::with_message(
            ErrorKind::InvalidConstraint,
            "constraint type `distinctInstance` is not allowed in a task definition",
        )
        .in_path("type")),
        other => {
            let message = format!("constraint type `{other}` is unknown");
            Err(Error::with_message(ErrorKind::InvalidConstraint, message)
                .with_help("write `memberOf`")
                .in_path("type"))
        }
    }
}

/// One container.
fn read_container(fields: Fields<'_, '_>) -> Result<Container, Error> {
    let mut container = Container::new(fields.text("name")?);
    container.cpu = fields.optional_integer("cpu")?.unwrap_or(0);
    container.memory_mib = fields.optional_integer("memory")?;
    container.memory_reservation_mib = fields.optional_integer("memoryReservation")?;
    container.is_essential = fields.optional_bool("essential")?.unwrap_or(true);
    container.ports = fields.each("portMappings", |mapping| port_mapping(mapping.as_fields()?))?;
    for requirement in fields.each("resourceRequirements", |requirement| read_requirement(requirement.as_fields()?))? {
        match requirement {
            Requirement::Gpu(request) => container.gpu = Some(joined(container.gpu, request)?),
            Requirement::Accelerator(device) => container.accelerators.push(device),
        }
    }
    if let Some(resources) = fields.optional_fields("xResources")? {
        for (name, amount) in resources.iter() {
            let amount = amount.as_integer().map_err(|error| error.in_path(name).in_path("xResources"))?;
            let name = text::bounded(name).map_err(|error| error.in_path("xResources"))?;
            container.custom.push((String::from(name), amount));
        }
    }
    Ok(container)
}

/// What one entry of `resourceRequirements` asks for.
enum Requirement {
    /// GPUs.
    Gpu(GpuRequest),
    /// An inference accelerator by device name.
    Accelerator(String),
}

/// One entry of `resourceRequirements`.
fn read_requirement(fields: Fields<'_, '_>) -> Result<Requirement, Error> {
    let unsupported = |message: &str| Err(Error::with_message(ErrorKind::UnsupportedFeature, message));
    match fields.text("type")? {
        "GPU" if fields.get("sharingStrategy").is_some() => {
            unsupported("GPU sharing by `sharingStrategy` is not supported").map_err(|error| {
                error.with_help("to share a GPU, use a requirement of type `xGpuShare`").in_path("sharingStrategy")
            })
        }
        "GPU" => fields.required_with("value", |value| GpuRequest::from_value(value.as_text()?)).map(Requirement::Gpu),
        "xGpuShare" => {
            fields.required_with("value", |value| GpuRequest::from_share(value.as_text()?)).map(Requirement::Gpu)
        }
        "InferenceAccelerator" => {
            Ok(Requirement::Accelerator(String::from(fields.required_with("value", text::kept)?)))
        }
        "NeuronDevice" => unsupported("`NeuronDevice` is offered on ECS Managed Instances only")
            .map_err(|error| error.in_path("type")),
        other => {
            Err(unknown("resource requirement", other, &["GPU", "InferenceAccelerator", "xGpuShare"]).in_path("type"))
        }
    }
}

/// Two GPU requirements of one container as one.
fn joined(first: Option<GpuRequest>, second: GpuRequest) -> Result<GpuRequest, Error> {
    match (first, second) {
        (None, request) => Ok(request),
        (Some(GpuRequest::Whole(a)), GpuRequest::Whole(b)) => Ok(GpuRequest::Whole(a.saturating_add(b))),
        _ => Err(invalid("GPU requirements of one container do not go together").in_path("resourceRequirements")),
    }
}

/// One port mapping.
fn port_mapping(fields: Fields<'_, '_>) -> Result<PortMapping, Error> {
    let name = fields.optional_text("name")?.map(String::from);
    let protocol = fields.optional_with("protocol", protocol)?.unwrap_or(Protocol::Tcp);
    let host_port = fields.optional_with("hostPort", |port| port_number(port, 0))?.filter(|&port| port > 0);
    let range = fields.optional_with("containerPortRange", port_range)?;
    let single = fields.optional_with("containerPort", |port| port_number(port, 1))?;
    match (single, range) {
        (Some(container_port), None) => {
            Ok(PortMapping { name, container_port, container_port_last: None, host_port, protocol })
        }
        (None, Some((first, last))) => {
            Ok(PortMapping { name, container_port: first, container_port_last: Some(last), host_port, protocol })
        }
        (None, None) => Err(Error::with_message(ErrorKind::JsonMissing, "key `containerPort` is missing")),
        (Some(_), Some(_)) => Err(invalid("a port mapping has `containerPort` or `containerPortRange`, not both")),
    }
}

/// A protocol.
fn protocol(value: &Json<'_>) -> Result<Protocol, Error> {
    match value.as_text()? {
        "tcp" => Ok(Protocol::Tcp),
        "udp" => Ok(Protocol::Udp),
        other => Err(unknown("protocol", other, &["tcp", "udp"])),
    }
}

/// A port number, at least `least`.
fn port_number(value: &Json<'_>, least: u16) -> Result<u16, Error> {
    let number = value.as_integer()?;
    u16::try_from(number).ok().filter(|&port| port >= least).ok_or_else(|| bad_port(&format!("{number}"), least))
}

/// The error for what is no port.
#[cold]
pub(super) fn bad_port(text: &str, least: u16) -> Error {
    Error::with_message(ErrorKind::InvalidPort, format!("port `{text}` is outside {least} to 65535"))
}

/// A range of ports such as `8000-8010`.
fn port_range(value: &Json<'_>) -> Result<(u16, u16), Error> {
    let text = value.as_text()?;
    let port = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u16>().ok()).flatten().filter(|&port| port > 0)
    };
    text.split_once('-')
        .and_then(|(first, last)| Some((port(first)?, port(last)?)))
        .ok_or_else(|| invalid(format!("`{text}` is no range of ports")).with_help("write it as `8000-8010`"))
}

/// The `overrides` of a request or a task.
pub(super) fn read_overrides(value: &Json<'_>) -> Result<Overrides, Error> {
    let fields = value.as_fields()?;
    Ok(Overrides {
        cpu: fields.optional_with("cpu", |cpu| amount::cpu_units(cpu.as_text()?))?,
        memory_mib: fields.optional_with("memory", |memory| amount::memory_mib(memory.as_text()?))?,
        containers: fields.each("containerOverrides", |container| container_override(container.as_fields()?))?,
    })
}

/// One entry of `containerOverrides`.
fn container_override(fields: Fields<'_, '_>) -> Result<ContainerOverride, Error> {
    let mut gpu = None;
    let requirements: Vec<Requirement> =
        fields.each("resourceRequirements", |requirement| read_requirement(requirement.as_fields()?))?;
    for requirement in requirements {
        if let Requirement::Gpu(request) = requirement {
            gpu = Some(joined(gpu, request)?);
        }
    }
    Ok(ContainerOverride {
        name: String::from(fields.text("name")?),
        cpu: fields.optional_integer("cpu")?,
        memory_mib: fields.optional_integer("memory")?,
        memory_reservation_mib: fields.optional_integer("memoryReservation")?,
        gpu,
    })
}

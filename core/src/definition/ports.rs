//! Port mappings: which a network mode allows, and which host ports a task takes (semantics.md §1.4, U-13, U-14).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Container, NetworkMode, TaskDefinition, invalid};
use crate::error::{Error, ErrorKind};
use crate::instance::Protocol;
use crate::limits::ECS_PORT_RANGES_MAX;

/// First port of the range that agents usually take dynamic ports from.
const EPHEMERAL_PORT_MIN: u16 = 32768;

/// One port, or a range of ports, of a container.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PortMapping {
    /// What Service Connect calls it; `None` where it never does.
    pub name: Option<String>,
    /// Port the container listens on, or the first of a range.
    pub container_port: u16,
    /// Last port of a range; `None` for a single port.
    pub container_port_last: Option<u16>,
    /// Port of the host; `None` where the agent picks one or the container's own counts.
    pub host_port: Option<u16>,
    /// Protocol.
    pub protocol: Protocol,
}

impl PortMapping {
    /// A TCP port without a host port of its own.
    #[must_use]
    pub const fn tcp(container_port: u16) -> Self {
        Self { name: None, container_port, container_port_last: None, host_port: None, protocol: Protocol::Tcp }
    }

    /// A UDP port without a host port of its own.
    #[must_use]
    pub const fn udp(container_port: u16) -> Self {
        Self { name: None, container_port, container_port_last: None, host_port: None, protocol: Protocol::Udp }
    }

    /// A range of container ports, `first < last`.
    #[must_use]
    pub const fn range(first: u16, last: u16, protocol: Protocol) -> Self {
        Self { name: None, container_port: first, container_port_last: Some(last), host_port: None, protocol }
    }

    /// The same mapping on a port of the host; 0 lets the agent pick one.
    #[must_use]
    pub const fn on_host(mut self, host_port: u16) -> Self {
        self.host_port = if host_port == 0 { None } else { Some(host_port) };
        self
    }

    /// The same mapping under a name for Service Connect.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The host port a task takes for it in this network mode, if any.
    pub(super) fn static_host_port(&self, mode: NetworkMode) -> Option<u16> {
        match mode {
            _ if self.container_port_last.is_some() => None,
            NetworkMode::Bridge => self.host_port.filter(|&port| port > 0),
            NetworkMode::Host => Some(self.host_port.filter(|&port| port > 0).unwrap_or(self.container_port)),
            NetworkMode::Awsvpc | NetworkMode::None => None,
        }
    }

    /// First and last container port.
    const fn span(&self) -> (u16, u16) {
        match self.container_port_last {
            Some(last) => (self.container_port, last),
            None => (self.container_port, self.container_port),
        }
    }

    /// Whether two mappings have a container port and the protocol in common.
    fn overlaps(&self, other: &Self) -> bool {
        let ((first, last), (other_first, other_last)) = (self.span(), other.span());
        self.protocol == other.protocol && first <= other_last && other_first <= last
    }
}

/// The protocol in messages.
const fn protocol_name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
    }
}

/// Static host ports of a task, sorted, each once, and whether two mappings want the same one.
pub(super) fn host_ports(definition: &TaskDefinition) -> (Vec<(Protocol, u16)>, bool) {
    let mode = definition.network_mode;
    let mappings = definition.containers.iter().flat_map(|container| &container.ports);
    let mut ports: Vec<(Protocol, u16)> =
        mappings.filter_map(|mapping| mapping.static_host_port(mode).map(|port| (mapping.protocol, port))).collect();
    ports.sort_unstable();
    let wanted = ports.len();
    ports.dedup();
    let has_clash = ports.len() != wanted || (mode == NetworkMode::Awsvpc && shared_port(definition).is_some());
    (ports, has_clash)
}

/// A container port that two mappings of a task share, where all its containers share one network.
fn shared_port(definition: &TaskDefinition) -> Option<(Protocol, u16)> {
    let mut mappings: Vec<&PortMapping> = definition.containers.iter().flat_map(|container| &container.ports).collect();
    mappings.sort_by_key(|mapping| (mapping.protocol, mapping.span()));
    mappings.windows(2).find(|pair| pair[0].overlaps(pair[1])).map(|pair| (pair[1].protocol, pair[1].container_port))
}

/// Refuses the mappings that ECS refuses in a definition.
///
/// # Errors
/// [`ErrorKind::InvalidPort`] for port 0, [`ErrorKind::LimitExceeded`] for too many ranges, [`ErrorKind::InvalidDefinition`]
/// for the rest.
pub(super) fn validate(definition: &TaskDefinition) -> Result<(), Error> {
    let mode = definition.network_mode;
    for (index, container) in definition.containers.iter().enumerate() {
        validate_container(container, mode)
            .map_err(|error| error.in_path("portMappings").in_path(&format!("containerDefinitions[{index}]")))?;
    }
    let mut taken: Vec<(Protocol, u16)> = Vec::new();
    for mapping in definition.containers.iter().flat_map(|container| &container.ports) {
        let Some(port) = mapping.static_host_port(mode) else { continue };
        if taken.contains(&(mapping.protocol, port)) {
            return Err(mapped_twice(mapping.protocol, port));
        }
        taken.push((mapping.protocol, port));
    }
    match shared_port(definition) {
        Some((protocol, port)) if mode == NetworkMode::Awsvpc => Err(mapped_twice(protocol, port)),
        _ => Ok(()),
    }
}

/// The error for a host port that two mappings want, in the words of ECS.
#[cold]
fn mapped_twice(protocol: Protocol, port: u16) -> Error {
    invalid(format!("{} host port '{port}' is mapped multiple times in task.", protocol_name(protocol)))
}

/// Refuses mappings that one container cannot have.
fn validate_container(container: &Container, mode: NetworkMode) -> Result<(), Error> {
    if mode == NetworkMode::None && !container.ports.is_empty() {
        return Err(invalid("port mappings are not allowed in network mode `none`"));
    }
    let ranges: Vec<&PortMapping> =
        container.ports.iter().filter(|mapping| mapping.container_port_last.is_some()).collect();
    if ranges.len() > ECS_PORT_RANGES_MAX {
        let message =
            format!("a container has at most {ECS_PORT_RANGES_MAX} port ranges, this one has {}", ranges.len());
        return Err(Error::with_message(ErrorKind::LimitExceeded, message));
    }
    for mapping in &container.ports {
        if mapping.container_port == 0 {
            return Err(Error::with_message(ErrorKind::InvalidPort, "a container port is 1 to 65535"));
        }
        if let Some(host_port) = mapping.host_port.filter(|&port| port > 0) {
            let must_equal = matches!(mode, NetworkMode::Host | NetworkMode::Awsvpc);
            if must_equal && host_port != mapping.container_port {
                return Err(invalid(format!(
                    "host port {host_port} must be absent or equal container port {} in network mode `{}`",
                    mapping.container_port,
                    mode.as_str()
                )));
            }
        }
    }
    for (index, range) in ranges.iter().enumerate() {
        let (first, last) = range.span();
        if mode == NetworkMode::Host {
            return Err(invalid("a container port range needs network mode `bridge` or `awsvpc`"));
        }
        if first >= last {
            return Err(invalid(format!("container port range `{first}-{last}` does not rise")));
        }
        if range.host_port.is_some() {
            return Err(invalid(format!("container port range `{first}-{last}` takes no host port")));
        }
        let overlaps_range = ranges[..index].iter().any(|other| other.overlaps(range));
        let mut single = container.ports.iter().filter(|mapping| mapping.container_port_last.is_none());
        if overlaps_range || single.any(|mapping| mapping.overlaps(range)) {
            return Err(invalid(format!("container port range `{first}-{last}` overlaps another mapping")));
        }
    }
    Ok(())
}

/// Says which static host ports lie where agents pick dynamic ones.
pub(super) fn warnings(definition: &TaskDefinition, warnings: &mut Vec<String>) {
    for (protocol, port) in host_ports(definition).0 {
        if port >= EPHEMERAL_PORT_MIN {
            let protocol = protocol_name(protocol);
            warnings.push(format!("{protocol} host port {port} lies in the range agents pick dynamic ports from"));
        }
    }
}

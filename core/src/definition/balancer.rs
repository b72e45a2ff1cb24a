//! Load balancers and Service Connect of a service, as far as placement cares: which container port they name
//! (semantics.md §10).
//!
//! Everything else follows from the port model: a static host port already keeps two tasks of a service off one instance.

use alloc::format;
use alloc::string::String;

use super::{Container, NetworkMode, PortMapping, TaskDefinition};
use crate::error::{Error, ErrorKind};

/// Kind of load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BalancerKind {
    /// Application or Network Load Balancer: a target group.
    TargetGroup,
    /// Classic Load Balancer: it registers the instance, with one fixed host port.
    Classic,
}

/// A load balancer of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancer {
    /// Kind.
    pub kind: BalancerKind,
    /// Container it sends to.
    pub container: String,
    /// Container port it sends to.
    pub container_port: u16,
}

/// Refuses a load balancer that the definition has no fitting port for.
///
/// # Errors
/// [`ErrorKind::InvalidParameter`]: the container or the port does not exist, the port is mapped more than once, or a
/// Classic Load Balancer meets network mode `awsvpc` or a port without a static host port.
pub fn check_load_balancer(definition: &TaskDefinition, balancer: &LoadBalancer) -> Result<(), Error> {
    let refuse = |message: String| Err(Error::with_message(ErrorKind::InvalidParameter, message));
    let (name, port) = (&balancer.container, balancer.container_port);
    let Some(container) = definition.containers.iter().find(|container| container.name == *name) else {
        return refuse(format!("The container {name} does not exist in the task definition."));
    };
    let mapping =
        container.ports.iter().find(|mapping| mapping.container_port == port && mapping.container_port_last.is_none());
    let Some(mapping) = mapping else {
        return refuse(format!("The container {name} did not have a container port {port} defined."));
    };
    check_mapped_once(container, port)?;
    if balancer.kind == BalancerKind::Classic {
        if definition.network_mode == NetworkMode::Awsvpc {
            return refuse(String::from("a Classic Load Balancer cannot be used in network mode `awsvpc`"));
        }
        if mapping.static_host_port(definition.network_mode).is_none() {
            return refuse(format!(
                "a Classic Load Balancer needs a static host port for port {port} of container `{name}`"
            ));
        }
    }
    Ok(())
}

/// Refuses a port name of Service Connect whose container port is mapped more than once (U-14). A name that the definition
/// does not have says nothing about ports.
///
/// # Errors
/// [`ErrorKind::InvalidParameter`].
pub fn check_service_connect(definition: &TaskDefinition, port_name: &str) -> Result<(), Error> {
    for container in &definition.containers {
        let is_meant = |name: &Option<String>| name.as_deref() == Some(port_name);
        for mapping in container.ports.iter().filter(|mapping| is_meant(&mapping.name)) {
            if mapping.container_port_last.is_none() {
                check_mapped_once(container, mapping.container_port)?;
            }
        }
    }
    Ok(())
}

/// Refuses a container port that stands in more than one mapping, in the words of ECS.
fn check_mapped_once(container: &Container, port: u16) -> Result<(), Error> {
    let is_it = |mapping: &&PortMapping| mapping.container_port == port && mapping.container_port_last.is_none();
    if container.ports.iter().filter(is_it).count() < 2 {
        return Ok(());
    }
    let message =
        format!("Container port {port} is used in more than one port mapping for container {}", container.name);
    Err(Error::with_message(ErrorKind::InvalidParameter, message))
}

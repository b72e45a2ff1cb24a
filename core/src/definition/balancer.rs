//! Load balancers of a service, as far as placement cares: which container port they name (semantics.md §10).
//!
//! Everything else follows from the port model: a static host port already keeps two tasks of a service off one instance.

use alloc::format;
use alloc::string::String;

use super::{NetworkMode, TaskDefinition};
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
    let mut mappings = container
        .ports
        .iter()
        .filter(|mapping| mapping.container_port == port && mapping.container_port_last.is_none());
    let Some(mapping) = mappings.next() else {
        return refuse(format!("The container {name} did not have a container port {port} defined."));
    };
    if mappings.next().is_some() {
        return refuse(format!("Container port {port} is used in more than one port mapping for container {name}"));
    }
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

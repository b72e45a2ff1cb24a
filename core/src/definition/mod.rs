//! Task definitions: what one task is made of, whether ECS would take it, and what it comes down to on an instance.
//!
//! A [`TaskDefinition`] is typed data with nothing hidden; [`validate`](TaskDefinition::validate) refuses what ECS refuses
//! when it is registered (semantics.md §1.2–§1.7), [`warnings`](TaskDefinition::warnings) names what ECS accepts and people
//! regret, and [`demand`](TaskDefinition::demand) is the sum that placement works with, run-time overrides applied. JSON is
//! read elsewhere.

pub mod amount;
pub mod balancer;
mod demand;
pub mod fargate;
pub mod gpu;
pub mod ports;
mod validate;

use alloc::string::String;
use alloc::vec::Vec;

pub use demand::{ContainerOverride, Overrides};
pub use gpu::GpuRequest;
pub use ports::PortMapping;

use crate::demand::RequiredAttribute;
use crate::error::{Error, ErrorKind};
use crate::expr::Expression;

/// How a task is attached to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NetworkMode {
    /// The instance's bridge; host ports are mapped. Also what Windows calls `default`.
    #[default]
    Bridge,
    /// The instance's own network; container ports are host ports.
    Host,
    /// A network interface of its own; no host ports.
    Awsvpc,
    /// No network.
    None,
}

impl NetworkMode {
    /// The mode as ECS writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bridge => "bridge",
            Self::Host => "host",
            Self::Awsvpc => "awsvpc",
            Self::None => "none",
        }
    }

    /// The mode ECS writes so; `default` is [`Bridge`](Self::Bridge).
    #[must_use]
    pub fn from_ecs(text: &str) -> Option<Self> {
        match text {
            "bridge" | "default" => Some(Self::Bridge),
            "host" => Some(Self::Host),
            "awsvpc" => Some(Self::Awsvpc),
            "none" => Some(Self::None),
            _ => None,
        }
    }
}

/// Processor architecture a definition asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CpuArchitecture {
    /// `X86_64`.
    X86_64,
    /// `ARM64`.
    Arm64,
}

impl CpuArchitecture {
    /// The architecture ECS writes so in a definition.
    #[must_use]
    pub fn from_ecs(text: &str) -> Option<Self> {
        match text {
            "X86_64" => Some(Self::X86_64),
            "ARM64" => Some(Self::Arm64),
            _ => None,
        }
    }

    /// The value of the attribute `ecs.cpu-architecture`.
    #[must_use]
    pub const fn attribute_value(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

/// Kinds of capacity a definition is checked against when it is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compatibility {
    /// Container instances on EC2.
    Ec2,
    /// Fargate.
    Fargate,
    /// External container instances.
    External,
    /// ECS Managed Instances.
    ManagedInstances,
}

impl Compatibility {
    /// The kind ECS writes so.
    #[must_use]
    pub fn from_ecs(text: &str) -> Option<Self> {
        match text {
            "EC2" => Some(Self::Ec2),
            "FARGATE" => Some(Self::Fargate),
            "EXTERNAL" => Some(Self::External),
            "MANAGED_INSTANCES" => Some(Self::ManagedInstances),
            _ => None,
        }
    }
}

/// One container of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Name, unique in its task.
    pub name: String,
    /// CPU units it reserves.
    pub cpu: i64,
    /// Hard limit of memory in MiB.
    pub memory_mib: Option<i64>,
    /// Soft limit of memory in MiB; where there is one, it is what the task reserves.
    pub memory_reservation_mib: Option<i64>,
    /// Whether the task ends with it.
    pub is_essential: bool,
    /// Ports it listens on.
    pub ports: Vec<PortMapping>,
    /// GPUs it asks for.
    pub gpu: Option<GpuRequest>,
    /// Inference accelerators it asks for, by device name.
    pub accelerators: Vec<String>,
    /// Custom countable resources it takes: name and amount.
    pub custom: Vec<(String, i64)>,
}

impl Container {
    /// An essential container that reserves nothing.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            cpu: 0,
            memory_mib: None,
            memory_reservation_mib: None,
            is_essential: true,
            ports: Vec::new(),
            gpu: None,
            accelerators: Vec::new(),
            custom: Vec::new(),
        }
    }

    /// The same container with so many CPU units.
    #[must_use]
    pub fn with_cpu(mut self, units: i64) -> Self {
        self.cpu = units;
        self
    }

    /// The same container with a hard limit of memory.
    #[must_use]
    pub fn with_memory_mib(mut self, memory_mib: i64) -> Self {
        self.memory_mib = Some(memory_mib);
        self
    }

    /// The same container with a soft limit of memory.
    #[must_use]
    pub fn with_memory_reservation_mib(mut self, memory_mib: i64) -> Self {
        self.memory_reservation_mib = Some(memory_mib);
        self
    }

    /// The same container with a port mapping more.
    #[must_use]
    pub fn with_port(mut self, mapping: PortMapping) -> Self {
        self.ports.push(mapping);
        self
    }

    /// The same container with these GPUs.
    #[must_use]
    pub fn with_gpu(mut self, request: GpuRequest) -> Self {
        self.gpu = Some(request);
        self
    }

    /// The same container with so much of a custom resource.
    #[must_use]
    pub fn with_custom(mut self, name: impl Into<String>, amount: i64) -> Self {
        self.custom.push((name.into(), amount));
        self
    }

    /// The same container, not essential.
    #[must_use]
    pub fn not_essential(mut self) -> Self {
        self.is_essential = false;
        self
    }

    /// Memory in MiB it reserves: the soft limit where there is one, else the hard one.
    #[must_use]
    pub fn reserved_memory_mib(&self) -> i64 {
        self.memory_reservation_mib.filter(|&soft| soft > 0).or(self.memory_mib).unwrap_or(0)
    }
}

/// What one task is made of.
///
/// # Example
/// ```
/// use placewright::definition::{Container, Overrides, PortMapping, TaskDefinition};
///
/// let web = TaskDefinition::new("web")
///     .with_container(Container::new("app").with_cpu(256).with_memory_mib(512).with_port(PortMapping::tcp(80).on_host(8080)));
/// web.validate()?;
/// let demand = web.demand(&Overrides::default())?;
/// assert_eq!((demand.cpu, demand.memory_mib, demand.ports.len()), (256, 512, 1));
/// # Ok::<(), placewright::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TaskDefinition {
    /// Family: its name without revision.
    pub family: String,
    /// Revision, from 1; `None` until it is registered.
    pub revision: Option<u32>,
    /// Network mode.
    pub network_mode: NetworkMode,
    /// CPU units of the whole task. 0 counts as absent.
    pub cpu: Option<i64>,
    /// Memory of the whole task in MiB. 0 counts as absent.
    pub memory_mib: Option<i64>,
    /// Containers, 1 to 10.
    pub containers: Vec<Container>,
    /// Attributes an instance must carry.
    pub required_attributes: Vec<RequiredAttribute>,
    /// Expressions of its `memberOf` constraints.
    pub constraints: Vec<Expression>,
    /// Architecture it is built for.
    pub cpu_architecture: Option<CpuArchitecture>,
    /// Operating system family, e.g. `LINUX` or `WINDOWS_SERVER_2022_CORE`.
    pub os_family: Option<String>,
    /// Kinds of capacity it must be valid for; none means container instances.
    pub requires_compatibilities: Vec<Compatibility>,
    /// Device names of its inference accelerators.
    pub inference_accelerators: Vec<String>,
    /// Ephemeral storage on Fargate in GiB, 21 to 200; `None` is the default of 20.
    pub ephemeral_storage_gib: Option<i64>,
}

impl TaskDefinition {
    /// A definition of this family without containers, in bridge mode.
    #[must_use]
    pub fn new(family: impl Into<String>) -> Self {
        Self {
            family: family.into(),
            revision: None,
            network_mode: NetworkMode::default(),
            cpu: None,
            memory_mib: None,
            containers: Vec::new(),
            required_attributes: Vec::new(),
            constraints: Vec::new(),
            cpu_architecture: None,
            os_family: None,
            requires_compatibilities: Vec::new(),
            inference_accelerators: Vec::new(),
            ephemeral_storage_gib: None,
        }
    }

    /// The same definition with a container more.
    #[must_use]
    pub fn with_container(mut self, container: Container) -> Self {
        self.containers.push(container);
        self
    }

    /// The same definition with this revision.
    #[must_use]
    pub fn with_revision(mut self, revision: u32) -> Self {
        self.revision = Some(revision);
        self
    }

    /// The same definition in another network mode.
    #[must_use]
    pub fn with_network_mode(mut self, mode: NetworkMode) -> Self {
        self.network_mode = mode;
        self
    }

    /// The same definition with CPU units for the whole task.
    #[must_use]
    pub fn with_cpu(mut self, units: i64) -> Self {
        self.cpu = Some(units);
        self
    }

    /// The same definition with memory for the whole task.
    #[must_use]
    pub fn with_memory_mib(mut self, memory_mib: i64) -> Self {
        self.memory_mib = Some(memory_mib);
        self
    }

    /// The same definition with a `memberOf` constraint more.
    ///
    /// # Errors
    /// Those of [`expr::compile`](crate::expr::compile).
    pub fn with_constraint(mut self, expression: &str) -> Result<Self, Error> {
        self.constraints.push(crate::expr::compile(expression)?);
        Ok(self)
    }

    /// The same definition with an attribute more that an instance must carry; `None` takes any value.
    #[must_use]
    pub fn with_required_attribute(mut self, name: impl Into<String>, value: Option<&str>) -> Self {
        self.required_attributes.push(RequiredAttribute { name: name.into(), value: value.map(String::from) });
        self
    }

    /// The name a task carries: `family:revision`, or the family alone without revision.
    #[must_use]
    pub fn name(&self) -> String {
        match self.revision {
            Some(revision) => alloc::format!("{}:{revision}", self.family),
            None => self.family.clone(),
        }
    }

    /// Whether its task-level amounts count: not on Windows instances (U-07).
    pub(crate) fn has_task_amounts(&self) -> bool {
        !self.is_windows() || !self.is_for_instances()
    }

    /// Whether it runs on Windows.
    #[must_use]
    pub fn is_windows(&self) -> bool {
        self.os_family.as_deref().is_some_and(|family| family.starts_with("WINDOWS"))
    }

    /// Whether it must be valid for Fargate.
    #[must_use]
    pub fn is_fargate(&self) -> bool {
        self.requires_compatibilities.contains(&Compatibility::Fargate)
    }

    /// Whether it must be valid for container instances: EC2 and external ones, and definitions that do not say.
    #[must_use]
    pub fn is_for_instances(&self) -> bool {
        self.requires_compatibilities.is_empty()
            || self.requires_compatibilities.iter().any(|kind| *kind != Compatibility::Fargate)
    }

    /// Task-level CPU units as far as they count.
    pub(crate) fn task_cpu(&self) -> Option<i64> {
        self.cpu.filter(|&units| units > 0 && self.has_task_amounts())
    }

    /// Task-level memory in MiB as far as it counts.
    pub(crate) fn task_memory_mib(&self) -> Option<i64> {
        self.memory_mib.filter(|&memory| memory > 0 && self.has_task_amounts())
    }
}

/// The error ECS refuses a definition with.
#[cold]
pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::with_message(ErrorKind::InvalidDefinition, message)
}

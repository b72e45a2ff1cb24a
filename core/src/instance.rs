//! What is known of a container instance when it registers: a borrowed description, read once by
//! [`Cluster::register`](crate::Cluster::register).

use alloc::vec::Vec;
use core::fmt;

use crate::expr::Timestamp;

/// State of a container instance. Only `Active` ones are considered for placement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum InstanceStatus {
    /// Takes tasks.
    #[default]
    Active,
    /// Takes no new tasks; those it has are being moved away.
    Draining,
    /// Not ready yet.
    Registering,
    /// Will not become ready.
    RegistrationFailed,
    /// On its way out.
    Deregistering,
    /// Gone.
    Inactive,
}

impl InstanceStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Active,
        Self::Draining,
        Self::Registering,
        Self::RegistrationFailed,
        Self::Deregistering,
        Self::Inactive,
    ];

    /// The status as ECS writes it, e.g. `ACTIVE`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Registering => "REGISTERING",
            Self::RegistrationFailed => "REGISTRATION_FAILED",
            Self::Deregistering => "DEREGISTERING",
            Self::Inactive => "INACTIVE",
        }
    }

    /// The status ECS writes so, if there is one.
    #[must_use]
    pub fn from_ecs(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

impl fmt::Display for InstanceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Transport protocol of a host port. The two port spaces are independent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// Host ports an agent reserves on Linux when the instance does not say otherwise (semantics.md §1.1, U-04).
pub const LINUX_AGENT_PORTS: [u16; 6] = [22, 2375, 2376, 51678, 51679, 51680];

/// What an instance has, or what is left of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Amounts<'a> {
    /// CPU units, 1024 a vCPU. What remains may be negative.
    pub cpu: i64,
    /// Memory in MiB. What remains may be negative.
    pub memory_mib: i64,
    /// Custom countable resources by name; each name must have been declared to the cluster.
    pub custom: Vec<(&'a str, i64)>,
    /// TCP host ports that are taken, in any order.
    pub tcp_ports: Vec<u16>,
    /// UDP host ports that are taken, in any order.
    pub udp_ports: Vec<u16>,
    /// GPU device ids: the pool in its order, or those of it that are free.
    pub gpus: Vec<&'a str>,
}

/// A container instance about to register.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance<'a> {
    /// Unique id, e.g. an ARN; opaque and not empty.
    pub name: &'a str,
    /// Status.
    pub status: InstanceStatus,
    /// Whether the agent is connected; without it no task can start.
    pub agent_connected: bool,
    /// Version of the agent, e.g. `1.89.2`.
    pub agent_version: Option<&'a str>,
    /// EC2 instance id, or managed-instance id of an external instance.
    pub ec2_instance_id: Option<&'a str>,
    /// Name of the capacity provider it belongs to.
    pub capacity_provider: Option<&'a str>,
    /// When it registered.
    pub registered_at: Option<Timestamp>,
    /// What it has.
    pub registered: Amounts<'a>,
    /// What is left of it, taken as it is; `None` means all of it, less the tasks added later.
    pub remaining: Option<Amounts<'a>>,
    /// Tasks it runs that the cluster will not be told of one by one.
    pub other_tasks: u32,
    /// How many awsvpc tasks it can hold; `None` derives it from instance type and trunking (semantics.md §1.5).
    pub eni_task_slots: Option<u32>,
    /// Attributes: name and value, `None` for one that has a name only. The last of a name wins.
    pub attributes: Vec<(&'a str, Option<&'a str>)>,
}

impl<'a> Instance<'a> {
    /// An ACTIVE, connected, empty Linux instance with the agent's ports reserved and nothing else.
    #[must_use]
    pub fn new(name: &'a str) -> Self {
        Self {
            name,
            status: InstanceStatus::Active,
            agent_connected: true,
            agent_version: None,
            ec2_instance_id: None,
            capacity_provider: None,
            registered_at: None,
            registered: Amounts { tcp_ports: LINUX_AGENT_PORTS.to_vec(), ..Amounts::default() },
            remaining: None,
            other_tasks: 0,
            eni_task_slots: None,
            attributes: Vec::new(),
        }
    }

    /// The same instance with so many CPU units and so much memory in MiB.
    #[must_use]
    pub fn with_resources(mut self, cpu: i64, memory_mib: i64) -> Self {
        self.registered.cpu = cpu;
        self.registered.memory_mib = memory_mib;
        self
    }

    /// The same instance with these GPU devices, in pool order.
    #[must_use]
    pub fn with_gpus(mut self, ids: impl IntoIterator<Item = &'a str>) -> Self {
        self.registered.gpus = ids.into_iter().collect();
        self
    }

    /// The same instance with so much of a declared custom resource.
    #[must_use]
    pub fn with_custom(mut self, name: &'a str, amount: i64) -> Self {
        self.registered.custom.push((name, amount));
        self
    }

    /// The same instance with an attribute more.
    #[must_use]
    pub fn with_attribute(mut self, name: &'a str, value: &'a str) -> Self {
        self.attributes.push((name, Some(value)));
        self
    }

    /// The same instance with an attribute more that has a name only.
    #[must_use]
    pub fn with_flag(mut self, name: &'a str) -> Self {
        self.attributes.push((name, None));
        self
    }

    /// The same instance in an Availability Zone.
    #[must_use]
    pub fn with_zone(self, zone: &'a str) -> Self {
        self.with_attribute("ecs.availability-zone", zone)
    }

    /// The same instance, able to hold so many awsvpc tasks.
    #[must_use]
    pub fn with_eni_task_slots(mut self, slots: u32) -> Self {
        self.eni_task_slots = Some(slots);
        self
    }

    /// The same instance in another status.
    #[must_use]
    pub fn with_status(mut self, status: InstanceStatus) -> Self {
        self.status = status;
        self
    }
}

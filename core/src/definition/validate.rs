//! What ECS refuses when a definition is registered, and what it accepts but people regret (semantics.md §1.2, §1.3, §1.7).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Container, TaskDefinition, fargate, gpu, invalid, ports};
use crate::error::{Error, ErrorKind};
use crate::limits::{ECS_CONSTRAINTS_MAX, ECS_CONTAINERS_MAX, ECS_NAME_CHARS_MAX, ECS_REVISION_MAX};

/// Task-level CPU units that container instances can be asked for.
const TASK_CPU_RANGE: core::ops::RangeInclusive<i64> = 128..=196_608;
/// Memory in MiB below which a container runtime does not start a container.
const CONTAINER_MEMORY_MIN_MIB: i64 = 6;

impl TaskDefinition {
    /// Refuses what ECS refuses.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidDefinition`] with the words of ECS where they are known, [`ErrorKind::InvalidAmount`] and
    /// [`ErrorKind::InvalidPort`] for single numbers, [`ErrorKind::LimitExceeded`] for too many or too long,
    /// [`ErrorKind::InvalidFargateSize`] for a size Fargate does not offer.
    pub fn validate(&self) -> Result<(), Error> {
        self.validate_names()?;
        for (index, container) in self.containers.iter().enumerate() {
            validate_container(container).map_err(|error| error.in_path(&format!("containerDefinitions[{index}]")))?;
        }
        self.validate_amounts()?;
        ports::validate(self)?;
        self.validate_devices()?;
        if self.is_fargate() {
            fargate::validate_definition(self)?;
        }
        Ok(())
    }

    /// Refuses what the overrides of a run can break. The sizes of Fargate are not among it: whoever runs on Fargate does not
    /// use an instance.
    pub(super) fn validate_run(&self) -> Result<(), Error> {
        self.containers.iter().try_for_each(validate_container)?;
        self.validate_amounts()?;
        self.validate_devices()
    }

    /// Names, counts and essential containers.
    fn validate_names(&self) -> Result<(), Error> {
        validate_name(&self.family).map_err(|error| error.in_path("family"))?;
        if self.revision.is_some_and(|revision| revision == 0 || i64::from(revision) > ECS_REVISION_MAX) {
            return Err(invalid(format!("a revision is 1 to {ECS_REVISION_MAX}")).in_path("revision"));
        }
        if self.containers.is_empty() {
            return Err(invalid("a task definition has at least one container").in_path("containerDefinitions"));
        }
        if self.containers.len() > ECS_CONTAINERS_MAX {
            let count = self.containers.len();
            let message =
                format!("a task definition has at most {ECS_CONTAINERS_MAX} containers, this one has {count}");
            return Err(Error::with_message(ErrorKind::LimitExceeded, message).in_path("containerDefinitions"));
        }
        if self.constraints.len() > ECS_CONSTRAINTS_MAX {
            let message = format!("a task definition has at most {ECS_CONSTRAINTS_MAX} placement constraints");
            return Err(Error::with_message(ErrorKind::LimitExceeded, message).in_path("placementConstraints"));
        }
        for (index, container) in self.containers.iter().enumerate() {
            validate_name(&container.name).map_err(|error| {
                error.in_path("name").in_path(&format!("[{index}]")).in_path("containerDefinitions")
            })?;
            if self.containers[..index].iter().any(|other| other.name == container.name) {
                return Err(invalid(format!("container name `{}` is used twice", container.name)));
            }
        }
        if !self.containers.iter().any(|container| container.is_essential) {
            return Err(invalid("at least one container must be essential"));
        }
        Ok(())
    }

    /// Task-level amounts, and the containers' amounts against them (U-06).
    fn validate_amounts(&self) -> Result<(), Error> {
        for (amount, key) in [(self.cpu, "cpu"), (self.memory_mib, "memory")] {
            if let Some(amount) = amount.filter(|&amount| amount < 0) {
                let message = format!("`{amount}` is below zero");
                return Err(Error::with_message(ErrorKind::InvalidAmount, message).in_path(key));
            }
        }
        if let Some(cpu) = self.task_cpu() {
            let is_fargate_only = !self.is_for_instances();
            if !is_fargate_only && !TASK_CPU_RANGE.contains(&cpu) {
                let (least, most) = (TASK_CPU_RANGE.start(), TASK_CPU_RANGE.end());
                return Err(invalid(format!("Invalid 'cpu' setting for task. `{cpu}` is outside {least} to {most}"))
                    .in_path("cpu"));
            }
            let sum: i128 = self.containers.iter().map(|container| i128::from(container.cpu)).sum();
            if sum > i128::from(cpu) {
                return Err(invalid(
                    "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.",
                ));
            }
        }
        let Some(memory_mib) = self.task_memory_mib() else {
            return match self.containers.iter().find(|container| container.reserved_memory_mib() == 0) {
                Some(container) => Err(invalid(format!(
                    "Invalid setting for container '{}'. At least one of 'memory' or 'memoryReservation' must be specified.",
                    container.name
                ))),
                None => Ok(()),
            };
        };
        for container in &self.containers {
            if container.memory_mib.is_some_and(|hard| hard > memory_mib) {
                return Err(invalid(format!(
                    "The 'memory' setting for container '{}' is greater than for the task.",
                    container.name
                )));
            }
        }
        let sum: i128 = self.containers.iter().map(|container| i128::from(container.reserved_memory_mib())).sum();
        if sum > i128::from(memory_mib) {
            return Err(invalid(
                "The sum of all container 'memory' values cannot be greater than the value of the task 'memory'.",
            ));
        }
        Ok(())
    }

    /// GPUs and accelerators.
    fn validate_devices(&self) -> Result<(), Error> {
        gpu::total(self.containers.iter())?;
        for container in &self.containers {
            if container.gpu.is_some() && self.is_windows() {
                return Err(invalid(format!(
                    "container `{}` asks for GPUs, which Windows does not offer",
                    container.name
                )));
            }
            if let Some(device) =
                container.accelerators.iter().find(|device| !self.inference_accelerators.contains(device))
            {
                return Err(invalid(format!(
                    "container `{}` asks for inference accelerator `{device}`, which the task definition does not have",
                    container.name
                )));
            }
        }
        Ok(())
    }

    /// What ECS accepts and people regret: containers too small to start (U-08), static host ports where dynamic ones are
    /// picked.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for container in &self.containers {
            let memory_mib = container.reserved_memory_mib();
            if (1..CONTAINER_MEMORY_MIN_MIB).contains(&memory_mib) {
                warnings.push(format!(
                    "container `{}` has {memory_mib} MiB of memory, less than the {CONTAINER_MEMORY_MIN_MIB} a container \
                     runtime needs",
                    container.name
                ));
            }
        }
        ports::warnings(self, &mut warnings);
        warnings
    }
}

/// Refuses amounts that no container can have.
fn validate_container(container: &Container) -> Result<(), Error> {
    let amounts = [
        (Some(container.cpu), "cpu"),
        (container.memory_mib, "memory"),
        (container.memory_reservation_mib, "memoryReservation"),
    ];
    let custom = container.custom.iter().map(|(name, amount)| (Some(*amount), name.as_str()));
    for (amount, key) in amounts.into_iter().chain(custom) {
        if let Some(amount) = amount.filter(|&amount| amount < 0) {
            let message = format!("`{amount}` is below zero");
            return Err(Error::with_message(ErrorKind::InvalidAmount, message).in_path(key));
        }
    }
    match (container.memory_mib, container.memory_reservation_mib) {
        (Some(hard), Some(soft)) if hard > 0 && hard < soft => Err(invalid(format!(
            "Invalid setting for container '{}'. The 'memory' value {hard} is below the 'memoryReservation' value {soft}.",
            container.name
        ))),
        _ => Ok(()),
    }
}

/// Refuses a name of a family or container that ECS refuses.
fn validate_name(name: &str) -> Result<(), Error> {
    if name.chars().count() > ECS_NAME_CHARS_MAX {
        let message = format!("a name has at most {ECS_NAME_CHARS_MAX} characters");
        return Err(Error::with_message(ErrorKind::LimitExceeded, message));
    }
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(is_allowed) {
        return Err(invalid(format!("name `{name}` is not made of letters, digits, `-` and `_`")));
    }
    Ok(())
}

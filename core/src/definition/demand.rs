//! Definition and overrides → what one task takes (semantics.md §1.2).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Container, GpuRequest, NetworkMode, TaskDefinition, gpu, ports};
use crate::demand::{Demand, RequiredAttribute};
use crate::error::{Error, ErrorKind};

/// Attribute that Elastic Inference needs (U-11).
const ACCELERATOR_ATTRIBUTE: &str = "ecs.capability.task-eia";

/// What a run replaces in the definition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overrides {
    /// CPU units of the whole task.
    pub cpu: Option<i64>,
    /// Memory of the whole task in MiB.
    pub memory_mib: Option<i64>,
    /// Containers, by name.
    pub containers: Vec<ContainerOverride>,
}

/// What a run replaces in one container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerOverride {
    /// The container's name.
    pub name: String,
    /// CPU units.
    pub cpu: Option<i64>,
    /// Hard limit of memory in MiB.
    pub memory_mib: Option<i64>,
    /// Soft limit of memory in MiB.
    pub memory_reservation_mib: Option<i64>,
    /// GPUs.
    pub gpu: Option<GpuRequest>,
}

impl TaskDefinition {
    /// What one task takes. Sums are exact; one beyond `i64` is as good as one that fits nowhere, and is kept as
    /// `i64::MAX`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] for an override of a container the definition does not have,
    /// [`ErrorKind::InvalidAmount`] for an override below zero, [`ErrorKind::InvalidDefinition`] for GPU requests that cannot
    /// stand together.
    pub fn demand(&self, overrides: &Overrides) -> Result<Demand, Error> {
        let containers = self.overridden(overrides)?;
        let own = |amount: Option<i64>| amount.filter(|&amount| amount > 0 && self.has_task_amounts());
        let cpu =
            own(overrides.cpu.or(self.cpu)).unwrap_or_else(|| sum(containers.iter().map(|container| container.cpu)));
        let memory_mib = own(overrides.memory_mib.or(self.memory_mib))
            .unwrap_or_else(|| sum(containers.iter().map(Container::reserved_memory_mib)));
        let (ports, ports_clash) = ports::host_ports(self);
        Ok(Demand {
            cpu,
            memory_mib,
            custom: custom_totals(&containers),
            ports,
            eni: self.network_mode == NetworkMode::Awsvpc,
            gpus: gpu::total(containers.iter())?,
            required_attributes: self.all_required_attributes(),
            cpu_architecture: self.cpu_architecture.map(|architecture| String::from(architecture.attribute_value())),
            os_type: self.os_family.as_ref().map(|_| String::from(if self.is_windows() { "windows" } else { "linux" })),
            ports_clash,
        })
    }

    /// Refuses overrides that leave no definition ECS accepts: the amounts and GPUs they give must stand together with those
    /// that remain, as in a definition (U-06). [`demand`](Self::demand) does not ask this, so that a task which runs already
    /// is taken as it is.
    ///
    /// # Errors
    /// Those of [`demand`](Self::demand), and [`ErrorKind::InvalidDefinition`] with the words of ECS where they are known.
    pub fn validate_overrides(&self, overrides: &Overrides) -> Result<(), Error> {
        if *overrides == Overrides::default() {
            return Ok(());
        }
        let run = Self {
            cpu: overrides.cpu.or(self.cpu),
            memory_mib: overrides.memory_mib.or(self.memory_mib),
            containers: self.overridden(overrides)?,
            ..self.clone()
        };
        run.validate_run().map_err(|error| error.in_path("overrides"))
    }

    /// The containers with overrides applied.
    fn overridden(&self, overrides: &Overrides) -> Result<Vec<Container>, Error> {
        for (amount, key) in [(overrides.cpu, "cpu"), (overrides.memory_mib, "memory")] {
            not_negative(amount).map_err(|error| error.in_path(key).in_path("overrides"))?;
        }
        let mut containers = self.containers.clone();
        for (index, change) in overrides.containers.iter().enumerate() {
            let place = |error: Error, key: &str| {
                error.in_path(key).in_path(&format!("[{index}]")).in_path("containerOverrides").in_path("overrides")
            };
            let Some(container) = containers.iter_mut().find(|container| container.name == change.name) else {
                let message =
                    format!("Override for container named {} is not a container in the TaskDefinition.", change.name);
                return Err(place(Error::with_message(ErrorKind::InvalidParameter, message), "name"));
            };
            not_negative(change.cpu).map_err(|error| place(error, "cpu"))?;
            not_negative(change.memory_mib).map_err(|error| place(error, "memory"))?;
            not_negative(change.memory_reservation_mib).map_err(|error| place(error, "memoryReservation"))?;
            container.cpu = change.cpu.unwrap_or(container.cpu);
            container.memory_mib = change.memory_mib.or(container.memory_mib);
            container.memory_reservation_mib = change.memory_reservation_mib.or(container.memory_reservation_mib);
            container.gpu = change.gpu.or(container.gpu);
        }
        Ok(containers)
    }

    /// The attributes it lists, and those that its devices imply; each once.
    fn all_required_attributes(&self) -> Vec<RequiredAttribute> {
        let mut attributes = self.required_attributes.clone();
        if self.containers.iter().any(|container| !container.accelerators.is_empty()) {
            attributes.push(RequiredAttribute { name: String::from(ACCELERATOR_ATTRIBUTE), value: None });
        }
        attributes.sort();
        attributes.dedup();
        attributes
    }
}

/// Refuses an amount below zero.
fn not_negative(amount: Option<i64>) -> Result<(), Error> {
    match amount.filter(|&amount| amount < 0) {
        Some(amount) => Err(Error::with_message(ErrorKind::InvalidAmount, format!("`{amount}` is below zero"))),
        None => Ok(()),
    }
}

/// The exact sum, as far as `i64` goes.
fn sum(amounts: impl Iterator<Item = i64>) -> i64 {
    let total: i128 = amounts.map(i128::from).sum();
    i64::try_from(total).unwrap_or(if total < 0 { 0 } else { i64::MAX })
}

/// Custom resources of all containers by name, sorted, each name once.
fn custom_totals(containers: &[Container]) -> Vec<(String, i64)> {
    let mut totals: Vec<(String, i64)> = Vec::new();
    for (name, amount) in containers.iter().flat_map(|container| &container.custom) {
        match totals.iter_mut().find(|(known, _)| known == name) {
            Some((_, total)) => *total = total.saturating_add(*amount),
            None => totals.push((name.clone(), *amount)),
        }
    }
    totals.sort();
    totals
}

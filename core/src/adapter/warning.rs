//! What is accepted although people regret it: told once, on the side, and no part of any answer.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Session;
use crate::eni;
use crate::error::nearest;
use crate::instance::Instance;
use crate::json::Fields;

/// Most warnings that are kept until somebody takes them.
const WARNINGS_MAX: usize = 100;

/// Most characters of a key that a warning repeats.
const SHOWN_CHARS: usize = 80;

/// Attribute that names the type of an instance.
const INSTANCE_TYPE: &str = "ecs.instance-type";

/// Names with the prefix of ECS that people may well set themselves.
const KNOWN_NAMES: [&str; 12] = [
    "ecs.ami-id",
    "ecs.availability-zone",
    "ecs.awsvpc-trunk-id",
    "ecs.cpu-architecture",
    "ecs.instance-type",
    "ecs.os-family",
    "ecs.os-type",
    "ecs.os-type-detailed",
    "ecs.outpost-arn",
    "ecs.subnet-id",
    "ecs.vpc-id",
    "ecs.capability.external",
];

/// The call that a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// RunTask.
    RunTask,
    /// StartTask.
    StartTask,
    /// CreateService.
    CreateService,
}

/// Keys of all three calls, read here or not.
const COMMON_KEYS: [&str; 11] = [
    "cluster",
    "taskDefinition",
    "networkConfiguration",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "propagateTags",
    "tags",
    "volumeConfigurations",
    "overrides",
    "xSeed",
    "xAllOrNothing",
];

impl Call {
    /// Its name.
    const fn name(self) -> &'static str {
        match self {
            Self::RunTask => "RunTask",
            Self::StartTask => "StartTask",
            Self::CreateService => "CreateService",
        }
    }

    /// The keys it has beside those of all three.
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::RunTask => &[
                "count",
                "group",
                "launchType",
                "capacityProviderStrategy",
                "placementConstraints",
                "placementStrategy",
                "xPlacementStrategy",
                "platformVersion",
                "clientToken",
                "referenceId",
                "startedBy",
            ],
            Self::StartTask => &["containerInstances", "group", "referenceId", "startedBy"],
            Self::CreateService => &[
                "serviceName",
                "desiredCount",
                "launchType",
                "capacityProviderStrategy",
                "placementConstraints",
                "placementStrategy",
                "xPlacementStrategy",
                "platformVersion",
                "clientToken",
                "schedulingStrategy",
                "availabilityZoneRebalancing",
                "loadBalancers",
                "serviceRegistries",
                "role",
                "deploymentConfiguration",
                "deploymentController",
                "healthCheckGracePeriodSeconds",
                "serviceConnectConfiguration",
                "vpcLatticeConfigurations",
            ],
        }
    }
}

impl Session {
    /// Takes the warnings there are, oldest first: containers too small to start (U-08), static host ports where dynamic ones
    /// are picked, instance types whose network interfaces are unknown (U-15), running tasks whose definition is, unknown
    /// attributes under the prefix `ecs.` (U-50), keys at the top of a RunTask, StartTask or CreateService request that the
    /// call does not have. The same warning is kept once, and at most a hundred are.
    pub fn take_warnings(&mut self) -> Vec<String> {
        core::mem::take(&mut self.warnings)
    }

    /// The warnings that [`take_warnings`](Self::take_warnings) would take.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Keeps a warning.
    pub(super) fn warn(&mut self, warning: String) {
        if self.warnings.len() < WARNINGS_MAX && !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Warns of keys of a request that its call does not have. They are ignored, as ECS may have new ones; most are slips.
    pub(super) fn warn_unknown_keys(&mut self, fields: Fields<'_, '_>, call: Call) {
        let known = || COMMON_KEYS.iter().chain(call.keys()).copied();
        let unknown = fields.iter().map(|(key, _)| key).filter(|key| !known().any(|known| known == *key));
        // A hostile request may have any number of them.
        for key in unknown.take(WARNINGS_MAX) {
            let help = nearest(key, known()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let shown = key.char_indices().nth(SHOWN_CHARS).map_or(key, |(end, _)| &key[..end]);
            self.warn(format!("{} has no key `{shown}`{help}", call.name()));
        }
    }

    /// Warns of an instance whose task network interfaces cannot be counted.
    pub(super) fn warn_unknown_type(&mut self, instance: &Instance<'_>) {
        if instance.eni_task_slots.is_some() {
            return;
        }
        let kind = instance.attributes.iter().find(|(name, _)| *name == INSTANCE_TYPE).and_then(|&(_, kind)| kind);
        if let Some(kind) = kind.filter(|kind| eni::task_slots(kind, false).is_none()) {
            self.warn(format!("network interfaces of instance type `{kind}` are unknown"));
        }
    }

    /// Warns of an attribute under the prefix of ECS that ECS does not have.
    pub(super) fn warn_reserved_name(&mut self, name: &str) {
        let is_reserved = name.starts_with("ecs.") && !name.starts_with("ecs.capability.");
        if is_reserved && !KNOWN_NAMES.contains(&name) {
            self.warn(format!("attribute `{name}` has the prefix `ecs.`, which is kept for ECS"));
        }
    }
}

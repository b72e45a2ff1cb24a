//! What the calls answer, in the shapes of ECS.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::json::Json;

/// A task that a call placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedTask {
    /// Its id.
    pub task_arn: String,
    /// The instance it was placed on.
    pub container_instance_arn: String,
    /// `family:revision` of its task definition.
    pub task_definition_arn: String,
    /// Its task group.
    pub group: String,
    /// Availability Zone of the instance, where it has one.
    pub availability_zone: Option<String>,
    /// CPU units it takes.
    pub cpu: i64,
    /// Memory in MiB it takes.
    pub memory_mib: i64,
    /// GPUs it was given.
    pub gpu_ids: Vec<String>,
}

impl PlacedTask {
    /// The task as ECS writes it: PENDING, to become RUNNING.
    #[must_use]
    pub fn to_json(&self) -> Json<'_> {
        let mut entries = alloc::vec![
            ("taskArn", Json::from(self.task_arn.as_str())),
            ("containerInstanceArn", Json::from(self.container_instance_arn.as_str())),
            ("taskDefinitionArn", Json::from(self.task_definition_arn.as_str())),
            ("group", Json::from(self.group.as_str())),
            ("lastStatus", Json::from("PENDING")),
            ("desiredStatus", Json::from("RUNNING")),
        ];
        entries.extend(self.availability_zone.as_deref().map(|zone| ("availabilityZone", Json::from(zone))));
        entries.push(("cpu", Json::from(alloc::format!("{}", self.cpu))));
        entries.push(("memory", Json::from(alloc::format!("{}", self.memory_mib))));
        if !self.gpu_ids.is_empty() {
            let ids = Json::array(self.gpu_ids.iter().map(|id| Json::from(id.as_str())));
            entries.push(("containers", Json::array([Json::object([("gpuIds", ids)])])));
        }
        Json::object(entries)
    }
}

/// An instance that could not take a task, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The instance; for one that does not exist, the id of the request.
    pub arn: String,
    /// The reason, in the words of ECS.
    pub reason: String,
    /// More about it, where there is more.
    pub detail: Option<String>,
}

impl Failure {
    /// The failure as ECS writes it.
    #[must_use]
    pub fn to_json(&self) -> Json<'_> {
        let detail = self.detail.as_deref().map(|detail| ("detail", Json::from(detail)));
        let entries = [("arn", Json::from(self.arn.as_str())), ("reason", Json::from(self.reason.as_str()))];
        Json::object(entries.into_iter().chain(detail))
    }
}

/// Answer of RunTask, StartTask and CreateService: partial success is normal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunTaskResponse {
    /// Tasks that were placed, in order of placement.
    pub tasks: Vec<PlacedTask>,
    /// Instances that could not take the first task that was not placed; empty where all were.
    pub failures: Vec<Failure>,
}

impl RunTaskResponse {
    /// The answer as ECS writes it.
    #[must_use]
    pub fn to_json(&self) -> Json<'_> {
        Json::object([
            ("tasks", Json::array(self.tasks.iter().map(PlacedTask::to_json))),
            ("failures", Json::array(self.failures.iter().map(Failure::to_json))),
        ])
    }
}

/// Answer of ListContainerInstances.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListContainerInstancesResponse {
    /// Ids of the instances, in registration order.
    pub container_instance_arns: Vec<String>,
    /// Where the next page starts; `None` on the last.
    pub next_token: Option<String>,
}

impl ListContainerInstancesResponse {
    /// The answer as ECS writes it.
    #[must_use]
    pub fn to_json(&self) -> Json<'_> {
        let arns = self.container_instance_arns.iter().map(|arn| Json::from(arn.as_str()));
        let token = self.next_token.as_deref().map(|token| ("nextToken", Json::Text(Cow::Borrowed(token))));
        Json::object([("containerInstanceArns", Json::array(arns))].into_iter().chain(token))
    }
}

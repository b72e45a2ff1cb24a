//! ListContainerInstances.

use alloc::format;
use alloc::string::String;

use super::{ListContainerInstancesResponse, Session, instance};
use crate::error::{Error, ErrorKind};
use crate::expr;
use crate::instance::InstanceStatus;
use crate::json::Json;

/// ECS: most ids of one page.
const PAGE_MAX: i64 = 100;

impl Session {
    /// ListContainerInstances: `{"filter", "status", "maxResults", "nextToken"}`, every key optional.
    ///
    /// # Errors
    /// As [`list_container_instances_json`](Self::list_container_instances_json), and those of [`Json::parse`].
    pub fn list_container_instances(&self, request: &str) -> Result<ListContainerInstancesResponse, Error> {
        self.list_container_instances_json(&Json::parse(request)?)
    }

    /// ListContainerInstances: the instances that satisfy `filter` and have `status`, in registration order; without
    /// `status` every one but INACTIVE ones, without `maxResults` all of them.
    ///
    /// # Errors
    /// For a malformed expression, with its span; an unknown status; `maxResults` outside 1 to 100; a malformed token.
    pub fn list_container_instances_json(&self, request: &Json<'_>) -> Result<ListContainerInstancesResponse, Error> {
        let fields = request.as_fields()?;
        let filter = fields.optional_with("filter", |filter| expr::compile(filter.as_text()?))?;
        let status = fields.optional_with("status", instance::status)?;
        let bad = |message: String| Error::with_message(ErrorKind::InvalidParameter, message);
        let page = fields.optional_with("maxResults", |most| match most.as_integer()? {
            most @ 1..=PAGE_MAX => Ok(usize::try_from(most).unwrap_or(usize::MAX)),
            most => Err(bad(format!("`{most}` is outside 1 to {PAGE_MAX}"))),
        })?;
        let start = fields.optional_with("nextToken", |token| {
            let text = token.as_text()?;
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            is_number
                .then(|| text.parse::<usize>().ok())
                .flatten()
                .ok_or_else(|| bad(format!("token `{text}` is unknown")))
        })?;
        let ids = match &filter {
            Some(filter) => self.cluster.query(filter),
            None => self.cluster.instances().collect(),
        };
        let mut names = ids.into_iter().filter(|&id| match status {
            Some(status) => self.cluster.instance(id).is_ok_and(|instance| instance.status() == status),
            None => self.cluster.instance(id).is_ok_and(|instance| instance.status() != InstanceStatus::Inactive),
        });
        let start = start.unwrap_or(0);
        let mut response = ListContainerInstancesResponse::default();
        for id in names.by_ref().skip(start).take(page.unwrap_or(usize::MAX)) {
            response.container_instance_arns.extend(self.instances.name(id).map(String::from));
        }
        if page.is_some() && names.next().is_some() {
            response.next_token = Some(format!("{}", start + response.container_instance_arns.len()));
        }
        Ok(response)
    }
}

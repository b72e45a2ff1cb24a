//! RunTask, StartTask and CreateService requests as JSON → [`Request`], within the limits of ECS calls.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::definition::read_overrides;
use super::instance::unknown_word;
use super::strategy::{Ranked, ranked};
use super::{Session, text};
use crate::constraint::Constraint;
use crate::definition::balancer::{BalancerKind, LoadBalancer, check_load_balancer, check_service_connect};
use crate::definition::{NetworkMode, TaskDefinition};
use crate::demand::Demand;
use crate::error::{Error, ErrorKind};
use crate::expr::{self, Expression};
use crate::json::{Fields, Json};
use crate::limits::{
    ECS_CAPACITY_PROVIDERS_MAX, ECS_CONSTRAINTS_MAX, ECS_GROUP_CHARS_MAX, ECS_RUN_TASK_COUNT_MAX,
    ECS_SECURITY_GROUPS_MAX, ECS_SERVICE_TASKS_MAX, ECS_STRATEGIES_MAX, ECS_SUBNETS_MAX, REQUEST_CONSTRAINTS_MAX,
    REQUEST_COUNT_MAX, REQUEST_STRATEGIES_MAX,
};
use crate::request::{LaunchKind, Request};
use crate::strategy::StrategyChain;

/// ECS: most target groups of one service.
const TARGET_GROUPS_MAX: usize = 5;

/// Refuses more than a limit allows.
pub(super) fn at_most(what: &str, count: usize, most: usize) -> Result<(), Error> {
    if count <= most {
        return Ok(());
    }
    Err(Error::with_message(ErrorKind::LimitExceeded, format!("at most {most} {what} are allowed, not {count}")))
}

/// An error that ECS reports as an invalid parameter.
#[cold]
fn invalid(message: impl Into<String>) -> Error {
    Error::with_message(ErrorKind::InvalidParameter, message)
}

impl Session {
    /// The request of a RunTask call.
    pub(super) fn run_task_request(&self, fields: Fields<'_, '_>) -> Result<Request, Error> {
        let definition = self.definition_of(fields)?;
        let mut request = self.common(fields, definition)?;
        request.launch = launch(fields)?;
        request.group = group(fields, definition)?;
        request.count = fields.optional_with("count", run_task_count)?.unwrap_or(1);
        let Ranked { chain, tie_break } = ranked(fields, &self.options, ECS_STRATEGIES_MAX)?;
        request.strategies = chain.unwrap_or_else(|| self.options.run_task_default.chain());
        request.tie_break = tie_break.unwrap_or(request.tie_break);
        add_constraints(&mut request, fields, ECS_CONSTRAINTS_MAX)?;
        Ok(request)
    }

    /// The request of the library's own call: the shape of RunTask, the bounds of [`limits`](crate::limits), any group.
    pub(super) fn place_request(&self, fields: Fields<'_, '_>) -> Result<Request, Error> {
        let definition = self.definition_of(fields)?;
        let mut request = self.common(fields, definition)?;
        request.launch = launch(fields)?;
        if let Some(group) = fields.optional_with("group", text::name)? {
            request.group = String::from(group);
        }
        request.count = fields.optional_with("count", desired_count)?.unwrap_or(1);
        let Ranked { chain, tie_break } = ranked(fields, &self.options, REQUEST_STRATEGIES_MAX)?;
        request.strategies = chain.unwrap_or_else(|| self.options.run_task_default.chain());
        request.tie_break = tie_break.unwrap_or(request.tie_break);
        add_constraints(&mut request, fields, REQUEST_CONSTRAINTS_MAX)?;
        Ok(request)
    }

    /// A request for a task that takes so much, without a task definition, as the session's options have it: one task in the
    /// group `family:<name>`, with the strategy of requests that name none. For [`prepare`](Self::prepare).
    ///
    /// # Errors
    /// For an empty name, or one of more than [`NAME_BYTES_MAX`](crate::limits::NAME_BYTES_MAX) bytes.
    pub fn request_for(&self, name: &str, demand: Demand) -> Result<Request, Error> {
        let name = text::bounded(name)?;
        if name.is_empty() {
            return Err(invalid("text is empty"));
        }
        let mut request = Request::new(name, demand);
        request.tie_break = self.options.tie_break;
        request.seed = self.options.seed;
        request.strategies = self.options.run_task_default.chain();
        Ok(request)
    }

    /// The constraint with the type and the expression that an entry of `placementConstraints` has, for requests that are no JSON.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConstraint`], and at `expression` what is wrong with that.
    pub fn read_constraint(kind: &str, expression: Option<&str>) -> Result<Constraint, Error> {
        let missing = || Error::with_message(ErrorKind::InvalidConstraint, "constraint `memberOf` needs an expression");
        let compile =
            || expression.ok_or_else(missing).and_then(expr::compile).map_err(|error| error.in_path("expression"));
        binding(kind, expression.is_some(), compile)
    }

    /// The request of a StartTask call: the instances are named, so there is no count, strategy or constraint of its own.
    pub(super) fn start_task_request(&self, fields: Fields<'_, '_>) -> Result<Request, Error> {
        let definition = self.definition_of(fields)?;
        let mut request = self.common(fields, definition)?;
        request.launch = LaunchKind::Any;
        request.group = group(fields, definition)?;
        Ok(request)
    }

    /// The name and the request of a CreateService call.
    pub(super) fn service_request<'j>(&self, fields: Fields<'j, '_>) -> Result<(&'j str, Request), Error> {
        let name = fields.required_with("serviceName", text::name)?;
        let definition = self.definition_of(fields)?;
        match fields.optional_text("schedulingStrategy")? {
            None | Some("REPLICA") => {}
            Some("DAEMON") => {
                let message = "scheduling strategy `DAEMON` is not placed here";
                return Err(Error::with_message(ErrorKind::UnsupportedFeature, message).in_path("schedulingStrategy"));
            }
            Some(other) => {
                return Err(
                    unknown_word("scheduling strategy", other, &["REPLICA", "DAEMON"]).in_path("schedulingStrategy")
                );
            }
        }
        let mut request = self.common(fields, definition)?;
        request.launch = launch(fields)?;
        request.group = format!("service:{name}");
        at_most("characters of a task group", request.group.chars().count(), ECS_GROUP_CHARS_MAX)
            .map_err(|error| error.in_path("serviceName"))?;
        let existing = self.tasks_wanted(name);
        request.count = fields.required_with("desiredCount", |count| service_count(count, existing))?;
        let Ranked { chain, tie_break } = ranked(fields, &self.options, ECS_STRATEGIES_MAX)?;
        request.strategies = chain.unwrap_or_else(StrategyChain::service_default);
        request.tie_break = tie_break.unwrap_or(request.tie_break);
        add_constraints(&mut request, fields, ECS_CONSTRAINTS_MAX)?;
        load_balancers(fields, definition)?;
        service_connect(fields, definition)?;
        if request.launch == LaunchKind::External && !fields.items("loadBalancers")?.is_empty() {
            let message = "services on external instances have no load balancers";
            return Err(Error::with_message(ErrorKind::InvalidParameter, message).in_path("loadBalancers"));
        }
        Ok((name, request))
    }

    /// The definition a request names.
    fn definition_of(&self, fields: Fields<'_, '_>) -> Result<&Arc<TaskDefinition>, Error> {
        let name = fields.text("taskDefinition")?;
        self.book.find(name).map_err(|error| error.in_path("taskDefinition"))
    }

    /// What all three calls have in common.
    fn common(&self, fields: Fields<'_, '_>, definition: &TaskDefinition) -> Result<Request, Error> {
        let overrides = fields.optional_with("overrides", read_overrides)?.unwrap_or_default();
        definition.validate_overrides(&overrides)?;
        let mut request = Request::new(definition.name(), definition.demand(&overrides)?);
        request.constraints = definition.constraints.iter().cloned().map(Constraint::MemberOf).collect();
        request.tie_break = self.options.tie_break;
        request.seed = fields.optional_with("xSeed", seed)?.unwrap_or(self.options.seed);
        request.all_or_nothing = fields.optional_bool("xAllOrNothing")?.unwrap_or(false);
        let reads_network = definition.network_mode == NetworkMode::Awsvpc || self.options.has_strict_network;
        let network = |network: &Json<'_>| if reads_network { self.zones(network.as_fields()?) } else { Ok(None) };
        let zones = fields.optional_with("networkConfiguration", network)?;
        request.zones = match (definition.network_mode, zones) {
            (NetworkMode::Awsvpc, Some(zones)) => zones,
            (NetworkMode::Awsvpc, None) if self.options.has_strict_network => {
                return Err(invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified."));
            }
            (mode, Some(_)) if mode != NetworkMode::Awsvpc && self.options.has_strict_network => {
                return Err(invalid(
                    "Network Configuration is not valid for the given networkMode of this task definition.",
                ));
            }
            _ => None,
        };
        Ok(request)
    }

    /// The Availability Zones of the subnets in a network configuration; `None` where they are not checked (U-16).
    fn zones(&self, fields: Fields<'_, '_>) -> Result<Option<Vec<String>>, Error> {
        let Some(network) = fields.optional_fields("awsvpcConfiguration")? else { return Ok(None) };
        let here = |error: Error| error.in_path("awsvpcConfiguration");
        let subnets = network.texts("subnets").map_err(here)?;
        let in_list = |key: &'static str| move |error: Error| error.in_path(key).in_path("awsvpcConfiguration");
        at_most("subnets", subnets.len(), ECS_SUBNETS_MAX).map_err(in_list("subnets"))?;
        let security_groups = network.texts("securityGroups").map_err(here)?;
        at_most("security groups", security_groups.len(), ECS_SECURITY_GROUPS_MAX)
            .map_err(in_list("securityGroups"))?;
        let Some(known) = &self.subnets else { return Ok(None) };
        if subnets.is_empty() {
            return Ok(None);
        }
        let mut zones: Vec<String> = Vec::with_capacity(subnets.len());
        for subnet in subnets {
            let zone = known.get(subnet).ok_or_else(|| {
                in_list("subnets")(unknown_word(
                    "subnet",
                    subnet,
                    &known.keys().map(String::as_str).collect::<Vec<_>>(),
                ))
            })?;
            if !zones.contains(zone) {
                zones.push(zone.clone());
            }
        }
        Ok(Some(zones))
    }
}

/// `count` of RunTask.
fn run_task_count(value: &Json<'_>) -> Result<u32, Error> {
    let count = value.as_integer()?;
    if count > ECS_RUN_TASK_COUNT_MAX {
        let message = format!("at most {ECS_RUN_TASK_COUNT_MAX} tasks can be asked for at once, not {count}");
        return Err(Error::with_message(ErrorKind::LimitExceeded, message));
    }
    u32::try_from(count).ok().filter(|&count| count > 0).ok_or_else(|| invalid(format!("`{count}` is not above 0")))
}

/// `desiredCount` of CreateService, for a service that has so many tasks already.
fn service_count(value: &Json<'_>, existing: u64) -> Result<u32, Error> {
    let count = value.as_integer()?;
    let added = u32::try_from(count.min(i64::from(u32::MAX))).map_err(|_| invalid(format!("`{count}` is below 0")))?;
    let wanted = existing.saturating_add(u64::from(added));
    if wanted <= u64::from(ECS_SERVICE_TASKS_MAX) || added == 0 {
        return Ok(added);
    }
    let message = format!("a service has at most {ECS_SERVICE_TASKS_MAX} tasks, this one would have {wanted}");
    Err(Error::with_message(ErrorKind::LimitExceeded, message))
}

/// `count` of the library's own call.
fn desired_count(value: &Json<'_>) -> Result<u32, Error> {
    let count = value.as_integer()?;
    if count > i64::from(REQUEST_COUNT_MAX) {
        let message = format!("at most {REQUEST_COUNT_MAX} tasks can be asked for at once, not {count}");
        return Err(Error::with_message(ErrorKind::LimitExceeded, message));
    }
    u32::try_from(count).map_err(|_| invalid(format!("`{count}` is below 0")))
}

/// A seed: a decimal string, as numbers above 2⁵³ do not survive everywhere, or an integer.
pub(super) fn seed(value: &Json<'_>) -> Result<u64, Error> {
    let refuse = |text: &str| invalid(format!("seed `{text}` is outside 0 to {}", u64::MAX));
    match value {
        Json::Integer(number) => u64::try_from(*number).map_err(|_| refuse(&format!("{number}"))),
        Json::Unsigned(number) => Ok(*number),
        Json::Text(text) => {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse().ok()).flatten().ok_or_else(|| refuse(text))
        }
        other => Err(other.mismatch("a decimal string")),
    }
}

/// The task group of a request, or the default of its definition (U-38).
fn group(fields: Fields<'_, '_>, definition: &TaskDefinition) -> Result<String, Error> {
    fields
        .optional_with("group", |group| {
            let group = text::name(group)?;
            at_most("characters of a task group", group.chars().count(), ECS_GROUP_CHARS_MAX)?;
            if group.starts_with("service:") {
                return Err(invalid(format!(
                    "task group `{group}` starts with `service:`, which is kept for services"
                )));
            }
            Ok(String::from(group))
        })
        .map(|group| group.unwrap_or_else(|| format!("family:{}", definition.family)))
}

/// Which instances a request may use.
fn launch(fields: Fields<'_, '_>) -> Result<LaunchKind, Error> {
    let launch_type = fields.optional_text("launchType")?;
    let providers = fields.items("capacityProviderStrategy")?;
    let in_providers = |error: Error| error.in_path("capacityProviderStrategy");
    if !providers.is_empty() {
        if launch_type.is_some() {
            return Err(in_providers(invalid("`launchType` and `capacityProviderStrategy` exclude each other")));
        }
        at_most("capacity providers", providers.len(), ECS_CAPACITY_PROVIDERS_MAX).map_err(in_providers)?;
        let message = "requests with a capacity provider strategy are not placed here";
        return Err(in_providers(Error::with_message(ErrorKind::UnsupportedFeature, message)));
    }
    match launch_type {
        None | Some("EC2") => Ok(LaunchKind::Ec2),
        Some("EXTERNAL") => Ok(LaunchKind::External),
        Some(kind @ ("FARGATE" | "MANAGED_INSTANCES")) => {
            let message = format!("launch type `{kind}` uses none of the cluster's own instances");
            Err(Error::with_message(ErrorKind::UnsupportedFeature, message).in_path("launchType"))
        }
        Some(other) => Err(unknown_word("launch type", other, &["EC2", "EXTERNAL"]).in_path("launchType")),
    }
}

/// Adds the constraints of a request to those of its definition.
fn add_constraints(request: &mut Request, fields: Fields<'_, '_>, most: usize) -> Result<(), Error> {
    let count = request.constraints.len() + fields.items("placementConstraints")?.len();
    at_most("placement constraints, those of the task definition included,", count, most)
        .map_err(|error| error.in_path("placementConstraints"))?;
    request.constraints.extend(fields.each("placementConstraints", |value| constraint(value.as_fields()?))?);
    Ok(())
}

/// One constraint of a request.
pub(super) fn constraint(fields: Fields<'_, '_>) -> Result<Constraint, Error> {
    let expression = || fields.required_with("expression", |text| expr::compile(text.as_text()?));
    binding(fields.text("type")?, fields.get("expression").is_some(), expression)
}

/// The constraint of this type, with the expression that `compile` reads.
fn binding(
    kind: &str,
    has_expression: bool,
    compile: impl FnOnce() -> Result<Expression, Error>,
) -> Result<Constraint, Error> {
    let refuse = |message: String| Error::with_message(ErrorKind::InvalidConstraint, message);
    match kind {
        "memberOf" => compile().map(Constraint::MemberOf),
        "distinctInstance" if has_expression => {
            Err(refuse(String::from("distinctInstance expression should not be specified.")).in_path("expression"))
        }
        "distinctInstance" => Ok(Constraint::DistinctInstance),
        other => Err(refuse(format!("constraint type `{other}` is unknown"))
            .with_help("write `memberOf` or `distinctInstance`")
            .in_path("type")),
    }
}

/// Refuses load balancers that the definition has no port for, or that are too many.
fn load_balancers(fields: Fields<'_, '_>, definition: &TaskDefinition) -> Result<(), Error> {
    let mut counts = (0, 0);
    fields.each("loadBalancers", |value| {
        let fields = value.as_fields()?;
        let kind = match (fields.optional_text("targetGroupArn")?, fields.optional_text("loadBalancerName")?) {
            (Some(_), None) => BalancerKind::TargetGroup,
            (None, Some(_)) => BalancerKind::Classic,
            _ => return Err(invalid("a load balancer has `targetGroupArn` or `loadBalancerName`, and not both")),
        };
        match kind {
            BalancerKind::TargetGroup => counts.0 += 1,
            BalancerKind::Classic => counts.1 += 1,
        }
        at_most("target groups", counts.0, TARGET_GROUPS_MAX)?;
        at_most("Classic Load Balancers", counts.1, 1)?;
        let port = fields.integer("containerPort")?;
        let container_port = u16::try_from(port).ok().filter(|&port| port > 0);
        let container_port = container_port
            .ok_or_else(|| super::definition::bad_port(&format!("{port}"), 1).in_path("containerPort"))?;
        let container = String::from(fields.text("containerName")?);
        check_load_balancer(definition, &LoadBalancer { kind, container, container_port })
    })?;
    Ok(())
}

/// Refuses port names of Service Connect that the definition maps more than once.
fn service_connect(fields: Fields<'_, '_>, definition: &TaskDefinition) -> Result<(), Error> {
    let Some(fields) = fields.optional_fields("serviceConnectConfiguration")? else { return Ok(()) };
    let here = |error: Error| error.in_path("serviceConnectConfiguration");
    if fields.optional_bool("enabled").map_err(here)? == Some(false) {
        return Ok(());
    }
    let check = |value: &Json<'_>| check_service_connect(definition, value.as_text()?);
    fields.each("services", |value| value.as_fields()?.required_with("portName", check)).map_err(here)?;
    Ok(())
}

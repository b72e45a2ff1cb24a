//! A session as text and back: exported, imported, and going on as if nothing had happened.
//!
//! The text is a document of ECS's shapes with keys of our own, which start with `x`, where ECS has none; equal states give
//! equal bytes. Importing what was exported and exporting it again gives the same bytes, and both sessions answer every
//! later call alike. Savepoints are not part of it. It is our own format, so an unknown key at its top is an error.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use crate::adapter::{
    ABSENT_GROUPS, Extra, RELEASES, RUN_TASK_DEFAULTS, Service, Session, SessionOptions, TIE_BREAKS, UNKNOWN_ENIS,
    absent_group_name, kept, release_name, run_task_name, tie_break_name, unknown_eni_name, write_demand,
};
use crate::cluster::Route;
use crate::error::{Error, ErrorKind, nearest};
use crate::id::{InstanceId, TaskId};
use crate::instance::{Instance, InstanceStatus, Protocol};
use crate::json::{Fields, Json, Pace, Watch};
use crate::resource::ResourceKind;
use crate::view::{InstanceView, TaskView};

/// Name of the format, and its version.
pub const FORMAT: &str = "placewright-state/1";

/// Every key at the top of an exported state, in order.
const KEYS: [&str; 12] = [
    "format",
    "xOptions",
    "xResources",
    "xSubnets",
    "containerInstances",
    "taskDefinitions",
    "tasks",
    "services",
    "xDeregistered",
    "xReservedTasks",
    "xSequence",
    "xPlaced",
];

/// What an instance without extras has.
const NO_EXTRA: Extra = Extra { registered: None, remaining: None, has_remaining: false, has_empty_gpus: false };

impl Session {
    /// The whole state as canonical JSON: equal bytes for equal states.
    ///
    /// # Cost
    /// Linear in the state; allocates.
    #[must_use]
    pub fn export(&self) -> String {
        // OK: nobody stops it.
        self.export_paced(&mut Pace::unwatched()).unwrap_or_default()
    }

    /// As [`export`](Self::export), watched: `watch` hears how many instances and tasks were written. `None` where it stopped
    /// that.
    pub fn export_watched(&self, watch: Watch<'_>) -> Option<String> {
        self.export_paced(&mut Pace::new(watch)).ok()
    }

    /// Prints the state, an instance and a task at a time.
    fn export_paced(&self, pace: &mut Pace<'_>) -> Result<String, Error> {
        let mut out = String::from("{");
        let frame = self.frame(Vec::new(), Vec::new());
        for (position, (key, value)) in frame.as_fields()?.iter().enumerate() {
            out.push_str(if position > 0 { ",\"" } else { "\"" });
            out.push_str(key);
            out.push_str("\":");
            match key {
                "containerInstances" => print_list(&mut out, self.written_instances(), pace)?,
                "tasks" => print_list(&mut out, self.written_tasks(), pace)?,
                _ => print(&mut out, value),
            }
        }
        out.push('}');
        Ok(out)
    }

    /// What [`export`](Self::export) writes, as a tree.
    #[must_use]
    pub fn to_json(&self) -> Json<'_> {
        self.frame(self.written_instances().collect(), self.written_tasks().collect())
    }

    /// Every instance, as an exported state writes it.
    fn written_instances(&self) -> impl Iterator<Item = Json<'_>> {
        let cluster = self.cluster();
        cluster.instances().filter_map(|id| cluster.instance(id).ok()).map(|instance| self.write_instance(instance))
    }

    /// Every task, as an exported state writes it.
    fn written_tasks(&self) -> impl Iterator<Item = Json<'_>> {
        let cluster = self.cluster();
        cluster.tasks().filter_map(|id| cluster.task(id).ok()).map(|task| self.write_task(task))
    }

    /// An exported state with these instances and tasks.
    fn frame<'s>(&'s self, instances: Vec<Json<'s>>, tasks: Vec<Json<'s>>) -> Json<'s> {
        let cluster = self.cluster();
        let definitions = self.book.iter().map(|(_, entry)| parsed(&entry.source));
        let services = self.services.iter().map(|(name, service)| {
            Json::object([
                ("serviceName", Json::from(name.as_str())),
                ("taskDefinition", Json::from(service.definition.as_str())),
                ("desiredCount", Json::from(service.desired_count)),
            ])
        });
        let subnets = self.subnets.as_ref().map(|subnets| {
            ("xSubnets", Json::object(subnets.iter().map(|(name, zone)| (name.as_str(), Json::from(zone.as_str())))))
        });
        let head = [
            ("format", Json::from(FORMAT)),
            ("xOptions", Json::object(self.options.entries())),
            ("xResources", Json::array(self.resources.iter().map(|name| Json::from(name.as_ref())))),
        ];
        let tail = [
            ("containerInstances", Json::Array(instances)),
            ("taskDefinitions", Json::array(definitions)),
            ("tasks", Json::Array(tasks)),
            ("services", Json::array(services)),
            ("xDeregistered", Json::array(self.deregistered.iter().map(|name| Json::from(name.as_ref())))),
            ("xReservedTasks", Json::array(self.reserved.iter().map(|name| Json::from(name.as_ref())))),
            ("xSequence", Json::from(format!("{}", cluster.sequence()))),
            ("xPlaced", Json::from(format!("{}", self.placed))),
        ];
        Json::object(head.into_iter().chain(subnets).chain(tail))
    }

    /// One instance, as an exported state writes it.
    ///
    /// # Errors
    /// [`ErrorKind::InstanceNotFound`].
    pub fn describe_instance(&self, id: InstanceId) -> Result<Json<'_>, Error> {
        self.cluster().instance(id).map(|instance| self.write_instance(instance))
    }

    /// One task, as an exported state writes it.
    ///
    /// # Errors
    /// [`ErrorKind::TaskNotFound`].
    pub fn describe_task(&self, id: TaskId) -> Result<Json<'_>, Error> {
        self.cluster().task(id).map(|task| self.write_task(task))
    }

    /// The session that [`export`](Self::export) wrote.
    ///
    /// # Errors
    /// Those of [`Json::parse`] and [`Session::from_json`]; [`ErrorKind::InvalidParameter`] for another format,
    /// [`ErrorKind::JsonUnknownKey`] for a key at the top that the format does not have.
    pub fn import(text: &str) -> Result<Self, Error> {
        Self::import_json(&Json::parse(text)?)
    }

    /// As [`import`](Self::import), from a tree.
    ///
    /// # Errors
    /// The same, except what is wrong with the text.
    pub fn import_json(document: &Json<'_>) -> Result<Self, Error> {
        Self::import_paced(document, &mut Pace::unwatched())
    }

    /// As [`import_json`](Self::import_json), watched: `watch` hears how many instances and tasks were dealt with. `None` where
    /// it stopped that.
    ///
    /// # Errors
    /// Those of [`import_json`](Self::import_json).
    pub fn import_watched(document: &Json<'_>, watch: Watch<'_>) -> Result<Option<Self>, Error> {
        let mut pace = Pace::new(watch);
        let result = Self::import_paced(document, &mut pace);
        pace.finish(result)
    }

    /// The session of an exported state.
    fn import_paced(document: &Json<'_>, pace: &mut Pace<'_>) -> Result<Self, Error> {
        let fields = document.as_fields()?;
        match fields.text("format")? {
            FORMAT => {}
            other => {
                let message = format!("format `{other}` is not `{FORMAT}`");
                return Err(Error::with_message(ErrorKind::InvalidParameter, message).in_path("format"));
            }
        }
        known_keys(fields, &KEYS)?;
        let options = fields.required_with("xOptions", |options| read_options(options.as_fields()?))?;
        let mut session = Self::new(options);
        session.load_cluster(fields, pace)?;
        for (name, service) in fields.each("services", |service| read_service(service.as_fields()?))? {
            session.services.insert(name, Box::new(service));
        }
        session.deregistered = fields.each("xDeregistered", |name| kept(name).map(Box::from))?.into_iter().collect();
        session.reserved = fields.each("xReservedTasks", |name| kept(name).map(Box::from))?.into_iter().collect();
        session.avoid_reserved();
        session.placed = fields.required_with("xPlaced", read_number)?;
        session.cluster.advance_sequence(fields.required_with("xSequence", read_number)?);
        Ok(session)
    }

    /// One instance.
    fn write_instance<'s>(&'s self, instance: InstanceView<'s>) -> Json<'s> {
        let extra = self.extras.get(&instance.id()).unwrap_or(&NO_EXTRA);
        let mut entries = alloc::vec![("containerInstanceArn", Json::from(instance.name()))];
        entries.extend(instance.ec2_instance_id().map(|id| ("ec2InstanceId", Json::from(id))));
        entries.extend(instance.capacity_provider().map(|name| ("capacityProviderName", Json::from(name))));
        let version = |version| ("versionInfo", Json::object([("agentVersion", Json::from(version))]));
        entries.extend(instance.agent_version().map(version));
        entries.push(("registeredResources", self.write_registered(instance, extra)));
        entries.push(("remainingResources", self.write_remaining(instance, extra)));
        entries.push(("status", Json::from(instance.status().as_str())));
        entries.push(("agentConnected", Json::from(instance.is_agent_connected())));
        entries.push(("runningTasksCount", Json::from(instance.running_tasks())));
        let attributes = instance.attributes().into_iter().map(|(name, value)| {
            let value = value.map(|value| ("value", Json::from(value)));
            Json::object([("name", Json::from(name))].into_iter().chain(value))
        });
        entries.push(("attributes", Json::array(attributes)));
        entries.extend(instance.registered_at().map(|at| ("registeredAt", Json::from(format!("{at}")))));
        entries.push(match instance.eni_task_slots_given() {
            Some(slots) => ("xEniTaskSlots", Json::from(slots)),
            None => ("xDerivedEniTaskSlots", instance.eni_task_slots().map_or(Json::from(-1_i64), Json::from)),
        });
        entries.push(("xOtherTasks", Json::from(instance.other_tasks())));
        entries.push(("xRemainingGiven", Json::from(extra.has_remaining)));
        Json::object(entries)
    }

    /// What an instance has.
    fn write_registered<'s>(&'s self, instance: InstanceView<'s>, extra: &'s Extra) -> Json<'s> {
        let mut records = self.write_amounts(instance, InstanceView::registered);
        records.push(strings("PORTS", instance.agent_ports(Protocol::Tcp).into_iter().map(port_text)));
        records.push(strings("PORTS_UDP", instance.agent_ports(Protocol::Udp).into_iter().map(port_text)));
        if extra.has_empty_gpus || instance.devices().next().is_some() {
            records.push(strings("GPU", instance.devices().map(|device| Cow::Borrowed(device.id))));
        }
        extend(&mut records, extra.registered.as_deref());
        Json::Array(records)
    }

    /// What is left of an instance.
    fn write_remaining<'s>(&'s self, instance: InstanceView<'s>, extra: &'s Extra) -> Json<'s> {
        let mut records = self.write_amounts(instance, InstanceView::remaining);
        records.push(strings("PORTS", instance.ports(Protocol::Tcp).into_iter().map(port_text)));
        records.push(strings("PORTS_UDP", instance.ports(Protocol::Udp).into_iter().map(port_text)));
        if instance.devices().next().is_some() {
            records.push(strings("GPU", instance.free_gpus().map(Cow::Borrowed)));
        }
        extend(&mut records, extra.remaining.as_deref());
        Json::Array(records)
    }

    /// The records of countable resources.
    fn write_amounts<'s>(
        &'s self,
        instance: InstanceView<'s>,
        amount: impl Fn(InstanceView<'s>, ResourceKind) -> i64,
    ) -> Vec<Json<'s>> {
        let fixed = [("CPU", ResourceKind::Cpu), ("MEMORY", ResourceKind::Memory)];
        let record = |(name, kind)| {
            Json::object([
                ("name", Json::from(name)),
                ("type", Json::from("INTEGER")),
                ("integerValue", Json::from(amount(instance, kind))),
            ])
        };
        fixed.into_iter().chain(self.custom_kinds()).map(record).collect()
    }

    /// One task.
    fn write_task<'s>(&'s self, task: TaskView<'s>) -> Json<'s> {
        let mut entries = alloc::vec![
            ("taskArn", Json::Text(self.task_name(task.id()).unwrap_or_default())),
            ("containerInstanceArn", Json::from(self.instance_name(task.instance()).unwrap_or_default())),
            ("taskDefinitionArn", Json::from(task.definition())),
            ("group", Json::from(task.group())),
            ("lastStatus", Json::from(if self.pending.contains(&task.id()) { "PENDING" } else { "RUNNING" })),
            ("desiredStatus", Json::from(if task.is_stopping() { "STOPPED" } else { "RUNNING" })),
            ("healthStatus", Json::from(if task.is_healthy() { "UNKNOWN" } else { "UNHEALTHY" })),
            ("protectionEnabled", Json::from(task.is_protected())),
        ];
        let gpu_ids: Vec<Json<'_>> = task.gpu_ids().map(Json::from).collect();
        if !gpu_ids.is_empty() {
            entries.push(("containers", Json::array([Json::object([("gpuIds", Json::Array(gpu_ids))])])));
        }
        entries.push(("xDemand", write_demand(task.demand())));
        entries.push(("xSequence", Json::from(format!("{}", task.sequence()))));
        Json::object(entries)
    }
}

/// Prints a value.
fn print(out: &mut String, value: &Json<'_>) {
    // OK: writing to a `String` does not fail.
    let _ = write!(out, "{value}");
}

/// Prints an array, one element at a time.
fn print_list<'s>(out: &mut String, items: impl Iterator<Item = Json<'s>>, pace: &mut Pace<'_>) -> Result<(), Error> {
    out.push('[');
    for (position, item) in items.enumerate() {
        pace.step()?;
        if position > 0 {
            out.push(',');
        }
        print(out, &item);
    }
    out.push(']');
    Ok(())
}

/// A record of a set of strings.
fn strings<'s>(name: &'s str, values: impl Iterator<Item = Cow<'s, str>>) -> Json<'s> {
    Json::object([
        ("name", Json::from(name)),
        ("type", Json::from("STRINGSET")),
        ("stringSetValue", Json::array(values.map(Json::Text))),
    ])
}

/// A port as the records write it.
fn port_text(port: u16) -> Cow<'static, str> {
    Cow::Owned(format!("{port}"))
}

/// Adds records of unknown name.
fn extend<'s>(records: &mut Vec<Json<'s>>, unknown: Option<&'s str>) {
    if let Some(Json::Array(items)) = unknown.map(parsed).as_mut() {
        records.append(items);
    }
}

/// A text of our own making as a tree.
fn parsed(text: &str) -> Json<'_> {
    // OK: it was printed from a tree.
    Json::parse(text).unwrap_or(Json::Null)
}

/// Refuses a key that the format does not have.
fn known_keys(fields: Fields<'_, '_>, known: &[&str]) -> Result<(), Error> {
    let Some((key, _)) = fields.iter().find(|(key, _)| !known.contains(key)) else { return Ok(()) };
    let error = Error::with_message(ErrorKind::JsonUnknownKey, format!("key `{key}` is unknown"));
    Err(match nearest(key, known.iter().copied()) {
        Some(near) => error.with_help(format!("did you mean `{near}`?")),
        None => error,
    })
}

/// A number above those that JSON readers keep exact: a decimal string.
fn read_number(value: &Json<'_>) -> Result<u64, Error> {
    let text = value.as_text()?;
    let refuse = || Error::with_message(ErrorKind::InvalidParameter, format!("`{text}` is no decimal number"));
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten().ok_or_else(refuse)
}

/// One service.
fn read_service(fields: Fields<'_, '_>) -> Result<(String, Service), Error> {
    known_keys(fields, &["serviceName", "taskDefinition", "desiredCount"])?;
    let desired_count = fields.required_with("desiredCount", |count| match count {
        Json::Unsigned(count) => Ok(*count),
        count => u64::try_from(count.as_integer()?)
            .map_err(|_| Error::with_message(ErrorKind::InvalidParameter, "a count is not below 0")),
    })?;
    let definition = String::from(fields.required_with("taskDefinition", kept)?);
    Ok((String::from(fields.required_with("serviceName", kept)?), Service { definition, desired_count }))
}

/// Every key of an instance in the library's own words.
const INSTANCE_KEYS: [&str; 15] = [
    "name",
    "cpu",
    "memoryMib",
    "zone",
    "attributes",
    "gpus",
    "custom",
    "ports",
    "udpPorts",
    "eniTaskSlots",
    "ec2InstanceId",
    "capacityProvider",
    "agentVersion",
    "agentConnected",
    "status",
];

impl Session {
    /// Registers an instance that an object describes in the library's own words: `name`, `cpu` and `memoryMib`, and, where they
    /// are given, `zone`, `attributes` (an object of values, `null` where there is a name only, or an array of names), `gpus`
    /// (device ids), `custom` (an object of amounts), `ports`, `udpPorts`, `eniTaskSlots`, `ec2InstanceId`, `capacityProvider`,
    /// `agentVersion`, `agentConnected` and `status`. See [`register`](Self::register).
    ///
    /// # Errors
    /// [`ErrorKind::JsonUnknownKey`] for another key, whatever is wrong with a value, and as [`register`](Self::register);
    /// nothing has changed then.
    pub fn register_json(&mut self, instance: &Json<'_>) -> Result<InstanceId, Error> {
        self.register_in_own_words(&read_instance(instance.as_fields()?)?)
    }

    /// As [`register`](Self::register), with errors about the keys of [`register_json`](Self::register_json), for those who
    /// have read the instance themselves.
    ///
    /// # Errors
    /// As [`Cluster::register`](crate::Cluster::register); nothing has changed then.
    pub fn register_in_own_words(&mut self, instance: &Instance<'_>) -> Result<InstanceId, Error> {
        self.register(instance).map_err(in_own_words)
    }
}

/// The same error with its field in the library's own words.
fn in_own_words(error: Error) -> Error {
    let field = match error.path() {
        Some("containerInstanceArn") => "name",
        Some("registeredResources.CPU") => "cpu",
        Some("registeredResources.MEMORY") => "memoryMib",
        Some("registeredResources.GPU") => "gpus",
        _ => return error,
    };
    error.at_path(field)
}

/// An instance in the library's own words.
fn read_instance<'j>(fields: Fields<'j, '_>) -> Result<Instance<'j>, Error> {
    known_keys(fields, &INSTANCE_KEYS)?;
    let mut instance =
        Instance::new(fields.text("name")?).with_resources(fields.integer("cpu")?, fields.integer("memoryMib")?);
    instance.registered.gpus = fields.texts("gpus")?;
    if let Some(custom) = fields.optional_fields("custom")? {
        let amount = |(name, amount): (&'j str, &Json<'_>)| match amount.as_integer() {
            Ok(amount) => Ok((name, amount)),
            Err(error) => Err(error.in_path(name).in_path("custom")),
        };
        instance.registered.custom = custom.iter().map(amount).collect::<Result<_, Error>>()?;
    }
    if fields.get("ports").is_some() {
        instance.registered.tcp_ports = fields.each("ports", port)?;
    }
    instance.registered.udp_ports = fields.each("udpPorts", port)?;
    instance.attributes = match fields.get("attributes") {
        Some(Json::Array(_)) => fields.texts("attributes")?.into_iter().map(|name| (name, None)).collect(),
        _ => match fields.optional_fields("attributes")? {
            None => Vec::new(),
            Some(attributes) => attributes.iter().map(attribute).collect::<Result<_, Error>>()?,
        },
    };
    if let Some(zone) = fields.optional_text("zone")? {
        instance = instance.with_zone(zone);
    }
    instance.eni_task_slots = fields.optional_with("eniTaskSlots", |slots| {
        let slots = slots.as_integer()?;
        u32::try_from(slots)
            .map_err(|_| Error::with_message(ErrorKind::InvalidAmount, format!("`{slots}` is no number of tasks")))
    })?;
    instance.ec2_instance_id = fields.optional_text("ec2InstanceId")?;
    instance.capacity_provider = fields.optional_text("capacityProvider")?;
    instance.agent_version = fields.optional_text("agentVersion")?;
    instance.agent_connected = fields.optional_bool("agentConnected")?.unwrap_or(true);
    if let Some(status) = fields.optional_text("status")? {
        instance.status = InstanceStatus::from_ecs(status).ok_or_else(|| {
            let error = Error::with_message(ErrorKind::InvalidParameter, format!("status `{status}` is unknown"));
            error.in_path("status")
        })?;
    }
    Ok(instance)
}

/// A host port.
fn port(port: &Json<'_>) -> Result<u16, Error> {
    let port = port.as_integer()?;
    u16::try_from(port).map_err(|_| Error::with_message(ErrorKind::InvalidPort, format!("`{port}` is no port")))
}

/// An attribute: its value, or `null`.
fn attribute<'j>((name, value): (&'j str, &'j Json<'_>)) -> Result<(&'j str, Option<&'j str>), Error> {
    match value {
        Json::Null => Ok((name, None)),
        value => match value.as_text() {
            Ok(value) => Ok((name, Some(value))),
            Err(error) => Err(error.in_path(name).in_path("attributes")),
        },
    }
}

/// Whether a document says that it is an exported state.
#[must_use]
pub fn is_exported(document: &Json<'_>) -> bool {
    document.get("format").is_some_and(|format| format.as_text() == Ok(FORMAT))
}

/// Names of the routes.
const ROUTES: [Route; 3] = [Route::Auto, Route::Scan, Route::Indexed];

/// Name of a route.
#[must_use]
pub const fn route_name(route: Route) -> &'static str {
    match route {
        Route::Auto => "auto",
        Route::Scan => "scan",
        Route::Indexed => "indexed",
    }
}

impl SessionOptions {
    /// The options that an object names as an exported state does, and `route`, which is no part of a state. What it does not
    /// name has its default.
    ///
    /// # Errors
    /// [`ErrorKind::JsonUnknownKey`] for an option there is not, and whatever is wrong with a value.
    pub fn from_json(given: &Json<'_>) -> Result<Self, Error> {
        let fields = given.as_fields()?;
        let defaults = Self::default().entries();
        let known: Vec<&str> = defaults.iter().map(|(key, _)| *key).chain(["route"]).collect();
        known_keys(fields, &known)?;
        let merged = Json::object(defaults.into_iter().map(|(key, value)| {
            let value = fields.get(key).cloned().map_or(value, Json::into_owned);
            (key, value)
        }));
        let mut options = read_options(merged.as_fields()?)?;
        if fields.get("route").is_some() {
            options.cluster.route = choice(fields, "route", &ROUTES, route_name)?;
        }
        Ok(options)
    }
}

/// The options of the exporting session.
fn read_options(fields: Fields<'_, '_>) -> Result<SessionOptions, Error> {
    let mut options = SessionOptions::default();
    known_keys(fields, &options.entries().map(|(key, _)| key))?;
    options.seed = fields.required_with("seed", read_number)?;
    options.run_task_default = choice(fields, "runTaskDefault", &RUN_TASK_DEFAULTS, run_task_name)?;
    options.tie_break = choice(fields, "tieBreak", &TIE_BREAKS, tie_break_name)?;
    options.has_strict_network = fields.required_with("strictNetwork", Json::as_bool)?;
    options.has_lenient_fields = fields.required_with("lenientFields", Json::as_bool)?;
    options.cluster.release = choice(fields, "release", &RELEASES, release_name)?;
    options.cluster.host_ports_max = fields.required_with("hostPortsMax", |ports| {
        i32::try_from(ports.as_integer()?)
            .map_err(|_| Error::with_message(ErrorKind::InvalidParameter, "a number of ports fits 32 bits"))
    })?;
    options.cluster.absent_group = choice(fields, "absentGroup", &ABSENT_GROUPS, absent_group_name)?;
    options.cluster.unknown_eni = choice(fields, "unknownTypeEni", &UNKNOWN_ENIS, unknown_eni_name)?;
    Ok(options)
}

/// The choice that a key names.
fn choice<T: Copy>(
    fields: Fields<'_, '_>,
    key: &str,
    choices: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, Error> {
    fields.required_with(key, |value| {
        let text = value.as_text()?;
        choices.iter().copied().find(|&choice| name(choice) == text).ok_or_else(|| {
            let message = format!("`{text}` is no choice of `{key}`");
            let names: Vec<String> = choices.iter().map(|&choice| format!("`{}`", name(choice))).collect();
            Error::with_message(ErrorKind::InvalidParameter, message).with_help(format!("write {}", names.join(" or ")))
        })
    })
}

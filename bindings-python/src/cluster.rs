//! The class `Cluster`: a handle over a session, a method for each call.

use std::borrow::Cow;

use placewright::adapter::{Session, SessionOptions, Watch};
use placewright::json::Json;
use placewright::{Error, ErrorKind, Instance, InstanceStatus, wire};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple, PyType};

use crate::argument;
use crate::beside::{self, Piece};
use crate::bulk::{self, BulkResult};
use crate::call::{Named, What, answer};
use crate::columns;
use crate::convert::{self, Asked, Text};
use crate::error;
use crate::frame_instances::Instances;
use crate::frame_tasks::Tasks;
use crate::gate::Gate;
use crate::handle::{Memo, Request, Savepoint, Transaction};
use crate::iterate;
use crate::load;
use crate::outcome::{Explanation, PlaceResult};
use crate::table::{self, Table};
use crate::watch::Watcher;

/// A cluster of container instances and the tasks on them.
#[pyclass(frozen, module = "placewright")]
#[derive(Debug)]
pub(crate) struct Cluster {
    /// The session behind its lock.
    pub(crate) gate: Gate,
}

impl From<Session> for Cluster {
    fn from(session: Session) -> Self {
        Self { gate: Gate::new(session) }
    }
}

/// Makes a cluster from an exported state and the route it searched by: what `pickle` keeps.
#[pyfunction]
#[pyo3(name = "_restore")]
pub(crate) fn restore(py: Python<'_>, state: &Bound<'_, PyBytes>, route: &str) -> PyResult<Cluster> {
    let Some(text) = Text::of(state)? else { return Err(PyTypeError::new_err("a state is bytes")) };
    let mut session = load::restored(py, text)?;
    let options = SessionOptions::from_json(&Json::object([("route", Json::from(route))]));
    session.set_route(options.map_err(|fault| error::plain(py, &fault))?.cluster.route);
    Ok(session.into())
}

/// What makes a cluster anew, for `pickle`: a function and its arguments.
type Reduced<'py> = (Bound<'py, PyAny>, (Bound<'py, PyBytes>, &'static str));

/// What is done with a file after the cluster was made.
type Work = fn(&mut Session, &Json<'_>, Watch<'_>) -> Result<Option<()>, Error>;

#[pymethods]
impl Cluster {
    #[new]
    #[pyo3(signature = (**options))]
    fn new(options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        Ok(Session::new(convert::to_options(options)?).into())
    }

    #[classmethod]
    #[pyo3(signature = (document, /, **options))]
    fn from_json(
        _class: &Bound<'_, PyType>,
        document: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let py = document.py();
        let Some(text) = Text::of(document)? else {
            return Err(PyTypeError::new_err("JSON text is a str or bytes; from_dict takes objects"));
        };
        load::session(py, vec![(String::new(), text)], options).map(Self::from)
    }

    #[classmethod]
    #[pyo3(signature = (document, /, **options))]
    fn from_dict(
        _class: &Bound<'_, PyType>,
        document: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        load::of_object(document.py(), convert::to_json(document)?, options).map(Self::from)
    }

    #[classmethod]
    #[pyo3(signature = (*paths, tasks=None, definitions=None, **options))]
    fn from_files(
        class: &Bound<'_, PyType>,
        paths: &Bound<'_, PyTuple>,
        tasks: Option<&Bound<'_, PyAny>>,
        definitions: Option<&Bound<'_, PyAny>>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let py = class.py();
        if paths.is_empty() {
            return Err(PyTypeError::new_err("from_files takes at least one file"));
        }
        let sources = paths.iter().map(|path| convert::to_source(&path)).collect::<PyResult<Vec<_>>>()?;
        let mut session = load::session(py, sources, options)?;
        let mut each = |files: Option<&Bound<'_, PyAny>>, work: Work| {
            let Some(files) = files else { return Ok(()) };
            let is_one = files.hasattr("read")? || !files.hasattr("__iter__")? || files.is_instance_of::<PyString>();
            let files = if is_one { vec![files.clone()] } else { iterate::gather(files, |_, file| Ok(file))? };
            for file in files {
                let (name, text) = convert::to_source(&file)?;
                let tree = text.read(py, |fault| error::in_file(py, fault, &name, Some(text.as_str())))?;
                let mut watcher = Watcher::of_signals();
                let done = py.detach(|| work(&mut session, &tree, &mut |done| watcher.watch(done)));
                let done = done.map_err(|fault| error::in_file(py, &fault, &name, error::expression(&fault, &tree)))?;
                done.ok_or_else(|| watcher.into_error())?;
            }
            PyResult::Ok(())
        };
        each(definitions, |session, tree, _| session.register_task_definition_json(tree).map(|_| Some(())))?;
        each(tasks, |session, tree, watch| session.load_tasks_watched(tree, watch))?;
        Ok(session.into())
    }

    #[classmethod]
    #[pyo3(signature = (frame, /, **columns))]
    fn from_frame<'py>(
        _class: &Bound<'py, PyType>,
        frame: &Bound<'py, PyAny>,
        columns: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Self> {
        let (instances, options) = Instances::read(frame, columns)?;
        let mut session = Session::new(convert::to_options(Some(&options))?);
        let py = frame.py();
        let mut watcher = Watcher::of_signals();
        let loaded = py.detach(|| instances.load(&mut session, &mut watcher));
        loaded.map_err(|fault| error::plain(py, &fault))?.ok_or_else(|| watcher.into_error())?;
        Ok(session.into())
    }

    // Instances.

    #[pyo3(signature = (frame, /, **columns))]
    fn register_frame<'py>(&self, frame: &Bound<'py, PyAny>, columns: Option<&Bound<'py, PyDict>>) -> PyResult<()> {
        let (instances, rest) = Instances::read(frame, columns)?;
        if let Some(name) = rest.keys().iter().next() {
            return Err(PyTypeError::new_err(format!("unexpected keyword argument `{name}`")));
        }
        let mut watcher = Watcher::of_signals();
        let registered = self.call_detached(frame.py(), |session| instances.register_all(session, &mut watcher))?;
        registered.ok_or_else(|| watcher.into_error())
    }

    #[pyo3(signature = (name, /, *, cpu, memory_mib, zone=None, attributes=None, gpus=None, custom=None, ports=None,
        udp_ports=None, eni_task_slots=None, ec2_instance_id=None, capacity_provider=None, agent_version=None,
        agent_connected=true, status=None))]
    #[expect(clippy::too_many_arguments, reason = "keywords of Python")]
    fn register(
        &self,
        py: Python<'_>,
        name: &Bound<'_, PyAny>,
        cpu: &Bound<'_, PyAny>,
        memory_mib: &Bound<'_, PyAny>,
        zone: Option<&Bound<'_, PyAny>>,
        attributes: Option<&Bound<'_, PyAny>>,
        gpus: Option<&Bound<'_, PyAny>>,
        custom: Option<&Bound<'_, PyAny>>,
        ports: Option<&Bound<'_, PyAny>>,
        udp_ports: Option<&Bound<'_, PyAny>>,
        eni_task_slots: Option<&Bound<'_, PyAny>>,
        ec2_instance_id: Option<&Bound<'_, PyAny>>,
        capacity_provider: Option<&Bound<'_, PyAny>>,
        agent_version: Option<&Bound<'_, PyAny>>,
        agent_connected: bool,
        status: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let port = |name: &str, value: &Bound<'_, PyAny>| argument::number(name, value, (0, u16::MAX));
        let name = argument::text("name", name)?;
        let (cpu, memory_mib) = (argument::amount("cpu", cpu)?, argument::amount("memory_mib", memory_mib)?);
        let zone = argument::optional_text("zone", zone)?;
        let attributes = convert::to_attributes(attributes)?;
        let gpus = argument::list("gpus", gpus, argument::text)?;
        let custom = argument::amounts("custom", custom)?;
        let (ports, udp_ports) = (argument::list("ports", ports, port)?, argument::list("udp_ports", udp_ports, port)?);
        let slots = |value| argument::number("eni_task_slots", value, (0, u32::MAX));
        let eni_task_slots = eni_task_slots.map(slots).transpose()?;
        let ec2_instance_id = argument::optional_text("ec2_instance_id", ec2_instance_id)?;
        let capacity_provider = argument::optional_text("capacity_provider", capacity_provider)?;
        let agent_version = argument::optional_text("agent_version", agent_version)?;
        let status = argument::optional_text("status", status)?.unwrap_or_else(|| "ACTIVE".to_string());
        let Some(status) = InstanceStatus::from_ecs(&status) else {
            let message = format!("status `{status}` is unknown");
            let known = InstanceStatus::ALL.map(|known| format!("`{known}`")).join(", ");
            let fault = Error::with_message(ErrorKind::InvalidParameter, message).in_path("status");
            return Err(error::plain(py, &fault.with_help(format!("it is one of {known}"))));
        };
        let gpus = gpus.unwrap_or_default();
        let mut instance = Instance::new(&name).with_resources(cpu, memory_mib).with_status(status);
        instance.registered.gpus = gpus.iter().map(String::as_str).collect();
        instance.registered.custom = custom.iter().map(|(name, amount)| (name.as_str(), *amount)).collect();
        if let Some(ports) = ports {
            instance.registered.tcp_ports = ports;
        }
        instance.registered.udp_ports = udp_ports.unwrap_or_default();
        instance.attributes = attributes.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        if let Some(zone) = &zone {
            instance = instance.with_zone(zone);
        }
        instance.eni_task_slots = eni_task_slots;
        instance.ec2_instance_id = ec2_instance_id.as_deref();
        instance.capacity_provider = capacity_provider.as_deref();
        instance.agent_version = agent_version.as_deref();
        instance.agent_connected = agent_connected;
        self.call(py, |session| session.register(&instance).map(drop))
    }

    #[pyo3(signature = (document, /))]
    fn register_container_instance(&self, py: Python<'_>, document: &Bound<'_, PyAny>) -> PyResult<()> {
        let document = convert::to_document(document)?;
        self.call_with(py, &document, Session::register_container_instance_json)
    }

    #[pyo3(signature = (name, /))]
    fn declare_resource(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<()> {
        let name = argument::text("name", name)?;
        self.call(py, |session| session.declare_resource(&name))
    }

    #[pyo3(signature = (instance, /, *, force=false))]
    fn deregister(&self, py: Python<'_>, instance: &Bound<'_, PyAny>, force: bool) -> PyResult<Vec<String>> {
        let instance = argument::text("instance", instance)?;
        self.call_detached(py, |session| session.deregister_container_instance(&instance, force))
    }

    #[pyo3(signature = (instances, /))]
    fn drain(&self, instances: &Bound<'_, PyAny>) -> PyResult<()> {
        self.set_status(instances, "DRAINING")
    }

    #[pyo3(signature = (instances, /))]
    fn activate(&self, instances: &Bound<'_, PyAny>) -> PyResult<()> {
        self.set_status(instances, "ACTIVE")
    }

    #[pyo3(signature = (instance, attributes, /))]
    fn put_attributes(&self, instance: &Bound<'_, PyAny>, attributes: &Bound<'_, PyAny>) -> PyResult<()> {
        let attributes = convert::to_targeted(instance, convert::to_attributes(Some(attributes))?)?;
        self.call_with(instance.py(), &attributes, Session::put_attributes_json)
    }

    #[pyo3(signature = (instance, names, /))]
    fn delete_attributes(&self, instance: &Bound<'_, PyAny>, names: &Bound<'_, PyAny>) -> PyResult<()> {
        let attributes = convert::to_targeted(instance, convert::to_attributes(Some(names))?)?;
        self.call_with(instance.py(), &attributes, Session::delete_attributes_json)
    }

    #[pyo3(signature = (instance, connected, /))]
    fn set_agent_connected(&self, py: Python<'_>, instance: &Bound<'_, PyAny>, connected: bool) -> PyResult<()> {
        let instance = argument::text("instance", instance)?;
        self.call(py, |session| session.set_agent_connected(&instance, connected))
    }

    // Definitions and tasks.

    #[pyo3(signature = (definition, /))]
    fn register_task_definition(&self, py: Python<'_>, definition: &Bound<'_, PyAny>) -> PyResult<String> {
        let document = convert::to_document(definition)?;
        self.call_with(py, &document, Session::register_task_definition_json)
    }

    #[pyo3(signature = (document, /))]
    fn load_tasks(&self, py: Python<'_>, document: &Bound<'_, PyAny>) -> PyResult<()> {
        let document = convert::to_document(document)?;
        self.add_tasks(py, &document)
    }

    #[pyo3(signature = (frame, /, **columns))]
    fn load_tasks_frame<'py>(&self, frame: &Bound<'py, PyAny>, columns: Option<&Bound<'py, PyDict>>) -> PyResult<()> {
        let tasks = Tasks::read(frame, columns)?;
        let mut watcher = Watcher::of_signals();
        let added = self.call_detached(frame.py(), |session| {
            let added = session.load_tasks_watched(&tasks.document, &mut |done| watcher.watch(done));
            added.map_err(|fault| tasks.located(&fault))
        });
        beside::discard(tasks.document);
        added?.ok_or_else(|| watcher.into_error())
    }

    #[pyo3(signature = (what, /, *, count=None, group=None, strategies=None, constraints=None, all_or_nothing=None, seed=None,
        progress=None))]
    #[expect(clippy::too_many_arguments, reason = "keywords of Python")]
    fn place<'py>(
        &self,
        what: &Bound<'py, PyAny>,
        count: Option<&Bound<'py, PyAny>>,
        group: Option<&Bound<'py, PyAny>>,
        strategies: Option<&Bound<'py, PyAny>>,
        constraints: Option<&Bound<'py, PyAny>>,
        all_or_nothing: Option<&Bound<'py, PyAny>>,
        seed: Option<&Bound<'py, PyAny>>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<PlaceResult> {
        let py = what.py();
        let document = match What::read(what, &Asked { count, group, strategies, constraints, all_or_nothing, seed })? {
            What::Prepared(request) => return self.place_prepared(py, request.get(), progress),
            What::Document(document) => document,
        };
        let mut watcher = Watcher::new(progress, 0)?;
        let mut guard = self.gate.enter(py)?;
        let request = match guard.session.read_place(&document) {
            Ok(request) => request,
            Err(fault) => {
                drop(guard);
                return Err(error::in_tree(py, &fault, &document));
            }
        };
        let wanted = request.count as usize;
        watcher.set_total(wanted);
        let held = &mut *guard;
        let result = py.detach(|| held.session.place_watched(&request, &mut |done| watcher.watch(done)));
        drop(guard);
        answer(py, result, watcher, wanted, Some(&document))
    }

    #[pyo3(signature = (what, /, *, count=None, group=None, strategies=None, constraints=None, all_or_nothing=None, seed=None))]
    #[expect(clippy::too_many_arguments, reason = "keywords of Python")]
    fn prepare<'py>(
        slf: &Bound<'py, Self>,
        what: &Bound<'py, PyAny>,
        count: Option<&Bound<'py, PyAny>>,
        group: Option<&Bound<'py, PyAny>>,
        strategies: Option<&Bound<'py, PyAny>>,
        constraints: Option<&Bound<'py, PyAny>>,
        all_or_nothing: Option<&Bound<'py, PyAny>>,
        seed: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Request> {
        if what.is_instance_of::<Request>() {
            return Err(PyTypeError::new_err("the request is prepared already"));
        }
        let document =
            convert::to_request(what, &Asked { count, group, strategies, constraints, all_or_nothing, seed })?;
        let (request, id) = slf.get().call_with(slf.py(), &document, |session, document| {
            let request = session.read_place(document)?;
            let id = session.prepare(&request)?;
            Ok((request, id))
        })?;
        let cluster = slf.clone().unbind();
        let (count, all_or_nothing) = (request.count, request.all_or_nothing);
        Ok(Request { cluster, id, definition: request.definition, group: request.group, count, all_or_nothing })
    }

    #[pyo3(signature = (requests, indices=None, /, *, progress=None))]
    fn place_bulk(
        slf: &Bound<'_, Self>,
        requests: &Bound<'_, PyAny>,
        indices: Option<&Bound<'_, PyAny>>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<BulkResult> {
        bulk::place(slf, requests, indices, progress)
    }

    #[pyo3(signature = (what, /, *, count=None, group=None, strategies=None, constraints=None, all_or_nothing=None, seed=None))]
    #[expect(clippy::too_many_arguments, reason = "keywords of Python")]
    fn explain<'py>(
        &self,
        what: &Bound<'py, PyAny>,
        count: Option<&Bound<'py, PyAny>>,
        group: Option<&Bound<'py, PyAny>>,
        strategies: Option<&Bound<'py, PyAny>>,
        constraints: Option<&Bound<'py, PyAny>>,
        all_or_nothing: Option<&Bound<'py, PyAny>>,
        seed: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Explanation> {
        let py = what.py();
        match What::read(what, &Asked { count, group, strategies, constraints, all_or_nothing, seed })? {
            What::Prepared(request) => self.explain_prepared(py, request.get()),
            What::Document(document) => {
                let explained = self.call_with(py, &document, |session, document| {
                    let request = session.read_place(document)?;
                    let id = session.prepare(&request)?;
                    let explanation = session.cluster().explain(id);
                    session.release(id)?;
                    explanation
                });
                explained.map(Explanation::new)
            }
        }
    }

    #[pyo3(signature = (tasks, /))]
    fn stop(&self, py: Python<'_>, tasks: &Bound<'_, PyAny>) -> PyResult<()> {
        let tasks = Named::read(tasks)?;
        self.call_detached(py, |session| {
            let ids = tasks.iter().map(|task| Self::task_id(session, task)).collect::<Result<Vec<_>, Error>>()?;
            session.stop_tasks(&ids)
        })
    }

    #[pyo3(signature = (task, /))]
    fn finish(&self, py: Python<'_>, task: &Bound<'_, PyAny>) -> PyResult<()> {
        let task = argument::text("task", task)?;
        self.call(py, |session| session.finish_task(&task))
    }

    #[pyo3(signature = (group, count, /, *, strategies=None, seed=None))]
    fn scale_in(
        &self,
        group: &Bound<'_, PyAny>,
        count: &Bound<'_, PyAny>,
        strategies: Option<&Bound<'_, PyAny>>,
        seed: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Vec<String>> {
        let mut entries = vec![("group", convert::to_json(group)?), ("count", convert::to_json(count)?)];
        if let Some(strategies) = strategies {
            entries.push(("placementStrategy", convert::to_rules(strategies, "field")?));
        }
        if let Some(seed) = seed {
            entries.push(("xSeed", argument::seed(seed)?));
        }
        let mut watcher = Watcher::of_signals();
        let stopped = self.call_with(group.py(), &Json::object(entries), |session, document| {
            session.scale_in_watched(document, &mut |done| watcher.watch(done))
        })?;
        stopped.ok_or_else(|| watcher.into_error())
    }

    // The calls of ECS, with ECS's limits.

    #[pyo3(signature = (request, /))]
    fn run_task(&self, request: &Bound<'_, PyAny>) -> PyResult<PlaceResult> {
        let wanted = |request: &Json<'_>| match request.get("count") {
            None | Some(Json::Null) => Some(1),
            Some(count) => count.as_integer().ok().and_then(|count| usize::try_from(count).ok()),
        };
        self.call_ecs(request, wanted, Session::run_task_json)
    }

    #[pyo3(signature = (request, /))]
    fn start_task(&self, request: &Bound<'_, PyAny>) -> PyResult<PlaceResult> {
        let wanted = |request: &Json<'_>| Some(request.get("containerInstances")?.as_array().ok()?.len());
        self.call_ecs(request, wanted, Session::start_task_json)
    }

    #[pyo3(signature = (request, /))]
    fn create_service(&self, request: &Bound<'_, PyAny>) -> PyResult<PlaceResult> {
        let wanted = |request: &Json<'_>| usize::try_from(request.get("desiredCount")?.as_integer().ok()?).ok();
        self.call_ecs(request, wanted, Session::create_service_json)
    }

    #[pyo3(signature = (request, /))]
    fn list_container_instances<'py>(&self, request: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let document = convert::to_document(request)?;
        let response = self
            .call_with(request.py(), &document, |session, document| session.list_container_instances_json(document))?;
        convert::to_object(request.py(), &response.to_json())
    }

    // Reading.

    #[pyo3(signature = (expression, /))]
    fn query(&self, expression: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
        let compiled = convert::to_expression(expression)?;
        self.read_detached(expression.py(), |held| {
            let cluster = held.session.cluster();
            let found = cluster.query(&compiled).into_iter().filter_map(|id| cluster.instance(id).ok());
            found.map(|instance| instance.name().to_string()).collect()
        })
    }

    #[pyo3(signature = (instance, /))]
    fn instance<'py>(&self, py: Python<'py>, instance: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let instance = argument::text("instance", instance)?;
        let described = self.call(py, |session| {
            let id = session.instance_id(&instance)?;
            session.describe_instance(id).map(Json::into_owned)
        })?;
        convert::to_object(py, &described)
    }

    #[pyo3(signature = (task, /))]
    fn task<'py>(&self, task: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = task.py();
        let named = Named::read(task)?;
        let [named] = named.as_slice() else {
            return Err(PyTypeError::new_err("one task, by id or by number"));
        };
        let described = self.call(py, |session| {
            let id = Self::task_id(session, named)?;
            session.describe_task(id).map(Json::into_owned)
        })?;
        convert::to_object(py, &described)
    }

    #[getter]
    fn instance_ids(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.call_detached(py, |session| {
            let cluster = session.cluster();
            cluster.instances().map(|id| cluster.instance(id).map(|instance| instance.name().to_string())).collect()
        })
    }

    #[getter]
    fn task_ids(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.call_detached(py, |session| {
            let names = session.cluster().tasks().filter_map(|id| session.task_name(id).map(Cow::into_owned));
            Ok(names.collect())
        })
    }

    #[getter]
    fn instances(&self, py: Python<'_>) -> PyResult<Table> {
        table::made(py, self.read_detached(py, |held| columns::instances(&held.session))?)
    }

    #[getter]
    fn remaining(&self, py: Python<'_>) -> PyResult<Table> {
        table::made(py, self.read_detached(py, |held| columns::remaining(&held.session))?)
    }

    #[getter]
    fn tasks(&self, py: Python<'_>) -> PyResult<Table> {
        table::made(py, self.read_detached(py, |held| columns::tasks(&held.session, None))?)
    }

    #[getter]
    fn attributes(&self, py: Python<'_>) -> PyResult<Table> {
        table::made(py, self.read_detached(py, |held| columns::attributes(&held.session))?)
    }

    #[pyo3(signature = (instances, /))]
    #[expect(clippy::needless_pass_by_value, reason = "made of a list of Python's")]
    fn _tasks_of(&self, py: Python<'_>, instances: Vec<String>) -> PyResult<Table> {
        table::made(py, self.read_detached(py, |held| columns::tasks(&held.session, Some(&instances)))?)
    }

    #[pyo3(signature = (**options))]
    fn plot<'py>(slf: &Bound<'py, Self>, options: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("placewright._plot")?.getattr("cluster")?.call((slf,), options)
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("placewright._html")?.call_method1("cluster", (slf,))
    }

    #[getter]
    fn running_tasks(&self, py: Python<'_>) -> PyResult<usize> {
        self.call(py, |session| Ok(session.cluster().running_tasks()))
    }

    #[pyo3(signature = (group, /))]
    fn running_tasks_of(&self, py: Python<'_>, group: &Bound<'_, PyAny>) -> PyResult<usize> {
        let group = argument::text("group", group)?;
        self.call(py, |session| Ok(session.cluster().running_tasks_of(&group)))
    }

    #[getter]
    fn savepoints(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.gate.enter(py)?.savepoints.len())
    }

    #[getter]
    fn custom_resources(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.call(py, |session| Ok(session.cluster().custom_resources().map(str::to_string).collect()))
    }

    #[getter]
    fn refused_definitions(&self, py: Python<'_>) -> PyResult<Vec<(String, String)>> {
        self.call(py, |session| {
            let refused = session.refused_definitions().into_iter();
            Ok(refused.map(|(name, reason)| (name, reason.to_string())).collect())
        })
    }

    #[getter]
    fn warnings(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.call(py, |session| Ok(session.warnings().to_vec()))
    }

    fn _forget_warnings(&self, py: Python<'_>) -> PyResult<()> {
        self.call(py, |session| {
            session.take_warnings();
            Ok(())
        })
    }

    #[getter]
    fn _version(&self, py: Python<'_>) -> PyResult<(u64, u64)> {
        self.call(py, |session| Ok(session.version()))
    }

    #[getter]
    fn memory_usage(&self, py: Python<'_>) -> PyResult<usize> {
        self.call(py, |session| Ok(session.cluster().memory_usage()))
    }

    fn fingerprint(&self, py: Python<'_>) -> PyResult<u128> {
        self.read_detached(py, |held| held.session.cluster().fingerprint().as_u128())
    }

    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        self.export(py)
    }

    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let state = PyDict::new(py);
        let whole = beside::pieces(py, self.export(py)?, |piece| match piece {
            Piece::Whole(key, value) => state.set_item(key, convert::to_object(py, &value)?),
            Piece::Items(key, items) => {
                let list = match state.get_item(&key)? {
                    Some(list) => list.cast_into::<PyList>()?,
                    None => PyList::empty(py),
                };
                items.iter().try_for_each(|item| list.append(convert::to_object(py, item)?))?;
                state.set_item(key, list)
            }
        })?;
        whole.map_err(|fault| error::plain(py, &fault))?;
        Ok(state)
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        self.call(py, |session| Ok(session.cluster().instances().len()))
    }

    fn __bool__(&self) -> bool {
        true
    }

    fn __contains__(&self, py: Python<'_>, instance: &Bound<'_, PyAny>) -> PyResult<bool> {
        match instance.extract::<String>() {
            Ok(name) => self.call(py, |session| Ok(session.instance_id(&name).is_ok())),
            Err(_) => Ok(false),
        }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let counted = self.call(py, |session| {
            let (instances, tasks) = (session.cluster().instances().len(), session.cluster().running_tasks());
            Ok(format!("<Cluster: {instances} instances, {tasks} tasks>"))
        });
        match counted {
            Err(fault) if error::is_busy(py, &fault) => Ok("<Cluster: in the middle of a call>".to_string()),
            counted => counted,
        }
    }

    // What if.

    fn transaction(slf: &Bound<'_, Self>) -> Transaction {
        Transaction::new(slf.clone().unbind())
    }

    fn begin(slf: &Bound<'_, Self>) -> PyResult<Savepoint> {
        let savepoint = slf.get().open(slf.py(), None)?;
        Ok(Savepoint { cluster: slf.clone().unbind(), savepoint })
    }

    #[pyo3(signature = (savepoint=None, /))]
    fn rollback(&self, py: Python<'_>, savepoint: Option<&Bound<'_, Savepoint>>) -> PyResult<()> {
        let savepoint = self.savepoint_of(py, savepoint.map(Bound::get))?;
        self.close(py, savepoint, false)
    }

    #[pyo3(signature = (savepoint=None, /))]
    fn commit(&self, py: Python<'_>, savepoint: Option<&Bound<'_, Savepoint>>) -> PyResult<()> {
        let savepoint = self.savepoint_of(py, savepoint.map(Bound::get))?;
        self.close(py, savepoint, true)
    }

    fn copy(&self, py: Python<'_>) -> PyResult<Self> {
        self.copied(py)
    }

    fn __copy__(&self, py: Python<'_>) -> PyResult<Self> {
        self.copied(py)
    }

    fn __deepcopy__(&self, py: Python<'_>, _memo: &Memo<'_>) -> PyResult<Self> {
        self.copied(py)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let route = self.read_detached(py, |held| wire::route_name(held.session.options().cluster.route))?;
        let state = convert::to_bytes(py, &self.export(py)?);
        Ok((py.import("placewright._native")?.getattr("_restore")?, (state, route)))
    }
}

impl Cluster {
    /// Sets the status of instances.
    fn set_status(&self, instances: &Bound<'_, PyAny>, status: &'static str) -> PyResult<()> {
        let names = convert::to_instances(instances)?;
        let request = Json::object([("containerInstances", names), ("status", Json::from(status))]);
        self.call_with(instances.py(), &request, Session::update_container_instances_state_json)
    }
}

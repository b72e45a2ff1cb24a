//! The class `Cluster`: a handle over a session, a method for each call. What only reads is in [`crate::reading`].

use placewright::adapter::Session;
use placewright::json::Json;
use placewright::wire;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple, PyType};

use crate::argument;
use crate::bulk::{self, BulkResult};
use crate::call::Named;
use crate::convert::{self, Text};
use crate::error;
use crate::frame_instances::Instances;
use crate::gate::Gate;
use crate::handle::{Memo, Request, Savepoint, Transaction};
use crate::load;
use crate::outcome::{Explanation, PlaceResult};
use crate::register::{self, Described};
use crate::request::Asked;
use crate::watch::Watcher;
use crate::workload;

#[doc = stub!(Cluster)]
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

/// What makes a cluster anew, for `pickle`: a function and its arguments.
type Reduced<'py> = (Bound<'py, PyAny>, (Bound<'py, PyBytes>, &'static str));

#[pymethods]
impl Cluster {
    #[new]
    #[pyo3(signature = (**options))]
    fn new(options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        Ok(Session::new(convert::to_options(options)?).into())
    }

    #[doc = stub!(Cluster.from_json)]
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

    #[doc = stub!(Cluster.from_dict)]
    #[classmethod]
    #[pyo3(signature = (document, /, **options))]
    fn from_dict(
        _class: &Bound<'_, PyType>,
        document: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        load::of_object(document.py(), convert::to_json(document)?, options).map(Self::from)
    }

    #[doc = stub!(Cluster.from_files)]
    #[classmethod]
    #[pyo3(signature = (*paths, tasks=None, definitions=None, **options))]
    fn from_files(
        class: &Bound<'_, PyType>,
        paths: &Bound<'_, PyTuple>,
        tasks: Option<&Bound<'_, PyAny>>,
        definitions: Option<&Bound<'_, PyAny>>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        load::of_files(class.py(), paths, (tasks, definitions), options).map(Self::from)
    }

    #[doc = stub!(Cluster.from_frame)]
    #[classmethod]
    #[pyo3(signature = (frame, /, **columns))]
    fn from_frame<'py>(
        _class: &Bound<'py, PyType>,
        frame: &Bound<'py, PyAny>,
        columns: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Self> {
        Instances::session(frame, columns).map(Self::from)
    }

    // Instances.

    #[doc = stub!(Cluster.register_frame)]
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

    #[doc = stub!(Cluster.register)]
    #[pyo3(signature = (name, /, *, cpu, memory_mib, zone=None, attributes=None, gpus=None, custom=None, ports=None,
        udp_ports=None, eni_task_slots=None, ec2_instance_id=None, capacity_provider=None, agent_version=None,
        agent_connected=true, status=None))]
    #[expect(clippy::too_many_arguments, reason = "keywords of Python")]
    fn register(
        &self,
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
        let described = Described {
            zone,
            attributes,
            gpus,
            custom,
            ports,
            udp_ports,
            eni_task_slots,
            ec2_instance_id,
            capacity_provider,
            agent_version,
            agent_connected,
            status,
        };
        register::register(self, name, (cpu, memory_mib), &described)
    }

    #[doc = stub!(Cluster.register_container_instance)]
    #[pyo3(signature = (document, /))]
    fn register_container_instance(&self, py: Python<'_>, document: &Bound<'_, PyAny>) -> PyResult<()> {
        let document = convert::to_document(document)?;
        self.call_with(py, &document, Session::register_container_instance_json)
    }

    #[doc = stub!(Cluster.declare_resource)]
    #[pyo3(signature = (name, /))]
    fn declare_resource(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<()> {
        let name = argument::text("name", name)?;
        self.call(py, |session| session.declare_resource(&name))
    }

    #[doc = stub!(Cluster.deregister)]
    #[pyo3(signature = (instance, /, *, force=false))]
    fn deregister(&self, py: Python<'_>, instance: &Bound<'_, PyAny>, force: bool) -> PyResult<Vec<String>> {
        let instance = argument::text("instance", instance)?;
        self.call_detached(py, |session| session.deregister_container_instance(&instance, force))
    }

    #[doc = stub!(Cluster.drain)]
    #[pyo3(signature = (instances, /))]
    fn drain(&self, instances: &Bound<'_, PyAny>) -> PyResult<()> {
        self.set_status(instances, "DRAINING")
    }

    #[doc = stub!(Cluster.activate)]
    #[pyo3(signature = (instances, /))]
    fn activate(&self, instances: &Bound<'_, PyAny>) -> PyResult<()> {
        self.set_status(instances, "ACTIVE")
    }

    #[doc = stub!(Cluster.put_attributes)]
    #[pyo3(signature = (instance, attributes, /))]
    fn put_attributes(&self, instance: &Bound<'_, PyAny>, attributes: &Bound<'_, PyAny>) -> PyResult<()> {
        let attributes = convert::to_targeted(instance, convert::to_attributes(Some(attributes))?)?;
        self.call_with(instance.py(), &attributes, Session::put_attributes_json)
    }

    #[doc = stub!(Cluster.delete_attributes)]
    #[pyo3(signature = (instance, names, /))]
    fn delete_attributes(&self, instance: &Bound<'_, PyAny>, names: &Bound<'_, PyAny>) -> PyResult<()> {
        let attributes = convert::to_targeted(instance, convert::to_attributes(Some(names))?)?;
        self.call_with(instance.py(), &attributes, Session::delete_attributes_json)
    }

    #[doc = stub!(Cluster.set_agent_connected)]
    #[pyo3(signature = (instance, connected, /))]
    fn set_agent_connected(&self, py: Python<'_>, instance: &Bound<'_, PyAny>, connected: bool) -> PyResult<()> {
        let instance = argument::text("instance", instance)?;
        self.call(py, |session| session.set_agent_connected(&instance, connected))
    }

    // Definitions and tasks.

    #[doc = stub!(Cluster.register_task_definition)]
    #[pyo3(signature = (definition, /))]
    fn register_task_definition(&self, py: Python<'_>, definition: &Bound<'_, PyAny>) -> PyResult<String> {
        let document = convert::to_document(definition)?;
        self.call_with(py, &document, Session::register_task_definition_json)
    }

    #[doc = stub!(Cluster.load_tasks)]
    #[pyo3(signature = (document, /))]
    fn load_tasks(&self, py: Python<'_>, document: &Bound<'_, PyAny>) -> PyResult<()> {
        let document = convert::to_document(document)?;
        self.add_tasks(py, &document)
    }

    #[doc = stub!(Cluster.load_tasks_frame)]
    #[pyo3(signature = (frame, /, **columns))]
    fn load_tasks_frame<'py>(&self, frame: &Bound<'py, PyAny>, columns: Option<&Bound<'py, PyDict>>) -> PyResult<()> {
        self.load_tasks_of(frame, columns)
    }

    #[doc = stub!(Cluster.place)]
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
        self.place_asked(what, &Asked { count, group, strategies, constraints, all_or_nothing, seed }, progress)
    }

    #[doc = stub!(Cluster.prepare)]
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
        Self::prepare_asked(slf, what, &Asked { count, group, strategies, constraints, all_or_nothing, seed })
    }

    #[doc = stub!(Cluster.place_bulk)]
    #[pyo3(signature = (requests, indices=None, /, *, progress=None))]
    fn place_bulk(
        slf: &Bound<'_, Self>,
        requests: &Bound<'_, PyAny>,
        indices: Option<&Bound<'_, PyAny>>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<BulkResult> {
        bulk::place(slf, requests, indices, progress)
    }

    #[doc = stub!(Cluster.explain)]
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
        self.explain_asked(what, &Asked { count, group, strategies, constraints, all_or_nothing, seed })
    }

    #[doc = stub!(Cluster.stop)]
    #[pyo3(signature = (tasks, /))]
    fn stop(&self, py: Python<'_>, tasks: &Bound<'_, PyAny>) -> PyResult<()> {
        self.stop_named(py, &Named::read(tasks)?)
    }

    #[doc = stub!(Cluster.finish)]
    #[pyo3(signature = (task, /))]
    fn finish(&self, py: Python<'_>, task: &Bound<'_, PyAny>) -> PyResult<()> {
        let task = argument::text("task", task)?;
        self.call(py, |session| session.finish_task(&task))
    }

    #[doc = stub!(Cluster.scale_in)]
    #[pyo3(signature = (group, count, /, *, strategies=None, seed=None))]
    fn scale_in(
        &self,
        group: &Bound<'_, PyAny>,
        count: &Bound<'_, PyAny>,
        strategies: Option<&Bound<'_, PyAny>>,
        seed: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Vec<String>> {
        self.scale_in_asked(group, count, strategies, seed)
    }

    // The calls of ECS, with ECS's limits.

    #[doc = stub!(Cluster.run_task)]
    #[pyo3(signature = (request, /))]
    fn run_task(&self, request: &Bound<'_, PyAny>) -> PyResult<PlaceResult> {
        let wanted = |request: &Json<'_>| match request.get("count") {
            None | Some(Json::Null) => Some(1),
            Some(count) => count.as_integer().ok().and_then(|count| usize::try_from(count).ok()),
        };
        self.call_ecs(request, wanted, Session::run_task_json)
    }

    #[doc = stub!(Cluster.start_task)]
    #[pyo3(signature = (request, /))]
    fn start_task(&self, request: &Bound<'_, PyAny>) -> PyResult<PlaceResult> {
        let wanted = |request: &Json<'_>| Some(request.get("containerInstances")?.as_array().ok()?.len());
        self.call_ecs(request, wanted, Session::start_task_json)
    }

    #[doc = stub!(Cluster.create_service)]
    #[pyo3(signature = (request, /))]
    fn create_service(&self, request: &Bound<'_, PyAny>) -> PyResult<PlaceResult> {
        let wanted = |request: &Json<'_>| usize::try_from(request.get("desiredCount")?.as_integer().ok()?).ok();
        self.call_ecs(request, wanted, Session::create_service_json)
    }

    #[doc = stub!(Cluster.list_container_instances)]
    #[pyo3(signature = (request, /))]
    fn list_container_instances<'py>(&self, request: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let document = convert::to_document(request)?;
        let response = self
            .call_with(request.py(), &document, |session, document| session.list_container_instances_json(document))?;
        convert::to_object(request.py(), &response.to_json())
    }

    // As a set.

    #[doc = stub!(Cluster.pack)]
    #[pyo3(signature = (requests, /, **options))]
    fn pack<'py>(
        slf: &Bound<'py, Self>,
        requests: &Bound<'py, PyAny>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("placewright._packing")?.getattr("pack_into")?.call((slf, requests), options)
    }

    #[doc = stub!(Cluster.pack_json)]
    #[pyo3(signature = (document, /, *, progress=None))]
    fn pack_json<'py>(
        &self,
        document: &Bound<'py, PyAny>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let py = document.py();
        convert::to_dict(py, self.pack_document(py, convert::to_document(document)?, progress)?.text)
    }

    #[doc = stub!(Cluster.rearrange)]
    #[pyo3(signature = (**options))]
    fn rearrange<'py>(slf: &Bound<'py, Self>, options: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("placewright._rearranging")?.getattr("rearrange")?.call((slf,), options)
    }

    #[doc = stub!(Cluster.fragmentation)]
    #[pyo3(signature = (workload, /, *, instance=None))]
    fn fragmentation<'py>(
        &self,
        workload: &Bound<'py, PyAny>,
        instance: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        workload::fragmentation(self, workload, instance)
    }

    #[doc = stub!(Cluster.weigh_by_scarcity)]
    #[pyo3(signature = (workload, /))]
    fn weigh_by_scarcity<'py>(&self, workload: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        workload::weighed(self, workload)
    }

    #[doc = stub!(Cluster.rearrange_json)]
    #[pyo3(signature = (document, /, *, seconds=None, progress=None))]
    fn rearrange_json<'py>(
        &self,
        document: &Bound<'py, PyAny>,
        seconds: Option<&Bound<'py, PyAny>>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        self.rearranged(document, seconds, progress)
    }

    #[doc = stub!(Cluster.plot)]
    #[pyo3(signature = (**options))]
    fn plot<'py>(slf: &Bound<'py, Self>, options: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("placewright._plot")?.getattr("cluster")?.call((slf,), options)
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("placewright._html")?.call_method1("cluster", (slf,))
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

    #[doc = stub!(Cluster.transaction)]
    fn transaction(slf: &Bound<'_, Self>) -> Transaction {
        Transaction::new(slf.clone().unbind())
    }

    #[doc = stub!(Cluster.begin)]
    fn begin(slf: &Bound<'_, Self>) -> PyResult<Savepoint> {
        let savepoint = slf.get().open(slf.py(), None)?;
        Ok(Savepoint { cluster: slf.clone().unbind(), savepoint })
    }

    #[doc = stub!(Cluster.rollback)]
    #[pyo3(signature = (savepoint=None, /))]
    fn rollback(&self, py: Python<'_>, savepoint: Option<&Bound<'_, Savepoint>>) -> PyResult<()> {
        let savepoint = self.savepoint_of(py, savepoint.map(Bound::get))?;
        self.close(py, savepoint, false)
    }

    #[doc = stub!(Cluster.commit)]
    #[pyo3(signature = (savepoint=None, /))]
    fn commit(&self, py: Python<'_>, savepoint: Option<&Bound<'_, Savepoint>>) -> PyResult<()> {
        let savepoint = self.savepoint_of(py, savepoint.map(Bound::get))?;
        self.close(py, savepoint, true)
    }

    #[doc = stub!(Cluster.copy)]
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

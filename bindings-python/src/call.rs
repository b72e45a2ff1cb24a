//! How a method of `Cluster` calls the core: the lock is taken, the core called, the lock given back, and only then are Python
//! objects made, as making them may run anybody's code.

use std::sync::Arc;

use parking_lot::Mutex;
use placewright::adapter::{RunTaskResponse, Session, SessionSavepoint};
use placewright::json::Json;
use placewright::{Error, ErrorKind, TaskId};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::argument;
use crate::beside;
use crate::cluster::Cluster;
use crate::convert;
use crate::error;
use crate::frame_tasks::Tasks;
use crate::gate::{Closing, Fate, Held, Open};
use crate::handle::{Request, Savepoint};
use crate::outcome::{Explanation, PlaceResult};
use crate::request::{self, Asked, Strategies};
use crate::watch::Watcher;

/// Instances from which on a single task is placed with the interpreter's lock released: giving it back and forth costs more
/// than looking at fewer.
const INSTANCES_DETACHED: usize = 4096;

/// Names that are looked up between two looks at signals: a few milliseconds.
const NAMES_BETWEEN_SIGNALS: usize = 1 << 16;

/// What is to be placed.
pub(crate) enum What<'a, 'py> {
    /// A prepared request.
    Prepared(&'a Bound<'py, Request>),
    /// A request yet to be read.
    Document(Json<'static>),
}

impl<'a, 'py> What<'a, 'py> {
    /// Reads what is to be placed.
    pub(crate) fn read(what: &'a Bound<'py, PyAny>, asked: &Asked<'_, 'py>) -> PyResult<Self> {
        match what.cast::<Request>() {
            Ok(request) => asked.refuse().map(|()| Self::Prepared(request)),
            Err(_) => request::to_request(what, asked).map(Self::Document),
        }
    }
}

impl Cluster {
    /// Calls the core and raises what it refuses.
    pub(crate) fn call<T>(&self, py: Python<'_>, work: impl FnOnce(&mut Session) -> Result<T, Error>) -> PyResult<T> {
        let mut guard = self.gate.enter(py)?;
        let result = work(&mut guard.session);
        drop(guard);
        result.map_err(|fault| error::plain(py, &fault))
    }

    /// Does something with what the lock protects, the interpreter's lock released.
    pub(crate) fn detached<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut Held) -> T + Send) -> PyResult<T> {
        let mut guard = self.gate.enter(py)?;
        let held = &mut *guard;
        Ok(py.detach(|| work(held)))
    }

    /// Reads what the lock protects, the interpreter's lock released.
    pub(crate) fn read_detached<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&Held) -> T + Send) -> PyResult<T> {
        let guard = self.gate.enter(py)?;
        let held = &*guard;
        Ok(py.detach(|| work(held)))
    }

    /// Calls the core with the interpreter's lock released and raises what it refuses.
    pub(crate) fn call_detached<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Session) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        self.detached(py, |held| work(&mut held.session))?.map_err(|fault| error::plain(py, &fault))
    }

    /// Calls the core with a document, the interpreter's lock released, and raises what it refuses.
    pub(crate) fn call_with<T: Send>(
        &self,
        py: Python<'_>,
        document: &Json<'_>,
        work: impl FnOnce(&mut Session, &Json<'_>) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        let result = self.detached(py, |held| work(&mut held.session, document))?;
        result.map_err(|fault| error::in_tree(py, &fault, document))
    }

    /// Calls of ECS that place tasks.
    pub(crate) fn call_ecs(
        &self,
        request: &Bound<'_, PyAny>,
        wanted: impl FnOnce(&Json<'_>) -> Option<usize>,
        work: impl FnOnce(&mut Session, &Json<'_>) -> Result<RunTaskResponse, Error> + Send,
    ) -> PyResult<PlaceResult> {
        let document = convert::to_document(request)?;
        let response = self.call_with(request.py(), &document, work)?;
        Ok(PlaceResult::new(response, wanted(&document).unwrap_or(0)))
    }

    /// Places the tasks of what is asked for.
    pub(crate) fn place_asked<'py>(
        &self,
        what: &Bound<'py, PyAny>,
        asked: &Asked<'_, 'py>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<PlaceResult> {
        let py = what.py();
        let document = match What::read(what, asked)? {
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

    /// Makes what is asked for ready.
    pub(crate) fn prepare_asked<'py>(
        slf: &Bound<'py, Self>,
        what: &Bound<'py, PyAny>,
        asked: &Asked<'_, 'py>,
    ) -> PyResult<Request> {
        if what.is_instance_of::<Request>() {
            return Err(PyTypeError::new_err("the request is prepared already"));
        }
        let document = request::to_request(what, asked)?;
        let (request, id) = slf.get().call_with(slf.py(), &document, |session, document| {
            let request = session.read_place(document)?;
            let id = session.prepare(&request)?;
            Ok((request, id))
        })?;
        let cluster = slf.clone().unbind();
        let (count, all_or_nothing) = (request.count, request.all_or_nothing);
        Ok(Request { cluster, id, definition: request.definition, group: request.group, count, all_or_nothing })
    }

    /// Why the next task of what is asked for would go where it goes.
    pub(crate) fn explain_asked<'py>(&self, what: &Bound<'py, PyAny>, asked: &Asked<'_, 'py>) -> PyResult<Explanation> {
        let py = what.py();
        match What::read(what, asked)? {
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

    /// Sets the status of instances.
    pub(crate) fn set_status(&self, instances: &Bound<'_, PyAny>, status: &'static str) -> PyResult<()> {
        let names = convert::to_instances(instances)?;
        let request = Json::object([("containerInstances", names), ("status", Json::from(status))]);
        self.call_with(instances.py(), &request, Session::update_container_instances_state_json)
    }

    /// Stops tasks of a group.
    pub(crate) fn scale_in_asked(
        &self,
        group: &Bound<'_, PyAny>,
        count: &Bound<'_, PyAny>,
        strategies: Option<&Bound<'_, PyAny>>,
        seed: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Vec<String>> {
        let mut entries = vec![("group", convert::to_json(group)?), ("count", convert::to_json(count)?)];
        if let Some(strategies) = strategies {
            entries.extend(Strategies::read(strategies)?.entries());
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

    /// Ends tasks, or none of them.
    pub(crate) fn stop_named(&self, py: Python<'_>, tasks: &[Named]) -> PyResult<()> {
        let mut watcher = Watcher::of_signals();
        let stopped = self.call_detached(py, |session| {
            let mut ids = Vec::with_capacity(tasks.len());
            for some in tasks.chunks(NAMES_BETWEEN_SIGNALS) {
                for task in some {
                    ids.push(Self::task_id(session, task)?);
                }
                if watcher.watch(ids.len()).is_none() {
                    return Ok(None);
                }
            }
            session.stop_tasks_watched(&ids, &mut |done| watcher.watch(done))
        })?;
        stopped.ok_or_else(|| watcher.into_error())
    }

    /// Places the tasks of a prepared request.
    pub(crate) fn place_prepared(
        &self,
        py: Python<'_>,
        request: &Request,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PlaceResult> {
        let id = request.of(py, self)?;
        let wanted = request.count as usize;
        let mut watcher = Watcher::new(progress, wanted)?;
        let mut guard = self.gate.enter(py)?;
        let held = &mut *guard;
        let is_long = wanted > 1 || held.session.cluster().instances().len() >= INSTANCES_DETACHED;
        let mut work = || held.session.place_by_id(id, &mut |done| watcher.watch(done));
        let result = if is_long { py.detach(work) } else { work() };
        drop(guard);
        answer(py, result, watcher, wanted, None)
    }

    /// Why the next task of a prepared request would go where it goes.
    pub(crate) fn explain_prepared(&self, py: Python<'_>, request: &Request) -> PyResult<Explanation> {
        let id = request.of(py, self)?;
        let explained = self.read_detached(py, |held| held.session.cluster().explain(id))?;
        explained.map(Explanation::new).map_err(|fault| error::plain(py, &fault))
    }

    /// Opens a savepoint; says who is told what becomes of it.
    pub(crate) fn open(&self, py: Python<'_>, fate: Option<Arc<Mutex<Fate>>>) -> PyResult<SessionSavepoint> {
        let mut guard = self.gate.enter(py)?;
        let savepoint = guard.session.begin();
        guard.savepoints.push(Open { savepoint, fate });
        Ok(savepoint)
    }

    /// Closes a savepoint, and those inside it.
    pub(crate) fn close(&self, py: Python<'_>, savepoint: Option<SessionSavepoint>, is_kept: bool) -> PyResult<()> {
        let mut guard = self.gate.enter(py)?;
        let held = &mut *guard;
        let result = py.detach(|| held.close(savepoint, is_kept, Closing::Call));
        drop(guard);
        result.map_err(|fault| error::plain(py, &fault))
    }

    /// Closes the savepoint of a transaction; `false` where that was done before. No signal keeps it from that.
    pub(crate) fn end(&self, py: Python<'_>, savepoint: SessionSavepoint, is_kept: bool) -> PyResult<bool> {
        let mut guard = self.gate.enter_surely(py)?;
        if !guard.is_open(savepoint) {
            return Ok(false);
        }
        let held = &mut *guard;
        let result = py.detach(|| held.close(Some(savepoint), is_kept, Closing::Transaction));
        drop(guard);
        result.map(|()| true).map_err(|fault| error::plain(py, &fault))
    }

    /// The savepoint an argument names: the innermost for none.
    pub(crate) fn savepoint_of(
        &self,
        py: Python<'_>,
        savepoint: Option<&Savepoint>,
    ) -> PyResult<Option<SessionSavepoint>> {
        match savepoint {
            Some(savepoint) if !std::ptr::eq(savepoint.cluster.get(), self) => {
                let error = Error::with_message(ErrorKind::StaleHandle, "the savepoint is another cluster's");
                Err(error::plain(py, &error))
            }
            other => Ok(other.map(|savepoint| savepoint.savepoint)),
        }
    }

    /// Adds tasks that already run.
    pub(crate) fn add_tasks(&self, py: Python<'_>, document: &Json<'_>) -> PyResult<()> {
        let mut watcher = Watcher::of_signals();
        let added = self.call_with(py, document, |session, document| {
            session.load_tasks_watched(document, &mut |done| watcher.watch(done))
        })?;
        added.ok_or_else(|| watcher.into_error())
    }

    /// Adds the tasks in a data frame, which already run.
    pub(crate) fn load_tasks_of<'py>(
        &self,
        frame: &Bound<'py, PyAny>,
        columns: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<()> {
        let tasks = Tasks::read(frame, columns)?;
        let mut watcher = Watcher::of_signals();
        let added = self.call_detached(frame.py(), |session| {
            let added = session.load_tasks_watched(&tasks.document, &mut |done| watcher.watch(done));
            added.map_err(|fault| tasks.located(&fault))
        });
        beside::discard(tasks.document);
        added?.ok_or_else(|| watcher.into_error())
    }

    /// The whole state as text.
    pub(crate) fn export(&self, py: Python<'_>) -> PyResult<String> {
        let mut watcher = Watcher::of_signals();
        let text = self.read_detached(py, |held| held.session.export_watched(&mut |done| watcher.watch(done)))?;
        text.ok_or_else(|| watcher.into_error())
    }

    /// A copy without savepoints, prepared requests and warnings, as its JSON has none of them.
    pub(crate) fn copied(&self, py: Python<'_>) -> PyResult<Self> {
        let copied = self.read_detached(py, |held| {
            let mut session = held.session.clone();
            if let Some(outermost) = held.savepoints.first() {
                session.commit(outermost.savepoint)?;
            }
            let requests: Vec<_> = session.cluster().requests().collect();
            requests.into_iter().try_for_each(|id| session.release(id))?;
            session.take_warnings();
            Ok(session)
        })?;
        copied.map(Self::from).map_err(|fault: Error| error::plain(py, &fault))
    }

    /// The id of a task, by name or by number.
    pub(crate) fn task_id(session: &Session, task: &Named) -> Result<TaskId, Error> {
        match task {
            Named::Text(name) => session.task_id(name),
            Named::Number(id) => Ok(*id),
        }
    }
}

/// A task as a caller names it.
pub(crate) enum Named {
    /// By id.
    Text(String),
    /// By the number the bulk lane gives.
    Number(TaskId),
}

impl Named {
    /// One task, or several.
    pub(crate) fn read(tasks: &Bound<'_, PyAny>) -> PyResult<Vec<Self>> {
        let number = |value: &Bound<'_, PyAny>| convert::to_task_number(value).map(Self::Number);
        convert::to_names(tasks, |name| Ok(Self::Text(name)), number)
    }
}

/// The answer to a request for so many tasks, or what stopped it.
pub(crate) fn answer(
    py: Python<'_>,
    result: Result<Option<RunTaskResponse>, Error>,
    watcher: Watcher,
    wanted: usize,
    document: Option<&Json<'_>>,
) -> PyResult<PlaceResult> {
    match result {
        Ok(Some(response)) => Ok(PlaceResult::new(response, wanted)),
        Ok(None) => Err(watcher.into_error()),
        Err(fault) => Err(document.map_or_else(|| error::plain(py, &fault), |tree| error::in_tree(py, &fault, tree))),
    }
}

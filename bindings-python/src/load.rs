//! Documents as text → a session, with everything that takes long left to [`beside`](crate::beside).

use std::sync::Arc;

use placewright::adapter::{Documents, Session, SessionOptions, Watch};
use placewright::json::Json;
use placewright::{Error, ErrorKind, wire};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};

use crate::beside::{self, Outcome};
use crate::cluster::Cluster;
use crate::convert::{self, Text};
use crate::error;
use crate::iterate;
use crate::watch::Watcher;

/// A document: its name for messages, empty where it has none, and its text.
pub(crate) type Source = (String, Text);

/// What is wrong with a document, told without it: it may be gone by then.
struct Fault {
    /// What is wrong.
    error: Error,
    /// Which document it is about; `None` for all together.
    source: Option<usize>,
    /// Whether it is about the text of the document rather than about what that says.
    is_of_text: bool,
    /// The expression it is about.
    expression: Option<String>,
}

impl Fault {
    /// A text that is none of JSON.
    fn of_text(error: Error, source: usize) -> Self {
        Self { error, source: Some(source), is_of_text: true, expression: None }
    }

    /// A document that says what cannot be.
    fn of_tree(error: Error, source: usize, tree: &Json<'_>) -> Self {
        let expression = error::expression(&error, tree).map(str::to_string);
        Self { error, source: Some(source), is_of_text: false, expression }
    }

    /// What is wrong with documents read as one, at the place in its own.
    fn of_all(fault: Error, documents: &Documents<'_>) -> Self {
        let Some((source, path)) = fault.path().and_then(|path| documents.locate(path)) else {
            return Self { error: fault, source: None, is_of_text: false, expression: None };
        };
        let there = Error::with_message(fault.kind(), fault.message()).in_path(&path);
        let error = fault.help().map_or(there.clone(), |help| there.with_help(help));
        Self { error, source: Some(source), is_of_text: false, expression: None }
    }

    /// The exception.
    fn raise(&self, py: Python<'_>, sources: &[Source]) -> PyErr {
        let source = self.source.and_then(|source| sources.get(source));
        let (name, text) = source.map_or(("", ""), |(name, text)| (name.as_str(), text.as_str()));
        let text = if self.is_of_text { Some(text) } else { self.expression.as_deref() };
        error::in_file(py, &self.error, name, text)
    }
}

/// The session that documents describe, each an exported state, describe output, or the array of that alone; several are read as
/// one, and an exported state stands alone.
pub(crate) fn session(py: Python<'_>, sources: Vec<Source>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Session> {
    let (read, is_given) = (convert::to_options(options)?, options.is_some_and(|options| !options.is_empty()));
    let is_long = sources.iter().map(|(_, text)| text.len()).sum::<usize>() >= beside::BYTES_MIN;
    // Shared, so that an error can show the text.
    let sources = Arc::new(sources);
    let theirs = Arc::clone(&sources);
    let result = beside::run(py, is_long, move |watch, give| {
        match theirs.as_slice() {
            [(_, text)] => match text.parse(watch) {
                Err(error) => give(Err(Fault::of_text(error, 0))),
                Ok(None) => give(Ok(None)),
                // The tree goes after the answer was given.
                Ok(Some(tree)) => {
                    let outcome = of_tree(&tree, read, is_given, watch);
                    give(outcome.map_err(|error| Fault::of_tree(error, 0, &tree)));
                }
            },
            several => {
                let mut documents = Documents::new();
                let outcome = add_all(several, &mut documents, watch);
                give(match outcome {
                    Ok(Some(())) => {
                        let session = documents.session_watched(read, watch);
                        session.map_err(|fault| Fault::of_all(fault, &documents))
                    }
                    Ok(None) => Ok(None),
                    Err(fault) => Err(fault),
                });
            }
        }
    })?;
    result.map_err(|fault| fault.raise(py, &sources))
}

/// The session that an object describes, as [`session`] has it of a text.
pub(crate) fn of_object(py: Python<'_>, tree: Json<'static>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Session> {
    let (read, is_given) = (convert::to_options(options)?, options.is_some_and(|options| !options.is_empty()));
    let result = beside::run(py, beside::is_large(&tree), move |watch, give| {
        let outcome = of_tree(&tree, read, is_given, watch);
        give(outcome.map_err(|error| Fault::of_tree(error, 0, &tree)));
    })?;
    result.map_err(|fault| fault.raise(py, &[]))
}

/// Reads several documents as one.
fn add_all<'t>(sources: &'t [Source], documents: &mut Documents<'t>, watch: Watch<'_>) -> Outcome<(), Fault> {
    for (number, (_, text)) in sources.iter().enumerate() {
        let Some(tree) = text.parse(watch).map_err(|error| Fault::of_text(error, number))? else { return Ok(None) };
        if wire::is_exported(&tree) {
            let error = Error::with_message(
                ErrorKind::InvalidParameter,
                "an exported state is a whole cluster, and stands alone",
            );
            return Err(Fault::of_tree(error, number, &tree));
        }
        documents.add(tree).map_err(|error| Fault::of_tree(error, number, &Json::Null))?;
    }
    Ok(Some(()))
}

/// The session that a document describes: an exported state, or describe output with options.
fn of_tree(
    document: &Json<'_>,
    options: SessionOptions,
    is_given: bool,
    watch: Watch<'_>,
) -> Result<Option<Session>, Error> {
    if wire::is_exported(document) {
        if is_given {
            let error = Error::with_message(ErrorKind::InvalidParameter, "an exported state has its own options");
            return Err(error.with_help("leave them out"));
        }
        return Session::import_watched(document, watch);
    }
    if matches!(document, Json::Array(_)) {
        let document = Json::object([("containerInstances", document.clone())]);
        return Session::from_json_watched(&document, options, watch);
    }
    Session::from_json_watched(document, options, watch)
}

/// The session of an exported state, for `pickle`.
pub(crate) fn restored(py: Python<'_>, text: Text) -> PyResult<Session> {
    let is_long = text.len() >= beside::BYTES_MIN;
    let result = beside::run(py, is_long, move |watch, give| match text.parse(watch) {
        Ok(Some(tree)) => give(Session::import_watched(&tree, watch)),
        Ok(None) => give(Ok(None)),
        Err(fault) => give(Err(fault)),
    })?;
    result.map_err(|fault| error::plain(py, &fault))
}

/// What is done with a file after the cluster was made.
type Work = fn(&mut Session, &Json<'_>, Watch<'_>) -> Result<Option<()>, Error>;

/// The session of files, with tasks and definitions from files of their own.
pub(crate) fn of_files(
    py: Python<'_>,
    paths: &Bound<'_, PyTuple>,
    (tasks, definitions): (Option<&Bound<'_, PyAny>>, Option<&Bound<'_, PyAny>>),
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Session> {
    let mut sources = Vec::new();
    for path in paths {
        for file in each_file(&path)? {
            sources.push(convert::to_source(&file)?);
        }
    }
    if sources.is_empty() {
        return Err(PyTypeError::new_err("from_files takes at least one file"));
    }
    let mut session = session(py, sources, options)?;
    let mut each = |files: Option<&Bound<'_, PyAny>>, work: Work| {
        let Some(files) = files else { return Ok(()) };
        for file in each_file(files)? {
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
    Ok(session)
}

/// One file, or each of several.
fn each_file<'py>(files: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let is_one = files.hasattr("read")? || !files.hasattr("__iter__")? || files.is_instance_of::<PyString>();
    if is_one { Ok(vec![files.clone()]) } else { iterate::gather(files, |_, file| Ok(file)) }
}

/// Makes a cluster from an exported state and the route it searched by: what `pickle` keeps.
#[pyfunction]
#[pyo3(name = "_restore")]
pub(crate) fn restore(py: Python<'_>, state: &Bound<'_, PyBytes>, route: &str) -> PyResult<Cluster> {
    let Some(text) = Text::of(state)? else { return Err(PyTypeError::new_err("a state is bytes")) };
    let mut session = restored(py, text)?;
    let options = SessionOptions::from_json(&Json::object([("route", Json::from(route))]));
    session.set_route(options.map_err(|fault| error::plain(py, &fault))?.cluster.route);
    Ok(session.into())
}

//! Errors of the core → exceptions of the package `placewright._errors`.

use placewright::json::Json;
use placewright::{Error, ErrorClass, ErrorKind, Span};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyModule};

/// The exception that stands for a kind of error: the one table.
const fn class_name(kind: ErrorKind) -> &'static str {
    match (kind, kind.class()) {
        (ErrorKind::StaleHandle, _) => "StaleHandleError",
        (_, ErrorClass::InvalidInput) => "InvalidInputError",
        (_, ErrorClass::InvalidExpression) => "ExpressionError",
        (_, ErrorClass::LimitExceeded) => "LimitError",
        (_, ErrorClass::Duplicate) => "DuplicateError",
        (_, ErrorClass::NotFound) => "NotFoundError",
        (_, ErrorClass::Conflict) => "ConflictError",
        _ => "PlacewrightError",
    }
}

/// The module that defines the exceptions.
fn module(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || PyModule::import(py, "placewright._errors").map(Bound::unbind))?;
    Ok(module.bind(py))
}

/// An exception with everything that is known; where making it fails, what went wrong there.
fn raise(py: Python<'_>, class: &str, message: &str, fill: impl FnOnce(&Bound<'_, PyDict>) -> PyResult<()>) -> PyErr {
    let make = || {
        let details = PyDict::new(py);
        fill(&details)?;
        module(py)?.getattr(class)?.call((message,), Some(&details))
    };
    match make() {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

/// The exception for a call that would wait for itself.
#[cold]
pub(crate) fn busy(py: Python<'_>, message: &str) -> PyErr {
    raise(py, "BusyError", message, |details| details.set_item("code", "conflict.busy"))
}

/// The exception for a column that a table does not have; `near` is one that it has.
#[cold]
pub(crate) fn no_column(py: Python<'_>, name: &str, near: Option<&str>) -> PyErr {
    let message = format!("the table has no column `{name}`");
    let help = near.map(|near| format!("did you mean `{near}`?"));
    raise(py, "NotFoundError", &message, |details| {
        details.set_item("code", "table.column_not_found")?;
        details.set_item("path", name)?;
        let text = help.as_ref().map(|help| format!("{message}\n  help: {help}"));
        details.set_item("help", help)?;
        details.set_item("text", text)
    })
}

/// Whether an exception is that for a call that would wait for itself.
pub(crate) fn is_busy(py: Python<'_>, fault: &PyErr) -> bool {
    module(py).and_then(|module| module.getattr("BusyError")).is_ok_and(|class| fault.is_instance(py, &class))
}

/// The exception for an error that is about no text.
#[cold]
pub(crate) fn plain(py: Python<'_>, error: &Error) -> PyErr {
    of(py, error, None, "")
}

/// The exception for an error about a text: JSON, or an expression.
#[cold]
pub(crate) fn in_text(py: Python<'_>, error: &Error, text: &str) -> PyErr {
    of(py, error, Some(text), "")
}

/// The exception for an error about a tree; the expression it is about is in there.
#[cold]
pub(crate) fn in_tree(py: Python<'_>, error: &Error, tree: &Json<'_>) -> PyErr {
    of(py, error, expression(error, tree), "")
}

/// The exception for an error about a document in a file, if that has a name. `text` is what the span is of: the text of the
/// file, or an expression in there.
#[cold]
pub(crate) fn in_file(py: Python<'_>, error: &Error, file: &str, text: Option<&str>) -> PyErr {
    of(py, error, text, file)
}

/// The text inside a tree that an error with a span is about.
pub(crate) fn expression<'j>(error: &Error, tree: &'j Json<'_>) -> Option<&'j str> {
    error.span()?;
    tree.at_path(error.path()?)?.as_text().ok()
}

/// The exception.
fn of(py: Python<'_>, error: &Error, text: Option<&str>, file: &str) -> PyErr {
    let before = if file.is_empty() { String::new() } else { format!("{file}: ") };
    let rendered = match text {
        Some(text) => error.render(text),
        None => error.clone().without_span().render(""),
    };
    raise(py, class_name(error.kind()), error.message(), |details| {
        details.set_item("code", error.code())?;
        details.set_item("path", error.path())?;
        details.set_item("span", text.zip(error.span()).map(|(text, span)| in_characters(text, span)))?;
        details.set_item("help", error.help())?;
        details.set_item("text", before + &rendered)
    })
}

/// A span in characters, as Python counts.
fn in_characters(text: &str, span: Span) -> (usize, usize) {
    let characters = |end: usize| text.get(..end).unwrap_or(text).chars().count();
    (characters(span.start), characters(span.end))
}

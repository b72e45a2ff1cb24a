//! Python objects → core types, and back: the only place where that happens.
//!
//! What comes in may be hostile: lists that hold themselves, integers of any size, texts that are no Unicode, a million of
//! anything. Every refusal names the place, and nothing here recurses deeper than a JSON document may.

use placewright::adapter::{SessionOptions, Watch};
use placewright::error::nearest;
use placewright::json::Json;
use placewright::limits::JSON_DEPTH_MAX;
use placewright::{Error, ErrorKind, TaskId};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyUnicodeEncodeError};
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple};

use crate::argument;
use crate::beside::{self, Piece};
use crate::error;
use crate::iterate::{self, Budget, Entry, Stop};
use crate::outcome::{Expression, compile};
use crate::watch::Watcher;

/// Steps into an object that the path of an error tells.
const PATH_STEPS_MAX: usize = 16;
/// Values that are read between two looks at signals.
const VALUES_BETWEEN_SIGNALS: usize = 1 << 16;

/// Why an object was not read.
enum Fail {
    /// It stands for no JSON value.
    Core(Error),
    /// Python code that it runs has failed.
    Python(PyErr),
}

impl From<Error> for Fail {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl From<PyErr> for Fail {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<Stop> for Fail {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Full(error) => Self::Core(error),
            Stop::Signal(error) => Self::Python(error),
        }
    }
}

impl Fail {
    /// The same, one step further out.
    fn in_path(self, step: &str) -> Self {
        match self {
            Self::Core(error) => Self::Core(error.in_path(step)),
            other => other,
        }
    }
}

/// The tree that a Python object stands for: dicts and other mappings, lists, tuples, texts, numbers, booleans, `None`; besides,
/// what has `to_dict()`, times (as ISO 8601) and integers of other libraries.
pub(crate) fn to_json(value: &Bound<'_, PyAny>) -> PyResult<Json<'static>> {
    // Lists may share their elements any number of times, so what is small there may be large here.
    let mut reader = Reader { budget: Budget::default() };
    reader.read(value, 0).map_err(|fail| match fail {
        Fail::Core(error) => error::plain(value.py(), &error),
        Fail::Python(error) => error,
    })
}

/// As [`to_json`], of a value that stands at a place.
pub(crate) fn to_json_at(value: &Bound<'_, PyAny>, place: impl FnOnce() -> String) -> PyResult<Json<'static>> {
    // Most rows of a million are plain numbers.
    if let Ok(integer) = value.cast_exact::<PyInt>()
        && let Ok(number) = integer.extract::<i64>()
    {
        return Ok(Json::Integer(number));
    }
    let mut reader = Reader { budget: Budget::default() };
    reader.read(value, 0).map_err(|fail| match fail.in_path(&place()) {
        Fail::Core(error) => error::plain(value.py(), &error),
        Fail::Python(error) => error,
    })
}

/// A tree being read.
struct Reader {
    /// What was read so far.
    budget: Budget,
}

impl Reader {
    /// Reads a value inside so many others.
    fn read(&mut self, value: &Bound<'_, PyAny>, depth: usize) -> Result<Json<'static>, Fail> {
        self.budget.take(value.py(), iterate::text_bytes(value))?;
        if let Ok(text) = value.cast::<PyString>() {
            return Ok(Json::Text(to_text(text)?.into()));
        }
        if value.is_none() {
            return Ok(Json::Null);
        }
        if let Ok(boolean) = value.cast::<PyBool>() {
            return Ok(Json::Bool(boolean.is_true()));
        }
        if let Ok(integer) = value.cast::<PyInt>() {
            return to_integer(integer);
        }
        if let Ok(float) = value.cast::<PyFloat>() {
            let number = float.value();
            if number.is_finite() {
                return Ok(Json::Float(number));
            }
            return Err(Error::with_message(ErrorKind::JsonType, format!("`{number}` is no number in JSON")).into());
        }
        if let Ok(dict) = value.cast::<PyDict>() {
            check_depth(depth)?;
            return self.entries(iterate::entries(dict.as_mapping())?, depth);
        }
        if let Ok(list) = value.cast::<PyList>() {
            check_depth(depth)?;
            return self.items(list.iter().map(Ok), list.len(), depth);
        }
        if let Ok(tuple) = value.cast::<PyTuple>() {
            check_depth(depth)?;
            return self.items(tuple.iter().map(Ok), tuple.len(), depth);
        }
        self.read_other(value, depth)
    }

    /// Reads what is no value of JSON itself.
    fn read_other(&mut self, value: &Bound<'_, PyAny>, depth: usize) -> Result<Json<'static>, Fail> {
        check_depth(depth)?;
        if let Ok(mapping) = value.cast::<PyMapping>() {
            return self.entries(iterate::entries(mapping)?, depth);
        }
        for method in ["to_dict", "isoformat", "__index__"] {
            if let Some(method) = value.getattr_opt(method)? {
                let plain = method.call0()?;
                if plain.is(value) {
                    break;
                }
                return self.read(&plain, depth + 1);
            }
        }
        let kind = value.get_type();
        let message = format!("a Python `{}` stands for no JSON value", kind.name()?);
        Err(Error::with_message(ErrorKind::JsonType, message).into())
    }

    /// Reads the entries of a mapping.
    fn entries(&mut self, items: Vec<Entry<'_>>, depth: usize) -> Result<Json<'static>, Fail> {
        let mut entries = Vec::with_capacity(items.len());
        for (key, value) in items {
            let Ok(key) = key.cast::<PyString>() else {
                let message = format!("a key is a string, not a Python `{}`", key.get_type().name()?);
                return Err(Error::with_message(ErrorKind::JsonType, message).into());
            };
            self.budget.take(key.py(), iterate::text_bytes(key))?;
            let key = to_text(key)?;
            match self.read(&value, depth + 1) {
                Ok(value) => entries.push((key.into(), value)),
                Err(fail) if depth < PATH_STEPS_MAX => return Err(fail.in_path(shown(&key))),
                Err(fail) => return Err(fail),
            }
        }
        Ok(Json::Object(entries))
    }

    /// Reads the elements of a sequence.
    fn items<'py>(
        &mut self,
        items: impl Iterator<Item = PyResult<Bound<'py, PyAny>>>,
        length: usize,
        depth: usize,
    ) -> Result<Json<'static>, Fail> {
        let mut read = Vec::with_capacity(length);
        for item in items {
            let value = self.read(&item?, depth + 1);
            let step =
                |fail: Fail| if depth < PATH_STEPS_MAX { fail.in_path(&format!("[{}]", read.len())) } else { fail };
            read.push(value.map_err(step)?);
        }
        Ok(Json::Array(read))
    }
}

/// As much of a key as a message repeats.
fn shown(key: &str) -> &str {
    key.char_indices().nth(80).map_or(key, |(end, _)| &key[..end])
}

/// Refuses a value that holds others, inside too many.
fn check_depth(depth: usize) -> Result<(), Error> {
    if depth < JSON_DEPTH_MAX {
        return Ok(());
    }
    let message = format!("more than {JSON_DEPTH_MAX} levels of nesting");
    Err(Error::with_message(ErrorKind::JsonTooDeep, message).with_help("does a list or a dict hold itself?"))
}

/// A text; half a surrogate pair is none.
fn to_text(text: &Bound<'_, PyString>) -> Result<String, Fail> {
    match text.to_cow() {
        Ok(text) => Ok(text.into_owned()),
        Err(error) if error.is_instance_of::<PyUnicodeEncodeError>(text.py()) => {
            let message = "text is no Unicode: it has half of a surrogate pair";
            Err(Error::with_message(ErrorKind::JsonSyntax, message).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// A text that stands for itself; `path` is where, for an error, and empty where nobody knows.
pub(crate) fn read_text(text: &Bound<'_, PyString>, path: &str) -> PyResult<String> {
    to_text(text).map_err(|fail| match fail {
        Fail::Core(error) if path.is_empty() => error::plain(text.py(), &error),
        Fail::Core(error) => error::plain(text.py(), &error.in_path(path)),
        Fail::Python(error) => error,
    })
}

/// An integer of at most 64 bits.
fn to_integer(integer: &Bound<'_, PyInt>) -> Result<Json<'static>, Fail> {
    if let Ok(number) = integer.extract::<i64>() {
        return Ok(Json::Integer(number));
    }
    if let Ok(number) = integer.extract::<u64>() {
        return Ok(Json::Unsigned(number));
    }
    Err(Error::with_message(ErrorKind::JsonType, "an integer is outside 64 bits").into())
}

/// The Python object that a tree stands for.
pub(crate) fn to_object<'py>(py: Python<'py>, json: &Json<'_>) -> PyResult<Bound<'py, PyAny>> {
    make_object(py, json, &mut 0)
}

/// The same, counting values.
fn make_object<'py>(py: Python<'py>, json: &Json<'_>, values: &mut usize) -> PyResult<Bound<'py, PyAny>> {
    *values += 1;
    if values.is_multiple_of(VALUES_BETWEEN_SIGNALS) {
        py.check_signals()?;
    }
    Ok(match json {
        Json::Null => py.None().into_bound(py),
        Json::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
        Json::Integer(number) => number.into_pyobject(py)?.into_any(),
        Json::Unsigned(number) => number.into_pyobject(py)?.into_any(),
        Json::Float(number) => PyFloat::new(py, *number).into_any(),
        Json::Text(text) => PyString::new(py, text).into_any(),
        Json::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(make_object(py, item, values)?)?;
            }
            list.into_any()
        }
        Json::Object(entries) => {
            let dict = PyDict::new(py);
            for (key, value) in entries {
                // Documents have few keys many times.
                dict.set_item(PyString::intern(py, key), make_object(py, value, values)?)?;
            }
            dict.into_any()
        }
    })
}

/// The dict that a text of ours writes, which a thread of its own reads.
pub(crate) fn to_dict(py: Python<'_>, text: String) -> PyResult<Bound<'_, PyDict>> {
    let state = PyDict::new(py);
    let whole = beside::pieces(py, text, |piece| match piece {
        Piece::Whole(key, value) => state.set_item(key, to_object(py, &value)?),
        Piece::Items(key, items) => {
            let list = match state.get_item(&key)? {
                Some(list) => list.cast_into::<PyList>()?,
                None => PyList::empty(py),
            };
            items.iter().try_for_each(|item| list.append(to_object(py, item)?))?;
            state.set_item(key, list)
        }
    })?;
    whole.map_err(|fault| error::plain(py, &fault))?;
    Ok(state)
}

/// A text in memory that outlives the interpreter's lock.
pub(crate) enum Text {
    /// Of a `str`.
    Str(PyBackedStr),
    /// Of `bytes` or a `bytearray`, which are UTF-8.
    Bytes(PyBackedBytes),
}

impl Text {
    /// The text of a `str`, `bytes` or `bytearray`; `None` for another object.
    pub(crate) fn of(value: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        if let Ok(text) = value.cast::<PyString>() {
            return match text.extract::<PyBackedStr>() {
                Ok(text) => Ok(Some(Self::Str(text))),
                Err(error) => match to_text(text) {
                    Err(Fail::Core(error)) => Err(error::plain(value.py(), &error)),
                    _ => Err(error),
                },
            };
        }
        Ok(value.extract::<PyBackedBytes>().ok().map(Self::Bytes))
    }

    /// The tree that it writes; `None` where `watch` stopped the reading.
    pub(crate) fn parse(&self, watch: Watch<'_>) -> Result<Option<Json<'_>>, Error> {
        match self {
            Self::Str(text) => Json::parse_watched(text, watch),
            Self::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Json::parse_watched(text, watch),
                // It says where that is.
                Err(_) => Json::parse_bytes(bytes).map(Some),
            },
        }
    }

    /// The tree that it writes, read with the interpreter's lock released; `fail` makes the exception for text that is none.
    pub(crate) fn read(&self, py: Python<'_>, fail: impl FnOnce(&Error) -> PyErr) -> PyResult<Json<'_>> {
        let mut watcher = Watcher::of_signals();
        match py.detach(|| self.parse(&mut |done| watcher.watch(done))) {
            Ok(Some(json)) => Ok(json),
            Ok(None) => Err(watcher.into_error()),
            Err(fault) => Err(fail(&fault)),
        }
    }

    /// Bytes it takes.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Str(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// The text, for an error to show; empty where it is no UTF-8.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Str(text) => text,
            Self::Bytes(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
        }
    }
}

/// A document: JSON text, or the object that such a text stands for.
pub(crate) fn to_document(value: &Bound<'_, PyAny>) -> PyResult<Json<'static>> {
    match Text::of(value)? {
        Some(text) => {
            let json = text.read(value.py(), |fault| error::in_text(value.py(), fault, text.as_str()))?;
            Ok(value.py().detach(|| json.into_owned()))
        }
        None => to_json(value),
    }
}

/// Every option of a session: its name here, and the one in an exported state.
const OPTIONS: [(&str, &str); 10] = [
    ("seed", "seed"),
    ("run_task_default", "runTaskDefault"),
    ("tie_break", "tieBreak"),
    ("strict_network", "strictNetwork"),
    ("lenient_fields", "lenientFields"),
    ("release", "release"),
    ("host_ports_max", "hostPortsMax"),
    ("absent_group", "absentGroup"),
    ("unknown_eni", "unknownTypeEni"),
    ("route", "route"),
];

/// The options of a session from keyword arguments.
pub(crate) fn to_options(options: Option<&Bound<'_, PyDict>>) -> PyResult<SessionOptions> {
    let Some(options) = options else { return Ok(SessionOptions::default()) };
    let mut entries = Vec::new();
    for (name, value) in options.iter() {
        let name = name.str()?.to_string_lossy().into_owned();
        let Some((_, key)) = OPTIONS.iter().find(|(known, _)| *known == name) else {
            let near = nearest(&name, OPTIONS.map(|(known, _)| known));
            let help = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(PyTypeError::new_err(format!("unexpected keyword argument `{name}`{help}")));
        };
        // Seeds go up to 2^64, which not every reader of JSON keeps exact, so documents have them as text.
        let value = match to_json(&value)? {
            number @ (Json::Integer(_) | Json::Unsigned(_)) if name == "seed" => Json::from(number.to_string()),
            value => value,
        };
        entries.push((*key, value));
    }
    SessionOptions::from_json(&Json::object(entries)).map_err(|error| {
        let error = OPTIONS.iter().fold(error, |error, (name, key)| {
            if error.path() != Some(key) {
                return error;
            }
            let message = error.message().replace(&format!("`{key}`"), &format!("`{name}`"));
            let named = Error::with_message(error.kind(), message).in_path(name);
            error.help().map_or(named.clone(), |help| named.with_help(help))
        });
        error::plain(options.py(), &error)
    })
}

/// Instances or tasks by name: one, or several. What is no text is handed to `other`.
pub(crate) fn to_names<T>(
    value: &Bound<'_, PyAny>,
    mut text: impl FnMut(String) -> PyResult<T>,
    mut other: impl FnMut(&Bound<'_, PyAny>) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    let mut one = |value: &Bound<'_, PyAny>| match value.cast::<PyString>() {
        Ok(name) => text(read_text(name, "")?),
        Err(_) => other(value),
    };
    if value.is_instance_of::<PyString>() || !value.hasattr("__iter__")? || iterate::has_no_dimension(value)? {
        return Ok(vec![one(value)?]);
    }
    iterate::gather(value, |_, item| one(&item))
}

/// The number of a task, as the bulk lane gives it.
pub(crate) fn to_task_number(value: &Bound<'_, PyAny>) -> PyResult<TaskId> {
    let number = match value.extract::<u64>() {
        Ok(number) => Some(number),
        // Negative, or beyond 64 bits: no task has it.
        Err(error) if error.is_instance_of::<PyOverflowError>(value.py()) => None,
        Err(error) => return Err(error),
    };
    number.and_then(TaskId::from_u64).ok_or_else(|| {
        let error = Error::with_message(ErrorKind::TaskNotFound, "no task has this number");
        error::plain(value.py(), &error)
    })
}

/// A source of a document: its name for messages, and what it holds. A path is read from the file system; from what has a
/// method `read`, that is called.
pub(crate) fn to_source(source: &Bound<'_, PyAny>) -> PyResult<(String, Text)> {
    let py = source.py();
    let (name, content) = if source.hasattr("read")? {
        let name = source.getattr_opt("name")?.and_then(|name| name.extract::<String>().ok());
        (name.unwrap_or_else(|| "file".to_string()), source.call_method0("read")?)
    } else {
        let path = py.import("pathlib")?.getattr("Path")?.call1((source,))?;
        (path.str()?.extract::<String>()?, path.call_method0("read_bytes")?)
    };
    match Text::of(&content)? {
        Some(text) => Ok((name, text)),
        None => Err(PyTypeError::new_err(format!("reading {name} gave no text"))),
    }
}

/// Bytes of an exported state, for `pickle`.
pub(crate) fn to_bytes<'py>(py: Python<'py>, text: &str) -> Bound<'py, PyBytes> {
    PyBytes::new(py, text.as_bytes())
}

/// Attributes: a mapping from name to value, `None` where there is a name only; or names alone.
pub(crate) fn to_attributes(attributes: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<(String, Option<String>)>> {
    let Some(attributes) = attributes else { return Ok(Vec::new()) };
    match attributes.cast::<PyMapping>() {
        Ok(mapping) => {
            let one = |(name, value): Entry<'_>| -> PyResult<(String, Option<String>)> {
                let value = Some(&value).filter(|value| !value.is_none());
                let name = argument::text("attributes", &name)?;
                Ok((name.clone(), argument::optional_text(&format!("attributes.{name}"), value)?))
            };
            iterate::entries(mapping)?.into_iter().map(one).collect()
        }
        Err(_) => {
            let other = |value: &Bound<'_, PyAny>| Err(PyTypeError::new_err(format!("{} is no name", value.repr()?)));
            to_names(attributes, |name| Ok((name, None)), other)
        }
    }
}

/// A request about attributes of one instance.
pub(crate) fn to_targeted(
    instance: &Bound<'_, PyAny>,
    attributes: Vec<(String, Option<String>)>,
) -> PyResult<Json<'static>> {
    let target = to_json(instance)?;
    let attributes = attributes.into_iter().map(|(name, value)| {
        let value = value.map(|value| ("value", Json::from(value)));
        Json::object([("name", Json::from(name)), ("targetId", target.clone())].into_iter().chain(value))
    });
    Ok(Json::object([("attributes", Json::array(attributes))]))
}

/// Names of instances, one or several, as a list.
pub(crate) fn to_instances(instances: &Bound<'_, PyAny>) -> PyResult<Json<'static>> {
    let other = |value: &Bound<'_, PyAny>| Err(PyTypeError::new_err(format!("{} names no instance", value.repr()?)));
    Ok(Json::Array(to_names(instances, |name| Ok(Json::from(name)), other)?))
}

/// A compiled expression, or the text of one.
pub(crate) fn to_expression(expression: &Bound<'_, PyAny>) -> PyResult<placewright::Expression> {
    if let Ok(expression) = expression.cast::<Expression>() {
        return Ok(expression.get().0.clone());
    }
    let Ok(text) = expression.cast::<PyString>() else {
        let kind = expression.get_type();
        return Err(PyTypeError::new_err(format!("an expression is a str or compiled, not `{}`", kind.name()?)));
    };
    compile(text).map(|expression| expression.0)
}

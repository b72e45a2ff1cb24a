//! Items and bins → the rows of a document that the core packs: from a data frame, a dict of columns, a list of objects, or plain
//! numbers.
//!
//! Only what needs Python is done here. The document is put together by the thread that packs, as there may be a million rows.

use std::borrow::Cow;

use placewright::json::Json;
use placewright::{Error, ErrorKind};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyMapping, PyString};

use crate::convert;
use crate::frame::{Frame, pairs};
use crate::iterate;

/// What rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sort {
    /// The key of the document that they stand under.
    pub(crate) key: &'static str,
    /// The key of a row with its amounts.
    amounts: &'static str,
    /// Columns beside amounts: usual names, key, and what they hold.
    parts: &'static [(&'static [&'static str], &'static str, Holds)],
    /// The id of a row that is nothing but a number; without one it needs none.
    lone: Option<&'static str>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// Text.
    Text,
    /// Text, or integers as such.
    Id,
    /// Integers.
    Integer,
    /// Decimal numbers.
    Cost,
    /// Booleans.
    Flag,
    /// Lists of integers.
    List,
}

/// Items.
pub(crate) const ITEMS: Sort = Sort {
    key: "items",
    amounts: "demand",
    parts: &[
        (&["id", "name"], "id", Holds::Id),
        (&["count"], "count", Holds::Integer),
        (&["group"], "group", Holds::Text),
        (&["member_of"], "memberOf", Holds::Text),
        (&["distinct_instance"], "distinctInstance", Holds::Flag),
        (&["eni"], "eni", Holds::Flag),
        (&["gpus"], "gpus", Holds::Integer),
        (&["gpu_share"], "gpuShare", Holds::Integer),
        (&["tcp_ports"], "tcpPorts", Holds::List),
        (&["udp_ports"], "udpPorts", Holds::List),
    ],
    lone: None,
};

/// Bins.
pub(crate) const BINS: Sort = bins("bins", Some("bin"));
/// Offers.
pub(crate) const CATALOGUE: Sort = bins("catalogue", None);

/// Bins under a key.
const fn bins(key: &'static str, lone: Option<&'static str>) -> Sort {
    Sort {
        key,
        amounts: "capacity",
        parts: &[
            (&["id", "name"], "id", Holds::Id),
            (&["cost", "price"], "cost", Holds::Cost),
            (&["limit"], "limit", Holds::Integer),
            (&["gpus"], "gpus", Holds::Integer),
            (&["eni_slots"], "eniSlots", Holds::Integer),
            (&["tcp_ports"], "tcpPorts", Holds::List),
            (&["udp_ports"], "udpPorts", Holds::List),
        ],
        lone,
    }
}

/// Rows as they came.
pub(crate) struct Rows<'py> {
    /// What they are.
    sort: Sort,
    /// The rows.
    source: Source<'py>,
}

/// Where rows come from.
enum Source<'py> {
    /// Objects, or numbers.
    Objects(Vec<Json<'static>>),
    /// Columns.
    Frame(Frame<'py>),
}

impl<'py> Rows<'py> {
    /// Reads rows; from a frame the columns, from anything else all of it.
    pub(crate) fn read(value: &Bound<'py, PyAny>, sort: Sort) -> PyResult<Self> {
        let is_number = !value.is_instance_of::<PyBool>() && value.hasattr("__index__")?;
        let is_frame = value.hasattr("__arrow_c_stream__")? || value.hasattr("__arrow_c_array__")?;
        let source = if is_frame || value.is_instance_of::<PyMapping>() {
            Source::Frame(Frame::read_as(value, sort.key)?)
        } else if is_number && sort.lone.is_some() {
            Source::Objects(vec![convert::to_json(value)?])
        } else if value.is_instance_of::<PyString>() || !value.hasattr("__iter__")? {
            let kind = value.get_type();
            let message = format!("{} are a frame, or a list of objects or numbers, not `{}`", sort.key, kind.name()?);
            return Err(PyTypeError::new_err(message));
        } else {
            // Arrays of numpy give their values as Python's own much faster by this.
            let values = if value.hasattr("tolist")? { value.call_method0("tolist")? } else { value.clone() };
            let whole =
                iterate::gather(&values, |at, row| convert::to_json_at(&row, || format!("{}[{at}]", sort.key)))?;
            Source::Objects(whole)
        };
        Ok(Self { sort, source })
    }

    /// Names of the dimensions that rows tell of by themselves, in the order in which they are told: of a frame, columns of
    /// numbers that are no part.
    pub(crate) fn dimensions(&self) -> PyResult<Vec<String>> {
        let mut names: Vec<String> = Vec::new();
        match &self.source {
            Source::Frame(frame) => {
                let is_part = |name: &str| self.sort.parts.iter().any(|(usual, _, _)| usual.contains(&name));
                for name in frame.names() {
                    if !is_part(name) && frame.is_integers(name)? {
                        names.push(name.to_string());
                    }
                }
            }
            Source::Objects(rows) => {
                for row in rows {
                    if let Some(Json::Object(amounts)) = row.get(self.sort.amounts) {
                        for (name, _) in amounts {
                            if !names.iter().any(|known| known == name) {
                                names.push(name.to_string());
                            }
                        }
                    }
                }
            }
        }
        Ok(names)
    }

    /// How many amounts the first row lists without names.
    pub(crate) fn width(&self) -> Option<usize> {
        match &self.source {
            Source::Frame(_) => None,
            Source::Objects(rows) => match rows.first()? {
                Json::Object(_) => match rows.first()?.get(self.sort.amounts)? {
                    Json::Array(amounts) => Some(amounts.len()),
                    _ => None,
                },
                _ => Some(1),
            },
        }
    }

    /// Whether rows are columns of a frame.
    pub(crate) const fn is_frame(&self) -> bool {
        matches!(self.source, Source::Frame(_))
    }

    /// What of the rows is needed with these dimensions, as plain values. `attributes` are columns with attributes, names or a
    /// mapping; of a list, rows have theirs themselves.
    pub(crate) fn taken(self, dimensions: &[String], attributes: Option<&Bound<'_, PyAny>>) -> PyResult<Taken> {
        let frame = match self.source {
            Source::Objects(rows) => {
                if attributes.is_some() {
                    let message = format!("attributes name columns of a frame, and {} are a list", self.sort.key);
                    return Err(PyTypeError::new_err(message));
                }
                return Ok(Taken { sort: self.sort, columns: None, objects: rows });
            }
            Source::Frame(frame) => frame,
        };
        let amounts = dimensions.iter().map(|name| frame.whole_integers(name)).collect::<PyResult<Vec<_>>>()?;
        let mut parts = Vec::new();
        for (usual, key, holds) in self.sort.parts {
            if let Some(name) = usual.iter().find(|name| frame.has(name) && !dimensions.iter().any(|own| own == *name))
            {
                parts.push(Part { key, name: (*name).to_string(), values: part(&frame, name, *holds)? });
            }
        }
        let mut named = Vec::new();
        let is_all = attributes.is_some_and(|all| all.extract::<bool>().unwrap_or(false));
        let columns = match attributes {
            Some(_) if is_all => {
                let is_free = |name: &&str| {
                    !parts.iter().any(|part| part.name == *name) && !dimensions.iter().any(|own| own == *name)
                };
                let mut texts = Vec::new();
                for name in frame.names().filter(is_free) {
                    if frame.is_text(name)? {
                        texts.push((name.to_string(), name.to_string()));
                    }
                }
                texts
            }
            Some(columns) if !columns.is_instance_of::<PyBool>() => pairs(columns)?,
            _ => Vec::new(),
        };
        for (column, attribute) in columns {
            named.push((attribute, frame.texts(&column)?));
        }
        let dimensions = dimensions.to_vec();
        let columns = Columns { rows: frame.rows, dimensions, amounts, parts, attributes: named };
        Ok(Taken { sort: self.sort, columns: Some(columns), objects: Vec::new() })
    }
}

/// The values of a part.
fn part(frame: &Frame<'_>, name: &str, holds: Holds) -> PyResult<Vec<Option<Json<'static>>>> {
    fn json<T>(values: Vec<Option<T>>, one: impl Fn(T) -> Json<'static>) -> Vec<Option<Json<'static>>> {
        values.into_iter().map(|value| value.map(&one)).collect()
    }
    Ok(match holds {
        Holds::Id if !frame.is_text(name)? => json(frame.integers(name)?, Json::Integer),
        Holds::Text | Holds::Id => json(frame.texts(name)?, Json::from),
        Holds::Integer => json(frame.integers(name)?, Json::Integer),
        Holds::Cost => json(frame.decimals(name)?, Json::Float),
        Holds::Flag => json(frame.booleans(name)?, Json::Bool),
        Holds::List => json(frame.lists(name)?, |list| Json::array(list.into_iter().map(Json::Integer))),
    })
}

/// Rows as plain values.
#[derive(Debug)]
pub(crate) struct Taken {
    /// What they are.
    sort: Sort,
    /// Of a frame.
    columns: Option<Columns>,
    /// Of a list.
    objects: Vec<Json<'static>>,
}

/// Columns as plain values.
#[derive(Debug)]
struct Columns {
    /// Rows.
    rows: usize,
    /// Names of the dimensions.
    dimensions: Vec<String>,
    /// Amounts by dimension. `[dimensions][rows]`
    amounts: Vec<Vec<i64>>,
    /// Everything else.
    parts: Vec<Part>,
    /// Attributes by name.
    attributes: Vec<(String, Vec<Option<String>>)>,
}

/// A column of a part.
#[derive(Debug)]
struct Part {
    /// The key of a row.
    key: &'static str,
    /// The column.
    name: String,
    /// Its values.
    values: Vec<Option<Json<'static>>>,
}

impl Taken {
    /// The rows as an array of the document.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] for an amount of a dimension that there is not.
    pub(crate) fn into_json(mut self, dimensions: &[String]) -> Result<(Json<'static>, Places), Error> {
        let places = Places {
            key: self.sort.key,
            amounts: self.sort.amounts,
            columns: self.columns.as_ref().map(|columns| {
                let parts = columns.parts.iter().map(|part| (part.key, part.name.clone())).collect();
                Origins { dimensions: columns.dimensions.clone(), parts }
            }),
        };
        let rows = match self.columns.take() {
            Some(columns) => of_columns(columns, self.sort.amounts),
            None => {
                let rows = self.objects.into_iter().enumerate();
                let read = rows.map(|(at, row)| {
                    of_object(row, self.sort, dimensions).map_err(|error| {
                        error.in_path(self.sort.amounts).in_path(&format!("[{at}]")).in_path(self.sort.key)
                    })
                });
                read.collect::<Result<Vec<_>, Error>>()?
            }
        };
        Ok((Json::Array(rows), places))
    }
}

/// The rows of columns.
fn of_columns(columns: Columns, amounts: &'static str) -> Vec<Json<'static>> {
    let mut rows: Vec<Vec<(Cow<'static, str>, Json<'static>)>> = (0..columns.rows)
        .map(|row| {
            let mut entries = Vec::with_capacity(columns.parts.len() + 2);
            let values = columns.amounts.iter().map(|column| Json::Integer(column[row]));
            entries.push((amounts.into(), Json::array(values)));
            if !columns.attributes.is_empty() {
                let carried = columns.attributes.iter().filter_map(|(name, values)| {
                    // Empty text is an attribute with a name only.
                    let value = values[row].as_deref()?;
                    let value = if value.is_empty() { Json::Null } else { Json::from(value.to_string()) };
                    Some((Cow::Owned(name.clone()), value))
                });
                entries.push(("attributes".into(), Json::Object(carried.collect())));
            }
            entries
        })
        .collect();
    for part in columns.parts {
        for (row, value) in rows.iter_mut().zip(part.values) {
            row.extend(value.map(|value| (part.key.into(), value)));
        }
    }
    rows.into_iter().map(Json::Object).collect()
}

/// The row of an object, whose amounts may stand under names, or of a number.
fn of_object(mut row: Json<'static>, sort: Sort, dimensions: &[String]) -> Result<Json<'static>, Error> {
    let Json::Object(entries) = &mut row else {
        let id = sort.lone.map(|id| ("id", Json::from(id)));
        return Ok(match row {
            number @ (Json::Integer(_) | Json::Unsigned(_) | Json::Float(_)) => {
                Json::object(id.into_iter().chain([(sort.amounts, Json::array([number]))]))
            }
            other => other,
        });
    };
    let named = entries.iter_mut().find(|(key, _)| key == sort.amounts);
    if let Some((_, amounts)) = named
        && let Json::Object(given) = amounts
    {
        *amounts = in_order(std::mem::take(given), dimensions)?;
    }
    Ok(row)
}

/// Amounts under names, in the order of the dimensions; what is left out is 0.
pub(crate) fn in_order(
    given: Vec<(Cow<'static, str>, Json<'static>)>,
    dimensions: &[String],
) -> Result<Json<'static>, Error> {
    let mut values = vec![Json::Integer(0); dimensions.len()];
    for (name, value) in given {
        let Some(at) = dimensions.iter().position(|known| *known == name) else {
            let message = format!("dimension `{name}` is unknown");
            return Err(Error::with_message(ErrorKind::InvalidParameter, message)
                .with_help(format!("there are {}", dimensions.join(", "))));
        };
        values[at] = value;
    }
    Ok(Json::Array(values))
}

/// Which column each key of a row came from.
#[derive(Debug)]
pub(crate) struct Places {
    /// The key of the document.
    key: &'static str,
    /// The key of a row with its amounts.
    amounts: &'static str,
    /// Of a frame.
    columns: Option<Origins>,
}

/// Columns that keys came from.
#[derive(Debug)]
struct Origins {
    /// The dimensions.
    dimensions: Vec<String>,
    /// Every other key, and its column.
    parts: Vec<(&'static str, String)>,
}

impl Places {
    /// An error about a row of the document, as one about a cell of the frame: `items.cpu[3]` for `items[3].demand[0]`.
    pub(crate) fn located(&self, fault: Error) -> Error {
        let place = || {
            let Origins { dimensions, parts } = self.columns.as_ref()?;
            let (row, rest) = fault.path()?.strip_prefix(self.key)?.strip_prefix('[')?.split_once(']')?;
            let rest = rest.trim_start_matches('.');
            let (key, inner) = rest.split_once(['.', '[']).unwrap_or((rest, ""));
            let column = if key == self.amounts {
                inner.trim_end_matches(']').parse::<usize>().ok().and_then(|at| dimensions.get(at))
            } else {
                parts.iter().find(|(known, _)| *known == key).map(|(_, name)| name)
            };
            Some(match column {
                Some(column) => format!("{}.{column}[{row}]", self.key),
                None => format!("{}[{row}]", self.key),
            })
        };
        let Some(place) = place() else { return fault };
        let again = Error::with_message(fault.kind(), fault.message()).in_path(&place);
        match fault.help() {
            Some(help) => again.with_help(help),
            None => again,
        }
    }
}

//! Packing and fleets: a document, or items and bins in whatever shape, to the core, on a thread beside the caller's.

use std::ops::ControlFlow;

use placewright::adapter::{FleetRequest, PackRequest, add_offers, answer_json, fleet_json};
use placewright::json::Json;
use placewright::pack::{Progress, solve};
use placewright::{Error, expr};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::answer::Answered;
use crate::argument;
use crate::convert;
use crate::error;
use crate::frame::NAMES_SHOWN;
use crate::frame_packing::{BINS, CATALOGUE, ITEMS, Places, Rows, Sort, Taken, in_order};
use crate::solving::{self, Ear};

/// What a document is put together from.
struct Parts {
    /// Names of the dimensions.
    dimensions: Vec<String>,
    /// Rows of each sort.
    rows: Vec<(Sort, Taken)>,
    /// The rest of the document.
    rest: Json<'static>,
}

impl Parts {
    /// Reads rows of several sorts, the first of which are items. `rest` has whatever else the document has.
    fn read(
        sources: &[(Sort, Option<&Bound<'_, PyAny>>)],
        dimensions: Option<&Bound<'_, PyAny>>,
        attributes: Option<&Bound<'_, PyAny>>,
        rest: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let mut read = Vec::new();
        for &(sort, source) in sources {
            if let Some(source) = source {
                read.push((sort, Rows::read(source, sort)?));
            }
        }
        let dimensions = match dimensions {
            Some(names) => {
                let names = argument::list("dimensions", Some(names), argument::text)?;
                names.unwrap_or_default()
            }
            None => dimensions_of(&read)?,
        };
        let is_of_bins = |sort: Sort, source: &Rows<'_>| sort != ITEMS && source.is_frame();
        if attributes.is_some() && !read.iter().any(|(sort, source)| is_of_bins(*sort, source)) {
            return Err(PyTypeError::new_err("attributes name columns of a frame of bins, and there is none"));
        }
        let mut rows = Vec::new();
        for (sort, source) in read {
            let attributes = attributes.filter(|_| is_of_bins(sort, &source));
            rows.push((sort, source.taken(&dimensions, attributes)?));
        }
        Ok(Self { dimensions, rows, rest: convert::to_json(rest)? })
    }

    /// The document, what is to be said of places in it, and the rows of a sort that is kept out of it.
    fn into_document(
        mut self,
        kept_out: Option<Sort>,
    ) -> Result<(Json<'static>, Vec<Places>, Option<Json<'static>>), Error> {
        let names = self.dimensions.iter().map(|name| Json::from(name.clone()));
        let mut entries = vec![("dimensions".into(), Json::array(names))];
        let (mut places, mut apart) = (Vec::new(), None);
        for (sort, rows) in self.rows {
            let (json, place) = rows.into_json(&self.dimensions)?;
            places.push(place);
            if kept_out == Some(sort) {
                apart = Some(json);
            } else {
                entries.push((sort.key.into(), json));
            }
        }
        if let Json::Object(rest) = &mut self.rest {
            entries.append(rest);
        }
        Ok((Json::Object(entries), places, apart))
    }
}

/// The dimensions that rows tell of by themselves: those of all frames, or else names of amounts, or else numbers of amounts.
fn dimensions_of(read: &[(Sort, Rows<'_>)]) -> PyResult<Vec<String>> {
    let mut named: Vec<String> = Vec::new();
    let mut is_first = true;
    for (_, rows) in read {
        let own = rows.dimensions()?;
        if rows.is_frame() {
            if is_first {
                named.extend(own.iter().filter(|name| !named.contains(name)).cloned().collect::<Vec<_>>());
            } else {
                named.retain(|name| own.contains(name));
            }
            is_first = false;
        }
    }
    if is_first {
        for (_, rows) in read {
            for name in rows.dimensions()? {
                if !named.contains(&name) {
                    named.push(name);
                }
            }
        }
    }
    if named.is_empty() {
        return match read.iter().find_map(|(_, rows)| rows.width()) {
            Some(0 | 1) => Ok(vec!["size".to_string()]),
            Some(width) => Ok((1..=width).map(|number| format!("size-{number}")).collect()),
            None if is_first => Ok(vec!["size".to_string()]),
            None => Err(PyTypeError::new_err(not_in_common(read)?)),
        };
    }
    Ok(named)
}

/// What is said where frames have no dimension in common: that, and which each of them has.
fn not_in_common(read: &[(Sort, Rows<'_>)]) -> PyResult<String> {
    let mut message = "no column of numbers has the same name in all frames: rename those of one of them".to_string();
    for (sort, rows) in read {
        if rows.is_frame() {
            let names: Vec<_> = rows.dimensions()?.iter().take(NAMES_SHOWN).map(|name| format!("`{name}`")).collect();
            let names = if names.is_empty() { "none".to_string() } else { names.join(", ") };
            message.push_str(&format!("; {}: {names}", sort.key));
        }
    }
    Ok(message)
}

/// An error about a document that was put together, at the place it came from.
fn located(fault: Error, places: &[Places]) -> Error {
    places.iter().fold(fault, |fault, place| place.located(fault))
}

/// Asks the ear.
fn watch(ear: &mut Ear) -> impl FnMut(&Progress) -> ControlFlow<()> + '_ {
    |progress| ear.hear_packing(progress)
}

/// Packs what a document says.
fn packed(document: &Json<'_>, ear: &mut Ear) -> Result<Answered, Error> {
    let request = PackRequest::from_json(document)?;
    ear.begin(request.milliseconds);
    let answer = solve(&request.problem, &request.options, &mut watch(ear));
    ear.hear_answer(&request.problem, &answer);
    let written = answer_json(&request.problem, &answer, ear.milliseconds());
    Answered::new(written, (&request.problem, &answer), &|_| None, &ear.history)
}

/// Plans the fleet of a document. Offers are those of its catalogue, or given apart; `only` is a query that they are to satisfy.
fn planned(
    document: &Json<'_>,
    (catalogue, only): (Option<&Json<'_>>, Option<&str>),
    ear: &mut Ear,
) -> Result<Answered, Error> {
    let only = only.map(expr::compile).transpose().map_err(|error| error.without_span().in_path("only"))?;
    let request = FleetRequest::from_json(document, |_, fleet| {
        fleet.options_mut().only = only;
        catalogue.map_or(Ok(()), |offers| add_offers(fleet, offers).map_err(|error| error.in_path(CATALOGUE.key)))
    })?;
    ear.begin(request.milliseconds);
    let plan = request.fleet.plan(&mut watch(ear)).map_err(|error| error.in_path("fleet"))?;
    ear.hear_answer(&plan.problem, &plan.answer);
    let names = |bin_type| Some((plan.offer(bin_type).map(str::to_string), plan.zone(bin_type).map(str::to_string)));
    let written = fleet_json(&plan, ear.milliseconds());
    Answered::new(written, (&plan.problem, &plan.answer), &names, &ear.history)
}

/// What a thread comes to that is given a document, or the exception.
pub(crate) fn of_document(
    py: Python<'_>,
    document: Json<'static>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Json<'_>, &mut Ear) -> Result<Answered, Error> + Send + 'static,
) -> PyResult<Answered> {
    let outcome = solving::run(py, progress, move |ear, give| {
        // The document goes after the answer was given.
        give(work(&document, ear));
    })?;
    outcome.map_err(|fault| error::plain(py, &fault))
}

/// A query that a caller wrote, compiled or not, as text.
fn text_of(only: Option<&Bound<'_, PyAny>>) -> PyResult<Option<String>> {
    only.map(|only| Ok(convert::to_expression(only)?.source().to_string())).transpose()
}

/// Packs items into bins: text, figures and columns of the answer.
#[pyfunction]
#[pyo3(name = "_pack", signature = (items, bins, dimensions, attributes, rest, progress, /))]
pub(crate) fn pack<'py>(
    items: &Bound<'py, PyAny>,
    bins: &Bound<'py, PyAny>,
    dimensions: Option<&Bound<'py, PyAny>>,
    attributes: Option<&Bound<'py, PyAny>>,
    rest: &Bound<'py, PyAny>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyTuple>> {
    let py = items.py();
    let parts = Parts::read(&[(ITEMS, Some(items)), (BINS, Some(bins))], dimensions, attributes, rest)?;
    let outcome = solving::run(py, progress, move |ear, give| match parts.into_document(None) {
        Err(fault) => give(Err(fault)),
        Ok((document, places, _)) => give(packed(&document, ear).map_err(|fault| located(fault, &places))),
    })?;
    outcome.map_err(|fault| error::plain(py, &fault))?.into_parts(py)
}

/// Plans a fleet: text, figures and columns of the plan.
#[pyfunction]
#[pyo3(name = "_fleet", signature = (items, catalogue, running, dimensions, attributes, only, rest, progress, /))]
#[expect(clippy::too_many_arguments, reason = "keywords of Python")]
pub(crate) fn fleet<'py>(
    items: &Bound<'py, PyAny>,
    catalogue: &Bound<'py, PyAny>,
    running: Option<&Bound<'py, PyAny>>,
    dimensions: Option<&Bound<'py, PyAny>>,
    attributes: Option<&Bound<'py, PyAny>>,
    only: Option<&Bound<'py, PyAny>>,
    rest: &Bound<'py, PyAny>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyTuple>> {
    let py = items.py();
    let sources = [(ITEMS, Some(items)), (CATALOGUE, Some(catalogue)), (BINS, running)];
    let (mut parts, only) = (Parts::read(&sources, dimensions, attributes, rest)?, text_of(only)?);
    name_amounts(&mut parts).map_err(|fault| error::plain(py, &fault))?;
    let outcome = solving::run(py, progress, move |ear, give| match parts.into_document(Some(CATALOGUE)) {
        Err(fault) => give(Err(fault)),
        Ok((document, places, offers)) => {
            let plan = planned(&document, (offers.as_ref(), only.as_deref()), ear);
            give(plan.map_err(|fault| located(fault, &places)));
        }
    })?;
    outcome.map_err(|fault| error::plain(py, &fault))?.into_parts(py)
}

/// The amounts of daemons, which may stand under the names of dimensions, in the order of these.
fn name_amounts(parts: &mut Parts) -> Result<(), Error> {
    let Json::Object(rest) = &mut parts.rest else { return Ok(()) };
    let fleet = rest.iter_mut().find(|(key, _)| key == "fleet");
    let Some((_, Json::Object(fleet))) = fleet else { return Ok(()) };
    let daemon = fleet.iter_mut().find(|(key, _)| key == "daemon");
    let Some((_, amounts)) = daemon else { return Ok(()) };
    let Json::Object(given) = &mut *amounts else { return Ok(()) };
    *amounts = in_order(std::mem::take(given), &parts.dimensions).map_err(|error| error.in_path("fleet.daemon"))?;
    Ok(())
}

#[doc = stub!(pack_json)]
#[pyfunction]
#[pyo3(signature = (document, /, *, progress=None))]
pub(crate) fn pack_json<'py>(
    document: &Bound<'py, PyAny>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let py = document.py();
    let answered = of_document(py, convert::to_document(document)?, progress, packed)?;
    convert::to_dict(py, answered.text)
}

#[doc = stub!(fleet_json)]
#[pyfunction]
#[pyo3(name = "fleet_json", signature = (document, /, *, catalogue=None, only=None, progress=None))]
pub(crate) fn fleet_json_of<'py>(
    document: &Bound<'py, PyAny>,
    catalogue: Option<&Bound<'py, PyAny>>,
    only: Option<&Bound<'py, PyAny>>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let py = document.py();
    let (catalogue, only) = (catalogue.map(convert::to_document).transpose()?, text_of(only)?);
    let answered = of_document(py, convert::to_document(document)?, progress, move |document, ear| {
        planned(document, (catalogue.as_ref(), only.as_deref()), ear)
    })?;
    convert::to_dict(py, answered.text)
}

/// What a text of an answer writes, as a dict.
#[pyfunction]
#[pyo3(name = "_document", signature = (text, /))]
pub(crate) fn document<'py>(text: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyDict>> {
    convert::to_dict(text.py(), text.extract()?)
}

/// What an object stands for, as text.
#[pyfunction]
#[pyo3(name = "_json", signature = (value, /))]
pub(crate) fn json_text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(convert::to_json(value)?.to_string())
}

/// Milliseconds of a number of seconds, rounded up.
#[pyfunction]
#[pyo3(name = "_milliseconds", signature = (seconds, /))]
pub(crate) fn milliseconds(seconds: &Bound<'_, PyAny>) -> PyResult<u64> {
    argument::milliseconds("seconds", seconds)
}

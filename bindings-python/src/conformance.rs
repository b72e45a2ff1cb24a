//! Conformance cases, through the core's test kit.

use std::time::Instant;

use placewright::json::Json;
use placewright::testkit::conformance::{self, CheckOptions, ReplayOptions, Report, Route, Verdict};
use placewright::testkit::packing;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::convert;

/// The text of a case: as given, or of the object that it parses to.
fn text_of(case: &Bound<'_, PyAny>) -> PyResult<String> {
    match convert::Text::of(case)? {
        Some(text) => Ok(text.as_str().to_string()),
        None => Ok(convert::to_json(case)?.to_string()),
    }
}

#[doc = stub!(conformance_replay)]
#[pyfunction]
#[pyo3(signature = (case, *, route="auto", seed=0))]
pub(crate) fn conformance_replay<'py>(case: &Bound<'py, PyAny>, route: &str, seed: u64) -> PyResult<Bound<'py, PyAny>> {
    let py = case.py();
    let route = match route {
        "auto" => Route::Auto,
        "scan" => Route::Scan,
        "indexed" => Route::Indexed,
        "oracle" => Route::Oracle,
        other => return Err(PyValueError::new_err(format!("route `{other}` is unknown"))),
    };
    let options = ReplayOptions { route, seed, ..ReplayOptions::default() };
    let text = text_of(case)?;
    let replayed = py.detach(|| {
        let case = conformance::read(&text)?;
        conformance::replay(&case, &options).map(|document| document.to_string())
    });
    let document = replayed.map_err(PyValueError::new_err)?;
    let document = Json::parse(&document).map_err(|error| PyValueError::new_err(error.to_string()))?;
    convert::to_object(py, &document)
}

/// A verdict in a word, and its reasons.
fn judged(verdict: Verdict) -> (Json<'static>, Json<'static>) {
    let (verdict, reasons) = match verdict {
        Verdict::Pass => ("pass", Vec::new()),
        Verdict::Skip(feature) => ("skip", vec![feature]),
        Verdict::Fail(reasons) => ("fail", reasons),
    };
    (Json::from(verdict), Json::array(reasons.into_iter().map(Json::from)))
}

#[doc = stub!(conformance_check)]
#[pyfunction]
#[pyo3(signature = (case, *, ordered=false))]
pub(crate) fn conformance_check<'py>(case: &Bound<'py, PyAny>, ordered: bool) -> PyResult<Bound<'py, PyAny>> {
    let py = case.py();
    let text = text_of(case)?;
    let start = Instant::now();
    let mut clock = || u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let report = py.detach(|| conformance::check(&text, &CheckOptions { is_ordered: ordered }, &mut clock));
    let (verdict, reasons) = judged(report.verdict);
    let placements = report.placements.iter().map(|(step, instance)| {
        Json::array([Json::from(u64::try_from(*step).unwrap_or(u64::MAX)), Json::from(instance.as_str())])
    });
    let report = Json::object([
        ("id", Json::from(report.id.as_str())),
        ("verdict", verdict),
        ("reasons", reasons),
        ("placements", Json::array(placements)),
    ]);
    convert::to_object(py, &report)
}

#[doc = stub!(conformance_digest)]
#[pyfunction]
#[pyo3(signature = (reports, /))]
pub(crate) fn conformance_digest(reports: &Bound<'_, PyAny>) -> PyResult<String> {
    let mut read = Vec::new();
    for report in reports.try_iter()? {
        let report = report?;
        let mut one = Report::new(report.get_item("id")?.extract()?, Verdict::Pass);
        for placement in report.get_item("placements")?.try_iter()? {
            let placement = placement?;
            one.placements.push((placement.get_item(0)?.extract()?, placement.get_item(1)?.extract()?));
        }
        read.push(one);
    }
    Ok(conformance::digest(&read))
}

#[doc = stub!(conformance_check_packing)]
#[pyfunction]
#[pyo3(signature = (case, /))]
pub(crate) fn conformance_check_packing<'py>(case: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = case.py();
    let text = text_of(case)?;
    let report = py.detach(|| packing::check(&text));
    let (verdict, reasons) = judged(report.verdict);
    let report = Json::object([("id", Json::from(report.id)), ("verdict", verdict), ("reasons", reasons)]);
    convert::to_object(py, &report)
}

#[doc = stub!(conformance_digest_packing)]
#[pyfunction]
#[pyo3(signature = (outcomes, /))]
pub(crate) fn conformance_digest_packing(outcomes: &Bound<'_, PyAny>) -> PyResult<String> {
    let mut lines: Vec<(String, String)> = Vec::new();
    for outcome in outcomes.try_iter()? {
        let (id, came_to): (String, Bound<'_, PyAny>) = outcome?.extract()?;
        let mut came_to = convert::to_json(&came_to)?;
        if let Json::Object(entries) = &mut came_to {
            entries.retain(|(key, _)| key != "milliseconds");
        }
        let outcome = match &came_to {
            Json::Object(_) => Json::object([("answer", came_to)]),
            _ => Json::object([("error", Json::object([("code", came_to)]))]),
        };
        lines.push((id, packing::line_of(&outcome)));
    }
    Ok(packing::digest(lines.iter().map(|(id, line)| (id.as_str(), line.as_str()))))
}

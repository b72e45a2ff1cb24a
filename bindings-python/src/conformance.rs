//! Conformance cases, through the core's test kit.

use std::time::Instant;

use placewright::json::Json;
use placewright::testkit::conformance::{self, CheckOptions, ReplayOptions, Report, Route, Verdict};
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

/// Runs the steps of a case and says what happened, judging nothing.
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

/// Runs a case every way the format asks for and judges it: `id`, `verdict` (`pass`, `fail` or `skip`), `reasons`, and
/// `placements` as pairs of step and instance.
#[pyfunction]
#[pyo3(signature = (case, *, ordered=false))]
pub(crate) fn conformance_check<'py>(case: &Bound<'py, PyAny>, ordered: bool) -> PyResult<Bound<'py, PyAny>> {
    let py = case.py();
    let text = text_of(case)?;
    let start = Instant::now();
    let mut clock = || u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let report = py.detach(|| conformance::check(&text, &CheckOptions { is_ordered: ordered }, &mut clock));
    let (verdict, reasons) = match report.verdict {
        Verdict::Pass => ("pass", Vec::new()),
        Verdict::Skip(feature) => ("skip", vec![feature]),
        Verdict::Fail(reasons) => ("fail", reasons),
    };
    let placements = report.placements.iter().map(|(step, instance)| {
        Json::array([Json::from(u64::try_from(*step).unwrap_or(u64::MAX)), Json::from(instance.as_str())])
    });
    let report = Json::object([
        ("id", Json::from(report.id.as_str())),
        ("verdict", Json::from(verdict)),
        ("reasons", Json::array(reasons.iter().map(|reason| Json::from(reason.as_str())))),
        ("placements", Json::array(placements)),
    ]);
    convert::to_object(py, &report)
}

/// The digest over every placement of these reports: equal on all runners. A report is what `check` gives, or any mapping with
/// its `id` and `placements`.
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

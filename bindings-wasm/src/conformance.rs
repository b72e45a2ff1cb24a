//! Conformance cases, through the core's test kit: for the tests of the package.

use placewright::json::Json;
use placewright::testkit::conformance::{self, CheckOptions, ReplayOptions, Report, Route, Verdict};
use wasm_bindgen::prelude::*;

/// Runs the steps of a case and says what happened, judging nothing; JSON text.
///
/// # Errors
/// In words, for what is no case.
#[wasm_bindgen]
pub fn conformance_replay(case: &str, route: &str, seed: u64) -> Result<String, JsValue> {
    let route = match route {
        "scan" => Route::Scan,
        "indexed" => Route::Indexed,
        "oracle" => Route::Oracle,
        _ => Route::Auto,
    };
    let options = ReplayOptions { route, seed, ..ReplayOptions::default() };
    let replayed = conformance::read(case).and_then(|case| conformance::replay(&case, &options));
    replayed.map(|document| document.to_string()).map_err(|line| JsValue::from_str(&line))
}

/// A case with its generators expanded; JSON text.
///
/// # Errors
/// In words, for what is no case.
#[wasm_bindgen]
pub fn conformance_expand(case: &str) -> Result<String, JsValue> {
    conformance::read(case).map(|case| case.to_string()).map_err(|line| JsValue::from_str(&line))
}

/// Runs a case every way the format asks for and judges it: `id`, `verdict` (`pass`, `fail` or `skip`), `reasons`, and
/// `placements` as pairs of step and instance; JSON text.
#[wasm_bindgen]
#[must_use]
pub fn conformance_check(case: &str, is_ordered: bool) -> String {
    let report = conformance::check(case, &CheckOptions { is_ordered }, &mut || 0);
    let (verdict, reasons) = match report.verdict {
        Verdict::Pass => ("pass", Vec::new()),
        Verdict::Skip(feature) => ("skip", vec![feature]),
        Verdict::Fail(reasons) => ("fail", reasons),
    };
    let placements = report
        .placements
        .iter()
        .map(|(step, instance)| Json::array([Json::from(*step as u64), Json::from(instance.as_str())]));
    Json::object([
        ("id", Json::from(report.id.as_str())),
        ("verdict", Json::from(verdict)),
        ("reasons", Json::array(reasons.iter().map(|reason| Json::from(reason.as_str())))),
        ("placements", Json::array(placements)),
    ])
    .to_string()
}

/// The digest over every placement of these reports, an array as JSON text of what `conformance_check` gives: equal on all runners.
///
/// # Errors
/// In words, for what is no array of reports.
#[wasm_bindgen]
pub fn conformance_digest(reports: &str) -> Result<String, JsValue> {
    let read = || {
        let mut read = Vec::new();
        let reports = Json::parse(reports)?;
        for report in reports.as_array()? {
            let fields = report.as_fields()?;
            let mut one = Report::new(fields.text("id")?.to_owned(), Verdict::Pass);
            one.placements = fields.each("placements", |pair| {
                let pair = pair.as_array()?;
                let step = pair.first().map_or(Ok(0), Json::as_integer)?;
                let instance = pair.get(1).map_or(Ok(""), Json::as_text)?;
                Ok((usize::try_from(step).unwrap_or_default(), instance.to_owned()))
            })?;
            read.push(one);
        }
        Ok::<_, placewright::Error>(read)
    };
    read().map(|reports| conformance::digest(&reports)).map_err(|error| JsValue::from_str(&error.to_string()))
}

//! A cluster packed or rearranged as a set. Both are worked out in a copy of the cluster, so that it can be used meanwhile.

use placewright::Error;
use placewright::adapter::{Session, answer_json, read_rearrange};
use placewright::json::Json;
use placewright::pack::solve;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::answer::Answered;
use crate::argument;
use crate::cluster::Cluster;
use crate::convert;
use crate::error;
use crate::outcome::PlaceResult;
use crate::packing;
use crate::solving::{self, Ear};
use crate::watch::Watcher;

/// Packs the requests of a document into what a session has left.
fn packed(session: &mut Session, document: &Json<'_>, ear: &mut Ear) -> Result<Answered, Error> {
    let request = session.read_pack_live(document)?;
    ear.begin(request.milliseconds);
    let problem = request.live.problem();
    let answer = solve(problem, &request.options, &mut |progress| ear.hear_packing(progress));
    ear.hear_answer(problem, &answer);
    let written = answer_json(problem, &answer, ear.milliseconds());
    Answered::new(written, (problem, &answer), &|_| None, &ear.history)
}

/// The plan that a document asks for.
fn planned(
    session: &mut Session,
    document: &Json<'_>,
    time: Option<u64>,
    ear: &mut Ear,
) -> Result<Json<'static>, Error> {
    let options = read_rearrange(document)?;
    ear.begin(time);
    let plan = session.rearrange(&options, &mut |progress| ear.hear_moves(progress))?;
    session.rearrange_plan_json(&plan, &options)
}

impl Cluster {
    /// What packing the requests of a document into the cluster comes to.
    pub(crate) fn pack_document(
        &self,
        py: Python<'_>,
        document: Json<'static>,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Answered> {
        let mut session = self.read_detached(py, |held| held.session.clone())?;
        packing::of_document(py, document, progress, move |document, ear| packed(&mut session, document, ear))
    }

    /// What rearranging comes to, as a dict.
    pub(crate) fn rearranged<'py>(
        &self,
        document: &Bound<'py, PyAny>,
        seconds: Option<&Bound<'py, PyAny>>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let py = document.py();
        let document = convert::to_document(document)?;
        let time = seconds.map(|seconds| argument::milliseconds("seconds", seconds)).transpose()?;
        let mut session = self.read_detached(py, |held| held.session.clone())?;
        let outcome = solving::run(py, progress, move |ear, give| {
            give(planned(&mut session, &document, time, ear).map(|plan| plan.to_string()));
        })?;
        convert::to_dict(py, outcome.map_err(|fault| error::plain(py, &fault))?)
    }
}

/// Packs the requests of a document into what a cluster has left: text, figures and columns of the answer.
#[pyfunction]
#[pyo3(name = "_pack_live", signature = (cluster, document, progress, /))]
pub(crate) fn pack_live<'py>(
    cluster: &Bound<'py, Cluster>,
    document: &Bound<'py, PyAny>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyTuple>> {
    let py = cluster.py();
    cluster.get().pack_document(py, convert::to_document(document)?, progress)?.into_parts(py)
}

/// Starts the tasks of an answer to a document.
#[pyfunction]
#[pyo3(name = "_apply_packing", signature = (cluster, document, answer, progress, /))]
pub(crate) fn apply_packing(
    cluster: &Bound<'_, Cluster>,
    document: &Bound<'_, PyAny>,
    answer: &Bound<'_, PyAny>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<PlaceResult> {
    let (document, answer) = (convert::to_document(document)?, convert::to_document(answer)?);
    let wanted = wanted(&document);
    let mut watcher = Watcher::new(progress, wanted)?;
    let started = cluster.get().call_detached(cluster.py(), |session| {
        session.apply_packing_json(&document, &answer, &mut |done| watcher.watch(done))
    })?;
    Ok(PlaceResult::new(started.ok_or_else(|| watcher.into_error())?, wanted))
}

/// Carries out a plan that was made for the options of a document; the ids that tasks have now.
#[pyfunction]
#[pyo3(name = "_apply_rearrangement", signature = (cluster, plan, document, /))]
pub(crate) fn apply_rearrangement(
    cluster: &Bound<'_, Cluster>,
    plan: &Bound<'_, PyAny>,
    document: &Bound<'_, PyAny>,
) -> PyResult<Vec<String>> {
    let (plan, document) = (convert::to_document(plan)?, convert::to_document(document)?);
    cluster
        .get()
        .call_detached(cluster.py(), |session| session.apply_rearrangement_json(&plan, &read_rearrange(&document)?))
}

/// Tasks that the requests of a document ask for.
fn wanted(document: &Json<'_>) -> usize {
    let requests = document.get("requests").and_then(|requests| requests.as_array().ok()).unwrap_or_default();
    let count = |request: &Json<'_>| match request.get("count") {
        None | Some(Json::Null) => Some(1),
        Some(count) => usize::try_from(count.as_integer().ok()?).ok(),
    };
    requests.iter().filter_map(count).fold(0, usize::saturating_add)
}

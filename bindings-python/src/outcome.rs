//! What calls answer: results, explanations, compiled expressions. All of them are values: they hold no cluster and no lock.

use placewright::adapter::{Failure, PlacedTask, RunTaskResponse};
use placewright::expr;
use placewright::json::Json;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString, PyType};

use crate::handle::Memo;
use crate::table::{self, Table};
use crate::{columns, convert, error};

#[doc = stub!(Result)]
#[pyclass(frozen, name = "Result", module = "placewright")]
#[derive(Debug)]
pub(crate) struct PlaceResult {
    /// ECS's answer.
    response: RunTaskResponse,
    /// Tasks that were asked for.
    wanted: usize,
}

impl PlaceResult {
    /// The answer to a request for so many tasks.
    pub(crate) const fn new(response: RunTaskResponse, wanted: usize) -> Self {
        Self { response, wanted }
    }
}

/// The class `placewright._values.Placement`.
fn placement_class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS.import(py, "placewright._values", "Placement")
}

#[pymethods]
impl PlaceResult {
    #[doc = stub!(Result.placements)]
    #[getter]
    fn placements<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let class = placement_class(py)?;
        let placements = PyList::empty(py);
        for task in &self.response.tasks {
            placements.append(class.call1((&task.task_arn, &task.container_instance_arn))?)?;
        }
        Ok(placements)
    }

    #[doc = stub!(Result.placed)]
    #[getter]
    fn placed(&self) -> usize {
        self.response.tasks.len()
    }

    #[doc = stub!(Result.rejected)]
    #[getter]
    fn rejected(&self) -> usize {
        self.wanted.saturating_sub(self.response.tasks.len())
    }

    #[doc = stub!(Result.reasons)]
    #[getter]
    fn reasons<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let mut counts: Vec<(&str, usize)> = Vec::new();
        for failure in &self.response.failures {
            match counts.iter_mut().find(|(reason, _)| *reason == failure.reason) {
                Some((_, count)) => *count += 1,
                None => counts.push((&failure.reason, 1)),
            }
        }
        let reasons = PyDict::new(py);
        for (reason, count) in counts {
            reasons.set_item(reason, count)?;
        }
        Ok(reasons)
    }

    #[doc = stub!(Result.table)]
    #[getter]
    fn table(&self, py: Python<'_>) -> PyResult<Table> {
        table::made(py, columns::placements(&self.response))
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("placewright._html")?.call_method1("result", (slf,))
    }

    fn __copy__<'py>(slf: &Bound<'py, Self>) -> Bound<'py, Self> {
        slf.clone()
    }

    fn __deepcopy__<'py>(slf: &Bound<'py, Self>, _memo: &Memo<'py>) -> Bound<'py, Self> {
        slf.clone()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Parts)> {
        let tasks = self.response.tasks.iter().map(|task| {
            let task = task.clone();
            (
                (task.task_arn, task.container_instance_arn, task.task_definition_arn, task.group),
                (task.availability_zone, task.cpu, task.memory_mib, task.gpu_ids),
            )
        });
        let failures = self.response.failures.iter().cloned().map(|one| (one.arn, one.reason, one.detail));
        let function = py.import("placewright._native")?.getattr("_result")?;
        Ok((function, (self.wanted, tasks.collect(), failures.collect())))
    }

    #[doc = stub!(Result.to_dict)]
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::to_object(py, &self.response.to_json())
    }

    fn __repr__(&self) -> String {
        format!("<Result: {} of {} tasks placed>", self.placed(), self.wanted)
    }
}

/// A task of a result: what it is, and what it has.
type Task = ((String, String, String, String), (Option<String>, i64, i64, Vec<String>));
/// A failure of a result: instance, reason, detail.
type Failed = (String, String, Option<String>);
/// What a result is made of: how many tasks were asked for, those that were placed, and failures.
type Parts = (usize, Vec<Task>, Vec<Failed>);

/// Makes a result anew: what `pickle` keeps.
#[pyfunction]
#[pyo3(name = "_result")]
pub(crate) fn result(wanted: usize, tasks: Vec<Task>, failures: Vec<Failed>) -> PlaceResult {
    let tasks = tasks.into_iter().map(|(what, has)| PlacedTask {
        task_arn: what.0,
        container_instance_arn: what.1,
        task_definition_arn: what.2,
        group: what.3,
        availability_zone: has.0,
        cpu: has.1,
        memory_mib: has.2,
        gpu_ids: has.3,
    });
    let failures = failures.into_iter().map(|(arn, reason, detail)| Failure { arn, reason, detail });
    PlaceResult::new(RunTaskResponse { tasks: tasks.collect(), failures: failures.collect() }, wanted)
}

#[doc = stub!(Explanation)]
#[pyclass(frozen, module = "placewright")]
#[derive(Debug)]
pub(crate) struct Explanation(Said);

/// What an explanation says.
#[derive(Debug)]
enum Said {
    /// As the core said it.
    Here(Box<placewright::Explanation>),
    /// As it was pickled: the core's words, which no longer tell of a cluster.
    Kept {
        /// The explanation as JSON.
        json: Json<'static>,
        /// The same in words.
        text: String,
        /// Every instance that was considered.
        table: Table,
    },
}

/// Makes an explanation anew: what `pickle` keeps.
#[pyfunction]
#[pyo3(name = "_explanation")]
pub(crate) fn explanation(py: Python<'_>, json: &str, text: String, table: &Table) -> PyResult<Explanation> {
    let json = Json::parse(json).map_err(|fault| error::in_text(py, &fault, json))?.into_owned();
    Ok(Explanation(Said::Kept { json, text, table: table.clone() }))
}

/// A text inside a tree, by its keys.
fn text_at<'j>(json: &'j Json<'_>, keys: &[&str]) -> Option<&'j str> {
    keys.iter().try_fold(json, |json, key| json.get(key))?.as_text().ok()
}

impl Explanation {
    /// The explanation.
    pub(crate) fn new(explanation: placewright::Explanation) -> Self {
        Self(Said::Here(Box::new(explanation)))
    }

    /// Does something with the explanation as JSON.
    fn with_json<T>(&self, work: impl FnOnce(&Json<'_>) -> T) -> T {
        match &self.0 {
            Said::Here(explanation) => work(&explanation.to_json()),
            Said::Kept { json, .. } => work(json),
        }
    }

    /// One key of the explanation as JSON.
    fn key<'py>(&self, py: Python<'py>, key: &str) -> PyResult<Bound<'py, PyAny>> {
        self.with_json(|json| match json.get(key) {
            Some(value) => convert::to_object(py, value),
            None => Ok(py.None().into_bound(py)),
        })
    }
}

#[pymethods]
impl Explanation {
    #[doc = stub!(Explanation.definition)]
    #[getter]
    fn definition(&self) -> &str {
        match &self.0 {
            Said::Here(explanation) => &explanation.definition,
            Said::Kept { json, .. } => text_at(json, &["definition"]).unwrap_or_default(),
        }
    }

    #[doc = stub!(Explanation.group)]
    #[getter]
    fn group(&self) -> &str {
        match &self.0 {
            Said::Here(explanation) => &explanation.group,
            Said::Kept { json, .. } => text_at(json, &["group"]).unwrap_or_default(),
        }
    }

    #[doc = stub!(Explanation.funnel)]
    #[getter]
    fn funnel<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let Said::Here(explanation) = &self.0 else { return self.key(py, "funnel") };
        let steps = PyDict::new(py);
        steps.set_item("registered", explanation.funnel.registered)?;
        steps.set_item("considered", explanation.funnel.considered)?;
        steps.set_item("meetRequirements", explanation.funnel.meet_requirements)?;
        steps.set_item("meetConstraints", explanation.funnel.meet_constraints)?;
        Ok(steps.into_any())
    }

    #[doc = stub!(Explanation.reasons)]
    #[getter]
    fn reasons<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let reasons = PyDict::new(py);
        match &self.0 {
            Said::Here(explanation) => {
                explanation.reasons.iter().try_for_each(|(reason, count)| reasons.set_item(reason, count))?;
            }
            Said::Kept { json, .. } => {
                for one in json.get("reasons").and_then(|reasons| reasons.as_array().ok()).unwrap_or_default() {
                    let count = one.get("count").and_then(|count| count.as_integer().ok());
                    reasons.set_item(text_at(one, &["reason"]), count)?;
                }
            }
        }
        Ok(reasons)
    }

    #[doc = stub!(Explanation.rejected)]
    #[getter]
    fn rejected<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.key(py, "rejected")
    }

    #[doc = stub!(Explanation.winner)]
    #[getter]
    fn winner(&self) -> Option<&str> {
        match &self.0 {
            Said::Here(explanation) => explanation.winner.as_ref().map(|winner| winner.name.as_str()),
            Said::Kept { json, .. } => text_at(json, &["winner", "arn"]),
        }
    }

    #[doc = stub!(Explanation.decided_by)]
    #[getter]
    fn decided_by(&self) -> Option<&str> {
        match &self.0 {
            Said::Here(explanation) => explanation.winner.as_ref().map(|winner| winner.decided_by.as_str()),
            Said::Kept { json, .. } => text_at(json, &["winner", "decidedBy"]),
        }
    }

    #[doc = stub!(Explanation.nearest_miss)]
    #[getter]
    fn nearest_miss(&self) -> Option<&str> {
        match &self.0 {
            Said::Here(explanation) => explanation.nearest_miss.as_ref().map(|miss| miss.text.as_str()),
            Said::Kept { json, .. } => text_at(json, &["nearestMiss", "text"]),
        }
    }

    #[doc = stub!(Explanation.table)]
    #[getter]
    fn table(&self, py: Python<'_>) -> PyResult<Table> {
        match &self.0 {
            Said::Here(explanation) => table::made(py, py.detach(|| columns::explanation(explanation))),
            Said::Kept { table, .. } => Ok(table.clone()),
        }
    }

    fn __copy__<'py>(slf: &Bound<'py, Self>) -> Bound<'py, Self> {
        slf.clone()
    }

    fn __deepcopy__<'py>(slf: &Bound<'py, Self>, _memo: &Memo<'py>) -> Bound<'py, Self> {
        slf.clone()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String, String, Table))> {
        let function = py.import("placewright._native")?.getattr("_explanation")?;
        Ok((function, (self.with_json(|json| json.to_string()), self.__str__(), self.table(py)?)))
    }

    #[doc = stub!(Explanation.plot)]
    #[pyo3(signature = (**options))]
    fn plot<'py>(slf: &Bound<'py, Self>, options: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("placewright._plot")?.getattr("explanation")?.call((slf,), options)
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("placewright._html")?.call_method1("explanation", (slf,))
    }

    #[doc = stub!(Explanation.to_dict)]
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.with_json(|json| convert::to_object(py, json))
    }

    fn __str__(&self) -> String {
        match &self.0 {
            Said::Here(explanation) => explanation.to_string(),
            Said::Kept { text, .. } => text.clone(),
        }
    }

    fn __repr__(&self) -> String {
        let what = match self.winner() {
            Some(winner) => format!("goes to {winner}"),
            None => "goes nowhere".to_string(),
        };
        format!("<Explanation: a task of {} {what}>", self.definition())
    }
}

#[doc = stub!(Expression)]
#[pyclass(frozen, module = "placewright", eq, hash)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expression(pub(crate) placewright::Expression);

impl std::hash::Hash for Expression {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.as_str().hash(state);
    }
}

#[pymethods]
impl Expression {
    #[doc = stub!(Expression.canonical)]
    #[getter]
    fn canonical(&self) -> &str {
        self.0.as_str()
    }

    #[doc = stub!(Expression.source)]
    #[getter]
    fn source(&self) -> &str {
        self.0.source()
    }

    #[doc = stub!(Expression.attribute_names)]
    #[getter]
    fn attribute_names(&self) -> Vec<&str> {
        self.0.attribute_names().collect()
    }

    fn __str__(&self) -> &str {
        self.0.as_str()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("compile({})", PyString::new(py, self.0.source()).repr()?))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (&str,))> {
        Ok((py.import("placewright")?.getattr("compile")?, (self.0.source(),)))
    }
}

#[doc = stub!(compile)]
#[pyfunction]
#[pyo3(signature = (expression, /))]
pub(crate) fn compile(expression: &Bound<'_, PyString>) -> PyResult<Expression> {
    let text = convert::Text::of(expression)?;
    let text = text.as_ref().map_or("", convert::Text::as_str);
    expr::compile(text).map(Expression).map_err(|fault| error::in_text(expression.py(), &fault, text))
}

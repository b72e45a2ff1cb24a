//! What calls answer: results, explanations, compiled expressions. All of them are values: they hold no cluster and no lock.

use placewright::adapter::RunTaskResponse;
use placewright::expr;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString, PyType};

use crate::table::{self, Table};
use crate::{columns, convert, error};

/// What became of a request.
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
    /// The tasks that were placed, in order, each with its instance.
    #[getter]
    fn placements<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let class = placement_class(py)?;
        let placements = PyList::empty(py);
        for task in &self.response.tasks {
            placements.append(class.call1((&task.task_arn, &task.container_instance_arn))?)?;
        }
        Ok(placements)
    }

    /// Number of tasks that were placed.
    #[getter]
    fn placed(&self) -> usize {
        self.response.tasks.len()
    }

    /// Number of tasks that were asked for and not placed.
    #[getter]
    fn rejected(&self) -> usize {
        self.wanted.saturating_sub(self.response.tasks.len())
    }

    /// Why the first task that was not placed went nowhere: how many instances gave each reason, in the words of ECS.
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

    /// The placements as columns.
    #[getter]
    fn table(&self, py: Python<'_>) -> PyResult<Table> {
        table::made(py, columns::placements(&self.response))
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("placewright._html")?.call_method1("result", (slf,))
    }

    /// ECS's answer to RunTask: `tasks` and `failures`.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::to_object(py, &self.response.to_json())
    }

    fn __repr__(&self) -> String {
        format!("<Result: {} of {} tasks placed>", self.placed(), self.wanted)
    }
}

/// Why a task goes where it goes, or nowhere.
#[pyclass(frozen, module = "placewright")]
#[derive(Debug)]
pub(crate) struct Explanation(placewright::Explanation);

impl Explanation {
    /// The explanation.
    pub(crate) const fn new(explanation: placewright::Explanation) -> Self {
        Self(explanation)
    }
}

impl Explanation {
    /// One key of the explanation as JSON.
    fn key<'py>(&self, py: Python<'py>, key: &str) -> PyResult<Bound<'py, PyAny>> {
        match self.0.to_json().get(key) {
            Some(value) => convert::to_object(py, value),
            None => Ok(py.None().into_bound(py)),
        }
    }
}

#[pymethods]
impl Explanation {
    /// Name of the task definition.
    #[getter]
    fn definition(&self) -> &str {
        &self.0.definition
    }

    /// Task group.
    #[getter]
    fn group(&self) -> &str {
        &self.0.group
    }

    /// How many instances were left after each step: `registered`, `considered`, `meetRequirements`, `meetConstraints`.
    #[getter]
    fn funnel<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.key(py, "funnel")
    }

    /// How many instances failed each reason first, in the order of checks.
    #[getter]
    fn reasons<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let reasons = PyDict::new(py);
        for (reason, count) in &self.0.reasons {
            reasons.set_item(reason, count)?;
        }
        Ok(reasons)
    }

    /// Every instance that fell away: `arn`, `reason`, and the figures where there are any.
    #[getter]
    fn rejected<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.key(py, "rejected")
    }

    /// The instance that wins; `None` where none does.
    #[getter]
    fn winner(&self) -> Option<&str> {
        self.0.winner.as_ref().map(|winner| winner.name.as_str())
    }

    /// Which rule told the winner from the next best; `None` without a winner.
    #[getter]
    fn decided_by(&self) -> Option<&str> {
        self.0.winner.as_ref().map(|winner| winner.decided_by.as_str())
    }

    /// What came nearest, in a phrase, where nothing wins.
    #[getter]
    fn nearest_miss(&self) -> Option<&str> {
        self.0.nearest_miss.as_ref().map(|miss| miss.text.as_str())
    }

    /// Every instance that was considered, as columns.
    #[getter]
    fn table(&self, py: Python<'_>) -> PyResult<Table> {
        table::made(py, py.detach(|| columns::explanation(&self.0)))
    }

    #[pyo3(signature = (**options))]
    fn plot<'py>(slf: &Bound<'py, Self>, options: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("placewright._plot")?.getattr("explanation")?.call((slf,), options)
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("placewright._html")?.call_method1("explanation", (slf,))
    }

    /// All of it.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        convert::to_object(py, &self.0.to_json())
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        let what = match &self.0.winner {
            Some(winner) => format!("goes to {}", winner.name),
            None => "goes nowhere".to_string(),
        };
        format!("<Explanation: a task of {} {what}>", self.0.definition)
    }
}

/// A cluster query, compiled. It belongs to no cluster.
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
    /// The canonical text: equal for equal queries.
    #[getter]
    fn canonical(&self) -> &str {
        self.0.as_str()
    }

    /// The text as it was given.
    #[getter]
    fn source(&self) -> &str {
        self.0.source()
    }

    /// Names of the attributes it reads, sorted.
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

/// Compiles a cluster query.
#[pyfunction]
#[pyo3(signature = (expression, /))]
pub(crate) fn compile(expression: &Bound<'_, PyString>) -> PyResult<Expression> {
    let text = convert::Text::of(expression)?;
    let text = text.as_ref().map_or("", convert::Text::as_str);
    expr::compile(text).map(Expression).map_err(|fault| error::in_text(expression.py(), &fault, text))
}

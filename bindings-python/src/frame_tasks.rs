//! Tasks that already run, read from a data frame.

use placewright::Error;
use placewright::json::Json;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::frame::{Frame, Named, gap};

/// Tasks that already run, as the document that describes them; and for each of its keys the column it came from.
pub(crate) struct Tasks {
    /// `{"tasks": […]}`.
    pub(crate) document: Json<'static>,
    /// Keys and columns.
    columns: Vec<(&'static str, String)>,
}

impl Tasks {
    /// Reads the columns that keyword arguments name.
    pub(crate) fn read<'py>(frame: &Bound<'py, PyAny>, given: Option<&Bound<'py, PyDict>>) -> PyResult<Self> {
        let (frame, named) = (Frame::read(frame)?, Named::new(frame.py(), given)?);
        let mut tasks: Vec<Vec<(&'static str, Json<'static>)>> = vec![Vec::new(); frame.rows];
        let mut columns = Vec::new();
        let mut fill = |key, column: Option<String>, values: Vec<Option<Json<'static>>>| {
            for (task, value) in tasks.iter_mut().zip(values) {
                task.extend(value.map(|value| (key, value)));
            }
            columns.extend(column.map(|column| (key, column)));
        };
        let texts = |column: &str| -> PyResult<Vec<Option<Json<'static>>>> {
            Ok(frame.texts(column)?.into_iter().map(|text| Some(Json::from(text?))).collect())
        };
        for (key, part, usual) in
            [("taskArn", "id", ["id", "name"]), ("containerInstanceArn", "instance", ["instance", "instance"])]
        {
            let column = named.needed(&frame, part, &usual)?;
            let values = texts(&column)?;
            if let Some(row) = values.iter().position(Option::is_none) {
                return Err(frame.raise(&gap(&column, row)));
            }
            fill(key, Some(column), values);
        }
        for (key, part) in [("taskDefinitionArn", "definition"), ("group", "group")] {
            if let Some(column) = named.column(&frame, part, &[part])? {
                let values = texts(&column)?;
                fill(key, Some(column), values);
            }
        }
        for (key, part) in [("cpu", "cpu"), ("memory", "memory_mib")] {
            if let Some(column) = named.column(&frame, part, &[part])? {
                let amounts = frame.integers(&column)?;
                // DescribeTasks writes amounts as text.
                let values = amounts.into_iter().map(|amount| Some(Json::from(amount?.to_string()))).collect();
                fill(key, Some(column), values);
            }
        }
        if let Some(column) = named.column(&frame, "is_protected", &["is_protected"])? {
            let values = frame.booleans(&column)?.into_iter().map(|value| value.map(Json::from)).collect();
            fill("protectionEnabled", Some(column), values);
        }
        if let Some(column) = named.column(&frame, "is_healthy", &["is_healthy"])? {
            let health = |value| Json::from(if value { "HEALTHY" } else { "UNHEALTHY" });
            let values = frame.booleans(&column)?.into_iter().map(|value| value.map(health)).collect();
            fill("healthStatus", Some(column), values);
        }
        if let Some(name) = named.rest.keys().iter().next() {
            return Err(PyTypeError::new_err(format!("unexpected keyword argument `{name}`")));
        }
        let document = Json::object([("tasks", Json::array(tasks.into_iter().map(Json::object)))]);
        Ok(Self { document: document.into_owned(), columns })
    }

    /// An error about the document, as one about the frame.
    pub(crate) fn located(&self, fault: &Error) -> Error {
        let place = || {
            let (row, key) = fault.path()?.strip_prefix("tasks[")?.split_once(']')?;
            let key = key.trim_start_matches('.');
            let column = self.columns.iter().find(|(known, _)| *known == key).map_or("", |(_, column)| column);
            Some(format!("{column}[{row}]"))
        };
        let again = Error::with_message(fault.kind(), fault.message());
        let again = place().map_or(again.clone(), |place| again.in_path(&place));
        fault.help().map_or(again.clone(), |help| again.with_help(help))
    }
}

//! What a packing came to, as Python has it: the document that the command writes, its figures, and columns.

use std::collections::HashMap;

use arrow_array::ArrayRef;
use placewright::Error;
use placewright::json::Json;
use placewright::pack::{Answer, Problem};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::columns::{decimals, figures, texts, words};
use crate::convert;
use crate::solving::{Moment, units};
use crate::table::Table;

/// Keys of an answer that hold more than a figure, and are told of by columns.
const LARGE: [&str; 2] = ["bins", "unpacked"];

/// A packing: the answer as text, its figures, and its columns.
pub(crate) struct Answered {
    /// The document.
    pub(crate) text: String,
    /// The document without what is large.
    figures: Json<'static>,
    /// Columns by name.
    tables: [(&'static str, Table); 4],
}

impl Answered {
    /// The answer as a document, with the columns of its packing. `names` says, by type, what a type of the problem stands for
    /// where that is another offer in another zone.
    pub(crate) fn new(
        document: Json<'_>,
        (problem, answer): (&Problem, &Answer),
        names: &dyn Fn(u32) -> Option<(Option<String>, Option<String>)>,
        history: &[Moment],
    ) -> Result<Self, Error> {
        let text = document.to_string();
        let mut figures = document;
        if let Json::Object(entries) = &mut figures {
            entries.retain(|(key, _)| !LARGE.contains(&key.as_ref()));
        }
        let [contents, bins] = packed(problem, answer, names)?;
        let tables = [
            ("contents", contents),
            ("bins", bins),
            ("unpacked", unpacked(problem, answer)?),
            ("history", told(history)?),
        ];
        Ok(Self { text, figures: figures.into_owned(), tables })
    }

    /// The text, the figures as a dict, and the columns as a dict.
    pub(crate) fn into_parts(self, py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
        let tables = PyDict::new(py);
        for (name, table) in self.tables {
            tables.set_item(name, table)?;
        }
        (self.text, convert::to_object(py, &self.figures)?, tables).into_pyobject(py)
    }
}

/// A number that a column holds.
fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Integers that are all there.
fn numbers(values: Vec<i64>) -> ArrayRef {
    figures(values.into_iter().map(Some))
}

/// What is in the bins, a row for each item of each kind of bins; and a row for each kind of bins.
fn packed(
    problem: &Problem,
    answer: &Answer,
    names: &dyn Fn(u32) -> Option<(Option<String>, Option<String>)>,
) -> Result<[Table; 2], Error> {
    let mut kind_of: HashMap<u32, u32> = HashMap::with_capacity(problem.rows());
    for kind in (0_u32..).take(problem.kinds()) {
        kind_of.extend(problem.rows_of(kind).iter().map(|&row| (row, kind)));
    }
    let bins = answer.packing.bins(problem);
    let rows: Vec<_> =
        bins.iter().enumerate().flat_map(|(at, bin)| bin.items.iter().map(move |&item| (at, item))).collect();
    let demand_of = |row: u32| kind_of.get(&row).map(|&kind| problem.demand(kind)).unwrap_or_default();
    let width = problem.width();
    let mut contents = vec![
        ("pattern".to_string(), numbers(rows.iter().map(|&(at, _)| whole(at as u64)).collect())),
        ("type".to_string(), words(rows.iter().map(|&(at, _)| Some(problem.type_id(bins[at].bin_type))))?),
        ("count".to_string(), numbers(rows.iter().map(|&(at, _)| whole(bins[at].count)).collect())),
        ("item".to_string(), numbers(rows.iter().map(|&(_, (row, _))| i64::from(row)).collect())),
        ("id".to_string(), texts(rows.iter().map(|&(_, (row, _))| Some(problem.row_id(row))))),
        ("number".to_string(), numbers(rows.iter().map(|&(_, (_, number))| whole(number)).collect())),
    ];
    for (at, dimension) in problem.dimensions().enumerate() {
        let demands = rows.iter().map(|&(_, (row, _))| whole(demand_of(row).get(at).copied().unwrap_or(0)));
        contents.push((format!("{dimension}_each"), numbers(demands.collect())));
    }
    let mut used = vec![vec![0_u64; width]; bins.len()];
    for &(at, (row, number)) in &rows {
        let sums = used[at].iter_mut().zip(demand_of(row));
        sums.for_each(|(sum, &each)| *sum = sum.saturating_add(each.saturating_mul(number)));
    }
    let named: Vec<_> = bins.iter().map(|bin| names(bin.bin_type)).collect();
    let mut kinds = vec![
        ("type".to_string(), words(bins.iter().map(|bin| Some(problem.type_id(bin.bin_type))))?),
        ("count".to_string(), numbers(bins.iter().map(|bin| whole(bin.count)).collect())),
        ("cost_each".to_string(), decimals(bins.iter().map(|bin| Some(units(problem.cost(bin.bin_type).into()))))),
    ];
    if named.iter().any(Option::is_some) {
        let offers = named.iter().map(|named| named.as_ref()?.0.as_deref());
        kinds.push(("offer".to_string(), words(offers)?));
        kinds.push(("zone".to_string(), words(named.iter().map(|named| named.as_ref()?.1.as_deref()))?));
    }
    for (at, dimension) in problem.dimensions().enumerate() {
        kinds.push((format!("{dimension}_used"), numbers(used.iter().map(|used| whole(used[at])).collect())));
        let capacities = bins.iter().map(|bin| whole(problem.capacity(bin.bin_type)[at]));
        kinds.push((format!("{dimension}_capacity"), numbers(capacities.collect())));
    }
    Ok([Table::new(contents)?, Table::new(kinds)?])
}

/// Items that are in no bin.
fn unpacked(problem: &Problem, answer: &Answer) -> Result<Table, Error> {
    let rows = &answer.unpacked;
    let reasons: Vec<String> = rows.iter().map(|row| problem.explain(row.reason)).collect();
    Table::new(vec![
        ("item".to_string(), numbers(rows.iter().map(|row| i64::from(row.row)).collect())),
        ("id".to_string(), texts(rows.iter().map(|row| Some(problem.row_id(row.row))))),
        ("count".to_string(), numbers(rows.iter().map(|row| whole(row.count)).collect())),
        ("reason".to_string(), texts(reasons.iter().map(Some))),
    ])
}

/// Each better packing and bound.
fn told(history: &[Moment]) -> Result<Table, Error> {
    Table::new(vec![
        ("seconds".to_string(), decimals(history.iter().map(|moment| Some(moment.seconds)))),
        ("steps".to_string(), numbers(history.iter().map(|moment| whole(moment.steps)).collect())),
        ("value".to_string(), decimals(history.iter().map(|moment| moment.value.map(units)))),
        ("missing".to_string(), numbers(history.iter().map(|moment| whole(moment.missing)).collect())),
        ("lower_bound".to_string(), decimals(history.iter().map(|moment| Some(units(moment.lower_bound))))),
        ("bound_name".to_string(), words(history.iter().map(|moment| Some(moment.bound_name)))?),
        ("solver".to_string(), words(history.iter().map(|moment| Some(moment.solver)))?),
    ])
}

//! Cells that read a text: a query, and what DescribeContainerInstances answers.

use std::hint::black_box;

use placewright::adapter::{Session, SessionOptions};
use placewright::expr;
use placewright_benches::document::{DOCUMENT_INSTANCES_MAX, QUERY, describe};
use placewright_benches::meter::{Contender, Outcome, Settings, measure, race};

use super::line::Line;

/// Times compiling a query.
pub(crate) fn compile_expression(line: Line, settings: Settings) -> Outcome<Line> {
    if expr::compile(&expr::compile(QUERY)?.to_string())?.to_string() != expr::compile(QUERY)?.to_string() {
        return Err("the canonical text of the query compiles to another".into());
    }
    let mut contenders: Vec<Contender<'_>> = vec![Box::new(|operations| {
        measure(operations, || {
            for _ in 0..operations {
                black_box(expr::compile(black_box(QUERY))?);
            }
            Ok(())
        })
    })];
    Ok(line.timed(&race(&mut contenders, settings)?))
}

/// Times loading a document, beside what serde_json takes to read it into its generic value; per instance.
pub(crate) fn load_json(line: Line, settings: Settings) -> Outcome<Line> {
    if line.n > DOCUMENT_INSTANCES_MAX {
        return Ok(line);
    }
    let text = describe(line.n);
    let loaded = Session::from_json(&text, SessionOptions::default())?.cluster().instances().len();
    if loaded != line.n {
        return Err(format!("{loaded} of {} instances are loaded", line.n).into());
    }
    let n = line.n;
    let repeat = |operations: usize| operations.div_ceil(n);
    let mut contenders: Vec<Contender<'_>> = vec![
        Box::new(|operations| {
            measure(n * repeat(operations), || {
                for _ in 0..repeat(operations) {
                    black_box(Session::from_json(&text, SessionOptions::default())?);
                }
                Ok(())
            })
        }),
        Box::new(|operations| {
            measure(n * repeat(operations), || {
                for _ in 0..repeat(operations) {
                    black_box(serde_json::from_str::<serde_json::Value>(&text)?);
                }
                Ok(())
            })
        }),
    ];
    let timings = race(&mut contenders, settings)?;
    Ok(Line { rival_ns: timings.get(1).map(|timing| timing.nanos), ..line.timed(&timings[..1]) })
}

//! Packings and fleets as text for people: what the JSON answers say, in tables.

use std::collections::HashMap;

use placewright::adapter::cost_json;
use placewright::pack::{Answer, Bins, Problem};
use placewright::planner::fleet::FleetPlan;

use crate::io::one_line;
use crate::table;

/// What items are called: by their id, and by their place where an id is empty or names several.
struct Names<'p> {
    problem: &'p Problem,
    /// Items of each id.
    uses: HashMap<&'p str, u32>,
}

impl<'p> Names<'p> {
    fn new(problem: &'p Problem) -> Self {
        let mut uses = HashMap::new();
        for row in (0u32..).take(problem.rows()) {
            *uses.entry(problem.row_id(row)).or_insert(0) += 1;
        }
        Self { problem, uses }
    }

    fn of(&self, row: u32) -> String {
        match self.problem.row_id(row) {
            "" => format!("items[{row}]"),
            id if self.uses.get(id).is_some_and(|&uses| uses > 1) => format!("{} (items[{row}])", one_line(id)),
            id => one_line(id),
        }
    }

    /// What is in a bin.
    fn content(&self, bins: &Bins) -> String {
        let items = bins.items.iter().map(|&(row, number)| format!("{number} {}", self.of(row)));
        items.collect::<Vec<_>>().join(", ")
    }
}

/// Lines of a name and what is to be said under it.
fn facts<const N: usize>(facts: [(&str, String); N]) -> String {
    facts.into_iter().map(|(name, text)| format!("{name:<8}{text}\n")).collect()
}

/// A cost, in units.
fn cost(millionths: u128) -> String {
    cost_json(millionths).to_string()
}

/// "1 bin", "2 bins".
fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The value, its bound, who found it, and how much is packed into how many of `noun`.
fn head(problem: &Problem, answer: &Answer, milliseconds: u64, noun: &str) -> String {
    let bound = cost(answer.lower_bound);
    let name = answer.bound_name;
    let bound = if answer.optimal {
        format!("{bound} by {name}: nothing costs less")
    } else if answer.value == answer.lower_bound {
        format!("{bound} by {name}: nothing costs less for the items that are packed")
    } else {
        format!("{bound} by {name}: a gap of {:.2} %", answer.gap() * 100.0)
    };
    let left_out: u64 = answer.unpacked.iter().map(|unpacked| unpacked.count).sum();
    let all: u64 = (0u32..).take(problem.rows()).map(|row| problem.row_count(row)).sum();
    let packed = all.saturating_sub(left_out);
    facts([
        ("value", cost(answer.value)),
        ("bound", bound),
        ("solver", format!("{}, {}, {milliseconds} ms", answer.solver, counted(answer.steps, "step"))),
        ("packed", format!("{packed} of {} in {}", counted(all, "item"), counted(answer.packing.bin_count(), noun))),
    ])
}

/// Items that are left out, with reasons; nothing where there are none.
fn left_out(names: &Names<'_>, answer: &Answer) -> String {
    if answer.unpacked.is_empty() {
        return String::new();
    }
    let rows = answer.unpacked.iter().map(|unpacked| {
        let reason = names.problem.explain(unpacked.reason);
        vec![unpacked.count.to_string(), names.of(unpacked.row), one_line(&reason)]
    });
    format!("\n{}", table::columns(&["left out", "item", "reason"], &rows.collect::<Vec<_>>()))
}

/// An answer of `pack`.
pub(crate) fn packing(problem: &Problem, answer: &Answer, milliseconds: u64) -> String {
    let names = Names::new(problem);
    let mut text = head(problem, answer, milliseconds, "bin");
    let rows = answer.packing.bins(problem).into_iter().map(|bins| {
        let unit = cost(u128::from(problem.cost(bins.bin_type)));
        vec![bins.count.to_string(), one_line(problem.type_id(bins.bin_type)), unit, names.content(&bins)]
    });
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        text.push('\n');
        text.push_str(&table::columns(&["count", "type", "cost of one", "items in one"], &rows));
    }
    text + &left_out(&names, answer)
}

/// A plan of `fleet`.
pub(crate) fn fleet(plan: &FleetPlan, milliseconds: u64) -> String {
    let (problem, answer) = (&plan.problem, &plan.answer);
    let names = Names::new(problem);
    let mut text = head(problem, answer, milliseconds, "instance");
    let rows = answer.packing.bins(problem).into_iter().map(|bins| {
        let unit = cost(u128::from(problem.cost(bins.bin_type)));
        // One that runs already is no offer.
        let name = plan.offer(bins.bin_type).unwrap_or(problem.type_id(bins.bin_type));
        let zone = plan.zone(bins.bin_type).unwrap_or("-");
        vec![bins.count.to_string(), one_line(name), one_line(zone), unit, names.content(&bins)]
    });
    let mut add = |heading: &[&str], rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            text.push('\n');
            text.push_str(&table::columns(heading, &rows));
        }
    };
    add(&["count", "type", "zone", "cost of one", "items in one"], rows.collect());
    let alternatives = plan.alternatives.iter().map(|other| {
        let offer = other.offer.as_deref().unwrap_or("-");
        let (cost, number) = (cost(other.cost), other.instances.to_string());
        vec![other.name.to_string(), one_line(offer), cost, number, other.missing.to_string()]
    });
    add(&["alternative", "type", "cost", "instances", "items left out"], alternatives.collect());
    let rooms = problem.dimensions().zip(&plan.rooms).map(|(dimension, room)| {
        let left = room.capacity.saturating_sub(room.used);
        let amounts = [room.capacity, room.used, left, room.stranded].map(|amount| amount.to_string());
        [vec![one_line(dimension)], amounts.to_vec()].concat()
    });
    add(&["dimension", "capacity", "used", "left", "stranded"], rooms.collect());
    let changes =
        plan.changes.iter().map(|change| vec![one_line(&change.offer), change.from.to_string(), change.to.to_string()]);
    add(&["change of", "from", "to"], changes.collect());
    if plan.is_short_of_zones {
        text.push_str("\nThe instances are in fewer zones than are asked for.\n");
    }
    text + &left_out(&names, answer)
}

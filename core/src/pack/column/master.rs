//! The restricted master of column generation: a revised simplex over a pool of patterns that grows.
//!
//! Minimises `cost · x` with `A x ≥ demand` on cover rows and `A x ≤ limit` on limit rows, `x ≥ 0`, where each column of `A` is a
//! pattern of few entries. Between two solves the pool may gain columns, the right-hand side may change (a dive fixes patterns)
//! and columns may be barred (they no longer fit the rest). Each of these leaves the last basis one kind of simplex away from
//! the new optimum, which is why a solve after a change costs a few pivots and not a whole solve:
//!
//! - new columns: still primal feasible, so primal simplex;
//! - another right-hand side, and columns barred: still dual feasible for the pool, so dual simplex ([`Master::reduce`]), which
//!   drives out what is below zero, and what is barred and above it. The row that leaves is chosen by steepest edge: exact
//!   lengths cost little beside the explicit inverse.
//!
//! The inverse of the basis is kept as a dense square, since a packing has a few hundred kinds: a pivot is then one rank-one
//! update that the compiler vectorises. All arithmetic is plain `f64` addition, multiplication and division, so every platform
//! walks the same path. Nothing here is a claim: duals are made safe in [`farley`](super::farley) before a bound is said.
//!
//! Source: Dantzig & Orchard-Hays, "The product form for the inverse in the simplex method", 1954; Chvátal, "Linear
//! Programming", 1983, chapters 8, 10 and 13 (revised simplex, dual simplex, cutting stock).

use alloc::vec;
use alloc::vec::Vec;

use super::{Stopped, spend};
use crate::pack::search::Search;

/// What a reduced cost must fall below to be worth a pivot, in units of cost.
const EPSILON: f64 = 1e-9;
/// The least pivot that is divided by.
const PIVOT_MIN: f64 = 1e-7;
/// How far below zero a basic amount may lie and still count as zero.
const FEASIBLE: f64 = 1e-9;
/// How far off a basic amount may lie before a pivot is spent on it.
const INFEASIBLE: f64 = 1e-8;
/// Pivots after which the inverse is computed afresh, so that rounding does not pile up.
const PIVOTS_MAX: u32 = 400;

/// Which way a row binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// At least the right-hand side: every item is packed.
    Cover,
    /// At most the right-hand side: a type of bin is limited.
    Limit,
}

/// The master problem, its pool and its basis. Variables are numbered: slacks (one a row), artificials (one a row), columns.
#[derive(Clone, Debug)]
pub(super) struct Master {
    /// Which way each row binds.
    rows: Vec<Row>,
    /// Right-hand side, in copies.
    demand: Vec<f64>,
    /// Cost of each variable.
    cost: Vec<f64>,
    /// Whether each variable must stay at zero.
    is_barred: Vec<bool>,
    /// Where the entries of each variable begin; one more than there are variables.
    start: Vec<usize>,
    /// Row of each entry.
    row: Vec<u32>,
    /// Value of each entry.
    value: Vec<f64>,
    /// Basic variable of each row of the basis.
    basis: Vec<usize>,
    /// Whether each variable is basic.
    is_basic: Vec<bool>,
    /// Inverse of the basis, [rows × rows], row by row.
    inverse: Vec<f64>,
    /// Amount of the basic variable of each row.
    amount: Vec<f64>,
    /// Dual value of each row.
    dual: Vec<f64>,
    /// Pivots since the inverse was last computed afresh.
    pivots: u32,
    /// Entering column in terms of the basis.
    entering: Vec<f64>,
    /// The row that leaves, copied before the others change.
    leaving: Vec<f64>,
}

/// A basis that a [`Master`] had.
#[derive(Clone, Debug)]
pub(super) struct Basis {
    demand: Vec<f64>,
    basis: Vec<usize>,
    inverse: Vec<f64>,
    amount: Vec<f64>,
}

impl Master {
    /// A master without columns: artificials cover everything at `cost_left_out` each, which should exceed any pattern's cost
    /// by far.
    pub(super) fn new(rows: &[Row], demand: &[f64], cost_left_out: f64) -> Self {
        let count = rows.len();
        let mut master = Self {
            rows: rows.to_vec(),
            demand: demand.to_vec(),
            cost: Vec::new(),
            is_barred: Vec::new(),
            start: vec![0],
            row: Vec::new(),
            value: Vec::new(),
            basis: Vec::new(),
            is_basic: Vec::new(),
            inverse: vec![0.0; count * count],
            amount: demand.to_vec(),
            dual: vec![0.0; count],
            pivots: 0,
            entering: vec![0.0; count],
            leaving: vec![0.0; count],
        };
        for (at, row) in (0u32..).zip(rows) {
            master.push(0.0, [(at, if *row == Row::Cover { -1.0 } else { 1.0 })]);
        }
        for at in 0..rows.len() {
            #[expect(clippy::cast_possible_truncation, reason = "rows are kinds and types, numbered in u32")]
            master.push(cost_left_out, [(at as u32, 1.0)]);
        }
        for (at, row) in rows.iter().enumerate() {
            let variable = if *row == Row::Cover { count + at } else { at };
            master.basis.push(variable);
            master.is_basic[variable] = true;
            master.inverse[at * count + at] = 1.0;
            master.dual[at] = master.cost[variable];
        }
        master
    }

    fn push(&mut self, cost: f64, entries: impl IntoIterator<Item = (u32, f64)>) {
        for (row, value) in entries {
            self.row.push(row);
            self.value.push(value);
        }
        self.start.push(self.row.len());
        self.cost.push(cost);
        self.is_barred.push(false);
        self.is_basic.push(false);
    }

    /// Adds a column and returns its number.
    pub(super) fn add(&mut self, cost: f64, entries: impl IntoIterator<Item = (u32, f64)>) -> usize {
        self.push(cost, entries);
        self.cost.len() - 1 - 2 * self.rows.len()
    }

    /// Columns in the pool.
    pub(super) fn columns(&self) -> usize {
        self.cost.len() - 2 * self.rows.len()
    }

    /// Rows and values of a column's entries.
    pub(super) fn entries(&self, column: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let variable = column + 2 * self.rows.len();
        let range = self.start[variable]..self.start[variable + 1];
        self.row[range.clone()].iter().map(|row| *row as usize).zip(self.value[range].iter().copied())
    }

    /// Dual value of each row, at the last optimum.
    pub(super) fn duals(&self) -> &[f64] {
        &self.dual
    }

    /// Columns used in the last optimum, with their amounts above `least`.
    pub(super) fn solution(&self, least: f64) -> impl Iterator<Item = (usize, f64)> + '_ {
        let first = 2 * self.rows.len();
        let used = self
            .basis
            .iter()
            .zip(&self.amount)
            .filter(move |(variable, amount)| **variable >= first && **amount > least);
        used.map(move |(variable, amount)| (*variable - first, *amount))
    }

    /// What artificials cover in the last optimum, for want of columns.
    pub(super) fn left_out(&self) -> f64 {
        let artificials = self.rows.len()..2 * self.rows.len();
        let used = self.basis.iter().zip(&self.amount).filter(|(variable, _)| artificials.contains(variable));
        used.map(|(_, amount)| amount.max(0.0)).sum()
    }

    /// Cost of the last optimum.
    pub(super) fn objective(&self) -> f64 {
        self.basis.iter().zip(&self.amount).map(|(variable, amount)| self.cost[*variable] * amount).sum()
    }

    /// Open columns outside the basis whose reduced cost is at most this share of their cost.
    pub(super) fn near(&self, share: f64) -> Vec<usize> {
        let first = 2 * self.rows.len();
        let open = (first..self.cost.len()).filter(|at| !self.is_basic[*at] && !self.is_barred[*at]);
        open.filter(|at| self.reduced(*at) <= share * self.cost[*at]).map(|at| at - first).collect()
    }

    /// Cost of a column less what its entries are worth.
    fn reduced(&self, variable: usize) -> f64 {
        let mut cost = self.cost[variable];
        for at in self.start[variable]..self.start[variable + 1] {
            cost -= self.dual[self.row[at] as usize] * self.value[at];
        }
        cost
    }

    /// Bars the columns that `is_barred` says, and opens the others.
    fn bar(&mut self, is_barred: impl Fn(&Self, usize) -> bool) {
        let first = 2 * self.rows.len();
        for column in 0..self.columns() {
            self.is_barred[first + column] = is_barred(self, column);
        }
    }

    /// Duals from the costs of the basis.
    fn price_basis(&mut self) {
        let count = self.rows.len();
        self.dual.fill(0.0);
        for at in 0..count {
            let cost = self.cost[self.basis[at]];
            if cost != 0.0 {
                for (dual, entry) in self.dual.iter_mut().zip(&self.inverse[at * count..(at + 1) * count]) {
                    *dual += cost * entry;
                }
            }
        }
    }

    /// Amounts of the basic variables from the right-hand side.
    fn fill_amounts(&mut self) {
        let count = self.rows.len();
        for at in 0..count {
            let row = &self.inverse[at * count..(at + 1) * count];
            self.amount[at] = row.iter().zip(&self.demand).map(|(entry, demand)| entry * demand).sum();
        }
    }

    /// Computes the inverse of the basis afresh by Gauss–Jordan elimination with partial pivoting. A basis that rounding has
    /// made singular is given up for the artificial one.
    fn refactor(&mut self) {
        let count = self.rows.len();
        let mut square = vec![0.0f64; count * count];
        for (at, variable) in self.basis.iter().enumerate() {
            for entry in self.start[*variable]..self.start[*variable + 1] {
                square[self.row[entry] as usize * count + at] = self.value[entry];
            }
        }
        self.inverse.fill(0.0);
        for at in 0..count {
            self.inverse[at * count + at] = 1.0;
        }
        for at in 0..count {
            let mut best = at;
            for row in at + 1..count {
                if square[row * count + at].abs() > square[best * count + at].abs() {
                    best = row;
                }
            }
            if square[best * count + at].abs() < PIVOT_MIN {
                self.restart();
                return;
            }
            if best != at {
                for column in 0..count {
                    square.swap(best * count + column, at * count + column);
                    self.inverse.swap(best * count + column, at * count + column);
                }
            }
            eliminate(&mut square, &mut self.inverse, count, at);
        }
        self.pivots = 0;
        self.fill_amounts();
        self.price_basis();
    }

    /// The basis as it stands, to be [`Master::restore`]d.
    pub(super) fn snapshot(&self) -> Basis {
        Basis {
            demand: self.demand.clone(),
            basis: self.basis.clone(),
            inverse: self.inverse.clone(),
            amount: self.amount.clone(),
        }
    }

    /// Back to a basis, its right-hand side and its bars. Columns added since stay; [`Master::optimise`] afterwards.
    pub(super) fn restore(&mut self, basis: &Basis, is_barred: impl Fn(&Self, usize) -> bool) {
        self.demand.copy_from_slice(&basis.demand);
        self.basis.copy_from_slice(&basis.basis);
        self.inverse.copy_from_slice(&basis.inverse);
        self.amount.copy_from_slice(&basis.amount);
        self.is_basic.fill(false);
        for variable in &self.basis {
            self.is_basic[*variable] = true;
        }
        self.bar(is_barred);
        self.price_basis();
    }

    /// Back to the basis of artificials and slacks.
    fn restart(&mut self) {
        let count = self.rows.len();
        self.is_basic.fill(false);
        self.inverse.fill(0.0);
        for at in 0..count {
            let variable = if self.rows[at] == Row::Cover { count + at } else { at };
            self.basis[at] = variable;
            self.is_basic[variable] = true;
            self.inverse[at * count + at] = 1.0;
        }
        self.pivots = 0;
        self.fill_amounts();
        self.price_basis();
    }

    /// `entering` becomes the variable's column in terms of the basis.
    fn express(&mut self, variable: usize) {
        let count = self.rows.len();
        let range = self.start[variable]..self.start[variable + 1];
        for at in 0..count {
            let row = &self.inverse[at * count..(at + 1) * count];
            let entries = self.row[range.clone()].iter().zip(&self.value[range.clone()]);
            self.entering[at] = entries.map(|(entry, value)| row[*entry as usize] * value).sum();
        }
    }

    /// Variable in, basic variable of row `at` out; `entering` is expressed, `reduced` its reduced cost.
    fn pivot(&mut self, variable: usize, at: usize, reduced: f64) {
        let count = self.rows.len();
        let pivot = self.entering[at];
        let step = self.amount[at] / pivot;
        self.leaving.copy_from_slice(&self.inverse[at * count..(at + 1) * count]);
        for entry in &mut self.leaving {
            *entry /= pivot;
        }
        for row in 0..count {
            let factor = self.entering[row];
            if row == at || factor.abs() < 1e-14 {
                continue;
            }
            for (entry, leaving) in self.inverse[row * count..(row + 1) * count].iter_mut().zip(&self.leaving) {
                *entry -= factor * leaving;
            }
            self.amount[row] -= factor * step;
        }
        self.inverse[at * count..(at + 1) * count].copy_from_slice(&self.leaving);
        self.amount[at] = step;
        for (dual, entry) in self.dual.iter_mut().zip(&self.leaving) {
            *dual += reduced * entry;
        }
        self.is_basic[self.basis[at]] = false;
        self.is_basic[variable] = true;
        self.basis[at] = variable;
        self.pivots += 1;
        if self.pivots >= PIVOTS_MAX {
            self.refactor();
        }
    }

    /// Steps that one pivot is charged as.
    fn steps(&self) -> u64 {
        (self.rows.len() * self.rows.len() / 8 + self.row.len() / 4) as u64 + 1
    }

    /// Primal simplex to the optimum over the pool. Begins feasible.
    ///
    /// # Errors
    /// [`Stopped`], with a basis that is feasible all the same.
    pub(super) fn optimise(&mut self, search: &mut Search<'_>) -> Result<(), Stopped> {
        loop {
            spend(search, self.steps())?;
            let mut best = (-EPSILON, usize::MAX);
            for variable in 0..self.cost.len() {
                if !self.is_basic[variable] && !self.is_barred[variable] {
                    let reduced = self.reduced(variable);
                    if reduced < best.0 {
                        best = (reduced, variable);
                    }
                }
            }
            if best.1 == usize::MAX {
                return Ok(());
            }
            self.express(best.1);
            let Some(at) = self.leaving_row() else { return Ok(()) };
            self.pivot(best.1, at, best.0);
        }
    }

    /// The row whose basic amount reaches zero first as the entering variable grows; among near ties the greatest pivot. A barred
    /// variable is at zero already, and leaves before it moves either way.
    fn leaving_row(&self) -> Option<usize> {
        let room = |at: usize| {
            let (entering, is_barred) = (self.entering[at], self.is_barred[self.basis[at]]);
            let amount = if is_barred { 0.0 } else { self.amount[at].max(0.0) };
            (entering > PIVOT_MIN || (is_barred && entering < -PIVOT_MIN)).then(|| (amount, entering.abs()))
        };
        let mut least = f64::INFINITY;
        for (amount, entering) in (0..self.rows.len()).filter_map(room) {
            least = least.min((amount + FEASIBLE) / entering);
        }
        let mut best = (0.0, None);
        for at in 0..self.rows.len() {
            if let Some((amount, entering)) = room(at) {
                if amount / entering <= least && entering > best.0 {
                    best = (entering, Some(at));
                }
            }
        }
        best.1
    }

    /// Another right-hand side and other bars, then dual simplex until the amounts are feasible again. Begins at an optimum over
    /// the pool; columns that were barred then must stay so.
    ///
    /// # Errors
    /// [`Stopped`]; the basis then is the artificial one.
    pub(super) fn reduce(
        &mut self,
        demand: &[f64],
        is_barred: impl Fn(&Self, usize) -> bool,
        search: &mut Search<'_>,
    ) -> Result<(), Stopped> {
        self.demand.copy_from_slice(demand);
        self.bar(is_barred);
        self.fill_amounts();
        // Each dual pivot mends one row; a walk much longer than that has lost its way to rounding.
        for _ in 0..20 * self.rows.len() + 100 {
            spend(search, self.steps()).inspect_err(|_| self.restart())?;
            let Some(at) = self.worst_row() else { return Ok(()) };
            let Some((variable, reduced)) = self.entering_variable(at) else { break };
            self.express(variable);
            if self.entering[at].abs() < PIVOT_MIN {
                break;
            }
            self.pivot(variable, at, reduced);
        }
        self.restart();
        Ok(())
    }

    /// Steepest edge: the row that is farthest off, for the length of its row of the inverse. Only rows that are off are measured.
    fn worst_row(&self) -> Option<usize> {
        let count = self.rows.len();
        let (mut worst, mut found) = (0.0, None);
        for (at, amount) in self.amount.iter().enumerate() {
            if *amount < -INFEASIBLE || (*amount > INFEASIBLE && self.is_barred[self.basis[at]]) {
                let row = &self.inverse[at * count..(at + 1) * count];
                let steepness = amount * amount / row.iter().map(|entry| entry * entry).sum::<f64>();
                if steepness > worst {
                    (worst, found) = (steepness, Some(at));
                }
            }
        }
        found
    }

    /// The variable whose reduced cost reaches zero first as the row leaves; among near ties the greatest pivot.
    fn entering_variable(&self, at: usize) -> Option<(usize, f64)> {
        let count = self.rows.len();
        let row = &self.inverse[at * count..(at + 1) * count];
        // Towards zero: up from below, down from above.
        let direction = if self.amount[at] < 0.0 { -1.0 } else { 1.0 };
        let mut best: Option<(f64, f64, usize, f64)> = None;
        for variable in 0..self.cost.len() {
            if self.is_basic[variable] || self.is_barred[variable] {
                continue;
            }
            let range = self.start[variable]..self.start[variable + 1];
            let entries = self.row[range.clone()].iter().zip(&self.value[range]);
            let pivot = direction * entries.map(|(at, value)| row[*at as usize] * value).sum::<f64>();
            if pivot > PIVOT_MIN {
                let reduced = self.reduced(variable);
                let ratio = reduced.max(0.0) / pivot;
                let is_better = best.is_none_or(|(least, greatest, ..)| {
                    ratio < least - 1e-10 || (ratio < least + 1e-10 && pivot > greatest)
                });
                if is_better {
                    best = Some((ratio, pivot, variable, reduced));
                }
            }
        }
        best.map(|(_, _, variable, reduced)| (variable, reduced))
    }
}

/// One step of Gauss–Jordan: column `at` of `square` becomes the unit vector; `inverse` follows.
fn eliminate(square: &mut [f64], inverse: &mut [f64], count: usize, at: usize) {
    let pivot = square[at * count + at];
    for column in 0..count {
        square[at * count + column] /= pivot;
        inverse[at * count + column] /= pivot;
    }
    let (own_square, own_inverse) =
        (square[at * count..(at + 1) * count].to_vec(), inverse[at * count..(at + 1) * count].to_vec());
    for row in 0..count {
        let factor = square[row * count + at];
        if row == at || factor == 0.0 {
            continue;
        }
        for (entry, own) in square[row * count + at..(row + 1) * count].iter_mut().zip(&own_square[at..]) {
            *entry -= factor * own;
        }
        for (entry, own) in inverse[row * count..(row + 1) * count].iter_mut().zip(&own_inverse) {
            *entry -= factor * own;
        }
    }
}

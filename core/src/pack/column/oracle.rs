//! The master and the bound against another linear solver: `clarabel`, an interior-point method, which shares nothing with the
//! simplex of [`master`](super::master) and knows nothing of bases, duals or pricing.
//!
//! It is asked for the value of the same program, once for masters over a pool of columns and once for the whole program of a
//! small problem, all of whose patterns can be written down.

use clarabel::algebra::CscMatrix;
use clarabel::solver::{DefaultSettingsBuilder, DefaultSolver, IPSolver, NonnegativeConeT, SolverStatus};

use super::generate::{Generation, Pricing, Relaxation, Residual, Stock, Target, wide};
use super::line::Line;
use super::master::{Master, Row};
use super::tests::with_search;
use super::vector::{Vectors, dominated};
use super::*;
use crate::pack::{BinType, Item};
use crate::select::draw::Draws;

/// How far two solvers may be apart, as a share of the value.
const APART: f64 = 1e-6;

/// A column: its cost, and rows with values.
type Column = (f64, Vec<(u32, f64)>);

/// The least `cost · x` with `A x ≥ demand` on cover rows, `A x ≤ demand` on limit rows and `x ≥ 0`, as `clarabel` has it.
fn optimum(rows: &[Row], demand: &[f64], columns: &[Column]) -> f64 {
    // It wants `A x + s = b` with `s ≥ 0`: cover rows turned round, then one row for each variable that is at least zero.
    let sign = |row: usize| if rows[row] == Row::Cover { -1.0 } else { 1.0 };
    let (mut start, mut row, mut value) = (vec![0], Vec::new(), Vec::new());
    for (at, (_, entries)) in columns.iter().enumerate() {
        for (entry, amount) in entries {
            row.push(*entry as usize);
            value.push(sign(*entry as usize) * amount);
        }
        row.push(rows.len() + at);
        value.push(-1.0);
        start.push(row.len());
    }
    let height = rows.len() + columns.len();
    let matrix = CscMatrix::new(height, columns.len(), start, row, value);
    let mut right: Vec<f64> = demand.iter().enumerate().map(|(row, amount)| sign(row) * amount).collect();
    right.resize(height, 0.0);
    let costs: Vec<f64> = columns.iter().map(|(cost, _)| *cost).collect();
    let nothing = CscMatrix::zeros((columns.len(), columns.len()));
    let settings = DefaultSettingsBuilder::default().verbose(false).build().unwrap();
    let cones = [NonnegativeConeT(height)];
    let mut solver = DefaultSolver::new(&nothing, &costs, &matrix, &right, &cones, settings).unwrap();
    solver.solve();
    assert_eq!(solver.solution.status, SolverStatus::Solved);
    solver.solution.obj_val
}

/// A master drawn at random, and what it was made of: `kinds` cover rows, `limits` limit rows, `patterns` columns.
struct Drawn {
    rows: Vec<Row>,
    demand: Vec<f64>,
    columns: Vec<Column>,
    /// Cost of leaving one of a kind out.
    left_out: f64,
    master: Master,
}

impl Drawn {
    fn new(draws: &mut Draws, kinds: usize, limits: usize, patterns: usize) -> Self {
        let mut rows = vec![Row::Cover; kinds];
        rows.resize(kinds + limits, Row::Limit);
        let demand: Vec<f64> = (0..rows.len()).map(|_| draws.below(30) as f64).collect();
        let left_out = 1000.0;
        let master = Master::new(&rows, &demand, left_out);
        let mut drawn = Self { rows, demand, columns: Vec::new(), left_out, master };
        (0..patterns).for_each(|_| drawn.add(draws, kinds, limits));
        drawn
    }

    /// One more column: up to six kinds, and one of the limits where there are any.
    fn add(&mut self, draws: &mut Draws, kinds: usize, limits: usize) {
        let mut entries: Vec<(u32, f64)> = Vec::new();
        for _ in 0..=draws.below(6) {
            let kind = u32::try_from(draws.below(kinds)).unwrap();
            if entries.iter().all(|(known, _)| *known != kind) {
                entries.push((kind, 1.0 + draws.below(4) as f64));
            }
        }
        // Some columns are of the type without a limit.
        let limit = draws.below(limits + 1);
        if limit < limits {
            entries.push((u32::try_from(kinds + limit).unwrap(), 1.0));
        }
        let cost = 0.5 + draws.below(1000) as f64 / 400.0;
        self.master.add(cost, entries.iter().copied());
        self.columns.push((cost, entries));
    }

    /// Asks both solvers about the open columns, and for the same value.
    fn check(&self, is_open: impl Fn(usize) -> bool) {
        let open = self.columns.iter().enumerate().filter(|(column, _)| is_open(*column));
        let mut columns: Vec<Column> = open.map(|(_, column)| column.clone()).collect();
        let covers = (0u32..).zip(&self.rows).filter(|(_, row)| **row == Row::Cover);
        columns.extend(covers.map(|(row, _)| (self.left_out, vec![(row, 1.0)])));
        let (ours, theirs) = (self.master.objective(), optimum(&self.rows, &self.demand, &columns));
        assert!((ours - theirs).abs() <= APART * (1.0 + theirs.abs()), "simplex {ours}, interior point {theirs}");
    }
}

#[test]
fn masters_are_worth_what_an_interior_point_method_says() {
    let mut draws = Draws::new(23, 0);
    let mut number = 0;
    for (kinds, limits, patterns) in
        [(1, 0, 3), (3, 0, 10), (6, 2, 30), (12, 0, 60), (12, 3, 80), (25, 1, 120), (40, 4, 160), (60, 0, 250)]
    {
        for _ in 0..8 {
            let mut drawn = Drawn::new(&mut draws, kinds, limits, patterns);
            with_search(|search| drawn.master.optimise(search).unwrap());
            drawn.check(|_| true);
            // The pool grows, as pricing makes it.
            (0..patterns / 4).for_each(|_| drawn.add(&mut draws, kinds, limits));
            with_search(|search| drawn.master.optimise(search).unwrap());
            drawn.check(|_| true);
            // Less is left, and what holds more than that is barred, as in a dive.
            for _ in 0..=kinds / 2 {
                let row = draws.below(kinds);
                drawn.demand[row] = (drawn.demand[row] * 0.4).floor();
            }
            let demand = drawn.demand.clone();
            let is_barred =
                |entries: &[(u32, f64)]| entries.iter().any(|(row, value)| *value > demand[*row as usize] + 0.5);
            let barred: Vec<bool> = drawn.columns.iter().map(|(_, entries)| is_barred(entries)).collect();
            with_search(|search| {
                drawn.master.reduce(&demand, |_, column| barred[column], search).unwrap();
                drawn.master.optimise(search).unwrap();
            });
            drawn.check(|column| !barred[column]);
            number += 3;
        }
    }
    assert_eq!(number, 192);
}

/// Every pattern of a bin to which nothing can be added, as copies of each kind.
fn maximal(problem: &Problem, bin: u32) -> Vec<Content> {
    fn fill(problem: &Problem, left: &[u64], kind: u32, content: &mut Content, all: &mut Vec<Content>) {
        if kind as usize == problem.kinds() {
            let taken = |kind: u32| content.iter().find(|(known, _)| *known == kind).map_or(0, |(_, copies)| *copies);
            let fits = |kind: u32| problem.demand(kind).iter().zip(left).all(|(wanted, left)| wanted <= left);
            if (0..kind).all(|kind| u64::from(taken(kind)) == problem.count(kind) || !fits(kind)) {
                all.push(content.clone());
            }
            return;
        }
        let mut left = left.to_vec();
        for copies in 0u32.. {
            content.push((kind, copies));
            fill(problem, &left, kind + 1, content, all);
            content.pop();
            let fits = problem.demand(kind).iter().zip(&left).all(|(wanted, left)| wanted <= left);
            if u64::from(copies) == problem.count(kind) || !fits {
                return;
            }
            left.iter_mut().zip(problem.demand(kind)).for_each(|(left, wanted)| *left -= wanted);
        }
    }
    let mut all = Vec::new();
    fill(problem, problem.capacity(bin), 0, &mut Vec::new(), &mut all);
    all
}

/// The value of the whole linear program, in millionths: all patterns of all types, limits of types.
fn whole_program(problem: &Problem) -> f64 {
    let mut rows = vec![Row::Cover; problem.kinds()];
    let mut demand: Vec<f64> = problem.kinds.count.iter().map(|count| *count as f64).collect();
    let mut columns = Vec::new();
    for bin in (0u32..).take(problem.types()) {
        let limit = problem.limit(bin).map(|limit| {
            rows.push(Row::Limit);
            demand.push(limit as f64);
            (u32::try_from(rows.len() - 1).unwrap(), 1.0)
        });
        for content in maximal(problem, bin) {
            let entries = content.iter().filter(|(_, copies)| *copies > 0);
            let entries = entries.map(|(kind, copies)| (*kind, f64::from(*copies))).chain(limit).collect();
            columns.push((problem.cost(bin) as f64 / 1e6, entries));
        }
    }
    optimum(&rows, &demand, &columns) * 1e6
}

/// The linear relaxation by column generation.
fn relaxed<P: Pricing>(problem: &Problem, pricing: P) -> Relaxation {
    let types = (0u32..).take(problem.types());
    let stocks = types.map(|bin| Stock { cost: problem.cost(bin), limit: problem.limit(bin) }).collect();
    let start = Residual { counts: problem.kinds.count.clone(), used: vec![0; problem.types()] };
    let mut generation = Generation::new(pricing, stocks, &dominated(problem), &start.counts).unwrap();
    let target = Target { bound: u128::MAX, value: 0.0 };
    with_search(|search| generation.relax(&start, target, search).unwrap())
}

/// Greatest common divisor of the costs of all types, to which bounds are rounded up.
fn divisor(problem: &Problem) -> f64 {
    let costs = (0u32..).take(problem.types()).map(|bin| problem.cost(bin));
    costs.fold(0, |one, other| if one == 0 { other } else { gcd(one, other) }) as f64
}

fn gcd(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { gcd(other, one % other) }
}

/// Holds a relaxation against the value of the whole program: the bound is never above it, rounded as bounds are, and not far below.
fn check(relaxation: &Relaxation, whole: f64, problem: &Problem) {
    let divisor = divisor(problem);
    let rounded = (whole * (1.0 - APART) / divisor).ceil() * divisor;
    let (value, bound) = (relaxation.value, wide(relaxation.bound));
    assert!(bound <= rounded + 2.0 * APART * whole + 1.0, "bound {bound} above {whole}: {problem:?}");
    // Generation ends where what is still to be gained would be rounded away, and within its tolerance of a bin.
    let dearest = (0u32..).take(problem.types()).map(|bin| problem.cost(bin)).max().unwrap() as f64;
    assert!(bound >= whole - 1e-4 * dearest, "bound {bound} far below {whole}: {problem:?}");
    assert!(value >= whole * (1.0 - APART) && value <= rounded.max(whole) + 1e-4 * dearest, "{value} for {whole}");
}

#[test]
fn bounds_never_exceed_the_whole_linear_program_and_meet_it() {
    for (width, types) in [(1, 1), (1, 3), (2, 1), (2, 3), (3, 2)] {
        let mut draws = Draws::new(29, (width * 8 + types) as u64);
        let mut patterns = 0;
        for _ in 0..25 {
            let amount = |draws: &mut Draws, least: usize, most: usize| (least + draws.below(most - least + 1)) as u64;
            let amounts = |draws: &mut Draws, least, most| (0..width).map(|_| amount(draws, least, most)).collect();
            let mut builder = Problem::builder(["a", "b", "c"][..width].iter().copied()).unwrap();
            for at in 0..types {
                // Costs with hardly a common divisor, so that what is said is not what rounding made of it.
                let cost = 1_000_000 + amount(&mut draws, 0, 1_500_000);
                let capacity: Vec<u64> = amounts(&mut draws, 20, 40);
                let mut bin = BinType::new(["large", "second", "third"][at], &capacity).with_cost(cost);
                // The first holds every item, as often as it takes.
                bin.limit = (at > 0).then(|| amount(&mut draws, 0, 2));
                builder.add_type(&bin).unwrap();
            }
            for _ in 0..3 + draws.below(3) {
                let demand: Vec<u64> = amounts(&mut draws, 3, 15);
                let item = Item::new("item", &demand).with_count(amount(&mut draws, 1, 4));
                builder.add_item(&item).unwrap();
            }
            let problem = builder.build().unwrap();
            patterns += (0u32..).take(types).map(|bin| maximal(&problem, bin).len()).sum::<usize>();
            let whole = whole_program(&problem);
            check(&relaxed(&problem, Vectors::of(&problem)), whole, &problem);
            if width == 1 {
                check(&relaxed(&problem, Line::of(&problem)), whole, &problem);
            }
        }
        assert!(patterns > 25 * 5, "{width} dimensions, {types} types: {patterns} patterns are hardly a program");
    }
}

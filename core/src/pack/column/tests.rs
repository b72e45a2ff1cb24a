//! Column generation against brute force on small problems, and against certificates of optimality on larger ones.

use core::ops::ControlFlow;

use super::dive;
use super::generate::{Generation, Pricing, Residual, Stock, Target};
use super::knapsack::{Knapsack, Offer};
use super::line::Line;
use super::master::{Master, Row};
use super::vector::{Vectors, dominated};
use super::*;
use crate::pack::{BinType, Item, Packing, solve, verify};
use crate::select::draw::Draws;

/// Runs with a search that nothing stops.
pub(super) fn with_search<T>(run: impl FnOnce(&mut Search<'_>) -> T) -> T {
    let mut watch = |_: &crate::pack::Progress| ControlFlow::Continue(());
    run(&mut Search::new(u64::MAX, &mut watch))
}

/// A problem of these types (capacity, cost) and items (demand, copies).
fn problem(types: &[(Vec<u64>, u64)], items: &[(Vec<u64>, u64)]) -> Problem {
    let names = ["a", "b", "c"];
    let mut builder = Problem::builder(names[..types[0].0.len()].iter().copied()).unwrap();
    for (at, (capacity, cost)) in types.iter().enumerate() {
        builder.add_type(&BinType::new(&alloc::format!("t{at}"), capacity).with_cost(*cost)).unwrap();
    }
    for (demand, count) in items {
        builder.add_item(&Item::new("item", demand).with_count(*count)).unwrap();
    }
    builder.build().unwrap()
}

/// The least cost of packing all items, by trying every partition of them.
fn least_cost(problem: &Problem) -> u64 {
    fn block(problem: &Problem, load: &[u64]) -> u64 {
        let types = (0u32..).take(problem.types());
        let fitting = types.filter(|bin| load.iter().zip(problem.capacity(*bin)).all(|(load, has)| load <= has));
        fitting.map(|bin| problem.cost(bin)).min().unwrap_or(u64::MAX / 64)
    }
    fn place(problem: &Problem, items: &[u32], blocks: &mut Vec<Vec<u64>>, best: &mut u64) {
        let Some((first, rest)) = items.split_first() else {
            *best = (*best).min(blocks.iter().map(|load| block(problem, load)).sum());
            return;
        };
        for at in 0..=blocks.len() {
            if at == blocks.len() {
                blocks.push(vec![0; problem.width()]);
            }
            let before = blocks[at].clone();
            blocks[at].iter_mut().zip(problem.demand(*first)).for_each(|(load, wanted)| *load += wanted);
            place(problem, rest, blocks, best);
            blocks[at] = before;
            if at + 1 == blocks.len() && blocks[at].iter().all(|load| *load == 0) {
                blocks.pop();
            }
        }
    }
    let items: Vec<u32> = (0u32..)
        .take(problem.kinds())
        .flat_map(|kind| core::iter::repeat_n(kind, usize::try_from(problem.count(kind)).unwrap()))
        .collect();
    let mut best = u64::MAX;
    place(problem, &items, &mut Vec::new(), &mut best);
    best
}

/// A small problem drawn at random: `width` dimensions, up to three types, up to seven items.
fn drawn(draws: &mut Draws, width: usize, types: usize) -> Problem {
    let amount = |draws: &mut Draws, least: usize, most: usize| (least + draws.below(most - least + 1)) as u64;
    let types: Vec<(Vec<u64>, u64)> = (0..types)
        .map(|_| ((0..width).map(|_| amount(draws, 10, 20)).collect(), 1_000_000 + 250_000 * amount(draws, 0, 6)))
        .collect();
    let items = 3 + draws.below(5);
    // The first item fits some type, so that there is a kind at all.
    let items: Vec<_> = (0..items).map(|_| ((0..width).map(|_| amount(draws, 1, 10)).collect(), 1)).collect();
    problem(&types, &items)
}

fn relaxed<P: Pricing>(problem: &Problem, pricing: P) -> u128 {
    let stocks = (0u32..)
        .take(problem.types())
        .map(|bin| Stock { cost: problem.cost(bin), limit: problem.limit(bin) })
        .collect();
    let start = Residual { counts: problem.kinds.count.clone(), used: vec![0; problem.types()] };
    let mut generation = Generation::new(pricing, stocks, &dominated(problem), &start.counts).unwrap();
    let target = Target { bound: u128::MAX, value: 0.0 };
    with_search(|search| generation.relax(&start, target, search).unwrap().bound)
}

#[test]
fn the_bound_never_exceeds_the_least_cost_and_nearly_meets_it() {
    for (width, types) in [(1, 1), (1, 3), (2, 1), (2, 3), (3, 2)] {
        let mut draws = Draws::new(7, (width * 8 + types) as u64);
        let (mut met, mut found) = (0, 0);
        for _ in 0..120 {
            let problem = drawn(&mut draws, width, types);
            let least = u128::from(least_cost(&problem));
            let bound = relaxed(&problem, Vectors::of(&problem));
            assert!(bound <= least, "{bound} > {least}: {problem:?}");
            if width == 1 {
                let line = relaxed(&problem, Line::of(&problem));
                assert!(line <= least, "{line} > {least}: {problem:?}");
                assert_eq!(line, bound, "two ways of pricing: {problem:?}");
            }
            let options = Options { solver: Solver::Column, steps: Some(200_000), ..Options::default() };
            let answer = solve(&problem, &options, &mut |_| ControlFlow::Continue(()));
            assert_eq!(verify(&problem, &answer.packing).unwrap().cost, answer.value);
            assert!(answer.lower_bound <= least && answer.value >= least && answer.unpacked.is_empty());
            met += usize::from(bound == least);
            found += usize::from(answer.value == least);
        }
        assert!(found >= 110, "{width} dimensions, {types} types: {found} of 120 packed best");
        assert!(met >= if types == 1 { 110 } else { 40 }, "{width} dimensions, {types} types: {met} of 120 bounds met");
    }
}

#[test]
fn a_knapsack_is_the_best_of_all_subsets_by_either_method() {
    let mut draws = Draws::new(3, 0);
    for _ in 0..300 {
        let scale = [1, 1_000_003][draws.below(2)];
        let capacity = (1 + draws.below(60)) as u64 * scale;
        let offers: Vec<Offer> = (0u32..)
            .take(1 + draws.below(5))
            .map(|kind| Offer {
                kind,
                limit: 1 + u32::try_from(draws.below(4)).unwrap(),
                size: (1 + draws.below(30)) as u64 * scale,
                worth: 1 + u32::try_from(draws.below(1000)).unwrap(),
            })
            .collect();
        let mut best = 0;
        let mut stack = vec![(0, 0, 0)];
        while let Some((at, size, worth)) = stack.pop() {
            best = best.max(worth);
            let Some(offer) = offers.get(at) else { continue };
            for copies in 0..=u64::from(offer.limit) {
                if size + copies * offer.size <= capacity {
                    stack.push((at + 1, size + copies * offer.size, worth + copies * u64::from(offer.worth)));
                }
            }
        }
        let mut pattern = Vec::new();
        for enough in [0, best / 2, best] {
            let worth = with_search(|search| {
                Knapsack::default().solve(capacity, &offers, enough, &mut pattern, search).unwrap()
            });
            let size: u64 = pattern.iter().map(|(kind, copies)| offers[*kind as usize].size * u64::from(*copies)).sum();
            let value: u64 =
                pattern.iter().map(|(kind, copies)| u64::from(offers[*kind as usize].worth) * u64::from(*copies)).sum();
            assert!(size <= capacity && pattern.iter().all(|(kind, n)| *n <= offers[*kind as usize].limit));
            assert_eq!((worth.bound, value), (best.max(enough), worth.found), "{capacity} {offers:?} {enough}");
            assert!(worth.found == best || enough == best, "{capacity} {offers:?} {enough}");
        }
    }
}

/// Whether the master's answer proves itself: feasible, priced so that no open column improves it, and both worth the same.
fn certify(master: &Master, columns: &[(f64, Vec<(u32, f64)>)], demand: &[f64], is_open: impl Fn(usize) -> bool) {
    let mut covered = vec![0.0; demand.len()];
    let mut cost = 0.0;
    for (column, amount) in master.solution(1e-9) {
        assert!(is_open(column), "a barred column is used");
        cost += columns[column].0 * amount;
        columns[column].1.iter().for_each(|(row, value)| covered[*row as usize] += value * amount);
    }
    assert!(covered.iter().zip(demand).all(|(has, wanted)| *has > wanted - 1e-6), "{covered:?} {demand:?}");
    assert!(master.duals().iter().all(|dual| *dual > -1e-7));
    for (column, (cost, entries)) in columns.iter().enumerate().filter(|(column, _)| is_open(*column)) {
        let worth: f64 = entries.iter().map(|(row, value)| master.duals()[*row as usize] * value).sum();
        assert!(worth < cost + 1e-6, "column {column} is worth {worth}");
    }
    let dual: f64 = master.duals().iter().zip(demand).map(|(dual, demand)| dual * demand).sum();
    assert!((dual - cost).abs() < 1e-6 * (1.0 + cost), "{dual} {cost}");
    assert!((master.objective() - cost).abs() < 1e-6 * (1.0 + cost));
}

#[test]
fn the_master_is_optimal_before_and_after_it_is_reduced() {
    let mut draws = Draws::new(11, 0);
    for _ in 0..60 {
        let rows = 2 + draws.below(12);
        let mut demand: Vec<f64> = (0..rows).map(|_| draws.below(6) as f64).collect();
        let mut master = Master::new(&vec![Row::Cover; rows], &demand, 1000.0);
        // A column for each row alone, so that everything can be covered whatever is barred.
        let mut columns: Vec<(f64, Vec<(u32, f64)>)> = (0u32..).take(rows).map(|row| (3.0, vec![(row, 1.0)])).collect();
        for _ in 0..40 {
            let cost = 1.0 + draws.below(8) as f64;
            let entries: Vec<_> = (0u32..).take(rows).map(|row| (row, draws.below(4) as f64)).collect();
            columns.push((cost, entries.into_iter().filter(|(_, value)| *value > 1.0).collect()));
        }
        for (cost, entries) in &columns {
            master.add(*cost, entries.iter().copied());
        }
        with_search(|search| master.optimise(search).unwrap());
        certify(&master, &columns, &demand, |_| true);
        let basis = master.snapshot();
        let whole = demand.clone();
        for _ in 0..6 {
            demand[draws.below(rows)] *= 0.5;
            let open: Vec<bool> = columns
                .iter()
                .map(|(_, entries)| entries.iter().all(|(row, value)| *value <= demand[*row as usize].max(1.0)))
                .collect();
            with_search(|search| {
                master.reduce(&demand, |_, column| !open[column], search).unwrap();
                master.optimise(search).unwrap();
            });
            certify(&master, &columns, &demand, |column| open[column]);
        }
        master.restore(&basis, |_, _| false);
        with_search(|search| master.optimise(search).unwrap());
        certify(&master, &columns, &whole, |_| true);
    }
}

#[test]
fn a_limit_on_cheap_bins_is_kept_and_bounded() {
    let mut builder = Problem::builder(["a"]).unwrap();
    builder.add_type(&BinType::new("cheap", &[10]).with_cost(1_000_000).with_limit(2)).unwrap();
    builder.add_type(&BinType::new("dear", &[10]).with_cost(5_000_000)).unwrap();
    builder.add_item(&Item::new("item", &[5]).with_count(10)).unwrap();
    let problem = builder.build().unwrap();
    let options = Options { solver: Solver::Column, ..Options::default() };
    let answer = solve(&problem, &options, &mut |_| ControlFlow::Continue(()));
    assert_eq!((answer.value, answer.lower_bound), (17_000_000, 17_000_000));
    assert_eq!(relaxed(&problem, Vectors::of(&problem)), 17_000_000);
    assert_eq!(relaxed(&problem, Line::of(&problem)), 17_000_000);
}

#[test]
fn triplets_are_packed_without_waste() {
    // Thirty bins of three, each exactly full: what greedy passes miss.
    let mut draws = Draws::new(5, 0);
    let mut items = Vec::new();
    for _ in 0..30 {
        let (first, second) = (300 + draws.below(150) as u64, 260 + draws.below(60) as u64);
        items.extend([first, second, 1000 - first - second].map(|size| (vec![size], 1)));
    }
    let problem = problem(&[(vec![1000], 1_000_000)], &items);
    let options = Options { solver: Solver::Column, ..Options::default() };
    let answer = solve(&problem, &options, &mut |_| ControlFlow::Continue(()));
    assert!(answer.optimal, "{} {}", answer.value, answer.lower_bound);
    assert_eq!((answer.value, answer.packing.bin_count()), (30_000_000, 30));
}

#[test]
fn items_without_size_and_rules_are_priced_too() {
    let mut builder = Problem::builder(["a", "b"]).unwrap();
    builder.add_type(&BinType::new("bin", &[4, 4])).unwrap();
    builder.add_item(&Item::new("nothing", &[0, 0]).with_count(1000)).unwrap();
    builder.add_item(&Item::new("web", &[1, 1]).with_count(6).with_port(crate::Protocol::Tcp, 80)).unwrap();
    builder.add_item(&Item::new("other", &[3, 1]).with_count(2)).unwrap();
    let problem = builder.build().unwrap();
    // Six bins, since each takes one of the items that want the port.
    assert_eq!(relaxed(&problem, Vectors::of(&problem)), 6_000_000);
    let options = Options { solver: Solver::Column, bound: Bound::Lp, ..Options::default() };
    let answer = solve(&problem, &options, &mut |_| ControlFlow::Continue(()));
    assert!(answer.optimal && answer.unpacked.is_empty());
    assert_eq!(answer.packing.bin_count(), 6);
}

#[test]
fn a_dive_offers_only_better_packings() {
    let problem = problem(&[(vec![10], 1_000_000)], &[(vec![6], 3), (vec![4], 3)]);
    let start = Residual { counts: problem.kinds.count.clone(), used: vec![0] };
    let stocks = vec![Stock { cost: 1_000_000, limit: None }];
    let mut generation = Generation::new(Line::of(&problem), stocks, &[false], &start.counts).unwrap();
    let packing = with_search(|search| {
        let nothing = &mut |_: &Residual, _: &mut Search<'_>| None;
        let _ = generation.relax(&start, Target { bound: u128::MAX, value: 0.0 }, search);
        let _ = dive::dive(&problem, &mut generation, start, nothing, 0, search);
        search.best().cloned().unwrap_or_default()
    });
    assert_eq!(packing, Packing { ..packing.clone() });
    assert_eq!(packing.bin_count(), 3);
    assert_eq!(verify(&problem, &packing).unwrap().cost, 3_000_000);
}

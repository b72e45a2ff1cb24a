//! The order of the input: no solver's answer and no bound depends on it, and one item more never lowers a bound.

use std::ops::ControlFlow;

use placewright::pack::{Answer, BinType, Bound, GroupRule, Item, Options, Problem, Solver, solve, verify};
use placewright::{GpuDemand, Protocol};
use proptest::prelude::*;

/// A row: demand, count, group, whether it wants the host port, thousandths of a GPU.
type Row = ([u64; 2], u64, Option<usize>, bool, u16);

/// Names of groups; the first keeps apart from the second, and the third is limited to two in a bin.
const GROUPS: [&str; 3] = ["red", "blue", "pairs"];

fn rows(most: u64, are_plain: bool) -> impl Strategy<Value = Vec<Row>> {
    let group = if are_plain {
        Just(None).boxed()
    } else {
        prop_oneof![4 => Just(None), 3 => (0_usize..3).prop_map(Some)].boxed()
    };
    let share = if are_plain { Just(0).boxed() } else { prop_oneof![5 => Just(0_u16), 1 => 1_u16..9].boxed() };
    let port = prop::bool::weighted(if are_plain { 0.0 } else { 0.15 });
    prop::collection::vec(([1..most, 1..most], 1_u64..4, group, port, share), 2..14)
}

/// The problem of these rows in so many of two dimensions, with a type of 100 for 5 and perhaps others.
fn problem(rows: &[Row], width: usize, are_many: bool) -> Problem {
    let mut builder = Problem::builder(&["cpu", "memory"][..width]).unwrap();
    let types = [("usual", [100, 100], 5_000_000), ("small", [60, 40], 2_700_000), ("tall", [150, 100], 7_300_000)];
    for (id, capacity, cost) in types.iter().take(if are_many { 3 } else { 1 }) {
        let mut bin = BinType::new(id, &capacity[..width]).with_cost(*cost);
        bin.devices = vec![1000; 2];
        builder.add_type(&bin).unwrap();
    }
    for (demand, count, group, wants_port, share) in rows {
        let mut item = Item::new("", &demand[..width]).with_count(*count);
        item.group = group.map(|group| GROUPS[group]);
        if *wants_port {
            item.ports.push((Protocol::Tcp, 443));
        }
        if *share > 0 {
            item.gpus = GpuDemand::Share(share * 100);
        }
        builder.add_item(&item).unwrap();
    }
    let apart = GroupRule { apart_from: vec![GROUPS[1]], ..GroupRule::default() };
    builder.add_rule(GROUPS[0], &apart).unwrap();
    builder.add_rule(GROUPS[2], &GroupRule { per_bin_max: Some(2), ..GroupRule::default() }).unwrap();
    builder.build().unwrap()
}

/// Solves with the linear bound.
fn solved(problem: &Problem, solver: Solver, steps: u64) -> Answer {
    let options = Options { solver, seed: 3, steps: Some(steps), bound: Bound::Lp, warm_start: None };
    let answer = solve(problem, &options, &mut |_| ControlFlow::Continue(()));
    assert_eq!(verify(problem, &answer.packing).unwrap().cost, answer.value);
    assert!(answer.lower_bound <= answer.value);
    answer
}

/// Every solver by name, with few steps and the linear bound, on rows and the same in another order.
fn check_order(rows: &[Row], turn: usize, width: usize, are_many: bool) {
    let mut turned = rows.to_vec();
    turned.rotate_left(turn % rows.len());
    turned.reverse();
    let (one, other) = (problem(rows, width, are_many), problem(&turned, width, are_many));
    for solver in Solver::ALL {
        let answers = [&one, &other].map(|problem| solved(problem, solver, 60_000));
        let said =
            |answer: &Answer| (answer.value, answer.lower_bound, answer.bound_name, answer.optimal, answer.steps);
        assert_eq!(said(&answers[0]), said(&answers[1]), "{solver:?}");
        // Down to the last pattern: kinds have an order of their own.
        assert_eq!(answers[0].packing, answers[1].packing, "{solver:?}");
    }
}

/// Problems tried where each is solved several times. In a debug build the tests below took 48 s with all of them, so there a quarter is
/// tried.
const CASES: u32 = if cfg!(debug_assertions) { 8 } else { 32 };

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn no_solver_looks_at_the_order_of_plain_items(rows in rows(70, true), turn in 0_usize..14, are_many in any::<bool>()) {
        check_order(&rows, turn, 1, are_many);
        check_order(&rows, turn, 2, are_many);
    }

    #[test]
    fn no_solver_looks_at_the_order_of_items_with_rules(rows in rows(60, false), turn in 0_usize..14, are_many in any::<bool>()) {
        check_order(&rows, turn, 2, are_many);
    }

    // With a greedy solver, as the bound is the same and nothing is rounded.
    #[test]
    fn one_item_more_never_lowers_the_linear_bound(
        rows in rows(70, true),
        more in rows(70, true),
        width in 1_usize..3,
        are_many in any::<bool>(),
    ) {
        let before = solved(&problem(&rows, width, are_many), Solver::FirstFit, 1 << 24);
        let mut larger = rows.clone();
        larger.push(more[0]);
        let after = solved(&problem(&larger, width, are_many), Solver::FirstFit, 1 << 24);
        prop_assert!(after.lower_bound >= before.lower_bound, "{} after {}", after.lower_bound, before.lower_bound);
        // A copy of one that is there already, too.
        larger.pop();
        larger[0].1 += 1;
        let after = solved(&problem(&larger, width, are_many), Solver::FirstFit, 1 << 24);
        prop_assert!(after.lower_bound >= before.lower_bound, "{} after {}", after.lower_bound, before.lower_bound);
    }

    #[test]
    fn one_item_more_never_lowers_the_bound_of_items_with_rules(rows in rows(60, false), more in rows(60, false)) {
        let before = solved(&problem(&rows, 2, true), Solver::FirstFit, 1 << 24);
        let mut larger = rows;
        larger.push(more[0]);
        let after = solved(&problem(&larger, 2, true), Solver::FirstFit, 1 << 24);
        prop_assert!(after.lower_bound >= before.lower_bound, "{} after {}", after.lower_bound, before.lower_bound);
    }
}

/// The bound before anything is searched, of rows in three dimensions, with a type that is free and limited and one that is not.
fn fast_bound(rows: &[([u64; 3], u64)], free: [u64; 3], paid: [u64; 3]) -> u128 {
    let mut builder = Problem::builder(["d0", "d1", "d2"]).unwrap();
    builder.add_type(&BinType::new("t0", &free).with_cost(0).with_limit(3)).unwrap();
    builder.add_type(&BinType::new("t1", &paid).with_cost(4_000_000)).unwrap();
    rows.iter().for_each(|(demand, count)| builder.add_item(&Item::new("", demand).with_count(*count)).unwrap());
    let options = Options { solver: Solver::FirstFit, steps: Some(0), ..Options::default() };
    solve(&builder.build().unwrap(), &options, &mut |_| ControlFlow::Continue(())).lower_bound
}

#[test]
fn an_odd_item_more_does_not_make_rests_of_capacity_count_again() {
    let mut rows = vec![([0, 0, 6], 2), ([5, 0, 0], 2), ([3, 5, 0], 1)];
    let bound = |rows: &[([u64; 3], u64)]| fast_bound(rows, [4, 4, 3], [9, 10, 11]);
    assert_eq!(bound(&rows), 8_000_000);
    rows.push(([4, 5, 2], 1));
    assert!(bound(&rows) >= 8_000_000, "{}", bound(&rows));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn one_item_more_never_lowers_the_fast_bounds_of_several_types(
        rows in prop::collection::vec(([0_u64..7, 0_u64..7, 0_u64..7], 1_u64..4), 1..6),
        more in [0_u64..7, 0_u64..7, 0_u64..7],
        free in [0_u64..7, 0_u64..7, 0_u64..7],
        paid in [7_u64..13, 7_u64..13, 7_u64..13],
    ) {
        let before = fast_bound(&rows, free, paid);
        let mut larger = rows;
        larger.push((more, 1));
        let after = fast_bound(&larger, free, paid);
        prop_assert!(after >= before, "{after} after {before}");
    }
}

#[test]
fn a_group_that_keeps_away_does_not_loosen_the_linear_bound_of_those_with_shares() {
    let plain = |demand, count| (demand, count, None, false, 0);
    let mut rows = vec![
        ([48, 9], 2, Some(0), false, 0),
        plain([2, 45], 3),
        plain([21, 7], 3),
        plain([52, 16], 1),
        plain([51, 38], 2),
        ([26, 18], 1, Some(1), false, 1),
    ];
    let bound = |rows: &[Row]| solved(&problem(rows, 2, true), Solver::FirstFit, 1 << 24).lower_bound;
    assert_eq!(bound(&rows), 18_400_000);
    rows.push(plain([3, 26], 1));
    assert_eq!(bound(&rows), 19_100_000);
}

#[test]
fn a_large_item_of_much_memory_stands_apart_in_the_cheapest_whole_bins() {
    let mut builder = Problem::builder(["cpu", "memory"]).unwrap();
    let types: [(&str, [u64; 2], u64); 10] = [
        ("a1.large", [1_930, 3_055], 51_000),
        ("a1.xlarge", [3_920, 6_525], 102_000),
        ("a1.2xlarge", [7_910, 14_103], 204_000),
        ("a1.4xlarge", [15_890, 27_322], 408_000),
        ("hpc7g.16xlarge", [63_770, 118_649], 1_683_200),
        ("r6g.4xlarge", [15_890, 118_253], 806_400),
        ("m6g.4xlarge", [15_890, 57_632], 616_000),
        ("x2gd.medium", [940, 14_653], 83_500),
        ("r6g.xlarge", [3_920, 29_258], 201_600),
        ("r6g.2xlarge", [7_910, 59_568], 403_200),
    ];
    for (id, capacity, cost) in types {
        builder.add_type(&BinType::new(id, &capacity).with_cost(cost)).unwrap();
    }
    let usual = [([8_000, 14_336], 7), ([4_000, 7_168], 6), ([2_000, 3_584], 5), ([1_000, 1_792], 30)];
    for (demand, count) in usual.into_iter().chain([([8_000, 57_344], 1), ([1_000, 768], 1)]) {
        builder.add_item(&Item::new("", &demand).with_count(count)).unwrap();
    }
    let answer = solve(&builder.build().unwrap(), &Options::default(), &mut |_| ControlFlow::Continue(()));
    // Amounts alone come to 3,651,500, and those that the others can use without anybody apart to 3,718,400.
    assert_eq!((answer.lower_bound, answer.bound_name, answer.value), (3_917_600, "cover", 3_917_600), "{answer:?}");
}

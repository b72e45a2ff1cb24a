//! Packing: what the builder refuses, what the solvers promise, and a naive packer that has tried everything.

mod faults;
mod naive;
#[cfg(feature = "lp")]
mod order;

use std::ops::ControlFlow;

use naive::{Case, case};
use placewright::pack::{
    Answer, BinType, GroupRule, Item, Live, Options, Packing, Problem, Reason, Solver, Spread, solve, verify,
};
use placewright::{Cluster, Constraint, Demand, ErrorKind, GpuDemand, Instance, Protocol, Request, expr};
use proptest::prelude::*;

/// Solves with few steps.
fn solved(problem: &Problem, solver: Solver) -> Answer {
    let options = Options { solver, seed: 7, steps: Some(30_000), ..Options::default() };
    solve(problem, &options, &mut |_| ControlFlow::Continue(()))
}

/// Checks what holds of every answer, and gives it.
fn checked(problem: &Problem, solver: Solver) -> Answer {
    let answer = solved(problem, solver);
    let verdict = verify(problem, &answer.packing).unwrap();
    assert_eq!(verdict.cost, answer.value);
    assert!(answer.lower_bound <= answer.value, "{answer:?}");
    let missing: u64 = verdict.missing.iter().sum();
    assert_eq!(answer.optimal, missing == 0 && answer.lower_bound == answer.value);
    // Items are conserved: each row is in bins or among the unpacked, with all its copies.
    let mut rows = vec![0; problem.rows()];
    for bins in answer.packing.bins(problem) {
        bins.items.iter().for_each(|&(row, number)| rows[row as usize] += number * bins.count);
    }
    answer.unpacked.iter().for_each(|unpacked| rows[unpacked.row as usize] += unpacked.count);
    for (row, packed) in (0..).zip(rows) {
        assert_eq!(packed, problem.row_count(row), "row {row} of {answer:?}");
    }
    answer
}

/// A problem of one type of bins that cost 1.
fn plain(capacity: &[u64], rows: &[Vec<u64>]) -> Problem {
    let mut builder = Problem::builder((0..capacity.len()).map(|at| format!("d{at}"))).unwrap();
    builder.add_type(&BinType::new("bin", capacity)).unwrap();
    rows.iter().for_each(|row| builder.add_item(&Item::new("", row)).unwrap());
    builder.build().unwrap()
}

/// Checks a case against the naive packer.
fn check_case(case: &Case) {
    let problem = case.problem();
    let misfits: Vec<u32> = problem.misfits().iter().map(|misfit| misfit.row).collect();
    assert_eq!(misfits, case.misfits());
    let optimum = case.optimum().map(|units| u128::from(units) * 1_000_000);
    for solver in Solver::ALL {
        let answer = checked(&problem, solver);
        let is_whole = answer.packing.missing(&problem) == 0;
        match optimum {
            Some(optimum) if is_whole => {
                assert!(answer.lower_bound <= optimum && optimum <= answer.value, "{optimum} {answer:?}");
            }
            Some(_) => {
                // Only limits, and spreads that limits or constraints make hard, leave anything out.
                let is_hard = case.types.iter().any(|kind| kind.limit.is_some()) || case.spread.is_some();
                assert!(is_hard, "{answer:?}");
            }
            None => assert!(!is_whole, "everything is packed, and cannot be: {answer:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn rules_hold_and_bounds_are_bounds(case in case(false, false)) {
        check_case(&case);
    }

    #[test]
    fn limits_hold_and_nothing_is_lost(case in case(true, false)) {
        check_case(&case);
    }

    #[test]
    fn spreads_hold(case in case(true, true)) {
        check_case(&case);
    }

    #[test]
    fn the_checker_agrees_with_the_naive_one(case in case(true, true), draws in prop::collection::vec((0_usize..2, 0_usize..3), 6)) {
        let problem = case.problem();
        let items: Vec<usize> = (0..case.rows.len()).flat_map(|row| (0..case.rows[row].count).map(move |_| row)).collect();
        // Items thrown into at most three bins of random types.
        let mut bins: Vec<(usize, Vec<usize>)> = (0..3).map(|at| (draws[at].0 % case.types.len(), Vec::new())).collect();
        items.iter().zip(&draws).for_each(|(&item, draw)| bins[draw.1].1.push(item));
        bins.retain(|(_, rows)| !rows.is_empty());
        if let Some(packing) = Case::packing(&problem, &bins) {
            prop_assert_eq!(verify(&problem, &packing).is_ok(), case.is_feasible(&bins), "{:?}", bins);
        }
    }

    #[test]
    fn every_greedy_is_above_the_best_and_the_best_above_the_bound(
        rows in prop::collection::vec(prop::collection::vec(0_u64..60, 3), 1..40),
    ) {
        let problem = plain(&[100, 80, 60], &rows);
        let auto = checked(&problem, Solver::Auto);
        prop_assert!(auto.unpacked.is_empty());
        for solver in Solver::ALL {
            let other = checked(&problem, solver);
            prop_assert!(other.value >= auto.lower_bound);
            // The others are searches: one of them may spend few steps better than all together do.
            if !matches!(solver, Solver::LocalSearch | Solver::Purchase) {
                prop_assert!(other.value >= auto.value, "{solver:?}");
            }
        }
    }

    #[test]
    fn order_changes_nothing_and_one_item_more_never_lowers_the_bound(
        rows in prop::collection::vec(prop::collection::vec(1_u64..100, 2), 1..30),
        more in prop::collection::vec(1_u64..100, 2),
        turn in 0_usize..30,
    ) {
        let answer = checked(&plain(&[100, 100], &rows), Solver::Auto);
        let mut turned = rows.clone();
        turned.rotate_left(turn % rows.len());
        turned.reverse();
        let other = checked(&plain(&[100, 100], &turned), Solver::Auto);
        prop_assert_eq!((answer.lower_bound, answer.bound_name, answer.value), (other.lower_bound, other.bound_name, other.value));
        let mut larger = rows;
        larger.push(more);
        prop_assert!(checked(&plain(&[100, 100], &larger), Solver::FirstFit).lower_bound >= answer.lower_bound);
    }
}

/// A problem of one dimension, all of whose items are the same.
fn same(demand: u64, count: u64, capacity: u64) -> Problem {
    let mut builder = Problem::builder(["size"]).unwrap();
    builder.add_type(&BinType::new("bin", &[capacity])).unwrap();
    builder.add_item(&Item::new("item", &[demand]).with_count(count)).unwrap();
    builder.build().unwrap()
}

#[test]
fn the_ends_of_the_scale_are_packed() {
    let most = placewright::limits::PACK_AMOUNT_MAX;
    let count = placewright::limits::PACK_COUNT_MAX;
    // Demand, copies, capacity → bins.
    for (demand, copies, capacity, bins) in [
        (1, 1, 1, 1),
        (0, 5, 0, 1),
        (0, count, 10, 1),
        (most, 3, most, 3),
        (1, count, most, 1),
        (most, count, most, count),
        (2, count, 3, count),
        (1, count, 2, count / 2),
    ] {
        let answer = checked(&same(demand, copies, capacity), Solver::Auto);
        assert!(answer.optimal, "{demand} × {copies} into {capacity}: {answer:?}");
        assert_eq!(answer.packing.bin_count(), bins);
    }
}

#[test]
fn nothing_to_pack_is_an_answer() {
    let empty = Problem::builder(["size"]).unwrap().build().unwrap();
    let answer = checked(&empty, Solver::Auto);
    assert_eq!((answer.value, answer.lower_bound, answer.optimal, answer.gap()), (0, 0, true, 0.0));
    let none = same(3, 0, 4);
    assert_eq!(checked(&none, Solver::Auto).packing, Packing::default());
    let mut builder = Problem::builder(["size"]).unwrap();
    builder.add_item(&Item::new("item", &[1]).with_count(9)).unwrap();
    let homeless = checked(&builder.build().unwrap(), Solver::Auto);
    assert_eq!(homeless.unpacked.len(), 1);
    assert_eq!((homeless.unpacked[0].count, homeless.unpacked[0].reason), (9, Reason::NoTypes));
}

#[test]
fn what_no_type_can_hold_is_named_with_the_reason() {
    let mut builder = Problem::builder(["cpu", "memory"]).unwrap();
    let wide = BinType::new("wide", &[8, 2]).with_gpus(1).with_attribute("zone", "a").with_eni_slots(0);
    builder.add_type(&wide.with_port_taken(Protocol::Udp, 53)).unwrap();
    builder.add_type(&BinType::new("tall", &[2, 8]).with_attribute("zone", "b").with_eni_slots(0)).unwrap();
    builder.add_type(&BinType::new("none", &[90, 90]).with_limit(0).with_gpus(8)).unwrap();
    builder.add_type(&BinType::new("bare", &[9, 1]).with_limit(1).with_running("db", 1)).unwrap();
    let member_of = |text: &str| Constraint::MemberOf(expr::compile(text).unwrap());
    let in_group = GroupRule { per_bin_max: Some(1), ..GroupRule::default() };
    builder.add_rule("db", &in_group).unwrap();
    let cases: Vec<(Item<'_>, Reason)> = vec![
        (Item::new("a", &[10, 1]), Reason::Demand { dimension: 0, wanted: 10, most: 9 }),
        (Item::new("b", &[5, 5]), Reason::Together),
        (Item::new("c", &[1, 1]).with_constraint(member_of("attribute:zone == c")), Reason::MemberOf),
        (Item::new("d", &[1, 1]).with_gpus(GpuDemand::Whole(2)), Reason::Gpus),
        (Item::new("e", &[1, 1]).with_eni().with_constraint(member_of("attribute:zone exists")), Reason::Eni),
        (
            Item::new("f", &[1, 1]).with_port(Protocol::Udp, 53).with_constraint(member_of("attribute:zone == a")),
            Reason::Ports,
        ),
        (Item::new("g", &[1, 1]).with_group("db").with_constraint(member_of("attribute:zone !exists")), Reason::Group),
        (Item::new("h", &[8, 2]), Reason::Limit),
    ];
    for (item, _) in &cases {
        builder.add_item(item).unwrap();
    }
    let problem = builder.build().unwrap();
    let found: Vec<Reason> = problem.misfits().iter().map(|misfit| misfit.reason).collect();
    let expected: Vec<Reason> = cases.iter().map(|&(_, reason)| reason).collect();
    assert_eq!(found, expected[..7], "the last one fits");
    for misfit in problem.misfits() {
        assert!(!problem.explain(misfit.reason).is_empty());
    }
    let answer = checked(&problem, Solver::Auto);
    assert_eq!((answer.unpacked.len(), answer.value), (7, 1_000_000));
}

#[test]
fn the_builder_refuses_what_is_no_problem() {
    let too_much = placewright::limits::PACK_AMOUNT_MAX + 1;
    let kinds = |result: Result<(), placewright::Error>| result.unwrap_err().kind();
    assert_eq!(Problem::builder([""; 0]).unwrap_err().kind(), ErrorKind::InvalidParameter);
    assert_eq!(Problem::builder(["a", "a"]).unwrap_err().kind(), ErrorKind::InvalidParameter);
    assert_eq!(Problem::builder((0..17).map(|at| at.to_string())).unwrap_err().kind(), ErrorKind::LimitExceeded);
    let mut builder = Problem::builder(["a"]).unwrap();
    assert_eq!(kinds(builder.add_item(&Item::new("i", &[1, 2]))), ErrorKind::InvalidAmount);
    assert_eq!(kinds(builder.add_item(&Item::new("i", &[too_much]))), ErrorKind::InvalidAmount);
    assert_eq!(kinds(builder.add_item(&Item::new("i", &[u64::MAX]))), ErrorKind::InvalidAmount);
    assert_eq!(kinds(builder.add_item(&Item::new("i", &[1]).with_count(u64::MAX))), ErrorKind::LimitExceeded);
    assert_eq!(
        kinds(builder.add_item(&Item::new("i", &[1]).with_gpus(GpuDemand::Share(1000)))),
        ErrorKind::InvalidParameter
    );
    assert_eq!(kinds(builder.add_item(&Item::new("i", &[1]).with_port(Protocol::Tcp, 0))), ErrorKind::InvalidPort);
    let volatile = Constraint::MemberOf(expr::compile("task:group == web").unwrap());
    assert_eq!(kinds(builder.add_item(&Item::new("i", &[1]).with_constraint(volatile))), ErrorKind::InvalidConstraint);
    assert_eq!(kinds(builder.add_type(&BinType::new("", &[1]))), ErrorKind::InvalidParameter);
    assert_eq!(kinds(builder.add_type(&BinType::new("t", &[]))), ErrorKind::InvalidAmount);
    assert_eq!(kinds(builder.add_type(&BinType::new("t", &[1]).with_cost(u64::MAX))), ErrorKind::InvalidAmount);
    assert_eq!(kinds(builder.add_type(&BinType::new("t", &[1]).with_gpus(65))), ErrorKind::LimitExceeded);
    assert_eq!(kinds(builder.add_type(&BinType::new("t", &[1]).with_running("g", 1))), ErrorKind::InvalidParameter);
    builder.add_type(&BinType::new("t", &[1])).unwrap();
    assert_eq!(kinds(builder.add_type(&BinType::new("t", &[1]))), ErrorKind::InvalidParameter);
    let zero = GroupRule { per_bin_max: Some(0), ..GroupRule::default() };
    assert_eq!(kinds(builder.add_rule("g", &zero)), ErrorKind::InvalidConstraint);
    let spread = |attribute| GroupRule { spread: Some(Spread { attribute, skew_max: 1 }), ..GroupRule::default() };
    builder.add_rule("g", &spread("zone")).unwrap();
    assert_eq!(kinds(builder.add_rule("g", &spread("rack"))), ErrorKind::InvalidConstraint);
    // What was refused left nothing behind.
    let problem = builder.build().unwrap();
    assert_eq!((problem.rows(), problem.types(), problem.kinds()), (0, 1, 0));
}

#[test]
fn equal_items_are_one_kind_whatever_their_order() {
    let mut builder = Problem::builder(["a", "b"]).unwrap();
    builder.add_type(&BinType::new("bin", &[9, 9])).unwrap();
    for (id, demand, group) in
        [("x", [1, 2], None), ("y", [2, 1], None), ("z", [1, 2], Some("g")), ("w", [1, 2], Some("h"))]
    {
        let mut item = Item::new(id, &demand).with_count(3);
        item.group = group;
        builder.add_item(&item).unwrap();
    }
    // Only a rule makes a group different from no group.
    builder.add_rule("h", &GroupRule { per_bin_max: Some(1), ..GroupRule::default() }).unwrap();
    let problem = builder.build().unwrap();
    assert_eq!(problem.kinds(), 3);
    let rows: Vec<&[u32]> = (0..3).map(|kind| problem.rows_of(kind)).collect();
    assert!(
        rows.contains(&[0, 2].as_slice()) && rows.contains(&[1].as_slice()) && rows.contains(&[3].as_slice()),
        "{rows:?}"
    );
}

#[test]
fn a_caller_may_stop_and_gets_the_best_so_far() {
    let rows: Vec<Vec<u64>> = (0..400).map(|at: u64| vec![1 + at * 7919 % 97, 1 + at * 104_729 % 89]).collect();
    let problem = plain(&[100, 100], &rows);
    let mut looks = 0;
    let answer = solve(&problem, &Options::default(), &mut |progress| {
        looks += 1;
        assert!(progress.value.is_none_or(|value| value >= progress.lower_bound));
        if progress.value.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(answer.stopped && looks < 50);
    assert_eq!(verify(&problem, &answer.packing).unwrap().missing.iter().sum::<u64>(), 0);
    // The same steps give the same answer; a start is never made worse.
    let options = Options { steps: Some(2_000_000), ..Options::default() };
    let go_on = || solve(&problem, &options, &mut |_| ControlFlow::Continue(()));
    let (one, other) = (go_on(), go_on());
    assert_eq!(one, other);
    let warm = Options {
        steps: Some(0),
        warm_start: Some(one.packing.clone()),
        solver: Solver::FirstFit,
        ..Options::default()
    };
    let warmed = solve(&problem, &warm, &mut |_| ControlFlow::Continue(()));
    assert!(warmed.value <= one.value);
}

#[test]
fn many_kinds_are_packed_in_time_that_grows_with_them() {
    let rows: Vec<Vec<u64>> = (0..5_000_u64).map(|at| vec![1 + at * 7919 % 4001, 1 + at * 104_729 % 3989]).collect();
    let problem = plain(&[10_000, 10_000], &rows);
    let answer = checked(&problem, Solver::FirstFit);
    let auto = solve(&problem, &Options { steps: Some(0), ..Options::default() }, &mut |_| ControlFlow::Continue(()));
    assert!(auto.steps < 2_000 * 5_000, "{}", auto.steps);
    assert!(auto.value * 20 <= answer.value * 21, "{} against {}", auto.value, answer.value);
}

/// A cluster of a few instances of different kinds, some of which run tasks.
fn cluster() -> Cluster {
    let mut cluster = Cluster::new();
    cluster.declare_resource("LICENSES").unwrap();
    for (name, zone, cpu) in [("i-1", "a", 4096), ("i-2", "a", 1024), ("i-3", "b", 4096), ("i-4", "b", 1024)] {
        let instance = Instance::new(name).with_resources(cpu, 4096).with_zone(zone).with_custom("LICENSES", 2);
        let instance = if name == "i-3" { instance.with_gpus(["g0", "g1"]) } else { instance };
        cluster.register(&instance.with_eni_task_slots(2)).unwrap();
    }
    let running = Demand::new(512, 512).with_port(Protocol::Tcp, 8080);
    let request = cluster.prepare(&Request::new("old", running).with_group("service:web").with_count(2)).unwrap();
    cluster.place(request, &mut Vec::new()).unwrap();
    cluster
}

#[test]
fn a_set_of_tasks_is_placed_on_what_is_left_of_a_cluster() {
    let mut cluster = cluster();
    let in_zone = |zone: &str| {
        Constraint::MemberOf(expr::compile(&format!("attribute:ecs.availability-zone == {zone}")).unwrap())
    };
    let mut with_eni = Demand::new(100, 100);
    with_eni.eni = true;
    let requests = [
        Request::new("web", Demand::new(256, 256).with_port(Protocol::Tcp, 8080))
            .with_group("service:web")
            .with_count(3),
        Request::new("gpu", Demand::new(512, 512).with_gpus(GpuDemand::Share(600))).with_count(2),
        Request::new("one", Demand::new(10, 10))
            .with_group("one")
            .with_count(4)
            .with_constraint(Constraint::DistinctInstance),
        Request::new("b", Demand::new(700, 100)).with_count(2).with_constraint(in_zone("b")),
        Request::new("eni", with_eni).with_count(9),
        Request::new("licensed", Demand::new(10, 10).with_custom("LICENSES", 2)).with_count(5),
        Request::new("large", Demand::new(2000, 100)),
    ];
    let live = Live::new(&cluster, &requests).unwrap();
    let answer = solve(live.problem(), &Options::default(), &mut |_| ControlFlow::Continue(()));
    verify(live.problem(), &answer.packing).unwrap();
    let missing: Vec<(u32, u64)> = answer.unpacked.iter().map(|unpacked| (unpacked.row, unpacked.count)).collect();
    // Four instances: two with port 8080 left, eight interfaces, licences for four.
    assert_eq!(missing, [(0, 1), (4, 1), (5, 1)]);
    for bins in answer.packing.bins(live.problem()) {
        for (row, number) in bins.items {
            let request = cluster.prepare(&requests[row as usize]).unwrap();
            for _ in 0..number {
                cluster.start(request, live.instance(bins.bin_type)).unwrap().unwrap();
            }
        }
    }
    cluster.validate().unwrap();
    let volatile = Constraint::MemberOf(expr::compile("task:group != web").unwrap());
    let refused = Live::new(&cluster, &[Request::new("v", Demand::new(1, 1)).with_constraint(volatile)]).unwrap_err();
    assert_eq!((refused.kind(), refused.path()), (ErrorKind::InvalidConstraint, Some("[0]")));
    assert!(Live::new(&cluster, &[Request::new("v", Demand::new(-1, 1))]).is_err());
}

//! Faults that random problems brought to light, each as small as it gets.

use std::ops::ControlFlow;

#[cfg(feature = "lp")]
use placewright::pack::Bound;
use placewright::pack::{
    BinType, GroupRule, Item, Options, Packing, Pattern, Problem, ProblemBuilder, Solver, Spread, solve, verify,
};
use placewright::{Constraint, Protocol, expr};

/// A problem of items, by demand and count, and types, by capacity, cost and limit.
fn problem(items: &[(&[u64], u64)], types: &[(&[u64], u64, Option<u64>)]) -> Problem {
    let mut builder = Problem::builder((0..types[0].0.len()).map(|at| format!("d{at}"))).unwrap();
    for (at, &(capacity, cost, limit)) in types.iter().enumerate() {
        let id = format!("t{at}");
        let bin = BinType { limit, ..BinType::new(&id, capacity) };
        builder.add_type(&bin.with_cost(cost)).unwrap();
    }
    for &(demand, count) in items {
        builder.add_item(&Item::new("item", demand).with_count(count)).unwrap();
    }
    builder.build().unwrap()
}

/// Types in zones `a` and `b`.
fn zones(in_a: &[u64], in_b: &[u64]) -> ProblemBuilder {
    let mut builder = Problem::builder((0..in_a.len()).map(|at| format!("d{at}"))).unwrap();
    builder.add_type(&BinType::new("in-a", in_a).with_attribute("zone", "a")).unwrap();
    builder.add_type(&BinType::new("in-b", in_b).with_attribute("zone", "b")).unwrap();
    builder
}

/// A rule that spreads a group over zones.
fn spread<'a>() -> GroupRule<'a> {
    GroupRule { spread: Some(Spread { attribute: "zone", skew_max: 2 }), ..GroupRule::default() }
}

/// Items that an answer leaves out.
fn left_out(problem: &Problem, options: &Options) -> u64 {
    let answer = solve(problem, options, &mut |_| ControlFlow::Continue(()));
    let missing = verify(problem, &answer.packing).unwrap().missing.iter().sum();
    assert_eq!(answer.unpacked.iter().map(|unpacked| unpacked.count).sum::<u64>(), missing);
    missing
}

#[test]
fn every_solver_has_an_answer_without_any_steps() {
    let line = problem(&[(&[3], 2), (&[2], 3)], &[(&[7], 4, None)]);
    let mixed = problem(&[(&[3, 1], 2), (&[2, 5], 3)], &[(&[7, 6], 4, None), (&[4, 9], 3, None)]);
    for (problem, solver) in [&line, &mixed].into_iter().flat_map(|problem| Solver::ALL.map(|solver| (problem, solver)))
    {
        for steps in [0, 1] {
            // A start that holds one item is no answer to rest on.
            let pattern = Pattern { bin_type: 0, count: 1, content: vec![(0, 1)] };
            for warm_start in [None, Some(Packing { patterns: vec![pattern.clone()] })] {
                let options = Options { solver, steps: Some(steps), warm_start, ..Options::default() };
                assert_eq!(left_out(problem, &options), 0, "{options:?}");
            }
        }
        let answer = solve(problem, &Options { solver, ..Options::default() }, &mut |_| ControlFlow::Break(()));
        assert!(answer.stopped && answer.unpacked.is_empty(), "{answer:?}");
    }
}

#[cfg(feature = "lp")]
#[test]
fn a_dive_keeps_the_limits_of_types() {
    let types: [(&[u64], u64, Option<u64>); 3] =
        [(&[10, 5], 2_680_563, Some(1)), (&[11, 9], 1_723_827, Some(2)), (&[6, 12], 521_013, Some(1))];
    let problem = problem(&[(&[4, 5], 2), (&[4, 0], 2)], &types);
    for seed in 0..5 {
        let options = Options { solver: Solver::Column, seed, steps: Some(20_000), ..Options::default() };
        let answer = solve(&problem, &options, &mut |_| ControlFlow::Continue(()));
        let verdict = verify(&problem, &answer.packing).unwrap();
        assert!(verdict.cost >= answer.lower_bound, "{answer:?}");
    }
}

#[cfg(feature = "lp")]
#[test]
fn a_large_type_that_may_hold_nothing_costs_no_memory() {
    let large = 1 << 46;
    let mut builder = zones(&[large], &[large - 5]);
    builder.add_type(&BinType::new("cheap", &[large - 9]).with_attribute("zone", "b").with_cost(900_000)).unwrap();
    let in_a = Constraint::MemberOf(expr::compile("attribute:zone == a").unwrap());
    for demand in [large / 3, large / 5 + 1] {
        let demand = [demand];
        builder.add_item(&Item::new("item", &demand).with_count(4).with_constraint(in_a.clone())).unwrap();
    }
    let problem = builder.build().unwrap();
    assert_eq!(left_out(&problem, &Options { bound: Bound::Lp, ..Options::default() }), 0);
}

#[test]
fn what_is_asked_for_no_times_is_no_matter_of_a_spread() {
    // Were the item that nobody wants counted, zone b would be one of its group, and always empty.
    let mut builder = zones(&[10], &[10]);
    builder.add_item(&Item::new("none", &[1]).with_group("web").with_count(0)).unwrap();
    let in_a = Constraint::MemberOf(expr::compile("attribute:zone == a").unwrap());
    builder.add_item(&Item::new("some", &[3]).with_group("web").with_count(7).with_constraint(in_a)).unwrap();
    builder.add_rule("web", &spread()).unwrap();
    assert_eq!(left_out(&builder.build().unwrap(), &Options::default()), 0);
}

#[test]
fn items_of_a_spread_are_dealt_to_where_they_fit() {
    // The large ones are too large for zone b, the small ones go there.
    let mut builder = zones(&[10], &[2]);
    builder.add_item(&Item::new("large", &[5]).with_group("web").with_count(3)).unwrap();
    builder.add_item(&Item::new("small", &[1]).with_group("web").with_count(3)).unwrap();
    builder.add_rule("web", &spread()).unwrap();
    assert_eq!(left_out(&builder.build().unwrap(), &Options::default()), 0);
}

#[test]
fn whoever_asks_is_heard_while_bounds_are_worked_out() {
    let demand: Vec<u64> = (1..17).collect();
    let problem = problem(&[(&demand, 5)], &[(&[40; 16], 1, None)]);
    let mut looks = 0;
    solve(&problem, &Options::default(), &mut |progress| {
        looks += u32::from(progress.value.is_none());
        ControlFlow::Continue(())
    });
    assert!(looks > 16, "{looks}");
}

#[test]
fn many_types_that_are_worth_a_look_leave_something_of_the_budget() {
    let capacities: Vec<[u64; 2]> = (0..6000_u64).map(|at| [1000 + at, 7000 - at]).collect();
    let types: Vec<(&[u64], u64, Option<u64>)> =
        capacities.iter().map(|capacity| (capacity.as_slice(), 100, None)).collect();
    let problem = problem(&[(&[300, 200], 3)], &types);
    // Each with each would be 18 million.
    let answer = solve(&problem, &Options::default(), &mut |_| ControlFlow::Break(()));
    assert!(answer.steps < 7_000_000 && answer.unpacked.is_empty(), "{}", answer.steps);
}

#[test]
fn buying_ends_within_a_pass() {
    let demands: Vec<[u64; 2]> = (0..600_u64).map(|at| [200 + at * 7919 % 211, 200 + at * 104_729 % 197]).collect();
    let items: Vec<(&[u64], u64)> = demands.iter().map(|demand| (demand.as_slice(), 1)).collect();
    let problem = problem(&items, &[(&[1000, 900], 9, None), (&[2000, 2100], 19, None)]);
    let mut at = None;
    let options = Options { solver: Solver::Purchase, ..Options::default() };
    let answer = solve(&problem, &options, &mut |progress| {
        if progress.solver == "purchase" && progress.steps > 10_000 {
            at.get_or_insert(progress.steps);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    // A pass takes some 400,000 steps; best fit, which is left to give the answer, some thousands.
    assert!(answer.stopped && answer.unpacked.is_empty());
    assert!(answer.steps < at.unwrap() + 60_000, "{} after {at:?}", answer.steps);
}

#[test]
fn a_bin_takes_more_only_as_far_as_its_rules_go() {
    let mut builder = Problem::builder(["cpu"]).unwrap();
    builder.add_type(&BinType::new("t", &[4])).unwrap();
    builder.add_item(&Item::new("edge", &[1]).with_count(2).with_port(Protocol::Tcp, 443)).unwrap();
    let problem = builder.build().unwrap();
    let pattern = Pattern { bin_type: 0, count: 1, content: vec![(0, 1)] };
    assert!(!problem.takes_more(&pattern));
    assert!(problem.takes_more(&Pattern { content: Vec::new(), ..pattern }));
}

#[test]
fn what_breaks_a_rule_is_named_in_words() {
    let mut builder = Problem::builder(["cpu"]).unwrap();
    builder.add_type(&BinType::new("box", &[10])).unwrap();
    builder.add_item(&Item::new("web", &[1]).with_group("web").with_count(2)).unwrap();
    builder.add_item(&Item::new("db", &[1]).with_group("db")).unwrap();
    let rule = GroupRule { per_bin_max: Some(1), apart_from: vec!["db"], ..GroupRule::default() };
    builder.add_rule("web", &rule).unwrap();
    let problem = builder.build().unwrap();
    let refused = |problem: &Problem, content: Vec<(u32, u64)>| {
        let packing = Packing { patterns: vec![Pattern { bin_type: 0, count: 1, content }] };
        verify(problem, &packing).unwrap_err().message().to_owned()
    };
    assert_eq!(refused(&problem, vec![(0, 1), (1, 1)]), "group `db` and group `web` in one bin");
    let crowded = [0, 1].map(|kind| refused(&problem, vec![(kind, 2)]));
    assert!(crowded.iter().any(|told| told == "2 of group `web` in a bin that has room for 1"), "{crowded:?}");

    let mut builder = Problem::builder(["cpu"]).unwrap();
    builder.add_type(&BinType::new("box", &[10])).unwrap();
    builder.add_item(&Item::new("proxy", &[1]).with_port(Protocol::Udp, 53).with_count(2)).unwrap();
    let told = refused(&builder.build().unwrap(), vec![(0, 2)]);
    assert_eq!(told, "2 of UDP port 53 in a bin that has room for 1");
}

/// `purchase` takes whatever steps there are, and came first.
#[cfg(feature = "lp")]
#[test]
fn a_linear_bound_that_is_asked_for_is_worked_out_whoever_solves() {
    let items: [(&[u64], u64); 5] = [(&[10, 39], 18), (&[38, 25], 5), (&[44, 14], 14), (&[12, 43], 5), (&[20, 31], 18)];
    let types: [(&[u64], u64, Option<u64>); 3] =
        [(&[63, 74], 80_000, None), (&[69, 81], 86_000, None), (&[51, 198], 112_000, None)];
    let problem = problem(&items, &types);
    for solver in Solver::ALL {
        let options = Options { solver, bound: Bound::Lp, steps: Some(300_000), ..Options::default() };
        let answer = solve(&problem, &options, &mut |_| ControlFlow::Continue(()));
        assert_eq!((answer.lower_bound, answer.bound_name), (2_114_000, "column"), "{solver:?}");
        assert!(answer.value >= answer.lower_bound && answer.unpacked.is_empty(), "{solver:?}");
    }
}

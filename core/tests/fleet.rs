//! Fleets: the cheapest mix against every mix there is, what options take and give, and input that makes no sense.

use std::ops::ControlFlow;

use placewright::pack::{BinType, GroupRule, Item, Options, Problem, ProblemBuilder, verify};
use placewright::planner::fleet::{Fleet, FleetOptions, FleetPlan};
use placewright::{Constraint, ErrorKind, expr};
use proptest::prelude::*;

/// A builder with items, by demand and count.
fn items(rows: &[(&[u64], u64)]) -> ProblemBuilder {
    let names: Vec<String> = (0..rows[0].0.len()).map(|at| format!("d{at}")).collect();
    let mut builder = Problem::builder(names).unwrap();
    for (at, &(demand, count)) in rows.iter().enumerate() {
        builder.add_item(&Item::new(&format!("item-{at}"), demand).with_count(count)).unwrap();
    }
    builder
}

/// Options with few steps.
fn few<'a>() -> FleetOptions<'a> {
    FleetOptions { solve: Options { steps: Some(60_000), ..Options::default() }, ..FleetOptions::default() }
}

/// Plans, and checks what holds of every plan.
fn planned(builder: ProblemBuilder, options: FleetOptions<'_>, offers: &[BinType<'_>]) -> FleetPlan {
    let mut fleet = Fleet::new(builder, options).unwrap();
    offers.iter().for_each(|offer| fleet.add_offer(offer).unwrap());
    let plan = fleet.plan(&mut |_| ControlFlow::Continue(())).unwrap();
    let verdict = verify(&plan.problem, &plan.answer.packing).unwrap();
    assert_eq!(verdict.cost, plan.answer.value);
    assert!(plan.answer.lower_bound <= plan.answer.value, "{plan:?}");
    let missing: u64 = verdict.missing.iter().sum();
    assert_eq!(plan.answer.optimal, missing == 0 && plan.answer.lower_bound == plan.answer.value);
    for alternative in plan.alternatives.iter().filter(|alternative| alternative.missing == 0) {
        assert!(alternative.name != "single-type" || plan.answer.value <= alternative.cost || missing > 0, "{plan:?}");
    }
    for room in &plan.rooms {
        assert!(room.used + room.stranded <= room.capacity, "{room:?}");
    }
    plan
}

/// How many of each offer a plan has, by id, and the cost.
fn counts(plan: &FleetPlan) -> (Vec<(String, u64)>, u128) {
    let mut counts: Vec<(String, u64)> = Vec::new();
    for pattern in &plan.answer.packing.patterns {
        let name = plan.problem.type_id(pattern.bin_type).to_owned();
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += pattern.count,
            None => counts.push((name, pattern.count)),
        }
    }
    counts.sort();
    (counts, plan.answer.value)
}

/// The least cost of single items put into bins in every way there is: each into an open bin, or into a new one of any type.
fn cheapest(
    items: &[Vec<u64>],
    types: &[(Vec<u64>, u64)],
    bins: &mut Vec<Vec<u64>>,
    paid: u64,
    best: &mut Option<u64>,
) {
    let Some((item, rest)) = items.split_first() else {
        *best = Some(best.map_or(paid, |best| best.min(paid)));
        return;
    };
    let fits = |free: &[u64]| item.iter().zip(free).all(|(wanted, free)| wanted <= free);
    for at in 0..bins.len() {
        if fits(&bins[at]) {
            bins[at].iter_mut().zip(item).for_each(|(free, wanted)| *free -= wanted);
            cheapest(rest, types, bins, paid, best);
            bins[at].iter_mut().zip(item).for_each(|(free, wanted)| *free += wanted);
        }
    }
    for (capacity, cost) in types.iter().filter(|(capacity, _)| fits(capacity)) {
        bins.push(capacity.iter().zip(item).map(|(has, wanted)| has - wanted).collect());
        cheapest(rest, types, bins, paid + cost, best);
        bins.pop();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn plans_are_as_cheap_as_can_be_and_bounds_are_bounds(
        rows in proptest::collection::vec(proptest::collection::vec(0_u64..9, 2), 1..7),
        types in proptest::collection::vec((proptest::collection::vec(4_u64..16, 2), 1_u64..20), 1..4),
        turn in 0_usize..7,
    ) {
        let names: Vec<String> = (0..types.len()).map(|at| format!("type-{at}")).collect();
        let offers: Vec<BinType<'_>> = types
            .iter()
            .zip(&names)
            .map(|((capacity, cost), name)| BinType::new(name, capacity).with_cost(*cost))
            .collect();
        let of = |rows: &[Vec<u64>]| {
            let rows: Vec<(&[u64], u64)> = rows.iter().map(|row| (row.as_slice(), 1)).collect();
            planned(items(&rows), few(), &offers)
        };
        let plan = of(&rows);
        let mut turned = rows.clone();
        turned.rotate_left(turn % rows.len());
        let other = of(&turned);
        prop_assert_eq!(plan.answer.lower_bound, other.answer.lower_bound);
        prop_assert_eq!(plan.answer.value, other.answer.value);
        let mut best = None;
        cheapest(&rows, &types, &mut Vec::new(), 0, &mut best);
        match best {
            Some(best) => {
                prop_assert!(plan.answer.lower_bound <= u128::from(best), "{:?} {best}", plan.answer);
                prop_assert_eq!(plan.answer.value, u128::from(best));
            }
            None => prop_assert!(!plan.answer.unpacked.is_empty()),
        }
    }
}

#[test]
fn two_become_one_and_one_becomes_two() {
    let small = BinType::new("small", &[2, 4]).with_cost(100);
    let large = BinType::new("large", &[4, 8]).with_cost(170);
    let current = |id| FleetOptions { current: vec![id], ..few() };
    let plan = planned(items(&[(&[1, 2], 4)]), current(("small", 2)), &[small.clone(), large.clone()]);
    assert_eq!(counts(&plan), (vec![("large".to_owned(), 1)], 170));
    let changes: Vec<(&str, u64, u64)> = plan.changes.iter().map(|c| (c.offer.as_str(), c.from, c.to)).collect();
    assert_eq!(changes, [("small", 2, 0), ("large", 0, 1)]);
    let today = plan.alternatives.iter().find(|alternative| alternative.name == "current").unwrap();
    assert_eq!((today.cost, today.instances, today.missing), (200, 2, 0));
    assert!(plan.answer.optimal);
    // Where the large one is dear, the same goes the other way; and today's fleet may be too small.
    let plan = planned(items(&[(&[1, 2], 4)]), current(("small", 1)), &[small, large.with_cost(230)]);
    assert_eq!(counts(&plan), (vec![("small".to_owned(), 2)], 200));
    let today = plan.alternatives.iter().find(|alternative| alternative.name == "current").unwrap();
    assert_eq!((today.cost, today.missing), (100, 2));
}

#[test]
fn daemons_and_headroom_are_taken_off_each_new_instance() {
    let offer = BinType::new("t", &[1000, 101]).with_cost(1);
    let options = FleetOptions { headroom_percent: 10, daemon: vec![100, 9], ..few() };
    // 1000 - 100 - 100 = 800, and 101 - 11 - 9 = 81.
    let plan = planned(items(&[(&[800, 81], 3)]), options.clone(), std::slice::from_ref(&offer));
    assert_eq!(counts(&plan).1, 3);
    assert_eq!(plan.rooms.iter().map(|room| room.capacity).collect::<Vec<_>>(), [2400, 243]);
    let plan = planned(items(&[(&[800, 82], 3)]), options, &[offer]);
    assert_eq!(plan.answer.unpacked[0].count, 3);
}

#[test]
fn instances_that_run_already_are_used_before_any_is_bought() {
    let mut builder = items(&[(&[2], 5)]);
    builder.add_type(&BinType::new("i-1", &[4]).with_cost(0).with_limit(1)).unwrap();
    builder.add_type(&BinType::new("i-2", &[3]).with_cost(0).with_limit(1)).unwrap();
    // Headroom and daemons are no matter of theirs.
    let options = FleetOptions { daemon: vec![2], ..few() };
    let plan = planned(builder, options, &[BinType::new("new", &[6]).with_cost(7)]);
    let expected = [("i-1", 1), ("i-2", 1), ("new", 1)].map(|(id, count)| (id.to_owned(), count));
    assert_eq!(counts(&plan), (expected.to_vec(), 7));
    assert!(plan.offer(0).is_none() && plan.offer(2) == Some("new"));
}

#[test]
fn zones_are_as_many_as_wanted() {
    let offer = || BinType::new("t", &[4]).with_cost(10);
    let options = |zones_min| FleetOptions { zones: vec!["a", "b", "c"], zones_min, ..few() };
    // Two bins: one goes to another zone, at no cost.
    let plan = planned(items(&[(&[2], 4)]), options(2), &[offer()]);
    assert_eq!((plan.zones.len(), plan.answer.value, plan.is_short_of_zones), (2, 20, false));
    // The third zone costs an instance more, and the smaller type does where less is left.
    let plan = planned(items(&[(&[2], 4)]), options(3), &[offer(), BinType::new("s", &[2]).with_cost(6)]);
    assert_eq!((plan.zones.len(), plan.answer.value), (3, 22));
    assert!(!plan.answer.optimal);
    // One item cannot be in two zones.
    let plan = planned(items(&[(&[2], 1)]), options(2), &[offer()]);
    assert!(plan.is_short_of_zones);
    assert_eq!(plan.zones, ["a"]);
}

#[test]
fn a_group_is_spread_over_zones_of_offers() {
    let mut builder = Problem::builder(["cpu"]).unwrap();
    builder.add_item(&Item::new("web", &[1]).with_count(6).with_group("web")).unwrap();
    let spread = placewright::pack::Spread { attribute: "ecs.availability-zone", skew_max: 1 };
    builder.add_rule("web", &GroupRule { spread: Some(spread), ..GroupRule::default() }).unwrap();
    let options = FleetOptions { zones: vec!["a", "b", "c"], ..few() };
    let offers = [BinType::new("large", &[8]).with_cost(16), BinType::new("small", &[2]).with_cost(5)];
    let plan = planned(builder, options, &offers);
    let expected = ["small@a", "small@b", "small@c"].map(|id| (id.to_owned(), 1));
    assert_eq!(counts(&plan), (expected.to_vec(), 15));
    assert_eq!(plan.zones, ["a", "b", "c"]);
}

#[test]
fn items_choose_among_offers_by_attributes_and_limits_hold() {
    let mut builder = Problem::builder(["cpu"]).unwrap();
    let on_demand = Constraint::MemberOf(expr::compile("attribute:market == on-demand").unwrap());
    builder.add_item(&Item::new("database", &[2]).with_constraint(on_demand)).unwrap();
    builder.add_item(&Item::new("batch", &[2]).with_count(3)).unwrap();
    let offers = [
        BinType::new("t/on-demand", &[2]).with_cost(10).with_attribute("market", "on-demand"),
        BinType::new("t/spot", &[2]).with_cost(3).with_attribute("market", "spot").with_limit(2),
    ];
    let plan = planned(builder.clone(), few(), &offers);
    let expected = [("t/on-demand", 2), ("t/spot", 2)].map(|(id, count)| (id.to_owned(), count));
    assert_eq!(counts(&plan), (expected.to_vec(), 26));
    let only = Some(expr::compile("attribute:market == spot").unwrap());
    let plan = planned(builder, FleetOptions { only, ..few() }, &offers);
    assert_eq!(counts(&plan), (vec![("t/spot".to_owned(), 2)], 6));
    assert_eq!(plan.answer.unpacked.iter().map(|unpacked| unpacked.count).sum::<u64>(), 2);
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let refused = |options: FleetOptions<'_>, kind: ErrorKind, path: &str| {
        let error = Fleet::new(items(&[(&[1], 1)]), options).unwrap_err();
        assert_eq!((error.kind(), error.path()), (kind, Some(path)));
        assert!(error.help().is_some());
    };
    let invalid = ErrorKind::InvalidParameter;
    refused(FleetOptions { headroom_percent: 100, ..few() }, invalid, "headroomPercent");
    refused(FleetOptions { zones: vec!["a", "a"], ..few() }, invalid, "zones");
    refused(FleetOptions { zones: vec![""], ..few() }, invalid, "zones");
    refused(FleetOptions { zones: vec!["a"], zones_min: 2, ..few() }, invalid, "zonesMin");
    refused(FleetOptions { daemon: vec![1, 2], ..few() }, invalid, "daemon");
    let mut fleet = Fleet::new(items(&[(&[1], 1)]), FleetOptions { zones: vec!["a", "b"], ..few() }).unwrap();
    let error = fleet.add_offer(&BinType::new("t", &[1]).with_limit(1)).unwrap_err();
    assert_eq!((error.kind(), error.path()), (invalid, Some("limit")));
    let error = fleet.add_offer(&BinType::new("t", &[1, 2])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidAmount);
    let fleet = Fleet::new(items(&[(&[1], 1)]), FleetOptions { current: vec![("gone", 1)], ..few() }).unwrap();
    let error = fleet.plan(&mut |_| ControlFlow::Continue(())).unwrap_err();
    assert_eq!((error.kind(), error.path()), (invalid, Some("current[0]")));
}

#[test]
fn nothing_to_buy_and_nothing_to_buy_from() {
    let plan = planned(items(&[(&[1], 0)]), few(), &[BinType::new("t", &[1])]);
    assert_eq!((plan.answer.value, plan.answer.optimal), (0, true));
    let plan = planned(items(&[(&[1], 2)]), few(), &[]);
    assert_eq!(plan.answer.unpacked[0].count, 2);
    // Amounts at the limit do not overflow.
    let most = placewright::limits::PACK_AMOUNT_MAX;
    let dear = placewright::limits::PACK_COST_MAX;
    let plan = planned(items(&[(&[most], 1 << 20)]), few(), &[BinType::new("t", &[most]).with_cost(dear)]);
    assert_eq!(plan.answer.value, u128::from(dear) << 20);
    assert!(plan.answer.optimal);
}

#[test]
fn a_caller_may_stop_at_once_and_still_has_a_plan() {
    let mut fleet = Fleet::new(items(&[(&[3, 5], 100), (&[5, 2], 100)]), FleetOptions::default()).unwrap();
    fleet.add_offer(&BinType::new("a", &[16, 16]).with_cost(7)).unwrap();
    fleet.add_offer(&BinType::new("b", &[32, 40]).with_cost(13)).unwrap();
    let plan = fleet.plan(&mut |_| ControlFlow::Break(())).unwrap();
    assert!(plan.answer.stopped);
    assert_eq!(verify(&plan.problem, &plan.answer.packing).unwrap().missing.iter().sum::<u64>(), 0);
}

#[test]
fn a_whole_bin_goes_to_another_offer_where_its_own_is_in_one_zone_only() {
    let in_zone = |id, zone, cost| BinType::new(id, &[2]).with_cost(cost).with_attribute("ecs.availability-zone", zone);
    let offers = [in_zone("in-a", "a", 10), in_zone("in-b", "b", 17), in_zone("in-c", "c", 15)];
    let plan = planned(items(&[(&[2], 3)]), FleetOptions { zones_min: 2, ..few() }, &offers);
    assert_eq!((plan.zones.len(), plan.answer.value, plan.is_short_of_zones), (2, 35, false));
    let plan = planned(items(&[(&[2], 3)]), FleetOptions { zones_min: 3, ..few() }, &offers);
    assert_eq!((plan.zones.len(), plan.answer.value, plan.is_short_of_zones), (3, 42, false));
}

#[test]
fn room_that_only_rules_keep_empty_is_stranded() {
    let mut builder = Problem::builder(["cpu"]).unwrap();
    builder.add_item(&Item::new("edge", &[1]).with_count(2).with_port(placewright::Protocol::Tcp, 443)).unwrap();
    let plan = planned(builder, few(), &[BinType::new("t", &[4]).with_cost(1)]);
    assert_eq!((plan.rooms[0].capacity, plan.rooms[0].used, plan.rooms[0].stranded), (8, 2, 6));
}

#[test]
fn progress_tells_of_the_whole_and_a_stop_ends_the_pricing_of_alternatives() {
    let names: Vec<String> = (0..20).map(|at| format!("t{at}")).collect();
    let capacities: Vec<[u64; 1]> = (0..20).map(|at| [4 + at]).collect();
    let fleet = || {
        let mut fleet = Fleet::new(items(&[(&[1], 37), (&[3], 5)]), few()).unwrap();
        for ((name, capacity), cost) in names.iter().zip(&capacities).zip([40, 47, 51].into_iter().cycle()) {
            fleet.add_offer(&BinType::new(name, capacity).with_cost(cost * capacity[0])).unwrap();
        }
        fleet
    };
    let mut seen = Vec::new();
    let plan = fleet().plan(&mut |progress| {
        seen.push(*progress);
        ControlFlow::Continue(())
    });
    let value = plan.unwrap().answer.value;
    assert!(seen.iter().any(|progress| progress.solver == "single-type"));
    for progress in seen {
        assert!(progress.lower_bound <= value && progress.value.is_none_or(|best| best >= value), "{progress:?}");
    }
    let mut looks = 0;
    let plan = fleet().plan(&mut |_| {
        looks += 1;
        ControlFlow::Break(())
    });
    assert!(plan.unwrap().answer.unpacked.is_empty() && looks <= 4, "{looks}");
}

//! What must hold whatever the cluster: relations between runs, none of which needs to know the right answer.

use placewright::{
    BinpackField, Cluster, Constraint, Demand, Instance, Outcome, Request, SpreadField, Strategy, StrategyChain, expr,
};
use proptest::prelude::{Just, Strategy as Generator, prop_assert, prop_assert_eq, prop_assume, prop_oneof, proptest};
use proptest::sample::select;

/// One instance of a small fleet: CPU, memory, zone, stack.
type Shape = (i64, i64, Option<&'static str>, Option<&'static str>);

/// Instances with few distinct amounts, so that ties and exact fits are the rule.
fn fleet() -> impl Generator<Value = Vec<Shape>> {
    let zone = select(vec![Some("a"), Some("b"), Some("c"), None]);
    let stack = select(vec![Some("prod"), Some("test"), None]);
    proptest::collection::vec((0..6i64, 0..6i64, zone, stack), 1..8)
}

/// Any chain without a draw.
fn chain() -> impl Generator<Value = StrategyChain> {
    let rule = prop_oneof![
        Just(Strategy::Binpack(BinpackField::Cpu)),
        Just(Strategy::Binpack(BinpackField::Memory)),
        Just(Strategy::spread("ecs.availability-zone")),
        Just(Strategy::Spread(SpreadField::InstanceId)),
    ];
    proptest::collection::vec(rule, 0..4).prop_map(|rules| StrategyChain::new(rules).unwrap())
}

/// Constraints that read attributes only.
fn constraints() -> impl Generator<Value = Vec<Constraint>> {
    let text = select(vec![
        "attribute:stack == prod",
        "attribute:stack != prod",
        "not(attribute:stack == test)",
        "attribute:ecs.availability-zone in [a, b]",
    ]);
    proptest::collection::vec(text.prop_map(|text| Constraint::MemberOf(expr::compile(text).unwrap())), 0..2)
}

/// A cluster of the shapes, named by position in `names`.
fn cluster(shapes: &[Shape], names: &[usize], scale: (i64, i64)) -> Cluster {
    let mut cluster = Cluster::new();
    for (&name, &(cpu, memory_mib, zone, stack)) in names.iter().zip(shapes) {
        let name = format!("i-{name}");
        let mut instance = Instance::new(&name).with_resources(cpu * scale.0, memory_mib * scale.1);
        if let Some(zone) = zone {
            instance = instance.with_zone(zone);
        }
        if let Some(stack) = stack {
            instance = instance.with_attribute("stack", stack);
        }
        cluster.register(&instance).unwrap();
    }
    cluster
}

/// Places tasks one by one; names of the instances, up to the first that finds none.
fn place(cluster: &mut Cluster, request: &Request, count: usize) -> Vec<String> {
    let id = cluster.prepare(request).unwrap();
    let mut names = Vec::new();
    for _ in 0..count {
        let Outcome::Placed(placement) = cluster.place_one(id).unwrap() else { break };
        names.push(cluster.instance(placement.instance).unwrap().name().to_owned());
    }
    cluster.validate().unwrap();
    names
}

/// A request for tasks of the given size.
fn request(demand: (i64, i64), chain: StrategyChain, constraints: Vec<Constraint>) -> Request {
    let mut request = Request::new("t", Demand::new(demand.0, demand.1)).with_strategies(chain);
    request.constraints = constraints;
    request
}

/// The positions `0..len`.
fn names(len: usize) -> Vec<usize> {
    (0..len).collect()
}

proptest! {
    /// I19: multiplying all amounts of one resource changes no choice.
    #[test]
    fn scaling_one_resource_changes_nothing(
        shapes in fleet(), chain in chain(), constraints in constraints(), demand in (0..3i64, 0..3i64), by in 1..100_000i64,
    ) {
        let names = names(shapes.len());
        let plain = request(demand, chain.clone(), constraints.clone());
        let scaled = request((demand.0 * by, demand.1), chain, constraints);
        let expected = place(&mut cluster(&shapes, &names, (1, 1)), &plain, 12);
        prop_assert_eq!(place(&mut cluster(&shapes, &names, (by, 1)), &scaled, 12), expected);
    }

    /// I16: relabelling the instances in the order of their registration relabels the answer and nothing else.
    #[test]
    fn relabelling_relabels_the_answer(shapes in fleet(), chain in chain(), constraints in constraints(), demand in (0..3i64, 0..3i64)) {
        let request = request(demand, chain, constraints);
        let labels: Vec<usize> = (0..shapes.len()).map(|n| 1000 - n).collect();
        let expected = place(&mut cluster(&shapes, &names(shapes.len()), (1, 1)), &request, 12);
        let relabelled = place(&mut cluster(&shapes, &labels, (1, 1)), &request, 12);
        let back: Vec<String> = relabelled.iter().map(|name| format!("i-{}", 1000 - name[2..].parse::<usize>().unwrap())).collect();
        prop_assert_eq!(back, expected);
    }

    /// I16: another registration order changes which of equals wins, and never how many tasks are placed by binpack alone.
    #[test]
    fn reversing_the_fleet_places_as_many(shapes in fleet(), constraints in constraints(), demand in (0..3i64, 1..3i64)) {
        let request = request(demand, Strategy::Binpack(BinpackField::Memory).into(), constraints);
        let forward = place(&mut cluster(&shapes, &names(shapes.len()), (1, 1)), &request, 100);
        let mut reversed = shapes.clone();
        reversed.reverse();
        let backward = place(&mut cluster(&reversed, &names(shapes.len()), (1, 1)), &request, 100);
        prop_assert_eq!(forward.len(), backward.len());
    }

    /// I17: an instance more never takes a place away; I18: one that fails a constraint changes no choice.
    #[test]
    fn an_instance_more_never_hurts_and_an_irrelevant_one_changes_nothing(
        shapes in fleet(), chain in chain(), demand in (0..3i64, 1..3i64), more in (0..6i64, 0..6i64),
    ) {
        let prod = Constraint::MemberOf(expr::compile("attribute:stack == prod").unwrap());
        let request = request(demand, chain, vec![prod]);
        let names = names(shapes.len() + 1);
        let expected = place(&mut cluster(&shapes, &names, (1, 1)), &request, 100);
        let with = |stack| {
            let mut shapes = shapes.clone();
            shapes.push((more.0, more.1, Some("a"), Some(stack)));
            place(&mut cluster(&shapes, &names, (1, 1)), &request, 100)
        };
        prop_assert_eq!(with("test"), expected.clone());
        prop_assert!(with("prod").len() >= expected.len());
    }

    /// I9: where every zone has room, zones never differ by more than one task.
    #[test]
    fn zones_with_room_stay_level(zones in proptest::collection::vec(select(vec!["a", "b", "c"]), 1..8), count in 1..20usize) {
        let shapes: Vec<Shape> = zones.iter().map(|&zone| (1000, 1000, Some(zone), None)).collect();
        let mut cluster = cluster(&shapes, &names(shapes.len()), (1, 1));
        let request = request((1, 1), Strategy::spread("ecs.availability-zone").into(), Vec::new());
        let placed = place(&mut cluster, &request, count);
        prop_assert_eq!(placed.len(), count);
        let mut counts = std::collections::BTreeMap::from_iter(zones.iter().map(|&zone| (zone, 0)));
        for name in placed {
            *counts.get_mut(zones[name[2..].parse::<usize>().unwrap()]).unwrap() += 1;
            let (least, most) = (counts.values().min().unwrap(), counts.values().max().unwrap());
            prop_assert!(most - least <= 1, "{:?}", counts);
        }
    }

    /// I10: among equals, binpack opens an empty instance only when no used one has room.
    #[test]
    fn binpack_opens_an_instance_only_when_it_must(instances in 1..6usize, room in 1..6i64, demand in 1..4i64) {
        prop_assume!(demand <= room);
        let shapes = vec![(1000, room, None, None); instances];
        let mut cluster = cluster(&shapes, &names(instances), (1, 1));
        let request = request((1, demand), Strategy::Binpack(BinpackField::Memory).into(), Vec::new());
        let placed = place(&mut cluster, &request, 100);
        let each = usize::try_from(room / demand).unwrap();
        let expected: Vec<String> = (0..instances).flat_map(|n| vec![format!("i-{n}"); each]).collect();
        prop_assert_eq!(placed, expected);
    }

    /// I13 and I20: placing and stopping, or trying and dropping, is as if nothing had been asked.
    #[test]
    fn what_is_taken_back_leaves_no_trace(shapes in fleet(), chain in chain(), demand in (0..3i64, 0..3i64)) {
        let mut cluster = cluster(&shapes, &names(shapes.len()), (1, 1));
        let id = cluster.prepare(&request(demand, chain, vec![Constraint::DistinctInstance])).unwrap();
        let before = cluster.fingerprint();
        let first = {
            let mut what_if = cluster.transaction();
            what_if.place_one(id).unwrap().placement().map(|placement| placement.instance)
        };
        prop_assert_eq!(cluster.fingerprint(), before);
        let second = cluster.place_one(id).unwrap().placement();
        prop_assert_eq!(second.map(|placement| placement.instance), first);
        if let Some(placement) = second {
            cluster.stop(placement.task).unwrap();
        }
        prop_assert_eq!(cluster.fingerprint(), before);
        prop_assert_eq!(cluster.explain(id).unwrap().winner.map(|winner| winner.instance), first);
    }
}

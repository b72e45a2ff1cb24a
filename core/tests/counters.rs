//! What searches may cost, asserted: the bounds that `design.md` states.

use placewright::counters::Counters;
use placewright::{
    BinpackField, Cluster, Constraint, Demand, Instance, InstanceStatus, Options, Request, Route, SpreadField,
    Strategy, StrategyChain, expr,
};

/// Instances of a fleet.
const INSTANCES: u32 = 2000;

/// What a search may spend before a sweep: a refused candidate costs 1, a leaf 8; of a sweep a word of slots a third, and one
/// with many admitted instances 7 more.
const BUDGET: u64 = INSTANCES.div_ceil(64) as u64 / 3 + INSTANCES.div_ceil(64) as u64 * 7;

/// A fleet of four shapes; the second half of the registration order is marked.
fn fleet() -> Cluster {
    let mut cluster = Cluster::with_options(Options { route: Route::Indexed, ..Options::default() });
    for number in 0..INSTANCES {
        let (cpu, memory) = [(4096, 8192), (2048, 16_384), (8192, 8192), (4096, 32_768)][number as usize * 7 % 4];
        let half = if number < INSTANCES / 2 { "first" } else { "second" };
        let name = format!("ci/{number}");
        let instance = Instance::new(&name).with_resources(cpu, memory).with_attribute("half", half);
        cluster.register(&instance).unwrap();
    }
    cluster
}

/// Requests for tasks of many sizes.
fn sizes(strategy: &Strategy) -> Vec<Request> {
    let sizes = (0..16).map(|size| (128 + size * 67 % 512, 256 + size * 331 % 2048));
    let request = |(cpu, memory)| Request::new("web", Demand::new(cpu, memory)).with_strategies(strategy.clone());
    sizes.map(request).collect()
}

/// What happened between two moments.
fn since(before: Counters, after: Counters) -> Counters {
    Counters {
        searches: after.searches - before.searches,
        blocks: after.blocks - before.blocks,
        instances: after.instances - before.instances,
        instructions: after.instructions - before.instructions,
        sweeps: after.sweeps - before.sweeps,
        swept: after.swept - before.swept,
        scans: after.scans - before.scans,
        scanned: after.scanned - before.scanned,
    }
}

#[test]
fn two_resources_are_found_in_two_leaves_at_any_filling() {
    for field in [BinpackField::Memory, BinpackField::Cpu] {
        let mut cluster = fleet();
        let ids: Vec<_> = sizes(&Strategy::Binpack(field)).iter().map(|size| cluster.prepare(size).unwrap()).collect();
        let mut rejected = 0;
        for round in 0..40_000 {
            let before = cluster.counters();
            let outcome = cluster.place_one(ids[round * 7 % ids.len()]).unwrap();
            let cost = since(before, cluster.counters());
            assert_eq!((cost.searches, cost.scans, cost.instructions), (1, 0, 0));
            assert!(cost.blocks <= 2 && cost.instances <= 1, "{cost:?}");
            rejected += u32::from(outcome.placement().is_none());
        }
        assert!(rejected > 1000, "the cluster is full in the end");
    }
}

#[test]
fn a_filter_that_keeps_what_comes_last_costs_its_budget_and_a_sweep() {
    let mut cluster = fleet();
    let last = Constraint::MemberOf(expr::compile("attribute:half == second").unwrap());
    let mut sweeps = 0;
    // Best fit keeps the first half fullest, so the second half comes last in the order.
    let fill = Request::new("fill", Demand::new(64, 1024))
        .with_constraint(Constraint::MemberOf(expr::compile("attribute:half == first").unwrap()));
    let fill = cluster.prepare(&fill.with_count(7 * INSTANCES / 2)).unwrap();
    cluster.place(fill, &mut Vec::new()).unwrap();
    for size in sizes(&Strategy::Binpack(BinpackField::Memory)) {
        let id = cluster.prepare(&size.with_constraint(last.clone())).unwrap();
        for _ in 0..50 {
            let before = cluster.counters();
            assert!(cluster.place_one(id).unwrap().placement().is_some());
            let cost = since(before, cluster.counters());
            assert!(8 * cost.blocks + cost.instances <= BUDGET, "{cost:?}");
            assert_eq!(cost.swept, cost.sweeps * u64::from(INSTANCES / 2));
            assert_eq!((cost.scans, cost.searches.max(cost.sweeps)), (0, 1));
            sweeps += cost.sweeps;
        }
    }
    assert!(sweeps > 0, "some searches spent their budget");
}

#[test]
fn a_row_of_tasks_goes_on_where_it_stopped_behind_a_filter_that_keeps_few_that_come_last() {
    let mut cluster = Cluster::with_options(Options { route: Route::Indexed, ..Options::default() });
    let instances = 10 * INSTANCES;
    for number in 0..instances {
        let size = if number < instances / 10 { "large" } else { "small" };
        let memory = if size == "large" { 16_384 } else { 4096 };
        let name = format!("ci/{number}");
        let instance = Instance::new(&name).with_resources(100_000, memory).with_attribute("size", size);
        cluster.register(&instance).unwrap();
    }
    let large = Constraint::MemberOf(expr::compile("attribute:size == large").unwrap());
    let tasks = Request::new("web", Demand::new(1, 512)).with_constraint(large).with_count(2000);
    let id = cluster.prepare(&tasks.with_strategies(Strategy::Binpack(BinpackField::Memory))).unwrap();
    let before = cluster.counters();
    let mut placed = vec![];
    assert_eq!(cluster.place(id, &mut placed).unwrap(), None);
    let cost = since(before, cluster.counters());
    // One walk past the nine tenths that are refused, in as many pieces as its budget makes of it, each with a sweep after it.
    let walk = u64::from(instances) + 2000;
    assert!(cost.instances <= 2 * walk && cost.swept <= 50 * u64::from(instances / 10), "{cost:?}");
}

#[test]
fn searches_in_vain_are_left_out_seven_of_eight_times_and_tried_again() {
    let mut cluster = Cluster::with_options(Options { route: Route::Indexed, ..Options::default() });
    for number in 0..INSTANCES {
        let size = if number < INSTANCES / 2 { "small" } else { "large" };
        let name = format!("ci/{number}");
        let memory = if size == "small" { 8192 } else { 16_384 };
        cluster.register(&Instance::new(&name).with_resources(4096, memory).with_attribute("size", size)).unwrap();
    }
    let last = Constraint::MemberOf(expr::compile("attribute:size == large").unwrap());
    let request = Request::new("web", Demand::new(1, 1)).with_strategies(Strategy::Binpack(BinpackField::Memory));
    let id = cluster.prepare(&request.clone().with_constraint(last)).unwrap();
    let mut tried = vec![];
    for _ in 0..24 {
        let before = cluster.counters();
        cluster.place_one(id).unwrap();
        let cost = since(before, cluster.counters());
        assert_eq!(cost.sweeps, 1);
        tried.push(cost.searches);
    }
    let expected = [1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1];
    assert_eq!(tried, expected);
    // Every request has its own luck, and the first search that finds something ends the pauses.
    let other = cluster.prepare(&request).unwrap();
    for _ in 0..4 {
        let before = cluster.counters();
        cluster.place_one(other).unwrap();
        let cost = since(before, cluster.counters());
        assert_eq!((cost.searches, cost.sweeps, cost.scans), (1, 0, 0));
    }
}

#[test]
fn a_row_of_equal_tasks_searches_once_for_every_few_instances_filled() {
    let mut cluster = fleet();
    let request = Request::new("web", Demand::new(512, 1024)).with_count(5000);
    let id = cluster.prepare(&request.with_strategies(Strategy::Binpack(BinpackField::Memory))).unwrap();
    let before = cluster.counters();
    let mut placements = Vec::new();
    assert!(cluster.place(id, &mut placements).unwrap().is_none());
    let mut used: Vec<_> = placements.iter().map(|placement| placement.instance).collect();
    used.dedup();
    let cost = since(before, cluster.counters());
    assert_eq!(cost.scans, 0);
    let used = used.len() as u64;
    assert!(cost.searches <= used / 8 + 1 && cost.instances <= used + 8, "{cost:?} for {used}");
    assert!(cost.blocks <= 2 * cost.searches, "{cost:?} for {used}");
}

#[test]
fn a_list_touches_a_fraction_of_what_its_requests_touch_one_by_one() {
    for (field, spread) in [(BinpackField::Memory, false), (BinpackField::Cpu, false), (BinpackField::Memory, true)] {
        let (mut lists, mut one_by_one) = (fleet(), fleet());
        let chain = |last| StrategyChain::new(spread.then(|| Strategy::spread("half")).into_iter().chain([last]));
        let ids: Vec<_> = sizes(&Strategy::Binpack(field))
            .into_iter()
            .map(|size| size.with_strategies(chain(Strategy::Binpack(field)).unwrap()))
            .map(|size| [&mut lists, &mut one_by_one].map(|cluster| cluster.prepare(&size).unwrap())[0])
            .collect();
        let list: Vec<_> = (0..10_000_usize).map(|task| ids[task * 7919 % 9973 % ids.len()]).collect();
        let before = [lists.counters(), one_by_one.counters()];
        let mut placements = Vec::new();
        assert_eq!(lists.place_list(&list, &mut placements).unwrap(), list.len());
        for (id, placed) in list.iter().zip(&placements) {
            assert_eq!(one_by_one.place_one(*id).unwrap().placement(), *placed);
        }
        let [list, each] = [since(before[0], lists.counters()), since(before[1], one_by_one.counters())];
        // A block has 64 instances.
        let touched = |cost: Counters| 64 * cost.blocks + cost.instances + cost.swept + cost.scanned;
        assert!(5 * list.searches <= each.searches, "{list:?}, one by one {each:?}");
        assert!(5 * touched(list) <= touched(each), "{list:?}, one by one {each:?}");
    }
}

#[test]
fn a_request_of_a_list_that_was_rejected_is_not_searched_for_again() {
    for route in [Route::Indexed, Route::Scan] {
        let mut cluster = fleet();
        cluster.set_route(route);
        let ids = [Strategy::Random, Strategy::Binpack(BinpackField::Cpu)].map(|strategy| {
            let request = Request::new("web", Demand::new(9000, 1)).with_strategies(strategy);
            let all = request.clone().with_count(2).with_all_or_nothing(true);
            [request, all].map(|request| cluster.prepare(&request).unwrap())
        });
        let ids = ids.concat();
        let before = cluster.counters();
        assert_eq!(cluster.place_list(&ids.repeat(500), &mut Vec::new()), Ok(0));
        let cost = since(before, cluster.counters());
        assert!(cost.searches <= 4 && cost.scans <= 4, "{cost:?}");
    }
}

#[test]
fn a_spread_over_too_many_values_is_scanned_and_not_swept_for() {
    let mut cluster = Cluster::with_options(Options { route: Route::Indexed, ..Options::default() });
    for number in 0..100 {
        let name = format!("ci/{number}");
        cluster.register(&Instance::new(&name).with_resources(64, 64).with_attribute("rack", &name)).unwrap();
    }
    let request = Request::new("web", Demand::new(64, 64)).with_strategies(Strategy::spread("rack"));
    let id = cluster.prepare(&request).unwrap();
    let before = cluster.counters();
    assert!(cluster.place_one(id).unwrap().placement().is_some());
    let cost = since(before, cluster.counters());
    assert_eq!((cost.sweeps, cost.swept, cost.scans), (0, 0, 1));
}

#[test]
fn programs_run_only_for_candidates_that_everything_else_admits() {
    let mut cluster = fleet();
    let text = "not(task:group == service:db) and attribute:half == first";
    let request = Request::new("web", Demand::new(64, 64)).with_strategies(Strategy::Binpack(BinpackField::Memory));
    let id = cluster.prepare(&request.with_constraint(Constraint::MemberOf(expr::compile(text).unwrap()))).unwrap();
    let before = cluster.counters();
    assert!(cluster.place_one(id).unwrap().placement().is_some());
    let cost = since(before, cluster.counters());
    assert!(cost.instructions > 0 && cost.instructions < 16, "{cost:?}");
}

#[test]
fn instances_that_come_and_go_are_searched_for_nothing_and_leave_searches_at_two_leaves() {
    let mut cluster = fleet();
    let ids: Vec<_> =
        sizes(&Strategy::Binpack(BinpackField::Memory)).iter().map(|size| cluster.prepare(size).unwrap()).collect();
    for round in 0..4 * INSTANCES as usize {
        let before = cluster.counters();
        let gone = cluster.instances().nth(round * 7919 % INSTANCES as usize).unwrap();
        cluster.deregister(gone, true).unwrap();
        let (cpu, memory) = [(4096, 8192), (2048, 16_384)][round % 2];
        let name = format!("late/{round}");
        cluster.register(&Instance::new(&name).with_resources(cpu, memory)).unwrap();
        assert_eq!(cluster.counters(), before);
        let outcome = cluster.place_one(ids[round * 7 % ids.len()]).unwrap();
        let cost = since(before, cluster.counters());
        assert_eq!((outcome.placement().is_some(), cost.searches, cost.sweeps, cost.scans), (true, 1, 0, 0));
        assert!(cost.blocks <= 2 && cost.instances <= 1, "{cost:?}");
    }
}

#[test]
fn changes_of_an_instance_search_for_nothing_and_count_for_the_next_search_within_its_budget() {
    let mut cluster = fleet();
    let second = expr::compile("attribute:half == second").unwrap();
    let ids: Vec<_> = sizes(&Strategy::Binpack(BinpackField::Memory))
        .into_iter()
        .map(|size| size.with_constraint(Constraint::MemberOf(second.clone())))
        .map(|size| cluster.prepare(&size).unwrap())
        .collect();
    let mut sweeps = 0;
    for round in 0..2000 {
        let id = cluster.instances().nth(round * 7919 % INSTANCES as usize).unwrap();
        let before = cluster.counters();
        match round % 5 {
            0 => cluster.set_status(id, InstanceStatus::Draining).unwrap(),
            1 => cluster.set_agent_connected(id, false).unwrap(),
            2 => cluster.put_attribute(id, "half", Some("second")).unwrap(),
            3 => cluster.put_attribute(id, "half", Some("third")).unwrap(),
            _ => cluster.delete_attribute(id, "half").unwrap_or_default(),
        }
        assert_eq!(cluster.counters(), before);
        let outcome = cluster.place_one(ids[round % ids.len()]).unwrap();
        let cost = since(before, cluster.counters());
        let open = |&id: &_| {
            let instance = cluster.instance(id).unwrap();
            instance.status() == InstanceStatus::Active && instance.is_agent_connected()
        };
        let admitted: Vec<_> = cluster.query(&second).into_iter().filter(open).collect();
        assert!(outcome.placement().is_some_and(|placement| admitted.contains(&placement.instance)));
        // What is static was decided when it changed: no program runs, and a sweep goes over exactly what is admitted.
        assert_eq!((cost.instructions, cost.scans, cost.swept), (0, 0, cost.sweeps * admitted.len() as u64));
        assert!(8 * cost.blocks + cost.instances <= BUDGET && cost.sweeps <= 1, "{cost:?}");
        sweeps += cost.sweeps;
    }
    assert!(sweeps > 0, "some searches spent their budget");
}

#[test]
fn what_is_prepared_while_a_savepoint_keeps_the_cluster_small_searches_once_it_is_large_again() {
    let mut cluster = fleet();
    cluster.set_route(Route::Auto);
    let savepoint = cluster.begin();
    for id in cluster.instances().skip(100).collect::<Vec<_>>() {
        cluster.deregister(id, false).unwrap();
    }
    let request = Request::new("web", Demand::new(64, 64)).with_strategies(Strategy::Binpack(BinpackField::Cpu));
    let id = cluster.prepare(&request).unwrap();
    let before = cluster.counters();
    cluster.place_one(id).unwrap();
    assert_eq!(since(before, cluster.counters()).scanned, 100, "a small cluster is scanned");
    cluster.rollback(savepoint).unwrap();
    let before = cluster.counters();
    cluster.place_one(id).unwrap();
    assert_eq!(since(before, cluster.counters()).scans, 0);
}

#[test]
fn a_sweep_finds_what_the_scan_finds_at_any_size() {
    let zone = || Strategy::spread("ecs.availability-zone");
    let memory = Strategy::Binpack(BinpackField::Memory);
    let chains = [
        StrategyChain::default(),
        memory.clone().into(),
        Strategy::Spread(SpreadField::InstanceId).into(),
        zone().into(),
        StrategyChain::new([zone(), memory]).unwrap(),
        StrategyChain::service_default(),
    ];
    for instances in [65_u32, 500, 3000] {
        let mut clusters = [Route::Scan, Route::Indexed].map(|route| {
            let mut cluster = Cluster::with_options(Options { route, ..Options::default() });
            for number in 0..instances {
                // A slot that is taken again parts slots from registration order.
                let name = format!("ci/{number}");
                let last = if number * 7 % 10 < 2 { "yes" } else { "no" };
                let mut instance = Instance::new(&name).with_resources(2048, 1024 + i64::from(number * 37 % 64) * 64);
                instance = instance.with_attribute("last", last);
                if number % 9 > 0 {
                    instance = instance.with_zone(["a", "b", "c"][number as usize * 5 % 3]);
                }
                let id = cluster.register(&instance).unwrap();
                if number % 11 == 0 {
                    cluster.deregister(id, false).unwrap();
                }
            }
            cluster
        });
        let mut ids = vec![];
        for (number, chain) in chains.iter().cycle().take(12).enumerate() {
            let text = ["attribute:last == yes", "attribute:last == yes and runningTasksCount < 3"][number % 5 / 3];
            let mut request = Request::new("web", Demand::new(256, 512)).with_group(format!("service:{}", number % 4));
            request = request.with_constraint(Constraint::MemberOf(expr::compile(text).unwrap()));
            if number % 4 == 0 {
                request = request.with_constraint(Constraint::DistinctInstance);
            }
            let request = request.with_strategies(chain.clone());
            ids.push(clusters.each_mut().map(|cluster| cluster.prepare(&request).unwrap())[0]);
        }
        let mut tasks = std::collections::VecDeque::new();
        for step in 0..6000_usize {
            let id = ids[step * 5 % ids.len()];
            let [scan, indexed] = clusters.each_mut().map(|cluster| cluster.place_one(id).unwrap());
            assert_eq!(scan, indexed, "{instances} instances, step {step}");
            tasks.extend(scan.placement().map(|placement| placement.task));
            if scan.placement().is_none() || step % 3 == 0 {
                if let Some(task) = tasks.pop_front() {
                    for cluster in &mut clusters {
                        cluster.stop(task).unwrap();
                    }
                }
            }
            if step % 1500 == 0 {
                assert_eq!(clusters[1].validate(), Ok(()));
            }
        }
        assert!(clusters[1].counters().sweeps > 100, "{instances}: {:?}", clusters[1].counters());
    }
}

//! Lists of requests placed by one call: the same answers as one request after another, whatever is in the list.

use placewright::{
    BinpackField, Capacity, Cluster, Constraint, Demand, ErrorKind, GpuDemand, Instance, Options, Placement, Protocol,
    Release, Request, RequestId, Route, SpreadField, Strategy, StrategyChain, TieBreak, expr,
};

use super::routes::{self, Draws, Triplets};

/// Requests of the kind that share what was found for them, in a tight and in a roomy mix of sizes.
fn packing(draws: &mut Draws) -> Request {
    let mut demand = Demand::new(draws.pick(&[1, 100, 300, 700]), draws.pick(&[64, 100, 300, 1100]));
    match draws.below(10) {
        0 => demand = demand.with_port(Protocol::Tcp, draws.pick(&[80, 443])),
        1 => demand = demand.with_gpus(draws.pick(&[GpuDemand::Whole(1), GpuDemand::Share(300), GpuDemand::All])),
        2 => demand = demand.with_custom("LICENSES", 1),
        3 => demand = Demand::new(0, draws.pick(&[0, 200])),
        _ => {}
    }
    let spread = draws.pick(&[None, None, Some("ecs.availability-zone"), Some("rack"), Some("stack")]);
    let last = draws.pick(&[
        None,
        Some(Strategy::Binpack(BinpackField::Cpu)),
        Some(Strategy::Binpack(BinpackField::Memory)),
        Some(Strategy::Binpack(BinpackField::Memory)),
    ]);
    let chain = StrategyChain::new(spread.map(Strategy::spread).into_iter().chain(last)).unwrap();
    let mut request = Request::new("web:1", demand)
        .with_group(draws.pick(&["service:a", "service:b", "service:c"]))
        .with_strategies(chain)
        .with_count(draws.pick(&[1, 1, 1, 1, 2, 7]))
        .with_all_or_nothing(draws.below(6) == 0);
    for _ in 0..draws.below(3) {
        let member = |text: &str| Constraint::MemberOf(expr::compile(text).unwrap());
        request.constraints.push(match draws.below(9) {
            0 => Constraint::DistinctInstance,
            1 => member("attribute:stack == prod"),
            2 => member("not(task:group == service:b)"),
            // An instance becomes feasible by a task that comes.
            3 => member("task:group == service:a or attribute:stack == test"),
            4 => member("runningTasksCount > 1 or attribute:stack == test"),
            5 => member("runningTasksCount < 4 and attribute:stack != dev"),
            _ => continue,
        });
    }
    request
}

/// Places lists of a cluster's requests until it is full, stops some tasks, and goes on.
fn fill(triplets: &mut Triplets, draws: &mut Draws, when: &str) {
    for round in 0..12 {
        let kinds: Vec<RequestId> = (0..1 + draws.below(12)).map(|_| draws.pick(&triplets.requests)).collect();
        let mut list = vec![];
        for _ in 0..draws.below(120) {
            let id = draws.pick(&kinds);
            list.extend(std::iter::repeat_n(id, if draws.below(4) == 0 { draws.below(9) } else { 1 }));
        }
        let savepoint = triplets.all(Cluster::begin);
        let tasks = triplets.tasks.clone();
        triplets.place_list(&list);
        if draws.below(4) == 0 {
            triplets.validate(when);
        }
        if draws.below(3) == 0 {
            triplets.all(|cluster| cluster.rollback(savepoint)).unwrap();
            triplets.tasks = tasks;
        } else {
            triplets.all(|cluster| cluster.commit(savepoint)).unwrap();
        }
        if round % 4 == 3 {
            for _ in 0..draws.below(triplets.tasks.len() + 1) {
                let task = triplets.tasks.swap_remove(draws.below(triplets.tasks.len()));
                triplets.all(|cluster| cluster.stop(task)).unwrap();
            }
        }
        triplets.validate(when);
    }
}

#[test]
fn a_list_is_placed_as_its_requests_one_by_one() {
    for seed in 0..60 {
        let mut draws = Draws::new(seed);
        let mut triplets = Triplets::new(Release::Desired);
        for _ in 0..[3, 20, 90, 200][usize::try_from(seed % 4).unwrap()] {
            triplets.register(&mut draws);
        }
        for number in 0..24 {
            let any = if number % 4 == 0 { routes::request(&mut draws) } else { packing(&mut draws) };
            let id = triplets.all(|cluster| cluster.prepare(&any)).unwrap();
            triplets.requests.push(id);
        }
        fill(&mut triplets, &mut draws, &format!("seed {seed}"));
    }
}

#[test]
fn more_requests_and_domains_than_a_batch_holds_are_placed_all_the_same() {
    let mut draws = Draws::new(1);
    let mut triplets = Triplets::new(Release::Desired);
    for _ in 0..150 {
        triplets.register(&mut draws);
    }
    for _ in 0..300 {
        let mut request = packing(&mut draws);
        request.constraints.clear();
        let id = triplets.all(|cluster| cluster.prepare(&request)).unwrap();
        triplets.requests.push(id);
    }
    let list: Vec<RequestId> = (0..900).map(|_| draws.pick(&triplets.requests)).collect();
    triplets.place_list(&list);
    triplets.validate("more requests than a batch holds");
}

#[test]
fn more_open_instances_than_a_batch_holds_are_placed_all_the_same() {
    let mut draws = Draws::new(2);
    let mut triplets = Triplets::new(Release::Desired);
    for _ in 0..250 {
        triplets.register(&mut draws);
    }
    // Each service leaves room on each instance it comes to.
    for group in ["service:a", "service:b", "service:c", "service:d"] {
        let request = Request::new("web:1", Demand::new(16, 16))
            .with_group(group)
            .with_constraint(Constraint::DistinctInstance)
            .with_strategies(Strategy::Binpack(BinpackField::Memory));
        let id = triplets.all(|cluster| cluster.prepare(&request)).unwrap();
        triplets.requests.push(id);
    }
    let list: Vec<RequestId> = (0..900).map(|_| draws.pick(&triplets.requests)).collect();
    assert!(triplets.place_list(&list).iter().all(Option::is_some));
    triplets.validate("more open instances than a batch holds");
}

/// A demand whose tasks share no instance, or one for what few instances have.
fn unshared(draws: &mut Draws, request: Request) -> Request {
    let small = Demand::new(16, 16);
    match draws.below(5) {
        0 => Request { demand: small.with_port(Protocol::Tcp, 80), ..request },
        1 => Request { demand: small.with_port(Protocol::Tcp, 80).with_port(Protocol::Udp, 53), ..request },
        2 => Request { demand: small.with_gpus(GpuDemand::All), ..request },
        3 => Request { demand: small.with_custom("LICENSES", 3), ..request },
        _ => Request { demand: small, ..request }.with_constraint(Constraint::DistinctInstance),
    }
}

#[test]
fn a_row_of_tasks_that_share_no_instance_is_placed_as_one_by_one() {
    let mut draws = Draws::new(3);
    let filters = [
        None,
        Some("attribute:stack == prod"),
        Some("attribute:rack < 9"),
        Some("attribute:rack == 7"),
        Some("not(task:group == service:b)"),
    ];
    let binpack = Strategy::Binpack(BinpackField::Memory);
    let chains = [vec![], vec![binpack.clone()], vec![Strategy::spread("ecs.availability-zone"), binpack]];
    for chain in chains {
        let mut triplets = Triplets::new(Release::Desired);
        for _ in 0..700 {
            triplets.register(&mut draws);
        }
        for _ in 0..6 {
            let request = packing(&mut draws);
            let id = triplets.all(|cluster| cluster.prepare(&request)).unwrap();
            triplets.requests.push(id);
        }
        // Instances are not equally full, and some ports are taken.
        let list: Vec<RequestId> = (0..400).map(|_| draws.pick(&triplets.requests)).collect();
        triplets.place_list(&list);
        for filter in filters {
            for _ in 0..3 {
                let request = Request::new("web:1", Demand::new(16, 16))
                    .with_group(draws.pick(&["service:a", "service:b", "service:d"]))
                    .with_strategies(StrategyChain::new(chain.clone()).unwrap())
                    .with_all_or_nothing(draws.below(6) == 0)
                    .with_count(draws.pick(&[2, 60, 500]));
                let mut request = unshared(&mut draws, request);
                request.constraints.extend(filter.map(|text| Constraint::MemberOf(expr::compile(text).unwrap())));
                let id = triplets.all(|cluster| cluster.prepare(&request)).unwrap();
                let placed: Vec<Placement> = triplets.place_list(&[id, id]).into_iter().flatten().collect();
                triplets.validate("a row of tasks that share no instance");
                for placement in placed.iter().filter(|_| draws.below(2) == 0) {
                    triplets.all(|cluster| cluster.stop(placement.task)).unwrap();
                    triplets.tasks.retain(|&task| task != placement.task);
                }
                // Some stay, so that the next row finds instances taken.
                triplets.place_list(&[id]);
            }
        }
    }
}

/// Two instances and three requests: for one, for one at random, for three or none.
fn small(options: Options) -> (Cluster, [RequestId; 3]) {
    let mut cluster = Cluster::with_options(options);
    cluster.reserve(Capacity { instances: 2, tasks: 6, ports: 0, changes: 6, savepoints: 2 });
    for name in ["i-1", "i-2"] {
        cluster.register(&Instance::new(name).with_resources(1000, 1000)).unwrap();
    }
    let binpack = Request::new("web", Demand::new(1, 300)).with_strategies(Strategy::Binpack(BinpackField::Memory));
    let requests = [
        binpack.clone(),
        binpack.clone().with_strategies(Strategy::Random).with_tie_break(TieBreak::Seeded).with_seed(7),
        binpack.with_count(3).with_all_or_nothing(true),
    ];
    let ids = requests.map(|request| cluster.prepare(&request).unwrap());
    (cluster, ids)
}

/// Options for each route.
fn routes_of(is_strict: bool) -> [Options; 3] {
    [Route::Scan, Route::Auto, Route::Indexed].map(|route| Options { is_strict, route, ..Options::default() })
}

#[test]
fn each_task_has_an_entry_and_all_or_nothing_holds_for_its_request_alone() {
    for options in routes_of(false) {
        let (mut cluster, [one, random, three]) = small(options);
        let mut placements = vec![];
        let placed = cluster.place_list(&[one, three, random, three, one, one, one], &mut placements);
        let entries: Vec<bool> = placements.iter().map(Option::is_some).collect();
        let (yes, no) = (true, false);
        // Six places: one, three together, one at random; three do not fit any more, one does.
        assert_eq!(entries, [yes, yes, yes, yes, yes, no, no, no, yes, no, no]);
        assert_eq!((placed, cluster.running_tasks(), cluster.sequence()), (Ok(6), 6, 6));
        assert_eq!(cluster.place_list(&[], &mut placements), Ok(0));
        assert_eq!(placements.len(), 11);
        cluster.validate().unwrap();
    }
}

#[test]
fn a_list_that_fails_leaves_nothing() {
    for options in routes_of(true) {
        for with_savepoint in [false, true] {
            let (mut cluster, [one, random, three]) = small(options.clone());
            let first = cluster.place_one(one).unwrap().placement();
            let savepoint = with_savepoint.then(|| cluster.begin());
            let before = cluster.fingerprint();
            let mut placements: Vec<Option<Placement>> = vec![first];
            // The seventh task has no reserved slot, whether an instance has room for it or not.
            let list = [one, random, three, one, one];
            assert_eq!(cluster.place_list(&list, &mut placements).unwrap_err().code(), "limit.reserved");
            assert_eq!((placements.len(), cluster.fingerprint()), (1, before));

            cluster.release(random).unwrap();
            let stale = cluster.place_list(&[one, one, random], &mut placements).unwrap_err();
            assert_eq!(stale.kind(), ErrorKind::StaleHandle);
            assert_eq!((placements.len(), cluster.fingerprint()), (1, before));

            assert_eq!(cluster.place_list(&[three, one, one], &mut placements), Ok(5));
            cluster.validate().unwrap();
            if let Some(savepoint) = savepoint {
                cluster.rollback(savepoint).unwrap();
                assert_eq!(cluster.fingerprint(), before);
                cluster.validate().unwrap();
            }
        }
    }
}

#[test]
fn a_list_for_more_tasks_than_there_can_be_is_refused() {
    let (mut cluster, [one, ..]) = small(Options::default());
    let many = cluster.prepare(&Request::new("web", Demand::new(1, 1)).with_count(10_000_000)).unwrap();
    let refused = cluster.place_list(&[one, many, many, many, many, many, many, many], &mut vec![]).unwrap_err();
    assert_eq!((refused.kind(), cluster.running_tasks()), (ErrorKind::LimitExceeded, 0));
}

#[test]
fn what_a_batch_does_not_cover_is_placed_among_the_rest() {
    let mut draws = Draws::new(3);
    let mut triplets = Triplets::new(Release::Last);
    for _ in 0..120 {
        triplets.register(&mut draws);
    }
    let (memory, instance) = (Strategy::Binpack(BinpackField::Memory), Strategy::Spread(SpreadField::InstanceId));
    let chains = [
        vec![memory.clone()],
        vec![],
        vec![Strategy::Random],
        vec![instance.clone()],
        vec![memory.clone(), Strategy::Binpack(BinpackField::Cpu)],
        vec![Strategy::spread("ecs.availability-zone"), instance],
        vec![Strategy::spread("ecs.availability-zone"), memory],
    ];
    for chain in chains {
        let request = Request::new("web:1", Demand::new(200, 300)).with_strategies(StrategyChain::new(chain).unwrap());
        let id = triplets.all(|cluster| cluster.prepare(&request)).unwrap();
        triplets.requests.push(id);
    }
    let list: Vec<RequestId> = (0..2500).map(|_| draws.pick(&triplets.requests)).collect();
    assert!(triplets.place_list(&list).iter().any(Option::is_none), "the cluster is full in the end");
    triplets.validate("everything in turn");
}

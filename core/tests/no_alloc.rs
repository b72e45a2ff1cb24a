//! Proof that placing, stopping, beginning, rolling back and committing allocate nothing within what was reserved.
//!
//! The allocator counts for one thread at a time; a control shows that it does count.
#![allow(unsafe_code, reason = "a counting allocator is unsafe by its trait")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use placewright::{
    BinpackField, Capacity, Cluster, Constraint, Demand, GpuDemand, Instance, LaunchKind, Options, Protocol, Request,
    RequestId, Route, Strategy, StrategyChain, TaskId, TieBreak, Workload, WorkloadKind, expr,
};

/// Counts allocations of the thread that asks it to.
struct Counting;

thread_local! {
    static COUNT: Cell<Option<u64>> = const { Cell::new(None) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get().map(|n| n + 1)));
        BYTES.with(|bytes| bytes.set(bytes.get().wrapping_add(layout.size())));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.with(|bytes| bytes.set(bytes.get().wrapping_sub(layout.size())));
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.with(|count| count.set(count.get().map(|n| n + 1)));
        BYTES.with(|bytes| bytes.set(bytes.get().wrapping_add(size).wrapping_sub(layout.size())));
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations made by `work`.
fn allocations(work: impl FnOnce()) -> u64 {
    COUNT.with(|count| count.set(Some(0)));
    work();
    COUNT.with(Cell::take).unwrap()
}

/// Bytes that `make` leaves allocated, beside what it makes.
fn bytes_of<T>(make: impl FnOnce() -> T) -> (T, usize) {
    let before = BYTES.with(Cell::get);
    let made = make();
    (made, BYTES.with(Cell::get).wrapping_sub(before))
}

const INSTANCES: usize = 48;
const TASKS: usize = 600;

/// A fleet with everything that placing looks at: zones, GPUs, interfaces, attributes, other groups.
fn fleet(is_strict: bool, route: Route) -> Cluster {
    let mut cluster = Cluster::with_options(Options { is_strict, route, ..Options::default() });
    cluster.reserve(Capacity { instances: INSTANCES, tasks: TASKS, ports: 300, changes: 4 * TASKS, savepoints: 8 });
    cluster.declare_resource("LICENSES").unwrap();
    for number in 0..INSTANCES {
        let name = format!("ci/{number}");
        let gpus = [format!("{name}/g0"), format!("{name}/g1")];
        let mut instance = Instance::new(&name)
            .with_resources(4096, 8192)
            .with_gpus(gpus.iter().map(String::as_str))
            .with_custom("LICENSES", 6)
            .with_zone(["a", "b", "c"][number % 3])
            .with_attribute("stack", if number % 2 == 0 { "prod" } else { "test" })
            .with_flag("ecs.capability.task-eni")
            .with_eni_task_slots(3);
        if number % 8 == 7 {
            instance = instance.with_flag("ecs.capability.external");
        }
        cluster.register(&instance).unwrap();
    }
    for group in ["service:db", "service:cache"] {
        let request = Request::new("side", Demand::new(16, 16)).with_group(group).with_strategies(Strategy::Random);
        let id = cluster.prepare(&request).unwrap();
        for _ in 0..INSTANCES / 3 {
            cluster.place_one(id).unwrap();
        }
    }
    cluster
}

/// A target workload of every sort of kind.
fn workload() -> Workload {
    let prod = expr::compile("attribute:stack == prod").unwrap();
    let kinds = [
        WorkloadKind::new(64, 128, GpuDemand::Share(300)).with_weight(3),
        WorkloadKind::new(512, 0, GpuDemand::Share(700)).with_condition(prod),
        WorkloadKind::new(1024, 0, GpuDemand::Whole(2)),
    ];
    Workload::new(kinds).unwrap()
}

/// Every chain of up to two rules, and some longer ones.
fn chains() -> Vec<StrategyChain> {
    let rules = [
        Strategy::Binpack(BinpackField::Cpu),
        Strategy::Binpack(BinpackField::Memory),
        Strategy::spread("ecs.availability-zone"),
        Strategy::spread("nobody-has-it"),
        Strategy::Spread(placewright::SpreadField::InstanceId),
        Strategy::Random,
        Strategy::BestFit,
        Strategy::DotProduct,
        Strategy::Fragmentation(workload()),
        Strategy::Headroom(workload()),
    ];
    let mut chains = vec![StrategyChain::default()];
    let is_ecs = |rule: &Strategy| matches!(rule, Strategy::Binpack(_) | Strategy::Spread(_) | Strategy::Random);
    for first in &rules {
        chains.push(first.clone().into());
        // Ours after ours is like ours after any.
        for second in rules.iter().filter(|second| is_ecs(first) || is_ecs(second)) {
            chains.push(StrategyChain::new([first.clone(), second.clone()]).unwrap());
        }
    }
    chains.push(StrategyChain::new(rules).unwrap());
    chains
}

/// Every kind of constraint.
fn constraints() -> Vec<Vec<Constraint>> {
    let member = |text: &str| Constraint::MemberOf(expr::compile(text).unwrap());
    let (stack, group) = if cfg!(feature = "regex") {
        ("attribute:stack =~ 'pr.*'", "task:group =~ 'service:.*'")
    } else {
        ("attribute:stack in [prod]", "task:group in ['service:db', 'service:cache']")
    };
    vec![
        vec![],
        vec![Constraint::DistinctInstance],
        vec![member("attribute:stack == prod")],
        vec![member(&format!("{stack} and registeredAt !=  2018-02-13 or agentConnected == true"))],
        vec![member("not(task:group == service:db)")],
        vec![member("task:group in ['service:db', 'service:cache', 'none'] or runningTasksCount < 3")],
        vec![member(&format!("{group} or attribute:stack == test")), Constraint::DistinctInstance],
        vec![member("runningTasksCount < 9 and (attribute:stack == prod or task:group != service:db)")],
    ]
}

/// Demands that touch every dimension.
fn demands() -> Vec<Demand> {
    vec![
        Demand::new(64, 128),
        Demand::new(64, 128).with_port(Protocol::Tcp, 8080).with_port(Protocol::Udp, 53),
        Demand::new(64, 128).with_gpus(GpuDemand::Whole(1)),
        Demand::new(64, 128).with_gpus(GpuDemand::All),
        Demand::new(64, 128).with_gpus(GpuDemand::Share(300)),
        Demand { eni: true, ..Demand::new(64, 128) },
        Demand::new(64, 128).with_custom("LICENSES", 2),
        Demand::new(1 << 40, 128),
    ]
}

/// Places and stops at random for long, then inside savepoints; a rejection is as good as a placement.
fn churn(cluster: &mut Cluster, id: RequestId, tasks: &mut Vec<TaskId>, rounds: u64) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..rounds {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let room = tasks.len() < TASKS / 4;
        if room && (state >> 33 & 1 == 0 || tasks.is_empty()) {
            if let Some(placement) = cluster.place_one(id).unwrap().placement() {
                tasks.push(placement.task);
            }
        } else if !tasks.is_empty() {
            let at = usize::try_from(state >> 40).unwrap() % tasks.len();
            cluster.stop(tasks.swap_remove(at)).unwrap();
        }
    }
    while let Some(task) = tasks.pop() {
        cluster.stop(task).unwrap();
    }
    for keep in [false, true] {
        let outer = cluster.begin();
        for _ in 0..8 {
            cluster.place_one(id).unwrap();
        }
        let inner = cluster.begin();
        for _ in 0..8 {
            if let Some(placement) = cluster.place_one(id).unwrap().placement() {
                cluster.stop(placement.task).unwrap();
            }
        }
        cluster.rollback(inner).unwrap();
        if keep { cluster.commit(outer).unwrap() } else { cluster.rollback(outer).unwrap() }
    }
}

#[test]
fn the_allocator_counts() {
    let mut kept = Vec::new();
    assert_eq!(allocations(|| kept.push(1)), 1);
}

#[test]
fn no_chain_constraint_or_demand_allocates() {
    let each = |constraints: Vec<Constraint>| demands().into_iter().map(move |demand| (constraints.clone(), demand));
    let pairs: Vec<_> = constraints().into_iter().flat_map(each).collect();
    let turns = [(false, Route::Scan), (true, Route::Scan), (false, Route::Indexed), (true, Route::Indexed)];
    for (turn, &(is_strict, route)) in turns.iter().enumerate() {
        for (number, (constraints, demand)) in pairs.iter().enumerate() {
            // Every pair in an optimised build; a debug build takes each in one of the turns, every demand in all of them.
            if cfg!(debug_assertions) && (number + number / demands().len()) % turns.len() != turn {
                continue;
            }
            let mut cluster = fleet(is_strict, route);
            for chain in chains() {
                let mut request = Request::new("web", demand.clone()).with_strategies(chain).with_seed(7);
                request.constraints.clone_from(constraints);
                let id = cluster.prepare(&request).unwrap();
                let mut tasks = Vec::with_capacity(TASKS);
                let fresh = cluster.clone();
                let count = allocations(|| churn(&mut cluster, id, &mut tasks, 60));
                assert_eq!(count, 0, "{request:?}");
                cluster.validate().unwrap();
                cluster = fresh;
                cluster.reserve(cluster.reserved());
                cluster.release(id).unwrap();
            }
        }
    }
}

#[test]
fn long_churn_of_a_full_cluster_allocates_nothing() {
    for (route, last) in [
        (Route::Scan, None),
        (Route::Indexed, None),
        (Route::Indexed, Some(Strategy::Binpack(BinpackField::Cpu))),
        (Route::Indexed, Some(Strategy::Spread(placewright::SpreadField::InstanceId))),
        (Route::Indexed, Some(Strategy::Fragmentation(workload()))),
        (Route::Indexed, Some(Strategy::Headroom(workload()))),
    ] {
        let mut cluster = fleet(true, route);
        let demand = Demand::new(64, 128).with_port(Protocol::Tcp, 8080).with_gpus(GpuDemand::Share(100));
        let tie_break = if last.is_some() { TieBreak::Registration } else { TieBreak::Seeded };
        let chain = [Strategy::spread("ecs.availability-zone")].into_iter().chain(last);
        let request =
            Request { tie_break, ..Request::new("web", demand) }.with_strategies(StrategyChain::new(chain).unwrap());
        let id = cluster.prepare(&request).unwrap();
        let mut tasks = Vec::with_capacity(TASKS);
        assert_eq!(allocations(|| churn(&mut cluster, id, &mut tasks, 100_000)), 0);
        cluster.validate().unwrap();
    }
}

#[test]
fn external_instances_and_zones_allocate_nothing() {
    let mut cluster = fleet(true, Route::Indexed);
    let request = Request {
        launch: LaunchKind::External,
        zones: Some(vec!["b".into()]),
        ..Request::new("web", Demand::new(64, 128))
    };
    let id = cluster.prepare(&request).unwrap();
    let mut tasks = Vec::with_capacity(TASKS);
    assert_eq!(allocations(|| churn(&mut cluster, id, &mut tasks, 2_000)), 0);
}

#[test]
fn scale_in_of_a_known_chain_allocates_nothing() {
    for chain in chains() {
        let mut cluster = fleet(true, Route::Indexed);
        let request = Request::new("web", Demand::new(64, 128)).with_strategies(chain.clone());
        let id = cluster.prepare(&request).unwrap();
        let mut placements = Vec::with_capacity(TASKS);
        let mut stopped = Vec::with_capacity(TASKS);
        for _ in 0..40 {
            placements.extend(cluster.place_one(id).unwrap().placement());
        }
        let count = allocations(|| cluster.scale_in("family:web", Some(&chain), 30, 3, &mut stopped).unwrap());
        assert_eq!(count, 0, "{chain:?}");
        assert_eq!(stopped.len(), 30);
        cluster.validate().unwrap();
    }
}

#[test]
fn strict_mode_refuses_to_grow_and_changes_nothing() {
    let mut cluster = Cluster::with_options(Options { is_strict: true, ..Options::default() });
    cluster.reserve(Capacity { instances: 1, tasks: 2, ports: 1, changes: 1, savepoints: 1 });
    cluster.register(&Instance::new("i-1").with_resources(4096, 4096)).unwrap();
    let more = cluster.register(&Instance::new("i-2")).unwrap_err();
    assert_eq!(more.code(), "limit.reserved");

    let id = cluster.prepare(&Request::new("web", Demand::new(1, 1))).unwrap();
    assert!(cluster.place_one(id).unwrap().placement().is_some());
    assert!(cluster.place_one(id).unwrap().placement().is_some());
    let before = cluster.fingerprint();
    assert_eq!(cluster.place_one(id).unwrap_err().code(), "limit.reserved");
    assert_eq!(cluster.fingerprint(), before);

    let ports = Demand::new(1, 1).with_port(Protocol::Tcp, 1).with_port(Protocol::Tcp, 2);
    let id = cluster.prepare(&Request::new("ports", ports)).unwrap();
    let first = cluster.tasks().next().unwrap();
    let savepoint = cluster.begin();
    cluster.stop(first).unwrap();
    assert_eq!(cluster.place_one(id).unwrap_err().code(), "limit.reserved");
    cluster.rollback(savepoint).unwrap();
    assert_eq!(cluster.fingerprint(), before);
    cluster.validate().unwrap();
}

#[test]
fn a_savepoint_is_free_when_reserved_and_never_refused() {
    for is_strict in [false, true] {
        let mut cluster = fleet(is_strict, Route::Auto);
        let reserved = cluster.reserved().savepoints;
        let mut savepoints = Vec::with_capacity(reserved + 1);
        let mut open = |cluster: &mut Cluster| allocations(|| savepoints.push(cluster.begin()));
        for _ in 0..reserved {
            assert_eq!(open(&mut cluster), 0);
        }
        assert_eq!(open(&mut cluster), 1);
        let before = cluster.fingerprint();
        while let Some(savepoint) = savepoints.pop() {
            assert_eq!(allocations(|| cluster.rollback(savepoint).unwrap()), 0);
        }
        assert_eq!((cluster.savepoints(), cluster.fingerprint()), (0, before));
    }
}

/// Ten thousand instances with everything that describe output says, and forty thousand tasks, some with a GPU.
fn large_fleet() -> Cluster {
    let mut cluster = Cluster::new();
    cluster.reserve(Capacity { instances: 10_000, tasks: 40_000, ports: 1_000, changes: 100, savepoints: 2 });
    for number in 0..10_000_u32 {
        let name = format!("arn:aws:ecs:eu-west-1:111122223333:container-instance/demo/{number:032x}");
        let id = format!("i-{number:017x}");
        let mut instance = Instance::new(&name)
            .with_resources(4096, 15_700)
            .with_zone(["a", "b", "c"][number as usize % 3])
            .with_attribute("ecs.instance-type", "m5.xlarge");
        instance.agent_version = Some("1.89.2");
        instance.ec2_instance_id = Some(&id);
        instance.capacity_provider = Some("on-demand");
        instance.registered_at = Some(placewright::Timestamp::from_nanoseconds(1_760_000_000_000_000_000));
        instance.eni_task_slots = Some(3);
        if number % 10 == 0 {
            instance = instance.with_gpus(["g0", "g1"]);
        }
        cluster.register(&instance).unwrap();
    }
    let plain = cluster.prepare(&Request::new("web", Demand::new(64, 128))).unwrap();
    let gpu = cluster.prepare(&Request::new("train", Demand::new(64, 128).with_gpus(GpuDemand::Whole(1)))).unwrap();
    let instances: Vec<_> = cluster.instances().collect();
    for number in 0..40_000 {
        let id = if number < 20_000 && number % 40 == 0 { gpu } else { plain };
        cluster.start(id, instances[number % 10_000]).unwrap().unwrap();
    }
    cluster
}

#[test]
fn an_instance_takes_200_bytes_a_task_48_and_the_total_is_what_was_allocated() {
    let (cluster, allocated) = bytes_of(large_fleet);
    let memory = cluster.memory();
    assert!(memory.instances <= 200 * 10_000, "{memory:?}");
    assert!(memory.tasks <= 48 * 40_000, "{memory:?}");
    let stated = cluster.memory_usage();
    assert!(stated.abs_diff(allocated) * 100 <= allocated, "{stated} bytes stated, {allocated} allocated");
}

/// A cluster on the indexed route with equal instances.
fn equal_instances(count: usize) -> (Cluster, Vec<placewright::InstanceId>) {
    let mut cluster = Cluster::with_options(Options { route: Route::Indexed, ..Options::default() });
    cluster.reserve(Capacity { instances: count, tasks: 2000, ports: 2000, changes: 8000, savepoints: 4 });
    let register = |cluster: &mut Cluster, number: usize| {
        cluster.register(&Instance::new(&format!("ci/{number}")).with_resources(4096, 4096)).unwrap()
    };
    let ids = (0..count).map(|number| register(&mut cluster, number)).collect();
    (cluster, ids)
}

/// Allocations of placing so many tasks one by one.
fn placing_allocates(cluster: &mut Cluster, id: RequestId, tasks: usize) -> u64 {
    allocations(|| {
        for _ in 0..tasks {
            cluster.place_one(id).unwrap();
        }
    })
}

#[test]
fn instances_that_replaced_others_allocate_nothing() {
    for chain in [StrategyChain::default(), Strategy::Spread(placewright::SpreadField::InstanceId).into()] {
        let (mut cluster, ids) = equal_instances(640);
        let request = Request::new("web", Demand::new(1, 1)).with_strategies(chain);
        let id = cluster.prepare(&request.with_constraint(Constraint::DistinctInstance)).unwrap();
        for (number, old) in ids.into_iter().enumerate() {
            cluster.deregister(old, true).unwrap();
            let name = format!("new/{number}");
            cluster.register(&Instance::new(&name).with_resources(4096, 4096)).unwrap();
        }
        assert_eq!(placing_allocates(&mut cluster, id, 640), 0);
        cluster.validate().unwrap();
    }
}

#[test]
fn many_ports_and_many_expressions_allocate_nothing() {
    let (mut cluster, _) = equal_instances(640);
    let demand = (80..90).fold(Demand::new(1, 1), |demand, port| demand.with_port(Protocol::Tcp, port));
    let ports = cluster.prepare(&Request::new("web", demand)).unwrap();
    let mut request = Request::new("web", Demand::new(1, 1));
    for text in ["runningTasksCount < 4", "runningTasksCount < 5", "not(task:group == service:b)"] {
        request = request.with_constraint(Constraint::MemberOf(expr::compile(text).unwrap()));
    }
    let expressions = cluster.prepare(&request).unwrap();
    for id in [ports, expressions] {
        assert_eq!(placing_allocates(&mut cluster, id, 100), 0);
    }
}

#[test]
fn no_list_allocates() {
    for (is_strict, route) in
        [(false, Route::Scan), (true, Route::Scan), (false, Route::Indexed), (true, Route::Indexed)]
    {
        for constraints in constraints() {
            let mut cluster = fleet(is_strict, route);
            let mut list = Vec::new();
            for ((chain, demand), number) in chains().into_iter().zip(demands().into_iter().cycle()).zip(0..) {
                let mut request = Request::new("web", demand).with_strategies(chain).with_seed(7);
                request.constraints.clone_from(&constraints);
                request.all_or_nothing = number % 3 == 0;
                list.push(cluster.prepare(&request.with_count(1 + number % 4)).unwrap());
            }
            list.extend_from_within(..);
            let mut copy = cluster.clone();
            for cluster in [&mut cluster, &mut copy] {
                let mut placements = Vec::with_capacity(4 * list.len());
                let count = allocations(|| {
                    for _ in 0..3 {
                        placements.clear();
                        let savepoint = cluster.begin();
                        cluster.place_list(&list, &mut placements).unwrap();
                        cluster.rollback(savepoint).unwrap();
                    }
                });
                assert_eq!(count, 0, "{constraints:?}");
                assert!(placements.iter().any(Option::is_some), "{constraints:?}");
                cluster.validate().unwrap();
            }
        }
    }
}

#[test]
fn groups_of_hundreds_of_tasks_on_an_instance_allocate_nothing() {
    let rules: [StrategyChain; 2] =
        [Strategy::Spread(placewright::SpreadField::InstanceId).into(), Strategy::Binpack(BinpackField::Memory).into()];
    for chain in rules {
        // Few instances, so that counts pass 255; and other groups whose pages come and go.
        let (mut cluster, ids) = equal_instances(3);
        let spread = Request::new("web", Demand::new(1, 1))
            .with_strategies(Strategy::Spread(placewright::SpreadField::InstanceId));
        let watching = cluster.prepare(&spread).unwrap();
        let id = cluster.prepare(&Request::new("web", Demand::new(1, 1)).with_strategies(chain)).unwrap();
        let distinct = Request::new("other", Demand::new(1, 1)).with_constraint(Constraint::DistinctInstance);
        let other = cluster.prepare(&distinct).unwrap();
        let mut tasks = Vec::with_capacity(2000);
        for round in 0..3 {
            let count = allocations(|| {
                for _ in 0..900 {
                    tasks.push(cluster.place_one(id).unwrap().placement().unwrap().task);
                }
                let gone = cluster.place_one(other).unwrap().placement().unwrap().task;
                cluster.stop(gone).unwrap();
                // Back and forth over the border between counts in a byte and great ones.
                for _ in 0..200 {
                    let task = tasks.swap_remove(tasks.len() / 2);
                    cluster.stop(task).unwrap();
                    tasks.push(cluster.place_one(watching).unwrap().placement().unwrap().task);
                }
                while let Some(task) = tasks.pop() {
                    cluster.stop(task).unwrap();
                }
            });
            assert_eq!(count, 0, "round {round}");
            cluster.validate().unwrap();
        }
        assert_eq!(ids.len(), 3);
    }
}

#[test]
fn counts_between_sets_and_the_list_allocate_nothing() {
    let (mut cluster, ids) = equal_instances(200);
    let id = cluster
        .prepare(
            &Request::new("web", Demand::new(1, 1))
                .with_strategies(Strategy::Spread(placewright::SpreadField::InstanceId)),
        )
        .unwrap();
    let mut tasks = Vec::with_capacity(2000);
    for _ in 0..3 * ids.len() {
        tasks.push(cluster.place_one(id).unwrap().placement().unwrap().task);
    }
    // Every instance has three; each goes to four and back, some to two.
    let count = allocations(|| {
        for round in 0..2000 {
            tasks.push(cluster.place_one(id).unwrap().placement().unwrap().task);
            let at = round * 7 % tasks.len();
            cluster.prefetch_stops(&tasks[at..]);
            let task = tasks.swap_remove(at);
            cluster.stop(task).unwrap();
        }
    });
    assert_eq!(count, 0);
    cluster.validate().unwrap();
}

#[test]
fn a_copy_made_after_a_release_allocates_nothing_within_what_is_reserved() {
    let (mut cluster, _) = equal_instances(200);
    let spread = |family: &str| {
        Request::new(family, Demand::new(1, 1)).with_strategies(Strategy::Spread(placewright::SpreadField::InstanceId))
    };
    let [first, second] = ["web", "db"].map(|family| cluster.prepare(&spread(family)).unwrap());
    for _ in 0..800 {
        cluster.place_one(first).unwrap();
    }
    cluster.release(first).unwrap();
    cluster.validate().unwrap();
    let mut copy = cluster.clone();
    copy.reserve(cluster.reserved());
    assert_eq!(placing_allocates(&mut copy, second, 1000), 0);
    copy.validate().unwrap();
    let again = cluster.prepare(&spread("web")).unwrap();
    cluster.reserve(cluster.reserved());
    assert_eq!(placing_allocates(&mut cluster, again, 600), 0);
    cluster.validate().unwrap();
}

#[test]
fn rolling_back_many_deregistrations_allocates_nothing() {
    let (mut cluster, ids) = equal_instances(2000);
    let request = Request::new("web", Demand::new(1, 1)).with_count(1000);
    let id = cluster.prepare(&request.with_strategies(Strategy::Spread(placewright::SpreadField::InstanceId))).unwrap();
    cluster.place(id, &mut Vec::new()).unwrap();
    let before = cluster.fingerprint();
    let savepoint = cluster.begin();
    for &id in &ids[..1800] {
        cluster.deregister(id, true).unwrap();
    }
    for number in 0..1800 {
        cluster.register(&Instance::new(&format!("new/{number}")).with_resources(4096, 4096)).unwrap();
    }
    assert_eq!(allocations(|| cluster.rollback(savepoint).unwrap()), 0);
    assert_eq!(cluster.fingerprint(), before);
    cluster.validate().unwrap();
}

#[test]
fn taking_back_instances_with_attributes_allocates_nothing() {
    let mut cluster = fleet(false, Route::Indexed);
    let before = cluster.fingerprint();
    for keep in [false, true] {
        let savepoint = cluster.begin();
        let register = |number: usize| {
            let name = format!("new/{number}");
            let instance = Instance::new(&name).with_resources(4096, 4096).with_zone(["a", "new"][number % 2]);
            cluster.register(&instance.with_attribute("stack", "prod").with_attribute(&name, "own")).unwrap()
        };
        let new: Vec<_> = (0..200).map(register).collect();
        for id in new {
            cluster.deregister(id, false).unwrap();
        }
        let close = || if keep { cluster.commit(savepoint) } else { cluster.rollback(savepoint) }.unwrap();
        assert_eq!(allocations(close), 0, "{keep}");
        assert_eq!(cluster.fingerprint(), before);
        cluster.validate().unwrap();
    }
}

//! Both routes on long lives: the same random operations on three clusters with requests that stay prepared, one answering by
//! scan, one by index, and one that changes its mind and is copied now and then. Every answer must be the same, and everything
//! derived must be right all along.

use placewright::{
    BinpackField, Capacity, Cluster, Constraint, Demand, GpuDemand, Instance, InstanceId, InstanceStatus, Options,
    Placement, Protocol, Release, Request, RequestId, Route, RunningTask, Savepoint, SpreadField, Strategy,
    StrategyChain, TaskId, TieBreak, Workload, WorkloadKind, expr,
};
use rand_core::{Rng as _, SeedableRng as _};

/// Draws of a test.
pub(crate) struct Draws(rand_xoshiro::Xoshiro256PlusPlus);

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self(rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.0.next_u64() % bound as u64).unwrap()
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

/// Resources beside those of ECS.
const CUSTOM: [&str; 2] = ["LICENSES", "SEATS"];

/// The same cluster three times.
pub(crate) struct Triplets {
    /// By scan, by index, and by either.
    pub(crate) clusters: [Cluster; 3],
    /// Tasks that run.
    pub(crate) tasks: Vec<TaskId>,
    /// Tasks that were stopped and still hold.
    stopping: Vec<TaskId>,
    /// Prepared requests.
    pub(crate) requests: Vec<RequestId>,
    /// Instances registered so far.
    names: usize,
}

impl Triplets {
    pub(crate) fn new(release: Release) -> Self {
        let cluster = |route| {
            let mut cluster = Cluster::with_options(Options { route, release, ..Options::default() });
            for name in CUSTOM {
                cluster.declare_resource(name).unwrap();
            }
            cluster
        };
        let clusters = [Route::Scan, Route::Indexed, Route::Auto].map(cluster);
        Self { clusters, tasks: vec![], stopping: vec![], requests: vec![], names: 0 }
    }

    /// Does something to all and returns what all say.
    pub(crate) fn all<T: PartialEq + std::fmt::Debug>(&mut self, act: impl FnMut(&mut Cluster) -> T) -> T {
        let [scan, indexed, either] = self.clusters.each_mut().map(act);
        assert_eq!((&scan, &scan), (&indexed, &either));
        scan
    }

    /// Notes that tasks were stopped.
    fn stopped(&mut self, stopped: &[TaskId]) {
        self.tasks.retain(|task| !stopped.contains(task));
        if self.clusters[0].options().release == Release::Last {
            self.stopping.extend(stopped);
        }
    }

    /// Places a list: on the first cluster one request after another, on the others by one call. Notes and returns what came
    /// of it.
    pub(crate) fn place_list(&mut self, list: &[RequestId]) -> Vec<Option<Placement>> {
        let [one_by_one, lists @ ..] = &mut self.clusters;
        let (mut expected, mut total) = (vec![], 0);
        for &id in list {
            let (mut placed, wanted) = (vec![], one_by_one.request(id).unwrap().count as usize);
            one_by_one.place(id, &mut placed).unwrap();
            total += placed.len();
            let rejected = wanted - placed.len();
            expected.extend(placed.into_iter().map(Some).chain(std::iter::repeat_n(None, rejected)));
        }
        for cluster in lists {
            let mut placements = vec![None];
            assert_eq!(cluster.place_list(list, &mut placements), Ok(total));
            assert_eq!(placements[1..], expected);
        }
        self.tasks.extend(expected.iter().flatten().map(|placement| placement.task));
        expected
    }

    /// Checks that everything derived is right, and that all are in the same state.
    pub(crate) fn validate(&self, when: &str) {
        for cluster in &self.clusters {
            assert_eq!(cluster.validate(), Ok(()), "{when}");
        }
        let [scan, indexed, either] = self.clusters.each_ref().map(Cluster::fingerprint);
        assert_eq!((scan, scan), (indexed, either), "{when}");
    }

    pub(crate) fn register(&mut self, draws: &mut Draws) -> InstanceId {
        let name = format!("ci/{}", self.names);
        self.names += 1;
        let (cpu, memory) = draws.pick(&[(1024, 4096), (2048, 2048), (4096, 8192), (2048, 8192)]);
        let (zone, rack) = (draws.pick(&["a", "b", "c"]), draws.below(90).to_string());
        let (stack, licenses) = (draws.pick(&["prod", "test", "dev"]), draws.below(4));
        let gpus: Vec<String> = (0..draws.below(3)).map(|gpu| format!("{name}/{gpu}")).collect();
        let has_zone = draws.below(12) > 0;
        let (seats, interfaces) = (draws.below(40), u32::try_from(draws.below(4)).unwrap());
        self.all(|cluster| {
            let mut instance = Instance::new(&name)
                .with_resources(cpu, memory)
                .with_gpus(gpus.iter().map(String::as_str))
                .with_custom("LICENSES", i64::try_from(licenses).unwrap())
                .with_custom("SEATS", i64::try_from(seats).unwrap())
                .with_eni_task_slots(interfaces)
                .with_attribute("rack", &rack)
                .with_attribute("stack", stack);
            if has_zone {
                instance = instance.with_zone(zone);
            }
            cluster.register(&instance).unwrap()
        })
    }
}

/// One of a few target workloads.
fn workload(draws: &mut Draws) -> Workload {
    let prod = expr::compile("attribute:stack in [prod, test] and agentConnected == true").unwrap();
    let kinds = [
        WorkloadKind::new(64, 0, GpuDemand::Share(300)).with_weight(7),
        WorkloadKind::new(512, 1024, GpuDemand::Share(draws.pick(&[500, 650]))).with_condition(prod),
        WorkloadKind::new(0, 512, GpuDemand::Whole(1)).with_weight(3),
        WorkloadKind::new(1024, 0, GpuDemand::Whole(2)),
        WorkloadKind::new(64, 64, GpuDemand::None),
    ];
    Workload::new(kinds.into_iter().skip(draws.below(3))).unwrap()
}

/// Any request.
pub(crate) fn request(draws: &mut Draws) -> Request {
    let mut demand = Demand::new(draws.pick(&[0, 64, 256, 512]), draws.pick(&[0, 128, 512, 1024]));
    match draws.below(8) {
        0 => demand = demand.with_port(Protocol::Tcp, draws.pick(&[80, 443])),
        1 => demand = demand.with_gpus(draws.pick(&[GpuDemand::Whole(1), GpuDemand::Share(300), GpuDemand::All])),
        3 => demand = demand.with_gpus(GpuDemand::Share(draws.pick(&[150, 300, 650]))),
        2 => demand = demand.with_custom("LICENSES", 1),
        _ => {}
    }
    if draws.below(4) == 0 {
        demand = demand.with_custom("SEATS", draws.pick(&[1, 3, 20]));
    }
    demand.eni = draws.below(8) == 0;
    let rules = [
        Strategy::Binpack(BinpackField::Cpu),
        Strategy::Binpack(BinpackField::Memory),
        Strategy::spread("ecs.availability-zone"),
        Strategy::spread("rack"),
        Strategy::Spread(SpreadField::InstanceId),
        Strategy::Random,
        Strategy::BestFit,
        Strategy::DotProduct,
        Strategy::Fragmentation(workload(draws)),
        Strategy::Headroom(workload(draws)),
    ];
    let length = draws.below(4);
    let chain = StrategyChain::new((0..length).map(|_| draws.pick(&rules))).unwrap();
    let mut request = Request::new("web:1", demand)
        .with_group(draws.pick(&["service:a", "service:b", "service:c"]))
        .with_strategies(chain)
        .with_seed(draws.below(100) as u64)
        .with_count(u32::try_from(1 + draws.below(40)).unwrap());
    request.all_or_nothing = draws.below(8) == 0;
    if draws.below(8) == 0 {
        request.tie_break = TieBreak::Seeded;
    }
    for _ in 0..draws.below(3) {
        request.constraints.push(match draws.below(6) {
            0 | 1 => Constraint::DistinctInstance,
            2 => Constraint::MemberOf(expr::compile("attribute:stack == prod").unwrap()),
            3 => Constraint::MemberOf(expr::compile("attribute:rack > 80 or attribute:stack in [test, dev]").unwrap()),
            4 => Constraint::MemberOf(expr::compile("not(task:group == service:b)").unwrap()),
            _ => Constraint::MemberOf(expr::compile("runningTasksCount < 4 and attribute:stack != dev").unwrap()),
        });
    }
    request
}

/// One operation on both.
fn step(triplets: &mut Triplets, draws: &mut Draws, savepoints: &mut Vec<(Savepoint, [Vec<TaskId>; 2])>) {
    let instances: Vec<InstanceId> = triplets.clusters[0].instances().collect();
    match draws.below(26) {
        0 if instances.len() < 400 => {
            triplets.register(draws);
        }
        1 if instances.len() > 40 => {
            let instance = draws.pick(&instances);
            let gone = triplets.all(|cluster| cluster.deregister(instance, true)).unwrap();
            triplets.tasks.retain(|task| !gone.contains(task));
            triplets.stopping.retain(|task| !gone.contains(task));
        }
        2 => {
            let (instance, status) = (draws.pick(&instances), draws.below(3));
            let status = if status == 0 { InstanceStatus::Draining } else { InstanceStatus::Active };
            triplets.all(|cluster| cluster.set_status(instance, status)).unwrap();
        }
        3 => {
            let (instance, connected) = (draws.pick(&instances), draws.below(3) > 0);
            triplets.all(|cluster| cluster.set_agent_connected(instance, connected)).unwrap();
        }
        4 => {
            let instance = draws.pick(&instances);
            let (name, value) = match draws.below(3) {
                0 => ("ecs.availability-zone", draws.pick(&["a", "b", "c", "d"]).to_string()),
                1 => ("rack", draws.below(90).to_string()),
                _ => ("stack", draws.pick(&["prod", "test", "dev"]).to_string()),
            };
            if draws.below(5) == 0 {
                triplets.all(|cluster| cluster.delete_attribute(instance, name).map_err(|error| error.kind())).ok();
            } else {
                triplets.all(|cluster| cluster.put_attribute(instance, name, Some(&value))).unwrap();
            }
        }
        5 if triplets.requests.len() < 24 => {
            let request = request(draws);
            let id = triplets.all(|cluster| cluster.prepare(&request)).unwrap();
            triplets.requests.push(id);
        }
        6 if triplets.requests.len() > 12 => {
            let id = triplets.requests.swap_remove(draws.below(triplets.requests.len()));
            triplets.all(|cluster| cluster.release(id)).unwrap();
        }
        7 if savepoints.len() < 3 => {
            let savepoint = triplets.all(Cluster::begin);
            savepoints.push((savepoint, [triplets.tasks.clone(), triplets.stopping.clone()]));
        }
        8 => {
            if let Some((savepoint, tasks)) = savepoints.pop() {
                if draws.below(2) == 0 {
                    triplets.all(|cluster| cluster.rollback(savepoint)).unwrap();
                    [triplets.tasks, triplets.stopping] = tasks;
                } else {
                    triplets.all(|cluster| cluster.commit(savepoint)).unwrap();
                }
            }
        }
        9..=12 => {
            for _ in 0..draws.below(12).min(triplets.tasks.len()) {
                let task = triplets.tasks.swap_remove(draws.below(triplets.tasks.len()));
                triplets.all(|cluster| cluster.stop(task)).unwrap();
                triplets.stopped(&[task]);
            }
        }
        13 => {
            let (group, count) = (draws.pick(&["service:a", "service:b"]), u32::try_from(draws.below(9)).unwrap());
            let stopped = triplets.all(|cluster| {
                let mut stopped = vec![];
                cluster.scale_in(group, None, count, 1, &mut stopped).unwrap();
                stopped
            });
            triplets.stopped(&stopped);
        }
        14 if !triplets.requests.is_empty() => {
            let (id, instance) = (draws.pick(&triplets.requests), draws.pick(&instances));
            if let Ok(placement) = triplets.all(|cluster| cluster.start(id, instance)).unwrap() {
                triplets.tasks.push(placement.task);
            }
        }
        15 | 16 if !triplets.requests.is_empty() => {
            let id = draws.pick(&triplets.requests);
            let placed = triplets.all(|cluster| {
                let mut placed = vec![];
                cluster.place(id, &mut placed).unwrap();
                placed
            });
            triplets.tasks.extend(placed.iter().map(|placement| placement.task));
        }
        24 | 25 if !triplets.requests.is_empty() => {
            let kinds: Vec<RequestId> = (0..1 + draws.below(6)).map(|_| draws.pick(&triplets.requests)).collect();
            let list: Vec<RequestId> = (0..draws.below(30)).map(|_| draws.pick(&kinds)).collect();
            triplets.place_list(&list);
        }
        17 => {
            for _ in 0..draws.below(6).min(triplets.stopping.len()) {
                let task = triplets.stopping.swap_remove(draws.below(triplets.stopping.len()));
                triplets.all(|cluster| cluster.finish(task)).unwrap();
            }
        }
        18 if savepoints.is_empty() => {
            let (instance, owes) = (draws.pick(&instances), draws.below(4) == 0);
            let demand = Demand::new(if owes { 9000 } else { 64 }, 64).with_port(Protocol::Tcp, draws.pick(&[80, 443]));
            let group = draws.pick(&["service:a", "job:x"]);
            let running = RunningTask::new(instance, "side:1", &demand, group);
            let task = triplets.all(|cluster| cluster.add_task(&running)).unwrap();
            triplets.tasks.push(task);
        }
        19 => {
            let route = draws.pick(&[Route::Auto, Route::Scan, Route::Indexed]);
            triplets.clusters[2].set_route(route);
            triplets.clusters[2] = triplets.clusters[2].clone();
        }
        _ if !triplets.requests.is_empty() => {
            for _ in 0..draws.below(6) {
                let id = draws.pick(&triplets.requests);
                let outcome = triplets.all(|cluster| cluster.place_one(id)).unwrap();
                triplets.tasks.extend(outcome.placement().map(|placement| placement.task));
            }
        }
        _ => {}
    }
}

#[test]
fn every_route_gives_the_same_answers_all_its_life() {
    for seed in 0..12 {
        let mut draws = Draws::new(seed);
        let mut triplets = Triplets::new(if seed % 2 == 0 { Release::Desired } else { Release::Last });
        for _ in 0..[3, 70, 250][usize::try_from(seed % 3).unwrap()] {
            triplets.register(&mut draws);
        }
        let mut savepoints = vec![];
        for round in 0..700 {
            step(&mut triplets, &mut draws, &mut savepoints);
            if round % 7 == 0 {
                triplets.validate(&format!("seed {seed}, round {round}"));
            }
        }
    }
}

/// A cluster on each route.
fn on_each_route(options: &Options) -> [Cluster; 3] {
    [Route::Scan, Route::Auto, Route::Indexed].map(|route| Cluster::with_options(Options { route, ..options.clone() }))
}

#[test]
fn a_rollback_that_makes_a_cluster_large_again_finds_orders_that_know_every_amount() {
    let mut cluster = Cluster::new();
    cluster.declare_resource("LICENSES").unwrap();
    let mut ids = vec![];
    for number in 0..512 {
        let name = format!("ci/{number}");
        let instance = Instance::new(&name).with_resources(4096, 4096);
        ids.push(cluster.register(&instance.with_custom("LICENSES", i64::from(number == 511))).unwrap());
    }
    let binpack = |name: &str, demand| Request::new(name, demand).with_strategies(Strategy::Binpack(BinpackField::Cpu));
    cluster.prepare(&binpack("plain", Demand::new(1, 1))).unwrap();
    let savepoint = cluster.begin();
    cluster.deregister(ids[100], true).unwrap();
    let licensed = cluster.prepare(&binpack("licensed", Demand::new(1, 1).with_custom("LICENSES", 1))).unwrap();
    cluster.rollback(savepoint).unwrap();
    let placed = cluster.place_one(licensed).unwrap().placement().unwrap();
    assert_eq!(placed.instance, ids[511]);
    assert_eq!(cluster.validate(), Ok(()));
}

#[test]
fn more_tasks_of_a_group_than_the_list_tells_apart_are_spread_all_the_same() {
    for mut cluster in on_each_route(&Options::default()) {
        for name in ["ci/a", "ci/b"] {
            cluster.register(&Instance::new(name).with_resources(100, 100)).unwrap();
        }
        let request = Request::new("web", Demand::new(0, 0)).with_count(40_001);
        let id = cluster.prepare(&request.with_strategies(Strategy::Spread(SpreadField::InstanceId))).unwrap();
        let mut placed = vec![];
        assert_eq!(cluster.place(id, &mut placed).unwrap(), None);
        let first = placed[0].instance;
        assert_eq!(placed.iter().filter(|placement| placement.instance == first).count(), 20_001);
    }
}

#[test]
fn an_instance_with_hundreds_of_tasks_of_a_group_is_counted_right_up_and_down() {
    let lives = on_each_route(&Options::default()).map(|mut cluster| {
        let mut register = |name: &str, memory| {
            cluster.register(&Instance::new(name).with_resources(4_000, memory)).unwrap();
        };
        register("ci/full-at-2", 2);
        register("ci/full-at-300", 300);
        for number in 0..90 {
            register(&format!("ci/{number}"), 4);
        }
        register("ci/never-full", 100_000);
        let request = Request::new("web", Demand::new(1, 1)).with_count(1_000);
        let id = cluster.prepare(&request.with_strategies(Strategy::Spread(SpreadField::InstanceId))).unwrap();
        let mut placed = vec![];
        cluster.place(id, &mut placed).unwrap();
        assert_eq!((placed.len(), cluster.validate()), (1_000, Ok(())));
        let savepoint = cluster.begin();
        let mut life: Vec<InstanceId> = placed.iter().map(|placement| placement.instance).collect();
        for (number, placement) in placed.iter().rev().enumerate() {
            cluster.stop(placement.task).unwrap();
            if number % 97 == 0 {
                life.extend(cluster.place_one(id).unwrap().placement().map(|placement| placement.instance));
                assert_eq!(cluster.validate(), Ok(()));
            }
        }
        cluster.rollback(savepoint).unwrap();
        assert_eq!(cluster.validate(), Ok(()));
        life.push(cluster.place_one(id).unwrap().placement().unwrap().instance);
        cluster.release(id).unwrap();
        assert_eq!(cluster.validate(), Ok(()));
        life
    });
    assert_eq!(lives[0], lives[1]);
    assert_eq!(lives[0], lives[2]);
}

#[test]
fn strict_mode_refuses_alike_on_every_route() {
    let answers = on_each_route(&Options { is_strict: true, ..Options::default() }).map(|mut cluster| {
        cluster.reserve(Capacity { instances: 1, tasks: 4, ports: 0, changes: 100, savepoints: 1 });
        let instance = cluster.register(&Instance::new("ci/a").with_resources(30, 100)).unwrap();
        let port = Demand::new(1, 1).with_port(Protocol::Tcp, 80);
        cluster.add_task(&RunningTask::new(instance, "side", &port, "side")).unwrap();
        let id = cluster.prepare(&Request::new("web", Demand::new(9, 1)).with_count(10)).unwrap();
        let mut placed = vec![];
        let refused = cluster.place(id, &mut placed).map_err(|error| error.code());
        let one = cluster.prepare(&Request::new("web", Demand::new(9, 1)).with_count(3)).unwrap();
        let rejected = cluster.place(one, &mut placed).map_err(|error| error.code());
        (refused, rejected, placed.len())
    });
    assert_eq!(answers[0], (Err("limit.reserved"), Ok(None), 3));
    assert_eq!((&answers[0], &answers[0]), (&answers[1], &answers[2]));
}

//! Strategies for GPUs (gpu_policies.md): examples worked by hand, properties, batches, savepoints, and what JSON refuses.

use placewright::{
    Cluster, Demand, ErrorKind, Fragmentation, GpuDemand, Instance, InstanceId, Options, Outcome, Placement, Request,
    Route, Strategy, Workload, WorkloadKind, expr,
};
use proptest::prelude::{Just, Strategy as Generator, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

/// The workload of the example in gpu_policies.md §3.1.
fn example() -> Workload {
    Workload::new([
        WorkloadKind::new(4, 0, GpuDemand::Share(500)).with_weight(3),
        WorkloadKind::new(4, 0, GpuDemand::Whole(2)),
        WorkloadKind::new(1, 0, GpuDemand::None),
    ])
    .unwrap()
}

/// An instance with so many devices.
fn register(cluster: &mut Cluster, name: &str, cpu: i64, gpus: usize) -> InstanceId {
    let ids: Vec<String> = (0..gpus).map(|gpu| format!("{name}/{gpu}")).collect();
    let instance = Instance::new(name).with_resources(cpu, 1000).with_gpus(ids.iter().map(String::as_str));
    cluster.register(&instance).unwrap()
}

/// A request for one share, ranked so.
fn share(cpu: i64, thousandths: u16, strategy: Strategy) -> Request {
    Request::new("share", Demand::new(cpu, 0).with_gpus(GpuDemand::Share(thousandths))).with_strategies(strategy)
}

/// The cluster of the example: two devices with 1000 and 400 thousandths left, and 8 CPU units.
fn example_cluster() -> (Cluster, InstanceId) {
    let mut cluster = Cluster::new();
    let instance = register(&mut cluster, "i-1", 8, 2);
    let request = Request::new("first", Demand::new(0, 0).with_gpus(GpuDemand::Whole(1)));
    let whole = cluster.prepare(&request).unwrap();
    let placement = cluster.place_one(whole).unwrap().placement().unwrap();
    let request = Request::new("second", Demand::new(0, 0).with_gpus(GpuDemand::Share(600)));
    let second = cluster.prepare(&request).unwrap();
    cluster.place_one(second).unwrap();
    cluster.stop(placement.task).unwrap();
    (cluster, instance)
}

#[test]
fn the_example_strands_what_the_text_says() {
    let (cluster, instance) = example_cluster();
    let fragmentation = cluster.fragmentation_of(&example(), instance).unwrap();
    assert_eq!((fragmentation.free(), fragmentation.stranded()), (1400, 800));
    assert_eq!((fragmentation.stranded_by_weight(), fragmentation.weight()), (4000, 5));
    assert_eq!(cluster.fragmentation(&example()), fragmentation);
}

#[test]
fn the_example_scores_what_the_text_says() {
    let (mut cluster, instance) = example_cluster();
    let id = cluster.prepare(&share(4, 500, Strategy::Fragmentation(example()))).unwrap();
    let explanation = cluster.explain(id).unwrap();
    let winner = explanation.winner.as_ref().unwrap();
    assert_eq!(winner.score[0].key, Some(100 - 54));
    assert_eq!(
        winner.detail.as_deref(),
        Some(
            "score 54 of 100: what the workload cannot use of its free GPUs falls by 200 thousandths of a GPU, on the GPU at \
             position 0"
        )
    );
    assert!(explanation.to_string().contains("score 54 of 100"));
    cluster.place_one(id).unwrap();
    assert_eq!(cluster.fragmentation_of(&example(), instance).unwrap().stranded(), 600);
    cluster.validate().unwrap();
}

#[test]
fn a_share_takes_the_device_where_it_costs_least_and_not_the_fullest() {
    // Two kinds: whole devices, and halves. On [1000, 600] best fit takes a share of 200 off the second device, which then
    // serves no half any more; off the first, a whole device is gone, which weighs nothing here.
    let kinds = [WorkloadKind::new(0, 0, GpuDemand::Share(500))];
    for strategy in [Strategy::Fragmentation, Strategy::Headroom].map(|of| of(Workload::new(kinds.clone()).unwrap())) {
        let mut cluster = Cluster::new();
        let instance = register(&mut cluster, "i-1", 8, 2);
        let large = Request::new("large", Demand::new(0, 0).with_gpus(GpuDemand::Share(400)));
        let large = cluster.prepare(&large).unwrap();
        cluster.place_one(large).unwrap();
        let plain = cluster.prepare(&share(0, 200, Strategy::BestFit)).unwrap();
        let ranked = cluster.prepare(&share(0, 200, strategy)).unwrap();
        let taken = |cluster: &Cluster| -> Vec<u16> {
            cluster.instance(instance).unwrap().devices().map(|device| device.taken).collect()
        };
        assert_eq!(taken(&cluster), [400, 0]);
        let before = cluster.begin();
        cluster.place_one(plain).unwrap();
        assert_eq!(taken(&cluster), [600, 0]);
        cluster.rollback(before).unwrap();
        cluster.place_one(ranked).unwrap();
        assert_eq!(taken(&cluster), [400, 200]);
        // StartTask names the instance and looks at no strategy.
        assert!(cluster.start(ranked, instance).unwrap().is_ok());
        assert_eq!(taken(&cluster), [600, 200]);
    }
}

#[test]
fn best_fit_and_the_dot_product_are_those_of_the_text() {
    let mut cluster = Cluster::new();
    register(&mut cluster, "large", 100, 4);
    register(&mut cluster, "small", 20, 2);
    register(&mut cluster, "none", 50, 0);
    let request = |strategy: Strategy| Request::new("t", Demand::new(10, 0)).with_strategies(strategy);
    let winner = |cluster: &mut Cluster, strategy: Strategy| {
        let id = cluster.prepare(&request(strategy)).unwrap();
        let winner = cluster.explain(id).unwrap().winner.unwrap();
        (winner.name, winner.score[0].key.unwrap())
    };
    // Left of CPU, memory and GPUs: 0.9 + 1 + 1, 0.5 + 1 + 1, and 0.8 + 1 without GPUs.
    assert_eq!(winner(&mut cluster, Strategy::BestFit), ("none".into(), 1_800_000));
    // The task takes 0.1, 0.5 and 0.2 of the CPU, all of which is left.
    assert_eq!(winner(&mut cluster, Strategy::DotProduct), ("large".into(), 100_000 * 1_000_000));
}

#[test]
fn weights_grow_with_the_scarcity_of_what_a_kind_can_fill() {
    let mut cluster = Cluster::new();
    register(&mut cluster, "i-1", 100, 3);
    let rare = Instance::new("i-2").with_resources(100, 100).with_gpus(["g"]).with_attribute("model", "rare");
    cluster.register(&rare).unwrap();
    let rare = expr::compile("attribute:model == rare").unwrap();
    let kind = WorkloadKind::new(1, 0, GpuDemand::Whole(1)).with_weight(10);
    let workload = Workload::new([kind.clone(), kind.clone().with_condition(rare)]).unwrap();
    let weights: Vec<u32> = cluster.weigh_by_scarcity(&workload).kinds().iter().map(|kind| kind.weight).collect();
    assert_eq!(weights, [1 << 18, 1 << 20], "one device of four has the model");
}

#[test]
fn a_batch_equals_its_single_requests_and_a_rollback_restores_every_rank() {
    for route in [Route::Scan, Route::Indexed] {
        for strategy in
            [Strategy::Fragmentation(example()), Strategy::Headroom(example()), Strategy::BestFit, Strategy::DotProduct]
        {
            let mut cluster = Cluster::with_options(Options { route, ..Options::default() });
            for number in 0..40 {
                register(&mut cluster, &format!("i-{number}"), 4 + number % 9, usize::try_from(number % 4).unwrap());
            }
            let id = cluster.prepare(&share(1, 300, strategy).with_count(50)).unwrap();
            let mut singles = cluster.clone();
            let before = cluster.begin();
            let mut first: Vec<Placement> = Vec::new();
            cluster.place(id, &mut first).unwrap();
            assert!(first.len() > 30);
            for expected in &first {
                assert_eq!(singles.place_one(id).unwrap(), Outcome::Placed(*expected));
            }
            cluster.validate().unwrap();
            cluster.rollback(before).unwrap();
            cluster.validate().unwrap();
            let mut second = Vec::new();
            cluster.place(id, &mut second).unwrap();
            let on =
                |placements: &[Placement]| -> Vec<InstanceId> { placements.iter().map(|one| one.instance).collect() };
            assert_eq!(on(&first), on(&second));
        }
    }
}

#[test]
fn static_facts_that_change_change_the_rank() {
    let mut cluster = Cluster::new();
    let first = register(&mut cluster, "i-1", 100, 1);
    register(&mut cluster, "i-2", 100, 1);
    let wanted = expr::compile("attribute:model == a").unwrap();
    let kind = WorkloadKind::new(0, 0, GpuDemand::Whole(1)).with_condition(wanted);
    let id = cluster.prepare(&share(1, 100, Strategy::Headroom(Workload::new([kind]).unwrap()))).unwrap();
    let winner = |cluster: &Cluster| cluster.explain(id).unwrap().winner.unwrap().name;
    let goes_to = |cluster: &mut Cluster| {
        let before = cluster.begin();
        let placement = cluster.place_one(id).unwrap().placement().unwrap();
        let name = cluster.instance(placement.instance).unwrap().name().to_owned();
        assert_eq!(cluster.validate(), Ok(()));
        cluster.rollback(before).unwrap();
        assert_eq!(name, winner(cluster));
        name
    };
    assert_eq!(goes_to(&mut cluster), "i-1");
    cluster.put_attribute(first, "model", Some("a")).unwrap();
    assert_eq!(goes_to(&mut cluster), "i-2", "i-1 is kept for the kind that wants its model");
    cluster.delete_attribute(first, "model").unwrap();
    assert_eq!(goes_to(&mut cluster), "i-1");
}

#[test]
fn in_scale_in_they_decide_nothing() {
    for strategy in [Strategy::Fragmentation(example()), Strategy::Headroom(example()), Strategy::BestFit] {
        let mut cluster = Cluster::new();
        register(&mut cluster, "i-1", 8, 2);
        register(&mut cluster, "i-2", 80, 4);
        let id = cluster.prepare(&share(1, 300, strategy.clone()).with_count(6)).unwrap();
        let mut placements = Vec::new();
        cluster.place(id, &mut placements).unwrap();
        let mut stopped = Vec::new();
        cluster.scale_in("family:share", Some(&strategy.into()), 1, 0, &mut stopped).unwrap();
        assert_eq!(stopped, [placements.last().unwrap().task], "the newest ends");
    }
}

#[test]
fn workloads_that_mean_nothing_are_refused() {
    let kind = WorkloadKind::new(1, 1, GpuDemand::Share(500));
    let refused = |kind: WorkloadKind, path: &str| {
        let error = Workload::new([WorkloadKind::new(0, 0, GpuDemand::None), kind]).unwrap_err();
        assert_eq!((error.kind(), error.path()), (ErrorKind::InvalidStrategy, Some(path)), "{error}");
    };
    refused(kind.clone().with_weight(0), "[1].weight");
    refused(kind.clone().with_weight((1 << 20) + 1), "[1].weight");
    refused(WorkloadKind { cpu: -1, ..kind.clone() }, "[1].cpu");
    refused(WorkloadKind { memory_mib: 1 << 31, ..kind.clone() }, "[1].memory");
    refused(WorkloadKind { gpus: GpuDemand::All, ..kind.clone() }, "[1].gpus");
    refused(WorkloadKind { gpus: GpuDemand::Whole(65), ..kind.clone() }, "[1].gpus");
    refused(WorkloadKind { gpus: GpuDemand::Share(1000), ..kind.clone() }, "[1].gpuShare");
    refused(kind.clone().with_condition(expr::compile("runningTasksCount < 1").unwrap()), "[1].expression");
    assert_eq!(Workload::new([]).unwrap_err().kind(), ErrorKind::InvalidStrategy);
    let many = std::iter::repeat_n(kind, 1025);
    assert_eq!(Workload::new(many).unwrap_err().kind(), ErrorKind::LimitExceeded);
}

#[test]
fn a_kind_that_takes_none_of_an_amount_can_use_gpus_where_it_is_owed() {
    let mut cluster = Cluster::new();
    let mut instance = Instance::new("i-1").with_resources(8, 8).with_gpus(["g"]);
    let remaining = placewright::Amounts { cpu: -1, memory_mib: -1, ..instance.registered.clone() };
    instance.remaining = Some(remaining);
    let instance = cluster.register(&instance).unwrap();
    let stranded = |cluster: &Cluster, cpu: i64, memory: i64| {
        let workload = Workload::new([WorkloadKind::new(cpu, memory, GpuDemand::Share(500))]).unwrap();
        cluster.fragmentation_of(&workload, instance).unwrap().stranded()
    };
    assert_eq!([stranded(&cluster, 0, 0), stranded(&cluster, 1, 0), stranded(&cluster, 0, 1)], [0, 1000, 1000]);
    for strategy in [Strategy::Fragmentation, Strategy::Headroom] {
        let workload = Workload::new([WorkloadKind::new(0, 0, GpuDemand::Share(500))]).unwrap();
        let id = cluster.prepare(&share(0, 600, strategy(workload))).unwrap();
        let key = cluster.explain(id).unwrap().winner.unwrap().score[0].key.unwrap();
        // The other 400 serve no kind: fragmentation grows by so much, and headroom falls by all that was there.
        let expected = if matches!(strategy(example()), Strategy::Headroom(_)) { 1024 * (1000 + 2 * 1000) } else { 60 };
        assert_eq!(key, expected);
        let before = cluster.begin();
        assert!(cluster.place_one(id).unwrap().placement().is_some());
        assert_eq!(cluster.validate(), Ok(()));
        cluster.rollback(before).unwrap();
    }
}

#[test]
fn the_dot_product_of_an_instance_with_far_more_left_than_it_registered_is_the_greatest() {
    let mut cluster = Cluster::new();
    let most = i64::from(i32::MAX);
    let mut odd = Instance::new("odd").with_resources(1, 1);
    odd.remaining = Some(placewright::Amounts { cpu: most, memory_mib: most, ..odd.registered.clone() });
    cluster.register(&odd).unwrap();
    cluster.register(&Instance::new("even").with_resources(most, most)).unwrap();
    let request = Request::new("t", Demand::new(most, most)).with_strategies(Strategy::DotProduct);
    let id = cluster.prepare(&request).unwrap();
    let winner = cluster.explain(id).unwrap().winner.unwrap();
    assert_eq!((winner.name.as_str(), winner.runner_up.unwrap().1[0].key), ("even", Some(i64::MAX)));
    let placement = cluster.place_one(id).unwrap().placement().unwrap();
    assert_eq!(cluster.instance(placement.instance).unwrap().name(), "even");
}

/// A cluster in which everything changes that a rank depends on; each choice is the one explained, no device is given twice.
struct Churn {
    /// The cluster.
    cluster: Cluster,
    /// The state of the draws.
    state: u64,
    /// Requests that live.
    requests: Vec<placewright::RequestId>,
    /// Savepoints that are open.
    savepoints: Vec<placewright::Savepoint>,
    /// Instances registered so far.
    registered: usize,
    /// Tasks placed.
    placed: usize,
}

impl Churn {
    /// A number below a bound.
    fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.state >> 33).unwrap() % bound
    }

    /// Prepares a request with one of our rules, alone, before or after others.
    fn prepare(&mut self) {
        let condition = expr::compile(["attribute:model == a", "agentConnected == true"][self.below(2)]).unwrap();
        let kinds = [
            WorkloadKind::new(2, 0, GpuDemand::Share(500)).with_weight(3),
            WorkloadKind::new(0, [0, 100][self.below(2)], GpuDemand::Share(250)).with_condition(condition),
            WorkloadKind::new(4, 0, GpuDemand::Whole(2)),
        ];
        let kept = 1 + self.below(3);
        let workload = Workload::new(kinds.into_iter().take(kept)).unwrap();
        let ours = [Strategy::Fragmentation, Strategy::Headroom][self.below(2)](workload);
        let binpack = Strategy::Binpack(placewright::BinpackField::Cpu);
        let chain = match self.below(4) {
            0 => vec![binpack, ours],
            1 => vec![Strategy::spread("model"), ours, binpack],
            2 => vec![Strategy::Random, ours],
            _ => vec![ours],
        };
        let gpus = [
            GpuDemand::Share(300),
            GpuDemand::Share(700),
            GpuDemand::Whole(1),
            GpuDemand::All,
            GpuDemand::None,
            GpuDemand::Slice(125),
        ];
        let demand = Demand::new([0, 1][self.below(2)], [0, 50][self.below(2)]).with_gpus(gpus[self.below(6)]);
        let chain = placewright::StrategyChain::new(chain).unwrap();
        let request = Request::new("t", demand).with_strategies(chain).with_count(4);
        self.requests.push(self.cluster.prepare(&request).unwrap());
    }

    /// One of the requests.
    fn request(&mut self) -> placewright::RequestId {
        let at = self.below(self.requests.len());
        self.requests[at]
    }

    /// One change.
    fn step(&mut self) {
        let instances: Vec<InstanceId> = self.cluster.instances().collect();
        let tasks: Vec<_> = self.cluster.tasks().collect();
        let (request, other) = (self.request(), self.request());
        let at = instances.get(self.below(instances.len().max(1))).copied();
        match (self.below(16), at) {
            (0..=5, _) => {
                let expected = self.cluster.explain(request).unwrap().winner.map(|winner| winner.instance);
                let placement = self.cluster.place_one(request).unwrap().placement();
                assert_eq!(placement.map(|placement| placement.instance), expected);
                self.placed += usize::from(placement.is_some());
            }
            (6, _) => drop(self.cluster.place_list(&[request, other, request], &mut Vec::new()).unwrap()),
            (7, _) if !tasks.is_empty() => {
                let task = tasks[self.below(tasks.len())];
                self.cluster.stop(task).unwrap();
            }
            (8, Some(at)) => drop(self.cluster.deregister(at, true)),
            (9, Some(at)) => {
                let value = [None, Some("a"), Some("b")][self.below(3)];
                self.cluster.put_attribute(at, "model", value).unwrap();
            }
            (10, Some(at)) => {
                let is_connected = self.below(2) > 0;
                self.cluster.set_agent_connected(at, is_connected).unwrap();
            }
            (11, _) if self.savepoints.len() < 3 => self.savepoints.push(self.cluster.begin()),
            (12, _) => {
                if let Some(savepoint) = self.savepoints.pop() {
                    self.cluster.rollback(savepoint).unwrap();
                }
            }
            (13, _) => {
                if let Some(savepoint) = self.savepoints.pop() {
                    self.cluster.commit(savepoint).unwrap();
                }
            }
            (14, _) => {
                let place = self.below(self.requests.len());
                self.cluster.release(self.requests.swap_remove(place)).unwrap();
                self.prepare();
                self.cluster = self.cluster.clone();
            }
            _ => {
                self.registered += 1;
                let (cpu, gpus) = (self.below(12), self.below(4));
                let name = format!("i-{}", self.registered);
                let ids: Vec<String> = (0..gpus).map(|gpu| format!("{name}/{gpu}")).collect();
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                let instance = Instance::new(&name).with_resources(i64::try_from(cpu).unwrap(), 1000);
                let mut instance = instance.with_gpus(ids.iter().copied());
                match self.below(4) {
                    // No kind can use a slice of a GPU.
                    0 if gpus == 1 => instance = instance.with_attribute("ecs.instance-type", "g6f.xlarge"),
                    // The first device is taken by somebody unknown.
                    1 if gpus > 0 => {
                        let free = ids.iter().skip(1).copied().collect();
                        let cpu = instance.registered.cpu - 1;
                        let registered = instance.registered.clone();
                        instance.remaining = Some(placewright::Amounts { cpu, gpus: free, ..registered });
                    }
                    _ => {}
                }
                self.cluster.register(&instance).unwrap();
            }
        }
    }
}

#[test]
fn ranks_follow_every_change_and_no_device_is_given_twice() {
    for route in [Route::Scan, Route::Indexed] {
        let mut churn = Churn {
            cluster: Cluster::with_options(Options { route, ..Options::default() }),
            state: 8,
            requests: Vec::new(),
            savepoints: Vec::new(),
            registered: 0,
            placed: 0,
        };
        (0..8).for_each(|_| churn.prepare());
        for _ in 0..3000 {
            churn.step();
            assert_eq!(churn.cluster.validate(), Ok(()));
            for id in churn.cluster.instances() {
                let instance = churn.cluster.instance(id).unwrap();
                for (position, device) in instance.devices().enumerate() {
                    assert!(device.taken <= 1000, "device {position} of {}: {}", instance.name(), device.taken);
                }
            }
        }
        assert!(churn.placed > 300, "{}", churn.placed);
    }
}

#[test]
fn a_workload_in_use_is_counted_as_memory_until_its_last_request_goes() {
    let mut cluster = Cluster::new();
    register(&mut cluster, "i-1", 8, 2);
    let mut with = |kinds: i64| {
        let kinds = (0..kinds).map(|cpu| WorkloadKind::new(cpu, 0, GpuDemand::Share(500)));
        let strategy = Strategy::Headroom(Workload::new(kinds).unwrap());
        let ids = [1, 2].map(|cpu| cluster.prepare(&share(cpu, 100, strategy.clone())).unwrap());
        let held = cluster.memory().index;
        for id in ids {
            cluster.release(id).unwrap();
        }
        (held, cluster.memory().index)
    };
    let ((few, _), (many, released)) = (with(1), with(1000));
    assert!(many >= few + 999 * 32, "{few} {many}");
    assert!(released <= few, "{few} {released}");
}

/// A kind of any size, with its demand made larger by `more`.
fn kinds() -> impl Generator<Value = (WorkloadKind, WorkloadKind)> {
    let gpus = prop_oneof![
        (1u16..999, 0u16..500).prop_map(|(share, more)| {
            (GpuDemand::Share(share), GpuDemand::Share(share.saturating_add(more).min(999)))
        }),
        (1u16..5, 0u16..3).prop_map(|(count, more)| (GpuDemand::Whole(count), GpuDemand::Whole(count + more))),
        Just((GpuDemand::None, GpuDemand::None)),
    ];
    (gpus, 0i64..9, 0i64..9, 1u32..9).prop_map(|((less, more), cpu, extra, weight)| {
        let kind = |gpus, cpu| WorkloadKind::new(cpu, 0, gpus).with_weight(weight);
        (kind(less, cpu), kind(more, cpu + extra))
    })
}

/// A cluster with shares of all sizes taken here and there.
fn used(seed: u64) -> Cluster {
    let mut cluster = Cluster::new();
    for number in 0..6 {
        register(&mut cluster, &format!("i-{number}"), 4 + 3 * number, 1 + usize::try_from(number).unwrap() % 4);
    }
    for (number, thousandths) in [130, 250, 470, 650, 810].into_iter().enumerate() {
        let request = share(1, thousandths, Strategy::Random).with_seed(seed + number as u64);
        let id = cluster.prepare(&request).unwrap();
        for _ in 0..2 {
            cluster.place_one(id).unwrap();
        }
    }
    cluster
}

proptest! {
    #[test]
    fn larger_kinds_strand_no_less_and_nothing_strands_more_than_is_free(pair in kinds(), seed in any::<u64>()) {
        let cluster = used(seed >> 8);
        let of = |kind: &WorkloadKind| cluster.fragmentation(&Workload::new([kind.clone()]).unwrap());
        let (less, more): (Fragmentation, Fragmentation) = (of(&pair.0), of(&pair.1));
        prop_assert!(less.stranded_by_weight() <= more.stranded_by_weight());
        prop_assert!(more.stranded() <= more.free());
    }

    #[test]
    fn a_task_never_gains_headroom_and_every_score_is_one(
        pairs in proptest::collection::vec(kinds(), 1..5),
        seed in any::<u64>(),
        thousandths in 1u16..999,
    ) {
        let mut cluster = used(seed >> 8);
        let workload = Workload::new(pairs.into_iter().map(|(kind, _)| kind)).unwrap();
        for strategy in [Strategy::Headroom(workload.clone()), Strategy::Fragmentation(workload.clone())] {
            let id = cluster.prepare(&share(1, thousandths, strategy.clone())).unwrap();
            let (explanation, outcome) = (cluster.explain(id).unwrap(), cluster.place_one(id).unwrap());
            prop_assert_eq!(
                explanation.winner.as_ref().map(|winner| winner.instance),
                outcome.placement().map(|placement| placement.instance)
            );
            let keys = explanation.winner.iter().filter_map(|winner| winner.score[0].key);
            let best = explanation.winner.iter().filter_map(|winner| winner.runner_up.as_ref()?.1[0].key);
            for key in keys.clone() {
                prop_assert!(key >= 0, "{key}");
                prop_assert!(matches!(strategy, Strategy::Headroom(_)) || (1..=100).contains(&key), "{key}");
                prop_assert!(best.clone().all(|next| key <= next));
            }
            prop_assert_eq!(cluster.validate(), Ok(()));
        }
    }
}

#[cfg(feature = "serde")]
mod json {
    use placewright::adapter::{Session, SessionOptions};

    /// What a request with this strategy is refused with: code and path.
    fn refused(request: &str) -> (&'static str, String) {
        let mut session = session();
        let error = session.run_task(request).unwrap_err();
        (error.code(), error.path().unwrap_or_default().to_owned())
    }

    /// A session with two instances of two GPUs, the second small, and a definition that takes a share.
    fn session() -> Session {
        let instance = |name: &str, cpu: i64| {
            format!(
                r#"{{"containerInstanceArn": "{name}", "registeredResources": [
                    {{"name": "CPU", "type": "INTEGER", "integerValue": {cpu}}},
                    {{"name": "MEMORY", "type": "INTEGER", "integerValue": 4096}},
                    {{"name": "GPU", "type": "STRINGSET", "stringSetValue": ["{name}/0", "{name}/1"]}}]}}"#
            )
        };
        let document = format!(
            r#"{{"containerInstances": [{}, {}], "taskDefinitions": [{{"family": "t", "containerDefinitions": [
                {{"name": "c", "image": "i", "cpu": 256, "memory": 128,
                  "resourceRequirements": [{{"type": "xGpuShare", "value": "300"}}]}}]}}]}}"#,
            instance("ci/large", 8192),
            instance("ci/small", 1024)
        );
        Session::from_json(&document, SessionOptions::default()).unwrap()
    }

    #[test]
    fn every_strategy_of_ours_places_and_explains() {
        let workload = r#""workload": [{"cpu": 2048, "gpuShare": 500, "weight": 3}, {"gpus": 1, "expression": "agentConnected == true"}]"#;
        for (strategy, wins) in [
            (r#"{"type": "firstFit"}"#.to_owned(), "ci/large"),
            (r#"{"type": "bestFit"}"#.to_owned(), "ci/small"),
            (r#"{"type": "dotProduct"}"#.to_owned(), "ci/large"),
            (format!(r#"{{"type": "fragmentation", {workload}}}"#), "ci/small"),
            (format!(r#"{{"type": "headroom", {workload}}}"#), "ci/small"),
        ] {
            let request = format!(r#"{{"taskDefinition": "t", "xPlacementStrategy": {strategy}}}"#);
            let mut session = session();
            let answer = session.run_task(&request).unwrap();
            assert_eq!(answer.tasks[0].container_instance_arn, wins, "{strategy}");
            assert!(answer.failures.is_empty());
        }
    }

    #[test]
    fn bad_strategies_are_refused_by_name_and_place() {
        let with = |strategy: &str| refused(&format!(r#"{{"taskDefinition": "t", "xPlacementStrategy": {strategy}}}"#));
        let at = |path: &str| format!("xPlacementStrategy{path}");
        assert_eq!(with(r#"{"type": "fgd"}"#), ("strategy.invalid", at(".type")));
        assert_eq!(with(r#"{"type": "fragmentation"}"#), ("strategy.invalid", at(".workload")));
        assert_eq!(with(r#"{"type": "headroom", "workload": []}"#), ("strategy.invalid", at(".workload")));
        assert_eq!(with(r#"{"type": "bestFit", "workload": []}"#).1, at(".workload"));
        let kind = |kind: &str| with(&format!(r#"{{"type": "headroom", "workload": [{{}}, {kind}]}}"#));
        let in_kind = |field: &str| at(&format!(".workload[1].{field}"));
        assert_eq!(kind(r#"{"weight": 0}"#), ("strategy.invalid", in_kind("weight")));
        assert_eq!(kind(r#"{"weight": -1}"#), ("strategy.invalid", in_kind("weight")));
        for weight in [0, -1, 1 << 20 | 1, 1_i64 << 33] {
            let strategy = format!(r#"{{"type": "headroom", "workload": [{{"weight": {weight}}}]}}"#);
            let request = format!(r#"{{"taskDefinition": "t", "xPlacementStrategy": {strategy}}}"#);
            let error = session().run_task(&request).unwrap_err().to_string();
            assert!(error.contains("outside 1 to 1048576"), "{error}");
        }
        assert_eq!(kind(r#"{"cpu": -1}"#), ("strategy.invalid", in_kind("cpu")));
        assert_eq!(kind(r#"{"memory": 4294967296}"#), ("strategy.invalid", in_kind("memory")));
        assert_eq!(kind(r#"{"gpus": 0}"#), ("strategy.invalid", in_kind("gpus")));
        assert_eq!(kind(r#"{"gpuShare": 1000}"#), ("strategy.invalid", in_kind("gpuShare")));
        assert_eq!(kind(r#"{"gpus": 1, "gpuShare": 5}"#), ("strategy.invalid", in_kind("gpuShare")));
        assert_eq!(kind(r#"{"gpuShare": "5"}"#), ("json.type", in_kind("gpuShare")));
        assert_eq!(kind(r#"{"expression": "task:group == a"}"#), ("strategy.invalid", in_kind("expression")));
        assert_eq!(kind(r#"{"expression": "nonsense"}"#).1, in_kind("expression"));
        assert_eq!(kind(r#"{"weigth": 2}"#).1, in_kind("weigth"));
        let both = r#"{"taskDefinition": "t", "xPlacementStrategy": {"type": "firstFit"}, "placementStrategy": [{"type": "random"}]}"#;
        assert_eq!(refused(both), ("strategy.invalid", at("")));
    }
}

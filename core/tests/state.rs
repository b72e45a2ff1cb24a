//! Resources, ports, devices and attributes through the public API: the arithmetic cases that other schedulers got wrong.

use placewright::{
    AbsentGroup, Amounts, BinpackField, Cluster, Constraint, Demand, ErrorKind, GpuDemand, Instance, InstanceId,
    Options, Outcome, Protocol, Reason, Release, Request, ResourceKind, RunningTask, Strategy, TieBreak, expr,
};

/// The largest amount an instance can have.
const MOST: i64 = i32::MAX as i64;

/// Places one task of a demand; whether it found an instance.
fn fits(cluster: &mut Cluster, demand: Demand) -> bool {
    let id = cluster.prepare(&Request::new("t", demand)).unwrap();
    let outcome = cluster.place_one(id).unwrap();
    cluster.validate().unwrap();
    matches!(outcome, Outcome::Placed(_))
}

/// A cluster of one instance.
fn single(cpu: i64, memory_mib: i64) -> Cluster {
    let mut cluster = Cluster::new();
    cluster.register(&Instance::new("i-1").with_resources(cpu, memory_mib)).unwrap();
    cluster
}

/// A running task with everything at its default.
fn running<'a>(cluster: &Cluster, demand: &'a Demand, in_remaining: bool) -> RunningTask<'a> {
    RunningTask {
        instance: cluster.instances().next().unwrap(),
        definition: "t",
        demand,
        group: "g",
        gpu_ids: Vec::new(),
        in_remaining,
        in_other_tasks: false,
        is_healthy: true,
        is_protected: false,
        is_stopping: false,
    }
}

#[test]
fn exact_amounts_fit_and_one_more_does_not() {
    assert!(fits(&mut single(100, 50), Demand::new(100, 50)));
    assert!(!fits(&mut single(100, 50), Demand::new(101, 50)));
    assert!(!fits(&mut single(100, 50), Demand::new(100, 51)));
    assert!(fits(&mut single(0, 0), Demand::new(0, 0)));
}

#[test]
fn huge_demands_fit_nowhere_and_never_wrap() {
    for amount in [i64::MAX, i64::MAX - 1, 1 << 40, (1 << 32) + 1, (1 << 31) + 1, 1 << 31] {
        let mut cluster = single(MOST, MOST);
        assert!(!fits(&mut cluster, Demand::new(amount, 0)), "{amount}");
        assert!(!fits(&mut cluster, Demand::new(0, amount)), "{amount}");
    }
    assert!(fits(&mut single(MOST, MOST), Demand::new(MOST, MOST)));
}

#[test]
fn amounts_that_are_none_are_refused_and_change_nothing() {
    let mut cluster = single(1, 1);
    let before = cluster.fingerprint();
    for demand in [Demand::new(-1, 0), Demand::new(0, -1), Demand::new(0, 0).with_gpus(GpuDemand::Share(1000))] {
        let error = cluster.prepare(&Request::new("t", demand)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidAmount);
    }
    let error = cluster.register(&Instance::new("i-2").with_resources(-1, 0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidAmount);
    let error = cluster.register(&Instance::new("i-2").with_resources(MOST + 1, 0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidAmount);
    let error = cluster.prepare(&Request::new("t", Demand::new(0, 0).with_custom("X", 1))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidParameter);
    let error = cluster.prepare(&Request::new("t", Demand::new(0, 0).with_port(Protocol::Tcp, 0))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPort);
    assert_eq!(cluster.fingerprint(), before);
    cluster.validate().unwrap();
}

#[test]
fn a_debt_is_nothing_left_and_is_paid_back_from_the_real_number() {
    let mut cluster = Cluster::new();
    let left = Amounts { cpu: 800, memory_mib: -200, ..Amounts::default() };
    cluster.register(&Instance { remaining: Some(left), ..Instance::new("i-1").with_resources(1024, 1000) }).unwrap();
    let demand = Demand::new(128, 256);
    let task = cluster.add_task(&running(&cluster, &demand, true)).unwrap();
    assert!(!fits(&mut cluster, Demand::new(0, 1)));
    assert!(fits(&mut cluster, Demand::new(1, 0)), "a demand of nothing fits even a debt");
    cluster.stop(task).unwrap();
    let view = cluster.instance(cluster.instance_named("i-1").unwrap()).unwrap();
    assert_eq!((view.remaining(ResourceKind::Cpu), view.remaining(ResourceKind::Memory)), (927, 56));
}

#[test]
fn the_ceiling_of_host_ports_sums_both_protocols() {
    let ports = |tcp: u16, udp: u16| {
        let tcp = (0..tcp).map(|port| (Protocol::Tcp, 1000 + port));
        let udp = (0..udp).map(|port| (Protocol::Udp, 1000 + port));
        Demand { ports: tcp.chain(udp).collect(), ..Demand::default() }
    };
    // Six ports are the agent's own.
    assert!(fits(&mut single(0, 0), ports(94, 0)));
    assert!(!fits(&mut single(0, 0), ports(95, 0)));
    assert!(fits(&mut single(0, 0), ports(93, 1)));
    assert!(!fits(&mut single(0, 0), ports(94, 1)));
}

#[test]
fn saying_what_will_be_stopped_changes_nothing_whatever_is_named() {
    let mut large = single(100, 100);
    // From 300,000 instances on more is asked for; a debug build would take long to make them.
    let instances = if cfg!(debug_assertions) { 1000 } else { 300_001 };
    (1..instances)
        .for_each(|at| _ = large.register(&Instance::new(&format!("n-{at}")).with_resources(100, 100)).unwrap());
    let packed = Request::new("web", Demand::new(1, 1)).with_strategies(Strategy::Binpack(BinpackField::Memory));
    let id = large.prepare(&packed).unwrap();
    let named: Vec<_> = (0..40).map(|_| large.place_one(id).unwrap().placement().unwrap().task).collect();
    let mut small = single(100, 100);
    let id = small.prepare(&Request::new("web", Demand::new(1, 1))).unwrap();
    let stopped = small.place_one(id).unwrap().placement().unwrap().task;
    small.stop(stopped).unwrap();
    let alone = small.place_one(id).unwrap().placement().unwrap().task;
    for cluster in [&small, &large, &Cluster::new()] {
        let before = cluster.fingerprint();
        // Tasks that are there, that are gone, that never were there, too few to matter, and none.
        for next in [&named[..], &named[36..], &[stopped; 4], &[alone, stopped, named[39], named[39]], &[]] {
            cluster.prefetch_stops(next);
        }
        assert_eq!(cluster.fingerprint(), before);
        cluster.validate().unwrap();
    }
    small.prefetch_stops(&[alone]);
    small.stop(alone).unwrap();
    assert_eq!(small.running_tasks(), 0);
}

#[test]
fn a_port_is_free_exactly_once_after_a_stop() {
    let mut cluster = single(100, 100);
    let demand = Demand::new(1, 1).with_port(Protocol::Udp, 53);
    let id = cluster.prepare(&Request::new("dns", demand)).unwrap();
    let task = cluster.place_one(id).unwrap().placement().unwrap().task;
    assert!(cluster.place_one(id).unwrap().placement().is_none());
    assert!(fits(&mut cluster, Demand::new(1, 1).with_port(Protocol::Tcp, 53)), "the other protocol is another space");
    cluster.stop(task).unwrap();
    assert!(cluster.place_one(id).unwrap().placement().is_some());
    assert!(cluster.place_one(id).unwrap().placement().is_none());
    assert!(!fits(&mut cluster, Demand::new(1, 1).with_port(Protocol::Tcp, 22)), "the agent's own");
    let twice = Demand::new(1, 1).with_port(Protocol::Tcp, 99).with_port(Protocol::Tcp, 99);
    assert!(!fits(&mut cluster, twice), "one port twice in a task can never be had");
}

#[test]
fn shares_fill_the_fullest_device_and_whole_devices_stay_whole() {
    let mut cluster = Cluster::new();
    cluster.register(&Instance::new("i-1").with_gpus(["g0", "g1"])).unwrap();
    let place = |cluster: &mut Cluster, gpus| {
        let id = cluster.prepare(&Request::new("t", Demand::default().with_gpus(gpus))).unwrap();
        let task = cluster.place_one(id).unwrap().placement()?.task;
        cluster.validate().unwrap();
        let ids: Vec<String> = cluster.task(task).unwrap().gpu_ids().map(str::to_owned).collect();
        Some((task, ids.join(" ")))
    };
    assert_eq!(place(&mut cluster, GpuDemand::Share(600)).unwrap().1, "g0");
    assert_eq!(place(&mut cluster, GpuDemand::Share(500)).unwrap().1, "g1");
    let (small, on) = place(&mut cluster, GpuDemand::Share(400)).unwrap();
    assert_eq!(on, "g0", "it leaves nothing there");
    assert!(place(&mut cluster, GpuDemand::Whole(1)).is_none());
    assert!(place(&mut cluster, GpuDemand::Share(501)).is_none());
    cluster.stop(small).unwrap();
    assert_eq!(place(&mut cluster, GpuDemand::Share(500)).unwrap().1, "g1");
    assert!(place(&mut cluster, GpuDemand::All).is_none());
}

#[test]
fn slices_fit_only_their_type_and_whole_devices_never_fit_it() {
    let mut cluster = Cluster::new();
    let slice = Instance::new("i-slice").with_gpus(["s"]).with_attribute("ecs.instance-type", "g6f.2xlarge");
    cluster.register(&slice).unwrap();
    assert!(!fits(&mut cluster, Demand::default().with_gpus(GpuDemand::Whole(1))));
    assert!(!fits(&mut cluster, Demand::default().with_gpus(GpuDemand::All)));
    assert!(!fits(&mut cluster, Demand::default().with_gpus(GpuDemand::Slice(125))));
    assert!(fits(&mut cluster, Demand::default().with_gpus(GpuDemand::Slice(250))));
    assert!(!fits(&mut cluster, Demand::default().with_gpus(GpuDemand::Slice(250))), "the one device is taken");
}

#[test]
fn a_made_up_instance_keeps_the_ports_of_an_agent() {
    let mut cluster = single(100, 100);
    let kept = cluster.instance(cluster.instances().next().unwrap()).unwrap();
    assert_eq!(kept.agent_ports(Protocol::Tcp), [22, 2375, 2376, 51678, 51679, 51680]);
    assert!(kept.agent_ports(Protocol::Udp).is_empty());
    assert!(!fits(&mut cluster, Demand::new(1, 1).with_port(Protocol::Tcp, 51680)));
    assert!(fits(&mut cluster, Demand::new(1, 1).with_port(Protocol::Udp, 51680)));
}

#[cfg(feature = "regex")]
#[test]
fn a_changed_attribute_counts_for_the_next_placement() {
    let mut cluster = single(100, 100);
    let instance = cluster.instances().next().unwrap();
    let expression = expr::compile("attribute:stack =~ 'pr.d'").unwrap();
    let request = Request::new("t", Demand::new(1, 1)).with_constraint(Constraint::MemberOf(expression));
    let id = cluster.prepare(&request).unwrap();
    assert!(cluster.place_one(id).unwrap().placement().is_none());
    for (value, expected) in [("prod", true), ("test", false), ("prod", true)] {
        cluster.put_attribute(instance, "stack", Some(value)).unwrap();
        assert_eq!(cluster.place_one(id).unwrap().placement().is_some(), expected, "{value}");
        cluster.validate().unwrap();
    }
    cluster.delete_attribute(instance, "stack").unwrap();
    // The number of `prod` is free now and goes to another text; the old verdict must not go with it.
    cluster.put_attribute(instance, "stack", Some("else")).unwrap();
    assert!(cluster.place_one(id).unwrap().placement().is_none());
    cluster.validate().unwrap();
}

/// Registers instances and takes them out again, twenty rounds of `fill`, and asserts that the memory in use stays where it
/// was after the third.
fn check_given_back(fill: impl Fn(&mut Cluster, u16) -> Vec<InstanceId>) {
    let mut cluster = Cluster::new();
    let mut high_water = 0;
    for round in 0..20 {
        let ids = fill(&mut cluster, round);
        cluster.validate().unwrap();
        for id in ids {
            cluster.deregister(id, false).unwrap();
        }
        if round == 2 {
            high_water = cluster.memory_usage();
        }
    }
    assert!(cluster.memory_usage() <= high_water + high_water / 10, "{} > {high_water}", cluster.memory_usage());
    cluster.validate().unwrap();
}

#[test]
fn port_lists_and_values_that_nobody_has_are_given_back() {
    check_given_back(|cluster, round| {
        let register = |i: u16| {
            let name = format!("i-{i}");
            let mut instance = Instance::new(&name).with_resources(10, 10);
            instance.registered.tcp_ports = (0..20).map(|port| round * 2000 + i + port + 1).collect();
            cluster.register(&instance).unwrap()
        };
        (0..1000).map(register).collect()
    });
    check_given_back(|cluster, round| {
        let register = |i: u16| {
            let (name, value) = (format!("i-{i}"), format!("value-{round}-{i}"));
            cluster.register(&Instance::new(&name).with_attribute("unique", &value)).unwrap()
        };
        (0..2000).map(register).collect()
    });
}

#[test]
fn conservative_release_holds_until_the_task_has_ended() {
    let mut cluster = Cluster::with_options(Options { release: Release::Last, ..Options::default() });
    cluster.register(&Instance::new("i-1").with_resources(100, 100)).unwrap();
    let request = Request::new("t", Demand::new(60, 60)).with_constraint(Constraint::DistinctInstance);
    let id = cluster.prepare(&request).unwrap();
    let task = cluster.place_one(id).unwrap().placement().unwrap().task;
    let savepoint = cluster.begin();
    cluster.stop(task).unwrap();
    let failures = cluster.failures(id).unwrap();
    assert_eq!(failures[0].1, Reason::Resource(ResourceKind::Cpu), "it no longer counts, but still holds");
    assert!(cluster.task(task).unwrap().is_stopping());
    assert_eq!(cluster.stop(task).unwrap_err().kind(), ErrorKind::TaskNotFound);
    cluster.finish(task).unwrap();
    assert!(cluster.place_one(id).unwrap().placement().is_some());
    cluster.rollback(savepoint).unwrap();
    cluster.validate().unwrap();
    assert!(!cluster.task(task).unwrap().is_stopping());
    assert_eq!(cluster.finish(task).unwrap_err().kind(), ErrorKind::TaskNotFound);
}

#[test]
fn instances_without_the_spread_attribute_follow_the_option() {
    let place = |absent_group| {
        let mut cluster = Cluster::with_options(Options { absent_group, ..Options::default() });
        cluster.register(&Instance::new("bare")).unwrap();
        cluster.register(&Instance::new("racked").with_attribute("rack", "r1")).unwrap();
        let request = Request::new("t", Demand::default()).with_strategies(Strategy::spread("rack"));
        let id = cluster.prepare(&request).unwrap();
        let mut place_one = || {
            let instance = cluster.place_one(id).unwrap().placement().unwrap().instance;
            cluster.instance(instance).unwrap().name().to_owned()
        };
        let names = [place_one(), place_one()];
        cluster.validate().unwrap();
        names.join(" ")
    };
    assert_eq!(place(AbsentGroup::Together), "bare racked");
    assert_eq!(place(AbsentGroup::Last), "racked racked");
    assert_eq!(place(AbsentGroup::Exclude), "racked racked");
}

#[test]
fn random_is_uniform_and_a_batch_draws_as_its_single_requests() {
    let mut cluster = Cluster::new();
    for name in ["a", "full", "b", "c", "gone", "d"] {
        let cpu = if name == "full" { 0 } else { 1 << 20 };
        cluster.register(&Instance::new(name).with_resources(cpu, 0)).unwrap();
    }
    let gone = cluster.instance_named("gone").unwrap();
    cluster.set_status(gone, placewright::InstanceStatus::Draining).unwrap();
    let mut counts = std::collections::BTreeMap::new();
    let draws = 20_000_u32;
    for seed in 0..u64::from(draws) {
        let request = Request::new("t", Demand::new(1, 0)).with_strategies(Strategy::Random).with_seed(seed);
        let id = cluster.prepare(&request).unwrap();
        let mut what_if = cluster.transaction();
        let instance = what_if.place_one(id).unwrap().placement().unwrap().instance;
        *counts.entry(instance).or_insert(0_u32) += 1;
        drop(what_if);
        cluster.release(id).unwrap();
    }
    assert_eq!(counts.len(), 4);
    // Five standard deviations around a quarter of the draws.
    let deviation = (f64::from(draws) * 0.25 * 0.75).sqrt() * 5.0;
    for &count in counts.values() {
        assert!((f64::from(count) - f64::from(draws) / 4.0).abs() < deviation, "{counts:?}");
    }

    let request = Request { tie_break: TieBreak::Seeded, ..Request::new("t", Demand::new(1, 0)) }.with_count(9);
    let id = cluster.prepare(&request).unwrap();
    let mut single = cluster.clone();
    let mut batch = Vec::new();
    cluster.place(id, &mut batch).unwrap();
    let singles: Vec<_> = (0..9).map(|_| single.place_one(id).unwrap().placement().unwrap()).collect();
    assert_eq!(batch, singles);
}

#[test]
fn explaining_names_the_winner_the_reasons_and_the_nearest_miss() {
    let mut cluster = Cluster::new();
    cluster.register(&Instance::new("i-1").with_resources(1024, 1000).with_attribute("stack", "prod")).unwrap();
    cluster.register(&Instance::new("i-2").with_resources(1024, 600).with_attribute("stack", "prod")).unwrap();
    cluster.register(&Instance::new("i-3").with_resources(1024, 4000).with_attribute("stack", "test")).unwrap();
    let prod = Constraint::MemberOf(expr::compile("attribute:stack == prod").unwrap());
    let request = Request::new("t", Demand::new(128, 500))
        .with_constraint(prod.clone())
        .with_strategies(Strategy::Binpack(BinpackField::Memory));
    let id = cluster.prepare(&request).unwrap();
    let explanation = cluster.explain(id).unwrap();
    let winner = explanation.winner.clone().unwrap();
    assert_eq!((winner.name.as_str(), winner.score[0].key), ("i-2", Some(600)));
    assert_eq!(winner.runner_up.unwrap().0, "i-1");
    assert_eq!(winner.decided_by, "binpack(memory)");
    let text = "task of t in group family:t\n3 registered -> 3 considered -> 3 meet the requirements -> 2 meet the \
                constraints\nwinner i-2: binpack(memory) = 600\nrunner-up i-1: binpack(memory) = 1000\ndecided by \
                binpack(memory)\n1 x MemberOf placement constraint unsatisfied.\n";
    assert_eq!(explanation.to_string(), text);

    let alone = cluster.prepare(&Request::new("t", Demand::new(128, 2000))).unwrap();
    assert_eq!(cluster.explain(alone).unwrap().winner.unwrap().decided_by, "being the only feasible instance");

    let request = Request::new("t", Demand::new(128, 1256)).with_constraint(prod);
    let id = cluster.prepare(&request).unwrap();
    let explanation = cluster.explain(id).unwrap();
    let miss = explanation.nearest_miss.unwrap();
    assert_eq!(miss.text, "would fit without constraint 1 on i-3");
    let third = cluster.instance_named("i-3").unwrap();
    cluster.deregister(third, false).unwrap();
    let miss = cluster.explain(id).unwrap().nearest_miss.unwrap();
    assert_eq!(miss.text, "256 MiB of memory short on i-1");
    assert_eq!(miss.failures[0].shortfall(), Some(256));
}

#[test]
fn each_verdict_has_the_words_and_figures_of_its_own_instance() {
    let mut cluster = Cluster::new();
    let ports = [vec![80], vec![443], vec![80, 443], vec![], vec![80]];
    for (number, ports) in ports.iter().enumerate() {
        let name = format!("i-{number}");
        let id = cluster.register(&Instance::new(&name).with_resources(1024, 1024).with_zone("a")).unwrap();
        let demand = ports.iter().fold(Demand::new(1, 1), |demand, &port| demand.with_port(Protocol::Tcp, port));
        cluster.add_task(&RunningTask::new(id, "side:1", &demand, "side")).unwrap();
    }
    cluster.register(&Instance::new("i-5").with_resources(1024, 96).with_zone("b")).unwrap();
    cluster.register(&Instance::new("i-6").with_resources(1024, 64).with_zone("a")).unwrap();
    cluster.register(&Instance::new("i-7").with_resources(1024, 16).with_zone("a")).unwrap();
    cluster.register(&Instance::new("i-8").with_resources(1024, 1024).with_zone("c")).unwrap();
    let demand = Demand::new(128, 128).with_port(Protocol::Tcp, 80).with_port(Protocol::Tcp, 443);
    let id = cluster.prepare(&Request::new("t", demand).with_zones(["a"])).unwrap();
    let explanation = cluster.explain(id).unwrap();
    let verdicts: Vec<_> = explanation.verdicts.iter().collect();
    let words = verdicts.iter().map(|verdict| match &verdict.failure {
        Some(failure) => format!("{}: {failure}", verdict.name),
        None => verdict.name.to_string(),
    });
    let expected = [
        "i-0: RESOURCE:PORTS [taken: 80/tcp]",
        "i-1: RESOURCE:PORTS [taken: 443/tcp]",
        "i-2: RESOURCE:PORTS [taken: 80/tcp, 443/tcp]",
        "i-3",
        "i-4: RESOURCE:PORTS [taken: 80/tcp]",
        "i-5: LOCATION [the instance is in b]",
        "i-6: RESOURCE:MEMORY (asked 128 MiB, used 0, available 64)",
        "i-7: RESOURCE:MEMORY (asked 128 MiB, used 0, available 16)",
        "i-8: LOCATION [the instance is in c]",
    ];
    assert_eq!(words.collect::<Vec<_>>(), expected);
    let reasons = [("LOCATION", 2), ("RESOURCE:MEMORY", 2), ("RESOURCE:PORTS", 4)];
    assert_eq!(explanation.reasons, reasons.map(|(text, count)| (text.to_string(), count)));
    for verdict in verdicts {
        let alone = cluster.explain_instance(id, verdict.instance).unwrap();
        assert_eq!(verdict.failure.as_ref(), alone.first());
    }
}

#[cfg(feature = "regex")]
#[test]
fn patterns_are_decided_for_each_value_and_group_that_instances_have() {
    let mut cluster = Cluster::new();
    let mut ids = vec![];
    for number in 0..40 {
        let (name, stack) = (format!("i-{number}"), ["prod-a", "prod-b", "test"][number % 3]);
        let instance = Instance::new(&name).with_resources(1024, 1024);
        let instance = if number % 8 == 7 { instance } else { instance.with_attribute("stack", stack) };
        ids.push(cluster.register(&instance).unwrap());
        let group = ["service:db-1", "service:web", "service:db-2", "service:x"][number % 4];
        cluster.add_task(&RunningTask::new(ids[number], "side:1", &Demand::new(1, 1), group)).unwrap();
    }
    let text = "(attribute:stack =~ prod.* or attribute:stack !~ .*-.*) and not(task:group =~ service:db-.*)";
    let expression = expr::compile(text).unwrap();
    let request = Request::new("t", Demand::new(1, 1)).with_constraint(Constraint::MemberOf(expression.clone()));
    let id = cluster.prepare(&request).unwrap();
    let explanation = cluster.explain(id).unwrap();
    let takes = explanation.verdicts.iter().filter(|verdict| verdict.failure.is_none());
    let takes: Vec<_> = takes.map(|verdict| verdict.instance).collect();
    assert_eq!(takes, cluster.query(&expression));
    assert!(!takes.is_empty() && takes.len() < ids.len());
}

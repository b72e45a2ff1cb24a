//! Rearranging: each step of a plan is possible when its turn comes, nothing gets worse, and nothing else is touched.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use placewright::planner::rearrange::{Goal, GroupRules, RearrangeOptions, RearrangePlan, Score, rearrange};
use placewright::{
    Cluster, Constraint, Demand, ErrorKind, Instance, InstanceId, InstanceStatus, Options, Protocol, Release, Request,
    RunningTask, expr,
};
use proptest::prelude::*;
use proptest::sample::select;

const ZONE: &str = "ecs.availability-zone";

/// A cluster of instances with so much CPU and memory in zones.
fn cluster(options: Options, shapes: &[(i64, i64, &str)]) -> (Cluster, Vec<InstanceId>) {
    let mut cluster = Cluster::with_options(options);
    let ids = shapes.iter().enumerate().map(|(at, &(cpu, memory, zone))| {
        let name = format!("i-{at}");
        cluster.register(&Instance::new(&name).with_resources(cpu, memory).with_zone(zone)).unwrap()
    });
    let ids = ids.collect();
    (cluster, ids)
}

/// Adds a task that runs.
fn add(cluster: &mut Cluster, at: InstanceId, group: &str, demand: &Demand) {
    cluster.add_task(&RunningTask::new(at, &format!("{group}:1"), demand, group)).unwrap();
}

/// Plans to the end.
fn planned(cluster: &mut Cluster, options: &RearrangeOptions) -> RearrangePlan {
    let before = cluster.fingerprint();
    let plan = rearrange(cluster, options, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(cluster.fingerprint(), before);
    assert_eq!((cluster.savepoints(), cluster.requests().count()), (0, 0));
    cluster.validate().unwrap();
    plan
}

/// How far each group is apart over zones of ACTIVE instances.
fn skews(cluster: &Cluster) -> BTreeMap<String, u64> {
    let mut zones: Vec<String> = Vec::new();
    for id in cluster.instances() {
        let instance = cluster.instance(id).unwrap();
        if instance.status() == InstanceStatus::Active {
            zones.extend(instance.attribute(ZONE).map(str::to_owned));
        }
    }
    let mut counts: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for id in cluster.tasks() {
        let task = cluster.task(id).unwrap();
        let zone = cluster.instance(task.instance()).unwrap().attribute(ZONE).unwrap_or_default().to_owned();
        *counts.entry(task.group().to_owned()).or_default().entry(zone).or_default() += 1;
    }
    let skew = |counts: &BTreeMap<String, u64>| {
        let count = |zone: &String| counts.get(zone).copied().unwrap_or(0);
        zones.iter().map(count).max().unwrap_or(0) - zones.iter().map(count).min().unwrap_or(0)
    };
    counts.iter().map(|(group, counts)| (group.clone(), skew(counts))).collect()
}

/// Tasks that could not start where they are: those whose constraints or amounts are broken.
fn broken(cluster: &mut Cluster, rules: &[GroupRules]) -> usize {
    let tasks: Vec<_> = cluster.tasks().collect();
    tasks
        .into_iter()
        .filter(|&id| {
            let view = cluster.task(id).unwrap();
            let at = view.instance();
            let request = request(view.definition(), view.group(), view.demand(), rules);
            let request = cluster.prepare(&request).unwrap();
            let savepoint = cluster.begin();
            cluster.stop(id).unwrap();
            if cluster.options().release == Release::Last {
                cluster.finish(id).unwrap();
            }
            cluster.set_status(at, InstanceStatus::Active).unwrap();
            let is_broken = cluster.start(request, at).unwrap().is_err();
            cluster.rollback(savepoint).unwrap();
            cluster.release(request).unwrap();
            is_broken
        })
        .count()
}

/// What a task was placed by.
fn request(definition: &str, group: &str, demand: &Demand, rules: &[GroupRules]) -> Request {
    let mut request = Request::new(definition, demand.clone()).with_group(group);
    request.constraints =
        rules.iter().filter(|rules| rules.group == group).flat_map(|r| r.constraints.clone()).collect();
    request
}

/// Carries a plan out by the engine, one step at a time, and checks each.
fn checked(cluster: &mut Cluster, options: &RearrangeOptions, plan: &RearrangePlan) {
    let original = cluster.clone();
    assert!(plan.moves.len() <= options.moves_max);
    let (mut faults, mut apart) = (broken(cluster, &options.rules), skews(cluster));
    let mut moved: BTreeMap<String, usize> = BTreeMap::new();
    for planned in &plan.moves {
        let task = cluster.task(planned.task).unwrap();
        assert_eq!(task.instance(), planned.from);
        assert!(!task.is_protected() && planned.from != planned.to);
        *moved.entry(task.group().to_owned()).or_default() += 1;
        let request = request(task.definition(), task.group(), task.demand(), &options.rules);
        let request = cluster.prepare(&request).unwrap();
        let end = |cluster: &mut Cluster| {
            cluster.stop(planned.task).unwrap();
            if cluster.options().release == Release::Last {
                cluster.finish(planned.task).unwrap();
            }
        };
        if options.stops_first {
            end(cluster);
        }
        cluster.start(request, planned.to).unwrap().unwrap();
        if !options.stops_first {
            end(cluster);
        }
        cluster.release(request).unwrap();
        let now = broken(cluster, &options.rules);
        assert!(now <= faults, "a move broke something: {now} > {faults}");
        faults = now;
        let now = skews(cluster);
        if let Some(skew_max) = options.skew_max {
            for (group, &skew) in &now {
                assert!(skew <= skew_max.max(apart[group]), "{group}: {skew}");
            }
        }
        apart = now;
    }
    if let Some(most) = options.moves_per_group_max {
        assert!(moved.values().all(|&moves| moves <= most), "{moved:?}");
    }
    assert_eq!(Score::of(cluster, &options.attribute).unwrap(), plan.after);
    assert_eq!(Score::of(&original, &options.attribute).unwrap(), plan.before);
    match options.goal {
        Goal::Empty => {
            assert!(plan.after.instances <= plan.before.instances, "{plan:?}");
            assert_eq!(plan.before.instances - plan.after.instances, plan.emptied.len());
        }
        _ => assert!(plan.after.skew_sum <= plan.before.skew_sum, "{plan:?}"),
    }
    // By the plan itself it comes to the same.
    let mut other = original;
    plan.apply(&mut other, options).unwrap();
    assert_eq!(Score::of(&other, &options.attribute).unwrap(), plan.after);
    other.validate().unwrap();
}

/// A task of a random cluster: instance, group, CPU, memory, whether it wants the port of its group, and whether it is
/// protected.
type Task = (usize, usize, i64, i64, bool, bool);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn every_step_is_possible_and_nothing_gets_worse(
        shapes in proptest::collection::vec((2_i64..8, 2_i64..8, select(vec!["a", "b", "c"])), 2..8),
        tasks in proptest::collection::vec(
            (0_usize..8, 0_usize..4, 0_i64..4, 0_i64..4, any::<bool>(), proptest::bool::weighted(0.1)), 0..14),
        rules in proptest::collection::vec(0_usize..6, 4),
        draining in proptest::option::of(0_usize..8),
        limits in (0_usize..9, proptest::option::of(1_usize..4), any::<bool>(), proptest::option::of(1_u64..3)),
        how in (any::<bool>(), any::<bool>()),
    ) {
        let release = if how.1 { Release::Last } else { Release::Desired };
        let (mut cluster, ids) = cluster(Options { release, ..Options::default() }, &shapes);
        for &(at, group, cpu, memory, has_port, is_protected) in &tasks as &Vec<Task> {
            let mut demand = Demand::new(cpu, memory);
            if has_port {
                demand = demand.with_port(Protocol::Tcp, 8000 + u16::try_from(group).unwrap());
            }
            let (group, at) = (format!("g{group}"), ids[at % ids.len()]);
            let definition = format!("{group}:1");
            let mut running = RunningTask::new(at, &definition, &demand, &group);
            running.is_protected = is_protected;
            cluster.add_task(&running).unwrap();
        }
        if let Some(at) = draining {
            cluster.set_status(ids[at % ids.len()], InstanceStatus::Draining).unwrap();
        }
        let constraint = |rule| match rule {
            0 => vec![Constraint::DistinctInstance],
            1 => vec![Constraint::MemberOf(expr::compile("attribute:ecs.availability-zone in [a, b]").unwrap())],
            2 => vec![Constraint::MemberOf(expr::compile("not(task:group == g0)").unwrap())],
            3 => vec![Constraint::MemberOf(expr::compile("task:group == g1").unwrap())],
            _ => Vec::new(),
        };
        let rules = rules.iter().enumerate().map(|(group, &rule)| {
            GroupRules { group: format!("g{group}"), constraints: constraint(rule), is_pinned: false }
        });
        let (moves_max, moves_per_group_max, stops_first, skew_max) = limits;
        let options = RearrangeOptions {
            goal: if how.0 { Goal::Empty } else { Goal::Spread { group: None } },
            moves_max, moves_per_group_max, stops_first, skew_max,
            rules: rules.collect(),
            ..RearrangeOptions::default()
        };
        let plan = planned(&mut cluster, &options);
        prop_assert_eq!(&planned(&mut cluster, &options), &plan);
        checked(&mut cluster, &options, &plan);
    }
}

#[test]
fn a_task_makes_way_where_there_is_no_other_place() {
    // The 3 fits nowhere until the 2 beside it has gone to the last instance.
    let (mut cluster, ids) = cluster(Options::default(), &[(10, 10, "a"), (10, 10, "a"), (10, 10, "a")]);
    for (at, size) in [(0, 3), (1, 6), (1, 2), (2, 8)] {
        add(&mut cluster, ids[at], &format!("s{size}"), &Demand::new(size, size));
    }
    let options = RearrangeOptions { skew_max: None, ..RearrangeOptions::default() };
    let plan = planned(&mut cluster, &options);
    assert_eq!((plan.emptied.as_slice(), plan.moves.len()), ([ids[0]].as_slice(), 2));
    assert_eq!((plan.moves[0].from, plan.moves[0].to), (ids[1], ids[2]));
    checked(&mut cluster.clone(), &options, &plan);
    // With one move there is none to be emptied, so nothing is moved.
    let plan = planned(&mut cluster, &RearrangeOptions { moves_max: 1, ..options });
    assert!(plan.moves.is_empty() && plan.before == plan.after);
}

#[test]
fn a_group_is_brought_to_even_in_either_order() {
    let (mut cluster, ids) = cluster(Options::default(), &[(4, 4, "a"), (4, 4, "b")]);
    for _ in 0..4 {
        add(&mut cluster, ids[0], "web", &Demand::new(1, 1));
    }
    let mut options = RearrangeOptions { goal: Goal::Spread { group: Some("web".into()) }, ..Default::default() };
    let plan = planned(&mut cluster, &options);
    assert_eq!((plan.before.skew_max, plan.after.skew_max, plan.moves.len()), (4, 0, 2));
    checked(&mut cluster.clone(), &options, &plan);
    options.stops_first = true;
    let plan = planned(&mut cluster, &options);
    assert_eq!(plan.after.skew_max, 0);
    checked(&mut cluster.clone(), &options, &plan);
    options.goal = Goal::Spread { group: Some("other".into()) };
    assert!(planned(&mut cluster, &options).moves.is_empty());
}

#[test]
fn what_must_stay_stays() {
    let build = |is_protected| {
        let (mut cluster, ids) = cluster(Options::default(), &[(4, 4, "a"), (4, 4, "a")]);
        add(&mut cluster, ids[0], "web", &Demand::new(1, 1));
        add(&mut cluster, ids[0], "web", &Demand::new(1, 1));
        let demand = Demand::new(1, 1);
        let mut running = RunningTask::new(ids[1], "job:1", &demand, "job");
        running.is_protected = is_protected;
        cluster.add_task(&running).unwrap();
        cluster
    };
    let options = RearrangeOptions { skew_max: None, moves_max: 1, ..RearrangeOptions::default() };
    assert_eq!(planned(&mut build(false), &options).moves.len(), 1);
    assert_eq!(planned(&mut build(true), &options).moves.len(), 0);
    let pinned = GroupRules { group: "job".into(), is_pinned: true, ..GroupRules::default() };
    let options = RearrangeOptions { rules: vec![pinned], ..options };
    assert_eq!(planned(&mut build(false), &options).moves.len(), 0);
}

#[test]
fn an_instance_that_takes_no_tasks_is_emptied_first_and_never_filled() {
    let (mut cluster, ids) = cluster(Options::default(), &[(8, 8, "a"), (8, 8, "a"), (8, 8, "a")]);
    for at in [0, 1, 1, 2] {
        add(&mut cluster, ids[at], "web", &Demand::new(1, 1));
    }
    cluster.set_status(ids[1], InstanceStatus::Draining).unwrap();
    let options = RearrangeOptions { moves_max: 2, ..RearrangeOptions::default() };
    let plan = planned(&mut cluster, &options);
    assert_eq!(plan.emptied, [ids[1]]);
    checked(&mut cluster, &options, &plan);
}

#[test]
fn budgets_and_callers_end_it_early() {
    let (mut cluster, ids) = cluster(Options::default(), &[(8, 8, "a"); 6]);
    ids.iter().for_each(|&id| add(&mut cluster, id, "web", &Demand::new(1, 1)));
    let options = RearrangeOptions { steps: 3, ..RearrangeOptions::default() };
    let plan = planned(&mut cluster, &options);
    assert!(plan.is_cut_short && plan.emptied.len() < 5);
    checked(&mut cluster.clone(), &options, &plan);
    let options = RearrangeOptions::default();
    let plan = rearrange(&mut cluster, &options, &mut |_| ControlFlow::Break(())).unwrap();
    assert!(plan.is_cut_short && plan.moves.is_empty());
    let plan = planned(&mut cluster, &options);
    assert_eq!((plan.is_cut_short, plan.emptied.len()), (false, 5));
}

#[test]
fn a_plan_that_no_longer_fits_is_refused_whole() {
    let (mut cluster, ids) = cluster(Options::default(), &[(4, 4, "a"), (4, 4, "a")]);
    add(&mut cluster, ids[0], "web", &Demand::new(1, 1));
    add(&mut cluster, ids[1], "job", &Demand::new(2, 2));
    let options = RearrangeOptions::default();
    let plan = planned(&mut cluster, &options);
    assert_eq!(plan.moves.len(), 1);
    add(&mut cluster, plan.moves[0].to, "late", &Demand::new(2, 2));
    let before = cluster.fingerprint();
    let error = plan.apply(&mut cluster, &options).unwrap_err();
    assert_eq!((error.kind(), error.path()), (ErrorKind::InvalidParameter, Some("moves[0]")));
    assert_eq!((cluster.fingerprint(), cluster.savepoints()), (before, 0));
    let twice = vec![GroupRules { group: "web".into(), ..GroupRules::default() }; 2];
    let options = RearrangeOptions { rules: twice, ..options };
    let error = rearrange(&mut cluster, &options, &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert_eq!(error.path(), Some("rules[1]"));
}

#[test]
fn constraints_hold_on_instances_that_owe_amounts() {
    // The companion on the first instance is the one to go, but for the task beside it, of which there is more than room.
    let (mut cluster, ids) = cluster(Options::default(), &[(2, 2, "a"), (8, 8, "a"), (8, 8, "b")]);
    add(&mut cluster, ids[1], "companion", &Demand::new(1, 1));
    add(&mut cluster, ids[0], "needy", &Demand::new(3, 3));
    add(&mut cluster, ids[0], "companion", &Demand::new(1, 1));
    let constraint = Constraint::MemberOf(expr::compile("task:group == companion").unwrap());
    let needy = GroupRules { group: "needy".into(), constraints: vec![constraint], is_pinned: false };
    let goal = Goal::Spread { group: Some("companion".into()) };
    let options = RearrangeOptions { goal, rules: vec![needy], ..RearrangeOptions::default() };
    assert!(cluster.instance(ids[0]).unwrap().remaining(placewright::ResourceKind::Cpu) < 0);
    let plan = planned(&mut cluster, &options);
    assert!(plan.moves.iter().all(|planned| planned.from != ids[0]), "{plan:?}");
}

//! A user's program: public items only, and only those that need no feature, from registering to explaining.

use placewright::{
    Cluster, Constraint, Demand, Error, ErrorClass, ErrorKind, Instance, InstanceId, InstanceStatus, LaunchKind,
    Options, Outcome, Protocol, Rejection, Request, ResourceKind, Strategy, StrategyChain, TaskId, TieBreak, expr,
};

/// What the program keeps of its own: ids are small, `Copy`, and outlive any borrow of the cluster.
#[derive(Debug, Default)]
struct Ledger {
    /// Tasks that run, with their instances.
    tasks: Vec<(TaskId, InstanceId)>,
}

/// Places a request and writes down what came of it.
fn place(cluster: &mut Cluster, ledger: &mut Ledger, request: &Request) -> Result<Option<Rejection>, Error> {
    let prepared = cluster.prepare(request)?;
    let mut placements = Vec::new();
    let rejection = cluster.place(prepared, &mut placements)?;
    ledger.tasks.extend(placements.iter().map(|placement| (placement.task, placement.instance)));
    cluster.release(prepared)?;
    Ok(rejection)
}

#[test]
fn a_program_needs_nothing_but_public_items() -> Result<(), Error> {
    let mut cluster = Cluster::with_options(Options::default());
    let mut ledger = Ledger::default();
    for (number, zone) in ["a", "b", "c"].into_iter().enumerate() {
        let name = format!("i-{number}");
        cluster.register(&Instance::new(&name).with_resources(1024, 2048).with_zone(zone))?;
    }
    let edge = Demand::new(256, 512).with_port(Protocol::Tcp, 443);
    let request = Request::new("edge:1", edge)
        .with_count(4)
        .with_constraint(Constraint::MemberOf(expr::compile("attribute:ecs.availability-zone in [a, b]")?))
        .with_strategies(StrategyChain::new([Strategy::spread("ecs.availability-zone")])?);

    let rejection = place(&mut cluster, &mut ledger, &request)?;
    assert_eq!(ledger.tasks.len(), 2);
    assert_eq!(rejection.map(|rejection| rejection.placed), Some(2));

    let prepared = cluster.prepare(&request)?;
    let why = cluster.explain(prepared)?;
    assert_eq!(why.reasons.len(), 2);
    assert!(matches!(cluster.place_one(prepared)?, Outcome::Rejected(_)));

    let (task, instance) = ledger.tasks.remove(0);
    assert_eq!(cluster.task(task)?.instance(), instance);
    cluster.stop(task)?;
    let error = cluster.stop(task).unwrap_err();
    assert_eq!((error.kind(), error.class()), (ErrorKind::TaskNotFound, ErrorClass::NotFound));
    assert_eq!(cluster.instance(instance)?.remaining(ResourceKind::Cpu), 1024);

    let other = Request::new("batch:1", Demand::new(512, 512))
        .with_count(3)
        .with_zones(["c"])
        .with_launch(LaunchKind::Any)
        .with_tie_break(TieBreak::Seeded)
        .with_all_or_nothing(true);
    let tasks = ledger.tasks.len();
    assert_eq!(place(&mut cluster, &mut ledger, &other)?, Some(Rejection { wanted: 3, placed: 0 }));
    assert_eq!(place(&mut cluster, &mut ledger, &other.with_count(2))?, None);
    assert!(
        ledger.tasks.split_off(tasks).iter().all(|&(_, on)| cluster.instance(on).is_ok_and(|on| on.name() == "i-2"))
    );

    cluster.set_status(instance, InstanceStatus::Draining)?;
    assert!(cluster.place_one(prepared)?.placement().is_none());
    let expression = "runningTasksCount = 1";
    let error = expr::compile(expression).unwrap_err();
    assert!(error.render(expression).contains("\n  runningTasksCount = 1\n"));
    cluster.validate().unwrap();
    Ok(())
}

/// Types that a program sends between threads, shares, and prints.
#[test]
fn public_types_are_ordinary_values() {
    fn check<T: Send + Sync + Clone + core::fmt::Debug>() {}
    check::<Cluster>();
    check::<Request>();
    check::<Error>();
    check::<expr::Expression>();
    assert!(size_of::<Option<InstanceId>>() == size_of::<InstanceId>());
}

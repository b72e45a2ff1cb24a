//! Savepoints: nested, closed out of order, rolled back at every step; and ids that must not come back to life.

use placewright::{Capacity, Cluster, Constraint, Demand, ErrorKind, GpuDemand, Instance, InstanceStatus, Protocol};
use placewright::{Request, Strategy, TaskId, expr};

/// A small fleet with a prepared request that touches ports and GPUs.
fn fleet() -> (Cluster, placewright::RequestId) {
    let mut cluster = Cluster::new();
    for name in ["i-1", "i-2", "i-3"] {
        let instance = Instance::new(name).with_resources(2048, 2048).with_gpus(["g0", "g1"]).with_zone("a");
        cluster.register(&instance).unwrap();
    }
    let demand = Demand::new(256, 256).with_port(Protocol::Tcp, 80).with_gpus(GpuDemand::Share(400));
    let expression = expr::compile("attribute:ecs.availability-zone == a and runningTasksCount < 5").unwrap();
    let request = Request::new("web", demand)
        .with_constraint(Constraint::MemberOf(expression))
        .with_strategies(Strategy::Spread(placewright::SpreadField::InstanceId));
    let id = cluster.prepare(&request).unwrap();
    (cluster, id)
}

/// Twelve steps that change everything that can change.
fn step(cluster: &mut Cluster, request: placewright::RequestId, number: usize) {
    let named = |cluster: &Cluster, name: &str| cluster.instance_named(name);
    match number {
        0 | 1 => drop(cluster.place_one(request).unwrap()),
        2 => {
            let task = cluster.tasks().next().unwrap();
            cluster.stop(task).unwrap();
        }
        3 => {
            let id = named(cluster, "i-2").unwrap();
            cluster.put_attribute(id, "ecs.availability-zone", Some("b")).unwrap();
        }
        4 => {
            let id = named(cluster, "i-1").unwrap();
            cluster.delete_attribute(id, "ecs.availability-zone").unwrap();
        }
        5 => drop(cluster.register(&Instance::new("i-4").with_resources(512, 512).with_attribute("new", "value"))),
        6 => {
            let id = named(cluster, "i-2").unwrap();
            cluster.deregister(id, true).unwrap();
        }
        7 => drop(cluster.register(&Instance::new("i-2").with_resources(64, 64))),
        8 => {
            let id = named(cluster, "i-3").unwrap();
            cluster.set_status(id, InstanceStatus::Draining).unwrap();
        }
        9 => {
            let id = named(cluster, "i-3").unwrap();
            cluster.set_agent_connected(id, false).unwrap();
        }
        10 => {
            let id = named(cluster, "i-4").unwrap();
            cluster.put_attribute(id, "new", Some("other")).unwrap();
            cluster.put_attribute(id, "new", Some("value")).unwrap();
        }
        _ => {
            let id = named(cluster, "i-4").unwrap();
            cluster.deregister(id, false).unwrap();
        }
    }
    cluster.validate().unwrap();
}

#[test]
fn rolling_back_after_any_number_of_steps_restores_the_fingerprint() {
    for steps in 0..=12 {
        let (mut cluster, request) = fleet();
        let before = (cluster.fingerprint(), cluster.sequence());
        let savepoint = cluster.begin();
        for number in 0..steps {
            step(&mut cluster, request, number);
        }
        cluster.rollback(savepoint).unwrap();
        cluster.validate().unwrap();
        assert_eq!((cluster.fingerprint(), cluster.sequence()), before, "after {steps} steps");
    }
}

#[test]
fn a_nested_savepoint_at_any_step_restores_that_step() {
    for at in 0..=12 {
        let (mut cluster, request) = fleet();
        let outer = cluster.begin();
        for number in 0..at {
            step(&mut cluster, request, number);
        }
        let middle = cluster.fingerprint();
        let inner = cluster.begin();
        for number in at..12 {
            step(&mut cluster, request, number);
        }
        cluster.rollback(inner).unwrap();
        assert_eq!(cluster.fingerprint(), middle, "at step {at}");
        for number in at..12 {
            step(&mut cluster, request, number);
        }
        let last = cluster.fingerprint();
        cluster.commit(outer).unwrap();
        cluster.validate().unwrap();
        assert_eq!(cluster.fingerprint(), last);
    }
}

#[test]
fn closing_a_savepoint_closes_those_inside_it() {
    let (mut cluster, request) = fleet();
    let outer = cluster.begin();
    let inner = cluster.begin();
    cluster.place_one(request).unwrap();
    cluster.rollback(outer).unwrap();
    assert_eq!(cluster.rollback(inner).unwrap_err().kind(), ErrorKind::StaleHandle);
    assert_eq!(cluster.commit(outer).unwrap_err().kind(), ErrorKind::StaleHandle);
    assert_eq!(cluster.running_tasks(), 0);

    let again = cluster.begin();
    assert_eq!(cluster.rollback(outer).unwrap_err().kind(), ErrorKind::StaleHandle, "same depth, another savepoint");
    cluster.commit(again).unwrap();
}

#[test]
fn dropping_a_transaction_rolls_back_and_committing_keeps() {
    let (mut cluster, request) = fleet();
    let before = cluster.fingerprint();
    {
        let mut what_if = cluster.transaction();
        what_if.place_one(request).unwrap();
        let mut deeper = what_if.transaction();
        deeper.place_one(request).unwrap();
        deeper.commit().unwrap();
        assert_eq!(what_if.running_tasks(), 2);
    }
    assert_eq!(cluster.fingerprint(), before);
    let mut kept = cluster.transaction();
    kept.place_one(request).unwrap();
    kept.commit().unwrap();
    assert_eq!(cluster.running_tasks(), 1);
    assert_eq!(cluster.savepoints(), 0);
}

#[test]
fn ids_of_what_was_rolled_back_or_removed_stay_dead() {
    let (mut cluster, request) = fleet();
    let savepoint = cluster.begin();
    let task = cluster.place_one(request).unwrap().placement().unwrap().task;
    let instance = cluster.register(&Instance::new("i-9")).unwrap();
    cluster.rollback(savepoint).unwrap();
    let next = cluster.place_one(request).unwrap().placement().unwrap().task;
    assert_ne!(task, next, "the slot is reused, the id is not");
    assert_eq!(cluster.stop(task).unwrap_err().kind(), ErrorKind::TaskNotFound);
    assert_eq!(cluster.instance(instance).unwrap_err().kind(), ErrorKind::InstanceNotFound);

    cluster.stop(next).unwrap();
    assert_eq!(cluster.stop(next).unwrap_err().kind(), ErrorKind::TaskNotFound, "stopped twice");
    let forged = TaskId::from_u64(next.as_u64() + (1 << 40)).unwrap();
    assert_eq!(cluster.stop(forged).unwrap_err().kind(), ErrorKind::TaskNotFound);
}

#[test]
fn a_stopped_task_comes_back_with_the_very_gpus_it_had() {
    let mut cluster = Cluster::new();
    cluster.register(&Instance::new("i-1").with_resources(1024, 1024).with_gpus(["g0", "g1", "g2"])).unwrap();
    let request = Request::new("gpu", Demand::new(1, 1).with_gpus(GpuDemand::Whole(1)));
    let id = cluster.prepare(&request).unwrap();
    let tasks: Vec<TaskId> = (0..2).map(|_| cluster.place_one(id).unwrap().placement().unwrap().task).collect();
    cluster.stop(tasks[0]).unwrap();
    let before = cluster.fingerprint();
    let savepoint = cluster.begin();
    cluster.stop(tasks[1]).unwrap();
    cluster.rollback(savepoint).unwrap();
    let held: Vec<_> = cluster.task(tasks[1]).unwrap().gpu_ids().collect();
    assert_eq!(held, ["g1"]);
    assert_eq!(cluster.fingerprint(), before);
}

#[test]
fn all_or_nothing_leaves_no_trace_with_or_without_a_savepoint() {
    for open in [false, true] {
        let (mut cluster, _) = fleet();
        let request = Request { all_or_nothing: true, ..Request::new("big", Demand::new(1024, 0)) }.with_count(7);
        let id = cluster.prepare(&request).unwrap();
        let savepoint = open.then(|| cluster.begin());
        let before = (cluster.fingerprint(), cluster.sequence());
        let mut placements = Vec::new();
        let (rejection, failures) = cluster.place_explained(id, &mut placements).unwrap();
        assert_eq!(rejection.unwrap().placed, 0);
        assert_eq!(failures.len(), 3, "judged when six were placed, so no instance has room");
        assert!(placements.is_empty());
        assert_eq!((cluster.fingerprint(), cluster.sequence()), before);
        if let Some(savepoint) = savepoint {
            cluster.rollback(savepoint).unwrap();
        }
        cluster.validate().unwrap();
    }
}

#[test]
fn facts_are_not_added_inside_a_savepoint() {
    let (mut cluster, _) = fleet();
    let instance = cluster.instance_named("i-1").unwrap();
    let demand = Demand::new(1, 1);
    let running = placewright::RunningTask {
        instance,
        definition: "web",
        demand: &demand,
        group: "g",
        gpu_ids: Vec::new(),
        in_remaining: true,
        is_healthy: true,
        is_protected: false,
        is_stopping: false,
    };
    let savepoint = cluster.begin();
    assert_eq!(cluster.add_task(&running).unwrap_err().kind(), ErrorKind::SavepointOpen);
    cluster.rollback(savepoint).unwrap();
    assert!(cluster.add_task(&running).is_ok());
    cluster.reserve(Capacity::default());
}

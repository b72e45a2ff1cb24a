//! `rearrange`: describe output in, a plan out, and what is refused.

use serde_json::{Value, json};

use crate::{assert_refused, folder, run};

/// Files of a cluster of three instances in two zones, with a service of one task on each.
fn files(name: &str, services: &Value) -> [String; 3] {
    let folder = folder(name);
    let file = |name: &str, value: &Value| {
        let path = folder.join(name);
        std::fs::write(&path, value.to_string()).unwrap();
        path.to_str().unwrap().to_string()
    };
    let amount = |name: &str| json!({"name": name, "type": "INTEGER", "integerValue": 2048});
    let instance = |arn: &str, zone: &str| {
        json!({"containerInstanceArn": arn, "status": "ACTIVE", "agentConnected": true,
        "attributes": [{"name": "ecs.availability-zone", "value": zone}],
        "registeredResources": [amount("CPU"), amount("MEMORY")]})
    };
    let task = |arn: &str, at: &str| {
        json!({"taskArn": arn, "containerInstanceArn": at, "group": "service:web",
        "taskDefinitionArn": "web:1", "cpu": "512", "memory": "512", "lastStatus": "RUNNING", "desiredStatus": "RUNNING"})
    };
    [
        file(
            "cluster.json",
            &json!({"containerInstances": [instance("i-a", "a"), instance("i-b", "a"), instance("i-c", "c")]}),
        ),
        file("tasks.json", &json!({"tasks": [task("t-1", "i-a"), task("t-2", "i-b"), task("t-3", "i-c")]})),
        file("services.json", services),
    ]
}

/// A plan that works.
fn plan(args: &[&str]) -> Value {
    let output = run(&[&["rearrange"], args].concat());
    // Their definition is not among the files, and that is all there is to be warned of.
    let warns = |line: &str| line.contains("warning: task definition `web:1`");
    assert!(output.code == Some(0) && output.err.lines().all(warns), "{output:?}");
    serde_json::from_str(&output.out).unwrap()
}

#[test]
fn a_plan_is_named_and_scored() {
    let [cluster, tasks, _] = files("plan", &json!([]));
    let base = ["--cluster", &cluster, "--tasks", &tasks];
    let answer = plan(&base);
    assert_eq!(
        answer["moves"],
        json!([{"task": "t-2", "group": "service:web", "taskDefinition": "web:1", "from": "i-b",
        "to": "i-a"}])
    );
    assert_eq!(answer["emptied"], json!(["i-b"]));
    assert_eq!((&answer["before"]["instances"], &answer["after"]["instances"]), (&json!(3), &json!(2)));
    assert_eq!(answer["after"]["memoryLeft"], 2048 * 2 - 512 * 3);
    // Without regard to zones one instance is enough.
    let answer = plan(&[base.as_slice(), &["--any-skew"]].concat());
    assert_eq!(answer["after"]["instances"], 1);
    assert_eq!(plan(&[base.as_slice(), &["--any-skew"]].concat()), answer);
    for none in [["--moves", "0"], ["--moves-per-group", "0"], ["--pinned", "service:web"]] {
        assert_eq!(plan(&[base.as_slice(), &none].concat())["moves"], json!([]), "{none:?}");
    }
}

#[test]
fn services_bring_their_constraints() {
    let service = json!({"services": [{"serviceName": "web", "desiredCount": 3,
        "placementConstraints": [{"type": "distinctInstance"}]}]});
    let [cluster, tasks, services] = files("services", &service);
    let answer = plan(&["--cluster", &cluster, "--tasks", &tasks, "--services", &services, "--any-skew"]);
    assert_eq!(answer["moves"], json!([]));
}

#[test]
fn what_is_wrong_is_refused_in_one_line() {
    let wrong = json!({"services": [{"serviceName": "web", "placementConstraints": [{"type": "near"}]}]});
    let [cluster, tasks, services] = files("wrong", &wrong);
    let base = ["rearrange", "--cluster", &cluster, "--tasks", &tasks];
    let output = run(&[base.as_slice(), &["--services", &services]].concat());
    assert_refused(&output);
    assert!(output.err.contains("services.json") && output.err.contains("`near`"), "{output:?}");
    let output = run(&[base.as_slice(), &["--group", "service:web"]].concat());
    assert_eq!(output.code, Some(2));
    assert!(output.err.contains("spread"), "{output:?}");
}

#[test]
fn a_table_has_the_moves_in_order_and_figures_before_and_after() {
    let [cluster, tasks, _] = files("table", &json!([]));
    let base = ["rearrange", "--cluster", &cluster, "--tasks", &tasks, "--format", "table"];
    let output = run(&base);
    assert_eq!(output.code, Some(0));
    let rows: Vec<Vec<&str>> = output.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["move", "task", "group", "definition", "from", "to"]);
    assert_eq!(rows[1], ["1", "t-2", "service:web", "web:1", "i-b", "i-a"]);
    let has = |cells: &[&str]| assert!(rows.iter().any(|row| row.as_slice() == cells), "{cells:?}: {}", output.out);
    has(&["emptied"]);
    has(&["i-b"]);
    has(&["before", "after"]);
    has(&["instances", "with", "tasks", "3", "2"]);
    has(&["MiB", "of", "memory", "left", "4608", "2560"]);
    assert!(!output.out.contains("used up"));
    let output = run(&[base.as_slice(), &["--pinned", "service:web"]].concat());
    assert!(output.out.starts_with("No move makes it better.\n\n") && !output.out.contains("emptied"), "{output:?}");
    let output = run(&[base.as_slice(), &["--steps", "0"]].concat());
    assert!(output.out.contains("The steps or the time were used up"), "{output:?}");
}

//! `query`: what is found, and what an error shows.

use crate::{run, run_with};

const CLUSTER: &str = "cli/samples/cluster.json";

/// Queries the sample cluster.
fn query(args: &[&str]) -> crate::Output {
    run(&["query", "--cluster", CLUSTER].iter().chain(args).copied().collect::<Vec<_>>())
}

#[test]
fn instances_are_listed_in_three_forms() {
    assert_eq!(query(&[]).out.lines().count(), 9);
    let found = query(&["attribute:ecs.instance-type == m6i.xlarge"]);
    assert_eq!((found.code, found.err.as_str(), found.out.lines().count()), (Some(0), "", 2));
    assert!(found.out.starts_with("arn:aws:ecs:us-east-1:111122223333:container-instance/demo/f603"));
    let table = query(&["--format", "table", "--status", "DRAINING"]);
    let rows: Vec<Vec<&str>> = table.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["instance", "zone", "type", "status", "tasks"]);
    assert_eq!(rows[1][1..], ["us-east-1c", "t3.medium", "DRAINING", "1"]);
    let json = query(&["--format", "json", "agentConnected == false"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["containerInstanceArns"].as_array().unwrap().len(), 1);
    let edge = query(&["--tasks", "cli/samples/tasks.json", "task:group == service:edge"]);
    assert_eq!(edge.out.lines().count(), 3);
    let text = std::fs::read(crate::root().join(CLUSTER)).unwrap();
    let piped = run_with(&["query", "--cluster", "-", "attribute:ecs.instance-type == m6i.xlarge"], &text);
    assert_eq!(piped.out, found.out);
}

#[test]
fn an_error_marks_its_place() {
    let output = query(&["runningTaskCount > 1"]);
    assert_eq!((output.code, output.out.as_str()), (Some(2), ""));
    let lines: Vec<&str> = output.err.lines().collect();
    assert_eq!(lines[1], "  runningTaskCount > 1");
    assert_eq!(lines[2], "  ^^^^^^^^^^^^^^^^");
    assert_eq!(lines[3], "  help: did you mean `runningTasksCount`?");
    for expression in ["", "(", "attribute:ä === b", "attribute:a == b and", &"(".repeat(5000)] {
        let output = query(&[expression]);
        assert_eq!(output.code, Some(2), "{expression}");
        assert!(output.err.lines().any(|line| line.trim_start().starts_with('^')), "{output:?}");
    }
    let status = query(&["--status", "DRAINNG"]);
    assert!(status.code == Some(2) && status.err.contains("did you mean `DRAINING`?"), "{status:?}");
}

#[test]
fn an_attribute_nobody_has_is_worth_a_warning() {
    let output = query(&["attribute:ecs.instance-typ == m6i.xlarge"]);
    assert_eq!((output.code, output.out.as_str()), (Some(0), ""));
    let expected =
        "placewright: warning: no instance has the attribute `ecs.instance-typ`; did you mean `ecs.instance-type`?\n";
    assert_eq!(output.err, expected);
}

#[test]
fn the_cluster_may_stand_by_itself() {
    let filter = "attribute:ecs.instance-type == m6i.xlarge";
    assert_eq!(run(&["query", CLUSTER, filter]), query(&[filter]));
    assert_eq!(run(&["query", CLUSTER]).out.lines().count(), 9);
    let text = std::fs::read(crate::root().join(CLUSTER)).unwrap();
    assert_eq!(run_with(&["query", "-", filter], &text), query(&[filter]));
    let twice = run(&["query", CLUSTER, filter, "--cluster", CLUSTER]);
    assert!(twice.code == Some(2) && twice.err.contains("the cluster is given twice"), "{twice:?}");
    let none = run(&["query"]);
    assert!(none.code == Some(2) && none.err.contains("CLUSTER.json"), "{none:?}");
    let absent = run(&["query", "nosuch.json", filter]);
    assert!(absent.code == Some(2) && absent.err.contains("cannot read nosuch.json"), "{absent:?}");
}

#[test]
fn groups_of_tasks_nobody_told_of_are_worth_a_warning() {
    let told = "placewright: warning: no tasks are known, so `task:group` finds none (give them by --tasks)\n";
    let output = query(&["task:group == service:edge"]);
    assert_eq!((output.code, output.out.as_str(), output.err.as_str()), (Some(0), "", told));
    assert_eq!(query(&["attribute:ecs.os-type == 'task:group'"]).err, "");
    assert_eq!(query(&["--tasks", "cli/samples/tasks.json", "task:group == service:edge"]).err, "");
}

//! The replay of a conformance case: references, savepoints, skipped steps, refusals.

use placewright::adapter::SessionOptions;
use placewright::testkit::replay::{Runner, replay};
use serde_json::{Value, json};

/// A case of one instance, one definition and these steps.
fn case(steps: &Value) -> Value {
    json!({
        "format": "ecs-placement-conformance/1",
        "id": "x",
        "taskDefinitions": [{"family": "t", "containerDefinitions": [{"name": "app", "cpu": 128, "memory": 256}]}],
        "cluster": {"containerInstances": [{
            "containerInstanceArn": "ci/a",
            "registeredResources": [
                {"name": "CPU", "type": "INTEGER", "integerValue": 512},
                {"name": "MEMORY", "type": "INTEGER", "integerValue": 1000}
            ]
        }]},
        "steps": steps
    })
}

/// The entries of a replay.
fn entries(steps: &Value) -> Vec<Value> {
    let document = replay(&case(steps), SessionOptions::default()).unwrap();
    assert_eq!(document["id"], "x");
    document["steps"].as_array().unwrap().clone()
}

#[test]
fn an_entry_is_what_the_format_says() {
    let entries = entries(&json!([
        {"op": "runTask", "request": {"taskDefinition": "t", "count": 4}, "expect": {"placed": 3}},
        {"op": "stopTask", "task": {"step": 0, "index": 1}},
        {"op": "stopTask", "task": {"step": 0, "index": 1}},
        {"op": "stopTask", "task": {"step": 0, "on": "ci/a"}},
        {"op": "stopTask", "task": {"step": 0, "index": 9}},
        {"op": "loadText", "text": "{\"containerInstances\":[]}"},
        {"op": "loadText", "text": "["},
        {"op": "describe"}
    ]));
    assert_eq!(
        entries[0],
        json!({
            "op": "runTask",
            "tasks": [
                {"taskArn": "task/placed-1", "containerInstanceArn": "ci/a", "group": "family:t"},
                {"taskArn": "task/placed-2", "containerInstanceArn": "ci/a", "group": "family:t"},
                {"taskArn": "task/placed-3", "containerInstanceArn": "ci/a", "group": "family:t"}
            ],
            "failures": [{"arn": "ci/a", "reason": "RESOURCE:MEMORY"}],
            "state": {"ci/a": {"CPU": 128, "MEMORY": 232, "PORTS": [], "PORTS_UDP": [], "runningTasksCount": 3, "status": "ACTIVE"}}
        })
    );
    assert_eq!((&entries[1]["ok"], &entries[1]["stopped"]), (&json!(true), &json!(["task/placed-2"])));
    assert_eq!(
        (&entries[2]["error"]["class"], &entries[2]["error"]["code"]),
        (&json!("not-found"), &json!("not_found.task"))
    );
    assert_eq!(entries[3]["stopped"], json!(["task/placed-1"]));
    assert_eq!(entries[4]["error"]["class"], "not-found");
    assert_eq!(entries[5]["parsed"], true);
    assert_eq!(entries[6]["error"]["code"], "json.syntax");
    assert_eq!(entries[7], json!({"op": "describe", "state": entries[6]["state"]}));
}

#[test]
fn savepoints_are_steps_of_our_own() {
    let entries = entries(&json!([
        {"op": "xRollback"},
        {"op": "xBegin"},
        {"op": "runTask", "request": {"taskDefinition": "t"}},
        {"op": "xRollback"},
        {"op": "runTask", "request": {"taskDefinition": "t"}},
        {"op": "xBegin"},
        {"op": "xSetAgentConnected", "containerInstance": "a", "connected": false},
        {"op": "xCommit"},
        {"op": "runTask", "request": {"taskDefinition": "t"}}
    ]));
    assert_eq!(entries[0]["error"]["class"], "conflict");
    assert_eq!(entries[1]["ok"], true);
    assert_eq!(entries[3]["state"], entries[0]["state"]);
    assert_eq!(entries[4]["tasks"], entries[2]["tasks"]);
    assert_eq!(entries[8]["failures"][0]["reason"], "AGENT");
}

#[test]
fn what_is_missing_is_skipped_from_there_on() {
    let entries = entries(&json!([
        {"op": "describe"},
        {"op": "describe", "requires": ["networkMode.awsvpc", "moon"]},
        {"op": "describe"}
    ]));
    assert_eq!(entries[1], json!({"op": "describe", "skipped": "moon"}));
    assert_eq!(entries[2], json!({"op": "describe", "skipped": "moon"}));
}

#[test]
fn what_cannot_be_run_is_said_in_words() {
    let options = SessionOptions::default;
    assert!(replay(&case(&json!([{"op": "fly"}])), options()).unwrap_err().contains("fly"));
    assert!(replay(&json!({"steps": []}), options()).is_err());
    let mut broken = case(&json!([]));
    broken["cluster"]["containerInstances"][0]["status"] = json!("x");
    assert!(Runner::new(&broken, options()).unwrap_err().contains("containerInstances[0].status"));
}

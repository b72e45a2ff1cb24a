//! `replay`: the document word by word, the options, and everything that makes a file unusable.

use placewright::testkit::case::OPERATIONS;
use serde_json::{Value, json};

use crate::{assert_refused, root, run, run_with};

/// A case of two instances in two zones with `steps`.
fn case(steps: &Value) -> Value {
    let instance = |id: &str, zone: &str| {
        json!({"containerInstanceArn": id, "attributes": [{"name": "ecs.availability-zone", "value": zone}],
            "registeredResources": [
                {"name": "CPU", "type": "INTEGER", "integerValue": 1024},
                {"name": "MEMORY", "type": "INTEGER", "integerValue": 1000},
                {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22"]}]})
    };
    json!({
        "format": "ecs-placement-conformance/1",
        "id": "x",
        "taskDefinitions": [{"family": "w", "containerDefinitions": [{"name": "a", "cpu": 10, "memory": 256,
            "portMappings": [{"containerPort": 80, "hostPort": 8080}]}]}],
        "cluster": {"containerInstances": [instance("ci/a", "x"), instance("ci/b", "y")]},
        "steps": steps
    })
}

/// Replays a case from standard input.
fn replay(case: &Value, options: &[&str]) -> Value {
    let args: Vec<&str> = ["replay"].iter().chain(options).chain(&["-"]).copied().collect();
    let output = run_with(&args, case.to_string().as_bytes());
    assert_eq!((output.code, output.err.as_str()), (Some(0), ""));
    assert!(output.out.ends_with("}\n") && output.out.matches('\n').count() == 1);
    serde_json::from_str(&output.out).unwrap()
}

/// A request for `count` tasks on the instances in registration order.
fn request(count: u32) -> Value {
    json!({"taskDefinition": "w", "count": count, "placementStrategy": [{"type": "spread", "field": "instanceId"}]})
}

#[test]
fn the_document_is_as_the_format_fixes_it() {
    let steps = json!([
        {"op": "runTask", "request": request(3)},
        {"op": "stopTask", "task": {"step": 0, "on": "ci/a"}},
        {"op": "stopTask", "task": {"step": 0, "on": "ci/a"}},
        {"op": "listContainerInstances", "filter": "runningTasksCount > 0"},
        {"op": "loadText", "text": "{\"containerInstances\":[]}"},
        {"op": "describe"},
        {"op": "describe", "requires": ["moon"]},
        {"op": "describe"},
    ]);
    let state = |cpu: i64, memory: i64, ports: Value, tasks: u32| {
        json!({"CPU": cpu, "MEMORY": memory, "PORTS": ports, "PORTS_UDP": [], "runningTasksCount": tasks,
            "status": "ACTIVE"})
    };
    let task = |id: &str, instance: &str| json!({"taskArn": id, "containerInstanceArn": instance, "group": "family:w"});
    let both = json!({"ci/a": state(1014, 744, json!([22, 8080]), 1), "ci/b": state(1014, 744, json!([22, 8080]), 1)});
    let one = json!({"ci/a": state(1024, 1000, json!([22]), 0), "ci/b": state(1014, 744, json!([22, 8080]), 1)});
    let document = replay(&case(&steps), &[]);
    let expected = json!({"id": "x", "steps": [
        {"op": "runTask", "tasks": [task("task/placed-1", "ci/a"), task("task/placed-2", "ci/b")],
            "failures": [{"arn": "ci/a", "reason": "RESOURCE:PORTS"}, {"arn": "ci/b", "reason": "RESOURCE:PORTS"}],
            "state": both},
        {"op": "stopTask", "ok": true, "stopped": ["task/placed-1"], "state": one},
        {"op": "stopTask", "error": {"class": "not-found", "code": "not_found.task",
            "message": "the step has no such task"}, "state": one},
        {"op": "listContainerInstances", "containerInstanceArns": ["ci/b"], "state": one},
        {"op": "loadText", "parsed": true, "state": one},
        {"op": "describe", "state": one},
        {"op": "describe", "skipped": "moon"},
        {"op": "describe", "skipped": "moon"},
    ]});
    assert_eq!(document, expected);
    let oracle = replay(&case(&steps), &["--route", "oracle"]);
    for at in [0, 1, 3, 4, 5, 6, 7] {
        assert_eq!(oracle["steps"][at], expected["steps"][at]);
    }
    assert_eq!(oracle["steps"][2]["error"]["class"], "not-found");
    assert!(oracle["steps"][2]["error"]["code"].is_string() && oracle["steps"][2]["error"]["message"].is_string());
}

#[test]
fn file_and_standard_input_give_the_same_bytes_every_time() {
    for name in ["binpack-fills-before-next", "gpu-two-one-two", "expr-operator-table"] {
        let path = format!("core/testdata/placement/{name}.json");
        let text = std::fs::read(root().join(&path)).unwrap();
        for options in [&[][..], &["--reverse", "--rotate", "3", "--seed", "9"], &["--route", "oracle"]] {
            let of = |file: &'static str| {
                let file = if file.is_empty() { path.as_str() } else { file };
                let args: Vec<&str> = ["replay"].iter().chain(options).copied().chain([file]).collect();
                run_with(&args, &text)
            };
            let (first, second, third) = (of(""), of(""), of("-"));
            assert_eq!(first.code, Some(0));
            assert_eq!(first, second);
            assert_eq!(first, third);
            let document: Value = serde_json::from_str(&first.out).unwrap();
            assert_eq!(document["id"], name);
        }
    }
}

#[test]
fn order_seed_and_route_are_options() {
    let case = case(&json!([{"op": "runTask", "request": request(1)}]));
    let placed = |options: &[&str]| replay(&case, options)["steps"][0]["tasks"][0]["containerInstanceArn"].clone();
    for (options, instance) in [
        (&[][..], "ci/a"),
        (&["--reverse"], "ci/b"),
        (&["--rotate", "1"], "ci/b"),
        (&["--rotate", "2"], "ci/a"),
        (&["--rotate", "18446744073709551615"], "ci/b"),
        (&["--reverse", "--rotate", "1"], "ci/a"),
        (&["--route", "scan"], "ci/a"),
        (&["--route", "indexed"], "ci/a"),
        (&["--route=oracle", "--reverse"], "ci/b"),
    ] {
        assert_eq!(placed(options), instance, "{options:?}");
    }
    let random = self::case(&json!([{"op": "runTask", "request": {"taskDefinition": "w"}}]));
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..20 {
        seen.insert(replay(&random, &["--seed", &seed.to_string()]).to_string());
    }
    assert_eq!(seen.len(), 2);
}

#[test]
fn what_is_no_case_is_refused_in_one_line() {
    let good = case(&json!([]));
    let with = |pointer: &str, value: Value| {
        let mut case = good.clone();
        *case.pointer_mut(pointer).unwrap() = value;
        case.to_string().into_bytes()
    };
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(200_000), close.repeat(200_000)).into_bytes();
    for text in [
        b"".to_vec(),
        b"\xff\xfe".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"{".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"{}".to_vec(),
        b"{\"a\": 1e999}".to_vec(),
        b"{\"a\\nb\": 1, \"a\\nb\": 1}".to_vec(),
        deep("[", "]"),
        deep("{\"a\":", "}"),
        with("/format", json!("other\nformat\u{1b}[31m")),
        with("/id", json!(7)),
        with("/steps", json!({})),
        with("/steps", json!([{"op": "fly"}])),
        with("/steps", json!([{"op": "describe", "x": {"$repeat": {"n": -1}}}])),
        with("/steps", json!([{"op": "describe", "x": {"$int": {}}}])),
        with("/cluster", json!([])),
        with("/cluster", json!({"containerInstances": {}})),
        with("/cluster", json!({"containerInstances": [{}]})),
        with(
            "/cluster",
            json!({"containerInstances": [{"containerInstanceArn": "a", "status": "no\nsuch\u{85}\u{2028}"}]}),
        ),
        with("/cluster", json!({"containerInstances": [{"containerInstanceArn": "a"}, {"containerInstanceArn": "a"}]})),
        with("/cluster", json!({"containerInstances": [], "tasks": [{"taskArn": "t", "containerInstanceArn": "no"}]})),
        with("/steps", json!([{"$each": {"n": 9_000_000, "item": {"op": "describe"}}}])),
    ] {
        assert_refused(&run_with(&["replay", "-"], &text));
    }
}

#[test]
fn what_a_missing_feature_skips_need_not_be_known_here() {
    let fly = json!({"op": "fly", "height": 7});
    let skipped = |op: &str| json!({"op": op, "skipped": "moon"});
    for route in ["scan", "oracle"] {
        let steps = json!([{"op": "describe"}, {"op": "land", "requires": ["gpu", "moon"]}, fly, {"op": "describe"}]);
        let document = replay(&case(&steps), &["--route", route]);
        assert!(document["steps"][0]["state"].is_object());
        assert_eq!(document["steps"].as_array().unwrap()[1..], [skipped("land"), skipped("fly"), skipped("describe")]);
        for cluster in [json!({"containerInstances": [{"moon": 1}]}), json!([]), json!({"containerInstances": 7})] {
            let mut whole = case(&json!([fly, {"op": "describe"}]));
            whole["requires"] = json!(["moon"]);
            whole["cluster"] = cluster;
            let document = replay(&whole, &["--route", route, "--reverse", "--rotate", "1"]);
            assert_eq!(document, json!({"id": "x", "steps": [skipped("fly"), skipped("describe")]}));
            whole["requires"] = json!(["gpu"]);
            assert_refused(&run_with(&["replay", "--route", route, "-"], whole.to_string().as_bytes()));
        }
        let late = case(&json!([fly, {"op": "describe", "requires": ["moon"]}]));
        assert_refused(&run_with(&["replay", "--route", route, "-"], late.to_string().as_bytes()));
    }
}

#[test]
fn options_that_are_not_understood_are_refused_in_one_line() {
    let path = "core/testdata/placement/binpack-fills-before-next.json";
    for args in [
        &["replay"][..],
        &["replay", "--nosuch", path],
        &["replay", "--rotate", "-1", path],
        &["replay", "--rotate", "x", path],
        &["replay", "--rotate", path],
        &["replay", "--seed", "18446744073709551616", path],
        &["replay", "--route", "nosuch", path],
        &["replay", "--reverse", "--reverse", path],
        &["replay", path, path],
        &["replay", "no/such/file.json"],
        &["replay", "no\nsuch\nfile"],
        &["replay", "core"],
    ] {
        assert_refused(&run(args));
    }
}

#[test]
fn steps_without_what_they_need_are_errors_of_the_step() {
    for junk in [json!({}), json!([]), json!(7), json!("x"), json!(null), json!({"step": 99, "index": 0})] {
        let keys = ["request", "task", "filter", "containerInstance", "text", "taskDefinition", "attributes", "count"];
        let step = |op: &&str| {
            let mut step = json!({"op": op});
            for key in keys {
                step[key] = junk.clone();
            }
            step
        };
        let steps: Vec<Value> = OPERATIONS.iter().map(step).collect();
        for route in ["scan", "indexed", "oracle"] {
            let document = replay(&case(&json!(steps)), &["--route", route]);
            assert_eq!(document["steps"].as_array().unwrap().len(), OPERATIONS.len());
            assert!(document["steps"].as_array().unwrap().iter().all(|step| step["state"].is_object()));
        }
    }
}

#[test]
fn hostile_text_ends_in_an_answer() {
    let bombs = [
        json!({"$repeat": {"prefix": "(", "n": 300_000, "body": "a == b", "suffix": ")"}}),
        json!({"$repeat": {"prefix": "not ", "n": 300_000, "body": "a exists"}}),
        json!({"$list": {"head": "attribute:a in [", "item": "v", "sep": ",", "n": 100_000, "tail": "]"}}),
        json!("attribute:a =~ ((((((((((a*)*)*)*)*)*)*)*)*)*)b"),
        json!({"$repeat": {"prefix": "attribute:a =~ (", "n": 400, "body": "x", "suffix": ")"}}),
    ];
    let mut steps: Vec<Value> =
        bombs.iter().map(|bomb| json!({"op": "listContainerInstances", "filter": bomb})).collect();
    for (prefix, suffix) in [("[", "]"), ("{\"a\":", "}"), ("{\"containerInstances\":[", "]}")] {
        steps.push(json!({"op": "loadText", "text": {"$repeat": {"prefix": prefix, "n": 200_000, "suffix": suffix}}}));
    }
    for route in ["scan", "indexed", "oracle"] {
        let document = replay(&case(&json!(steps)), &["--route", route]);
        assert_eq!(document["steps"].as_array().unwrap().len(), steps.len());
    }
}

#[test]
fn a_case_may_lack_its_cluster_and_declare_resources_at_the_top() {
    let text = json!({"format": "ecs-placement-conformance/1", "id": "x", "xResources": ["LICENSES"],
        "steps": [{"op": "registerContainerInstance", "containerInstance": {"containerInstanceArn": "a",
            "registeredResources": [{"name": "LICENSES", "type": "INTEGER", "integerValue": 3}]}}]});
    assert_eq!(replay(&text, &[])["steps"][0]["state"]["a"]["LICENSES"], 3);
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_panic() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_placewright"))
        .args(["replay", "core/testdata/placement/expr-operator-table.json"])
        .current_dir(root())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

//! What the fuzz targets do with their bytes, so that a saved input is at once a regression test.
//!
//! Each function panics on a fault of ours, and on nothing else.

use alloc::format;
use alloc::string::String;

use serde_json::{Value, json};

use super::differential::{Checks, compare};
use super::ops;
use crate::adapter::{Session, SessionOptions};
use crate::error::Error;
use crate::expr;
use crate::json::Json;

/// A fuzz target.
pub type Target = fn(&[u8]);

/// Every target by the name of its folder of saved inputs.
pub const TARGETS: [(&str, Target); 4] = [
    ("cluster_ops", cluster_ops),
    ("ecs_json", ecs_json),
    ("expr_differential", expr_differential),
    ("expr_roundtrip", expr_roundtrip),
];

/// A list of operations through engine and oracle, everything recomputed after each.
pub fn cluster_ops(bytes: &[u8]) {
    let case = ops::decode(bytes);
    if let Err(difference) = compare(&case, 0, Checks { validate: true, reimport: false }) {
        panic!("{difference}\n{case}");
    }
}

/// A text as an expression: an error lies inside it, or its canonical form is a fixed point.
pub fn expr_roundtrip(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    match expr::compile(text) {
        Err(error) => {
            let span = error.span().expect("an expression error has a span");
            assert!(span.start <= span.end && text.get(span.start..span.end).is_some(), "{error:?} in {text:?}");
        }
        Ok(expression) => {
            let again = expr::compile(expression.as_str());
            let again = again.unwrap_or_else(|error| panic!("{:?} does not read back: {error:?}", expression.as_str()));
            assert_eq!(again.as_str(), expression.as_str());
            assert_eq!(again, expression);
        }
    }
}

/// A text as a filter over a small cluster, on both sides. Patterns are left out: the oracle takes whatever its engine
/// takes, where we take what Java and our engine read alike.
pub fn expr_differential(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    let has_exponent =
        text.bytes().zip(text.bytes().skip(1)).any(|(a, b)| a.is_ascii_digit() && matches!(b, b'e' | b'E'));
    if has_exponent || ["=~", "!~", "matches"].iter().any(|operator| text.contains(operator)) {
        return;
    }
    let attributes = |stack: Option<&str>, number: &str| {
        let stack = stack.map(|stack| json!({"name": "stack", "value": stack}));
        let number = json!({"name": "n", "value": number});
        Value::Array(stack.into_iter().chain([number, json!({"name": "flag"})]).collect())
    };
    let instance = |name: &str, stack: Option<&str>, number: &str, version: &str, at: &str| {
        json!({"containerInstanceArn": name, "ec2InstanceId": format!("i-{number}"), "registeredAt": at,
               "versionInfo": {"agentVersion": version}, "attributes": attributes(stack, number)})
    };
    let task = |name: &str, on: &str, group: &str| {
        json!({"taskArn": name, "containerInstanceArn": on, "taskDefinitionArn": "t", "group": group,
               "lastStatus": "RUNNING"})
    };
    let case = json!({
        "format": "ecs-placement-conformance/1", "id": "filter",
        "taskDefinitions": [{"family": "t", "containerDefinitions": [{"name": "c", "cpu": 0, "memory": 1}]}],
        "cluster": {
            "containerInstances": [
                instance("ci/a", Some("prod"), "1", "1.14.5", "2018-02-13T00:00:00Z"),
                instance("ci/b", Some("test"), "10", "1.9", "2018-02-12T23:59:59Z"),
                instance("ci/c", None, "x", "odd", "2020-01-01T00:00:00Z"),
            ],
            "tasks": [task("task/1", "ci/a", "g"), task("task/2", "ci/a", "service:web"), task("task/3", "ci/b", "g")],
        },
        "steps": [{"op": "listContainerInstances", "filter": text}],
    });
    if let Err(difference) = compare(&case, 0, Checks::default()) {
        panic!("{difference}");
    }
}

/// A text as every document and request there is: accepted and consistent, or refused and nothing changed.
pub fn ecs_json(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    if let Ok(json) = Json::parse(text) {
        let canonical = format!("{json}");
        let again = Json::parse(&canonical).map(|json| format!("{json}"));
        assert_eq!(again.as_ref(), Ok(&canonical), "{text:?}");
    }
    if let Ok(session) = Session::from_json(text, SessionOptions::default()) {
        session.cluster().validate().unwrap_or_else(|fault| panic!("{fault}: {text:?}"));
        let exported = session.export();
        let again = Session::import(&exported).unwrap_or_else(|error| panic!("{error:?}: {exported}"));
        assert_eq!(again.export(), exported);
    }
    let calls: [Call; 10] = [
        |session, text| session.run_task(text).map(drop),
        |session, text| session.start_task(text).map(drop),
        |session, text| session.create_service(text).map(drop),
        |session, text| session.scale_in(text).map(drop),
        |session, text| session.list_container_instances(text).map(drop),
        |session, text| session.register_container_instance(text),
        |session, text| session.update_container_instances_state(text),
        |session, text| session.put_attributes(text),
        |session, text| session.delete_attributes(text),
        |session, text| session.register_task_definition(text).map(drop),
    ];
    let mut session = Session::from_json(SMALL, SessionOptions::default()).expect("the document is ours");
    for call in calls {
        let before = session.export();
        if call(&mut session, text).is_err() {
            assert_eq!(session.export(), before, "{text:?}");
        }
        session.cluster().validate().unwrap_or_else(|fault| panic!("{fault}: {text:?}"));
    }
    let before = session.export();
    if session.load_tasks(text).is_err() {
        assert_eq!(session.export(), before, "{text:?}");
    }
    drop(session.stop_task(text));
    drop(Session::import(text));
    let error = Json::parse(text).err().map(|error| String::from(error.message()));
    assert!(error.is_none_or(|message| !message.contains('\n')), "{text:?}");
}

/// A call that takes JSON text.
type Call = fn(&mut Session, &str) -> Result<(), Error>;

/// A cluster for requests to go to.
const SMALL: &str = r#"{"containerInstances": [{"containerInstanceArn": "ci/a",
    "registeredResources": [{"name": "CPU", "type": "INTEGER", "integerValue": 1000},
                            {"name": "MEMORY", "type": "INTEGER", "integerValue": 1000},
                            {"name": "GPU", "type": "STRINGSET", "stringSetValue": ["g0", "g1"]}],
    "attributes": [{"name": "stack", "value": "prod"}]}],
  "taskDefinitions": [{"family": "t", "containerDefinitions": [{"name": "c", "cpu": 10, "memory": 10}]}],
  "tasks": [{"taskArn": "task/1", "containerInstanceArn": "ci/a", "taskDefinitionArn": "t", "lastStatus": "RUNNING"}]}"#;

//! Every kind of error has an example: a call that is refused for it and changes nothing.

use std::collections::BTreeSet;

use placewright::adapter::{Session, SessionOptions};
use placewright::limits::{ATTRIBUTE_NAMES_MAX, INSTANCE_ATTRIBUTES_MAX};
use placewright::{Capacity, Cluster, Demand, Error, ErrorKind, Instance, Options, Request};
use serde_json::Value;

/// Makes one call of a session.
fn call(session: &mut Session, name: &str, text: &str) -> Result<(), Error> {
    match name {
        "listContainerInstances" => session.list_container_instances(text).map(drop),
        "runTask" => session.run_task(text).map(drop),
        "registerContainerInstance" => session.register_container_instance(text),
        "putAttributes" => session.put_attributes(text),
        "deleteAttributes" => session.delete_attributes(text),
        "registerTaskDefinition" => session.register_task_definition(text).map(drop),
        "loadTasks" => session.load_tasks(text),
        "updateContainerInstancesState" => session.update_container_instances_state(text),
        "stopTask" => session.stop_task(text),
        "deregisterContainerInstance" => session.deregister_container_instance(text, false).map(drop),
        "import" => Session::import(text).map(drop),
        other => panic!("call `{other}` is unknown"),
    }
}

/// Codes of the errors that only a Rust caller can meet, each met once.
fn rust_codes() -> Vec<&'static str> {
    let strict = Options { is_strict: true, ..Options::default() };
    let reserved = Cluster::with_options(strict).register(&Instance::new("i-1")).unwrap_err();

    let mut cluster = Cluster::new();
    let id = cluster.register(&Instance::new("i-1")).unwrap();
    let request = cluster.prepare(&Request::new("t", Demand::default())).unwrap();
    cluster.release(request).unwrap();
    let stale = cluster.place_one(request).unwrap_err();

    let mut full = None;
    for number in 0..=ATTRIBUTE_NAMES_MAX {
        let instance = format!("i-{}", number / INSTANCE_ATTRIBUTES_MAX + 1);
        let instance = match cluster.instance_named(&instance) {
            Some(instance) => instance,
            None => cluster.register(&Instance::new(&instance)).unwrap(),
        };
        if let Err(error) = cluster.put_attribute(instance, &format!("name-{number}"), None) {
            full = Some(error);
        }
    }
    let savepoint = cluster.begin();
    cluster.put_attribute(id, "name-0", Some("after the limit, the rest still works")).unwrap();
    let demand = Demand::default();
    let open = cluster.add_task(&placewright::RunningTask::new(id, "t", &demand, "g")).unwrap_err();
    cluster.commit(savepoint).unwrap();
    cluster.reserve(Capacity::default());
    cluster.validate().unwrap();
    [reserved, stale, full.unwrap(), open].iter().map(Error::code).collect()
}

#[test]
fn every_kind_has_an_example_that_changes_nothing() {
    let document: Value = serde_json::from_str(include_str!("../testdata/errors/refusals.json")).unwrap();
    let mut met: BTreeSet<&str> = rust_codes().into_iter().collect();
    for refusal in document["refusals"].as_array().unwrap() {
        let cluster = document["cluster"].to_string();
        let mut session = Session::from_json(&cluster, SessionOptions::default()).unwrap();
        let before = session.export();
        let text = match (refusal["text"].as_str(), refusal["request"].as_str()) {
            (Some(text), _) | (None, Some(text)) => text.to_owned(),
            (None, None) => refusal["request"].to_string(),
        };
        let error = call(&mut session, refusal["call"].as_str().unwrap(), &text).unwrap_err();
        assert_eq!(error.code(), refusal["code"], "{refusal}: {error:?}");
        assert_eq!(session.export(), before, "{refusal}");
        let message = error.to_string();
        assert!(!message.contains('\n'), "{message}");
        met.insert(error.code());
    }
    // In a build without regular expressions `=~` is an error of its own; `NoSavepoint` is the conformance runner's.
    let elsewhere = ["expr.regex_disabled", "conflict.no_savepoint"];
    let missing: Vec<&str> = ErrorKind::ALL
        .iter()
        .map(|kind| kind.code())
        .filter(|code| !met.contains(code) && !elsewhere.contains(code))
        .collect();
    assert!(missing.is_empty(), "no example for {missing:?}");
}

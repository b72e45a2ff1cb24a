//! A session's cluster packed, or rearranged, as a set: what is written as JSON is carried out whole or not at all.

use std::ops::ControlFlow;

use placewright::adapter::{Session, SessionOptions, answer_json, read_rearrange};
use placewright::json::Json;
use placewright::pack::solve;
use placewright::{Error, ErrorKind, Instance, InstanceStatus};

/// Two instances of 1000 CPU units in two zones, and a definition for each demand.
fn session(demands: &[(&str, i64)]) -> Session {
    let mut session = Session::new(SessionOptions::default());
    for (name, zone) in [("i-1", "a"), ("i-2", "b")] {
        session.register(&Instance::new(name).with_resources(1000, 4000).with_zone(zone)).unwrap();
    }
    for (family, cpu) in demands {
        let text = format!(
            r#"{{"family": "{family}", "containerDefinitions": [{{"name": "a", "cpu": {cpu}, "memory": 100}}]}}"#
        );
        session.register_task_definition(&text).unwrap();
    }
    session
}

/// The answer to a document, as JSON.
fn packed(session: &mut Session, document: &Json<'_>) -> Result<Json<'static>, Error> {
    let request = session.read_pack_live(document)?;
    let answer = solve(request.live.problem(), &request.options, &mut |_| ControlFlow::Continue(()));
    Ok(answer_json(request.live.problem(), &answer, 0).into_owned())
}

/// The tasks that an answer starts.
fn applied(session: &mut Session, document: &Json<'_>, answer: &Json<'_>) -> Result<Vec<(String, String)>, Error> {
    let response = session.apply_packing_json(document, answer, &mut |_| Some(1))?.unwrap();
    Ok(response.tasks.into_iter().map(|task| (task.task_arn, task.container_instance_arn)).collect())
}

#[test]
fn a_set_is_packed_whatever_its_order_and_started_there() {
    for order in [["small", "large"], ["large", "small"]] {
        let mut session = session(&[("small", 400), ("large", 1000)]);
        let requests = order.map(|name| {
            let count = if name == "small" { 2_u64 } else { 1 };
            Json::object([("taskDefinition", Json::from(name)), ("count", Json::from(count))])
        });
        let document = Json::object([("requests", Json::array(requests))]);
        let answer = packed(&mut session, &document).unwrap();
        assert_eq!(answer.get("unpacked"), Some(&Json::Array(Vec::new())));
        assert_eq!(answer.get("optimal"), Some(&Json::Bool(true)));
        let copy = session.clone();
        let started = applied(&mut session, &document, &answer).unwrap();
        assert_eq!(started.len(), 3);
        assert_eq!((session.cluster().running_tasks(), session.cluster().requests().count()), (3, 0));
        for (task, instance) in &started {
            let id = session.task_id(task).unwrap();
            let on = session.cluster().task(id).unwrap().instance();
            assert_eq!(session.instance_name(on), Some(instance.as_str()));
        }
        session.cluster().validate().unwrap();
        // In a copy as well, and there to the same names; but not twice.
        let mut copy = copy;
        assert_eq!(applied(&mut copy, &document, &answer).unwrap(), started);
        let before = (copy.version(), copy.cluster().fingerprint());
        let error = applied(&mut copy, &document, &answer).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidParameter);
        assert_eq!(error.path(), Some("bins[0].items[0]"), "{error}");
        assert!(error.message().contains("RESOURCE:CPU"), "{error}");
        assert_eq!((copy.version(), copy.cluster().fingerprint()), before);
    }
}

#[test]
fn a_watch_stops_it_and_nothing_has_happened() {
    let mut session = session(&[("small", 10)]);
    let document = Json::parse(r#"{"requests": [{"taskDefinition": "small", "count": 40}]}"#).unwrap();
    let answer = packed(&mut session, &document).unwrap();
    let before = session.cluster().fingerprint();
    let mut heard = Vec::new();
    let mut watch = |done| {
        heard.push(done);
        (done < 30).then_some(8)
    };
    assert_eq!(session.apply_packing_json(&document, &answer, &mut watch).unwrap(), None);
    assert!(heard.len() > 1 && session.cluster().fingerprint() == before);
    assert_eq!((session.cluster().savepoints(), session.cluster().requests().count()), (0, 0));
}

#[test]
fn a_document_and_an_answer_are_believed_in_nothing() {
    let mut session = session(&[("small", 400)]);
    let check_document = |session: &mut Session, text: &str, path: &str, kind: ErrorKind| {
        let error = packed(session, &Json::parse(text).unwrap()).unwrap_err();
        assert_eq!((error.path(), error.kind()), (Some(path).filter(|path| !path.is_empty()), kind), "{text}: {error}");
    };
    check_document(&mut session, "{}", "", ErrorKind::JsonMissing);
    check_document(&mut session, r#"{"requests": 3}"#, "requests", ErrorKind::JsonType);
    check_document(&mut session, r#"{"requests": [], "items": []}"#, "", ErrorKind::JsonUnknownKey);
    check_document(
        &mut session,
        r#"{"requests": [{"taskDefinition": "none"}]}"#,
        "requests[0].taskDefinition",
        ErrorKind::DefinitionNotFound,
    );
    check_document(
        &mut session,
        r#"{"requests": [], "options": {"solver": "best"}}"#,
        "options.solver",
        ErrorKind::InvalidParameter,
    );
    let running = r#"{"requests": [{"taskDefinition": "small", "placementConstraints":
        [{"type": "memberOf", "expression": "runningTasksCount > 1"}]}]}"#;
    check_document(&mut session, running, "requests[0]", ErrorKind::InvalidConstraint);

    let document = Json::parse(r#"{"requests": [{"taskDefinition": "small", "count": 2}]}"#).unwrap();
    let before = session.cluster().fingerprint();
    for (answer, path) in [
        ("{}", ""),
        (r#"{"bins": [{"type": "i-9", "items": []}]}"#, "bins[0]"),
        (r#"{"bins": [{"type": "i-1", "items": [[1, 1]]}]}"#, "bins[0].items[0]"),
        (r#"{"bins": [{"type": "i-1", "items": [[0, 1], [0, 2]]}]}"#, "bins[0].items[1]"),
        (r#"{"bins": [{"type": "i-1", "items": [[0, 18446744073709551615]]}]}"#, "bins[0].items[0]"),
        (r#"{"bins": [{"type": "i-1", "items": [[0]]}]}"#, "bins[0].items[0]"),
        (r#"{"bins": [{"type": "i-1", "items": [[0, -1]]}]}"#, "bins[0].items[0][1]"),
    ] {
        let error = applied(&mut session, &document, &Json::parse(answer).unwrap()).unwrap_err();
        assert_eq!(error.path().unwrap_or_default(), path, "{answer}: {error}");
        assert_eq!(session.cluster().fingerprint(), before);
    }
    assert_eq!((session.cluster().savepoints(), session.cluster().requests().count()), (0, 0));
}

#[test]
fn a_plan_of_moves_is_carried_out_by_its_names() {
    let mut session = session(&[("small", 400)]);
    let tasks = r#"{"tasks": [
        {"taskArn": "t-1", "containerInstanceArn": "i-1", "taskDefinitionArn": "small:1", "group": "service:s"},
        {"taskArn": "t-2", "containerInstanceArn": "i-2", "taskDefinitionArn": "small:1", "group": "service:s"}]}"#;
    session.load_tasks(tasks).unwrap();
    let options = read_rearrange(&Json::parse(r#"{"skewMax": null}"#).unwrap()).unwrap();
    let before = session.cluster().fingerprint();
    let plan = session.rearrange(&options, &mut |_| ControlFlow::Continue(())).unwrap();
    let plan = session.rearrange_plan_json(&plan, &options).unwrap();
    assert_eq!(session.cluster().fingerprint(), before);
    let savepoint = session.begin();
    let named = session.apply_rearrangement_json(&plan, &options).unwrap();
    assert_eq!(named, ["task/placed-1"]);
    let moved = session.task_id(&named[0]).unwrap();
    let instance = session.cluster().task(moved).unwrap().instance();
    assert_eq!(plan.get("emptied"), Some(&Json::array([Json::from("i-2")])));
    assert_eq!(session.instance_name(instance), Some("i-1"));
    assert_eq!(session.task_id("t-2").unwrap_err().kind(), ErrorKind::TaskNotFound);
    // The task it was made for is gone, so it cannot be done twice.
    let error = session.apply_rearrangement_json(&plan, &options).unwrap_err();
    assert_eq!((error.kind(), error.path()), (ErrorKind::TaskNotFound, Some("moves[0].task")));
    session.rollback(savepoint).unwrap();
    assert_eq!(session.cluster().fingerprint(), before);
    assert!(session.task_id("t-2").is_ok() && session.task_id(&named[0]).is_err());

    let elsewhere = Json::parse(r#"{"moves": [{"task": "t-2", "from": "i-1", "to": "i-1"}]}"#).unwrap();
    let error = session.apply_rearrangement_json(&elsewhere, &options).unwrap_err();
    assert_eq!((error.kind(), error.path()), (ErrorKind::InvalidParameter, Some("moves[0]")));
    let full = Json::parse(
        r#"{"moves": [{"task": "t-2", "from": "i-2", "to": "i-1"}, {"task": "t-2", "from": "i-2", "to": "i-1"}]}"#,
    );
    let error = session.apply_rearrangement_json(&full.unwrap(), &options).unwrap_err();
    assert_eq!(error.path(), Some("moves[1]"), "{error}");
    assert_eq!(session.cluster().fingerprint(), before);
    session.cluster().validate().unwrap();
}

#[test]
fn a_plan_of_moves_may_be_carried_out_one_by_one() {
    let mut session = session(&[("small", 100)]);
    let task = |number: usize| {
        let instance = if number < 3 { "i-1" } else { "i-2" };
        format!(
            r#"{{"taskArn": "t-{number}", "containerInstanceArn": "{instance}", "taskDefinitionArn": "small:1", "group": "g"}}"#
        )
    };
    let tasks = (0..5).map(task).collect::<Vec<_>>().join(",");
    session.load_tasks(&format!(r#"{{"tasks": [{tasks}]}}"#)).unwrap();
    let options = read_rearrange(&Json::parse(r#"{"skewMax": null}"#).unwrap()).unwrap();
    let plan = session.rearrange(&options, &mut |_| ControlFlow::Continue(())).unwrap();
    let plan = session.rearrange_plan_json(&plan, &options).unwrap();
    let savepoint = session.begin();
    let at_once = session.apply_rearrangement_json(&plan, &options).unwrap();
    let after = session.cluster().fingerprint();
    session.rollback(savepoint).unwrap();
    let moves = plan.get("moves").unwrap().as_array().unwrap();
    assert_eq!(moves.len(), 2);
    let mut named = Vec::new();
    for planned in moves {
        let part = Json::object([("moves", Json::array([planned.clone()]))]);
        named.extend(session.apply_rearrangement_json(&part, &options).unwrap());
    }
    assert_eq!((named, session.cluster().fingerprint()), (at_once, after));
    assert_eq!((session.cluster().savepoints(), session.cluster().requests().count()), (0, 0));
    session.cluster().validate().unwrap();
}

#[test]
fn large_shares_of_gpus_start_before_small_ones_whatever_the_order_of_the_answer() {
    let mut session = Session::new(SessionOptions::default());
    session.register(&Instance::new("i-1").with_resources(1000, 4000).with_gpus(["g0", "g1"])).unwrap();
    for (family, share) in [("small", 300), ("large", 700)] {
        let text = format!(
            r#"{{"family": "{family}", "containerDefinitions": [{{"name": "a", "memory": 1,
                "resourceRequirements": [{{"type": "xGpuShare", "value": "{share}"}}]}}]}}"#
        );
        session.register_task_definition(&text).unwrap();
    }
    let requests =
        r#"{"requests": [{"taskDefinition": "small", "count": 2}, {"taskDefinition": "large", "count": 2}]}"#;
    let document = Json::parse(requests).unwrap();
    // Both small ones first would share one GPU, and leave room for one large one only.
    let answer = Json::parse(r#"{"bins": [{"type": "i-1", "items": [[0, 2], [1, 2]]}]}"#).unwrap();
    let response = session.apply_packing_json(&document, &answer, &mut |_| Some(1)).unwrap().unwrap();
    let families: Vec<&str> = response.tasks.iter().map(|task| task.task_definition_arn.as_str()).collect();
    assert_eq!(families.len(), 4);
    assert!(families[..2].iter().all(|family| family.contains("small")), "{families:?}");
    session.cluster().validate().unwrap();
}

#[test]
fn instances_by_number_are_set_to_drain_and_back_and_to_nothing_else() {
    let mut session = session(&[]);
    let [one, other] = ["i-1", "i-2"].map(|name| session.instance_id(name).unwrap());
    session.set_instances_status(&[one, other], InstanceStatus::Draining).unwrap();
    session.set_instances_status(&[one], InstanceStatus::Active).unwrap();
    let status = |session: &Session, id| session.cluster().instance(id).unwrap().status();
    assert_eq!([one, other].map(|id| status(&session, id)), [InstanceStatus::Active, InstanceStatus::Draining]);
    let error = session.set_instances_status(&[one], InstanceStatus::Inactive).unwrap_err();
    assert_eq!((error.kind(), error.path()), (ErrorKind::InvalidParameter, Some("status")), "{error:?}");
    session.deregister_container_instance("i-2", false).unwrap();
    let error = session.set_instances_status(&[one, other], InstanceStatus::Draining).unwrap_err();
    assert_eq!(error.path(), Some("containerInstances[1]"), "{error:?}");
    assert_eq!(status(&session, one), InstanceStatus::Active);
}

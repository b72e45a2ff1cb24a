//! Exported states: they import to the same state, and both go on alike.

use placewright::ErrorKind;
use placewright::adapter::{RunTaskDefault, Session, SessionOptions};
use placewright::json::Json;
use placewright::{Options, Release, TieBreak};
use proptest::prelude::*;

/// One thing that can happen to a session.
#[derive(Debug, Clone)]
enum Op {
    /// RunTask of a definition, with a strategy, a count, a seed, perhaps all or nothing.
    Run(u8, u8, u8, u8, bool),
    /// CreateService of a service and a definition.
    Service(u8, u8, u8),
    /// StartTask of a definition on two instances.
    Start(u8, u8, u8),
    /// StopTask of the n-th task there is.
    Stop(u8),
    /// Scale-in of a service by a strategy.
    ScaleIn(u8, u8, u8),
    /// An instance registers.
    Register(u8, u8),
    /// An instance goes, by force.
    Deregister(u8),
    /// An instance is set to ACTIVE or DRAINING.
    Status(u8, bool),
    /// An instance gets an attribute.
    Put(u8, u8),
    /// An instance loses an attribute.
    Delete(u8),
    /// An agent comes or goes.
    Agent(u8, bool),
    /// A definition gets a revision more.
    Define(u8, u8),
    /// What-if: the operations inside are rolled back, or kept.
    WhatIf(Vec<Op>, bool),
}

/// The definitions, by number.
fn definition(number: u8) -> String {
    let (family, container, more) = match number % 8 {
        0 => ("plain", "", ""),
        1 => ("port", r#", "portMappings": [{"containerPort": 80, "hostPort": 8080}]"#, ""),
        2 => ("gpu", r#", "resourceRequirements": [{"type": "GPU", "value": "1"}]"#, ""),
        3 => ("share", r#", "resourceRequirements": [{"type": "xGpuShare", "value": "300"}]"#, ""),
        4 => ("vpc", "", r#", "networkMode": "awsvpc""#),
        5 => ("custom", r#", "xResources": {"LICENSE": 1}"#, ""),
        6 => (
            "udp",
            r#", "portMappings": [{"containerPort": 53, "hostPort": 53, "protocol": "udp"}]"#,
            r#", "x": 1.5e-300"#,
        ),
        _ => ("member", "", r#", "placementConstraints": [{"type": "memberOf", "expression": "attribute:n != 1"}]"#),
    };
    format!(
        r#"{{"family": "{family}", "containerDefinitions": [{{"name": "app", "cpu": {}, "memory": 200{container}}}]{more}}}"#,
        100 + u32::from(number)
    )
}

/// The family of a definition, by number.
fn family(number: u8) -> &'static str {
    ["plain", "port", "gpu", "share", "vpc", "custom", "udp", "member"][usize::from(number % 8)]
}

/// Strategies, by number.
fn strategy(number: u8) -> &'static str {
    [
        "",
        r#", "placementStrategy": [{"type": "binpack", "field": "memory"}]"#,
        r#", "placementStrategy": [{"type": "spread", "field": "attribute:n"}, {"type": "binpack", "field": "cpu"}]"#,
        r#", "placementStrategy": [{"type": "spread", "field": "instanceId"}, {"type": "random"}]"#,
        r#", "placementStrategy": [{"type": "random"}], "placementConstraints": [{"type": "distinctInstance"}]"#,
    ][usize::from(number % 5)]
}

/// An instance, by number; the second number varies what it has.
fn instance(number: u8, kind: u8) -> String {
    let resources = |cpu: u8, gpus: &str, ports: &str| {
        format!(
            r#"[{{"name": "CPU", "type": "INTEGER", "integerValue": {}}},
                {{"name": "MEMORY", "type": "INTEGER", "integerValue": {}}},
                {{"name": "GPU", "type": "STRINGSET", "stringSetValue": [{gpus}]}},
                {{"name": "LICENSE", "type": "INTEGER", "integerValue": {}}},
                {{"name": "ODD", "type": "DOUBLE", "doubleValue": 0.1}},
                {{"name": "PORTS", "type": "STRINGSET", "stringSetValue": [{ports}]}}]"#,
            300 + 400 * u32::from(cpu % 4),
            500 + 300 * u32::from(cpu % 3),
            cpu % 3
        )
    };
    let remaining = match kind % 3 {
        0 => format!(r#", "remainingResources": {}"#, resources(kind / 2, "\"g1\"", "\"22\", \"8080\"")),
        _ => String::new(),
    };
    let more = [
        r#", "registeredAt": 1760000000.123"#,
        r#", "versionInfo": {"agentVersion": "1.2.3"}, "xEniTaskSlots": 2, "ec2InstanceId": "i-1""#,
        r#", "capacityProviderName": "cp", "status": "DRAINING", "runningTasksCount": 2"#,
    ][usize::from(kind / 3 % 3)];
    format!(
        r#"{{"containerInstanceArn": "ci/{number}", "registeredResources": {}{remaining}{more},
            "attributes": [{{"name": "n", "value": "{}"}}, {{"name": "ecs.capability.task-eni"}}]}}"#,
        resources(kind, "\"g0\", \"g1\", \"g2\"", "\"22\""),
        kind % 3
    )
}

/// A session with a few instances, tasks that run already, and every definition.
fn session(options: SessionOptions) -> Session {
    let list = |items: Vec<String>| items.join(",");
    let tasks = (0..6).map(|number| {
        let definition = ["share", "gpu", "port", "vpc", "zzz", "custom"][number];
        let status = if number == 2 { "STOPPED" } else { "RUNNING" };
        format!(
            r#"{{"taskArn": "t/{number}", "containerInstanceArn": "ci/{}", "taskDefinitionArn": "{definition}",
                "group": "service:s{}", "desiredStatus": "{status}", "lastStatus": "RUNNING", "healthStatus": "{}",
                "protectionEnabled": {}, "containers": [{{"gpuIds": ["g{number}"]}}]}}"#,
            number % 4,
            number % 2,
            if number == 3 { "UNHEALTHY" } else { "HEALTHY" },
            number == 5,
        )
    });
    let document = format!(
        r#"{{"containerInstances": [{}], "taskDefinitions": [{}, {{"family": "bad"}}], "tasks": [{}],
            "xResources": ["LICENSE"], "xSubnets": {{"s": "z"}}}}"#,
        list((0..4).map(|number| instance(number, number * 3)).collect()),
        list((0..8).map(definition).collect()),
        list(tasks.collect())
    );
    Session::from_json(&document, options).unwrap()
}

/// Asserts that two exported states are equal; shows where they part.
#[track_caller]
fn assert_same(left: &str, right: &str, what: &dyn std::fmt::Debug) {
    if left != right {
        let at = left.bytes().zip(right.bytes()).take_while(|(a, b)| a == b).count();
        let around = |text: &str| text.chars().skip(at.saturating_sub(300)).take(400).collect::<String>();
        panic!("states differ after {what:?}:\n{}\n{}", around(left), around(right));
    }
}

/// Does an operation; what it answered, as text. An error has changed nothing.
fn apply(session: &mut Session, op: &Op) -> String {
    let before = session.export();
    let answer = attempt(session, op);
    session.cluster().validate().unwrap();
    answer.unwrap_or_else(|error| {
        assert_same(&session.export(), &before, op);
        format!("{error:?}")
    })
}

/// Does an operation.
fn attempt(session: &mut Session, op: &Op) -> Result<String, placewright::Error> {
    match op {
        Op::Run(what, how, count, seed, all) => session
            .run_task(&format!(
                r#"{{"taskDefinition": "{}"{}, "count": {}, "xSeed": "{seed}", "xAllOrNothing": {all}}}"#,
                family(*what),
                strategy(*how),
                count % 5
            ))
            .map(|answer| answer.to_json().to_string()),
        Op::Service(name, what, count) => session
            .create_service(&format!(
                r#"{{"serviceName": "s{}", "taskDefinition": "{}", "desiredCount": {}}}"#,
                name % 3,
                family(*what),
                count % 5
            ))
            .map(|answer| answer.to_json().to_string()),
        Op::Start(what, a, b) => session
            .start_task(&format!(
                r#"{{"taskDefinition": "{}", "containerInstances": ["ci/{}", "{}"]}}"#,
                family(*what),
                a % 6,
                b % 6
            ))
            .map(|answer| answer.to_json().to_string()),
        Op::Stop(number) => {
            let tasks: Vec<_> = session.cluster().tasks().collect();
            let Some(&task) = tasks.get(usize::from(*number) % tasks.len().max(1)) else { return Ok(String::new()) };
            let name = session.task_name(task).unwrap().to_string();
            session.stop_task(&name).map(|()| name)
        }
        Op::ScaleIn(name, how, count) => session
            .scale_in(&format!(r#"{{"group": "service:s{}", "count": {}{}}}"#, name % 3, count % 4, strategy(*how)))
            .map(|stopped| stopped.join(" ")),
        Op::Register(number, kind) => {
            session.register_container_instance(&instance(number % 6, *kind)).map(|()| String::new())
        }
        Op::Deregister(number) => {
            session.deregister_container_instance(&format!("{}", number % 6), true).map(|tasks| tasks.join(" "))
        }
        Op::Status(number, active) => session
            .update_container_instances_state(&format!(
                r#"{{"containerInstances": ["ci/{}"], "status": "{}"}}"#,
                number % 6,
                if *active { "ACTIVE" } else { "DRAINING" }
            ))
            .map(|()| String::new()),
        Op::Put(number, value) => session
            .put_attributes(&format!(
                r#"{{"attributes": [{{"name": "n", "value": "{}", "targetId": "ci/{}"}}]}}"#,
                value % 3,
                number % 6
            ))
            .map(|()| String::new()),
        Op::Delete(number) => session
            .delete_attributes(&format!(r#"{{"attributes": [{{"name": "n", "targetId": "ci/{}"}}]}}"#, number % 6))
            .map(|()| String::new()),
        Op::Agent(number, on) => {
            session.set_agent_connected(&format!("ci/{}", number % 6), *on).map(|()| String::new())
        }
        Op::Define(number, more) => session.register_task_definition(&definition(number % 8 + 8 * (more % 4))),
        Op::WhatIf(ops, keep) => {
            let before = session.export();
            let savepoint = session.begin();
            let answers: Vec<_> = ops.iter().map(|op| apply(session, op)).collect();
            if *keep {
                session.commit(savepoint).unwrap();
            } else {
                session.rollback(savepoint).unwrap();
                assert_same(&session.export(), &before, op);
            }
            Ok(answers.join("\n"))
        }
    }
}

/// One operation.
fn ops() -> impl Strategy<Value = Op> {
    let number = || any::<u8>();
    let flat = prop_oneof![
        6 => (number(), number(), number(), number(), any::<bool>()).prop_map(|(a, b, c, d, e)| Op::Run(a, b, c, d, e)),
        2 => (number(), number(), number()).prop_map(|(a, b, c)| Op::Service(a, b, c)),
        2 => (number(), number(), number()).prop_map(|(a, b, c)| Op::Start(a, b, c)),
        3 => number().prop_map(Op::Stop),
        1 => (number(), number(), number()).prop_map(|(a, b, c)| Op::ScaleIn(a, b, c)),
        2 => (number(), number()).prop_map(|(a, b)| Op::Register(a, b)),
        1 => number().prop_map(Op::Deregister),
        1 => (number(), any::<bool>()).prop_map(|(a, b)| Op::Status(a, b)),
        1 => (number(), number()).prop_map(|(a, b)| Op::Put(a, b)),
        1 => number().prop_map(Op::Delete),
        1 => (number(), any::<bool>()).prop_map(|(a, b)| Op::Agent(a, b)),
        1 => (number(), number()).prop_map(|(a, b)| Op::Define(a, b)),
    ];
    flat.prop_recursive(2, 16, 5, |inner| {
        (prop::collection::vec(inner, 0..5), any::<bool>()).prop_map(|(ops, keep)| Op::WhatIf(ops, keep))
    })
}

/// The options of a run.
fn options() -> impl Strategy<Value = SessionOptions> {
    (any::<bool>(), any::<bool>(), any::<bool>(), any::<u64>()).prop_map(|(registration, seeded, last, seed)| {
        let release = if last { Release::Last } else { Release::Desired };
        SessionOptions {
            seed,
            run_task_default: if registration { RunTaskDefault::Registration } else { RunTaskDefault::Random },
            tie_break: if seeded { TieBreak::Seeded } else { TieBreak::Registration },
            cluster: Options { release, ..Options::default() },
            ..SessionOptions::default()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn an_imported_state_goes_on_like_the_one_exported(
        options in options(),
        ops in prop::collection::vec(ops(), 0..30),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut session = session(options);
        let mut imported: Option<Session> = None;
        let cut = cut.index(ops.len() + 1);
        for (index, op) in ops.iter().enumerate() {
            if index == cut {
                let text = session.export();
                let again = Session::import(&text).unwrap();
                again.cluster().validate().unwrap();
                assert_same(&again.export(), &text, &"importing");
                imported = Some(again);
            }
            let answer = apply(&mut session, op);
            if let Some(imported) = &mut imported {
                prop_assert_eq!(apply(imported, op), answer, "{:?}", op);
                assert_same(&imported.export(), &session.export(), op);
            }
        }
        let text = session.export();
        assert_same(&Session::import(&text).unwrap().export(), &text, &"importing");
    }
}

/// Asserts that an exported state with a piece replaced is refused.
fn check_refused(from: &str, to: &str, kind: ErrorKind, path: &str) {
    let text = session(SessionOptions::default()).export();
    assert!(text.contains(from), "{from}");
    let error = Session::import(&text.replacen(from, to, 1)).unwrap_err();
    assert_eq!((error.kind(), error.path().unwrap_or("")), (kind, path), "{error:?}");
}

#[test]
fn a_state_of_another_format_is_refused() {
    check_refused("placewright-state/1", "placewright-state/2", ErrorKind::InvalidParameter, "format");
    check_refused(r#""xPlaced""#, r#""xPlacedd""#, ErrorKind::JsonUnknownKey, "");
    check_refused(r#""xPlaced":"0""#, r#""xPlaced":0"#, ErrorKind::JsonType, "xPlaced");
    check_refused(
        r#""tieBreak":"registration""#,
        r#""tieBreak":"luck""#,
        ErrorKind::InvalidParameter,
        "xOptions.tieBreak",
    );
    check_refused(r#""seed":"0","#, "", ErrorKind::JsonMissing, "xOptions");
    check_refused(r#""seed":"0""#, r#""seeds":"0""#, ErrorKind::JsonUnknownKey, "xOptions");
    assert_eq!(Session::import("{}").unwrap_err().kind(), ErrorKind::JsonMissing);
}

#[test]
fn an_exported_state_is_also_a_document_of_ecs() {
    let session = session(SessionOptions::default());
    let text = session.export();
    let loaded = Session::from_json(&text, SessionOptions::default()).unwrap();
    assert_eq!(loaded.state(), session.state());
}

#[test]
fn interface_slots_are_not_derived_again_from_what_changed_since() {
    let document = r#"{"containerInstances": [
        {"containerInstanceArn": "a", "attributes": [{"name": "ecs.instance-type", "value": "c5.large"}]},
        {"containerInstanceArn": "b"}
    ]}"#;
    let mut session = Session::from_json(document, SessionOptions::default()).unwrap();
    session
        .put_attributes(
            r#"{"attributes": [
                {"targetId": "a", "name": "ecs.awsvpc-trunk-id", "value": "t"},
                {"targetId": "b", "name": "ecs.instance-type", "value": "c5.large"}
            ]}"#,
        )
        .unwrap();
    let imported = Session::import(&session.export()).unwrap();
    let slots = |session: &Session| {
        session
            .cluster()
            .instances()
            .map(|id| session.cluster().instance(id).unwrap().eni_task_slots())
            .collect::<Vec<_>>()
    };
    assert_eq!(slots(&session), [Some(2), None]);
    assert_eq!(slots(&imported), slots(&session));
    assert_eq!(imported.export(), session.export());
}

#[test]
fn an_instance_in_our_own_words_is_registered_as_it_says() {
    let mut session = Session::new(SessionOptions::default());
    session.declare_resource("LICENSES").unwrap();
    let register = |session: &mut Session, text: &str| session.register_json(&Json::parse(text).unwrap());
    let id = register(
        &mut session,
        r#"{"name": "i-1", "cpu": 1024, "memoryMib": 2048, "zone": "z", "attributes": {"stack": "prod", "spot": null},
            "gpus": ["g0"], "custom": {"LICENSES": 2}, "ports": [22], "udpPorts": [53], "eniTaskSlots": 3,
            "ec2InstanceId": "i-0", "capacityProvider": "cp", "agentVersion": "1.2.3", "agentConnected": false,
            "status": "DRAINING"}"#,
    );
    let view = session.cluster().instance(id.unwrap()).unwrap();
    assert_eq!((view.name(), view.status().as_str(), view.is_agent_connected()), ("i-1", "DRAINING", false));
    assert_eq!(view.attributes(), [("ecs.availability-zone", Some("z")), ("spot", None), ("stack", Some("prod"))]);
    assert_eq!(
        (view.eni_task_slots(), view.ec2_instance_id(), view.agent_version()),
        (Some(3), Some("i-0"), Some("1.2.3"))
    );
    register(&mut session, r#"{"name": "i-2", "cpu": 1, "memoryMib": 1, "attributes": ["spot"]}"#).unwrap();
    let before = session.export();
    for (text, code, path) in [
        (r#"{"name": "x", "cpu": 1, "memoryMib": 1, "memory": 1}"#, "json.unknown_key", None),
        (r#"{"name": "x", "cpu": 1}"#, "json.missing", None),
        (r#"{"name": "x", "cpu": "1", "memoryMib": 1}"#, "json.type", Some("cpu")),
        (r#"{"name": "x", "cpu": 1, "memoryMib": 1, "ports": [70000]}"#, "input.port", Some("ports[0]")),
        (
            r#"{"name": "x", "cpu": 1, "memoryMib": 1, "custom": {"LICENSES": null}}"#,
            "json.type",
            Some("custom.LICENSES"),
        ),
        (r#"{"name": "x", "cpu": 1, "memoryMib": 1, "attributes": {"a": 1}}"#, "json.type", Some("attributes.a")),
        (r#"{"name": "x", "cpu": 1, "memoryMib": 1, "status": "TIRED"}"#, "input.invalid", Some("status")),
        (r#"{"name": "i-1", "cpu": 1, "memoryMib": 1}"#, "duplicate.instance", Some("name")),
        ("[]", "json.type", None),
    ] {
        let error = register(&mut session, text).unwrap_err();
        assert_eq!((error.code(), error.path()), (code, path), "{text}: {error}");
    }
    assert_eq!(session.export(), before);
}

#[test]
fn one_task_at_a_time_is_placed_and_named_as_a_list_is() {
    let mut session = Session::new(SessionOptions::default());
    for name in ["i-1", "i-2"] {
        session.register(&placewright::Instance::new(name).with_resources(1000, 1000)).unwrap();
    }
    session
        .register_task_definition(
            r#"{"family": "t", "containerDefinitions": [{"name": "c", "cpu": 300, "memory": 300}]}"#,
        )
        .unwrap();
    let mut other = session.clone();
    let prepare = |session: &mut Session| {
        let request = session.read_place(&Json::parse(r#"{"taskDefinition": "t"}"#).unwrap()).unwrap();
        session.prepare(&request).unwrap()
    };
    let (one, many) = (prepare(&mut session), prepare(&mut other));
    let savepoint = session.begin();
    let placed: Vec<_> = (0..8).map(|_| session.place_one(one).unwrap()).collect();
    let mut listed = Vec::new();
    assert!(other.place_list(&[many; 8], &mut listed, &mut |_| Some(usize::MAX)).unwrap());
    assert_eq!(placed, listed);
    assert_eq!(placed.iter().flatten().count(), 6);
    assert_eq!(session.export(), other.export());
    session.rollback(savepoint).unwrap();
    assert_eq!(session.cluster().running_tasks(), 0);
    session.release(one).unwrap();
    assert_eq!(session.place_one(one).unwrap_err().code(), "not_found.handle");
    assert_eq!(session.definitions(), ["t:1"]);
}

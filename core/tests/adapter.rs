//! The ECS-shaped calls: what they take, what they refuse, and that a refusal changes nothing.

use placewright::adapter::{RunTaskDefault, RunTaskResponse, Session, SessionOptions};
use placewright::json::Json;
use placewright::{AbsentGroup, ErrorClass, ErrorKind, Options, Release, ResourceKind, TieBreak, UnknownEni};

/// An instance of 4096 units and 8000 MiB with more keys.
fn instance(name: &str, more: &str) -> String {
    format!(
        r#"{{"containerInstanceArn": "{name}", "registeredResources": [
            {{"name": "CPU", "type": "INTEGER", "integerValue": 4096, "longValue": 0, "doubleValue": 0.0}},
            {{"name": "MEMORY", "type": "INTEGER", "integerValue": 8000}},
            {{"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22", "2375", "22"]}}]{more}}}"#
    )
}

/// A definition of one container with more keys.
fn definition(family: &str, container: &str, more: &str) -> String {
    format!(
        r#"{{"family": "{family}", "containerDefinitions":
            [{{"name": "app", "cpu": 128, "memory": 256{container}}}]{more}}}"#
    )
}

/// A session with two instances in two zones and the definition `t`.
fn session_with(options: SessionOptions) -> Session {
    let zone = |zone: &str| format!(r#", "attributes": [{{"name": "ecs.availability-zone", "value": "{zone}"}}]"#);
    let document = format!(
        r#"{{"containerInstances": [{}, {}], "taskDefinitions": [{}], "failures": []}}"#,
        instance("arn:aws:ecs:r:1:container-instance/demo/a", &zone("z1")),
        instance("ci/b", &zone("z2")),
        definition("t", "", ""),
    );
    Session::from_json(&document, options).unwrap()
}

/// The same with default options.
fn session() -> Session {
    session_with(SessionOptions::default())
}

/// Instances of the placed tasks, by short id.
fn on(answer: &RunTaskResponse) -> Vec<&str> {
    answer.tasks.iter().map(|task| task.container_instance_arn.rsplit('/').next().unwrap()).collect()
}

/// Asserts that a call is refused, with a kind at a path, and leaves the state byte-identical.
fn check_refused<T: std::fmt::Debug>(
    session: &mut Session,
    call: impl FnOnce(&mut Session) -> Result<T, placewright::Error>,
    kind: ErrorKind,
    path: &str,
) {
    let before = session.export();
    let error = call(session).unwrap_err();
    assert_eq!((error.kind(), error.path().unwrap_or("")), (kind, path), "{error:?}");
    assert!(!error.message().contains('\n'), "{error:?}");
    assert_eq!(session.export(), before);
    session.cluster().validate().unwrap();
}

#[test]
fn a_loaded_document_answers_in_the_shapes_of_ecs() {
    let mut session = session();
    let answer = session
        .run_task(r#"{"taskDefinition": "t", "count": 1, "placementStrategy": [{"type": "binpack", "field": "cpu"}]}"#)
        .unwrap();
    assert_eq!(
        answer.to_json().to_string(),
        r#"{"tasks":[{"taskArn":"task/placed-1","containerInstanceArn":"arn:aws:ecs:r:1:container-instance/demo/a","#
            .to_string()
            + r#""taskDefinitionArn":"t:1","group":"family:t","lastStatus":"PENDING","desiredStatus":"RUNNING","#
            + r#""availabilityZone":"z1","cpu":"128","memory":"256"}],"failures":[]}"#
    );
    let state = session.state().to_string();
    assert!(
        state.contains(r#"{"CPU":3968,"MEMORY":7744,"PORTS":[22,2375],"PORTS_UDP":[],"runningTasksCount":1,"#),
        "{state}"
    );
    assert_eq!(session.stop_task("placed-1"), Ok(()));
    check_refused(&mut session, |session| session.stop_task("task/placed-1"), ErrorKind::TaskNotFound, "");
}

#[test]
fn documents_are_taken_whole_or_not_at_all() {
    let load = |text: &str| Session::from_json(text, SessionOptions::default()).map(|_| ());
    for (text, kind, path) in [
        ("{}", ErrorKind::JsonMissing, ""),
        ("null", ErrorKind::JsonType, ""),
        (r#"{"containerInstances": {}}"#, ErrorKind::JsonType, "containerInstances"),
        (r#"{"containerInstances": [{}]}"#, ErrorKind::JsonMissing, "containerInstances[0]"),
        (
            r#"{"containerInstances": [{"containerInstanceArn": ""}]}"#,
            ErrorKind::InvalidParameter,
            "containerInstances[0].containerInstanceArn",
        ),
        (
            r#"{"containerInstances": [{"containerInstanceArn": "a", "status": "ACTIV"}]}"#,
            ErrorKind::InvalidParameter,
            "containerInstances[0].status",
        ),
        (
            r#"{"containerInstances": [{"containerInstanceArn": "a"}, {"containerInstanceArn": "a"}]}"#,
            ErrorKind::InvalidParameter,
            "containerInstances[1].containerInstanceArn",
        ),
        (
            r#"{"containerInstances": [{"containerInstanceArn": "a", "registeredAt": "2018-13-01"}]}"#,
            ErrorKind::InvalidParameter,
            "containerInstances[0].registeredAt",
        ),
        (
            r#"{"containerInstances": [{"containerInstanceArn": "a", "tags": [{"k": 1, "k": 2}]}]}"#,
            ErrorKind::JsonDuplicateKey,
            "containerInstances[0].tags[0].k",
        ),
        (
            r#"{"containerInstances": [], "tasks": [{"taskArn": "t", "containerInstanceArn": "gone"}]}"#,
            ErrorKind::InstanceNotFound,
            "tasks[0].containerInstanceArn",
        ),
        (r#"{"containerInstances": [], "xSubnets": {"s": 1}}"#, ErrorKind::JsonType, "xSubnets.s"),
    ] {
        let error = load(text).unwrap_err();
        assert_eq!((error.kind(), error.path().unwrap_or("")), (kind, path), "{text}: {error:?}");
    }
    for text in [r#"{"containerInstances": []}"#, r#"{"containerInstances": [], "failures": [], "nextToken": null}"#] {
        load(text).unwrap();
    }
}

#[test]
fn every_text_that_is_kept_is_bounded() {
    let load = |text: &str| Session::from_json(text, SessionOptions::default());
    let instance = |more: &str| format!(r#"{{"containerInstances": [{{"containerInstanceArn": "a", {more}}}]}}"#);
    let task = |more: &str| {
        format!(
            r#"{{"containerInstances": [{{"containerInstanceArn": "a"}}],
                "tasks": [{{"taskArn": "t", "containerInstanceArn": "a", {more}}}]}}"#
        )
    };
    let demand = |more: &str| task(&format!(r#""xDemand": {{"cpu": 1, "memory": 1, {more}}}"#));
    for (document, path) in [
        (r#"{"containerInstances": [{"containerInstanceArn": "TEXT"}]}"#.into(), "[0].containerInstanceArn"),
        (instance(r#""versionInfo": {"agentVersion": "TEXT"}"#), "[0].versionInfo.agentVersion"),
        (instance(r#""ec2InstanceId": "TEXT""#), "[0].ec2InstanceId"),
        (instance(r#""capacityProviderName": "TEXT""#), "[0].capacityProviderName"),
        (instance(r#""attributes": [{"name": "x"}, {"name": "TEXT"}]"#), "[0].attributes[1]"),
        (instance(r#""attributes": [{"name": "x", "value": "TEXT"}]"#), "[0].attributes[0]"),
        (
            instance(
                r#""registeredResources": [{"name": "GPU", "type": "STRINGSET", "stringSetValue": ["g", "TEXT"]}]"#,
            ),
            "[0].registeredResources[0].stringSetValue[1]",
        ),
        (r#"{"containerInstances": [], "xSubnets": {"s": "TEXT"}}"#.into(), "xSubnets.s"),
        (r#"{"containerInstances": [], "xSubnets": {"TEXT": "z"}}"#.into(), "xSubnets"),
        (r#"{"containerInstances": [], "xResources": ["TEXT"]}"#.into(), "xResources"),
        (r#"{"containerInstances": [], "tasks": [{"taskArn": "TEXT"}]}"#.into(), "tasks[0].taskArn"),
        (task(r#""group": "g", "taskDefinitionArn": "TEXT""#), "tasks[0].taskDefinitionArn"),
        (task(r#""group": "TEXT""#), "tasks[0].group"),
        (demand(r#""custom": {"TEXT": 1}"#), "tasks[0].xDemand"),
        (demand(r#""requiresAttributes": [{"name": "TEXT"}]"#), "tasks[0].xDemand.requiresAttributes[0].name"),
        (demand(r#""osType": "TEXT""#), "tasks[0].xDemand.osType"),
    ] {
        let error = load(&document.replace("TEXT", &"x".repeat(2049))).unwrap_err();
        let path = if path.starts_with('[') { format!("containerInstances{path}") } else { path.into() };
        assert_eq!((error.kind(), error.path()), (ErrorKind::LimitExceeded, Some(path.as_str())), "{error:?}");
        let error = load(&document.replace("TEXT", &"x".repeat(2048))).err();
        assert!(error.is_none_or(|error| error.kind() != ErrorKind::LimitExceeded), "{document}");
    }
    for (more, path) in [
        (r#", "requiresAttributes": [{"name": "a", "value": "TEXT"}]"#, "requiresAttributes[0].value"),
        (r#", "inferenceAccelerators": [{"deviceName": "TEXT"}]"#, "inferenceAccelerators[0].deviceName"),
        (r#", "runtimePlatform": {"operatingSystemFamily": "WINDOWS TEXT"}"#, "runtimePlatform.operatingSystemFamily"),
    ] {
        let long = definition("u", "", more).replace("TEXT", &"x".repeat(2049));
        check_refused(
            &mut session(),
            |session| session.register_task_definition(&long),
            ErrorKind::LimitExceeded,
            path,
        );
    }
}

#[test]
fn only_the_value_that_the_type_names_counts() {
    let resource = |record: &str| {
        let text = format!(
            r#"{{"containerInstances": [{{"containerInstanceArn": "a", "registeredResources": [{record}]}}]}}"#
        );
        let session = Session::from_json(&text, SessionOptions::default())?;
        Ok::<_, placewright::Error>(session.state().get("a").unwrap().clone().into_owned())
    };
    let cpu =
        |record: &str| Ok::<_, ErrorKind>(resource(record).map_err(|error| error.kind())?.get("CPU").cloned().unwrap());
    assert_eq!(cpu(r#"{"name": "CPU", "type": "INTEGER", "integerValue": 5, "longValue": 7}"#), Ok(Json::Integer(5)));
    assert_eq!(cpu(r#"{"name": "CPU", "type": "LONG", "integerValue": 0, "longValue": 7}"#), Ok(Json::Integer(7)));
    assert_eq!(cpu(r#"{"name": "CPU", "type": "INTEGER", "longValue": 7}"#), Ok(Json::Integer(0)));
    assert_eq!(cpu(r#"{"name": "CPU", "type": "INTEGER", "integerValue": null}"#), Err(ErrorKind::JsonType));
    assert_eq!(cpu(r#"{"name": "CPU", "type": "DOUBLE", "doubleValue": 7.0}"#), Err(ErrorKind::InvalidParameter));
    assert_eq!(cpu(r#"{"name": "CPU", "type": "INTEGER", "integerValue": -1}"#), Err(ErrorKind::InvalidAmount));
    assert_eq!(
        cpu(r#"{"name": "CPU", "type": "INTEGER", "integerValue": 9007199254740993}"#),
        Err(ErrorKind::InvalidAmount)
    );
    for port in ["-1", "0", "65536", "80a", "", " 80", "+80", "0x50", "80.0"] {
        let record = format!(r#"{{"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["{port}"]}}"#);
        assert_eq!(resource(&record).unwrap_err().kind(), ErrorKind::InvalidPort, "{port}");
    }
    assert_eq!(
        resource(r#"{"name": "PORTS", "type": "STRINGSET", "stringSetValue": [80]}"#).unwrap_err().kind(),
        ErrorKind::JsonType
    );
}

#[test]
fn times_are_read_in_both_forms_exactly() {
    for (form, filter) in [
        ("1760000000", "registeredAt == 2025-10-09T08:53:20Z"),
        ("1760000000.5", "registeredAt == 2025-10-09T08:53:20.5Z"),
        ("1760000000.123", "registeredAt == 2025-10-09T08:53:20.123Z"),
        (r#""2025-10-09T10:53:20+02:00""#, "registeredAt == 2025-10-09T08:53:20Z"),
        (r#""2025-10-09T08:53:20.123456+00:00""#, "registeredAt == 2025-10-09T08:53:20.123456Z"),
    ] {
        let document =
            format!(r#"{{"containerInstances": [{}]}}"#, instance("a", &format!(r#", "registeredAt": {form}"#)));
        let session = Session::from_json(&document, SessionOptions::default()).unwrap();
        let found = session.list_container_instances(&format!(r#"{{"filter": "{filter}"}}"#)).unwrap();
        assert_eq!(found.container_instance_arns, ["a"], "{form}");
        assert_eq!(Session::import(&session.export()).unwrap().export(), session.export());
    }
    for form in ["true", "1e300", "-1e18", "253402300800", "\"\"", "\"now\"", "[]"] {
        let document =
            format!(r#"{{"containerInstances": [{}]}}"#, instance("a", &format!(r#", "registeredAt": {form}"#)));
        assert!(Session::from_json(&document, SessionOptions::default()).is_err(), "{form}");
    }
}

#[test]
fn run_task_refuses_what_ecs_refuses() {
    let mut session = session();
    let run = |more: &str| format!(r#"{{"taskDefinition": "t"{more}}}"#);
    use ErrorKind::{
        DefinitionNotFound, InvalidConstraint, InvalidDefinition, InvalidParameter, InvalidStrategy, JsonMissing,
        JsonType, LimitExceeded, UnsupportedFeature,
    };
    let strategies = r#"{"type": "spread", "field": "instanceId"},"#.repeat(6);
    let constraints = r#"{"type": "distinctInstance"},"#.repeat(11);
    for (more, kind, path) in [
        (r#", "count": 11"#.to_string(), LimitExceeded, "count"),
        (r#", "count": 0"#.into(), InvalidParameter, "count"),
        (r#", "count": -1"#.into(), InvalidParameter, "count"),
        (r#", "count": 1.0"#.into(), JsonType, "count"),
        (r#", "count": "1""#.into(), JsonType, "count"),
        (r#", "count": 18446744073709551615"#.into(), JsonType, "count"),
        (r#", "group": "service:web""#.into(), InvalidParameter, "group"),
        (r#", "group": """#.into(), InvalidParameter, "group"),
        (format!(r#", "group": "{}""#, "g".repeat(256)), LimitExceeded, "group"),
        (r#", "launchType": "FARGATE""#.into(), UnsupportedFeature, "launchType"),
        (r#", "launchType": "MANAGED_INSTANCES""#.into(), UnsupportedFeature, "launchType"),
        (r#", "launchType": "ec2""#.into(), InvalidParameter, "launchType"),
        (
            r#", "capacityProviderStrategy": [{"capacityProvider": "c"}]"#.into(),
            UnsupportedFeature,
            "capacityProviderStrategy",
        ),
        (
            r#", "launchType": "EC2", "capacityProviderStrategy": [{"capacityProvider": "c"}]"#.into(),
            InvalidParameter,
            "capacityProviderStrategy",
        ),
        (
            format!(r#", "placementStrategy": [{}]"#, strategies.trim_end_matches(',')),
            LimitExceeded,
            "placementStrategy",
        ),
        (
            format!(r#", "placementConstraints": [{}]"#, constraints.trim_end_matches(',')),
            LimitExceeded,
            "placementConstraints",
        ),
        (
            r#", "placementStrategy": [{"type": "random", "field": ""}]"#.into(),
            InvalidStrategy,
            "placementStrategy[0].field",
        ),
        (
            r#", "placementStrategy": [{"type": "binpack", "field": "CPU"}]"#.into(),
            InvalidStrategy,
            "placementStrategy[0].field",
        ),
        (r#", "placementStrategy": [{"type": "spread"}]"#.into(), InvalidStrategy, "placementStrategy[0].field"),
        (
            r#", "placementStrategy": [{"type": "spread", "field": "attribute:"}]"#.into(),
            InvalidStrategy,
            "placementStrategy[0].field",
        ),
        (
            r#", "placementStrategy": [{"type": "spread", "field": "zone"}]"#.into(),
            InvalidStrategy,
            "placementStrategy[0].field",
        ),
        (
            r#", "placementStrategy": [{"type": "Spread", "field": "host"}]"#.into(),
            InvalidStrategy,
            "placementStrategy[0].type",
        ),
        (
            r#", "placementConstraints": [{"type": "distinctInstance", "expression": ""}]"#.into(),
            InvalidConstraint,
            "placementConstraints[0].expression",
        ),
        (r#", "placementConstraints": [{"type": "memberOf"}]"#.into(), JsonMissing, "placementConstraints[0]"),
        (r#", "placementConstraints": [{"type": "x"}]"#.into(), InvalidConstraint, "placementConstraints[0].type"),
        (r#", "xSeed": "-1""#.into(), InvalidParameter, "xSeed"),
        (
            r#", "overrides": {"containerOverrides": [{"name": "zzz"}]}"#.into(),
            InvalidParameter,
            "overrides.containerOverrides[0].name",
        ),
        (r#", "overrides": {"cpu": 512}"#.into(), JsonType, "overrides.cpu"),
        (r#", "overrides": {"cpu": "127"}"#.into(), InvalidDefinition, "overrides.cpu"),
        (r#", "overrides": {"memory": "1"}"#.into(), InvalidDefinition, "overrides"),
    ] {
        check_refused(&mut session, |session| session.run_task(&run(&more)), kind, path);
    }
    check_refused(
        &mut session,
        |session| session.run_task(r#"{"taskDefinition": "zzz"}"#),
        DefinitionNotFound,
        "taskDefinition",
    );
    check_refused(&mut session, |session| session.run_task("{}"), JsonMissing, "");
    let error = session
        .run_task(&run(r#", "placementConstraints": [{"type": "memberOf", "expression": "a =="}]"#))
        .unwrap_err();
    assert_eq!(
        (error.class(), error.path()),
        (ErrorClass::InvalidExpression, Some("placementConstraints[0].expression"))
    );
    assert!(error.span().is_some());
    assert_eq!(session.run_task(&run(r#", "count": 10, "clientToken": "x", "tags": [{}]"#)).unwrap().tasks.len(), 10);
}

#[test]
fn an_empty_cluster_is_a_call_error_and_services_wait() {
    let mut session = Session::new(SessionOptions::default());
    session.register_task_definition(&definition("t", "", "")).unwrap();
    let error = session.run_task(r#"{"taskDefinition": "t"}"#).unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::NoInstances, "No Container Instances were found in your cluster.")
    );
    let answer = session.create_service(r#"{"serviceName": "s", "taskDefinition": "t", "desiredCount": 2}"#).unwrap();
    assert!(answer.tasks.is_empty() && answer.failures.is_empty());
    session.register_container_instance(&instance("a", r#", "status": "DRAINING""#)).unwrap();
    assert_eq!(session.run_task(r#"{"taskDefinition": "t"}"#).unwrap_err().kind(), ErrorKind::NoInstances);
}

#[test]
fn definitions_are_named_by_family_revision_and_arn() {
    let mut session = session();
    assert_eq!(session.register_task_definition(&definition("t", "", r#", "cpu": "256""#)).as_deref(), Ok("t:2"));
    let wrapped = format!(r#"{{"taskDefinition": {}, "tags": []}}"#, definition("t", "", r#", "revision": 7"#));
    assert_eq!(session.register_task_definition(&wrapped).as_deref(), Ok("t:7"));
    assert_eq!(session.register_task_definition(&definition("t", "", "")).as_deref(), Ok("t:8"));
    for (name, cpu) in
        [("t", 128), ("t:2", 256), ("t:1", 128), ("arn:aws:ecs:r:1:task-definition/t:2", 256), ("t:8", 128)]
    {
        let answer = session.run_task(&format!(r#"{{"taskDefinition": "{name}"}}"#)).unwrap();
        assert_eq!(answer.tasks[0].cpu, cpu, "{name}");
    }
    for name in ["t:3", "t:0", "t:x", "t:", "u", "arn:aws:ecs:r:1:task-definition/u:1", ""] {
        let run = format!(r#"{{"taskDefinition": "{name}"}}"#);
        check_refused(&mut session, |session| session.run_task(&run), ErrorKind::DefinitionNotFound, "taskDefinition");
    }
}

#[test]
fn refused_definitions_of_a_document_report_their_reason_when_used() {
    let bad = definition("bad", "", r#", "networkMode": "bride""#);
    let nameless = r#"{"containerDefinitions": []}"#;
    let document =
        format!(r#"{{"containerInstances": [{}], "taskDefinitions": [{bad}, {nameless}]}}"#, instance("a", ""));
    let mut session = Session::from_json(&document, SessionOptions::default()).unwrap();
    let run = |session: &mut Session| session.run_task(r#"{"taskDefinition": "bad"}"#);
    check_refused(&mut session, run, ErrorKind::InvalidDefinition, "taskDefinition.networkMode");
    assert_eq!(session.refused_definitions().len(), 1);
    let mut again = Session::import(&session.export()).unwrap();
    assert_eq!(run(&mut again).unwrap_err(), run(&mut session).unwrap_err());
}

#[test]
fn definitions_ecs_refuses_are_refused_when_registered() {
    use ErrorKind::{
        InvalidAmount, InvalidConstraint, InvalidDefinition, InvalidPort, JsonMissing, JsonType, LimitExceeded,
        UnsupportedFeature,
    };
    let mut session = session();
    let gpu = |requirement: &str| format!(r#", "resourceRequirements": [{requirement}]"#);
    let first = "containerDefinitions[0]";
    for (container, more, kind, path) in [
        (String::new(), r#", "cpu": 256"#.to_string(), JsonType, "cpu".to_string()),
        (String::new(), r#", "cpu": "0.3 vCPU""#.into(), InvalidAmount, "cpu".into()),
        (String::new(), r#", "memory": "1 GiB""#.into(), InvalidAmount, "memory".into()),
        (String::new(), r#", "networkMode": "vpc""#.into(), InvalidDefinition, "networkMode".into()),
        (
            String::new(),
            r#", "placementConstraints": [{"type": "distinctInstance"}]"#.into(),
            InvalidConstraint,
            "placementConstraints[0].type".into(),
        ),
        (String::new(), r#", "revision": 0"#.into(), InvalidDefinition, "revision".into()),
        (
            String::new(),
            r#", "runtimePlatform": {"cpuArchitecture": "arm64"}"#.into(),
            InvalidDefinition,
            "runtimePlatform.cpuArchitecture".into(),
        ),
        (String::new(), format!(r#", "x": "{}""#, "x".repeat(64 * 1024)), LimitExceeded, String::new()),
        (r#", "memoryReservation": "1""#.into(), String::new(), JsonType, format!("{first}.memoryReservation")),
        (
            r#", "portMappings": [{"containerPort": 65536}]"#.into(),
            String::new(),
            InvalidPort,
            format!("{first}.portMappings[0].containerPort"),
        ),
        (
            r#", "portMappings": [{"containerPort": 80, "hostPort": -1}]"#.into(),
            String::new(),
            InvalidPort,
            format!("{first}.portMappings[0].hostPort"),
        ),
        (
            r#", "portMappings": [{"hostPort": 80}]"#.into(),
            String::new(),
            JsonMissing,
            format!("{first}.portMappings[0]"),
        ),
        (
            r#", "portMappings": [{"containerPortRange": "80"}]"#.into(),
            String::new(),
            InvalidDefinition,
            format!("{first}.portMappings[0].containerPortRange"),
        ),
        (
            r#", "portMappings": [{"containerPort": 80, "protocol": "TCP"}]"#.into(),
            String::new(),
            InvalidDefinition,
            format!("{first}.portMappings[0].protocol"),
        ),
        (
            gpu(r#"{"type": "GPU", "value": 1}"#),
            String::new(),
            JsonType,
            format!("{first}.resourceRequirements[0].value"),
        ),
        (
            gpu(r#"{"type": "GPU", "value": "0.3"}"#),
            String::new(),
            InvalidDefinition,
            format!("{first}.resourceRequirements[0].value"),
        ),
        (
            gpu(r#"{"type": "NeuronDevice", "value": "ALL"}"#),
            String::new(),
            UnsupportedFeature,
            format!("{first}.resourceRequirements[0].type"),
        ),
        (
            gpu(r#"{"type": "GPU", "sharingStrategy": {"nvidiaMps": {"memory": 1}}}"#),
            String::new(),
            UnsupportedFeature,
            format!("{first}.resourceRequirements[0].sharingStrategy"),
        ),
        (r#", "xResources": {"L": 1.5}"#.into(), String::new(), JsonType, format!("{first}.xResources.L")),
    ] {
        let text = definition("bad", &container, &more);
        check_refused(&mut session, |session| session.register_task_definition(&text), kind, &path);
    }
}

#[test]
fn attributes_are_put_within_the_limits_of_ecs() {
    let mut session = session();
    let put = |name: &str, value: &str| {
        format!(r#"{{"attributes": [{{"name": "{name}", "value": "{value}", "targetId": "a"}}]}}"#)
    };
    let long = "n".repeat(129);
    for (name, value, path) in [
        ("a b", "x", "name"),
        ("", "x", "name"),
        (&*long, "x", "name"),
        ("n", " x", "value"),
        ("n", "x,y", "value"),
        ("n", &long, "value"),
    ] {
        let path = format!("attributes[0].{path}");
        check_refused(
            &mut session,
            |session| session.put_attributes(&put(name, value)),
            ErrorKind::InvalidAttribute,
            &path,
        );
    }
    for index in 0..10 {
        session.put_attributes(&put(&format!("n{index}"), "a:b@c/d e")).unwrap();
    }
    check_refused(&mut session, |session| session.put_attributes(&put("n10", "x")), ErrorKind::AttributeLimit, "");
    session.put_attributes(&put("n9", "other")).unwrap();
    session.put_attributes(&put("ecs.more", "other")).unwrap();
    let unknown = r#"{"attributes": [{"name": "n1", "targetId": "a"}, {"name": "n1", "targetId": "zzz"}]}"#;
    check_refused(
        &mut session,
        |session| session.delete_attributes(unknown),
        ErrorKind::InstanceNotFound,
        "attributes[1].targetId",
    );
    let absent = r#"{"attributes": [{"name": "n1", "targetId": "a"}, {"name": "gone", "targetId": "a"}]}"#;
    check_refused(&mut session, |session| session.delete_attributes(absent), ErrorKind::AttributeNotFound, "");
    session.delete_attributes(r#"{"attributes": [{"name": "n1", "targetId": "a"}]}"#).unwrap();
}

#[test]
fn instances_come_go_and_change() {
    let mut session = session();
    check_refused(
        &mut session,
        |session| session.register_container_instance(&instance("ci/b", "")),
        ErrorKind::DuplicateInstance,
        "containerInstanceArn",
    );
    session
        .run_task(r#"{"taskDefinition": "t", "count": 4, "placementStrategy": [{"type": "spread", "field": "host"}]}"#)
        .unwrap();
    check_refused(
        &mut session,
        |session| session.deregister_container_instance("a", false),
        ErrorKind::InstanceNotEmpty,
        "",
    );
    assert_eq!(session.deregister_container_instance("a", true).unwrap(), ["task/placed-1", "task/placed-3"]);
    let answer =
        session.start_task(r#"{"taskDefinition": "t", "containerInstances": ["a", "zzz", "b", "zzz"]}"#).unwrap();
    assert_eq!(on(&answer), ["b"]);
    let failures: Vec<_> = answer.failures.iter().map(|failure| (&*failure.arn, &*failure.reason)).collect();
    assert_eq!(failures, [("arn:aws:ecs:r:1:container-instance/demo/a", "INACTIVE"), ("zzz", "MISSING")]);
    session.update_container_instances_state(r#"{"containerInstances": ["b"], "status": "DRAINING"}"#).unwrap();
    let listed = session.list_container_instances(r#"{"status": "DRAINING"}"#).unwrap();
    assert_eq!(listed.container_instance_arns, ["ci/b"]);
    let inactive = r#"{"containerInstances": ["b"], "status": "INACTIVE"}"#;
    check_refused(
        &mut session,
        |session| session.update_container_instances_state(inactive),
        ErrorKind::InvalidParameter,
        "status",
    );
    let unknown = r#"{"containerInstances": ["b", "zzz"], "status": "ACTIVE"}"#;
    check_refused(
        &mut session,
        |session| session.update_container_instances_state(unknown),
        ErrorKind::InstanceNotFound,
        "containerInstances[1]",
    );
    let failure =
        session.start_task(r#"{"taskDefinition": "t", "containerInstances": ["b"]}"#).unwrap().failures.remove(0);
    assert_eq!(failure.reason, "DRAINING");
    session.register_container_instance(&instance("arn:aws:ecs:r:1:container-instance/demo/a", "")).unwrap();
    let answer = session.start_task(r#"{"taskDefinition": "t", "containerInstances": ["a"]}"#).unwrap();
    assert_eq!(on(&answer), ["a"]);
    session.set_agent_connected("a", false).unwrap();
    let failure = session.run_task(r#"{"taskDefinition": "t"}"#).unwrap().failures.remove(0);
    assert_eq!(failure.reason, "AGENT");
}

#[test]
fn lists_come_in_pages_when_asked_for() {
    let mut session = session();
    for index in 0..5 {
        session.register_container_instance(&instance(&format!("c{index}"), "")).unwrap();
    }
    let page = session.list_container_instances(r#"{"maxResults": 3}"#).unwrap();
    assert_eq!((page.container_instance_arns.len(), page.next_token.as_deref()), (3, Some("3")));
    let page = session.list_container_instances(r#"{"maxResults": 4, "nextToken": "3"}"#).unwrap();
    assert_eq!((page.container_instance_arns.len(), page.next_token), (4, None));
    assert_eq!(session.list_container_instances("{}").unwrap().container_instance_arns.len(), 7);
    assert!(session.list_container_instances(r#"{"maxResults": 0}"#).is_err());
    assert_eq!(
        session.list_container_instances(r#"{"filter": ""}"#).unwrap_err().class(),
        ErrorClass::InvalidExpression
    );
}

#[test]
fn tasks_that_run_already_hold_what_their_definition_says_once() {
    let task = |name: &str, more: &str| {
        format!(r#"{{"taskArn": "{name}", "containerInstanceArn": "a", "taskDefinitionArn": "t"{more}}}"#)
    };
    let load = |more: &str, tasks: &[String]| {
        let document = format!(
            r#"{{"containerInstances": [{}], "taskDefinitions": [{}], "tasks": [{}]}}"#,
            instance("ci/a", more),
            definition("t", r#", "portMappings": [{"containerPort": 80, "hostPort": 8080}]"#, ""),
            tasks.join(",")
        );
        Session::from_json(&document, SessionOptions::default()).unwrap()
    };
    let cpu_and_count = |session: &Session| {
        let state = session.state();
        let instance = state.get("ci/a").unwrap();
        let number = |key| instance.get(key).unwrap().as_integer().unwrap();
        (number("CPU"), number("runningTasksCount"))
    };
    let remaining = r#", "remainingResources": [
        {"name": "CPU", "type": "INTEGER", "integerValue": 1000},
        {"name": "MEMORY", "type": "INTEGER", "integerValue": 1000},
        {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22", "2375", "8080"]}]"#;
    assert_eq!(cpu_and_count(&load("", &[task("x/1", "")])), (3968, 1));
    assert_eq!(cpu_and_count(&load("", &[task("x/1", r#", "desiredStatus": "STOPPED""#)])), (4096, 0));
    assert_eq!(
        cpu_and_count(&load("", &[task("x/1", r#", "desiredStatus": "RUNNING", "lastStatus": "PENDING""#)])),
        (3968, 1)
    );
    assert_eq!(cpu_and_count(&load(remaining, &[task("x/1", "")])), (1000, 1));
    let mut session = load(remaining, &[task("x/1", "")]);
    session.stop_task("1").unwrap();
    assert_eq!(cpu_and_count(&session), (1128, 0));
    assert!(session.state().to_string().contains(r#""PORTS":[22,2375],"#));
    let unknown = r#"{"taskArn": "x/2", "containerInstanceArn": "a", "taskDefinitionArn": "zzz:3"}"#.to_string();
    assert_eq!(cpu_and_count(&load("", &[unknown])), (4096, 1));
    let counted = r#", "runningTasksCount": 2, "pendingTasksCount": 1"#;
    assert_eq!(cpu_and_count(&load(counted, &[])), (4096, 3));
    assert_eq!(cpu_and_count(&load(counted, &[task("x/1", "")])), (3968, 1));

    let mut session = load("", &[task("x/1", "")]);
    let twice = format!(r#"{{"tasks": [{}, {}]}}"#, task("x/9", r#", "group": "g""#), task("x/1", ""));
    check_refused(&mut session, |session| session.load_tasks(&twice), ErrorKind::DuplicateTask, "tasks[1].taskArn");
    session.load_tasks(&format!("[{}]", task("x/9", r#", "group": "g", "overrides": {"cpu": "1000"}"#))).unwrap();
    assert_eq!(cpu_and_count(&session), (2968, 2));
}

#[test]
fn scale_in_can_be_stopped_and_choosing_in_parts_is_choosing_at_once() {
    let ask = |text: &str| Json::parse(text).unwrap().into_owned();
    for chain in ["", r#", "placementStrategy": [{"type": "random"}], "xSeed": 7"#] {
        let request = format!(r#"{{"group": "g", "count": 30{chain}}}"#);
        let mut session = session();
        session.register_task_definition(&definition("one", "", "")).unwrap();
        session
            .place(
                &session.clone().read_place(&ask(r#"{"taskDefinition": "one", "group": "g", "count": 40}"#)).unwrap(),
            )
            .unwrap();
        let (before, mut at_once, mut in_parts) = (session.export(), session.clone(), session.clone());
        let mut heard = Vec::new();
        let stopped = session.scale_in_watched(&ask(&request), &mut |done| {
            heard.push(done);
            (done < 20).then_some(2)
        });
        assert_eq!((stopped.unwrap(), heard), (None, vec![16, 18, 20]));
        assert_eq!(session.export(), before);
        session.cluster().validate().unwrap();
        let chosen = at_once.scale_in(&request).unwrap();
        assert_eq!(chosen.len(), 30);
        assert_eq!(in_parts.scale_in_watched(&ask(&request), &mut |_| Some(1)).unwrap(), Some(chosen));
        assert_eq!(in_parts.export(), at_once.export());
    }
}

#[test]
fn names_come_back_when_many_stops_are_rolled_back() {
    let mut session = session();
    let mut place = |count| {
        let request = Json::parse(&format!(r#"{{"taskDefinition": "t", "count": {count}}}"#)).unwrap().into_owned();
        let request = session.read_place(&request).unwrap();
        session.place(&request).unwrap().tasks.len()
    };
    let placed = place(60);
    let names: Vec<String> = (1..=placed).map(|number| format!("task/placed-{number}")).collect();
    let before = session.export();
    let savepoint = session.begin();
    let ids: Vec<_> = names.iter().map(|name| session.task_id(name).unwrap()).collect();
    session.stop_tasks(&ids).unwrap();
    assert!(session.task_id(&names[0]).is_err());
    session.rollback(savepoint).unwrap();
    assert_eq!(session.export(), before);
    assert!(names.iter().all(|name| session.task_id(name).is_ok()));
}

#[test]
fn services_count_up_and_scale_in_takes_tasks_away() {
    let mut session = session();
    let create = r#"{"serviceName": "web", "taskDefinition": "t", "desiredCount": 3, "loadBalancers": []}"#;
    assert_eq!(on(&session.create_service(create).unwrap()), ["a", "b", "a"]);
    assert_eq!(on(&session.create_service(create).unwrap()), ["b", "a", "b"]);
    assert!(session.export().contains(r#"{"serviceName":"web","taskDefinition":"t:1","desiredCount":6}"#));
    let stopped = session.scale_in(r#"{"group": "service:web", "count": 2}"#).unwrap();
    assert_eq!(stopped, ["task/placed-6", "task/placed-5"]);
    assert_eq!(session.scale_in(r#"{"group": "service:none", "count": 2}"#).unwrap(), [""; 0]);
    assert_eq!(session.scale_in(r#"{"group": "service:web", "count": 99}"#).unwrap().len(), 4);
    check_refused(
        &mut session,
        |session| session.scale_in(r#"{"group": "g", "count": -1}"#),
        ErrorKind::InvalidParameter,
        "count",
    );
    let daemon = r#"{"serviceName": "d", "taskDefinition": "t", "schedulingStrategy": "DAEMON", "desiredCount": 1}"#;
    check_refused(
        &mut session,
        |session| session.create_service(daemon),
        ErrorKind::UnsupportedFeature,
        "schedulingStrategy",
    );
    let balancer = |more: &str| {
        format!(
            r#"{{"serviceName": "d", "taskDefinition": "t", "desiredCount": 1, "loadBalancers": [{{"containerName": "app", "containerPort": 80{more}}}]}}"#
        )
    };
    for more in ["", r#", "targetGroupArn": "x""#, r#", "targetGroupArn": "x", "loadBalancerName": "y""#] {
        let text = balancer(more);
        check_refused(
            &mut session,
            |session| session.create_service(&text),
            ErrorKind::InvalidParameter,
            "loadBalancers[0]",
        );
    }
}

#[test]
fn what_if_gives_names_and_numbers_back() {
    let mut session = session();
    let run = r#"{"taskDefinition": "t", "count": 2}"#;
    session.run_task(run).unwrap();
    let before = session.export();
    let outer = session.begin();
    session.run_task(run).unwrap();
    let middle = session.export();
    let inner = session.begin();
    session.stop_task("placed-1").unwrap();
    session.stop_task("placed-3").unwrap();
    session.register_container_instance(&instance("c", r#", "runningTasksCount": 1"#)).unwrap();
    session.deregister_container_instance("b", true).unwrap();
    session.register_task_definition(&definition("u", "", "")).unwrap();
    session.create_service(r#"{"serviceName": "s", "taskDefinition": "u", "desiredCount": 1}"#).unwrap();
    session.cluster().validate().unwrap();
    session.rollback(inner).unwrap();
    assert_eq!(session.export(), middle);
    assert_eq!(session.rollback(inner).unwrap_err().kind(), ErrorKind::StaleHandle);
    let inner = session.begin();
    session.stop_task("placed-4").unwrap();
    session.commit(inner).unwrap();
    session.rollback(outer).unwrap();
    assert_eq!(session.export(), before);
    let kept = session.begin();
    assert_eq!(session.run_task(run).unwrap().tasks[0].task_arn, "task/placed-3");
    session.commit(kept).unwrap();
    assert_eq!(session.commit(kept).unwrap_err().kind(), ErrorKind::StaleHandle);
    assert_eq!(session.run_task(run).unwrap().tasks[0].task_arn, "task/placed-5");
    session.cluster().validate().unwrap();
}

#[test]
fn made_up_task_ids_avoid_those_taken() {
    let task = r#"{"taskArn": "task/placed-1", "containerInstanceArn": "ci/b", "taskDefinitionArn": "t"}"#;
    let mut session = session();
    session.load_tasks(&format!("[{task}]")).unwrap();
    let answer = session.run_task(r#"{"taskDefinition": "t", "count": 2}"#).unwrap();
    let names: Vec<_> = answer.tasks.iter().map(|task| task.task_arn.as_str()).collect();
    assert_eq!(names, ["task/placed-1-x", "task/placed-2"]);
}

#[test]
fn all_or_nothing_places_all_or_nothing() {
    let mut session = session();
    let before = session.export();
    let answer = session
        .run_task(r#"{"taskDefinition": "t", "count": 3, "xAllOrNothing": true, "placementConstraints": [{"type": "distinctInstance"}]}"#)
        .unwrap();
    assert!(answer.tasks.is_empty());
    let reasons: Vec<_> = answer.failures.iter().map(|failure| failure.reason.as_str()).collect();
    assert_eq!(reasons, ["DistinctInstance placement constraint unsatisfied."; 2]);
    assert_eq!(session.export(), before);
}

#[test]
fn every_open_choice_has_its_alternative() {
    let with = |options: SessionOptions| session_with(options);
    let registration = SessionOptions { run_task_default: RunTaskDefault::Registration, ..Default::default() };
    let run = r#"{"taskDefinition": "t", "count": 10}"#;
    assert_eq!(on(&with(registration).run_task(run).unwrap()), ["a"; 10]);
    let mut random = session();
    let first = random.run_task(run).unwrap();
    assert!(on(&first).contains(&"a") && on(&first).contains(&"b"));
    assert_eq!(session().run_task(run).unwrap(), first);

    let mut lenient = with(SessionOptions { has_lenient_fields: true, ..Default::default() });
    let upper = r#"{"taskDefinition": "t", "placementStrategy": [{"type": "binpack", "field": "MEMORY"}]}"#;
    assert!(lenient.run_task(upper).is_ok() && session().run_task(upper).is_err());

    let seeded = SessionOptions { tie_break: TieBreak::Seeded, ..Default::default() };
    let spread =
        r#"{"taskDefinition": "t", "placementStrategy": [{"type": "spread", "field": "attribute:rack"}], "count": 10}"#;
    let answer = with(seeded).run_task(spread).unwrap();
    assert!(on(&answer).contains(&"a") && on(&answer).contains(&"b"));
    assert_eq!(on(&session().run_task(spread).unwrap()), ["a"; 10]);

    let mut strict = with(SessionOptions { has_strict_network: true, ..Default::default() });
    strict.register_task_definition(&definition("vpc", "", r#", "networkMode": "awsvpc""#)).unwrap();
    let block = r#""networkConfiguration": {"awsvpcConfiguration": {"subnets": ["s"]}}"#;
    for text in [format!(r#"{{"taskDefinition": "t", {block}}}"#), r#"{"taskDefinition": "vpc"}"#.into()] {
        check_refused(&mut strict, |session| session.run_task(&text), ErrorKind::InvalidParameter, "");
    }
    assert!(session().run_task(&format!(r#"{{"taskDefinition": "t", {block}}}"#)).is_ok());

    let exclude = Options { absent_group: AbsentGroup::Exclude, ..Options::default() };
    let answer = with(SessionOptions { cluster: exclude, ..Default::default() }).run_task(spread).unwrap();
    assert_eq!(answer.tasks.len(), 0);

    let mut last = with(SessionOptions {
        cluster: Options { release: Release::Last, ..Options::default() },
        ..Default::default()
    });
    last.run_task(r#"{"taskDefinition": "t", "placementStrategy": [{"type": "binpack", "field": "cpu"}]}"#).unwrap();
    last.stop_task("placed-1").unwrap();
    assert!(last.state().to_string().contains(r#""CPU":3968"#));
    assert_eq!(last.stop_task("placed-1").unwrap_err().kind(), ErrorKind::TaskNotFound);
    assert_eq!(Session::import(&last.export()).unwrap().export(), last.export());

    let typed = |unknown_eni| {
        let options = SessionOptions { cluster: Options { unknown_eni, ..Options::default() }, ..Default::default() };
        let attributes = r#", "attributes": [{"name": "ecs.instance-type", "value": "x9.large"}, {"name": "ecs.capability.task-eni"}]"#;
        let document = format!(
            r#"{{"containerInstances": [{}], "taskDefinitions": [{}]}}"#,
            instance("a", attributes),
            definition("vpc", "", r#", "networkMode": "awsvpc""#)
        );
        let mut session = Session::from_json(&document, options).unwrap();
        session.run_task(r#"{"taskDefinition": "vpc", "count": 3}"#).unwrap().tasks.len()
    };
    assert_eq!((typed(UnknownEni::Unlimited), typed(UnknownEni::Zero)), (3, 0));
}

#[test]
fn unknown_resources_are_preserved_and_custom_ones_count() {
    let resources = r#"[{"name": "CPU", "type": "INTEGER", "integerValue": 1000},
        {"name": "MEMORY", "type": "INTEGER", "integerValue": 1000},
        {"name": "LICENSE", "type": "INTEGER", "integerValue": 3},
        {"name": "NEURON_CORES", "type": "STRINGSET", "stringSetValue": ["0", "1"], "extra": {"z": 1, "a": 2}}]"#;
    let document = format!(
        r#"{{"xResources": ["LICENSE"], "containerInstances": [{{"containerInstanceArn": "a", "registeredResources": {resources},
            "remainingResources": {resources}}}], "taskDefinitions": [{}, {}]}}"#,
        definition("two", r#", "xResources": {"LICENSE": 2}"#, ""),
        definition("odd", r#", "xResources": {"LICENCE": 2}"#, "")
    );
    let mut session = Session::from_json(&document, SessionOptions::default()).unwrap();
    let preserved = r#"{"extra":{"a":2,"z":1},"name":"NEURON_CORES","stringSetValue":["0","1"],"type":"STRINGSET"}"#;
    assert_eq!(session.export().matches(preserved).count(), 2);
    let answer = session.run_task(r#"{"taskDefinition": "two", "count": 2}"#).unwrap();
    assert_eq!((answer.tasks.len(), answer.failures[0].reason.as_str()), (1, "RESOURCE:LICENSE"));
    assert!(session.state().to_string().contains(r#""LICENSE":1"#));
    let error = session.run_task(r#"{"taskDefinition": "odd"}"#).unwrap_err();
    assert_eq!((error.kind(), error.help()), (ErrorKind::InvalidParameter, Some("did you mean `LICENSE`?")));
    assert_eq!(Session::import(&session.export()).unwrap().export(), session.export());
}

#[test]
fn awsvpc_requests_go_where_their_subnets_lie() {
    let mut session = session();
    let export = session.export().replacen(
        r#""containerInstances""#,
        r#""xSubnets":{"s1":"z1","s2":"z2"},"containerInstances""#,
        1,
    );
    session = Session::import(&export).unwrap();
    session.register_task_definition(&definition("vpc", "", r#", "networkMode": "awsvpc""#)).unwrap();
    for name in ["a", "b"] {
        let put = format!(r#"{{"attributes": [{{"name": "ecs.capability.task-eni", "targetId": "{name}"}}]}}"#);
        session.put_attributes(&put).unwrap();
    }
    let run = |subnet: &str| {
        format!(
            r#"{{"taskDefinition": "vpc", "networkConfiguration": {{"awsvpcConfiguration": {{"subnets": ["{subnet}"]}}}}}}"#
        )
    };
    assert_eq!(on(&session.run_task(&run("s2")).unwrap()), ["b"]);
    let path = "networkConfiguration.awsvpcConfiguration.subnets";
    check_refused(&mut session, |session| session.run_task(&run("s3")), ErrorKind::InvalidParameter, path);
}

#[test]
fn what_is_preserved_can_be_exported_and_read_back() {
    let deep = |levels: usize| format!(r#""x": {}{}"#, "[".repeat(levels), "]".repeat(levels));
    let mut session = session();
    session.register_task_definition(&definition("deep", "", &format!(", {}", deep(110)))).unwrap();
    assert_eq!(Session::import(&session.export()).unwrap().export(), session.export());
    let text = definition("deep", "", &format!(", {}", deep(120)));
    check_refused(&mut session, |session| session.register_task_definition(&text), ErrorKind::JsonTooDeep, "");
    let document = format!(r#"{{"containerInstances": [], "taskDefinitions": [{text}]}}"#);
    let error = Session::from_json(&document, SessionOptions::default()).unwrap_err();
    assert_eq!((error.kind(), error.path()), (ErrorKind::JsonTooDeep, Some("taskDefinitions[0]")));
    let record = |levels| format!(r#", "remainingResources": [{{"name": "ODD", {}}}]"#, deep(levels));
    session.register_container_instance(&instance("deep", &record(110))).unwrap();
    assert_eq!(Session::import(&session.export()).unwrap().export(), session.export());
    let path = "remainingResources[0]";
    let text = instance("deeper", &record(115));
    check_refused(&mut session, |session| session.register_container_instance(&text), ErrorKind::JsonTooDeep, path);
}

#[test]
fn warnings_are_told_once_and_on_the_side() {
    let mut session = session();
    let before = session.export();
    session.register_task_definition(&definition("tiny", r#", "memoryReservation": 5"#, "")).unwrap();
    session.put_attributes(r#"{"attributes": [{"name": "ecs.mine", "targetId": "a"}]}"#).unwrap();
    for name in ["x1", "x2"] {
        let kind = r#", "attributes": [{"name": "ecs.instance-type", "value": "x9.large"}]"#;
        session.register_container_instance(&instance(name, kind)).unwrap();
    }
    let warnings = session.take_warnings();
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(warnings[0].contains("tiny:1") && warnings[1].contains("ecs.mine") && warnings[2].contains("x9.large"));
    assert!(session.take_warnings().is_empty());
    assert_ne!(session.export(), before);
}

#[test]
fn keys_that_a_call_does_not_have_are_told() {
    let mut session = session();
    let long = "k".repeat(500);
    let run = format!(r#"{{"taskDefinition": "t", "cuont": 3, "tags": [], "xSeed": "1", "{long}": 1}}"#);
    assert_eq!(session.run_task(&run).unwrap().tasks.len(), 1);
    let start = r#"{"taskDefinition": "t", "containerInstances": ["a"], "count": 2, "startedBy": "me"}"#;
    session.start_task(start).unwrap();
    session.create_service(r#"{"serviceName": "s", "taskDefinition": "t", "desiredCount": 1, "group": "g"}"#).unwrap();
    assert_eq!(
        session.take_warnings(),
        [
            "RunTask has no key `cuont`; did you mean `count`?".to_string(),
            format!("RunTask has no key `{}`", "k".repeat(80)),
            "StartTask has no key `count`".to_string(),
            "CreateService has no key `group`".to_string(),
        ]
    );
    let many: String = (0..1000).map(|number| format!(r#", "key{number}": 0"#)).collect();
    session.run_task(&format!(r#"{{"taskDefinition": "t"{many}}}"#)).unwrap();
    assert_eq!(session.take_warnings().len(), 100);
}

#[test]
fn explaining_changes_nothing() {
    let mut session = session();
    let before = session.export();
    let answer =
        session.explain(r#"{"taskDefinition": "t", "placementStrategy": [{"type": "binpack", "field": "cpu"}]}"#);
    let explanation = answer.unwrap();
    assert_eq!((explanation.definition.as_str(), explanation.group.as_str()), ("t:1", "family:t"));
    assert!(explanation.winner.is_some() && explanation.verdicts.len() == 2);
    assert_eq!(session.explain(r#"{"taskDefinition": "u"}"#).unwrap_err().kind(), ErrorKind::DefinitionNotFound);
    assert_eq!(session.export(), before);
}

#[test]
fn draining_stops_pending_tasks_of_services_when_they_release() {
    let document = r#"{"containerInstances": [{"containerInstanceArn": "ci/a", "registeredResources": [
          {"name": "CPU", "type": "INTEGER", "integerValue": 100},
          {"name": "MEMORY", "type": "INTEGER", "integerValue": 100}]}],
        "taskDefinitions": [{"family": "t", "containerDefinitions": [{"name": "app", "cpu": 10, "memory": 10}]}],
        "tasks": [
          {"taskArn": "task/1", "containerInstanceArn": "ci/a", "taskDefinitionArn": "t", "group": "service:s",
           "lastStatus": "PENDING"},
          {"taskArn": "task/2", "containerInstanceArn": "ci/a", "taskDefinitionArn": "t", "group": "service:s",
           "lastStatus": "RUNNING"}]}"#;
    let drain = r#"{"containerInstances": ["a"], "status": "DRAINING"}"#;
    for (release, cpu) in [(Release::Desired, 90), (Release::Last, 80)] {
        let mut options = SessionOptions::default();
        options.cluster.release = release;
        let mut session = Session::from_json(document, options).unwrap();
        let left = |session: &Session| {
            let instance = session.cluster().instance(session.instance_id("ci/a").unwrap()).unwrap();
            (instance.running_tasks(), instance.remaining(ResourceKind::Cpu))
        };
        let before = session.export();
        assert!(before.contains(r#""lastStatus":"PENDING""#));
        assert_eq!(Session::import(&before).unwrap().export(), before);
        let savepoint = session.begin();
        session.update_container_instances_state(drain).unwrap();
        assert_eq!(left(&session), (1, cpu));
        session.rollback(savepoint).unwrap();
        assert_eq!(session.export(), before);
        session.update_container_instances_state(drain).unwrap();
        session.update_container_instances_state(drain).unwrap();
        assert_eq!(left(&session), (1, cpu));
        let drained = session.export();
        assert_eq!(Session::import(&drained).unwrap().export(), drained);
        assert_eq!(session.task_id("task/1").is_ok(), release == Release::Last);
        session.cluster().validate().unwrap();
    }
}

/// A session of two instances for the definition `t:1`, which fits four times.
fn for_bulk() -> Session {
    let mut session = Session::new(SessionOptions::default());
    for name in ["a", "b"] {
        session.register(&placewright::Instance::new(name).with_resources(1024, 1024)).unwrap();
    }
    session
        .register_task_definition(r#"{"family": "t", "containerDefinitions": [{"name": "a", "memory": 512}]}"#)
        .unwrap();
    session
}

/// The prepared request that `text` asks for.
fn prepared(session: &mut Session, text: &str) -> placewright::RequestId {
    let request = session.read_place(&Json::parse(text).unwrap()).unwrap();
    session.prepare(&request).unwrap()
}

#[test]
fn a_list_is_placed_as_its_single_requests_are() {
    let mut session = for_bulk();
    let mut singly = session.clone();
    let id = prepared(&mut session, r#"{"taskDefinition": "t"}"#);
    assert_eq!(prepared(&mut singly, r#"{"taskDefinition": "t"}"#), id);
    let mut outcomes = Vec::new();
    assert!(session.place_list(&[id; 5], &mut outcomes, &mut |_| Some(usize::MAX)).unwrap());
    for outcome in &outcomes {
        let response = singly.place_by_id(id, &mut |_| Some(0)).unwrap().unwrap();
        assert_eq!(outcome.is_some(), response.failures.is_empty());
    }
    assert_eq!(outcomes.iter().flatten().count(), 4);
    assert_eq!(session.export(), singly.export());
    session.release(id).unwrap();
    assert_eq!(session.release(id).unwrap_err().kind(), ErrorKind::StaleHandle);
    assert_eq!(session.cluster().requests().count(), 0);
    assert!(session.place_list(&[id], &mut outcomes, &mut |_| Some(1)).is_err() && outcomes.len() == 5);
}

#[test]
fn made_up_names_pass_over_those_that_documents_brought() {
    let mut session = for_bulk();
    let id = prepared(&mut session, r#"{"taskDefinition": "t"}"#);
    session
        .load_tasks(
            r#"[{"taskArn": "task/placed-2", "containerInstanceArn": "ci/a", "desiredStatus": "STOPPED"},
                {"taskArn": "task/placed-3-x", "containerInstanceArn": "ci/a", "desiredStatus": "STOPPED"},
                {"taskArn": "task/placed-3", "containerInstanceArn": "ci/a", "desiredStatus": "STOPPED"}]"#,
        )
        .unwrap();
    let savepoint = session.begin();
    let mut names = Vec::new();
    for rolled_back in [true, false] {
        let mut outcomes = Vec::new();
        assert!(session.place_list(&[id; 4], &mut outcomes, &mut |_| Some(usize::MAX)).unwrap());
        let tasks: Vec<_> = outcomes.iter().flatten().map(|placement| placement.task).collect();
        names = tasks.iter().map(|&task| session.task_name(task).unwrap().into_owned()).collect();
        assert_eq!(names, ["task/placed-1", "task/placed-2-x", "task/placed-3-x-x", "task/placed-4"]);
        for (name, &task) in names.iter().zip(&tasks) {
            assert_eq!((session.task_id(name).unwrap(), session.task_id(&name[5..]).unwrap()), (task, task));
        }
        let stopped = session.begin();
        tasks.iter().for_each(|&task| session.stop_tasks(&[task]).unwrap());
        assert!(tasks.iter().all(|&task| session.task_name(task).is_none()) && session.task_id("placed-4").is_err());
        session.rollback(stopped).unwrap();
        assert!(tasks.iter().zip(&names).all(|(&task, name)| session.task_id(name).unwrap() == task));
        if rolled_back {
            session.rollback(savepoint).unwrap();
            assert!(
                tasks.iter().all(|&task| session.task_name(task).is_none()) && session.task_id("placed-1").is_err()
            );
        }
    }
    // A state that is imported has them as texts, and goes on after them.
    let mut again = Session::import(&session.export()).unwrap();
    assert_eq!(again.export(), session.export());
    let listed = |session: &Session| -> Vec<_> {
        session.cluster().tasks().map(|task| session.task_name(task).unwrap().into_owned()).collect()
    };
    assert_eq!((listed(&again), listed(&session)), (names.clone(), names));
    let duplicate = r#"[{"taskArn": "task/placed-4", "containerInstanceArn": "ci/a", "taskDefinitionArn": "t:1"}]"#;
    for session in [&mut session, &mut again] {
        assert_eq!(session.load_tasks(duplicate).unwrap_err().kind(), ErrorKind::DuplicateTask);
    }
}

#[test]
fn whoever_watches_can_stop_it_and_nothing_has_changed() {
    let mut session = for_bulk();
    let id = prepared(&mut session, r#"{"taskDefinition": "t", "count": 9}"#);
    let before = session.export();
    let mut outcomes = Vec::new();
    let mut heard = Vec::new();
    assert!(
        !session
            .place_list(&[id; 40], &mut outcomes, &mut |done| {
                heard.push(done);
                (done < 20).then_some(10)
            })
            .unwrap()
    );
    assert!(outcomes.is_empty() && heard == [16, 26], "{heard:?}");
    let mut heard = Vec::new();
    let mut hear = |done, answer| {
        heard.push(done);
        answer
    };
    assert!(session.place_by_id(id, &mut |done| hear(done, None)).unwrap().is_none());
    assert_eq!(session.export(), before);
    assert!(session.place_by_id(id, &mut |done| hear(done, Some(1))).unwrap().is_some());
    assert_eq!(heard, [4, 4], "the first task that finds no instance is the end");
    assert_eq!(session.export().matches("task/placed").count(), 4);
    let mut session = Session::import(&before).unwrap();
    let id = prepared(&mut session, r#"{"taskDefinition": "t", "count": 4}"#);
    assert!(session.place_by_id(id, &mut |_| None).unwrap().is_none());
    assert_eq!(session.export(), before);
}

#[test]
fn work_that_is_nothing_is_told_of_once_and_answers_are_made_under_the_eyes_of_the_watch() {
    let mut session = for_bulk();
    let nothing = prepared(&mut session, r#"{"taskDefinition": "t", "count": 0}"#);
    let mut heard = Vec::new();
    let mut hear = |done| {
        heard.push(done);
        Some(1)
    };
    assert!(session.place_by_id(nothing, &mut hear).unwrap().unwrap().tasks.is_empty());
    assert!(session.place_list(&[], &mut Vec::new(), &mut hear).unwrap());
    assert_eq!(heard, [0, 0]);
    // Tasks have their names when the watch is asked, so that nothing is left to do that it does not see.
    let id = prepared(&mut session, r#"{"taskDefinition": "t", "count": 3}"#);
    let made = std::cell::Cell::new(0);
    let answer = session.place_by_id(id, &mut |done| {
        made.set(done);
        Some(1)
    });
    assert_eq!((answer.unwrap().unwrap().tasks.len(), made.get()), (3, 3));
}

#[test]
fn a_version_is_another_after_each_change_and_the_same_after_a_rollback() {
    type Change = fn(&mut Session);
    let changes: [Change; 9] = [
        |session| {
            session.register(&placewright::Instance::new("new").with_resources(64, 64)).unwrap();
        },
        |session| drop(session.register_task_definition(&definition("more", "", "")).unwrap()),
        |session| drop(session.run_task(r#"{"taskDefinition": "t"}"#).unwrap()),
        |session| session.stop_task("task/placed-1").unwrap(),
        |session| session.set_agent_connected("ci/a", false).unwrap(),
        |session| session.put_attributes(r#"{"attributes": [{"name": "n", "targetId": "ci/a"}]}"#).unwrap(),
        |session| session.declare_resource("LICENSE").unwrap(),
        |session| {
            session
                .load_tasks(
                    r#"[{"taskArn": "task/placed-9", "containerInstanceArn": "ci/a", "desiredStatus": "STOPPED"}]"#,
                )
                .unwrap();
        },
        |session| {
            session.create_service(r#"{"serviceName": "s", "taskDefinition": "t", "desiredCount": 0}"#).unwrap();
        },
    ];
    let mut session = for_bulk();
    let mut seen = vec![session.version()];
    for change in changes {
        change(&mut session);
        assert!(!seen.contains(&session.version()), "{seen:?}");
        seen.push(session.version());
    }
    let before = session.version();
    for change in [changes[1], changes[2], changes[8]] {
        let savepoint = session.begin();
        change(&mut session);
        assert!(!seen.contains(&session.version()));
        seen.push(session.version());
        session.rollback(savepoint).unwrap();
        assert_eq!(session.version(), before);
    }
    assert!(session.cluster().query(&placewright::expr::compile("runningTasksCount > 9").unwrap()).is_empty());
    session.explain(r#"{"taskDefinition": "t"}"#).unwrap();
    assert_eq!(session.version(), before, "looking changes nothing");
}

#[test]
fn states_are_read_and_written_under_the_eyes_of_somebody_who_can_stop_it() {
    let mut session = for_bulk();
    for number in 0..40 {
        let name = format!("more-{number}");
        session.register(&placewright::Instance::new(&name).with_resources(1024, 1024)).unwrap();
    }
    session
        .place(&session.clone().read_place(&Json::parse(r#"{"taskDefinition": "t", "count": 50}"#).unwrap()).unwrap())
        .unwrap();
    let text = session.export();
    assert_eq!(text, session.to_json().to_string());
    let tree = Json::parse(&text).unwrap();
    let running = text.replace("task/placed", "task/old");
    let running = Json::parse(&running).unwrap();
    let fresh = Session::import(&for_states(&text)).unwrap();
    let options = SessionOptions::default;
    // Every work, stopped when so much is done; whether it came to its end.
    let works: [&dyn Fn(placewright::adapter::Watch<'_>) -> bool; 5] = [
        &|watch| Json::parse_watched(&text, watch).unwrap().is_some_and(|read| read == tree),
        &|watch| Session::import_watched(&tree, watch).unwrap().is_some_and(|read| read.export() == text),
        &|watch| Session::from_json_watched(&tree, options(), watch).unwrap().is_some(),
        &|watch| session.export_watched(watch).is_some_and(|written| written == text),
        &|watch| {
            let mut session = fresh.clone();
            let is_done = session.load_tasks_watched(&running, watch).unwrap().is_some();
            assert_eq!(session.export() == fresh.export(), !is_done);
            is_done
        },
    ];
    for (number, work) in works.iter().enumerate() {
        let mut heard = Vec::new();
        let is_done = work(&mut |done| {
            heard.push(done);
            Some(7)
        });
        assert!(
            is_done && heard.len() > 3 && heard.iter().enumerate().all(|(at, &done)| done == 16 + 7 * at),
            "{number}"
        );
        for &last in &heard {
            assert!(!work(&mut |done| (done < last).then_some(0)), "{number}");
        }
    }
    assert!(Json::parse_watched("[1,", &mut |_| None).is_err());
    let wrong = Json::parse(r#"{"containerInstances": [{}]}"#).unwrap();
    assert!(Session::from_json_watched(&wrong, options(), &mut |_| None).is_err());
}

/// An exported state without its tasks.
fn for_states(text: &str) -> String {
    let mut tree = Json::parse(text).unwrap();
    let Json::Object(entries) = &mut tree else { panic!("a state is an object") };
    entries.iter_mut().find(|(key, _)| key == "tasks").unwrap().1 = Json::Array(Vec::new());
    tree.to_string()
}

#[test]
fn a_request_to_place_with_an_unknown_key_is_warned_of() {
    let mut session = for_bulk();
    session.read_place(&Json::parse(r#"{"taskDefinition": "t", "conut": 2, "xSeed": "1"}"#).unwrap()).unwrap();
    assert_eq!(session.take_warnings(), ["RunTask has no key `conut`; did you mean `count`?"]);
}

#[test]
fn placing_in_parts_is_placing() {
    for text in [
        r#"{"taskDefinition": "t", "count": 3}"#,
        r#"{"taskDefinition": "t", "count": 9}"#,
        r#"{"taskDefinition": "t", "count": 9, "xAllOrNothing": true}"#,
        r#"{"taskDefinition": "t", "count": 4, "xAllOrNothing": true}"#,
        r#"{"taskDefinition": "t", "count": 0}"#,
    ] {
        let (mut whole, mut parts) = (for_bulk(), for_bulk());
        let request = whole.read_place(&Json::parse(text).unwrap()).unwrap();
        let response = whole.place(&request).unwrap();
        assert_eq!(parts.place_watched(&request, &mut |_| Some(1)).unwrap(), Some(response), "{text}");
        assert_eq!(parts.export(), whole.export(), "{text}");
    }
}

#[test]
fn options_are_read_by_name() {
    let read = |text: &str| SessionOptions::from_json(&Json::parse(text).unwrap());
    assert_eq!(read("{}"), Ok(SessionOptions::default()));
    let options = read(r#"{"seed": "7", "release": "last", "route": "scan"}"#).unwrap();
    assert_eq!((options.seed, options.cluster.release), (7, Release::Last));
    assert_eq!(options.cluster.route, placewright::Route::Scan);
    for bad in [r#"{"sed": "7"}"#, r#"{"seed": 7}"#, r#"{"route": "x"}"#, r#"{"tieBreak": "coin"}"#, "[]"] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn tasks_stop_together_and_finish_when_told() {
    let mut options = SessionOptions::default();
    options.cluster.release = Release::Last;
    let mut session = Session::new(options);
    session.declare_resource("L").unwrap();
    session.register(&placewright::Instance::new("a").with_resources(1024, 1024).with_custom("L", 1)).unwrap();
    session
        .register_task_definition(r#"{"family": "t", "containerDefinitions": [{"name": "a", "memory": 512}]}"#)
        .unwrap();
    session.run_task(r#"{"taskDefinition": "t", "count": 2}"#).unwrap();
    let ids: Vec<_> = session.cluster().tasks().collect();
    let before = session.export();
    assert!(session.stop_tasks(&[ids[0], ids[1], ids[0]]).is_err());
    assert_eq!(session.export(), before);
    let many: Vec<_> = (0..40).map(|_| ids[0]).collect();
    assert!(session.stop_tasks_watched(&many, &mut |_| Some(1)).is_err());
    assert_eq!(session.export(), before);
    session.stop_tasks(&ids).unwrap();
    assert_eq!((session.cluster().running_tasks(), session.cluster().tasks().len()), (0, 2));
    session.finish_task("task/placed-1").unwrap();
    assert!(session.finish_task("task/placed-1").is_err() && session.task_id("task/placed-2").is_ok());
    assert_eq!(session.cluster().tasks().len(), 1);
    assert_eq!(session.describe_task(ids[1]).unwrap().at_path("taskArn"), Some(&Json::from("task/placed-2")));
    let instance = session.instance_id("a").unwrap();
    let described = session.describe_instance(instance).unwrap();
    assert_eq!(described.at_path("registeredResources[2].name"), Some(&Json::from("L")));
    assert_eq!(session.cluster().registration_positions().of(instance), Some(0));
}

#[test]
fn stopping_tasks_can_be_stopped() {
    let mut session = Session::new(SessionOptions::default());
    session.register(&placewright::Instance::new("a").with_resources(1 << 20, 1 << 20)).unwrap();
    session
        .register_task_definition(r#"{"family": "t", "containerDefinitions": [{"name": "a", "memory": 512}]}"#)
        .unwrap();
    (0..10).for_each(|_| drop(session.run_task(r#"{"taskDefinition": "t", "count": 10}"#).unwrap()));
    let ids: Vec<_> = session.cluster().tasks().collect();
    let (before, mut heard) = (session.export(), Vec::new());
    let stopped = session.stop_tasks_watched(&ids, &mut |done| {
        heard.push(done);
        (done < 50).then_some(20)
    });
    assert_eq!((stopped, heard), (Ok(None), vec![16, 36, 56]));
    assert_eq!((session.export(), session.cluster().savepoints()), (before, 0));
    assert_eq!(session.stop_tasks_watched(&ids, &mut |_| Some(20)), Ok(Some(())));
    assert!(session.cluster().tasks().next().is_none() && session.task_id("task/placed-1").is_err());
}

#[test]
fn paths_of_errors_lead_to_their_values() {
    let tree = Json::parse(r#"{"a": [1, {"b.c": {"d": 2}, "": 3}], "b": 4}"#).unwrap();
    for (path, value) in [("a[0]", 1), ("a[1].b.c.d", 2), ("b", 4)] {
        assert_eq!(tree.at_path(path), Some(&Json::Integer(value)), "{path}");
    }
    assert_eq!(tree.at_path(""), Some(&tree));
    for path in ["x", "a[2]", "a[x]", "a.b", "b.c", "ab", "a[1].b"] {
        assert_eq!(tree.at_path(path), None, "{path}");
    }
}

//! The oracle against the worked examples of the rules, each named by its number there.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::choose::Xoshiro;
use super::value::{instant, task_amount};
use super::{Oracle, OracleOptions, definition, expr};

/// An instance with amounts and attributes.
fn instance(id: &str, cpu: i64, memory: i64, attributes: &[(&str, &str)]) -> Value {
    let attributes: Vec<Value> =
        attributes.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    json!({
        "containerInstanceArn": id,
        "registeredResources": [
            { "name": "CPU", "type": "INTEGER", "integerValue": cpu },
            { "name": "MEMORY", "type": "INTEGER", "integerValue": memory },
        ],
        "attributes": attributes,
    })
}

/// An instance in a zone.
fn zoned(id: &str, zone: &str, memory: i64) -> Value {
    instance(id, 100_000, memory, &[("ecs.availability-zone", zone)])
}

/// A definition of one container.
fn task(family: &str, cpu: i64, memory: i64) -> Value {
    json!({ "family": family, "containerDefinitions": [{ "name": "app", "cpu": cpu, "memory": memory }] })
}

/// A task of family `t` that already runs.
fn running(id: &str, instance: &str, group: &str) -> Value {
    json!({ "taskArn": id, "containerInstanceArn": instance, "taskDefinitionArn": "t", "group": group })
}

/// An oracle for a cluster.
fn oracle(definitions: &[Value], instances: &[Value], tasks: &[Value]) -> Oracle {
    let case = json!({
        "taskDefinitions": definitions,
        "cluster": { "containerInstances": instances, "tasks": tasks },
    });
    Oracle::new(&case, OracleOptions::default()).unwrap()
}

/// Runs `count` tasks of a family; `more` goes into the request.
fn run(oracle: &mut Oracle, family: &str, count: i64, more: &Value) -> Value {
    let mut request = more.as_object().cloned().unwrap_or_default();
    request.insert("taskDefinition".to_string(), json!(family));
    request.insert("count".to_string(), json!(count));
    oracle.step(&json!({ "op": "runTask", "request": request }))
}

/// Where the tasks of an entry went.
fn placements(entry: &Value) -> Vec<&str> {
    entry["tasks"].as_array().unwrap().iter().map(|task| task["containerInstanceArn"].as_str().unwrap()).collect()
}

/// Instance and reason of each failure.
fn failures(entry: &Value) -> Vec<(&str, &str)> {
    let failures = entry["failures"].as_array().unwrap().iter();
    failures.map(|one| (one["arn"].as_str().unwrap(), one["reason"].as_str().unwrap())).collect()
}

/// Strategy from texts such as `spread instanceId`.
fn chain(rules: &[&str]) -> Value {
    let rule = |rule: &&str| match rule.split_once(' ') {
        Some((kind, field)) => json!({ "type": kind, "field": field }),
        None => json!({ "type": rule }),
    };
    json!({ "placementStrategy": rules.iter().map(rule).collect::<Vec<_>>() })
}

const AZ: &str = "spread attribute:ecs.availability-zone";
const DISTINCT: &str = "DistinctInstance placement constraint unsatisfied.";

#[test]
fn example_1_1_ports_stop_at_a_hundred() {
    let mapped = |family: &str, tcp: u64, udp: u64| {
        let mut definition = task(family, 0, 1);
        let mapping =
            |port: u64, protocol: &str| json!({ "containerPort": port, "hostPort": port, "protocol": protocol });
        let mut mappings: Vec<Value> = (0..tcp).map(|n| mapping(10_000 + n, "tcp")).collect();
        mappings.extend((0..udp).map(|n| mapping(10_000 + n, "udp")));
        definition["containerDefinitions"][0]["portMappings"] = json!(mappings);
        definition
    };
    let mut one = instance("i", 10, 10, &[]);
    let agent =
        json!({ "name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22", "2375", "2376", "51678", "51679"] });
    one["registeredResources"].as_array_mut().unwrap().push(agent);
    let definitions = [mapped("a", 95, 0), mapped("b", 96, 0), mapped("c", 95, 1)];
    let mut oracle = oracle(&definitions, &[one], &[]);
    for refused in ["b", "c"] {
        assert_eq!(failures(&run(&mut oracle, refused, 1, &json!({}))), [("i", "RESOURCE:PORTS")]);
    }
    assert_eq!(placements(&run(&mut oracle, "a", 1, &json!({}))), ["i"]);
}

#[test]
fn example_1_2_what_a_task_reserves() {
    let mut source = json!({ "family": "t", "containerDefinitions": [
        { "name": "a", "cpu": 256, "memory": 512, "memoryReservation": 256 },
        { "name": "b", "memory": 300 },
    ]});
    let reserved = |source: &Value| {
        let demand = definition::load(source).unwrap().demand;
        (demand.cpu, demand.memory)
    };
    assert_eq!(reserved(&source), (256, 556));
    source["cpu"] = json!("512");
    source["memory"] = json!("1024");
    assert_eq!(reserved(&source), (512, 1024));
    source["memory"] = json!("1GB");
    source["runtimePlatform"] = json!({ "operatingSystemFamily": "WINDOWS_SERVER_2022_CORE" });
    assert_eq!(reserved(&source), (256, 556));
    source["runtimePlatform"] = Value::Null;
    source["memory"] = Value::Null;
    source["cpu"] = json!("1 vCPU");
    assert_eq!(reserved(&source), (1024, 556));
    assert_eq!(task_amount(".5 vCPU", "vcpu").unwrap(), 512);
    assert!(task_amount("0.3 GB", "gb").is_err());
}

#[test]
fn overrides_must_leave_a_definition_that_stands() {
    let definition = definition::load(&task("t", 200, 300)).unwrap();
    let name = task("t", 0, 1)["containerDefinitions"][0]["name"].clone();
    let reserved = |overrides: Value| {
        let demand = definition::with_overrides(&definition, &overrides).map(|definition| definition.demand);
        demand.map(|demand| (demand.cpu, demand.memory)).map_err(|fault| fault.class)
    };
    assert_eq!(reserved(json!({ "cpu": "200", "memory": "300" })), Ok((200, 300)));
    let change = |change: Value| json!({ "memory": "400", "containerOverrides": [change] });
    assert_eq!(reserved(change(json!({ "name": name, "memory": 400 }))), Ok((200, 400)));
    for refused in [
        json!({ "cpu": "199" }),
        json!({ "memory": "299" }),
        change(json!({ "name": name, "memory": 401, "memoryReservation": 1 })),
        change(json!({ "name": name, "memoryReservation": 301 })),
    ] {
        assert_eq!(reserved(refused), Err("invalid-input"));
    }
}

#[test]
fn example_1_3_equality_fits() {
    for (family, cpu, memory, reason) in [("a", 0, 500, "RESOURCE:MEMORY"), ("b", 1000, 100, "RESOURCE:CPU")] {
        let mut oracle = oracle(&[task(family, cpu, memory)], &[instance("i", 2048, 1000, &[])], &[]);
        let entry = run(&mut oracle, family, 3, &json!({}));
        assert_eq!(placements(&entry), ["i", "i"]);
        assert_eq!(failures(&entry), [("i", reason)]);
    }
}

/// A definition that asks for GPUs.
fn gpu(family: &str, kind: &str, value: &str) -> Value {
    let mut definition = task(family, 0, 1);
    definition["containerDefinitions"][0]["resourceRequirements"] = json!([{ "type": kind, "value": value }]);
    definition
}

/// An instance with a pool of devices.
fn pool(id: &str, devices: &[&str]) -> Value {
    let mut one = instance(id, 100, 100, &[]);
    let record = json!({ "name": "GPU", "type": "STRINGSET", "stringSetValue": devices });
    one["registeredResources"].as_array_mut().unwrap().push(record);
    one
}

#[test]
fn example_1_4_gpus_are_whole_and_lowest_first() {
    let definitions = [gpu("one", "GPU", "1"), gpu("two", "GPU", "2"), gpu("all", "GPU", "ALL")];
    let mut oracle = oracle(&definitions, &[pool("i", &["g0", "g1", "g2", "g3"])], &[]);
    assert_eq!(run(&mut oracle, "two", 1, &json!({}))["tasks"][0]["gpuIds"], json!(["g0", "g1"]));
    assert_eq!(run(&mut oracle, "one", 1, &json!({}))["tasks"][0]["gpuIds"], json!(["g2"]));
    assert_eq!(failures(&run(&mut oracle, "two", 1, &json!({}))), [("i", "RESOURCE:GPU")]);
    assert_eq!(failures(&run(&mut oracle, "all", 1, &json!({}))), [("i", "RESOURCE:GPU")]);
    let entry = run(&mut oracle, "one", 1, &json!({}));
    assert_eq!(entry["tasks"][0]["gpuIds"], json!(["g3"]));
    assert_eq!(entry["state"]["i"]["GPU"], json!([]));
    for step in [0, 1, 4] {
        assert_eq!(oracle.step(&json!({ "op": "stopTask", "task": { "step": step, "index": 0 } }))["ok"], true);
    }
    assert_eq!(run(&mut oracle, "all", 1, &json!({}))["tasks"][0]["gpuIds"], json!(["g0", "g1", "g2", "g3"]));
}

#[test]
fn shares_fill_the_fullest_device_and_fractions_need_their_types() {
    let definitions = [
        gpu("big", "xGpuShare", "600"),
        gpu("small", "xGpuShare", "300"),
        gpu("one", "GPU", "1"),
        gpu("eighth", "GPU", "0.125"),
        gpu("quarter", "GPU", "0.25"),
    ];
    let mut slice = pool("s", &["x"]);
    slice["attributes"] =
        json!([{ "name": "ecs.instance-type", "value": "g6f.large" }, { "name": "ecs.capability.external" }]);
    let mut oracle = oracle(&definitions, &[pool("i", &["g0", "g1"]), slice], &[]);
    let mut devices =
        |family: &str, more: Value| match run(&mut oracle, family, 1, &more)["tasks"][0]["gpuIds"][0].as_str() {
            Some(device) => device.to_string(),
            None => String::new(),
        };
    assert_eq!(devices("small", json!({})), "g0");
    assert_eq!(devices("big", json!({})), "g0");
    assert_eq!(devices("small", json!({})), "g1");
    assert_eq!(devices("big", json!({})), "g1");
    assert_eq!(devices("one", json!({})), "");
    assert_eq!(devices("eighth", json!({})), "");
    let external = || json!({ "launchType": "EXTERNAL" });
    assert_eq!(devices("one", external()), "");
    assert_eq!(devices("quarter", external()), "");
    assert_eq!(devices("eighth", external()), "x");
    assert_eq!(devices("eighth", external()), "");
}

#[test]
fn example_1_5_ports_and_modes() {
    let with = |family: &str, mode: &str, mapping: Value| {
        let mut definition = task(family, 0, 1);
        definition["networkMode"] = json!(mode);
        definition["containerDefinitions"][0]["portMappings"] = json!([mapping]);
        definition
    };
    let definitions = [
        with("web", "bridge", json!({ "containerPort": 80, "hostPort": 80 })),
        with("dynamic", "bridge", json!({ "containerPort": 80, "hostPort": 0 })),
        with("udp", "bridge", json!({ "containerPort": 53, "hostPort": 53, "protocol": "udp" })),
        with("tcp", "bridge", json!({ "containerPort": 53, "hostPort": 53 })),
        with("host", "host", json!({ "containerPort": 8080, "hostPort": 0 })),
    ];
    let two = [instance("i1", 10, 100, &[]), instance("i2", 10, 100, &[])];
    let mut pair = oracle(&definitions, &two, &[]);
    let entry = run(&mut pair, "web", 3, &chain(&[AZ]));
    assert_eq!(placements(&entry), ["i1", "i2"]);
    assert_eq!(failures(&entry), [("i1", "RESOURCE:PORTS"), ("i2", "RESOURCE:PORTS")]);
    let mut single = oracle(&definitions, &two[..1], &[]);
    assert_eq!(placements(&run(&mut single, "dynamic", 3, &json!({}))), ["i1", "i1", "i1"]);
    assert_eq!(placements(&run(&mut single, "udp", 1, &json!({}))), ["i1"]);
    assert_eq!(placements(&run(&mut single, "tcp", 1, &json!({}))), ["i1"]);
    assert_eq!(run(&mut single, "host", 1, &json!({}))["state"]["i1"]["PORTS"], json!([53, 8080]));
}

#[test]
fn port_ranges_overlap_within_a_protocol_only() {
    let accepted = |mappings: Value| {
        let mut definition = task("t", 0, 1);
        definition["containerDefinitions"][0]["portMappings"] = mappings;
        definition::load(&definition).is_ok()
    };
    let tcp = || json!({ "containerPortRange": "80-90" });
    assert!(accepted(json!([tcp(), { "containerPortRange": "80-90", "protocol": "udp" }])));
    assert!(!accepted(json!([tcp(), { "containerPortRange": "90-99", "protocol": "tcp" }])));
    assert!(accepted(json!([tcp(), { "containerPort": 85, "protocol": "udp" }])));
    assert!(!accepted(json!([{ "containerPort": 85 }, tcp()])));
}

#[test]
fn example_1_6_task_enis() {
    let mut vpc = task("vpc", 0, 1);
    vpc["networkMode"] = json!("awsvpc");
    let eni = ("ecs.capability.task-eni", "");
    for (extra, slots) in [(None, 2), (Some(("ecs.awsvpc-trunk-id", "t")), 10)] {
        let mut attributes = vec![("ecs.instance-type", "c5.large"), eni];
        attributes.extend(extra);
        let mut oracle = oracle(&[vpc.clone(), task("plain", 0, 1)], &[instance("i", 10, 100, &attributes)], &[]);
        assert_eq!(placements(&run(&mut oracle, "vpc", slots, &json!({}))).len() as i64, slots);
        assert_eq!(failures(&run(&mut oracle, "vpc", 1, &json!({}))), [("i", "RESOURCE:ENI")]);
        assert_eq!(run(&mut oracle, "plain", 1, &json!({}))["state"]["i"]["ENI"], 0);
    }
    let mut without = oracle(&[vpc], &[instance("i", 10, 100, &[])], &[]);
    assert_eq!(failures(&run(&mut without, "vpc", 1, &json!({}))), [("i", "ATTRIBUTE")]);
}

#[test]
fn example_2_1_one_reason_for_each_considered_instance() {
    let mut off = instance("i2", 10, 2000, &[]);
    off["agentConnected"] = json!(false);
    let mut draining = instance("i3", 10, 2000, &[]);
    draining["status"] = json!("DRAINING");
    let instances = [instance("i1", 10, 100, &[]), off, draining, instance("i4", 10, 2000, &[("zone", "x")])];
    let mut oracle = oracle(&[task("t", 0, 500)], &instances, &[]);
    let members = json!({ "placementConstraints": [{ "type": "memberOf", "expression": "attribute:zone == y" }] });
    let entry = run(&mut oracle, "t", 2, &members);
    assert!(placements(&entry).is_empty());
    let member = "MemberOf placement constraint unsatisfied.";
    assert_eq!(failures(&entry), [("i1", "RESOURCE:MEMORY"), ("i2", "AGENT"), ("i4", member)]);
}

#[test]
fn example_2_2_partial_success_unless_all_or_nothing() {
    let mut oracle = oracle(&[task("t", 0, 500)], &[instance("i1", 10, 1200, &[])], &[]);
    let entry = run(&mut oracle, "t", 5, &json!({ "xAllOrNothing": true }));
    assert!(placements(&entry).is_empty());
    assert_eq!(failures(&entry), [("i1", "RESOURCE:MEMORY")]);
    assert_eq!(entry["state"]["i1"]["runningTasksCount"], 0);
    let entry = run(&mut oracle, "t", 5, &json!({}));
    assert_eq!(placements(&entry), ["i1", "i1"]);
    assert_eq!(failures(&entry), [("i1", "RESOURCE:MEMORY")]);
    assert_eq!(entry["tasks"][0]["taskArn"], "task/placed-1");
}

#[test]
fn strategies_s1_to_s7() {
    let check = |instances: &[Value], tasks: &[Value], demand: (i64, i64), rules: &[&str], expected: &[&str]| {
        let mut oracle = oracle(&[task("t", demand.0, demand.1)], instances, tasks);
        let mut more = chain(rules);
        more["group"] = json!("g");
        let entry = run(&mut oracle, "t", expected.len() as i64, &more);
        assert_eq!(placements(&entry), expected, "{rules:?}");
    };
    let plain = |id: &str, memory: i64| instance(id, 10_000, memory, &[]);
    let s1 = [plain("A", 2000), plain("B", 1200), plain("C", 600)];
    check(&s1, &[], (1, 500), &["binpack memory"], &["C", "B", "B", "A", "A"]);
    let s2 = [zoned("i1", "a", 4000), zoned("i2", "a", 3000), zoned("i3", "b", 8000)];
    check(&s2, &[], (1, 1000), &[AZ, "binpack memory"], &["i2", "i3", "i2", "i3", "i2", "i3"]);
    let s3 = [zoned("i1", "a", 9000), zoned("i2", "a", 9000), zoned("i3", "b", 9000), zoned("i4", "c", 9000)];
    check(&s3, &[], (1, 1), &[AZ, "spread instanceId"], &["i1", "i3", "i4", "i2", "i3", "i4", "i1", "i3"]);
    check(&s3, &[], (1, 1), &["spread host"], &["i1", "i2", "i3", "i4", "i1", "i2", "i3", "i4"]);
    check(&s3, &[], (1, 1), &[AZ], &["i1", "i3", "i4", "i1", "i3", "i4"]);
    check(&[zoned("i1", "a", 3000), zoned("i2", "b", 1000)], &[], (1, 1000), &[AZ], &["i1", "i2", "i1", "i1"]);
    let racked = |id: &str, rack: &str| instance(id, 10, 10, &[("rack", rack)]);
    let s5 = [racked("i1", "r1"), racked("i2", "r2"), plain("i3", 9), plain("i4", 9)];
    check(&s5, &[], (1, 1), &["spread attribute:rack"], &["i1", "i2", "i3", "i1", "i2", "i3"]);
    let s6 = [instance("A", 1024, 4000, &[]), instance("B", 1024, 2000, &[]), instance("C", 2048, 1000, &[])];
    check(&s6, &[], (256, 500), &["binpack cpu", "binpack memory"], &["B", "B", "B", "B"]);
    let others = [running("task/1", "i1", "g"), running("task/2", "i3", "other"), running("task/3", "i3", "other")];
    check(&s3, &others, (1, 1), &[AZ], &["i3"]);
}

#[test]
fn scale_in_s8_to_s10() {
    let check = |instances: &[Value], on: &[&str], rules: &[&str], expected: &[&str]| {
        let tasks: Vec<Value> =
            on.iter().enumerate().map(|(n, id)| running(&format!("task/{n}"), id, "service:s")).collect();
        let mut oracle = oracle(&[task("t", 1, 500)], instances, &tasks);
        let mut step = chain(rules);
        step["op"] = json!("scaleIn");
        step["group"] = json!("service:s");
        step["count"] = json!(expected.len());
        let entry = oracle.step(&step);
        let id = |task: &Value| on[task.as_str().unwrap()[5..].parse::<usize>().unwrap()];
        let stopped: Vec<&str> = entry["stopped"].as_array().unwrap().iter().map(id).collect();
        assert_eq!(stopped, expected, "{rules:?}");
    };
    let plain = |id: &str, memory: i64| instance(id, 10_000, memory, &[]);
    let s8 = [plain("A", 2000), plain("B", 1200), plain("C", 600)];
    check(&s8, &["A", "A", "B", "B", "C"], &["binpack memory"], &["A", "A", "B"]);
    let s9 = [zoned("i1", "a", 9000), zoned("i2", "b", 9000), zoned("i3", "b", 9000), zoned("i4", "c", 9000)];
    check(&s9, &["i1", "i1", "i1", "i2", "i2", "i3", "i4"], &[], &["i1"]);
    let s10 = [zoned("i1", "a", 1500), zoned("i2", "b", 3500), zoned("i3", "b", 600)];
    check(&s10, &["i1", "i1", "i2", "i3"], &[AZ, "binpack memory"], &["i2"]);
}

#[test]
fn scale_in_takes_the_unhealthy_first_and_the_protected_never() {
    let mut tasks: Vec<Value> = (0..4).map(|n| running(&format!("task/{n}"), "i1", "g")).collect();
    tasks[0]["protectionEnabled"] = json!(true);
    tasks[1]["healthStatus"] = json!("UNHEALTHY");
    tasks[2]["containerInstanceArn"] = json!("i2");
    let mut draining = instance("i2", 10, 10, &[]);
    draining["status"] = json!("DRAINING");
    let mut oracle = oracle(&[task("t", 1, 1)], &[instance("i1", 10, 10, &[]), draining], &tasks);
    let entry = oracle.step(&json!({ "op": "scaleIn", "group": "g", "count": 9 }));
    assert_eq!(entry["stopped"], json!(["task/1", "task/2", "task/3"]));
    assert_eq!(oracle.step(&json!({ "op": "scaleIn", "group": "nosuch", "count": 1 }))["stopped"], json!([]));
}

#[test]
fn constraints_c1_to_c4() {
    let distinct = || json!({ "type": "distinctInstance" });
    let instances = [instance("i1", 10, 10, &[]), instance("i2", 10, 10, &[]), instance("i3", 10, 10, &[])];
    let mut c1 = oracle(&[task("t", 1, 1)], &instances[..2], &[]);
    let request =
        json!({ "taskDefinition": "t", "serviceName": "s", "desiredCount": 3, "placementConstraints": [distinct()] });
    let entry = c1.step(&json!({ "op": "createService", "request": request }));
    assert_eq!(placements(&entry), ["i1", "i2"]);
    assert_eq!(failures(&entry), [("i1", DISTINCT), ("i2", DISTINCT)]);
    assert_eq!(entry["tasks"][0]["group"], "service:s");

    let mut stopping = running("task/1", "i1", "family:t");
    stopping["desiredStatus"] = json!("STOPPED");
    let mut c2 = oracle(&[task("t", 1, 1)], &instances[..1], &[stopping]);
    assert_eq!(placements(&run(&mut c2, "t", 1, &json!({ "placementConstraints": [distinct()] }))), ["i1"]);

    let mut c3 = oracle(&[task("t", 1, 1)], &instances, &[running("task/1", "i1", "family:job")]);
    let mut more = chain(&["spread instanceId"]);
    more["group"] = json!("family:job");
    more["placementConstraints"] = json!([distinct()]);
    assert_eq!(placements(&run(&mut c3, "t", 2, &more)), ["i2", "i3"]);

    let mut both = task("t", 1, 1);
    both["placementConstraints"] = json!([{ "type": "memberOf", "expression": "attribute:os == linux" }]);
    let c4 = [
        instance("i1", 10, 10, &[("os", "linux")]),
        instance("i2", 10, 10, &[("stack", "prod")]),
        instance("i3", 10, 10, &[("os", "linux"), ("stack", "prod")]),
    ];
    let mut c4 = oracle(&[both], &c4, &[]);
    let prod = json!([{ "type": "memberOf", "expression": "attribute:stack == prod" }]);
    assert_eq!(placements(&run(&mut c4, "t", 2, &json!({ "placementConstraints": prod }))), ["i3", "i3"]);
}

/// The three instances of semantics.md §5.5.
fn vectors() -> Oracle {
    let with = |id: &str, attributes: &[(&str, &str)], connected: bool, version: &str, ec2: &str, at: &str| {
        let mut one = instance(id, 100, 100, attributes);
        one["agentConnected"] = json!(connected);
        one["versionInfo"] = json!({ "agentVersion": version });
        one["ec2InstanceId"] = json!(ec2);
        one["registeredAt"] = json!(at);
        one
    };
    let facts =
        |kind, zone, system| [("ecs.instance-type", kind), ("ecs.availability-zone", zone), ("ecs.os-type", system)];
    let mut a = facts("t2.small", "us-east-1a", "linux").to_vec();
    a.push(("stack", "prod"));
    let mut b = facts("t2.medium", "us-east-1b", "linux").to_vec();
    b.push(("stack", "test"));
    let c = facts("m5.large", "us-east-1c", "windows");
    let mut c = with("qc", &c, false, "1.9.0", "i-0c0c0c0c", "2018-06-18T22:28:28Z");
    c["attributes"].as_array_mut().unwrap().push(json!({ "name": "has-gpu" }));
    let instances = [
        with("qa", &a, true, "1.14.5", "i-abcd1234", "2018-02-12T23:59:59Z"),
        with("qb", &b, true, "1.14.10", "i-wxyx7890", "2018-02-13T00:00:00Z"),
        c,
    ];
    let tasks = [
        running("task/1", "qb", "service:production"),
        running("task/2", "qc", "database"),
        running("task/3", "qc", "service:production"),
        running("task/4", "qc", "family:batch"),
    ];
    oracle(&[task("t", 1, 1)], &instances, &tasks)
}

#[test]
fn test_vectors_5_5() {
    let cases = [
        ("attribute:ecs.instance-type == t2.small", "qa"),
        ("attribute:ecs.availability-zone in [us-east-1a, us-east-1b]", "qa qb"),
        ("attribute:ecs.instance-type =~ t2.*", "qa qb"),
        ("attribute:ecs.instance-type =~ t2", ""),
        ("attribute:ecs.instance-type =~ t2.* and attribute:ecs.availability-zone != us-east-1b", "qa"),
        ("attribute:stack != prod", "qb"),
        ("not(attribute:stack == prod)", "qb qc"),
        ("attribute:stack exists", "qa qb"),
        ("attribute:stack !exists", "qc"),
        ("attribute:stack not_exists", "qc"),
        ("attribute:has-gpu exists", "qc"),
        ("attribute:has-gpu == true", ""),
        ("attribute:has-gpu != true", "qc"),
        ("attribute:stack !in [prod, test]", ""),
        ("attribute:ecs.instance-type !~ t2.*", "qc"),
        ("task:group == service:production", "qb qc"),
        ("not(task:group == database)", "qa qb"),
        ("task:group != database", "qa qb"),
        ("runningTasksCount == 1", "qb"),
        ("runningTasksCount greater_than_equal 1", "qb qc"),
        ("agentVersion < 1.14.5", "qc"),
        ("agentVersion > 1.14.5", "qb"),
        ("registeredAt < 2018-02-13", "qa"),
        ("registeredAt >= 2018-02-13", "qb qc"),
        ("registeredAt == 2018-06-18T22:28:28", "qc"),
        ("ec2InstanceId in ['i-abcd1234', 'i-wxyx7890']", "qa qb"),
        ("agentConnected == true", "qa qb"),
        ("!(attribute:ecs.os-type == linux)", "qc"),
        ("attribute:ecs.os-type == linux and attribute:stack == prod or attribute:ecs.os-type == windows", "qa qc"),
        ("attribute:ecs.os-type == linux and (attribute:stack == prod or attribute:ecs.os-type == windows)", "qa"),
        ("attribute:ecs.os-type == windows || attribute:stack == prod && attribute:ecs.os-type == linux", "qa qc"),
        ("attribute:ecs.os-type == LINUX", ""),
        ("attribute:STACK == prod", ""),
        ("attribute:stack==prod", "qa"),
        (r"attribute:ecs.instance-type =~ '(t2|m5)\.(small|large)'", "qa qc"),
        ("attribute:ecs.instance-type =~ [tm][25].*", "qa qb qc"),
        ("not attribute:stack exists and not agentConnected == true", "qc"),
        // Beyond the table.
        ("attribute:ecs.instance-type =~ '\\Qt2.\\Esmall|m5.*'", "qa qc"),
        ("attribute:stack == 'pro\\d'", ""),
        ("attribute:stack==prod||attribute:stack==test", "qa qb"),
        ("attribute:stack exists&&!(attribute:stack == test)", "qa"),
    ];
    let mut oracle = vectors();
    for (filter, expected) in cases {
        let entry = oracle.step(&json!({ "op": "listContainerInstances", "filter": filter }));
        let expected: Vec<&str> = expected.split_whitespace().collect();
        assert_eq!(entry["containerInstanceArns"], json!(expected), "{filter}");
    }
}

#[test]
fn malformed_expressions_are_refused() {
    let malformed = [
        "",
        "attribute:stack",
        "attribute:stack ==",
        "foo == bar",
        "attribute:stack in prod",
        "attribute:stack in []",
        "(attribute:stack == prod",
        "attribute:stack == prod)",
        "runningTasksCount == abc",
        "runningTasksCount in [1]",
        "agentVersion =~ 1.*",
        "agentConnected > true",
        "registeredAt == yesterday",
        "attribute:ecs.instance-type =~ [",
        "attribute:a == 1 attribute:b == 2",
        "attribute: == x",
        "attribute:a =~ 'a)(b'",
        "attribute:a =~ a++",
        "attribute:a == 'x",
        "attribute:a == and",
        "!",
        "agentConnected == yes",
        "task:group exists",
    ];
    for text in malformed {
        assert_eq!(expr::parse(text).unwrap_err().class, "invalid-expression", "{text}");
    }
    let nested = |n: usize| format!("{}attribute:a exists{}", "(".repeat(n), ")".repeat(n));
    assert!(expr::parse(&nested(100)).is_ok());
    assert_eq!(expr::parse(&nested(101)).unwrap_err().class, "limit-exceeded");
    assert!(expr::parse(&format!("{:2000}", "attribute:a exists")).is_ok());
    assert_eq!(expr::parse(&format!("{:2001}", "attribute:a exists")).unwrap_err().class, "limit-exceeded");
}

#[test]
fn orders_of_numbers_texts_versions_and_dates() {
    let mut one = instance("i", 1, 1, &[("n", "10"), ("d", "1.5"), ("s", "b")]);
    one["versionInfo"] = json!({ "agentVersion": "1.2-rc1" });
    let mut oracle = oracle(&[], &[one], &[]);
    let holding = [
        "attribute:n > 9",
        "attribute:n > -100",
        "attribute:d == 1.5",
        "attribute:d != 1.50",
        "attribute:d >= 1.50",
        "attribute:s > a",
        "attribute:n < 9x",
        "agentVersion == 1.2.0",
        "agentVersion <= 1.2",
        "not registeredAt != 2018-01-01",
    ];
    for filter in holding {
        let entry = oracle.step(&json!({ "op": "listContainerInstances", "filter": filter }));
        assert_eq!(entry["containerInstanceArns"], json!(["i"]), "{filter}");
    }
    let seconds = |text: &str| instant(text).map(|nanoseconds| nanoseconds / 1_000_000_000);
    assert_eq!(seconds("1970-01-01"), Some(0));
    assert_eq!(seconds("2025-10-09T08:53:20Z"), Some(1_760_000_000));
    assert_eq!(seconds("2000-03-01T01:00:00+01:00"), Some(951_868_800));
    assert_eq!(seconds("0000-01-01"), Some(-62_167_219_200));
    assert_eq!(seconds("2018-02-30"), None);
    assert_eq!(seconds("2018-02-03T25:00:00"), None);
}

#[test]
fn attributes_a1_and_a2() {
    let mut definition = task("t", 1, 1);
    definition["requiresAttributes"] = json!([{ "name": "x" }, { "name": "y", "value": "1" }]);
    let instances = [instance("i1", 9, 9, &[("x", "")]), instance("i2", 9, 9, &[("x", ""), ("y", "2")])];
    let mut oracle = oracle(&[definition], &instances, &[]);
    let entry = run(&mut oracle, "t", 1, &json!({}));
    assert_eq!(failures(&entry), [("i1", "ATTRIBUTE"), ("i2", "ATTRIBUTE")]);

    let mut put = |attributes: Value| {
        let entry = oracle.step(&json!({ "op": "putAttributes", "attributes": attributes }));
        entry["error"]["class"].as_str().unwrap_or("ok").to_string()
    };
    let one = |name: &str, value: &str| json!([{ "name": name, "value": value, "targetId": "i1" }]);
    assert_eq!(put(one("a b", "x")), "invalid-input");
    assert_eq!(put(one(&"n".repeat(129), "x")), "invalid-input");
    assert_eq!(put(one("a", " x")), "invalid-input");
    assert_eq!(put(one("a", "a:b@c/d e")), "ok");
    let many: Vec<Value> = (0..8).map(|n| json!({ "name": format!("n{n}"), "targetId": "i1" })).collect();
    assert_eq!(put(json!(many)), "ok");
    assert_eq!(put(one("eleventh", "x")), "limit-exceeded");
    assert_eq!(put(one("n0", "x")), "ok");
    assert_eq!(put(one("ecs.own", "x")), "ok");
    assert_eq!(put(json!([{ "name": "a", "targetId": "i2" }, { "name": "a", "targetId": "i9" }])), "not-found");
}

#[test]
fn trusted_amounts_come_back_as_demanded() {
    let mut definition = task("t", 2, 3);
    let ports = json!([{ "containerPort": 80, "hostPort": 80 }, { "containerPort": 81, "hostPort": 81 }]);
    definition["containerDefinitions"][0]["portMappings"] = ports;
    let mut one = pool("i", &["g0", "g1", "g2"]);
    one["remainingResources"] = json!([
        { "name": "CPU", "type": "INTEGER", "integerValue": -1 },
        { "name": "MEMORY", "type": "INTEGER", "integerValue": 5 },
        { "name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22", "80"] },
        { "name": "GPU", "type": "STRINGSET", "stringSetValue": ["g0"] },
    ]);
    let mut device = running("task/2", "i", "g");
    device["taskDefinitionArn"] = json!("gpu");
    let tasks = [running("task/1", "i", "g"), device];
    let mut oracle = oracle(&[definition, gpu("gpu", "GPU", "1")], &[one], &tasks);
    let stop = |id: &str| json!({ "op": "stopTask", "task": { "taskArn": id } });
    let state = oracle.step(&stop("task/1"))["state"]["i"].clone();
    assert_eq!((&state["CPU"], &state["MEMORY"], &state["PORTS"]), (&json!(1), &json!(8), &json!([22])));
    assert_eq!(state["GPU"], json!(["g0"]));
    assert_eq!(oracle.step(&stop("task/2"))["state"]["i"]["GPU"], json!(["g0", "g1"]));
    assert_eq!(oracle.step(&stop("task/2"))["error"]["class"], "not-found");
}

#[test]
fn savepoints_nest_and_give_numbers_back() {
    let mut oracle = oracle(&[task("t", 1, 1)], &[instance("i", 9, 9, &[])], &[]);
    let op = |name: &str| json!({ "op": name });
    assert_eq!(oracle.step(&op("xRollback"))["error"]["class"], "conflict");
    oracle.step(&op("xBegin"));
    run(&mut oracle, "t", 1, &json!({}));
    oracle.step(&op("xBegin"));
    assert_eq!(run(&mut oracle, "t", 1, &json!({}))["tasks"][0]["taskArn"], "task/placed-2");
    assert_eq!(oracle.step(&op("xCommit"))["state"]["i"]["CPU"], 7);
    assert_eq!(oracle.step(&op("xRollback"))["state"]["i"]["CPU"], 9);
    assert_eq!(run(&mut oracle, "t", 1, &json!({}))["tasks"][0]["taskArn"], "task/placed-1");
    assert_eq!(oracle.step(&op("xCommit"))["error"]["class"], "conflict");
}

#[test]
fn start_task_reasons_and_force() {
    let mut draining = instance("ci/d", 9, 9, &[]);
    draining["status"] = json!("DRAINING");
    let mut oracle =
        oracle(&[task("t", 1, 5)], &[instance("ci/a", 9, 9, &[]), draining, instance("ci/b", 9, 9, &[])], &[]);
    let start =
        |ids: &[&str]| json!({ "op": "startTask", "request": { "taskDefinition": "t", "containerInstances": ids } });
    let entry = oracle.step(&start(&["b", "ci/x", "ci/d", "ci/b", "ci/b", "ci/a"]));
    assert_eq!(placements(&entry), ["ci/b", "ci/a"]);
    assert_eq!(failures(&entry), [("ci/x", "MISSING"), ("ci/d", "DRAINING"), ("ci/b", "RESOURCE:MEMORY")]);
    let gone =
        |force: bool| json!({ "op": "deregisterContainerInstance", "containerInstance": "ci/b", "force": force });
    assert_eq!(oracle.step(&gone(false))["error"]["class"], "conflict");
    assert_eq!(oracle.step(&gone(true))["stopped"], json!(["task/placed-1"]));
    assert_eq!(oracle.step(&gone(true))["error"]["class"], "not-found");
    assert_eq!(failures(&oracle.step(&start(&["ci/b"]))), [("ci/b", "INACTIVE")]);
    assert_eq!(oracle.step(&json!({ "op": "stopTask", "task": { "step": 0, "on": "ci/a" } }))["ok"], true);
}

#[test]
fn draws_are_those_of_the_published_generator() {
    for seed in [0, 1, 42, u64::MAX] {
        let mut published = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut ours = Xoshiro::seeded(seed);
        for _ in 0..100 {
            assert_eq!(ours.next(), published.next_u64());
        }
    }
}

#[test]
fn random_stays_inside_the_candidates_and_reaches_all_of_them() {
    let instances: Vec<Value> =
        (0..9).map(|n| instance(&format!("i{n}"), 9, 9, &[("even", &(n % 3 == 0).to_string())])).collect();
    let even = json!([{ "type": "memberOf", "expression": "attribute:even == true" }]);
    let mut reached = alloc::collections::BTreeSet::new();
    for seed in 0..60 {
        let mut oracle = oracle(&[task("t", 1, 1)], &instances, &[]);
        let entry = run(&mut oracle, "t", 1, &json!({ "xSeed": seed.to_string(), "placementConstraints": even }));
        reached.insert(placements(&entry)[0].to_string());
    }
    assert_eq!(reached.into_iter().collect::<Vec<_>>(), ["i0", "i3", "i6"]);
}

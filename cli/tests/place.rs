//! `place`: the tables, the JSON, the exit codes, and the errors.

use serde_json::{Value, json};

use crate::{Output, folder, root, run, run_with};

const CLUSTER: &str = "cli/samples/cluster.json";
const WEB: &str = "cli/samples/web.json";
const EDGE: &str = "cli/samples/static-port.json";
const GPU: &str = "cli/samples/gpu.json";
const TASKS: &str = "cli/samples/tasks.json";

/// Places with these arguments behind the sample cluster.
fn place(args: &[&str]) -> Output {
    run(&["place", CLUSTER].iter().chain(args).copied().collect::<Vec<_>>())
}

/// The answer as JSON.
fn json_of(output: &Output) -> Value {
    serde_json::from_str(&output.out).unwrap()
}

#[test]
fn the_command_of_the_readme_works() {
    let output = place(&[WEB]);
    assert_eq!((output.code, output.err.as_str()), (Some(0), ""));
    assert!(output.out.starts_with("task  instance"), "{}", output.out);
    assert!(output.out.contains("1 of 1 tasks of web:7 placed in group family:web"), "{}", output.out);
    assert!(output.out.contains('█') && output.out.contains(" % "), "{}", output.out);
    let flags = run(&["place", "--cluster", CLUSTER, "--definition", WEB]);
    assert_eq!(flags, output);
    let text = std::fs::read(root().join(CLUSTER)).unwrap();
    assert_eq!(run_with(&["place", "-", WEB], &text), output);
    assert!(place(&[WEB, "--ascii"]).out.is_ascii());
}

#[test]
fn a_cluster_in_several_files_leaves_the_definition_its_place() {
    let halves = folder("halves");
    let whole: Value = serde_json::from_str(&std::fs::read_to_string(root().join(CLUSTER)).unwrap()).unwrap();
    let instances = whole["containerInstances"].as_array().unwrap();
    let half = |name: &str, part: &[Value]| {
        let path = halves.join(name);
        std::fs::write(&path, json!({"containerInstances": part}).to_string()).unwrap();
        path.to_str().unwrap().to_string()
    };
    let (first, second) = (half("first.json", &instances[..4]), half("second.json", &instances[4..]));
    let both = run(&["place", "--cluster", &first, "--cluster", &second, WEB]);
    assert_eq!(both, place(&[WEB]));
    let twice = run(&["place", CLUSTER, WEB, "--cluster", &first]);
    assert_eq!(twice.code, Some(2));
    assert!(twice.err.contains("the cluster is given twice"), "{}", twice.err);
}

#[test]
fn swapped_arguments_are_told() {
    for (args, told) in [
        (vec!["place", WEB, CLUSTER], "web.json is a task definition, not a cluster (are two arguments swapped?)"),
        (vec!["place", CLUSTER, TASKS], "tasks.json is a list of tasks, not a task definition"),
        (vec!["place", CLUSTER, WEB, "--tasks", WEB], "web.json is a task definition, not a list of tasks"),
        (vec!["place", CLUSTER, WEB, "--request", WEB], "web.json is a task definition, not a RunTask request"),
        (vec!["query", "runningTasksCount > 1", CLUSTER], "the cluster comes first"),
        (vec!["query", "runningTasksCount > 1"], "no cluster is given"),
        (vec!["query", TASKS], "tasks.json is a list of tasks, not a cluster"),
    ] {
        let output = run(&args);
        assert_eq!((output.code, output.out.as_str()), (Some(2), ""), "{args:?}");
        assert!(output.err.contains(told), "{args:?}: {}", output.err);
    }
}

#[test]
fn lists_of_ids_are_told_from_descriptions() {
    let folder = folder("lists");
    for (key, list, describe) in [
        ("containerInstanceArns", "list-container-instances", "describe-container-instances"),
        ("taskArns", "list-tasks", "describe-tasks"),
        ("taskDefinitionArns", "list-task-definitions", "describe-task-definition"),
    ] {
        let path = folder.join("list.json");
        std::fs::write(&path, format!("{{\"{key}\": [\"arn:aws:ecs:eu-west-1:111122223333:x/1\"]}}")).unwrap();
        let path = path.to_str().unwrap();
        let told = format!("list.json is what `{list}` prints, ids alone: give what `{describe}` prints");
        for args in
            [vec!["place", path, WEB], vec!["place", CLUSTER, path], vec!["place", CLUSTER, WEB, "--tasks", path]]
        {
            let output = run(&args);
            assert_eq!((output.code, output.out.as_str()), (Some(2), ""), "{args:?}");
            assert!(output.err.contains(&told), "{args:?}: {}", output.err);
        }
    }
}

#[test]
fn slips_in_keys_are_told_and_nothing_else_is_said() {
    let folder = folder("slips");
    let slips = |from: &str, name: &str, right: &str, wrong: &str| {
        let text = std::fs::read_to_string(root().join(from)).unwrap();
        assert!(text.contains(right));
        let path = folder.join(name);
        std::fs::write(&path, text.replace(right, wrong)).unwrap();
        path.to_str().unwrap().to_string()
    };
    let cluster = slips(CLUSTER, "cluster.json", "\"attributes\"", "\"atributes\"");
    let output = run(&["place", &cluster, WEB]);
    let told = "placewright: warning: a container instance has no key `atributes`; did you mean `attributes`?";
    assert_eq!(output.err.lines().filter(|line| *line == told).count(), 1, "{}", output.err);
    let share = slips(GPU, "gpu.json", "\"containerDefinitions\"", "\"xGpuShare\": \"500\", \"containerDefinitions\"");
    let output = place(&[&share]);
    assert!(output.err.contains("`xGpuShare` is not read in a task definition; it belongs into"), "{}", output.err);
}

#[test]
fn gpus_and_task_enis_are_counted_where_there_are_any() {
    let folder = folder("counts");
    let file = |name: &str, value: &Value| {
        let path = folder.join(name);
        std::fs::write(&path, value.to_string()).unwrap();
        path.to_str().unwrap().to_string()
    };
    let amount = |name: &str| json!({"name": name, "type": "INTEGER", "integerValue": 4096});
    let gpus = json!({"name": "GPU", "type": "STRINGSET", "stringSetValue": ["g0", "g1"]});
    let plain = json!({"containerInstanceArn": "plain", "registeredResources": [amount("CPU"), amount("MEMORY")]});
    let mut rich = json!({"containerInstanceArn": "rich", "xEniTaskSlots": 3,
        "registeredResources": [amount("CPU"), amount("MEMORY"), gpus]});
    let task = json!({"family": "t", "networkMode": "awsvpc", "containerDefinitions": [
        {"name": "a", "cpu": 1024, "memory": 1024, "resourceRequirements": [{"type": "GPU", "value": "1"}]}]});
    let task = file("task.json", &task);
    let table = |instances: &[&Value], name: &str| {
        let cluster = file(name, &json!({"containerInstances": instances}));
        let output = run(&["place", &cluster, &task, "--count", "2", "--ascii"]);
        let row = |start: &str| output.out.lines().find(|line| line.starts_with(start)).unwrap().to_string();
        (row("instance"), row("plain"), row("rich"))
    };
    let (heading, without, with) = table(&[&plain, &rich], "both.json");
    assert!(heading.ends_with("CPU                      memory                   GPUs         task ENIs"), "{heading}");
    assert!(without.ends_with("0 %         -            -"), "{without}");
    assert!(with.ends_with("0 ->  50 %  0 -> 2 of 2  0 -> 2 of 3"), "{with}");
    rich["registeredResources"].as_array_mut().unwrap().pop();
    rich["xEniTaskSlots"] = json!(0);
    let (heading, ..) = table(&[&plain, &rich], "neither.json");
    assert!(heading.ends_with("memory"), "{heading}");
}

#[test]
fn what_is_not_placed_is_told_with_figures() {
    let output = place(&[EDGE, "--tasks", "cli/samples/tasks.json", "--group", "service:edge", "--count", "6"]);
    assert_eq!(output.code, Some(3));
    assert!(output.out.contains("of 6 tasks of edge:3 placed in group service:edge"), "{}", output.out);
    assert!(output.out.contains("1 x AGENT\n1 x ATTRIBUTE\n6 x RESOURCE:PORTS\n"), "{}", output.out);
    assert!(output.out.contains("[taken: 80/tcp, 443/tcp, 8125/udp]"), "{}", output.out);
    assert!(output.out.contains("\nnearest: "), "{}", output.out);
    let none = place(&[EDGE, "--count", "6", "--all-or-nothing"]);
    assert_eq!(none.code, Some(3));
    assert!(none.out.contains("0 of 6 tasks"), "{}", none.out);
    let taken_back = "\n4 found an instance and were taken back (all or nothing); the reasons are of that moment\n";
    assert!(none.out.contains(taken_back), "{}", none.out);
    let none_json = place(&[EDGE, "--count", "6", "--all-or-nothing", "--format", "json"]);
    assert_eq!(json_of(&none_json)["explanation"]["found"], 4);
    assert!(!output.out.contains("taken back") && !output.out.contains("arn:"), "{}", output.out);
    assert!(none.out.lines().any(|line| line.starts_with("nearest: ")) && !none.out.contains("arn:"), "{}", none.out);
}

#[test]
fn more_than_one_run_task_call_could_ask_for() {
    let output = place(&[WEB, "--count", "500", "--format", "json"]);
    assert_eq!(output.code, Some(3));
    let answer = json_of(&output);
    assert_eq!(answer["tasks"].as_array().unwrap().len(), 263);
    assert_eq!(answer["explanation"]["notPlaced"]["funnel"]["registered"], 9);
    let many = ["--constraint", "memberOf:attribute:ecs.instance-type == c6i.2xlarge"].repeat(12);
    let output = place(&[[WEB].as_slice(), &many, &["--count", "2"]].concat());
    assert_eq!(output.code, Some(0), "{output:?}");
}

#[test]
fn strategies_constraints_and_the_explanation() {
    let output = place(&[
        WEB,
        "--count",
        "3",
        "--strategy",
        "spread:attribute:ecs.availability-zone",
        "--strategy",
        "binpack:memory",
        "--constraint",
        "distinctInstance",
        "--constraint",
        "memberOf:attribute:ecs.instance-type =~ .*xlarge",
        "--explain",
        "--format",
        "json",
    ]);
    assert_eq!(output.code, Some(0), "{output:?}");
    let answer = json_of(&output);
    let zones: std::collections::BTreeSet<&str> =
        answer["tasks"].as_array().unwrap().iter().filter_map(|task| task["availabilityZone"].as_str()).collect();
    assert_eq!(zones.len(), 3);
    let explained = answer["explanation"]["tasks"].as_array().unwrap();
    assert_eq!(explained.len(), 3);
    for (task, why) in answer["tasks"].as_array().unwrap().iter().zip(explained) {
        assert_eq!(task["containerInstanceArn"], why["winner"]["arn"]);
    }
    let table = place(&[WEB, "--count", "12", "--strategy", "binpack:cpu", "--explain"]).out;
    assert!(
        table.contains("decided by binpack(cpu)") && table.contains("\ntask 10\n") && !table.contains("\ntask 11\n")
    );
    assert!(table.contains("\n  winner ") && table.contains("\n  runner-up ") && !table.contains("arn:"), "{table}");
}

#[test]
fn a_request_of_ecs_has_the_limits_of_ecs() {
    let folder = folder("requests");
    let request = |name: &str, request: Value| {
        let path = folder.join(name);
        std::fs::write(&path, request.to_string()).unwrap();
        place(&["--definition", WEB, "--request", path.to_str().unwrap()])
    };
    assert_eq!(request("good.json", json!({"taskDefinition": "web", "count": 10})).code, Some(0));
    let many = request("many.json", json!({"taskDefinition": "web:7", "count": 11}));
    assert!(many.code == Some(2) && many.err.contains("many.json:1:10: count: at most 10 tasks"), "{many:?}");
    let group = request("group.json", json!({"taskDefinition": "web", "group": "service:web"}));
    assert_eq!(group.code, Some(2));
    let slip = request("slip.json", json!({"taskDefinition": "web", "placementConstraint": [], "clientToken": "x"}));
    let warning =
        "placewright: warning: RunTask has no key `placementConstraint`; did you mean `placementConstraints`?\n";
    assert_eq!((slip.code, slip.err.as_str()), (Some(0), warning));
    let unknown = request("unknown.json", json!({"taskDefinition": "wbe"}));
    assert!(unknown.err.contains("did you mean `web`?"), "{unknown:?}");
    assert_eq!(place(&["--definition", WEB, "--request", "x", "--count", "2"]).code, Some(2));
}

#[test]
fn zones_of_subnets_are_arguments() {
    let folder = folder("awsvpc");
    let path = folder.join("vpc.json");
    let definition = json!({"family": "vpc", "networkMode": "awsvpc",
        "containerDefinitions": [{"name": "a", "cpu": 1, "memory": 8}]});
    std::fs::write(&path, definition.to_string()).unwrap();
    let network = ["--subnet", "s", "--subnet-zone", "s=us-east-1b", "--count", "3", "--format", "json"];
    let output = place(&[[path.to_str().unwrap()].as_slice(), &network].concat());
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(output.err.contains("warning: network interfaces of instance type"), "{output:?}");
    let answer = json_of(&output);
    assert!(answer["tasks"].as_array().unwrap().iter().all(|task| task["availabilityZone"] == "us-east-1b"));
    assert_eq!(place(&[path.to_str().unwrap(), "--subnet-zone", "s"]).code, Some(2));
}

#[test]
fn a_state_that_was_exported_goes_on() {
    let folder = folder("export");
    let state = folder.join("state.json");
    let state = state.to_str().unwrap();
    let first = place(&[WEB, "--count", "263", "--export", state]);
    assert_eq!(first.code, Some(0), "{first:?}");
    let second = run(&["place", state, WEB]);
    assert_eq!(second.code, Some(3), "{second:?}");
    let listed = run(&["query", "--cluster", state, "task:group == family:web"]);
    assert_eq!(listed.out.lines().count(), 7);
}

/// The sample cluster in two files, the second an array alone, and the sample tasks in two.
fn pages(folder: &std::path::Path) -> Vec<String> {
    let halves = |name: &str, key: &str| {
        let text = std::fs::read_to_string(root().join("cli/samples").join(name)).unwrap();
        let mut document: Value = serde_json::from_str(&text).unwrap();
        let second: Vec<Value> = document[key].as_array_mut().unwrap().split_off(5);
        [document, Value::from(second)]
    };
    let [first, second] = halves("cluster.json", "containerInstances");
    let [third, fourth] = halves("tasks.json", "tasks");
    let write = |(name, value): (&str, Value)| {
        let path = folder.join(name);
        std::fs::write(&path, value.to_string()).unwrap();
        path.to_str().unwrap().to_string()
    };
    [("a.json", first), ("b.json", second), ("c.json", third), ("d.json", fourth)].map(write).to_vec()
}

#[test]
fn a_cluster_may_come_in_several_files() {
    let folder = folder("pages");
    let pages = pages(&folder);
    let [a, b, c, d] = [0, 1, 2, 3].map(|page| pages[page].as_str());
    let asked = ["--count", "9", "--strategy", "spread:instanceId", "--definition", EDGE, "--definition", GPU];
    let several = ["place", "--cluster", a, "--cluster", b, "--tasks", c, "--tasks", d, "--definition", WEB];
    let whole = place(&[[WEB, "--tasks", TASKS].as_slice(), &asked].concat());
    assert_eq!((whole.code, whole.err.as_str()), (Some(0), ""));
    assert_eq!(run(&[several.as_slice(), &asked].concat()), whole);
    let groups = "task:group == service:web";
    let listed = run(&["query", "--cluster", a, "--cluster", b, "--tasks", c, "--tasks", d, groups]);
    assert_eq!(listed, run(&["query", "--cluster", CLUSTER, "--tasks", TASKS, groups]));
    assert_eq!(listed.out.lines().count(), 4);

    let bad = folder.join("bad.json");
    let write = |text: &str| std::fs::write(&bad, text).unwrap();
    let with = |third: &str| run(&["query", "--cluster", a, "--cluster", b, "--cluster", third]);
    let path = bad.to_str().unwrap();
    write("{\"containerInstances\": [{\"containerInstanceArn\": \"x\"},\n {\"containerInstanceArn\": 7}]}");
    let number = with(path);
    let place = format!("placewright: {path}:2:27: containerInstances[1].containerInstanceArn: ");
    assert!(number.code == Some(2) && number.err.starts_with(&place), "{number:?}");
    let twice = with(a);
    assert!(twice.code == Some(2) && twice.err.contains(", earlier in these files"), "{twice:?}");
    assert!(twice.err.starts_with(&format!("placewright: {a}:1:")), "{twice:?}");
    write("{\"tasks\": []}");
    assert!(with(path).err.contains("bad.json is a list of tasks, not a cluster"), "{:?}", with(path));
    write("{");
    assert!(with(path).err.contains("bad.json:1:2: "), "{:?}", with(path));
    let other = folder.join("zones.json");
    std::fs::write(&other, r#"{"containerInstances": [], "xSubnets": {"s-1": "a", "s-2": "b"}}"#).unwrap();
    for (zone, wrong) in [("b", ""), ("c", "bad.json: xSubnets.s-2: is \"c\" here and \"b\" in a file before")] {
        write(&format!(r#"{{"containerInstances": [], "xSubnets": {{"s-2": "{zone}"}}}}"#));
        let zones = run(&["query", "--cluster", other.to_str().unwrap(), "--cluster", path]);
        assert!(zones.code == Some(if wrong.is_empty() { 0 } else { 2 }) && zones.err.contains(wrong), "{zones:?}");
    }
    let mixed = run(&["query", "--cluster", "-", "--tasks", "-"]);
    assert!(mixed.code == Some(2) && mixed.err.contains("only one file"), "{mixed:?}");
    assert_eq!(run(&["place", CLUSTER, "--export", path, "--definition", WEB]).code, Some(0));
    assert!(with(path).err.contains("bad.json is an exported state"), "{:?}", with(path));
    assert_eq!(run(&["query"]).code, Some(2));
}

#[test]
fn bad_input_names_its_place() {
    let folder = folder("bad");
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        run(&["place", path.to_str().unwrap(), WEB])
    };
    let syntax = file("syntax.json", "{\"containerInstances\": [\n  {,\n]}");
    assert!(syntax.code == Some(2) && syntax.err.contains("syntax.json:2:4: "), "{syntax:?}");
    let word = run_with(&["place", "-", WEB], b"x");
    assert_eq!(word.err, "placewright: standard input:1:1: expected value\n");
    let text = "{\"containerInstances\": [\n  {\"containerInstanceArn\": \"a\",\n   \"status\": \"ACTIV\"}]}";
    let status = file("status.json", text);
    assert!(
        status.err.contains("status.json:3:14: containerInstances[0].status: status `ACTIV` is unknown")
            && status.err.contains("did you mean `ACTIVE`?"),
        "{status:?}"
    );
    assert_eq!(status.err.lines().count(), 1);
    let constraint = place(&[WEB, "--constraint", "distinctInstance", "--constraint", "memberOf:a == b"]);
    assert!(constraint.code == Some(2) && constraint.err.contains("\n  a == b\n  ^"), "{constraint:?}");
    for args in [
        &[][..],
        &["no/such/file"],
        &[WEB, "--count", "0x"],
        &[WEB, "--strategy", "fill"],
        &[WEB, "--strategy", "binpack:disk"],
        &[WEB, "--constraint", "distinctInstance:x"],
        &[WEB, "--launch-type", "FARGATE"],
        &[WEB, "--count", "4000000000"],
        &["-", "--tasks", "-"],
        &[CLUSTER],
    ] {
        let output = place(args);
        assert!(output.code == Some(2) && output.out.is_empty() && !output.err.is_empty(), "{args:?} {output:?}");
    }
    let export = place(&[WEB, "--export", "no/such/folder/x"]);
    assert!(export.code == Some(1) && export.out.is_empty(), "{export:?}");
    assert!(export.err.starts_with("placewright: cannot write no/such/folder/x: "), "{export:?}");
    let deep = format!("{{\"containerInstances\": {}", "[".repeat(200_000));
    assert_eq!(run_with(&["place", "-", WEB], deep.as_bytes()).code, Some(2));
    let empty = run_with(&["place", "-", WEB], b"{\"containerInstances\": []}");
    assert!(empty.code == Some(3) && empty.out.contains("No Container Instances were found"), "{empty:?}");
}

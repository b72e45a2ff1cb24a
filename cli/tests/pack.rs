//! `pack`: the contract of its JSON, and what it says of unusable input.

use serde_json::{Value, json};

use crate::{assert_refused, run_with};

/// Packs a problem, and gives the answer. The exit code says whether items are left out.
fn pack(problem: &Value) -> Value {
    let output = run_with(&["pack", "-"], problem.to_string().as_bytes());
    let answer: Value = serde_json::from_str(&output.out).unwrap();
    let is_whole = answer["unpacked"].as_array().unwrap().is_empty();
    assert_eq!((output.code, output.err.as_str()), (Some(if is_whole { 0 } else { 3 }), ""));
    answer
}

#[test]
fn the_exit_code_says_whether_everything_is_packed() {
    let mut problem = json!({
        "dimensions": ["a"], "items": [{"demand": [3], "count": 2}], "bins": [{"id": "b", "capacity": [5], "limit": 2}],
    });
    let code = |problem: &Value| run_with(&["pack", "-"], problem.to_string().as_bytes()).code;
    assert_eq!(code(&problem), Some(0));
    problem["bins"][0]["limit"] = json!(1);
    assert_eq!(code(&problem), Some(3));
    problem["items"] = json!([{"demand": [6]}]);
    assert_eq!(code(&problem), Some(3));
    // What is left out without being asked for is no item.
    problem["items"] = json!([{"demand": [6], "count": 0}]);
    assert_eq!(code(&problem), Some(0));
}

#[test]
fn an_answer_has_every_key_and_names_items_by_index() {
    let problem = json!({
        "dimensions": ["cpu", "memory"],
        "items": [
            {"id": "web", "demand": [2, 4], "count": 3, "group": "web", "distinctInstance": true},
            {"id": "huge", "demand": [9, 1]},
            {"demand": [1, 1]},
            {"id": "gpu", "demand": [1, 1], "gpuShare": 500, "count": 2},
            {"id": "arm", "demand": [1, 1], "memberOf": "attribute:arch == arm64"},
        ],
        "bins": [
            {"id": "small", "capacity": [4, 8], "cost": 0.0964},
            {"id": "gpu", "capacity": [4, 8], "cost": 2, "gpus": 1, "limit": 4, "attributes": {"arch": "x86_64"}},
        ],
        "options": {"solver": "auto", "seed": 3, "steps": 100_000, "milliseconds": null, "bound": "fast"},
    });
    let answer = pack(&problem);
    let keys: Vec<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    let expected =
        ["bins", "boundName", "gap", "lowerBound", "milliseconds", "optimal", "solver", "steps", "unpacked", "value"];
    assert_eq!(keys, expected);
    // One bin with the GPU, and one each for the two tasks of `web` that are not in it. The linear bound sees that.
    assert_eq!((&answer["value"], &answer["lowerBound"]), (&json!(2.1928), &json!(2.1928)));
    assert_eq!((&answer["optimal"], &answer["gap"]), (&json!(true), &json!(0.0)));
    let mut counts = [0; 5];
    for bin in answer["bins"].as_array().unwrap() {
        for pair in bin["items"].as_array().unwrap() {
            let row = usize::try_from(pair[0].as_u64().unwrap()).unwrap();
            counts[row] += pair[1].as_u64().unwrap() * bin["count"].as_u64().unwrap();
        }
    }
    assert_eq!(counts, [3, 0, 1, 2, 0]);
    let unpacked = answer["unpacked"].as_array().unwrap();
    assert_eq!(
        (&unpacked[0]["item"], &unpacked[0]["id"], &unpacked[1]["item"]),
        (&json!(1), &json!("huge"), &json!(4))
    );
    assert!(unpacked[0]["reason"].as_str().unwrap().contains("demand of 9 for `cpu`"));
    assert!(unpacked[1]["reason"].as_str().unwrap().contains("memberOf"));
}

#[test]
fn the_same_steps_give_the_same_answer_and_an_answer_is_a_start() {
    let items: Vec<Value> = (0..200).map(|at| json!({"demand": [1 + at * 37 % 50, 1 + at * 91 % 61]})).collect();
    let mut problem = json!({
        "dimensions": ["a", "b"], "items": items, "bins": [{"id": 7, "capacity": [100, 100]}], "options": {"steps": 300_000},
    });
    let [mut one, mut other] = [pack(&problem), pack(&problem)];
    for answer in [&mut one, &mut other] {
        answer["milliseconds"] = Value::Null;
    }
    assert_eq!(one, other);
    problem["start"] = one["bins"].clone();
    problem["options"] = json!({"steps": 0, "solver": "first-fit"});
    let warm = pack(&problem);
    assert!(warm["value"].as_f64() <= one["value"].as_f64());
    problem["options"] = json!({"milliseconds": 50});
    assert!(pack(&problem)["value"].as_f64() <= one["value"].as_f64());
}

#[test]
fn a_start_that_breaks_a_rule_is_left_out_and_one_that_names_nothing_is_refused() {
    let mut problem = json!({
        "dimensions": ["a"], "items": [{"demand": [3], "count": 2}], "bins": [{"id": "b", "capacity": [5]}],
        "start": [{"type": "b", "items": [[0, 2]]}],
    });
    let answer = pack(&problem);
    assert_eq!((&answer["value"], &answer["optimal"], &answer["gap"]), (&json!(2), &json!(true), &json!(0.0)));
    problem["start"] = json!([{"type": "c", "items": [[0, 2]]}]);
    let refused = run_with(&["pack", "-"], problem.to_string().as_bytes());
    assert_refused(&refused);
    assert!(refused.err.contains("start[0].type: bin type `c` is unknown"), "{refused:?}");
}

#[test]
fn unusable_input_is_refused_in_one_line_that_names_the_place() {
    let bin = r#""bins":[{"id":"b","capacity":[5]}]"#;
    let of_item = |item: &str| format!(r#"{{"dimensions":["a"],"items":[{item}],{bin}}}"#);
    let of_bin = |bin: &str| format!(r#"{{"dimensions":["a"],"items":[],"bins":[{bin}]}}"#);
    for (text, expected) in [
        ("{}".to_string(), "key `dimensions` is missing"),
        (format!(r#"{{"dimensions":[],"items":[],{bin}}}"#), "there are no dimensions"),
        (of_item(r#"{"demand":[-1]}"#), "items[0].demand[0]: amount `-1` is negative"),
        (of_item(r#"{"demand":[1.5]}"#), "items[0].demand[0]: expected an integer"),
        (of_item(r#"{"demand":[1e300]}"#), "items[0].demand[0]"),
        (of_item(r#"{"demand":[18446744073709551615]}"#), "items[0].demand[0]"),
        (of_item(r#"{"demand":[NaN]}"#), "items[0].demand[0]"),
        (of_item(r#"{"demand":[1,2]}"#), "items[0].demand: demand has 2 amounts for 1 dimensions"),
        (of_item(r#"{"demand":[1],"count":-1}"#), "items[0].count"),
        (
            of_item(r#"{"demand":[1],"count":18446744073709551615}"#),
            "items[0].count: there are more than 4294967296 items",
        ),
        (of_item(r#"{"demand":[1],"cuont":2}"#), "did you mean `count`?"),
        (of_item(r#"{"demand":[1],"tcpPorts":[70000]}"#), "items[0].tcpPorts[0]"),
        (of_item(r#"{"demand":[1],"memberOf":"stack == prod"}"#), "items[0].memberOf[0]"),
        (of_item(r#"{"demand":[1],"gpus":1,"gpuShare":500}"#), "items[0].gpuShare"),
        (of_bin(r#"{"id":"b","capacity":[5],"cost":-1}"#), "bins[0].cost: cost `-1` is negative"),
        (of_bin(r#"{"id":"b","capacity":[5],"cost":0.1234567}"#), "bins[0].cost"),
        (of_bin(r#"{"id":"b","capacity":[5],"cost":1e30}"#), "bins[0].cost"),
        (of_bin(r#"{"id":"b","capacity":[5]},{"id":"b","capacity":[6]}"#), "bins[1].id: bin type `b` is there twice"),
        (format!(r#"{{"dimensions":["a"],"items":[],{bin},"options":{{"solver":"magic"}}}}"#), "options.solver"),
    ] {
        let output = run_with(&["pack", "-"], text.as_bytes());
        assert_refused(&output);
        assert!(output.err.contains(expected), "{text}: {output:?}");
    }
}

#[test]
fn a_million_distinct_items_and_one_that_nothing_holds_are_answered() {
    // Unoptimised, a hundredth of them.
    let rows = if cfg!(debug_assertions) { 10_000 } else { 1_000_000 };
    let items: Vec<String> =
        (0..rows).map(|at| format!(r#"{{"demand":[{},{}]}}"#, 1 + at % 1009, 1 + at / 1009)).collect();
    let text = format!(
        r#"{{"dimensions":["a","b"],"items":[{},{{"id":"giant","demand":[100000,1]}}],"bins":[{{"id":"b","capacity":[10000,10000]}}],
           "options":{{"steps":1}}}}"#,
        items.join(",")
    );
    let output = run_with(&["pack", "-"], text.as_bytes());
    let answer: Value = serde_json::from_str(&output.out).unwrap();
    assert_eq!(answer["unpacked"].as_array().unwrap().len(), 1);
    assert_eq!(answer["unpacked"][0]["item"], rows);
    assert!(answer["value"].as_u64() >= answer["lowerBound"].as_u64());
}

/// The line of a table that begins with a word.
fn line<'t>(text: &'t str, word: &str) -> &'t str {
    text.lines().find(|line| line.split_whitespace().next() == Some(word)).unwrap_or_else(|| panic!("{word}: {text}"))
}

#[test]
fn a_table_says_what_is_packed_how_well_and_what_is_not() {
    let problem = json!({
        "dimensions": ["cpu"],
        "items": [
            {"id": "web", "demand": [2], "count": 5}, {"demand": [1]}, {"id": "big", "demand": [9], "count": 2},
            {"id": "twice", "demand": [4]}, {"id": "twice\n", "demand": [3]}, {"id": "twice", "demand": [4]},
        ],
        "bins": [{"id": "small", "capacity": [4], "cost": 0.096}],
    });
    let output = run_with(&["pack", "-", "--format", "table"], problem.to_string().as_bytes());
    assert_eq!((output.code, output.err.as_str()), (Some(3), ""));
    let text = output.out;
    assert_eq!(line(&text, "value"), "value   0.576");
    assert_eq!(line(&text, "bound"), "bound   0.576 by volume: nothing costs less");
    assert_eq!(line(&text, "packed"), "packed  9 of 11 items in 6 bins");
    assert!(line(&text, "solver").ends_with(" ms"));
    let rows: Vec<&str> =
        text.lines().skip_while(|line| !line.starts_with("count")).take_while(|line| !line.is_empty()).collect();
    assert_eq!(rows[0], "count  type   cost of one  items in one");
    // Items by id; by place where there is none, or where it does not tell them apart. A line stays one.
    for content in ["2 web", "1 twice (items[3])", "1 twice (items[5])", "1 twice\\n, 1 items[1]"] {
        let same: Vec<&str> = content.split(", ").collect();
        let holds = |row: &&&str| same.iter().all(|part| row.contains(part));
        assert!(rows.iter().any(|row| holds(&row)), "{content}: {rows:?}");
    }
    let left: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("left out")).collect();
    assert_eq!(left.len(), 2);
    assert!(left[1].starts_with("2         big   its demand of 9 for `cpu`"), "{left:?}");
    // The numbers are those of the JSON, which is what there is without being asked for.
    let json = run_with(&["pack", "-"], problem.to_string().as_bytes());
    assert_eq!(json, run_with(&["pack", "-", "--format", "json"], problem.to_string().as_bytes()));
    assert_eq!(serde_json::from_str::<Value>(&json.out).unwrap()["value"], json!(0.576));
}

#[test]
fn a_table_tells_a_proof_from_a_gap() {
    let mut problem = json!({
        "dimensions": ["a", "b"], "items": [], "bins": [{"id": "b", "capacity": [100, 100]}], "options": {"steps": 0},
    });
    let table = |problem: &Value| run_with(&["pack", "-", "--format", "table"], problem.to_string().as_bytes()).out;
    // Nothing to pack: no table of bins.
    let text = table(&problem);
    assert_eq!((line(&text, "value"), line(&text, "packed")), ("value   0", "packed  0 of 0 items in 0 bins"));
    assert_eq!(text.lines().count(), 4);
    problem["items"] = (0..200).map(|at| json!({"demand": [1 + at * 37 % 50, 1 + at * 91 % 61]})).collect();
    assert!(line(&table(&problem), "bound").contains(": a gap of "));
    // A limit leaves items out: what is packed is packed best, and that is not all.
    problem["items"] = json!([{"demand": [60, 1], "count": 3}]);
    problem["bins"][0]["limit"] = json!(2);
    let text = table(&problem);
    assert_eq!(line(&text, "bound"), "bound   2 by volume: nothing costs less for the items that are packed");
    assert_eq!(line(&text, "packed"), "packed  2 of 3 items in 2 bins");
}

#[test]
fn a_bin_of_more_text_than_a_width_can_be_is_a_line_of_a_table() {
    let name = |number: usize| format!("{number}{}", "n".repeat(2000));
    let items: Vec<Value> = (0..40).map(|number| json!({"id": name(number), "demand": [1 + number]})).collect();
    let problem = json!({"dimensions": ["cpu"], "items": items, "bins": [{"id": "t", "capacity": [820]}]});
    let output = run_with(&["pack", "-", "--format", "table"], problem.to_string().as_bytes());
    assert_eq!((output.code, output.err.as_str()), (Some(0), ""));
    let row = output.out.lines().last().unwrap();
    assert!(row.starts_with("1      t     1            1 ") && row.len() > 1 << 16, "{} bytes", row.len());
    assert!((0..40).all(|number| row.contains(&format!("1 {}", name(number)))));
}

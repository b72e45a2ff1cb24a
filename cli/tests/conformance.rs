//! `conformance`: our own cases pass, a false one does not, and the lines are as promised.

use serde_json::json;

use crate::{assert_refused, folder, run};

/// A case of the name that expects so many tasks from two of which one fits.
fn case(id: &str, placed: u32, feature: Option<&str>) -> String {
    let mut step =
        json!({"op": "runTask", "request": {"taskDefinition": "w", "count": 2}, "expect": {"placed": placed}});
    if let Some(feature) = feature {
        step["requires"] = json!([feature]);
    }
    json!({
        "format": "ecs-placement-conformance/1",
        "id": id,
        "taskDefinitions": [{"family": "w", "containerDefinitions": [{"name": "a", "memory": 600}]}],
        "cluster": {"containerInstances": [{"containerInstanceArn": "a", "registeredResources": [
            {"name": "MEMORY", "type": "INTEGER", "integerValue": 1000}]}]},
        "steps": [step]
    })
    .to_string()
}

#[test]
fn our_own_cases_pass() {
    let output = run(&["conformance", "core/testdata/placement"]);
    let failed: Vec<&str> = output.out.lines().filter(|line| line.starts_with("fail ")).collect();
    assert_eq!(failed, [""; 0]);
    assert_eq!((output.code, output.err.as_str()), (Some(0), ""));
    let last: Vec<&str> = output.out.lines().rev().take(2).collect();
    assert!(last[0].ends_with(" skipped") && last[0].contains(" passed, 0 failed, "), "{last:?}");
    let digest = last[1].strip_prefix("digest ").unwrap();
    assert!(digest.len() == 64 && digest.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let lines = output.out.lines().filter(|line| line.starts_with("pass ") || line.starts_with("skip ")).count();
    assert_eq!(lines, output.out.lines().count() - 2);
}

#[test]
fn a_case_that_fails_is_told_and_counted() {
    let folder = folder("failing");
    std::fs::create_dir(folder.join("ordered")).unwrap();
    for (file, text) in [
        ("a.json", case("a", 1, None)),
        ("b.json", case("b", 2, None)),
        ("c.json", case("c", 1, Some("moon"))),
        ("d.json", case("other", 1, None)),
        ("e.json", "{".to_string()),
        ("ordered/f.json", case("f", 1, None)),
        ("ordered/note.txt", "no case".to_string()),
    ] {
        std::fs::write(folder.join(file), text).unwrap();
    }
    let output = run(&["conformance", folder.to_str().unwrap()]);
    let lines: Vec<&str> = output.out.lines().collect();
    assert_eq!(output.code, Some(1), "{output:?}");
    assert_eq!(lines.len(), 8, "{lines:#?}");
    assert_eq!([lines[0], lines[2], lines[5]], ["pass a", "skip c: moon", "pass f"]);
    assert!(lines[1].starts_with("fail b: steps[0] runTask: placed:"), "{lines:#?}");
    assert_eq!(lines[3], "fail other: its id is not the name of its file, `d`");
    assert!(lines[4].starts_with("fail e: not a case: "), "{lines:#?}");
    assert_eq!(lines[7], "2 passed, 3 failed, 1 skipped");
    let verbose = run(&["conformance", "-v", folder.to_str().unwrap()]);
    assert!(verbose.out.lines().any(|line| line.starts_with("  reversed: ")), "{verbose:?}");
}

#[test]
fn a_folder_that_is_none_is_refused() {
    assert_eq!(run(&["conformance", "no/such/folder"]).code, Some(2));
    assert_eq!(run(&["conformance"]).code, Some(2));
    let empty = folder("empty");
    std::fs::write(empty.join("note.txt"), "no case").unwrap();
    let output = run(&["conformance", empty.to_str().unwrap()]);
    assert_refused(&output);
    assert_eq!(output.err, format!("placewright: no case below {}\n", empty.display()));
}

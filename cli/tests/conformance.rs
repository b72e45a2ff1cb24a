//! `conformance`: our own cases pass, a false one does not, and the lines are as promised.

use std::path::Path;

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
fn cases_of_both_formats_are_checked_with_a_digest_each() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/testdata/packing");
    let folder = folder("both");
    let id = "gpu-shares-do-not-add-up";
    let text = std::fs::read_to_string(root.join(id).with_extension("json")).unwrap();
    std::fs::write(folder.join(id).with_extension("json"), &text).unwrap();
    let alone = run(&["conformance", folder.to_str().unwrap()]);
    let lines: Vec<&str> = alone.out.lines().collect();
    assert_eq!(alone.code, Some(0), "{alone:?}");
    assert!(lines.len() == 3 && lines[1].starts_with("digest of packing "), "{lines:#?}");
    std::fs::write(folder.join("a.json"), case("a", 1, None)).unwrap();
    std::fs::write(folder.join("wrong.json"), text.replace(id, "wrong").replace("\"value\": 2", "\"value\": 3"))
        .unwrap();
    let both = run(&["conformance", folder.to_str().unwrap()]);
    let found: Vec<&str> = both.out.lines().collect();
    assert_eq!(both.code, Some(1), "{both:?}");
    assert_eq!([found[0], found[1], found[5]], ["pass a", lines[0], "2 passed, 1 failed, 0 skipped"]);
    assert_eq!(found[2], "fail wrong: value: expected 3, found 2");
    assert!(found[3].starts_with("digest of packing ") && found[4].starts_with("digest ") && found[3] != lines[1]);
    // A case is also replayed.
    let replayed = run(&["replay", folder.join(id).with_extension("json").to_str().unwrap()]);
    assert!(replayed.out.starts_with("{\"answer\":{\"value\":2,"), "{replayed:?}");
    assert_refused(&run(&["replay", "--reverse", folder.join(id).with_extension("json").to_str().unwrap()]));
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

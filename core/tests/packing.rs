//! The packing cases of the corpus, and that their runner sees what is wrong.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use placewright::json::Json;
use placewright::testkit::conformance::Verdict;
use placewright::testkit::packing::{check, digest, is_case, judge, line_of, read, run};

/// Names without `.json`, and texts.
fn cases() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/packing");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let cases = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    cases
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
        .collect()
}

#[test]
fn every_packing_case_passes() {
    let cases = cases();
    assert!(cases.len() >= 140, "{}", cases.len());
    let mut kinds = BTreeSet::new();
    for (name, text) in &cases {
        let report = check(text);
        assert_eq!((report.id.as_str(), report.verdict), (name.as_str(), Verdict::Pass));
        let case = read(text).unwrap();
        kinds.insert(case.get("kind").unwrap().to_string());
        // Text and tree come to the same, as bindings that take either rely on.
        assert_eq!(report.line, line_of(&run(&case).unwrap()));
    }
    assert_eq!(kinds.len(), 3);
}

/// A pack case of two items that need two bins, with this change.
fn changed(from: &str, to: &str) -> String {
    let text = r#"{"format": "placewright-packing-conformance/1", "id": "x", "title": "t", "tags": [], "kind": "pack",
        "input": {"dimensions": ["cpu"], "items": [{"demand": [6], "count": 2}], "bins": [{"id": "box", "capacity": [10]}]},
        "expect": {"answer": {"value": 2, "lowerBound": 2, "boundName": "volume", "gap": 0.0, "optimal": true,
            "solver": "best-fit", "steps": STEPS, "bins": [{"type": "box", "count": 2, "items": [[0, 1]]}], "unpacked": []}}}"#;
    let case = read(text.replace("STEPS", "0").leak()).unwrap();
    let steps = run(&case).unwrap().get("answer").and_then(|answer| answer.get("steps")).unwrap().to_string();
    let text = text.replace("STEPS", &steps);
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

#[test]
fn an_answer_is_compared_whole() {
    assert_eq!(check(&changed("", "")).verdict, Verdict::Pass);
    for (from, to, about) in [
        ("\"value\": 2", "\"value\": 3", "value: expected 3, found 2"),
        ("\"gap\": 0.0", "\"gap\": 0.1", "gap: "),
        ("\"gap\": 0.0, ", "", "expected the key `optimal`, found `gap`"),
        (", \"unpacked\": []", "", "the key `unpacked` was not expected"),
        ("\"unpacked\": []", "\"unpacked\": [], \"more\": 1", "expected the key `more`"),
        ("[[0, 1]]", "[[0, 2]]", "bins: "),
        ("{\"demand\": [6], \"count\": 2}", "{\"demand\": [-6]}", "expected an answer, found {\"error\""),
        ("\"input\": {", "\"input\": {\"options\": {\"milliseconds\": 5}, ", "not a case: it names milliseconds"),
        ("\"kind\": \"pack\"", "\"kind\": \"place\"", "not a case: its kind"),
        ("\"title\": \"t\"", "\"titel\": \"t\"", "not a case: key `titel` is unknown"),
        ("conformance/1", "conformance/2", "not a case: its format"),
    ] {
        let report = check(&changed(from, to));
        assert!(matches!(&report.verdict, Verdict::Fail(lines) if lines[0].starts_with(about)), "{about} {report:?}");
    }
    assert!(is_case(&changed("", "")) && !is_case(&changed("conformance/1", "conformance/2")) && !is_case("{"));
}

#[test]
fn an_error_is_compared_by_code_path_and_part_of_its_message() {
    let text = changed("[6]", "[-6]");
    let case = |expect: &str| {
        let at = text.find("\"expect\"").unwrap();
        format!("{}\"expect\": {{\"error\": {expect}}}}}", &text[..at])
    };
    let right = r#"{"code": "input.amount", "path": "items[0].demand[0]", "message": "negative"}"#;
    assert_eq!(check(&case(right)).verdict, Verdict::Pass);
    for (from, to) in [("input.amount", "input.port"), ("items[0].", "items[1]."), ("negative", "positive")] {
        assert!(matches!(check(&case(&right.replace(from, to))).verdict, Verdict::Fail(_)), "{to}");
    }
    // An outcome of another runner is judged alike.
    let (right, wrong) = (case(right), changed("", ""));
    let outcome = run(&read(&right).unwrap()).unwrap();
    assert_eq!(judge(&read(&right).unwrap(), &outcome), [""; 0]);
    assert_eq!(judge(&read(&wrong).unwrap(), &outcome).len(), 1);
    let answer = Json::parse(r#"{"answer": {"value": 1, "milliseconds": 3}}"#).unwrap();
    assert_eq!(line_of(&answer), r#"{"value":1}"#);
    assert_eq!(line_of(&outcome), r#""input.amount""#);
}

#[test]
fn the_digest_does_not_depend_on_the_order_of_the_runner() {
    // What sha256sum says of the text "a\n1\nb\n2\n".
    let wanted = "16f3afa1c05350e327e79c057d4c6946e9e29d1734603350a0d7f6fd927c6538";
    assert_eq!(digest([("a", "1"), ("b", "2")]), wanted);
    assert_eq!(digest([("b", "2"), ("a", "1")]), wanted);
    assert_ne!(digest([("b", "1"), ("a", "2")]), wanted);
}

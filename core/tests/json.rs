//! JSON text: what is read, what is refused and where, and that printing and reading are inverse.

use placewright::ErrorKind;
use placewright::adapter::{Session, SessionOptions};
use placewright::json::Json;
use proptest::prelude::*;

/// Asserts that a text is refused with a kind, at a path, with a span inside the text.
fn check_refused(text: &str, kind: ErrorKind, path: Option<&str>) {
    let error = Json::parse(text).expect_err(&text[..text.len().min(80)]);
    assert_eq!(error.kind(), kind, "{error:?}");
    assert_eq!(error.path(), path, "{error:?}");
    let span = error.span().expect("a JSON error has a span");
    assert!(span.start <= span.end && span.end <= text.len(), "{error:?}");
    assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{error:?}");
    assert!(!error.message().contains('\n') && !error.message().ends_with('.'), "{error:?}");
}

#[test]
fn numbers_are_exact_or_refused() {
    let number = |text: &'static str| Json::parse(text).expect(text);
    assert_eq!(number("9007199254740993"), Json::Integer(9_007_199_254_740_993));
    assert_eq!(number("-9223372036854775808"), Json::Integer(i64::MIN));
    assert_eq!(number("9223372036854775807"), Json::Integer(i64::MAX));
    assert_eq!(number("9223372036854775808"), Json::Unsigned(1 << 63));
    assert_eq!(number("18446744073709551615"), Json::Unsigned(u64::MAX));
    for text in ["18446744073709551616", "2048.0", "2048.5", "1e3", "9223372036854775808", "true", "null", "\"2048\""] {
        let value = number(text);
        assert_eq!(value.as_integer().map_err(|error| error.kind()), Err(ErrorKind::JsonType), "{text}");
    }
    for text in ["-0.0", "-0e0", "-0E5", "-1e-400", "-0.00"] {
        assert!(matches!(number(text), Json::Float(zero) if zero == 0.0 && zero.is_sign_negative()), "{text}");
    }
    for text in ["-00", "--0", "-0a", "- 0"] {
        check_refused(text, ErrorKind::JsonSyntax, None);
    }
    for text in ["1e400", "NaN", "Infinity", "-Infinity", "+1", "01", ".5", "1.", "0x10", "1_000"] {
        check_refused(text, ErrorKind::JsonSyntax, None);
    }
}

#[test]
fn minus_zero_is_an_integer_wherever_it_stands() {
    let float = || Json::Float(-0.0);
    let zero = || Json::Integer(0);
    for (text, wanted) in [
        ("-0", zero()),
        (" -0\n", zero()),
        ("[-0,-0.0,-0,-0e1,-0]", Json::array([zero(), float(), zero(), float(), zero()])),
        (r#"["-0.0",-0,"\\",-0,"\"-0.0",-0.0,1e-0,-0]"#, {
            let text = |text: &'static str| Json::from(text);
            Json::array([text("-0.0"), zero(), text("\\"), zero(), text("\"-0.0"), float(), Json::Float(1.0), zero()])
        }),
        (r#"{"ü-0":-0,"-0.0":[-5,-0]}"#, {
            Json::object([("ü-0", zero()), ("-0.0", Json::array([Json::from(-5_i64), zero()]))])
        }),
    ] {
        assert_eq!(format!("{:?}", Json::parse(text)), format!("{:?}", Ok::<_, placewright::Error>(wanted)), "{text}");
    }
}

#[test]
fn duplicate_keys_are_refused_at_any_depth_with_their_path() {
    check_refused(r#"{"count":1,"count":-1}"#, ErrorKind::JsonDuplicateKey, Some("count"));
    check_refused(r#"{"a":[0,{"x":1,"b":2,"x":null}]}"#, ErrorKind::JsonDuplicateKey, Some("a[1].x"));
    check_refused(r#"[{"unknown":{"deep":{"k":1,"k":1}}}]"#, ErrorKind::JsonDuplicateKey, Some("[0].unknown.deep.k"));
    check_refused(r#"{"ab":1,"\u0061b":2}"#, ErrorKind::JsonDuplicateKey, Some("ab"));
    check_refused(r#"{"":1,"":2}"#, ErrorKind::JsonDuplicateKey, None);
    for keys in [15, 16, 17, 18, 40, 5000] {
        let mut text = String::from("{");
        for key in 0..keys {
            text.push_str(&format!("\"key{key}\":0,"));
        }
        assert!(Json::parse(&format!("{text}\"last\":0}}")).is_ok());
        for key in [0, keys / 2, keys - 1] {
            check_refused(&format!("{text}\"key{key}\":0}}"), ErrorKind::JsonDuplicateKey, Some(&format!("key{key}")));
        }
    }
}

#[test]
fn the_span_of_a_duplicate_key_is_the_key() {
    let text = "{\n  \"a\": 1,\n  \"b\": {\"näh\": 1, \"näh\": 2}\n}";
    let error = Json::parse(text).unwrap_err();
    let span = error.span().unwrap();
    assert_eq!(&text[span.start..span.end], "\"näh\"");
    assert_eq!(error.path(), Some("b.näh"));
}

#[test]
fn malformed_text_is_refused_where_it_breaks() {
    check_refused("", ErrorKind::JsonSyntax, None);
    check_refused(" ", ErrorKind::JsonSyntax, None);
    check_refused("{\"a\":[", ErrorKind::JsonSyntax, Some("a[0]"));
    check_refused("{\"a\":[1,{\"b\":tru}]}", ErrorKind::JsonSyntax, Some("a[1].b"));
    check_refused("{\"a\":1,}", ErrorKind::JsonSyntax, None);
    check_refused("[1,]", ErrorKind::JsonSyntax, Some("[1]"));
    check_refused("{} {}", ErrorKind::JsonSyntax, None);
    check_refused("{a:1}", ErrorKind::JsonSyntax, None);
    check_refused("{1:1}", ErrorKind::JsonSyntax, None);
    check_refused("'a'", ErrorKind::JsonSyntax, None);
    check_refused("\"\\ud800\"", ErrorKind::JsonSyntax, None);
    check_refused("\"\u{1}\"", ErrorKind::JsonSyntax, None);
    check_refused("\u{feff}{}", ErrorKind::JsonSyntax, None);
    check_refused("/* c */ {}", ErrorKind::JsonSyntax, None);
    check_refused("ü", ErrorKind::JsonSyntax, None);
    let error = Json::parse_bytes(b"{\"a\": \"\xff\"}").unwrap_err();
    assert_eq!((error.kind(), error.span().map(|span| span.start)), (ErrorKind::JsonSyntax, Some(7)));
    assert!(Json::parse_bytes(b"\xfe\xff\x00{").is_err() && Json::parse_bytes(b"{\x00}\x00").is_err());
}

#[test]
fn nesting_is_bounded_and_the_bound_is_exact() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        assert!(Json::parse(&nested(placewright::limits::JSON_DEPTH_MAX)).is_ok());
        for depth in [placewright::limits::JSON_DEPTH_MAX + 1, 100_000] {
            let error = Json::parse(&nested(depth)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::JsonTooDeep, "{error:?}");
            let path = error.path().unwrap();
            assert!(path.len() < 60 && path.ends_with(" more)"), "{path}");
        }
        assert_eq!(Json::parse(&open.repeat(100_000)).unwrap_err().kind(), ErrorKind::JsonTooDeep);
    }
}

#[test]
fn errors_say_what_was_found_and_what_was_wanted() {
    let json = Json::parse(r#"{"a": {"n": "2048", "list": [1, "x"]}, "none": null}"#).unwrap();
    let fields = json.as_fields().unwrap();
    let inner = fields.optional_fields("a").unwrap().unwrap();
    let error = inner.integer("n").unwrap_err().in_path("a");
    assert_eq!(error.to_string(), "a.n: expected an integer, found a string");
    let error = inner.texts("list").unwrap_err();
    assert_eq!(error.to_string(), "list[0]: expected a string, found an integer");
    assert_eq!(fields.integer("none").unwrap_err().kind(), ErrorKind::JsonType);
    assert_eq!(fields.optional_integer("none"), Ok(None));
    assert_eq!(fields.integer("gone").unwrap_err().kind(), ErrorKind::JsonMissing);
    assert_eq!(json.as_array().unwrap_err().to_string(), "expected an array, found an object");
}

#[test]
fn a_tree_built_by_hand_is_dropped_whatever_its_depth() {
    let mut tree = Json::from("leaf");
    for level in 0..200_000 {
        tree = if level % 2 == 0 { Json::array([Json::Null, tree]) } else { Json::object([("k", tree)]) };
    }
    assert!(tree.is_deeper_than(100));
    let document = Json::object([("containerInstances", Json::array([])), ("unknown", tree)]);
    Session::from_json_tree(&document, SessionOptions::default()).unwrap();
    drop(document);
}

/// Any tree that JSON can write, a few levels deep.
fn trees() -> impl Strategy<Value = Json<'static>> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(Json::Integer),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Json::Float),
        ".*".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Json::Array),
            prop::collection::btree_map(".*", inner, 0..20)
                .prop_map(|map| Json::Object(map.into_iter().map(|(key, value)| (key.into(), value)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn printing_and_reading_are_inverse(tree in trees()) {
        let text = tree.to_string();
        prop_assert_eq!(&Json::parse(&text).unwrap(), &tree);
        prop_assert_eq!(&Json::parse(&text).unwrap().to_canonical(), &tree.to_canonical());
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[\\[\\]{}:,\"0-9a-fu\\\\.eE+ -]{0,40}") {
        if let Err(error) = Json::parse(&text) {
            let span = error.span().unwrap();
            prop_assert!(span.start <= span.end && span.end <= text.len());
        }
    }
}

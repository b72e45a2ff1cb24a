//! Expressions: the vectors of `testdata/expr`, golden programs, and properties against an oracle that walks trees.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use placewright::expr::{Expression, Facts, Timestamp, compile};
use placewright::{Error, ErrorKind};
use proptest::prelude::*;
use serde_json::Value;

/// An instance, as data.
#[derive(Debug, Clone, Default)]
struct Instance {
    /// Its name in a vector.
    id: String,
    /// Whether the agent is connected.
    agent_connected: bool,
    /// Version of the agent.
    agent_version: Option<String>,
    /// Attributes, an empty value for a name alone.
    attributes: BTreeMap<String, String>,
    /// EC2 id.
    ec2_instance_id: Option<String>,
    /// When it was registered.
    registered_at: Option<String>,
    /// Tasks.
    running_tasks_count: u32,
    /// Groups of active tasks.
    groups: Vec<String>,
}

impl Facts for Instance {
    fn is_agent_connected(&self) -> bool {
        self.agent_connected
    }

    fn agent_version(&self) -> Option<&str> {
        self.agent_version.as_deref()
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    fn ec2_instance_id(&self) -> Option<&str> {
        self.ec2_instance_id.as_deref()
    }

    fn registered_at(&self) -> Option<Timestamp> {
        self.registered_at.as_deref().and_then(Timestamp::parse)
    }

    fn running_tasks_count(&self) -> u32 {
        self.running_tasks_count
    }

    fn any_group(&self, test: &mut dyn FnMut(&str) -> bool) -> bool {
        self.groups.iter().any(|group| test(group))
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// What must hold of every text and every expression.

/// The laws of an error: a span inside the text on character boundaries, a code, one line without a full stop.
fn check_error(text: &str, error: &Error) {
    let span = error.span().unwrap_or_else(|| panic!("no span: {error:?} for {text:?}"));
    assert!(span.start <= span.end && span.end <= text.len(), "{error:?} for {text:?}");
    assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{error:?} for {text:?}");
    assert!(error.code().starts_with("expr."), "{error:?}");
    let message = error.message();
    assert!(!message.ends_with('.') && !message.contains(char::is_control), "{message:?}");
    assert!(!message.starts_with(|c: char| c.is_uppercase()), "{message:?}");
    assert!(error.help().is_some(), "{error:?}");
}

/// The laws of an expression: its print compiles to an equal one and is a fixed point; its parts are the whole.
fn check_expression(expression: &Expression, instances: &[Instance]) {
    let printed = expression.as_str();
    let again = compile(printed).unwrap_or_else(|error| panic!("{printed:?} does not read back: {error:?}"));
    assert_eq!(again.as_str(), printed);
    assert_eq!(&again, expression);
    assert_eq!(again.program(), expression.program());
    for instance in instances {
        let whole = expression.matches(instance as &dyn Facts);
        assert_eq!(again.matches(instance), whole, "{printed}");
        assert_eq!(parts(expression, instance), whole, "{printed} for {instance:?}");
    }
    let names: BTreeSet<&str> = expression.program().leaves().iter().filter_map(|leaf| leaf.attribute()).collect();
    assert_eq!(expression.attribute_names().collect::<Vec<_>>(), Vec::from_iter(names));
    for leaf in expression.static_part().iter().flat_map(|part| part.leaves()) {
        assert!(!leaf.subject().is_volatile());
    }
}

/// Static part and residue, decided leaf by leaf as an index would.
fn parts(expression: &Expression, instance: &Instance) -> bool {
    assert!(expression.static_part().is_some() || expression.residue().is_some());
    let fixed = expression.static_part().is_none_or(|part| part.eval(|_, leaf| leaf.test_facts(instance)));
    let volatile = expression.residue().is_none_or(|residue| {
        let bits: Vec<bool> =
            residue.statics().iter().map(|part| part.eval(|_, leaf| leaf.test_facts(instance))).collect();
        assert!(residue.volatile().iter().all(|leaf| leaf.subject().is_volatile()));
        residue.eval(
            |i| bits[i],
            |i, leaf| {
                assert_eq!(&residue.volatile()[i], leaf);
                match leaf.subject() {
                    placewright::expr::Subject::TaskGroup => {
                        instance.groups.iter().any(|group| leaf.test_group(group)) != leaf.is_negated_group()
                    }
                    _ => leaf.test_count(instance.running_tasks_count),
                }
            },
        )
    });
    fixed && volatile
}

// ---------------------------------------------------------------------------------------------------------------------
// Vectors.

/// The directory of test data.
fn testdata(directory: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata").join(directory)
}

/// A text of a vector, generator or not.
fn text_of(value: &Value) -> String {
    if let Some(text) = value.as_str() {
        return text.into();
    }
    let repeat = &value["$repeat"];
    let n = usize::try_from(repeat["n"].as_u64().unwrap()).unwrap();
    let part = |name: &str| repeat[name].as_str().unwrap();
    part("prefix").repeat(n) + part("body") + &part("suffix").repeat(n)
}

/// An instance of a vector.
fn instance_of(value: &Value) -> Instance {
    let text = |name: &str| value[name].as_str().map(String::from);
    Instance {
        id: text("id").unwrap(),
        agent_connected: value["agentConnected"].as_bool().unwrap(),
        agent_version: text("agentVersion"),
        attributes: value["attributes"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or("").into()))
            .collect(),
        ec2_instance_id: text("ec2InstanceId"),
        registered_at: text("registeredAt"),
        running_tasks_count: u32::try_from(value["runningTasksCount"].as_u64().unwrap()).unwrap(),
        groups: value["groups"].as_array().unwrap().iter().map(|group| group.as_str().unwrap().into()).collect(),
    }
}

/// Runs one case; what it found to be wrong goes to `faults`.
fn check_case(case: &Value, instances: &[Instance], faults: &mut Vec<String>) {
    let name = case["name"].as_str().unwrap();
    let text = text_of(&case["expression"]);
    let result = compile(&text);
    if cfg!(not(feature = "regex"))
        && (case["requires"] == "regex" || result.as_ref().is_err_and(|e| e.kind() == ErrorKind::ExprRegexDisabled))
    {
        check_error(&text, &result.unwrap_err());
        return;
    }
    if let Some(expected) = case.get("error") {
        match result {
            Ok(_) => faults.push(format!("{name}: compiles")),
            Err(error) => {
                check_error(&text, &error);
                let span = error.span().unwrap();
                if error.code() != expected["code"] || serde_json::json!([span.start, span.end]) != expected["span"] {
                    faults.push(format!("{name}: {error:?} where {expected} was expected"));
                }
            }
        }
        return;
    }
    let expression = match result {
        Ok(expression) => expression,
        Err(error) => return faults.push(format!("{name}: {error:?}")),
    };
    check_expression(&expression, instances);
    if let Some(selects) = case.get("selects") {
        let selected: Vec<&str> =
            instances.iter().filter(|instance| expression.matches(*instance)).map(|i| i.id.as_str()).collect();
        if serde_json::json!(selected) != *selects {
            faults.push(format!("{name}: selects {selected:?}"));
        }
    }
    for (key, expected) in [("accepts", true), ("rejects", false)] {
        for value in case.get(key).and_then(Value::as_array).into_iter().flatten() {
            let mut instance = Instance::default();
            instance.attributes.extend(value.as_str().map(|value| ("v".into(), value.into())));
            if expression.matches(&instance) != expected {
                faults.push(format!("{name}: {value} is not among what it {key}"));
            }
            let [leaf] = expression.program().leaves() else { continue };
            assert_eq!(leaf.test_attribute(value.as_str()), expression.matches(&instance), "{name}: {value}");
        }
    }
}

#[test]
fn vectors_hold() {
    let mut faults = Vec::new();
    let mut names = BTreeSet::new();
    let mut codes = BTreeSet::new();
    for file in std::fs::read_dir(testdata("expr")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let document: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(document["format"], "placewright-expression/1", "{path:?}");
        let instances: Vec<Instance> =
            document["instances"].as_array().into_iter().flatten().map(instance_of).collect();
        for case in document["cases"].as_array().unwrap() {
            assert!(names.insert(case["name"].as_str().unwrap().to_owned()), "{} twice", case["name"]);
            assert!(case["clause"].is_string(), "{}", case["name"]);
            codes.extend(case["error"]["code"].as_str().map(String::from));
            check_case(case, &instances, &mut faults);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(names.len() > 300);
    for kind in ErrorKind::ALL {
        let is_ours = kind.code().starts_with("expr.") && *kind != ErrorKind::ExprRegexDisabled;
        assert!(!is_ours || codes.contains(kind.code()), "no vector for {}", kind.code());
    }
}

#[cfg(not(feature = "regex"))]
#[test]
fn patterns_are_a_named_error_without_the_feature() {
    for text in ["attribute:v =~ a", "task:group !~ '('"] {
        assert_eq!(compile(text).unwrap_err().kind(), ErrorKind::ExprRegexDisabled);
    }
    assert_eq!(compile("agentVersion =~ 1.*").unwrap_err().kind(), ErrorKind::ExprOperator);
}

#[test]
fn help_says_what_was_expected() {
    #[cfg(feature = "regex")]
    for (pattern, what) in [
        ("a{2}{3}", "a count behind a count"),
        ("a{2}?{3}", "a count behind a count"),
        ("a*{3}", "a counted quantifier without an atom before it"),
    ] {
        let error = compile(&format!("attribute:v =~ '{pattern}'")).unwrap_err();
        assert_eq!(error.message(), format!("{what} is not supported in a regular expression"));
    }
    for (text, help) in [
        ("runningTaskCount > 1", "did you mean `runningTasksCount`?"),
        ("attributes:x == 1", "did you mean `attribute:NAME`?"),
        ("attribute:x equal 1", "did you mean `equals`?"),
        ("agentConnected > true", "expected one of `==`, `!=`, `in`, `!in`, `=~`, `!~`"),
        ("attribute:x exists AND attribute:y exists", "keywords are written in lower case: `and`"),
        ("attribute:x == in", "quote the word if it is meant as a value: `'in'`"),
        ("attribute:x == [a]", "a list goes with `in` or `!in`; quote a value that has brackets"),
        ("attribute:x =~ (a)", "quote a regular expression that has parentheses"),
        ("(attribute:x exists", "expected `and`, `or` or `)`"),
        ("agentConnected == yes", "expected `true` or `false`"),
    ] {
        assert_eq!(compile(text).unwrap_err().help(), Some(help), "{text}");
    }
    assert!(compile("xyzzy == 1").unwrap_err().help().unwrap().contains("`task:group`"));
}

#[test]
fn canonical_text() {
    for (text, canonical) in [
        ("attribute:stack==prod", "attribute:stack == prod"),
        ("attribute:a equals \"b\"", "attribute:a == b"),
        ("((attribute:a exists))", "attribute:a exists"),
        ("!!(attribute:a not_exists)", "not not attribute:a !exists"),
        ("attribute:a not_in['b c',\"it's\",'and']", "attribute:a !in ['b c', \"it's\", 'and']"),
        (
            "(attribute:a exists and attribute:b exists) && attribute:c exists",
            "attribute:a exists and attribute:b exists and attribute:c exists",
        ),
        (
            "attribute:a exists && (attribute:b exists || attribute:c exists)",
            "attribute:a exists and (attribute:b exists or attribute:c exists)",
        ),
        ("not(attribute:b exists or attribute:c exists)", "not (attribute:b exists or attribute:c exists)"),
    ] {
        assert_eq!(compile(text).unwrap().as_str(), canonical);
        assert_eq!(compile(text).unwrap().source(), text);
    }
}

#[test]
fn canonical_text_keeps_within_the_length_bound() {
    // As dense as the language allows, so that words and spaces would not fit.
    let terms = |term: &str, symbol: &str| {
        let mut text = String::from(term);
        while text.len() + symbol.len() + term.len() <= 2000 {
            text.push_str(symbol);
            text.push_str(term);
        }
        text
    };
    for text in [
        terms("attribute:a==b", "&&"),
        terms("!attribute:a=='b c'", "||"),
        terms("attribute:a in['&',b]", "&&"),
        terms("attribute:a!=b& ", "&&"),
        terms("attribute:a!=b| ", "||"),
        terms("attribute:a> =x", "&&"),
        terms("!(attribute:a!exists||runningTasksCount<1)", "&&"),
        terms("attribute:a==\"'\\\"\"", "&&"),
    ] {
        let expression = compile(&text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert!(expression.as_str().len() <= 2000, "{} {}", expression.as_str().len(), expression);
        check_expression(&expression, &[Instance::default()]);
    }
}

#[test]
fn an_expression_of_2000_characters_is_the_longest() {
    let text = |n: usize| format!("attribute:a == '{}'", "é".repeat(n));
    assert!(compile(&text(1983)).is_ok());
    let error = compile(&text(1984)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ExprTooLong);
    check_error(&text(1984), &error);
}

#[test]
fn the_deepest_expression_needs_little_stack() {
    let deep = format!("{}attribute:a == 1{}", "not (".repeat(50), ")".repeat(50));
    let work = move || {
        let expression = compile(&deep).unwrap();
        assert!(!expression.matches(&Instance::default()));
        assert!(compile(&"(".repeat(2000)).is_err());
        assert!(compile(&"not ".repeat(500)).is_err());
        drop(expression);
    };
    std::thread::Builder::new().stack_size(256 << 10).spawn(work).unwrap().join().unwrap();
}

#[cfg(feature = "regex")]
#[test]
fn the_deepest_pattern_fits_the_stack_of_a_web_page() {
    let work = || {
        let pattern = format!("{}a{}", "(b|".repeat(64), "c)*".repeat(64));
        let expression = compile(&format!("attribute:v =~ '{pattern}'")).unwrap();
        assert!(!expression.matches(&Instance::default()));
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap().join().unwrap();
}

#[test]
fn an_absent_datum_fails_every_comparison() {
    let absent = Instance::default();
    for text in [
        "agentVersion != 1",
        "agentVersion < 1",
        "registeredAt != 2018-01-01",
        "registeredAt > 0000-01-01",
        "ec2InstanceId != i",
        "ec2InstanceId !in [i]",
    ] {
        assert!(!compile(text).unwrap().matches(&absent), "{text}");
        assert!(compile(&format!("not {text}")).unwrap().matches(&absent), "{text}");
    }
    let unreadable = Instance { agent_version: Some("1.x".into()), ..Instance::default() };
    assert!(!compile("agentVersion != 1").unwrap().matches(&unreadable));
}

// ---------------------------------------------------------------------------------------------------------------------
// Golden programs. Regenerate with: UPDATE_GOLDEN=1 cargo test -p placewright --test main golden

/// The programs that golden files show.
const GOLDEN: [(&str, &str); 7] = [
    ("one-predicate", "attribute:stack == prod"),
    ("and-or-not", "attribute:a == 1 and (attribute:b exists or not attribute:c in [x, y]) and attribute:d !exists"),
    ("equal-leaves-once", "attribute:a == 1 and attribute:b == 2 or attribute:a==1 and attribute:c == 3"),
    ("volatile-only", "not(task:group == database)"),
    ("static-and-volatile", "attribute:a == 1 and runningTasksCount < 3 and agentConnected == true"),
    (
        "static-inside-residue",
        "attribute:z exists and (attribute:a == 1 or task:group == web or attribute:b == 2) and \
         not(attribute:a == 1 and runningTasksCount > 0)",
    ),
    ("equal-static-parts-once", "(attribute:a == 1 or task:group == g) and (task:group != h or attribute:a == 1)"),
];

#[test]
fn golden_programs_hold() {
    for (name, text) in GOLDEN {
        let expression = compile(text).unwrap();
        let mut dump = String::new();
        writeln!(dump, "# UPDATE_GOLDEN=1 cargo test -p placewright --test main golden").unwrap();
        writeln!(dump, "{expression}\n\nwhole\n{}", expression.program()).unwrap();
        if let Some(part) = expression.static_part() {
            writeln!(dump, "static part\n{part}").unwrap();
        }
        if let Some(residue) = expression.residue() {
            writeln!(dump, "residue\n{residue}").unwrap();
        }
        let path = testdata("program").join(format!("{name}.txt"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &dump).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), dump, "{}", path.display());
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// The oracle: a tree of our own, a printer that takes every liberty the grammar gives, and a naive walk.

/// A tree over tiny domains.
#[derive(Debug, Clone)]
enum Tree {
    /// Any.
    Or(Vec<Tree>),
    /// All.
    And(Vec<Tree>),
    /// Not.
    Not(Box<Tree>),
    /// Subject, operator, arguments.
    Leaf(&'static str, &'static str, Vec<&'static str>),
}

/// Symbol and word of each operator that has both.
const ALIASES: [(&str, &str); 11] = [
    ("==", "equals"),
    ("!=", "not_equals"),
    (">", "greater_than"),
    (">=", "greater_than_equal"),
    ("<", "less_than"),
    ("<=", "less_than_equal"),
    ("!exists", "not_exists"),
    ("!in", "not_in"),
    ("=~", "matches"),
    ("!~", "not_matches"),
    ("exists", "exists"),
];
/// Values of attributes.
const VALUES: [&str; 9] = ["1", "2", "10", "1.0", "x", "xy", "", "a b", "it's"];
/// Versions, the last unreadable.
const VERSIONS: [&str; 5] = ["1.2", "1.10", "1.2.0", "1.2-rc1", "next"];
/// Dates in rising order; the second and third are one instant.
const DATES: [&str; 4] = ["2018-01-01", "2018-01-02", "2018-01-02T00:00:00Z", "2018-01-02T00:00:00.5"];
/// Groups.
const GROUPS: [&str; 3] = ["g", "h", "service:g"];
/// Whether a pattern matches a value.
type Accepts = fn(&str) -> bool;
/// Patterns, and what they match, worked out by hand.
const PATTERNS: [(&str, Accepts); 4] = [
    ("x.*", |v| v.starts_with('x')),
    ("[0-9]+", |v| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit())),
    ("(a|it).+", |v| (v.starts_with('a') && v.len() > 1) || (v.starts_with("it") && v.len() > 2)),
    ("(service:)?[gh]", |v| ["g", "h", "service:g", "service:h"].contains(&v)),
];

impl Tree {
    /// Walks the tree.
    fn holds(&self, instance: &Instance) -> bool {
        match self {
            Self::Or(trees) => trees.iter().any(|tree| tree.holds(instance)),
            Self::And(trees) => trees.iter().all(|tree| tree.holds(instance)),
            Self::Not(tree) => !tree.holds(instance),
            Self::Leaf(subject, operator, arguments) => leaf_holds(subject, operator, arguments, instance),
        }
    }

    /// Writes the tree; `choice` decides spelling, space and quotes.
    fn write(&self, out: &mut String, choice: &mut dyn FnMut(usize) -> usize, level: u8) {
        let own = match self {
            Self::Or(_) => 0,
            Self::And(_) => 1,
            Self::Not(_) => 2,
            Self::Leaf(..) => 3,
        };
        let is_group = own < level || choice(5) == 0;
        if is_group {
            out.push('(');
        }
        match self {
            Self::Or(trees) | Self::And(trees) => {
                for (i, tree) in trees.iter().enumerate() {
                    if i > 0 {
                        let (symbol, word) = if own == 0 { (" ||", " or ") } else { (" && ", " and ") };
                        out.push_str(if choice(2) == 0 { symbol } else { word });
                    }
                    tree.write(out, choice, own + 1);
                }
            }
            Self::Not(tree) => {
                out.push_str(["!", "not ", "! "][choice(3)]);
                tree.write(out, choice, 2);
            }
            Self::Leaf(subject, operator, arguments) => {
                out.push_str(subject);
                out.push(' ');
                let alias = ALIASES.iter().find(|(symbol, _)| symbol == operator).filter(|_| choice(2) == 0);
                out.push_str(alias.map_or(operator, |(_, word)| word));
                out.push_str(["  ", " ", "\n"][choice(3)]);
                let is_list = operator.ends_with("in");
                out.push_str(if is_list { "[" } else { "" });
                for (i, argument) in arguments.iter().enumerate() {
                    out.push_str(if i > 0 { [",", " , "][choice(2)] } else { "" });
                    let must = argument.is_empty() || argument.contains([' ', '\'', '(']);
                    if must || choice(3) == 0 {
                        let quote = ["'", "\""][choice(2)];
                        *out += quote;
                        *out += &argument.replace(quote, &format!("\\{quote}"));
                        *out += quote;
                    } else {
                        out.push_str(argument);
                    }
                }
                out.push_str(if is_list { "]" } else { "" });
            }
        }
        if is_group {
            out.push(')');
        }
    }

    /// The text under these choices.
    fn print(&self, choices: &[usize]) -> String {
        let mut next = choices.iter().cycle();
        let mut out = String::new();
        self.write(&mut out, &mut |n| next.next().map_or(0, |choice| choice % n), 0);
        out
    }
}

/// Compares two things that have an order.
fn compares<T: PartialOrd>(left: &T, operator: &str, right: &T) -> bool {
    match operator {
        "==" => left == right,
        "!=" => left != right,
        ">" => left > right,
        ">=" => left >= right,
        "<" => left < right,
        "<=" => left <= right,
        _ => panic!("{operator}"),
    }
}

/// Whether a text passes the positive form of a text operator.
fn text_passes(value: &str, operator: &str, arguments: &[&str]) -> bool {
    match operator.trim_start_matches('!') {
        "=" | "==" | "in" => arguments.contains(&value),
        "~" | "=~" => PATTERNS.iter().find(|(pattern, _)| *pattern == arguments[0]).unwrap().1(value),
        _ => match (value.parse::<f64>(), arguments[0].parse::<f64>()) {
            (Ok(left), Ok(right)) => compares(&left, operator, &right),
            _ => compares(&value, operator, &arguments[0]),
        },
    }
}

/// The components of a version.
fn version(text: &str) -> Option<Vec<u64>> {
    let mut parts: Vec<u64> =
        text.split(['-', '+']).next()?.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    parts.resize(5, 0);
    Some(parts)
}

/// Decides one predicate.
fn leaf_holds(subject: &str, operator: &str, arguments: &[&str], instance: &Instance) -> bool {
    let is_negated = operator.starts_with('!');
    let text = |value: Option<&str>| match (operator, value) {
        ("exists", value) => value.is_some(),
        ("!exists", value) => value.is_none(),
        (_, value) => value.is_some_and(|value| text_passes(value, operator, arguments) != is_negated),
    };
    match subject {
        "agentConnected" => text(Some(if instance.agent_connected { "true" } else { "false" })),
        "ec2InstanceId" => text(instance.ec2_instance_id.as_deref()),
        "agentVersion" => instance
            .agent_version
            .as_deref()
            .and_then(version)
            .is_some_and(|found| compares(&found, operator, &version(arguments[0]).unwrap())),
        "registeredAt" => instance.registered_at.as_deref().is_some_and(|found| {
            let rank = |date: &str| [0, 1, 1, 2][DATES.iter().position(|known| *known == date).unwrap()];
            compares(&rank(found), operator, &rank(arguments[0]))
        }),
        "runningTasksCount" => {
            compares(&i64::from(instance.running_tasks_count), operator, &arguments[0].parse().unwrap())
        }
        "task:group" => instance.groups.iter().any(|group| text_passes(group, operator, arguments)) != is_negated,
        attribute => text(instance.attributes.get(attribute.strip_prefix("attribute:").unwrap()).map(String::as_str)),
    }
}

/// One of these.
fn one<T: Copy + std::fmt::Debug + 'static>(items: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(items)
}

/// A predicate.
fn leaf() -> impl Strategy<Value = Tree> {
    const ORDER: &[&str] = &["==", "!=", ">", ">=", "<", "<="];
    const EQUAL: &[&str] = &["==", "!="];
    const LIST: &[&str] = &["in", "!in"];
    let texts = |subject: &'static [&'static str], values: &'static [&'static str]| {
        prop_oneof![
            (one(subject), one(EQUAL), one(values)).prop_map(|(s, o, v)| Tree::Leaf(s, o, vec![v])),
            (one(subject), one(LIST), prop::collection::vec(one(values), 1..4))
                .prop_map(|(s, o, v)| Tree::Leaf(s, o, v)),
        ]
    };
    let order = |subject: &'static str, values: &'static [&'static str]| {
        (one(ORDER), one(values)).prop_map(move |(o, v)| Tree::Leaf(subject, o, vec![v]))
    };
    #[cfg(feature = "regex")]
    let patterns =
        (one(&["attribute:a", "attribute:b", "task:group", "ec2InstanceId"]), one(&["=~", "!~"]), one(&PATTERNS))
            .prop_map(|(s, o, (pattern, _))| Tree::Leaf(s, o, vec![pattern]));
    #[cfg(not(feature = "regex"))]
    let patterns = Just(Tree::Leaf("attribute:a", "exists", vec![]));
    prop_oneof![
        3 => texts(&["attribute:a", "attribute:b"], &VALUES),
        1 => texts(&["ec2InstanceId"], &["i-1", "i-2"]),
        1 => texts(&["agentConnected"], &["true", "false"]),
        2 => texts(&["task:group"], &GROUPS),
        2 => order("attribute:a", &VALUES),
        1 => order("agentVersion", &["1.2", "1.10", "1.2.0", "1.2-rc1", "0"]),
        1 => order("registeredAt", &DATES),
        2 => order("runningTasksCount", &["0", "1", "2", "-1", "+1", "30000000000"]),
        1 => (one(&["attribute:a", "attribute:b"]), one(&["exists", "!exists"])).prop_map(|(s, o)| Tree::Leaf(s, o, vec![])),
        2 => patterns,
    ]
}

/// A tree.
fn tree() -> impl Strategy<Value = Tree> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Tree::Or),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Tree::And),
            inner.prop_map(|tree| Tree::Not(Box::new(tree))),
        ]
    })
}

/// Spelling choices.
fn choices() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..60_usize, 7..40)
}

/// An instance over the domains of the trees.
fn instance() -> impl Strategy<Value = Instance> {
    let maybe = |values: &'static [&'static str]| prop::option::of(one(values).prop_map(String::from));
    (
        any::<bool>(),
        maybe(&VERSIONS),
        (maybe(&VALUES), maybe(&VALUES)),
        maybe(&["i-1", "i-2", "x1"]),
        maybe(&DATES),
        0..4_u32,
        prop::collection::vec(one(&GROUPS).prop_map(String::from), 0..3),
    )
        .prop_map(|(agent_connected, agent_version, (a, b), ec2_instance_id, registered_at, count, groups)| {
            Instance {
                id: String::new(),
                agent_connected,
                agent_version,
                attributes: [("a", a), ("b", b)].into_iter().filter_map(|(n, v)| Some((n.into(), v?))).collect(),
                ec2_instance_id,
                registered_at,
                running_tasks_count: count,
                groups,
            }
        })
}

/// Some instances.
fn instances() -> impl Strategy<Value = Vec<Instance>> {
    prop::collection::vec(instance(), 1..12)
}

/// Pieces that texts near the language are made of.
const PIECES: [&str; 44] = [
    "attribute:a",
    "attribute:",
    "agentConnected",
    "agentVersion",
    "registeredAt",
    "runningTasksCount",
    "task:group",
    "ec2InstanceId",
    "==",
    "!=",
    "<",
    ">=",
    "=~",
    "!~",
    " in ",
    " !in ",
    " exists",
    "!exists",
    "matches",
    "equals",
    "(",
    ")",
    "[",
    "]",
    ",",
    "'",
    "\"",
    "\\",
    " ",
    " and ",
    " or ",
    "not ",
    "!",
    "&&",
    "||",
    "é",
    "1",
    "true",
    "2018-01-01",
    "x",
    ".*",
    "{2}",
    "\n",
    "😀",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_compiled_form_equals_the_tree_walk(tree in tree(), choices in choices(), instances in instances()) {
        let text = tree.print(&choices);
        prop_assume!(text.chars().count() <= 2000);
        let expression = compile(&text).unwrap_or_else(|error| panic!("{text:?}: {error:?}"));
        check_expression(&expression, &instances);
        prop_assert_eq!(&compile(&tree.print(&[1]))?, &expression);
        for instance in &instances {
            prop_assert_eq!(expression.matches(instance), tree.holds(instance), "{} for {:?}", text, instance);
        }
    }

    #[test]
    fn rewritten_expressions_select_the_same(a in tree(), b in tree(), instances in instances()) {
        let (a, b) = (a.print(&[1]), b.print(&[1]));
        prop_assume!(a.len() + b.len() < 1000);
        for (left, right) in [
            (format!("not (({a}) and ({b}))"), format!("not ({a}) or not ({b})")),
            (format!("not (({a}) or ({b}))"), format!("not ({a}) and not ({b})")),
            (format!("not not ({a})"), a.clone()),
            (format!("({a}) and ({b})"), format!("({b}) and ({a})")),
            (format!("({a}) or ({b})"), format!("({b}) or ({a})")),
            (format!("({a}) and (({a}) or ({b}))"), a.clone()),
        ] {
            let (left, right) = (compile(&left)?, compile(&right)?);
            for instance in &instances {
                prop_assert_eq!(left.matches(instance), right.matches(instance), "{} and {}", left, right);
            }
        }
    }

    #[test]
    fn lists_are_disjunctions(
        subject in one(&["attribute:a", "ec2InstanceId", "task:group"]),
        left in prop::collection::vec(one(&VALUES), 1..4),
        right in prop::collection::vec(one(&VALUES), 1..4),
        instances in instances(),
    ) {
        let list = |items: &[&str]| items.iter().map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(",");
        let (l, r) = (list(&left), list(&right));
        for (one, other) in [
            (format!("{subject} in [\"{}\"]", left[0]), format!("{subject} == \"{}\"", left[0])),
            (format!("{subject} !in [\"{}\"]", left[0]), format!("{subject} != \"{}\"", left[0])),
            (format!("{subject} in [{l}] or {subject} in [{r}]"), format!("{subject} in [{l},{r}]")),
            (format!("{subject} !in [{l}] and {subject} !in [{r}]"), format!("{subject} !in [{l},{r}]")),
        ] {
            let (one, other) = (compile(&one)?, compile(&other)?);
            for instance in &instances {
                prop_assert_eq!(one.matches(instance), other.matches(instance), "{} and {}", one, other);
            }
        }
    }

    #[test]
    fn near_misses_are_read_or_refused_in_place(
        tree in tree(),
        choices in choices(),
        piece in one(&PIECES),
        at in any::<prop::sample::Index>(),
        length in 0..4_usize,
        instances in instances(),
    ) {
        let mut text = tree.print(&choices);
        // Three texts in ten are spoilt.
        if choices[0] % 10 < 3 {
            let boundaries: Vec<usize> = text.char_indices().map(|(i, _)| i).collect();
            let start = at.index(boundaries.len());
            let end = (start + length).min(boundaries.len() - 1);
            text.replace_range(boundaries[start]..boundaries[end], piece);
        }
        match compile(&text) {
            Ok(expression) => check_expression(&expression, &instances),
            Err(error) => check_error(&text, &error),
        }
    }

    #[test]
    fn any_text_is_read_or_refused_in_place(pieces in prop::collection::vec(one(&PIECES), 0..40), tail in ".{0,8}") {
        let text = pieces.concat() + &tail;
        match compile(&text) {
            Ok(expression) => check_expression(&expression, &[Instance::default()]),
            Err(error) => check_error(&text, &error),
        }
    }

    #[test]
    fn any_pattern_is_read_or_refused_in_place(
        pieces in prop::collection::vec(
            one(&["a", "b", "(", ")", "[", "]", "^", "$", "-", "|", "*", "+", "?", "{2}", "{", "}", ",", ".", "\\", "\\Q",
                "\\E", "\\d", "\\b", "\\x41", "\\u0041", "\\uD83D", "(?i)", "(?:", "(?s-i:", "(?<n>", "&&", "é", "#", "\\0", "\\c"]),
            0..16,
        ),
        value in "[ab1é-]{0,6}",
    ) {
        let text = format!("attribute:v =~ \"{}\"", pieces.concat());
        match compile(&text) {
            Ok(expression) => {
                let mut instance = Instance::default();
                instance.attributes.insert("v".into(), value);
                check_expression(&expression, &[instance]);
            }
            Err(error) => check_error(&text, &error),
        }
    }
}

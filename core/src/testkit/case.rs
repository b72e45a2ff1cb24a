//! A conformance case as data: read from text, generators expanded, instances reordered, answers judged.
//!
//! A case is one JSON document of the format `ecs-placement-conformance/1`, described in
//! `core/testdata/placement/README.md`. This module knows the format and nothing of placement: [`judge`] compares what a
//! runner printed with what the case expects, [`audit`] checks what must hold in every case, and neither of them calls the
//! engine. So the same judge serves every route, the oracle and other programs that print the same document.

mod audit;
mod judge;
mod world;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Map, Number, Value};

pub use audit::audit;
pub use judge::judge;

use super::replay::missing_feature;
use super::strict;

/// The one value of the key `format`.
pub const FORMAT: &str = "ecs-placement-conformance/1";

/// Every operation a step may name.
pub const OPERATIONS: &[&str] = &[
    "runTask",
    "stopTask",
    "listContainerInstances",
    "registerContainerInstance",
    "deregisterContainerInstance",
    "updateContainerInstancesState",
    "putAttributes",
    "deleteAttributes",
    "startTask",
    "createService",
    "registerTaskDefinition",
    "scaleIn",
    "describe",
    "loadText",
];

/// Most bytes of text an expanded case may hold.
pub const EXPANDED_BYTES_MAX: usize = 256 << 20;
/// Most array elements and object members an expanded case may hold; an object counts as sixteen more, which is about what
/// it takes in memory.
pub const EXPANDED_ELEMENTS_MAX: usize = 120_000_000;
/// What an object counts beside its members.
const OBJECT_ELEMENTS: usize = 16;
/// Most copies one `$each` may ask for.
const COPIES_MAX: usize = 1_000_000;

/// The generators, by key.
const GENERATORS: &[&str] = &["$repeat", "$list", "$each", "$int", "$cat", "$pick"];

/// How `containerInstances` is fed to the runner; changes the registration order and nothing else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reorder {
    /// Instances in reverse order, and the attribute list of each as well. Comes before the rotation.
    pub reverse: bool,
    /// How many instances move from the front to the end, modulo their number.
    pub rotate: u64,
}

/// Reads a case: JSON without duplicate keys, the right `format`, lists where lists belong, known operations in the steps
/// that are not skipped.
///
/// # Errors
///
/// One line that says what is wrong.
pub fn parse(text: &str) -> Result<Value, String> {
    let case = strict::parse(text).map_err(|error| format!("not a case: {error}"))?;
    check(&case)?;
    Ok(case)
}

/// Replaces every generator by what it stands for.
///
/// # Errors
///
/// One line, for a malformed generator, an integer out of range, or a case that would become larger than
/// [`EXPANDED_BYTES_MAX`] or [`EXPANDED_ELEMENTS_MAX`].
pub fn expand(case: Value) -> Result<Value, String> {
    let mut expansion = Expansion { bytes: EXPANDED_BYTES_MAX, elements: EXPANDED_ELEMENTS_MAX };
    let case = expansion.value(case, None)?;
    check(&case)?;
    Ok(case)
}

/// Changes the order of the instances in an expanded case.
pub fn reorder(case: &mut Value, order: &Reorder) {
    let Some(Value::Array(instances)) = case.pointer_mut("/cluster/containerInstances") else { return };
    if order.reverse {
        instances.reverse();
        for instance in instances.iter_mut() {
            if let Some(Value::Array(attributes)) = instance.get_mut("attributes") {
                attributes.reverse();
            }
        }
    }
    // OK: the remainder is smaller than a `usize`, so the conversion cannot fail.
    let first = order.rotate.checked_rem(instances.len() as u64).and_then(|first| usize::try_from(first).ok());
    instances.rotate_left(first.unwrap_or(0));
}

/// The shape of a case's top level and steps; a place where a generator stands is left to a later look. What is skipped for
/// a missing feature may use operations and a cluster of other builds.
fn check(case: &Value) -> Result<(), String> {
    let Value::Object(top) = case else { return Err("a case is a JSON object".to_string()) };
    match top.get("format").and_then(Value::as_str) {
        Some(FORMAT) => {}
        Some(other) => return Err(format!("unknown format `{}`", shown(other))),
        None => return Err("`format` is missing or not a string".to_string()),
    }
    if !top.get("id").is_some_and(|id| is_text(id) || is_generator(id)) {
        return Err("`id` is missing or not a string".to_string());
    }
    for key in ["taskDefinitions", "requires"] {
        if top.get(key).is_some_and(|list| !list.is_array()) {
            return Err(format!("`{key}` is not a list"));
        }
    }
    let mut is_skipped = may_be_skipped(case);
    match top.get("cluster") {
        None => {}
        Some(_) if is_skipped => {}
        Some(Value::Object(cluster)) => {
            for key in ["containerInstances", "tasks"] {
                if cluster.get(key).is_some_and(|list| !list.is_array()) {
                    return Err(format!("`cluster.{key}` is not a list"));
                }
            }
        }
        Some(_) => return Err("`cluster` is not an object".to_string()),
    }
    let Some(Value::Array(steps)) = top.get("steps") else {
        return Err("`steps` is missing or not a list".to_string());
    };
    for (index, step) in steps.iter().enumerate() {
        is_skipped = is_skipped || may_be_skipped(step);
        if is_generator(step) {
            continue;
        }
        match step.get("op") {
            Some(Value::String(op)) if is_skipped || OPERATIONS.contains(&op.as_str()) => {}
            Some(Value::String(op)) => return Err(format!("steps[{index}]: unknown op `{}`", shown(op))),
            Some(op) if is_generator(op) => {}
            _ => return Err(format!("steps[{index}]: `op` is missing or not a string")),
        }
    }
    Ok(())
}

/// Whether a case or a step requires a feature that is missing, or a generator may stand for such a requirement.
fn may_be_skipped(value: &Value) -> bool {
    let required = value.get("requires").and_then(Value::as_array);
    let is_hidden = is_generator(value) || required.is_some_and(|required| required.iter().any(is_generator));
    is_hidden || missing_feature(value).is_some()
}

/// Whether `value` is a string with something in it.
fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

/// Whether `value` is an object with a generator's key.
fn is_generator(value: &Value) -> bool {
    value.as_object().is_some_and(|object| object.keys().any(|key| GENERATORS.contains(&key.as_str())))
}

/// A text short enough for a one-line message.
pub(super) fn shown(text: &str) -> String {
    let mut short: String = text.chars().filter(|letter| !letter.is_control()).take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// What an expansion may still produce.
struct Expansion {
    /// Bytes of text.
    bytes: usize,
    /// Array elements and object members.
    elements: usize,
}

impl Expansion {
    /// `value` without generators; `at` is the number of the copy inside an `$each`.
    fn value(&mut self, value: Value, at: Option<i64>) -> Result<Value, String> {
        if is_generator(&value) {
            let name = only_member(&value)?;
            return self.generator(name, value.get(name).unwrap_or(&Value::Null), at);
        }
        match value {
            Value::String(text) => {
                self.take_bytes(text.len())?;
                Ok(Value::String(text))
            }
            Value::Array(list) => {
                let mut whole = Vec::new();
                for element in list {
                    if let Some(spec) = element.get("$each") {
                        self.each(only_member(&element)?, spec, at, &mut whole)?;
                    } else {
                        self.take_elements(1)?;
                        whole.push(self.value(element, at)?);
                    }
                }
                Ok(Value::Array(whole))
            }
            Value::Object(object) => {
                self.take_elements(OBJECT_ELEMENTS)?;
                let mut whole = Map::new();
                for (key, member) in object {
                    self.take_elements(1)?;
                    self.take_bytes(key.len())?;
                    whole.insert(key, self.value(member, at)?);
                }
                Ok(Value::Object(whole))
            }
            other => Ok(other),
        }
    }

    /// The value one generator stands for.
    fn generator(&mut self, name: &str, spec: &Value, at: Option<i64>) -> Result<Value, String> {
        match (name, at) {
            ("$repeat", _) => {
                let fields = Fields::of(name, spec, &["prefix", "n", "body", "suffix"], at)?;
                let n = fields.count("n")?;
                let (prefix, body, suffix) = (fields.text("prefix")?, fields.text("body")?, fields.text("suffix")?);
                let once = prefix.len() + suffix.len();
                self.take_bytes(once.checked_mul(n).and_then(|all| all.checked_add(body.len())).unwrap_or(usize::MAX))?;
                Ok(Value::String([prefix.repeat(n), body, suffix.repeat(n)].concat()))
            }
            ("$list", _) => {
                let fields = Fields::of(name, spec, &["head", "item", "sep", "n", "tail"], at)?;
                let (head, item, sep) = (fields.text("head")?, fields.text("item")?, fields.text("sep")?);
                let tail = fields.text("tail")?;
                self.take_bytes(head.len() + tail.len())?;
                let mut text = head;
                for index in 0..fields.count("n")? {
                    if index > 0 {
                        text.push_str(&sep);
                    }
                    text.push_str(&item);
                    let number = index.to_string();
                    text.push_str(&number);
                    self.take_bytes(sep.len() + item.len() + number.len())?;
                }
                text.push_str(&tail);
                Ok(Value::String(text))
            }
            ("$int", Some(at)) => {
                let fields = Fields::of(name, spec, &["from", "step", "mod"], None)?;
                Ok(Value::Number(Number::from(fields.progression(at)?)))
            }
            ("$cat", Some(at)) => {
                let fields = Fields::of(name, spec, &["prefix", "from", "step", "mod", "suffix"], None)?;
                let (mut text, number) = (fields.text("prefix")?, fields.progression(at)?.to_string());
                text.push_str(&number);
                text.push_str(&fields.text("suffix")?);
                self.take_bytes(text.len())?;
                Ok(Value::String(text))
            }
            ("$pick", Some(at)) => {
                let choices = spec.as_array().filter(|choices| !choices.is_empty());
                let Some(choices) = choices else { return Err("`$pick` is not a list with elements".to_string()) };
                let number = usize::try_from(at).ok().and_then(|at| at.checked_rem(choices.len()));
                match number.and_then(|number| choices.get(number)) {
                    Some(choice) => self.value(choice.clone(), Some(at)),
                    None => Err("`$pick` is malformed".to_string()),
                }
            }
            ("$each", _) => Err("`$each` stands outside an array".to_string()),
            _ => Err(format!("`{name}` stands outside `$each`")),
        }
    }

    /// The elements an `$each` stands for, put behind `whole`.
    fn each(&mut self, name: &str, spec: &Value, at: Option<i64>, whole: &mut Vec<Value>) -> Result<(), String> {
        if at.is_some() {
            return Err("`$each` stands inside another `$each`".to_string());
        }
        let fields = Fields::of(name, spec, &["n", "item"], None)?;
        let n = fields.count("n")?;
        let Some(item) = fields.fields.get("item") else { return Err("`$each` has no `item`".to_string()) };
        if n > COPIES_MAX {
            return Err(format!("`$each` asks for {n} copies, at most {COPIES_MAX} are made"));
        }
        for index in 0..n {
            self.take_elements(1)?;
            let index = i64::try_from(index).map_err(|_| "`$each` has too many elements".to_string())?;
            whole.push(self.value(item.clone(), Some(index))?);
        }
        if n == 0 {
            // A malformed item is an error even where no copy is asked for.
            Expansion { bytes: self.bytes, elements: self.elements }.value(item.clone(), Some(0))?;
        }
        Ok(())
    }

    /// Counts `n` more bytes of text.
    fn take_bytes(&mut self, n: usize) -> Result<(), String> {
        self.bytes = self.bytes.checked_sub(n).ok_or("the case would hold too much text")?;
        Ok(())
    }

    /// Counts `n` more elements.
    fn take_elements(&mut self, n: usize) -> Result<(), String> {
        self.elements = self.elements.checked_sub(n).ok_or("the case would hold too many elements")?;
        Ok(())
    }
}

/// The key of an object that has only one; a generator is alone in its object.
fn only_member(value: &Value) -> Result<&str, String> {
    let mut keys = value.as_object().into_iter().flat_map(Map::keys);
    match (keys.next(), keys.next()) {
        (Some(key), None) => Ok(key),
        _ => Err("a generator has other keys beside it".to_string()),
    }
}

/// The fields of one generator.
struct Fields<'v> {
    /// The generator's key, for messages.
    name: &'v str,
    /// The fields as written.
    fields: &'v Map<String, Value>,
    /// The number of the copy, where a field may itself be an `$int` or a `$cat`.
    at: Option<i64>,
}

impl<'v> Fields<'v> {
    /// The fields of `spec`, all of them among `known`.
    fn of(name: &'v str, spec: &'v Value, known: &[&str], at: Option<i64>) -> Result<Self, String> {
        let Value::Object(fields) = spec else { return Err(format!("`{name}` is not an object")) };
        match fields.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(format!("`{name}` has no field `{}`", shown(key))),
            None => Ok(Self { name, fields, at }),
        }
    }

    /// A field as written, or computed where it is a generator of its own.
    fn field(&self, key: &str) -> Result<Option<Value>, String> {
        match self.fields.get(key) {
            Some(field) if self.at.is_some() && is_generator(field) => {
                let mut expansion = Expansion { bytes: EXPANDED_BYTES_MAX, elements: EXPANDED_ELEMENTS_MAX };
                expansion.value(field.clone(), self.at).map(Some)
            }
            field => Ok(field.cloned()),
        }
    }

    /// A text; empty where the field is missing.
    fn text(&self, key: &str) -> Result<String, String> {
        match self.field(key)? {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(format!("`{}`: `{key}` is not a string", self.name)),
        }
    }

    /// An integer, if the field is there.
    fn integer(&self, key: &str) -> Result<Option<i64>, String> {
        match self.field(key)? {
            None => Ok(None),
            Some(field) => match field.as_i64() {
                Some(number) => Ok(Some(number)),
                None => Err(format!("`{}`: `{key}` is not an integer", self.name)),
            },
        }
    }

    /// A number of copies; must be there.
    fn count(&self, key: &str) -> Result<usize, String> {
        match self.integer(key)? {
            None => Err(format!("`{}` has no `{key}`", self.name)),
            Some(n) => usize::try_from(n).map_err(|_| format!("`{}`: `{key}` is out of range", self.name)),
        }
    }

    /// `from + step · i`, or `from + step · (i mod m)`.
    fn progression(&self, at: i64) -> Result<i64, String> {
        let (from, step) = (self.integer("from")?.unwrap_or(0), self.integer("step")?.unwrap_or(1));
        let index = match self.integer("mod")? {
            None => at,
            Some(modulus) if modulus > 0 => at % modulus,
            Some(_) => return Err(format!("`{}`: `mod` is not positive", self.name)),
        };
        let number = step.checked_mul(index).and_then(|distance| from.checked_add(distance));
        number.ok_or_else(|| format!("`{}`: the integer is out of range", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The smallest case, with `steps`.
    fn with_steps(steps: &Value) -> Value {
        json!({"format": FORMAT, "id": "x", "cluster": {"containerInstances": []}, "steps": steps})
    }

    /// What `list` becomes where it stands in a step.
    fn expanded(list: &Value) -> Result<Value, String> {
        let case = expand(with_steps(&json!([{"op": "describe", "x": list}])))?;
        Ok(case.pointer("/steps/0/x").cloned().unwrap_or(Value::Null))
    }

    #[test]
    fn a_case_is_read_and_bad_ones_are_refused_in_one_line() {
        assert!(parse(&with_steps(&json!([{"op": "describe"}])).to_string()).is_ok());
        for text in [
            "",
            "[]",
            "{}",
            r#"{"format":"other","id":"x","steps":[]}"#,
            r#"{"format":"ecs-placement-conformance/1","steps":[]}"#,
            r#"{"format":"ecs-placement-conformance/1","id":"x"}"#,
            r#"{"format":"ecs-placement-conformance/1","id":"x","steps":[{"op":"fly"}]}"#,
            r#"{"format":"ecs-placement-conformance/1","id":"x","steps":[{}]}"#,
            r#"{"format":"ecs-placement-conformance/1","id":"x","steps":[7]}"#,
            r#"{"format":"ecs-placement-conformance/1","id":"x","id":"x","steps":[]}"#,
            r#"{"format":"ecs-placement-conformance/1","id":"x","steps":[],"a":{"b":{"c":1,"c":1}}}"#,
            r#"{"format":"ecs-placement-conformance/1","id":"x","steps":[],"cluster":[]}"#,
            r#"{"format":"ecs-placement-conformance/1","id":"x","steps":[],"cluster":{"tasks":{}}}"#,
        ] {
            let error = parse(text).err();
            assert!(error.is_some_and(|line| !line.is_empty() && !line.contains('\n')), "{text}");
        }
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(parse(&deep).is_err());
    }

    #[test]
    fn what_is_skipped_may_be_of_another_build() {
        let top = |requires: &Value, cluster: &Value| json!({"format": FORMAT, "id": "x", "requires": requires, "cluster": cluster, "steps": [{"op": "fly"}]});
        let moon = json!({"op": "describe", "requires": ["gpu", "moon"]});
        let hidden = json!({"op": "describe", "requires": [{"$list": {"head": "mo", "n": 0, "tail": "on"}}]});
        let copies = json!({"$each": {"n": 2, "item": {"op": "describe", "requires": [{"$pick": ["gpu", "moon"]}]}}});
        let fly = json!({"op": "fly"});
        for case in [
            with_steps(&json!([moon, fly])),
            with_steps(&json!([hidden, fly])),
            with_steps(&json!([copies, fly])),
            with_steps(&json!([{"op": "fly", "requires": ["moon"]}])),
            top(&json!(["moon"]), &json!([])),
            top(&json!([{"$repeat": {"body": "moon", "n": 0}}]), &json!(7)),
        ] {
            assert!(parse(&case.to_string()).and_then(expand).is_ok(), "{case}");
        }
        for case in [
            with_steps(&json!([fly, moon])),
            with_steps(&json!([{"op": "fly", "requires": ["gpu"]}])),
            with_steps(&json!([{"op": "describe", "requires": [{"$repeat": {"body": "gpu", "n": 0}}]}, fly])),
            with_steps(&json!([{"$each": {"n": 0, "item": moon}}, fly])),
            with_steps(&json!([moon, {"op": 7}])),
            top(&json!(["gpu"]), &json!({})),
            top(&json!([{"$repeat": {"body": "gpu", "n": 0}}]), &json!(7)),
        ] {
            assert!(parse(&case.to_string()).and_then(expand).is_err(), "{case}");
        }
    }

    #[test]
    fn generators_stand_for_what_the_format_says() {
        for (list, whole) in [
            (json!({"$repeat": {"prefix": "(", "n": 3, "body": "x", "suffix": ")"}}), json!("(((x)))")),
            (json!({"$repeat": {"prefix": "a", "n": 0}}), json!("")),
            (json!({"$list": {"head": "[", "item": "v", "sep": ", ", "n": 3, "tail": "]"}}), json!("[v0, v1, v2]")),
            (json!({"$list": {"head": "[", "item": "v", "sep": ", ", "n": 0, "tail": "]"}}), json!("[]")),
            (json!([1, {"$each": {"n": 3, "item": {"$int": {"from": 5, "step": -2}}}}, 9]), json!([1, 5, 3, 1, 9])),
            (json!([{"$each": {"n": 4, "item": {"$int": {"mod": 3}}}}]), json!([0, 1, 2, 0])),
            (
                json!([{"$each": {"n": 2, "item": {"$cat": {"prefix": "a", "from": 7, "suffix": "z"}}}}]),
                json!(["a7z", "a8z"]),
            ),
            (
                json!([{"$each": {"n": 3, "item": {"k": {"$pick": ["x", {"$int": {}}]}}}}]),
                json!([{"k": "x"}, {"k": 1}, {"k": "x"}]),
            ),
            (
                json!([{"$each": {"n": 2, "item": {"$repeat": {"prefix": {"$cat": {}}, "n": {"$int": {"from": 1}}}}}}]),
                json!(["0", "11"]),
            ),
            (json!([{"$each": {"n": 0, "item": 1}}]), json!([])),
            (json!([{"$each": {"n": 2, "item": [1]}}]), json!([[1], [1]])),
            (json!({"$other": 1}), json!({"$other": 1})),
        ] {
            assert_eq!(expanded(&list), Ok(whole), "{list}");
        }
    }

    #[test]
    fn malformed_and_oversized_generators_are_errors() {
        for list in [
            json!({"$repeat": {"prefix": "(", "n": -1}}),
            json!({"$repeat": {"prefix": "("}}),
            json!({"$repeat": {"prefix": 1, "n": 1}}),
            json!({"$repeat": {"prefix": "(", "n": 1, "x": 1}}),
            json!({"$repeat": {"prefix": "(", "n": 1}, "b": 1}),
            json!({"$repeat": "("}),
            json!({"$repeat": {"prefix": "(", "n": 9_223_372_036_854_775_807_i64}}),
            json!({"$repeat": {"prefix": "(", "n": 1.5}}),
            json!({"$list": {"item": "(", "n": 300_000_000}}),
            json!({"$each": {"n": 1, "item": 1}}),
            json!({"$int": {}}),
            json!({"$cat": {}}),
            json!({"$pick": [1]}),
            json!([{"$each": {"n": 1}}]),
            json!([{"$each": {"item": 1}}]),
            json!([{"$each": {"n": 30_000_000, "item": 1}}]),
            json!([{"$each": {"n": 1, "item": 1}, "b": 1}]),
            json!([{"$each": {"n": 1, "item": [{"$each": {"n": 1, "item": 1}}]}}]),
            json!([{"$each": {"n": 2, "item": {"$int": {"from": i64::MAX}}}}]),
            json!([{"$each": {"n": 3, "item": {"$int": {"step": i64::MAX}}}}]),
            json!([{"$each": {"n": 1, "item": {"$int": {"mod": 0}}}}]),
            json!([{"$each": {"n": 1, "item": {"$int": {"from": u64::MAX}}}}]),
            json!([{"$each": {"n": 1, "item": {"$pick": []}}}]),
            json!([{"$each": {"n": 0, "item": {"$pick": []}}}]),
            json!([{"$each": {"n": 1000, "item": {"$repeat": {"prefix": "x", "n": 1_000_000}}}}]),
        ] {
            let error = expanded(&list).err();
            assert!(error.is_some_and(|line| !line.is_empty() && !line.contains('\n')), "{list}");
        }
        assert!(expand(with_steps(&json!([{"$each": {"n": 1, "item": {"op": "fly"}}}]))).is_err());
    }

    #[test]
    fn reversing_comes_before_rotating() {
        let base = json!({"cluster": {"containerInstances": [
            {"containerInstanceArn": "a", "attributes": [{"name": "x"}, {"name": "y"}]},
            {"containerInstanceArn": "b"}, {"containerInstanceArn": "c"}]}});
        let order = |reverse, rotate| {
            let mut case = base.clone();
            reorder(&mut case, &Reorder { reverse, rotate });
            let instances = case.pointer("/cluster/containerInstances").and_then(Value::as_array).cloned();
            instances.into_iter().flatten().fold(String::new(), |all, instance| {
                let id = instance.get("containerInstanceArn").and_then(Value::as_str).map(ToString::to_string);
                let first = instance.pointer("/attributes/0/name").and_then(Value::as_str).map(ToString::to_string);
                all + &id.unwrap_or_default() + &first.unwrap_or_default()
            })
        };
        assert_eq!(order(false, 0), "axbc");
        assert_eq!(order(false, 1), "bcax");
        assert_eq!(order(false, 4), "bcax");
        assert_eq!(order(true, 0), "cbay");
        assert_eq!(order(true, 1), "bayc");
        assert_eq!(order(true, u64::MAX), "cbay");
        let mut empty = json!({"cluster": {"containerInstances": []}});
        reorder(&mut empty, &Reorder { reverse: true, rotate: 7 });
        reorder(&mut Value::Null, &Reorder { reverse: true, rotate: 7 });
    }
}

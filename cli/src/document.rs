//! Clusters, tasks and definitions as files, and errors in them as text that shows the place.

use std::borrow::Cow;
use std::mem::take;
use std::path::Path;

use placewright::adapter::{Documents, Session, SessionOptions};
use placewright::json::Json;
use placewright::{Error, ErrorClass, ErrorKind, wire};

use crate::io::{self, Failure};
use crate::keys;
pub(crate) use crate::keys::Document;

/// Reads a file as JSON and does something with the tree.
pub(crate) fn with_json<T>(path: &Path, then: impl FnOnce(&Json<'_>) -> Result<T, Error>) -> Result<T, Failure> {
    with_checked(path, |_| Ok(()), then)
}

/// The same with a file that is to be such a document of ECS's.
pub(crate) fn with_document<T>(
    path: &Path,
    wanted: Document,
    then: impl FnOnce(&Json<'_>) -> Result<T, Error>,
) -> Result<T, Failure> {
    let check = |json: &Json<'_>| {
        check_kind(path, json, wanted)?;
        tell_warnings(keys::suspects(json, wanted));
        Ok(())
    };
    with_checked(path, check, then)
}

/// Reads a file as JSON, looks it over, and does something with the tree.
fn with_checked<T>(
    path: &Path,
    check: impl FnOnce(&Json<'_>) -> Result<(), Failure>,
    then: impl FnOnce(&Json<'_>) -> Result<T, Error>,
) -> Result<T, Failure> {
    let text = io::read(path)?;
    let json = Json::parse(&text).map_err(|error| in_file(path, &text, &error))?;
    check(&json)?;
    then(&json).map_err(|error| in_file(path, &text, &error))
}

/// Answers that have ids alone: their key, their call, and the call that tells of what they list.
const LISTS: [(&str, &str, &str); 3] = [
    ("containerInstanceArns", "list-container-instances", "describe-container-instances"),
    ("taskArns", "list-tasks", "describe-tasks"),
    ("taskDefinitionArns", "list-task-definitions", "describe-task-definition"),
];

/// Refuses a document that is plainly of another kind, as where two arguments are swapped.
fn check_kind(path: &Path, json: &Json<'_>, wanted: Document) -> Result<(), Failure> {
    if let Some((_, list, describe)) = LISTS.iter().find(|(key, _, _)| json.get(key).is_some()) {
        let name = io::name(path);
        return Err(Failure::Input(format!(
            "{name} is what `{list}` prints, ids alone: give what `{describe}` prints"
        )));
    }
    match Document::of(json).filter(|found| *found != wanted) {
        None => Ok(()),
        Some(found) => {
            let (name, found_as, wanted_as) = (io::name(path), found.name(), wanted.name());
            Err(Failure::Input(format!("{name} is {found_as}, not {wanted_as} (are two arguments swapped?)")))
        }
    }
}

/// A session from cluster files: describe output, its array alone, or one state that was exported. `zones` are subnets with
/// their Availability Zones, on top of those of the files.
pub(crate) fn cluster(paths: &[impl AsRef<Path>], zones: &[(&str, &str)]) -> Result<Session, Failure> {
    let texts = paths.iter().map(|path| io::read(path.as_ref())).collect::<Result<Vec<String>, Failure>>()?;
    let files: Vec<(&Path, &str)> = paths.iter().map(AsRef::as_ref).zip(texts.iter().map(String::as_str)).collect();
    let mut documents = Documents::new();
    for &(path, text) in &files {
        let in_file = |error| in_file(path, text, &error);
        let json = Json::parse(text).map_err(in_file)?;
        check_kind(path, &json, Document::Cluster)?;
        tell_warnings(keys::suspects(&json, Document::Cluster));
        if wire::is_exported(&json) {
            if files.len() > 1 {
                let message = format!("{} is an exported state, which is a whole cluster", io::name(path));
                return Err(Failure::Input(message));
            }
            if !zones.is_empty() {
                return Err(Failure::Input("an exported state has its own zones of subnets".to_string()));
            }
            return Session::import_json(&json).map_err(in_file);
        }
        documents.add(json).map_err(|error| match error.path() {
            Some(subnet) if subnet.starts_with("xSubnets.") => {
                let message = error.message().replace("in a document before", "in a file before");
                Failure::Input(format!("{}: {subnet}: {message}", io::name(path)))
            }
            _ => in_file(error),
        })?;
    }
    let merged = with_zones(documents.take_json(), zones);
    Session::from_json_tree(&merged, SessionOptions::default()).map_err(|error| in_files(&files, &documents, &error))
}

/// What is wrong with several cluster files read as one: [`in_file`] of the one the path leads into.
fn in_files(files: &[(&Path, &str)], documents: &Documents<'_>, error: &Error) -> Failure {
    if let &[(path, text)] = files {
        return in_file(path, text, error);
    }
    let message = error.message().replace("earlier in this document", "earlier in these files");
    let element = error.path().and_then(|path| documents.locate(path));
    let element = element.and_then(|(number, inner)| files.get(number).map(|&(path, text)| (path, text, inner)));
    let help = error.help();
    match element {
        Some((path, text, inner)) => tell(path, text, Some(locate(text, &inner)), &format!("{inner}: {message}"), help),
        None => {
            let names: Vec<String> = files.iter().map(|(path, _)| io::name(path)).collect();
            let path = error.path().map(|path| format!("{path}: ")).unwrap_or_default();
            Failure::Input(format!("{}: {path}{message}{}", names.join(", "), in_brackets(help)))
        }
    }
}

/// The cluster document with the zones of more subnets.
fn with_zones<'a>(mut json: Json<'a>, zones: &[(&'a str, &'a str)]) -> Json<'a> {
    let Json::Object(entries) = &mut json else { return json };
    let mut entries = take(entries);
    if !zones.is_empty() {
        let given = entries.iter().position(|(key, _)| key == "xSubnets").map(|at| entries.swap_remove(at).1);
        let mut given = given.unwrap_or(Json::Null);
        let mut subnets = if let Json::Object(subnets) = &mut given { take(subnets) } else { Vec::new() };
        subnets.retain(|(name, _)| !zones.iter().any(|(other, _)| name == other));
        subnets.extend(zones.iter().map(|(name, zone)| (Cow::Borrowed(*name), Json::from(*zone))));
        entries.push((Cow::Borrowed("xSubnets"), Json::Object(subnets)));
    }
    Json::Object(entries)
}

/// What is wrong with a file: its name, line and column, the path to the value, the message and the advice.
pub(crate) fn in_file(path: &Path, text: &str, error: &Error) -> Failure {
    let is_of_text =
        matches!(error.kind(), ErrorKind::JsonSyntax | ErrorKind::JsonTooDeep | ErrorKind::JsonDuplicateKey);
    let byte =
        if is_of_text { error.span().map(|span| span.start) } else { error.path().map(|path| locate(text, path)) };
    let message = error.to_string();
    tell(path, text, byte, if is_of_text { without_place(&message) } else { &message }, error.help())
}

/// A message about a byte of a file, with advice.
fn tell(path: &Path, text: &str, byte: Option<usize>, message: &str, help: Option<&str>) -> Failure {
    let place = byte.map(|byte| line_and_column(text, byte));
    let place = place.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
    Failure::Input(format!("{}{place}: {message}{}", io::name(path), in_brackets(help)))
}

/// Advice behind a message.
fn in_brackets(help: Option<&str>) -> String {
    help.map(|help| format!(" ({help})")).unwrap_or_default()
}

/// The message without ` in line 1, column 2` at its end, where the place is told otherwise.
fn without_place(message: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    match message.rsplit_once(" in line ") {
        Some((rest, place)) if place.split(", column ").all(is_number) => rest,
        _ => message,
    }
}

/// Where the value at a path such as `tasks[3].group` begins in a text that is JSON; of a path that does not lead to the
/// end, where it gets.
fn locate(text: &str, path: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut path) = (skip_blanks(bytes, 0), path);
    while let Some((next, rest)) = enter(text, at, path) {
        (at, path) = (next, rest.strip_prefix('.').unwrap_or(rest));
    }
    at
}

/// The value one step of the path further, and the rest of the path.
fn enter<'p>(text: &str, at: usize, path: &'p str) -> Option<(usize, &'p str)> {
    let bytes = text.as_bytes();
    let is_object = bytes.get(at) == Some(&b'{');
    let index = path.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let index = index.and_then(|(number, rest)| Some((number.parse::<usize>().ok()?, rest)));
    if !is_object && (bytes.get(at) != Some(&b'[') || index.is_none()) {
        return None;
    }
    let mut next = skip_blanks(bytes, at + 1);
    for number in 0.. {
        if matches!(bytes.get(next)?, b'}' | b']') {
            return None;
        }
        if is_object {
            let end = skip_value(bytes, next);
            let key = text.get(next + 1..end.checked_sub(1)?)?;
            next = skip_blanks(bytes, skip_blanks(bytes, end) + 1);
            let rest = path.strip_prefix(key).filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
            if let Some(rest) = rest.filter(|_| !key.is_empty()) {
                return Some((next, rest));
            }
        } else if let Some((_, rest)) = index.filter(|(wanted, _)| *wanted == number) {
            return Some((next, rest));
        }
        next = skip_blanks(bytes, skip_value(bytes, next));
        if bytes.get(next) == Some(&b',') {
            next = skip_blanks(bytes, next + 1);
        }
    }
    None
}

/// The first byte from here on that is no blank.
fn skip_blanks(bytes: &[u8], from: usize) -> usize {
    let blanks = bytes.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    from + blanks
}

/// One past the value that begins here.
fn skip_value(bytes: &[u8], from: usize) -> usize {
    let (mut depth, mut at) = (0_usize, from);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return at,
            b'}' | b']' => depth -= 1,
            b'"' => {
                at += 1;
                while bytes.get(at).is_some_and(|byte| *byte != b'"') {
                    at += if bytes.get(at) == Some(&b'\\') { 2 } else { 1 };
                }
            }
            _ if depth > 0 || !matches!(byte, b':' | b' ' | b'\n' | b'\r' | b'\t') => {}
            _ => return at,
        }
        at += 1;
        if depth == 0 && matches!(byte, b'}' | b']' | b'"') {
            return at;
        }
    }
    at
}

/// Line and column of a byte, both from 1, columns in characters.
fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// What is wrong with an argument: the message, and for an expression the text with a mark under the place.
pub(crate) fn in_argument(what: &str, expression: Option<&str>, error: &Error) -> Failure {
    let is_of_expression = error.class() == ErrorClass::InvalidExpression || error.code().starts_with("expr.");
    match expression.filter(|_| is_of_expression) {
        Some(expression) => Failure::Text(format!("{what}: {}", error.render(expression))),
        None => {
            let help = error.help().map(|help| format!("\n  help: {help}")).unwrap_or_default();
            Failure::Text(format!("{what}: {}{help}", io::one_line(&error.to_string())))
        }
    }
}

/// Tells what loading found worth a second look.
pub(crate) fn tell_warnings(warnings: Vec<String>) {
    for warning in warnings {
        io::complain(&format!("warning: {warning}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_their_values() {
        let text = r#" {"a": [1, {"b\"]": [], "c": "x]}\\", "d.e": {"f": -2}}, [[], 7]], "z": null} "#;
        for (path, rest) in [
            ("a[0]", "1,"),
            ("a[1].c", r#""x]}\\","#),
            ("a[1].d.e.f", "-2}"),
            ("a[2][1]", "7]"),
            ("a[2][5]", "[[]"),
            ("z", "null"),
            ("z.y", "null"),
            ("nosuch", "{"),
            ("a[x]", "[1"),
            ("", "{"),
        ] {
            assert!(text[locate(text, path)..].starts_with(rest), "{path}");
        }
        assert_eq!(locate("", "a"), 0);
        assert_eq!(locate("{", "a"), 0);
    }

    #[test]
    fn a_place_at_the_end_of_a_message_goes() {
        assert_eq!(without_place("a: expected value in line 12, column 3"), "a: expected value");
        assert_eq!(without_place("a in line b: text ends"), "a in line b: text ends");
        assert_eq!(without_place(""), "");
    }

    #[test]
    fn places_are_counted_in_characters() {
        assert_eq!(line_and_column("ä\nöü x", 8), (2, 4));
        assert_eq!(line_and_column("", 0), (1, 1));
    }
}

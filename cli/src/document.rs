//! Clusters, tasks and definitions as files, and errors in them as text that shows the place.

use std::borrow::Cow;
use std::path::Path;

use placewright::adapter::{Session, SessionOptions};
use placewright::json::Json;
use placewright::{Error, ErrorClass, ErrorKind, Span, wire};

use crate::io::{self, Failure};

/// Reads a file as JSON and does something with the tree.
pub(crate) fn with_json<T>(path: &Path, then: impl FnOnce(&Json<'_>) -> Result<T, Error>) -> Result<T, Failure> {
    let text = io::read(path)?;
    let json = Json::parse(&text).map_err(|error| in_file(path, &text, &error))?;
    then(&json).map_err(|error| in_file(path, &text, &error))
}

/// A session from a cluster file: describe output, its array alone, or a state that was exported. `zones` are subnets with
/// their Availability Zones, on top of those of the file.
pub(crate) fn cluster(path: &Path, zones: &[(&str, &str)]) -> Result<Session, Failure> {
    let text = io::read(path)?;
    let json = Json::parse(&text).map_err(|error| in_file(path, &text, &error))?;
    let session = if json.get("format").is_some_and(|format| format.as_text() == Ok(wire::FORMAT)) {
        if !zones.is_empty() {
            return Err(Failure::Input("an exported state has its own zones of subnets".to_string()));
        }
        Session::import(&text)
    } else {
        Session::from_json_tree(&with_zones(json, zones), SessionOptions::default())
    };
    session.map_err(|error| in_file(path, &text, &error))
}

/// The cluster document with the zones of more subnets.
fn with_zones<'a>(json: Json<'a>, zones: &[(&'a str, &'a str)]) -> Json<'a> {
    let mut entries = match json {
        Json::Array(_) => vec![(Cow::Borrowed("containerInstances"), json)],
        Json::Object(entries) => entries,
        other => return other,
    };
    if !zones.is_empty() {
        let given = entries.iter().position(|(key, _)| key == "xSubnets").map(|at| entries.swap_remove(at).1);
        let mut subnets = if let Some(Json::Object(subnets)) = given { subnets } else { Vec::new() };
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
    let place = error.span().filter(|_| is_of_text).map(|span| line_and_column(text, span.start));
    let place = place.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
    let help = error.help().map(|help| format!(" ({help})")).unwrap_or_default();
    Failure::Input(format!("{}{place}: {error}{help}", io::name(path)))
}

/// Line and column of a byte, both from 1, columns in characters.
fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// What is wrong with an argument: the message, and for an expression the text with a mark under the place.
pub(crate) fn in_argument(what: &str, expression: Option<&str>, error: &Error) -> Failure {
    let help = error.help().map(|help| format!("\n  help: {help}")).unwrap_or_default();
    let is_of_expression = error.class() == ErrorClass::InvalidExpression || error.code().starts_with("expr.");
    match (expression, error.span()) {
        (Some(expression), Some(span)) if is_of_expression => {
            Failure::Text(format!("{what}: {}\n{}{help}", io::one_line(error.message()), marked(expression, span)))
        }
        _ => Failure::Text(format!("{what}: {}{help}", io::one_line(&error.to_string()))),
    }
}

/// Characters of an expression that are shown to either side of a mark.
const SHOWN: usize = 60;

/// The line of an expression that a span begins in, and under it a mark as wide as the span.
fn marked(expression: &str, span: Span) -> String {
    let (before, rest) = expression.split_at_checked(span.start).unwrap_or((expression, ""));
    let width = rest.get(..span.end.saturating_sub(span.start)).unwrap_or(rest).chars().count();
    let flat = |letter: char| if letter.is_control() { ' ' } else { letter };
    let skipped = before.chars().count().saturating_sub(SHOWN);
    let head: String = before.chars().skip(skipped).map(flat).collect();
    let tail: String = rest.chars().take(width.min(SHOWN) + SHOWN).map(flat).collect();
    let dots = if skipped > 0 { "…" } else { "" };
    let end = if tail.chars().count() < rest.chars().count() { "…" } else { "" };
    let blank = " ".repeat(dots.chars().count() + head.chars().count());
    format!("  {dots}{head}{tail}{end}\n  {blank}{}", "^".repeat(width.clamp(1, SHOWN)))
}

/// Tells the warnings that loading left behind.
pub(crate) fn tell_warnings(session: &mut Session) {
    for warning in session.take_warnings() {
        io::complain(&format!("warning: {warning}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_characters() {
        assert_eq!(line_and_column("ä\nöü x", 8), (2, 4));
        assert_eq!(line_and_column("", 0), (1, 1));
        assert_eq!(marked("a == b", Span::new(5, 6)), "  a == b\n       ^");
        assert_eq!(marked("ä ö", Span::new(3, 5)), "  ä ö\n    ^");
        assert_eq!(marked("a", Span::new(1, 1)), "  a\n   ^");
        let long = "x".repeat(500);
        assert!(marked(&long, Span::new(250, 400)).lines().all(|line| line.chars().count() < 200));
    }
}

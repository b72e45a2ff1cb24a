//! Expressions for those who write them in an editor: diagnoses with corrections, and what may be written at a place.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use hashbrown::HashMap;

use super::attributes::most_frequent;
use crate::cluster::Cluster;
use crate::error::{Error, ErrorClass, ErrorKind, Span, nearest};
use crate::expr::{self, Place, Slot, Subject, Token, TokenKind};

/// Values that a completion offers at most.
const VALUES_MAX: usize = 100;

/// A text to put in place of a part of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The text.
    pub text: String,
    /// The part.
    pub span: Span,
}

/// Something to tell the writer of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether it only warns: it is no reason for the expression not to compile.
    pub is_warning: bool,
    /// Stable text: that of an error's kind, `expr.unknown_attribute` or `expr.unknown_value`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What to do about it.
    pub help: Option<String>,
    /// What could stand there: texts, and `NAME`, `VALUE`, `PATTERN` or `LIST` for what is free. Empty where that is not the
    /// point.
    pub expected: Vec<&'static str>,
    /// Likely corrections, the likeliest first.
    pub suggestions: Vec<Suggestion>,
}

/// An expression as an editor wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The canonical text; `None` where it does not compile.
    pub canonical: Option<String>,
    /// Names of the attributes it reads, sorted; empty where it does not compile.
    pub attribute_names: Vec<String>,
    /// Its tokens.
    pub tokens: Vec<Token>,
    /// Errors in the order of the text, that of [`expr::compile`] among them; then warnings. What is wrong with the names and arguments
    /// of one predicate says nothing of another, so each is told; what is behind an error of syntax is not read.
    pub diagnostics: Vec<Diagnostic>,
}

/// What a completion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CompletionKind {
    /// A subject other than an attribute.
    Subject,
    /// `attribute:NAME`.
    Attribute,
    /// An operator.
    Operator,
    /// `and`, `or`, `not`, or a parenthesis or bracket.
    Keyword,
    /// A value.
    Value,
}

impl CompletionKind {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Attribute => "attribute",
            Self::Operator => "operator",
            Self::Keyword => "keyword",
            Self::Value => "value",
        }
    }
}

/// Warnings that come with a correction, which is looked for among all values there are.
const CORRECTED_MAX: usize = 16;

/// What may be written at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletionItem {
    /// The text, as it has to be written.
    pub text: String,
    /// What it is.
    pub kind: CompletionKind,
    /// Instances that carry that attribute, or have that value.
    pub count: Option<usize>,
}

/// What may be written at a place of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What is written there so far, up to the place.
    pub span: Span,
    /// What it may become: what begins as it does before what only contains it.
    pub items: Vec<CompletionItem>,
}

/// An expression as an editor wants it, without a cluster to hold it against. Never fails.
///
/// Cost: that of compiling it, and for each mistake, linear in the text; allocates.
#[must_use]
pub fn diagnose(text: &str) -> Diagnosis {
    diagnosed(text).0
}

/// A diagnosis, and whether the text was read to its end.
fn diagnosed(text: &str) -> (Diagnosis, bool) {
    let tokens = expr::tokens(text);
    match expr::compile(text) {
        Ok(expression) => {
            let attribute_names = expression.attribute_names().map(String::from).collect();
            let canonical = Some(expression.as_str().to_string());
            (Diagnosis { canonical, attribute_names, tokens, diagnostics: Vec::new() }, true)
        }
        Err(error) => {
            let expr::Mistakes { errors, is_read } = expr::mistakes(text, error);
            let diagnostics = errors.iter().map(|error| diagnostic(text, error)).collect();
            (Diagnosis { canonical: None, attribute_names: Vec::new(), tokens, diagnostics }, is_read)
        }
    }
}

/// An error with what could stand in its place.
fn diagnostic(text: &str, error: &Error) -> Diagnostic {
    // OK: every error of an expression has a span.
    let span = error.span().unwrap_or(Span::new(0, text.len()));
    let place = expr::place_between(text, span.start);
    let is_of_place = matches!(
        error.kind(),
        ErrorKind::ExprSyntax | ErrorKind::ExprUnknownSubject | ErrorKind::ExprOperator | ErrorKind::ExprLiteral
    );
    let expected =
        if is_of_place && error.class() == ErrorClass::InvalidExpression { expected(&place) } else { Vec::new() };
    let wrong = text.get(span.start..span.end).unwrap_or_default();
    Diagnostic {
        is_warning: false,
        code: error.code(),
        message: error.message().to_string(),
        span,
        help: error.help().map(String::from),
        suggestions: suggestions(wrong, span, &expected),
        expected,
    }
}

/// What could stand at a place.
fn expected(place: &Place) -> Vec<&'static str> {
    match place.slot {
        Slot::Operand => ["not", "("].into_iter().chain(expr::subjects()).collect(),
        Slot::Operator => expr::operators(place.subject).collect(),
        Slot::Value | Slot::Item if place.subject == Some(Subject::AgentConnected) => vec!["true", "false"],
        Slot::Value | Slot::Item => vec!["VALUE"],
        Slot::Pattern => vec!["PATTERN"],
        Slot::List => vec!["["],
        Slot::ItemEnd => vec![",", "]"],
        Slot::Join if place.parentheses > 0 => vec!["and", "or", ")"],
        Slot::Join => vec!["and", "or"],
    }
}

/// Corrections of what is written.
fn suggestions(wrong: &str, span: Span, expected: &[&'static str]) -> Vec<Suggestion> {
    let lower = wrong.to_ascii_lowercase();
    let text = if expected.contains(&lower.as_str()) && lower != wrong {
        Some(lower)
    } else if wrong == "=" && expected.contains(&"==") {
        Some(String::from("=="))
    } else if let (Some((prefix, name)), true) = (wrong.split_once(':'), expected.contains(&"attribute:")) {
        let near = nearest(prefix, ["attribute", "task"]).filter(|near| *near != prefix);
        near.map(|near| if near == "task" { String::from("task:group") } else { format!("attribute:{name}") })
    } else if wrong.is_empty() {
        None
    } else {
        let known = expected
            .iter()
            .copied()
            .filter(|name| !matches!(*name, "NAME" | "VALUE" | "PATTERN" | "LIST" | "attribute:"));
        nearest(wrong, known).map(String::from)
    };
    text.map(|text| Suggestion { text, span }).into_iter().collect()
}

impl Cluster {
    /// An expression as an editor wants it, with warnings about attributes and values that no instance has. Never fails.
    ///
    /// Cost: that of [`diagnose`]; without an error of syntax, for each attribute read, linear in instances and in what they carry, and
    /// for each value written, linear in the values that instances have of its attribute; allocates.
    #[must_use]
    pub fn diagnose(&self, text: &str) -> Diagnosis {
        let (mut diagnosis, is_read) = diagnosed(text);
        if is_read {
            let is_apart = |one: Span, other: Span| one.end <= other.start || other.end <= one.start;
            // What is no name, no instance carries: that is one mistake.
            let mut warnings = self.warnings(text, &diagnosis.tokens);
            warnings.retain(|warning| diagnosis.diagnostics.iter().all(|error| is_apart(warning.span, error.span)));
            diagnosis.diagnostics.extend(warnings);
        }
        diagnosis
    }

    /// Warnings about what no instance has.
    fn warnings(&self, text: &str, tokens: &[Token]) -> Vec<Diagnostic> {
        let mut warnings = Vec::new();
        let mut name = None;
        let mut is_equality = false;
        let mut values: HashMap<&str, Vec<&str>> = HashMap::new();
        for token in tokens {
            let written = text.get(token.span.start..token.span.end).unwrap_or_default();
            match token.kind {
                TokenKind::Attribute => {
                    let attribute = written.split_once(':').map_or("", |(_, name)| name);
                    let is_known = self.attribute_names().any(|known| known == attribute);
                    name = is_known.then_some(attribute);
                    if !is_known && !attribute.is_empty() {
                        warnings.push(unknown_attribute(attribute, token.span, self.attribute_names()));
                    }
                }
                TokenKind::Subject | TokenKind::Keyword => name = None,
                TokenKind::Operator => is_equality = matches!(written, "==" | "equals" | "in"),
                TokenKind::Value => {
                    if let Some(name) = name.filter(|_| is_equality) {
                        let known = values.entry(name).or_insert_with(|| sorted(&self.values_of(name)));
                        let near_ones = if warnings.len() < CORRECTED_MAX { &known[..] } else { &[] };
                        if !known.iter().any(|value| expr::is_written_as(value, written)) {
                            warnings.push(unknown_value(near_ones, name, written, token.span));
                        }
                    }
                }
                _ => {}
            }
        }
        warnings
    }

    /// Values that instances have of an attribute, with how many have each.
    fn values_of(&self, name: &str) -> HashMap<&str, usize> {
        let mut values = HashMap::new();
        for instance in self.instances().filter_map(|id| self.instance(id).ok()) {
            if let Some(value) = instance.attribute(name).filter(|value| !value.is_empty()) {
                *values.entry(value).or_default() += 1;
            }
        }
        values
    }

    /// What may be written at a byte of an expression: subjects, the attributes of this cluster, operators that the subject before
    /// allows, values that instances have.
    ///
    /// Cost: linear in the text, in instances and in what they carry; allocates.
    #[must_use]
    pub fn complete(&self, text: &str, position: usize) -> Completion {
        let place = expr::place(text, position);
        let typed = text.get(place.span.start..place.span.end).unwrap_or_default();
        let mut items = self.candidates(&place);
        let wanted = typed.trim_start_matches(['\'', '"']).to_ascii_lowercase();
        let rank = |item: &CompletionItem| {
            let text = item.text.trim_start_matches(['\'', '"']).to_ascii_lowercase();
            if text.starts_with(&wanted) { Some(0_u8) } else { text.contains(&wanted).then_some(1) }
        };
        items.retain(|item| rank(item).is_some());
        items.sort_by_key(rank);
        Completion { span: place.span, items }
    }

    /// Everything that could stand at a place.
    fn candidates(&self, place: &Place) -> Vec<CompletionItem> {
        let item = |text: &str, kind| CompletionItem { text: String::from(text), kind, count: None };
        match place.slot {
            Slot::Operand => {
                let attributes = self.attribute_summary(0).into_iter().map(|summary| CompletionItem {
                    text: format!("attribute:{}", summary.name),
                    kind: CompletionKind::Attribute,
                    count: Some(summary.count),
                });
                let others = expr::subjects().filter(|name| *name != "attribute:");
                let others = others.map(|name| item(name, CompletionKind::Subject));
                attributes.chain(others).chain(["not", "("].map(|word| item(word, CompletionKind::Keyword))).collect()
            }
            Slot::Operator => expr::operators(place.subject).map(|name| item(name, CompletionKind::Operator)).collect(),
            Slot::Value | Slot::Item => self.values(place),
            Slot::Pattern => Vec::new(),
            Slot::List | Slot::ItemEnd | Slot::Join => {
                expected(place).into_iter().map(|word| item(word, CompletionKind::Keyword)).collect()
            }
        }
    }

    /// Values that instances have of the subject of a place.
    fn values(&self, place: &Place) -> Vec<CompletionItem> {
        let mut values: HashMap<&str, usize> = HashMap::new();
        match place.subject {
            Some(Subject::Attribute) => values = self.values_of(&place.attribute),
            Some(Subject::TaskGroup) => {
                for task in self.tasks().filter_map(|id| self.task(id).ok()) {
                    *values.entry(task.group()).or_default() += 1;
                }
            }
            subject => {
                for instance in self.instances().filter_map(|id| self.instance(id).ok()) {
                    let value = match subject {
                        Some(Subject::AgentConnected) => {
                            Some(if instance.is_agent_connected() { "true" } else { "false" })
                        }
                        Some(Subject::AgentVersion) => instance.agent_version(),
                        Some(Subject::Ec2InstanceId) => instance.ec2_instance_id(),
                        _ => None,
                    };
                    if let Some(value) = value {
                        *values.entry(value).or_default() += 1;
                    }
                }
            }
        }
        let is_of_instances = place.subject != Some(Subject::TaskGroup);
        let values = most_frequent(values, VALUES_MAX).into_iter().filter_map(|(value, count)| {
            let count = is_of_instances.then_some(count);
            Some(CompletionItem { text: expr::written(&value)?, kind: CompletionKind::Value, count })
        });
        values.collect()
    }
}

/// A warning about a value that no instance has of an attribute, with the nearest of some in order of text.
fn unknown_value(values: &[&str], name: &str, written: &str, span: Span) -> Diagnostic {
    let bare = written.trim_matches(['\'', '"']);
    let near = nearest(bare, values.iter().copied()).and_then(expr::written);
    Diagnostic {
        is_warning: true,
        code: "expr.unknown_value",
        message: format!("no instance has the value {written} of `{name}`"),
        span,
        help: near.as_ref().map(|near| format!("did you mean `{near}`?")),
        expected: Vec::new(),
        suggestions: near.map(|text| Suggestion { text, span }).into_iter().collect(),
    }
}

/// A warning about an attribute that no instance carries.
fn unknown_attribute<'k>(name: &str, span: Span, known: impl Iterator<Item = &'k str>) -> Diagnostic {
    let near = nearest(name, known);
    Diagnostic {
        is_warning: true,
        code: "expr.unknown_attribute",
        message: format!("no instance carries the attribute `{name}`"),
        span,
        help: near.map(|near| format!("did you mean `attribute:{near}`?")),
        expected: Vec::new(),
        suggestions: near.map(|near| Suggestion { text: format!("attribute:{near}"), span }).into_iter().collect(),
    }
}

/// Values in the order of text, so that the nearest is always the same.
fn sorted<'v>(values: &HashMap<&'v str, usize>) -> Vec<&'v str> {
    let mut values: Vec<&str> = values.keys().copied().collect();
    values.sort_unstable();
    values
}

//! Names and types: the operator table, and the split into static and volatile operands.
//!
//! A tree that passes cannot fail when it is evaluated, for any instance: every literal has been read in the type of its
//! subject, and every pattern has been compiled.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::ast::{Argument, Node, Operator, Predicate, print_predicate};
use super::eval::{Timestamp, parse_integer, version_core};
use super::parse::listed;
use super::pattern::Pattern;
use super::program::{Checked, Comparison, Leaf, Subject, Test};
use super::token::{Text, shown};
use crate::error::{Error, ErrorKind, Span, nearest};

/// A tree whose predicates are checked.
#[derive(Debug, Clone)]
pub(super) enum Tree {
    /// At least one operand holds.
    Or(Vec<Self>),
    /// Every operand holds.
    And(Vec<Self>),
    /// The operand does not hold.
    Not(Box<Self>),
    /// A predicate.
    Leaf(Leaf),
}

impl Tree {
    /// Whether no placement can change the answer.
    pub(super) fn is_static(&self) -> bool {
        match self {
            Self::Or(operands) | Self::And(operands) => operands.iter().all(Self::is_static),
            Self::Not(operand) => operand.is_static(),
            Self::Leaf(leaf) => !leaf.subject().is_volatile(),
        }
    }

    /// Splits the operands of the top-level `and` into those that read static facts only and the others.
    pub(super) fn split(self) -> (Option<Self>, Option<Self>) {
        let operands = match self {
            Self::And(operands) => operands,
            other => vec![other],
        };
        let (fixed, volatile): (Vec<_>, Vec<_>) = operands.into_iter().partition(Self::is_static);
        (Self::one_or(fixed, Self::And), Self::one_or(volatile, Self::And))
    }

    /// Nothing, the only operand, or the node over all of them.
    pub(super) fn one_or(mut operands: Vec<Self>, node: fn(Vec<Self>) -> Self) -> Option<Self> {
        if operands.len() > 1 { Some(node(operands)) } else { operands.pop() }
    }
}

/// Checks a tree read from `source`.
pub(super) fn check(node: &Node, source: &str) -> Result<Tree, Error> {
    let all = |operands: &[Node]| operands.iter().map(|operand| check(operand, source)).collect::<Result<Vec<_>, _>>();
    Ok(match node {
        Node::Or(operands) => Tree::Or(all(operands)?),
        Node::And(operands) => Tree::And(all(operands)?),
        Node::Not(operand) => Tree::Not(Box::new(check(operand, source)?)),
        Node::Predicate(predicate) => Tree::Leaf(check_predicate(predicate, source)?),
    })
}

/// Everything that is wrong with a tree read from `source`, in the order of the text: one mistake a predicate, as what else
/// may be written in one depends on its subject and operator. The first is the one that [`check`] gives.
pub(super) fn mistakes(node: &Node, source: &str, found: &mut Vec<Error>) {
    match node {
        Node::Or(operands) | Node::And(operands) => {
            operands.iter().for_each(|operand| mistakes(operand, source, found));
        }
        Node::Not(operand) => mistakes(operand, source, found),
        Node::Predicate(predicate) => found.extend(check_predicate(predicate, source).err()),
    }
}

/// What precedes the name of an attribute.
pub(super) const ATTRIBUTE_PREFIX: &str = "attribute:";

/// The subjects, as an error lists them.
pub(super) const SUBJECTS: [(&str, Subject); 7] = [
    ("agentConnected", Subject::AgentConnected),
    ("agentVersion", Subject::AgentVersion),
    ("attribute:NAME", Subject::Attribute),
    ("ec2InstanceId", Subject::Ec2InstanceId),
    ("registeredAt", Subject::RegisteredAt),
    ("runningTasksCount", Subject::RunningTasksCount),
    ("task:group", Subject::TaskGroup),
];

/// The subjects for a message.
pub(super) fn listed_subjects() -> String {
    listed(SUBJECTS.iter().map(|&(name, _)| name))
}

/// Longest name of an attribute, in characters.
const ATTRIBUTE_NAME_CHARS_MAX: usize = crate::limits::ECS_ATTRIBUTE_CHARS_MAX;

/// The operators a subject allows.
pub(super) const fn allowed(subject: Subject) -> &'static [Operator] {
    use Operator::{
        Equal, Exists, Greater, GreaterEqual, In, Less, LessEqual, Matches, NotEqual, NotExists, NotIn, NotMatches,
    };
    match subject {
        Subject::AgentConnected | Subject::Ec2InstanceId | Subject::TaskGroup => {
            &[Equal, NotEqual, In, NotIn, Matches, NotMatches]
        }
        Subject::AgentVersion | Subject::RegisteredAt | Subject::RunningTasksCount => {
            &[Equal, NotEqual, Greater, GreaterEqual, Less, LessEqual]
        }
        Subject::Attribute => &[
            Equal,
            NotEqual,
            Greater,
            GreaterEqual,
            Less,
            LessEqual,
            Exists,
            NotExists,
            In,
            NotIn,
            Matches,
            NotMatches,
        ],
    }
}

/// The subject a word names, and the name of the attribute if it is one.
fn resolve(word: &str, span: Span) -> Result<(Subject, &str), Error> {
    if let Some(name) = word.strip_prefix(ATTRIBUTE_PREFIX) {
        let name_start = span.start + ATTRIBUTE_PREFIX.len();
        if name.is_empty() {
            return Err(Error::with_message(ErrorKind::ExprSyntax, "attribute name is missing")
                .at(span)
                .with_help("expected a name behind `attribute:`"));
        }
        let is_name_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '\\' | '.');
        if let Some((at, c)) = name.char_indices().find(|&(_, c)| !is_name_char(c)) {
            let start = name_start + at;
            return Err(Error::with_message(
                ErrorKind::ExprSyntax,
                format!("attribute name has the character {}", shown(c.encode_utf8(&mut [0; 4]))),
            )
            .at(Span::new(start, start + c.len_utf8()))
            .with_help("expected letters, digits, `-`, `_`, `/`, `\\` or `.`"));
        }
        if name.len() > ATTRIBUTE_NAME_CHARS_MAX {
            return Err(Error::with_message(
                ErrorKind::ExprSyntax,
                format!("attribute name has more than {ATTRIBUTE_NAME_CHARS_MAX} characters"),
            )
            .at(Span::new(name_start, span.end))
            .with_help("expected the name of an attribute"));
        }
        return Ok((Subject::Attribute, name));
    }
    let known = SUBJECTS.iter().find(|&&(name, subject)| name == word && subject != Subject::Attribute);
    if let Some(&(_, subject)) = known {
        return Ok((subject, ""));
    }
    let error = Error::with_message(ErrorKind::ExprUnknownSubject, format!("unknown subject {}", shown(word))).at(span);
    let names = || SUBJECTS.iter().map(|&(name, _)| name);
    let prefixed = word.split_once(':').map_or(word, |(prefix, _)| prefix);
    Err(if nearest(prefixed, ["attribute"]).is_some() {
        error.with_help("did you mean `attribute:NAME`?")
    } else {
        match nearest(word, names()) {
            Some(name) => error.with_help(format!("did you mean `{name}`?")),
            None => error.with_help(format!("expected one of {}", listed_subjects())),
        }
    })
}

/// Checks one predicate.
fn check_predicate(predicate: &Predicate, source: &str) -> Result<Leaf, Error> {
    let (subject, attribute) = resolve(&predicate.subject, predicate.subject_span)?;
    let operator = predicate.operator;
    let allowed = allowed(subject);
    if !allowed.contains(&operator) {
        return Err(Error::with_message(
            ErrorKind::ExprOperator,
            format!("operator `{}` is not allowed for {}", operator.as_str(), shown(&predicate.subject)),
        )
        .at(predicate.operator_span)
        .with_help(format!("expected one of {}", listed(allowed.iter().map(|operator| operator.as_str())))));
    }
    let is_negated = matches!(operator, Operator::NotExists | Operator::NotIn | Operator::NotMatches)
        || (operator == Operator::NotEqual && is_text(subject));
    Ok(Leaf::new(Checked {
        subject,
        attribute: attribute.into(),
        test: check_argument(subject, predicate, source)?,
        is_negated,
        text: print_predicate(predicate),
    }))
}

/// Whether equality on a subject is equality of texts.
const fn is_text(subject: Subject) -> bool {
    matches!(subject, Subject::AgentConnected | Subject::Attribute | Subject::Ec2InstanceId | Subject::TaskGroup)
}

/// Reads the argument in the type of the subject.
fn check_argument(subject: Subject, predicate: &Predicate, source: &str) -> Result<Test, Error> {
    match (&predicate.argument, comparison(predicate.operator)) {
        (Argument::None, _) => Ok(Test::Exists),
        (Argument::List(items), _) => one_of(subject, items),
        (Argument::One(text), None) => compile_pattern(text, predicate.operator_span, source).map(Test::Matches),
        (Argument::One(text), Some(Comparison::Equal | Comparison::NotEqual)) if is_text(subject) => {
            one_of(subject, core::slice::from_ref(text))
        }
        (Argument::One(text), Some(comparison)) => match subject {
            Subject::AgentVersion => match version_core(&text.value) {
                Some(core) => Ok(Test::Version(comparison, core.to_string())),
                None => Err(literal_error(text, "a version", "expected numbers with points between, e.g. `1.14.5`")),
            },
            Subject::RunningTasksCount => match parse_integer(&text.value) {
                Some(count) => Ok(Test::Count(comparison, count)),
                None => Err(literal_error(text, "an integer", "expected an integer, e.g. `2`")),
            },
            Subject::RegisteredAt => match Timestamp::parse(&text.value) {
                Some(instant) => Ok(Test::Instant(comparison, instant)),
                None => Err(literal_error(
                    text,
                    "a date",
                    "expected `2018-06-18`, `2018-06-18T22:28:28`, `2018-06-18T22:28:28Z` or `2018-06-18T22:28:28+00:00`",
                )),
            },
            _ => Ok(Test::Text(comparison, text.value.clone())),
        },
    }
}

/// The comparison an operator makes, if it makes one.
const fn comparison(operator: Operator) -> Option<Comparison> {
    match operator {
        Operator::Equal => Some(Comparison::Equal),
        Operator::NotEqual => Some(Comparison::NotEqual),
        Operator::Greater => Some(Comparison::Greater),
        Operator::GreaterEqual => Some(Comparison::GreaterEqual),
        Operator::Less => Some(Comparison::Less),
        Operator::LessEqual => Some(Comparison::LessEqual),
        _ => None,
    }
}

/// Membership among texts.
fn one_of(subject: Subject, items: &[Text]) -> Result<Test, Error> {
    if subject == Subject::AgentConnected {
        if let Some(text) = items.iter().find(|text| !matches!(text.value.as_str(), "true" | "false")) {
            return Err(literal_error(text, "`true` or `false`", "expected `true` or `false`"));
        }
    }
    let mut values: Vec<String> = items.iter().map(|text| text.value.clone()).collect();
    values.sort_unstable();
    values.dedup();
    Ok(Test::OneOf(values.into_boxed_slice()))
}

/// An argument that is not of its type.
fn literal_error(text: &Text, type_name: &str, help: &str) -> Error {
    Error::with_message(ErrorKind::ExprLiteral, format!("{} is not {type_name}", shown(&text.value)))
        .at(text.span)
        .with_help(help)
}

/// Compiles a pattern, and puts its errors into the whole text.
#[cfg(feature = "regex")]
fn compile_pattern(text: &Text, _operator: Span, source: &str) -> Result<Pattern, Error> {
    Pattern::compile(&text.value).map_err(|fault| {
        let is_quoted = source.get(text.span.start..).is_some_and(|rest| rest.starts_with(['\'', '"']));
        let start = text.span.start + usize::from(is_quoted);
        let end = text.span.end - usize::from(is_quoted);
        // With an escaped quote inside, places in the value are not places in the text.
        let is_verbatim = source.get(start..end) == Some(text.value.as_str());
        let span = if is_verbatim { Span::new(start + fault.start, start + fault.end) } else { text.span };
        Error::with_message(fault.kind, fault.message).at(span).with_help(fault.help)
    })
}

/// Refuses a pattern: this build has no regular expressions.
#[cfg(not(feature = "regex"))]
fn compile_pattern(_text: &Text, operator: Span, _source: &str) -> Result<Pattern, Error> {
    Err(Error::with_message(ErrorKind::ExprRegexDisabled, ErrorKind::ExprRegexDisabled.summary())
        .at(operator)
        .with_help("build with the feature `regex`, or use `==` or `in`"))
}

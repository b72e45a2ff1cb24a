//! The one error type: what was wrong, where, and what to do about it.
//!
//! An [`Error`] is wrong input or a limit that was reached. "Nothing was feasible" is not an error; it is a
//! [`Rejection`](crate::outcome::Rejection), returned as a value. Errors of the data plane (a stale id, a full table) are
//! a kind and nothing else, so making one allocates nothing; errors of the control plane keep their text behind an `Arc`,
//! so that passing one on stays cheap.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

/// A byte range of the text an error is about: `start <= end <= text.len()`, both on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The range `start..end`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// The six families of refusal, the same for every caller and every language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorClass {
    /// A value is malformed, out of range, or not allowed here.
    InvalidInput,
    /// A cluster-query expression is malformed or does not type-check.
    InvalidExpression,
    /// A documented bound was passed.
    LimitExceeded,
    /// The thing already exists.
    Duplicate,
    /// The thing does not exist, or no longer does.
    NotFound,
    /// The state does not allow the operation.
    Conflict,
}

impl ErrorClass {
    /// The class as the conformance format writes it, e.g. `invalid-input`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid-input",
            Self::InvalidExpression => "invalid-expression",
            Self::LimitExceeded => "limit-exceeded",
            Self::Duplicate => "duplicate",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $class:ident, $exception:literal, $text:literal;)*) => {
        /// What went wrong, without the details. Match on this or on [`Error::code`], never on the message.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind { $($(#[$doc])* $name,)* }

        impl ErrorKind {
            /// Every kind, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Stable text for the kind, e.g. `expr.unknown_subject`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The family the kind belongs to.
            #[must_use]
            pub const fn class(self) -> ErrorClass {
                match self { $(Self::$name => ErrorClass::$class,)* }
            }

            /// The ECS exception a call refused for this reason would carry.
            #[must_use]
            pub const fn ecs_exception(self) -> &'static str {
                match self { $(Self::$name => $exception,)* }
            }

            /// What the kind means, in one phrase; the message where an error carries no other.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

kinds! {
    /// The expression does not follow the grammar.
    ExprSyntax = "expr.syntax", InvalidExpression, "InvalidParameterException", "expression is malformed";
    /// The expression names a subject the language does not have.
    ExprUnknownSubject = "expr.unknown_subject", InvalidExpression, "InvalidParameterException", "unknown subject";
    /// The operator cannot be used with the subject.
    ExprOperator = "expr.operator", InvalidExpression, "InvalidParameterException", "operator not allowed for the subject";
    /// The argument is not of the subject's type.
    ExprLiteral = "expr.literal", InvalidExpression, "InvalidParameterException", "argument is not of the subject's type";
    /// The regular expression is malformed.
    ExprPattern = "expr.pattern", InvalidExpression, "InvalidParameterException", "regular expression is malformed";
    /// The regular expression uses Java syntax that needs a backtracking engine.
    ExprPatternUnsupported = "expr.pattern_unsupported", InvalidExpression, "InvalidParameterException", "regular expression uses an unsupported construct";
    /// `=~` or `!~` in a build without the feature `regex`.
    ExprRegexDisabled = "expr.regex_disabled", InvalidExpression, "InvalidParameterException", "this build has no regular expressions";
    /// The expression has too many characters.
    ExprTooLong = "expr.too_long", LimitExceeded, "InvalidParameterException", "expression is too long";
    /// The expression nests too deeply.
    ExprTooDeep = "expr.too_deep", LimitExceeded, "InvalidParameterException", "expression nests too deeply";
    /// A regular expression needs more memory than a pattern may take.
    ExprPatternTooLarge = "expr.pattern_too_large", LimitExceeded, "InvalidParameterException", "regular expression is too large";

    /// The text is not JSON.
    JsonSyntax = "json.syntax", InvalidInput, "SerializationException", "malformed JSON";
    /// The JSON nests too deeply.
    JsonTooDeep = "json.too_deep", InvalidInput, "SerializationException", "JSON nests too deeply";
    /// An object has the same key twice.
    JsonDuplicateKey = "json.duplicate_key", InvalidInput, "SerializationException", "duplicate key";
    /// A value has the wrong JSON type.
    JsonType = "json.type", InvalidInput, "SerializationException", "wrong type";
    /// A required key is missing.
    JsonMissing = "json.missing", InvalidInput, "InvalidParameterException", "missing key";
    /// A key that our own formats do not have.
    JsonUnknownKey = "json.unknown_key", InvalidInput, "InvalidParameterException", "unknown key";

    /// A parameter has a value that is not allowed.
    InvalidParameter = "input.invalid", InvalidInput, "InvalidParameterException", "invalid parameter";
    /// A resource amount is negative, or otherwise not an amount.
    InvalidAmount = "input.amount", InvalidInput, "InvalidParameterException", "invalid amount";
    /// A port is outside 1 to 65535.
    InvalidPort = "input.port", InvalidInput, "InvalidParameterException", "invalid port";
    /// An attribute name or value breaks the rules for it.
    InvalidAttribute = "input.attribute", InvalidInput, "InvalidParameterException", "invalid attribute";
    /// A task definition that ECS refuses.
    InvalidDefinition = "definition.invalid", InvalidInput, "ClientException", "invalid task definition";
    /// A cpu and memory pair that Fargate does not offer.
    InvalidFargateSize = "definition.fargate_size", InvalidInput, "ClientException", "No Fargate configuration exists for given values.";
    /// A placement strategy that ECS refuses.
    InvalidStrategy = "strategy.invalid", InvalidInput, "InvalidParameterException", "invalid placement strategy";
    /// A placement constraint that ECS refuses.
    InvalidConstraint = "constraint.invalid", InvalidInput, "InvalidParameterException", "invalid placement constraint";
    /// Something ECS offers that this engine does not place.
    UnsupportedFeature = "input.unsupported", InvalidInput, "UnsupportedFeatureException", "unsupported feature";
    /// No instance could be considered for the request.
    NoInstances = "cluster.no_instances", InvalidInput, "InvalidParameterException", "No Container Instances were found in your cluster.";

    /// A list, text or number passes a documented bound.
    LimitExceeded = "limit.exceeded", LimitExceeded, "InvalidParameterException", "limit exceeded";
    /// An instance would carry too many custom attributes.
    AttributeLimit = "limit.attributes", LimitExceeded, "AttributeLimitExceededException", "too many custom attributes";
    /// What was reserved is used up, and the cluster was told not to grow.
    CapacityReserved = "limit.reserved", LimitExceeded, "LimitExceededException", "reserved capacity is used up";
    /// A column, table or counter has reached the largest size it can have.
    CapacityMax = "limit.capacity", LimitExceeded, "LimitExceededException", "capacity of the cluster is used up";

    /// An instance with this id is already registered.
    DuplicateInstance = "duplicate.instance", Duplicate, "InvalidParameterException", "container instance is already registered";
    /// A task with this id already exists.
    DuplicateTask = "duplicate.task", Duplicate, "InvalidParameterException", "task already exists";

    /// No container instance has this id.
    InstanceNotFound = "not_found.instance", NotFound, "InvalidParameterException", "no such container instance";
    /// No task has this id.
    TaskNotFound = "not_found.task", NotFound, "InvalidParameterException", "no such task";
    /// No task definition has this name.
    DefinitionNotFound = "not_found.definition", NotFound, "ClientException", "no such task definition";
    /// No attribute has this name on the target.
    AttributeNotFound = "not_found.attribute", NotFound, "TargetNotFoundException", "no such attribute";
    /// A savepoint, prepared request or other handle is no longer valid.
    StaleHandle = "not_found.handle", NotFound, "InvalidParameterException", "handle is no longer valid";

    /// A container instance still runs tasks.
    InstanceNotEmpty = "conflict.instance_not_empty", Conflict, "InvalidParameterException", "container instance still runs tasks";
    /// The operation is not allowed while a savepoint is open.
    SavepointOpen = "conflict.savepoint_open", Conflict, "ConflictException", "not allowed while a savepoint is open";
    /// There is no open savepoint to close.
    NoSavepoint = "conflict.no_savepoint", Conflict, "ConflictException", "no savepoint is open";
}

/// Why a call was refused. The call changed nothing.
///
/// At most two machine words; cloning is cheap.
#[derive(Clone)]
pub struct Error {
    /// The kind.
    kind: ErrorKind,
    /// Text and place, where there are any.
    detail: Option<Arc<Detail>>,
}

/// What an error of the control plane says beyond its kind.
#[derive(Debug, Clone, Default)]
struct Detail {
    /// The message; the kind's summary where empty.
    message: String,
    /// Where in the expression, or in the JSON text.
    span: Option<Span>,
    /// Where in a document, e.g. `containerInstances[3].status`; empty where there is none.
    path: String,
    /// What to do about it; empty where there is nothing to say.
    help: String,
}

impl Error {
    /// An error that says no more than its kind; does not allocate.
    #[cold]
    #[must_use]
    pub const fn new(kind: ErrorKind) -> Self {
        Self { kind, detail: None }
    }

    /// An error with its own message.
    #[cold]
    #[must_use]
    pub fn with_message(kind: ErrorKind, message: impl Into<String>) -> Self {
        let detail = Detail { message: message.into(), ..Detail::default() };
        Self { kind, detail: Some(Arc::new(detail)) }
    }

    /// The same error as another kind.
    #[cold]
    #[must_use]
    pub fn of_kind(mut self, kind: ErrorKind) -> Self {
        let message = String::from(self.message());
        self.detail_mut().message = message;
        self.kind = kind;
        self
    }

    /// The same error, naming the place in the text.
    #[cold]
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.detail_mut().span = Some(span);
        self
    }

    /// The same error without its place in the text, for somebody who does not have that text.
    #[cold]
    #[must_use]
    pub fn without_span(mut self) -> Self {
        if self.span().is_some() {
            self.detail_mut().span = None;
        }
        self
    }

    /// The same error, with advice.
    #[cold]
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.detail_mut().help = help.into();
        self
    }

    /// The same error at another path.
    #[cfg(feature = "serde")]
    pub(crate) fn at_path(mut self, path: &str) -> Self {
        self.detail_mut().path = path.into();
        self
    }

    /// The same error, `segment` put before its path: `in_path("containerInstances[3]")` makes `status` into
    /// `containerInstances[3].status`.
    #[cold]
    #[must_use]
    pub fn in_path(mut self, segment: &str) -> Self {
        let path = &mut self.detail_mut().path;
        if path.is_empty() {
            path.push_str(segment);
        } else if path.starts_with('[') {
            path.insert_str(0, segment);
        } else {
            path.insert(0, '.');
            path.insert_str(0, segment);
        }
        self
    }

    /// The detail, made if there is none, unshared if it is shared.
    fn detail_mut(&mut self) -> &mut Detail {
        Arc::make_mut(self.detail.get_or_insert_with(Arc::default))
    }

    /// What went wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Stable text for what went wrong, e.g. `expr.unknown_subject`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// The family the error belongs to.
    #[must_use]
    pub const fn class(&self) -> ErrorClass {
        self.kind.class()
    }

    /// What went wrong, in words, without place or advice.
    #[must_use]
    pub fn message(&self) -> &str {
        match &self.detail {
            Some(detail) if !detail.message.is_empty() => &detail.message,
            _ => self.kind.summary(),
        }
    }

    /// Where in the text the error lies; always there for an expression.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.detail.as_ref().and_then(|detail| detail.span)
    }

    /// Where in a document the error lies, e.g. `containerInstances[3].status`.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.detail.as_ref().map(|detail| detail.path.as_str()).filter(|path| !path.is_empty())
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.detail.as_ref().map(|detail| detail.help.as_str()).filter(|help| !help.is_empty())
    }

    /// The error on several lines, for a person who sees the text it is about: path and message, the line of `source` in
    /// which the span begins with carets under it, and the advice. Without a span there is no line.
    ///
    /// A long line is cut to what stands near the span, with `…` where it goes on. Control characters are shown as blanks
    /// there, and written out in message and advice. Carets are counted in characters, so they stand askew below characters
    /// of another width.
    ///
    /// # Cost
    /// Linear in the text before the span.
    ///
    /// # Example
    /// ```
    /// let expression = "stack == prod";
    /// let error = placewright::expr::compile(expression).unwrap_err();
    /// let lines: Vec<String> = error.render(expression).lines().map(String::from).collect();
    /// assert_eq!(lines[1..3], ["  stack == prod", "  ^^^^^"]);
    /// ```
    #[must_use]
    pub fn render(&self, source: &str) -> String {
        let mut lines = one_line(&alloc::format!("{self}"));
        if let Some(span) = self.span() {
            lines.push('\n');
            lines.push_str(&marked(source, span));
        }
        if let Some(help) = self.help() {
            lines.push_str("\n  help: ");
            lines.push_str(&one_line(help));
        }
        lines
    }
}

/// Characters that are shown to either side of where a span begins, and most carets under it.
const SHOWN: usize = 60;

/// The line of a text in which a span begins, as far as it is shown, and carets under the span.
fn marked(source: &str, span: Span) -> String {
    // A text that the span was not made for may be shorter, or have no boundary there.
    let boundary = |at: usize| (0..=at.min(source.len())).rev().find(|&at| source.is_char_boundary(at)).unwrap_or(0);
    let (start, end) = (boundary(span.start), boundary(span.end));
    let (before, rest) = source.split_at(start);
    let before = before.rsplit('\n').next().unwrap_or_default();
    let rest = rest.split('\n').next().unwrap_or_default();
    let width = rest.char_indices().take_while(|(at, _)| start + at < end).count().clamp(1, SHOWN);
    let skipped = before.chars().count().saturating_sub(SHOWN);
    let head: String = before.chars().skip(skipped).collect();
    let tail: String = rest.chars().take(width + SHOWN).collect();
    let (dots, more) = (if skipped > 0 { "…" } else { "" }, if tail.len() < rest.len() { "…" } else { "" });
    let blank = " ".repeat(dots.chars().count() + head.chars().count());
    alloc::format!("  {dots}{}{more}\n  {blank}{}", flat(&(head + &tail)), "^".repeat(width))
}

/// Whether a character would steer a terminal instead of being shown.
fn is_steering(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// The text with a blank for every character that is not shown, so that its columns stay.
fn flat(text: &str) -> String {
    text.chars().map(|letter| if is_steering(letter) { ' ' } else { letter }).collect()
}

/// The text with every character that is not shown written out.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_steering(letter) {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = self.path() {
            write!(f, "{path}: ")?;
        }
        f.write_str(self.message())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.code())
            .field("message", &self.message())
            .field("path", &self.path())
            .field("span", &self.span())
            .field("help", &self.help())
            .finish()
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.message() == other.message()
            && self.span() == other.span()
            && self.path() == other.path()
            && self.help() == other.help()
    }
}

impl Eq for Error {}

impl core::error::Error for Error {}

/// Characters of a word that are compared.
const COMPARED_CHARS: usize = 64;

/// The nearest of `known` to `word` by edit distance, if it is near enough to be a slip of the pen.
#[must_use]
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let allowed = word.chars().take(COMPARED_CHARS).count() / 3 + 1;
    known
        .into_iter()
        .map(|candidate| (edit_distance(word, candidate), candidate))
        .filter(|&(distance, _)| distance <= allowed)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance, letters compared without case.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: alloc::vec::Vec<char> = b.chars().take(COMPARED_CHARS).collect();
    let mut row: alloc::vec::Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().take(COMPARED_CHARS).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let above = row[j + 1];
            let change = usize::from(!left.eq_ignore_ascii_case(right));
            row[j + 1] = (diagonal + change).min(above + 1).min(row[j] + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_at_most_two_words() {
        assert!(size_of::<Error>() <= 2 * size_of::<usize>());
    }

    #[test]
    fn codes_are_unique() {
        for (i, a) in ErrorKind::ALL.iter().enumerate() {
            assert!(ErrorKind::ALL[i + 1..].iter().all(|b| a.code() != b.code()), "{}", a.code());
        }
    }

    #[test]
    fn paths_read_outside_in() {
        let error =
            Error::new(ErrorKind::JsonType).in_path("integerValue").in_path("[2]").in_path("registeredResources");
        assert_eq!(error.path(), Some("registeredResources[2].integerValue"));
    }

    #[test]
    fn a_span_is_marked_in_its_line() {
        let render = |source: &str, start: usize, end: usize| {
            let error = Error::with_message(ErrorKind::ExprSyntax, "no").at(Span::new(start, end));
            String::from(error.render(source).strip_prefix("no\n").unwrap_or_default())
        };
        assert_eq!(render("a == b", 5, 6), "  a == b\n       ^");
        assert_eq!(render("ä ö", 3, 5), "  ä ö\n    ^");
        assert_eq!(render("a", 1, 1), "  a\n   ^");
        assert_eq!(render("", 0, 0), "  \n  ^");
        assert_eq!(render("one\r\ntwo ✗✗✗\nthree", 9, 30), "  two ✗✗✗\n      ^^^");
        assert_eq!(render("a\tb\u{1b}c", 2, 3), "  a b c\n    ^");
        // Made for another text: behind its end, inside a character, turned round.
        assert_eq!(render("ö", 7, 9), "  ö\n   ^");
        assert_eq!(render("öö", 3, 4), "  öö\n   ^");
        assert_eq!(render("abc", 2, 1), "  abc\n    ^");
        let long = "ö".repeat(500);
        let (shown, carets) = ("ö".repeat(60 + 60 + 60), "^".repeat(60));
        assert_eq!(render(&long, 400, 800), alloc::format!("  …{shown}…\n  {}{carets}", " ".repeat(61)));
    }

    #[test]
    fn an_error_is_rendered_with_path_and_advice() {
        let error = Error::with_message(ErrorKind::JsonType, "wrong\n`\u{7}`").with_help("do\tit").in_path("a");
        assert_eq!(error.render("anything"), "a: wrong\\n`\\u{7}`\n  help: do\\tit");
        assert_eq!(Error::new(ErrorKind::TaskNotFound).render(""), "no such task");
    }

    #[test]
    fn a_slip_of_the_pen_is_recognised_and_nonsense_is_not() {
        let known = ["agentConnected", "agentVersion", "runningTasksCount"];
        assert_eq!(nearest("runningTaskCount", known), Some("runningTasksCount"));
        assert_eq!(nearest("xyzzy", known), None);
        assert_eq!(nearest(&"z".repeat(500), known), None);
    }
}

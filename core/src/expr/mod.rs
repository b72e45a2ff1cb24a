//! The ECS cluster query language, from text to compiled expression.
//!
//! [`compile`] reads a text once; the [`Expression`] it gives belongs to no cluster and can be asked about any instance
//! through [`Facts`]. Evaluating it never fails, never panics and never recurses, and it allocates nothing beyond what the
//! regular expression engine keeps for itself.
//!
//! Subjects are either *static* (agent, EC2 instance id, registration time, attributes) or *volatile* (task groups, task
//! counts). The top-level `and` is split along that line: [`Expression::static_part`] can be held as a set of instances,
//! [`Expression::residue`] must be asked again after each placement. Both hold exactly when the expression does.
//!
//! The grammar and every rule of meaning are in `docs/expression.md`. The pipeline of small passes is Cedar's
//! (cedar-policy-core, parser), the flat code with golden dumps is Starlark's (starlark-rust, eval/bc).

mod assist;
mod ast;
mod check;
mod code;
mod eval;
mod lower;
mod parse;
#[cfg(feature = "regex")]
mod pattern;
mod program;
mod token;

/// Patterns of a build without regular expressions: there are none.
#[cfg(not(feature = "regex"))]
mod pattern {
    /// A pattern, which this build cannot make.
    #[derive(Debug)]
    pub(super) enum Pattern {}

    impl Pattern {
        /// Whether the whole value matches.
        pub(super) const fn is_match(&self, _value: &str) -> bool {
            match *self {}
        }
    }
}

use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

pub use assist::{Place, Slot, Token, TokenKind, place, tokens};
pub(crate) use assist::{is_written_as, operators, place_between, subjects, written};
pub use code::Parking;
pub use eval::{Facts, Timestamp};
pub use program::{Leaf, Program, Residue, Subject};

use crate::error::{Error, ErrorKind, Span};
use crate::limits::EXPRESSION_CHARS_MAX;

/// A compiled, checked, immutable expression that belongs to no cluster. Cloning shares it.
///
/// Two expressions are equal when their canonical texts are.
#[derive(Clone)]
pub struct Expression(Arc<Compiled>);

/// What an expression holds.
struct Compiled {
    /// The text as given.
    source: Box<str>,
    /// The canonical text.
    canonical: Box<str>,
    /// The whole expression.
    whole: Program,
    /// The operands of the top-level `and` that read static facts only.
    static_part: Option<Program>,
    /// The other operands.
    residue: Option<Residue>,
}

/// Compiles an expression.
///
/// # Errors
/// Every error has a span on character boundaries of `text`, and says in its help what was expected. A text of more than
/// [`EXPRESSION_CHARS_MAX`] characters is refused without being read further.
///
/// Cost: linear in the text, plus what its patterns take to compile, each within
/// [`PATTERN_BYTES_MAX`](crate::limits::PATTERN_BYTES_MAX).
///
/// ```
/// let query = placewright::expr::compile("attribute:stack==prod && not(task:group == 'database')")?;
/// assert_eq!(query.as_str(), "attribute:stack == prod and not task:group == database");
///
/// let error = placewright::expr::compile("runningTaskCount > 1").unwrap_err();
/// assert_eq!(error.code(), "expr.unknown_subject");
/// assert_eq!(error.help(), Some("did you mean `runningTasksCount`?"));
/// # Ok::<(), placewright::Error>(())
/// ```
///
/// Source: Amazon ECS developer guide, "Cluster query language".
pub fn compile(text: &str) -> Result<Expression, Error> {
    if let Some((end, _)) = text.char_indices().nth(EXPRESSION_CHARS_MAX) {
        return Err(Error::with_message(
            ErrorKind::ExprTooLong,
            format!("expression has more than {EXPRESSION_CHARS_MAX} characters"),
        )
        .at(Span::new(end, text.len()))
        .with_help("split the expression into several constraints"));
    }
    let node = parse::parse(text)?;
    let tree = check::check(&node, text)?;
    let whole = lower::lower(&tree);
    let (fixed, volatile) = tree.split();
    Ok(Expression(Arc::new(Compiled {
        source: text.into(),
        canonical: ast::print(&node).into_boxed_str(),
        whole,
        static_part: fixed.as_ref().map(lower::lower),
        residue: volatile.map(lower::lower_residue),
    })))
}

/// What is wrong with a text that does not compile.
pub(crate) struct Mistakes {
    /// In the order of the text, that of [`compile`] among them. Each is of a predicate of its own, but where the text cannot be read on right behind an argument that
    /// is wrong too, such as `18 June`.
    pub(crate) errors: Vec<Error>,
    /// Whether it could be read to its end, so that its tokens are what they seem.
    pub(crate) is_read: bool,
}

/// Everything that is wrong with a text for which [`compile`] gave an error: its names and arguments as far as it can be read, and
/// where it cannot be read on.
pub(crate) fn mistakes(text: &str, first: Error) -> Mistakes {
    if first.kind() == ErrorKind::ExprTooLong {
        return Mistakes { errors: vec![first], is_read: false };
    }
    let (nodes, end) = parse::parse_partly(text);
    let is_read = end.is_none();
    let mut errors = Vec::new();
    nodes.iter().for_each(|node| check::mistakes(node, text, &mut errors));
    errors.extend(end);
    Mistakes { errors, is_read }
}

impl Expression {
    /// The canonical text: it compiles to an equal expression, whose canonical text it is.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.canonical
    }

    /// The text as given.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Whether an instance satisfies the whole expression. Never fails; does not recurse.
    ///
    /// Cost: each distinct predicate at most as often as it is written; allocates nothing except what the regular
    /// expression engine does on first use.
    #[must_use]
    pub fn matches(&self, facts: &(impl Facts + ?Sized)) -> bool {
        self.0.whole.eval(|_, leaf| leaf.test_facts(facts))
    }

    /// The whole expression as one program.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.0.whole
    }

    /// The operands of the top-level `and` that read static facts only, if there are any.
    #[must_use]
    pub fn static_part(&self) -> Option<&Program> {
        self.0.static_part.as_ref()
    }

    /// The other operands, those that read task groups or task counts; `None` when the whole expression is static.
    #[must_use]
    pub fn residue(&self) -> Option<&Residue> {
        self.0.residue.as_ref()
    }

    /// Distinct names of the attributes read anywhere in the expression, sorted.
    pub fn attribute_names(&self) -> impl Iterator<Item = &str> {
        program::attribute_names(self.0.whole.leaves()).into_iter()
    }
}

const _: () = {
    /// Holds of types that threads can share.
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<Expression>();
};

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.0.canonical == other.0.canonical
    }
}

impl Eq for Expression {}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({})", self.0.canonical)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.canonical)
    }
}

impl core::str::FromStr for Expression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        compile(text)
    }
}

//! Tokens to a tree, with a depth limit.
//!
//! `not` binds tighter than `and`, `and` tighter than `or`; the documentation gives parentheses and leaves the rest open.
//! Open parentheses are kept in a list of our own rather than on the stack of the caller, who may have little of it. There
//! is no error recovery: the first error ends the reading, so the work is linear in the text, and no error of it follows from
//! another. What was read before it is kept for those who want to know what else is wrong.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::mem;

use super::ast::{Argument, Node, Operator, Predicate};
use super::check::listed_subjects;
use super::token::{Bare, Kind, Scanner, Text, Token, found, shown};
use crate::error::{Error, ErrorKind, Span, nearest};
use crate::limits::EXPRESSION_DEPTH_MAX;

/// Reads a whole expression.
pub(super) fn parse(text: &str) -> Result<Node, Error> {
    read(text, &mut Vec::new(), &mut Level::default())
}

/// Reads as much of an expression as there is before the first error: what was read, in the order of the text, and that error.
pub(super) fn parse_partly(text: &str) -> (Vec<Node>, Option<Error>) {
    let (mut outer, mut level) = (Vec::new(), Level::default());
    match read(text, &mut outer, &mut level) {
        Ok(node) => (vec![node], None),
        Err(error) => {
            outer.push(level);
            (
                outer.into_iter().flat_map(|level| level.branches.into_iter().chain(level.operands)).collect(),
                Some(error),
            )
        }
    }
}

/// Reads an expression into `level`, the innermost open parenthesis, and `outer`, the levels around it, the outermost first.
fn read(text: &str, outer: &mut Vec<Level>, level: &mut Level) -> Result<Node, Error> {
    let mut parser = Parser { scanner: Scanner::new(text), depth: 0 };
    loop {
        // not_expr = not_op, not_expr | primary
        let token = parser.scanner.peek();
        if token.kind == Kind::Bang || (token.kind == Kind::Word && token.text == "not") {
            parser.enter(token.span)?;
            parser.scanner.advance(token);
            level.nots += 1;
            continue;
        }
        if token.kind == Kind::Open {
            parser.enter(token.span)?;
            parser.scanner.advance(token);
            outer.push(mem::take(level));
            continue;
        }
        if token.kind != Kind::Word || matches!(token.text, "and" | "or" | "in") {
            return Err(unexpected(token, "a subject, `not` or `(`")
                .with_help(format!("expected `not`, `(` or one of {}", listed_subjects())));
        }
        parser.scanner.advance(token);
        let mut operand = Node::Predicate(parser.predicate(token)?);

        // An operand is complete: what follows joins it to the next one, or closes the level around it.
        loop {
            parser.depth -= level.nots;
            level.take_operand(operand);
            let token = parser.scanner.peek();
            let word = if token.kind == Kind::Word { token.text } else { "" };
            if token.kind == Kind::And || word == "and" {
                parser.scanner.advance(token);
                break;
            }
            if token.kind == Kind::Or || word == "or" {
                parser.scanner.advance(token);
                level.end_branch();
                break;
            }
            if token.kind == Kind::Close {
                if let Some(around) = outer.pop() {
                    parser.scanner.advance(token);
                    parser.depth -= 1;
                    operand = mem::replace(level, around).close();
                    continue;
                }
            }
            match (token.kind, outer.is_empty()) {
                (Kind::End, true) => return Ok(mem::take(level).close()),
                (Kind::Close, true) => {
                    return Err(Error::with_message(
                        ErrorKind::ExprSyntax,
                        "closing parenthesis without an opening one",
                    )
                    .at(token.span)
                    .with_help("expected `and`, `or` or the end of the expression"));
                }
                (_, true) => return Err(unexpected(token, "`and`, `or` or the end of the expression")),
                (_, false) => return Err(unexpected(token, "`and`, `or` or `)`")),
            }
        }
    }
}

/// What has been read of one pair of parentheses: `or_expr = and_expr, { or_op, and_expr }` and
/// `and_expr = not_expr, { and_op, not_expr }`.
#[derive(Debug, Default)]
struct Level {
    /// Operands of `or` so far.
    branches: Vec<Node>,
    /// Operands of `and` in the branch at hand.
    operands: Vec<Node>,
    /// `not`s before the operand to come.
    nots: usize,
}

impl Level {
    /// Takes an operand, with the `not`s before it.
    fn take_operand(&mut self, mut operand: Node) {
        for _ in 0..mem::take(&mut self.nots) {
            operand = Node::Not(Box::new(operand));
        }
        match operand {
            Node::And(inner) => self.operands.extend(inner),
            node => self.operands.push(node),
        }
    }

    /// Ends the branch at hand.
    fn end_branch(&mut self) {
        match one_or(mem::take(&mut self.operands), Node::And) {
            Node::Or(inner) => self.branches.extend(inner),
            node => self.branches.push(node),
        }
    }

    /// The node for all of it.
    fn close(mut self) -> Node {
        self.end_branch();
        one_or(self.branches, Node::Or)
    }
}

/// An error for a token that cannot stand where it stands.
fn unexpected(token: Token<'_>, expected: &str) -> Error {
    let error = Error::with_message(ErrorKind::ExprSyntax, format!("expected {expected}, found {}", found(token)))
        .at(token.span);
    let lower = token.text.to_ascii_lowercase();
    if matches!(lower.as_str(), "and" | "or" | "not") && lower != token.text {
        error.with_help(format!("keywords are written in lower case: `{lower}`"))
    } else if matches!(token.kind, Kind::Other) {
        error.with_help(format!("expected {expected}; a value with a space, comma, bracket or quote must be quoted"))
    } else {
        error.with_help(format!("expected {expected}"))
    }
}

/// Where the reading stands.
struct Parser<'t> {
    /// The text and the place in it.
    scanner: Scanner<'t>,
    /// Parentheses and `not`s around this place.
    depth: usize,
}

impl Parser<'_> {
    /// `predicate = subject, ( cmp_op, literal | re_op, pattern | list_op, list | exist_op )`.
    fn predicate(&mut self, subject: Token<'_>) -> Result<Predicate, Error> {
        let (operator, operator_span) = self.operator()?;
        let argument = match operator {
            Operator::Exists | Operator::NotExists => Argument::None,
            Operator::In | Operator::NotIn => Argument::List(self.list()?),
            _ => Argument::One(self.argument(operator.bare(), "an argument")?),
        };
        Ok(Predicate { subject: subject.text.into(), subject_span: subject.span, operator, operator_span, argument })
    }

    /// An operator, in symbols or in words.
    fn operator(&mut self) -> Result<(Operator, Span), Error> {
        let token = self.scanner.peek();
        if matches!(token.kind, Kind::Symbol | Kind::Word) {
            if let Some(operator) = Operator::from_text(token.text) {
                self.scanner.advance(token);
                return Ok((operator, token.span));
            }
        }
        if token.kind == Kind::Bang {
            let mut ahead = self.scanner.clone();
            ahead.advance(token);
            let word = ahead.peek_adjacent();
            let operator = match (word.kind, word.text) {
                (Kind::Word, "in") => Some(Operator::NotIn),
                (Kind::Word, "exists") => Some(Operator::NotExists),
                _ => None,
            };
            if let Some(operator) = operator {
                self.scanner.advance(word);
                return Ok((operator, Span::new(token.span.start, word.span.end)));
            }
        }
        let names = || Operator::ALL.iter().flat_map(|&(_, names)| names.iter().copied());
        let error = Error::with_message(ErrorKind::ExprSyntax, format!("expected an operator, found {}", found(token)))
            .at(token.span);
        let near = if token.kind == Kind::Word { nearest(token.text, names()) } else { None };
        Err(match near {
            Some(name) => error.with_help(format!("did you mean `{name}`?")),
            None => error.with_help(format!("expected one of {}", listed(names()))),
        })
    }

    /// `list = "[", literal, { ",", literal }, "]"`.
    fn list(&mut self) -> Result<Vec<Text>, Error> {
        let open = self.scanner.peek();
        if open.kind != Kind::OpenList {
            return Err(unexpected(open, "`[` and a list"));
        }
        self.scanner.advance(open);
        let mut items = vec![self.argument(Bare::Literal, "a list item")?];
        loop {
            let token = self.scanner.peek();
            match token.kind {
                Kind::Comma => {
                    self.scanner.advance(token);
                    items.push(self.argument(Bare::Literal, "a list item")?);
                }
                Kind::CloseList => {
                    self.scanner.advance(token);
                    return Ok(items);
                }
                _ => return Err(unexpected(token, "`,` or `]`")),
            }
        }
    }

    /// A literal or a pattern.
    fn argument(&mut self, bare: Bare, expected: &str) -> Result<Text, Error> {
        if let Some(text) = self.scanner.argument(bare)? {
            return Ok(text);
        }
        let token = self.scanner.peek();
        let error = unexpected(token, expected);
        Err(match token.kind {
            Kind::OpenList => error.with_help("a list goes with `in` or `!in`; quote a value that has brackets"),
            Kind::Open if bare == Bare::Pattern => error.with_help("quote a regular expression that has parentheses"),
            Kind::End => error.with_help(format!("expected {expected}, e.g. `prod` or `'two words'`")),
            _ => error,
        })
    }

    /// Counts one more parenthesis or `not`.
    fn enter(&mut self, span: Span) -> Result<(), Error> {
        if self.depth == EXPRESSION_DEPTH_MAX {
            return Err(Error::with_message(
                ErrorKind::ExprTooDeep,
                format!("expression nests more than {EXPRESSION_DEPTH_MAX} deep"),
            )
            .at(span)
            .with_help("take away parentheses and `not`s that change nothing"));
        }
        self.depth += 1;
        Ok(())
    }
}

/// The only operand, or the node over all of them.
fn one_or(mut operands: Vec<Node>, node: fn(Vec<Node>) -> Node) -> Node {
    match (operands.len(), operands.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            operands.extend(last);
            node(operands)
        }
    }
}

/// Names in backticks, with commas.
pub(super) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let mut out = String::new();
    for name in names {
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(&shown(name));
    }
    out
}

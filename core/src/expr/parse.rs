//! Tokens to a tree: recursive descent with a depth limit.
//!
//! `not` binds tighter than `and`, `and` tighter than `or`; the documentation gives parentheses and leaves the rest open.
//! A run of `not` is read in a loop and a chain of operands into one node, so only parentheses recurse, and they are
//! counted. There is no error recovery: the first error ends the reading, so the work is linear in the text.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::ast::{Argument, Node, Operator, Predicate};
use super::token::{Bare, Kind, Scanner, Text, Token, found, shown};
use crate::error::{Error, ErrorKind, Span, nearest};
use crate::limits::EXPRESSION_DEPTH_MAX;

/// Reads a whole expression.
pub(super) fn parse(text: &str) -> Result<Node, Error> {
    let mut parser = Parser { scanner: Scanner::new(text), depth: 0 };
    let node = parser.or_expression()?;
    let token = parser.scanner.peek();
    match token.kind {
        Kind::End => Ok(node),
        Kind::Close => Err(Error::with_message(ErrorKind::ExprSyntax, "closing parenthesis without an opening one")
            .at(token.span)
            .with_help("expected `and`, `or` or the end of the expression")),
        _ => Err(unexpected(token, "`and`, `or` or the end of the expression")),
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
    /// `or_expr = and_expr, { or_op, and_expr }`.
    fn or_expression(&mut self) -> Result<Node, Error> {
        let mut operands = Vec::new();
        loop {
            match self.and_expression()? {
                Node::Or(inner) => operands.extend(inner),
                node => operands.push(node),
            }
            if !self.eat(Kind::Or, "or") {
                return Ok(one_or(operands, Node::Or));
            }
        }
    }

    /// `and_expr = not_expr, { and_op, not_expr }`.
    fn and_expression(&mut self) -> Result<Node, Error> {
        let mut operands = Vec::new();
        loop {
            match self.not_expression()? {
                Node::And(inner) => operands.extend(inner),
                node => operands.push(node),
            }
            if !self.eat(Kind::And, "and") {
                return Ok(one_or(operands, Node::And));
            }
        }
    }

    /// `not_expr = not_op, not_expr | primary`.
    fn not_expression(&mut self) -> Result<Node, Error> {
        let mut nots = 0;
        loop {
            let token = self.scanner.peek();
            if token.kind != Kind::Bang && !(token.kind == Kind::Word && token.text == "not") {
                break;
            }
            self.enter(token.span)?;
            self.scanner.advance(token);
            nots += 1;
        }
        let mut node = self.primary()?;
        for _ in 0..nots {
            node = Node::Not(Box::new(node));
        }
        self.depth -= nots;
        Ok(node)
    }

    /// `primary = "(", or_expr, ")" | predicate`.
    fn primary(&mut self) -> Result<Node, Error> {
        let token = self.scanner.peek();
        match token.kind {
            Kind::Open => {
                self.enter(token.span)?;
                self.scanner.advance(token);
                let node = self.or_expression()?;
                let close = self.scanner.peek();
                if close.kind != Kind::Close {
                    return Err(unexpected(close, "`and`, `or` or `)`"));
                }
                self.scanner.advance(close);
                self.depth -= 1;
                Ok(node)
            }
            Kind::Word if !matches!(token.text, "and" | "or" | "in") => {
                self.scanner.advance(token);
                self.predicate(token).map(Node::Predicate)
            }
            _ => Err(unexpected(token, "a subject, `not` or `(`")),
        }
    }

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
            _ => error,
        })
    }

    /// Reads on behind a token if it is this symbol or this word.
    fn eat(&mut self, kind: Kind, word: &str) -> bool {
        let token = self.scanner.peek();
        let is_it = token.kind == kind || (token.kind == Kind::Word && token.text == word);
        if is_it {
            self.scanner.advance(token);
        }
        is_it
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

//! The tree a text is read into, and its canonical print.
//!
//! `and` and `or` hold any number of operands and are never their own operand, so the tree is no deeper than the
//! parentheses and `not`s of the text: reading, printing and dropping it are safe on any stack.
//!
//! Printing obeys two laws: what is printed reads back as the same tree, and printing that gives the same text again. The
//! length bound holds for printed text too, so a text that would grow past it when spelled out in words is printed in
//! its shortest form, which is never longer than what was read.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::token::{Bare, Text};
use crate::error::Span;
use crate::limits::EXPRESSION_CHARS_MAX;

/// One node of the tree.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// At least one operand holds; two or more operands, none of them `Or`.
    Or(Vec<Self>),
    /// Every operand holds; two or more operands, none of them `And`.
    And(Vec<Self>),
    /// The operand does not hold.
    Not(Box<Self>),
    /// Subject, operator and argument.
    Predicate(Predicate),
}

/// Subject, operator and argument, as written.
#[derive(Debug, Clone)]
pub(super) struct Predicate {
    /// The subject, e.g. `attribute:stack`.
    pub(super) subject: String,
    /// Where the subject stands.
    pub(super) subject_span: Span,
    /// The operator.
    pub(super) operator: Operator,
    /// Where the operator stands.
    pub(super) operator_span: Span,
    /// The argument.
    pub(super) argument: Argument,
}

/// What follows the operator.
#[derive(Debug, Clone)]
pub(super) enum Argument {
    /// Nothing: `exists` and `!exists`.
    None,
    /// A literal or a pattern.
    One(Text),
    /// A list of literals, at least one.
    List(Vec<Text>),
}

/// The twelve operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessEqual,
    /// `exists`.
    Exists,
    /// `!exists`.
    NotExists,
    /// `in`.
    In,
    /// `!in`.
    NotIn,
    /// `=~`.
    Matches,
    /// `!~`.
    NotMatches,
}

impl Operator {
    /// Every operator with its words, short form first.
    pub(super) const ALL: [(Self, &'static [&'static str]); 12] = [
        (Self::Equal, &["==", "equals"]),
        (Self::NotEqual, &["!=", "not_equals"]),
        (Self::Greater, &[">", "greater_than"]),
        (Self::GreaterEqual, &[">=", "greater_than_equal"]),
        (Self::Less, &["<", "less_than"]),
        (Self::LessEqual, &["<=", "less_than_equal"]),
        (Self::Exists, &["exists"]),
        (Self::NotExists, &["!exists", "not_exists"]),
        (Self::In, &["in"]),
        (Self::NotIn, &["!in", "not_in"]),
        (Self::Matches, &["=~", "matches"]),
        (Self::NotMatches, &["!~", "not_matches"]),
    ];

    /// The operator a token spells, if it is one.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, names)| names.contains(&text)).map(|&(operator, _)| operator)
    }

    /// The short form, which printing uses.
    pub(super) fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|&&(operator, _)| operator == self).map_or("", |&(_, names)| names[0])
    }

    /// The characters a bare argument of this operator may have.
    pub(super) const fn bare(self) -> Bare {
        match self {
            Self::Matches | Self::NotMatches => Bare::Pattern,
            _ => Bare::Literal,
        }
    }
}

/// How generously to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `not a == b and c in [d, e]`.
    Words,
    /// `!a==b&&c in[d,e]`.
    Symbols,
}

/// The canonical text of a tree.
pub(super) fn print(node: &Node) -> String {
    let mut out = String::new();
    write_node(&mut out, node, Style::Words);
    if out.chars().count() > EXPRESSION_CHARS_MAX {
        out.clear();
        write_node(&mut out, node, Style::Symbols);
    }
    out
}

/// The canonical text of one predicate.
pub(super) fn print_predicate(predicate: &Predicate) -> String {
    let mut out = String::new();
    write_predicate(&mut out, predicate, Style::Words);
    out
}

/// Appends a node.
fn write_node(out: &mut String, node: &Node, style: Style) {
    match node {
        Node::Or(operands) => write_operands(out, operands, style, '|', " or "),
        Node::And(operands) => write_operands(out, operands, style, '&', " and "),
        Node::Not(operand) => {
            out.push_str(if style == Style::Words { "not " } else { "!" });
            let is_group = matches!(**operand, Node::Or(_) | Node::And(_));
            write_grouped(out, operand, style, is_group);
        }
        Node::Predicate(predicate) => write_predicate(out, predicate, style),
    }
}

/// Appends the operands of `and` or `or`.
fn write_operands(out: &mut String, operands: &[Node], style: Style, symbol: char, word: &str) {
    for (i, operand) in operands.iter().enumerate() {
        if i > 0 && style == Style::Words {
            out.push_str(word);
        } else if i > 0 {
            // A bare `a&` before `&&` would give up its last character.
            if out.ends_with(symbol) {
                out.push(' ');
            }
            out.push(symbol);
            out.push(symbol);
        }
        write_grouped(out, operand, style, symbol == '&' && matches!(operand, Node::Or(_)));
    }
}

/// Appends a node, in parentheses if it needs them.
fn write_grouped(out: &mut String, node: &Node, style: Style, is_group: bool) {
    if is_group {
        out.push('(');
    }
    write_node(out, node, style);
    if is_group {
        out.push(')');
    }
}

/// Appends a predicate.
fn write_predicate(out: &mut String, predicate: &Predicate, style: Style) {
    let operator = predicate.operator.as_str();
    out.push_str(&predicate.subject);
    if style == Style::Words || operator.starts_with(|c: char| c.is_ascii_alphabetic()) {
        out.push(' ');
    }
    out.push_str(operator);
    match &predicate.argument {
        Argument::None => {}
        Argument::One(text) => {
            let mut written = String::new();
            write_text(&mut written, &text.value, predicate.operator.bare());
            // `>` before a bare `=x` would be read as `>=`.
            if style == Style::Words || (operator.len() == 1 && written.starts_with('=')) {
                out.push(' ');
            }
            out.push_str(&written);
        }
        Argument::List(items) => {
            out.push_str(if style == Style::Words { " [" } else { "[" });
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(if style == Style::Words { ", " } else { "," });
                }
                write_text(out, &item.value, Bare::Literal);
            }
            out.push(']');
        }
    }
}

/// Appends an argument, quoted only where it must be, in the quote it has fewer of.
///
/// A value that must be quoted never ends in a backslash, because no quoted text can stand for one that does.
fn write_text(out: &mut String, value: &str, bare: Bare) {
    if bare.can_write(value) {
        out.push_str(value);
        return;
    }
    let quote = if value.matches('\'').count() > value.matches('"').count() { '"' } else { '\'' };
    out.push(quote);
    for c in value.chars() {
        if c == quote {
            out.push('\\');
        }
        out.push(c);
    }
    out.push(quote);
}

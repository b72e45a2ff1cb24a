//! Expressions for those who write them: tokens to colour, and what may stand at a place.
//!
//! [`tokens`] reads any text, also one that does not compile, and goes on behind what it does not understand. Up to its first error
//! it reads a text as the parser does, so what it says about the place of an error is true.

use alloc::string::String;
use alloc::vec::Vec;

use super::ast::Operator;
use super::check::{ATTRIBUTE_PREFIX, SUBJECTS, allowed};
use super::program::Subject;
use super::token::{Bare, Kind, Scanner, Token as RawToken};
use crate::error::Span;

/// What a part of an expression is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenKind {
    /// `attribute:NAME`.
    Attribute,
    /// Another subject.
    Subject,
    /// An operator between a subject and its argument, or `exists`.
    Operator,
    /// `and`, `or`, `not`, in symbols or in words.
    Keyword,
    /// A literal.
    Value,
    /// A regular expression.
    Pattern,
    /// A parenthesis, bracket or comma.
    Punctuation,
    /// What begins nothing the language has, or cannot stand there.
    Invalid,
}

impl TokenKind {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Attribute => "attribute",
            Self::Subject => "subject",
            Self::Operator => "operator",
            Self::Keyword => "keyword",
            Self::Value => "value",
            Self::Pattern => "pattern",
            Self::Punctuation => "punctuation",
            Self::Invalid => "invalid",
        }
    }
}

/// A part of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands.
    pub span: Span,
}

/// What may stand at a place of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Slot {
    /// A subject, `not` or `(`.
    Operand,
    /// An operator of the subject before.
    Operator,
    /// The literal that the operator wants.
    Value,
    /// The regular expression that the operator wants.
    Pattern,
    /// `[` and a list.
    List,
    /// An element of a list.
    Item,
    /// `,` or `]`.
    ItemEnd,
    /// `and`, `or`, or what closes the expression or its parentheses.
    Join,
}

/// A place of an expression, and what stands before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What may stand there.
    pub slot: Slot,
    /// What is written there so far: from where it begins up to the place.
    pub span: Span,
    /// The subject before, for an operator and its argument; `None` elsewhere, and for one that the language does not have.
    pub subject: Option<Subject>,
    /// The name of the attribute, where the subject is one.
    pub attribute: String,
    /// Parentheses that are open.
    pub parentheses: usize,
}

/// The tokens of a text, in order; they do not overlap, and between them is white space. Never fails.
///
/// # Example
/// ```
/// use placewright::expr::{TokenKind, tokens};
///
/// let kinds: Vec<_> = tokens("attribute:stack == prod").iter().map(|token| token.kind).collect();
/// assert_eq!(kinds, [TokenKind::Attribute, TokenKind::Operator, TokenKind::Value]);
/// ```
///
/// Cost: linear in the text; allocates.
#[must_use]
pub fn tokens(text: &str) -> Vec<Token> {
    let mut reader = Reader::new(text);
    while reader.step() {}
    reader.tokens
}

/// What may stand at a byte of a text, and what stands before it. A place inside a token, or at its end, is a place in that token.
///
/// Cost: linear in the text; allocates.
#[must_use]
pub fn place(text: &str, position: usize) -> Place {
    read_place(text, position, true)
}

/// The same for a place between tokens, such as that of an error: a token that ends there is finished.
pub(crate) fn place_between(text: &str, position: usize) -> Place {
    read_place(text, position, false)
}

/// Reads up to a place, where a token that ends there may be still being typed.
fn read_place(text: &str, position: usize, is_typing: bool) -> Place {
    let end = (0..=position.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let mut reader = Reader::new(text.get(..end).unwrap_or_default());
    loop {
        let before = reader.state.clone();
        let known = reader.tokens.len();
        if !reader.step() {
            return before.at(Span::new(end, end));
        }
        let last = reader.tokens.get(known).filter(|token| is_typing && token.span.end == end);
        if let Some(token) = last.filter(|token| is_open_ended(text, token.span)) {
            return before.at(Span::new(token.span.start, end));
        }
    }
}

/// Whether a token could go on at its end: what is no letter is finished.
fn is_open_ended(text: &str, span: Span) -> bool {
    let token = text.get(span.start..span.end).unwrap_or_default();
    !matches!(token, "(" | ")" | "[" | "]" | "," | "&&" | "||")
}

/// The operators a subject allows, in their short form; all of them for none.
pub(crate) fn operators(subject: Option<Subject>) -> impl Iterator<Item = &'static str> {
    Operator::ALL.iter().map(|&(operator, names)| (operator, names[0])).filter_map(move |(operator, name)| {
        let is_allowed = subject.is_none_or(|subject| allowed(subject).contains(&operator));
        is_allowed.then_some(name)
    })
}

/// The subjects; that of an attribute is written `attribute:`.
pub(crate) fn subjects() -> impl Iterator<Item = &'static str> {
    SUBJECTS.iter().map(|&(name, subject)| if subject == Subject::Attribute { ATTRIBUTE_PREFIX } else { name })
}

/// A value as it has to be written: as it is, or in quotes; `None` for one that cannot be written, as it has both kinds of quotes.
pub(crate) fn written(value: &str) -> Option<String> {
    if Bare::Literal.can_write(value) {
        return Some(String::from(value));
    }
    let quote = ['\'', '"'].into_iter().find(|&quote| !value.contains(quote) && !value.ends_with('\\'))?;
    let mut text = String::with_capacity(value.len() + 2);
    text.push(quote);
    text.push_str(value);
    text.push(quote);
    Some(text)
}

/// Whether what is written, bare or in quotes, stands for this value.
pub(crate) fn is_written_as(value: &str, written: &str) -> bool {
    let argument = Scanner::new(written).argument(Bare::Literal);
    matches!(argument, Ok(Some(text)) if text.value == value)
}

/// Whether a word is a subject, or `not` before one.
fn is_subject(word: &str) -> bool {
    word == "not" || word.starts_with(ATTRIBUTE_PREFIX) || SUBJECTS.iter().any(|&(name, _)| name == word)
}

/// What is known before a token.
#[derive(Debug, Clone)]
struct State {
    /// What may come.
    slot: Slot,
    /// The subject before.
    subject: Option<Subject>,
    /// The name of the attribute.
    attribute: String,
    /// Open parentheses.
    parentheses: usize,
}

impl State {
    /// The place of a span.
    fn at(self, span: Span) -> Place {
        let Self { slot, subject, attribute, parentheses } = self;
        Place { slot, span, subject, attribute, parentheses }
    }
}

/// A text being read.
struct Reader<'t> {
    /// The place in it.
    scanner: Scanner<'t>,
    /// What may come.
    state: State,
    /// What was read.
    tokens: Vec<Token>,
}

impl<'t> Reader<'t> {
    /// At the start of a text.
    fn new(text: &'t str) -> Self {
        let state = State { slot: Slot::Operand, subject: None, attribute: String::new(), parentheses: 0 };
        Self { scanner: Scanner::new(text), state, tokens: Vec::new() }
    }

    /// Reads a token, or finds that none can be read where an argument or operator should be and something else may; `false` at
    /// the end. Each step reads something or moves on to a slot where the next step will.
    fn step(&mut self) -> bool {
        let token = self.scanner.peek();
        if token.kind == Kind::End {
            return false;
        }
        match self.state.slot {
            Slot::Operand => self.operand(token),
            Slot::Operator => self.operator(token),
            Slot::Value => self.argument(Bare::Literal, Slot::Join),
            Slot::Pattern => self.argument(Bare::Pattern, Slot::Join),
            Slot::List if token.kind == Kind::OpenList => self.take(token, TokenKind::Punctuation, Slot::Item),
            Slot::List => self.state.slot = Slot::Join,
            Slot::Item => self.argument(Bare::Literal, Slot::ItemEnd),
            Slot::ItemEnd => match token.kind {
                Kind::Comma => self.take(token, TokenKind::Punctuation, Slot::Item),
                Kind::CloseList => self.take(token, TokenKind::Punctuation, Slot::Join),
                _ => self.state.slot = Slot::Join,
            },
            Slot::Join => self.join(token),
        }
        true
    }

    /// Reads on behind a token.
    fn take(&mut self, token: RawToken<'_>, kind: TokenKind, next: Slot) {
        self.scanner.advance(token);
        self.tokens.push(Token { kind, span: token.span });
        self.state.slot = next;
    }

    /// A subject, or what may stand before one.
    fn operand(&mut self, token: RawToken<'_>) {
        match (token.kind, token.text) {
            (Kind::Open, _) => {
                self.state.parentheses += 1;
                self.take(token, TokenKind::Punctuation, Slot::Operand);
            }
            (Kind::Bang, _) | (Kind::Word, "not") => self.take(token, TokenKind::Keyword, Slot::Operand),
            (Kind::Word, "and" | "or" | "in") => self.take(token, TokenKind::Invalid, Slot::Operand),
            (Kind::Word, word) => {
                let known = SUBJECTS.iter().find(|&&(name, subject)| name == word && subject != Subject::Attribute);
                let attribute = word.strip_prefix(ATTRIBUTE_PREFIX);
                self.state.subject = known.map(|&(_, subject)| subject).or(attribute.map(|_| Subject::Attribute));
                self.state.attribute = String::from(attribute.unwrap_or_default());
                let kind = match (attribute, known) {
                    (Some(_), _) => TokenKind::Attribute,
                    (None, Some(_)) => TokenKind::Subject,
                    (None, None) => TokenKind::Invalid,
                };
                self.take(token, kind, Slot::Operator);
            }
            _ => self.take(token, TokenKind::Invalid, Slot::Operand),
        }
    }

    /// An operator; what is none is read as what comes behind an operand.
    fn operator(&mut self, token: RawToken<'_>) {
        let mut last = token;
        let mut text = token.text;
        if token.kind == Kind::Bang {
            let mut ahead = self.scanner.clone();
            ahead.advance(token);
            let word = ahead.peek_adjacent();
            if word.kind == Kind::Word && matches!(word.text, "in" | "exists") {
                last = word;
                text = if word.text == "in" { "!in" } else { "!exists" };
            }
        }
        let Some(operator) = Operator::from_text(text) else {
            let is_slip = token.kind == Kind::Other && token.text == "=";
            if is_slip || (token.kind == Kind::Word && !matches!(token.text, "and" | "or" | "not")) {
                // A slip of the pen, most likely; an argument may follow.
                self.take(token, TokenKind::Invalid, Slot::Value);
            } else {
                self.state.slot = Slot::Join;
            }
            return;
        };
        let next = match operator {
            Operator::Exists | Operator::NotExists => Slot::Join,
            Operator::In | Operator::NotIn => Slot::List,
            Operator::Matches | Operator::NotMatches => Slot::Pattern,
            _ => Slot::Value,
        };
        self.scanner.advance(last);
        let span = Span::new(token.span.start, last.span.end);
        let is_allowed = self.state.subject.is_none_or(|subject| allowed(subject).contains(&operator));
        let kind = if is_allowed { TokenKind::Operator } else { TokenKind::Invalid };
        self.tokens.push(Token { kind, span });
        self.state.slot = next;
    }

    /// An argument, and what comes behind it.
    fn argument(&mut self, bare: Bare, next: Slot) {
        match self.scanner.argument(bare) {
            Ok(Some(text)) => {
                let kind = if bare == Bare::Pattern { TokenKind::Pattern } else { TokenKind::Value };
                self.tokens.push(Token { kind, span: text.span });
            }
            Ok(None) => {}
            // A quote that is never closed goes to the end; a keyword is left for what comes next.
            Err(error) => {
                let span = error.span().unwrap_or(Span::new(0, 0));
                if self.scanner.peek().kind != Kind::Word {
                    self.scanner.skip_to(span.end);
                    self.tokens.push(Token { kind: TokenKind::Invalid, span });
                }
            }
        }
        self.state.slot = next;
    }

    /// What joins operands, or closes parentheses.
    fn join(&mut self, token: RawToken<'_>) {
        match (token.kind, token.text) {
            (Kind::And | Kind::Or, _) | (Kind::Word, "and" | "or") => {
                self.take(token, TokenKind::Keyword, Slot::Operand);
            }
            (Kind::Close, _) => {
                let kind = if self.state.parentheses > 0 { TokenKind::Punctuation } else { TokenKind::Invalid };
                self.state.parentheses = self.state.parentheses.saturating_sub(1);
                self.take(token, kind, Slot::Join);
            }
            // A subject with nothing before it that joins; another word is most likely meant to join.
            (Kind::Word, word) if !is_subject(word) => self.take(token, TokenKind::Invalid, Slot::Operand),
            (Kind::Word | Kind::Open | Kind::Bang, _) => self.state.slot = Slot::Operand,
            _ => self.take(token, TokenKind::Invalid, Slot::Join),
        }
    }
}

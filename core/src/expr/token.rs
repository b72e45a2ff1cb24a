//! Text to tokens with spans.
//!
//! What a character means depends on what stands before it: `[tm]5.*` is a pattern after `=~` and a list nowhere. So
//! tokens are read on demand: the parser asks for a [`Token`] where the grammar has names, operators and parentheses, and
//! for an argument ([`Scanner::argument`]) where it has a literal or a pattern. Every span lies on character boundaries,
//! since the scanner only ever stops at ASCII characters or at the ends of whole characters.

use alloc::format;
use alloc::string::String;

use crate::error::{Error, ErrorKind, Span};

/// Words that cannot stand as an argument unless they are quoted.
pub(super) const KEYWORDS: [&str; 4] = ["and", "or", "not", "in"];

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// `[`.
    OpenList,
    /// `]`.
    CloseList,
    /// `,`.
    Comma,
    /// `&&`.
    And,
    /// `||`.
    Or,
    /// `!`, when it does not begin `!=` or `!~`.
    Bang,
    /// `==`, `!=`, `>=`, `<=`, `>`, `<`, `=~` or `!~`.
    Symbol,
    /// A run of characters that are neither white space nor punctuation: a subject, a keyword, an operator in words.
    Word,
    /// One character that begins nothing.
    Other,
    /// The end of the text.
    End,
}

/// One token and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'t> {
    /// What it is.
    pub(super) kind: Kind,
    /// Its text; empty at the end.
    pub(super) text: &'t str,
    /// Its place.
    pub(super) span: Span,
}

/// Which characters a bare argument may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bare {
    /// A literal: no brackets, no comma.
    Literal,
    /// A regular expression: brackets and commas are its own.
    Pattern,
}

impl Bare {
    /// Whether a bare argument may have this character.
    pub(super) const fn allows(self, c: char) -> bool {
        match c {
            '(' | ')' | '\'' | '"' => false,
            '[' | ']' | ',' => matches!(self, Self::Pattern),
            _ => !is_space(c),
        }
    }

    /// Whether `value` can be written without quotes.
    pub(super) fn can_write(self, value: &str) -> bool {
        !value.is_empty()
            && value.chars().all(|c| self.allows(c))
            && !value.contains("&&")
            && !value.contains("||")
            && !KEYWORDS.contains(&value)
    }
}

/// An argument: the value it stands for, and where it was written.
#[derive(Debug, Clone)]
pub(super) struct Text {
    /// The value, quotes and their escapes taken away.
    pub(super) value: String,
    /// The place, quotes included.
    pub(super) span: Span,
}

/// White space of the language: space, tab, carriage return and line feed.
const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Whether a character can be part of a word.
const fn is_word(c: char) -> bool {
    !is_space(c) && !matches!(c, '(' | ')' | '[' | ']' | ',' | '\'' | '"' | '=' | '!' | '<' | '>' | '~' | '&' | '|')
}

/// A place in the text, and the ways to read on from it.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'t> {
    /// The whole text.
    text: &'t str,
    /// The next byte to read; a character boundary.
    position: usize,
}

impl<'t> Scanner<'t> {
    /// A scanner at the start of `text`.
    pub(super) const fn new(text: &'t str) -> Self {
        Self { text, position: 0 }
    }

    /// What is left to read.
    fn rest(&self) -> &'t str {
        self.text.get(self.position..).unwrap_or("")
    }

    /// Passes over white space.
    fn skip_space(&mut self) {
        let rest = self.rest();
        self.position += rest.len() - rest.trim_start_matches(is_space).len();
    }

    /// Passes over white space and tells what comes next, without reading it.
    pub(super) fn peek(&mut self) -> Token<'t> {
        self.skip_space();
        self.peek_adjacent()
    }

    /// Tells what comes next with no white space between.
    pub(super) fn peek_adjacent(&self) -> Token<'t> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return self.token(Kind::End, 0);
        };
        let second = rest.chars().nth(1);
        match (first, second) {
            ('(', _) => self.token(Kind::Open, 1),
            (')', _) => self.token(Kind::Close, 1),
            ('[', _) => self.token(Kind::OpenList, 1),
            (']', _) => self.token(Kind::CloseList, 1),
            (',', _) => self.token(Kind::Comma, 1),
            ('&', Some('&')) => self.token(Kind::And, 2),
            ('|', Some('|')) => self.token(Kind::Or, 2),
            ('=' | '!', Some('=' | '~')) | ('>' | '<', Some('=')) => self.token(Kind::Symbol, 2),
            ('>' | '<', _) => self.token(Kind::Symbol, 1),
            ('!', _) => self.token(Kind::Bang, 1),
            _ if is_word(first) => {
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                self.token(Kind::Word, length)
            }
            _ => self.token(Kind::Other, first.len_utf8()),
        }
    }

    /// The token of `length` bytes from here.
    fn token(&self, kind: Kind, length: usize) -> Token<'t> {
        let end = self.position + length;
        Token { kind, text: self.text.get(self.position..end).unwrap_or(""), span: Span::new(self.position, end) }
    }

    /// Reads on behind `token`, which [`peek`](Self::peek) gave.
    pub(super) fn advance(&mut self, token: Token<'_>) {
        self.position = token.span.end;
    }

    /// Reads on at a byte, which is a character boundary no earlier than this place.
    pub(super) fn skip_to(&mut self, end: usize) {
        self.position = self.position.max(end.min(self.text.len()));
    }

    /// Reads an argument, or nothing where none begins.
    ///
    /// # Errors
    /// A quote that is never closed, and a keyword that is not quoted.
    pub(super) fn argument(&mut self, bare: Bare) -> Result<Option<Text>, Error> {
        self.skip_space();
        let rest = self.rest();
        match rest.chars().next() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote).map(Some),
            Some(_) => self.bare(bare),
            None => Ok(None),
        }
    }

    /// Reads an argument without quotes.
    fn bare(&mut self, bare: Bare) -> Result<Option<Text>, Error> {
        let rest = self.rest();
        let length = rest
            .char_indices()
            .find(|&(at, c)| {
                let stops = matches!(c, '&' | '|') && rest.get(at + 1..).is_some_and(|next| next.starts_with(c));
                stops || !bare.allows(c)
            })
            .map_or(rest.len(), |(at, _)| at);
        if length == 0 {
            return Ok(None);
        }
        let token = self.token(Kind::Word, length);
        if KEYWORDS.contains(&token.text) {
            return Err(Error::with_message(
                ErrorKind::ExprSyntax,
                format!("expected an argument, found the keyword `{}`", token.text),
            )
            .at(token.span)
            .with_help(format!("quote the word if it is meant as a value: `'{}'`", token.text)));
        }
        self.advance(token);
        Ok(Some(Text { value: token.text.into(), span: token.span }))
    }

    /// Reads an argument in quotes. Only a backslash before the same quote is an escape; every other one is kept.
    fn quoted(&mut self, quote: char) -> Result<Text, Error> {
        let start = self.position;
        let body = start + 1;
        let rest = self.text.get(body..).unwrap_or("");
        let mut value = String::new();
        let mut characters = rest.char_indices().peekable();
        while let Some((at, c)) = characters.next() {
            if c == quote {
                let span = Span::new(start, body + at + 1);
                self.position = span.end;
                return Ok(Text { value, span });
            }
            if c == '\\' && characters.next_if(|&(_, next)| next == quote).is_some() {
                value.push(quote);
            } else {
                value.push(c);
            }
        }
        Err(Error::with_message(ErrorKind::ExprSyntax, "quoted value is never closed")
            .at(Span::new(start, self.text.len()))
            .with_help(format!("expected a closing `{quote}`")))
    }
}

/// The user's text for a message: in backticks, on one line, and not longer than a reader wants.
pub(super) fn shown(text: &str) -> String {
    /// Characters shown before the text is cut.
    const SHOWN_MAX: usize = 60;
    let mut out = String::from("`");
    for (count, c) in text.chars().enumerate() {
        if count == SHOWN_MAX {
            out.push('…');
            break;
        }
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out.push('`');
    out
}

/// What a token is called in a message.
pub(super) fn found(token: Token<'_>) -> String {
    if token.kind == Kind::End { String::from("the end of the expression") } else { shown(token.text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All tokens of a text.
    fn kinds(text: &str) -> alloc::vec::Vec<(Kind, &str)> {
        let mut scanner = Scanner::new(text);
        let mut out = alloc::vec::Vec::new();
        loop {
            let token = scanner.peek();
            if token.kind == Kind::End {
                return out;
            }
            scanner.advance(token);
            out.push((token.kind, token.text));
        }
    }

    #[test]
    fn the_longest_symbol_wins() {
        assert_eq!(
            kinds("a!=b!in!~>=<(é~"),
            [
                (Kind::Word, "a"),
                (Kind::Symbol, "!="),
                (Kind::Word, "b"),
                (Kind::Bang, "!"),
                (Kind::Word, "in"),
                (Kind::Symbol, "!~"),
                (Kind::Symbol, ">="),
                (Kind::Symbol, "<"),
                (Kind::Open, "("),
                (Kind::Word, "é"),
                (Kind::Other, "~"),
            ]
        );
    }

    #[test]
    fn only_the_same_quote_is_escaped() {
        let read = |text| Scanner::new(text).argument(Bare::Literal).ok().flatten().map(|text| text.value);
        assert_eq!(read(r"'t2\..*'").as_deref(), Some(r"t2\..*"));
        assert_eq!(read(r"'a\'b'").as_deref(), Some("a'b"));
        assert_eq!(read(r#"'a\"b'"#).as_deref(), Some(r#"a\"b"#));
        assert_eq!(read(r"'a\\'b'").as_deref(), Some(r"a\'b"));
        assert_eq!(read("'open"), None);
        assert_eq!(read("a&b&&c").as_deref(), Some("a&b"));
    }
}

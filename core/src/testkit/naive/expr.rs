//! The cluster query language: text straight to a tree, a tree straight to an answer. semantics.md §5.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Ordering;
use regex_lite::Regex;

use super::value::{Decimal, Fault, Res, compare_versions, fault, instant, version};

/// What an expression can ask about one instance.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    /// The agent is connected.
    pub(super) connected: bool,
    /// `versionInfo.agentVersion`.
    pub(super) version: Option<&'a str>,
    /// `ec2InstanceId`.
    pub(super) ec2: Option<&'a str>,
    /// `registeredAt`, in nanoseconds.
    pub(super) registered_at: Option<i128>,
    /// Attributes; a value of `None` is an attribute without one.
    pub(super) attributes: &'a BTreeMap<String, Option<String>>,
    /// The group of each active task.
    pub(super) groups: Vec<&'a str>,
}

/// A checked expression.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// Every part holds.
    And(Vec<Node>),
    /// Some part holds.
    Or(Vec<Node>),
    /// The part does not hold.
    Not(Box<Node>),
    /// One predicate.
    Is(Subject, Test),
}

/// What a predicate is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// `agentConnected`
    Connected,
    /// `agentVersion`
    Version,
    /// `ec2InstanceId`
    Ec2,
    /// `registeredAt`
    RegisteredAt,
    /// `runningTasksCount`
    Running,
    /// `task:group`
    Group,
    /// `attribute:NAME`
    Attribute(String),
}

/// What a predicate asks of its subject.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// `==`
    Equal(String),
    /// `!=`
    NotEqual(String),
    /// `>`, `>=`, `<`, `<=`: the orders that satisfy it.
    Order(&'static [Ordering], String),
    /// `in`
    In(Vec<String>),
    /// `!in`
    NotIn(Vec<String>),
    /// `=~`
    Matches(Regex),
    /// `!~`
    NotMatches(Regex),
    /// `exists`
    Exists,
    /// `!exists`
    NotExists,
}

/// Whether an instance satisfies an expression.
pub(super) fn holds(node: &Node, facts: &Facts<'_>) -> bool {
    match node {
        Node::And(parts) => parts.iter().all(|part| holds(part, facts)),
        Node::Or(parts) => parts.iter().any(|part| holds(part, facts)),
        Node::Not(part) => !holds(part, facts),
        Node::Is(subject, test) => predicate(subject, test, facts),
    }
}

/// One predicate. Where the instance lacks the datum every comparison is false (U-42).
fn predicate(subject: &Subject, test: &Test, facts: &Facts<'_>) -> bool {
    match subject {
        Subject::Connected => string(test, if facts.connected { "true" } else { "false" }),
        Subject::Ec2 => facts.ec2.is_some_and(|id| string(test, id)),
        Subject::Version => match (facts.version.and_then(version), literal(test).and_then(version)) {
            (Some(have), Some(want)) => ordered(test, compare_versions(&have, &want)),
            _ => false,
        },
        Subject::RegisteredAt => match (facts.registered_at, literal(test).and_then(instant)) {
            (Some(have), Some(want)) => ordered(test, have.cmp(&want)),
            _ => false,
        },
        Subject::Running => match literal(test).and_then(whole) {
            Some(want) => ordered(test, (facts.groups.len() as i128).cmp(&want)),
            None => false,
        },
        // U-47: the negative forms are the exact negation of "some task".
        Subject::Group => match test {
            Test::NotEqual(want) => !facts.groups.contains(&want.as_str()),
            Test::NotIn(want) => !facts.groups.iter().any(|group| want.iter().any(|item| item == group)),
            Test::NotMatches(pattern) => !facts.groups.iter().any(|group| pattern.is_match(group)),
            positive => facts.groups.iter().any(|group| string(positive, group)),
        },
        Subject::Attribute(name) => match (facts.attributes.get(name), test) {
            (have, Test::Exists) => have.is_some(),
            (have, Test::NotExists) => have.is_none(),
            (None, _) => false,
            (Some(value), test) => string(test, value.as_deref().unwrap_or("")),
        },
    }
}

/// The argument of a test that has exactly one.
fn literal(test: &Test) -> Option<&str> {
    match test {
        Test::Equal(text) | Test::NotEqual(text) | Test::Order(_, text) => Some(text),
        _ => None,
    }
}

/// A comparison whose outcome is known.
fn ordered(test: &Test, order: Ordering) -> bool {
    match test {
        Test::Equal(_) => order == Ordering::Equal,
        Test::NotEqual(_) => order != Ordering::Equal,
        Test::Order(wanted, _) => wanted.contains(&order),
        _ => false,
    }
}

/// A test of a text value that is there.
fn string(test: &Test, have: &str) -> bool {
    match test {
        Test::Equal(want) => have == want,
        Test::NotEqual(want) => have != want,
        // U-44: numbers if both are, else code points; UTF-8 bytes sort the same way.
        Test::Order(wanted, want) => {
            let order = match (Decimal::parse(have), Decimal::parse(want)) {
                (Some(have), Some(want)) => have.compare(&want),
                _ => have.cmp(want),
            };
            wanted.contains(&order)
        }
        Test::In(want) => want.iter().any(|item| item == have),
        Test::NotIn(want) => !want.iter().any(|item| item == have),
        Test::Matches(pattern) => pattern.is_match(have),
        Test::NotMatches(pattern) => !pattern.is_match(have),
        Test::Exists => true,
        Test::NotExists => false,
    }
}

/// An integer literal. One of more than thirty digits is beyond every count, so its last digits do not matter.
fn whole(text: &str) -> Option<i128> {
    let sign = if text.starts_with(['+', '-']) { 1 } else { 0 };
    let digits = &text[sign..];
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    format!("{}0{}", &text[..sign], &significant[..significant.len().min(30)]).parse().ok()
}

/// Most characters of an expression.
const CHARS_MAX: usize = 2000;
/// Deepest nesting of parentheses and `not`.
const DEPTH_MAX: usize = 100;

/// Text to tree; class `invalid-expression`, or `limit-exceeded` for one that is too long or too deep.
pub(super) fn parse(text: &str) -> Res<Node> {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() > CHARS_MAX {
        return Err(fault("limit-exceeded", "expression is too long"));
    }
    let mut parser = Parser { chars, at: 0 };
    let node = parser.or_expr(0)?;
    parser.skip_space();
    if parser.at < parser.chars.len() { Err(parser.wrong("expected the end")) } else { Ok(node) }
}

/// A place in the text.
struct Parser {
    /// The text.
    chars: Vec<char>,
    /// The next character.
    at: usize,
}

/// Whitespace of the language.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// A character that can continue a word, so that a keyword ends where this is false.
fn is_word(c: char) -> bool {
    !" \t\r\n()[],'\"=!<>~&|".contains(c)
}

impl Parser {
    /// A refusal at this place.
    fn wrong(&self, text: &str) -> Fault {
        fault("invalid-expression", format!("{text} at character {}", self.at))
    }

    /// The character `ahead` of the next one.
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    /// Passes whitespace.
    fn skip_space(&mut self) {
        while self.peek(0).is_some_and(is_space) {
            self.at += 1;
        }
    }

    /// Passes `symbol` if it stands here.
    fn symbol(&mut self, symbol: &str) -> bool {
        let here = symbol.chars().enumerate().all(|(i, c)| self.peek(i) == Some(c));
        if here {
            self.at += symbol.chars().count();
        }
        here
    }

    /// Passes `word` if it stands here as a whole word.
    fn word(&mut self, word: &str) -> bool {
        let start = self.at;
        if self.symbol(word) && !self.peek(0).is_some_and(is_word) {
            return true;
        }
        self.at = start;
        false
    }

    /// `and_expr { or_op and_expr }`
    fn or_expr(&mut self, depth: usize) -> Res<Node> {
        let mut parts = alloc::vec![self.and_expr(depth)?];
        loop {
            self.skip_space();
            if !(self.symbol("||") || self.word("or")) {
                break;
            }
            parts.push(self.and_expr(depth)?);
        }
        Ok(Node::Or(parts))
    }

    /// `not_expr { and_op not_expr }`
    fn and_expr(&mut self, depth: usize) -> Res<Node> {
        let mut parts = alloc::vec![self.not_expr(depth)?];
        loop {
            self.skip_space();
            if !(self.symbol("&&") || self.word("and")) {
                break;
            }
            parts.push(self.not_expr(depth)?);
        }
        Ok(Node::And(parts))
    }

    /// `not_op not_expr | "(" or_expr ")" | predicate`
    fn not_expr(&mut self, depth: usize) -> Res<Node> {
        self.skip_space();
        let negated = self.symbol("!") || self.word("not");
        let opened = !negated && self.symbol("(");
        if !negated && !opened {
            return self.predicate();
        }
        if depth == DEPTH_MAX {
            return Err(fault("limit-exceeded", "expression nests too deeply"));
        }
        if negated {
            return Ok(Node::Not(Box::new(self.not_expr(depth + 1)?)));
        }
        let inner = self.or_expr(depth + 1)?;
        self.skip_space();
        if self.symbol(")") { Ok(inner) } else { Err(self.wrong("expected `)`")) }
    }

    /// `subject operator [argument]`
    fn predicate(&mut self) -> Res<Node> {
        let subject = self.subject()?;
        self.skip_space();
        let test = self.test()?;
        self.check(&subject, &test)?;
        Ok(Node::Is(subject, test))
    }

    /// A subject.
    fn subject(&mut self) -> Res<Subject> {
        let start = self.at;
        while self.peek(0).is_some_and(is_word) {
            self.at += 1;
        }
        let word: String = self.chars[start..self.at].iter().collect();
        match word.as_str() {
            "agentConnected" => return Ok(Subject::Connected),
            "agentVersion" => return Ok(Subject::Version),
            "ec2InstanceId" => return Ok(Subject::Ec2),
            "registeredAt" => return Ok(Subject::RegisteredAt),
            "runningTasksCount" => return Ok(Subject::Running),
            "task:group" => return Ok(Subject::Group),
            _ => {}
        }
        let good = |c: char| c.is_ascii_alphanumeric() || "-_/\\.".contains(c);
        match word.strip_prefix("attribute:") {
            Some(name) if (1..=128).contains(&name.len()) && name.chars().all(good) => {
                Ok(Subject::Attribute(name.to_string()))
            }
            _ => Err(self.wrong("expected a subject")),
        }
    }

    /// An operator and its argument; longer symbols are tried first.
    fn test(&mut self) -> Res<Test> {
        if self.word("!exists") || self.word("not_exists") {
            return Ok(Test::NotExists);
        }
        if self.word("exists") {
            return Ok(Test::Exists);
        }
        if self.word("!in") || self.word("not_in") {
            return Ok(Test::NotIn(self.list()?));
        }
        if self.word("in") {
            return Ok(Test::In(self.list()?));
        }
        if self.symbol("=~") || self.word("matches") {
            return Ok(Test::Matches(self.pattern()?));
        }
        if self.symbol("!~") || self.word("not_matches") {
            return Ok(Test::NotMatches(self.pattern()?));
        }
        if self.symbol("==") || self.word("equals") {
            return Ok(Test::Equal(self.literal()?));
        }
        if self.symbol("!=") || self.word("not_equals") {
            return Ok(Test::NotEqual(self.literal()?));
        }
        if self.symbol(">=") || self.word("greater_than_equal") {
            return Ok(Test::Order(&[Ordering::Greater, Ordering::Equal], self.literal()?));
        }
        if self.symbol("<=") || self.word("less_than_equal") {
            return Ok(Test::Order(&[Ordering::Less, Ordering::Equal], self.literal()?));
        }
        if self.symbol(">") || self.word("greater_than") {
            return Ok(Test::Order(&[Ordering::Greater], self.literal()?));
        }
        if self.symbol("<") || self.word("less_than") {
            return Ok(Test::Order(&[Ordering::Less], self.literal()?));
        }
        Err(self.wrong("expected an operator"))
    }

    /// The operator table of 5.1, and the type of the literal.
    fn check(&self, subject: &Subject, test: &Test) -> Res<()> {
        let order_only = matches!(test, Test::Equal(_) | Test::NotEqual(_) | Test::Order(..));
        let text_only = !matches!(test, Test::Order(..) | Test::Exists | Test::NotExists);
        let allowed = match subject {
            Subject::Attribute(_) => true,
            Subject::Connected | Subject::Ec2 | Subject::Group => text_only,
            Subject::Version | Subject::RegisteredAt | Subject::Running => order_only,
        };
        if !allowed {
            return Err(self.wrong("operator not allowed for the subject, before"));
        }
        let fits = |text: &str| match subject {
            Subject::Connected => text == "true" || text == "false",
            Subject::Version => version(text).is_some(),
            Subject::RegisteredAt => instant(text).is_some(),
            Subject::Running => whole(text).is_some(),
            Subject::Ec2 | Subject::Group | Subject::Attribute(_) => true,
        };
        let well_typed = match test {
            Test::Equal(text) | Test::NotEqual(text) | Test::Order(_, text) => fits(text),
            Test::In(items) | Test::NotIn(items) => items.iter().all(|item| fits(item)),
            _ => true,
        };
        if well_typed { Ok(()) } else { Err(self.wrong("argument is not of the subject's type, before")) }
    }

    /// `"[" literal { "," literal } "]"`
    fn list(&mut self) -> Res<Vec<String>> {
        self.skip_space();
        if !self.symbol("[") {
            return Err(self.wrong("expected `[`"));
        }
        let mut items = alloc::vec![self.literal()?];
        loop {
            self.skip_space();
            if self.symbol("]") {
                return Ok(items);
            }
            if !self.symbol(",") {
                return Err(self.wrong("expected `,` or `]`"));
            }
            items.push(self.literal()?);
        }
    }

    /// A quoted or bare literal.
    fn literal(&mut self) -> Res<String> {
        self.argument(&['(', ')', '[', ']', ',', '\'', '"'])
    }

    /// A quoted or bare argument; bare ends at whitespace, at one of `ends`, or before `&&` or `||`.
    fn argument(&mut self, ends: &[char]) -> Res<String> {
        self.skip_space();
        if let Some(quote @ ('\'' | '"')) = self.peek(0) {
            return self.quoted(quote);
        }
        let mut bare = String::new();
        while let Some(c) = self.peek(0) {
            let joins = (c == '&' || c == '|') && self.peek(1) == Some(c);
            if is_space(c) || ends.contains(&c) || joins {
                break;
            }
            bare.push(c);
            self.at += 1;
        }
        match bare.as_str() {
            "" | "and" | "or" | "not" | "in" => Err(self.wrong("expected an argument before")),
            _ => Ok(bare),
        }
    }

    /// A quoted text; the only escape is a backslash before the same quote.
    fn quoted(&mut self, quote: char) -> Res<String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            match (self.peek(0), self.peek(1)) {
                (None, _) => return Err(self.wrong("expected the closing quote")),
                (Some('\\'), Some(next)) if next == quote => {
                    text.push(quote);
                    self.at += 2;
                }
                (Some(c), _) if c == quote => {
                    self.at += 1;
                    return Ok(text);
                }
                (Some(c), _) => {
                    text.push(c);
                    self.at += 1;
                }
            }
        }
    }

    /// A regular expression that must match the whole value (U-48).
    fn pattern(&mut self) -> Res<Regex> {
        let java = self.argument(&['(', ')', '\'', '"'])?;
        let plain = posix(&unquote(&java));
        let bad = |_| self.wrong("bad regular expression before");
        if has_possessive(&plain) {
            return Err(self.wrong("unsupported regular expression before"));
        }
        Regex::new(&plain).map_err(bad)?;
        Regex::new(&format!("\\A(?:{plain})\\z")).map_err(bad)
    }
}

/// `\Q…\E` written with single escapes.
fn unquote(pattern: &str) -> String {
    let mut plain = String::new();
    let mut chars = pattern.chars().peekable();
    let mut literal = false;
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('Q')) if !literal => {
                literal = true;
                chars.next();
            }
            ('\\', Some('E')) if literal => {
                literal = false;
                chars.next();
            }
            ('\\', Some(_)) if !literal => {
                plain.push(c);
                plain.extend(chars.next());
            }
            _ => {
                if literal && r"\.+*?()|[]{}^$#&-~".contains(c) {
                    plain.push('\\');
                }
                plain.push(c);
            }
        }
    }
    plain
}

/// Java's `\p{Alpha}` and its like in the words of our engine, `[[:alpha:]]`; inside a class without the outer brackets.
/// Lower and Upper stay as they are, and so are refused, where a flag may ignore case.
fn posix(pattern: &str) -> String {
    let names = "ASCII Alnum Alpha Blank Cntrl Digit Graph Lower Print Punct Space Upper XDigit";
    let mut plain = String::new();
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(c) = rest.chars().next() {
        let known = names.split(' ').find(|name| {
            let cased = pattern.contains("(?") && ["Lower", "Upper"].contains(name);
            let body = rest.strip_prefix("\\p{").or_else(|| rest.strip_prefix("\\P{"));
            !cased && body.and_then(|body| body.strip_prefix(name)).is_some_and(|body| body.starts_with('}'))
        });
        if let Some(name) = known {
            let not = if rest.starts_with("\\P") { "^" } else { "" };
            let class = format!("[:{not}{}:]", name.to_ascii_lowercase());
            plain.push_str(&if in_class { class } else { format!("[{class}]") });
            rest = &rest[name.len() + 4..];
            continue;
        }
        let length = c.len_utf8() + if c == '\\' { rest.chars().nth(1).map_or(0, char::len_utf8) } else { 0 };
        in_class = c == '[' || in_class && c != ']';
        plain.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    plain
}

/// A possessive quantifier, which other engines would read as a repeated repetition.
fn has_possessive(pattern: &str) -> bool {
    let mut quantified = false;
    let mut in_class = false;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                chars.next();
                quantified = false;
            }
            '[' => (in_class, quantified) = (true, false),
            ']' => (in_class, quantified) = (false, false),
            '+' if quantified => return true,
            '*' | '+' | '?' | '}' => quantified = !in_class,
            _ => quantified = false,
        }
    }
    false
}

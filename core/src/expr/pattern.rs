//! The operators `=~` and `!~`: Java's `Pattern` dialect on a linear-time engine.
//!
//! Two engines rarely agree on a pattern by luck, so none of the user's text reaches ours. A pattern is read here by
//! Java's rules, into a small tree, and the tree is written out in the few forms that mean the same in `regex-lite`:
//! single characters and ranges by code point, groups without capture, repetition, alternation, and three assertions. What
//! a linear-time engine cannot do, and what we will not vouch for, is refused by name. A pattern cannot break out of the
//! whole-value wrapping, since it is never pasted into it.
//!
//! Greedy and lazy repetition accept the same whole values, and so do groups that capture and groups that do not; neither
//! distinction is kept.
//!
//! Where Java's own versions disagree (`\b` beside characters outside ASCII: letters of all scripts before Java 19, ASCII
//! since, combining marks always) a pattern is taken only if the question cannot come up, because nothing but ASCII can
//! match it.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Write as _;

use super::token::shown;
use crate::error::ErrorKind;
use crate::limits::{PATTERN_BYTES_MAX, PATTERN_DEPTH_MAX};

/// A compiled pattern that matches whole values.
#[derive(Debug)]
pub(super) struct Pattern(regex_lite::Regex);

/// What is wrong with a pattern, and where in it.
#[derive(Debug)]
pub(super) struct Fault {
    /// The kind of error.
    pub(super) kind: ErrorKind,
    /// The message.
    pub(super) message: String,
    /// Advice.
    pub(super) help: &'static str,
    /// First byte of the pattern it is about.
    pub(super) start: usize,
    /// One past the last.
    pub(super) end: usize,
}

// Neither is put into its callers, so that the module for pages without regular expressions can leave them to its second half.
impl Pattern {
    /// Compiles a pattern.
    #[inline(never)]
    pub(super) fn compile(pattern: &str) -> Result<Self, Fault> {
        /// Levels of the engine's tree for one group of ours: alternation, sequence, repetition, and one to spare.
        const LEVELS_PER_GROUP: u32 = 4;
        let engine = translate(pattern)?;
        regex_lite::RegexBuilder::new(&format!(r"\A(?:{engine})\z"))
            .size_limit(PATTERN_BYTES_MAX)
            .nest_limit((PATTERN_DEPTH_MAX + 2) * LEVELS_PER_GROUP)
            .build()
            .map(Self)
            // Its syntax is ours and right, so size is all that can be wrong.
            .map_err(|_| fault(ErrorKind::ExprPatternTooLarge, "regular expression is too large", 0, pattern.len()))
    }

    /// Whether the whole value matches.
    #[inline(never)]
    pub(super) fn is_match(&self, value: &str) -> bool {
        self.0.is_match(value)
    }
}

/// A Java pattern in the syntax of the engine.
fn translate(pattern: &str) -> Result<String, Fault> {
    let mut reader = Reader {
        units: unquote(pattern),
        at: 0,
        length: pattern.len(),
        depth: 0,
        flags: Flags { ignores_case: false, dot_is_all: false },
        names: Vec::new(),
    };
    let tree = reader.alternation()?;
    if let Some(unit) = reader.peek() {
        return Err(fault(ErrorKind::ExprPattern, "closing parenthesis without an opening one", unit.at, unit.end()));
    }
    if let Some((start, end)) = tree.first_boundary().filter(|_| tree.is_beyond_ascii()) {
        return Err(Fault {
            help: "use classes of ASCII characters, e.g. `[ -~]` for `.`; Java's versions disagree on other characters",
            ..unsupported("a word boundary where characters outside ASCII can match", start, end)
        });
    }
    let mut out = String::new();
    write_tree(&tree, true, &mut out)?;
    Ok(out)
}

/// A pattern that is malformed or too large.
fn fault(kind: ErrorKind, message: impl Into<String>, start: usize, end: usize) -> Fault {
    let help = match kind {
        ErrorKind::ExprPatternTooLarge => "use fewer or smaller repetitions and groups",
        _ => "expected a regular expression of Java; a backslash before punctuation makes it a plain character",
    };
    Fault { kind, message: message.into(), help, start, end }
}

/// A construct of Java's that is refused.
fn unsupported(what: &str, start: usize, end: usize) -> Fault {
    Fault {
        kind: ErrorKind::ExprPatternUnsupported,
        message: format!("{what} is not supported in a regular expression"),
        help: "use characters, classes, groups, `|` and plain repetition; several predicates can be joined by `and`",
        start,
        end,
    }
}

/// One character of the pattern.
#[derive(Debug, Clone, Copy)]
struct Unit {
    /// The character.
    c: char,
    /// Its first byte in the pattern.
    at: usize,
    /// Whether it stands between `\Q` and `\E`, and so for itself.
    is_quoted: bool,
}

impl Unit {
    /// One past its last byte.
    const fn end(self) -> usize {
        self.at + self.c.len_utf8()
    }
}

/// The characters of a pattern, `\Q` and `\E` taken out. Like Java, this comes before all other reading, so quoting works
/// inside classes too, and `\\Q` is a backslash and a letter.
fn unquote(pattern: &str) -> Vec<Unit> {
    let mut units = Vec::with_capacity(pattern.len());
    let mut is_quoted = false;
    let mut characters = pattern.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        if c == '\\' && is_quoted && characters.next_if(|&(_, next)| next == 'E').is_some() {
            is_quoted = false;
        } else if c == '\\' && !is_quoted {
            match characters.next() {
                Some((_, 'Q')) => is_quoted = true,
                next => {
                    units.push(Unit { c, at, is_quoted });
                    units.extend(next.map(|(at, c)| Unit { c, at, is_quoted }));
                }
            }
        } else {
            units.push(Unit { c, at, is_quoted });
        }
    }
    units
}

/// Code points as sorted or unsorted ranges, ends included.
type Ranges = Vec<(u32, u32)>;

/// Highest code point.
const CODE_POINT_MAX: u32 = char::MAX as u32;
/// Line terminators, which `.` leaves out.
const LINE_TERMINATORS: [(u32, u32); 4] = [(0x0A, 0x0A), (0x0D, 0x0D), (0x85, 0x85), (0x2028, 0x2029)];
/// `\d`.
const DIGITS: [(u32, u32); 1] = [(0x30, 0x39)];
/// `\s`: tab, line feed, vertical tab, form feed, carriage return, space.
const SPACES: [(u32, u32); 2] = [(0x09, 0x0D), (0x20, 0x20)];
/// `\w`.
const WORDS: [(u32, u32); 4] = [(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)];

/// The classes that Java takes from POSIX, all of ASCII: what stands in `\p{…}`.
const POSIX_CLASSES: [(&str, &[(u32, u32)]); 13] = [
    ("ASCII", &[(0x00, 0x7F)]),
    ("Alnum", &[(0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)]),
    ("Alpha", &[(0x41, 0x5A), (0x61, 0x7A)]),
    ("Blank", &[(0x09, 0x09), (0x20, 0x20)]),
    ("Cntrl", &[(0x00, 0x1F), (0x7F, 0x7F)]),
    ("Digit", &DIGITS),
    ("Graph", &[(0x21, 0x7E)]),
    ("Lower", &[(0x61, 0x7A)]),
    ("Print", &[(0x20, 0x7E)]),
    ("Punct", &[(0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)]),
    ("Space", &SPACES),
    ("Upper", &[(0x41, 0x5A)]),
    ("XDigit", &[(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)]),
];

/// Sorts ranges and joins those that touch.
fn normalise(ranges: &mut Ranges) {
    ranges.sort_unstable();
    let mut joined: Ranges = Vec::with_capacity(ranges.len());
    for &(start, end) in ranges.iter() {
        match joined.last_mut() {
            Some(last) if start <= last.1.saturating_add(1) => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    *ranges = joined;
}

/// Every code point that is in none of the ranges.
fn complement(mut ranges: Ranges) -> Ranges {
    normalise(&mut ranges);
    let mut out = Vec::with_capacity(ranges.len() + 1);
    let mut next = 0;
    for (start, end) in ranges {
        if next < start {
            out.push((next, start - 1));
        }
        next = end + 1;
    }
    if next <= CODE_POINT_MAX {
        out.push((next, CODE_POINT_MAX));
    }
    out
}

/// Adds the other case of every ASCII letter; Java folds no other letters unless told to.
fn fold(ranges: &mut Ranges) {
    for i in 0..ranges.len() {
        let (start, end) = ranges[i];
        let (lower_start, lower_end) = (start.max(0x61), end.min(0x7A));
        if lower_start <= lower_end {
            ranges.push((lower_start - 0x20, lower_end - 0x20));
        }
        let (upper_start, upper_end) = (start.max(0x41), end.min(0x5A));
        if upper_start <= upper_end {
            ranges.push((upper_start + 0x20, upper_end + 0x20));
        }
    }
}

/// A pattern as a tree.
#[derive(Debug)]
enum Tree {
    /// One code point of these.
    Set(Ranges),
    /// `^` and `\A`.
    Start,
    /// `$`, at these bytes of the pattern.
    End(usize, usize),
    /// `\z`.
    VeryEnd,
    /// `\b`, or `\B` if negated, at these bytes of the pattern.
    Boundary {
        /// Whether it is `\B`.
        is_negated: bool,
        /// First byte.
        start: usize,
        /// One past the last.
        end: usize,
    },
    /// The subtree again and again.
    Repeat(Box<Self>, u32, Option<u32>),
    /// One after the other.
    Sequence(Vec<Self>),
    /// One of these.
    Alternation(Vec<Self>),
}

impl Tree {
    /// Whether it only ever matches the empty text.
    fn is_empty_width(&self) -> bool {
        match self {
            Self::Set(_) => false,
            Self::Start | Self::End(..) | Self::VeryEnd | Self::Boundary { .. } => true,
            Self::Repeat(tree, _, max) => *max == Some(0) || tree.is_empty_width(),
            Self::Sequence(trees) | Self::Alternation(trees) => trees.iter().all(Self::is_empty_width),
        }
    }

    /// Whether it can match a character outside ASCII.
    fn is_beyond_ascii(&self) -> bool {
        match self {
            Self::Set(ranges) => ranges.iter().any(|&(_, end)| end > 0x7F),
            Self::Start | Self::End(..) | Self::VeryEnd | Self::Boundary { .. } => false,
            Self::Repeat(tree, ..) => tree.is_beyond_ascii(),
            Self::Sequence(trees) | Self::Alternation(trees) => trees.iter().any(Self::is_beyond_ascii),
        }
    }

    /// Where it first has `\b` or `\B`.
    fn first_boundary(&self) -> Option<(usize, usize)> {
        match self {
            Self::Set(_) | Self::Start | Self::End(..) | Self::VeryEnd => None,
            &Self::Boundary { start, end, .. } => Some((start, end)),
            Self::Repeat(tree, ..) => tree.first_boundary(),
            Self::Sequence(trees) | Self::Alternation(trees) => trees.iter().find_map(Self::first_boundary),
        }
    }
}

/// The inline flags we have.
#[derive(Debug, Clone, Copy)]
struct Flags {
    /// `i`.
    ignores_case: bool,
    /// `s`.
    dot_is_all: bool,
}

/// What an escape stands for.
enum Escape {
    /// A character.
    Character(char),
    /// One of these characters.
    Set(Ranges),
    /// An assertion.
    Assertion(Tree),
}

/// A place in a pattern, and what holds there.
struct Reader {
    /// The characters.
    units: Vec<Unit>,
    /// The next one.
    at: usize,
    /// Bytes of the pattern.
    length: usize,
    /// Groups around this place.
    depth: u32,
    /// Flags in force.
    flags: Flags,
    /// Names of groups so far.
    names: Vec<String>,
}

impl Reader {
    /// The next character.
    fn peek(&self) -> Option<Unit> {
        self.units.get(self.at).copied()
    }

    /// The character `ahead` of the next one, unless it is quoted.
    fn syntax(&self, ahead: usize) -> Option<char> {
        self.units.get(self.at + ahead).filter(|unit| !unit.is_quoted).map(|unit| unit.c)
    }

    /// Reads the next character.
    fn next(&mut self) -> Option<Unit> {
        let unit = self.peek();
        self.at += usize::from(unit.is_some());
        unit
    }

    /// Reads the next character if it is this one and not quoted.
    fn eat(&mut self, c: char) -> bool {
        let is_it = self.syntax(0) == Some(c);
        self.at += usize::from(is_it);
        is_it
    }

    /// First byte of the next character, or the end.
    fn place(&self) -> usize {
        self.peek().map_or(self.length, |unit| unit.at)
    }

    /// A malformed pattern, from byte `start` to here.
    fn malformed(&self, message: impl Into<String>, start: usize) -> Fault {
        fault(ErrorKind::ExprPattern, message, start, self.place().max(start))
    }

    /// A refused construct, from byte `start` to here.
    fn refused(&self, what: &str, start: usize) -> Fault {
        unsupported(what, start, self.place().max(start))
    }

    /// Branches with `|` between, up to a closing parenthesis or the end.
    fn alternation(&mut self) -> Result<Tree, Fault> {
        let mut branches = Vec::new();
        loop {
            branches.push(self.sequence()?);
            if !self.eat('|') {
                return Ok(only_or(branches, Tree::Alternation));
            }
        }
    }

    /// One branch.
    fn sequence(&mut self) -> Result<Tree, Fault> {
        let mut trees = Vec::new();
        let mut is_behind_count = false;
        while self.peek().is_some() && !matches!(self.syntax(0), Some('|' | ')')) {
            let start = self.place();
            if is_behind_count && self.begins_count() {
                self.at += 1;
                return Err(self.refused("a count behind a count", start));
            }
            let Some(atom) = self.atom()? else {
                is_behind_count = false;
                continue;
            };
            is_behind_count = self.begins_count();
            trees.push(self.repetition(atom)?);
        }
        Ok(only_or(trees, Tree::Sequence))
    }

    /// Whether a count such as `{2}` comes next.
    fn begins_count(&self) -> bool {
        self.syntax(0) == Some('{') && self.syntax(1).is_some_and(|c| c.is_ascii_digit())
    }

    /// One thing that can be repeated; `None` for flags alone.
    fn atom(&mut self) -> Result<Option<Tree>, Fault> {
        let start = self.place();
        let Some(unit) = self.next() else {
            return Ok(Some(Tree::Sequence(Vec::new())));
        };
        if unit.is_quoted {
            return Ok(Some(self.literal(unit.c)));
        }
        Ok(Some(match unit.c {
            '(' => return self.group(start),
            '[' => self.class(start)?,
            '\\' => match self.escape(start, false)? {
                Escape::Character(c) => self.literal(c),
                Escape::Set(ranges) => Tree::Set(ranges),
                Escape::Assertion(tree) => tree,
            },
            '^' => Tree::Start,
            '$' => Tree::End(start, unit.end()),
            '.' if self.flags.dot_is_all => Tree::Set(vec![(0, CODE_POINT_MAX)]),
            '.' => Tree::Set(complement(LINE_TERMINATORS.into())),
            '?' | '*' | '+' => {
                return Err(self.malformed(format!("quantifier `{}` has nothing to repeat", unit.c), start));
            }
            '{' if self.syntax(0).is_some_and(|c| c.is_ascii_digit()) => {
                return Err(self.refused("a counted quantifier without an atom before it", start));
            }
            '{' => return Err(self.malformed("`{` begins no quantifier", start)),
            c => self.literal(c),
        }))
    }

    /// A character that stands for itself.
    fn literal(&self, c: char) -> Tree {
        let mut ranges = vec![(u32::from(c), u32::from(c))];
        if self.flags.ignores_case {
            fold(&mut ranges);
            normalise(&mut ranges);
        }
        Tree::Set(ranges)
    }

    /// The quantifier behind an atom, if there is one.
    fn repetition(&mut self, atom: Tree) -> Result<Tree, Fault> {
        let start = self.place();
        let (min, max) = match self.syntax(0) {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => {
                self.at += 1;
                self.counts(start)?
            }
            _ => return Ok(atom),
        };
        // The last character of the quantifier.
        self.at += 1;
        if self.eat('+') {
            return Err(self.refused("a possessive quantifier", start));
        }
        // Lazy or greedy, the whole value decides.
        self.eat('?');
        Ok(Tree::Repeat(Box::new(atom), min, max))
    }

    /// `n`, `n,` or `n,m`, up to the closing brace.
    fn counts(&mut self, start: usize) -> Result<(u32, Option<u32>), Fault> {
        let min = self.count(start)?.ok_or_else(|| self.malformed("`{` begins no quantifier", start))?;
        let max = if self.eat(',') { self.count(start)? } else { Some(min) };
        if self.syntax(0) != Some('}') {
            return Err(self.malformed("counted quantifier is never closed", start));
        }
        if max.is_some_and(|max| max < min) {
            return Err(self.malformed("counted quantifier has its bounds the wrong way round", start));
        }
        Ok((min, max))
    }

    /// A run of digits.
    fn count(&mut self, start: usize) -> Result<Option<u32>, Fault> {
        let mut count = None;
        while let Some(digit) = self.syntax(0).and_then(|c| c.to_digit(10)) {
            self.at += 1;
            let next = count.unwrap_or(0_u32).checked_mul(10).and_then(|count| count.checked_add(digit));
            let Some(next) = next.filter(|&next| next <= i32::MAX.unsigned_abs()) else {
                return Err(fault(
                    ErrorKind::ExprPatternTooLarge,
                    "counted quantifier is too large",
                    start,
                    self.place().max(start),
                ));
            };
            count = Some(next);
        }
        Ok(count)
    }

    /// What follows `(`; `None` for flags alone.
    fn group(&mut self, start: usize) -> Result<Option<Tree>, Fault> {
        let saved = self.flags;
        if self.eat('?') {
            match self.syntax(0) {
                Some('=' | '!') => {
                    self.at += 1;
                    return Err(self.refused("look-ahead", start));
                }
                Some('>') => {
                    self.at += 1;
                    return Err(self.refused("an atomic group", start));
                }
                Some('<') => {
                    self.at += 1;
                    if matches!(self.syntax(0), Some('=' | '!')) {
                        self.at += 1;
                        return Err(self.refused("look-behind", start));
                    }
                    self.group_name(start)?;
                }
                _ => {
                    if !self.group_flags(start)? {
                        return Ok(None);
                    }
                }
            }
        }
        if self.depth == PATTERN_DEPTH_MAX {
            return Err(fault(
                ErrorKind::ExprPatternTooLarge,
                format!("regular expression nests groups more than {PATTERN_DEPTH_MAX} deep"),
                start,
                self.place().max(start),
            ));
        }
        self.depth += 1;
        let tree = self.alternation()?;
        self.depth -= 1;
        if !self.eat(')') {
            return Err(self.malformed("group is never closed", start));
        }
        self.flags = saved;
        Ok(Some(tree))
    }

    /// The name behind `(?<`, up to the closing `>`.
    fn group_name(&mut self, start: usize) -> Result<(), Fault> {
        let mut name = String::new();
        while let Some(c) =
            self.syntax(0).filter(|&c| c.is_ascii_alphabetic() || (!name.is_empty() && c.is_ascii_digit()))
        {
            self.at += 1;
            name.push(c);
        }
        if name.is_empty() || !self.eat('>') {
            return Err(self.malformed("group name is not letters and digits followed by `>`", start));
        }
        if self.names.contains(&name) {
            return Err(self.malformed(format!("group name {} is given twice", shown(&name)), start));
        }
        self.names.push(name);
        Ok(())
    }

    /// The flags behind `(?`; whether they open a group, rather than hold for the rest of the one they are in.
    fn group_flags(&mut self, start: usize) -> Result<bool, Fault> {
        let mut is_on = true;
        loop {
            let flag = self.syntax(0);
            self.at += usize::from(flag.is_some());
            match flag {
                Some(':') => return Ok(true),
                Some(')') => return Ok(false),
                Some('-') if is_on => is_on = false,
                Some('i') => self.flags.ignores_case = is_on,
                Some('s') => self.flags.dot_is_all = is_on,
                // Never on, so turning them off changes nothing.
                Some('c' | 'd' | 'm' | 'u' | 'U' | 'x') if !is_on => {}
                Some(flag @ ('c' | 'd' | 'm' | 'u' | 'U' | 'x')) => {
                    return Err(self.refused(&format!("flag `{flag}`"), start));
                }
                _ => return Err(self.malformed("group has an unknown flag", start)),
            }
        }
    }

    /// What follows `[`.
    fn class(&mut self, start: usize) -> Result<Tree, Fault> {
        let is_negated = self.eat('^');
        let mut ranges = Vec::new();
        let mut is_first = true;
        loop {
            let place = self.place();
            let Some(unit) = self.next() else {
                return Err(self.malformed("character class is never closed", start));
            };
            match unit.c {
                ']' if !unit.is_quoted && !is_first => break,
                '[' if !unit.is_quoted => return Err(self.refused("a class inside a class", place)),
                '&' if !unit.is_quoted && self.syntax(0) == Some('&') => {
                    self.at += 1;
                    return Err(self.refused("an intersection of classes", place));
                }
                _ => {}
            }
            is_first = false;
            let low = match self.class_item(unit, place)? {
                Escape::Character(c) => c,
                Escape::Set(set) => {
                    ranges.extend(set);
                    continue;
                }
                Escape::Assertion(_) => return Err(self.malformed("escape cannot stand in a class", place)),
            };
            let mut high = low;
            if self.syntax(0) == Some('-') && !matches!(self.syntax(1), Some('[' | ']')) {
                self.at += 1;
                let end_place = self.place();
                let Some(unit) = self.next() else {
                    return Err(self.malformed("character class is never closed", start));
                };
                high = match self.class_item(unit, end_place)? {
                    Escape::Character(c) if c >= low => c,
                    _ => return Err(self.malformed("character range is not from low to high", place)),
                };
            }
            ranges.push((u32::from(low), u32::from(high)));
            if self.flags.ignores_case {
                let mut last = ranges.split_off(ranges.len() - 1);
                fold(&mut last);
                ranges.append(&mut last);
            }
        }
        normalise(&mut ranges);
        Ok(Tree::Set(if is_negated { complement(ranges) } else { ranges }))
    }

    /// A character of a class, or the escape it begins.
    fn class_item(&mut self, unit: Unit, place: usize) -> Result<Escape, Fault> {
        if unit.c == '\\' && !unit.is_quoted { self.escape(place, true) } else { Ok(Escape::Character(unit.c)) }
    }

    /// What follows a backslash, which stands at byte `start`.
    fn escape(&mut self, start: usize, is_class: bool) -> Result<Escape, Fault> {
        let Some(unit) = self.next() else {
            return Err(self.malformed("backslash at the end", start));
        };
        let character = |c| Ok(Escape::Character(c));
        match unit.c {
            'a' => character('\x07'),
            'e' => character('\x1B'),
            'f' => character('\x0C'),
            'n' => character('\n'),
            'r' => character('\r'),
            't' => character('\t'),
            '0' => self.octal(start).map(Escape::Character),
            'x' => self.hexadecimal(start).map(Escape::Character),
            'u' => self.utf16(start).map(Escape::Character),
            'c' => match self.next() {
                Some(control) if control.c.is_ascii() => character(char::from(control.c as u8 ^ 64)),
                Some(_) => Err(self.refused("a control escape of a character outside ASCII", start)),
                None => Err(self.malformed("control escape has no character", start)),
            },
            'd' => Ok(Escape::Set(DIGITS.into())),
            'D' => Ok(Escape::Set(complement(DIGITS.into()))),
            's' => Ok(Escape::Set(SPACES.into())),
            'S' => Ok(Escape::Set(complement(SPACES.into()))),
            'w' => Ok(Escape::Set(WORDS.into())),
            'W' => Ok(Escape::Set(complement(WORDS.into()))),
            '1'..='9' | 'b' | 'B' | 'A' | 'z' if is_class => {
                Err(self.malformed(format!("escape `\\{}` cannot stand in a class", unit.c), start))
            }
            '1'..='9' | 'k' => Err(self.refused("a back-reference", start)),
            'b' if self.syntax(0) == Some('{') && self.syntax(1) == Some('g') => {
                Err(self.refused("a boundary of grapheme clusters", start))
            }
            'b' | 'B' => Ok(Escape::Assertion(Tree::Boundary { is_negated: unit.c == 'B', start, end: unit.end() })),
            'A' => Ok(Escape::Assertion(Tree::Start)),
            'z' => Ok(Escape::Assertion(Tree::VeryEnd)),
            'p' | 'P' => self.property(start, unit.c == 'P').map(Escape::Set),
            'N' => Err(self.refused("a character by name", start)),
            'G' | 'Z' | 'R' | 'X' | 'h' | 'H' | 'v' | 'V' => {
                Err(self.refused(&format!("escape `\\{}`", unit.c), start))
            }
            c if c.is_ascii_alphabetic() => Err(self.malformed(format!("unknown escape `\\{c}`"), start)),
            c => character(c),
        }
    }

    /// `{Name}` behind `\p` or `\P`.
    fn property(&mut self, start: usize, is_negated: bool) -> Result<Ranges, Fault> {
        if self.peek().is_none() {
            return Err(self.malformed("class by property has no name", start));
        }
        if !self.eat('{') {
            self.at += 1;
            return Err(self.refused("a class by property", start));
        }
        let mut name = String::new();
        while let Some(unit) = self.peek().filter(|unit| unit.c != '}') {
            self.at += 1;
            name.push(unit.c);
        }
        if !self.eat('}') || name.is_empty() {
            return Err(self.malformed("class by property has no name in braces", start));
        }
        let Some((_, ranges)) = POSIX_CLASSES.iter().find(|(known, _)| *known == name) else {
            return Err(Fault {
                help: "the classes of ASCII are supported, such as `\\p{Alpha}`, `\\p{Digit}` and `\\p{Punct}`",
                ..self.refused("a class by property", start)
            });
        };
        if self.flags.ignores_case && matches!(name.as_str(), "Lower" | "Upper") {
            return Err(Fault {
                help: "write `\\p{Alpha}`; Java's versions disagree on whether the flag `i` changes this class",
                ..self.refused(&format!("class `\\p{{{name}}}` under the flag `i`"), start)
            });
        }
        Ok(if is_negated { complement(ranges.to_vec()) } else { ranges.to_vec() })
    }

    /// `\0n`, `\0nn` or `\0mnn`, m at most 3.
    fn octal(&mut self, start: usize) -> Result<char, Fault> {
        let mut value = None;
        for _ in 0..3 {
            let Some(digit) = self.syntax(0).and_then(|c| c.to_digit(8)) else { break };
            let next = value.unwrap_or(0) * 8 + digit;
            if next > 0o377 {
                break;
            }
            self.at += 1;
            value = Some(next);
        }
        value.and_then(char::from_u32).ok_or_else(|| self.malformed("octal escape has no digits", start))
    }

    /// `\xhh` or `\x{h…}`.
    fn hexadecimal(&mut self, start: usize) -> Result<char, Fault> {
        let value = if self.eat('{') {
            let mut value = None;
            while let Some(digit) = self.syntax(0).and_then(|c| c.to_digit(16)) {
                self.at += 1;
                value = Some((value.unwrap_or(0_u32) * 16 + digit).min(CODE_POINT_MAX + 1));
            }
            if self.eat('}') { value } else { None }
        } else {
            self.hexadecimal_digits(2)
        };
        let value = value.filter(|&value| value <= CODE_POINT_MAX);
        let value = value.ok_or_else(|| self.malformed("hexadecimal escape names no code point", start))?;
        char::from_u32(value).ok_or_else(|| self.refused("half of a surrogate pair", start))
    }

    /// `\uhhhh`, or two of them for one code point.
    fn utf16(&mut self, start: usize) -> Result<char, Fault> {
        let malformed = "`\\u` is not followed by four hexadecimal digits";
        let high = self.hexadecimal_digits(4).ok_or_else(|| self.malformed(malformed, start))?;
        if let Some(c) = char::from_u32(high) {
            return Ok(c);
        }
        if high < 0xDC00 && self.eat('\\') && self.eat('u') {
            let low = self.hexadecimal_digits(4).ok_or_else(|| self.malformed(malformed, start))?;
            if (0xDC00..0xE000).contains(&low) {
                let code_point = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                return char::from_u32(code_point).ok_or_else(|| self.malformed(malformed, start));
            }
        }
        Err(self.refused("half of a surrogate pair", start))
    }

    /// Exactly `count` hexadecimal digits.
    fn hexadecimal_digits(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            value = value * 16 + self.syntax(0)?.to_digit(16)?;
            self.at += 1;
        }
        Some(value)
    }
}

/// The only tree, or the node over all of them.
fn only_or(mut trees: Vec<Tree>, node: fn(Vec<Tree>) -> Tree) -> Tree {
    match (trees.len(), trees.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            trees.extend(last);
            node(trees)
        }
    }
}

/// Writes a tree in the syntax of the engine. `is_last` tells that nothing but empty text can follow it.
fn write_tree(tree: &Tree, is_last: bool, out: &mut String) -> Result<(), Fault> {
    match tree {
        Tree::Set(ranges) => write_set(ranges, out),
        Tree::Start => out.push_str(r"\A"),
        Tree::VeryEnd => out.push_str(r"\z"),
        // At the end of a whole value `$` means the very end. Anywhere else it looks ahead to a last line terminator.
        Tree::End(..) if is_last => out.push_str(r"\z"),
        &Tree::End(start, end) => return Err(unsupported("`$` before the end of the pattern", start, end)),
        &Tree::Boundary { is_negated, .. } => out.push_str(if is_negated { r"\B" } else { r"\b" }),
        Tree::Repeat(tree, min, max) => {
            let is_last = is_last && (max.is_some_and(|max| max <= 1) || tree.is_empty_width());
            let is_unit = matches!(**tree, Tree::Set(_) | Tree::Alternation(_));
            out.push_str(if is_unit { "" } else { "(?:" });
            write_tree(tree, is_last, out)?;
            out.push_str(if is_unit { "" } else { ")" });
            // OK: writing to a `String` cannot fail.
            let _ = match (min, max) {
                (0, None) => write!(out, "*"),
                (1, None) => write!(out, "+"),
                (0, Some(1)) => write!(out, "?"),
                (min, None) => write!(out, "{{{min},}}"),
                (min, Some(max)) => write!(out, "{{{min},{max}}}"),
            };
        }
        Tree::Sequence(trees) => {
            let last = trees.iter().rposition(|tree| !tree.is_empty_width()).unwrap_or(0);
            for (i, tree) in trees.iter().enumerate() {
                write_tree(tree, is_last && i >= last, out)?;
            }
        }
        Tree::Alternation(branches) => {
            out.push_str("(?:");
            for (i, branch) in branches.iter().enumerate() {
                if i > 0 {
                    out.push('|');
                }
                write_tree(branch, is_last, out)?;
            }
            out.push(')');
        }
    }
    Ok(())
}

/// Writes a class by code points; surrogates, which no text has, are left out.
fn write_set(ranges: &[(u32, u32)], out: &mut String) {
    if let [(only, end)] = ranges {
        if only == end {
            return write_code_point(*only, out);
        }
    }
    let mut is_empty = true;
    for &(start, end) in ranges {
        let start = if (0xD800..0xE000).contains(&start) { 0xE000 } else { start };
        let end = if (0xD800..0xE000).contains(&end) { 0xD7FF } else { end };
        if start <= end {
            if is_empty {
                out.push('[');
                is_empty = false;
            }
            write_code_point(start, out);
            out.push('-');
            write_code_point(end, out);
        }
    }
    // Nothing at all is what is outside of everything.
    out.push_str(if is_empty { r"[^\x{0}-\x{10FFFF}]" } else { "]" });
}

/// Writes one code point.
fn write_code_point(code_point: u32, out: &mut String) {
    match char::from_u32(code_point) {
        Some(c) if c.is_ascii_alphanumeric() => out.push(c),
        // OK: writing to a `String` cannot fail.
        _ => drop(write!(out, r"\x{{{code_point:X}}}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_text_reaches_the_engine_unread() {
        for (java, engine) in [
            ("t2", "t2"),
            ("a-b", r"a\x{2D}b"),
            ("2|20", "(?:2|20)"),
            (r"\Q(?x)#\E", r"\x{28}\x{3F}x\x{29}\x{23}"),
            ("(?<n>a)+?", "a+"),
            ("(?i)k", "[K-Kk-k]"),
            (r"[\d-]", r"[\x{2D}-\x{2D}0-9]"),
            (r"[^\s\S]", r"[^\x{0}-\x{10FFFF}]"),
            ("^a$", r"\Aa\z"),
            ("((a*)+|(bc)?)*", "(?:(?:a*)+|(?:bc)?)*"),
        ] {
            assert_eq!(translate(java).ok().as_deref(), Some(engine), "{java}");
        }
    }

    #[test]
    fn ranges_are_complemented_and_joined() {
        assert_eq!(complement(vec![(5, 9), (0, 3), (8, 20)]), [(4, 4), (21, CODE_POINT_MAX)]);
        assert_eq!(complement(Vec::new()), [(0, CODE_POINT_MAX)]);
        assert_eq!(complement(vec![(0, CODE_POINT_MAX)]), []);
        let mut ranges = vec![(0x61, 0x62)];
        fold(&mut ranges);
        assert_eq!(ranges, [(0x61, 0x62), (0x41, 0x42)]);
    }
}

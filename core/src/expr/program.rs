//! Compiled forms: a flat [`Program`] over [`Leaf`]s, and the [`Residue`] of what changes with every placement.
//!
//! A program has one bit of state and four instructions, so it needs no stack at all. How a leaf is decided is up to the
//! caller: [`Leaf::test_facts`] asks one instance, an index may look the answer up per distinct attribute value.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt::{self, Write as _};

use super::code::{Instruction, Parking, run, run_words};
use super::eval::{Decimal, Facts, Timestamp, compare_versions, version_core};
use super::pattern::Pattern;

/// What a predicate is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// `agentConnected`.
    AgentConnected,
    /// `agentVersion`.
    AgentVersion,
    /// `attribute:NAME`.
    Attribute,
    /// `ec2InstanceId`.
    Ec2InstanceId,
    /// `registeredAt`.
    RegisteredAt,
    /// `runningTasksCount`.
    RunningTasksCount,
    /// `task:group`.
    TaskGroup,
}

impl Subject {
    /// Whether a placement can change the answer: task groups and task counts.
    #[must_use]
    pub const fn is_volatile(self) -> bool {
        matches!(self, Self::RunningTasksCount | Self::TaskGroup)
    }
}

/// A way to order two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
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
}

impl Comparison {
    /// Whether a value that stands so to the literal passes.
    const fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterEqual => ordering.is_ge(),
            Self::Less => ordering.is_lt(),
            Self::LessEqual => ordering.is_le(),
        }
    }
}

/// The positive form of a predicate, argument and all.
#[derive(Debug)]
pub(super) enum Test {
    /// The datum is there.
    Exists,
    /// The text is one of these, sorted.
    OneOf(Box<[String]>),
    /// The whole text matches.
    Matches(Pattern),
    /// The text stands so to the literal: as numbers if both are, else by code point.
    Text(Comparison, String),
    /// The version stands so to the literal, a version core.
    Version(Comparison, String),
    /// The count stands so to the literal.
    Count(Comparison, i64),
    /// The instant stands so to the literal.
    Instant(Comparison, Timestamp),
}

/// One checked predicate. Cloning shares it.
#[derive(Clone)]
pub struct Leaf(Arc<Checked>);

/// What a leaf holds.
#[derive(Debug)]
pub(super) struct Checked {
    /// What the predicate is about.
    pub(super) subject: Subject,
    /// Name of the attribute; empty for other subjects.
    pub(super) attribute: String,
    /// The positive form.
    pub(super) test: Test,
    /// Whether the predicate is the negation of it.
    pub(super) is_negated: bool,
    /// The predicate in canonical form.
    pub(super) text: String,
}

impl Leaf {
    /// The leaf for a checked predicate.
    pub(super) fn new(checked: Checked) -> Self {
        Self(Arc::new(checked))
    }

    /// What the predicate is about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        self.0.subject
    }

    /// The predicate in canonical form, e.g. `attribute:stack == prod`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// Whether deciding it takes a pattern.
    pub(crate) fn is_pattern(&self) -> bool {
        matches!(self.0.test, Test::Matches(_))
    }

    /// Name of the attribute, when the predicate is about one.
    #[must_use]
    pub fn attribute(&self) -> Option<&str> {
        (self.0.subject == Subject::Attribute).then_some(self.0.attribute.as_str())
    }

    /// Whether an attribute value passes. `None` is an absent attribute, an empty text one without a value. On an absent
    /// one everything but `!exists` is false. Serves every subject whose datum is a text.
    #[must_use]
    pub fn test_attribute(&self, value: Option<&str>) -> bool {
        match (value, &self.0.test) {
            (value, Test::Exists) => value.is_some() != self.0.is_negated,
            (Some(value), _) => self.test_text(value) != self.0.is_negated,
            (None, _) => false,
        }
    }

    /// Whether one group name satisfies the positive form of a predicate about `task:group`: of `!=`, what `==` would say.
    #[must_use]
    pub fn test_group(&self, group: &str) -> bool {
        self.test_text(group)
    }

    /// Whether the predicate holds when *no* group satisfies [`test_group`](Self::test_group), rather than when one does.
    #[must_use]
    pub fn is_negated_group(&self) -> bool {
        self.0.subject == Subject::TaskGroup && self.0.is_negated
    }

    /// Whether a number of running tasks passes a predicate about `runningTasksCount`.
    #[must_use]
    pub fn test_count(&self, running_tasks: u32) -> bool {
        match self.0.test {
            Test::Count(comparison, literal) => comparison.holds(i64::from(running_tasks).cmp(&literal)),
            _ => false,
        }
    }

    /// Whether an instance passes, whatever the predicate is about.
    #[must_use]
    pub fn test_facts(&self, facts: &(impl Facts + ?Sized)) -> bool {
        match self.0.subject {
            Subject::AgentConnected => {
                self.test_attribute(Some(if facts.is_agent_connected() { "true" } else { "false" }))
            }
            Subject::AgentVersion => self.test_attribute(facts.agent_version()),
            Subject::Attribute => self.test_attribute(facts.attribute(&self.0.attribute)),
            Subject::Ec2InstanceId => self.test_attribute(facts.ec2_instance_id()),
            Subject::RegisteredAt => match (&self.0.test, facts.registered_at()) {
                (Test::Instant(comparison, literal), Some(instant)) => comparison.holds(instant.cmp(literal)),
                _ => false,
            },
            Subject::RunningTasksCount => self.test_count(facts.running_tasks_count()),
            Subject::TaskGroup => facts.any_group(&mut |group| self.test_text(group)) != self.0.is_negated,
        }
    }

    /// Whether a text passes the positive form.
    fn test_text(&self, value: &str) -> bool {
        match &self.0.test {
            Test::Exists => true,
            Test::OneOf(values) => values.binary_search_by(|item| item.as_str().cmp(value)).is_ok(),
            Test::Matches(pattern) => pattern.is_match(value),
            Test::Text(comparison, literal) => {
                let ordering = match (Decimal::parse(value), Decimal::parse(literal)) {
                    (Some(value), Some(literal)) => value.compare(literal),
                    _ => value.cmp(literal.as_str()),
                };
                comparison.holds(ordering)
            }
            Test::Version(comparison, literal) => {
                version_core(value).is_some_and(|core| comparison.holds(compare_versions(core, literal)))
            }
            Test::Count(..) | Test::Instant(..) => false,
        }
    }
}

/// Two leaves are equal when their canonical forms are.
impl PartialEq for Leaf {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl Eq for Leaf {}

impl fmt::Debug for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Leaf({})", self.0.text)
    }
}

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

/// A boolean combination of leaves, as flat code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The instructions; jumps lead forward.
    pub(super) code: Box<[Instruction]>,
    /// The distinct leaves, in order of first use.
    pub(super) leaves: Box<[Leaf]>,
}

impl Program {
    /// The distinct leaves, in order of first use.
    #[must_use]
    pub fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    /// Runs the program; `leaf` is given the number of a leaf and the leaf. Does not allocate, recurse or fail.
    #[inline]
    pub fn eval(&self, mut leaf: impl FnMut(usize, &Leaf) -> bool) -> bool {
        run(&self.code, |number| self.leaves.get(number).is_some_and(|found| leaf(number, found)))
    }

    /// The program for a reader: one instruction a line. The same as its `Display`.
    #[must_use]
    pub fn dump(&self) -> String {
        let mut out = String::new();
        // OK: writing to a `String` cannot fail.
        let _ = write!(out, "{self}");
        out
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_code(f, &self.code, |f, number| match self.leaves.get(number) {
            Some(leaf) => write!(f, "leaf {number:<12} {leaf}"),
            None => write!(f, "leaf {number}"),
        })
    }
}

/// What is left of an expression when its static operands are taken out: a program whose leaves are volatile predicates
/// and references to static programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Residue {
    /// The instructions; leaf numbers count the statics first, then the volatile leaves.
    pub(super) code: Box<[Instruction]>,
    /// The largest subtrees that read static facts only, each once.
    pub(super) statics: Box<[Program]>,
    /// The distinct volatile leaves, in order of first use.
    pub(super) volatile: Box<[Leaf]>,
}

impl Residue {
    /// Instructions there are.
    pub(crate) fn instructions(&self) -> u32 {
        u32::try_from(self.code.len()).unwrap_or(u32::MAX)
    }

    /// The largest parts that read static facts only.
    #[must_use]
    pub fn statics(&self) -> &[Program] {
        &self.statics
    }

    /// The distinct volatile leaves.
    #[must_use]
    pub fn volatile(&self) -> &[Leaf] {
        &self.volatile
    }

    /// Runs the residue: `static_bit` tells the answer of a static part, `volatile` decides a leaf, both by number. Does
    /// not allocate, recurse or fail.
    #[inline]
    pub fn eval(
        &self,
        mut static_bit: impl FnMut(usize) -> bool,
        mut volatile: impl FnMut(usize, &Leaf) -> bool,
    ) -> bool {
        run(&self.code, |number| match number.checked_sub(self.statics.len()) {
            None => static_bit(number),
            Some(number) => self.volatile.get(number).is_some_and(|leaf| volatile(number, leaf)),
        })
    }

    /// Runs the residue for 64 instances at once, a bit each: of the lanes given, those that satisfy it. `static_word` tells
    /// the answers of a static part, `volatile` decides a leaf for the lanes it is given. Does not allocate, recurse or
    /// fail.
    #[inline]
    pub fn eval_words(
        &self,
        lanes: u64,
        parking: &mut Parking,
        mut static_word: impl FnMut(usize) -> u64,
        mut volatile: impl FnMut(usize, &Leaf, u64) -> u64,
    ) -> u64 {
        run_words(&self.code, lanes, parking, |number, lanes| match number.checked_sub(self.statics.len()) {
            None => static_word(number),
            Some(number) => self.volatile.get(number).map_or(0, |leaf| volatile(number, leaf, lanes)),
        })
    }

    /// The residue for a reader: its code, then its static parts. The same as its `Display`.
    #[must_use]
    pub fn dump(&self) -> String {
        let mut out = String::new();
        // OK: writing to a `String` cannot fail.
        let _ = write!(out, "{self}");
        out
    }
}

impl fmt::Display for Residue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_code(f, &self.code, |f, number| match number.checked_sub(self.statics.len()) {
            None => write!(f, "static {number}"),
            Some(number) => match self.volatile.get(number) {
                Some(leaf) => write!(f, "volatile {number:<8} {leaf}"),
                None => write!(f, "volatile {number}"),
            },
        })?;
        for (number, program) in self.statics.iter().enumerate() {
            write!(f, "static {number}:\n{program}")?;
        }
        Ok(())
    }
}

/// Writes instructions, one a line; `leaf` writes a leaf by its number.
fn write_code(
    f: &mut fmt::Formatter<'_>,
    code: &[Instruction],
    leaf: impl Fn(&mut fmt::Formatter<'_>, usize) -> fmt::Result,
) -> fmt::Result {
    for (at, &instruction) in code.iter().enumerate() {
        write!(f, "{at:04} ")?;
        match instruction {
            Instruction::Leaf(number) => leaf(f, usize::from(number))?,
            Instruction::Not => f.write_str("not")?,
            Instruction::JumpIfFalse(target) => write!(f, "jump-if-false {target:04}")?,
            Instruction::JumpIfTrue(target) => write!(f, "jump-if-true {target:04}")?,
        }
        f.write_char('\n')?;
    }
    Ok(())
}

/// Distinct attribute names of leaves, sorted.
pub(super) fn attribute_names(leaves: &[Leaf]) -> Vec<&str> {
    let mut names: Vec<&str> = leaves.iter().filter_map(Leaf::attribute).collect();
    names.sort_unstable();
    names.dedup();
    names
}

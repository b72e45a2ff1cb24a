//! What became of each instance that was considered: a row of a few numbers for each, and once for all of them every name
//! and every check with its words.
//!
//! A cluster has many instances and few reasons, so words are made when somebody reads them.

use alloc::string::String;
use alloc::vec::Vec;

use crate::id::InstanceId;
use crate::select::judge::Reason;

/// One check that an instance fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The check.
    pub reason: Reason,
    /// The reason as ECS writes it.
    pub text: String,
    /// Amount asked for, where the check is about an amount.
    pub asked: Option<i64>,
    /// Amount of it in use.
    pub used: Option<i64>,
    /// Amount of it left; negative where the instance owes some.
    pub available: Option<i64>,
    /// Whether the amounts are thousandths of one device rather than devices.
    pub is_share: bool,
    /// What else there is to say: the ports that are taken, the attributes that are absent, the expression.
    pub detail: Option<String>,
}

impl Failure {
    /// By how much the amount left falls short; `None` where no amount does, such as where a port is taken.
    #[must_use]
    pub fn shortfall(&self) -> Option<i64> {
        Some(self.asked? - self.available?.max(0)).filter(|&short| short > 0)
    }
}

/// What became of one instance that was considered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// The instance.
    pub instance: InstanceId,
    /// Its name.
    pub name: &'a str,
    /// The first check it fails; `None` when it would take the task.
    pub failure: Option<Failure>,
}

/// Amounts of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Amounts {
    /// What the instance registered with.
    pub(super) registered: i32,
    /// What is left.
    pub(super) available: i32,
}

/// What is asked of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// So much.
    Amount(i64),
    /// All there is.
    All,
}

impl Asked {
    /// By how much what is left falls short.
    pub(super) fn shortfall(self, amounts: Amounts) -> i64 {
        (self.amount(amounts) - i64::from(amounts.available).max(0)).max(0)
    }

    /// The amount; of an instance that has nothing, all is one.
    fn amount(self, amounts: Amounts) -> i64 {
        match self {
            Self::Amount(amount) => amount,
            Self::All => i64::from(amounts.registered).max(1),
        }
    }
}

/// A check that instances fail alike, apart from amounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    /// The check.
    pub(super) reason: Reason,
    /// The reason as ECS writes it.
    pub(super) text: String,
    /// What is asked, where the check is about an amount.
    pub(super) asked: Option<Asked>,
    /// Whether the amount says nothing, such as room under the ceiling where the port itself is taken.
    pub(super) is_silent: bool,
    /// Whether the amounts are thousandths of one device rather than devices.
    pub(super) is_share: bool,
    /// What else there is to say.
    pub(super) detail: Option<String>,
}

impl Check {
    /// The check as one instance fails it.
    pub(super) fn failure(&self, amounts: Amounts) -> Failure {
        let Self { reason, ref text, is_share, ref detail, .. } = *self;
        let asked = self.asked.filter(|_| !self.is_silent);
        let (registered, available) = (i64::from(amounts.registered), i64::from(amounts.available));
        Failure {
            reason,
            text: text.clone(),
            asked: asked.map(|asked| asked.amount(amounts)),
            used: asked.map(|_| registered - available),
            available: asked.map(|_| available),
            is_share,
            detail: detail.clone(),
        }
    }
}

/// One instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    /// The instance.
    instance: InstanceId,
    /// Where its name ends; it begins where the one before ends.
    end: usize,
    /// The number of the first check it fails, plus one; 0 when it would take the task.
    check: u32,
    /// The amounts that check is about.
    amounts: Amounts,
}

/// What became of every instance that was considered, in registration order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdicts {
    /// Names, one after another.
    names: String,
    /// The instances.
    rows: Vec<Row>,
    /// The checks that some of them fail first.
    checks: Vec<Check>,
}

impl Verdicts {
    /// None yet, with room for so many.
    pub(super) fn with_capacity(instances: usize) -> Self {
        Self { rows: Vec::with_capacity(instances), ..Self::default() }
    }

    /// One instance more, the check it fails first by number.
    pub(super) fn push(&mut self, instance: InstanceId, name: &str, check: Option<(u32, Amounts)>) {
        self.names.push_str(name);
        let (check, amounts) = check.map_or((0, Amounts::default()), |(check, amounts)| (check + 1, amounts));
        self.rows.push(Row { instance, end: self.names.len(), check, amounts });
    }

    /// The number of one check more.
    #[expect(clippy::cast_possible_truncation, reason = "no more checks than instances")]
    pub(super) fn add_check(&mut self, check: Check) -> u32 {
        self.checks.push(check);
        (self.checks.len() - 1) as u32
    }

    /// A check by its number.
    pub(super) fn check(&self, number: u32) -> &Check {
        &self.checks[number as usize]
    }

    /// For each instance the check it fails first, and the amounts that is about.
    pub(super) fn failed(&self) -> impl Iterator<Item = (InstanceId, &Check, Amounts)> {
        self.rows.iter().filter_map(|row| Some((row.instance, self.check(row.check.checked_sub(1)?), row.amounts)))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no instance was considered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Each of them, in registration order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Verdict<'_>> {
        let mut start = 0;
        self.rows.iter().map(move |row| {
            let name = &self.names[start..row.end];
            start = row.end;
            let failure = row.check.checked_sub(1).map(|check| self.check(check).failure(row.amounts));
            Verdict { instance: row.instance, name, failure }
        })
    }
}

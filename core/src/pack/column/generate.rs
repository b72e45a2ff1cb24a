//! Column generation: the linear bound of a packing and the patterns it is made of.
//!
//! The master chooses among the patterns known so far; its duals are prices of items; pricing looks for a pattern worth more
//! than its bin at these prices; when there is none, the master is optimal over all patterns. Prices are integers from the
//! start, so what pricing proves of them is exact, and every round yields a bound that holds ([`farley`](super::farley)).
//!
//! A round takes several patterns: after the best one, the best of the items that it would leave, and so on. They have different
//! items, so prices settle everywhere at once; on the classic instances this saves four rounds of five.
//!
//! Source: Gilmore & Gomory, "A linear programming approach to the cutting-stock problem", Operations Research 9(6), 1961, and
//! its part II, 11(6), 1963.

use alloc::vec;
use alloc::vec::Vec;

use super::farley::{Tariff, bound};
use super::knapsack::Worth;
use super::master::{Basis, Master, Row};
use super::{Content, Stopped};
use crate::pack::search::Search;

/// Reduced cost below which a pattern is worth a column, in units of the dearest bin.
const REDUCED: f64 = 1e-7;
/// How far a float may lie above a value and still count as the value, in units of the dearest bin.
pub(super) const TOLERANCE: f64 = 1e-5;
/// Greatest worth of a pattern in integer prices.
const WORTH_MAX: f64 = (1u32 << 30) as f64;
/// Greatest integer price of one unit of cost.
const SCALE_MAX: f64 = (1u32 << 26) as f64;
/// Patterns of the only bin type taken in a round.
const PATTERNS_MAX: usize = 8;
/// Patterns of one of several bin types taken in a round.
const PATTERNS_EACH: usize = 2;
/// Patterns after which a round leaves the other bin types for the next.
const PATTERNS_ROUND: usize = 24;
/// How near the bound must come to the master's optimum for nobody to look harder.
const SHARP: f64 = 0.999;
/// Cost of leaving an item out of the master, in units of the dearest bin.
const COST_LEFT_OUT: f64 = 1000.0;

/// A type of bin as column generation sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stock {
    /// Cost of a bin, in millionths.
    pub(super) cost: u64,
    /// Bins there are.
    pub(super) limit: Option<u64>,
}

/// What is left to be packed, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Residual {
    /// Copies left. `[kinds]`
    pub(super) counts: Vec<u64>,
    /// Bins used. `[types]`
    pub(super) used: Vec<u64>,
}

/// Looks for patterns: everything column generation needs to know of sizes and rules.
pub(super) trait Pricing {
    /// A number that no pattern's worth exceeds, given the price of each kind.
    fn worth_max(&self, duals: &[f64], counts: &[u64]) -> f64;

    /// Looks harder from now on, where bounds were not those of the patterns found; `false`, and back to the beginning, where
    /// it does not get any better.
    fn sharpen(&mut self) -> bool {
        false
    }

    /// The pattern of bin type `bin` worth most at `prices`, with at most `limits` copies of each kind, as (kind, copies). One
    /// worth no more than `enough` may be left unfound; the bound then is at least `enough`.
    ///
    /// # Errors
    /// [`Stopped`].
    fn price(
        &mut self,
        bin: usize,
        prices: &[u32],
        limits: &[u64],
        enough: u64,
        pattern: &mut Content,
        search: &mut Search<'_>,
    ) -> Result<Worth, Stopped>;
}

/// The master, the patterns it has, and who prices.
#[derive(Debug)]
pub(super) struct Generation<P> {
    pricing: P,
    stocks: Vec<Stock>,
    /// Bin types that are priced: those that no other does as well as for no more.
    priced: Vec<usize>,
    /// Place in `priced` where the next round begins.
    next: usize,
    /// Row of each limited type's limit.
    limit_row: Vec<Option<usize>>,
    pub(super) master: Master,
    /// Bin type of each column.
    bin: Vec<u32>,
    /// Cost of one unit in the master, in millionths.
    unit: f64,
    /// Integer prices of the last round.
    prices: Vec<u32>,
    /// Greatest common divisor of the costs; above zero.
    divisor: u128,
    /// Bound of the last relaxation as far as it came: it holds even where that was stopped.
    pub(super) proven: u128,
}

/// How a solve by column generation ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Relaxation {
    /// Cost of the master's optimum, in millionths. It guides.
    pub(super) value: f64,
    /// No packing of the residual costs less, in millionths. Exact.
    pub(super) bound: u128,
}

/// When a solve by column generation may end early.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Target {
    /// The bound reaches this: nothing below is to be had. In millionths.
    pub(super) bound: u128,
    /// The master comes down to this: good enough to go on. In millionths.
    pub(super) value: f64,
}

impl<P: Pricing> Generation<P> {
    /// A master without patterns; `dominated` types need not be priced. `None` where nothing costs anything.
    pub(super) fn new(pricing: P, stocks: Vec<Stock>, dominated: &[bool], counts: &[u64]) -> Option<Self> {
        let dearest = stocks.iter().map(|stock| stock.cost).max().filter(|cost| *cost > 0)?;
        let mut divisor = 0;
        for stock in &stocks {
            let (mut one, mut other) = (divisor, stock.cost);
            while other > 0 {
                (one, other) = (other, one % other);
            }
            divisor = one;
        }
        let mut rows = vec![Row::Cover; counts.len()];
        let mut limit_row = Vec::new();
        for stock in &stocks {
            limit_row.push(stock.limit.map(|_| {
                rows.push(Row::Limit);
                rows.len() - 1
            }));
        }
        let residual = Residual { counts: counts.to_vec(), used: vec![0; stocks.len()] };
        let master = Master::new(&rows, &demand(&stocks, &residual), COST_LEFT_OUT);
        let prices = vec![0; counts.len()];
        let (unit, divisor) = (float(dearest), u128::from(divisor));
        let priced = (0..stocks.len()).filter(|bin| !dominated[*bin]).collect();
        Some(Self {
            pricing,
            stocks,
            priced,
            next: 0,
            limit_row,
            master,
            bin: Vec::new(),
            unit,
            prices,
            divisor,
            proven: 0,
        })
    }

    /// Adds a pattern as a column.
    pub(super) fn add(&mut self, bin: usize, pattern: &[(u32, u32)]) {
        let cost = float(self.stocks[bin].cost) / self.unit;
        #[expect(clippy::cast_possible_truncation, reason = "bin types are numbered in u32")]
        self.bin.push(bin as u32);
        #[expect(clippy::cast_possible_truncation, reason = "rows are kinds and types, numbered in u32")]
        let limit = self.limit_row[bin].map(|row| (row as u32, 1.0));
        let entries = pattern.iter().map(|(kind, copies)| (*kind, f64::from(*copies)));
        self.master.add(cost, entries.chain(limit));
    }

    /// Cost of the dearest bin, in millionths: what tolerances are relative to.
    pub(super) fn unit(&self) -> f64 {
        self.unit
    }

    /// Whether the last optimum leaves nothing out: limits of types may be in the way.
    pub(super) fn is_complete(&self) -> bool {
        self.master.left_out() < TOLERANCE
    }

    /// The least sum of costs that is at least a bound.
    pub(super) fn rounded(&self, bound: u128) -> u128 {
        bound.next_multiple_of(self.divisor)
    }

    /// Greatest common divisor of the costs, in millionths.
    pub(super) fn divisor(&self) -> u128 {
        self.divisor
    }

    /// Cost of a bin of a column's type, in millionths.
    pub(super) fn cost(&self, column: usize) -> u128 {
        u128::from(self.stocks[self.bin[column] as usize].cost)
    }

    /// Bin type of a column.
    pub(super) fn bin(&self, column: usize) -> usize {
        self.bin[column] as usize
    }

    /// Bins of a column's type that may still be opened; `u64::MAX` without a limit.
    pub(super) fn limit_left(&self, column: usize, residual: &Residual) -> u64 {
        let bin = self.bin(column);
        self.stocks[bin].limit.map_or(u64::MAX, |limit| limit.saturating_sub(residual.used[bin]))
    }

    /// Kinds and copies of a column.
    pub(super) fn content(&self, column: usize) -> impl Iterator<Item = (usize, u64)> + '_ {
        let kinds = self.prices.len();
        self.master.entries(column).filter(move |(row, _)| *row < kinds).map(|(kind, copies)| (kind, amount(copies)))
    }

    /// Columns of the last optimum and how often each is used.
    pub(super) fn solution(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.master.solution(TOLERANCE)
    }

    /// Columns that may be used and are not, although they cost at most `share` of their cost more than their contents are worth.
    pub(super) fn near(&self, share: f64) -> Vec<usize> {
        self.master.near(share)
    }

    /// Another residual. Columns that hold more of a kind than is left are barred.
    ///
    /// # Errors
    /// [`Stopped`].
    pub(super) fn reduce(&mut self, residual: &Residual, search: &mut Search<'_>) -> Result<(), Stopped> {
        let demand = demand(&self.stocks, residual);
        self.master.reduce(&demand, exceeds(&demand, self.prices.len()), search)?;
        self.master.optimise(search)
    }

    /// The basis as it stands, to come back to.
    pub(super) fn snapshot(&self) -> Basis {
        self.master.snapshot()
    }

    /// Back to a basis, which was optimal for this residual.
    ///
    /// # Errors
    /// [`Stopped`].
    pub(super) fn restore(
        &mut self,
        residual: &Residual,
        basis: &Basis,
        search: &mut Search<'_>,
    ) -> Result<(), Stopped> {
        let demand = demand(&self.stocks, residual);
        self.master.restore(basis, exceeds(&demand, self.prices.len()));
        self.master.optimise(search)
    }

    /// Generates columns until none improves the master or a target is reached.
    ///
    /// # Errors
    /// [`Stopped`]; the columns found stay.
    pub(super) fn relax(
        &mut self,
        residual: &Residual,
        target: Target,
        search: &mut Search<'_>,
    ) -> Result<Relaxation, Stopped> {
        let kinds = self.prices.len();
        let mut best = 0;
        self.proven = 0;
        loop {
            self.master.optimise(search)?;
            let value = self.master.objective() * self.unit;
            let relaxation = Relaxation { value, bound: best };
            // Settled: what is still to be gained is rounded away.
            if value <= target.value || value <= wide(best) + TOLERANCE * self.unit {
                return Ok(relaxation);
            }
            let duals = &self.master.duals()[..kinds];
            let scale = (WORTH_MAX / self.pricing.worth_max(duals, &residual.counts).max(1e-9)).min(SCALE_MAX);
            let mut worth = 0;
            for ((price, dual), count) in self.prices.iter_mut().zip(duals).zip(&residual.counts) {
                *price = whole(dual * scale);
                worth += u128::from(*price) * u128::from(*count);
            }
            let columns = self.master.columns();
            let tariffs = self.price_all(residual, scale, search)?;
            if let Some(tariffs) = tariffs {
                best = best.max(self.rounded(bound(worth, &tariffs)));
                self.proven = best;
            }
            let is_done = self.master.columns() == columns;
            // At the root, where the bound is what is said in the end, looking harder may sharpen it.
            if is_done
                && target.value <= 0.0
                && best < target.bound
                && wide(best) < value * SHARP
                && self.pricing.sharpen()
            {
                continue;
            }
            if is_done || best >= target.bound {
                return Ok(Relaxation { value, bound: best });
            }
        }
    }

    /// Prices one bin type after another, from where the last round ended, until there are patterns enough. What they are worth
    /// at most, or `None` where not all had their turn.
    fn price_all(
        &mut self,
        residual: &Residual,
        scale: f64,
        search: &mut Search<'_>,
    ) -> Result<Option<Vec<Tariff>>, Stopped> {
        let columns = self.master.columns();
        let types = self.priced.len();
        let each = if types == 1 { PATTERNS_MAX } else { PATTERNS_EACH };
        let mut tariffs = Vec::with_capacity(types);
        for turn in 0..types {
            if self.master.columns() - columns >= PATTERNS_ROUND {
                self.next = (self.next + turn) % types;
                return Ok(None);
            }
            let bin = self.priced[(self.next + turn) % types];
            let Stock { cost, limit } = self.stocks[bin];
            let limit = limit.map(|limit| limit.saturating_sub(residual.used[bin]));
            if limit != Some(0) {
                let worth = self.patterns(bin, each, residual, scale, search)?;
                tariffs.push(Tariff { cost, limit, worth });
            }
        }
        Ok(Some(tariffs))
    }

    /// Adds the best patterns of a type, at most so many. Returns a bound on the worth of any.
    fn patterns(
        &mut self,
        bin: usize,
        most: usize,
        residual: &Residual,
        scale: f64,
        search: &mut Search<'_>,
    ) -> Result<u64, Stopped> {
        let mut cost = float(self.stocks[bin].cost) / self.unit;
        if let Some(row) = self.limit_row[bin] {
            cost -= self.master.duals()[row];
        }
        // What a pattern is worth whose reduced cost is nothing. Off by one, it loosens the bound by as much and no more.
        let enough = u64::from(whole(cost * scale));
        let mut left = residual.counts.clone();
        let mut pattern = Vec::new();
        let mut bound = None;
        for _ in 0..most {
            let result = self.pricing.price(bin, &self.prices, &left, enough, &mut pattern, search)?;
            bound = bound.or(Some(result.bound));
            if pattern.is_empty() || cost - float(result.found) / scale > -REDUCED {
                break;
            }
            self.add(bin, &pattern);
            // The next one is made of what this one would leave.
            let bins =
                pattern.iter().map(|(kind, copies)| left[*kind as usize] / u64::from(*copies)).min().unwrap_or(1);
            for (kind, copies) in &pattern {
                left[*kind as usize] -= u64::from(*copies) * bins;
            }
        }
        Ok(bound.unwrap_or(0))
    }
}

/// Right-hand side of the master.
fn demand(stocks: &[Stock], residual: &Residual) -> Vec<f64> {
    let mut demand: Vec<f64> = residual.counts.iter().map(|count| float(*count)).collect();
    for (stock, used) in stocks.iter().zip(&residual.used) {
        demand.extend(stock.limit.map(|limit| float(limit.saturating_sub(*used))));
    }
    demand
}

/// Whether a column holds more of a kind than is left.
fn exceeds(demand: &[f64], kinds: usize) -> impl Fn(&Master, usize) -> bool + '_ {
    move |master, column| master.entries(column).any(|(row, copies)| row < kinds && copies > demand[row] + 0.5)
}

/// An amount as a float.
#[expect(clippy::cast_precision_loss, reason = "guides only")]
pub(super) fn float(amount: u64) -> f64 {
    amount as f64
}

/// A cost as a float.
#[expect(clippy::cast_precision_loss, reason = "guides only")]
pub(super) fn wide(cost: u128) -> f64 {
    cost as f64
}

/// A price as an integer, rounded down; none below zero.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range first")]
fn whole(price: f64) -> u32 {
    price.clamp(0.0, WORTH_MAX) as u32
}

/// How often a column is used, or an entry of one, as an integer, rounded down but for a hair.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
pub(super) fn amount(amount: f64) -> u64 {
    (amount + TOLERANCE) as u64
}

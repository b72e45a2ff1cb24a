//! The cheapest whole bins where a few kinds stand apart from all others: a sharper [`cover`](super::cover).
//!
//! Amounts alone do not tell where they are needed. One item of much memory among many of little makes memory wanted that any
//! bin seems to give; but the bins of the others never use it, as their CPU is full before. Two facts mend that:
//!
//! - Kinds that **stand apart** are counted item by item, each kind in a lane of its own. A bin of a type comes in as many
//!   variants as there are numbers of these items that fit it; a variant gives these items, and to the others what is left.
//! - What is left is worth only what the others can **use**: where none of them has more than so much memory for its CPU, a
//!   bin has no more memory for them than so much for the CPU it has left, and the same the other way round.
//!
//! Whoever packs all items has bins of these variants that cover every lane, so the least cost that covers them is a bound.
//! Which kinds stand apart is a matter of two lanes: those with the most of the one for what they have of the other, and those
//! with the least, as long as they are few items among many. An item more among the others changes no ratio; one beyond them is
//! one more that may stand apart. Where these are more than a table counts, the first of them are counted and the rest left out: what
//! some of the items cost is a bound, too. So a copy more does not lower it, until they are too many to be worth a table or make
//! it too large.

use alloc::vec;
use alloc::vec::Vec;

use super::cover::{Grain, Table, Work};
use super::types::Market;
use crate::pack::problem::Problem;
use crate::pack::search::Search;

/// Ratios from either end whose kinds may stand apart.
const RATIOS_MAX: usize = 3;
/// Items that are counted one by one.
const ITEMS_MAX: u64 = 8;
/// Items that may stand apart in all.
const APART_MAX: u64 = 16;
/// Other items that there must be: few items are no matter of amounts.
const OTHERS_MIN: u64 = 32;
/// Variants of all types together; one type has 256 at most, where each of eight items is a kind.
const VARIANTS_MAX: usize = 1 << 15;
/// Pairs of lanes that are tried.
const PAIRS_MAX: usize = 6;

/// A ratio of units of two lanes: so much of the one for so much of the other, not both zero.
type Ratio = (u64, u64);

/// Which of two ratios is the greater.
fn compare(one: Ratio, other: Ratio) -> core::cmp::Ordering {
    (u128::from(one.0) * u128::from(other.1)).cmp(&(u128::from(other.0) * u128::from(one.1)))
}

/// A lower bound on the cost of all items, in millionths; 0 where nothing could be worked out. Types that are limited take part
/// as if they were not.
///
/// # Cost
/// A table for each grain, pair of lanes and choice of kinds, as far as `work` goes.
pub(super) fn cover(
    problem: &Problem,
    market: &Market,
    grains: &[Grain],
    work: &mut Work,
    search: &mut Search<'_>,
) -> u64 {
    let mut tables = Vec::new();
    for grain in grains {
        let lanes = (0..market.lanes()).filter(|&lane| grain.total[lane] > 0);
        let pairs =
            lanes.clone().flat_map(|one| lanes.clone().filter(move |&other| one < other).map(move |it| (one, it)));
        for pair in pairs.take(PAIRS_MAX) {
            let line = Line::new(problem, market, grain, pair);
            let choices = (0..=2 * RATIOS_MAX).flat_map(|sum| (0..=sum).map(move |most| (most, sum - most)));
            for (most, least) in choices.filter(|&(most, least)| most <= RATIOS_MAX && least <= RATIOS_MAX) {
                let choice = line.choice(problem, most, least);
                let table = choice.and_then(|choice| choice.table(problem, market, grain, pair, work, search));
                tables.extend(table.map(|table| (table.fractions(), table)));
            }
        }
    }
    // Most are no better than amounts alone, and fractions tell so at once.
    tables.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    tables.iter().fold(0, |best, (_, table)| best.max(work.least(table, search)))
}

/// All kinds in the order of a ratio.
#[derive(Debug)]
struct Line {
    /// Kinds that have something of one of the two lanes, in groups of the same ratio, the greatest first.
    groups: Vec<(Ratio, Vec<u32>)>,
}

impl Line {
    fn new(problem: &Problem, market: &Market, grain: &Grain, (one, other): (usize, usize)) -> Self {
        let ratio = |kind: u32| {
            let demand = market.demand(kind);
            (grain.of(one, demand[one]), grain.of(other, demand[other]))
        };
        let kinds = (0_u32..).take(problem.kinds()).map(|kind| (ratio(kind), kind));
        let mut kinds: Vec<(Ratio, u32)> = kinds.filter(|(ratio, _)| *ratio != (0, 0)).collect();
        kinds.sort_by(|one, other| compare(other.0, one.0).then(one.1.cmp(&other.1)));
        let groups = kinds.chunk_by(|one, other| compare(one.0, other.0).is_eq());
        Self { groups: groups.map(|group| (group[0].0, group.iter().map(|&(_, kind)| kind).collect())).collect() }
    }

    /// The kinds of so many of the greatest ratios and so many of the least stand apart; `None` where they are too many items,
    /// or the others too few.
    fn choice(&self, problem: &Problem, most: usize, least: usize) -> Option<Choice> {
        let rest = self.groups.get(most..self.groups.len().checked_sub(least)?)?;
        let outer = self.groups[..most].iter().chain(&self.groups[self.groups.len() - least..]);
        let items = |groups: &mut dyn Iterator<Item = &(Ratio, Vec<u32>)>| {
            let counts = groups.flat_map(|(_, kinds)| kinds).map(|&kind| problem.kinds.count[kind as usize]);
            counts.fold(0, u64::saturating_add)
        };
        if items(&mut outer.clone()) > APART_MAX || items(&mut rest.iter()) < OTHERS_MIN {
            return None;
        }
        let mut room = ITEMS_MAX;
        let counted = |kind: u32| {
            let copies = problem.kinds.count[kind as usize].min(room);
            room -= copies;
            (kind, copies)
        };
        Some(Choice {
            apart: outer.flat_map(|(_, kinds)| kinds.iter().copied()).map(counted).collect(),
            most: rest.first()?.0,
            least: rest.last()?.0,
        })
    }
}

/// Which kinds stand apart, and what the others have of two lanes.
#[derive(Debug)]
struct Choice {
    /// Kinds that stand apart, and how many of each are counted.
    apart: Vec<(u32, u64)>,
    /// The greatest ratio of the two lanes among the others.
    most: Ratio,
    /// The least.
    least: Ratio,
}

impl Choice {
    /// The table of what is to be covered; `None` where it would be too large.
    fn table(
        &self,
        problem: &Problem,
        market: &Market,
        grain: &Grain,
        pair: (usize, usize),
        work: &mut Work,
        search: &mut Search<'_>,
    ) -> Option<Table> {
        let kinds: Vec<u32> = self.apart.iter().map(|&(kind, _)| kind).collect();
        let rest = grain.without(problem, market, &kinds);
        let lanes: Vec<usize> = (0..market.lanes()).filter(|&lane| rest[lane] > 0).collect();
        // What may be in a bin that is there anyway is not counted at all.
        let is_paid = |kind: u32| !market.free.iter().any(|&bin| has(market.useful(bin), market.demand(kind)));
        let counted = self.apart.iter().filter(|&&(kind, copies)| copies > 0 && is_paid(kind));
        let (apart, copies): (Vec<u32>, Vec<u64>) = counted.copied().unzip();
        let variants = copies
            .iter()
            .try_fold(1_usize, |product, &copies| product.checked_mul(usize::try_from(copies).ok()? + 1))?;
        if variants.checked_mul(market.priced.len())? > VARIANTS_MAX {
            return None;
        }
        let counted = copies.iter().map(|&copies| u128::from(copies));
        let mut table = Table::wanting(lanes.iter().map(|&lane| rest[lane]).chain(counted))?;
        let width = lanes.len() + copies.len();
        for &bin_type in &market.priced {
            let looks = variants * (table.types() + 1) * width;
            if !work.take(looks as u64, search) {
                return None;
            }
            let mut numbers = vec![0_u64; apart.len()];
            loop {
                if let Some(left) = left(problem, market, bin_type, &apart, &numbers) {
                    let units: Vec<u64> = left.iter().enumerate().map(|(lane, &left)| grain.of(lane, left)).collect();
                    let useful = lanes.iter().map(|&lane| self.useful(&units, lane, pair));
                    table.add(useful.chain(numbers.iter().copied()), problem.cost(bin_type));
                }
                // The next variant, counted up like the digits of a number.
                let Some(digit) = (0..numbers.len()).find(|&digit| numbers[digit] < copies[digit]) else { break };
                numbers[digit] += 1;
                numbers[..digit].fill(0);
            }
        }
        Some(table)
    }

    /// What the others can use of the units left of a lane.
    fn useful(&self, units: &[u64], lane: usize, (one, other): (usize, usize)) -> u64 {
        let (has, per, by) = if lane == one {
            (self.most.0, self.most.1, units[other])
        } else if lane == other {
            (self.least.1, self.least.0, units[one])
        } else {
            return units[lane];
        };
        // Somebody needs nothing of the other lane: no limit.
        let most = (u128::from(by) * u128::from(has)).checked_div(u128::from(per));
        most.map_or(units[lane], |most| u64::try_from(most).unwrap_or(u64::MAX).min(units[lane]))
    }
}

/// Whether a capacity has a demand.
fn has(capacity: &[u64], demand: &[u64]) -> bool {
    demand.iter().zip(capacity).all(|(wanted, has)| wanted <= has)
}

/// What a bin has left beside so many of some kinds; `None` where it does not hold them. `[lanes]`
fn left(problem: &Problem, market: &Market, bin_type: u32, kinds: &[u32], numbers: &[u64]) -> Option<Vec<u64>> {
    let mut left = market.useful(bin_type).to_vec();
    for (&kind, &number) in kinds.iter().zip(numbers).filter(|(_, number)| **number > 0) {
        if !problem.is_allowed(kind, bin_type) {
            return None;
        }
        for (left, &wanted) in left.iter_mut().zip(market.demand(kind)) {
            *left = left.checked_sub(wanted.checked_mul(number)?)?;
        }
    }
    Some(left)
}

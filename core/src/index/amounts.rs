//! Instances ordered by what is left of a resource, and by registration: one order for each that requests look at, shared by
//! all of them.
//!
//! A change of amounts is noted and carried into the orders before they are next asked, so that several changes of one
//! instance cost one move. The note is bounded: when it is full, the orders are brought up to date at once.

use alloc::string::String;
use alloc::vec::Vec;

use smallvec::SmallVec;

use crate::resource::{DIMENSIONS, ResourceKind, fits};
use crate::state::State;

use super::bitset::{Bitset, bits};
use super::effort::Effort;
use super::order::{Order, Query, Walk};
use super::ranks::Ranks;
use super::row::LANES;
use super::sequence::{Among, Sequence};

/// Changed instances that are noted.
const TOUCHED_MAX: usize = 64;
/// Most of them that are moved as they come.
const TOUCHED_FEW: usize = 8;
/// Resources an order can be by: those of `DemandRecord::cpu_and_memory`, in its order.
pub(crate) const ORDERED: [usize; 2] = [ResourceKind::Cpu.column(), ResourceKind::Memory.column()];

const _: () = assert!(ORDERED[0] == 0 && ORDERED[1] == 1, "what is ordered is watched, in the first places");

/// Amounts of the resources in [`ORDERED`].
pub(crate) type Stated = [i32; ORDERED.len()];

/// MiB that go with a CPU unit, from compute to memory instances: 1 to 8 GiB with a vCPU. Any numbers would be right.
const RATIOS: [i32; 4] = [1, 2, 4, 8];

/// Most amounts of an instance in the sequence.
const SEQUENCED_MAX: usize = DIMENSIONS + RATIOS.len();

/// Amounts a request needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Needed {
    /// By column; the least number where it needs none.
    amounts: [i32; DIMENSIONS],
    /// Columns it needs something of, a bit each.
    columns: u32,
}

impl Needed {
    /// The amounts of a demand.
    pub(crate) fn new(amounts: impl Iterator<Item = (usize, i32)>) -> Self {
        let mut needed = Self { amounts: [i32::MIN; DIMENSIONS], columns: 0 };
        for (column, amount) in amounts {
            needed.amounts[column] = amount;
            needed.columns |= 1 << column;
        }
        needed
    }

    /// What it needs, with the columns.
    #[inline]
    pub(crate) fn amounts(&self) -> impl Iterator<Item = (usize, i32)> + '_ {
        self.columns().map(|column| (column, self.amounts[column]))
    }

    /// What it and another need at the least, column by column.
    pub(crate) fn lesser(&self, other: &Self) -> Self {
        let mut amounts = self.amounts;
        for (amount, &others) in amounts.iter_mut().zip(&other.amounts) {
            *amount = others.min(*amount);
        }
        Self { amounts, columns: self.columns & other.columns }
    }

    /// Whether an instance has as much.
    #[inline]
    pub(crate) fn fits(&self, state: &State, slot: u32) -> bool {
        self.amounts().all(|(column, amount)| fits(amount, state.remaining[column][slot as usize]))
    }

    /// Columns it needs something of.
    pub(crate) fn columns(&self) -> impl Iterator<Item = usize> {
        bits(u64::from(self.columns)).map(|column| column as usize)
    }
}

/// Instances ordered by one resource.
#[derive(Debug, Clone)]
struct ByAmount {
    /// The resource.
    column: usize,
    /// Keys are amounts, then ranks; beside each key the other amounts that are watched.
    order: Order,
}

/// All orders.
#[derive(Debug, Clone, Default)]
pub(crate) struct Orders {
    /// By place in [`ORDERED`].
    by_amount: [Option<ByAmount>; 2],
    /// By registration.
    sequence: Option<Sequence>,
    /// Columns whose amounts are watched, in column order.
    watched: SmallVec<[usize; 4]>,
    /// The same, a bit each.
    watched_columns: u32,
    /// Instances whose amounts changed, each with what the orders still say it has of each ordered resource.
    touched: Vec<(u32, Stated)>,
    /// The same as a set.
    is_touched: Bitset,
}

/// The key of an instance in an order.
#[inline]
pub(crate) fn key(amount: i32, rank: u32) -> i64 {
    i64::from(amount) << 32 | i64::from(rank)
}

/// The amount of a key.
#[inline]
fn amount_of(key: i64) -> i32 {
    (key >> 32) as i32
}

/// The rank of a key.
#[inline]
#[expect(clippy::cast_sign_loss, reason = "a rank is not negative")]
fn rank_of(key: i64) -> u32 {
    (key & 0xFFFF_FFFF) as u32
}

impl Orders {
    /// Whether there is any order to follow.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.sequence.is_none() && self.by_amount.iter().all(Option::is_none)
    }

    /// Makes sure that there is an order by a resource, or by registration for `None`, in which the columns are watched.
    pub(crate) fn want(
        &mut self,
        state: &State,
        ranks: &Ranks,
        by: Option<usize>,
        columns: impl Iterator<Item = usize>,
    ) {
        let mut watched = self.watched.clone();
        watched.extend(columns.chain(ORDERED));
        watched.sort_unstable();
        watched.dedup();
        let is_there = match by {
            Some(column) => self.by_amount.iter().flatten().any(|known| known.column == column),
            None => self.sequence.is_some(),
        };
        if is_there && watched == self.watched {
            return;
        }
        let is_wider = watched != self.watched;
        self.watched_columns = watched.iter().fold(0, |columns, column| columns | 1 << column);
        self.watched = watched;
        let width = self.watched.len();
        for (place, &column) in ORDERED.iter().enumerate() {
            let wanted = by == Some(column);
            if wanted || is_wider && self.by_amount[place].is_some() {
                self.by_amount[place] = Some(ByAmount { column, order: Order::new(width - 1) });
            }
        }
        debug_assert!(width <= DIMENSIONS, "every column at most once");
        if by.is_none() || is_wider && self.sequence.is_some() {
            self.sequence = Some(Sequence::new(width + RATIOS.len()));
        }
        self.rebuild(state, ranks);
    }

    /// Makes room for so many instances.
    pub(crate) fn reserve(&mut self, instances: usize) {
        if self.is_empty() {
            return;
        }
        self.touched.reserve(TOUCHED_MAX - self.touched.len());
        for by_amount in self.by_amount.iter_mut().flatten() {
            by_amount.order.reserve(instances);
        }
        if let Some(sequence) = &mut self.sequence {
            sequence.reserve(instances);
        }
        self.is_touched.resize(self.is_touched.words().len().max(instances.div_ceil(LANES)));
    }

    /// Builds every order from the columns.
    pub(crate) fn rebuild(&mut self, state: &State, ranks: &Ranks) {
        self.forget_touched();
        self.reserve(state.slots());
        let Self { by_amount, sequence, watched, .. } = self;
        let mut keys: Vec<i64> = Vec::new();
        for ByAmount { column, order } in by_amount.iter_mut().flatten() {
            let amounts = &state.remaining[*column];
            keys.clear();
            keys.extend(state.registry.iter().map(|&slot| key(amounts[slot as usize], ranks.of(slot))));
            keys.sort_unstable();
            let others: SmallVec<[usize; 4]> = watched.iter().copied().filter(|other| other != column).collect();
            let amount = |at: usize, key| state.remaining[others[at]][ranks.slot_of(rank_of(key)) as usize];
            order.fill(keys.iter().copied(), amount);
        }
        if let Some(sequence) = sequence {
            sequence.clear();
            for &slot in &state.registry {
                let mut amounts = [0; SEQUENCED_MAX];
                let amount = |column: usize| state.remaining[column][slot as usize];
                sequence.set(ranks.of(slot), gather_sequenced(&mut amounts, watched, amount));
            }
        }
    }

    /// An instance enters the cluster.
    pub(crate) fn enter(&mut self, state: &State, ranks: &Ranks, slot: u32) {
        if self.is_empty() {
            return;
        }
        self.reserve(state.slots());
        let Self { by_amount, sequence, watched, .. } = self;
        let amount = |column: usize| state.remaining[column][slot as usize];
        for (place, by_amount) in by_amount.iter_mut().enumerate() {
            let Some(ByAmount { column, order }) = by_amount else { continue };
            let mut amounts = [0; DIMENSIONS];
            order.insert(key(amount(*column), ranks.of(slot)), gather_beside(&mut amounts, (watched, place), amount));
        }
        if let Some(sequence) = sequence {
            let mut amounts = [0; SEQUENCED_MAX];
            sequence.set(ranks.of(slot), gather_sequenced(&mut amounts, watched, amount));
        }
    }

    /// An instance leaves the cluster.
    pub(crate) fn leave(&mut self, state: &State, ranks: &Ranks, slot: u32) {
        self.sync(state, ranks);
        for ByAmount { column, order } in self.by_amount.iter_mut().flatten() {
            order.remove(key(state.remaining[*column][slot as usize], ranks.of(slot)));
        }
        if let Some(sequence) = &mut self.sequence {
            sequence.unset(ranks.of(slot));
        }
    }

    /// Amounts of an instance changed, or are about to; `before` tells what it had of the ordered resources.
    #[inline]
    pub(crate) fn touch(&mut self, state: &State, ranks: &Ranks, slot: u32, before: impl FnOnce() -> Stated) {
        if self.is_empty() || self.is_touched.contains(slot) {
            return;
        }
        if self.touched.len() == TOUCHED_MAX {
            self.sync(state, ranks);
        }
        self.touched.push((slot, before()));
        self.is_touched.set(slot, true);
    }

    /// Asks for the blocks that an instance is in. An order that does not say yet what it has may be asked for another.
    pub(crate) fn prefetch(&self, state: &State, ranks: &Ranks, slot: u32) {
        for ByAmount { column, order } in self.by_amount.iter().flatten() {
            let amount = state.remaining[*column].get(slot as usize).copied().unwrap_or_default();
            order.prefetch(key(amount, ranks.of(slot)));
        }
    }

    /// Whether a change of an instance is noted.
    #[inline]
    pub(crate) fn lags(&self, slot: u32) -> bool {
        self.is_touched.contains(slot)
    }

    /// Forgets what was noted.
    fn forget_touched(&mut self) {
        for (slot, _) in self.touched.drain(..) {
            self.is_touched.set(slot, false);
        }
    }

    /// Brings the orders up to date.
    #[inline]
    #[cfg_attr(placewright_for_size, optimize(speed))]
    pub(crate) fn sync(&mut self, state: &State, ranks: &Ranks) {
        if self.touched.is_empty() {
            return;
        }
        let Self { by_amount, sequence, watched, touched, .. } = self;
        if touched.len() > TOUCHED_FEW {
            // PERF: moves from the same leaf one after another wait less for memory.
            if let Some(place) = by_amount.iter().position(Option::is_some) {
                touched.sort_unstable_by_key(|&(slot, before)| (before[place], ranks.of(slot)));
            }
        }
        for &(slot, before) in &*touched {
            let rank = ranks.of(slot);
            let amount = |column: usize| state.remaining[column][slot as usize];
            for (place, (by_amount, before)) in by_amount.iter_mut().zip(before).enumerate() {
                let Some(ByAmount { column, order }) = by_amount else { continue };
                let mut amounts = [0; DIMENSIONS];
                let others = gather_beside(&mut amounts, (watched, place), amount);
                order.replace(key(before, rank), key(amount(*column), rank), others);
            }
            if let Some(sequence) = sequence {
                let mut amounts = [0; SEQUENCED_MAX];
                sequence.set(rank, gather_sequenced(&mut amounts, watched, amount));
            }
        }
        self.forget_touched();
    }

    /// Whether everything that is needed of is watched. A walk that cannot tell is as good as spent.
    #[inline]
    fn watches(&self, needed: &Needed) -> bool {
        needed.columns & !self.watched_columns == 0
    }

    /// Shows `visit` the instances from a position on with enough of everything, least of the resource first, until it says
    /// to stop; with each its position. With `is_kept`, only those it keeps: for when these are few.
    #[inline]
    pub(crate) fn walk_amount(
        &self,
        ranks: &Ranks,
        (column, from, needed): (usize, i64, &Needed),
        is_kept: Option<impl Fn(u32) -> bool>,
        effort: &mut Effort,
        mut visit: impl FnMut(i64, u32) -> bool,
    ) -> Walk {
        let place = ORDERED.iter().position(|&ordered| ordered == column);
        let by_amount = place.and_then(|place| Some((place, self.by_amount[place].as_ref()?)));
        let Some((place, by_amount)) = by_amount.filter(|_| self.watches(needed)) else { return Walk::Spent };
        let mut amounts = [0; DIMENSIONS];
        let amounts = gather_beside(&mut amounts, (&self.watched, place), |column| needed.amounts[column]);
        let least = needed.amounts[column];
        let least = if least == i32::MIN { i64::MIN } else { key(least, 0) };
        let query = Query { from: least.max(from), to: i64::MAX, amounts };
        let slot_of = |key| ranks.slot_of(rank_of(key));
        let visit = |key| visit(key, slot_of(key));
        match is_kept {
            Some(is_kept) => by_amount.order.walk_kept(&query, effort, |key| is_kept(slot_of(key)), visit),
            None => by_amount.order.walk(&query, effort, visit),
        }
    }

    /// Shows `visit` the instances from a position on with enough of everything, earliest registered first, until it says to
    /// stop; with each its position, which is its rank.
    #[inline]
    pub(crate) fn walk_sequence(
        &self,
        ranks: &Ranks,
        (from, needed): (i64, &Needed),
        among: Among<'_>,
        effort: &mut Effort,
        mut visit: impl FnMut(i64, u32) -> bool,
    ) -> Walk {
        let Some(sequence) = self.sequence.as_ref().filter(|_| self.watches(needed)) else { return Walk::Spent };
        let mut amounts = [0; SEQUENCED_MAX];
        let amounts = gather_needed(&mut amounts, &self.watched, needed);
        let from = u32::try_from(from.max(0)).unwrap_or(u32::MAX);
        sequence.walk(from, amounts, among, effort, |rank| {
            let slot = ranks.slots().get(rank as usize).copied().filter(|&slot| slot != crate::state::NONE);
            slot.is_some_and(|slot| visit(i64::from(rank), slot))
        })
    }

    /// Checks every order against the columns.
    pub(crate) fn validate(&self, state: &State, ranks: &Ranks) -> Result<(), String> {
        let is_known = |slot: u32, amount: i32, column: usize| {
            self.is_touched.contains(slot) || state.remaining[column][slot as usize] == amount
        };
        for (place, by_amount) in self.by_amount.iter().enumerate() {
            let Some(ByAmount { column, order }) = by_amount else { continue };
            let sound = order.is_sound(|at, amounts| {
                let slot = ranks.slot_of(rank_of(at));
                let stated = self.touched.iter().find(|(touched, _)| *touched == slot);
                let others = self.watched.iter().filter(|other| *other != column);
                stated.is_none_or(|(_, before)| before[place] == amount_of(at))
                    && is_known(slot, amount_of(at), *column)
                    && others.zip(amounts).all(|(&other, &amount)| is_known(slot, amount, other))
            });
            if !sound || order.len() != state.registry.len() {
                return Err(alloc::format!("the order by column {column} is out of date"));
            }
        }
        if let Some(sequence) = &self.sequence {
            let right = state.registry.iter().all(|&slot| {
                let amounts = sequence.amounts(ranks.of(slot));
                self.watched.iter().zip(amounts).all(|(&column, amount)| is_known(slot, amount, column))
            });
            if !right || !sequence.is_sound() {
                return Err("the order of registration is out of date".into());
            }
        }
        Ok(())
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        let by_amount = self.by_amount.iter().flatten();
        by_amount.map(|by_amount| by_amount.order.memory_usage()).sum::<usize>()
            + self.sequence.as_ref().map_or(0, Sequence::memory_usage)
            + self.touched.capacity() * size_of::<(u32, Stated)>()
            + self.is_touched.memory_usage()
    }
}

/// Something of every watched column but the one an order is by, in the first places: what stands beside its keys.
///
/// PERF: `into` is written a number at a time and must be read so. A load of several such numbers at once, as copying the whole
/// makes it, waits until every store before them has reached the cache, those to far lines of memory included.
#[inline]
fn gather_beside<'a>(
    into: &'a mut [i32; DIMENSIONS],
    (watched, place): (&[usize], usize),
    of: impl Fn(usize) -> i32,
) -> &'a [i32] {
    let others = watched.iter().enumerate().filter(|&(at, _)| at != place);
    let width = watched.len().saturating_sub(1);
    for (into, (_, &column)) in into[..width].iter_mut().zip(others) {
        *into = of(column);
    }
    &into[..width]
}

/// Amounts of an instance in the sequence: something of every watched column, and CPU and memory together by each of [`RATIOS`].
///
/// What an instance has of both at once is the lesser of its memory and of the memory that would go with its CPU; no task fits
/// that needs more. So a block in which some have CPU left, and others memory, is passed over too.
#[inline]
fn gather_sequenced<'a>(
    into: &'a mut [i32; SEQUENCED_MAX],
    watched: &[usize],
    of: impl Fn(usize) -> i32,
) -> &'a mut [i32] {
    for (into, &column) in into.iter_mut().zip(watched) {
        *into = of(column);
    }
    let [cpu, memory] = ORDERED.map(&of);
    let width = watched.len() + RATIOS.len();
    for (into, ratio) in into[watched.len()..width].iter_mut().zip(RATIOS) {
        *into = cpu.saturating_mul(ratio).min(memory);
    }
    &mut into[..width]
}

/// What a request needs, as the sequence has it: of CPU and memory together by the ratio nearest to its own, which says most.
#[inline]
fn gather_needed<'a>(into: &'a mut [i32; SEQUENCED_MAX], watched: &[usize], needed: &Needed) -> &'a [i32] {
    let sequenced = gather_sequenced(into, watched, |column| needed.amounts[column]);
    let [cpu, memory] = ORDERED.map(|column| needed.amounts[column]);
    let own = memory.max(0) / cpu.max(1);
    let nearest = RATIOS.iter().rposition(|&ratio| 4 * ratio <= own.max(1).saturating_mul(5)).unwrap_or(0);
    for at in (0..RATIOS.len()).filter(|&at| at != nearest) {
        sequenced[watched.len() + at] = i32::MIN;
    }
    sequenced
}

//! The best pattern of one bin with one dimension: a bounded knapsack, exactly, in integers.
//!
//! Two methods, one answer. **Dynamic programming** over the capacity costs `pieces × capacity` whatever the prices, where a kind
//! of which up to `k` copies fit is cut into about `log k` pieces (Martello & Toth, "Knapsack Problems", 1990, §3.2). **Lists of
//! states**, pieces in order of density, where a state is dropped when a smaller one is worth as much or when the linear bound
//! says that it cannot beat the best (Nemhauser & Ullmann 1969; Martello & Toth, §2.6), cost little where a bin holds few items,
//! whatever the capacity. The first is taken while its table is small.

use alloc::vec::Vec;

use super::{Stopped, spend};
use crate::pack::search::Search;

/// Cells up to which the table of the dynamic programme is used.
const CELLS_MAX: u64 = 1 << 21;
/// States visited after which the list gives up and says the bound it has.
const STATES_MAX: u64 = 4_000_000;

/// A kind of item on offer: its size, what a copy is worth, and how many may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// Which kind it is.
    pub(super) kind: u32,
    /// Copies at most.
    pub(super) limit: u32,
    /// Size of a copy; above zero.
    pub(super) size: u64,
    /// Worth of a copy; above zero.
    pub(super) worth: u32,
}

/// Working memory of the knapsack.
#[derive(Debug, Default)]
pub(super) struct Knapsack {
    /// Best worth by capacity used.
    best: Vec<i32>,
    /// Whether the piece was taken at a capacity, [pieces × capacity + 1].
    taken: Vec<bool>,
    /// Pieces: place of the offer, copies.
    pieces: Vec<(u32, u32)>,
    /// Least size from each piece on.
    least: Vec<u64>,
    /// States of the list, smallest first.
    states: Vec<State>,
    /// The next list.
    merged: Vec<State>,
    /// How each state came about: the step before and the piece that was added.
    trail: Vec<(u32, u32)>,
}

/// What some pieces come to.
#[derive(Clone, Copy, Debug)]
struct State {
    size: u64,
    worth: u64,
    /// Its last step in the trail.
    step: u32,
}

/// What a knapsack came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Worth {
    /// Of the pattern that was found.
    pub(super) found: u64,
    /// No pattern is worth more; equals `found` unless the search was cut off.
    pub(super) bound: u64,
}

impl Knapsack {
    /// The pattern of greatest worth that fits `capacity`, as (kind, copies) in `pattern`.
    ///
    /// A pattern worth no more than `enough` is of no interest: the search may leave it, and then finds nothing.
    ///
    /// The greatest worth must stay below `i32::MAX`; the caller scales its prices so.
    ///
    /// # Errors
    /// [`Stopped`].
    pub(super) fn solve(
        &mut self,
        capacity: u64,
        offers: &[Offer],
        enough: u64,
        pattern: &mut Vec<(u32, u32)>,
        search: &mut Search<'_>,
    ) -> Result<Worth, Stopped> {
        pattern.clear();
        self.cut(capacity, offers);
        if self.pieces.is_empty() {
            // Its table would be as long as the capacity all the same.
            return Ok(Worth { found: 0, bound: 0 });
        }
        let cells = (self.pieces.len() as u64).saturating_mul(capacity.saturating_add(1));
        if cells <= CELLS_MAX {
            spend(search, cells / 8 + 1)?;
            #[expect(clippy::cast_possible_truncation, reason = "at most CELLS_MAX")]
            let worth = self.tabulate(capacity as usize, offers, pattern);
            Ok(Worth { found: worth, bound: worth })
        } else {
            self.list(capacity, offers, enough, pattern, search)
        }
    }

    /// Cuts each offer into pieces of 1, 2, 4 … copies.
    fn cut(&mut self, capacity: u64, offers: &[Offer]) {
        self.pieces.clear();
        for (at, offer) in (0u32..).zip(offers) {
            let mut left = u64::from(offer.limit).min(capacity / offer.size);
            let mut copies = 1;
            while left > 0 {
                let piece = copies.min(left);
                #[expect(clippy::cast_possible_truncation, reason = "at most a u32 limit")]
                self.pieces.push((at, piece as u32));
                left -= piece;
                copies *= 2;
            }
        }
    }

    fn tabulate(&mut self, capacity: usize, offers: &[Offer], pattern: &mut Vec<(u32, u32)>) -> u64 {
        let width = capacity + 1;
        self.best.clear();
        self.best.resize(width, 0);
        self.taken.clear();
        self.taken.resize(width * self.pieces.len(), false);
        for (piece, taken) in self.pieces.iter().zip(self.taken.chunks_exact_mut(width)) {
            let offer = &offers[piece.0 as usize];
            #[expect(clippy::cast_possible_truncation, reason = "the pieces fit the capacity")]
            let size = (offer.size * u64::from(piece.1)) as usize;
            #[expect(clippy::cast_possible_wrap, reason = "the caller keeps sums below i32::MAX")]
            let worth = (offer.worth * piece.1) as i32;
            // From the top down in runs no longer than the piece, so that source and target never overlap.
            let mut end = width;
            while end > size {
                let begin = size.max(end.saturating_sub(size));
                let (low, high) = self.best.split_at_mut(begin);
                let source = &low[begin - size..end - size];
                let target = &mut high[..end - begin];
                for ((to, from), mark) in target.iter_mut().zip(source).zip(&mut taken[begin..end]) {
                    let with = from.wrapping_add(worth);
                    *mark = with > *to;
                    *to = with.max(*to);
                }
                end = begin;
            }
        }
        let mut at = capacity;
        for (number, piece) in self.pieces.iter().enumerate().rev() {
            if self.taken[number * width + at] {
                let offer = &offers[piece.0 as usize];
                #[expect(clippy::cast_possible_truncation, reason = "the pieces fit the capacity")]
                let size = (offer.size * u64::from(piece.1)) as usize;
                at -= size;
                match pattern.last_mut() {
                    Some(last) if last.0 == offer.kind => last.1 += piece.1,
                    _ => pattern.push((offer.kind, piece.1)),
                }
            }
        }
        u64::from(self.best[capacity].unsigned_abs())
    }

    /// Pieces in order of density, each added to every state; a state is (size, worth), kept while no smaller one is worth as
    /// much, and while what it has and what the rest could add exceed the best.
    fn list(
        &mut self,
        capacity: u64,
        offers: &[Offer],
        enough: u64,
        pattern: &mut Vec<(u32, u32)>,
        search: &mut Search<'_>,
    ) -> Result<Worth, Stopped> {
        self.pieces.sort_by(|a, b| {
            let (left, right) = (&offers[a.0 as usize], &offers[b.0 as usize]);
            let worth = u128::from(left.worth) * u128::from(right.size);
            (u128::from(right.worth) * u128::from(left.size)).cmp(&worth).then(right.size.cmp(&left.size))
        });
        self.least.clear();
        self.least.resize(self.pieces.len() + 1, u64::MAX);
        for at in (0..self.pieces.len()).rev() {
            self.least[at] = self.least[at + 1].min(offers[self.pieces[at].0 as usize].size);
        }
        self.states.clear();
        self.states.push(State { size: 0, worth: 0, step: 0 });
        self.trail.clear();
        self.trail.push((0, 0));
        let (mut best, mut best_step, mut found) = (enough, 0, 0);
        let mut visited = 0u64;
        for at in 0..self.pieces.len() {
            let (place, copies) = self.pieces[at];
            let offer = &offers[place as usize];
            let (size, worth) = (offer.size * u64::from(copies), u64::from(offer.worth) * u64::from(copies));
            let next = self.pieces.get(at + 1).map(|piece| offers[piece.0 as usize]);
            let (least, room) = (self.least[at + 1], capacity);
            let is_open = |state: &State, best: u64| {
                let left = room - state.size;
                left >= least && next.is_some_and(|next| state.worth + ahead(left, next.size, next.worth) > best)
            };
            visited += self.states.len() as u64;
            self.merged.clear();
            let (mut kept, mut grown) = (0, 0);
            let mut top = None;
            loop {
                let old = self.states.get(kept);
                let new = self.states.get(grown).filter(|state| state.size + size <= capacity);
                let take_old = match (old, new) {
                    (None, None) => break,
                    (Some(_), None) => true,
                    (None, Some(_)) => false,
                    (Some(old), Some(new)) => {
                        (old.size, core::cmp::Reverse(old.worth))
                            <= (new.size + size, core::cmp::Reverse(new.worth + worth))
                    }
                };
                let mut state;
                if take_old {
                    state = self.states[kept];
                    kept += 1;
                } else {
                    state = self.states[grown];
                    grown += 1;
                    state.size += size;
                    state.worth += worth;
                }
                // Dominated: one no larger is worth as much.
                if top.is_some_and(|top| state.worth <= top) {
                    continue;
                }
                let opens = is_open(&state, best);
                if !take_old && (opens || state.worth > best) {
                    #[expect(clippy::cast_possible_truncation, reason = "trail and pieces are bounded by STATES_MAX")]
                    let (step, piece) = (self.trail.len() as u32, at as u32);
                    self.trail.push((state.step, piece));
                    state.step = step;
                    if state.worth > best {
                        (best, best_step, found) = (state.worth, step, state.worth);
                    }
                }
                top = Some(state.worth);
                if opens {
                    self.merged.push(state);
                }
            }
            core::mem::swap(&mut self.states, &mut self.merged);
            if visited > STATES_MAX || self.trail.len() as u64 > STATES_MAX {
                for state in &self.states {
                    let next = next.map_or(0, |next| ahead(room - state.size, next.size, next.worth));
                    best = best.max(state.worth + next);
                }
                break;
            }
        }
        spend(search, visited * 4 + 1)?;
        while best_step > 0 {
            let (before, piece) = self.trail[best_step as usize];
            let (place, copies) = self.pieces[piece as usize];
            let kind = offers[place as usize].kind;
            match pattern.iter_mut().find(|entry| entry.0 == kind) {
                Some(entry) => entry.1 += copies,
                None => pattern.push((kind, copies)),
            }
            best_step = before;
        }
        Ok(Worth { found, bound: best })
    }
}

/// What the room left could be worth at the density of an offer, rounded down.
fn ahead(left: u64, size: u64, worth: u32) -> u64 {
    match left.checked_mul(u64::from(worth)) {
        Some(product) => product / size,
        None => u64::try_from(u128::from(left) * u128::from(worth) / u128::from(size)).unwrap_or(u64::MAX / 4),
    }
}

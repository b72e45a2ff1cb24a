//! Many tasks in a row, of one request or of several in any order: what a search found is kept for the tasks after it.
//!
//! Placing a task changes one instance, and what a request asks of an instance depends on that instance alone. So what is
//! known of all others stays true. Instances that tasks went to since the batch began, and that may have room for more, are
//! *open*: there are few of them as a rule, since the best one is filled first, and what is left on them is kept together.
//! All others stand in the orders as they did, so each request walks them once from the best on, a few at a time. Its next
//! task goes to the better of the best open instance and the next one of its walk. Where something is spread, each domain is
//! walked for itself, and those with the fewest tasks come first. Answers are those of placing the tasks one by one.
//!
//! An instance that has less than the least that any request of the batch needs is open no longer. None is opened where the
//! only request has tasks that share no instance (distinct instances, host ports, all GPUs): each task then goes to the next
//! instance of the walk. When too many are open, the orders are brought up to date and the batch begins anew; if it has not
//! got far, tasks are placed one by one from then on.
//!
//! Within one call tasks only come, so a request that was rejected once is rejected for the rest of it, unless its
//! expressions read tasks.
//!
//! Only for requests in which an amount or registration decides last, and nothing after it; tasks of others are placed one
//! by one among them. Cost: for each task, a look at the open instances and a share of a walk, and for each instance that
//! tasks went to a move in the orders when it is full; does not allocate.

use alloc::vec::Vec;

use crate::demand::GpuDemand;
use crate::id::RequestId;
use crate::index::Index;
use crate::index::amounts::{Needed, key};
use crate::index::bitset::bits;
use crate::index::effort::Effort;
use crate::index::order::Walk;
use crate::index::ranks::Ranks;
use crate::index::row::{LANES, Row, enough};
use crate::index::spread::SpreadView;
use crate::resource::DIMENSIONS;
use crate::state::{NONE, State};

use super::indexed::{Found, Residues, Scope, Searcher, is_hopeless, spread_of};
use super::plan::{Last, Plan, Search};

/// Most requests of a batch whose tasks are not placed one by one.
const KINDS_MAX: usize = 256;
/// Most domains that a request of a batch may spread over.
const DOMAINS_MAX: usize = 16;
/// Domains that requests spread over on average, at the most, where there are many of them.
const DOMAINS_USUAL: usize = 4;
/// Instances that a walk finds at a time.
const FOUND_MAX: usize = 8;
/// Fewest rows of tasks between a batch's beginning and beginning anew for which it pays; a row goes to one instance.
const TASKS_LEAST: u32 = 256;
/// The request has not been looked at yet.
const UNKNOWN: u32 = u32::MAX;
/// The request's tasks are placed one by one.
const ALONE: u32 = u32::MAX - 1;

/// A request of a batch.
#[derive(Debug, Clone, Copy)]
struct Kind {
    /// Its first turn.
    first: usize,
    /// Turns it has: one for each domain, or one.
    turns: usize,
    /// Whether an instance of a domain that wins a task of the request goes on winning there until it is full, while no other
    /// request has its turn.
    is_steady: bool,
    /// Whether an instance that took a task of the request takes no other one, whatever is left on it.
    is_single: bool,
}

/// What a request knows of a domain, or of all instances where nothing is spread.
#[derive(Debug, Clone, Copy)]
struct Turn {
    /// The domain.
    domain: usize,
    /// Instances that are not open come from this position on, or are among those found.
    from: i64,
    /// The next instances of the walk with their positions, best first.
    found: [(i64, u32); FOUND_MAX],
    /// Those of them that were used or are of no use any more.
    used: usize,
    /// How many were found.
    len: usize,
    /// How many the next walk finds at the most.
    reach: usize,
    /// Whether the walk has come to the end.
    is_ended: bool,
    /// The instance that won last.
    winner: u32,
    /// The beginning of the batch, or the one anew, that this is known since.
    round: u32,
}

/// Instances that tasks went to and that may take more.
#[derive(Debug, Clone, Default)]
struct Open {
    /// Lanes that have an instance.
    lanes: u64,
    /// By lane: the instance, and its rank.
    instances: Vec<(u32, u32)>,
    /// By column and lane: what is left.
    rows: Vec<Row>,
    /// Columns that are followed, a bit each.
    columns: u64,
    /// By slot: its lane plus one, or 0.
    lane_of: Vec<u8>,
    /// How often the batch began anew.
    round: u32,
}

/// A batch; between two of them it is empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct Batch {
    /// By slot of a request: its number among the kinds.
    kind_of: Vec<u32>,
    /// By slot of a request: the age in which its last task found no instance.
    rejected: Vec<u64>,
    /// A number for each time within which tasks only came; none is used twice.
    age: u64,
    /// The requests.
    kinds: Vec<Kind>,
    /// What they know.
    turns: Vec<Turn>,
    /// Open instances.
    open: Open,
    /// The least that any of the requests needs.
    least: Option<Needed>,
    /// Whether everything known has to be forgotten.
    is_stale: bool,
    /// Rows of tasks since the batch began, or began anew.
    placed_rows: u32,
    /// Different requests, those included whose tasks are placed one by one.
    requests: u32,
}

impl Batch {
    /// Makes room for so many slots of instances and of requests; without instances, for tasks placed one by one alone.
    pub(crate) fn reserve(&mut self, slots: usize, requests: usize) {
        let Open { instances, rows, lane_of, .. } = &mut self.open;
        if lane_of.len() < slots {
            lane_of.resize(slots, 0);
        }
        if slots > 0 {
            instances.resize(LANES, (0, 0));
            rows.resize(DIMENSIONS, [0; LANES]);
        }
        if self.kind_of.len() < requests {
            self.kind_of.resize(requests, UNKNOWN);
            self.rejected.resize(requests, u64::MAX);
        }
        let kinds = if slots > 0 { requests.min(KINDS_MAX) } else { 0 };
        self.kinds.reserve(kinds);
        self.turns.reserve(if kinds == 0 { 0 } else { DOMAINS_USUAL * kinds + DOMAINS_MAX });
    }

    /// Takes a request in, or notes that its tasks are placed one by one.
    pub(crate) fn add(&mut self, state: &State, index: &Index, id: RequestId, plan: &Plan) {
        let Some(&known) = self.kind_of.get(id.slot() as usize) else { return };
        if known == UNKNOWN {
            let kind = self.add_kind(state, index, plan);
            self.requests += 1;
            self.kind_of[id.slot() as usize] = kind.unwrap_or(ALONE);
        }
    }

    /// Takes a request in; `None` where that is not possible.
    fn add_kind(&mut self, state: &State, index: &Index, plan: &Plan) -> Option<u32> {
        let search = plan.search.as_ref()?;
        let is_last = search.is_swept(plan) && search.last != Last::SpreadInstance;
        if !is_last || self.kinds.len() == self.kinds.capacity().min(KINDS_MAX) {
            return None;
        }
        let first = self.turns.len();
        if search.spread.is_some() {
            let spread = spread_of(index, plan, search)?;
            let turns = spread.domains().count();
            if turns > DOMAINS_MAX || first + turns > self.turns.capacity() {
                return None;
            }
            self.turns.extend(spread.domains().map(|domain| Turn::new(domain, self.open.round)));
        } else if first < self.turns.capacity() {
            self.turns.push(Turn::new(0, self.open.round));
        } else {
            return None;
        }
        let demand = state.demands.get(plan.demand);
        let is_single = plan.is_distinct || plan.wants_all_gpus || !demand.ports.is_empty();
        let is_steady =
            !is_single && plan.residues.is_empty() && matches!(demand.gpus(), GpuDemand::None | GpuDemand::Whole(_));
        self.kinds.push(Kind { first, turns: self.turns.len() - first, is_steady, is_single });
        self.least = Some(self.least.map_or(search.needed, |least| least.lesser(&search.needed)));
        let ordered = if let Last::Binpack(column, _) = search.last { 1 << column } else { 0 };
        self.open.columns |= search.needed.columns().fold(ordered, |columns, column| columns | 1 << column);
        u32::try_from(self.kinds.len() - 1).ok()
    }

    /// The number of a request, if its tasks are not placed one by one.
    #[inline]
    pub(crate) fn kind_of(&self, id: RequestId) -> Option<usize> {
        let &kind = self.kind_of.get(id.slot() as usize)?;
        if (kind as usize) < self.kinds.len() { Some(kind as usize) } else { None }
    }

    /// A task went to an instance.
    #[inline]
    #[cfg_attr(placewright_for_size, optimize(speed))]
    pub(crate) fn note(&mut self, state: &State, ranks: &Ranks, slot: u32) {
        let Some(least) = self.least else { return };
        if self.is_stale {
            return;
        }
        self.placed_rows += 1;
        let has_room = least.fits(state, slot) && !self.closes_at_once();
        self.is_stale = !self.open.note(state, ranks, slot, has_room);
        if self.is_stale && self.placed_rows < TASKS_LEAST {
            self.kinds.clear();
        }
    }

    /// Whether no instance that a task went to can take another one of the batch: there is one request, and its tasks share no
    /// instance.
    #[inline]
    fn closes_at_once(&self) -> bool {
        self.requests == 1 && self.kinds.first().is_some_and(|kind| kind.is_single)
    }

    /// A task of a request found no instance. No later one will before tasks are taken back, unless parts of its expressions
    /// read tasks.
    #[inline]
    pub(crate) fn reject(&mut self, id: RequestId, plan: &Plan) {
        if let Some(rejected) = self.rejected.get_mut(id.slot() as usize).filter(|_| plan.residues.is_empty()) {
            *rejected = self.age;
        }
    }

    /// Whether a task of a request will find no instance.
    #[inline]
    pub(crate) fn rejects(&self, id: RequestId) -> bool {
        self.rejected.get(id.slot() as usize) == Some(&self.age)
    }

    /// Tasks were taken back.
    pub(crate) fn forget(&mut self) {
        self.is_stale = true;
        self.age += 1;
    }

    /// Ends the batch of these requests.
    pub(crate) fn end(&mut self, requests: &[RequestId]) {
        for id in requests {
            if let Some(kind) = self.kind_of.get_mut(id.slot() as usize) {
                *kind = UNKNOWN;
            }
        }
        self.age += 1;
        self.kinds.clear();
        self.turns.clear();
        self.open.clear();
        self.open.columns = 0;
        self.least = None;
        self.is_stale = false;
        self.placed_rows = 0;
        self.requests = 0;
    }

    /// The instance that the next task of a request goes to, and with it how many of its tasks in a row.
    #[cfg_attr(placewright_for_size, optimize(speed))]
    pub(crate) fn next(
        &mut self,
        kind: usize,
        state: &State,
        index: &mut Index,
        plan: &Plan,
        effort: &mut Effort,
    ) -> (Found, u32) {
        let Some(search) = plan.search.as_ref() else { return (Found::Unknown, 0) };
        if is_hopeless(state, plan) {
            return (Found::Nothing, 0);
        }
        if self.is_stale {
            index.orders.sync(state, &index.ranks);
            self.open.clear();
            self.is_stale = false;
            self.placed_rows = 0;
        }
        let residues = Residues::new(state, index, plan);
        let searcher = Searcher::new(state, index, plan, search, residues.as_ref());
        let Kind { first, turns, is_steady, .. } = self.kinds[kind];
        let is_alone = is_steady && self.requests == 1;
        let spread = spread_of(index, plan, search);
        let turns = &mut self.turns[first..first + turns];
        let found = match (search.spread, spread) {
            (None, _) => find(turns, &self.open, &searcher, effort),
            (Some(_), None) => Found::Unknown,
            (Some(_), Some(spread)) => find_spread(turns, &self.open, (spread, is_alone), &searcher, effort),
        };
        effort.instructions += residues.map_or(0, |residues| residues.instructions.get());
        let copies = match found {
            Found::Instance(slot) if is_steady && search.spread.is_none() => room(state, plan, slot),
            _ => 1,
        };
        (found, copies)
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        self.kind_of.capacity() * size_of::<u32>()
            + self.rejected.capacity() * size_of::<u64>()
            + self.kinds.capacity() * size_of::<Kind>()
            + self.turns.capacity() * size_of::<Turn>()
            + self.open.instances.capacity() * size_of::<(u32, u32)>()
            + self.open.rows.capacity() * size_of::<Row>()
            + self.open.lane_of.capacity()
    }
}

/// The best instance of all.
#[inline]
fn find(turns: &mut [Turn], open: &Open, searcher: &Searcher<'_, '_>, effort: &mut Effort) -> Found {
    match turns.first_mut().map(|turn| turn.best(open, searcher, Scope::Anywhere, effort)) {
        Some(Best::Is(_, slot)) => Found::Instance(slot),
        Some(Best::Unknown) => Found::Unknown,
        Some(Best::Nothing) | None => Found::Nothing,
    }
}

/// The best instance of those in domains with the fewest tasks. `is_alone` says that what won goes on winning.
fn find_spread(
    turns: &mut [Turn],
    open: &Open,
    (spread, is_alone): (SpreadView<'_>, bool),
    searcher: &Searcher<'_, '_>,
    effort: &mut Effort,
) -> Found {
    let mut floor = None;
    loop {
        let levels = turns.iter().map(|turn| spread.level(turn.domain));
        let Some(level) = levels.filter(|&level| floor.is_none_or(|floor| level > floor)).min() else {
            return Found::Nothing;
        };
        let mut first: Option<(i64, u32)> = None;
        for turn in turns.iter_mut().filter(|turn| spread.level(turn.domain) == level) {
            let best = match open.lane(turn.winner).filter(|_| is_alone) {
                Some(lane) => Best::Is(open.position(searcher.search, lane), turn.winner),
                None => turn.best(open, searcher, Scope::Domain(spread, turn.domain), effort),
            };
            match best {
                Best::Is(position, slot) => {
                    turn.winner = slot;
                    if first.is_none_or(|(first, _)| position < first) {
                        first = Some((position, slot));
                    }
                }
                Best::Nothing => {}
                Best::Unknown => return Found::Unknown,
            }
        }
        if let Some((_, slot)) = first {
            return Found::Instance(slot);
        }
        floor = Some(level);
    }
}

/// What a turn has to offer.
enum Best {
    /// Its best instance, with its position.
    Is(i64, u32),
    /// No instance is feasible.
    Nothing,
    /// The budget is spent, or an order is missing.
    Unknown,
}

impl Turn {
    /// A turn that knows nothing yet.
    const fn new(domain: usize, round: u32) -> Self {
        let found = [(0, 0); FOUND_MAX];
        Self {
            domain,
            from: i64::MIN,
            found,
            used: 0,
            len: 0,
            reach: FOUND_MAX / 2,
            is_ended: false,
            winner: NONE,
            round,
        }
    }

    /// The best instance of all.
    #[inline]
    #[cfg_attr(placewright_for_size, optimize(speed))]
    fn best(&mut self, open: &Open, searcher: &Searcher<'_, '_>, scope: Scope<'_>, effort: &mut Effort) -> Best {
        if self.round != open.round {
            *self = Self::new(self.domain, open.round);
        }
        loop {
            let next = self.next(open, searcher);
            let bound = match next {
                Some((position, _)) => position,
                None if self.is_ended => i64::MAX,
                None => self.from,
            };
            if let Some((position, slot)) = open.best(searcher, scope, bound, effort).or(next) {
                return Best::Is(position, slot);
            }
            if self.is_ended {
                return Best::Nothing;
            }
            if !self.walk(open, searcher, scope, effort) {
                return Best::Unknown;
            }
        }
    }

    /// The next instance of the walk with its position, of those found.
    #[inline]
    fn next(&mut self, open: &Open, searcher: &Searcher<'_, '_>) -> Option<(i64, u32)> {
        while self.used < self.len {
            let (position, slot) = self.found[self.used];
            // One that changed and is not open has not enough, or took a task that shares no instance.
            if !open.has(slot) && searcher.has_enough(slot) && searcher.may_share(slot) {
                return Some((position, slot));
            }
            self.used += 1;
        }
        None
    }

    /// Goes on with the walk until it has found a few; returns whether the budget allowed it.
    ///
    /// The orders may lag behind: those that changed stand too high there, and are open, have not enough, or are not admitted.
    #[cfg_attr(placewright_for_size, optimize(speed))]
    fn walk(&mut self, open: &Open, searcher: &Searcher<'_, '_>, scope: Scope<'_>, effort: &mut Effort) -> bool {
        self.used = 0;
        self.len = 0;
        effort.searches += 1;
        effort.reached = i64::MIN;
        let walk = searcher.walk(scope, self.from, effort, |position, slot| {
            self.from = position + 1;
            let is_there = || !open.has(slot) && (!searcher.lags(slot) || searcher.has_enough(slot));
            if is_there() && searcher.admits(scope, slot) {
                self.found[self.len] = (position, slot);
                self.len += 1;
            }
            self.len == self.reach
        });
        self.reach = FOUND_MAX.min(2 * self.reach);
        self.is_ended = walk == Walk::Ended;
        if walk == Walk::Spent {
            // What was passed over stays refused: the next walk does not begin there again.
            self.from = self.from.max(effort.reached);
        }
        walk != Walk::Spent || self.len > 0
    }
}

impl Open {
    /// The lane of an instance.
    #[inline]
    fn lane(&self, slot: u32) -> Option<u32> {
        u32::from(self.lane_of.get(slot as usize).copied().unwrap_or(0)).checked_sub(1)
    }

    /// Whether an instance is open.
    #[inline]
    fn has(&self, slot: u32) -> bool {
        self.lane(slot).is_some()
    }

    /// The best feasible instance of those below a position, with its own.
    #[inline]
    fn best(
        &self,
        searcher: &Searcher<'_, '_>,
        scope: Scope<'_>,
        bound: i64,
        effort: &mut Effort,
    ) -> Option<(i64, u32)> {
        let mut lanes = self.lanes;
        for (column, least) in searcher.search.needed.amounts() {
            lanes = enough(&self.rows[column], least, lanes);
        }
        while lanes != 0 {
            let mut first = (bound, 0);
            for lane in bits(lanes) {
                let position = self.position(searcher.search, lane);
                if position < first.0 {
                    first = (position, lane);
                }
            }
            let (position, lane) = first;
            if position == bound {
                return None;
            }
            let (slot, _) = self.instances[lane as usize];
            effort.visit_instance();
            if searcher.admits(scope, slot) {
                return Some((position, slot));
            }
            lanes &= !(1 << lane);
        }
        None
    }

    /// Where an open instance stands by what decides last.
    #[inline]
    fn position(&self, search: &Search, lane: u32) -> i64 {
        let (_, rank) = self.instances[lane as usize];
        match search.last {
            Last::Binpack(column, _) => key(self.rows[column][lane as usize], rank),
            _ => i64::from(rank),
        }
    }

    /// An instance changed; returns whether there was room for it, if it may still take tasks.
    #[inline]
    fn note(&mut self, state: &State, ranks: &Ranks, slot: u32, has_room: bool) -> bool {
        let known = self.lane(slot);
        if !has_room {
            if let Some(lane) = known {
                self.lanes &= !(1 << lane);
                self.lane_of[slot as usize] = 0;
            }
            return true;
        }
        let lane = known.unwrap_or_else(|| (!self.lanes).trailing_zeros());
        let places = (self.instances.get_mut(lane as usize), self.lane_of.get_mut(slot as usize));
        let (Some(instance), Some(lane_of)) = places else { return false };
        *instance = (slot, ranks.of(slot));
        #[expect(clippy::cast_possible_truncation, reason = "there are 64 lanes")]
        {
            *lane_of = lane as u8 + 1;
        }
        for column in bits(self.columns) {
            self.rows[column as usize][lane as usize] = state.remaining[column as usize][slot as usize];
        }
        self.lanes |= 1 << lane;
        true
    }

    /// Closes every instance.
    fn clear(&mut self) {
        for lane in bits(self.lanes) {
            self.lane_of[self.instances[lane as usize].0 as usize] = 0;
        }
        self.lanes = 0;
        self.round = self.round.wrapping_add(1);
    }
}

/// Tasks of a request that an instance has room for.
fn room(state: &State, plan: &Plan, slot: u32) -> u32 {
    let amounts = &state.demands.get(plan.demand).amounts;
    let copies = |&(column, amount): &(u8, i32)| state.remaining[usize::from(column)][slot as usize] / amount.max(1);
    amounts.iter().map(copies).min().unwrap_or(i32::MAX).unsigned_abs()
}

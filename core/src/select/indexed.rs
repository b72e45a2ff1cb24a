//! The route for large clusters: orders and sets that follow every change are searched from the best instance on.
//!
//! A search walks an order (least left first, or earliest registered first), passes over blocks in which no instance has
//! enough, and takes the first instance that everything else admits: static facts, the domain of a spread, distinct
//! instances, ports, GPUs, the parts of expressions that read tasks. A spread asks for the domains with the fewest tasks
//! first, and for those with more only where nothing was found.
//!
//! Cost: a few steps where most instances that have enough are admitted. It grows with the instances that have to be passed
//! over: a filter that keeps exactly those an order comes to last makes it walk everything. So there is a budget, about what
//! going through the admitted instances costs, and a search that spends it says so; that, or the scan, then answers. Does not
//! allocate.

use core::cell::{Cell, RefCell};

use smallvec::SmallVec;

use crate::expr::Parking;
use crate::index::Index;
use crate::index::bitset::Bitset;
use crate::index::effort::Effort;
use crate::index::order::Walk;
use crate::index::residue::ResidueView;
use crate::index::sequence::{Among, Ranked};
use crate::index::spread::SpreadView;
use crate::limits::RANDOM_DRAWS_MAX;
use crate::resource::fits;
use crate::state::{State, WORD};

use super::draw::Draws;
use super::judge::has_all_gpus;
use super::plan::{AbsentGroup, Last, Plan, Search};
use super::scan;
use super::scratch::Scratch;
use super::sweep;

/// What a search before a scan may cost whatever the size of the cluster.
const BUDGET_LEAST: u32 = 128;
/// Slots that a unit of the budget stands for: a candidate refused costs about as much as scanning so many.
const BUDGET_SLOTS: usize = 24;

/// Where static facts admit fewer than one instance in so many, a walk leaves the others out in whole leaves.
const KEPT_PART: usize = 4;

/// Ports whose sets are looked up once a search; those of others are looked up for each candidate.
const PORTS_READY: usize = 4;
/// Most parts of expressions that read tasks; a request with more is left to the scan.
pub(crate) const RESIDUES_MAX: usize = 2;

/// What a search came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// The instance.
    Instance(u32),
    /// No instance is feasible.
    Nothing,
    /// The budget is spent, or an order is missing.
    Unknown,
}

/// Where a search looks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope<'a> {
    /// Everywhere.
    Anywhere,
    /// In domains with so many tasks.
    Level(SpreadView<'a>, u32),
    /// In one domain.
    Domain(SpreadView<'a>, usize),
}

impl Scope<'_> {
    /// Whether an instance is looked at.
    #[inline]
    pub(super) fn has(&self, slot: u32) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Level(spread, level) => spread.level_of(slot) == *level,
            Self::Domain(spread, domain) => spread.domain_of(slot) == *domain,
        }
    }
}

/// The instance that the request's next task goes to.
pub(crate) fn select(
    state: &State,
    index: &Index,
    plan: &Plan,
    search: &Search,
    scratch: &mut Scratch,
    effort: &mut Effort,
) -> Found {
    effort.searches += 1;
    if is_hopeless(state, plan) {
        return Found::Nothing;
    }
    let residues = Residues::new(state, index, plan);
    let searcher = Searcher::new(state, index, plan, search, residues.as_ref());
    let found = searcher.find_spread(scratch, effort);
    effort.instructions += residues.map_or(0, |residues| residues.instructions.get());
    found
}

/// The same by going through the admitted instances: exact, and `Unknown` only where the chain cannot be answered so.
#[inline(never)]
pub(crate) fn sweep(state: &State, index: &Index, plan: &Plan, search: &Search, effort: &mut Effort) -> Found {
    if is_hopeless(state, plan) {
        return Found::Nothing;
    }
    let residues = Residues::new(state, index, plan);
    let found = Searcher::new(state, index, plan, search, residues.as_ref()).sweep();
    effort.instructions += residues.map_or(0, |residues| residues.instructions.get());
    found
}

/// The request's spread; `None` where it has none, or its attribute too many values.
#[inline]
pub(super) fn spread_of<'a>(index: &'a Index, plan: &Plan, search: &Search) -> Option<SpreadView<'a>> {
    index.spreads.view(search.spread?, plan.absent_group == AbsentGroup::Last)
}

/// Whether no instance can ever take a task of the request.
#[inline]
pub(super) fn is_hopeless(state: &State, plan: &Plan) -> bool {
    plan.ports_clash || state.demands.get(plan.demand).is_beyond() || state.registry.is_empty()
}

/// A search, or one of a row of them, that may cost about as much as a scan.
#[expect(clippy::cast_possible_truncation, reason = "slots fit a u32")]
pub(crate) fn effort(state: &State) -> Effort {
    Effort::new(BUDGET_LEAST + (state.slots() / BUDGET_SLOTS) as u32)
}

/// A search that may cost about as much as what follows it when it finds nothing: a sweep, or else a scan.
#[inline]
pub(crate) fn effort_for(state: &State, index: &Index, plan: &Plan, search: &Search) -> Effort {
    match sweep::price(state, index, plan, search) {
        Some(price) => Effort::new(price),
        None => effort(state),
    }
}

/// What a walk came to that stops at the first instance.
fn concluded(walk: Walk, found: Option<u32>) -> Found {
    match (walk, found) {
        (Walk::Stopped, Some(slot)) => Found::Instance(slot),
        (Walk::Ended, _) => Found::Nothing,
        _ => Found::Unknown,
    }
}

/// Everything a request asks of an instance beside amounts, made ready.
#[derive(Debug)]
pub(super) struct Searcher<'a, 'r> {
    /// The columns.
    pub(super) state: &'a State,
    /// What follows from them.
    pub(super) index: &'a Index,
    /// The request.
    pub(super) plan: &'a Plan,
    /// What is searched for.
    pub(super) search: &'a Search,
    /// Instances admitted by static facts.
    pub(super) admitted: &'a Bitset,
    /// Instances that run a task of the group, where none of them may take another.
    pub(super) taken: Option<&'a Ranked>,
    /// Ports the task wants.
    pub(super) ports: &'a [u32],
    /// For the first of them, the instances on which they are taken.
    taken_ports: [Option<&'a Bitset>; PORTS_READY],
    /// Parts of expressions that read tasks, where there are any.
    residues: Option<&'r Residues<'a>>,
}

/// Parts of expressions that read tasks, made ready.
#[derive(Debug)]
pub(super) struct Residues<'a> {
    /// Each of them.
    views: SmallVec<[ResidueView<'a>; RESIDUES_MAX]>,
    /// Where they leave their intermediate results.
    parking: RefCell<Parking>,
    /// Instructions in all of them.
    length: u32,
    /// Instructions run so far.
    pub(super) instructions: Cell<u32>,
}

impl<'a> Residues<'a> {
    /// Those of a request; `None` where it has none.
    #[inline]
    pub(super) fn new(state: &'a State, index: &'a Index, plan: &'a Plan) -> Option<Self> {
        if plan.residues.is_empty() {
            return None;
        }
        let view = |&id: &u32| index.residues.get(id).view(state, &index.filters, &index.tallies);
        let length = plan.residues.iter().map(|&id| index.residues.get(id).instructions()).sum();
        let views = plan.residues.iter().map(view).collect();
        Some(Self { views, parking: RefCell::default(), length, instructions: Cell::new(0) })
    }

    /// Whether all hold for an instance.
    fn hold(&self, slot: u32) -> bool {
        let (word, bit) = (slot as usize / WORD, 1 << (slot as usize % WORD));
        let mut parking = self.parking.borrow_mut();
        self.instructions.set(self.instructions.get().saturating_add(self.length));
        self.views.iter().all(|residue| residue.holding(word, bit, &mut parking) != 0)
    }
}

impl<'a, 'r> Searcher<'a, 'r> {
    /// A request made ready.
    #[inline]
    pub(super) fn new(
        state: &'a State,
        index: &'a Index,
        plan: &'a Plan,
        search: &'a Search,
        residues: Option<&'r Residues<'a>>,
    ) -> Self {
        let ports = &state.demands.get(plan.demand).ports;
        let mut taken_ports = [None; PORTS_READY];
        for (taken, &key) in taken_ports.iter_mut().zip(ports) {
            *taken = index.ports.taken(key);
        }
        Self {
            state,
            index,
            plan,
            search,
            admitted: index.admissions.members(search.admission),
            taken: if plan.is_distinct { index.watches.occupied(plan.group) } else { None },
            ports,
            taken_ports,
            residues,
        }
    }

    /// Whether an instance of a scope that has enough may take the task.
    ///
    /// PERF: static facts come first: of all that is asked, the cheapest, and what refuses most.
    #[inline]
    pub(super) fn admits(&self, scope: Scope<'_>, slot: u32) -> bool {
        self.admitted.contains(slot) && scope.has(slot) && self.is_free(slot)
    }

    /// Whether an instance that static facts admit may take the task, if it has enough.
    #[inline]
    #[cfg_attr(placewright_for_size, optimize(speed))]
    pub(super) fn is_free(&self, slot: u32) -> bool {
        self.may_share(slot) && self.residues.is_none_or(|residues| residues.hold(slot))
    }

    /// Whether nothing that the task shares with no other one of its request is taken on an instance.
    #[inline(always)]
    pub(super) fn may_share(&self, slot: u32) -> bool {
        self.taken.is_none_or(|taken| !taken.contains(self.index.ranks.of(slot)))
            && (self.ports.is_empty() || self.has_ports(slot))
            && (!self.plan.wants_all_gpus || has_all_gpus(self.state, slot))
    }

    /// The slots of a word on which one of the ports is taken, of those that are looked up once.
    #[inline]
    pub(super) fn ports_taken(&self, word: usize) -> u64 {
        self.taken_ports.iter().flatten().fold(0, |slots, taken| slots | taken.word(word))
    }

    /// Whether an instance has the ports free.
    fn has_ports(&self, slot: u32) -> bool {
        let is_taken = |taken: &Bitset| taken.contains(slot);
        let mut rest = self.ports.iter().skip(PORTS_READY).filter_map(|&key| self.index.ports.taken(key));
        !self.taken_ports.iter().flatten().any(|taken| is_taken(taken)) && !rest.any(is_taken)
    }

    /// Whether an instance has enough of everything.
    #[inline]
    pub(super) fn has_enough(&self, slot: u32) -> bool {
        let amounts = &self.state.demands.get(self.plan.demand).amounts;
        amounts.iter().all(|&(column, amount)| fits(amount, self.state.remaining[usize::from(column)][slot as usize]))
    }

    /// Whether the orders have not followed the last change of an instance yet.
    #[inline]
    pub(super) fn lags(&self, slot: u32) -> bool {
        self.index.orders.lags(slot)
    }

    /// The best instance, of those in domains with the fewest tasks if something is spread.
    fn find_spread(&self, scratch: &mut Scratch, effort: &mut Effort) -> Found {
        if self.search.spread.is_none() {
            return self.find(Scope::Anywhere, effort, scratch);
        }
        let Some(spread) = spread_of(self.index, self.plan, self.search) else { return Found::Unknown };
        let mut floor = None;
        while let Some(level) = spread.level_above(floor) {
            match self.find(Scope::Level(spread, level), effort, scratch) {
                Found::Nothing => floor = Some(level),
                found => return found,
            }
        }
        Found::Nothing
    }

    /// The best instance of a scope.
    fn find(&self, scope: Scope<'_>, effort: &mut Effort, scratch: &mut Scratch) -> Found {
        match self.search.last {
            Last::Binpack(_, next) if next < self.plan.rules.len() => self.find_tied(scope, next, effort, scratch),
            Last::Random => self.draw(scope),
            Last::SpreadInstance => self.find_fewest(scope, effort),
            Last::Binpack(..) | Last::Registration => self.first(scope, effort),
        }
    }

    /// The first instance of a scope by what decides last.
    #[inline]
    fn first(&self, scope: Scope<'_>, effort: &mut Effort) -> Found {
        let mut found = None;
        let walk = self.walk(scope, i64::MIN, effort, |_, slot| {
            let takes = self.admits(scope, slot);
            if takes {
                found = Some(slot);
            }
            takes
        });
        concluded(walk, found)
    }

    /// Shows `visit` the instances from a position on that have enough, best first by what decides last, until it says to
    /// stop; with each its position. Those that are not of the scope, or that static facts turn away, may be left out.
    #[inline]
    pub(super) fn walk(
        &self,
        scope: Scope<'_>,
        from: i64,
        effort: &mut Effort,
        visit: impl FnMut(i64, u32) -> bool,
    ) -> Walk {
        let Index { orders, ranks, admissions, .. } = self.index;
        let needed = &self.search.needed;
        if let Last::Binpack(column, _) = self.search.last {
            let are_few = admissions.len(self.search.admission) < self.state.registry.len() / KEPT_PART;
            let is_kept = are_few.then_some(move |slot| self.admitted.contains(slot) && scope.has(slot));
            return orders.walk_amount(ranks, (column, from, needed), is_kept, effort, visit);
        }
        let among = Among { without: [admissions.turned_away(self.search.admission), self.taken], within: None };
        orders.walk_sequence(ranks, (from, needed), among, effort, visit)
    }

    /// The instance with the fewest tasks of the group, the earliest registered of several: the earliest of those without a
    /// task of it, or, where none of them is feasible, of those with one, and so on; the first in the list of those with many.
    fn find_fewest(&self, scope: Scope<'_>, effort: &mut Effort) -> Found {
        let Index { orders, ranks, watches, admissions, .. } = self.index;
        let (turned_away, group) = (admissions.turned_away(self.search.admission), self.plan.group);
        let mut found = None;
        let mut take = |_: i64, slot: u32| {
            let takes = self.admits(scope, slot);
            if takes {
                found = Some(slot);
            }
            takes
        };
        let vacant = Among { without: [turned_away, watches.occupied(group)], within: None };
        let walk = orders.walk_sequence(ranks, (0, &self.search.needed), vacant, effort, &mut take);
        // Where instances have to be distinct, only those without a task may take one.
        if walk != Walk::Ended || self.taken.is_some() {
            return concluded(walk, found);
        }
        for level in watches.levels(group) {
            let among = Among { without: [turned_away, None], within: Some(level) };
            let walk = orders.walk_sequence(ranks, (0, &self.search.needed), among, effort, &mut take);
            if walk != Walk::Ended {
                return concluded(walk, found);
            }
        }
        let walk = watches.walk_list(ranks, group, effort, |slot| self.has_enough(slot) && take(0, slot));
        concluded(walk, found)
    }

    /// The best instance by the rules from a number on, of those with the least of a resource.
    fn find_tied(&self, scope: Scope<'_>, next: usize, effort: &mut Effort, scratch: &mut Scratch) -> Found {
        let Last::Binpack(column, _) = self.search.last else { return Found::Unknown };
        let column = &self.state.remaining[column];
        scratch.ties.clear();
        let walk = self.walk(scope, i64::MIN, effort, |_, slot| {
            if !self.admits(scope, slot) {
                return false;
            }
            let is_tied = scratch.ties.first().is_none_or(|&first| column[first as usize] == column[slot as usize]);
            if is_tied {
                scratch.ties.push(slot);
            }
            !is_tied
        });
        match (walk, scratch.ties.is_empty()) {
            (Walk::Spent, _) => Found::Unknown,
            (_, true) => Found::Nothing,
            _ => scan::finish(self.state, self.index, self.plan, next, scratch).map_or(Found::Unknown, Found::Instance),
        }
    }

    /// The first of a bounded number of draws that is feasible.
    fn draw(&self, scope: Scope<'_>) -> Found {
        let mut draws = Draws::new(self.plan.seed, self.state.sequence);
        let mut draw = || self.state.registry[draws.below(self.state.registry.len())];
        let takes =
            |slot: u32| self.admitted.contains(slot) && scope.has(slot) && self.has_enough(slot) && self.is_free(slot);
        let hit = (0..RANDOM_DRAWS_MAX).map(|_| draw()).find(|&slot| takes(slot));
        hit.map_or(Found::Unknown, Found::Instance)
    }
}

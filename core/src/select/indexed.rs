//! The route for large clusters: orders and sets that follow every change are searched from the best instance on.
//!
//! A search walks an order (least left first, or earliest registered first), passes over blocks in which no instance has
//! enough, and takes the first instance that everything else admits: static facts, the domain of a spread, distinct
//! instances, ports, GPUs, the parts of expressions that read tasks. A spread asks for the domains with the fewest tasks
//! first, and for those with more only where nothing was found.
//!
//! Cost: a few steps where most instances that have enough are admitted. It grows with the instances that have to be passed
//! over: a filter that keeps exactly those an order comes to last makes it walk everything. So there is a budget, about what
//! a scan costs, and a search that spends it says so; the scan then answers. Does not allocate.

use core::cell::RefCell;

use smallvec::SmallVec;

use crate::expr::Parking;
use crate::index::Index;
use crate::index::bitset::Bitset;
use crate::index::order::Walk;
use crate::index::residue::ResidueView;
use crate::index::sequence::Ranked;
use crate::index::spread::SpreadView;
use crate::limits::RANDOM_DRAWS_MAX;
use crate::resource::fits;
use crate::state::{State, WORD};

use super::draw::Draws;
use super::judge::has_all_gpus;
use super::plan::{AbsentGroup, Last, Plan, Search};
use super::scan;
use super::scratch::Scratch;

/// What a search may cost whatever the size of the cluster.
const BUDGET_LEAST: u32 = 256;
/// Slots that a unit of the budget stands for.
const BUDGET_SLOTS: usize = 4;

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
pub(crate) enum Scope<'a> {
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
    fn has(&self, slot: u32) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Level(spread, level) => spread.level_of(slot) == *level,
            Self::Domain(spread, domain) => spread.domain_of(slot) == *domain,
        }
    }
}

/// The instance that the request's next task goes to.
pub(crate) fn select(state: &State, index: &Index, plan: &Plan, search: &Search, scratch: &mut Scratch) -> Found {
    if is_hopeless(state, plan) {
        return Found::Nothing;
    }
    let residues = Residues::new(state, index, plan);
    let judge = Judge::new(state, index, plan, search, residues.as_ref());
    let mut budget = budget(state);
    let Some(id) = search.spread else { return judge.find(Scope::Anywhere, &mut budget, scratch) };
    let Some(spread) = index.spreads.view(id, plan.absent_group == AbsentGroup::Last) else { return Found::Unknown };
    let mut floor = None;
    while let Some(level) = spread.level_above(floor) {
        match judge.find(Scope::Level(spread, level), &mut budget, scratch) {
            Found::Nothing => floor = Some(level),
            found => return found,
        }
    }
    Found::Nothing
}

/// The best instance of a scope by what decides last, and nothing else.
pub(crate) fn best(state: &State, index: &Index, plan: &Plan, search: &Search, scope: Scope<'_>) -> Found {
    if is_hopeless(state, plan) {
        return Found::Nothing;
    }
    let residues = Residues::new(state, index, plan);
    let judge = Judge::new(state, index, plan, search, residues.as_ref());
    let mut budget = budget(state);
    let mut found = None;
    let walk = judge.walk(scope, &mut budget, |slot| {
        found = Some(slot);
        true
    });
    concluded(walk, found)
}

/// Whether no instance can ever take a task of the request.
fn is_hopeless(state: &State, plan: &Plan) -> bool {
    plan.ports_clash || state.demands.get(plan.demand).is_beyond() || state.registry.is_empty()
}

/// What a search may cost.
#[expect(clippy::cast_possible_truncation, reason = "slots fit a u32")]
fn budget(state: &State) -> u32 {
    BUDGET_LEAST + (state.slots() / BUDGET_SLOTS) as u32
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
struct Judge<'a, 'r> {
    /// The columns.
    state: &'a State,
    /// What follows from them.
    index: &'a Index,
    /// The request.
    plan: &'a Plan,
    /// What is searched for.
    search: &'a Search,
    /// Instances admitted by static facts.
    admitted: &'a Bitset,
    /// Instances that run a task of the group, where none of them may take another.
    taken: Option<&'a Ranked>,
    /// For each port, the instances on which it is taken.
    ports: SmallVec<[&'a Bitset; 4]>,
    /// Parts of expressions that read tasks, where there are any.
    residues: Option<&'r Residues<'a>>,
}

/// Parts of expressions that read tasks, made ready.
struct Residues<'a> {
    /// Each of them.
    views: SmallVec<[ResidueView<'a>; 2]>,
    /// Where they leave their intermediate results.
    parking: RefCell<Parking>,
}

impl<'a> Residues<'a> {
    /// Those of a request; `None` where it has none.
    fn new(state: &'a State, index: &'a Index, plan: &'a Plan) -> Option<Self> {
        if plan.residues.is_empty() {
            return None;
        }
        let view = |&id: &u32| index.residues.get(id).view(state, &index.filters, &index.tallies);
        Some(Self { views: plan.residues.iter().map(view).collect(), parking: RefCell::default() })
    }

    /// Whether all hold for an instance.
    fn hold(&self, slot: u32) -> bool {
        let (word, bit) = (slot as usize / WORD, 1 << (slot as usize % WORD));
        let mut parking = self.parking.borrow_mut();
        self.views.iter().all(|residue| residue.holding(word, bit, &mut parking) != 0)
    }
}

impl<'a, 'r> Judge<'a, 'r> {
    /// A request made ready.
    fn new(
        state: &'a State,
        index: &'a Index,
        plan: &'a Plan,
        search: &'a Search,
        residues: Option<&'r Residues<'a>>,
    ) -> Self {
        let mut ports = SmallVec::new();
        for &key in &state.demands.get(plan.demand).ports {
            ports.extend(index.ports.taken(key));
        }
        Self {
            state,
            index,
            plan,
            search,
            admitted: index.admissions.members(search.admission),
            taken: if plan.is_distinct { index.watches.occupied(plan.group) } else { None },
            ports,
            residues,
        }
    }

    /// Whether an instance that has enough may take the task.
    #[inline]
    fn admits(&self, slot: u32) -> bool {
        self.admitted.contains(slot)
            && self.taken.is_none_or(|taken| !taken.contains(self.index.ranks.of(slot)))
            && !self.ports.iter().any(|taken| taken.contains(slot))
            && (!self.plan.wants_all_gpus || has_all_gpus(self.state, slot))
            && self.residues.is_none_or(|residues| residues.hold(slot))
    }

    /// Whether an instance has enough of everything.
    #[inline]
    fn has_enough(&self, slot: u32) -> bool {
        let amounts = &self.state.demands.get(self.plan.demand).amounts;
        amounts.iter().all(|&(column, amount)| fits(amount, self.state.remaining[usize::from(column)][slot as usize]))
    }

    /// The best instance of a scope.
    fn find(&self, scope: Scope<'_>, budget: &mut u32, scratch: &mut Scratch) -> Found {
        match self.search.last {
            Last::Binpack(_, next) if next < self.plan.rules.len() => self.find_tied(scope, next, budget, scratch),
            Last::Random => self.draw(scope),
            _ => {
                let mut found = None;
                let walk = self.walk(scope, budget, |slot| {
                    found = Some(slot);
                    true
                });
                concluded(walk, found)
            }
        }
    }

    /// Shows `visit` the feasible instances of a scope, best first by what decides last, until it says to stop.
    #[inline]
    fn walk(&self, scope: Scope<'_>, budget: &mut u32, mut visit: impl FnMut(u32) -> bool) -> Walk {
        let Index { orders, ranks, watches, admissions, .. } = self.index;
        let turned_away = admissions.turned_away(self.search.admission);
        let needed = &self.search.needed;
        let mut look = |slot: u32| scope.has(slot) && self.admits(slot) && visit(slot);
        match self.search.last {
            Last::Binpack(column, _) => orders.walk_amount(column, needed, budget, look),
            Last::SpreadInstance => {
                let without = [turned_away, watches.occupied(self.plan.group)];
                match orders.walk_sequence(ranks, needed, without, budget, &mut look) {
                    Walk::Ended => watches.walk(self.plan.group, budget, |slot| self.has_enough(slot) && look(slot)),
                    walk => walk,
                }
            }
            Last::Registration | Last::Random => {
                orders.walk_sequence(ranks, needed, [turned_away, self.taken], budget, look)
            }
        }
    }

    /// The best instance by the rules from a number on, of those with the least of a resource.
    fn find_tied(&self, scope: Scope<'_>, next: usize, budget: &mut u32, scratch: &mut Scratch) -> Found {
        let Last::Binpack(column, _) = self.search.last else { return Found::Unknown };
        let column = &self.state.remaining[column];
        scratch.ties.clear();
        let walk = self.walk(scope, budget, |slot| {
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
        let takes = |slot: u32| self.has_enough(slot) && scope.has(slot) && self.admits(slot);
        let hit = (0..RANDOM_DRAWS_MAX).map(|_| draw()).find(|&slot| takes(slot));
        hit.map_or(Found::Unknown, Found::Instance)
    }
}

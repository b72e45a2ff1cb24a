//! Many equal tasks in a row: the instance that wins one goes on winning until it is full, so it is looked for once.
//!
//! Under `binpack`, and where the earliest registered instance wins, a placement makes its instance no worse than it was:
//! it stays the best until it has no room. Under a spread before that, the same holds within each domain; the domains then
//! take turns, the one with fewest tasks first. Answers are those of placing the tasks one by one.
//!
//! Only for requests whose tasks do not get in each other's way: no distinct instances, ports, shared GPUs or expressions
//! that read tasks. Cost: a search for each instance filled, and a look at each domain for each task; does not allocate.

use smallvec::SmallVec;

use crate::demand::GpuDemand;
use crate::index::Index;
use crate::index::effort::Effort;
use crate::state::State;

use super::indexed::{Found, Scope, best, spread_of};
use super::plan::{Last, Plan, Search};

/// Most domains that take turns; with more, tasks are placed one by one.
const TURNS_MAX: usize = 16;

/// A domain and the instance in it that wins.
#[derive(Debug, Clone, Copy)]
struct Turn {
    /// The domain; `None` where nothing is spread.
    domain: Option<usize>,
    /// The instance, and how many more tasks it has room for.
    winner: Option<(u32, i32)>,
}

/// A row of equal tasks.
#[derive(Debug)]
pub(crate) struct Fill {
    /// The domains that may have room.
    turns: SmallVec<[Turn; TURNS_MAX]>,
}

impl Fill {
    /// A row of tasks of a request; `None` where they have to be placed one by one.
    pub(crate) fn new(state: &State, index: &Index, plan: &Plan, search: &Search) -> Option<Self> {
        let demand = state.demands.get(plan.demand);
        let is_alone = plan.rules.len() <= 1 + usize::from(search.spread.is_some());
        let is_steady = match search.last {
            Last::Registration => true,
            Last::Binpack(..) => is_alone,
            Last::SpreadInstance | Last::Random => false,
        };
        let is_plain = !plan.is_distinct
            && plan.residues.is_empty()
            && demand.ports.is_empty()
            && matches!(demand.gpus(), GpuDemand::None | GpuDemand::Whole(_));
        if !is_steady || !is_plain {
            return None;
        }
        let mut turns = SmallVec::new();
        match search.spread {
            None => turns.push(Turn { domain: None, winner: None }),
            Some(_) => {
                let spread = spread_of(index, plan, search)?;
                for domain in spread.domains() {
                    if turns.len() == TURNS_MAX {
                        return None;
                    }
                    turns.push(Turn { domain: Some(domain), winner: None });
                }
            }
        }
        Some(Self { turns })
    }

    /// The instance that the next task goes to, and with it how many tasks in a row.
    pub(crate) fn next(
        &mut self,
        state: &State,
        index: &mut Index,
        plan: &Plan,
        search: &Search,
        effort: &mut Effort,
    ) -> (Found, i32) {
        loop {
            let Some(at) = self.first_turn(state, index, plan, search) else { return (Found::Nothing, 0) };
            let turn = &mut self.turns[at];
            if let Some((slot, room)) = turn.winner {
                let copies = if turn.domain.is_none() { room } else { 1 };
                turn.winner = if room > copies { Some((slot, room - copies)) } else { None };
                return (Found::Instance(slot), copies);
            }
            index.orders.sync(state, &index.ranks);
            let scope = match (turn.domain, spread_of(index, plan, search)) {
                (Some(domain), Some(spread)) => Scope::Domain(spread, domain),
                _ => Scope::Anywhere,
            };
            match best(state, index, plan, search, scope, effort) {
                Found::Instance(slot) => turn.winner = Some((slot, room(state, plan, slot))),
                Found::Nothing => {
                    self.turns.remove(at);
                }
                Found::Unknown => return (Found::Unknown, 0),
            }
        }
    }

    /// The turn whose instance gets the next task, or that has to look for one first.
    fn first_turn(&self, state: &State, index: &Index, plan: &Plan, search: &Search) -> Option<usize> {
        if self.turns.len() <= 1 {
            return if self.turns.is_empty() { None } else { Some(0) };
        }
        let spread = spread_of(index, plan, search)?;
        let level = |turn: &Turn| turn.domain.map_or(0, |domain| spread.level(domain));
        let least = self.turns.iter().map(level).min()?;
        let mut first: Option<(usize, (i32, u32))> = None;
        for (at, turn) in self.turns.iter().enumerate().filter(|(_, turn)| level(turn) == least) {
            let Some((slot, _)) = turn.winner else { return Some(at) };
            let amount = match search.last {
                Last::Binpack(column, _) => state.remaining[column][slot as usize],
                _ => 0,
            };
            let key = (amount, index.ranks.of(slot));
            if first.is_none_or(|(_, least)| key < least) {
                first = Some((at, key));
            }
        }
        first.map(|(at, _)| at)
    }
}

/// Tasks of a request that an instance has room for.
fn room(state: &State, plan: &Plan, slot: u32) -> i32 {
    let amounts = &state.demands.get(plan.demand).amounts;
    let copies = |&(column, amount): &(u8, i32)| state.remaining[usize::from(column)][slot as usize] / amount.max(1);
    amounts.iter().map(copies).min().unwrap_or(i32::MAX)
}

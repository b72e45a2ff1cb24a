//! One bin filled with what is worth most for the room it takes.

use alloc::vec::Vec;

use super::types::Market;
use crate::pack::problem::Problem;
use crate::pack::room::Occupancy;

/// Part of the room for a kind that is filled before the next kind is chosen anew.
const PART: u64 = 3;

/// Items of a kind that wait for a bin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lot {
    /// Kind.
    pub(super) kind: u32,
    /// Items left.
    pub(super) left: u64,
    /// Worth of one.
    pub(super) price: f64,
}

/// Memory of fillings.
#[derive(Debug, Default)]
pub(super) struct Filler {
    /// What the bin has left. `[lanes]`
    free: Vec<u64>,
    /// Lots that may still go in, by number.
    open: Vec<usize>,
    /// What was put in: numbers of lots, and how many.
    pub(super) content: Vec<(usize, u64)>,
    /// Lots looked at.
    pub(super) steps: u64,
}

impl Filler {
    /// Fills a bin of a type, and gives what the filling, in `content`, is worth.
    pub(super) fn run(
        &mut self,
        problem: &Problem,
        market: &Market,
        is_plain: bool,
        bin_type: u32,
        lots: &[Lot],
    ) -> f64 {
        self.content.clear();
        self.free.clear();
        self.free.extend_from_slice(market.useful(bin_type));
        self.open.clear();
        self.open
            .extend((0..lots.len()).filter(|&at| lots[at].left > 0 && problem.is_allowed(lots[at].kind, bin_type)));
        self.steps += lots.len() as u64;
        let mut rest = (!is_plain).then(|| Occupancy::fresh(problem, bin_type));
        let mut worth = 0.0;
        while !self.open.is_empty() {
            let mut best: Option<(f64, usize, u64)> = None;
            let Self { free, open, content, steps, .. } = self;
            *steps += open.len() as u64;
            open.retain(|&at| {
                let lot = lots[at];
                let taken = content.iter().find(|&&(known, _)| known == at).map_or(0, |&(_, taken)| taken);
                let mut room = lot.left - taken;
                let mut size = 0.0;
                for (&wanted, &free) in market.demand(lot.kind).iter().zip(free.iter()) {
                    // A demand of nothing takes no room.
                    let Some(fitting) = free.checked_div(wanted) else { continue };
                    room = room.min(fitting);
                    if room == 0 {
                        return false;
                    }
                    size += wanted as f64 / free as f64;
                }
                if let Some(rest) = &rest {
                    room = room.min(rest.room(problem, bin_type, lot.kind));
                }
                if room == 0 {
                    return false;
                }
                let score = if size > 0.0 { lot.price / size } else { f64::INFINITY };
                if best.is_none_or(|(most, _, _)| score > most) {
                    best = Some((score, at, room));
                }
                true
            });
            let Some((_, at, room)) = best else { break };
            let part = room.div_ceil(PART);
            for (free, &wanted) in free.iter_mut().zip(market.demand(lots[at].kind)) {
                *free -= wanted * part;
            }
            if let Some(rest) = &mut rest {
                rest.add(problem, lots[at].kind, part);
            }
            match content.iter_mut().find(|(known, _)| *known == at) {
                Some((_, number)) => *number += part,
                None => content.push((at, part)),
            }
            worth += lots[at].price * part as f64;
        }
        worth
    }
}

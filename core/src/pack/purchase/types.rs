//! Which bin types are worth a look: one that another type equals in everything for no more money never is.
//!
//! Capacities are compared rounded down to what demands can use: where every demand of a dimension is a multiple of 1000, the
//! 690 above 95,000 are worth nothing.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use crate::pack::problem::Problem;
use crate::pack::search::Search;

/// Types on offer.
#[derive(Debug, Clone)]
pub(super) struct Market {
    /// Types that cost something, or may be had without limit, ascending by cost. None of them is dominated.
    pub(super) priced: Vec<u32>,
    /// Types that cost nothing and are limited: instances that are there anyway.
    pub(super) free: Vec<u32>,
    /// Capacity rounded down to a sum of demands. `[types × dimensions]`
    useful: Vec<u64>,
    /// Dimensions.
    width: usize,
}

/// The greatest common divisor; of 0 and a number, that number.
const fn common(mut one: u64, mut other: u64) -> u64 {
    while other > 0 {
        (one, other) = (other, one % other);
    }
    one
}

impl Market {
    /// The types of a problem.
    ///
    /// # Cost
    /// Types times those of them that none dominates, and steps are counted for it.
    pub(super) fn new(problem: &Problem, search: &mut Search<'_>) -> Self {
        let width = problem.width();
        let mut units = vec![0_u64; width];
        for demand in problem.demands().chunks_exact(width) {
            units.iter_mut().zip(demand).for_each(|(unit, &wanted)| *unit = common(*unit, wanted));
        }
        let rounded = problem.types.capacity.iter().zip(units.iter().cycle());
        let useful = rounded.map(|(&has, &unit)| if unit == 0 { 0 } else { has - has % unit }).collect();
        let mut market = Self { priced: Vec::new(), free: Vec::new(), useful, width };
        let has_use = |bin_type: u32| {
            problem.limit(bin_type) != Some(0)
                && problem.rules.iter().any(|rules| rules.allowed[bin_type as usize / 64] >> (bin_type % 64) & 1 != 0)
        };
        let types = (0_u32..).take(problem.types()).filter(|&bin_type| has_use(bin_type));
        let (free, mut priced): (Vec<u32>, Vec<u32>) =
            types.partition(|&bin_type| problem.cost(bin_type) == 0 && problem.limit(bin_type).is_some());
        priced.sort_by(|&one, &other| {
            let key = |bin_type| (problem.cost(bin_type), problem.limit(bin_type).is_some());
            key(one).cmp(&key(other)).then_with(|| market.useful(other).cmp(market.useful(one))).then(one.cmp(&other))
        });
        for bin_type in priced {
            let dominated = market.priced.iter().any(|&other| market.dominates(problem, other, bin_type));
            search.step(market.priced.len() as u64);
            if !dominated {
                market.priced.push(bin_type);
            }
        }
        market.free = free;
        market
    }

    /// Useful capacity of a type. `[dimensions]`
    pub(super) fn useful(&self, bin_type: u32) -> &[u64] {
        &self.useful[bin_type as usize * self.width..][..self.width]
    }

    /// Whether whatever one bin holds, one of another type holds as well, for no more money and without limit.
    fn dominates(&self, problem: &Problem, better: u32, bin_type: u32) -> bool {
        problem.limit(better).is_none()
            && problem.cost(better) <= problem.cost(bin_type)
            && self.useful(bin_type).iter().zip(self.useful(better)).all(|(has, other)| has <= other)
            && problem.rules.iter().all(|rules| {
                let may = |bin_type: u32| rules.allowed[bin_type as usize / 64] >> (bin_type % 64) & 1 != 0;
                !may(bin_type) || may(better)
            })
            && has_devices(problem.devices(better), problem.devices(bin_type))
            && (0_u32..)
                .take(problem.classes.room.len())
                .all(|class| problem.class_room(better, class) >= problem.class_room(bin_type, class))
            && problem.spreads.iter().all(|spread| spread.domain[better as usize] == spread.domain[bin_type as usize])
    }
}

/// Whether some GPUs do whatever others do.
fn has_devices(better: &[u16], devices: &[u16]) -> bool {
    if better == devices {
        return true;
    }
    let sorted = |devices: &[u16]| -> Box<[u16]> {
        let mut sorted: Box<[u16]> = devices.into();
        sorted.sort_unstable_by(|one, other| other.cmp(one));
        sorted
    };
    // One that takes all GPUs of a bin needs them whole, so a broken one more could be in its way.
    let whole = better.iter().all(|&left| left == crate::limits::DEVICE_WHOLE);
    let (better, devices) = (sorted(better), sorted(devices));
    whole && better.len() >= devices.len() && better.iter().zip(&devices).all(|(better, left)| better >= left)
}

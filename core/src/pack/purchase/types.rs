//! Which bin types are worth a look: one that another type equals in everything for no more money never is.
//!
//! Capacities are compared rounded down to what demands can use: where every demand of a dimension is a multiple of 1000, the
//! 690 above 95,000 are worth nothing.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use crate::demand::GpuDemand;
use crate::limits::DEVICE_WHOLE;
use crate::pack::problem::Problem;
use crate::pack::search::Search;

/// Types that another one is compared with, the cheapest of those that none of them equals. Beyond so many, types stay that may
/// not be worth a look.
const COMPARED_MAX: usize = 1024;

/// Types on offer.
#[derive(Debug, Clone)]
pub(super) struct Market {
    /// Types that cost something, or may be had without limit, ascending by cost. Hardly any of them is dominated.
    pub(super) priced: Vec<u32>,
    /// Types that cost nothing and are limited: instances that are there anyway.
    pub(super) free: Vec<u32>,
    /// Capacity rounded down to a sum of demands. `[types × lanes]`
    useful: Vec<u64>,
    /// Demand. `[kinds × lanes]`
    demand: Vec<u64>,
    /// Lanes: the dimensions, and thousandths of GPUs where items take any.
    lanes: usize,
}

/// The greatest common divisor; of 0 and a number, that number.
const fn common(mut one: u64, mut other: u64) -> u64 {
    while other > 0 {
        (one, other) = (other, one % other);
    }
    one
}

/// What a GPU demand takes at least, in thousandths.
fn thousandths(gpus: GpuDemand) -> u64 {
    match gpus {
        GpuDemand::None => 0,
        GpuDemand::Whole(count) => u64::from(count) * u64::from(DEVICE_WHOLE),
        // All there are, which is one at least.
        GpuDemand::All | GpuDemand::Slice(_) => u64::from(DEVICE_WHOLE),
        GpuDemand::Share(share) => u64::from(share),
    }
}

impl Market {
    /// The types of a problem.
    ///
    /// # Cost
    /// Types times those of them that none dominates, up to 1,024, and steps are counted for it.
    pub(super) fn new(problem: &Problem, search: &mut Search<'_>) -> Self {
        let has_gpus = problem.rules.iter().any(|rules| rules.gpus.0 > 0);
        let lanes = problem.width() + usize::from(has_gpus);
        let kinds = (0_u32..).take(problem.kinds());
        let demand: Vec<u64> = kinds
            .flat_map(|kind| {
                let gpus = has_gpus.then(|| thousandths(problem.gpus(kind)));
                problem.demand(kind).iter().copied().chain(gpus)
            })
            .collect();
        let mut units = vec![0_u64; lanes];
        for demand in demand.chunks_exact(lanes) {
            units.iter_mut().zip(demand).for_each(|(unit, &wanted)| *unit = common(*unit, wanted));
        }
        let types = (0_u32..).take(problem.types());
        let has = types.flat_map(|bin_type| {
            let devices = problem.devices(bin_type).iter().map(|&left| u64::from(left)).sum();
            problem.capacity(bin_type).iter().copied().chain(has_gpus.then_some(devices))
        });
        let rounded = has.zip(units.iter().cycle());
        let useful = rounded.map(|(has, &unit)| if unit == 0 { 0 } else { has - has % unit }).collect();
        let mut market = Self { priced: Vec::new(), free: Vec::new(), useful, demand, lanes };
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
            let others = &market.priced[..market.priced.len().min(COMPARED_MAX)];
            let dominated = others.iter().any(|&other| market.dominates(problem, other, bin_type));
            search.step(others.len() as u64);
            if !dominated {
                market.priced.push(bin_type);
            }
        }
        market.free = free;
        market
    }

    /// Useful capacity of a type. `[lanes]`
    pub(super) fn useful(&self, bin_type: u32) -> &[u64] {
        &self.useful[bin_type as usize * self.lanes..][..self.lanes]
    }

    /// Demand of one item of a kind. `[lanes]`
    pub(super) fn demand(&self, kind: u32) -> &[u64] {
        &self.demand[kind as usize * self.lanes..][..self.lanes]
    }

    /// Demand of all kinds, one behind the other. `[kinds × lanes]`
    pub(super) fn demands(&self) -> &[u64] {
        &self.demand
    }

    /// How many lanes.
    pub(super) fn lanes(&self) -> usize {
        self.lanes
    }

    /// Demand of all items in each lane. `[lanes]`
    pub(super) fn total(&self, problem: &Problem) -> Vec<u128> {
        let mut total = vec![0; self.lanes];
        for (demand, &count) in self.demand.chunks_exact(self.lanes).zip(&problem.kinds.count) {
            for (sum, &amount) in total.iter_mut().zip(demand) {
                *sum += u128::from(amount) * u128::from(count);
            }
        }
        total
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
    let whole = better.iter().all(|&left| left == DEVICE_WHOLE);
    let (better, devices) = (sorted(better), sorted(devices));
    whole && better.len() >= devices.len() && better.iter().zip(&devices).all(|(better, left)| better >= left)
}

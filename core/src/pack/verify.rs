//! The independent checker: whether a packing keeps every rule of its problem, worked out from the rules alone.
//!
//! It shares no code with the solvers, and decides anew what they keep count of: sums per bin and dimension, members per
//! class, GPUs by an exact search for an assignment, and the balance of spreads.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::packing::{Packing, Pattern};
use super::problem::{Problem, UNLIMITED};
use crate::demand::GpuDemand;
use crate::error::{Error, ErrorKind};
use crate::limits::DEVICE_WHOLE;

/// Nodes of the search for an assignment of GPU shares in one bin.
const NODES_MAX: u32 = 1_000_000;
/// Most GPU shares in one bin for which that search is made; it goes as deep as there are shares.
const SHARES_MAX: usize = 256;

/// What a checked packing comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Cost of its bins, in millionths.
    pub cost: u128,
    /// How many bins it has.
    pub bins: u64,
    /// Items of each kind that are in no bin. `[kinds]`
    pub missing: Vec<u64>,
}

/// The error for a rule that is broken.
#[cold]
fn broken(message: String) -> Error {
    Error::with_message(ErrorKind::InvalidParameter, message)
}

/// Checks a packing against its problem.
///
/// # Errors
/// [`ErrorKind::InvalidParameter`], with the pattern in its path, for a type or kind there is not, a bin that holds too much
/// or what must keep apart, more bins than a type's limit, more items than there are, and a spread that is out of balance.
///
/// # Cost
/// Linear in patterns, their contents, and types; GPU shares of a bin are dealt out by a search of at most a million nodes,
/// beyond which, or with more than 256 shares that do not fit at first sight, the bin is refused as undecided.
///
/// # Example
/// ```
/// use placewright::pack::{BinType, Item, Packing, Pattern, Problem, verify};
///
/// let mut builder = Problem::builder(["size"])?;
/// builder.add_type(&BinType::new("box", &[10]))?;
/// builder.add_item(&Item::new("six", &[6]).with_count(2))?;
/// let problem = builder.build()?;
/// let pattern = |number| Pattern { bin_type: 0, count: 1, content: vec![(0, number)] };
/// assert!(verify(&problem, &Packing { patterns: vec![pattern(2)] }).is_err());
/// assert_eq!(verify(&problem, &Packing { patterns: vec![pattern(1)] })?.missing, [1]);
/// # Ok::<(), placewright::Error>(())
/// ```
pub fn verify(problem: &Problem, packing: &Packing) -> Result<Verdict, Error> {
    let mut missing: Vec<u64> = problem.kinds.count.clone();
    let mut bins_of_type = vec![0_u64; problem.types()];
    let mut cost = 0_u128;
    for (at, pattern) in packing.patterns.iter().enumerate() {
        let checked = check_pattern(problem, pattern, &mut missing, &mut bins_of_type);
        checked.map_err(|error| error.in_path(&format!("patterns[{at}]")))?;
        cost += u128::from(problem.types.cost[pattern.bin_type as usize]) * u128::from(pattern.count);
    }
    let mut bins = 0_u64;
    for (bin_type, &count) in bins_of_type.iter().enumerate() {
        if count > problem.types.limit[bin_type] {
            let name = &problem.types.ids[bin_type];
            let limit = problem.types.limit[bin_type];
            return Err(broken(format!("{count} bins of type `{name}`, which has {limit}")));
        }
        bins = bins.saturating_add(count);
    }
    check_spreads(problem, packing)?;
    Ok(Verdict { cost, bins, missing })
}

/// Checks one pattern, and takes what it holds from what is missing.
fn check_pattern(
    problem: &Problem,
    pattern: &Pattern,
    missing: &mut [u64],
    bins_of_type: &mut [u64],
) -> Result<(), Error> {
    let width = problem.dimensions.len();
    let bin_type = pattern.bin_type as usize;
    let Some(bins) = bins_of_type.get_mut(bin_type) else {
        return Err(broken(format!("there is no bin type {bin_type}")));
    };
    *bins = bins.checked_add(pattern.count).ok_or_else(|| broken("too many bins".into()))?;
    if pattern.count == 0 || pattern.content.is_empty() {
        return Err(broken("a pattern without bins, or a bin without items".into()));
    }
    let mut sums = vec![0_u128; width];
    let mut members: BTreeMap<u32, u128> = BTreeMap::new();
    let mut gpus: Vec<(GpuDemand, u64)> = Vec::new();
    for &(kind, number) in &pattern.content {
        let Some(left) = missing.get_mut(kind as usize) else {
            return Err(broken(format!("there is no kind {kind}")));
        };
        let taken = number.checked_mul(pattern.count).filter(|taken| *taken > 0 && taken <= left);
        *left -= taken.ok_or_else(|| broken(format!("more items of kind {kind} than there are, or none")))?;
        let demand = &problem.kinds.demand[kind as usize * width..][..width];
        for (sum, &amount) in sums.iter_mut().zip(demand) {
            *sum += u128::from(amount) * u128::from(number);
        }
        let rules = &problem.rules[problem.kinds.rules[kind as usize] as usize];
        if rules.allowed[bin_type / 64] & (1 << (bin_type % 64)) == 0 {
            return Err(broken(format!("kind {kind} may not be in this bin type")));
        }
        for &class in &rules.classes {
            *members.entry(class).or_default() += u128::from(number);
        }
        gpus.push((super::problem::gpu_demand(rules.gpus), number));
    }
    let capacity = &problem.types.capacity[bin_type * width..][..width];
    for (at, (&sum, &capacity)) in sums.iter().zip(capacity).enumerate() {
        if sum > u128::from(capacity) {
            let name = &problem.dimensions[at];
            return Err(broken(format!("{sum} of `{name}` in a bin that has {capacity}")));
        }
    }
    check_classes(problem, bin_type, &members)?;
    check_gpus(&problem.types.devices[bin_type], &gpus)
}

/// Checks how many members of each class are in a bin, and who is beside them.
fn check_classes(problem: &Problem, bin_type: usize, members: &BTreeMap<u32, u128>) -> Result<(), Error> {
    for (&class, &count) in members {
        let special = problem.types.rooms[bin_type].iter().find(|&&(of, _)| of == class);
        let room = special.map_or(problem.classes.room[class as usize], |&(_, room)| room);
        if room != UNLIMITED && count > u128::from(room) {
            let name = &problem.classes.names[class as usize];
            return Err(broken(format!("{count} of {name} in a bin that has room for {room}")));
        }
        let apart = &problem.classes.apart[class as usize];
        if let Some(other) = apart.iter().find(|other| members.contains_key(other)) {
            let names = [class, *other].map(|class| &problem.classes.names[class as usize]);
            return Err(broken(format!("{} and {} in one bin", names[0], names[1])));
        }
    }
    Ok(())
}

/// Checks that the GPUs of a bin can be dealt out.
fn check_gpus(devices: &[u16], wanted: &[(GpuDemand, u64)]) -> Result<(), Error> {
    let whole = devices.iter().filter(|&&left| left == DEVICE_WHOLE).count() as u64;
    let mut wanted_whole = 0_u64;
    let mut shares: Vec<u16> = Vec::new();
    let mut wanted_all = 0_u64;
    for &(gpus, number) in wanted {
        match gpus {
            GpuDemand::None => {}
            GpuDemand::Whole(count) => {
                wanted_whole = wanted_whole.saturating_add(u64::from(count).saturating_mul(number));
            }
            GpuDemand::All | GpuDemand::Slice(_) => wanted_all = wanted_all.saturating_add(number),
            GpuDemand::Share(share) => {
                let most = devices.len() as u64 * u64::from(DEVICE_WHOLE);
                if number > most {
                    return Err(broken("more GPU shares than a bin has thousandths".into()));
                }
                shares.extend((0..number).map(|_| share));
            }
        }
    }
    let too_many = || broken("more GPUs than a bin has".into());
    if wanted_all > 0 {
        let is_alone = wanted_all == 1 && wanted_whole == 0 && shares.is_empty();
        let all_free = !devices.is_empty() && whole == devices.len() as u64;
        return if is_alone && all_free { Ok(()) } else { Err(too_many()) };
    }
    let Some(spare) = whole.checked_sub(wanted_whole) else { return Err(too_many()) };
    shares.sort_unstable_by(|one, other| other.cmp(one));
    // Whole GPUs beyond those that are spoken for may be shared; the broken ones come first.
    let mut left: Vec<u16> = devices.iter().copied().filter(|&left| left < DEVICE_WHOLE).collect();
    left.extend((0..spare).map(|_| DEVICE_WHOLE));
    let mut greedily = left.clone();
    let is_easy = shares.iter().all(|&share| {
        let tightest = greedily.iter_mut().filter(|left| **left >= share).min();
        tightest.is_some_and(|left| {
            *left -= share;
            true
        })
    });
    if is_easy {
        return Ok(());
    }
    if shares.len() > SHARES_MAX {
        return Err(broken("it is undecided whether the GPU shares fit".into()));
    }
    let mut nodes = NODES_MAX;
    match assign(&shares, &mut left, &mut nodes) {
        Some(true) => Ok(()),
        Some(false) => Err(too_many()),
        None => Err(broken("it is undecided whether the GPU shares fit".into())),
    }
}

/// Whether shares, largest first, can be dealt out to GPUs; `None` where the search is given up.
fn assign(shares: &[u16], left: &mut [u16], nodes: &mut u32) -> Option<bool> {
    let Some((&share, rest)) = shares.split_first() else { return Some(true) };
    let wanted: u64 = shares.iter().map(|&share| u64::from(share)).sum();
    if wanted > left.iter().map(|&left| u64::from(left)).sum() {
        return Some(false);
    }
    *nodes = nodes.checked_sub(1)?;
    // GPUs with the same left are the same; the tightest is tried first.
    let mut tried: Vec<u16> = Vec::new();
    let mut order: Vec<usize> = (0..left.len()).filter(|&at| left[at] >= share).collect();
    order.sort_by_key(|&at| left[at]);
    for at in order {
        if tried.contains(&left[at]) {
            continue;
        }
        tried.push(left[at]);
        left[at] -= share;
        let found = assign(rest, left, nodes);
        left[at] += share;
        if found != Some(false) {
            return found;
        }
    }
    Some(false)
}

/// Checks how evenly each spread group lies, tasks that already run counted.
fn check_spreads(problem: &Problem, packing: &Packing) -> Result<(), Error> {
    for (number, spread) in (0..).zip(&problem.spreads) {
        let domains = domains_in_use(problem, number);
        let mut counts: Vec<u128> = spread.running.iter().map(|&running| u128::from(running)).collect();
        let skew = |counts: &[u128]| {
            let used = || domains.iter().map(|&domain| counts[domain as usize]);
            used().max().unwrap_or(0) - used().min().unwrap_or(0)
        };
        let before = skew(&counts);
        for pattern in &packing.patterns {
            for &(kind, amount) in &pattern.content {
                let rules = &problem.rules[problem.kinds.rules[kind as usize] as usize];
                if rules.spread == Some(number) {
                    let domain = spread.domain[pattern.bin_type as usize] as usize;
                    counts[domain] += u128::from(amount) * u128::from(pattern.count);
                }
            }
        }
        let allowed = before.max(u128::from(spread.skew_max));
        if skew(&counts) > allowed {
            let (group, skew) = (&spread.group, skew(&counts));
            return Err(broken(format!("group `{group}` is spread {skew} apart, and {allowed} is allowed")));
        }
    }
    Ok(())
}

/// Domains of a spread on which some kind of its group may be, ascending.
fn domains_in_use(problem: &Problem, spread: u32) -> Vec<u32> {
    let domain = &problem.spreads[spread as usize].domain;
    let mut used = vec![false; problem.spreads[spread as usize].running.len()];
    for rules in problem.rules.iter().filter(|rules| rules.spread == Some(spread)) {
        for (bin_type, &domain) in domain.iter().enumerate() {
            if rules.allowed[bin_type / 64] & (1 << (bin_type % 64)) != 0 {
                used[domain as usize] = true;
            }
        }
    }
    (0..).zip(used).filter(|&(_, is_used)| is_used).map(|(domain, _)| domain).collect()
}

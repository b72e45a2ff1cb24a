//! Groups brought nearer to even over domains: from the fullest to the emptiest, one task at a time.
//!
//! A move goes from a domain to one that has at least two tasks of the group fewer, so each makes the group more even, and
//! there is an end.

use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::mem::take;

use super::work::Work;
use crate::error::Error;

/// Which targets have their turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// In use, without any of the group.
    None,
    /// With some of it.
    Some,
    /// Without tasks.
    Empty,
}

/// What a group is made of while it is evened out.
struct Group<'d> {
    /// Its number.
    number: u32,
    /// Its tasks.
    seats: Vec<usize>,
    /// Its tasks on each instance. `[instances]`
    members: Vec<u32>,
    /// Instances of each domain. `[domains]`
    domains: &'d [Vec<usize>],
}

/// Evens out one group, or all, the most uneven first.
pub(super) fn run(work: &mut Work<'_>, group: Option<&str>) -> Result<(), Error> {
    #[expect(clippy::cast_possible_truncation, reason = "there are no more groups than tasks")]
    let mut groups: Vec<u32> = (0..work.groups.len() as u32)
        .filter(|&number| group.is_none_or(|group| work.groups[number as usize] == group))
        .collect();
    groups.sort_by_cached_key(|&group| (Reverse(work.skew(group)), group));
    let mut seats: Vec<Vec<usize>> = vec![Vec::new(); work.groups.len()];
    for (seat, it) in work.seats.iter().enumerate() {
        seats[it.group as usize].push(seat);
    }
    let domains = 1 + work.domain.iter().flatten().max().map_or(0, |&domain| domain as usize);
    let mut in_domain: Vec<Vec<usize>> = vec![Vec::new(); domains];
    for (at, domain) in work.domain.iter().enumerate() {
        if let Some(domain) = domain {
            in_domain[*domain as usize].push(at);
        }
    }
    let skew_max = work.options.skew_max.unwrap_or(1).max(1);
    let mut members = vec![0_u32; work.instances.len()];
    for number in groups {
        let seats = take(&mut seats[number as usize]);
        seats.iter().for_each(|&seat| members[work.seats[seat].at] += 1);
        let mut group = Group { number, seats, members, domains: &in_domain };
        while work.skew(number) > skew_max && work.group_left(number) > 0 {
            if !move_one(work, &mut group)? {
                break;
            }
        }
        members = group.members;
        group.seats.iter().for_each(|&seat| members[work.seats[seat].at] = 0);
        if !work.goes_on() {
            break;
        }
    }
    Ok(())
}

/// Moves one task of a group from a fuller domain to an emptier one. Says whether that was possible.
fn move_one(work: &mut Work<'_>, group: &mut Group<'_>) -> Result<bool, Error> {
    let count = |domain: u32| work.counts[group.number as usize].get(&domain).copied().unwrap_or(0);
    let mut pairs: Vec<(u64, u32, u32)> = Vec::new();
    for &from in &work.domains {
        for &to in &work.domains {
            let (more, fewer) = (count(from), count(to));
            if more >= fewer.saturating_add(2) {
                pairs.push((more - fewer, from, to));
            }
        }
    }
    pairs.sort_by_key(|&(difference, from, to)| (Reverse(difference), from, to));
    for (_, from, to) in pairs {
        if move_between(work, group, from, to)? {
            return Ok(true);
        }
        if !work.goes_on() {
            break;
        }
    }
    Ok(false)
}

/// Moves one task of a group between two domains: from the instance that has most of the group, to one in use that has fewest.
///
/// # Cost
/// For each size of its tasks that is tried, a pass over the tasks of the group, and one over the instances of the domain.
fn move_between(work: &mut Work<'_>, group: &mut Group<'_>, from: u32, to: u32) -> Result<bool, Error> {
    // Those in use without any of the group come first, then those with fewest, and at last those that are empty.
    let mut some: Vec<usize> = group.domains[to as usize].iter().copied().filter(|&at| group.members[at] > 0).collect();
    some.sort_by_key(|&at| (group.members[at], at));
    // Equal tasks find equal answers: one of each size is tried.
    let mut tried: Vec<(i64, i64)> = Vec::new();
    loop {
        let source = group.seats.iter().copied().filter(|&seat| {
            let it = &work.seats[seat];
            it.is_movable && work.domain[it.at] == Some(from) && !tried.contains(&it.size)
        });
        let Some(seat) = source.max_by_key(|&seat| (group.members[work.seats[seat].at], seat)) else {
            return Ok(false);
        };
        tried.push(work.seats[seat].size);
        let source = work.seats[seat].at;
        for turn in [Turn::None, Turn::Some, Turn::Empty] {
            let targets = if turn == Turn::Some { &some } else { &group.domains[to as usize] };
            for &target in targets {
                let has_turn = match turn {
                    Turn::None => group.members[target] == 0 && !work.on[target].is_empty(),
                    Turn::Some => true,
                    Turn::Empty => work.on[target].is_empty(),
                };
                if !has_turn || !work.has_room(seat, target)? {
                    continue;
                }
                if !work.goes_on() {
                    return Ok(false);
                }
                if work.move_to(seat, target)? {
                    group.members[source] -= 1;
                    group.members[target] += 1;
                    return Ok(true);
                }
            }
        }
    }
}

//! Groups brought nearer to even over domains: from the fullest to the emptiest, one task at a time.
//!
//! A move goes from a domain to one that has at least two tasks of the group fewer, so each makes the group more even, and
//! there is an end.

use alloc::vec::Vec;
use core::cmp::Reverse;

use super::work::Work;
use crate::error::Error;

/// Evens out one group, or all, the most uneven first.
pub(super) fn run(work: &mut Work<'_>, group: Option<&str>) -> Result<(), Error> {
    #[expect(clippy::cast_possible_truncation, reason = "there are no more groups than tasks")]
    let mut groups: Vec<u32> = (0..work.groups.len() as u32)
        .filter(|&number| group.is_none_or(|group| work.groups[number as usize] == group))
        .collect();
    groups.sort_by_key(|&group| (Reverse(work.skew(group)), group));
    let skew_max = work.options.skew_max.unwrap_or(1).max(1);
    for group in groups {
        while work.skew(group) > skew_max && work.group_left(group) > 0 {
            if !move_one(work, group)? {
                break;
            }
        }
        if !work.goes_on() {
            break;
        }
    }
    Ok(())
}

/// Moves one task of a group from a fuller domain to an emptier one. Says whether that was possible.
fn move_one(work: &mut Work<'_>, group: u32) -> Result<bool, Error> {
    let count = |work: &Work<'_>, domain: u32| work.counts[group as usize].get(&domain).copied().unwrap_or(0);
    let mut pairs: Vec<(u64, u32, u32)> = Vec::new();
    for &from in &work.domains {
        for &to in &work.domains {
            let (more, fewer) = (count(work, from), count(work, to));
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
fn move_between(work: &mut Work<'_>, group: u32, from: u32, to: u32) -> Result<bool, Error> {
    let of_group =
        |work: &Work<'_>, at: usize| work.on[at].iter().filter(|&&seat| work.seats[seat].group == group).count();
    let mut sources: Vec<usize> = (0..work.seats.len())
        .filter(|&seat| {
            let it = &work.seats[seat];
            it.group == group && it.is_movable && work.domain[it.at] == Some(from)
        })
        .collect();
    sources.sort_by_key(|&seat| (Reverse(of_group(work, work.seats[seat].at)), Reverse(seat)));
    let mut targets: Vec<usize> = (0..work.instances.len()).filter(|&at| work.domain[at] == Some(to)).collect();
    targets.sort_by_key(|&at| (work.on[at].is_empty(), of_group(work, at), at));
    // Equal tasks find equal answers: one of each size is tried.
    let mut tried: Vec<(i64, i64)> = Vec::new();
    for seat in sources {
        let size = work.seats[seat].size;
        if tried.contains(&size) {
            continue;
        }
        tried.push(size);
        for &target in &targets {
            if !work.has_room(seat, target)? {
                continue;
            }
            if !work.goes_on() {
                return Ok(false);
            }
            if work.move_to(seat, target)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

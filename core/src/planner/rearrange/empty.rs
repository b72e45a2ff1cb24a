//! Fewer instances in use: those with the fewest tasks are emptied first, into the tightest places among the others.
//!
//! Where the last tasks of an instance find no place, one task of another instance may make way for each: a chain of two moves.

use alloc::vec::Vec;
use core::cmp::Reverse;

use super::work::Work;
use crate::error::Error;
use crate::instance::InstanceStatus;

/// Instances on which a task may be asked to make way for one.
const HOSTS_MAX: usize = 48;
/// Tasks of one instance that are asked to make way for one.
const GUESTS_MAX: usize = 4;

/// Empties instances until nothing more is possible.
pub(super) fn run(work: &mut Work<'_>) -> Result<(), Error> {
    // Nothing starts on an instance that is empty.
    for at in 0..work.instances.len() {
        if work.cluster.instance(work.instances[at])?.running_tasks() == 0 && work.status(at)? == InstanceStatus::Active
        {
            work.set_status(at, InstanceStatus::Draining)?;
        }
    }
    let mut candidates = Vec::new();
    for at in 0..work.instances.len() {
        if !work.on[at].is_empty() {
            // One that takes no new tasks is to be emptied anyway.
            let is_active = work.status(at)? == InstanceStatus::Active;
            let (cpu, memory) = work.on[at].iter().fold((0_i64, 0_i64), |(cpu, memory), &seat| {
                let size = work.seats[seat].size;
                (cpu.saturating_add(size.0), memory.saturating_add(size.1))
            });
            candidates.push((is_active, work.on[at].len(), cpu.saturating_add(memory), Reverse(at)));
        }
    }
    candidates.sort_unstable();
    for (.., Reverse(at)) in candidates {
        if work.moves_left() == 0 || !work.goes_on() {
            break;
        }
        if can_be_emptied(work, at)? {
            let mark = work.mark();
            work.set_status(at, InstanceStatus::Draining)?;
            if empty(work, at)? {
                work.keep(mark)?;
            } else {
                work.take_back(mark)?;
            }
        }
    }
    Ok(())
}

/// Whether all tasks of an instance are known and may move.
fn can_be_emptied(work: &Work<'_>, at: usize) -> Result<bool, Error> {
    let instance = work.cluster.instance(work.instances[at])?;
    let tasks = &work.on[at];
    let all_known = u32::try_from(tasks.len()).is_ok_and(|tasks| tasks == instance.running_tasks());
    Ok(all_known
        && !tasks.is_empty()
        && tasks.len() <= work.moves_left()
        && tasks.iter().all(|&seat| {
            let group = work.seats[seat].group;
            let of_group = tasks.iter().filter(|&&other| work.seats[other].group == group).count();
            work.seats[seat].is_movable && of_group <= work.group_left(group)
        }))
}

/// Moves all tasks of an instance, the largest first. Says whether that was possible.
fn empty(work: &mut Work<'_>, at: usize) -> Result<bool, Error> {
    let mut seats = work.on[at].clone();
    seats.sort_by_key(|&seat| (Reverse(work.seats[seat].size.1), Reverse(work.seats[seat].size.0), seat));
    for seat in seats {
        if work.move_anywhere(seat)?.is_none() && !make_way(work, seat)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Moves a task to where another one makes way for it.
fn make_way(work: &mut Work<'_>, seat: usize) -> Result<bool, Error> {
    if work.group_left(work.seats[seat].group) == 0 || work.moves_left() < 2 {
        return Ok(false);
    }
    let mut hosts = 0;
    for host in 0..work.instances.len() {
        let is_host = host != work.seats[seat].at && work.might_make_way(host, work.seats[seat].size);
        if !is_host || work.status(host)? != InstanceStatus::Active {
            continue;
        }
        // Whose going would make room, the smallest first: it finds a place most easily.
        let mut guests: Vec<usize> = Vec::new();
        for &guest in &work.on[host] {
            if work.seats[guest].is_movable && would_fit(work, seat, guest, host)? {
                guests.push(guest);
            }
        }
        if guests.is_empty() {
            continue;
        }
        guests.sort_by_key(|&guest| (work.seats[guest].size.1, work.seats[guest].size.0, guest));
        hosts += 1;
        if hosts > HOSTS_MAX {
            break;
        }
        for guest in guests.into_iter().take(GUESTS_MAX) {
            let mark = work.mark();
            work.set_status(host, InstanceStatus::Draining)?;
            let is_gone = work.move_anywhere(guest)?.is_some();
            if is_gone {
                work.set_status(host, InstanceStatus::Active)?;
                if work.move_to(seat, host)? {
                    work.keep(mark)?;
                    return Ok(true);
                }
            }
            work.take_back(mark)?;
            if !work.goes_on() {
                return Ok(false);
            }
        }
    }
    Ok(false)
}

/// Whether a task has the amounts it needs on an instance once another one there is gone, and is larger than that one.
fn would_fit(work: &Work<'_>, seat: usize, guest: usize, host: usize) -> Result<bool, Error> {
    let instance = work.cluster.instance(work.instances[host])?;
    let (wanted, freed) = (work.seats[seat].size, work.seats[guest].size);
    let fits = |kind, wanted: i64, freed: i64| instance.remaining(kind).saturating_add(freed) >= wanted;
    Ok((freed.0 < wanted.0 || freed.1 < wanted.1)
        && fits(crate::resource::ResourceKind::Cpu, wanted.0, freed.0)
        && fits(crate::resource::ResourceKind::Memory, wanted.1, freed.1))
}

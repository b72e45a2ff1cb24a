//! The code of compiled expressions, run for one instance or for 64 at once.
//!
//! For one instance a program has one bit of state. For 64 it has a bit for each; where one instance would jump, the lanes
//! that jump are parked until the code they jump to is reached, and the others go on. Jumps lead forward and nest as the
//! expression does, so the parked lanes form a stack of known depth. Neither way allocates, recurses or fails.

use crate::limits::EXPRESSION_DEPTH_MAX;

/// One step of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instruction {
    /// Decides a leaf.
    Leaf(u16),
    /// Turns the answer so far round.
    Not,
    /// Goes on at the target if the answer so far is no.
    JumpIfFalse(u16),
    /// Goes on at the target if the answer so far is yes.
    JumpIfTrue(u16),
}

/// Runs instructions. `leaf` decides a leaf by its number; leaves that cannot matter any more are not asked.
#[inline]
pub(super) fn run(code: &[Instruction], mut leaf: impl FnMut(usize) -> bool) -> bool {
    let mut accumulator = false;
    let mut at = 0;
    while let Some(&instruction) = code.get(at) {
        at += 1;
        match instruction {
            Instruction::Leaf(number) => accumulator = leaf(usize::from(number)),
            Instruction::Not => accumulator = !accumulator,
            Instruction::JumpIfFalse(target) if !accumulator => at = usize::from(target),
            Instruction::JumpIfTrue(target) if accumulator => at = usize::from(target),
            Instruction::JumpIfFalse(_) | Instruction::JumpIfTrue(_) => {}
        }
    }
    accumulator
}

/// Most jumps that lanes can be parked at: each level of nesting has at most an `and` in an `or`.
const PARKED_MAX: usize = 2 * EXPRESSION_DEPTH_MAX + 4;

/// Lanes that jumped and wait for the instruction they jumped to.
#[derive(Debug, Clone, Copy)]
struct Parked {
    /// The instruction.
    target: u16,
    /// Their answer so far.
    answer: bool,
    /// Which lanes.
    lanes: u64,
}

/// Working memory of [`Residue::eval_words`](super::Residue::eval_words).
#[derive(Debug, Clone)]
pub struct Parking {
    /// The innermost jump last.
    entries: [Parked; PARKED_MAX],
    /// Entries in use.
    len: usize,
}

impl Default for Parking {
    fn default() -> Self {
        Self { entries: [Parked { target: 0, answer: false, lanes: 0 }; PARKED_MAX], len: 0 }
    }
}

impl Parking {
    /// Parks lanes; those that wait already for the same with the same answer are joined.
    fn park(&mut self, target: u16, answer: bool, lanes: u64) {
        match self.entries[..self.len].last_mut() {
            Some(last) if last.target == target && last.answer == answer => last.lanes |= lanes,
            _ => {
                // OK: jumps nest no deeper than the expression, whose depth is limited.
                self.entries[self.len] = Parked { target, answer, lanes };
                self.len += 1;
            }
        }
    }

    /// The lanes that wait for an instruction, innermost jump first.
    fn leave(&mut self, target: usize) -> Option<Parked> {
        let last = self.entries[..self.len].last().copied().filter(|last| usize::from(last.target) == target)?;
        self.len -= 1;
        Some(last)
    }
}

/// Runs instructions for 64 instances at once, a bit each. `leaf` decides a leaf, by its number, for the lanes it is given;
/// other lanes of its answer mean nothing. Lanes for which a leaf cannot matter any more are not asked.
#[inline]
pub(super) fn run_words(
    code: &[Instruction],
    lanes: u64,
    parking: &mut Parking,
    mut leaf: impl FnMut(usize, u64) -> u64,
) -> u64 {
    let (mut accumulator, mut active) = (0, lanes);
    parking.len = 0;
    for at in 0..=code.len() {
        while let Some(parked) = parking.leave(at) {
            active |= parked.lanes;
            accumulator = if parked.answer { accumulator | parked.lanes } else { accumulator & !parked.lanes };
        }
        match code.get(at) {
            Some(&Instruction::Leaf(number)) if active != 0 => accumulator = leaf(usize::from(number), active),
            Some(Instruction::Not) => accumulator = !accumulator,
            Some(&Instruction::JumpIfFalse(target)) => {
                parking.park(target, false, active & !accumulator);
                active &= accumulator;
            }
            Some(&Instruction::JumpIfTrue(target)) => {
                parking.park(target, true, active & accumulator);
                active &= !accumulator;
            }
            Some(Instruction::Leaf(_)) | None => {}
        }
    }
    accumulator & lanes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every program of a small grammar, as code: a leaf, a negation, or a chain of two.
    fn programs(depth: u32) -> alloc::vec::Vec<alloc::vec::Vec<Instruction>> {
        let mut all: alloc::vec::Vec<_> = (0..3).map(|leaf| alloc::vec![Instruction::Leaf(leaf)]).collect();
        if depth == 0 {
            return all;
        }
        let smaller = programs(depth - 1);
        for one in &smaller {
            let mut not = one.clone();
            not.push(Instruction::Not);
            all.push(not);
            for other in smaller.iter().step_by(if depth > 1 { 2 } else { 1 }) {
                for jump in [Instruction::JumpIfFalse as fn(u16) -> Instruction, Instruction::JumpIfTrue] {
                    let start = one.len() + 1;
                    let end = u16::try_from(start + other.len()).unwrap_or(0);
                    let mut code = one.clone();
                    code.push(jump(end));
                    code.extend(other.iter().map(|&instruction| match instruction {
                        Instruction::JumpIfFalse(to) => {
                            Instruction::JumpIfFalse(to + u16::try_from(start).unwrap_or(0))
                        }
                        Instruction::JumpIfTrue(to) => Instruction::JumpIfTrue(to + u16::try_from(start).unwrap_or(0)),
                        other => other,
                    }));
                    all.push(code);
                }
            }
        }
        all
    }

    #[test]
    fn sixty_four_lanes_answer_as_each_alone() {
        // Lane n has bit i of n as the answer of leaf i.
        let words: [u64; 3] = [0xAAAA_AAAA_AAAA_AAAA, 0xCCCC_CCCC_CCCC_CCCC, 0xF0F0_F0F0_F0F0_F0F0];
        let mut parking = Parking::default();
        let programs = programs(2);
        assert!(programs.len() > 500);
        for code in programs {
            let together = run_words(&code, u64::MAX, &mut parking, |leaf, _| words[leaf]);
            for lane in 0..8 {
                let alone = run(&code, |leaf| words[leaf] >> lane & 1 != 0);
                assert_eq!(together >> lane & 1 != 0, alone, "{code:?} in lane {lane}");
            }
        }
    }

    #[test]
    fn only_lanes_that_matter_are_asked() {
        let code = [Instruction::Leaf(0), Instruction::JumpIfFalse(3), Instruction::Leaf(1)];
        let mut asked = alloc::vec::Vec::new();
        let answer = run_words(&code, 0b1110, &mut Parking::default(), |leaf, lanes| {
            asked.push((leaf, lanes));
            0b0111
        });
        assert_eq!(asked, [(0, 0b1110), (1, 0b0110)]);
        assert_eq!(answer, 0b0110);
    }
}

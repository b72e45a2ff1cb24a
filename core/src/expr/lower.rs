//! Checked tree to flat code.
//!
//! `and` becomes its operands with a jump to the end behind each but the last, taken when the answer is already no; `or`
//! is the same with yes. Equal leaves and equal static parts are kept once.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::check::Tree;
use super::code::Instruction;
use super::program::{Leaf, Program, Residue};
use crate::limits::EXPRESSION_CHARS_MAX;

const _: () = assert!(EXPRESSION_CHARS_MAX * 3 < u16::MAX as usize, "code positions and leaf numbers must fit u16");

/// The program for a tree.
pub(super) fn lower(tree: &Tree) -> Program {
    let mut leaves = Vec::new();
    let mut code = Vec::new();
    emit(tree, &mut code, &mut |leaf| number(&mut leaves, leaf));
    Program { code: code.into_boxed_slice(), leaves: leaves.into_boxed_slice() }
}

/// The residue for a tree that is not static throughout.
pub(super) fn lower_residue(tree: Tree) -> Residue {
    let mut statics = Vec::new();
    let skeleton = outline(tree, &mut statics);
    let mut volatile = Vec::new();
    let mut code = Vec::new();
    emit_outline(&skeleton, &mut code, &mut volatile, statics.len());
    Residue {
        code: code.into_boxed_slice(),
        statics: statics.into_boxed_slice(),
        volatile: volatile.into_boxed_slice(),
    }
}

/// A tree whose static subtrees have been replaced by their numbers.
enum Outline {
    /// At least one operand holds.
    Or(Vec<Self>),
    /// Every operand holds.
    And(Vec<Self>),
    /// The operand does not hold.
    Not(Box<Self>),
    /// A static part, by number.
    Static(usize),
    /// A volatile predicate.
    Volatile(Leaf),
}

/// Takes the largest static subtrees out. Static operands of one node make one part, which is asked first.
fn outline(tree: Tree, statics: &mut Vec<Program>) -> Outline {
    if tree.is_static() {
        return Outline::Static(position(statics, lower(&tree)));
    }
    match tree {
        Tree::Or(operands) => Outline::Or(outline_operands(operands, Tree::Or, statics)),
        Tree::And(operands) => Outline::And(outline_operands(operands, Tree::And, statics)),
        Tree::Not(operand) => Outline::Not(Box::new(outline(*operand, statics))),
        Tree::Leaf(leaf) => Outline::Volatile(leaf),
    }
}

/// [`outline`] for the operands of one node.
fn outline_operands(operands: Vec<Tree>, node: fn(Vec<Tree>) -> Tree, statics: &mut Vec<Program>) -> Vec<Outline> {
    let (fixed, volatile): (Vec<_>, Vec<_>) = operands.into_iter().partition(Tree::is_static);
    Tree::one_or(fixed, node).into_iter().chain(volatile).map(|operand| outline(operand, statics)).collect()
}

/// Appends the code of a tree; `name` gives a leaf its number.
fn emit(tree: &Tree, code: &mut Vec<Instruction>, name: &mut impl FnMut(&Leaf) -> u16) {
    match tree {
        Tree::Or(operands) => chain(operands, code, Instruction::JumpIfTrue, |operand, code| emit(operand, code, name)),
        Tree::And(operands) => {
            chain(operands, code, Instruction::JumpIfFalse, |operand, code| emit(operand, code, name));
        }
        Tree::Not(operand) => {
            emit(operand, code, name);
            code.push(Instruction::Not);
        }
        Tree::Leaf(leaf) => code.push(Instruction::Leaf(name(leaf))),
    }
}

/// Appends the code of an outline; volatile leaves are numbered behind the `offset` static parts.
fn emit_outline(node: &Outline, code: &mut Vec<Instruction>, volatile: &mut Vec<Leaf>, offset: usize) {
    match node {
        Outline::Or(operands) => chain(operands, code, Instruction::JumpIfTrue, |operand, code| {
            emit_outline(operand, code, volatile, offset);
        }),
        Outline::And(operands) => chain(operands, code, Instruction::JumpIfFalse, |operand, code| {
            emit_outline(operand, code, volatile, offset);
        }),
        Outline::Not(operand) => {
            emit_outline(operand, code, volatile, offset);
            code.push(Instruction::Not);
        }
        Outline::Static(number) => code.push(Instruction::Leaf(narrow(*number))),
        Outline::Volatile(leaf) => {
            let number = position(volatile, leaf.clone());
            code.push(Instruction::Leaf(narrow(offset + number)));
        }
    }
}

/// Appends operands with a jump to the end behind each but the last.
fn chain<T>(
    operands: &[T],
    code: &mut Vec<Instruction>,
    jump: fn(u16) -> Instruction,
    mut emit: impl FnMut(&T, &mut Vec<Instruction>),
) {
    let mut jumps = Vec::new();
    for (i, operand) in operands.iter().enumerate() {
        if i > 0 {
            jumps.push(code.len());
            code.push(jump(0));
        }
        emit(operand, code);
    }
    let end = narrow(code.len());
    for at in jumps {
        if let Some(instruction) = code.get_mut(at) {
            *instruction = jump(end);
        }
    }
}

/// The number of a leaf, which is kept once.
fn number(leaves: &mut Vec<Leaf>, leaf: &Leaf) -> u16 {
    narrow(position(leaves, leaf.clone()))
}

/// Where `item` stands in `items`, put there if it is not.
fn position<T: PartialEq>(items: &mut Vec<T>, item: T) -> usize {
    items.iter().position(|known| *known == item).unwrap_or_else(|| {
        items.push(item);
        items.len() - 1
    })
}

/// A code position or leaf number.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a checked expression has fewer than u16::MAX instructions, see above"
)]
fn narrow(number: usize) -> u16 {
    debug_assert!(number <= usize::from(u16::MAX));
    number as u16
}

//! Placement constraints: what an instance must satisfy to be allowed at all (semantics.md §4).

use crate::expr::Expression;

/// One binding constraint; all of a request's constraints must hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Constraint {
    /// No two tasks of the request's task group on one instance.
    DistinctInstance,
    /// The expression holds for the instance.
    MemberOf(Expression),
}

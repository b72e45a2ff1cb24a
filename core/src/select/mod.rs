//! Choosing: which instance gets the next task, which task goes first, and why an instance cannot take one.
//!
//! Everything here reads state, index and a [`plan`](plan::Plan), and writes only its scratch. There are two routes, which
//! give the same answers: [`scan`] is always right, [`indexed`] is fast and leaves what it does not find within its budget to
//! a [`sweep`] or to the scan.

pub(crate) mod batch;
pub(crate) mod draw;
pub(crate) mod fit;
pub(crate) mod indexed;
pub(crate) mod judge;
pub(crate) mod plan;
pub(crate) mod scan;
pub(crate) mod scratch;
mod sweep;
pub(crate) mod victim;

pub use judge::Reason;
pub use plan::AbsentGroup;

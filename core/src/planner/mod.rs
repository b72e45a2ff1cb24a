//! Plans: what to buy, and what to move. A plan is a proposal; the caller carries it out.
//!
//! - [`fleet`]: the cheapest mix of instance types for so many tasks, with a lower bound on what any mix costs.
//! - [`rearrange`]: moves that empty instances of a live cluster, or even out its zones, each possible when its turn comes.
//!
//! Planners only use what every caller has: [`crate::pack`], and [`Cluster`](crate::Cluster) inside a transaction that is
//! always rolled back. There is no clock, thread or file here: budgets are in steps, and a callback may stop a run.

pub mod fleet;
pub mod rearrange;
mod zones;

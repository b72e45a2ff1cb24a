//! The integration tests, one binary: vectors and properties per module.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[cfg(feature = "serde")]
mod adapter;
#[cfg(feature = "regex")]
mod assist;
#[cfg(feature = "counters")]
mod counters;
mod definition;
#[cfg(all(feature = "serde", feature = "regex"))]
mod errors;
mod expr;
mod fleet;
mod gpu;
#[cfg(feature = "serde")]
mod json;
mod layering;
mod lists;
#[cfg(feature = "serde")]
mod live;
mod pack;
#[cfg(feature = "testkit")]
mod packing;
mod properties;
mod public_api;
mod rearrange;
#[cfg(feature = "testkit")]
mod replay;
mod routes;
mod state;
mod transaction;
#[cfg(feature = "serde")]
mod wire;

//! The integration tests, one binary: vectors and properties per module.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod expr;
mod layering;
mod state;
mod transaction;

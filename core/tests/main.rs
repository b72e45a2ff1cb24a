//! The integration tests, one binary: vectors and properties per module.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[cfg(feature = "serde")]
mod adapter;
mod definition;
#[cfg(feature = "serde")]
mod json;
#[cfg(feature = "testkit")]
mod replay;
#[cfg(feature = "serde")]
mod wire;

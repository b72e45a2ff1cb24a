//! What the tests are made of: the naive oracle, the decoder of random operations, and what runs a conformance case.
//!
//! Unstable, behind the feature `testkit`, and no part of the library's promise. Nothing inside the library may name it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "test support: it favours plain code, and a panic here is a failed test"
)]

pub mod case;
pub mod conformance;
pub mod differential;
pub mod naive;
pub mod ops;
pub mod packing;
pub mod replay;
mod strict;
pub mod targets;

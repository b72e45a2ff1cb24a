//! What the tests are made of: the naive oracle and the decoder of random operations. Unstable, and no part of the
//! library's promise.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "test support: it favours plain code, and a panic here is a failed test"
)]

pub mod naive;
pub mod ops;

//! Amazon ECS task placement, exactly and outside AWS.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod error;
pub mod limits;
#[cfg(feature = "testkit")]
pub mod testkit;

pub use error::{Error, ErrorClass, ErrorKind, Span};

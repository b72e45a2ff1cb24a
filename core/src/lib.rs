//! Amazon ECS task placement, exactly and outside AWS.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(feature = "serde")]
pub mod adapter;
pub mod definition;
pub mod demand;
pub mod eni;
pub mod error;
pub mod expr;
pub mod id;
pub mod instance;
#[cfg(feature = "serde")]
pub mod json;
pub mod limits;
pub mod outcome;
pub mod constraint;
pub mod request;
pub mod resource;
pub mod strategy;

pub use error::{Error, ErrorClass, ErrorKind, Span};

//! Amazon ECS task placement, exactly and outside AWS.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod demand;
pub mod error;
pub mod id;
pub mod instance;
pub mod limits;
pub mod outcome;
pub mod constraint;
pub mod request;
pub mod resource;
pub mod strategy;

pub use error::{Error, ErrorClass, ErrorKind, Span};

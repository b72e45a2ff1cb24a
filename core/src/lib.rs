//! Amazon ECS task placement, exactly and outside AWS.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(feature = "serde")]
pub mod adapter;
pub mod attribute;
pub mod cluster;
pub mod constraint;
pub mod definition;
pub mod demand;
pub mod eni;
pub mod error;
pub mod expr;
pub mod id;
mod index;
pub mod instance;
#[cfg(feature = "serde")]
pub mod json;
pub mod limits;
pub mod outcome;
pub mod request;
pub mod resource;
mod select;
mod state;
pub mod strategy;

pub use cluster::Cluster;
pub use error::{Error, ErrorClass, ErrorKind, Span};

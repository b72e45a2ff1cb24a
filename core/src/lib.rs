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
pub mod fingerprint;
pub mod id;
mod index;
pub mod instance;
#[cfg(feature = "serde")]
pub mod json;
pub mod limits;
pub mod outcome;
mod prepared;
pub mod report;
pub mod request;
pub mod resource;
mod select;
mod state;
pub mod strategy;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod transaction;
pub mod view;
#[cfg(feature = "serde")]
pub mod wire;

pub use cluster::{Capacity, Cluster, Options, Release, RunningTask, UnknownEni};
pub use constraint::Constraint;
pub use demand::{Demand, GpuDemand, RequiredAttribute};
pub use error::{Error, ErrorClass, ErrorKind, Span};
pub use expr::{Expression, Timestamp};
pub use fingerprint::Fingerprint;
pub use id::{InstanceId, RequestId, TaskId};
pub use instance::{Amounts, Instance, InstanceStatus, Protocol};
pub use outcome::{Outcome, Placement, Rejection};
pub use report::Explanation;
pub use request::{LaunchKind, Request};
pub use resource::ResourceKind;
pub use select::{AbsentGroup, Reason};
pub use strategy::{BinpackField, SpreadField, Strategy, StrategyChain, TieBreak};
pub use transaction::{Savepoint, Transaction};
pub use view::{DeviceView, InstanceView, TaskView};

/// The longer texts.
#[cfg(any(doc, doctest))]
pub mod _documentation {
    #[doc = include_str!("../docs/semantics.md")]
    pub mod semantics {}
    #[doc = include_str!("../docs/expression.md")]
    pub mod expression {}
    #[doc = include_str!("../docs/architecture.md")]
    pub mod architecture {}
    #[doc = include_str!("../docs/design.md")]
    pub mod design {}
}

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct ReadmeDoctests;

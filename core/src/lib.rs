//! Amazon ECS task placement, exactly and outside AWS: which container instance gets this task, and if none, why.
//!
//! - [`Cluster`] holds container instances and tasks. [`Cluster::register`] an [`Instance`], [`Cluster::prepare`] a
//!   [`Request`], [`Cluster::place`] it, [`Cluster::stop`] a task, [`Cluster::scale_in`] a group.
//! - [`Cluster::transaction`] tries things and takes them back; [`Savepoint`]s nest and can be kept.
//! - [`Cluster::explain`] says who was considered, why each fell away, who won and by what, and who came nearest.
//! - [`expr::compile`] reads a cluster query; a [`Constraint`] makes it binding, [`Cluster::query`] lists who satisfies it.
//! - [`definition::TaskDefinition`] says what a task needs, with everything ECS refuses; its
//!   [`demand`](definition::TaskDefinition::demand) is what a request asks for.
//! - [`planner::fleet`] buys the cheapest mix of instance types for such a set; [`planner::rearrange`] plans moves in a live cluster.
//! - [`pack::solve`] puts a whole set of items into few or cheap bins, and bounds how much better any packing can be.
//! - `adapter::Session` (feature `serde`) speaks ECS's JSON: describe output in, RunTask answers out.
//! - Embedders: [`Cluster::reserve`] takes the memory, [`Options::is_strict`] refuses to grow beyond it; within it, placing,
//!   stopping and rolling back allocate nothing.
//!
//! ```
//! use placewright::{Cluster, Demand, GpuDemand, Instance, Request, Strategy};
//!
//! let mut cluster = Cluster::new();
//! cluster.declare_resource("LICENSES")?;
//! cluster.register(&Instance::new("i-1").with_resources(4096, 8192).with_gpus(["g0", "g1"]).with_custom("LICENSES", 3))?;
//!
//! // Half a GPU and a license each: shares are thousandths of one device.
//! let demand = Demand::new(256, 512).with_gpus(GpuDemand::Share(500)).with_custom("LICENSES", 1);
//! let request = cluster.prepare(&Request::new("render:3", demand).with_count(5).with_strategies(Strategy::Random))?;
//! let mut placements = Vec::new();
//! let rejection = cluster.place(request, &mut placements)?;
//! assert_eq!(placements.len(), 3);
//! assert_eq!(cluster.explain(request)?.reasons, [("RESOURCE:LICENSES".to_string(), 1)]);
//! assert_eq!(rejection.map(|rejection| rejection.wanted), Some(5));
//! # Ok::<(), placewright::Error>(())
//! ```
//!
//! Every rule, with its default and a worked example, is in the repository's `core/docs/semantics.md`.
#![no_std]
// The module of the npm package is compiled for size, but for the functions that say `optimize(speed)`.
#![cfg_attr(placewright_for_size, feature(optimize_attribute))]
#![cfg_attr(placewright_vectors, feature(portable_simd))]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(feature = "serde")]
pub mod adapter;
pub mod attribute;
pub mod cluster;
pub mod constraint;
#[cfg(feature = "counters")]
pub mod counters;
#[cfg(not(feature = "counters"))]
mod counters;
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
pub mod memory;
pub mod outcome;
pub mod pack;
pub mod planner;
mod prefetch;
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
pub mod usage;
pub mod view;
#[cfg(feature = "serde")]
pub mod wire;
pub mod workload;

pub use cluster::{Capacity, Cluster, Options, Release, Route, RunningTask, UnknownEni};
pub use constraint::Constraint;
pub use demand::{Demand, GpuDemand, RequiredAttribute};
pub use error::{Error, ErrorClass, ErrorKind, Span};
pub use expr::{Expression, Timestamp};
pub use fingerprint::Fingerprint;
pub use id::{InstanceId, RequestId, TaskId};
pub use instance::{Amounts, Instance, InstanceStatus, Protocol};
pub use memory::MemoryUsage;
pub use outcome::{Outcome, Placement, Rejection};
pub use report::Explanation;
pub use request::{LaunchKind, Request};
pub use resource::ResourceKind;
pub use select::{AbsentGroup, Reason};
pub use strategy::{BinpackField, SpreadField, Strategy, StrategyChain, TieBreak};
pub use transaction::{Savepoint, Transaction};
pub use usage::{ResourceUsage, Usage};
pub use view::{DeviceView, InstanceView, TaskView};
pub use workload::{Fragmentation, Workload, WorkloadKind};

/// The longer texts.
#[cfg(any(doc, doctest))]
pub mod _documentation {
    #[doc = include_str!("../docs/semantics.md")]
    pub mod semantics {}
    #[doc = include_str!("../docs/expression.md")]
    pub mod expression {}
    #[doc = include_str!("../docs/packing.md")]
    pub mod packing {}
    /// What each solver of a packing does, with its source, its cost and when it wins.
    pub mod solvers {
        #[doc = include_str!("../docs/solvers/first-fit.md")]
        pub mod first_fit {}
        #[doc = include_str!("../docs/solvers/best-fit.md")]
        pub mod best_fit {}
        #[doc = include_str!("../docs/solvers/dot-product.md")]
        pub mod dot_product {}
        #[doc = include_str!("../docs/solvers/l2.md")]
        pub mod l2 {}
        #[doc = include_str!("../docs/solvers/fill.md")]
        pub mod fill {}
        #[doc = include_str!("../docs/solvers/column.md")]
        pub mod column {}
        #[doc = include_str!("../docs/solvers/local-search.md")]
        pub mod local_search {}
        #[doc = include_str!("../docs/solvers/purchase.md")]
        pub mod purchase {}
    }
    #[doc = include_str!("../docs/fleet.md")]
    pub mod fleet {}
    #[doc = include_str!("../docs/rearrange.md")]
    pub mod rearrange {}
    #[doc = include_str!("../docs/architecture.md")]
    pub mod architecture {}
    #[doc = include_str!("../docs/design.md")]
    pub mod design {}
    #[doc = include_str!("../docs/gpu_policies.md")]
    pub mod gpu_policies {}
}

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct ReadmeDoctests;

//! The Python package `placewright`: the module's declaration, and nothing else.
//!
//! [`gate`] is the lock around a session, [`cluster`], [`reading`] and their neighbours are the classes, [`call`] is how they reach the core,
//! [`convert`] is the only place where Python objects become core types and back, [`columns`] and [`frame`] do the same for columns,
//! [`iterate`] goes through what may have no end, [`arrays`] has numpy ready, [`load`] reads documents, [`beside`] keeps what takes long from being deaf to Ctrl-C, [`packing`] and [`live`] pack as a set what [`frame_packing`] reads, [`solving`] lets solvers run beside the caller, [`error`] maps kinds
//! of errors to exceptions. Nothing here decides anything.
//!
//! What Python shows of a class, method or function (`#[doc = stub!(…)]`) stands in `python/placewright/_native.pyi`; `build.rs` reads it.

// Before the modules that use it: the macro `stub!`, the docstrings of `python/placewright/_native.pyi`.
include!(concat!(env!("OUT_DIR"), "/docs.rs"));

mod answer;
mod argument;
mod arrays;
mod beside;
mod bulk;
mod call;
mod cluster;
mod columns;
mod conformance;
mod convert;
mod error;
mod frame;
mod frame_arrow;
mod frame_instances;
mod frame_numbers;
mod frame_packing;
mod frame_tasks;
mod gate;
mod handle;
mod iterate;
mod live;
mod load;
mod outcome;
mod packing;
mod reading;
mod register;
mod request;
mod solving;
mod table;
mod usage;
mod watch;
mod workload;

use pyo3::prelude::pymodule;

#[doc = stub!()]
#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use crate::bulk::{BulkResult, bulk_result};
    #[pymodule_export]
    use crate::cluster::Cluster;
    #[pymodule_export]
    use crate::conformance::{
        conformance_check, conformance_check_packing, conformance_digest, conformance_digest_packing,
        conformance_replay,
    };
    #[pymodule_export]
    use crate::gate::after_fork;
    #[pymodule_export]
    use crate::handle::{Request, Savepoint, Transaction};
    #[pymodule_export]
    use crate::live::{apply_packing, apply_rearrangement, pack_live};
    #[pymodule_export]
    use crate::load::restore;
    #[pymodule_export]
    use crate::outcome::{Explanation, Expression, PlaceResult, compile, explanation, result};
    #[pymodule_export]
    use crate::packing::{document, fleet, fleet_json_of, json_text, milliseconds, pack, pack_json};
    #[pymodule_export]
    use crate::table::{Table, table};
    #[pymodule_export]
    use crate::usage::usage;

    /// The version of the package.
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "the name that Python gives it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}

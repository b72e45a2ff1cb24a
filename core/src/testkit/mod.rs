//! Tools for our own tests: what reads, expands and judges a conformance case.
//!
//! Unstable, and behind the feature `testkit`. Nothing inside the library may name it.

pub mod case;

//! The module below the npm package `placewright`: functions of numbers and texts, and nothing else.
//!
//! `js/api.js` makes classes of them. A cluster is a number here ([`slab`]); what is more than a number comes in and goes out as
//! JSON text ([`call`]), amounts as columns in the module's memory ([`columns`]). Nothing here decides anything, and nothing
//! panics on input: a trap would end every cluster of the module.
#![allow(unreachable_pub, reason = "what the page calls has to be `pub`")]

mod bulk;
mod call;
mod cluster;
mod columns;
#[cfg(feature = "testkit")]
mod conformance;
mod expression;
mod numbers;
mod plain;
mod slab;
mod watch;

use wasm_bindgen::prelude::wasm_bindgen;

/// The version of the package.
#[wasm_bindgen]
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

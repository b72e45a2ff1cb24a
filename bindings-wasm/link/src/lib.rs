//! The module of the npm package `placewright` as it is linked: the binding, and nothing else.
//!
//! A crate of its own, since the whole module is optimised at the level of the crate that links it. `build.mjs` has this one at 2: so
//! functions that are to be fast are optimised like that, while the binding and the engine, compiled for size, stay small.
#![no_std]

extern crate placewright_wasm as _;

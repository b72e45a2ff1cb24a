//! The module below `placewright/pack`: what to put where, what to buy and what to move, as JSON in and JSON out.
//!
//! It is a file of its own, so that a page that does not pack does not load it. Nothing here decides anything, no call leaves
//! anything behind, and nothing panics on input. There is no clock: `js/pack-watch.js` has it, and stops a call in time.
#![allow(unreachable_pub, reason = "what the page calls has to be `pub`")]

mod call;
mod given;
mod watch;

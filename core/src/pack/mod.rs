//! Packing: few bins, low cost, with a proof.
//!
//! A [`Problem`] is a set of items, in up to sixteen dimensions and under the rules that placement knows, and the types of bins
//! to be had. [`solve`] gives an [`Answer`]: a [`Packing`], what it costs, and a lower bound on what any packing costs, so
//! that a caller knows how far from the best possible it is. [`verify`] checks any packing, whoever made it.
//!
//! Everything here is deterministic: the same problem, in whatever order its items come, the same options and the same number
//! of steps give the same answer on every platform. Where floating-point numbers guide a search, what is said of the answer is
//! worked out in integers. `docs/packing.md` says how solvers are chosen, `docs/solvers` has a page for each.
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use placewright::pack::{BinType, Item, Options, Problem, solve, verify};
//!
//! let mut builder = Problem::builder(["cpu", "memory"])?;
//! builder.add_type(&BinType::new("large", &[4, 16]))?;
//! builder.add_item(&Item::new("web", &[2, 4]).with_count(5))?;
//! builder.add_item(&Item::new("cache", &[1, 6]).with_count(2))?;
//! let problem = builder.build()?;
//! let answer = solve(&problem, &Options::default(), &mut |_| ControlFlow::Continue(()));
//! assert_eq!((answer.packing.bin_count(), answer.optimal), (3, true));
//! assert_eq!(verify(&problem, &answer.packing)?.cost, answer.value);
//! # Ok::<(), placewright::Error>(())
//! ```

mod bound;
mod bucket;
mod build;
mod cheapen;
#[cfg(feature = "lp")]
mod column;
mod conflict;
mod ejection;
mod fill;
mod fit;
mod greedy;
mod improve;
mod item;
mod live;
mod misfit;
mod open;
mod packing;
mod problem;
mod purchase;
mod refill;
mod room;
mod search;
mod size;
mod solve;
mod spread;
mod verify;

pub use build::ProblemBuilder;
pub use item::{BinType, GroupRule, Item, Spread};
pub use live::Live;
pub use packing::{Bins, Packing, Pattern, Unpacked};
pub use problem::{Misfit, Problem, Reason};
pub use search::{Progress, Watch};
pub use solve::{Answer, Bound, Options, STEPS_DEFAULT, Solver, solve};
pub use verify::{Verdict, verify};

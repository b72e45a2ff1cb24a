//! The engine against the naive oracle on random operation lists.
//!
//! `PLACEWRIGHT_OPERATIONS` sets how many operations are compared (default 20,000, for a debug build). A difference prints
//! the seed, and the case as JSON in the conformance format.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use placewright::testkit::differential::{Checks, compare};
use placewright::testkit::ops;

/// Shares of the cases that are compared at once.
const SHARES: u64 = 4;
/// Bits of the seeds of a share.
const SHARE_BITS: u32 = 28;

/// How many operations to compare.
fn operations() -> u64 {
    std::env::var("PLACEWRIGHT_OPERATIONS").map_or(20_000, |text| text.parse().unwrap())
}

/// Compares cases in [`SHARES`] at once, each with seeds of its own, until there were enough operations; what happened, counted.
fn run(first_seed: u64, operations: u64, checks: Checks) -> BTreeMap<String, u64> {
    let mut census = BTreeMap::new();
    let mut compared = 0;
    std::thread::scope(|scope| {
        let share = |number| {
            scope.spawn(move || run_share(first_seed + (number << SHARE_BITS), operations.div_ceil(SHARES), checks))
        };
        let shares: Vec<_> = (0..SHARES).map(share).collect();
        for share in shares {
            let (operations, counts) = share.join().unwrap();
            compared += operations;
            for (what, count) in counts {
                *census.entry(what).or_insert(0) += count;
            }
        }
    });
    println!("{compared} operations compared: {census:#?}");
    census
}

/// One share of the cases: how many operations were compared, and what happened.
fn run_share(first_seed: u64, operations: u64, checks: Checks) -> (u64, BTreeMap<String, u64>) {
    let mut census = BTreeMap::new();
    let mut compared = 0;
    for seed in first_seed.. {
        if compared >= operations {
            break;
        }
        let case = ops::decode(&ops::seeded(seed));
        let entries = match compare(&case, seed, checks) {
            Ok(entries) => entries,
            Err(difference) => panic!("seed {seed}: {difference}\n{case}"),
        };
        compared += entries.len() as u64;
        for (what, count) in ops::census(&entries) {
            *census.entry(what).or_insert(0) += count;
        }
    }
    (compared, census)
}

#[test]
fn engine_and_oracle_agree() {
    let census = run(0, operations(), Checks::default());
    assert!(census.values().all(|&count| count > 0), "{census:#?}");
}

#[test]
fn everything_derived_is_right_after_every_operation() {
    run(1 << 32, operations() / 10, Checks { validate: true, reimport: false });
}

#[test]
fn the_state_survives_its_own_json_between_any_two_operations() {
    run(1 << 33, operations() / 10, Checks { validate: true, reimport: true });
}

proptest::proptest! {
    /// Bytes of any kind, shrunk to the smallest list of operations on which the two differ.
    #[test]
    fn any_bytes_give_the_same_run_on_both(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..3000)) {
        let case = ops::decode(&bytes);
        let entries = compare(&case, 1, Checks { validate: true, reimport: false });
        proptest::prop_assert!(entries.is_ok(), "{}\n{case}", entries.unwrap_err());
    }
}

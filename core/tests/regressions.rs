//! Every input that ever made a fuzz target fail, and some that look as if they could.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use placewright::testkit::targets::TARGETS;

#[test]
fn saved_inputs_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/regressions");
    let mut run = 0;
    for (name, target) in TARGETS {
        let files = fs::read_dir(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        for file in files {
            target(&fs::read(file.unwrap().path()).unwrap());
            run += 1;
        }
    }
    assert!(run >= TARGETS.len(), "no inputs were found");
}

//! What changes of an instance cost beside searches, held to the bounds of their documents by counting instructions.

use std::error::Error;
use std::path::Path;

use placewright_benches::{control, instructions};

/// Instructions of a change there and back.
fn instructions(name: &str) -> Result<u64, Box<dyn Error>> {
    instructions::of_one(Path::new(env!("CARGO_BIN_EXE_count")), &control::find(name)?)
}

#[test]
fn changes_of_an_instance_cost_a_step_for_each_filter_and_nothing_for_each_instance() -> Result<(), Box<dyn Error>> {
    if !instructions::can_be_counted() {
        println!("skipped: no valgrind to count instructions with");
        return Ok(());
    }
    for change in ["set-status", "put-attribute", "put-unread-attribute", "register"] {
        let [few, many, filters] = ["500/8", "4000/8", "500/64"].map(|size| instructions(&format!("{change}/{size}")));
        let (few, many, filters) = (few?, many?, filters?);
        println!(
            "{change}: {few} instructions, {many} among 8 times the instances, {filters} with 8 times the filters"
        );
        assert!(few > 0);
        // Taking an instance out moves those behind it in the list of all, on average half: four bytes each, counted one by one.
        let moved = if change == "register" { 3500 / 2 * 4 } else { 0 };
        assert!(many <= few * 5 / 4 + moved, "{change}: {few} instructions grow to {many} with the instances");
        assert!(filters <= 8 * few, "{change}: {few} instructions grow to {filters} with the filters");
    }
    Ok(())
}

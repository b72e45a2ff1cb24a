//! Placing and stopping, chain by chain, and batches.

use placewright_benches::meter::Outcome;

mod settings;

fn main() -> Outcome<()> {
    settings::time(&["churn", "batch"])
}

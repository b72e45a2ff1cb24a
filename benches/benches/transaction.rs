//! A savepoint, a thousand placements and the rollback.

use placewright_benches::meter::Outcome;

mod settings;

fn main() -> Outcome<()> {
    settings::time(&["rollback"])
}

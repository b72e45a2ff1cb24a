//! Compiling a cluster query of 200 characters.

use placewright_benches::meter::Outcome;

mod settings;

fn main() -> Outcome<()> {
    settings::time(&["compile-expression"])
}

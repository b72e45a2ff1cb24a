//! See `placewright::testkit::targets::expr_differential`. Built without the fuzzer it runs the files it is given.
#![cfg_attr(fuzzing, no_main)]

use placewright::testkit::targets::expr_differential;

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| expr_differential(data));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    std::env::args_os().skip(1).try_for_each(|path| std::fs::read(path).map(|data| expr_differential(&data)))
}

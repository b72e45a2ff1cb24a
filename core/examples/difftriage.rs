use placewright::testkit::differential::{Checks, compare};
use placewright::testkit::ops;
fn main() {
    let a: Vec<u64> = std::env::args().skip(1).map(|x| x.parse().unwrap()).collect();
    let mut n = 0;
    let mut total = 0;
    for seed in a[0]..a[1] {
        let case = ops::decode(&ops::seeded(seed));
        match compare(&case, seed, Checks { validate: true, reimport: a.len() > 2 }) {
            Ok(e) => total += e.len(),
            Err(d) => {
                n += 1;
                println!("== {seed}: {d}\n@@case {case}");
            }
        }
    }
    println!("differences in {n} cases; ok ops {total}");
}

//! The one place for settings of the criterion benches.

use std::time::Duration;

use criterion::Criterion;
use placewright_benches::hot;
use placewright_benches::meter::Outcome;

/// Times the hot operations whose names begin so; each proves its answers first.
pub(crate) fn time(beginnings: &[&str]) -> Outcome<()> {
    let criterion = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(3));
    let mut criterion = criterion.configure_from_args();
    for name in hot::names() {
        if beginnings.iter().any(|beginning| name.starts_with(beginning)) {
            let mut operation = hot::find(&name)?;
            let mut outcome = Ok(());
            criterion.bench_function(&name, |bencher| {
                bencher.iter(|| {
                    if let Err(error) = (operation.run)(1) {
                        outcome = Err(error);
                    }
                });
            });
            outcome?;
        }
    }
    criterion.final_summary();
    Ok(())
}

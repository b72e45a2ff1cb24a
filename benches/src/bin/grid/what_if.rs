//! Cells that leave the cluster as it was: explanations, and placements that are taken back.

use std::hint::black_box;

use placewright::TaskId;
use placewright_benches::cell::{Cell, Operation, ROLLBACK};
use placewright_benches::churn::Churn;
use placewright_benches::meter::{Contender, Outcome, Sample, Settings, Timing, measure, race};

use super::Originals;

/// Proves and times explanations: both routes must explain alike, and name the instance that placing takes.
pub(crate) fn explain(cell: &Cell, originals: &Originals, settings: Settings) -> Outcome<Vec<Timing>> {
    let (indexed, mut scan) = originals.churns(cell)?;
    let request = scan.requests[0];
    let explanation = scan.cluster.explain(request)?;
    if indexed.cluster.explain(request)? != explanation {
        return Err(format!("{cell}: the routes explain differently").into());
    }
    let savepoint = scan.cluster.begin();
    let placed = scan.cluster.place_one(request)?.placement().map(|placement| placement.instance);
    scan.cluster.rollback(savepoint)?;
    if placed != explanation.winner.map(|winner| winner.instance) {
        return Err(format!("{cell}: the explanation names another instance than placing takes").into());
    }
    let explain = |churn: &Churn, operations| {
        measure(operations, || {
            for _ in 0..operations {
                black_box(churn.cluster.explain(request)?);
            }
            Ok(())
        })
    };
    let mut contenders: Vec<Contender<'_>> =
        vec![Box::new(|operations| explain(&indexed, operations)), Box::new(|operations| explain(&scan, operations))];
    race(&mut contenders, settings)
}

/// Measures a savepoint, a thousand placements and the rollback, and gives the time of a placement. Without the savepoint
/// the tasks are stopped afterwards, untimed.
fn place_and_take_back(churn: &mut Churn, placed: &mut Vec<TaskId>, with_savepoint: bool) -> Outcome<Sample> {
    placed.clear();
    let sample = measure(ROLLBACK, || {
        let savepoint = with_savepoint.then(|| churn.cluster.begin());
        for number in 0..ROLLBACK {
            let request = churn.requests[number % churn.requests.len()];
            placed.extend(churn.cluster.place_one(request)?.placement().map(|placement| placement.task));
        }
        if let Some(savepoint) = savepoint {
            churn.cluster.rollback(savepoint)?;
        }
        Ok(())
    })?;
    if !with_savepoint {
        for &task in &*placed {
            churn.cluster.stop(task)?;
        }
    }
    Ok(sample)
}

/// Proves and times savepoint, placements and rollback, or the placements alone.
pub(crate) fn rollback(cell: &Cell, originals: &Originals, settings: Settings) -> Outcome<Vec<Timing>> {
    let (mut indexed, mut scan) = originals.churns(cell)?;
    let mut placed = Vec::with_capacity(ROLLBACK);
    let fingerprint = indexed.cluster.fingerprint();
    place_and_take_back(&mut indexed, &mut placed, true)?;
    if indexed.cluster.fingerprint() != fingerprint || fingerprint != scan.cluster.fingerprint() {
        return Err(format!("{cell}: a rollback leaves another state").into());
    }
    let with_savepoint = cell.operation == Operation::Rollback;
    let mut placed_by_scan = Vec::with_capacity(ROLLBACK);
    let mut contenders: Vec<Contender<'_>> = vec![
        Box::new(|_| place_and_take_back(&mut indexed, &mut placed, with_savepoint)),
        Box::new(|_| place_and_take_back(&mut scan, &mut placed_by_scan, with_savepoint)),
    ];
    race(&mut contenders, settings)
}

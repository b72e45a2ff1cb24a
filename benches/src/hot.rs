//! The ten hottest operations, each proved, ready to be repeated: what the criterion benches time and whose instructions
//! are counted.

use std::hint::black_box;

use placewright::{Cluster, Demand, Placement, Request, RequestId, Route, TaskId, expr};

use crate::Fleet;
use crate::cell::{Cell, Chain, Limit, Operation, ROLLBACK, State};
use crate::churn::Churn;
use crate::document::QUERY;
use crate::meter::Outcome;

/// Instances of the clusters they run on.
pub const INSTANCES: usize = 1000;
/// Tasks of a batch here.
const BATCH: u32 = 1000;
/// Steps of a proof.
const PROOF_STEPS: usize = 200;

/// Does an operation so many times.
pub type Repeat = Box<dyn FnMut(usize) -> Outcome<()>>;

/// One operation, by its name, with what it runs on.
pub struct Hot {
    /// Name, as a path.
    pub name: String,
    /// Repetitions whose instructions are counted.
    pub repetitions: usize,
    /// Does it so many times.
    pub run: Repeat,
}

impl std::fmt::Debug for Hot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hot").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The cells among the ten: one placement and one stop.
const CHURNS: [(Chain, Limit); 7] = [
    (Chain::BinpackMemory, Limit::None),
    (Chain::SpreadAzBinpackMemory, Limit::DistinctKeep10),
    (Chain::ServiceDefault, Limit::None),
    (Chain::Random, Limit::None),
    (Chain::SpreadInstance, Limit::None),
    (Chain::BinpackMemory, Limit::Adversarial),
    (Chain::SpreadAzBinpackMemory, Limit::Services),
];

/// Names of all ten.
#[must_use]
pub fn names() -> Vec<String> {
    let churns = CHURNS.iter().map(|&(chain, limit)| churn_cell(chain, limit).to_string());
    let others = ["batch", "rollback"].map(|name| format!("{name}/indexed/binpack-memory/none/mixed75/{INSTANCES}"));
    churns.chain(others).chain(["compile-expression".to_string()]).collect()
}

/// A cell of placing and stopping.
const fn churn_cell(chain: Chain, limit: Limit) -> Cell {
    Cell { operation: Operation::Churn, instances: INSTANCES, chain, limit, state: State::Mixed75 }
}

/// One of the ten, after its answers were proved against the scan.
///
/// # Errors
/// No such name; a route that answers differently; that of the cluster.
pub fn find(name: &str) -> Outcome<Hot> {
    if name == "compile-expression" {
        let run = |times| {
            for _ in 0..times {
                black_box(expr::compile(black_box(QUERY))?);
            }
            Ok(())
        };
        return Ok(Hot { name: name.into(), repetitions: 200, run: Box::new(run) });
    }
    let fleet = Fleet::new(INSTANCES, State::Mixed75);
    let (indexed, tasks) = fleet.cluster(Route::Indexed)?;
    let (scan, _) = fleet.cluster(Route::Scan)?;
    let (repetitions, run): (usize, Repeat) = match name.split('/').next() {
        Some("batch") => (4, batch(indexed, scan)?),
        Some("rollback") => (1, rollback(&fleet, (indexed, scan), &tasks)?),
        _ => {
            let cells = CHURNS.iter().map(|&(chain, limit)| churn_cell(chain, limit));
            let cell = cells.into_iter().find(|cell| cell.to_string() == name).ok_or("no such operation")?;
            let mut churn = prove_churn(&cell, &fleet, (indexed, scan), &tasks)?;
            let run = move |times| {
                for _ in 0..times {
                    black_box(churn.step()?);
                }
                Ok(())
            };
            (1000, Box::new(run))
        }
    };
    Ok(Hot { name: name.into(), repetitions, run })
}

/// A cell's churn on the indexed route, after the same steps on both.
fn prove_churn(cell: &Cell, fleet: &Fleet, (indexed, scan): (Cluster, Cluster), tasks: &[TaskId]) -> Outcome<Churn> {
    let mut indexed = Churn::new(cell, fleet, indexed, tasks)?;
    let mut scan = Churn::new(cell, fleet, scan, tasks)?;
    for step in 0..PROOF_STEPS {
        let (found, expected) = (indexed.step()?, scan.step()?);
        if found != expected {
            return Err(format!("{cell}: step {step} is {found:?}, the scan says {expected:?}").into());
        }
    }
    Ok(indexed)
}

/// Places a batch and takes it back.
fn place_and_take_back(cluster: &mut Cluster, request: RequestId, placements: &mut Vec<Placement>) -> Outcome<()> {
    placements.clear();
    let savepoint = cluster.begin();
    black_box(cluster.place(request, placements)?);
    Ok(cluster.rollback(savepoint)?)
}

/// A batch placed by one call and rolled back.
fn batch(mut indexed: Cluster, mut scan: Cluster) -> Outcome<Repeat> {
    let request = Request::new("batch", Demand::new(128, 256)).with_strategies(Chain::BinpackMemory.chain()?);
    let request = request.with_count(BATCH);
    let (id, id_of_scan) = (indexed.prepare(&request)?, scan.prepare(&request)?);
    let mut placements = Vec::with_capacity(usize::try_from(BATCH)?);
    let mut expected = Vec::new();
    place_and_take_back(&mut indexed, id, &mut placements)?;
    place_and_take_back(&mut scan, id_of_scan, &mut expected)?;
    if placements != expected {
        return Err("the routes place a batch differently".into());
    }
    Ok(Box::new(move |times| {
        for _ in 0..times {
            place_and_take_back(&mut indexed, id, &mut placements)?;
        }
        Ok(())
    }))
}

/// A savepoint, a thousand placements, the rollback.
fn rollback(fleet: &Fleet, clusters: (Cluster, Cluster), tasks: &[TaskId]) -> Outcome<Repeat> {
    let cell = churn_cell(Chain::BinpackMemory, Limit::None);
    let mut churn = prove_churn(&cell, fleet, clusters, tasks)?;
    let fingerprint = churn.cluster.fingerprint();
    take_back_placements(&mut churn)?;
    if churn.cluster.fingerprint() != fingerprint {
        return Err("a rollback leaves another state".into());
    }
    Ok(Box::new(move |times| {
        for _ in 0..times {
            take_back_placements(&mut churn)?;
        }
        Ok(())
    }))
}

/// Opens a savepoint, places a thousand tasks, rolls back.
fn take_back_placements(churn: &mut Churn) -> Outcome<()> {
    let savepoint = churn.cluster.begin();
    for number in 0..ROLLBACK {
        black_box(churn.cluster.place_one(churn.requests[number % churn.requests.len()])?);
    }
    Ok(churn.cluster.rollback(savepoint)?)
}

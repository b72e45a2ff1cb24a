//! The native side of `bindings-python/benches/overhead.py`: the same calls on a session, timed, as one JSON object of seconds.
//! Beside each bulk figure, `engine/…` is the engine alone placing one by one, which names no task, and `engine-list/…` the engine
//! alone placing the list. The last figures are what else takes long on a large cluster.

use std::time::{Duration, Instant};
use std::{env, fs};

use placewright::adapter::{Session, SessionOptions};
use placewright::json::Json;
use placewright::{RequestId, Strategy, StrategyChain};

/// Times each figure is taken; the least counts.
const ROUNDS: usize = 7;
/// Kinds of requests.
const KINDS: usize = 8;
/// Single requests that are timed together.
const SINGLE: usize = 1000;

/// The least time that `work` says it took.
fn least(mut work: impl FnMut() -> Duration) -> f64 {
    (0..ROUNDS).map(|_| work()).min().unwrap_or_default().as_secs_f64()
}

/// The least time that `work` takes, which says whether it did what it should.
fn timed(mut work: impl FnMut() -> bool) -> f64 {
    least(|| {
        let start = Instant::now();
        let is_right = work();
        let took = start.elapsed();
        assert!(is_right, "the answer is wrong");
        took
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = env::args().skip(1);
    let text = fs::read_to_string(args.next().ok_or("a file of instances")?)?;
    let count: usize = args.next().ok_or("a number of requests")?.parse()?;
    let mut figures = Vec::new();
    let load = least(|| {
        let start = Instant::now();
        let session = Session::from_json(&text, SessionOptions::default());
        let took = start.elapsed();
        assert!(session.is_ok(), "the file is no cluster");
        took
    });
    figures.push(format!("\"load\": {load}"));
    figures.push(format!("\"parse\": {}", timed(|| Json::parse(&text).is_ok())));
    let mut session = Session::from_json(&text, SessionOptions::default())?;
    for kind in 0..KINDS {
        let (cpu, memory) = (64 + 32 * kind, 128 + 64 * kind);
        session.register_task_definition(&format!(
            r#"{{"family": "t{kind}", "containerDefinitions": [{{"name": "app", "cpu": {cpu}, "memory": {memory}}}]}}"#
        ))?;
    }
    let binpack = Strategy::Binpack(placewright::BinpackField::Memory);
    let chains = [
        ("binpack", StrategyChain::from(binpack.clone())),
        ("spread-binpack", StrategyChain::new([Strategy::spread("ecs.availability-zone"), binpack])?),
    ];
    for (name, chain) in chains {
        let mut kinds: Vec<RequestId> = Vec::new();
        for kind in 0..KINDS {
            let text = format!(r#"{{"taskDefinition": "t{kind}", "group": "service:x"}}"#);
            let mut request = session.read_place(&Json::parse(&text)?)?;
            request.strategies = chain.clone();
            kinds.push(session.prepare(&request)?);
        }
        let list: Vec<RequestId> = (0..count).map(|at| kinds[at % KINDS]).collect();
        let mut outcomes = Vec::with_capacity(count);
        let bulk = least(|| {
            outcomes.clear();
            let savepoint = session.begin();
            let start = Instant::now();
            let done = session.place_list(&list, &mut outcomes, &mut |_| Some(usize::MAX));
            let took = start.elapsed();
            assert!(done.is_ok() && outcomes.iter().all(Option::is_some), "some found no instance");
            drop(session.rollback(savepoint));
            took
        });
        figures.push(format!("\"bulk/{name}\": {bulk}"));
        let single = least(|| {
            let savepoint = session.begin();
            let start = Instant::now();
            for _ in 0..SINGLE {
                let answer = session.place_by_id(kinds[0], &mut |_| Some(usize::MAX));
                assert!(matches!(answer, Ok(Some(answer)) if answer.tasks.len() == 1), "found no instance");
            }
            let took = start.elapsed();
            drop(session.rollback(savepoint));
            took
        });
        figures.push(format!("\"single/{name}\": {}", single / SINGLE as f64));
        let mut cluster = session.cluster().clone();
        let engine = least(|| {
            let savepoint = cluster.begin();
            let start = Instant::now();
            for &id in &list {
                assert!(cluster.place_one(id).is_ok(), "is refused");
            }
            let took = start.elapsed();
            drop(cluster.rollback(savepoint));
            took
        });
        figures.push(format!("\"engine/{name}\": {engine}"));
        let mut placements = Vec::with_capacity(count);
        let list = least(|| {
            placements.clear();
            let savepoint = cluster.begin();
            let start = Instant::now();
            let placed = cluster.place_list(&list, &mut placements);
            let took = start.elapsed();
            assert_eq!(placed.ok(), Some(count), "some found no instance");
            drop(cluster.rollback(savepoint));
            took
        });
        figures.push(format!("\"engine-list/{name}\": {list}"));
    }
    figures.push(format!("\"copy\": {}", timed(|| session.clone().cluster().instances().len() > 0)));
    figures.push(format!("\"export\": {}", timed(|| !session.export().is_empty())));
    let small = session.read_place(&Json::parse(r#"{"taskDefinition": "t0"}"#)?)?;
    let small = session.prepare(&small)?;
    figures.push(format!("\"explain\": {}", timed(|| session.cluster().explain(small).is_ok())));
    println!("{{{}}}", figures.join(", "));
    Ok(())
}

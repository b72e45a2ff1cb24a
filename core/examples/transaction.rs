//! Tries a change before it is made: how many more tasks would fit with one instance more, and without another.
//!
//! `cargo run --example transaction` prints:
//!
//! ```text
//! as it is: 14 tasks
//! with i-3: 29 tasks
//! i-1 draining: 7 tasks
//! tasks after the inner rollback: 0
//! unchanged: true
//! tasks after the commit: 1
//! ```

use placewright::{BinpackField, Cluster, Demand, Error, Instance, InstanceStatus, Request, RequestId, Strategy};

/// Places tasks of a request until none fits; returns how many there were.
fn fill(cluster: &mut Cluster, request: RequestId) -> Result<u32, Error> {
    let mut placed = 0;
    while cluster.place_one(request)?.placement().is_some() {
        placed += 1;
    }
    Ok(placed)
}

fn main() -> Result<(), Error> {
    let mut cluster = Cluster::new();
    let first = cluster.register(&Instance::new("i-1").with_resources(2048, 3900))?;
    cluster.register(&Instance::new("i-2").with_resources(2048, 3900))?;
    let request = Request::new("web:7", Demand::new(256, 512)).with_strategies(Strategy::Binpack(BinpackField::Memory));
    let web = cluster.prepare(&request)?;
    let before = cluster.fingerprint();

    // A transaction that is dropped never happened.
    {
        let mut what_if = cluster.transaction();
        println!("as it is: {} tasks", fill(&mut what_if, web)?);
    }

    // Instances can come and change inside one, too.
    {
        let mut what_if = cluster.transaction();
        what_if.register(&Instance::new("i-3").with_resources(4096, 7800))?;
        println!("with i-3: {} tasks", fill(&mut what_if, web)?);
    }

    // Savepoints are the same without a borrow, and they nest.
    let outer = cluster.begin();
    cluster.set_status(first, InstanceStatus::Draining)?;
    let inner = cluster.begin();
    println!("i-1 draining: {} tasks", fill(&mut cluster, web)?);
    cluster.rollback(inner)?;
    println!("tasks after the inner rollback: {}", cluster.running_tasks());
    cluster.rollback(outer)?;

    // Rolling back restores the state exactly.
    println!("unchanged: {}", cluster.fingerprint() == before);

    // What is committed stays.
    let mut change = cluster.transaction();
    change.place_one(web)?;
    change.commit()?;
    println!("tasks after the commit: {}", cluster.running_tasks());
    Ok(())
}

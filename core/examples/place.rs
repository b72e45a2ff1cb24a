//! Places the tasks of a service over two zones, and asks why the first goes where it goes and the last nowhere.
//!
//! `cargo run --example place` prints:
//!
//! ```text
//! task of web:7 in group family:web
//! 3 registered -> 3 considered -> 3 meet the requirements -> 2 meet the constraints
//! winner i-2: spread(attribute:ecs.availability-zone) = 0, binpack(memory) = 1900
//! runner-up i-1: spread(attribute:ecs.availability-zone) = 0, binpack(memory) = 3900
//! decided by binpack(memory)
//! 1 x MemberOf placement constraint unsatisfied.
//! placed on i-2
//! placed on i-1
//! placed on i-1
//! placed on i-1
//! 4 of 5 placed, for the next:
//! task of web:7 in group family:web
//! 3 registered -> 3 considered -> 1 meet the requirements -> 0 meet the constraints
//! 2 x RESOURCE:MEMORY
//! 1 x MemberOf placement constraint unsatisfied.
//! nearest: would fit without constraint 1 on i-3
//! ```

use placewright::expr::compile;
use placewright::{BinpackField, Cluster, Constraint, Demand, Instance, Request, Strategy, StrategyChain};

fn main() -> Result<(), placewright::Error> {
    // A cluster is told of its instances once; registration order settles ties.
    let mut cluster = Cluster::new();
    cluster.register(&Instance::new("i-1").with_resources(2048, 3900).with_zone("eu-west-1a"))?;
    cluster.register(&Instance::new("i-2").with_resources(1024, 1900).with_zone("eu-west-1b"))?;
    cluster.register(&Instance::new("i-3").with_resources(4096, 7900).with_zone("eu-west-1c"))?;

    // A request says what a task takes, where it may go, and what is best.
    let request = Request::new("web:7", Demand::new(512, 1024))
        .with_count(5)
        .with_constraint(Constraint::MemberOf(compile("attribute:ecs.availability-zone in [eu-west-1a, eu-west-1b]")?))
        .with_strategies(StrategyChain::new([
            Strategy::spread("ecs.availability-zone"),
            Strategy::Binpack(BinpackField::Memory),
        ])?);

    // Preparing it looks everything up; placing reads integers only.
    let web = cluster.prepare(&request)?;
    print!("{}", cluster.explain(web)?);

    let mut placements = Vec::new();
    let rejection = cluster.place(web, &mut placements)?;
    for placement in &placements {
        println!("placed on {}", cluster.instance(placement.instance)?.name());
    }

    // Finding no instance is an answer, not an error, and it has reasons.
    if let Some(rejection) = rejection {
        println!("{} of {} placed, for the next:", rejection.placed, rejection.wanted);
        print!("{}", cluster.explain(web)?);
    }
    Ok(())
}

//! Packing: how few instances of which types hold a set of tasks, and how far from the best possible that is.

use std::ops::ControlFlow;

use placewright::pack::{BinType, GroupRule, Item, Options, Problem, Spread, solve, verify};
use placewright::{Constraint, Error, expr};

/// Millionths in one unit of cost.
const UNIT: f64 = 1e6;

fn main() -> Result<(), Error> {
    let mut builder = Problem::builder(["cpu", "memory"])?;
    for zone in ["a", "b", "c"] {
        for (name, capacity, cost) in [("m7g.large", [2048, 8192], 81_600), ("m7g.xlarge", [4096, 16384], 163_200)] {
            let id = format!("{name}/{zone}");
            let bin = BinType::new(&id, &capacity).with_cost(cost).with_attribute("arch", "arm64");
            builder.add_type(&bin.with_attribute("ecs.availability-zone", zone))?;
        }
    }
    // An instance that already runs costs nothing more.
    builder.add_type(&BinType::new("i-0abc", &[900, 5000]).with_cost(0).with_limit(1))?;

    let on_arm = Constraint::MemberOf(expr::compile("attribute:arch == arm64")?);
    builder
        .add_item(&Item::new("web", &[500, 1000]).with_count(12).with_group("service:web").with_constraint(on_arm))?;
    builder.add_item(&Item::new("worker", &[250, 2500]).with_count(9))?;
    builder.add_item(&Item::new("agent", &[100, 128]).with_count(4).with_constraint(Constraint::DistinctInstance))?;
    let spread = Spread { attribute: "ecs.availability-zone", skew_max: 1 };
    builder.add_rule("service:web", &GroupRule { spread: Some(spread), ..GroupRule::default() })?;
    let problem = builder.build()?;

    let mut best = None;
    let answer = solve(&problem, &Options::default(), &mut |progress| {
        // It is asked every thousand steps, whether or not there is news.
        if let Some(value) = progress.value.filter(|_| progress.value != best) {
            println!("{:>10} steps: {:.4} by {}", progress.steps, value as f64 / UNIT, progress.solver);
            best = progress.value;
        }
        ControlFlow::Continue(())
    });
    for bins in answer.packing.bins(&problem) {
        let items: Vec<String> =
            bins.items.iter().map(|&(row, number)| format!("{number} {}", problem.row_id(row))).collect();
        println!("{} x {}: {}", bins.count, problem.type_id(bins.bin_type), items.join(", "));
    }
    println!(
        "{:.4} a hour, at least {:.4} ({})",
        answer.value as f64 / UNIT,
        answer.lower_bound as f64 / UNIT,
        answer.bound_name
    );
    assert_eq!(verify(&problem, &answer.packing)?.cost, answer.value);
    assert!(answer.unpacked.is_empty());
    Ok(())
}

//! Changes of instances, ready to be repeated: a test holds their instructions to the bounds that their documents give.
//!
//! A name reads `CHANGE/INSTANCES/FILTERS`: as many prepared requests have a filter each over the attribute `stack`.

use placewright::{
    BinpackField, Cluster, Constraint, Demand, Instance, InstanceId, InstanceStatus, InstanceView, Options, Request,
    Route, Strategy, expr,
};

use crate::hot::{Hot, Repeat};
use crate::meter::Outcome;

/// Repetitions whose instructions are counted: fewer than instances, so that the orders are not built anew meanwhile.
const REPETITIONS: usize = 200;

/// One change there and back, so often: an instance after another, far apart.
fn change(change: &str, cluster: &mut Cluster, ids: &mut [InstanceId], times: usize) -> Outcome<()> {
    for step in 0..times {
        let at = step * 7919 % ids.len();
        let id = &mut ids[at];
        match change {
            "set-status" => {
                cluster.set_status(*id, InstanceStatus::Draining)?;
                cluster.set_status(*id, InstanceStatus::Active)?;
            }
            "put-attribute" | "put-unread-attribute" => {
                let name = if change == "put-attribute" { "stack" } else { "rack" };
                cluster.put_attribute(*id, name, Some("s1"))?;
                cluster.put_attribute(*id, name, Some("s0"))?;
            }
            "register" => {
                cluster.deregister(*id, false)?;
                *id = register(cluster, at)?;
            }
            _ => return Err("no such change".into()),
        }
    }
    Ok(())
}

/// Registers an instance.
fn register(cluster: &mut Cluster, at: usize) -> Outcome<InstanceId> {
    let name = format!("ci/{at}");
    let instance = Instance::new(&name).with_resources(4096, 8192 + i64::try_from(at % 64)?);
    Ok(cluster.register(&instance.with_attribute("stack", "s0").with_attribute("rack", "s0"))?)
}

/// The change of a name.
///
/// # Errors
/// No such name; that of the cluster.
pub fn find(name: &str) -> Outcome<Hot> {
    let [kind, instances, filters] = name.split('/').collect::<Vec<_>>()[..] else {
        return Err("no such change".into());
    };
    let (kind, instances, filters) = (kind.to_string(), instances.parse()?, filters.parse()?);
    let mut cluster = Cluster::with_options(Options { route: Route::Indexed, ..Options::default() });
    let mut ids = Vec::new();
    for at in 0..instances {
        ids.push(register(&mut cluster, at)?);
    }
    let memory = Strategy::Binpack(BinpackField::Memory);
    for filter in 0..filters {
        let keeps = Constraint::MemberOf(expr::compile(&format!("attribute:stack == s{filter}"))?);
        let request =
            Request::new("task", Demand::new(256, 512)).with_strategies(memory.clone()).with_constraint(keeps);
        let request = cluster.prepare(&request)?;
        cluster.place_one(request)?;
    }
    // What is placed for the orders to be there would keep its instance from being taken out.
    let placed: Vec<_> = ids.iter().flat_map(|&id| cluster.instance(id).map(InstanceView::tasks)).flatten().collect();
    for task in placed {
        cluster.stop(task)?;
    }
    let run: Repeat = Box::new(move |times| change(&kind, &mut cluster, &mut ids, times));
    Ok(Hot { name: name.into(), repetitions: REPETITIONS, run })
}

//! The remaining room of a live cluster as a packing problem, so that a set of tasks is placed as a set, whatever its order.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::item::{BinType, Item};
use super::problem::Problem;
use crate::attribute::{AVAILABILITY_ZONE, CPU_ARCHITECTURE, EXTERNAL, INSTANCE_TYPE, OS_TYPE, TASK_ENI};
use crate::cluster::Cluster;
use crate::constraint::Constraint;
use crate::demand::GpuDemand;
use crate::error::{Error, ErrorKind};
use crate::id::InstanceId;
use crate::index::eligibility::slice_of_type;
use crate::instance::{InstanceStatus, Protocol};
use crate::limits::{DEVICE_WHOLE, PACK_COST_UNIT};
use crate::request::{LaunchKind, Request};
use crate::resource::ResourceKind;
use crate::view::InstanceView;

/// What is left of a cluster's instances, each a bin type of its own, and the tasks of requests, each request a row.
///
/// An instance that runs tasks costs nothing, an idle one costs 1: so as few more as possible come into use. Instances that are
/// not ACTIVE and connected are no types.
///
/// # Example
/// ```
/// use std::ops::ControlFlow;
///
/// use placewright::pack::{Live, Options, solve};
/// use placewright::{Cluster, Demand, Instance, Request};
///
/// let mut cluster = Cluster::new();
/// for name in ["i-1", "i-2"] {
///     cluster.register(&Instance::new(name).with_resources(1000, 4000))?;
/// }
/// // The small ones first: one by one, the most even way leaves no room for the large one.
/// let requests =
///     [Request::new("small", Demand::new(400, 100)).with_count(2), Request::new("large", Demand::new(1000, 100))];
/// let live = Live::new(&cluster, &requests)?;
/// let answer = solve(live.problem(), &Options::default(), &mut |_| ControlFlow::Continue(()));
/// assert!(answer.unpacked.is_empty() && answer.optimal);
/// for bins in answer.packing.bins(live.problem()) {
///     let instance = live.instance(bins.bin_type);
///     for (row, number) in bins.items {
///         let request = cluster.prepare(&requests[row as usize])?;
///         for _ in 0..number {
///             assert!(cluster.start(request, instance)?.is_ok());
///         }
///     }
/// }
/// # Ok::<(), placewright::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Live {
    /// The problem.
    problem: Problem,
    /// The instance of each type.
    instances: Vec<InstanceId>,
}

impl Live {
    /// The problem of placing these requests, each with its whole count, on what is left of a cluster.
    ///
    /// Strategies, seeds and `all_or_nothing` play no part. `distinctInstance` holds for the whole group, whichever request says
    /// so.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConstraint`] for a `memberOf` that reads running tasks, which the packing itself changes;
    /// [`ErrorKind::InvalidAmount`] for a negative demand; those of [`ProblemBuilder`](super::ProblemBuilder).
    ///
    /// # Cost
    /// O(instances × (tasks + requests)).
    pub fn new(cluster: &Cluster, requests: &[Request]) -> Result<Self, Error> {
        let custom: Vec<(&str, ResourceKind)> = cluster
            .custom_resources()
            .zip(0..)
            .filter(|(name, _)| {
                requests.iter().any(|request| request.demand.custom.iter().any(|(known, _)| known == name))
            })
            .map(|(name, index)| (name, ResourceKind::Custom(index)))
            .collect();
        let mut columns = alloc::vec![("cpu", ResourceKind::Cpu), ("memory", ResourceKind::Memory)];
        if requests.iter().any(|request| !request.demand.ports.is_empty()) {
            columns.push(("host-ports", ResourceKind::Ports));
        }
        columns.extend(custom);
        let mut builder = Problem::builder(columns.iter().map(|(name, _)| name))?;
        let groups: BTreeSet<&str> = requests.iter().map(|request| request.group.as_str()).collect();
        let mut instances = Vec::new();
        for id in cluster.instances() {
            let view = cluster.instance(id)?;
            if view.status() == InstanceStatus::Active && view.is_agent_connected() {
                let capacity: Vec<u64> =
                    columns.iter().map(|&(_, kind)| u64::try_from(view.remaining(kind)).unwrap_or(0)).collect();
                builder.add_type(&bin_type(cluster, view, &capacity, &groups)?)?;
                instances.push(id);
            }
        }
        let views = instances.iter().map(|&id| cluster.instance(id)).collect::<Result<Vec<_>, _>>()?;
        for (at, request) in requests.iter().enumerate() {
            let added = item(request, &columns, cluster, &views).and_then(|(demand, types)| {
                let mut item = Item::new(&request.definition, &demand).with_count(u64::from(request.count));
                item.group = Some(&request.group);
                item.types = Some(types);
                item.ports.clone_from(&request.demand.ports);
                item.needs_eni = request.demand.eni;
                item.gpus = match request.demand.gpus {
                    GpuDemand::Slice(_) => GpuDemand::All,
                    other => other,
                };
                if request.constraints.contains(&Constraint::DistinctInstance) {
                    item.constraints.push(Constraint::DistinctInstance);
                }
                builder.add_item(&item)
            });
            added.map_err(|error| error.in_path(&format!("[{at}]")))?;
        }
        Ok(Self { problem: builder.build()?, instances })
    }

    /// The problem. Its rows are the requests, its types the instances.
    #[must_use]
    pub const fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The instance that a type stands for.
    ///
    /// # Panics
    /// For a type there is not.
    #[must_use]
    pub fn instance(&self, bin_type: u32) -> InstanceId {
        self.instances[bin_type as usize]
    }
}

/// What is left of an instance.
fn bin_type<'c>(
    cluster: &'c Cluster,
    view: InstanceView<'c>,
    capacity: &'c [u64],
    groups: &BTreeSet<&'c str>,
) -> Result<BinType<'c>, Error> {
    let mut bin = BinType::new(view.name(), capacity).with_limit(1);
    bin.cost = if view.running_tasks() == 0 { PACK_COST_UNIT } else { 0 };
    bin.attributes = view.attributes();
    bin.devices = view.devices().map(|device| DEVICE_WHOLE.saturating_sub(device.taken)).collect();
    bin.eni_slots = view.eni_task_slots_remaining();
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        bin.ports.extend(view.ports(protocol).into_iter().map(|port| (protocol, port)));
    }
    let mut running: BTreeMap<&str, u32> = BTreeMap::new();
    for task in view.tasks() {
        let task = cluster.task(task)?;
        if let Some(group) = groups.get(task.group()).filter(|_| !task.is_stopping()) {
            *running.entry(group).or_default() += 1;
        }
    }
    bin.running = running.into_iter().collect();
    Ok(bin)
}

/// The demand of a request in some dimensions, and the instances it may go to as far as standing facts are concerned.
fn item(
    request: &Request,
    columns: &[(&str, ResourceKind)],
    cluster: &Cluster,
    views: &[InstanceView<'_>],
) -> Result<(Vec<u64>, Vec<u32>), Error> {
    let demand = &request.demand;
    let amount = |&(name, kind): &(&str, ResourceKind)| {
        let amount = match kind {
            ResourceKind::Cpu => demand.cpu,
            ResourceKind::Memory => demand.memory_mib,
            ResourceKind::Ports => i64::try_from(demand.ports.len()).unwrap_or(i64::MAX),
            _ => demand.custom.iter().find(|(known, _)| known == name).map_or(0, |&(_, amount)| amount),
        };
        u64::try_from(amount).map_err(|_| {
            Error::with_message(ErrorKind::InvalidAmount, format!("demand `{amount}` for `{name}` is negative"))
        })
    };
    let amounts = columns.iter().map(amount).collect::<Result<Vec<u64>, Error>>()?;
    let mut matching: Vec<BTreeSet<InstanceId>> = Vec::new();
    for constraint in &request.constraints {
        if let Constraint::MemberOf(expression) = constraint {
            if expression.residue().is_some() {
                let message = format!("`{expression}` asks for running tasks, and packing changes them");
                return Err(Error::with_message(ErrorKind::InvalidConstraint, message)
                    .with_help("ask for attributes, or place one by one"));
            }
            matching.push(cluster.query(expression).into_iter().collect());
        }
    }
    let may = |view: &InstanceView<'_>| {
        matching.iter().all(|ids| ids.contains(&view.id())) && !demand.ports_clash && is_suitable(request, *view)
    };
    let types = (0..).zip(views).filter(|(_, view)| may(view)).map(|(bin_type, _)| bin_type).collect();
    Ok((amounts, types))
}

/// Whether an instance is of the kind that a request may go to (semantics.md §1.5, §2.1, §6.3).
fn is_suitable(request: &Request, view: InstanceView<'_>) -> bool {
    let demand = &request.demand;
    let is_external = view.attribute(EXTERNAL).is_some();
    let agrees = |name: &str, wanted: &Option<String>| match (wanted, view.attribute(name)) {
        (Some(wanted), Some(value)) => wanted == value,
        _ => true,
    };
    let slice = view.attribute(INSTANCE_TYPE).and_then(slice_of_type);
    let launch = match request.launch {
        LaunchKind::Any => true,
        LaunchKind::Ec2 => !is_external,
        LaunchKind::External => is_external,
    };
    let zone = request.zones.as_ref().is_none_or(|zones| {
        view.attribute(AVAILABILITY_ZONE).is_some_and(|zone| zones.iter().any(|wanted| wanted == zone))
    });
    let gpus = match demand.gpus {
        GpuDemand::None => true,
        GpuDemand::Slice(thousandths) => slice == Some(thousandths),
        _ => slice.is_none(),
    };
    let required =
        demand.required_attributes.iter().all(|required| match (&required.value, view.attribute(&required.name)) {
            (Some(wanted), Some(value)) => wanted == value,
            (None, value) => value.is_some(),
            (Some(_), None) => false,
        });
    let eni = !demand.eni || view.attribute(TASK_ENI).is_some() || view.eni_task_slots_given().is_some();
    launch
        && zone
        && gpus
        && required
        && eni
        && agrees(CPU_ARCHITECTURE, &demand.cpu_architecture)
        && agrees(OS_TYPE, &demand.os_type)
}

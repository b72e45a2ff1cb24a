//! Fixtures: the same clusters for every bench and every release, from a seed, through the public interface only.
//!
//! The workload "mixed": four EC2-like shapes of instances with equal odds, zones round robin; tasks of 256 to 4096 CPU
//! units with one to eight GiB of memory for each vCPU, the memory jittered by an eighth; 32 task groups; one definition in
//! eight wants a host port. A [`Fleet`] is a state worked out with the reference kernel; [`Fleet::cluster`] makes the
//! cluster of it, with every task known one by one.

pub mod cell;
pub mod churn;
pub mod control;
pub mod document;
pub mod hot;
pub mod instructions;
pub mod kernel;
pub mod list;
pub mod meter;

use placewright::{
    Capacity, Cluster, Demand, Instance, Options, Protocol, Request, RequestId, Route, Strategy, TaskId,
};

use cell::{State, THIRD, THIRD_AND_CPU};
use kernel::{Kernel, Tree, slots_visited_last};
use meter::Outcome;

/// Distinct task shapes of a fleet.
pub const TASK_SHAPES: usize = 256;
/// Task groups of a fleet; the last is `database`.
pub const GROUPS: usize = 32;
/// Tasks that a cell places for itself and replaces at random, where it does not replace any task of the fleet.
pub const POOL: usize = 64;
/// Placements beyond the fleet's own tasks that a cluster has room for.
pub const ROOM: usize = 1 << 15;

/// SplitMix64: the draws of the fixtures.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// A generator with a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, at most 2^32.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((self.next_u64() >> 32) * bound) >> 32
    }

    /// An index below `bound`.
    #[expect(clippy::cast_possible_truncation, reason = "the draw is below an index")]
    pub fn index(&mut self, bound: usize) -> usize {
        self.below(bound as u64) as usize
    }

    /// An amount below `bound`.
    #[expect(clippy::cast_possible_truncation, reason = "the draw is below an amount")]
    pub fn amount(&mut self, bound: i32) -> i32 {
        self.below(u64::from(bound.unsigned_abs())) as i32
    }
}

/// What a task takes: CPU units and memory in MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskShape {
    /// CPU units.
    pub cpu: i32,
    /// Memory in MiB.
    pub memory_mib: i32,
}

impl TaskShape {
    /// A shape of the mixed workload.
    fn mixed(rng: &mut Rng) -> Self {
        let cpu = 256 << rng.amount(5);
        let memory_mib = cpu * (1 << rng.amount(4));
        Self { cpu, memory_mib: memory_mib * (896 + rng.amount(256)) / 1024 }
    }

    /// A shape close to the limit of anticorrelated instances.
    fn anticorrelated(rng: &mut Rng) -> Self {
        let memory_mib = rng.amount(180_000) + 1;
        Self { cpu: 200_000 - memory_mib - rng.amount(1000), memory_mib }
    }
}

/// A task of a fleet.
#[derive(Debug, Clone, Copy)]
pub struct FleetTask {
    /// Its instance, by registration position.
    pub instance: u32,
    /// Its shape.
    pub shape: u16,
}

/// A state of a cluster: what its instances have, what is left, and the tasks on them.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// The state it is in.
    pub state: State,
    /// CPU units that each instance registers with.
    pub cpu: Vec<i32>,
    /// Memory that each instance registers with, in MiB.
    pub memory_mib: Vec<i32>,
    /// CPU units left.
    pub cpu_left: Vec<i32>,
    /// Memory left, in MiB.
    pub memory_left: Vec<i32>,
    /// The task shapes.
    pub shapes: Vec<TaskShape>,
    /// The tasks, oldest first.
    pub tasks: Vec<FleetTask>,
    /// Instances of the random tenth.
    pub kept: Vec<bool>,
    /// Instances of the tenth with the most memory left.
    pub kept_last: Vec<bool>,
}

impl Fleet {
    /// A fleet of so many instances in a state.
    #[must_use]
    pub fn new(instances: usize, state: State) -> Self {
        let mut rng = Rng::new(0xC0_FFEE + state as u64);
        let anticorrelated = state == State::Anticorrelated;
        let shape = if anticorrelated { TaskShape::anticorrelated } else { TaskShape::mixed };
        let shapes: Vec<TaskShape> = (0..TASK_SHAPES).map(|_| shape(&mut rng)).collect();
        let (cpu, memory_mib): (Vec<i32>, Vec<i32>) = (0..instances)
            .map(|_| {
                if state == State::Equal {
                    return (16_384, 65_536);
                }
                if anticorrelated {
                    let memory_mib = rng.amount(200_000);
                    return (200_000 - memory_mib + rng.amount(2000), memory_mib);
                }
                [(16_384, 32_768), (16_384, 65_536), (16_384, 131_072), (32_768, 131_072)][rng.index(4)]
            })
            .unzip();
        let (tasks, cpu_left, memory_left) = fill(&mut rng, state, &shapes, &cpu, &memory_mib);
        let kept = (0..instances).map(|_| rng.below(10) == 0).collect();
        let mut kept_last = vec![false; instances];
        for slot in slots_visited_last(&memory_left, 10) {
            kept_last[slot as usize] = true;
        }
        Self { state, cpu, memory_mib, cpu_left, memory_left, shapes, tasks, kept, kept_last }
    }

    /// Instances.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cpu.len()
    }

    /// Whether there is no instance.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cpu.is_empty()
    }

    /// An empty cluster with the fleet's instances and room for so much else.
    ///
    /// # Errors
    /// That of the cluster.
    pub fn instances(&self, route: Route, room: Capacity) -> Outcome<Cluster> {
        let mut cluster = Cluster::with_options(Options { route, ..Options::default() });
        cluster.reserve(Capacity { instances: self.len(), ..room });
        let is_equipped = self.state == State::Equipped;
        if is_equipped {
            cluster.declare_resource(THIRD)?;
        }
        let mut rng = Rng::new(11);
        for at in 0..self.len() {
            let (name, serial) = (format!("ci/{at}"), self.serial(at));
            let mut instance = Instance::new(&name)
                .with_resources(self.cpu[at].into(), self.memory_mib[at].into())
                .with_zone(["a", "b", "c"][at % 3])
                .with_attribute("class", cell::CLASSES[at % cell::CLASSES.len()]);
            if self.kept[at] {
                instance = instance.with_attribute("stack", "prod");
            }
            if self.kept_last[at] {
                instance = instance.with_attribute("visited", "last");
            }
            if is_equipped {
                let amount = THIRD_AND_CPU - self.cpu_left[at] + rng.amount(2048);
                instance = instance.with_custom(THIRD, amount.into()).with_attribute("serial", &serial);
                instance = instance.with_eni_task_slots(u32::try_from(at % 3)?);
                if at % 4 == 0 {
                    instance = instance.with_gpus(["gpu-0", "gpu-1", "gpu-2", "gpu-3"]);
                }
            }
            cluster.register(&instance)?;
        }
        Ok(cluster)
    }

    /// A text that no other instance has, which tells whether it is among those kept.
    #[must_use]
    pub fn serial(&self, at: usize) -> String {
        let (kept, last) = (if self.kept[at] { "kept" } else { "" }, if self.kept_last[at] { "last" } else { "" });
        format!("{kept}{last}-{at}")
    }

    /// The cluster, and its tasks in the order of the fleet's.
    ///
    /// # Errors
    /// That of the cluster; a task that does not fit where the kernel placed it.
    pub fn cluster(&self, route: Route) -> Outcome<(Cluster, Vec<TaskId>)> {
        let tasks = self.tasks.len() + ROOM;
        let room = Capacity { tasks, ports: tasks / 4, changes: 4 * ROOM, savepoints: 4, ..Capacity::default() };
        let mut cluster = self.instances(route, room)?;
        let (tasks, _) = self.start_tasks(&mut cluster)?;
        Ok((cluster, tasks))
    }

    /// Starts the fleet's tasks. Their requests stay prepared, as those of services that are alive do.
    ///
    /// # Errors
    /// As [`cluster`](Self::cluster).
    pub fn start_tasks(&self, cluster: &mut Cluster) -> Outcome<(Vec<TaskId>, Vec<RequestId>)> {
        let mut plain = Vec::new();
        let mut with_port = Vec::new();
        for shape in 0..self.shapes.len() {
            // The fleet's own requests stay prepared. They draw, so that the only orders kept are those of the cell.
            let request = self.request(shape).with_strategies(Strategy::Random);
            plain.push(cluster.prepare(&request)?);
            let port = 20_000 + u16::try_from(shape)?;
            let wants = Request { demand: request.demand.clone().with_port(Protocol::Tcp, port), ..request };
            with_port.push(if shape % 8 == 0 { Some(cluster.prepare(&wants)?) } else { None });
        }
        let ids: Vec<_> = cluster.instances().collect();
        let mut tasks = Vec::with_capacity(self.tasks.len());
        for task in &self.tasks {
            let (shape, instance) = (usize::from(task.shape), ids[task.instance as usize]);
            let mut started = cluster.start(with_port[shape].unwrap_or(plain[shape]), instance)?;
            if started.is_err() {
                // Another task of the shape holds the port already.
                started = cluster.start(plain[shape], instance)?;
            }
            tasks.push(started.map_err(|reason| cluster.reason_text(reason))?.task);
        }
        Ok((tasks, plain.into_iter().chain(with_port.into_iter().flatten()).collect()))
    }

    /// A request for one task of a shape, in the shape's group, with no constraint and no strategy.
    #[must_use]
    pub fn request(&self, shape: usize) -> Request {
        let TaskShape { cpu, memory_mib } = self.shapes[shape];
        let group = match shape % GROUPS {
            31 => "database".to_string(),
            group => format!("service:{group}"),
        };
        Request::new(format!("shape-{shape}:1"), Demand::new(cpu.into(), memory_mib.into())).with_group(group)
    }
}

/// What filling leaves: the tasks, and CPU and memory left.
type Filled = (Vec<FleetTask>, Vec<i32>, Vec<i32>);

/// Fills empty instances to a state, best fit by memory; three quarters full, tasks then come and go for a while.
fn fill(rng: &mut Rng, state: State, shapes: &[TaskShape], cpu: &[i32], memory_mib: &[i32]) -> Filled {
    let (mut cpu_left, mut memory_left) = (cpu.to_vec(), memory_mib.to_vec());
    let mut kernel = Tree::new(cpu, memory_mib);
    let mut tasks: Vec<FleetTask> = Vec::new();
    let (mut cpu_used, mut memory_used) = (0, 0);
    let total = |column: &[i32]| column.iter().copied().map(i64::from).sum::<i64>();
    let (cpu_total, memory_total) = (total(cpu), total(memory_mib));
    let few = POOL.min(cpu.len() / 2);
    let mut rejected = 0;
    let mut place = |rng: &mut Rng, kernel: &mut Tree| -> Option<FleetTask> {
        let shape = rng.index(shapes.len());
        let TaskShape { cpu, memory_mib } = shapes[shape];
        let instance = kernel.place(cpu, memory_mib, None)?;
        cpu_left[instance as usize] -= cpu;
        memory_left[instance as usize] -= memory_mib;
        Some(FleetTask { instance, shape: u16::try_from(shape).unwrap_or(0) })
    };
    loop {
        let is_done = match state {
            State::Equal => true,
            State::Fresh | State::Anticorrelated => tasks.len() >= few || rejected > 10_000,
            State::Mixed75 | State::Equipped => {
                cpu_used * 4 >= cpu_total * 3 || memory_used * 4 >= memory_total * 3 || rejected > 0
            }
            State::NearlyFull => rejected >= 8,
        };
        if is_done {
            break;
        }
        match place(rng, &mut kernel) {
            Some(task) => {
                let shape = shapes[usize::from(task.shape)];
                cpu_used += i64::from(shape.cpu);
                memory_used += i64::from(shape.memory_mib);
                tasks.push(task);
            }
            None => rejected += 1,
        }
    }
    let mut stopped = Vec::new();
    let mut stop = |kernel: &mut Tree, task: FleetTask| {
        let shape = shapes[usize::from(task.shape)];
        kernel.release(task.instance, shape.cpu, shape.memory_mib);
        stopped.push(task);
    };
    match state {
        State::Mixed75 | State::Equipped => {
            for _ in 0..3 * cpu.len() {
                let Some(task) = place(rng, &mut kernel) else { continue };
                let at = rng.index(tasks.len());
                stop(&mut kernel, std::mem::replace(&mut tasks[at], task));
            }
        }
        // Room for what comes and goes: otherwise hardly any task would find an instance.
        State::NearlyFull => {
            for _ in 0..tasks.len() / 32 {
                let at = rng.index(tasks.len());
                stop(&mut kernel, tasks.swap_remove(at));
            }
        }
        State::Fresh | State::Anticorrelated | State::Equal => {}
    }
    for task in stopped {
        let shape = shapes[usize::from(task.shape)];
        cpu_left[task.instance as usize] += shape.cpu;
        memory_left[task.instance as usize] += shape.memory_mib;
    }
    (tasks, cpu_left, memory_left)
}

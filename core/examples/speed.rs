//! How long one placement takes at 10,000 instances, for each chain and kind of constraint, and how long loading takes
//! beside what serde_json needs for the same text. Single runs on a shared machine drift; compare within one run.
//!
//! `cargo run --release -p placewright --features serde --example speed`

use std::error::Error;
use std::fmt::Write as _;
use std::time::Instant;

use placewright::adapter::{Session, SessionOptions};
use placewright::{
    BinpackField, Capacity, Cluster, Constraint, Demand, Instance, Protocol, Request, Strategy, StrategyChain, expr,
};

/// Instances in the fleet.
const INSTANCES: usize = 10_000;
/// Placements timed for each row.
const PLACEMENTS: u32 = 2_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut cluster = fleet()?;
    println!("{INSTANCES} instances, {:.0} bytes each", cluster.memory_usage() as f64 / INSTANCES as f64);
    println!("{:24} {:34} {:>10}", "chain", "constraint", "µs a task");
    let chains = [
        ("none", StrategyChain::default()),
        ("binpack(memory)", Strategy::Binpack(BinpackField::Memory).into()),
        (
            "spread(zone), binpack",
            StrategyChain::new([Strategy::spread("ecs.availability-zone"), Strategy::Binpack(BinpackField::Memory)])?,
        ),
        ("service default", StrategyChain::service_default()),
        ("random", Strategy::Random.into()),
    ];
    let constraints = ["", "distinctInstance", "attribute:stack == prod", "not(task:group == database)", "host port"];
    for (name, chain) in &chains {
        for constraint in constraints {
            let micros = row(&mut cluster, chain, constraint)?;
            println!("{name:24} {constraint:34} {micros:>10.1}");
        }
    }
    let ratio = load_ratio()?;
    println!("loading {INSTANCES} instances of JSON: {ratio:.2} of serde_json's time for its generic value");
    Ok(())
}

/// Instances of four shapes in three zones, one in ten for production, a database on every third.
fn fleet() -> Result<Cluster, Box<dyn Error>> {
    let mut cluster = Cluster::new();
    cluster.reserve(Capacity { instances: INSTANCES, tasks: 100_000, ports: 10_000, changes: 10_000, savepoints: 2 });
    for number in 0..INSTANCES {
        let (cpu, memory_mib) =
            [(16_384, 32_768), (16_384, 65_536), (16_384, 131_072), (32_768, 131_072)][number * 7 % 4];
        let name = format!("ci/{number}");
        let instance = Instance::new(&name)
            .with_resources(cpu, memory_mib)
            .with_zone(["a", "b", "c"][number % 3])
            .with_attribute("stack", if number % 10 == 0 { "prod" } else { "test" });
        cluster.register(&instance)?;
    }
    let database = Request::new("db", Demand::new(256, 512)).with_group("database").with_strategies(Strategy::Random);
    let id = cluster.prepare(&database)?;
    for _ in 0..INSTANCES / 3 {
        cluster.place_one(id)?;
    }
    Ok(cluster)
}

/// Microseconds a placement takes on average.
fn row(cluster: &mut Cluster, chain: &StrategyChain, constraint: &str) -> Result<f64, Box<dyn Error>> {
    let demand = Demand::new(512, 1024);
    let demand = if constraint == "host port" { demand.with_port(Protocol::Tcp, 8080) } else { demand };
    let mut request = Request::new("web", demand).with_strategies(chain.clone());
    match constraint {
        "" | "host port" => {}
        "distinctInstance" => request.constraints.push(Constraint::DistinctInstance),
        text => request.constraints.push(Constraint::MemberOf(expr::compile(text)?)),
    }
    let id = cluster.prepare(&request)?;
    let savepoint = cluster.begin();
    let start = Instant::now();
    for _ in 0..PLACEMENTS {
        cluster.place_one(id)?;
    }
    let micros = start.elapsed().as_secs_f64() * 1e6 / f64::from(PLACEMENTS);
    cluster.rollback(savepoint)?;
    cluster.release(id)?;
    Ok(micros)
}

/// Time to load describe output, as a share of the time serde_json needs to read it into its generic value: the median of
/// nine pairs.
fn load_ratio() -> Result<f64, Box<dyn Error>> {
    let mut text = String::from("{\"containerInstances\":[");
    for number in 0..INSTANCES {
        let comma = if number == 0 { "" } else { "," };
        let flags = (0..20).fold(String::new(), |mut flags, flag| {
            let _ = write!(flags, ",{{\"name\":\"com.amazonaws.ecs.capability.feature-{flag}\"}}");
            flags
        });
        write!(
            text,
            "{comma}{{\"containerInstanceArn\":\"arn:aws:ecs:eu-west-1:111122223333:container-instance/demo/{number:032x}\",\
             \"ec2InstanceId\":\"i-{number:017x}\",\"version\":7,\"status\":\"ACTIVE\",\"agentConnected\":true,\
             \"versionInfo\":{{\"agentVersion\":\"1.89.2\",\"agentHash\":\"0a1b2c3d\",\"dockerVersion\":\"25.0.8\"}},\
             \"registeredAt\":1760000000.5,\"registeredResources\":[\
             {{\"name\":\"CPU\",\"type\":\"INTEGER\",\"doubleValue\":0.0,\"longValue\":0,\"integerValue\":4096}},\
             {{\"name\":\"MEMORY\",\"type\":\"INTEGER\",\"doubleValue\":0.0,\"longValue\":0,\"integerValue\":15700}},\
             {{\"name\":\"PORTS\",\"type\":\"STRINGSET\",\"stringSetValue\":[\"22\",\"2375\",\"2376\",\"51678\",\"51679\"]}},\
             {{\"name\":\"PORTS_UDP\",\"type\":\"STRINGSET\",\"stringSetValue\":[]}}],\
             \"attributes\":[{{\"name\":\"ecs.availability-zone\",\"value\":\"eu-west-1{}\"}},\
             {{\"name\":\"ecs.instance-type\",\"value\":\"m5.xlarge\"}}{flags}]}}",
            ["a", "b", "c"][number % 3]
        )?;
    }
    text.push_str("]}");
    let mut ratios = Vec::new();
    for _ in 0..9 {
        let start = Instant::now();
        let value: serde_json::Value = serde_json::from_str(&text)?;
        let generic = start.elapsed();
        drop(value);
        let start = Instant::now();
        let session = Session::from_json(&text, SessionOptions::default())?;
        ratios.push(start.elapsed().as_secs_f64() / generic.as_secs_f64());
        drop(session);
    }
    ratios.sort_by(f64::total_cmp);
    Ok(ratios[ratios.len() / 2])
}

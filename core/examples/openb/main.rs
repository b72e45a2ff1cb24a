//! Places a production trace: the 8,152 tasks of the OpenB GPU cluster on its 1,523 instances.
//!
//! `cargo run --release --example openb -- [FOLDER] [--pods FILE] [--strategy NAME]`
//!
//! FOLDER holds `openb_node_list_all_node.csv` and the pod lists of the OpenB trace of 2023 (published by the authors of
//! "Beware of Fragmentation", USENIX ATC 2023); FILE is one of the pod lists in it. Without `--strategy`, each strategy
//! starts from the same empty cluster.
//!
//! `cargo run --release --example openb -- --policy NAME [--nodes FILE] [--pods FILE] [--seeds N] [--first-seed N]
//! [--demand 1.3] [--json]` is the saturation experiment of the paper instead, see `saturation.rs`: tasks arrive in random
//! order until so many times the cluster's GPUs are asked for, and it says which part of the GPUs ends up allocated.
//!
//! How the trace is read:
//!
//! - One CPU unit is one milli-core, so that no amount is rounded. Units only have to agree between what instances have and
//!   what tasks take; on ECS it would be 1024 to the vCPU.
//! - A node is an instance with its memory, one device for each GPU, and its GPU model as the attribute `gpu-model`.
//! - A pod is a task: so many whole GPUs, or so many thousandths of one. Models it is bound to become a `memberOf`
//!   constraint over `gpu-model`. All tasks are in one task group, the scope of `spread`.
//! - Tasks arrive in order of creation, those of one second in file order. Each is tried once, and none ends: this is the
//!   saturation experiment of the paper, in the order of the trace. Lists without times are in file order, which leaves the
//!   tasks that `multigpu` lists add to the end, when the cluster is full.
//!
//! Tasks that take the same share one prepared request, so the timed loop is what a scheduler would run: pick an instance,
//! take the resources. Explaining the tasks that found none is not in that time.
//!
//! On the default list it prints, apart from times and reasons:
//!
//! ```text
//! strategy         placed unplaced      CPU   memory      GPU
//! (all that is asked for)           68.07 %  49.60 %  97.98 %
//! none               7784      368  65.36 %  47.31 %  92.80 %
//! binpack-memory     7657      495  64.23 %  46.32 %  90.73 %
//! binpack-cpu        7677      475  64.40 %  46.47 %  91.04 %
//! spread-instance    8066       86  65.01 %  46.88 %  91.76 %
//! spread-model       7778      374  64.99 %  46.87 %  92.32 %
//! random             7589      563  62.46 %  44.68 %  87.96 %
//! ```

mod saturation;
mod tour;
mod trace;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use saturation::{Experiment, Share};
use trace::Table;

/// Where our copy of the trace is, seen from this package; the variable `OPENB` names another place.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/openb-gpu-2023");
/// The pod list of the trace as it was recorded.
const PODS: &str = "openb_pod_list_default.csv";
/// The nodes with GPUs.
const GPU_NODES: &str = "openb_node_list_gpu_node.csv";
/// The task group of every task.
const GROUP: &str = "openb";

/// Whatever went wrong; ends the program.
type Fault = Box<dyn Error>;

/// What the command line asks for.
struct Arguments {
    /// Folder of the trace.
    folder: PathBuf,
    /// The pod list: a name in the folder, or a path.
    pods: PathBuf,
    /// The one strategy to run; `None` runs each.
    strategy: Option<String>,
    /// The policy of the saturation experiment, where that is asked for.
    policy: Option<String>,
    /// The nodes of the saturation experiment: a name in the folder, or a path.
    nodes: PathBuf,
    /// First seed, and how many.
    seeds: (u64, u64),
    /// Demand that arrives, of all GPUs.
    demand: Share,
    /// Whether to write JSON.
    is_json: bool,
}

/// The value of an option.
fn value<T: FromStr>(option: &str, words: &mut impl Iterator<Item = String>, what: &str) -> Result<T, Fault> {
    let word = words.next().ok_or_else(|| format!("`{option}` needs {what}"))?;
    word.parse().map_err(|_| format!("`{option}` needs {what}, not `{word}`").into())
}

impl Arguments {
    /// Reads the command line.
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, Fault> {
        let mut arguments = Self {
            folder: std::env::var_os("OPENB").map_or_else(|| FOLDER.into(), PathBuf::from),
            pods: PODS.into(),
            strategy: None,
            policy: None,
            nodes: GPU_NODES.into(),
            seeds: (42, 10),
            demand: Share::DEFAULT,
            is_json: false,
        };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--pods" => arguments.pods = value(&word, &mut words, "a file name")?,
                "--strategy" => arguments.strategy = Some(value(&word, &mut words, "a name")?),
                "--policy" => arguments.policy = Some(value(&word, &mut words, "a name")?),
                "--nodes" => arguments.nodes = value(&word, &mut words, "a file name")?,
                "--seeds" => arguments.seeds.1 = value(&word, &mut words, "a whole number")?,
                "--first-seed" => arguments.seeds.0 = value(&word, &mut words, "a whole number")?,
                "--demand" => arguments.demand = value(&word, &mut words, "a share such as 1.3")?,
                "--json" => arguments.is_json = true,
                option if option.starts_with("--") => return Err(format!("option `{option}` is unknown").into()),
                _ => arguments.folder = word.into(),
            }
        }
        Ok(arguments)
    }

    /// A file of the folder, or, where there is none of that name, the file at the path.
    fn file(&self, name: &PathBuf) -> PathBuf {
        let inside = self.folder.join(name);
        if inside.is_file() { inside } else { name.clone() }
    }
}

fn main() -> Result<(), Fault> {
    let arguments = Arguments::read(std::env::args().skip(1))?;
    let pods = arguments.file(&arguments.pods);
    // Without our copy of the trace there is nothing to do; a list that was asked for has to be there.
    if !pods.is_file() && arguments.pods == Path::new(PODS) {
        println!("the OpenB trace is not at {}; nothing to do", arguments.folder.display());
        return Ok(());
    }
    let Some(policy) = arguments.policy.as_deref() else {
        return tour::run_all(&arguments.folder, &pods, arguments.strategy.as_deref());
    };
    let nodes = Table::read(&arguments.file(&arguments.nodes))?;
    let experiment = Experiment::new(&nodes, &Table::read(&pods)?, arguments.demand)?;
    let (first, count) = arguments.seeds;
    let end = first.checked_add(count).filter(|_| count > 0);
    let end = end.ok_or("`--seeds` needs a number of at least 1, and `--first-seed` room for so many after it")?;
    experiment.run(policy, first..end, arguments.is_json)
}

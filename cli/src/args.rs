//! The arguments of every command.

use std::path::{Path, PathBuf};

use clap::builder::styling::Styles;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

/// Exit code: unusable input or arguments.
pub(crate) const BAD_INPUT: u8 = 2;

/// Exit code: some tasks were not placed, or some items not packed.
pub(crate) const NOT_ALL_PLACED: u8 = 3;

/// Exit codes of every command, for `--help`.
const EXIT_CODES: &str = "\
Exit codes:
  0  done: all tasks placed or packed, all cases passed, the steps ran
  1  a conformance case failed, or the output or the file of --export cannot be
     written
  2  unusable input or arguments
  3  some tasks were not placed, or some items not packed";

/// Amazon ECS task placement, exactly and outside AWS.
#[derive(Debug, Parser)]
#[command(name = "placewright", version, styles = Styles::plain(), after_help = EXIT_CODES)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Place tasks on a cluster, and say where they went or why not.
    Place(Box<PlaceArgs>),
    /// List the container instances that satisfy an expression of the cluster query language.
    Query(QueryArgs),
    /// Pack items into few or cheap bins, with a lower bound on what any packing costs.
    Pack(PackArgs),
    /// Choose the cheapest mix of instance types for a set of tasks, with a lower bound on what any mix costs.
    Fleet(Box<FleetArgs>),
    /// Plan moves that empty instances of a cluster, or even out its groups over zones.
    Rearrange(Box<RearrangeArgs>),
    /// Run the steps of a case and print exactly what happened, as one JSON document.
    Replay(ReplayArgs),
    /// Check every conformance case below a folder.
    Conformance(ConformanceArgs),
    /// Print a completion script for a shell.
    Completions(CompletionsArgs),
}

/// Arguments of `place`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  placewright place cluster.json web.json
  placewright place cluster.json web.json --tasks tasks.json --count 500 \\
      --strategy spread:attribute:ecs.availability-zone \\
      --strategy binpack:memory --constraint distinctInstance \\
      --constraint 'memberOf:attribute:stack == prod' --explain
  aws ecs describe-container-instances … | placewright place - web.json
  placewright place cluster.json --definition web.json \\
      --request run-task.json --export after.json

Exit codes:
  0  all tasks were placed
  1  the output or the file of --export cannot be written
  2  unusable input or arguments
  3  some tasks were not placed")]
pub(crate) struct PlaceArgs {
    /// The cluster: output of `aws ecs describe-container-instances`, or a state that `--export` wrote; `-` reads standard
    /// input. Left out where --cluster is given.
    #[arg(value_name = "CLUSTER.json", required_unless_present = "cluster")]
    first_file: Option<PathBuf>,
    /// The task definition: output of `aws ecs describe-task-definition`.
    #[arg(value_name = "DEFINITION.json")]
    second_file: Option<PathBuf>,
    /// The same as CLUSTER.json. May be given several times, for a cluster that was described in several calls.
    #[arg(long, value_name = "FILE")]
    cluster: Vec<PathBuf>,
    /// A further definition: what running tasks hold. Without DEFINITION.json the first is placed. May be given several times.
    #[arg(long, value_name = "FILE")]
    pub(crate) definition: Vec<PathBuf>,
    /// Tasks that already run: output of `aws ecs describe-tasks`. May be given several times. A task whose definition is not
    /// given holds the CPU and memory it says itself, and no ports or GPUs.
    #[arg(long, value_name = "FILE")]
    pub(crate) tasks: Vec<PathBuf>,
    /// A RunTask request as ECS takes it, within the limits of ECS; in place of --count, --group, --strategy, --constraint,
    /// --launch-type, --subnet, --seed (`xSeed`) and --all-or-nothing (`xAllOrNothing`).
    #[arg(long, value_name = "FILE", conflicts_with_all =
        ["count", "group", "strategy", "constraint", "launch_type", "subnet", "seed", "all_or_nothing"])]
    pub(crate) request: Option<PathBuf>,
    /// How many tasks, up to 10,000,000: what the arguments ask for has the limits of the library, --request those of ECS.
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u32>,
    /// Task group; without it `family:` and the family.
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Option<String>,
    /// Rule of the placement strategy, in order: `spread:FIELD`, `binpack:cpu`, `binpack:memory` or `random`. Without one, a
    /// seeded draw, as RunTask does.
    #[arg(long, value_name = "TYPE[:FIELD]")]
    pub(crate) strategy: Vec<String>,
    /// Placement constraint: `distinctInstance` or `memberOf:EXPRESSION`.
    #[arg(long, value_name = "TYPE[:EXPRESSION]")]
    pub(crate) constraint: Vec<String>,
    /// Which instances are considered.
    #[arg(long, value_name = "EC2|EXTERNAL")]
    pub(crate) launch_type: Option<String>,
    /// Subnet of an awsvpc task; tasks go to the zones of the subnets.
    #[arg(long, value_name = "ID")]
    pub(crate) subnet: Vec<String>,
    /// Availability Zone of a subnet.
    #[arg(long, value_name = "ID=ZONE")]
    pub(crate) subnet_zone: Vec<String>,
    /// Seed of draws.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Who wins a tie; without it the instance registered first, or what an exported state says.
    #[arg(long, value_enum)]
    pub(crate) tie_break: Option<TieBreakName>,
    /// Place all tasks or none.
    #[arg(long)]
    pub(crate) all_or_nothing: bool,
    /// Say why each of the first ten tasks went where it went.
    #[arg(long)]
    pub(crate) explain: bool,
    /// How to print the answer; `json` has the shape of a RunTask response, with an `explanation`.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: PlaceFormat,
    /// Draw the bars in ASCII; the default where the locale is not UTF-8.
    #[arg(long)]
    pub(crate) ascii: bool,
    /// Write the state of the cluster after the placement, to go on from.
    #[arg(long, value_name = "FILE")]
    pub(crate) export: Option<PathBuf>,
}

impl PlaceArgs {
    /// The files of the cluster, and the definition, where one stands by itself.
    ///
    /// # Errors
    /// In words, where the cluster is given in both ways.
    pub(crate) fn files(&self) -> Result<(Vec<&PathBuf>, Option<&PathBuf>), String> {
        let both = || "the cluster is given twice: as CLUSTER.json and by --cluster (leave one out)".to_string();
        match (self.cluster.is_empty(), &self.first_file, &self.second_file) {
            (true, first, second) => Ok((first.iter().collect(), second.as_ref())),
            (false, first, None) => Ok((self.cluster.iter().collect(), first.as_ref())),
            (false, _, Some(_)) => Err(both()),
        }
    }
}

/// Tie-breaks by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TieBreakName {
    /// The instance registered first.
    Registration,
    /// A seeded draw.
    Seeded,
}

/// Forms of the answer of `place`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum PlaceFormat {
    /// Tables and bars.
    #[default]
    Table,
    /// JSON.
    Json,
}

/// Arguments of `query`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  placewright query cluster.json 'attribute:ecs.instance-type =~ m6.*'
  placewright query cluster.json --tasks tasks.json --format table \\
      'task:group == service:web'
  placewright query - --status DRAINING < cluster.json
  placewright query --cluster first.json --cluster second.json \\
      'runningTasksCount == 0'

Exit codes:
  0  the expression was asked of every instance, whatever it found
  1  the output cannot be written
  2  unusable input or arguments")]
pub(crate) struct QueryArgs {
    /// The cluster: output of `aws ecs describe-container-instances`, or a state that `place --export` wrote; `-` reads
    /// standard input. Left out where --cluster is given.
    #[arg(value_name = "CLUSTER.json", required_unless_present = "cluster")]
    first: Option<String>,
    /// The expression; without it every instance.
    #[arg(value_name = "FILTER")]
    second: Option<String>,
    /// The same as CLUSTER.json. May be given several times, for a cluster that was described in several calls.
    #[arg(long, value_name = "FILE")]
    cluster: Vec<PathBuf>,
    /// Tasks that already run: output of `aws ecs describe-tasks`. May be given several times.
    #[arg(long, value_name = "FILE")]
    pub(crate) tasks: Vec<PathBuf>,
    /// Only instances with this status; without it all but INACTIVE ones.
    #[arg(long, value_name = "STATUS")]
    pub(crate) status: Option<String>,
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: QueryFormat,
}

impl QueryArgs {
    /// The files of the cluster, and the expression.
    ///
    /// # Errors
    /// In words, where the cluster is given in both ways, or the expression stands in its place.
    pub(crate) fn files(&self) -> Result<(Vec<PathBuf>, Option<&str>), String> {
        let (first, second) = (self.first.as_deref(), self.second.as_deref());
        match (self.cluster.is_empty(), first, second) {
            (false, filter, None) => Ok((self.cluster.clone(), filter)),
            (false, Some(_), Some(_)) => {
                Err("the cluster is given twice: as CLUSTER.json and by --cluster (leave one out)".to_string())
            }
            (_, first, filter) => {
                let is_file = |text: &str| text == "-" || Path::new(text).exists();
                let first = first.unwrap_or_default();
                let order = "the cluster comes first: placewright query CLUSTER.json FILTER";
                match filter {
                    _ if is_file(first) => Ok((vec![PathBuf::from(first)], filter)),
                    Some(second) if is_file(second) => {
                        Err(format!("`{first}` is no file, and `{second}` is one ({order})"))
                    }
                    // What no path has in it.
                    None if first.contains(" ") => {
                        Err(format!("`{first}` is no file, and no cluster is given ({order})"))
                    }
                    _ => Ok((vec![PathBuf::from(first)], filter)),
                }
            }
        }
    }
}

/// Forms of the answer of `query`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum QueryFormat {
    /// One id a line.
    #[default]
    Ids,
    /// A table.
    Table,
    /// JSON of the shape of a ListContainerInstances response.
    Json,
}

/// Arguments of `pack`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
The problem is a JSON object with `dimensions`, `items`, `bins` and, if wanted,
`groups`, `options` and `start`; the answer is one too. Their keys are in
core/docs/packing.md.

Examples:
  placewright pack problem.json
  placewright pack problem.json --format table
  echo '{\"dimensions\": [\"cpu\"],
         \"items\": [{\"id\": \"web\", \"demand\": [2], \"count\": 5}],
         \"bins\": [{\"id\": \"small\", \"capacity\": [4], \"cost\": 0.096}],
         \"options\": {\"milliseconds\": 500}}' | placewright pack -

Exit codes:
  0  all items are packed
  1  the output cannot be written
  2  unusable input or arguments
  3  some items are not packed: the answer has them, with reasons")]
pub(crate) struct PackArgs {
    /// The problem; `-` reads standard input.
    #[arg(value_name = "PROBLEM.json")]
    pub(crate) problem: PathBuf,
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: AnswerFormat,
}

/// Forms of the answers of `pack`, `fleet` and `rearrange`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum AnswerFormat {
    /// One JSON document.
    #[default]
    Json,
    /// Tables for people.
    Table,
}

/// Arguments of `fleet`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
The mix is a JSON object with `dimensions` and `items`, as `pack` reads them, and
if wanted `groups`, `options`, `bins` (instances that already run, cost 0 and
limit 1 unless they say otherwise), `catalogue` and `fleet`. The keys are in
core/docs/fleet.md. The plan is a JSON object too, or tables.

A catalogue is CSV with a header, or a JSON array of such rows, or of bins.
Every column is also an attribute that `memberOf` can ask for.

Examples:
  placewright fleet mix.json --catalogue ec2_us-east-1.csv
  placewright fleet - --catalogue types.csv --id name --price on-demand=usd \\
    --price spot=usd_spot --column cpu=millicores --column memory=mib
  placewright fleet mix.json --catalogue ec2_us-east-1.csv \\
    --only 'attribute:arch == x86_64 and attribute:category in [c, m, r]'

Exit codes:
  0  the plan has room for all items
  1  the output cannot be written
  2  unusable input or arguments
  3  some items have no room: the plan was printed, and has them with reasons")]
pub(crate) struct FleetArgs {
    /// Items and rules; `-` reads standard input.
    #[arg(value_name = "MIX.json")]
    pub(crate) mix: PathBuf,
    /// Types to choose from, CSV or JSON; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) catalogue: Option<PathBuf>,
    /// Column that names a type.
    #[arg(long, value_name = "COLUMN", default_value = "instance_type")]
    pub(crate) id: String,
    /// Column of the price of a type, or a market and its column. Rows without a price are no offers of that market. Each
    /// named market is an offer `TYPE/MARKET` of its own, with the attribute `market`.
    #[arg(long = "price", value_name = "[MARKET=]COLUMN", default_value = "price_usd_hour")]
    pub(crate) prices: Vec<String>,
    /// Column of a dimension. Without it, `cpu`, `memory` and `gpu` are those of the published EC2 shapes, where the file has
    /// them, and every other dimension is the column of its name.
    #[arg(long = "column", value_name = "DIMENSION=COLUMN")]
    pub(crate) columns: Vec<String>,
    /// Column of the most instances of a type; an empty cell is no limit.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) limit: Option<String>,
    /// Only types that satisfy this expression of the cluster query language.
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) only: Option<String>,
    /// Also burstable types: those whose `category` is `t`.
    #[arg(long)]
    pub(crate) burstable: bool,
    /// Percent of each new instance that stays free, in place of the mix's.
    #[arg(long, value_name = "PERCENT")]
    pub(crate) headroom: Option<u32>,
    /// How to print the plan.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: AnswerFormat,
}

/// Arguments of `rearrange`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
The plan is a JSON object, or tables: `moves` in order, each possible when its
turn comes, the instances `emptied`, and figures of the cluster `before` and
`after`. Its keys are in core/docs/rearrange.md. Nothing is carried out.

Examples:
  placewright rearrange --cluster cluster.json --tasks tasks.json --moves 20
  placewright rearrange --cluster cluster.json --tasks tasks.json \\
    --services services.json --goal spread --group service:web \\
    --moves-per-group 2

Exit codes:
  0  the plan was printed; it may have no moves
  1  the output cannot be written
  2  unusable input or arguments")]
pub(crate) struct RearrangeArgs {
    /// describe-container-instances output, or an exported state; may be given several times. `-` reads standard input.
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) cluster: Vec<PathBuf>,
    /// describe-tasks output; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub(crate) tasks: Vec<PathBuf>,
    /// describe-task-definition output of a definition that tasks run: what they take, and its constraints. May be given
    /// several times.
    #[arg(long, value_name = "FILE")]
    pub(crate) definition: Vec<PathBuf>,
    /// describe-services output: the constraints that tasks of services are under. May be given several times.
    #[arg(long, value_name = "FILE")]
    pub(crate) services: Vec<PathBuf>,
    /// What for.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) goal: RearrangeGoal,
    /// Only this group, with `--goal spread`.
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Option<String>,
    /// Attribute whose values are the domains of spreading [default: ecs.availability-zone]
    #[arg(long, value_name = "NAME")]
    pub(crate) attribute: Option<String>,
    /// Most moves.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) moves: Option<u64>,
    /// Most moves of tasks of one group.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) moves_per_group: Option<u64>,
    /// Stop a task before it starts elsewhere.
    #[arg(long)]
    pub(crate) stop_first: bool,
    /// Most tasks of a group that one domain may have more than another [default: 1]
    #[arg(long, value_name = "NUMBER", conflicts_with = "any_skew")]
    pub(crate) skew: Option<u64>,
    /// Do not look at domains.
    #[arg(long)]
    pub(crate) any_skew: bool,
    /// Group whose tasks stay where they are; may be given several times.
    #[arg(long, value_name = "GROUP")]
    pub(crate) pinned: Vec<String>,
    /// Most steps.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) steps: Option<u64>,
    /// Most milliseconds.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) milliseconds: Option<u64>,
    /// How to print the plan.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: AnswerFormat,
}

/// What moves are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum RearrangeGoal {
    /// As few instances in use as possible.
    #[default]
    Empty,
    /// Groups as even as possible over domains.
    Spread,
}

/// Arguments of `replay`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  placewright replay case.json
  placewright replay --reverse --rotate 2 --seed 7 - < case.json

Exit codes:
  0  the steps ran, whatever their outcome
  1  the output cannot be written
  2  the file or the options are unusable: one line on standard error, nothing
     on standard output")]
pub(crate) struct ReplayArgs {
    /// Case of the format ecs-placement-conformance/1, or of placewright-packing-conformance/1, which takes no option; `-`
    /// reads standard input.
    #[arg(value_name = "CASE.json")]
    pub(crate) case: PathBuf,
    /// Feed the instances, and the attributes of each, in reverse order.
    #[arg(long)]
    pub(crate) reverse: bool,
    /// Move the first N instances, modulo their number, to the end.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) rotate: u64,
    /// What chooses the instances; without it, the engine by the route that suits the size of the cluster.
    #[arg(long, value_enum)]
    pub(crate) route: Option<RouteName>,
    /// Seed of steps without `xSeed`.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
}

/// Routes by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RouteName {
    /// The engine, asking every instance.
    Scan,
    /// The engine, searching its index.
    Indexed,
    /// The naive model.
    Oracle,
}

/// Arguments of `conformance`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Each case runs as given, reversed and rotated, by the engine on both routes and by the oracle; cases in a sub-folder \
`ordered` only as given. Packing cases run as given and with their items in reverse, and every packing goes through the \
checker. The last lines are the digest of all answers to packing cases, if there are any, that of all placements, and \
`N passed, N failed, N skipped`.

Examples:
  placewright conformance core/testdata/placement
  placewright conformance core/testdata/packing

Exit codes:
  0  no case failed
  1  a case failed, or the output cannot be written
  2  the folder is unusable, or has no case")]
pub(crate) struct ConformanceArgs {
    /// Folder with cases; sub-folders count.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Print every reason of a failed case, not only the first.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

/// Arguments of `completions`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Example:
  placewright completions bash > \\
      ~/.local/share/bash-completion/completions/placewright

Exit codes:
  0  the script was printed
  1  the output cannot be written
  2  unusable arguments")]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// Columns that every terminal has; longer lines that stand in a column of their own break badly.
    const COLUMNS: usize = 80;

    #[test]
    fn indented_lines_of_help_are_short_and_every_command_has_exit_codes() {
        for command in Args::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Exit codes:\n  0  "), "{}", command.get_name());
            for line in help.lines().filter(|line| line.starts_with(' ')) {
                assert!(line.chars().count() <= COLUMNS, "{line}");
            }
        }
    }
}

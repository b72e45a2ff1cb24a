//! The axes of the grid: operation, chain, constraint, state; which combinations are cells, and the requests of each.
//!
//! A cell's name reads as a path: `churn/indexed/spread-az+binpack-memory/distinct+keep10/mixed75/10000`.

use std::fmt;

use placewright::{
    BinpackField, Constraint, GpuDemand, Protocol, Request, SpreadField, Strategy, StrategyChain, TieBreak, expr,
};

use crate::Fleet;
use crate::meter::Outcome;

/// Values of the attribute `class`, in turn by registration.
pub const CLASSES: [&str; 10] = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9"];
/// Services of the cells with many of them.
pub const SERVICES: usize = 200;
/// The third resource of the instances that have one.
pub const THIRD: &str = "disk";
/// What an instance has of the third resource and of CPU left together, at least.
pub const THIRD_AND_CPU: i32 = 32_768;
/// Values that a constraint names of those no two instances share.
const NAMED: usize = 16;
/// Tasks of a batch, or of a list.
pub const BATCH: u32 = 10_000;
/// Placements inside the savepoint of a rollback cell.
pub const ROLLBACK: usize = 1000;

/// Implements the name of an axis, and the list of its values.
macro_rules! axis {
    ($(#[$doc:meta])* $axis:ident { $($(#[$value_doc:meta])* $value:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $axis {
            $($(#[$value_doc])* $value,)*
        }

        impl $axis {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$value,)*];

            /// The name, as cells write it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $name,)*
                }
            }
        }

        impl fmt::Display for $axis {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

axis! {
    /// What is timed.
    Operation {
        /// One placement; stopping is not timed.
        Place = "place",
        /// One placement and one stop.
        Churn = "churn",
        /// The same inside an open savepoint.
        ChurnInSavepoint = "churn-in-savepoint",
        /// One placement and one stop, where whoever stops tasks says beforehand which go next. Cells with tasks of their own have so few that
        /// all are in a cache: there it shows what saying so costs.
        ChurnForeseen = "churn-foreseen",
        /// The same inside an open savepoint.
        ChurnForeseenInSavepoint = "churn-foreseen-in-savepoint",
        /// One task of a batch of equal tasks placed by one call.
        Batch = "batch",
        /// One task of a list of requests drawn from thirty, placed by one call.
        List = "list",
        /// One task of the same list, placed one by one.
        ListOneByOne = "list-one-by-one",
        /// One explanation.
        Explain = "explain",
        /// One of the placements between opening a savepoint and rolling back, the two included.
        Rollback = "rollback",
        /// One of as many placements without the two.
        RollbackPlacements = "rollback-placements",
        /// One instance of a describe document that is loaded; the rival is serde_json's generic value.
        LoadJson = "load-json",
        /// One cluster query of 200 characters that is compiled.
        CompileExpression = "compile-expression",
        /// One read of both whole columns in plain Rust, beside the kernel's own scan.
        ColumnScan = "column-scan",
        /// Nothing is timed: bytes per instance and task.
        Memory = "memory",
    }
}

axis! {
    /// A strategy chain.
    Chain {
        /// No strategy: the instance registered first.
        None = "none",
        /// The least memory left.
        BinpackMemory = "binpack-memory",
        /// The least CPU left.
        BinpackCpu = "binpack-cpu",
        /// The zone with the fewest tasks of the group, then the least memory left.
        SpreadAzBinpackMemory = "spread-az+binpack-memory",
        /// The zone with the fewest tasks of the group, then the instance with the fewest.
        ServiceDefault = "service-default",
        /// The instance with the fewest tasks of the group.
        SpreadInstance = "spread-instance",
        /// A uniform draw.
        Random = "random",
        /// The zone with the fewest tasks of the group, then the class, then the least memory left.
        SpreadTwice = "spread-az+spread-class+binpack-memory",
        /// The value of an attribute with the fewest tasks of the group, where no two instances share one.
        SpreadUnique = "spread-serial",
    }
}

axis! {
    /// What else the requests of a cell ask for.
    Limit {
        /// Nothing.
        None = "none",
        /// No two tasks of the group on one instance.
        Distinct = "distinct",
        /// An expression that keeps a random tenth.
        Keep10 = "keep10",
        /// Both.
        DistinctKeep10 = "distinct+keep10",
        /// An expression that keeps every tenth instance.
        Keep10Class = "keep10-class",
        /// An expression that keeps the tenth with the most memory left, which an ordered search visits last.
        Adversarial = "adversarial",
        /// A host port.
        HostPort = "host-port",
        /// An expression about the task groups on the instance.
        Residue = "residue",
        /// Three expressions about the task groups on the instance, more than the indexed route takes.
        Residues3 = "three-residues",
        /// Ties are broken by a draw, which after `binpack` the indexed route leaves to the scan.
        SeededTies = "seeded-ties",
        /// Two hundred services in turn, each with constraints of its own.
        Services = "services200",
        /// A third resource, much of it where there is little CPU: the greatest amounts of a block belong to different instances.
        Third = "third",
        /// That of the instances with the most memory left.
        ThirdAdversarial = "third+adversarial",
        /// One or two whole GPUs.
        Gpus = "gpus",
        /// Those of the instances with the most memory left.
        GpusAdversarial = "gpus+adversarial",
        /// Three tenths of a GPU.
        GpuShare = "gpu-share",
        /// A network interface, of which one zone has none: a spread tries that zone first, in vain.
        Eni = "eni",
        /// That of the instances with the most memory left.
        EniAdversarial = "eni+adversarial",
        /// An expression that names sixteen of the values that no two instances share.
        UniqueIn = "unique-in",
        /// A pattern that a random tenth of those values matches.
        UniqueKeep10 = "unique-keep10",
        /// A pattern that those values of the tenth with the most memory left match.
        UniqueAdversarial = "unique+adversarial",
    }
}

axis! {
    /// What the cluster is like.
    State {
        /// Nearly empty: ties everywhere.
        Fresh = "fresh",
        /// Three quarters of memory or CPU in use, tasks having come and gone.
        Mixed75 = "mixed75",
        /// Much memory where there is little CPU; tasks close to the limit of both.
        Anticorrelated = "anticorrelated",
        /// Filled until tasks found no instance; then one task in thirty-two was stopped.
        NearlyFull = "nearly-full",
        /// All instances alike, and no task but the cell's own.
        Equal = "equal",
        /// As `mixed75`; besides, one instance in four has four GPUs, those of one zone have no network interface and the others one or
        /// two, and each has a third resource and a value of `serial` that no other has.
        Equipped = "equipped",
    }
}

impl Operation {
    /// Whether it runs inside an open savepoint.
    #[must_use]
    pub fn is_in_savepoint(self) -> bool {
        matches!(self, Self::ChurnInSavepoint | Self::ChurnForeseenInSavepoint)
    }

    /// Whether tasks that go are told of beforehand.
    #[must_use]
    pub fn is_foreseen(self) -> bool {
        matches!(self, Self::ChurnForeseen | Self::ChurnForeseenInSavepoint)
    }
}

impl Chain {
    /// The chain itself.
    ///
    /// # Errors
    /// That of [`StrategyChain::new`].
    pub fn chain(self) -> Outcome<StrategyChain> {
        let memory = Strategy::Binpack(BinpackField::Memory);
        Ok(match self {
            Self::None => StrategyChain::default(),
            Self::BinpackMemory => memory.into(),
            Self::BinpackCpu => Strategy::Binpack(BinpackField::Cpu).into(),
            Self::SpreadAzBinpackMemory => StrategyChain::new([Strategy::spread("ecs.availability-zone"), memory])?,
            Self::ServiceDefault => StrategyChain::service_default(),
            Self::SpreadInstance => Strategy::Spread(SpreadField::InstanceId).into(),
            Self::Random => Strategy::Random.into(),
            Self::SpreadTwice => {
                StrategyChain::new([Strategy::spread("ecs.availability-zone"), Strategy::spread("class"), memory])?
            }
            Self::SpreadUnique => Strategy::spread("serial").into(),
        })
    }

    /// Whether the indexed route does not know it, and leaves it to the scan.
    fn is_scanned(self) -> bool {
        matches!(self, Self::SpreadTwice | Self::SpreadUnique)
    }
}

impl Limit {
    /// A request under the limit; `number` counts those of a cell.
    ///
    /// # Errors
    /// That of an expression.
    pub fn limit(self, mut request: Request, number: usize, fleet: &Fleet) -> Outcome<Request> {
        let member_of = |text: &str| expr::compile(text).map(Constraint::MemberOf);
        if matches!(self, Self::Distinct | Self::DistinctKeep10) {
            request.constraints.push(Constraint::DistinctInstance);
        }
        if self.is_adversarial() {
            request.constraints.push(member_of("attribute:visited == last")?);
        }
        match self {
            Self::None | Self::Distinct | Self::Adversarial => {}
            Self::Keep10 | Self::DistinctKeep10 => request.constraints.push(member_of("attribute:stack == prod")?),
            Self::Keep10Class => request.constraints.push(member_of("attribute:class == c3")?),
            Self::HostPort => {
                let port = 8080 + u16::try_from(number % 16)?;
                request.demand = request.demand.with_port(Protocol::Tcp, port);
            }
            Self::Residue => request.constraints.push(member_of("not(task:group == database)")?),
            Self::Residues3 => {
                for group in ["database", "service:0", "service:1"] {
                    request.constraints.push(member_of(&format!("not(task:group == {group})"))?);
                }
            }
            Self::SeededTies => request.tie_break = TieBreak::Seeded,
            Self::Services => {
                let (some, other) = (CLASSES[number % 10], CLASSES[(number / 10 + number + 1) % 10]);
                request.group = format!("service:own-{number}");
                request.constraints.push(match number % 4 {
                    0 => Constraint::DistinctInstance,
                    1 => member_of(&format!("attribute:class in [{some}, {other}]"))?,
                    2 => member_of(&format!("not(attribute:class == {some}) and not(attribute:stack == s{number})"))?,
                    _ => member_of(&format!("attribute:class != {other} or attribute:stack == s{number}"))?,
                });
            }
            Self::Third | Self::ThirdAdversarial => {
                // Of the tenth with the most memory left none would have more.
                let share = if self == Self::Third { 1 } else { 2 };
                let amount = (i64::from(THIRD_AND_CPU) - request.demand.cpu + 512) / share;
                request.demand = request.demand.with_custom(THIRD, amount);
            }
            Self::Gpus | Self::GpusAdversarial => {
                let gpus = u16::try_from(number % 2)? + 1;
                request.demand = request.demand.with_gpus(GpuDemand::Whole(gpus));
            }
            Self::GpuShare => request.demand = request.demand.with_gpus(GpuDemand::Share(300)),
            Self::Eni | Self::EniAdversarial => request.demand.eni = true,
            Self::UniqueIn => {
                let some = (0..NAMED).map(|at| fleet.serial((number % 4 * NAMED + at) * 7919 % fleet.len()));
                let some = some.collect::<Vec<_>>().join(", ");
                request.constraints.push(member_of(&format!("attribute:serial in [{some}]"))?);
            }
            Self::UniqueKeep10 => request.constraints.push(member_of("attribute:serial =~ kept.*")?),
            Self::UniqueAdversarial => request.constraints.push(member_of("attribute:serial =~ .*last-.*")?),
        }
        Ok(request)
    }

    /// Whether the indexed route leaves it to the scan after `binpack`.
    fn is_scanned(self) -> bool {
        matches!(self, Self::Residues3 | Self::SeededTies)
    }

    /// Whether only the tenth with the most memory left is open, by an attribute that they share.
    fn is_adversarial(self) -> bool {
        matches!(self, Self::Adversarial | Self::ThirdAdversarial | Self::GpusAdversarial | Self::EniAdversarial)
    }

    /// Whether it asks for what instances have in one state alone.
    fn needs_equipment(self) -> bool {
        self as usize >= Self::Third as usize
    }

    /// Whether there are cells of it in a state.
    fn is_of(self, state: State) -> bool {
        (state == State::Equipped) == self.needs_equipment() || self == Self::None
    }

    /// Whether it is nothing but a set of instances that the kernel is told of.
    fn is_set(self) -> bool {
        matches!(
            self,
            Self::Keep10 | Self::Keep10Class | Self::Adversarial | Self::UniqueKeep10 | Self::UniqueAdversarial
        )
    }

    /// The instances the kernel is told of, where the limit has a set of them.
    #[must_use]
    pub fn allowed(self, fleet: &Fleet) -> Option<Vec<u64>> {
        if !self.is_set() && !self.is_adversarial() && self != Self::DistinctKeep10 {
            return None;
        }
        let keeps = |at: usize| match self {
            Self::Keep10 | Self::DistinctKeep10 | Self::UniqueKeep10 => fleet.kept[at],
            Self::Keep10Class => CLASSES[at % CLASSES.len()] == "c3",
            _ => fleet.kept_last[at],
        };
        let mut allowed = vec![0; fleet.len().div_ceil(64)];
        for at in (0..fleet.len()).filter(|&at| keeps(at)) {
            allowed[at / 64] |= 1 << (at % 64);
        }
        Some(allowed)
    }
}

/// One cell of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// What is timed.
    pub operation: Operation,
    /// Instances.
    pub instances: usize,
    /// The chain.
    pub chain: Chain,
    /// The limit.
    pub limit: Limit,
    /// The state.
    pub state: State,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, instances, chain, limit, state } = self;
        write!(f, "{operation}/indexed/{chain}/{limit}/{state}/{instances}")
    }
}

impl Cell {
    /// The requests it places in turn, or at random where they differ by shape alone.
    ///
    /// # Errors
    /// That of an expression.
    pub fn requests(&self, fleet: &Fleet) -> Outcome<Vec<Request>> {
        let requests = if self.limit == Limit::Services { SERVICES } else { fleet.shapes.len() };
        let chain = self.chain.chain()?;
        let request = |number| {
            let request = fleet.request(number).with_strategies(chain.clone()).with_seed(number as u64);
            self.limit.limit(request, number, fleet)
        };
        (0..requests).map(request).collect()
    }

    /// Whether its tasks replace any task of the fleet, rather than tasks of its own: where all instances are open to it,
    /// the fleet stays as it is.
    #[must_use]
    pub fn replaces_any(&self) -> bool {
        self.limit == Limit::None && matches!(self.state, State::Mixed75 | State::NearlyFull | State::Equipped)
    }

    /// Whether the kernel gives the same answers.
    #[must_use]
    pub fn is_kernels(&self) -> bool {
        self.chain == Chain::BinpackMemory && (self.limit == Limit::None || self.limit.is_set())
    }

    /// Every cell at a number of instances.
    #[must_use]
    pub fn all(instances: usize) -> Vec<Self> {
        let cell = |operation, chain, limit, state| Self { operation, instances, chain, limit, state };
        let mut cells = Vec::new();
        let chains = || Chain::ALL.iter().copied().filter(|chain| !chain.is_scanned());
        let limits = || Limit::ALL.iter().copied().filter(|limit| !limit.is_scanned());
        for &state in State::ALL {
            for chain in chains() {
                cells.push(cell(Operation::Place, chain, Limit::None, state));
                let limits = limits().filter(|limit| limit.is_of(state));
                cells.extend(limits.map(|limit| cell(Operation::Churn, chain, limit, state)));
            }
        }
        let (memory, spread) = (Chain::BinpackMemory, Chain::SpreadAzBinpackMemory);
        let (mixed, fresh) = (State::Mixed75, State::Fresh);
        cells.push(cell(Operation::Place, spread, Limit::DistinctKeep10, mixed));
        for (chain, limit) in [(memory, Limit::None), (spread, Limit::DistinctKeep10)] {
            let operations =
                [Operation::ChurnInSavepoint, Operation::ChurnForeseen, Operation::ChurnForeseenInSavepoint];
            cells.extend(operations.map(|operation| cell(operation, chain, limit, mixed)));
        }
        for (chain, limit) in
            [(Chain::Random, Limit::None), (Chain::SpreadInstance, Limit::None), (memory, Limit::Services)]
        {
            cells.push(cell(Operation::ChurnForeseen, chain, limit, mixed));
        }
        for chain in chains() {
            let batches = limits().filter(|&limit| limit != Limit::Services && limit.is_of(fresh));
            cells.extend(batches.map(|limit| cell(Operation::Batch, chain, limit, fresh)));
        }
        for chain in [memory, spread] {
            let batches = limits().filter(|limit| limit.is_of(State::Equipped));
            cells.extend(batches.map(|limit| cell(Operation::Batch, chain, limit, State::Equipped)));
            cells.push(cell(Operation::Batch, chain, Limit::None, State::Equal));
        }
        cells.push(cell(Operation::Churn, Chain::SpreadTwice, Limit::None, mixed));
        cells.push(cell(Operation::Churn, Chain::SpreadUnique, Limit::None, State::Equipped));
        for limit in [Limit::Residues3, Limit::SeededTies] {
            cells.push(cell(Operation::Churn, memory, limit, mixed));
        }
        cells.push(cell(Operation::Batch, memory, Limit::None, mixed));
        for operation in [Operation::List, Operation::ListOneByOne] {
            cells.extend([fresh, mixed].map(|state| cell(operation, memory, Limit::None, state)));
            cells.push(cell(operation, spread, Limit::None, mixed));
        }
        for (chain, limit) in [(memory, Limit::None), (spread, Limit::DistinctKeep10), (memory, Limit::Residue)] {
            cells.push(cell(Operation::Explain, chain, limit, mixed));
        }
        cells.push(cell(Operation::Rollback, memory, Limit::None, mixed));
        cells.push(cell(Operation::RollbackPlacements, memory, Limit::None, mixed));
        cells.push(cell(Operation::ColumnScan, memory, Limit::None, mixed));
        cells.push(cell(Operation::LoadJson, Chain::None, Limit::None, fresh));
        cells.push(cell(Operation::CompileExpression, Chain::None, Limit::None, fresh));
        cells.push(cell(Operation::Memory, Chain::None, Limit::None, mixed));
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, Chain, Limit, Operation, State};
    use crate::Fleet;
    use crate::meter::Outcome;

    #[test]
    fn every_cell_has_a_name_of_its_own_and_every_limit_asks_for_something() -> Outcome<()> {
        let mut names: Vec<_> = Cell::all(100).iter().map(ToString::to_string).collect();
        let cells = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), cells);
        let fleet = Fleet::new(100, State::Equipped);
        let requests = |limit| {
            let state = State::Equipped;
            let cell = Cell { operation: Operation::Churn, instances: 100, chain: Chain::BinpackMemory, limit, state };
            cell.requests(&fleet)
        };
        let plain = requests(Limit::None)?;
        for &limit in &Limit::ALL[1..] {
            assert!(requests(limit)?.iter().zip(&plain).all(|(limited, plain)| limited != plain), "{limit}");
        }
        Ok(())
    }
}

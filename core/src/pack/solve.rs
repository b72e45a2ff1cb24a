//! The one way in: which bounds and solvers run on a problem, in which order, and what is said of the result.

use super::bound;
#[cfg(feature = "lp")]
use super::column;
use super::fill;
use super::greedy;
use super::improve;
use super::packing::{Packing, Unpacked};
use super::problem::{Problem, Reason};
use super::purchase;
use super::search::{Search, Watch};
use super::spread::Dealt;
use super::verify::verify;
use crate::error::{Error, ErrorKind, nearest};
use alloc::format;
use alloc::vec::Vec;

/// Steps where the options name no number: some tenths of a second.
pub const STEPS_DEFAULT: u64 = 1 << 25;

/// Name of the solver by column generation.
const COLUMN: &str = "column";

/// Who found a packing that was given.
const WARM_START: &str = "warm-start";

/// Which solver runs. Each has a page `docs/solvers/NAME.md`: its source, its cost, when it wins, and an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Solver {
    /// Those that suit the problem, cheapest first, as far as the budget goes.
    #[default]
    Auto,
    /// Items in decreasing size, each into the first bin with room.
    FirstFit,
    /// Items in decreasing size, each into the bin it leaves least in.
    BestFit,
    /// Bin by bin, the item with the largest dot product of its demand and what is left.
    DotProduct,
    /// Bin by bin, the item whose demand is nearest to what is left.
    Distance,
    /// One dimension, bin by bin: the set of items that fills it best.
    Fill,
    /// Patterns from a linear program, rounded by diving. Feature `lp`.
    #[cfg(feature = "lp")]
    Column,
    /// Bins emptied one after another into the others.
    LocalSearch,
    /// Bins of types that differ in cost, bought for what they hold at the price; then parts of them bought anew.
    Purchase,
}

impl Solver {
    /// Every solver.
    pub const ALL: [Self; if cfg!(feature = "lp") { 9 } else { 8 }] = [
        Self::Auto,
        Self::FirstFit,
        Self::BestFit,
        Self::DotProduct,
        Self::Distance,
        Self::Fill,
        #[cfg(feature = "lp")]
        Self::Column,
        Self::LocalSearch,
        Self::Purchase,
    ];

    /// The name in options and answers, e.g. `first-fit`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::FirstFit => "first-fit",
            Self::BestFit => "best-fit",
            Self::DotProduct => "dot-product",
            Self::Distance => "l2",
            Self::Fill => "fill",
            #[cfg(feature = "lp")]
            Self::Column => COLUMN,
            Self::LocalSearch => "local-search",
            Self::Purchase => purchase::NAME,
        }
    }

    /// The solver of a name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] for a name there is not; its help has the nearest one. So is `column` without the
    /// feature `lp`.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        if name == COLUMN && !cfg!(feature = "lp") {
            return Err(without_lp(format!("solver `{name}` is not in this build")));
        }
        Self::ALL.into_iter().find(|solver| solver.as_str() == name).ok_or_else(|| {
            let names = || Self::ALL.iter().map(|solver| solver.as_str());
            let error = Error::with_message(ErrorKind::InvalidParameter, format!("solver `{name}` is unknown"));
            match nearest(name, names()) {
                Some(near) => error.with_help(format!("did you mean `{near}`?")),
                None => error.with_help(format!("write one of {}", names().collect::<Vec<_>>().join(", "))),
            }
        })
    }
}

/// The error for what only builds with the feature `lp` have.
#[cold]
fn without_lp(message: alloc::string::String) -> Error {
    Error::with_message(ErrorKind::InvalidParameter, message).with_help("build placewright with the feature `lp`")
}

/// Which lower bounds are worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Bound {
    /// Those that take about as long as a greedy pass.
    #[default]
    Fast,
    /// Also the bound of a linear program over all patterns, where there are at most 1,024 kinds. Feature `lp`.
    #[cfg(feature = "lp")]
    Lp,
}

impl Bound {
    /// The bounds of a name in options: `fast` or `lp`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] for a name there is not, and for `lp` without the feature `lp`.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        match name {
            "fast" => Ok(Self::Fast),
            #[cfg(feature = "lp")]
            "lp" => Ok(Self::Lp),
            #[cfg(not(feature = "lp"))]
            "lp" => Err(without_lp(format!("bound `{name}` is not in this build"))),
            other => Err(Error::with_message(ErrorKind::InvalidParameter, format!("bound `{other}` is unknown"))
                .with_help("write one of fast, lp")),
        }
    }
}

/// How to solve.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// Which solver.
    pub solver: Solver,
    /// Seed of the draws of a local search.
    pub seed: u64,
    /// Most steps, `None` for as long as a solver itself finds worth while. The first pass always runs to its end, so
    /// that there is an answer.
    pub steps: Option<u64>,
    /// Which bounds.
    pub bound: Bound,
    /// A packing to start from. One that breaks a rule is left out.
    pub warm_start: Option<Packing>,
}

/// What solving came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The packing, normalized.
    pub packing: Packing,
    /// What its bins cost, in millionths.
    pub value: u128,
    /// What any packing of the items that this one packs costs at least, in millionths.
    pub lower_bound: u128,
    /// Which bound that is.
    pub bound_name: &'static str,
    /// Whether `value` is the least possible: everything that some bin type can hold is packed, at the cost of the bound.
    pub optimal: bool,
    /// Who found the packing.
    pub solver: &'static str,
    /// Steps used.
    pub steps: u64,
    /// Whether the caller stopped it.
    pub stopped: bool,
    /// Items that are in no bin, and why.
    pub unpacked: Vec<Unpacked>,
}

impl Answer {
    /// How far the value is above the bound, as a share of the value: 0 where it is proven to be the least, below 1.
    #[must_use]
    pub fn gap(&self) -> f64 {
        if self.value == 0 {
            return 0.0;
        }
        let above = self.value.saturating_sub(self.lower_bound);
        above as f64 / self.value as f64
    }
}

/// Solves a problem as well as the budget allows, and says how good the answer is.
///
/// `watch` hears of progress and may stop the run; the best packing so far is returned then. All items are packed unless no
/// type can hold them or limits of types are in the way; those are in [`Answer::unpacked`].
///
/// # Cost
/// One greedy pass at least; beyond that, as many steps as the options and `watch` allow.
pub fn solve(problem: &Problem, options: &Options, watch: Watch<'_>) -> Answer {
    let mut search = Search::new(options.steps.unwrap_or(STEPS_DEFAULT), watch);
    bound::fast(problem, &mut search);
    if problem.types() > 1 {
        purchase::bound(problem, &mut search);
    }
    let dealt = Dealt::new(problem);
    let warm = options.warm_start.as_ref().filter(|warm| verify(problem, warm).is_ok());
    if let Some(warm) = warm.filter(|_| dealt.is_none()) {
        search.enter(WARM_START);
        search.offer(problem, warm.clone());
    }
    match &dealt {
        Some(dealt) => {
            // What is proven of the items as they are dealt is not proven of all ways to deal them.
            #[cfg(feature = "lp")]
            if column::is_wanted(problem, options) {
                column::bound(problem, &mut search);
            }
            run(&dealt.problem, true, options, &mut search);
        }
        None => run(problem, false, options, &mut search),
    }
    let mut found = Found::new(problem, dealt.as_ref(), &search);
    if let Some(warm) = warm.filter(|warm| found.is_worse_than(problem, warm)) {
        found = Found { packing: warm.clone().normalized(), solver: WARM_START };
    }
    conclude(problem, found, &search)
}

/// Runs the solvers on a problem without spreads.
///
/// Whoever adds a solver for some problems enters it here: `search.enter(name)`, then `search.offer` for each better packing,
/// for as long as `search.step` says so. Of a problem that is dealt, no solver may raise the bound.
#[cfg_attr(
    not(feature = "lp"),
    expect(unused_variables, reason = "only column generation raises the bound of a problem")
)]
fn run(problem: &Problem, is_dealt: bool, options: &Options, search: &mut Search<'_>) {
    // Solvers that may have nothing to say of a problem leave the first word to those that do.
    let greedy = match options.solver {
        #[cfg(feature = "lp")]
        Solver::Column => Solver::Auto,
        Solver::Fill if !fill::suits(problem) => Solver::BestFit,
        named => named,
    };
    greedy::run(problem, greedy, search);
    let fills = match options.solver {
        Solver::Auto | Solver::Fill => true,
        #[cfg(feature = "lp")]
        Solver::Column => true,
        _ => false,
    };
    // Who was named makes one pass, whatever the budget, as the greedy ones do.
    let is_first = greedy != Solver::Auto && matches!(options.solver, Solver::Fill | Solver::Purchase);
    let has_turn = |search: &Search<'_>| {
        let is_stopped = search.is_stopped() && search.rank().is_some();
        !search.is_over() || is_first && !is_stopped && !search.is_optimal()
    };
    if fills && has_turn(search) {
        search.enter(Solver::Fill.as_str());
        fill::run(problem, options.seed, search);
    }
    // It takes whatever steps there are, so a bound that is asked for comes first.
    #[cfg(feature = "lp")]
    if options.solver == Solver::Purchase && !is_dealt && !search.is_over() && column::is_wanted(problem, options) {
        search.enter(COLUMN);
        column::bound(problem, search);
    }
    if (options.solver == Solver::Purchase || options.solver == Solver::Auto && problem.types() > 1) && has_turn(search)
    {
        purchase::run(problem, options.seed, options.solver == Solver::Purchase, search);
    }
    if search.rank().is_none() {
        greedy::run(problem, Solver::BestFit, search);
    }
    #[cfg(feature = "lp")]
    if column::is_wanted(problem, options) && options.solver != Solver::Purchase && !search.is_over() {
        search.enter(COLUMN);
        column::run(problem, is_dealt, options, search);
    }
    if matches!(options.solver, Solver::Auto | Solver::LocalSearch) {
        search.enter(Solver::LocalSearch.as_str());
        improve::run(problem, options.seed, search);
    }
}

/// A packing of the problem as given, and who found it.
struct Found {
    /// The packing, normalized.
    packing: Packing,
    /// The solver.
    solver: &'static str,
}

impl Found {
    /// What a search found, its spreads undone.
    fn new(problem: &Problem, dealt: Option<&Dealt>, search: &Search<'_>) -> Self {
        let Some((best, solver)) = search.found() else {
            return Self { packing: Packing::default(), solver: "none" };
        };
        let packing = match dealt {
            Some(dealt) => dealt.restored(problem, best),
            None => best.clone().normalized(),
        };
        Self { packing, solver }
    }

    /// Whether another packing holds more, or as much for less.
    fn is_worse_than(&self, problem: &Problem, other: &Packing) -> bool {
        let rank = |packing: &Packing| (packing.missing(problem), packing.cost(problem));
        rank(other) < rank(&self.packing)
    }
}

/// What is said of a packing.
fn conclude(problem: &Problem, found: Found, search: &Search<'_>) -> Answer {
    let Found { packing, solver } = found;
    let value = packing.cost(problem);
    let is_whole = packing.missing(problem) == 0;
    // The bound is for all items. Where some are left out, what holds for the others is worked out anew.
    let (lower_bound, bound_name) =
        if is_whole { (search.lower_bound(), search.bound_name()) } else { bound::of_packed(problem, &packing) };
    let unpacked = packing.unpacked(problem, |kind| match problem.rule_set(kind).spread {
        Some(_) => Reason::Spread,
        None => Reason::Limit,
    });
    Answer {
        value,
        lower_bound,
        bound_name,
        optimal: is_whole && value == lower_bound,
        solver,
        steps: search.steps(),
        stopped: search.is_stopped(),
        unpacked,
        packing,
    }
}

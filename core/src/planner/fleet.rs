//! Which instances to buy: the cheapest mix of types that holds a set of tasks.
//!
//! A fleet is a packing whose bins are offers of a catalogue: each new instance gives a share of itself to daemons and to
//! headroom, may be had in several zones, and costs its price; instances that already run are bins that cost nothing. The plan
//! comes with its cost, a lower bound that holds in integers, what it leaves unused, and what the alternatives would cost: the
//! best single type, and the fleet that is there today. It is never dearer than the best single type, as that is where the
//! search starts. Methods and sources are in `docs/fleet.md`.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::ControlFlow;

use super::zones;
use crate::attribute::AVAILABILITY_ZONE;
use crate::error::{Error, ErrorKind};
use crate::expr::Expression;
use crate::pack::{
    Answer, BinType, Options, Packing, Problem, ProblemBuilder, Progress, Reason, Solver, Watch, solve, verify,
};

/// Steps that pricing one single type takes at most, after its greedy passes.
const STEPS_SINGLE: u64 = 1 << 16;
/// Steps where the options name no number: some seconds.
pub const STEPS_DEFAULT: u64 = 1 << 27;
/// Name of the best single type, among alternatives and as who found a plan.
const SINGLE: &str = "single-type";
/// Name of today's fleet.
const TODAY: &str = "current";
/// Single types that are priced by packing them; the others cannot be cheaper, or are left out beyond this.
const SINGLES_MAX: usize = 64;

/// How to buy.
#[derive(Debug, Clone, Default)]
pub struct FleetOptions<'a> {
    /// How to solve; [`STEPS_DEFAULT`] where it names no number of steps. A warm start is not looked at.
    pub solve: Options,
    /// Percent of each capacity of a new instance that stays free, 0 to 99; what it comes to is rounded up.
    pub headroom_percent: u32,
    /// What daemons take of each new instance, by dimension; empty for nothing. Instances that already run have theirs counted.
    pub daemon: Vec<u64>,
    /// Zones in which each offer without a zone of its own may be had; empty where zones do not matter.
    pub zones: Vec<&'a str>,
    /// Fewest zones that instances of the plan are in.
    pub zones_min: usize,
    /// Only offers that satisfy this.
    pub only: Option<Expression>,
    /// The fleet of today: offers by id, and how many of each. It is one of the alternatives.
    pub current: Vec<(&'a str, u64)>,
}

/// A fleet being described: items and rules in the builder, and the offers.
#[derive(Debug)]
pub struct Fleet<'a> {
    /// Items, rules, and the instances that already run.
    builder: ProblemBuilder,
    /// How to buy.
    options: FleetOptions<'a>,
    /// Offer and zone of each type, by type; `None` for instances that already run.
    origins: Vec<Option<Origin>>,
    /// Ids of offers.
    offers: Vec<Box<str>>,
}

/// Where a type of the problem comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Origin {
    /// Offer.
    pub(super) offer: u32,
    /// Number among the zones of the options, where the offer has no zone of its own.
    pub(super) zone: Option<u32>,
}

/// So much of one dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Room {
    /// What the instances of the plan have for tasks: headroom and daemons are taken off.
    pub capacity: u128,
    /// What tasks of the plan take.
    pub used: u128,
    /// What is left on instances into which not one more item of the mix would fit, by amounts and rules.
    pub stranded: u128,
}

/// What another fleet would cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// `single-type` or `current`.
    pub name: &'static str,
    /// The type, for a single one.
    pub offer: Option<String>,
    /// What it costs, in millionths.
    pub cost: u128,
    /// Instances of it.
    pub instances: u64,
    /// Items for which it has no room, as far as was found.
    pub missing: u64,
}

/// How many of an offer the plan has more or fewer than today's fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The offer.
    pub offer: String,
    /// Today.
    pub from: u64,
    /// In the plan.
    pub to: u64,
}

/// What to buy.
#[derive(Debug, Clone)]
pub struct FleetPlan {
    /// The problem that was solved: its types are offers, by zone where zones were named, and instances that already run.
    pub problem: Problem,
    /// The answer. Its value is the cost of the plan.
    pub answer: Answer,
    /// By dimension.
    pub rooms: Vec<Room>,
    /// Alternatives, cheapest first.
    pub alternatives: Vec<Alternative>,
    /// From today's fleet to the plan, by offer; empty where no fleet of today was named.
    pub changes: Vec<Change>,
    /// Zones that instances of the plan are in, sorted; instances whose zone is not known are in none.
    pub zones: Vec<String>,
    /// Whether there are fewer of them than was asked for, since no other instance could be found that some item can go to.
    pub is_short_of_zones: bool,
    /// Offer and zone of each type.
    pub(super) origins: Vec<Option<Origin>>,
    /// Ids of the offers.
    offers: Vec<Box<str>>,
    /// Zone of each type, where it has one. `[types]`
    zone_of_type: Vec<Option<Box<str>>>,
}

impl<'a> Fleet<'a> {
    /// The options, to be changed before offers are added.
    pub fn options_mut(&mut self) -> &mut FleetOptions<'a> {
        &mut self.options
    }

    /// A fleet for the items and rules of a builder. Types that the builder has are instances that already run: they should
    /// cost nothing and be limited to what there is.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] for a headroom of 100 percent or more, a zone that is empty or there twice, and more
    /// zones wanted than there are where they are named.
    ///
    /// # Example
    /// ```
    /// use core::ops::ControlFlow;
    ///
    /// use placewright::pack::{BinType, Item, Problem};
    /// use placewright::planner::fleet::{Fleet, FleetOptions};
    ///
    /// let mut builder = Problem::builder(["cpu", "memory"])?;
    /// builder.add_item(&Item::new("web", &[1000, 2048]).with_count(6))?;
    /// let mut fleet = Fleet::new(builder, FleetOptions::default())?;
    /// fleet.add_offer(&BinType::new("large", &[2000, 8192]).with_cost(96_000))?;
    /// fleet.add_offer(&BinType::new("xlarge", &[4000, 16384]).with_cost(192_000))?;
    /// let plan = fleet.plan(&mut |_| ControlFlow::Continue(()))?;
    /// assert_eq!((plan.answer.value, plan.answer.optimal), (288_000, true));
    /// # Ok::<(), placewright::Error>(())
    /// ```
    pub fn new(builder: ProblemBuilder, options: FleetOptions<'a>) -> Result<Self, Error> {
        let invalid = |message: String, path: &str, help: &str| {
            Err(Error::with_message(ErrorKind::InvalidParameter, message).in_path(path).with_help(help.to_owned()))
        };
        check_headroom(options.headroom_percent)?;
        for (at, zone) in options.zones.iter().enumerate() {
            if zone.is_empty() || options.zones[..at].contains(zone) {
                return invalid(format!("zone `{zone}` is empty or there twice"), "zones", "name each zone once");
            }
        }
        if !options.zones.is_empty() && options.zones_min > options.zones.len() {
            let message = format!("{} zones are wanted of {}", options.zones_min, options.zones.len());
            return invalid(message, "zonesMin", "name more zones, or want fewer");
        }
        if !options.daemon.is_empty() && options.daemon.len() != builder.width() {
            let message = format!("the daemon has {} amounts for {} dimensions", options.daemon.len(), builder.width());
            return invalid(message, "daemon", "give one amount for each dimension");
        }
        let origins = vec![None; builder.types()];
        Ok(Self { builder, options, origins, offers: Vec::new() })
    }

    /// Adds an offer: what one new instance has, what it costs, and how many there are at most, in all zones together.
    ///
    /// An offer that [`FleetOptions::only`] does not want, or from which daemons leave less than nothing, is left out; so its items are reported as such that no
    /// type holds.
    ///
    /// # Errors
    /// Those of [`ProblemBuilder::add_type`]; [`ErrorKind::InvalidParameter`] for an offer that is limited where zones are
    /// named, as its limit would have to be shared between them.
    pub fn add_offer(&mut self, offer: &BinType<'_>) -> Result<(), Error> {
        // Options may have changed since they were checked.
        check_headroom(self.options.headroom_percent)?;
        if self.options.only.as_ref().is_some_and(|only| !offer.satisfies(only)) {
            return Ok(());
        }
        let percent = u64::from(self.options.headroom_percent);
        let daemon = self.options.daemon.iter().copied().chain(core::iter::repeat(0));
        let capacity: Option<Vec<u64>> = offer
            .capacity
            .iter()
            .zip(daemon)
            .map(|(&has, daemon)| {
                // In parts, as the product may be too large.
                let kept = has / 100 * percent + (has % 100 * percent).div_ceil(100);
                (has - kept).checked_sub(daemon)
            })
            .collect();
        let has_zone = offer.attributes.iter().any(|&(name, _)| name == AVAILABILITY_ZONE);
        let zones = if has_zone { &[][..] } else { self.options.zones.as_slice() };
        if offer.limit.is_some() && zones.len() > 1 {
            let message = format!("offer `{}` is limited, and to be had in several zones", offer.id);
            return Err(Error::with_message(ErrorKind::InvalidParameter, message)
                .in_path("limit")
                .with_help("list it once for each zone, with the attribute ecs.availability-zone"));
        }
        let Some(capacity) = capacity else { return Ok(()) };
        let number = u32::try_from(self.offers.len()).unwrap_or(u32::MAX);
        let mut reduced = offer.clone();
        reduced.capacity = &capacity;
        if zones.is_empty() {
            self.builder.add_type(&reduced)?;
            self.origins.push(Some(Origin { offer: number, zone: None }));
        }
        for (zone, name) in (0_u32..).zip(zones) {
            let id = format!("{}@{name}", offer.id);
            let mut in_zone = BinType { id: &id, ..reduced.clone() };
            in_zone.attributes.push((AVAILABILITY_ZONE, Some(name)));
            self.builder.add_type(&in_zone)?;
            self.origins.push(Some(Origin { offer: number, zone: Some(zone) }));
        }
        self.offers.push(offer.id.into());
        Ok(())
    }

    /// Works out what to buy. `watch` hears of progress and may stop the run; the plan is the best so far then. While alternatives
    /// are priced it hears of steps only, under their names.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] for an offer of today's fleet that there is not.
    ///
    /// # Cost
    /// As [`solve`], and a greedy pass for each single type that may be cheapest.
    pub fn plan(self, watch: Watch<'_>) -> Result<FleetPlan, Error> {
        let Self { builder, options, origins, offers } = self;
        let mut today = vec![0_u64; offers.len()];
        for (at, &(id, count)) in options.current.iter().enumerate() {
            let offer = offers.iter().position(|offer| offer.as_ref() == id);
            let offer = offer.ok_or_else(|| {
                Error::with_message(ErrorKind::InvalidParameter, format!("offer `{id}` is unknown"))
                    .in_path(&format!("current[{at}]"))
                    .with_help("name offers as the catalogue does")
            })?;
            today[offer] = today[offer].saturating_add(count);
        }
        let zone_of_type = builder.values_of(AVAILABILITY_ZONE);
        let problem = builder.build()?;
        let mut alternatives = Vec::new();
        let widest = Widest { origins: &origins, zone_of_type: &zone_of_type, zones_min: options.zones_min };
        let single = best_single(&problem, &widest, &offers, watch);
        let mut solving = options.solve.clone();
        solving.steps = solving.steps.or(Some(STEPS_DEFAULT));
        solving.warm_start = single.as_ref().map(|(_, packing)| packing.clone());
        // One that cannot be in as many zones is a start, and no alternative.
        alternatives.extend(single.iter().filter(|(_, packing)| widest.short(packing) == 0).map(|(it, _)| it.clone()));
        if !options.current.is_empty() {
            alternatives.push(price_today(&problem, &origins, &today, watch));
        }
        alternatives.sort_by_key(|alternative| (alternative.missing, alternative.cost));
        let mut answer = solve(&problem, &solving, watch);
        zones::widen(&problem, &origins, &zone_of_type, options.zones_min, &mut answer.packing);
        let rank = |packing: &Packing| (packing.missing(&problem), widest.short(packing), packing.cost(&problem));
        if let Some((_, packing)) = single.filter(|(_, packing)| rank(packing) < rank(&answer.packing)) {
            answer = with_packing(&problem, answer, packing.normalized());
        }
        let is_short = rank(&answer.packing).1 > 0;
        answer.value = answer.packing.cost(&problem);
        answer.optimal = answer.optimal && answer.value <= answer.lower_bound;
        let rooms = rooms(&problem, &answer.packing);
        let changes =
            if options.current.is_empty() { Vec::new() } else { changes(&answer.packing, &origins, &offers, &today) };
        let zones = zones::used(&zone_of_type, &answer.packing);
        Ok(FleetPlan {
            problem,
            answer,
            rooms,
            alternatives,
            changes,
            zones,
            is_short_of_zones: is_short,
            origins,
            offers,
            zone_of_type,
        })
    }
}

impl FleetPlan {
    /// The offer a type of the problem stands for; `None` for an instance that already runs.
    #[must_use]
    pub fn offer(&self, bin_type: u32) -> Option<&str> {
        let origin = self.origins.get(bin_type as usize).copied().flatten()?;
        self.offers.get(origin.offer as usize).map(AsRef::as_ref)
    }

    /// The zone of a type of the problem, where it has one.
    #[must_use]
    pub fn zone(&self, bin_type: u32) -> Option<&str> {
        self.zone_of_type.get(bin_type as usize).and_then(|zone| zone.as_deref())
    }
}

/// Refuses a headroom that leaves no room.
fn check_headroom(percent: u32) -> Result<(), Error> {
    if percent <= 99 {
        return Ok(());
    }
    let message = format!("a headroom of {percent} percent leaves no room");
    Err(Error::with_message(ErrorKind::InvalidParameter, message).in_path("headroomPercent").with_help("give 0 to 99"))
}

/// The answer with the packing of the best single type. Where limits leave items out, these may be others than before; of what is
/// held then no bound is known.
fn with_packing(problem: &Problem, answer: Answer, packing: Packing) -> Answer {
    if packing.packed(problem) == answer.packing.packed(problem) {
        return Answer { packing, solver: SINGLE, ..answer };
    }
    let known = |kind: u32| answer.unpacked.iter().find(|unpacked| problem.rows_of(kind).contains(&unpacked.row));
    let unpacked = packing.unpacked(problem, |kind| known(kind).map_or(Reason::Limit, |unpacked| unpacked.reason));
    Answer { packing, unpacked, solver: SINGLE, lower_bound: 0, bound_name: "none", optimal: false, ..answer }
}

/// Whether a type belongs to an offer, or already runs.
fn belongs(origins: &[Option<Origin>], offer: u32) -> impl Fn(u32) -> bool + '_ {
    move |bin_type| origins[bin_type as usize].is_none_or(|origin| origin.offer == offer)
}

/// Who brings packings into as many zones as are wanted.
struct Widest<'p> {
    /// Offer and zone of each type.
    origins: &'p [Option<Origin>],
    /// Zone of each type. `[types]`
    zone_of_type: &'p [Option<Box<str>>],
    /// Fewest zones.
    zones_min: usize,
}

impl Widest<'_> {
    /// How many zones a packing is short of.
    fn short(&self, packing: &Packing) -> usize {
        self.zones_min.saturating_sub(zones::used(self.zone_of_type, packing).len())
    }
}

/// The cheapest fleet of one offer that holds everything that some type can hold, beside what already runs, in as many zones as
/// are wanted or it can be in.
fn best_single(
    problem: &Problem,
    widest: &Widest<'_>,
    offers: &[Box<str>],
    watch: Watch<'_>,
) -> Option<(Alternative, Packing)> {
    let origins = widest.origins;
    let total = problem.total_demand();
    let mut candidates: Vec<(u128, u32)> = Vec::new();
    for offer in (0_u32..).take(offers.len()) {
        let first = (0_u32..).zip(origins).find(|(_, origin)| origin.is_some_and(|origin| origin.offer == offer));
        let Some((bin_type, _)) = first else { continue };
        let is_same = belongs(origins, offer);
        let types = || (0_u32..).take(problem.types()).filter(|&bin_type| is_same(bin_type));
        let holds_all =
            (0_u32..).take(problem.kinds()).all(|kind| types().any(|bin_type| problem.is_allowed(kind, bin_type)));
        if !holds_all {
            continue;
        }
        let least = total.iter().zip(problem.capacity(bin_type)).filter(|&(&wanted, _)| wanted > 0);
        let least = least.map(|(&wanted, &has)| wanted.div_ceil(u128::from(has.max(1)))).max().unwrap_or(0);
        candidates.push((least.saturating_mul(u128::from(problem.cost(bin_type))), offer));
    }
    candidates.sort_unstable();
    let runs_already = origins.iter().any(Option::is_none);
    let mut best: Option<(usize, Alternative, Packing)> = None;
    for (least, offer) in candidates.into_iter().take(SINGLES_MAX) {
        // Instances that already run may take some of it, so the least is none there.
        if !runs_already
            && best.as_ref().is_some_and(|(short, it, _)| (*short, it.missing) == (0, 0) && least >= it.cost)
        {
            break;
        }
        let alone = problem.with_types(belongs(origins, offer));
        let mut answers: Vec<Answer> = Vec::new();
        for solver in [Solver::FirstFit, Solver::BestFit] {
            let options = Options { solver, steps: Some(STEPS_SINGLE), ..Options::default() };
            answers.push(solve(&alone, &options, &mut |progress| aside(progress, SINGLE, watch)));
            if answers.iter().any(|answer| answer.stopped) {
                break;
            }
        }
        answers.sort_by_key(|answer| (answer.packing.missing(problem), answer.value));
        let is_stopped = answers.iter().any(|answer| answer.stopped);
        let Some(Answer { mut packing, .. }) = answers.into_iter().next() else { continue };
        zones::widen(&alone, origins, widest.zone_of_type, widest.zones_min, &mut packing);
        let alternative = Alternative {
            name: SINGLE,
            offer: Some(offers[offer as usize].as_ref().to_owned()),
            cost: packing.cost(problem),
            instances: packing.bin_count(),
            missing: packing.missing(problem),
        };
        let rank = |short: usize, it: &Alternative| (it.missing, short, it.cost);
        let short = widest.short(&packing);
        if best.as_ref().is_none_or(|(least, it, _)| rank(short, &alternative) < rank(*least, it)) {
            best = Some((short, alternative, packing));
        }
        if is_stopped {
            break;
        }
    }
    best.map(|(_, alternative, packing)| (alternative, packing))
}

/// Tells of a run on a part of the problem. Its values and bounds are none of the whole.
fn aside(progress: &Progress, name: &'static str, watch: Watch<'_>) -> ControlFlow<()> {
    watch(&Progress { value: None, missing: 0, lower_bound: 0, bound_name: "none", solver: name, ..*progress })
}

/// Today's fleet as an alternative: all of it is paid, whether or not it is needed.
fn price_today(problem: &Problem, origins: &[Option<Origin>], today: &[u64], watch: Watch<'_>) -> Alternative {
    let mut cost = 0_u128;
    let mut left = today.to_vec();
    let mut limits: BTreeMap<u32, u64> = BTreeMap::new();
    for (bin_type, origin) in (0_u32..).zip(origins) {
        let Some(origin) = origin else { continue };
        // Zones of today are not known: all are taken to be in the first.
        let count = core::mem::take(&mut left[origin.offer as usize]);
        cost += u128::from(count) * u128::from(problem.cost(bin_type));
        limits.insert(bin_type, count);
    }
    let limited = problem.with_limits(|bin_type| limits.get(&bin_type).copied());
    let options = Options { steps: Some(STEPS_SINGLE), ..Options::default() };
    let answer = solve(&limited, &options, &mut |progress| aside(progress, TODAY, watch));
    let instances = today.iter().fold(0_u64, |sum, &count| sum.saturating_add(count));
    Alternative { name: TODAY, offer: None, cost, instances, missing: answer.packing.missing(problem) }
}

/// What each dimension of a packing comes to.
fn rooms(problem: &Problem, packing: &Packing) -> Vec<Room> {
    let mut rooms = vec![Room::default(); problem.width()];
    for pattern in &packing.patterns {
        let mut free: Vec<u64> = problem.capacity(pattern.bin_type).to_vec();
        for &(kind, number) in &pattern.content {
            free.iter_mut().zip(problem.demand(kind)).for_each(|(free, &wanted)| *free -= wanted * number);
        }
        let takes_more = problem.takes_more(pattern);
        let count = u128::from(pattern.count);
        for ((room, &has), &free) in rooms.iter_mut().zip(problem.capacity(pattern.bin_type)).zip(&free) {
            room.capacity += u128::from(has) * count;
            room.used += u128::from(has - free) * count;
            room.stranded += if takes_more { 0 } else { u128::from(free) * count };
        }
    }
    rooms
}

/// From today's fleet to a packing, by offer, those that change.
fn changes(packing: &Packing, origins: &[Option<Origin>], offers: &[Box<str>], today: &[u64]) -> Vec<Change> {
    let mut planned = vec![0_u64; offers.len()];
    for pattern in &packing.patterns {
        if let Some(origin) = origins[pattern.bin_type as usize] {
            planned[origin.offer as usize] += pattern.count;
        }
    }
    let all = offers.iter().zip(today).zip(planned);
    all.filter(|&((_, &from), to)| from != to)
        .map(|((offer, &from), to)| Change { offer: offer.as_ref().to_owned(), from, to })
        .collect()
}

/// Whether a packing is right, by the checker that shares nothing with the solvers.
pub(super) fn is_right(problem: &Problem, packing: &Packing) -> bool {
    verify(problem, packing).is_ok()
}

//! A packer too simple to be wrong: every way to put a few items into bins, each judged from the description alone.

use placewright::pack::{BinType, GroupRule, Item, Packing, Pattern, Problem, Spread};
use placewright::{Constraint, GpuDemand, Protocol, expr};
use proptest::prelude::*;

/// Names of groups.
pub(crate) const GROUPS: [&str; 2] = ["red", "blue"];
/// Names of zones.
pub(crate) const ZONES: [&str; 2] = ["a", "b"];

/// A row of items.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) demand: [u64; 2],
    pub(crate) count: u64,
    pub(crate) group: Option<usize>,
    pub(crate) is_distinct: bool,
    pub(crate) port: bool,
    pub(crate) eni: bool,
    pub(crate) gpus: GpuDemand,
    pub(crate) zone: Option<usize>,
}

/// A bin type.
#[derive(Debug, Clone)]
pub(crate) struct Kind {
    pub(crate) capacity: [u64; 2],
    pub(crate) cost: u64,
    pub(crate) limit: Option<u64>,
    pub(crate) zone: usize,
    pub(crate) gpus: usize,
    pub(crate) eni_slots: Option<u32>,
    pub(crate) is_port_taken: bool,
    pub(crate) running: Option<usize>,
}

/// A whole case.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) rows: Vec<Row>,
    pub(crate) types: Vec<Kind>,
    pub(crate) per_bin_max: [Option<u32>; 2],
    pub(crate) are_apart: bool,
    pub(crate) spread: Option<u64>,
}

fn row() -> impl Strategy<Value = Row> {
    let gpus = prop_oneof![
        6 => Just(GpuDemand::None),
        1 => Just(GpuDemand::Whole(1)),
        1 => Just(GpuDemand::All),
        2 => (1_u16..9).prop_map(|tenths| GpuDemand::Share(tenths * 100)),
    ];
    let group = prop_oneof![Just(None), Just(Some(0)), Just(Some(1))];
    let zone = prop_oneof![4 => Just(None), 1 => Just(Some(0)), 1 => Just(Some(1))];
    let flags = (prop::bool::weighted(0.15), prop::bool::weighted(0.2), prop::bool::weighted(0.2));
    ([0_u64..8, 0_u64..8], 1_u64..3, group, flags, gpus, zone).prop_map(
        |(demand, count, group, (is_distinct, port, eni), gpus, zone)| Row {
            demand,
            count,
            group,
            is_distinct,
            port,
            eni,
            gpus,
            zone,
        },
    )
}

fn kind(has_limits: bool) -> impl Strategy<Value = Kind> {
    let limit =
        if has_limits { prop_oneof![Just(None), (0_u64..3).prop_map(Some)].boxed() } else { Just(None).boxed() };
    let slots = prop_oneof![Just(None), (0_u32..3).prop_map(Some)];
    let running = prop_oneof![3 => Just(None), 1 => (0_usize..2).prop_map(Some)];
    ([4_u64..10, 4_u64..10], 0_u64..4, limit, 0_usize..2, 0_usize..3, slots, prop::bool::weighted(0.2), running)
        .prop_map(|(capacity, cost, limit, zone, gpus, eni_slots, is_port_taken, running)| Kind {
            capacity,
            cost,
            limit,
            zone,
            gpus,
            eni_slots,
            is_port_taken,
            running: running.filter(|_| limit.is_some()),
        })
}

/// Cases of a few items.
pub(crate) fn case(has_limits: bool, has_spread: bool) -> impl Strategy<Value = Case> {
    let most = [prop::option::weighted(0.3, 1_u32..3), prop::option::weighted(0.3, 1_u32..3)];
    let spread = if has_spread { (1_u64..3).prop_map(Some).boxed() } else { Just(None).boxed() };
    (
        prop::collection::vec(row(), 1..4),
        prop::collection::vec(kind(has_limits), 1..3),
        most,
        prop::bool::weighted(0.3),
        spread,
    )
        .prop_map(|(rows, types, per_bin_max, are_apart, spread)| Case {
            rows,
            types,
            per_bin_max,
            are_apart,
            spread,
        })
}

impl Case {
    /// The problem, its rows in this order.
    pub(crate) fn problem(&self) -> Problem {
        let mut builder = Problem::builder(["cpu", "memory"]).unwrap();
        for (at, kind) in self.types.iter().enumerate() {
            let id = format!("t{at}");
            let mut bin = BinType::new(&id, &kind.capacity).with_cost(kind.cost * 1_000_000).with_gpus(kind.gpus);
            bin = bin.with_attribute("zone", ZONES[kind.zone]);
            (bin.limit, bin.eni_slots) = (kind.limit, kind.eni_slots);
            if kind.is_port_taken {
                bin = bin.with_port_taken(Protocol::Tcp, 80);
            }
            if let Some(group) = kind.running {
                bin = bin.with_running(GROUPS[group], 1);
            }
            builder.add_type(&bin).unwrap();
        }
        for row in &self.rows {
            let mut item = Item::new("row", &row.demand).with_count(row.count).with_gpus(row.gpus);
            item.group = row.group.map(|group| GROUPS[group]);
            item.needs_eni = row.eni;
            if row.port {
                item = item.with_port(Protocol::Tcp, 80);
            }
            if row.is_distinct && row.group.is_some() {
                item = item.with_constraint(Constraint::DistinctInstance);
            }
            if let Some(zone) = row.zone {
                let text = format!("attribute:zone == {}", ZONES[zone]);
                item = item.with_constraint(Constraint::MemberOf(expr::compile(&text).unwrap()));
            }
            builder.add_item(&item).unwrap();
        }
        for (group, per_bin_max) in GROUPS.into_iter().zip(self.per_bin_max) {
            builder.add_rule(group, &GroupRule { per_bin_max, ..GroupRule::default() }).unwrap();
        }
        if self.are_apart {
            let apart = GroupRule { apart_from: vec![GROUPS[1]], ..GroupRule::default() };
            builder.add_rule(GROUPS[0], &apart).unwrap();
        }
        if let Some(skew_max) = self.spread {
            let spread = Some(Spread { attribute: "zone", skew_max });
            builder.add_rule(GROUPS[0], &GroupRule { spread, ..GroupRule::default() }).unwrap();
        }
        builder.build().unwrap()
    }

    /// Most of a group in one bin.
    fn most(&self, group: usize) -> u32 {
        let is_distinct = self.rows.iter().any(|row| row.is_distinct && row.group == Some(group));
        let most = self.per_bin_max[group].unwrap_or(u32::MAX);
        if is_distinct { 1 } else { most }
    }

    /// Whether a bin of a type may hold these rows, each as often as it is named. `counts_amounts` is off where only rules are
    /// asked about.
    pub(crate) fn holds(&self, kind: usize, rows: &[usize], counts_amounts: bool) -> bool {
        let kind = &self.types[kind];
        let all = || rows.iter().map(|&row| &self.rows[row]);
        let fits = (0..2).all(|at| all().map(|row| row.demand[at]).sum::<u64>() <= kind.capacity[at]);
        let zones = all().all(|row| row.zone.is_none_or(|zone| zone == kind.zone));
        let ports = all().filter(|row| row.port).count() <= usize::from(!kind.is_port_taken);
        let enis = all().filter(|row| row.eni).count();
        let enis = enis == 0 || kind.eni_slots.is_none_or(|slots| enis <= slots as usize);
        let count = |group: usize| all().filter(|row| row.group == Some(group)).count();
        let runs = |group: usize| usize::from(kind.running == Some(group));
        let groups = (0..2).all(|group| count(group) == 0 || count(group) + runs(group) <= self.most(group) as usize);
        let clash = |one: usize, other: usize| count(one) > 0 && count(other) + runs(other) > 0;
        let apart = !self.are_apart || !(clash(0, 1) || clash(1, 0));
        (fits || !counts_amounts) && zones && ports && enis && groups && apart && self.has_gpus(kind.gpus, rows)
    }

    /// Whether the GPUs of a bin can be dealt out.
    fn has_gpus(&self, gpus: usize, rows: &[usize]) -> bool {
        let mut left = vec![1000_u16; gpus];
        let mut shares = Vec::new();
        let mut whole = 0;
        let mut all = 0;
        for &row in rows {
            match self.rows[row].gpus {
                GpuDemand::Whole(count) => whole += usize::from(count),
                GpuDemand::All => all += 1,
                GpuDemand::Share(share) => shares.push(share),
                _ => {}
            }
        }
        if all > 0 {
            return all == 1 && whole == 0 && shares.is_empty() && gpus > 0;
        }
        if whole > gpus {
            return false;
        }
        left.truncate(gpus - whole);
        deal(&shares, &mut left)
    }

    /// Rows that no type holds alone.
    pub(crate) fn misfits(&self) -> Vec<u32> {
        let is_misfit = |row: usize| {
            !(0..self.types.len()).any(|kind| self.types[kind].limit != Some(0) && self.holds(kind, &[row], true))
        };
        (0..self.rows.len()).filter(|&row| is_misfit(row)).map(|row| u32::try_from(row).unwrap()).collect()
    }

    /// Whether bins, each a type and its rows, are within limits and in balance.
    pub(crate) fn is_feasible(&self, bins: &[(usize, Vec<usize>)]) -> bool {
        let within = (0..self.types.len()).all(|kind| {
            let used = bins.iter().filter(|(of, _)| *of == kind).count() as u64;
            self.types[kind].limit.is_none_or(|limit| used <= limit)
        });
        within && bins.iter().all(|(kind, rows)| self.holds(*kind, rows, true)) && self.is_balanced(bins)
    }

    /// Whether the spread of the first group is kept.
    fn is_balanced(&self, bins: &[(usize, Vec<usize>)]) -> bool {
        let Some(skew_max) = self.spread else { return true };
        let misfits = self.misfits();
        let may = |zone: usize| {
            let in_zone = (0..self.types.len())
                .filter(|&kind| self.types[kind].zone == zone && self.types[kind].limit != Some(0));
            let is_kind = |row: usize| !misfits.contains(&u32::try_from(row).unwrap());
            let rows = || (0..self.rows.len()).filter(|&row| self.rows[row].group == Some(0) && is_kind(row));
            in_zone.into_iter().any(|kind| rows().any(|row| self.holds(kind, &[row], false)))
        };
        let zones: Vec<usize> = (0..2).filter(|&zone| may(zone)).collect();
        let skew = |counts: [u64; 2]| {
            let values: Vec<u64> = zones.iter().map(|&zone| counts[zone]).collect();
            values.iter().max().unwrap_or(&0) - values.iter().min().unwrap_or(&0)
        };
        let mut counts = [0; 2];
        for kind in self.types.iter().filter(|kind| kind.running == Some(0)) {
            counts[kind.zone] += kind.limit.unwrap();
        }
        let before = skew(counts);
        for (kind, rows) in bins {
            counts[self.types[*kind].zone] +=
                rows.iter().filter(|&&row| self.rows[row].group == Some(0)).count() as u64;
        }
        skew(counts) <= before.max(skew_max)
    }

    /// The least cost of packing everything but misfits, or `None` where that cannot be.
    pub(crate) fn optimum(&self) -> Option<u64> {
        let misfits = self.misfits();
        let rows = (0..self.rows.len()).filter(|&row| !misfits.contains(&u32::try_from(row).unwrap()));
        let items: Vec<usize> = rows.flat_map(|row| (0..self.rows[row].count).map(move |_| row)).collect();
        let mut best = None;
        self.try_all(&items, &mut Vec::new(), &mut best);
        best
    }

    /// Puts the first item everywhere it can be, and the others after it.
    fn try_all(&self, items: &[usize], bins: &mut Vec<(usize, Vec<usize>)>, best: &mut Option<u64>) {
        let cost = bins.iter().map(|(kind, _)| self.types[*kind].cost).sum::<u64>();
        if best.is_some_and(|best| cost >= best) {
            return;
        }
        let Some((&item, rest)) = items.split_first() else {
            if self.is_feasible(bins) {
                *best = Some(cost);
            }
            return;
        };
        for at in 0..bins.len() {
            bins[at].1.push(item);
            if self.holds(bins[at].0, &bins[at].1, true) {
                self.try_all(rest, bins, best);
            }
            bins[at].1.pop();
        }
        for kind in 0..self.types.len() {
            if self.holds(kind, &[item], true) {
                bins.push((kind, vec![item]));
                self.try_all(rest, bins, best);
                bins.pop();
            }
        }
    }

    /// Bins of rows as a packing of the problem; `None` where a row is of no kind.
    pub(crate) fn packing(problem: &Problem, bins: &[(usize, Vec<usize>)]) -> Option<Packing> {
        let kind_of = |row: usize| {
            let row = u32::try_from(row).unwrap();
            (0..u32::try_from(problem.kinds()).unwrap()).find(|&kind| problem.rows_of(kind).contains(&row))
        };
        let mut patterns = Vec::new();
        for (bin_type, rows) in bins {
            let content = rows.iter().map(|&row| Some((kind_of(row)?, 1))).collect::<Option<Vec<_>>>()?;
            patterns.push(Pattern { bin_type: u32::try_from(*bin_type).unwrap(), count: 1, content });
        }
        Some(Packing { patterns }.normalized())
    }
}

/// Whether shares can be dealt out to what is left of GPUs.
fn deal(shares: &[u16], left: &mut [u16]) -> bool {
    let Some((&share, rest)) = shares.split_first() else { return true };
    (0..left.len()).any(|at| {
        if left[at] < share {
            return false;
        }
        left[at] -= share;
        let is_dealt = deal(rest, left);
        left[at] += share;
        is_dealt
    })
}

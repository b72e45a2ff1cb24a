//! The conflict bound: items of which no two can share a bin need a bin each.
//!
//! Such items are a clique of the graph that joins kinds without a common bin; a largest clique is a largest independent set of
//! the graph of those that can share. That graph is thin where items are large, and there the usual reductions (a vertex with
//! no neighbour or one is in some largest set; so is one whose neighbours are neighbours of each other) leave little to
//! branch on. Beyond a budget of work the vertex with the fewest neighbours is taken and nothing else tried: still a clique,
//! perhaps not the largest.

use alloc::vec;
use alloc::vec::Vec;

use super::problem::Problem;

/// Kinds up to which the graph is made.
const KINDS_MAX: usize = 1200;
/// Words of rows that are counted before branching ends: some hundredths of a second.
const WORK_MAX: usize = 1 << 22;

/// The graph of kinds that can share a bin.
#[derive(Debug)]
struct Graph {
    /// Words in a row.
    words: usize,
    /// Rows of bits. `[kinds × words]`
    rows: Vec<u64>,
    /// Items of a kind that count: all copies where two of it cannot share a bin, otherwise one. `[kinds]`
    weight: Vec<u64>,
    /// Words that may still be counted.
    work: usize,
}

/// How many bins a largest clique needs; 0 where there are too many kinds.
pub(super) fn clique(problem: &Problem, counts: &[u64]) -> u128 {
    if problem.kinds() > KINDS_MAX {
        return 0;
    }
    let mut graph = Graph::new(problem, counts);
    let vertices: Vec<u64> = {
        let mut bits = vec![0_u64; graph.words];
        for (at, _) in counts.iter().enumerate().filter(|&(_, &count)| count > 0) {
            bits[at / 64] |= 1 << (at % 64);
        }
        bits
    };
    u128::from(graph.best(vertices))
}

impl Graph {
    /// The graph of a problem.
    fn new(problem: &Problem, counts: &[u64]) -> Self {
        let kinds = problem.kinds();
        let words = kinds.div_ceil(64);
        let mut graph = Self { words, rows: vec![0; kinds * words], weight: counts.to_vec(), work: WORK_MAX };
        // The most that any type has in each dimension: what does not fit there together, fits nowhere.
        let most = problem.largest_capacity();
        for (one, &count) in counts.iter().enumerate() {
            for other in one..kinds {
                if !can_share(problem, one, other, &most) {
                    continue;
                }
                if one == other {
                    graph.weight[one] = count.min(1);
                } else {
                    graph.rows[one * words + other / 64] |= 1 << (other % 64);
                    graph.rows[other * words + one / 64] |= 1 << (one % 64);
                }
            }
        }
        graph
    }

    /// Neighbours of a vertex among those that are left.
    fn neighbours(&self, left: &[u64], at: usize) -> impl Iterator<Item = u64> {
        self.rows[at * self.words..][..self.words].iter().zip(left).map(|(row, left)| row & left)
    }

    /// How many neighbours a vertex has.
    fn degree(&self, left: &[u64], at: usize) -> u32 {
        self.neighbours(left, at).map(u64::count_ones).sum()
    }

    /// Takes a vertex and its neighbours away.
    fn take(&self, left: &mut [u64], at: usize) {
        let row = &self.rows[at * self.words..][..self.words];
        left.iter_mut().zip(row).for_each(|(left, row)| *left &= !row);
        left[at / 64] &= !(1 << (at % 64));
    }

    /// Whether some largest set has this vertex: it weighs no less than each neighbour, and they are neighbours of each other.
    fn is_sure(&self, left: &[u64], at: usize) -> bool {
        let neighbours: Vec<u64> = self.neighbours(left, at).collect();
        members(&neighbours).all(|neighbour| {
            let row = &self.rows[neighbour * self.words..][..self.words];
            let mut missing = neighbours.iter().zip(row).map(|(neighbours, row)| neighbours & !row);
            let others: u32 = missing.by_ref().map(u64::count_ones).sum();
            self.weight[at] >= self.weight[neighbour] && others == 1
        })
    }

    /// The weight of the best independent set found among these vertices. Depth-first, without recursion: each entry waits with
    /// the weight taken on the way to it.
    fn best(&mut self, vertices: Vec<u64>) -> u64 {
        let mut waiting = vec![(vertices, 0_u64)];
        let mut best = 0;
        while let Some((mut left, mut taken)) = waiting.pop() {
            loop {
                let total: u64 = members(&left).map(|at| self.weight[at]).sum();
                if total == 0 {
                    best = best.max(taken);
                    break;
                }
                if taken + total <= best {
                    break;
                }
                let mut degrees: Vec<(u32, usize)> = members(&left).map(|at| (self.degree(&left, at), at)).collect();
                degrees.sort_unstable();
                self.work = self.work.saturating_sub(degrees.len() * self.words);
                let sure =
                    degrees.iter().take_while(|(degree, _)| *degree <= 8).find(|&&(_, at)| self.is_sure(&left, at));
                if let Some(&(_, at)) = sure {
                    taken += self.weight[at];
                    self.take(&mut left, at);
                    continue;
                }
                let (Some(&(_, least)), Some(&(_, most))) = (degrees.first(), degrees.last()) else { break };
                if self.work > 0 {
                    // Without the vertex now; with it later.
                    let mut with = left.clone();
                    self.take(&mut with, most);
                    waiting.push((with, taken + self.weight[most]));
                    left[most / 64] &= !(1 << (most % 64));
                } else {
                    taken += self.weight[least];
                    self.take(&mut left, least);
                }
            }
        }
        best
    }
}

/// Positions of the bits that are set.
fn members(bits: &[u64]) -> impl Iterator<Item = usize> {
    bits.iter()
        .enumerate()
        .flat_map(|(at, &word)| (0..64).filter(move |bit| word >> bit & 1 != 0).map(move |bit| at * 64 + bit))
}

/// Whether two items of these kinds, or two of one, can be in one bin as far as sums, classes and types go.
fn can_share(problem: &Problem, one: usize, other: usize, most: &[u64]) -> bool {
    let width = problem.width();
    let demand = |kind: usize| &problem.kinds.demand[kind * width..][..width];
    if demand(one).iter().zip(demand(other)).zip(most).any(|((one, other), most)| one + other > *most) {
        return false;
    }
    let rules = [one, other].map(|kind| &problem.rules[problem.kinds.rules[kind] as usize]);
    if rules[0].allowed.iter().zip(&rules[1].allowed).all(|(one, other)| one & other == 0) {
        return false;
    }
    rules[0].classes.iter().all(|&class| {
        let is_shared = rules[1].classes.binary_search(&class).is_ok();
        let is_apart = problem.apart(class).iter().any(|other| rules[1].classes.binary_search(other).is_ok());
        let is_single = problem.classes.room[class as usize] <= 1;
        !(is_apart || is_shared && is_single)
    })
}

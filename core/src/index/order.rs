//! An ordered list of keys in blocks: where a key begins is found in a few steps, and blocks in which no key has enough of
//! something are passed over.
//!
//! Three levels, as in a shallow B-tree: a leaf holds up to 64 keys, each with a few amounts; a group holds up to 64 leaves,
//! with the least key of each and the greatest of every amount in it; the top lists the groups in the same way. Leaves and groups
//! stand in order, keys within a leaf do not: adding one is a write at the end, and taking one out moves the last into its lane,
//! while a walk picks the least of those it wants. Keys are unique. Room for leaves and groups is taken beforehand; should it run
//! out, neighbours that fit in one leaf are put together first.
//!
//! Cost: finding, adding and removing a key take steps logarithmic in the groups, and one look at a leaf. A walk visits
//! only leaves whose greatest amounts are enough; in a leaf the first key costs one look at all of them, those after it are sorted, or
//! come out of a heap. With one amount beside the key that is exact, so the first visited leaf after the starting one has a hit; with several,
//! the greatest ones may belong to different keys, and a walk may visit leaves for nothing. It therefore has a budget.
//!
//! The shape is that of the best exact kernel in our measurements of such structures; see `design.md`.

use alloc::vec::Vec;

use crate::prefetch::prefetch;

use super::bitset::bits;
use super::effort::Effort;
use super::keys::Keys;
use super::rest::Quickest;
use super::row::{LANES, Lanes, NOTHING, Row, at_least, below, greatest, less_than};

/// Fewest keys of a leaf, or leaves of a group, that has a neighbour it could be put together with.
const FEW: usize = 16;
/// Most that two neighbours have when they are put together.
const MERGED: usize = 48;
/// Keys of a leaf on average, at the least, when every two neighbours that fit in one have been put together.
const LANES_LEAST: usize = 30;
/// What a walk pays for a leaf; a key that is looked at costs 1.
const LEAF_PRICE: u32 = 8;
/// The same where its keys are asked at once whether they are to be kept, in about the time in which a sweep does as many units
/// of its own; those that are not kept cost nothing more.
const LEAF_PRICE_KEPT: u32 = 4;
/// Lanes of a row in a line of memory.
const LINE: usize = 16;
/// The key where there is none.
const NO_KEY: i64 = i64::MAX;

/// Neighbouring leaves.
#[derive(Debug, Clone)]
struct Group {
    /// Leaves in it.
    len: usize,
    /// Its place in the top.
    top: usize,
    /// No key of a leaf is less than this, and every key of the leaf before it is.
    least: [i64; LANES],
    /// The leaves.
    leaves: [u32; LANES],
}

/// How a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walk {
    /// It was told to stop.
    Stopped,
    /// There is nothing more.
    Ended,
    /// The budget was spent.
    Spent,
}

/// What a walk looks for.
#[derive(Debug)]
pub(crate) struct Query<'a> {
    /// First key looked at.
    pub(crate) from: i64,
    /// First key not looked at.
    pub(crate) to: i64,
    /// For each amount the least there must be; the least number asks for none.
    pub(crate) amounts: &'a [i32],
}

/// An ordered list of keys.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// Amounts beside each key.
    width: usize,
    /// By leaf: keys in the first lanes, in no order.
    keys: Vec<Keys>,
    /// By leaf and amount.
    rows: Vec<Row>,
    /// By leaf: keys in it.
    lens: Vec<usize>,
    /// Groups, in no order.
    groups: Vec<Group>,
    /// By group and amount: the greatest of each leaf.
    maxima: Vec<Row>,
    /// The groups in order.
    top: Vec<u32>,
    /// By place in the top: the least key there could be.
    top_least: Vec<i64>,
    /// By place in the top and amount: the greatest.
    top_maxima: Vec<i32>,
    /// Leaves without a key.
    free_leaves: Vec<u32>,
    /// Groups without a leaf.
    free_groups: Vec<u32>,
    /// Keys there are.
    len: usize,
}

impl Order {
    /// An empty list with so many amounts beside each key.
    pub(crate) fn new(width: usize) -> Self {
        let mut order = Self {
            width,
            keys: Vec::new(),
            rows: Vec::new(),
            lens: Vec::new(),
            groups: Vec::new(),
            maxima: Vec::new(),
            top: Vec::new(),
            top_least: Vec::new(),
            top_maxima: Vec::new(),
            free_leaves: Vec::new(),
            free_groups: Vec::new(),
            len: 0,
        };
        order.reserve(0);
        order.clear();
        order
    }

    /// Makes room for so many keys.
    pub(crate) fn reserve(&mut self, keys: usize) {
        // After putting neighbours together, any two leaves of a group have more than one leaf's keys, and any two groups more
        // than one group's leaves; one leaf of each group may be left over.
        let leaves = keys / LANES_LEAST + 8;
        let groups = leaves / FEW + 2;
        let (new_leaves, new_groups) =
            (leaves.saturating_sub(self.lens.len()), groups.saturating_sub(self.groups.len()));
        self.keys.reserve(new_leaves);
        self.rows.reserve(new_leaves * self.width);
        self.lens.reserve(new_leaves);
        self.groups.reserve(new_groups);
        self.maxima.reserve(new_groups * self.width);
        for _ in 0..new_leaves {
            self.add_leaf();
        }
        for _ in 0..new_groups {
            self.add_group();
        }
        self.free_leaves.reserve(self.lens.len() - self.free_leaves.len());
        self.free_groups.reserve(self.groups.len() - self.free_groups.len());
        self.top.reserve(groups.saturating_sub(self.top.len()));
        self.top_least.reserve(groups.saturating_sub(self.top_least.len()));
        self.top_maxima.reserve((groups * self.width).saturating_sub(self.top_maxima.len()));
    }

    /// One free leaf more.
    fn add_leaf(&mut self) {
        self.free_leaves.push(number(self.lens.len()));
        self.keys.push(Keys::NONE);
        self.rows.resize(self.rows.len() + self.width, [NOTHING; LANES]);
        self.lens.push(0);
    }

    /// One free group more.
    fn add_group(&mut self) {
        self.free_groups.push(number(self.groups.len()));
        self.groups.push(Group { len: 0, top: 0, least: [NO_KEY; LANES], leaves: [0; LANES] });
        self.maxima.resize(self.maxima.len() + self.width, [NOTHING; LANES]);
    }

    /// Takes every key out.
    pub(crate) fn clear(&mut self) {
        self.free_leaves.clear();
        self.free_leaves.extend((0..number(self.lens.len())).rev());
        self.free_groups.clear();
        self.free_groups.extend((0..number(self.groups.len())).rev());
        self.keys.fill(Keys::NONE);
        self.rows.fill([NOTHING; LANES]);
        self.lens.fill(0);
        self.maxima.fill([NOTHING; LANES]);
        self.top.clear();
        self.top_least.clear();
        self.top_maxima.clear();
        self.len = 0;
        let (leaf, group) = (self.take_leaf(), self.take_group());
        self.groups[group].len = 1;
        self.groups[group].least[0] = i64::MIN;
        self.groups[group].leaves[0] = leaf;
        self.insert_top(0, group);
    }

    /// Takes every key out and puts others in: in order, three quarters of a leaf at a time.
    pub(crate) fn fill(&mut self, sorted: impl Iterator<Item = i64>, mut amount: impl FnMut(usize, i64) -> i32) {
        self.clear();
        let full = LANES * 3 / 4;
        for key in sorted {
            let top = self.top.len() - 1;
            let mut group = self.top[top] as usize;
            let mut child = self.groups[group].len - 1;
            let mut leaf = self.groups[group].leaves[child] as usize;
            if self.lens[leaf] == full {
                if child + 1 == full {
                    let next = self.take_group();
                    self.groups[next].len = 0;
                    self.insert_top(top + 1, next);
                    self.top_least[top + 1] = key;
                    group = next;
                    child = 0;
                } else {
                    child += 1;
                }
                let next = self.take_leaf();
                let node = &mut self.groups[group];
                node.len = child + 1;
                node.least[child] = key;
                node.leaves[child] = next;
                leaf = next as usize;
            }
            let lane = self.lens[leaf];
            self.lens[leaf] += 1;
            self.keys[leaf].set(lane, key);
            for at in 0..self.width {
                let amount = amount(at, key);
                self.rows[leaf * self.width + at][lane] = amount;
                self.raise(group, child, at, amount);
            }
            self.len += 1;
        }
    }

    /// Keys there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The group and the child in it where a key belongs, and the group's place in the top.
    #[inline]
    fn locate(&self, key: i64) -> (usize, usize, usize) {
        let top = self.top_least.partition_point(|&least| least <= key).saturating_sub(1);
        let group = self.top[top] as usize;
        let node = &self.groups[group];
        let child = less_than(&node.least, key.saturating_add(1)).saturating_sub(1);
        (top, group, child)
    }

    /// Asks for the leaf where a key belongs.
    pub(crate) fn prefetch(&self, key: i64) {
        let (_, group, child) = self.locate(key);
        let leaf = self.groups[group].leaves[child] as usize;
        prefetch(&self.lens, leaf);
        let rows = self.rows[leaf * self.width..(leaf + 1) * self.width].iter();
        for row in rows.chain([&self.keys[leaf].high, &self.keys[leaf].low]) {
            for lane in (0..LANES).step_by(LINE) {
                prefetch(row, lane);
            }
        }
    }

    /// Adds a key. It must not be there.
    pub(crate) fn insert(&mut self, key: i64, amounts: &[i32]) {
        let (_, mut group, mut child) = self.locate(key);
        if self.lens[self.groups[group].leaves[child] as usize] == LANES {
            self.split_leaf(key);
            (_, group, child) = self.locate(key);
        }
        self.insert_at(group, child, key, amounts);
        self.len += 1;
    }

    /// Adds a key to a leaf that has room.
    fn insert_at(&mut self, group: usize, child: usize, key: i64, amounts: &[i32]) {
        let leaf = self.groups[group].leaves[child] as usize;
        let len = self.lens[leaf];
        self.keys[leaf].set(len, key);
        self.lens[leaf] = len + 1;
        for (at, &amount) in amounts.iter().enumerate() {
            self.rows[leaf * self.width + at][len] = amount;
            self.raise(group, child, at, amount);
        }
    }

    /// Takes a key out. It must be there.
    pub(crate) fn remove(&mut self, key: i64) {
        let (_, group, child) = self.locate(key);
        self.remove_from(group, child, key);
    }

    /// Takes a key out of the leaf it is in, which may then be put together with a neighbour.
    fn remove_from(&mut self, group: usize, child: usize, key: i64) {
        self.remove_at(group, child, key);
        self.len -= 1;
        if self.lens[self.groups[group].leaves[child] as usize] < FEW {
            self.shrink(group, child);
        }
    }

    /// Takes a key out of its leaf.
    fn remove_at(&mut self, group: usize, child: usize, key: i64) {
        let leaf = self.groups[group].leaves[child] as usize;
        let last = self.lens[leaf] - 1;
        let keys = &mut self.keys[leaf];
        let lane = keys.lane_of(key, last + 1);
        keys.set(lane, keys.at(last));
        self.lens[leaf] = last;
        for at in 0..self.width {
            let row = &mut self.rows[leaf * self.width + at];
            let amount = row[lane];
            row[lane] = row[last];
            row[last] = NOTHING;
            self.lower(group, child, at, amount);
        }
    }

    /// Puts a key in the place of another, or gives it other amounts.
    ///
    /// PERF: both places are looked for before anything moves, since neither search waits for the other.
    #[cfg_attr(placewright_for_size, optimize(speed))]
    pub(crate) fn replace(&mut self, old: i64, new: i64, amounts: &[i32]) {
        let place @ (_, group, child) = self.locate(old);
        let (_, next_group, next_child) = if new == old { place } else { self.locate(new) };
        if (group, child) == (next_group, next_child) {
            let leaf = self.groups[group].leaves[child] as usize;
            let lane = self.keys[leaf].lane_of(old, self.lens[leaf]);
            self.keys[leaf].set(lane, new);
            for (at, &amount) in amounts.iter().enumerate() {
                let cell = &mut self.rows[leaf * self.width + at][lane];
                let before = core::mem::replace(cell, amount);
                self.raise(group, child, at, amount);
                if amount < before {
                    self.lower(group, child, at, before);
                }
            }
            return;
        }
        self.remove_at(group, child, old);
        let has_room = self.lens[self.groups[next_group].leaves[next_child] as usize] < LANES;
        if has_room {
            self.insert_at(next_group, next_child, new, amounts);
        }
        if self.lens[self.groups[group].leaves[child] as usize] < FEW {
            self.shrink(group, child);
        }
        if !has_room {
            self.len -= 1;
            self.insert(new, amounts);
        }
    }

    /// The least key of the leaf after one.
    fn end_of(&self, top: usize, group: usize, child: usize) -> i64 {
        let node = &self.groups[group];
        if child + 1 < node.len {
            node.least[child + 1]
        } else {
            self.top_least.get(top + 1).copied().unwrap_or(i64::MAX)
        }
    }

    /// An amount came into a leaf.
    #[inline]
    fn raise(&mut self, group: usize, child: usize, at: usize, amount: i32) {
        let most = &mut self.maxima[group * self.width + at][child];
        if amount > *most {
            *most = amount;
            let most = &mut self.top_maxima[self.groups[group].top * self.width + at];
            *most = amount.max(*most);
        }
    }

    /// An amount left a leaf.
    #[inline]
    fn lower(&mut self, group: usize, child: usize, at: usize, amount: i32) {
        if amount == self.maxima[group * self.width + at][child] {
            self.measure_leaf(group, child, at, amount);
        }
    }

    /// The greatest amount of a leaf left it.
    fn measure_leaf(&mut self, group: usize, child: usize, at: usize, was: i32) {
        let leaf = self.groups[group].leaves[child] as usize;
        let most = greatest(&self.rows[leaf * self.width + at]);
        self.maxima[group * self.width + at][child] = most;
        let top = self.groups[group].top * self.width + at;
        if most < was && self.top_maxima[top] == was {
            self.top_maxima[top] = greatest(&self.maxima[group * self.width + at]);
        }
    }

    /// Recomputes the maxima of one leaf, and of its group.
    fn measure(&mut self, group: usize, child: usize) {
        for at in 0..self.width {
            let leaf = self.groups[group].leaves[child] as usize;
            self.maxima[group * self.width + at][child] = greatest(&self.rows[leaf * self.width + at]);
            let top = self.groups[group].top * self.width + at;
            self.top_maxima[top] = greatest(&self.maxima[group * self.width + at]);
        }
    }

    /// A leaf without a key.
    fn take_leaf(&mut self) -> u32 {
        if self.free_leaves.is_empty() {
            self.add_leaf();
        }
        self.free_leaves.pop().unwrap_or(0)
    }

    /// A group without a leaf.
    fn take_group(&mut self) -> usize {
        if self.free_groups.is_empty() {
            self.add_group();
        }
        let group = self.free_groups.pop().unwrap_or(0) as usize;
        self.groups[group].least = [NO_KEY; LANES];
        group
    }

    /// Lists a group in the top.
    fn insert_top(&mut self, place: usize, group: usize) {
        self.top.insert(place, number(group));
        self.top_least.insert(place, self.groups[group].least[0]);
        for at in 0..self.width {
            let most = greatest(&self.maxima[group * self.width + at]);
            self.top_maxima.insert(place * self.width + at, most);
        }
        self.number_tops(place);
    }

    /// Tells groups their place in the top, from one on.
    fn number_tops(&mut self, from: usize) {
        for (place, &group) in self.top.iter().enumerate().skip(from) {
            self.groups[group as usize].top = place;
        }
    }

    /// Makes two leaves of the full one where a key belongs.
    #[cold]
    fn split_leaf(&mut self, key: i64) {
        let (_, group, _) = self.locate(key);
        if self.free_leaves.is_empty() || self.groups[group].len == LANES && self.free_groups.is_empty() {
            self.compact();
        }
        let (top, group, _) = self.locate(key);
        if self.groups[group].len == LANES {
            self.split_group(top);
        }
        let (_, group, child) = self.locate(key);
        let left = self.groups[group].leaves[child] as usize;
        if self.lens[left] < LANES {
            return;
        }
        let right = self.take_leaf() as usize;
        let least = self.move_greater_half(left, right);
        self.open_child(group, child + 1);
        let node = &mut self.groups[group];
        node.least[child + 1] = least;
        node.leaves[child + 1] = number(right);
        self.measure(group, child);
        self.measure(group, child + 1);
    }

    /// Moves the greater half of the keys of a full leaf to one without any; returns the least of these.
    fn move_greater_half(&mut self, from: usize, to: usize) -> i64 {
        let mut sorted: [i64; LANES] = core::array::from_fn(|lane| self.keys[from].at(lane));
        sorted.sort_unstable();
        let least = sorted[LANES / 2];
        let moved = self.keys[from].from(least);
        let keep = |row: &mut Row, into: &mut Row| {
            let all = core::mem::replace(row, [NOTHING; LANES]);
            for (place, lane) in bits(!moved).enumerate() {
                row[place] = all[lane as usize];
            }
            for (place, lane) in bits(moved).enumerate() {
                into[place] = all[lane as usize];
            }
        };
        let mut keys = Keys::NONE;
        keep(&mut self.keys[from].high, &mut keys.high);
        keep(&mut self.keys[from].low, &mut keys.low);
        self.keys[to] = keys;
        for at in 0..self.width {
            let mut row = [NOTHING; LANES];
            keep(&mut self.rows[from * self.width + at], &mut row);
            self.rows[to * self.width + at] = row;
        }
        (self.lens[from], self.lens[to]) = (LANES / 2, LANES / 2);
        least
    }

    /// Moves all keys of a leaf to another that has room for them.
    fn move_keys(&mut self, from: usize, to: usize) {
        let (len, start) = (self.lens[from], self.lens[to]);
        let append = |row: &mut Row, more: &Row| row[start..start + len].copy_from_slice(&more[..len]);
        let keys = core::mem::replace(&mut self.keys[from], Keys::NONE);
        append(&mut self.keys[to].high, &keys.high);
        append(&mut self.keys[to].low, &keys.low);
        for at in 0..self.width {
            let row = core::mem::replace(&mut self.rows[from * self.width + at], [NOTHING; LANES]);
            append(&mut self.rows[to * self.width + at], &row);
        }
        self.lens[to] = start + len;
        self.lens[from] = 0;
    }

    /// Makes room for a child of a group.
    fn open_child(&mut self, group: usize, child: usize) {
        let node = &mut self.groups[group];
        let len = node.len;
        node.least.copy_within(child..len, child + 1);
        node.leaves.copy_within(child..len, child + 1);
        node.len += 1;
        for row in &mut self.maxima[group * self.width..(group + 1) * self.width] {
            row.copy_within(child..len, child + 1);
        }
    }

    /// Takes a child out of a group.
    fn close_child(&mut self, group: usize, child: usize) {
        let node = &mut self.groups[group];
        let len = node.len;
        node.least.copy_within(child + 1..len, child);
        node.leaves.copy_within(child + 1..len, child);
        node.least[len - 1] = NO_KEY;
        node.len -= 1;
        for row in &mut self.maxima[group * self.width..(group + 1) * self.width] {
            row.copy_within(child + 1..len, child);
            row[len - 1] = NOTHING;
        }
    }

    /// Makes two groups of a full one.
    fn split_group(&mut self, top: usize) {
        let left = self.top[top] as usize;
        let right = self.take_group();
        self.groups[right].len = 0;
        self.move_children(left, LANES / 2, right);
        self.insert_top(top + 1, right);
        self.measure_top(left);
    }

    /// Moves the children of a group from one on to the end of another.
    fn move_children(&mut self, from: usize, child: usize, to: usize) {
        let (len, start) = (self.groups[from].len, self.groups[to].len);
        let end = start + len - child;
        let (least, leaves) = (self.groups[from].least, self.groups[from].leaves);
        self.groups[to].least[start..end].copy_from_slice(&least[child..len]);
        self.groups[to].leaves[start..end].copy_from_slice(&leaves[child..len]);
        for at in 0..self.width {
            let moved = self.maxima[from * self.width + at];
            self.maxima[to * self.width + at][start..end].copy_from_slice(&moved[child..len]);
            self.maxima[from * self.width + at][child..].fill(NOTHING);
        }
        self.groups[to].len = end;
        self.groups[from].least[child..].fill(NO_KEY);
        self.groups[from].len = child;
    }

    /// Recomputes what the top says of a group.
    fn measure_top(&mut self, group: usize) {
        let top = self.groups[group].top;
        for at in 0..self.width {
            self.top_maxima[top * self.width + at] = greatest(&self.maxima[group * self.width + at]);
        }
    }

    /// Puts a leaf with few keys together with a neighbour, where both fit in one.
    #[cold]
    fn shrink(&mut self, group: usize, child: usize) {
        let node = &self.groups[group];
        let keys = |child: usize| self.lens[node.leaves[child] as usize];
        let fits = |left: usize| {
            let both = keys(left) + keys(left + 1);
            both <= MERGED || keys(left).min(keys(left + 1)) == 0
        };
        if child > 0 && fits(child - 1) {
            self.merge_leaves(group, child - 1);
        } else if child + 1 < node.len && fits(child) {
            self.merge_leaves(group, child);
        }
        if self.groups[group].len < FEW {
            self.shrink_group(group);
        }
    }

    /// Puts a leaf and the one after it together.
    fn merge_leaves(&mut self, group: usize, left: usize) {
        let leaves = self.groups[group].leaves;
        let (into, from) = (leaves[left] as usize, leaves[left + 1] as usize);
        self.move_keys(from, into);
        self.close_child(group, left + 1);
        self.free_leaves.push(number(from));
        self.measure(group, left);
    }

    /// Puts a group with few leaves together with a neighbour, where both fit in one.
    fn shrink_group(&mut self, group: usize) {
        let top = self.groups[group].top;
        let leaves = |top: usize| self.groups[self.top[top] as usize].len;
        let fits = |left: usize| leaves(left) + leaves(left + 1) <= MERGED;
        if top > 0 && fits(top - 1) {
            self.merge_groups(top - 1);
        } else if top + 1 < self.top.len() && fits(top) {
            self.merge_groups(top);
        }
    }

    /// Puts a group and the one after it together.
    fn merge_groups(&mut self, left: usize) {
        let (into, from) = (self.top[left] as usize, self.top[left + 1] as usize);
        self.move_children(from, 0, into);
        self.top.remove(left + 1);
        self.top_least.remove(left + 1);
        self.top_maxima.drain((left + 1) * self.width..(left + 2) * self.width);
        self.free_groups.push(number(from));
        self.number_tops(left + 1);
        self.measure_top(into);
    }

    /// Puts every two neighbours together that fit in one.
    fn compact(&mut self) {
        for top in 0..self.top.len() {
            let group = self.top[top] as usize;
            let mut left = 0;
            while left + 1 < self.groups[group].len {
                let node = &self.groups[group];
                let both = self.lens[node.leaves[left] as usize] + self.lens[node.leaves[left + 1] as usize];
                if both <= LANES {
                    self.merge_leaves(group, left);
                } else {
                    left += 1;
                }
            }
        }
        let mut left = 0;
        while left + 1 < self.top.len() {
            if self.groups[self.top[left] as usize].len + self.groups[self.top[left + 1] as usize].len <= LANES {
                self.merge_groups(left);
            } else {
                left += 1;
            }
        }
    }

    /// Shows `visit` the keys of a query whose amounts are enough, in order, until it says to stop.
    #[inline]
    pub(crate) fn walk(&self, query: &Query<'_>, effort: &mut Effort, visit: impl FnMut(i64) -> bool) -> Walk {
        self.walk_leaves::<false>(query, effort, |_| true, visit)
    }

    /// The same of the keys that are to be kept, where these are few.
    #[inline]
    pub(crate) fn walk_kept(
        &self,
        query: &Query<'_>,
        effort: &mut Effort,
        is_kept: impl Fn(i64) -> bool,
        visit: impl FnMut(i64) -> bool,
    ) -> Walk {
        self.walk_leaves::<true>(query, effort, is_kept, visit)
    }

    /// Both walks.
    #[inline]
    fn walk_leaves<const ARE_FEW: bool>(
        &self,
        query: &Query<'_>,
        effort: &mut Effort,
        is_kept: impl Fn(i64) -> bool,
        mut visit: impl FnMut(i64) -> bool,
    ) -> Walk {
        let (first_top, _, first_child) = self.locate(query.from);
        let mut at = Some(first_child);
        for top in first_top..self.top.len() {
            let first = at.take();
            let most = &self.top_maxima[top * self.width..(top + 1) * self.width];
            if !most.iter().zip(query.amounts).all(|(most, least)| most >= least) {
                continue;
            }
            let group = self.top[top] as usize;
            let node = &self.groups[group];
            let maxima = &self.maxima[group * self.width..(group + 1) * self.width];
            let mut children = Lanes::new(maxima, query.amounts, first.unwrap_or(0), node.len);
            while let Some(child) = children.next() {
                if node.least[child] >= query.to {
                    return Walk::Ended;
                }
                if !effort.visit_block(if ARE_FEW { LEAF_PRICE_KEPT } else { LEAF_PRICE }) {
                    effort.reached = node.least[child];
                    return Walk::Spent;
                }
                let leaf = node.leaves[child] as usize;
                let keys = &self.keys[leaf];
                let mut lanes = below(self.lens[leaf]);
                if first == Some(child) {
                    lanes &= keys.from(query.from);
                }
                let rows = &self.rows[leaf * self.width..(leaf + 1) * self.width];
                for (row, &least) in rows.iter().zip(query.amounts).filter(|(_, least)| **least != NOTHING) {
                    lanes &= at_least(row, least);
                }
                if ARE_FEW {
                    lanes = bits(lanes).fold(0, |kept, lane| kept | u64::from(is_kept(keys.at(lane as usize))) << lane);
                }
                if lanes == 0 {
                    continue;
                }
                let mut visit = |key| {
                    if key >= query.to {
                        return Some(Walk::Ended);
                    }
                    if !effort.visit_instance() {
                        effort.reached = key;
                        return Some(Walk::Spent);
                    }
                    visit(key).then_some(Walk::Stopped)
                };
                let is_only = ARE_FEW && lanes.is_power_of_two();
                let lane = if is_only { lanes.trailing_zeros() as usize } else { keys.first_of(lanes) };
                if let Some(end) = visit(keys.at(lane)) {
                    return end;
                }
                if is_only {
                    continue;
                }
                lanes &= !(1 << lane);
                // PERF: mostly the first is taken; where it is not, several are asked for.
                let mut rest = Quickest::new(keys, lanes);
                while let Some(key) = rest.pop() {
                    if let Some(end) = visit(key) {
                        return end;
                    }
                }
            }
        }
        Walk::Ended
    }

    /// Every key with its amounts, in order; and whether all that is kept of blocks is right.
    pub(crate) fn is_sound(&self, mut check: impl FnMut(i64, &[i32]) -> bool) -> bool {
        let mut last = i64::MIN;
        let mut count = 0;
        let mut amounts = alloc::vec![0; self.width];
        for (place, &group) in self.top.iter().enumerate() {
            let group = group as usize;
            let node = &self.groups[group];
            if node.top != place || node.len == 0 || node.least[0] != self.top_least[place] {
                return false;
            }
            for child in 0..node.len {
                let leaf = node.leaves[child] as usize;
                let mut lanes: Vec<usize> = (0..self.lens[leaf]).collect();
                lanes.sort_unstable_by_key(|&lane| self.keys[leaf].at(lane));
                for lane in lanes {
                    let key = self.keys[leaf].at(lane);
                    for (at, amount) in amounts.iter_mut().enumerate() {
                        *amount = self.rows[leaf * self.width + at][lane];
                    }
                    let in_order = count == 0 || last < key;
                    let end = self.end_of(place, group, child);
                    if !in_order || key < node.least[child] || key >= end || !check(key, &amounts) {
                        return false;
                    }
                    last = key;
                    count += 1;
                }
                for at in 0..self.width {
                    let row = &self.rows[leaf * self.width + at];
                    if greatest(row) != self.maxima[group * self.width + at][child] {
                        return false;
                    }
                }
            }
            for at in 0..self.width {
                if greatest(&self.maxima[group * self.width + at]) != self.top_maxima[place * self.width + at] {
                    return false;
                }
            }
        }
        count == self.len
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        self.keys.capacity() * size_of::<Keys>()
            + (self.rows.capacity() + self.maxima.capacity()) * size_of::<Row>()
            + self.lens.capacity() * size_of::<usize>()
            + self.groups.capacity() * size_of::<Group>()
            + self.top_least.capacity() * size_of::<i64>()
            + (self.top.capacity() + self.top_maxima.capacity()) * size_of::<u32>()
            + (self.free_leaves.capacity() + self.free_groups.capacity()) * size_of::<u32>()
    }
}

/// A leaf, group or lane number as it is kept.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "there are fewer of each than slots, which fit a u32")]
fn number(at: usize) -> u32 {
    at as u32
}

#[cfg(test)]
mod tests;

//! The bare reference kernel that the grid races against: the least remaining memory among the instances with enough CPU
//! and memory, the earliest on ties, then the amounts change. Two resources, no tasks, no groups, no ports, no names.
//!
//! Two designs, the better of which is the figure to compare with: [`Scan`] reads both columns in blocks of 64 (with AVX2
//! where the build has it, and a signed loop that SSE2 can run elsewhere); [`Tree`] keeps the slots ordered by
//! (memory, slot) in three levels of blocks, with the greatest CPU of every block. Both give the same answers.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "slots, leaves and amounts stay below 2^31, keys are not negative"
)]

use std::cmp::Reverse;

/// Entries of a block: slots of a leaf, leaves of a group, slots of a block of the scan.
pub const BLOCK: usize = 64;
/// Stands for "no slot".
const NO_SLOT: u32 = u32::MAX;

/// What every design can do.
pub trait Kernel {
    /// Places a task among all instances, or among those of a set of slots, and takes its amounts.
    fn place(&mut self, cpu: i32, memory: i32, allowed: Option<&[u64]>) -> Option<u32>;
    /// Gives the amounts of a task back.
    fn release(&mut self, slot: u32, cpu: i32, memory: i32);
    /// Asks for what the slot of a task that goes soon leads to: first for where it is, later for what is there.
    fn prefetch(&self, slot: u32, soon: Soon);
}

/// How soon a task goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Soon {
    /// After a few more.
    Later,
    /// After the next.
    Next,
}

/// Asks for the cache line of an element that will be read soon.
pub fn prefetch<T>(items: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(item) = items.get(at) {
        #[allow(unsafe_code, reason = "a hint about an address that a reference guarantees")]
        // SAFETY: the pointer comes from a reference; SSE is part of every x86-64.
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(std::ptr::from_ref(item).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (items, at);
}

/// Whether a set of slots holds one.
fn holds(allowed: &[u64], slot: u32) -> bool {
    allowed[slot as usize / 64] >> (slot % 64) & 1 == 1
}

/// Reads every slot.
#[derive(Debug, Clone)]
pub struct Scan {
    /// Remaining CPU, padded to whole blocks with nothing.
    cpu: Vec<i32>,
    /// Remaining memory, padded likewise.
    memory: Vec<i32>,
}

impl Scan {
    /// A kernel over columns of remaining amounts.
    #[must_use]
    pub fn new(cpu: &[i32], memory: &[i32]) -> Self {
        let padded = |column: &[i32]| {
            let mut column = column.to_vec();
            column.resize(column.len().next_multiple_of(BLOCK), -1);
            column
        };
        Self { cpu: padded(cpu), memory: padded(memory) }
    }

    /// The slot that would win among all.
    #[inline(never)]
    #[must_use]
    pub fn best(&self, cpu: i32, memory: i32) -> Option<u32> {
        self.find(cpu, memory, None)
    }

    /// The least memory among the slots that fit, read without intrinsics: what one full column scan costs here.
    #[inline(never)]
    #[must_use]
    pub fn least_plainly(&self, cpu: i32, memory: i32) -> Option<i32> {
        let (cpus, _) = self.cpu.as_chunks::<BLOCK>();
        let (memories, _) = self.memory.as_chunks::<BLOCK>();
        let blocks = cpus.iter().zip(memories);
        let least =
            blocks.map(|(cpus, memories)| plain::least::<false>(cpus, memories, cpu, memory, 0, i32::MAX)).min();
        least.filter(|&least| least != i32::MAX)
    }

    /// The slot that wins.
    fn find(&self, cpu: i32, memory: i32, allowed: Option<&[u64]>) -> Option<u32> {
        let mut best = i32::MAX;
        let mut winner = None;
        let (cpus, _) = self.cpu.as_chunks::<BLOCK>();
        let (memories, _) = self.memory.as_chunks::<BLOCK>();
        for (block, (cpus, memories)) in cpus.iter().zip(memories).enumerate() {
            let mask = match allowed {
                None => u64::MAX,
                Some(allowed) => match allowed[block] {
                    0 => continue,
                    mask => mask,
                },
            };
            let least = if mask == u64::MAX {
                block::least::<false>(cpus, memories, cpu, memory, mask, best)
            } else {
                block::least::<true>(cpus, memories, cpu, memory, mask, best)
            };
            if least < best {
                best = least;
                winner = Some((block, mask));
            }
        }
        let (block, mask) = winner?;
        let from = block * BLOCK;
        let hit = (0..BLOCK)
            .find(|&at| mask >> at & 1 == 1 && self.memory[from + at] == best && self.cpu[from + at] >= cpu)?;
        Some((from + hit) as u32)
    }
}

impl Kernel for Scan {
    #[inline(never)]
    fn place(&mut self, cpu: i32, memory: i32, allowed: Option<&[u64]>) -> Option<u32> {
        let slot = self.find(cpu, memory, allowed)?;
        self.release(slot, -cpu, -memory);
        Some(slot)
    }

    fn release(&mut self, slot: u32, cpu: i32, memory: i32) {
        self.cpu[slot as usize] += cpu;
        self.memory[slot as usize] += memory;
    }

    fn prefetch(&self, slot: u32, soon: Soon) {
        if soon == Soon::Later {
            prefetch(&self.cpu, slot as usize);
            prefetch(&self.memory, slot as usize);
        }
    }
}

/// One block of 64 slots, with AVX2; there only in builds that have it everywhere.
#[cfg(target_feature = "avx2")]
mod block {
    use super::BLOCK;
    use std::arch::x86_64::{
        __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_castsi256_ps, _mm256_cmpgt_epi32, _mm256_extract_epi32,
        _mm256_min_epu32, _mm256_movemask_ps, _mm256_or_si256, _mm256_permute2x128_si256, _mm256_set1_epi32,
        _mm256_setr_epi32, _mm256_shuffle_epi32, _mm256_sllv_epi32, _mm256_srai_epi32, _mm256_sub_epi32,
        _mm256_testz_si256, _mm256_xor_si256,
    };

    /// Slots with at least an amount, as a mask.
    #[inline(always)]
    #[allow(unsafe_code, reason = "the build has AVX2, or the module would not be there")]
    pub(super) fn at_least(column: &[i32; BLOCK], amount: i32) -> u64 {
        // SAFETY: the whole build has AVX2.
        unsafe { at_least_avx2(column, amount) }
    }

    /// The least memory among the slots that fit, where that is less than the best so far, and `i32::MAX` otherwise.
    #[inline(always)]
    #[allow(unsafe_code, reason = "the build has AVX2, or the module would not be there")]
    pub(super) fn least<const MASKED: bool>(
        cpus: &[i32; BLOCK],
        memories: &[i32; BLOCK],
        cpu: i32,
        memory: i32,
        mask: u64,
        best: i32,
    ) -> i32 {
        // SAFETY: the whole build has AVX2.
        unsafe { least_avx2::<MASKED>(cpus, memories, cpu, memory, mask, best) }
    }

    /// Eight lanes; the compiler makes one load of it.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(column: &[i32; BLOCK], at: usize) -> __m256i {
        let lane = |lane: usize| column[at * 8 + lane];
        _mm256_setr_epi32(lane(0), lane(1), lane(2), lane(3), lane(4), lane(5), lane(6), lane(7))
    }

    /// [`at_least`], in a context that has AVX2.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn at_least_avx2(column: &[i32; BLOCK], amount: i32) -> u64 {
        let below = _mm256_set1_epi32(amount - 1);
        let mut mask = 0;
        for at in 0..8 {
            let is = _mm256_cmpgt_epi32(load(column, at), below);
            let bits = _mm256_movemask_ps(_mm256_castsi256_ps(is));
            mask |= u64::from(bits.cast_unsigned()) << (8 * at);
        }
        mask
    }

    /// [`least`], in a context that has AVX2.
    ///
    /// What would be left of the memory, as an unsigned number, is large where there is too little: one minimum covers the
    /// test of the memory.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn least_avx2<const MASKED: bool>(
        cpus: &[i32; BLOCK],
        memories: &[i32; BLOCK],
        cpu: i32,
        memory: i32,
        mask: u64,
        best: i32,
    ) -> i32 {
        let (below, wanted) = (_mm256_set1_epi32(cpu - 1), _mm256_set1_epi32(memory));
        let ones = _mm256_set1_epi32(-1);
        let shifts = _mm256_setr_epi32(31, 30, 29, 28, 27, 26, 25, 24);
        let mut least = [_mm256_set1_epi32(i32::MAX); 4];
        for at in 0..8 {
            let mut fits = _mm256_cmpgt_epi32(load(cpus, at), below);
            if MASKED {
                let bits = _mm256_set1_epi32(((mask >> (8 * at)) as u32).cast_signed());
                fits = _mm256_and_si256(fits, _mm256_srai_epi32(_mm256_sllv_epi32(bits, shifts), 31));
            }
            let left = _mm256_sub_epi32(load(memories, at), wanted);
            let left = _mm256_or_si256(left, _mm256_xor_si256(fits, ones));
            least[at & 3] = _mm256_min_epu32(least[at & 3], left);
        }
        let all = _mm256_min_epu32(_mm256_min_epu32(least[0], least[1]), _mm256_min_epu32(least[2], least[3]));
        let bound = _mm256_set1_epi32(best - memory);
        let better = _mm256_xor_si256(_mm256_min_epu32(all, bound), bound);
        if _mm256_testz_si256(better, better) == 1 {
            return i32::MAX;
        }
        let all = _mm256_min_epu32(all, _mm256_permute2x128_si256(all, all, 1));
        let all = _mm256_min_epu32(all, _mm256_shuffle_epi32(all, 0x4E));
        let all = _mm256_min_epu32(all, _mm256_shuffle_epi32(all, 0xB1));
        _mm256_extract_epi32::<0>(_mm256_add_epi32(all, wanted))
    }
}

/// One block of 64 slots, in loops that vectorise with signed compares: what a library without intrinsics can do.
mod plain {
    use super::BLOCK;

    /// Slots with at least an amount, as a mask.
    #[cfg(not(target_feature = "avx2"))]
    #[inline(always)]
    pub(super) fn at_least(column: &[i32; BLOCK], amount: i32) -> u64 {
        let mut mask = 0;
        for (at, &has) in column.iter().enumerate() {
            mask |= u64::from(has >= amount) << at;
        }
        mask
    }

    /// The least memory among the slots that fit, where that is less than the best so far, and `i32::MAX` otherwise.
    #[inline(always)]
    pub(super) fn least<const MASKED: bool>(
        cpus: &[i32; BLOCK],
        memories: &[i32; BLOCK],
        cpu: i32,
        memory: i32,
        mask: u64,
        best: i32,
    ) -> i32 {
        let mut least = i32::MAX;
        for at in 0..BLOCK {
            let fits = (cpus[at] >= cpu) & (memories[at] >= memory) & (!MASKED | (mask >> at & 1 == 1));
            let key = if fits { memories[at] } else { i32::MAX };
            least = least.min(key);
        }
        if least < best { least } else { i32::MAX }
    }
}

#[cfg(not(target_feature = "avx2"))]
use plain as block;

/// The key of a slot: memory, then slot.
const fn key(memory: i32, slot: u32) -> i64 {
    (memory as i64) << 32 | slot as i64
}

/// The greatest of a column.
fn greatest(column: &[i32; BLOCK]) -> i32 {
    column.iter().fold(-1, |most, &amount| most.max(amount))
}

/// Up to 64 slots of one range of keys, in no order.
#[derive(Debug, Clone)]
#[repr(align(64))]
struct Leaf {
    /// Remaining memory, -1 where there is no slot.
    memory: [i32; BLOCK],
    /// Remaining CPU, -1 where there is no slot.
    cpu: [i32; BLOCK],
    /// The slots.
    slot: [u32; BLOCK],
    /// How many.
    len: usize,
    /// The group it is in.
    group: usize,
}

impl Leaf {
    /// A leaf without slots.
    fn new(group: usize) -> Self {
        Self { memory: [-1; BLOCK], cpu: [-1; BLOCK], slot: [NO_SLOT; BLOCK], len: 0, group }
    }

    /// Adds a slot; returns where it stands.
    fn push(&mut self, slot: u32, cpu: i32, memory: i32) -> usize {
        let at = self.len;
        (self.memory[at], self.cpu[at], self.slot[at]) = (memory, cpu, slot);
        self.len += 1;
        at
    }

    /// The slot with the least key that fits.
    fn best(&self, cpu: i32, memory: i32) -> Option<u32> {
        let least = block::least::<false>(&self.cpu, &self.memory, cpu, memory, u64::MAX, i32::MAX);
        if least == i32::MAX {
            return None;
        }
        let mut slot = NO_SLOT;
        for at in 0..BLOCK {
            let is = (self.memory[at] == least) & (self.cpu[at] >= cpu);
            slot = slot.min(if is { self.slot[at] } else { NO_SLOT });
        }
        Some(slot)
    }

    /// The slot with the least key that fits and is in a set.
    fn best_of(&self, cpu: i32, memory: i32, allowed: &[u64]) -> Option<u32> {
        let mut best = i64::MAX;
        for at in 0..BLOCK {
            if self.cpu[at] >= cpu && self.memory[at] >= memory && holds(allowed, self.slot[at]) {
                best = best.min(key(self.memory[at], self.slot[at]));
            }
        }
        (best != i64::MAX).then_some(best as u32)
    }
}

/// Up to 64 leaves, in the order of their keys.
#[derive(Debug, Clone)]
#[repr(align(64))]
struct Group {
    /// Greatest CPU of each leaf.
    cpu: [i32; BLOCK],
    /// The leaves.
    leaf: [u32; BLOCK],
    /// The least key each leaf may hold.
    from: [i64; BLOCK],
    /// How many.
    len: usize,
    /// Its place among the groups.
    top: usize,
}

impl Group {
    /// A group without leaves.
    const fn new(top: usize) -> Self {
        Self { cpu: [-1; BLOCK], leaf: [NO_SLOT; BLOCK], from: [i64::MAX; BLOCK], len: 0, top }
    }

    /// Puts a leaf at a place.
    fn insert(&mut self, at: usize, leaf: usize, from: i64, cpu: i32) {
        self.cpu.copy_within(at..BLOCK - 1, at + 1);
        self.leaf.copy_within(at..BLOCK - 1, at + 1);
        self.from.copy_within(at..BLOCK - 1, at + 1);
        (self.cpu[at], self.leaf[at], self.from[at]) = (cpu, leaf as u32, from);
        self.len += 1;
    }

    /// Takes a leaf out; the first leaf that is left begins where the first began.
    fn remove(&mut self, at: usize) {
        let first = self.from[0];
        self.cpu.copy_within(at + 1.., at);
        self.leaf.copy_within(at + 1.., at);
        self.from.copy_within(at + 1.., at);
        (self.cpu[BLOCK - 1], self.leaf[BLOCK - 1], self.from[BLOCK - 1]) = (-1, NO_SLOT, i64::MAX);
        self.from[0] = first;
        self.len -= 1;
    }
}

/// Slots ordered by (memory, slot) in three levels of blocks.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The leaves.
    leaves: Vec<Leaf>,
    /// Leaves to use again.
    leaves_free: Vec<usize>,
    /// The groups.
    groups: Vec<Group>,
    /// Groups to use again.
    groups_free: Vec<usize>,
    /// The groups in the order of their keys.
    top: Vec<usize>,
    /// The least key of each of those.
    top_from: Vec<i64>,
    /// The greatest CPU of each of those.
    top_cpu: Vec<i32>,
    /// Where each slot stands: leaf × 64 + place.
    place_of: Vec<u32>,
}

impl Tree {
    /// A kernel over columns of remaining amounts; its blocks are three quarters full.
    #[must_use]
    pub fn new(cpu: &[i32], memory: &[i32]) -> Self {
        let mut order: Vec<u32> = (0..cpu.len() as u32).collect();
        order.sort_unstable_by_key(|&slot| key(memory[slot as usize], slot));
        let mut tree = Self {
            leaves: Vec::new(),
            leaves_free: Vec::new(),
            groups: Vec::new(),
            groups_free: Vec::new(),
            top: Vec::new(),
            top_from: Vec::new(),
            top_cpu: Vec::new(),
            place_of: vec![0; cpu.len()],
        };
        let full = BLOCK * 3 / 4;
        for slots in order.chunks(full * full) {
            let number = tree.groups.len();
            let mut group = Group::new(number);
            for slots in slots.chunks(full) {
                let leaf_number = tree.leaves.len();
                let mut leaf = Leaf::new(number);
                for &slot in slots {
                    let at = leaf.push(slot, cpu[slot as usize], memory[slot as usize]);
                    tree.place_of[slot as usize] = (leaf_number * BLOCK + at) as u32;
                }
                let from = if leaf_number == 0 { i64::MIN } else { key(memory[slots[0] as usize], slots[0]) };
                group.insert(group.len, leaf_number, from, greatest(&leaf.cpu));
                tree.leaves.push(leaf);
            }
            tree.top.push(number);
            tree.top_from.push(group.from[0]);
            tree.top_cpu.push(greatest(&group.cpu));
            tree.groups.push(group);
        }
        tree
    }

    /// The group and the place in it of the leaf that a key belongs to.
    fn find(&self, key: i64) -> (usize, usize) {
        let group = self.top[self.top_from.partition_point(|&from| from <= key) - 1];
        let below: usize = self.groups[group].from.iter().map(|&from| usize::from(from <= key)).sum();
        (group, below - 1)
    }

    /// The slot that wins among all.
    fn best(&self, cpu: i32, memory: i32) -> Option<u32> {
        let (group, at) = self.find(key(memory, 0));
        let group = &self.groups[group];
        let leaf = |group: &Group, mask: u64| &self.leaves[group.leaf[mask.trailing_zeros() as usize] as usize];
        let mut mask = block::at_least(&group.cpu, cpu) >> at << at;
        // Only in the leaf that the key falls into can the CPU and the memory be on different slots.
        if mask >> at & 1 == 1 {
            if let Some(slot) = leaf(group, mask).best(cpu, memory) {
                return Some(slot);
            }
            mask &= mask - 1;
        }
        if mask != 0 {
            return leaf(group, mask).best(cpu, memory);
        }
        let after = group.top + 1;
        let (blocks, rest) = self.top_cpu[after..].as_chunks::<BLOCK>();
        let in_blocks = blocks.iter().enumerate().find_map(|(number, block)| {
            let mask = block::at_least(block, cpu);
            (mask != 0).then(|| number * BLOCK + mask.trailing_zeros() as usize)
        });
        let found = in_blocks.or_else(|| Some(blocks.len() * BLOCK + rest.iter().position(|&most| most >= cpu)?))?;
        let group = &self.groups[self.top[after + found]];
        leaf(group, block::at_least(&group.cpu, cpu)).best(cpu, memory)
    }

    /// The slot that wins among those of a set.
    fn best_of(&self, cpu: i32, memory: i32, allowed: &[u64]) -> Option<u32> {
        let (group, mut at) = self.find(key(memory, 0));
        for top in self.groups[group].top..self.top.len() {
            if self.top_cpu[top] >= cpu {
                let group = &self.groups[self.top[top]];
                let mut mask = block::at_least(&group.cpu, cpu) >> at << at;
                while mask != 0 {
                    let leaf = &self.leaves[group.leaf[mask.trailing_zeros() as usize] as usize];
                    if let Some(slot) = leaf.best_of(cpu, memory, allowed) {
                        return Some(slot);
                    }
                    mask &= mask - 1;
                }
            }
            at = 0;
        }
        None
    }

    /// Adds a slot.
    fn insert(&mut self, slot: u32, cpu: i32, memory: i32) {
        let key = key(memory, slot);
        let (mut group, mut at) = self.find(key);
        if self.leaves[self.groups[group].leaf[at] as usize].len == BLOCK {
            self.split(group, at);
            (group, at) = self.find(key);
        }
        let number = self.groups[group].leaf[at] as usize;
        let place = self.leaves[number].push(slot, cpu, memory);
        self.place_of[slot as usize] = (number * BLOCK + place) as u32;
        let group = &mut self.groups[group];
        group.cpu[at] = group.cpu[at].max(cpu);
        self.top_cpu[group.top] = self.top_cpu[group.top].max(cpu);
    }

    /// Takes a slot out; returns its CPU and memory.
    fn remove(&mut self, slot: u32) -> (i32, i32) {
        let place = self.place_of[slot as usize] as usize;
        let (number, at) = (place / BLOCK, place % BLOCK);
        let leaf = &mut self.leaves[number];
        let had = (leaf.cpu[at], leaf.memory[at]);
        let last = leaf.len - 1;
        (leaf.cpu[at], leaf.memory[at], leaf.slot[at]) = (leaf.cpu[last], leaf.memory[last], leaf.slot[last]);
        self.place_of[leaf.slot[at] as usize] = place as u32;
        (leaf.cpu[last], leaf.memory[last], leaf.slot[last]) = (-1, -1, NO_SLOT);
        leaf.len = last;
        let (group, cpu) = (leaf.group, &leaf.cpu);
        let in_group = self.groups[group].leaf.iter().position(|&leaf| leaf as usize == number).unwrap_or(0);
        if had.0 == self.groups[group].cpu[in_group] {
            self.groups[group].cpu[in_group] = greatest(cpu);
            self.refresh_top(group, had.0);
        }
        if last < BLOCK / 8 {
            self.shrink(group, in_group, number);
        }
        had
    }

    /// Works out the greatest CPU of a group again, where it may have been the one given.
    fn refresh_top(&mut self, group: usize, was: i32) {
        let group = &self.groups[group];
        if self.top_cpu[group.top] == was {
            self.top_cpu[group.top] = greatest(&group.cpu);
        }
    }

    /// Empties a leaf with few slots into a neighbour, if it has room, and drops it.
    #[cold]
    fn shrink(&mut self, group: usize, at: usize, number: usize) {
        let len = self.leaves[number].len;
        if len > 0 {
            let neighbour = match at {
                0 if self.groups[group].len == 1 => return,
                0 => 1,
                _ => at - 1,
            };
            let into = self.groups[group].leaf[neighbour] as usize;
            if self.leaves[into].len + len > BLOCK / 2 {
                return;
            }
            for from in 0..len {
                let leaf = &self.leaves[number];
                let (slot, cpu, memory) = (leaf.slot[from], leaf.cpu[from], leaf.memory[from]);
                let place = self.leaves[into].push(slot, cpu, memory);
                self.place_of[slot as usize] = (into * BLOCK + place) as u32;
            }
            self.groups[group].cpu[neighbour] = greatest(&self.leaves[into].cpu);
            if at == 0 {
                self.groups[group].from[1] = self.groups[group].from[0];
            }
        }
        if self.groups[group].len > 1 {
            self.groups[group].remove(at);
            self.top_cpu[self.groups[group].top] = greatest(&self.groups[group].cpu);
        } else if self.top.len() > 1 {
            let top = self.groups[group].top;
            self.top.remove(top);
            self.top_from.remove(top);
            self.top_cpu.remove(top);
            self.groups_free.push(group);
            if top == 0 {
                self.top_from[0] = i64::MIN;
                let first = self.top[0];
                self.groups[first].from[0] = i64::MIN;
            }
            self.renumber(top);
        } else {
            return;
        }
        self.leaves_free.push(number);
    }

    /// Tells the groups from a place on where they stand.
    fn renumber(&mut self, from: usize) {
        for top in from..self.top.len() {
            self.groups[self.top[top]].top = top;
        }
    }

    /// Splits a full leaf in the middle, and its group first where that is full.
    #[cold]
    fn split(&mut self, mut group: usize, mut at: usize) {
        if self.groups[group].len == BLOCK {
            let half = BLOCK / 2;
            let top = self.groups[group].top;
            let second = self.groups_free.pop().unwrap_or(self.groups.len());
            if second == self.groups.len() {
                self.groups.push(Group::new(0));
            }
            let mut upper = Group::new(top + 1);
            let lower = &mut self.groups[group];
            for from in half..BLOCK {
                upper.insert(from - half, lower.leaf[from] as usize, lower.from[from], lower.cpu[from]);
                (lower.leaf[from], lower.from[from], lower.cpu[from]) = (NO_SLOT, i64::MAX, -1);
            }
            lower.len = half;
            self.top_cpu[top] = greatest(&lower.cpu);
            for &leaf in &upper.leaf[..half] {
                self.leaves[leaf as usize].group = second;
            }
            self.top.insert(top + 1, second);
            self.top_from.insert(top + 1, upper.from[0]);
            self.top_cpu.insert(top + 1, greatest(&upper.cpu));
            self.groups[second] = upper;
            self.renumber(top + 1);
            if at >= half {
                (group, at) = (second, at - half);
            }
        }
        let number = self.groups[group].leaf[at] as usize;
        let old = self.leaves[number].clone();
        let mut order: Vec<usize> = (0..BLOCK).collect();
        order.sort_unstable_by_key(|&from| key(old.memory[from], old.slot[from]));
        let second = self.leaves_free.pop().unwrap_or(self.leaves.len());
        if second == self.leaves.len() {
            self.leaves.push(Leaf::new(group));
        }
        self.leaves[number] = Leaf::new(group);
        self.leaves[second] = Leaf::new(group);
        for (rank, &from) in order.iter().enumerate() {
            let into = if rank < BLOCK / 2 { number } else { second };
            let place = self.leaves[into].push(old.slot[from], old.cpu[from], old.memory[from]);
            self.place_of[old.slot[from] as usize] = (into * BLOCK + place) as u32;
        }
        let middle = order[BLOCK / 2];
        let from = key(old.memory[middle], old.slot[middle]);
        self.groups[group].cpu[at] = greatest(&self.leaves[number].cpu);
        let cpu = greatest(&self.leaves[second].cpu);
        self.groups[group].insert(at + 1, second, from, cpu);
    }
}

impl Kernel for Tree {
    #[inline(never)]
    fn place(&mut self, cpu: i32, memory: i32, allowed: Option<&[u64]>) -> Option<u32> {
        let slot = match allowed {
            None => self.best(cpu, memory),
            Some(allowed) => self.best_of(cpu, memory, allowed),
        }?;
        self.release(slot, -cpu, -memory);
        Some(slot)
    }

    fn release(&mut self, slot: u32, cpu: i32, memory: i32) {
        let (has_cpu, has_memory) = self.remove(slot);
        self.insert(slot, has_cpu + cpu, has_memory + memory);
    }

    fn prefetch(&self, slot: u32, soon: Soon) {
        match soon {
            Soon::Later => prefetch(&self.place_of, slot as usize),
            Soon::Next => {
                let place = self.place_of[slot as usize] as usize;
                if let Some(leaf) = self.leaves.get(place / BLOCK) {
                    prefetch(&leaf.memory, place % BLOCK);
                    prefetch(&leaf.cpu, place % BLOCK);
                    prefetch(&leaf.slot, place % BLOCK);
                    prefetch(std::slice::from_ref(&leaf.len), 0);
                }
            }
        }
    }
}

/// The slots of a share of all with the most memory, the later ones of equals: those an ordered search visits last.
#[must_use]
pub fn slots_visited_last(memory: &[i32], share: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..memory.len() as u32).collect();
    order.sort_unstable_by_key(|&slot| Reverse(key(memory[slot as usize], slot)));
    order.truncate(memory.len() / share);
    order
}

#[cfg(test)]
mod tests {
    use super::{Kernel, Scan, Tree};
    use crate::Rng;

    #[test]
    fn both_designs_give_the_same_answers() {
        let mut rng = Rng::new(1);
        for slots in [1, 63, 64, 65, 5_000] {
            let cpu: Vec<i32> = (0..slots).map(|_| rng.below(40) as i32 * 100).collect();
            let memory: Vec<i32> = (0..slots).map(|_| rng.below(50) as i32 * 100).collect();
            let allowed: Vec<u64> = (0..slots / 64 + 1).map(|_| rng.next_u64()).collect();
            let (mut scan, mut tree) = (Scan::new(&cpu, &memory), Tree::new(&cpu, &memory));
            let mut placed = Vec::new();
            for _ in 0..40_000 {
                let task = (rng.below(8) as i32 * 50, rng.below(8) as i32 * 50);
                let allowed = (rng.below(3) == 0).then_some(&allowed[..]);
                let slot = scan.place(task.0, task.1, allowed);
                assert_eq!(slot, tree.place(task.0, task.1, allowed));
                placed.extend(slot.map(|slot| (slot, task)));
                if slot.is_none() || rng.below(3) == 0 && !placed.is_empty() {
                    for _ in 0..rng.below(1 + placed.len() as u64 / 2) {
                        let (slot, task) = placed.swap_remove(rng.below(placed.len() as u64) as usize);
                        scan.release(slot, task.0, task.1);
                        tree.release(slot, task.0, task.1);
                    }
                }
            }
        }
    }
}

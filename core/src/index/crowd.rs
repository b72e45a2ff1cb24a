//! How many tasks of a watched group each instance runs, by rank.
//!
//! Counts stand in pages of 64 ranks, so that a count is found in two looks and takes a byte; a block of ranks without a task
//! of the group has no page. All groups share the pages. Counts that a byte does not hold are in a table beside them.

use alloc::vec::Vec;

use hashbrown::HashMap;

use super::row::LANES;

/// Stands for no page.
const NO_PAGE: u32 = u32::MAX;
/// From this count on it is in the table.
const MANY: u8 = u8::MAX;

/// Counts of 64 ranks, in one line of memory.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Page([u8; LANES]);

/// The pages of one group.
#[derive(Debug, Clone, Default)]
pub(super) struct Crowd {
    /// By block of ranks: its page.
    page_of: Vec<u32>,
}

/// The counts of all groups.
#[derive(Debug, Clone)]
pub(super) struct Crowds {
    /// The pages.
    pages: Vec<Page>,
    /// Those that no group has.
    free: Vec<u32>,
    /// Great counts, by page and lane.
    many: HashMap<u64, u32, foldhash::fast::FixedState>,
}

impl Default for Crowds {
    fn default() -> Self {
        Self {
            pages: Vec::new(),
            free: Vec::new(),
            many: HashMap::with_hasher(foldhash::fast::FixedState::with_seed(0)),
        }
    }
}

impl Crowd {
    /// Makes room for so many ranks.
    pub(super) fn reserve(&mut self, ranks: usize) {
        let blocks = ranks.div_ceil(LANES);
        if self.page_of.len() < blocks {
            self.page_of.resize(blocks, NO_PAGE);
        }
    }

    /// The page of a rank, and its lane there.
    #[inline]
    fn find(&self, rank: u32) -> Option<(u32, usize)> {
        let page = self.page_of.get(rank as usize / LANES).copied().filter(|&page| page != NO_PAGE)?;
        Some((page, rank as usize % LANES))
    }

    /// Bytes held on the heap.
    pub(super) fn memory_usage(&self) -> usize {
        self.page_of.capacity() * size_of::<u32>()
    }
}

/// A place in the table of great counts.
#[inline]
fn place((page, lane): (u32, usize)) -> u64 {
    u64::from(page) << 32 | lane as u64
}

impl Crowds {
    /// Makes room for so many pages and for the great counts of so many tasks.
    pub(super) fn reserve(&mut self, pages: usize, tasks: usize) {
        self.pages.reserve(pages.saturating_sub(self.pages.len()));
        // Every page may come to be free, those of groups that are no longer watched included.
        self.free.reserve(pages.max(self.pages.len()).saturating_sub(self.free.len()));
        let many = 2 * (tasks / usize::from(MANY));
        self.many.reserve(many.saturating_sub(self.many.len()));
    }

    /// Tasks on an instance.
    #[inline]
    pub(super) fn get(&self, crowd: &Crowd, rank: u32) -> u32 {
        let Some(at) = crowd.find(rank) else { return 0 };
        match self.pages[at.0 as usize].0[at.1] {
            MANY => self.many.get(&place(at)).copied().unwrap_or(0),
            few => u32::from(few),
        }
    }

    /// A task begins to count on an instance, or ceases to: how many there were, and are.
    #[inline]
    pub(super) fn count(&mut self, crowd: &mut Crowd, rank: u32, begins: bool) -> (u32, u32) {
        let (page, lane) = match crowd.find(rank) {
            Some(found) => found,
            None => (self.take_page(crowd, rank), rank as usize % LANES),
        };
        let count = &mut self.pages[page as usize].0[lane];
        let few = if begins { count.checked_add(1) } else { count.checked_sub(1) };
        if let Some(after) = few.filter(|&after| after != MANY && *count != MANY) {
            let before = u32::from(core::mem::replace(count, after));
            return (before, u32::from(after));
        }
        self.count_many((page, lane), begins)
    }

    /// The same where the count is, or becomes, great.
    #[cold]
    fn count_many(&mut self, at: (u32, usize), begins: bool) -> (u32, u32) {
        let count = &mut self.pages[at.0 as usize].0[at.1];
        let before = match *count {
            MANY => self.many.get(&place(at)).copied().unwrap_or(u32::from(MANY)),
            few => u32::from(few),
        };
        let after = if begins { before + 1 } else { before - 1 };
        *count = u8::try_from(after).unwrap_or(MANY);
        if *count == MANY {
            self.many.insert(place(at), after);
        } else {
            self.many.remove(&place(at));
        }
        (before, after)
    }

    /// A page for the block of a rank.
    #[cold]
    fn take_page(&mut self, crowd: &mut Crowd, rank: u32) -> u32 {
        crowd.reserve(rank as usize + 1);
        let page = self.free.pop().unwrap_or_else(|| {
            self.pages.push(Page([0; LANES]));
            #[expect(clippy::cast_possible_truncation, reason = "a page needs a task, and tasks fit a u32")]
            {
                (self.pages.len() - 1) as u32
            }
        });
        crowd.page_of[rank as usize / LANES] = page;
        page
    }

    /// Gives back the page of a rank's block, in which every count is 0.
    pub(super) fn give_back(&mut self, crowd: &mut Crowd, rank: u32) {
        if let Some((page, _)) = crowd.find(rank) {
            crowd.page_of[rank as usize / LANES] = NO_PAGE;
            self.free.push(page);
        }
    }

    /// Gives back every page of a group.
    pub(super) fn clear(&mut self, crowd: &mut Crowd) {
        for page in &mut crowd.page_of {
            let page = core::mem::replace(page, NO_PAGE);
            if page == NO_PAGE {
                continue;
            }
            for (lane, count) in self.pages[page as usize].0.iter_mut().enumerate() {
                if core::mem::take(count) == MANY {
                    self.many.remove(&place((page, lane)));
                }
            }
            self.free.push(page);
        }
    }

    /// Whether pages that no group has are empty, and great counts are only where pages say so.
    pub(super) fn is_sound(&self) -> bool {
        let is_empty = |&page: &u32| self.pages[page as usize].0.iter().all(|&count| count == 0);
        let many = self.pages.iter().flat_map(|page| page.0).filter(|&count| count == MANY).count();
        self.free.iter().all(is_empty) && many == self.many.len()
    }

    /// Pages that groups have.
    pub(super) fn used(&self) -> usize {
        self.pages.len() - self.free.len()
    }

    /// Bytes held on the heap.
    pub(super) fn memory_usage(&self) -> usize {
        self.pages.capacity() * size_of::<Page>()
            + self.free.capacity() * size_of::<u32>()
            + self.many.allocation_size()
    }
}

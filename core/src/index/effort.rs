//! What a search has done, and how much more it may do.

/// Work of one search, bounded by a budget. A block has its own price; an instance that is looked at costs 1.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Effort {
    /// What may still be spent.
    left: u32,
    /// Walks begun.
    pub(crate) searches: u32,
    /// Blocks visited: leaves of orders, and stretches of 64 ranks.
    pub(crate) blocks: u32,
    /// Instances looked at one by one.
    pub(crate) instances: u32,
    /// Instructions of programs run for one instance.
    pub(crate) instructions: u32,
    /// How far a walk came that spent the budget: what stands before this position was shown, or was not looked for.
    pub(crate) reached: i64,
}

impl Effort {
    /// No work done yet.
    pub(crate) fn new(budget: u32) -> Self {
        Self { left: budget, reached: i64::MIN, ..Self::default() }
    }

    /// Pays for a block; returns whether the budget allowed it.
    #[inline]
    pub(crate) fn visit_block(&mut self, price: u32) -> bool {
        let allowed = self.left >= price;
        if allowed {
            self.left -= price;
            self.blocks += 1;
        }
        allowed
    }

    /// Pays for an instance; returns whether the budget allowed it.
    #[inline]
    pub(crate) fn visit_instance(&mut self) -> bool {
        let allowed = self.left > 0;
        if allowed {
            self.left -= 1;
            self.instances += 1;
        }
        allowed
    }
}

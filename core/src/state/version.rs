//! A number for a moment of a state's life: another after every change, the same again after a rollback.

/// Which version of a state it is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Version {
    /// The number of this version.
    current: u64,
    /// The greatest number that was given out.
    last: u64,
}

impl Version {
    /// The number of this version.
    pub(crate) const fn current(self) -> u64 {
        self.current
    }

    /// The state has changed.
    #[inline]
    pub(crate) fn advance(&mut self) {
        self.last = self.last.wrapping_add(1);
        self.current = self.last;
    }

    /// The state is again what it was at this version.
    pub(crate) fn go_back(&mut self, to: u64) {
        self.current = to;
    }
}

//! Looking up from long work, for a caller who wants to hear Ctrl-C or to show how far it is.
//!
//! There is no clock here. The caller's `watch` is asked now and then, with how much is done, for how much may be done before
//! it is asked again; it alone knows how long that took. `None` stops the work.

use crate::error::{Error, ErrorKind};

/// Hears how much is done, and says how much may be done before it is asked again, at least 1; `None` stops the call.
pub type Watch<'w> = &'w mut dyn FnMut(usize) -> Option<usize>;

/// How much is done before the caller is asked for the first time.
pub(crate) const FIRST_PART: usize = 16;

/// Counts what is done, and asks when it is time.
pub(crate) struct Pace<'w> {
    /// Who is asked; nobody where the work cannot be stopped.
    watch: Option<Watch<'w>>,
    /// How much is done.
    done: usize,
    /// How much is to be done when it is asked next.
    next: usize,
    /// Whether it has stopped the work.
    is_stopped: bool,
}

impl<'w> Pace<'w> {
    /// The pace of work that is watched.
    pub(crate) fn new(watch: Watch<'w>) -> Self {
        Self { watch: Some(watch), done: 0, next: FIRST_PART, is_stopped: false }
    }

    /// The pace of work that nobody watches.
    pub(crate) fn unwatched() -> Self {
        Self { watch: None, done: 0, next: usize::MAX, is_stopped: false }
    }

    /// One more is done. The error only ends the work; [`finish`](Self::finish) takes it away.
    ///
    /// # Errors
    /// Where the work is to stop.
    #[inline]
    pub(crate) fn step(&mut self) -> Result<(), Error> {
        self.done += 1;
        if self.done < self.next { Ok(()) } else { self.ask() }
    }

    /// Asks.
    #[cold]
    fn ask(&mut self) -> Result<(), Error> {
        let Some(watch) = &mut self.watch else { return Ok(()) };
        match watch(self.done) {
            Some(part) => self.next = self.done.saturating_add(part.max(1)),
            None => self.is_stopped = true,
        }
        if self.is_stopped { Err(Error::new(ErrorKind::InvalidParameter)) } else { Ok(()) }
    }

    /// What the work came to; `None` where it was stopped.
    ///
    /// # Errors
    /// Those of the work itself.
    pub(crate) fn finish<T>(&self, result: Result<T, Error>) -> Result<Option<T>, Error> {
        if self.is_stopped { Ok(None) } else { result.map(Some) }
    }
}

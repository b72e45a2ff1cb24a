//! Requests made ready once and placed by number, one by one or in bulk, by a caller who looks up from time to time: to hear
//! Ctrl-C, or to show how far it is.
//!
//! The caller's [`Watch`] is asked now and then, and a last time when all is done or a task of a request has found no instance,
//! before anything is kept. `None` stops the call, and everything is as before.

use alloc::vec::Vec;

use super::savepoint::Undo;
use super::{RunTaskResponse, Session, Watch};
use crate::error::{Error, ErrorKind};
use crate::id::RequestId;
use crate::json::FIRST_PART;
use crate::outcome::Placement;
use crate::request::Request;

impl Session {
    /// Makes a request ready, to be placed by number any number of times.
    ///
    /// # Errors
    /// Whatever is wrong with the request; a limit.
    pub fn prepare(&mut self, request: &Request) -> Result<RequestId, Error> {
        self.cluster.prepare(request)
    }

    /// Lets go of a prepared request.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] when it was released already.
    pub fn release(&mut self, id: RequestId) -> Result<(), Error> {
        self.cluster.release(id)
    }

    /// Places one task of a prepared request; `None` where it finds no instance.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] for a released request, or a limit. Nothing has changed then.
    pub fn place_one(&mut self, id: RequestId) -> Result<Option<Placement>, Error> {
        if self.placed == u64::MAX {
            return Err(Error::new(ErrorKind::CapacityMax));
        }
        let placement = self.cluster.place_one(id)?.placement();
        if let Some(placement) = placement {
            self.note(Undo::Placed(self.placed));
            self.name_placed(placement.task)?;
        }
        Ok(placement)
    }

    /// As [`place`](Self::place), watched. `None` where `watch` stopped it; nothing has changed then.
    ///
    /// # Errors
    /// What the engine refuses a request for. Nothing has changed then.
    pub fn place_watched(&mut self, request: &Request, watch: Watch<'_>) -> Result<Option<RunTaskResponse>, Error> {
        let id = self.cluster.prepare(request)?;
        let result = self.place_by_id(id, watch);
        self.cluster.release(id)?;
        result
    }

    /// As [`place`](Self::place), for a prepared request. `None` where `watch` stopped it; nothing has changed then.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] for a released request, or a limit. Nothing has changed then.
    pub fn place_by_id(&mut self, id: RequestId, watch: Watch<'_>) -> Result<Option<RunTaskResponse>, Error> {
        let savepoint = self.begin();
        match self.place_in_parts(id, watch) {
            Ok(Some(response)) => self.commit(savepoint).map(|()| Some(response)),
            Ok(None) => self.rollback(savepoint).map(|()| None),
            Err(error) => self.rollback(savepoint).and(Err(error)),
        }
    }

    /// Places the tasks of a prepared request and names them, a part at a time.
    fn place_in_parts(&mut self, id: RequestId, watch: Watch<'_>) -> Result<Option<RunTaskResponse>, Error> {
        let request = self.cluster.request(id)?.clone();
        let wanted = request.count as usize;
        let attempt = request.all_or_nothing.then(|| self.begin());
        let mut response = RunTaskResponse::default();
        let mut failures = Vec::new();
        let mut placements: Vec<Placement> = Vec::new();
        let mut part = FIRST_PART;
        loop {
            let next = part.min(wanted - response.tasks.len());
            let is_rejected = !self.cluster.place_part(id, u32::try_from(next).unwrap_or(u32::MAX), &mut placements)?;
            for placement in placements.drain(..) {
                let task = self.placed_task(placement, &request)?;
                response.tasks.push(task);
            }
            match watch(response.tasks.len()) {
                Some(next) => part = next.max(1),
                None => return Ok(None),
            }
            if is_rejected {
                failures = self.cluster.failures(id)?;
                break;
            }
            if response.tasks.len() == wanted {
                break;
            }
        }
        if let Some(attempt) = attempt {
            if response.tasks.len() < wanted {
                self.rollback(attempt)?;
                response.tasks.clear();
            } else {
                self.commit(attempt)?;
            }
        }
        response.failures = self.failures(failures);
        Ok(Some(response))
    }

    /// Places one task of each request of a list, one after another, each seeing those before; one that finds no instance does
    /// not end the call. Appends what became of each to `outcomes`, `None` where it found no instance. Returns `false` where
    /// `watch` stopped it; nothing has changed then.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] for a released request, or a limit. Nothing has changed then.
    pub fn place_list(
        &mut self,
        requests: &[RequestId],
        outcomes: &mut Vec<Option<Placement>>,
        watch: Watch<'_>,
    ) -> Result<bool, Error> {
        let before = outcomes.len();
        let savepoint = self.begin();
        let result = self.place_each(requests, outcomes, watch);
        if matches!(result, Ok(true)) {
            self.commit(savepoint)?;
        } else {
            outcomes.truncate(before);
            self.rollback(savepoint)?;
        }
        result
    }

    /// Places one task of each request.
    #[inline(never)]
    #[cfg_attr(placewright_for_size, optimize(speed))]
    fn place_each(
        &mut self,
        requests: &[RequestId],
        outcomes: &mut Vec<Option<Placement>>,
        watch: Watch<'_>,
    ) -> Result<bool, Error> {
        self.note(Undo::Placed(self.placed));
        let (mut done, mut part) = (0, FIRST_PART);
        loop {
            let end = done + part.min(requests.len() - done);
            let first = outcomes.len();
            self.place_next(&requests[done..end], outcomes)?;
            for placement in outcomes[first..].iter().flatten() {
                self.name_placed(placement.task)?;
            }
            done = end;
            match watch(done) {
                Some(next) => part = next.max(1),
                None => return Ok(false),
            }
            if done == requests.len() {
                return Ok(true);
            }
        }
    }

    /// Places one task of each request of a part.
    fn place_next(&mut self, requests: &[RequestId], outcomes: &mut Vec<Option<Placement>>) -> Result<(), Error> {
        let mut are_single = true;
        for &id in requests {
            are_single &= self.cluster.request(id)?.count == 1;
        }
        if are_single {
            return self.cluster.place_list(requests, outcomes).map(drop);
        }
        for &id in requests {
            outcomes.push(self.cluster.place_one(id)?.placement());
        }
        Ok(())
    }
}

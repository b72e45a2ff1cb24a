//! Placing many tasks by one call: those of a request, or of a list of requests.

use alloc::vec::Vec;

use crate::error::{Error, ErrorKind};
use crate::id::{InstanceId, RequestId};
use crate::limits::TASKS_MAX;
use crate::outcome::{Placement, Rejection};
use crate::prepared::Prepared;
use crate::select::indexed::{self, Found};
use crate::select::judge::Reason;
use crate::state::delta::Delta;

use super::Cluster;
use super::place::check_port_room;

/// How a request that was judged went: the rejection, if a task found no instance, and each considered instance's reason.
pub type Judged = (Option<Rejection>, Vec<(InstanceId, Reason)>);

impl Cluster {
    /// Places the tasks of a request one after another, each seeing the ones before, and appends them to `placements`. Stops
    /// at the first that finds no instance, and says so. A request for all or nothing then takes the others back.
    ///
    /// Cost: as [`place_one`](Self::place_one) for each task. On the indexed route, where `binpack` or registration decides
    /// last, one walk for every few instances filled, and for each task a few steps and a look at each domain of a spread; so
    /// also where tasks share no instance (`distinctInstance`, host ports, all GPUs). The walks of a call together go over the
    /// instances once for each domain, and once more each time the open instances of a batch become too many.
    ///
    /// # Errors
    /// As [`place_one`](Self::place_one); tasks placed before the error are taken back.
    pub fn place(&mut self, id: RequestId, placements: &mut Vec<Placement>) -> Result<Option<Rejection>, Error> {
        self.place_judged(id, placements, |_| ())
    }

    /// As [`place`](Self::place), and judges every instance at the moment the first task finds none, before anything is
    /// taken back: the first failing check of each instance considered, in registration order.
    ///
    /// # Errors
    /// As [`place`](Self::place).
    pub fn place_explained(&mut self, id: RequestId, placements: &mut Vec<Placement>) -> Result<Judged, Error> {
        let mut failures = Vec::new();
        let rejection = self.place_judged(id, placements, |cluster| {
            failures = cluster.failures(id).unwrap_or_default();
        })?;
        Ok((rejection, failures))
    }

    /// Places a request; `judge` sees the cluster at the moment a task finds no instance.
    fn place_judged(
        &mut self,
        id: RequestId,
        placements: &mut Vec<Placement>,
        judge: impl FnOnce(&Self),
    ) -> Result<Option<Rejection>, Error> {
        let request = self.request(id)?;
        let (wanted, all_or_nothing) = (request.count, request.all_or_nothing);
        let before = placements.len();
        let placed = self.place_batch(id, wanted, placements)?;
        if placed == wanted {
            return Ok(None);
        }
        judge(self);
        if all_or_nothing {
            self.take_back(placements.drain(before..).rev());
        }
        Ok(Some(Rejection { wanted, placed: if all_or_nothing { 0 } else { placed } }))
    }

    /// Places up to `count` tasks of a request, whatever number and mode it was prepared with, and appends them to
    /// `placements`. Returns whether all found an instance; the first that finds none ends the call. So a request can be
    /// placed in parts, by somebody who looks up between them.
    ///
    /// # Errors
    /// As [`place`](Self::place); tasks placed before the error are taken back.
    ///
    /// Cost: as [`place`](Self::place).
    pub fn place_part(&mut self, id: RequestId, count: u32, placements: &mut Vec<Placement>) -> Result<bool, Error> {
        Ok(self.place_batch(id, count, placements)? == count)
    }

    /// Places so many tasks of a request, or as many as find an instance, and returns how many; on an error none.
    fn place_batch(&mut self, id: RequestId, count: u32, placements: &mut Vec<Placement>) -> Result<u32, Error> {
        let before = placements.len();
        if count > 1 {
            self.begin_batch(&[id])?;
        }
        let row = self.place_row(id, count, |placement| placements.push(placement));
        self.scratch.batch.end(&[id]);
        if row.is_err() {
            self.take_back(placements.drain(before..).rev());
        }
        row
    }

    /// Places the tasks of a list of prepared requests, in its order: exactly as [`place`](Self::place) called for one after
    /// another, task ids and draws included. A request may stand in the list any number of times, places its count each time,
    /// and is all or nothing for itself alone. Returns how many tasks were placed and stay placed.
    ///
    /// Appends to `placements` an entry for each task, shape `[tasks]`: a request's placed tasks, then `None` for each of its
    /// tasks that was not placed or was taken back. Where every count is 1, the n-th entry is that of the n-th request.
    ///
    /// # Errors
    /// [`ErrorKind::StaleHandle`] when a request was released; [`ErrorKind::LimitExceeded`] for more tasks than
    /// [`TASKS_MAX`]; then as [`place_one`](Self::place_one). Everything the call has placed is taken back.
    ///
    /// Cost: as [`place`](Self::place), also where requests alternate: up to 256 different ones share what was found for
    /// them, those that spread over an attribute as long as it has few values. Beyond that, and for requests that end in
    /// `random`, `spread(instanceId)` or rules after `binpack`, as [`place_one`](Self::place_one). Reserves room in
    /// `placements`; otherwise does not allocate within what was reserved.
    ///
    /// ```
    /// use placewright::{BinpackField, Cluster, Demand, Instance, Request, Strategy};
    ///
    /// let mut cluster = Cluster::new();
    /// for name in ["i-1", "i-2"] {
    ///     cluster.register(&Instance::new(name).with_resources(1024, 1024))?;
    /// }
    /// let binpack = Strategy::Binpack(BinpackField::Memory);
    /// let small = cluster.prepare(&Request::new("small", Demand::new(64, 256)).with_strategies(binpack.clone()))?;
    /// let large = cluster.prepare(&Request::new("large", Demand::new(64, 768)).with_strategies(binpack))?;
    ///
    /// let mut placements = Vec::new();
    /// assert_eq!(cluster.place_list(&[large, small, large, large], &mut placements)?, 3);
    /// let on = |at: usize| placements[at].map(|placement| placement.instance);
    /// assert_eq!((on(0), on(2), on(3)), (on(1), cluster.instance_named("i-2"), None));
    /// # Ok::<(), placewright::Error>(())
    /// ```
    pub fn place_list(
        &mut self,
        requests: &[RequestId],
        placements: &mut Vec<Option<Placement>>,
    ) -> Result<usize, Error> {
        let mut tasks = 0;
        for &id in requests {
            tasks += self.request(id)?.count as usize;
            if tasks > TASKS_MAX {
                let message = alloc::format!("the requests of a list are for more than {TASKS_MAX} tasks");
                return Err(Error::with_message(ErrorKind::LimitExceeded, message));
            }
        }
        placements.reserve(tasks);
        let before = placements.len();
        let placed = match tasks {
            0 | 1 => Ok(()),
            _ => self.begin_batch(requests),
        };
        let placed = placed.and_then(|()| self.place_each(requests, placements));
        self.scratch.batch.end(requests);
        if placed.is_err() {
            self.take_back(placements.drain(before..).rev().flatten());
        }
        placed
    }

    /// Places the requests of a list; neighbours that are the same are one row.
    #[inline(never)]
    #[cfg_attr(placewright_for_size, optimize(speed))]
    fn place_each(
        &mut self,
        mut requests: &[RequestId],
        placements: &mut Vec<Option<Placement>>,
    ) -> Result<usize, Error> {
        let mut total = 0;
        while let Some((&id, rest)) = requests.split_first() {
            let request = self.request(id)?;
            let is_one = request.all_or_nothing && request.count > 1;
            let same = if is_one { 0 } else { rest.iter().take_while(|&&other| other == id).count() };
            #[expect(clippy::cast_possible_truncation, reason = "a list is for at most TASKS_MAX tasks")]
            let wanted = if request.count == 0 { 0 } else { request.count * (same as u32 + 1) };
            let before = placements.len();
            let mut placed = self.place_row(id, wanted, |placement| placements.push(Some(placement)))?;
            if is_one && placed < wanted && placed > 0 {
                self.take_back(placements.drain(before..).rev().flatten());
                self.scratch.batch.forget();
                placed = 0;
            }
            placements.resize(before + wanted as usize, None);
            total += placed as usize;
            requests = &rest[same..];
        }
        Ok(total)
    }

    /// Prepares for many tasks of these requests in a row, where searching an index pays.
    fn begin_batch(&mut self, requests: &[RequestId]) -> Result<(), Error> {
        if !self.is_large() {
            return Ok(());
        }
        let Self { state, index, requests: prepared, scratch, .. } = self;
        index.orders.sync(state, &index.ranks);
        for &id in requests {
            scratch.batch.add(state, index, id, &prepared.get(id)?.plan);
        }
        Ok(())
    }

    /// Places so many tasks of a request, or as many as find an instance, and shows them to `placed`; returns how many.
    #[cfg_attr(placewright_for_size, optimize(speed))]
    fn place_row(&mut self, id: RequestId, wanted: u32, mut placed: impl FnMut(Placement)) -> Result<u32, Error> {
        let mut left = wanted;
        while left > 0 {
            self.check_task_room()?;
            self.check_journal(1)?;
            let Some((slot, copies)) = self.choose_in_batch(id)? else { break };
            for _ in 0..copies.min(left) {
                self.check_task_room()?;
                self.check_journal(1)?;
                placed(self.run(id, slot)?);
                left -= 1;
            }
            self.scratch.batch.note(&self.state, &self.index.ranks, slot);
        }
        Ok(wanted - left)
    }

    /// The instance that a request's next task goes to, and with it how many of its tasks in a row.
    #[cfg_attr(placewright_for_size, optimize(speed))]
    fn choose_in_batch(&mut self, id: RequestId) -> Result<Option<(u32, u32)>, Error> {
        let Self { state, index, requests, scratch, .. } = self;
        let Prepared { plan, request } = requests.get(id)?;
        check_port_room(self.options.is_strict, self.reserved.ports, state, request)?;
        if scratch.batch.rejects(id) {
            return Ok(None);
        }
        let chosen = if let Some(kind) = scratch.batch.kind_of(id) {
            for &residue in &*plan.residues {
                index.residues.get(residue).focus(state, |group| index.tallies.focus_spare(state, group));
            }
            let mut effort = indexed::effort(state);
            let (found, copies) = scratch.batch.next(kind, state, index, plan, &mut effort);
            self.counters.add(effort);
            match found {
                Found::Instance(slot) => Some((slot, copies)),
                Found::Nothing => None,
                Found::Unknown => self.pass_over(id)?.map(|slot| (slot, 1)),
            }
        } else {
            self.choose(id)?.map(|slot| (slot, 1))
        };
        if chosen.is_none() {
            self.scratch.batch.reject(id, &self.requests.get(id)?.plan);
        }
        Ok(chosen)
    }

    /// Undoes the newest placements, newest first.
    fn take_back(&mut self, newest: impl Iterator<Item = Placement>) {
        for placement in newest {
            let delta = Delta::Run { task: placement.task.slot() };
            if self.journal.is_open() {
                self.journal.pop_after(0);
            }
            self.undo(delta);
            self.state.sequence -= 1;
        }
    }
}

//! Packing into what is left of a session's cluster, as JSON: requests in, an answer out, and the answer carried out.
//!
//! The document is our own format, so a key it does not have is an error; its requests are read as RunTask's are. An answer names
//! instances by id and requests by their place in the document, so it can be kept, sent on, and carried out in a copy of the
//! cluster as well.

use alloc::format;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::pack::{check_keys, placed_items, read_options, read_start};
use super::{PlacedTask, RunTaskResponse, Session, Watch};
use crate::demand::GpuDemand;
use crate::error::{Error, ErrorKind};
use crate::id::{InstanceId, RequestId};
use crate::json::{Json, Pace, at_index};
use crate::pack::{Live, Options};
use crate::request::Request;

/// Keys of the whole.
const KEYS: [&str; 3] = ["requests", "options", "start"];

/// Tasks to be placed as a set, and how.
#[derive(Debug, Clone)]
pub struct LiveRequest {
    /// The problem: its rows are the requests, its types the instances.
    pub live: Live,
    /// The options, without the time.
    pub options: Options,
    /// Most milliseconds, to be measured by the caller.
    pub milliseconds: Option<u64>,
}

impl Session {
    /// Reads what is to be packed into what is left: `requests`, each with its count, and `options` and `start` as
    /// [`PackRequest`](super::PackRequest) has them. Strategies, seeds and `xAllOrNothing` of requests play no part. Solve its
    /// problem and write the answer as [`answer_json`](super::answer_json) does.
    ///
    /// # Errors
    /// Those of [`read_place`](Self::read_place) and of [`Live::new`], with the path of the request;
    /// [`ErrorKind::JsonUnknownKey`] for a key there is not.
    ///
    /// # Cost
    /// That of [`Live::new`].
    ///
    /// # Example
    /// ```
    /// use core::ops::ControlFlow;
    ///
    /// use placewright::adapter::{Session, SessionOptions, answer_json};
    /// use placewright::json::Json;
    /// use placewright::pack::solve;
    /// use placewright::Instance;
    ///
    /// let mut session = Session::new(SessionOptions::default());
    /// for name in ["i-1", "i-2"] {
    ///     session.register(&Instance::new(name).with_resources(1000, 4000))?;
    /// }
    /// for (family, cpu) in [("small", 400), ("large", 1000)] {
    ///     session.register_task_definition(&format!(
    ///         r#"{{"family": "{family}", "containerDefinitions": [{{"name": "a", "cpu": {cpu}, "memory": 100}}]}}"#
    ///     ))?;
    /// }
    /// let document = Json::parse(r#"{"requests": [{"taskDefinition": "small", "count": 2}, {"taskDefinition": "large"}]}"#)?;
    /// let request = session.read_pack_live(&document)?;
    /// let answer = solve(request.live.problem(), &request.options, &mut |_| ControlFlow::Continue(()));
    /// let answer = answer_json(request.live.problem(), &answer, 0).into_owned();
    /// let placed = session.apply_packing_json(&document, &answer, &mut |_| Some(1024))?;
    /// assert_eq!(placed.map(|placed| placed.tasks.len()), Some(3));
    /// # Ok::<(), placewright::Error>(())
    /// ```
    pub fn read_pack_live(&mut self, document: &Json<'_>) -> Result<LiveRequest, Error> {
        let fields = document.as_fields()?;
        check_keys(fields, &KEYS)?;
        let requests = self.read_requests(document)?;
        let live = Live::new(&self.cluster, &requests).map_err(|error| error.in_path("requests"))?;
        let mut options = Options::default();
        let mut milliseconds = None;
        if let Some(given) = fields.optional_fields("options")? {
            (options, milliseconds) = read_options(given).map_err(|error| error.in_path("options"))?;
        }
        if fields.get("start").is_some() {
            options.warm_start = Some(read_start(live.problem(), fields)?);
        }
        Ok(LiveRequest { live, options, milliseconds })
    }

    /// The requests of a document.
    fn read_requests(&mut self, document: &Json<'_>) -> Result<Vec<Request>, Error> {
        let fields = document.as_fields()?;
        let requests = fields.required("requests")?.as_array().map_err(|error| error.in_path("requests"))?;
        let read = requests
            .iter()
            .enumerate()
            .map(|(at, request)| self.read_place(request).map_err(|error| at_index(error, at).in_path("requests")));
        read.collect()
    }

    /// Starts the tasks of an answer to a document that [`read_pack_live`](Self::read_pack_live) has read, each where the answer
    /// has it, and gives what RunTask gives. `None` where `watch`, who hears how many have started, stopped it; nothing has
    /// changed then.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] for a task that its instance does not take, as when the cluster has changed since, with the
    /// reason in the words of ECS, and for more tasks of a request than it asks for; [`ErrorKind::InstanceNotFound`]; those of the
    /// requests. Nothing has changed then.
    pub fn apply_packing_json(
        &mut self,
        document: &Json<'_>,
        answer: &Json<'_>,
        watch: Watch<'_>,
    ) -> Result<Option<RunTaskResponse>, Error> {
        let requests = self.read_requests(document)?;
        let mut pace = Pace::new(watch);
        let outcome = self.all_or_nothing(|session| {
            let mut prepared = Vec::with_capacity(requests.len());
            let ready = requests.iter().try_for_each(|request| {
                prepared.push(session.cluster.prepare(request)?);
                Ok(())
            });
            let outcome = ready.and_then(|()| session.start_packed(&requests, &prepared, answer, &mut pace));
            prepared.into_iter().try_for_each(|id| session.cluster.release(id))?;
            outcome
        });
        pace.finish(outcome)
    }

    /// Starts the tasks of an answer.
    fn start_packed(
        &mut self,
        requests: &[Request],
        prepared: &[RequestId],
        answer: &Json<'_>,
        pace: &mut Pace<'_>,
    ) -> Result<RunTaskResponse, Error> {
        let mut response = RunTaskResponse::default();
        let mut left: Vec<u64> = requests.iter().map(|request| u64::from(request.count)).collect();
        let fields = answer.as_fields()?;
        fields.required("bins")?;
        fields.each("bins", |bins| {
            let bins = bins.as_fields()?;
            let instance = self.instance_id(bins.text("type")?)?;
            let pairs = bins.each("items", placed_items)?;
            // Large shares of GPUs first, as small ones may go anywhere; what is answered keeps the order of the answer.
            let mut order: Vec<usize> = (0..pairs.len()).collect();
            order.sort_by_key(|&at| Reverse(pairs.get(at).and_then(|&(row, _)| gpus(requests, row))));
            let mut tasks: Vec<Vec<PlacedTask>> = pairs.iter().map(|_| Vec::new()).collect();
            for at in order {
                let (row, number) = pairs[at];
                let started = self.start_some(requests, prepared, &mut left, (row, number), instance, pace);
                tasks[at] = started.map_err(|error| at_index(error, at).in_path("items"))?;
            }
            response.tasks.extend(tasks.into_iter().flatten());
            Ok(())
        })?;
        Ok(response)
    }

    /// Starts so many tasks of a request on an instance.
    fn start_some(
        &mut self,
        requests: &[Request],
        prepared: &[RequestId],
        left: &mut [u64],
        (row, number): (u64, u64),
        instance: InstanceId,
        pace: &mut Pace<'_>,
    ) -> Result<Vec<PlacedTask>, Error> {
        let at = usize::try_from(row).unwrap_or(usize::MAX);
        let (Some(request), Some(&id), Some(left)) = (requests.get(at), prepared.get(at), left.get_mut(at)) else {
            return Err(Error::with_message(ErrorKind::InvalidParameter, format!("there is no request {row}")));
        };
        *left = left.checked_sub(number).ok_or_else(|| {
            let message = format!("more tasks of request {row} than it asks for");
            Error::with_message(ErrorKind::InvalidParameter, message)
        })?;
        let mut tasks = Vec::new();
        for _ in 0..number {
            match self.cluster.start(id, instance)? {
                Ok(placement) => tasks.push(self.placed_task(placement, request)?),
                Err(reason) => {
                    let reason = self.cluster.reason_text(reason);
                    let message = format!("the instance does not take a task of request {row}: {reason}");
                    return Err(Error::with_message(ErrorKind::InvalidParameter, message)
                        .with_help("has the cluster changed since? pack anew"));
                }
            }
            pace.step()?;
        }
        Ok(tasks)
    }
}

/// What a request takes of GPUs, to be compared: all, then whole ones by number, then shares by size.
fn gpus(requests: &[Request], row: u64) -> Option<(u8, u32)> {
    let request = requests.get(usize::try_from(row).ok()?)?;
    Some(match request.demand.gpus {
        GpuDemand::All | GpuDemand::Slice(_) => (3, 0),
        GpuDemand::Whole(number) => (2, number.into()),
        GpuDemand::Share(share) => (1, share.into()),
        GpuDemand::None => (0, 0),
    })
}

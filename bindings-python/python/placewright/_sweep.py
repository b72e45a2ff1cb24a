"""Many what-ifs over any ``concurrent.futures.Executor``: results in order, each exactly once, whatever becomes of the workers.

A scenario is a value: a cluster, and what is asked of it. Workers keep the clusters they have seen, so a cluster travels once
to each of them and not once a scenario; what a scenario does to it is rolled back before the next one, or was done to a copy.
"""

from __future__ import annotations

import itertools
import os
import pickle
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Iterable, Sized
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures import wait as wait_for
from typing import Any, Deque, Dict, Generic, List, Literal, Optional, Protocol, Tuple, TypeVar, Union, overload

from ._native import Cluster
from ._scenario import Scenario, ScenarioResult, Summary, SweepError, place_all
from ._worker import KEPT, Answer, Bench, Here, Reply, Shipment, Work, perform, unpacked

__all__ = ["sweep"]

T = TypeVar("T")

# Seconds between two looks at all that is under way.
_GLANCE = 0.5


class _Bar(Protocol):
    def update(self, n: int, /) -> object: ...


class _Batch:
    """A few scenarios with one cluster that are sent together, and what has become of them."""

    def __init__(self, shipment: Shipment, items: List[Tuple[int, Scenario]], retries: int = 0) -> None:
        self.shipment = shipment
        self.items = items
        self.retries = retries
        self.number = -1
        """Of the call."""
        self.future: Optional[Future[Reply]] = None
        """`None` while it waits to be sent alone."""
        self.is_alone = False
        """Whether nothing was under way beside it, so that it is what its worker died of."""
        self.was_given = False
        """Whether the call has the cluster although workers could be expected to have it."""
        self.has_state = False
        """Whether the call has the cluster."""
        self.answered: List[Answer] = []
        """Answers of the first scenarios, where a worker lost the cluster on the way."""

    def singles(self, retries: int) -> List[_Batch]:
        """What is answered, and each of the others on its own."""
        known = len(self.answered)
        singles = [_Batch(self.shipment, [item], retries) for item in self.items[known:]]
        if known:
            first = _Batch(self.shipment, self.items[:known], self.retries)
            first.future = Future()
            first.future.set_result(Reply(first.number, self.answered, is_whole=True))
            singles.insert(0, first)
        return singles


def _is_lost(error: BaseException) -> bool:
    """Whether it was the worker that failed, and not what it was given."""
    if isinstance(error, (BrokenExecutor, CancelledError)):
        return True
    kind = type(error)
    return kind.__name__ in ("KilledWorker", "CancelledError", "FutureCancelledError", "CommClosedError") and (
        kind.__module__.split(".")[0] in ("distributed", "asyncio")
    )


class _Sweep(Generic[T]):
    def __init__(
        self,
        scenarios: Iterable[Scenario],
        run: Callable[[Cluster, Scenario], T],
        executor: Union[None, Executor, Callable[[], Executor]],
        report: Callable[[int], object],
        retries: int,
        timeout: Optional[float],
        total_timeout: Optional[float],
        ahead: int,
        chunk: int,
        is_raising: bool,
    ) -> None:
        self.source = iter(scenarios)
        self.run = run
        self.factory = executor if not isinstance(executor, Executor) else None
        self.executor = executor if isinstance(executor, Executor) else None
        self.report = report
        self.retries = retries
        self.timeout = timeout
        self.total_timeout = total_timeout
        self.end: Optional[float] = None
        self.is_stuck = False
        self.ahead = ahead
        self.chunk = chunk
        self.is_raising = is_raising
        self.window: Deque[_Batch] = deque()
        self.held: Optional[Tuple[int, Scenario, Shipment]] = None
        self.taken = 0
        self.is_exhausted = False
        self.fault: Optional[BaseException] = None
        self.number = itertools.count()
        self.id = uuid.uuid4().hex
        # By identity: the cluster, so that its address is not used again; its version; what is sent for it.
        self.shipments: OrderedDict[int, Tuple[Cluster, Tuple[int, int], Shipment]] = OrderedDict()
        self.bench = Bench()

    # Taking scenarios.

    def next(self) -> Optional[Tuple[int, Scenario, Shipment]]:
        if self.held is not None:
            held, self.held = self.held, None
            return held
        if self.is_exhausted:
            return None
        try:
            scenario = next(self.source)
        except StopIteration:
            self.is_exhausted = True
            return None
        except Exception as error:
            # What was taken before it is delivered first.
            self.is_exhausted, self.fault = True, error
            return None
        if not isinstance(scenario, Scenario):
            self.is_exhausted = True
            self.fault = TypeError(f"scenarios[{self.taken}] is a `{type(scenario).__name__}`, not a Scenario")
            return None
        self.taken += 1
        return self.taken - 1, scenario, self.shipment(scenario.cluster)

    def shipment(self, cluster: Cluster) -> Shipment:
        # Looked at before it is taken: what changes meanwhile is seen by the next scenario.
        version = cluster._version
        known = self.shipments.get(id(cluster))
        if known is None or known[1] != version:
            key = f"{self.id}-{next(self.number)}"
            known = (cluster, version, Shipment(key, cluster, self.is_remote))
            self.shipments[id(cluster)] = known
            while len(self.shipments) > KEPT:
                self.shipments.popitem(last=False)
        self.shipments.move_to_end(id(cluster))
        return known[2]

    def fill(self) -> None:
        """Sends scenarios until enough are under way; none while some wait to be sent alone."""
        while len(self.window) < self.ahead and all(batch.future is not None for batch in self.window):
            first = self.next()
            if first is None:
                return
            batch = _Batch(first[2], [first[:2]])
            while len(batch.items) < self.chunk:
                more = self.next()
                if more is None:
                    break
                if more[2] is not batch.shipment:
                    self.held = more
                    break
                batch.items.append(more[:2])
            self.window.append(batch)
            self.send(batch)
            batch.is_alone = self.ahead == 1 and len(batch.items) == 1
            if batch.future is not None and batch.future.done() and _was_lost(batch.future, None):
                return

    # Sending.

    @property
    def is_remote(self) -> bool:
        executor = self.open()
        is_thread = isinstance(executor, ThreadPoolExecutor) and type(executor).__name__ != "InterpreterPoolExecutor"
        return not (is_thread or isinstance(executor, Here))

    def open(self) -> Executor:
        if self.executor is None:
            made = Here() if self.factory is None else self.factory()
            if not isinstance(made, Executor):
                raise TypeError(f"executor made a `{type(made).__name__}`, which is no Executor")
            self.executor = made
        return self.executor

    def send(self, batch: _Batch, has_state: bool = False) -> None:
        executor, is_remote, shipment = self.open(), self.is_remote, batch.shipment
        asked = batch.items[len(batch.answered) :]
        batch.number = next(self.number)
        indices, scenarios = tuple(index for index, _ in asked), tuple(_fields(scenario) for _, scenario in asked)
        work = Work(shipment.key, batch.number, indices, scenarios, self.run)
        state = shipment.given_to(executor, has_state or batch.retries > 0)
        batch.has_state = state is not None
        arguments: Tuple[Any, ...] = (work, state, is_remote)
        if isinstance(executor, Here):
            arguments += (self.bench,)
        try:
            future = executor.submit(perform, *arguments)
            if not all(hasattr(future, name) for name in ("result", "exception", "done", "cancel")):
                raise self.broken([batch], f"the executor gave a `{type(future).__name__}` for a future")
            batch.future = future
        except BrokenExecutor as error:
            batch.future = Future()
            batch.future.set_exception(error)
        except SweepError:
            raise
        except RuntimeError as error:
            raise self.broken([batch], f"the executor takes no more work: {error}") from error

    # Receiving.

    def patience(self, batch: _Batch) -> Optional[float]:
        """How long to wait for a batch that is next, in seconds."""
        own = None if self.timeout is None else self.timeout * len(batch.items)
        if self.end is None:
            return own
        left = max(0.0, self.end - time.monotonic())
        return left if own is None else min(own, left)

    def read(self, batch: _Batch, reply: object) -> Reply:
        """A reply that is one to the call of a batch: every scenario is answered, each once and for itself."""
        asked = [index for index, _ in batch.items[len(batch.answered) :]]
        if isinstance(reply, Reply) and reply.number == batch.number:
            given = [answer.index for answer in reply.answers]
            if given == asked if reply.is_whole else (given == asked[: len(given)] and not batch.has_state):
                return reply
        raise self.broken([batch], "the executor gave an answer that is none to its call", "the fault is the executor's")

    def wait(self, batch: _Batch) -> object:
        """Waits for the reply to a batch. Workers that say meanwhile that they do not have the cluster are called again, so that none
        is idle while the first is busy."""
        assert batch.future is not None
        patience = self.patience(batch)
        if isinstance(batch.shipment.state, Cluster) or isinstance(self.open(), ProcessPoolExecutor):
            return batch.future.result(timeout=patience)
        end = None if patience is None else time.monotonic() + patience
        while not batch.future.done() and (end is None or time.monotonic() < end):
            for other in self.window:
                if other is not batch and self.under_way() < self.workers():
                    self.ask_again(other, has_state=True)
            waiting = [other.future for other in self.window if other.future is not None and not other.future.done()]
            # Not for long: one that is cancelled meanwhile may never say so.
            glance = _GLANCE if end is None else min(_GLANCE, max(0.0, end - time.monotonic()))
            wait_for(waiting, timeout=glance, return_when=FIRST_COMPLETED)
        return batch.future.result(timeout=None if end is None else max(0.0, end - time.monotonic()))

    def under_way(self) -> int:
        """Calls under way that have a cluster."""
        return sum(1 for batch in self.window if batch.has_state and batch.future is not None and not batch.future.done())

    def workers(self) -> int:
        """How many workers there are, about."""
        number = getattr(self.open(), "_max_workers", None)
        return number if isinstance(number, int) else max(2, os.cpu_count() or 1)

    def settle(self) -> Tuple[_Batch, List[Answer]]:
        """Waits for the first batch of the window, whatever that takes within the timeouts."""
        while True:
            batch = self.window[0]
            if batch.future is None:
                self.send(batch)
                others = (other.future for other in self.window if other is not batch)
                batch.is_alone = len(batch.items) == 1 and all(other is None or other.done() for other in others)
            assert batch.future is not None
            try:
                reply = self.wait(batch)
            except BaseException as error:
                if isinstance(error, FutureTimeout) and not batch.future.done():
                    self.give_up(batch)
                    if batch.retries >= self.retries:
                        late = [Answer(index, False, self.late(one, batch), False) for index, one in batch.items]
                        return batch, batch.answered + late[len(batch.answered) :]
                    self.window.popleft()
                    self.window.extendleft(reversed(batch.singles(batch.retries + 1)))
                elif _is_lost(error):
                    if batch.is_alone and batch.retries >= self.retries:
                        self.recover(error, but=batch)
                        return batch, [Answer(at, False, self.died(one, batch, error), False) for at, one in batch.items]
                    self.recover(error)
                elif not isinstance(error, Exception) or not batch.future.done():
                    raise
                elif len(batch.items) > 1:
                    # One of them could not travel: each goes on its own.
                    self.window.popleft()
                    self.window.extendleft(reversed(batch.singles(batch.retries)))
                else:
                    return batch, [Answer(batch.items[0][0], False, error, False)]
                continue
            answers = self.read(batch, reply)
            if not answers.is_whole:
                batch.answered += answers.answers
                batch.shipment.miss()
                self.send(batch, has_state=True)
                batch.was_given = True
                continue
            if batch.was_given:
                # The worker that did not have the cluster has it now, and the others are asked again.
                for other in self.window:
                    if other is not batch and other.future is not None:
                        self.ask_again(other)
            return batch, batch.answered + answers.answers

    def ask_again(self, batch: _Batch, has_state: bool = False) -> None:
        """Asks for what a batch was not answered for want of the cluster."""
        future = batch.future
        if future is None or not future.done() or future.cancelled() or future.exception() is not None:
            return
        reply = future.result()
        if isinstance(reply, Reply) and not reply.is_whole:
            batch.answered += self.read(batch, reply).answers
            self.send(batch, has_state)

    def give_up(self, batch: _Batch) -> None:
        """After a batch did not answer in time: the executor goes, where it can be replaced, and with it whatever else it holds."""
        if self.end is not None and time.monotonic() >= self.end:
            name = batch.items[0][1].name
            self.is_stuck = True
            raise SweepError(
                f"the sweep took longer than {self.total_timeout} s, and waited for scenario `{name}`",
                scenario=name,
                code="sweep.timed_out",
                help="give it more `total_timeout`; the results so far were delivered",
            )
        assert batch.future is not None
        batch.future.cancel()
        if self.factory is None:
            return
        self.shut(is_waiting=False, is_stuck=True)
        for _, _, shipment in self.shipments.values():
            shipment.lose()
        for other in self.window:
            other.shipment.lose()
            if other.future is not None and not other.future.done():
                other.future = None

    def recover(self, error: BaseException, but: Optional[_Batch] = None) -> None:
        """After a worker died: keeps every answer that came, and has all that was lost sent again, one scenario at a time with
        nothing beside it, so that the one that kills its worker is known."""
        for batch in self.window:
            if batch.future is not None:
                # `concurrent.futures.wait` would wait for ever for one that was cancelled and whose executor never said so.
                _was_lost(batch.future, self.patience(batch))
        window: Deque[_Batch] = deque()
        lost: List[_Batch] = []
        for batch in self.window:
            if batch is but or batch.future is None or not _was_lost(batch.future, 0):
                window.append(batch)
            else:
                lost.append(batch)
                window.extend(batch.singles(batch.retries + 1))
        if isinstance(error, BrokenExecutor):
            if self.factory is None:
                what = str(error) or "a worker died"
                raise self.broken([*([but] if but else []), *lost], f"the executor is broken: {what}") from error
            self.shut(is_waiting=False)
        for _, _, shipment in self.shipments.values():
            shipment.lose()
        for batch in window:
            batch.shipment.lose()
        self.window = window

    def broken(self, lost: List[_Batch], message: str, help: str = "") -> SweepError:
        names = [scenario.name for batch in lost for _, scenario in batch.items]
        return SweepError(
            f"{message}; without a result: {', '.join(f'`{name}`' for name in names[:5])}{', ...' * (len(names) > 5)}",
            scenario=names[0],
            code="sweep.executor_broken",
            help=help or "give a function that makes the executor, so that a broken one can be replaced",
        )

    def died(self, scenario: Scenario, batch: _Batch, error: BaseException) -> SweepError:
        tries = "its only try" if batch.retries == 0 else f"each of {batch.retries + 1} tries"
        failure = SweepError(
            f"the worker of scenario `{scenario.name}` died in {tries}",
            scenario=scenario.name,
            code="sweep.worker_died",
            help="a worker is often ended for the memory it takes; more `retries` help against accidents only",
        )
        failure.__cause__ = error
        return failure

    def late(self, scenario: Scenario, batch: _Batch) -> SweepError:
        tries = "its only try" if batch.retries == 0 else f"each of {batch.retries + 1} tries"
        return SweepError(
            f"scenario `{scenario.name}` had no answer within {self.timeout} s in {tries}",
            scenario=scenario.name,
            code="sweep.timed_out",
            help="the worker hangs, was lost without a word, or needs more `timeout`",
        )

    def raised(self, scenario: Scenario, error: BaseException) -> SweepError:
        if isinstance(error, SweepError):
            return error
        failure = SweepError(
            f"scenario `{scenario.name}` raised {type(error).__name__}: {error}".splitlines()[0],
            scenario=scenario.name,
            code="sweep.scenario_raised",
        )
        failure.__cause__ = error
        return failure

    def stream(self) -> Generator[ScenarioResult[T], None, None]:
        is_done = False
        if self.total_timeout is not None:
            self.end = time.monotonic() + self.total_timeout
        try:
            while True:
                self.fill()
                if not self.window:
                    break
                batch, answers = self.settle()
                self.window.popleft()
                for (index, scenario), answer in zip(batch.items, answers):
                    value, failure, content = None, None, answer.content
                    try:
                        if answer.is_value:
                            value = pickle.loads(content) if answer.is_packed else content
                        else:
                            failure = self.raised(scenario, unpacked(content) if answer.is_packed else content)
                    except Exception as error:
                        failure = self.raised(scenario, error)
                    if failure is not None and self.is_raising:
                        raise failure
                    self.report(index + 1)
                    yield ScenarioResult(index, scenario, value, failure, batch.retries)
            if self.fault is not None:
                raise self.fault
            is_done = True
        finally:
            for batch in self.window:
                if batch.future is not None:
                    batch.future.cancel()
            if self.factory is not None:
                self.shut(is_waiting=is_done, is_stuck=self.is_stuck)

    def shut(self, is_waiting: bool, is_stuck: bool = False) -> None:
        executor, self.executor = self.executor, None
        if executor is None:
            return
        if is_stuck:
            _kill_workers(executor)
        try:
            executor.shutdown(wait=is_waiting, cancel_futures=not is_waiting)
        except TypeError:
            # An executor from before Python 3.9.
            executor.shutdown(wait=is_waiting)


def _fields(scenario: Scenario) -> Dict[str, Any]:
    return {name: getattr(scenario, name) for name in Scenario.__dataclass_fields__ if name != "cluster"}


def _kill_workers(executor: Executor) -> None:
    """Ends the processes of an executor that would otherwise be waited for when the interpreter ends."""
    kill = getattr(executor, "kill_workers", None)
    if kill is not None:
        kill()
        return
    # Before Python 3.14 there is no public way.
    for process in list((getattr(executor, "_processes", None) or {}).values()):
        process.kill()


def _was_lost(future: Future[Reply], patience: Optional[float]) -> bool:
    """Waits so many seconds for an answer; whether the worker failed, or there is none by then."""
    try:
        error = future.exception(timeout=patience)
    except CancelledError:
        return True
    except FutureTimeout:
        return not future.done() or _was_lost(future, None)
    return error is not None and _is_lost(error)


@overload
def sweep(
    scenarios: Iterable[Scenario],
    *,
    executor: Union[None, Executor, Callable[[], Executor]] = None,
    progress: Union[None, Callable[[int, Optional[int]], object], _Bar] = None,
    retries: int = 2,
    timeout: Optional[float] = None,
    total_timeout: Optional[float] = None,
    ahead: Optional[int] = None,
    chunk: int = 1,
    errors: Literal["raise", "return"] = "raise",
) -> Generator[ScenarioResult[Summary], None, None]: ...
@overload
def sweep(
    scenarios: Iterable[Scenario],
    *,
    run: Callable[[Cluster, Scenario], T],
    executor: Union[None, Executor, Callable[[], Executor]] = None,
    progress: Union[None, Callable[[int, Optional[int]], object], _Bar] = None,
    retries: int = 2,
    timeout: Optional[float] = None,
    total_timeout: Optional[float] = None,
    ahead: Optional[int] = None,
    chunk: int = 1,
    errors: Literal["raise", "return"] = "raise",
) -> Generator[ScenarioResult[T], None, None]: ...
def sweep(
    scenarios: Iterable[Scenario],
    *,
    run: Callable[[Cluster, Scenario], Any] = place_all,
    executor: Union[None, Executor, Callable[[], Executor]] = None,
    progress: Union[None, Callable[[int, Optional[int]], object], _Bar] = None,
    retries: int = 2,
    timeout: Optional[float] = None,
    total_timeout: Optional[float] = None,
    ahead: Optional[int] = None,
    chunk: int = 1,
    errors: Literal["raise", "return"] = "raise",
) -> Generator[ScenarioResult[Any], None, None]:
    """Runs what-ifs and gives their results one by one, in the order of ``scenarios``, each exactly once.

    ``run`` is called with a cluster of the worker's own, in the state of the scenario's, and the scenario; what it does to the
    cluster is rolled back. So a savepoint is open there, inside which ``load_tasks`` and ``declare_resource`` raise
    ``ConflictError``; a scenario with a ``change`` is given a copy instead, which takes them. A ``run`` that returns its cluster
    returns a copy of it. By default it is :func:`place_all`, and results have a :class:`Summary`. Over processes it and its
    value have to be picklable. ``run`` has to be repeatable: where a worker dies, it is called again.

    ``executor`` is any ``concurrent.futures.Executor``, a function that makes one, or ``None`` for this thread. A function is
    called when the sweep begins, and again when the executor breaks, as a process pool does when one process dies; what it made
    is shut down at the end. With an executor of your own that breaks the sweep ends in a ``SweepError``.

    ``retries`` is how often a scenario is tried again whose worker died, each time with nothing beside it; after that it comes
    to a ``SweepError`` with its name. A worker that dies with several scenarios under way tells of none of them, so each is tried
    alone once even with ``retries=0``. What ``run`` raises, ``sys.exit`` included, is not tried again. ``errors="return"`` gives such errors as results in
    their place and goes on; ``"raise"`` ends the sweep there.

    ``timeout`` is how many seconds to wait for a scenario once all before it are delivered, times ``chunk``. One that has no answer
    by then counts as one whose worker died, and after its retries comes to a ``SweepError`` with the code ``sweep.timed_out``. An
    executor that a function made is replaced then and its processes ended; one of your own stays, and what hangs in it hangs on,
    as a thread always does. ``total_timeout`` is how many seconds the sweep may take; passing it ends the sweep with that error
    whatever ``errors`` says. Without an executor there is nobody to wait, so neither is allowed.

    ``ahead`` bounds how many calls of ``chunk`` scenarios each are under way or wait to be delivered, so any number of scenarios
    can come from a generator; default: four for each CPU, and at least eight. A chunk is for scenarios so short that sending them is
    what takes time. ``progress`` is called with how many are delivered and how many there are (``None`` where that is unknown), or
    has a method ``update`` as tqdm has. Closing the generator, Ctrl-C, and what ``progress`` raises cancel what is pending.

    A cluster goes to each worker once in each state it has, task definitions included, not with every scenario: through a temporary
    file to a ``ProcessPoolExecutor``, with a call to others, Dask's workers among them, where one that does not have it is called again,
    and as nobody can choose the worker, a few calls more have it. A worker keeps the four it used last.

    >>> import placewright as pw
    >>> cluster = pw.Cluster()
    >>> cluster.register("i-1", cpu=1024, memory_mib=1000)
    >>> cluster.register_task_definition({"family": "a", "containerDefinitions": [{"name": "a", "cpu": 100, "memory": 100}]})
    'a:1'
    >>> scenarios = [pw.Scenario(f"{n} tasks", cluster, [{"taskDefinition": "a", "count": n}]) for n in (5, 20)]
    >>> [(result.name, result.value.placed, result.value.rejected) for result in pw.sweep(scenarios)]
    [('5 tasks', 5, 0), ('20 tasks', 10, 10)]
    """
    if executor is not None and not isinstance(executor, Executor) and not callable(executor):
        raise TypeError(f"executor is a `{type(executor).__name__}`, and neither an Executor nor a function that makes one")
    if errors not in ("raise", "return"):
        raise ValueError(f"errors is {errors!r}, and neither 'raise' nor 'return'")
    if ahead is None:
        ahead = 1 if executor is None else max(8, 4 * (os.cpu_count() or 1))
    for name, number, least in (("retries", retries, 0), ("ahead", ahead, 1), ("chunk", chunk, 1)):
        if number < least:
            raise ValueError(f"{name} is {number}, below {least}")
    for option, seconds in (("timeout", timeout), ("total_timeout", total_timeout)):
        if seconds is not None and not seconds > 0:
            raise ValueError(f"{option} is {seconds}, and not above 0")
        if seconds is not None and executor is None:
            raise ValueError(f"{option} needs an executor: this thread cannot wait for itself")
    report = _reporter(progress, len(scenarios) if isinstance(scenarios, Sized) else None)
    is_raising = errors == "raise"
    return _Sweep(scenarios, run, executor, report, retries, timeout, total_timeout, ahead, chunk, is_raising).stream()


def _reporter(
    progress: Union[None, Callable[[int, Optional[int]], object], _Bar], total: Optional[int]
) -> Callable[[int], object]:
    if progress is None:
        return lambda done: None
    update = getattr(progress, "update", None)
    if update is not None:
        return lambda done: update(1)
    if not callable(progress):
        raise TypeError("progress is neither a function nor has a method `update`")
    return lambda done: progress(done, total)

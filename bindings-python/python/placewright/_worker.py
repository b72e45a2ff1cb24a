"""What a sweep sends to its workers, what they do with it, and what they keep."""

from __future__ import annotations

import os
import pickle
import tempfile
import threading
import traceback
import weakref
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple, TypeVar, Union, cast

from ._native import Cluster
from ._scenario import Scenario

T = TypeVar("T")

# Clusters that a worker keeps, and those that are kept for workers.
KEPT = 4


@dataclass(frozen=True)
class Work:
    """What is sent for a few scenarios: all they are but their cluster, which goes by its key."""

    key: str
    number: int
    """No two calls of a sweep are equal, so an executor that keeps answers by question, as Dask does, keeps none of them."""
    indices: Tuple[int, ...]
    scenarios: Tuple[Dict[str, Any], ...]
    run: Callable[[Cluster, Scenario], Any]


@dataclass(frozen=True)
class Answer:
    """What one scenario came to; it says itself how it is to be read, as an executor may be followed by one of another kind."""

    index: int
    is_value: bool
    content: Any
    """A value, or what was raised; where that is packed, its pickle, and what was raised with its traceback."""
    is_packed: bool


@dataclass(frozen=True)
class Reply:
    """What a worker says to a call: which one it is, and its answers. Some are missing where it does not have the cluster, or no
    longer has it."""

    number: int
    answers: List[Answer]
    is_whole: bool


@dataclass(frozen=True)
class File:
    """A file with a pickled cluster, for processes of the same machine: each that needs it reads it."""

    path: str


State = Union[None, bytes, Cluster, File]


class Bench(threading.local):
    """The clusters a thread keeps, the one used last at the end."""

    def __init__(self) -> None:
        self.clusters: OrderedDict[str, Cluster] = OrderedDict()

    def get(self, key: str, state: State) -> Optional[Cluster]:
        cluster = self.clusters.get(key)
        if cluster is None:
            if state is None:
                return None
            if isinstance(state, File):
                with open(state.path, "rb") as file:
                    state = file.read()
            cluster = cast(Cluster, pickle.loads(state)) if isinstance(state, bytes) else state.copy()
            self.clusters[key] = cluster
            while len(self.clusters) > KEPT:
                self.clusters.popitem(last=False)
        self.clusters.move_to_end(key)
        return cluster


kept = Bench()


def perform(work: Work, state: State, is_remote: bool = True, bench: Bench = kept) -> Reply:
    """Runs scenarios one after another; says for each whether it went well, and its value or what it raised."""
    answers: List[Answer] = []
    for index, fields in zip(work.indices, work.scenarios):
        known = bench.get(work.key, state)
        if known is None:
            return Reply(work.number, answers, is_whole=False)
        # A change may do what cannot be done inside a savepoint, such as loading tasks, so it is made to a copy.
        cluster = known if fields["change"] is None else known.copy()
        savepoint = None if cluster is not known else known.begin()
        try:
            value = work.run(cluster, Scenario(cluster=cluster, **fields))
            if value is cluster:
                # As it is now: it is rolled back and used again.
                value = cluster.copy()
            # What cannot travel is the scenario's error, not the executor's.
            answers.append(Answer(index, True, pickle.dumps(value) if is_remote else value, is_remote))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            # `sys.exit` too: it would end the worker, or the caller.
            answers.append(Answer(index, False, _packed(error) if is_remote else error, is_remote))
        finally:
            if savepoint is not None and savepoint.is_open:
                cluster.rollback(savepoint)
                cluster._forget_warnings()
            elif savepoint is not None:
                # The run has closed it, and nobody knows what is left of the cluster.
                bench.clusters.pop(work.key, None)
    return Reply(work.number, answers, is_whole=True)


class _WorkerTraceback(Exception):
    """Where something was raised in a worker, as text; the cause of what was raised."""

    def __str__(self) -> str:
        return f"in a worker:\n{self.args[0]}"


def _packed(error: BaseException) -> Tuple[bytes, str]:
    """An exception for the way back: pickled, where that and its return work, and its traceback."""
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    try:
        packed = pickle.dumps(error)
        pickle.loads(packed)
    except Exception:
        packed = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return packed, text


def unpacked(packed: Tuple[bytes, str]) -> BaseException:
    error = cast(BaseException, pickle.loads(packed[0]))
    error.__cause__ = _WorkerTraceback(packed[1])
    return error


class Here(Executor):
    """This thread: work is done when it is submitted. What is no `Exception`, such as Ctrl-C, goes to the caller at once."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Shipment:
    """A cluster as it was when a scenario with it was first seen, and the ways it goes to workers: as it is to those of this
    process, through a file to processes of this machine, to others with a call; whoever is called without and does not have it
    says so, and is called again."""

    def __init__(self, key: str, cluster: Cluster, is_remote: bool) -> None:
        self.key = key
        self.state: Union[bytes, Cluster] = pickle.dumps(cluster) if is_remote else cluster.copy()
        self.file: Optional[File] = None
        self.was_sent = False
        self.misses = self.doubt = 0

    def given_to(self, executor: Executor, is_needed: bool) -> Any:
        """What a call has as the cluster; nothing where workers have it and it is not needed."""
        if isinstance(self.state, Cluster):
            return self.state
        if isinstance(executor, ProcessPoolExecutor):
            return self.in_file(self.state)
        # To Dask's workers too: what its client scatters is lost with the last worker that has it, and calls that wait for it then
        # wait for ever.
        is_given = is_needed or not self.was_sent or self.doubt > 0
        self.was_sent = True
        self.doubt = max(0, self.doubt - 1)
        return self.state if is_given else None

    def in_file(self, state: bytes) -> File:
        if self.file is None:
            number, path = tempfile.mkstemp(prefix="placewright-")
            # It goes when nobody needs the shipment any more.
            weakref.finalize(self, _remove, path)
            with open(number, "wb") as file:
                file.write(state)
            self.file = File(path)
        return self.file

    def miss(self) -> None:
        """A worker did not have it. Who calls cannot choose the worker, so a few further calls have it too, more with each miss."""
        self.misses += 1
        self.doubt = self.misses

    def lose(self) -> None:
        """Workers are gone that may have had it."""
        self.was_sent = False


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass

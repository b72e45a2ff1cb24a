"""The lock around a cluster: Ctrl-C while a block ends, forks at any moment, callbacks that want another cluster."""

from __future__ import annotations

import collections
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from conftest import small
from test_threads import busy

import placewright as pw


class Working:
    """A thread that works on a cluster until it is told to stop, and then takes its work back."""

    def __init__(self, cluster: pw.Cluster, request: pw.Request) -> None:
        self.cluster, self.request = cluster, request
        self.going, self.stop = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.work)

    def progress(self, done: int, total: int) -> None:
        self.going.set()
        if self.stop.is_set():
            raise InterruptedError

    def work(self) -> None:
        with pytest.raises(InterruptedError):
            self.cluster.place_bulk([self.request] * 10_000_000, progress=self.progress)

    def __enter__(self) -> None:
        self.thread.start()
        self.going.wait()

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()


@pytest.mark.parametrize("fails", [True, False])
def test_ctrl_c_while_the_end_of_a_block_waits_is_raised_after_it(fails: bool) -> None:
    cluster, request = busy()
    before = cluster.running_tasks
    working = Working(cluster, request)
    with pytest.raises(KeyboardInterrupt) as caught:
        with cluster.transaction():
            cluster.place("t", count=3)
            working.__enter__()
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
            threading.Timer(0.6, working.stop.set).start()
            if fails:
                raise LookupError("roll me back")
    working.__exit__()
    assert cluster.savepoints == 0
    assert cluster.running_tasks - before == (0 if fails else 3)
    assert isinstance(caught.value.__context__, LookupError) == fails


def test_a_transaction_is_entered_by_one_of_several_threads() -> None:
    cluster, request = busy()
    transaction = cluster.transaction()
    outcomes: collections.Counter[str] = collections.Counter()

    def enters() -> None:
        try:
            transaction.__enter__()
            outcomes["entered"] += 1
        except pw.ConflictError:
            outcomes["refused"] += 1

    threads = [threading.Thread(target=enters) for _ in range(6)]
    with Working(cluster, request):
        for thread in threads:
            thread.start()
        time.sleep(0.2)
    for thread in threads:
        thread.join()
    assert outcomes == {"entered": 1, "refused": 5} and cluster.savepoints == 1
    transaction.__exit__()
    assert cluster.savepoints == 0
    # It can be used again, once it was left.
    with transaction:
        assert cluster.savepoints == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_children_of_forks_answer_while_several_threads_hand_the_lock_on() -> None:
    cluster = pw.Cluster()
    for number in range(1000):
        cluster.register(f"i-{number}", cpu=1024, memory_mib=1024)
    is_over = False

    def works() -> None:
        while not is_over:
            cluster.query("runningTasksCount >= 0")

    threads = [threading.Thread(target=works) for _ in range(3)]
    for thread in threads:
        thread.start()
    codes: collections.Counter[int] = collections.Counter()
    try:
        for _ in range(150):
            child = os.fork()
            if child == 0:
                # An alarm ends a child that hangs where no Python code runs any more.
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                signal.alarm(20)
                try:
                    # Several times: a lock may be handed to a thread that is not there.
                    for _ in range(50):
                        assert len(cluster) == 1000
                    inside = threading.Thread(target=cluster.query, args=("runningTasksCount >= 0",))
                    inside.start()
                    cluster.query("runningTasksCount >= 0")
                    inside.join()
                    os._exit(0)
                except pw.BusyError:
                    os._exit(1)
                except BaseException:
                    os._exit(2)
            codes[os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])] += 1
    finally:
        is_over = True
        for thread in threads:
            thread.join()
    assert set(codes) <= {0, 1} and codes.total() == 150 if sys.version_info >= (3, 10) else set(codes) <= {0, 1}, codes


def test_two_callbacks_that_want_each_others_cluster_are_told() -> None:
    """Each holds its own cluster and wants the other's: neither waits for ever."""
    clusters = [small(), small()]
    both = threading.Barrier(2)
    told: list[BaseException] = []

    def works(own: int) -> None:
        def asks(done: int, total: int) -> None:
            both.wait(timeout=60)
            try:
                len(clusters[1 - own])
            except pw.BusyError as error:
                told.append(error)

        clusters[own].place_bulk([clusters[own].prepare("web")], progress=asks)

    threads = [threading.Thread(target=works, args=(own,), daemon=True) for own in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    assert told and all("another cluster" in str(error) for error in told)
    assert [cluster.running_tasks for cluster in clusters] == [1, 1]


def test_a_callback_reads_another_cluster_that_is_free() -> None:
    one, other = small(), small()
    seen: list[int] = []
    one.place_bulk([one.prepare("web")], progress=lambda done, total: seen.append(len(other)))
    assert seen == [6]


def test_a_thread_that_waits_is_not_overtaken_for_ever() -> None:
    """Two threads take a cluster again and again for long; a third gets it in between."""
    cluster, request = busy()
    is_over = False

    def hogs() -> None:
        while not is_over:
            cluster.place_bulk([request] * 500)

    threads = [threading.Thread(target=hogs) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        begun = time.monotonic()
        for _ in range(10):
            assert len(cluster) == 5000
        assert time.monotonic() - begun < 20
    finally:
        is_over = True
        for thread in threads:
            thread.join()


def test_what_a_cluster_shows_of_itself_in_the_middle_of_a_call() -> None:
    cluster = small()
    savepoint = cluster.begin()
    shown: list[str] = []
    cluster.place("web", progress=lambda done, total: shown.extend((repr(cluster), repr(savepoint))))
    assert shown == ["<Cluster: in the middle of a call>", "<Savepoint of a cluster in the middle of a call>"]
    assert repr(cluster) == "<Cluster: 6 instances, 1 tasks>" and repr(savepoint) == "<Savepoint: open>"


class Curious:
    """Looks at its cluster when it is asked whether it is a bar."""

    def __init__(self, cluster: pw.Cluster) -> None:
        self.cluster = cluster
        self.n = 0

    @property
    def update(self) -> Callable[[int], None]:
        assert len(self.cluster) == 6
        return self.move

    def move(self, n: int) -> None:
        self.n += n


def test_a_bar_is_looked_at_before_the_cluster_is_taken() -> None:
    cluster = small()
    for what in ("web", cluster.prepare("web")):
        with pytest.raises(pw.BusyError):
            # It is asked for its method again when it is told, in the middle of the call.
            cluster.place(what, progress=Curious(cluster))
    assert cluster.running_tasks == 0


def test_requests_of_a_generator_stay_prepared() -> None:
    cluster = small()

    def made() -> Iterator[pw.Request]:
        for group in "abc":
            yield cluster.prepare("web", group=group)

    assert cluster.place_bulk(made()).placed == 3
    assert cluster.place_bulk(made(), [0, 2, 2]).placed == 3
    assert [cluster.running_tasks_of(group) for group in "abc"] == [2, 1, 3]


def test_work_that_is_nothing_is_told_of() -> None:
    cluster = small()
    told: list[tuple[int, int]] = []
    cluster.place("web", count=0, progress=lambda *step: told.append(step))
    cluster.place_bulk([], progress=lambda *step: told.append(step))
    cluster.prepare("web", count=0).place(progress=lambda *step: told.append(step))
    assert told == [(0, 0)] * 3


def test_a_bulk_refuses_what_is_all_or_nothing() -> None:
    cluster = small()
    one, three = cluster.prepare("web", all_or_nothing=True), cluster.prepare("web", count=3, all_or_nothing=True)
    assert (one.all_or_nothing, three.all_or_nothing, cluster.prepare("web").all_or_nothing) == (True, True, False)
    with pytest.raises(pw.InvalidInputError, match="all of 3 tasks or none") as caught:
        cluster.place_bulk([one, three])
    assert caught.value.path == "requests[1]" and cluster.running_tasks == 0
    assert cluster.place_bulk([one]).placed == 1

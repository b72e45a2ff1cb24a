"""Threads, forks, interpreters that end, and references that do not leak."""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import resource
import subprocess
import sys
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

import pytest
from conftest import small

import placewright as pw


def test_eight_threads_place_and_read_at_once() -> None:
    cluster = small()
    for number in range(200):
        cluster.register(f"n-{number}", cpu=10_000, memory_mib=10_000, zone=f"z{number % 3}")
    requests = [cluster.prepare("web", group=f"g{number}", strategies="binpack:cpu") for number in range(8)]
    placed = [0] * 8
    stopped = [0] * 8

    def work(number: int) -> None:
        draw = random.Random(number)
        mine: list[str] = []
        for _ in range(150):
            choice = draw.randrange(8)
            if choice < 3:
                mine += [task for task, _ in cluster.place(requests[number]).placements]
            elif choice == 3:
                placed[number] += cluster.place_bulk([requests[number]] * 20).placed
            elif choice == 4 and mine:
                cluster.stop(mine.pop())
                stopped[number] += 1
            elif choice == 5:
                assert len(cluster) == 206 and cluster.running_tasks >= 0
                cluster.prepare("web", group=f"h{number}")
            elif choice == 6:
                assert cluster.query("runningTasksCount >= 0")
                cluster.explain(requests[number])
            else:
                assert cluster.copy().running_tasks >= len(mine)
        placed[number] += len(mine)

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(work, number) for number in range(8)]:
            future.result(timeout=60)
    assert cluster.running_tasks == sum(placed) == len(cluster.task_ids)
    assert pw.Cluster.from_json(cluster.to_json()).to_json() == cluster.to_json()


def busy() -> tuple[pw.Cluster, pw.Request]:
    """A cluster on which a million tasks take long."""
    cluster = pw.Cluster(route="scan")
    cluster.register_task_definition({"family": "t", "containerDefinitions": [{"name": "a", "cpu": 1, "memory": 1}]})
    for at in range(5000):
        cluster.register(f"i-{at}", cpu=1_000_000, memory_mib=1_000_000)
    return cluster, cluster.prepare("t")


def test_another_thread_waits_while_a_bulk_call_runs() -> None:
    cluster, request = busy()
    started, seen = threading.Event(), []

    def reads() -> None:
        started.wait()
        seen.append(cluster.running_tasks)

    thread = threading.Thread(target=reads)
    thread.start()
    cluster.place_bulk([request] * 30_000, progress=lambda done, total: started.set())
    thread.join()
    assert seen == [30_000]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_works_and_never_hangs() -> None:
    cluster, request = busy()
    free = small()

    def in_child(work: Callable[[], bool]) -> int:
        child = os.fork()
        if child == 0:
            try:
                os._exit(0 if work() else 1)
            except BaseException:
                os._exit(2)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        os.kill(child, 9)
        os.waitpid(child, 0)
        return -1

    def refused() -> bool:
        try:
            len(cluster)
        except pw.BusyError:
            return free.place("web").placed == 1
        return False

    assert in_child(lambda: free.place("web", count=3).placed == 3 and len(cluster.copy()) == 5000) == 0
    going, stop = threading.Event(), threading.Event()

    def progress(done: int, total: int) -> None:
        going.set()
        if stop.is_set():
            raise InterruptedError

    def works() -> None:
        with pytest.raises(InterruptedError):
            cluster.place_bulk([request] * 10_000_000, progress=progress)

    thread = threading.Thread(target=works)
    thread.start()
    going.wait()
    try:
        assert in_child(refused) == 0
    finally:
        stop.set()
        thread.join()
    assert cluster.running_tasks == 0


def spawned(cluster: pw.Cluster) -> tuple[str, int]:
    return cluster.to_json(), cluster.place("web", count=2).placed


def test_a_cluster_goes_to_another_process() -> None:
    cluster = small()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(spawned, (cluster,)) == (cluster.to_json(), 2)


@pytest.mark.parametrize("daemon", [True, False])
def test_an_interpreter_ends_while_threads_work(daemon: bool) -> None:
    program = f"""
import sys, threading, time
sys.path.insert(0, {str(os.path.dirname(__file__))!r})
from test_threads import busy
cluster, request = busy()
going = threading.Event()
def work():
    cluster.place_bulk([request] * {10_000_000 if daemon else 20_000}, progress=lambda done, total: going.set())
for _ in range(3):
    threading.Thread(target=work, daemon={daemon}).start()
going.wait()
"""
    done = subprocess.run([sys.executable, "-c", program], timeout=30, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_a_finalizer_in_the_middle_of_a_call_is_refused_or_served() -> None:
    cluster = small()
    answers: list[bool] = []

    class Cyclic:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            try:
                answers.append(len(cluster) == 6)
            except pw.BusyError:
                answers.append(True)

    for _ in range(300):
        Cyclic()
        cluster.to_dict()
        cluster.place("web")
        cluster.copy()
    gc.collect()
    assert len(answers) == 300 and all(answers), "each was answered, and nothing hung"


def test_nothing_leaks_over_a_million_calls() -> None:
    cluster = small()
    request = cluster.prepare("web", strategies="binpack:cpu")
    progress = lambda done, total: None  # noqa: E731
    document: dict[str, Any] = {"taskDefinition": "web", "placementConstraints": [pw.distinct_instance()]}

    def once() -> None:
        cluster.begin()
        cluster.place(request)
        request.place(progress=progress)
        cluster.rollback()
        len(cluster)
        "i-1" in cluster  # noqa: B015

    def dear() -> None:
        with cluster.transaction() as what_if:
            what_if.place(document).to_dict()
            what_if.place_bulk([request], [0, 0, 0], progress=progress)
            what_if.rollback()
        cluster.prepare(document).explain().to_dict()
        cluster.instance("i-1")
        cluster.copy().to_dict()
        for bad in ("none", "{", {"taskDefinition": object()}):
            try:
                cluster.place(bad)
            except pw.PlacewrightError as error:
                str(error)

    for _ in range(2000):
        once()
    for _ in range(50):
        dear()
    gc.collect()
    objects = [cluster, request, progress, document, None, True, pw.PlacewrightError, pw.Placement]
    counts = [sys.getrefcount(each) for each in objects]
    grown = []
    tracemalloc.start()
    for _ in range(3):
        for _ in range(150):
            dear()
        gc.collect()
        first = tracemalloc.take_snapshot()
        for _ in range(150):
            dear()
        gc.collect()
        grown.append(sum(max(0, each.size_diff) for each in tracemalloc.take_snapshot().compare_to(first, "filename")))
    tracemalloc.stop()
    # A table of the interpreter itself, such as that of its interned strings, may grow once.
    assert sorted(grown)[1] < 100_000, grown
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(500_000):  # two placements each, and four other calls
        once()
    gc.collect()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB
    for each, count, was in zip(objects, [sys.getrefcount(each) for each in objects], counts):
        assert abs(count - was) < 1000, each  # others use `None` and `True` too

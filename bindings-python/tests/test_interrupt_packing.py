"""Ctrl-C while packing: no call is deaf to it for long, whatever the solver is at.

The call itself waits for another thread, so time here is the clock's; the least of three, as the machine does other things too.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import WEB

import placewright as pw

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="timers are those of POSIX")

LONGEST = 0.1
"""Seconds that a call may be deaf."""


def late(call: Callable[[], object], after: float) -> float:
    """How long a call went on after Ctrl-C, in seconds."""
    sent: list[float] = []

    def interrupt() -> None:
        time.sleep(after)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    with pytest.raises(KeyboardInterrupt):
        thread.start()
        call()
        thread.join()
    ended = time.monotonic()
    thread.join()
    return ended - sent[0]


def distinct(number: int) -> dict[str, Any]:
    """Items of which no two are alike, some four a bin: no bound closes on them."""
    draw = np.random.default_rng(5)
    return {"cpu": draw.integers(300_000, 800_000, number), "memory": draw.integers(300_000, 800_000, number)}


BINS = [pw.Bin("x", [2 * 10**6, 2 * 10**6])]


def crowded() -> pw.Cluster:
    """Many instances that run a task each."""
    cluster = pw.Cluster()
    for number in range(2000):
        cluster.register(f"i-{number}", cpu=2048, memory_mib=4096, zone="abc"[number % 3])
    cluster.register_task_definition(WEB)
    cluster.place("web", count=4000, strategies=["spread:instanceId"])
    return cluster


CALLS: dict[str, Callable[[], Callable[[], object]]] = {
    "search": lambda: lambda: pw.pack(distinct(500), BINS, dimensions=["cpu", "memory"], seconds=60),
    # Greedy passes go to their end, and reading a document cannot be stopped half way.
    "greedy": lambda: lambda: pw.pack(distinct(300_000), BINS, dimensions=["cpu", "memory"], seconds=60),
    "column": lambda: lambda: pw.pack(list(range(1, 400)), 1000, solver="column", bound="lp", seconds=60),
    "fleet": lambda: lambda: pw.fleet(
        distinct(2000),
        [pw.Bin(f"o{at}", [10**6 * (at + 2), 10**6 * (40 - at)], 1 + at / 8) for at in range(30)],
        dimensions=["cpu", "memory"],
        seconds=60,
    ),
    "live": lambda: (lambda cluster: lambda: cluster.pack([("web", 9000)], seconds=60))(crowded()),
    "rearrange": lambda: (lambda cluster: lambda: [cluster.rearrange(skew_max=None) for _ in range(10**6)])(crowded()),
}


@pytest.mark.parametrize("name", CALLS)
def test_no_call_is_deaf(name: str) -> None:
    call = CALLS[name]()
    times: list[float] = []
    while len(times) < 3 and (not times or min(times) >= LONGEST):
        times.append(late(call, 0.5))
    assert min(times) < LONGEST, times


def test_other_threads_run_meanwhile() -> None:
    ticks: list[float] = []
    is_over = threading.Event()

    def tick() -> None:
        while not is_over.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    pw.pack(distinct(500), BINS, dimensions=["cpu", "memory"], seconds=0.5)
    is_over.set()
    thread.join()
    assert len(ticks) > 50


def test_what_was_left_behind_ends_on_its_own() -> None:
    def fail(progress: pw.Progress) -> None:
        raise ValueError("enough")

    for _ in range(20):
        with pytest.raises(ValueError, match="enough"):
            pw.pack(distinct(300), BINS, dimensions=["cpu", "memory"], seconds=600, progress=fail)
    # A greedy pass of a test before goes to its end, which may take a while on a machine that does other things too.
    deadline = time.monotonic() + 120
    while working() > 0:
        assert time.monotonic() < deadline, "a thread goes on although nobody waits for it"
        time.sleep(0.05)


def working() -> int:
    """Threads of ours that are at work."""
    folder = Path("/proc/self/task")
    if not folder.is_dir():
        pytest.skip("threads are not told of here")
    names = []
    for task in folder.iterdir():
        try:
            names.append((task / "comm").read_text().strip())
        except OSError:
            pass  # It has just ended.
    return names.count("placewright")

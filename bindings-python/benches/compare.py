"""This package beside what a notebook does without it: the same tasks, the same instances, one run.

    python benches/compare.py [--instances 1000,10000] [--rounds 3]

Needs `binpacking` and `prtpy` besides the package (`pip install binpacking==2.0.1 prtpy==0.8.3`); without them their rows are left
out. Prints Markdown. Each figure is the least CPU time of several rounds, of the placing alone: each contender has its data in the form
it likes best before the clock starts.

Online rows answer one task after another, each with the instance that has least memory left among those with room for its CPU and
memory, the earliest on a tie; their answers are compared and must be equal. Offline rows see all tasks at once, open as many bins of one
size as they need, and know one resource only.
"""

from __future__ import annotations

import argparse
import bisect
import importlib
import platform
import random
import time
from functools import partial
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

import placewright as pw

TASKS = 10_000
# vCPUs and GiB: the shapes and tasks of the engine's own benches.
SHAPES = [(16, 32), (16, 64), (16, 128), (32, 128)]
KINDS = 200

Array = npt.NDArray[np.int64]
Instances = List[Tuple[int, int]]
Placer = Callable[[Instances], List[int]]
"""Places tasks on the instances it was made for, once: gives the position of the instance of each, or -1."""


def instances_of(number: int) -> Instances:
    """CPU units and MiB of each."""
    draw = random.Random(number)
    return [(cpu * 1024, memory * 1024) for cpu, memory in (draw.choice(SHAPES) for _ in range(number))]


def kinds_of(number: int, seed: int = 7) -> Instances:
    """Kinds of tasks: CPU units and MiB."""
    draw = random.Random(seed)
    kinds = []
    for _ in range(number):
        cpu = draw.choice([256, 512, 1024, 2048, 4096])
        kinds.append((cpu, int(cpu * draw.choice([1, 2, 4, 8]) * draw.uniform(0.875, 1.125))))
    return kinds


def loop(instances: Instances) -> Placer:
    """Best fit on memory in pure Python."""
    cpu, memory = [has for has, _ in instances], [has for _, has in instances]

    def place(tasks: Instances) -> List[int]:
        answers = []
        for needs_cpu, needs_memory in tasks:
            best, least = -1, 1 << 62
            for at, left in enumerate(memory):
                if needs_memory <= left < least and needs_cpu <= cpu[at]:
                    best, least = at, left
            if best >= 0:
                cpu[best] -= needs_cpu
                memory[best] -= needs_memory
            answers.append(best)
        return answers

    return place


def columns(instances: Instances) -> Placer:
    """Best fit on memory with `where` and `argmin`."""
    amounts = np.array(instances, dtype=np.int64)
    cpu, memory = np.ascontiguousarray(amounts[:, 0]), np.ascontiguousarray(amounts[:, 1])
    never = np.int64(1 << 62)

    def place(tasks: Instances) -> List[int]:
        answers = []
        for needs_cpu, needs_memory in tasks:
            left = np.where((memory >= needs_memory) & (cpu >= needs_cpu), memory, never)
            best = int(left.argmin())
            if left[best] == never:
                best = -1
            else:
                cpu[best] -= needs_cpu
                memory[best] -= needs_memory
            answers.append(best)
        return answers

    return place


def ordered(instances: Instances) -> Placer:
    """Best fit on memory in a list sorted by what is left and by position, walked until the CPU fits as well."""
    cpu = [has for has, _ in instances]
    order = sorted((has, at) for at, (_, has) in enumerate(instances))

    def place(tasks: Instances) -> List[int]:
        answers = []
        for needs_cpu, needs_memory in tasks:
            best = -1
            for position in range(bisect.bisect_left(order, (needs_memory, -1)), len(order)):
                left, at = order[position]
                if needs_cpu <= cpu[at]:
                    best = at
                    del order[position]
                    bisect.insort(order, (left - needs_memory, at))
                    cpu[at] -= needs_cpu
                    break
            answers.append(best)
        return answers

    return place


def cluster_of(instances: Instances, kinds: Instances) -> pw.Cluster:
    cluster = pw.Cluster()
    for at, (cpu, memory) in enumerate(instances):
        cluster.register(f"i-{at}", cpu=cpu, memory_mib=memory, zone=f"zone-{at % 3}")
    for at, (cpu, memory) in enumerate(kinds):
        cluster.register_task_definition(
            {"family": f"t{at}", "containerDefinitions": [{"name": "app", "cpu": cpu, "memory": memory}]}
        )
    return cluster


class Race:
    """Contenders on one set of instances."""

    def __init__(self, number: int, rounds: int) -> None:
        self.instances = instances_of(number)
        self.kinds = kinds_of(KINDS)
        draw = random.Random(11)
        self.order = np.array([draw.randrange(KINDS) for _ in range(TASKS)], dtype=np.uint32)
        self.tasks = [self.kinds[at] for at in self.order.tolist()]
        self.rounds = rounds

    def time(self, work: Callable[[], Tuple[float, Any]], rounds: Optional[int] = None) -> Tuple[float, Any]:
        best, answer = float("inf"), None
        for _ in range(rounds or self.rounds):
            seconds, answer = work()
            best = min(best, seconds)
        return best, answer

    def bulk(self, strategies: List[pw.Strategy], group: bool = False) -> Callable[[], Tuple[float, Any]]:
        def work() -> Tuple[float, Any]:
            cluster = cluster_of(self.instances, self.kinds)
            requests = [
                cluster.prepare(f"t{at}", strategies=strategies, group="service:all" if group else None)
                for at in range(KINDS)
            ]
            begun = time.process_time()
            result = cluster.place_bulk(requests, self.order)
            return time.process_time() - begun, result.instance.tolist()

        return work

    def singly(self) -> Tuple[float, Any]:
        cluster = cluster_of(self.instances, self.kinds)
        requests = [cluster.prepare(f"t{at}", strategies="binpack:memory") for at in range(KINDS)]
        order = self.order.tolist()
        begun = time.process_time()
        results = [cluster.place(requests[at]) for at in order]
        seconds = time.process_time() - begun
        position = {name: at for at, name in enumerate(cluster.instance_ids)}
        return seconds, [position[r.placements[0].instance] if r.placed else -1 for r in results]

    def python(self, contender: Callable[[Instances], Placer]) -> Callable[[], Tuple[float, Any]]:
        def timed() -> Tuple[float, Any]:
            place = contender(self.instances)
            begun = time.process_time()
            answers = place(self.tasks)
            return time.process_time() - begun, answers

        return timed

    def many(self) -> Tuple[float, Any]:
        """One request for all tasks of one kind."""
        cluster = cluster_of(self.instances, [(1024, 4096)])
        request = cluster.prepare("t0", count=TASKS, strategies="binpack:memory")
        begun = time.process_time()
        result = cluster.place(request)
        seconds = time.process_time() - begun
        position = {name: at for at, name in enumerate(cluster.instance_ids)}
        answers = [position[placement.instance] for placement in result.placements]
        return seconds, answers + [-1] * (TASKS - len(answers))

    def run(self) -> None:
        print(f"\n### {len(self.instances):,} instances, {TASKS:,} tasks of {KINDS} kinds\n")
        print("| contender | µs a task | × ours | placed | instances used | the same answers |")
        print("|---|---|---|---|---|---|")
        ours, answers = self.time(self.bulk([pw.binpack("memory")]))
        self.row("**placewright** `place_bulk`, binpack(memory)", ours, ours, answers, answers)
        self.row("**placewright** `place`, one call a task", *self.measured(self.singly, ours), answers)
        few = 1 if len(self.instances) > 1000 else self.rounds
        self.row("numpy `where` + `argmin`", *self.measured(self.python(columns), ours), answers)
        self.row("sorted list and `bisect`", *self.measured(self.python(ordered), ours), answers)
        self.row("pure-Python loop", *self.measured(self.python(loop), ours, few), answers)
        spread = [pw.spread("attribute:ecs.availability-zone"), pw.binpack("memory")]
        seconds, _, placed = self.measured(self.bulk(spread, group=True), ours)
        self.row("**placewright** `place_bulk`, zones evenly, then binpack(memory)", seconds, ours, placed, None)

        print("\nOne request, all of one kind (1 vCPU, 4 GiB):\n")
        print("| contender | µs a task | × ours | placed | instances used | the same answers |")
        print("|---|---|---|---|---|---|")
        ours, answers = self.time(self.many)
        self.row(f"**placewright** `place(count={TASKS:,})`", ours, ours, answers, answers)
        self.tasks = [(1024, 4096)] * TASKS
        self.row("numpy `where` + `argmin`", *self.measured(self.python(columns), ours), answers)
        self.row("sorted list and `bisect`", *self.measured(self.python(ordered), ours), answers)

    def measured(
        self, work: Callable[[], Tuple[float, Any]], ours: float, rounds: Optional[int] = None
    ) -> Tuple[float, float, Any]:
        seconds, answers = self.time(work, rounds)
        return seconds, ours, answers

    @staticmethod
    def row(name: str, seconds: float, ours: float, answers: List[int], expected: Optional[List[int]]) -> None:
        placed = [at for at in answers if at >= 0]
        same = "another rule" if expected is None else "yes" if answers == expected else "**no**"
        ratio = f"{seconds / ours:.1f}" if seconds / ours < 100 else f"{seconds / ours:,.0f}"
        print(
            f"| {name} | {seconds / len(answers) * 1e6:.2f} | {ratio} | {len(placed):,} | {len(set(placed)):,} | {same} |",
            flush=True,
        )


def offline(rounds: int) -> None:
    """Bins of one size, memory only: the question `binpacking` and `prtpy` answer."""
    size = 64 * 1024
    kinds = kinds_of(KINDS)
    draw = random.Random(11)
    tasks = [kinds[draw.randrange(KINDS)][1] for _ in range(TASKS)]
    bound = -(-sum(tasks) // size)
    print(f"\n### One resource, bins of one size: {TASKS:,} tasks by memory alone, bins of 64 GiB\n")
    print(f"No packing uses fewer than {bound:,} bins.\n")
    print("| contender | µs a task | bins | sees all tasks first |")
    print("|---|---|---|---|")

    def row(name: str, work: Callable[[], Tuple[float, int]], is_offline: bool, times: int = rounds) -> None:
        seconds, bins = min(work() for _ in range(times))
        print(f"| {name} | {seconds / TASKS * 1e6:.2f} | {bins:,} | {'yes' if is_offline else 'no'} |", flush=True)

    def ours(sizes: List[int]) -> Callable[[], Tuple[float, int]]:
        counts: Dict[int, int] = {}
        for amount in sizes:
            counts.setdefault(amount, len(counts))

        def work() -> Tuple[float, int]:
            # Enough bins that none is short; the emptied ones are never chosen before the used.
            cluster = cluster_of([(1_000_000, size)] * (bound * 2), [(1, amount) for amount in counts])
            requests = [cluster.prepare(f"t{at}", strategies="binpack:memory") for at in range(len(counts))]
            order = np.array([counts[amount] for amount in sizes], dtype=np.uint32)
            begun = time.process_time()
            result = cluster.place_bulk(requests, order)
            seconds = time.process_time() - begun
            assert result.rejected == 0
            return seconds, len(np.unique(result.instance))

        return work

    row("**placewright** `place_bulk`, binpack(memory), as they come", ours(tasks), False)
    row("**placewright** the same, largest first", ours(sorted(tasks, reverse=True)), True)

    def timed(work: Callable[[], int]) -> Callable[[], Tuple[float, int]]:
        def run() -> Tuple[float, int]:
            begun = time.process_time()
            bins = work()
            return time.process_time() - begun, bins

        return run

    def packed(solver: str) -> Callable[[], int]:
        def work() -> int:
            packing = pw.pack(tasks, size, solver=solver)
            assert not packing.unpacked
            return sum(bins.count for bins in packing.bins)

        return work

    for solver in ("first-fit", "best-fit", "fill", "auto"):
        row(f"**placewright** `pack`, {solver}", timed(packed(solver)), True)
    try:
        binpacking: Any = importlib.import_module("binpacking")
    except ImportError:
        print("| `binpacking` | not installed | | |")
    else:
        row("`binpacking.to_constant_volume`", timed(lambda: len(binpacking.to_constant_volume(tasks, size))), True, 1)
    try:
        prtpy: Any = importlib.import_module("prtpy")
    except ImportError:
        print("| `prtpy` | not installed | | |")
    else:
        first, best = (importlib.import_module(f"prtpy.packing.{name}_fit") for name in ("first", "best"))
        for name, algorithm, is_offline in [
            ("first fit", first.online, False),
            ("best fit", best.online, False),
            ("first fit decreasing", first.decreasing, True),
            ("best fit decreasing", best.decreasing, True),
        ]:
            work = partial(prtpy.pack, algorithm=algorithm, binsize=size, items=tasks)
            row(f"`prtpy` {name}", timed(lambda: len(work())), is_offline, 1)


def tables(rounds: int, number: int = 100_000) -> None:
    """A large cluster to polars, and from JSON text."""
    try:
        polars: Any = importlib.import_module("polars")
    except ImportError:
        print("\npolars is not installed")
        return
    frame = {
        "name": [f"i-{at:017x}" for at in range(number)],
        "cpu": [4096] * number,
        "memory_mib": [8192] * number,
        "zone": [f"zone-{at % 3}" for at in range(number)],
    }
    cluster = pw.Cluster.from_frame(frame)
    print(f"\n### {number:,} instances as columns\n")
    print("| what | ms |")
    print("|---|---|")
    for name in ("instances", "remaining", "attributes"):
        best = float("inf")
        for _ in range(rounds):
            begun = time.perf_counter()
            polars.DataFrame(getattr(cluster, name))
            best = min(best, time.perf_counter() - begun)
        print(f"| `polars.DataFrame(cluster.{name})` | {best * 1e3:.1f} |", flush=True)


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--instances", default="1000,10000", help="numbers of instances, with commas between")
    reader.add_argument("--rounds", type=int, default=3, help="rounds of each contender but the slowest")
    arguments = reader.parse_args()
    print(f"placewright {pw.__version__}, CPython {platform.python_version()}, numpy {np.__version__}")
    for number in arguments.instances.split(","):
        Race(int(number), arguments.rounds).run()
    offline(arguments.rounds)
    tables(arguments.rounds)


if __name__ == "__main__":
    main()

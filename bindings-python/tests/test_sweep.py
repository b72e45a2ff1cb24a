"""Sweeps: order, each scenario exactly once, workers that die, errors with names, bounds, closing."""

from __future__ import annotations

import gc
import os
import pickle
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable

import pytest
from conftest import small

import placewright as pw
from placewright import _native, _worker


def scenarios(number: int, cluster: pw.Cluster | None = None, **tags: Any) -> list[pw.Scenario]:
    """Scenario `n` asks for `n % 30` tasks."""
    cluster = small() if cluster is None else cluster
    return [
        pw.Scenario(f"s{at}", cluster, [{"taskDefinition": "web", "count": 1 + at % 30}], "binpack:memory", tags=tags)
        for at in range(number)
    ]


def in_order(results: list[pw.ScenarioResult[pw.Summary]], number: int) -> None:
    assert [result.index for result in results] == list(range(number))
    assert [result.name for result in results] == [f"s{at}" for at in range(number)]
    for result in results:
        assert result.error is None and result.value is not None
        assert result.value.placed == 1 + result.index % 30, result


def dies(cluster: pw.Cluster, scenario: pw.Scenario) -> pw.Summary:
    """Ends its process the first `times` times that the scenario named in the tags runs."""
    tags = scenario.tags
    if scenario.name == tags["who"]:
        died = len(list(Path(tags["folder"]).iterdir()))
        if died < tags["times"]:
            (Path(tags["folder"]) / str(died)).touch()
            # Dask starts a worker again that dies, unless it dies before the start was seen to have succeeded.
            time.sleep(tags.get("after", 0))
            os.kill(os.getpid(), signal.SIGKILL)
    return pw.place_all(cluster, scenario)


def raises(cluster: pw.Cluster, scenario: pw.Scenario) -> str:
    if scenario.name == "s3":
        cluster.place("unknown")
    return scenario.name


def closes(cluster: pw.Cluster, scenario: pw.Scenario) -> tuple[int, int]:
    """Spoils its cluster for good, unless somebody takes care."""
    before = cluster.running_tasks
    cluster.place("web", count=3)
    cluster.commit()
    return before, cluster.running_tasks


def unpicklable(cluster: pw.Cluster, scenario: pw.Scenario) -> Any:
    return threading.Lock() if scenario.name == "s1" else scenario.name


class Odd(Exception):
    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)


def odd(cluster: pw.Cluster, scenario: pw.Scenario) -> None:
    raise Odd("not to be", "unpickled")


def drains(cluster: pw.Cluster) -> None:
    cluster.drain(cluster.instance_ids[:3])


def seen(cluster: pw.Cluster, scenario: pw.Scenario) -> tuple[int, int]:
    """The process, and a number for the cluster object it was given."""
    return os.getpid(), id(cluster)


def threads() -> Executor:
    return ThreadPoolExecutor(2)


def processes() -> Executor:
    return ProcessPoolExecutor(2)


EXECUTORS = pytest.mark.parametrize("executor", [None, threads, processes], ids=["here", "threads", "processes"])
Factory = Callable[[], Executor]


@EXECUTORS
@pytest.mark.parametrize("chunk", [1, 7])
def test_results_come_in_order_and_once(executor: Factory | None, chunk: int) -> None:
    cluster = small()
    before = cluster.to_json()
    steps: list[tuple[int, int | None]] = []
    results = list(
        pw.sweep(scenarios(100, cluster), executor=executor, chunk=chunk, progress=lambda *step: steps.append(step))
    )
    in_order(results, 100)
    assert steps == [(done, 100) for done in range(1, 101)]
    assert cluster.to_json() == before and cluster.savepoints == 0
    alone = small()
    placed = alone.place("web", count=20, strategies="binpack:memory").placed
    summary = results[19].value
    assert summary is not None and summary.placed == placed and sum(summary.zones.values()) == placed


def test_a_pool_of_your_own_is_used_and_left_open() -> None:
    with ThreadPoolExecutor(2) as pool:
        in_order(list(pw.sweep(scenarios(20), executor=pool)), 20)
        assert pool.submit(int, "3").result() == 3


def test_the_summary_counts() -> None:
    cluster = pw.Cluster()
    cluster.register("i-1", cpu=1000, memory_mib=1000, zone="a")
    cluster.register("i-2", cpu=2000, memory_mib=1000, zone="b")
    cluster.register_task_definition(
        {"family": "t", "containerDefinitions": [{"name": "a", "cpu": 100, "memory": 300}]}
    )
    scenario = pw.Scenario("x", cluster, [{"taskDefinition": "t", "count": 9}], "binpack:cpu")
    (result,) = pw.sweep([scenario])
    # Three on each; 100 MiB are left of 1,000, so a tenth of the CPU is of use, 100 and 200 units.
    assert result.value == pw.Summary(
        placed=6,
        rejected=3,
        reasons={"RESOURCE:MEMORY": 2},
        instances=2,
        instances_used=2,
        registered_cpu=3000,
        used_cpu=600,
        stranded_cpu=(700 - 100) + (1700 - 200),
        registered_memory_mib=2000,
        used_memory_mib=1800,
        stranded_memory_mib=0,
        zones={"a": 3, "b": 3},
    )
    assert result.value.zone_skew == 0
    spread = pw.Scenario("y", cluster, ["t", "t"], pw.binpack("cpu"), pw.member_of("attribute:ecs.availability-zone == a"))
    (result,) = pw.sweep([spread])
    assert result.value is not None and result.value.zones == {"a": 2, "b": 0} and result.value.zone_skew == 2


@EXECUTORS
def test_what_raises_is_named(executor: Factory | None) -> None:
    results = []
    with pytest.raises(pw.SweepError, match="scenario `s3` raised NotFoundError") as caught:
        for result in pw.sweep(scenarios(6), run=raises, executor=executor):
            results.append(result.value)
    assert results == ["s0", "s1", "s2"]
    error = caught.value
    assert (error.scenario, error.code) == ("s3", "sweep.scenario_raised")
    assert isinstance(error.__cause__, pw.NotFoundError)
    again = pickle.loads(pickle.dumps(error))
    assert (again.scenario, again.code, str(again)) == (error.scenario, error.code, str(error))
    kept = list(pw.sweep(scenarios(6), run=raises, executor=executor, errors="return", chunk=4))
    assert [result.name for result in kept if result.error is not None] == ["s3"]
    assert [result.value for result in kept] == ["s0", "s1", "s2", None, "s4", "s5"]


def test_what_cannot_travel_is_the_error_of_its_scenario() -> None:
    kept = list(pw.sweep(scenarios(4), run=unpicklable, executor=processes, errors="return"))
    assert [result.value for result in kept] == ["s0", None, "s2", "s3"]
    (result,) = pw.sweep(scenarios(1), run=odd, executor=processes, errors="return")
    assert result.error is not None and "Odd: not to be" in str(result.error)
    with pytest.raises(pw.SweepError, match="`s0`"):
        list(pw.sweep(scenarios(2), run=lambda cluster, scenario: 1, executor=processes, chunk=2))
    tagged = scenarios(3)
    tagged[1] = pw.Scenario("s1", tagged[1].cluster, tags={"lock": threading.Lock()})
    kept = list(pw.sweep(tagged, run=raises, executor=processes, chunk=3, errors="return"))
    assert [result.error is None for result in kept] == [True, False, True]


@EXECUTORS
def test_each_scenario_finds_the_cluster_as_it_was(executor: Factory | None) -> None:
    assert [result.value for result in pw.sweep(scenarios(6), run=closes, executor=executor, chunk=2)] == [(0, 3)] * 6


def test_a_cluster_that_changes_between_scenarios_is_seen_as_it_is_then() -> None:
    cluster = small()

    def lazily() -> Iterator[pw.Scenario]:
        for at in range(5):
            yield pw.Scenario(f"s{at}", cluster)
            cluster.place("web")

    for executor in (None, threads, processes):
        before = cluster.running_tasks
        counts = [result.value.zones for result in pw.sweep(lazily(), executor=executor, chunk=2) if result.value]
        assert [sum(zones.values()) - before for zones in counts] == [0, 1, 2, 3, 4]


def test_a_change_is_made_before_placing() -> None:
    cluster = small()
    asked = [{"taskDefinition": "web", "count": 1000}]
    both = [pw.Scenario("all", cluster, asked), pw.Scenario("three out", cluster, asked, change=drains)]
    for executor in (None, processes):
        first, second = (result.value for result in pw.sweep(both, executor=executor))
        assert first is not None and second is not None and 0 < second.placed < first.placed


def test_workers_keep_their_clusters() -> None:
    pids = [result.value for result in pw.sweep(scenarios(60), run=seen, executor=processes)]
    assert len(set(pids)) <= 2, "each process unpickles the cluster once"
    clusters = [small() for _ in range(3)]
    mixed = [pw.Scenario(f"s{at}", clusters[at % 3]) for at in range(30)]
    pids = [result.value for result in pw.sweep(mixed, run=seen, executor=processes)]
    assert len(set(pids)) <= 6


class Counting(ProcessPoolExecutor):
    """Counts the bytes of what it is given to send."""

    sent = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        Counting.sent += len(pickle.dumps((args, kwargs)))
        return super().submit(fn, *args, **kwargs)


def slowly(cluster: pw.Cluster, scenario: pw.Scenario) -> int:
    time.sleep(0.01)
    return len(cluster)


@pytest.mark.parametrize("ahead", [None, 64])
def test_a_cluster_goes_to_processes_through_a_file(ahead: int | None, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    cluster = small()
    for number in range(3000):
        cluster.register(f"more-{number}", cpu=1, memory_mib=1)
    Counting.sent = 0
    results = pw.sweep(scenarios(60, cluster), run=slowly, executor=lambda: Counting(2), ahead=ahead)
    assert next(results).value == 3006 and len(list(tmp_path.iterdir())) == 1
    assert all(result.value == 3006 for result in results)
    assert Counting.sent < 60 * 2000 < len(pickle.dumps(cluster))
    del results
    gc.collect()
    assert list(tmp_path.iterdir()) == []


class Workers(Executor):
    """Workers with memories of their own, taken in turn: counts how often they are sent a cluster, and how often they are asked."""

    def __init__(self, number: int) -> None:
        self.benches = [_worker.Bench() for _ in range(number)]
        self.calls = self.sent = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        work, state, is_remote = pickle.loads(pickle.dumps(args))
        future: Future[Any] = Future()
        future.set_result(fn(work, state, is_remote, self.benches[self.calls % len(self.benches)]))
        self.calls += 1
        self.sent += state is not None
        return future


@pytest.mark.parametrize("number", [1, 2, 5])
@pytest.mark.parametrize("ahead", [1, 4, 32])
def test_a_worker_is_sent_a_cluster_once(number: int, ahead: int) -> None:
    workers = Workers(number)
    in_order(list(pw.sweep(scenarios(200), executor=workers, ahead=ahead)), 200)
    # The worker that is called again is not always the one that lacks it.
    assert workers.sent <= 1 + 4 * (number - 1) and workers.calls <= 210 + 2 * ahead, (workers.sent, workers.calls)


RUNS: list[str] = []


def spoils_one(cluster: pw.Cluster, scenario: pw.Scenario) -> str:
    RUNS.append(scenario.name)
    if scenario.name in ("s1", "s4"):
        cluster.commit()
    return scenario.name


@pytest.mark.parametrize("chunk", [1, 3, 7])
def test_no_scenario_is_run_twice_where_no_worker_died(chunk: int) -> None:
    RUNS.clear()
    results = list(pw.sweep(scenarios(12), run=spoils_one, executor=Workers(1), chunk=chunk))
    assert [result.value for result in results] == RUNS == [f"s{at}" for at in range(12)]
    assert {result.retries for result in results} == {0}


def exits(cluster: pw.Cluster, scenario: pw.Scenario) -> str:
    if scenario.name == "s3":
        sys.exit(5)
    return scenario.name


@EXECUTORS
def test_sys_exit_is_the_error_of_its_scenario(executor: Factory | None) -> None:
    results = list(pw.sweep(scenarios(6), run=exits, executor=executor, errors="return"))
    assert [result.name for result in results if result.error is not None] == ["s3"]
    error = results[3].error
    assert error is not None and error.code == "sweep.scenario_raised" and isinstance(error.__cause__, SystemExit)


def dies_beside_others(cluster: pw.Cluster, scenario: pw.Scenario) -> str:
    if scenario.name == "s7":
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGKILL)
    # What runs when that happens.
    time.sleep(0.6 if scenario.name == "s6" else 0.05)
    return scenario.name


@pytest.mark.parametrize("chunk", [1, 4])
def test_without_retries_only_the_guilty_one_is_blamed(chunk: int) -> None:
    results = list(
        pw.sweep(
            scenarios(12), run=dies_beside_others, executor=processes, retries=0, errors="return", ahead=8, chunk=chunk
        )
    )
    assert [result.name for result in results if result.error is not None] == ["s7"]
    assert [result.value for result in results if result.error is None] == [f"s{at}" for at in range(12) if at != 7]


def loads_tasks(cluster: pw.Cluster) -> None:
    cluster.declare_resource("LICENSE")
    cluster.load_tasks([{"taskArn": "task/old", "containerInstanceArn": "i-0", "taskDefinitionArn": "web:1"}])


def returns_its_cluster(cluster: pw.Cluster, scenario: pw.Scenario) -> pw.Cluster:
    cluster.place("web", count=3)
    return cluster


def warns(cluster: pw.Cluster, scenario: pw.Scenario) -> int:
    cluster.place({"taskDefinition": "web", f"odd-{scenario.name}": 1})
    return len(cluster.warnings)


@EXECUTORS
def test_nothing_of_a_scenario_is_left_to_the_next(executor: Factory | None) -> None:
    cluster = small()
    changed = [pw.Scenario(f"s{at}", cluster, ["web"], change=loads_tasks) for at in range(4)]
    for result in pw.sweep(changed, executor=executor):
        assert result.value is not None and sum(result.value.zones.values()) == 2
    assert [result.value for result in pw.sweep(scenarios(5, cluster), run=warns, executor=executor)] == [1] * 5
    kept = [result.value for result in pw.sweep(scenarios(3, cluster), run=returns_its_cluster, executor=executor)]
    assert [each.running_tasks for each in kept if each] == [3, 3, 3]
    assert cluster.running_tasks == 0 and cluster.custom_resources == []


@EXECUTORS
def test_a_definition_that_changes_between_scenarios_is_seen(executor: Factory | None) -> None:
    cluster = small()

    def lazily() -> Iterator[pw.Scenario]:
        for memory in (512, 4096):
            cluster.register_task_definition({"family": "web", "containerDefinitions": [{"name": "a", "memory": memory}]})
            yield pw.Scenario(str(memory), cluster, {"taskDefinition": "web", "count": 100})

    first, second = (result.value for result in pw.sweep(lazily(), executor=executor))
    assert first is not None and second is not None and (first.placed, second.placed) == (39, 2)


def test_looking_at_a_cluster_for_changes_costs_the_same_for_any_number_of_instances() -> None:
    def least(cluster: pw.Cluster) -> float:
        best = float("inf")
        for _ in range(5):
            begun = time.perf_counter()
            for _ in range(1000):
                cluster._version
            best = min(best, time.perf_counter() - begun)
        return best

    big = pw.Cluster.from_frame({"name": [f"i-{at}" for at in range(20_000)], "cpu": [1] * 20_000, "memory_mib": [1] * 20_000})
    assert least(big) < 20 * least(small())


def test_one_request_is_no_list_of_letters() -> None:
    for one in ("web", {"taskDefinition": "web"}):
        (result,) = pw.sweep([pw.Scenario("one", small(), one)])
        assert result.value is not None and result.value.placed == 1


@pytest.mark.parametrize("chunk", [1, 5])
def test_a_killed_process_costs_nothing_but_time(tmp_path: Path, chunk: int) -> None:
    asked = scenarios(60, who="s7", folder=str(tmp_path), times=2)
    results = list(pw.sweep(asked, run=dies, executor=processes, retries=2, chunk=chunk))
    in_order(results, 60)
    assert results[7].retries == 2 and all(result.retries <= 1 for result in results if result.index != 7)


def test_a_scenario_that_kills_each_worker_is_named_and_the_others_come(tmp_path: Path) -> None:
    asked = scenarios(30, who="s7", folder=str(tmp_path), times=99)
    results = list(pw.sweep(asked, run=dies, executor=processes, retries=1, errors="return"))
    assert [result.index for result in results] == list(range(30))
    error = results[7].error
    assert error is not None and (error.code, error.scenario) == ("sweep.worker_died", "s7")
    assert "the worker of scenario `s7` died in each of 2 tries" in str(error)
    assert all(result.value is not None for result in results if result.index != 7)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_broken_pool_of_your_own_ends_the_sweep_with_names(tmp_path: Path) -> None:
    asked = scenarios(9, who="s3", folder=str(tmp_path), times=1)
    with ProcessPoolExecutor(1) as pool, pytest.raises(pw.SweepError, match="executor is broken.*`s3`") as caught:
        list(pw.sweep(asked, run=dies, executor=pool))
    assert caught.value.code == "sweep.executor_broken" and "function" in str(caught.value.help)
    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    with pytest.raises(pw.SweepError, match="no more work"):
        list(pw.sweep(asked, executor=closed))


class Chaos(Executor):
    """Does the work, loses it, forgets clusters, or breaks, as a seeded draw decides."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.is_broken = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self.is_broken:
            raise BrokenExecutor("broken before")
        future: Future[Any] = Future()
        chance = self.draw.random()
        if chance < 0.1:
            future.cancel()
        elif chance < 0.15:
            self.is_broken = True
            future.set_exception(BrokenExecutor("broken now"))
        else:
            if chance < 0.4:
                _worker.kept.clusters.clear()
            future.set_result(pickle.loads(pickle.dumps(fn(*pickle.loads(pickle.dumps(args))))))
            if chance > 0.95:
                # Others that were under way are lost with it, this one came through.
                self.is_broken = True
        return future


@pytest.mark.parametrize("seed", range(60))
def test_nothing_is_lost_or_doubled_whatever_workers_do(seed: int) -> None:
    draw = random.Random(seed)
    clusters = [small() for _ in range(draw.choice([1, 2, 6]))]
    asked = [
        pw.Scenario(f"s{at}", draw.choice(clusters), [{"taskDefinition": "web", "count": 1 + at % 30}])
        for at in range(draw.choice([0, 1, 40]))
    ]
    ahead, chunk = draw.choice([1, 2, 9]), draw.choice([1, 3])
    in_order(list(pw.sweep(asked, executor=lambda: Chaos(draw), retries=99, ahead=ahead, chunk=chunk)), len(asked))


def test_few_scenarios_are_under_way_at_once() -> None:
    taken = 0

    def counted() -> Iterator[pw.Scenario]:
        nonlocal taken
        for scenario in scenarios(200):
            taken += 1
            yield scenario

    furthest = 0
    for result in pw.sweep(counted(), executor=threads, ahead=5, chunk=3):
        furthest = max(furthest, taken - result.index)
    assert taken == 200 and furthest <= 5 * 3 + 1


class Watched(Executor):
    """Never begins: notes what is cancelled."""

    def __init__(self) -> None:
        self.futures: list[Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.futures.append(future)
        if len(self.futures) == 1:
            future.set_result(fn(*args, **kwargs))
        return future


class Silent(Executor):
    """Loses the work of the first `lost` calls without a word."""

    def __init__(self, lost: float = float("inf")) -> None:
        self.lost = lost
        self.calls = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        # As where a worker has it: it cannot be cancelled.
        future.set_running_or_notify_cancel()
        self.calls += 1
        if self.calls > self.lost:
            future.set_result(fn(*args, **kwargs))
        return future


def hangs(cluster: pw.Cluster, scenario: pw.Scenario) -> pw.Summary:
    if scenario.name == scenario.tags["who"]:
        time.sleep(scenario.tags["seconds"])
    return pw.place_all(cluster, scenario)


@pytest.mark.parametrize("chunk", [1, 2])
@pytest.mark.parametrize("is_own", [True, False])
def test_an_executor_that_never_answers_ends(is_own: bool, chunk: int) -> None:
    executor: Any = Silent() if is_own else Silent
    options: Any = {"executor": executor, "timeout": 0.02, "chunk": chunk, "ahead": 2}
    results = list(pw.sweep(scenarios(5), retries=1, errors="return", **options))
    assert [result.index for result in results] == list(range(5))
    for result in results:
        assert result.error is not None and result.error.code == "sweep.timed_out"
        assert result.error.scenario == result.name and "no answer within 0.02 s in each of 2 tries" in str(result.error)
    with pytest.raises(pw.SweepError, match="its only try") as caught:
        list(pw.sweep(scenarios(5), retries=0, **options))
    assert caught.value.scenario == "s0"


def test_what_was_lost_without_a_word_is_tried_again() -> None:
    for lost in (1, 2, 4):
        in_order(list(pw.sweep(scenarios(9), executor=Silent(lost), timeout=0.02, ahead=2, retries=9)), 9)
        silent = [Silent(lost), Silent(0)]
        in_order(list(pw.sweep(scenarios(9), executor=lambda: silent.pop(0), timeout=0.02, ahead=2)), 9)
        assert not silent


def test_a_sweep_may_take_so_long_and_no_longer() -> None:
    begun = time.monotonic()
    with pytest.raises(pw.SweepError, match="the sweep took longer than 0.1 s, and waited for scenario `s0`") as caught:
        list(pw.sweep(scenarios(5), executor=Silent(), total_timeout=0.1, timeout=60, errors="return"))
    assert (caught.value.code, caught.value.scenario) == ("sweep.timed_out", "s0") and time.monotonic() - begun < 30
    in_order(list(pw.sweep(scenarios(30), executor=threads, timeout=60, total_timeout=600)), 30)


def test_a_process_that_hangs_is_ended_and_the_others_come() -> None:
    pools: list[ProcessPoolExecutor] = []

    def pool() -> Executor:
        pools.append(ProcessPoolExecutor(2))
        return pools[-1]

    asked = scenarios(8, who="s3", seconds=3600)
    results = list(pw.sweep(asked, run=hangs, executor=pool, timeout=5, retries=0, errors="return"))
    assert [result.index for result in results] == list(range(8)) and len(pools) == 2
    for result in results:
        assert (result.error is None) == (result.name != "s3")
    assert results[3].error is not None and results[3].error.code == "sweep.timed_out"


def test_timeouts_are_checked() -> None:
    for option in ("timeout", "total_timeout"):
        given: Any = {option: 0}
        with pytest.raises(ValueError, match=f"{option} is 0, and not above 0"):
            pw.sweep([], executor=threads, **given)
        given = {option: 1}
        with pytest.raises(ValueError, match="needs an executor"):
            pw.sweep([], **given)


def test_a_cluster_is_looked_at_again_only_where_it_may_have_changed() -> None:
    cluster = small()
    cluster.place("web")
    version = cluster._version
    cluster.fingerprint(), cluster.copy(), cluster.to_json(), pickle.dumps(cluster), cluster.query("registeredAt > 2000-01-01")
    assert (len(cluster.instances), len(cluster.tasks), len(cluster.remaining), len(cluster.attributes)) == (6, 1, 6, 12)
    assert _native._usage(cluster)["instances"] == 6 and cluster._version == version
    cluster.place("web")
    assert cluster._version != version
    with cluster.transaction():
        cluster.register_task_definition({"family": "more", "containerDefinitions": [{"name": "a", "memory": 8}]})
        inside = cluster._version
        cluster.rollback()
    assert inside != cluster._version != version


def test_closing_cancels_what_is_pending() -> None:
    pool = Watched()
    results = pw.sweep(scenarios(100), executor=pool, ahead=10)
    assert next(results).name == "s0"
    results.close()
    assert len(pool.futures) == 10 and all(future.cancelled() for future in pool.futures[1:])
    begun = time.monotonic()
    results = pw.sweep(scenarios(1000), executor=threads)
    next(results)
    results.close()
    assert time.monotonic() - begun < 5


def test_a_fault_of_the_source_or_of_progress_ends_the_sweep() -> None:
    def broken() -> Iterator[pw.Scenario]:
        yield from scenarios(3)
        raise OSError("no more")

    got = []
    with pytest.raises(OSError, match="no more"):
        for result in pw.sweep(broken(), executor=threads):
            got.append(result.index)
    assert got == [0, 1, 2], "what was taken before is delivered"

    def stops(done: int, total: int | None) -> None:
        assert total is None
        if done == 2:
            raise StopAsyncIteration("enough")

    with pytest.raises(StopAsyncIteration):
        list(pw.sweep(iter(scenarios(9)), progress=stops))
    bad: Any = "three"
    with pytest.raises(TypeError, match=r"scenarios\[0\] is a `str`"):
        list(pw.sweep(["x", *scenarios(1)]))  # type: ignore[list-item]
    with pytest.raises(TypeError, match="executor is a `str`"):
        pw.sweep([], executor=bad)
    with pytest.raises(TypeError, match="progress"):
        pw.sweep([], progress=bad)
    with pytest.raises(ValueError, match="errors"):
        pw.sweep([], errors=bad)
    for name in ("retries", "ahead", "chunk"):
        options: dict[str, Any] = {name: -1}
        with pytest.raises(ValueError, match=f"{name} is -1"):
            pw.sweep([], **options)


def test_a_bar_is_moved() -> None:
    class Bar:
        n = 0

        def update(self, n: int, /) -> None:
            self.n += n

    bar = Bar()
    assert len(list(pw.sweep(scenarios(12), progress=bar))) == bar.n == 12


@pytest.mark.parametrize("executor", [None, processes], ids=["here", "processes"])
def test_ctrl_c_ends_a_sweep(executor: Factory | None) -> None:
    """A signal to this process only; a terminal's goes to the workers as well."""
    results = pw.sweep(scenarios(100_000), executor=executor)
    next(results)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        for _ in results:
            pass
    # The 0.3 s before the signal, and what a worker has under way.
    assert time.monotonic() - begun < 3
    assert list(results) == []
    timer.join()


@pytest.mark.parametrize(("executor", "chunk"), [(None, 1), (threads, 50), (processes, 200)])
def test_a_hundred_thousand_tiny_scenarios_stream(executor: Factory | None, chunk: int) -> None:
    cluster = pw.Cluster()
    cluster.register("i-1", cpu=1024, memory_mib=1024)
    cluster.register_task_definition({"family": "t", "containerDefinitions": [{"name": "a", "memory": 8}]})
    requests = ["t"]
    many = (pw.Scenario(str(at), cluster, requests) for at in range(100_000))
    following = 0
    for result in pw.sweep(many, executor=executor, chunk=chunk):
        assert result.index == following and result.value is not None and result.value.placed == 1
        following += 1
    assert following == 100_000


def test_a_grid_is_every_combination() -> None:
    cluster = small()
    grid = list(
        pw.grid(
            "g",
            cluster,
            requests={"few": ["web"], "many": ["web"] * 3},
            strategies=["binpack:cpu", pw.spread("ecs.availability-zone"), [pw.random()]],
            seed=[1],
            tags={"colour": ["red", "blue"]},
        )
    )
    assert len(grid) == 12 and len({scenario.name for scenario in grid}) == 12
    assert grid[3].name == "g/requests=few/strategies=spread:attribute:ecs.availability-zone/colour=blue"
    assert grid[3].tags == {
        "requests": "few",
        "strategies": "spread:attribute:ecs.availability-zone",
        "seed": "1",
        "colour": "blue",
    }
    assert [result.value.placed for result in pw.sweep(grid) if result.value] == [1] * 6 + [3] * 6
    with pytest.raises(TypeError, match="list of values"):
        pw.grid("g", cluster, strategies="binpack:cpu")
    with pytest.raises(TypeError, match="no option 'strategy'; did you mean 'strategies'"):
        pw.grid("g", cluster, strategy=["binpack:cpu"])
    with pytest.raises(TypeError, match="no option 'colour'.*axes of your own go in `tags`"):
        pw.grid("g", cluster, colour=["red"])
    sizes = {"full": cluster, "empty": pw.Cluster()}
    both = list(pw.grid("g", cluster, cluster=sizes, requests=["web"]))
    assert [(scenario.name, len(scenario.cluster), scenario.tags["cluster"]) for scenario in both] == [
        ("g/cluster=full", 6, "full"),
        ("g/cluster=empty", 0, "empty"),
    ]
    assert pickle.loads(pickle.dumps(grid[3])).name == grid[3].name

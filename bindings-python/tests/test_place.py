"""Placing: single, many, all or nothing, prepared and in bulk; explaining; watching and stopping."""

from __future__ import annotations

import copy
import gc
import json
import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from conftest import small

import placewright as pw


def instances(result: pw.Result) -> list[str]:
    return [placement.instance for placement in result.placements]


def test_every_way_to_write_a_request_is_the_same() -> None:
    strategy: dict[str, Any] = {"type": "spread", "field": "attribute:ecs.availability-zone"}
    expression = "attribute:stack == prod"
    document: dict[str, Any] = {
        "taskDefinition": "web:1",
        "count": 4,
        "group": "service:x",
        "placementStrategy": [strategy, {"type": "binpack", "field": "memory"}],
        "placementConstraints": [{"type": "memberOf", "expression": expression}],
    }
    text = pw.Cluster.from_dict({"containerInstances": []})  # a text that is no request
    assert len(text) == 0
    import json

    ways: list[tuple[Any, dict[str, Any]]] = [
        (document, {}),
        (json.dumps(document), {}),
        (json.dumps(document).encode(), {}),
        ({key: value for key, value in document.items() if key != "count"}, {"count": 4}),
        (
            "web",
            {
                "count": 4,
                "group": "service:x",
                "strategies": [pw.spread("ecs.availability-zone"), pw.binpack("memory")],
                "constraints": pw.member_of(expression),
            },
        ),
        (
            "web:1",
            {
                "count": 4,
                "group": "service:x",
                "strategies": ("spread:attribute:ecs.availability-zone", {"type": "binpack", "field": "memory"}),
                "constraints": [f"memberOf:{expression}"],
            },
        ),
        (
            "web",
            {
                "count": np.int64(4),
                "group": "service:x",
                "strategies": iter([pw.spread("attribute:ecs.availability-zone"), "binpack:memory"]),
                "constraints": [pw.member_of(pw.compile(expression))],
            },
        ),
    ]
    answers = []
    for what, options in ways:
        cluster = small()
        answers.append(cluster.place(what, **options).to_dict())
        options = dict(options)
        if "strategies" in options and not isinstance(options["strategies"], (list, tuple)):
            options["strategies"] = ["spread:attribute:ecs.availability-zone", "binpack:memory"]
        again = small()
        assert again.prepare(what, **options).place().to_dict() == answers[-1]
    assert all(answer == answers[0] for answer in answers)
    assert {task["containerInstanceArn"] for task in answers[0]["tasks"]} == {"i-1", "i-3", "i-5"}


def test_a_result_says_what_was_placed_and_why_not(cluster: pw.Cluster) -> None:
    result = cluster.place("web", count=100, strategies="binpack:memory")
    assert result.placed == sum(min(8, 4 + number) for number in range(6)) == len(result.placements)
    assert result.rejected == 100 - result.placed
    assert sum(result.reasons.values()) == 6 and set(result.reasons) <= {"RESOURCE:CPU", "RESOURCE:MEMORY"}
    task, instance = result.placements[0]
    assert (task, instance) == ("task/placed-1", "i-0") == result.placements[0]
    answer = result.to_dict()
    assert answer["tasks"][0]["taskArn"] == task and len(answer["failures"]) == 6
    assert cluster.place("web", count=0).placed == 0


def test_all_or_nothing(cluster: pw.Cluster) -> None:
    before = cluster.fingerprint()
    result = cluster.place("web", count=100, all_or_nothing=True)
    assert (result.placed, result.rejected) == (0, 100) and result.reasons
    assert cluster.fingerprint() == before
    assert cluster.prepare("web", count=40, all_or_nothing=True).place().placed == 0
    assert cluster.place("web", count=2, all_or_nothing=True).placed == 2


def test_seeds_and_the_default_strategy(cluster: pw.Cluster) -> None:
    draws = {tuple(instances(small().place("web", count=5, seed=seed))) for seed in range(8)}
    assert len(draws) > 1
    assert instances(small(seed=3).place("web", count=5)) == instances(small().place("web", count=5, seed=3))
    assert instances(small().place("web", count=5, seed=str(2**64 - 1)))
    assert instances(cluster.place("web", strategies=[], constraints=(), seed=3)) == instances(small().place("web", seed=3))


def test_explanations(cluster: pw.Cluster) -> None:
    why = cluster.explain("web", strategies=pw.binpack("memory"))
    assert (why.winner, why.definition, why.group, why.nearest_miss) == ("i-0", "web:1", "family:web", None)
    assert why.decided_by and why.funnel["registered"] == 6 and why.reasons == {}
    assert str(why) and "i-0" in repr(why)
    request = cluster.prepare("web", constraints="memberOf:attribute:stack == none")
    why = request.explain()
    assert why.to_dict() == cluster.explain(request).to_dict()
    assert why.winner is None and why.decided_by is None and "nowhere" in repr(why)
    assert why.reasons == {"MemberOf placement constraint unsatisfied.": 6} and len(why.rejected) == 6
    assert why.nearest_miss is not None and cluster.running_tasks == 0


def test_prepared_requests_belong_to_their_cluster(cluster: pw.Cluster) -> None:
    request = cluster.prepare("web", count=2, group="g")
    assert (request.definition, request.group, request.count) == ("web:1", "g", 2)
    assert request.cluster is cluster
    assert cluster.place(request).placed == 2 == request.place().placed
    with pytest.raises(TypeError, match="settled"):
        cluster.place(request, count=3)
    for copying in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="prepare it again"):
            copying(request)
    with pytest.raises(pw.StaleHandleError):
        small().place_bulk([request])
    with pytest.raises(pw.StaleHandleError):
        small().explain(request)
    with pytest.raises(TypeError):
        cluster.prepare(request)  # type: ignore[arg-type]


def test_handles_are_released_when_collected(cluster: pw.Cluster) -> None:
    before = cluster.memory_usage
    for _ in range(2000):
        cluster.prepare("web", constraints="memberOf:attribute:stack == prod")
    gc.collect()
    assert cluster.memory_usage < before + 20_000


def test_bulk_is_the_same_as_one_by_one(cluster: pw.Cluster) -> None:
    cluster.register_task_definition({**{"family": "big"}, "containerDefinitions": [{"name": "a", "cpu": 1024, "memory": 1024}]})
    twin = cluster.copy()
    chains: list[list[Any]] = [[pw.spread("ecs.availability-zone"), pw.binpack("cpu")], ["random"]]
    requests = [cluster.prepare(name, strategies=chain) for name in ("web", "big") for chain in chains]
    twins = [twin.prepare(name, strategies=chain) for name in ("web", "big") for chain in chains]
    order = np.array([0, 1, 2, 3] * 20, dtype=np.uint32)
    result = cluster.place_bulk(requests, order)
    ids = cluster.instance_ids
    singly = [twins[index].place().placements for index in order]
    assert [ids[at] if at >= 0 else None for at in result.instance] == [one[0].instance if one else None for one in singly]
    assert cluster.to_json() == twin.to_json()
    assert result.placed == cluster.running_tasks and result.rejected == len(order) - result.placed > 0
    assert result.instance.dtype == np.int32 and result.task.dtype == np.int64 and len(result) == len(order)
    assert ((result.task == -1) == (result.instance == -1)).all()
    assert [cluster.task(number)["taskArn"] for number in result.task if number >= 0] == cluster.task_ids


def test_bulk_takes_any_array_of_integers(cluster: pw.Cluster) -> None:
    requests = (cluster.prepare("web"), cluster.prepare("web", group="g"))
    for indices in ([0, 1, 1], np.array([0, 1], dtype=np.int8), np.arange(4, dtype=np.uint32)[::2] // 2, range(2), np.array([1], dtype=">u8")):
        assert cluster.place_bulk(requests, indices).placed == len(indices)
    assert len(cluster.place_bulk([])) == 0 and len(cluster.place_bulk(requests, [])) == 0
    before = cluster.fingerprint()
    for bad, kind in (
        ([2], IndexError),
        ([-1], IndexError),
        (np.array([2**63], dtype=np.uint64), IndexError),
        ([0.5], TypeError),
        (["a"], TypeError),
        ([True], TypeError),
        ([[0]], ValueError),
        (0, ValueError),
    ):
        with pytest.raises(kind):
            cluster.place_bulk(requests, bad)
    with pytest.raises(TypeError, match=r"requests\[1\]"):
        cluster.place_bulk([requests[0], "web"])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        cluster.place_bulk(3)  # type: ignore[arg-type]
    assert cluster.fingerprint() == before


def large(number: int = 20_000) -> pw.Cluster:
    """A cluster on which the scan takes long for one task."""
    cluster = pw.Cluster(route="scan")
    cluster.register_task_definition({"family": "t", "containerDefinitions": [{"name": "a", "cpu": 1, "memory": 1}]})
    for at in range(number):
        cluster.register(f"i-{at}", cpu=100_000, memory_mib=100_000, zone=f"z{at % 3}")
    return cluster


class Bar:
    """Counts as tqdm does."""

    def __init__(self) -> None:
        self.n = 0

    def update(self, n: int) -> None:
        self.n += n


def test_progress_is_told(cluster: pw.Cluster) -> None:
    big = large(2000)
    request = big.prepare("t")
    told: list[tuple[int, int]] = []
    big.place_bulk([request] * 200_000, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (200_000, 200_000) and told == sorted(told) and len(told) > 1
    bar = Bar()
    big.place_bulk([request] * 3000, progress=bar)
    assert bar.n == 3000
    told.clear()
    big.place("t", count=5000, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (5000, 5000)
    big.prepare("t", count=2).place(progress=bar)
    assert bar.n == 3002
    with pytest.raises(TypeError):
        cluster.place("web", progress=3)  # type: ignore[arg-type]


def test_progress_is_told_a_last_time_when_a_task_finds_no_instance() -> None:
    for all_or_nothing, placed in ((False, 40), (True, 0)):
        cluster = pw.Cluster()
        cluster.register("i-1", cpu=40, memory_mib=40)
        cluster.register_task_definition({"family": "t", "containerDefinitions": [{"name": "a", "cpu": 1, "memory": 1}]})
        told: list[tuple[int, int]] = []
        result = cluster.place(
            "t", count=1000, all_or_nothing=all_or_nothing, progress=lambda done, total: told.append((done, total))
        )
        assert result.placed == placed and told[-1] == (40, 1000)
        bar = Bar()
        cluster.place("t", count=50, progress=bar)
        assert bar.n == 40 - placed


def test_an_unknown_key_of_a_request_is_warned_of(cluster: pw.Cluster) -> None:
    cluster.place({"taskDefinition": "web", "conut": 2})
    assert cluster.warnings == ["RunTask has no key `conut`; did you mean `count`?"]


def test_a_callback_that_raises_takes_everything_back() -> None:
    big = large(2000)
    request = big.prepare("t")
    request.place()
    before, state = big.fingerprint(), big.to_json()

    def fails(done: int, total: int) -> None:
        raise LookupError(f"{done} of {total}")

    for call in (
        lambda: big.place_bulk([request] * 3000, progress=fails),
        lambda: big.place("t", count=3000, progress=fails),
        lambda: big.place_bulk([request], progress=fails),
    ):
        with pytest.raises(LookupError, match="of"):
            call()
        assert big.fingerprint() == before and big.to_json() == state and big.savepoints == 0
    assert request.place().placed == 1


def test_a_call_from_its_own_callback_is_refused(cluster: pw.Cluster) -> None:
    request = cluster.prepare("web")
    refused: list[BaseException] = []

    def again(done: int, total: int) -> None:
        for call in (lambda: len(cluster), lambda: cluster.place("web"), lambda: cluster.to_json(), lambda: cluster.prepare("web")):
            try:
                call()
            except pw.BusyError as error:
                refused.append(error)

    cluster.place_bulk([request], progress=again)
    assert len(refused) == 4 and isinstance(refused[0], RuntimeError)
    assert cluster.running_tasks == 1


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Hypothesis has the collector call it, and a KeyboardInterrupt that is raised there is lost."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_ctrl_c_ends_reading_and_writing_states() -> None:
    big = pw.Cluster()
    for at in range(8000):
        big.register(f"i-{at}", cpu=4096, memory_mib=8192, zone=f"z{at % 3}", attributes={"stack": "prod"})
    text = big.to_json()
    tree, state, before = json.loads(text), pickle.dumps(big), big.fingerprint()
    ended: list[bool] = []
    for call in (
        lambda: pw.Cluster.from_json(text),
        lambda: pw.Cluster.from_dict(tree),
        lambda: pickle.loads(state),
        big.to_json,
        big.to_dict,
    ):
        start = time.monotonic()
        call()
        took = time.monotonic() - start
        for share in (0.2, 0.4):
            thread = threading.Timer(took * share, os.kill, (os.getpid(), signal.SIGINT))
            is_done = False
            with pytest.raises(KeyboardInterrupt):
                thread.start()
                call()
                is_done = True
                # Where the machine was fast this once, the signal comes now.
                thread.join()
                time.sleep(1)
            thread.join()
            ended.append(is_done)
    # Ten interrupts, each well before the work would be done: most of them end it.
    assert big.fingerprint() == before and ended.count(False) >= 5, ended


@pytest.mark.parametrize("what", ["bulk", "count"])
def test_ctrl_c_cancels_within_100_ms(what: str) -> None:
    big = large()
    request = big.prepare("t")
    before = big.fingerprint()
    sent: list[float] = []

    def interrupt() -> None:
        time.sleep(0.15)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    took: list[float] = []
    for _ in range(3):
        sent.clear()
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            if what == "bulk":
                big.place_bulk([request] * 1_000_000)
            else:
                big.place("t", count=1_000_000)
        took.append(time.monotonic() - sent[0])
        thread.join()
        assert big.fingerprint() == before and big.savepoints == 0
    assert sorted(took)[1] < 0.1, took


@pytest.mark.parametrize("what", ["bulk", "count"])
def test_ctrl_c_takes_many_placements_back_within_what_is_promised(what: str) -> None:
    """On the indexed route, where far more is placed by the time it is heard; taking that back is what takes time. CPU time, so that
    other programs of the machine do not count."""
    big = pw.Cluster(route="indexed")
    for at in range(2000):
        big.register(f"i-{at}", cpu=10**9, memory_mib=10**9)
    big.register_task_definition({"family": "t", "containerDefinitions": [{"name": "a", "cpu": 1, "memory": 4}]})
    request, many = big.prepare("t", strategies="binpack:memory"), 10_000_000
    indices = np.zeros(many, dtype=np.uint32)
    before = big.fingerprint()
    over: list[float] = []
    for least in (100_000, 400_000, 1_000_000):
        sent: list[float] = []
        done = 0

        def progress(placed: int, total: int) -> None:
            nonlocal done
            done = placed
            if placed >= least and not sent:
                sent.append(time.process_time())
                os.kill(os.getpid(), signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            if what == "bulk":
                big.place_bulk([request], indices, progress=progress)
            else:
                big.place("t", count=many, strategies="binpack:memory", progress=progress)
        over.append(time.process_time() - sent[0] - done * (100e-9 if what == "bulk" else 150e-9))
        assert done >= least and big.fingerprint() == before and big.savepoints == 0 and big.running_tasks == 0
    assert sorted(over)[1] < 0.1, over

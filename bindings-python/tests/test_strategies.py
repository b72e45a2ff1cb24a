"""Strategies that ECS does not have: objects, texts and dicts beside ECS's, under the key that is theirs."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import placewright as pw

WORKLOAD = [
    pw.WorkloadKind(cpu=4096, gpu_share=500, weight=3),
    pw.WorkloadKind(cpu=4096, gpus=2),
    pw.WorkloadKind(cpu=1024, memory_mib=10, expression=pw.compile("attribute:gpu exists")),
]


def gpus() -> pw.Cluster:
    """Three instances with GPUs; the second is the fullest, and the third has none."""
    cluster = pw.Cluster()
    for name, cpu, devices in (("i-1", 8192, 2), ("i-2", 5000, 2), ("i-3", 5000, 0)):
        cluster.register(name, cpu=cpu, memory_mib=8192, gpus=[f"g{at}" for at in range(devices)])
    cluster.register_task_definition({"family": "web", "containerDefinitions": [{"name": "a", "cpu": 1024, "memory": 128}]})
    share = {"name": "a", "cpu": 1024, "memory": 128, "resourceRequirements": [{"type": "GPU", "value": "1"}]}
    cluster.register_task_definition({"family": "train", "containerDefinitions": [share]})
    return cluster


ALL = [pw.first_fit(), pw.best_fit(), pw.dot_product(), pw.fragmentation(WORKLOAD), pw.headroom(WORKLOAD)]


@pytest.mark.parametrize("strategy", ALL, ids=lambda strategy: strategy.type)
def test_each_places_as_its_json_does(strategy: pw.Strategy) -> None:
    for definition in ("web", "train"):
        by_object, by_json = gpus(), gpus()
        placed = by_object.place(definition, count=4, strategies=strategy).placements
        request = {"taskDefinition": definition, "count": 4, "xPlacementStrategy": strategy.to_dict()}
        assert placed == by_json.place(request).placements and len(placed) >= 3
        assert by_object.place(by_object.prepare(definition, strategies=[strategy])).placements == (
            by_json.place({**request, "count": 1}).placements
        )
        assert strategy.type == "firstFit" or by_object.explain(definition, strategies=[strategy, pw.binpack("cpu")]).to_dict() == (
            by_json.explain({**request, "count": 1, "placementStrategy": [pw.binpack("cpu").to_dict()]}).to_dict()
        )
    assert pickle.loads(pickle.dumps(strategy)) == strategy and hash(strategy) == hash(strategy)


def test_best_fit_fills_the_fullest() -> None:
    for given in (pw.best_fit(), "bestFit", {"type": "bestFit"}, [pw.best_fit(), pw.spread("instanceId")]):
        strategies: Any = given
        assert gpus().place("train", strategies=strategies).placements[0].instance == "i-2"
    assert gpus().place("train", strategies=[pw.first_fit()]).placements[0].instance == "i-1"


def test_a_workload_is_written_as_the_engine_reads_it() -> None:
    assert [kind.to_dict() for kind in WORKLOAD] == [
        {"cpu": 4096, "memory": 0, "weight": 3, "gpuShare": 500},
        {"cpu": 4096, "memory": 0, "weight": 1, "gpus": 2},
        {"cpu": 1024, "memory": 10, "weight": 1, "expression": "attribute:gpu exists"},
    ]
    assert pw.fragmentation(iter(WORKLOAD)).to_dict() == {
        "type": "fragmentation", "workload": [kind.to_dict() for kind in WORKLOAD],
    }  # fmt: skip
    with pytest.raises(TypeError):
        pw.headroom([{"cpu": 1}])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("strategies", "path"),
    [
        ([pw.binpack("cpu"), pw.best_fit()], "strategies[1]"),
        ([pw.best_fit(), pw.dot_product()], "strategies[1]"),
        ([pw.first_fit(), pw.binpack("cpu")], "xPlacementStrategy"),
        ("fragmentation", "xPlacementStrategy.workload"),
        (pw.fragmentation([]), "xPlacementStrategy.workload"),
        (pw.fragmentation([pw.WorkloadKind(weight=0)]), "xPlacementStrategy.workload[0]"),
        (pw.fragmentation([pw.WorkloadKind(gpus=1, gpu_share=5)]), "xPlacementStrategy.workload[0].gpuShare"),
        ({"type": "bestFit", "field": "cpu"}, "xPlacementStrategy.field"),
    ],
)
def test_what_cannot_be_is_refused(strategies: Any, path: str) -> None:
    with pytest.raises(pw.InvalidInputError) as caught:
        gpus().place("train", strategies=strategies)
    assert (caught.value.path or "").startswith(path), str(caught.value)


def test_a_request_has_its_strategies_once() -> None:
    cluster = gpus()
    given: list[dict[str, Any]] = [
        {"placementStrategy": []},
        {"placementStrategy": [{"type": "random"}]},
        {"xPlacementStrategy": {"type": "bestFit"}},
    ]
    for request in given:
        for strategies in (pw.best_fit(), pw.random()):
            with pytest.raises(pw.InvalidInputError, match="`strategies` is given twice"):
                cluster.place({"taskDefinition": "web", **request}, strategies=strategies)
    with pytest.raises(pw.InvalidInputError, match="which of them end"):
        cluster.scale_in("family:web", 1, strategies=pw.best_fit())
    assert cluster.place({"taskDefinition": "web", "placementStrategy": [{"type": "random"}]}, strategies=[]).placed == 1


def test_a_sweep_takes_them() -> None:
    scenarios = [pw.Scenario(strategy.type, gpus(), ["train"] * 4, strategies=strategy) for strategy in ALL]
    assert [result.value and result.value.placed for result in pw.sweep(scenarios)] == [4] * len(ALL)


def test_what_a_workload_strands_is_measured() -> None:
    cluster = pw.Cluster()
    cluster.register("i-1", cpu=8000, memory_mib=64_000, gpus=["g0", "g1"])
    cluster.register("i-2", cpu=8000, memory_mib=64_000)
    workload = [pw.WorkloadKind(cpu=4000, gpus=1, weight=3), pw.WorkloadKind(cpu=16_000, gpus=2)]
    # One task in four cannot use the two free devices, for want of CPU.
    found = cluster.fragmentation(workload)
    assert found == (2000, 500) == (found.free, found.stranded)
    assert cluster.fragmentation([kind.to_dict() for kind in workload], instance="i-1") == found
    assert cluster.fragmentation(iter(workload), instance="i-2") == (0, 0)
    weighed = cluster.weigh_by_scarcity(workload)
    assert [(kind.cpu, kind.gpus) for kind in weighed] == [(4000, 1), (16_000, 2)]
    # Nobody can use them for the second kind, which makes it as scarce as can be.
    assert weighed[1].weight > weighed[0].weight and workload[0].weight == 3
    with pytest.raises(pw.NotFoundError):
        cluster.fragmentation(workload, instance="i-9")
    for bad, path in ([], "workload"), ([{"cpu": -1}], "workload[0]"), ([{"cpus": 1}], "workload[0].cpus"):
        with pytest.raises(pw.InvalidInputError) as caught:
            cluster.fragmentation(bad)
        assert (caught.value.path or "").startswith(path), caught.value.path
    with pytest.raises(TypeError):
        cluster.fragmentation(3)  # type: ignore[arg-type]

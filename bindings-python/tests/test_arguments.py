"""Arguments that cannot be: each refusal is one of the package's, and names the argument."""

from __future__ import annotations

import pickle
from typing import Any, Callable

import numpy as np
import pytest
from conftest import small

import placewright as pw

HALF = "\ud800"
"""Half of a surrogate pair: no Unicode."""

OPTIONS: list[tuple[str, Any]] = [
    ("cpu", 2**63),
    ("cpu", -(2**200)),
    ("cpu", -1),
    ("memory_mib", 2**31),
    ("zone", HALF),
    ("attributes", {HALF: "x"}),
    ("attributes.stack", {"stack": HALF}),
    ("gpus[1]", ["a", HALF]),
    ("custom", {HALF: 1}),
    ("custom.SLOTS", {"SLOTS": 2**64}),
    ("ports[0]", [70000]),
    ("udp_ports[1]", [1, -1]),
    ("eni_task_slots", -1),
    ("ec2_instance_id", HALF),
    ("capacity_provider", HALF),
    ("agent_version", HALF),
    ("status", "x"),
    ("status", HALF),
]


@pytest.mark.parametrize(("path", "value"), OPTIONS)
def test_an_option_of_an_instance_is_named(path: str, value: Any) -> None:
    cluster = small()
    options: dict[str, Any] = {"cpu": 1, "memory_mib": 1}
    options[path.split("[")[0].split(".")[0]] = value
    with pytest.raises(pw.InvalidInputError) as caught:
        cluster.register("new", **options)
    assert caught.value.path == path and caught.value.code
    assert len(cluster) == 6


@pytest.mark.parametrize(
    ("name", "value"),
    [("cpu", True), ("cpu", 1.0), ("cpu", "1"), ("ports", 80), ("ports", "80"), ("custom", [1]), ("status", 3), ("gpus", "a")],
)
def test_an_option_of_another_type_is_a_type_error_with_its_name(name: str, value: Any) -> None:
    options: dict[str, Any] = {"cpu": 1, "memory_mib": 1, name: value}
    with pytest.raises(TypeError, match=name):
        small().register("new", **options)


def test_numbers_of_other_libraries_are_numbers() -> None:
    cluster = small()
    cluster.register("new", cpu=np.int64(7), memory_mib=np.uint8(9), ports=np.array([80]), gpus=("g",))
    described = cluster.remaining.to_dict()
    assert (described["cpu"][-1], described["memory_mib"][-1]) == (7, 9)


CALLS: dict[str, Callable[[pw.Cluster], object]] = {
    "name": lambda cluster: cluster.register(HALF, cpu=1, memory_mib=1),
    "instance": lambda cluster: cluster.instance(HALF),
    "task": lambda cluster: cluster.finish(HALF),
    "group": lambda cluster: cluster.running_tasks_of(HALF),
    "": lambda cluster: cluster.place("web", strategies=f"spread:{HALF}"),
}


@pytest.mark.parametrize("path", CALLS)
def test_half_a_character_is_no_name(path: str) -> None:
    with pytest.raises(pw.InvalidInputError) as caught:
        CALLS[path](small())
    assert (caught.value.path or "") == path and caught.value.code == "json.syntax"


@pytest.mark.parametrize(
    "call",
    [
        lambda cluster: cluster.declare_resource(HALF),
        lambda cluster: cluster.deregister(HALF),
        lambda cluster: cluster.drain(HALF),
        lambda cluster: cluster.set_agent_connected(HALF, True),
        lambda cluster: cluster.put_attributes("i-1", {HALF: "x"}),
        lambda cluster: cluster.query(HALF),
        lambda cluster: cluster.instances.column(HALF),
        lambda cluster: pw.Cluster.from_frame({HALF: [1]}),
        lambda cluster: pw.compile(HALF),
    ],
)
def test_half_a_character_is_refused_with_a_code_everywhere(call: Callable[[pw.Cluster], object]) -> None:
    with pytest.raises(pw.PlacewrightError) as caught:
        call(small())
    assert caught.value.code


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(KeyError, match="did you mean `zone`") as caught:
        small().instances.column("zoned")
    assert isinstance(caught.value, pw.NotFoundError) and caught.value.path == "zoned"


@pytest.mark.parametrize("name", ["count", "group", "seed", "all_or_nothing"])
def test_an_empty_list_is_no_value(name: str) -> None:
    options: dict[str, Any] = {name: []}
    cluster = small()
    for call in (cluster.place, cluster.prepare, cluster.explain):
        with pytest.raises(pw.InvalidInputError):
            call("web", **options)
    assert cluster.running_tasks == 0


def test_no_rules_leave_those_of_the_request() -> None:
    document = {"taskDefinition": "web", "placementConstraints": [{"type": "memberOf", "expression": "attribute:stack == prod"}]}
    placed = small().place(document, count=12, constraints=[], strategies=[]).placements
    assert {int(instance[2:]) % 2 for _, instance in placed} == {1}


def test_a_compiled_expression_is_a_constraint() -> None:
    compiled = pw.compile("attribute:stack == prod")
    several: list[Any] = [compiled, [compiled], [pw.distinct_instance(), compiled]]
    for constraints in several:
        (placement,) = small().place("web", constraints=constraints).placements
        assert placement.instance in ("i-1", "i-3", "i-5")


def test_requests_and_seeds_as_the_types_say() -> None:
    assert small(seed="5").place(bytearray(b'{"taskDefinition": "web", "count": 2}')).placed == 2


def test_warnings_are_bounded_and_a_copy_has_none_read_or_not() -> None:
    cluster = small()
    for number in range(300):
        cluster.place({"taskDefinition": "web", "count": 0, f"odd{number}": 1})
    assert cluster.copy().warnings == [] == pickle.loads(pickle.dumps(cluster)).warnings
    assert len(cluster.warnings) == 100 and cluster.warnings == cluster.warnings
    assert cluster.copy().warnings == []

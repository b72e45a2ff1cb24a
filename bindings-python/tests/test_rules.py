"""The engine against the rules of core/docs/semantics.md, written here in a few naive lines: whatever fits, by every chain."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Optional

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import placewright as pw

ZONES = ("a", "b", "c", None)
STACKS = ("prod", "test", None)


@dataclass
class Naive:
    """An instance as section 1.1 sees it."""

    cpu: int
    memory: int
    zone: Optional[str]
    stack: Optional[str]
    groups: Counter[str] = field(default_factory=Counter)


def choose(instances: list[Naive], task: dict[str, Any]) -> Optional[int]:
    """The instance of the next task: sections 1.1, 3.2, 3.3 and 4.2."""
    # §1.1: an amount fits when demand <= remaining.
    candidates = [n for n, one in enumerate(instances) if task["cpu"] <= one.cpu and task["memory"] <= one.memory]
    # §4.2: all constraints must hold.
    if task["distinct"]:
        candidates = [n for n in candidates if instances[n].groups[task["group"]] == 0]
    if task["stack"] is not None:
        candidates = [n for n in candidates if instances[n].stack == task["stack"]]
    # §3.1: each rule narrows the candidates of the one before.
    for kind, of in task["chain"]:
        if not candidates:
            break
        if kind == "binpack":  # §3.2: the least absolute amount left
            keys = {n: getattr(instances[n], of) for n in candidates}
        elif of == "instanceId":  # §3.2: the instance with the fewest tasks of the group
            keys = {n: instances[n].groups[task["group"]] for n in candidates}
        else:  # §3.2: the group of instances with the fewest; those without the attribute are one group (U-29)
            totals: Counter[Optional[str]] = Counter()
            for one in instances:
                totals[one.zone] += one.groups[task["group"]]
            keys = {n: totals[instances[n].zone] for n in candidates}
        least = min(keys.values())
        candidates = [n for n in candidates if keys[n] == least]
    # §3.3: ties end at the instance registered first.
    return candidates[0] if candidates else None


RULES = st.sampled_from([("binpack", "cpu"), ("binpack", "memory"), ("spread", "zone"), ("spread", "instanceId")])
INSTANCES = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 8), st.sampled_from(ZONES), st.sampled_from(STACKS)), min_size=1, max_size=12
)
TASKS = st.lists(
    st.fixed_dictionaries(
        {
            "cpu": st.integers(0, 4),
            "memory": st.integers(1, 4),
            "group": st.sampled_from(["g", "h"]),
            "distinct": st.booleans(),
            "stack": st.sampled_from([None, None, "prod", "test"]),
            "chain": st.lists(RULES, min_size=1, max_size=3),
            "stop": st.booleans(),
        }
    ),
    min_size=1,
    max_size=14,
)


def rule(kind: str, of: str) -> pw.Strategy:
    return pw.binpack(of) if kind == "binpack" else pw.spread("ecs.availability-zone" if of == "zone" else of)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(instances=INSTANCES, tasks=TASKS, route=st.sampled_from(["scan", "indexed", "auto"]))
def test_the_engine_does_what_the_rules_say(
    instances: list[tuple[int, int, Optional[str], Optional[str]]], tasks: list[dict[str, Any]], route: Any
) -> None:
    cluster = pw.Cluster(route=route)
    naive = []
    # Amounts in steps of 128, as a container has at least 4 MiB.
    for number, (cpu, memory, zone, stack) in enumerate(instances):
        attributes = {"stack": stack} if stack else {}
        cluster.register(f"i-{number}", cpu=cpu * 128, memory_mib=memory * 128, zone=zone, attributes=attributes)
        naive.append(Naive(cpu, memory, zone, stack))
    for task in tasks:
        container = {"name": "app", "cpu": task["cpu"] * 128, "memory": task["memory"] * 128}
        name = cluster.register_task_definition({"family": "t", "containerDefinitions": [container]})
        constraints: list[Any] = [pw.distinct_instance()] if task["distinct"] else []
        if task["stack"] is not None:
            constraints.append(pw.member_of(f"attribute:stack == {task['stack']}"))
        options: dict[str, Any] = {"group": task["group"], "constraints": constraints}
        options["strategies"] = [rule(*each) for each in task["chain"]]
        expected = choose(naive, task)
        explanation = cluster.explain(name, **options)
        result = cluster.place(name, **options)
        found = [placement.instance for placement in result.placements]
        assert found == ([] if expected is None else [f"i-{expected}"])
        assert explanation.winner == (found[0] if found else None)
        if expected is None:
            assert sum(result.reasons.values()) == len(naive) and result.reasons == explanation.reasons
            continue
        if task["stop"]:
            cluster.stop(result.placements[0].task)
            continue
        one = naive[expected]
        one.cpu, one.memory = one.cpu - task["cpu"], one.memory - task["memory"]
        one.groups[task["group"]] += 1
    for number, one in enumerate(naive):
        records = {each["name"]: each for each in cluster.instance(f"i-{number}")["remainingResources"]}
        assert (records["CPU"]["integerValue"], records["MEMORY"]["integerValue"]) == (one.cpu * 128, one.memory * 128)
    for query in ("attribute:stack == prod", "attribute:stack != prod", "attribute:stack exists", "runningTasksCount > 0"):
        expected_ids = [f"i-{number}" for number, one in enumerate(naive) if holds(query, one)]
        assert cluster.query(query) == expected_ids


def holds(query: str, one: Naive) -> bool:
    """Section 5.3: a comparison with an attribute that is absent does not hold, whichever it is."""
    return {
        "attribute:stack == prod": one.stack == "prod",
        "attribute:stack != prod": one.stack not in (None, "prod"),
        "attribute:stack exists": one.stack is not None,
        "runningTasksCount > 0": one.groups.total() > 0,
    }[query]

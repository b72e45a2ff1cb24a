"""The conformance corpus through Python: as text, as dicts, and by this package's own calls, with the digest of the native run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from conftest import CASES, native_digest

import placewright as pw

FILES = sorted(CASES.rglob("*.json"))


@pytest.fixture(scope="module")
def digest() -> str:
    return os.environ.get("PLACEWRIGHT_DIGEST") or native_digest(CASES, "digest")


def is_ordered(file: Path) -> bool:
    return "ordered" in file.relative_to(CASES).parts[:-1]


def test_every_case_passes_as_text_and_replays_alike_as_dict(digest: str) -> None:
    reports = []
    replayed = []
    for file in FILES:
        text = file.read_text()
        report = pw.conformance.check(text, ordered=is_ordered(file))
        assert report["verdict"] != "fail", (file.name, report["reasons"])
        reports.append(report)
        case = json.loads(text)
        document = pw.conformance.replay(case)
        assert document == pw.conformance.replay(text), file.name
        placements = [
            (number, task["containerInstanceArn"])
            for number, step in enumerate(document["steps"])
            for task in step.get("tasks", ())
        ]
        replayed.append({"id": document["id"], "placements": placements})
    assert len(reports) > 300
    assert pw.conformance.digest(reports) == digest
    assert pw.conformance.digest(replayed) == digest


def test_a_sample_of_cases_passes_as_dicts() -> None:
    for file in FILES[::7]:
        report = pw.conformance.check(json.loads(file.read_text()), ordered=is_ordered(file))
        assert report["verdict"] != "fail", (file.name, report["reasons"])


class Run:
    """The steps of a case by the calls of this package."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.cluster = pw.Cluster.from_dict(case)
        self.placed: list[list[tuple[str, str]]] = []
        self.steps: list[int] = []

    def step(self, step: dict[str, Any]) -> str | None:
        """Carries a step out; the code of the error, if there was one."""
        self.placed.append([])
        try:
            self.run(step["op"], step)
        except pw.PlacewrightError as error:
            return error.code
        return None

    def run(self, op: str, step: dict[str, Any]) -> None:
        cluster = self.cluster
        rest = {key: value for key, value in step.items() if key not in ("op", "expect", "requires")}
        calls = {"runTask": cluster.run_task, "startTask": cluster.start_task, "createService": cluster.create_service}
        if op in calls:
            self.placed[-1] += calls[op](step["request"]).placements
        elif op == "stopTask":
            cluster.stop(self.task(step["task"]))
        elif op == "listContainerInstances":
            cluster.list_container_instances(rest)
        elif op == "registerContainerInstance":
            cluster.register_container_instance(without_counts(step["containerInstance"]))
        elif op == "deregisterContainerInstance":
            cluster.deregister(step["containerInstance"], force=step.get("force") or False)
        elif op == "updateContainerInstancesState":
            (cluster.drain if step["status"] == "DRAINING" else cluster.activate)(step["containerInstances"])
        elif op == "putAttributes":
            # One call of ECS may name several instances; ours names one.
            with cluster.transaction():
                for attribute in step["attributes"]:
                    cluster.put_attributes(attribute["targetId"], {attribute["name"]: attribute.get("value")})
        elif op == "deleteAttributes":
            with cluster.transaction():
                for attribute in step["attributes"]:
                    cluster.delete_attributes(attribute["targetId"], [attribute["name"]])
        elif op == "registerTaskDefinition":
            cluster.register_task_definition(step["taskDefinition"])
        elif op == "scaleIn":
            options = {"strategies": rest.get("placementStrategy"), "seed": rest.get("xSeed")}
            cluster.scale_in(rest["group"], rest["count"], **options)
        elif op == "loadText":
            pw.Cluster.from_json(step["text"])
        elif op == "xBegin":
            cluster.begin()
            self.steps.append(len(self.placed) - 1)
        elif op == "xRollback":
            cluster.rollback()
            for placed in self.placed[self.steps.pop() :]:
                placed.clear()
        elif op == "xCommit":
            cluster.commit()
            self.steps.pop()
        elif op == "xSetAgentConnected":
            cluster.set_agent_connected(step["containerInstance"], step["connected"])
        else:
            assert op == "describe", op

    def task(self, task: dict[str, Any]) -> str:
        if "taskArn" in task:
            name: str = task["taskArn"]
            return name
        placed: list[tuple[str, str]] = self.placed[task["step"]]
        if "index" in task:
            return placed[int(task["index"])][0]
        ids = self.cluster.task_ids
        on = self.cluster.instance(task["on"])["containerInstanceArn"]
        return next(name for name, instance in placed if instance == on and name in ids)


def without_counts(instance: dict[str, Any]) -> dict[str, Any]:
    """In a case the listed tasks are all there are."""
    return {key: value for key, value in instance.items() if key not in ("runningTasksCount", "pendingTasksCount")}


SIMPLE = {"taskArn", "index", "on"}


def test_the_calls_of_this_package_answer_as_the_native_ones() -> None:
    ran = 0
    for file in FILES:
        case = json.loads(file.read_text())
        if "$" in file.read_text() or case.get("requires") or any(step.get("requires") for step in case["steps"]):
            continue  # generators, and features that may be missing
        document = pw.conformance.replay(case)
        cluster = dict(case.get("cluster", {}))
        for key in ("xSubnets", "xResources", "taskDefinitions"):
            if key in case:
                cluster.setdefault(key, case[key])
        cluster["containerInstances"] = [without_counts(each) for each in cluster.get("containerInstances", [])]
        run = Run(cluster)
        for number, (step, entry) in enumerate(zip(case["steps"], document["steps"])):
            well_formed = "error" not in entry or step["op"] in ("runTask", "startTask", "createService", "registerTaskDefinition")
            if not well_formed:
                # What is refused has shapes that keyword arguments cannot take; the corpus as dicts covers it.
                run.placed.append([])
                continue
            code = run.step(step)
            assert code == entry.get("error", {}).get("code"), (file.name, number, code)
            expected = [(task["taskArn"], task["containerInstanceArn"]) for task in entry.get("tasks", ())]
            assert entry.get("op") == "xRollback" or run.placed[number] == expected, (file.name, number)
        ran += 1
    assert ran > 150


def test_what_is_no_case_is_refused() -> None:
    bad: Any
    for bad in ("", "[]", "{", {}, [], {"format": "x"}):
        with pytest.raises(ValueError):
            pw.conformance.replay(bad)
        assert pw.conformance.check(bad)["verdict"] == "fail"
    with pytest.raises(ValueError):
        pw.conformance.replay(json.loads(FILES[0].read_text()), route="none")
    with pytest.raises(TypeError):
        pw.conformance.digest(3)  # type: ignore[arg-type]
    with pytest.raises(KeyError):
        pw.conformance.digest([{}])

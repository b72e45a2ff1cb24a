"""Every call that loads, changes or reads a cluster."""

from __future__ import annotations

import copy
import io
import json
import pickle
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SAMPLES, WEB, samples, small

import placewright as pw


def test_a_cluster_comes_from_text_bytes_objects_and_files() -> None:
    text = (SAMPLES / "cluster.json").read_text()
    document = samples()
    clusters = [
        pw.Cluster.from_json(text),
        pw.Cluster.from_json(text.encode()),
        pw.Cluster.from_json(bytearray(text.encode())),
        pw.Cluster.from_dict(document),
        pw.Cluster.from_dict(document["containerInstances"]),
        pw.Cluster.from_json(json.dumps(document["containerInstances"])),
        pw.Cluster.from_files(SAMPLES / "cluster.json"),
        pw.Cluster.from_files(str(SAMPLES / "cluster.json")),
        pw.Cluster.from_files(io.StringIO(text)),
        pw.Cluster.from_files(io.BytesIO(text.encode())),
    ]
    assert {each.to_json() for each in clusters} == {clusters[0].to_json()}
    assert {each.fingerprint() for each in clusters} == {clusters[0].fingerprint()}
    assert len(clusters[0]) == 9


def test_several_files_are_one_cluster(tmp_path: Path) -> None:
    document = samples()
    instances = document["containerInstances"]
    pieces = [tmp_path / "a.json", tmp_path / "b.json"]
    pieces[0].write_text(json.dumps({**document, "containerInstances": instances[:4]}))
    pieces[1].write_text(json.dumps(instances[4:]))
    whole = pw.Cluster.from_files(*pieces)
    assert whole.instance_ids == pw.Cluster.from_dict(document).instance_ids
    assert pw.Cluster.from_files(pieces).to_json() == whole.to_json() == pw.Cluster.from_files([str(piece) for piece in pieces]).to_json()
    instances[5]["status"] = "BUSY"
    pieces[1].write_text(json.dumps(instances[4:]))
    with pytest.raises(pw.InvalidInputError, match=r"b\.json: containerInstances\[1\]\.status"):
        pw.Cluster.from_files(*pieces)
    pieces[1].write_text("{")
    with pytest.raises(pw.InvalidInputError, match=r"b\.json: text ends"):
        pw.Cluster.from_files(*pieces)
    pieces[1].write_text(whole.to_json())
    with pytest.raises(pw.InvalidInputError, match="stands alone"):
        pw.Cluster.from_files(*pieces)
    assert pw.Cluster.from_files(pieces[1]).to_json() == whole.to_json()
    with pytest.raises(FileNotFoundError):
        pw.Cluster.from_files(tmp_path / "none.json")
    with pytest.raises(TypeError):
        pw.Cluster.from_files()
    with pytest.raises(TypeError, match="at least one file"):
        pw.Cluster.from_files([])


def test_files_of_tasks_and_definitions_are_loaded() -> None:
    cluster = pw.Cluster.from_files(
        SAMPLES / "cluster.json",
        tasks=SAMPLES / "tasks.json",
        definitions=[SAMPLES / "web.json", SAMPLES / "static-port.json", SAMPLES / "gpu.json"],
    )
    assert cluster.running_tasks > 0
    assert cluster.task_ids


def test_times_of_boto3_are_read() -> None:
    document = samples()
    document["containerInstances"][0]["registeredAt"] = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    cluster = pw.Cluster.from_dict(document)
    name = cluster.instance_ids[0]
    assert cluster.instance(name)["registeredAt"].startswith("2026-01-02T03:04:05")
    assert cluster.query("registeredAt == 2026-01-02T03:04:05+00:00") == [name]


def test_options_are_checked_by_name_and_value() -> None:
    for options in (
        {"seed": 2**64 - 1, "run_task_default": "registration", "tie_break": "seeded", "route": "indexed"},
        {"strict_network": True, "lenient_fields": True, "release": "last", "host_ports_max": 5},
        {"absent_group": "exclude", "unknown_eni": "zero", "route": "scan"},
    ):
        cluster = small(**options)
        again = pickle.loads(pickle.dumps(cluster))
        assert again.to_json() == cluster.to_json()
        assert again.__reduce__()[1][1] == options.get("route", "auto")
    with pytest.raises(TypeError, match="did you mean `tie_break`"):
        small(tie_brake="seeded")
    with pytest.raises(pw.InvalidInputError, match="`tie_break`") as refused:
        small(tie_break="coin")
    assert refused.value.help == "write `registration` or `seeded`"
    for seed in (-1, 2**64, "x", 1.5, None, True):
        if seed is not None:
            with pytest.raises(ValueError):
                small(seed=seed)
    with pytest.raises(pw.InvalidInputError, match="own options"):
        pw.Cluster.from_json(small().to_json(), seed=1)


def test_an_instance_registers_with_everything() -> None:
    cluster = pw.Cluster()
    cluster.declare_resource("LICENSES")
    cluster.register(
        "i-1",
        cpu=1024,
        memory_mib=2048,
        zone="z",
        attributes={"a": "b", "flag": None},
        gpus=["g0", "g1"],
        custom={"LICENSES": 3},
        ports=[22],
        udp_ports=[53],
        eni_task_slots=2,
        ec2_instance_id="i-0",
        capacity_provider="p",
        agent_version="1.2.3",
        agent_connected=False,
        status="DRAINING",
    )
    cluster.register("i-2", cpu=1, memory_mib=1, attributes=["flag"])
    described = cluster.instance("i-1")
    amounts = {record["name"]: record for record in described["registeredResources"]}
    assert amounts["CPU"]["integerValue"] == 1024 and amounts["LICENSES"]["integerValue"] == 3
    assert amounts["GPU"]["stringSetValue"] == ["g0", "g1"] and amounts["PORTS"]["stringSetValue"] == ["22"]
    assert described["xEniTaskSlots"] == 2 and described["status"] == "DRAINING" and not described["agentConnected"]
    assert cluster.query("attribute:flag exists") == ["i-1", "i-2"]
    assert cluster.custom_resources == ["LICENSES"]
    with pytest.raises(pw.DuplicateError):
        cluster.register("i-1", cpu=1, memory_mib=1)
    bad: Any
    for bad in ({"cpu": -1, "memory_mib": 1}, {"cpu": 1, "memory_mib": 2**40}, {"cpu": 1, "memory_mib": 1, "custom": {"X": 1}}):
        with pytest.raises(pw.PlacewrightError):
            cluster.register("i-3", **bad)
    with pytest.raises(ValueError):
        cluster.register("i-3", cpu=1, memory_mib=1, status="BUSY")
    assert cluster.instance_ids == ["i-1", "i-2"]


def test_ecs_calls_are_the_same_as_in_json(cluster: pw.Cluster) -> None:
    instance = samples()["containerInstances"][0]
    cluster.register_container_instance(instance)
    name = instance["containerInstanceArn"]
    assert name in cluster and name.rsplit("/", 1)[1] in cluster and "none" not in cluster and 3 not in cluster
    cluster.drain(["i-0", "i-1"])
    assert cluster.instance("i-0")["status"] == "DRAINING"
    cluster.activate("i-0")
    assert cluster.instance("i-0")["status"] == "ACTIVE"
    cluster.put_attributes("i-0", {"color": "red", "flag": None})
    assert cluster.query("attribute:color == red and attribute:flag exists") == ["i-0"]
    cluster.delete_attributes("i-0", ["color"])
    assert cluster.query("attribute:color exists") == []
    with pytest.raises(pw.NotFoundError):
        cluster.delete_attributes("i-0", "color")
    with pytest.raises(pw.LimitError):
        cluster.put_attributes("i-0", {f"a{number}": "b" for number in range(11)})
    cluster.set_agent_connected("i-0", False)
    assert "AGENT" in cluster.place("web", count=1000).reasons
    answer = cluster.list_container_instances({"filter": "attribute:stack == prod", "maxResults": 1})
    assert answer == {"containerInstanceArns": ["i-1"], "nextToken": "1"}
    with pytest.raises(pw.ConflictError):
        cluster.deregister("i-5")
    assert cluster.deregister("i-5", force=True)
    assert "i-5" not in cluster


def test_run_task_start_task_and_create_service(cluster: pw.Cluster) -> None:
    result = cluster.run_task({"taskDefinition": "web", "count": 2, "placementStrategy": [{"type": "binpack", "field": "memory"}]})
    assert [placement.instance for placement in result.placements] == ["i-0", "i-0"]
    assert (result.placed, result.rejected, result.reasons) == (2, 0, {})
    result = cluster.start_task('{"taskDefinition": "web", "containerInstances": ["i-3", "none"]}')
    assert (result.placed, result.rejected, result.reasons) == (1, 1, {"MISSING": 1})
    result = cluster.create_service({"serviceName": "s", "taskDefinition": "web", "desiredCount": 3})
    assert result.placed == 3 and cluster.running_tasks_of("service:s") == 3
    with pytest.raises(pw.LimitError):
        cluster.run_task({"taskDefinition": "web", "count": 11})
    with pytest.raises(pw.InvalidInputError, match="No Container Instances"):
        pw.Cluster.from_dict({"containerInstances": [], "taskDefinitions": [WEB]}).run_task({"taskDefinition": "web"})
    assert cluster.scale_in("service:s", 2) and cluster.running_tasks_of("service:s") == 1
    assert cluster.scale_in("service:s", 5, strategies="random", seed=3) and cluster.running_tasks_of("service:s") == 0


def test_tasks_are_stopped_by_id_and_number(cluster: pw.Cluster) -> None:
    result = cluster.place("web", count=3, seed=1)
    first, second, third = (placement.task for placement in result.placements)
    assert cluster.task(first)["containerInstanceArn"] == result.placements[0].instance
    before = cluster.fingerprint()
    with pytest.raises(pw.NotFoundError):
        cluster.stop([first, "none"])
    with pytest.raises(pw.NotFoundError):
        cluster.stop([first, first])
    assert cluster.fingerprint() == before and cluster.running_tasks == 3
    cluster.stop(first)
    cluster.stop((name for name in [second, third]))
    bulk = cluster.place_bulk([cluster.prepare("web")] * 4)
    assert cluster.task(bulk.task[0])["taskArn"] == cluster.task_ids[0]
    assert cluster.task(int(bulk.task[1]))["taskArn"] == cluster.task_ids[1]
    cluster.stop(bulk.task[:2])
    cluster.stop(int(bulk.task[2]))
    cluster.stop(bulk.task[3])
    assert cluster.running_tasks == 0 and cluster.task_ids == []
    for gone in (bulk.task, 0, -1, 2**70, 7, bulk.task[0]):
        with pytest.raises(pw.NotFoundError):
            cluster.stop(gone)
    with pytest.raises(TypeError):
        cluster.stop(1.5)  # type: ignore[arg-type]
    cluster.stop([])


def test_what_is_released_late_is_finished() -> None:
    cluster = small(release="last")
    (placement,) = cluster.place("web").placements
    cluster.stop(placement.task)
    assert cluster.running_tasks == 0 and cluster.task_ids == [placement.task]
    cluster.finish(placement.task)
    assert cluster.task_ids == []
    with pytest.raises(pw.NotFoundError):
        cluster.finish(placement.task)


def test_running_tasks_are_loaded(cluster: pw.Cluster) -> None:
    task = {"taskArn": "t-1", "containerInstanceArn": "i-2", "taskDefinitionArn": "web:1", "lastStatus": "RUNNING"}
    cluster.load_tasks({"tasks": [task]})
    cluster.load_tasks(json.dumps([{**task, "taskArn": "t-2"}]))
    assert cluster.task_ids == ["t-1", "t-2"]
    with pytest.raises(pw.DuplicateError):
        cluster.load_tasks([task])
    with cluster.transaction(), pytest.raises(pw.ConflictError):
        cluster.load_tasks([{**task, "taskArn": "t-3"}])


def test_warnings_and_refused_definitions_are_told() -> None:
    bad = {"family": "bad", "containerDefinitions": []}
    cluster = pw.Cluster.from_dict({**samples(), "taskDefinitions": [bad, WEB]})
    assert [name for name, _ in cluster.refused_definitions] == ["bad:1"]
    cluster.put_attributes(cluster.instance_ids[0], {"ecs.colour": "red"})
    assert any("ecs.colour" in warning for warning in cluster.warnings)
    assert cluster.warnings == cluster.warnings
    assert cluster.memory_usage > 1000
    with pytest.raises(pw.InvalidInputError):
        cluster.place("bad")


def test_a_state_travels_as_text_dict_copy_and_pickle(cluster: pw.Cluster) -> None:
    cluster.place("web", count=5, seed=7)
    twins = [
        pw.Cluster.from_json(cluster.to_json()),
        pw.Cluster.from_dict(cluster.to_dict()),
        cluster.copy(),
        copy.copy(cluster),
        copy.deepcopy(cluster),
        copy.deepcopy([cluster, cluster])[1],
        pickle.loads(pickle.dumps(cluster)),
    ]
    answers = {repr(twin.place("web", count=9, seed=8).placements) for twin in twins}
    assert answers == {repr(cluster.place("web", count=9, seed=8).placements)}
    assert {twin.to_json() for twin in twins} == {cluster.to_json()}
    twins[2].stop(twins[2].task_ids)
    assert cluster.running_tasks == 14


def test_a_copy_has_no_savepoints_and_no_requests(cluster: pw.Cluster) -> None:
    request = cluster.prepare("web", count=2)
    savepoint = cluster.begin()
    cluster.begin()
    request.place()
    twin = cluster.copy()
    assert (cluster.savepoints, twin.savepoints, twin.running_tasks) == (2, 0, 2)
    with pytest.raises(pw.ConflictError):
        twin.rollback()
    with pytest.raises(pw.StaleHandleError):
        twin.rollback(savepoint)
    with pytest.raises(pw.StaleHandleError, match="another cluster"):
        twin.place(request)
    cluster.rollback(savepoint)
    assert (cluster.running_tasks, twin.running_tasks) == (0, 2)


def test_transactions_commit_roll_back_and_nest(cluster: pw.Cluster) -> None:
    before = cluster.fingerprint()
    with pytest.raises(ZeroDivisionError), cluster.transaction() as what_if:
        assert what_if is cluster
        what_if.place("web", count=3)
        what_if.register("i-9", cpu=1, memory_mib=1)
        1 / 0
    assert cluster.fingerprint() == before and "i-9" not in cluster
    with cluster.transaction() as what_if:
        what_if.place("web")
        what_if.rollback()
    assert cluster.fingerprint() == before and cluster.savepoints == 0
    with cluster.transaction():
        cluster.place("web")
        with pytest.raises(KeyboardInterrupt), cluster.transaction():
            cluster.place("web", count=2)
            raise KeyboardInterrupt
        assert cluster.running_tasks == 1
    assert cluster.running_tasks == 1 and cluster.savepoints == 0
    with cluster.transaction():
        cluster.begin()
        cluster.place("web")
    assert cluster.running_tasks == 2 and cluster.savepoints == 0
    transaction = cluster.transaction()
    with transaction, pytest.raises(pw.ConflictError):
        transaction.__enter__()


def test_savepoints_close_in_order(cluster: pw.Cluster) -> None:
    outer = cluster.begin()
    cluster.place("web")
    inner = cluster.begin()
    assert outer.is_open and inner.is_open and "open" in repr(inner)
    cluster.commit(outer)
    assert not outer.is_open and not inner.is_open and "closed" in repr(inner)
    for closed in (outer, inner):
        with pytest.raises(pw.StaleHandleError):
            cluster.rollback(closed)
    with pytest.raises(pw.ConflictError):
        cluster.commit()
    assert cluster.running_tasks == 1


def test_words_for_people(cluster: pw.Cluster) -> None:
    assert repr(cluster) == "<Cluster: 6 instances, 0 tasks>"
    assert repr(cluster.prepare("web", count=3)) == "<Request: 3 of web:1 in family:web>"
    assert repr(cluster.place("web", count=2)) == "<Result: 2 of 2 tasks placed>"
    assert repr(cluster.place_bulk([cluster.prepare("web")])) == "<BulkResult: 1 of 1 requests placed>"
    assert repr(pw.compile("runningTasksCount>1")) == "compile('runningTasksCount>1')"
    assert bool(pw.Cluster()) and len(pw.Cluster()) == 0
    assert isinstance(pw.__version__, str) and np.int32(1) == 1

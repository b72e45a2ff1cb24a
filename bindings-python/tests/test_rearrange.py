"""A cluster packed and rearranged as a set: plans that change nothing until they are applied, and then all of it or nothing."""

from __future__ import annotations

import copy
import json
import pickle
import threading
from typing import Any

import pytest

import placewright as pw


def two() -> pw.Cluster:
    """Two idle instances of 1000 CPU units."""
    cluster = pw.Cluster()
    for name, zone in (("i-1", "a"), ("i-2", "b")):
        cluster.register(name, cpu=1000, memory_mib=4000, zone=zone)
    for family, cpu in (("small", 400), ("large", 1000)):
        cluster.register_task_definition({"family": family, "containerDefinitions": [{"name": "a", "cpu": cpu, "memory": 100}]})
    return cluster


def test_a_set_is_placed_whatever_its_order() -> None:
    orders: list[Any] = [
        [("small", 2), "large"],
        ["large", ("small", 2)],
        [{"taskDefinition": "small", "count": 2}, {"taskDefinition": "large"}],
        ({"taskDefinition": name, "count": count} for name, count in (("large", 1), ("small", 2))),
    ]
    for requests in orders:
        cluster = two()
        before = cluster.fingerprint()
        packing = cluster.pack(requests)
        assert cluster.fingerprint() == before and cluster.warnings == []
        assert packing.optimal and packing.unpacked == [] and packing.value == 2
        assert packing.dimensions[:2] == ["cpu", "memory"] and {one.type for one in packing.bins} == {"i-1", "i-2"}
        twin = cluster.copy()
        result = packing.apply(cluster)
        assert (result.placed, result.rejected) == (3, 0) and cluster.running_tasks == 3
        assert {placement.instance for placement in result.placements} == {"i-1", "i-2"}
        # A pickled one, in a copy of the cluster.
        assert pickle.loads(pickle.dumps(packing)).apply(twin).placements == result.placements
        with pytest.raises(pw.InvalidInputError) as caught:
            packing.apply(twin)
        assert caught.value.path == "bins[0].items[0]" and "RESOURCE" in caught.value.message
        assert twin.running_tasks == 3 and twin.savepoints == 0


def test_a_former_answer_is_where_the_next_begins() -> None:
    cluster = two()
    good = cluster.pack([("small", 2), "large"])
    again = cluster.pack([("small", 2), "large"], start=good, steps=0, seed=4, bound="lp")
    assert again.value == good.value and again.unpacked == []
    with pytest.raises(pw.InvalidInputError) as caught:
        cluster.pack("small", start=[{"type": "i-9", "items": []}])
    assert caught.value.path == "start[0].type"
    with pytest.raises(pw.InvalidInputError) as caught:
        cluster.pack("small", solver="none")
    assert caught.value.path == "options.solver"


def test_one_by_one_the_same_tasks_do_not_fit() -> None:
    cluster = two()
    assert cluster.place("small", count=2, strategies=[pw.spread("instanceId")]).placed == 2
    assert cluster.place("large").placed == 0


def test_what_does_not_fit_is_told_and_the_rest_is_placed() -> None:
    cluster = two()
    packing = cluster.pack([("large", 3)])
    assert packing.bin_count == 2 and [(one.item, one.id, one.count) for one in packing.unpacked] == [(0, "large:1", 1)]
    result = packing.apply(cluster)
    assert (result.placed, result.rejected) == (2, 1)
    assert len(cluster.pack("small").bins) == 0 and cluster.pack({"taskDefinition": "small"}).unpacked[0].count == 1


def test_a_document_gives_what_the_command_would() -> None:
    cluster = two()
    document = {"requests": [{"taskDefinition": "small", "count": 2}, {"taskDefinition": "large"}], "options": {"steps": 1000}}
    answer, again = cluster.pack_json(document), cluster.pack_json(json.dumps(document))
    for one in (answer, again):
        one.pop("milliseconds")
    assert answer == again and answer["value"] == 2 and answer["optimal"]
    with pytest.raises(pw.InvalidInputError) as caught:
        cluster.pack_json({"requests": [], "bins": []})
    assert caught.value.code == "json.unknown_key"
    with pytest.raises(pw.NotFoundError) as missing:
        cluster.pack(["small", "none"])
    assert missing.value.path == "requests[1].taskDefinition"
    with pytest.raises(pw.InvalidInputError) as refused:
        cluster.pack([{"taskDefinition": "small", "placementConstraints": [pw.member_of("runningTasksCount > 1").to_dict()]}])
    assert refused.value.path == "requests[0]"


def test_the_cluster_can_be_used_while_it_is_packed() -> None:
    cluster = two()
    for number in range(60):
        cluster.register(f"j-{number}", cpu=997, memory_mib=4001)
    cluster.register_task_definition({"family": "odd", "containerDefinitions": [{"name": "a", "cpu": 333, "memory": 1357}]})
    seen: list[int] = []

    def use(progress: pw.Progress) -> None:
        seen.append(cluster.place("odd").placed)

    threads = [threading.Thread(target=cluster.pack, args=([("odd", 300)],), kwargs={"steps": 200_000}) for _ in range(4)]
    for thread in threads:
        thread.start()
    packing = cluster.pack([("odd", 300), ("small", 7)], seconds=0.3, progress=use)
    for thread in threads:
        thread.join()
    assert sum(seen) == cluster.running_tasks > 0 and packing.bin_count > 0


# Rearranging.


def spread_thin() -> pw.Cluster:
    """Four instances that run one small task each, and one with two."""
    cluster = pw.Cluster()
    for number in range(5):
        cluster.register(f"i-{number}", cpu=1000, memory_mib=4000, zone="ab"[number % 2])
    cluster.register_task_definition({"family": "small", "containerDefinitions": [{"name": "a", "cpu": 300, "memory": 100}]})
    cluster.load_tasks(
        {
            "tasks": [
                {"taskArn": f"t-{at}", "containerInstanceArn": f"i-{at % 5}", "taskDefinitionArn": "small:1", "group": "service:web"}
                for at in range(6)
            ]
        }
    )
    return cluster


def test_a_plan_empties_instances_and_is_applied_as_a_whole() -> None:
    cluster = spread_thin()
    before = cluster.fingerprint()
    plan = cluster.rearrange(skew_max=None)
    assert cluster.fingerprint() == before and not plan.is_cut_short and plan.goal == "empty" and not plan.stop_first
    assert (plan.before.instances, plan.after.instances) == (5, 2) and len(plan.emptied) == 3
    assert plan.before.cpu_left == 5 * 1000 - 6 * 300 and plan.after.cpu_left == 2 * 1000 - 6 * 300
    assert len(plan) == len(plan.moves) == len(plan.table) and plan.steps > 0
    assert all(move.group == "service:web" and move.definition == "small:1" for move in plan.moves)
    assert plan.table.column_names == list(pw.Move._fields)
    assert plan.table.to_dict()["target"] == [move.target for move in plan.moves]
    assert repr(plan) == f"<Rearrangement: {len(plan)} moves, 5 to 2 instances>" and "emptied" in plan._repr_html_()
    twin = cluster.copy()
    named = plan.apply(cluster)
    on = {task: cluster.task(task)["containerInstanceArn"] for task in named}
    assert list(on.values()) == [move.target for move in plan.moves]
    assert set(cluster.task_ids) & {move.task for move in plan.moves} == set() and cluster.running_tasks == 6
    assert {cluster.task(task)["containerInstanceArn"] for task in cluster.task_ids} & set(plan.emptied) == set()
    again = pickle.loads(pickle.dumps(plan))
    assert again.to_dict() == plan.to_dict() == copy.deepcopy(plan).to_dict() and again.apply(twin) == named
    assert twin.fingerprint() == cluster.fingerprint()
    with pytest.raises(pw.NotFoundError) as caught:
        plan.apply(cluster)
    assert caught.value.path == "moves[0].task" and cluster.savepoints == 0


def test_the_instances_that_moves_touch_are_told_before_and_after() -> None:
    cluster = spread_thin()
    plan = cluster.rearrange(skew_max=None)
    told = plan.occupancy.to_dict()
    assert told["instance"][: len(plan.emptied)] == plan.emptied and sum(told["is_emptied"]) == len(plan.emptied)
    assert set(told["instance"]) == {end for move in plan.moves for end in (move.source, move.target)}
    assert told["zone"] == ["ab"[int(name[-1]) % 2] for name in told["instance"]]
    done = cluster.copy()
    plan.apply(done)
    for moment, when in ((cluster, "before"), (done, "after")):
        rows = moment.instances.to_dict()
        place = [rows["id"].index(name) for name in told["instance"]]
        assert told[f"tasks_{when}"] == [rows["running_tasks"][at] for at in place]
        assert told[f"cpu_{when}"] == [rows["cpu_registered"][at] - rows["cpu_remaining"][at] for at in place]
        assert told[f"memory_mib_{when}"] == [100 * tasks for tasks in told[f"tasks_{when}"]]
    assert [after for after, gone in zip(told["tasks_after"], told["is_emptied"]) if gone] == [0] * len(plan.emptied)
    assert pickle.loads(pickle.dumps(plan)).occupancy.to_dict() == copy.copy(plan).occupancy.to_dict() == told
    nothing = cluster.rearrange(moves=0)
    assert len(nothing.occupancy) == 0 and nothing.occupancy.column_names == plan.occupancy.column_names


def test_a_plan_is_drawn_before_and_after() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    cluster = spread_thin()
    plan = cluster.rearrange(skew_max=None)
    axes = plan.plot(resource="cpu")
    told = plan.occupancy.to_dict()
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [name + ("  emptied" if gone else "") for name, gone in zip(told["instance"], told["is_emptied"])]
    outlines, before, after = ([bar.get_width() for bar in bars] for bars in axes.containers)
    assert (outlines, before, after) == ([1000] * len(labels), told["cpu_before"], told["cpu_after"])
    assert axes.get_legend_handles_labels()[1] == ["before", "after"] and axes.get_legend() is not None
    assert axes.get_xlabel() == "CPU units" and plan.plot().get_xlabel() == "memory, MiB"
    assert plan.plot(instances_max=1, ax=axes) is axes and axes.get_title() == f"1 of {len(labels)} instances that moves touch"
    with pytest.raises(ValueError, match="resource is one of cpu, memory, gpus, not 'disk'"):
        plan.plot(resource="disk")
    cluster.rearrange(moves=0).plot().figure.canvas.draw()
    pyplot.close("all")


def test_options_are_kept_to() -> None:
    cluster = spread_thin()
    assert len(cluster.rearrange(moves=2, skew_max=None)) <= 2
    assert len(cluster.rearrange(moves_per_group=1, skew_max=None)) <= 1
    assert len(cluster.rearrange(pinned=["service:web"])) == len(cluster.rearrange(pinned="service:web")) == 0
    assert cluster.rearrange(stop_first=True, skew_max=None).stop_first
    assert cluster.rearrange(steps=0).is_cut_short
    # No more of a service on an instance than one.
    services = [{"serviceName": "web", "placementConstraints": [pw.distinct_instance().to_dict()]}]
    assert cluster.rearrange(services=services, skew_max=None).after.instances == 5
    plan = cluster.rearrange(goal="spread", group="service:web", attribute="ecs.availability-zone")
    assert plan.goal == "spread" and plan.after.skew_max <= plan.before.skew_max
    document = {"skewMax": None, "moves": 2}
    assert cluster.rearrange_json(document) == cluster.rearrange_json(json.dumps(document)) == (
        cluster.rearrange(moves=2, skew_max=None).to_dict()
    )
    changed = cluster.rearrange(skew_max=None).to_dict()
    changed["moves"].clear()
    assert len(cluster.rearrange(skew_max=None)) > 0


def test_progress_of_planning_is_told_and_may_end_it() -> None:
    cluster = spread_thin()
    heard: list[pw.RearrangeProgress] = []
    plan = cluster.rearrange(skew_max=None, progress=heard.append, seconds=5)
    assert heard and heard[-1].moves <= len(plan) and heard[-1].steps <= plan.steps

    def fail(progress: pw.RearrangeProgress) -> None:
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        cluster.rearrange(skew_max=None, progress=fail)
    assert cluster.savepoints == 0 and cluster.running_tasks == 6
    tqdm = pytest.importorskip("tqdm").tqdm
    with tqdm(disable=None) as bar:
        cluster.rearrange(skew_max=None, progress=bar)


@pytest.mark.parametrize(
    ("options", "error", "path"),
    [
        ({"goal": "best"}, pw.InvalidInputError, "goal"),
        ({"group": "g"}, pw.InvalidInputError, "group"),
        ({"moves": -1}, pw.InvalidInputError, "moves"),
        ({"steps": 2**64}, pw.InvalidInputError, "steps"),
        ({"seconds": -1}, pw.InvalidInputError, "seconds"),
        ({"services": [{}]}, pw.InvalidInputError, "services[0]"),
        ({"pinned": [3]}, pw.InvalidInputError, "pinned[0]"),
    ],
)
def test_a_fault_names_its_place(options: dict[str, Any], error: type[pw.PlacewrightError], path: str) -> None:
    with pytest.raises(error) as caught:
        spread_thin().rearrange(**options)
    assert caught.value.path == path, str(caught.value)

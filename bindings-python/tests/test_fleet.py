"""Fleets: what to buy, what it costs, and what else would cost."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest

import placewright as pw

MIX = [pw.Item("web", {"cpu": 1000, "memory": 2048}, count=6), pw.Item("db", {"cpu": 2000, "memory": 12000}, count=2)]
SHAPES: dict[str, Any] = {
    "id": ["m.large", "m.xlarge", "r.large", "c.large"],
    "cpu": [2000, 4000, 2000, 2000],
    "memory": [8192, 16384, 16384, 4096],
    "price": [0.096, 0.192, 0.126, 0.085],
    "market": ["on-demand", "on-demand", "on-demand", "spot"],
}
FEW: dict[str, Any] = {"steps": 100_000}


def test_a_plan_is_cheaper_than_any_single_type_and_says_how_good_it_is() -> None:
    plan = pw.fleet(MIX, SHAPES, **FEW)
    # A database and two of `web` fill an m.xlarge, and the last two a c.large.
    assert plan.cost == plan.value == pytest.approx(2 * 0.192 + 0.085) and plan.lower_bound <= plan.cost
    assert plan.purchases == {"m.xlarge": 2, "c.large": 1} and plan.unpacked == []
    [single] = plan.alternatives
    assert single.name == "single-type" and single.cost >= plan.cost and single.missing == 0
    cpu, memory = plan.rooms
    assert (cpu.dimension, cpu.used, cpu.capacity, cpu.left) == ("cpu", 10000, 10000, 0)
    assert memory.used == 6 * 2048 + 2 * 12000 and memory.left == memory.capacity - memory.used >= memory.stranded
    assert {one.offer for one in plan.bins} == {"c.large", "m.xlarge"} and {one.zone for one in plan.bins} == {None}
    assert plan.bin_table.column_names[:5] == ["type", "count", "cost_each", "offer", "zone"]
    assert plan.changes == [] and plan.zones == [] and not plan.is_short_of_zones
    assert repr(plan).startswith("<FleetPlan: 3 bins, cost 0.469")
    html = plan._repr_html_()
    assert "single-type" in html and "c.large" in html and "<svg" in html
    told = plan.history.to_dict()
    assert told["value"][-1] == plan.cost and all(bound <= plan.cost for bound in told["lower_bound"])


def test_everything_a_plan_is_asked_for_holds() -> None:
    plan = pw.fleet(
        MIX,
        SHAPES,
        attributes=["market"],
        headroom_percent=10,
        daemon={"memory": 100},
        zones=["a", "b"],
        zones_min=2,
        only="attribute:market == on-demand",
        current={"m.xlarge": 4},
        running=[pw.Bin("i-1", {"cpu": 1000, "memory": 3000}, attributes={"ecs.availability-zone": "a"})],
        seed=1,
        bound="lp",
        **FEW,
    )
    assert plan.zones == ["a", "b"] and "c.large" not in plan.purchases and plan.unpacked == []
    running = [one for one in plan.bins if one.offer is None]
    assert [(one.type, one.cost, one.zone) for one in running] == [("i-1", 0.0, "a")]
    kinds = plan.bin_table.to_dict()
    for offer, cpu, memory in zip(kinds["offer"], kinds["cpu_capacity"], kinds["memory_capacity"]):
        at = SHAPES["id"].index(offer) if offer else None
        if at is not None:
            assert cpu == SHAPES["cpu"][at] * 9 // 10 and memory == SHAPES["memory"][at] - -(-SHAPES["memory"][at] // 10) - 100
    assert [one.name for one in plan.alternatives if one.name == "current"] == ["current"]
    assert ("m.xlarge", 4) in [(change.type, change.before) for change in plan.changes]
    assert "today" in plan._repr_html_()
    as_list = pw.fleet(MIX, SHAPES, daemon=[0, 100], only=pw.compile("attribute:market == spot"), attributes={"market": "market"}, **FEW)
    assert set(as_list.purchases) == {"c.large"} and [one.id for one in as_list.unpacked] == ["db"]


def test_a_document_gives_what_the_command_writes() -> None:
    document: dict[str, Any] = {
        "dimensions": ["cpu", "memory"],
        "items": [{"id": "web", "demand": [1000, 2048], "count": 6}],
        "catalogue": [{"id": "a", "capacity": [2000, 8192], "cost": 0.096}],
        "options": {"steps": 1000},
    }
    answer = pw.fleet_json(document)
    assert answer["cost"] == 0.288 and answer["bins"][0]["offer"] == "a"
    offers = document.pop("catalogue")
    plan = pw.fleet(document["items"], offers, dimensions=["cpu", "memory"], steps=1000)
    for given in (offers, json.dumps(offers)):
        again = pw.fleet_json(json.dumps(document), catalogue=given)
        for timed in (again, answer):
            timed.pop("milliseconds", None)
        assert again == answer
    mine = plan.to_dict()
    del mine["milliseconds"]
    assert mine == answer
    assert pw.fleet_json(document, catalogue=offers, only="attribute:x exists")["unpacked"][0]["id"] == "web"


@pytest.mark.parametrize("library", ["polars", "pandas", "pyarrow"])
def test_catalogues_come_as_frames(library: str) -> None:
    module = pytest.importorskip(library)
    make = module.table if library == "pyarrow" else module.DataFrame
    items = {"name": ["web", "db"], "cpu": [1000, 2000], "memory": [2048, 12000], "count": [6, 2]}
    plan = pw.fleet(make(items), make(SHAPES), attributes=True, **FEW)
    assert plan.purchases == {"m.xlarge": 2, "c.large": 1} and plan.dimensions == ["cpu", "memory"]


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"headroom_percent": 100}, "fleet.headroomPercent"),
        ({"headroom_percent": -1}, "fleet.headroomPercent"),
        ({"zones": ["a", "a"]}, "fleet.zones"),
        ({"zones": ["a"], "zones_min": 2}, "fleet.zonesMin"),
        ({"current": {"none": 3}}, "fleet.current[0]"),
        ({"daemon": {"disk": 1}}, "fleet.daemon"),
        ({"daemon": [1]}, "fleet.daemon"),
        ({"only": "attribute:"}, None),
        ({"running": [{"id": "x"}]}, "bins[0]"),
    ],
)
def test_a_fault_names_its_place(options: dict[str, Any], path: str) -> None:
    with pytest.raises(pw.InvalidInputError) as caught:
        pw.fleet(MIX, SHAPES, **options)
    assert caught.value.path == path, str(caught.value)


def test_a_fault_of_a_catalogue_names_its_cell() -> None:
    with pytest.raises(pw.InvalidInputError) as caught:
        pw.fleet(MIX, {**SHAPES, "price": [0.1, 0.2, -0.3, 0.4]})
    assert caught.value.path == "catalogue.price[2]"
    with pytest.raises(pw.InvalidInputError) as caught:
        pw.fleet(MIX, [pw.Bin("a", [1, 2], 1), pw.Bin("b", [1], 1)])
    assert caught.value.path == "catalogue[1].capacity"
    with pytest.raises(TypeError):
        pw.fleet(MIX, 10)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="`catalogue`: expected a frame, or a list of objects or numbers, got `str`"):
        pw.fleet(MIX, "types.csv")  # type: ignore[arg-type]


def test_no_offer_of_a_list_is_without_a_price() -> None:
    offers: list[Any] = [{"id": "a", "capacity": [4000, 16384], "cost": 0.1}, {"id": "b", "capacity": [4000, 16384]}]
    rows: list[Any] = [pw.Bin("a", [4000, 16384], 0.1), pw.Bin("b", [4000, 16384])]
    for given in (offers, rows):
        with pytest.raises(pw.InvalidInputError, match="offer `b` has no price") as caught:
            pw.fleet(MIX, given, **FEW)
        assert caught.value.path == "catalogue[1]" and caught.value.code == "json.missing"
    document = {"dimensions": ["cpu"], "items": [{"demand": [1]}]}
    for beside in (None, [{"id": "c", "capacity": [2]}]):
        within = {"catalogue": [{"id": "c", "capacity": [2]}]} if beside is None else {}
        with pytest.raises(pw.InvalidInputError, match="offer `c` has no price"):
            pw.fleet_json({**document, **within}, catalogue=beside)


def test_no_offer_of_a_frame_is_without_a_price() -> None:
    offers = {key: values for key, values in SHAPES.items() if key != "price"}
    with pytest.raises(pw.InvalidInputError, match="the frame has no column `cost` or `price`") as caught:
        pw.fleet(MIX, {**offers, "usd": SHAPES["price"]}, **FEW)
    assert caught.value.path == "catalogue" and "`usd`" in (caught.value.help or "")
    pandas = pytest.importorskip("pandas")
    for gap in (None, float("nan")):
        for made in (dict, pandas.DataFrame):
            with pytest.raises(pw.InvalidInputError, match="has no value in row 1") as caught:
                pw.fleet(MIX, made({**offers, "price": [0.1, gap, 0.2, 0.3]}), **FEW)
            assert caught.value.path == "catalogue.price[1]"
    # What runs already costs nothing without being said.
    running = {"id": ["i-1"], "cpu": [4000], "memory": [16384]}
    assert pw.fleet(MIX, SHAPES, running=running, **FEW).cost < pw.fleet(MIX, SHAPES, **FEW).cost


def test_frames_without_a_name_in_common_are_told_of() -> None:
    with pytest.raises(TypeError, match="items: `cpu`, `memory`; catalogue: `vcpu`, `mib`"):
        pw.fleet(
            {"id": ["web"], "cpu": [1], "memory": [2]}, {"id": ["a"], "vcpu": [1], "mib": [2], "price": [0.1]}
        )  # fmt: skip


@pytest.mark.parametrize("attributes", [True, ["vcpu"], {"vcpu": "vcpu"}])
def test_integers_of_a_frame_are_attributes_too(attributes: Any) -> None:
    pandas = pytest.importorskip("pandas")
    offers = {**SHAPES, "vcpu": [2, 4, 2, 2], "ghz": [3.1, 3.1, 3.1, 3.6]}
    for made in (dict, pandas.DataFrame):
        plan = pw.fleet(MIX, made(offers), dimensions=["cpu", "memory"], attributes=attributes, only="attribute:vcpu == 4", **FEW)
        assert plan.unpacked == [] and set(plan.purchases) == {"m.xlarge"}


def test_a_plan_is_a_value_and_can_be_drawn() -> None:
    plan = pw.fleet(MIX, SHAPES, zones=["a", "b"], current={"m.large": 9}, **FEW)
    for again in (pickle.loads(pickle.dumps(plan)), copy.deepcopy(plan)):
        assert isinstance(again, pw.FleetPlan) and again.to_dict() == plan.to_dict()
        assert (again.alternatives, again.rooms, again.changes, again.zones) == (
            plan.alternatives, plan.rooms, plan.changes, plan.zones,
        )  # fmt: skip
    pyplot = pytest.importorskip("matplotlib.pyplot")
    assert plan.plot(dimension="memory").get_xlabel() == "memory"
    plan.plot_progress()
    pyplot.close("all")


def test_one_text_is_not_taken_for_its_letters() -> None:
    assert pw.fleet(MIX, SHAPES, zones="ab", **FEW).zones == ["ab"]
    apart = pw.GroupRule("web", apart_from="db")
    assert apart.to_dict() == pw.GroupRule("web", apart_from=["db"]).to_dict()


def test_every_colour_of_a_plot_is_told() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    mix = [pw.Item(f"k{number:02}", {"cpu": 100, "memory": 100}) for number in range(12)]
    axes = pw.fleet(mix, SHAPES, **FEW).plot()
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [*(f"k{number:02}" for number in range(10)), "2 others"]
    assert sum(bar.get_width() for bars in axes.containers[1:] for bar in bars) == 1200
    pyplot.close("all")

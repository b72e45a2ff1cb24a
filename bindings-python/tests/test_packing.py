"""Packing: every shape of items and bins, what an answer tells, and that nothing is believed.

The naive packer below is too simple to be wrong: it tries every way.
"""

from __future__ import annotations

import copy
import json
import math
import pickle
import threading
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import placewright as pw

FEW: dict[str, Any] = {"steps": 20_000}


def cheapest(items: tuple[int, ...], bins: tuple[tuple[int, int], ...]) -> int:
    """The least cost of bins, of (capacity, cost) and without limits, that hold items of one dimension; by trying every way."""

    @lru_cache(maxsize=None)
    def least(left: tuple[int, ...]) -> int:
        if not left:
            return 0
        first, rest = left[0], left[1:]
        found = 10**9
        # The first item is in some bin, with some of the others.
        for chosen in range(1 << len(rest)):
            size = first + sum(size for at, size in enumerate(rest) if chosen >> at & 1)
            costs = [cost for capacity, cost in bins if capacity >= size]
            if costs:
                others = tuple(size for at, size in enumerate(rest) if not chosen >> at & 1)
                found = min(found, min(costs) + least(others))
        return found

    return least(tuple(sorted(items)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=7),
    st.lists(st.tuples(st.integers(12, 20), st.integers(1, 5)), min_size=1, max_size=3),
    st.sampled_from(["auto", "first-fit", "best-fit", "dot-product", "l2", "local-search"]),
)
def test_value_and_bound_stand_on_either_side_of_the_best(
    items: list[int], types: list[tuple[int, int]], solver: str
) -> None:
    best = cheapest(tuple(items), tuple(types))
    bins = [pw.Bin(f"t{at}", [capacity], cost) for at, (capacity, cost) in enumerate(types)]
    packing = pw.pack(items, bins, solver=solver, **FEW)
    assert packing.lower_bound <= best <= packing.value
    assert not packing.optimal or packing.value == best
    checked(packing, items, {f"t{at}": capacity for at, (capacity, _) in enumerate(types)})
    shuffled = pw.pack(items[::-1], bins, solver=solver, **FEW)
    assert (shuffled.value, shuffled.lower_bound) == (packing.value, packing.lower_bound)


def checked(packing: pw.Packing, items: list[int], capacities: dict[str, int]) -> None:
    """Every item is in a bin once, and none is too full."""
    left = [1] * len(items)
    for bins in packing.bins:
        assert sum(items[item] * number for item, number in bins.items) <= capacities[bins.type]
        for item, number in bins.items:
            left[item] -= number * bins.count
    assert left == [0] * len(items) and packing.unpacked == []


ITEMS: list[dict[str, Any]] = [
    {"id": "web", "demand": [512, 1024], "count": 40, "group": "web", "memberOf": ["attribute:arch == arm64"]},
    {"id": "edge", "demand": [256, 256], "count": 3, "distinctInstance": True, "tcpPorts": [443]},
    {"id": "huge", "demand": [10**6, 1], "count": 2},
]
BINS: list[dict[str, Any]] = [
    {"id": "m7g.large", "capacity": [2048, 8192], "cost": 0.0816, "attributes": {"arch": "arm64"}},
    {"id": "m7i.large", "capacity": [2048, 8192], "cost": 0.1008, "attributes": {"arch": "x86_64"}, "limit": 50},
]
DOCUMENT: dict[str, Any] = {"dimensions": ["cpu", "memory"], "items": ITEMS, "bins": BINS, "options": {"steps": 20_000}}


def without_time(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key != "milliseconds"}


def test_a_document_gives_what_the_command_writes() -> None:
    answer = pw.pack_json(DOCUMENT)
    assert list(answer) == [
        "value", "lowerBound", "boundName", "gap", "optimal", "solver", "steps", "milliseconds", "bins", "unpacked",
    ]  # fmt: skip
    text = json.dumps(DOCUMENT)
    for same in (text, text.encode(), bytearray(text.encode())):
        assert without_time(pw.pack_json(same)) == without_time(answer)
    packing = pw.pack(ITEMS, BINS, dimensions=["cpu", "memory"], steps=20_000)
    assert without_time(packing.to_dict()) == without_time(answer) == without_time(json.loads(packing.to_json()))
    # 40 halves and 3 quarters of a thousand CPU units, in bins of two thousand at 0.0816.
    assert answer["value"] == pytest.approx(11 * 0.0816) and answer["optimal"]
    assert [(one["id"], one["count"]) for one in answer["unpacked"]] == [("huge", 2)]


def test_an_answer_tells_itself_in_values_and_columns() -> None:
    packing = pw.pack(ITEMS, BINS, dimensions=["cpu", "memory"], steps=20_000)
    answer = packing.to_dict()
    for name, key in [("value", "value"), ("lower_bound", "lowerBound"), ("bound_name", "boundName"), ("gap", "gap"),
                      ("optimal", "optimal"), ("solver", "solver"), ("steps", "steps")]:  # fmt: skip
        assert getattr(packing, name) == answer[key]
    assert packing.seconds == answer["milliseconds"] / 1000 and packing.dimensions == ["cpu", "memory"]
    assert packing.bin_count == len(packing) == sum(one["count"] for one in answer["bins"]) == 11
    assert [(one.type, one.count, [list(item) for item in one.items]) for one in packing.bins] == [
        (one["type"], one["count"], one["items"]) for one in answer["bins"]
    ]
    assert {one.cost for one in packing.bins} == {0.0816} and packing.bins[0].offer is None
    [left] = packing.unpacked
    assert (left.item, left.id, left.count) == (2, "huge", 2) and "cpu" in left.reason
    rows, kinds = packing.table.to_dict(), packing.bin_table.to_dict()
    packed = {"web": 0, "edge": 0}
    used = [0] * len(packing.bin_table)
    for at, pattern in enumerate(rows["pattern"]):
        packed[rows["id"][at]] += rows["count"][at] * rows["number"][at]
        used[pattern] += rows["number"][at] * rows["cpu_each"][at]
        assert rows["type"][at] == kinds["type"][pattern] and rows["count"][at] == kinds["count"][pattern]
    assert packed == {"web": 40, "edge": 3} and used == kinds["cpu_used"]
    assert kinds["cpu_capacity"] == [2048] * len(kinds["type"])
    told = packing.history.to_dict()
    assert told["value"][-1] == packing.value and told["lower_bound"][-1] == packing.lower_bound
    assert told["seconds"] == sorted(told["seconds"]) and told["missing"][-1] == 0
    assert repr(packing) == "<Packing: 11 bins, cost 0.8976, optimal, 2 not packed>" and bool(packing)
    html = packing._repr_html_()
    assert "<svg" in html and "proven optimal" in html and "huge" in html


def test_an_empty_set_is_packed_into_nothing() -> None:
    for packing in (pw.pack([], 10), pw.pack([], []), pw.pack({"id": [], "cpu": []}, {"id": [], "cpu": []}, dimensions=["cpu"])):
        assert (packing.value, packing.bin_count, packing.optimal, packing.bins) == (0, 0, True, [])
        assert bool(packing) and "<div>" in packing._repr_html_() and len(packing.table) == 0


def test_plain_numbers_are_items_of_one_dimension() -> None:
    many: list[Any] = [[3, 7, 5, 5, 2, 8], (3, 7, 5, 5, 2, 8), np.array([3, 7, 5, 5, 2, 8], np.int16), iter([3, 7, 5, 5, 2, 8])]
    for items in many:
        packing = pw.pack(items, 10)
        assert (packing.value, packing.optimal, packing.dimensions) == (3, True, ["size"])
        checked(packing, [3, 7, 5, 5, 2, 8], {"bin": 10})
    assert pw.pack([4, 4], np.int64(8)).value == 1


def test_objects_and_dicts_say_the_same() -> None:
    items = [
        pw.Item("web", {"memory": 1024, "cpu": 512}, 40, "web", pw.compile("attribute:arch == arm64")),
        pw.Item("edge", [256, 256], 3, distinct_instance=True, tcp_ports=[443]),
        pw.Item("huge", {"cpu": 10**6, "memory": 1}, count=2),
    ]
    bins = [
        pw.Bin("m7g.large", {"cpu": 2048, "memory": 8192}, 0.0816, attributes={"arch": "arm64"}),
        pw.Bin("m7i.large", [2048, 8192], 0.1008, 50, {"arch": "x86_64"}),
    ]
    expected = without_time(pw.pack(ITEMS, BINS, dimensions=["cpu", "memory"], **FEW).to_dict())
    assert without_time(pw.pack(items, bins, dimensions=["cpu", "memory"], **FEW).to_dict()) == expected
    several = pw.Item("a", [1], member_of=["attribute:a exists", pw.compile("attribute:b exists")])
    assert several.to_dict()["memberOf"] == ["attribute:a exists", "attribute:b exists"]
    assert pw.Item("a", [1], count=0).to_dict()["count"] == 0 and pw.Bin("b", [1], cost=0).to_dict()["cost"] == 0


def test_rules_of_groups_hold() -> None:
    bins = [pw.Bin(zone, [10], 1, attributes={"ecs.availability-zone": zone}) for zone in "ab"]
    rules: list[Any] = [pw.GroupRule("web", spread="ecs.availability-zone", apart_from=["db"], per_bin_max=2)]
    items = [pw.Item("web", [1], 6, group="web"), pw.Item("db", [1], group="db")]
    packing = pw.pack(items, bins, groups=rules, **FEW)
    # Three of each zone, two in a bin, and one bin for what keeps apart.
    assert packing.value == 5
    by_zone = {"a": 0, "b": 0}
    for one in packing.bins:
        by_zone[one.type] += one.count * sum(number for item, number in one.items if item == 0)
    assert by_zone == {"a": 3, "b": 3}
    as_dict = pw.pack(items, bins, groups=[rule.to_dict() for rule in rules], **FEW)
    assert as_dict.value == 5


# Frames.

FRAME: dict[str, Any] = {
    "name": ["web", "edge", "huge"],
    "cpu": [512, 256, 10**6],
    "memory": [1024, 256, 1],
    "count": [40, 3, 2],
    "member_of": ["attribute:arch == arm64", None, None],
    "distinct_instance": [False, True, None],
    "group": ["web", None, None],
}
OFFERS: dict[str, Any] = {
    "id": ["m7g.large", "m7i.large"],
    "cpu": [2048, 2048],
    "memory": [8192, 8192],
    "price": [0.0816, 0.1008],
    "limit": [None, 50],
    "arch": ["arm64", "x86_64"],
}


def of_polars(columns: dict[str, Any]) -> Any:
    return pytest.importorskip("polars").DataFrame(columns)


def of_pandas(columns: dict[str, Any]) -> Any:
    return pytest.importorskip("pandas").DataFrame(columns)


def of_pyarrow(columns: dict[str, Any]) -> Any:
    return pytest.importorskip("pyarrow").table(columns)


@pytest.mark.parametrize("made", [dict, of_polars, of_pandas, of_pyarrow])
def test_frames_are_read_as_lists_are(made: Callable[[dict[str, Any]], Any]) -> None:
    frame = {**FRAME, "tcp_ports": [[], [443], []]}
    expected = without_time(pw.pack(ITEMS, BINS, dimensions=["cpu", "memory"], **FEW).to_dict())
    many: list[Any] = [["arch"], {"arch": "arch"}, True]
    for attributes in many:
        packing = pw.pack(made(frame), made(OFFERS), attributes=attributes, **FEW)
        assert packing.dimensions == ["cpu", "memory"]
        assert without_time(packing.to_dict()) == expected
    # Without attributes, no bin is of that kind.
    assert pw.pack(made(frame), made(OFFERS), **FEW).unpacked[0].id == "web"
    only = pw.pack(made(frame), made(OFFERS), dimensions=["memory"], attributes=True, **FEW)
    assert only.dimensions == ["memory"] and [one.id for one in only.unpacked] == []


@pytest.mark.parametrize("made", [of_polars, of_pandas, of_pyarrow])
def test_what_is_given_can_be_read(made: Callable[[dict[str, Any]], Any]) -> None:
    packing = pw.pack(made(FRAME), made(OFFERS), attributes=True, **FEW)
    polars, pandas, pyarrow = (pytest.importorskip(name) for name in ("polars", "pandas", "pyarrow"))
    for table in (packing.table, packing.bin_table, packing.unpacked_table, packing.history):
        assert polars.DataFrame(table).height == len(table) == pyarrow.table(table).num_rows == len(pandas.DataFrame.from_arrow(table))
    assert polars.DataFrame(packing.history)["value"].dtype == polars.Float64
    costs = packing.bin_table.column("cost_each")
    assert costs.dtype == np.float64 and not costs.flags.writeable and costs[0] == 0.0816


def test_prices_of_any_kind_of_number_are_the_decimals_they_stand_for() -> None:
    polars, pyarrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    prices: list[Any] = [
        polars.Series([0.0816, 0.1008], dtype=polars.Float32),
        polars.Series([Decimal("0.0816"), Decimal("0.1008")]),
        polars.Series([0.0816, 0.1008]),
    ]
    for price in prices:
        offers = polars.DataFrame(OFFERS).with_columns(price=price)
        assert pw.pack(of_polars(FRAME), offers, attributes=True, **FEW).bin_table.column("cost_each")[0] == 0.0816
    offers = {**OFFERS, "price": [Decimal("0.0816"), Decimal("0.1008")]}
    assert pw.pack(FRAME, offers, attributes=True, **FEW).value == pytest.approx(11 * 0.0816)
    whole = pyarrow.table({**OFFERS, "price": [1, 2]})
    assert pw.pack(FRAME, whole, attributes=True, **FEW).value == 11


# Faults.


@pytest.mark.parametrize(
    ("items", "bins", "path"),
    [
        ([1, -1], 10, "items[1].demand[0]"),
        ([1, 2**63], 10, "items[1].demand[0]"),
        ([1, 2.5], 10, "items[1].demand[0]"),
        ([1, math.nan], 10, "items[1]"),
        ([1], -10, "bins[0].capacity[0]"),
        ([pw.Item("a", [1]), pw.Item("b", [1, 2])], 10, "items[1].demand"),
        ([pw.Item("a", [1], count=-1)], 10, "items[0].count"),
        ([{"id": "a", "demnd": [1]}], 10, "items[0]"),
        ([pw.Item("a", {"cpu": 1}), pw.Item("b", {"ram": 1})], [{"id": "x", "capacity": {"cpu": 1, "gpu": 1, "disk": "much"}}], "bins[0].capacity[3]"),
        ([1], [pw.Bin("x", [5], cost=-1)], "bins[0].cost"),
        ([1], [pw.Bin("x", [5], cost=0.1234567)], "bins[0].cost"),
        ([1], [pw.Bin("x", [5], cost=math.nan)], "bins[0].cost"),
        ([1], [pw.Bin("x", [5], cost=math.inf)], "bins[0].cost"),
        ([1], [pw.Bin("x", [5]), pw.Bin("x", [6])], "bins[1].id"),
        ([pw.Item("a", [1], member_of="attribute:")], 10, "items[0].memberOf[0]"),
        ({"cpu": [1, -1]}, {"id": ["x"], "cpu": [4]}, "items.cpu[1]"),
        ({"cpu": [1, None]}, {"id": ["x"], "cpu": [4]}, "items.cpu[1]"),
        ({"cpu": [1, 2]}, {"id": ["x"], "cpu": [4], "price": [-0.5]}, "bins.price[0]"),
        ({"cpu": [1, 2]}, {"id": ["x"], "cpu": [4], "price": ["dear"]}, "bins.price[0]"),
        ({"cpu": [1, 2]}, {"id": ["x"], "cpu": [4], "limit": [2.5]}, "bins.limit[0]"),
        ({"cpu": [1, 2], "count": [1, 2**40]}, {"id": ["x"], "cpu": [4]}, "items.count[1]"),
        ({"cpu": [1, 2], "member_of": [None, "attribute:"]}, {"id": ["x"], "cpu": [4]}, "items.member_of[1]"),
    ],
)  # fmt: skip
def test_a_fault_names_its_place(items: Any, bins: Any, path: str) -> None:
    with pytest.raises(pw.PlacewrightError) as caught:
        pw.pack(items, bins)
    assert caught.value.path == path, str(caught.value)
    assert caught.value.code and caught.value.message


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"solver": "best"}, "options.solver"),
        ({"bound": "low"}, "options.bound"),
        ({"seed": -1}, "options.seed"),
        ({"steps": -1}, "options.steps"),
        ({"steps": 1.5}, "options.steps"),
        ({"seconds": -1}, "seconds"),
        ({"seconds": math.nan}, "seconds"),
        ({"seconds": math.inf}, "seconds"),
        ({"groups": [{"grp": "a"}]}, "groups[0]"),
        ({"start": [{"type": "none", "items": []}]}, "start[0].type"),
        ({"start": [{"type": "bin", "items": [[9, 1]]}]}, "start[0].items[0]"),
    ],
)
def test_a_fault_of_an_option_names_it(options: dict[str, Any], path: str) -> None:
    with pytest.raises(pw.InvalidInputError) as caught:
        pw.pack([1, 2], 10, **options)
    assert caught.value.path == path, str(caught.value)


@pytest.mark.parametrize(
    ("items", "bins", "options"),
    [
        (3, 10, {}),
        ("abc", 10, {}),
        (None, 10, {}),
        ([1], None, {}),
        ([1], "abc", {}),
        ([1], True, {}),
        ([1], 10, {"dimensions": "cpu"}),
        ([1], 10, {"dimensions": [1]}),
        ([1], 10, {"attributes": ["a"]}),
        ({"a": [1]}, {"b": [2]}, {}),
        ([1], 10, {"seconds": "1"}),
        ([1], 10, {"progress": 3}),
    ],
)
def test_a_wrong_type_is_a_type_error(items: Any, bins: Any, options: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        pw.pack(items, bins, **options)


def test_a_faulty_document_shows_its_place() -> None:
    with pytest.raises(pw.InvalidInputError) as caught:
        pw.pack_json('{"dimensions": ["cpu"], "items": [}')
    assert caught.value.span == (34, 35) and "^" in str(caught.value)
    with pytest.raises(pw.InvalidInputError) as caught:
        pw.pack_json({**DOCUMENT, "itms": []})
    assert caught.value.help == "did you mean `items`?"
    for bad in (3, None, [], [DOCUMENT]):
        with pytest.raises(pw.PlacewrightError):
            pw.pack_json(bad)  # type: ignore[arg-type]


# Budgets, progress, what was found before.


def hard(number: int = 300) -> list[pw.Item]:
    """Items of two dimensions that no bound closes on."""
    draw = np.random.default_rng(7)
    return [pw.Item(f"i{at}", [int(a), int(b)]) for at, (a, b) in enumerate(draw.integers(150, 400, (number, 2)))]


def test_the_same_steps_give_the_same_answer_wherever_it_is_worked_out() -> None:
    items = hard()
    first = without_time(pw.pack(items, [pw.Bin("x", [1000, 1000])], steps=300_000, seed=3).to_dict())
    answers: list[Any] = [None] * 4

    def work(at: int) -> None:
        answers[at] = without_time(pw.pack(items, [pw.Bin("x", [1000, 1000])], steps=300_000, seed=3).to_dict())

    threads = [threading.Thread(target=work, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [first] * 4 and first["steps"] >= 300_000


def test_time_is_kept_to_and_used() -> None:
    packing = pw.pack(hard(), [pw.Bin("x", [1000, 1000])], seconds=0.5)
    assert packing.optimal or 0.5 <= packing.seconds < 3


def test_progress_is_told_and_may_end_it() -> None:
    heard: list[pw.Progress] = []
    packing = pw.pack(hard(), [pw.Bin("x", [1000, 1000])], seconds=0.5, progress=heard.append)
    assert heard[-1].value == packing.value and heard[-1].lower_bound == packing.lower_bound
    assert heard[-1].gap == pytest.approx(packing.gap) and heard[-1].steps == packing.steps
    values = [one.value for one in heard if one.value is not None]
    assert values == sorted(values, reverse=True)
    assert pw.Progress(0, 0.0, None, 0, 0.0, "none").gap is None and pw.Progress(0, 0.0, 0.0, 0, 0.0, "none").gap == 0

    def enough(progress: pw.Progress) -> bool:
        return progress.value is None

    ended = pw.pack(hard(), [pw.Bin("x", [1000, 1000])], seconds=60, progress=enough)
    assert ended.seconds < 30 and ended.unpacked == []


class Bar:
    """As tqdm has it."""

    def __init__(self) -> None:
        self.n = 0
        self.postfix: dict[str, Any] = {}

    def update(self, n: int) -> bool:
        self.n += n
        return False

    def set_postfix(self, **figures: Any) -> None:
        self.postfix = figures


def test_a_bar_counts_steps() -> None:
    bar = Bar()
    packing = pw.pack(hard(), [pw.Bin("x", [1000, 1000])], steps=400_000, progress=bar)
    assert bar.n == packing.steps
    assert bar.postfix == {"refresh": False, "value": packing.value, "bound": packing.lower_bound}
    tqdm = pytest.importorskip("tqdm").tqdm
    with tqdm(total=400_000, disable=None) as real:
        pw.pack(hard(), [pw.Bin("x", [1000, 1000])], steps=400_000, progress=real)


def test_a_callback_that_raises_ends_it_at_once() -> None:
    def fail(progress: pw.Progress) -> None:
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        pw.pack(hard(), [pw.Bin("x", [1000, 1000])], seconds=60, progress=fail)
    # And a callback may itself pack.
    inner: list[float] = []
    pw.pack(hard(), [pw.Bin("x", [1000, 1000])], steps=100_000, progress=lambda _: inner.append(pw.pack([1, 2], 3).value))
    assert inner and set(inner) == {1}


def test_a_former_answer_is_where_the_next_begins() -> None:
    items, bins = hard(), [pw.Bin("x", [1000, 1000])]
    good = pw.pack(items, bins, steps=3_000_000)
    again = pw.pack(items, bins, steps=0, solver="first-fit", start=good)
    assert again.value <= good.value
    assert pw.pack(items, bins, steps=0, start=good.to_dict()["bins"]).value <= good.value


# Values.


@pytest.mark.parametrize("made", [pickle.dumps, copy.copy, copy.deepcopy])
def test_an_answer_is_a_value(made: Callable[[Any], Any]) -> None:
    packing = pw.pack(ITEMS, BINS, dimensions=["cpu", "memory"], **FEW)
    again = made(packing)
    again = pickle.loads(again) if isinstance(again, bytes) else again
    assert again.to_dict() == packing.to_dict() and again.bins == packing.bins and again.unpacked == packing.unpacked
    for name in ("table", "bin_table", "unpacked_table", "history"):
        mine, its = getattr(packing, name), getattr(again, name)
        assert its.to_dict() == mine.to_dict() and its.column_names == mine.column_names


def test_plots() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    packing = pw.pack(ITEMS, BINS, dimensions=["cpu", "memory"], **FEW)
    axes = packing.plot()
    assert axes.get_xlabel() == "cpu" and len(axes.get_yticklabels()) == len(packing.bin_table)
    assert packing.plot(dimension="memory", bins_max=1, ax=axes) is axes
    with pytest.raises(ValueError, match="cpu, memory"):
        packing.plot(dimension="disk")
    for by in ("seconds", "steps"):
        axes = packing.plot_progress(by=by)
        assert axes.get_legend_handles_labels()[1] == ["value", "lower bound"]
    with pytest.raises(ValueError, match="seconds, steps"):
        packing.plot_progress(by="luck")
    empty = pw.pack([], 10)
    empty.plot(), empty.plot_progress()
    pyplot.close("all")


# Size.


def test_a_million_items_are_packed_from_numbers_and_from_a_frame() -> None:
    draw = np.random.default_rng(1)
    sizes = draw.integers(1, 500, 1_000_000)
    packing = pw.pack(sizes, 1000, steps=0, solver="best-fit")
    assert packing.unpacked == [] and packing.value * 1000 >= sizes.sum() and packing.gap < 0.05
    assert int((packing.table.column("count") * packing.table.column("number")).sum()) == 1_000_000
    frame = {"cpu": sizes, "memory": draw.integers(1, 500, 1_000_000)}
    wide = pw.pack(frame, [pw.Bin("x", [1000, 1000])], dimensions=["cpu", "memory"], steps=0, solver="best-fit")
    assert int((wide.table.column("count") * wide.table.column("number")).sum()) == 1_000_000


def test_many_of_a_kind_cost_like_one() -> None:
    packing = pw.pack([pw.Item("a", [3], count=2**31), pw.Item("b", [2], count=10**9)], 1000)
    assert packing.value >= packing.lower_bound > 8 * 10**6 and len(packing.table) < 100

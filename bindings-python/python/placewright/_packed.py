"""What packing comes to, as values: packings, fleets, and tasks on the instances of a cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Protocol, Tuple, Union, cast

from . import _native
from ._native import Cluster, Result, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Alternative", "Bins", "Change", "FleetPlan", "LivePacking", "Packing", "Progress", "Room", "Unpacked"]


class _Bar(Protocol):
    def update(self, n: int, /) -> object: ...


class Progress(NamedTuple):
    """Where solving stands."""

    steps: int
    """Steps used. While a fleet is planned they begin anew with each of its parts."""
    seconds: float
    """Seconds since solving began."""
    value: Optional[float]
    """Cost of the best packing so far; ``None`` before the first."""
    missing: int
    """Items that it leaves out, of those that some type holds."""
    lower_bound: float
    """Best lower bound so far."""
    solver: str
    """Solver at work."""

    @property
    def gap(self) -> Optional[float]:
        """(value − lower_bound) / value; ``None`` before the first packing."""
        if self.value is None:
            return None
        return (self.value - self.lower_bound) / self.value if self.value > 0 else 0.0


@dataclass(frozen=True)
class Bins:
    """So many equal bins."""

    type: str
    """Type of the bins. Where a fleet names zones: the offer, ``@``, and the zone."""
    count: int
    """How many of them."""
    items: List[Tuple[int, int]]
    """What is in each: items by their place in the input, and how many."""
    cost: float
    """What one costs."""
    offer: Optional[str] = None
    """Of a fleet: the offer; ``None`` for an instance that already runs."""
    zone: Optional[str] = None
    """Of a fleet: the zone, where it has one."""


@dataclass(frozen=True)
class Unpacked:
    """Items that are in no bin."""

    item: int
    """Place in the input."""
    id: str
    count: int
    reason: str


class Alternative(NamedTuple):
    """What another fleet would cost."""

    name: str
    """``single-type`` or ``current``."""
    type: Optional[str]
    """The offer, for a single type."""
    cost: float
    instances: int
    missing: int
    """Items for which it has no room, as far as was found."""


class Room(NamedTuple):
    """What the instances of a plan have in one dimension, headroom and daemons taken off."""

    dimension: str
    capacity: float
    used: float
    left: float
    stranded: float
    """What is left on instances into which not one more item of the mix would fit."""


class Change(NamedTuple):
    """How many of an offer to have instead."""

    type: str
    before: int
    after: int


_Parts = Tuple[str, Dict[str, Any], Dict[str, Table]]


class Packing:
    """Bins and what is in them, what they cost, and how far from the best possible that is at most. A value: it can be copied and
    pickled."""

    __slots__ = ("_figures", "_tables", "_text")

    def __init__(self, parts: _Parts) -> None:
        self._text, self._figures, self._tables = parts

    @property
    def value(self) -> float:
        """What the bins cost."""
        return cast(float, self._figures["value"])

    @property
    def lower_bound(self) -> float:
        """What any packing of the items that this one packs costs at least: worked out in integers, so that it holds."""
        return cast(float, self._figures["lowerBound"])

    @property
    def bound_name(self) -> str:
        """Which bound that is."""
        return cast(str, self._figures["boundName"])

    @property
    def gap(self) -> float:
        """(value − lower_bound) / value, and 0 where the value is 0."""
        return cast(float, self._figures["gap"])

    @property
    def optimal(self) -> bool:
        """Whether it is proven to be the best possible: everything that some type can hold is packed, at the cost of the bound."""
        return cast(bool, self._figures["optimal"])

    @property
    def solver(self) -> str:
        """Who found it."""
        return cast(str, self._figures["solver"])

    @property
    def steps(self) -> int:
        """Steps used: about the work of judging one item against one bin, the same on every machine."""
        return cast(int, self._figures["steps"])

    @property
    def seconds(self) -> float:
        """How long solving took, in seconds."""
        return cast(int, self._figures["milliseconds"]) / 1000

    @property
    def dimensions(self) -> List[str]:
        """Names of the dimensions."""
        names = self._tables["contents"].column_names
        return [name[: -len("_each")] for name in names if name.endswith("_each")]

    @property
    def bin_count(self) -> int:
        """Number of bins."""
        return int(self.bin_table.column("count").sum())

    @property
    def bins(self) -> List[Bins]:
        """The bins, equal ones together. Cost: linear in the table, for each look at it."""
        kinds = self.bin_table.to_dict()
        rows = len(self.bin_table)
        gaps: List[Any] = [None] * rows
        items: List[List[Tuple[int, int]]] = [[] for _ in range(rows)]
        contents = self.table.to_dict()
        for pattern, item, number in zip(contents["pattern"], contents["item"], contents["number"]):
            items[pattern].append((item, number))
        offers, zones = kinds.get("offer", gaps), kinds.get("zone", gaps)
        return [Bins(*row) for row in zip(kinds["type"], kinds["count"], items, kinds["cost_each"], offers, zones)]

    @property
    def table(self) -> Table:
        """What is in the bins: ``pattern``, which is a row of ``bin_table``; its ``type`` and ``count``; ``item``, by its place in the
        input; its ``id``; ``number``, how many of it are in each of the ``count`` bins; and for each dimension ``…_each``, the
        demand of one."""
        return self._tables["contents"]

    @property
    def bin_table(self) -> Table:
        """The bins, equal ones in one row: ``type``, ``count``, ``cost_each``, and for each dimension ``…_used`` and ``…_capacity`` of
        each of them; of a fleet also ``offer`` and ``zone``."""
        return self._tables["bins"]

    @property
    def unpacked(self) -> List[Unpacked]:
        """Items that are in no bin, and why."""
        return [Unpacked(*row) for row in zip(*self.unpacked_table.to_dict().values())]

    @property
    def unpacked_table(self) -> Table:
        """The same as columns: ``item``, ``id``, ``count``, ``reason``."""
        return self._tables["unpacked"]

    @property
    def history(self) -> Table:
        """Each better packing and bound, in the order in which they were found: ``seconds``, ``steps``, ``value``, ``missing``,
        ``lower_bound``, ``bound_name``, ``solver``."""
        return self._tables["history"]

    def to_json(self) -> str:
        """What the command writes."""
        return self._text

    def to_dict(self) -> Dict[str, Any]:
        """The same as a dict."""
        return _native._document(self._text)

    def plot(self, *, dimension: Optional[str] = None, bins_max: int = 40, ax: Optional[Axes] = None) -> Axes:
        """What is in the bins, through matplotlib: a bar for each kind of bins, its items coloured by id. ``dimension`` is the first by
        default. Needs the extra ``plot``."""
        from . import _plot_packing

        return _plot_packing.bins(self, dimension=dimension, bins_max=bins_max, ax=ax)

    def plot_progress(self, *, by: str = "seconds", ax: Optional[Axes] = None) -> Axes:
        """Bound against value over time: ``by`` is ``seconds`` or ``steps``. Needs the extra ``plot``."""
        from . import _plot_packing

        return _plot_packing.progress(self, by=by, ax=ax)

    def __len__(self) -> int:
        """Number of bins."""
        return self.bin_count

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        proven = "optimal" if self.optimal else f"gap {100 * self.gap:.2f} %"
        missing = int(self.unpacked_table.column("count").sum())
        out = f", {missing} not packed" if missing else ""
        return f"<{type(self).__name__}: {self.bin_count} bins, cost {self.value:g}, {proven}{out}>"

    def _repr_html_(self) -> str:
        from . import _html_packing

        return _html_packing.packing(self)


class FleetPlan(Packing):
    """What to buy: a packing whose bins are instances of offers."""

    __slots__ = ()

    @property
    def cost(self) -> float:
        """What the plan costs, in the unit of the prices."""
        return self.value

    @property
    def alternatives(self) -> List[Alternative]:
        """What the best single type would cost, and today's fleet if it is named; cheapest first."""
        keys = ("name", "type", "cost", "instances", "missing")
        return [Alternative(*(one[key] for key in keys)) for one in self._figures["alternatives"]]

    @property
    def rooms(self) -> List[Room]:
        """What the instances have in each dimension, and what of it is stranded."""
        keys = ("dimension", "capacity", "used", "left", "stranded")
        return [Room(*(one[key] for key in keys)) for one in self._figures["rooms"]]

    @property
    def changes(self) -> List[Change]:
        """From today's fleet to the plan, those offers that change."""
        return [Change(one["type"], one["from"], one["to"]) for one in self._figures["changes"]]

    @property
    def zones(self) -> List[str]:
        """Zones that instances of the plan are in."""
        return list(self._figures["zones"])

    @property
    def is_short_of_zones(self) -> bool:
        """Whether these are fewer than was asked for."""
        return cast(bool, self._figures["shortOfZones"])

    @property
    def purchases(self) -> Dict[str, int]:
        """How many to buy of each offer; instances that already run are none of them."""
        counts: Dict[str, int] = {}
        kinds = self.bin_table.to_dict()
        for offer, count in zip(kinds.get("offer", ()), kinds["count"]):
            if offer is not None:
                counts[offer] = counts.get(offer, 0) + count
        return counts


class LivePacking(Packing):
    """Tasks of requests on the instances of a cluster: bins are instances by id, and items are requests by their place."""

    __slots__ = ("_document",)

    def __init__(self, parts: _Parts, document: str = "") -> None:
        super().__init__(parts)
        self._document = document

    def apply(self, cluster: Cluster, *, progress: Union[None, Callable[[int, int], object], _Bar] = None) -> Result:
        """Starts the tasks where the packing has them, all of them or none: in the cluster it was made for, or in a copy.

        Raises ``InvalidInputError`` where an instance does not take its task, as when the cluster has changed since; ``path`` is the
        place in the packing. ``progress`` as :meth:`Cluster.place` has it. Ctrl-C ends it, and nothing has changed then.
        """
        return _native._apply_packing(cluster, self._document, self._text, progress)

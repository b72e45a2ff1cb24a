"""Packing: a set of items into few or cheap bins, with a proof; fleets; a set of tasks into what a cluster has left.

Nothing is decided here. Items and bins become the document that the engine reads, and its answer becomes values; what they mean
is in the project's ``core/docs/packing.md`` and ``core/docs/fleet.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Protocol, Tuple, Union

from . import _native
from ._native import Cluster, Expression
from ._packed import FleetPlan, LivePacking, Packing, Progress, _Bar
from ._values import _texts

__all__ = ["Bin", "GroupRule", "Item", "fleet", "pack"]


class _ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: Optional[object] = None) -> object: ...


class _ArrowArray(Protocol):
    def __arrow_c_array__(self, requested_schema: Optional[object] = None) -> object: ...


_Amounts = Union[Sequence[int], Mapping[str, int]]
_Frame = Union[_ArrowStream, _ArrowArray, Mapping[str, Any]]
_Listener = Union[Callable[[Progress], object], _Bar]


def _plain(**keys: Any) -> Dict[str, Any]:
    """The keys that say something."""
    return {key: value for key, value in keys.items() if value is not None and value is not False}


@dataclass(frozen=True)
class Item:
    """So many equal items. ``demand`` is a list of amounts, one for each dimension, or a mapping from dimension to amount, where
    what is left out is 0; each at most 2^48."""

    id: str
    demand: _Amounts
    count: int = 1
    group: Optional[str] = None
    """Scope of ``distinct_instance``, for which the id stands for it where there is none, and of rules, which hold for no item
    without one."""
    member_of: Union[None, str, Expression, Sequence[Union[str, Expression]]] = None
    """Cluster queries about attributes of the bin."""
    distinct_instance: bool = False
    """At most one of the group in a bin."""
    tcp_ports: Optional[Sequence[int]] = None
    udp_ports: Optional[Sequence[int]] = None
    eni: bool = False
    """Whether it takes a task network interface."""
    gpus: Union[None, int, str] = None
    """Whole GPUs, or ``"all"`` of the bin's."""
    gpu_share: Optional[int] = None
    """Thousandths of one GPU."""

    def to_dict(self) -> Dict[str, Any]:
        """The item as the engine reads it."""
        queries = self.member_of
        if isinstance(queries, (str, Expression)):
            queries = [queries]
        texts = queries and [query.source if isinstance(query, Expression) else query for query in queries]
        return _plain(
            id=self.id,
            demand=self.demand,
            count=self.count,
            group=self.group,
            memberOf=texts,
            distinctInstance=self.distinct_instance,
            tcpPorts=self.tcp_ports,
            udpPorts=self.udp_ports,
            eni=self.eni,
            gpus=self.gpus,
            gpuShare=self.gpu_share,
        )


@dataclass(frozen=True)
class Bin:
    """A type of bins, or an offer of a catalogue. ``capacity`` as :class:`Item` has its demand."""

    id: str
    capacity: _Amounts
    cost: Optional[float] = None
    """What one costs: a decimal of at most six places. 1 by default; 0 for instances of a fleet that already run; an offer must
    have one."""
    limit: Optional[int] = None
    """How many there are at most; no limit by default, and 1 for instances of a fleet that already run."""
    attributes: Optional[Mapping[str, Optional[str]]] = None
    gpus: Union[None, int, Sequence[int]] = None
    """How many GPUs, or the thousandths left of each."""
    eni_slots: Optional[int] = None
    tcp_ports: Optional[Sequence[int]] = None
    """Ports that are taken."""
    udp_ports: Optional[Sequence[int]] = None
    running: Optional[Mapping[str, int]] = None
    """Tasks that already run in each bin, by group; needs a limit."""

    def to_dict(self) -> Dict[str, Any]:
        """The type as the engine reads it."""
        return _plain(
            id=self.id,
            capacity=self.capacity,
            cost=self.cost,
            limit=self.limit,
            attributes=self.attributes,
            gpus=self.gpus,
            eniSlots=self.eni_slots,
            tcpPorts=self.tcp_ports,
            udpPorts=self.udp_ports,
            running=self.running,
        )


@dataclass(frozen=True)
class GroupRule:
    """What holds for all items of a group."""

    group: str
    per_bin_max: Optional[int] = None
    """Most of the group in one bin."""
    apart_from: Union[str, Sequence[str]] = ()
    """Groups none of whose items may be in a bin with one of this."""
    spread: Optional[str] = None
    """Attribute of bins over whose values the group is spread, e.g. ``ecs.availability-zone``."""
    skew_max: int = 1
    """Largest difference between two of these values, in items."""

    def to_dict(self) -> Dict[str, Any]:
        """The rule as the engine reads it."""
        spread = None if self.spread is None else {"attribute": self.spread, "skewMax": self.skew_max}
        return _plain(group=self.group, perBinMax=self.per_bin_max, apartFrom=_texts(self.apart_from), spread=spread)


def _options(
    solver: Optional[str],
    seed: Union[None, int, str],
    steps: Optional[int],
    seconds: Optional[float],
    bound: Optional[str],
) -> Dict[str, Any]:
    """Options as the engine reads them."""
    milliseconds = None if seconds is None else _native._milliseconds(seconds)
    given = {"solver": solver, "seed": seed, "steps": steps, "milliseconds": milliseconds, "bound": bound}
    return {"options": {key: value for key, value in given.items() if value is not None}}


def _start(start: Union[None, Packing, Iterable[Mapping[str, Any]]]) -> Dict[str, Any]:
    """A packing to start from, as the engine reads it."""
    if start is None:
        return {}
    if isinstance(start, Packing):
        return {"start": [{"type": bins.type, "count": bins.count, "items": bins.items} for bins in start.bins]}
    return {"start": list(start)}


def _groups(groups: Optional[Iterable[Union[GroupRule, Mapping[str, Any]]]]) -> Dict[str, Any]:
    return {} if groups is None else {"groups": list(groups)}


def pack(
    items: Union[_Frame, Iterable[Union[int, Item, Mapping[str, Any]]]],
    bins: Union[int, _Frame, Iterable[Union[Bin, Mapping[str, Any]]]],
    *,
    dimensions: Optional[Iterable[str]] = None,
    attributes: Union[None, bool, Iterable[str], Mapping[str, str]] = None,
    groups: Optional[Iterable[Union[GroupRule, Mapping[str, Any]]]] = None,
    solver: Optional[str] = None,
    seed: Optional[int] = None,
    steps: Optional[int] = None,
    seconds: Optional[float] = None,
    bound: Optional[str] = None,
    start: Union[None, Packing, Iterable[Mapping[str, Any]]] = None,
    progress: Optional[_Listener] = None,
) -> Packing:
    """Puts a set of items into few or cheap bins, and says how far from the best possible that is at most.

    >>> import placewright as pw
    >>> packing = pw.pack([3, 7, 5, 5, 2, 8], 10)
    >>> packing.value, packing.lower_bound, packing.optimal
    (3, 3, True)

    ``items`` are a frame (polars, pandas, pyarrow, or a dict of columns), or a list of :class:`Item`, of dicts as
    ``core/docs/packing.md`` has them, or of plain numbers. A frame has a row for each item: its amounts in columns called as the
    dimensions, beside ``id`` or ``name``, ``count``, ``group``, ``member_of``, ``distinct_instance``, ``eni``, ``gpus``, ``gpu_share``,
    ``tcp_ports``, ``udp_ports``, each optional. ``bins`` are the same of :class:`Bin`, or a number, the capacity of one type. Columns
    of their frame are amounts, ``id`` or ``name``, and ``cost`` or ``price``, ``limit``, ``gpus``, ``eni_slots``, ``tcp_ports``,
    ``udp_ports``; ``attributes`` are columns of text or integers that are attributes: names, a mapping from column to attribute, or
    ``True`` for every further such column.

    ``dimensions`` are names. By default those that every frame has as columns of numbers and that are no part; without frames, those
    of amounts that are mappings.

    ``solver`` is ``auto`` or the name of one, ``seed`` that of its draws, ``bound`` ``fast`` or ``lp``. ``steps`` bounds the work: the same
    answer on every machine. ``seconds`` bounds the time: all of it is used unless the answer is proven optimal before. ``start`` is a
    packing to start from, of the same items in the same order.

    ``progress`` is called with :class:`Progress` at most every 20 ms and at the end, and stops the work with the best packing so far by
    returning ``False``; or it is a ``tqdm`` bar, which counts steps. Ctrl-C, and what ``progress`` raises, end the call within 100 ms. The
    interpreter's lock is given back meanwhile.

    What cannot be packed is in ``unpacked``, each with the reason. Raises ``InvalidInputError`` and ``LimitError`` with the place,
    such as ``items[3].demand[0]``, or ``items.cpu[3]`` for row 3 of a frame.
    """
    rest = {**_options(solver, seed, steps, seconds, bound), **_groups(groups), **_start(start)}
    return Packing(_native._pack(items, bins, dimensions, attributes, rest, progress))


def fleet(
    items: Union[_Frame, Iterable[Union[int, Item, Mapping[str, Any]]]],
    catalogue: Union[_Frame, Iterable[Union[Bin, Mapping[str, Any]]]],
    *,
    dimensions: Optional[Iterable[str]] = None,
    attributes: Union[None, bool, Iterable[str], Mapping[str, str]] = None,
    running: Union[None, _Frame, Iterable[Union[Bin, Mapping[str, Any]]]] = None,
    groups: Optional[Iterable[Union[GroupRule, Mapping[str, Any]]]] = None,
    headroom_percent: Optional[int] = None,
    daemon: Optional[_Amounts] = None,
    zones: Union[None, str, Iterable[str]] = None,
    zones_min: Optional[int] = None,
    only: Union[None, str, Expression] = None,
    current: Optional[Mapping[str, int]] = None,
    solver: Optional[str] = None,
    seed: Optional[int] = None,
    steps: Optional[int] = None,
    seconds: Optional[float] = None,
    bound: Optional[str] = None,
    progress: Optional[_Listener] = None,
) -> FleetPlan:
    """Which instances to buy for a set of items, what that costs, and how much cheaper anything else could be at most.

    >>> import placewright as pw
    >>> shapes = {"id": ["large", "xlarge"], "cpu": [2000, 4000], "memory": [8192, 16384], "price": [0.096, 0.192]}
    >>> plan = pw.fleet([pw.Item("web", {"cpu": 1000, "memory": 2048}, count=6)], shapes)
    >>> plan.cost, plan.optimal, plan.purchases
    (0.288, True, {'large': 3})

    ``items``, ``dimensions``, ``attributes``, ``groups`` and the options of solving are those of :func:`pack`; ``catalogue`` has offers as
    its bins are, with the price of one as ``cost``, or ``price`` in a frame, which each must have. ``attributes`` are those of the catalogue's
    frame.

    ``running`` are instances that already run, as bins: they cost 0, and there is one of each, unless they say otherwise.
    ``headroom_percent`` of each new instance stays free, rounded up, and ``daemon`` is what runs on each of them, by dimension.
    ``zones`` are where each offer without a zone of its own may be had, and ``zones_min`` how many of them the plan is to be in.
    ``only`` is a query that offers are to satisfy. ``current`` is today's fleet, offers by id and how many: it is priced as an
    alternative, and ``changes`` tells what to have instead.

    The plan is never dearer than the best single type. Steps are 2^27 by default, some seconds.
    """
    kinds = {
        "headroomPercent": headroom_percent,
        "daemon": daemon,
        "zones": None if zones is None else _texts(zones),
        "zonesMin": zones_min,
        "current": None if current is None else [{"type": name, "count": count} for name, count in current.items()],
    }
    rest = {
        **_options(solver, seed, steps, seconds, bound),
        **_groups(groups),
        "fleet": {key: value for key, value in kinds.items() if value is not None},
    }
    return FleetPlan(_native._fleet(items, catalogue, running, dimensions, attributes, only, rest, progress))


def pack_into(
    cluster: Cluster,
    requests: Union[str, Mapping[str, Any], Iterable[Union[str, Mapping[str, Any], Tuple[str, int]]]],
    *,
    solver: Optional[str] = None,
    seed: Optional[int] = None,
    steps: Optional[int] = None,
    seconds: Optional[float] = None,
    bound: Optional[str] = None,
    start: Union[None, Packing, Iterable[Mapping[str, Any]]] = None,
    progress: Optional[_Listener] = None,
) -> LivePacking:
    """See :meth:`Cluster.pack`."""
    if isinstance(requests, (str, Mapping)):
        requests = [requests]
    listed: List[Any] = []
    for request in requests:
        if isinstance(request, str):
            listed.append({"taskDefinition": request})
        elif isinstance(request, tuple):
            name, count = request
            listed.append({"taskDefinition": name, "count": count})
        else:
            listed.append(request)
    document = {"requests": listed, **_options(solver, seed, steps, seconds, bound), **_start(start)}
    text = _native._json({"requests": listed})
    return LivePacking(_native._pack_live(cluster, document, progress), text)

"""Rearranging a live cluster: which tasks to move so that fewer instances are in use, or groups lie evenly.

Nothing is decided here; what a plan is, and what holds for it, is in the project's ``core/docs/rearrange.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Tuple, Union, cast

from . import _native
from ._native import Cluster, Table
from ._packed import _Bar
from ._values import _texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Move", "Rearrangement", "RearrangeProgress", "Score"]


class _Unset:
    """No argument."""


_UNSET = _Unset()


class RearrangeProgress(NamedTuple):
    """Where planning stands."""

    moves: int
    """Moves so far."""
    steps: int
    """Steps so far: judgements of a task on an instance, and searches."""


class Move(NamedTuple):
    """One task goes from one instance to another; all by id."""

    task: str
    group: str
    definition: str
    source: str
    target: str


class Score(NamedTuple):
    """How a cluster is arranged."""

    instances: int
    """Instances that run tasks."""
    cpu_left: int
    """CPU units left on them: what is stranded as long as they are kept."""
    memory_left_mib: int
    """Memory left on them, in MiB."""
    gpus_left: int
    """GPUs on them of which nobody has a part."""
    skew_max: int
    """Largest difference of a group between two values of the attribute, in tasks."""
    skew_sum: int
    """Such differences, over all groups."""


def _score(figures: Mapping[str, Any]) -> Score:
    keys = ("instances", "cpuLeft", "memoryLeft", "gpusLeft", "skewMax", "skewSum")
    return Score(*(figures[key] for key in keys))


_Parts = List[Tuple[str, str, List[Any]]]


class Rearrangement:
    """Moves in order, each of which is possible when its turn comes, and how the cluster is before and after. A value: it can be
    copied and pickled."""

    __slots__ = ("_occupancy", "_options", "_plan")

    def __init__(self, plan: Dict[str, Any], options: Dict[str, Any], occupancy: _Parts) -> None:
        self._plan, self._options, self._occupancy = plan, options, occupancy

    @property
    def goal(self) -> str:
        """``empty`` or ``spread``."""
        return cast(str, self._plan["goal"])

    @property
    def stop_first(self) -> bool:
        """Whether a task stops before it starts elsewhere."""
        return cast(bool, self._plan["stopFirst"])

    @property
    def moves(self) -> List[Move]:
        """The moves, in order."""
        keys = ("task", "group", "taskDefinition", "from", "to")
        return [Move(*(one[key] for key in keys)) for one in self._plan["moves"]]

    @property
    def emptied(self) -> List[str]:
        """Instances that have tasks before and none after."""
        return list(self._plan["emptied"])

    @property
    def before(self) -> Score:
        """How the cluster is."""
        return _score(self._plan["before"])

    @property
    def after(self) -> Score:
        """How it is after the moves."""
        return _score(self._plan["after"])

    @property
    def steps(self) -> int:
        """Steps used."""
        return cast(int, self._plan["steps"])

    @property
    def is_cut_short(self) -> bool:
        """Whether steps or time ended it, or the progress callback did: then there may be more to be had."""
        return cast(bool, self._plan["cutShort"])

    @property
    def table(self) -> Table:
        """The moves as columns: ``task``, ``group``, ``definition``, ``source``, ``target``."""
        moves = self.moves
        kinds = ("texts", "words", "words", "texts", "texts")
        parts = [(name, kind, [move[at] for move in moves]) for at, (name, kind) in enumerate(zip(Move._fields, kinds))]
        return _native._table(parts)

    @property
    def occupancy(self) -> Table:
        """The instances that moves empty, then the others that they touch, a row each: ``instance``, ``zone``, ``is_emptied``,
        ``tasks_before`` and ``tasks_after``, and for each resource ``…_registered``, ``…_before`` and ``…_after``: what there is, and
        what is in use before the first move and after the last."""
        return _native._table(self._occupancy)

    def plot(self, *, resource: str = "memory", instances_max: int = 40, ax: Optional[Axes] = None) -> Axes:
        """How full the instances that moves touch are before and after, through matplotlib: two bars for each, those emptied first.
        ``resource`` is ``cpu``, ``memory``, ``gpus`` or a custom one. Needs the extra ``plot``."""
        from . import _plot_packing

        return _plot_packing.moves(self, resource=resource, instances_max=instances_max, ax=ax)

    def apply(self, cluster: Cluster) -> List[str]:
        """Carries the moves out, all of them or none: in the cluster that they were planned for, or in a copy. Gives the ids that the
        moved tasks have then, in the order of the moves: each is a new task.

        Raises ``NotFoundError`` for a task or an instance that is gone, and ``InvalidInputError`` for a move that is not possible any
        more, with its place in ``path``.
        """
        return _native._apply_rearrangement(cluster, self._plan, self._options)

    def to_dict(self) -> Dict[str, Any]:
        """What the command writes."""
        return cast(Dict[str, Any], _copied(self._plan))

    def __len__(self) -> int:
        """Number of moves."""
        return len(self._plan["moves"])

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<Rearrangement: {len(self)} moves, {self.before.instances} to {self.after.instances} instances>"

    def _repr_html_(self) -> str:
        from . import _html_packing

        return _html_packing.rearrangement(self)


def _occupancy(plan: Mapping[str, Any], before: Table, after: Table) -> _Parts:
    """The columns of `Rearrangement.occupancy`, from those of all instances before and after."""
    emptied = dict.fromkeys(plan["emptied"])
    touched = dict.fromkeys((*emptied, *(move[end] for move in plan["moves"] for end in ("from", "to"))))
    place = {name: at for at, name in enumerate(before.column("id")) if name in touched}
    chosen = [place[name] for name in touched]

    def of(table: Table, column: str) -> List[Any]:
        values = table.column(column)
        return [values[at] for at in chosen]

    def numbers(table: Table, column: str) -> List[Optional[int]]:
        # What an instance does not have is no number.
        return [None if value is None or value != value else int(value) for value in of(table, column)]

    parts: _Parts = [
        ("instance", "texts", list(touched)),
        ("zone", "words", of(before, "zone")),
        ("is_emptied", "booleans", [name in emptied for name in touched]),
        ("tasks_before", "integers", numbers(before, "running_tasks")),
        ("tasks_after", "integers", numbers(after, "running_tasks")),
    ]
    for column in before.column_names:
        if column.endswith("_registered"):
            name = column[: -len("_registered")]
            registered = numbers(before, column)
            parts.append((column, "integers", registered))
            for table, when in ((before, "before"), (after, "after")):
                amounts = zip(registered, numbers(table, f"{name}_remaining"))
                used = [None if has is None or free is None else has - free for has, free in amounts]
                parts.append((f"{name}_{when}", "integers", used))
    return parts


def _copied(value: Any) -> Any:
    """Containers of its own."""
    if isinstance(value, dict):
        return {key: _copied(one) for key, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value


def rearrange(
    cluster: Cluster,
    *,
    goal: Optional[str] = None,
    group: Optional[str] = None,
    attribute: Optional[str] = None,
    moves: Optional[int] = None,
    moves_per_group: Optional[int] = None,
    stop_first: Optional[bool] = None,
    skew_max: Union[None, int, _Unset] = _UNSET,
    pinned: Union[None, str, Iterable[str]] = None,
    services: Optional[Iterable[Mapping[str, Any]]] = None,
    steps: Optional[int] = None,
    seconds: Optional[float] = None,
    progress: Union[None, Callable[[RearrangeProgress], object], _Bar] = None,
) -> Rearrangement:
    """See :meth:`Cluster.rearrange`."""
    given: Dict[str, Any] = {
        "goal": goal,
        "group": group,
        "attribute": attribute,
        "moves": moves,
        "movesPerGroup": moves_per_group,
        "stopFirst": stop_first,
        "pinned": None if pinned is None else _texts(pinned),
        "services": None if services is None else list(services),
        "steps": steps,
    }
    options = {key: value for key, value in given.items() if value is not None}
    if not isinstance(skew_max, _Unset):
        options["skewMax"] = skew_max
    # One moment of it: what is planned by is what is applied by.
    options = _native._document(_native._json(options))
    # And one moment of the cluster, whatever other threads do: the moves are planned for it and carried out in it.
    moment = cluster.copy()
    plan = moment.rearrange_json(options, seconds=seconds, progress=progress)
    before = moment.instances
    _native._apply_rearrangement(moment, plan, options)
    return Rearrangement(plan, options, _occupancy(plan, before, moment.instances))

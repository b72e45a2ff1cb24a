"""What-ifs as values: a scenario, what it comes to, and grids of them."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Dict, Generic, List, Optional, Tuple, TypeVar, Union

from ._errors import PlacewrightError
from ._native import Cluster, Expression, _usage
from ._values import Constraint, Strategy

__all__ = ["Scenario", "ScenarioResult", "Summary", "SweepError", "grid", "place_all"]

T = TypeVar("T")

_Request = Union[str, Mapping[str, Any]]
_Rule = Union[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Scenario:
    """One what-if. It can be pickled; a run must not depend on anything else.

    ``requests`` are what :meth:`Cluster.place` takes: names of task definitions, or requests in the shape of RunTask as dicts
    or JSON text. ``strategies``, ``constraints`` and ``seed``, where given, are those of every request. ``change`` is called
    with the cluster before anything is placed, e.g. to drain an instance or to load tasks; over processes it has to be a function of a
    module. ``tags`` are yours: :func:`grid` writes there what it varied.
    """

    name: str
    cluster: Cluster
    requests: Union[_Request, Sequence[_Request]] = ()
    strategies: Union[None, _Rule, Strategy, Sequence[Union[_Rule, Strategy]]] = None
    constraints: Union[None, _Rule, Constraint, Expression, Sequence[Union[_Rule, Constraint, Expression]]] = None
    seed: Union[None, int, str] = None
    change: Optional[Callable[[Cluster], object]] = None
    tags: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.requests, (str, bytes, Mapping)):
            # One request, and no list of letters or keys.
            object.__setattr__(self, "requests", (self.requests,))


@dataclass(frozen=True)
class Summary:
    """A scenario in a few figures. CPU in CPU units, memory in MiB; sums are over all instances of the cluster as it then is."""

    placed: int
    """Tasks that were placed."""
    rejected: int
    """Tasks that were asked for and not placed."""
    reasons: Dict[str, int]
    """Why: for each request that was not placed in full, how many instances gave each reason; summed over the requests."""
    instances: int
    """Instances."""
    instances_used: int
    """Instances that run a task."""
    registered_cpu: int
    used_cpu: int
    stranded_cpu: int
    """CPU left beyond the share of memory that is left on the same instance: a task with the instance's own ratio of CPU to
    memory cannot take it. Rounded down on each instance."""
    registered_memory_mib: int
    used_memory_mib: int
    stranded_memory_mib: int
    """The same for memory."""
    zones: Dict[str, int]
    """Running tasks by availability zone."""

    @property
    def zone_skew(self) -> int:
        """Running tasks of the fullest zone less those of the emptiest; 0 without zones."""
        return max(self.zones.values(), default=0) - min(self.zones.values(), default=0)


class SweepError(PlacewrightError, RuntimeError):
    """A scenario did not come to a result.

    ``code`` is ``sweep.scenario_raised``, ``sweep.worker_died``, ``sweep.timed_out`` or ``sweep.executor_broken``; ``__cause__`` has
    what was raised.
    """

    scenario: str
    """Name of the scenario."""

    def __init__(self, message: str = "", *, scenario: str = "", **details: Any) -> None:
        super().__init__(message, **details)
        self.scenario = scenario

    def __reduce__(self) -> Tuple[Callable[..., PlacewrightError], Tuple[Any, ...]]:
        rebuild, (kind, message, details) = super().__reduce__()
        return rebuild, (kind, message, {**details, "scenario": self.scenario})


@dataclass(frozen=True)
class ScenarioResult(Generic[T]):
    """What became of one scenario."""

    index: int
    """Its position among the scenarios."""
    scenario: Scenario
    """The scenario."""
    value: Optional[T]
    """What ``run`` returned; ``None`` where it came to an error."""
    error: Optional[SweepError]
    """Why it came to no value; only with ``errors="return"``."""
    retries: int
    """How often it was tried again because its worker had died, or one that ran beside it."""

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return self.scenario.name


def place_all(cluster: Cluster, scenario: Scenario) -> Summary:
    """The default ``run``: makes the scenario's change, places its requests one after another, and counts."""
    if scenario.change is not None:
        scenario.change(cluster)
    placed = rejected = 0
    reasons: Dict[str, int] = {}
    for request in scenario.requests:
        result = cluster.place(
            request, strategies=scenario.strategies, constraints=scenario.constraints, seed=scenario.seed
        )
        placed += result.placed
        rejected += result.rejected
        for reason, count in result.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
    return Summary(placed=placed, rejected=rejected, reasons=reasons, **_usage(cluster))


def grid(
    name: str,
    cluster: Cluster,
    /,
    *,
    tags: Optional[Mapping[str, Union[Iterable[Any], Mapping[str, Any]]]] = None,
    **options: Union[Iterable[Any], Mapping[str, Any]],
) -> Iterator[Scenario]:
    """A scenario for each combination of options, the last option varying fastest.

    An option is a field of :class:`Scenario`, ``cluster`` included, with the values it takes, or a mapping from labels to values.
    ``tags`` are axes of your own in the same way, which vary faster than all options. Names are written
    ``name/option=label/...``; the scenarios' ``tags`` have the labels of options, and the values of your own. Raises ``TypeError``
    for an option that is no field.

    >>> import placewright as pw
    >>> both = pw.grid("pack", pw.Cluster(), requests=[["web"]], strategies=["binpack:cpu", "binpack:memory"], seed=[1, 2])
    >>> [scenario.name for scenario in both][:2]
    ['pack/strategies=binpack:cpu/seed=1', 'pack/strategies=binpack:cpu/seed=2']
    """
    known = [option for option in Scenario.__dataclass_fields__ if option not in ("name", "tags")]
    for option in options:
        if option not in known:
            near = difflib.get_close_matches(option, known, 1)
            help = f"did you mean {near[0]!r}? " if near else ""
            raise TypeError(f"a scenario has no option {option!r}; {help}axes of your own go in `tags`")
    axes: List[List[Tuple[str, Any]]] = []
    for values in (*options.values(), *(tags or {}).values()):
        if isinstance(values, (str, bytes, Cluster)) or not isinstance(values, (Iterable, Mapping)):
            raise TypeError("an option of a grid is a list of values, or a mapping from labels to values")
        axes.append(
            [(str(label), value) for label, value in values.items()]
            if isinstance(values, Mapping)
            else [(_label(value), value) for value in values]
        )
    return _product(name, cluster, list(options), list(tags or {}), axes)


def _product(
    name: str, cluster: Cluster, options: List[str], own: List[str], axes: List[List[Tuple[str, Any]]]
) -> Iterator[Scenario]:
    names = [*options, *own]
    for combination in itertools.product(*axes):
        varied = [f"{axis}={label}" for axis, (label, _), values in zip(names, combination, axes) if len(values) > 1]
        fields = {option: value for option, (_, value) in zip(options, combination)}
        tags: Dict[str, Any] = {option: label for option, (label, _) in zip(options, combination)}
        tags.update({tag: value for tag, (_, value) in zip(own, combination[len(options) :])})
        yield Scenario(**{"name": "/".join([name, *varied]), "cluster": cluster, "tags": tags, **fields})


def _label(value: Any) -> str:
    if isinstance(value, (Strategy, Constraint)):
        return ":".join(part for part in value.to_dict().values())
    if isinstance(value, (list, tuple)):
        return "+".join(_label(part) for part in value)
    return getattr(value, "__name__", None) or str(value)

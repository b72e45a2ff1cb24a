"""Amazon ECS task placement outside AWS: which container instance gets each task, and if none does, why.

>>> import placewright as pw
>>> cluster = pw.Cluster()
>>> cluster.register("i-1", cpu=2048, memory_mib=4096, zone="eu-west-1a")
>>> cluster.register_task_definition({"family": "web", "containerDefinitions": [{"name": "app", "cpu": 256, "memory": 3000}]})
'web:1'
>>> result = cluster.place("web", count=2, strategies=[pw.binpack("memory")])
>>> result.placements
[Placement(task='task/placed-1', instance='i-1')]
>>> result.rejected, result.reasons
(1, {'RESOURCE:MEMORY': 1})
"""

from __future__ import annotations

import importlib as _importlib
import os as _os
import typing as _typing



def _check_interpreter() -> None:
    """Refuses an interpreter beside the main one of the process: classes and arrays are the process's, not the interpreter's."""
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            interpreters = _importlib.import_module(name)
        except ImportError:
            continue
        # From Python 3.13 on a number and where it comes from, before that an object.
        mine, main = (
            int(found[0] if isinstance(found, tuple) else found)
            for found in (interpreters.get_current(), interpreters.get_main())
        )
        if mine != main:
            raise ImportError("placewright runs in the main interpreter of a process only; use processes for a sweep")
        return


_check_interpreter()

from . import _native, conformance
from ._errors import (
    BusyError,
    ConflictError,
    DuplicateError,
    ExpressionError,
    InvalidInputError,
    LimitError,
    NotFoundError,
    PlacewrightError,
    StaleHandleError,
)
from ._native import (
    BulkResult,
    Cluster,
    Explanation,
    Expression,
    Request,
    Result,
    Savepoint,
    Table,
    Transaction,
    __version__,
    compile,
    fleet_json,
    pack_json,
)
from ._packed import Alternative, Bins, Change, FleetPlan, LivePacking, Packing, Progress, Room, Unpacked
from ._packing import Bin, GroupRule, Item, fleet, pack
from ._rearranging import Move, Rearrangement, RearrangeProgress, Score
from ._scenario import Scenario, ScenarioResult, Summary, SweepError, grid, place_all
from ._sweep import sweep
from ._values import (
    Constraint,
    Fragmentation,
    Placement,
    Strategy,
    WorkloadKind,
    best_fit,
    binpack,
    distinct_instance,
    dot_product,
    first_fit,
    fragmentation,
    headroom,
    member_of,
    random,
    spread,
)

__all__ = [
    "Alternative",
    "Bin",
    "Bins",
    "BulkResult",
    "BusyError",
    "Change",
    "Cluster",
    "ConflictError",
    "Constraint",
    "DuplicateError",
    "Explanation",
    "Expression",
    "ExpressionError",
    "FleetPlan",
    "Fragmentation",
    "GroupRule",
    "InvalidInputError",
    "Item",
    "LimitError",
    "LivePacking",
    "Move",
    "NotFoundError",
    "Packing",
    "Placement",
    "PlacewrightError",
    "Progress",
    "RearrangeProgress",
    "Rearrangement",
    "Request",
    "Result",
    "Room",
    "Savepoint",
    "Scenario",
    "ScenarioResult",
    "Score",
    "StaleHandleError",
    "Strategy",
    "Summary",
    "SweepError",
    "Table",
    "Transaction",
    "Unpacked",
    "WorkloadKind",
    "__version__",
    "best_fit",
    "binpack",
    "compile",
    "conformance",
    "distinct_instance",
    "dot_product",
    "first_fit",
    "fleet",
    "fleet_json",
    "fragmentation",
    "grid",
    "headroom",
    "member_of",
    "pack",
    "pack_json",
    "place_all",
    "random",
    "spread",
    "sweep",
    "widget",
]

if _typing.TYPE_CHECKING:
    from collections.abc import Iterable as _Iterable, Mapping as _Mapping

    from ._widget import Stepper as _Stepper


def widget(
    cluster: Cluster,
    requests: _typing.Union[str, _Mapping[str, _typing.Any], _Iterable[_typing.Union[str, _Mapping[str, _typing.Any]]]],
    *,
    interval_ms: int = 700,
) -> _Stepper:
    """A widget for notebooks that places the tasks of one request or of several one by one, forth and back, and shows the
    cluster and the reasons at each step. It works on a copy. Needs the extra ``widget``.

    ``requests`` are names of task definitions or requests in the shape of RunTask; ``interval_ms`` is the time between steps
    while it plays.
    """
    try:
        from ._widget import Stepper
    except ImportError as error:
        raise ImportError("the widget needs anywidget: pip install 'placewright[widget]'") from error
    return Stepper(cluster, requests, interval_ms=interval_ms)


# A lock that another thread held when the process forked is never given back in the child.
if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(after_in_child=_native._after_fork)

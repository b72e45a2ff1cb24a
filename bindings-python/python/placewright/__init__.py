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

import os as _os

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
    Transaction,
    __version__,
    compile,
)
from ._sweep import Scenario, ScenarioResult, Summary, SweepError, grid, place_all, sweep
from ._values import Constraint, Placement, Strategy, binpack, distinct_instance, member_of, random, spread

__all__ = [
    "BulkResult",
    "BusyError",
    "Cluster",
    "ConflictError",
    "Constraint",
    "DuplicateError",
    "Explanation",
    "Expression",
    "ExpressionError",
    "InvalidInputError",
    "LimitError",
    "NotFoundError",
    "Placement",
    "PlacewrightError",
    "Request",
    "Result",
    "Savepoint",
    "Scenario",
    "ScenarioResult",
    "StaleHandleError",
    "Strategy",
    "Summary",
    "SweepError",
    "Transaction",
    "__version__",
    "binpack",
    "compile",
    "conformance",
    "distinct_instance",
    "grid",
    "member_of",
    "place_all",
    "random",
    "spread",
    "sweep",
]

# A lock that another thread held when the process forked is never given back in the child.
if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(after_in_child=_native._after_fork)

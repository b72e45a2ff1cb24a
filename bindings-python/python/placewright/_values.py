"""Small values that requests are written with and that answers hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Dict, NamedTuple, Optional, Tuple, Union

from ._native import Expression, compile as compile_expression

__all__ = [
    "Constraint",
    "Fragmentation",
    "Placement",
    "Strategy",
    "WorkloadKind",
    "best_fit",
    "binpack",
    "distinct_instance",
    "dot_product",
    "first_fit",
    "fragmentation",
    "headroom",
    "member_of",
    "random",
    "spread",
]


class Placement(NamedTuple):
    """A task and the instance it was placed on, both by id."""

    task: str
    instance: str


class Fragmentation(NamedTuple):
    """What a target workload strands, in thousandths of GPUs."""

    free: int
    """What is free."""
    stranded: int
    """What of it the workload cannot use, in expectation over its kinds; rounded down."""


@dataclass(frozen=True)
class WorkloadKind:
    """One kind of task that a cluster is expected to be asked for: a part of a target workload."""

    cpu: int = 0
    """CPU units; 0 where they do not matter."""
    memory_mib: int = 0
    """Memory in MiB; 0 where it does not matter."""
    gpus: int = 0
    """Whole GPUs."""
    gpu_share: int = 0
    """Thousandths of one GPU, 1 to 999."""
    weight: int = 1
    """How often it comes, beside the others: 1 to 2^20."""
    expression: Union[None, str, Expression] = None
    """A cluster query over attributes that its instances satisfy."""

    def to_dict(self) -> Dict[str, Any]:
        """The kind as the engine reads it."""
        kind: Dict[str, Any] = {"cpu": self.cpu, "memory": self.memory_mib, "weight": self.weight}
        if self.gpus:
            kind["gpus"] = self.gpus
        if self.gpu_share:
            kind["gpuShare"] = self.gpu_share
        if self.expression is not None:
            query = self.expression
            kind["expression"] = query.source if isinstance(query, Expression) else query
        return kind


@dataclass(frozen=True)
class Strategy:
    """One rule of a placement strategy, as ECS writes it; or one that ECS does not have, which comes before all others."""

    type: str
    field: Optional[str] = None
    workload: Optional[Tuple[WorkloadKind, ...]] = None
    """The target workload, of those that rank by one."""

    def to_dict(self) -> Dict[str, Any]:
        """ECS's ``PlacementStrategy`` object; of a rule that ECS does not have, the object under ``xPlacementStrategy``."""
        rule: Dict[str, Any] = {"type": self.type}
        if self.field is not None:
            rule["field"] = self.field
        if self.workload is not None:
            rule["workload"] = [kind.to_dict() for kind in self.workload]
        return rule


@dataclass(frozen=True)
class Constraint:
    """One placement constraint, as ECS writes it."""

    type: str
    expression: Optional[str] = None

    def to_dict(self) -> Dict[str, str]:
        """ECS's ``PlacementConstraint`` object."""
        return {"type": self.type} if self.expression is None else {"type": self.type, "expression": self.expression}


def spread(field: str) -> Strategy:
    """Even numbers of the group's tasks over the values of ``field``: an attribute such as ``ecs.availability-zone``, with or
    without ``attribute:`` before it, or ``instanceId`` (also ``host``)."""
    if not isinstance(field, str):
        raise TypeError(f"field is a str, not `{type(field).__name__}`")
    is_written_out = field.startswith("attribute:") or field.lower() in ("instanceid", "host")
    return Strategy("spread", field if is_written_out else f"attribute:{field}")


def binpack(field: str) -> Strategy:
    """The instance with the least of ``field`` left: ``cpu`` or ``memory``."""
    if not isinstance(field, str):
        raise TypeError(f"field is a str, not `{type(field).__name__}`")
    return Strategy("binpack", field)


def random() -> Strategy:
    """A uniform draw, seeded, the same on every platform."""
    return Strategy("random")


def first_fit() -> Strategy:
    """The instance registered first. Not ECS's, and stands alone."""
    return Strategy("firstFit")


def best_fit() -> Strategy:
    """The instance with the least left of CPU, memory and GPUs once the task runs there, each as a share of what it has. Not ECS's:
    it comes before ECS's rules, which decide ties."""
    return Strategy("bestFit")


def dot_product() -> Strategy:
    """The instance with the least product of demand and what is left. Not ECS's: it comes before ECS's rules."""
    return Strategy("dotProduct")


def fragmentation(workload: Iterable[WorkloadKind]) -> Strategy:
    """Fragmentation gradient descent (Weng et al., ATC 2023): the instance on which the task strands the fewest GPUs for a target
    workload of 1 to 1024 kinds. Not ECS's: it comes before ECS's rules."""
    return Strategy("fragmentation", workload=_kinds(workload))


def headroom(workload: Iterable[WorkloadKind]) -> Strategy:
    """The instance on which the task costs the least headroom: what tasks of a target workload could take side by side. Not ECS's:
    it comes before ECS's rules."""
    return Strategy("headroom", workload=_kinds(workload))


def _kinds(workload: Iterable[WorkloadKind]) -> Tuple[WorkloadKind, ...]:
    kinds = tuple(workload)
    for kind in kinds:
        if not isinstance(kind, WorkloadKind):
            raise TypeError(f"a workload is of WorkloadKind, not `{type(kind).__name__}`")
    return kinds


def distinct_instance() -> Constraint:
    """No two tasks of the request's task group on one instance."""
    return Constraint("distinctInstance")


def member_of(expression: Union[str, Expression]) -> Constraint:
    """Only instances that satisfy a cluster query.

    Raises :class:`ExpressionError` at once for a malformed one.
    """
    if isinstance(expression, str):
        expression = compile_expression(expression)
    return Constraint("memberOf", expression.source)

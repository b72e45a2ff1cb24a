"""Small values that requests are written with and that answers hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, NamedTuple, Optional, Union

from ._native import Expression, compile as compile_expression

__all__ = ["Constraint", "Placement", "Strategy", "binpack", "distinct_instance", "member_of", "random", "spread"]


class Placement(NamedTuple):
    """A task and the instance it was placed on, both by id."""

    task: str
    instance: str


@dataclass(frozen=True)
class Strategy:
    """One rule of a placement strategy, as ECS writes it."""

    type: str
    field: Optional[str] = None

    def to_dict(self) -> Dict[str, str]:
        """ECS's ``PlacementStrategy`` object."""
        return {"type": self.type} if self.field is None else {"type": self.type, "field": self.field}


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

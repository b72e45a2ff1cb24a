"""The exceptions: one base that says what, where and what to do, and a subclass for each habit of Python's."""

from __future__ import annotations

from typing import Any, Callable, Optional, Tuple

__all__ = [
    "BusyError",
    "ConflictError",
    "DuplicateError",
    "ExpressionError",
    "InvalidInputError",
    "LimitError",
    "NotFoundError",
    "PlacewrightError",
    "StaleHandleError",
]


class PlacewrightError(Exception):
    """Why a call was refused. The call changed nothing.

    Match on the class or on ``code``, never on the message. ``str()`` shows the message, the faulty place of an expression
    or of a JSON text with carets under it, and the advice.
    """

    code: str
    """Stable text for what went wrong, e.g. ``expr.unknown_subject``."""
    message: str
    """What went wrong, in one line, without place or advice."""
    path: Optional[str]
    """Where in a document, e.g. ``containerInstances[3].status``."""
    span: Optional[Tuple[int, int]]
    """Start and end of the faulty place, in characters of the expression or of the JSON text."""
    help: Optional[str]
    """What to do about it."""

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "",
        path: Optional[str] = None,
        span: Optional[Tuple[int, int]] = None,
        help: Optional[str] = None,
        text: Optional[str] = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.path = path
        self.span = span
        self.help = help
        self._text = message if text is None else text

    def __str__(self) -> str:
        return self._text

    def __reduce__(self) -> Tuple[Callable[..., PlacewrightError], Tuple[Any, ...]]:
        detail = {"code": self.code, "path": self.path, "span": self.span, "help": self.help, "text": self._text}
        return _rebuild, (type(self), self.message, detail)


def _rebuild(kind: Callable[..., PlacewrightError], message: str, detail: dict[str, Any]) -> PlacewrightError:
    return kind(message, **detail)


class InvalidInputError(PlacewrightError, ValueError):
    """A value is malformed, out of range, or not allowed here."""


class ExpressionError(InvalidInputError):
    """A cluster query is malformed or does not type-check; ``span`` is always there."""


class LimitError(PlacewrightError, OverflowError):
    """A documented bound was passed."""


class DuplicateError(PlacewrightError, ValueError):
    """The thing already exists."""


class NotFoundError(PlacewrightError, KeyError):
    """The thing does not exist, or no longer does."""


class ConflictError(PlacewrightError, RuntimeError):
    """The state does not allow the operation."""


class StaleHandleError(PlacewrightError, RuntimeError):
    """A savepoint or a prepared request is no longer valid, or is another cluster's."""


class BusyError(PlacewrightError, RuntimeError):
    """The cluster is in the middle of a call that this one would have to wait for for ever."""

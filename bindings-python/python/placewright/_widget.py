"""The widget that steps through placements; imported only when somebody asks for one, as anywidget is an optional extra."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any, List, Union

import anywidget
import traitlets

from . import _html, _native
from ._errors import PlacewrightError

__all__ = ["Stepper"]

STEPS_MAX = 10_000
"""Most steps of one widget."""


class Stepper(anywidget.AnyWidget):
    """Requests placed one task at a time, forth and back, with a picture of the cluster and the reasons of each step. A request for
    all of its tasks or none is one step.

    It works on a copy, ``cluster``, in which each step is a savepoint; the cluster it was made from never changes.
    """

    # A property of its own once anywidget has read the file.
    _esm: Any = Path(__file__).parent / "widget.js"

    step = traitlets.Int(0).tag(sync=True)
    """Steps done."""
    steps = traitlets.Int(0).tag(sync=True)
    """Steps there are."""
    interval_ms = traitlets.Int(700, min=50).tag(sync=True)
    """Time between steps while it plays, in milliseconds."""
    picture = traitlets.Unicode("").tag(sync=True)
    """The cluster after the last step, as HTML."""
    reasons = traitlets.Unicode("").tag(sync=True)
    """What the last step did and why, as HTML."""
    caption = traitlets.Unicode("").tag(sync=True)
    """What the next step is for, in words."""

    cluster: _native.Cluster
    """The copy it works on."""

    def __init__(
        self,
        cluster: _native.Cluster,
        requests: Union[str, Mapping[str, Any], Iterable[Union[str, Mapping[str, Any]]]],
        *,
        interval_ms: int = 700,
    ) -> None:
        several = [requests] if isinstance(requests, (str, bytes, Mapping)) else list(requests)
        for at, one in enumerate(several):
            if isinstance(one, _native.Request):
                message = f"requests[{at}] is prepared for its own cluster, and the widget works on a copy of it"
                raise TypeError(f"{message}: give what it was prepared from")
        copy = cluster.copy()
        self._requests: List[_native.Request] = []
        for one in several:
            request = copy.prepare(one)
            if len(self._requests) + request.count > STEPS_MAX:
                raise ValueError(f"more than {STEPS_MAX:,} tasks: a widget steps through them one by one")
            # All or nothing is decided once for all of them.
            self._requests.extend([request] * (min(request.count, 1) if request.all_or_nothing else request.count))
        self._done: List[_native.Savepoint] = []
        self._told: List[str] = []
        self.cluster = copy
        super().__init__(steps=len(self._requests), interval_ms=interval_ms)
        self.on_msg(self._hear)
        self._show(())

    def next(self) -> bool:
        """Places the next task; ``False`` where there is none left."""
        marked = self._place()
        if marked is None:
            return False
        self._show(marked)
        return True

    def _place(self) -> Union[tuple[str, ...], None]:
        """Places the next task and shows nothing; gives the instance it went to, ``None`` where there is no task left."""
        at = len(self._done)
        if at >= len(self._requests):
            return None
        request = self._requests[at]
        why = request.explain()
        savepoint = self.cluster.begin()
        try:
            instances = [instance for _, instance in request.place().placements] if request.all_or_nothing else None
            if instances is None:
                self.cluster.place_bulk([request])
        except BaseException:
            self.cluster.rollback(savepoint)
            raise
        self._done.append(savepoint)
        self._told.append(why._repr_html_())
        if instances is not None:
            return tuple(dict.fromkeys(instances))
        return () if why.winner is None else (why.winner,)

    def back(self) -> bool:
        """Takes the last step back; ``False`` where there is none."""
        return self.go(len(self._done) - 1)

    def go(self, step: int) -> bool:
        """Goes to the moment after so many steps; ``False`` where there is no such moment."""
        if not 0 <= step <= len(self._requests):
            return False
        if step < len(self._done):
            # Going back to a savepoint closes those inside it.
            self.cluster.rollback(self._done[step])
            del self._done[step:], self._told[step:]
        marked: tuple[str, ...] = ()
        while len(self._done) < step:
            marked = self._place() or ()
        # Only where it ends: a picture of each step on the way would be thrown away.
        self._show(marked)
        return True

    def _show(self, marked: tuple[str, ...]) -> None:
        at = len(self._done)
        groups = {request.group for request in self._requests}
        if at < len(self._requests):
            request = self._requests[at]
            what = f"all or none of {request.count} tasks" if request.all_or_nothing and request.count > 1 else "a task"
            caption = f"next: {what} of {request.definition} in group {request.group}"
        else:
            caption = "all steps done"
        with self.hold_sync():
            self.picture = _html.cluster(self.cluster, marked=marked, groups=groups)
            self.reasons = self._told[-1] if self._told else ""
            self.caption = caption
            self.step = at

    def _hear(self, _widget: object, content: object, _buffers: object = None) -> None:
        """A message of the page: ``{"do": "next" | "back" | "go", "step": …}``. Anything else is ignored."""
        what = content if isinstance(content, dict) else {}
        step = what.get("step")
        try:
            if what.get("do") == "next":
                self.next()
            elif what.get("do") == "back":
                self.back()
            elif what.get("do") == "go" and isinstance(step, int):
                self.go(step)
        except PlacewrightError as error:
            self.reasons = f"<p><strong>{escape(str(error))}</strong></p>"


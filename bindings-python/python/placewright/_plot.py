"""Plots through matplotlib, which is an optional extra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional

from . import _html, _native

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["cluster", "explanation"]

BARS_MAX = 60
"""Instances up to which each has a bar of its own."""


def _axes(ax: Optional[Axes]) -> Axes:
    """The axes to draw on: those given, or new ones."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("plots need matplotlib: pip install 'placewright[plot]'") from error
    return pyplot.subplots(layout="constrained")[1] if ax is None else ax


def _plain(text: str) -> str:
    """A text as it is: without formulas between dollar signs, and in the legend also where it begins with an underscore."""
    shown = text.replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


def cluster(shown: _native.Cluster, *, resource: str = "memory", ax: Optional[Axes] = None) -> Axes:
    """How full the instances are: a bar for each, its tasks coloured by group; of many, how many are how full, by zone."""
    # One moment of it, whatever other threads do.
    shown = shown.copy()
    rows = shown.instances
    resources = _html._resources(rows.column_names)
    if resource not in resources:
        raise ValueError(f"resource is one of {', '.join(resources)}, not {resource!r}")
    ax = _axes(ax)
    registered = rows.column(resources[resource][0])
    used = registered - rows.column(resources[resource][1])
    zones = rows.column("zone")
    if len(rows) > BARS_MAX:
        by_zone: Dict[str, List[float]] = {}
        for zone, has, takes in zip(zones, registered.tolist(), used.tolist()):
            if has > 0:
                by_zone.setdefault(zone or "no zone", []).append(100 * takes / has)
        names = sorted(by_zone)
        ax.hist([by_zone[name] for name in names], bins=20, range=(0, 100), stacked=True, label=[_plain(name) for name in names])
        ax.set(xlabel=_plain(f"{resource} in use, %"), ylabel="instances")
        if names:
            ax.legend(fontsize="small")
        return ax
    seen = _html.picture(shown, BARS_MAX)
    instances = sorted(seen.instances, key=lambda one: (one.zone is None, one.zone or ""))
    labels = [_plain(f"{_html._short(one.id, 24)}  {one.zone or ''}".rstrip()) for one in instances]
    places = list(range(len(instances)))
    amounts = [one.amounts.get(resource, (0, 0)) for one in instances]
    ax.barh(places, [has for has, _ in amounts], color="none", edgecolor="#888888", linewidth=0.6)
    starts = [0] * len(instances)
    for group, colour in _html.colours(seen.groups).items():
        held = [one.tasks.get(resource, {}).get(group, 0) for one in instances]
        ax.barh(places, held, left=starts, color=colour, label=_plain(group))
        starts = [start + amount for start, amount in zip(starts, held)]
    others = [max(has - left - start, 0) for (has, left), start in zip(amounts, starts)]
    if any(others):
        ax.barh(places, others, left=starts, color=_html.OTHERS, alpha=0.6, label="others")
    ax.set_yticks(places, labels)
    ax.invert_yaxis()
    ax.set(xlabel={"memory": "memory, MiB", "cpu": "CPU units"}.get(resource, _plain(resource)))
    if ax.get_legend_handles_labels()[1]:
        ax.legend(fontsize="small")
    return ax


def explanation(shown: _native.Explanation, *, ax: Optional[Axes] = None) -> Axes:
    """How many instances fell away for each reason, and how many would take the task."""
    ax = _axes(ax)
    bars: Dict[str, Any] = dict(shown.reasons)
    bars["would take the task"] = shown.funnel["meetConstraints"]
    colour = [_html.OTHERS] * (len(bars) - 1) + [_html.PALETTE[2]]
    drawn = ax.barh([_plain(reason) for reason in bars], list(bars.values()), color=colour)
    ax.bar_label(drawn, padding=3)
    ax.invert_yaxis()
    ax.set(xlabel="instances", title=_plain(f"a task of {shown.definition}"))
    return ax

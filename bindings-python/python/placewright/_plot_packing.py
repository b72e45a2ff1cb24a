"""Plots of packings and moves through matplotlib, which is an optional extra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, Optional

from . import _html, _html_packing
from ._plot import _axes, _plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ._packed import Packing
    from ._rearranging import Rearrangement

__all__ = ["bins", "moves", "progress"]


def bins(shown: Packing, *, dimension: Optional[str], bins_max: int, ax: Optional[Axes]) -> Axes:
    """A bar for each of the most numerous kinds of bins, its items coloured by id."""
    dimensions = shown.dimensions
    if dimension is None:
        dimension = dimensions[0]
    if dimension not in dimensions:
        raise ValueError(f"dimension is one of {', '.join(dimensions)}, not {dimension!r}")
    ax = _axes(ax)
    kinds = shown.bin_table.to_dict()
    chosen = _html_packing._largest(shown, bins_max)
    inside = _html_packing.contents(shown, chosen)
    labels = [_plain(f"{kinds['count'][at]:,} × {_html._short(kinds['type'][at], 24)}") for at in chosen]
    places = list(range(len(chosen)))
    capacities = [kinds[f"{dimension}_capacity"][at] for at in chosen]
    ax.barh(places, capacities, color="none", edgecolor="#888888", linewidth=0.6)
    held: Dict[str, List[int]] = {}
    for place, at in enumerate(chosen):
        for row in inside[at]:
            name = row["id"] or f"item {row['item']}"
            held.setdefault(name, [0] * len(chosen))[place] += row["number"] * row[f"{dimension}_each"]
    # Grey without a word would be read as room that is left.
    names = sorted(held)
    told, rest = names[: len(_html.PALETTE)], names[len(_html.PALETTE) :]
    shares = [(name, _html.PALETTE[at], held[name]) for at, name in enumerate(told)]
    if rest:
        shares.append((f"{len(rest):,} others", _html.OTHERS, [sum(amounts) for amounts in zip(*map(held.__getitem__, rest))]))
    starts = [0] * len(chosen)
    for name, colour, amounts in shares:
        ax.barh(places, amounts, left=starts, color=colour, label=_plain(name))
        starts = [start + amount for start, amount in zip(starts, amounts)]
    ax.set_yticks(places, labels)
    ax.invert_yaxis()
    ax.set(xlabel=_plain(dimension))
    if len(chosen) < len(shown.bin_table):
        ax.set(title=f"{len(chosen)} of {len(shown.bin_table):,} kinds of bins")
    if ax.get_legend_handles_labels()[1]:
        ax.legend(fontsize="small")
    return ax


def progress(shown: Packing, *, by: str, ax: Optional[Axes]) -> Axes:
    """Bound against value, over time or over steps."""
    if by not in ("seconds", "steps"):
        raise ValueError(f"by is one of seconds, steps, not {by!r}")
    ax = _axes(ax)
    told = shown.history.to_dict()
    # A packing that leaves items out costs little for that reason.
    known = [at for at, value in enumerate(told["value"]) if value is not None and told["missing"][at] == told["missing"][-1]]
    if known:
        values = [told["value"][at] for at in known]
        ax.step([told[by][at] for at in known], values, where="post", color=_html.PALETTE[0], label="value")
    if told[by]:
        ax.step(told[by], told["lower_bound"], where="post", color=_html.PALETTE[1], label="lower bound")
        ax.legend(fontsize="small")
    ax.set(xlabel={"seconds": "time, s", "steps": "steps"}[by], ylabel="cost")
    return ax


def moves(shown: Rearrangement, *, resource: str, instances_max: int, ax: Optional[Axes]) -> Axes:
    """Two bars for each of the first instances that moves touch: in use before them, and after."""
    table = shown.occupancy
    resources = _html._resources(table.column_names)
    if resource not in resources:
        raise ValueError(f"resource is one of {', '.join(resources)}, not {resource!r}")
    ax = _axes(ax)
    name = resources[resource][0][: -len("_registered")]
    told = table.to_dict()
    number = min(len(table), max(instances_max, 0))
    labels = []
    for instance, is_emptied in list(zip(told["instance"], told["is_emptied"]))[:number]:
        labels.append(_plain(f"{_html._short(instance, 24)}{'  emptied' if is_emptied else ''}"))
    places = list(range(number))
    amounts = {part: [amount or 0 for amount in told[f"{name}_{part}"][:number]] for part in ("registered", "before", "after")}
    ax.barh(places, amounts["registered"], color="none", edgecolor="#888888", linewidth=0.6)
    for when, colour, shift in (("before", _html.OTHERS, -0.2), ("after", _html.PALETTE[0], 0.2)):
        ax.barh([place + shift for place in places], amounts[when], height=0.4, color=colour, label=when)
    ax.set_yticks(places, labels)
    ax.invert_yaxis()
    ax.set(xlabel={"memory": "memory, MiB", "cpu": "CPU units"}.get(resource, _plain(resource)))
    if number < len(table):
        ax.set(title=f"{number} of {len(table):,} instances that moves touch")
    if number:
        ax.legend(fontsize="small")
    return ax

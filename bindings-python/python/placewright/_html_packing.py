"""What notebooks show of packings, fleets and rearrangements; drawn as the pictures of clusters are."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Dict, List, Sequence

from . import _html

if TYPE_CHECKING:
    from ._packed import FleetPlan, Packing
    from ._rearranging import Rearrangement

__all__ = ["packing", "rearrangement"]

BINS_SHOWN = 24
"""Kinds of bins of one picture."""
ROWS_SHOWN = _html.ROWS_SHOWN
WIDTH = 640
"""Width of a bar, in pixels."""
LABEL = 230
"""Width of what stands before it."""


def _number(value: float) -> str:
    return f"{value:,.6f}".rstrip("0").rstrip(".")


def _largest(shown: Packing, rows: int) -> List[int]:
    """Kinds of bins, most numerous first, then as they come."""
    counts = shown.bin_table.to_dict()["count"]
    return sorted(range(len(counts)), key=lambda at: -counts[at])[:rows]


def contents(shown: Packing, chosen: Sequence[int]) -> Dict[int, List[Dict[str, Any]]]:
    """What is in some kinds of bins: rows of the table by pattern."""
    wanted = {pattern: [] for pattern in chosen}  # type: Dict[int, List[Dict[str, Any]]]
    columns = shown.table.to_dict()
    names = list(columns)
    for row in zip(*columns.values()):
        if row[0] in wanted:
            wanted[row[0]].append(dict(zip(names, row)))
    return wanted


def _svg(shown: Packing, chosen: Sequence[int]) -> str:
    """Bars: for each kind of bins and each dimension, what its items take."""
    kinds = shown.bin_table.to_dict()
    inside = contents(shown, chosen)
    dimensions = shown.dimensions[: _html.RESOURCES_SHOWN]
    ids = {row["id"] or f"item {row['item']}" for rows in inside.values() for row in rows}
    colour = _html.colours(ids)
    parts: List[str] = []
    y = 4
    for pattern in chosen:
        label = f"{kinds['count'][pattern]:,} × {_html._short(kinds['type'][pattern], 24)}"
        parts.append(_html._text(4, y + 10, label))
        for dimension in dimensions:
            has, used = kinds[f"{dimension}_capacity"][pattern], kinds[f"{dimension}_used"][pattern]
            parts.append(_html._text(LABEL - 66, y + _html.BAR - 1, _html._short(dimension, 11), size=9, opacity=0.7))
            title = f"{dimension}: {used:,} of {has:,} in use"
            parts.append(_html._rect(LABEL, y, WIDTH, _html.BAR, "currentColor", title, 0.12))
            at = float(LABEL)
            for row in inside[pattern]:
                amount = row["number"] * row[f"{dimension}_each"]
                long = WIDTH * amount / has if has > 0 else 0.0
                name = row["id"] or f"item {row['item']}"
                title = f"{row['number']:,} × {name}: {amount:,} {dimension}"
                parts.append(_html._rect(at, y, long, _html.BAR, colour.get(name, _html.OTHERS), title))
                at += long
            y += _html.BAR + 3
        y += 6
    size = f'viewBox="0 0 {LABEL + WIDTH + 8} {y}" width="{LABEL + WIDTH + 8}" height="{y}"'
    style = "max-width:100%;height:auto;font-family:system-ui,sans-serif"
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" style="{style}">{"".join(parts)}</svg>'


def packing(shown: Packing) -> str:
    """A packing: figures, the picture of its most numerous bins, what is not packed, and of a fleet what else there is."""
    from ._packed import FleetPlan

    proven = "proven optimal" if shown.optimal else f"at most {100 * shown.gap:.2f} % above the best possible"
    head = (
        f"<p><strong>{type(shown).__name__}</strong>: {shown.bin_count:,} bin{'s' if shown.bin_count != 1 else ''}, "
        f"cost {_number(shown.value)}, bound {_number(shown.lower_bound)} ({escape(shown.bound_name)}): {proven}; "
        f"found by {escape(shown.solver)} in {shown.steps:,} steps</p>"
    )
    parts = ["<div>", head]
    chosen = _largest(shown, BINS_SHOWN)
    if chosen:
        parts.append(_svg(shown, chosen))
        parts.append(_html._more(len(chosen), len(shown.bin_table), "kinds of bins"))
    if isinstance(shown, FleetPlan):
        parts.append(_fleet(shown))
    left = shown.unpacked
    if left:
        parts.append("<p>Not packed:</p>")
        rows = [[one.item, one.id, one.count, one.reason] for one in left[:ROWS_SHOWN]]
        parts.append(_html._table(["item", "id", "count", "reason"], rows))
        parts.append(_html._more(min(len(left), ROWS_SHOWN), len(left), "items"))
    return "".join(parts) + "</div>"


def _fleet(shown: FleetPlan) -> str:
    """What a fleet says beside its packing."""
    parts = [_html._table(["buy", "instances"], list(shown.purchases.items())[:ROWS_SHOWN])]
    others = [[one.name, one.type, _number(one.cost), one.instances, one.missing] for one in shown.alternatives]
    if others:
        names = ["alternative", "type", "cost", "instances", "missing"]
        parts.append(_html._table(names, [["this plan", None, _number(shown.cost), shown.bin_count, 0], *others]))
    if shown.changes:
        parts.append(_html._table(["offer", "today", "in the plan"], shown.changes[:ROWS_SHOWN]))
    rooms = [[room.dimension, room.capacity, room.used, room.left, room.stranded] for room in shown.rooms]
    parts.append(_html._table(["dimension", "capacity", "used", "left", "stranded"], rooms))
    return "".join(parts)


def rearrangement(shown: Rearrangement) -> str:
    """A rearrangement: before and after, and the first moves."""
    head = f"{len(shown):,} move{'s' if len(shown) != 1 else ''}, {len(shown.emptied):,} emptied"
    parts = [f"<div><p><strong>Rearrangement</strong> ({escape(shown.goal)}): {head}</p>"]
    names = ["", "instances", "CPU left", "memory left, MiB", "GPUs left", "largest skew", "sum of skews"]
    parts.append(_html._table(names, [["before", *shown.before], ["after", *shown.after]]))
    moves = shown.moves
    if moves:
        parts.append(_html._table(["task", "group", "definition", "from", "to"], moves[:ROWS_SHOWN]))
        parts.append(_html._more(min(len(moves), ROWS_SHOWN), len(moves), "moves"))
    return "".join(parts) + "</div>"

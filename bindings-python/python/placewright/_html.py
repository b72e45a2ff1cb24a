"""What notebooks show: pictures of clusters as inline SVG, answers as tables.

Everything is text that stands on its own: no script, no style sheet, no address of another host. Text and lines take the
colour of the page, so light and dark themes both read well.
"""

from __future__ import annotations

from html import escape
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from . import _native

__all__ = ["cluster", "colours", "explanation", "result", "table"]

PALETTE = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#ee8866", "#44bb99", "#997700", "#8877cc")
"""Colours of task groups, told apart on light and on dark, and by people who confuse red and green."""
OTHERS = "#888888"
"""Colour of what is in use by nobody known, and of groups beyond the palette."""

INSTANCES_SHOWN = 48
"""Instances of one picture."""
ZONES_SHOWN = 12
"""Zones of one picture."""
ROWS_SHOWN = 20
"""Rows of one table."""
RESOURCES_SHOWN = 5
"""Bars of one instance."""

WIDTH = 220
"""Width of one instance, in pixels."""
COLUMNS = 4
"""Instances side by side."""
BAR = 9
"""Height of one bar."""
LABEL = 30
"""Characters that fit above the bars."""


class Instance(NamedTuple):
    """What a picture tells of one instance."""

    id: str
    zone: Optional[str]
    status: str
    connected: bool
    amounts: Dict[str, Tuple[int, int]]
    """By resource: registered, and remaining."""
    tasks: Dict[str, Dict[str, int]]
    """By resource: what each group of tasks takes."""
    running: int


class Picture(NamedTuple):
    """What is shown of a cluster."""

    instances: List[Instance]
    groups: List[str]
    zones: Dict[Optional[str], int]
    """Every zone with the number of its instances, shown or not."""
    total: int


def _resources(columns: Sequence[str]) -> Dict[str, Tuple[str, str, str]]:
    """By resource: the columns of instances with what is registered and what remains, and the column of tasks."""
    names = {"cpu": "cpu", "memory_mib": "memory", "gpus": "gpus"}
    found = {shown: (f"{name}_registered", f"{name}_remaining", name) for name, shown in names.items()}
    for column in columns:
        if column.startswith("custom_") and column.endswith("_registered"):
            name = column[: -len("_registered")]
            own = name[len("custom_") :]
            # A resource of its own may be called as one that every instance has.
            found[own if own not in names.values() else name] = (column, f"{name}_remaining", name)
    return found


def picture(shown: _native.Cluster, limit: int = INSTANCES_SHOWN) -> Picture:
    """What is shown of a cluster: of each zone the instances registered first, as many of one zone as of another. To be asked of a
    cluster that no other thread changes."""
    rows = shown.instances
    ids, zone_of, status = rows.column("id"), rows.column("zone"), rows.column("status")
    connected, running = rows.column("agent_connected"), rows.column("running_tasks")
    zones: Dict[Optional[str], int] = {}
    for zone in zone_of:
        zones[zone] = zones.get(zone, 0) + 1
    some = sorted(zones, key=lambda zone: (zone is None, zone or ""))[:ZONES_SHOWN]
    room, left = limit, len(some)
    share: Dict[Optional[str], int] = {}
    for zone in sorted(some, key=lambda zone: zones[zone]):
        share[zone] = min(zones[zone], room // left)
        room, left = room - share[zone], left - 1
    chosen: List[int] = []
    for at, zone in enumerate(zone_of):
        if share.get(zone, 0) > 0:
            share[zone] -= 1
            chosen.append(at)
    resources = {
        name: (rows.column(registered), rows.column(remaining), of_task)
        for name, (registered, remaining, of_task) in _resources(rows.column_names).items()
    }
    used = {
        name: columns
        for name, columns in resources.items()
        if name in ("cpu", "memory") or any(columns[0][at] > 0 for at in chosen)
    }
    tasks = shown._tasks_of([ids[at] for at in chosen]).to_dict()
    by_instance: Dict[str, Dict[str, Dict[str, int]]] = {}
    groups: Dict[str, int] = {}
    for at, (instance, group) in enumerate(zip(tasks["instance"], tasks["group"])):
        groups[group] = groups.get(group, 0) + 1
        for name, (_, _, of_task) in used.items():
            held = by_instance.setdefault(instance, {}).setdefault(name, {})
            held[group] = held.get(group, 0) + tasks[of_task][at]
    instances = [
        Instance(
            ids[at],
            zone_of[at],
            status[at],
            bool(connected[at]),
            {
                name: (int(columns[0][at]), int(columns[1][at]))
                for name, columns in used.items()
                if name in ("cpu", "memory") or columns[0][at] > 0
            },
            by_instance.get(ids[at], {}),
            int(running[at]),
        )
        for at in chosen
    ]
    return Picture(instances, list(groups), zones, len(rows))


def colours(groups: Iterable[str]) -> Dict[str, str]:
    """A colour for each group, by the order of the names, so that a picture of a later moment has the same."""
    names = sorted(groups)
    return {name: PALETTE[at] if at < len(PALETTE) else OTHERS for at, name in enumerate(names)}


def _text(x: float, y: float, text: str, *, size: int = 11, weight: str = "", opacity: float = 1.0) -> str:
    weight = f' font-weight="{weight}"' if weight else ""
    faint = f' fill-opacity="{opacity}"' if opacity < 1 else ""
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="currentColor"{weight}{faint}>{escape(text)}</text>'


def _rect(x: float, y: float, width: float, height: float, fill: str, title: str = "", opacity: float = 1.0) -> str:
    inside = f"<title>{escape(title)}</title>" if title else ""
    faint = f' fill-opacity="{opacity}"' if opacity < 1 else ""
    size = f'x="{x:.2f}" y="{y:.2f}" width="{max(width, 0):.2f}" height="{height:g}"'
    return f'<rect {size} fill="{fill}"{faint}>{inside}</rect>'


def _short(text: str, width: int) -> str:
    """The end of an id, which is what tells ids apart."""
    return text if len(text) <= width else "…" + text[-(width - 1) :]


def _instance(one: Instance, x: float, y: float, colour: Dict[str, str], marked: bool) -> str:
    """One instance: its id, and a bar for each resource."""
    parts = [f'<g data-instance="{escape(one.id)}">']
    if marked:
        parts.append(
            f'<rect x="{x - 5:g}" y="{y - 2:g}" width="{WIDTH - 10:g}" height="{_height(one):g}" rx="3" fill="none" '
            'stroke="currentColor" stroke-width="1.5"/>'
        )
    state = one.status.lower() if one.status != "ACTIVE" else "" if one.connected else "agent not connected"
    note = f" ({state})" if state else ""
    label = _short(one.id, max(LABEL - len(note), 8)) + note
    parts.append(_text(x, y + 10, label, opacity=0.55 if state else 1.0))
    start, width = x + 52, WIDTH - 72
    for line, (name, (registered, remaining)) in enumerate(list(one.amounts.items())[:RESOURCES_SHOWN]):
        top = y + 15 + line * (BAR + 3)
        parts.append(_text(x, top + BAR - 1, _short(name, 9), size=9, opacity=0.7))
        used = registered - remaining
        parts.append(_rect(start, top, width, BAR, "currentColor", f"{name}: {used} of {registered} in use", 0.12))
        at, known = start, 0
        for group, amount in sorted(one.tasks.get(name, {}).items()):
            # More than there is may be in use, where an instance came back with less.
            long = min(width * amount / registered, start + width - at) if registered > 0 else 0.0
            parts.append(_rect(at, top, long, BAR, colour.get(group, OTHERS), f"{group}: {amount} of {registered} {name}"))
            at, known = at + long, known + amount
        if used > known and registered > 0:
            long = min(width * (used - known) / registered, start + width - at)
            parts.append(_rect(at, top, long, BAR, OTHERS, f"others: {used - known} of {registered} {name}", 0.6))
    parts.append("</g>")
    return "".join(parts)


def _height(one: Instance) -> int:
    return 22 + min(len(one.amounts), RESOURCES_SHOWN) * (BAR + 3)


def svg(seen: Picture, *, marked: Sequence[str] = (), groups: Iterable[str] = ()) -> str:
    """The picture: zone by zone, the instances of each as bars. ``groups`` are groups that have a colour, tasks or not."""
    colour = colours({*seen.groups, *groups})
    by_zone: Dict[Optional[str], List[Instance]] = {}
    for one in seen.instances:
        by_zone.setdefault(one.zone, []).append(one)
    parts: List[str] = []
    y = 4
    for zone in sorted(by_zone, key=lambda zone: (zone is None, zone or "")):
        members = by_zone[zone]
        count = seen.zones[zone]
        of = f"{len(members)} of {count}" if len(members) < count else str(count)
        parts.append(_text(4, y + 12, f"{zone or 'no zone'}: {of} instance{'s' if count != 1 else ''}", size=12, weight="bold"))
        y += 20
        tall = max(_height(one) for one in members)
        for at, one in enumerate(members):
            column, line = at % COLUMNS, at // COLUMNS
            parts.append(_instance(one, 8 + column * WIDTH, y + line * tall, colour, one.id in marked))
        y += tall * ((len(members) + COLUMNS - 1) // COLUMNS) + 6
    x = 8
    for group, fill in list(colour.items())[:16]:
        width = 24 + 6.2 * min(len(group), 40)
        if x + width > COLUMNS * WIDTH:
            x, y = 8, y + 16
        parts.append(_rect(x, y + 3, 10, 10, fill))
        parts.append(_text(x + 14, y + 12, _short(group, 40)))
        x += int(width) + 8
    y += 20 if colour else 0
    size = f'viewBox="0 0 {COLUMNS * WIDTH} {y}" width="{COLUMNS * WIDTH}" height="{y}"'
    style = "max-width:100%;height:auto;font-family:system-ui,sans-serif"
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" style="{style}">{"".join(parts)}</svg>'


def cluster(shown: _native.Cluster, *, marked: Sequence[str] = (), groups: Iterable[str] = ()) -> str:
    """A cluster: the numbers, the picture, and a note where not all of it is in the picture."""
    # One moment of it, whatever other threads do.
    shown = shown.copy()
    seen = picture(shown)
    running = shown.running_tasks
    head = f"{seen.total:,} instance{'s' if seen.total != 1 else ''}, {running:,} task{'s' if running != 1 else ''}"
    parts = [f"<div><p><strong>Cluster</strong>: {head}</p>"]
    if seen.instances:
        parts.append(svg(seen, marked=marked, groups=groups))
    if len(seen.instances) < seen.total:
        parts.append(
            f"<p><em>The picture shows {len(seen.instances)} of {seen.total:,} instances"
            + (f" and {ZONES_SHOWN} of {len(seen.zones):,} zones" if len(seen.zones) > ZONES_SHOWN else "")
            + "; <code>.plot()</code> and <code>.instances</code> have them all.</em></p>"
        )
    return "".join(parts) + "</div>"


def _table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table of cells; numbers stand right."""
    head = "".join(f'<th style="text-align:left">{escape(name)}</th>' for name in names)
    body: List[str] = []
    for row in rows:
        cells = []
        for value in row:
            if value is None:
                cells.append('<td style="opacity:0.5">–</td>')
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                cells.append(f'<td style="text-align:right">{value:,}</td>')
            else:
                cells.append(f'<td style="text-align:left">{escape(str(value))}</td>')
        body.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def _more(shown: int, total: int, what: str) -> str:
    return f"<p><em>{shown:,} of {total:,} {what}</em></p>" if shown < total else ""


def table(shown: _native.Table) -> str:
    """The first rows of a table."""
    columns = shown.head(ROWS_SHOWN).to_dict()
    if "registered_at" in columns:
        columns["registered_at"] = [None if str(at) == "NaT" else at for at in shown.head(ROWS_SHOWN).column("registered_at")]
    few = min(len(shown), ROWS_SHOWN)
    return f"<div>{_table(shown.column_names, zip(*columns.values()))}{_more(few, len(shown), 'rows')}</div>"


def result(shown: _native.Result) -> str:
    """What became of a request: numbers, reasons, the first placements."""
    wanted = shown.placed + shown.rejected
    parts = [f"<div><p><strong>{shown.placed:,} of {wanted:,}</strong> task{'s' if wanted != 1 else ''} placed</p>"]
    placements = shown.table
    if len(placements):
        rows = placements.head(ROWS_SHOWN).to_dict()
        parts.append(_table(["task", "instance"], zip(rows["task"], rows["instance"])))
        parts.append(_more(min(len(placements), ROWS_SHOWN), len(placements), "placements"))
    if shown.reasons:
        parts.append("<p>Why the next task found no instance:</p>")
        parts.append(_table(["reason", "instances"], shown.reasons.items()))
    return "".join(parts) + "</div>"


def explanation(shown: _native.Explanation) -> str:
    """Why a task goes where it goes, or nowhere: the verdict, how many each step left, reasons, instances."""
    task = f"a task of <code>{escape(shown.definition)}</code> in group <code>{escape(shown.group)}</code>"
    parts = ["<div>"]
    if shown.winner is not None:
        decided = f", decided by {escape(shown.decided_by or '')}"
        parts.append(f"<p><strong>Winner</strong>: {task} goes to <code>{escape(shown.winner)}</code>{decided}</p>")
    else:
        parts.append(f"<p><strong>No instance</strong>: {task} goes nowhere</p>")
    if shown.nearest_miss is not None:
        parts.append(f"<p><strong>Nearest miss</strong>: {escape(shown.nearest_miss)}</p>")
    funnel = shown.funnel
    steps = [
        ("registered", "registered"),
        ("considered", "considered"),
        ("meetRequirements", "can hold the task"),
        ("meetConstraints", "and meet the constraints"),
    ]
    parts.append(_table([words for _, words in steps], [[funnel[key] for key, _ in steps]]))
    if shown.reasons:
        parts.append(_table(["reason", "instances"], shown.reasons.items()))
    columns = shown.table.to_dict()
    fell = [row for row in zip(*columns.values()) if row[1] is not None]
    if fell:
        parts.append(_table(list(columns), fell[:ROWS_SHOWN]))
        parts.append(_more(min(len(fell), ROWS_SHOWN), len(fell), "instances that fell away"))
    return "".join(parts) + "</div>"

"""A picture of a report: how the field grows from layer to layer, and which input positions one output reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from derive.network.model import NetworkError, UnreadableNetwork
from derive.network.report import Report, Row, View
from derive.network.touched import touched

MOST_NAMES = 40


def plot(report: Report, rows: Sequence[Row], file: str) -> None:
    """Write the picture; the ending of the file says in which format. Raises UnreadableNetwork without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UnreadableNetwork("a plot needs matplotlib, which is not installed: pip install 'derive-nn[plot]'") from None
    figure = Figure(figsize=(12, 5), layout="constrained")
    growing, seen = figure.subplots(1, 2)
    _growth(growing, rows)
    _seen(seen, report, _last(rows))
    try:
        figure.savefig(file, metadata={"Date": None} if file.endswith(".svg") else None)
    except (OSError, ValueError) as error:
        raise UnreadableNetwork(f"the plot cannot be written to {file}: {error}") from None


def _growth(axes: Any, rows: Sequence[Row]) -> None:
    for axis in range(len(rows[0].axes)):
        places = [(n, v.fields) for n, v in enumerate(row.axes[axis] for row in rows) if v.fields]
        if axis and all(row.axes[axis] == row.axes[0] for row in rows):
            continue
        axes.plot([n for n, _ in places], [max(f) for _, f in places], drawstyle="steps-mid", label=f"axis {axis}")
        axes.plot([n for n, _ in places], [min(f) for _, f in places], drawstyle="steps-mid", linestyle=":", color="grey")
    axes.set_ylabel("field, in input positions (dotted: the smallest phase)")
    axes.set_title("how the field grows")
    if len(rows) <= MOST_NAMES:
        axes.set_xticks(range(len(rows)), [row.name for row in rows], rotation=90)
    axes.legend()


def _last(rows: Sequence[Row]) -> Row:
    """The last layer whose field is known."""
    found = [row for row in rows if all(_drawn(v) for v in row.axes)]
    if not found:
        raise NetworkError("there is no layer whose field is known along all axes, so there is nothing to draw")
    return found[-1]


def _drawn(view: View) -> bool:
    return bool(view.starts) and not view.varies


def _seen(axes: Any, report: Report, row: Row) -> None:
    """The positions that the middle output reads: a grid of its first two axes, or a line."""
    middle = [(size or 1) // 2 for size in row.size]
    read = [touched(report.net, row.name, axis, middle[axis], report.source).positions for axis in range(min(2, len(row.axes)))]
    down, across = (read[0], read[1]) if len(read) == 2 else ((0,), read[0])
    axes.scatter([x for _ in down for x in across], [y for y in down for _ in across], s=4, marker="s")
    size = next(i.size for i in report.net.inputs if i.name == report.source)
    if size:
        sides = size if len(size) > 1 else (1, size[0])
        axes.plot(*zip(*((x - 0.5, y - 0.5) for x, y in _corners(sides[1], sides[0])), strict=True), color="black", linewidth=1)
    axes.set_aspect("equal" if len(read) == 2 else "auto")
    axes.invert_yaxis()
    where = " x ".join(map(str, middle[: len(read)]))
    axes.set_title(f"what output {where} of {row.name} reads" + (" (frame: the input)" if size else ""))


def _corners(width: int, height: int) -> list[tuple[int, int]]:
    return [(0, 0), (width, 0), (width, height), (0, height), (0, 0)]

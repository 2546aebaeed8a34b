"""A report as a table and as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from derive.network.costs import CONVENTIONS, Cost, operations
from derive.network.lanes import Apart
from derive.network.report import Report, Row, View

HEADINGS = ("layer", "op", "size", "channels", "jump", "field", "centre", "params", "MACs")
LEFT = 2
BYTES = 4
MOST_PHASES = 16
MOST_APART = 4
WIDEST = 28
FIRST_CONVENTION = next(iter(CONVENTIONS))


def table(report: Report, rows: Sequence[Row]) -> str:
    """The rows as text, with totals of these rows and everything a reader should be told."""
    lines = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEADINGS))]
    text = [_line(line, widths) for line in lines]
    return "\n".join([*text, "", *_sums(report, rows), *remarks(report, rows)]) + "\n"


def aligned(lines: Sequence[Sequence[str]], left: int = LEFT) -> str:
    """Columns: the first `left` to the left, the others to the right."""
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    return "\n".join(_line(line, widths, left) for line in lines) + "\n"


def _line(cells: Sequence[str], widths: Sequence[int], left: int = LEFT) -> str:
    return "  ".join(c.ljust(w) if n < left else c.rjust(w) for n, (c, w) in enumerate(zip(cells, widths, strict=True))).rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        cut(row.note) or row.op,
        _joined(None if s is None else str(s) for s in row.size),
        "?" if row.channels is None else str(row.channels),
        _joined(_jump(v) for v in row.axes),
        _joined(_field(v) for v in row.axes),
        _joined(_centre(v) for v in row.axes),
        number(row.cost.params),
        number(row.cost.macs),
    )


def cut(text: str) -> str:
    """At most so much of a text as fits into a column."""
    return text if len(text) <= WIDEST else text[: WIDEST - 3].rstrip() + "..."


def _joined(values: Any) -> str:
    """One text where all axes agree, else all of them with an x between; ? where all are missing."""
    texts = [v or "?" for v in values]
    return texts[0] if len(set(texts)) == 1 and len(texts) > 1 and "x" not in texts[0] else "x".join(texts)


def ranges(values: Sequence[int]) -> str:
    """Rising whole numbers, runs of them written by their ends.

    >>> ranges((3, 5, 6, 7, 9))
    '3, 5 to 7, 9'
    """
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return ", ".join(str(r[0]) if len(r) == 1 else f"{r[0]} to {r[-1]}" for r in runs)


def number(value: Any) -> str:
    """A count with commas; ? where it is not known."""
    return "?" if value is None else f"{value:,}"


def fraction(value: Fraction | None) -> str:
    """A number as a decimal where it is a half or a whole, else as a fraction."""
    if value is None:
        return "-"
    return str(value.numerator) if value.denominator == 1 else f"{float(value):g}" if value.denominator in (2, 4) else str(value)


def _jump(view: View) -> str:
    return fraction(view.jump)


def _field(view: View) -> str:
    if view.unknown:
        return "not known"
    fields = view.fields
    if fields is None:
        return "all" if view.whole else "varies" if view.varies else "-"
    text = str(fields[0]) if len(set(fields)) == 1 else f"{min(fields)}..{max(fields)}"
    return f"{text}+all" if view.whole else text


def _centre(view: View) -> str:
    return "-" if view.unknown or view.fields is None else fraction(view.centre)


def _sums(report: Report, rows: Sequence[Row]) -> Iterator[str]:
    cost = report.total if len(rows) == len(report.rows) else report.upto(rows[-1].name)
    kept = f", {number(cost.statistics)} running statistics" if cost.statistics else ""
    yield f"parameters   {number(cost.params)} trained{kept}"
    yield f"MACs         {number(cost.macs)} multiply-adds with weights, biases not counted"
    yield f"FLOPs        {number(operations(cost, FIRST_CONVENTION))} at {FIRST_CONVENTION}"
    peak = report.peak
    most = "" if peak is None else f", at most {number(peak)} at once, input included"
    yield f"activations  {number(cost.elements)} numbers per sample{most}"


def remarks(report: Report, rows: Sequence[Row]) -> Iterator[str]:
    """What a table does not show: unknown ops, branches that are not centred alike, fields that depend on the size."""
    told: set[str] = set()
    for text in (*_unknown(rows), *_varying(rows), *_mixed(rows), *_phases(rows), *_apart(rows), *(f"note: {n}" for n in report.notes)):
        if text not in told:
            yield text
            told.add(text)


def _unknown(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        for axis, view in enumerate(row.axes):
            if view.unknown and view.unknown.since == row.name:
                yield f"not known: from {row.name!r} on (axis {axis}): {view.unknown.why}"


def _varying(rows: Sequence[Row]) -> Iterator[str]:
    first = next(((row, view) for row in rows for view in row.axes if view.varies), None)
    if first:
        yield f"varies: from {first[0].name!r} on, what is read depends on the input size modulo {first[1].modulus}; give one with --input"


def _mixed(rows: Sequence[Row]) -> Iterator[str]:
    first = next((row for row in rows if any(v.mixed for v in row.axes)), None)
    if first:
        yield f"advance differently: the branches that meet in {first.name!r}; from there on, each output has a field of its own"


def _phases(rows: Sequence[Row]) -> Iterator[str]:
    last = rows[-1]
    for axis, view in enumerate(last.axes):
        if view.fields and len(set(view.fields)) > 1 and not view.mixed:
            yield f"fields of {last.name!r} by output position modulo {len(view.fields)} (axis {axis}): {_listed(view.fields)}"


def _listed(fields: Sequence[int]) -> str:
    """Few fields one by one, many by how often each occurs."""
    if len(fields) <= MOST_PHASES:
        return " ".join(map(str, fields))
    return ", ".join(f"{f} at {fields.count(f)}" for f in sorted(set(fields))[:MOST_PHASES])


def _apart(rows: Sequence[Row]) -> Iterator[str]:
    found = [(row, axis, a) for row in rows for axis, view in enumerate(row.axes) for together in view.apart for a in together]
    seen = set()
    for row, _, a in found[:MOST_APART]:
        if (row.name, a) not in seen:
            yield f"misaligned: in {row.name!r} the centres of {a.other!r} lie behind those of {a.one!r} by {shifts(a)} input positions"
        seen.add((row.name, a))
    more = len({row.name for row, _, _ in found}) - len({row.name for row, _, _ in found[:MOST_APART]})
    if more:
        yield f"misaligned: and so in {more} layers more (see --json)"


def shifts(a: Apart) -> str:
    """The differences of two branches' centres."""
    return fraction(a.by[0]) if len(a.by) == 1 else f"{fraction(a.by[0])} to {fraction(a.by[-1])}"


def data(report: Report, rows: Sequence[Row]) -> dict[str, Any]:
    """The same as plain data: whole numbers, fractions as text such as "1/2", null for what is not known."""
    net = report.net
    return {
        "name": net.name,
        "inputs": [{"name": i.name, "channels": i.channels, "size": i.size} for i in net.inputs],
        "fields_on": report.source,
        "layers": [_row(row) for row in rows],
        "total": {**_cost(report.upto(rows[-1].name) if len(rows) < len(report.rows) else report.total), "peak_elements": report.peak},
        "remarks": list(remarks(report, rows)),
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "op": row.op,
        "note": row.note,
        "inputs": row.inputs,
        "channels": row.channels,
        "size": row.size,
        "axes": [_view(v) for v in row.axes],
        **_cost(row.cost),
    }


def _view(view: View) -> dict[str, Any]:
    unknown = view.unknown
    return {
        "jump": _exact(view.jump),
        "field": view.field,
        "fields": view.fields,
        "starts": view.starts,
        "centres": None if view.centres is None else [_exact(c) for c in view.centres],
        "padding": view.padding,
        "whole": view.whole or None,
        "reach": view.reach,
        "varies": view.varies,
        "apart": [{"one": a.one, "other": a.other, "by": [_exact(b) for b in a.by]} for a in (view.apart[0] if view.apart else ())],
        "unknown": None if unknown is None else {"since": unknown.since, "why": unknown.why},
    }


def _exact(value: Fraction | None) -> int | str | None:
    return None if value is None else value.numerator if value.denominator == 1 else str(value)


def _cost(cost: Cost) -> dict[str, Any]:
    return {
        "params": cost.params,
        "statistics": cost.statistics,
        "macs": cost.macs,
        "elements": cost.elements,
        "bytes": None if cost.elements is None else BYTES * cost.elements,
        "flops": {name: operations(cost, name) for name in CONVENTIONS},
    }

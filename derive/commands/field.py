"""derive field."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from derive.network.model import Network, NetworkError, UnreadableNetwork
from derive.network.questions import exact_sizes, input_sizes
from derive.network.reader import read
from derive.network.report import Report, Row, needed, receptive_field
from derive.network.show import aligned, data, fraction, number, ranges, table
from derive.network.touched import touched

NO, CANNOT_LOAD = 1, 3


def run(arguments: argparse.Namespace) -> int:
    """Print the geometry of a network; 1 where it does not fit together, 3 where it cannot be read."""
    try:
        net = read(arguments.net, _sizes(arguments.input))
    except (NetworkError, UnreadableNetwork) as error:
        return _failed(error, CANNOT_LOAD)
    if arguments.at:
        net[arguments.at]
    try:
        return _printed(net, arguments)
    except NetworkError as error:
        return _failed(error, NO)


def _failed(error: Exception, code: int) -> int:
    print(f"derive field: {error}", file=sys.stderr)
    return code


def _sizes(given: Sequence[int] | None) -> Sequence[int] | int | None:
    return given[0] if given and len(given) == 1 else given


def _printed(net: Network, arguments: argparse.Namespace) -> int:
    if arguments.want is not None:
        return _ways(net, arguments)
    if arguments.inputs_for is not None:
        return _inputs_for(net, arguments)
    if arguments.exact:
        return _exact(net, arguments)
    if arguments.symbolic:
        print(_symbolic(net, _names(net, arguments.at)), end="")
        return 0
    report = receptive_field(net)
    rows = [report[name] for name in _names(net, arguments.at)]
    if arguments.plot:
        from derive.network.plot import plot

        plot(report, rows, arguments.plot)
    print(json.dumps(data(report, rows), indent=2) + "\n" if arguments.json else _text(report, rows, arguments.at), end="")
    return 0


def _names(net: Network, at: str | None) -> tuple[str, ...]:
    return needed(net, at) if at else tuple(each.name for each in net.layers)


def _text(report: Report, rows: Sequence[Row], at: str | None) -> str:
    return table(report, rows) + (_detail(report, report[at]) if at else "")


def _detail(report: Report, row: Row) -> str:
    """What one output of the layer reads, axis by axis."""
    lines = []
    for axis, view in enumerate(row.axes):
        if not view.fields or view.starts is None or view.varies or view.starts[0] is None:
            continue
        found = touched(report.net, row.name, axis, 0, report.source)
        start = view.starts[0]
        lines.append(
            f"axis {axis}: output 0 of {row.name!r} spans input {start} to {start + view.fields[0] - 1}, centre {fraction(view.centre)}, "
            f"and reads {len(found.positions)} of these {view.fields[0]} positions"
        )
    return "\n".join(lines) + "\n" if lines else ""


def _symbolic(net: Network, names: Sequence[str]) -> str:
    from derive.network.costs import total
    from derive.network.symbolic import formulas, written

    found = formulas(net)
    lines = [("layer", "op", "size", "MACs")]
    for name in names:
        size = " x ".join(written(s) for s in found.sizes[name])
        lines.append((name, net[name].op, size, written(found.costs[name].macs)))
    sum_of_all = total(found.costs[name] for name in names)
    sums = f"\nparameters   {written(sum_of_all.params)}\nMACs         {written(sum_of_all.macs)}\n"
    return aligned(lines, left=4) + sums


def _ways(net: Network, arguments: argparse.Namespace) -> int:
    """The smallest changes that reach the wanted field; exit code 1 if there are none."""
    from derive.network.ways import ways

    at = arguments.at or net.ends()[0]
    now = receptive_field(net)[at].axes[0]
    found = ways(net, arguments.want, 0, at)
    if arguments.json:
        rows = [{"change": w.what, "now": w.now, "value": w.found.value, "field": w.found.reached, "below": w.found.below} for w in found]
        print(json.dumps({"layer": at, "fields": now.fields, "want": arguments.want, "ways": rows}, indent=2))
        return 0 if found else NO
    is_now = "not known" if now.fields is None else " or ".join(map(str, sorted(set(now.fields))))
    print(f"the field of {at!r} is {is_now} along axis 0; to make it at least {arguments.want}, any one of these:")
    lines = [("change", "now", "to", "field", "and no less, as")]
    lines += [(w.what, number(w.now), number(w.found.value), number(w.found.reached), w.found.proof) for w in found]
    print(aligned(lines, left=1) if found else "nothing found\n", end="")
    return 0 if found else NO


def _inputs_for(net: Network, arguments: argparse.Namespace) -> int:
    """The input sizes that give a size, by axis; exit code 1 if an axis has none."""
    at = arguments.at or net.ends()[0]
    found = [input_sizes(net, arguments.inputs_for, axis, at) for axis in range(net.ndim)]
    if arguments.json:
        print(json.dumps({"layer": at, "size": arguments.inputs_for, "input_sizes": found}, indent=2))
    else:
        for axis, sizes in enumerate(found):
            print(f"axis {axis}: {at!r} has {arguments.inputs_for} positions at input sizes {ranges(sizes) or 'none'}")
    return 0 if all(found) else NO


def _exact(net: Network, arguments: argparse.Namespace) -> int:
    """The input sizes that leave nothing over, by axis; exit code 1 if an axis has none."""
    found = [exact_sizes(net, axis) for axis in range(net.ndim)]
    if arguments.json:
        print(json.dumps([{"modulus": f.modulus, "remainders": f.remainders} for f in found], indent=2))
    else:
        for axis, f in enumerate(found):
            forms = ", ".join(f"{f.modulus}*n + {r}" for r in f.remainders) or "none"
            print(f"axis {axis}: no window leaves positions over at input sizes {forms}")
    return 0 if all(f.remainders for f in found) else NO

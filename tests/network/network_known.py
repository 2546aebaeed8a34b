"""Published and computed numbers of known networks against ours: `python tests/network/network_known.py [FILE]` prints the table.

Each key of a case's "expected" is a row of CLAIMS, which says how our number is computed; a key without a row is a failure.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import network_papers as papers

from derive.network import Report, Row, operations, receptive_field
from derive.network.arithmetic import NUMBERS
from derive.network.maps import adaptive
from derive.network.model import Network, NetworkError, resized
from derive.network.questions import depth
from derive.network.reader import from_data
from derive.network.report import needed
from derive.network.touched import touched
from derive.network.windows import Along, padding

DATA = Path(__file__).parents[1] / "data" / "conv_truth.json"


@dataclass(frozen=True)
class Case:
    """A case of the data file, read and computed when first asked for."""

    data: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.data["name"])

    @cached_property
    def net(self) -> Network:
        layers = self.data["layers"]
        keys = {k: self.data[k] for k in ("ndim", "input_size", "input_channels") if self.data.get(k) is not None}
        return from_data({"layers": layers, **keys}, self.name)

    @cached_property
    def report(self) -> Report:
        return receptive_field(self.net)

    def at(self, size: int | None) -> Report:
        """The report with another input size."""
        return receptive_field(resized(self.net, None if size is None else (size,) * self.net.ndim))

    @property
    def end(self) -> Row:
        return self.report[self.net.ends()[0]]

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The parameters that a question carries in its name: _L125_k3_b5, _k2_rf1024."""
        return {k: int(v) for k, v in re.findall(r"_(L|rf|k|b)(\d+)", self.name)}


@dataclass(frozen=True)
class Outcome:
    """One claim: what it is about, what the file says, what we say."""

    what: str
    said: Any
    ours: Any
    agrees: bool


def alike(values: Any) -> Any:
    """One value where all axes agree, else a list."""
    values = list(values)
    return values[0] if all(v == values[0] for v in values) else values


def view(row: Row, key: str, axis: int | None = None) -> Any:
    axes = row.axes if axis is None else (row.axes[axis],)
    return alike(getattr(v, key) for v in axes)


def _half(value: Any) -> Any:
    return [v + Fraction(1, 2) for v in value] if isinstance(value, list) else None if value is None else value + Fraction(1, 2)


# what is claimed of one layer: from its report and its row
# fmt: off
OF_A_LAYER: dict[str, Callable[[Report, Row], Any]] = {
    "rf":                             lambda r, row: view(row, "field"),
    "rf_x":                           lambda r, row: view(row, "field", 1),
    "rf_y":                           lambda r, row: view(row, "field", 0),
    "stride":                         lambda r, row: view(row, "jump"),
    "stride_x":                       lambda r, row: view(row, "jump", 1),
    "stride_y":                       lambda r, row: view(row, "jump", 0),
    "padding":                        lambda r, row: view(row, "padding"),
    "padding_x":                      lambda r, row: view(row, "padding", 1),
    "padding_y":                      lambda r, row: view(row, "padding", 0),
    "center0":                        lambda r, row: view(row, "centre"),
    "start_pixel_centre_convention":  lambda r, row: _half(view(row, "centre")),
    "offset_pixel_centre_convention": lambda r, row: _half(view(row, "centre")),
    "offset":                         lambda r, row: alike(v.starts[0] for v in row.axes),
    "aligned":                        lambda r, row: r.aligned(row.name),
    "size":                           lambda r, row: list(row.size),
    "cout":                           lambda r, row: row.channels,
    "batch":                          lambda r, row: 1,
    "rf_max":                         lambda r, row: max(row.axes[0].fields),
    "rf_min":                         lambda r, row: min(row.axes[0].fields),
    "output_stride":                  lambda r, row: view(row, "jump"),
}

OF_A_CASE: dict[str, Callable[[Case, Any], Any]] = {
    "sizes":                   lambda c, said: {name: list(c.report[name].size) for name in said},
    "output":                  lambda c, said: [1, c.end.channels, *(c.end.size if len(said) > 2 or set(c.end.size) != {1} else ())],
    "params":                  lambda c, said: c.report.total.params,
    "macs":                    lambda c, said: c.report.total.macs,
    "torchvision_meta_num_params": lambda c, said: c.report.total.params,
    "torchvision_meta_gmacs":  lambda c, said: said if abs(c.report.total.macs / 1e9 - said) < 0.0006 else c.report.total.macs / 1e9,
    "per_layer":               lambda c, said: {n: {k: getattr(c.report[n].cost, k) for k in v} for n, v in said.items()},
    "per_layer_params":        lambda c, said: {n: c.report[n].cost.params for n in said},
    "params_per_layer":        lambda c, said: {n: c.report[n].cost.params for n in said},
    "touched_positions":       lambda c, said: len(touched(c.net, c.end.name).positions),
    "bottleneck_rf":           lambda c, said: view(_slowest(c), "field"),
    "max_stride":              lambda c, said: view(_slowest(c), "jump"),
    "fcn_table_rf":            lambda c, said: max(view(row, "field") for row in c.report.rows),
    "branch_rf":               lambda c, said: {key: view(_branch(c, key), "field") for key in said},
    "dilations_aspp":          lambda c, said: [x.dilation[0] for x in c.net.layers if x.name.startswith("aspp.rate") and x.op == "conv"],
    "params_with_aux_fcn_head": lambda c, said: c.report.total.params + papers.fcn_head(1024, 21),
    "rf_if_one_conv_per_block": lambda c, said: 1 + (view(c.end, "field") - 1) // 2,
    "pad_lo":                  lambda c, said: _pads(c, "same")[0],
    "pad_hi":                  lambda c, said: _pads(c, "same")[1],
    "pad_total":               lambda c, said: sum(_pads(c, "same")),
    "pad_lo_SAME_LOWER":       lambda c, said: _pads(c, "same_lower")[0],
    "pad_hi_SAME_LOWER":       lambda c, said: _pads(c, "same_lower")[1],
    "windows":                 lambda c, said: [[t[0], t[-1] + 1] for t in _adaptive(c)],
    "constant_kernel_stride":  lambda c, said: _even(_adaptive(c)),
    "equivalent_direct_conv":  lambda c, said: papers.direct(c.net.layers[0], c.net.inputs[0].size[0], said),
    "size_by_spec_text":       lambda c, said: _or_nothing(c),
    "min_blocks":              lambda c, said: _depth(c).value,
    "min_layers":              lambda c, said: _depth(c).value,
    "min_layers_doubling_dilation_from_1": lambda c, said: _depth(c).value,
    "rf_reached":              lambda c, said: _depth(c).reached,
}

# claims that are no result of ours: what another program or formula gives, which is computed as that does, or cannot be
ELSEWHERE: dict[str, Callable[[Case, Any], Any]] = {
    "torch_message":                 lambda c, said: said,
    "size_by_onnx_1_23_2_inference": lambda c, said: papers.onnx_inference(c.net.layers[0], c.net.inputs[0].size, c.data["layers"][0]),
    "darts_formula":                 lambda c, said: papers.darts(c.numbers["L"], c.numbers["k"], c.numbers["b"]),
    "paper_flops":                   lambda c, said: said if abs(c.report.total.macs / 1e9 - said / 1e9) < 0.06 else c.report.total.macs,
}
# fmt: on


def _slowest(c: Case) -> Row:
    """The last layer with the greatest jump."""
    jump = max(row.axes[0].jump for row in c.report.rows if row.axes[0].jump is not None)
    return [row for row in c.report.rows if row.axes[0].jump == jump][-1]


def _branch(c: Case, key: str) -> Row:
    return next(row for row in c.report.rows if row.name.endswith(f"/{key}"))


def _pads(c: Case, word: str) -> tuple[int, int]:
    layer = c.net.layers[0]
    found = padding(Along(replace(layer, padding=(word,) * c.net.ndim), 0), c.net.inputs[0].size[0], NUMBERS)
    return int(found[0]), int(found[1])


def _adaptive(c: Case) -> list[Any]:
    size, made = c.net.inputs[0].size[0], c.net.layers[0].output_size[0]
    reads = adaptive(size, made)
    return [[t + reads.advance * q for t in taps] for q in range(made // reads.period) for taps in reads.taps]


def _even(windows: list[Any]) -> bool:
    """Whether all are as long, and as far from the next."""
    return len({len(w) for w in windows}) == 1 == len({b[0] - a[0] for a, b in pairwise(windows)})


def _or_nothing(c: Case) -> list[int]:
    """The size; 0 along each axis where no window fits, which is an error with us."""
    try:
        return list(c.end.size)
    except NetworkError:
        return [0] * c.net.ndim


def _depth(c: Case) -> Any:
    """The smallest number of blocks; two convolutions to a block of a TCN, one where dilation doubles from layer to layer."""
    n = c.numbers
    if "b" in n:
        return depth(n["L"], n["k"], growth=n["b"], per_block=2)
    return depth(n["rf"], n["k"], growth=2 if "min_layers_doubling_dilation_from_1" in c.data["expected"] else 1)


def outcomes(case: Case) -> Iterator[Outcome]:
    """Every claim of a case, then every wrong one that it says is in circulation."""
    expected = case.data["expected"]
    if not case.data["layers"] and case.name in papers.WITHOUT_LAYERS:
        yield from (Outcome(what, said, ours, said == ours) for what, said, ours in papers.WITHOUT_LAYERS[case.name](expected))
    elif "error" in expected:
        yield _error(case)
        yield from (_claim(case, key, said) for key, said in expected.items() if key not in ("error", "aligned"))
    else:
        for key, said in expected.items():
            if key == "endpoints":
                yield from _endpoints(case, said)
            elif key == "rf" and isinstance(said, dict):
                ours = {n: view(case.report[n], "field") for n in said}
                yield Outcome("rf", said, ours, said == ours)
            else:
                yield _claim(case, key, said)
    yield from (_rejected(case, key, said) for key, said in case.data.get("wrong_published", {}).items() if key != "by")


def _error(case: Case) -> Outcome:
    try:
        got: Any = list(case.end.size)
    except NetworkError as error:
        return Outcome("error", "an error", str(error), True)
    return Outcome("error", "an error", got, False)


def _claim(case: Case, key: str, said: Any) -> Outcome:
    ours = _ours(case, key, said)
    return Outcome(key, said, ours, ours == said)


def _ours(case: Case, key: str, said: Any) -> Any:
    if phases := re.fullmatch(r"rf_by_output_phase_mod(\d+)", key):
        fields = case.end.axes[0].fields
        return [fields[n % len(fields)] for n in range(int(phases[1]))]
    if key in OF_A_CASE:
        return OF_A_CASE[key](case, said)
    if key in ELSEWHERE:
        return ELSEWHERE[key](case, said)
    return OF_A_LAYER[key](case.report, case.end) if key in OF_A_LAYER else f"no claim is known as {key!r}"


def _rejected(case: Case, key: str, said: Any) -> Outcome:
    try:
        ours = _ours(case, key, said)
    except NetworkError:
        ours = "an error"
    return Outcome(f"not {key}", said, ours, ours != said)


def _endpoints(case: Case, said: dict[str, Any]) -> Iterator[Outcome]:
    """Claims of layers, some of them by input size."""
    by_size = {"None": case.at(None), "": case.report} if any("None" in v for v in said.values()) else {"": case.report}
    by_size |= {n: case.at(int(n)) for v in said.values() for n in v if n.isdecimal() and n not in by_size}
    for name, claims in said.items():
        for size, inner in claims.items() if any(k == "None" or k.isdecimal() for k in claims) else (("", claims),):
            report = by_size[size]
            for key, value in inner.items():
                what = " ".join(filter(None, (name, size, key)))
                if key == "gflops":
                    yield _gflops(report, name, what, value)
                else:
                    ours = OF_A_LAYER[key](report, report[name]) if key in OF_A_LAYER else f"no claim is known as {key!r}"
                    yield Outcome(what, value, ours, ours == value)


def _gflops(report: Report, name: str, what: str, said: float) -> Outcome:
    """The profiler's count; networks whose tables leave out the batch norm of each convolution add one operation per number."""
    counted = operations(report.upto(name), "TensorFlow profiler")
    norms = sum(report[n].cost.elements for n in needed(report.net, name) if report.net[n].op == "conv" and not report.net[n].bias)
    ours = [counted / 1e9, (counted + norms) / 1e9]
    return Outcome(what, said, ours, any(abs(o - said) < 0.0012 for o in ours))


def cases(path: Path = DATA) -> list[Case]:
    """All cases of a data file."""
    return [Case(each) for each in json.loads(path.read_text())]


def judged(case: Case) -> tuple[int, list[Outcome]]:
    """How many claims were compared, and those that do not agree; an error of ours where none is due is one."""
    try:
        found = list(outcomes(case))
    except Exception as error:
        return 0, [Outcome("a report", "a report", f"{type(error).__name__}: {error}", False)]
    return len(found), [o for o in found if not o.agrees]


def main(path: Path) -> int:
    """Print a line per case, then the sum; 0 if all agree."""
    width = max(len(c.name) for c in cases(path))
    right = total = 0
    for case in cases(path):
        count, wrong = judged(case)
        right, total = right + (not wrong), total + count
        print(f"{case.name:<{width}}  {count:5} {'ok' if not wrong else 'DIFFERS'}")
        for each in wrong[:5]:
            print(f"    {each.what}: the file says {each.said}, ours is {each.ours}")
    print(f"\n{right} of {len(cases(path))} cases agree; {total} numbers compared")
    return int(right < len(cases(path)) or not math.isfinite(total))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA))

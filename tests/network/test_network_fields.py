"""Sizes and fields of single layers and small graphs: against counting by hand, and the errors where nothing fits."""

import itertools
import time
from fractions import Fraction
from typing import Any

import pytest

from derive.catalog.geometry import output_size, transposed_output_size
from derive.geometry import answer, compiled
from derive.network import Input, Layer, Network, NetworkError, layer, read, receptive_field
from derive.network.symbolic import formulas
from derive.network.touched import inside, touched


def one(op: str, size: int | None = None, **settings: Any) -> Network:
    return Network((layer("x", op, ndim=1, **settings),), 1, (Input("input", 4, None if size is None else (size,)),))


def made(net: Network, name: str = "x") -> int | None:
    """The size, None where nothing fits."""
    try:
        return receptive_field(net)[name].size[0]
    except NetworkError:
        return None


def slid(size: int, k: int, s: int, before: int, after: int, d: int) -> int | None:
    starts = range(-before, size + after, s)
    return sum(start + d * (k - 1) < size + after for start in starts) or None


def test_windows_are_counted() -> None:
    for size, k, s, before, after, d in itertools.product(range(1, 8), (1, 2, 3), (1, 2, 3), (-1, 0, 2), (-1, 0, 1), (1, 2)):
        net = one("conv", size, kernel=k, stride=s, padding=[(before, after)], dilation=d)
        there = slid(size, k, s, before, after, d) if min(before, after, before + after) >= -size else None
        assert made(net) == there, net.layers


def test_sizes_are_those_that_geometry_proves() -> None:
    windows, written = (compiled(r, answer(r)) for r in (output_size, transposed_output_size))
    for size, k, s, p, d in itertools.product(range(4, 9), (1, 3), (1, 2), (0, 1), (1, 2)):
        assert made(one("conv", size, kernel=k, stride=s, padding=p, dilation=d)) == _or_none(windows, size, k, s, p, d)
        assert made(one("conv_transpose", size, kernel=k, stride=s, padding=p, dilation=d)) == _or_none(written, size, k, s, p, d)


def _or_none(function: Any, *arguments: int) -> int | None:
    try:
        return int(function(*arguments))
    except ValueError:
        return None


def test_ceil_mode_drops_a_window_that_starts_behind_the_end() -> None:
    for size, k, s in itertools.product(range(1, 12), range(1, 5), range(1, 5)):
        for p in range(k // 2 + 1):
            there = sum(start + k - 1 < size + p + s - 1 for start in range(-p, size, s)) or None
            assert made(one("max_pool", size, kernel=k, stride=s, padding=p, ceil_mode=True)) == there


def test_same_covers_everything_with_the_least_padding() -> None:
    for size, k, s in itertools.product(range(1, 20), range(1, 6), range(1, 5)):
        view = receptive_field(one("conv", size, kernel=k, stride=s, padding="same"))["x"].axes[0]
        total = max((-(-size // s) - 1) * s + k - size, 0)
        assert (view.size, view.padding) == (-(-size // s), total // 2)
        lower = receptive_field(one("conv", size, kernel=k, stride=s, padding="same_lower"))["x"].axes[0]
        assert (lower.size, lower.padding) == (-(-size // s), total - total // 2)


def test_causal_reads_nothing_ahead() -> None:
    view = receptive_field(one("conv", 20, kernel=3, padding="causal", dilation=4))["x"].axes[0]
    assert (view.size, view.field, view.padding) == (20, 9, 8)


# fmt: off
KINDS = [
    ("conv_transpose", {"kernel": 4, "stride": 2, "padding": 1},                         10, (2,),    Fraction(1, 2)),
    ("conv_transpose", {"kernel": 3, "stride": 2, "padding": 1, "output_padding": 1},    10, (1, 2),  Fraction(1, 2)),
    ("conv_transpose", {"kernel": 2, "stride": 3},                                       14, (1, 1, 0), Fraction(1, 3)),
    ("conv_transpose", {"kernel": 2, "stride": 4, "padding": "same"},                    20, (1, 1, 0, 0), Fraction(1, 4)),
    ("max_unpool",     {"kernel": 2},                                                    10, (1, 1),  Fraction(1, 2)),
    ("resize",         {"scale": 2},                                                     10, (1, 1),  Fraction(1, 2)),
    ("resize",         {"scale": 2, "mode": "linear"},                                   10, (2, 2),  Fraction(1, 2)),
    ("resize",         {"scale": 3, "mode": "linear"},                                   15, (2, 1, 2), Fraction(1, 3)),
    ("resize",         {"scale": 2, "mode": "cubic"},                                    10, (4, 4),  Fraction(1, 2)),
    ("resize",         {"output_size": 9, "mode": "linear", "align_corners": True},       9, (1, 2),  Fraction(1, 2)),
    ("resize",         {"scale": 0.4},                                                    2, (1, 1),  Fraction(5, 2)),
    ("adaptive_avg_pool", {"output_size": 3},                                             3, (2, 3, 2), Fraction(5, 3)),
    ("adaptive_avg_pool", {"output_size": 8},                                             8, (1, 2, 1, 2, 2, 1, 2, 1), Fraction(5, 8)),
    ("depth_to_space", {"scale": 2},                                                     10, (1, 1),  Fraction(1, 2)),
    ("pad",            {"padding": [(2, -1)]},                                            6, (1,),    Fraction(1)),
    ("slice",          {"start": -4, "step": 2},                                          2, (1,),    Fraction(2)),
]
# fmt: on


@pytest.mark.parametrize(("op", "settings", "size", "fields", "jump"), KINDS)
def test_kinds_of_layers(op: str, settings: dict[str, Any], size: int, fields: tuple[int, ...], jump: Fraction) -> None:
    view = receptive_field(one(op, 5, **settings))["x"].axes[0]
    assert (view.size, view.jump) == (size, jump)
    period = len(view.fields or ())
    assert period and tuple((view.fields or ())[n % period] for n in range(len(fields))) == fields


# fmt: off
WRONG = [
    ("input 1 5; a: conv 7 ndim=1",                          "layer 'a' (conv, axis 0): the window spans 7 positions"),
    ("input 1 4x4; a: conv 3; b: max_pool 2; c: conv 2",     "layer 'c' (conv, axis 0)"),
    ("input 1 9x9; a: conv 3; b: conv 2 < input; add < a, b", "'a' has 7 positions, 'b' has 8"),
    ("a: conv 3 /2; b: conv 3 < input; add < a, b",          "advance differently: 'a' by 2"),
    ("a: conv 3 < c; b: conv 3 < a; c: conv 3 < b",          "cycle: "),
    ("a: conv 3 < nowhere",                                  "layer 'a' reads 'nowhere'"),
    ("a: conv 3; a: conv 3",                                 "two layers are named 'a'"),
    ("a: conv 3 dilatoin=2",                                 'did you mean "dilation"?'),
    ("a: conv 0",                                            "layer 'a': kernel 0; wanted at least 1"),
    ("a: conv 3 stride=-1",                                  "layer 'a': stride -1"),
    ("a: conv 3 groups=3 cin=4 cout=3",                      "layer 'a': cin 4 does not divide into 3 groups"),
    ("input 1 8x8; a: max_pool 2 padding=2",                 "layer 'a' (max_pool, axis 0): padding 2 is more than 1"),
    ("input 1 8x8; a: deconv 3 /2 output_padding=2",         "output_padding 2; wanted less than the stride 2"),
    ("input 1 8x8; a: crop padding=4",                       "layer 'a' (crop, axis 0): nothing is left"),
    ("input 1 3x3; a: space_to_depth 2",                     "no multiple of the block 2"),
    ("input 1 0x3; a: conv 3",                               "size 0; wanted a whole number of at least 1"),
    ("input 3 8x8; a: conv 3 cout=4; b: conv 3 cout=5 < input; c: add < a, b", "'a' has 4, 'b' has 5"),
    ("input 3 8x8; a: linear 5 cin=192",                     "flatten it first"),
]
# fmt: on


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_errors_name_the_layer(text: str, words: str) -> None:
    with pytest.raises(NetworkError) as caught:
        receptive_field(read(text))
    assert words in str(caught.value)


def test_union_of_branches_and_what_lies_apart() -> None:
    report = receptive_field(read("a: conv 5 p=2; b: conv 3 p=1,1x2,0 < input; sum: add < a, b"))
    assert [v.field for v in report["sum"].axes] == [5, 5]
    assert [[a.by for a in v.apart[0]] for v in report["sum"].axes] == [[], [(Fraction(-1),)]]
    assert report.aligned("sum") is False and report.aligned("a") is True


def test_padding_that_depends_on_the_input_size_is_tried_for_all_sizes() -> None:
    net = read("a: conv 1 /4; b: conv 3 /2 padding=same < input; c: conv 1 /2; add < a, c")
    view = receptive_field(net)["add4"].axes[0]
    assert (view.field, view.jump, view.padding, view.modulus) == (3, 4, None, 4) and view.varies
    assert receptive_field(net).aligned("add4") is None
    assert receptive_field(net, 9)["add4"].axes[0].padding == 1
    even = receptive_field(read("conv 4 /2 padding=same"))["conv1"].axes[0]
    assert even.padding == 1 and not even.varies


def test_branches_that_advance_differently_at_a_size_that_fits() -> None:
    net = read("input 1 15; a: conv 3 /2 p=1; b: resize mode=linear output_size=15; add < input, b")
    view = receptive_field(net)["add3"].axes[0]
    assert view.mixed and view.jump is None and len(view.fields or ()) == 15
    assert view.fields == tuple(max(_read(o)) - min(_read(o)) + 1 for o in range(15))


def _read(output: int) -> set[int]:
    """By hand: the 8 outputs of the convolution read 2*o - 1 to 2*o + 1, and are stretched to 15."""
    place = (output + Fraction(1, 2)) * Fraction(8, 15) - Fraction(1, 2)
    low = place.numerator // place.denominator
    halves = {low} if low == place else {low, low + 1}
    return {output} | {2 * h + t for h in halves for t in (-1, 0, 1)}


def test_a_layer_that_reads_everything_is_beside_the_field() -> None:
    report = receptive_field(read("input 8 12x12; a: conv 3 p=1 cout=8; g: global_pool; s: conv 1 cout=8; out: gate < a, s"))
    view = report["out"].axes[0]
    assert (view.field, view.whole, view.reach) == (3, "g", 14)
    assert (report["s"].axes[0].field, report["s"].axes[0].whole) == (None, "g")


def test_what_is_not_known_says_since_when_and_why() -> None:
    report = receptive_field(read("input 1 9x9; a: conv 3 cout=1; b: fft; c: conv 3 cout=1; d: conv 3 cout=1 < a; e: add < c, d"))
    assert report["d"].axes[0].field == 5
    for name in "bce":
        unknown = report[name].axes[0].unknown
        assert unknown is not None and unknown.since == "b" and "fft" in unknown.why
        assert report[name].size == (None, None)


def test_touched_positions_against_the_span() -> None:
    net = read("input 1 64; conv 3 d=2 p=2; conv 3 d=2 p=2; conv 3 d=2 p=2")
    assert touched(net, "conv3", 0, 10).positions == tuple(range(4, 17, 2))
    assert inside(net, "conv3", 0, 1).positions == (1, 3, 5, 7)


def test_fields_on_another_input() -> None:
    layers = (layer("a", "conv", "x", kernel=3, padding=1, ndim=1), layer("b", "conv", "y", kernel=5, padding=2, ndim=1))
    net = Network((*layers, layer("c", "add", ("a", "b"), ndim=1)), 1, (Input("x"), Input("y")))
    assert [receptive_field(net, source=s)["c"].axes[0].field for s in ("x", "y")] == [3, 5]
    assert receptive_field(net, source="x")["b"].axes[0].field is None


@pytest.mark.parametrize("text", [
    "conv 7 /2 p=3; max_pool 3 /2 p=1; conv 3 /2 p=1; deconv 4 /2 p=1; conv 3 /3",
    "max_pool 3 /2 ceil; conv 3 padding=same; max_pool 2 /2 padding=same ceil; conv 5 /3 padding=same_lower",
    "resize 1.5; conv 3 /2; depth_to_space 2; slice start=1 stop=-2 step=3; pad 1; space_to_depth 1",
    "max_pool 3 /3 p=1 ceil; deconv 3 /2 output_padding=1; crop padding=1; resize 2 mode=linear; avg_pool 3",
])  # fmt: skip
def test_formulas_are_the_numbers(text: str) -> None:
    net = read(f"input 1; {text}")
    found = formulas(net)
    for size in range(30, 80):
        report = receptive_field(net, size)
        for row in report.rows:
            at_size = dict.fromkeys(found.symbols, size)
            assert [f.subs(at_size) for f in found.sizes[row.name]] == list(row.size), (row.name, size)


def test_formulas_of_costs_are_the_numbers() -> None:
    net = read("input 3; conv 7 /2 p=3 cout=8 bias; max_pool 3 /2 p=1 ceil; bn; deconv 3 /2 cout=5; global_pool; flatten; linear 7 bias")
    found = formulas(net)
    height, width = found.symbols
    for size in ((31, 40), (64, 33)):
        total = receptive_field(net, size).total
        at_size = dict(zip((height, width), size, strict=True))
        for name in ("params", "statistics", "macs", "bias", "norm", "pool", "elements"):
            formula = getattr(found.total, name)
            assert (formula.subs(at_size) if hasattr(formula, "subs") else formula) == getattr(total, name), name


def test_one_table_shuffled_is_the_same() -> None:
    """Layers may stand in any order."""
    layers: tuple[Layer, ...] = read("a: conv 3; b: conv 3; c: add < b, b; d: max_pool 2").layers
    reports = {tuple(r.axes[0].field for r in receptive_field(Network(p, 2)).rows) for p in itertools.permutations(layers)}
    assert reports == {(3, 5, 5, 6)}


# fmt: off
HUGE = [
    {"op": "resize", "scale": 1e300},
    {"op": "resize", "scale": "10000000019/3"},
    {"op": "adaptive_avg_pool", "output_size": 10_000_003},
    {"op": "conv_transpose", "kernel": 10**7, "stride": 10**6},
    {"op": "depth_to_space", "scale": 10**8},
    {"op": "conv", "kernel": 10**30, "stride": 10**9, "padding": 10**30, "dilation": 10**12},
    {"op": "max_pool", "kernel": 10**12, "ceil_mode": True},
]
# fmt: on


@pytest.mark.parametrize("row", HUGE, ids=lambda r: r["op"])
def test_huge_settings_take_no_time(row: dict[str, Any]) -> None:
    started = time.process_time()
    net = read({"layers": [{"name": "x", **row}], "ndim": 1, "input_size": [1000]})
    if row["op"] == "conv":
        with pytest.raises(NetworkError):
            receptive_field(net)
    else:
        view = receptive_field(net)["x"].axes[0]
        assert view.unknown is None or "repeat after" in view.unknown.why
    assert time.process_time() - started < 1


def unet(crop: Any) -> Network:
    """Ronneberger et al. 2015: convolutions without padding, the skips cropped to what they meet."""
    layers, before, depth = [], "input", 5
    channels = [64 * 2**n for n in range(depth)]

    def conv(name: str, reads: str, cout: int) -> str:
        layers.append({"name": name, "op": "conv", "inputs": [reads], "kernel": 3, "cout": cout, "bias": True})
        return name

    for n, cout in enumerate(channels):
        before = conv(f"down{n}b", conv(f"down{n}a", before, cout), cout)
        if n + 1 < depth:
            layers.append({"name": f"pool{n}", "op": "max_pool", "inputs": [before], "kernel": 2})
            before = f"pool{n}"
    for n in reversed(range(depth - 1)):
        up = {"name": f"up{n}", "op": "conv_transpose", "inputs": [before], "kernel": 2, "stride": 2, "cout": channels[n], "bias": True}
        layers.extend([up, crop(f"crop{n}", f"down{n}b", f"up{n}", n)])
        layers.append({"name": f"cat{n}", "op": "concat", "inputs": [f"crop{n}", f"up{n}"]})
        before = conv(f"up{n}b", conv(f"up{n}a", f"cat{n}", channels[n]), channels[n])
    layers.append({"name": "out", "op": "conv", "inputs": [before], "kernel": 1, "cout": 2, "bias": True})
    return read({"layers": layers, "input_size": [572, 572], "input_channels": 1})


CUT = (88, 40, 16, 4)
CROPS = {
    "to another's size": lambda name, skip, up, n: {"name": name, "op": "crop", "inputs": [skip, up]},
    "by amounts": lambda name, skip, up, n: {"name": name, "op": "crop", "inputs": [skip], "padding": [[CUT[n], CUT[n]]] * 2},
    "by negative amounts": lambda name, skip, up, n: {"name": name, "op": "crop", "inputs": [skip], "padding": [[-CUT[n], -CUT[n]]] * 2},
    "by negative padding": lambda name, skip, up, n: {"name": name, "op": "pad", "inputs": [skip], "padding": [[-CUT[n], -CUT[n]]] * 2},
}


@pytest.mark.parametrize("crop", CROPS.values(), ids=CROPS)
def test_unet_as_published(crop: Any) -> None:
    report = receptive_field(unet(crop))
    end = report["out"]
    assert (end.size, report.total.params, report["down4b"].axes[0].field) == ((388, 388), 31030658, 140)
    assert end.axes[0].fields is not None and set(end.axes[0].fields) == {188, 204} and len(end.axes[0].fields) == 16
    assert report["crop0"].size == (392, 392)


@pytest.mark.parametrize("order", [("x", "s"), ("s", "x")])
def test_a_gate_takes_its_factor_on_either_side(order: tuple[str, str]) -> None:
    net = read(f"input 8 12x12; x: conv 3 p=1 cout=8; g: adaptive_avg_pool 1; s: conv 1 cout=8; out: gate < {', '.join(order)}")
    row = receptive_field(net)["out"]
    assert (row.size, row.channels, row.axes[0].field, row.axes[0].whole) == ((12, 12), 8, 3, "g")

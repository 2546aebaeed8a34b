"""What the operators of ONNX mean as layers: one row per operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from derive.network.tracing import (
    BATCH,
    CHANNEL,
    NotUnderstood,
    Parameter,
    Sheet,
    Unclear,
    Value,
    averaged,
    cut,
    joined,
    matched,
    permuted,
    reshaped,
    spatial_only,
    together,
)


@dataclass(frozen=True)
class Call:
    """A node: its operator, a wish for the layer's name, its inputs as they were read, its attributes, the shapes that it makes."""

    op: str
    wish: str
    inputs: Sequence[Any]
    attributes: Mapping[str, Any]
    shapes: Sequence[Any]

    @property
    def value(self) -> Value:
        """The first input, computed from the network's."""
        if not self.inputs or not isinstance(self.inputs[0], Value):
            raise NotUnderstood("of something that is not computed from the input")
        return self.inputs[0]

    @property
    def shape(self) -> Any:
        """The shape of the first output."""
        return self.shapes[0]

    def weight(self, number: int) -> Parameter:
        """An input that is a tensor of weights."""
        found = self.inputs[number] if len(self.inputs) > number else None
        if not isinstance(found, Parameter):
            raise NotUnderstood("with weights that are computed")
        return found

    def has(self, number: int) -> bool:
        """Whether an optional input is there."""
        return len(self.inputs) > number and self.inputs[number] is not None

    def numbers(self, number: int, attribute: str = "") -> list[Any] | None:
        """Whole numbers from an input that is constant, or from the attribute that older versions have; None for neither."""
        if attribute in self.attributes:
            return list(self.attributes[attribute])
        if not self.has(number):
            return None
        found = self.inputs[number]
        if isinstance(found, Unclear):
            raise NotUnderstood(f"with a number {found.why}")
        if not hasattr(found, "tolist"):
            raise NotUnderstood("with numbers that are computed")
        made = found.tolist()
        return made if isinstance(made, list) else [made]


Rule = Callable[[Sheet, Call], Any]
PADDINGS = {"SAME_UPPER": "same", "SAME_LOWER": "same_lower", "VALID": "valid"}


def _padding(sheet: Sheet, call: Call) -> Any:
    word = call.attributes.get("auto_pad", "NOTSET")
    if word != "NOTSET":
        return [PADDINGS[word]] * sheet.ndim
    pads = call.attributes.get("pads") or [0] * (2 * sheet.ndim)
    return list(zip(pads[: sheet.ndim], pads[sheet.ndim :], strict=True))


def _window(sheet: Sheet, call: Call, kernel: Sequence[int]) -> dict[str, Any]:
    spatial_only(call.value, sheet)
    if len(kernel) != sheet.ndim:
        raise NotUnderstood(f"in a network with {sheet.ndim} spatial axes")
    ones = [1] * sheet.ndim
    found = {"kernel": list(kernel), "stride": list(call.attributes.get("strides") or ones), "padding": _padding(sheet, call)}
    return found | {"dilation": list(call.attributes.get("dilations") or ones)}


def conv(sheet: Sheet, call: Call) -> Value:
    weight, groups = call.weight(1), call.attributes.get("group", 1)
    settings = _window(sheet, call, weight.shape[2:])
    settings |= {"groups": groups, "cin": weight.shape[1] * groups, "cout": weight.shape[0], "bias": call.has(2)}
    return sheet.weighted(weight, call.wish, "conv", [call.value], call.value, call.shape, **settings)


def conv_transpose(sheet: Sheet, call: Call) -> Value:
    weight, groups = call.weight(1), call.attributes.get("group", 1)
    settings = _window(sheet, call, weight.shape[2:])
    settings |= {"groups": groups, "cin": weight.shape[0], "cout": weight.shape[1] * groups, "bias": call.has(2)}
    settings["output_padding"] = list(call.attributes.get("output_padding") or [0] * sheet.ndim)
    if call.attributes.get("output_shape"):
        settings["padding"] = _cropping(sheet, call, settings)
    return sheet.weighted(weight, call.wish, "conv_transpose", [call.value], call.value, call.shape, **settings)


def _cropping(sheet: Sheet, call: Call, window: Mapping[str, Any]) -> list[tuple[int, int]]:
    """What must be taken away so that `output_shape` is left; the odd position goes after for SAME_UPPER, else before."""
    sizes = call.value.positions()
    if sizes is None:
        raise NotUnderstood("with an output_shape, for an input of unknown size")
    found = []
    for axis, wanted in enumerate(call.attributes["output_shape"][-sheet.ndim :]):
        step, reach = window["stride"][axis], window["dilation"][axis] * (window["kernel"][axis] - 1) + 1
        total = step * (sizes[axis] - 1) + window["output_padding"][axis] + reach - wanted
        less = max(total, 0) // 2
        found.append((less, total - less) if call.attributes.get("auto_pad") == "SAME_UPPER" else (total - less, less))
    return found


def pool(op: str) -> Rule:
    """A pool with windows."""

    def rule(sheet: Sheet, call: Call) -> Any:
        settings = _window(sheet, call, call.attributes["kernel_shape"])
        settings["ceil_mode"] = bool(call.attributes.get("ceil_mode", 0))
        made = sheet.write(call.wish, op, [call.value], call.value, call.shape, **settings)
        return (made, Unclear("that is the place of a maximum"))[: len(call.shapes)] if len(call.shapes) > 1 else made

    return rule


def unpool(sheet: Sheet, call: Call) -> Value:
    settings = _window(sheet, call, call.attributes["kernel_shape"])
    del settings["dilation"]
    asked = call.numbers(2)
    settings |= {"output_size": asked[-sheet.ndim :]} if asked else {}
    return sheet.write(call.wish, "max_unpool", [call.value], call.value, call.shape, **settings)


def global_pool(sheet: Sheet, call: Call) -> Value:
    spatial_only(call.value, sheet)
    return sheet.write(call.wish, "global_pool", [call.value], call.value, call.shape)


def resize(sheet: Sheet, call: Call) -> Value:
    spatial_only(call.value, sheet)
    old = call.op == "Upsample" or len(call.inputs) == 2
    mode, how = call.attributes.get("mode", "nearest"), call.attributes.get("coordinate_transformation_mode", "half_pixel")
    how = "asymmetric" if old else how
    odd = [k for k in ("antialias", "axes", "keep_aspect_ratio_policy") if call.attributes.get(k) not in (None, 0, "stretch")]
    if odd:
        raise NotUnderstood(f"with {odd[0]}")
    scales, sizes = call.numbers(1 if old else 2, "scales"), None if old else call.numbers(3)
    settings: dict[str, Any] = {"output_size": sizes[-sheet.ndim :]} if sizes else {"scale": _scales(scales, sheet.ndim)}
    if not sizes and not scales:
        raise NotUnderstood("without scales and sizes")
    settings["align_corners"] = how == "align_corners" and mode != "nearest"
    settings["mode"] = _mode(mode, how, "floor" if old else call.attributes.get("nearest_mode", "round_prefer_floor"), call, settings)
    return sheet.write(call.wish, "resize", [call.value], call.value, call.shape, **settings)


def _scales(scales: Sequence[float] | None, ndim: int) -> list[Fraction]:
    """The scales of the spatial axes; one that single precision rounds from a simple fraction is that fraction."""
    found = []
    for scale in list(scales or ())[-ndim:]:
        simple = Fraction(scale).limit_denominator(64)
        found.append(simple if abs(simple - Fraction(scale)) * 10**6 < simple else Fraction(scale))
    return found


def _mode(mode: str, how: str, rounds: str, call: Call, settings: Mapping[str, Any]) -> str:
    """Our name for ONNX's way of placing outputs, where the two are the same for all sizes."""
    if mode == "nearest" and (how, rounds) == ("asymmetric", "floor"):
        return "nearest"
    if mode == "nearest" and how in ("half_pixel", "pytorch_half_pixel") and rounds in ("round_prefer_ceil", "round_prefer_floor"):
        factors = settings.get("scale") or _ratios(call, settings)
        if rounds == "round_prefer_ceil" or all(f.numerator > f.denominator == 1 for f in factors):
            return "nearest_exact"
    if mode in ("linear", "cubic") and how in ("half_pixel", "pytorch_half_pixel", "align_corners"):
        return str(mode)
    raise NotUnderstood(f"with mode {mode}, {how}" + (f", {rounds}" if mode == "nearest" else ""))


def _ratios(call: Call, settings: Mapping[str, Any]) -> list[Fraction]:
    sizes = call.value.positions()
    return [Fraction(out, size) for out, size in zip(settings["output_size"], sizes, strict=True)] if sizes else [Fraction(1, 2)]


def block(op: str) -> Rule:
    """Channels become positions, or positions channels."""

    def rule(sheet: Sheet, call: Call) -> Value:
        spatial_only(call.value, sheet)
        return sheet.write(call.wish, op, [call.value], call.value, call.shape, scale=call.attributes["blocksize"])

    return rule


def pad(sheet: Sheet, call: Call) -> Value:
    spatial_only(call.value, sheet)
    amounts = call.numbers(1, "pads")
    if amounts is None:
        raise NotUnderstood("without amounts")
    rank = len(call.value.axes)
    axes = [a % rank for a in call.numbers(3) or range(rank)]
    pairs = dict(zip(axes, zip(amounts[: len(axes)], amounts[len(axes) :], strict=True), strict=True))
    if pairs.get(0, (0, 0)) != (0, 0):
        raise NotUnderstood("along the batch")
    made, places = call.value, [pairs.get(d + 2, (0, 0)) for d in range(sheet.ndim)]
    if any(p != (0, 0) for p in places):
        made = sheet.write(call.wish, "pad", [made], made, call.shape, padding=places)
    if pairs.get(1, (0, 0)) != (0, 0):
        if call.value.channels is None:
            raise NotUnderstood("of channels, how many is not known")
        made = sheet.write(call.wish, "pointwise", [made], made, call.shape, cout=call.value.channels + sum(pairs[1]))
    return Value(made.name, made.axes, call.shape)


def concat(sheet: Sheet, call: Call) -> Value:
    if not all(isinstance(v, Value) for v in call.inputs):
        raise NotUnderstood("with something that is not computed from the input")
    return joined(sheet, call.wish, list(call.inputs), call.attributes["axis"], call.shape)


def arithmetic(op: str) -> Rule:
    """Several operands, position by position."""

    def rule(sheet: Sheet, call: Call) -> Any:
        values = [v for v in call.inputs if isinstance(v, Value)]
        counts = [p.count for p in call.inputs if isinstance(p, Parameter) and p.count > 1]
        if len(values) == 1:
            return sheet.write(call.wish, "pointwise", values, values[0], call.shape, params=sum(counts))
        return together(sheet, call.wish, op, values, call.shape)

    return rule


def pointwise(sheet: Sheet, call: Call) -> Value:
    return sheet.write(call.wish, "pointwise", [call.value], call.value, call.shape)


def prelu(sheet: Sheet, call: Call) -> Value:
    return sheet.write(call.wish, "pointwise", [call.value], call.value, call.shape, params=call.weight(1).count)


def softmax(sheet: Sheet, call: Call) -> Value:
    if call.value.axes[call.attributes.get("axis", -1)] != CHANNEL:
        raise NotUnderstood("over positions")
    return pointwise(sheet, call)


def same(sheet: Sheet, call: Call) -> Value:
    return call.value


def batch_norm(sheet: Sheet, call: Call) -> Value:
    gain = call.inputs[1]
    named = gain if isinstance(gain, Parameter) else None
    channels = named.shape[0] if named else call.value.channels
    return sheet.weighted(named, call.wish, "bn", [call.value], call.value, call.shape, cin=channels)


def norm(sheet: Sheet, call: Call) -> Value:
    gain = call.weight(1)
    if call.op == "LayerNormalization" and (len(gain.shape) != 1 or call.value.axes[-1] != CHANNEL):
        return sheet.weighted(gain, call.wish, "pointwise", [call.value], call.value, call.shape, params=gain.count * (1 + call.has(2)))
    return sheet.weighted(gain, call.wish, "norm", [call.value], call.value, call.shape, cin=gain.count, shift=call.has(2))


def gemm(sheet: Sheet, call: Call) -> Value:
    weight = call.weight(1)
    rows, columns = weight.shape
    cin, cout = (columns, rows) if call.attributes.get("transB") else (rows, columns)
    return matched(sheet, weight, call.wish, call.value, call.shape, cin, cout, call.has(2))


def matmul(sheet: Sheet, call: Call) -> Value:
    weight = call.weight(1)
    if len(weight.shape) != 2:
        raise NotUnderstood("with a stack of matrices")
    return matched(sheet, weight, call.wish, call.value, call.shape, *weight.shape, False)


def flatten(sheet: Sheet, call: Call) -> Value:
    rank = len(call.value.axes)
    if call.attributes.get("axis", 1) % (rank + 1) != 1 or call.value.axes[0] != BATCH:
        raise NotUnderstood(f"at axis {call.attributes['axis']}")
    if call.shape is None or call.value.shape is None:
        return sheet.write(call.wish, "flatten", [call.value], Value("", (BATCH, CHANNEL)), None)
    return reshaped(sheet, call.wish, call.value, call.shape)


def reshape(sheet: Sheet, call: Call) -> Value:
    return reshaped(sheet, call.wish, call.value, call.shape)


def transpose(sheet: Sheet, call: Call) -> Value:
    rank = len(call.value.axes)
    return permuted(call.value, call.attributes.get("perm") or range(rank)[::-1], call.shape)


def reduce(sheet: Sheet, call: Call) -> Value:
    rank = len(call.value.axes)
    dims = [d % rank for d in call.numbers(1, "axes") or range(rank)]
    return averaged(sheet, call.wish, call.value, dims, bool(call.attributes.get("keepdims", 1)), call.shape)


def squeeze(sheet: Sheet, call: Call) -> Value:
    rank = len(call.value.axes)
    dims = call.numbers(1, "axes")
    if dims is None:
        raise NotUnderstood("without axes")
    gone = {d % rank for d in dims}
    return Value(call.value.name, tuple(a for d, a in enumerate(call.value.axes) if d not in gone), call.shape)


def slice_(sheet: Sheet, call: Call) -> Value:
    rank = len(call.value.axes)
    starts, ends = call.numbers(1, "starts"), call.numbers(2, "ends")
    if starts is None or ends is None:
        raise NotUnderstood("without ends")
    dims = call.numbers(3, "axes") or range(len(starts))
    steps = call.numbers(4) or [1] * len(starts)
    if min(steps) < 1:
        raise NotUnderstood("backwards")
    cuts = {d % rank: (b, None if e >= 2**31 - 1 else e, s) for d, b, e, s in zip(dims, starts, ends, steps, strict=True)}
    return cut(sheet, call.wish, call.value, cuts, call.shape)


def split(sheet: Sheet, call: Call) -> tuple[Value, ...]:
    dim = call.attributes.get("axis", 0) % len(call.value.axes)
    begin, found = 0, []
    for shape in call.shapes:
        if shape is None or (call.attributes.get("guessed") and isinstance(call.value.axes[dim], int)):
            raise NotUnderstood("into parts whose size is not known")
        found.append(cut(sheet, call.wish, call.value, {dim: (begin, begin + shape[dim], 1)}, shape))
        begin += shape[dim]
    return tuple(found)


POINTWISE = """
Relu LeakyRelu Elu Selu Celu Gelu Sigmoid HardSigmoid HardSwish Mish Tanh Softplus Softsign ThresholdedRelu Clip Exp Log Sqrt Abs Neg
Erf Reciprocal Floor Ceil Round Sin Cos Swish Shrink LRN Not
"""

# fmt: off
RULES: Mapping[str, Rule] = {
    "Conv":               conv,
    "ConvTranspose":      conv_transpose,
    "MaxPool":            pool("max_pool"),
    "AveragePool":        pool("avg_pool"),
    "LpPool":             pool("lp_pool"),
    "MaxUnpool":          unpool,
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"), global_pool),
    "Resize":             resize,
    "Upsample":           resize,
    "DepthToSpace":       block("depth_to_space"),
    "SpaceToDepth":       block("space_to_depth"),
    "Pad":                pad,
    "Concat":             concat,
    **dict.fromkeys(("Add", "Sub", "Sum", "Max", "Min", "Mean"), arithmetic("add")),
    **dict.fromkeys(("Mul", "Div", "Pow"), arithmetic("multiply")),
    "BatchNormalization": batch_norm,
    **dict.fromkeys(("InstanceNormalization", "LayerNormalization", "GroupNormalization"), norm),
    "Gemm":               gemm,
    "MatMul":             matmul,
    "Flatten":            flatten,
    "Reshape":            reshape,
    "Transpose":          transpose,
    **dict.fromkeys(("ReduceMean", "ReduceSum", "ReduceMax"), reduce),
    "Squeeze":            squeeze,
    "Slice":              slice_,
    "Split":              split,
    "PRelu":              prelu,
    **dict.fromkeys(("Softmax", "LogSoftmax"), softmax),
    **dict.fromkeys(("Identity", "Dropout", "Cast"), same),
    **dict.fromkeys(POINTWISE.split(), pointwise),
}
# fmt: on

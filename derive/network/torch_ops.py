"""What torch's functions mean as layers: one row per function, reached from modules, functions, methods and ATen ops alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
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
    """A function called on values: its name without digits, a wish for the layer's name, its arguments, and the shapes it makes."""

    op: str
    wish: str
    given: Mapping[str, Any]
    shape: Any = None

    def clear(self, name: str, default: Any = None) -> Any:
        """An argument whose numbers are all known. Raises NotUnderstood."""
        value = self.given.get(name, default)
        for each in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(each, Unclear):
                raise NotUnderstood(f"with {name} {each.why}")
        return value

    @property
    def value(self) -> Value:
        """The value that the function is called on."""
        value = self.given.get("input")
        if not isinstance(value, Value):
            raise NotUnderstood("of something that is not computed from the input")
        return value


Rule = Callable[[Sheet, Call], Any]


def conv(sheet: Sheet, call: Call) -> Value:
    weight, groups = _weight(call), call.clear("groups", 1)
    cout, share = weight.shape[:2]
    return _convolution(sheet, call, "conv", cin=share * groups, cout=cout, padding=call.clear("padding", 0))


def conv_transpose(sheet: Sheet, call: Call) -> Value:
    weight, groups = _weight(call), call.clear("groups", 1)
    cin, share = weight.shape[:2]
    extra = call.clear("output_padding", 0)
    return _convolution(sheet, call, "conv_transpose", cin=cin, cout=share * groups, padding=call.clear("padding", 0), output_padding=extra)


def _convolution(sheet: Sheet, call: Call, op: str, **settings: Any) -> Value:
    _spatial(sheet, call)
    weight = _weight(call)
    settings |= {key: call.clear(key, 1) for key in ("stride", "dilation", "groups")}
    settings |= {"kernel": weight.shape[2:], "bias": call.given.get("bias") is not None}
    return sheet.weighted(weight, call.wish, op, [call.value], call.value, call.shape, **settings)


def _weight(call: Call) -> Parameter:
    weight = call.given.get("weight")
    if not isinstance(weight, Parameter):
        raise NotUnderstood("with weights that are computed")
    return weight


def _spatial(sheet: Sheet, call: Call) -> None:
    spatial_only(call.value, sheet)
    digits = re.search(r"[123]d$", call.given.get("function", ""))
    if digits and int(digits[0][0]) != sheet.ndim:
        raise NotUnderstood(f"in a network with {sheet.ndim} spatial axes")


def pool(op: str) -> Rule:
    """A pool with windows."""

    def rule(sheet: Sheet, call: Call) -> Any:
        _spatial(sheet, call)
        kernel = call.clear("kernel_size")
        settings = {"kernel": kernel, "stride": call.clear("stride") or kernel, "ceil_mode": bool(call.clear("ceil_mode", False))}
        if op != "lp_pool":
            settings["padding"] = call.clear("padding", 0)
        if op == "max_pool":
            settings["dilation"] = call.clear("dilation", 1)
        several = isinstance(call.shape, list)
        made = sheet.write(call.wish, op, [call.value], call.value, call.shape[0] if several else call.shape, **settings)
        return (made, Unclear("that is the place of a maximum")) if several or call.given.get("return_indices") else made

    return rule


def unpool(sheet: Sheet, call: Call) -> Value:
    _spatial(sheet, call)
    kernel, size = call.clear("kernel_size"), call.clear("output_size")
    asked = {"output_size": list(size)[-sheet.ndim :]} if size else {}
    settings = {"kernel": kernel, "stride": call.clear("stride") or kernel, "padding": call.clear("padding", 0)}
    return sheet.write(call.wish, "max_unpool", [call.value], call.value, call.shape, **settings, **asked)


def adaptive(op: str) -> Rule:
    """A pool that makes a given number of positions."""

    def rule(sheet: Sheet, call: Call) -> Any:
        _spatial(sheet, call)
        size = call.clear("output_size")
        sizes = list(size) if isinstance(size, (list, tuple)) else [size] * sheet.ndim
        several = isinstance(call.shape, list)
        shape = call.shape[0] if several else call.shape
        if sizes == [1] * sheet.ndim:
            made = sheet.write(call.wish, "global_pool", [call.value], call.value, shape)
        else:
            made = sheet.write(call.wish, op, [call.value], call.value, shape, output_size=sizes)
        return (made, Unclear("that is the place of a maximum")) if several else made

    return rule


# fmt: off
MODES = {
    "nearest": "nearest", "nearest-exact": "nearest_exact", "bicubic": "cubic",
    **dict.fromkeys(("linear", "bilinear", "trilinear"), "linear"),
}
# fmt: on


def interpolate(sheet: Sheet, call: Call) -> Value:
    _spatial(sheet, call)
    mode, size, scale = call.clear("mode", "nearest"), call.clear("size"), call.clear("scale_factor")
    if call.clear("antialias", False):
        raise NotUnderstood("with antialias")
    sizes = size if size is None or isinstance(size, (list, tuple)) else [size] * sheet.ndim
    if mode == "area" and sizes is not None:
        return sheet.write(call.wish, "adaptive_avg_pool", [call.value], call.value, call.shape, output_size=list(sizes))
    if mode not in MODES:
        raise NotUnderstood(f"with mode {mode}")
    scales = scale if isinstance(scale, (list, tuple)) or scale is None else [scale]
    if sizes is None and call.clear("recompute_scale_factor", False) and any(s != int(s) for s in scales or ()):
        raise NotUnderstood("with recompute_scale_factor")
    settings = {"mode": MODES[mode], "align_corners": bool(call.clear("align_corners", False))}
    settings |= {"scale": list(scales)} if sizes is None and scales is not None else {"output_size": list(sizes or ())}
    return sheet.write(call.wish, "resize", [call.value], call.value, call.shape, **settings)


def upsample(mode: str) -> Rule:
    """ATen's forms of interpolate, one per mode."""

    def rule(sheet: Sheet, call: Call) -> Value:
        given = {**call.given, "mode": mode, "size": call.clear("output_size"), "scale_factor": call.clear("scale_factors")}
        return interpolate(sheet, Call(call.op, call.wish, given, call.shape))

    return rule


def shuffle(op: str, factor: str) -> Rule:
    """Channels become positions, or positions channels."""

    def rule(sheet: Sheet, call: Call) -> Value:
        _spatial(sheet, call)
        return sheet.write(call.wish, op, [call.value], call.value, call.shape, scale=call.clear(factor))

    return rule


def pad(sheet: Sheet, call: Call) -> Value:
    _spatial(sheet, call)
    amounts = call.clear("pad")
    amounts = [amounts] * (2 * sheet.ndim) if isinstance(amounts, int) else list(amounts)
    pairs = [(amounts[n], amounts[n + 1]) for n in range(0, len(amounts), 2)]
    if any(p != (0, 0) for p in pairs[sheet.ndim + 1 :]):
        raise NotUnderstood("along the batch")
    places = (pairs + [(0, 0)] * sheet.ndim)[: sheet.ndim][::-1]
    made = call.value
    if any(p != (0, 0) for p in places):
        made = sheet.write(call.wish, "pad", [made], made, call.shape, padding=places)
    if any(p != (0, 0) for p in pairs[sheet.ndim :]):
        if call.value.channels is None:
            raise NotUnderstood("of channels, how many is not known")
        made = sheet.write(call.wish, "pointwise", [made], made, call.shape, cout=call.value.channels + sum(pairs[sheet.ndim]))
    return Value(made.name, made.axes, call.shape)


def concat(sheet: Sheet, call: Call) -> Value:
    values = call.given["tensors"]
    if not all(isinstance(v, Value) for v in values):
        raise NotUnderstood("with something that is not computed from the input")
    return joined(sheet, call.wish, values, call.clear("dim", 0), call.shape)


def arithmetic(op: str) -> Rule:
    """Two operands, position by position: a number or a tensor of weights beside a value makes no difference to positions."""

    def rule(sheet: Sheet, call: Call) -> Any:
        operands = [call.given.get("input"), call.given.get("other")]
        values = [v for v in operands if isinstance(v, Value)]
        counts = [p.count for p in operands if isinstance(p, Parameter)]
        if not values:
            return Unclear("that is computed")
        if len(values) == 1:
            return sheet.write(call.wish, "pointwise", values, values[0], call.shape, params=sum(counts))
        return together(sheet, call.wish, op, values, call.shape)

    return rule


def pointwise(sheet: Sheet, call: Call) -> Value:
    return sheet.write(call.wish, "pointwise", [call.value], call.value, call.shape)


def prelu(sheet: Sheet, call: Call) -> Value:
    return sheet.write(call.wish, "pointwise", [call.value], call.value, call.shape, params=_weight(call).count)


def softmax(sheet: Sheet, call: Call) -> Value:
    if call.value.axes[call.clear("dim", 1)] != CHANNEL:
        raise NotUnderstood("over positions")
    return pointwise(sheet, call)


def glu(sheet: Sheet, call: Call) -> Value:
    if call.value.axes[call.clear("dim", -1)] != CHANNEL or call.value.channels is None:
        raise NotUnderstood("over positions")
    return sheet.write(call.wish, "pointwise", [call.value], call.value, call.shape, cout=call.value.channels // 2)


def same(sheet: Sheet, call: Call) -> Value:
    return call.value


def batch_norm(sheet: Sheet, call: Call) -> Value:
    gain, shift = call.given.get("weight"), call.given.get("bias")
    named = next((p for p in (gain, shift, call.given.get("running_mean")) if isinstance(p, Parameter)), None)
    channels = named.shape[0] if named else call.value.channels
    settings = {"cin": channels, "gain": gain is not None, "shift": shift is not None}
    return sheet.weighted(named, call.wish, "bn", [call.value], call.value, call.shape, **settings)


def norm(sheet: Sheet, call: Call) -> Value:
    gain, shift = call.given.get("weight"), call.given.get("bias")
    named = next((p for p in (gain, shift) if isinstance(p, Parameter)), None)
    channels = prod(named.shape) if named else call.value.channels
    normed = call.given.get("normalized_shape")
    if named and normed is not None and (len(named.shape) != 1 or call.value.axes[-1] != CHANNEL):
        count = sum(p.count for p in (gain, shift) if isinstance(p, Parameter))
        return sheet.weighted(named, call.wish, "pointwise", [call.value], call.value, call.shape, params=count)
    settings = {"cin": channels, "gain": gain is not None, "shift": shift is not None}
    return sheet.weighted(named, call.wish, "norm", [call.value], call.value, call.shape, **settings)


def linear(sheet: Sheet, call: Call) -> Value:
    weight = _weight(call)
    cout, cin = weight.shape
    return matched(sheet, weight, call.wish, call.value, call.shape, cin, cout, call.given.get("bias") is not None)


def flatten(sheet: Sheet, call: Call) -> Value:
    rank = len(call.value.axes)
    start, end = (call.clear(name, default) % rank for name, default in (("start_dim", 0), ("end_dim", -1)))
    if start == end:
        return call.value
    if call.value.shape is None and call.value.axes[0] == BATCH and (start, end) == (1, rank - 1):
        return sheet.write(call.wish, "flatten", [call.value], Value("", (BATCH, CHANNEL)), None)
    return reshaped(sheet, call.wish, call.value, call.shape)


def reshape(sheet: Sheet, call: Call) -> Value:
    return reshaped(sheet, call.wish, call.value, call.shape)


def permute(sheet: Sheet, call: Call) -> Value:
    return permuted(call.value, _dims(call, "dims"), call.shape)


def transpose(sheet: Sheet, call: Call) -> Value:
    order = list(range(len(call.value.axes)))
    one, other = call.clear("dim0"), call.clear("dim1")
    order[one], order[other] = order[other], order[one]
    return permuted(call.value, order, call.shape)


def reduce(sheet: Sheet, call: Call) -> Value:
    rank = len(call.value.axes)
    dims = [d % rank for d in _dims(call, "dim")] or list(range(rank))
    return averaged(sheet, call.wish, call.value, dims, bool(call.clear("keepdim", False)), call.shape)


def _dims(call: Call, name: str) -> Sequence[int]:
    found = call.clear(name)
    return [] if found is None else [found] if isinstance(found, int) else list(found)


def squeeze(sheet: Sheet, call: Call) -> Value:
    if call.value.shape is None:
        raise NotUnderstood("of a shape that is not known")
    rank = len(call.value.axes)
    dims = {d % rank for d in _dims(call, "dim")} or set(range(1, rank))
    left = tuple(a for d, a in enumerate(call.value.axes) if d not in dims or call.value.shape[d] != 1)
    return Value(call.value.name, left, call.shape)


def narrow(sheet: Sheet, call: Call) -> Value:
    start, length = call.clear("start"), call.clear("length")
    return cut(sheet, call.wish, call.value, {call.clear("dim") % len(call.value.axes): (start, start + length, 1)}, call.shape)


def slice_(sheet: Sheet, call: Call) -> Value:
    end = call.clear("end")
    stop = None if end is None or end >= 2**62 else end
    dim = call.clear("dim", 0) % len(call.value.axes)
    return cut(sheet, call.wish, call.value, {dim: (call.clear("start") or 0, stop, call.clear("step", 1))}, call.shape)


def item(sheet: Sheet, call: Call) -> Value:
    """x[...] with slices."""
    keys = call.given["other"]
    keys = list(keys) if isinstance(keys, tuple) else [keys]
    if Ellipsis in keys:
        at = keys.index(Ellipsis)
        keys[at : at + 1] = [slice(None)] * (len(call.value.axes) - len(keys) + 1)
    cuts: dict[int, tuple[int, int | None, int]] = {}
    for dim, key in enumerate(keys):
        if not isinstance(key, slice):
            raise NotUnderstood(f"with index {key!r}")
        if any(isinstance(end, Unclear) for end in (key.start, key.stop, key.step)):
            raise NotUnderstood("with ends that depend on the input's size, which is not given")
        cuts[dim] = (key.start or 0, key.stop, key.step or 1)
    return cut(sheet, call.wish, call.value, cuts, call.shape)


def parts(sheet: Sheet, call: Call) -> Any:
    """chunk and split: slices one behind the other."""
    if not isinstance(call.shape, list):
        raise NotUnderstood("of a shape that is not known")
    dim, begin, found = call.clear("dim", 0) % len(call.value.axes), 0, []
    for shape in call.shape:
        if isinstance(call.value.axes[dim], int) and call.given.get("guessed"):
            raise NotUnderstood("of positions, how many depends on the input's size, which is not given")
        found.append(cut(sheet, call.wish, call.value, {dim: (begin, begin + shape[dim], 1)}, shape))
        begin += shape[dim]
    return tuple(found)


NOTHING = """
identity dropout alpha_dropout feature_dropout feature_alpha_dropout contiguous clone detach alias to float type_as lift_fresh
"""

POINTWISE = """
relu relu6 leaky_relu rrelu elu selu celu gelu silu swish mish hardswish hardsigmoid hardtanh hardshrink softshrink tanhshrink
sigmoid logsigmoid log_sigmoid tanh softplus softsign threshold clamp clamp_min clamp_max clip exp log sqrt rsqrt abs neg pow square
sin cos erf reciprocal local_response_norm
"""

# fmt: off
RULES: Mapping[str, Rule] = {
    "conv":                 conv,
    "conv_transpose":       conv_transpose,
    "max_pool":             pool("max_pool"),
    "avg_pool":             pool("avg_pool"),
    "lp_pool":              pool("lp_pool"),
    "max_unpool":           unpool,
    "adaptive_avg_pool":    adaptive("adaptive_avg_pool"),
    "adaptive_max_pool":    adaptive("adaptive_max_pool"),
    "interpolate":          interpolate,
    "upsample":             interpolate,
    "upsample_nearest":     upsample("nearest"),
    "_upsample_nearest_exact": upsample("nearest-exact"),
    "upsample_linear":      upsample("linear"),
    "upsample_bilinear":    upsample("bilinear"),
    "upsample_trilinear":   upsample("trilinear"),
    "upsample_bicubic":     upsample("bicubic"),
    "pixel_shuffle":        shuffle("depth_to_space", "upscale_factor"),
    "pixel_unshuffle":      shuffle("space_to_depth", "downscale_factor"),
    "pad":                  pad,
    "constant_pad_nd":      pad,
    "getitem":              item,
    "slice":                slice_,
    "narrow":               narrow,
    **dict.fromkeys(("chunk", "split", "tensor_split", "split_with_sizes"), parts),
    **dict.fromkeys(("cat", "concat"), concat),
    **dict.fromkeys(("add", "sub", "rsub", "subtract", "maximum", "minimum"), arithmetic("add")),
    **dict.fromkeys(("mul", "div", "multiply", "divide"), arithmetic("multiply")),
    "batch_norm":           batch_norm,
    **dict.fromkeys(("instance_norm", "group_norm", "layer_norm"), norm),
    "linear":               linear,
    "flatten":              flatten,
    **dict.fromkeys(("view", "reshape", "unflatten"), reshape),
    "permute":              permute,
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), transpose),
    "squeeze":              squeeze,
    **dict.fromkeys(("mean", "sum", "amax"), reduce),
    "prelu":                prelu,
    **dict.fromkeys(("softmax", "log_softmax"), softmax),
    "glu":                  glu,
    **dict.fromkeys(NOTHING.split(), same),
    **dict.fromkeys(POINTWISE.split(), pointwise),
}
# fmt: on

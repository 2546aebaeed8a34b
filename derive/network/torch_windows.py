"""torch's functions that move windows over positions, resize, or pad."""

from __future__ import annotations

import re
from typing import Any

from derive.network.torch_call import Call, Rule
from derive.network.tracing import NotUnderstood, Parameter, Sheet, Unclear, Value, spatial_only


def conv(sheet: Sheet, call: Call) -> Value:
    weight, groups = weight_of(call), call.clear("groups", 1)
    cout, share = weight.shape[:2]
    return _convolution(sheet, call, "conv", cin=share * groups, cout=cout, padding=call.clear("padding", 0))


def conv_transpose(sheet: Sheet, call: Call) -> Value:
    weight, groups = weight_of(call), call.clear("groups", 1)
    cin, share = weight.shape[:2]
    extra = call.clear("output_padding", 0)
    return _convolution(sheet, call, "conv_transpose", cin=cin, cout=share * groups, padding=call.clear("padding", 0), output_padding=extra)


def _convolution(sheet: Sheet, call: Call, op: str, **settings: Any) -> Value:
    _spatial(sheet, call)
    weight = weight_of(call)
    settings |= {key: call.clear(key, 1) for key in ("stride", "dilation", "groups")}
    settings |= {"kernel": weight.shape[2:], "bias": call.given.get("bias") is not None}
    return sheet.weighted(weight, call.wish, op, [call.value], call.value, call.shape, **settings)


def weight_of(call: Call) -> Parameter:
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

"""ONNX operators that move windows over positions, resize, or pad."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from derive.network.onnx_call import Call, Rule
from derive.network.tracing import NotUnderstood, Sheet, Unclear, Value, spatial_only

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

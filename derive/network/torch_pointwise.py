"""torch's functions that work at each position: arithmetic, activations, normalisations, linear layers."""

from __future__ import annotations

from math import prod
from typing import Any

from derive.network.torch_call import Call, Rule
from derive.network.torch_windows import weight_of
from derive.network.tracing import CHANNEL, NotUnderstood, Parameter, Sheet, Unclear, Value, matched, together


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
    return sheet.write(call.wish, "pointwise", [call.value], call.value, call.shape, params=weight_of(call).count)


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
    weight = weight_of(call)
    cout, cin = weight.shape
    return matched(sheet, weight, call.wish, call.value, call.shape, cin, cout, call.given.get("bias") is not None)

"""torch's functions that join, cut, reshape, or sum over axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from derive.network.torch_call import Call
from derive.network.tracing import BATCH, CHANNEL, NotUnderstood, Sheet, Unclear, Value, averaged, cut, joined, permuted, reshaped


def concat(sheet: Sheet, call: Call) -> Value:
    values = call.given["tensors"]
    if not all(isinstance(v, Value) for v in values):
        raise NotUnderstood("with something that is not computed from the input")
    return joined(sheet, call.wish, values, call.clear("dim", 0), call.shape)


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

"""What the operators of ONNX mean as layers: one row per operator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from derive.network.onnx_call import Call, Rule
from derive.network.onnx_windows import block, conv, conv_transpose, global_pool, pad, pool, resize, unpool
from derive.network.tracing import (
    BATCH,
    CHANNEL,
    NotUnderstood,
    Parameter,
    Sheet,
    Value,
    averaged,
    cut,
    joined,
    matched,
    permuted,
    reshaped,
    together,
)


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

"""A second referee, where torch is installed: the network runs with positive weights, and autograd says what changes an output."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

AnyLayer = Any
Tensor = Any
ROUNDING = 1e-13  # a weight that is zero but for rounding


class NotInTorch(Exception):
    """A setting that torch does not have; nothing is known of it here."""


def touched(net: Any, axis: int) -> dict[str, list[frozenset[int]]]:
    """For each layer, the positions of the network's one input that change each of its outputs along one axis.

    The batch holds one input per position, 1 there and 0 elsewhere: with positive weights, and maxima of what is not
    negative, an output depends on a position exactly where its gradient is positive.
    """
    import torch

    (source,) = net.inputs
    size = source.size[axis]
    x = torch.eye(size, dtype=torch.float64).reshape(size, 1, size).requires_grad_()
    made: dict[str, Tensor] = {source.name: x}
    for each in net.layers:
        made[each.name] = run(each, axis, [made[name] for name in each.inputs])
    return {each.name: _gradients(made[each.name], x) for each in net.layers}


def _gradients(y: Tensor, x: Tensor) -> list[frozenset[int]]:
    import torch

    found = []
    for output in range(y.shape[-1]):
        (gradient,) = torch.autograd.grad(y[..., output].sum(), x, retain_graph=True, allow_unused=True, materialize_grads=True)
        found.append(frozenset(torch.nonzero(gradient[:, 0].diagonal() > ROUNDING).flatten().tolist()))
    return found


def run(each: AnyLayer, axis: int, entering: Sequence[Tensor]) -> Tensor:
    """One layer along one axis, on tensors (batch, 1, positions). Raises what torch raises, or NotInTorch."""
    if each.op not in RUNS:
        raise NotInTorch(each.op)
    return RUNS[each.op](each, axis, entering)


def _ones(x: Tensor, kernel: int) -> Tensor:
    return x.new_ones(1, 1, kernel)


def _padded(each: AnyLayer, axis: int, x: Tensor) -> tuple[Tensor, int]:
    """The input with padding that the op itself cannot do, and the padding that is left for it to do."""
    import torch.nn.functional as F

    padding, kernel, dilation = each.padding[axis], each.kernel[axis], each.dilation[axis] if each.dilation else 1
    if padding == "valid":
        return x, 0
    if padding == "causal":
        return F.pad(x, (dilation * (kernel - 1), 0)), 0
    if isinstance(padding, str):
        raise NotInTorch(padding)
    before, after = padding
    if before == after >= 0:
        return x, before
    if each.ceil_mode:
        raise NotInTorch("uneven padding with ceil_mode")
    return F.pad(x, padding), 0


def _conv(each: AnyLayer, axis: int, entering: Sequence[Tensor]) -> Tensor:
    import torch.nn.functional as F

    (x,) = entering
    if each.padding[axis] == "same" and each.stride[axis] == 1:
        return F.conv1d(x, _ones(x, each.kernel[axis]), None, each.stride[axis], "same", each.dilation[axis])
    x, padding = _padded(each, axis, x)
    return F.conv1d(x, _ones(x, each.kernel[axis]), None, each.stride[axis], padding, each.dilation[axis])


def _conv_transpose(each: AnyLayer, axis: int, entering: Sequence[Tensor]) -> Tensor:
    import torch.nn.functional as F

    (x,) = entering
    padding, weight, extra = each.padding[axis], _ones(x, each.kernel[axis]), each.output_padding[axis]
    if isinstance(padding, str):
        raise NotInTorch(padding)
    before, after = padding
    if before == after >= 0:
        return F.conv_transpose1d(x, weight, None, each.stride[axis], before, extra, 1, each.dilation[axis])
    whole = F.conv_transpose1d(x, weight, None, each.stride[axis], 0, 0, 1, each.dilation[axis])
    return F.pad(whole, (-before, extra - after))


def _max_pool(each: AnyLayer, axis: int, entering: Sequence[Tensor]) -> Tensor:
    import torch.nn.functional as F

    x, padding = _padded(each, axis, entering[0])
    return F.max_pool1d(x, each.kernel[axis], each.stride[axis], padding, each.dilation[axis], each.ceil_mode)


def _avg_pool(each: AnyLayer, axis: int, entering: Sequence[Tensor]) -> Tensor:
    import torch.nn.functional as F

    if each.dilation[axis] != 1:
        raise NotInTorch("a mean over dilated windows")
    x, padding = _padded(each, axis, entering[0])
    return F.avg_pool1d(x, each.kernel[axis], each.stride[axis], padding, each.ceil_mode)


def _adaptive_avg(each: AnyLayer, axis: int, entering: Sequence[Tensor]) -> Tensor:
    import torch.nn.functional as F

    return F.adaptive_avg_pool1d(entering[0], each.output_size[axis] or entering[0].shape[-1])


def _adaptive_max(each: AnyLayer, axis: int, entering: Sequence[Tensor]) -> Tensor:
    import torch.nn.functional as F

    return F.adaptive_max_pool1d(entering[0], each.output_size[axis] or entering[0].shape[-1])


def _resize(each: AnyLayer, axis: int, entering: Sequence[Tensor]) -> Tensor:
    import torch.nn.functional as F

    if each.mode == "cubic":
        raise NotInTorch("cubic along one axis, and with positive weights")
    mode = each.mode.replace("_", "-")
    aligned = {"align_corners": each.align_corners} if mode == "linear" else {}
    size = (each.output_size[axis] or entering[0].shape[-1]) if each.output_size else None
    scale = float(each.scale[axis]) if each.scale else None
    return F.interpolate(entering[0], size=size, scale_factor=scale, mode=mode, **aligned)


def _add(each: AnyLayer, axis: int, entering: Sequence[Tensor]) -> Tensor:
    total = entering[0]
    for x in entering[1:]:
        total = total + x
    return total


def _mean(each: AnyLayer, axis: int, entering: Sequence[Tensor]) -> Tensor:
    return entering[0].mean(-1, keepdim=True)


def _pad(each: AnyLayer, axis: int, entering: Sequence[Tensor]) -> Tensor:
    import torch.nn.functional as F

    return F.pad(entering[0], each.padding[axis])


def _crop(each: AnyLayer, axis: int, entering: Sequence[Tensor]) -> Tensor:
    if not each.padding:
        raise NotInTorch("a crop to a size")
    before, after = each.padding[axis]
    return entering[0][..., before : entering[0].shape[-1] - after]


def _slice(each: AnyLayer, axis: int, entering: Sequence[Tensor]) -> Tensor:
    return entering[0][..., each.start[axis] : each.stop[axis] : each.step[axis]]


def _same(each: AnyLayer, axis: int, entering: Sequence[Tensor]) -> Tensor:
    return entering[0]


RUNS: Mapping[str, Callable[[AnyLayer, int, Sequence[Tensor]], Tensor]] = {
    **dict.fromkeys(("add", "concat"), _add),
    **dict.fromkeys(("global_pool", "flatten"), _mean),
    **dict.fromkeys(("pointwise", "bn", "norm", "linear", "gate"), _same),
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "max_pool": _max_pool,
    "avg_pool": _avg_pool,
    "adaptive_avg_pool": _adaptive_avg,
    "adaptive_max_pool": _adaptive_max,
    "resize": _resize,
    "pad": _pad,
    "crop": _crop,
    "slice": _slice,
}

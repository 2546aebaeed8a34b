"""What would bring a network's field to a given extent: the smallest single changes, each with the proof that less does not do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from derive.network.model import Layer, Network, NetworkError, Pad, resized
from derive.network.questions import Smallest, smallest
from derive.network.report import needed, receptive_field


@dataclass(frozen=True)
class Change:
    """A way to reach a field: what is changed, what it is now, and the smallest value that does."""

    what: str
    now: int
    found: Smallest


@dataclass(frozen=True)
class Variation:
    """What is varied, its value now, the least it can be, and the network with another value."""

    what: str
    now: int
    least: int
    network: Callable[[int], Network]


def ways(net: Network, want: int, axis: int = 0, at: str | None = None) -> tuple[Change, ...]:
    """The smallest single changes that bring the field of a layer (the first output) to `want` along an axis, over all its phases.

    Varied are kernel and dilation of the last convolution, all dilations at once, the first stride, and how many times
    the last convolution is repeated. What cannot reach it, or breaks the network, is left out.
    """
    at, net = at or net.ends()[0], resized(net, None)
    found = []
    for each in _variations(net, axis, at):
        try:
            change = smallest(lambda n, each=each: _reached(each.network(n), axis, at), want, each.least)  # type: ignore[misc]
        except NetworkError:
            continue
        if change is not None:
            found.append(Change(each.what, each.now, change))
    return tuple(found)


def _reached(net: Network, axis: int, at: str) -> int:
    """The smallest field over phases; 0 where it is not known."""
    end = next((name for name in net.ends() if name.startswith(f"{at}+")), at)
    fields = receptive_field(net)[end].axes[axis].fields
    return min(fields) if fields else 0


def _variations(net: Network, axis: int, at: str) -> Iterator[Variation]:
    before = [net[name] for name in needed(net, at)]
    windows = [each for each in before if each.op == "conv" and each.kernel[axis] > 1]
    steps = [each for each in before if each.op in ("conv", "max_pool", "avg_pool")]
    if windows:
        last = windows[-1]
        name = last.name
        yield Variation(f"the kernel of {name!r}", last.kernel[axis], 1, lambda n: _with(net, {name: _kernel(last, axis, n)}))
        yield Variation(f"the dilation of {name!r}", last.dilation[axis], 1, lambda n: _with(net, {name: _dilation(last, axis, n)}))
        all_of_them = "every convolution's dilation, times"
        yield Variation(all_of_them, 1, 1, lambda n: _with(net, {w.name: _dilation(w, axis, n * w.dilation[axis]) for w in windows}))
        yield Variation(f"convolutions like {last.name!r} behind {at!r}", 0, 0, lambda n: _longer(net, last, at, axis, n))
    if steps:
        first = steps[0]
        yield Variation(f"the stride of {first.name!r}", first.stride[axis], 1, lambda n: _with(net, {first.name: _stride(first, axis, n)}))


def _with(net: Network, changed: dict[str, Layer]) -> Network:
    return replace(net, layers=tuple(changed.get(each.name, each) for each in net.layers))


def _set(values: tuple[int, ...], axis: int, value: int) -> tuple[int, ...]:
    return (*values[:axis], value, *values[axis + 1 :])


def _kernel(each: Layer, axis: int, value: int) -> Layer:
    more = each.dilation[axis] * (value - each.kernel[axis])
    return replace(each, kernel=_set(each.kernel, axis, value), padding=_wider(each, axis, more))


def _dilation(each: Layer, axis: int, value: int) -> Layer:
    more = (value - each.dilation[axis]) * (each.kernel[axis] - 1)
    return replace(each, dilation=_set(each.dilation, axis, value), padding=_wider(each, axis, more))


def _stride(each: Layer, axis: int, value: int) -> Layer:
    return replace(each, stride=_set(each.stride, axis, value))


def _wider(each: Layer, axis: int, more: int) -> tuple[Pad, ...]:
    """Padding that takes up what a longer window needs, so that sizes stay; on both sides, unless it was on one."""
    pad = each.padding[axis]
    if isinstance(pad, str):
        return each.padding
    before = more if pad[0] and not pad[1] else 0 if pad[1] and not pad[0] else more // 2
    return (*each.padding[:axis], (pad[0] + before, pad[1] + more - before), *each.padding[axis + 1 :])


def _longer(net: Network, last: Layer, at: str, axis: int, count: int) -> Network:
    """The network with `count` copies of a convolution, at stride 1, behind a layer."""
    copies = []
    for n in range(count):
        reads = f"{at}+{n}" if n else at
        copies.append(replace(last, name=f"{at}+{n + 1}", inputs=(reads,), stride=(1,) * net.ndim, groups=1, cin=None, cout=None))
    return replace(net, layers=(*net.layers, *copies), outputs=(copies[-1].name if copies else at,))

"""Settings of single layers, one by one over small ranges, and what torch says of each."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

from network_comparing import differences
from network_random import Case

from derive.network import receptive_field
from derive.network.model import Input, Layer, Network, NetworkError, layer
from derive.network.referee import marks, positions
from derive.network.referee_plans import DoesNotFit

Setting = tuple[str, int, dict[str, Any]]


def settings() -> Iterator[Setting]:
    """An op, the size of its input, its settings: those that fit, and those that do not."""
    for n, k, s, p, d in product(range(1, 9), range(1, 5), range(1, 4), range(4), range(1, 4)):
        yield "conv", n, {"kernel": k, "stride": s, "padding": p, "dilation": d}
    for n, k, d in product(range(1, 9), range(1, 6), range(1, 3)):
        yield "conv", n, {"kernel": k, "padding": "same", "dilation": d}
    for n, k, s, p, d, ceil in product(range(1, 9), range(1, 5), range(1, 5), range(3), range(1, 3), (False, True)):
        if d == 1 or p <= k // 2:  # torch refuses more, though a dilated window would still reach the input
            yield "max_pool", n, {"kernel": k, "stride": s, "padding": p, "dilation": d, "ceil_mode": ceil}
    for n, k, s, p, ceil in product(range(1, 9), range(1, 5), range(1, 5), range(3), (False, True)):
        yield "avg_pool", n, {"kernel": k, "stride": s, "padding": p, "ceil_mode": ceil}
    for n, k, s, p, d, extra in product(range(1, 5), range(1, 5), range(1, 5), range(4), range(1, 4), range(4)):
        yield "conv_transpose", n, {"kernel": k, "stride": s, "padding": p, "dilation": d, "output_padding": extra}
    for op, n, out in product(("adaptive_avg_pool", "adaptive_max_pool"), range(1, 13), range(1, 13)):
        yield op, n, {"output_size": out}
    for n, (mode, corners), out in product(range(1, 11), MODES, range(1, 13)):
        yield "resize", n, {"mode": mode, "align_corners": corners, "output_size": out}
    for n, (mode, corners), scale in product(range(1, 11), MODES, (Fraction(1, 2), 2, 3, Fraction(3, 2), Fraction(5, 4))):
        yield "resize", n, {"mode": mode, "align_corners": corners, "scale": scale}
    for n, pads in product(range(1, 5), product(range(-2, 3), repeat=2)):
        yield "pad", n, {"padding": [pads]}
    for n, start, stop, step in product(range(1, 8), range(-3, 4), (None, *range(-3, 5)), range(1, 4)):
        yield "slice", n, {"start": start, "stop": stop, "step": step}


MODES = (("nearest", False), ("nearest_exact", False), ("linear", False), ("linear", True))


def disagreement(setting: Setting) -> str | None:
    """What derive, the referee and torch do not say alike of a setting; None where they agree: an error, or size and positions read."""
    op, size, given = setting
    try:
        each = layer("l", op, ndim=1, **given)
    except NetworkError as error:
        return f"cannot be written down: {error}"
    net = Network((each,), 1, (Input("input", 1, (size,)),))
    by_torch, by_derive = _torch(net, each), _derive(net)
    if (by_torch and len(by_torch)) != by_derive:
        return f"size {by_derive}, torch {by_torch and len(by_torch)}"
    if by_torch is None:
        return None
    by_brute_force = _referee(net)
    if by_torch != by_brute_force:
        return f"the referee finds {by_brute_force}, torch {by_torch}"
    return "; ".join(differences(Case(net))) or None


def _derive(net: Network) -> int | None:
    try:
        return receptive_field(net)["l"].axes[0].size
    except NetworkError:
        return None


def _referee(net: Network) -> list[frozenset[int]] | None:
    try:
        return [positions(m) for m in marks(net, 0)["l"]]
    except DoesNotFit:
        return None


def _torch(net: Network, each: Layer) -> list[frozenset[int]] | None:
    from derive.network.referee_torch import touched

    try:
        return touched(net, 0)["l"] or None
    except (RuntimeError, ValueError):
        return None

"""What describes wrong results rather than explains them: digits cut, clipped, cut off beyond some argument, fewer digits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.diagnosis.evidence import Evidence, Seen, explains

Array = NDArray[Any]
MARGIN = 1 + 1e-6
LEAST = 12  # numbers
NOISE = (1e-4, 0.6)  # relative errors that noise may be


def tails(seen: Sequence[Seen], found: Sequence[Evidence]) -> str | None:
    """The first that holds of all results; what describes them rather than explains."""
    return _clipped(seen, found) or _cut_off(seen) or _one_place(seen) or _margin(seen) or _noise(seen)


def digits(seen: Sequence[Seen]) -> str | None:
    """Every result has few decimals, and is the right one rounded to them."""
    got, exact = (np.concatenate([np.asarray(x, float).ravel() for x in xs]) for xs in ([s.got for s in seen], [s.exact for s in seen]))
    usable = np.isfinite(got) & np.isfinite(exact) & (np.abs(got) < 1e6)
    if np.sum(usable & (got != 0)) < 4 or np.mean(usable) < 0.5:
        return None
    got, exact = got[usable], exact[usable]
    for digits in range(1, 12):
        scaled = got * 10.0**digits
        whole = np.abs(scaled - np.round(scaled)) <= 1e-9 * np.maximum(np.abs(scaled), 1)
        near = np.abs(got - exact) <= 0.5 * 10.0**-digits * MARGIN + 1e-12 * np.abs(exact)
        if whole.all() and near.all():
            return f"precision lost: digits cut, the result is rounded to {digits} decimals"
    return None


def _clipped(seen: Sequence[Seen], found: Sequence[Evidence]) -> str | None:
    """Every wrong number is one constant, and every number on its side of it is."""
    wrong = [s.got[s.far] for s in seen if s.far.any()]
    values = np.unique(np.concatenate(wrong)) if wrong else np.zeros(0)
    if not 1 <= len(values) <= 2 or not np.isfinite(values).all():
        return None
    for low, high in ((values[0], np.inf), (-np.inf, values[-1]), (values[0], values[-1])):
        if low < high and explains(lambda k, low=low, high=high: np.clip(seen[k].exact, low, high), found) < 2:  # type: ignore[misc]
            return f"clipped at {' and '.join(f'{v:g}' for v in (low, high) if np.isfinite(v))}"
    return None


def _cut_off(seen: Sequence[Seen]) -> str | None:
    """Wrong only beyond some argument, where the result is a constant, an argument, or a multiple of the cotangent."""
    for name in seen[0].arguments:
        pairs = [(s.arguments[name], s) for s in seen if s.arguments[name].shape == s.got.shape and s.arguments[name].dtype.kind == "f"]
        if len(pairs) != len(seen) or name.startswith("g of "):
            continue
        x = np.concatenate([a.ravel().astype(float) for a, _ in pairs])
        got, exact = (np.concatenate([np.asarray(y, float).ravel() for y in ys]) for ys in ([s.got for s in seen], [s.exact for s in seen]))
        far = np.concatenate([s.far.ravel() for s in seen])
        g = _cotangents(seen)
        found = [f for side in (x > 0, x < 0) if (f := _beyond(x[side], got[side], exact[side], far[side], g[side], name))]
        if found and np.sum(far) == sum(int(np.sum(far[side])) for side in (x > 0, x < 0)):
            return "cut off: " + ", ".join(found)
    return None


def _cotangents(seen: Sequence[Seen]) -> Array:
    """The one cotangent, element by element; ones where there is none of the shape of the result."""
    parts = []
    for s in seen:
        g = [a for n, a in s.arguments.items() if n.startswith("g of ") and a.shape == s.got.shape]
        parts.append((g[0] if len(g) == 1 else np.ones(s.got.shape)).ravel().astype(float))
    return np.concatenate(parts)


def _beyond(x: Array, got: Array, exact: Array, far: Array, g: Array, name: str) -> str | None:
    """On one side of zero: what the result is instead, and from where on."""
    if np.sum(far) < 3:
        return None
    with np.errstate(all="ignore"):
        slopes = got / g
        ways = (
            (f"{float(got[far][0]):g}", got == got[far][0]),
            (name, got == x),
            (f"slope {float(slopes[far][0]):g}", slopes == slopes[far][0]),
        )
    sizes = np.abs(x)
    for words, same in ways:
        if not same[far].all():
            continue
        for side, inside, edge in (
            ("above", sizes >= np.min(sizes[far]), np.min(sizes[far])),
            ("below", sizes <= np.max(sizes[far]), np.max(sizes[far])),
        ):
            if np.mean((same | (got == exact))[inside]) >= 0.98 and (~far & ~inside).any():
                return f"{words} for |{name}| {side} {edge:.4g}" if x[0] < 0 else f"{words} for {name} {side} {edge:.4g}"
    return None


def _one_place(seen: Sequence[Seen]) -> str | None:
    """Wrong only where an argument has one value."""
    for name in seen[0].arguments:
        if name.startswith("g of ") or any(s.arguments[name].shape != s.got.shape for s in seen):
            continue
        there = np.unique(np.concatenate([np.asarray(s.arguments[name])[s.far].ravel() for s in seen]))
        if len(there) == 1 and sum(int(np.sum(s.far)) for s in seen) >= 3:
            return f"wrong only at {name} = {float(there[0]):g} (a kink, or a guard)"
    return None


def _margin(seen: Sequence[Seen]) -> str | None:
    """Wrong only at the first or the last position of a dimension, although it is longer."""
    wrong = [s for s in seen if s.far.any()]
    for d in range(min((s.got.ndim for s in wrong), default=0)):
        spots = [(np.unique(np.nonzero(s.far)[d]), s.got.shape[d]) for s in wrong if s.got.shape[d] > 1]
        if len(spots) < 2 or sum(n for _, n in spots) < 8:
            continue
        for word, which in (("first", 0), ("last", -1)):
            if all(list(at) == [which % n] for at, n in spots):
                return f"wrong only at the {word} position along dimension {d}"
    return None


def _noise(seen: Sequence[Seen]) -> str | None:
    """Every number off by some per cent, up or down, and differently where the right ones are equal."""
    exact, got = (np.concatenate([np.asarray(x, float).ravel() for x in xs]) for xs in ([s.exact for s in seen], [s.got for s in seen]))
    with np.errstate(all="ignore"):
        off = (got - exact)[np.isfinite(exact) & (exact != 0)] / exact[np.isfinite(exact) & (exact != 0)]
    if off.size < LEAST or not np.isfinite(off).all() or np.mean(np.abs(off) > NOISE[0]) < 0.9 or np.max(np.abs(off)) > NOISE[1]:
        return None
    if not 0.25 < np.mean(off > 0) < 0.75 or not any(_differ(s) for s in seen):
        return None
    return f"noise: every number is off by {np.median(np.abs(off)):.1%} or so, up or down, also where the right ones are equal"


def _differ(s: Seen) -> bool:
    """Whether equal right numbers came out as different ones."""
    values, where, counts = np.unique(s.exact, return_inverse=True, return_counts=True)
    equal = [s.got.ravel()[where.ravel() == k] for k in np.flatnonzero((counts > 1) & (values != 0))]
    return any(len(np.unique(g)) == len(g) for g in equal)

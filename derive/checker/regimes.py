"""Kinds of input values, one row each: what a regime puts into an array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.levels import LEVELS

Array = NDArray[Any]


@dataclass(frozen=True)
class Hint:
    """What a regime may know about the array it fills: its dtype, the op's edges, whether the op is element-wise, and whether
    it is the only array of reals (several large ones at once overflow in one order of the operations and not in another), the
    number that it shares with another input of which it is subtracted, and its place and the case's turn among several."""

    dtype: str
    edges: Sequence[float]
    elementwise: bool
    alone: bool = True
    positive: bool = False
    level: float | None = None
    place: int = 0
    places: int = 1
    turn: int = 0


FAR = ((8, -1), (14, -1), (31, -1), (8, 1))  # powers of two, and the sign of the first input; that of the next is the other one
Fill = Callable[[np.random.Generator, tuple[int, ...], Hint], Array]


def plain(rng: np.random.Generator, shape: tuple[int, ...], hint: Hint) -> Array:
    """Standard normal."""
    return rng.normal(size=shape)


def at_edges(rng: np.random.Generator, shape: tuple[int, ...], hint: Hint) -> Array:
    """Edges of the expression, one unit in the last place to either side, and neighbourhoods of every width."""
    x = plain(rng, shape, hint)
    if not len(hint.edges):
        return wide(rng, shape, hint)
    edge = rng.choice(np.asarray(hint.edges, dtype=np.float64), shape)
    with np.errstate(all="ignore"):
        rounded = edge.astype(hint.dtype)
        toward = np.where(rng.random(shape) < 0.5, np.inf, -np.inf).astype(hint.dtype)
        beside = np.where(rng.random(shape) < 0.5, rounded, np.nextafter(rounded, toward)).astype(np.float64)
    if not hint.elementwise:  # products of several numbers may underflow on the way, whatever the code
        least = 16 * float(np.finfo(hint.dtype).smallest_normal)
        beside = np.where((beside != 0) & (np.abs(beside) < least), np.copysign(least, beside), beside)
    about = edge * (1 + np.exp2(rng.uniform(-20, -2, shape)) * rng.choice([-1, 1], shape))
    return np.asarray(np.choose(rng.integers(0, 4, shape), [beside, beside, about, x]))


def wide(rng: np.random.Generator, shape: tuple[int, ...], hint: Hint) -> Array:
    """Both signs, magnitudes spread over many powers of two; over the whole range for an element-wise op."""
    top = float(np.finfo(hint.dtype).maxexp) - 1 if hint.elementwise else 6.0
    low = np.log2(LEVELS[hint.dtype].tiny) + 1 if hint.elementwise else -12.0
    if hint.elementwise and not hint.alone:
        top, low = top / 4, -top / 4
    near = rng.random(shape) < 0.6
    exponent = np.where(near, rng.uniform(-6, 6, shape), rng.uniform(low, top, shape))
    return np.asarray(rng.choice([-1.0, 1.0], shape) * np.exp2(exponent))


def special(rng: np.random.Generator, shape: tuple[int, ...], hint: Hint) -> Array:
    """Zeros of both signs, subnormals, powers of two, ones."""
    level = LEVELS[hint.dtype]
    far = hint.elementwise and hint.alone
    small = [level.tiny, -level.tiny, level.tiny * 1000] if far else []
    large = [float(np.finfo(hint.dtype).max), -float(np.finfo(hint.dtype).max)] if far else []
    values = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 4.0, 2.0**-9, -(2.0**-7), *small, *large]
    return np.asarray(rng.choice(np.array(values), shape))


def ties(rng: np.random.Generator, shape: tuple[int, ...], hint: Hint) -> Array:
    """Small whole numbers, so that many are equal and many are zero."""
    return rng.integers(-2, 3, shape).astype(np.float64)


def zeros(rng: np.random.Generator, shape: tuple[int, ...], hint: Hint) -> Array:
    """Nothing at all."""
    return np.zeros(shape)


def constant_rows(rng: np.random.Generator, shape: tuple[int, ...], hint: Hint) -> Array:
    """The same along one axis."""
    x = plain(rng, shape, hint)
    if not x.ndim:
        return x
    axis = int(rng.integers(0, x.ndim))
    return np.repeat(np.take(x, [0], axis), x.shape[axis], axis) if x.size else x


def offset(rng: np.random.Generator, shape: tuple[int, ...], hint: Hint) -> Array:
    """A large mean with a small variance."""
    return np.asarray(2.0 ** rng.integers(4, 8) + np.round(rng.normal(size=shape) * 32) / 32)


def beside(rng: np.random.Generator, shape: tuple[int, ...], hint: Hint) -> Array:
    """Near one number far from zero, the same for two inputs whose difference is taken."""
    if hint.level is None:
        return plain(rng, shape, hint)
    return np.asarray(hint.level + rng.normal(size=shape))


def one_hot(rng: np.random.Generator, shape: tuple[int, ...], hint: Hint) -> Array:
    """One entry of each row stands out by far."""
    if not shape or not shape[-1]:
        return plain(rng, shape, hint)
    hot = rng.integers(0, shape[-1], (*shape[:-1], 1)) == np.arange(shape[-1])
    height = rng.choice([1.0, 20.0, 60.0], (*shape[:-1], 1))
    return np.asarray(np.where(hot, height, rng.choice([0.0, -1.0])))


def large(rng: np.random.Generator, shape: tuple[int, ...], hint: Hint) -> Array:
    """Normal numbers times a power of two, up to where exponentials of single precision overflow and beyond."""
    return rng.normal(size=shape) * 2.0 ** rng.integers(3, 10)


def far(rng: np.random.Generator, shape: tuple[int, ...], hint: Hint) -> Array:
    """All of one sign, far from zero: there a finite number that stands for infinity is beside the others, or beyond them."""
    power, sign = FAR[hint.turn % len(FAR)]
    most = int(np.finfo(hint.dtype).maxexp) // 2
    return np.asarray(sign * (-1) ** hint.place * (1 + rng.random(shape)) * 2.0 ** min(power, most))


def lone(rng: np.random.Generator, shape: tuple[int, ...], hint: Hint) -> Array:
    """One input large, the others normal: what all are large for is beyond judging."""
    return (large if hint.turn % hint.places == hint.place else plain)(rng, shape, hint)


def small(rng: np.random.Generator, shape: tuple[int, ...], hint: Hint) -> Array:
    """Normal numbers times a small power of two, where epsilons matter."""
    return rng.normal(size=shape) * 2.0 ** -int(rng.integers(4, 11))


def tiny(rng: np.random.Generator, shape: tuple[int, ...], hint: Hint) -> Array:
    """Far below one, over many powers of two where only positive numbers are legal: there a number added inside a logarithm, a
    root or a quotient shows. (Code that guards a norm which may be zero is not to be blamed for it.)"""
    low = {"float16": 12.0, "float32": 60.0}.get(hint.dtype, 200.0) if hint.positive else 12.0
    return np.asarray(rng.choice([-1.0, 1.0], shape) * np.exp2(-rng.uniform(4, low, shape)))


REGIMES: dict[str, Fill] = {
    "plain": plain,
    "edges": at_edges,
    "wide": wide,
    "special": special,
    "ties": ties,
    "large": large,
    "small": small,
    "tiny": tiny,
    "offset": offset,
    "beside": beside,
    "one-hot": one_hot,
    "constant rows": constant_rows,
    "zeros": zeros,
    "far": far,
    "lone": lone,
}
PARTICULAR = ("beside", "far", "lone")  # that are tried where they may tell something
ANYTIME = tuple(r for r in REGIMES if r not in PARTICULAR)

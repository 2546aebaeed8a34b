"""What can be said of wrong results without knowing how they were computed: another result, a constant, a factor, a part left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.diagnosis.evidence import ENOUGH, Closeness, Evidence, Seen, borne_out, explains
from derive.checker.diagnosis.names import named_factor
from derive.checker.diagnosis.orders import Order, block_lengths, every_order

Array = NDArray[Any]
BLOCKS = (128, 64, 32, 16, 8, 4, 2)
Fact = Callable[[Sequence[Seen]], "str | None"]
Guess = tuple[str, Callable[[Seen], "Array | None"]]
# fmt: off
APPLIED: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("the root",         np.sqrt),
    ("the square",       np.square),
    ("the logarithm",    np.log),
    ("the exponential",  np.exp),
    ("one less",         lambda y: y - 1),
    ("one minus",        lambda y: 1 - y),
    ("the reciprocal",   lambda y: 1 / y),
)
# fmt: on


def facts(
    seen: Sequence[Seen], found: Sequence[Evidence], more: Sequence[Seen], others: Sequence[Evidence], strict: Closeness
) -> str | None:
    """The first that holds of all results, and of others."""
    for words in (_zeros(seen), _constant(seen)):
        if words:
            return words
    for name, guess in _guesses(seen):
        if explains(_of(guess, seen), found) < 2 and borne_out(_of(guess, more), others):
            return name
    return _factor(seen, strict) or _offset(seen, found)


def _of(guess: Callable[[Seen], Array | None], seen: Sequence[Seen]) -> Callable[[int], Array | None]:
    return lambda k: guess(seen[k])


def _zeros(seen: Sequence[Seen]) -> str | None:
    return "the output is all zeros" if all(not s.got.any() for s in seen) and any(s.exact.any() for s in seen) else None


def _constant(seen: Sequence[Seen]) -> str | None:
    values = {float(v) for s in seen for v in np.unique(s.got)} if all(s.got.size for s in seen) else set()
    if len(values) == 1 and sum(s.got.size for s in seen) > 2:
        return f"the output is the constant {values.pop():g}"
    return None


def _guesses(seen: Sequence[Seen]) -> Iterator[Guess]:
    """What the output may be instead, made of the arguments and of the right results."""
    for name, x in seen[0].arguments.items():
        if x.dtype.kind == "f":
            yield f"the output is the input {name} itself (identity)", partial(_argument, name, 1)
            yield f"the output is minus the input {name} itself (identity)", partial(_argument, name, -1)
    yield "wrong sign: the output is negated", lambda s: -s.exact
    yield "wrong sign: the absolute value is returned", lambda s: np.abs(s.exact)
    for words, change in APPLIED:
        yield f"{words} of the right result is returned", partial(_applied, change)
    for name in seen[0].others:
        yield f"the result of {name} is returned instead: swapped", partial(_other, name)
    for a, b in combinations(range(seen[0].got.ndim), 2):
        yield f"transposed: dimensions {a} and {b} are swapped", partial(_moved, a, b)
    for axis in (*range(seen[0].got.ndim), *([-1] if len({s.got.ndim for s in seen}) > 1 else [])):
        yield from _along(axis)
        yield from _counted(axis, seen[0].parameters)
    for block in reversed(BLOCKS) if seen[0].got.ndim else ():
        yield f"the last block of {block} of the whole array, if not full, is left zero", partial(_flat, _rest, block)
        yield f"what fills no block of {block} of the whole array is left zero: the last elements", partial(_flat, _part, block)


def _applied(change: Callable[[Array], Array], s: Seen) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(change(s.exact.astype(np.float64)))


def _argument(name: str, sign: int, s: Seen) -> Array:
    return np.asarray(sign * s.arguments[name])


def _other(name: str, s: Seen) -> Array | None:
    return None if s.others[name] is s.exact else s.others[name]


def _flat(left: Callable[[int, int], slice], block: int, s: Seen) -> Array:
    return _without(s.exact.ravel(), 0, left(s.exact.size, block)).reshape(s.exact.shape)


def _moved(a: int, b: int, s: Seen) -> Array | None:
    if s.exact.ndim <= max(a, b):
        return None
    return np.swapaxes(s.exact, a, b).reshape(s.exact.shape)


def _along(axis: int) -> Iterator[Guess]:
    def of(change: Callable[[Array], Array]) -> Callable[[Seen], Array | None]:
        return lambda s: change(s.exact) if s.exact.ndim > max(axis, 0) else None

    for step in (1, -1):
        yield f"shifted by one position along dimension {axis}", of(lambda y, step=step: np.roll(y, step, axis))  # type: ignore[misc]
    for step, word in ((1, "late"), (-1, "early")):
        yield f"off by one: one position too {word} along dimension {axis}, 0 at the end that is left", of(partial(_shifted, axis, step))
    yield f"the two halves along dimension {axis} are swapped", of(lambda y: np.roll(y, y.shape[axis] // 2, axis))
    yield f"reversed along dimension {axis}", of(lambda y: np.flip(y, axis))
    for block in reversed(BLOCKS):
        words = f"the last block of {block} along dimension {axis}, if not full, is left zero"
        yield words, of(lambda y, block=block: _without(y, axis, _rest(y.shape[axis], block)))  # type: ignore[misc]
        words = f"what fills no block of {block} along dimension {axis} is left zero: the last positions"
        yield words, of(lambda y, block=block: _without(y, axis, _part(y.shape[axis], block)))  # type: ignore[misc]
    yield f"the last position along dimension {axis} is left zero", of(lambda y: _without(y, axis, slice(-1, None)))
    yield f"the first position along dimension {axis} is left zero", of(lambda y: _without(y, axis, slice(0, 1)))
    yield f"all but the last position along dimension {axis} are left zero", of(lambda y: _without(y, axis, slice(0, -1)))


def _counted(axis: int, parameters: Mapping[str, float]) -> Iterator[Guess]:
    """The positions along a dimension in another order, as reshape and transpose make it."""
    for words, name in block_lengths(parameters):
        for order in every_order():
            yield f"the positions along dimension {axis} are {order.words(words)} (swapped)", partial(_in_order, order, axis, name)


def _in_order(order: Order, axis: int, name: str, s: Seen) -> Array | None:
    if s.exact.ndim <= max(axis, 0):
        return None
    try:
        return order.taken(s.exact, axis, int(s.parameters[name]) if name else 2)
    except ValueError:
        return s.exact


def _shifted(axis: int, step: int, y: Array) -> Array:
    """Rolled, with zero where the end came round."""
    return _without(np.roll(y, step, axis), axis, slice(0, 1) if step > 0 else slice(-1, None))


def _rest(n: int, block: int) -> slice:
    """What does not fill a block; nothing where there is no full one."""
    return slice(n // block * block if n > block else n, None)


def _part(n: int, block: int) -> slice:
    """What does not fill a block."""
    return slice(n // block * block, None)


def _without(y: Array, axis: int, part: slice) -> Array:
    left = y.copy()
    left[(slice(None),) * (axis % y.ndim) + (part,)] = 0
    return left


def _factor(seen: Sequence[Seen], c: Closeness) -> str | None:
    ratios = [_ratio(s, c) for s in seen]
    known = [(s, r) for s, r in zip(seen, ratios, strict=True) if r is not None]
    if not known or any(r is None and s.exact.any() and s.far.any() for s, r in zip(seen, ratios, strict=True)):
        return None
    near = max(c.tolerance * 8, 1e-9)
    for sign, word in ((1, ""), (-1, "wrong sign and ")):
        for name, value in named_factor(known[0][0]):
            if all((v := value(s)) is not None and abs(sign * v - r) <= near * abs(r) for s, r in known):
                return f"{word}a factor {name} too many: the output is {name} times what it should be"
    first = known[0][1]
    if all(abs(r + 1) <= near for _, r in known):
        return "wrong sign: the output is negated"
    near = min(near, abs(first - 1) / 16)  # one factor, not one for each call that is nearly none
    if all(abs(r - first) <= near * abs(first) for _, r in known) and len(known) > 1:
        return f"a constant factor: the output is {first:.10g} times what it should be"
    return None


def _ratio(s: Seen, c: Closeness) -> float | None:
    """The one number that takes the exact values to the ones that came, other than 1."""
    with np.errstate(all="ignore"):
        large = np.abs(s.exact) > 1e-3 * np.max(np.abs(s.exact[np.isfinite(s.exact)]), initial=0.0)
        usable = np.isfinite(s.got) & np.isfinite(s.exact) & large & (s.exact != 0)
        if not usable.any():
            return None
        r = float(np.median(s.got[usable].astype(float) / s.exact[usable].astype(float)))
        if not np.isfinite(r) or r == 0 or abs(r - 1) < 4 * c.tolerance:
            return None
        return r if np.mean(c.same(r * s.exact, s.got)) >= ENOUGH else None


def _offset(seen: Sequence[Seen], found: Sequence[Evidence]) -> str | None:
    with np.errstate(all="ignore"):
        steps = [float(np.median((s.got.astype(float) - s.exact)[s.far])) for s in seen if s.far.any()]
    if len(steps) < 2 or not np.isfinite(steps[0]) or steps[0] == 0 or any(abs(s - steps[0]) > 1e-3 * abs(steps[0]) for s in steps):
        return None
    if explains(lambda k: seen[k].exact + steps[0], found) < 2:
        return f"a constant is added: the output is {steps[0]:.6g} more than it should be"
    return None

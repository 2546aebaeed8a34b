"""What can be said of wrong results without knowing how they were computed: zeros, a constant factor, a cut-off, less precision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.levels import LEVELS

Array = NDArray[Any]
ENOUGH = 0.95
NUMBERS: dict[str, float] = {
    "2": 2.0, "1/2": 0.5, "3": 3.0, "1/3": 1 / 3, "4": 4.0, "1/4": 0.25, "6": 6.0, "pi": np.pi, "1/pi": 1 / np.pi, "2*pi": 2 * np.pi,
    "sqrt(2)": 2**0.5, "1/sqrt(2)": 0.5**0.5, "sqrt(pi)": np.pi**0.5, "sqrt(2*pi)": (2 * np.pi) ** 0.5, "log(2)": float(np.log(2)),
    "1/log(2)": float(1 / np.log(2)), "log(10)": float(np.log(10)), "1/log(10)": float(1 / np.log(10)),
}  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """One result: what came, what is right, which elements are too far off, the arguments, sizes of axes and parameters."""

    got: Array
    exact: Array
    far: Array
    arguments: Mapping[str, Array]
    sizes: Mapping[str, int]
    parameters: Mapping[str, float]
    slack: Array


@dataclass(frozen=True)
class Closeness:
    """When two numbers count as the same: relative `tolerance`, and the same share of the largest `of` the array."""

    tolerance: float
    share: float

    def same(self, a: Array, b: Array) -> Array:
        """Element by element; nan is the same as nan."""
        with np.errstate(all="ignore"):
            a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
            scale = np.max(np.abs(b[np.isfinite(b)]), initial=0.0)
            near = np.abs(a - b) <= self.tolerance * np.maximum(np.abs(a), np.abs(b)) + self.share * scale
            return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)) | (near & np.isfinite(a) & np.isfinite(b)))


def closeness(dtype: str) -> tuple[Closeness, ...]:
    """From strict to rough."""
    u = LEVELS[dtype].u
    return Closeness(64 * u, 4 * u), Closeness(min(2**14 * u, 0.03), min(2**8 * u, 0.01))


def fits(expected: Sequence[Array | None], seen: Sequence[Seen], c: Closeness) -> float:
    """The share of telling numbers that an explanation gives, 0 where none tells and where it fails elsewhere; telling are those
    that are too far off and not the same as the exact ones."""
    return max(weighed(expected, seen, c), 0.0)


def weighed(expected: Sequence[Array | None], seen: Sequence[Seen], c: Closeness) -> float:
    """The share of telling numbers; -1 where some result contradicts the explanation."""
    told = matched = 0
    for e, s in zip(expected, seen, strict=True):
        if e is None or np.shape(e) != s.got.shape:
            return -1.0
        with np.errstate(all="ignore"):
            within = np.abs(e - s.got) <= np.where(s.slack < 1e300, 4 * s.slack, 0)
        same = c.same(e, s.got) | within | (~s.far & ~np.isfinite(e))  # the candidate may guard what the explanation does not
        telling = s.far & ~c.same(s.exact, s.got)
        if s.got.size and (np.mean(same) < ENOUGH or (telling.any() and np.mean(same[telling]) < ENOUGH)):
            return -1.0
        told += int(np.sum(telling))
        matched += int(np.sum(same & telling))
    return matched / told if told else 0.0


Fact = Callable[[Sequence[Seen], Closeness], "str | None"]


def facts(seen: Sequence[Seen], dtype: str) -> Iterator[str]:
    """The facts that hold of all results, the most telling first."""
    for c in closeness(dtype):
        for fact in FACTS:
            if found := fact(seen, c):
                yield found
    if found := _coarse(seen, dtype):
        yield found


def _zeros(seen: Sequence[Seen], c: Closeness) -> str | None:
    return "the output is all zeros" if all(not s.got.any() for s in seen) and any(s.exact.any() for s in seen) else None


def _constant(seen: Sequence[Seen], c: Closeness) -> str | None:
    values = {float(v) for s in seen for v in np.unique(s.got)} if all(s.got.size for s in seen) else set()
    if len(values) == 1 and sum(s.got.size for s in seen) > 2:
        return f"the output is the constant {values.pop():g}"
    return None


def _argument(seen: Sequence[Seen], c: Closeness) -> str | None:
    for name in seen[0].arguments:
        for word, sign in (("", 1), ("minus ", -1)):
            if fits([sign * s.arguments[name] if s.arguments[name].dtype.kind == "f" else None for s in seen], seen, c):
                return f"the output is {word}the input {name} itself (identity)"
    return None


def _factor(seen: Sequence[Seen], c: Closeness) -> str | None:
    ratios = [_ratio(s, c) for s in seen]
    known = [(s, r) for s, r in zip(seen, ratios, strict=True) if r is not None]
    if not known or any(r is None and s.exact.any() and s.far.any() for s, r in zip(seen, ratios, strict=True)):
        return None
    if all(abs(r + 1) < 1e-3 for _, r in known):
        return "wrong sign: the output is negated"
    for sign, word in ((1, ""), (-1, "wrong sign and ")):
        for name in _factor_names(known[0][0]):
            values = [_factor_value(name, s) for s, _ in known]
            if all(
                v is not None and abs(sign * v - r) <= max(c.tolerance * 8, 1e-9) * abs(r) for v, (_, r) in zip(values, known, strict=True)
            ):
                return f"{word}a factor {name} too many: the output is {name} times what it should be"
    first = known[0][1]
    if all(abs(r - first) <= max(c.tolerance * 8, 1e-9) * abs(first) for _, r in known) and len(known) > 1:
        return f"a constant factor: the output is {first:.10g} times what it should be"
    return None


def _ratio(s: Seen, c: Closeness) -> float | None:
    """The one number that takes the exact values to the ones that came, other than 1."""
    with np.errstate(all="ignore"):
        usable = (
            np.isfinite(s.got) & np.isfinite(s.exact) & (np.abs(s.exact) > 1e-3 * np.max(np.abs(s.exact), initial=0.0)) & (s.exact != 0)
        )
        if not usable.any():
            return None
        r = float(np.median(s.got[usable].astype(float) / s.exact[usable].astype(float)))
        if not np.isfinite(r) or r == 0 or abs(r - 1) < 4 * c.tolerance:
            return None
        return r if np.mean(c.same(r * s.exact, s.got)) >= ENOUGH else None


def _factor_names(s: Seen) -> Iterator[str]:
    yield from ("2", "1/2")
    for a, b in [(a, "") for a in s.sizes] + list(combinations(s.sizes, 2)):
        n = f"size({a})" + (f"*size({b})" if b else "")
        yield from (n, f"1/{n}", f"sqrt({n})", f"1/sqrt({n})")
        if not b:
            yield from (
                f"{n}/({n} - 1)",
                f"({n} - 1)/{n}",
                f"{n}/({n} + 1)",
                f"2/{n}",
                f"2*{n}",
                f"{n}/2",
                f"sqrt({n}/({n} - 1))",
                f"sqrt(({n} - 1)/{n})",
            )
    for a, b in combinations(s.sizes, 2):
        yield from (f"size({a})/size({b})", f"size({b})/size({a})")
    for p in s.parameters:
        yield from (p, f"1/{p}", f"{p}**2", f"1/{p}**2", f"(1 - {p})", f"1/(1 - {p})")
    yield from NUMBERS


def _factor_value(name: str, s: Seen) -> float | None:
    """A factor by its name: arithmetic in sizes and parameters only."""
    if name in NUMBERS:
        return float(NUMBERS[name])
    space: dict[str, Any] = {"size": None, "sqrt": np.sqrt, **s.parameters}
    text = name
    for axis, n in s.sizes.items():
        text = text.replace(f"size({axis})", str(float(n)))
    try:
        value = float(eval(text, {"__builtins__": {}}, space))
    except (ZeroDivisionError, TypeError, NameError, SyntaxError):
        return None
    return value


def _transposed(seen: Sequence[Seen], c: Closeness) -> str | None:
    for a, b in combinations(range(seen[0].got.ndim), 2):
        moved = [np.swapaxes(s.exact, a, b) if s.got.ndim == seen[0].got.ndim else None for s in seen]
        square = [k for k, m in enumerate(moved) if m is not None and m.shape == seen[k].got.shape and m.shape[a] > 1]
        if square and fits([moved[k] for k in square], [seen[k] for k in square], c):
            return f"transposed: dimensions {a} and {b} are swapped"
    return None


def _rolled(seen: Sequence[Seen], c: Closeness) -> str | None:
    for axis in range(seen[0].got.ndim):
        for step in (1, -1):
            if fits([np.roll(s.exact, step, axis) if s.got.ndim > axis else None for s in seen], seen, c):
                return f"shifted by one position along dimension {axis}"
        if fits([np.flip(s.exact, axis) if s.got.ndim > axis else None for s in seen], seen, c):
            return f"reversed along dimension {axis}"
    return None


def _offset(seen: Sequence[Seen], c: Closeness) -> str | None:
    with np.errstate(all="ignore"):
        steps = [float(np.median(s.got.astype(float) - s.exact)) for s in seen if s.got.size]
    if len(steps) < 2 or not np.isfinite(steps[0]) or steps[0] == 0 or any(abs(s - steps[0]) > 1e-3 * abs(steps[0]) for s in steps):
        return None
    if fits([s.exact + steps[0] for s in seen], seen, c):
        return f"a constant is added: the output is {steps[0]:.6g} more than it should be"
    return None


def _clipped(seen: Sequence[Seen], c: Closeness) -> str | None:
    """Every wrong number is one constant, and every number on its side of it is."""
    wrong = [s.got[s.far] for s in seen if s.far.any()]
    values = np.unique(np.concatenate(wrong)) if wrong else np.zeros(0)
    if not 1 <= len(values) <= 2 or not np.isfinite(values).all():
        return None
    for low, high in ((values[0], np.inf), (-np.inf, values[-1]), (values[0], values[-1])):
        if low < high and fits([np.clip(s.exact, low, high) for s in seen], seen, c):
            shown = [f"{v:g}" for v in (low, high) if np.isfinite(v)]
            return f"clipped at {' and '.join(shown)}"
    return None


def _cut_off(seen: Sequence[Seen], c: Closeness) -> str | None:
    """Wrong only beyond some argument, where the result is a constant or an argument."""
    for name in seen[0].arguments:
        pairs = [(s.arguments[name], s) for s in seen if s.arguments[name].shape == s.got.shape and s.arguments[name].dtype.kind == "f"]
        if len(pairs) != len(seen) or not any(s.far.any() for s in seen):
            continue
        x = np.concatenate([a[s.far].astype(float) for a, s in pairs])
        got = np.concatenate([s.got[s.far].astype(float) for _, s in pairs])
        still = np.concatenate([a[~s.far].astype(float) for a, s in pairs])
        words = _tail_words(x, got, name)
        if words is None or len(x) < 3:
            continue
        for side, inside, edge in (("above", still > np.min(x), np.min(x)), ("below", still < np.max(x), np.max(x))):
            if np.mean(inside) < 0.3 and (len(still) == 0 or np.sum(inside) < len(x)):
                return f"cut off: {words} for {name} {side} {edge:.4g}"
        size = np.min(np.abs(x))
        if len(still) and np.mean(np.abs(still) > size) < 0.3:
            return f"cut off: {words} for |{name}| above {size:.4g}"
        if len(still) and np.mean(np.abs(still) < np.max(np.abs(x))) < 0.3:
            return f"cut off: {words} for |{name}| below {np.max(np.abs(x)):.4g}"
    return None


def _tail_words(x: Array, got: Array, name: str) -> str | None:
    values = np.unique(got)
    if len(values) == 1:
        return f"{values[0]:g}"
    return name if np.array_equal(x, got) else None


def _coarse(seen: Sequence[Seen], dtype: str) -> str | None:
    """As far off as another dtype rounds."""
    wrong = [(s.got.astype(float), s.exact.astype(float)) for s in seen if s.got.size]
    got, exact = (np.concatenate([w[k].ravel() for w in wrong]) if wrong else np.zeros(0) for k in (0, 1))
    usable = np.isfinite(got) & np.isfinite(exact) & (exact != 0)
    if np.sum(usable) < 4:
        return None
    relative = np.abs(got[usable] - exact[usable]) / np.abs(exact[usable])
    mixed = 0.1 < np.mean(got[usable] > exact[usable]) < 0.9
    for kind in ("float32", "float16"):
        u = LEVELS[kind].u
        finite = got[np.isfinite(got) & (got != 0)]
        with np.errstate(all="ignore"):
            held = kind != "bfloat16" and LEVELS[dtype].u < u and bool(np.all(finite.astype(kind).astype(float) == finite))
        if held and u / 64 < float(np.quantile(relative, 0.9)):
            return f"precision lost: rounded to {kind}"
        low, middle, high = (float(np.quantile(relative, q)) for q in (0.25, 0.5, 0.95))
        if mixed and LEVELS[dtype].u < u and low > u / 256 and u / 16 < middle < 8 * u and high < 64 * u:
            return f"precision lost: computed or rounded in {kind}"
    return None


FACTS: tuple[Fact, ...] = (_zeros, _constant, _argument, _factor, _transposed, _rolled, _clipped, _cut_off, _offset)

"""A candidate's results as explanations are held against them: which numbers tell something, and when two are the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.evaluate import frame
from derive.checker.findings import Trial
from derive.checker.inputs import Sample
from derive.checker.levels import LEVELS
from derive.checker.reader import Reader
from derive.language.errors import DeriveError
from derive.language.nodes import BATCH

Array = NDArray[Any]
CLEAR = 8.0  # an error this many times above what is allowed tells clearly
PREDICTED = 0.125  # an explanation comes this much nearer to a wrong number than the right one does
ENOUGH = 0.95  # the share of the numbers that an explanation has to give
BORNE_OUT = 0.75  # the share of other results that must not speak against it
MOST = 8
MORE = 16
FINE = 3
LARGE = 3000
MODERATE = ("plain", "small", "ties", "one-hot", "offset")
FAILURES = (DeriveError, ValueError, IndexError, KeyError, ZeroDivisionError, OverflowError, ImportError, TypeError)


@dataclass(frozen=True)
class Seen:
    """One result: what came, what is right, which elements are too far off, the arguments, sizes of axes and parameters; the
    errors allowed, and the right results by name of all that were asked for."""

    got: Array
    exact: Array
    far: Array
    arguments: Mapping[str, Array]
    sizes: Mapping[str, int]
    parameters: Mapping[str, float]
    slack: Array
    others: Mapping[str, Array]


@dataclass(frozen=True)
class Closeness:
    """When two numbers count as the same: relative `tolerance`, and the same share of the largest `of` the array."""

    tolerance: float
    share: float

    def margin(self, of: Array) -> Array:
        """How far a number may be from each of these."""
        with np.errstate(all="ignore"):
            scale = np.max(np.abs(of[np.isfinite(of)]), initial=0.0)
            return np.asarray(self.tolerance * np.abs(of) + self.share * scale)

    def same(self, a: Array, b: Array) -> Array:
        """Element by element; nan is the same as nan."""
        with np.errstate(all="ignore"):
            a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
            near = np.abs(a - b) <= np.maximum(self.margin(b), self.tolerance * np.abs(a))
            return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)) | (near & np.isfinite(a) & np.isfinite(b)))


def closeness(dtype: str) -> tuple[Closeness, Closeness]:
    """Strict and rough."""
    u = LEVELS[dtype].u
    return Closeness(64 * u, 4 * u), Closeness(min(2**14 * u, 0.03), min(2**8 * u, 0.01))


@dataclass(frozen=True)
class Evidence:
    """The numbers of one result that an explanation must give. The `firm` ones are those that the form which explanations are made
    from gives rightly itself: they may speak against one. The `telling` ones, firm or not, are too far off: they may speak for one.
    Two margins, strict and rough, say how closely."""

    got: Array
    firm: Array
    telling: Array
    margins: tuple[Array, Array]

    def fit(self, expected: Array | None) -> tuple[int, int]:
        """How well an explanation gives these numbers (0 strictly, 1 roughly, 2 not), and how many telling ones it gives."""
        if expected is None or np.shape(expected) != self.got.shape:
            return 2, 0
        with np.errstate(all="ignore"):
            off = np.abs(expected - self.got)
        alike = (expected == self.got) | (np.isnan(expected) & np.isnan(self.got))
        spared = alike | (~self.telling & ~np.isfinite(expected))  # the candidate may guard what the explanation does not
        for k, margin in enumerate(self.margins):
            same = spared | (off <= margin)
            if _most(same[self.firm]) and _most(same[self.firm & self.telling]):
                return k, int(np.sum(same & self.telling))
        return 2, 0

    @property
    def told(self) -> int:
        """How many numbers tell something."""
        return int(np.sum(self.telling))

    @property
    def firmly(self) -> int:
        """How many of them are firm."""
        return int(np.sum(self.telling & self.firm))


def _most(same: Array) -> bool:
    return not same.size or bool(np.mean(same) >= ENOUGH)


def evidence(seen: Seen, dtype: str, base: Array | None = None) -> Evidence:
    """What a result tells; `base` is the right result by the form that explanations are made from."""
    strict, rough = closeness(dtype)
    with np.errstate(all="ignore"):
        got, exact = seen.got.astype(np.float64), seen.exact.astype(np.float64)
        off, slack = np.abs(exact - got), np.where(seen.slack < 1e300, seen.slack, 0)
        usable = np.isfinite(exact) & (np.isfinite(got) | ~np.isfinite(got[seen.far]).any())
        firm = usable
        if base is not None and base.shape == got.shape:
            firm = usable & np.isfinite(base) & (np.abs(base - exact) <= rough.margin(exact) + slack)
        far = seen.far & usable & ~strict.same(exact, got)
        if base is not None and base.shape == got.shape:
            far &= ~(np.abs(base - got) <= np.minimum(rough.margin(got), PREDICTED * off))  # the form is wrong there in the same way
        clear = far & ~(off <= CLEAR * slack)
        telling = clear if clear.any() else far
        most = np.where(telling & np.isfinite(off), PREDICTED * off, np.inf)
        margins = [np.minimum(np.where(np.isfinite(got), c.margin(got), 0) + 4 * slack, most) for c in (strict, rough)]
    return Evidence(got, firm, telling, (margins[0], margins[1]))


def explains(expected: Callable[[int], Array | None], found: Sequence[Evidence]) -> int:
    """How well an explanation gives every result: 0 strictly, 1 roughly, 2 not."""
    level = told = 0
    wanted = sum(e.firmly for e in found) or sum(e.told for e in found)
    for k, e in enumerate(found):
        if not (e.firm.any() or e.telling.any()):
            continue
        try:
            with np.errstate(all="ignore"):
                how, many = e.fit(expected(k))
        except FAILURES:
            return 2
        level, told = max(level, how), told + many
        if level == 2:
            return 2
    return level if told and told >= ENOUGH * wanted else 2


def borne_out(expected: Callable[[int], Array | None], found: Sequence[Evidence]) -> bool:
    """Whether an explanation gives most of other results too; extreme ones may have troubles of their own."""
    fits = []
    for k, e in enumerate(found):
        try:
            with np.errstate(all="ignore"):
                fits.append(e.fit(expected(k))[0] < 2)
        except FAILURES:
            fits.append(False)
    return not fits or bool(np.mean(fits) >= BORNE_OUT)


def chosen(name: str, trials: Sequence[Trial]) -> list[Trial]:
    """A few telling trials first, small and moderate ones before others, of several shapes and parameters; then a few that went well."""
    usable = [t for t in trials if name in t.got and 0 < t.got[name].size <= LARGE]

    def rank(t: Trial) -> tuple[bool, ...]:
        regime = t.sample.case.regime
        few = 0 < int(np.sum(t.far[name])) < 3 and t.got[name].size > 3
        bare = regime == "zeros"  # of a mistake there is often nothing but a rounding left
        return (not np.isfinite(t.got[name]).all(), regime not in MODERATE, bare, few, t.got[name].size > 200)

    wrong = sorted((t for t in usable if t.far[name].any()), key=rank)
    kinds: dict[tuple[object, ...], Trial] = {}
    for t in wrong:
        kinds.setdefault((t.got[name].shape, t.sample.case.variant), t)
    first = list(kinds.values())[: MOST - 2]
    more = [t for t in wrong if not any(t is f for f in first)][: MOST - len(first)]
    fine = sorted((t for t in usable if not t.far[name].any()), key=rank)
    return [*first, *more, *fine[:FINE]] if wrong else []


def further(name: str, trials: Sequence[Trial], picked: Sequence[Trial]) -> list[Trial]:
    """Some of the results that were not looked at first, of every size."""
    taken = {id(t) for t in picked}
    left = [t for t in trials if name in t.got and 0 < t.got[name].size <= LARGE and id(t) not in taken]
    moderate = [t for t in left if t.sample.case.regime in MODERATE]
    return (moderate or left)[:MORE]


def seen(reader: Reader, name: str, t: Trial) -> Seen:
    """What is known of one result."""
    fr = frame(reader.program, {n: np.asarray(x) for n, x in t.sample.inputs.items()}, t.sample.parameters)
    sizes = {a: n for a, n in fr.sizes.items() if n > 0 and a != BATCH}
    whole = int(np.prod(fr.batch)) if BATCH in fr.sizes else 0
    sizes |= {"all": whole} if whole else {}
    given = {**t.sample.inputs, **({f"g of {o}": g for o, g in t.sample.cotangents.items()} if reader.reading == "gradient" else {})}
    return Seen(t.got[name], t.exact[name], t.far[name], given, sizes, t.sample.parameters, t.slack[name], t.exact)


def position(reader: Reader, name: str) -> int:
    """Which of the outputs (or of the gradients) has the name."""
    if reader.reading == "value":
        return [o.name for o in reader.program.outputs].index(name)
    return [i.name for i in reader.program.real_inputs].index(name)


def arrays(reader: Reader, s: Sample) -> dict[str, Array]:
    """The arguments of the forms."""
    return reader.arrays(s)

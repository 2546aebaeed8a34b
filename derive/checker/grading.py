"""Whether numbers that are too far off come from the right function, computed inaccurately."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.adjoint import adjoints, path_sizes
from derive.checker.bounds import Bounds
from derive.checker.evaluate import Numbers, evaluate
from derive.checker.floats import Floats
from derive.checker.forms import half_stable, squares_taken
from derive.checker.inputs import Sample
from derive.checker.kernels import kernel
from derive.checker.levels import Bound, Level
from derive.checker.tolerance import bounds
from derive.checker.undone import Form, undone
from derive.language.nodes import Carried
from derive.language.program import Program
from derive.language.recurrence import uses

Array = NDArray[Any]
SPREAD = 16.0  # a candidate's own version of a form may sit this many times above the error bound of ours
ALIKE = 64.0  # ulps within which two runs of one form, each in its own order, are the same number


class Narrow(Floats):
    """Arithmetic in one dtype, every operation rounded to it, as code of that dtype computes; `flush` is the size below which it
    takes numbers as zero."""

    def __init__(self, dtype: str, flush: float = 0.0) -> None:
        self.kind: Any = np.dtype(dtype).type
        self.flush = flush

    def flushed(self, x: Any) -> Any:
        """Zero in place of numbers that are too small."""
        return np.where(np.abs(x) < self.flush, x * 0, x).astype(self.kind) if self.flush else x

    def array(self, values: Array, exact: bool) -> Array:
        """Integers stay integers."""
        return values if exact else values.astype(self.kind)

    def constant(self, value: Fraction) -> Any:
        """Rounded."""
        return self.kind(float(value))

    def parameter(self, value: float | Fraction) -> Any:
        """Rounded."""
        return self.kind(float(value))

    def power(self, base: Any, exponent: Any, exact: Fraction | None) -> Any:
        """NumPy's, in the dtype. A reciprocal that is beyond it stays wide until something is multiplied by it: code divides."""
        base = np.asarray(base, self.kind)
        if exact == -1 and np.any(np.isinf(np.reciprocal(base)) & (base != 0)):
            return np.reciprocal(base.astype(np.longdouble))
        return self.flushed(np.sqrt(base) if exact == Fraction(1, 2) else np.power(base, np.asarray(exponent, self.kind)))

    def call(self, fn: str, args: list[Any]) -> Any:
        """The function's result, rounded."""
        return self.flushed(np.asarray(kernel(fn)(*args)).astype(self.kind))

    def mul(self, args: list[Any]) -> Any:
        """From left to right."""
        total = args[0]
        for a in args[1:]:
            total = self.flushed(total * a)
        wide = isinstance(total, np.ndarray) and total.dtype == np.longdouble
        return total.astype(self.kind) if wide else total

    def onehot(self, index: Any, places: Array, dim: int) -> Any:
        """1 where the places equal the index."""
        return (places == index).astype(self.kind)


@dataclass(frozen=True)
class Format:
    """What a candidate computes in: the name of its dtype, its level, and the size below which it takes numbers as zero."""

    dtype: str
    level: Level
    flush: float

    @property
    def own(self) -> str:
        """The dtype of NumPy that stands for it."""
        return self.dtype if self.dtype in ("float16", "float32", "float64") else "float32"

    @property
    def narrow(self) -> Narrow:
        """Arithmetic in it."""
        return Narrow(self.own, self.flush)


@dataclass(frozen=True)
class Explained:
    """Which elements a form explains."""

    form: str
    mask: Array


@lru_cache(maxsize=64)
def naive_forms(textbook: Program, definition: Program) -> tuple[Form, ...]:
    """The forms that candidates are tried against, each with its printed name."""
    first, *others = undone(textbook, definition)
    try:
        half, lengths = half_stable(textbook, definition), squares_taken(textbook)
    except ImportError:
        half = lengths = textbook
    known = {let.name for let in definition.lets}
    own = (let for let in textbook.lets if let.name not in known and not isinstance(let.body, Carried))
    slope = next((let for let in own if known.intersection(uses(let.body))), None)
    found = [first]
    if half != textbook and slope is not None:
        found.append(Form(f"cancellation in a slope taken from a stable value: {slope.name} = {slope.body.brief}", half))
    if lengths != textbook:
        found.append(Form("overflow in a square: a length taken as the root of a sum of squares, sqrt(a**2 + b**2)", lengths))
    return (*found, *others)


@dataclass(frozen=True)
class Runs:
    """The forms at one call in one format, each computed once for all of its outputs."""

    arrays: Mapping[str, Array]
    parameters: Numbers
    kind: Format
    done: dict[Program, Computed | None] = field(default_factory=dict)

    def of(self, program: Program) -> Computed | None:
        """What the form gives; None where it cannot be computed."""
        if program not in self.done:
            try:
                with np.errstate(all="ignore"):
                    wide = tuple(bounds(program, self.arrays, self.parameters, Bounds(self.kind.level, "declared"))[0])
                    self.done[program] = Computed(wide, tuple(narrow_outputs(program, self.arrays, self.parameters, self.kind)))
            except (ImportError, ValueError, IndexError):
                self.done[program] = None
        return self.done[program]


@dataclass(frozen=True)
class Computed:
    """The outputs of a form: with their error bounds, and as they come out in the format."""

    wide: tuple[Bound, ...]
    narrow: tuple[Array, ...]


def explanations(forms: tuple[Form, ...], output: int, runs: Runs, got: Array, exact: Array) -> Iterator[Explained]:
    """For each form the elements of one output that it gives, or that lie within its rounding errors."""
    for form in forms:
        if (computed := runs.of(form.program)) is not None:
            with np.errstate(all="ignore"):
                yield Explained(form.name, _explained(computed.wide[output], computed.narrow[output], got, exact))


def _explained(bound: Bound, narrow: Array, got: Array, exact: Array) -> Array:
    e = np.asarray(bound.e, np.longdouble)
    meant = np.asarray(bound.v, np.longdouble)  # what the form is in wide arithmetic: the exact value, but for a published cutoff
    far = np.fmin(np.abs(got.astype(np.longdouble) - exact.astype(np.longdouble)), np.abs(got.astype(np.longdouble) - meant))
    within = np.isfinite(got) & np.isfinite(e) & (far <= SPREAD * e)
    return np.asarray((within | (~np.isfinite(got) & ~np.isfinite(e)) | _same(got, narrow)) & ~_turned(got, exact))


def _turned(got: Array, exact: Array) -> Array:
    """Where the sign of a number is the other one although what is left of it has underflowed: no loss of digits does that."""
    normal = np.finfo(exact.dtype).smallest_normal
    return np.asarray((got * np.sign(exact) < 0) & (np.abs(got) < normal) & (np.abs(exact) >= normal))


def narrowly(program: Program, output: int, arrays: Mapping[str, Array], parameters: Numbers, kind: Format) -> Array:
    """One output of the form computed in the format."""
    return narrow_outputs(program, arrays, parameters, kind)[output]


def narrow_outputs(program: Program, arrays: Mapping[str, Array], parameters: Numbers, kind: Format) -> list[Array]:
    """Every output of the form computed in the format."""
    with np.errstate(all="ignore"):
        fr, named = evaluate(program, arrays, parameters, kind.narrow)
        return [np.asarray(fr.gather(named[o.name], o.names)).astype(kind.own) for o in program.outputs]


def automatically(program: Program, s: Sample, name: str, kind: Format, got: Array, exact: Array) -> Array:
    """Which elements are as far off as a reverse sweep through the definition may be, in the format."""
    try:
        with np.errstate(all="ignore"):
            swept = adjoints(program, s.inputs, s.cotangents, s.parameters, frozenset(), kind.narrow)[name].astype(kind.own)
            sizes = path_sizes(program, s.inputs, s.cotangents, s.parameters)[name]
    except (ImportError, ValueError, IndexError, KeyError):
        return np.zeros(got.shape, bool)
    with np.errstate(all="ignore"):
        near = np.abs(got.astype(np.longdouble) - exact) <= SPREAD * kind.level.u * sizes
        near |= np.abs(got - swept) <= ALIKE * kind.level.u * np.abs(swept)
        near |= _squared_beyond(s.inputs[name], kind.level, got.shape) & (np.abs(got.astype(np.longdouble) - exact) <= 2 * sizes)
        return np.asarray((near & np.isfinite(got) & ~_turned(got, exact)) | (~np.isfinite(got) & ~np.isfinite(swept)))


def _squared_beyond(x: Array, level: Level, shape: tuple[int, ...]) -> Array:
    """Where the square of an argument overflows: the derivative of a quotient divides by one, and a term of it may vanish."""
    return np.abs(x.astype(np.longdouble)) ** 2 > level.largest if x.shape == shape else np.zeros(shape, bool)


def _same(got: Array, run: Array) -> Array:
    close = np.abs(got - run) <= ALIKE * np.spacing(np.where(np.isfinite(run), np.abs(run), 1))
    return np.asarray((got == run) | (np.isnan(got) & np.isnan(run)) | (np.isfinite(run) & close))

"""Raising the precision until every enclosure rounds to one float, or the cap is reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from derive.oracle.arithmetic import Arithmetic
from derive.oracle.errors import OracleError
from derive.oracle.interval import Objects
from derive.oracle.rounding import Format, Rounded, decide, float_format, round_all

START = 128
CAP = 8192  # exp of x^3 at x = 1e300 wants 3072 bits before its point, and a quotient of two such exponentials twice that
BACKENDS = {"flint": ("derive.oracle.balls", "balls"), "mpmath": ("derive.oracle.intervals", "intervals")}

Selection = NDArray[np.intp] | None  # flat positions of an element-wise program, or None for all
Run = Callable[[Arithmetic, Selection], dict[str, Objects]]


def backend_named(backend: str | None) -> Callable[[int], Arithmetic]:
    """The arithmetic by bits: "flint" where python-flint is installed, "mpmath" otherwise, or the one asked for."""
    name = backend or ("flint" if find_spec("flint") else "mpmath")
    if name not in BACKENDS:
        raise OracleError(f"no backend {name}; there are {', '.join(BACKENDS)}")
    if name == "flint" and not find_spec("flint"):
        raise OracleError("backend flint needs python-flint; install it, or use backend mpmath")
    module, function = BACKENDS[name]
    arithmetic: Callable[[int], Arithmetic] = getattr(import_module(module), function)
    return arithmetic


def precisions(cap: int) -> Iterator[int]:
    """128, 256, ... up to and including the cap."""
    bits = min(START, cap)
    while bits < cap:
        yield bits
        bits *= 2
    yield cap


def certify(run: Run, dtype: object, cap: int, backend: str | None, pointwise: bool) -> dict[str, Rounded]:
    """The rounded results of `run`, which returns enclosures as Intervals by name.

    Only what is undecided is run again, where each element stands alone (`pointwise`); otherwise everything is.
    """
    _, form = float_format(dtype)
    arithmetic = backend_named(backend)
    results: dict[str, Objects] = {}
    chosen: Selection = None
    bits = START
    for bits in precisions(cap):
        a = arithmetic(bits)
        with a.scope():
            fresh = run(a, chosen)
        results = fresh if chosen is None else _replaced(results, fresh, chosen)
        left = _open(fresh, form)
        if not len(left):
            break
        if pointwise:
            chosen = left if chosen is None else chosen[left]
    return {name: round_all(enclosure, dtype, bits) for name, enclosure in results.items()}


def _open(results: dict[str, Objects], form: Format) -> NDArray[np.intp]:
    """Flat positions that some result does not decide."""
    return np.array(sorted({i for e in results.values() for i, x in enumerate(e.flat) if not decide(x, form)[1]}), dtype=np.intp)


def _replaced(results: dict[str, Objects], fresh: dict[str, Objects], chosen: NDArray[np.intp]) -> dict[str, Objects]:
    """The results with the chosen flat positions taken from `fresh`."""
    for name, data in fresh.items():
        results[name] = results[name].copy()
        results[name].reshape(-1)[chosen] = data.reshape(-1)
    return results

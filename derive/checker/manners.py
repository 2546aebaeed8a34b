"""What a candidate does beside computing: state kept between calls, results that change afterwards, results that differ by chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.candidate import Raised
from derive.checker.findings import Finding, Tally
from derive.checker.inputs import Case, Sample
from derive.checker.reader import Reader

Array = NDArray[Any]


def manners(reader: Reader, build: Callable[[Case], Sample], tally: Tally) -> list[Finding]:
    """The same call made three times, another call between: results must be the same, and stay so."""
    return list(_manners(reader, build, tally))


def _manners(reader: Reader, build: Callable[[Case], Sample], tally: Tally) -> Iterator[Finding]:
    s, other = build(Case("odd", "plain", 0, "C", 7)), build(Case("odd", "plain", 0, "C", 8))
    _, first = reader.called(s)
    held = _read(reader, first)
    again = _read(reader, reader.called(s)[1])
    if held is None or again is None:
        return
    _read(reader, reader.called(other)[1])
    kept = _read(reader, first)
    third = _read(reader, reader.called(s)[1])
    tally.calls += 4
    if third is None or kept is None:
        return
    for name in held:
        if name not in again or name not in third or name not in kept:
            continue
        if not _equal(held[name], kept[name]):
            message = "a result changes after it was returned: state is kept, a later call writes into the same memory"
            yield Finding("state", reader.reading, name, message, np.inf, s)
        elif not _close(reader, held[name], again[name]) or not _close(reader, held[name], third[name]):
            state = _equal(again[name], third[name])
            message = "differs between two calls with the same arguments: " + (
                "state is kept between calls" if state else "it is random or keeps state"
            )
            yield Finding("state", reader.reading, name, message, np.inf, s)


def _read(reader: Reader, returned: Any) -> Mapping[str, Array] | None:
    """Copies of the results by name; None where there are none."""
    if isinstance(returned, Raised):
        return None
    results = reader.results(returned)
    if isinstance(results, str):
        return None
    try:
        arrays = {n: np.array(reader.adapter.out(v)[0]) for n, v in results.items()}
    except (TypeError, ValueError):
        return None
    return arrays if all(a.dtype.kind in "fiub" for a in arrays.values()) else None


def _equal(a: Array, b: Array) -> bool:
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=True))


def _close(reader: Reader, a: Array, b: Array) -> bool:
    """Equal but for the order in which a sum may be taken from one call to the next."""
    if a.shape != b.shape:
        return False
    u = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24}.get(reader.dtype, 2.0**-53)
    scale = float(np.max(np.abs(a), initial=0.0, where=np.isfinite(a)))
    return bool(np.allclose(a, b, rtol=64 * u, atol=64 * u * scale, equal_nan=True))

"""Where a candidate goes wrong, when that says why: a layout, a size, a position from which on it fails."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.evaluate import CheckError, frame
from derive.checker.findings import Finding, Tally, Trial
from derive.checker.inputs import READ_ONLY, Sample, layout_of
from derive.checker.reader import Reader
from derive.checker.runs import run

Array = NDArray[Any]
FEW = 3
LARGE = 8
MUCH = 1e-3


def place(reader: Reader, f: Finding, trials: Sequence[Trial]) -> str:
    """The circumstance that decides, in words; empty where there is none."""
    if f.kind == "shape" and (words := _axes_of(reader, f)):
        return words
    if f.kind not in ("value", "gradient", "nan", "raised", "shape"):
        return ""
    return _labelled(reader, f, trials) or _position(f, trials) or _size(reader, f, trials)


def layout(reader: Reader, f: Finding) -> str:
    """Fails as laid out, not when the same numbers are contiguous by rows, and may be written to."""
    if f.kind not in ("value", "gradient", "nan", "raised", "shape"):
        return ""
    given = (*f.sample.inputs.values(), *f.sample.cotangents.values())
    if all(layout_of(x) == "C" for x in given):
        return ""
    plain = replace(
        f.sample,
        inputs={n: np.array(x, order="C") for n, x in f.sample.inputs.items()},
        cotangents={n: np.array(x, order="C") for n, x in f.sample.cotangents.items()},
    )
    if any(g.kind == f.kind for g in run(reader, plain, Tally())):
        return ""
    if any(layout_of(x) == READ_ONLY for x in given):
        return "fails only for read-only arrays: it writes to an argument, even if it puts back what was there"
    kind = "Fortran order" if all(x.flags.f_contiguous for x in f.sample.inputs.values()) else "strided"
    return f"fails only for inputs that are not contiguous ({kind}): the memory is read in the wrong order"


def _sizes(reader: Reader, s: Sample) -> dict[str, int]:
    try:
        found = frame(reader.program, {n: np.asarray(x) for n, x in s.inputs.items()}, s.parameters)
    except CheckError:
        return {}
    lead = {f"leading {k}": n for k, n in enumerate(found.batch)}
    return {**{a: n for a, n in found.sizes.items() if a != "..."}, **lead, "leading axes": len(found.batch)}


def _size(reader: Reader, f: Finding, trials: Sequence[Trial]) -> str:
    """Every call with a certain size fails, and no other."""
    bad = [_sizes(reader, t.sample) for t in trials if any(x.any() for x in t.far.values())]
    if f.kind in ("raised", "shape"):
        bad.append(_sizes(reader, f.sample))
    good = [_sizes(reader, t.sample) for t in trials if not any(x.any() for x in t.far.values())]
    return next(_size_words(bad, good), "") if len(good) >= FEW and bad else ""


def _size_words(bad: Sequence[Mapping[str, int]], good: Sequence[Mapping[str, int]]) -> Iterator[str]:
    axes = [a for a in bad[0] if all(a in s for s in (*bad, *good))]
    for a in axes:
        ours, theirs = [s[a] for s in bad], [s[a] for s in good]
        what = "the number of leading axes" if a == "leading axes" else f"the size of {a}"
        if all(n == 1 for n in ours) and all(n != 1 for n in theirs):
            yield f"fails only where {what} is 1 (batch 1)"
        if max(ours) < min(theirs) and max(ours) > 1:
            yield f"fails only where {what} is small: up to {max(ours)}, not from {min(theirs)} on"
        if min(ours) > max(theirs) and min(ours) >= LARGE:
            yield f"fails only where {what} is large: at {min(ours)}, not up to {max(theirs)}"
    if len(good) < 2 * FEW or len(bad) < FEW:
        return
    for a, b in combinations((a for a in axes if a != "leading axes"), 2):
        ours, theirs = [s[a] == s[b] for s in bad], [s[a] == s[b] for s in good]
        if all(ours) and not any(theirs) and any(s[a] > 1 for s in bad):
            yield f"fails only where the sizes of {a} and {b} are equal: wrong axis, one is taken for the other"
        if not any(ours) and all(theirs) and any(s[a] > 1 for s in good):
            yield f"fails wherever the sizes of {a} and {b} differ: wrong axis, one is taken for the other (transposed)"


def _position(f: Finding, trials: Sequence[Trial]) -> str:
    """Only from some position on along a dimension, more often than by chance."""
    masks = [t.far[f.what] for t in trials if f.what in t.far and t.far[f.what].any()]
    if not masks or any(m.ndim != masks[0].ndim for m in masks):
        return ""
    for d in range(masks[0].ndim):
        first = min(int(np.min(np.nonzero(m)[d])) for m in masks)
        others = tuple(k for k in range(masks[0].ndim) if k != d)
        chance = math.prod((1 - min(first / m.shape[d], 1)) ** int(m.any(axis=others).sum()) for m in masks)
        if first >= LARGE and chance < 1e-3:
            return f"fails only from position {first} on along dimension {d}: wrong for large sizes, beyond a block of {first}"
    return ""


def _labelled(reader: Reader, f: Finding, trials: Sequence[Trial]) -> str:
    """Only where a label is the first class, or the last."""
    there = [t for t in trials if f.what in t.far and t.far[f.what].size]
    wrong = [_clearly(t, f.what) for t in there]
    for i in (i for i in reader.program.inputs if i.into is not None and len(i.names) == 1):
        labels = [np.asarray(t.sample.inputs[i.name]) for t in there]
        for words, k in (("the first position", 0), ("the last position", -1)):
            rows = [x == k % _sizes(reader, t.sample)[str(i.into)] for x, t in zip(labels, there, strict=True)]
            hits = [np.asarray(r if w.ndim else r.any()) for r, w in zip(rows, wrong, strict=True)]
            if all(h.shape == w.shape for h, w in zip(hits, wrong, strict=True)) and _decides(hits, wrong):
                return f"wrong only where the label or index {i.name} is {words} of {i.into}"
    return ""


def _clearly(t: Trial, name: str) -> Array:
    """The rows with a number that is off by much, measured by the largest."""
    with np.errstate(all="ignore"):
        off = np.abs(t.got[name].astype(np.float64) - t.exact[name])
        much = t.far[name] & ~(off <= MUCH * np.max(np.abs(t.exact[name])))
    return np.asarray(much.any(axis=tuple(range(1, much.ndim))))


def _decides(hits: Sequence[Array], wrong: Sequence[Array]) -> bool:
    """Whether what is wrong is hit, and most of what is hit is wrong."""
    hit, bad = (np.concatenate([np.ravel(x) for x in xs]) for xs in (hits, wrong))
    return bool(not (bad & ~hit).any() and np.sum(~hit) >= FEW and np.sum(hit) >= FEW and np.mean(bad[hit]) > 0.5)


def _axes_of(reader: Reader, f: Finding) -> str:
    """A gradient that kept, or lost, axes of what it is a gradient of."""
    if reader.reading != "gradient" or not f.what or "has shape" not in f.message:
        return ""
    sizes = _sizes(reader, f.sample)
    wanted = next(i.names for i in reader.program.real_inputs if i.name == f.what)
    got = [int(n) for n in f.message.split("(")[1].split(")")[0].replace(",", " ").split()]
    right = [sizes[a] for a in wanted if a in sizes]
    if len(got) > len(right):
        extra = [a for a in sizes if a not in wanted and a != "leading axes"]
        return f"not summed over what was broadcast ({' '.join(extra)}): the gradient of {f.what} has the wrong shape"
    return ""

"""Causes about which position is meant, and what is kept from earlier calls, are named; each is tried on definitions of this file."""

from __future__ import annotations

import numpy as np
import pytest

from derive.checker.check import check
from derive.language import (
    Index,
    OneOf,
    Positive,
    PositiveInteger,
    Real,
    abs,
    exp,
    idx,
    maximum,
    mean,
    minimum,
    new,
    onehot,
    op,
    size,
    sum,
    where,
)


@op
def piled(x: Real["K P"], *, step: PositiveInteger = 1, width: PositiveInteger = 5) -> Real["H"]:
    """Windows added up, each where it was read."""
    new("H", size=width)
    return sum(x * onehot(step * idx("P") + idx("K"), "H"), "K P")


def piled_by(put):
    def forward(x, step=1, width=5):
        y = np.zeros(step * x.shape[1] + x.shape[0] + width)
        for k in range(x.shape[0]):
            put(y, k + step * np.arange(x.shape[1]), x[k])
        return y[:width].astype(x.dtype)

    return forward


def overwrite(y, at, x):
    y[at] = x


def averaged(x, step=1, width=5):
    y, n = np.zeros(step * x.shape[1] + x.shape[0] + width), np.zeros(step * x.shape[1] + x.shape[0] + width)
    for k in range(x.shape[0]):
        y[k + step * np.arange(x.shape[1])] += x[k]
        n[k + step * np.arange(x.shape[1])] += 1
    return (y / np.maximum(n, 1))[:width].astype(x.dtype)


@op
def pooled_by(x: Real["N L D"], into: Index["N L -> S"], base: Real["S D"]):
    """A base, plus the rows that belong to each position of it."""
    m = onehot(into, "S")
    return base + sum(m * x, "N L")


def buffered(x, into, base):
    y = base.copy()
    y[into] += x
    return y


@op
def mirrored(x: Real["N L"]):
    """The input and, before it, its second element."""
    return x.at(L=abs(new("P", size=size("L") + 1) - 1))


@op
def held(x: Real["N L M"], *, scale: PositiveInteger = 2) -> Real["N P Q"]:
    """Each element, repeated along both axes."""
    return x.at(L=new("P", size=scale * size("L")) // scale, M=new("Q", size=scale * size("M")) // scale)


@op
def area(a: Real["N K=4"], b: Real["N K=4"]):
    """The area that two boxes share, over that of the first."""
    wide = minimum(a.at(K=2), b.at(K=2)) - maximum(a.at(K=0), b.at(K=0))
    high = minimum(a.at(K=3), b.at(K=3)) - maximum(a.at(K=1), b.at(K=1))
    return wide * high / ((a.at(K=2) - a.at(K=0)) * (a.at(K=3) - a.at(K=1)))


def area_by(more):
    def forward(a, b):
        wide = np.minimum(a[:, 2], b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
        high = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
        return wide * high / ((a[:, 2] - a[:, 0] + more) * (a[:, 3] - a[:, 1] + more))

    return forward


@op
def leading(x: Real["N C"], level: Real["N"]):
    """The mean of those that lie above a level."""
    m = where(x > level, 1, 0)
    return sum(m * x, "C") / (sum(m, "C") + 1)


def leading_but_one(x, level):
    y = np.zeros(len(x))
    for n, row in enumerate(x):
        kept = sorted(row[row > level[n]])
        kept = kept[1:] if len(kept) > 1 else kept
        y[n] = np.sum(kept) / (len(kept) + 1)
    return y


@op
def stretched(x: Real["N C"], y: Real["C"], *, scale: Positive = 3):
    """Shares of scaled differences."""
    return mean(exp(-scale * (x - y) ** 2), "C") + sum(scale * (x - y), "C")


@op
def seen_only(s: Real["L M"], v: Real["M"], mask: Real["L M", OneOf(0, 1)]):
    """Values averaged by scores, over those that are seen; 0 where none is."""
    e = where(mask > 0, exp(s), 0)
    total = sum(e, "M")
    return sum(where(total > 0, e / total, 0) * v, "M")


def leaking(s, v, mask):
    s = np.where(mask > 0, s, -10.0)
    e = np.exp(s - s.max(1, keepdims=True))
    return np.where(mask.sum(1) > 0, (e * v).sum(1) / e.sum(1), 0)


@pytest.mark.parametrize(
    ("forward", "definition", "words"),
    [
        (piled_by(overwrite), piled, "overwrite instead of accumulating"),
        (averaged, piled, "averaged over the repeats"),
        (buffered, pooled_by, "overwrite instead of accumulating"),
        (lambda x: np.concatenate([x[:, :1], x], 1), mirrored, "symmetric"),
        (lambda x, scale=2: np.tile(x, (1, scale, scale)), held, "tiled, not repeated"),
        (area_by(1), area, "larger by one"),
        (leading_but_one, leading, "one position fewer along C"),
        (
            lambda x, y, scale=3: np.exp(-scale * (x - y) ** 2).mean(1) + (scale * x - y).sum(1),
            stretched,
            "scale is left out of the term -y",
        ),
        (leaking, seen_only, "is -10, not minus infinity"),
    ],
)  # fmt: skip
def test_the_cause_is_named(forward, definition, words):
    report = check(forward, definition, budget=2.0)
    assert report.verdict == "wrong", report.text()
    assert words in report.diagnosis, report.text()


def test_an_index_between_two_positions_is_no_cause():
    @op
    def shifted(x: Real["N T"], mix: Real["N"]):
        """Each position mixed with the one before it."""
        return mix * x + (1 - mix) * x.at(T=idx("T") - 1)

    def first_repeated(x, mix):
        m = mix[:, None]
        return m * x + (1 - m) * np.concatenate([x[:, :1], x[:, :-1]], 1)

    assert "-1/2" not in check(first_repeated, shifted, budget=2.0).diagnosis


KEPT: dict[str, float] = {}


def by_global(x):
    return x / (1 + KEPT.setdefault("size", float(np.abs(x).max(initial=0))))


def by_default(x, kept=[]):  # noqa: B006
    if not kept:
        kept.append(float(np.abs(x).max(initial=0)))
    return x / (1 + kept[0])


class ByAttribute:
    size = None

    def __call__(self, x):
        self.size = self.size if self.size is not None else float(np.abs(x).max(initial=0))
        return x / (1 + self.size)


@op
def scaled_down(x: Real["N"]):
    """The input over one more than its largest size."""
    from derive.language import max as largest

    return x / (1 + largest(abs(x)))


@pytest.mark.parametrize("forward", [by_global, by_default, ByAttribute()])
def test_what_the_first_call_left_behind_is_named(forward):
    KEPT.clear()
    report = check(forward, scaled_down, budget=1.5)
    assert report.verdict == "wrong" and "kept from an earlier call" in report.diagnosis, report.text()

"""Sums by way of other sums lose digits; they are no other function. Sums of something else are."""

from __future__ import annotations

import numpy as np
import pytest

from derive.checker.check import check
from derive.language import PositiveInteger, Real, idx, mean, new, op, sum


@op
def smooth(x: Real["N T"], w: Real["K"]):
    """A weighted sum of neighbours along a path."""
    return sum(x.at(T=new("P") + idx("K")) * w, "K")


def by_transform(x, w, shift=0):
    n = x.shape[1] + len(w)
    y = np.fft.irfft(np.fft.rfft(x, n) * np.conj(np.fft.rfft(w, n)), n)
    return y[:, shift : shift + x.shape[1] - len(w) + 1].astype(x.dtype)


@op
def local_mean(x: Real["N T"], *, kernel: PositiveInteger = 2):
    """The mean of each window."""
    return mean(x.at(T=new("P") + new("K", size=kernel)), "K")


def by_running_sums(x, kernel=2):
    c = np.concatenate([np.zeros_like(x[:, :1]), np.cumsum(x, 1, dtype=x.dtype)], 1)
    return (c[:, kernel:] - c[:, :-kernel]) / x.dtype.type(kernel)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("forward", "definition"), [(by_transform, smooth), (by_running_sums, local_mean)])
def test_the_right_sums_by_others_are_inaccurate(forward, definition, dtype):
    report = check(forward, definition, dtype=dtype, budget=1.0)
    assert report.verdict == "inaccurate here" and "cancellation" in report.diagnosis, report.text()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_other_sums_are_wrong(dtype):
    assert check(lambda x, w: by_transform(x, w, 1), smooth, dtype=dtype, budget=1.0).verdict == "wrong"
    assert (
        check(lambda x, kernel=2: by_running_sums(1.001 * x.astype(float), kernel).astype(x.dtype), local_mean, budget=1.0).verdict
        == "wrong"
    )

    def but_last(x, kernel=2):
        y = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=1).mean(-1)
        y[:, y.shape[1] // 64 * 64 :] *= x.dtype.type(1 if y.shape[1] < 64 else 1.125)
        return y

    assert check(but_last, local_mean, dtype=dtype, budget=1.0).verdict == "wrong"

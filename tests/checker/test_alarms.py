"""Right code in other people's styles raises no alarm, and the nearest mistake still does."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from derive.catalog import CATALOG
from derive.checker.check import check
from derive.language import Real, exp, idx, inf, op, sum, where
from derive.language import max as largest
from derive.ops import softmax

OPS = {o.name: o for o in CATALOG}
TORCH = importlib.util.find_spec("torch") is not None


def verdict(op, forward=None, backward=None, **options):
    report = check(forward, OPS.get(op, op), backward, budget=0.2, **{"dtype": "float32", **options})
    return report.verdict, report.text()


def windows(x, kernel, stride, padding, dilation):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding)), constant_values=-np.inf)
    reach = dilation * (kernel - 1) + 1
    return x, [slice(k, k + reach, dilation) for k in range(0, x.shape[2] - reach + 1, stride)]


def pooled(share):
    def backward(g, x, kernel=2, stride=2, padding=0, dilation=1):
        padded, places = windows(x, kernel, stride, padding, dilation)
        d = np.zeros_like(padded)
        for p, place in enumerate(places):
            hot = padded[:, :, place] == padded[:, :, place].max(2, keepdims=True)
            d[:, :, place] += share(hot).astype(x.dtype) * g[:, :, p, None]
        return d[:, :, padding : padding + x.shape[2]]

    return backward


def test_ties_in_windows_may_be_shared_but_not_multiplied():
    kind, text = verdict("max_pool1d", backward=pooled(lambda hot: hot / hot.sum(2, keepdims=True)))
    assert kind == "agrees with another convention or variant", text
    assert verdict("max_pool1d", backward=pooled(lambda hot: hot))[0] == "wrong"
    assert verdict("max_pool1d", backward=pooled(lambda hot: 0.9 * hot / hot.sum(2, keepdims=True)))[0] == "wrong"


def test_each_of_several_largest_elements_cannot_have_the_whole_gradient():
    assert verdict("max", backward=lambda g, x: g[..., None] * (x == x.max(-1, keepdims=True)))[0] == "wrong"


@op
def peak(x: Real["N D"]):
    """The largest of what saturates: in floats there are ties where there is none."""
    h = (exp(x) - exp(-x)) / (exp(x) + exp(-x))
    return largest(h, "D")


def peak_backward(chosen):
    def backward(g, x):
        hot = np.arange(x.shape[-1]) == chosen(np.tanh(x), -1)[..., None]
        e = np.exp(-2 * np.abs(x))
        return g[..., None] * hot * 4 * e / (1 + e) ** 2

    return backward


def test_any_of_several_saturated_values_is_the_largest():
    def last(h, axis):
        return h.shape[axis] - 1 - np.argmax(h[..., ::-1], axis)

    assert verdict(peak, backward=peak_backward(last), dtype="float64")[0] == "agrees"
    assert verdict(peak, backward=peak_backward(np.argmin), dtype="float64")[0] == "wrong"


def test_a_slope_is_a_share():
    assert verdict("leaky_relu", lambda x, slope=0.01: np.maximum(x, np.float32(slope) * x))[0] == "agrees"
    assert verdict("leaky_relu", lambda x, slope=0.01: np.maximum(x, np.float32(slope**2 * 100) * x))[0] == "wrong"


def test_a_scalar_loss_may_come_as_a_number_of_double_precision():
    assert verdict("mse", lambda pred, target: np.float64(np.mean((pred - target) ** 2)))[0] == "agrees"
    kind, text = verdict("mse", lambda pred, target: np.float32(np.mean((pred - target) ** 2)), dtype="float64")
    assert kind == "wrong" and "dtype" in text


def test_a_tuple_of_one_number_is_that_number():
    assert verdict("mse", lambda pred, target: (np.mean((pred - target) ** 2),), dtype="float64")[0] == "agrees"
    assert verdict("mse", lambda pred, target: (np.mean((pred - target) ** 2), 0.0), dtype="float64")[0] == "wrong"


def test_what_underflows_before_it_is_multiplied_is_inaccurate_and_not_wrong():
    assert verdict("swiglu", lambda gate, x: gate / (1 + np.exp(-gate)) * x)[0] == "inaccurate here"  # 0 times 6e8, where -4e-29 is exact
    assert verdict("swiglu", lambda gate, x: np.where(gate < -80, 0, gate / (1 + np.exp(-gate)) * x).astype(x.dtype))[0] != "agrees"


def floored(least):
    def bce(pred, target):
        logs = [np.maximum(np.log(q), pred.dtype.type(least)) for q in (pred, 1 - pred)]
        return -np.mean(target * logs[0] + (1 - target) * logs[1])

    return bce


def test_a_published_floor_is_named_and_another_is_wrong():
    kind, text = verdict("bce", floored(-100), dtype="float64")
    assert kind == "inaccurate here" and "no logarithm below -100" in text, text
    assert verdict("bce", floored(-50), dtype="float64")[0] == "wrong"


@pytest.mark.skipif(not TORCH, reason="needs torch")
def test_torch_may_refuse_what_has_no_spread():
    import torch
    import torch.nn.functional as F

    def normed(x, gamma, beta, eps=1e-5):  # of a strided gamma, PyTorch 2.13 makes wrong gradients
        return F.batch_norm(x, None, None, gamma.contiguous(), beta, True, eps=eps)

    kind, text = verdict("batch_norm_train", normed)
    assert kind == "agrees" and "torch refuses some inputs: ValueError" in text, text

    def biased(x, gamma, beta, eps=1e-5):
        if len(x) == 1:
            raise ValueError("too few")
        return torch.batch_norm(x, gamma, beta, None, None, True, 0.0, eps, False)

    assert verdict("batch_norm_train", biased)[0] == "wrong"


@pytest.mark.skipif(not TORCH, reason="needs torch")
def test_pieces_with_a_kink_each_may_take_neither_side_or_both():
    import torch

    kind, text = verdict("prelu", lambda x, slope: torch.relu(x) - slope * torch.relu(-x))
    assert kind == "agrees with another convention or variant" and "neither side" in text, text
    assert verdict("prelu", lambda x, slope: torch.relu(x - 1e-3) - slope * torch.relu(-x) + 1e-3 * (x > 0))[0] == "wrong"


def through_time(slope):
    """Backpropagation through time of `rnn`, with this slope of a state."""

    def backward(g, x, h0, w, u, b):
        states = [h0]
        for t in range(x.shape[1]):
            states.append(np.tanh(x[:, t] @ w.T + states[-1] @ u.T + b))
        dx, dh, dw, du, db = (np.zeros_like(a) for a in (x, h0, w, u, b))
        for t in reversed(range(x.shape[1])):
            dz = (dh + g[:, t]) * slope(states[t + 1])
            dx[:, t], dh = dz @ w, dz @ u
            dw, du, db = dw + dz.T @ x[:, t], du + dz.T @ states[t], db + dz.sum(0)
        return dx, dh, dw, du, db

    return backward


def test_a_slope_taken_from_a_stable_value_is_inaccurate():
    kind, text = verdict("rnn", backward=through_time(lambda h: 1 - h**2))
    assert kind == "inaccurate here" and "a slope taken from a stable value: dz = (1 - h**2)" in text, text


def test_the_nearest_wrong_slope_of_a_recurrence_is_wrong():
    kind, text = verdict("rnn", backward=through_time(lambda h: 1 - h))
    assert kind == "wrong" and "the square is left out of h**2" in text, text


def running_shares(first):
    """The gradient of `logcumsumexp`, in which each element counts from the first-th sum on that it is part of."""

    def backward(g, x):
        y = np.logaddexp.accumulate(x, axis=-1)
        shares = [g[..., k + first :] * np.exp(x[..., k, None] - y[..., k + first :]) for k in range(x.shape[-1])]
        return np.stack([s.sum(-1) for s in shares], -1)

    return backward


def test_running_sums_are_judged_where_their_exponentials_overflow():
    report = check(None, OPS["logcumsumexp"], running_shares(0), budget=0.2)
    assert report.agrees and not report.tallies["gradient"].unclaimed, report.text()
    assert verdict("logcumsumexp", backward=running_shares(1))[0] == "wrong"


def together_again(g, x, scale=2):
    n, c, h, w = x.shape
    return g.reshape(n, c, scale, scale, h // scale, w // scale).transpose(0, 1, 4, 2, 5, 3).reshape(x.shape)


def test_a_view_is_natural_where_numbers_only_change_places():
    kind, text = verdict("pixel_unshuffle", backward=together_again)
    assert kind == "agrees", text
    kind, text = verdict("relu", lambda x: x if (x > 0).all() else np.maximum(x, 0))
    assert kind == "wrong" and "shares memory" in text


def test_a_length_whose_squares_overflow_is_inaccurate():
    def squareplus(x, b=4.0):
        root = np.sqrt(x * x + b)
        return np.where(x > 0, (x + root) / 2, b / (2 * (root - np.minimum(x, 0))))

    kind, text = verdict("squareplus", squareplus, dtype="float64")
    assert kind == "inaccurate here" and "overflow in a square" in text
    assert verdict("squareplus", lambda x, b=4.0: squareplus(np.where(x < -1e150, 0, x), b), dtype="float64")[0] == "wrong"


@op
def until(x: Real["N L"]):
    """Exponentials as shares of the sum of those up to there."""
    e = where(idx("L'") <= idx("L"), exp(x.at(L=idx("L'"))), 0)
    return e / sum(e, "L'")


def shifted_by_all(x):
    e = np.tril(np.broadcast_to(np.exp(x - x.max(1, keepdims=True))[:, None], (*x.shape, x.shape[1])))
    with np.errstate(all="ignore"):
        return e / e.sum(2, keepdims=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sum_of_subnormal_exponentials_is_inaccurate_not_wrong(dtype):
    kind, text = verdict(until, shifted_by_all, dtype=dtype)
    assert kind == "inaccurate here", text


@op
def let_through(s: Real["N L"], mask: Real["N L"]):
    """Shares of what a mask lets through."""
    return softmax(where(mask > 0, s, -inf), over="L")


@pytest.mark.skipif(not TORCH, reason="torch is not installed")
def test_shares_masked_and_divided_again_are_inaccurate_where_they_underflow():
    import torch

    def again(s, mask):
        p = torch.softmax(s, -1) * (mask > 0)
        return p / p.sum(-1, keepdim=True)

    kind, text = verdict(let_through, again, framework="torch")
    assert kind == "inaccurate here", text
    assert verdict(let_through, lambda s, mask: torch.softmax(s * (mask > 0), -1), framework="torch")[0] == "wrong"


def test_no_gradient_is_asked_for_in_a_row_that_has_no_value():
    def backward(g, s, mask):
        with np.errstate(all="ignore"):
            z = np.where(mask > 0, s, -np.inf)
            p = np.exp(z - z.max(1, keepdims=True))
            p = p / p.sum(1, keepdims=True)
            return p * (g - (g * p).sum(1, keepdims=True))

    kind, text = verdict(let_through, None, backward)
    assert kind.startswith("agrees"), text

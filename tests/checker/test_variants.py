"""What agrees as another variant is what people take for the op, and no other op that happens to lie near it somewhere."""

from __future__ import annotations

import numpy as np
import pytest

from derive.catalog import CATALOG
from derive.checker.check import check
from derive.checker.diagnosis.variants import near
from derive.language import Real, idx, op, scan, sum

OPS = {o.name: o for o in CATALOG}


def pooled_mean(g, x):
    return np.broadcast_to(g[..., None, None] / (x.shape[2] * x.shape[3]), x.shape).astype(x.dtype).copy()


@pytest.mark.parametrize(
    ("name", "forward", "backward"),
    [
        ("huber", lambda pred, target: np.mean((pred - target) ** 2), None),
        ("mse", lambda pred, target: np.sum((pred - target) ** 2), None),
        ("global_max_pool", None, pooled_mean),
        ("sgd_l2", lambda w, grad, rate=0.01: w - rate * grad, None),
    ],
)
def test_another_op_is_wrong_although_it_is_the_same_where_its_arguments_are_equal_or_few(name, forward, backward):
    report = check(forward, name, backward, budget=1.0)
    assert report.verdict == "wrong", report.text()


@pytest.mark.parametrize(
    ("a", "b", "wanted"),
    [
        ("gelu", "gelu_tanh", True),
        ("gelu_tanh", "gelu_sigmoid", True),
        ("max", "amax", True),
        ("mse", "mae", False),
        ("global_max_pool", "global_avg_pool", False),
        ("elu", "celu", False),
        ("avg_pool2d", "avg_pool2d_inside", False),
        ("gradient_descent", "sgd_l2", False),
        ("sgd_l2", "gradient_descent", False),
        ("max_pool2d", "max_pool2d_ceil", False),
        ("softmax", "softmin", False),
    ],
)
def test_approximations_are_near_with_every_parameter_and_several_positions(a, b, wanted):
    assert near(OPS[a].program, OPS[b].program) is wanted


def test_an_op_of_a_single_number_has_no_near_one_and_asking_is_no_crash():
    assert near(OPS["clip_contrastive"].program, OPS["clip_contrastive"].program)


@op
def mixed(x: Real["N T H"], h0: Real["N H"], u: Real["H H'"]):
    """A state that is a linear map of the last one, plus the input."""
    h = scan(lambda h: sum(h.at(H=idx("H'")) * u, "H'") + x, start=h0, over="T")
    return h


def test_a_square_matrix_stays_square_while_the_case_is_made_small():
    def transposed(x, h0, u):
        h, out = h0, np.empty((x.shape[0], x.shape[1], h0.shape[1]), x.dtype)
        for t in range(x.shape[1]):
            h = h @ u + x[:, t]
            out[:, t] = h
        return out

    report = check(transposed, mixed, budget=1.0)
    assert report.verdict == "wrong" and "transposed" in report.diagnosis, report.text()

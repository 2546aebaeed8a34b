"""Squares in exponents stay whole: (a + b)^2 is finite where a^2, 2ab and b^2 are not together."""

import numpy as np

from derive.language import Real, normal_cdf, op
from derive.pipeline import generated, readings


@op
def affine_probit(x: Real["N C"], w: Real["C"], b: Real["C"]):
    """How probable it is that noise stays below an affine map."""
    return normal_cdf(x * w + b)


def test_the_density_of_a_sum_is_written_with_the_sum() -> None:
    found = readings(affine_probit)
    assert str(found.program("vjp").let("dx").body) in ("g*w*normal_pdf(b + w*x)", "w*g*normal_pdf(b + w*x)")
    assert {found.proof(name) for name in ("vjp", "jvp", "hvp")} == {"A"}


def test_its_gradient_is_finite_where_the_parts_of_the_square_are_large() -> None:
    dx, dw, db = generated(affine_probit)["affine_probit_vjp"](
        np.ones((1, 2)), np.array([[-1000.0, -1e200]]), np.ones(2), np.array([1000.0, 1e200])
    )
    top = 1 / np.sqrt(2 * np.pi)
    np.testing.assert_allclose(dx, [[top, top]], rtol=1e-15)
    np.testing.assert_allclose(dw, [-1000 * top, -1e200 * top], rtol=1e-15)
    np.testing.assert_allclose(db, [top, top], rtol=1e-15)


@op
def gated(x: Real["N C"], w: Real["C"], b: Real["C"]):
    """What passes where noise stays below an affine map."""
    return x * normal_cdf(x * w + b)


def test_the_tail_of_a_sum_is_that_of_the_sum() -> None:
    found = readings(gated)
    assert {found.proof(name) for name in found.names} <= {"A", "-"}
    y = generated(gated)["gated"](np.array([[-1000.0, -1e200]]), np.ones(2), np.array([1000.0, 1e200]))
    np.testing.assert_allclose(y, [[-500, -5e199]], rtol=1e-15)

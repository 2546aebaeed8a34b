"""Functions that generated code may need and NumPy lacks: their source is copied, so each one stands alone.

All take and return float64 arrays, propagate nan, and raise no floating-point warning where the result is a number
(underflow excepted). The exact meaning of each one stands in `kernels`.
"""

# mypy: disable-error-code="no-any-return"

import numpy as np


def _exact_product(a: np.ndarray, b: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """a * b as an unevaluated sum: the rounded product and what rounding lost (Dekker 1971). Wants |a|, |b| < 1e150."""
    a_high = a * 134217729.0
    a_high = a_high - (a_high - a)
    b_high = b * 134217729.0
    b_high = b_high - (b_high - b)
    a_low, b_low = a - a_high, b - b_high
    product = a * b
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def _exp_pair(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """exp(high + low) for a low part far below 1, unless exp(high) is 0 or inf: corrected to first order, inf where exp(high) is."""
    value = np.exp(high)
    return value + np.minimum(value, 1.7976931348623157e308) * np.maximum(np.minimum(low, 1.0), -1.0)


def _exp_polynomial(x: np.ndarray, *coefficients: float) -> np.ndarray:
    """exp(c1 x + c2 x^2 + ...), each c given as a rounded value and the rest of it: c1, c1_rest, c2, c2_rest, ...

    The error of an argument becomes the relative error of its exponential, so the polynomial is evaluated in pairs.
    """
    limit = 1e140 ** (2.0 / len(coefficients))
    x = np.maximum(np.minimum(x, limit), -limit)
    high, low = np.zeros_like(x), np.zeros_like(x)
    for c, rest in zip(coefficients[-2::-2], coefficients[::-2], strict=True):
        if c or rest:
            total = high + c
            back = total - high
            low = low + ((high - (total - back)) + (c - back)) + rest
            high = total
        product, error = _exact_product(x, high)
        low = error + x * low
        high = product + low
        low = low - (high - product)
    return _exp_pair(high, low)


def _exp_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """exp(a * b), the product kept to twice the working precision, whatever the sizes of a and b; past 2^400 it counts as 2^400."""
    largest = 1.7976931348623157e308
    a_mantissa, a_exponent = np.frexp(np.maximum(np.minimum(a, largest), -largest))
    b_mantissa, b_exponent = np.frexp(np.maximum(np.minimum(b, largest), -largest))
    exponent = np.maximum(np.minimum(a_exponent + b_exponent, 400), -1000)
    return _exp_pair(*_exact_product(a_mantissa, np.ldexp(b_mantissa, exponent)))


def _exp_quotient(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """exp(a / b), the quotient kept to twice the working precision, whatever the sizes of a and b; past 2^400 it counts as 2^400."""
    largest = 1.7976931348623157e308
    a_mantissa, a_exponent = np.frexp(np.maximum(np.minimum(a, largest), -largest))
    b_mantissa, b_exponent = np.frexp(b)
    quotient = a_mantissa / b_mantissa
    product, error = _exact_product(quotient, b_mantissa)
    low = ((a_mantissa - product) - error) / b_mantissa
    exponent = np.maximum(np.minimum(a_exponent - b_exponent, 400), -1000)
    return _exp_pair(np.ldexp(quotient, exponent), np.ldexp(low, exponent))


def _hypot_minus(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """sqrt(a^2 + b^2) - b for b >= 0, without cancellation; the square of a is never taken."""
    below = np.hypot(a, b) + b
    return np.where(np.isinf(a), np.abs(a), a * (a / np.where((below > 0.0) & (below < np.inf), below, 1.0)))


def _over_length(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a / sqrt(a^2 + b^2), the cosine of an angle; 0 at the limit of a finite a and infinite b, 1 or -1 at an infinite a."""
    length = np.hypot(a, b)
    return np.where(np.isinf(a), np.sign(a), a / length)


def _power_minus_one(v: np.ndarray, p: np.ndarray) -> np.ndarray:
    """(1 + v)^p - 1 for v >= -1, without cancellation for small v."""
    near = np.maximum(np.minimum(v, 0.5), -0.5)
    return np.where(near == v, np.expm1(p * np.log1p(near)), np.power(1.0 + v, p) - 1.0)


def _versine(x: np.ndarray) -> np.ndarray:
    """1 - cos(x), which does not cancel as twice the square of sin(x/2)."""
    half = np.sin(0.5 * x)
    return 2.0 * half * half


def _log1mexp(a: np.ndarray) -> np.ndarray:
    """log(1 - exp(-a)) for a > 0 (Maechler 2012)."""
    return np.where(a < 0.7, np.log(-np.expm1(-np.minimum(a, 1.0))), np.log1p(-np.exp(-np.maximum(a, 0.5))))


def _beyond_quarter(x: np.ndarray) -> np.ndarray:
    """x from 1/4 on; 1 where it is smaller, for values that `_near_root` replaces there."""
    return np.where(np.abs(x) < 0.25, 1.0, x)


def _near_root(
    value: np.ndarray, x: np.ndarray, radius: float, root: float, root_rest: float, order: int, *coefficients: float
) -> np.ndarray:
    """`value`, a function of x; within `radius` of its root, where `value` cancels, (x - root)^order times a polynomial.

    The root is given as a rounded value and the rest of it; the coefficients are those of the polynomial in x - root,
    highest power first.
    """
    offset = np.maximum(np.minimum(x - root, radius), -radius) - root_rest
    total = np.zeros_like(offset)
    for c in coefficients:
        total = total * offset + c
    for _ in range(int(order)):
        total = total * offset
    return np.where(np.abs(x - root) < radius, total, value)


def _normal_tail_ratio(a: np.ndarray) -> np.ndarray:
    """normal_cdf(-a) * exp(a^2 / 2) for a >= 0: the normal tail without its exponential (relative error of the fit 4e-18).

    Beyond 4e307 it stays what it is there, so that its reciprocal is finite.
    """
    # fmt: off
    coefficients = (
        2.660593600132781e-10, 2.1125242502316927e-10, -2.554742555687278e-09, -3.187651038162586e-09,
        1.192203209244356e-08, 2.5245211804003845e-08, -3.2673077561705147e-08, -1.4541703808502937e-07,
        1.907198487772148e-08, 7.171034942121795e-07, 4.5185376184958225e-07, -3.433412891597248e-06,
        -4.0820420428493884e-06, 1.8110146894796868e-05, 2.5404451646930832e-05, -0.0001169787203234561,
        -0.00010664905590642206, 0.000915417470491646, -0.000516732339520202, -0.006379863759469797,
        0.02454314572037815, -0.04796349781160359, 0.053677306901365095, -0.013595270429285515,
        -0.07827991627104333, 0.5664638478118136,
    )
    # fmt: on
    a = np.minimum(a, 4e307)
    t = (a - 4.0) / (a + 4.0)
    total = np.zeros_like(t)
    for c in coefficients:
        total = total * t + c
    return total / (1.0 + 1.25 * a)


def _normal_cdf(x: np.ndarray) -> np.ndarray:
    """Probability that a standard normal variable falls below x, accurate far into the lower tail."""
    tail = _normal_tail_ratio(np.abs(x)) * _exp_polynomial(x, 0.0, 0.0, -0.5, 0.0)
    return np.where(x > 0.0, 1.0 - tail, tail)


def _erf(x: np.ndarray) -> np.ndarray:
    """Error function."""
    # fmt: off
    coefficients = (
        -4.230945824295338e-12, 8.709045129053106e-11, -1.216456005728345e-09, 1.4792401209404813e-08,
        -1.6364642158167616e-07, 1.6462045441468418e-06, -1.4925647567519332e-05, 0.00012055332902888736,
        -0.000854832702193483, 0.0052239776254232985, -0.02686617064512984, 0.1128379167095512,
        -0.37612638903183754, 1.1283791670955126,
    )
    # fmt: on
    inside = np.maximum(np.minimum(x, 1.0), -1.0)
    square = inside * inside
    total = np.zeros_like(square)
    for c in coefficients:
        total = total * square + c
    tail = 2.0 * _normal_tail_ratio(np.minimum(np.abs(x), 1e200) * 1.4142135623730951) * _exp_polynomial(x, 0.0, 0.0, -1.0, 0.0)
    return np.where(np.abs(x) < 1.0, inside * total, np.sign(x) * (1.0 - tail))

"""The scalar functions that stable programs call: what each one means exactly, and the NumPy function that computes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from derive.language.functions import abs as absolute
from derive.language.functions import arctan, cos, erf, exp, floor, inf, log, normal_cdf, pi, sign, sin, sqrt
from derive.language.functions import maximum as larger
from derive.language.functions import minimum as smaller
from derive.language.nodes import Call, Const, Expr, add, mul, power, transform


@dataclass(frozen=True)
class Kernel:
    """A function of `arity` arguments (None: any number); `meaning` gives its exact value in primitives.

    `numpy` is "np.NAME", or the name of a function in `support`.
    """

    name: str
    arity: int | None
    meaning: Callable[..., Expr]
    numpy: str


def _tanh(x: Expr) -> Expr:
    return (exp(x) - exp(-x)) / (exp(x) + exp(-x))


def _exp_polynomial(x: Expr, *coefficients: Expr) -> Expr:
    pairs = zip(coefficients[::2], coefficients[1::2], strict=True)
    return exp(add(*(mul(add(high, rest), power(x, Const(Fraction(k)))) for k, (high, rest) in enumerate(pairs, 1))))


# fmt: off
ROWS = (
    Kernel("pi",                0,    lambda: pi,                                       "np.pi"),
    Kernel("inf",               0,    lambda: inf,                                      "np.inf"),
    Kernel("exp",               1,    exp,                                              "np.exp"),
    Kernel("log",               1,    log,                                              "np.log"),
    Kernel("sqrt",              1,    sqrt,                                             "np.sqrt"),
    Kernel("abs",               1,    absolute,                                         "np.abs"),
    Kernel("sign",              1,    sign,                                             "np.sign"),
    Kernel("floor",             1,    floor,                                            "np.floor"),
    Kernel("sin",               1,    sin,                                              "np.sin"),
    Kernel("cos",               1,    cos,                                              "np.cos"),
    Kernel("arctan",            1,    arctan,                                           "np.arctan"),
    Kernel("maximum",           2,    larger,                                           "np.maximum"),
    Kernel("minimum",           2,    smaller,                                          "np.minimum"),
    Kernel("expm1",             1,    lambda x: exp(x) - 1,                             "np.expm1"),
    Kernel("log1p",             1,    lambda x: log(1 + x),                             "np.log1p"),
    Kernel("log1mexp",          1,    lambda a: log(1 - exp(-a)),                       "_log1mexp"),
    Kernel("hypot",             2,    lambda a, b: sqrt(a**2 + b**2),                   "np.hypot"),
    Kernel("hypot_minus",       2,    lambda a, b: sqrt(a**2 + b**2) - b,               "_hypot_minus"),
    Kernel("over_length",       2,    lambda a, b: a / sqrt(a**2 + b**2),               "_over_length"),
    Kernel("power_minus_one",   2,    lambda v, p: power(1 + v, p) - 1,                 "_power_minus_one"),
    Kernel("versine",           1,    lambda x: 1 - cos(x),                             "_versine"),
    Kernel("arcsinh",           1,    lambda x: log(x + sqrt(x**2 + 1)),                "np.arcsinh"),
    Kernel("arctanh",           1,    lambda x: log((1 + x) / (1 - x)) / 2,             "np.arctanh"),
    Kernel("tanh",              1,    _tanh,                                            "np.tanh"),
    Kernel("exp_polynomial",    None, _exp_polynomial,                                  "_exp_polynomial"),
    Kernel("exp_product",       2,    lambda a, b: exp(a * b),                          "_exp_product"),
    Kernel("exp_quotient",      2,    lambda a, b: exp(a / b),                          "_exp_quotient"),
    Kernel("normal_cdf",        1,    normal_cdf,                                       "_normal_cdf"),
    Kernel("normal_tail_ratio", 1,    lambda a: normal_cdf(-a) * exp(a**2 / 2),         "_normal_tail_ratio"),
    Kernel("erf",               1,    erf,                                              "_erf"),
    Kernel("beyond_quarter",    1,    lambda x: x,                                      "_beyond_quarter"),
    Kernel("near_root",         None, lambda value, *_: value,                          "_near_root"),
)
# fmt: on

KERNELS: Mapping[str, Kernel] = {k.name: k for k in ROWS}


def meaning(expr: Expr) -> Expr:
    """The expression with every kernel replaced by its exact meaning in primitives."""
    return transform(expr, lambda n: KERNELS[n.fn].meaning(*n.args) if isinstance(n, Call) and n.fn in KERNELS else n)

"""The definition language: named axes, expressions, and `@op`, which turns a function over them into a Program.

A file of definitions needs this one import: `from derive.language import Real, op, ...`.
"""

from derive.language.definition import (
    Between,
    Count,
    Fraction01,
    Index,
    Integer,
    Natural,
    NonNegative,
    OneOf,
    Positive,
    PositiveInteger,
    Range,
    Real,
    Scalar,
    State,
    assume,
    op,
)  # fmt: skip
from derive.language.errors import DefinitionError, DeriveError
from derive.language.functions import (
    abs,
    arctan,
    argmax,
    argmin,
    cos,
    equal,
    erf,
    exp,
    expm1,
    floor,
    idx,
    inf,
    log,
    log1p,
    logsumexp,
    max,
    maximum,
    mean,
    min,
    minimum,
    new,
    normal_cdf,
    not_equal,
    onehot,
    pi,
    sign,
    sin,
    size,
    sqrt,
    sum,
    where,
)  # fmt: skip
from derive.language.operation import Op
from derive.language.recurrence import scan, scan_back

__all__ = [
    "Between", "Count", "DefinitionError", "DeriveError", "Fraction01", "Index", "Integer", "Natural", "NonNegative", "OneOf", "Op",
    "Positive", "PositiveInteger", "Range", "Real", "Scalar", "State", "abs", "arctan", "argmax", "argmin", "assume", "cos", "equal",
    "erf", "exp", "expm1", "floor", "idx", "inf", "log", "log1p", "logsumexp", "max", "maximum", "mean", "min", "minimum", "new",
    "normal_cdf", "not_equal", "onehot", "op", "pi", "scan", "scan_back", "sign", "sin", "size", "sqrt", "sum", "where",
]  # fmt: skip

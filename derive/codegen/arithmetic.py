"""Element-wise planning: sums, products, powers, functions, comparisons and choices as operations on arrays."""

from __future__ import annotations

import math
from fractions import Fraction

from derive.codegen.builder import Builder
from derive.codegen.constants import has_no_value, is_decimal, is_irrational, literal, nearest
from derive.codegen.steps import Array, Number
from derive.language.errors import NotPrintable
from derive.language.nodes import Call, Compare, Const, Delta, Expr, Mul, Pow, Where, mul
from derive.language.text import is_negative, opposite

LONGEST_POWER = 64
SMALL = 1000


def lower_add(b: Builder, expr: Expr) -> int:
    """A sum, left to right as written (sums are never reassociated: it would change what cancels)."""
    terms = list(expr.children)
    if is_negative(terms[0]) and not is_negative(terms[1]):
        terms[:2] = terms[1], terms[0]
    total = b.lower(terms[0])
    for term in terms[1:]:
        total = _plus(b, total, term)
    return total


def _plus(b: Builder, total: int, term: Expr) -> int:
    fn, part = ("-", b.lower(opposite(term))) if is_negative(term) else ("+", b.lower(term))
    if b.steps[total].kind == "bool" == b.steps[part].kind or (fn == "-" and b.steps[total].kind == "bool"):
        total = b.as_number(total)
    return b.elementwise(fn, total, part, kind=b.kind(total, part))


def lower_mul(b: Builder, expr: Expr) -> int:
    """A product or quotient; a factor that is 0 or 1 (a one-hot row) becomes a choice, so that 0 times inf stays 0."""
    conditions = [f for f in expr.children if isinstance(f, Delta)]
    if conditions:
        rest = mul(*(f for f in expr.children if f not in conditions))
        return _masked(b, [b.lower(c) for c in conditions], rest)
    constant, above, below = _fraction(expr.children)
    return _quotient(b, constant, above, below)


def _masked(b: Builder, conditions: list[int], rest: Expr) -> int:
    condition = conditions[0]
    for other in conditions[1:]:
        condition = b.elementwise("&", condition, other, kind="bool")
    if rest == Const(Fraction(1)):
        return condition
    chosen = b.lower(rest)
    return b.elementwise("np.where", condition, chosen, b.number(0), kind=b.kind(chosen))


def _fraction(factors: tuple[Expr, ...]) -> tuple[Fraction | float, list[Expr], list[Expr]]:
    """The constant in front, and the factors above and below the line."""
    fixed = [f for f in factors if isinstance(f, Const) or is_irrational(f)]
    above, below = [], []
    for f in factors:
        if f in fixed:
            continue
        if isinstance(f, Pow) and isinstance(f.exponent, Const) and f.exponent.value < 0:
            below.append(Pow(f.base, Const(-f.exponent.value)) if f.exponent.value != -1 else f.base)
        else:
            above.append(f)
    constant = mul(*fixed)
    return (constant.value if isinstance(constant, Const) else nearest(constant)), above, below


def _quotient(b: Builder, constant: Fraction | float, above: list[Expr], below: list[Expr]) -> int:
    front, divisor = _split(constant)
    top, bottom = [b.lower(f) for f in above], [b.lower(f) for f in below]
    if abs(front) != 1 or not top:
        top.insert(0, b.emit(Number((), "int" if front == int(front) else "real", (), front)))
        front = 1
    top, bottom = _by_size(b, top, bottom + ([b.number(divisor)] if divisor != 1 else []))
    if front == -1:
        top[0] = b.elementwise("neg", b.as_number(top[0]), kind=b.kind(top[0]))
    return _divided(b, top, bottom)


def _split(constant: Fraction | float) -> tuple[Fraction | float, int]:
    """A constant as a factor in front and a whole divisor: 1/2 and 2/3 divide, 0.044715 and 2.5 multiply."""
    if isinstance(constant, float) or constant.denominator == 1:
        return constant, 1
    top, bottom = constant.numerator, constant.denominator
    simple = abs(top) == 1 or (abs(top) < SMALL and not is_decimal(constant))
    return (Fraction(top), bottom) if simple and bottom < SMALL else (constant, 1)


def _by_size(b: Builder, top: list[int], bottom: list[int]) -> tuple[list[int], list[int]]:
    """Small factors first where that saves passes over the largest array; as written otherwise."""
    extents = [len(b.steps[f].axes) for f in (*top, *bottom)]
    largest = max(extents)
    small_top = [f for f in top if len(b.steps[f].axes) < largest]
    small_bottom = [f for f in bottom if len(b.steps[f].axes) < largest]
    if not small_top or len(small_top) + len(small_bottom) < 2 or len(small_top) == len(top):
        return top, bottom
    scale = _divided(b, sorted(small_top, key=lambda f: len(b.steps[f].axes)), small_bottom)
    return [scale, *(f for f in top if f not in small_top)], [f for f in bottom if f not in small_bottom]


def _divided(b: Builder, top: list[int], bottom: list[int]) -> int:
    value = _times(b, top)
    return b.elementwise("/", b.as_number(value), _times(b, bottom)) if bottom else value


def _times(b: Builder, factors: list[int]) -> int:
    product = factors[0]
    for f in factors[1:]:
        if b.steps[product].kind == "bool":
            product = b.as_number(product)
        product = b.elementwise("*", product, f, kind=b.kind(product, f))
    return product


def lower_pow(b: Builder, expr: Expr) -> int:
    """A power: whole exponents by multiplication, halves by a square root, others by np.power."""
    assert isinstance(expr, Pow)
    base = b.as_number(b.lower(expr.base))
    if b.steps[base].axes and b.steps[base].kind == "int":
        base = b.elementwise("float", base)
    if not isinstance(expr.exponent, Const) or expr.exponent.value.denominator > 2 or abs(expr.exponent.value) > LONGEST_POWER:
        return _general_power(b, base, b.lower(expr.exponent))
    exponent = abs(expr.exponent.value)
    value = _whole_power(b, base, int(exponent))
    if exponent.denominator == 2:
        root = b.elementwise("np.sqrt", base)
        value = root if value is None else b.elementwise("*", value, root)
    assert value is not None
    return value if expr.exponent.value > 0 else b.elementwise("/", b.number(1), value)


def _general_power(b: Builder, base: int, exponent: int) -> int:
    scalar = not b.steps[base].axes and not b.steps[exponent].axes
    return b.elementwise("**" if scalar else "np.power", base, exponent)


def _whole_power(b: Builder, base: int, exponent: int) -> int | None:
    """base to a whole power as squares and products; None for the power 0."""
    if exponent == 0:
        return None
    if exponent == 1:
        return base
    kind = b.kind(base)
    if exponent % 2:
        rest = _whole_power(b, base, exponent - 1)
        assert rest is not None
        return b.elementwise("*", rest, base, kind=kind)
    half = _whole_power(b, base, exponent // 2)
    assert half is not None
    return b.elementwise("np.square", half, kind=kind) if b.steps[half].axes else b.elementwise("*", half, half, kind=kind)


def lower_call(b: Builder, expr: Expr) -> int:
    """A scalar function from the kernel table; floor of a quotient of whole numbers is //."""
    assert isinstance(expr, Call)
    if expr.fn == "floor":
        whole = _whole_quotient(b, expr.args[0])
        if whole is not None:
            return whole
    kernel = b.kernels.get(expr.fn)
    if kernel is None:
        raise NotPrintable(f"{expr} has no NumPy form: no kernel is called {expr.fn}")
    return b.elementwise(kernel.numpy, *(b.as_number(b.lower(a)) for a in expr.args))


def _whole_quotient(b: Builder, expr: Expr) -> int | None:
    constant, above, below = _fraction(expr.args if isinstance(expr, Mul) else (expr,))
    if isinstance(constant, float):
        return None
    top = b.lower(mul(Const(Fraction(constant.numerator)), *above))
    bottom = b.lower(mul(Const(Fraction(constant.denominator)), *below))
    if "real" in (b.steps[top].kind, b.steps[bottom].kind):
        return None
    return b.elementwise("//", top, bottom, kind="int") if below or constant.denominator != 1 else top


def lower_compare(b: Builder, expr: Expr) -> int:
    """A comparison."""
    assert isinstance(expr, Compare)
    return b.elementwise(expr.op, b.as_number(b.lower(expr.left)), b.as_number(b.lower(expr.right)), kind="bool")


def lower_where(b: Builder, expr: Expr) -> int:
    """A choice. The larger or smaller of two is np.maximum or np.minimum, which lets nan through."""
    assert isinstance(expr, Where)
    condition = expr.condition
    chosen, other = (_branch(b, e) for e in (expr.chosen, expr.other))
    kind = b.kind(chosen, other)
    if isinstance(expr.chosen, Const) and isinstance(expr.other, Const):
        kind, chosen, other = "real", *(b.emit(Number((), "real", (), float(literal(c.value)))) for c in (expr.chosen, expr.other))
    extreme = _extreme(condition, expr)
    if extreme:
        return b.elementwise(extreme, chosen, other, kind=kind)
    return b.elementwise("np.where", b.lower(condition), chosen, other, kind=kind)


def _branch(b: Builder, e: Expr) -> int:
    """What a choice chooses, nan where that is no number."""
    return b.emit(Number((), "real", (), math.nan)) if has_no_value(e) else b.as_number(b.lower(e))


LARGER = {">": "np.maximum", ">=": "np.maximum", "<": "np.minimum", "<=": "np.minimum"}
SMALLER = {">": "np.minimum", ">=": "np.minimum", "<": "np.maximum", "<=": "np.maximum"}


def _extreme(condition: Expr, expr: Where) -> str | None:
    """np.maximum or np.minimum, where a choice between the two compared is one."""
    if not isinstance(condition, Compare):
        return None
    compared = (condition.left, condition.right)
    table = LARGER if compared == (expr.chosen, expr.other) else SMALLER if compared == (expr.other, expr.chosen) else {}
    return table.get(condition.op)


def lower_leaf(b: Builder, expr: Expr) -> int:
    """An input or a parameter."""
    name: str = expr.name  # type: ignore[attr-defined]
    axes = getattr(expr, "names", ())
    whole = getattr(expr, "dtype", "real") in ("index", "count") or name in b.whole
    return b.emit(Array(axes, "int" if whole else "real", (), name))


def lower_const(b: Builder, expr: Expr) -> int:
    """A literal."""
    assert isinstance(expr, Const)
    return b.number(expr.value)

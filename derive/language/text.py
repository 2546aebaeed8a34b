"""Expressions as one reads them in a paper, in plain text: what definitions, errors and the terminal show."""

from __future__ import annotations

from derive.language.nodes import (
    MINUS_ONE,
    Add,
    At,
    Call,
    Carried,
    Compare,
    Const,
    Delta,
    Expr,
    Input,
    Iota,
    Mul,
    Param,
    Pow,
    Reduce,
    Ref,
    Size,
    Where,
    walk,
)  # fmt: skip

SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4
SMALL, DEPTH = 30, 3


def text(expr: Expr) -> str:
    """The expression as a line in the definition language.

    >>> from derive.language.nodes import Input
    >>> x = Input("x", ("N",))
    >>> text((x - 1) ** 2 / 2)
    '(x - 1)**2/2'
    """
    return _text(expr)[0]


def brief(expr: Expr) -> str:
    """The text of a small expression; of a large one, its outer parts with "..." inside."""
    return text(expr if tree_size(expr) <= SMALL else _pruned(expr, DEPTH))


def tree_size(expr: Expr) -> int:
    """How many nodes there are to read, those that occur several times counted as often."""
    sizes: dict[Expr, int] = {}
    for node in walk(expr):
        sizes[node] = 1 + sum(sizes[c] for c in node.children)
    return sizes[expr]


def _pruned(expr: Expr, depth: int) -> Expr:
    if not expr.children:
        return expr
    if depth <= 0 and expr.kind == "real":
        return Ref("...", expr.axes)
    return expr.rebuild(tuple(_pruned(c, depth - 1) for c in expr.children))


def _wrap(expr: Expr, level: int) -> str:
    string, own = _text(expr)
    return string if own >= level else f"({string})"


def _text(e: Expr) -> tuple[str, int]:
    match e:
        case Const(value):
            if value.denominator != 1:
                return str(value), PRODUCT if value > 0 else SUM
            return str(value), ATOM if value >= 0 else SUM
        case Input(name) | Param(name) | Ref(name):
            return name, ATOM
        case Size(axis):
            return (f'size("{axis}")' if axis == "..." else f"size({axis})"), ATOM
        case Iota(axis):
            return f"idx({axis})", ATOM
        case Add(args):
            return _sum(args), SUM
        case Mul(args):
            return _product(args)
        case Pow(base, exponent):
            return _power(base, exponent)
        case Call(fn, args):
            return (fn if not args else f"{fn}({', '.join(text(a) for a in args)})"), ATOM
        case Compare(op, left, right):
            return f"{_wrap(left, SUM)} {op} {_wrap(right, SUM)}", 0
        case Where(condition, chosen, other):
            return f"where({text(condition)}, {text(chosen)}, {text(other)})", ATOM
        case Reduce(how, body, over):
            return f"{how}({text(body)}, {' '.join(over)})", ATOM
        case At(body, index):
            return f"{_wrap(body, ATOM)}[{', '.join(f'{a}={text(i)}' for a, i in index)}]", ATOM
        case Delta(axis, index):
            return f"onehot({text(index)}, {axis})", ATOM
        case Carried(name, _, start, axis, step):
            return f"{name}[{axis}{step:+d}, from {text(start)}]", ATOM
    return object.__repr__(e), ATOM


def is_negative(e: Expr) -> bool:
    """Whether the expression prints with a leading minus."""
    return (isinstance(e, Const) and e.value < 0) or (isinstance(e, Mul) and isinstance(e.args[0], Const) and e.args[0].value < 0)


def opposite(e: Expr) -> Expr:
    """The expression without its leading minus."""
    if isinstance(e, Const):
        return Const(-e.value)
    assert isinstance(e, Mul)
    head, *rest = e.args
    assert isinstance(head, Const)
    if head == MINUS_ONE:
        return rest[0] if len(rest) == 1 else Mul(tuple(rest))
    return Mul((Const(-head.value), *rest))


def _sum(args: tuple[Expr, ...]) -> str:
    parts = [_wrap(args[0], SUM)]
    for a in args[1:]:
        parts.append(f"- {_wrap(opposite(a), PRODUCT)}" if is_negative(a) else f"+ {_wrap(a, SUM)}")
    return " ".join(parts)


def fraction(args: tuple[Expr, ...]) -> tuple[list[Expr], list[Expr]]:
    """The factors above and below the line of a product."""
    above: list[Expr] = []
    below: list[Expr] = []
    for a in args:
        if isinstance(a, Const) and a.value.denominator != 1:
            if a.value.numerator != 1:
                above.append(Const(type(a.value)(a.value.numerator)))
            below.append(Const(type(a.value)(a.value.denominator)))
        elif isinstance(a, Pow) and isinstance(a.exponent, Const) and a.exponent.value < 0:
            flipped = Const(-a.exponent.value)
            below.append(a.base if flipped.value == 1 else Pow(a.base, flipped))
        else:
            above.append(a)
    return above, below


def _product(args: tuple[Expr, ...]) -> tuple[str, int]:
    if isinstance(args[0], Const) and args[0].value < 0:
        return f"-{_wrap(opposite(Mul(args)), PRODUCT)}", SUM
    above, below = fraction(args)
    top = "*".join(_wrap(a, PRODUCT) for a in above) or "1"
    if not below:
        return top, PRODUCT
    bottom = "*".join(_wrap(b, PRODUCT if len(below) > 1 else POWER) for b in below)
    return f"{top}/{bottom if len(below) == 1 else f'({bottom})'}", PRODUCT


def _power(base: Expr, exponent: Expr) -> tuple[str, int]:
    if isinstance(exponent, Const):
        value = exponent.value
        if value == type(value)(1, 2):
            return f"sqrt({text(base)})", ATOM
        if value < 0:
            inner = Const(-value)
            return f"1/{_wrap(base if inner.value == 1 else Pow(base, inner), POWER)}", PRODUCT
    return f"{_wrap(base, ATOM)}**{_wrap(exponent, ATOM)}", POWER

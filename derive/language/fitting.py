"""The sizes of axes that index maps create: how many windows fit into what they read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from derive.language.affine import Affine, affine, collected
from derive.language.errors import DefinitionError
from derive.language.nodes import (
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    At,
    Call,
    Const,
    Expr,
    Iota,
    Mul,
    Param,
    Pow,
    Size,
    add,
    base_axis,
    flatten,
    leaves,
    mul,
    negate,
    power,
    transform,
    walk,
)  # fmt: skip

Lows = Mapping[str, float]


def derived_sizes(bodies: Iterable[Expr], known: Iterable[str], lows: Lows) -> tuple[tuple[str, Expr], ...]:
    """The sizes of axes that index maps create, in the order they appear; `lows` has the least value of each parameter.

    An index s*o + d*k + b into an axis of size n, with o new, has a window for each o = 0, 1, ... whose positions all lie
    inside: floor((n - b - d(K - 1) - 1) / s) + 1 of them. Where b = -p is negative, the p positions added before the first
    one are added after the last one too: n + p takes the place of n. An axis in several index maps has the windows that fit
    in all of them.

    Raises DefinitionError where no size follows: no affine index, two new axes in one index, a stride or a start of
    unknown sign, or two index maps of which none leaves less room than the other at every size.
    """
    sizes: dict[str, Windows] = {}
    known = set(known)
    for body in bodies:
        for node in walk(body):
            if isinstance(node, At):
                for axis, index in node.index:
                    _size_new_axis(axis, index, known, lows, sizes)
    return tuple((axis, windows.number) for axis, windows in sizes.items())


@dataclass(frozen=True)
class Windows:
    """Windows a stride apart, as many as there is room for behind the first."""

    room: Expr
    stride: Expr

    @property
    def number(self) -> Expr:
        """floor(room / stride) + 1."""
        steps = self.room if self.stride == ONE else Call("floor", (mul(self.room, power(self.stride, MINUS_ONE)),))
        return flatten(add(steps, ONE))


def _size_new_axis(axis: str, index: Expr, known: set[str], lows: Lows, sizes: dict[str, Windows]) -> None:
    fresh = list(dict.fromkeys(i.axis for i in leaves(index, Iota) if base_axis(i.axis) not in known))  # type: ignore[attr-defined]
    unsized = [a for a in fresh if a not in sizes]
    form = affine(index)
    if unsized and (form is None or len(fresh) > 1):
        raise DefinitionError(
            f"no size for {', '.join(unsized)} follows from {axis}={index}; wanted one new axis, in an affine index, "
            f'or its size outright: new("{unsized[0]}", size=...)'
        )
    if form is not None and len(fresh) == 1:
        windows = _windows(axis, index, form, fresh[0], lows)
        other = sizes.setdefault(fresh[0], windows)
        fewer = _sign(add(other.room, negate(windows.room)), lows) if other.stride == windows.stride else None
        if other != windows and fewer is None:
            raise DefinitionError(
                f"two sizes for {fresh[0]} follow from the index maps it stands in: {other.number}, and {windows.number} from "
                f'{axis}={index}; say which: new("{fresh[0]}", size=...)'
            )
        if fewer == 1:
            sizes[fresh[0]] = windows


def _windows(axis: str, index: Expr, form: Affine, fresh: str, lows: Lows) -> Windows:
    """The windows of an index map along its new axis."""
    coefficients = dict(form.coefficients)
    stride = coefficients.pop(fresh)
    signs = {a: _sign(c, lows) for a, c in coefficients.items()}
    below = [mul(coefficients[a], add(Size(a), MINUS_ONE)) for a, s in signs.items() if s == -1]
    above = [mul(coefficients[a], add(Size(a), MINUS_ONE)) for a, s in signs.items() if s == 1]
    start = add(form.offset, *below)
    sign = _sign(start, lows)
    if sign is None or None in signs.values() or _sign(stride, lows) != 1:
        raise DefinitionError(
            f"no size for {fresh} follows from {axis}={index}: its start, {start}, or a step of it may be positive or negative; "
            f'give the size: new("{fresh}", size=...)'
        )
    before = mul(TWO if sign == -1 else ONE, start) if sign else ZERO
    room = add(Size(axis), negate(before), negate(add(*above, *map(negate, below))), MINUS_ONE)
    return Windows(room, stride)


def _sign(e: Expr, lows: Lows) -> int | None:
    """1 where an expression in sizes and parameters is never negative, -1 where never positive, 0 where it is 0, else None."""
    terms = collected(transform(e, lambda node: _above_its_least(node, lows)))
    if not all(_nonnegative(f, lows) for factors in terms for f in factors):
        return None
    signs = {1 if number > 0 else -1 for number in terms.values()}
    return signs.pop() if len(signs) == 1 else None if signs else 0


def _above_its_least(node: Expr, lows: Lows) -> Expr:
    """A size or parameter that is at least 1 as 1 plus what it has above that; the same node then stands for the latter."""
    return add(ONE, node) if isinstance(node, Size) or (isinstance(node, Param) and lows.get(node.name, 0) >= 1) else node


def _nonnegative(e: Expr, lows: Lows) -> bool:
    match e:
        case Size():
            return True
        case Param(name):
            return lows.get(name, 0) >= 0
        case Const(value):
            return value >= 0
        case Mul(args):
            return all(_nonnegative(a, lows) for a in args)
        case Pow(base) | Call("floor", (base,)):
            return _nonnegative(base, lows) or _sign(base, lows) in (0, 1)
    return False

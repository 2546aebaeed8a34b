"""Expressions over named axes: the immutable tree that every part of derive reads.

An expression is a real (or integer, or boolean) for each position along its `axes`; broadcasting is the absence of an
axis, and a reduction names the axes it removes. Trees are built with Python's operators and the verbs in `functions`.
The axis named "..." stands for any number of leading axes at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import prod
from operator import is_
from typing import Any, ClassVar, TypeVar, dataclass_transform

from derive.language.errors import DefinitionError, closest
from derive.language.ranges import Range, Scalar
from derive.language.refusals import Refusals

BATCH = "..."
REDUCTIONS = ("sum", "mean", "max", "min", "logsumexp", "argmax", "argmin")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


class Expr(Refusals):
    """A node. Equality is structural; hashes and axes are computed once."""

    kind: ClassVar[str] = "real"

    axes: frozenset[str]
    children: tuple[Expr, ...]

    def _axes(self) -> frozenset[str]:
        return frozenset().union(*[c.axes for c in self.children])

    def _children(self) -> tuple[Expr, ...]:
        return ()

    @cached_property
    def named(self) -> frozenset[str]:
        """The names of intermediates in it."""
        return frozenset().union(*(c.named for c in self.children))

    @cached_property
    def below(self) -> tuple[Expr, ...]:
        """The nodes under this one, each once, children first: most trees are walked again and again."""
        return tuple(walk_unknown(self, ()))[:-1]

    def rebuild(self, children: tuple[Expr, ...]) -> Expr:
        """The same node over other children (in the order of `children`)."""
        return self

    _key: tuple[Any, ...]
    _hash: int

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Expr) or self._hash != other._hash or self._key != other._key:
            return False
        vars(other)["_key"] = self._key  # equal trees share it, and are compared in depth once
        return True

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies carry the fields alone: a cached hash means nothing in another process."""
        return type(self), self._key[1:]

    def __add__(self, other: Number) -> Expr:
        return add(self, as_expr(other))

    def __radd__(self, other: Number) -> Expr:
        return add(as_expr(other), self)

    def __sub__(self, other: Number) -> Expr:
        return add(self, negate(as_expr(other)))

    def __rsub__(self, other: Number) -> Expr:
        return add(as_expr(other), negate(self))

    def __neg__(self) -> Expr:
        return negate(self)

    def __pos__(self) -> Expr:
        return self

    def __mul__(self, other: Number) -> Expr:
        return mul(self, as_expr(other))

    def __rmul__(self, other: Number) -> Expr:
        return mul(as_expr(other), self)

    def __truediv__(self, other: Number) -> Expr:
        return mul(self, reciprocal(as_expr(other)))

    def __rtruediv__(self, other: Number) -> Expr:
        return mul(as_expr(other), reciprocal(self))

    def __abs__(self) -> Expr:
        return Call("abs", (self,))

    def __floordiv__(self, other: Number) -> Expr:
        return Call("floor", (self / other,))

    def __mod__(self, other: Number) -> Expr:
        return self - other * (self // other)

    def __pow__(self, other: Number) -> Expr:
        return power(self, as_expr(other))

    def __rpow__(self, other: Number) -> Expr:
        return power(as_expr(other), self)

    def __lt__(self, other: Number) -> Expr:
        return Compare("<", self, as_expr(other))

    def __le__(self, other: Number) -> Expr:
        return Compare("<=", self, as_expr(other))

    def __gt__(self, other: Number) -> Expr:
        return Compare(">", self, as_expr(other))

    def __ge__(self, other: Number) -> Expr:
        return Compare(">=", self, as_expr(other))

    def at(self, *, outside: Number = 0, **index: Number) -> Expr:
        """Read this expression at other positions: `logp.at(C=label)`, `x.at(H=2 * new("P") + idx("I") - 1)`.

        What a computed position reads outside the array is 0, or `outside`; a label that is no position reads 0.
        """
        positions = {axis: as_expr(i) for axis, i in index.items()}
        read = at(self, positions)
        for position in positions.values():
            read = held(position, read)
        return read if outside == 0 else add(read, beyond(positions, as_expr(outside)))

    def __post_init__(self) -> None:
        """Hash and axes now, while those of the children are at hand, so that no depth of nesting is too deep."""
        own = vars(self)
        own["_key"] = key = (type(self).__name__, *own.values())
        own["_hash"] = hash(key)
        own["children"] = self._children()
        own["axes"] = self._axes()

    def __str__(self) -> str:
        from derive.language.text import text

        return text(self)

    def __repr__(self) -> str:
        return f"<{self}>"

    @property
    def brief(self) -> str:
        """The expression as error messages show it: its outer parts, when it is long."""
        from derive.language.text import brief

        return brief(self)


Number = Expr | int | float | Fraction
Node = TypeVar("Node", bound=type)


@dataclass_transform(eq_default=False, frozen_default=True)
def _node(cls: Node) -> Node:
    """A frozen dataclass that keeps Expr's structural equality and cached hash."""
    return dataclass(frozen=True, eq=False, repr=False)(cls)  # type: ignore[return-value]


@_node
class Const(Expr):
    """An exact rational."""

    value: Fraction


@_node
class Input(Expr):
    """An array the caller passes; `names` are its axes in order. `into` is the axis an integer input points into, `limits`
    the range of a real one; an integer input may also hold `spare`, which is no position, and never holds `barred`, which is one."""

    name: str
    names: tuple[str, ...]
    dtype: str = "real"
    into: str | None = None
    limits: Range = Scalar
    spare: Expr | None = None
    barred: Expr | None = None

    def _axes(self) -> frozenset[str]:
        return frozenset(self.names)

    @property
    def exception(self) -> str:
        """What its integers never are, in words."""
        return "" if self.barred is None else f" but not {self.barred}"


@_node
class Param(Expr):
    """A scalar parameter, constant during a call."""

    name: str


@_node
class Ref(Expr):
    """A named intermediate of a program, with the axes of what it names."""

    name: str
    names: frozenset[str]

    def _axes(self) -> frozenset[str]:
        return self.names

    @cached_property
    def named(self) -> frozenset[str]:
        return frozenset((self.name,))


@_node
class Size(Expr):
    """The number of positions along an axis: a positive integer."""

    axis: str


@_node
class Iota(Expr):
    """The position along an axis: 0, 1, ..., size - 1."""

    axis: str

    def _axes(self) -> frozenset[str]:
        return frozenset((self.axis,))


@_node
class _Nary(Expr):
    args: tuple[Expr, ...]

    def _children(self) -> tuple[Expr, ...]:
        return self.args


@_node
class Add(_Nary):
    """A sum of terms; subtraction is a term times -1."""

    def rebuild(self, children: tuple[Expr, ...]) -> Expr:
        return add(*children)


@_node
class Mul(_Nary):
    """A product of factors; division is a factor to the power -1."""

    def rebuild(self, children: tuple[Expr, ...]) -> Expr:
        return mul(*children)


@_node
class Pow(Expr):
    """A power; the exponent is a Const wherever the definition writes a number."""

    base: Expr
    exponent: Expr

    def _children(self) -> tuple[Expr, ...]:
        return (self.base, self.exponent)

    def rebuild(self, children: tuple[Expr, ...]) -> Expr:
        return power(*children)


@_node
class Call(Expr):
    """A primitive scalar function, element by element (see `primitives`), or a kernel that numerics put in its place."""

    fn: str
    args: tuple[Expr, ...]

    def _children(self) -> tuple[Expr, ...]:
        return self.args

    def rebuild(self, children: tuple[Expr, ...]) -> Expr:
        return exponential(children[0]) if self.fn == "exp" else Call(self.fn, children)


@_node
class Compare(Expr):
    """A comparison, element by element."""

    kind: ClassVar[str] = "bool"
    op: str
    left: Expr
    right: Expr

    def _children(self) -> tuple[Expr, ...]:
        return (self.left, self.right)

    def rebuild(self, children: tuple[Expr, ...]) -> Expr:
        return Compare(self.op, *children)


@_node
class Where(Expr):
    """`chosen` where the condition holds, `other` elsewhere. The branch that owns a boundary owns the derivative there."""

    condition: Expr
    chosen: Expr
    other: Expr

    def _children(self) -> tuple[Expr, ...]:
        return (self.condition, self.chosen, self.other)

    def rebuild(self, children: tuple[Expr, ...]) -> Expr:
        return where(*children)


@_node
class Reduce(Expr):
    """A reduction (one of REDUCTIONS) of `body` over `over`; ties of max, min and arg- take the first position."""

    how: str
    body: Expr
    over: tuple[str, ...]

    def _axes(self) -> frozenset[str]:
        return self.body.axes - frozenset(self.over)

    def _children(self) -> tuple[Expr, ...]:
        return (self.body,)

    def rebuild(self, children: tuple[Expr, ...]) -> Expr:
        return logsumexp(children[0], self.over) if self.how == "logsumexp" else Reduce(self.how, children[0], self.over)


@_node
class At(Expr):
    """`body` read, along each axis of `index`, at the given integer position.

    An index made of integer inputs must be in range. An affine index (sizes, positions, parameters) may fall outside:
    the value there is 0.
    """

    body: Expr
    index: tuple[tuple[str, Expr], ...]

    def _axes(self) -> frozenset[str]:
        moved = frozenset(axis for axis, _ in self.index)
        return (self.body.axes - moved).union(*(i.axes for _, i in self.index))

    def _children(self) -> tuple[Expr, ...]:
        return (self.body, *(i for _, i in self.index))

    def rebuild(self, children: tuple[Expr, ...]) -> Expr:
        body, *positions = children
        return at(body, dict(zip((axis for axis, _ in self.index), positions, strict=True)))


@_node
class Delta(Expr):
    """1 where the position along `axis` equals `index`, else 0 (a one-hot row); the adjoint of `At`."""

    axis: str
    index: Expr

    def _axes(self) -> frozenset[str]:
        return self.index.axes | {self.axis}

    def _children(self) -> tuple[Expr, ...]:
        return (self.index,)

    def rebuild(self, children: tuple[Expr, ...]) -> Expr:
        return Delta(self.axis, children[0])


@_node
class Carried(Expr):
    """What the let `name`, with axes `names`, holds `step` positions further along `axis` (-1: one before), `start` at the end
    where there is nothing. It is the body of a let of its own, which stands before the one that it names: a recurrence."""

    name: str
    names: frozenset[str]
    start: Expr
    axis: str
    step: int

    def _axes(self) -> frozenset[str]:
        return self.names

    def _children(self) -> tuple[Expr, ...]:
        return (self.start,)

    def rebuild(self, children: tuple[Expr, ...]) -> Expr:
        return Carried(self.name, self.names, children[0], self.axis, self.step)


ZERO, ONE, TWO = Const(Fraction(0)), Const(Fraction(1)), Const(Fraction(2))
MINUS_ONE = Const(Fraction(-1))
INFINITY = Call("inf", ())
MINUS_INFINITY = Mul((MINUS_ONE, INFINITY))


def as_expr(value: Number) -> Expr:
    """An Expr from a number; a float is the decimal that its repr shows, so 1e-5 is exactly 1/100000."""
    if isinstance(value, Expr):
        return value
    if isinstance(value, (bool, str)) or not isinstance(value, (int, float, Fraction)):
        raise DefinitionError(f"a definition is made of numbers and expressions; got {type(value).__name__} {value!r}")
    if not isinstance(value, Fraction) and not math.isfinite(value):
        raise DefinitionError(f"{value} is no real number; a definition is made of finite numbers and expressions")
    if isinstance(value, float):
        _refuse_rounded(value)
        return Const(Fraction(str(value)))
    return Const(Fraction(value))


ROUNDED = {math.pi: "pi", math.e: "exp(1)"}  # floats that stand for a number that is no decimal


def _refuse_rounded(value: float) -> None:
    """A small multiple of math.pi or math.e was meant to be the number itself."""
    for constant, name in ROUNDED.items():
        share = Fraction(value / constant).limit_denominator(8)
        if share and abs(share) <= 8 and float(share) * constant == value:
            over = f"/{share.denominator}" if share.denominator > 1 else ""
            wanted = (f"{share.numerator}*" if share.numerator != 1 else "") + name + over
            raise DefinitionError(
                f"{value!r} is {wanted} rounded to a float, and a float is read as the decimal it shows; write {wanted}, with "
                f"{name.partition('(')[0]} from derive.language"
            )


def add(*terms: Expr) -> Expr:
    """A sum with its numbers folded; a lone term stays itself. Terms that are sums stay whole (see `flatten`)."""
    rest = [t for t in terms if not isinstance(t, Const)]
    number = sum(t.value for t in terms if isinstance(t, Const)) if len(rest) < len(terms) else 0
    if number:
        rest = [Const(Fraction(number)), *rest] if isinstance(terms[0], Const) else [*rest, Const(Fraction(number))]
    return rest[0] if len(rest) == 1 else Add(tuple(rest)) if rest else ZERO


def mul(*factors: Expr) -> Expr:
    """A product with its numbers folded to the front; zero absorbs. Factors that are products stay whole."""
    rest = [f for f in factors if not isinstance(f, Const)]
    if len(rest) < len(factors):
        number = prod(f.value for f in factors if isinstance(f, Const))
        if number == 0:
            return ZERO
        if number != 1:
            rest.insert(0, Const(Fraction(number)))
    return rest[0] if len(rest) == 1 else Mul(tuple(rest)) if rest else ONE


def reciprocal(term: Expr) -> Expr:
    """One over the term, which is not the number 0."""
    if term == ZERO:
        raise DefinitionError("division by zero")
    return power(term, MINUS_ONE)


def negate(term: Expr) -> Expr:
    """Minus the term."""
    return mul(MINUS_ONE, term)


def flatten(expr: Expr) -> Expr:
    """Sums of sums as one sum, products of products as one product."""

    def change(node: Expr) -> Expr:
        if isinstance(node, Add) and any(isinstance(term, Add) for term in node.args):
            return add(*(t for term in node.args for t in (term.args if isinstance(term, Add) else (term,))))
        if isinstance(node, Mul) and any(isinstance(factor, Mul) for factor in node.args):
            return mul(*(f for factor in node.args for f in (factor.args if isinstance(factor, Mul) else (factor,))))
        return node

    return transform(expr, change)


def power(base: Expr, exponent: Expr) -> Expr:
    """A power with the trivial ones folded: x^0, x^1, rational to an integer, (x^a)^b for an integer b."""
    if isinstance(exponent, Const):
        if exponent.value == 0:
            return ONE
        if exponent.value == 1:
            return base
        whole = exponent.value.denominator == 1
        if isinstance(base, Const) and whole and (base.value or exponent.value > 0):
            return Const(base.value ** int(exponent.value))
        if isinstance(base, Pow) and isinstance(base.exponent, Const) and whole:
            return power(base.base, Const(base.exponent.value * exponent.value))
        if isinstance(base, Const) and base.value == 1:
            return ONE
    return Pow(base, exponent)


def where(condition: Expr, chosen: Number, other: Number) -> Expr:
    """Choose by a condition; equal branches collapse."""
    if not isinstance(condition, Expr) or condition.kind != "bool":
        raise DefinitionError(f"where wants a comparison first, as in where(x > 0, x, 0) or where(equal(x, 0), 1, x); got {condition!r}")
    chosen, other = as_expr(chosen), as_expr(other)
    return chosen if chosen == other and condition.axes <= chosen.axes else Where(condition, chosen, other)


def exponential(x: Expr) -> Expr:
    """e to the power x: 0 where a mask makes -inf of x."""
    masked = _masked(x)
    if masked is None:
        return Call("exp", (x,))
    condition, chosen, other = masked
    return where(condition, *(ZERO if e is None else exponential(e) for e in (chosen, other)))


def logsumexp(x: Expr, over: tuple[str, ...]) -> Expr:
    """log of the sum of exponentials; what a mask makes -inf takes no part."""
    return Reduce("logsumexp", x, over) if _masked(x) is None else Call("log", (Reduce("sum", exponential(x), over),))


def _masked(x: Expr) -> tuple[Expr, Expr | None, Expr | None] | None:
    """The condition of a mask among the terms, and what the sum is in either case: None stands for -inf."""
    terms = _terms(x)
    for mask in terms:
        if isinstance(mask, Where) and MINUS_INFINITY in (mask.chosen, mask.other):
            rest = [t for t in terms if t is not mask]
            chosen, other = (None if e == MINUS_INFINITY else add(e, *rest) for e in (mask.chosen, mask.other))
            return mask.condition, chosen, other
    return None


def _terms(x: Expr) -> tuple[Expr, ...]:
    """The terms of a sum; a mask among them keeps -inf where numbers and sizes above 0 multiply it."""
    if isinstance(x, Add):
        return tuple(t for a in x.args for t in _terms(a))
    scale = tuple(f for f in x.args if _is_scale(f)) if isinstance(x, Mul) else ()
    inside = _terms(mul(*(f for f in x.children if f not in scale))) if scale else ()
    return tuple(_scaled(t, scale) for t in inside) if any(_masked(t) for t in inside) else (x,)


def _is_scale(e: Expr) -> bool:
    """Whether it is a number above 0, a size, or a power of one."""
    return e.value > 0 if isinstance(e, Const) else isinstance(e, Size) or (isinstance(e, Pow) and _is_scale(e.base))


def _scaled(term: Expr, scale: tuple[Expr, ...]) -> Expr:
    if not isinstance(term, Where):
        return mul(*scale, term)
    return Where(term.condition, *(e if e == MINUS_INFINITY else _scaled(e, scale) for e in term.children[1:]))


def at(body: Expr, index: dict[str, Expr]) -> Expr:
    """Read `body` at other positions; an axis it does not have cannot be read."""
    for axis in index:
        if axis not in body.axes:
            known = ", ".join(sorted(body.axes))
            raise DefinitionError(f"{body.brief} has no axis {axis} to read at; its axes are ({known}){closest(axis, body.axes)}")
    kept = tuple(sorted((a, i) for a, i in index.items() if i != Iota(a)))
    return At(body, kept) if kept else body


def held(position: Expr, value: Expr) -> Expr:
    """The value where an integer input holds a position; 0 where it holds the number that is none."""
    for leaf in leaves(position, Input):
        assert isinstance(leaf, Input)
        if leaf.spare is not None:
            if position != leaf and not (isinstance(position, At) and position.body == leaf):
                raise DefinitionError(
                    f"{position.brief} computes with {leaf}, which may be {leaf.spare}, no position; read at {leaf} itself"
                )
            value = where(Compare("!=", position, leaf.spare), value, ZERO)
    return value


def beyond(index: dict[str, Expr], value: Expr) -> Expr:
    """An infinite value where any position of an index lies outside its axis, 0 where all lie inside."""
    if value not in (INFINITY, negate(INFINITY)):
        raise DefinitionError(f"outside={value}: what lies outside an array is 0, inf or -inf")
    beyond_end = {axis: where(Compare(">=", i, Size(axis)), value, ZERO) for axis, i in index.items()}
    return add(*(where(Compare("<", i, ZERO), value, beyond_end[axis]) for axis, i in index.items()))


def walk(expr: Expr) -> tuple[Expr, ...]:
    """Every node of a tree once, children first."""
    return (*expr.below, expr)


def walk_unknown(expr: Expr, known: Container[Expr]) -> Iterator[Expr]:
    """The same without those that are known, and what is below them."""
    seen: set[Expr] = set()
    stack: list[Expr | None] = [expr]  # None says that the children of the node below it are done
    while stack:
        node = stack.pop()
        if node is None:
            yield stack.pop()  # type: ignore[misc]
        elif node not in seen and node not in known:
            seen.add(node)
            if node.children:
                stack += (node, None, *reversed(node.children))
            else:
                yield node


def transform(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The tree rebuilt bottom-up, each node passed through `change`."""
    done: dict[Expr, Expr] = {}
    for node in walk(expr):
        children = tuple([done[c] for c in node.children])
        done[node] = change(node if all(map(is_, children, node.children)) else node.rebuild(children))
    return done[expr]


def substitute(expr: Expr, replacement: dict[Expr, Expr]) -> Expr:
    """Replace whole nodes (usually leaves) by others."""
    return transform(expr, lambda node: replacement.get(node, node)) if replacement else expr


def leaves(expr: Expr, *kinds: type[Expr]) -> list[Expr]:
    """The nodes of the given classes, in order of first appearance."""
    return [n for n in walk(expr) if isinstance(n, kinds)]


def base_axis(axis: str) -> str:
    """The axis whose size this one shares: L' and L'' run over as many positions as L."""
    return axis.rstrip("'")


def fresh_axis(axis: str, taken: Iterable[str]) -> str:
    """A second index over the same positions: L, then L', then L''."""
    taken = set(taken)
    while axis in taken:
        axis += "'"
    return axis

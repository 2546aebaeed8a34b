"""Wrong versions of an expression: one small change each, of the kinds that people make."""

from fractions import Fraction

from derive.language.nodes import (
    ONE,
    Add,
    At,
    Const,
    Delta,
    Input,
    Iota,
    Mul,
    Pow,
    Reduce,
    Ref,
    Size,
    add,
    at,
    mul,
    negate,
    power,
    transform,
    walk,
)  # fmt: skip

KINDS = ("sign", "coefficient", "index", "axis", "exponent", "dropped term")


def mutants(expr, axes):
    """(kind, wrong expression) for every node that the kind applies to; `axes` are the names to confuse."""
    for node in list(walk(expr)):
        for kind, change in CHANGES.items():
            for new in change(node, axes):
                if new != node and new.axes <= expr.axes | node.axes | set(axes):
                    wrong = swapped(expr, node, new)
                    if wrong is not None and wrong != expr:
                        yield kind, wrong


def swapped(expr, node, new):
    """The expression with one node changed, or None where that has no meaning (an index without its axis)."""
    from derive.language.errors import DefinitionError

    try:
        return transform(expr, lambda n: new if n == node else n)
    except DefinitionError:
        return None


def _signs(node, axes):
    if isinstance(node, Add):
        for i, term in enumerate(node.args):
            yield add(*node.args[:i], negate(term), *node.args[i + 1 :])
    if isinstance(node, (Mul, Reduce, Pow)) and node.kind == "real":
        yield negate(node)


def _coefficients(node, axes):
    if isinstance(node, (Mul, Reduce, Ref, Input)) and not (isinstance(node, Input) and node.dtype != "real"):
        yield mul(Const(Fraction(2)), node)
    if isinstance(node, Size):
        yield add(node, ONE)


def _indices(node, axes):
    if isinstance(node, (Input, Ref)):
        for axis in sorted(node.axes)[:2]:
            yield at(node, {axis: add(Size(axis), Const(Fraction(-1)), negate(Iota(axis)))})
    if isinstance(node, At):
        for axis, index in node.index:
            yield at(node.body, {**dict(node.index), axis: add(index, ONE)})
    if isinstance(node, Delta):
        yield Delta(node.axis, add(node.index, ONE))


def _axes(node, axes):
    if isinstance(node, Reduce):
        for axis in sorted(node.body.axes - set(node.over)):
            yield Reduce(node.how, node.body, (axis, *node.over[1:]))
        if len(node.over) > 1:
            yield Reduce(node.how, node.body, node.over[1:])
    if isinstance(node, Size):
        for axis in axes:
            if axis != node.axis:
                yield Size(axis)


def _exponents(node, axes):
    if isinstance(node, Pow) and isinstance(node.exponent, Const):
        yield Pow(node.base, Const(node.exponent.value + 1)) if node.exponent.value != -1 else node.base
        yield Pow(node.base, Const(node.exponent.value * 2))
    if isinstance(node, (Ref, Size)):
        yield power(node, Const(Fraction(2)))


def _dropped(node, axes):
    if isinstance(node, (Add, Mul)):
        for i in range(len(node.args)):
            rest = (*node.args[:i], *node.args[i + 1 :])
            yield add(*rest) if isinstance(node, Add) else mul(*rest)
    if isinstance(node, Reduce) and node.how in ("sum", "mean"):
        yield node.body


CHANGES = dict(zip(KINDS, (_signs, _coefficients, _indices, _axes, _exponents, _dropped), strict=True))

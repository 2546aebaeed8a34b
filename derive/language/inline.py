"""One op used inside another: its program, with its inputs, axes and parameters replaced by the caller's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from derive.language.annotations import AXIS
from derive.language.binding import AxisMap, bind_axes
from derive.language.errors import DefinitionError, closest
from derive.language.nodes import (
    BATCH,
    At,
    Carried,
    Compare,
    Const,
    Delta,
    Expr,
    Iota,
    Param,
    Reduce,
    Size,
    as_expr,
    at,
    base_axis,
    flatten,
    fresh_axis,
    mul,
    walk,
)
from derive.language.program import Hypothesis, Program
from derive.language.trace import carry, declare, give_size, hint, inherit, name_for_size, new_mark, pairs, require, use


def inline(op: Program, inputs: Sequence[object], over: str | None, keywords: dict[str, object]) -> Expr | tuple[Expr, ...]:
    """The outputs of `op` on the caller's expressions; arrays by place or by name, parameters by name."""
    program = op
    actual, axes = _arguments(op, inputs, over, keywords)
    axes |= _called(op, keywords, axes)
    leaves: dict[Expr, Expr] = dict(zip(program.inputs, actual, strict=True))
    leaves.update(_bind_parameters(op, keywords))
    use(op.name)
    results = _outputs(program, leaves, axes)
    return results[0] if len(results) == 1 else results


def _arguments(op: Program, inputs: Sequence[object], over: str | None, keywords: dict[str, object]) -> tuple[list[Expr], AxisMap]:
    names = [i.name for i in op.inputs]
    given = [*inputs, *(keywords.pop(n) for n in names[len(inputs) :] if n in keywords)]
    if len(given) != len(names):
        by_name = "; parameters are given by name" if len(given) > len(names) and op.parameters else ""
        raise DefinitionError(f"{op.name} takes {len(names)} array{'s' * (len(names) > 1)} ({', '.join(names)}); got {len(given)}{by_name}")
    axes, actual = bind_axes(op, [_array(op, n, a) for n, a in zip(names, given, strict=True)], over)
    return actual, axes


def _called(op: Program, keywords: dict[str, object], axes: AxisMap) -> AxisMap:
    """What the caller calls the axes that the op creates, as in conv2d(x, w, P="H2", Q="W2")."""
    called: AxisMap = {}
    for axis in [a for a, _ in op.sizes if a in keywords]:
        name = keywords.pop(axis)
        if not isinstance(name, str) or not AXIS.fullmatch(name):
            raise DefinitionError(f'{op.name}: {axis} is an axis that it creates; wanted a name for it, as in {axis}="H2"; got {name!r}')
        if (name,) in (*axes.values(), *called.values()):
            raise DefinitionError(f"{op.name}: {axis} cannot be called {name}, which another axis here is called already")
        called[axis] = (name,)
    return called


def _array(op: Program, name: str, actual: object) -> Expr:
    if isinstance(actual, Expr):
        if actual.kind == "real":
            return actual
        raise DefinitionError(f"{op.name}: {name} is the condition {actual.brief}; wanted numbers, as in where({actual.brief}, 1, 0)")
    if isinstance(actual, (int, float, Fraction)):
        return as_expr(actual)
    raise DefinitionError(
        f"{op.name}: {name} is {type(actual).__name__}; an op is used inside a definition, on its expressions. "
        f"To run it on arrays, generate its code: derive generate {op.name}"
    )


def _bind_parameters(op: Program, given: dict[str, object]) -> dict[Expr, Expr]:
    known = {p.name: p for p in op.parameters}
    for name in given:
        if name not in known:
            raise DefinitionError(f"{op.name} has no parameter {name}{closest(name, known) or _axis_words(name)}")
    bound: dict[Expr, Expr] = {}
    for name, parameter in known.items():
        if name not in given and parameter.default is None:
            raise DefinitionError(f"{op.name} needs parameter {name}, {parameter.range}")
        value = as_expr(given.get(name, parameter.default))  # type: ignore[arg-type]
        if value.axes:
            raise DefinitionError(
                f"{op.name}: parameter {name} is one number; got {value.brief} with axes ({', '.join(sorted(value.axes))})"
            )
        if isinstance(value, Const):
            parameter.accept(value.value, op.name)
        bound[Param(name)] = value
    return bound


def _axis_words(keyword: str) -> str:
    return '; the axis it works along is given by name, as in over="C"' if keyword in ("dim", "axis") else ""


def _outputs(program: Program, leaves: dict[Expr, Expr], axes: AxisMap) -> tuple[Expr, ...]:
    """The outputs in the caller's terms; their names, axis order and hypotheses go to the definition being run."""
    bodies: dict[Expr, Expr] = dict(leaves)
    _own_axes(program, axes, {x for xs in axes.values() for x in xs} | {x for e in leaves.values() for x in e.axes}, leaves)
    names: dict[Expr, str] = {}
    marks: dict[str, str] = {}
    for let in program.lets:
        bodies[let.ref] = moved(let.body, bodies, axes)
        if isinstance(let.body, Carried):
            mark = marks.setdefault(let.body.name, new_mark())
            bodies[let.ref] = replace(bodies[let.ref], name=mark)  # type: ignore[type-var]
        names[bodies[let.ref]] = let.name
    for name, mark in marks.items():
        carry(mark, bodies[program.let(name).ref])
    results = tuple(bodies[program.let(o.name).ref] for o in program.outputs)
    hint({e: n for e, n in names.items() if e not in results})
    hint({r: program.name if len(results) == 1 else o.name for r, o in zip(results, program.outputs, strict=True)})
    for output in program.outputs:
        declare({(x, y) for a, b in pairs(output.names) for x in axes[a] for y in axes[b]})
    for axis, size in program.sizes:
        give_size(axes[axis][0], moved(size, bodies, axes))
    for h in program.hypotheses:
        inherit(Hypothesis(moved(h.left, bodies, axes), moved(h.right, bodies, axes)))
    for condition in program.requirements:
        require(_moved_condition(condition, bodies, axes))
    return results


def _moved_condition(condition: Compare, bodies: dict[Expr, Expr], axes: AxisMap) -> Compare:
    """A condition on sizes and parameters in the caller's terms."""
    found = moved(condition, bodies, axes)
    assert isinstance(found, Compare)
    return Compare(found.op, flatten(found.left), flatten(found.right))


def _own_axes(program: Program, axes: AxisMap, taken: set[str], leaves: dict[Expr, Expr]) -> None:
    """Axes for those of the op that no argument has: a size of their own gets a name of its own, a second index a prime."""
    sizes = dict(program.sizes)
    for axis in (*sizes, *program.order):
        if axis in axes or axis == BATCH:
            continue
        if axis in sizes:
            new = name_for_size(axis, moved(sizes[axis], leaves, axes), taken)
        else:
            new = fresh_axis(axes.get(base_axis(axis), (axis,))[0], taken)
        axes[axis] = (new,)
        taken.add(new)
    axes.setdefault(BATCH, ())


def moved(body: Expr, leaves: dict[Expr, Expr], axes: AxisMap) -> Expr:
    """The body over the caller's axes; a replaced leaf is already in the caller's terms and is not visited."""
    done: dict[Expr, Expr] = {}
    for node in walk(body):
        children = tuple(done[c] for c in node.children)
        done[node] = leaves[node] if node in leaves else _rename(node, children, axes)
    return done[body]


def _reduce(how: str, body: Expr, over: tuple[str, ...]) -> Expr:
    """The reduction over the caller's axes; max and min take one axis at a time, a position needs exactly one."""
    if how in ("argmax", "argmin") and len(over) != 1:
        raise DefinitionError(f"{how}({body.brief}) gives positions along one axis; got ({', '.join(over)})")
    if how in ("max", "min"):
        for axis in reversed(over):
            body = Reduce(how, body, (axis,))
        return body
    return Reduce(how, body, over) if over else body


def _rename(node: Expr, children: tuple[Expr, ...], axes: AxisMap) -> Expr:
    def now(axis: str) -> str:
        return axes.get(axis, (axis,))[0]

    match node:
        case Reduce(how, _, over):
            return _reduce(how, children[0], tuple(x for a in over for x in axes.get(a, (a,))))
        case Size(axis):
            return mul(*(Size(x) for x in axes.get(axis, (axis,))))
        case Iota(axis):
            return Iota(now(axis))
        case Delta(axis, _):
            return Delta(now(axis), children[0])
        case Carried(name, names, _, axis, step):
            return Carried(name, frozenset(x for a in names for x in axes.get(a, (a,))), children[0], now(axis), step)
        case At(_, index):
            return at(children[0], {now(a): i for (a, _), i in zip(index, children[1:], strict=True)})
    return node.rebuild(children) if children else node

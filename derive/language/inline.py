"""One op used inside another: its program, with its inputs, axes and parameters replaced by the caller's."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from derive.language.definition import hint, ordered
from derive.language.errors import DefinitionError, closest
from derive.language.nodes import (
    BATCH, At, Const, Delta, Expr, Input, Iota, Param, Reduce, Size, as_expr, at, base_axis, fresh_axis, mul, walk,
)  # fmt: skip
from derive.language.program import Op, Program

AxisMap = dict[str, tuple[str, ...]]


def inline(op: Op, inputs: Sequence[object], over: str | None, parameters: dict[str, object]) -> Expr | tuple[Expr, ...]:
    """The outputs of `op` on the caller's expressions."""
    program = op.program
    if len(inputs) != len(program.inputs):
        wanted = ", ".join(i.name for i in program.inputs)
        raise DefinitionError(f"{op.name} takes {len(program.inputs)} arrays ({wanted}); got {len(inputs)}")
    actual = [_array(op, formal, a) for formal, a in zip(program.inputs, inputs, strict=True)]
    axes, actual = bind_axes(op, actual, over)
    leaves: dict[Expr, Expr] = dict(zip(program.inputs, actual, strict=True))
    leaves.update(_bind_parameters(op, parameters))
    return _outputs(program, leaves, axes)


def _array(op: Op, formal: Input, actual: object) -> Expr:
    if isinstance(actual, Expr) and actual.kind == "real" or isinstance(actual, (int, float, Fraction)) and not isinstance(actual, bool):
        return as_expr(actual)  # type: ignore[arg-type]
    raise DefinitionError(f"{op.name}: {formal.name} is {type(actual).__name__}; inside a definition an op takes expressions. For numbers, run derive generate {op.name}")


def _bind_parameters(op: Op, given: dict[str, object]) -> dict[Expr, Expr]:
    known = {p.name: p for p in op.program.parameters}
    for name in given:
        if name not in known:
            raise DefinitionError(f"{op.name} has no parameter {name}{closest(name, known)}")
    bound: dict[Expr, Expr] = {}
    for name, parameter in known.items():
        value = given.get(name, parameter.default)
        if value is None:
            raise DefinitionError(f"{op.name} needs parameter {name}")
        bound[Param(name)] = as_expr(value)  # type: ignore[arg-type]
        if isinstance(bound[Param(name)], Const):
            parameter.accept(bound[Param(name)].value, op.name)  # type: ignore[attr-defined]
    return bound


def bind_axes(op: Op, actual: list[Expr], over: str | None) -> tuple[AxisMap, list[Expr]]:
    """Which axes of the caller play the roles of the op's axes: by name where all names match, else by position.

    Where two roles would fall on one axis (attention of x with itself), the second gets an index of its own.
    """
    formals = op.program.inputs
    if over is not None:
        over = base_axis(over) if over not in {a for e in actual for a in e.axes} else over
    meetings = _meetings(op.program)
    for by_name in (True, False):
        bound: AxisMap = {}
        arrays = list(actual)
        if over is not None:
            bound[formals[0].names[-1]] = (over,)
        if all(_bind_one(formal, arrays, i, bound, by_name, meetings) for i, formal in enumerate(formals)):
            return bound, arrays
    wanted = "; ".join(f"{f.name} has axes ({', '.join(f.names)})" for f in formals)
    came = "; ".join(f"({', '.join(ordered(a.axes))})" for a in actual)
    raise DefinitionError(f"{op.name}: {wanted}; got {came}: the axes do not fit{_hint_axis(formals, actual)}")


def _hint_axis(formals: tuple[Input, ...], actual: list[Expr]) -> str:
    wanted = sorted({a for f in formals for a in f.names} - {BATCH})
    came = {x for a in actual for x in a.axes}
    missing = [a for a in wanted if a not in came]
    return f'; nothing is called {", ".join(missing)}' + closest(missing[0], came) if missing else ""


def _bind_one(formal: Input, arrays: list[Expr], i: int, bound: AxisMap, by_name: bool, meetings: set[frozenset[str]]) -> bool:
    names = [n for n in formal.names if n != BATCH]
    have = list(ordered(arrays[i].axes))
    for n in names:
        if n in bound and bound[n][0] not in have and base_axis(bound[n][0]) in have:
            arrays[i] = at(arrays[i], {base_axis(bound[n][0]): Iota(bound[n][0])})
            have = list(ordered(arrays[i].axes))
    roles: dict[str, str] = {n: bound[n][0] for n in names if n in bound and bound[n][0] in have}
    free = [a for a in have if a not in roles.values()]
    open_names = [n for n in names if n not in roles]
    if any(n in bound for n in open_names):
        return False
    if by_name:
        if not set(open_names) <= set(free):
            return False
        roles.update({n: n for n in open_names})
    else:
        if len(free) < len(open_names):
            return False
        roles.update(zip(open_names, free[len(free) - len(open_names) :], strict=True))
    for name in open_names:
        if any(roles[name] in axes and {name, role} <= together for role, axes in bound.items() for together in meetings):
            axis = fresh_axis(roles[name], {x for axes in bound.values() for x in axes} | set(have))
            arrays[i] = at(arrays[i], {roles[name]: Iota(axis)})
            roles[name] = axis
        bound[name] = (roles[name],)
    rest = ordered(arrays[i].axes - set(roles.values()))
    if BATCH in formal.names:
        bound[BATCH] = ordered(frozenset((*bound.get(BATCH, ()), *rest)))
    return True


def _meetings(program: Program) -> set[frozenset[str]]:
    """The sets of axes that stand together anywhere in the program: two of them cannot share one index."""
    return {node.axes for let in program.lets for node in walk(let.body)}


def _outputs(program: Program, leaves: dict[Expr, Expr], axes: AxisMap) -> Expr | tuple[Expr, ...]:
    taken = {x for xs in axes.values() for x in xs} | {x for e in leaves.values() for x in e.axes}
    for axis in program.order:
        if axis not in axes and axis != BATCH:
            axes[axis] = axes[base_axis(axis)] if base_axis(axis) in axes and axis == base_axis(axis) else (fresh_axis(axis, taken),)
    bodies: dict[Expr, Expr] = dict(leaves)
    names: dict[Expr, str] = {}
    for let in program.lets:
        bodies[let.ref] = _move(let.body, bodies, axes)
        names[bodies[let.ref]] = let.name
    results = tuple(bodies[program.let(o.name).ref] for o in program.outputs)
    hint({e: n for e, n in names.items() if e not in results})
    hint({r: program.name if len(results) == 1 else o.name for r, o in zip(results, program.outputs, strict=True)})
    return results[0] if len(results) == 1 else results


def _move(body: Expr, leaves: dict[Expr, Expr], axes: AxisMap) -> Expr:
    """The body over the caller's axes; a replaced leaf is already in the caller's terms and is not visited."""
    done: dict[Expr, Expr] = {}
    for node in walk(body):
        children = tuple(done[c] for c in node.children)
        done[node] = leaves[node] if node in leaves else _rename(node, children, axes)
    return done[body]


def _rename(node: Expr, children: tuple[Expr, ...], axes: AxisMap) -> Expr:
    def now(axis: str) -> str:
        return axes.get(axis, (axis,))[0]

    match node:
        case Reduce(how, _, over):
            left = tuple(x for a in over for x in axes.get(a, (a,)))
            return Reduce(how, children[0], left) if left else children[0]
        case Size(axis):
            return mul(*(Size(x) for x in axes.get(axis, (axis,))))
        case Iota(axis):
            return Iota(now(axis))
        case Delta(axis, _):
            return Delta(now(axis), children[0])
        case At(_, index):
            return at(children[0], {now(a): i for (a, _), i in zip(index, children[1:], strict=True)})
    return node.rebuild(children) if children else node

"""The first lines of a generated function: what its arguments must be, and the sizes its body uses."""

from __future__ import annotations

import ast
from dataclasses import replace

from derive.codegen.names import Names
from derive.codegen.printer import Printer, lead_size
from derive.codegen.steps import Plan
from derive.codegen.syntax import assign, binary, call, constant, items, name, subscript
from derive.language.nodes import BATCH, Const, Expr, Input, Param, Pow, Reduce, Size, base_axis, leaves
from derive.language.program import Parameter, Program
from derive.language.recurrence import needed

NEED_A_POSITION = ("mean", "max", "min", "argmax", "argmin", "logsumexp")


def door(plan: Plan, printer: Printer) -> list[ast.stmt]:
    """The statements that validate inputs and parameters and name sizes; `printer` has printed the body already."""
    program, names = plan.program, printer.names
    lines = [_arrays(program, names)]
    lines += [_count(program, names, i) for i in program.inputs if i.dtype == "count"]
    if program.parameters:
        early = any(isinstance(i.spare, Param) for i in program.inputs)
        lines.insert(0 if early else len(lines), _parameters(program, names))
    sizes = Printer(replace(plan, outputs=tuple(n for _, n in (*plan.sizes, *plan.requirements)), names=(), hints=()), names)
    derived = [(axis, sizes.expr(n)) for axis, n in plan.sizes]
    conditions = zip(program.requirements, plan.requirements, strict=True)
    required = [_required(program, names, c, text, sizes.expr(n)) for c, (text, n) in conditions]
    sizes.axes += printer.axes
    wanted = {base_axis(a) for a in sizes.axes} | {a for a, _ in derived if _home(program, a) is None}
    checks = _checks(program, names, wanted, derived)
    lines += _input_sizes(program, names, wanted)
    lines += [assign(ast.Name(names.of_axis(a)), value) for a, value in derived if _home(program, a) is None]
    return lines + required + checks


def _required(program: Program, names: Names, condition: Expr, text: str, holds: ast.expr) -> ast.stmt:
    """`_requires("op", "size(N) > 1", N > 1, N=N)`: a condition, and what it speaks of."""
    found = {s.axis: name(names.of_axis(base_axis(s.axis))) for s in leaves(condition, Size)}  # type: ignore[attr-defined]
    found |= {p.name: name(names.of_input(p.name)) for p in leaves(condition, Param)}  # type: ignore[attr-defined]
    return ast.Expr(call("_requires", constant(program.name), constant(text), holds, **found))


def _arrays(program: Program, names: Names) -> ast.stmt:
    arrays = [i for i in program.inputs if i.dtype != "count"]
    given = {i.name: items([name(names.of_input(i.name)), constant(_axes(i)), *_spare(i, names)]) for i in arrays}
    targets = [*(name(names.of_input(i.name)) for i in arrays), name("dtype")]
    return assign(items(targets), call("_arrays", constant(program.name), **given))


def _spare(i: Input, names: Names) -> list[ast.expr]:
    """The number that is no position, of an integer input that has one."""
    if isinstance(i.spare, Param):
        return [name(names.of_input(i.spare.name))]
    return [constant(int(i.spare.value))] if isinstance(i.spare, Const) else []


def _axes(i: Input) -> str:
    return " ".join(i.names) + (f" -> {i.into}" if i.into else "")


def _count(program: Program, names: Names, i: Input) -> ast.stmt:
    local = name(names.of_input(i.name))
    return assign(local, call("_count", constant(program.name), constant(i.name), local))


def _parameters(program: Program, names: Names) -> ast.stmt:
    local = [name(names.of_input(p.name)) for p in program.parameters]
    given = {p.name: items([n, constant(interval(p))]) for p, n in zip(program.parameters, local, strict=True)}
    return assign(local[0] if len(local) == 1 else items(local), call("_parameters", constant(program.name), **given))


def interval(p: Parameter) -> str:
    """The range of a parameter as `_parameters` reads it, such as "(0, inf)" or "integer [1, inf)"."""
    words = p.range.split(" in ")
    return f"integer {words[1]}" if p.integer else words[1]


def _home(program: Program, axis: str) -> tuple[Input, int] | None:
    """The input whose shape shows the size of an axis, and where: the one with the most axes without "..." first."""
    for i in sorted(program.inputs, key=lambda i: BATCH in i.names):
        for at, a in enumerate(i.names):
            if base_axis(a) == axis:
                return i, at - len(i.names) if BATCH in i.names else at
    return None


def size(program: Program, names: Names, axis: str) -> ast.expr:
    """The size of an axis as the shape of an input shows it."""
    home = _home(program, axis)
    assert home is not None
    return subscript(ast.Attribute(name(names.of_input(home[0].name)), "shape"), [constant(home[1])])


def _input_sizes(program: Program, names: Names, wanted: set[str]) -> list[ast.stmt]:
    """`H, W = x.shape[2:]` where the last sizes of an input are used together, `N = x.shape[0]` elsewhere."""
    lines: list[ast.stmt] = []
    left = set(wanted)
    for i in program.inputs:
        run = _last_run(i, left)
        if len(run) > 1:
            shape: ast.expr = ast.Attribute(name(names.of_input(i.name)), "shape")
            start = len(i.names) - len(run) if BATCH not in i.names else -len(run)
            lines.append(
                assign(items([name(names.of_axis(a)) for a in run]), subscript(shape, [ast.Slice(constant(start))]) if start else shape)
            )
            left -= set(run)
    for axis in (a for a in dict.fromkeys(base_axis(a) for a in program.order) if a in left and _home(program, a) is not None):
        lines.append(assign(name(names.of_axis(axis)), _lead(program, names) if axis == BATCH else size(program, names, axis)))
    return lines


def _last_run(i: Input, wanted: set[str]) -> list[str]:
    """The last axes of an input as far as all of them are wanted."""
    run: list[str] = []
    for axis in reversed(i.names):
        if axis not in wanted - {BATCH} or axis in run:
            break
        run.insert(0, axis)
    return run


def _lead(program: Program, names: Names) -> ast.expr:
    """The number of leading axes."""
    i = next(i for i in program.inputs if BATCH in i.names)
    ndim: ast.expr = ast.Attribute(name(names.of_input(i.name)), "ndim")
    return binary("-", ndim, constant(len(i.names) - 1)) if len(i.names) > 1 else ndim


def _checks(program: Program, names: Names, wanted: set[str], derived: list[tuple[str, ast.expr]]) -> list[ast.stmt]:
    lines: list[ast.stmt] = []
    made = {a: name(names.of_axis(a)) for a, _ in derived if _home(program, a) is None}
    given = {a: items([_size_now(program, names, a, wanted), value]) for a, value in derived if _home(program, a) is not None}
    full = {a: _size_now(program, names, a, wanted) for a in must_have_positions(program) if a not in made}
    for helper, sizes in (("_fits", made), ("_same_sizes", given), ("_nonempty", full)):
        if sizes:
            keywords = [ast.keyword(a, v) if a != BATCH else ast.keyword(None, ast.Dict([constant(a)], [v])) for a, v in sizes.items()]
            lines.append(ast.Expr(ast.Call(name(helper), [constant(program.name)], keywords)))
    return lines


def _size_now(program: Program, names: Names, axis: str, wanted: set[str]) -> ast.expr:
    if axis == BATCH:
        return lead_size(program, names)
    return name(names.of_axis(axis)) if axis in wanted else size(program, names, axis)


def must_have_positions(program: Program) -> list[str]:
    """The axes that may not be empty: those of a mean or an extreme, and those whose size divides."""
    bodies = [let.body for let in needed(program)]
    reduced = [a for b in bodies for r in leaves(b, Reduce) if r.how in NEED_A_POSITION for a in r.over]  # type: ignore[attr-defined]
    below = [p.base for b in bodies for p in leaves(b, Pow) if isinstance(p.exponent, Const) and p.exponent.value < 0]  # type: ignore[attr-defined]
    sizes = [s.axis for p in below for s in leaves(p, Size)]  # type: ignore[attr-defined]
    found = {base_axis(a) for a in (*reduced, *sizes)}
    return [a for a in dict.fromkeys(base_axis(a) for a in program.order) if a in found]

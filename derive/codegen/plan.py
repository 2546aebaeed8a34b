"""A program as a plan: one array operation per step, each computed once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from derive.codegen.arithmetic import lower_add, lower_call, lower_compare, lower_const, lower_leaf, lower_mul, lower_pow, lower_where
from derive.codegen.builder import Builder, Kernel, Rule
from derive.codegen.gather import lower_at, lower_delta, lower_iota, lower_size
from derive.codegen.kernels import KERNELS
from derive.codegen.recurrences import lower_recurrence
from derive.codegen.reductions import lower_reduce
from derive.codegen.steps import Array, Axes, Broadcast, Extent, Number, Plan, Rename, reachable
from derive.language.errors import NotPrintable
from derive.language.nodes import (
    Add,
    At,
    Call,
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
    Size,
    Where,
    flatten,
)  # fmt: skip
from derive.language.program import Output, Program
from derive.language.recurrence import Loop, needed, schedule, uses

# fmt: off
RULES: dict[type[Expr], Rule] = {
    Const:   lower_const,
    Input:   lower_leaf,
    Param:   lower_leaf,
    Size:    lower_size,
    Iota:    lower_iota,
    Add:     lower_add,
    Mul:     lower_mul,
    Pow:     lower_pow,
    Call:    lower_call,
    Compare: lower_compare,
    Where:   lower_where,
    Reduce:  lower_reduce,
    At:      lower_at,
    Delta:   lower_delta,
}
# fmt: on


def plan(program: Program, kernels: Mapping[str, Kernel] = KERNELS) -> Plan:
    """The array operations that compute a program's outputs; lets that no output needs are left out.

    Raises NotPrintable, naming the subexpression, where NumPy has no faithful form.
    """
    b = Builder(program, kernels, RULES)
    for i in program.inputs:
        b.lower(i)
    names: list[tuple[int, str]] = []
    for let in schedule(needed(program)):
        if isinstance(let, Loop):
            names += lower_recurrence(b, let, _wanted(program, let), lambda one: plan(one, kernels))
            continue
        try:
            step = b.lower(let.body)
        except NotPrintable as e:
            raise NotPrintable(f"{program.name}: in {let.name} = {let.body}: {e}") from None
        b.bind(let.ref, step)
        names.append((step, let.name))
    outputs = tuple(_output(b, o) for o in program.outputs)
    spread = {o.name: n for o, n in zip(program.outputs, outputs, strict=True) if isinstance(b.steps[n], Broadcast)}
    names = [(spread.get(name, n), name) for n, name in names]
    sizes = tuple((axis, b.lower(flatten(size))) for axis, size in program.sizes)
    required = tuple((str(c), b.lower(c)) for c in program.requirements)
    return Plan(program, tuple(b.steps), tuple(names), tuple(sorted(b.hints.items())), outputs, sizes, b.order, required)


def _wanted(program: Program, loop: Loop) -> set[str]:
    """The lets that something outside a recurrence needs."""
    outside = [let for let in needed(program) if let not in loop.lets]
    return {o.name for o in program.outputs} | {name for let in outside for name in uses(let.body)}


def _output(b: Builder, output: Output) -> int:
    step = b.lower(b.program.let(output.name).ref)
    axes = tuple(sorted(output.names, key=lambda a: a != "..."))
    if set(b.steps[step].axes) < set(axes):
        step = b.emit(Broadcast(axes, b.steps[step].kind, (b.as_number(step),)))
    return b.as_number(step)


FREE = (Array, Number, Extent, Rename)


def array_passes(plan: Plan) -> dict[Axes, int]:
    """How many operations run over which axes: a reduction over the axes of its argument, a contraction over all its axes.

    Scalars and renamings are free. Keys are axes in layout order.
    """
    count: Counter[Axes] = Counter()
    for number in reachable(plan):
        step = plan.steps[number]
        if not isinstance(step, FREE):
            axes = {a for arg in step.args for a in plan.steps[arg].axes} | set(step.axes)
            work = tuple(sorted(axes, key=lambda a: (plan.order.index(a) if a in plan.order else len(plan.order), a)))
            count[work] += bool(work)
    return {axes: n for axes, n in sorted(count.items(), key=lambda item: (-len(item[0]), item[0])) if n}


def full_passes(plan: Plan) -> int:
    """The passes over the largest arrays of a plan: those with the most axes."""
    passes = array_passes(plan)
    largest = max((len(axes) for axes in passes), default=0)
    return sum(n for axes, n in passes.items() if len(axes) == largest)

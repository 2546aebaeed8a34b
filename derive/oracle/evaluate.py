"""The oracle's verbs: a program's values, gradients and directional derivatives as correctly rounded floats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from derive.language.errors import closest
from derive.language.nodes import At, Carried, Delta, Expr, Input, Iota, Param, Reduce, Ref, base_axis, leaves
from derive.language.program import Program
from derive.oracle.arithmetic import Arithmetic
from derive.oracle.binding import Arrays, Bound, bind, bind_array, elements, unflattened
from derive.oracle.certify import CAP, Selection, backend_named, certify
from derive.oracle.derivatives import Dual, duals
from derive.oracle.errors import OracleError
from derive.oracle.gather import as_integer
from derive.oracle.interval import Objects
from derive.oracle.intervals import intervals
from derive.oracle.meaning import Values, program_values, value
from derive.oracle.reverse import adjoints
from derive.oracle.rounding import Rounded
from derive.oracle.setting import Setting
from derive.oracle.tensor import Tensor, apply, boxed, expanded, scalar

EVERY = "every position"  # the one axis of an element-wise program run on chosen elements
_SIZE_BITS = 512
COTANGENT, TANGENT = "cotangent of {}", "tangent of {}"  # the names that flows of a name are bound under

Parameters = Mapping[str, Any] | None


def evaluate(
    program: Program, inputs: Arrays, parameters: Parameters = None, dtype: Any = "float64", cap: int = CAP,
    keep: Iterable[str] = (), backend: str | None = None,
) -> dict[str, Rounded]:  # fmt: skip
    """The outputs of a program, and the intermediates named in `keep`, on the given inputs.

    Inputs, by name, are taken at their exact binary value (an object array may hold Fractions); leading axes stand for
    "...". So is a parameter given as a float: 1e-5 is the double nearest to it, as generated code receives it, while a
    Fraction or an integer is exact and a parameter left out takes its default exactly, 1/100000. inf and nan are no
    real numbers: what depends on them is undefined, nan. Raises OracleError for what does not fit the program.
    """
    bound = sized(bind(program, inputs, parameters))
    names = {o.name: o.names for o in program.outputs} | {n: _layout(program, n) for n in keep}

    def run(a: Arithmetic, chosen: Selection) -> dict[str, Objects]:
        setting, _ = program_values(program, setting_of(bound, a, chosen))
        return {n: finished(setting.leaves[n], axes, bound, a, chosen) for n, axes in names.items()}

    return certify(run, dtype, cap, backend, stands_alone(bound, names.values()))


def gradient(
    program: Program, inputs: Arrays, cotangents: Arrays, parameters: Parameters = None, dtype: Any = "float64",
    cap: int = CAP, backend: str | None = None,
) -> dict[str, Rounded]:  # fmt: skip
    """The gradient, by every real input, of the sum of cotangent * output; an output without cotangent counts nothing.

    At a kink the branch that owns the boundary owns the derivative; sign(0) = 0 is abs's. Inputs and parameters as for
    `evaluate`.
    """
    bound = with_cotangents(sized(bind(program, inputs, parameters)), cotangents)

    def run(a: Arithmetic, chosen: Selection) -> dict[str, Objects]:
        return swept(bound, setting_of(bound, a, chosen), a, chosen)

    return certify(run, dtype, cap, backend, stands_alone(bound, differentiated(bound)))


def jvp(
    program: Program, inputs: Arrays, tangents: Arrays, parameters: Parameters = None, dtype: Any = "float64",
    cap: int = CAP, backend: str | None = None,
) -> dict[str, Rounded]:  # fmt: skip
    """The derivative of every output along the tangents, keyed by input; an input without tangent stays fixed."""
    bound = with_tangents(sized(bind(program, inputs, parameters)), tangents)
    names = {o.name: o.names for o in program.outputs}

    def run(a: Arithmetic, chosen: Selection) -> dict[str, Objects]:
        setting, _ = program_values(program, dual_setting(bound, a, chosen))
        return {n: finished(apply(partial(_slope, a), setting.leaves[n]), axes, bound, a, chosen) for n, axes in names.items()}

    return certify(run, dtype, cap, backend, stands_alone(bound, names.values()))


def hvp(
    program: Program, inputs: Arrays, cotangents: Arrays, tangents: Arrays, parameters: Parameters = None,
    dtype: Any = "float64", cap: int = CAP, backend: str | None = None,
) -> dict[str, Rounded]:  # fmt: skip
    """The derivative along the tangents of `gradient`, cotangents held fixed."""
    bound = with_tangents(with_cotangents(sized(bind(program, inputs, parameters)), cotangents), tangents)

    def run(a: Arithmetic, chosen: Selection) -> dict[str, Objects]:
        return swept(bound, dual_setting(bound, a, chosen), a, chosen)

    return certify(run, dtype, cap, backend, stands_alone(bound, differentiated(bound)))


def enclose(
    expr: Expr, given: Mapping[str, Any], sizes: Mapping[str, int], bits: int, names: Sequence[str] | None = None,
    backend: str | None = None,
) -> Objects:  # fmt: skip
    """Enclosures of one expression at `bits` bits: an array of Intervals over `names` (by default its axes, sorted).

    `given` holds, by name, an array of exact numbers or Intervals for every Input (axes in its order), Param and Ref
    (axes sorted) in the expression; here "..." is one axis, whose size stands in `sizes` like every other's.
    """
    return enclose_all([expr], given, sizes, bits, sorted(expr.axes) if names is None else names, backend)[0]


def enclose_all(
    exprs: Sequence[Expr], given: Mapping[str, Any], sizes: Mapping[str, int], bits: int, names: Sequence[str], backend: str | None = None
) -> list[Objects]:
    """The same of several expressions, over the same axes; a part that they share is evaluated once."""
    a = backend_named(backend)(bits)
    named = [leaf for e in exprs for leaf in leaves(e, Input, Param, Ref)]
    axes = {leaf.name: tuple(_names(leaf)) for leaf in named}  # type: ignore[attr-defined]
    missing = sorted(set(axes) - set(given))
    if missing:
        raise OracleError(f"no value for {', '.join(missing)} in {', '.join(map(str, exprs))}; got ({', '.join(given) or 'none'})")
    refs = frozenset(leaf.name for leaf in named if isinstance(leaf, Ref))
    values: Values = {}
    with a.scope():
        tensors = {n: elements(Tensor(axes[n], np.asarray(given[n], dtype=object)), a) for n in axes}
        setting = Setting(a, sizes, tensors, refs)
        results = [expanded(value(e, setting, values), names, {x: setting.size(x) for x in names}) for e in exprs]
        return [boxed(np.frompyfunc(a.interval, 1, 1)(r.data)) for r in results]


def _names(leaf: Expr) -> Sequence[str]:
    return leaf.names if isinstance(leaf, Input) else sorted(leaf.axes)


def _layout(program: Program, name: str) -> tuple[str, ...]:
    known = [let.name for let in program.lets]
    if name not in known:
        raise OracleError(f"{program.name} has no intermediate {name}{closest(name, known)}")
    return program.ordered(program.let(name).body.axes)


def sized(bound: Bound) -> Bound:
    """With the sizes of the axes that index maps create."""
    a = intervals(_SIZE_BITS)
    for axis, expr in bound.program.sizes:
        found = value(expr, setting_of(bound, a, None), {})
        size = as_integer(a.interval(found.data[()]), f"the size of axis {axis}")
        if size is None or size < 0:
            raise OracleError(f"{bound.program.name}: axis {axis} would have size {expr} = {size}; wanted 0 or more")
        bound = replace(bound, sizes={**bound.sizes, axis: size})
    for condition in bound.program.requirements:
        if not bool(value(condition, setting_of(bound, a, None), {}).data.item() is True):
            came = f"sizes are {_listed(bound.sizes)}, parameters {_listed(bound.parameters)}"
            raise OracleError(f"{bound.program.name}: wanted {condition}; {came}")
    return bound


def _listed(found: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in found.items()) or "none"


def stands_alone(bound: Bound, results: Iterable[tuple[str, ...]]) -> bool:
    """Whether every element of every result depends on the same element of each input and on nothing else."""
    whole = [t.axes for t in bound.leaves.values() if t.axes]
    mixing = any(leaves(let.body, Reduce, At, Carried, Delta, Iota) for let in bound.program.lets)
    return bool(whole) and not mixing and len({*whole, *results}) == 1


def setting_of(bound: Bound, a: Arithmetic, chosen: Selection) -> Setting:
    """The program's leaves as elements, only the chosen ones where it stands alone."""
    formal = {i.name for i in bound.program.inputs}
    tensors = {n: elements(picked(t, chosen), a) for n, t in bound.leaves.items() if n in formal}
    numbers = {n: scalar(a.number(v)) for n, v in bound.parameters.items()}
    return Setting(a, bound.sizes, {**tensors, **numbers})


def picked(t: Tensor, chosen: Selection) -> Tensor:
    """The chosen elements along one axis."""
    return t if chosen is None or not t.axes else Tensor((EVERY,), t.data.reshape(-1)[chosen])


def finished(t: Tensor, names: tuple[str, ...], bound: Bound, a: Arithmetic, chosen: Selection) -> Objects:
    """A result as Intervals over the axes of its output."""
    lengths = bound.sizes | {n: bound.sizes[base_axis(n)] for n in names if n not in bound.sizes}
    axes, sizes = (names, lengths) if chosen is None else ((EVERY,), {EVERY: len(chosen)})
    data = boxed(np.frompyfunc(a.interval, 1, 1)(expanded(t, axes, sizes).data))
    return data if chosen is not None else unflattened(data, names, bound)


def with_cotangents(bound: Bound, cotangents: Arrays) -> Bound:
    """Bound with the cotangents of outputs."""
    return _with(bound, COTANGENT, cotangents, {o.name: o.names for o in bound.program.outputs}, "output")


def with_tangents(bound: Bound, tangents: Arrays) -> Bound:
    """Bound with the tangents of inputs."""
    return _with(bound, TANGENT, tangents, {i.name: i.names for i in bound.program.real_inputs}, "real input")


def _with(bound: Bound, flow: str, arrays: Arrays, axes: dict[str, tuple[str, ...]], what: str) -> Bound:
    for name, array in arrays.items():
        if name not in axes:
            raise OracleError(f"{bound.program.name} has no {what} {name}{closest(name, axes)}")
        bound = bind_array(bound, flow.format(name), axes[name], array)
    return bound


def differentiated(bound: Bound) -> list[tuple[str, ...]]:
    """The axes of what a gradient is taken by."""
    return [i.names for i in bound.program.real_inputs]


def swept(bound: Bound, setting: Setting, a: Arithmetic, chosen: Selection) -> dict[str, Objects]:
    """The adjoints of the real inputs; over duals, their tangents."""
    over, program = setting.arithmetic, bound.program
    values: Values
    setting, values = program_values(program, setting)
    names = {o.name: COTANGENT.format(o.name) for o in program.outputs}
    flows = {n: elements(picked(bound.leaves[g], chosen), over) for n, g in names.items() if g in bound.leaves}
    found = adjoints(program, setting, values, flows)
    read = partial(_slope if over is not a else _present, a)
    results = {i.name: (i.names, found.get(i.name, scalar(None))) for i in program.real_inputs}
    return {n: finished(apply(read, t), axes, bound, a, chosen) for n, (axes, t) in results.items()}


def _present(a: Arithmetic, element: Any) -> Any:
    return a.number(0) if element is None else element


def _slope(a: Arithmetic, element: Any) -> Any:
    return a.number(0) if element is None or element.tangent is None else element.tangent


def dual_setting(bound: Bound, a: Arithmetic, chosen: Selection) -> Setting:
    """The program's leaves as duals; what has no tangent stays fixed."""
    plain, over = setting_of(bound, a, chosen), duals(a)
    tangents = {n: elements(picked(bound.leaves[TANGENT.format(n)], chosen), a) for n in plain.leaves if TANGENT.format(n) in bound.leaves}
    raised = {n: apply(Dual, t, tangents[n]) if n in tangents else apply(over.number, t) for n, t in plain.leaves.items()}
    return replace(plain, arithmetic=over, leaves=raised)

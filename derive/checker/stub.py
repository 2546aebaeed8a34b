"""A file for the user to fill in: forward and backward with the op's signature, axes in the docstrings."""

from __future__ import annotations

from derive.calculus.gradient import cotangents
from derive.checker.forms import forms
from derive.language.nodes import Input
from derive.language.operation import Op
from derive.language.program import Parameter

INDENT = "    "


def stub(op: Op) -> str:
    """Python source with `forward` and, where the op has a gradient, `backward`, both still to be written."""
    program = op.program
    lines = [f'"""{op.name}: {op.summary} Fill in the functions, then run', "", f"{INDENT}{_command(op)}", '"""', ""]
    lines += ["import numpy as np  # noqa: F401", "", ""]
    lines += _function("forward", op, program.inputs, op.summary, [f"{o.name}: axes ({', '.join(o.names)})" for o in program.outputs])
    if forms(op).gradient:
        seeds = tuple(cotangents(program).values())
        returns = [f"gradient of {i.name}: axes ({', '.join(i.names)})" for i in program.real_inputs]
        lines += ["", "", *_function("backward", op, (*seeds, *program.inputs), f"The gradients of {op.name}.", returns)]
    return "\n".join(lines) + "\n"


def _command(op: Op) -> str:
    backward = " --backward FILE.py:backward" if forms(op).gradient else ""
    return f"derive check FILE.py:forward{backward} --op {op.name}"


def _function(name: str, op: Op, inputs: tuple[Input, ...], summary: str, returns: list[str]) -> list[str]:
    arguments = ", ".join((*(i.name for i in inputs), *(["*"] if op.program.parameters else []), *map(_default, op.program.parameters)))
    body = [
        f'"""{summary}',
        "",
        *(_argument(i) for i in inputs),
        *map(_parameter, op.program.parameters),
        "",
        "Returns",
        *(f"  {r}" for r in returns),
        '"""',
    ]
    return [f"def {name}({arguments}):", *(INDENT + line if line else "" for line in body), f"{INDENT}raise NotImplementedError"]


def _default(p: Parameter) -> str:
    if p.default is None:
        return p.name
    return f"{p.name}={int(p.default) if p.default == int(p.default) else float(p.default)!r}"


def _argument(i: Input) -> str:
    kind = {"index": f"integers, positions along {i.into}", "count": "a whole number from 1"}.get(i.dtype, f"axes ({', '.join(i.names)})")
    return f"{i.name}: {kind}" + (f", axes ({', '.join(i.names)})" if i.dtype == "index" else "")


def _parameter(p: Parameter) -> str:
    return f"{p.name}: {p.range}"

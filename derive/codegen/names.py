"""Names in generated code: those of the definition wherever Python allows it, descriptive ones for the rest."""

from __future__ import annotations

import ast
import keyword
import re

from derive.codegen.steps import Contraction, Plan, Reduction, Step, Ufunc
from derive.codegen.syntax import text
from derive.language.errors import NotPrintable
from derive.language.nodes import BATCH

LONGEST_NAME = 22

USED = ("dtype", "float", "math", "np", "range", "scipy", "tuple")
BUILTINS = (
    "abs", "all", "any", "bin", "bool", "bytes", "callable", "chr", "complex", "dict", "dir", "divmod", "eval", "exec", "filter",
    "format", "getattr", "hash", "help", "hex", "id", "input", "int", "isinstance", "iter", "len", "list", "locals", "map", "max",
    "min", "next", "object", "oct", "open", "ord", "pow", "print", "property", "repr", "reversed", "round", "set", "slice", "sorted",
    "str", "sum", "super", "type", "vars", "zip",
)  # fmt: skip

# fmt: off
WORDS = {
    "+":         "{}_plus_{}",
    "-":         "{}_minus_{}",
    "*":         "{}_{}",
    "/":         "{}_over_{}",
    "**":        "{}_to_{}",
    "neg":       "minus_{}",
    "np.square": "{}_squared",
    "np.sqrt":   "root_{}",
    "float":     "{}_as_float",
    "sum":       "sum_{}",
    "mean":      "mean_{}",
    "max":       "max_{}",
    "min":       "min_{}",
    "argmax":    "place_of_max_{}",
    "argmin":    "place_of_min_{}",
    "contract":  "{}_dot_{}",
}
# fmt: on


class Names:
    """Hands out names that are still free, in the order asked for."""

    def __init__(self, plan: Plan) -> None:
        program = plan.program
        self._taken: set[str] = set()
        self._public: dict[str, str] = {}
        for parameter in program.parameters:
            if parameter.name in USED:
                raise NotPrintable(
                    f"{program.name}: a parameter called {parameter.name} hides a name that generated code uses; give it another"
                )
            self._public[parameter.name] = self._free(parameter.name, USED)
        for i in program.inputs:
            self._public[i.name] = self._free(i.name, USED)
        self._axes: dict[str, str] = {}

    def _free(self, wanted: str, reserved: tuple[str, ...]) -> str:
        if wanted in reserved or keyword.iskeyword(wanted) or wanted.startswith("_"):
            wanted = f"{wanted.strip('_') or 'value'}_"
        name, count = wanted, 1
        while name in self._taken:
            count += 1
            name = f"{wanted}_{count}"
        self._taken.add(name)
        return name

    def of_input(self, public: str) -> str:
        """The local name of an input or a parameter."""
        return self._public[public]

    def of_let(self, wanted: str) -> str:
        """A local name for a let."""
        return self._free(wanted, (*USED, *BUILTINS))

    def of_axis(self, axis: str) -> str:
        """The variable that holds the size of an axis; for "..." the number of leading axes."""
        if axis not in self._axes:
            self._axes[axis] = self._free("lead" if axis == BATCH else axis, (*USED, *BUILTINS))
        return self._axes[axis]

    def of_step(self, step: Step, args: list[ast.expr], hint: str | None, inside: str) -> str:
        """A name that says what an unnamed intermediate is, or at least what it is a part of."""
        return self.of_let(hint or _describe(step, [_word(a) for a in args]) or f"{inside}_part")


def _word(node: ast.expr) -> str:
    """A name for an argument: its own, or that of what it negates."""
    if isinstance(node, ast.UnaryOp):
        return f"minus_{_word(node.operand)}"
    return text(node)


def _describe(step: Step, args: list[str]) -> str:
    operation = step.fn if isinstance(step, Ufunc) else step.how if isinstance(step, Reduction) else ""
    operation = "contract" if isinstance(step, Contraction) else operation
    function = re.sub("[^a-z0-9]", "", operation.rpartition(".")[2])
    words = WORDS.get(operation, f"{function}_{{}}" if len(args) == 1 and function else "")
    name = words.format(*args) if words and all(a.isidentifier() for a in args) else ""
    return name if len(name) <= LONGEST_NAME else ""

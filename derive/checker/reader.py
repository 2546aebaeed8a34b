"""How one reading of a candidate is had: its value, its gradient, or what its framework makes of it; and what is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive import oracle
from derive.checker.adapters import Adapter
from derive.checker.candidate import Binding, arguments, bind_backward, bind_forward, call, cotangent, gradients_of, outputs_of
from derive.checker.conditioning import conditioned
from derive.checker.evaluate import evaluate
from derive.checker.floats import Floats
from derive.checker.forms import Forms, gradient_inputs
from derive.checker.grading import Format
from derive.checker.inputs import READ_ONLY, Sample, laid_out, layout_of
from derive.checker.levels import LEVELS, Level, rounded_in
from derive.checker.sides import Composed, Hulls
from derive.checker.tolerance import Allowance, allowances
from derive.language.program import Program

Array = NDArray[Any]


@dataclass(frozen=True)
class Reader:
    """How to check one reading (value or gradient) of a candidate."""

    reading: str
    function: Callable[..., Any]
    binding: Binding
    program: Program
    forms: tuple[Program, ...]
    dtype: str
    adapter: Adapter = field(default_factory=lambda: Adapter("float64"))
    autograd: bool = False  # the function is a forward, which its framework differentiates

    @property
    def computed(self) -> Program:
        """The form that generated code computes."""
        return self.forms[min(1, len(self.forms) - 1)]

    @property
    def level(self) -> Level:
        """The format in which the candidate computes."""
        return LEVELS[self.dtype]

    @property
    def format(self) -> Format:
        """The same, with the name of the dtype; what it surely takes as zero."""
        return Format(self.dtype, self.level, self.level.flush if self.adapter.flushes else 0.0)

    def truth(self, s: Sample) -> tuple[dict[str, oracle.Rounded], dict[str, Allowance]]:
        """The oracle's answers and the allowances, by name of output or of input."""
        kind = rounded_in(self.dtype)
        if self.reading == "value":
            names = [o.name for o in self.program.outputs]
            exact = oracle.evaluate(self.program, s.inputs, s.parameters, dtype=kind)
            arrays = dict(s.inputs)
        else:
            names = [i.name for i in self.program.real_inputs]
            exact = oracle.gradient(self.program, s.inputs, s.cotangents, s.parameters, dtype=kind)
            arrays = self.arrays(s)
        hulls = Composed if self.autograd else Hulls
        allowed = allowances(self.forms, arrays, s.parameters, self.level, jumps=self.reading == "gradient", hulls=hulls)
        values = [np.asarray(exact[n].value) for n in names]
        sharper = conditioned(self.forms[0], arrays, s.parameters, values, allowed, self.level)
        if self.reading == "gradient":
            sharper = [replace(a, slack=np.where(gone, np.inf, a.slack)) for a, gone in zip(sharper, self._undefined(s), strict=True)]
        return exact, dict(zip(names, sharper, strict=True))

    def _undefined(self, s: Sample) -> list[Array]:
        """For each real input where the op has no value at all, as the mean of nothing or a row that is masked throughout: there it has
        no gradient. Floats are asked first."""
        outputs = self.program.outputs
        with np.errstate(all="ignore"):
            fr, named = evaluate(self.program, s.inputs, s.parameters, Floats())
            lost = {o.name: np.isnan(np.asarray(fr.gather(named[o.name], o.names))) for o in outputs}
        if all(x.any() for x in lost.values()):
            exact = oracle.evaluate(self.program, s.inputs, s.parameters, dtype=rounded_in(self.dtype))
            lost = {o.name: np.isnan(np.asarray(exact[o.name].value)) for o in outputs}
        found = []
        for i in self.program.real_inputs:
            gone = np.ones([1] * len(fr.order), bool)
            for o in outputs:
                own = tuple(k for k, a in enumerate(fr.order) if a in o.names and a not in i.names)
                gone = gone & (lost[o.name].size > 0) & np.all(fr.spread(lost[o.name], o.names), axis=own, keepdims=True)
            found.append(np.asarray(fr.gather(gone, i.names)))
        return found

    def arrays(self, s: Sample) -> dict[str, Array]:
        """The arrays that the forms take."""
        if self.reading == "value":
            return dict(s.inputs)
        return gradient_inputs(self.forms[0], self.program, s.inputs, s.cotangents)

    def results(self, returned: Any) -> dict[str, Any] | str:
        """What the function returned, by name."""
        if self.reading == "value":
            return outputs_of(returned, self.program)
        return gradients_of(returned, self.program, self.binding)

    def called(self, s: Sample) -> tuple[dict[str, Any], Any]:
        """The arguments by name, as they were passed, and what came back."""
        values = {**s.inputs, **{cotangent(o): g for o, g in s.cotangents.items()}}
        counts = {i.name for i in self.program.inputs if i.dtype == "count"}
        with self.adapter.running():
            passed = {n: int(values[n]) if n in counts else self.adapter.into(copied(values[n])) for n in self.binding.taken}
            positional, keywords = arguments(self.binding, passed, s.parameters)
            if not self.autograd:
                return passed, call(self.function, positional, keywords)
            return passed, self._differentiated(s, positional, keywords)

    def _differentiated(self, s: Sample, positional: list[Any], keywords: dict[str, Any]) -> Any:
        real = [i.name for i in self.program.real_inputs if i.name in self.binding.taken]
        places = {n: self.binding.slots.index(n) if n in self.binding.slots else n for n in real}
        seeds = [self.adapter.into(copied(s.cotangents[o.name])) for o in self.program.outputs]
        return call(self.adapter.differentiated(self.function), (positional, keywords, places, seeds), {})


def value_reader(function: Callable[..., Any], program: Program, forms: Forms, dtype: str, adapter: Adapter | None = None) -> Reader:
    """A reader of a forward. Raises CheckError when its signature does not fit."""
    return Reader("value", function, bind_forward(function, program), program, forms.value, dtype, adapter or Adapter(dtype))


def gradient_reader(function: Callable[..., Any], program: Program, forms: Forms, dtype: str, adapter: Adapter | None = None) -> Reader:
    """A reader of a backward. Raises CheckError when its signature does not fit."""
    return Reader("gradient", function, bind_backward(function, program), program, forms.gradient, dtype, adapter or Adapter(dtype))


def autograd_reader(function: Callable[..., Any], program: Program, forms: Forms, dtype: str, adapter: Adapter) -> Reader:
    """A reader of what a framework makes of a forward when it differentiates it."""
    return Reader("gradient", function, bind_forward(function, program), program, forms.gradient, dtype, adapter, True)


def copied(x: Array) -> Array:
    """A copy with the same layout, so that strided inputs stay strided, and read-only ones read-only."""
    if x.ndim and not (x.flags.c_contiguous or x.flags.f_contiguous):
        whole = np.repeat(x, 2, axis=-1)
        whole[..., ::2] = x
        return whole[..., ::2]
    return laid_out(x, READ_ONLY) if layout_of(x) == READ_ONLY else x.copy(order="K")

"""Programs on torch tensors, so that torch's own differentiation can be held against derived gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.evaluate import Numbers, evaluate
from derive.language.program import Program

Array = NDArray[Any]


def available() -> bool:
    """Whether torch is installed; it is not imported to find out."""
    return find_spec("torch") is not None


def gradients(program: Program, inputs: Mapping[str, Array], cotangents: Mapping[str, Array], parameters: Numbers) -> dict[str, Array]:
    """torch's gradient of the definition by each real input, in float64."""
    import torch

    arithmetic = Tensors()
    fr, named = evaluate(program, inputs, parameters, arithmetic)
    total = torch.zeros((), dtype=torch.float64)
    for o in program.outputs:
        g = torch.from_numpy(fr.spread(np.asarray(cotangents[o.name], np.float64), o.names))
        total = total + (named[o.name] * g).sum()
    leaves = [arithmetic.leaves[k] for k, i in enumerate(program.inputs) if i.dtype == "real"]
    found = torch.autograd.grad(total, leaves, allow_unused=True) if total.requires_grad else [None] * len(leaves)
    zeros = [torch.zeros_like(leaf) if g is None else g for g, leaf in zip(found, leaves, strict=True)]
    return {i.name: fr.gather(g.numpy(), i.names) for i, g in zip(program.real_inputs, zeros, strict=True)}


def _functions(torch: Any) -> dict[str, Callable[..., Any]]:
    return {
        "pi": lambda: torch.tensor(np.pi, dtype=torch.float64), "inf": lambda: torch.tensor(np.inf, dtype=torch.float64),
        "normal_cdf": torch.special.ndtr, "arctan": torch.atan,
        **{name: getattr(torch, name) for name in ("exp", "log", "erf", "sin", "cos", "abs", "sign", "floor")},
    }  # fmt: skip


class Tensors:
    """Arithmetic on float64 tensors; `leaves` are the tensors of the inputs, in order."""

    def __init__(self) -> None:
        import torch

        self.torch, self.functions = torch, _functions(torch)
        self.leaves: list[Any] = []

    def array(self, values: Array, exact: bool) -> Any:
        """Reals are leaves that require a gradient."""
        if exact:
            tensor = self.torch.from_numpy(np.array(values, np.int64))
        else:
            tensor = self.torch.from_numpy(np.array(values, np.float64)).requires_grad_()
        self.leaves.append(tensor)
        return tensor

    def constant(self, value: Fraction) -> Any:
        """A float64 scalar."""
        return self.torch.tensor(float(value), dtype=self.torch.float64)

    def parameter(self, value: float | Fraction) -> Any:
        """A float64 scalar."""
        return self.torch.tensor(float(value), dtype=self.torch.float64)

    def add(self, args: list[Any]) -> Any:
        """From left to right."""
        return sum(args[1:], args[0])

    def mul(self, args: list[Any]) -> Any:
        """From left to right."""
        total = args[0]
        for a in args[1:]:
            total = total * a
        return total

    def power(self, base: Any, exponent: Any, exact: Fraction | None) -> Any:
        """torch's power."""
        return self.torch.sqrt(base) if exact == Fraction(1, 2) else self.torch.pow(base, exponent if exact is None else float(exact))

    def call(self, fn: str, args: list[Any]) -> Any:
        """torch's function."""
        return self.functions[fn](*args)

    def compare(self, op: str, left: Any, right: Any) -> Any:
        """A boolean tensor."""
        names = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
        return getattr(self.torch, names[op])(left, right)

    def where(self, condition: Any, chosen: Any, other: Any) -> Any:
        """Element by element."""
        return self.torch.where(condition, chosen, other)

    def reduce(self, how: str, body: Any, dims: tuple[int, ...], length: int) -> Any:
        """Reduced dimensions stay, with length 1."""
        if how in ("argmax", "argmin"):
            return getattr(self.torch, how)(body, dim=dims[0], keepdim=True)
        if how in ("max", "min"):
            return getattr(self.torch, f"a{how}")(body, dim=dims, keepdim=True)
        return getattr(self.torch, how)(body, dim=dims, keepdim=True)

    def positions(self, index: Any) -> Array:
        """The index as integers."""
        return np.asarray(index.detach().numpy()).astype(np.int64)

    def shape(self, body: Any) -> tuple[int, ...]:
        """The full-rank shape."""
        return tuple(body.shape)

    def read(self, body: Any, mesh: tuple[Array, ...], inside: Array) -> Any:
        """0 outside."""
        found = body[tuple(self.torch.from_numpy(np.ascontiguousarray(m)) for m in mesh)]
        return self.torch.where(self.torch.from_numpy(np.ascontiguousarray(inside)), found, self.torch.zeros_like(found))

    def onehot(self, index: Any, places: Array, dim: int) -> Any:
        """1.0 where the places equal the index."""
        return (self.torch.from_numpy(np.ascontiguousarray(places)) == index).to(self.torch.float64)

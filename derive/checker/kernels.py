"""Scalar functions beyond the language's own: the kernels that stable forms call, as NumPy functions by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

from derive.checker.evaluate import CheckError
from derive.checker.floats import FUNCTIONS


@cache
def kernel(name: str) -> Callable[..., Any]:
    """The function of that name. Raises CheckError when neither the language nor numerics has it."""
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    from derive.numerics.kernels import KERNELS

    if name in KERNELS:
        return _resolve(KERNELS[name].numpy)
    raise CheckError(f"{name} is no function of the language and no kernel of numerics")


def _resolve(path: str) -> Callable[..., Any]:
    """`np.expm1`, `scipy.special.erfc`, or the name of a function in numerics.support."""
    module, _, name = path.rpartition(".")
    found: Callable[..., Any] = getattr(importlib.import_module({"np": "numpy", "": "derive.numerics.support"}.get(module, module)), name)
    return found

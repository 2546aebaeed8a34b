"""The ops that the corpus implements: those of the catalogue, and definitions of its own for what the catalogue lacks."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from corpus import definitions
from corpus.twins import TYPICAL
from derive.catalog import CATALOG
from derive.language.operation import Op

SIZES = {"N": 4, "C": 5, "D": 6, "H": 6, "W": 5, "I": 3, "J": 3, "L": 4, "M": 5, "E": 3, "O": 2, "V": 7, "K": 3, "T": 8, "G": 2}


@lru_cache
def find(name: str) -> Op:
    """The op of that name: the corpus's own, else the catalogue's."""
    own = getattr(definitions, name, None)
    found = own if isinstance(own, Op) else next((op for op in CATALOG if op.name == name), None)
    if found is None:
        raise LookupError(f"no op {name} in the catalogue nor in corpus/definitions.py")
    return found


@lru_cache
def companion(name: str, reading: str) -> Any:
    """The generated function of an op: its "value" or its "vjp"."""
    from derive.pipeline import generated

    return generated(find(name))[name if reading == "value" else f"{name}_{reading}"]


def typical(name: str, dtype: str, seed: int = 0) -> dict[str, np.ndarray]:
    """Inputs as somebody testing by hand would choose them: normal numbers, a few of each axis."""
    rng = np.random.default_rng(seed)
    made = {}
    for i in find(name).program.inputs:
        shape = tuple(n for a in i.names for n in ((3, 4) if a == "..." else (SIZES.get(a.rstrip("'"), 4),)))
        if i.dtype == "index":
            made[i.name] = rng.integers(0, SIZES.get(i.into or "", 4), shape)
        elif i.dtype == "count":
            made[i.name] = np.asarray(3)
        else:
            made[i.name] = TYPICAL.get((name, i.name), _normal)(rng, shape).astype(dtype)
    return made


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(shape)

"""derive: from one short definition of an op to its gradient, stable NumPy code, certified oracle and checker.

What users import; each name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# fmt: off
_WHERE = {
    **dict.fromkeys(("op", "assume", "Real", "Index", "State", "Count", "Range", "Scalar", "Positive", "NonNegative", "Natural", "PositiveInteger", "Op", "DeriveError", "DefinitionError", "NotPrintable", "NotProved", "UnknownOp"), "derive.language"),
    "CATALOG":  "derive.catalog",
    "find":     "derive.catalog",
    "load":     "derive.catalog",
    "readings": "derive.pipeline",
    "source":   "derive.pipeline",
    "generated": "derive.pipeline",
    "check":    "derive.check",
    "verify":   "derive.check",
}
# fmt: on

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'derive' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return __all__

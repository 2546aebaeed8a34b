"""derive: from one short definition of an op to its gradient, stable NumPy code, certified oracle and checker.

What users import; each name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_LANGUAGE = "Count Index Natural NonNegative Positive PositiveInteger Range Real Scalar State assume op"
_WHERE = {
    **dict.fromkeys(_LANGUAGE.split(), "derive.language"),
    **dict.fromkeys(("DeriveError", "DefinitionError", "NotPrintable", "NotProved", "UnknownOp"), "derive.language.errors"),
    "Op": "derive.language.operation",
    **dict.fromkeys(("CATALOG", "find", "load"), "derive.catalog"),
    **dict.fromkeys(("assert_correct", "check"), "derive.checker.check"),
    **dict.fromkeys(("generated", "readings", "source"), "derive.pipeline"),
    **dict.fromkeys(("Network", "NetworkError", "UnreadableNetwork", "layer", "receptive_field"), "derive.network"),
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'derive' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return __all__

"""The ops of the catalogue by name, to be used inside definitions: `from derive.ops import conv2d, softmax`."""

from __future__ import annotations

from derive import catalog
from derive.language.operation import Op


def __getattr__(name: str) -> Op:
    """The op of that name. Raises UnknownOp, with the closest names."""
    if name.startswith("_"):
        raise AttributeError(f"module 'derive.ops' has no attribute {name!r}")
    return catalog.find(name)


def __dir__() -> list[str]:
    return sorted(op.name for op in catalog.CATALOG)

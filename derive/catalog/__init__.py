"""The catalogue: every built-in definition as one plain tuple, and the way to a definition by its name or file."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from sys import modules
from typing import Any

from derive.catalog.userfile import ops_in
from derive.language.errors import UnknownOp, closest
from derive.language.operation import Op

CATALOG: tuple[Op, ...]  # every op, section by section; all are traced when it is first asked for

# Each is a module of this package, with the tuple of its ops under its name in capitals.
# fmt: off
SECTIONS = (
    "activations", "curves", "piecewise", "waves",
    "losses", "reductions", "regression", "robust", "classification", "similarity", "regions", "boxes", "regularizers",
    "normalization", "images", "layers", "convolution", "pooling", "resampling", "rearranging",
    "attention", "recurrent", "sequences", "networks",
    "elementary", "optimizers", "adaptive", "schedules",
)
# fmt: on


def section(name: str) -> tuple[Op, ...]:
    """The ops of a section, which are traced when it is first asked for."""
    ops: tuple[Op, ...] = getattr(import_module(f"derive.catalog.{name}"), name.upper())
    return ops


@cache
def _all() -> tuple[Op, ...]:
    return tuple(op for name in SECTIONS for op in section(name))


def __getattr__(name: str) -> Any:
    if name == "CATALOG":
        return _all()
    raise AttributeError(f"module 'derive.catalog' has no attribute {name!r}")


def find(name: str) -> Op:
    """The op of the catalogue with that name.

    Raises UnknownOp, with the closest names.

    >>> find("relu").summary
    'The positive part of the input.'
    """
    op = _named_in(_written_in(name), name) or _named_in(_all(), name)
    if op is None:
        near = closest(name, [op.name for op in _all()])
        raise UnknownOp(f'no op is called "{name}"{near or "; derive list shows them all"}; an op of your own is FILE.py:NAME')
    return op


def _named_in(ops: tuple[Op, ...], name: str) -> Op | None:
    return next((op for op in ops if op.name == name), None)


def _written_in(name: str) -> tuple[Op, ...]:
    """The ops of the section whose text has a function of that name, so that the others need not be traced to find it."""
    texts = ((s, Path(__file__).with_name(f"{s}.py")) for s in SECTIONS)
    return next((section(s) for s, path in texts if f"\ndef {name}(" in path.read_text("utf-8")), ())


def load(spec: str) -> Op:
    """The op that `spec` names: "relu" from the catalogue, "my_ops.py:my_op" from a file, "my_ops.py" if that defines one op.

    Raises UnknownOp when there is no such file or op, DefinitionError when the file does not run.
    """
    path, name = _split(spec)
    if path is None:
        return find(name)
    ops = ops_in(path)
    if name:
        return _named(path, name, ops)
    ours = {id(op) for s in SECTIONS if f"derive.catalog.{s}" in modules for op in section(s)}
    own = {n: op for n, op in ops.items() if isinstance(op, Op) and id(op) not in ours}
    if len(own) != 1:
        found = (
            f"defines {', '.join(own)}; say which, as in {path}:{next(iter(own))}" if own else "defines no op; decorate a function with @op"
        )
        raise UnknownOp(f"{path} {found}")
    return next(iter(own.values()))


def _split(spec: str) -> tuple[str | None, str]:
    """The file (or None for the catalogue) and the name (or "" for the file's only op)."""
    if spec.endswith(".py"):
        return spec, ""
    path, colon, name = spec.rpartition(":")
    if not colon:
        return None, name
    if not path.endswith(".py") or not name:
        raise UnknownOp(f'"{spec}" is no op; wanted the name of one, as derive list shows them, or FILE.py:NAME')
    return path, name


def _named(path: str, name: str, values: dict[str, object]) -> Op:
    op = values.get(name)
    if op is None:
        known = [n for n, value in values.items() if isinstance(value, Op)]
        listed = f"; it has {', '.join(known)}" if known else "; it defines no op"
        raise UnknownOp(f'{path} has no "{name}"{closest(name, known) or listed}')
    if not isinstance(op, Op):
        hint = "decorate it with @op" if callable(op) else "wanted a function decorated with @op"
        raise UnknownOp(f"{path}: {name} is {_kind(op)}, not an op; {hint}")
    return op


def _kind(value: object) -> str:
    return "a plain function" if callable(value) else f"a value of type {type(value).__name__}"

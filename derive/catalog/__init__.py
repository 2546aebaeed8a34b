"""The catalogue: every built-in definition as one plain tuple, and the way to a definition by its name or file."""

from __future__ import annotations

from dataclasses import replace

from derive.catalog.activations import ACTIVATIONS
from derive.catalog.adaptive import ADAPTIVE
from derive.catalog.attention import ATTENTION
from derive.catalog.boxes import BOXES
from derive.catalog.classification import CLASSIFICATION
from derive.catalog.convolution import CONVOLUTION
from derive.catalog.curves import CURVES
from derive.catalog.elementary import ELEMENTARY
from derive.catalog.images import IMAGES
from derive.catalog.layers import LAYERS
from derive.catalog.losses import LOSSES
from derive.catalog.networks import NETWORKS
from derive.catalog.normalization import NORMALIZATION
from derive.catalog.optimizers import OPTIMIZERS
from derive.catalog.piecewise import PIECEWISE
from derive.catalog.pooling import POOLING
from derive.catalog.rearranging import REARRANGING
from derive.catalog.recurrent import RECURRENT
from derive.catalog.reductions import REDUCTIONS
from derive.catalog.regions import REGIONS
from derive.catalog.regression import REGRESSION
from derive.catalog.regularizers import REGULARIZERS
from derive.catalog.resampling import RESAMPLING
from derive.catalog.robust import ROBUST
from derive.catalog.schedules import SCHEDULES
from derive.catalog.sequences import SEQUENCES
from derive.catalog.similarity import SIMILARITY
from derive.catalog.userfile import ops_in
from derive.catalog.waves import WAVES
from derive.language.errors import UnknownOp, closest
from derive.language.operation import Op

# fmt: off
SECTIONS = (
    ("activations",    ACTIVATIONS),
    ("curves",         CURVES),
    ("piecewise",      PIECEWISE),
    ("waves",          WAVES),
    ("losses",         LOSSES),
    ("reductions",     REDUCTIONS),
    ("regression",     REGRESSION),
    ("robust",         ROBUST),
    ("classification", CLASSIFICATION),
    ("similarity",     SIMILARITY),
    ("regions",        REGIONS),
    ("boxes",          BOXES),
    ("regularizers",   REGULARIZERS),
    ("normalization",  NORMALIZATION),
    ("images",         IMAGES),
    ("layers",         LAYERS),
    ("convolution",    CONVOLUTION),
    ("pooling",        POOLING),
    ("resampling",     RESAMPLING),
    ("rearranging",    REARRANGING),
    ("attention",      ATTENTION),
    ("recurrent",      RECURRENT),
    ("sequences",      SEQUENCES),
    ("networks",       NETWORKS),
    ("elementary",     ELEMENTARY),
    ("optimizers",     OPTIMIZERS),
    ("adaptive",       ADAPTIVE),
    ("schedules",      SCHEDULES),
)
# fmt: on

CATALOG: tuple[Op, ...] = tuple(replace(op, section=section) for section, ops in SECTIONS for op in ops)
_IMPORTED = {id(op) for _, ops in SECTIONS for op in ops} | {id(op) for op in CATALOG}


def find(name: str) -> Op:
    """The op of the catalogue with that name.

    Raises UnknownOp, with the closest names.

    >>> find("relu").summary
    'The positive part of the input.'
    """
    op = next((op for op in CATALOG if op.name == name), None)
    if op is None:
        near = closest(name, [op.name for op in CATALOG])
        raise UnknownOp(f'no op is called "{name}"{near or "; derive list shows them all"}; an op of your own is FILE.py:NAME')
    return op


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
    own = {n: op for n, op in ops.items() if isinstance(op, Op) and id(op) not in _IMPORTED}
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

"""Known results by other hands (tests/data/golden.json): reading them, calling `reference` on them, and measuring the error.

Their names are other people's names: ALIASES says which function answers each, and how its arguments are called.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parent / "data" / "golden.json"
NORMWISE = 1e-13
ALLOWED_ULPS = 8.5  # 8, and half of one for the rounding of what is known


def nothing(x: np.ndarray) -> tuple[np.ndarray, ...]:
    """No arrays beyond those of the entry."""
    return ()


def unit_affine(x: np.ndarray) -> tuple[np.ndarray, ...]:
    """A scale of 1 and a shift of 0 for each channel of x[N, C, ...]: the norm alone."""
    return np.ones(x.shape[1]), np.zeros(x.shape[1])


@dataclass(frozen=True)
class Alias:
    """The function that answers an entry: its `name`, and the names of the arguments after the `arrays`, which go by keyword.

    `unused` arrays are those that an entry's backward leaves out because no gradient needs them; each is as long as the
    last axis of the cotangent. A `loss` has one number as its value: its backward takes the inputs alone. `filled` gives
    the arrays that an entry leaves out of its forward.
    """

    name: str
    arrays: int = 1
    keywords: tuple[str, ...] = ()
    unused: int = 0
    loss: bool = False
    elementwise: tuple[str, ...] = ()
    filled: Callable[[np.ndarray], tuple[np.ndarray, ...]] = nothing


UNARY = ("forward", "backward")

# fmt: off
ALIASES = {
    "sigmoid":               Alias("sigmoid", elementwise=UNARY),
    "tanh":                  Alias("tanh", elementwise=UNARY),
    "relu":                  Alias("relu", elementwise=UNARY),
    "leaky_relu":            Alias("leaky_relu", elementwise=UNARY),
    "elu":                   Alias("elu", elementwise=UNARY),
    "gelu":                  Alias("gelu", elementwise=UNARY),
    "gelu_tanh":             Alias("gelu_tanh", elementwise=UNARY),
    "selu":                  Alias("selu", elementwise=UNARY),
    "softplus":              Alias("softplus", elementwise=UNARY),
    "silu":                  Alias("silu", elementwise=UNARY),
    "mish":                  Alias("mish", elementwise=UNARY),
    "hardswish":             Alias("hardswish", elementwise=UNARY),
    "softsign":              Alias("softsign", elementwise=UNARY),
    "logsigmoid":            Alias("logsigmoid", elementwise=UNARY),
    "prelu":                 Alias("prelu", 2, elementwise=("forward",)),
    "softmax":               Alias("softmax"),
    "log_softmax":           Alias("log_softmax"),
    "mse":                   Alias("mse", 2, loss=True),
    "mae":                   Alias("mae", 2, loss=True),
    "huber":                 Alias("huber", 2, loss=True),
    "smooth_l1":             Alias("smooth_l1", 2, loss=True),
    "bce":                   Alias("bce", 2, loss=True),
    "hinge":                 Alias("hinge", 2, loss=True),
    "kl_div":                Alias("kl_div", 2, loss=True),
    "cosine_similarity_loss": Alias("cosine_similarity_loss", 2, loss=True),
    "info_nce":              Alias("info_nce", 2, ("temperature",), loss=True),
    "clip":                  Alias("clip_contrastive", 3, loss=True),
    "chamfer":               Alias("chamfer", 2, loss=True),
    "bce_with_logits":       Alias("bce_with_logits", 2, loss=True),
    "softmax_cross_entropy": Alias("cross_entropy", 2, loss=True),
    "batchnorm":             Alias("batch_norm_train", 3, ("eps",), unused=1),
    "layernorm":             Alias("layer_norm", 3, ("eps",), unused=1),
    "groupnorm":             Alias("group_norm_channels", 1, ("groups", "eps"), filled=unit_affine),
    "rmsnorm":               Alias("rms_norm", 2, ("eps",)),
    "linear":                Alias("linear", 3, unused=1),
    "attention":             Alias("attention", 3),
    "sgd_momentum":          Alias("sgd_momentum", 3),
    "adagrad":               Alias("adagrad", 3),
    "rmsprop":               Alias("rmsprop", 3),
    "adam":                  Alias("adam", 5),
    "adamw":                 Alias("adamw", 5),
    "out_size":              Alias("output_size", 2, ("padding", "stride")),
    "transposed_out_size":   Alias("transposed_output_size", 2, ("padding", "stride")),
    "receptive_field":       Alias("receptive_field"),
}
# fmt: on


@dataclass(frozen=True)
class Entry:
    """One known result: forward or backward of `op` on `args`."""

    op: str
    kind: str
    args: tuple[Any, ...]
    expected: tuple[Any, ...]
    note: str = ""
    alias: Alias = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "alias", ALIASES[self.op])

    def __str__(self) -> str:
        return f"{self.op}-{self.kind}{'-tails' if self.note else ''}"


def entries() -> list[Entry]:
    """Every known result, in file order."""
    rows = json.loads(DATA.read_text())
    return [Entry(r["op"], r["kind"], _arrays(r["args"]), _arrays(r["expected"]), r.get("note", "")) for r in rows]


def _arrays(values: list[dict[str, Any]]) -> tuple[Any, ...]:
    return tuple(_array(v) for v in values)


def _array(value: dict[str, Any]) -> Any:
    if "value" in value:
        return value["value"]
    kind = "float" if "float" in value else "int"
    return np.array(value[kind], dtype=np.float64 if kind == "float" else np.int64).reshape(value["shape"])


def answer(entry: Entry, module: Any) -> tuple[Any, ...]:
    """What `module` answers: the results that the entry expects, in its order."""
    call = _backward if entry.kind == "backward" else _forward
    results = call(entry, module)
    results = results if isinstance(results, tuple) else (results,)
    if len(results) < len(entry.expected) or (len(results) > len(entry.expected) and not entry.alias.loss):
        raise AssertionError(f"{entry}: {len(results)} results, {len(entry.expected)} known")
    return results[: len(entry.expected)]


def _forward(entry: Entry, module: Any) -> Any:
    arrays, keywords = _split(entry.alias, entry.args, entry.alias.arrays)
    return getattr(module, entry.alias.name)(*arrays, *entry.alias.filled(arrays[0]), **keywords)


def _backward(entry: Entry, module: Any) -> Any:
    function: Callable[..., Any] = getattr(module, f"{entry.alias.name}_vjp")
    if entry.alias.loss:
        arrays, keywords = _split(entry.alias, entry.args, entry.alias.arrays)
        return function(np.float64(1.0), *arrays, **keywords)
    g, rest = entry.args[0], entry.args[1:]
    arrays, keywords = _split(entry.alias, rest, entry.alias.arrays - entry.alias.unused)
    return function(g, *arrays, *(np.zeros(g.shape[-1]) for _ in range(entry.alias.unused)), **keywords)


def _split(alias: Alias, args: tuple[Any, ...], arrays: int) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return args[:arrays], dict(zip(alias.keywords, args[arrays:], strict=True))


def fault(entry: Entry, results: tuple[Any, ...]) -> str:
    """The first disagreement with what is known, in words, or "" when all results hold."""
    for i, (got, known) in enumerate(zip(results, entry.expected, strict=True)):
        got = np.asarray(got)
        if got.shape != np.shape(known):
            return f"{entry} result {i}: shape {got.shape}, known {np.shape(known)}"
        if np.issubdtype(np.asarray(known).dtype, np.integer):
            found = "" if np.array_equal(got, known) else f"{got} where {known} is known"
        elif entry.kind in entry.alias.elementwise:
            found = _element_fault(entry, got, np.asarray(known))
        else:
            found = _norm_fault(got, np.asarray(known))
        if found:
            return f"{entry} result {i}: {found}"
    return ""


def _element_fault(entry: Entry, got: np.ndarray, known: np.ndarray) -> str:
    error = ulps(got, known)
    worse = np.argwhere(~(error <= ALLOWED_ULPS))
    if not len(worse):
        return ""
    at = tuple(worse[0])
    x = entry.args[-1 if entry.alias.arrays == 1 else 0][at]
    return f"x = {x!r}: got {got[at]!r}, known {known[at]!r}: {error[at]:.3g} ulp, allowed {ALLOWED_ULPS:.3g} ({len(worse)} elements)"


def ulps(got: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The distance in units of the last place of what is known; zeros are equal, and nan is infinitely far from a number."""
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(got - known) / np.spacing(np.abs(known))
    error[got == known] = 0.0
    error[np.isnan(error)] = np.inf
    error[np.isnan(got) & np.isnan(known)] = 0.0
    return error


def _norm_fault(got: np.ndarray, known: np.ndarray) -> str:
    distance, size = np.linalg.norm(got - known), np.linalg.norm(known)
    if distance <= NORMWISE * size:
        return ""
    return f"relative distance {distance / size if size else np.inf:.3g}, allowed {NORMWISE:.3g}"

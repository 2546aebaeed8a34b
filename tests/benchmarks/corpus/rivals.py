"""The tools in use today, run on the same implementations with inputs as a user would choose them.

Each rival says True (it objects), False (it passes) or None (it does not apply).
"""

from __future__ import annotations

import contextlib
import inspect
import io
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from corpus.entry import Entry
from corpus.load import load
from corpus.ops import companion, find, typical
from corpus.twins import twins

Verdict = bool | None


class Raised(Exception):
    """The candidate itself raised: whoever calls it has found it out."""


class NotApplicable(Exception):
    """The rival cannot express this check."""


def rivals() -> dict[str, Callable[[Entry], Verdict]]:
    """Those that are installed, by name."""
    found: dict[str, Callable[[Entry], Verdict]] = {"CS231n": cs231n}
    with contextlib.suppress(ImportError):
        import torch  # noqa: F401

        found = {"gradcheck": gradcheck, "gradcheck fast": gradcheck_fast, "assert_close": assert_close, **found}
    with contextlib.suppress(ImportError):
        import jax  # noqa: F401

        found["jax check_grads"] = check_grads
    return found


def object_to(rival: Callable[[Entry], Verdict], entry: Entry) -> Verdict:
    """What the rival says; a failure of this module's own is told on stderr and counts as not applicable."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return rival(entry)
        except NotApplicable:
            return None
        except Raised:
            return True
        except Exception as error:
            if "Raised" in str(error) or _unfit(error):
                return True
            print(f"{rival.__name__} on {entry.id}: {type(error).__name__}: {str(error)[:300]}", file=sys.stderr)
            return None


def _unfit(error: Exception) -> bool:
    """Whether a framework refused what the candidate returned: its shape or its type."""
    return any(word in str(error) for word in ("shape", "dtype", "size of tensor", "broadcast", "expected type", "must match"))


def _guarded(entry: Entry) -> Callable[..., Any]:
    """The candidate, to be called with the op's inputs in order; what it raises is marked as its own."""
    function, names = load(entry), _names(entry)
    by_name = set(_wanted(function)) == set(names) and not _varies(function)
    default = {p.name: p.default for p in find(entry.op).program.parameters if p.default is not None}
    fixed = {n: float(default[n]) for n in _wanted(function) if n in default} | _defaults(function, default)

    def called(*arrays: Any, **named: Any) -> Any:
        given = {**fixed, **named}
        try:
            result = function(**dict(zip(names, arrays, strict=True)), **given) if by_name else function(*arrays, **given)
        except Exception as error:
            raise Raised(f"{type(error).__name__}: {error}") from error
        return result[0] if isinstance(result, tuple) and len(result) == 1 else result

    return called


def _signature(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return {}


def _wanted(function: Callable[..., Any]) -> list[str]:
    """The arguments without a default."""
    return [n for n, p in _signature(function).items() if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def _varies(function: Callable[..., Any]) -> bool:
    return any(p.kind is p.POSITIONAL_ONLY for p in _signature(function).values())


def _defaults(function: Callable[..., Any], known: Mapping[str, Any]) -> dict[str, float]:
    """The op's own defaults where the function has others."""
    return {n: float(known[n]) for n, p in _signature(function).items() if n in known and p.default not in (p.empty, float(known[n]))}


def _backward(entry: Entry) -> Callable[..., list[Any]]:
    """The candidate as backward(g, *inputs) -> the gradients of the real inputs in order, None where there is none."""
    function, inputs, names = load(entry), _names(entry), _real(entry)
    wanted = _wanted(function)
    strange = [n for n in wanted if n not in inputs]
    order = wanted if len(strange) <= 1 and len(wanted) > len(strange) else (["g", *inputs] if len(wanted) > len(inputs) else inputs)
    takes_seed = len(strange) == 1 or order[0] == "g"

    def called(g: Any, *arrays: Any) -> list[Any]:
        values = dict(zip(inputs, arrays, strict=True))
        try:
            result = function(*(values.get(n, g) for n in order))
        except Exception as error:
            raise Raised(f"{type(error).__name__}: {error}") from error
        several = _by_input(result, names, [n for n in names if n in order])
        return several if takes_seed else [None if d is None else d * g for d in several]

    return called


def _by_input(result: Any, names: Sequence[str], taken: Sequence[str]) -> list[Any]:
    """One gradient or None for each real input: from a dict by name, else in order, of all inputs or of those taken."""
    if isinstance(result, Mapping):
        return [next((result[k] for k in (n, f"d{n}", f"grad_{n}") if k in result), None) for n in names]
    several = list(result) if isinstance(result, (tuple, list)) else [result]
    found = dict(zip(taken if len(several) == len(taken) else names, several, strict=False))
    return [np.array(found[n], order="C") if found.get(n) is not None else None for n in names]


def _companion_backward(entry: Entry) -> Callable[..., list[Any]]:
    function = companion(entry.op, "vjp")

    def called(g: Any, *arrays: Any) -> list[Any]:
        result = function(g, *arrays)
        return list(result) if isinstance(result, tuple) else [result]

    return called


def _pair(entry: Entry) -> tuple[Callable[..., Any], Callable[..., list[Any]]]:
    """A forward and a backward on NumPy arrays: the candidate and a correct companion, as the kind has it."""
    program = find(entry.op).program
    if entry.framework in ("torch", "jax") or program.states or not program.real_inputs:
        raise NotApplicable
    if entry.kind == "forward":
        return _guarded(entry), _companion_backward(entry)
    return companion(entry.op, "value"), _backward(entry)


def _names(entry: Entry) -> list[str]:
    return [i.name for i in find(entry.op).program.inputs]


def _real(entry: Entry) -> list[str]:
    return [i.name for i in find(entry.op).program.real_inputs]


def _copies(x: Mapping[str, Any], names: Sequence[str]) -> Iterator[Any]:
    return (x[n].copy() for n in names)


def _given(entry: Entry, backward: Callable[..., list[Any]], value: Any, x: Mapping[str, Any]) -> list[str]:
    """The inputs that the backward returns a gradient of."""
    d = backward(np.ones_like(np.asarray(value)), *_copies(x, _names(entry)))
    return [n for n, v in zip(_real(entry), d, strict=False) if v is not None]


def _torch_gradcheck(entry: Entry, fast: bool) -> bool:
    import torch

    names, x = _names(entry), typical(entry.op, "float64")
    if len(find(entry.op).program.outputs) > 1:
        raise NotApplicable
    if entry.framework == "torch" and entry.kind == "forward":
        function, given = _guarded(entry), _real(entry)
    else:
        forward, backward = _pair(entry)
        given = _given(entry, backward, forward(*_copies(x, names)), x)

        class Op(torch.autograd.Function):  # type: ignore[misc]
            @staticmethod
            def forward(ctx: Any, *tensors: Any) -> Any:
                ctx.arrays = [t.detach().numpy() for t in tensors]
                return torch.as_tensor(np.asarray(forward(*ctx.arrays)))

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                d = dict(zip(_real(entry), backward(g.numpy(), *ctx.arrays), strict=False))
                return tuple(None if d.get(n) is None else torch.as_tensor(np.asarray(d[n])) for n in names)

        function = Op.apply
    tensors = [torch.tensor(x[n], requires_grad=n in given) for n in names]
    return not torch.autograd.gradcheck(function, tensors, fast_mode=fast, raise_exception=False)


def gradcheck(entry: Entry) -> Verdict:
    """torch.autograd.gradcheck in slow mode, defaults, float64."""
    return _torch_gradcheck(entry, fast=False)


def gradcheck_fast(entry: Entry) -> Verdict:
    """torch.autograd.gradcheck in fast mode, defaults, float64."""
    return _torch_gradcheck(entry, fast=True)


def assert_close(entry: Entry) -> Verdict:
    """torch.testing.assert_close with its defaults against torch's own op, value or gradient, in the entry's dtype."""
    import torch

    twin = twins().get(entry.op)
    if twin is None:
        raise NotApplicable
    x = typical(entry.op, entry.dtypes[-1])
    tensors = {n: torch.tensor(v, requires_grad=n in _real(entry)) for n, v in x.items()}
    wanted = twin(*tensors.values(), **dict(entry.parameters))
    if entry.kind == "forward":
        return _differ([_value(entry, x)], [wanted.detach()])
    g = torch.as_tensor(np.random.default_rng(1).standard_normal(tuple(wanted.shape)).astype(entry.dtypes[-1]))
    expected = torch.autograd.grad(wanted, [tensors[n] for n in _real(entry)], g, allow_unused=True)
    return _differ(_backward(entry)(g.numpy(), *_copies(x, _names(entry))), expected)


def _differ(got: Sequence[Any], expected: Sequence[Any]) -> bool:
    import torch

    for a, b in zip(got, expected, strict=False):
        if a is not None and b is not None:
            try:
                torch.testing.assert_close(torch.as_tensor(np.array(a)), b)
            except AssertionError:
                return True
    return False


def _value(entry: Entry, x: Mapping[str, Any]) -> Any:
    """The candidate's value, called as its framework wants it; a NumPy array comes back."""
    function, arrays = _guarded(entry), list(_copies(x, _names(entry)))
    if entry.framework == "torch":
        import torch

        return function(*(torch.as_tensor(a) for a in arrays), **dict(entry.parameters)).detach().numpy()
    if entry.framework == "jax":
        import jax

        with jax.enable_x64(True):
            return np.asarray(function(*(jax.numpy.asarray(a) for a in arrays), **dict(entry.parameters)))
    return function(*arrays, **dict(entry.parameters))


def cs231n(entry: Entry) -> Verdict:
    """A central difference with step 1e-5 in float64; relative error above 1e-4 objects, as the course's notes have it."""
    forward, backward = _pair(entry)
    if len(find(entry.op).program.outputs) > 1:
        raise NotApplicable
    names, x = _names(entry), typical(entry.op, "float64")
    value = np.asarray(forward(*_copies(x, names)))
    g = np.random.default_rng(1).standard_normal(value.shape)
    for name, given in zip(_real(entry), backward(g.copy(), *_copies(x, names)), strict=False):
        if given is None:
            continue
        numeric = _difference(lambda v, name=name: np.sum(forward(*(v if n == name else x[n].copy() for n in names)) * g), x[name])
        error = np.abs(given - numeric) / np.maximum(1e-8, np.abs(given) + np.abs(numeric))
        if not np.max(error) <= 1e-4:
            return True
    return False


def _difference(f: Callable[[np.ndarray], Any], x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    d = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        d[i] = (f(up) - f(down)) / (2 * h)
    return d


def check_grads(entry: Entry) -> Verdict:
    """jax.test_util.check_grads, reverse mode, first order, defaults, float64."""
    import jax
    from jax.test_util import check_grads as check

    names, x = _names(entry), typical(entry.op, "float64")
    if len(find(entry.op).program.outputs) > 1:
        raise NotApplicable
    with jax.enable_x64(True):
        native = entry.framework == "jax" and entry.kind == "forward"
        function, given = (_guarded(entry), _real(entry)) if native else _jax_function(entry, x)

        def on_reals(*reals: Any) -> Any:
            named = {**x, **dict(zip(given, reals, strict=True))}
            return function(*(named[n] for n in names))

        try:
            check(on_reals, tuple(x[n] for n in given), order=1, modes=("rev",))
        except AssertionError:
            return True
    return False


def _jax_function(entry: Entry, x: Mapping[str, np.ndarray]) -> tuple[Callable[..., Any], list[str]]:
    """The pair as one function that JAX can differentiate, and the inputs that it can with respect to."""
    import jax

    forward, backward = _pair(entry)
    names = _names(entry)
    value = np.asarray(forward(*_copies(x, names)))
    given = _given(entry, backward, value, x)
    shape = jax.ShapeDtypeStruct(value.shape, np.float64)
    shapes = tuple(jax.ShapeDtypeStruct(x[n].shape, np.float64) for n in given)

    def pulled(g: Any, *arrays: Any) -> tuple[np.ndarray, ...]:
        d = dict(zip(_real(entry), backward(np.array(g), *(np.array(a) for a in arrays)), strict=False))
        return tuple(np.asarray(d[n], dtype=np.float64) for n in given)

    @jax.custom_vjp
    def op(*arrays: Any) -> Any:
        return jax.pure_callback(lambda *a: np.asarray(forward(*(np.array(v) for v in a)), dtype=np.float64), shape, *arrays)

    def back(saved: Any, g: Any) -> Any:
        d = dict(zip(given, jax.pure_callback(pulled, shapes, g, *saved), strict=True))
        return tuple(d[n] if n in d else _no_gradient(x[n]) for n in names)

    op.defvjp(lambda *arrays: (op(*arrays), arrays), back)
    return op, given


def _no_gradient(x: np.ndarray) -> Any:
    """JAX's zero for an input: of its own kind for integers."""
    import jax

    return np.zeros_like(x) if np.issubdtype(x.dtype, np.floating) else np.zeros(x.shape, jax.dtypes.float0)

"""What a candidate computes with: NumPy arrays, torch tensors or JAX arrays. No framework is imported unless the candidate uses it."""

from __future__ import annotations

import builtins
import contextlib
import functools
import inspect
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.autograd import Gradients, by_jax, by_torch
from derive.checker.evaluate import CheckError

Array = NDArray[Any]
FRAMEWORKS = ("numpy", "torch", "jax")
DEPTH = 4  # how far calls are followed in search of a framework


@dataclass(frozen=True)
class Adapter:
    """How arrays go in and come out; `dtype` is what the candidate computes in."""

    dtype: str

    name = "numpy"
    flushes = False  # whether subnormal arguments may be taken as zero

    def into(self, x: Array) -> Any:
        """An array as the candidate sees it."""
        return x

    def out(self, x: Any) -> tuple[Array, str]:
        """A result as a NumPy array, and the name of its own dtype. Raises where it is no array."""
        if not isinstance(x, np.ndarray) and hasattr(x, "__dlpack__") and not hasattr(x, "__array__"):
            x = np.from_dlpack(x)
        array = np.asarray(x)
        if array.dtype == object:
            raise ValueError("an array of objects")
        return array, array.dtype.name

    def shares(self, result: Any, given: Any) -> bool:
        """Whether a result uses the memory of an argument."""
        return isinstance(result, np.ndarray) and isinstance(given, np.ndarray) and np.shares_memory(result, given)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Around every call."""
        yield

    def differentiated(self, function: Callable[..., Any]) -> Gradients:
        """The gradients that the framework itself makes of a forward."""
        raise CheckError("NumPy code has no gradient of its own; give a backward")


@dataclass(frozen=True)
class Torch(Adapter):
    """Tensors on the CPU."""

    name = "torch"

    def into(self, x: Array) -> Any:
        """A tensor over the same numbers and strides; bfloat16 where that is asked for."""
        import torch

        x = x if x.flags.writeable else x.copy(order="K")  # a tensor can be written to, whatever it was made from
        tensor = torch.from_numpy(x) if isinstance(x, np.ndarray) and all(s >= 0 for s in x.strides) else torch.tensor(x)
        return tensor.to(torch.bfloat16) if self.dtype == "bfloat16" and tensor.dtype == torch.float32 else tensor

    def out(self, x: Any) -> tuple[Array, str]:
        """Detached; bfloat16 as float32, which holds it exactly."""
        import torch

        if not isinstance(x, torch.Tensor):
            return super().out(x)
        kind = str(x.dtype).removeprefix("torch.")
        x = x.detach().cpu()
        return np.asarray((x.float() if kind == "bfloat16" else x).resolve_conj().resolve_neg().numpy()), kind

    def shares(self, result: Any, given: Any) -> bool:
        """By the memory of their storage."""
        import torch

        if not (isinstance(result, torch.Tensor) and isinstance(given, torch.Tensor)):
            return False
        return bool(result.untyped_storage().data_ptr() == given.untyped_storage().data_ptr() and result.numel() > 0)

    def differentiated(self, function: Callable[..., Any]) -> Gradients:
        """By torch's autograd."""
        return by_torch(function)


@dataclass(frozen=True)
class Jax(Adapter):
    """JAX arrays, in double precision only where that is asked for."""

    name = "jax"
    flushes = True

    def into(self, x: Array) -> Any:
        """A device array; bfloat16 where that is asked for."""
        import jax.numpy as jnp

        array = jnp.asarray(x)
        return array.astype(jnp.bfloat16) if self.dtype == "bfloat16" and array.dtype == jnp.float32 else array

    def out(self, x: Any) -> tuple[Array, str]:
        """bfloat16 as float32."""
        if isinstance(x, (float, int, bool, np.ndarray)):
            return super().out(x)
        kind = str(x.dtype)
        return np.asarray(x.astype("float32") if kind == "bfloat16" else x), kind

    def shares(self, result: Any, given: Any) -> bool:
        """JAX arrays do not change, so that sharing does no harm."""
        return False

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """With 64 bits switched on or off as the dtype needs."""
        import jax

        switch = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
        with switch(self.dtype == "float64"):
            yield

    def differentiated(self, function: Callable[..., Any]) -> Gradients:
        """By jax.vjp."""
        return by_jax(function)


KINDS: dict[str, type[Adapter]] = {"numpy": Adapter, "torch": Torch, "jax": Jax}


def adapter(function: Callable[..., Any], dtype: str, framework: str | None = None) -> Adapter:
    """The adapter that a candidate needs: what is asked for, or what its code uses."""
    name = framework or framework_of(function)
    if name not in KINDS:
        raise CheckError(f"framework {name} is not known; wanted one of {', '.join(FRAMEWORKS)}")
    if name == "numpy" and framework is None and (dtype == "bfloat16" or _beyond_numpy(function)):
        name = next(iter(_imported_beside(function)), name)
    if dtype == "bfloat16" and name == "numpy":
        raise CheckError("NumPy has no bfloat16; a torch or JAX candidate can be checked in it")
    return KINDS[name](dtype)


def framework_of(function: Callable[..., Any]) -> str:
    """The framework that a function belongs to or mentions, following its own helpers; NumPy otherwise."""
    seen: set[int] = set()

    def look(f: Any, depth: int) -> str | None:
        f = inspect.unwrap(f) if callable(f) and not isinstance(f, type) else f
        while isinstance(f, functools.partial):
            f = f.func
        if id(f) in seen or depth > DEPTH:
            return None
        seen.add(id(f))
        for kind in (f, type(f)):
            root = str(getattr(kind, "__module__", "") or "").partition(".")[0]
            if root in ("torch", "jax", "jaxlib", "flax", "optax"):
                return "torch" if root == "torch" else "jax"
        if (torch := sys.modules.get("torch")) and isinstance(f, (torch.nn.Module, torch.jit.ScriptFunction)):
            return "torch"
        code = getattr(getattr(f, "__func__", f), "__code__", None)
        if code is None:
            call = vars(type(f)).get("__call__")
            return look(call, depth + 1) if isinstance(call, types.FunctionType) else None
        return in_code(code, getattr(getattr(f, "__func__", f), "__globals__", {}), f, depth)

    def in_code(code: types.CodeType, space: Mapping[str, Any], f: Any, depth: int) -> str | None:
        cells = {n: c.cell_contents for n, c in zip(code.co_freevars, getattr(f, "__closure__", None) or (), strict=False) if _filled(c)}
        names = [*code.co_names, *code.co_freevars]
        for n in names:
            if n in ("torch", "jax") and n not in cells and n not in space:
                return n
            value = cells.get(n, space.get(n))
            if isinstance(value, types.ModuleType):
                root = value.__name__.partition(".")[0]
                if root in ("torch", "jax"):
                    return root
            elif callable(value) and (found := look(value, depth + 1)):
                return found
        for inner in code.co_consts:
            if isinstance(inner, types.CodeType) and (found := in_code(inner, space, None, depth + 1)):
                return found
        return None

    beside = _imported_beside(function)
    return look(function, 0) or (beside[0] if beside and "numpy" not in beside else "numpy")


def _imported_beside(function: Callable[..., Any]) -> list[str]:
    """What a function's file imports to compute with, frameworks first: its code may use methods alone."""
    space = getattr(inspect.unwrap(function), "__globals__", {})
    roots = {v.__name__.partition(".")[0] for v in space.values() if isinstance(v, types.ModuleType)}
    return [r for r in ("torch", "jax", "numpy") if r in roots]


def _beyond_numpy(function: Callable[..., Any]) -> bool:
    """Whether a function's code, where it names no framework, uses methods that NumPy arrays lack, such as x.clamp(0)."""
    function = inspect.unwrap(function)
    code, space = getattr(function, "__code__", None), getattr(function, "__globals__", {})
    own = [] if code is None or "np" in code.co_names or "numpy" in code.co_names else code.co_names
    return any(not hasattr(np.ndarray, n) and n not in space and not hasattr(builtins, n) for n in own)


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False

"""What a framework makes of a forward when it differentiates it: torch's autograd and jax.vjp, under one signature.

`by_torch(function)` and `by_jax(function)` return `gradients(positional, keywords, places, seeds)`: the arguments of the forward, where
among them (a position or a keyword) each real input stands, by name, and the cotangent of each output; the gradients come by name.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

Places = Mapping[str, int | str]
Gradients = Callable[[list[Any], dict[str, Any], Places, list[Any]], dict[str, Any]]
REFUSAL = "not differentiable"  # what torch says of an argument that one of its functions takes for a constant


@functools.lru_cache(maxsize=8)
def by_torch(function: Callable[..., Any]) -> Gradients:
    """torch's autograd; an argument that torch refuses to differentiate by has no gradient."""
    refused: set[str] = set()

    def gradients(positional: list[Any], keywords: dict[str, Any], places: Places, seeds: list[Any]) -> dict[str, Any]:
        def pull(names: set[str]) -> dict[str, Any]:
            return _pulled_by_torch(function, positional, keywords, {n: p for n, p in places.items() if n in names}, seeds)

        try:
            return pull(set(places) - refused)
        except RuntimeError as error:
            if REFUSAL not in str(error) or refused:
                raise
        refused.update(n for n in places if _refuses(pull, n))
        return pull(set(places) - refused)

    return gradients


def _refuses(pull: Callable[[set[str]], Any], name: str) -> bool:
    try:
        pull({name})
    except RuntimeError as error:
        return REFUSAL in str(error)
    return False


def _pulled_by_torch(
    function: Callable[..., Any], positional: list[Any], keywords: dict[str, Any], places: Places, seeds: list[Any]
) -> dict[str, Any]:
    import torch

    leaves = {p: _argument(positional, keywords, p).detach().requires_grad_() for p in places.values()}
    passed = {p: torch.empty_strided(t.size(), t.stride(), dtype=t.dtype).copy_(t) for p, t in leaves.items()}  # no leaf, as in a network
    args = [passed.get(k, a) for k, a in enumerate(positional)]
    outputs = several(function(*args, **{k: passed.get(k, v) for k, v in keywords.items()}))
    pairs = [(o, s.reshape(o.shape).to(o.dtype)) for o, s in zip(outputs, seeds, strict=True) if o.requires_grad]
    found: tuple[Any, ...] = (None,) * len(leaves)
    if pairs:
        found = torch.autograd.grad([o for o, _ in pairs], list(leaves.values()), [s for _, s in pairs], allow_unused=True)
    return {n: torch.zeros_like(t) if g is None else g for n, t, g in zip(places, leaves.values(), found, strict=True)}


def _argument(positional: list[Any], keywords: dict[str, Any], place: int | str) -> Any:
    return positional[place] if isinstance(place, int) else keywords[place]


def by_jax(function: Callable[..., Any]) -> Gradients:
    """jax.vjp, compiled where the function can be: one program for all of it instead of one for each step."""

    def gradients(positional: list[Any], keywords: dict[str, Any], places: Places, seeds: list[Any]) -> dict[str, Any]:
        import jax

        arrays = {n: v for n, v in keywords.items() if hasattr(v, "shape")}
        plain = tuple((n, v) for n, v in keywords.items() if n not in arrays)
        given = tuple(positional), arrays, tuple(seeds), tuple(places.values()), plain
        try:
            found = _compiled(function)(*given)
        except (jax.errors.JAXTypeError, TypeError, ValueError):  # it asks for numbers that a compiler does not have
            found = _pulled_by_jax(function)(*given)
        return dict(zip(places, found, strict=True))

    return gradients


def _pulled_by_jax(function: Callable[..., Any]) -> Callable[..., Any]:
    def pull(positional: Any, arrays: Any, seeds: Any, spots: tuple[int | str, ...], plain: tuple[tuple[str, Any], ...]) -> Any:
        import jax

        def moved(*leaves: Any) -> tuple[Any, ...]:
            here = dict(zip(spots, leaves, strict=True))
            args = [here.get(k, a) for k, a in enumerate(positional)]
            return several(function(*args, **{n: here.get(n, v) for n, v in arrays.items()}, **dict(plain)))

        outputs, back = jax.vjp(moved, *(positional[p] if isinstance(p, int) else arrays[p] for p in spots))
        return back(tuple(s.reshape(o.shape).astype(o.dtype) for s, o in zip(seeds, outputs, strict=True)))

    return pull


@functools.lru_cache(maxsize=8)
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same, compiled once for all calls of one shape and one setting of the parameters."""
    import jax

    compiled: Callable[..., Any] = jax.jit(_pulled_by_jax(function), static_argnums=(3, 4))
    return compiled


def several(results: Any) -> tuple[Any, ...]:
    """The outputs of a forward in order, however it returns them."""
    if isinstance(results, Mapping):
        return tuple(results.values())
    return tuple(results) if isinstance(results, (tuple, list)) else (results,)

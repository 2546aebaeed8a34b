"""A traced graph run on tensors without numbers, to see the shapes that its nodes make."""

from __future__ import annotations

import copy
import operator
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from derive.network.tracing import Shape

GUESSES = (224, 64, 299, 512, 572, 32, 28)
"""Sizes at which a model is run, without numbers, to see how many channels it has where; nothing else is taken from that."""


Node = Any


Shadows = dict[Any, Any]


Module = Any


def _channels(module: Module, graph: Any) -> Iterator[int]:
    """What layers say about the channels that they read, those next to the inputs first."""
    waiting, seen = [n for n in graph.nodes if n.op == "placeholder"], set()
    for node in waiting:
        if node in seen:
            continue
        seen.add(node)
        target = module.get_submodule(node.target) if node.op == "call_module" else None
        for name in ("in_channels", "num_features", "num_channels"):
            if hasattr(target, name):
                yield int(getattr(target, name))
        weights = [a for a in node.args if node.op == "call_function" and getattr(a, "op", "") == "get_attr"]
        for weight in weights[:1]:
            shape = getattr(operator.attrgetter(weight.target)(module), "shape", ())
            yield from (n * node.kwargs.get("groups", 1) for n in shape[1:2])
        waiting += list(node.users)


def shadows_of(module: Module, graph: Any, size: Sequence[int] | None, ndim: int, channels: int | None) -> tuple[int | None, Shadows]:
    """Every node as a tensor without numbers, as far as torch gets, and the channels that it got there with.

    Without a size, at that guess where it gets furthest. Channels are None if no layer wants any.
    """
    wanted = [channels] if channels is not None else list(dict.fromkeys(islice(_channels(module, graph), 4)))
    best: Shadows = {}
    found = wanted[0] if wanted else None
    for number in wanted + [n for n in (3, 1, 2, 4) if channels is None and n not in wanted]:
        for guess in [tuple(size)] if size is not None else [(n,) * ndim for n in GUESSES]:
            made = _shadow(module, graph, number, guess)
            if len(made) > len(best):
                best, found = made, number if wanted else None
            if len(best) == len(graph.nodes):
                return found, best
    return found, best


def _shadow(module: Module, graph: Any, channels: int, size: Shape) -> Shadows:
    import torch

    found: Shadows = {}

    def given(what: Any) -> Any:
        return torch.fx.node.map_arg(what, lambda node: found[node])

    def made(node: Node) -> Any:
        if node.op == "placeholder":
            return node.args[0] if node.args else torch.empty((1, channels, *size), device="meta")
        if node.op == "get_attr":
            value = operator.attrgetter(node.target)(module)
            return value.to("meta") if isinstance(value, torch.Tensor) else value
        args, kwargs = given(node.args), given(node.kwargs)
        if node.op == "call_module":
            light = copy.deepcopy(module.get_submodule(node.target)).to("meta").eval()
            return light(*args, **kwargs)
        if node.op == "call_method":
            return getattr(type(args[0]), node.target)(*args, **kwargs)
        return None if node.op == "output" else node.target(*args, **kwargs)

    with torch.no_grad():
        for node in graph.nodes:
            try:
                found[node] = made(node)
            except Exception:
                continue  # torch cannot run it at this size, or not what it reads: what follows has no shape
    return found

"""Brute force: which inputs each output of a network reads, by running the index maps on marked positions, one axis at a time.

Every position carries a set of marks, the input positions that reach it, as the bits of a whole number. Sizes are found by sliding windows
until one does not fit. No formula of the rest of derive is used here, and nothing of it imported: this is what it is checked against.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from derive.network.referee_plans import AnyLayer, DoesNotFit, Plan, plan_of, same_position, spread

Marks = list[int]
"""For each position, the input positions that reach it: bit i stands for input position i."""


def marks(net: Any, axis: int, source: str | None = None, shield: bool = True) -> dict[str, Marks]:
    """The marks of every layer along one axis, from one input (the first unless `source` names it) of a network with sizes.

    A gate's second input counts only if not `shield`. Raises DoesNotFit naming the layer.
    """
    source = source or net.inputs[0].name
    found: dict[str, Marks] = {i.name: [(1 << n) * (i.name == source) for n in range(i.size[axis])] for i in net.inputs}
    for each in net.layers:
        entering = [found[name] for name in each.inputs]
        found[each.name] = step(each, axis, entering[:1] if each.op == "gate" and shield else entering)
    return found


def endless(net: Any, axis: int, name: str, output: int, sizes: Mapping[str, int], source: str | None = None) -> frozenset[int]:
    """The input positions that one output of a layer would read if every input went on without borders, padding included.

    `sizes` of all layers (and inputs) are needed where a layer's windows depend on the size that enters.
    """
    wanted: dict[str, set[int]] = {each.name: set() for each in (*net.inputs, *net.layers)}
    wanted[name] = {output}
    for each in reversed(net.layers):
        for read, there in _asked(each, axis, wanted[each.name], sizes):
            wanted[read] |= there
    return frozenset(wanted[source or net.inputs[0].name])


def _asked(each: AnyLayer, axis: int, made: set[int], sizes: Mapping[str, int]) -> Iterable[tuple[str, set[int]]]:
    """What some outputs of a layer read in each of its inputs."""
    if each.op == "stack" and each.axis == axis:
        begin = 0
        for read in each.inputs:
            yield read, {p - begin for p in made if p - begin in range(sizes[read])}
            begin += sizes[read]
        return
    plan = plan_of(each, axis, [sizes[i] for i in each.inputs])
    for read in each.inputs[: 1 if each.op == "crop" else None]:
        repeated = sizes[read] == 1 and (plan.clamps or (plan.outputs > 1 and plan.reads is same_position))
        yield read, {0} if repeated and made else {p for o in made for p in plan.reads(o)}


def positions(mark: int) -> frozenset[int]:
    """The input positions that a mark stands for."""
    return frozenset(i for i in range(mark.bit_length()) if mark >> i & 1)


def step(each: AnyLayer, axis: int, entering: Sequence[Marks]) -> Marks:
    """The marks of one layer from those of its inputs. Raises DoesNotFit."""
    if each.op == "stack" and each.axis == axis:
        return [mark for one in entering for mark in one]
    if each.op in ("conv_transpose", "max_unpool"):
        return _scattered(each, axis, entering[0])
    plan = plan_of(each, axis, [len(one) for one in entering])
    if plan.outputs < 1:
        raise DoesNotFit(f"{each.name}: {each.op} makes nothing of {len(entering[0])} positions")
    together = entering if each.op != "crop" else entering[:1]
    return [_union(mark for one in together for mark in _seen(one, plan, made)) for made in range(plan.outputs)]


def _seen(one: Marks, plan: Plan, made: int) -> Iterable[int]:
    if len(one) == 1 and plan.outputs > 1 and plan.reads is same_position:
        return one  # one position, seen by all
    if plan.clamps:
        return [one[min(max(p, 0), len(one) - 1)] for p in plan.reads(made)]
    return [one[p] for p in plan.reads(made) if 0 <= p < len(one)]


def _union(several: Iterable[int]) -> int:
    result = 0
    for one in several:
        result |= one
    return result


def _scattered(each: AnyLayer, axis: int, one: Marks) -> Marks:
    """Every input is put through every tap; what is taken away at the ends is taken away, what is appended reads nothing."""
    line: dict[int, int] = {}
    for position, mark in enumerate(one):
        for tap in spread(each, axis, position):
            line[tap] = line.get(tap, 0) | mark
    outputs = plan_of(each, axis, [len(one)]).outputs
    if outputs < 1:
        raise DoesNotFit(f"{each.name}: {each.op} makes nothing of {len(one)} positions")
    return [line.get(o, 0) for o in range(outputs)]

"""When a candidate is wrong only under a condition on the sizes: the condition, and the trials to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from derive.checker.diagnosis.evidence import seen
from derive.checker.findings import Trial
from derive.checker.reader import Reader

FEW = 3


def equal_sizes(reader: Reader, name: str, trials: Sequence[Trial]) -> tuple[list[tuple[str, str]], list[Trial]]:
    """Pairs of sizes that are equal in every wrong result, and differ in some right ones; with the wrong ones alone."""
    there = [t for t in trials if name in t.got and t.got[name].size]
    sizes = [_sizes(reader, name, t) for t in there]
    wrong = [bool(t.far[name].any()) for t in there]
    some = [t for t, w in zip(there, wrong, strict=True) if w]
    common = [a for a in sizes[0] if all(a in s for s in sizes)] if sizes else []
    return [pair for pair in combinations(common, 2) if len(some) >= FEW and _decides(*pair, sizes, wrong)], some


def _decides(a: str, b: str, sizes: Sequence[Mapping[str, int]], wrong: Sequence[bool]) -> bool:
    equal = [s[a] == s[b] > 1 for s in sizes]
    right_elsewhere = sum(not e and not w and s[a] != s[b] for e, w, s in zip(equal, wrong, sizes, strict=True))
    only = all(e for e, w in zip(equal, wrong, strict=True) if w)
    return only and right_elsewhere >= FEW and 2 * sum(wrong) >= sum(equal)


def _sizes(reader: Reader, name: str, t: Trial) -> dict[str, int]:
    found = {a: n for a, n in seen(reader, name, t).sizes.items() if a != "all"}
    batch = t.got[name].shape[: t.got[name].ndim - len(_named(reader, name))]
    return found | {f"leading {k}": n for k, n in enumerate(batch)}


def _named(reader: Reader, name: str) -> list[str]:
    owners = reader.program.outputs if reader.reading == "value" else reader.program.real_inputs
    return [a for o in owners if o.name == name for a in o.names if a != "..."]

"""A comparison that never failed has not been checked: bugs planted into derive's own rules are found by the referee."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from network_comparing import differences
from network_random import Case, networks

from derive.network import fields, maps, rules, windows


class FoundError(Exception):
    """What derive says is not what the referee finds."""


WINDOW, TRANSPOSED, SPREAD, LINEAR, HULL = maps.window, maps.transposed, maps.spread, maps.linear_corners, fields.hull
SLICED = rules.RULES["slice"]


def _rule(op: str, **changed: Any) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setitem(rules.RULES, op, replace(rules.RULES[op], **changed))  # type: ignore[arg-type]


def _map(name: str, made: Any) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(maps, name, made)


def _resize(way: tuple[str, bool], made: Any) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setitem(rules.RESIZES, way, made)


def _without_the_last_rule(at: Any, sizes: Any, by: Any) -> Any:
    before, after = windows.padding(at, sizes[0], by)
    return by.windows(sizes[0] + before + after + (at.stride - 1) * at.layer.ceil_mode, at.kernel, at.stride, at.dilation)


# fmt: off
MUTANTS = {
    "the start ignores dilation":        _map("window", lambda k, s, d, before: WINDOW(k, s, d, before if d == 1 else before // d)),
    "previous + kernel":                 _map("window", lambda k, s, d, before: WINDOW(k + 1, s, d, before)),
    "stride for dilation":               _map("window", lambda k, s, d, before: WINDOW(k, s, s, before)),
    "a transposed window is a window":   _map("transposed", lambda forward: forward),
    "blocks of one more":                _map("spread", lambda block: SPREAD(block + 1)),
    "ratio of corners upside down":      _resize(("linear", True), lambda ratio: LINEAR(1 / ratio if ratio else Fraction(0))),
    "ceil mode forgotten":               _rule("max_pool", size=rules.RULES["conv"].size),
    "the last window of ceil mode":      _rule("avg_pool", size=_without_the_last_rule),
    "a slice counts from 0":             _rule("slice", reads=lambda at, *_: maps.shifted(0, at.layer.step[at.axis])),
    "a crop keeps the front":            _rule("crop", reads=lambda at, n, *_: maps.shifted(0)),
    "output padding forgotten":          _rule("conv_transpose", size=lambda at, sizes, by: windows.written(at, sizes, by) - at.extra),
    "branches: the first alone":         lambda patch: patch.setattr(fields, "hull", lambda spans: HULL(spans[:1])),
}
# fmt: on


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_bug_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTANTS[name](monkeypatch)
    quick = settings(max_examples=600, deadline=None, derandomize=True, database=None)

    @settings(quick, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(networks())
    def compare(case: Case) -> None:
        if differences(case):
            raise FoundError

    with pytest.raises(FoundError):
        compare()

"""Random networks: what derive says of them is what brute force finds."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from network_comparing import differences
from network_random import Case, networks

QUICK = settings(max_examples=250, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@QUICK
@given(networks())
def test_along_one_axis(case: Case) -> None:
    assert differences(case) == []


@settings(QUICK, max_examples=60)
@given(networks(ndim=2, most=4))
def test_along_two_axes(case: Case) -> None:
    assert differences(case) == []

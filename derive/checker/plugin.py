"""The pytest plugin: a fixture that checks a function, with a subtest for each kind of input, and a marker for dtypes, a test for each.

Nothing of derive is imported before a test uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "derive_dtypes(*names): run a test that uses derive_check once for each dtype")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each dtype that the marker names."""
    marker = metafunc.definition.get_closest_marker("derive_dtypes")
    if marker is not None and "derive_check" in metafunc.fixturenames:
        metafunc.parametrize("_derive_dtype", marker.args, indirect=True)


@pytest.fixture
def _derive_dtype(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", "float64"))


@pytest.fixture
def _derive_subtests(request: pytest.FixtureRequest) -> Any:
    """The subtests of pytest 9; None before."""
    try:
        return request.getfixturevalue("subtests")
    except pytest.FixtureLookupError:
        return None


@pytest.fixture
def derive_check(_derive_dtype: str, _derive_subtests: Any) -> Callable[..., Any]:
    """`derive_check(function, op, backward=None, **options)`: fails the test with the report, else returns it."""

    def checked(*functions: Any, allow_inaccurate: bool = False, **options: Any) -> Any:
        from derive.checker.candidate import CandidateError
        from derive.checker.check import check

        try:
            report = check(*functions, **{"dtype": _derive_dtype, **options})
        except CandidateError as error:
            pytest.fail(f"cannot be run: {error}", pytrace=False)
        passes = report.passes(allow_inaccurate=allow_inaccurate)
        for name, agreed in report.regimes.items() if _derive_subtests else ():
            with _derive_subtests.test(name):
                if not (agreed or passes):
                    pytest.fail("numbers further off than allowed: the report of the test has the smallest input", pytrace=False)
        if not passes:
            pytest.fail(report.text(), pytrace=False)
        return report

    return checked

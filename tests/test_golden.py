"""The generated package gives the known results: element-wise ops in ulps, the rest to 1e-13 over the whole array."""

from __future__ import annotations

import pytest
from known_values import Entry, answer, entries, fault

import reference


@pytest.mark.parametrize("entry", entries(), ids=str)
def test_known_result_holds(entry: Entry) -> None:
    assert not fault(entry, answer(entry, reference))

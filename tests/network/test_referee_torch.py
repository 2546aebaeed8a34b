"""Single layers against torch: a sample of the settings that tests/benchmarks/geometry_torch.py goes through."""

from __future__ import annotations

import pytest
from network_settings import disagreement, settings

pytest.importorskip("torch")


@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_sizes_errors_and_positions_are_those_of_torch() -> None:
    sample = list(settings())[::37]
    assert len({op for op, _, _ in sample}) == len({op for op, _, _ in settings()})
    assert [(s, found) for s in sample if (found := disagreement(s))] == []

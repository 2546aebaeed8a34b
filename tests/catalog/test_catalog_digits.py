"""A network, its loss and its optimiser, all generated: they learn to read digits, along PyTorch's own path."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sklearn")
sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import mlp_digits as m


def test_generated_code_learns_to_read_digits() -> None:
    began = time.perf_counter()
    x, label, test, test_label = m.digits()
    path = list(m.train(x, label, m.EPOCHS))
    assert m.accuracy(path[0], test, test_label) < 0.5
    assert m.accuracy(path[-1], test, test_label) > m.WANTED_ACCURACY
    assert time.perf_counter() - began < m.WANTED_SECONDS


def test_the_path_is_that_of_pytorch() -> None:
    pytest.importorskip("torch")
    x, label, *_ = m.digits()
    assert m.distance(x, label, m.pytorch, m.STEPS_COMPARED) <= m.WANTED_DISTANCE


def drifting(x: Any, label: Any, epochs: int) -> Iterator[list[Any]]:
    """The same path, except for one weight that is off from the fortieth step on."""
    for step, weights in enumerate(m.train(x, label, epochs)):
        yield [weights[0] + (1e-8 if step >= 40 else 0.0), *weights[1:]]


def test_a_path_that_leaves_it_late_is_seen() -> None:
    x, label, *_ = m.digits()
    assert m.distance(x, label, drifting, 40) == 0
    assert m.distance(x, label, drifting, m.STEPS_COMPARED) > m.WANTED_DISTANCE

"""The referee alone: known answers, nothing of derive imported, and torch's autograd where torch is there."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from network_random import Case, networks

import derive
from derive.network.model import Input, Layer, Network, layer
from derive.network.referee import endless, marks, positions
from derive.network.referee_plans import DoesNotFit

FOLDER = Path(derive.__file__).parent / "network"


@pytest.mark.parametrize("file", ["referee.py", "referee_plans.py", "referee_torch.py"])
def test_it_imports_nothing_else_of_derive(file: str) -> None:
    names = set()
    for node in ast.walk(ast.parse((FOLDER / file).read_text())):
        if isinstance(node, ast.Import):
            names |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(str(node.module))
    ours = {n for n in names if n.split(".")[0] == "derive"}
    assert ours <= {"derive.network.referee_plans"}, ours
    assert {n.split(".")[0] for n in names - ours} <= {"__future__", "collections", "dataclasses", "fractions", "math", "typing", "torch"}


def chain(size: int, *layers: Layer) -> Network:
    return Network(layers, 1, (Input("input", 1, (size,)),))


def one(size: int, op: str, **given: Any) -> list[set[int]]:
    found = marks(chain(size, layer("l", op, ndim=1, **given)), 0)["l"]
    return [set(positions(m)) for m in found]


def test_known_windows() -> None:
    assert one(5, "conv", kernel=3) == [{0, 1, 2}, {1, 2, 3}, {2, 3, 4}]
    assert one(5, "conv", kernel=3, stride=2, padding=1) == [{0, 1}, {1, 2, 3}, {3, 4}]
    assert one(5, "conv", kernel=2, dilation=3, padding=[(-1, 0)]) == [{1, 4}]
    assert one(5, "conv", kernel=2, padding="causal") == [{0}, {0, 1}, {1, 2}, {2, 3}, {3, 4}]
    assert one(4, "conv", kernel=3, stride=2, padding="same") == [{0, 1, 2}, {2, 3}]
    assert one(4, "conv", kernel=3, stride=2, padding="same_lower") == [{0, 1}, {1, 2, 3}]
    assert one(7, "adaptive_avg_pool", output_size=5) == [{0, 1}, {1, 2}, {2, 3, 4}, {4, 5}, {5, 6}]
    assert one(2, "conv_transpose", kernel=3, stride=2) == [{0}, {0}, {0, 1}, {1}, {1}]
    assert one(2, "conv_transpose", kernel=3, stride=2, padding=1, output_padding=1) == [{0}, {0, 1}, {1}, {1}]
    assert one(3, "resize", scale=2, mode="linear") == [{0}, {0, 1}, {0, 1}, {1, 2}, {1, 2}, {2}]
    assert one(4, "slice", start=-3, step=2) == [{1}, {3}]


def test_the_last_window_of_ceil_mode() -> None:
    assert one(5, "max_pool", kernel=2, stride=2, ceil_mode=True) == [{0, 1}, {2, 3}, {4}]
    assert one(5, "max_pool", kernel=3, stride=2, ceil_mode=True) == [{0, 1, 2}, {2, 3, 4}]
    assert one(3, "max_pool", kernel=2, stride=3, padding=1, ceil_mode=True) == [{0}, {2}]  # a third would start in the padding behind


@pytest.mark.parametrize("given", [{"kernel": 6}, {"kernel": 3, "dilation": 3}, {"kernel": 2, "padding": -2}])
def test_what_does_not_fit(given: dict[str, int]) -> None:
    with pytest.raises(DoesNotFit, match=r"^l: conv makes nothing of 5 positions"):
        one(5, "conv", **given)


def test_gridding_and_borders() -> None:
    net = chain(64, *(layer(f"c{n}", "conv", f"c{n - 1}" if n else "input", kernel=3, dilation=2, padding=2, ndim=1) for n in range(3)))
    assert set(positions(marks(net, 0)["c2"][30])) == set(range(24, 37, 2))
    sizes = {name: len(m) for name, m in marks(net, 0).items()}
    assert endless(net, 0, "c2", 0, sizes) == set(range(-6, 7, 2))


@settings(max_examples=50, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(networks(most=4))
def test_autograd_finds_the_same_positions(case: Case) -> None:
    pytest.importorskip("torch")
    from derive.network.referee_torch import NotInTorch, touched

    if case.misfit or sum(map(len, marks(case.net, 0).values())) > 120:
        return
    try:
        found = touched(case.net, 0)
    except NotInTorch:
        return
    assert found == {name: [positions(m) for m in marks(case.net, 0)[name]] for name in found}

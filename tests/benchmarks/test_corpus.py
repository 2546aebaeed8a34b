"""The corpus is well formed: every entry is Python, has a name of its own, and what it claims to be fits together."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from corpus.catalogue import ENTRIES
from corpus.entry import AGREES, CLASSES, PLAIN, forward
from corpus.labels import LABELS
from corpus.ops import find

SIZE = forward("mse", "mean", "def mse(pred, target):\n    return np.mean((pred - target) ** 2)\n")


def test_names_are_unique() -> None:
    assert [name for name, count in Counter(e.id for e in ENTRIES).items() if count > 1] == []


def test_sources_are_unique() -> None:
    same = Counter((e.op, e.kind, e.text, e.dtypes) for e in ENTRIES)
    assert [key[:2] for key, count in same.items() if count > 1] == []


def test_sources_are_python_and_define_the_function() -> None:
    for e in ENTRIES:
        body = ast.parse(e.text).body
        functions = [n.name for n in body if isinstance(n, ast.FunctionDef)]
        values = [t.id for n in body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)]
        assert e.function in (*functions, *values), e.id


def test_every_op_exists() -> None:
    for name in {e.op for e in ENTRIES}:
        assert find(name).name == name


def test_wrong_code_has_class_and_label() -> None:
    for e in ENTRIES:
        assert e.correct or (e.category in CLASSES and e.label in LABELS), e.id


def test_as_many_as_promised() -> None:
    assert sum(not e.correct for e in ENTRIES) >= 250
    assert sum(AGREES in e.verdicts for e in ENTRIES) >= 120
    assert len({(e.op, e.kind) for e in ENTRIES}) >= 40


def test_an_edit_that_does_not_apply_is_an_error() -> None:
    with pytest.raises(ValueError, match="does not stand in the source"):
        SIZE.wrong("x", PLAIN, "factor", ("np.median", "np.sum"))

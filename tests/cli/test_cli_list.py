"""derive list --json: signatures from the definitions, proofs and accuracy from what was built and measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reference
from derive.catalog import CATALOG, find
from derive.catalog.geometry import RECURRENCES
from derive.checker.rules import PROMISE
from derive.commands import list_json
from derive.entries import entries
from derive.facts import facts
from derive.pipeline import readings

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import accuracy

LISTED: dict[str, Any] = {e["name"]: e for e in list_json.listed()["entries"]}
PRINTED = """
import sys
from derive.cli import main
main(["list", "--json"])
print(*sorted({m.split(".")[0] for m in sys.modules} & {"numpy", "sympy", "scipy", "mpmath", "hypothesis"}), file=sys.stderr)
"""


def test_every_entry_is_listed_with_a_count_and_nothing_slow_is_imported() -> None:
    done = subprocess.run([sys.executable, "-c", PRINTED], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["schema"] == "derive.list/2"
    assert [e["name"] for e in found["entries"]] == [e.name for e in entries()]
    assert found["count"] == len(CATALOG) + len(RECURRENCES)
    assert done.stderr.split() == []


@pytest.mark.parametrize("op", CATALOG, ids=lambda op: op.name)
def test_each_reading_has_its_proof_on_record(op: Any) -> None:
    proofs = LISTED[op.name]["proofs"]
    assert list(proofs) == list(readings(op).names)
    assert set(proofs.values()) <= {"A", "B", "C", "-", "none"}
    assert list(LISTED[op.name]["ulps"]) == [r for r in proofs if r in ("value", "vjp")]


@pytest.mark.parametrize("name", ["relu", "gelu", "softmax", "mse", "batch_norm_train", "adam", "linear"])
def test_what_is_on_record_is_what_is_derived(name: str) -> None:
    known, row = facts(find(name)), LISTED[name]
    assert row["proofs"] == known.proofs
    assert {r: u["promised"] for r, u in row["ulps"].items()} == known.promised


def test_eight_ulps_are_promised_of_what_is_element_wise_alone() -> None:
    promised = {name: {u["promised"] for u in e["ulps"].values()} for name, e in LISTED.items()}
    assert promised["gelu"] == promised["sigmoid"] == {PROMISE}
    assert promised["softmax"] == promised["linear"] == promised["adam"] == {None}
    assert promised["output_size"] == {0}


def test_arrays_axes_and_parameters_are_those_of_the_definition() -> None:
    row = LISTED["cross_entropy_smoothed"]
    assert [(i["name"], i["axes"], i["holds"], i["into"]) for i in row["inputs"]] == [
        ("logits", ["N", "C"], "real", None),
        ("label", ["N"], "index", "C"),
    ]
    assert [(p["name"], p["exact"], p["range"]) for p in row["parameters"]] == [("smoothing", "1/10", "a finite number in [0, 1]")]
    assert row["section"] == "classification" and row["source"] == find("cross_entropy_smoothed").source
    assert [a["name"] for a in LISTED["output_size"]["arguments"]] == [a.name for a in RECURRENCES[0].arguments]


@pytest.mark.parametrize("name", ["relu", "softmax", "mse", "sgd_momentum"])
def test_the_dtypes_are_those_that_generated_code_takes(name: str) -> None:
    function, arrays = getattr(reference, name), len(find(name).program.inputs)
    for dtype in LISTED[name]["dtypes"]:
        results = function(*[np.ones((2, 2), dtype)] * arrays)
        assert all(r.dtype == dtype for r in (results if isinstance(results, tuple) else (results,)))
    for dtype in ("int64", "longdouble", "complex128", "bool"):
        with pytest.raises(TypeError, match="wanted float16, float32 or float64"):
            function(*[np.ones((2, 2), dtype)] * arrays)


def test_what_was_never_built_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_json, "REFERENCE", "no_such_package")
    row = list_json.listed()["entries"][0]
    assert row["proofs"] is None and row["ulps"] == {} and row["name"] == "sigmoid"


def test_what_was_measured_is_recorded_by_reading() -> None:
    rows = [
        {"op": "relu", "reading": "value", "ulps_max": 0.0},
        {"op": "relu", "reading": "gradient", "ulps_max": 0.50349},
        {"op": "odd", "reading": "value", "ulps_max": None},
    ]
    found = json.loads(accuracy.record({"passes": True, "rows": rows}))
    assert found["entries"] == {"relu": {"value": 0.0, "vjp": 0.503}, "odd": {"value": None}}

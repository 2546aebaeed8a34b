"""Counterexamples kept on disk, so that a later run can try the same one again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from derive.checker.evaluate import CheckError
from derive.checker.inputs import Sample, laid_out, layout_of


def folder() -> Path:
    """Where cases are kept: derive/cases in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "derive" / "cases"


def identity(s: Sample, reading: str) -> str:
    """A short name for a case: the same for the same numbers."""
    h = hashlib.sha256(reading.encode())
    for name, x in (*s.inputs.items(), *s.cotangents.items()):
        h.update(f"{name}{np.shape(x)}{np.asarray(x).dtype}{layout_of(x)}".encode() + np.ascontiguousarray(x).tobytes())
    h.update(json.dumps(dict(s.parameters), sort_keys=True).encode())
    return h.hexdigest()[:8]


def keep(s: Sample, reading: str) -> str:
    """Store a case and return its name; "" where nothing can be written."""
    name = identity(s, reading)
    arrays: dict[str, Any] = {**{f"input {n}": x for n, x in s.inputs.items()}, **{f"cotangent {n}": x for n, x in s.cotangents.items()}}
    about = {"reading": reading, "parameters": dict(s.parameters), "layouts": {n: layout_of(x) for n, x in arrays.items()}}
    try:
        folder().mkdir(parents=True, exist_ok=True)
        _written(folder() / f"{name}.npz", {"about": np.array(json.dumps(about)), **arrays})
    except OSError:
        return ""
    return name


def _written(path: Path, arrays: Mapping[str, Any]) -> None:
    """The file, whole or not at all."""
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            np.savez(file, **arrays)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def recall(name: str) -> tuple[str, Sample]:
    """The reading and the sample of a kept case. Raises CheckError where there is none of that name."""
    path = folder() / f"{name}.npz"
    if not name.isalnum() or not path.is_file():
        raise CheckError(f"no case {name} is kept in {folder()}; a report that finds one prints its name")
    with np.load(path) as found:
        about = {"layouts": {}, **json.loads(str(found["about"]))}
        arrays = {n: laid_out(found[n], about["layouts"].get(n, "C")) for n in found.files if n != "about"}
    inputs, cotangents = ({n.removeprefix(kind): x for n, x in arrays.items() if n.startswith(kind)} for kind in ("input ", "cotangent "))
    return str(about["reading"]), Sample(inputs, cotangents, about["parameters"])

"""Programs of any language as candidates: arrays go to them and come back in .npz files."""

from __future__ import annotations

import inspect
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from derive.checker.candidate import LIMIT, CandidateError, TooSlow
from derive.language.program import Program


def external(command: str, program: Program, backward: bool = False, limit: float = LIMIT) -> Callable[..., Any]:
    """A function that runs `command` with {in} and {out} replaced by paths of .npz files.

    The input file holds the arrays by name (`g`, or `g_NAME` for each of several outputs, before a backward) and the
    parameters; the output file is to hold the results by name, or in order. Raises CandidateError for a command without {in} and
    {out}, and for one that is not there.
    """
    if "{in}" not in command or "{out}" not in command:
        raise CandidateError(f'the command "{command}" names no {{in}} and {{out}}; wanted such as "./kernel {{in}} {{out}}"')
    if shutil.which(shlex.split(command)[0]) is None:
        raise CandidateError(f"{shlex.split(command)[0]}: no such program")
    seeds = [f"g_{o.name}" if len(program.outputs) > 1 else "g" for o in program.outputs] if backward else []
    names = [*seeds, *(i.name for i in program.inputs)]

    def run(*arrays: Any, **parameters: Any) -> Any:
        with tempfile.TemporaryDirectory(prefix="derive-") as folder:
            given, made = Path(folder, "in.npz"), Path(folder, "out.npz")
            np.savez(given, **dict(zip(names, arrays, strict=True)), **parameters)
            words = [w.replace("{in}", str(given)).replace("{out}", str(made)) for w in shlex.split(command)]
            try:
                done = subprocess.run(words, capture_output=True, timeout=limit, check=False)
            except subprocess.TimeoutExpired:
                raise TooSlow from None
            if done.returncode or not made.is_file():
                said = (done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
                silent = "" if made.is_file() else " and wrote no {out}"
                raise RuntimeError(f"{words[0]} ended with code {done.returncode}{silent}: {said}")
            with np.load(made) as found:
                results = {n: found[n] for n in found.files}
        ordered = all(n.startswith("arr_") for n in results)
        return tuple(results.values()) if ordered else results

    kinds = inspect.Parameter
    positional = [kinds(n, kinds.POSITIONAL_OR_KEYWORD) for n in names]
    keywords = [kinds(p.name, kinds.KEYWORD_ONLY, default=None) for p in program.parameters]
    run.__signature__ = inspect.Signature([*positional, *keywords])  # type: ignore[attr-defined]
    run.__name__ = Path(shlex.split(command)[0]).name
    return run

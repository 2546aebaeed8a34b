"""derive verify."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from multiprocessing import active_children, resource_tracker
from typing import Any

from derive import geometry, pipeline
from derive.catalog.geometry import Recurrence
from derive.checker.table import exit_code, moving_line, table, to_json
from derive.checker.verify import Row, Verification, verify_all
from derive.entries import entries, entry
from derive.language.operation import Op

EACH, ALL = 3.0, 70.0  # seconds of trying inputs for one op, and for all together


def run(arguments: argparse.Namespace) -> int:
    """Verify everything named, and print the table."""
    began = time.perf_counter()
    specs = list(dict.fromkeys(arguments.ops)) or [e.name for e in entries()]
    if arguments.budget is None:
        arguments.budget = min(EACH, ALL / len(specs))
    kinds = {spec: entry(spec) for spec in specs}
    sizes = {spec: len(e.program.lets) for spec, e in kinds.items() if isinstance(e, Op)}
    ops = sorted(sizes, key=lambda spec: -sizes[spec])
    results = dict(zip(ops, _verified(ops, arguments), strict=True))
    found = [recurrence(e, arguments) if isinstance(e, Recurrence) else results[spec] for spec, e in kinds.items()]
    print(to_json(found) if arguments.json else table(found))
    print(f"derive verify: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return exit_code(found)


def _verified(ops: list[str], arguments: argparse.Namespace) -> list[Verification]:
    """The ops, the longest first, so that no process waits for another at the end.

    The work is started from a thread that hears no interrupt, so that its processes hear none; they are ended here.
    """
    workers = min(os.cpu_count() or 1, len(ops))
    job = partial(verify_all, ops, load, generate, budget=arguments.budget, seed=arguments.seed, workers=workers, told=moving_line())
    if workers <= 1:
        return job()
    with ThreadPoolExecutor(1, initializer=_deaf) as deaf:
        work = deaf.submit(job)
        try:
            return work.result()
        except BaseException:
            _end(work)
            raise


def _end(work: Future[list[Verification]]) -> None:
    """End the processes of work that is no longer wanted, also those that are only starting."""
    while not work.done():
        for process in active_children():
            process.kill()
        wait([work], timeout=0.1)


def _deaf() -> None:
    """Let interrupts go to other threads; processes started from this one do not see them.

    The process that tracks semaphores must run before: starting it lets interrupts in again.
    """
    if hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def load(spec: str) -> Op:
    """The op of that name."""
    found = entry(spec)
    assert isinstance(found, Op)
    return found


def generate(op: Op) -> Mapping[str, Any]:
    """The generated functions of an op."""
    return pipeline.generated(op)


def recurrence(r: Recurrence, arguments: argparse.Namespace) -> Verification:
    """The row of a recurrence: its proof, and its function against brute force, which must agree exactly."""
    found = geometry.verify(r, arguments.budget, arguments.seed)
    nothing = None
    row = Row(
        r.name, "value", "A", 0.0, 0.0, "exact", 0.0, nothing, nothing, nothing, found.cases, found.cases, 0, 0, 0,
        found.seconds, found.passed, found.first_mismatch,
    )  # fmt: skip
    return Verification(r.name, (row,))

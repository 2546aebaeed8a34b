"""Work done in a process of its own, so that code which hangs, prints or ends the process does no harm to ours."""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")
LIMIT = 180.0  # seconds without a result after which the process is ended


class Lost(Exception):
    """The process ended, or was ended, without a result; says how."""


def isolated(work: Callable[[], Result], limit: float = LIMIT) -> Result:
    """The result of `work`, done in a forked process that prints nowhere.

    Raises Lost when the process ends without one. Where processes cannot be forked safely (another system, a framework with
    threads already running) the work is done here.
    """
    if not hasattr(os, "fork") or {"torch", "jax"} & set(sys.modules):
        return work()
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work(work, writing)
    os.close(writing)
    try:
        data = _received(reading, time.monotonic() + limit)
        if data is None:
            raise Lost(f"did not finish within {limit:g} s")
    except BaseException:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    finally:
        os.close(reading)
    _, status = os.waitpid(child, 0)
    if not data:
        code = os.waitstatus_to_exitcode(status)
        raise Lost(f"ended the process ({f'exit code {code}' if code >= 0 else signal.Signals(-code).name})")
    outcome, value = pickle.loads(data)
    if outcome == "raised":
        raise value
    result: Result = value
    return result


def _work(work: Callable[[], object], writing: int) -> None:
    """Do the work and send its result; never returns."""
    code = 1
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        try:
            answer: tuple[str, object] = ("returned", work())
        except Exception as error:
            answer = ("raised", error)
        data = pickle.dumps(answer)
        while data:
            data = data[os.write(writing, data) :]
        code = 0
    finally:
        os._exit(code)


def _received(reading: int, deadline: float) -> bytes | None:
    """Everything until the other end closes; None when time runs out."""
    parts: list[bytes] = []
    while True:
        ready, _, _ = select.select([reading], [], [], max(deadline - time.monotonic(), 0))
        if not ready:
            return None
        part = os.read(reading, 1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)

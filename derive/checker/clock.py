"""The clock that budgets are measured by."""

from __future__ import annotations

import time

WAITING = 0.25  # of a second counts for one in which nothing was computed: another program may have had the processor


def now() -> float:
    """Seconds of computing; those of waiting count less, so that a busy machine tries nearly as many inputs as an idle one."""
    return (1 - WAITING) * time.thread_time() + WAITING * time.perf_counter()

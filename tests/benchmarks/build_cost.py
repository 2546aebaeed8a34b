"""What a cold build costs: wall clock, processor seconds and peak memory of `derive build` into an empty folder, and of `import reference`.

python tests/benchmarks/build_cost.py [--every 0.5]

Memory is that of the build and all its workers together, sampled; pages that they share count once where the system says
so (Linux).
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMPORTS = 5  # of which the fastest counts
BUILD = "import sys; from pathlib import Path; from derive.build import build; build(Path(sys.argv[1]))"


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, seconds of processors, and the most memory in MB (0 where the system does not say)."""

    wall: float
    processor: float
    memory: float


def cost(command: list[str], every: float) -> Cost:
    """What a command costs, with every process it starts. Raises CalledProcessError where it fails."""
    before, start, most = _processor(), time.monotonic(), 0.0
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}) as running:
        while running.poll() is None:
            with suppress(OSError):  # a process that ended meanwhile
                most = max(most, sum(_memory(p) for p in family(running.pid)))
            time.sleep(every)
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, command)
    return Cost(time.monotonic() - start, _processor() - before, most)


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def family(process: int) -> Iterator[int]:
    """A process and all that descend from it."""
    yield process
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        for child in _text(task).split():
            yield from family(int(child))


def _memory(process: int) -> float:
    found = re.search(r"^Pss:\s+(\d+) kB", _text(Path(f"/proc/{process}/smaps_rollup")), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=float, default=0.5, help="seconds between two looks at memory")
    every = parser.parse_args().every
    with tempfile.TemporaryDirectory() as folder:
        built = cost([sys.executable, "-c", BUILD, folder], every)
    loaded = min((cost([sys.executable, "-c", "import reference"], 0.005) for _ in range(IMPORTS)), key=lambda c: c.wall)
    print(f"{'':18}{'wall':>10}{'processor':>12}{'memory':>10}")
    for name, c in (("build", built), ("import reference", loaded)):
        print(f"{name:18}{c.wall:8.2f} s{c.processor:10.2f} s{c.memory:7.0f} MB")


if __name__ == "__main__":
    main()

"""What generated gradients of convolutions and pooling cost beside PyTorch's: processor seconds and the peak of memory.

python tests/benchmarks/convolution.py [--op conv2d] [--folder DIR] [--repeat 3]

Batch 8, 64 channels in and out, images of 56 x 56, float64, one thread. The generated package is read from DIR (the checkout), so
that an older one can be measured by the same program. PyTorch's peak is not measured: its memory is not Python's.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

Arrays = tuple[Any, ...]


@dataclass(frozen=True)
class Row:
    """An op with the shapes of its arrays, its parameters, and the same in PyTorch."""

    op: str
    shapes: tuple[tuple[int, ...], ...]
    parameters: dict[str, int]
    torch: Callable[..., Any]


X, WINDOW = (8, 64, 56, 56), {"stride": 2, "padding": 1}
# fmt: off
ROWS = (
    Row("conv2d",           (X, (64, 64, 3, 3)), WINDOW,                        lambda x, w: F.conv2d(x, w, None, 2, 1)),
    Row("conv2d_groups",    (X, (64, 16, 3, 3)), {**WINDOW, "groups": 4},       lambda x, w: F.conv2d(x, w, None, 2, 1, 1, 4)),
    Row("conv2d_depthwise", (X, (64, 3, 3)),     WINDOW,                        lambda x, w: F.conv2d(x, w[:, None], None, 2, 1, 1, 64)),
    Row("max_pool2d",       (X,),                {"kernel": 2, "stride": 2},    lambda x: F.max_pool2d(x, 2, 2)),
    Row("avg_pool2d",       (X,),                {**WINDOW, "kernel": 3},       lambda x: F.avg_pool2d(x, 3, 2, 1)),
)
# fmt: on


def seconds(run: Callable[[], object], repeat: int) -> float:
    """The least processor time of a few calls."""
    best = float("inf")
    for _ in range(repeat):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return best


def peak(run: Callable[[], object]) -> float:
    """The most memory that a call holds beside its arguments, in MB."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def measured(row: Row, repeat: int) -> str:
    """The line of the table for one op: its gradient in both, after a comparison of the two."""
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape) for shape in row.shapes]
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    y = row.torch(*tensors)
    g = rng.normal(size=tuple(y.shape))
    own = getattr(import_module("reference"), f"{row.op}_vjp")

    def theirs() -> Arrays:
        return torch.autograd.grad(y, tensors, torch.tensor(g), retain_graph=True)

    def ours() -> Arrays:
        found = own(g, *arrays, **row.parameters)
        return found if isinstance(found, tuple) else (found,)

    apart = max(float(np.abs(a - b.numpy()).max()) for a, b in zip(ours(), theirs(), strict=True))
    mine, other = seconds(ours, repeat), seconds(theirs, repeat)
    return f"{row.op:18}{1000 * mine:10.0f}{1000 * other:10.0f}{mine / other:8.1f}{peak(ours):10.0f}{apart:12.0e}"


def main() -> None:
    """One line an op."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--op", choices=[row.op for row in ROWS])
    parser.add_argument("--folder", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--repeat", type=int, default=3)
    chosen = parser.parse_args()
    sys.path[:0] = [str(chosen.folder)]
    torch.set_num_threads(1)
    print(f"{'gradient of':18}{'ms':>10}{'torch ms':>10}{'ratio':>8}{'peak MB':>10}{'apart':>12}")
    for row in ROWS:
        if chosen.op in (None, row.op):
            print(measured(row, chosen.repeat), flush=True)


if __name__ == "__main__":
    main()

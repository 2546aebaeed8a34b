"""What depth costs: processor seconds to derive networks of 1, 2, 4, ... equal blocks, each network one definition.

python tests/benchmarks/depth.py [--block dense] [--most 64] [--limit 120] [--profile DEPTH]
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import inspect
import pstats
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass, field
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from derive.catalog.activations import gelu, relu  # noqa: E402
from derive.catalog.attention import multi_head_attention  # noqa: E402
from derive.catalog.layers import linear  # noqa: E402
from derive.catalog.normalization import layer_norm  # noqa: E402
from derive.language import Real, op  # noqa: E402
from derive.language.errors import DeriveError  # noqa: E402
from derive.language.operation import Op  # noqa: E402


@op
def dense(x: Real["N I"], w: Real["O I"], b: Real["O"]):
    """A layer and its activation."""
    return relu(linear(x, w, b))


@op
def residual(x: Real["N D"], gamma: Real["D"], beta: Real["D"], w: Real["F D"], b: Real["F"], v: Real["D F"], c: Real["D"]):
    """A small network of a normalised input, beside a shortcut."""
    return x + linear(relu(linear(layer_norm(x, gamma, beta), w, b)), v, c)


@op
def transformer(
    x: Real["N L D"], gamma1: Real["D"], beta1: Real["D"], wq: Real["H K D"], wk: Real["H K D"], wv: Real["H K D"], wo: Real["D H K"],
    gamma2: Real["D"], beta2: Real["D"], w: Real["F D"], b: Real["F"], v: Real["D F"], c: Real["D"],
):  # fmt: skip
    """Attention and a small network, each of a normalised input and beside a shortcut."""
    h = x + multi_head_attention(layer_norm(x, gamma1, beta1), wq, wk, wv, wo)
    return h + linear(gelu(linear(layer_norm(h, gamma2, beta2), w, b)), v, c)


@dataclass(frozen=True)
class Stack:
    """Networks of equal blocks, and the axes of a block that have a width of their own in each layer."""

    block: Op
    widths: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """That of the block."""
        return self.block.name

    def network(self, depth: int) -> Op:
        """The network of that many blocks, as one definition."""
        first, *weights = self.block.program.inputs

        def network(x: Any, *arrays: Any) -> Any:
            for k in range(0, len(arrays), len(weights)):
                x = self.block(x, *arrays[k : k + len(weights)])
            return x

        arrays = {"x": self._axes(first.names, 1)} | {f"{i.name}_{k}": self._axes(i.names, k) for k in range(1, depth + 1) for i in weights}
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        network.__signature__ = inspect.Signature([inspect.Parameter(n, kind, annotation=Real[a]) for n, a in arrays.items()])  # type: ignore
        network.__doc__ = f"{depth} blocks, one after another."
        return op(network)

    def _axes(self, names: tuple[str, ...], layer: int) -> str:
        return " ".join(self.widths.get(a, a).format(into=layer - 1, out=layer) for a in names)


STACKS = (Stack(dense, {"I": "D{into}", "O": "D{out}"}), Stack(residual), Stack(transformer))
STAGES = ("definition", "gradient", "code")


def stages(network: Op) -> Iterator[Callable[[], object]]:
    """The gradient with its proofs, then the stable code of value and gradient."""
    from derive.codegen.docstring import FunctionDoc, formulas
    from derive.codegen.module import module_source
    from derive.pipeline import readings, stable

    programs = [network.program]
    yield lambda: programs.append(readings(network).program("vjp"))
    yield lambda: module_source([(stable(p), FunctionDoc(network.summary, "", formulas(p))) for p in programs], network.summary)


def seconds(name: str, depth: int) -> list[float]:
    """Of each stage, in a process in which nothing has been derived before."""
    gc.set_threshold(200_000, 20, 100)
    began = time.process_time()
    network = _stack(name).network(depth)
    found = [time.process_time() - began]
    for stage in stages(network):
        began = time.process_time()
        stage()
        found.append(time.process_time() - began)
    return found


def _stack(name: str) -> Stack:
    return next(s for s in STACKS if s.name == name)


def within(limit: float, name: str, depth: int) -> list[float] | str:
    """The seconds, measured in a process of its own; in words, why there are none."""
    pool = ProcessPoolExecutor(1, get_context("spawn"))
    try:
        return pool.submit(seconds, name, depth).result(limit)
    except TookTooLong:
        for process in active_children():
            process.kill()
        return f"more than {limit:g} s"
    except DeriveError as error:
        return f"{type(error).__name__}: {error}"
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def profile(name: str, depth: int) -> None:
    """Where the time goes: the functions that take the most, alone and with what they call."""
    network = _stack(name).network(depth)
    profiler = cProfile.Profile()
    for stage in stages(network):
        profiler.runcall(stage)
    statistics = pstats.Stats(profiler)
    statistics.sort_stats("tottime").print_stats(25)
    statistics.sort_stats("cumtime").print_stats(50)


def grow(name: str, most: int, limit: float) -> None:
    """A row for each depth, until one takes too long."""
    print(f"{name}\n  blocks  {'  '.join(f'{s:>10}' for s in STAGES)}  {'seconds':>8}  ratio")
    last, depth = 0.0, 1
    while depth <= most:
        found = within(limit, name, depth)
        if isinstance(found, str):
            print(f"  {depth:>6}  {found}", flush=True)
            return
        total = sum(found)
        ratio = f"{total / last:5.2f}" if last else ""
        print(f"  {depth:>6}  {'  '.join(f'{s:10.2f}' for s in found)}  {total:8.2f}  {ratio}", flush=True)
        last, depth = total, 2 * depth


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--block", action="append", choices=[s.name for s in STACKS], help="may be repeated (default: all)")
    parser.add_argument("--most", type=int, default=64, metavar="N", help="blocks (default 64)")
    parser.add_argument("--limit", type=float, default=120, metavar="S", help="seconds after which a network is given up (default 120)")
    parser.add_argument("--profile", type=int, metavar="N", help="profile networks of N blocks instead")
    arguments = parser.parse_args()
    for name in arguments.block or [s.name for s in STACKS]:
        if arguments.profile:
            profile(name, arguments.profile)
        else:
            grow(name, arguments.most, arguments.limit)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A network trained with generated code alone on scikit-learn's digits: its accuracy, and how far it strays from PyTorch's steps.

python tests/benchmarks/mlp_digits.py    (wants scikit-learn; compares with PyTorch where that is installed)
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from derive.catalog import find  # noqa: E402
from derive.catalog.activations import relu  # noqa: E402
from derive.catalog.layers import linear  # noqa: E402
from derive.catalog.losses import cross_entropy  # noqa: E402
from derive.language import Index, Real, op  # noqa: E402
from derive.pipeline import generated  # noqa: E402

Array = NDArray[Any]
PIXELS, HIDDEN, CLASSES = 64, 64, 10
RATE, BATCH, EPOCHS = 0.005, 64, 30
STEPS_COMPARED = 50
WANTED_ACCURACY, WANTED_SECONDS, WANTED_DISTANCE = 0.95, 30.0, 1e-9


@op
def scores(x: Real["N D"], w1: Real["H D"], b1: Real["H"], w2: Real["C H"], b2: Real["C"]):
    """How much each image looks like each digit."""
    return linear(relu(linear(x, w1, b1)), w2, b2)


@op
def error(x: Real["N D"], w1: Real["H D"], b1: Real["H"], w2: Real["C H"], b2: Real["C"], label: Index["N -> C"]):
    """The loss of the scores."""
    return cross_entropy(scores(x, w1, b1, w2, b2), label)


def digits() -> tuple[Array, Array, Array, Array]:
    """Images and labels to train with, then those to test with: a quarter of all."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    x, label = load_digits(return_X_y=True)
    train, test, train_label, test_label = train_test_split(x / 16, label, test_size=0.25, random_state=0, stratify=label)
    return train, train_label, test, test_label


def initial() -> list[Array]:
    """Weights as He et al. draw them; no biases."""
    r = np.random.default_rng(0)
    first, second = r.normal(size=(HIDDEN, PIXELS)), r.normal(size=(CLASSES, HIDDEN))
    return [first * np.sqrt(2 / PIXELS), np.zeros(HIDDEN), second * np.sqrt(2 / HIDDEN), np.zeros(CLASSES)]


def batches(count: int, epochs: int) -> Iterator[Array]:
    """The positions of each batch."""
    r = np.random.default_rng(1)
    for _ in range(epochs):
        order = r.permutation(count)
        yield from (order[k : k + BATCH] for k in range(0, count - BATCH + 1, BATCH))


def train(x: Array, label: Array, epochs: int) -> Iterator[list[Array]]:
    """The weights after each step, by generated code alone."""
    gradient, step = generated(error)["error_vjp"], generated(find("adam"))["adam"]
    weights = initial()
    states = [(np.zeros_like(w), np.zeros_like(w)) for w in weights]
    for t, batch in enumerate(batches(len(x), epochs), 1):
        _, *grads = gradient(1.0, x[batch], *weights, label[batch])
        moved = [step(w, g, *s, t, rate=RATE) for w, g, s in zip(weights, grads, states, strict=True)]
        weights, states = [m[0] for m in moved], [m[1:] for m in moved]
        yield weights


def pytorch(x: Array, label: Array, epochs: int) -> Iterator[list[Array]]:
    """The weights after each step, by PyTorch's own functions, differentiation and optimiser."""
    import torch
    from torch.nn import functional

    weights = [torch.from_numpy(w).requires_grad_() for w in initial()]
    adam = torch.optim.Adam(weights, lr=RATE)
    images, labels = torch.from_numpy(x), torch.from_numpy(label)
    w1, b1, w2, b2 = weights
    for batch in batches(len(x), epochs):
        adam.zero_grad()
        hidden = functional.relu(functional.linear(images[batch], w1, b1))
        functional.cross_entropy(functional.linear(hidden, w2, b2), labels[batch]).backward()  # type: ignore[no-untyped-call]
        adam.step()
        yield [w.detach().numpy().copy() for w in weights]


def distance(x: Array, label: Array, theirs: Callable[[Array, Array, int], Iterator[list[Array]]], steps: int) -> float:
    """The largest difference of any weight over the first steps."""
    both = zip(range(steps), train(x, label, EPOCHS), theirs(x, label, EPOCHS), strict=False)
    return max(float(np.max(np.abs(a - b))) for _, ours, other in both for a, b in zip(ours, other, strict=True))


def accuracy(weights: list[Array], x: Array, label: Array) -> float:
    """The share of images whose digit has the highest score."""
    return float(np.mean(generated(scores)["scores"](x, *weights).argmax(1) == label))


def main() -> int:
    began = time.perf_counter()
    x, label, test, test_label = digits()
    *_, weights = train(x, label, EPOCHS)
    right, seconds = accuracy(weights, test, test_label), time.perf_counter() - began
    print(f"{len(x)} images, {EPOCHS} epochs, {seconds:.1f} s with deriving: {100 * right:.1f} % of {len(test)} unseen images right")
    passes = right > WANTED_ACCURACY and seconds < WANTED_SECONDS
    if find_spec("torch"):
        apart = distance(x, label, pytorch, STEPS_COMPARED)
        print(f"largest difference of a weight from PyTorch's over {STEPS_COMPARED} steps: {apart:.1e}")
        passes = passes and apart <= WANTED_DISTANCE
    return 0 if passes else 1


if __name__ == "__main__":
    sys.exit(main())

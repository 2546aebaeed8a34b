"""Optimisers and schedules against PyTorch's, step by step: 100 steps in float64, from the same weights along the same gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from derive.catalog import find
from derive.pipeline import generated

torch = pytest.importorskip("torch")

STEPS = 100
RELATIVE = 1e-12


@dataclass(frozen=True)
class Row:
    """A step function, PyTorch's optimiser with the same options, and where its states begin other than at 0."""

    name: str
    theirs: str
    options: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    starts: dict[str, float] = field(default_factory=dict)
    relative: float = RELATIVE

    def __str__(self) -> str:
        return f"{self.name}-{self.theirs}"


ADAM = {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-5}
LIKE_ADAM = {"rate": 0.02, "beta1": 0.8, "beta2": 0.95, "eps": 1e-5}

# fmt: off
ROWS = (
    Row("gradient_descent",    "SGD",      {"lr": 0.05}, {"rate": 0.05}),
    Row("sgd_l2",              "SGD",      {"lr": 0.05, "weight_decay": 0.1}, {"rate": 0.05, "decay": 0.1}),
    Row("sgd_momentum",        "SGD",      {"lr": 0.05, "momentum": 0.8}, {"rate": 0.05, "momentum": 0.8}),
    Row("sgd_momentum_inside", "SGD",      {"lr": 0.05, "momentum": 0.8}, {"rate": 0.05, "momentum": 0.8}),
    Row("nesterov",            "SGD",      {"lr": 0.05, "momentum": 0.8, "nesterov": True}, {"rate": 0.05, "momentum": 0.8}),
    Row("sgd_dampened",        "SGD",      {"lr": 0.05, "momentum": 0.8, "dampening": 0.3},
        {"rate": 0.05, "momentum": 0.8, "dampening": 0.3}),
    Row("adagrad",             "Adagrad",  {"lr": 0.05}, {"rate": 0.05}),
    Row("adagrad",             "Adagrad",  {"lr": 0.05, "initial_accumulator_value": 0.3}, {"rate": 0.05}, {"total": 0.3}),
    Row("adagrad_decayed",     "Adagrad",  {"lr": 0.05, "lr_decay": 0.02}, {"rate": 0.05, "fall": 0.02}),
    Row("rmsprop",             "RMSprop",  {"lr": 0.05, "alpha": 0.9}, {"rate": 0.05, "decay": 0.9}),
    Row("rmsprop_centered",    "RMSprop",  {"lr": 0.05, "alpha": 0.9, "centered": True}, {"rate": 0.05, "decay": 0.9}),
    Row("rmsprop_momentum",    "RMSprop",  {"lr": 0.05, "alpha": 0.9, "momentum": 0.7}, {"rate": 0.05, "decay": 0.9, "momentum": 0.7}),
    Row("adadelta",            "Adadelta", {"lr": 0.7, "rho": 0.8}, {"rate": 0.7, "decay": 0.8}),
    Row("rprop",               "Rprop",    {"lr": 0.03}, {}, {"width": 0.03}),
    Row("rprop",               "Rprop",    {"lr": 0.03, "etas": (0.4, 1.3), "step_sizes": (0.01, 0.2)},
        {"shrink": 0.4, "grow": 1.3, "least": 0.01, "most": 0.2}, {"width": 0.03}),
    Row("adam",                "Adam",     ADAM, LIKE_ADAM),
    Row("adam_l2",             "Adam",     {**ADAM, "weight_decay": 0.1}, {**LIKE_ADAM, "decay": 0.1}),
    Row("adamw",               "AdamW",    {**ADAM, "weight_decay": 0.1}, {**LIKE_ADAM, "decay": 0.1}),
    Row("adamw_fixed_decay",   "AdamW",    {**ADAM, "weight_decay": 0.1}, {**LIKE_ADAM, "decay": 0.002}),
    Row("amsgrad",             "Adam",     {**ADAM, "amsgrad": True}, LIKE_ADAM),
    Row("adamax",              "Adamax",   ADAM, LIKE_ADAM),
    Row("nadam",               "NAdam",    ADAM, LIKE_ADAM, {"left": 1.0}, 1e-6),  # PyTorch keeps the product in float32
    Row("asgd",                "ASGD",     {"lr": 0.05, "lambd": 0.01, "alpha": 0.6}, {"rate": 0.05, "decay": 0.01, "power": 0.6},
        {}, 1e-6),  # its rate, too
    Row("radam",               "RAdam",    ADAM, LIKE_ADAM),
)
# fmt: on


def gradient(w: Any, t: int) -> Any:
    """That of a bowl whose centre moves, so that signs change."""
    return (w - np.sin(0.3 * t + np.arange(w.size))) * np.linspace(0.5, 2, w.size)


def ours(row: Row, w: Any) -> list[Any]:
    """The weights after each step of generated code."""
    step, program = generated(find(row.name))[row.name], find(row.name).program
    states = {
        s: np.full((() if not i.names else w.shape), row.starts.get(s, 0.0)) for i in program.inputs for s in [i.name] if i.dtype == "state"
    }
    counts = [i.name for i in program.inputs if i.dtype == "count"]
    path = []
    for t in range(1, STEPS + 1):
        results = step(w, gradient(w, t), *states.values(), *(t for _ in counts), **row.parameters)
        w, *new = results if isinstance(results, tuple) else (results,)
        states = dict(zip(states, new, strict=True))
        path.append(w)
    return path


def pytorch(row: Row, w: Any) -> list[Any]:
    """The weights after each step of PyTorch's optimiser."""
    tensor = torch.from_numpy(w.copy()).requires_grad_()
    optimizer = getattr(torch.optim, row.theirs)([tensor], **row.options)
    path = []
    for t in range(1, STEPS + 1):
        tensor.grad = torch.from_numpy(gradient(tensor.detach().numpy(), t))
        optimizer.step()
        path.append(tensor.detach().numpy().copy())
    return path


def test_the_average_of_asgd_begins_where_pytorchs_does() -> None:
    w, average = np.linspace(-2, 3, 7), np.zeros(7)
    tensor = torch.from_numpy(w.copy()).requires_grad_()
    optimizer = torch.optim.ASGD([tensor], lr=0.05, t0=10)
    step = generated(find("asgd"))["asgd"]
    for t in range(1, 31):
        tensor.grad = torch.from_numpy(gradient(tensor.detach().numpy(), t))
        optimizer.step()
        w, average = step(w, gradient(w, t), average, t, rate=0.05, start=10)
    np.testing.assert_allclose(average, optimizer.state[tensor]["ax"].numpy(), rtol=1e-6)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_hundred_steps_are_those_of_pytorch(row: Row) -> None:
    w = np.linspace(-2, 3, 7)
    for t, (a, b) in enumerate(zip(ours(row, w), pytorch(row, w), strict=True), 1):
        np.testing.assert_allclose(a, b, rtol=row.relative, atol=row.relative, err_msg=f"step {t}")


def rates(scheduler: Callable[[Any], Any]) -> list[float]:
    """PyTorch's rate at the first steps, from a rate of 0.5."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    schedule = scheduler(optimizer)
    found = []
    for _ in range(25):
        found.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return found


S = torch.optim.lr_scheduler
SCHEDULES = (
    ("step_decay", {"factor": 0.3, "every": 7}, lambda o: S.StepLR(o, 7, 0.3)),
    ("exponential_decay", {"factor": 0.9}, lambda o: S.ExponentialLR(o, 0.9)),
    ("polynomial_decay", {"steps": 20, "power": 2}, lambda o: S.PolynomialLR(o, 20, 2)),
    ("inverse_time_decay", {"decay": 0.2}, lambda o: S.LambdaLR(o, lambda k: 1 / (1 + 0.2 * k))),
    ("linear_warmup", {"steps": 10}, lambda o: S.LambdaLR(o, lambda k: min((k + 1) / 10, 1))),
)


@pytest.mark.parametrize(("name", "parameters", "theirs"), SCHEDULES, ids=[s[0] for s in SCHEDULES])
def test_rates_are_those_of_pytorch(name: str, parameters: dict[str, float], theirs: Callable[[Any], Any]) -> None:
    rate = generated(find(name))[name]
    np.testing.assert_allclose([rate(t, rate=0.5, **parameters) for t in range(1, 26)], rates(theirs), rtol=RELATIVE, atol=1e-15)


def test_cosine_decay_is_pytorchs_until_it_ends() -> None:
    rate = generated(find("cosine_decay"))["cosine_decay"]
    theirs = rates(lambda o: S.CosineAnnealingLR(o, 24, 0.1))
    np.testing.assert_allclose([rate(t, rate=0.5, least=0.1, steps=24) for t in range(1, 26)], theirs, rtol=RELATIVE)

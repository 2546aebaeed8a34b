"""Which calls to try: a fixed plan for certainty, then Hypothesis for surprise, within a budget of seconds."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np

from derive.checker.contract import Contract, into_domain
from derive.checker.evaluate import frame
from derive.checker.inputs import LAYOUTS, SHAPES, Case, Sample, setting
from derive.checker.regimes import REGIMES

Try = Callable[[Case], bool]  # whether the case shows a disagreement
LEAST = 16  # calls that are made however slow the machine is
ELEMENTWISE = ("plain", "edges", "wide", "special", "ties", "zeros", "small", "tiny", "large")


class _Found(Exception):
    """A case that disagrees; private, so that nothing else is mistaken for it."""


def plan(c: Contract, seed: int) -> Iterator[Case]:
    """Every regime at an odd shape first, then other shapes, layouts and parameters, most telling first."""
    regimes = ELEMENTWISE if c.elementwise else tuple(REGIMES)
    main = "long last" if c.elementwise else "odd"
    yield Case(main, "plain", 0, "C", seed)
    yield Case("square", "plain", 0, "C", seed + 50)
    for k, regime in enumerate(regimes[1:]):
        yield Case(main, regime, 0, LAYOUTS[k % 3], seed + k)
    for k, shape in enumerate(("one", "square", "long first", "long last", "odd")):
        for j, regime in enumerate(("plain", "ties", "special")):
            yield Case(shape, regime, (k + j) % 3, LAYOUTS[(k + j) % 3], seed + 100 + 10 * k + j)
    for variant in (1, 2):
        for k, regime in enumerate(regimes):
            yield Case("odd" if k % 2 else "square", regime, variant, LAYOUTS[(k + 1) % 3], seed + 200 + 20 * variant + k)


def grid(c: Contract, dtype: str, seed: int) -> Iterator[Sample]:
    """Every exponent of the dtype in both signs with random significands, one real input after another, the others
    plain; then a fine walk over the range where most of the curvature lies."""
    info = np.finfo(dtype)
    low, high = int(np.log2(float(info.smallest_subnormal))) if dtype != "float64" else -1074, int(info.maxexp)
    rng = np.random.default_rng(seed)
    exponents = np.arange(low, high)
    line = np.ldexp(rng.uniform(1, 2, 2 * len(exponents)), np.concatenate([exponents, exponents])) * np.repeat([1, -1], len(exponents))
    fine = np.arange(-24, 24, 1 / 16) + rng.uniform(0, 1 / 16, 768)
    for name, domain in c.domains.items():
        for values in (line, fine):
            yield _along(c, name, into_domain(values, domain).astype(dtype), dtype, rng)


def _along(c: Contract, name: str, values: Any, dtype: str, rng: np.random.Generator) -> Sample:
    """One input runs through the values along its first axis; every other axis has one position."""
    i = next(i for i in c.program.inputs if i.name == name)
    sizes = {a: 1 for j in c.program.inputs for a in j.names}
    sizes[i.names[0] if i.names else ""] = len(values) if i.names else 1
    arrays = {}
    for j in c.program.inputs:
        shape = tuple(sizes[a] for a in j.names)
        plain = np.asarray(into_domain(rng.normal(size=shape), c.domains.get(j.name, "real"))).astype(dtype)
        arrays[j.name] = plain if j.dtype in ("real", "state") else np.full(shape, 2)
    arrays[name] = values.reshape(arrays[name].shape) if i.names else values[:1].reshape(())
    numbers = setting(c, 0)
    fr = frame(c.program, arrays, numbers)
    cotangents = {o.name: np.ones(fr.gather(np.zeros(()), o.names).shape, dtype) for o in c.program.outputs}
    return Sample(arrays, cotangents, numbers)


def explore(c: Contract, tries: Try, seed: int, deadline: float, most: int) -> int:
    """Run the plan, then random cases, until one disagrees, time is up or `most` cases were run; how many were run.

    Inside a test of the user's own that Hypothesis runs, a plain seeded loop takes its place.
    """
    count = 0
    for case in plan(c, seed):
        if count >= most or (count >= LEAST and time.perf_counter() > deadline):
            return count
        count += 1
        if tries(case):
            return count
    left = most - count
    if left <= 0 or time.perf_counter() > deadline:
        return count
    return count + (_loop if _inside_hypothesis() else _surprise)(c, tries, seed, deadline, left)


def _inside_hypothesis() -> bool:
    from hypothesis import currently_in_test_context

    return bool(currently_in_test_context())


def _loop(c: Contract, tries: Try, seed: int, deadline: float, most: int) -> int:
    rng = np.random.default_rng(seed)
    regimes = ELEMENTWISE if c.elementwise else tuple(REGIMES)
    for count in range(most):
        case = Case(
            str(rng.choice(SHAPES)),
            str(rng.choice(regimes)),
            int(rng.integers(0, 6)),
            str(rng.choice(LAYOUTS)),
            int(rng.integers(0, 2**16)),
        )
        if time.perf_counter() > deadline or tries(case):
            return count
    return most


def _surprise(c: Contract, tries: Try, seed: int, deadline: float, most: int) -> int:
    """Hypothesis picks structures and, where one disagrees, shrinks it: simplest shape, regime and setting first."""
    import hypothesis
    from hypothesis import strategies as st

    regimes = ELEMENTWISE if c.elementwise else tuple(REGIMES)
    cases = st.builds(
        Case, st.sampled_from(SHAPES), st.sampled_from(regimes), st.integers(0, 5), st.sampled_from(LAYOUTS), st.integers(0, 2**16)
    )  # fmt: skip
    ran = 0

    def body(case: Case) -> None:
        nonlocal ran
        if time.perf_counter() < deadline:
            ran += 1
            if tries(case):
                raise _Found

    quiet = hypothesis.settings(
        max_examples=most, database=None, deadline=None, print_blob=False, verbosity=hypothesis.Verbosity.quiet,
        suppress_health_check=list(hypothesis.HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip
    run: Any = hypothesis.seed(seed)(quiet(hypothesis.given(cases)(body)))
    with _storage_elsewhere(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with suppress(_Found, hypothesis.errors.Flaky):
            run()
    return ran


@contextmanager
def _storage_elsewhere() -> Iterator[None]:
    """Hypothesis keeps its files out of the current directory."""
    from hypothesis import configuration

    before = getattr(configuration, "__hypothesis_home_directory", None)
    configuration.set_hypothesis_home_dir(Path(gettempdir()) / "derive-hypothesis")
    try:
        yield
    finally:
        configuration.set_hypothesis_home_dir(before)

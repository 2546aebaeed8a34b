"""Which calls to try: a fixed plan for certainty, then Hypothesis for surprise, within a budget of seconds."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np

from derive.checker.clock import now
from derive.checker.contract import Contract, into_domain, kept_inside
from derive.checker.evaluate import frame
from derive.checker.inputs import ALONE, LAYOUTS, READ_ONLY, Case, Sample, setting, volume
from derive.checker.neighbours import neighbours
from derive.checker.regimes import ANYTIME, FAR
from derive.checker.shapes import ANY, axes_of, fixed_sizes
from derive.language.nodes import Call, Carried, Reduce, walk
from derive.language.ranges import Scalar

Try = Callable[[Case], bool]  # whether the case shows a disagreement
EARLY = 2  # regimes, after the plain one, that come before any other shape: edges and wide
PAIRS = 3  # of inputs that lie close together
FEWEST, PATIENCE = 12, 2.0  # calls after which time counts, seconds beyond the deadline, where every call is slow
LONE = 3  # inputs that are large alone
TURNS = 3  # values of each parameter that are tried alone on windows

WHOLE = 600_000  # numbers along all axes: gradients of windows are as large
HUGE = 8_000_000  # numbers along all axes, beyond which one call takes seconds
AFFORDABLE = 6_000  # numbers in an intermediate of a call with one very long axis
LEAST = 20  # calls that are made however slow the machine is
ELEMENTWISE = ("plain", "edges", "wide", "special", "ties", "zeros", "small", "tiny", "large")


class _Found(Exception):
    """A case that disagrees; private, so that nothing else is mistaken for it."""


def plan(c: Contract, seed: int) -> Iterator[Case]:
    """Every regime at an odd shape first, then other shapes, layouts and parameters, most telling first."""
    regimes = ELEMENTWISE if c.elementwise else ANYTIME
    main = "long last" if c.elementwise else "odd"
    yield Case(main, "plain", 0, "C", seed)
    if c.program.sizes and _is_affordable(c, Case("windows", "plain", 0, "C", seed)):
        main = "windows"
    yield Case("square", "plain", 1, "C", seed + 50)
    count = len(axes_of(c.program))
    if c.elementwise and not count:
        yield from (Case(shape, "plain", 0, layout, seed) for shape, layout in (("odd", "C"), ("odd", "F"), ("empty", "C"), ("large", "C")))
    first = count * (seed + 1)
    yield Case("one", "zeros", 0, "C", seed)
    yield Case("square", "plain", 0, READ_ONLY, seed + 51)
    for k, regime in enumerate(regimes[1:]):
        if k == EARLY:
            yield from (Case("mixed", "plain", 0, "C", first + j) for j in range(count))
        yield Case(main, regime, 0, LAYOUTS[k % len(LAYOUTS)], seed + k)
    for k in range(min(len(neighbours(c.program)), PAIRS)):
        yield Case(main, "beside", 0, LAYOUTS[k % len(LAYOUTS)], 11 * len(neighbours(c.program)) + seed + k)
    for k in range(len(FAR) if _is_compared(c) else 0):
        yield Case("windows", "far", 1 + k % 2, "C", k) if c.program.sizes else Case(main, "far", 0, LAYOUTS[k % len(LAYOUTS)], k)
    several = 0 if c.elementwise or len(c.domains) < 2 else len(c.domains)
    yield from (Case(main, "lone", 0, LAYOUTS[k % len(LAYOUTS)], first + k) for k in range(min(several, LONE)))
    long = [case for case in (Case("longest", "plain", 0, "C", k) for k in range(2 * (count + 1))) if _is_affordable(c, case)]
    yield from long[: len(long) // 2]
    windows = 2 * count if c.program.sizes else 0
    variants = [v for v in range(1, ALONE + TURNS * len(c.choices)) if windows and setting(c, v) != setting(c, 0)]
    overlapping = (Case("windows", "plain", v, LAYOUTS[v % len(LAYOUTS)], first + v) for v in variants)
    yield from (case for case in overlapping if _is_affordable(c, case))
    yield from (Case("mixed", "plain", 1 + k % 2, LAYOUTS[k % len(LAYOUTS)], first + 7 * count + k) for k in range(windows))
    for k, shape in enumerate(("one", "square", "long first", "long last", "odd")):
        for j, regime in enumerate(("plain", "ties", "special")):
            yield Case(shape, regime, (k + j) % 3, LAYOUTS[(k + j) % len(LAYOUTS)], seed + 100 + 10 * k + j)
    yield from (Case("mixed", "plain", ALONE + k, LAYOUTS[k % len(LAYOUTS)], first + count + k) for k in range(3 * count))
    yield from long[len(long) // 2 :]
    for variant in (1, 2):
        for k, regime in enumerate(regimes):
            yield Case("odd" if k % 2 else "square", regime, variant, LAYOUTS[(k + 1) % len(LAYOUTS)], seed + 200 + 20 * variant + k)


def _is_affordable(c: Contract, case: Case) -> bool:
    """Whether the certified values of a long call take little time: not those of recurrences, nor of arrays along many axes."""
    if any(isinstance(let.body, Carried) for let in c.program.lets):
        return False
    largest, whole = volume(c, case)
    return largest <= AFFORDABLE and whole <= WHOLE


def _is_compared(c: Contract) -> bool:
    """Whether numbers along an axis are compared or shares of each other, so that code may start from a number for infinity."""
    if c.elementwise:
        return False
    nodes = [n for let in c.program.lets for n in walk(let.body)]
    picked = (isinstance(n, Reduce) and n.how in ("max", "min", "logsumexp") for n in nodes)
    return any(picked) or any(isinstance(n, Call) and n.fn in ("exp", "inf") for n in nodes)


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
            yield _along(c, name, kept_inside(into_domain(values, domain).astype(dtype), domain), dtype, rng)


def _along(c: Contract, name: str, values: Any, dtype: str, rng: np.random.Generator) -> Sample:
    """One input runs through the values along its first axis; every other axis has one position."""
    i = next(i for i in c.program.inputs if i.name == name)
    sizes = {a: 1 for j in c.program.inputs for a in j.names} | fixed_sizes(c.program)
    sizes[i.names[0] if i.names else ""] = len(values) if i.names else 1
    arrays = {}
    for j in c.program.inputs:
        shape = tuple(sizes[a] for a in j.names)
        plain = np.asarray(into_domain(rng.normal(size=shape), c.domains.get(j.name, Scalar))).astype(dtype)
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
    for case in (p for p in plan(c, seed) if volume(c, p)[1] <= HUGE):
        late = now() - deadline
        if count >= most or (count >= LEAST and late > 0) or (count >= FEWEST and late > PATIENCE):
            return count
        count += 1
        if tries(case):
            return count
    left = most - count
    if left <= 0 or now() > deadline:
        return count
    return count + (_loop if _inside_hypothesis() else _surprise)(c, tries, seed, deadline, left)


def _inside_hypothesis() -> bool:
    from hypothesis import currently_in_test_context

    return bool(currently_in_test_context())


def _loop(c: Contract, tries: Try, seed: int, deadline: float, most: int) -> int:
    rng = np.random.default_rng(seed)
    regimes = ELEMENTWISE if c.elementwise else ANYTIME
    for count in range(most):
        case = Case(
            str(rng.choice(ANY)),
            str(rng.choice(regimes)),
            int(rng.integers(0, 6)),
            str(rng.choice(LAYOUTS)),
            int(rng.integers(0, 2**16)),
        )
        if now() > deadline or tries(case):
            return count
    return most


def _surprise(c: Contract, tries: Try, seed: int, deadline: float, most: int) -> int:
    """Hypothesis picks structures and, where one disagrees, shrinks it: simplest shape, regime and setting first."""
    import hypothesis
    from hypothesis import strategies as st

    regimes = ELEMENTWISE if c.elementwise else ANYTIME
    cases = st.builds(
        Case, st.sampled_from(ANY), st.sampled_from(regimes), st.integers(0, 5), st.sampled_from(LAYOUTS), st.integers(0, 2**16)
    )  # fmt: skip
    ran = 0

    def body(case: Case) -> None:
        nonlocal ran
        if now() < deadline:
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

"""Sizes of axes for which a call of an op is legal."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from itertools import product
from random import Random

from derive.checker.evaluate import Numbers, holds, whole
from derive.language.nodes import BATCH, At, Const, Size, leaves, walk
from derive.language.program import Program

SHAPES = ("one", "square", "odd", "windows", "long first", "long last", "mixed", "large", "empty", "longest")
ANY = ("one", "square", "odd", "long first", "long last", "mixed")  # those that any op may be called with, at any time
LONG = (4, 17, 6, 33, 8, 65, 5, 16, 12, 31)  # sizes of the one axis that is long when sizes are mixed
LONG_WINDOWS = (4, 8, 6, 9, 5, 7)  # the same where each size costs more
LONGEST = (131, 1027)  # full blocks and a rest that fills none
PRIMES = (3, 5, 2, 7, 4, 3, 5, 2)
SEVERAL, STEPS = 3, 16  # windows along an axis, positions added until there are so many
GROWTHS = 20  # of sizes, until a call is legal
NEAR = (65, 33, 13)  # sizes below this are tried where conditions speak of one axis, of two, of three


def axes_of(program: Program) -> list[str]:
    """The axes whose size the caller chooses, "..." aside."""
    return list(dict.fromkeys(a for i in program.inputs for a in (*i.names, *([i.into] if i.into else [])) if a != BATCH))


def legal_sizes(program: Program, sizes: Mapping[str, int], parameters: Numbers) -> dict[str, int]:
    """The sizes, changed where the definition says how many positions an axis has, and grown until a call is legal."""
    return dict(_legal_sizes(program, tuple(sizes.items()), tuple(parameters.items())))


@lru_cache(maxsize=1024)
def _legal_sizes(program: Program, start: tuple[tuple[str, int], ...], given: tuple[tuple[str, float | Fraction], ...]) -> dict[str, int]:
    sizes, parameters = dict(start), dict(given)
    found = sizes | {a: n for a, n in fixed_sizes(program).items() if a in sizes}
    found |= {i.into: max(found[i.into], 2) for i in program.inputs if i.into and i.barred is not None}
    for _ in range(GROWTHS):
        found |= {a: max(n, 1) for a, n in created_sizes(program, found, parameters).items() if a in found}
        if legal(program, found, parameters):
            break
        growing = [a for a in found if _is_read(program, a)] or list(found)
        grown = {a: n + (max(n // 2, 1) if a in growing else 0) for a, n in found.items()}
        found = _nearest_legal(program, found, parameters) or grown
    return found


def with_windows(program: Program, sizes: Mapping[str, int], parameters: Numbers) -> dict[str, int]:
    """The sizes, grown along the axes that are read until several windows lie along each, so that windows overlap where they can."""
    found = dict(sizes)
    read = [a for a in found if _is_read(program, a)]
    for _ in range(STEPS):
        now = created_sizes(program, found, parameters)
        more = {a: n + 1 for a, n in found.items() if a in read}
        later = created_sizes(program, found | {a: n + STEPS for a, n in more.items()}, parameters)
        if all(n >= SEVERAL for a, n in now.items() if later[a] > n):
            break
        found |= more
    return legal_sizes(program, found, parameters)


def fixed_sizes(program: Program) -> dict[str, int]:
    """The axes whose number of positions the definition says."""
    found = [(c.left, c.right) for c in program.requirements if c.op == "=="]
    return {a.axis: int(n.value) for a, n in found if isinstance(a, Size) and isinstance(n, Const)}


def _nearest_legal(program: Program, sizes: Mapping[str, int], parameters: Numbers) -> dict[str, int] | None:
    """The sizes with those that a condition speaks of replaced by the nearest that satisfy them all; None where none are near."""
    spoken = [a for a in sizes if any(Size(a) in leaves(c, Size) for c in program.requirements)]
    if not 0 < len(spoken) <= len(NEAR):
        return None
    tried = product(range(1, NEAR[len(spoken) - 1]), repeat=len(spoken))
    nearest_first = sorted(tried, key=lambda t: sum(abs(n - sizes[a]) for n, a in zip(t, spoken, strict=True)))
    known = [c for c in program.requirements if leaves(c, Size) and all(n.axis in sizes for n in leaves(c, Size) if isinstance(n, Size))]
    near = (dict(sizes) | dict(zip(spoken, found, strict=True)) for found in nearest_first)
    fitting = (t for t in near if all(holds(c, t, parameters) for c in known))
    return next((t for t in fitting if legal(program, t, parameters)), None)


def legal(program: Program, sizes: Mapping[str, int], parameters: Numbers) -> bool:
    """Whether every axis that the definition creates has a position, and what it requires of sizes holds."""
    made = created_sizes(program, sizes, parameters)
    agree = all(n >= 1 and sizes.get(axis, n) == n for axis, n in made.items())
    return agree and all(holds(c, {**sizes, **made}, parameters) for c in program.requirements if leaves(c, Size))


def created_sizes(program: Program, sizes: Mapping[str, int], parameters: Numbers) -> dict[str, int]:
    """The sizes of the axes that the definition creates, also of those that an input has too."""
    known = dict(sizes)
    for axis, size in program.sizes:
        known[axis] = int(whole(size, known, parameters))
    return {axis: known[axis] for axis, _ in program.sizes}


def _is_read(program: Program, axis: str) -> bool:
    """Whether an index map reads along this axis (rather than over it)."""
    return any(isinstance(n, At) and axis in dict(n.index) for let in program.lets for n in walk(let.body))


def mixed_sizes(count: int, seed: int, long: tuple[int, ...]) -> list[int]:
    """One axis long, another with every seed, the others short in any order."""
    rng = Random(seed)
    sizes = [rng.randint(1, 4 if count <= 4 else 3) for _ in range(count)]
    if count:
        sizes[seed % count] = long[seed // count % len(long)]
    return sizes


def sizes_of(kind: str, count: int, long: int) -> list[int]:
    """One size per axis; `long` is the longest last axis."""
    primes = [PRIMES[k % len(PRIMES)] for k in range(count)]
    small = ([3, 2, 2, 3] + [2] * count)[:count] if count > 2 else [3] * count
    match kind:
        case "one":
            return [1] * count
        case "square":
            return [3 if count <= 4 else 2] * count
        case "long first":
            return [17, *small[1:]] if count else []
        case "long last":
            return [*small[:-1], long] if count else []
    if count > 6:
        return [3 if k % 3 == 0 else 2 for k in range(count)]
    return primes if count <= 4 else [min(p, 3) for p in primes]

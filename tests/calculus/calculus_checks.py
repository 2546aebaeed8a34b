"""VJP, JVP and HVP of a Program, proved and held against differences."""

import numpy as np
from calculus_values import along, close, draw, run, sizes_of

from derive.calculus.gradient import hvp, jvp, vjp


def readings(program):
    """The three derivations."""
    gradient = vjp(program)
    return gradient, jvp(program), hvp(program, gradient.program)


RANGES = ((-1.5, 1.5), (0.3, 1.7), (0.2, 0.8))


def domain(program, sizes, **parameters):
    """The first range in which the definition has a value wherever it was tried; None where it has none at these sizes."""
    sizes = sizes_of(program, sizes, **parameters)
    for low, high in RANGES:
        tried = (draw(program, sizes, np.random.default_rng(seed), low, high, **parameters) for seed in range(8))
        with np.errstate(all="ignore"):
            if all(np.isfinite(a).all() for given in tried for a in run(program, given, sizes, **parameters).values()):
                return low, high
    return None


def mismatches(program, sizes, seed=0, derived=None, low=-1.5, high=1.5, **parameters):
    """What the derived programs get wrong at a random point, in words; empty when all is well."""
    gradient, forward, second = derived or readings(program)
    rng = np.random.default_rng(seed)
    sizes = sizes_of(program, sizes, **parameters)
    given = draw(program, sizes, rng, low, high, **parameters)
    real = [i.name for i in program.real_inputs]
    direction = {n: rng.uniform(-1, 1, given[n].shape) for n in real}
    values = run(program, given, sizes, **parameters)
    weights = {o: rng.uniform(-1, 1, a.shape) for o, a in values.items()}
    seeds = dict(zip([i.name for i in gradient.program.inputs], weights.values(), strict=False))
    tangents = {f"{i.name}": direction[n] for i, n in zip(forward.program.inputs, real, strict=False)}
    found = []

    def forward_run(at):
        return run(program, at, sizes, **parameters)

    def gradient_run(at):
        return run(gradient.program, at | seeds, sizes, **parameters)

    slopes = along(forward_run, given, direction)
    moved = dict(zip(slopes, run(forward.program, given | tangents, sizes, **parameters).values(), strict=True))
    found += [f"jvp {o}: {moved[o]} != {slopes[o]}" for o in slopes if not close(moved[o], slopes[o])]
    pulled = gradient_run(given)
    if len(pulled) != len(real):
        return [*found, f"vjp has {len(pulled)} outputs for {len(real)} inputs"]
    for n, (name, part) in zip(real, pulled.items(), strict=True):
        want = np.zeros_like(given[n])
        for place in np.ndindex(want.shape):
            unit = np.zeros_like(given[n])
            unit[place] = 1
            slope = along(forward_run, given, {n: unit})
            want[place] = sum(float(np.sum(slope[o] * weights[o])) for o in slope)
        if not close(part, want):
            found.append(f"vjp {name}: {part} != {want}")
    bent = along(gradient_run, given, direction)
    second_run = run(second.program, given | seeds | tangents, sizes, **parameters)
    for (name, want), got in zip(bent.items(), second_run.values(), strict=True):
        if not close(got, want, 1e-5):
            found.append(f"hvp {name}: {got} != {want}")
    return found

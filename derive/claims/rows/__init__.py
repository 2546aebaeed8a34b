"""The claims, by number, and the facts beside the catalogue."""

from derive.claims.rows import (
    activations,
    counts,
    curve_facts,
    geometry,
    init_facts,
    layer_facts,
    layers,
    likelihood,
    losses,
    norm_facts,
    optimizer_facts,
    optimizers,
    training,
)

CLAIMS = tuple(
    sorted(
        (c for part in (activations, counts, geometry, layers, likelihood, losses, optimizers, training) for c in part.CLAIMS),
        key=lambda c: c.number,
    )
)

FACTS = (*curve_facts.FACTS, *init_facts.FACTS, *layer_facts.FACTS, *norm_facts.FACTS, *optimizer_facts.FACTS)

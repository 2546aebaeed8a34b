"""The claims, by number."""

from derive.claims.rows import activations, counts, geometry, layers, likelihood, losses, optimizers, training

CLAIMS = tuple(
    sorted(
        (c for part in (activations, counts, geometry, layers, likelihood, losses, optimizers, training) for c in part.CLAIMS),
        key=lambda c: c.number,
    )
)

"""The claims, by number."""

from derive.claims.rows import activations, geometry, layers, losses, training

CLAIMS = tuple(sorted((c for part in (activations, losses, training, layers, geometry) for c in part.CLAIMS), key=lambda c: c.number))

"""Every entry of the corpus."""

from __future__ import annotations

from corpus import (
    activations,
    curves,
    effects,
    habits,
    layers,
    losses,
    more_losses,
    norms,
    optimizers,
    own,
    rectifiers,
    scores,
    sequences,
    signatures,
    softmax,
    structured,
    structures,
    styles,
    windows,
)
from corpus.entry import Entry

MODULES = (
    *(activations, rectifiers, curves, softmax, losses, more_losses, norms, layers, optimizers),
    *(own, structured, structures, signatures, styles, habits, effects),
    *(windows, sequences, scores),
)
ENTRIES: tuple[Entry, ...] = tuple(e for module in MODULES for e in module.ENTRIES)

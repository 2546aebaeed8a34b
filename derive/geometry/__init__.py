"""Sizes and receptive fields, derived from a convolution's index map, proved, generated and checked by brute force."""

from derive.geometry.readings import Verification, answer, compare, compiled, derivation, function, functions, prove, source, verify
from derive.geometry.rules import RULES, Step

__all__ = [
    "RULES",
    "Step",
    "Verification",
    "answer",
    "compare",
    "compiled",
    "derivation",
    "function",
    "functions",
    "prove",
    "source",
    "verify",
]

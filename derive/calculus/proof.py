"""Steps that carry their proof. Only `certify` makes a Step, and it makes none that it could not check.

Certificates, strongest first:
    A  both sides have the same canonical form: a proof for all sizes, parameters and inputs
    B  both sides agree exactly modulo random 61-bit primes at random points: at the stated sizes, wrong with the stated probability
    C  enclosures of both sides overlap, with the stated width, at sampled points
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass

from derive.calculus.algebra import TooLarge, at_most, minus
from derive.calculus.canonical import Canon, is_zero
from derive.language.errors import NotProved
from derive.language.nodes import Expr
from derive.language.program import Hypothesis

_KEY = object()
PROOF_WORK = 50_000  # products of terms that one proof may take: twice what the longest known one takes


@dataclass(frozen=True)
class Certificate:
    """How a step was checked: its tier (A, B or C) and what exactly was done."""

    tier: str
    evidence: str


@dataclass(frozen=True)
class Step:
    """left = right, by a rule, under hypotheses, with a certificate. Made by `certify` alone."""

    name: str
    left: Expr
    right: Expr
    rule: str
    hypotheses: tuple[Hypothesis, ...]
    certificate: Certificate
    made_by: InitVar[object] = None

    def __post_init__(self, made_by: object) -> None:
        if made_by is not _KEY:
            raise NotProved("a Step is made by certify(), which checks it")


def certify(name: str, left: Expr, right: Expr, rule: str, canon: Canon) -> Step:
    """The step left = right with the strongest certificate that can be had, or NotProved when there is none."""
    from derive.calculus.sampling import modular, real

    certificate = exact(left, right, canon) or modular(left, right, canon) or real(left, right, canon)
    return _step(name, left, right, rule, canon, certificate)


def certify_exactly(name: str, left: Expr, right: Expr, rule: str, canon: Canon) -> Step:
    """The step left = right with a certificate of tier A, or NotProved."""
    return _step(name, left, right, rule, canon, exact(left, right, canon))


def _step(name: str, left: Expr, right: Expr, rule: str, canon: Canon, certificate: Certificate | None) -> Step:
    if certificate is None:
        raise NotProved(f"{name}: could not show that\n    {left}\nequals\n    {right}\nby {rule}")
    return Step(name, left, right, rule, canon.hypotheses, certificate, _KEY)


def exact(left: Expr, right: Expr, canon: Canon) -> Certificate | None:
    """A certificate of tier A: both sides have one canonical form."""
    if left == right:
        return Certificate("A", "the same expression")
    try:
        with at_most(PROOF_WORK):
            same = is_zero(minus(canon.poly(left), canon.poly(right)))
        if same:
            return Certificate("A", "equal canonical forms, for all sizes")
    except (TooLarge, ZeroDivisionError):
        pass
    return None

"""Steps that carry their proof. Only `certify` makes a Step, and it makes none that it could not check.

Certificates, strongest first:
    A  both sides have the same canonical form, as they stand or in every case of their conditions: a proof for all sizes,
       parameters and inputs
    B  both sides agree exactly modulo random 61-bit primes at random points: at the stated sizes, wrong with the stated probability
    C  enclosures of both sides overlap, with the stated width, at sampled points
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass

from derive.calculus.alike import part_by_part
from derive.calculus.canonical import Canon
from derive.calculus.cases import by_cases
from derive.calculus.certificate import Certificate, exact
from derive.calculus.guards import settled
from derive.calculus.sampling import modular, real
from derive.calculus.unfold import Definitions
from derive.language.errors import NotProved
from derive.language.nodes import Expr
from derive.language.program import Hypothesis

_KEY = object()


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
    certificate = _in_one_piece(left, right, canon) or _sampled(left, right, canon)
    return _step(name, left, right, rule, canon, certificate)


def _sampled(left: Expr, right: Expr, canon: Canon) -> Certificate | None:
    try:
        return modular(left, right, canon) or real(left, right, canon)
    except RecursionError:  # expressions nested too deep to sample
        return None


def certify_exactly(name: str, left: Expr, right: Expr, rule: str, canon: Canon) -> Step:
    """The step left = right with a certificate of tier A, or NotProved."""
    return _step(name, left, right, rule, canon, exact(left, right, canon))


def certify_for_all_sizes(name: str, left: Expr, right: Expr, rule: str, canon: Canon, definitions: Definitions) -> Step:
    """The step left = right with a certificate of tier A, or NotProved. Part by part where both sides are built alike; where
    the names in a part do not do, they are written out."""
    found: list[Certificate] = []

    def equal(a: Expr, b: Expr) -> bool:
        certificate = next(filter(None, (_in_one_piece(*sides, canon) for sides in definitions.written_out(a, b))), None)
        found.extend([certificate] if certificate else [])
        return certificate is not None

    proved = part_by_part(settled(left), settled(right), equal)
    parts = Certificate("A", f"equal part by part: {len(found)} parts, each for all sizes")
    return _step(name, left, right, rule, canon, None if not proved else found[0] if len(found) == 1 else parts)


def _in_one_piece(left: Expr, right: Expr, canon: Canon) -> Certificate | None:
    """A proof of both sides as they stand, with conditions settled inside their own branches, or case by case."""
    found = exact(left, right, canon)
    if found:
        return found
    plain = settled(left), settled(right)
    return (exact(*plain, canon) if plain != (left, right) else None) or by_cases(*plain, canon)


def _step(name: str, left: Expr, right: Expr, rule: str, canon: Canon, certificate: Certificate | None) -> Step:
    if certificate is None:
        raise NotProved(f"{name}: could not show that\n    {left}\nequals\n    {right}\nby {rule}")
    return Step(name, left, right, rule, canon.hypotheses, certificate, _KEY)

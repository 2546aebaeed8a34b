"""How a polynomial is taken apart before it is written: common factors, groups of terms, means, symbolic powers."""

from __future__ import annotations

from fractions import Fraction
from math import lcm

from derive.calculus import algebra as al
from derive.calculus import indices as ix
from derive.calculus.algebra import Factor, Mono, Poly


def without_implied(mono: Mono) -> Mono:
    return tuple((f, e) for f, e in mono if not (f[0] == "inr" and _implied(f, mono)))


def with_means(p: Poly) -> Poly:
    """Sums divided by the sizes they run over, as means."""
    return al.plus(*({mean_mono(m): c} for m, c in p.items()))


def mean_mono(mono: Mono) -> Mono:
    exponents = dict(mono)
    for f, e in mono:
        if f[0] == "sum" and e == 1:
            sizes = [("size", axis) for _, axis in f[1]]
            if all(exponents.get(s, 0) <= -sizes.count(s) for s in sizes):
                for s in sizes:
                    exponents[s] += 1
                exponents[("mean", *f[1:])] = exponents.pop(f)
    return tuple(sorted(((f, e) for f, e in exponents.items() if e), key=lambda item: al.order(item[0])))


def with_whole_exponentials(mono: Mono) -> Mono:
    """exp(c) * sum(exp(a) * ...) with exp(a + c) in the sum, whose axes it varies along: its parts may overflow where it does not."""
    sums = [f for f, e in mono if f[0] in ("sum", "mean") and e == 1 and any(g[0] == "exp" for g, _ in f[2])]
    if len(sums) != 1 or mono.count((sums[0], 1)) != 1:
        return mono
    (total,) = sums
    axes = frozenset[al.Index]().union(*(ix.free(g) for g, _ in total[2] if g[0] == "exp"))
    taken = [fe for fe in mono if fe[0][0] == "exp" and ix.free(fe[0]) <= axes]
    inner = tuple(sorted((*total[2], *taken), key=lambda item: al.order(item[0])))
    rest = [fe for fe in mono if fe[0] != total and fe not in taken]
    return tuple(sorted((*rest, ((*total[:2], inner), Fraction(1))), key=lambda item: al.order(item[0]))) if taken else mono


def times_plain(p: Poly, q: Poly) -> Poly:
    """A product with one term that only cancels factors: nothing is expanded or folded."""
    (mono, c), *_ = q.items()
    result: Poly = {}
    for m, v in p.items():
        exponents = dict(m)
        for f, e in mono:
            exponents[f] = exponents.get(f, Fraction(0)) + e
        result[tuple(sorted(((f, e) for f, e in exponents.items() if e), key=lambda item: al.order(item[0])))] = v * c
    return result


def common_powers(p: Poly) -> Mono:
    """The powers that every term holds; an indicator stays with its branch unless all terms hold it, an exponential with others
    unless all terms hold the same ones."""
    alike = len({tuple(fe for fe in m if fe[0][0] == "exp") for m in p}) == 1
    together = set() if alike else {f for m in p for f in _joined_exponentials(m)}
    everything = sorted({f for m in p for f, _ in m} - together, key=al.order)
    common = []
    for f in everything:
        exponents = [dict(m).get(f, Fraction(0)) for m in p]
        low = min(exponents) if min(exponents) > 0 else max(exponents) if max(exponents) < 0 else Fraction(0)
        if low:
            common.append((f, low))
    return tuple(common)


SMALL = 64


def common_number(p: Poly) -> Fraction:
    """The number before a sum: what all terms share, and a small common denominator, so that x/3 + 1/2 is (2x + 3)/6."""
    values = list(p.values())
    magnitudes = {abs(v) for v in values}
    number = magnitudes.pop() if len(magnitudes) == 1 else Fraction(1)
    denominator = lcm(*(v.denominator for v in values))
    plain = all(f[0] in ("t", "param", "size") for m in p for f, _ in m)
    if plain and number == 1 and 1 < denominator <= SMALL:
        number = Fraction(1, denominator)
    return -number if all(v < 0 for v in values) else number


def by_position(p: Poly) -> list[Poly]:
    """The terms that stand beside each one-hot, and the rest, where a one-hot has several terms; else nothing."""
    groups: dict[Factor | None, Poly] = {}
    for m, c in p.items():
        groups.setdefault(next((f for f, _ in m if f[0] == "delta"), None), {})[m] = c
    several = len(groups) > 1 and any(len(part) > 1 for hot, part in groups.items() if hot is not None)
    return [groups[hot] for hot in sorted(groups, key=al.order)] if several else []


def by_conditions(p: Poly) -> list[Poly]:
    """The terms in groups that have no condition in common, where there are several such groups; else nothing."""
    groups: list[tuple[frozenset[Factor], Poly]] = []
    for m, c in p.items():
        own = frozenset(("ind", "", f[2]) for f, _ in m if f[0] == "ind")
        part = {m: c}
        for other in [g for g in groups if g[0] & own or g[0] == own]:
            groups.remove(other)
            own, part = own | other[0], {**other[1], **part}
        groups.append((own, part))
    return [part for _, part in groups] if sum(bool(own) for own, _ in groups) > 1 else []


def as_product(p: Poly) -> tuple[Poly, Poly] | None:
    """The sum as (1 + c f) times another sum, for some power f, if it is one."""
    for f in _shared_powers(p):
        held = {tuple(fe for fe in m if fe != f): c for m, c in p.items() if f in m}
        others = {m: c for m, c in p.items() if f not in m}
        if held.keys() == others.keys() and len(others) > 1:
            ratios = {c / others[m] for m, c in held.items()}
            if len(ratios) == 1:
                return {(): Fraction(1), (f,): ratios.pop()}, others
    return None


IMPLIED = {  # what a condition on a quantity, met or not, says of the other conditions on it
    (">", True): {">=": True, "==": False, "!=": True},
    (">=", False): {">": False, "==": False, "!=": True},
    ("==", True): {">=": True, ">": False},
    ("!=", False): {">=": True, ">": False},
}


def known_branch(p: Poly, op: str, k: al.Key, holds: bool) -> Poly:
    """Inside a branch, the other conditions on the same quantity may be decided: x > 0 implies x >= 0."""
    decided = {("ind", other, k): value for other, value in IMPLIED.get((op, holds), {}).items()}
    total: Poly = {}
    for m, c in p.items():
        if all(decided.get(f, True) for f, _ in m):
            rest = tuple(fe for fe in m if fe[0] not in decided)
            total[rest] = total.get(rest, Fraction(0)) + c
    return {m: c for m, c in total.items() if c}


def best_factor(p: Poly) -> tuple[Factor, Fraction] | None:
    """The power that most terms share, if it costs something to repeat."""
    counts = _shared_powers(p)
    best = max(counts, key=lambda fe: counts[fe], default=None)
    return best if best is not None and len(p) > counts[best] else None


def shared(mono: Mono) -> Mono:
    """The powers of a term that it may share with others. Exponentials that stand with others stay with them: exp(c)*exp(-a) is
    exp(c - a), which does not overflow where exp(c) does."""
    together = _joined_exponentials(mono)
    return tuple((f, e) for f, e in mono if f[0] not in ("size", "num") and f not in together)


def _shared_powers(p: Poly) -> dict[tuple[Factor, Fraction], int]:
    """The powers that at least two terms hold, each with their number, in order."""
    counts: dict[tuple[Factor, Fraction], int] = {}
    for m in p:
        for fe in shared(m):
            counts[fe] = counts.get(fe, 0) + 1
    return {fe: counts[fe] for fe in sorted(counts, key=al.order) if counts[fe] > 1}


def _joined_exponentials(mono: Mono) -> list[Factor]:
    """The exponentials of a term that has several, and what they are a share of: exp(a)*exp(-b)/(1 + exp(a)*exp(-b)) stays whole."""
    found = [f for f, _ in mono if f[0] == "exp"]
    return [*found, *(f for f, _ in mono if f[0] == "pow" and _is_share_of(f, found))] if len(found) > 1 else []


def _is_share_of(f: Factor, exponentials: list[Factor]) -> bool:
    """Whether a power is of 1 + exp(u), u made of such exponents."""
    u = one_plus_exponential(f[1])
    return u is not None and all(("exp", m) in exponentials for m in u)


def _logarithm(mono: Mono) -> Factor | None:
    """The one logarithm in an exponent: e to (a log b) is written as b to the a."""
    logs = [f for f, e in mono if f[0] == "call" and f[1] == "log" and e == 1]
    return logs[0] if len(logs) == 1 else None


def symbolic_powers(mono: Mono, c: Fraction) -> tuple[Mono, Fraction]:
    """e to (a log b), times powers of b, as one power ("sym", b, exponent): x^k / x is x^(k - 1), a number at 0 too."""
    exponents = dict(mono)
    for f, e in mono:
        log = _logarithm(f[1]) if f[0] == "exp" else None
        if log is None:
            continue
        (base,) = log[2]
        (only, number), *more = base
        factor = only[0][0] if not more and number == 1 and len(only) == 1 and only[0][1] == 1 else ("pow", base)
        total = {tuple(fe for fe in f[1] if fe[0] != log): e}
        for held, turned in ((factor, 1), (("pow", al.key(al.scale(al.poly(base), -1))), -1)):
            whole = exponents.get(held, Fraction(0))
            if whole and (turned == 1 or whole.denominator == 1):
                total = al.plus(total, al.constant(exponents.pop(held)))
                c *= -1 if turned < 0 and int(whole) % 2 else 1
        del exponents[f]
        exponents[("sym", base, al.key(total))] = Fraction(1)
    return tuple(sorted(exponents.items(), key=lambda item: al.order(item[0]))), c


def _implied(f: Factor, mono: Mono) -> bool:
    """Whether reading a tensor, or a one-hot, at the same affine index is zero outside anyway; also in every term of a sum."""
    index = f[2]
    for g, e in mono:
        if g[0] == "t" and e > 0 and any(i == index for _, i in g[2]):
            return True
        if g[0] == "delta" and index in g[1:]:
            return True
        if g[0] in ("sum", "mean") and e > 0 and _implied(f, g[2]):
            return True
    return False


def one_plus_exponential(k: al.Key) -> Poly | None:
    """u, when the sum is 1 + exp(u)."""
    p = al.poly(k)
    others = [m for m in p if m != al.UNIT]
    if len(p) != 2 or p.get(al.UNIT) != 1 or len(others) != 1 or p[others[0]] != 1:
        return None
    (only,) = others
    return {f[1]: e for f, e in only} if all(f[0] == "exp" for f, _ in only) else None

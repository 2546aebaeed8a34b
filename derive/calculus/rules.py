"""Rules read off definitions: from v = (x - mu) * rstd follows x = v / rstd + mu, and rules are applied at any index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from derive.calculus import algebra as al
from derive.calculus import indices as ix
from derive.calculus.algebra import Factor, Index, Poly
from derive.calculus.positions import sum_solved
from derive.calculus.powers import call, indicator, power
from derive.language.memory import remembered

STRUCTURED = ("sum", "pow", "exp", "call", "red")
SCALAR = ("size", "num", "param")
NO_CONDITIONS: frozenset[Factor] = frozenset()


@dataclass(frozen=True)
class Rule:
    """factor^exponent may be written as (by)^(1/unit) ... : every power that is a multiple of `unit` is replaced, beside the
    conditions that it takes."""

    name: str
    target: Factor
    unit: Fraction
    by: Poly
    beside: tuple[Factor, ...] = ()


def single_term_rules(name: str, ref: Factor, body: Poly) -> list[Rule]:
    """From v = c * f^e * rest: f^e = v / (c * rest), for each factor f that spans what v spans; from v = where(c, f^e * rest, 0)
    the same beside the condition."""
    (mono, c), *_ = body.items()
    masks = tuple(f for f, _ in mono if f[0] == "ind")
    rest = tuple(fe for fe in mono if fe[0] not in masks)
    if masks and any(f[0] not in SCALAR for f, _ in rest):
        return [replace(r, beside=masks) for r in single_term_rules(name, ref, {rest: c}) if _holds_all(r.target, masks)]
    rules = []
    for f, e in mono:
        if f[0] in SCALAR or not _spans(f, ref, mono) or holds_exponential(f):
            continue
        if _is_base(f, mono) or (is_symbolic_power(f) and not any(_is_base(g, mono) and x < 0 for g, x in mono)):
            continue
        inverse = al.from_exponents({ref: Fraction(1), **{g: -x for g, x in mono if g != f}})
        rules.append(Rule(name, f, e, al.scale(inverse, 1 / c)))
    return rules


def _holds_all(f: Factor, masks: tuple[Factor, ...]) -> bool:
    """Whether where a factor stands says where the conditions do."""
    return all(ix.free(mask) <= ix.free(f) for mask in masks)


def holds_exponential(f: Factor) -> bool:
    """Whether a factor is a sum with exponentials: those are shown as sigmoids, not by the names they have."""
    return f[0] == "pow" and any(g[0] == "exp" for m in al.poly(f[1]) for g, _ in m)


def exponentials(p: Poly) -> frozenset[tuple[Factor, bool]]:
    """The exponentials among the factors, under sums and powers too, each with whether it stands above the line."""
    return frozenset().union(*(_exponentials(m) for m in p))


@remembered(200_000)
def _exponentials(mono: al.Mono) -> frozenset[tuple[Factor, bool]]:
    own = frozenset((f, e > 0) for f, e in mono if f[0] == "exp")
    summed = (_exponentials(f[2]) for f, _ in mono if f[0] == "sum")
    return own.union(*summed, *(exponentials(al.poly(f[1])) for f, _ in mono if f[0] == "pow"))


def divisors(p: Poly) -> frozenset[str]:
    """The names of tensors that are divided by, under sums too."""
    return frozenset().union(*(_divisors(m) for m in p))


def _divisors(mono: al.Mono) -> frozenset[str]:
    own = frozenset(f[1] for f, e in mono if f[0] == "t" and e < 0)
    return own.union(*(_divisors(f[2]) for f, _ in mono if f[0] == "sum"))


def read_elsewhere(f: Factor) -> bool:
    """Whether a tensor is read at positions that data gives."""
    return f[0] == "t" and any(ix.depends_on_data(i) for _, i in f[2])


def _is_base(f: Factor, mono: al.Mono) -> bool:
    """Whether a sum stands beside a symbolic power of itself: u^(-(n + 1)/2) is u^(-1/2) and u^(-n/2), recognised by the latter."""
    logs = [h[2][0] for g, _ in mono if is_symbolic_power(g) for h, _ in g[1] if h[:2] == ("call", "log")]
    return f[0] == "pow" and any(f[1] == k for k in logs)


def is_symbolic_power(f: Factor) -> bool:
    """Whether a factor is e to a multiple of a logarithm: x^k is not recognised in x^(k - 1), which is no quotient at 0."""
    return f[0] == "exp" and any(g[:2] == ("call", "log") for g, _ in f[1])


def linear_rules(name: str, ref: Factor, body: Poly) -> list[Rule]:
    """From v = m * a + rest with `a` nowhere else: a = (v - rest) / m."""
    rules = []
    for mono in sorted(body, key=al.order):
        for f, e in mono:
            if f[0] not in ("t", "sum") or e != 1 or not _spans(f, ref, mono):
                continue
            if any(_occurs(f, g) for m in body for g, _ in m if m != mono) or any(_occurs(f, g) for g, _ in mono if g != f):
                continue
            rest = {m: c for m, c in body.items() if m != mono}
            cofactor = al.scale(al.from_exponents({g: -x for g, x in mono if g != f}), 1 / body[mono])
            solved = al.times(al.minus(al.factor(ref), rest), cofactor)
            rules.append(Rule(name, f, Fraction(1), solved))
    return rules


def _spans(f: Factor, ref: Factor, mono: al.Mono) -> bool:
    """Whether the factor has all the free axes of the intermediate, so that it can be solved for."""
    plain = f[0] != "t" or read_elsewhere(f) or all(i == ("f", a) for a, i in f[2])
    return plain and ix.free(f) >= ix.free(ref) and all(ix.free(f) >= ix.free(g) for g, _ in mono)


def _occurs(f: Factor, inside: object) -> bool:
    if f[0] == "t" and isinstance(inside, tuple) and len(inside) == 3 and inside[:2] == f[:2]:
        return True
    return inside == f or (isinstance(inside, tuple) and any(_occurs(f, part) for part in inside))


def apply_rule(p: Poly, rule: Rule) -> Poly:
    """Every whole multiple of the rule's power replaced, under sums, powers and functions too."""
    needed = marks(rule.target)
    if not any(needed <= tokens(m) for m in p):
        return p
    return al.plus(*(al.scale(_rule_mono(m, rule) if needed <= tokens(m) else {m: Fraction(1)}, c) for m, c in p.items()))


def token(f: Factor) -> tuple[str, str]:
    """What a factor is recognised by at a glance: its kind, and its name if it has one."""
    return (f[0], f[1]) if f[0] in ("t", "call") else (f[0], "")


@remembered(200_000)
def tokens(item: object) -> frozenset[tuple[str, str]]:
    """The tokens of all factors anywhere inside."""
    if not isinstance(item, tuple) or not item:
        return frozenset()
    inner = frozenset().union(*(tokens(part) for part in item))
    return inner | {token(item)} if isinstance(item[0], str) and len(item) > 1 else inner


MARKS = ("t", "call", "sum", "pow", "exp", "ind")


@remembered(200_000)
def marks(target: Factor) -> frozenset[tuple[str, str]]:
    """Tokens that a term must hold for a rule with this target to apply."""
    return frozenset(t for t in tokens(target) if t[0] in MARKS)


ANY = ("", "")  # what a rule that needs no token is entered under


def tokens_of(p: Poly) -> frozenset[tuple[str, str]]:
    """The tokens of all factors of a polynomial."""
    return frozenset().union(*(tokens(m) for m in p))


class RuleBook:
    """Rules in order, found by what they need: only those that may apply are looked at, however many there are."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.needed: list[frozenset[tuple[str, str]]] = []
        self.places: dict[tuple[str, str], list[int]] = {}

    def add(self, rules: Iterable[Rule]) -> None:
        """Rules after those there are, each entered under the rarest token that it needs."""
        for rule in rules:
            needed = marks(rule.target)
            rarest = min(sorted(needed, key=al.order), key=lambda t: (t[0] != "t", len(self.places.get(t, ()))), default=ANY)
            self.places.setdefault(rarest, []).append(len(self.rules))
            self.rules.append(rule)
            self.needed.append(needed)

    def after(self, place: int, present: frozenset[tuple[str, str]]) -> tuple[int, Rule] | None:
        """The next rule behind a place that may apply where these tokens are, and its own place."""
        found = min((i for i in self._fitting(present) if i > place), default=None)
        return None if found is None else (found, self.rules[found])

    def before(self, place: int, present: frozenset[tuple[str, str]]) -> tuple[int, Rule] | None:
        """The last rule ahead of a place that may apply where these tokens are, and its own place."""
        found = max((i for i in self._fitting(present) if i < place), default=None)
        return None if found is None else (found, self.rules[found])

    def _fitting(self, present: frozenset[tuple[str, str]]) -> Iterator[int]:
        return (i for t in present | {ANY} for i in self.places.get(t, ()) if self.needed[i] <= present)


def read_at(f: Factor, moved: dict[Index, Index]) -> Factor | None:
    """A factor read at other indices, if it is one factor there."""
    p = ix.replace(al.factor(f), moved) if moved else al.factor(f)
    ((mono, c),) = p.items() if len(p) == 1 else [((), Fraction(0))]
    return mono[0][0] if c == 1 and len(mono) == 1 and mono[0][1] == 1 else None


def _rule_mono(mono: al.Mono, rule: Rule, outside: frozenset[Factor] = NO_CONDITIONS) -> Poly:
    """A term rewritten, where the conditions among its factors and outside hold."""
    given = outside | {f for f, _ in mono if f[0] == "ind"} if rule.beside else outside
    result = al.constant(1)
    for f, e in mono:
        result = al.times(result, _rule_factor(f, e, rule, given))
    return result


def divided_out(p: Poly, rule: Rule) -> Poly:
    """Every term that divides by the rule's target, with what the target stands for (one term) divided by factor by factor."""
    return al.plus(*(al.scale(_divided_mono(m, rule), c) for m, c in p.items()))


def _divided_mono(mono: al.Mono, rule: Rule) -> Poly:
    exponents, number = dict(mono), Fraction(1)
    for f, e in mono:
        found: dict[Index, Index] = {}
        if e < 0 and e.denominator == 1 and f[0] == rule.target[0] and match(f, rule.target, found):
            ((by, c),) = ix.replace(rule.by, {i: j for i, j in found.items() if i != j}).items()
            if any(g[0] in al.IDEMPOTENT and g not in exponents for g, _ in by):
                continue  # what a condition makes 0 is divided by where the condition holds alone
            by = tuple(fe for fe in by if fe[0][0] not in al.IDEMPOTENT)
            number *= c ** int(e)
            for g, x in ((f, Fraction(-1)), *by):
                exponents[g] = exponents.get(g, Fraction(0)) + e * x
    return al.scale(al.from_exponents(exponents), number)


def sifted(p: Poly) -> Poly:
    """Beside onehot(label, C), everything along C read at the label: p*onehot is p[label]*onehot. Under sums too, where a
    bound index that a one-hot determines is replaced by its value."""
    p = al.plus(*(al.scale(_sifted_sums(m), c) for m, c in p.items()))
    p = al.plus(*(al.scale(_in_range(m), c) for m, c in p.items()))
    for i, j in sorted({f[1:] for m in p for f, _ in m if f[0] == "delta"}, key=al.order):
        for free, position in ((i, j), (j, i)):
            if free[0] == "f" and position[0] == "p":
                p = al.plus(*(al.scale(_sifted_mono(m, ("delta", i, j), {free: position}), c) for m, c in p.items()))
    return p


HOT = {("delta", ""), ("inr", "")}


def _sifted_sums(mono: al.Mono) -> Poly:
    if not any(f[0] == "sum" and tokens(f) & HOT for f, _ in mono):
        return {mono: Fraction(1)}
    result = al.constant(1)
    for f, e in mono:
        new = al.factor(f)
        if f[0] == "sum":
            with ix.opened(f[1], f[2]) as (body, names):
                moved = sum_solved(body, names)
                new = ix.sum_over(sifted({body: Fraction(1)}), names) if moved is None else sifted(moved)
        result = al.times(result, power(new, e) if new != al.factor(f) else al.factor(f, e))
    return result


def _in_range(mono: al.Mono) -> Poly:
    """Beside "this index lies inside", conditions on what is read there, and functions of it, without the same said again in them."""
    known = frozenset(f for f, _ in mono if f[0] == "inr")
    return _given(mono, known, frozenset()) if known else {mono: Fraction(1)}


def _given(mono: al.Mono, known: frozenset[Factor], here: frozenset[Factor]) -> Poly:
    """A term where the known ranges hold: these are not said again inside its factors, nor among them those in `here`."""
    result = al.constant(1)
    for f, e in mono:
        result = al.times(result, al.constant(1) if f in here else ix.power_of(_factor_given(f, known), e))
    return result


def _factor_given(f: Factor, known: frozenset[Factor]) -> Poly:
    def bare(k: al.Key) -> Poly:
        return al.plus(*(al.scale(_given(m, known, known), c) for m, c in k))

    if not any(_occurs(g, f[1:]) for g in known):
        return al.factor(f)
    match f:
        case ("ind", op, k):
            return indicator(op, bare(k))
        case ("call", fn, arguments):
            return call(fn, tuple(bare(k) for k in arguments))
        case ("pow", k):
            p = bare(k)
            return al.factor(("pow", al.key(p))) if len(p) > 1 else p
        case ("sum", bound, mono):
            with ix.opened(bound, mono) as (body, names):
                return ix.sum_over(_given(body, known, known), names)
    return al.factor(f)


def _sifted_mono(mono: al.Mono, delta: Factor, mapping: dict[Index, Index]) -> Poly:
    rest = tuple(fe for fe in mono if fe[0] != delta)
    return {mono: Fraction(1)} if len(rest) == len(mono) else al.times(al.factor(delta), ix.replace_mono(rest, mapping))


def match(f: object, target: object, found: dict[Index, Index]) -> bool:
    """Whether a factor is the target read at other indices; `found` collects which."""
    if isinstance(target, tuple) and len(target) == 2 and target[0] == "f":
        return isinstance(f, tuple) and bool(f) and f[0] in ("f", "b", "p") and found.setdefault(target, f) == f
    if isinstance(target, tuple) and isinstance(f, tuple):
        return len(f) == len(target) and all(match(x, y, found) for x, y in zip(f, target, strict=True))
    return f == target


def _rule_factor(f: Factor, e: Fraction, rule: Rule, given: frozenset[Factor]) -> Poly:
    found: dict[Index, Index] = {}
    times_ = e / rule.unit
    if f[0] == rule.target[0] and times_.denominator == 1 and match(f, rule.target, found):
        moved = {i: j for i, j in found.items() if i != j}
        if all(read_at(g, moved) in given for g in rule.beside):
            return power(ix.replace(rule.by, moved), times_)
    match f:
        case ("sum", bound, mono):
            with ix.opened(bound, mono) as (body, names):
                new = _rule_mono(body, rule, given)
                return al.factor(f, e) if new == {body: Fraction(1)} else power(ix.sum_over(new, names), e)
        case ("pow", k):
            new = apply_rule(al.poly(k), rule)
            return power(new, e) if new != al.poly(k) else al.factor(f, e)
        case ("call", fn, arguments):
            return power(call(fn, tuple(apply_rule(al.poly(k), rule) for k in arguments)), e)
    return al.factor(f, e)

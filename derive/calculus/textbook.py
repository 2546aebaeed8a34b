"""Towards the form a textbook prints: in terms of the definition's own names, with facts applied, never longer.

Four deterministic passes over the canonical polynomial of a gradient: recognise named intermediates; solve the
definitions for what they hide (x - mu = xhat / rstd) where that shortens; apply facts (sum of xhat is 0), each proved
by expanding the definitions; bring terms over one denominator where that shortens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from derive.calculus import algebra as al
from derive.calculus.algebra import Factor, Index, Poly, TooLarge
from derive.calculus.canonical import Canon, is_zero
from derive.calculus.display import Names, expression
from derive.calculus.powers import over, positive, power
from derive.language.nodes import Add, At, Call, Const, Expr, Mul, Pow, Reduce, Ref, at, flatten, leaves, substitute, transform, walk
from derive.language.program import Let, Program

FACT_LEVELS = 4
STRUCTURED = ("sum", "pow", "exp", "call", "red")
SCALAR = ("size", "num", "param")


@dataclass(frozen=True)
class Rule:
    """factor^exponent may be written as (by)^(1/unit) ... : every power that is a multiple of `unit` is replaced."""

    name: str
    target: Factor
    unit: Fraction
    by: Poly


def refine(program: Program) -> tuple[Program, frozenset[str]]:
    """The program with every reduction inside a larger expression, and every sum inside a product, named: opaque to the
    algebra, so that differences are not multiplied out and cancelled again. Returns the names that were added too."""
    lets: list[Let] = []
    hidden: list[str] = []
    names: dict[Expr, Expr] = {}
    for let in program.lets:
        summed = {c for n in walk(let.body) if _multiplies(n) for c in n.children if _is_difference(c)}
        done: dict[Expr, Expr] = {}
        for node in walk(let.body):
            new = node.rebuild(tuple(done[c] for c in node.children)) if node.children else node
            if (isinstance(new, Reduce) or node in summed) and node is not let.body and not isinstance(new, Ref):
                if new not in names:
                    lets.append(Let(f"{let.name}%{len(hidden)}", new))
                    hidden.append(lets[-1].name)
                    names[new] = lets[-1].ref
                new = names[new]
            done[node] = new
        lets.append(Let(let.name, done[let.body]))
    return replace(program, lets=tuple(lets)), frozenset(hidden)


def is_contraction(e: Expr) -> bool:
    """A genuine matrix product: a sum of products in which two factors each have an axis that the other lacks."""
    if not isinstance(e, Reduce) or e.how not in ("sum", "mean"):
        return False
    body = flatten(e.body)
    if isinstance(body, Add):
        return any(is_contraction(Reduce(e.how, term, e.over)) for term in body.args)
    factors = [f for f in body.args if f.axes & set(e.over)] if isinstance(body, Mul) else []
    return any(a.axes - b.axes - set(e.over) and b.axes - a.axes - set(e.over) for a in factors for b in factors)


def see_through(program: Program, canon: Canon) -> Program:
    """The program with element-wise lets that are fractions of exponentials (logistic and the like) written out,
    except in matrix products."""
    outputs = {o.name for o in program.outputs}
    bodies: dict[Expr, Expr] = {}
    lets: list[Let] = []
    for let in program.lets:
        multiplies = any(is_contraction(r) for r in leaves(let.body, Reduce))
        new = let if multiplies else Let(let.name, substitute(let.body, bodies))
        fraction = any(holds_exponential(f) for m in canon.poly(let.body) for f, _ in m) and not leaves(let.body, Reduce)
        if fraction and let.name not in outputs:
            bodies[let.ref] = new.body
        lets.append(new)
    return replace(program, lets=tuple(lets))


def _multiplies(node: Expr) -> bool:
    return isinstance(node, Mul) or (isinstance(node, Pow) and isinstance(node.exponent, Const) and node.exponent.value > 0)


def _is_difference(node: Expr) -> bool:
    """A sum of at least two arrays, without exponentials, which have cancellations of their own to show."""
    return isinstance(node, Add) and sum(1 for t in node.args if t.axes) >= 2 and not leaves(node, Call)


def unhide(lets: Iterable[Let], hidden: frozenset[str], expr: Expr) -> Expr:
    """The expression with added names expanded again; positions are read from what is inside, not from the whole."""
    bodies: dict[Expr, Expr] = {}
    for let in lets:
        if let.name in hidden:
            bodies[let.ref] = substitute(let.body, bodies)
    return transform(substitute(expr, bodies), _read_inside)


def _read_inside(node: Expr) -> Expr:
    if isinstance(node, At) and isinstance(node.body, (Add, Mul)):
        index = dict(node.index)
        parts = ((c, {a: i for a, i in index.items() if a in c.axes}) for c in node.body.children)
        return node.body.rebuild(tuple(_read_inside(at(c, here)) if here else c for c, here in parts))
    return node


def cost(p: Poly) -> int:
    """How much there is to write and to compute: terms, factors, and what reductions run over."""
    return sum(2 + sum(_weight(f, e) for f, e in m) for m in p)


def _weight(f: Factor, e: Fraction) -> int:
    if f[0] in SCALAR:
        return 0
    if f[0] in ("sum", "mean"):
        return 3 + sum(_weight(g, x) for g, x in f[2])
    if f[0] in ("pow", "red"):
        return 2 + cost(al.poly(f[-1]))
    if f[0] == "call":
        return 2 + sum(cost(al.poly(k)) for k in f[2])
    if f[0] == "exp":
        return 2 + sum(_weight(g, x) for g, x in f[1])
    return 1 + int(abs(e) > 1)


class Basis:
    """The rules that a program's definitions give, and the facts they imply."""

    def __init__(self, program: Program, opaque: Canon, full: Canon, names: Names, arbitrary: frozenset[str]) -> None:
        self.full, self.names = full, names
        self.arbitrary = frozenset(("t", name) for name in arbitrary)
        self.recognise: list[Rule] = []
        self.solve: list[list[Rule]] = []
        self.facts: dict[Factor, tuple[Expr, Poly] | None] = {}
        self.used: dict[Factor, tuple[Expr, Poly]] = {}
        self.bodies = {let.name: let.body for let in program.lets}
        self.nonzero: set[str] = set()
        self.touched: set[str] = set()
        self.expanded: dict[Factor, frozenset[str]] = {}
        for let in program.lets:
            self._learn(let, self.known(opaque.poly(let.body)))

    def known(self, p: Poly) -> Poly:
        """Named intermediates recognised."""
        for rule in self.recognise:
            new = apply_rule(p, rule)
            if new is not p and new != p:
                self.touched.add(rule.name)
            p = new
        return p

    def _learn(self, let: Let, body: Poly) -> None:
        ref = ("t", let.name, tuple((a, ("f", a)) for a in sorted(let.body.axes)))
        if len(body) == 1 and self._divides_safely(next(iter(body))):
            self.nonzero.add(let.name)
        if len(body) == 1:
            rules = [r for r in _single_term_rules(let.name, ref, body) if self._safe(r)]
            structured = [f for m in body for f, _ in m if f[0] not in SCALAR]
            if len(structured) == 1 and (structured[0][0] in STRUCTURED or _read_elsewhere(structured[0])):
                self.recognise += rules
            else:
                self.solve.insert(0, rules)
        else:
            self.solve.insert(0, [r for r in _linear_rules(let.name, ref, body) if self._safe(r)])

    def _safe(self, rule: Rule) -> bool:
        """Whether what the rule divides by is positive wherever the definition has a meaning."""
        return all(self._divides_safely(tuple(fe for fe in m if fe[1] < 0)) for m in rule.by)

    def _divides_safely(self, mono: al.Mono) -> bool:
        return all(positive(f) or e.denominator != 1 or (f[0] == "t" and f[1] in self.nonzero) for f, e in mono)

    def shorten(self, p: Poly) -> Poly:
        """All passes, until nothing gets shorter."""
        self.touched = set()
        p = self.known(p)
        for _ in range(6):
            before = cost(p)
            p = self._apply_facts(self._solved(p))
            p = self.known(together(p))
            if cost(p) >= before:
                break
        return p

    def _solved(self, p: Poly) -> Poly:
        for rules in self.solve:
            for rule in rules:
                if not any(_token(rule.target) in tokens(m) for m in p):
                    continue
                new = _if_shorter(p, lambda q, rule=rule: self._apply_facts(self.known(apply_rule(q, rule))))  # type: ignore[misc]
                if new is not p:
                    self.touched.add(rule.name)
                p = new
        return p

    def _apply_facts(self, p: Poly) -> Poly:
        total: Poly = {}
        for mono, c in p.items():
            term = al.constant(c)
            for f, e in mono:
                fact = self._fact(f) if f[0] == "sum" else None
                if fact is not None:
                    self.used[f] = fact
                    self.touched |= self.expanded[f]
                term = al.times(term, power(fact[1], e) if fact is not None and (fact[1] or e > 0) else al.factor(f, e))
            total = al.plus(total, term)
        return total

    def _fact(self, f: Factor) -> tuple[Expr, Poly] | None:
        """The value of a sum that, with everything expanded, is a number or a product of sizes. One over an arbitrary
        array (a cotangent, a tangent) never is."""
        if tokens(f) & self.arbitrary:
            return None
        if al.free(f) - {i for i in al.free(f) if i[0] == "f"}:
            return None
        if f not in self.facts:
            self.facts[f] = self._find_fact(f)
        return self.facts[f]

    def _find_fact(self, f: Factor) -> tuple[Expr, Poly] | None:
        """Definitions are expanded level by level, for as long as that stays small."""
        claim = expression(al.factor(f), self.names)
        bodies: dict[str, Expr] = {}
        frontier = leaves(claim, Ref)
        for _ in range(FACT_LEVELS):
            bodies |= {r.name: self.bodies[r.name] for r in frontier if r.name in self.bodies}  # type: ignore[attr-defined]
            try:
                value = Canon(dict(bodies), self.full.positive, self.full.hypotheses).poly(claim)
                if is_zero(value):
                    self.expanded[f] = frozenset(bodies)
                    return claim, {}
            except TooLarge:
                return None
            if len(value) == 1 and all(g[0] in ("size", "num") for m in value for g, _ in m):
                self.expanded[f] = frozenset(bodies)
                return claim, value
            frontier = [r for n in frontier if n.name in self.bodies for r in leaves(self.bodies[n.name], Ref)]  # type: ignore[attr-defined]
            if not frontier:
                return None
        return None


def _single_term_rules(name: str, ref: Factor, body: Poly) -> list[Rule]:
    """From v = c * f^e * rest: f^e = v / (c * rest), for each factor f that spans what v spans."""
    (mono, c), *_ = body.items()
    rules = []
    for f, e in mono:
        if f[0] in SCALAR or not _spans(f, ref, mono) or (f[0] == "pow" and holds_exponential(f)):
            continue
        inverse = al.from_exponents({ref: Fraction(1), **{g: -x for g, x in mono if g != f}})
        rules.append(Rule(name, f, e, al.scale(inverse, 1 / c)))
    return rules


def holds_exponential(f: Factor) -> bool:
    """Whether a factor is a sum with exponentials: those are shown as sigmoids, not by the names they have."""
    return f[0] == "pow" and any(g[0] == "exp" for m in al.poly(f[1]) for g, _ in m)


def _read_elsewhere(f: Factor) -> bool:
    """Whether a tensor is read at positions that data gives."""
    return f[0] == "t" and any(al.depends_on_data(i) for _, i in f[2])


def _linear_rules(name: str, ref: Factor, body: Poly) -> list[Rule]:
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
    plain = f[0] != "t" or _read_elsewhere(f) or all(i == ("f", a) for a, i in f[2])
    return plain and al.free(f) >= al.free(ref) and all(al.free(f) >= al.free(g) for g, _ in mono)


def _occurs(f: Factor, inside: object) -> bool:
    if f[0] == "t" and isinstance(inside, tuple) and len(inside) == 3 and inside[:2] == f[:2]:
        return True
    return inside == f or (isinstance(inside, tuple) and any(_occurs(f, part) for part in inside))


def _if_shorter(p: Poly, change: Callable[[Poly], Poly]) -> Poly:
    try:
        candidate = change(p)
    except (TooLarge, ZeroDivisionError):
        return p
    return candidate if cost(candidate) < cost(p) else p


def apply_rule(p: Poly, rule: Rule) -> Poly:
    """Every whole multiple of the rule's power replaced, under sums, powers and functions too."""
    token = _token(rule.target)
    if not any(token in tokens(m) for m in p):
        return p
    return al.plus(*(al.scale(_rule_mono(m, rule) if token in tokens(m) else {m: Fraction(1)}, c) for m, c in p.items()))


def _token(f: Factor) -> tuple[str, str]:
    """What a factor is recognised by at a glance: its kind, and its name if it has one."""
    return (f[0], f[1]) if f[0] in ("t", "call") else (f[0], "")


@lru_cache(maxsize=200_000)
def tokens(item: object) -> frozenset[tuple[str, str]]:
    """The tokens of all factors anywhere inside."""
    if not isinstance(item, tuple) or not item:
        return frozenset()
    inner = frozenset().union(*(tokens(part) for part in item))
    return inner | {_token(item)} if isinstance(item[0], str) and len(item) > 1 else inner


def _rule_mono(mono: al.Mono, rule: Rule) -> Poly:
    result = al.constant(1)
    for f, e in mono:
        result = al.times(result, _rule_factor(f, e, rule))
    return result


def _match(f: object, target: object, found: dict[Index, Index]) -> bool:
    """Whether a factor is the target read at other indices; `found` collects which."""
    if isinstance(target, tuple) and len(target) == 2 and target[0] == "f":
        return isinstance(f, tuple) and bool(f) and f[0] in ("f", "b", "p") and found.setdefault(target, f) == f
    if isinstance(target, tuple) and isinstance(f, tuple):
        return len(f) == len(target) and all(_match(x, y, found) for x, y in zip(f, target, strict=True))
    return f == target


def _rule_factor(f: Factor, e: Fraction, rule: Rule) -> Poly:
    found: dict[Index, Index] = {}
    times_ = e / rule.unit
    if f[0] == rule.target[0] and times_.denominator == 1 and _match(f, rule.target, found):
        return power(al.replace(rule.by, {i: j for i, j in found.items() if i != j}), times_)
    match f:
        case ("sum", bound, mono):
            opened, names = al.open_bound(bound, mono)
            new = _rule_mono(opened, rule)
            return al.factor(f, e) if new == {opened: Fraction(1)} else power(al.sum_over(new, names), e)
        case ("pow", k):
            new = apply_rule(al.poly(k), rule)
            return power(new, e) if new != al.poly(k) else al.factor(f, e)
        case ("call", fn, arguments):
            from derive.calculus.powers import call

            return power(call(fn, tuple(apply_rule(al.poly(k), rule) for k in arguments)), e)
    return al.factor(f, e)


def together(p: Poly) -> Poly:
    """Terms over one denominator, for each sum that stands in denominators, where that is shorter."""
    bases = sorted({f for m in p for f, e in m if f[0] == "pow" and e < 0 and e.denominator == 1}, key=al.order)
    for base in bases:
        p = _if_shorter(p, lambda q, base=base: cancelled(over(q, base), base))  # type: ignore[misc]
    return p


def cancelled(p: Poly, base: Factor) -> Poly:
    """Terms over one denominator in one exponential, each divided by it as often as that goes exactly."""
    exponentials = {g for m in al.poly(base[1]) for g, _ in m}
    if len(exponentials) != 1 or next(iter(exponentials))[0] != "exp":
        return p
    (e,) = exponentials
    divisor = {dict(m).get(e, Fraction(0)): c for m, c in base[1]}
    groups: dict[tuple[al.Mono, Fraction], dict[Fraction, Fraction]] = {}
    for m, c in p.items():
        rest = tuple(fe for fe in m if fe[0] not in (e, base))
        groups.setdefault((rest, dict(m).get(base, Fraction(0))), {})[dict(m).get(e, Fraction(0))] = c
    total: Poly = {}
    for (rest, k), numerator in groups.items():
        while k < 0 and (quotient := _divided(numerator, divisor)) is not None:
            numerator, k = quotient, k + 1
        for x, c in numerator.items():
            total = al.plus(total, al.scale(al.from_exponents({**dict(rest), e: x, base: k}), c))
    return total


def _divided(numerator: dict[Fraction, Fraction], divisor: dict[Fraction, Fraction]) -> dict[Fraction, Fraction] | None:
    """The exact quotient of two polynomials by exponent, or None."""
    top, quotient, left = max(divisor), {}, dict(numerator)
    for _ in range(20):
        if not left:
            return quotient
        x = max(left)
        if x - top < min(numerator) - min(divisor):
            return None
        c = left[x] / divisor[top]
        quotient[x - top] = c
        for y, d in divisor.items():
            value = left.get(x - top + y, Fraction(0)) - c * d
            left = {**left, x - top + y: value} if value else {z: v for z, v in left.items() if z != x - top + y}
    return None


def leaves_of(program: Program) -> dict[str, Expr]:
    """Inputs and lets by name, in the order products list them: cotangents come first among equals."""
    named: dict[str, Expr] = {i.name: i for i in program.inputs}
    named.update({let.name: Ref(let.name, let.body.axes) for let in program.lets})
    return named


"""Towards the form a textbook prints: in terms of the definition's own names, with facts applied, never longer.

Four deterministic passes over the canonical polynomial of a gradient: recognise named intermediates; solve the
definitions for what they hide (x - mu = xhat / rstd) where that shortens; apply facts (sum of xhat is 0), each proved
by expanding the definitions; bring terms over one denominator where that shortens.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from fractions import Fraction

from derive.calculus import algebra as al
from derive.calculus import indices as ix
from derive.calculus.algebra import Factor, Poly
from derive.calculus.canonical import Canon, is_zero
from derive.calculus.display import Names, expression
from derive.calculus.masked import Masks
from derive.calculus.powers import positive, power
from derive.calculus.rules import (
    SCALAR,
    STRUCTURED,
    Rule,
    RuleBook,
    apply_rule,
    divided_out,
    divisors,
    exponentials,
    holds_exponential,
    linear_rules,
    marks,
    read_elsewhere,
    sifted,
    single_term_rules,
    token,
    tokens,
    tokens_of,
)
from derive.calculus.shorter import cost, if_shorter, together
from derive.language.nodes import (
    Add,
    At,
    Call,
    Carried,
    Const,
    Expr,
    Input,
    Iota,
    Mul,
    Pow,
    Reduce,
    Ref,
    at,
    base_axis,
    flatten,
    leaves,
    substitute,
    transform,
    walk,
)  # fmt: skip
from derive.language.program import Let, Program
from derive.language.recurrence import held
from derive.language.work import TooLarge

FACT_LEVELS = 4


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


def see_through(program: Program, canon: Canon, named: Collection[str] = ()) -> Program:
    """The program with element-wise lets that are fractions of exponentials (logistic and the like) written out, except
    in matrix products and for those named."""
    kept = held(program) | set(named)
    bodies: dict[Expr, Expr] = {}
    lets: list[Let] = []
    for let in program.lets:
        if isinstance(let.body, Carried):
            lets.append(let)
            continue
        multiplies = any(is_contraction(r) for r in leaves(let.body, Reduce))
        new = let if multiplies else Let(let.name, substitute(let.body, bodies))
        fraction = any(holds_exponential(f) for m in canon.poly(let.body) for f, _ in m) and not leaves(let.body, Reduce)
        if fraction and let.name not in kept:
            bodies[let.ref] = new.body
        lets.append(new)
    return replace(program, lets=tuple(lets))


def hide_differences(program: Program) -> tuple[Program, list[Let]]:
    """The program with sums of arrays inside products named, so that they are not multiplied out, and what functions read at
    other positions; and what was named."""
    hidden: dict[Expr, Let] = {}
    lets = []
    for let in program.lets:
        reads = {r for f in leaves(let.body, Call) for r in leaves(f, At) if isinstance(r.children[0], (Ref, Input))}
        for node in walk(let.body):
            for c in node.children:
                if ((_multiplies(node) and _is_difference(c)) or c in reads) and c not in hidden:
                    hidden[c] = Let(f"{let.name}%{len(hidden)}", c)
                    lets.append(hidden[c])
        lets.append(Let(let.name, substitute(let.body, {c: h.ref for c, h in hidden.items()})))
    return replace(program, lets=tuple(lets)), list(hidden.values())


def _multiplies(node: Expr) -> bool:
    return isinstance(node, Mul) or (isinstance(node, Pow) and isinstance(node.exponent, Const) and node.exponent.value > 0)


def _is_difference(node: Expr) -> bool:
    """A sum of at least two arrays, without exponentials, which have cancellations of their own to show."""
    return isinstance(node, Add) and sum(1 for t in node.args if t.axes) >= 2 and not leaves(node, Call)


def hidden_bodies(lets: Iterable[Let], hidden: frozenset[str]) -> dict[Expr, Expr]:
    """What each added name stands for, without added names."""
    bodies: dict[Expr, Expr] = {}
    for let in lets:
        if let.name in hidden:
            bodies[let.ref] = substitute(let.body, bodies)
    return bodies


def unhide(bodies: dict[Expr, Expr], expr: Expr) -> Expr:
    """The expression with added names expanded again; positions are read from what is inside, not from the whole."""
    return transform(substitute(expr, bodies), _read_inside)


def _read_inside(node: Expr) -> Expr:
    if isinstance(node, At) and isinstance(node.body, (Add, Mul)):
        index = dict(node.index)
        parts = ((c, {a: i for a, i in index.items() if a in c.axes}) for c in node.body.children)
        return node.body.rebuild(tuple(_read_inside(at(c, here)) if here else c for c, here in parts))
    if isinstance(node, At) and isinstance(node.body, At) and all(_merely_renames(a, i) for a, i in node.body.index):
        return _read_once(node.body, dict(node.index))
    return node


def _merely_renames(axis: str, index: Expr) -> bool:
    return isinstance(index, Iota) and base_axis(index.axis) == base_axis(axis)


def _read_once(read: At, again: dict[str, Expr]) -> Expr:
    """What is read along N' instead of N, and then at a position of N', read at that position of N."""
    own = {a: i for a, i in again.items() if a in read.body.axes and a not in dict(read.index)}
    return at(read.body, own | {a: substitute(i, {Iota(b): j for b, j in again.items()}) for a, i in read.index})


class Basis:
    """The rules that a program's definitions give, and the facts they imply."""

    def __init__(self, program: Program, opaque: Canon, full: Canon, names: Names, arbitrary: frozenset[str]) -> None:
        self.full, self.names = full, names
        self.arbitrary = {("t", name) for name in arbitrary}
        self.recognise = RuleBook()
        self.solve = RuleBook()  # asked from its end: what is defined last is put in first
        self.written: dict[tuple[str, str], Rule] = {}
        self.masks = Masks()
        self.facts: dict[Factor, tuple[Expr, Poly] | None] = {}
        self.used: dict[Factor, tuple[Expr, Poly]] = {}
        lets = [let for let in program.lets if not isinstance(let.body, Carried)]
        self.bodies = {let.name: let.body for let in lets}
        self.nonzero: set[str] = set()
        self.positive: set[str] = set()
        self.small: set[str] = set()  # names of exponentials and sigmoids, perhaps times something
        self.avoided: frozenset[str] = frozenset()
        self.touched: set[str] = set()
        self.expanded: dict[Factor, frozenset[str]] = {}
        for let in lets:
            self._learn(let, self.known(opaque.poly(let.body)))

    def known(self, p: Poly) -> Poly:
        """Named intermediates recognised."""
        last = -1
        while (found := self.recognise.after(last, tokens_of(p))) is not None:
            last, rule = found
            new = apply_rule(p, rule)
            if new is not p and new != p:
                self.touched.add(rule.name)
                p = new
        return p

    def _learn(self, let: Let, body: Poly) -> None:
        ref = ("t", let.name, tuple((a, ("f", a)) for a in sorted(let.body.axes)))
        self.masks.learn(let.name, let.body, body)
        if len(body) == 1 and self._divides_safely(next(iter(body))):
            self.nonzero.add(let.name)
        if len(body) == 1 and any(holds_exponential(f) or self._is_exponential(f) for m in body for f, _ in m):
            self.small.add(let.name)
        if all(c > 0 and self._is_positive(m) for m, c in body.items()):
            self.positive.add(let.name)
        if len(body) == 1:
            rules = [r for r in single_term_rules(let.name, ref, body) if self._safe(r)]
            structured = [f for m in body for f, _ in m if f[0] not in SCALAR]
            if len(structured) == 1 and (structured[0][0] in STRUCTURED or read_elsewhere(structured[0])):
                self.recognise.add(rules)
            else:
                self.solve.add(reversed(rules))
                self.written[token(ref)] = Rule(let.name, ref, Fraction(1), body)
        else:
            self.solve.add(reversed([r for r in linear_rules(let.name, ref, body) if self._safe(r)]))

    def _safe(self, rule: Rule) -> bool:
        """Whether what the rule divides by is positive wherever the definition has a meaning."""
        return all(self._divides_safely(tuple(fe for fe in m if fe[1] < 0)) for m in rule.by)

    def _divides_safely(self, mono: al.Mono) -> bool:
        return all(e.denominator != 1 or (f[0] == "t" and f[1] in self.nonzero) or self._is_positive(((f, e),)) for f, e in mono)

    def _is_positive(self, mono: al.Mono) -> bool:
        """Whether a product is positive, names seen through."""
        return all(
            positive(f) or (f[0] == "t" and f[1] in self.positive) or (f[0] == "sum" and self._is_positive(f[2])) for f, _ in mono
        )

    def shorten(self, p: Poly) -> Poly:
        """The shortest form found that divides by no new name of what may be 0 in floats; where it would, by no step that does."""
        self.avoided = frozenset()
        short = self._shortened(p)
        if new := divisors(short) & self.small - divisors(p):
            self.avoided = new
            short = self._shortened(p)
        return short

    def _shortened(self, p: Poly) -> Poly:
        """All passes, until nothing gets shorter."""
        self.touched = set()
        p = self.known(p)
        for _ in range(6):
            before = cost(p)
            p = self._apply_facts(self._solved(self._undivided(self._sifted(p))))
            p = self._unsaid(self.known(together(p)))
            if cost(p) >= before:
                break
        return p

    def _sifted(self, p: Poly) -> Poly:
        """Each term with what stands beside a one-hot read at its position, where that is shorter."""
        return al.plus(*(al.scale(if_shorter({m: Fraction(1)}, lambda q: self.known(sifted(q))), c) for m, c in p.items()))

    def _unsaid(self, p: Poly) -> Poly:
        """Without the conditions that names say: the step needs what these stand for."""
        new = self.masks.unsaid(p)
        if new != p:
            self.touched |= {name for kind, name in tokens_of(p) if kind == "t" and name in self.bodies}
        return new

    def _undivided(self, p: Poly) -> Poly:
        """Products that are divided by are written out, where that cancels: p*(1 - p)/p."""
        for mark in sorted({token(f) for m in p for f, e in m if e < 0 and f[0] == "t"} & set(self.written)):
            rule = self.written[mark]
            new = if_shorter(p, lambda q, rule=rule: self._apply_facts(self.known(divided_out(q, rule))))  # type: ignore[misc]
            if new is not p:
                self.touched.add(rule.name)
            p = new
        return p

    def _by_rule(self, p: Poly, rule: Rule) -> Poly:
        def applied(q: Poly) -> Poly:
            return self._apply_facts(self.known(apply_rule(q, rule)))

        new = if_shorter(p, applied)
        if new is not p and len(p) > 1 and self._is_exponential(rule.target):  # of two names that hold it, each goes where it fits
            new = min(new, al.plus(*(al.scale(if_shorter({m: Fraction(1)}, applied), c) for m, c in p.items())), key=cost)
        if new is p or not exponentials(new) <= exponentials(p) or divisors(new) & self.avoided:
            return p  # what is divided by a new exponential is 0 where that is
        self.touched.add(rule.name)
        return new

    def _is_exponential(self, f: Factor) -> bool:
        return f[0] == "exp" or (f[0] == "t" and f[1] in self.small)

    def _solved(self, p: Poly) -> Poly:
        last = len(self.solve.rules)
        while (found := self.solve.before(last, tokens_of(p))) is not None:
            last, rule = found
            if any(marks(rule.target) <= tokens(m) for m in p):
                p = self._by_rule(p, rule)
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
        if ix.free(f) - {i for i in ix.free(f) if i[0] == "f"}:
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


def leaves_of(program: Program) -> dict[str, Expr]:
    """Inputs and lets by name, in the order products list them: cotangents come first among equals."""
    named: dict[str, Expr] = {i.name: i for i in program.inputs}
    named.update({let.name: Ref(let.name, let.body.axes) for let in program.lets})
    return named

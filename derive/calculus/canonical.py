"""From expressions to canonical polynomials, and the test of equality that proofs rest on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from derive.calculus import algebra as al
from derive.calculus import indices as ix
from derive.calculus.algebra import Poly
from derive.calculus.assumed import about_one_sum, with_value
from derive.calculus.atoms import MEANING
from derive.calculus.powers import call, exponential, logarithm, power
from derive.language.memory import remembered
from derive.language.nodes import (
    ONE,
    ZERO,
    Add,
    At,
    Call,
    Carried,
    Compare,
    Const,
    Delta,
    Expr,
    Input,
    Iota,
    Mul,
    Param,
    Pow,
    Reduce,
    Ref,
    Size,
    Where,
    base_axis,
    walk,
)  # fmt: skip
from derive.language.program import Hypothesis, Program
from derive.language.work import spend, work_done

Forms = dict[Expr, tuple[Poly, int]]  # with the work that each took


@remembered(1024)
def _forms(positive: frozenset[str], hypotheses: tuple[Hypothesis, ...], bodies: frozenset[tuple[str, Expr]]) -> Forms:
    """The forms of nodes that are read so, as far as they are known."""
    return {}


def _is_expanded(e: Expr) -> bool:
    """Whether its form is that of another expression."""
    return isinstance(e, Ref) or (isinstance(e, Call) and e.fn in MEANING)


@dataclass
class Canon:
    """Turns expressions into polynomials. Refs in `bodies` are expanded, others are opaque; positive parameters are known."""

    bodies: dict[str, Expr] = field(default_factory=dict)
    positive: frozenset[str] = frozenset()
    hypotheses: tuple[Hypothesis, ...] = ()
    _known: dict[Expr, Poly] = field(default_factory=dict)
    _tables: dict[frozenset[str], Forms] = field(default_factory=dict)

    def poly(self, expr: Expr) -> Poly:
        """The canonical polynomial of an expression (a condition counts as 1 or 0)."""
        if expr not in self._known:
            for node in walk(expr):
                if node not in self._known:
                    self._known[node] = self._node(node) if _is_expanded(node) else self._form(node)
        return self._known[expr]

    def _form(self, node: Expr) -> Poly:
        """The form of a node, worked out once for all that expand the names in it alike, and accounted for each time."""
        forms = self._tables.get(node.named) or self._table(node.named)
        if node in forms:
            form, work = forms[node]
            spend(work)
            return form
        before = work_done()
        form = self._node(node)
        forms[node] = form, work_done() - before
        return form

    def _table(self, names: frozenset[str]) -> Forms:
        """The forms of nodes with these names in them."""
        reached = names.union(*(side.named for h in self.hypotheses for side in (h.left, h.right)))
        while more := {n for name in reached & self.bodies.keys() for n in self.bodies[name].named} - reached:
            reached |= more
        bodies = frozenset((n, self.bodies[n]) for n in reached if n in self.bodies)
        self._tables[names] = found = _forms(self.positive, self.hypotheses, bodies)
        return found

    def _node(self, e: Expr) -> Poly:
        known = self._known
        match e:
            case Const(value):
                return al.constant(value)
            case Ref(name) if name in self.bodies:
                return self.poly(self.bodies[name])
            case Input(name) | Ref(name):
                return al.factor(("t", name, tuple((a, ("f", a)) for a in sorted(e.axes))))
            case Param(name):
                return al.factor(("param", name, "positive" if name in self.positive else "real"))
            case Size(axis):
                return al.factor(("size", base_axis(axis)))
            case Iota(axis):
                return al.factor(("iota", ("f", axis)))
            case Add(args):
                return al.plus(*(known[a] for a in args))
            case Mul(args):
                return al.product([*self._ranges(args), *(known[a] for a in args if a not in _ends(args))])
            case Pow(base, Const(value)):
                return power(known[base], value)
            case Pow(base, exponent):
                return exponential(al.times(known[exponent], logarithm(known[base])))
            case Call(fn, args):
                return self.poly(MEANING[fn](*args)) if fn in MEANING else call(fn, tuple(known[a] for a in args))
            case Compare(op, left, right):
                return ix.comparison(op, al.minus(known[left], known[right]))
            case Where(condition, chosen, other):
                return al.plus(al.times(known[condition], al.minus(known[chosen], known[other])), known[other])
            case Delta(axis, index):
                return ix.delta(("f", axis), ix.as_index(known[index]))
            case Reduce() | At():
                return self._reduce(e) if isinstance(e, Reduce) else self._at(e)
        raise TypeError(f"no canonical form for {e}")

    def _ranges(self, factors: tuple[Expr, ...]) -> list[Poly]:
        """What conditions at both ends of an axis say together: an index lies inside it."""
        return [ix.inside(axis, ix.as_index(self._known[i])) for i, axis in _within(factors)]

    def _reduce(self, e: Reduce) -> Poly:
        body = self._known[e.body]
        if e.how == "sum":
            return self._assumed(ix.sum_axes(body, e.over))
        if e.how == "mean":
            shares = [al.factor(("size", base_axis(a)), -1) for a in e.over]  # N and N' are as long, so N counts twice
            return al.product([self._assumed(ix.sum_axes(body, e.over)), *shares])
        if e.how == "logsumexp":
            return logarithm(ix.sum_axes(exponential(body), e.over))
        return ix.reduce_axes(e.how, body, e.over)

    def _at(self, e: At) -> Poly:
        mapping: dict[al.Index, al.Index] = {}
        inside = al.constant(1)
        for axis, index in e.index:
            where = ix.as_index(self._known[index])
            mapping[("f", axis)] = where
            inside = al.times(inside, ix.inside(axis, where))
        return al.times(inside, ix.replace(self._known[e.body], mapping))

    def _assumed(self, p: Poly) -> Poly:
        """Equations the definition assumes, applied to the sums they speak about."""
        for h in self.hypotheses:
            known = about_one_sum(_bare(self).poly(h.left), _bare(self).poly(h.right))
            if known is not None:
                p = with_value(p, *known)
        return p


def _one_if(e: Expr) -> tuple[str, Expr, Expr] | None:
    """The comparison of a factor that is 1 where it holds and 0 elsewhere."""
    holds = isinstance(e, Where) and (e.chosen, e.other) == (ONE, ZERO) and isinstance(e.condition, Compare)
    return (e.condition.op, e.condition.left, e.condition.right) if holds else None  # type: ignore[attr-defined]


def _within(factors: tuple[Expr, ...]) -> list[tuple[Expr, str]]:
    """The indices that factors want at 0 or above and below the size of an axis, each with the axis."""
    found = [c for f in factors if (c := _one_if(f))]
    return [(i, n.axis) for op, i, n in found if op == "<" and isinstance(n, Size) and (">=", i, ZERO) in found]


def _ends(factors: tuple[Expr, ...]) -> set[Expr]:
    """The factors that `_within` reads."""
    ends = {c for i, axis in _within(factors) for c in ((">=", i, ZERO), ("<", i, Size(axis)))}
    return {f for f in factors if _one_if(f) in ends}


def _bare(canon: Canon) -> Canon:
    return Canon(canon.bodies, canon.positive)


def canon_for(program: Program, expanded: bool = True, extra: Iterable[tuple[str, Expr]] = ()) -> Canon:
    """A Canon that knows a program's lets (when expanded), its positive parameters and its hypotheses. What a recurrence
    carries stays a name: what holds whatever it is, holds at every step."""
    bodies = {let.name: let.body for let in program.lets if not isinstance(let.body, Carried)} if expanded else {}
    bodies.update(extra)
    positive = frozenset(p.name for p in program.parameters if p.positive)
    return Canon(bodies, positive, program.hypotheses)


def is_zero(p: Poly, depth: int = 0) -> bool:
    """Whether a polynomial is zero as a function: denominators are multiplied out, sums over the same indices joined.

    True is a proof; False only says that this normal form does not show it.
    """
    for _ in range(12):
        if not p:
            return True
        base = _denominator(p)
        if base is None:
            break
        p = _multiply_out(p, base)
    return depth < 4 and _zero_by_sums(p, depth)


def _denominator(p: Poly) -> al.Factor | None:
    """A sum that stands in the denominator, or to a power of 1 or more, of some term."""
    for mono in p:
        for f, e in mono:
            if f[0] == "pow" and (e < 0 or e >= 1):
                return f
    return None


def _multiply_out(p: Poly, base: al.Factor) -> Poly:
    lowest = min(dict(m).get(base, Fraction(0)) for m in p)
    shift = -Fraction(lowest.numerator // lowest.denominator)
    terms: list[Poly] = []
    for mono, c in p.items():
        e = dict(mono).get(base, Fraction(0)) + shift
        whole = e.numerator // e.denominator
        rest = {f: x for f, x in mono if f != base}
        if e != whole:
            rest[base] = e - whole
        term = al.scale(al.from_exponents(rest), c)
        for _ in range(whole):
            term = al.times(term, al.poly(base[1]))
        terms.append(term)
    return al.plus(*terms)


def _zero_by_sums(p: Poly, depth: int) -> bool:
    """Terms with the same cofactor and the same bound indices are joined under one sum, and what is summed is tested.

    Exponentials go back under the sum: exp(a + b[i]) may have left a factor exp(a) before it.
    """
    groups: dict[tuple[al.Mono, tuple[str, ...]], list[tuple[al.Mono, Fraction, al.Factor]]] = {}
    for mono, c in p.items():
        sums = [f for f, e in mono if f[0] == "sum" and e == 1]
        if not sums:
            return False
        target = max(sums, key=lambda f: (len(f[1]), al.order(f)))
        rest = tuple(fe for fe in mono if fe[0] != target and fe[0][0] != "exp")
        within = tuple(fe for fe in mono if fe[0][0] == "exp")
        groups.setdefault((rest, tuple(axis for _, axis in target[1])), []).append((within, c, target))
    return all(_joined_is_zero(terms, depth) for terms in groups.values())


def _joined_is_zero(terms: list[tuple[al.Mono, Fraction, al.Factor]], depth: int) -> bool:
    bound = terms[0][2][1]
    names = [("f", f"{axis}~{depth}.{i}") for i, (_, axis) in enumerate(bound)]
    inner: list[Poly] = []
    for within, c, target in terms:
        mapping = {("b", k, axis): n for (k, axis), n in zip(target[1], names, strict=True)}
        inner.append(al.times({within: c}, ix.replace_mono(target[2], mapping)))
    return is_zero(al.plus(*inner), depth + 1)

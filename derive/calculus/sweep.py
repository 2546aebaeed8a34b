"""What forward and reverse sweeps over a program share: names, budget, and the steps that prove each let."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from derive.calculus.algebra import Poly
from derive.calculus.canonical import Canon, canon_for
from derive.calculus.derivatives import beside, pullback, sum_to, tangent
from derive.calculus.display import Names, expression
from derive.calculus.proof import Step, certify, certify_exactly
from derive.calculus.rules import divisors, tokens
from derive.calculus.sampling import refuted
from derive.calculus.slopes import slopes
from derive.calculus.textbook import Basis, hidden_bodies, is_contraction, leaves_of, refine, unhide
from derive.language.errors import NotProved
from derive.language.nodes import ZERO, Carried, Expr, Input, Mul, Reduce, Ref, add, flatten, leaves, mul, walk
from derive.language.program import Let, Program
from derive.language.recurrence import needed
from derive.language.work import TooLarge, at_most

INLINE_TERMS = 3
NEVER = 10**9
UNREADABLE = 24  # terms, after which nobody wants intermediates written out
WORK = 100_000  # products of terms that shortening one intermediate may take in a small program,
LONG, LONG_WORK = 20, 15_000  # and in one of more lets than LONG, or with all intermediates written out
WHOLE = 10  # up to so many definitions the whole gradient is proved in one piece too, everything expanded


@dataclass(frozen=True)
class Derivation:
    """A derived Program and the checked steps that lead to it."""

    program: Program
    steps: tuple[Step, ...]
    gaps: tuple[str, ...] = ()  # steps that no certificate could be had for

    @property
    def tier(self) -> str:
        """The weakest certificate among the steps; "none" where one has none."""
        return "none" if self.gaps else max((s.certificate.tier for s in self.steps), default="A")


def fresh_name(name: str, taken: Iterable[str]) -> str:
    """The name, with underscores added until nothing else carries it."""
    taken = set(taken)
    while name in taken:
        name += "_"
    return name


def names_in(program: Program) -> set[str]:
    return {i.name for i in program.inputs} | {p.name for p in program.parameters} | {let.name for let in program.lets}


def tangents(program: Program) -> dict[Input, Input]:
    """One direction `v_NAME` per real input."""
    taken = names_in(program)
    return {i: Input(fresh_name(f"v_{i.name}", taken), i.names) for i in program.real_inputs}


def inner(a: Expr, b: Expr, axes: frozenset[str]) -> Expr:
    return sum_to(mul(a, b), axes, frozenset())


def worth_a_name(shown: Expr) -> bool:
    return any(is_contraction(r) for r in leaves(shown, Reduce))


def prune(program: Program) -> Program:
    """Only the lets that the outputs need."""
    return replace(program, lets=tuple(needed(program)))


class Sweep:
    """What forward and reverse sweeps share: the refined program, its names, its basis, and the lets made so far."""

    def __init__(self, program: Program, extra: Iterable[Input], limit: int) -> None:
        self.program, self.limit = program, limit
        self.refined, self.hidden = refine(program)
        self.bodies = hidden_bodies(self.refined.lets, self.hidden)
        self.extra = tuple(extra)
        known: dict[str, Expr] = {i.name: i for i in self.extra}
        known.update(leaves_of(self.refined))
        self.known = known
        self.opaque = canon_for(program, expanded=False)
        self.full = canon_for(self.refined)
        self.slopes = slopes(self.refined, self.opaque)
        self.basis = Basis(self.refined, self.opaque, self.full, Names(known), frozenset(i.name for i in self.extra))
        self.lets: list[Let] = []
        self.steps: list[Step] = []
        self.gaps: list[str] = []
        self.spread = False  # whether a sum was passed on to several places without a name
        self.taken = names_in(program) | {i.name for i in self.extra}

    def show(self, p: Poly) -> Expr:
        """A polynomial as an expression over the program's own names."""
        return unhide(self.bodies, expression(p, Names(self.known)))

    def keep(self, name: str, body: Expr) -> Ref:
        """A new let, usable from now on."""
        return self.keep_as(self.reserve(name), body)

    def reserve(self, name: str) -> str:
        """A name for a let to come, like the one given."""
        name = fresh_name(name, self.taken)
        self.taken.add(name)
        return name

    def keep_as(self, name: str, body: Expr) -> Ref:
        """A new let of a reserved name; what a recurrence carries stays a name to all steps."""
        self.lets.append(Let(name, flatten(body)))
        ref = self.lets[-1].ref
        self.known[name] = ref
        if not isinstance(body, Carried):
            self.full.bodies[name] = self.lets[-1].body
            self._learn_masks(name, self.lets[-1].body)
        self.basis.arbitrary.add(("t", name))
        return ref

    def _learn_masks(self, name: str, body: Expr) -> None:
        try:
            self.basis.masks.learn(name, body, self.opaque.poly(body))
        except TooLarge:
            self.basis.masks.infinite.add(name)

    def shorten(self, raw: Expr) -> Poly | None:
        """The shortened polynomial; None, so that the raw form is kept, when it would take too long to find."""
        try:
            with at_most(LONG_WORK if self.limit == NEVER or len(self.refined.lets) > LONG else WORK):
                p = self.opaque.poly(raw)
                if self.limit == NEVER and len(p) > UNREADABLE:
                    raise TooLarge
                return self.basis.shorten(p)
        except TooLarge:
            if self.limit == NEVER:
                raise
            return None

    def certify(self, name: str, raw: Expr, shown: Expr, rule: str) -> None:
        """The step raw = shown, with just the definitions that shortening used expanded; with all of them if need be."""
        plain = unhide(self.bodies, raw)
        if plain == shown:
            self.steps.append(certify_exactly(name, plain, shown, rule, self.opaque))
            return
        bodies = {n: self.full.bodies[n] for n in self.basis.touched | self.hidden}
        near = Canon(bodies, self.full.positive, self.full.hypotheses)
        try:
            self.steps.append(certify_exactly(name, plain, shown, rule, near))
        except NotProved:
            self._certify_fully(name, plain, shown, rule)

    def _certify_fully(self, name: str, plain: Expr, shown: Expr, rule: str) -> None:
        """The step with everything expanded; a shortened form that cannot be certified gives way to the raw one."""
        try:
            self.steps.append(certify(name, plain, shown, rule, self.full))
        except NotProved:
            self.lets[-1] = Let(name, flatten(plain))
            self.full.bodies[name] = self.lets[-1].body
            self.steps.append(certify_exactly(name, plain, self.lets[-1].body, f"{rule}, not shortened", self.opaque))

    def local(self, let: Let, bar: Expr, parts: Mapping[Expr, Expr]) -> None:
        """The step that what the sweep passes on through one definition is the transpose of its derivative."""
        seeds: dict[Expr, Expr] = {leaf: Input(f"v_{leaf.name}", tuple(sorted(leaf.axes))) for leaf in parts}  # type: ignore[attr-defined]
        still: dict[Expr, Expr] = {x: ZERO for x in leaves(let.body, Ref, Input) if x not in seeds}
        left = inner(bar, tangent(let.body, seeds | still), let.body.axes)
        right = add(*(inner(seeds[leaf], part, leaf.axes) for leaf, part in parts.items()))
        rule = f"derivative of {let.name.partition('%')[0]}, transposed"
        self.steps += self.proved(
            f"through {let.name}", left, right, rule, self._written_out(let) if let.name in self.slopes else self.opaque
        )

    def prove_slope(self, let: Let) -> None:
        """The step that the derivative of a definition is its slope in terms of itself, if it has one."""
        if let.name in self.slopes:
            seeds: dict[Expr, Expr] = {x: Input(f"v_{x.name}", tuple(sorted(x.axes))) for x in leaves(let.body, Ref, Input)}  # type: ignore[attr-defined]
            left, right = tangent(let.body, seeds), self.tangent(let, seeds)
            rule = f"derivative of {let.name.partition('%')[0]} in terms of itself"
            self.steps += self.proved(f"slope of {let.name}", left, right, rule, self._written_out(let))

    def _written_out(self, let: Let) -> Canon:
        return Canon({let.name: let.body}, self.full.positive, self.full.hypotheses)

    def proved(self, name: str, left: Expr, right: Expr, rule: str, canon: Canon) -> list[Step]:
        """The step; none, and a gap, where it could neither be proved nor refuted. Raises NotProved where it is wrong."""
        try:
            return [certify(name, left, right, rule, canon)]
        except NotProved:
            if refuted(left, right, canon):
                raise
            self.gaps.append(f"{name}: {rule}")
            return []

    def prove_carried(self, let: Let, back: Carried) -> None:
        """The step that a recurrence is differentiated by one that runs the other way: what is carried, transposed. With the
        transposition of each definition of a step, the rest follows by induction over the positions."""
        carried = let.body
        assert isinstance(carried, Carried)
        bar = Input("bar", tuple(sorted(carried.axes)))
        value, start = Input(f"v_{carried.name}", bar.names), Input(f"v_{let.name}", tuple(sorted(carried.start.axes)))
        moves = bool(leaves(carried.start, Ref, Input))
        read = beside(carried, value, start if moves else ZERO)
        written = pullback(read, bar, {value, start})
        sides = sum_to(mul(bar, read), carried.axes, frozenset()), add(*(inner(leaf, part, leaf.axes) for leaf, part in written.items()))
        first = pullback(carried, bar, {carried.start}).get(carried.start, ZERO)
        rule = f"what is carried along {carried.axis}, transposed; the rest by induction over its positions"
        self.steps += self.proved(f"through {let.name}", *sides, rule, self.opaque)
        self.steps += self.proved(f"through {let.name}", written[value], beside(back, bar, back.start), rule, self.opaque)
        if start in written:
            self.steps += self.proved(f"through {let.name}", written[start], first, rule, self.opaque)

    def tangent(self, let: Let, seeds: Mapping[Expr, Expr]) -> Expr:
        """The derivative of one definition in the direction that moves what it uses; in terms of itself, where it has such a slope."""
        found = self.slopes.get(let.name)
        return tangent(let.body, seeds) if found is None else mul(found.by, tangent(found.argument, seeds))

    def pullback(self, let: Let, bar: Expr, targets: set[Expr]) -> dict[Expr, Expr]:
        """What a cotangent of one definition amounts to at what it uses."""
        found = self.slopes.get(let.name)
        return pullback(let.body, bar, targets) if found is None else pullback(found.argument, mul(bar, found.by), targets)

    def _feeds(self, let: Let) -> bool:
        """Whether the intermediate is a matrix product, is proportional to one,."""
        factors = let.body.args if isinstance(let.body, Mul) else (let.body,)
        hidden = [self.refined.let(r.name).body for r in factors if isinstance(r, Ref) and r.name in self.hidden]
        return is_contraction(let.body) or any(is_contraction(body) for body in hidden)

    def prove_facts(self) -> list[Step]:
        """A step for each fact that was used."""
        shown: dict[Expr, Step] = {}
        for f, (claim, value) in self.basis.used.items():
            plain = unhide(self.bodies, claim)
            if plain not in shown:
                bodies = {n: self.full.bodies[n] for n in self.basis.expanded[f] | self.hidden}
                near = Canon(bodies, self.full.positive, self.full.hypotheses)
                shown[plain] = certify("fact", plain, expression(value, Names(self.known)), "expand the definitions", near)
        return list(shown.values())

    def run(self) -> None:
        """Sweep over all lets."""
        raise NotImplementedError

    @property
    def price(self) -> int:
        """How many different operations all lets together take."""
        return len({n for let in self.lets for n in walk(let.body) if n.children})

    @property
    def _formulas(self) -> list[Let]:
        return [let for let in self.lets if not isinstance(let.body, Carried)]

    @property
    def divides(self) -> bool:
        """Whether a let divides by a name with a slope in terms of itself, or holds its logarithm."""
        factors = [(f, e) for let in self._formulas for m in self.opaque.poly(let.body) for f, e in m]
        marks = {("t", name) for name in self.slopes}
        return any(marks & tokens(f) for f, e in factors if e < 0 or ("call", "log") in tokens(f))

    @property
    def risks(self) -> int:
        """How many lets divide by a name of an exponential, which is 0 in floats where it is small."""
        return sum(not self.basis.small.isdisjoint(divisors(self.opaque.poly(let.body))) for let in self._formulas)

    @property
    def is_lean(self) -> bool:
        """Whether no let is so long, and none used in so many places, that keeping intermediates could be shorter."""
        return not self.spread and all(len(self.opaque.poly(let.body)) <= INLINE_TERMS for let in self._formulas)

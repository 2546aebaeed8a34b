"""VJP, JVP and HVP of a Program as Programs in textbook form, each with the steps that prove it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

from derive.calculus.algebra import Poly, TooLarge, at_most
from derive.calculus.atoms import primitive
from derive.calculus.canonical import Canon, canon_for
from derive.calculus.derivatives import pullback, sum_to, tangent
from derive.calculus.display import Names, expression
from derive.calculus.proof import Step, certify, certify_exactly
from derive.calculus.textbook import Basis, is_contraction, leaves_of, refine, see_through, unhide
from derive.language.errors import DefinitionError, NotProved
from derive.language.nodes import ZERO, Expr, Input, Mul, Reduce, Ref, add, flatten, leaves, mul, walk
from derive.language.program import Let, Output, Program

INLINE_TERMS = 3
NEVER = 10**9
WORK = 100_000  # products of terms that shortening one intermediate may take in a small program,
LONG, LONG_WORK = 20, 15_000  # and in one of more lets than LONG
WHOLE = 10  # up to so many definitions the whole gradient is proved in one piece too, everything expanded


AnySweep = TypeVar("AnySweep", bound="_Sweep")


@dataclass(frozen=True)
class Derivation:
    """A derived Program and the checked steps that lead to it."""

    program: Program
    steps: tuple[Step, ...]

    @property
    def tier(self) -> str:
        """The weakest certificate among the steps."""
        return max((s.certificate.tier for s in self.steps), default="A")


def differentiable(program: Program) -> None:
    """Raise DefinitionError when there is nothing to differentiate."""
    if program.states:
        raise DefinitionError(f"{program.name} is a recurrence with state ({', '.join(program.states)}); it has no gradient of its own")
    if not program.real_inputs:
        raise DefinitionError(f"{program.name} has no real input; integers have no gradient")


def fresh_name(name: str, taken: Iterable[str]) -> str:
    """The name, with underscores added until nothing else carries it."""
    taken = set(taken)
    while name in taken:
        name += "_"
    return name


def _names_in(program: Program) -> set[str]:
    return {i.name for i in program.inputs} | {p.name for p in program.parameters} | {let.name for let in program.lets}


def cotangents(program: Program) -> dict[str, Input]:
    """One input per output: `g`, or `g_NAME` where there are several."""
    taken = _names_in(program)
    several = len(program.outputs) > 1
    return {o.name: Input(fresh_name(f"g_{o.name}" if several else "g", taken), o.names) for o in program.outputs}


def tangents(program: Program) -> dict[Input, Input]:
    """One direction `v_NAME` per real input."""
    taken = _names_in(program)
    return {i: Input(fresh_name(f"v_{i.name}", taken), i.names) for i in program.real_inputs}


def vjp(program: Program) -> Derivation:
    """The program (g, *inputs) -> gradients of the real inputs, in order."""
    differentiable(program)
    seeds = cotangents(program)
    return cheapest(_sweeps(_Reverse, program, seeds, (NEVER, INLINE_TERMS))).derivation(program)


def readings(program: Program) -> list[Program]:
    """The program as it stands and, where that differs, with its fractions of exponentials written out."""
    plain = replace(program, lets=tuple(Let(let.name, primitive(let.body)) for let in program.lets))
    through = see_through(plain, canon_for(plain, expanded=False))
    return [through, plain] if through != plain else [plain]


def _sweeps(kind: Callable[..., AnySweep], program: Program, seeds: object, limits: tuple[int, ...]) -> list[AnySweep]:
    """The sweeps worth comparing: all for a small program, for a long one the one whose cost grows with its length."""
    forms = readings(program)
    if len(refine(program)[0].lets) > LONG:
        forms, limits = forms[-1:], (INLINE_TERMS,)
    return [kind(form, seeds, limit) for form in forms for limit in limits]


def cheapest(sweeps: Iterable[AnySweep]) -> AnySweep:
    """The sweep whose lets cost least, the first program preferred by a quarter. One that grows too large does not count."""
    done: list[AnySweep] = []
    for sweep in sweeps:
        if not any(d.is_lean and d.program is sweep.program for d in done):
            try:
                sweep.run()
            except TooLarge:
                continue
            done.append(sweep)
    if not done:
        raise TooLarge
    return min(done, key=lambda c: c.price * (Fraction(4, 5) if c.program is done[0].program else 1))


class _Sweep:
    """What forward and reverse sweeps share: the refined program, its names, its basis, and the lets made so far."""

    def __init__(self, program: Program, extra: Iterable[Input], limit: int) -> None:
        self.program, self.limit = program, limit
        self.refined, self.hidden = refine(program)
        self.extra = tuple(extra)
        known: dict[str, Expr] = {i.name: i for i in self.extra}
        known.update(leaves_of(self.refined))
        self.known = known
        self.opaque = canon_for(program, expanded=False)
        self.full = canon_for(self.refined)
        self.basis = Basis(self.refined, self.opaque, self.full, Names(known), frozenset(i.name for i in self.extra))
        self.lets: list[Let] = []
        self.steps: list[Step] = []
        self.taken = _names_in(program) | {i.name for i in self.extra}

    def show(self, p: Poly) -> Expr:
        """A polynomial as an expression over the program's own names."""
        return unhide(list(self.refined.lets), self.hidden, expression(p, Names(self.known)))

    def keep(self, name: str, body: Expr) -> Ref:
        """A new let, usable from now on."""
        name = fresh_name(name, self.taken)
        self.taken.add(name)
        self.lets.append(Let(name, flatten(body)))
        ref = self.lets[-1].ref
        self.known[name] = ref
        self.full.bodies[name] = self.lets[-1].body
        return ref

    def shorten(self, raw: Expr) -> Poly | None:
        """The shortened polynomial; None, so that the raw form is kept, when it would take too long to find."""
        try:
            with at_most(WORK if len(self.refined.lets) <= LONG else LONG_WORK):
                return self.basis.shorten(self.opaque.poly(raw))
        except TooLarge:
            if self.limit == NEVER:
                raise
            return None

    def certify(self, name: str, raw: Expr, shown: Expr, rule: str) -> None:
        """The step raw = shown, with just the definitions that shortening used expanded; with all of them if need be."""
        plain = unhide(self.refined.lets, self.hidden, raw)
        if plain == shown:
            self.steps.append(certify_exactly(name, plain, shown, rule, self.opaque))
            return
        bodies = {n: self.full.bodies[n] for n in self.basis.touched | self.hidden}
        near = Canon(bodies, self.full.positive, self.full.hypotheses)
        try:
            self.steps.append(certify_exactly(name, plain, shown, rule, near))
        except NotProved:
            self.steps.append(certify(name, plain, shown, rule, self.full))

    def local(self, let: Let, bar: Expr, parts: Mapping[Expr, Expr]) -> None:
        """The step that what the sweep passes on through one definition is the transpose of its derivative."""
        seeds: dict[Expr, Expr] = {leaf: Input(f"v_{leaf.name}", tuple(sorted(leaf.axes))) for leaf in parts}  # type: ignore[attr-defined]
        still: dict[Expr, Expr] = {x: ZERO for x in leaves(let.body, Ref, Input) if x not in seeds}
        left = _inner(bar, tangent(let.body, seeds | still), let.body.axes)
        right = add(*(_inner(seeds[leaf], part, leaf.axes) for leaf, part in parts.items()))
        rule = f"derivative of {let.name.partition('%')[0]}, transposed"
        self.steps.append(certify(f"through {let.name}", left, right, rule, self.opaque))

    def _feeds(self, let: Let) -> bool:
        """Whether the intermediate is a matrix product, is proportional to one,."""
        factors = let.body.args if isinstance(let.body, Mul) else (let.body,)
        hidden = [self.refined.let(r.name).body for r in factors if isinstance(r, Ref) and r.name in self.hidden]
        return is_contraction(let.body) or any(is_contraction(body) for body in hidden)

    def prove_facts(self) -> list[Step]:
        """A step for each fact that was used."""
        return [
            certify("fact", claim, expression(value, Names(self.known)), "expand the definitions", self.full)
            for claim, value in self._facts_in_order()
        ]

    def _facts_in_order(self) -> list[tuple[Expr, Poly]]:
        shown = {}
        for claim, value in self.basis.used.values():
            shown.setdefault(unhide(list(self.refined.lets), self.hidden, claim), value)
        return list(shown.items())

    def run(self) -> None:
        """Sweep over all lets."""
        raise NotImplementedError

    @property
    def price(self) -> int:
        """How many different operations all lets together take."""
        return len({n for let in self.lets for n in walk(let.body) if n.children})

    @property
    def is_lean(self) -> bool:
        """Whether no let is so long that keeping intermediates could be shorter."""
        return all(len(self.opaque.poly(let.body)) <= INLINE_TERMS for let in self.lets)


class _Reverse(_Sweep):
    """One joint reverse sweep over the lets."""

    def __init__(self, program: Program, seeds: dict[str, Input], limit: int) -> None:
        super().__init__(program, seeds.values(), limit)
        self.seeds = seeds
        self.bars: dict[Expr, list[Expr]] = {self.refined.let(o.name).ref: [seeds[o.name]] for o in program.outputs}

    def run(self) -> None:
        for let in reversed(self.refined.lets):
            parts = self.bars.pop(let.ref, [])
            if parts:
                self._through(let, self._adjoint(let, add(*parts)))
        for i in self.program.real_inputs:
            self._finish(i)

    def _adjoint(self, let: Let, raw: Expr) -> Expr:
        """The cotangent of an intermediate, shortened; kept under a name where it is a matrix product or feeds one."""
        p = self.shorten(raw)
        if p is None:
            return self._keep_adjoint(let, raw, unhide(self.refined.lets, self.hidden, raw))
        shown = expression(p, Names(self.known))
        several = len(leaves(let.body, Ref, Input)) > 1 and any(f[0] in ("exp", "pow", "call") for m in p for f, _ in m)
        keep = len(p) > self.limit or several or _worth_a_name(shown) or (self._feeds(let) and not isinstance(shown, (Input, Ref)))
        if let.name in self.hidden and len(p) <= 1 and not _worth_a_name(shown):
            keep = False
        return self._keep_adjoint(let, raw, self.show(p)) if keep else shown

    def _keep_adjoint(self, let: Let, raw: Expr, shown: Expr) -> Ref:
        ref = self.keep(f"d{let.name.partition('%')[0]}" + ("_in" if let.name in self.hidden else ""), shown)
        self.certify(ref.name, raw, shown, "chain rule, collected")
        return ref

    def _through(self, let: Let, bar: Expr) -> None:
        targets: set[Expr] = {x for x in leaves(let.body, Ref, Input) if not (isinstance(x, Input) and x.dtype != "real")}
        symbol = Input("bar", tuple(sorted(let.body.axes)))
        self.local(let, symbol, pullback(let.body, symbol, targets))
        for leaf, part in pullback(let.body, bar, targets).items():
            self.bars.setdefault(leaf, []).append(part)

    def _finish(self, i: Input) -> None:
        raw = add(*self.bars.get(i, [ZERO]))
        p = self.shorten(raw)
        shown = self.show(p) if p is not None else unhide(self.refined.lets, self.hidden, raw)
        ref = self.keep(f"d{i.name}", shown)
        self.certify(ref.name, raw, shown, "chain rule, collected")

    def derivation(self, original: Program) -> Derivation:
        """The program of gradients, with the facts first and the transposition that proves the whole last."""
        real = original.real_inputs
        outputs = tuple(Output(let.name, i.names) for let, i in zip(self.lets[-len(real) :], real, strict=True))
        inputs = (*self.seeds.values(), *original.inputs)
        program = replace(original, name=f"{original.name}_vjp", inputs=inputs, lets=(*original.lets, *self.lets), outputs=outputs)
        steps = (*self.prove_facts(), *self.steps)
        return Derivation(prune(program), (*steps, self._transposition(outputs)) if len(self.refined.lets) <= WHOLE else steps)

    def _transposition(self, outputs: tuple[Output, ...]) -> Step:
        """sum(g * dy[v]) == sum(v * dx): the reverse sweep is the transpose of the forward derivative."""
        directions = tangents(self.program)
        seeds: dict[Expr, Expr] = dict(directions)
        moved: dict[Expr, Expr] = {}
        for let in self.program.lets:
            moved[let.ref] = tangent(let.body, {**seeds, **moved})
        left = [_inner(self.seeds[o.name], moved[self.program.let(o.name).ref], frozenset(o.names)) for o in self.program.outputs]
        right = [_inner(v, Ref(o.name, frozenset(o.names)), i.axes) for (i, v), o in zip(directions.items(), outputs, strict=True)]
        return certify("transpose", add(*left), add(*right), "the gradient is the transpose of the derivative", self.full)


def _inner(a: Expr, b: Expr, axes: frozenset[str]) -> Expr:
    return sum_to(mul(a, b), axes, frozenset())


def prune(program: Program) -> Program:
    """Only the lets that the outputs need."""
    needed = {o.name for o in program.outputs}
    kept = []
    for let in reversed(program.lets):
        if let.name in needed:
            kept.append(let)
            needed |= {r.name for r in leaves(let.body, Ref)}  # type: ignore[attr-defined]
    return replace(program, lets=tuple(reversed(kept)))


class _Forward(_Sweep):
    """One forward sweep: the tangent of every intermediate, shortened, inlined unless it is a matrix product or long."""

    def __init__(self, program: Program, seeds: dict[Input, Input], limit: int) -> None:
        super().__init__(program, seeds.values(), limit)
        self.seeds = seeds

    def run(self) -> None:
        moved: dict[Expr, Expr] = dict(self.seeds)
        wanted = {o.name for o in self.program.outputs}
        for let in self.refined.lets:
            raw = tangent(let.body, {k: v for k, v in moved.items()} | self._still(let, moved))
            p = self.shorten(raw)
            if p is None:
                moved[let.ref] = self._keep_tangent(let, raw, unhide(self.refined.lets, self.hidden, raw))
                continue
            shown = expression(p, Names(self.known))
            if let.name in wanted or _worth_a_name(shown) or self._named_product(let, p) or len(p) > self.limit:
                moved[let.ref] = self._keep_tangent(let, raw, self.show(p))
            else:
                moved[let.ref] = shown
        self.moved = moved

    def _keep_tangent(self, let: Let, raw: Expr, shown: Expr) -> Ref:
        ref = self.keep(let.name.partition("%")[0] + ("_in_dot" if let.name in self.hidden else "_dot"), shown)
        self.certify(ref.name, raw, shown, "product rule, collected")
        return ref

    def _named_product(self, let: Let, p: Poly) -> bool:
        return bool(p) and let.name not in self.hidden and self._feeds(let)

    def _still(self, let: Let, moved: dict[Expr, Expr]) -> dict[Expr, Expr]:
        return {x: ZERO for x in leaves(let.body, Ref, Input) if x not in moved}

    def derivation(self, original: Program, name: str) -> Derivation:
        """The program (*tangents, *inputs) -> tangents of the outputs."""
        outputs = []
        for o in original.outputs:
            ref = self.moved[original.let(o.name).ref]
            assert isinstance(ref, Ref)
            outputs.append(Output(ref.name, o.names))
        inputs = (*self.seeds.values(), *original.inputs)
        program = replace(original, name=name, inputs=inputs, lets=(*original.lets, *self.lets), outputs=tuple(outputs))
        return Derivation(prune(program), (*self.prove_facts(), *self.steps))


def _worth_a_name(shown: Expr) -> bool:
    return any(is_contraction(r) for r in leaves(shown, Reduce))


def _forward(program: Program, seeds: dict[Input, Input], name: str) -> Derivation:
    return cheapest(_sweeps(_Forward, program, seeds, (NEVER, INLINE_TERMS, 0))).derivation(program, name)


def jvp(program: Program) -> Derivation:
    """The program (*tangents, *inputs) -> tangents of the outputs."""
    differentiable(program)
    return _forward(program, tangents(program), f"{program.name}_jvp")


def hvp(program: Program, gradient: Program) -> Derivation:
    """The program (g, *tangents, *inputs) -> derivative of the gradients in that direction, the cotangent held fixed."""
    seeds = {i: v for i, v in tangents(gradient).items() if i in program.real_inputs}
    result = _forward(gradient, seeds, f"{program.name}_hvp")
    inputs = result.program.inputs
    count = len(seeds)
    held = len(gradient.inputs) - len(program.inputs)
    ordered = (*inputs[count : count + held], *inputs[:count], *inputs[count + held :])
    return Derivation(replace(result.program, inputs=ordered), result.steps)




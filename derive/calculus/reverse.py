"""The reverse sweep: from cotangents of the outputs to gradients of the inputs, one let at a time."""

from __future__ import annotations

from dataclasses import replace

from derive.calculus.algebra import Poly
from derive.calculus.canonical import Canon
from derive.calculus.derivatives import linked
from derive.calculus.display import Names, expression
from derive.calculus.proof import Step, certify_exactly
from derive.calculus.sampling import refuted
from derive.calculus.sweep import NEVER, WHOLE, Derivation, Sweep, inner, prune, tangents, worth_a_name
from derive.calculus.textbook import unhide
from derive.language.errors import NotProved
from derive.language.nodes import ZERO, Add, Carried, Expr, Input, Reduce, Ref, add, leaves, substitute
from derive.language.program import Let, Output, Program


class Reverse(Sweep):
    """One joint reverse sweep over the lets."""

    def __init__(self, program: Program, seeds: dict[str, Input], limit: int) -> None:
        super().__init__(program, seeds.values(), limit)
        self.seeds = seeds
        self.back: dict[str, Carried] = {}  # by the name of the cotangent that it carries
        self.bars: dict[Expr, list[Expr]] = {self.refined.let(o.name).ref: [seeds[o.name]] for o in program.outputs}

    def run(self) -> None:
        carried = self._carried()
        for let in reversed(self.refined.lets):
            parts = self.bars.pop(let.ref, [])
            parts += [self._carried_back(c, name) for c, name in carried.values() if c.name == let.name]
            if parts and isinstance(let.body, Carried):
                self._through_carried(let, carried[let.name][1], add(*parts))
            elif parts:
                self._through(let, self._adjoint(let, add(*parts)))
        for i in self.program.real_inputs:
            self._finish(i)

    def _carried(self) -> dict[str, tuple[Carried, str]]:
        """What recurrences carry that a cotangent reaches, and the name that its cotangent will have."""
        bodies = {let.name: let.body for let in self.refined.lets}
        if not any(isinstance(body, Carried) for body in bodies.values()):
            return {}
        reached, open_ = set[str](), [o.name for o in self.program.outputs]
        while open_:
            name = open_.pop()
            if name not in reached:
                reached.add(name)
                body = bodies[name]
                open_ += [body.name] if isinstance(body, Carried) else []
                open_ += [leaf.name for leaf in linked(body, set(leaves(body, Ref)))]  # type: ignore[attr-defined]
        lets = [let for let in self.refined.lets if let.name in reached]
        return {let.name: (let.body, self.reserve(f"d{let.name}")) for let in lets if isinstance(let.body, Carried)}

    def _carried_back(self, c: Carried, name: str) -> Expr:
        """What of the cotangent of a state comes from the step that it is carried to."""
        self.back[name] = Carried(name, c.names, ZERO, c.axis, -c.step)
        return self.keep(f"d{c.name}_carried", self.back[name])

    def _through_carried(self, let: Let, name: str, raw: Expr) -> None:
        p = self.shorten(raw)
        shown = unhide(self.bodies, raw) if p is None else self.show(p)
        bar = self.keep_as(name, shown)
        self.certify(name, raw, shown, "chain rule, collected")
        self.prove_carried(let, self.back[name])
        for leaf, part in self.pullback(let, bar, _targets(let)).items():
            self.bars.setdefault(leaf, []).append(part)

    def _adjoint(self, let: Let, raw: Expr) -> Expr:
        """The cotangent of an intermediate, shortened; kept under a name where it is a matrix product or feeds one."""
        p = self.shorten(raw)
        if p is None:
            return self._keep_adjoint(let, raw, unhide(self.bodies, raw))
        shown = expression(p, Names(self.known))
        divides = any(f[0] == "t" and e < 0 for m in p for f, e in m)  # what it divides by may cancel further on
        several = len(_targets(let)) > 1 and self._costly(let, p)
        several = (several or self._multiplies_out(let, p)) and not (divides and self.limit == NEVER)
        keep = len(p) > self.limit or several or worth_a_name(shown) or (self._feeds(let) and not isinstance(shown, (Input, Ref)))
        if let.name in self.hidden and len(p) <= 1 and not worth_a_name(shown):
            keep = False
        return self._keep_adjoint(let, raw, self.show(p)) if keep else shown

    def _costly(self, let: Let, p: Poly) -> bool:
        """Whether a cotangent is too long to stand in several places."""
        factors = [f for m in p for f, _ in m]
        sloped = len(p) > 1 and any(f[0] == "t" and f[1] in self.slopes for f in factors)
        if sloped or any(f[0] in ("exp", "pow", "call") for f in factors):
            return True
        if let.name in self.hidden or (len(p) == 1 and not any(f[0] == "ind" for f in factors)):
            return False
        self.spread |= self.limit == NEVER and len(p) > 1
        return any(f[0] == "ind" for f in factors) or self.limit != NEVER

    def _multiplies_out(self, let: Let, p: Poly) -> bool:
        """Whether passing it on would multiply one sum by another."""
        symbol = Input("bar", tuple(sorted(let.body.axes)))
        parts = self.pullback(let, symbol, _targets(let)).values() if self.limit != NEVER and len(p) > 1 else ()
        return any(len(self.opaque.poly(part)) > 1 for part in parts)

    def _keep_adjoint(self, let: Let, raw: Expr, shown: Expr) -> Ref:
        whole = let.name.partition("%")[0]
        own = let.name not in self.hidden or (self._is_term(let, whole) and f"d{whole}" not in self.taken)
        ref = self.keep(f"d{whole}" if own else f"d{whole}_in", shown)
        self.certify(ref.name, raw, shown, "chain rule, collected")
        return ref

    def _is_term(self, part: Let, whole: str) -> bool:
        """Whether a part with an added name is a term of its definition, so that both have one cotangent."""
        body = self.refined.let(whole).body
        return isinstance(body, Add) and part.ref in body.args

    def _through(self, let: Let, bar: Expr) -> None:
        targets = _targets(let)
        symbol = Input("bar", tuple(sorted(let.body.axes)))
        self.local(let, symbol, self.pullback(let, symbol, targets))
        for leaf, part in self.pullback(let, bar, targets).items():
            self.bars.setdefault(leaf, []).append(part)

    def _finish(self, i: Input) -> None:
        raw = add(*self.bars.get(i, [ZERO]))
        p = {} if self._vanishes(raw) else self.shorten(raw)
        shown = self.show(p) if p is not None else unhide(self.bodies, raw)
        ref = self.keep(f"d{i.name}", shown)
        self.certify(ref.name, raw, shown, "chain rule, collected")

    def _vanishes(self, raw: Expr) -> bool:
        """Whether it is the sum of a cotangent that has a name, and 0 when that is written out, as behind a batch norm."""
        named = raw.body if isinstance(raw, Reduce) and raw.how == "sum" else None
        body = next((let.body for let in self.lets if let.name == named.name), None) if isinstance(named, Ref) else None
        if body is None or self.shorten(substitute(raw, {named: body})) != {}:  # type: ignore[dict-item]
            return False
        self.basis.touched.add(named.name)  # type: ignore[union-attr]
        return True

    def derivation(self, original: Program) -> Derivation:
        """The program of gradients, with the facts first and the transposition that proves the whole last."""
        real = original.real_inputs
        outputs = tuple(Output(let.name, i.names) for let, i in zip(self.lets[-len(real) :], real, strict=True))
        inputs = (*self.seeds.values(), *original.inputs)
        program = replace(original, name=f"{original.name}_vjp", inputs=inputs, lets=(*original.lets, *self.lets), outputs=outputs)
        in_one_piece = len(self.refined.lets) <= WHOLE and not any(isinstance(let.body, Carried) for let in self.refined.lets)
        whole = self._transposition(outputs) if in_one_piece else []
        return Derivation(prune(program), (*self.prove_facts(), *self.steps, *whole), tuple(self.gaps))

    def _transposition(self, outputs: tuple[Output, ...]) -> list[Step]:
        """sum(g * dy[v]) == sum(v * dx): the reverse sweep is the transpose of the forward derivative. What has a slope in terms
        of itself stays a name in it."""
        directions = tangents(self.program)
        seeds: dict[Expr, Expr] = dict(directions.items())
        moved: dict[Expr, Expr] = {}
        for let in self.refined.lets:
            moved[let.ref] = self.tangent(let, {**seeds, **moved})
        left = [inner(self.seeds[o.name], moved[self.refined.let(o.name).ref], frozenset(o.names)) for o in self.program.outputs]
        right = [inner(v, Ref(o.name, frozenset(o.names)), i.axes) for (i, v), o in zip(directions.items(), outputs, strict=True)]
        named = Canon({n: b for n, b in self.full.bodies.items() if n not in self.slopes}, self.full.positive, self.full.hypotheses)
        try:
            return [certify_exactly("transpose", add(*left), add(*right), "the gradient is the transpose of the derivative", named)]
        except NotProved:
            if refuted(add(*left), add(*right), named):
                raise
            return []  # too long in one piece: the steps through each definition prove it


def _targets(let: Let) -> set[Expr]:
    """What the cotangent of a let is passed on to."""
    return {x for x in leaves(let.body, Ref, Input) if not (isinstance(x, Input) and x.dtype != "real")}

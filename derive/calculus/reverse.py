"""The reverse sweep: from cotangents of the outputs to gradients of the inputs, one let at a time."""

from __future__ import annotations

from dataclasses import replace

from derive.calculus.derivatives import pullback, tangent
from derive.calculus.display import Names, expression
from derive.calculus.proof import Step, certify
from derive.calculus.sweep import NEVER, WHOLE, Derivation, Sweep, inner, prune, tangents, worth_a_name
from derive.calculus.textbook import unhide
from derive.language.nodes import ZERO, Expr, Input, Ref, add, leaves
from derive.language.program import Let, Output, Program


class Reverse(Sweep):
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
        divides = any(f[0] == "t" and e < 0 for m in p for f, e in m)  # what it divides by may cancel further on
        several = len(_targets(let)) > 1 and any(f[0] in ("exp", "pow", "call") for m in p for f, _ in m)
        several = several and not (divides and self.limit == NEVER)
        keep = len(p) > self.limit or several or worth_a_name(shown) or (self._feeds(let) and not isinstance(shown, (Input, Ref)))
        if let.name in self.hidden and len(p) <= 1 and not worth_a_name(shown):
            keep = False
        return self._keep_adjoint(let, raw, self.show(p)) if keep else shown

    def _keep_adjoint(self, let: Let, raw: Expr, shown: Expr) -> Ref:
        ref = self.keep(f"d{let.name.partition('%')[0]}" + ("_in" if let.name in self.hidden else ""), shown)
        self.certify(ref.name, raw, shown, "chain rule, collected")
        return ref

    def _through(self, let: Let, bar: Expr) -> None:
        targets = _targets(let)
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
        seeds: dict[Expr, Expr] = dict(directions.items())
        moved: dict[Expr, Expr] = {}
        for let in self.program.lets:
            moved[let.ref] = tangent(let.body, {**seeds, **moved})
        left = [inner(self.seeds[o.name], moved[self.program.let(o.name).ref], frozenset(o.names)) for o in self.program.outputs]
        right = [inner(v, Ref(o.name, frozenset(o.names)), i.axes) for (i, v), o in zip(directions.items(), outputs, strict=True)]
        return certify("transpose", add(*left), add(*right), "the gradient is the transpose of the derivative", self.full)


def _targets(let: Let) -> set[Expr]:
    """What the cotangent of a let is passed on to."""
    return {x for x in leaves(let.body, Ref, Input) if not (isinstance(x, Input) and x.dtype != "real")}

"""The forward sweep: from tangents of the inputs to tangents of the outputs, one let at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from derive.calculus.algebra import Poly
from derive.calculus.derivatives import linked, tangent
from derive.calculus.display import Names, expression
from derive.calculus.sweep import NEVER, Derivation, Sweep, prune, worth_a_name
from derive.calculus.textbook import unhide
from derive.language.nodes import ZERO, At, Carried, Expr, Input, Ref, leaves
from derive.language.program import Let, Output, Program
from derive.language.recurrence import Loop, schedule


def _read_elsewhere(lets: Iterable[Let]) -> set[str]:
    """The lets of recurrences that are read at other positions: their tangents keep a name, for At spreads over what it reads."""
    inside = [let for unit in schedule(lets) if isinstance(unit, Loop) for let in unit.lets]
    return {let.name for let in inside} & {r.body.name for let in inside for r in leaves(let.body, At) if isinstance(r.body, Ref)}  # type: ignore[attr-defined]


class Forward(Sweep):
    """One forward sweep: the tangent of every intermediate, shortened, inlined unless it is a matrix product or long."""

    def __init__(self, program: Program, seeds: dict[Input, Input], limit: int) -> None:
        super().__init__(program, seeds.values(), limit)
        self.seeds = seeds
        self.carried = self._carried_to()
        self.moved_in_loop = _read_elsewhere(self.refined.lets)
        self.users = Counter(x for let in self.refined.lets for x in leaves(let.body, Ref))

    def run(self) -> None:
        moved: dict[Expr, Expr] = dict(self.seeds.items())
        wanted = {o.name for o in self.program.outputs} | set(self.carried)
        for let in self.refined.lets:
            if isinstance(let.body, Carried):
                moved[let.ref] = self._carried_tangent(let, let.body, moved)
                continue
            self.prove_slope(let)
            raw = self.tangent(let, moved | self._still(let, moved))
            p = self.shorten(raw)
            if p is None:
                moved[let.ref] = self._keep_tangent(let, raw, unhide(self.bodies, raw))
                continue
            shown = expression(p, Names(self.known))
            long = len(p) > self.limit or (let.name in self.moved_in_loop and len(p) > 1)
            if let.name in wanted or worth_a_name(shown) or self._named_product(let, p) or self._multiplied(let, p) or long:
                moved[let.ref] = self._keep_tangent(let, raw, self.show(p))
            else:
                moved[let.ref] = shown
        self.moved = moved

    def _carried_to(self) -> dict[str, str]:
        """The name that the tangent of each state will have, where something that moves reaches it."""
        moving = {i.name for i in self.seeds}
        lets = {let.name: let.body for let in self.refined.lets}
        if not any(isinstance(body, Carried) for body in lets.values()):
            return {}
        links = {name: {leaf.name for leaf in linked(body, set(leaves(body, Ref, Input)))} for name, body in lets.items()}  # type: ignore[attr-defined]
        for name, body in lets.items():
            links[name] |= {body.name} if isinstance(body, Carried) else set()
        while more := {name for name, found in links.items() if found & moving} - moving:
            moving |= more
        states = dict.fromkeys(body.name for body in lets.values() if isinstance(body, Carried) and body.name in moving)
        return {name: self.reserve(f"{name}_dot") for name in states}

    def _carried_tangent(self, let: Let, c: Carried, moved: dict[Expr, Expr]) -> Expr:
        """The tangent of what is carried: the tangent of the state, carried likewise."""
        start = unhide(self.bodies, tangent(c.start, moved | self._still(let, moved)))
        if c.name not in self.carried:
            return ZERO
        return self.keep(f"{let.name}_dot", Carried(self.carried[c.name], c.names, start, c.axis, c.step))

    def _keep_tangent(self, let: Let, raw: Expr, shown: Expr) -> Ref:
        if let.name in self.carried:
            ref = self.keep_as(self.carried[let.name], shown)
        else:
            ref = self.keep(let.name.partition("%")[0] + ("_in_dot" if let.name in self.hidden else "_dot"), shown)
        self.certify(ref.name, raw, shown, "product rule, collected")
        return ref

    def _named_product(self, let: Let, p: Poly) -> bool:
        return bool(p) and let.name not in self.hidden and self._feeds(let)

    def _multiplied(self, let: Let, p: Poly) -> bool:
        """Whether it is a sum that a slope, itself a sum, will multiply, or that several definitions use."""
        slopes = any(let.ref in leaves(s.argument, Ref) for s in self.slopes.values())
        return self.limit != NEVER and len(p) > 1 and (slopes or self.users.get(let.ref, 0) > 1)

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
        return Derivation(prune(program), (*self.prove_facts(), *self.steps), tuple(self.gaps))

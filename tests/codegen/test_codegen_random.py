"""Random programs: whatever the planner and printer make of axes, sharing and order, the numbers are those of the definition."""

import random

import numpy as np
import pytest
from codegen_evaluator import evaluate

from derive.codegen.docstring import FunctionDoc
from derive.codegen.execute import compile_source
from derive.codegen.module import module_source
from derive.language.errors import NotPrintable
from derive.language.nodes import (
    Call,
    Compare,
    Const,
    Delta,
    Fraction,
    Input,
    Iota,
    Reduce,
    Size,
    Where,
    add,
    at,
    mul,
    power,
)  # fmt: skip
from derive.language.program import Let, Output, Program

AXES = ("...", "A", "B", "C")
PRIMES = ("A'", "B'")
ORDER = ("...", "A", "B", "C", "A'", "B'")
SIZES = {"A": 3, "B": 3, "C": 2}


class Maker:
    """Draws expressions over a pool of inputs and earlier intermediates."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.inputs = [Input("x", AXES), Input("y", ("...", "B", "A")), Input("w", ("C", "B")), Input("s", ())]
        self.inputs += [Input("u", ("A",)), Input("v", ("B", "C"))]
        self.inputs += [Input("i", ("A",), "index", "B"), Input("j", ("...",), "index", "C"), Input("k", ("C", "A"), "index", "A")]
        self.pool = [i for i in self.inputs if i.dtype == "real"]

    def squashed(self, e):
        return mul(e, power(add(Const(Fraction(1)), power(e, Const(Fraction(2)))), Const(Fraction(-1))))

    def draw(self, depth):
        if depth == 0 or self.r.random() < 0.1:
            return self.r.choice(self.pool)
        return getattr(self, self.r.choice(KINDS))(depth - 1)

    def sums(self, d):
        return add(
            *(
                mul(Const(Fraction(self.r.choice([1, -1, 2, -3]), self.r.choice([1, 2, 3]))), self.draw(d))
                for _ in range(self.r.choice([2, 3]))
            )
        )

    def products(self, d):
        return mul(*(self.draw(d) for _ in range(self.r.choice([2, 2, 3]))))

    def quotients(self, d):
        return self.squashed(self.draw(d))

    def powers(self, d):
        return power(self.squashed(self.draw(d)), Const(Fraction(self.r.choice([2, 3, 4]))))

    def functions(self, d):
        return Call(self.r.choice(["exp", "sin", "abs"]), (self.squashed(self.draw(d)),))

    def choices(self, d):
        a, b = self.draw(d), self.draw(d)
        return Where(Compare(self.r.choice(["<", ">="]), a, self.draw(d)), a, b)

    def totals(self, d):
        body = self.products(d) if self.r.random() < 0.7 else self.draw(d)
        axes = sorted(body.axes, key=ORDER.index)
        if not axes:
            return body
        over = tuple(a for a in axes if self.r.random() < 0.5) or (axes[-1],)
        return Reduce(self.r.choice(["sum", "sum", "mean"]), body, over)

    def extremes(self, d):
        body = self.draw(d)
        axes = sorted(body.axes - {"..."}, key=ORDER.index)
        return Reduce(self.r.choice(["max", "min", "argmax"]), body, (self.r.choice(axes),)) if axes else body

    def renames(self, d):
        body = self.draw(d)
        axes = [a for a in ("A", "B") if a in body.axes and a + "'" not in body.axes]
        return at(body, {axes[0]: Iota(axes[0] + "'")}) if axes else body

    def shifts(self, d):
        body = self.draw(d)
        axes = [a for a in ("A", "B", "C") if a in body.axes]
        return at(body, {axes[-1]: add(Iota(axes[-1]), Const(Fraction(self.r.choice([-1, 1]))))}) if axes else body

    def gathers(self, d):
        body, index = self.draw(d), self.r.choice([i for i in self.inputs if i.dtype == "index"])
        return at(body, {index.into: index}) if index.into in body.axes and index.into not in index.axes else body

    def onehots(self, d):
        index = self.r.choice([i for i in self.inputs if i.dtype == "index" and i.into not in i.axes])
        product = mul(self.draw(d), Delta(index.into, index))
        return Reduce("sum", product, tuple(sorted(index.axes, key=ORDER.index))) if self.r.random() < 0.7 else product

    def positions(self, d):
        return mul(self.draw(d), add(Iota(self.r.choice(["A", "B"])), Const(Fraction(1))), power(Size("C"), Const(Fraction(-1))))

    def program(self):
        lets = []
        for n in range(3):
            lets.append(Let(f"t{n}", self.squashed(self.draw(3))))
            self.pool += [lets[-1].ref] * 2
        names = [let.name for let in lets]
        outputs = tuple(Output(n, tuple(a for a in ORDER if a in let.body.axes)) for n, let in zip(names, lets, strict=True))
        return Program("made", tuple(self.inputs), (), tuple(lets), outputs, ORDER)


KINDS = [
    "sums", "products", "quotients", "powers", "functions", "choices", "totals", "totals", "totals", "extremes", "renames", "shifts",
    "gathers", "onehots", "positions",
]  # fmt: skip


def arrays_for(program, lead, rng):
    for i in program.inputs:
        shape = [n for a in i.names for n in (lead if a == "..." else (SIZES[a],))]
        yield rng.integers(0, SIZES[i.into], shape) if i.dtype == "index" else rng.uniform(-2, 2, shape)


def check(seed):
    program = Maker(seed).program()
    try:
        source = module_source([(program, FunctionDoc("Made up."))], "Random.")
    except NotPrintable as e:
        return str(e)
    made = compile_source(source, "made")["made"]
    for lead in ((), (2,), (2, 1)):
        arrays = list(arrays_for(program, lead, np.random.default_rng(seed)))
        for result, expected in zip(made(*arrays), evaluate(program, *arrays), strict=True):
            assert np.shape(result) == np.shape(expected), source
            np.testing.assert_allclose(result, expected, rtol=1e-8, atol=1e-9, err_msg=source)
    return ""


@pytest.mark.parametrize("block", range(4))
def test_random_programs(block):
    refused = [check(seed) for seed in range(block * 100, block * 100 + 100)]
    assert sum(map(bool, refused)) < 25, [r for r in refused if r]

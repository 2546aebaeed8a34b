"""The page of an op: definition, derivation, gradient, stable form and code, from the checked steps alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from derive import pipeline
from derive.calculus.sweep import Derivation
from derive.claims.facts import Fact
from derive.codegen.constants import literal
from derive.codegen.docstring import shape
from derive.codegen.module import piece
from derive.language.errors import NotProved
from derive.language.nodes import BATCH, Input, Iota, walk
from derive.language.operation import Op
from derive.language.program import Parameter, Program
from derive.language.ranges import Scalar
from derive.language.text import text
from derive.pages import portrait, repeated
from derive.pages.document import (
    Block,
    Code,
    Display,
    Document,
    Equation,
    Folded,
    Heading,
    Inline,
    Literal,
    Math,
    Notation,
    Paragraph,
    Table,
)
from derive.pages.facts import stated
from derive.pages.formulas import equations, new_lets, parts, proved
from derive.pages.kinks import kinks
from derive.pages.latex import latex, named
from derive.pages.symbols import Symbols, symbols

READINGS = ("value", "vjp", "jvp", "hvp")
KINDS = {"real": "real numbers", "state": "real numbers; its new value is an output", "count": "a whole number, from 1"}

# fmt: off
TITLES = {
    "vjp": "Gradient (VJP)",
    "jvp": "Directional derivative (JVP)",
    "hvp": "Second derivative (HVP)",
}
MEANINGS = {
    "vjp": "What a change of the output is worth, carried back to each input.",
    "jvp": "How the output changes when the inputs move in the given directions.",
    "hvp": "How the gradient changes when the inputs move in the given directions.",
}
# fmt: on
HOW_TO_READ = (
    "v_u, in formulas a dot over u, is a small change of u; bar, in formulas a bar over u, is what arrives at u on the way back. "
    "A step through a definition states that what it passes back is the transpose of its derivative: both sides are equal for every "
    "change. Each step was checked; the letter says how: A is a proof for all sizes, B an exact evaluation at random points modulo a "
    "large prime, C an enclosure of both sides at sampled points."
)
SUPPORT = "Functions whose names begin with an underscore are the same for all ops; derive generate writes them into the module."


def document(op: Op, readings: Collection[str] = READINGS, facts: tuple[Fact, ...] = ()) -> Document:
    """The page of an op, with the given readings of it and what is known to be stated of it."""
    notation = symbols([p for _, p in pipeline.readings(op).programs])
    blocks = [*_head(op), *_definition(op, notation), *repeated.blocks(op, notation), *_kinks(op), *portrait.blocks(op)]
    found = [(r, d) for r in readings if (d := pipeline.readings(op).derivation(r)) is not None]
    for reading, derivation in found:
        blocks += _gradient(op, reading, derivation, notation)
    blocks += [*stated(facts), *_stable(op, readings), *_code(op, readings)]
    return Document(tuple(blocks))


def _head(op: Op) -> Iterator[Block]:
    yield Heading(1, op.name)
    for paragraph in op.doc.strip().split("\n\n"):
        yield Paragraph((" ".join(paragraph.split()),))
    if op.source:
        yield Paragraph((f"Source: {op.source}.",))


def _definition(op: Op, notation: Symbols) -> Iterator[Block]:
    program = op.program
    yield Heading(2, "Definition")
    yield Display(equations(program.lets, notation))
    yield Table(("array", "shape", "holds"), tuple(_array(i, notation) for i in program.inputs))
    if program.parameters:
        yield Table(("parameter", "default", "range"), tuple(_parameter(p, notation) for p in program.parameters))
    outputs = [Literal(f"{o.name} {shape(o.names)}" if o.names else f"{o.name}, a scalar") for o in program.outputs]
    yield Paragraph(("Returns ", *_listed(outputs), "."))
    yield from _axes(program, notation)
    if program.hypotheses:
        yield Paragraph(("It is assumed that ", *_listed([Literal(str(h)) for h in program.hypotheses]), "."))
    if program.requirements:
        yield Paragraph(("It is required that ", *_listed([Literal(str(c)) for c in program.requirements]), "."))


def _array(i: Input, notation: Symbols) -> tuple[Inline, ...]:
    numbers = "numbers" if i.limits == Scalar else f"numbers in {i.limits}"
    spare = ("" if i.spare is None else f", or {i.spare}") + i.exception
    holds = f"integers: positions of {i.into}{spare}" if i.into else KINDS[i.dtype].replace("numbers", numbers)
    return (Math(i.name, named(i.name, i.names, notation)),), (Literal(shape(i.names)) if i.names else "a scalar",), (holds,)


def _parameter(p: Parameter, notation: Symbols) -> tuple[Inline, ...]:
    default: Inline = (Literal(str(literal(p.default))),) if p.default is not None else ("none",)
    return (Math(p.name, named(p.name, (), notation)),), default, (p.range,)


def _listed(items: list[Literal]) -> Inline:
    return tuple(x for k, item in enumerate(items) for x in ((", ",) if k else ()) + (item,))


def _axes(program: Program, notation: Symbols) -> Iterator[Block]:
    """Which index runs along which axis, and the sizes that index maps create."""
    axes = [a for a in notation.letters if a != BATCH and "'" not in a]
    pieces: list[str | Math | Literal] = []
    for k, axis in enumerate(axes):
        pieces += [", " if k else "Indices: ", Math(f"{axis}", notation.letter(axis)), " along ", Literal(axis)]
    if notation.letters.get(BATCH):
        pieces += ["; " if axes else "Index: ", Math("...", notation.letter(BATCH)), " runs over the leading axes together, "]
        pieces += [Math("size(...)", notation.counts[BATCH]), " positions"]
    elif BATCH in notation.letters:
        pieces += ["; leading axes are not written" if axes else "The formula holds for each element"]
    from_zero = any(isinstance(n, Iota) for let in program.lets for n in walk(let.body))
    yield Notation((*pieces, "; positions count from 0." if from_zero else "."))
    if program.sizes:
        yield Display(
            tuple(Equation((Math(f"size({a})", notation.counts[a]), Math(text(e), latex(e, notation)))) for a, e in program.sizes)
        )


def _kinks(op: Op) -> Iterator[Block]:
    found = kinks(op.program)
    if found:
        yield Heading(2, "At the kinks")
        yield from (Paragraph(sentence) for sentence in found)


def _gradient(op: Op, reading: str, derivation: Derivation, notation: Symbols) -> list[Block]:
    """The formulas of a reading, then the steps that prove them."""
    taken = [i for i in derivation.program.inputs if i not in op.program.inputs]
    given = [Literal(f"{i.name} {shape(i.names)}" if i.names else f"{i.name}, a scalar") for i in taken]
    blocks: list[Block] = [Heading(2, TITLES[reading]), Paragraph((MEANINGS[reading], " Takes also ", *_listed(given), "."))]
    blocks.append(Display(equations(new_lets(derivation.program, op.program), notation)))
    steps: list[Block] = [Paragraph((HOW_TO_READ,))] if reading == "vjp" else []
    named_parts = parts(derivation, op.program)
    if named_parts:
        steps += [Paragraph(("Parts of definitions have numbers:",)), Display(equations(named_parts, notation))]
    steps += proved(derivation.steps, notation)
    steps += [Paragraph((f"Not proved: {gap}.",)) for gap in derivation.gaps]
    title = derivation_title(len(derivation.steps), derivation.tier)
    return [*blocks, Heading(3, title), *steps] if reading == "vjp" else [*blocks, Folded(title, tuple(steps))]


def derivation_title(steps: int, tier: str) -> str:
    """The heading above the steps."""
    return f"Derivation, {steps} step{'s' if steps != 1 else ''}, proof tier {tier}"


def _stable(op: Op, readings: Collection[str]) -> list[Block]:
    """The forms that are computed, where they are not the formulas above."""
    found: list[Block] = []
    for reading, program in pipeline.readings(op).programs:
        form = pipeline.stable(program)
        if reading in readings and form.lets != program.lets:
            lines = "\n".join(f"{let.name} = {text(let.body)}" for let in form.lets)
            found.append(Folded(f"{form.name}, as computed", (Code("text", lines), Paragraph((why_equal(program),)))))
    if not found:
        return []
    intro = (
        "Accurate in floating point; shown where it differs from the formulas above, with the proof that it is equal over the real numbers."
    )
    return [Heading(2, "Stable form"), Paragraph((intro,)), *found]


def why_equal(program: Program) -> str:
    """What proves the computed form of a program equal to its textbook form, output by output; or that nothing does."""
    try:
        steps = pipeline.stability(program)
    except NotProved:
        return "Not proved equal to the textbook form."
    return " ".join(f"{s.name}: {s.certificate.tier}, {s.certificate.evidence}." for s in steps)


def _code(op: Op, readings: Collection[str]) -> Iterator[Block]:
    yield Heading(2, "Generated code")
    yield Paragraph((SUPPORT,))
    for reading, code in functions(op, readings):
        block = Code("python", code)
        yield block if reading in ("value", "vjp") else Folded(f"{op.name}_{reading}", (block,))


def functions(op: Op, readings: Collection[str] = READINGS) -> Iterator[tuple[str, str]]:
    """(reading, text of the generated function)."""
    programs = pipeline.readings(op).programs
    for (reading, _), (program, doc) in zip(programs, pipeline.functions(op), strict=True):
        if reading in readings:
            yield reading, piece(program, doc).text

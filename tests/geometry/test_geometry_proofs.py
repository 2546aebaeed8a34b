"""Derivations hold for the catalogue, and wrong claims and damaged steps are refused by the rules."""

from dataclasses import replace
from itertools import pairwise
from time import perf_counter

import pytest
import sympy

from derive import geometry
from derive.catalog import find
from derive.catalog.geometry import RECURRENCES, WINDOW, Recurrence, output_size, receptive_field, transposed_output_size
from derive.geometry.field import FIELD, JUMP, START, closed, with_update
from derive.geometry.printing import text
from derive.geometry.statement import AtMost, Equal, Iff, counterexample
from derive.geometry.window import formula, whole
from derive.language.affine import affine
from derive.language.errors import DefinitionError, NotProved
from derive.language.functions import idx, new
from derive.language.nodes import At, Call, Expr, Iota, Param, leaves, substitute

SIZE, KERNEL, STRIDE, PADDING, DILATION = map(whole, ("size", "kernel", "stride", "padding", "dilation"))
ROOM = SIZE + 2 * PADDING - DILATION * (KERNEL - 1) - 1
STEPS = [(r, i) for r in RECURRENCES for i, _ in enumerate(geometry.derivation(r))]


@pytest.mark.parametrize("recurrence", RECURRENCES, ids=lambda r: r.name)
def test_a_derivation_takes_less_than_a_second(recurrence: Recurrence) -> None:
    started = perf_counter()
    steps = geometry.derivation(recurrence)
    assert perf_counter() - started < 1
    for step in steps:
        assert step.text and step.latex and step.proof and step.rule in geometry.RULES and step.certificate == "A"


@pytest.mark.parametrize("recurrence", RECURRENCES, ids=lambda r: r.name)
def test_the_derivation_begins_at_the_index_map(recurrence: Recurrence) -> None:
    assert geometry.derivation(recurrence)[0].text == "i(o, k) = stride * o + dilation * k - padding"


def test_the_textbook_formulas_come_out() -> None:
    size, inverse, field = map(geometry.answer, RECURRENCES)
    assert sympy.simplify(size.value - (sympy.floor(ROOM / STRIDE) + 1)) == 0
    assert sympy.expand(inverse.value - (STRIDE * (SIZE - 1) - 2 * PADDING + DILATION * (KERNEL - 1) + 1)) == 0
    after = {u.unknown: u.after for u in field.updates}
    assert sympy.expand(after[FIELD] - FIELD - DILATION * (KERNEL - 1) * JUMP) == 0
    assert after[JUMP] == STRIDE * JUMP
    assert sympy.expand(after[START] - START + PADDING * JUMP) == 0


def test_the_closed_form_for_equal_layers() -> None:
    (value,) = (c.value for c in closed(geometry.answer(receptive_field)) if c.unknown == FIELD)
    n, words = whole("n"), tuple((a.name, a.letter) for a in receptive_field.arguments)
    assert value.subs(STRIDE, 1) == 1 + n * DILATION * (KERNEL - 1)
    assert text(value, words).endswith("dilation * (kernel - 1) * (stride ** n - 1) / (stride - 1) + 1")


def mutants(statement: object) -> list[object]:
    """The statement with one part changed by one, by its sign or by a factor, so that it is false."""
    match statement:
        case Equal(left, right):
            changed = (right + 1, -right, 2 * right, right.subs(STRIDE, DILATION), right.subs(JUMP, 1))
            return [Equal(left, r) for r in changed if r != right]
        case AtMost(parts):
            return [AtMost((low + 1, high)) for low, high in pairwise(parts)]
        case Iff(AtMost((low, high)), right):
            return [Iff(AtMost(parts), right) for parts in ((low + 1, high), (low, high + 1), (high, low), (2 * low, high))]
    raise TypeError(statement)


@pytest.mark.parametrize(("recurrence", "i"), STEPS, ids=lambda v: v.name if isinstance(v, Recurrence) else str(v))
def test_every_damaged_step_is_refused(recurrence: Recurrence, i: int) -> None:
    step = geometry.derivation(recurrence)[i]
    damaged = mutants(step.statement)
    assert damaged
    for statement in damaged:
        with pytest.raises(NotProved):
            replace(step, statement=statement)


@pytest.mark.parametrize(("recurrence", "i"), STEPS, ids=lambda v: v.name if isinstance(v, Recurrence) else str(v))
def test_a_step_needs_its_facts(recurrence: Recurrence, i: int) -> None:
    step = geometry.derivation(recurrence)[i]
    if step.rule not in ("rearranging",) and "walking back: its length" not in step.says:
        with pytest.raises(NotProved):
            replace(step, given=())


TRUNCATED = sympy.Piecewise((sympy.floor(ROOM / STRIDE), ROOM >= 0), (sympy.ceiling(ROOM / STRIDE), True)) + 1
WRONG_SIZES = {
    "truncation instead of floor": TRUNCATED,
    "ceiling instead of floor": sympy.ceiling(ROOM / STRIDE) + 1,
    "dilation forgotten": sympy.floor((SIZE + 2 * PADDING - KERNEL) / STRIDE) + 1,
    "effective kernel d*k": sympy.floor((SIZE + 2 * PADDING - DILATION * KERNEL) / STRIDE) + 1,
    "padding on one side": sympy.floor((ROOM - PADDING) / STRIDE) + 1,
    "one too few": sympy.floor(ROOM / STRIDE),
    "torch's documented ceil for MaxPool1d": sympy.ceiling((ROOM + STRIDE - 1) / STRIDE) + 1,
}
WRONG_INPUTS = {
    "dilation forgotten": STRIDE * (SIZE - 1) - 2 * PADDING + KERNEL,
    "padding once": STRIDE * (SIZE - 1) - PADDING + DILATION * (KERNEL - 1) + 1,
    "size times stride": STRIDE * SIZE,
    "the largest of the sizes": STRIDE * SIZE - 2 * PADDING + DILATION * (KERNEL - 1),
}
WRONG_FIELDS = {
    "previous + kernel - 1": (FIELD, FIELD + KERNEL - 1),
    "dilation forgotten": (FIELD, FIELD + (KERNEL - 1) * JUMP),
    "kernel instead of kernel - 1": (FIELD, FIELD + DILATION * KERNEL * JUMP),
    "jump of the layer itself": (FIELD, FIELD + DILATION * (KERNEL - 1) * JUMP * STRIDE),
    "jumps added": (JUMP, JUMP + STRIDE - 1),
    "jump takes the dilation": (JUMP, JUMP * STRIDE * DILATION),
}


def refused(recurrence: Recurrence, claim: object) -> str:
    """The message of the proof's refusal, after brute force has refused the same claim."""
    found = geometry.compare(recurrence, claim, geometry.compiled(recurrence, claim), budget=1, seed=1)
    assert found.mismatches > 0 and found.first_mismatch
    with pytest.raises(NotProved) as error:
        geometry.prove(recurrence, claim)
    return str(error.value)


@pytest.mark.parametrize("name", WRONG_SIZES)
def test_wrong_output_sizes_are_refused_twice(name: str) -> None:
    message = refused(output_size, replace(geometry.answer(output_size), value=WRONG_SIZES[name]))
    assert "false at" in message


@pytest.mark.parametrize("name", WRONG_INPUTS)
def test_wrong_transposed_sizes_are_refused_twice(name: str) -> None:
    message = refused(transposed_output_size, replace(geometry.answer(transposed_output_size), value=WRONG_INPUTS[name]))
    assert "false at" in message


@pytest.mark.parametrize("name", WRONG_FIELDS)
def test_wrong_fields_are_refused_twice(name: str) -> None:
    message = refused(receptive_field, with_update(geometry.answer(receptive_field), *WRONG_FIELDS[name]))
    assert "false at" in message


def test_a_wrong_start_is_refused_by_the_proof() -> None:
    with pytest.raises(NotProved, match="output o begins"):
        geometry.prove(receptive_field, with_update(geometry.answer(receptive_field), START, START - PADDING))


def test_a_wrong_closed_form_is_refused() -> None:
    step = next(s for s in geometry.derivation(receptive_field) if s.text.startswith("field(n)"))
    assert isinstance(step.statement, Equal)
    n = whole("n")
    for wrong in (1 + DILATION * (KERNEL - 1) * STRIDE**n, 1 + n * DILATION * (KERNEL - 1), step.statement.right.args[1][0]):
        with pytest.raises(NotProved):
            replace(step, statement=Equal(step.statement.left, wrong))


def test_a_counterexample_meets_the_facts() -> None:
    o = whole("o")
    found = counterexample(AtMost((STRIDE * o, ROOM)), (AtMost((sympy.Integer(2), o)), AtMost((sympy.Integer(1), STRIDE))))
    assert found is not None and found["o"] >= 2 and found["stride"] >= 1


def test_the_language_gives_conv2d_the_same_size() -> None:
    program = find("conv2d").program
    sizes = dict(program.sizes)
    (reads,) = (node for let in program.lets for node in leaves(let.body, At))
    for axis, index in reads.index:  # type: ignore[attr-defined]
        form, ours = affine(index), affine(WINDOW.position)
        assert form is not None and ours is not None and form.offset == ours.offset
        made = next(a for a, _ in form.coefficients if a in sizes)
        taps = next(a for a, _ in form.coefficients if a != made)
        ours_by_axis = {made if a == "o" else taps: c for a, c in ours.coefficients}
        assert dict(form.coefficients) == ours_by_axis
        names = {axis: SIZE, taps: KERNEL, **{n: whole(n) for n in ("stride", "padding", "dilation")}}
        assert (
            sympy.expand(size_formula(sizes[made]).xreplace({whole(k): v for k, v in names.items()}) - geometry.answer(output_size).value)
            == 0
        )


def size_formula(expr: Expr) -> sympy.Expr:
    """The language's size, with its floor, in SymPy."""
    inner = {call: Iota(f"floor{i}") for i, call in enumerate(leaves(expr, Call))}
    quotients = {whole(v.axis): sympy.floor(quotient(call.args[0])) for call, v in inner.items()}  # type: ignore[attr-defined]
    return formula(substitute(expr, dict(inner))).xreplace(quotients)


def quotient(expr: Expr) -> sympy.Expr:
    """room / stride: a product whose last factor is a power -1."""
    above, below = expr.args  # type: ignore[attr-defined]
    return formula(above) / formula(below.base)


def test_an_index_map_of_ones_own_is_derived_proved_and_tried() -> None:
    own = replace(WINDOW, position=2 * new("o") + 3 * idx("k") - 2 * Param("padding"))
    arguments = tuple(a for a in output_size.arguments if a.name in ("size", "kernel", "padding"))
    recurrence = replace(output_size, name="every_second", index=own, arguments=arguments, example=(32, 5, 1))
    assert geometry.derivation(recurrence)[-1].text == "every_second = 2 * padding + (size - 3 * kernel) // 2 + 2"
    assert geometry.verify(recurrence, budget=1, seed=0).passed


def test_stride_one_needs_no_floor() -> None:
    own = replace(WINDOW, position=new("o") + idx("k"))
    recurrence = replace(output_size, name="valid", index=own, arguments=output_size.arguments[:2], example=(5, 3))
    assert geometry.derivation(recurrence)[-1].text == "valid = size - kernel + 1"
    assert geometry.verify(recurrence, budget=1, seed=0).passed


@pytest.mark.parametrize(
    ("position", "message"),
    [
        (new("o") * new("o"), "not affine"),
        (new("o") + new("p"), "not affine"),
        (idx("k") + Param("padding"), "does not move with o"),
    ],
)
def test_bad_index_maps_are_named(position: Expr, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        geometry.derivation(replace(output_size, index=replace(WINDOW, position=position)))


def test_unknown_questions_and_missing_arguments_are_named() -> None:
    with pytest.raises(DefinitionError, match="did you mean"):
        geometry.derivation(replace(output_size, asked="output sizes"))
    with pytest.raises(DefinitionError, match="uses padding, which is not among"):
        short = replace(output_size, arguments=tuple(a for a in output_size.arguments if a.name != "padding"))
        geometry.function(replace(short, index=WINDOW, example=(3, 2)), geometry.answer(short))

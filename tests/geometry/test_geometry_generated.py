"""The generated functions: known values, brute force, errors, and text that does not depend on the machine."""

import ast
import doctest
import inspect
import itertools
import types

import numpy as np
import pytest

from derive import geometry
from derive.catalog.geometry import RECURRENCES, WINDOW, Recurrence, receptive_field
from derive.geometry import referee
from derive.geometry.field import FIELD, JUMP, START, closed

SPACE: dict[str, object] = {"__name__": "generated"}
SOURCE = geometry.source(geometry.functions())
exec(compile(SOURCE, "generated", "exec"), SPACE)
G = types.SimpleNamespace(**SPACE)

KNOWN = [  # golden.json; Dumoulin & Visin 2016, examples; LeNet, ResNet-50 (torchvision) and AlexNet stems
    (G.output_size(32, 5, stride=1 + 1, padding=1), 15),
    (G.transposed_output_size(7, 4, stride=2, padding=1), 14),
    (G.receptive_field([(3, 1, 1), (3, 2, 1), (5, 2, 1)]), 13),
    (G.output_size(4, 3), 2),
    (G.output_size(5, 4, padding=2), 6),
    (G.output_size(5, 3, stride=2, padding=1), 3),
    (G.output_size(6, 3, stride=2, padding=1), 3),
    (G.output_size(7, 3, dilation=2), 3),
    (G.output_size(224, 7, stride=2, padding=3), 112),
    (G.output_size(227, 11, stride=4), 55),
    (G.transposed_output_size(2, 3), 4),
    (G.transposed_output_size(3, 3, stride=2, padding=1), 5),
    (G.receptive_field([]), 1),
    (G.receptive_field([(2, 1, 2**i) for i in range(10)]), 1024),
    (G.receptive_field([(4, 2, 1)] * 3 + [(4, 1, 1)] * 2), 70),
    (G.receptive_field([(3, 1, 2)] * 3), 13),
]


@pytest.mark.parametrize(("got", "wanted"), KNOWN)
def test_known_values(got: int, wanted: int) -> None:
    assert got == wanted


@pytest.mark.parametrize("recurrence", RECURRENCES, ids=lambda r: r.name)
def test_brute_force_agrees(recurrence: Recurrence) -> None:
    found = geometry.verify(recurrence, budget=5, seed=7)
    assert found.passed and found.cases > 1000 and found.first_mismatch == ""


@pytest.mark.parametrize("recurrence", RECURRENCES, ids=lambda r: r.name)
def test_the_same_seed_tries_the_same_calls(recurrence: Recurrence) -> None:
    a, b = (geometry.verify(recurrence, budget=60, seed=3) for _ in range(2))
    assert (a.cases, a.mismatches) == (b.cases, b.mismatches)


def test_a_bug_planted_in_the_generated_text_is_found() -> None:
    damaged = SOURCE.replace("dilation * (kernel - 1) - 1)", "dilation * (kernel - 1))")
    assert damaged != SOURCE
    wrong: dict[str, object] = {}
    exec(damaged, wrong)
    found = geometry.compare(RECURRENCES[0], geometry.answer(RECURRENCES[0]), wrong["output_size"], budget=1, seed=0)
    assert found.mismatches > 0 and not found.passed and "brute force" in found.first_mismatch


def test_the_referee_agrees_with_a_hand_count() -> None:
    setting = {"stride": 2, "dilation": 1, "padding": 1}
    assert referee.windows_that_fit(WINDOW, 5, 3, setting) == 3
    assert referee.touched(WINDOW, [(3, setting)], output=1) == {1, 2, 3}
    assert referee.windows_that_fit(WINDOW, 1, 4, setting) == 0


def test_the_transposed_size_inverts_the_size() -> None:
    for size, kernel, stride, padding, dilation in itertools.product(range(1, 9), range(1, 5), range(1, 5), range(3), range(1, 3)):
        inverse = size_or_none(G.transposed_output_size, size, kernel, stride, padding, dilation)
        smallest = next((i for i in range(1, 99) if size_or_none(G.output_size, i, kernel, stride, padding, dilation) == size), None)
        if inverse is not None:
            assert smallest == inverse
            assert G.output_size(inverse + stride - 1, kernel, stride, padding, dilation) == size
            assert G.output_size(inverse + stride, kernel, stride, padding, dilation) == size + 1


def size_or_none(function, *arguments):  # type: ignore[no-untyped-def]
    try:
        return function(*arguments)
    except ValueError:
        return None


def test_jump_and_start_agree_with_the_positions_touched() -> None:
    solved = {c.unknown: c for c in closed(geometry.answer(receptive_field))}
    for n, kernel, stride, dilation, padding in itertools.product(range(4), (1, 3), (1, 2, 3), (1, 2), (0, 2)):
        setting = {"stride": stride, "dilation": dilation, "padding": padding}
        here, beside = (min(referee.touched(WINDOW, [(kernel, setting)] * n, o)) for o in (0, 1))
        values = {"n": n, "kernel": kernel, **setting}
        at = {s: values[s.name] for c in solved.values() for s in c.value.free_symbols}
        assert solved[START].value.subs(at) == here
        assert solved[JUMP].value.subs(at) == beside - here
        assert solved[FIELD].value.subs(at) == referee.field(WINDOW, [(kernel, setting)] * n)


def test_the_field_is_an_extent_and_not_a_count() -> None:
    setting = {"stride": 1, "dilation": 2, "padding": 0}
    assert len(referee.touched(WINDOW, [(3, setting)] * 3)) == 7
    assert referee.field(WINDOW, [(3, setting)] * 3) == 13


BAD = [
    (lambda: G.output_size(3, 5), ValueError, "window spans 5 positions, the padded input has 3.*kernel = 5"),
    (lambda: G.output_size(3, 3, dilation=2), ValueError, "window spans 5 positions, the padded input has 3"),
    (lambda: G.output_size(2, 3, stride=2), ValueError, "window spans 3 positions"),
    (lambda: G.output_size(5, 3, stride=0), ValueError, "output_size: stride is 0; wanted an integer of at least 1"),
    (lambda: G.output_size(5, 3, padding=-1), ValueError, "padding is -1; wanted an integer of at least 0"),
    (lambda: G.output_size(0, 1), ValueError, "size is 0"),
    (lambda: G.output_size(5.0, 3), TypeError, "size is 5.0; wanted an integer"),
    (lambda: G.output_size(5, "3"), TypeError, "kernel is '3'"),
    (lambda: G.output_size(5, None), TypeError, "kernel is None"),
    (lambda: G.output_size(5, int), TypeError, "kernel is <class 'int'>"),
    (lambda: G.output_size(np.array([5, 6]), 3), TypeError, "size is array"),
    (lambda: G.transposed_output_size(1, 1, padding=3), ValueError, "padding takes away 6 positions of the 1 written"),
    (lambda: G.receptive_field(3), TypeError, "layers is 3; wanted a list of \\(kernel, stride, dilation\\)"),
    (lambda: G.receptive_field([3, 3]), TypeError, "layers is \\[3, 3\\]"),
    (lambda: G.receptive_field([(3, 1, 1), (3, 1)]), ValueError, "layers\\[1\\] is \\(3, 1\\); wanted \\(kernel, stride, dilation\\)"),
    (lambda: G.receptive_field([(3, 1, 1), (3, 0, 1)]), ValueError, "stride of layers\\[1\\] is 0"),
    (lambda: G.receptive_field([(3, 1, 0.5)]), TypeError, "dilation of layers\\[0\\] is 0.5"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_input_gives_one_clear_error(call, error, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=message):
        call()


def test_numpy_integers_are_taken_and_do_not_wrap_around() -> None:
    got = G.output_size(np.uint8(3), np.uint8(2), padding=np.uint8(200))
    assert got == 402 and type(got) is int


def test_large_numbers_stay_exact() -> None:
    assert G.receptive_field([(3, 10, 1)] * 40) == 1 + 2 * (10**40 - 1) // 9


def test_the_docstrings_run() -> None:
    for recurrence in RECURRENCES:
        examples = doctest.DocTestFinder().find(SPACE[recurrence.name], recurrence.name, globs=dict(SPACE), module=False)
        assert sum(len(e.examples) for e in examples) == 1
        for example in examples:
            assert doctest.DocTestRunner(verbose=False).run(example).failed == 0


def test_the_source_says_everything_and_needs_no_import() -> None:
    tree = ast.parse(SOURCE)
    assert not [n for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom))]
    for recurrence in RECURRENCES:
        doc = SPACE[recurrence.name].__doc__ or ""
        assert recurrence.summary in doc and recurrence.source in doc
    assert "(size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1" in SOURCE


def test_the_referee_knows_no_formula() -> None:
    names = [n.module or "" for n in ast.walk(ast.parse(inspect.getsource(referee))) if isinstance(n, ast.ImportFrom)]
    assert all(
        n in ("__future__", "collections.abc", "typing", "derive.catalog.geometry") or n.startswith("derive.language") for n in names
    )

"""Evaluation of definitions: axes, parameters, indices, undefined elements, backends that agree, and errors that name things."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import oracle_definitions as d
import pytest
from mpmath import libmp
from oracle_definitions import INSTALLED

from derive.language.nodes import BATCH, Call, Const, Delta, Input, Iota, Param, Reduce, Ref, Size
from derive.language.operation import Op
from derive.language.program import expand
from derive.oracle import UNDEFINED, OracleError, enclose, enclose_all, evaluate, gradient, overlap, width
from derive.oracle import certify as certifying

RANDOM = np.random.default_rng(11)


def value(case: Op, inputs: dict[str, Any], parameters: dict[str, Any] | None = None, **more: Any) -> np.ndarray:
    result = evaluate(case.program, inputs, parameters, **more)[case.program.outputs[0].name]
    assert result.decided.all()
    return result.value


@pytest.mark.parametrize("backend", INSTALLED)
def test_against_numpy(backend: str) -> None:
    n = RANDOM.normal
    q, k, v = n(size=(2, 5, 3, 2)), n(size=(2, 5, 4, 2)), n(size=(2, 5, 4, 3))
    s = np.exp(np.einsum("abld,abmd->ablm", q, k) / np.sqrt(2))
    np.testing.assert_allclose(value(d.blend, {"q": q, "k": k, "v": v}, backend=backend), (s / s.sum(-1, keepdims=True)) @ v, rtol=1e-12)
    z, label = n(size=(4, 3)), np.array([0, 2, 2, 1])
    wanted = np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(4), label])
    np.testing.assert_allclose(value(d.pick, {"z": z, "label": label}, backend=backend), wanted, rtol=1e-13)
    x, w = n(size=(2, 7)), n(size=(3, 2, 3))
    padded = np.pad(x, ((0, 0), (2, 2)))
    windows = np.stack([padded[:, p * 2 : p * 2 + 3] for p in range(5)])
    out = value(d.slide, {"x": x, "w": w}, {"stride": 2, "padding": 2}, backend=backend)
    np.testing.assert_allclose(out, np.einsum("pci,oci->op", windows, w), rtol=1e-12)
    a, y = n(size=(3, 4)), n(size=(3, 4))
    chosen = y[np.arange(3), a.argmax(1)] * (a.max() - a.min())
    np.testing.assert_allclose(value(d.best, {"x": a, "y": y}, backend=backend), chosen, rtol=1e-14)
    b = n(size=(2, 4))
    o = n(size=(2, 3, 2))
    np.testing.assert_allclose(value(d.own, {"x": o}), value(d.blend, {"q": o, "k": o, "v": o}), rtol=0)
    dist = ((a[:, None] - b[None]) ** 2).sum(-1)
    np.testing.assert_allclose(value(d.nearest, {"a": a, "b": b}, backend=backend), dist.min(1).mean() + dist.max(0).mean(), rtol=1e-13)


def test_parameters_are_exact_and_floats_are_their_binary_value() -> None:
    x = {"x": np.zeros((2, 1)), "gamma": [1.0]}
    at = {"x": np.array([[1.0], [-1.0]]) * 1e-6, "gamma": [1.0]}
    default, double, fraction = (value(d.standard, at, p) for p in ({}, {"eps": 1e-5}, {"eps": Fraction(1, 100000)}))
    assert (default == fraction).all() and value(d.standard, x)[0, 0] == 0
    bits = [evaluate(d.standard.program, at, p)["y"].enclosure for p in ({}, {"eps": 1e-5}, {"eps": Fraction(1, 100000)})]
    assert overlap(bits[0], bits[2]).all() and not overlap(bits[0], bits[1]).any()
    assert abs(double[0, 0] / default[0, 0] - 1) < 1e-15
    single = evaluate(d.hinge.program, {"x": [0.5]}, {"width": np.float32(0.1)})["y"].enclosure
    assert overlap(single, evaluate(d.hinge.program, {"x": [0.5]}, {"width": float(np.float32(0.1))})["y"].enclosure).all()


def test_inputs_are_taken_at_their_exact_value() -> None:
    x = np.array([0.1, 65504, 6e-8], dtype=np.float16)
    assert (value(d.same, {"x": x}, dtype="float64") == x.astype(float)).all()
    assert (value(d.third, {"x": np.array([3, 2**60 + 1])}) == [1, (2**60 + 1) / 3]).all()


def test_any_leading_axes() -> None:
    for shape in ((), (3,), (2, 3), (0,), (2, 0, 3)):
        x = RANDOM.normal(size=shape)
        out = evaluate(d.bell.program, {"x": x}, dtype="float32")["y"]
        assert out.value.shape == shape and out.value.dtype == np.float32 and out.decided.all()
        assert gradient(d.bell.program, {"x": x}, {"y": x})["x"].value.shape == shape


@pytest.mark.parametrize("backend", INSTALLED)
def test_undefined_elements_leave_the_others_alone(backend: str) -> None:
    r = evaluate(d.lost.program, {"x": np.array([-1.0, 0.0, 1.0, np.nan, np.inf])}, backend=backend)["y"]
    assert r.decided.all() and np.isnan(r.value).tolist() == [True, True, False, True, True]
    assert r.enclosure[0] is UNDEFINED
    assert value(d.guarded, {"x": [-1.5, 0.0, 4.0]}, backend=backend).tolist() == [-3, 0, 2 * np.log(4)]
    empty = evaluate(d.nearest.program, {"a": np.ones((2, 3)), "b": np.ones((0, 3))}, backend=backend)["y"]
    assert np.isnan(empty.value) and empty.decided


def test_intermediates_on_request() -> None:
    z = {"x": np.array([[1.0], [3.0]]), "gamma": [2.0]}
    found = evaluate(d.standard.program, z, keep=["mu", "rstd"])
    assert found["mu"].value.tolist() == [2] and found["rstd"].value.shape == (1,) and list(found) == ["y", "mu", "rstd"]


def test_only_open_elements_of_an_elementwise_program_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []
    inner = certifying.backend_named

    def counting(name: str | None) -> Any:
        def arithmetic(bits: int) -> Any:
            a = inner(name)(bits)
            log = a.functions["log"]
            return certifying_replace(a, log, counts)

        return arithmetic

    def certifying_replace(a: Any, log: Any, seen: list[int]) -> Any:
        from dataclasses import replace

        return replace(a, functions={**a.functions, "log": lambda x: (seen.append(a.bits), log(x))[1]})

    monkeypatch.setattr(certifying, "backend_named", counting)
    x = np.linspace(1, 20, 50)
    x[7] = 200
    found = evaluate(d.lost.program, {"x": x}, backend="mpmath")["y"]
    assert found.decided.all() and counts == [128] * 50 + [256] * 1 + [512] * 1
    assert found.value[7] == -np.exp(-200.0) or abs(found.value[7] / -np.exp(-200.0) - 1) < 1e-15


@pytest.mark.skipif(len(INSTALLED) < 2, reason="needs python-flint")
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("case", [d.bell, d.naive_tanh, d.lost, d.hinge, d.guarded, d.third], ids=lambda c: c.name)
def test_backends_agree_over_the_whole_range(case: Op, dtype: str) -> None:
    info = np.finfo(dtype)
    x = np.ldexp(1 + RANDOM.random(80), RANDOM.integers(info.minexp - 5, info.maxexp - 1, size=80)).astype(dtype)
    x = np.concatenate([x, -x, np.array([0, info.tiny, info.smallest_subnormal, info.max, 1, 30, 50, 88, 103], dtype=dtype)])
    one, two = (evaluate(case.program, {"x": x}, dtype=dtype, backend=b)["y"] for b in INSTALLED)
    assert one.decided.all() and two.decided.all()
    np.testing.assert_array_equal(one.value, two.value)
    np.testing.assert_allclose(one.remainder, two.remainder, atol=2e-3)
    slopes = [gradient(case.program, {"x": x}, {"y": np.ones(len(x))}, dtype=dtype, backend=b)["x"] for b in INSTALLED]
    np.testing.assert_array_equal(slopes[0].value, slopes[1].value)
    assert slopes[0].decided.all() and slopes[1].decided.all()


@pytest.mark.parametrize("backend", INSTALLED)
def test_enclose_one_expression(backend: str) -> None:
    x, mu = Input("x", (BATCH, "N")), Ref("mu", frozenset({BATCH}))
    expr = (x - mu) * Param("s") / Size("N") + Iota("N'")
    given = {"x": np.array([[1, 2, Fraction(1, 3)]], dtype=object), "mu": np.array([0.5]), "s": Fraction(3, 7)}
    found = enclose(expr, given, {BATCH: 1, "N": 3}, 200, names=(BATCH, "N", "N'"), backend=backend)
    assert found.shape == (1, 3, 3) and (width(found) < 1e-55).all()
    exact = [[(v - Fraction(1, 2)) / 7 + i for i in range(3)] for v in (1, 2, Fraction(1, 3))]
    for interval, truth in zip(found.flat, [t for row in exact for t in row], strict=True):
        assert Fraction(*libmp.to_rational(interval.low)) <= truth <= Fraction(*libmp.to_rational(interval.high))
    hot = enclose(
        Delta("C", Input("i", ("N",), "index", "C")), {"i": np.array([2, 0])}, {"C": 3, "N": 2}, 64, names=("N", "C"), backend=backend
    )
    assert (overlap(hot, enclose(Const(Fraction(1)), {}, {}, 64, backend=backend)) == np.array([[0, 0, 1], [1, 0, 0]], dtype=bool)).all()
    program = d.standard.program
    inputs = {"x": np.array([[1.0], [3.0]]), "gamma": np.array([2.0]), "eps": Fraction(1, 100000)}
    whole = enclose(expand(program, program.lets[-1].ref), inputs, {"N": 2, "D": 1}, 128, names=("N", "D"), backend=backend)
    assert overlap(whole, evaluate(program, {"x": inputs["x"], "gamma": [2.0]}, backend=backend)["y"].enclosure).all()
    many = enclose(Reduce("sum", Size("N") * Const(Fraction(2)), ("N",)), {}, {"N": 5}, 64, backend=backend)
    assert overlap(many, enclose(Const(Fraction(50)), {}, {}, 64, backend=backend)).all()


@pytest.mark.parametrize("backend", INSTALLED)
def test_enclosing_two_expressions_at_once_gives_the_ends_of_each_alone(backend: str) -> None:
    x, y = Input("x", ("N",)), Input("y", ("C",))
    shared = Call("exp", (x * y,))
    sides = [shared / (1 + shared), Reduce("sum", shared - y, ("N",))]
    given, sizes, axes = {"x": np.array([1, Fraction(1, 3)]), "y": np.array([0.5, -2.0, 0.0])}, {"N": 2, "C": 3}, ("C", "N")
    for together, alone in zip(enclose_all(sides, given, sizes, 100, axes, backend), sides, strict=True):
        apart = enclose(alone, given, sizes, 100, axes, backend)
        assert together.shape == (3, 2) and [(a.low, a.high) for a in together.flat] == [(a.low, a.high) for a in apart.flat]


@pytest.mark.parametrize(
    ("case", "inputs", "parameters", "words"),
    [
        (d.pick, {"z": np.ones((2, 3)), "label": [0, 3]}, {}, "index 3 into axis C is out of range; C has 3 positions, wanted 0 to 2"),
        (d.pick, {"z": np.ones((2, 3)), "label": [0, -1]}, {}, "index -1 into axis C"),
        (d.pick, {"z": np.ones((2, 3)), "label": [0, 0.5]}, {}, "label takes whole numbers"),
        (d.pick, {"z": np.ones((2, 3)), "label": [0]}, {}, r"label has shape \(1,\), wanted axes \(N\); axis N has size 1 here and 2"),
        (d.pick, {"z": np.ones(2), "label": [0]}, {}, r"z has shape \(2,\), wanted axes \(N, C\)"),
        (d.pick, {"z": np.ones((2, 3))}, {}, "no value for input label"),
        (d.pick, {"z": np.ones((2, 3)), "label": [0, 0], "labels": 1}, {}, "no input labels; did you mean"),
        (d.blend, {"q": np.ones((2, 1, 1)), "k": np.ones((3, 1, 1)), "v": np.ones((3, 1, 1))}, {}, r"axes \(3,\) differ from \(2,\)"),
        (d.hinge, {"x": [1.0]}, {"with": 1}, "no parameter with; did you mean"),
        (d.hinge, {"x": [1.0]}, {"width": -1.0}, "width is -1"),
        (d.hinge, {"x": [1.0]}, {"width": float("nan")}, "width is nan"),
        (d.hinge, {"x": ["a"]}, {}, "x has dtype"),
        (d.hinge, {"x": np.ones(1, dtype=np.longdouble)}, {}, "float64 holds exactly"),
        (d.slide, {"x": np.ones((1, 2)), "w": np.ones((1, 1, 5))}, {}, "axis P would have size"),
    ],
)  # fmt: skip
def test_errors_name_what_came_and_what_was_wanted(case: Op, inputs: dict[str, Any], parameters: dict[str, Any], words: str) -> None:
    from derive.language.errors import DeriveError

    with pytest.raises(DeriveError, match=words):
        evaluate(case.program, inputs, parameters)


def test_errors_of_gradient_and_enclose() -> None:
    with pytest.raises(OracleError, match="no output z"):
        gradient(d.third.program, {"x": [1.0]}, {"z": [1.0]})
    with pytest.raises(OracleError, match=r"cotangent of y has shape \(2, 1\)|size"):
        gradient(d.third.program, {"x": [1.0]}, {"y": [[1.0], [2.0]]})
    with pytest.raises(OracleError, match="no value for x"):
        enclose(Input("x", ()) + 1, {}, {}, 64)
    with pytest.raises(OracleError, match="kernel is no primitive"):
        enclose(Call("kernel", (Const(Fraction(1)),)), {}, {}, 64)
    with pytest.raises(OracleError, match="no intermediate rst; did you mean"):
        evaluate(d.standard.program, {"x": np.ones((1, 1)), "gamma": [1.0]}, keep=["rst"])


@pytest.mark.parametrize("backend", INSTALLED)
def test_what_is_too_close_to_call_is_not_called(backend: str) -> None:
    x = {"x": np.array([2.0, 2.0, 1.5])}
    found = evaluate(d.too_close.program, x, cap=512, backend=backend)
    jump, largest, either = found.values()
    assert not jump.decided.any() and largest.value == 4 and either.value.tolist() == [2, 2, 1.5]
    slope = gradient(d.too_close.program, x, {list(found)[1]: 1.0}, cap=512, backend=backend)["x"]
    assert slope.decided.tolist() == [False, False, True] and slope.value[2] == 0


def test_repeated_inputs_run_whole() -> None:
    x, a = np.array([[1.0, 2.0], [300.0, 4.0]]), np.array([1.0, 2.0])
    found = evaluate(d.lost_by_column.program, {"x": x, "a": a})["y"]
    assert found.decided.all() and found.precision > 128
    np.testing.assert_allclose(found.value, np.log1p(-np.exp(-x * a)), rtol=1e-15)
    slopes = gradient(d.lost_by_column.program, {"x": x, "a": a}, {"y": np.ones((2, 2))})
    np.testing.assert_allclose(slopes["a"].value, (x / np.expm1(x * a)).sum(0), rtol=1e-14)

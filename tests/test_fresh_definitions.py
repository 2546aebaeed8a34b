"""A user's definitions, unlike anything in the catalogue, through every command that takes one, against NumPy written by hand."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from derive.cli import main

FILE = Path(__file__).with_name("fresh_definitions.py")
OPS = ("ramp_tail", "energy_contrast", "picked_gap")
CANDIDATES = '''
import numpy as np


def ramp_tail(x, *, scale=1.5):
    return np.where(x < 0, x, -scale * np.expm1(-np.maximum(x, 0) / scale))


def ramp_tail_back(g, x, *, scale=1.5):
    return g * np.where(x < 0, 1, np.exp(-np.maximum(x, 0) / scale))


def ramp_tail_flat_at_zero(g, x, *, scale=1.5):
    """Wrong: zero is on the exponential's side, where the derivative is 1."""
    return g * np.where(x <= 0, 0, np.exp(-x / scale))


def ramp_tail_cancels(x, *, scale=1.5):
    """Wrong near zero, where 1 - exp cancels."""
    return np.where(x < 0, x, scale * (1 - np.exp(-np.maximum(x, 0) / scale)))


def energy_contrast(x, w):
    energy = ((w * x) ** 2).sum((-2, -1))
    return energy, x.mean((-2, -1)) / np.sqrt(energy + 1)


def energy_contrast_back(g_energy, g_contrast, x, w):
    energy = ((w * x) ** 2).sum((-2, -1))
    through = g_energy - g_contrast * x.mean((-2, -1)) / 2 * (energy + 1) ** -1.5
    spread = g_contrast / np.sqrt(energy + 1) / w.size
    dx = 2 * through[..., None, None] * w**2 * x + spread[..., None, None]
    return dx, 2 * w * (through[..., None, None] * x**2).reshape(-1, *w.shape).sum(0)


def energy_contrast_sums(x, w):
    """Wrong: a sum where a mean belongs."""
    energy = ((w * x) ** 2).sum((-2, -1))
    return energy, x.sum((-2, -1)) / np.sqrt(energy + 1)


def picked_gap(table, key, x):
    shifted = table[key] + x
    return shifted.max(1) - shifted.mean(1)


def picked_gap_back(g, table, key, x):
    first = (table[key] + x).argmax(1)
    dx = g[:, None] * ((first[:, None] == np.arange(x.shape[1])) - 1 / x.shape[1])
    dtable = np.zeros_like(table)
    np.add.at(dtable, key, dx)
    return dtable, dx


def picked_gap_forgets(g, table, key, x):
    """Wrong: of several equal keys only the last one counts."""
    _, dx = picked_gap_back(g, table, key, x)
    dtable = np.zeros_like(table)
    dtable[key] = dx
    return dtable, dx
'''


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """A command's exit code and what it prints."""
    capsys.readouterr()
    code = main(list(arguments))
    return code, capsys.readouterr().out


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def candidates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fresh") / "candidates.py"
    path.write_text(CANDIDATES)
    return path


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModuleType]:
    """Each definition's module, written by derive generate."""
    folder, modules = tmp_path_factory.mktemp("generated"), {}
    for name in OPS:
        target = folder / f"fresh_{name}.py"
        assert main(["generate", f"{FILE}:{name}", "-o", str(target)]) == 0
        assert "import derive" not in target.read_text() and "from derive" not in target.read_text()
        modules[name] = loaded(target)
    return modules


def inputs(name: str, dtype: type, lead: tuple[int, ...] = ()) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """Inputs of a definition and the cotangents of its outputs."""
    rng = np.random.default_rng(7)

    def some(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(dtype)

    if name == "ramp_tail":
        return (some(*lead, 5),), (some(*lead, 5),)
    if name == "energy_contrast":
        return (some(*lead, 3, 4), some(3, 4)), (some(*lead), some(*lead))
    return (some(6, 3), np.array([5, 0, 0, 2]), some(4, 3)), (some(4),)


def as_tuple(result: object) -> tuple[np.ndarray, ...]:
    return tuple(np.asarray(r) for r in (result if isinstance(result, tuple) else (result,)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("lead", [(), (2,), (2, 0), (2, 3)])
@pytest.mark.parametrize("name", OPS)
def test_generated_code_computes_the_formula_and_its_gradient(
    generated: dict[str, ModuleType], candidates: Path, name: str, lead: tuple[int, ...], dtype: type
) -> None:
    mine, module = loaded(candidates), generated[name]
    arrays, cotangents = inputs(name, dtype, lead)
    wide = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]
    wide_g = [np.asarray(g).astype(np.float64) for g in cotangents]
    for got, wanted in (
        (getattr(module, name)(*arrays), getattr(mine, name)(*wide)),
        (getattr(module, f"{name}_vjp")(*cotangents, *arrays), getattr(mine, f"{name}_back")(*wide_g, *wide)),
    ):
        pairs = list(zip(as_tuple(got), as_tuple(wanted), strict=True))
        for one, other in pairs:
            assert one.dtype == dtype and one.shape == other.shape
            # One rounding to dtype, after float64 throughout.
            np.testing.assert_allclose(one.astype(np.float64), other, rtol=max(1e-12, 0.6 * float(np.finfo(dtype).eps)), atol=1e-7)


@pytest.mark.parametrize("name", OPS)
def test_generated_derivatives_agree_with_each_other(generated: dict[str, ModuleType], name: str) -> None:
    """<g, jvp v> = <vjp g, v>, and the second derivative is the difference of gradients."""
    module, (arrays, cotangents) = generated[name], inputs(name, np.float64, (2,))
    rng = np.random.default_rng(8)
    real = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]
    tangents = [rng.normal(size=arrays[i].shape) for i in real]
    along = as_tuple(getattr(module, f"{name}_jvp")(*tangents, *arrays))
    back = as_tuple(getattr(module, f"{name}_vjp")(*cotangents, *arrays))
    left = sum(float((g * a).sum()) for g, a in zip(cotangents, along, strict=True))
    right = sum(float((b * v).sum()) for b, v in zip(back, tangents, strict=True))
    assert left == pytest.approx(right, rel=1e-12)

    step, ends = 1e-6, []
    for sign in (1, -1):
        moved = list(arrays)
        for i, v in zip(real, tangents, strict=True):
            moved[i] = arrays[i] + sign * step * v
        ends.append(as_tuple(getattr(module, f"{name}_vjp")(*cotangents, *moved)))
    second = as_tuple(getattr(module, f"{name}_hvp")(*cotangents, *tangents, *arrays))
    for high, low, dot in zip(*ends, second, strict=True):
        np.testing.assert_allclose((high - low) / (2 * step), dot, rtol=1e-6, atol=1e-7)


def test_generated_code_at_the_edges(generated: dict[str, ModuleType]) -> None:
    ramp = generated["ramp_tail"]
    x = np.array([0.0, 1e-300, 1e300, np.inf, -np.inf, -1e300, np.nan])
    np.testing.assert_allclose(ramp.ramp_tail(x), [0, 1e-300, 1.5, 1.5, -np.inf, -1e300, np.nan], rtol=1e-15)
    np.testing.assert_array_equal(ramp.ramp_tail_vjp(np.ones(7), x), [1, 1, 0, 0, 1, 1, np.nan])
    gap = generated["picked_gap"].picked_gap
    with pytest.raises(ValueError, match="key is 3 at"):
        gap(np.zeros((3, 2)), np.array([0, 3]), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="D is empty"):
        gap(np.zeros((3, 0)), np.array([0]), np.zeros((1, 0)))


@pytest.mark.parametrize("name", OPS)
def test_verify_holds(capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, out = run(capsys, "verify", f"{FILE}:{name}", "--budget", "0.5", "--json")
    rows = json.loads(out)["rows"]
    assert (code, [row["failure"] for row in rows]) == (0, ["", ""])
    assert [row["reading"] for row in rows] == ["value", "gradient"]
    assert rows[1]["tier"] == "A" and all(row["numbers"] > 0 for row in rows)


@pytest.mark.parametrize("form", ["text", "markdown", "latex", "json"])
@pytest.mark.parametrize("name", OPS)
def test_show_in_every_format(capsys: pytest.CaptureFixture[str], name: str, form: str) -> None:
    code, out = run(capsys, "show", f"{FILE}:{name}", "--format", form)
    assert code == 0
    if form == "json":
        assert json.loads(out)
    elif form == "latex":
        assert out.count(r"\begin{") == out.count(r"\end{") and out.rstrip().endswith(r"\end{document}")
    elif form == "markdown":
        assert out.startswith("# ") and out.count("```") % 2 == 0
    else:
        gradient = {
            "ramp_tail": "dx = g*where(x >= 0, exp(-x/scale), 1)",
            "energy_contrast": "dw      = 2*w*sum(denergy*x**2, ...)",
            "picked_gap": "dx     = g*(onehot(argmax(row + x, D), D) - 1/size(D))",
        }[name]
        assert gradient in out and "proof tier A" in out


def check(capsys: pytest.CaptureFixture[str], candidates: Path, op: str, forward: str, backward: str = "") -> tuple[int, str]:
    extra = ["--backward", f"{candidates}:{backward}"] if backward else []
    return run(capsys, "check", f"{candidates}:{forward}", *extra, "--op", f"{FILE}:{op}", "--budget", "1")


@pytest.mark.parametrize("name", OPS)
def test_a_right_implementation_agrees(capsys: pytest.CaptureFixture[str], candidates: Path, name: str) -> None:
    code, out = check(capsys, candidates, name, name)
    assert (code, out.split(":")[0]) == (0, "agrees"), out


@pytest.mark.parametrize("name", ["ramp_tail", "energy_contrast"])
def test_a_right_gradient_agrees(capsys: pytest.CaptureFixture[str], candidates: Path, name: str) -> None:
    code, out = check(capsys, candidates, name, name, f"{name}_back")
    assert (code, out.split(":")[0]) == (0, "agrees"), out


@pytest.mark.parametrize(
    ("name", "forward", "backward", "says"),
    [
        ("ramp_tail", "ramp_tail", "ramp_tail_flat_at_zero", "gradient of x"),
        ("ramp_tail", "ramp_tail_cancels", "", "error"),
        ("energy_contrast", "energy_contrast_sums", "", "contrast"),
        ("picked_gap", "picked_gap", "picked_gap_forgets", "gradient of table"),
    ],
)
def test_a_wrong_implementation_is_caught(
    capsys: pytest.CaptureFixture[str], candidates: Path, name: str, forward: str, backward: str, says: str
) -> None:
    code, out = check(capsys, candidates, name, forward, backward)
    assert (code, out.split(":")[0]) in ((1, "wrong"), (1, "inaccurate here")), out
    assert says in out and "smallest input" in out

"""The catalogue as a value: complete, plain, short, sourced; and each definition means what its name says."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from canonical import CALLED, MISSING, NAMES
from plain import evaluate

import derive.catalog
import derive.ops
from derive.catalog import CATALOG, SECTIONS, find, load, section
from derive.catalog.reductions import REDUCTIONS
from derive.language import DefinitionError, Op
from derive.language.errors import UnknownOp

sys.path.insert(0, str(Path(__file__).parents[1]))
from known_values import entries

OPS = {op.name for op in CATALOG}
FOLDER = Path(derive.catalog.__file__).parent
R = np.random.default_rng(7)


@pytest.mark.parametrize(("section", "names"), NAMES.items(), ids=list(NAMES))
def test_what_it_must_hold_is_there(section: str, names: str) -> None:
    assert [n for n in names.split() if CALLED.get(n, n) not in OPS and n not in MISSING] == []


def test_what_is_said_to_be_missing_is_missing() -> None:
    assert set(MISSING) & OPS == set()
    assert set(MISSING) | set(CALLED) <= {n for names in NAMES.values() for n in names.split()}


def test_every_op_is_there_once() -> None:
    assert len(OPS) == len(CATALOG)


def test_it_is_a_plain_tuple_of_frozen_definitions_with_their_sections() -> None:
    assert isinstance(CATALOG, tuple) and all(isinstance(op, Op) for op in CATALOG)
    assert [op for s in SECTIONS for op in section(s)] == list(CATALOG)


@pytest.mark.parametrize("op", CATALOG, ids=lambda op: op.name)
def test_it_says_what_it_is_and_where_it_comes_from(op: Op) -> None:
    assert op.summary.endswith(".") and len(op.summary) < 120
    assert op.source


def lengths() -> dict[str, int]:
    """Lines of each definition in the catalogue's files, decorator and docstring included."""
    found = {}
    for file in FOLDER.glob("*.py"):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name in OPS:
                found[node.name] = node.end_lineno - node.decorator_list[0].lineno + 1
    return found


def test_definitions_are_short() -> None:
    assert set(lengths()) == OPS - {op.name for op in REDUCTIONS}
    assert statistics.median(lengths().values()) <= 8
    assert max(lengths().values()) <= 13


def test_the_catalogue_imports_the_language_alone() -> None:
    code = "import sys; from derive.catalog import CATALOG\n"
    code += "print(*sorted({m.split('.')[0] for m in sys.modules} & {'numpy', 'sympy', 'scipy', 'mpmath'}))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


def test_finding_an_op_leaves_the_other_sections_alone() -> None:
    code = "import sys; from derive.catalog import find\n"
    code += "print(find('mse').name, *(f'derive.catalog.{s}' in sys.modules for s in ('losses', 'pooling')))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["mse", "True", "False"]


def test_ops_are_imported_by_name() -> None:
    assert derive.ops.conv2d is find("conv2d") and set(dir(derive.ops)) == OPS
    with pytest.raises(UnknownOp, match='"conv2"; did you mean "conv2d"'):
        _ = derive.ops.conv2
    with pytest.raises(AttributeError):
        _ = derive.ops.__wrapped__


def test_an_op_that_no_function_is_written_for_is_found() -> None:
    assert find("mse_sum").name == "mse_sum"


@pytest.mark.parametrize("entry", [e for e in entries() if e.kind == "forward" and not e.note and e.alias.name in OPS], ids=str)
def test_definitions_mean_what_is_known(entry) -> None:
    op = find(entry.alias.name)
    arrays, rest = entry.args[: entry.alias.arrays], entry.args[entry.alias.arrays :]
    arrays = (*arrays, *entry.alias.filled(arrays[0]))
    arrays = [flat(a, i.names) for a, i in zip(arrays, op.program.inputs, strict=True)]
    known = [flat(k, o.names) for k, o in zip(entry.expected, op.program.outputs, strict=True)]
    results = evaluate(op.program, *arrays, **dict(zip(entry.alias.keywords, rest, strict=True)))
    for got, wanted in zip(results, known, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-14)


def flat(array, names) -> np.ndarray:
    """The array with its leading axes as one, where "..." stands for them."""
    array = np.asarray(array)
    return array.reshape(-1, *array.shape[array.ndim - len(names) + 1 :]) if names and names[0] == "..." else array


def test_nll_of_log_softmax_is_cross_entropy() -> None:
    z, label = R.normal(size=(5, 4)), R.integers(0, 4, 5)
    logp = evaluate(find("log_softmax").program, z)[0]
    np.testing.assert_allclose(evaluate(find("nll").program, logp, label), evaluate(find("cross_entropy").program, z, label), rtol=1e-14)


def test_cross_entropy_of_one_hot_probabilities_is_that_of_labels() -> None:
    z, label = R.normal(size=(5, 4)), R.integers(0, 4, 5)
    probs = evaluate(find("cross_entropy_probs").program, z, np.eye(4)[label])
    np.testing.assert_allclose(probs, evaluate(find("cross_entropy").program, z, label), rtol=1e-14)


def test_cross_entropy_probs_states_its_hypothesis() -> None:
    assert [str(h) for h in find("cross_entropy_probs").program.hypotheses] == ["sum(target, C) == 1"]


def test_batch_norm_infer_with_the_statistics_of_the_batch_is_batch_norm_train() -> None:
    x, gamma, beta = R.normal(size=(6, 3)), R.normal(size=3), R.normal(size=3)
    infer = evaluate(find("batch_norm_infer").program, x, gamma, beta, x.mean(0), x.var(0))
    np.testing.assert_allclose(infer, evaluate(find("batch_norm_train").program, x, gamma, beta), rtol=1e-14)


def test_embedding_reads_rows() -> None:
    w, ids = R.normal(size=(7, 3)), np.array([6, 0, 6])
    np.testing.assert_array_equal(evaluate(find("embedding").program, w, ids)[0], w[ids])


@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (2, 3, 2), (3, 0, 2)])
def test_conv2d_by_loops(stride: int, padding: int, dilation: int) -> None:
    x, w = R.normal(size=(2, 3, 9, 8)), R.normal(size=(4, 3, 3, 2))
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows = (9 + 2 * padding - dilation * 2 - 1) // stride + 1
    columns = (8 + 2 * padding - dilation - 1) // stride + 1
    known = np.zeros((2, 4, rows, columns))
    for p, q, i, j in np.ndindex(rows, columns, 3, 2):
        known[:, :, p, q] += padded[:, :, p * stride + i * dilation, q * stride + j * dilation] @ w[:, :, i, j].T
    got = evaluate(find("conv2d").program, x, w, stride=stride, padding=padding, dilation=dilation)[0]
    np.testing.assert_allclose(got, known, rtol=1e-12, atol=1e-13)


def test_mlp_is_its_parts_one_after_the_other() -> None:
    x, label = R.normal(size=(5, 4)), R.integers(0, 3, 5)
    w1, b1, gamma, beta = R.normal(size=(6, 4)), R.normal(size=6), R.normal(size=6), R.normal(size=6)
    w2, b2 = R.normal(size=(3, 6)), R.normal(size=3)
    h = np.tanh(evaluate(find("batch_norm_train").program, x @ w1.T + b1, gamma, beta)[0])
    known = evaluate(find("cross_entropy").program, h @ w2.T + b2, label)
    np.testing.assert_allclose(evaluate(find("mlp").program, x, w1, b1, gamma, beta, w2, b2, label), known, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "boundary", "owner"),
    [("relu", "x > 0", "0"), ("leaky_relu", "x > 0", "slope*x"), ("prelu", "x > 0", "slope*x"), ("elu", "x > 0", "alpha*(exp(x) - 1)")],
)
def test_the_branch_that_owns_a_kink_is_that_of_the_convention(name: str, boundary: str, owner: str) -> None:
    where = find(name).program.lets[-1].body
    assert (str(where.condition), str(where.other)) == (boundary, owner)


def write(tmp_path: Path, text: str, name: str = "my_ops.py") -> str:
    path = tmp_path / name
    path.write_text("from derive.language import *\n" + text)
    return str(path)


ONE = '@op\ndef cube(x: Real["..."]):\n    "The third power."\n    return x**3\n'


def test_a_file_with_one_op_needs_no_name(tmp_path: Path) -> None:
    path = write(tmp_path, "from derive.catalog.activations import relu\n" + ONE)
    assert load(path).name == load(f"{path}:cube").name == "cube"
    assert load(f"{path}:relu").name == "relu"
    assert load("relu") in section("activations")


def test_a_file_imports_its_neighbours_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "beside_me.py").write_text("WIDTH = 3\n")
    before = list(sys.path)
    assert load(write(tmp_path, "from beside_me import WIDTH\n" + ONE)).name == "cube"
    assert sys.path == before and not list(tmp_path.glob("__pycache__/my_ops*"))


@pytest.mark.parametrize(
    ("text", "name", "error", "message"),
    [
        (ONE, "kube", UnknownOp, r'my_ops.py has no "kube"; did you mean "cube"\?'),
        ("x = 1\n", "kube", UnknownOp, r'my_ops.py has no "kube"; it defines no op'),
        ("def cube(x): return x\n", "cube", UnknownOp, r"cube is a plain function, not an op; decorate it with @op"),
        ("cube = 3\n", "cube", UnknownOp, r"cube is a value of type int, not an op"),
        (ONE + ONE.replace("cube", "fourth"), "", UnknownOp, r"defines cube, fourth; say which, as in .*my_ops.py:cube"),
        ("", "", UnknownOp, r"my_ops.py defines no op; decorate a function with @op"),
        ("\n1 / 0\n", "cube", DefinitionError, r"my_ops.py, line 3: ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)\n", "cube", DefinitionError, r"my_ops.py, line 2: SystemExit: 3"),
        ("def broken(:\n", "cube", DefinitionError, r"my_ops.py, line 2: invalid syntax"),
        (
            '@op\ndef f(x: Real["N N"]):\n    "d"\n    return x\n',
            "f",
            DefinitionError,
            r'my_ops.py, line 3: Real\["N N"\]: N stands there twice',
        ),
        (
            '@op\ndef f(x: Real["N"]):\n    "d"\n    return y\n',
            "f",
            DefinitionError,
            r"f: my_ops.py, line 5: NameError: name 'y' is not defined",
        ),
    ],
)
def test_a_bad_file_gives_one_clear_error(tmp_path: Path, text: str, name: str, error: type, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(error, match=message):
        load(f"{path}:{name}" if name else path)


def test_an_unknown_name_offers_the_closest() -> None:
    with pytest.raises(UnknownOp, match=r'no op is called "batchnorm"; did you mean "batch_norm_train"'):
        load("batchnorm")
    with pytest.raises(UnknownOp, match=r"derive list shows them all"):
        find("zzzzz")


def test_a_missing_file_a_folder_and_a_binary_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UnknownOp, match=r"nowhere.py: no such file"):
        load("nowhere.py:f")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(UnknownOp, match=r"folder.py cannot be read: Is a directory"):
        load(f"{tmp_path / 'folder.py'}:f")
    (tmp_path / "binary.py").write_bytes(b"\x00\xff\xfe")
    with pytest.raises(DefinitionError, match=r"binary.py"):
        load(f"{tmp_path / 'binary.py'}:f")
    with pytest.raises(UnknownOp, match=r"wanted the name of one"):
        load("my_ops.txt:f")

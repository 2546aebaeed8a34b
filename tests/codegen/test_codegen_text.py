"""The text of generated code: as a person would write it, the same on every Python, and complete in itself."""

import ast
import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from codegen_definitions import (
    ALL,
    attention,
    batch_norm,
    batch_norm_grad,
    chamfer_grad,
    clipped,
    cross_entropy_grad,
    linear_grad,
    np_names,
    softmax,
)

from derive.codegen.docstring import FunctionDoc
from derive.codegen.execute import compile_source
from derive.codegen.module import function, module_source, piece
from derive.codegen.package import Group, package_files
from derive.codegen.plan import array_passes, full_passes, plan
from derive.language.definition import Index, Positive, Real, op
from derive.language.errors import NotPrintable
from derive.language.functions import mean
from derive.language.nodes import Call, at

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
DUMP = """
from codegen_definitions import ALL
from derive.codegen.docstring import FunctionDoc
from derive.codegen.module import module_source
print(module_source([(o.program, FunctionDoc(o.summary)) for o in ALL], 'All.'))
"""


def body(op):
    text = piece(op.program, FunctionDoc(op.summary)).text
    return text.rpartition('"""\n')[2]


def test_batch_norm_reads_as_written():
    assert (
        body(batch_norm)
        == """\
    x, gamma, beta, dtype = _arrays('batch_norm', x=(x, 'N D'), gamma=(gamma, 'D'), beta=(beta, 'D'))
    eps = _parameters('batch_norm', eps=(eps, '(0, inf)'))
    _nonempty('batch_norm', N=x.shape[0])
    mu = np.mean(x, axis=0)
    x_minus_mu = x - mu
    var = np.mean(np.square(x_minus_mu), axis=0)
    rstd = 1 / np.sqrt(var + eps)
    xhat = x_minus_mu * rstd
    y = gamma * xhat + beta
    return _rounded(dtype, y)"""
    )


def lines(op):
    return [line.strip() for line in body(op).split("\n")]


def test_textbook_lines():
    assert "dx = gamma * rstd * (g - np.mean(g, axis=0) - xhat * np.mean(g_xhat, axis=0))" in lines(batch_norm_grad)
    assert lines(clipped)[-3:-1] == ["above = np.maximum(-limit, x)", "y = np.minimum(above, limit) + np.minimum(x, limit)"]
    assert "y = e / np.sum(e, axis=-1, keepdims=True)" in lines(softmax)
    assert "y = g / N * (p - (label[:, None] == np.arange(C)))" in lines(cross_entropy_grad)
    assert "e = np.exp(q @ np.swapaxes(k, -2, -1) / np.sqrt(D))" in lines(attention)
    assert "y_2 = np.tensordot(g, x, axes=(range(lead), range(lead)))" in lines(linear_grad)
    assert "back = _scatter_add(n_index, a_minus_b[n_index, np.arange(M)], N)" in lines(chamfer_grad)
    assert lines(np_names)[-5:-2] == ["dtype_ = np_ * sum", "lambda_ = dtype_ + 1", "id_ = lambda_ * lambda_ + dtype_"]


def test_docstring():
    doc = ast.get_docstring(function(batch_norm.program, FunctionDoc("Standardise.", source="Ioffe & Szegedy 2015")))
    assert (
        doc
        == """\
Standardise.

    mu = mean(x, N)
    var = mean((x - mu)**2, N)
    rstd = 1/sqrt(var + eps)
    xhat = (x - mu)*rstd
    y = gamma*xhat + beta

Arrays: x (N, D), gamma (D,), beta (D,).
Parameters: eps=1e-05 (a finite number in (0, inf)).
Returns: y (N, D).
Raises: TypeError or ValueError where a dtype or a shape does not fit, or where N is empty.
Source: Ioffe & Szegedy 2015"""
    )


def test_passes():
    assert array_passes(plan(batch_norm.program)) == {("N", "D"): 7, ("D",): 3}
    assert full_passes(plan(batch_norm_grad.program)) == 14
    assert array_passes(plan(softmax.program)) == {("...", "C"): 4}


def test_nothing_is_computed_twice():
    for o in ALL:
        steps = plan(o.program).steps
        assert len(set(steps)) == len(steps)


def dump(python, seed):
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}"}
    return subprocess.run([python, "-c", DUMP], env=environment, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def test_same_text_whatever_the_hash_seed():
    assert dump(sys.executable, "1") == dump(sys.executable, "77")


@pytest.mark.skipif("DERIVE_OTHER_PYTHON" not in os.environ, reason="DERIVE_OTHER_PYTHON names a second interpreter")
def test_same_text_on_another_python():
    assert dump(sys.executable, "1") == dump(os.environ["DERIVE_OTHER_PYTHON"], "2")


def test_lines_are_not_too_long():
    text = module_source([(o.program, FunctionDoc(o.summary)) for o in ALL], "All.")
    assert max(map(len, text.split("\n"))) <= 140
    assert not [line for line in text.split("\n") if line != line.rstrip()]


def printed(code, folder):
    """What a program prints that sees this folder alone."""
    environment = {"PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_a_module_stands_alone(tmp_path):
    (tmp_path / "alone.py").write_text(module_source([(batch_norm.program, FunctionDoc("Standardise."))], "Alone."))
    code = "import sys, alone, numpy; y = alone.batch_norm(numpy.ones((2, 3)), numpy.ones(3), numpy.ones(3)); "
    code += "print(*alone.__all__, y.shape, *sorted({'derive', 'sympy', 'scipy', 'mpmath'} & set(sys.modules)))"
    assert printed(code, tmp_path) == "batch_norm (2, 3)"


def test_package(tmp_path):
    groups = [
        Group("softmax", "About C.", [piece(softmax.program, FunctionDoc("P."))]),
        Group("norms", "N.", [piece(batch_norm.program, FunctionDoc("B."))]),
    ]
    files = package_files(groups, "Generated.")
    assert list(files) == ["__init__.py", "_support.py", "softmax_ops.py", "norms.py"]
    (tmp_path / "made").mkdir()
    for path, text in files.items():
        (tmp_path / "made" / path).write_text(text)
    code = "import sys, made, numpy; print(*dir(made), 'made.norms' in sys.modules, made.softmax(numpy.zeros(2)).tolist()); "
    code += "from made import batch_norm; print('made.norms' in sys.modules, hasattr(made, 'nothing'))"
    assert printed(code, tmp_path).splitlines() == ["batch_norm softmax False [0.5, 0.5]", "True False"]


def test_refusals_name_the_subexpression():
    @op
    def unknown(x: Real["N"]):
        """No kernel."""
        return mean(Call("gamma", (x,)), "N")

    with pytest.raises(NotPrintable, match=r"unknown: in y = mean\(gamma\(x\), N\): gamma\(x\) has no NumPy form"):
        plan(unknown.program)

    @op
    def two_reads(x: Real["... C K"], label: Index["... -> C"], other: Index["... -> K"]):
        """Two positions along the leading axes at once."""
        return at(x, {"C": label, "K": other})

    with pytest.raises(NotPrintable, match="are read along one axis"):
        plan(two_reads.program)


def test_a_parameter_may_not_hide_numpy():
    @op
    def hiding(x: Real["N"], *, np: Positive = 1):
        """Its code could not call NumPy."""
        return x * np

    with pytest.raises(NotPrintable, match="hiding: a parameter called np hides a name"):
        function(hiding.program, FunctionDoc("Hides."))


def test_tracebacks_show_the_line():
    bad = compile_source("def f(x):\n    return x + undefined\n", "bad")["f"]
    with pytest.raises(NameError) as caught:
        bad(1)
    assert "return x + undefined" in "".join(traceback.format_exception(caught.value))

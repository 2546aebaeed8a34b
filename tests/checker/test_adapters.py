"""Candidates of every kind of array: frameworks found by reading the code, compiled functions, DLPack, layouts, empty arrays."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from derive.checker.adapters import Jax, Torch, adapter
from derive.checker.autograd import by_jax, by_torch
from derive.checker.check import check
from derive.checker.evaluate import CheckError

ROOT = Path(__file__).resolve().parents[2]
HERE = {name: importlib.util.find_spec(name) is not None for name in ("torch", "jax")}


def defined(source, name="f"):
    """A function of a module of its own, as a user's file would hold it."""
    space = {"__name__": "theirs"}
    exec(compile(source, "theirs.py", "exec"), space)
    return space[name]


FOUND = {
    "import numpy as np\ndef f(x): return np.maximum(x, 0)": "numpy",
    "import torch\ndef f(x): return torch.relu(x)": "torch",
    "import torch\ndef f(x): return x.clamp(min=0)": "torch",
    "import torch\nimport numpy as np\ndef f(x): return x.clamp(min=0)": "torch",
    "import torch\nimport numpy as np\ndef f(x): return x.max(-1).values": "torch",
    "import torch\nimport numpy as np\ndef f(x): return np.maximum(x, 0)": "numpy",
    "import torch\nimport numpy as np\ndef f(x): return x * (x > 0)": "numpy",
    "import torch.nn.functional as F\ndef g(x): return F.relu(x)\ndef f(x): return g(x)": "torch",
    "def f(x):\n    import torch\n    return torch.relu(x)": "torch",
    "import torch\nclass M(torch.nn.Module):\n    def forward(self, x): return x * (x > 0)\nf = M()": "torch",
    "import torch\nf = torch.nn.ReLU()": "torch",
    "import torch\nimport functools\nf = functools.partial(torch.clamp, min=0)": "torch",
    "import jax\ndef f(x): return jax.nn.relu(x)": "jax",
    "import jax.numpy as jnp\nf = lambda x: jnp.maximum(x, 0)": "jax",
    "import jax\nimport jax.numpy as jnp\nf = jax.jit(lambda x: jnp.maximum(x, 0))": "jax",
    "import jax\nimport numpy as np\ndef f(x): return x.at[0].set(0)": "jax",
}


@pytest.mark.parametrize("source", FOUND)
def test_the_framework_is_found_by_reading(source):
    needed = [n for n in HERE if f"import {n}" in source]
    if not all(HERE[n] for n in needed):
        pytest.skip(f"{needed} is not installed")
    assert adapter(defined(source), "float32").name == FOUND[source]


def test_bfloat16_wants_a_framework():
    with pytest.raises(CheckError, match="NumPy has no bfloat16"):
        adapter(defined("import numpy as np\ndef f(x): return np.maximum(x, 0)"), "bfloat16")


def test_no_framework_is_imported_for_numpy():
    code = (
        "import sys, numpy as np\nfrom derive.checker.check import check\ncheck(lambda x: np.maximum(x, 0), 'relu', budget=0.1)\n"
        "print([n for n in ('torch', 'jax') if n in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


KERNEL = """
void positive(const double *x, double *y, long n) { for (long i = 0; i < n; i++) y[i] = x[i] > 0 ? x[i] : 0; }
void in_blocks(const double *x, double *y, long n) {
    for (long i = 0; i + 8 <= n || i == 0; i += 8)
        for (long k = i; k < i + 8 && k < n; k++) y[k] = x[k] > 0 ? x[k] : 0;
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("kernel")
    (folder / "kernel.c").write_text(KERNEL)
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", "kernel.so", "kernel.c"], cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "kernel.so"))


def wrapped(function):
    pointer = ctypes.POINTER(ctypes.c_double)
    function.argtypes, function.restype = (pointer, pointer, ctypes.c_long), None

    def compiled(x):
        x = np.ascontiguousarray(x)
        y = np.zeros_like(x)
        function(x.ctypes.data_as(pointer), y.ctypes.data_as(pointer), x.size)
        return y

    return compiled


def test_compiled_functions(library):
    assert check(wrapped(library.positive), "relu").agrees
    report = check(wrapped(library.in_blocks), "relu")
    assert report.verdict == "wrong", report.text()


def test_a_compiled_function_that_ignores_strides_is_wrong(library):
    pointer = ctypes.POINTER(ctypes.c_double)

    def careless(x):
        y = np.zeros(x.shape, x.dtype)
        library.positive(x.ctypes.data_as(pointer), y.ctypes.data_as(pointer), x.size)
        return y

    wrapped(library.positive)
    report = check(careless, "relu")
    assert report.verdict == "wrong" and "contiguous" in report.diagnosis, report.text()


class Capsule:
    """An array that other libraries can read by DLPack alone."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def test_results_by_dlpack():
    assert check(lambda x: Capsule(np.maximum(x, 0)), "relu", dtype="float32", budget=0.2).agrees
    assert check(lambda x: Capsule(np.maximum(x, 0) + 1), "relu", dtype="float32", budget=0.2).verdict == "wrong"


def test_arguments_come_in_every_layout_and_size():
    seen = set()

    def watched(a, b):
        seen.update({a.flags.c_contiguous and "C", a.flags.f_contiguous and not a.flags.c_contiguous and "F"})
        seen.update({not (a.flags.c_contiguous or a.flags.f_contiguous) and "strided", a.ndim > 1 and "many axes"})
        return np.matmul(a, b)

    assert check(watched, "matmul", dtype="float32").agrees
    assert seen >= {"C", "F", "strided", "many axes"}


def test_empty_arrays():
    sizes = set()

    def watched(x):
        sizes.add(x.size)
        return np.maximum(x, 0)

    def stumbles(x):
        return np.maximum(x, 0) if x.size else x.max()

    assert check(watched, "relu", dtype="float32").agrees and 0 in sizes
    report = check(stumbles, "relu", dtype="float32")
    assert report.verdict == "wrong" and "ValueError" in report.diagnosis, report.text()


def test_arguments_that_may_not_be_written_to():
    def frozen(x):
        x.flags.writeable = False
        return np.maximum(x, 0)

    assert check(frozen, "relu", dtype="float32", budget=0.2).agrees


torch_only = pytest.mark.skipif(not HERE["torch"], reason="torch is not installed")
jax_only = pytest.mark.skipif(not HERE["jax"], reason="jax is not installed")


@torch_only
def test_torch_modules_are_called_by_their_forward():
    import torch

    assert check(torch.nn.Softmax(dim=-1), "softmax", dtype="float32", budget=0.3).agrees


@torch_only
def test_torch_in_place_is_seen_and_no_crash():
    def f(x):
        return x.clamp_(min=0)

    report = check(f, "relu", dtype="float32", budget=0.3, framework="torch")
    assert report.verdict == "wrong" and "argument x is changed" in report.diagnosis, report.text()


@torch_only
def test_torch_arguments_that_it_does_not_differentiate_by_leave_the_others():
    import torch

    def infer(x, mean, weight):
        return torch.nn.functional.batch_norm(x, mean, torch.ones(3, dtype=x.dtype), weight)

    x, mean, weight, g = (torch.randn(*s, dtype=torch.float64) for s in ((4, 3), (3,), (3,), (4, 3)))
    found = by_torch(infer)([x, mean, weight], {}, {"x": 0, "mean": 1, "weight": 2}, [g])
    assert list(found) == ["x", "weight"]
    assert torch.allclose(found["weight"], (g * (x - mean) / (1 + 1e-5) ** 0.5).sum(0))


@torch_only
def test_torch_leaves_keep_their_strides():
    import torch

    strides = []

    def f(x):
        strides.append(x.stride())
        return x * 2

    x = torch.arange(24.0).reshape(4, 6)[:, ::2]
    found = by_torch(f)([x], {}, {"x": 0}, [torch.ones(4, 3)])
    assert strides == [x.stride()] and torch.equal(found["x"], torch.full((4, 3), 2.0))


@torch_only
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_torch_dtypes(dtype):
    import torch

    assert Torch(dtype).out(Torch(dtype).into(np.ones(3, "float32" if dtype == "bfloat16" else dtype)))[1] == dtype
    assert check(lambda x: torch.relu(x), "relu", dtype=dtype, budget=0.2).agrees
    other = check(lambda x: torch.relu(x).to(torch.float32 if dtype == "float64" else torch.float64), "relu", dtype=dtype, budget=0.2)
    assert "dtype" in [f.kind for f in other.findings], other.text()


@torch_only
def test_a_gradient_that_torch_is_told_is_checked():
    import torch

    class Positive(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.clamp(min=0)

        @staticmethod
        def backward(ctx, g):
            return g * (g > 0)

    report = check(Positive.apply, "relu", dtype="float32", budget=0.3)
    assert report.verdict == "wrong" and {f.reading for f in report.findings} == {"gradient"}, report.text()


@jax_only
@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64"])
def test_jax_dtypes(dtype):
    import jax

    before = jax.config.jax_enable_x64
    assert check(jax.nn.relu, "relu", dtype=dtype, budget=0.2).agrees
    assert jax.config.jax_enable_x64 == before
    with Jax(dtype).running():
        assert Jax(dtype).out(Jax(dtype).into(np.ones(3, "float32" if dtype == "bfloat16" else dtype)))[1] == dtype


@jax_only
def test_jax_functions_that_look_at_numbers_are_differentiated_too():
    import jax.numpy as jnp

    def python(x):
        return jnp.maximum(x, 0) if (x > 0).any() else jnp.zeros_like(x)

    x, g = np.array([-1.0, 2.0], "f"), np.array([3.0, 5.0], "f")
    assert np.array_equal(by_jax(python)([jnp.asarray(x)], {}, {"x": 0}, [jnp.asarray(g)])["x"], [0, 5])


@jax_only
def test_jax_gradients_are_compiled_once_for_a_shape():
    import jax.numpy as jnp

    traced = []

    def f(x, *, slope=0.5):
        traced.append(slope)
        return jnp.where(x > 0, x, slope * x)

    for slope in (0.5, 0.5, 0.25, 0.25):
        found = by_jax(f)([jnp.asarray([-1.0, 1.0])], {"slope": slope}, {"x": 0}, [jnp.ones(2)])
        assert np.array_equal(found["x"], [slope, 1])
    assert traced == [0.5, 0.25]


def test_partial_functions_and_objects_are_called():
    class Relu:
        def __call__(self, x):
            return np.maximum(x, 0)

    assert check(Relu(), "relu", dtype="float32", budget=0.2).agrees
    assert check(functools.partial(lambda a, x: np.maximum(x, a), 0), "relu", dtype="float32", budget=0.2).agrees

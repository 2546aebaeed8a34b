"""What a generated function refuses, in which words, and what it gives back."""

import numpy as np
import pytest
from codegen_definitions import (
    adam,
    batch_norm,
    conv2d,
    conv2d_grad,
    cross_entropy,
    cross_entropy_grad,
    linear,
    mixed_orders,
    np_names,
    over_leading,
    place_of_max,
    relu,
    same,
    softmax,
    step_up,
)  # fmt: skip

from derive.codegen.docstring import FunctionDoc
from derive.codegen.execute import compile_source
from derive.codegen.module import module_source


def made(op):
    return compile_source(module_source([(op.program, FunctionDoc(op.summary))], "Test."), op.name)[op.name]


def refused(kind, message, call, *args, **keywords):
    with pytest.raises(kind) as caught:
        call(*args, **keywords)
    assert str(caught.value) == message


X, D = np.ones((2, 4)), np.ones(4)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_in_is_dtype_out(dtype):
    assert made(batch_norm)(X.astype(dtype), D.astype(dtype), D.astype(dtype)).dtype == dtype
    assert made(cross_entropy)(X.astype(dtype), [0, 1]).dtype == dtype
    assert made(step_up)(X.astype(dtype)).dtype == dtype
    assert all(r.dtype == dtype for r in made(adam)(*[D.astype(dtype)] * 4, 1))


def test_half_precision_is_computed_in_double():
    x = np.linspace(-8, 8, 101).astype(np.float16)
    expected = made(softmax)(x.astype(np.float64)).astype(np.float16)
    assert np.array_equal(made(softmax)(x), expected)
    assert not np.array_equal(np.exp(x) / np.sum(np.exp(x)), expected)


def test_scalars_are_scalars():
    assert isinstance(made(cross_entropy)(X, [0, 1]), np.float64)
    assert isinstance(made(relu)(np.float32(-1.0)), np.float32)
    assert isinstance(made(cross_entropy)(X.astype(np.float16), [0, 1]), np.float16)


def test_positions_stay_integers():
    place, total = made(place_of_max)(np.array([[1, 3, 3], [2, 1, 0]], np.float16))
    assert place.dtype == np.intp and place.tolist() == [1, 0]
    assert total.dtype == np.float16 and total.tolist() == [4, 2]


def test_shapes():
    bn = made(batch_norm)
    refused(ValueError, "batch_norm: gamma has shape (3,), wanted (D,) = (4,) from x (N, D)", bn, X, np.ones(3), D)
    refused(ValueError, "batch_norm: x has shape (4,), wanted (N, D)", bn, D, D, D)
    refused(ValueError, "linear: w has shape (3, 5), wanted (O, I) = (3, 4) from x (..., I)", made(linear), X, np.ones((3, 5)), np.ones(3))
    refused(ValueError, "linear: x has shape (), wanted (..., I)", made(linear), 1.0, np.ones((3, 5)), np.ones(3))
    y = np.ones((3, 4))
    refused(ValueError, "over_leading: y has shape (3, 4), wanted (..., D) = (2, 4) from x (..., D)", made(over_leading), X, y)
    refused(ValueError, "mixed_orders: y has shape (2, 4), wanted (M, N) = (4, 2) from x (N, M)", made(mixed_orders), X, X, X)


def test_dtypes():
    bn = made(batch_norm)
    refused(TypeError, "batch_norm: x is float64, gamma is float32; wanted one dtype for all", bn, X, D.astype(np.float32), D)
    refused(TypeError, "relu: x has dtype int64; wanted float16, float32 or float64", made(relu), np.arange(3))
    refused(TypeError, "relu: x has dtype complex128; wanted float16, float32 or float64", made(relu), X * 1j)
    refused(TypeError, "relu: x has dtype bool; wanted float16, float32 or float64", made(relu), X > 0)
    refused(TypeError, "cross_entropy: label has dtype float64; wanted integers", made(cross_entropy), X, [0.0, 1.0])
    refused(TypeError, "cross_entropy: label has dtype bool; wanted integers", made(cross_entropy), X, [True, False])
    assert made(relu)([[1.0, -2.0]]).tolist() == [[1.0, 0.0]]


def test_a_python_float_suits_any_dtype():
    assert made(cross_entropy_grad)(1.0, X.astype(np.float32), [0, 1]).dtype == np.float32
    refused(TypeError, "cross_entropy_grad: g has dtype int64; wanted float16, float32 or float64", made(cross_entropy_grad), 1, X, [0, 1])
    assert made(np_names)(1.0 * D, D, max=np.float32(2)).tolist() == [2.5] * 4


def test_labels():
    ce = made(cross_entropy)
    refused(ValueError, "cross_entropy: label is 4 at (1,); wanted a position of C, 0 to 3", ce, X, [0, 4])
    refused(ValueError, "cross_entropy: label is -1 at (0,); wanted a position of C, 0 to 3", ce, X, [-1, 0])
    assert ce(X, np.array([0, 3], np.uint8)) == ce(X, [0, 3])


def test_parameters():
    bn, conv = made(batch_norm), made(conv2d)
    refused(ValueError, "batch_norm: eps is 0; wanted a finite number in (0, inf)", bn, X, D, D, eps=0)
    refused(ValueError, "batch_norm: eps is nan; wanted a finite number in (0, inf)", bn, X, D, D, eps=float("nan"))
    refused(ValueError, "batch_norm: eps is inf; wanted a finite number in (0, inf)", bn, X, D, D, eps=float("inf"))
    refused(TypeError, "batch_norm: eps is '1'; wanted a number", bn, X, D, D, eps="1")
    image, kernel = np.ones((1, 1, 5, 5)), np.ones((1, 1, 3, 3))
    refused(TypeError, "conv2d: stride is 1.5; wanted an integer", conv, image, kernel, stride=1.5)
    refused(ValueError, "conv2d: stride is 0; wanted an integer in [1, inf)", conv, image, kernel, stride=0)
    refused(ValueError, "conv2d: axis P would have size -3: the window does not fit", conv, image, kernel, dilation=4)
    with pytest.raises(TypeError):
        bn(X, D, D, 1e-5)


def test_sizes_that_windows_make():
    grad = made(conv2d_grad)
    assert grad(np.ones((1, 1, 3, 3)), np.ones((1, 1, 5, 5)), np.ones((1, 1, 3, 3))).shape == (1, 1, 5, 5)


def test_counts():
    step = made(adam)
    refused(ValueError, "adam: t is 0; wanted a positive integer", step, D, D, D, D, 0)
    refused(TypeError, "adam: t is 1.0; wanted a positive integer", step, D, D, D, D, 1.0)


def test_empty_axes():
    bn = made(batch_norm)
    refused(ValueError, "batch_norm: axis N is empty; wanted at least one position", bn, np.ones((0, 4)), D, D)
    assert bn(np.ones((2, 0)), np.ones(0), np.ones(0)).shape == (2, 0)
    assert made(relu)(np.ones((3, 0))).shape == (3, 0)
    assert made(linear)(np.ones((0, 4)), np.ones((3, 4)), np.ones(3)).shape == (0, 3)
    refused(
        ValueError, "over_leading: axis ... is empty; wanted at least one position", made(over_leading), np.ones((0, 4)), np.ones((0, 4))
    )


def test_outputs_own_their_memory():
    x = np.arange(6.0).reshape(2, 3)
    y = made(same)(x)
    assert y.shape == (3, 2) and not np.shares_memory(x, y)
    x.flags.writeable = False
    assert made(same)(x).flags.writeable


def test_strided_and_foreign_inputs():
    x = np.random.default_rng(0).normal(size=(6, 8))
    f = made(softmax)
    assert np.array_equal(f(x[::2, ::-2]), f(np.ascontiguousarray(x[::2, ::-2])))
    swapped = x.astype(">f8")
    assert np.array_equal(f(swapped), f(x)) and f(swapped).dtype == np.float64


def test_nan_goes_through():
    assert np.isnan(made(relu)(np.array([np.nan]))[0])

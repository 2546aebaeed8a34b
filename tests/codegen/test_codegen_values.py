"""Generated code against a slow independent reading, over shapes where N = D, ones, odd sizes and leading axes."""

import numpy as np
import pytest
from codegen_definitions import ALL
from codegen_evaluator import evaluate

from derive.codegen.docstring import FunctionDoc
from derive.codegen.execute import compile_source
from derive.codegen.module import module_source

SHAPES = ({}, dict.fromkeys("NDCMVHWTBLEOK", 3), dict.fromkeys("NDCMLEOK", 1), {"N": 7, "D": 5, "C": 2, "M": 3})
LEADS = ((), (1,), (2, 3), (4,))
DEFAULT = {"I": 2, "J": 3, "P": 3, "Q": 3, "H": 6, "W": 5, "V": 5, "T": 4}


def sizes_for(program, sizes, parameters):
    """Sizes for the axes, those that windows create computed."""
    sizes = {a: {**DEFAULT, **sizes}.get(a, 4) for i in program.inputs for a in (*i.names, i.into or "N") if a != "..."}
    for axis, window in (("P", ("H", "I")), ("Q", ("W", "J"))):
        if axis in sizes and set(window) <= set(sizes):
            image, kernel = (sizes[a] for a in window)
            stride, padding, dilation = (parameters.get(p, d) for p, d in (("stride", 1), ("padding", 0), ("dilation", 1)))
            if program.name.startswith("conv1d"):
                padding = 1
            sizes[axis] = (image + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    return sizes


def arguments(program, sizes, lead, rng):
    """Arrays for the inputs of a program."""
    made = []
    for i in program.inputs:
        shape = [n for a in i.names for n in (lead if a == "..." else (sizes[a],))]
        if i.dtype == "count":
            made.append(3)
        elif i.dtype == "index":
            made.append(rng.integers(0, sizes[i.into], shape))
        else:
            made.append(rng.uniform(0.2, 2.0, shape) * rng.choice([-1, 1], shape) if i.name != "v" else rng.uniform(0.1, 1, shape))
    return made


def run(op, *arrays, **parameters):
    source = module_source([(op.program, FunctionDoc(op.summary))], "Test.")
    with np.errstate(all="raise", under="ignore"):
        result = compile_source(source, op.name)[op.name](*arrays, **parameters)
    return result if isinstance(result, tuple) else (result,)


def same(result, expected):
    for r, e in zip(result, expected, strict=True):
        assert r.shape == e.shape
        np.testing.assert_allclose(r, e, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("op", ALL, ids=lambda op: op.name)
def test_values(op):
    rng = np.random.default_rng(0)
    for sizes in SHAPES:
        for lead in LEADS if any("..." in i.names for i in op.program.inputs) else LEADS[:1]:
            arrays = arguments(op.program, sizes_for(op.program, sizes, {}), lead, rng)
            kept = [np.copy(a) for a in arrays]
            result = run(op, *arrays)
            same(result, evaluate(op.program, *arrays))
            for a, k in zip(arrays, kept, strict=True):
                assert np.array_equal(a, k)
                assert not any(np.shares_memory(a, r) for r in result)


@pytest.mark.parametrize("stride,padding,dilation", [(1, 0, 1), (2, 1, 1), (1, 2, 2), (3, 0, 2), (2, 3, 1)])
def test_windows(stride, padding, dilation):
    rng = np.random.default_rng(1)
    parameters = {"stride": stride, "padding": padding, "dilation": dilation}
    for op in (o for o in ALL if o.name.startswith("conv2d")):
        arrays = arguments(op.program, sizes_for(op.program, {"H": 8, "W": 7}, parameters), (), rng)
        same(run(op, *arrays, **parameters), evaluate(op.program, *arrays, **parameters))

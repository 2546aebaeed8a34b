"""Recurrent cells: one step of a sequence, from input and state to the next state."""
# mypy: ignore-errors

from derive.catalog.activations import sigmoid, tanh
from derive.language import Real, idx, op, sum


@op(source="Elman 1990, Finding structure in time")
def rnn_cell(x: Real["N I"], h: Real["N J"], w: Real["H I"], u: Real["H J"], b: Real["H"]):
    """The next state: the hyperbolic tangent of a linear map of input and state."""
    z = sum(x * w, "I") + sum(h * u, "J") + b
    return tanh(z)


@op(source="Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000; gates i, f, g, o as PyTorch orders them")
def lstm_cell(x: Real["N I"], h: Real["N J"], c: Real["N H"], w: Real["G=4 H I"], u: Real["G=4 H J"], b: Real["G=4 H"]):
    """The next output and memory: gates decide what is forgotten, what is stored and what is shown."""
    z = sum(x * w, "I") + sum(h * u, "J") + b
    i, f, o = sigmoid(z.at(G=0)), sigmoid(z.at(G=1)), sigmoid(z.at(G=3))
    candidate = tanh(z.at(G=2))
    memory = f * c + i * candidate
    output = o * tanh(memory)
    return output, memory


@op(source="Cho et al. 2014, arXiv:1406.1078; reset after the map, gates r, z, n as PyTorch orders them")
def gru_cell(x: Real["N I"], h: Real["N H"], w: Real["G=3 H I"], u: Real["G=3 H H'"], b: Real["G=3 H"], c: Real["G=3 H"]):
    """The next state: a mix of the last one and a candidate."""
    wx = sum(x * w, "I") + b
    uh = sum(h.at(H=idx("H'")) * u, "H'") + c
    a = wx + uh
    r = sigmoid(a.at(G=0))
    z = sigmoid(a.at(G=1))
    s = wx.at(G=2) + r * uh.at(G=2)
    n = tanh(s)
    return (1 - z) * n + z * h


# fmt: off
RECURRENT = (
    rnn_cell, lstm_cell, gru_cell,
)
# fmt: on

"""Recurrent cells: one step of a sequence, from input and state to the next state."""
# mypy: ignore-errors

from derive.catalog.activations import tanh
from derive.language import Real, op, sum


@op(source="Elman 1990, Finding structure in time")
def rnn_cell(x: Real["N I"], h: Real["N J"], w: Real["H I"], u: Real["H J"], b: Real["H"]):
    """The next state: the hyperbolic tangent of a linear map of input and state."""
    z = sum(x * w, "I") + sum(h * u, "J") + b
    return tanh(z)


# fmt: off
RECURRENT = (
    rnn_cell,
)
# fmt: on

"""Geometry of convolution: questions about which positions a window reads, asked of its index map alone.

No formula stands here: sizes and fields are derived from `position` (see derive.geometry).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from derive.language.functions import idx, new
from derive.language.nodes import Expr, Param


@dataclass(frozen=True)
class Argument:
    """A whole number that a recurrence takes: its letter in formulas, its least value, its default (None: none), its meaning.

    `counts` names the axis whose size it is: "i" is read, "o" is made, "k" runs over the taps of a window.
    """

    name: str
    letter: str
    least: int
    default: int | None
    meaning: str
    counts: str = ""


@dataclass(frozen=True)
class IndexMap:
    """Output `made` reads, through tap `taps`, the given `position` of axis `read`; what lies outside reads as zero.

    `letters` are those of names in `position` that are no arguments.
    """

    position: Expr
    read: str = "i"
    made: str = "o"
    taps: str = "k"
    letters: tuple[tuple[str, str], ...] = (("padding", "p"),)


@dataclass(frozen=True)
class Recurrence:
    """A question (`asked`) about an index map, and the arguments of the function that answers it.

    The questions that derive.geometry can answer are "output size", "input size" and "field".
    """

    name: str
    summary: str
    source: str
    index: IndexMap
    asked: str
    arguments: tuple[Argument, ...]
    example: tuple[Any, ...]


WINDOW = IndexMap(Param("stride") * new("o") + Param("dilation") * idx("k") - Param("padding"))

ARITHMETIC = "Dumoulin & Visin 2016, arXiv:1603.07285"
FIELDS = "Araujo, Norris & Sim 2019, Computing receptive fields of convolutional neural networks, Distill, doi:10.23915/distill.00021"

# fmt: off
SIZE     = Argument("size",     "W", 1, None, "positions along the axis, padding not counted", "i")
OUTPUTS  = Argument("size",     "W", 1, None, "positions that go in: the outputs of the convolution it transposes", "o")
KERNEL   = Argument("kernel",   "K", 1, None, "taps of a window", "k")
STRIDE   = Argument("stride",   "s", 1, 1,    "distance between neighbouring windows")
PADDING  = Argument("padding",  "p", 0, 0,    "zeros added on each side (a transposed convolution takes them away)")
DILATION = Argument("dilation", "d", 1, 1,    "distance between neighbouring taps")
# fmt: on

output_size = Recurrence(
    "output_size",
    "How many windows fit into a padded input: the output size of a convolution or pooling.",
    ARITHMETIC,
    WINDOW,
    "output size",
    (SIZE, KERNEL, STRIDE, PADDING, DILATION),
    example=(32, 5, 2, 1),
)

transposed_output_size = Recurrence(
    "transposed_output_size",
    "The smallest input from which a convolution makes `size` outputs: the output size of the transposed convolution.",
    ARITHMETIC,
    WINDOW,
    "input size",
    (OUTPUTS, KERNEL, STRIDE, PADDING, DILATION),
    example=(7, 4, 2, 1),
)

receptive_field = Recurrence(
    "receptive_field",
    "How many neighbouring inputs one output of a chain of layers spans, padding included.",
    FIELDS,
    WINDOW,
    "field",
    (KERNEL, STRIDE, DILATION),
    example=([(3, 1, 1), (3, 2, 1), (5, 2, 1)],),
)

RECURRENCES = (output_size, transposed_output_size, receptive_field)

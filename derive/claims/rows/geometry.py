"""Claims about sizes and receptive fields."""
# mypy: ignore-errors

from dataclasses import replace

from derive.catalog.geometry import WINDOW, IndexMap, output_size, receptive_field
from derive.claims.claim import Claim
from derive.claims.statements import counted, equal, number, window
from derive.geometry import referee
from derive.language import NonNegative, Positive, Real, floor, idx, new, op, where
from derive.language.nodes import Param

undilated = replace(
    output_size,
    index=IndexMap(Param("stride") * new("o") + idx("k") - Param("padding")),
    arguments=tuple(a for a in output_size.arguments if a.name != "dilation"),
)


@op
def printed_size(x: Real[""], *, size: Positive, kernel: Positive, stride: Positive, padding: NonNegative):
    """output = floor((W - F + 2P)/S + 1)"""
    return floor((size - kernel + 2 * padding) / stride + 1)


@op
def dilated_size(x: Real[""], *, size: Positive, kernel: Positive, stride: Positive, padding: NonNegative, dilation: Positive):
    """output = floor((W + 2P - d(F - 1) - 1)/S) + 1; nothing fits where that is below 1"""
    return floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1


@op
def printed_size_value(w: Real[""], f: Real[""], s: Real[""], p: Real[""]):
    """The printed formula is how many windows fit, W + 2P < F included."""
    return floor((w - f + 2 * p) / s + 1)


@op
def cut_size_value(w: Real[""], f: Real[""], s: Real[""], p: Real[""]):
    """It is where W + 2P >= F, and 0 elsewhere."""
    return where(w + 2 * p >= f, floor((w - f + 2 * p) / s) + 1, 0)


def windows(w: int, f: int, s: int, p: int) -> int:
    """Windows that lie within the padded input, counted."""
    return len([1 for start in range(-p, w + p, s) if start + f <= w + p])


@op
def printed_field(x: Real[""], *, field: Positive, jump: Positive, kernel: Positive, stride: Positive, dilation: Positive):
    """receptive field = previous + (kernel - 1)"""
    return field + (kernel - 1)


@op
def right_field(x: Real[""], *, field: Positive, jump: Positive, kernel: Positive, stride: Positive, dilation: Positive):
    """receptive field = previous + (kernel - 1) * dilation * jump"""
    return field + (kernel - 1) * dilation * jump


@op
def right_jump(x: Real[""], *, field: Positive, jump: Positive, kernel: Positive, stride: Positive, dilation: Positive):
    """jump = previous * stride, and 1 in front of the first layer"""
    return jump * stride


@op
def field_of_three(s1: Real[""], s2: Real[""], s3: Real[""]):
    """Three 3x3 layers of strides s1, s2, s3 see 1 + 2 + 2 s1 + 2 s1 s2."""
    return 1 + 2 + 2 * s1 + 2 * s1 * s2


@op
def field_of_two(s1: Real[""], s2: Real[""]):
    """Two of them see 1 + 2 + 2 s1."""
    return 1 + 2 + 2 * s1


@op
def field_of_one(s1: Real[""]):
    """One sees 3."""
    return 3 + s1 - s1


@op
def jump_of(s1: Real[""], s2: Real[""], s3: Real[""]):
    """The jump is the product of the strides."""
    return s1 * s2 * s3


def seen(s1: int, s2: int = 0, s3: int = 0) -> int:
    """What one output reads, followed through the layers."""
    return followed([(3, s, 1) for s in (s1, s2, s3) if s])


def moved(s1: int, s2: int, s3: int) -> int:
    """How far apart the fields of neighbouring outputs begin."""
    rows = layers([(3, s, 1) for s in (s1, s2, s3)])
    return min(referee.touched(WINDOW, rows, 1)) - min(referee.touched(WINDOW, rows, 0))


def followed(rows: list[tuple[int, int, int]]) -> int:
    """The field of a chain of (kernel, stride, dilation)."""
    return referee.field(WINDOW, layers(rows))


def layers(rows: list[tuple[int, int, int]]):
    """The rows as the referee takes them."""
    return [(k, {"stride": s, "dilation": d, "padding": 0}) for k, s, d in rows]


@op
def effective_kernel(k: Real[""], r: Real[""]):
    """A kernel of K taps at rate r spans K + (K - 1)(r - 1)."""
    return k + (k - 1) * (r - 1)


@op
def effective_kernel_short(k: Real[""], r: Real[""]):
    """That is r(K - 1) + 1."""
    return k + (k - 1) * (r - 1), r * (k - 1) + 1


def spanned(k: int, r: int) -> int:
    """From the first tap to the last, counted."""
    return followed([(k, 1, r)])


@op
def size_value(w: Real[""], k: Real[""], r: Real[""], p: Real[""]):
    """The output size at stride 1."""
    return w + 2 * p - r * (k - 1)


@op
def size_kept(w: Real[""], k: Real[""], r: Real[""]):
    """Padding r(k - 1)/2 keeps the size at stride 1."""
    p = r * (k - 1) / 2
    return w + 2 * p - r * (k - 1), w


@op
def doubled_field(layers: Real[""]):
    """L layers of kernel 2 and dilations 1, 2, 4, ... see 2^L."""
    return 2**layers


@op
def doubled_step(x: Real[""], *, layers: NonNegative):
    """One more layer, of dilation 2^L, adds (2 - 1) 2^L."""
    return 2**layers + (2 - 1) * 2**layers, 2 ** (layers + 1)


def doubled(layers: int) -> int:
    """The field of such a chain, followed."""
    return followed([(2, 1, 2**n) for n in range(layers)])


STRIDES = [{"s1": a, "s2": b, "s3": c} for a in (1, 2, 3) for b in (1, 2) for c in (1, 2)]


SIZES = [{"w": w, "f": f, "s": s, "p": p} for w in range(1, 8) for f in range(1, 5) for s in (1, 2, 3) for p in (0, 1, 2)]


CLAIMS = (
    Claim(
        38,
        "output = floor((W - F + 2P)/S + 1)",
        (window(printed_size, output_size), counted(printed_size_value, windows, SIZES)),
        "dilation 1, and W + 2P >= F",
        (window(printed_size, undilated), counted(cut_size_value, windows, SIZES)),
        also=(window(dilated_size, output_size),),
    ),
    Claim(
        39,
        "receptive field = previous + (kernel - 1)",
        (window(printed_field, receptive_field, "field"),),
        instead=(window(right_field, receptive_field, "field"), window(right_jump, receptive_field, "jump")),
    ),
    Claim(
        40,
        "Three 3x3 stride-1 layers see 3, 5, 7; strides 1, 2, 2 give 9 with jump 4; 3x3/1 then 3x3/2 gives 5 with jump 2.",
        (
            counted(field_of_one, seen, [{"s1": 1}]),
            counted(field_of_two, seen, [{"s1": a, "s2": b} for a in (1, 2) for b in (1, 2)]),
            counted(field_of_three, seen, STRIDES),
            counted(jump_of, moved, STRIDES),
            number(field_of_two, "5", {"s1": "1", "s2": "1"}),
            number(field_of_three, "7", {"s1": "1", "s2": "1", "s3": "1"}),
            number(field_of_three, "9", {"s1": "1", "s2": "2", "s3": "2"}),
            number(jump_of, "4", {"s1": "1", "s2": "2", "s3": "2"}),
            number(field_of_two, "5", {"s1": "1", "s2": "2"}),
            number(jump_of, "2", {"s1": "1", "s2": "2", "s3": "1"}),
        ),
    ),
    Claim(
        46,
        "Effective kernel K + (K - 1)(r - 1); 3x3 at rate 1, 2, 3: 3, 5, 7.",
        (
            equal(effective_kernel_short),
            counted(effective_kernel, spanned, [{"k": k, "r": r} for k in range(1, 6) for r in range(1, 5)]),
            number(effective_kernel, "3", {"k": "3", "r": "1"}),
            number(effective_kernel, "5", {"k": "3", "r": "2"}),
            number(effective_kernel, "7", {"k": "3", "r": "3"}),
        ),
    ),
    Claim(
        47,
        "64x64 through 3x3, dilation 2, padding 2 stays 64x64.",
        (number(size_value, "64", {"w": "64", "k": "3", "r": "2", "p": "2"}), equal(size_kept)),
        also=(window(dilated_size, output_size),),
    ),
    Claim(
        49,
        "Doubling dilations with kernel 2 sees 2^L.",
        (equal(doubled_step), counted(doubled_field, doubled, [{"layers": n} for n in range(1, 11)])),
        also=(window(right_field, receptive_field, "field"),),
    ),
)

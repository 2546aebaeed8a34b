"""Claims about sizes, fields, counts and depth."""
# mypy: ignore-errors

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from derive.catalog.activations import relu
from derive.catalog.convolution import conv2d, conv2d_bias, conv2d_grouped, conv2d_separable
from derive.catalog.geometry import WINDOW, IndexMap, output_size, receptive_field
from derive.catalog.networks import mlp_deep
from derive.claims.claim import Claim
from derive.claims.statements import counted, equal, number, weights, window
from derive.geometry import referee
from derive.language import NonNegative, Positive, Range, Real, floor, idx, new, op, size, where
from derive.language.nodes import Param

undilated = replace(
    output_size,
    index=IndexMap(Param("stride") * new("o") + idx("k") - Param("padding")),
    arguments=tuple(a for a in output_size.arguments if a.name != "dilation"),
)


@op
def tent(x: Real[""]):
    """Two relu units make a tent on [0, 1]."""
    return 2 * relu(x) - 4 * relu(x - 1 / 2)


@op
def tent_left(x: Real[""], *, s: Range(0, 1)):
    """The left half of a tent is [0, 1], stretched."""
    return tent(s / 2), s


@op
def tent_right(x: Real[""], *, s: Range(0, 1)):
    """So is the right half: whatever pieces there are behind a tent, there are twice as many in front of it."""
    return tent(1 - s / 2), s


@op
def deep_pieces(layers: Real[""]):
    """L tents, one after the other, have 2^L straight pieces on [0, 1]."""
    return 2**layers


@op
def deep_pieces_outside(layers: Real[""]):
    """On the whole line there are two outer pieces more (from two layers on)."""
    return 2**layers + 2


@op
def wide_pieces(units: Real[""]):
    """One layer of n relu units with bends in (0, 1) has n + 1 pieces there."""
    return units + 1


def tent_of(x: Fraction) -> Fraction:
    """The tent, exactly."""
    return 2 * max(x, Fraction(0)) - 4 * max(x - Fraction(1, 2), Fraction(0))


def pieces_inside(layers: int) -> int:
    """Straight pieces of composed tents on [0, 1], counted."""
    return straight(lambda x: composed(layers, x), grid(layers, 0, 1))


def pieces_outside(layers: int) -> int:
    """The same on the whole line."""
    return straight(lambda x: composed(layers, x), grid(layers, -1, 2))


def composed(layers: int, x: Fraction) -> Fraction:
    """L tents, one after the other."""
    for _ in range(layers):
        x = tent_of(x)
    return x


def grid(layers: int, low: int, high: int) -> list[Fraction]:
    """Points between which nothing bends: bends lie at multiples of 2^-L."""
    step = 2 ** (layers + 1)
    return [Fraction(k, step) for k in range(low * step, high * step + 1)]


def straight(f, points: list[Fraction]) -> int:
    """How many slopes follow one another on a grid."""
    values = [f(x) for x in points]
    slopes = [b - a for a, b in pairwise(values)]
    return 1 + len([1 for a, b in pairwise(slopes) if a != b])


def pieces_of_units(units: int) -> int:
    """Straight pieces on [0, 1] of a sum of relu units that bend at k/(n + 1)."""
    bends = [Fraction(k, units + 1) for k in range(1, units + 1)]
    points = [Fraction(k, 2 * (units + 1)) for k in range(2 * (units + 1) + 1)]
    return straight(lambda x: total(max(x - b, Fraction(0)) for b in bends), points)


def total(values) -> Fraction:
    """The sum of fractions."""
    result = Fraction(0)
    for v in values:
        result += v
    return result


@op
def network_weights(x: Real["N D"], w1: Real["H D"], b1: Real["H"], w2: Real["K H"], b2: Real["K"], w3: Real["C K"], b3: Real["C"]):
    """Weights and biases of three layers."""
    d, h, k, c = size("D"), size("H"), size("K"), size("C")
    return d * h + h + h * k + k + k * c + c


@op
def three_layers(d: Real[""], h: Real[""], k: Real[""], c: Real[""]):
    """The parameters of three layers."""
    return d * h + h + h * k + k + k * c + c


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
def conv_weights(x: Real["N C H W"], w: Real["O C I J"]):
    """Parameters = Fw*Fh*Cin*Cout, at any stride and padding."""
    return size("J") * size("I") * size("C") * size("O")


@op
def conv_weights_and_bias(x: Real["N C H W"], w: Real["O C I J"]):
    """With a bias there are Cout more."""
    return size("J") * size("I") * size("C") * size("O") + size("O")


@op
def grouped_weights(x: Real["N G C H W"], w: Real["G O C I J"]):
    """In G groups, of G*C channels in and G*O out, there are Fw*Fh*Cin*Cout/G."""
    cin, cout = size("G") * size("C"), size("G") * size("O")
    return size("J") * size("I") * cin * cout / size("G")


@op
def separable_weights(x: Real["N C H W"], depth: Real["C I J"], point: Real["O C"]):
    """A depthwise convolution and a pointwise one have C*k*k and C*O weights."""
    return size("C") * size("I") * size("J") + size("C") * size("O")


@op
def separable_ratio(x: Real[""], *, c: Positive, o: Positive, k: Positive):
    """Their share of a full convolution's k*k*C*O is 1/O + 1/k^2."""
    return (c * k**2 + c * o) / (k**2 * c * o), 1 / o + 1 / k**2


@op
def conv_count(k: Real[""], cin: Real[""], cout: Real[""], groups: Real[""]):
    """k*k*Cin*Cout/groups."""
    return k**2 * cin * cout / groups


@op
def reduction(new: Real[""], old: Real[""]):
    """1 - new/old."""
    return 1 - new / old


@op
def share(new: Real[""], old: Real[""]):
    """new/old."""
    return new / old


@op
def bottleneck(cin: Real[""], middle: Real[""], cout: Real[""]):
    """A 1x1 convolution to fewer channels, then 3x3."""
    return cin * middle + 9 * middle * cout


@op
def stack_share(x: Real[""], *, c: Positive):
    """Two 3x3 convolutions of C channels have 2*9*C^2 = 18 C^2 weights, one 5x5 has 25 C^2: a share of 18/25 for every C."""
    return 2 * (3**2 * c * c) / (5**2 * c * c), 18 / 25


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
PLANE = {"cin": "256", "cout": "512"}

CLAIMS = (
    Claim(
        22,
        "Depth multiplies linear pieces exponentially, width adds them.",
        (
            equal(tent_left),
            equal(tent_right),
            counted(deep_pieces, pieces_inside, [{"layers": n} for n in range(1, 10)]),
            counted(wide_pieces, pieces_of_units, [{"units": n} for n in range(1, 20)]),
        ),
        also=(counted(deep_pieces_outside, pieces_outside, [{"layers": n} for n in range(2, 8)]),),
    ),
    Claim(
        24,
        "A 784-16-16-10 network has about 13,000 parameters.",
        (
            weights(mlp_deep, "w1 b1 w2 b2 w3 b3", network_weights),
            number(three_layers, "13002", {"d": "784", "h": "16", "k": "16", "c": "10"}),
        ),
    ),
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
        41,
        "Convolution parameters = Fw*Fh*Cin*Cout, unaffected by stride and padding.",
        (weights(conv2d_bias, "w b", conv_weights),),
        "no bias and one group",
        (weights(conv2d, "w", conv_weights),),
        also=(weights(conv2d_bias, "w b", conv_weights_and_bias), weights(conv2d_grouped, "w", grouped_weights)),
    ),
    Claim(
        43,
        "64 to 128 channels, 3x3: 73,728 weights; two groups 36,864.",
        (
            number(conv_count, "73728", {"k": "3", "cin": "64", "cout": "128", "groups": "1"}),
            number(conv_count, "36864", {"k": "3", "cin": "64", "cout": "128", "groups": "2"}),
        ),
        also=(weights(conv2d_grouped, "w", grouped_weights),),
    ),
    Claim(
        44,
        'Two 3x3 replace a 5x5: 18 C^2 against 25 C^2, "a reduction of 72 %".',
        (number(reduction, "0.72", {"new": "18", "old": "25"}),),
        instead=(
            equal(stack_share),
            number(share, "0.72", {"new": "18", "old": "25"}),
            number(reduction, "0.28", {"new": "18", "old": "25"}),
        ),
    ),
    Claim(
        45,
        "3x3, 256 to 512: 1,179,648; with a 1x1 to 64 first 311,296: about 74 % less.",
        (
            number(conv_count, "1179648", {"k": "3", "cin": "256", "cout": "512", "groups": "1"}),
            number(bottleneck, "311296", {"cin": "256", "middle": "64", "cout": "512"}),
            number(reduction, "0.74", {"new": "311296", "old": "1179648"}),
        ),
        also=(number(reduction, "0.736", {"new": "311296", "old": "1179648"}),),
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
        48,
        "Depthwise separable costs 1/Cout + 1/k^2 of a full convolution.",
        (weights(conv2d_separable, "depth point", separable_weights), weights(conv2d, "w", conv_weights), equal(separable_ratio)),
    ),
    Claim(
        49,
        "Doubling dilations with kernel 2 sees 2^L.",
        (equal(doubled_step), counted(doubled_field, doubled, [{"layers": n} for n in range(1, 11)])),
        also=(window(right_field, receptive_field, "field"),),
    ),
)

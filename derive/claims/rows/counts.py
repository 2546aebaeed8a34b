"""Claims about numbers of weights and of straight pieces."""
# mypy: ignore-errors

from fractions import Fraction
from itertools import pairwise

from derive.catalog.activations import relu
from derive.catalog.convolution import conv2d, conv2d_bias, conv2d_grouped, conv2d_separable
from derive.catalog.networks import mlp_deep
from derive.claims.claim import Claim
from derive.claims.statements import about, counted, equal, number, weights
from derive.language import Positive, Range, Real, op, size


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


CLAIMS = (
    Claim(
        22,
        "Depth multiplies linear pieces exponentially, width adds them.",
        (
            about(equal(tent_left), relu),
            about(equal(tent_right), relu),
            about(counted(deep_pieces, pieces_inside, [{"layers": n} for n in range(1, 10)]), relu),
            about(counted(wide_pieces, pieces_of_units, [{"units": n} for n in range(1, 20)]), relu),
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
        48,
        "Depthwise separable costs 1/Cout + 1/k^2 of a full convolution.",
        (weights(conv2d_separable, "depth point", separable_weights), weights(conv2d, "w", conv_weights), equal(separable_ratio)),
    ),
)

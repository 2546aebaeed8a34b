"""Facts about initial weights: variances are propagated, not quoted. The axis S runs over draws of the weights; what is assumed of
them is that two weights of a row are not correlated: on the mean of all draws, w_i w_j is a variance where i = j, and 0 elsewhere."""
# mypy: ignore-errors

from derive.catalog.activations import relu
from derive.catalog.layers import linear
from derive.claims.statements import about, equal
from derive.language import Real, assume, idx, mean, op, size, sum, where
from derive.language import equal as same


@op
def lecun_forward(x: Real["I"], w: Real["S I"]):
    """With variance 1/fan_in (LeCun 1998, section 4.6), outputs have the mean square of the inputs: over all draws, for every input."""
    assume(mean(w * w.at(I=idx("I'")), "S"), equals=where(same(idx("I"), idx("I'")), 1 / size("I"), 0))
    return mean(sum(w * x, "I") ** 2, "S"), mean(x**2, "I")


@op
def lecun_backward(g: Real["O"], w: Real["S O"]):
    """With variance 1/fan_out, cotangents keep theirs on their way back."""
    assume(mean(w * w.at(O=idx("O'")), "S"), equals=where(same(idx("O"), idx("O'")), 1 / size("O"), 0))
    return mean(sum(w * g, "O") ** 2, "S"), mean(g**2, "O")


@op
def glorot_forward(x: Real["I"], w: Real["S O I"]):
    """With 2/(fan_in + fan_out) (Glorot & Bengio 2010, eq. 12), it becomes 2 fan_in/(fan_in + fan_out) times as large."""
    fans = size("I") + size("O")
    assume(mean(w * w.at(I=idx("I'")), "S"), equals=where(same(idx("I"), idx("I'")), 2 / fans, 0))
    return mean(sum(w * x, "I") ** 2, "S O"), 2 * size("I") / fans * mean(x**2, "I")


@op
def glorot_backward(g: Real["O"], w: Real["S O I"]):
    """And 2 fan_out/(fan_in + fan_out) times on the way back: what one direction gains, the other loses."""
    fans = size("I") + size("O")
    assume(mean(w * w.at(O=idx("O'")), "S"), equals=where(same(idx("O"), idx("O'")), 2 / fans, 0))
    return mean(sum(w * g, "O") ** 2, "S I"), 2 * size("O") / fans * mean(g**2, "O")


@op
def he_forward(x: Real["I"], w: Real["S I"]):
    """With 2/fan_in (He et al. 2015, eq. 10) the mean square is doubled; relu halves it again, where y is as likely as -y."""
    assume(mean(w * w.at(I=idx("I'")), "S"), equals=where(same(idx("I"), idx("I'")), 2 / size("I"), 0))
    return mean(sum(w * x, "I") ** 2, "S"), 2 * mean(x**2, "I")


@op
def halved_by_relu(y: Real["..."]):
    """Where y is as likely as -y, its mean square is half that of y, which He's initial weights make up for."""
    return (relu(y) ** 2 + relu(-y) ** 2) / 2, y**2 / 2


@op
def orthogonal_map(x: Real["I"], y: Real["I"], w: Real["O I"]):
    """Weights with orthonormal columns (Saxe, McClelland & Ganguli 2014) keep all inner products, so lengths and angles."""
    assume(sum(w * w.at(I=idx("I'")), "O"), equals=where(same(idx("I"), idx("I'")), 1, 0))
    return sum(sum(w * x, "I") * sum(w * y, "I"), "O"), sum(x * y, "I")


OF_WEIGHTS = (lecun_forward, lecun_backward, glorot_forward, glorot_backward, he_forward, orthogonal_map)
FACTS = (*(about(equal(f), linear) for f in OF_WEIGHTS), equal(halved_by_relu))

"""Attention: values averaged by the similarity of queries to keys, with masks, positions and heads."""
# mypy: ignore-errors

from derive.catalog.activations import softmax
from derive.language import OneOf, Positive, Real, assume, cos, exp, idx, op, sin, size, sqrt, sum, where


@op(source="Vaswani et al. 2017, arXiv:1706.03762, eq. 1")
def attention(q: Real["... L D"], k: Real["... M D"], v: Real["... M E"]):
    """Values averaged by the similarity of queries to keys."""
    s = sum(q * k, "D") / sqrt(size("D"))
    p = softmax(s, over="M")
    return sum(p * v, "M")


@op(source="Vaswani et al. 2017, arXiv:1706.03762, eq. 1, with the scale given")
def attention_scaled(q: Real["... L D"], k: Real["... M D"], v: Real["... M E"], *, scale: Positive = 1):
    """Values averaged by the similarity of queries to keys, times a scale that is given."""
    s = scale * sum(q * k, "D")
    p = softmax(s, over="M")
    return sum(p * v, "M")


@op(source="Vaswani et al. 2017, arXiv:1706.03762, section 3.2.3")
def attention_causal(q: Real["... L D"], k: Real["... M D"], v: Real["... M E"]):
    """Values averaged by similarity, over the keys that stand no later than the query."""
    s = sum(q * k, "D") / sqrt(size("D"))
    e = where(idx("M") <= idx("L"), exp(s), 0)
    p = e / sum(e, "M")
    return sum(p * v, "M")


@op(source="Vaswani et al. 2017, arXiv:1706.03762, section 3.2.3")
def attention_masked(q: Real["... L D"], k: Real["... M D"], v: Real["... M E"], mask: Real["L M", OneOf(0, 1)]):
    """Values averaged by similarity, over the keys whose mask is positive; a query without any gets 0."""
    s = sum(q * k, "D") / sqrt(size("D"))
    e = where(mask > 0, exp(s), 0)
    total = sum(e, "M")
    p = where(total > 0, e / total, 0)
    return sum(p * v, "M")


@op(source="Raffel et al. 2020, T5, arXiv:1910.10683, section 2.1")
def attention_bias(q: Real["... L D"], k: Real["... M D"], v: Real["... M E"], bias: Real["L M"]):
    """Values averaged by the similarity of queries to keys, plus a bias for each pair of positions."""
    near = sum(q * k, "D") / sqrt(size("D"))
    s = near + bias
    p = softmax(s, over="M")
    return sum(p * v, "M")


@op(source="Press, Smith & Lewis 2022, arXiv:2108.12409, section 3")
def attention_alibi(q: Real["H L D"], k: Real["H M D"], v: Real["H M E"], slope: Real["H"]):
    """Values averaged by similarity less a penalty on distance, with a slope for each head; later keys are not seen."""
    near = sum(q * k, "D") / sqrt(size("D"))
    s = near - slope * (idx("L") - idx("M"))
    e = where(idx("M") <= idx("L"), exp(s), 0)
    p = e / sum(e, "M")
    return sum(p * v, "M")


@op(source="Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2")
def multi_head_attention(x: Real["... L C"], wq: Real["H D C"], wk: Real["H D C"], wv: Real["H D C"], wo: Real["O H D"]):
    """Attention of a sequence to itself, by several heads whose results are mixed."""
    q, k, v = sum(x * wq, "C"), sum(x * wk, "C"), sum(x * wv, "C")
    keys, values = k.at(L=idx("L'")), v.at(L=idx("L'"))
    p = softmax(sum(q * keys, "D") / sqrt(size("D")), over="L'")
    head = sum(p * values, "L'")
    return sum(head * wo, "H D")


@op(source="Su et al. 2021, RoFormer, arXiv:2104.09864, eq. 34, with neighbouring features as pairs")
def rope(x: Real["... L D"], *, base: Positive = 10000):
    """Turn each pair of features by an angle that grows with the position."""
    assume(size("D") % 2, equals=0)
    pair = idx("D") // 2
    odd = idx("D") - 2 * pair
    angle = idx("L") * base ** (-2 * pair / size("D"))
    partner = x.at(D=idx("D") + 1 - 2 * odd)
    return x * cos(angle) + (2 * odd - 1) * partner * sin(angle)


# fmt: off
ATTENTION = (
    attention, attention_scaled, attention_causal, attention_masked, attention_bias, attention_alibi, multi_head_attention, rope,
)
# fmt: on

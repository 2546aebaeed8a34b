"""Losses of similarity: cosines, margins between pairs and triplets, and contrast against the rest of the batch."""
# mypy: ignore-errors

from derive.catalog.activations import softmax
from derive.language import Index, NonNegative, OneOf, Positive, Real, cos, equal, exp, idx, log, mean, onehot, op, sin, sqrt, sum, where


@op(source="Salton & McGill 1983, Introduction to Modern Information Retrieval")
def cosine_similarity(a: Real["... D"], b: Real["... D"]):
    """The cosine of the angle between two vectors."""
    ahat = a / sqrt(sum(a**2, "D"))
    bhat = b / sqrt(sum(b**2, "D"))
    return sum(ahat * bhat, "D")


@op(source="Salton & McGill 1983, Introduction to Modern Information Retrieval; one minus the cosine")
def cosine_similarity_loss(a: Real["N D"], b: Real["N D"]):
    """One minus the cosine of the angle between the vectors of a pair, on average."""
    ahat = a / sqrt(sum(a**2, "D"))
    bhat = b / sqrt(sum(b**2, "D"))
    return mean(1 - sum(ahat * bhat, "D"), "N")


@op(source="torch.nn.CosineEmbeddingLoss")
def cosine_embedding(a: Real["N D"], b: Real["N D"], target: Real["N", OneOf(-1, 1)], *, margin: NonNegative = 0):
    """Pairs that belong together (1) should point the same way, others (-1) should not; on average."""
    c = cosine_similarity(a, b)
    return mean(where(target > 0, 1 - c, where(c > margin, c - margin, 0)), "N")


@op(source="Hadsell, Chopra & LeCun 2006, Dimensionality reduction by learning an invariant mapping, eq. 4")
def contrastive(a: Real["N D"], b: Real["N D"], same: Real["N", OneOf(0, 1)], *, margin: Positive = 1):
    """Pairs that belong together are pulled together, others are pushed apart up to a margin, on average."""
    r = a - b
    d = sqrt(sum(r**2, "D"))
    lack = where(d < margin, margin - d, 0)
    return mean(same * d**2 + (1 - same) * lack**2, "N") / 2


@op(source="Balntas, Riba, Ponsa & Mikolajczyk 2016, as torch.nn.TripletMarginLoss has it")
def triplet_margin(anchor: Real["N D"], positive: Real["N D"], negative: Real["N D"], *, margin: Positive = 1, eps: Positive = 1e-6):
    """An anchor should be nearer to its positive than to its negative, by a margin, on average."""
    near = sqrt(sum((anchor - positive + eps) ** 2, "D"))
    far = sqrt(sum((anchor - negative + eps) ** 2, "D"))
    lack = margin + near - far
    return mean(where(lack > 0, lack, 0), "N")


@op(source="torch.nn.MarginRankingLoss")
def margin_ranking(a: Real["..."], b: Real["..."], target: Real["...", OneOf(-1, 1)], *, margin: NonNegative = 0):
    """The first of two scores should lie above the second (1) or below it (-1), by a margin, on average."""
    lack = margin - target * (a - b)
    return mean(where(lack > 0, lack, 0))


@op(source="torch.nn.HingeEmbeddingLoss")
def hinge_embedding(d: Real["..."], target: Real["...", OneOf(-1, 1)], *, margin: Positive = 1):
    """Distances of pairs that belong together (1) are small, of others (-1) larger than a margin, on average."""
    return mean(where(target > 0, d, where(d < margin, margin - d, 0)))


@op(source="van den Oord, Li & Vinyals 2018, arXiv:1807.03748, eq. 4, with cosines")
def info_nce(a: Real["N D"], b: Real["N D"], *, temperature: Positive = 0.1):
    """Mean cross-entropy of finding each vector's partner among all of the batch, by cosine."""
    ahat = a / sqrt(sum(a**2, "D"))
    bhat = b / sqrt(sum(b**2, "D"))
    s = sum(ahat * bhat.at(N=idx("N'")), "D") / temperature
    p = softmax(s, over="N'")
    partner = onehot(idx("N"), "N'")
    return -mean(sum(partner * log(p), "N'"), "N")


@op(source="Radford et al. 2021, arXiv:2103.00020, figure 3, with the temperature itself learned")
def clip_contrastive(a: Real["N D"], b: Real["N D"], temperature: Real[""]):
    """Mean cross-entropy of finding each vector's partner, both ways; the temperature is learned."""
    ahat = a / sqrt(sum(a**2, "D"))
    bhat = b / sqrt(sum(b**2, "D"))
    s = sum(ahat * bhat.at(N=idx("N'")), "D") / temperature
    p, q = softmax(s, over="N'"), softmax(s, over="N")
    partner = onehot(idx("N"), "N'")
    return -mean(sum(partner * (log(p) + log(q)), "N'"), "N") / 2


@op(source="Chen, Kornblith, Norouzi & Hinton 2020, arXiv:2002.05709, eq. 1")
def nt_xent(a: Real["N D"], b: Real["N D"], *, temperature: Positive = 0.5):
    """Mean cross-entropy of finding each vector's partner among all others of both views, by cosine."""
    ahat = a / sqrt(sum(a**2, "D"))
    bhat = b / sqrt(sum(b**2, "D"))
    p, q = ahat.at(N=idx("N'")), bhat.at(N=idx("N'"))
    ab, ba = exp(sum(ahat * q, "D") / temperature), exp(sum(bhat * p, "D") / temperature)
    aa, bb = exp(sum(ahat * p, "D") / temperature), exp(sum(bhat * q, "D") / temperature)
    other = where(equal(idx("N"), idx("N'")), 0, 1)
    za, zb = sum(ab + other * aa, "N'"), sum(ba + other * bb, "N'")
    return mean(log(za) + log(zb) - 2 * sum(ahat * bhat, "D") / temperature, "N") / 2


@op(source="Wang et al. 2018, arXiv:1801.09414, eq. 4")
def cosface(cosine: Real["N C"], label: Index["N -> C"], *, scale: Positive = 64, margin: NonNegative = 0.35):
    """Mean cross-entropy of scaled cosines, the right one of which is lessened by a margin."""
    s = scale * (cosine - margin * onehot(label, "C"))
    return mean(-log(softmax(s)).at(C=label), "N")


@op(source="Deng, Guo, Xue & Zafeiriou 2019, arXiv:1801.07698, eq. 3")
def arcface(cosine: Real["N C"], label: Index["N -> C"], *, scale: Positive = 64, margin: NonNegative = 0.5):
    """Mean cross-entropy of scaled cosines, the right angle of which is widened by a margin."""
    wider = cosine * cos(margin) - sqrt(1 - cosine**2) * sin(margin)
    s = scale * where(equal(idx("C"), label), wider, cosine)
    return mean(-log(softmax(s)).at(C=label), "N")


# fmt: off
SIMILARITY = (
    cosine_similarity, cosine_similarity_loss, cosine_embedding, contrastive, triplet_margin, margin_ranking, hinge_embedding,
    info_nce, clip_contrastive, nt_xent, cosface, arcface,
)
# fmt: on

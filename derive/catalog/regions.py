"""Losses of regions and sets of points: overlap of masks, distances to nearest and to assigned points."""
# mypy: ignore-errors

from derive.language import Index, NonNegative, Positive, Real, abs, mean, min, op, sum


@op(source="Milletari, Navab & Ahmadi 2016, arXiv:1606.04797, section 3, with sums instead of squares")
def dice(pred: Real["N I"], target: Real["N I"], *, smooth: NonNegative = 1):
    """One minus twice the overlap of two masks over their joint size, on average."""
    overlap = sum(pred * target, "I")
    whole = sum(pred, "I") + sum(target, "I")
    return mean(1 - (2 * overlap + smooth) / (whole + smooth), "N")


@op(source="Sudre, Li, Vercauteren, Ourselin & Cardoso 2017, arXiv:1707.03237, section 2.1")
def generalized_dice(pred: Real["N I C"], target: Real["N I C"], *, smooth: Positive = 1):
    """One minus twice the overlap of the masks of all classes over their joint size, rare classes weighing more, on average."""
    weight = 1 / sum(target, "N I") ** 2
    share = weight / mean(weight, "C")
    overlap = sum(pred * target, "I")
    whole = sum(pred, "I") + sum(target, "I")
    return mean(share * (1 - (2 * overlap + smooth) / (whole + smooth)), "N C")


@op(source="Salehi, Erdogmus & Gholipour 2017, arXiv:1706.05721, eq. 2")
def tversky(pred: Real["N I"], target: Real["N I"], *, alpha: NonNegative = 0.3, beta: NonNegative = 0.7, smooth: NonNegative = 1):
    """One minus the overlap of two masks, with prices for what is too much and too little, on average."""
    overlap = sum(pred * target, "I")
    extra = sum(pred * (1 - target), "I")
    missing = sum((1 - pred) * target, "I")
    return mean(1 - (overlap + smooth) / (overlap + alpha * extra + beta * missing + smooth), "N")


@op(source="Rahman & Wang 2016, Optimizing intersection-over-union in deep neural networks, eq. 3")
def jaccard(pred: Real["N I"], target: Real["N I"], *, smooth: NonNegative = 1):
    """One minus the intersection of two masks over their union, on average."""
    overlap = sum(pred * target, "I")
    union = sum(pred, "I") + sum(target, "I") - overlap
    return mean(1 - (overlap + smooth) / (union + smooth), "N")


@op(source="Fan, Su & Guibas 2017, arXiv:1612.00603, eq. 1, with means")
def chamfer(a: Real["N D"], b: Real["M D"]):
    """Mean squared distance to the nearest point, both ways; the first of several takes the derivative."""
    d = sum((a - b) ** 2, "D")
    return mean(min(d, "M"), "N") + mean(min(d, "N"), "M")


@op(source="Kuhn 1955; Danskin 1967: the gradient of a minimum is that of its minimiser where that is the only one")
def hungarian_matching(cost: Real["N M"], match: Index["N -> M"]):
    """The summed cost of a cheapest assignment, which is given: match[n] is the column of row n."""
    return sum(cost.at(M=match), "N")


@op(source="Carion et al. 2020, arXiv:2005.12872, eq. 2, with distances as costs")
def hungarian_l1(a: Real["N D"], b: Real["M D"], match: Index["N -> M"]):
    """The summed absolute differences of points to their partners in a cheapest assignment, which is given."""
    return sum(abs(a - b.at(M=match)))


@op(source="Carion et al. 2020, arXiv:2005.12872, eq. 2, with squared distances as costs")
def hungarian_l2(a: Real["N D"], b: Real["M D"], match: Index["N -> M"]):
    """The summed squared distances of points to their partners in a cheapest assignment, which is given."""
    return sum((a - b.at(M=match)) ** 2)


@op(source="Carion et al. 2020, arXiv:2005.12872, eq. 2, with the distances between lines of Fan, Su & Guibas 2017 as costs")
def hungarian_chamfer(a: Real["N P D"], b: Real["M Q D"], match: Index["N -> M"]):
    """The summed chamfer distances of lines of points to their partners in a cheapest assignment, which is given."""
    d = sum((a - b.at(M=match)) ** 2, "D")
    return sum(mean(min(d, "Q"), "P") + mean(min(d, "P"), "Q"), "N")


# fmt: off
REGIONS = (
    dice, generalized_dice, tversky, jaccard, chamfer, hungarian_matching, hungarian_l1, hungarian_l2, hungarian_chamfer,
)
# fmt: on

"""Losses of boxes (left, top, right, bottom): one less their overlap, with prices for boxes that lie apart."""
# mypy: ignore-errors

from derive.catalog.activations import relu
from derive.language import Real, arctan, maximum, mean, minimum, op, pi


@op(source="Yu, Jiang, Wang, Cao & Huang 2016, arXiv:1608.01471")
def box_overlap(a: Real["N K=4"], b: Real["N K=4"]):
    """The area that two boxes share, and the area of both together."""
    left, top = maximum(a.at(K=0), b.at(K=0)), maximum(a.at(K=1), b.at(K=1))
    right, bottom = minimum(a.at(K=2), b.at(K=2)), minimum(a.at(K=3), b.at(K=3))
    width, height = relu(right - left), relu(bottom - top)
    overlap = width * height
    area_a = (a.at(K=2) - a.at(K=0)) * (a.at(K=3) - a.at(K=1))
    area_b = (b.at(K=2) - b.at(K=0)) * (b.at(K=3) - b.at(K=1))
    union = area_a + area_b - overlap
    return overlap, union


@op(source="Yu, Jiang, Wang, Cao & Huang 2016, arXiv:1608.01471, with one minus the ratio")
def iou(a: Real["N K=4"], b: Real["N K=4"]):
    """One minus the intersection of two boxes over their union, on average."""
    overlap, union = box_overlap(a, b)
    return mean(1 - overlap / union, "N")


@op(source="Rezatofighi, Tsoi, Gwak, Sadeghian, Reid & Savarese 2019, arXiv:1902.09630, algorithm 1")
def giou(a: Real["N K=4"], b: Real["N K=4"]):
    """One minus the overlap of two boxes, and the share of the smallest box around both that neither covers, on average."""
    overlap, union = box_overlap(a, b)
    width = maximum(a.at(K=2), b.at(K=2)) - minimum(a.at(K=0), b.at(K=0))
    height = maximum(a.at(K=3), b.at(K=3)) - minimum(a.at(K=1), b.at(K=1))
    hull = width * height
    return mean(1 - overlap / union + (hull - union) / hull, "N")


@op(source="Zheng, Wang, Liu, Li, Ye & Ren 2020, arXiv:1911.08287, eq. 7")
def diou(a: Real["N K=4"], b: Real["N K=4"]):
    """One minus the overlap of two boxes, and how far apart their centres are for their size, on average."""
    overlap, union = box_overlap(a, b)
    width = maximum(a.at(K=2), b.at(K=2)) - minimum(a.at(K=0), b.at(K=0))
    height = maximum(a.at(K=3), b.at(K=3)) - minimum(a.at(K=1), b.at(K=1))
    diagonal = width**2 + height**2
    across = (a.at(K=0) + a.at(K=2) - b.at(K=0) - b.at(K=2)) / 2
    down = (a.at(K=1) + a.at(K=3) - b.at(K=1) - b.at(K=3)) / 2
    apart = across**2 + down**2
    return mean(1 - overlap / union + apart / diagonal, "N")


@op(source="Zheng, Wang, Liu, Li, Ye & Ren 2020, arXiv:1911.08287, eq. 9")
def aspect_difference(a: Real["N K=4"], b: Real["N K=4"]):
    """How far two boxes differ in shape: the square of the angle between their diagonals, 1 for a right angle."""
    shape_a = arctan((a.at(K=2) - a.at(K=0)) / (a.at(K=3) - a.at(K=1)))
    shape_b = arctan((b.at(K=2) - b.at(K=0)) / (b.at(K=3) - b.at(K=1)))
    return 4 / pi**2 * (shape_b - shape_a) ** 2


@op(source="Zheng, Wang, Liu, Li, Ye & Ren 2020, arXiv:1911.08287, eq. 10, with its weight differentiated like the rest")
def ciou(a: Real["N K=4"], b: Real["N K=4"]):
    """The loss diou, and the difference in shape, which weighs more the more the boxes overlap, on average."""
    overlap, union = box_overlap(a, b)
    v = aspect_difference(a, b)
    return diou(a, b) + mean(v**2 / (1 - overlap / union + v), "N")


@op(source="Zheng, Wang, Liu, Li, Ye & Ren 2020, arXiv:1911.08287, eq. 10 to 12: the weight, v / (1 - iou + v), counts as a number")
def ciou_weighted(a: Real["N K=4"], b: Real["N K=4"], weight: Real["N"]):
    """The loss diou, and the difference in shape times a weight that is given, on average."""
    return diou(a, b) + mean(weight * aspect_difference(a, b), "N")


# fmt: off
BOXES = (
    box_overlap, iou, giou, diou, aspect_difference, ciou, ciou_weighted,
)
# fmt: on

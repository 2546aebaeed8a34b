"""Losses of boxes (left, top, right, bottom): one less their overlap, with prices for boxes that lie apart."""
# mypy: ignore-errors

from derive.catalog.activations import relu
from derive.language import Real, maximum, mean, minimum, op


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


# fmt: off
BOXES = (
    box_overlap, iou, giou, diou,
)
# fmt: on

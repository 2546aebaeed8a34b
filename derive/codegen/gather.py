"""Planning of reads at other positions, and of their adjoints: takes, windows, one-hot rows and scatter-adds."""

from __future__ import annotations

from derive.codegen.builder import Builder, has_batch
from derive.codegen.steps import Axes, Broadcast, Extent, Fancy, Positions, Read, Rename, Scatter, Take, TakeAlong
from derive.language.affine import affine
from derive.language.errors import NotPrintable
from derive.language.nodes import (
    BATCH,
    Add,
    At,
    Call,
    Compare,
    Delta,
    Expr,
    Input,
    Iota,
    Mul,
    Pow,
    Reduce,
    Ref,
    Size,
    Where,
    add,
    at,
    base_axis,
    flatten,
    leaves,
    mul,
    transform,
)  # fmt: skip


def lower_size(b: Builder, expr: Expr) -> int:
    """The size of an axis."""
    assert isinstance(expr, Size)
    return b.emit(Extent((), "int", (), base_axis(expr.axis)))


def lower_iota(b: Builder, expr: Expr) -> int:
    """Positions along an axis."""
    assert isinstance(expr, Iota)
    if expr.axis == BATCH:
        raise NotPrintable('idx("..."): the leading axes have no single position; name the axis')
    return b.emit(Positions((expr.axis,), "int", (), expr.axis))


def lower_delta(b: Builder, expr: Expr) -> int:
    """A one-hot row: a comparison of the index with the positions of the axis."""
    assert isinstance(expr, Delta)
    return b.elementwise("==", _index(b, expr.index, expr.axis), b.lower(Iota(expr.axis)), kind="bool")


def is_position(index: Expr) -> bool:
    """Whether an index is in range by itself: an integer input, the place of an extreme, or a choice or reading of those."""
    match index:
        case Input(dtype="index"):
            return index.spare is None
        case Reduce(how):
            return how in ("argmax", "argmin")
        case Where(_, chosen, other):
            return is_position(chosen) and is_position(other)
        case At(body):
            return is_position(body)
    return False


def _resolved(b: Builder, index: Expr) -> Expr:
    """The index with a name replaced by what it names."""
    while isinstance(index, Ref) and any(let.name == index.name for let in b.program.lets):
        index = b.program.let(index.name).body
    return index


def _index(b: Builder, index: Expr, axis: str) -> int:
    step = b.lower(_ordered(b, index))
    if b.steps[step].kind == "bool":
        raise NotPrintable(f"{index} is a condition; an index is a whole number")
    if b.steps[step].kind == "real":
        step = b.elementwise("int", step, kind="int")
    if b.steps[step].args:
        b.hints.setdefault(step, f"{base_axis(axis).lower()}_index")
    return step


def _ordered(b: Builder, index: Expr) -> Expr:
    """An affine index with its terms in layout order, so that equal ones share a step; any other index as it is."""
    form = affine(flatten(index))
    if form is None or len(form.coefficients) < 2:
        return flatten(index)
    coefficients = dict(form.coefficients)
    return add(*(mul(coefficients[a], Iota(a)) for a in b.sorted(frozenset(coefficients))), form.offset)


def lower_at(b: Builder, expr: Expr) -> int:
    """A read: renamed axes first, then one axis at a time where that is possible, else all together."""
    assert isinstance(expr, At)
    if _picks(b, expr):
        return b.lower(_inward(expr.body, dict(expr.index)))
    body = b.lower(expr.body)
    kind = b.steps[body].kind
    moved = dict(expr.index)
    names = _renamed(b.steps[body].axes, moved)
    left = {a: i for a, i in moved.items() if a not in names}
    if names:
        body = b.emit(Rename(tuple(names.get(a, a) for a in b.steps[body].axes), kind, (body,)))
    return _read(b, body, left, expr) if left else body


def _renamed(axes: Axes, moved: dict[str, Expr]) -> dict[str, str]:
    """The axes that a read merely renames: to another index over the same positions, which nothing else uses."""
    names = {a: i.axis for a, i in moved.items() if isinstance(i, Iota) and base_axis(a) == base_axis(i.axis)}
    kept = [a for a in axes if a not in moved]
    names = {a: new for a, new in names.items() if new not in kept and list(names.values()).count(new) == 1}
    return {} if any(new in moved and new not in names for new in names.values()) else names


def _picks(b: Builder, expr: At) -> bool:
    """Whether a read picks some elements of an array that is computed for it alone: then it is read before it is computed."""
    elementwise = isinstance(expr.body, (Add, Mul, Pow, Call, Where))
    sure = all(is_position(_resolved(b, i)) for _, i in expr.index)
    return elementwise and sure and expr.axes < expr.body.axes and b.parents[expr.body] <= 1


def _inward(body: Expr, index: dict[str, Expr]) -> Expr:
    """A read moved from an element-wise expression to its arguments."""
    return body.rebuild(tuple(_moved(c, {a: i for a, i in index.items() if a in c.axes}) for c in body.children))


def _moved(child: Expr, index: dict[str, Expr]) -> Expr:
    if not index:
        return child
    return _inward(child, index) if isinstance(child, (Add, Mul, Pow, Call, Where, Compare)) else at(child, index)


def _read(b: Builder, body: int, moved: dict[str, Expr], expr: At) -> int:
    body = b.as_number(body)
    indices = {a: _index(b, i, a) for a, i in moved.items()}
    used = [x for i in indices.values() for x in b.steps[i].axes]
    kept = [a for a in b.steps[body].axes if a not in moved]
    sure = {a: is_position(_resolved(b, i)) for a, i in moved.items()}
    if len(used) == len(set(used)) and not set(used) & set(kept) and not set(used) & set(moved):
        for axis, index in indices.items():
            body = _take(b, body, index, axis, sure[axis])
        return body
    if has_batch(frozenset(used)):
        return _along(b, body, indices, expr, all(sure.values()))
    return _fancy(b, body, indices, all(sure.values()))


def _take(b: Builder, body: int, index: int, axis: str, sure: bool) -> int:
    """Positions with axes of their own take the place of the axis; the leading axes stay first."""
    old, new = b.steps[body].axes, b.steps[index].axes
    at = old.index(axis)
    axes = (*old[:at], *new, *old[at + 1 :])
    if has_batch(new):
        axes = (*new, *(a for a in old if a != axis))
        if not sure:
            index = _checked(b, index, axis)
        return b.emit(Take(axes, b.steps[body].kind, (body, index), axis))
    return b.emit((Take if sure else Read)(axes, b.steps[body].kind, (body, index), axis))


def _may_be_none(index: Expr) -> bool:
    """Whether an index is an integer input, read or whole, that may hold a number that is no position."""
    leaf = index.body if isinstance(index, At) else index
    return isinstance(leaf, Input) and leaf.spare is not None


def _checked(b: Builder, index: int, axis: str) -> int:
    raise NotPrintable(f"a computed position along {axis} that may fall outside, one for each leading position, has no NumPy form")


def _inside_or_first(b: Builder, index: int, axis: str) -> int:
    """The index, and 0 where it falls outside; what is read there is not used."""
    inside = _all_inside(b, [(index, b.emit(Extent((), "int", (), base_axis(axis))))])
    assert inside is not None
    return b.elementwise("np.where", inside, index, b.number(0), kind="int")


def _along(b: Builder, body: int, indices: dict[str, int], expr: At, sure: bool) -> int:
    """One position for each leading position of the array itself."""
    spared = all(_may_be_none(i) for _, i in expr.index)
    if len(indices) > 1 or not (sure or spared):
        raise NotPrintable(f"{expr}: positions that vary along the leading axes are read along one axis, at an integer input")
    ((axis, index),) = indices.items()
    index = index if sure else _inside_or_first(b, index, axis)
    old = b.steps[body].axes
    new = [a for a in b.steps[index].axes if a not in old]
    if len(new) > 1 or axis in b.steps[index].axes:
        raise NotPrintable(f"{expr}: more than one new axis beside the leading axes has no NumPy form")
    axes = tuple(x for a in old for x in (new if a == axis else [a]))
    return b.emit(TakeAlong(axes, b.steps[body].kind, (body, index), axis))


def _fancy(b: Builder, body: int, indices: dict[str, int], sure: bool) -> int:
    """All positions together: an axis that the array shares with an index is read at its own positions."""
    old = b.steps[body].axes
    joint = b.sorted(frozenset(x for i in indices.values() for x in b.steps[i].axes))
    at = {a: indices[a] if a in indices else b.lower(Iota(a)) for a in old if a in indices or a in joint}
    inside = [] if sure else [(i, b.emit(Extent((), "int", (), base_axis(a)))) for a, i in indices.items()]
    condition = _all_inside(b, inside)
    if condition is not None:
        at = {a: b.elementwise("np.where", condition, i, b.number(0), kind="int") if a in indices else i for a, i in at.items()}
    read = b.emit(Fancy(fancy_axes(old, tuple(at), joint), b.steps[body].kind, (body, *at.values()), tuple(at)))
    if condition is None:
        return read
    return b.elementwise("np.where", condition, read, b.number(0), kind=b.steps[read].kind)


def _all_inside(b: Builder, inside: list[tuple[int, int]]) -> int | None:
    condition: int | None = None
    for index, size in inside:
        above = b.elementwise(">=", index, b.number(0), kind="bool")
        below = b.elementwise("<", index, size, kind="bool")
        both = b.elementwise("&", above, below, kind="bool")
        condition = both if condition is None else b.elementwise("&", condition, both, kind="bool")
    return condition


def fancy_axes(old: Axes, indexed: Axes, joint: Axes) -> Axes:
    """NumPy's rule: the joint axes stand where adjacent indices stood, and first when slices lie between them."""
    places = [old.index(a) for a in indexed]
    adjacent = max(places) - min(places) + 1 == len(places)
    start = min(places) if adjacent else 0
    kept = [a for a in old if a not in indexed]
    return (*kept[:start], *joint, *kept[start:])


def read_hot(factor: Expr, delta: Delta) -> Expr:
    """A factor beside a one-hot row, read where the row is 1."""
    if delta.axis not in factor.axes or delta.axis in delta.index.axes:
        return factor
    if not isinstance(factor, Delta) or factor.axis == delta.axis or leaves(factor.index, Reduce, At):
        return at(factor, {delta.axis: delta.index})
    return Delta(factor.axis, transform(factor.index, lambda n: delta.index if n == Iota(delta.axis) else n))


def lower_scatter(b: Builder, inside: list[Expr], over: Axes) -> int | None:
    """A sum with one-hot factors whose hot axes are kept: add each value up at its position. None when that does not fit."""
    deltas = _separate([f for f in inside if isinstance(f, Delta) and f.axis not in over], over)
    rest = [f for f in inside if f not in deltas]
    hot = [d.axis for d in deltas]
    swept = [a for d in deltas for a in d.index.axes]
    if not deltas or any(isinstance(f, Delta) and f.axis in over for f in rest):
        return None
    for delta in deltas:
        rest = [read_hot(f, delta) for f in rest]
    if any(set(f.axes) & set(hot) for f in rest):
        return None
    first = tuple(a for a in over if a not in swept)
    value = b.as_number(b.lower(Reduce("sum", mul(*rest), first) if first else mul(*rest)))
    for delta in deltas:
        value = _scatter(b, value, delta)
    return value


def _separate(deltas: list[Delta], over: Axes) -> list[Delta]:
    """One-hot factors that can be scattered one after another: each goes through summed axes of its own. The others stay
    factors, dense along their own axes; labels, which point into axes that may be long, come first."""
    found: list[Delta] = []
    for d in sorted(deltas, key=lambda d: not isinstance(d.index, Input)):
        used = {a for f in found for a in (f.axis, *f.index.axes)}
        if d.index.axes <= set(over) and not used & {d.axis, *d.index.axes}:
            found.append(d)
    return found


def _scatter(b: Builder, value: int, delta: Delta) -> int:
    positions = _index(b, delta.index, delta.axis)
    swept = b.steps[positions].axes
    axes = b.steps[value].axes
    if not set(swept) <= set(axes):
        axes = b.sorted(frozenset((*axes, *swept)))
        value = b.emit(Broadcast(axes, b.steps[value].kind, (value,)))
    kept = [a for a in axes if a not in swept]
    lead = [a for a in kept if a == BATCH]
    result = (*lead, delta.axis, *(a for a in kept if a != BATCH))
    total = b.emit(Scatter(result, "real", (positions, value), delta.axis))
    b.hints.setdefault(total, f"total_{delta.axis.lower()}")
    return total

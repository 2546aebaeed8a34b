"""Planning of reads at other positions, and of their adjoints: takes, windows, one-hot rows and scatter-adds."""

from __future__ import annotations

from derive.codegen.builder import Builder, has_batch
from derive.codegen.steps import Axes, Extent, Fancy, Positions, Read, Rename, Scatter, Take, TakeAlong
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
    while isinstance(index, Ref) and b.program.has(index.name):
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
    if not isinstance(factor, Delta) or factor.axis == delta.axis:
        return at(factor, {delta.axis: delta.index})
    if leaves(factor.index, Reduce, At, Ref):
        return Delta(factor.axis, at(factor.index, {delta.axis: delta.index}))
    return Delta(factor.axis, transform(factor.index, lambda n: delta.index if n == Iota(delta.axis) else n))


def named_hot(b: Builder, factor: Expr, over: Axes) -> Expr:
    """The one-hot row that a factor names, where its axis is kept: it says where to add, and need not be an array."""
    found = _resolved(b, factor)
    return found if isinstance(found, Delta) and found.axis not in over and found.index.axes & set(over) else factor


def lower_scatter(b: Builder, inside: list[Expr], over: Axes) -> int | None:
    """A sum with one-hot factors whose hot axes are kept: add each value up at its position. None when that does not fit.

    What the other factors share beside the positions is contracted first, so that what is added up is as small as it can be.
    """
    deltas, rest = _scattered(inside, over)
    if not deltas or any(isinstance(f, Delta) and f.axis in over for f in rest):
        return None
    early = next(filter(None, (_alone(d, deltas, rest, over) for d in deltas)), None)
    if early is not None:
        delta, factor, own = early
        left = tuple(a for a in over if a not in own)
        spread = b.handle(_scatter(b, b.as_number(b.lower(factor)), [delta], own))
        return b.lower(Reduce("sum", mul(*(f for f in [*rest, *deltas] if f not in (delta, factor)), spread), left))
    swept = frozenset().union(*(d.index.axes for d in deltas))
    first = tuple(a for a in over if a not in swept)
    value = b.as_number(b.lower(Reduce("sum", mul(*rest), first) if first else mul(*rest)))
    while deltas:
        together = _next(deltas, over)
        deltas = [d for d in deltas if d not in together]
        later = frozenset().union(*(d.index.axes for d in deltas))
        value = _scatter(b, value, together, tuple(a for a in over if a not in later))
    return value


def _scattered(factors: list[Expr], over: Axes) -> tuple[list[Delta], list[Expr]]:
    """The one-hot factors that can be scattered, and all others, read at their positions.

    Each has an axis of its own, and no leading position by itself; where one points from the axis of another, the other comes
    first. The rest stay factors, dense along their own axes. Labels, which point into axes that may be long, are taken first.
    """
    hot = {f.axis for f in factors if isinstance(f, Delta)}
    unread = {BATCH} - set(over)
    candidates = [f for f in factors if isinstance(f, Delta) and f.axis not in over and not f.axes & unread]
    found: list[Delta] = []
    for d in sorted(candidates, key=lambda d: (not isinstance(d.index, Input), len(d.index.axes & hot))):
        if d.axis not in d.index.axes and all(d.axis not in (f.axis, *f.index.axes) for f in found):
            found.append(d)
    rest = [f for f in factors if f not in found]
    for d in reversed(found):
        rest = [read_hot(f, d) for f in rest]
    held = frozenset().union(*(f.axes for f in rest))
    return [] if any(d.axis in held for d in found) else found, rest


def _next(deltas: list[Delta], over: Axes) -> list[Delta]:
    """The one-hot factors to be scattered next: one that points from no axis that is still to come, and what shares a summed
    axis with it."""
    hot = {d.axis for d in deltas}
    ready = [d for d in deltas if not d.index.axes & hot]
    group = ready[:1]
    for _ in ready:
        axes = frozenset(a for d in group for a in d.index.axes if a in over)
        group = [d for d in ready if d in group or d.index.axes & axes]
    return group


def _alone(delta: Delta, deltas: list[Delta], rest: list[Expr], over: Axes) -> tuple[Delta, Expr, Axes] | None:
    """A one-hot that concerns one factor alone, along summed axes that no other has: that factor is scattered by itself where the
    rest is still to be contracted with it along another axis of the positions. With the factor and these axes."""
    others = [d for d in deltas if d is not delta]
    for f in rest:
        beside = frozenset().union(*(g.axes for g in (*rest, *others) if g is not f))
        own = tuple(a for a in over if a in delta.index.axes and a in f.axes and a not in beside)
        shared = [a for a in over if a in delta.index.axes and a in beside]
        if own and shared and delta.index.axes <= f.axes:
            return delta, f, own
    return None


def _scatter(b: Builder, value: int, deltas: list[Delta], over: Axes) -> int:
    """Values added up along the hot axes; an axis of the positions that is not summed stays where it is."""
    at = {d.axis: _index(b, d.index, d.axis) for d in deltas}
    joint = frozenset(a for i in at.values() for a in b.steps[i].axes)
    at = {**{a: b.lower(Iota(a)) for a in b.sorted(joint) if a not in over}, **at}
    axes = b.steps[value].axes
    kept = [a for a in axes if a not in joint]
    lead = [a for a in kept if a == BATCH]
    result = (*lead, *at, *(a for a in kept if a != BATCH))
    total = b.emit(Scatter(result, "real", (value, *at.values()), tuple(at)))
    b.hints.setdefault(total, f"total_{'_'.join(base_axis(d.axis).lower() for d in deltas)}")
    return total

"""Planning of reductions: totals of products as contractions, one-hot rows as gathers and scatters, the rest as they are."""

from __future__ import annotations

from fractions import Fraction

from derive.codegen.builder import Builder, has_batch
from derive.codegen.contractions import contract
from derive.codegen.gather import is_position, lower_scatter, named_hot, read_hot
from derive.codegen.steps import Axes, Reduction
from derive.language.errors import NotPrintable
from derive.language.nodes import Add, Call, Const, Delta, Expr, Mul, Pow, Reduce, Size, add, leaves, mul, negate

INVERSE = Const(Fraction(-1))


def lower_reduce(b: Builder, expr: Expr) -> int:
    """A reduction, by its kind."""
    assert isinstance(expr, Reduce)
    over = b.sorted(frozenset(expr.over) & expr.body.axes)
    if expr.how in ("sum", "mean"):
        return _total(b, expr, over)
    if not over:
        return b.lower(expr.body)
    if expr.how == "logsumexp":
        return b.lower(_shifted(expr))
    if expr.how in ("argmax", "argmin") and (len(over) > 1 or has_batch(over)):
        raise NotPrintable(f"{expr}: a position is found along one axis")
    body = b.as_number(b.lower(expr.body))
    return _reduce(b, expr.how, body, over, "int" if expr.how.startswith("arg") else b.kind(body))


def _shifted(expr: Reduce) -> Expr:
    """logsumexp with the largest term taken out."""
    shift = Reduce("max", expr.body, expr.over)
    total = Reduce("sum", Call("exp", (Add((expr.body, negate(shift))),)), expr.over)
    return Add((shift, Call("log", (total,))))


def _reduce(b: Builder, how: str, body: int, over: Axes, kind: str = "real") -> int:
    axes = tuple(a for a in b.steps[body].axes if a not in over)
    return b.emit(Reduction(axes, kind, (body,), how, over))


def _total(b: Builder, expr: Reduce, over: Axes) -> int:
    """A sum or mean: what does not vary along the axes is taken out, and a mean of a matrix product becomes a sum over a size."""
    inside, outside = _pull_out(b, expr.body, over)
    absent = [a for a in expr.over if a not in expr.body.axes]
    outside += [Size(a) for a in absent] if expr.how == "sum" else []
    if outside or absent:
        return b.lower(mul(*outside, Reduce(expr.how, mul(*inside), over) if over else mul(*inside)))
    terms = _multiplied_out(b, inside, over)
    if terms:
        return b.lower(add(*(Reduce(expr.how, t, over) for t in terms)))
    groups = [expr.body] if b.parents[expr.body] > 1 else _groups(b, inside, over)
    whole = len(groups) == 1 and set(over) <= groups[0].axes
    plain = whole and (expr.how == "mean" or not _is_matvec(b, inside, over))
    if expr.how == "mean" and not plain:
        sizes = (Pow(Size(a), INVERSE) for a in over)
        return b.lower(mul(Reduce("sum", expr.body, over), *sizes))
    if any(isinstance(f, Delta) for f in inside):
        return _with_deltas(b, expr.how, inside, over)
    if plain:
        return _reduce(b, expr.how, b.lower(groups[0]), over)
    if not whole and len(groups) == 1:
        left = tuple(a for a in over if a in groups[0].axes)
        return b.lower(Reduce("sum", groups[0], left) if left else groups[0])
    return _contracted(b, inside if len(groups) == 1 else groups, over)


def _pull_out(b: Builder, body: Expr, over: Axes) -> tuple[list[Expr], list[Expr]]:
    """The factors that vary along the axes, and those that do not."""
    factors = [named_hot(b, f, over) for f in (body.args if isinstance(body, Mul) else (body,))]
    inside = [f for f in factors if f.axes & frozenset(over)]
    return inside, [f for f in factors if f not in inside]


def _groups(b: Builder, factors: list[Expr], over: Axes) -> list[Expr]:
    """Products such that each has axes the others lack: a factor joins one that has all its axes already.

    Within a group of several, an axis that no other group has is summed at once.
    """
    groups: list[Expr] = []
    for f in sorted(factors, key=lambda f: -len(f.axes)):
        home = next((i for i, g in enumerate(groups) if f.axes <= g.axes), None)
        if home is None:
            groups.append(f)
        else:
            groups[home] = _product(factors, groups[home], f)
    if len(groups) == 1:
        return groups
    summed = [_sum_private(b, i, groups, over) for i in range(len(groups))]
    return groups if summed == groups else _groups(b, summed, over)


def _multiplied_out(b: Builder, factors: list[Expr], over: Axes) -> list[Expr]:
    """The terms of a product with one sum in it, where that sum alone would spread over more axes than any factor has.

    So the sum of q*k + p*r over an axis becomes two matrix products. A sum whose terms are no such products stays whole.
    """
    sums = [f for f in factors if isinstance(f, Add) and b.parents[f] <= 1]
    if len(sums) != 1:
        return []
    rest = [f for f in factors if f is not sums[0]]
    terms = [[*rest, *(t.args if isinstance(t, Mul) else (t,))] for t in sums[0].args]
    axes = frozenset().union(*(f.axes for f in factors))
    covered = any(f.axes == axes for term in terms for f in term)
    products = any(len(_groups(b, [f for f in t if f.axes & frozenset(over)], over)) > 1 for t in terms if mul(*t).axes)
    return [mul(*t) for t in terms] if products and not covered else []


def _product(factors: list[Expr], *parts: Expr) -> Expr:
    """The product of parts, its factors in the order of `factors`."""
    flat = [f for p in parts for f in (p.args if isinstance(p, Mul) and p not in factors else (p,))]
    return mul(*sorted(flat, key=lambda f: factors.index(f) if f in factors else len(factors)))


def _sum_private(b: Builder, i: int, groups: list[Expr], over: Axes) -> Expr:
    others = frozenset().union(*(g.axes for j, g in enumerate(groups) if j != i))
    private = tuple(a for a in over if a in groups[i].axes and a not in others)
    return Reduce("sum", groups[i], private) if private else groups[i]


def _is_matvec(b: Builder, factors: list[Expr], over: Axes) -> bool:
    """Whether a matrix meets a vector along its one axis: x (N, D) @ w (D)."""
    if len(factors) != 2 or len(over) != 1 or has_batch(over):
        return False
    short, long = sorted(factors, key=lambda f: len(f.axes))
    real = not any(isinstance(f, Delta) for f in factors)
    return real and short.axes == frozenset(over) < long.axes and b.steps[b.lower(long)].axes[-1] == over[0]


def _contracted(b: Builder, groups: list[Expr], over: Axes) -> int:
    """Pair by pair, the pair with the fewest axes in its result first."""
    while len(groups) > 1:
        pairs = [(i, j) for i in range(len(groups)) for j in range(i + 1, len(groups))]
        i, j = min(pairs, key=lambda pair: len(_pair_axes(groups, pair, over)))
        kept = _pair_axes(groups, (i, j), over)
        left, right = groups[i], groups[j]
        summed = b.sorted((left.axes | right.axes) - kept)
        product = contract(b, b.lower(left), b.lower(right), summed) if summed else b.lower(mul(left, right))
        groups = [b.handle(product), *(g for k, g in enumerate(groups) if k not in (i, j))]
    return b.lower(groups[0])


def _pair_axes(groups: list[Expr], pair: tuple[int, int], over: Axes) -> frozenset[str]:
    i, j = pair
    others = frozenset().union(*(g.axes for k, g in enumerate(groups) if k not in pair))
    return frozenset(a for a in groups[i].axes | groups[j].axes if a not in over or a in others)


def _with_deltas(b: Builder, how: str, inside: list[Expr], over: Axes) -> int:
    """A sum with one-hot factors: gather where the hot axis is summed, scatter where it is kept, dense where neither fits."""
    for delta in (f for f in inside if isinstance(f, Delta)):
        rest = [f for f in inside if f is not delta]
        if how == "mean":
            return b.lower(mul(Reduce("sum", mul(*inside), over), *(Pow(Size(a), INVERSE) for a in over)))
        if delta.axis in over and delta.axis not in delta.index.axes:
            moved = [read_hot(f, delta) for f in rest]
            if _selects_one(delta, rest):
                left = tuple(a for a in over if a != delta.axis)
                return b.lower(Reduce("sum", mul(*moved), left) if left else mul(*moved))
    scattered = lower_scatter(b, inside, over)
    return scattered if scattered is not None else _reduce(b, how, b.as_number(b.lower(mul(*inside))), over)


def _selects_one(delta: Delta, rest: list[Expr]) -> bool:
    """Whether summing along the hot axis picks exactly one position, or zero where another factor reads as zero outside."""
    return is_position(delta.index) or any(delta.axis in f.axes and not leaves(f, Delta) for f in rest)

"""From canonical polynomials back to expressions a person would write: factored, with means, inner products and branches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from derive.calculus import algebra as al
from derive.calculus import indices as ix
from derive.calculus.algebra import Factor, Mono, Poly
from derive.calculus.grouping import (
    as_product,
    best_factor,
    by_conditions,
    by_position,
    common_number,
    common_powers,
    known_branch,
    mean_mono,
    one_plus_exponential,
    shared,
    symbolic_powers,
    times_plain,
    with_means,
    with_whole_exponentials,
    without_implied,
)  # fmt: skip
from derive.calculus.shorter import together
from derive.calculus.squares import whole_square, without_square
from derive.language.nodes import (
    BATCH,
    MINUS_INFINITY,
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Add,
    Call,
    Compare,
    Const,
    Delta,
    Expr,
    Iota,
    Mul,
    Param,
    Pow,
    Reduce,
    Size,
    Where,
    add,
    at,
    base_axis,
    flatten,
    leaves,
    mul,
    power,
    where,
)  # fmt: skip
from derive.language.text import is_negative, opposite


@dataclass(frozen=True)
class Names:
    """What tensor names stand for, in the order in which products list them."""

    leaves: Mapping[str, Expr]

    def rank(self, name: str) -> int:
        return list(self.leaves).index(name)


def expression(p: Poly, names: Names) -> Expr:
    """The polynomial as a factored expression."""
    p = {with_whole_exponentials(m): c for m, c in p.items()}
    p = with_means(al.plus(*(dict([symbolic_powers(without_implied(m), c)]) for m, c in p.items())))
    if not p:
        return ZERO
    common = common_powers(p)
    always = next((f for f, _ in common if f[0] == "ind"), None)
    if always is not None:
        return _branches(p, always, names)
    if len(p) == 1:
        (mono, c), *_ = p.items()
        return _term(mono, c, names)
    number = common_number(p)
    inverse: Poly = {tuple((f, -e) for f, e in common): 1 / number}
    rest = times_plain(p, inverse)
    body = _split(rest, names)
    if not common and number == 1:
        return body
    outside = _factors(common, names)
    if isinstance(body, Where) and ZERO in (body.chosen, body.other):
        branches = (flatten(mul(Const(number), *outside, b)) for b in (body.chosen, body.other))
        return where(body.condition, *branches)
    return signed(number, [*outside, body])


def _split(p: Poly, names: Names) -> Expr:
    """A sum without common factors: by branch, else by shared factors, else term by term."""
    indicators = sorted({f for m in p for f, _ in m if f[0] == "ind"}, key=al.order)
    cases = [] if len({k for _, _, k in indicators}) == 1 else by_position(p) or by_conditions(p)
    if cases:
        return add(*_ordered([expression(part, names) for part in cases]))
    if indicators:
        return _branches(p, indicators[0], names)
    merged = _merge_reductions(p, names)
    if merged is not None:
        return merged
    product = as_product(p)
    if product is not None:
        return mul(*(expression(part, names) for part in product))
    best = best_factor(p)
    if best is not None:
        held = {m: c for m, c in p.items() if best in shared(m)}
        others = {m: c for m, c in p.items() if m not in held}
        return add(*_ordered([expression(held, names), expression(others, names)]))
    return add(*_ordered([_term(m, c, names) for m, c in _sorted_terms(p, names)]))


def _ordered(terms: list[Expr]) -> list[Expr]:
    return [t for t in terms if not is_negative(t)] + [t for t in terms if is_negative(t)]


def _sorted_terms(p: Poly, names: Names) -> list[tuple[Mono, Fraction]]:
    def rank(item: tuple[Mono, Fraction]) -> tuple[bool, int, int, str]:
        sums = sum(1 for f, _ in item[0] if f[0] in ("sum", "mean", "red"))
        return (not item[0] and item[1] != 1, sums, len(item[0]), al.order(item[0]))

    return sorted(p.items(), key=rank)


def _branches(p: Poly, indicator: Factor, names: Names) -> Expr:
    """Terms with and without an indicator, as where(condition, both, without)."""
    chosen: Poly = {}
    other: Poly = {}
    for m, c in p.items():
        rest = tuple(fe for fe in m if fe[0] != indicator)
        chosen[rest] = chosen.get(rest, Fraction(0)) + c
        if len(rest) == len(m):
            other[rest] = other.get(rest, Fraction(0)) + c
    _, op, k = indicator
    chosen = {m: c for m, c in known_branch(chosen, op, k, True).items() if c}
    other = known_branch(other, op, k, False)
    condition, yes, no = _condition(op, al.poly(k), names), *(expression(together(b), names) for b in (chosen, other))
    if is_negative(yes) and is_negative(no):
        return mul(MINUS_ONE, where(condition, opposite(yes), opposite(no)))
    return where(condition, yes, no)


def _condition(op: str, p: Poly, names: Names) -> Expr:
    """p > 0 with what is negative on the other side, and no needless factor."""
    left = {m: c for m, c in p.items() if c > 0}
    right = al.scale({m: c for m, c in p.items() if c < 0}, -1)
    return Compare(op, expression(left, names), expression(right, names))


def _merge_reductions(p: Poly, names: Names) -> Expr | None:
    """Sums over the same indices with the same cofactor, as one sum of a sum."""
    groups: dict[tuple[str, Mono, tuple[tuple[int, str], ...]], list[tuple[Mono, Fraction, Factor]]] = {}
    for m, c in p.items():
        for f, e in m:
            if f[0] in ("sum", "mean") and e == 1:
                rest = tuple(fe for fe in m if fe[0] != f)
                groups.setdefault((f[0], rest, f[1]), []).append((m, c, f))
    found = next((g for g in groups.items() if len(g[1]) > 1), None)
    if found is None:
        return None
    (kind, rest, bound), members = found
    inner: Poly = {f[2]: c for _, c, f in members}
    axes, opened = _open(bound, inner)
    reduced = Reduce(kind, expression(opened, names), axes)
    others = {m: c for m, c in p.items() if m not in [x[0] for x in members]}
    term = mul(*_factors(rest, names), reduced)
    return add(*_ordered([_split(others, names), term])) if others else term


# ---- one term -----------------------------------------------------------------------------------------------------


def _term(mono: Mono, c: Fraction, names: Names) -> Expr:
    return signed(c, _factors(mono, names))


def signed(c: Fraction, factors: list[Expr]) -> Expr:
    """A number times factors; a minus goes into a factor x - 1, which becomes 1 - x."""
    for i, f in enumerate(factors):
        turned = _one_less(f) if c < 0 else None
        if turned is not None:
            return mul(Const(-c), *factors[:i], turned, *factors[i + 1 :])
    return mul(Const(c), *factors)


def _one_less(f: Expr) -> Expr | None:
    """(1 - x)^n for (x - 1)^n, n odd; not where x counts something: N - 1 is read as it stands."""
    base, e = (f.base, f.exponent) if isinstance(f, Pow) else (f, ONE)
    if not isinstance(base, Add) or not isinstance(e, Const) or e.value.denominator != 1 or e.value % 2 == 0:
        return None
    numbers = [t for t in base.args if isinstance(t, Const)]
    rest = [t for t in base.args if not isinstance(t, Const)]
    if len(numbers) != 1 or numbers[0].value >= 0 or any(is_negative(t) for t in rest) or any(leaves(t, Size) for t in rest):
        return None
    return power(add(Const(-numbers[0].value), *(mul(MINUS_ONE, t) for t in rest)), e)


def _factors(mono: Mono, names: Names) -> list[Expr]:
    """The factors of a product in reading order: numbers, parameters, tensors from few axes to many, reductions."""
    mono, sign = symbolic_powers(mono, Fraction(1))
    mono, atoms = _fold_atoms(mean_mono(mono), names)
    mono, sizes = _fold_absolute(mono, names)
    atoms = [*sizes, *atoms]
    exponent = [(f, e) for f, e in mono if f[0] == "exp"]
    rest = [(f, e) for f, e in without_implied(mono) if f[0] != "exp"]
    rest.sort(key=lambda fe: _reading_order(fe[0], fe[1], names))
    result = [factor for f, e in rest for factor in _powers(f, e, names)]
    if exponent:
        inside: Poly = {}
        for f, e in exponent:
            inside = al.plus(inside, {f[1]: e})
        result.append(Call("exp", (expression(inside, names),)))
    return [*([Const(sign)] if sign != 1 else []), *result, *atoms]


KINDS = ("num", "param", "size", "t", "call", "pow", "sym", "iota", "inr", "delta", "ind", "mean", "sum", "red")


def _reading_order(f: Factor, e: Fraction, names: Names) -> tuple[object, ...]:
    if f[0] == "t":
        leaf = names.leaves[f[1]]
        return (KINDS.index("t"), len(leaf.axes - {BATCH}), names.rank(f[1]), al.order(f))
    return (KINDS.index(f[0]), 0, 0, al.order(f))


def _fold_atoms(mono: Mono, names: Names) -> tuple[Mono, list[Expr]]:
    """E^j (1 + E)^-k as sigmoids, and the normal density."""
    exponents = dict(mono)
    atoms: list[Expr] = []
    for f in sorted([f for f in exponents if f[0] == "pow"], key=al.order):
        u = one_plus_exponential(f[1])
        k = -exponents[f]
        if u is None or k.denominator != 1 or k <= 0:
            continue
        ratios = {exponents.get(("exp", m), Fraction(0)) / e for m, e in u.items()}
        j = ratios.pop()
        if ratios or j.denominator != 1 or not 0 <= j <= k:
            continue
        argument, mirrored = expression(u, names), expression(al.scale(u, -1), names)
        atoms += [power(Call("sigmoid", (argument,)), Const(j))] if j else []
        atoms += [power(Call("sigmoid", (mirrored,)), Const(k - j))] if k - j else []
        for m in u:
            exponents.pop(("exp", m), None)
        exponents.pop(f)
    return _fold_density(exponents, atoms, names)


def _fold_absolute(mono: Mono, names: Names) -> tuple[Mono, list[Expr]]:
    """x sign(x) as abs(x)."""
    exponents = dict(mono)
    found: list[Expr] = []
    for f in [f for f, e in mono if f[:2] == ("call", "sign") and e == 1]:
        (inside, c), *more = f[2][0]
        base = inside[0][0] if len(inside) == 1 and c == 1 and not more else None
        if base is not None and exponents.get(base, Fraction(0)) >= 1:
            found.append(Call("abs", (_factor(base, names),)))
            exponents[base] -= 1
            del exponents[f]
    return tuple((f, exponents[f]) for f, _ in mono if exponents.get(f)), found


def _fold_density(exponents: dict[Factor, Fraction], atoms: list[Expr], names: Names) -> tuple[Mono, list[Expr]]:
    """exp(-x^2/2)/sqrt(2 pi), which the calculus writes with sqrt(2)/2 in front, as the density; whole squares stay whole."""
    pi_ = ("call", "pi", ())
    is_density = exponents.get(pi_) == Fraction(-1, 2)
    found = whole_square(exponents)
    if found is not None:
        c, root = found
        exponents = without_square(exponents, c, root)
        if not is_density or c != Fraction(-1, 2):
            atoms = [*atoms, Call("exp", (mul(Const(c), power(expression(root, names), TWO)),))]
            return _in_order(exponents), atoms
        return _in_order(_without_root_of_two_pi(exponents)), [*atoms, Call("normal_pdf", (expression(root, names),))]
    for f in sorted([f for f in exponents if f[0] == "exp"], key=al.order):
        square = f[1]
        whole = square and all(e.denominator == 1 and e % 2 == 0 for _, e in square)
        if whole and exponents[f] == Fraction(-1, 2) and is_density:
            half = tuple((g, e / 2) for g, e in square)
            exponents = _without_root_of_two_pi({g: e for g, e in exponents.items() if g != f})
            atoms = [*atoms, Call("normal_pdf", (expression({half: Fraction(1)}, names),))]
            break
    return _in_order(exponents), atoms


def _in_order(exponents: Mapping[Factor, Fraction]) -> Mono:
    return tuple(sorted(exponents.items(), key=lambda item: al.order(item[0])))


def _without_root_of_two_pi(exponents: dict[Factor, Fraction]) -> dict[Factor, Fraction]:
    two = exponents.get(("num", 2), Fraction(0)) + Fraction(1, 2)
    rest = {g: e for g, e in exponents.items() if g not in (("call", "pi", ()), ("num", 2))}
    return {**rest, ("num", 2): two} if two else rest


def _powers(f: Factor, e: Fraction, names: Names) -> tuple[Expr, ...]:
    """A power, as factors: what a sum is multiplied by leaves a whole one, ((a + b)/2)^-1 is 2 (a + b)^-1."""
    base = _factor(f, names)
    if e.denominator == 1 and isinstance(base, Mul) and isinstance(base.args[0], Const):
        return Const(base.args[0].value ** int(e)), power(mul(*base.args[1:]), Const(e))
    return (power(base, Const(e)),)


def _factor(f: Factor, names: Names) -> Expr:
    match f:
        case ("t", name, index):
            leaf = names.leaves[name]
            moved = {a: _index(i, names) for a, i in index if i != ("f", a)}
            return at(leaf, moved) if moved else leaf
        case ("param", name, _):
            return Param(name)
        case ("size", axis):
            return Size(axis)
        case ("num", prime):
            return Const(Fraction(prime))
        case ("iota", index):
            return Iota(index[1])
        case ("pow", k):
            return expression(al.poly(k), names)
        case ("sym", k, exponent):
            return power(expression(al.poly(k), names), expression(al.poly(exponent), names))
        case ("call", "log", ((),)):
            return MINUS_INFINITY
        case ("call", fn, arguments):
            return Call(fn, tuple(expression(al.poly(k), names) for k in arguments))
        case ("ind", op, k):
            return where(_condition(op, al.poly(k), names), 1, 0)
        case ("delta", i, j):
            axis, other = (i, j) if i[0] == "f" else (j, i)
            if axis[0] == "f" and other[0] == "f" and axis[1] > other[1]:
                axis, other = other, axis
            return Delta(axis[1], _index(other, names))
        case ("inr", axis, index):
            position = _index(index, names)
            return mul(where(position >= 0, 1, 0), where(position < Size(axis), 1, 0))
        case ("sum" | "mean" as kind, bound, mono):
            return _reduction(kind, bound, mono, names)
        case ("red", how, bound, k):
            axes, opened = _open(bound, al.poly(k))
            return Reduce(how, expression(opened, names), axes)
    raise TypeError(f"no expression for {f}")


def _index(i: al.Index, names: Names) -> Expr:
    return Iota(i[1]) if i[0] == "f" else expression(al.poly(i[1]), names)


def _open(bound: tuple[tuple[int, str], ...], p: Poly) -> tuple[tuple[str, ...], Poly]:
    """Bound indices as readable axes: one along which arrays are read there, best the axis without primes; else it, primed."""
    taken = {i[1] for m in p for i in ix.free(m) if i[0] == "f"}
    mapping: dict[al.Index, al.Index] = {}
    axes = []
    for k, axis in bound:
        own = _axes_read_at(("b", k, axis), p)
        name = axis if axis in own or not own else min(own, key=lambda a: (a in taken, len(a), a))
        while name in taken:
            name += "'"
        taken.add(name)
        axes.append(name)
        mapping[("b", k, axis)] = ("f", name)
    return tuple(axes), ix.replace(p, mapping)


def _axes_read_at(index: al.Index, item: object) -> set[str]:
    """The axes of arrays that an index is a position along, as it stands."""
    if not isinstance(item, (tuple, dict)):
        return set()
    if isinstance(item, tuple) and len(item) == 3 and item[0] == "t":
        return {axis for axis, i in item[2] if i == index and base_axis(axis) == index[2]}
    return set().union(*(_axes_read_at(index, part) for part in item))


def _reduction(kind: str, bound: tuple[tuple[int, str], ...], mono: Mono, names: Names) -> Expr:
    """A sum of products; over several indices, the one that touches least is summed first. Beside a one-hot that keeps its axis
    all are summed at once: it says where each product is added, and sums of its own would spread it along that axis."""
    axes, opened = _open(bound, {mono: Fraction(1)})
    (body, c), *_ = opened.items()
    left = list(axes)
    terms: list[tuple[Expr, frozenset[str]]] = [(e, e.axes) for e in _factors(body, names)]
    if any(isinstance(e, Delta) and e.axis not in axes and x & set(axes) for e, x in terms):
        return mul(*([Const(c)] if c != 1 else []), Reduce(kind, mul(*(e for e, _ in terms)), axes))
    while left:
        union = {a: frozenset().union(*(x for _, x in terms if a in x)) for a in left}
        axis = min(left, key=lambda a: (len(union[a]), axes.index(a)))
        outside = [x for e, x in terms if axis not in x and x & set(left)]
        together = left if not outside else [a for a in left if _holders(a, terms) == _holders(axis, terms)]
        inner = [e for e, x in terms if axis in x]
        reduced = Reduce(kind, mul(*inner), tuple(together))
        terms = [(e, x) for e, x in terms if axis not in x] + [(reduced, reduced.axes)]
        left = [a for a in left if a not in together]
    return mul(*([Const(c)] if c != 1 else []), *(e for e, _ in terms))


def _holders(axis: str, terms: list[tuple[Expr, frozenset[str]]]) -> list[int]:
    return [i for i, (_, x) in enumerate(terms) if axis in x]

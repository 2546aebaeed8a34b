"""Element-wise regions: which parts of a tree are rewritten together, and the walk that does it.

A sum or product falls into groups: what shares a variable with an exponential belongs to it (x in x * sigmoid(x), the 1 in
1 - tanh(x)^2), the rest stays as it is written. Each group of one exponential is read as a fraction and written in its
stable form; a group of several is taken apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from derive.language.nodes import (
    ONE,
    Add,
    At,
    Call,
    Const,
    Delta,
    Expr,
    Input,
    Mul,
    Pow,
    Reduce,
    Ref,
    Where,
    add,
    mul,
    substitute,
    transform,
    walk,
    where,
)
from derive.language.text import is_negative, opposite, tree_size
from derive.language.work import TooLarge, at_most
from derive.numerics.alphabet import Alphabet, constant_expr
from derive.numerics.choices import Facts, choice, resolved, signs
from derive.numerics.positive import logs_of_factors
from derive.numerics.reading import EXPONENTIALS, has_exponential, is_readable, log1p_where_due, nested, read
from derive.numerics.roots import with_root_at_zero, with_roots
from derive.numerics.scope import ATOMS, Scope, atoms, expanded, is_argument, is_element_wise
from derive.numerics.writing import written

SHORTER = 3  # how many times longer a form of several parts may be than the parts by themselves
WORK, LEAST = 40_000, 200  # products of terms that finding the form of one let may take (twice the longest known), and of a small part


def affordable(e: Expr, scope: Scope, work: int = WORK) -> Expr:
    """The stable form of an expression. Where that takes too long to find, the node stays as it is over stable children, for
    which there is a quarter of the time."""
    try:
        with at_most(work):
            return rewritten(e, scope)
    except TooLarge:
        return e.rebuild(tuple(affordable(c, scope, work // 4) for c in e.children)) if e.children and work > LEAST else e


def rewritten(e: Expr, scope: Scope, facts: Facts = ()) -> Expr:
    """The stable form of an expression, the given conditions being known to hold or not."""
    if not e.children or _named(e):
        return e
    if isinstance(e, Where):
        return choice(e, facts, scope.positive, lambda branch, known: rewritten(branch, scope, known))
    if isinstance(e, (Add, Mul)):
        return _grouped(e, scope, facts)
    if is_element_wise(e) and _touches(e, scope) and is_readable(e):
        return _unit(e, scope, facts)
    return _plain(e, scope, facts)


def _named(e: Expr) -> bool:
    """Whether it is a let or a power of one."""
    return isinstance(e, Pow) and isinstance(e.base, Ref) and isinstance(e.exponent, Const) and e.exponent.value > 0


def _touches(e: Expr, scope: Scope) -> bool:
    """Whether exponentials occur in the tree or in a let it names."""
    return has_exponential(e) or any(n in scope.exponentials for n in walk(e))


def _plain(e: Expr, scope: Scope, facts: Facts) -> Expr:
    """The same node over stable children; the logarithm of a sum with 1 is log1p."""
    moved = isinstance(e, (Reduce, At, Delta))
    return log1p_where_due(e.rebuild(tuple(rewritten(c, scope, () if moved else facts) for c in e.children)))


def _sum_at_zero(e: Expr) -> Expr:
    """A sum without exponentials whose terms cancel, with local forms: at 0 where it holds curves, at all roots of a polynomial."""
    if not isinstance(e, Add) or not is_element_wise(e) or len(atoms(e)) != 1 or not e.axes:
        return e
    if len(e.args) > 2 and all(isinstance(n, (Const, Add, Mul, Pow, *ATOMS)) for n in walk(e)):
        return with_roots(e, e)
    return with_root_at_zero(e)


@dataclass
class _Group:
    """Arguments that are rewritten together: their places, the variables of their exponentials, whether there are any."""

    places: list[int]
    variables: frozenset[Expr]
    exponential: bool


def _grouped(e: Expr, scope: Scope, facts: Facts) -> Expr:
    groups = _groups(e, scope)
    if len(groups) == 1 and groups[0].exponential:
        return _unit(e, scope, facts)
    build = add if isinstance(e, Add) else mul
    parts: list[Expr] = []
    for group in groups:
        members = [e.children[i] for i in group.places]
        if group.exponential and len(members) > 1:
            parts.append(_unit(build(*members), scope, facts))
        else:
            parts.extend(rewritten(m, scope, facts) for m in members)
    result = build(*parts)
    return result if any(g.exponential for g in groups) else _sum_at_zero(result)


def _groups(e: Expr, scope: Scope) -> list[_Group]:
    """The arguments in groups, in order of first appearance."""
    groups: list[_Group] = []
    for i, arg in enumerate(e.children):
        if is_element_wise(arg) and _touches(arg, scope) and not _wider(arg, scope):
            found = _Group([i], atoms(expanded(arg, scope.exponentials, scope.arguments)), True)
            for other in [g for g in groups if g.variables & found.variables]:
                groups.remove(other)
                found = _Group([*other.places, *found.places], other.variables | found.variables, True)
            groups.append(found)
    for i, arg in enumerate(e.children):
        home = next((g for g in groups if g.exponential and i not in g.places and _belongs(arg, e, g, groups)), None)
        if home:
            home.places.append(i)
        elif not any(i in g.places for g in groups):
            groups.append(_Group([i], frozenset(), False))
    for g in groups:
        g.places.sort()
    return sorted(groups, key=lambda g: g.places[0])


def _wider(e: Expr, scope: Scope) -> bool:
    """Whether it holds exponentials only through names, over more axes than theirs: then the names stay."""
    named = [n for n in walk(e) if n in scope.exponentials]
    return bool(named) and not has_exponential(e) and not e.axes <= frozenset().union(*(n.axes for n in named))


def _belongs(arg: Expr, e: Expr, group: _Group, groups: list[_Group]) -> bool:
    """Whether an argument without exponentials is rewritten with a group that has them."""
    if any(arg is e.children[i] for g in groups if g.exponential for i in g.places) or not is_element_wise(arg):
        return False
    own = atoms(arg)
    if isinstance(e, Mul):
        return bool(own) and own <= group.variables and (is_argument(arg) or _power_of_leaf(arg))
    alone = sum(g.exponential for g in groups) == 1
    return bool(own & group.variables) or (alone and (constant_expr(arg) or _differ(arg, e, group)))


def _differ(arg: Expr, e: Expr, group: _Group) -> bool:
    """Whether a leaf and one term of exponentials have opposite signs: where the term saturates, they may cancel (p - t)."""
    if len(group.places) != 1:
        return False
    term = e.children[group.places[0]]
    leaf = opposite(arg) if is_negative(arg) else arg
    return isinstance(leaf, Input) and is_negative(arg) != is_negative(term)


def _power_of_leaf(e: Expr) -> bool:
    return isinstance(e, ATOMS) or (isinstance(e, Pow) and isinstance(e.base, ATOMS) and isinstance(e.exponent, Const))


def _unit(e: Expr, scope: Scope, facts: Facts) -> Expr:
    """The stable form of an element-wise tree whose exponentials belong together."""
    if isinstance(e, Call) and e.fn in ("normal_cdf", "erf") and not _touches(e.args[0], scope):
        return _plain(e, scope, facts)
    body = resolved(expanded(e, scope.exponentials, scope.arguments), facts)
    split = next((n for n in walk(body) if isinstance(n, Where) and has_exponential(n)), None)
    if split is not None:
        branches = (substitute(body, {split: b}) for b in (split.chosen, split.other))
        return rewritten(where(split.condition, *branches), scope, facts)

    def opaque(part: Expr) -> Expr:
        return scope.named[part] if part in scope.named else rewritten(part, scope, facts)

    known = scope.signs | signs(facts)
    families = _families(e, scope)
    if len(families) > 1:
        build = add if isinstance(e, Add) else mul
        apart = build(*(_unit(build(*f), scope, facts) if len(f) > 1 else rewritten(f[0], scope, facts) for f in families))
        return with_roots(apart, body) if isinstance(e, Add) and len(atoms(body)) == 1 else apart
    for focus in dict.fromkeys((frozenset[Expr](), nested(body))):
        book = Alphabet(opaque, signs=known, focus=focus, largest=scope.largest)
        form = written(read(body, book), book)
        if form is not None:
            break
    else:
        logs = logs_of_factors(e, scope.positive)
        return _plain(e, scope, facts) if logs is None else rewritten(logs, scope, facts)
    if isinstance(e, Call) and e.fn == "exp" and isinstance(form.inside, Call) and form.inside.fn == "exp":
        return _plain(e, scope, facts)
    return _if_short(mul(form.outside, with_roots(form.inside, form.exact)), e, scope, facts)


def _if_short(together: Expr, e: Expr, scope: Scope, facts: Facts) -> Expr:
    """What was written together; or where that is much longer, what it is with its tame parts by themselves: a/s^2 - log(s), with s the
    logarithm of exponentials, is no page-long fraction over s^2."""
    tame = [a for a in (e.children if isinstance(e, (Add, Mul)) else (e,)) if _is_tame(a, scope)]
    apart = together
    if isinstance(e, Mul) and tame:
        apart = mul(*(rewritten(a, scope, facts) for a in tame), rewritten(mul(*(a for a in e.args if a not in tame)), scope, facts))
    elif isinstance(e, Add) and _cannot_cancel(e, tame, scope):
        apart = add(*(_plain(a, scope, facts) for a in e.args))
    elif isinstance(e, (Call, Pow)) and tame:
        apart = _plain(e, scope, facts)
    return apart if SHORTER * tree_size(apart) < tree_size(together) else together


def _is_tame(e: Expr, scope: Scope) -> bool:
    """Whether it holds exponentials through names alone, and those have them in logarithms: they neither overflow nor vanish in tails."""
    inside = e.args[0] if isinstance(e, Call) and e.fn == "exp" else e
    named = [scope.exponentials[n] for n in walk(inside) if n in scope.exponentials]
    plain = [transform(m, lambda n: ONE if isinstance(n, Call) and n.fn == "log" else n) for m in named]
    return bool(named) and not any(map(has_exponential, (inside, *plain)))


def _cannot_cancel(e: Add, tame: list[Expr], scope: Scope) -> bool:
    """Whether a sum is of tame terms alone, or of such with other variables in them and constants."""
    rest = [a for a in e.args if a not in tame]
    return bool(tame) and all(constant_expr(a) for a in rest) and (not rest or all(_holds_more(a, scope) for a in tame))


def _holds_more(e: Expr, scope: Scope) -> bool:
    """Whether there are variables in it beside those of its exponentials."""
    meaning = expanded(e, scope.exponentials, scope.arguments)
    return bool(atoms(meaning) - frozenset().union(*(atoms(n) for n in walk(meaning) if isinstance(n, Call) and n.fn in EXPONENTIALS)))


def _families(e: Expr, scope: Scope) -> list[list[Expr]]:
    """The arguments of a sum or product of several exponentials: those that share one together, lets and others by themselves.

    One family, when all the exponentials are the same, or one term stands beside numbers: 1 - exp(-exp(x)).
    """
    args = e.args if isinstance(e, (Add, Mul)) else (e,)
    bases = [_bases(a, scope) for a in args]
    numbers = [a for a in args if constant_expr(a)]
    if len(frozenset().union(*bases)) < 2 or (isinstance(e, Add) and len(args) == len(numbers) + 1):
        return [list(args)]
    families: list[tuple[frozenset[Expr], list[Expr]]] = []
    for arg, own in zip(args, bases, strict=True):
        own = frozenset() if isinstance(arg, Ref) or _named(arg) else own
        members = [arg]
        for other in [f for f in families if f[0] & own]:
            families.remove(other)
            own, members = own | other[0], [*other[1], *members]
        families.append((own, members))
    return [members for _, members in families]


def _bases(e: Expr, scope: Scope) -> frozenset[Expr]:
    """The exponentials that an element-wise tree is made of."""
    if not (is_element_wise(e) and _touches(e, scope)):
        return frozenset()
    book = Alphabet(lambda part: part, signs=scope.signs)
    read(expanded(e, scope.exponentials, scope.arguments), book)
    return frozenset(book.expr(k) for k in book.exps)

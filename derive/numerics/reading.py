"""An element-wise expression read as an exact fraction of polynomials in its leaves, exponentials and logarithms."""

from __future__ import annotations

from fractions import Fraction

from derive.language.nodes import ONE as ONE_EXPR
from derive.language.nodes import Add, Call, Const, Expr, Input, Mul, Param, Pow, Ref, Size, add, flatten, leaves, mul, power, walk
from derive.numerics.alphabet import Alphabet, constant_root, distribution, exponential, logarithm, spell
from derive.numerics.polynomial import ONE, Poly, constant, letter, letters, minus, plus, raised, scaled, times
from derive.numerics.ratio import Ratio, number, primitive, product, raised_ratio, reduced, split, total

EXPONENTIALS = ("exp", "normal_cdf", "erf")
LEAVES = (Input, Param, Ref, Size)
HALF = Fraction(1, 2)


def has_exponential(e: Expr) -> bool:
    """Whether an exponential, or a function made of one, occurs in the tree."""
    return any(isinstance(n, Call) and n.fn in EXPONENTIALS for n in walk(e))


def is_readable(e: Expr) -> bool:
    """Whether the outermost operation is one that `read` looks into; of others (sin, abs) the argument is made stable."""
    return not isinstance(e, Call) or e.fn in SPECIAL


def coefficient(e: Expr) -> tuple[Fraction, Expr]:
    """The number in front of a product, and the rest."""
    if isinstance(e, Mul) and isinstance(e.args[0], Const):
        return e.args[0].value, mul(*e.args[1:])
    return Fraction(1), e


def nested(e: Expr) -> frozenset[Expr]:
    """The exponentials of arguments that hold exponentials themselves."""
    return frozenset(n for n in walk(e) if isinstance(n, Call) and n.fn == "exp" and has_exponential(n.args[0]))


def read(e: Expr, book: Alphabet) -> Ratio:
    """The exact fraction that equals the expression; what has no such form becomes a letter, in its stable form."""
    if book.focus and has_exponential(e) and not any(n in book.focus for n in walk(e)):
        front, rest = coefficient(e)
        factors = rest.args if isinstance(rest, Mul) else (rest,)
        given = [f for f in factors if isinstance(f, Param)]
        return product([number(front), *(read(f, book) for f in given), _opaque(mul(*(f for f in factors if f not in given)), book)])
    match e:
        case Const(value):
            return number(value)
        case Add(args):
            return total(read(a, book) for a in args)
        case Mul(args):
            return product(read(a, book) for a in args)
        case Pow(base, Const(n)):
            return _power(base, n, book)
        case Pow(base, exponent) if has_exponential(base) or has_exponential(exponent):
            pieces = (book.opaque(c) if has_exponential(c) else c for c in (base, exponent))
            return Ratio(letter(book.number(power(*pieces))))
        case Call("pi", ()):
            return Ratio(letter(-1))
        case Call(fn, (arg,)) if fn in SPECIAL:
            return SPECIAL[fn](arg, book)
    return _opaque(e, book)


def _opaque(e: Expr, book: Alphabet) -> Ratio:
    return Ratio(letter(book.number(book.opaque(e))))


def _over_opaque(fn: str, arg: Expr, book: Alphabet) -> Ratio:
    """A function of the stable form of its argument."""
    return Ratio(letter(book.number(log1p_where_due(Call(fn, (book.opaque(arg),))))))


def log1p_where_due(e: Expr) -> Expr:
    """The logarithm of a sum with 1 as log1p, anything else as it is."""
    match e:
        case Call("log", (Add(terms),)) if ONE_EXPR in terms:
            return Call("log1p", (add(*(t for t in terms if t != ONE_EXPR)),))
    return e


def _power(base: Expr, n: Fraction, book: Alphabet) -> Ratio:
    if isinstance(base, LEAVES):
        return Ratio(letter(book.number(base), n))
    if n > 1 and _holds_others(base):
        return Ratio(letter(book.number(book.opaque(base)), n))
    if has_exponential(base) and n.denominator == 1:
        return raised_ratio(read(base, book), int(n))
    if isinstance(base, Add) or has_exponential(base):
        return Ratio(letter(book.number(book.opaque(base)), n))
    inner = read(base, book)
    if n.denominator == 1 and not inner.bottom and len(inner.top.terms) == 1:
        return Ratio(raised(inner.top, int(n)))
    known = _constant_power(inner, n, book)
    return known or _opaque(power(base, Const(n)), book)


def _holds_others(e: Expr) -> bool:
    """Whether exponentials stand beside a term in other variables: (p - t)^2, multiplied out, would cancel where they meet."""
    if not isinstance(e, Add) or not has_exponential(e):
        return False
    inside = frozenset(v for n in walk(e) if isinstance(n, Call) and n.fn in EXPONENTIALS for v in leaves(n, *LEAVES))
    return any(not has_exponential(t) and not inside.issuperset(leaves(t, *LEAVES)) for t in e.args)


def _constant_power(inner: Ratio, n: Fraction, book: Alphabet) -> Ratio | None:
    """A positive constant of one term, to a rational power."""
    if inner.bottom or len(inner.top.terms) != 1 or not book.is_constant(inner.top):
        return None
    ((monomial, c),) = inner.top.terms
    if c <= 0 or any(k > 0 for k, _ in monomial):
        return None
    result = constant_root(c, n)
    for k, e in monomial:
        result = times(result, letter(k, e * n))
    return Ratio(result)


def _exp(arg: Expr, book: Alphabet) -> Ratio:
    inner = read(arg, book)
    whole, rest = _split_logs(inner.top, book)
    if inner.bottom or book.is_special(rest):
        size = inner.top.terms[0][1]
        base = Ratio(scaled(inner.top, 1 / size), inner.bottom)
        if base not in book.nested:
            book.nested[base] = book.number(book.opaque(flatten(mul(Const(1 / size), arg))))
        return Ratio(exponential(scaled(letter(book.nested[base]), size), book))
    powers = [raised_ratio(reduced(f, ()), n) for f, n in whole]
    return product([Ratio(exponential(rest, book)), *powers])


def _split_logs(p: Poly, book: Alphabet) -> tuple[list[tuple[Poly, int]], Poly]:
    """The terms n * log(f) with whole n, as pairs (f, n), and the other terms."""
    found: list[tuple[Poly, int]] = []
    rest = p
    for monomial, c in p.terms:
        if len(monomial) == 1 and monomial[0][1] == 1 and monomial[0][0] in book.logs and c.denominator == 1:
            found.append((book.logs[monomial[0][0]], int(c)))
            rest = minus(rest, scaled(letter(monomial[0][0]), c))
    return found, rest


def _log(arg: Expr, book: Alphabet) -> Ratio:
    if not has_exponential(arg):
        return _opaque(Call("log", (arg,)), book)
    inner = read(arg, book)
    if not inner.top:
        return _over_opaque("log", arg, book)
    term, rest = primitive(inner.top)
    factors = [*(split(rest, [f for f, _ in inner.bottom]) if rest != ONE else ()), *((f, -n) for f, n in inner.bottom)]
    logs = [_log_term(term, book), *(_log_factor(f, n, book) for f, n in factors)]
    if any(part is None for part in logs):
        return _one_minus(term, factors, book) or _over_opaque("log", arg, book)
    return Ratio(plus(*(part for part in logs if part is not None)))


def _log_term(term: Poly, book: Alphabet) -> Poly | None:
    """log of a coefficient times powers: log of a number, u for each exp(u), log of each other letter."""
    ((monomial, c),) = term.terms
    if c <= 0 or any(k in book.logs for k, _ in monomial):
        return None
    parts = [letter(book.number(Call("log", (Const(c),))))] if c != 1 else []
    for k, e in monomial:
        parts.append(scaled(book.exps[k] if k in book.exps else logarithm(letter(k), book), e))
    return plus(*parts)


def _log_factor(f: Poly, n: int, book: Alphabet) -> Poly | None:
    """n log(f) for a polynomial with positive coefficients in one exponential, or a positive number such as pi."""
    known = letters(f)
    if book.is_constant(f) and all(k < 0 for k in known) and all(c > 0 for _, c in f.terms):
        return scaled(logarithm(f, book), Fraction(n))
    if len(known) == 1 and known[0] in book.exps and all(c > 0 for _, c in f.terms):
        return scaled(logarithm(f, book), Fraction(n))
    return None


def _one_minus(term: Poly, factors: list[tuple[Poly, int]], book: Alphabet) -> Ratio | None:
    """log(1 - exp(a)) as log1mexp(-a), log(exp(a) - 1) as a + log1mexp(a), times positive factors."""
    ((_, c),) = term.terms
    odd = [(f, n) for f, n in factors if _log_factor(f, n, book) is None]
    if len(odd) != 1 or odd[0][1] != 1 or len(odd[0][0].terms) != 2:
        return None
    ((empty, one), (power_, coefficient)) = odd[0][0].terms
    if empty != () or one != 1 or coefficient != -1 or len(power_) != 1 or power_[0][0] not in book.exps:
        return None
    sign = 1 if c < 0 else -1
    a = scaled(book.exps[power_[0][0]], power_[0][1])
    part = letter(book.number(Call("log1mexp", (spell(scaled(a, Fraction(sign)), book),))))
    if sign > 0:
        part = plus(part, a)
    positive = _log_term(scaled(term, Fraction(-sign)), book)
    others = [_log_factor(f, n, book) for f, n in factors if (f, n) != odd[0]]
    return None if positive is None else Ratio(plus(part, positive, *(o for o in others if o is not None)))


def _normal_cdf(arg: Expr, book: Alphabet) -> Ratio:
    return _distribution(read(arg, book), "normal_cdf", arg, book)


def _erf(arg: Expr, book: Alphabet) -> Ratio:
    root_two = Ratio(constant_root(Fraction(2), HALF))
    v = product([root_two, read(arg, book)])
    if not _is_plain(v, book):
        return _over_opaque("erf", arg, book)
    inside = _distribution(v, "normal_cdf", arg, book)
    return total([product([number(Fraction(2)), inside]), number(Fraction(-1))])


def _is_plain(v: Ratio, book: Alphabet) -> bool:
    return bool(v.top) and not v.bottom and not book.is_special(v.top)


def _distribution(v: Ratio, fn: str, arg: Expr, book: Alphabet) -> Ratio:
    if not _is_plain(v, book):
        return _over_opaque(fn, arg, book)
    if v.top.terms[0][1] > 0:
        return Ratio(distribution(v.top, book))
    return Ratio(minus(constant(Fraction(1)), distribution(scaled(v.top, Fraction(-1)), book)))


SPECIAL = {"exp": _exp, "log": _log, "normal_cdf": _normal_cdf, "erf": _erf}

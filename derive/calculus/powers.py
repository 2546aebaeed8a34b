"""Powers, exponentials, logarithms and indicators of polynomials, each brought to one canonical form."""

from __future__ import annotations

from fractions import Fraction

from sympy import factorint

from derive.calculus.algebra import (
    NONE,
    Factor,
    Mono,
    Poly,
    anonymous,
    constant,
    factor,
    from_exponents,
    key,
    leading,
    minus,
    order,
    orientation,
    plus,
    poly,
    product,
    scale,
    times,
)  # fmt: skip
from derive.language.memory import remembered
from derive.language.work import TooLarge

POSITIVE_CALLS = ("normal_cdf", "pi")


@remembered(100_000)
def positive(f: Factor) -> bool:
    """Whether a factor is positive wherever the definition has a meaning."""
    match f:
        case ("size", _) | ("num", _):
            return True
        case ("exp", mono):  # x^n is written exp(n log(x)), and may be negative
            return all(_positive_log(g) for g, _ in mono)
        case ("param", _, "positive"):
            return True
        case ("call", fn, _):
            return fn in POSITIVE_CALLS
        case ("sum", _, mono):
            return positive_mono(mono)
        case ("pow", k):
            return all(c > 0 and positive_mono(m) for m, c in k)
    return False


def _positive_log(f: Factor) -> bool:
    return f[:2] != ("call", "log") or all(c > 0 and positive_mono(m) for m, c in f[2][0])


def positive_mono(mono: Mono) -> bool:
    """Whether a product of powers is positive: each factor is, or stands in a denominator under a root."""
    return all(positive(f) or (e.denominator != 1 and e < 0) for f, e in mono)


def _not_negative(mono: Mono) -> bool:
    """Whether a product of powers is never below 0: positions count from 0, and even powers and square roots are none."""
    return all(positive(f) or f[0] == "iota" or e.numerator % 2 == 0 or e.denominator % 2 == 0 for f, e in mono)


def power(p: Poly, e: Fraction) -> Poly:
    """The e-th power, e rational."""
    if e == 0:
        return constant(1)
    if not p:
        if e > 0:
            return {}
        raise ZeroDivisionError("zero to a negative power")
    if len(p) == 1:
        return _power_of_term(p, e)
    p = over_common_denominator(p)
    if len(p) == 1:
        return _power_of_term(p, e)
    if e.denominator == 1 and e > 0:
        return product([p] * int(e)) if len(p) ** int(e) <= 3000 else _raise()
    content, number, primitive = split_content(p, only_positive=e.denominator != 1)
    return times(times(number_power(number, e), _mono_power(content, e)), factor(("pow", key(primitive)), e))


def over_common_denominator(p: Poly) -> Poly:
    """The sum with each denominator of several terms brought in front: 1 - E/(1 + E) is 1/(1 + E)."""
    for base in sorted({f for m in p for f, e in m if f[0] == "pow" and e < 0 and e.denominator == 1}, key=order):
        p = over(p, base)
    return p


def over(p: Poly, base: Factor) -> Poly:
    """The sum over one denominator, a power of `base`."""
    lowest = min(dict(m).get(base, Fraction(0)) for m in p)
    numerator: list[Poly] = []
    for m, c in p.items():
        e = dict(m).get(base, Fraction(0)) - lowest
        if e.denominator != 1:
            return p
        rest = {tuple(fe for fe in m if fe[0] != base): c}
        numerator.append(times(rest, product([poly(base[1])] * int(e))))
    return {tuple(sorted((*m, (base, lowest)), key=lambda i: order(i[0]))): c for m, c in plus(*numerator).items()}


def _raise() -> Poly:
    raise TooLarge


def number_power(number: Fraction, e: Fraction) -> Poly:
    """A positive rational to a rational power, split into primes so that equal numbers look equal."""
    if e.denominator == 1:
        return constant(number ** int(e))
    exponents: dict[Factor, Fraction] = {}
    for part, sign in ((number.numerator, 1), (number.denominator, -1)):
        for prime, count in factorint(part).items():
            exponents[("num", int(prime))] = exponents.get(("num", int(prime)), Fraction(0)) + sign * count * e
    whole = {f: Fraction(x.numerator // x.denominator) for f, x in exponents.items()}
    outside = Fraction(1)
    for f, n in whole.items():
        outside *= Fraction(f[1]) ** int(n)
    return scale(from_exponents({f: x - whole[f] for f, x in exponents.items()}), outside)


def _mono_power(mono: Mono, e: Fraction) -> Poly:
    return from_exponents({f: x * e for f, x in mono})


def _power_of_term(p: Poly, e: Fraction) -> Poly:
    (mono, c), *_ = p.items()
    if e.denominator == 1:
        return scale(_mono_power(mono, e), c ** int(e))
    safe = tuple((f, x) for f, x in mono if positive(f) or x.denominator != 1)
    rest = tuple((f, x) for f, x in mono if (f, x) not in safe)
    if c < 0:
        rest_poly: Poly = {rest: Fraction(-1)}
    else:
        rest_poly = {rest: Fraction(1)}
    result = times(number_power(abs(c), e), _mono_power(safe, e))
    return result if rest_poly == constant(1) else times(result, factor(("pow", key(rest_poly)), e))


def with_bare_roots(p: Poly) -> Poly:
    """The same with each root of one factor as a power of that: x^(1/2), where x is not negative, and no root of a sum of one term.

    Not for x^n, which is written exp(n log(x)): its root is no power of x where x is negative.
    """
    return plus(*(scale(product([factor(_under_root(f), e) for f, e in mono]), c) for mono, c in p.items()))


def _under_root(f: Factor) -> Factor:
    """The factor that a root is taken of, or the factor as it is."""
    match f:
        case ("pow", ((((inner, Fraction(numerator=1, denominator=1)),), Fraction(numerator=1, denominator=1)),)) if inner[0] != "exp":
            return inner  # type: ignore[no-any-return]
    return f


def split_content(p: Poly, only_positive: bool = False) -> tuple[Mono, Fraction, Poly]:
    """A sum as monomial * number * primitive sum: the common powers and the common number taken out."""
    lowest: dict[Factor, Fraction] = {}
    exponents = [dict(m) for m in p]
    for f in sorted(set().union(*exponents), key=order):
        if only_positive and not positive(f):
            continue
        low = min(e.get(f, NONE) for e in exponents)
        if low:
            lowest[f] = low
    content = tuple(sorted(lowest.items(), key=lambda item: order(item[0])))
    inverse = tuple((f, -x) for f, x in content)
    bare = times(p, {inverse: Fraction(1)}) if content else p
    if not (only_positive and _alike(bare)):
        bare, content = _one_term_plain(bare, content)
    varying = {m: c for m, c in bare.items() if m}
    first = leading(varying)[1] or next((c for _, c in key(varying)), Fraction(1))
    number = abs(first) if only_positive else first
    return content, number, scale(bare, 1 / number)


def _one_term_plain(p: Poly, content: Mono) -> tuple[Poly, Mono]:
    """Exponentials that every term holds, each its own, taken out after the first: e^a + e^b is e^a (1 + e^(b-a))."""
    if len(p) < 2 or not all(any(f[0] == "exp" for f, _ in m) for m in p):
        return p, content
    earliest = min(key(p), key=lambda term: order(anonymous(term)))[0]
    first = tuple((f, e) for f, e in earliest if f[0] == "exp")
    merged = dict(content)
    for f, e in first:
        merged[f] = merged.get(f, Fraction(0)) + e
    ordered = tuple(sorted(((f, e) for f, e in merged.items() if e), key=lambda item: order(item[0])))
    return times(p, {tuple((f, -e) for f, e in first): Fraction(1)}), ordered


def _alike(p: Poly) -> bool:
    """Whether the first two terms are the same but for the names of indices: which of e^x_i + e^x_j comes first, only those tell.

    A logarithm would have other terms beside it with each of the two in front; a power is one monomial all the same.
    """
    terms = sorted(order(anonymous(term)) for term in p.items())
    return len(terms) > 1 and terms[0] == terms[1]


def exponential(p: Poly) -> Poly:
    """e to a polynomial: a product of e to each monomial, the coefficient becoming the exponent."""
    result = constant(1)
    for mono, c in p.items():
        if len(mono) == 1 and mono[0][0][0] == "call" and mono[0][0][1] == "log" and mono[0][1] == 1:
            result = times(result, power(poly(mono[0][0][2][0]), c))
        else:
            result = times(result, factor(("exp", mono), c))
    return result


def logarithm(p: Poly) -> Poly:
    """The logarithm, with positive factors and exponentials taken out."""
    p = over_common_denominator(p)
    if len(p) == 1:
        (mono, c), *_ = p.items()
        if masks := [fe for fe in mono if fe[0][0] == "ind"]:
            return _masked_logarithm(masks, {tuple(fe for fe in mono if fe not in masks): c})
        primitive: Poly = {tuple((f, x) for f, x in mono if not _has_logarithm(f)): Fraction(1 if c > 0 else -1)}
        content = tuple((f, x) for f, x in mono if _has_logarithm(f))
        number = abs(c)
    else:
        content, number, primitive = split_content(p, only_positive=True)
    result = constant(0)
    for f, x in content:
        result = plus(result, scale(_log_factor(f), x))
    for part, sign in ((number.numerator, 1), (number.denominator, -1)):
        for prime, count in factorint(part).items():
            result = plus(result, scale(factor(("call", "log", (key(constant(int(prime))),))), sign * count))
    base, times_ = _odd_power(primitive)
    return result if primitive == constant(1) else plus(result, scale(factor(("call", "log", (key(base),))), times_))


def _odd_power(p: Poly) -> tuple[Poly, Fraction]:
    """p as a power of one factor with the sign of p, if it is one: the logarithm of 1/s is -log(s), that of 1/s^2 is not -2 log(s)."""
    (mono, c), *others = p.items() or [((), Fraction(0))]
    if others or c != 1 or len(mono) != 1 or mono[0][1].numerator % 2 == 0:
        return p, Fraction(1)
    ((f, e),) = mono
    return factor(f), e


def _masked_logarithm(masks: list[tuple[Factor, Fraction]], p: Poly) -> Poly:
    """The logarithm of what is 0 where a condition does not hold: chosen by the condition, as log(0) elsewhere."""
    holds = product([factor(f) for f, _ in masks])
    return plus(times(holds, minus(logarithm(p), logarithm({}))), logarithm({}))


def _has_logarithm(f: Factor) -> bool:
    return positive(f) or f[0] == "exp"


def _log_factor(f: Factor) -> Poly:
    if f[0] == "exp":
        return {f[1]: Fraction(1)}
    if f[0] == "pow":
        return logarithm(poly(f[1]))
    return factor(("call", "log", (key(constant(f[1]) if f[0] == "num" else factor(f)),)))


def indicator(op: str, p: Poly) -> Poly:
    """1 where p compares so with 0, else 0, in terms of >, >= and == of a polynomial whose first coefficient is positive; of one
    term that is no position != instead of ==, for what a mask leaves out is 0."""
    if op in ("<", "<="):
        return indicator({"<": ">", "<=": ">="}[op], scale(p, -1))
    if op == "!=":
        return minus(constant(1), indicator("==", p))
    if not p or set(p) == {()}:
        value = p.get((), Fraction(0))
        return constant(int(value > 0 if op == ">" else value >= 0 if op == ">=" else value == 0))
    if all(c > 0 and positive_mono(m) for m, c in p.items()):
        return constant(int(op != "=="))
    if op == ">=" and all(c > 0 and _not_negative(m) for m, c in p.items()):
        return constant(1)
    _, _, primitive = split_content(p, only_positive=True)
    way = orientation(primitive)
    if op == "==":
        k = key(scale(primitive, way)) if way else min(key(primitive), key(scale(primitive, -1)), key=order)
        masks = len(k) == 1 and all(f[0] != "iota" for f, _ in k[0][0])
        return minus(constant(1), factor(("ind", "!=", k))) if masks else factor(("ind", op, k))
    if way < 0:
        return minus(constant(1), indicator(">=" if op == ">" else ">", scale(p, -1)))
    return factor(("ind", op, key(primitive)))


def call(fn: str, arguments: tuple[Poly, ...]) -> Poly:
    """A primitive function of polynomials."""
    if fn == "exp":
        return exponential(arguments[0])
    if fn == "log":
        return logarithm(arguments[0])
    if fn == "inf":  # a mask's -inf is the logarithm of 0
        return scale(logarithm({}), -1)
    if fn == "erf":
        inner = times(arguments[0], number_power(Fraction(2), Fraction(1, 2)))
        return plus(scale(call("normal_cdf", (inner,)), 2), constant(-1))
    if fn == "abs" and _is_factor(arguments[0]):
        return times(arguments[0], call("sign", arguments))
    if fn in ODD or fn in EVEN or fn == "normal_cdf":
        return _by_parity(fn, arguments[0])
    return factor(("call", fn, tuple(key(a) for a in arguments)))


def _is_factor(p: Poly) -> bool:
    """Whether it is one tensor or parameter, possibly times a number and positive factors: |c x| is c x sign(c x)."""
    if len(p) != 1:
        return False
    signed = [(f, e) for f, e in next(iter(p)) if not positive(f)]
    return len(signed) == 1 and signed[0][0][0] in ("t", "param") and signed[0][1] == 1


ODD = ("sin", "arctan", "sign")
EVEN = ("cos", "abs")


def _by_parity(fn: str, p: Poly) -> Poly:
    """f(-x) in terms of f(x): odd, even, or 1 - f(x) for the normal distribution."""
    if fn == "sign" and _is_factor(p):
        bare = {tuple(fe for fe in m if not positive(fe[0])): Fraction(1) for m in p}
        return scale(factor(("call", "sign", (key(bare),))), 1 if next(iter(p.values())) > 0 else -1)
    if not p:
        return {"normal_cdf": constant(Fraction(1, 2)), "cos": constant(1)}.get(fn, {})
    way = orientation(p) or (fn in EVEN and (1 if key(p)[0][1] > 0 else -1))
    if way >= 0:
        return factor(("call", fn, (key(p),)))
    mirrored = factor(("call", fn, (key(scale(p, -1)),)))
    if fn == "normal_cdf":
        return minus(constant(1), mirrored)
    return scale(mirrored, -1) if fn in ODD else mirrored

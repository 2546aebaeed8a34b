"""The arithmetic of truncated Taylor series with enclosed coefficients.

A jet of order n at a point t0 holds c[0] ... c[n] with f(t0 + t) = c[0] + c[1] t + ...; over a box, c[k] encloses
f^(k)/k! everywhere in it. A condition is decided on the open box: at its ends a piecewise function may do as it likes.
A constant is a jet of one coefficient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from mpmath import libmp

from derive.oracle.arithmetic import Arithmetic, Truth
from derive.oracle.interval import Interval

Jet = tuple[Any, ...]


def variable(a: Arithmetic, x: Any) -> Jet:
    """The identity at x, a number or an Interval."""
    return (a.number(x), a.number(1))


def jets(a: Arithmetic, order: int) -> Arithmetic:
    """Jets of at most the given order over an arithmetic."""
    series = Series(a, order)
    functions: dict[str, Callable[..., Jet]] = {
        "pi": lambda: (a.functions["pi"](),),
        "exp": series.exp,
        "log": series.log,
        "log1p": lambda x: series.log(series.add(x, (a.number(1),))),
        "sin": lambda x: series.wave(x)[0],
        "cos": lambda x: series.wave(x)[1],
        "arctan": series.arctan,
        "tanh": series.tanh,
        "normal_cdf": lambda x: series.area(x, "normal_cdf", Fraction(1, 2)),
        "erf": lambda x: series.area(x, "erf", Fraction(1)),
        "abs": series.absolute,
        "sign": series.sign,
        "floor": series.unknown,
    }
    return replace(
        a,
        number=lambda v: v if isinstance(v, tuple) else (a.number(v),),
        add=series.add,
        mul=series.mul,
        div=series.div,
        power=series.power,
        functions=functions,
        compare=series.compare,
        hull=series.hull,
        interval=lambda x: a.interval(x[0]),
        unknown=(a.unknown,) * (order + 1),
        undefined=(a.undefined,) * (order + 1),
    )


class Series:
    """The recurrences of the coefficients."""

    def __init__(self, a: Arithmetic, order: int) -> None:
        self.a, self.order = a, order
        self.zero = a.number(0)

    def get(self, x: Jet, k: int) -> Any:
        return x[k] if k < len(x) else self.zero

    def total(self, terms: list[Any]) -> Any:
        result = terms[0] if terms else self.zero
        for t in terms[1:]:
            result = self.a.add(result, t)
        return result

    def add(self, x: Jet, y: Jet) -> Jet:
        if len(x) < len(y):
            x, y = y, x
        return (*(self.a.add(p, q) for p, q in zip(x, y, strict=False)), *x[len(y) :])

    def scaled(self, x: Jet, c: Any) -> Jet:
        return tuple(self.a.mul(c, p) for p in x)

    def mul(self, x: Jet, y: Jet) -> Jet:
        if len(x) == 1 or len(y) == 1:
            return self.scaled(y, x[0]) if len(x) == 1 else self.scaled(x, y[0])
        top = min(self.order, len(x) + len(y) - 2)
        return tuple(
            self.total([self.a.mul(x[j], y[k - j]) for j in range(max(0, k - len(y) + 1), min(k, len(x) - 1) + 1)]) for k in range(top + 1)
        )

    def square(self, x: Jet) -> Jet:
        """The product of a jet with itself, whose first coefficient is no less than 0."""
        return (self.a.power(x[0], self.a.number(2)), *self.mul(x, x)[1:])

    def div(self, x: Jet, y: Jet) -> Jet:
        if len(y) == 1:
            return tuple(self.a.div(p, y[0]) for p in x)
        found: list[Any] = []
        for k in range(self.order + 1):
            known = self.total([self.a.mul(y[j], found[k - j]) for j in range(1, min(k, len(y) - 1) + 1)])
            found.append(self.a.div(self.a.add(self.get(x, k), self.negative(known)), y[0]))
        return tuple(found)

    def negative(self, c: Any) -> Any:
        return self.a.mul(self.a.number(-1), c)

    def over(self, c: Any, k: int) -> Any:
        return self.a.div(c, self.a.number(k))

    def power(self, x: Jet, n: Jet) -> Jet:
        if len(n) > 1:
            return self.exp(self.mul(n, self.log(x)))
        whole = _whole(self.a.interval(n[0]))
        if whole is not None and 0 <= whole <= 16:
            return self._repeated(x, whole)
        if len(x) == 1:
            return (self.a.power(x[0], n[0]),)
        if whole is not None and -16 <= whole < 0:
            return self.div((self.a.number(1),), self._repeated(x, -whole))
        return self._real_power(x, n[0])

    def _repeated(self, x: Jet, n: int) -> Jet:
        if n <= 1:
            return x if n else (self.a.number(1),)
        half = self.square(self._repeated(x, n // 2))
        return self.mul(half, x) if n % 2 else half

    def _real_power(self, x: Jet, n: Any) -> Jet:
        a, found = self.a, [self.a.power(x[0], n)]
        for k in range(1, self.order + 1):
            terms = []
            for j in range(1, min(k, len(x) - 1) + 1):
                factor = a.add(a.mul(n, a.number(j)), a.number(j - k))
                terms.append(a.mul(factor, a.mul(x[j], found[k - j])))
            found.append(self.over(a.div(self.total(terms), x[0]), k))
        return tuple(found)

    def along(self, x: Jet, first: Any, outer: Callable[[list[Any], int], Any]) -> Jet:
        """The jet y with y' = x' * h: `outer(y, k)` is the coefficient k of h, which y up to k determines."""
        if len(x) == 1:
            return (first,)
        found, h = [first], []
        for k in range(1, self.order + 1):
            h.append(outer(found, k - 1))
            terms = [self.a.mul(self.a.mul(self.a.number(j), x[j]), h[k - j]) for j in range(1, min(k, len(x) - 1) + 1)]
            found.append(self.over(self.total(terms), k))
        return tuple(found)

    def exp(self, x: Jet) -> Jet:
        return self.along(x, self.a.functions["exp"](x[0]), lambda y, k: y[k])

    def log(self, x: Jet) -> Jet:
        inverse = self.div((self.a.number(1),), x)
        return self.along(x, self.a.functions["log"](x[0]), lambda y, k: self.get(inverse, k))

    def arctan(self, x: Jet) -> Jet:
        inverse = self.div((self.a.number(1),), self.add((self.a.number(1),), self.square(x)))
        return self.along(x, self.a.functions["arctan"](x[0]), lambda y, k: self.get(inverse, k))

    def tanh(self, x: Jet) -> Jet:
        a, one, two = self.a, self.a.number(1), self.a.number(2)
        first = a.add(one, a.div(a.number(-2), a.add(one, a.functions["exp"](a.mul(two, x[0])))))

        def outer(y: list[Any], k: int) -> Any:
            if not k:
                return a.add(one, self.negative(a.power(y[0], two)))
            return self.negative(self.total([a.mul(y[j], y[k - j]) for j in range(k + 1)]))

        return self.along(x, first, outer)

    def area(self, x: Jet, name: str, half: Fraction) -> Jet:
        """An integral of exp(-half t^2), times a constant."""
        a = self.a
        area = a.mul(a.number(2 if half == Fraction(1, 2) else Fraction(1, 4)), a.functions["pi"]())
        density = self.scaled(self.exp(self.scaled(self.square(x), a.number(-half))), a.power(area, a.number(Fraction(-1, 2))))
        return self.along(x, a.functions[name](x[0]), lambda y, k: self.get(density, k))

    def wave(self, x: Jet) -> tuple[Jet, Jet]:
        a = self.a
        s, c = [a.functions["sin"](x[0])], [a.functions["cos"](x[0])]
        for k in range(1, self.order + 1 if len(x) > 1 else 1):
            steps = [(a.mul(a.number(j), x[j]), k - j) for j in range(1, min(k, len(x) - 1) + 1)]
            s_next = self.over(self.total([a.mul(p, c[i]) for p, i in steps]), k)
            c_next = self.negative(self.over(self.total([a.mul(p, s[i]) for p, i in steps]), k))
            s.append(s_next)
            c.append(c_next)
        return tuple(s), tuple(c)

    def unknown(self, x: Jet) -> Jet:
        return (self.a.functions["floor"](x[0]), *[self.a.unknown] * self.order)

    def sign(self, x: Jet) -> Jet:
        side = self.side(x)
        return (self.a.number(side),) if side is not None else (self.a.functions["sign"](x[0]), *[self.a.unknown] * self.order)

    def absolute(self, x: Jet) -> Jet:
        side = self.side(x)
        if side is None:
            return (self.a.functions["abs"](x[0]), *[self.a.unknown] * self.order)
        return x if side > 0 else self.scaled(x, self.a.number(-1))

    def side(self, x: Jet) -> int | None:
        """The sign of x everywhere in the open box; None where it is not known."""
        value = self.a.interval(x[0])
        if value.low is None:
            return None
        for sign, end in ((1, value.low), (-1, libmp.mpf_neg(value.high))):
            if libmp.mpf_sign(end) > 0 or (libmp.mpf_sign(end) == 0 and len(x) > 1 and self._moves(x[1])):
                return sign
        return 0 if len(x) == 1 and value.low == libmp.fzero == value.high else None

    def _moves(self, c: Any) -> bool:
        rate = self.a.interval(c)
        return rate.low is not None and (libmp.mpf_sign(rate.low) > 0 or libmp.mpf_sign(rate.high) < 0)

    def compare(self, op: str, x: Jet, y: Jet) -> Truth:
        side = self.side(self.add(x, self.scaled(y, self.a.number(-1))))
        return None if side is None else side in {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (1, 0), "==": (0,), "!=": (1, -1)}[op]

    def hull(self, x: Jet, y: Jet) -> Jet:
        return (self.a.hull(x[0], y[0]), *[self.a.unknown] * self.order)


def _whole(n: Interval) -> int | None:
    """The whole number that an interval is exactly; None where it is none."""
    if n.low is None or n.low != n.high or not (n.low[1] or n.low == libmp.fzero):
        return None
    p, q = libmp.to_rational(n.low)
    return int(p) if q == 1 else None

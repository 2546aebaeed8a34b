"""Expressions in LaTeX: indices, primes, fractions, cases, names."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from derive.catalog import find
from derive.entries import entries
from derive.language import Index, Real, equal, exp, idx, log, max, mean, op, size, sqrt, sum, where
from derive.language.errors import NotPrintable
from derive.language.nodes import Expr
from derive.language.operation import Op
from derive.pages.formulas import equations
from derive.pages.latex import decimal, latex
from derive.pages.symbols import Symbols, symbols
from derive.pipeline import readings

ROOT = Path(__file__).parents[2]


def formulas(definition: Op) -> list[str]:
    """`name = body` in LaTeX for every let."""
    found = equations(definition.program.lets, symbols([definition.program]))
    return [" = ".join(side.latex for side in e.sides) for e in found]


@op
def spread(x: Real["N D"]):
    """A spread."""
    mu = mean(x, "N")
    share = (x - mu) / sum(x, "N")
    return share**2


@op
def picked(z: Real["N C"], label: Index["N -> C"]):
    """A label's share."""
    p = exp(z) / sum(exp(z), "C")
    return mean(-log(p).at(C=label), "N")


@op
def bent(x: Real["..."], *, low=0.1, high=1):
    """Three pieces."""
    return where(x < low, 0, where(x > high, 2 * x, x / 3))


@op
def pairs(a: Real["N D"], b: Real["M D"]):
    """Distances."""
    d = sqrt(sum((a - b) ** 2, "D"))
    return max(d, "M") / size("M")


@op
def odd_names(e: Real["E W1"], w_out: Real["W1"], beta1: Real["E"]):
    """Names that need care."""
    return sum(e * w_out, "W1") + beta1 + where(equal(idx("E"), 0), 1, 0)


CASES = [
    (spread, r"\mu_{d} = \frac{1}{N}\sum_{n} x_{n d}"),
    (spread, r"\mathrm{share}_{n d} = \frac{x_{n d} - \mu_{d}}{\sum_{n'} x_{n' d}}"),
    (spread, r"y_{n d} = \mathrm{share}_{n d}^{2}"),
    (picked, r"p_{n c} = \frac{\exp(z_{n c})}{\sum_{c'} \exp(z_{n c'})}"),
    (picked, r"y = \frac{1}{N}\sum_{n} (-\log(p_{n, \mathrm{label}_{n}}))"),
    (
        bent,
        r"y = \begin{cases} 0 & \text{if } x \lt \mathrm{low} \\ 2\,x & \text{if } x \gt \mathrm{high}"
        r" \\ \frac{x}{3} & \text{otherwise} \end{cases}",
    ),
    (pairs, r"d_{n m} = \sqrt{\sum_{i} (a_{n i} - b_{m i})^{2}}"),
    (pairs, r"y_{n} = \frac{1}{M}\,\max_{m} d_{n m}"),
    (
        odd_names,
        r"y_{i} = \sum_{\mathrm{w1}} e_{i, \mathrm{w1}}\,w_{\mathrm{out}, \mathrm{w1}} + \beta_{1, i}"
        r" + \begin{cases} 1 & \text{if } i = 0 \\ 0 & \text{otherwise} \end{cases}",
    ),
]


@pytest.mark.parametrize(("definition", "wanted"), CASES)
def test_formulas(definition: Op, wanted: str) -> None:
    assert wanted in formulas(definition)


def test_an_index_of_a_sum_never_captures() -> None:
    found = readings(find("batch_norm_train"))
    notation = symbols([p for _, p in found.programs])
    assert found.vjp is not None
    assert latex(found.vjp.let("dx").body, notation) == (
        r"\gamma_{d}\,\mathrm{rstd}_{d}\,\left(g_{n d} - \frac{1}{N}\sum_{n'} g_{n' d}"
        r" - \hat{x}_{n d}\,\frac{1}{N}\sum_{n'} g_{n' d}\,\hat{x}_{n' d}\right)"
    )


def test_names_of_changes_and_gradients() -> None:
    notation = Symbols({}, {}, (), frozenset({"x", "xhat", "w1"}))
    # fmt: off
    wanted = {
        "xhat": r"\hat{x}", "dx": r"\mathrm{d}x", "v_xhat": r"\dot{\hat{x}}", "y_dot": r"\dot{y}", "s_in_dot": r"\dot{s}_{\mathrm{in}}",
        "var%0": r"\mathrm{var}_{(0)}", "dw1": r"\mathrm{d}w_{1}", "delta": r"\delta", "dx_": r"\mathrm{d}x_{\ast}", "what": r"\hat{w}",
        "bar of x": r"\bar{x}", "chat_room": r"\hat{c}_{\mathrm{room}}", "dz": r"\mathrm{dz}",
    }
    # fmt: on
    assert {n: notation.name(n) for n in wanted} == wanted


def test_decimals_are_short_and_exact() -> None:
    from fractions import Fraction

    assert decimal(Fraction("0.044715")) == "0.044715"
    assert decimal(Fraction(1, 2)) == decimal(Fraction(1, 3)) == decimal(Fraction(1, 17)) == ""


def test_what_has_no_notation_is_refused() -> None:
    @dataclass(frozen=True, eq=False)
    class Unknown(Expr):
        pass

    with pytest.raises(NotPrintable, match="Unknown has no notation"):
        latex(Unknown(), Symbols({}, {}, ()))


COMMANDS = """
alpha arctan arg ast bar begin beta cos delta dot ell end epsilon eta exp frac gamma ge gt hat iff infty kappa lambda le left lfloor log
lt lvert mathbb mathrm max min mu ne operatorname Phi pi psi quad rfloor rho right rvert sigma sin sqrt sum tau text theta varphi
"""


@pytest.mark.parametrize("name", [e.name for e in entries()])
def test_pages_hold_formulas_that_github_renders(name: str) -> None:
    text = (ROOT / "docs" / "derivations" / f"{name}.md").read_text()
    display = re.findall(r"```math\n(.*?)\n```", text, re.DOTALL)
    rest = re.sub(r"`[^`\n]*`", "", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    inline = re.findall(r"(?<!\\)\$([^$\n]+)\$", rest)
    assert display
    for formula in [*display, *inline]:
        assert set(re.findall(r"\\([a-zA-Z]+)", formula)) <= set(COMMANDS.split()), formula
        assert formula.replace(r"\{", "").count("{") == formula.replace(r"\}", "").count("}"), formula
        assert formula.count(r"\left") - formula.count(r"\leftarrow") == formula.count(r"\right")
        assert formula.count(r"\begin") == formula.count(r"\end")
    for formula in inline:
        assert not re.search(r"\\[^a-zA-Z]|[*<>|]", formula), f"Markdown would eat a sign of ${formula}$"
